"""The action in action/, run by a small runner that reads the real action.yml, with recorded events, against repositories of real git.

`STANCH=target/debug/stanch python3 tests/action/test_action.py` runs it; tests/it/action.rs does so for the suite.
"""

import hashlib
import json
import os
import re
import subprocess
import tempfile
import unittest

import yaml

from runner import run_action
from world import ROOT, STANCH, ZERO, Server, World, archive, clean_environment, event, token

ACTION = os.path.join(ROOT, "action")
VERSION = "1.2.3"
NAME = f"stanch-{VERSION}-x86_64-unknown-linux-gnu.tar.gz"
ARCHIVE = archive(VERSION, f'#!/bin/sh\nexec "{STANCH}" "$@"\n')


class Case(unittest.TestCase):
    """A repository with one commit, in which a secret stands already, and servers."""

    def setUp(self):
        self.world, self.server = World(), Server()
        self.addCleanup(self.world.close)
        self.addCleanup(self.server.close)
        self.server.files[f"/{NAME}"] = ARCHIVE
        self.sums = self.world.at("sums.txt")
        self.write_sums(hashlib.sha256(ARCHIVE).hexdigest())
        self.first = self.world.commit({"old.txt": f"first\nold = {token(1)}\nlast\n"}, "begin")
        self.world.push("main")

    def write_sums(self, digest, name=NAME):
        with open(self.sums, "w", encoding="utf-8") as file:
            file.write(f"# sums\n{'0' * 64}  stanch-1.2.2-x86_64-unknown-linux-gnu.tar.gz\n{digest}  {name}\n")

    def act(self, job, name, payload, inputs=None, base=None, **environment):
        """Runs the action in the folder of a job that an event started."""
        file = self.world.at("event.json")
        with open(file, "w", encoding="utf-8") as out:
            out.write(payload if isinstance(payload, str) else json.dumps(payload))
        temp = self.world.folder("temp")
        env = dict(clean_environment(self.world.home), GITHUB_ACTIONS="true", CI="true", GITHUB_EVENT_NAME=name, GITHUB_EVENT_PATH=file,
                   GITHUB_WORKSPACE=job, RUNNER_TEMP=temp, GITHUB_REPOSITORY="octo-org/octo-repo", GITHUB_API_URL=self.server.url,
                   GITHUB_SERVER_URL="https://github.invalid", GITHUB_BASE_REF=base or "")
        env.update(environment)
        inputs = {"version": VERSION, "checksums": self.sums, "download-url": f"{self.server.url}/{NAME}", **(inputs or {})}
        github = {"token": self.server.token, "action_repository": "octo-org/stanch"}
        result = run_action(ACTION, inputs, env, github)
        for seed in range(1, 10):
            self.assertNotIn(token(seed), result.log + result.summary if inputs.get("redact") != "false" else result.summary)
        self.assertNotIn(self.server.token, result.log)
        for command, _, _ in result.commands:
            self.assertIn(command, ("error", "warning", "notice"))
        return result

    def says(self, result, code, new, known=0, complete=True):
        """Checks the outputs and whether the job fails."""
        expected = {"exit-code": str(code), "findings": str(new + known), "new-findings": str(new), "live": "unknown",
                    "complete": str(complete).lower()}
        self.assertEqual({name: result.outputs[name] for name in expected}, expected, result.log)
        self.assertEqual(result.failed, code != 0, result.log)

    def fails(self, result, *words):
        """Checks that there was no scan, and that it is said why."""
        self.assertTrue(result.failed)
        for word in words:
            self.assertIn(word, result.log)
        self.assertIn(result.outputs["complete"], ("", "false"))
        self.assertNotEqual(result.outputs["exit-code"], "0")

    def push_event(self, before, after, branch="main", **fields):
        return event("push", before=before, after=after, ref=f"refs/heads/{branch}", **fields)

    def request(self, kind="pull_request", fork=False):
        """A pull request of two commits, of which the second takes out what the first added, and the merge that is checked out."""
        world = self.world
        world.git(world.work, "checkout", "-q", "-b", "changes", self.first)
        leak = world.commit({"new.txt": f"one\nnew = {token(2)}\n"}, "leak")
        head = world.commit({"new.txt": "one\n"}, "take it out")
        world.git(world.work, "checkout", "-q", "main")
        base = world.commit({"main.txt": f"{token(3)}\n"}, "meanwhile")
        world.git(world.work, "checkout", "-q", "-b", "merge")
        world.git(world.work, "merge", "-q", "--no-ff", "-m", "merge", head)
        merge = world.git(world.work, "rev-parse", "HEAD")
        world.push("main", f"{head}:refs/pull/2/head", f"{merge}:refs/pull/2/merge")
        payload = event("pull_request-fork" if fork else kind, pull_request__base__sha=base, pull_request__head__sha=head,
                        pull_request__commits=2)
        return payload, merge, base, head, leak


