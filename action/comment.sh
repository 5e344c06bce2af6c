#!/usr/bin/env bash
# Keeps one comment on the pull request: edits the one that is there, or makes one if there is something to tell. That the token may
# not write is told, and no failure: pull requests from forks have such a token.
set -euo pipefail
scratch=$(mktemp -d "${RUNNER_TEMP:-/tmp}/stanch.XXXXXX")
mark="<!-- $CATEGORY -->"
comments=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments

leave() {
  printf 'stanch left no comment: %s\n' "$1"
  exit 0
}

# METHOD URL [FILE]: asks the API; the answer is in $scratch/answer. The token is not on the command line, where others may see it.
ask() {
  local method=$1 url=$2 body=(${3:+--data-binary "@$3"}) status
  status=$(curl --silent --show-error --max-time 60 --request "$method" --output "$scratch/answer" --write-out '%{http_code}' \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN") \
    --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' "${body[@]}" -- "$url") ||
    leave 'the API of GitHub does not answer'
  case $status in
    2??) ;;
    401 | 403 | 404) leave "the token may not do that ($status); the job needs the permission pull-requests: write, which forks do not get" ;;
    *) leave "the API of GitHub answers $status" ;;
  esac
}

command -v jq >/dev/null || leave 'there is no jq here'
[ -s "$BODY" ] || leave 'there was no scan to tell of'
jq -Rs '{body: .}' <"$BODY" >"$scratch/body"

# Ours is one that begins with the mark and was written by an app: anybody may write the mark.
id=
for ((page = 1; page <= 100; page++)); do
  ask GET "$comments?per_page=100&page=$page"
  id=$(jq -r --arg mark "$mark" '[.[] | select(.user.type == "Bot" and (.body // "" | startswith($mark))) | .id][0] // empty' "$scratch/answer")
  count=$(jq length "$scratch/answer")
  if [ -n "$id" ] || [ "$count" -lt 100 ]; then break; fi
done

if [[ $id =~ ^[0-9]+$ ]]; then
  ask PATCH "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/comments/$id" "$scratch/body"
  echo 'stanch edited its comment'
elif [ "$NEW_FINDINGS" = 0 ] && [ "$COMPLETE" = true ]; then
  echo 'stanch has nothing to comment on'
else
  ask POST "$comments" "$scratch/body"
  echo 'stanch left a comment'
fi
