"""The recipes for other CI systems in action/: the scripts of the real files, run with the variables of that system.

`STANCH=target/debug/stanch python3 tests/action/test_recipes.py` runs it; tests/it/action.rs does so for the suite.
"""

import hashlib
import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree

import jsonschema
import yaml

from world import ROOT, STANCH, ZERO, Server, World, archive, clean_environment, token

ARCHIVE = archive("1.2.3", f'#!/bin/sh\nexec "{STANCH}" "$@"\n')


def recipe(name):
    return open(os.path.join(ROOT, "action", name), encoding="utf-8").read()


class Case(unittest.TestCase):
    """A repository whose default branch has one secret and whose branch `topic` adds another and takes it out again."""

    def setUp(self):
        self.world, self.server = World(), Server()
        self.addCleanup(self.world.close)
        self.addCleanup(self.server.close)
        self.server.files["/stanch.tar.gz"] = ARCHIVE
        world = self.world
        self.first = world.commit({"old.txt": f"old = {token(1)}\n"}, "begin")
        world.git(world.work, "checkout", "-q", "-b", "topic")
        self.leak = world.commit({"new.txt": f"x\nnew = {token(2)}\n"})
        self.topic = world.commit({"new.txt": "x\n"})
        world.git(world.work, "checkout", "-q", "main")
        self.main = world.commit({"main.txt": "main\n"})
        world.push("main", "topic")

    def run_script(self, shell, script, folder, variables, **more):
        env = dict(clean_environment(self.world.home), CI="true", STANCH_URL=f"{self.server.url}/stanch.tar.gz",
                   STANCH_SHA256=hashlib.sha256(ARCHIVE).hexdigest(), **variables)
        env.update(more)
        done = subprocess.run([*shell, script], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        text = done.stdout.decode("utf-8")
        for seed in (1, 2, 3):
            self.assertNotIn(token(seed), text)
        return done.returncode, text

    def check(self, job, variables, code, *words, **more):
        """Runs the recipe in a job; its exit code and words that it must say."""
        found, text = self.recipe(job, variables, **more)
        self.assertEqual(found, code, text)
        for word in words:
            self.assertIn(word, text)

    def refuses_what_is_not_pinned(self, job, variables):
        """No checksum, no address, or another file: nothing is run."""
        for more in ({"STANCH_SHA256": ""}, {"STANCH_URL": ""}, {"STANCH_SHA256": "0" * 64}):
            code, text = self.recipe(job, variables, **more)
            self.assertNotEqual(code, 0, text)
            self.assertNotIn("stanch ci:", text)

    @property
    def place(self):
        return f"{self.leak[:12]}:new.txt:2"


class GitLab(Case):
    def recipe(self, job, variables, **more):
        stanch = yaml.safe_load(recipe("gitlab.yml"))["stanch"]
        self.assertEqual(stanch["variables"]["GIT_DEPTH"], "0")
        script = "\n".join(["set -eo pipefail", *stanch.get("before_script", []), *stanch["script"]])
        known = {"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "main", "CI_PROJECT_DIR": job}
        return self.run_script(["bash", "-c"], script, job, {**known, **variables}, **more)

    def test_the_report_is_what_gitlab_reads(self):
        stanch = yaml.safe_load(recipe("gitlab.yml"))["stanch"]
        name = stanch["artifacts"]["reports"]["secret_detection"]
        self.assertEqual(stanch["artifacts"]["when"], "always")
        job = self.world.checkout(self.topic, "refs/remotes/origin/topic", depth=0)
        request = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_SHA": self.topic, "CI_MERGE_REQUEST_IID": "2",
                   "CI_MERGE_REQUEST_DIFF_BASE_SHA": self.first, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
        self.check(job, request, 1, self.place, f"commits {self.first[:12]}..{self.topic[:12]}: pull request 2")
        report = json.load(open(os.path.join(job, name), encoding="utf-8"))
        self.assertEqual([v["location"]["file"] for v in report["vulnerabilities"]], ["new.txt"])
        self.validate(report)
        self.refuses_what_is_not_pinned(job, request)
        clean = dict(request, CI_COMMIT_SHA=self.main, CI_MERGE_REQUEST_DIFF_BASE_SHA=self.first)
        job = self.world.checkout(self.main, "refs/remotes/origin/main", depth=0)
        self.check(job, clean, 0)
        report = json.load(open(os.path.join(job, name), encoding="utf-8"))
        self.assertEqual(report["vulnerabilities"], [])
        self.validate(report)

    def validate(self, report):
        """GitLab's own schema; src/report/gitlab.rs tests what it cannot say."""
        path = os.path.join(ROOT, "testdata/schema/gitlab-secret-detection-15.0.6.json")
        schema = json.load(open(path, encoding="utf-8"))
        self.assertEqual(report["version"], schema["self"]["version"])
        self.assertEqual(report["scan"]["status"], "success")
        validator = jsonschema.Draft7Validator(schema)
        self.assertEqual([error.message for error in validator.iter_errors(report)], [])
        scan = {**report["scan"], "status": "done"}
        wrong = {**report, "scan": scan, "vulnerabilities": [{"id": "1", "identifiers": [], "location": {"file": "x"}}]}
        paths = sorted("/".join(map(str, error.path)) for error in validator.iter_errors(wrong))
        self.assertEqual(paths, ["scan/status", "vulnerabilities/0/identifiers", "vulnerabilities/0/location"])

    def test_each_source_of_a_pipeline(self):
        job = self.world.checkout(self.topic, "refs/remotes/origin/topic", depth=0)
        push = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "topic", "CI_COMMIT_SHA": self.topic}
        self.check(job, {**push, "CI_COMMIT_BEFORE_SHA": self.first}, 1, self.place)
        self.check(job, {**push, "CI_COMMIT_BEFORE_SHA": self.leak}, 0)
        self.check(job, {**push, "CI_COMMIT_BEFORE_SHA": ZERO}, 1, self.place)
        self.check(job, {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_SHA": self.topic}, 1, self.place, "old.txt:1", "the whole history")
        self.check(job, {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_SHA": "x"}, 2, "CI_COMMIT_SHA is no commit id")
        self.check(job, {**push, "CI_COMMIT_SHA": ""}, 2, "CI_COMMIT_SHA is not set")
        # A runner that makes shallow clones all the same.
        job = self.world.checkout(self.topic, "refs/remotes/origin/topic")
        self.check(job, {**push, "CI_COMMIT_BEFORE_SHA": self.first}, 1, self.place)


class Bitbucket(Case):
    def recipe(self, job, variables, **more):
        file = yaml.safe_load(recipe("bitbucket-pipelines.yml"))
        self.assertEqual(file["clone"]["depth"], "full")
        step = file["definitions"]["steps"][0]["step"]
        for part in (file["pipelines"]["default"], *file["pipelines"]["pull-requests"].values(), *file["pipelines"]["tags"].values()):
            self.assertEqual(part, [{"step": step}])
        script = "\n".join(["set -e", *step["script"]])
        return self.run_script(["bash", "-c"], script, job, {"BITBUCKET_BUILD_NUMBER": "1", **variables}, **more)

    def test_pull_requests_branches_and_tags(self):
        job = self.world.checkout(self.topic, "refs/remotes/origin/topic", depth=0)
        os.makedirs(os.path.join(job, "test-results"))
        request = {"BITBUCKET_COMMIT": self.topic, "BITBUCKET_PR_ID": "2", "BITBUCKET_BRANCH": "topic",
                   "BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_PR_DESTINATION_COMMIT": self.main[:12]}
        self.check(job, request, 1, self.place, f"commits {self.main[:12]}..{self.topic[:12]}: pull request 2")
        tree = xml.etree.ElementTree.parse(os.path.join(job, "test-results/stanch.xml"))
        self.assertTrue(tree.findall(".//failure"))
        self.check(job, {"BITBUCKET_COMMIT": self.topic, "BITBUCKET_BRANCH": "topic"}, 1, self.place)
        self.check(job, {"BITBUCKET_COMMIT": self.topic, "BITBUCKET_TAG": "v1"}, 1, self.place)
        self.check(job, {"BITBUCKET_COMMIT": self.main, "BITBUCKET_BRANCH": "main"}, 1, "old.txt:1", "all commits up to")
        self.check(job, {"BITBUCKET_COMMIT": self.topic[:12], "BITBUCKET_BRANCH": "topic"}, 2, "BITBUCKET_COMMIT is no commit id")
        self.refuses_what_is_not_pinned(job, request)


class Azure(Case):
    def recipe(self, job, variables, **more):
        file = yaml.safe_load(recipe("azure-pipelines.yml"))
        checkout, step, _ = file["steps"]
        self.assertEqual(checkout, {"checkout": "self", "fetchDepth": 0})
        # Macros of Azure would put text into the script.
        self.assertNotRegex(step["bash"], r"\$\((?!mktemp -d\))|\$\{\{|\$\[")
        known = {"TF_BUILD": "True", "BUILD_ARTIFACTSTAGINGDIRECTORY": self.world.folder("staging")}
        return self.run_script(["bash", "--noprofile", "--norc", "-c"], step["bash"], job, {**known, **variables}, **more)

    def test_each_reason_of_a_build(self):
        job = self.world.checkout(self.topic, "refs/remotes/origin/topic", depth=0)
        request = {"BUILD_REASON": "PullRequest", "BUILD_SOURCEVERSION": self.topic, "BUILD_SOURCEBRANCH": "refs/pull/2/merge",
                   "SYSTEM_PULLREQUEST_SOURCECOMMITID": self.topic, "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
                   "SYSTEM_PULLREQUEST_PULLREQUESTID": "2"}
        self.check(job, request, 1, self.place, f"commits {self.main[:12]}..{self.topic[:12]}: pull request 2")
        sarif = json.load(open(self.world.at("staging/stanch.sarif"), encoding="utf-8"))
        self.assertEqual(len([r for run in sarif["runs"] for r in run["results"]]), 1)
        push = {"BUILD_REASON": "IndividualCI", "BUILD_SOURCEVERSION": self.topic, "BUILD_SOURCEBRANCH": "refs/heads/topic"}
        self.check(job, push, 1, self.place)
        self.check(job, {**push, "BUILD_SOURCEVERSION": self.first, "BUILD_SOURCEBRANCH": "refs/heads/main"}, 1, "old.txt:1")
        self.check(job, {"BUILD_REASON": "Schedule", "BUILD_SOURCEVERSION": self.topic}, 1, self.place, "old.txt:1")
        self.check(job, {"BUILD_REASON": "IndividualCI", "BUILD_SOURCEVERSION": self.topic}, 2, "BUILD_SOURCEBRANCH is not set")
        self.refuses_what_is_not_pinned(job, request)


class Jenkins(Case):
    def recipe(self, job, variables, **more):
        scripts = re.findall(r"\bsh '''(.*?)'''", recipe("Jenkinsfile"), re.S)
        self.assertEqual(len(scripts), 1)
        # Groovy would take a backslash out.
        self.assertNotIn("\\", scripts[0])
        # As the step runs it.
        return self.run_script(["sh", "-xec"], scripts[0], job, {"JENKINS_URL": "http://127.0.0.1/", **variables}, **more)

    def test_pull_requests_and_builds(self):
        job = self.world.checkout(self.topic, "refs/remotes/origin/topic", depth=0)
        request = {"GIT_COMMIT": self.topic, "CHANGE_ID": "2", "CHANGE_TARGET": "main", "BRANCH_NAME": "PR-2"}
        self.check(job, request, 1, self.place, f"commits {self.main[:12]}..{self.topic[:12]}: pull request 2")
        self.assertTrue(xml.etree.ElementTree.parse(os.path.join(job, "stanch.xml")).findall(".//failure"))
        build = {"GIT_COMMIT": self.topic, "BRANCH_NAME": "topic"}
        self.check(job, build, 1, self.place)
        self.check(job, {**build, "GIT_PREVIOUS_SUCCESSFUL_COMMIT": self.first}, 1, self.place)
        self.check(job, {**build, "GIT_PREVIOUS_SUCCESSFUL_COMMIT": self.leak}, 0)
        self.check(job, {**build, "GIT_COMMIT": ""}, 2, "GIT_COMMIT is not set")
        self.refuses_what_is_not_pinned(job, request)


if __name__ == "__main__":
    unittest.main(verbosity=2)
