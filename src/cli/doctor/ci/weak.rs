//! What makes a check of CI harmless: it does not run, it does not fail, or it has nothing to look at.
//!
//! It must not read files or run anything. Start with [`command`] and [`around`].

use serde_json::Value;

use super::super::super::args::ci::Platform;
use super::super::State;
use super::text::Text;

/// One such thing.
#[derive(Debug)]
pub(super) struct Weak {
    /// Its line, from 0.
    pub(super) line: usize,
    pub(super) state: State,
    pub(super) said: String,
    pub(super) todo: String,
}

fn broken(line: usize, said: impl Into<String>, todo: impl Into<String>) -> Weak {
    Weak { line, state: State::Broken, said: said.into(), todo: todo.into() }
}

fn warning(line: usize, said: impl Into<String>, todo: impl Into<String>) -> Weak {
    Weak { line, state: State::Warning, said: said.into(), todo: todo.into() }
}

/// What a command line says itself.
pub(super) fn command(command: &str, line: usize) -> Vec<Weak> {
    let mut all = Vec::new();
    let flat = command.replace('=', " ");
    let words: Vec<&str> = flat.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    let follows = |flag: &str, value: &str| words.windows(2).any(|pair| pair == [flag, value]);
    if follows("--exit-code", "0") {
        all.push(broken(line, "`--exit-code 0`: the job passes with a secret", "take it out"));
    }
    if follows("--fail-on", "none") {
        all.push(broken(line, "`--fail-on none`: the job passes with a secret", "take it out"));
    }
    for flag in ["--plan", "--dry-run"] {
        if words.contains(&flag) {
            all.push(broken(line, format!("`{flag}`: nothing is scanned"), "take it out"));
        }
    }
    if let Some((_, behind)) = command.split_once("||") {
        let behind = behind.trim();
        let fails = behind.starts_with("exit ") && !behind.starts_with("exit 0") || behind.starts_with("false");
        if !fails {
            all.push(broken(line, format!("`|| {}`: the job goes on after a secret", short(behind)), "take it out"));
        }
    } else if let Some((_, behind)) = command.split_once('|') {
        let said = format!("`| {}`: the code of what stands before a pipe counts only with `set -o pipefail`", short(behind));
        all.push(warning(line, said, "`--also FORMAT=FILE` writes a report without a pipe"));
    }
    if let Some((_, behind)) = command.split_once(';')
        && !behind.trim().is_empty()
    {
        all.push(warning(
            line,
            format!("`; {}` comes behind it and may decide how the step ends", short(behind)),
            "give it a line of its own",
        ));
    }
    all
}

fn short(words: &str) -> String {
    words.trim().trim_end_matches(['\'', '"', ')']).chars().take(30).collect()
}

/// What the inputs of the action say.
pub(super) fn action(text: &Text<'_>, line: usize) -> Vec<Weak> {
    let step = text.step(line);
    let mut all = Vec::new();
    if let Some((at, "none")) = text.key(step.clone(), "fail-on") {
        all.push(broken(at, "`fail-on: none`: the job passes with a secret", "take it out, or write `new`"));
    }
    if let Some((at, extra)) = text.key(step, "extra-args") {
        all.extend(command(extra, at));
    }
    all
}

/// What stands around a call: keys of its step, its job and its file.
pub(super) fn around(platform: Platform, text: &Text<'_>, line: usize) -> Vec<Weak> {
    match platform {
        Platform::GitHub => github(text, line),
        Platform::GitLab => gitlab(text, line),
        Platform::Bitbucket => bitbucket(text, line),
        Platform::Azure => azure(text, line),
        Platform::Jenkins => jenkins(text, line),
    }
}

/// Is what a call needs of the history there?
pub(super) fn depth(platform: Platform, text: &Text<'_>, (line, needs_history): (usize, bool)) -> Vec<Weak> {
    let (key, whole) = match platform {
        Platform::GitHub => ("fetch-depth", "0"),
        Platform::GitLab => ("GIT_DEPTH", "0"),
        Platform::Bitbucket => ("depth", "full"),
        Platform::Azure => ("fetchDepth", "0"),
        Platform::Jenkins => return Vec::new(),
    };
    if !needs_history {
        return Vec::new();
    }
    let range = text.job(line, "jobs:").filter(|_| platform == Platform::GitHub).unwrap_or(text.all());
    match text.key(range, key) {
        Some((_, value)) if value == whole => Vec::new(),
        Some((at, value)) => {
            vec![broken(at, format!("`{key}: {value}`: older commits are not there to be scanned"), format!("`{key}: {whole}`"))]
        }
        None => vec![broken(
            line,
            format!("the clone is shallow without `{key}: {whole}`: older commits are not there to be scanned"),
            format!("add `{key}: {whole}`"),
        )],
    }
}

