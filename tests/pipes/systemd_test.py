"""hooks/pipes/systemd with a real user manager and a real journal, in namespaces of their own.

The manager and the journal want a /run of their own and a machine that systemd started; namespaces give them both.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

from pipes import OTHER, PIPES, STANCH, TOKEN, WITH_STANCH, Case, until

LIBRARY = next(folder for folder in ("/usr/lib/systemd", "/lib/systemd") if os.path.exists(f"{folder}/systemd"))
INSIDE = "STANCH_TEST_INSIDE"
HOME, RUNTIME = "/run/home", "/run/user-manager"
UNITS = f"{HOME}/.config/systemd/user"
# Says its last words more than a second after it was told to stop.
APP = f"""#!/bin/sh
trap 'sleep 1.2; echo "last {TOKEN}"; exit 4' TERM
echo "out {TOKEN}"
echo "err {OTHER}" >&2
while :; do sleep 0.1; done
"""


def own_group():
    """A new control group: the manager takes for its own whatever else is in the one it starts in."""
    mount = "/sys/fs/cgroup/unified" if os.path.exists("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
    with open("/proc/self/cgroup", encoding="utf-8") as groups:
        path = next(line.strip()[3:] for line in groups if line.startswith("0::"))
    group = f"{mount}{path.rstrip('/')}/stanch-test-{os.getpid()}"
    os.mkdir(group)
    return group


def within_namespaces():
    """Runs this file again, with its own mounts, processes and control groups. Returns the exit code."""
    command = ["unshare", "--mount", "--propagation", "private", "--pid", "--cgroup", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid():
        command += ["--user", "--map-root-user"]
    command += [sys.executable, os.path.abspath(__file__), *sys.argv[1:]]
    group = own_group()
    try:
        join = f'echo $$ >"{group}/cgroup.procs" && exec "$@"'
        return subprocess.run(["sh", "-c", join, "sh", *command], env={**os.environ, INSIDE: "1"}).returncode
    finally:
        until("its processes are gone", lambda: gone(group))


def gone(group):
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    return not os.path.exists(group)


def systemctl(*words):
    return subprocess.run(["systemctl", "--user", *words], capture_output=True, text=True, timeout=60)


def journal(*words):
    done = subprocess.run(["journalctl", "--directory", "/run/log/journal", "--output", "json", *words], capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def messages():
    return [entry["MESSAGE"] for entry in journal() if "last" in entry["MESSAGE"] or entry["MESSAGE"][:4] in ("out ", "err ")]


def unit(name, changes=()):
    with open(os.path.join(PIPES, "systemd", name), encoding="utf-8") as file:
        text = file.read()
    for old, new in changes:
        assert old in text, f"{name}: no {old}"
        text = text.replace(old, new)
    put(name, text)


def put(name, text):
    path = os.path.join(UNITS, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Systemd(Case):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"], check=True)
        for folder in ("/run/systemd/system", "/run/systemd/journald.conf.d", "/run/log/journal", UNITS, RUNTIME):
            os.makedirs(folder)
        os.chmod(RUNTIME, 0o700)
        os.environ.update(HOME=HOME, XDG_RUNTIME_DIR=RUNTIME, XDG_CONFIG_HOME=f"{HOME}/.config", SYSTEMD_LOG_TARGET="console")
        with open("/run/systemd/journald.conf.d/test.conf", "w", encoding="utf-8") as file:
            file.write("[Journal]\nReadKMsg=no\nAudit=no\nStorage=volatile\n")
        with open("/run/app", "w", encoding="utf-8") as file:
            file.write(APP)
        os.chmod("/run/app", 0o755)
        # Where they are in a namespace, /usr/local/bin may be anything.
        unit("stanch-filter@.socket")
        unit("stanch-filter@.service", [("/usr/local/bin/stanch", STANCH)])
        unit("app.service.d/stanch.conf")
        put("app.service", "[Service]\nExecStart=/run/app\n")
        unit("with-stanch.service", [("/usr/local/bin/with-stanch /usr/local/bin/app", f"{WITH_STANCH} /run/app")])
        put("with-stanch.service.d/here.conf", f"[Service]\nEnvironment=STANCH={STANCH}\n")
        cls.said = said = open("/run/said", "w", encoding="utf-8")
        cls.journal = subprocess.Popen([f"{LIBRARY}/systemd-journald"], stdout=said, stderr=said)
        until("the journal takes lines", lambda: os.path.exists("/run/systemd/journal/stdout"))
        cls.manager = subprocess.Popen([f"{LIBRARY}/systemd", "--user", "--unit=basic.target"], stdout=said, stderr=said)
        until("the user manager runs", lambda: cls.manager.poll() is None and systemctl("is-active", "basic.target").returncode == 0)

    @classmethod
    def tearDownClass(cls):
        for process in (cls.manager, cls.journal):
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        cls.said.close()

    def test_units_are_valid(self):
        names = ("stanch-filter@app.socket", "stanch-filter@app.service", "app.service", "with-stanch.service")
        done = subprocess.run(["systemd-analyze", "--user", "verify", *names], cwd=UNITS, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_service_with_the_drop_in(self):
        started = systemctl("start", "app.service")
        self.assertEqual(started.returncode, 0, started.stderr)
        until("it spoke", lambda: len(messages()) >= 2)
        self.assertEqual(systemctl("is-active", "stanch-filter@app.service").stdout, "active\n")
        systemctl("stop", "app.service")
        self.assertIn("ExecMainStatus=4\n", systemctl("show", "--property", "ExecMainStatus", "app.service").stdout)
        until("its last words are there", lambda: any("last" in message for message in messages()))
        until("the filter has stopped", lambda: systemctl("is-active", "stanch-filter@app.service").stdout == "inactive\n")
        entries = journal("--identifier", "app")
        # The shell says of its own that its sleep was terminated.
        said = [entry["MESSAGE"] for entry in entries if "ghp" in entry["MESSAGE"]]
        self.assertEqual(said, ["out ghp_********", "err ghp_********", "last ghp_********"])
        self.clean("".join(map(json.dumps, journal())))

    def test_a_service_under_with_stanch(self):
        started = systemctl("start", "with-stanch.service")
        self.assertEqual(started.returncode, 0, started.stderr)
        until("it spoke", lambda: len(self.under_with_stanch()) == 2)
        systemctl("stop", "with-stanch.service")
        self.assertIn("ExecMainStatus=4\n", systemctl("show", "--property", "ExecMainStatus", "with-stanch.service").stdout)
        until("its last words are there", lambda: len(self.under_with_stanch()) == 3)
        self.assertEqual(sorted(self.under_with_stanch()), ["err ghp_********", "last ghp_********", "out ghp_********"])
        self.clean("".join(map(json.dumps, journal())))

    def under_with_stanch(self):
        return [entry["MESSAGE"] for entry in journal("--identifier", "with-stanch") if "ghp" in entry["MESSAGE"]]

    def test_no_filter_no_service(self):
        shutil.copy(f"{UNITS}/stanch-filter@.socket", "/run/kept")
        os.unlink(f"{UNITS}/stanch-filter@.socket")
        try:
            systemctl("daemon-reload")
            self.assertNotEqual(systemctl("start", "app.service").returncode, 0)
        finally:
            shutil.copy("/run/kept", f"{UNITS}/stanch-filter@.socket")
            systemctl("daemon-reload")


if __name__ == "__main__":
    if not os.environ.get(INSIDE):
        sys.exit(within_namespaces())
    unittest.main()
