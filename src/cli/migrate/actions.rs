//! Steps of GitHub workflows that use the action of another scanner.
//!
//! Such a step becomes two: one that installs stanch, as `stanch init` writes it, and one that scans what was pushed. It must not change
//! anything else: the workflow is edited by lines and must mean the same but for the step. Start with [`changed`].

use serde_json::{Map, Value, json};

use super::super::init;
use super::{Plan, commands, yaml};

/// Actions of other scanners, and what their parts begin with.
const ACTIONS: [&str; 8] = [
    "gitleaks/gitleaks-action",
    "zricethezav/gitleaks-action",
    "trufflesecurity/trufflehog",
    "betterleaks/betterleaks-action",
    "GitGuardian/ggshield-action",
    "GitGuardian/ggshield",
    "mongodb/kingfisher",
    "secretlint/secretlint",
];
/// Fields of a step that both steps keep.
const KEPT: [&str; 3] = ["if", "continue-on-error", "timeout-minutes"];
/// Inputs and variables that say nothing that is lost.
const PLAIN: [&str; 22] = [
    "path",
    "base",
    "head",
    "version",
    "image",
    "extra_args",
    "extra-args",
    "args",
    "GITHUB_TOKEN",
    "GITLEAKS_LICENSE",
    "GITLEAKS_VERSION",
    "GITLEAKS_CONFIG",
    "GITLEAKS_NOTIFY_USER_LIST",
    "GITLEAKS_ENABLE_COMMENTS",
    "BASE_REF",
    "GITGUARDIAN_API_KEY",
    "GITGUARDIAN_API_URL",
    "GITHUB_PUSH_BEFORE_SHA",
    "GITHUB_PUSH_BASE_SHA",
    "GITHUB_PULL_BASE_SHA",
    "GITHUB_DEFAULT_BRANCH",
    "token",
];

/// The workflow with our steps in the place of theirs; what cannot be replaced stays, and is told.
pub(super) fn changed(name: &str, mut text: String, plan: &mut Plan) -> String {
    let mut from = 0;
    while let Some(block) = block(&text, from) {
        let line = block.start + 1;
        match replaced(&text, &block, plan) {
            Ok((new, told, left, more)) => {
                plan.tell(name, format!("line {line}: {} becomes steps that install stanch and run it", block.action));
                told.into_iter().for_each(|what| plan.tell(name, format!("line {line}: {what}")));
                left.into_iter().for_each(|what| plan.leave(name, format!("line {line}: {what}")));
                plan.excluding.extend(more);
                plan.tell(name, "the variable STANCH_REPOSITORY of the repository is the address that stanch is installed from");
                text = new;
                from = block.at + 1;
            }
            Err(why) => {
                let by_hand = "in its place, run `stanch ci`";
                plan.leave(name, format!("line {line}: {} is not converted: {why}; {by_hand}", block.action));
                from = block.end.max(block.at + 1);
            }
        }
    }
    text
}

/// The lines of a step.
struct Block {
    /// That of the action.
    at: usize,
    start: usize,
    end: usize,
    indent: usize,
    /// The action, without its version.
    action: &'static str,
}

/// The next step with an action of another scanner, from a line on.
fn block(text: &str, from: usize) -> Option<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let (at, action) = (from..lines.len()).find_map(|at| Some((at, uses(lines[at])?)))?;
    let start = (0..=at)
        .rev()
        .find(|line| lines[*line].trim_start().starts_with("- ") && (*line == at || indent(lines[*line]) < indent(lines[at])));
    let end = |start: usize| {
        let is_over = |line: &&str| !line.trim().is_empty() && indent(line) <= indent(lines[start]);
        (start + 1..lines.len()).find(|at| is_over(&lines[*at])).unwrap_or(lines.len())
    };
    // The step that the line is part of, if it is written as one.
    let start = start.filter(|start| end(*start) > at).unwrap_or(at);
    let (depth, end) = (indent(lines[start]), end(start));
    // Empty lines and comments before the next step belong to that one.
    let blank = lines[start + 1..end].iter().rev().take_while(|line| line.trim().is_empty()).count();
    Some(Block { at, start, end: end - blank, indent: depth, action })
}

/// The action of a line, if it is one of another scanner: `- uses: owner/name@v2`.
fn uses(line: &str) -> Option<&'static str> {
    let rest = line.trim_start().trim_start_matches("- ").trim_start().strip_prefix("uses:")?;
    let rest = rest.trim().trim_matches(['"', '\'']);
    let name = rest.split('@').next().unwrap_or(rest).to_ascii_lowercase();
    ACTIONS.into_iter().find(|action| {
        let action = action.to_ascii_lowercase();
        name == action || name.strip_prefix(&action).is_some_and(|rest| rest.starts_with('/'))
    })
}

type Replaced = (String, Vec<String>, Vec<String>, Vec<String>);

