#!/bin/sh
# stanch hook, version 1: `stanch hook remove` takes it out; a hook that was here before runs too, as NAME.stanch-chained.
stanch=$(command -v stanch) || stanch=@STANCH@
[ -x "$stanch" ] && exec "$stanch" hook run @FLAGS@"$0" "$@"
echo "error: stanch is neither on the PATH nor at '$stanch', so nothing was looked at, and this stops here" >&2
echo "hint: install stanch, or take out $0; once, git's --no-verify goes without hooks" >&2
exit 1
