# A commit that was amended: only the reflog knows it.
. "$(dirname "$0")/begin"
echo "$TOKEN" > amended
git add amended
git commit -q -m amended
echo clean > amended
git commit -q -a --amend -m amended
