#!/usr/bin/env bash
# Makes what people install, from a binary that is built already or, with --static, from a static one that is built first: an archive, a
# wheel, npm packages, a Debian package, an SBOM, and their checksums. Nothing is fetched. The same binary and the same SOURCE_DATE_EPOCH
# (else the time of the last commit) give the same bytes. Start at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
target=x86_64-unknown-linux-gnu # as action/install.sh names it
export LC_ALL=C TZ=UTC
umask 022

fail() {
  printf 'dist.sh: %s\n' "$1" >&2
  exit 2
}

usage() {
  cat <<'END'
usage: .dist/dist.sh [--static | --binary FILE] [--out DIR] [PART...]
       .dist/dist.sh --check-static FILE

PART is archive, deb, npm, sbom or wheel; all of them without any. --static builds a static binary first.
--out is dist without it. --check-static says whether a program needs nothing of the system it runs on.
END
}

# No loader and no shared library.
is_static() {
  local headers dynamic
  headers=$(readelf --wide --program-headers "$1") || fail "$1 is no program"
  dynamic=$(readelf --wide --dynamic "$1")
  [[ $headers != *INTERP* && $dynamic != *'(NEEDED)'* ]]
}

# Only the last step differs from a usual build: what is linked, and how.
build_static() {
  local build=(cargo rustc --manifest-path "$root/Cargo.toml" --release --locked --bin stanch --message-format json-render-diagnostics)
  binary=$("${build[@]}" -- -C target-feature=+crt-static | jq -r 'select(.executable) | .executable')
  is_static "$binary" || fail "$binary is not static"
}

