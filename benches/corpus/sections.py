#!/usr/bin/env python3
"""What each section of the bench runs. Called by run.sh, which has built the corpora before."""

import argparse
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import measure
import tools
from measure import Group

ARCHIVES = ["tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "zip", "7z"]
UNPACK = {"tar": ["cat"], "tar.gz": ["gzip", "-dc"], "tar.bz2": ["bzip2", "-dc"], "tar.xz": ["xz", "-dc"],
          "tar.zst": ["zstd", "-qdc"], "zip": ["unzip", "-qp"]}


# Small files, where starting and opening count, and large ones, which are split.
GRID_SIZES = ["1000", "100000", "100000000"]


def size_of(path):
    return sum(p.stat().st_size for p in Path(path).rglob("*") if p.is_file()) if os.path.isdir(path) \
        else os.path.getsize(path)


def peers(quick):
    """The scanners to compare with; gitleaks takes as long as all others together."""
    fast = [tools.kingfisher_turbo, tools.kingfisher, tools.betterleaks]
    return fast[:1] + fast[2:] if quick else [*fast, tools.gitleaks]


def tree(quick):
    manifest = json.loads(Path("tree.manifest.json").read_text())
    runs = [tools.floor("walk.c", "bin/walk", "tree"), tools.floor("walk.rs", "bin/walk-rs", "tree"),
            tools.stanch("tree"), *[make("tree") for make in peers(quick)]]
    notes = [f"{manifest['files']} files, content sha256 {manifest['content_sha256']}"]
    return [Group("source tree", runs, manifest["bytes"], notes=notes)]


def log(quick):
    path = "log/access.log"
    facts = json.loads(Path(path + ".planted.json").read_text())
    planted = frozenset(plant["line"] for plant in facts["planted"])
    scanners = [tools.stanch, *peers(quick)]
    notes = [f"{facts['lines']} lines, {facts['runs_per_mb']} runs of 16 or more token characters per MB"]
    from_file = [tools.floor("cat", "cat", path), *[make(path) for make in scanners]]
    piped = [tools.floor("cat, from a pipe", "cat", stdin=path), *[make("-", stdin=path) for make in scanners]]
    return [Group("log file", from_file, facts["bytes"], planted, notes=notes),
            Group("log from a pipe", piped, facts["bytes"], planted, notes=[])]


def start(quick):
    rounds = 10 if quick else 30
    scanners = [tools.stanch, tools.kingfisher_turbo, tools.betterleaks, tools.gitleaks]
    floor = tools.floor("true", "true")
    # Kingfisher compiles its rules on the first run and keeps them in a cache; both figures are of interest.
    uncached = tools.kingfisher("start/empty", "--turbo", "--no-rule-cache", name="kingfisher --turbo --no-rule-cache")
    return [Group("start on an empty folder", [floor, *[make("start/empty") for make in scanners]], rounds=rounds),
            Group("one file of 1 kB", [floor, *[make("start/one") for make in scanners]], rounds=rounds),
            Group("start without a rule cache", [floor, uncached], rounds=1)]


def hook(_quick):
    """One changed line in a repository of 1,000 files: the hook alone, and the whole commit with and without it."""
    path = Path("hook")
    git = "git -c user.name=T -c user.email=t@example.invalid -c maintenance.auto=false"
    env = {**measure.environment(), "GIT_CONFIG_NOSYSTEM": "1"}
    if not path.is_dir():
        for folder in range(50):
            (path / f"d{folder}").mkdir(parents=True)
            for file in range(20):
                (path / f"d{folder}" / f"f{file}.py").write_text(f"line = {folder}, {file}\n" * 20)
        made = f"cd hook && {git} init -q && {git} add -A && {git} commit -q --no-verify -m all && {git} gc -q"
        subprocess.run(f"{made} && echo 'third = 3' >> d7/f7.py && {git} add -A", shell=True, env=env, check=True)
    subprocess.run((os.environ["STANCH"], "hook", "install", "--repo", "hook"), env=env, check=True)

    def commit(flags):
        # What was committed is staged again, so that each round does the same.
        return ("sh", "-c", f"cd hook && {git} commit -q {flags} -m more && {git} reset -q --soft HEAD~1")

    runs = [tools.floor("git commit --no-verify, and back", *commit("--no-verify")),
            tools.Run("stanch, git commit with the hook, and back", commit("")),
            tools.Run("stanch, the hook alone", ("sh", "-c", "cd hook && exec .git/hooks/pre-commit"))]
    return [Group("hook: one changed line in a repository of 1,000 files", runs, rounds=20)]


def hostile(quick):
    groups = []
    for path in sorted(Path("hostile").glob("*.txt")):
        runs = [tools.stanch(str(path)), tools.kingfisher_turbo(str(path), seconds=120),
                tools.betterleaks(str(path), seconds=120)]
        floor = tools.floor("cat", "cat", str(path))
        groups.append(Group(f"hostile: {path.stem}", [floor, *runs[: 1 if quick else None]], path.stat().st_size))
    return groups


def archives(quick):
    groups = []
    for suffix in ARCHIVES:
        path = f"archives/part.{suffix}"
        if not os.path.exists(path):
            continue
        plain = size_of("archives/part.tar")
        runs = [tools.floor(" ".join(UNPACK[suffix]), *UNPACK[suffix], path)] if suffix in UNPACK else []
        runs += [tools.stanch(path)] if quick else [tools.stanch(path), tools.kingfisher_turbo(path, seconds=300),
                                                    tools.betterleaks(path, seconds=300)]
        groups.append(Group(f"archive: {suffix}", runs, plain, notes=["bytes are those of the plain tar"]))
    books = [tools.floor("walk.c", "bin/walk", "notebooks"), tools.stanch("notebooks")]
    books += [] if quick else [tools.kingfisher_turbo("notebooks"), tools.betterleaks("notebooks")]
    return [*groups, Group("notebooks", books, size_of("notebooks"))]


def sweep(_quick):
    """stanch alone: against the number of rules, against processors, against file size, and all three together."""
    rules = sorted(Path("rules").glob("*.toml"), key=lambda path: int(path.stem.split("-")[-1]))
    groups = []
    for target in ("tree", "log/access.log"):
        runs = [tools.stanch(target, "--rules", str(path), "--only", "sweep-*", name=f"stanch, {path.stem}") for path in rules]
        groups.append(Group(f"number of rules, {target}", runs, size_of(target)))
        runs = [tools.stanch(target, cpus=cpus, name=f"stanch, {cpus} processor(s)") for cpus in (1, 2)]
        groups.append(Group(f"processors, {target}", runs, size_of(target)))
    for folder in sorted(Path("sizes").iterdir(), key=lambda path: int(path.name)):
        runs = [tools.floor("walk.c", "bin/walk", str(folder)), tools.stanch(str(folder))]
        groups.append(Group(f"files of {folder.name} bytes", runs, size_of(folder)))
    for folder in (Path("sizes") / size for size in GRID_SIZES):
        runs = [tools.stanch(str(folder), "--rules", str(path), "--only", "sweep-*", cpus=cpus, name=f"{path.stem}, {cpus} processor(s)")
                for path in rules for cpus in (1, 2)] if folder.is_dir() else []
        groups += [Group(f"grid: files of {folder.name} bytes", runs, size_of(folder))] if runs else []
    return groups


def history(quick):
    """Every repository in the folder `histories`: copies of bare ones, and the one that is made."""
    groups = []
    for repository in sorted(Path("histories").iterdir()):
        path = str(repository)
        git = ("git", "-C", path)
        # `env` so that a diff needs no pager, no configuration of the user and no colours.
        log = ("env", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", *git, "--no-pager", "log", "-p", "--all")
        dry = tools.stanch("--history", path, "--dry-run", name="stanch --history --dry-run")
        known = tools.stanch("--history", path, "--cache", f"verdicts/{repository.name}", name="stanch --history, nothing changed")
        subprocess.run(known.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=measure.environment(), check=False)
        runs = [tools.floor("git cat-file of all", *git, "cat-file", "--batch-all-objects", "--batch", "--unordered"),
                tools.floor("git log -p --all", *log), tools.stanch("--history", path, "--no-cache", name="stanch --history"), dry,
                tools.stanch("--history", path, "--no-cache", "-j", "1", name="stanch --history -j 1"), known,
                tools.kingfisher_turbo(path, "--git-history", "full"), tools.betterleaks_git(path)]
        runs += [] if quick else [tools.gitleaks_git(path)]
        facts = subprocess.run([*git, "count-objects", "-v"], capture_output=True, text=True, check=True).stdout
        notes = [", ".join(line for line in facts.splitlines() if line.startswith(("in-pack", "size-pack")))]
        groups.append(Group(f"history of {repository.name}", runs, size_of(path), notes=notes))
    return [*groups, staged()]


def staged():
    """One changed line in a tree of 20,000 files: what a hook takes, by the clock."""
    path = Path("staged")
    if not path.is_dir():
        for folder in range(200):
            (path / f"d{folder}").mkdir(parents=True)
            for file in range(100):
                (path / f"d{folder}" / f"f{file}.txt").write_text(f"line {folder} {file}\nsecond\n")
        who = ("-c", "user.name=T", "-c", "user.email=t@example.invalid")
        for args in (("init", "-q"), ("add", "-A"), (*who, "-c", "maintenance.auto=false", "commit", "-q", "-m", "all"), ("gc", "-q")):
            subprocess.run(("git", "-C", str(path), *args), env=measure.environment(), check=True)
        with (path / "d7" / "f7.txt").open("a") as file:
            file.write("third\n")
        subprocess.run(("git", "-C", str(path), "add", "-A"), env=measure.environment(), check=True)
    runs = [tools.floor("git diff --cached", "env", "GIT_CONFIG_NOSYSTEM=1", "git", "-C", str(path), "--no-pager", "diff", "--cached"),
            tools.stanch("--staged", str(path), name="stanch --staged"), tools.stanch("start/empty", name="stanch, an empty folder")]
    return Group("one changed line in a tree of 20,000 files", runs, rounds=40)


def before(_quick):
    """The engine of an earlier commit and of now, in turns, on one thread: what more rules and decoders cost."""
    flags = ("--no-config", "--no-ignore", "-j", "1")
    groups = []
    for title, target in (("tree", "tree"), ("log", "log/access.log")):
        now = tools.stanch(target, *flags)
        then = replace(now, tool="stanch, before", argv=("bin/stanch-before", *now.argv[1:]))
        groups.append(Group(f"before and now: {title}", [now, then], size_of(target)))
    return groups


SECTIONS = {"tree": tree, "log": log, "start": start, "hook": hook, "hostile": hostile, "archives": archives, "sweep": sweep,
            "history": history, "before": before}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", choices=SECTIONS)
    parser.add_argument("out", type=Path, help="folder for the results")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    groups = SECTIONS[options.section](options.quick)
    measure.run_section(options.section, groups, options.rounds, options.out.resolve())


if __name__ == "__main__":
    main()
