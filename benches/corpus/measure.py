"""Runs the commands of a table in turn, several rounds, and writes what they cost as Markdown and JSON.

The tools alternate within a round, so that a change of the machine's mood meets all of them. CPU seconds (user and
system, all threads) are the least of the rounds, as is wall time; peak memory is the largest.
"""

import json
import os
import platform
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import bars
import tools

STDERR = "reports/stderr.txt"
TIMED_OUT = 137
BUSY = 0.5


@dataclass
class Group:
    """One table: commands that do the same work."""

    title: str
    runs: list
    bytes: int = 0
    planted: frozenset = frozenset()
    rounds: int | None = None
    notes: list = field(default_factory=list)


@dataclass
class Cost:
    """What one command took in all its rounds."""

    run: tools.Run
    rounds: list = field(default_factory=list)
    findings: int | None = None
    planted: int | None = None
    failure: str | None = None

    def cpu(self):
        return min(r["user_ns"] + r["system_ns"] for r in self.rounds) / 1e9

    def part(self, key):
        best = min(self.rounds, key=lambda r: r["user_ns"] + r["system_ns"])
        return best[key] / 1e9

    def wall(self):
        return min(r["wall_ns"] for r in self.rounds) / 1e9

    def peak(self):
        return max(r["rss_kib"] for r in self.rounds) * 1024 / 1e6


def environment():
    """Caches of the tools stay in the work folder; nothing of the user's configuration reaches them."""
    home = str(Path("home").resolve())
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    return {**kept, "HOME": home, "XDG_CACHE_HOME": f"{home}/.cache", "XDG_CONFIG_HOME": f"{home}/.config"}


def execute(run):
    """One run; the JSON line of spawn.c as a dictionary."""
    command = ["bin/spawn", str(run.cpus), str(run.seconds), STDERR, *run.argv]
    feeder, stdin = None, subprocess.DEVNULL
    if run.stdin:
        feeder = subprocess.Popen(["cat", run.stdin], stdout=subprocess.PIPE)
        stdin = feeder.stdout
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, env=environment(), check=False)
    if feeder:
        feeder.stdout.close()
        feeder.wait()
    if done.returncode != 0:
        raise SystemExit(done.stderr.strip())
    return json.loads(done.stdout)


def measure(cost, planted):
    """One round of one command: cost, findings, and no report left behind."""
    result = execute(cost.run)
    cost.rounds.append(result)
    report = cost.run.report
    try:
        if result["code"] == TIMED_OUT:
            cost.failure = f"stopped after {cost.run.seconds} s"
        elif result["code"] not in cost.run.ok:
            cost.failure = f"exit code {result['code']}"
        elif report and os.path.exists(report):
            cost.findings, cost.planted = tools.count(report, planted)
    except (ValueError, KeyError, AttributeError) as error:
        cost.failure = f"report not understood: {type(error).__name__}"
    finally:
        for path in filter(None, [report, STDERR]):
            Path(path).unlink(missing_ok=True)


def run_group(group, rounds):
    costs = [Cost(run) for run in group.runs if tools.is_there(run)]
    for run in group.runs:
        if not tools.is_there(run):
            group.notes.append(f"{run.tool} is not here")
    for number in range(group.rounds or rounds):
        for cost in costs:
            if cost.failure is None:
                print(f"  {group.title}: {cost.run.tool}, round {number + 1}", file=sys.stderr)
                measure(cost, group.planted)
    return costs


def by_name(costs, prefix):
    """The first measured command whose name begins so."""
    fit = [cost for cost in costs if cost.run.tool.startswith(prefix) and cost.failure is None and cost.rounds]
    return fit[0] if fit else None


def ratio(cost, base):
    return f"{cost.cpu() / base.cpu():.2f}" if base and base.cpu() > 0 else "-"