/// A key that lets a job pass or keeps it from running.
fn switch(all: &mut Vec<Weak>, found: Option<(usize, &str)>, (key, bad, why): (&str, &str, &str)) {
    let Some((line, value)) = found else { return };
    if value.replace("${{", "").replace("}}", "").trim() == bad {
        all.push(broken(line, format!("`{key}: {bad}`: {why}"), "take it out"));
    } else if value.contains("${{") && key != "if" {
        all.push(warning(line, format!("`{key}` is worked out when the job runs: {why}, if it comes to {bad}"), "take it out"));
    }
}

const PASSES: &str = "the job passes with a secret";
const NEVER: &str = "it never runs";

fn github(text: &Text<'_>, line: usize) -> Vec<Weak> {
    let mut all = Vec::new();
    let (step, job) = (text.step(line), text.job(line, "jobs:"));
    for range in std::iter::once(&step).chain(&job) {
        switch(&mut all, text.own_key(range.clone(), "continue-on-error"), ("continue-on-error", "true", PASSES));
        let condition = text.own_key(range.clone(), "if");
        switch(&mut all, condition, ("if", "false", NEVER));
        if let Some((at, value)) = condition.filter(|(_, value)| {
            !["false", "${{ false }}", "always()", "success()", "!cancelled()", "${{ always() }}", "${{ !cancelled() }}"]
                .contains(value)
        }) {
            all.push(warning(at, format!("it runs only if {}", short(value)), "a check that is left out stops nothing"));
        }
    }
    if let Some(at) = text.has(step.start..line, "set +e") {
        all.push(broken(at, "`set +e`: the step goes on after a secret", "take it out"));
    }
    if let Some(job) = job
        && text.has(job.clone(), "actions/checkout").is_none()
        && text.has(job, "git clone").is_none()
    {
        all.push(warning(line, "its job checks nothing out, as far as can be seen", "add a step that uses actions/checkout"));
    }
    all.extend(triggers(text, line));
    all
}

/// What starts a workflow.
fn triggers(text: &Text<'_>, line: usize) -> Vec<Weak> {
    let whole: Vec<&str> = text.all().map(|at| text.line(at)).collect();
    let document = serde_saphyr::from_str::<Value>(&whole.join("\n")).unwrap_or_default();
    let at = text.all().find(|at| text.line(*at).trim_start_matches(['"', '\'']).starts_with("on")).unwrap_or(line);
    let on = document.get("on").or_else(|| document.get("true"));
    let filters =
        |name: &str| on.and_then(|on| on.get(name)).and_then(Value::as_object).map(|map| map.keys().cloned().collect::<Vec<_>>());
    let has = |name: &str| match on {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(all)) => all.iter().any(|one| one == name),
        Some(Value::Object(map)) => map.contains_key(name),
        _ => false,
    };
    let requests = ["pull_request", "pull_request_target", "merge_group"].into_iter().any(has);
    if has("workflow_call") {
        return Vec::new();
    }
    let limits = |name: &str, key: &str| filters(name).is_some_and(|keys| keys.iter().any(|one| one.starts_with(key)));
    let all_pushes = has("push") && !limits("push", "branches") && !limits("push", "paths") && !limits("push", "tags");
    let mut all = Vec::new();
    match (requests, has("push")) {
        (false, false) => {
            all.push(broken(at, "neither a push nor a pull request starts it", "`on: [push, pull_request, merge_group]`"))
        }
        (false, true) if all_pushes => {
            all.push(warning(
                at,
                "no pull request starts it: what forks bring is not scanned before it is merged",
                "add `pull_request` to `on`",
            ));
        }
        (false, true) => all.push(broken(at, "no pull request starts it, and not every push does", "add `pull_request` to `on`")),
        (true, false) => {
            all.push(warning(at, "no push starts it: what is pushed without a pull request is not scanned", "add `push` to `on`"))
        }
        (true, true) => {}
    }
    for key in ["paths", "types"] {
        if limits("pull_request", key) && !(key == "types" && has_synchronize(on)) {
            all.push(warning(
                at,
                format!("`{key}` of pull_request leaves some out"),
                "a secret may stand in any file and come with any push",
            ));
        }
    }
    all
}

