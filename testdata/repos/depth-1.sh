# A clone of one commit, in the folder `clone`: what was taken out before is not there.
. "$(dirname "$0")/begin"
echo "$TOKEN" > gone
git add gone
git commit -q -m add
git rm -q gone
git commit -q -m remove
git clone -q --depth 1 "file://$PWD" clone