def row(cost, group, stanch, floor):
    if cost.failure:
        return f"| {cost.run.tool} | {cost.failure} | | | | | | | | |"
    speed = f"{group.bytes / 1e6 / cost.cpu():.0f}" if group.bytes and cost.cpu() > 0 else "-"
    findings = "-" if cost.findings is None else str(cost.findings)
    if group.planted and cost.planted is not None:
        findings += f" (on {cost.planted} of {len(group.planted)} planted lines)"
    return (f"| {cost.run.tool} | {cost.cpu():.3f} | {cost.part('user_ns'):.3f} | {cost.part('system_ns'):.3f} "
            f"| {cost.wall():.3f} | {cost.peak():.1f} | {speed} | {findings} "
            f"| {ratio(cost, stanch)} | {ratio(cost, floor)} |")


def table(group, costs):
    stanch, floor = by_name(costs, "stanch"), by_name(costs, tools.FLOOR)
    lines = [f"## {group.title}", ""]
    if group.bytes:
        lines += [f"{group.bytes / 1e6:.1f} MB, {max((len(c.rounds) for c in costs), default=0)} rounds.", ""]
    lines += ["| tool | CPU s | user | system | wall s | peak MB | MB per CPU s | findings | CPU / stanch | CPU / floor |",
              "|---|---|---|---|---|---|---|---|---|---|"]
    lines += [row(cost, group, stanch, floor) for cost in costs]
    notes = [*[f"- {note}" for note in group.notes], *bars.of(group, costs)]
    lines += ["", *notes, *([""] if notes else []), "```"]
    lines += [command_line(cost.run) for cost in costs]
    return "\n".join([*lines, "```", ""])


def command_line(run):
    text = shlex.join(run.argv)
    text = f"cat {run.stdin} | {text}" if run.stdin else text
    return f"{text}    # on {run.cpus} processor(s)" if run.cpus else text


def machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    return {"cpu": model, "cores": os.cpu_count(), "kernel": f"{platform.system()} {platform.release()}",
            "load_before": os.getloadavg()[0]}


def warm_up(groups):
    """Fills the page cache and the caches that tools keep between runs (kingfisher's compiled rules)."""
    Path("reports").mkdir(exist_ok=True)
    warm = Path("warm")
    warm.mkdir(exist_ok=True)
    (warm / "a.txt").write_text("nothing here\n")
    for make in (tools.stanch, tools.kingfisher, tools.kingfisher_turbo, tools.betterleaks, tools.gitleaks):
        if tools.is_there(make("warm")):
            measure(Cost(make("warm")), frozenset())
    for target in sorted({target for group in groups for run in group.runs for target in inputs_of(run)}):
        command = ["bin/walk", target] if os.path.isdir(target) else ["cat", target]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def inputs_of(run):
    """What a command reads: those of its arguments that are there, but for itself and its report."""
    arguments = [argument for argument in (*run.argv[1:], run.stdin) if argument not in (None, run.report, "-")]
    return [argument for argument in arguments if os.path.exists(argument)]


def result_of(cost):
    return {"tool": cost.run.tool, "command": command_line(cost.run), "failure": cost.failure, "rounds": cost.rounds,
            "findings": cost.findings, "planted_found": cost.planted}


def run_section(name, groups, rounds, out):
    """Measures all groups of a section, prints the tables and writes OUT/NAME.md and OUT/NAME.json."""
    facts, seen = machine(), tools.versions()
    warm_up(groups)
    tables, results = [], []
    for group in groups:
        costs = run_group(group, rounds)
        tables.append(table(group, costs))
        print(tables[-1], flush=True)
        results.append({"title": group.title, "bytes": group.bytes, "notes": group.notes,
                        "results": [result_of(cost) for cost in costs]})
    head = [f"# {name}, {time.strftime('%Y-%m-%d')}", "",
            f"{facts['cpu']}, {facts['cores']} cores, {facts['kernel']}, "
            f"load before: {facts['load_before']:.2f}{' (BUSY: not for comparison)' if facts['load_before'] > BUSY else ''}. "
            + ", ".join(f"{tool}: {text}" for tool, text in seen.items()) + ".", "",
            "CPU and wall are the least of the rounds, memory the most. Commands run in `benches/.work`.", ""]
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.md").write_text("\n".join(head) + "\n" + "\n".join(tables))
    document = {"schema": 1, "name": name, "machine": facts, "versions": seen, "groups": results}
    (out / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
