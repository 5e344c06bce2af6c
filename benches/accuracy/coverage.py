#!/usr/bin/env python3
"""Which credential formats of a table have a rule that holds.

    coverage.py TOKENS.tsv [--stanch BINARY] [--rules DIR] [--list WHAT] [--keep DIR]

For each row of the table an example is made from its grammar (seeded), in a line as the row's context says. A row is covered if

- its example reports the rule that coverage.tsv names for it,
- that rule is silent on the examples of the five nearest other rows (same service, then same prefix or shape), and
- the rule of a row that needs context is silent on the same body without it.

A row can be covered by a rule that also covers others; `types` counts the rules. Nothing it writes holds a real credential: values are
drawn at random when it runs. coverage.tsv holds no values: row, rule or `none: reason`, for some rows the line the example stands in (`{}`
being the example, `{ROW}` that of another row, `\\n` a new line), and a grammar that is stricter than the row's (`rule`: the rule's own). `--rules DIR` tries the rule files of a folder in place of the built-in rules of the
same ids.
"""

import argparse, base64, csv, hashlib, json, pathlib, random, re, string, subprocess, sys, tempfile, tomllib
from collections import Counter, defaultdict

HERE = pathlib.Path(__file__).parent
SETS = {
    "digit": string.digits, "lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "alpha": string.ascii_letters,
    "hex-lower": "0123456789abcdef", "hex-upper": "0123456789ABCDEF", "hex": "0123456789abcdefABCDEF",
    "alnum-lower": string.digits + string.ascii_lowercase, "alnum-upper": string.digits + string.ascii_uppercase,
    "base62": string.digits + string.ascii_letters, "alnum": string.digits + string.ascii_letters,
    "word": string.digits + string.ascii_letters + "_", "base64": string.digits + string.ascii_letters + "+/",
    "base64url": string.digits + string.ascii_letters + "-_", "base32": string.ascii_uppercase + "234567",
    "base32-lower": string.ascii_lowercase + "234567", "crockford": "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    "base58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", "bech32": "qpzry9x8gf2tvdw0s3jn54khce6mua7l",
    "bech32-upper": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "print": "".join(map(chr, range(0x21, 0x7F))),
    "text": "".join(map(chr, range(0x20, 0x7F))), "any": "".join(map(chr, range(0x20, 0x7F))), "space": " ", "ws": " ",
}
# Of the alphabets of passwords only these are drawn, or most examples would look like code.
CALM = set(string.digits + string.ascii_letters + "!+.-_")
# A body longer than this is drawn no longer than it must be.
SPREAD = 24


