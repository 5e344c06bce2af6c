#!/usr/bin/env python3
"""Makes the tables of src/scan/engine/meaning/random.rs from text and code that is open and on this machine.

    train.py [FOLDER…] [--into src/scan/engine/meaning] [--check FOLDER]

Without folders the inputs are those of `accuracy.py ordinary`: Python's library, Debian's documentation and headers, npm's library and the crates that
cargo has unpacked. Words are runs of letters, split where lower case turns to upper (`getUserName` is three).

- words.txt: the 4,000 words of 4 to 14 letters that stand in the most files, in order of the alphabet, so that a new training is a small
  difference. A word counts once per file, or long tables would decide. Pieces of the alphabet and words of the letters a to f are left out.
- bigrams.txt: 26 rows of 26 numbers: minus sixteen times the binary logarithm of the chance that the column's letter follows the row's. Each distinct word
  counts by the square root of the number of files it stands in; each pair has one count more than was seen. Words in fewer than three files, which may be anything, even
  parts of keys, do not count.

--check prints how many bits the new table and the one in the repository give to words of that folder and to random letters: the distance is what counts.
"""

import argparse
import collections
import math
import random
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEANING = HERE.parents[1] / "src" / "scan" / "engine" / "meaning"
WORD = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
BYTES_PER_FILE = 1 << 18
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def files(folders):
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path


def count(folders):
    """In how many files each word stands."""
    seen, contents = collections.Counter(), set()
    for path in files(folders):
        with open(path, "rb") as file:
            text = file.read(BYTES_PER_FILE)
        if b"\0" in text[:8192] or hash(text) in contents:
            continue
        contents.add(hash(text))
        seen.update({word.lower() for word in WORD.findall(text) if 1 < len(word) <= 14})
    return {word.decode(): n for word, n in seen.items() if n >= 3}


def is_word(word):
    """No piece of the alphabet (abcd, wxyz), and not of the letters a to f only, which hexadecimal has by chance."""
    return len(word) >= 4 and word not in LETTERS and not set(word) <= set("abcdef")


def words(counts, most=4000):
    long = sorted(filter(is_word, counts), key=lambda word: (-counts[word], word))
    return sorted(long[:most])


def bigrams(counts):
    pairs = {a: {b: 1.0 for b in LETTERS} for a in LETTERS}
    for word, n in counts.items():
        for a, b in zip(word, word[1:]):
            pairs[a][b] += math.sqrt(n)
    return [[round(-16 * math.log2(pairs[a][b] / sum(pairs[a].values()))) for b in LETTERS] for a in LETTERS]


def surprise(table, word):
    cells = [table[ord(a) - 97][ord(b) - 97] for a, b in zip(word, word[1:])]
    return sum(cells) / len(cells) / 16


def read_table(path):
    return [[int(n) for n in line.split()] for line in path.read_text().splitlines() if line.strip()]


def check(table, folder):
    sample = [word for word in count([folder]) if len(word) >= 8]
    rng = random.Random(1)
    noise = ["".join(rng.choice(LETTERS) for _ in range(12)) for _ in range(5000)]
    for name, rows in (("new", table), ("old", read_table(MEANING / "bigrams.txt"))):
        of_words, of_noise = ([surprise(rows, w) for w in group] for group in (sample, noise))
        wrong = sum(n <= sorted(of_words)[int(len(of_words) * 0.99)] for n in of_noise) / len(of_noise)
        print(f"{name}: words {sum(of_words) / len(of_words):.2f} bits, random {sum(of_noise) / len(of_noise):.2f}; random below 99 % of words: {100 * wrong:.1f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--into", type=Path, help="write words.txt and bigrams.txt there")
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    folders = options.folders
    if not folders:
        sys.path.insert(0, str(HERE))
        import accuracy

        folders = [folder for _, folder in accuracy.sources_here()]
    counts = count(folders)
    table = bigrams(counts)
    print(f"{len(counts)} words in three files or more")
    if options.check:
        check(table, options.check)
    if options.into:
        (options.into / "words.txt").write_text("".join(f"{word}\n" for word in words(counts)))
        (options.into / "bigrams.txt").write_text("".join(" ".join(map(str, row)) + "\n" for row in table))


if __name__ == "__main__":
    main()
