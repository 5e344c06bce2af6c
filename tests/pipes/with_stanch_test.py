"""hooks/pipes/with-stanch in every shell that is here: exit codes, signals, streams, and what it refuses."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import unittest

from pipes import OTHER, STANCH, TOKEN, WITH_STANCH, Case, until

SHELLS = [["dash"], ["bash"], ["busybox", "sh"]]
# A signal may come while `up` is still being written: print would then refuse to be called in itself.
INTERRUPTED = """
import os, signal, sys, time
def stop(number, frame):
    os.write(1, b"heard %d\\n" % number)
    time.sleep(1.2)
    os.write(1, b"last words\\n")
    sys.exit(3)
signal.signal(signal.NUMBER, stop)
print("up", flush=True)
while True:
    time.sleep(0.1)
"""


def heard(shell, name):
    """What the command hears of a signal: in Busybox nothing undoes that INT and QUIT are ignored in the background."""
    return "SIGTERM" if shell[0] == "busybox" and name in ("SIGINT", "SIGQUIT") else name


class WithStanch(Case):
    def each_shell(self):
        for shell in SHELLS:
            with self.subTest(shell=shell):
                yield shell

    def run_with(self, shell, *command, **options):
        environment = {**os.environ, **options.pop("env", {})}
        return subprocess.run([*shell, WITH_STANCH, *command], env=environment, capture_output=True, text=True, timeout=60, **options)

    def test_streams_stay_apart_and_the_exit_code_stays(self):
        for shell in self.each_shell():
            script = 'read -r line; echo "out $1 $line"; echo "err $2" >&2; exit 7'
            done = self.run_with(shell, "sh", "-c", script, "sh", TOKEN, OTHER, input="of stdin\n")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "out ghp_******** of stdin\n", "err ghp_********\n"))

    def test_arguments_arrive_as_they_are(self):
        for shell in self.each_shell():
            words = ["a b", "*", "", "$HOME", "-n", "'\"", "ä"]
            done = self.run_with(shell, sys.executable, "-c", "import sys; print(ascii(sys.argv[1:]))", *words)
            self.assertEqual(done.stdout, ascii(words) + "\n")

    def test_a_death_by_signal_is_told_as_shells_do(self):
        for shell in self.each_shell():
            for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
                done = self.run_with(shell, "sh", "-c", f"echo before; kill -{int(number)} $$")
                self.assertEqual((done.returncode, done.stdout), (128 + number, "before\n"))

    def test_all_that_was_said_comes_out(self):
        for shell in self.each_shell():
            done = self.run_with(shell, "seq", "1", "200000")
            self.assertEqual(done.stdout, "".join(f"{n}\n" for n in range(1, 200_001)))
            done = self.run_with(shell, "printf", "no line feed at the end")
            self.assertEqual(done.stdout, "no line feed at the end")

    def test_signals_are_handed_on(self):
        for shell in self.each_shell():
            for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"):
                number = getattr(signal, heard(shell, name))
                command = [*shell, WITH_STANCH, sys.executable, "-c", INTERRUPTED.replace("NUMBER", heard(shell, name))]
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
                self.assertEqual(process.stdout.readline(), "up\n")
                process.send_signal(getattr(signal, name))
                self.assertEqual(process.stdout.read(), f"heard {int(number)}\nlast words\n")
                process.stdout.close()
                self.assertEqual(self.ended(process), 3)

    def test_a_signal_that_comes_twice_is_handed_on_twice(self):
        for shell in self.each_shell():
            script = 'n=0; trap "n=\\$((n + 1)); echo heard \\$n" TERM; echo up; while [ $n -lt 2 ]; do sleep 0.1; done; exit 9'
            process = subprocess.Popen([*shell, WITH_STANCH, "sh", "-c", script], stdout=subprocess.PIPE, text=True)
            self.assertEqual(process.stdout.readline(), "up\n")
            for n in (1, 2):
                process.terminate()
                self.assertEqual(process.stdout.readline(), f"heard {n}\n")
            process.stdout.close()
            self.assertEqual(self.ended(process), 9)

    def test_a_terminal_tells_the_command_once(self):
        for shell in self.each_shell():
            pid, terminal = pty.fork()
            if pid == 0:
                os.execvp(shell[0], [*shell, WITH_STANCH, sys.executable, "-c", INTERRUPTED.replace("NUMBER", heard(shell, "SIGINT"))])
            text = self.until_said(terminal, b"up")
            os.write(terminal, b"\x03")
            text = self.until_said(terminal, b"last words")
            self.assertEqual(text.count(b"heard"), 1)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 3)
            os.close(terminal)

    def until_said(self, terminal, part):
        got = b""
        while part not in got:
            got += os.read(terminal, 4096)
        return got

    def test_what_the_command_leaves_running_holds_nothing_up(self):
        for shell in self.each_shell():
            done = self.run_with(shell, "sh", "-c", "sleep 50 & echo done; exit 2")
            self.assertEqual((done.returncode, done.stdout), (2, "done\n"))
            done = self.run_with(shell, "sh", "-c", "(while :; do echo more; sleep 0.2; done) & exit 2")
            self.assertEqual((done.returncode, set(done.stdout.splitlines())), (2, {"more"}))

    def test_as_the_first_process_of_a_container(self):
        for shell in self.each_shell():
            namespace = ["unshare", "--pid", "--fork", "--mount-proc"] + (["--user", "--map-root-user"] if os.geteuid() else [])
            script = 'trap "echo stopping; exit 4" TERM; echo "$1"; while :; do sleep 0.1; done'
            process = subprocess.Popen([*namespace, *shell, WITH_STANCH, "sh", "-c", script, "sh", TOKEN], stdout=subprocess.PIPE, text=True)
            self.assertEqual(process.stdout.readline(), "ghp_********\n")
            (first,) = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
            os.kill(int(first), signal.SIGTERM)
            self.assertEqual(process.stdout.read(), "stopping\n")
            process.stdout.close()
            self.assertEqual(self.ended(process), 4)

    def test_nothing_is_left_behind(self):
        for shell in self.each_shell():
            self.run_with(shell, "true", env={"TMPDIR": self.folder})
            self.assertEqual(os.listdir(self.folder), [])

    def test_options(self):
        for shell in self.each_shell():
            done = self.run_with(shell, "echo", TOKEN, env={"STANCH_FILTER": "--mode tag"})
            self.clean(done.stdout, "github-pat")

    def test_without_a_filter_the_command_does_not_run(self):
        for shell in self.each_shell():
            for environment, reason in (
                ({"STANCH": "/nonexistent/stanch"}, "/nonexistent/stanch is not there"),
                ({"STANCH": "false"}, "does not work"),
                ({"STANCH_FILTER": "--no-such-option"}, "does not work"),
                ({"STANCH": "", "PATH": "/nonexistent"}, "stanch is not there"),
            ):
                path = shutil.which(shell[0])
                done = self.run_with([path, *shell[1:]], "touch", self.path("ran"), env=environment)
                self.assertEqual((done.returncode, done.stdout), (125, ""))
                self.assertIn("with-stanch: the command was not run: ", done.stderr)
                self.assertIn(reason, done.stderr)
                self.assertFalse(os.path.exists(self.path("ran")))
            done = self.run_with(shell)
            self.assertEqual((done.returncode, done.stderr), (125, "with-stanch: usage: with-stanch COMMAND [ARGUMENT...]\n"))

    def test_a_command_that_is_not_there(self):
        for shell in self.each_shell():
            done = self.run_with(shell, "/nonexistent/app")
            self.assertEqual((done.returncode, done.stdout), (127, ""))
            self.assertIn("/nonexistent/app", done.stderr)

    def test_a_filter_that_dies_lets_nothing_through(self):
        # Passes the trial run, then ends after a line.
        dying = self.write("dying", f'#!/bin/sh\nif read -r line; then echo "$line" | {STANCH} filter -q; exit 3; fi\n')
        os.chmod(dying, 0o755)
        for shell in self.each_shell():
            script = 'echo one; i=0; while [ $i -lt 20000 ]; do echo "$1"; i=$((i + 1)); done; exit 0'
            done = self.run_with(shell, "bash", "-c", script, "bash", TOKEN, env={"STANCH": dying})
            self.clean(done.stdout + done.stderr, "one\n", "not all that the command said could be passed on")
            self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
