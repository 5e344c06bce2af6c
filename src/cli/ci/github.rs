//! Events of GitHub Actions: a payload becomes a plan.
//!
//! It must not read the file. A payload is foreign: a field that is missing or is something else is an error that names it, and no value
//! of it is repeated but names of branches. Start with [`plan`]. Fields are those of
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.

use std::path::Path;

use serde_json::Value;

use super::plan::{Base, Checkout, Error, From, Plan, Pushed, Request, What, is_id, is_zero};

/// The plan for an event.
pub(super) fn plan(name: &str, file: &Path, payload: &[u8]) -> Result<Plan, Error> {
    let file = file.display().to_string();
    let Ok(fields @ Value::Object(_)) = serde_json::from_slice(payload) else { return Err(Error::NotJson { file }) };
    let event = Payload { name, file, fields };
    match name {
        "push" => event.push(),
        "pull_request" | "pull_request_target" | "pull_request_review" | "pull_request_review_comment" => event.pull_request(),
        "merge_group" => {
            let (base, head) = (event.id("merge_group.base_sha")?, event.id("merge_group.head_sha")?);
            Ok(event.told(What::Range { base: Base::Commit(base), head }, "a merge queue".to_owned()))
        }
        "workflow_run" => event.workflow_run(),
        "schedule" | "workflow_dispatch" | "repository_dispatch" | "release" => {
            Ok(event.told(What::Everything, format!("a {name} event is about no commits of its own")))
        }
        _ => Ok(event.told(What::Everything, format!("{name} events say nothing of commits"))),
    }
}

struct Payload<'a> {
    name: &'a str,
    file: String,
    fields: Value,
}

impl Payload<'_> {
    fn push(&self) -> Result<Plan, Error> {
        let reference = self.text("ref")?;
        let pushed = match (reference.strip_prefix("refs/heads/"), reference.strip_prefix("refs/tags/")) {
            (Some(branch), _) => Pushed::Branch(branch.to_owned()),
            (_, Some(tag)) => Pushed::Tag(tag.to_owned()),
            _ => return Err(self.wrong("ref", "that of a branch or tag")),
        };
        let (before, after) = (self.id("before")?, self.id("after")?);
        if is_zero(&after) {
            return Ok(Plan::new(What::Nothing, format!("{reference} was deleted")));
        }
        let is_forced = self.at("forced").and_then(Value::as_bool) == Some(true);
        let mut plan = Plan::push(Some(before), after, self.default_branch(), pushed);
        if is_forced && matches!(plan.what, What::Range { base: Base::Commit(_), .. }) {
            plan.why.push_str(", forced");
        }
        plan.commits = self.at("commits").and_then(Value::as_array).map(|list| list.len() as u64);
        Ok(plan)
    }

    fn pull_request(&self) -> Result<Plan, Error> {
        let (base, head) = (self.id("pull_request.base.sha")?, self.id("pull_request.head.sha")?);
        let number = self.at("pull_request.number").ok_or_else(|| self.missing("pull_request.number"))?;
        let number = number.as_u64().ok_or_else(|| self.wrong("pull_request.number", "a number"))?;
        let mut plan = self.told(What::Range { base: Base::Commit(base), head }, format!("pull request {number}"));
        let name = |end: &str| self.at(&format!("pull_request.{end}.repo.full_name")).and_then(Value::as_str);
        // A fork that is gone has no repository.
        let from = if name("head").is_some() && name("head") == name("base") { From::Here } else { From::Fork };
        plan.request = Some(Request { number: Some(number), from });
        plan.commits = self.at("pull_request.commits").and_then(Value::as_u64);
        if self.name == "pull_request_target" {
            plan.checkout = Checkout::Other;
        }
        if let Ok(branch) = self.text("pull_request.base.ref") {
            plan.instead = Base::Branch(branch.to_owned());
        }
        Ok(plan)
    }

    /// The commits of the run that it follows. Of a fork's pull request the event names no base.
    fn workflow_run(&self) -> Result<Plan, Error> {
        let head = self.id("workflow_run.head_sha")?;
        let branch = self.at("workflow_run.head_branch").and_then(Value::as_str).map(str::to_owned);
        let is_push = self.at("workflow_run.event").and_then(Value::as_str) == Some("push");
        let base = match self.at("workflow_run.pull_requests.0.base.sha") {
            Some(_) => Base::Commit(self.id("workflow_run.pull_requests.0.base.sha")?),
            // A branch of a fork may be called like the default one.
            None => Base::Default { name: self.default_branch(), pushed: branch.filter(|_| is_push) },
        };
        let plan = self.told(What::Range { base, head }, "the commits of the workflow run that this one follows".to_owned());
        Ok(Plan { checkout: Checkout::Other, ..plan })
    }

    fn told(&self, what: What, why: String) -> Plan {
        let instead = Base::Default { name: self.default_branch(), pushed: None };
        Plan { instead, ..Plan::new(what, why) }
    }

    fn default_branch(&self) -> Option<String> {
        self.text("repository.default_branch").ok().map(str::to_owned)
    }

    /// The value at a path.
    fn at(&self, path: &str) -> Option<&Value> {
        let mut value = &self.fields;
        for name in path.split('.') {
            value = match value {
                Value::Array(list) => list.get(name.parse::<usize>().ok()?)?,
                other => other.get(name)?,
            };
        }
        Some(value).filter(|value| !value.is_null())
    }

    fn text(&self, path: &str) -> Result<&str, Error> {
        let value = self.at(path).ok_or_else(|| self.missing(path))?;
        let text = value.as_str().ok_or_else(|| self.wrong(path, "a text"))?;
        if text.is_empty() { Err(self.missing(path)) } else { Ok(text) }
    }

    fn id(&self, path: &str) -> Result<String, Error> {
        let id = self.text(path)?;
        if is_id(id) { Ok(id.to_owned()) } else { Err(self.wrong(path, "the id of a commit")) }
    }

    fn missing(&self, field: &str) -> Error {
        Error::Missing { event: self.name.to_owned(), file: self.file.clone(), field: field.to_owned() }
    }

    fn wrong(&self, field: &str, expected: &'static str) -> Error {
        Error::Wrong { event: self.name.to_owned(), file: self.file.clone(), field: field.to_owned(), expected }
    }
}
