# A merge that brings in what neither side had; the next commit takes it out again.
. "$(dirname "$0")/begin"
git checkout -q -b side
echo side > side
git add side
git commit -q -m side
git checkout -q main
echo main > main
git add main
git commit -q -m main
git merge -q --no-commit --no-ff side
echo "$TOKEN" > evil
git add evil
git commit -q -m merge
echo gone > evil
git commit -q -a -m gone
