//! What a person is told whose commit or push a hook stopped: how to take the secret out, what to do about it, how to allow it with a
//! reason.
//!
//! It must not print, nor know values. Start with [`next`].

use std::path::Path;

use crate::base::text::sanitise;
use crate::hook::Hook;
use crate::report::Verdict;
use crate::scan::blob::Origin;
use crate::scan::finding::{Finding, Scan};

/// Places that are told with the comment to paste.
const LISTED: usize = 3;

/// One line, where nothing was found.
pub(super) fn all_clear(hook: Hook, scan: &Scan, verdict: Verdict) -> String {
    if verdict == Verdict::NothingToScan {
        let why = match hook {
            Hook::PreCommit => "the commit adds no lines",
            Hook::PrePush => "the push brings nothing that the remote has not",
            Hook::PreReceive => "the push brings nothing new",
            Hook::CommitMsg => "the message is empty",
        };
        return format!("nothing to scan: {why}");
    }
    let cover = &scan.coverage;
    let what = match (hook, cover.files, cover.objects) {
        (Hook::CommitMsg, ..) => "the message of the commit".to_owned(),
        (_, n, 0) => counted(n, "file"),
        (_, 0, n) => counted(n, "git object"),
        (_, files, objects) => format!("{} and {}", counted(files, "file"), counted(objects, "git object")),
    };
    let mut beside = Vec::new();
    let silenced = cover.allowed_inline + cover.allowed_by_entry + cover.marked;
    for (n, words) in
        [(silenced, "silenced"), (cover.in_baseline, "in the baseline"), (cover.below_threshold, "below the threshold")]
    {
        if n > 0 {
            beside.push(format!("{n} {words}"));
        }
    }
    let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join(", ")) };
    format!("no secrets in {what}{beside}")
}

fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// What to do next.
pub(super) fn next(hook: Hook, scan: &Scan, verdict: Verdict) -> String {
    let mut rows = Rows::default();
    let stopped = match hook {
        Hook::PreCommit | Hook::CommitMsg => "The commit was stopped",
        Hook::PrePush => "The push was stopped; nothing was sent",
        Hook::PreReceive => "This server refused the push; nothing of it was kept",
    };
    if scan.findings.is_empty() {
        let what = if verdict == Verdict::NothingScanned { "nothing was looked at" } else { "not all of it could be looked at" };
        rows.line(&format!("\n{stopped}: {what}, as told above."));
        if hook != Hook::PreReceive {
            rows.row("or", "git's --no-verify goes without hooks, this once");
        }
        return rows.text;
    }
    rows.line(&format!("\n{stopped}. How to go on:"));
    remove(hook, scan, &mut rows);
    revoke(hook, &mut rows);
    allow(hook, scan, &mut rows);
    if hook != Hook::PreReceive {
        rows.row("or", "git's --no-verify goes without hooks, this once");
    }
    rows.text
}

fn remove(hook: Hook, scan: &Scan, rows: &mut Rows) {
    match hook {
        Hook::PreCommit => {
            let files = files(scan);
            let names = if files.is_empty() { "FILE".to_owned() } else { files.join(" ") };
            rows.row("remove", &format!("take the value out, then `git add {names}`, and commit again"));
            rows.row("", &format!("or leave the whole file out: `git restore --staged {names}`"));
        }
        Hook::CommitMsg => {
            let file = files(scan).pop().unwrap_or_else(|| ".git/COMMIT_EDITMSG".to_owned());
            rows.row("remove", &format!("write the message anew; what you wrote is kept: `git commit -e -F {file}`"));
        }
        Hook::PrePush | Hook::PreReceive => {
            rows.row("remove", "it is in a commit, so one more that removes it does not help:");
            rows.row("", "in the last commit: take it out, `git commit --amend`, and push again");
            rows.row("", "in an older one: `git rebase -i COMMIT^`, `edit` that commit, and push again");
        }
    }
}

fn revoke(hook: Hook, rows: &mut Rows) {
    let words = match hook {
        Hook::PreReceive => "it came over the network already: revoke it, as `fix` above says",
        Hook::PrePush => "if it was ever pushed, mailed or pasted elsewhere: revoke it, as `fix` above says",
        _ => "if it was ever pushed or shared before: removing does not help, revoke it, as `fix` above says",
    };
    rows.row("revoke", words);
}