# The program without symbols, its manual pages and completions.
prepare() {
  [[ $(readelf --file-header "$binary") == *'Advanced Micro Devices X86-64'* ]] || fail "$binary is not for x86-64, and nothing else is packaged"
  local said wanted
  said=$("$binary" -V) || fail "$binary does not run"
  version=${said#stanch }
  wanted=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
  [ "$version" = "$wanted" ] || fail "$binary is version $version, and Cargo.toml says $wanted"
  strip --strip-all -o "$work/stanch" "$binary"
  chmod 755 "$work/stanch"
  "$work/stanch" man --out "$work/man"
  mkdir "$work/completions"
  "$work/stanch" completions bash >"$work/completions/stanch.bash"
  "$work/stanch" completions elvish >"$work/completions/stanch.elv"
  "$work/stanch" completions fish >"$work/completions/stanch.fish"
  "$work/stanch" completions powershell >"$work/completions/_stanch.ps1"
  "$work/stanch" completions zsh >"$work/completions/_stanch"
}

# Newest version of glibc that the program asks for.
glibc() {
  readelf --wide --version-info "$work/stanch" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -Vu | tail -n 1
}

make_archive() {
  local name=stanch-$version-$target
  mkdir "$work/$name"
  cp -R "$work/stanch" "$work/man" "$work/completions" "$root/README.md" "$root/CHANGELOG.md" "$root"/LICENSE-* "$work/$name"
  tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$SOURCE_DATE_EPOCH" -C "$work" -cf - "$name" |
    gzip -9n >"$out/$name.tar.gz"
}

make_wheel() {
  local platform=manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64 glibc
  if ! is_static "$work/stanch"; then
    glibc=$(glibc)
    platform=manylinux_${glibc/./_}_x86_64
  fi
  python3 -B "$here/wheel.py" "$work/stanch" "$root" "$platform" "$out"
}

make_npm() {
  local libc='"libc": ["glibc"],' package
  if is_static "$work/stanch"; then libc=; fi
  mkdir -p "$work/npm/stanch/bin" "$work/npm/linux-x64/bin"
  cp "$here/npm/stanch.js" "$work/npm/stanch/bin/stanch.js"
  cp "$work/stanch" "$work/npm/linux-x64/bin/stanch"
  cp "$root/README.md" "$work/npm/stanch"
  chmod 755 "$work/npm/stanch/bin/stanch.js"
  sed "s/@VERSION@/$version/" "$here/npm/package.json" >"$work/npm/stanch/package.json"
  sed "s/@VERSION@/$version/; s/@LIBC@/$libc/" "$here/npm/linux-x64.json" >"$work/npm/linux-x64/package.json"
  for package in stanch linux-x64; do
    cp "$root"/LICENSE-* "$work/npm/$package"
    (cd "$work/npm/$package" && npm pack --silent --ignore-scripts --offline --pack-destination "$out" >/dev/null)
  done
}

make_deb() {
  local tree=$work/deb depends= name=stanch_$version-1_amd64 page
  if ! is_static "$work/stanch"; then depends="Depends: libc6 (>= $(glibc)), libgcc-s1"$'\n'; fi
  local usr=$tree/usr share=$tree/usr/share
  mkdir -p "$tree/DEBIAN" "$usr/bin" "$share/man/man1" "$share/doc/stanch" "$share/bash-completion/completions" \
    "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
  cp "$work/stanch" "$usr/bin/stanch"
  for page in "$work"/man/*.1; do gzip -9nc "$page" >"$share/man/man1/$(basename "$page").gz"; done
  cp "$work/completions/stanch.bash" "$share/bash-completion/completions/stanch"
  cp "$work/completions/_stanch" "$share/zsh/vendor-completions/_stanch"
  cp "$work/completions/stanch.fish" "$share/fish/vendor_completions.d/stanch.fish"
  gzip -9nc "$root/CHANGELOG.md" >"$share/doc/stanch/changelog.gz"
  printf 'stanch (%s-1) unstable; urgency=medium\n\n  * New version; changelog.gz says what changed.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(date -Rd "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$share/doc/stanch/changelog.Debian.gz"
  copyright >"$share/doc/stanch/copyright"
  if is_static "$work/stanch"; then
    mkdir -p "$share/lintian/overrides"
    printf '# It runs on every release, and in containers without a C library.\nstanch: statically-linked-binary [usr/bin/stanch]\n' >"$share/lintian/overrides/stanch"
  fi
  control "$(du -k --apparent-size -s "$usr" | cut -f 1)" >"$tree/DEBIAN/control"
  (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
  chmod -R u=rwX,go=rX "$tree"
  find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$tree" "$out/$name.deb" >/dev/null
}

control() {
  cat <<END
Package: stanch
Version: $version-1
Architecture: amd64
Maintainer: $maintainer
Installed-Size: $1
${depends}Recommends: git
Section: utils
Priority: optional
Description: find leaked secrets in files, git history, archives and streams
 Looks for credentials in files, notebooks, archives, the whole history of a
 git repository and streams, and says what it could not look at. It reaches
 no network, and values are never shown unless that is asked for.
END
}

copyright() {
  cat <<'END'
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: stanch

Files: *
Copyright: 2026 The stanch authors
License: Apache-2.0 or Expat

License: Apache-2.0
 On Debian systems the text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.

License: Expat
END
  sed -n '/^Permission is hereby/,$p' "$root/LICENSE-MIT" | sed 's/^$/./; s/^/ /'
}

make_sbom() {
  python3 -B "$here/sbom.py" "$root" "$work/stanch" "$target" "$out/stanch-$version-$target.cdx.json"
}

binary='' out=$PWD/dist parts=() static=no
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage && exit ;;
    --check-static) if is_static "${2:?a program}"; then echo static; exit 0; else echo dynamic; exit 1; fi ;;
    --static) static=yes ;;
    --binary) binary=$(realpath -e "${2:?a file}") && shift ;;
    --out) out=$(realpath -m "${2:?a folder}") && shift ;;
    archive | deb | npm | sbom | wheel) parts+=("$1") ;;
    *) usage >&2 && fail "what is $1?" ;;
  esac
  shift
done
if [ ${#parts[@]} -eq 0 ]; then parts=(archive deb npm sbom wheel); fi
if [ $static = yes ]; then
  [ -z "$binary" ] || fail '--static builds the binary, --binary names one'
  build_static
fi
[ -n "$binary" ] || fail 'name the binary with --binary, or build one with --static'
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
maintainer=${DEBFULLNAME:-The stanch authors} && maintainer="$maintainer <${DEBEMAIL:-stanch@localhost.localdomain}>"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
prepare
for part in "${parts[@]}"; do "make_$part"; done
shopt -s nullglob
cd "$out"
sha256sum -- stanch*.tar.gz stanch*.deb stanch*.tgz stanch*.cdx.json stanch*.whl >"$work/checksums.txt"
mv "$work/checksums.txt" checksums.txt
cat checksums.txt
