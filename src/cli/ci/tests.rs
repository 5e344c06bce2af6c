//! Each event and what is planned for it.

use std::path::Path;

use serde_json::Value;

use super::super::args::ci::Platform;
use super::plan::{Checkout, Event, From, Plan, Request};
use super::words;

const BEFORE: &str = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e";
const AFTER: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const HEAD: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";

fn payload(file: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/events/{file}.json"))).unwrap()
}

fn planned(name: &str, payload: Vec<u8>) -> Result<Plan, String> {
    Plan::of(&Event::GitHub { name: name.to_owned(), file: "event.json".into(), payload }).map_err(|e| e.to_string())
}

fn check(name: &str, file: &str, expected: &str, why: &str) -> Plan {
    let plan = planned(name, payload(file)).unwrap();
    assert_eq!((words(&plan).as_str(), plan.why.as_str()), (expected, why), "{file}");
    plan
}

#[test]
fn events_of_github() {
    let push = |before: &str| format!("range {before} {AFTER}");
    let plan = check("push", "push", &push(BEFORE), "a push to the branch main");
    assert_eq!((plan.request, plan.commits, plan.checkout), (None, Some(1), Checkout::Head));
    check("push", "push-forced", &push(BEFORE), "a push to the branch main, forced");
    let new = "the branch topic is new, or what was there before is not known";
    check("push", "push-new-branch", &push("default-but:topic"), new);
    check("push", "push-tag", &push("default"), "the tag v1 is new, or what was there before is not known");
    check("push", "push-deleted", "nothing", "refs/heads/topic was deleted");
    let range = format!("range {BEFORE} {HEAD}");
    for name in ["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"] {
        let plan = check(name, "pull_request", &range, "pull request 2");
        assert_eq!(plan.request, Some(Request { number: Some(2), from: From::Here }));
        assert_eq!(plan.checkout == Checkout::Other, name == "pull_request_target");
        let plan = check(name, "pull_request-fork", &range, "pull request 2");
        assert_eq!(plan.request, Some(Request { number: Some(2), from: From::Fork }));
    }
    let group = "range 380387fbc80638b734a49e1be1c4dfec1c01b33c 2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d";
    check("merge_group", "merge_group", group, "a merge queue");
    check("workflow_run", "workflow_run", &range, "the commits of the workflow run that this one follows");
    for name in ["schedule", "workflow_dispatch", "release"] {
        check(name, name, "everything", &format!("a {name} event is about no commits of its own"));
    }
    check("issue_comment", "issue_comment", "everything", "issue_comment events say nothing of commits");
}

/// Sets a field, or takes it away.
fn changed(file: &str, path: &str, to: Option<Value>) -> Vec<u8> {
    let mut event: Value = serde_json::from_slice(&payload(file)).unwrap();
    let (above, last) = path.rsplit_once('/').unwrap();
    let above = event.pointer_mut(above).unwrap().as_object_mut().unwrap();
    match to {
        Some(value) => above.insert(last.to_owned(), value),
        None => above.remove(last),
    };
    event.to_string().into_bytes()
}