fn allow(hook: Hook, scan: &Scan, rows: &mut Rows) {
    let told = if hook == Hook::CommitMsg { 0 } else { scan.findings.len().min(LISTED) };
    let mut label = "allow";
    for finding in &scan.findings[..told] {
        let Some((place, comment)) = comment(finding) else { continue };
        let commit = if reads_commits(hook) { ", in that commit" } else { "" };
        rows.row(label, &format!("no secret? then say why, in a comment on the line{commit}: {place}"));
        rows.row("", &format!("    {comment}"));
        label = "";
    }
    let or = if label.is_empty() { "or" } else { "no secret? then" };
    if hook == Hook::PreReceive {
        rows.row(label, "or ask who runs the server to allow it there");
    } else if scan.stable_fingerprints {
        if let Some(finding) = scan.findings.first() {
            rows.row(label, &format!("{or} by its id, in stanch.toml:"));
            rows.row("", "    [[allow]]");
            rows.row("", &format!("    fingerprint = \"{}\"", finding.fingerprint.0));
            rows.row("", "    reason = \"why it may stand here\"");
        }
        rows.row("", "or take all that is found today for known: `stanch baseline update --add`");
    } else {
        rows.row(label, &format!("{or} by its id, or by a baseline, once `stanch init` has made a project key"));
    }
}

fn reads_commits(hook: Hook) -> bool {
    matches!(hook, Hook::PrePush | Hook::PreReceive)
}

/// Where a comment allows a finding, and that comment; `None` where a comment cannot stand.
fn comment(finding: &Finding) -> Option<(String, String)> {
    let first = finding.occurrences.first()?;
    let (path, shown) = path(&first.origin)?;
    let words = format!("stanch:allow[{}] -- why it may stand here", finding.rule.id);
    let kind = Path::new(&path).extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    let comment = match &*kind {
        "json" | "csv" | "tsv" | "txt" | "pem" | "key" | "p12" | "pfx" | "der" => return None,
        "c" | "h" | "cc" | "cpp" | "hpp" | "cs" | "java" | "js" | "mjs" | "cjs" | "jsx" | "ts" | "tsx" | "go" | "rs"
        | "swift" | "kt" | "kts" | "scala" | "groovy" | "gradle" | "dart" | "php" | "m" | "mm" | "proto" | "jsonc" | "json5"
        | "scss" | "less" | "zig" | "sol" => format!("// {words}"),
        "sql" | "lua" | "hs" | "ada" | "elm" => format!("-- {words}"),
        "html" | "htm" | "xml" | "md" | "vue" | "svelte" | "svg" | "plist" | "csproj" | "config" => format!("<!-- {words} -->"),
        "css" => format!("/* {words} */"),
        "ini" | "asm" | "lisp" | "el" | "clj" => format!("; {words}"),
        "tex" | "erl" => format!("% {words}"),
        _ => format!("# {words}"),
    };
    Some((format!("{shown}:{}", first.at.line), comment))
}

/// The path of a file, and as it is told; `None` of what lies in a container, where no comment can be written.
fn path(origin: &Origin) -> Option<(String, String)> {
    let text = match origin {
        Origin::File(path) => path.display().to_string(),
        Origin::Inside { outer, member, kind: crate::scan::blob::Container::Git } if matches!(**outer, Origin::File(_)) => {
            member.split_once(':')?.1.to_owned()
        }
        _ => return None,
    };
    let shown = sanitise(text.strip_prefix("./").unwrap_or(&text).as_bytes()).into_owned();
    Some((text, shown))
}

/// Names of the files with findings, as words of a shell; none if there are many, or odd ones.
fn files(scan: &Scan) -> Vec<String> {
    let places = scan.findings.iter().flat_map(|finding| &finding.occurrences);
    let mut names: Vec<String> = places.filter_map(|place| outer(&place.origin)).collect();
    names.sort();
    names.dedup();
    let is_plain =
        |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+@".contains(&b)) && !name.starts_with('-');
    if names.len() > LISTED || !names.iter().all(is_plain) { Vec::new() } else { names }
}

/// The file on disk that something lies in.
fn outer(origin: &Origin) -> Option<String> {
    match origin {
        Origin::File(path) => Some(path.strip_prefix(".").unwrap_or(path).display().to_string()),
        Origin::Inside { outer: inside, .. } => outer(inside),
        Origin::Stdin => None,
    }
}

/// Text in two columns.
#[derive(Default)]
struct Rows {
    text: String,
}

impl Rows {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn row(&mut self, label: &str, words: &str) {
        self.line(&format!("{label:>8}  {words}"));
    }
}
