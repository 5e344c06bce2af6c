#!/usr/bin/env python3
"""Builds the log corpus: lines from lines.c with 400 planted secrets, and the list that proves they were found.

Beside LOG stands LOG.planted.json: offset, length, line, column (from 1, in bytes), kind and the SHA-256 of each
value, never the value. The secrets lie anywhere, and some straddle a multiple of 64 MiB, where a scanner that reads
in windows has its seams.
"""

import argparse
import hashlib
import json
import random
import re
import subprocess
from pathlib import Path

from tokens import KINDS

SEED = 20261125
PLANTS = 400
READ = 4 << 20
SEAM = 64 << 20
RUN = re.compile(rb"[A-Za-z0-9_+/=.-]{16,}")


def places(rng, size):
    """Where to plant: evenly spread with jitter, and at every seam."""
    seams = [at for at in range(SEAM, size, SEAM)]
    step = size / (PLANTS - len(seams))
    spread = [int((i + rng.uniform(0.05, 0.95)) * step) for i in range(PLANTS - len(seams))]
    # A place just before a seam would push the seam's own secret away from it.
    spread = [at if all(abs(at - seam) > 16384 for seam in seams) else at - 40000 for at in spread]
    return sorted([(at, None) for at in spread] + [(at - 8192, at) for at in seams])


def planted_line(rng, kind):
    """A line with a value of this kind, and where in it the value stands."""
    maker, contexts = KINDS[kind]
    value = maker(rng)
    line = rng.choice(contexts).format(rng.randrange(1000, 9999), value)
    return line, line.index(value), value


def filler(length):
    """Exactly this many bytes of ordinary lines."""
    line = "level=info msg=\"nothing to do, going back to sleep for a while\"\n"
    text = line * (length // len(line) + 1)
    return text[: length - 1] + "\n" if length else ""


class Log:
    """The file being written: knows its offset and line, and what was planted."""

    def __init__(self, file, rng):
        self.file, self.rng = file, rng
        self.offset, self.line, self.planted = 0, 1, []
        kinds = [kind for kind in KINDS for _ in range(-(-PLANTS // len(KINDS)))][:PLANTS]
        rng.shuffle(kinds)
        self.kinds = kinds

    def write(self, data):
        self.file.write(data)
        self.offset += len(data)
        self.line += data.count(b"\n")

    def plant(self, seam):
        kind = self.kinds.pop()
        line, at, value = planted_line(self.rng, kind)
        if seam is not None:
            self.write(filler(seam - self.offset - at - len(value) // 2).encode())
        self.planted.append({
            "kind": kind, "offset": self.offset + at, "length": len(value), "line": self.line, "column": at + 1,
            "sha256": hashlib.sha256(value.encode()).hexdigest(),
        })
        self.write(line.encode() + b"\n")


def blocks(lines, size):
    """Whole lines of the generator, a few MiB at a time; the last line may be cut by the size."""
    process = subprocess.Popen([lines, str(SEED), str(size)], stdout=subprocess.PIPE)
    rest = b""
    while data := process.stdout.read(READ):
        cut = data.rfind(b"\n") + 1
        yield rest + data[:cut]
        rest = data[cut:]
    yield rest
    if process.wait() != 0:
        raise SystemExit(f"{lines} failed")


def build(lines, path, size):
    rng = random.Random(SEED)
    runs = 0
    with open(path, "wb") as file:
        log, todo = Log(file, rng), places(rng, size)
        for block in blocks(lines, size):
            runs += sum(1 for _ in RUN.finditer(block)) if log.offset < 64 << 20 else 0
            sampled = log.offset + len(block) if log.offset < 64 << 20 else sampled
            while todo and todo[0][0] < log.offset + len(block):
                at, seam = todo.pop(0)
                cut = block.find(b"\n", max(at - log.offset, 0)) + 1
                log.write(block[:cut])
                block = block[cut:]
                log.plant(seam)
            log.write(block)
    return log, runs / sampled * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lines", help="the compiled lines.c")
    parser.add_argument("log", type=Path)
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    options = parser.parse_args()
    options.log.parent.mkdir(parents=True, exist_ok=True)
    log, runs = build(options.lines, options.log, options.bytes)
    facts = {"schema": 1, "seed": SEED, "bytes": log.offset, "lines": log.line - 1, "runs_per_mb": round(runs)}
    planted = options.log.with_name(options.log.name + ".planted.json")
    planted.write_text(json.dumps({**facts, "planted": log.planted}, indent=1) + "\n")
    print(f"{log.offset / 1e6:.1f} MB, {log.line - 1} lines, {len(log.planted)} planted secrets of {len(KINDS)} kinds, "
          f"{runs:.0f} runs of 16 or more token characters per MB")


if __name__ == "__main__":
    main()