#[test]
fn a_field_that_is_missing_or_wrong_is_named() {
    let fields = [
        ("push", "/ref"),
        ("push", "/before"),
        ("push", "/after"),
        ("pull_request", "/pull_request"),
        ("pull_request", "/pull_request/number"),
        ("pull_request", "/pull_request/base/sha"),
        ("pull_request", "/pull_request/head"),
        ("merge_group", "/merge_group/base_sha"),
        ("merge_group", "/merge_group/head_sha"),
        ("workflow_run", "/workflow_run/head_sha"),
    ];
    for (name, path) in fields {
        let field = path[1..].replace('/', ".");
        for missing in [None, Some(Value::Null)] {
            let error = planned(name, changed(name, path, missing)).unwrap_err();
            assert!(error.starts_with(&format!("the {name} event in event.json has no `{field}")), "{error}");
        }
        for wrong in [Value::from("$(id)"), Value::from(vec![1]), Value::from("HEAD --output=x"), Value::from("1".repeat(39))] {
            let error = planned(name, changed(name, path, Some(wrong))).unwrap_err();
            assert!(error.contains(&field) && !error.contains("id)") && !error.contains("111"), "{error}");
        }
    }
    let error = planned(
        "workflow_run",
        changed(
            "workflow_run",
            "/workflow_run/pull_requests/0/base/sha".rsplit_once("/0").unwrap().0,
            Some(serde_json::json!([{"base": {"sha": "x"}}])),
        ),
    )
    .unwrap_err();
    assert!(error.contains("`workflow_run.pull_requests.0.base.sha`"), "{error}");
    for broken in ["", "{", "[]", "null", "\u{feff}{}", &"[".repeat(100_000)] {
        assert_eq!(planned("push", broken.as_bytes().to_vec()).unwrap_err(), "the event in event.json is no JSON object");
    }
    // Of what it does not need, nothing matters.
    let lean = format!(r#"{{"ref":"refs/heads/x","before":"{BEFORE}","after":"{AFTER}"}}"#);
    assert_eq!(words(&planned("push", lean.into_bytes()).unwrap()), format!("range {BEFORE} {AFTER}"));
    let gone = changed("pull_request", "/pull_request/head/repo", Some(Value::Null));
    assert_eq!(planned("pull_request", gone).unwrap().request.unwrap().from, From::Fork);
}

#[test]
fn hostile_names_cannot_become_commands() {
    let name = "refs/heads/x\n::set-output name=a::b\u{202e}##[add-mask]y";
    let plan = planned("push", changed("push-new-branch", "/ref", Some(name.into()))).unwrap();
    let told = super::told(&plan, &super::Ready::Reached(AFTER.to_owned()));
    assert!(!told.contains('\n') && !told.contains("::") && !told.contains("##[") && !words(&plan).contains('\n'), "{told}");
}

#[test]
fn ends_that_are_chosen_count_for_more() {
    let of = |file: &str, base: Option<&str>, head: Option<&str>| {
        let name = file.split('-').next().unwrap();
        words(&planned(name, payload(file)).unwrap().with_ends(base, head))
    };
    assert_eq!(of("push", None, None), format!("range {BEFORE} {AFTER}"));
    assert_eq!(of("push", Some("main~3"), None), format!("range main~3 {AFTER}"));
    assert_eq!(of("push", None, Some("x")), format!("range {BEFORE} x"));
    assert_eq!(of("schedule", Some("a"), Some("b")), "range a b");
    assert_eq!(of("schedule", Some("a"), None), "range a HEAD");
    assert_eq!(of("schedule", None, Some("b")), "range default b");
    assert_eq!(of("push-deleted", Some("a"), Some("b")), "range a b");
}

/// Of another CI system: its variables as `NAME=value`, and the plan or the error.
#[track_caller]
fn told_by(platform: Platform, set: &[(&str, &str)], expected: &str) -> Option<Plan> {
    let get = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let plan = Plan::of(&Event::Variables(platform, &get));
    let words = plan.as_ref().map_or_else(ToString::to_string, words);
    assert_eq!(words, expected, "{platform:?} {set:?}");
    plan.ok()
}

#[test]
fn jobs_of_gitlab() {
    let check = |more: &[(&str, &str)], expected: &str| {
        told_by(Platform::GitLab, &[&[("CI_COMMIT_SHA", AFTER), ("CI_DEFAULT_BRANCH", "main")], more].concat(), expected)
    };
    let push = [("CI_PIPELINE_SOURCE", "push"), ("CI_COMMIT_BRANCH", "topic")];
    check(&[&push[..], &[("CI_COMMIT_BEFORE_SHA", BEFORE)]].concat(), &format!("range {BEFORE} {AFTER}"));
    check(&[&push[..], &[("CI_COMMIT_BEFORE_SHA", super::ZERO)]].concat(), &format!("range default-but:topic {AFTER}"));
    check(&push, &format!("range default-but:topic {AFTER}"));
    check(&[&push[..], &[("CI_COMMIT_BEFORE_SHA", "HEAD")]].concat(), "CI_COMMIT_BEFORE_SHA is no commit id");
    check(&[("CI_PIPELINE_SOURCE", "push"), ("CI_COMMIT_TAG", "v1")], &format!("range default {AFTER}"));
    check(&[("CI_PIPELINE_SOURCE", "push")], "CI_COMMIT_BRANCH is not set");
    let request = [("CI_PIPELINE_SOURCE", "merge_request_event"), ("CI_MERGE_REQUEST_IID", "7")];
    let based = [&request[..], &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", BEFORE)]].concat();
    let plan = check(&based, &format!("range {BEFORE} {AFTER}")).unwrap();
    assert_eq!(plan.request, Some(Request { number: Some(7), from: From::Here }));
    check(&[&based[..], &[("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", HEAD)]].concat(), &format!("range {BEFORE} {HEAD}"));
    let ids = [("CI_MERGE_REQUEST_PROJECT_ID", "1"), ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2")];
    let plan = check(&[&based[..], &ids].concat(), &format!("range {BEFORE} {AFTER}")).unwrap();
    assert_eq!(plan.request.unwrap().from, From::Fork);
    check(&request, "CI_MERGE_REQUEST_DIFF_BASE_SHA is not set");
    let outside = [
        ("CI_PIPELINE_SOURCE", "external_pull_request_event"),
        ("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA", BEFORE),
        ("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA", HEAD),
    ];
    check(&outside, &format!("range {BEFORE} {HEAD}"));
    for source in ["schedule", "web", "api", "trigger", "pipeline"] {
        check(&[("CI_PIPELINE_SOURCE", source)], "everything");
    }
    told_by(Platform::GitLab, &[], "CI_PIPELINE_SOURCE is not set");
}

#[test]
fn jobs_of_bitbucket() {
    let check = |more: &[(&str, &str)], expected: &str| {
        told_by(Platform::Bitbucket, &[&[("BITBUCKET_COMMIT", AFTER)], more].concat(), expected)
    };
    check(&[("BITBUCKET_BRANCH", "main")], &format!("range default-but:main {AFTER}"));
    check(&[("BITBUCKET_TAG", "v1")], &format!("range default {AFTER}"));
    check(&[], "everything");
    let request = [("BITBUCKET_PR_ID", "3"), ("BITBUCKET_BRANCH", "topic")];
    check(&request, "BITBUCKET_PR_DESTINATION_BRANCH is not set");
    let based = [&request[..], &[("BITBUCKET_PR_DESTINATION_BRANCH", "main")]].concat();
    let plan = check(&based, &format!("range branch:main {AFTER}")).unwrap();
    assert_eq!(plan.request.unwrap().number, Some(3));
    told_by(Platform::Bitbucket, &[("BITBUCKET_COMMIT", "f95f852bd8fc")], "BITBUCKET_COMMIT is no commit id");
}

#[test]
fn jobs_of_azure() {
    let check = |more: &[(&str, &str)], expected: &str| {
        told_by(Platform::Azure, &[&[("BUILD_SOURCEVERSION", AFTER)], more].concat(), expected)
    };
    for reason in ["IndividualCI", "BatchedCI"] {
        let of = |name: &str, expected: &str| drop(check(&[("BUILD_REASON", reason), ("BUILD_SOURCEBRANCH", name)], expected));
        of("refs/heads/a/b", &format!("range default-but:a/b {AFTER}"));
        of("refs/tags/v1", &format!("range default {AFTER}"));
        check(&[("BUILD_REASON", reason)], "BUILD_SOURCEBRANCH is not set");
    }
    let request =
        [("BUILD_REASON", "PullRequest"), ("SYSTEM_PULLREQUEST_SOURCECOMMITID", HEAD), ("SYSTEM_PULLREQUEST_ISFORK", "True")];
    check(&request, "SYSTEM_PULLREQUEST_TARGETBRANCH is not set");
    for (target, number) in
        [("refs/heads/main", "SYSTEM_PULLREQUEST_PULLREQUESTID"), ("main", "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")]
    {
        let more = [("SYSTEM_PULLREQUEST_TARGETBRANCH", target), (number, "9")];
        let plan = check(&[&request[..], &more].concat(), &format!("range branch:main {HEAD}")).unwrap();
        assert_eq!(plan.request, Some(Request { number: Some(9), from: From::Fork }));
    }
    for reason in ["Manual", "Schedule", "ResourceTrigger"] {
        check(&[("BUILD_REASON", reason)], "everything");
    }
}

#[test]
fn jobs_of_jenkins() {
    let check =
        |more: &[(&str, &str)], expected: &str| told_by(Platform::Jenkins, &[&[("GIT_COMMIT", AFTER)], more].concat(), expected);
    for branch in [("BRANCH_NAME", "topic"), ("GIT_BRANCH", "origin/topic")] {
        check(&[branch], &format!("range default-but:topic {AFTER}"));
        check(&[branch, ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", BEFORE)], &format!("range {BEFORE} {AFTER}"));
        check(&[branch, ("GIT_PREVIOUS_COMMIT", BEFORE)], &format!("range default-but:topic {AFTER}"));
    }
    check(&[("TAG_NAME", "v1")], &format!("range default {AFTER}"));
    check(&[], "GIT_BRANCH is not set");
    check(&[("CHANGE_ID", "4")], "CHANGE_TARGET is not set");
    let plan = check(&[("CHANGE_ID", "4"), ("CHANGE_TARGET", "main")], &format!("range branch:main {AFTER}")).unwrap();
    assert_eq!(plan.request.unwrap().number, Some(4));
}

proptest::proptest! {
    #[test]
    fn nothing_panics(name in "push|pull_request|merge_group|workflow_run", payload in r#"[{}\[\]":,a-z0-9_]{0,60}"#) {
        drop(planned(&name, payload.into_bytes()));
    }
}
