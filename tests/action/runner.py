"""A small runner of composite GitHub actions, for tests: it reads the real action.yml and does what GitHub's runner does with it.

Start with run_action. What it does not know (an expression, a field of a step) is an error, never skipped. Steps with `uses` are recorded
and not run.
"""

import os
import re
import subprocess
import tempfile

import yaml

TOKENS = re.compile(r"\s*(?:(==|!=|&&|\|\||!|\(|\))|'((?:[^']|'')*)'|([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*))")


class Expression:
    """`${{ … }}`: names, strings, `==`, `!=`, `!`, `&&`, `||` and parentheses."""

    def __init__(self, text, names):
        self.names = names
        self.tokens = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            found = TOKENS.match(text, at)
            assert found, f"not understood: {text[at:]}"
            self.tokens.append((found.group(1), found.group(2), found.group(3)))
            at = found.end()

    def value(self):
        result = self.either()
        assert not self.tokens, f"left over: {self.tokens}"
        return result

    def take(self, *operators):
        if self.tokens and self.tokens[0][0] in operators:
            return self.tokens.pop(0)[0]
        return None

    def either(self):
        left = self.both()
        while self.take("||"):
            right = self.both()
            left = left or right
        return left

    def both(self):
        left = self.equal()
        while self.take("&&"):
            right = self.equal()
            left = left and right
        return left

    def equal(self):
        left = self.single()
        operator = self.take("==", "!=")
        if not operator:
            return left
        same = str(left).lower() == str(self.single()).lower()
        return same if operator == "==" else not same

    def single(self):
        if self.take("!"):
            return not self.single()
        if self.take("("):
            inner = self.either()
            assert self.take(")"), "a parenthesis is open"
            return inner
        operator, string, name = self.tokens.pop(0)
        assert operator is None, operator
        return self.look_up(name) if name else string.replace("''", "'")

    def look_up(self, name):
        parts = name.split(".")
        if parts[0] == "steps":
            assert len(parts) == 4 and parts[2] == "outputs", name
            assert parts[1] in self.names["ids"], f"no step before is called {parts[1]}"
            return self.names["steps"].get(parts[1], {}).get(parts[3], "")
        assert len(parts) == 2 and parts[0] in ("inputs", "github"), name
        return self.names[parts[0]][parts[1]]


def expand(text, names):
    """A value with all its expressions in place."""
    text = str(text)
    whole = re.fullmatch(r"\$\{\{(.*)\}\}", text.strip(), re.S)
    if whole and "}}" not in whole.group(1):
        return Expression(whole.group(1), names).value()
    return re.sub(r"\$\{\{(.*?)\}\}", lambda m: str(Expression(m.group(1), names).value()), text)


def commands(output):
    """The commands that GitHub's runner takes out of what a step prints, also those of the old form, which may stand anywhere in a line."""
    found = []
    stopped = None
    for line in output.splitlines():
        text = line.strip()
        if stopped is not None:
            if text == f"::{stopped}::":
                stopped = None
            continue
        new = re.match(r"::([a-z-]+)(?: ([^:]*(?:::?[^:]+)*?))?::(.*)", text) if text.startswith("::") else None
        old = re.search(r"##\[([a-z-]+)([^\]]*)\](.*)", line)
        match = new or old
        if not match:
            continue
        if match.group(1) == "stop-commands":
            stopped = match.group(3)
        else:
            found.append((match.group(1), (match.group(2) or "").strip(), match.group(3)))
    assert stopped is None, "commands are still stopped at the end of a step"
    return found


def outputs(path):
    """What a step wrote to GITHUB_OUTPUT."""
    values, lines = {}, open(path, encoding="utf-8").read().split("\n")
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        delimited = re.match(r"([^=<]+)<<(.+)$", line)
        if delimited:
            value = []
            while lines[0] != delimited.group(2):
                value.append(lines.pop(0))
            lines.pop(0)
            values[delimited.group(1)] = "\n".join(value)
        else:
            assert "=" in line, f"no output: {line!r}"
            name, value = line.split("=", 1)
            values[name] = value
    return values


class Result:
    """What came of an action."""

    def __init__(self):
        self.failed = False
        self.log = ""
        self.commands = []
        self.outputs = {}
        self.steps = {}
        self.ran = []
        self.used = []
        self.summary = ""
        self.path = []


STEP_FIELDS = {"id", "if", "run", "uses", "with", "env", "shell"}


def run_action(folder, inputs, environment, github):
    """Runs the action in a folder with some inputs; `environment` is that of the job, `github` what expressions know."""
    action = yaml.safe_load(open(os.path.join(folder, "action.yml"), encoding="utf-8"))
    assert action["runs"]["using"] == "composite"
    known = action["inputs"]
    assert not set(inputs) - set(known), f"no such inputs: {set(inputs) - set(known)}"
    given = {name: str(inputs.get(name, field.get("default", ""))) for name, field in known.items()}
    result = Result()
    names = {"inputs": given, "github": github, "steps": result.steps, "ids": set()}
    for step in action["runs"]["steps"]:
        assert not set(step) - STEP_FIELDS, f"not understood: {set(step) - STEP_FIELDS}"
        name = step.get("id", step.get("uses", "?"))
        is_wanted = not result.failed and ("if" not in step or bool(expand(step["if"], names)))
        if is_wanted:
            result.ran.append(name)
            if "uses" in step:
                result.used.append((step["uses"], {k: expand(v, names) for k, v in step.get("with", {}).items()}))
            else:
                run_step(step, folder, environment, names, result)
        names["ids"].add(name)
    result.outputs = {name: expand(output["value"], names) for name, output in action.get("outputs", {}).items()}
    return result


def run_step(step, folder, environment, names, result):
    """Runs one script as `shell: bash` is run."""
    assert step["shell"] == "bash", step["shell"]
    with tempfile.TemporaryDirectory() as scratch:
        files = {}
        for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_STATE"):
            files[name] = os.path.join(scratch, name)
            open(files[name], "w").close()
        script = os.path.join(scratch, "script.sh")
        open(script, "w", encoding="utf-8").write(expand(step["run"], names))
        env = dict(environment, **files, GITHUB_ACTION_PATH=folder)
        env["PATH"] = os.pathsep.join(result.path[::-1] + [environment["PATH"]])
        env.update({k: str(expand(v, names)) for k, v in step.get("env", {}).items()})
        done = subprocess.run(["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script], cwd=environment["GITHUB_WORKSPACE"],
                              env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = done.stdout.decode("utf-8")
        result.log += text
        result.commands += commands(text)
        if "id" in step:
            result.steps[step["id"]] = outputs(files["GITHUB_OUTPUT"])
        result.path += open(files["GITHUB_PATH"], encoding="utf-8").read().split()
        result.summary += open(files["GITHUB_STEP_SUMMARY"], encoding="utf-8").read()
        assert not open(files["GITHUB_ENV"]).read(), "the environment of later steps is not ours to change"
        result.failed |= done.returncode != 0