class Grammar:
    """Draws examples from a grammar as rules/README.md has it, and turns it into a regular expression."""

    def __init__(self, text):
        self.text, self.at = text, 0
        self.tree = self.choice()
        self.blank()
        assert self.at == len(text), f"left over: {text[self.at:]}"

    def blank(self):
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, what):
        self.blank()
        if self.text.startswith(what, self.at):
            self.at += len(what)
            return True
        return False

    def choice(self):
        parts = [self.sequence()]
        while self.take("|"):
            parts.append(self.sequence())
        return ("choice", parts)

    def sequence(self):
        items = []
        while True:
            self.blank()
            if self.at >= len(self.text) or self.text[self.at] in "|)":
                return ("sequence", items)
            items.append(self.item())

    def quoted(self):
        out = []
        while not self.text.startswith('"', self.at):
            c = self.text[self.at]
            self.at += 1
            if c == "\\":
                c = self.text[self.at]
                self.at += 1
                if c == "x":
                    c = chr(int(self.text[self.at:self.at + 2], 16))
                    self.at += 2
                else:
                    c = {"n": "\n", "t": "\t", "r": "\r"}.get(c, c)
            out.append(c)
        self.at += 1
        return "".join(out)

    def item(self):
        if self.take('"'):
            item = ("literal", self.quoted())
        elif self.take('i"'):
            item = ("iliteral", self.quoted())
        elif self.take("@("):
            item = self.choice()
            assert self.take(")")
        elif self.take("("):
            item = self.choice()
            assert self.take(")")
        elif self.take('set"'):
            item = ("class", self.quoted())
        else:
            name = re.compile(r"[a-z0-9-]*[a-z0-9]").match(self.text, self.at)[0]
            self.at += len(name)
            if name == "uuid":
                item = ("uuid",)
            else:
                chars = SETS[name]
                while self.text[self.at:self.at + 2] in ('+"', '-"'):
                    more = self.text[self.at] == "+"
                    self.at += 2
                    these = self.quoted()
                    chars = chars + these if more else "".join(c for c in chars if c not in these)
                item = ("class", chars)
        if self.text.startswith("{", self.at):
            end = self.text.index("}", self.at)
            low, comma, high = self.text[self.at + 1:end].partition(",")
            self.at = end + 1
            item = ("repeat", item, int(low), int(high) if high else (None if comma else int(low)))
        if self.text.startswith("?", self.at):
            self.at += 1
            item = ("repeat", item, 0, 1)
        return item

    def draw(self, rng, node=None):
        node = node or self.tree
        kind = node[0]
        if kind in ("literal", "iliteral"):
            return node[1]
        if kind == "class":
            calm = [c for c in node[1] if c in CALM] if len(node[1]) > 70 else node[1]
            return rng.choice(calm or node[1])
        if kind == "uuid":
            h = f"{rng.getrandbits(128):032x}"
            return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{rng.choice('89ab')}{h[17:20]}-{h[20:]}"
        if kind == "choice":
            return self.draw(rng, rng.choice(node[1]) if len(node[1]) > 1 and node is not self.tree else node[1][0])
        if kind == "sequence":
            return "".join(self.draw(rng, item) for item in node[1])
        _, item, low, high = node
        low, high = (low + SPREAD if item[0] == "class" else low, low + 2 * SPREAD) if high is None else (low, min(high, low + SPREAD))
        count = rng.randint(max(low, min(high, 12)) if low < 12 < high and item[0] == "class" else low, high)
        if item[0] == "class":
            # A run of random characters: as mixed as almost every real one of its length.
            for _ in range(60):
                out = "".join(self.draw(rng, item) for _ in range(count))
                digits, letters = any(c.isdigit() for c in item[1]), any(c.isalpha() for c in item[1])
                mixed = count < 6 or not (digits and letters) or any(c.isdigit() for c in out) and any(c.isalpha() for c in out)
                edges = not out or len(item[1]) < 66 or out[0].isalnum() and out[-1].isalnum()
                if mixed and edges:
                    return out
            return out
        return "".join(self.draw(rng, item) for _ in range(count))

    def regex(self, node=None):
        node = node or self.tree
        kind = node[0]
        if kind == "literal":
            return re.escape(node[1])
        if kind == "iliteral":
            return "(?i:" + re.escape(node[1]) + ")"
        if kind == "class":
            return "[" + "".join(re.escape(c) for c in dict.fromkeys(node[1])) + "]"
        if kind == "uuid":
            return "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
        if kind == "choice":
            return "(?:" + "|".join(self.regex(n) for n in node[1]) + ")"
        if kind == "sequence":
            return "".join(self.regex(n) for n in node[1])
        _, item, low, high = node
        return f"(?:{self.regex(item)}){{{low},{'' if high is None else high}}}"


def b64(data, url=True):
    return (base64.urlsafe_b64encode if url else base64.b64encode)(data).rstrip(b"=").decode()


def base58(data):
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        out = SETS["base58"][rest] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def base58check(data):
    return base58(data + hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4])


