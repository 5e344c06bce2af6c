//! A plan to take secrets out of the history of a repository with git-filter-repo: the replacement list and the steps.
//!
//! It must not write files, nor know whether secrets are dead. Start with [`replacements`] and [`steps`]. The form of the list is that of
//! `git filter-repo --replace-text`, which `--replace-message` reads too: a line for each expression, `==>` before what replaces it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use zeroize::Zeroizing;

use super::layout::{count, wrap};
use super::line;
use super::place::Places;
use super::{Style, Values};
use crate::base::text::sanitise;
use crate::scan::blob::{Container, Origin};
use crate::scan::finding::{Danger, Exposure, Finding, Occurrence, Scan};

/// What stands where a secret stood.
const REPLACEMENT: &[u8] = b"***REMOVED***";

/// Shorter values may stand elsewhere by chance.
const SHORT: usize = 8;

/// Columns of a line, and names listed of a kind.
const WIDTH: usize = 96;
const LISTED: usize = 20;

/// What is known of a rewrite besides the findings.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Name of the replacement list, if it was written or is to be.
    pub list: Option<String>,
    /// Was it written?
    pub written: bool,
    /// Full names of the refs that reach any of the secrets.
    pub refs: Vec<String>,
    /// Ids of blobs in which text cannot be replaced, and a path of each.
    pub blobs: Vec<(String, String)>,
    /// Commits and tags in whose messages text cannot be replaced.
    pub messages: Vec<String>,
}

/// The replacement list; it holds the values.
///
/// Every value is written with its kind before it and what replaces it behind it, so that none is taken for syntax. The longest come
/// first. What has several lines is an expression of escaped bytes; so is what stands in such a value, to be looked for behind it.
#[must_use]
pub fn replacements(scan: &Scan) -> Zeroizing<Vec<u8>> {
    let values = scan.findings.iter().filter_map(|finding| line::bytes(finding, Values::Shown));
    let mut values: Vec<&[u8]> = values.filter(|value| !value.is_empty()).collect();
    values.sort_by_key(|value| (std::cmp::Reverse(value.len()), *value));
    values.dedup();
    let of_lines: Vec<&[u8]> = values.iter().copied().filter(|value| value.contains(&b'\n')).collect();
    let is_part = |value: &[u8]| of_lines.iter().any(|lines| memchr::memmem::find(lines, value).is_some());
    let mut list = Zeroizing::new(Vec::with_capacity(values.iter().map(|value| 5 * value.len() + 64).sum()));
    for value in values {
        if is_part(value) {
            list.extend_from_slice(b"regex:");
            value.iter().for_each(|byte| escape(&mut list, *byte));
        } else {
            list.extend_from_slice(b"literal:");
            list.extend_from_slice(value);
        }
        list.extend_from_slice(b"==>");
        list.extend_from_slice(REPLACEMENT);
        list.push(b'\n');
    }
    list
}

