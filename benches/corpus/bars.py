"""What the figures of a table are to be at least or at most, and whether they are."""

PEERS = ("kingfisher", "betterleaks", "gitleaks")
HISTORY = "stanch --history"
HOOKED = ("stanch, git commit with the hook, and back", "floor: git commit --no-verify, and back")


def named(costs, name):
    """The measured command of this name."""
    return next((cost for cost in costs if cost.run.tool == name and cost.failure is None and cost.rounds), None)


def cpu(costs, name):
    cost = named(costs, name)
    return cost.cpu() if cost else None


def best_peer(costs, prefixes=PEERS):
    all_cpu = [cost.cpu() for cost in costs if cost.run.tool.startswith(prefixes) and cost.failure is None and cost.rounds]
    return min(all_cpu, default=None)


def divided(a, b):
    return a / b if a is not None and b else None


def peak(costs, name="stanch"):
    cost = named(costs, name)
    return cost.peak() if cost else None


def wall(costs, name):
    cost = named(costs, name)
    return cost.wall() if cost else None


def speed(group, costs):
    seconds = cpu(costs, "stanch")
    return group.bytes / 1e6 / seconds if seconds else None


def milliseconds(seconds):
    return seconds * 1e3 if seconds is not None else None


def median_ms(costs, name):
    """The middle of all rounds, by the clock."""
    cost = named(costs, name)
    rounds = sorted(r["wall_ns"] for r in cost.rounds) if cost else []
    return rounds[len(rounds) // 2] / 1e6 if rounds else None


def added_ms(costs):
    """What the hook adds to a commit, by the medians."""
    with_it, without = (median_ms(costs, name) for name in HOOKED)
    return with_it - without if with_it is not None and without is not None else None


# Beginning of a table's title: what, the figure, the limit and whether it is the least or the most.
BARS = [
    ("source tree", "CPU of kingfisher --turbo / stanch", lambda g, c: divided(cpu(c, "kingfisher --turbo"), cpu(c, "stanch")), 5, "least"),
    ("source tree", "CPU of stanch / the bare walk", lambda g, c: divided(cpu(c, "stanch"), cpu(c, "floor: walk.c")), 2.2, "most"),
    ("source tree", "peak MB", lambda g, c: peak(c), 120, "most"),
    ("log ", "CPU of the better of kingfisher and betterleaks / stanch",
     lambda g, c: divided(best_peer(c, PEERS[:2]), cpu(c, "stanch")), 15, "least"),
    ("log ", "peak MB", lambda g, c: peak(c), 120, "most"),
    ("before and now", "throughput of now / before", lambda g, c: divided(cpu(c, "stanch, before"), cpu(c, "stanch")), 0.9, "least"),
    ("start on", "wall ms", lambda g, c: milliseconds(wall(c, "stanch")), 15, "most"),
    ("one file of 1 kB", "wall ms", lambda g, c: milliseconds(wall(c, "stanch")), 15, "most"),
    ("hook:", "median wall ms of the hook alone", lambda g, c: median_ms(c, "stanch, the hook alone"), 60, "most"),
    ("hook:", "median wall ms that it adds to a commit", lambda g, c: added_ms(c), 60, "most"),
    ("hostile", "MB per CPU s", speed, 100, "least"),
    ("history of", "CPU of the best peer / stanch", lambda g, c: divided(best_peer(c), cpu(c, HISTORY)), 4, "least"),
    ("history of", "CPU of stanch / git log -p --all", lambda g, c: divided(cpu(c, HISTORY), cpu(c, "floor: git log -p --all")), 1, "most"),
    ("history of", "CPU of stanch / its own dry run", lambda g, c: divided(cpu(c, HISTORY), cpu(c, HISTORY + " --dry-run")), 2, "most"),
    ("history of", "CPU of the dry run / git cat-file", lambda g, c: divided(cpu(c, HISTORY + " --dry-run"), cpu(c, "floor: git cat-file of all")), 0.6, "most"),
    ("history of", "second run, wall ms", lambda g, c: milliseconds(wall(c, HISTORY + ", nothing changed")), 150, "most"),
    ("history of", "peak MB", lambda g, c: peak(c, HISTORY), 300, "most"),
    ("one changed line", "wall of stanch --staged / git diff --cached",
     lambda g, c: divided(wall(c, "stanch --staged"), wall(c, "floor: git diff --cached")), 2, "most"),
]


def of(group, costs):
    """A line for each bar of a table."""
    lines = []
    for title, what, figure, limit, side in BARS:
        if not group.title.startswith(title):
            continue
        value = figure(group, costs)
        if value is None:
            continue
        is_reached = value >= limit if side == "least" else value <= limit
        lines.append(f"- bar: {what}: {value:.3g}, at {side} {limit}: {'reached' if is_reached else 'NOT reached'}")
    return lines
