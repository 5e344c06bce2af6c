#!/usr/bin/env python3
"""Generates Jupyter notebooks from a fixed seed: sources, outputs, tracebacks with colours, image payloads.

The code is that of the tree corpus' Python files, cut into cells, so that it reads like code; the rest is made up.
"""

import argparse
import base64
import json
import random
import shutil
from pathlib import Path

SEED = 20261127
CELLS = 60
WORDS = ("the model was trained on a sample of orders and then checked against last month where the error is larger than "
         "expected because the series has a gap that nobody had seen before").split()


def code_lines(tree):
    """All lines of the corpus' Python files."""
    lines = []
    for path in sorted(tree.glob("*/*.py"))[:3000]:
        lines += path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return [line for line in lines if line.strip()]


def sentence(rng):
    return " ".join(rng.choices(WORDS, k=rng.randrange(8, 30))).capitalize() + "."


def stream(rng):
    rows = [f"epoch {i:3d} loss {rng.random():.6f} accuracy {rng.random():.6f}\n" for i in range(rng.randrange(3, 60))]
    return {"output_type": "stream", "name": "stdout", "text": rows}


def table(rng):
    rows = [[rng.randrange(10**6) for _ in range(6)] for _ in range(rng.randrange(5, 30))]
    html = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    text = "\n".join(" ".join(f"{cell:8d}" for cell in row) for row in rows)
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {},
            "data": {"text/html": ["<table>\n", html, "</table>"], "text/plain": [text]}}


def image(rng):
    payload = base64.b64encode(b"\x89PNG\r\n\x1a\n" + rng.randbytes(rng.randrange(4_000, 60_000))).decode()
    return {"output_type": "display_data", "metadata": {"needs_background": "light"},
            "data": {"image/png": payload + "\n", "text/plain": ["<Figure size 640x480 with 1 Axes>"]}}


def traceback(rng, code):
    frames = [f"\x1b[0;32m/srv/app/{rng.choice(WORDS)}.py\x1b[0m in \x1b[0;36m{rng.choice(WORDS)}\x1b[0;34m(x)\x1b[0m\n"
              f"\x1b[1;32m---> {rng.randrange(500)}\x1b[0m {rng.choice(code)}" for _ in range(rng.randrange(3, 12))]
    return {"output_type": "error", "ename": "ValueError", "evalue": sentence(rng),
            "traceback": ["\x1b[0;31m" + "-" * 75 + "\x1b[0m", *frames]}


def outputs(rng, code):
    makers = [stream, stream, table, image, lambda rng: traceback(rng, code)]
    return [maker(rng) for maker in rng.choices(makers, k=rng.randrange(0, 3))]


def cell(rng, code, number):
    ident = f"{rng.getrandbits(32):08x}"
    if number % 4 == 0:
        text = [sentence(rng) + "\n" for _ in range(rng.randrange(1, 6))]
        return {"cell_type": "markdown", "id": ident, "metadata": {}, "source": text}
    start = rng.randrange(len(code) - 60)
    return {"cell_type": "code", "execution_count": number, "id": ident, "metadata": {"tags": []},
            "outputs": outputs(rng, code), "source": code[start : start + rng.randrange(5, 60)]}


def notebook(rng, code):
    cells = [cell(rng, code, number) for number in range(rng.randrange(CELLS // 2, CELLS * 2))]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python", "version": "3.11.7"}},
            "nbformat": 4, "nbformat_minor": 5}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bytes", type=int, default=110_000_000)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    rng, code = random.Random(SEED), code_lines(options.tree)
    total, number = 0, 0
    while total < options.bytes:
        text = json.dumps(notebook(rng, code), indent=1, ensure_ascii=False) + "\n"
        total += (options.folder / f"notebook-{number:04d}.ipynb").write_bytes(text.encode(errors="replace"))
        number += 1
    print(f"{number} notebooks, {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
