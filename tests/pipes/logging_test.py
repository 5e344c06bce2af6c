"""`hooks/python/stanch_logging.py` with the real logging and the real filter. STANCH is the program under test."""

import base64
import hashlib
import io
import json
import logging
import logging.config
import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "hooks", "python")]

import stanch_logging  # noqa: E402
from made_up import github, password  # noqa: E402

TOKEN, OTHER = github(1), github(2)
PASSWORD = password(3)


class Json(logging.Formatter):
    """All of a record, as formatters for machines write it."""

    def format(self, record):
        return json.dumps({name: value for name, value in vars(record).items()}, default=str)


class Case(unittest.TestCase):
    def logger(self, formatter=None, **options):
        out = io.StringIO()
        handler = logging.StreamHandler(out)
        handler.setFormatter(formatter or logging.Formatter("%(levelname)s %(message)s"))
        handler.addFilter(stanch_logging.StanchFilter(**options))
        logger = logging.Logger(self.id())
        logger.addHandler(handler)
        return logger, out

    def clean(self, text, *kept):
        for token in (TOKEN, OTHER):
            self.assertNotIn(token[8:], text)
        for part in kept:
            self.assertIn(part, text)

    def script(self, body, **environment):
        code = f"import sys; sys.path[:0] = {sys.path[:2]!r}\nTOKEN = {TOKEN!r}\n" + textwrap.dedent(body)
        return subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
        )

    def program(self, body):
        file = tempfile.NamedTemporaryFile("w", suffix=".py", delete=False)
        self.addCleanup(os.unlink, file.name)
        with file:
            file.write(f"#!{sys.executable}\n{textwrap.dedent(body)}")
        os.chmod(file.name, stat.S_IRWXU)
        return file.name


class Records(Case):
    def test_message_and_arguments(self):
        logger, out = self.logger()
        logger.warning("user %s logged in with %s", "Ada", TOKEN)
        logger.warning(f"{TOKEN} in the text")
        logger.warning("%(name)s has %(token)s", {"name": "Ada", "token": TOKEN})
        self.clean(out.getvalue(), "WARNING user Ada logged in with ghp_****", "in the text", "Ada has")

    def test_tracebacks_and_stacks(self):
        for formatter in (None, Json()):
            logger, out = self.logger(formatter)
            try:
                try:
                    raise ValueError(f"first {TOKEN}")
                except ValueError as error:
                    raise KeyError(f"second {OTHER}") from error
            except KeyError:
                logger.exception("it failed", stack_info=True)
            self.clean(out.getvalue(), "it failed", "ValueError: first ghp_", "KeyError", "Stack (most recent call last)")

    def test_extra_fields(self):
        logger, out = self.logger(Json(), skip=("trace",))
        extra = {
            "url": f"https://x.invalid/?t={TOKEN}",
            "password": PASSWORD,
            "trace": "abc",
            "deep": {"list": [OTHER, 7, None], "pair": ("a", TOKEN)},
            "n": 3,
        }
        logger.error("said", extra=extra)
        written = json.loads(out.getvalue())
        self.clean(out.getvalue())
        self.assertNotIn(PASSWORD, out.getvalue())
        self.assertEqual((written["trace"], written["n"], written["deep"]["list"][1:]), ("abc", 3, [7, None]))
        self.assertEqual(written["deep"]["pair"][0], "a")

    def test_skipped_fields_stay(self):
        logger, out = self.logger(logging.Formatter("%(message)s %(sha)s"), skip=("sha",))
        logger.error("said", extra={"sha": OTHER})
        self.assertEqual(out.getvalue(), f"said {OTHER}\n")

    def test_strange_messages(self):
        logger, out = self.logger(logging.Formatter("%(message)s"))
        messages = ["", "\0", f"a\0b {TOKEN}\0", "two\nlines", "\ud800 alone", "ä€😀", 7, None, "100 %"]
        for message in messages:
            logger.error(message)
        lines = out.getvalue()
        self.clean(lines, "a\0b ghp_********\0\n", "two\nlines\n", "\ud800 alone\n", "ä€😀\n7\nNone\n100 %\n")

    def test_a_message_that_cannot_be_formatted(self):
        logger, out = self.logger()
        logger.error("%d and %d", TOKEN)
        self.clean(out.getvalue(), "could not be formatted", "%d and %d")

    def test_a_large_message(self):
        logger, out = self.logger(logging.Formatter("%(message)s"))
        words = "lorem ipsum " * 90_000
        logger.error(f"{words}{TOKEN} {words}")
        self.clean(out.getvalue(), words)
        self.assertGreater(len(out.getvalue()), 2_000_000)

    def test_the_name_of_a_filter_counts(self):
        record = logging.makeLogRecord({"name": "other", "msg": "x"})
        self.assertFalse(stanch_logging.StanchFilter("mine").filter(record))

    def test_options(self):
        self.assertIn("github-pat", stanch_logging.redact(f"x {TOKEN}", options="--mode tag"))
        with self.assertRaises(ValueError):
            stanch_logging.StanchFilter(options=["--mode", "drop-line"])

    def test_a_key_that_does_not_end_holds_nothing_up(self):
        begin = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA"
        logger, out = self.logger(timeout=2.0)
        logger.error(begin)
        time.sleep(stanch_logging._PAUSE)
        logger.error("next")
        self.assertNotIn("MIIEpA", out.getvalue())
        self.assertIn("ERROR next\n", out.getvalue())

    def test_a_key_that_is_logged_line_by_line(self):
        lines = [base64.b64encode(hashlib.sha512(bytes([n])).digest()[:48]).decode() for n in range(8)]
        logger, out = self.logger()
        for line in ["-----BEGIN RSA " + "PRIVATE KEY-----", *lines, "-----END RSA " + "PRIVATE KEY-----", "next"]:
            logger.error("%s", line)
        for line in lines:
            self.assertNotIn(line, out.getvalue())
        self.assertIn("ERROR next\n", out.getvalue())

    def test_dict_config(self):
        done = self.script(
            """
            import logging.config
            logging.config.dictConfig({
                "version": 1,
                "filters": {"stanch": {"()": "stanch_logging.StanchFilter", "options": ["--mode", "tag"]}},
                "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "filters": ["stanch"]}},
                "root": {"handlers": ["out"]},
            })
            logging.error("with %s", TOKEN)
            """
        )
        self.clean(done.stdout + done.stderr, "github-pat")
        self.assertEqual(done.returncode, 0, done.stderr)