/// The text with one step replaced; what is told, what is left, and files that list what is left out.
fn replaced(text: &str, block: &Block, plan: &Plan) -> Result<Replaced, String> {
    let broken = || "the file is written in a form that is not understood".to_owned();
    let before = yaml::document(text).ok_or_else(broken)?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let own = lines[block.start..block.end].concat();
    let step = yaml::document(&own).and_then(|list| list.get(0).cloned()).ok_or_else(broken)?;
    let step = step.as_object().ok_or_else(broken)?;
    let (told, left, more) = lost(step, plan);
    let steps = steps(step, &plan.flags(block.action.contains("leaks")));
    let mut new: String = lines[..block.start].concat();
    new.push_str(&written(&steps, block.indent));
    new.push_str(&lines[block.end..].concat());
    // The same step may stand in several jobs.
    let (after, old) = (yaml::document(&new).ok_or_else(broken)?, Value::Object(step.clone()));
    for nth in 0.. {
        let mut wanted = before.clone();
        if !put(&mut wanted, (&old, &steps), &mut { nth }) {
            break;
        }
        if wanted == after {
            return Ok((new, told, left, more));
        }
    }
    Err(broken())
}

/// Our two steps. What a job is about, `stanch ci` knows by its event.
fn steps(step: &Map<String, Value>, flags: &[String]) -> [Value; 2] {
    let flags: String =
        flags.iter().map(|flag| if flag.contains('*') { format!(" '{flag}'") } else { format!(" {flag}") }).collect();
    let input =
        |name: &str| step.get("with").and_then(|with| with.get(name)).and_then(Value::as_str).filter(|end| is_commit(end));
    let mut install = json!({ "run": init::INSTALL, "env": { "STANCH_REPOSITORY": "${{ vars.STANCH_REPOSITORY }}" } });
    let mut scan = match (input("base"), input("head")) {
        (Some(from), Some(to)) => {
            json!({ "run": format!("stanch ci --base \"$BASE\" --head \"$HEAD\"{flags}"), "env": { "BASE": from, "HEAD": to } })
        }
        _ => json!({ "run": format!("stanch ci{flags}") }),
    };
    for (name, value) in KEPT.iter().filter_map(|name| Some((*name, step.get(*name)?))) {
        install[name] = value.clone();
        scan[name] = value.clone();
    }
    if let Some(id) = step.get("id") {
        scan["id"] = id.clone();
    }
    [install, scan]
}

/// Does an expression name a commit, whatever branches are called in the clone?
fn is_commit(end: &str) -> bool {
    end.starts_with("${{") && (end.contains(".sha") || end.contains("event.before") || end.contains("event.after"))
}

/// What the old step said and ours does not: what is told, what is left by hand, and files of paths that are left out.
fn lost(step: &Map<String, Value>, plan: &Plan) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut told, mut left, mut more) = (Vec::new(), Vec::new(), Vec::new());
    let part = |name: &str| step.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let (with, env) = (part("with"), part("env"));
    for name in with.keys().chain(env.keys()).filter(|name| !PLAIN.contains(&name.as_str())) {
        left.push(format!("`{}` of the old step is not carried over", crate::base::text::without_tokens(name)));
    }
    if with.contains_key("base") && !with.get("base").and_then(Value::as_str).is_some_and(is_commit) {
        told.push("what was pushed is scanned: its `base` and `head` are worked out from the event".to_owned());
    }
    if with.get("path").and_then(Value::as_str).is_some_and(|path| !matches!(path, "" | "." | "./")) {
        left.push("`path` of the old step is not carried over: the whole repository is scanned".to_owned());
    }
    let config = env.get("GITLEAKS_CONFIG").and_then(Value::as_str);
    if config.is_some_and(|config| plan.config.as_deref() != Some(config.trim_start_matches("./"))) {
        left.push("its GITLEAKS_CONFIG: convert that file with `stanch rules import`, and add `--rules FILE`".to_owned());
    }
    for args in ["extra_args", "extra-args", "args"].iter().filter_map(|name| with.get(*name)?.as_str()) {
        if args.trim().is_empty() {
            continue;
        }
        // A command line of trufflehog, as far as it goes.
        let words: Vec<String> = ["filesystem", "--fail"].into_iter().chain(args.split_whitespace()).map(str::to_owned).collect();
        match commands::ours(commands::Tool::Trufflehog, &words) {
            Ok(ours) => {
                told.extend(ours.notes);
                more.extend(ours.excluding);
            }
            Err(why) => left.push(format!("its arguments are not carried over: {why}")),
        }
    }
    (told, left, more)
}

