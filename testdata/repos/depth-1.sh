# A clone of one commit, in the folder `clone`: what was taken out before is not there.
. "$(dirname "$0")/begin"
. "$(dirname "$0")/removed"
git clone -q --depth 1 "file://$PWD" clone