class Processes(Case):
    def test_threads(self):
        logger, out = self.logger(logging.Formatter("%(message)s"))

        def work(n):
            for i in range(100):
                logger.error("thread %d record %d %s", n, i, TOKEN)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wanted = sorted(f"thread {n} record {i} ghp_********" for n in range(8) for i in range(100))
        self.assertEqual(sorted(out.getvalue().splitlines()), wanted)

    def test_forks(self):
        done = self.script(
            """
            import logging, os, stanch_logging
            handler = logging.StreamHandler(sys.stdout)
            handler.addFilter(stanch_logging.StanchFilter())
            logging.getLogger().addHandler(handler)
            engine = next(iter(stanch_logging._engines.values()))
            logging.error("parent %s", TOKEN)
            first = engine._child.pid
            for n in range(3):
                child = os.fork()
                if child == 0:
                    for i in range(50):
                        logging.error("child %d %d %s", n, i, TOKEN)
                    sys.stdout.flush()
                    assert engine._child.pid != first
                    sys.exit(0)
                for i in range(50):
                    logging.error("parent %d %d %s", n, i, TOKEN)
                assert os.waitpid(child, 0)[1] == 0
            assert engine._child.pid == first
            """
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.clean(done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 301)

    def test_a_dead_filter_is_restarted(self):
        logger, out = self.logger()
        logger.error("one")
        child = logger.handlers[0].filters[0]._engine._child
        child.kill()
        child.wait()
        logger.error("two %s", TOKEN)
        self.clean(out.getvalue(), "ERROR one\nERROR two ghp_****")

    def test_nothing_is_left_at_exit(self):
        done = self.script(
            """
            import stanch_logging
            stanch_logging.redact("x")
            print(next(iter(stanch_logging._engines.values()))._child.pid)
            """
        )
        with self.assertRaises(ProcessLookupError):
            os.kill(int(done.stdout), 0)

    def test_an_interrupt_in_the_middle_mixes_nothing_up(self):
        slow = self.program(
            """
            import os, sys, time
            text = b""
            while not text.endswith(b"\\0"):
                text += os.read(0, 65536)
            time.sleep(30)
            """
        )
        engine = stanch_logging._Engine(slow, [], 20.0)
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            engine.ask(["one"])
        self.assertIsNone(engine._child)


class Failures(Case):
    def failing(self, **options):
        logger, out = self.logger(Json(), **options)
        err, sys.stderr = sys.stderr, io.StringIO()
        try:
            try:
                raise ValueError(TOKEN)
            except ValueError:
                logger.exception("with %s", TOKEN, extra={"url": TOKEN, "list": [OTHER], "n": 1}, stack_info=True)
            logger.error("again")
            return out.getvalue(), sys.stderr.getvalue()
        finally:
            sys.stderr = err

    def withheld(self, binary, reason, **options):
        out, err = self.failing(binary=binary, **options)
        self.clean(out + err, stanch_logging.WITHHELD)
        self.assertEqual(json.loads(out.splitlines()[0])["n"], 1)
        self.assertEqual(err, f"stanch_logging: records are withheld: {reason}\n")

    def test_no_program(self):
        self.withheld("/nonexistent/stanch", "No such file or directory")

    def test_a_program_that_ends(self):
        self.withheld(self.program("import sys; sys.exit(3)"), "the filter ended")

    def test_a_program_that_does_not_answer(self):
        self.withheld(self.program("import time; time.sleep(60)"), "the filter did not answer in time", timeout=0.3)

    def test_a_program_that_says_too_much(self):
        program = self.program(
            """
            import os
            while os.read(0, 65536):
                os.write(1, b"x\\0" * 50)
            """
        )
        self.withheld(program, "the filter answered more than was asked")

    def test_a_field_that_is_no_longer_json(self):
        program = self.program(
            """
            import os
            while True:
                text = os.read(0, 65536)
                if not text:
                    break
                os.write(1, b"x\\0" * text.count(b"\\0"))
            """
        )
        self.withheld(program, "no valid answer")

    def test_open_on_request_only(self):
        out, err = self.failing(binary="/nonexistent/stanch", fail_open=True)
        self.assertIn(TOKEN, out)
        self.assertIn("records pass as they are", err)

    def test_redact_says_so(self):
        with self.assertRaises(stanch_logging.StanchError) as caught:
            stanch_logging.redact(TOKEN, binary="/nonexistent/stanch")
        self.clean(str(caught.exception))

    def test_without_stanch_in_the_path(self):
        done = self.script("import stanch_logging; stanch_logging.redact(TOKEN)", STANCH="", PATH="/nonexistent")
        self.clean(done.stderr, "set STANCH to its path")


if __name__ == "__main__":
    unittest.main()
