//! Runs a command line of CI as a push would: once for a commit without the canary, once for one with it.
//!
//! It must not run anything but this program, in the scratch copy. Start with [`prove`].

use std::ffi::OsString;
use std::process::Command;

use serde_json::json;

use super::super::args::ci::Platform;
use super::Patient;
use super::run::Ran;
use super::scratch::Scratch;

/// What CI systems say of themselves and of their jobs.
const CI_SAYS: &[&str] = &[
    "GITHUB_",
    "CI_",
    "GITLAB_",
    "BITBUCKET_",
    "BUILD_",
    "SYSTEM_",
    "TF_BUILD",
    "JENKINS_",
    "CHANGE_",
    "GIT_COMMIT",
    "GIT_BRANCH",
    "GIT_PREVIOUS_",
    "TAG_NAME",
    "BRANCH_NAME",
    "RUNNER_",
    "TRAVIS",
    "DRONE",
    "APPVEYOR",
    "CIRCLE",
    "CIRRUS",
    "BUILDKITE",
];
/// The branch that the events name.
const BRANCH: &str = "scratch";

/// What came of it.
pub(super) enum Proof {
    /// It fails for a made-up token, and names its place.
    Stops,
    /// A made-up token passes.
    Passes,
    /// It fails, and nothing names the place.
    Unnamed(String),
    /// It fails without one as well.
    Always(String),
    /// It could not be run in the copy.
    Unclear(String),
}

/// Does a command line stop a canary? `args` are those behind `stanch`.
pub(super) fn prove(patient: &Patient<'_>, platform: Platform, args: &[String]) -> anyhow::Result<Proof> {
    let scratch = patient.scratch()?;
    let begin = scratch.id("HEAD")?;
    let proof = both(patient, scratch, (platform, args));
    scratch.reset(&begin)?;
    proof
}

fn both(patient: &Patient<'_>, scratch: &Scratch, (platform, args): (Platform, &[String])) -> anyhow::Result<Proof> {
    let control = patient.canary.control(4);
    let ran = one(scratch, (platform, args), (&control, "a line without a secret\n"))?;
    match ran.code {
        Some(0) => {}
        Some(1) => return Ok(Proof::Always(patient.told(&ran.text()))),
        _ => return Ok(Proof::Unclear(format!("{}: {}", ran.end(), patient.told(&ran.text())))),
    }
    let planted = patient.canary.file(4);
    let ran = one(scratch, (platform, args), (&planted, &patient.canary.text()))?;
    Ok(match () {
        () if ran.passed() => Proof::Passes,
        () if ran.code.is_none() => Proof::Unclear(ran.end()),
        () if ran.text().contains(&planted) => Proof::Stops,
        () => Proof::Unnamed(patient.told(&ran.text())),
    })
}

/// Runs it for a push that adds a file.
fn one(scratch: &Scratch, (platform, args): (Platform, &[String]), (name, text): (&str, &str)) -> anyhow::Result<Ran> {
    let before = scratch.id("HEAD")?;
    scratch.stage(name, text)?;
    scratch.done(&["commit", "-q", "-m", "chore: add a line to see what CI does"])?;
    scratch.done(&["push", "-q", "origin", "HEAD"])?;
    let after = scratch.id("HEAD")?;
    let mut command = scratch.command(std::env::current_exe()?);
    command.args(args);
    let of_ci = |name: &OsString| {
        let name = name.to_string_lossy();
        name == "CI" || CI_SAYS.iter().any(|begin| name.starts_with(begin))
    };
    std::env::vars_os().map(|(name, _)| name).filter(of_ci).for_each(|name| {
        command.env_remove(name);
    });
    event(&mut command, scratch, (platform, &before, &after))?;
    scratch.run(&mut command, b"")
}

/// Says that a push started the job.
fn event(command: &mut Command, scratch: &Scratch, (platform, before, after): (Platform, &str, &str)) -> anyhow::Result<()> {
    let variables: Vec<(&str, &str)> = match platform {
        Platform::GitHub => {
            let payload = json!({
                "ref": format!("refs/heads/{BRANCH}"), "before": before, "after": after, "commits": [{}],
                "repository": { "default_branch": BRANCH },
            });
            let file = scratch.work().join(".git/event.json");
            std::fs::write(&file, payload.to_string())?;
            command.env("GITHUB_EVENT_PATH", file).env("GITHUB_WORKSPACE", scratch.work());
            vec![("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push"), ("GITHUB_SHA", after)]
        }
        Platform::GitLab => vec![
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_SOURCE", "push"),
            ("CI_COMMIT_SHA", after),
            ("CI_COMMIT_BEFORE_SHA", before),
            ("CI_COMMIT_BRANCH", BRANCH),
            ("CI_DEFAULT_BRANCH", BRANCH),
        ],
        // Nothing tells these what a push added.
        Platform::Bitbucket => {
            vec![("BITBUCKET_BUILD_NUMBER", "1"), ("BITBUCKET_COMMIT", after), ("BITBUCKET_BRANCH", "scratch-change")]
        }
        Platform::Azure => vec![
            ("TF_BUILD", "True"),
            ("BUILD_REASON", "IndividualCI"),
            ("BUILD_SOURCEVERSION", after),
            ("BUILD_SOURCEBRANCH", "refs/heads/scratch-change"),
        ],
        Platform::Jenkins => vec![
            ("JENKINS_URL", "http://localhost/"),
            ("GIT_COMMIT", after),
            ("GIT_BRANCH", BRANCH),
            ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", before),
        ],
    };
    command.envs(variables);
    Ok(())
}
