"""What the tests of CI are made of: repositories made by real git, tokens made up at run time, and servers on loopback."""

import base64
import http.server
import json
import os
import random
import re
import subprocess
import tarfile
import tempfile
import threading
import urllib.parse
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STANCH = os.environ["STANCH"]
ZERO = "0" * 40
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def token(seed):
    """A token of GitHub with the right checksum, the same for a seed. None stands in a file, so no scanner fires on it."""
    chosen = random.Random(seed)
    body = "".join(chosen.choice(DIGITS) for _ in range(30))
    value, end = zlib.crc32(body.encode()), ""
    for _ in range(6):
        end = DIGITS[value % 62] + end
        value //= 62
    return "gh" + "p_" + body + end


def clean_environment(home):
    """An environment with nothing of the one that runs the tests but the search path."""
    return {"PATH": os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


class World:
    """A server with a repository, somebody who pushes to it, and the folder of a job."""

    def __init__(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.home = self.folder("home")
        self.server, self.work = self.at("server.git"), self.at("work")
        self.git(self.scratch.name, "init", "-q", "--bare", "-b", "main", self.server)
        self.git(self.server, "config", "uploadpack.allowAnySHA1InWant", "true")
        self.git(self.server, "config", "uploadpack.allowFilter", "true")
        self.git(self.scratch.name, "init", "-q", "-b", "main", self.work)
        self.git(self.work, "remote", "add", "origin", "file://" + self.server)
        self.clones = 0

    def close(self):
        self.scratch.cleanup()

    def at(self, name):
        return os.path.join(self.scratch.name, name)

    def folder(self, name):
        os.makedirs(self.at(name), exist_ok=True)
        return self.at(name)

    def git(self, folder, *args):
        env = dict(clean_environment(self.home), GIT_AUTHOR_NAME="T", GIT_AUTHOR_EMAIL="t@example.invalid",
                   GIT_COMMITTER_NAME="T", GIT_COMMITTER_EMAIL="t@example.invalid")
        done = subprocess.run(["git", *args], cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"git {args}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, files, message="change"):
        """Commits files of the work tree; its id. Content None removes a file."""
        for name, content in files.items():
            path = os.path.join(self.work, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if content is None:
                os.remove(path)
            else:
                open(path, "w", encoding="utf-8").write(content)
        self.git(self.work, "add", "-A")
        self.git(self.work, "commit", "-q", "--allow-empty", "-m", message)
        return self.git(self.work, "rev-parse", "HEAD")

    def push(self, *refs):
        self.git(self.work, "push", "-q", "--force", "origin", *refs)

    def checkout(self, sha, ref, *options, depth=1):
        """Checks out a commit as actions/checkout does: `ref` is where it is kept, such as refs/remotes/origin/main."""
        self.clones += 1
        job = self.folder(f"job{self.clones}")
        self.git(job, "init", "-q", "-b", "main")
        self.git(job, "remote", "add", "origin", "file://" + self.server)
        if options:
            self.git(job, "config", "remote.origin.promisor", "true")
            self.git(job, "config", "remote.origin.partialclonefilter", "blob:none")
        # What actions/checkout leaves there is no leak of the repository.
        secret = base64.b64encode(f"x-access-token:{token(9)}".encode()).decode()
        self.git(job, "config", "http.https://github.invalid/.extraheader", f"AUTHORIZATION: basic {secret}")
        how = [f"--depth={depth}"] if depth else []
        self.git(job, "fetch", "-q", "--no-tags", *how, *options, "origin", f"+{sha}:{ref}")
        branch = ref.removeprefix("refs/remotes/origin/")
        if branch == ref:
            self.git(job, "checkout", "-q", "--force", ref)
        else:
            self.git(job, "checkout", "-q", "--force", "-B", branch, ref)
        return job


def event(name, **fields):
    """A recorded event with the ids of real commits in it; fields are paths with `__` between."""
    payload = json.load(open(os.path.join(ROOT, "testdata/events", name + ".json"), encoding="utf-8"))
    for path, value in fields.items():
        *above, last = path.split("__")
        part = payload
        for step in above:
            part = part[int(step)] if isinstance(part, list) else part[step]
        part[last] = value
    return payload


class Server:
    """A server on loopback: files, and as much of GitHub's API as comments need."""

    def __init__(self):
        self.files, self.comments, self.asked = {}, [], []
        self.may_write, self.token = True, "made-up"
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def answer(self, status, value, kind="application/json"):
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle_any(self):
                url = urllib.parse.urlsplit(self.path)
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size)) if size else None
                outer.asked.append((self.command, self.path, self.headers.get("Authorization")))
                if self.command == "GET" and url.path in outer.files:
                    return self.answer(200, outer.files[url.path], "application/octet-stream")
                if not url.path.startswith("/repos/octo-org/octo-repo/issues/"):
                    return self.answer(404, {"message": "Not Found"})
                if self.headers.get("Authorization") != "Bearer " + outer.token:
                    return self.answer(401, {"message": "Bad credentials"})
                if self.command != "GET" and not outer.may_write:
                    return self.answer(403, {"message": "Resource not accessible by integration"})
                return outer.api(self, url, body)

            do_GET = do_POST = do_PATCH = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def api(self, handler, url, body):
        query = dict(urllib.parse.parse_qsl(url.query))
        if handler.command == "GET" and url.path.endswith("/issues/2/comments"):
            size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
            return handler.answer(200, self.comments[(page - 1) * size:page * size])
        if handler.command == "POST" and url.path.endswith("/issues/2/comments"):
            if len(body["body"]) > 65536:
                return handler.answer(422, {"message": "body is too long (maximum is 65536 characters)"})
            self.add(body["body"], "github-actions[bot]", "Bot")
            return handler.answer(201, self.comments[-1])
        found = re.search(r"/issues/comments/(\d+)$", url.path)
        if handler.command == "PATCH" and found:
            comment = next(c for c in self.comments if c["id"] == int(found.group(1)))
            comment["body"] = body["body"]
            return handler.answer(200, comment)
        return handler.answer(404, {"message": "Not Found"})

    def add(self, body, login="octocat", kind="User"):
        self.comments.append({"id": 1000 + len(self.comments), "user": {"login": login, "type": kind}, "body": body})

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def archive(version, script):
    """The archive of a release whose program is a script."""
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "stanch")
        open(path, "w", encoding="utf-8").write(script)
        os.chmod(path, 0o755)
        packed = os.path.join(scratch, "a.tar.gz")
        with tarfile.open(packed, "w:gz") as tar:
            tar.add(path, f"stanch-{version}/stanch")
        return open(packed, "rb").read()
