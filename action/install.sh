#!/usr/bin/env bash
# Puts stanch on the PATH of the job: a release whose SHA-256 is known, or built from the source beside this action. An archive with
# another checksum, or with none, is not even unpacked.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

checksums=${CHECKSUMS:-$here/checksums.txt}
folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/stanch.XXXXXX")

target() {
  local name
  name=$(uname -sm)
  case $name in
    'Linux x86_64') echo x86_64-unknown-linux-gnu ;;
    *) fail "there is no release of stanch for $name" "build it: version: source" ;;
  esac
}

# The newest release in the file of checksums.
newest() {
  sed -nE 's/^[0-9a-f]{64} [ *]stanch-([0-9][0-9A-Za-z.+-]*)-x86_64-unknown-linux-gnu\.tar\.gz$/\1/p' "$checksums" | tail -n 1
}

build() {
  command -v cargo >/dev/null || fail 'stanch is built from source here, and there is no cargo' 'install Rust, or choose a release: version'
  cargo install --quiet --locked --path "$here/.." --root "$folder"
}

download() {
  local version=$1 name line url
  name=stanch-$version-$(target).tar.gz
  # Exactly one line, or there is nothing to trust.
  line=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$checksums")
  [[ $line =~ ^[0-9a-f]{64}$ ]] || fail "$checksums has no checksum for $name" 'choose a release that it names, or version: source'
  url=${DOWNLOAD_URL:-}
  if [ -z "$url" ]; then
    [ -n "${ACTION_REPOSITORY:-}" ] || fail 'it is not known where the releases of this action are' 'name the archive: download-url, or version: source'
    url=$GITHUB_SERVER_URL/$ACTION_REPOSITORY/releases/download/v$version/$name
  fi
  curl --fail --silent --show-error --location --proto '=http,https' --retry 3 --connect-timeout 20 --max-time 300 --output "$folder/archive" -- "$url" ||
    fail "cannot download $name" 'the lines above say why'
  printf '%s  %s\n' "$line" "$folder/archive" | sha256sum --check --status ||
    fail "$name is not the file that was released: its SHA-256 is another" 'do not use it, and report this'
  mkdir "$folder/bin"
  tar -xzf "$folder/archive" -C "$folder/bin" --wildcards --strip-components=1 --no-same-owner '*/stanch' ||
    fail "$name holds no stanch" 'report this'
}

[ -r "$checksums" ] || fail "cannot read the file of checksums" 'the input checksums names a file in the repository'
version=${VERSION:-$(newest)}
version=${version#v}
case ${version:-source} in
  source) build ;;
  *[!0-9A-Za-z.+-]* | [!0-9]*) fail 'the input version is no version' 'write version: 1.2.3, or version: source' ;;
  *) download "$version" ;;
esac
"$folder/bin/stanch" --version
printf '%s\n' "$folder/bin" >>"$GITHUB_PATH"
printf 'binary=%s\n' "$folder/bin/stanch" >>"$GITHUB_OUTPUT"
