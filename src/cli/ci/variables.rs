//! Jobs of CI systems that tell of themselves by variables alone: GitLab, Bitbucket, Azure Pipelines and Jenkins.
//!
//! It must not read the environment: variables are looked up through a function. Start with [`plan`]. A value is foreign: ids must be ids.

use super::super::args::ci::Platform;
use super::plan::{Base, Error, From, Plan, Pushed, Request, Variables, What, is_id};

/// The plan for a job.
pub(super) fn plan(platform: Platform, variables: Variables<'_>) -> Result<Plan, Error> {
    let job = Job { variables };
    match platform {
        Platform::GitHub => Err(Error::Unset("GITHUB_EVENT_PATH".to_owned())),
        Platform::GitLab => job.gitlab(),
        Platform::Bitbucket => job.bitbucket(),
        Platform::Azure => job.azure(),
        Platform::Jenkins => job.jenkins(),
    }
}

struct Job<'a> {
    variables: Variables<'a>,
}

impl Job<'_> {
    /// <https://docs.gitlab.com/ci/variables/predefined_variables/>
    fn gitlab(&self) -> Result<Plan, Error> {
        let (source, sha) = (self.text("CI_PIPELINE_SOURCE")?, self.id("CI_COMMIT_SHA")?);
        let default = self.get("CI_DEFAULT_BRANCH");
        match source.as_str() {
            "merge_request_event" => {
                // Of a pipeline for merged results CI_COMMIT_SHA is a merge that nobody pushed.
                let head = self.maybe_id("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")?.unwrap_or(sha);
                let base = Base::Commit(self.id("CI_MERGE_REQUEST_DIFF_BASE_SHA")?);
                let (here, there) = (self.get("CI_MERGE_REQUEST_PROJECT_ID"), self.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"));
                let from = if here == there { From::Here } else { From::Fork };
                Ok(self.request("CI_MERGE_REQUEST_IID", (base, head), from, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"))
            }
            "external_pull_request_event" => {
                let base = Base::Commit(self.id("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA")?);
                let head = self.id("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA")?;
                let target = "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME";
                Ok(self.request("CI_EXTERNAL_PULL_REQUEST_IID", (base, head), From::Here, target))
            }
            "push" => {
                let pushed = match self.get("CI_COMMIT_TAG") {
                    Some(tag) => Pushed::Tag(tag),
                    None => Pushed::Branch(self.text("CI_COMMIT_BRANCH")?),
                };
                Ok(Plan::push(self.maybe_id("CI_COMMIT_BEFORE_SHA")?, sha, default, pushed))
            }
            other => Ok(everything(&format!("a pipeline started by {other} is about no commits of its own"), default)),
        }
    }

    /// <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>: nothing tells what a push added.
    fn bitbucket(&self) -> Result<Plan, Error> {
        let head = self.id("BITBUCKET_COMMIT")?;
        if self.get("BITBUCKET_PR_ID").is_some() {
            // The commit of the destination is told by 12 of its digits.
            let base = Base::Branch(self.text("BITBUCKET_PR_DESTINATION_BRANCH")?);
            return Ok(self.request("BITBUCKET_PR_ID", (base, head), From::Here, "BITBUCKET_PR_DESTINATION_BRANCH"));
        }
        match (self.get("BITBUCKET_TAG"), self.get("BITBUCKET_BRANCH")) {
            (Some(tag), _) => Ok(Plan::push(None, head, None, Pushed::Tag(tag))),
            (None, Some(branch)) => Ok(Plan::push(None, head, None, Pushed::Branch(branch))),
            (None, None) => Ok(everything("the pipeline is for no branch, tag or pull request", None)),
        }
    }

    /// <https://learn.microsoft.com/azure/devops/pipelines/build/variables>
    fn azure(&self) -> Result<Plan, Error> {
        let (reason, head) = (self.text("BUILD_REASON")?, self.id("BUILD_SOURCEVERSION")?);
        match reason.as_str() {
            "PullRequest" => {
                // BUILD_SOURCEVERSION is a merge that nobody pushed.
                let head = self.maybe_id("SYSTEM_PULLREQUEST_SOURCECOMMITID")?.unwrap_or(head);
                let base = Base::Branch(short(&self.text("SYSTEM_PULLREQUEST_TARGETBRANCH")?).to_owned());
                let is_fork = self.get("SYSTEM_PULLREQUEST_ISFORK").is_some_and(|value| value.eq_ignore_ascii_case("true"));
                let from = if is_fork { From::Fork } else { From::Here };
                let number = if self.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER").is_some() { "NUMBER" } else { "ID" };
                let number = format!("SYSTEM_PULLREQUEST_PULLREQUEST{number}");
                Ok(self.request(&number, (base, head), from, "SYSTEM_PULLREQUEST_TARGETBRANCH"))
            }
            "IndividualCI" | "BatchedCI" => {
                let reference = self.text("BUILD_SOURCEBRANCH")?;
                let pushed = match reference.strip_prefix("refs/tags/") {
                    Some(tag) => Pushed::Tag(tag.to_owned()),
                    None => Pushed::Branch(short(&reference).to_owned()),
                };
                Ok(Plan::push(None, head, None, pushed))
            }
            other => Ok(everything(&format!("a build for the reason {other} is about no commits of its own"), None)),
        }
    }

    /// <https://plugins.jenkins.io/git/>, and of multibranch pipelines <https://plugins.jenkins.io/branch-api/>
    fn jenkins(&self) -> Result<Plan, Error> {
        let head = self.id("GIT_COMMIT")?;
        if self.get("CHANGE_ID").is_some() {
            let base = Base::Branch(short(&self.text("CHANGE_TARGET")?).to_owned());
            let from = if self.get("CHANGE_FORK").is_some() { From::Fork } else { From::Here };
            return Ok(self.request("CHANGE_ID", (base, head), from, "CHANGE_TARGET"));
        }
        let pushed = match self.get("TAG_NAME") {
            Some(tag) => Pushed::Tag(tag),
            None => {
                let branch = self.get("BRANCH_NAME").or_else(|| self.get("GIT_BRANCH"));
                let branch = branch.ok_or_else(|| Error::Unset("GIT_BRANCH".to_owned()))?;
                Pushed::Branch(branch.strip_prefix("origin/").unwrap_or(&branch).to_owned())
            }
        };
        // Not that of the build before: what made it fail must not pass in the next one.
        let before = self.maybe_id("GIT_PREVIOUS_SUCCESSFUL_COMMIT")?;
        let plan = Plan::push(before, head, None, pushed);
        Ok(match plan.what {
            What::Range { base: Base::Commit(_), .. } => {
                Plan { why: "what is new since the last build that passed".to_owned(), ..plan }
            }
            _ => plan,
        })
    }

    /// The plan for a pull request.
    fn request(&self, number: &str, (base, head): (Base, String), from: From, target: &str) -> Plan {
        let number = self.get(number).and_then(|number| number.parse().ok());
        let why = number.map_or_else(|| "a pull request".to_owned(), |number: u64| format!("pull request {number}"));
        let mut plan = Plan::new(What::Range { base, head }, why);
        plan.request = Some(Request { number, from });
        if let Some(branch) = self.get(target) {
            plan.instead = Base::Branch(short(&branch).to_owned());
        }
        plan
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.variables)(name)
    }

    fn text(&self, name: &str) -> Result<String, Error> {
        self.get(name).ok_or_else(|| Error::Unset(name.to_owned()))
    }

    fn id(&self, name: &str) -> Result<String, Error> {
        self.maybe_id(name)?.ok_or_else(|| Error::Unset(name.to_owned()))
    }

    fn maybe_id(&self, name: &str) -> Result<Option<String>, Error> {
        match self.get(name) {
            Some(id) if !is_id(&id) => Err(Error::NoCommit(name.to_owned())),
            found => Ok(found),
        }
    }
}

fn everything(why: &str, default: Option<String>) -> Plan {
    Plan { instead: Base::Default { name: default, pushed: None }, ..Plan::new(What::Everything, why) }
}

/// The name of a branch, without what git puts before it.
fn short(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}
