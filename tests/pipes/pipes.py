"""What the tests of hooks/pipes share: waiting, made-up values, recipes with paths of their own. STANCH is the program."""

import os
import socket
import subprocess
import tempfile
import time
import unittest

from made_up import github

HERE = os.path.dirname(os.path.abspath(__file__))
PIPES = os.path.join(os.path.dirname(os.path.dirname(HERE)), "hooks", "pipes")
STANCH = os.environ["STANCH"]
WITH_STANCH = os.path.join(PIPES, "with-stanch")
TOKEN, OTHER = github(1), github(2)


def until(what, condition, seconds=30):
    """Waits for something to be so; fails with its name if that takes too long."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"did not happen: {what}")
        time.sleep(0.02)


def children(pid, name):
    """The processes of that name below another."""
    done = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line.split()[0]) for line in done.stdout.splitlines() if line.split()[1] == name]


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def recipe(self, name, **paths):
        """A recipe as it stands, with paths of this machine in place of those of the system."""
        with open(os.path.join(PIPES, name), encoding="utf-8") as file:
            text = file.read()
        for old, new in {"/usr/local/bin/stanch": STANCH, "/var/log/stanch.log": self.path("out.log"), **paths}.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        return self.write(os.path.basename(name), text)

    def log(self, *messages):
        for message in messages:
            subprocess.run(["logger", "--socket", self.path("log.sock"), "--tag", "app", message], check=True)

    def log_lines(self, text):
        """A message with line feeds, which logger would take apart."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.connect(self.path("log.sock"))
            out.send(f"<14>Jan  1 00:00:00 app: {text}".encode())

    def clean(self, text, *kept):
        for token in (TOKEN, OTHER):
            self.assertNotIn(token[8:], text)
        for part in kept:
            self.assertIn(part, text)

    def ended(self, process, seconds=30):
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("it did not end") from None
