# The message of a commit.
. "$(dirname "$0")/begin"
git commit -q --allow-empty -m 'Deploy' -m "with $TOKEN"
git commit -q --allow-empty -m 'Go on'
