"""hooks/pipes/rsyslog with the real rsyslogd, which runs in a folder of its own."""

import os
import signal
import socket
import subprocess
import unittest

from pipes import OTHER, TOKEN, Case, children, until

PLAIN = """
global(workDirectory="{folder}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{folder}/log.sock")
include(file="{recipe}")
"""

ONWARDS = """
module(load="imfile")
input(type="imfile" file="{folder}/out.log" tag="" ruleset="onwards")
template(name="as-it-is" type="string" string="%msg%\\n")
ruleset(name="onwards") {{
  action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="as-it-is" action.resumeRetryCount="-1")
}}
"""


class Rsyslog(Case):
    def start(self, more=""):
        recipe = self.recipe("rsyslog/stanch.conf")
        self.config = self.write("rsyslog.conf", PLAIN.format(folder=self.folder, recipe=recipe) + more)
        subprocess.run(["rsyslogd", "-N1", "-f", self.config], check=True, capture_output=True)
        self.run_again()

    def run_again(self):
        said = open(self.path("said"), "a")
        self.addCleanup(said.close)
        command = ["rsyslogd", "-n", "-f", self.config, "-i", self.path("pid")]
        self.server = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        self.addCleanup(lambda server: server.poll() is None and server.kill(), self.server)
        until("rsyslogd listens", lambda: self.listens())

    def listens(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            return out.connect_ex(self.path("log.sock")) == 0

    def stop(self):
        self.server.terminate()
        self.assertEqual(self.ended(self.server), 0, self.read("said"))

    def written(self, part, name="out.log"):
        until(f"{part} is written", lambda: part in self.read(name))

    def filter(self):
        (pid,) = until("the filter runs", lambda: children(self.server.pid, "stanch"))
        return pid

    def test_a_token_is_taken_out_and_the_rest_stays(self):
        self.start()
        self.log(f"first {TOKEN} end")
        self.written("first")
        self.log_lines(f"two\nlines {OTHER} end")
        self.written("lines")
        self.stop()
        self.clean(self.read("out.log"), "app: first ghp_******** end\n", "app: two#012lines ghp_******** end\n")
        self.assertNotIn("may be lost", self.read("said"))

    def test_hup_and_restart_lose_nothing(self):
        self.start()
        numbers = iter(range(10_000))
        sent = []

        def say(count):
            for _ in range(count):
                sent.append(next(numbers))
                self.log(f"n={sent[-1]} {TOKEN}")

        say(20)
        self.server.send_signal(signal.SIGHUP)
        say(20)
        self.written("n=39 ")
        before = self.filter()
        # As logrotate does it.
        os.rename(self.path("out.log"), self.path("out.log.1"))
        self.server.send_signal(signal.SIGHUP)
        # The file is made with the next line.
        until("the file is opened anew", lambda: say(1) or os.path.exists(self.path("out.log")))
        self.assertEqual(self.filter(), before)
        say(20)
        # At once after the last message.
        self.stop()
        self.run_again()
        say(20)
        self.stop()
        both = self.read("out.log.1") + self.read("out.log")
        self.clean(both)
        self.assertEqual([int(line.split("n=")[1].split()[0]) for line in both.splitlines()], sent)

    def test_a_filter_that_ended_is_started_again(self):
        self.start()
        self.log("before")
        self.written("before")
        for n, number in enumerate((signal.SIGTERM, signal.SIGKILL)):
            pid = self.filter()
            os.kill(pid, number)
            until("it ended", lambda: pid not in children(self.server.pid, "stanch"))
            self.log(f"after {n} {TOKEN}")
            self.written(f"after {n} ghp_********")
        self.stop()
        self.clean(self.read("out.log"))

    def test_the_filtered_file_is_sent_on(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(30)
            self.start(ONWARDS.format(folder=self.folder, port=listener.getsockname()[1]))
            self.log(f"sent {TOKEN} on")
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(30)
                got = b""
                while b"\n" not in got:
                    chunk = peer.recv(4096)
                    self.assertTrue(chunk, "the connection ended")
                    got += chunk
            self.stop()
        self.clean(got.decode(), "app: sent ghp_******** on\n")


if __name__ == "__main__":
    unittest.main()
