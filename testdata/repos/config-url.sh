# A remote with a token in its URL.
. "$(dirname "$0")/begin"
git remote add origin "https://x-access-token:$TOKEN@git.example.invalid/a.git"