class Events(Case):
    """Each event is scanned for what it is about."""

    def test_a_push_is_scanned_for_what_it_adds(self):
        for n in range(80):
            before = self.world.commit({}, f"quiet {n}")
        bad = self.world.commit({"new.txt": f"x\nkey = {token(2)}\n"})
        self.world.push("main")
        job = self.world.checkout(bad, "refs/remotes/origin/main")
        result = self.act(job, "push", self.push_event(before, bad))
        self.says(result, 1, 1)
        self.assertEqual([c[0] for c in result.commands], ["error"], result.log)
        self.assertIn("file=new.txt", result.commands[0][1])
        self.assertIn("line=2", result.commands[0][1])
        self.assertIn("github-pat", result.summary)
        self.assertIn(f"{before[:12]}", result.summary)
        self.assertIn(f"{bad[:12]}:new.txt:2", result.log)
        # No deeper than needed.
        self.assertEqual(self.world.git(job, "rev-parse", "--is-shallow-repository"), "true")
        self.assertLess(int(self.world.git(job, "rev-list", "--count", "HEAD")), 60)
        good = self.world.commit({"good.txt": "x\n"})
        self.world.push("main")
        result = self.act(self.world.checkout(good, "refs/remotes/origin/main"), "push", self.push_event(bad, good))
        self.says(result, 0, 0)
        self.assertEqual(result.commands, [])

    def test_many_commits_reach_behind_a_shallow_clone(self):
        bad = self.world.commit({"new.txt": f"{token(2)}\n"})
        for n in range(120):
            last = self.world.commit({}, f"quiet {n}")
        self.world.push("main")
        job = self.world.checkout(last, "refs/remotes/origin/main")
        result = self.act(job, "push", self.push_event(self.first, last))
        self.says(result, 1, 1)
        self.assertIn(f"{bad[:12]}:new.txt:1", result.log)

    def test_a_first_push_of_a_branch_adds_what_the_default_branch_has_not(self):
        world = self.world
        world.git(world.work, "checkout", "-q", "-b", "topic")
        one = world.commit({"topic.txt": f"{token(2)}\n"})
        world.git(world.work, "branch", "other")
        two = world.commit({"more.txt": f"{token(3)}\n"})
        # Pushed at once: neither is old because the other has it.
        world.push("topic", "other")
        job = world.checkout(two, "refs/remotes/origin/topic")
        self.says(self.act(job, "push", event("push-new-branch", after=two, ref="refs/heads/topic")), 1, 2)
        job = world.checkout(one, "refs/remotes/origin/other")
        self.says(self.act(job, "push", event("push-new-branch", after=one, ref="refs/heads/other")), 1, 1)
        world.git(world.work, "tag", "v1", two)
        world.push("v1")
        job = world.checkout(two, "refs/tags/v1")
        self.says(self.act(job, "push", event("push-tag", after=two)), 1, 2)
        # Of the default branch all is new.
        job = world.checkout(self.first, "refs/remotes/origin/main")
        self.says(self.act(job, "push", self.push_event(ZERO, self.first)), 1, 1)
        tag = self.act(job, "push", event("push-tag", after=self.first))
        self.says(tag, 0, 0)
        self.assertIn("othing to scan", tag.log)

    def test_a_forced_push(self):
        world = self.world
        old = world.commit({"a.txt": "a\n"})
        world.push("main")
        world.git(world.work, "reset", "-q", "--hard", self.first)
        new = world.commit({"b.txt": f"{token(2)}\n"})
        world.push("main")
        payload = event("push-forced", before=old, after=new)
        self.says(self.act(world.checkout(new, "refs/remotes/origin/main"), "push", payload), 1, 1)
        # The old end is gone: all that the branch has counts as new.
        gone = event("push-forced", before="1" * 40, after=new)
        result = self.act(world.checkout(new, "refs/remotes/origin/main"), "push", gone)
        self.says(result, 1, 2)
        self.assertIn("neither here nor can it be fetched", result.log)

    def test_a_branch_that_is_deleted(self):
        job = self.world.checkout(self.first, "refs/remotes/origin/main")
        result = self.act(job, "push", event("push-deleted", before=self.first))
        self.says(result, 0, 0)
        self.assertIn("nothing to scan: refs/heads/topic was deleted", result.log)

    def test_a_pull_request_is_scanned_for_its_commits(self):
        payload, merge, base, head, leak = self.request()
        job = self.world.checkout(merge, "refs/remotes/pull/2/merge")
        result = self.act(job, "pull_request", payload, base="main")
        self.says(result, 1, 1)
        self.assertIn(f"{leak[:12]}:new.txt:2", result.log)
        self.assertIn(f"commits {base[:12]}..{head[:12]}: pull request 2", result.log)

    def test_the_default_branch_is_checked_out_for_pull_request_target(self):
        payload, _, base, _, _ = self.request()
        job = self.world.checkout(base, "refs/remotes/origin/main")
        result = self.act(job, "pull_request_target", payload, {"upload-sarif": "true"}, base="main")
        self.says(result, 1, 1)
        self.assertFalse(os.path.exists(os.path.join(job, "new.txt")))
        # Code scanning gets what the pull request adds, as what is checked out is something else.
        sarif = json.load(open(result.outputs["sarif"], encoding="utf-8"))
        places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for run in sarif["runs"] for r in run["results"]]
        self.assertEqual(places, ["new.txt"])

    def test_a_merge_queue(self):
        _, merge, base, _, _ = self.request()
        self.world.push(f"{merge}:refs/heads/gh-readonly-queue/main/pr-2")
        job = self.world.checkout(merge, "refs/remotes/origin/gh-readonly-queue/main/pr-2")
        payload = event("merge_group", merge_group__base_sha=base, merge_group__head_sha=merge)
        self.says(self.act(job, "merge_group", payload), 1, 1)

    def test_what_is_about_no_commits_is_scanned_as_a_whole(self):
        _, merge, _, _, _ = self.request()
        self.world.push(f"{merge}:refs/heads/main")
        for name in ("schedule", "workflow_dispatch", "release", "issue_comment"):
            job = self.world.checkout(merge, "refs/remotes/origin/main")
            result = self.act(job, name, event(name))
            self.says(result, 1, 3)
            self.assertIn(f"the whole history: ", result.log)
            self.assertEqual(self.world.git(job, "rev-parse", "--is-shallow-repository"), "false")

    def test_a_workflow_run(self):
        _, merge, base, head, _ = self.request()
        job = self.world.checkout(base, "refs/remotes/origin/main")
        payload = event("workflow_run", workflow_run__head_sha=head, workflow_run__pull_requests__0__base__sha=base)
        self.says(self.act(job, "workflow_run", payload), 1, 1)
        # Of a fork no base is named.
        payload = event("workflow_run", workflow_run__head_sha=head, workflow_run__pull_requests=[])
        self.says(self.act(self.world.checkout(base, "refs/remotes/origin/main"), "workflow_run", payload), 1, 1)

    def test_ends_that_are_chosen(self):
        head = self.world.commit({"new.txt": f"{token(2)}\n"})
        self.world.push("main")
        job = self.world.checkout(head, "refs/remotes/origin/main")
        self.says(self.act(job, "schedule", event("schedule"), {"base": self.first}), 1, 1)
        result = self.act(job, "schedule", event("schedule"), {"base": head, "head": "HEAD"})
        self.fails(result, "are the same commit")
        self.fails(self.act(job, "schedule", event("schedule"), {"base": "--upload-pack=touch pwned"}), "hint: ")
        self.assertFalse(os.path.exists(os.path.join(job, "pwned")))

    def test_a_partial_clone_gets_what_the_range_needs(self):
        payload, merge, _, _, leak = self.request()
        job = self.world.checkout(merge, "refs/remotes/pull/2/merge", "--filter=blob:none", depth=0)
        result = self.act(job, "pull_request", payload, base="main")
        self.says(result, 1, 1)
        self.assertIn(f"{leak[:12]}:new.txt:2", result.log)

    def test_what_cannot_be_fetched_is_a_gap(self):
        before = self.world.commit({"old.txt": None, "a.txt": "a\n"})
        head = self.world.commit({"b.txt": "b\n"})
        self.world.push("main")
        job = self.world.checkout(head, "refs/remotes/origin/main")
        self.world.git(job, "remote", "set-url", "origin", f"https://user:{token(5)}@127.0.0.1:1/x.git")
        result = self.act(job, "push", self.push_event(before, head))
        self.says(result, 3, 0, complete=False)
        self.assertIn("cannot be fetched", result.log)
        self.says(self.act(job, "schedule", event("schedule")), 3, 0, complete=False)


