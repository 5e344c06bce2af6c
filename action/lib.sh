# What the scripts of the action share. Its callers run with `set -euo pipefail`.

# An error as an annotation, with a hint; ends the script. Both may hold foreign text.
fail() {
  local text=$1
  text=${text//%/%25}
  text=${text//$'\r'/%0D}
  text=${text//$'\n'/%0A}
  printf '::error title=stanch::%s\n' "$text"
  printf 'hint: %s\n' "$2"
  exit 2
}

# Is an input true? Anything but `true` and `false` ends the script.
is_true() {
  case $2 in
    true) return 0 ;;
    false) return 1 ;;
    *) fail "the input $1 is neither true nor false" "write $1: true or $1: false" ;;
  esac
}
