#!/usr/bin/env python3
"""Builds hostile inputs: one file each, without a line end unless said otherwise, from a fixed seed.

    mixed-line   one endless line of prose, tokens, base64 and JSON
    anchors      the anchor literals of a token table, glued to each other
    letter-a     nothing but A
    base64       nothing but random base64
    urls         nothing but ://
    pem-begin    nothing but the first words of a PEM block
    passwords    nothing but password=
    escapes      short words with single escapes of four families in them, glued
    wrapped      base64 of prose in lines of 76 characters
"""

import argparse
import base64
import csv
import random
import subprocess
from pathlib import Path

SEED = 20261126
BLOCK = 4 << 20
# Used when no token table is given; the real one has some 850 of them.
FEW_ANCHORS = ["ghp_", "glpat-", "xoxb-", "sk_live_", "AKIA", "AIza", "SG.", "npm_", "sk-ant-api03-", "hf_", "eyJ",
               "dop_v1_", "shpat_", "pypi-", "glsa_", "dckr_pat_", "sk-proj-", "T3BlbkFJ", "https://", "hvs.", "xkeysib-"]


def anchors_of(table):
    """The anchor literals of a tokens.tsv, a comma inside one being written \\x2c."""
    if table is None:
        return FEW_ANCHORS
    with open(table, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        found = {anchor.replace("\\x2c", ",") for row in rows for anchor in (row["anchor_literals"] or "").split(",")}
    return sorted(found - {""})


def repeated(unit):
    """Blocks that hold a unit over and over, whole at every seam."""
    block = unit * (BLOCK // len(unit))
    while True:
        yield block


def random_base64(rng):
    while True:
        yield base64.b64encode(rng.randbytes(BLOCK // 4 * 3))


def glued(rng, words):
    """The words in random order, nothing between them."""
    while True:
        yield "".join(rng.choices(words, k=BLOCK // 8)).encode()


ESCAPES = [rb"x:\/\/u@h\u0020", rb"https:\/\/u@cdn.example.com\/p,", b"a1b2c3d4e5f6g7h8i9%5F%20", b"&#95;a1b2c3d4e5f6g7h8i9&#32;",
           b"id=a1b2c3d4e5f6g7h8i9%2Fx%26"]


def escapes():
    while True:
        for unit in ESCAPES:
            yield unit * (BLOCK // 64 // len(unit))


def wrapped(rng):
    words = "the of a value for this module returns when data is read from server and client".split()
    while True:
        text = " ".join(rng.choices(words, k=BLOCK // 8)).encode()
        yield base64.encodebytes(text)


def one_line(lines):
    """The lines of the log generator, their line ends turned into spaces."""
    process = subprocess.Popen([lines, str(SEED), str(1 << 40)], stdout=subprocess.PIPE)
    try:
        while True:
            yield process.stdout.read(BLOCK).replace(b"\n", b" ")
    finally:
        process.kill()
        process.wait()


def write(path, blocks, size):
    with open(path, "wb") as file:
        for block in blocks:
            file.write(block[: size - file.tell()])
            if file.tell() >= size:
                break
    blocks.close()
    print(f"{path.name}: {size / 1e6:.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lines", help="the compiled lines.c")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=Path, help="tokens.tsv, for its anchor literals")
    parser.add_argument("--bytes", type=int, default=150_000_000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    inputs = {
        "mixed-line": one_line(options.lines),
        "anchors": glued(rng, anchors_of(options.tokens)),
        "letter-a": repeated(b"A"),
        "base64": random_base64(rng),
        "urls": repeated(b"://"),
        "pem-begin": repeated(b"-----" + b"BEGIN "),
        "passwords": repeated(b"password="),
        "escapes": escapes(),
        "wrapped": wrapped(rng),
    }
    for name, blocks in inputs.items():
        write(options.folder / f"{name}.txt", blocks, options.bytes)


if __name__ == "__main__":
    main()