class Inputs(Case):
    """What inputs do, and what is wrong with them."""

    def setUp(self):
        super().setUp()
        self.head = self.world.commit({"new.txt": f"new = {token(2)}\n"})
        self.world.push("main")
        self.job = self.world.checkout(self.head, "refs/remotes/origin/main", depth=0)
        self.push = self.push_event(self.first, self.head)

    def test_an_event_with_missing_fields_is_an_error_that_names_them(self):
        for path in ("before", "after", "ref"):
            payload = dict(self.push)
            del payload[path]
            self.fails(self.act(self.job, "push", payload), f"the push event in {self.world.at('event.json')} has no `{path}`", "hint: ")
        for broken in ("", "{", "[]", json.dumps(dict(self.push, after="$(touch pwned)"))):
            self.fails(self.act(self.job, "push", broken), "error: ")
        self.fails(self.act(self.job, "push", "{}", GITHUB_EVENT_PATH="/nowhere/event.json"), "cannot read the event in /nowhere/event.json")
        self.fails(self.act(self.job, "", self.push), "GITHUB_EVENT_NAME is not set")

    def test_a_program_with_another_checksum_is_not_run(self):
        marker = self.world.at("ran")
        other = archive(VERSION, f"#!/bin/sh\ntouch {marker}\n")
        self.server.files[f"/{NAME}"] = other
        result = self.act(self.job, "push", self.push)
        self.fails(result, "its SHA-256 is another")
        self.assertEqual(result.ran, ["install"])
        self.write_sums(hashlib.sha256(other).hexdigest(), "stanch-9.9.9-x86_64-unknown-linux-gnu.tar.gz")
        self.fails(self.act(self.job, "push", self.push), f"has no checksum for {NAME}")
        self.write_sums("not a checksum")
        self.fails(self.act(self.job, "push", self.push), f"has no checksum for {NAME}")
        self.write_sums(f"{hashlib.sha256(other).hexdigest()}  {NAME}\n{'1' * 64}")
        self.fails(self.act(self.job, "push", self.push), f"has no checksum for {NAME}")
        self.assertFalse(os.path.exists(marker))
        self.write_sums(hashlib.sha256(ARCHIVE).hexdigest())
        self.fails(self.act(self.job, "push", self.push, {"download-url": f"{self.server.url}/none"}), f"cannot download {NAME}")
        self.fails(self.act(self.job, "push", self.push, {"checksums": "/nowhere"}), "cannot read the file of checksums")

    def test_versions(self):
        self.server.files[f"/{NAME}"] = ARCHIVE
        self.write_sums(hashlib.sha256(ARCHIVE).hexdigest())
        for version in (VERSION, f"v{VERSION}", ""):
            self.says(self.act(self.job, "push", self.push, {"version": version}), 1, 1)
        for version in ("latest", "1.2.3/../x", "1 2", "$(id)", "-1"):
            self.fails(self.act(self.job, "push", self.push, {"version": version}), "the input version is no version")
        self.fails(self.act(self.job, "push", self.push, {"version": "7.7.7"}), "has no checksum for stanch-7.7.7")

    def test_building_from_source(self):
        # The real build takes minutes: a cargo in its place shows that it is asked for this source, with its lock file.
        tools = self.world.folder("tools")
        told = self.world.at("told")
        with open(os.path.join(tools, "cargo"), "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\nmkdir -p "$7/bin"\n'
                       f'printf \'#!/bin/sh\\nexec "{STANCH}" "$@"\\n\' > "$7/bin/stanch"\nchmod +x "$7/bin/stanch"\n')
        os.chmod(os.path.join(tools, "cargo"), 0o755)
        path = tools + os.pathsep + os.environ["PATH"]
        self.says(self.act(self.job, "push", self.push, {"version": "source", "checksums": ""}, PATH=path), 1, 1)
        args = open(told, encoding="utf-8").read().split("\n")
        self.assertEqual(args[:4], ["install", "--quiet", "--locked", "--path"])
        self.assertEqual(os.path.realpath(args[4]), os.path.realpath(ROOT))
        # As long as no release is named, that is what happens without a version, too.
        if not re.search("^[0-9a-f]{64} ", open(os.path.join(ACTION, "checksums.txt"), encoding="utf-8").read(), re.M):
            self.says(self.act(self.job, "push", self.push, {"version": "", "checksums": ""}, PATH=path), 1, 1)

    def test_words_are_never_commands(self):
        hostile = '"; touch pwned; $(touch pwned) `touch pwned` ${{ github.token }} #'
        for name in ("path", "base", "head", "config", "baseline", "format", "sarif-file", "category", "fail-on", "redact", "annotations",
                     "summary", "comment", "upload-sarif", "version", "checksums", "extra-args"):
            result = self.act(self.job, "push", self.push, {name: hostile})
            self.assertTrue(result.failed or name == "sarif-file", name)
        for folder, _, names in os.walk(self.world.scratch.name):
            self.assertNotIn("pwned", names, folder)

    def test_extra_args(self):
        quoted = "--only 'github-pat' --except \"stripe-*\""
        self.says(self.act(self.job, "push", self.push, {"extra-args": quoted}), 1, 1)
        self.says(self.act(self.job, "push", self.push, {"extra-args": " --only stripe-secret-key\n"}), 0, 0)
        self.fails(self.act(self.job, "push", self.push, {"extra-args": "--only 'x"}), "a quote in the input extra-args is not closed")
        for wrong in ("--range A..B", "--staged", "--nonsense", "/etc"):
            self.fails(self.act(self.job, "push", self.push, {"extra-args": wrong}), "error: ")

    def test_which_findings_fail(self):
        self.says(self.act(self.job, "push", self.push, {"fail-on": "none"}), 0, 1)
        result = self.act(self.job, "push", self.push, {"fail-on": "live"})
        self.fails(result, "`--fail-on live` is not available")
        self.assertEqual(result.outputs["exit-code"], "2")

    def test_what_the_baseline_knows_is_not_new(self):
        for command in (["init", "."], ["baseline", "create"]):
            done = subprocess.run([STANCH, *command], cwd=self.world.work, env=clean_environment(self.world.home), capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        head = self.world.commit({"again.txt": f"again = {token(2)}\n"})
        self.world.push("main")
        job = self.world.checkout(head, "refs/remotes/origin/main", depth=0)
        push = self.push_event(self.head, head)
        self.says(self.act(job, "push", push), 0, 0, known=1)
        self.says(self.act(job, "push", push, {"fail-on": "any"}), 1, 0, known=1)
        more = self.world.commit({"more.txt": f"more = {token(4)}\n"})
        self.world.push("main")
        job = self.world.checkout(more, "refs/remotes/origin/main", depth=0)
        self.says(self.act(job, "push", self.push_event(self.head, more)), 1, 1, known=1)

    def test_values_are_shown_in_the_log_alone_and_only_on_request(self):
        result = self.act(self.job, "push", self.push, {"redact": "false", "sarif-file": "out.sarif"})
        self.assertIn(token(2), result.log)
        self.assertNotIn(token(2), result.summary)
        self.assertNotIn(token(2), open(os.path.join(self.job, "out.sarif"), encoding="utf-8").read())
        self.assertNotIn(token(2), str(result.commands))

    def test_hostile_names(self):
        names = ["::set-output name=exit-code::0", "a\n::error::b.txt", "%0A::add-mask::x", "<script>alert(1)</script>.txt",
                 "##[add-mask]z", "x\r::stop-commands::y", "a,line=7.txt"]
        head = self.world.commit({f"d/{name}": f"v = {token(3 + n)}\n" for n, name in enumerate(names)})
        self.world.push("main")
        job = self.world.checkout(head, "refs/remotes/origin/main", depth=0)
        result = self.act(job, "push", self.push_event(self.head, head), {"comment": "true"})
        self.says(result, 1, len(names))
        # A place for each name, and no property that a name made.
        self.assertEqual(len(result.commands), len(names), result.commands)
        for command, properties, _ in result.commands:
            self.assertEqual(command, "error")
            self.assertEqual(re.findall(r"(?:^|,)line=(\d+)", properties), ["1"], properties)
        # In the summary names stand in code spans, where nothing is HTML.
        for text in (result.summary, open(result.steps["scan"]["comment"], encoding="utf-8").read()):
            self.assertIn("script", text)
            self.assertNotIn("<script", re.sub(r"`[^`\n]*`", "", text))

    def test_annotations_and_summary_can_be_left_out(self):
        result = self.act(self.job, "push", self.push, {"annotations": "false", "summary": "false"})
        self.says(result, 1, 1)
        self.assertEqual((result.commands, result.summary), ([], ""))

    def test_formats(self):
        result = self.act(self.job, "push", self.push, {"format": "jsonl"})
        self.says(result, 1, 1)
        lines = [json.loads(line) for line in result.log.splitlines() if line.startswith("{")]
        self.assertEqual([line["type"] for line in lines][-1], "summary")


class Requests(Case):
    """Comments, code scanning, and what a pull request may not do."""

    def setUp(self):
        super().setUp()
        self.payload, self.merge, self.base, self.pull, _ = self.request()
        self.job = self.world.checkout(self.merge, "refs/remotes/pull/2/merge")

    def comment(self, payload=None, job=None, **inputs):
        return self.act(job or self.job, "pull_request", payload or self.payload, {"comment": "true", **inputs}, base="main")

    def test_one_comment_that_is_edited(self):
        for n in range(130):
            self.server.add(f"comment {n}")
        # Anybody may write the mark.
        self.server.add("<!-- stanch -->\nnot ours")
        result = self.comment()
        self.says(result, 1, 1)
        self.assertIn("stanch left a comment", result.log)
        self.assertEqual(len(self.server.comments), 132)
        body = self.server.comments[-1]["body"]
        self.assertTrue(body.startswith("<!-- stanch -->\n"), body)
        self.assertIn("new.txt", body)
        self.assertNotIn(token(2), body)
        result = self.comment()
        self.assertIn("stanch edited its comment", result.log)
        # Another use of the action has a comment of its own.
        self.comment(category="stanch/other")
        self.assertEqual(len(self.server.comments), 133)
        # Nothing is left to tell.
        quiet = dict(self.payload, pull_request=dict(self.payload["pull_request"]))
        quiet["pull_request"]["head"] = dict(quiet["pull_request"]["head"], sha=self.base)
        result = self.comment(quiet)
        self.says(result, 0, 0)
        self.assertEqual(len(self.server.comments), 133)
        self.assertNotIn("new.txt", self.server.comments[131]["body"])
        self.assertEqual(self.server.comments[130]["body"], "<!-- stanch -->\nnot ours")
        self.server.comments.clear()
        self.assertIn("has nothing to comment on", self.comment(quiet).log)
        self.assertEqual(self.server.comments, [])

    def test_a_comment_is_cut_where_github_would_refuse_it(self):
        self.world.git(self.world.work, "checkout", "-q", "changes")
        lines = "".join(f"k{n} = {token(100 + n)}\n" for n in range(900))
        head = self.world.commit({"many.txt": lines})
        self.world.push(f"{head}:refs/pull/2/head")
        payload = dict(self.payload, pull_request=dict(self.payload["pull_request"], head=dict(self.payload["pull_request"]["head"], sha=head)))
        result = self.comment(payload)
        self.assertIn("stanch left a comment", result.log)
        self.assertLessEqual(len(self.server.comments[0]["body"]), 65536)

    def test_a_fork_may_only_read(self):
        payload = event("pull_request-fork", pull_request__base__sha=self.base, pull_request__head__sha=self.pull)
        self.server.may_write = False
        result = self.comment(payload, **{"upload-sarif": "true"})
        self.says(result, 1, 1)
        self.assertIn("the token may not do that (403)", result.log)
        self.assertIn("uploads no SARIF for a pull request from a fork", result.log)
        self.assertEqual(result.used, [])
        silent = self.act(self.job, "pull_request", payload, {"comment": "true"}, base="main", GITHUB_API_URL="http://127.0.0.1:1")
        self.assertIn("the API of GitHub does not answer", silent.log)

    def test_code_scanning_gets_the_files_that_are_checked_out(self):
        result = self.comment(**{"upload-sarif": "true", "category": "stanch/a"})
        self.says(result, 1, 1)
        (used, given), = result.used
        self.assertRegex(used, r"^github/codeql-action/upload-sarif@[0-9a-f]{40}$")
        self.assertEqual(given, {"sarif_file": result.outputs["sarif"]})
        sarif = json.load(open(result.outputs["sarif"], encoding="utf-8"))
        places = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for run in sarif["runs"] for r in run["results"]}
        # What was there before stays an alert, and what was taken out again is none.
        self.assertEqual(places, {"old.txt", "main.txt"})
        self.assertEqual([run["automationDetails"]["id"] for run in sarif["runs"]], ["stanch/a/"])
        self.assertEqual(result.ran, ["install", "scan", "comment", "upload", "verdict"])

    def test_a_pull_request_cannot_silence_its_own_leak(self):
        subprocess.run([STANCH, "init", "."], cwd=self.world.work, env=clean_environment(self.world.home), check=True, capture_output=True)
        self.world.git(self.world.work, "checkout", "-q", "main")
        base = self.world.commit({"x.txt": "x\n"})
        config = open(os.path.join(self.world.work, "stanch.toml"), encoding="utf-8").read()
        allow = f'{config}\n[[allow]]\npath = "**"\nreason = "quiet"\n'
        head = self.world.commit({"stanch.toml": allow, "y.txt": f"y = {token(6)}\n"})
        self.world.push(f"{base}:refs/heads/main", f"{head}:refs/pull/2/merge")
        payload = event("pull_request", pull_request__base__sha=base, pull_request__head__sha=head)
        job = self.world.checkout(head, "refs/remotes/pull/2/merge")
        for config in ("", "stanch.toml"):
            self.says(self.act(job, "pull_request", payload, {"config": config}, base="main"), 1, 1)


