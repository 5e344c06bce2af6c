"""Sits at a terminal and runs `given`: terminal.py PROGRAM SCENE. Prints ok, or fails with what it saw."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PROGRAM, SCENE = sys.argv[1:3]
VALUE = "Xk9q-KEY-79dLmz"
DEADLINE = time.monotonic() + 60


class Terminal:
    def __init__(self, *command):
        environment = dict(os.environ, TOKEN="stanch://shop/KEY", TERM="xterm", PS1="$ ", LC_ALL="C")
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        self.seen = ""

    def read(self):
        left = DEADLINE - time.monotonic()
        if not select.select([self.file], [], [], max(left, 0))[0]:
            raise SystemExit(f"nothing came any more behind: {self.seen!r}")
        try:
            data = os.read(self.file, 4096)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def expect(self, text):
        while text not in self.seen:
            if not self.read():
                raise SystemExit(f"{text!r} did not come: {self.seen!r}")
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.file, text.encode())

    def modes(self):
        return termios.tcgetattr(self.file)[:4]

    def rest(self):
        while self.read():
            pass
        return self.seen

    def wait(self):
        return os.waitpid(self.pid, 0)[1]


def check(seen, expected):
    if seen != expected:
        raise SystemExit(f"{seen!r} instead of {expected!r}")


def python(*lines):
    return ["python3", "-c", "\n".join(lines)]


def prompt():
    # What has no end of line is seen at once; what is typed is read, echoed, and the value is not seen.
    terminal = Terminal(PROGRAM, "sh", "-c", 'test -t 0 && test -t 1 && test -t 2 && printf "Name? "; read x; echo "hello $x $TOKEN"; tty >/dev/tty')
    terminal.expect("Name? ")
    terminal.type("me\n")
    terminal.expect("me\r\nhello me ********\r\n/dev/pts/")
    terminal.rest()
    check(terminal.wait(), 0)
    terminal = Terminal(PROGRAM, "sh", "-c", 'stty -echo; printf "Password: "; read x; stty echo; echo; echo "${#x}"; exit 9')
    terminal.expect("Password: ")
    terminal.type("quiet\n")
    check(terminal.rest(), "\r\n5\r\n")
    check(os.waitstatus_to_exitcode(terminal.wait()), 9)


def size():
    terminal = Terminal(PROGRAM, *python("import os, signal, sys", "def show(*_): print(os.get_terminal_size(), flush=True)",
                                         "signal.signal(signal.SIGWINCH, show)", "print('ready', flush=True)", "sys.stdin.readline()"))
    terminal.expect("ready")
    fcntl.ioctl(terminal.file, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    terminal.expect("columns=77, lines=33")
    terminal.type("\n")
    terminal.rest()
    check(terminal.wait(), 0)


def output():
    # Input that is none of a terminal: output alone is one.
    terminal = Terminal("sh", "-c", f'echo in | "{PROGRAM}" sh -c \'read x; test -t 1 && test -t 2 && ! test -t 0 && echo "$x $TOKEN"; printf "a\\nb\\n"\'')
    check(terminal.rest(), "in ********\r\na\r\nb\r\n")
    check(terminal.wait(), 0)


def interrupt():
    terminal = Terminal(PROGRAM, "sh", "-c", "trap 'echo heard; exit 5' INT; echo ready; while :; do read x; done")
    terminal.expect("ready\r\n")
    terminal.type("\x03")
    terminal.expect("heard")
    terminal.rest()
    check(os.waitstatus_to_exitcode(terminal.wait()), 5)
    terminal = Terminal(PROGRAM, "cat")
    terminal.type("x\n")
    terminal.expect("x\r\nx\r\n")
    terminal.type("\x03")
    terminal.rest()
    check(os.waitstatus_to_exitcode(terminal.wait()), -signal.SIGINT)


def end():
    terminal = Terminal(PROGRAM, "sh", "-c", "cat; echo done")
    terminal.type("x\n")
    terminal.expect("x\r\nx\r\n")
    terminal.type("\x04")
    terminal.expect("done")
    terminal.rest()
    check(terminal.wait(), 0)


def suspend():
    terminal = Terminal("bash", "--norc", "--noprofile", "-i")
    terminal.expect("$ ")
    before = terminal.modes()
    terminal.type(f'"{PROGRAM}" cat\n')
    terminal.expect("\n")
    terminal.type("one\n")
    terminal.expect("one\r\none\r\n")
    terminal.type("\x1a")
    terminal.expect("Stopped")
    terminal.expect("$ ")
    terminal.type("echo between; jobs\n")
    terminal.expect("between\r\n")
    terminal.expect("Stopped")
    terminal.expect("$ ")
    terminal.type("fg\n")
    terminal.expect("cat\r\n")
    terminal.type("two\n")
    terminal.expect("two\r\ntwo\r\n")
    terminal.type("\x04")
    terminal.expect("$ ")
    terminal.type("echo code=$?; exit\n")
    terminal.expect("code=0\r\n")
    terminal.rest()
    del before


def stty(terminal):
    return terminal.expect("END")


def restored():
    terminal = Terminal("sh", "-c", f'stty -a | md5sum; "{PROGRAM}" sh -c "stty raw; echo \\$\\$ here; exit 3"; echo "code $?"; stty -a | md5sum; echo END')
    lines = [line for line in stty(terminal).replace("\r", "\n").split("\n") if line.strip()]
    sums = [line for line in lines if line.endswith(" -")]
    if len(sums) != 2 or sums[0] != sums[1] or "code 3" not in lines:
        raise SystemExit(f"{lines!r}")


def killed():
    # A signal to us ends the program, and the terminal is as before.
    terminal = Terminal("sh", "-c", f'stty -a | md5sum; sh -c \'echo pid $$ .; exec "{PROGRAM}" sh -c "echo ready; read x"\'; echo "code $?"; stty -a | md5sum; echo END')
    terminal.expect("pid ")
    pid = int(terminal.expect(" ."))
    terminal.seen = "x -\r\n" + terminal.seen
    terminal.expect("ready")
    raw = terminal.modes()
    if raw[3] & termios.ICANON:
        raise SystemExit("the terminal was not raw")
    os.kill(pid, signal.SIGTERM)
    terminal.expect("code 143")
    terminal.expect("END")
    if not terminal.modes()[3] & termios.ICANON:
        raise SystemExit("the terminal is still raw")


globals()[SCENE]()
print("ok")
