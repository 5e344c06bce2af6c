#!/usr/bin/env python3
"""Makes a repository with a long history from a fixed seed: text files that grow and change, notebooks with outputs, and images.

The same bytes come out everywhere: `git fast-import` is fed, then everything is packed with a depth and a window that are said.
"""

import base64
import json
import random
import subprocess
import sys
from pathlib import Path

COMMITS = 6000
START = 1_500_000_000
WORDS = "select update buffer client server request reply index value count state error token stream handle config option".split()


class Maker:
    def __init__(self):
        self.random = random.Random(20261126)
        self.files = {}

    def line(self):
        words = self.random.choices(WORDS, k=self.random.randint(3, 9))
        return f"    {words[0]}_{words[1]}({', '.join(words[2:])}, {self.random.randrange(1 << 20)});"

    def text(self, lines):
        return [self.line() for _ in range(lines)]

    def notebook(self, cells):
        outputs = [base64.b64encode(self.random.randbytes(300)).decode() for _ in range(cells)]
        cell = {"cell_type": "code", "metadata": {}, "execution_count": 1}
        return [json.dumps({**cell, "source": self.text(3), "outputs": [{"output_type": "stream", "name": "stdout", "text": [out]}]})
                for out in outputs]

    def begin(self):
        for n in range(60):
            self.files[f"src/part{n % 7}/file{n}.c"] = self.text(self.random.randint(50, 3000))
        for n in range(12):
            self.files[f"notebooks/study{n}.ipynb"] = self.notebook(self.random.randint(5, 60))

    def change(self):
        """Changes, adds and removes lines of one to four files; the names and new contents."""
        for name in self.random.sample(sorted(self.files), self.random.randint(1, 4)):
            lines = self.files[name]
            new = (lambda: self.notebook(1)) if name.endswith(".ipynb") else (lambda: self.text(self.random.randint(1, 6)))
            for _ in range(self.random.randint(1, 5)):
                at = self.random.randrange(len(lines))
                lines[at:at + self.random.randint(0, 3)] = new()
            yield name

    def content(self, name):
        if name.endswith(".ipynb"):
            head = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [\n'
            return (head + ",\n".join(self.files[name]) + "\n]}\n").encode()
        return ("\n".join(self.files[name]) + "\n").encode()


def commands():
    maker = Maker()
    maker.begin()
    changed = list(maker.files)
    for number in range(COMMITS):
        message = f"change {number}\n".encode()
        person = f"A U Thor <author@example.com> {START + number * 3600} +0000"
        yield f"commit refs/heads/main\nauthor {person}\ncommitter {person}\ndata {len(message)}\n".encode() + message
        for name in changed:
            data = maker.content(name)
            yield f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n"
        if number % 100 == 0:
            image = maker.random.randbytes(200_000)
            yield f"M 100644 inline images/{number % 1000}.png\ndata {len(image)}\n".encode() + image + b"\n"
        changed = list(maker.change())


def main():
    path = Path(sys.argv[1])
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", path], check=True)
    feed = subprocess.Popen(["git", "-C", path, "fast-import", "--quiet"], stdin=subprocess.PIPE)
    for command in commands():
        feed.stdin.write(command)
    feed.stdin.close()
    if feed.wait() != 0:
        sys.exit("git fast-import failed")
    subprocess.run(["git", "-C", path, "-c", "pack.threads=1", "repack", "-adfq", "--depth=50", "--window=10"], check=True)


if __name__ == "__main__":
    main()
