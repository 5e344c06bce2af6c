#!/usr/bin/env bash
# Measures stanch against its peers on the same corpora. benches/README.md says what is measured and how.
#
#     benches/run.sh [tree|log|filter|start|hook|hostile|archives|sweep|history|before|micro|build|all|corpora] [--quick] [--rounds N]
#
# Environment: STANCH = the binary (default target/release/stanch), TOKENS = tokens.tsv for the sweep and the anchors,
# HISTORIES = bare repositories beside the made one whose history is scanned, as NAME=PATH:NAME=PATH; they are copied;
# BEFORE = the binary of an earlier commit, for the section of that name, which is left out without it.
set -euo pipefail

benches="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$benches/.work"
corpus="$benches/corpus"
tokens="${TOKENS:-$benches/../../shared/facts/tokens.tsv}"
sections=(tree log filter start hook hostile archives sweep history before)
# Of the library and of cargo: no corpora, no peers.
own=(micro build)

usage() {
    sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit "$1"
}

say() { printf '%s\n' "$*" >&2; }

# Runs a build step unless its result is there: `once RESULT COMMAND...`. Delete .work/RESULT to build it again.
once() {
    local result="$1"
    shift
    [[ -e "$result" ]] && return 0
    say "building $result"
    "$@"
}

# The programs are small; one older than its source is built again.
programs() {
    mkdir -p bin
    [[ bin/walk -nt "$benches/walk.c" ]] || cc -O2 -o bin/walk "$benches/walk.c"
    [[ bin/walk-rs -nt "$benches/walk.rs" ]] || rustc -O --edition 2024 -o bin/walk-rs "$benches/walk.rs"
    [[ bin/spawn -nt "$corpus/spawn.c" ]] || cc -O2 -o bin/spawn "$corpus/spawn.c"
    [[ bin/lines -nt "$corpus/lines.c" ]] || cc -O2 -o bin/lines "$corpus/lines.c"
}

peers() {
    python3 -m venv venv
    venv/bin/pip install --quiet --disable-pip-version-check -r "$corpus/peers.txt"
}

# A corpus counts as built when its step has ended well, so half a corpus is never measured.
finished() {
    local name="$1"
    shift
    "$@"
    mkdir -p done
    touch "done/$name"
}

build_tree() { once done/tree finished tree python3 "$corpus/tree.py" .; }
build_log() { once done/log finished log python3 "$corpus/log.py" bin/lines log/access.log; }

build_filter() { build_log; }

build_start() {
    mkdir -p start/empty start/one
    bin/lines 1 1000 > start/one/a.txt
}

build_hook() { mkdir -p home; }

build_before() {
    # A copy: where it was built is of no interest.
    cp "$BEFORE" bin/stanch-before
    build_tree
    build_log
}

build_hostile() {
    local table=()
    [[ -r "$tokens" ]] && table=(--tokens "$tokens")
    once done/hostile finished hostile python3 "$corpus/hostile.py" bin/lines hostile "${table[@]}"
}

build_archives() {
    build_tree
    once done/archives finished archives python3 "$corpus/archives.py" tree archives
    once done/notebooks finished notebooks python3 "$corpus/notebooks.py" tree notebooks
}

build_sweep() {
    build_tree
    build_log
    once done/sizes finished sizes python3 "$corpus/sweep.py" sizes tree sizes
    if [[ -r "$tokens" ]]; then
        # Every time: it is quick, and depends on what the binary takes.
        local check=()
        [[ ! -x "$STANCH" ]] || check=(--stanch "$STANCH")
        python3 "$corpus/sweep.py" rules "$tokens" rules "${check[@]}" >&2
    else
        say "no tokens.tsv (set TOKENS): the sweep over rules is left out"
    fi
}

build_history() {
    mkdir -p histories start/empty
    once histories/made finished history-made python3 "$corpus/history.py" histories/made
    local pair
    local named="${HISTORIES:-}"
    for pair in ${named//:/ }; do
        # A copy: kingfisher follows no link.
        [[ -d "histories/${pair%%=*}" ]] || cp -r "${pair#*=}" "histories/${pair%%=*}"
    done
}

measure() {
    local section="$1"
    "build_$section"
    say "measuring $section"
    if [[ "$section" == filter ]]; then
        python3 "$corpus/filter.py" "$STANCH" log/access.log "$benches/runs/$(date +%F)"
        return
    fi
    python3 "$corpus/sections.py" "$section" "$benches/runs/$(date +%F)" "${options[@]}"
    [[ "$section" != log ]] || check_log
    [[ "$section" != tree ]] || cp tree.manifest.json "$benches/runs/$(date +%F)/tree.manifest.json"
}

# The proof that all planted secrets are found, by their values; the report that holds them is deleted at once.
check_log() {
    local report=reports/planted.jsonl
    [[ -x "$STANCH" ]] || return 0
    "$STANCH" scan log/access.log --format jsonl --show-secrets -o "$report" > /dev/null 2>&1 || true
    local missing=0
    python3 "$corpus/check_log.py" log/access.log "$report" --missing | tee "$benches/runs/$(date +%F)/log-planted.txt" || missing=1
    rm -f "$report"
    ((missing == 0)) || say "not all planted secrets were found"
    return "$missing"
}

main() {
    local wanted=all
    options=()
    while (($# > 0)); do
        case "$1" in
            --quick) options+=(--quick --rounds 1) ;;
            --rounds) options+=(--rounds "${2:?--rounds needs a number}") && shift ;;
            -h | --help) usage 0 ;;
            -*) usage 2 >&2 ;;
            *) wanted="$1" ;;
        esac
        shift
    done
    [[ "$wanted" == all || "$wanted" == corpora || " ${sections[*]} ${own[*]} " == *" $wanted "* ]] || usage 2 >&2
    mkdir -p "$work"
    # Commands run in the work folder and stand in the results: a relative path says nothing about the machine.
    STANCH="$(realpath -m --relative-to="$work" "${STANCH:-$benches/../target/release/stanch}")"
    BEFORE="${BEFORE:+$(realpath -m --relative-to="$work" "$BEFORE")}"
    export STANCH BEFORE PYTHONPYCACHEPREFIX="$work/pycache"
    tokens="$(realpath -m "$tokens")"
    cd "$work"
    programs
    once venv peers
    for section in "${own[@]}"; do
        case "$wanted" in
            all | "$section") python3 "$corpus/micro.py" "$section" "$benches/.." "$benches/runs/$(date +%F)" ;;
        esac
    done
    for section in "${sections[@]}"; do
        case "$wanted" in
            corpora) "build_$section" ;;
            all | "$section") [[ "$section" == before && -z "$BEFORE" ]] || measure "$section" ;;
        esac
    done
}

main "$@"