/// A byte of a regular expression of Python's `re`. Lines may end in one way or the other.
fn escape(list: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'\r' => {}
        b'\n' => list.extend_from_slice(b"\\r?\\n"),
        _ if byte.is_ascii_alphanumeric() => list.push(byte),
        _ => list.extend_from_slice(&[b'\\', b'x', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
    }
}

/// Writes the steps. They hold no value.
///
/// # Errors
/// Whatever `out` fails with.
pub fn steps(scan: &Scan, plan: &Plan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = String::new();
    found(&mut text, scan, style);
    let count_of = |wanted: &dyn Fn(Option<Danger>) -> bool| scan.findings.iter().filter(|f| wanted(danger(f))).count() as u64;
    let unreached = count_of(&|danger| danger == Some(Danger::Unreachable));
    let outside = count_of(&|danger| danger.is_none());
    if unreached + outside < scan.findings.len() as u64 {
        affected(&mut text, plan);
        rewriting(&mut text, scan, plan);
        out_of_reach(&mut text);
    }
    if unreached > 0 {
        unreachable(&mut text, unreached);
    }
    if outside > 0 {
        let stand = count(outside, "secret stands", "secrets stand");
        let words = format!("{stand} in no commit, but in configuration, logs or the name of a ref: change that by hand.");
        paragraph(&mut text, "", &words);
    }
    out.write_all(text.as_bytes())
}

/// How near it is; none if it stands in no object.
fn danger(finding: &Finding) -> Option<Danger> {
    finding.exposure.as_ref().map(Exposure::danger)
}

/// Does it stand in the name of a file or of a folder?
fn is_name(finding: &Finding) -> bool {
    let ends =
        |o: &Occurrence| matches!(&o.origin, Origin::Inside { member, kind: Container::Git, .. } if member.ends_with([':', '/']));
    finding.occurrences.iter().any(ends)
}

fn found(text: &mut String, scan: &Scan, style: &Style) {
    let places = Places::new(&style.root);
    paragraph(text, "", &format!("{} in history, said to be dead:", count(scan.findings.len() as u64, "secret", "secrets")));
    for finding in &scan.findings {
        let place = finding.occurrences.first().map(|o| format!("{}:{}", places.name(&o.origin), o.at.line)).unwrap_or_default();
        let _ = writeln!(text, "  {}  {}  {}", clean(&finding.fingerprint.0), clean(&finding.rule.id), clean(&place));
    }
    let short = scan.findings.iter().filter(|f| f.secret.len() < SHORT).count() as u64;
    if short > 0 {
        let words = format!(
            "{} shorter than {SHORT} characters: the rewrite replaces these characters wherever they stand. Leave them out with \
             --except or an entry in stanch.toml if that would do harm.",
            count(short, "value is", "values are")
        );
        paragraph(text, "", &words);
    }
    text.push('\n');
}

fn affected(text: &mut String, plan: &Plan) {
    let _ = writeln!(text, "Refs that change ({}):", plan.refs.len());
    plan.refs.iter().take(LISTED).for_each(|name| text.push_str(&format!("  {}\n", clean(name))));
    if plan.refs.len() > LISTED {
        let _ = writeln!(text, "  and {} more", plan.refs.len() - LISTED);
    }
    text.push('\n');
}

fn rewriting(text: &mut String, scan: &Scan, plan: &Plan) {
    let list = plan.list.as_deref().map_or("LIST".to_owned(), quoted);
    let mut steps = Steps { text, number: 0 };
    if !plan.written {
        steps.step("Nothing was written. Write the replacement list, which holds the values, outside the repository:");
        steps.command("stanch history rewrite-plan --write LIST …");
    }
    let here = scan.findings.iter().filter(|f| danger(f) == Some(Danger::InHead)).count() as u64;
    if here > 0 {
        let are = count(here, "secret is", "secrets are");
        steps.step(&format!(
            "{are} still in HEAD: take out what is there with a commit, or the files of today will say ***REMOVED***."
        ));
    }
    steps.step("Ask everyone to push, then to stop; merge or close pull requests. All commits from the first one affected on get new ids.");
    steps.step("Clone afresh from where everyone pulls, and keep an untouched copy until all is done:");
    steps.command("git clone --mirror URL rewrite.git && cd rewrite.git");
    steps.step("Rewrite the clone; git-filter-repo drops the old objects from it, too:");
    let strip = if plan.blobs.is_empty() { String::new() } else { format!(" --strip-blobs-with-ids {list}.blobs") };
    steps.command(&format!("git filter-repo --replace-text {list} --replace-message {list}{strip}"));
    if !plan.blobs.is_empty() {
        let n = count(plan.blobs.len() as u64, "version", "versions");
        let paths: BTreeSet<String> = plan.blobs.iter().map(|(_, path)| clean(path)).collect();
        let listed: Vec<&str> = paths.iter().take(LISTED).map(String::as_str).collect();
        let more = if paths.len() > LISTED { format!(" and {} more", paths.len() - LISTED) } else { String::new() };
        let listed = format!("{}{more}", listed.join(", "));
        steps.words(&format!(
            "Text cannot be replaced in archives, encoded and binary files: it takes {n} of these files out: {listed}."
        ));
    }
    if !plan.messages.is_empty() {
        let n = count(plan.messages.len() as u64, "message holds", "messages hold");
        let listed: Vec<&str> = plan.messages.iter().take(LISTED).map(String::as_str).collect();
        steps.words(&format!(
            "{n} a secret in another form, which is not replaced: {}. Write each anew before, with git rebase or --message-callback.",
            listed.join(", ")
        ));
    }
    let named = scan.findings.iter().filter(|f| is_name(f)).count() as u64;
    if named > 0 {
        let stand = count(named, "secret stands", "secrets stand");
        steps.words(&format!("{stand} in names of files or folders, which need more arguments for each, in the same call:"));
        steps.command("--path-rename OLD:NEW");
    }
    steps.step("Check that nothing is found, with the stanch.toml of the project:");
    steps.command("stanch scan --history . --config PATH/stanch.toml");
    steps.step("Push over the old history; where a branch is protected, that must be lifted for it:");
    steps.command(&format!("git push --force URL {}", specs(&plan.refs)));
    steps.step("Destroy the list and the untouched copy:");
    steps.command(&format!("shred -u {list}"));
    steps.step(
        "Throw other clones away and clone anew. In one that must stay, work that was not pushed is rebased, never merged, then:",
    );
    steps.command("git fetch --prune --tags --force && git reset --hard @{upstream}");
    steps.command("git stash clear && git reflog expire --expire=now --all && git gc --prune=now");
    steps.text.push('\n');
}

/// Which refs are pushed: branches and tags, and of others those that hold a secret and that a push can change.
fn specs(refs: &[String]) -> String {
    let mut specs = BTreeSet::from(["refs/heads/*".to_owned(), "refs/tags/*".to_owned()]);
    let others = ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/stash", "refs/pull/", "refs/merge-requests/", "HEAD"];
    for name in refs.iter().filter(|name| !others.iter().any(|other| name.starts_with(other))) {
        specs.insert(if name.starts_with("refs/notes/") { "refs/notes/*".to_owned() } else { name.clone() });
    }
    let spec = |name: &String| quoted(&format!("{name}:{name}"));
    specs.iter().map(spec).collect::<Vec<_>>().join(" ")
}

fn out_of_reach(text: &mut String) {
    text.push_str("What a rewrite does not reach:\n");
    for words in [
        "Copies that were made: this is why a secret must be dead first.",
        "Forks: each has the old objects; their owners must rewrite or delete them.",
        "Refs of pull requests (refs/pull/*, refs/merge-requests/*): the server keeps them, and a push cannot change them; its support can drop them.",
        "Unreachable objects on the server: who knows an old commit id can read them until garbage collection ran there; ask the support for it.",
        "Clones, mirrors, caches of CI, release archives, packages, images and backups.",
        "Tags that were pushed: a fetch does not replace a tag that is there; `git fetch --tags --force` does.",
        "Signatures of commits and tags that change: they are lost, and must be made again.",
        "Commit ids in issues, messages and submodules of other repositories: they lead nowhere.",
    ] {
        paragraph(text, "- ", words);
    }
}

fn unreachable(text: &mut String, n: u64) {
    let are = count(n, "secret is", "secrets are");
    text.push('\n');
    paragraph(
        text,
        "",
        &format!(
            "{are} reached by no ref: a rewrite has nothing to change there. This drops them from the repository, together with all stashes but the last:"
        ),
    );
    text.push_str("     git reflog expire --expire=now --all && git gc --prune=now\n");
}

/// Numbered steps under construction.
struct Steps<'t> {
    text: &'t mut String,
    number: u32,
}