fn has_synchronize(on: Option<&Value>) -> bool {
    let types = on.and_then(|on| on.pointer("/pull_request/types")).and_then(Value::as_array);
    types.is_some_and(|types| types.iter().any(|one| one == "synchronize"))
}

/// The block of the key at the top that a line stands below.
fn top(text: &Text<'_>, line: usize) -> std::ops::Range<usize> {
    text.above(line).last().map_or(text.all(), |at| text.block(*at))
}

fn gitlab(text: &Text<'_>, line: usize) -> Vec<Weak> {
    let mut all = Vec::new();
    let job = top(text, line);
    switch(&mut all, text.own_key(job.clone(), "allow_failure"), ("allow_failure", "true", PASSES));
    switch(&mut all, text.own_key(job.clone(), "when"), ("when", "manual", "it runs only by hand"));
    switch(&mut all, text.own_key(job.clone(), "when"), ("when", "never", NEVER));
    let limited = ["rules", "only"].iter().find_map(|key| text.own_key(job.clone(), key));
    if let Some((at, _)) = limited
        && text.has(job.clone(), "merge_request").is_none()
    {
        all.push(warning(at, "no merge request starts it", "`- if: $CI_PIPELINE_SOURCE == \"merge_request_event\"` does"));
    }
    if let Some(at) = text.has(job.start..line, "set +e") {
        all.push(broken(at, "`set +e`: the job goes on after a secret", "take it out"));
    }
    all
}

fn bitbucket(text: &Text<'_>, line: usize) -> Vec<Weak> {
    let mut all = Vec::new();
    let is_step = |at: &usize| text.line(*at).trim_start().starts_with("- step");
    let step = text.above(line).into_iter().find(is_step).map_or(line..line + 1, |at| text.block(at));
    switch(&mut all, text.key(step.clone(), "trigger"), ("trigger", "manual", "it runs only by hand"));
    switch(&mut all, text.key(step, "on-fail"), ("on-fail", "ignore", PASSES));
    let has = |key: &str| text.key(text.all(), key).is_some();
    match (has("pull-requests"), has("default")) {
        (false, false) => all.push(broken(
            line,
            "neither a push to any branch nor a pull request starts it",
            "call it in `default` and `pull-requests`",
        )),
        (false, true) => all.push(warning(line, "no pull request starts it", "call it in `pull-requests`, too")),
        _ => {}
    }
    all
}

fn azure(text: &Text<'_>, line: usize) -> Vec<Weak> {
    let mut all = Vec::new();
    let step = text.step(line);
    let jobs = text.above(line).into_iter().filter(|at| text.line(*at).trim_start().starts_with("- ")).map(|at| text.block(at));
    let mut ranges = vec![step];
    ranges.extend(jobs);
    ranges.dedup();
    for range in ranges {
        switch(&mut all, text.own_key(range.clone(), "continueOnError"), ("continueOnError", "true", PASSES));
        switch(&mut all, text.own_key(range.clone(), "enabled"), ("enabled", "false", NEVER));
        switch(&mut all, text.own_key(range, "condition"), ("condition", "false", NEVER));
    }
    let none = |key: &str| text.key(text.all(), key).filter(|(_, value)| *value == "none");
    match (none("trigger"), none("pr")) {
        (Some((at, _)), Some(_)) => all.push(broken(at, "`trigger: none` and `pr: none`: nothing starts it", "take them out")),
        (None, Some((at, _))) => all.push(warning(at, "`pr: none`: no pull request starts it", "take it out")),
        (Some((at, _)), None) => all.push(warning(at, "`trigger: none`: no push starts it", "take it out")),
        (None, None) => {}
    }
    all
}

