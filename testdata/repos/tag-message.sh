# The message of an annotated tag.
. "$(dirname "$0")/begin"
git tag -a v1 -m "release with $TOKEN"
