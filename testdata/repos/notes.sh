# A note to a commit.
. "$(dirname "$0")/begin"
git notes add -m "deployed with $TOKEN"
