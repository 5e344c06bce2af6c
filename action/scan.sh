#!/usr/bin/env bash
# Turns the inputs of the action into a command line of `stanch ci`. It ends with 0 unless an input is wrong: what comes behind tells of
# the findings first, and the last step fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

scratch=$(mktemp -d "${RUNNER_TEMP:-/tmp}/stanch.XXXXXX")
args=(ci --platform=github --quiet --no-color)
args+=("--format=$FORMAT" "--fail-on=$FAIL_ON" "--category=$CATEGORY")
if [ -n "$BASE" ]; then args+=("--base=$BASE"); fi
if [ -n "$HEAD" ]; then args+=("--head=$HEAD"); fi
if [ -n "$CONFIG" ]; then args+=("--config=$CONFIG"); fi
if [ -n "$BASELINE" ]; then args+=("--baseline=$BASELINE"); fi
if ! is_true redact "$REDACT"; then args+=(--show-secrets); fi
if ! is_true annotations "$ANNOTATIONS"; then args+=(--no-annotations); fi
if ! is_true summary "$SUMMARY"; then args+=(--no-summary); fi
if is_true upload-sarif "$UPLOAD_SARIF" && [ -z "$SARIF_FILE" ]; then SARIF_FILE=$scratch/stanch.sarif; fi
if [ -n "$SARIF_FILE" ]; then args+=("--tree-sarif=$SARIF_FILE"); fi
if is_true comment "$COMMENT"; then
  args+=("--comment=$scratch/comment.md")
  printf 'comment=%s\n' "$scratch/comment.md" >>"$GITHUB_OUTPUT"
fi
# Words with quotes as in a shell, of which nothing is expanded.
xargs -r printf '%s\0' <<<"$EXTRA_ARGS" >"$scratch/extra" 2>/dev/null || fail 'a quote in the input extra-args is not closed' 'close it'
if [ -n "$EXTRA_ARGS" ]; then mapfile -d '' -t -O "${#args[@]}" args <"$scratch/extra"; fi

# What is not said again below did not come to an end.
printf 'complete=false\n' >>"$GITHUB_OUTPUT"
code=0
"$STANCH" "${args[@]}" -- "$SCAN_PATH" || code=$?
printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
