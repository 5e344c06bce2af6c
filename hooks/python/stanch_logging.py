"""Takes secrets out of the records of Python's logging, with `stanch filter` as the engine.

    handler.addFilter(stanch_logging.StanchFilter())

One `stanch filter -z` runs beside the process and answers record by record. What could not be judged is withheld: the
record then says so and nothing else, unless `fail_open=True` was asked for. Needs Python 3.9 and nothing else.

Start with `StanchFilter`; `redact` does the same for a text.
"""

import atexit
import json
import logging
import os
import selectors
import shlex
import shutil
import subprocess
import sys
import threading
import time

__all__ = ["StanchError", "StanchFilter", "redact"]

WITHHELD = "[stanch: withheld, the filter did not answer]"

_CHUNK = 1 << 16
_PAUSE = 1.0
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_TRACEBACKS = logging.Formatter()


class StanchError(Exception):
    """The filter could not be run, or did not answer. Holds nothing of the text."""


class _Engine:
    """One `stanch filter -z` for this process; any number of threads may ask."""

    def __init__(self, binary, options, timeout):
        if any("drop-line" in option for option in options):
            raise ValueError("--mode drop-line leaves records out, and each needs an answer")
        self._command, self._options, self._timeout = binary, list(options), timeout
        self._child, self._busy, self._not_before = None, False, 0.0
        self._lock = threading.RLock()

    def ask(self, texts):
        """What each of the texts becomes. StanchError if that can't be known."""
        with self._lock:
            # A signal handler that logs in the middle of an exchange must not speak into it.
            if self._busy:
                raise StanchError("asked again in the middle of an answer")
            self._busy = True
            try:
                return self._with_one_restart(texts)
            finally:
                self._busy = False

    def _with_one_restart(self, texts):
        if self._child is None and time.monotonic() < self._not_before:
            raise StanchError("the filter failed a moment ago")
        try:
            try:
                return [self._text(text) for text in texts]
            except StanchError:
                return [self._text(text) for text in texts]
        except StanchError:
            self._not_before = time.monotonic() + _PAUSE
            raise

    def _text(self, text):
        # A zero byte ends a record, so those of the text stay here.
        return "\0".join(part and self._once(part.encode("utf-8", "surrogatepass")) for part in text.split("\0"))

    def _once(self, asked):
        try:
            if self._child is None:
                self._child = self._start()
            return self._talk(asked).decode("utf-8", "surrogatepass")
        except (OSError, UnicodeDecodeError) as error:
            self.drop()
            raise StanchError(getattr(error, "strerror", None) or "the filter ended") from None
        except BaseException:
            # Also an interrupt: what is still to come would be taken for the answer to another text.
            self.drop()
            raise

    def _start(self):
        binary = self._command or os.environ.get("STANCH") or shutil.which("stanch")
        if not binary:
            raise StanchError("stanch is not in the search path; set STANCH to its path")
        # A session of its own: a Ctrl-C means the program, not its filter.
        child = subprocess.Popen(
            [binary, "filter", "--null-data", "--quiet", *self._options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, start_new_session=True,
        )
        os.set_blocking(child.stdin.fileno(), False)
        os.set_blocking(child.stdout.fileno(), False)
        return child

    def _talk(self, asked):
        """Sends a record and waits for the answer. Writes and reads at once: neither pipe can fill up while the other waits."""
        child, left, answer = self._child, memoryview(asked + b"\0"), bytearray()
        deadline = time.monotonic() + self._timeout
        with selectors.DefaultSelector() as ready:
            ready.register(child.stdin, selectors.EVENT_WRITE)
            ready.register(child.stdout, selectors.EVENT_READ)
            while left or not answer.endswith(b"\0"):
                events = ready.select(max(0.0, deadline - time.monotonic()))
                if not events:
                    raise StanchError("the filter did not answer in time")
                for key, _ in events:
                    if key.fileobj is child.stdin:
                        left = left[os.write(child.stdin.fileno(), left[:_CHUNK]):]
                        if not left:
                            ready.unregister(child.stdin)
                        continue
                    chunk = os.read(child.stdout.fileno(), _CHUNK)
                    if not chunk:
                        raise StanchError("the filter ended")
                    answer += chunk
        if answer.count(b"\0") > 1:
            raise StanchError("the filter answered more than was asked")
        return bytes(answer[:-1])

    def drop(self):
        """Ends the child at once."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            _close(child)
            child.wait()

    def close(self):
        """Ends the child in good order."""
        with self._lock:
            child, self._child = self._child, None
            if child is None:
                return
            _close(child)
            try:
                child.wait(1)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def forget(self):
        """After a fork the child is the parent's: another one is started when there is something to ask."""
        child, self._child = self._child, None
        if child is not None:
            _close(child)
            # It cannot be waited for here, and Popen must not try.
            child.returncode = 0
        self._lock, self._busy = threading.RLock(), False


def _close(child):
    for pipe in (child.stdin, child.stdout):
        try:
            pipe.close()
        except OSError:
            pass


_engines = {}
_engines_lock = threading.Lock()


def _engine(binary, options, timeout):
    key = (binary, tuple(options), timeout)
    with _engines_lock:
        if key not in _engines:
            _engines[key] = _Engine(*key)
        return _engines[key]


def _close_all():
    for engine in list(_engines.values()):
        engine.close()


def _after_fork():
    global _engines_lock
    _engines_lock = threading.Lock()
    for engine in list(_engines.values()):
        engine.forget()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def redact(text, *, binary=None, options=(), timeout=5.0):
    """The text without its secrets. StanchError if that can't be known."""
    return _engine(binary, _words(options), timeout).ask([text])[0]


def _words(options):
    return shlex.split(options) if isinstance(options, str) else list(options)


class StanchFilter(logging.Filter):
    """Takes secrets out of records, on a handler (for all that passes it) or on a logger (for what is logged there).

    It never holds a record back. The message is formatted and `args` are cleared; of `exc_info` the text of the traceback
    stays, in `exc_text`; `stack_info` and the strings in extra fields, in lists and dictionaries too, are gone through.
    Other objects in extra fields stay as they are.

    binary     path of stanch; else the environment's STANCH, else `stanch` of the search path
    options    more options of `stanch filter`, a list or a string: "--mode tag"
    skip       names of extra fields to leave alone
    timeout    seconds to wait for an answer
    fail_open  pass records as they are when the filter does not answer
    """

    def __init__(self, name="", *, binary=None, options=(), skip=(), timeout=5.0, fail_open=False):
        super().__init__(name)
        self._engine = _engine(binary, _words(options), timeout)
        self._skip, self._fail_open, self._told = frozenset(skip), fail_open, False

    def filter(self, record):
        if not super().filter(record):
            return False
        fields = self._extra(record)
        try:
            self._redact(record, fields)
            self._told = False
        except (StanchError, ValueError, RecursionError) as error:
            self._tell(error)
            if not self._fail_open:
                _withhold(record, fields)
        return True

    def _extra(self, record):
        extra = (name for name in vars(record) if name not in _STANDARD and name not in self._skip)
        return [name for name in extra if isinstance(getattr(record, name), (str, dict, list, tuple))]

    def _redact(self, record, fields):
        told = record.exc_text
        if record.exc_info and not told:
            told = _TRACEBACKS.formatException(record.exc_info)
        texts, owners = [_message(record)], ["msg"]
        for name, text in (("exc_text", told), ("stack_info", record.stack_info)):
            if text:
                texts.append(str(text))
                owners.append(name)
        leaves = [leaf for name in fields for leaf in _leaves(name, getattr(record, name))]
        # With its name: `password` says what the value is.
        texts += [json.dumps({name: text}, ensure_ascii=False) for name, text in leaves]
        answers = self._engine.ask(texts)
        # First all is known, then the record changes.
        said = iter([_value(answer) for answer in answers[len(owners):]])
        changed = {name: _rebuilt(getattr(record, name), said) for name in fields}
        changed.update(zip(owners, answers))
        vars(record).update(changed, args=None, exc_info=None)
        vars(record).pop("message", None)

    def _tell(self, error):
        if not self._told:
            self._told = True
            what = "records pass as they are" if self._fail_open else "records are withheld"
            print(f"stanch_logging: {what}: {error if isinstance(error, StanchError) else 'no valid answer'}", file=sys.stderr)


def _message(record):
    try:
        return record.getMessage()
    except Exception:
        # The handler would print the arguments, which nobody looked at.
        return f"{record.msg!s} (could not be formatted with {record.args!r})"


def _leaves(name, value):
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(str(key), inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(name, inner)


def _rebuilt(value, said):
    if isinstance(value, str):
        return next(said)
    if isinstance(value, dict):
        return {key: _rebuilt(inner, said) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rebuilt(inner, said) for inner in value]
    return value


def _value(answer):
    (value,) = json.loads(answer).values()
    if not isinstance(value, str):
        raise ValueError
    return value


def _withhold(record, fields):
    record.msg, record.args = WITHHELD, None
    record.exc_info = record.exc_text = record.stack_info = None
    vars(record).pop("message", None)
    for name in fields:
        setattr(record, name, WITHHELD)