/// Steps as lines.
fn written(steps: &[Value], indent: usize) -> String {
    let mut out = String::new();
    let blank = " ".repeat(indent);
    let line = |value: &Value| match value.as_str() {
        // What an expression or a command needs, and no more.
        Some(text) if text.starts_with("${{") || text.starts_with("stanch ") || text.starts_with("cargo ") => text.to_owned(),
        _ => serde_json::to_string(value).unwrap_or_default(),
    };
    for step in steps {
        let mut mark = "- ";
        for (name, value) in ["if", "id", "run", "env", "continue-on-error", "timeout-minutes"]
            .iter()
            .filter_map(|name| Some((name, step.get(*name)?)))
        {
            if let Value::Object(map) = value {
                out.push_str(&format!("{blank}{mark}{name}:\n"));
                map.iter().for_each(|(name, value)| out.push_str(&format!("{blank}    {name}: {}\n", line(value))));
            } else {
                out.push_str(&format!("{blank}{mark}{name}: {}\n", line(value)));
            }
            mark = "  ";
        }
    }
    out
}

/// Puts steps in the place of one that is equal to `old`, after as many as are to be passed.
fn put(value: &mut Value, (old, new): (&Value, &[Value]), pass: &mut usize) -> bool {
    match value {
        Value::Array(list) => {
            for at in 0..list.len() {
                if list[at] == *old && *pass == 0 {
                    list.splice(at..=at, new.iter().cloned());
                    return true;
                }
                *pass -= usize::from(list[at] == *old);
                if put(&mut list[at], (old, new), pass) {
                    return true;
                }
            }
            false
        }
        Value::Object(map) => map.values_mut().any(|one| put(one, (old, new), pass)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, changed};

    const BEFORE: &str = "on: [push, pull_request]\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          fetch-depth: 0\n      # secrets\n      - name: TruffleHog OSS\n        uses: trufflesecurity/trufflehog@main\n        with:\n          path: ./\n          base: ${{ github.event.repository.default_branch }}\n          head: HEAD\n          extra_args: --only-verified --exclude-paths=.th.txt\n\n      - run: make # last\n";

    fn told(plan: &Plan) -> String {
        plan.told.iter().map(|(_, what)| format!("{what}\n")).collect()
    }

    #[test]
    fn a_step_becomes_ours_and_the_rest_stays() {
        let mut plan = Plan::default();
        let new = changed("x.yml", BEFORE.to_owned(), &mut plan);
        let expected = "      # secrets\n      - run: cargo install --locked --git \"$STANCH_REPOSITORY\" stanch\n        env:\n          STANCH_REPOSITORY: ${{ vars.STANCH_REPOSITORY }}\n      - run: stanch ci\n\n      - run: make # last\n";
        assert_eq!(new, format!("{}{expected}", &BEFORE[..BEFORE.find("      # secrets").unwrap()]));
        assert!(told(&plan).starts_with("line 9: trufflesecurity/trufflehog becomes steps that install stanch and run it\n"));
        assert!(told(&plan).contains("without `--only-verified`") && told(&plan).contains("are worked out from the event"));
        assert_eq!((plan.by_hand, plan.excluding), (false, vec![".th.txt".to_owned()]));
        let mut again = Plan::default();
        assert_eq!(changed("x.yml", new.clone(), &mut again), new);
        assert!(again.told.is_empty());
    }

    #[test]
    fn what_the_step_said_is_not_lost() {
        let step = "on: [push, schedule]\njobs:\n  a:\n    steps:\n    - uses: gitleaks/gitleaks-action@v2\n      if: always()\n      env:\n        GITLEAKS_LICENSE: ${{ secrets.X }}\n        GITLEAKS_CONFIG: other.toml\n        COLOUR: red\n";
        let mut plan = Plan::default();
        let new = changed("x.yml", step.to_owned(), &mut plan);
        assert_eq!(new.matches("if: \"always()\"").count(), 2);
        assert!(new.contains("run: stanch ci\n") && !new.contains("LICENSE"), "{new}");
        for part in ["`COLOUR` of the old step", "its GITLEAKS_CONFIG"] {
            assert!(told(&plan).contains(part), "{}", told(&plan));
        }
        let based = "jobs:\n  a:\n    steps:\n    - uses: trufflesecurity/trufflehog@v3\n      with:\n        base: ${{ github.event.before }}\n        head: ${{ github.sha }}\n";
        let new = changed("x.yml", based.to_owned(), &mut Plan::default());
        let ours = "    - run: stanch ci --base \"$BASE\" --head \"$HEAD\"\n      env:\n        BASE: ${{ github.event.before }}\n        HEAD: ${{ github.sha }}\n";
        assert!(new.ends_with(ours), "{new}");
        let kept = "jobs:\n  a: {steps: [\n  uses: GitGuardian/ggshield/actions/secret@v1\n]}\n";
        let mut plan = Plan::default();
        assert_eq!(changed("x.yml", kept.to_owned(), &mut plan), kept);
        assert!(told(&plan).contains("line 3: GitGuardian/ggshield is not converted: "), "{}", told(&plan));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in r"(jobs:\n|  a:\n|    steps:\n|    - uses: gitleaks/gitleaks-action@v2\n|      uses: trufflesecurity/trufflehog@x\n|      with:\n|        base: x\n| {0,4}|- |.{0,5}\n){0,16}") {
            changed("x.yml", text, &mut Plan::default());
        }
    }
}
