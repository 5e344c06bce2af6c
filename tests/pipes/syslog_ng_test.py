"""hooks/pipes/syslog-ng with the real syslog-ng. SYSLOG_NG is the folder its package was unpacked in: beside rsyslog it cannot
be installed."""

import glob
import os
import signal
import subprocess
import unittest

from pipes import OTHER, TOKEN, Case, children, until

ROOT = os.environ["SYSLOG_NG"]
PROGRAM = os.path.join(ROOT, "usr/sbin/syslog-ng")
(MODULES,) = glob.glob(os.path.join(ROOT, "usr/lib/syslog-ng/[0-9]*"))
PLAIN = """@version: {version}
options {{ stats-freq(0); }};
source s_src {{ unix-dgram("{folder}/log.sock"); }};
@include "{recipe}"
"""


class SyslogNg(Case):
    def start(self):
        recipe = self.recipe("syslog-ng/stanch.conf")
        version = os.path.basename(MODULES)
        config = self.write("syslog-ng.conf", PLAIN.format(version=version, folder=self.folder, recipe=recipe))
        environment = {**os.environ, "LD_LIBRARY_PATH": os.path.dirname(MODULES)}
        options = [f"--module-path={MODULES}", "-f", config, "-R", self.path("persist"), "-c", self.path("control"), "-p", self.path("pid"), "--no-caps"]
        subprocess.run([PROGRAM, "--syntax-only", *options], env=environment, check=True, capture_output=True)
        said = open(self.path("said"), "a")
        self.addCleanup(said.close)
        self.server = subprocess.Popen([PROGRAM, "--foreground", *options], env=environment, stdout=said, stderr=said)
        self.addCleanup(lambda: self.server.poll() is None and self.server.kill())
        until("syslog-ng listens", lambda: os.path.exists(self.path("log.sock")))

    def written(self, part):
        until(f"{part} is written", lambda: part in self.read("out.log"))

    def filter(self):
        (pid,) = until("the filter runs", lambda: children(self.server.pid, "stanch"))
        return pid

    def test_a_token_is_taken_out_and_nothing_is_lost(self):
        self.start()
        self.log(f"first {TOKEN} end")
        self.log_lines(f"two\nlines {OTHER} end")
        self.written("lines")
        before = self.filter()
        for n in range(20):
            self.log(f"n={n} ")
        self.server.send_signal(signal.SIGHUP)
        for n in range(20, 40):
            self.log(f"n={n} ")
        self.written("n=39 ")
        self.assertEqual(self.filter(), before, "a reload leaves the filter alone")
        os.kill(before, signal.SIGKILL)
        until("another filter runs", lambda: children(self.server.pid, "stanch") not in ([], [before]))
        for n in range(40, 60):
            self.log(f"n={n} {TOKEN}")
        self.server.terminate()
        self.assertEqual(self.ended(self.server), 0, self.read("said"))
        # The filter outlives it for a moment, with what was still in the pipe.
        self.written("n=59 ")
        text = self.read("out.log")
        self.clean(text, "app: first ghp_******** end\n", "app: two\n\tlines ghp_******** end\n")
        self.assertEqual([int(line.split("n=")[1].split()[0]) for line in text.splitlines() if "n=" in line], list(range(60)))


if __name__ == "__main__":
    unittest.main()
