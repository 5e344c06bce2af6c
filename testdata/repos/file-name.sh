# The name of a file, taken out again.
. "$(dirname "$0")/begin"
mkdir conf
echo empty > "conf/$TOKEN"
git add conf
git commit -q -m add
git rm -q -r conf
git commit -q -m remove
