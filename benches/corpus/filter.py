"""Measures `stanch filter`: CPU of its process on a log through a pipe, as text and as lines of JSON, its memory, and how long a line takes.

    filter.py STANCH LOG OUT

The JSON lines of the log, again and again, are the second input. No other scanner writes before its input ends, so there is no peer.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

SIZE = 1_000_000_000
LINES = 3000
PAUSE = 0.003
BARS = [("text", 1.5), ("json", 2.5), ("memory", 32.0), ("delay", 10.0)]


def through(command, feed):
    """CPU seconds and peak MB of the filter, and how many bytes came out."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    count = [0]

    def drain():
        while piece := os.read(child.stdout.fileno(), 1 << 18):
            count[0] += len(piece)

    reader = threading.Thread(target=drain)
    reader.start()
    feed(child.stdin)
    # Not what wait4 says: that counts the memory of the program this process was before.
    lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    child.stdin.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    reader.join()
    assert child.returncode == 0, child.returncode
    return usage.ru_utime + usage.ru_stime, peak, count[0]


def of_file(path):
    def feed(pipe):
        with open(path, "rb", buffering=0) as file:
            while piece := file.read(1 << 18):
                pipe.write(piece)

    return feed


def again(piece, size):
    def feed(pipe):
        for _ in range(size // len(piece)):
            pipe.write(piece)

    return feed


def delays(command):
    """How long each line of a quiet pipe takes, in milliseconds, sorted."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    out = []
    for number in range(LINES):
        line = b"2026-11-28T09:14:02.123Z INFO [worker-3] request %d answered in 12 ms, user=17\n" % number
        began = time.perf_counter()
        child.stdin.write(line)
        got = b""
        while not got.endswith(b"\n"):
            got += os.read(child.stdout.fileno(), 4096)
        out.append((time.perf_counter() - began) * 1000)
        assert got == line
        time.sleep(PAUSE)
    child.stdin.close()
    child.wait()
    return sorted(out)


def main():
    stanch, log, out = sys.argv[1:4]
    command = [stanch, "filter", "--quiet"]
    sample = open(log, "rb").read(64 << 20)
    objects = b"".join(line + b"\n" for line in sample.split(b"\n") if line.startswith(b"{") and line.endswith(b"}"))
    cat = through(["cat"], of_file(log))
    text = through(command, of_file(log))
    lines = through(command, again(objects, SIZE))
    endless = through(command, again(b"word1 " * 40_000, SIZE // 4))
    quiet = delays(command)
    result = {
        "cat": cat[0],
        "text": text[0] * SIZE / os.path.getsize(log),
        "json": lines[0],
        "memory": max(text[1], lines[1], endless[1]),
        "delay": quiet[int(len(quiet) * 0.99)],
        "delay_median": quiet[len(quiet) // 2],
    }
    load = os.getloadavg()[0]
    rows = [
        f"# filter\n\nload before: {load:.2f}. CPU seconds of the one process, user and system, for 1 GB through a pipe; a delay is from the write of a line to its last byte read.\n",
        "| what | measured | bar |",
        "|---|---|---|",
        f"| `cat` in its place, CPU s | {result['cat']:.2f} | - |",
        f"| text, CPU s | {result['text']:.2f} | 1.5 |",
        f"| lines of JSON, CPU s | {result['json']:.2f} | 2.5 |",
        f"| peak memory: text, JSON, a line of 250 MB; MB | {result['memory']:.1f} | 32 |",
        f"| delay of a line in a quiet pipe, p99, ms | {result['delay']:.2f} | 10 |",
        f"| the same, median, ms | {result['delay_median']:.2f} | - |",
        "",
    ]
    rows += [f"- bar: {name}: {result[name]:.2f}, at most {bar}: {'reached' if result[name] <= bar else 'NOT reached'}" for name, bar in BARS]
    Path(out).mkdir(parents=True, exist_ok=True)
    Path(out, "filter.md").write_text("\n".join(rows) + "\n")
    Path(out, "filter.json").write_text(json.dumps(result, indent=1) + "\n")
    print("\n".join(rows))


main()
