# A repository of another user, where this one may give files away: git calls its ownership dubious.
. "$(dirname "$0")/begin"
echo "$TOKEN" > gone
git add gone
git commit -q -m add
git rm -q gone
git commit -q -m remove
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$PWD"; fi