def bech32(prefix, count, rng, constant=1):
    def polymod(values):
        check = 1
        for value in values:
            top = check >> 25
            check = (check & 0x1FFFFFF) << 5 ^ value
            for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                check ^= g if top >> i & 1 else 0
        return check
    data = [rng.randrange(32) for _ in range(count - 6)]
    head = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    mod = polymod(head + data + [0] * 6) ^ constant
    data += [mod >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(SETS["bech32"][d] for d in data)


def token_bodies(text, rng):
    """The example as a JSON Web Token: with a header that decodes, and of many lengths."""
    start = text.find("eyJ") if "eyJ" in text else text.find("ey")
    if start < 0:
        return
    before, text = text[:start], text[start:]
    first, dot, rest = text.partition(".")
    for size in range(400) if dot else ():
        kid = "".join(rng.choice(SETS["hex-lower"]) for _ in range(size))
        for header in ({"alg": "HS256", "typ": "JWT"}, {"typ": "JWT", "alg": "RS256"}, {"alg": "RS256"}, {"alg": "HS512"}):
            padded = json.dumps(header | ({"kid": kid} if size else {}), separators=(",", ":"))
            for claims in ("eyJ" + rest[3:], rest):
                yield before + b64(padded.encode()) + "." + claims
        padded = json.dumps({"kid": kid, "alg": "RS256"}, separators=(",", ":"))
        yield before + b64(padded.encode()) + "." + rest
    # A grammar that does not say where the dots are.
    for size in range(300):
        claims = b64(b'{"sub":"4444' + bytes(rng.choice(b"abcdef0123456789") for _ in range(size)) + b'"}')
        for sign in (43, 86, 342, 683):
            signature = "".join(rng.choice(SETS["base62"]) for _ in range(sign))
            for header in ('{"alg":"HS256","typ":"JWT"}', '{"typ":"JWT","alg":"RS256"}'):
                yield f"{before}{b64(header.encode())}.{claims}.{signature}"


def encoded_bodies(check, text, rng):
    """The example as base64 of something readable that begins as the example's letters do."""
    run = re.match(r"[A-Za-z0-9+/]*", text)[0]
    plain = SETS["base62"].replace("_", "")
    for kept in (len(run) // 4 * 4 if len(run) < 60 else 0, 44, 36, 32, 28, 24, 20, 16, 12, 8, 4, 0):
        try:
            head = base64.b64decode(run[:kept]).decode("ascii") if kept else ""
        except ValueError:
            continue
        if not head.isprintable():
            continue
        for size in range(1, 260):
            body = head + "".join(rng.choice(plain) for _ in range(size))
            if check == "decodes-digits":
                body = "1" + "".join(rng.choice("0123456789") for _ in range(17))
            coded = base64.b64encode(body.encode()).decode()
            yield coded
            yield coded.rstrip("=")
            if "." in text:
                yield coded.rstrip("=") + "." + text.partition(".")[2]


def pem(kind, rng, size, sep):
    der = b"\x30\x82" + (size - 4).to_bytes(2, "big") + b"\x02\x01\x00" + rng.randbytes(size - 7)
    body = b64(der, url=False)
    return f"-----BEGIN {kind}-----{sep}" + sep.join(body[i:i + 64] for i in range(0, len(body), 64)) + f"{sep}-----END {kind}-----"


def base58_bodies(rng):
    for version in ("80", "ef", "0488ade4", "04358394", "0d0f3a07", "2bf64e07", "11a2e0c9", "1051eebd", "075a3cb329", "9e", "b0", "cc", "0142", "0143"):
        for size in (32, 33, 34, 37, 64, 74):
            for end in (b"", b"\1"):
                yield base58check(bytes.fromhex(version) + rng.randbytes(size - len(end)) + end)


def crc16(data):
    """CRC-16/XMODEM."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xFFFF
    return value


def wallet_bodies(check, rng):
    """Seeds and phrases whose checksum holds."""
    for _ in range(20):
        if check == "stellar-seed":
            body = b"\x90" + rng.randbytes(32)
            yield base64.b32encode(body + crc16(body).to_bytes(2, "little")).decode()
        elif check == "ripple-seed":
            order = str.maketrans(SETS["base58"], "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz")
            yield from (base58check(mark + rng.randbytes(16)).translate(order) for mark in (b"\x21", b"\x01\xe1\x4b"))
        else:
            words = (HERE.parents[1] / "src/scan/engine/meaning/bip39.txt").read_text().split()
            for size in (16, 32):
                data = rng.randbytes(size)
                bits = "".join(f"{b:08b}" for b in data + hashlib.sha256(data).digest()[:1])[: size * 33 // 4]
                yield " ".join(words[int(bits[n : n + 11], 2)] for n in range(0, len(bits), 11))


def with_structure(row, grammar, text, rng, checks=()):
    """The example again, with what a rule looks for inside: a header, a checksum, a key."""
    pattern = re.compile(grammar.regex() + r"\Z", re.S)
    tries = []
    if "ey" in text[:40]:
        tries.append(token_bodies(text, rng))
    for check in checks:
        if check in ("decodes-text", "decodes-digits"):
            tries.insert(0, encoded_bodies(check, text, rng))
        if check in ("stellar-seed", "ripple-seed", "bip39"):
            tries.append(wallet_bodies(check, rng))
        if check == "decodes-pem":
            json_file = [json.dumps({"type": "service_account", "private_key": pem("PRIVATE KEY", rng, n, "\n")}, separators=s) for n in (900, 1218) for s in ((",", ":"), (", ", ": "))]
            tries.append(base64.b64encode(t.encode()).decode() for t in [pem("PRIVATE KEY", rng, n, "\n") for n in (300, 600, 1218)] + json_file)
    if "base58" in row["checksum"].lower():
        tries.append(base58_bodies(rng))
    if "bech32" in row["checksum"].lower():
        literal = re.match(r'"([^"]+)1', row["grammar"])
        prefix = (literal[1] if literal else text.rpartition("1")[0]).lower()
        made = [bech32(prefix, count, rng, constant) for count in range(30, 300) for constant in (1, 0x2BC830A3)]
        tries.append(made + [m.upper() for m in made])
    if "-----BEGIN" in text:
        before, kind, after = re.search(r"(.*)-----BEGIN ([A-Za-z0-9 ]*)-----.*?((?:-----END[^-]*-----.*)?)\Z", text, re.S).groups()
        after = after.partition("-----")[2].partition("-----")[2]
        tries.append(before + pem(kind, rng, n, s).removesuffix("" if "END" in text else f"-----END {kind}-----") + after for n in (138, 141, 150, 300, 600, 900, 1218) for s in ("\n", "\\n"))
    return next((t for some in tries for t in some if pattern.fullmatch(t)), text)


def word_of(row):
    credential = (row["credential"] + " " + row["id"]).lower()
    for word in ("password", "passphrase", "secret", "token", "license", "licence", "webhook", "url", "key", "id"):
        if re.search(rf"(?<![a-z]){word}s?(?![a-z])", credential):
            return {"licence": "license_key", "license": "license_key"}.get(word, word)
    return "key"


def name_of(row):
    """The name the example is assigned to: the row's first keyword and what the credential is."""
    keywords = [k for k in row["context_keywords"].split(",") if len(k) > 2]
    word = word_of(row)
    if not keywords:
        return None
    name = re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", keywords[0]).lower()).strip("_")
    if re.search(r"(key|token|secret|password|passphrase|pat|auth|pass|id)$", name):
        return name
    if word in ("key", "token", "secret") and not name.endswith("api"):
        word = "api_" + word if word != "secret" else word
    return f"{name}_{word}"


def example(row, known, rng, rules):
    """The example of a row: its body, and the text it stands in."""
    rule, template, stricter = known.get(row["id"], ("", "", ""))
    rule = rules.get(rule, {})
    grammar = Grammar(rule["token"] if stricter == "rule" else stricter or row["grammar"])
    body = with_structure(row, grammar, grammar.draw(rng), rng, rule.get("checks", ()))
    if template:
        return body, template.replace("\\n", "\n").replace("{}", body) + "\n"
    name = name_of(row)
    if row["multi_line"] == "yes" or "\n" in body:
        return body, f"{body}\n"
    if name is None:
        return body, f"value = {body}\n" if '"' in body else f'value = "{body}"\n'
    if any(c in body for c in " \"'"):
        return body, f"{name} = {body}\n"
    return body, f'{name} = "{body}"\n'


def shape(row):
    return re.sub(r"\{[^}]*\}", "", row["grammar"])


def siblings(rows):
    """The five nearest other rows of each: same service, same grammar, same prefix, same shape."""
    near = {}
    for row in rows:
        def closeness(other):
            return (
                4 * (row["service"].split()[0] == other["service"].split()[0]) + 3 * (row["grammar"] == other["grammar"])
                + 2 * (bool(row["anchor_literals"]) and row["anchor_literals"].split(",")[0][:3] == other["anchor_literals"].split(",")[0][:3])
                + (shape(row) == shape(other))
            )
        others = sorted((o for o in rows if o is not row), key=lambda o: (-closeness(o), hashlib.sha256((row["id"] + o["id"]).encode()).digest()))
        near[row["id"]] = [o["id"] for o in others[:5]]
    return near


def read_rules(folder):
    rules = {}
    for path in sorted(folder.glob("*.toml")):
        for rule in tomllib.loads(path.read_text())["rule"]:
            rules[rule["id"]] = rule
    return rules


def scan(stanch, tree, folder, rules):
    command = [stanch, "scan", "--no-ignore", "--format", "jsonl", "--min-confidence", "low"]
    if folder:
        listed = subprocess.run([stanch, "rules", "list"], capture_output=True, text=True, check=True).stdout
        built_in = {line.split()[0] for line in listed.splitlines() if line.strip()}
        command += ["--rules", str(folder)] + [a for i in sorted(built_in & set(rules)) for a in ("--except", i)]
    out = tree.parent / f"{tree.name}.jsonl"
    done = subprocess.run([*command, "-o", str(out), str(tree)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    found = defaultdict(set)
    for line in out.read_text().splitlines():
        finding = json.loads(line)
        if "path" in finding:
            row = pathlib.Path(finding["path"]).relative_to(tree).parts[0]
            found[tree.name, row].add(finding["rule"])
    return found


def uses(known, row):
    """The rules that an example is there for: its own, and those of the rows its line names."""
    rule, template, _ = known.get(row, ("", "", ""))
    return {rule} | {known[other][0] for other in re.findall(r"\{([a-z0-9-]+)\}", template) if other in known}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("tokens", type=pathlib.Path)
    args.add_argument("--stanch", default="stanch")
    args.add_argument("--rules", type=pathlib.Path, help="rule files to try in place of the built-in ones")
    args.add_argument("--map", type=pathlib.Path, default=HERE / "coverage.tsv")
    args.add_argument("--list", choices=["missing", "reasons", "fired"], help="name the rows that are not covered, and why")
    args.add_argument("--keep", type=pathlib.Path, help="write the examples there and leave them")
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()

    rows = list(csv.DictReader(args.tokens.open(), delimiter="\t", quoting=csv.QUOTE_NONE))
    known = {}
    # A middle dot keeps scanners from firing on a form.
    for line in args.map.read_text().replace("·", "").splitlines():
        if line and not line.startswith("#"):
            row, rule, template, stricter = (line.split("\t") + ["", ""])[:4]
            known[row] = (rule, template, stricter)
    rules = read_rules(args.rules or HERE.parent.parent / "rules")
    near = siblings(rows)
    by_id = {row["id"]: row for row in rows}

    with tempfile.TemporaryDirectory() as temporary:
        tree = (args.keep or pathlib.Path(temporary)) / "tree"
        for row in rows:
            rule, template, _ = known.get(row["id"], ("none: not in the map", "", ""))
            rng = random.Random(f"{args.seed} {row['id']}")
            body, text = example(row, known, rng, rules)
            for other in re.findall(r"\{([a-z0-9-]+)\}", template):
                text = text.replace("{" + other + "}", example(by_id[other], known, random.Random(f"{args.seed} {other} for {row['id']}"), rules)[0])
            only = rules.get(rule, {}).get("paths", {}).get("only", ["conf.txt"])
            name = re.sub(r"[\[({].*|^\*\*/|^/", "", only[0]).replace("*", "x").rstrip("/") or "conf.txt"
            quote = "\n" if "\n" in body else '"'
            bare = f"{body}\n" if quote == "\n" or '"' in body else f'value = "{body}"\n'
            for kind, content in (("with", text), ("bare", bare)):
                path = tree / kind / row["id"] / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
        # Apart: in one scan, places of one value are reported under one rule.
        found = {}
        for kind in ("with", "bare"):
            found |= scan(args.stanch, tree.resolve() / kind, args.rules, rules)
        found = defaultdict(set, found)

    reasons, covered = Counter(), {}
    for row in rows:
        rule = known.get(row["id"], ("none: not in the map",))[0]
        fired = found["with", row["id"]]
        context = rules.get(rule, {}).get("keywords") or rules.get(rule, {}).get("from") == "assignment"
        if rule.startswith("none:"):
            reason = rule
        elif rule not in rules:
            reason = "the map names a rule that is not there"
        elif rule not in fired:
            reason = "example not found" if not fired else "example found as another rule"
        elif [s for s in near[row["id"]] if rule in found["with", s] and rule not in uses(known, s)]:
            reason = "fires on a sibling's example"
        elif context and rule in found["bare", row["id"]]:
            reason = "fires without its context"
        else:
            covered[row["id"]] = rule
            continue
        reasons[reason if not rule.startswith("none:") else "no rule: " + rule[5:].strip()] += 1
        if args.list == "reasons" or args.list == "missing" and not rule.startswith("none:") or args.list == "fired":
            print("\t".join([row["id"], rule, reason, ",".join(sorted(fired)) if args.list == "fired" else ""]).rstrip())
    print(f"rows {len(rows)}  covered {len(covered)}  types (distinct rules) {len(set(covered.values()))}")
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason}")


if __name__ == "__main__":
    main()