class Files(unittest.TestCase):
    """What must hold for the files of the action themselves."""

    def test_nothing_of_an_event_becomes_part_of_a_script(self):
        action = yaml.safe_load(open(os.path.join(ACTION, "action.yml"), encoding="utf-8"))
        for step in action["runs"]["steps"]:
            self.assertNotIn("${{", step.get("run", ""))
            self.assertNotIn("github.event", json.dumps(step))
            if "uses" in step:
                self.assertRegex(step["uses"], "@[0-9a-f]{40}$")
        for name in os.listdir(ACTION):
            if name.endswith(".sh"):
                text = open(os.path.join(ACTION, name), encoding="utf-8").read()
                self.assertNotIn("${{", text)
                self.assertNotRegex(text, r"(?m)^\s*eval\b")
                done = subprocess.run(["bash", "-n", os.path.join(ACTION, name)], capture_output=True)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_inputs_and_outputs_are_those_that_are_described(self):
        action = yaml.safe_load(open(os.path.join(ACTION, "action.yml"), encoding="utf-8"))
        readme = open(os.path.join(ACTION, "README.md"), encoding="utf-8").read()
        for name in [*action["inputs"], *action["outputs"]]:
            self.assertIn(f"| `{name}` |", readme)
        self.assertEqual(list(action["outputs"]), ["exit-code", "findings", "new-findings", "live", "sarif", "complete"])
        # Where the old examples of ours are, no version of the action can be wrong.
        used = set(re.findall(r"\$\{\{ inputs\.([a-z-]+) ", json.dumps(action["runs"])))
        self.assertEqual(used, set(action["inputs"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