fn jenkins(text: &Text<'_>, line: usize) -> Vec<Weak> {
    let mut all = Vec::new();
    for words in ["catchError", "warnError", "returnStatus: true", "returnStatus:true"] {
        let near = line.saturating_sub(8)..line + 1;
        if let Some(at) = text.has(near, words) {
            all.push(broken(at, format!("`{words}`: the build goes on after a secret"), "take it out"));
        }
    }
    if let Some(at) = text.has(line.saturating_sub(12)..line, "when {") {
        all.push(warning(at, "`when`: it runs only in some builds", "a check that is left out stops nothing"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::super::super::args::ci::Platform;
    use super::super::text::Text;
    use super::{around, command, depth};

    /// `line: what` of each, with a `!` where it is broken.
    fn told(platform: Platform, file: &str) -> String {
        let text = Text::new(file);
        let line = text.said().find(|(_, line)| line.contains("stanch ci")).unwrap().0;
        let mut all = command(text.line(line), line);
        all.extend(around(platform, &text, line));
        all.extend(depth(platform, &text, (line, file.contains("--no-fetch"))));
        let mark = |state| if state == super::State::Broken { "!" } else { "" };
        all.iter().map(|weak| format!("{}{} {}", weak.line + 1, mark(weak.state), weak.said)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_lets_a_job_pass_is_told_with_its_line() {
        let check = |platform: Platform, file: &str, expected: &str| assert_eq!(told(platform, file), expected, "{file}");
        let github = |on: &str, job: &str, step: &str| {
            format!("on: {on}\njobs:\n  a:\n{job}    steps:\n      - uses: actions/checkout@v4\n      - run: stanch ci{step}\n")
        };
        let both = "[push, pull_request]";
        check(Platform::GitHub, &github(both, "", ""), "");
        check(Platform::GitHub, &github(both, "", " || exit 1"), "");
        check(Platform::GitHub, &github(both, "", " || true"), "6! `|| true`: the job goes on after a secret");
        check(Platform::GitHub, &github(both, "", " --exit-code=0"), "6! `--exit-code 0`: the job passes with a secret");
        check(Platform::GitHub, &github(both, "", " --fail-on none"), "6! `--fail-on none`: the job passes with a secret");
        check(Platform::GitHub, &github(both, "", " --plan"), "6! `--plan`: nothing is scanned");
        check(
            Platform::GitHub,
            &github(both, "", "\n        continue-on-error: true"),
            "7! `continue-on-error: true`: the job passes with a secret",
        );
        check(Platform::GitHub, &github(both, "    if: ${{ false }}\n", ""), "4! `if: false`: it never runs");
        check(
            Platform::GitHub,
            &github("push", "", ""),
            "1 no pull request starts it: what forks bring is not scanned before it is merged",
        );
        check(Platform::GitHub, &github("workflow_dispatch", "", ""), "1! neither a push nor a pull request starts it");
        check(
            Platform::GitHub,
            &github("{push: {branches: [main]}}", "", ""),
            "1! no pull request starts it, and not every push does",
        );
        check(
            Platform::GitHub,
            &github(both, "", " --no-fetch"),
            "6! the clone is shallow without `fetch-depth: 0`: older commits are not there to be scanned",
        );
    }

    #[test]
    fn so_it_is_in_the_files_of_other_systems() {
        let check = |platform: Platform, file: &str, expected: &str| assert_eq!(told(platform, file), expected, "{file}");
        check(
            Platform::GitLab,
            "s:\n  script:\n    - stanch ci\n  allow_failure: true\n",
            "4! `allow_failure: true`: the job passes with a secret",
        );
        check(
            Platform::GitLab,
            "s:\n  script:\n    - stanch ci\n  rules:\n    - if: $CI_COMMIT_TAG\n",
            "4 no merge request starts it",
        );
        check(
            Platform::Azure,
            "steps:\n- bash: stanch ci\n  continueOnError: true\n",
            "3! `continueOnError: true`: the job passes with a secret",
        );
        check(Platform::Azure, "pr: none\nsteps:\n- bash: stanch ci\n", "1 `pr: none`: no pull request starts it");
        check(
            Platform::Bitbucket,
            "pipelines:\n  default:\n    - step:\n        script:\n          - stanch ci\n",
            "5 no pull request starts it",
        );
        check(Platform::Jenkins, "catchError {\n sh 'stanch ci'\n}\n", "1! `catchError`: the build goes on after a secret");
        check(
            Platform::Bitbucket,
            "pipelines:\n  pull-requests:\n    '**':\n      - step:\n          trigger: manual\n          script:\n            - stanch ci\n",
            "5! `trigger: manual`: it runs only by hand",
        );
    }
}
