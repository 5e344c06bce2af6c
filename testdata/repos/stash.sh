# Work put aside.
. "$(dirname "$0")/begin"
echo "$TOKEN" > README
git stash -q