impl Steps<'_> {
    fn step(&mut self, words: &str) {
        self.number += 1;
        paragraph(self.text, &format!("{:2}. ", self.number), words);
    }

    fn words(&mut self, words: &str) {
        paragraph(self.text, "    ", words);
    }

    fn command(&mut self, command: &str) {
        let _ = writeln!(self.text, "        {command}");
    }
}

/// Wrapped words, the first line behind `head`, the others as far in.
fn paragraph(text: &mut String, head: &str, words: &str) {
    for (at, line) in wrap(words, WIDTH - head.len()).iter().enumerate() {
        let indent = if at == 0 { head.to_owned() } else { " ".repeat(head.len()) };
        let _ = writeln!(text, "{indent}{line}");
    }
}

/// A name as one word of a shell.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%".contains(c);
    if name.chars().all(plain) && !name.is_empty() {
        name.to_owned()
    } else {
        format!("'{}'", clean(name).replace('\'', "'\\''"))
    }
}

fn clean(text: &str) -> String {
    sanitise(text.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Plan, quoted, replacements, specs, steps};
    use crate::report::{Style, sample};

    fn list(values: &[&[u8]]) -> Vec<u8> {
        let findings = values.iter().map(|value| sample::finding("a", "f", value)).collect();
        replacements(&sample::scan(findings)).to_vec()
    }

    #[test]
    fn nothing_in_a_value_is_syntax() {
        let check = |values: &[&[u8]], expected: &[u8]| {
            assert_eq!(String::from_utf8_lossy(&list(values)), String::from_utf8_lossy(expected));
        };
        check(&[b"plain"], b"literal:plain==>***REMOVED***\n");
        check(&[b"a==>b"], b"literal:a==>b==>***REMOVED***\n");
        check(&[b"regex:x", b"glob:*"], b"literal:regex:x==>***REMOVED***\nliteral:glob:*==>***REMOVED***\n");
        check(&[b"literal:x", b"#c"], b"literal:literal:x==>***REMOVED***\nliteral:#c==>***REMOVED***\n");
        check(&[b"\xff\x00"], b"literal:\xff\x00==>***REMOVED***\n");
        check(
            &[b"x\ny+", b"y+", b"z"],
            b"regex:x\\r?\\ny\\x2b==>***REMOVED***\nregex:y\\x2b==>***REMOVED***\nliteral:z==>***REMOVED***\n",
        );
        check(&[b"x\r\ny"], b"regex:x\\r?\\ny==>***REMOVED***\n");
        check(&[b"ab", b"abc", b"ab", b""], b"literal:abc==>***REMOVED***\nliteral:ab==>***REMOVED***\n");
    }

    #[test]
    fn names_are_one_word_of_a_shell() {
        let check = |name: &str, expected: &str| assert_eq!(quoted(name), expected);
        check("/a/b-c.txt", "/a/b-c.txt");
        check("a b'c$(x)", "'a b'\\''c$(x)'");
        check("", "''");
    }

    #[test]
    fn what_a_push_can_change_is_pushed() {
        let check = |refs: &[&str], others: &str| {
            let refs: Vec<String> = refs.iter().map(|name| (*name).to_owned()).collect();
            let usual = ["'refs/heads/*:refs/heads/*' ", "'refs/tags/*:refs/tags/*'"];
            let told = specs(&refs);
            assert!(usual.iter().all(|spec| told.contains(spec)), "{told}");
            assert_eq!(told.replace(usual[0], "").replace(usual[1], ""), others);
        };
        check(&["HEAD", "refs/heads/a", "refs/tags/b", "refs/remotes/o/a", "refs/stash", "refs/pull/1/head"], "");
        check(&["refs/notes/a", "refs/notes/b"], "'refs/notes/*:refs/notes/*' ");
        check(&["refs/custom/x"], "'refs/custom/x:refs/custom/x' ");
    }

    #[test]
    fn what_text_cannot_replace_is_said() {
        let mut scan = sample::history();
        scan.findings.truncate(1);
        let text = |scan: &crate::scan::finding::Scan| {
            let mut out = Vec::new();
            steps(scan, &Plan::default(), &Style::default(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(!text(&scan).contains("filter-repo"), "no ref reaches it");
        scan.findings[0].exposure = None;
        let outside = text(&scan);
        assert!(outside.contains("1 secret stands in no commit") && !outside.contains("filter-repo"), "{outside}");
        scan.findings[0].exposure = Some(crate::scan::finding::Exposure { ref_count: 1, ..Default::default() });
        assert!(!text(&scan).contains("--path-rename"));
        scan.findings[0].occurrences[0].origin = sample::in_git(sample::file("."), "1a1a1a1a1a1a:src/");
        assert!(text(&scan).contains("--path-rename OLD:NEW"));
    }

    #[test]
    fn the_steps_hold_no_value() {
        let scan = sample::history();
        let mut out = Vec::new();
        let plan = Plan { refs: vec!["refs/notes/x".into()], blobs: vec![("0b".into(), "a.zip".into())], ..Plan::default() };
        steps(&scan, &plan, &Style::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("value-"), "{text}");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "4 secrets in history",
            "refs/notes/*:refs/notes/*",
            "takes 1 version of these files out: a.zip",
            "1 secret is reached by no ref",
            "1 secret is still in HEAD",
            "Nothing was written",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    proptest! {
        /// As git-filter-repo reads a line: what stands before the last `==>`, without the word before the first colon.
        #[test]
        fn every_value_is_read_as_it_is(value in prop::collection::vec(any::<u8>(), 1..30)) {
            let list = list(&[&value]);
            let lines = list.split(|b| *b == b'\n').count();
            prop_assert_eq!(lines, 2);
            let line = list.strip_suffix(b"==>***REMOVED***\n").unwrap();
            match line.strip_prefix(b"literal:") {
                Some(literal) => prop_assert_eq!(literal, &value[..]),
                None => prop_assert!(line.starts_with(b"regex:") && line.is_ascii() && value.contains(&b'\n')),
            }
        }
    }
}
