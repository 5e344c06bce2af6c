//! The architecture as a test: who may import whom, how long files and functions may be, who may print, where secrets are
//! exposed.
//!
//! The tables below are the rules; change them on purpose, in a commit of its own that says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::lexer::File;

/// Which modules a top-level module may import besides itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("keystore", &["base"]),
    ("scan", &["base"]),
    ("hook", &["base"]),
    ("report", &["base", "scan"]),
    ("audit", &["base", "keystore"]),
    ("vault", &["base", "keystore", "audit"]),
    ("backend", &["base", "audit", "vault"]),
    ("oauth", &["base", "audit", "vault"]),
    ("exec", &["base", "scan", "audit", "vault"]),
    ("fix", &["base", "scan", "vault"]),
    ("inventory", &["base", "scan", "report", "audit", "vault"]),
    ("broker", &["base", "scan", "audit", "vault", "oauth", "exec"]),
    ("respond", &["base", "report", "audit", "vault", "oauth"]),
    ("plugin", &["base", "scan", "respond"]),
    ("mcp", &["base", "scan", "inventory", "broker"]),
];

/// May import everything, print, exit and read argv.
const TOP: &str = "cli";

/// What a part of the tree must not name, tests apart: `::`-separated, matched at any place of a path.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("scan", &["base::http", "std::net", "net::TcpStream", "net::UdpSocket"]),
    ("vault", &["base::http", "std::net"]),
    ("audit", &["base::http", "std::net"]),
    ("report", &["std::fs", "std::net", "std::env", "std::process", "SystemTime", "Instant"]),
    ("scan/engine", &["std::fs", "std::net", "std::env", "std::process", "SystemTime", "Instant", "File::open"]),
    ("scan/suppress", &["std::fs", "std::net", "std::env", "std::process", "SystemTime", "Instant"]),
];

/// What only [`TOP`] may name, besides printing macros.
const EDGE: &[&str] = &["process::exit", "env::args", "env::args_os", "anyhow"];
const PRINTS: &[&str] = &["print", "println", "eprint", "eprintln"];

const MAX_FILE: usize = 600;
const MAX_FUNCTION: usize = 60;
const EXPOSE: &str = "testdata/golden/expose.txt";

#[test]
fn imports_follow_the_arrows() {
    check_each(|source| {
        let module = source.module()[0].clone();
        if module == TOP || source.name == "lib.rs" || source.name == "main.rs" {
            return Vec::new();
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
            return vec![format!("{}: module {module} has no row in the arrow table", source.name)];
        };
        let wrong =
            |(_, path): &(usize, Vec<String>)| !path.is_empty() && path[0] != module && !allowed.contains(&path[0].as_str());
        source
            .own_paths()
            .into_iter()
            .filter(wrong)
            .map(|(line, path)| format!("{}:{line}: {module} may not import {}", source.name, path.join("::")))
            .collect()
    });
}

#[test]
fn each_part_names_only_what_it_may() {
    check_each(|source| {
        let mut wrong = Vec::new();
        // Compiled for tests only: reads and writes the golden files.
        if source.name == "report/golden.rs" {
            return wrong;
        }
        for (part, words) in FORBIDDEN {
            if source.name == format!("{part}.rs") || source.name.starts_with(&format!("{part}/")) {
                wrong
                    .extend(source.names(words).map(|(line, word)| format!("{}:{line}: {part} may not use {word}", source.name)));
            }
        }
        wrong
    });
}

#[test]
fn only_the_top_prints_and_exits() {
    check_each(|source| {
        if source.module()[0] == TOP {
            return Vec::new();
        }
        let prints = source.prints().map(|(line, word)| (line, format!("{word}!")));
        let edge = source.names(EDGE).map(|(line, word)| (line, word.to_owned()));
        prints.chain(edge).map(|(line, word)| format!("{}:{line}: only {TOP} may use {word}", source.name)).collect()
    });
}

#[test]
fn files_and_functions_are_short() {
    check_each(|source| {
        let mut wrong = Vec::new();
        if source.lines > MAX_FILE {
            wrong.push(format!("{}: {} lines, at most {MAX_FILE}", source.name, source.lines));
        }
        for (name, line, lines) in source.file.functions() {
            if lines > MAX_FUNCTION && !source.is_test_file() {
                wrong.push(format!("{}:{line}: fn {name} has {lines} lines, at most {MAX_FUNCTION}", source.name));
            }
        }
        wrong
    });
}

#[test]
fn files_say_what_they_are_for() {
    check_each(|source| if source.documented { Vec::new() } else { vec![format!("{}: does not begin with //!", source.name)] });
}

/// A new way out of a `Secret` shows in review. `UPDATE_GOLDEN=1` rewrites the list.
#[test]
fn exposed_secrets_are_listed() {
    let mut counts = BTreeMap::new();
    for source in sources().iter().filter(|s| !s.is_test_file()) {
        let n = source.exposes();
        if n > 0 {
            counts.insert(format!("src/{}", source.name), n);
        }
    }
    let mut found =
        String::from("# Call sites of Secret::expose() outside tests, file: count. UPDATE_GOLDEN=1 cargo test rewrites it.\n");
    for (name, n) in counts {
        writeln!(found, "{name}: {n}").unwrap();
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXPOSE);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(found, expected, "{EXPOSE} is out of date; run with UPDATE_GOLDEN=1 and look at the difference");
}

/// A file of `src/`.
struct Source {
    /// Path inside `src/`, `/`-separated.
    name: String,
    file: File,
    lines: usize,
    documented: bool,
}

impl Source {
    fn new(name: &str, text: &str) -> Self {
        let name = name.to_owned();
        Self { name, file: File::parse(text), lines: text.lines().count(), documented: text.starts_with("//!") }
    }

    /// The module's path, of at least one part: `scan/rule/mod.rs` is `scan, rule`.
    fn module(&self) -> Vec<String> {
        let mut parts: Vec<String> = self.name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if parts.len() > 1 && parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        parts
    }

    fn is_test_file(&self) -> bool {
        self.module().iter().any(|part| part == "tests" || part == "testing")
    }

    /// Absolute form, without `crate`, of every path that starts at `crate`, `super`, `self` or the library's name.
    fn own_paths(&self) -> Vec<(usize, Vec<String>)> {
        let mut out = Vec::new();
        for i in 0..self.file.tokens.len() {
            let before = if i == 0 { "" } else { self.file.text(i - 1) };
            if before == "::" || self.file.text(i + 1) != "::" || before == "pub" {
                continue;
            }
            let Some(base) = self.base(i) else { continue };
            let line = self.file.tokens[i].line;
            out.extend(self.tree(i + 2, &base).into_iter().map(|path| (line, path)));
        }
        out
    }

    /// The module that the path's first word means.
    fn base(&self, at: usize) -> Option<Vec<String>> {
        let mut here = self.module();
        if self.name == "lib.rs" || self.name == "main.rs" {
            here.clear();
        }
        here.extend(std::iter::repeat_n("inline".to_owned(), self.file.depth[at]));
        match self.file.text(at) {
            "crate" | "stanch" => Some(Vec::new()),
            "self" => Some(here),
            "super" => {
                here.pop();
                Some(here)
            }
            _ => None,
        }
    }

    /// All paths of the rest of a path or use tree that begins at `at`.
    fn tree(&self, at: usize, base: &[String]) -> Vec<Vec<String>> {
        if self.file.text(at) != "{" {
            let mut path = base.to_vec();
            match self.file.text(at) {
                "super" => drop(path.pop()),
                "self" | "*" => {}
                word => path.push(word.to_owned()),
            }
            return if self.file.text(at + 1) == "::" { self.tree(at + 2, &path) } else { vec![path] };
        }
        let (mut out, mut level, mut i) = (Vec::new(), 0, at);
        loop {
            match self.file.text(i) {
                "{" => level += 1,
                "}" => level -= 1,
                _ => {}
            }
            if level == 0 || i >= self.file.tokens.len() {
                return out;
            }
            if level == 1 && matches!(self.file.text(i), "{" | ",") && !matches!(self.file.text(i + 1), "}" | ",") {
                out.extend(self.tree(i + 1, base));
            }
            i += 1;
        }
    }

    /// Lines outside tests where one of the `::`-separated `words` stands, also spelt through a use tree.
    fn names<'w>(&self, words: &'w [&'w str]) -> impl Iterator<Item = (usize, &'w str)> {
        let paths: Vec<_> = self.all_paths();
        words.iter().flat_map(move |word| {
            let parts: Vec<&str> = word.split("::").collect();
            let hit = move |path: &[String]| path.windows(parts.len()).any(|w| w.iter().zip(&parts).all(|(a, b)| a == b));
            let lines: BTreeSet<usize> = paths.iter().filter(|(_, path)| hit(path)).map(|(line, _)| *line).collect();
            lines.into_iter().map(|line| (line, *word)).collect::<Vec<_>>()
        })
    }

    /// Every path outside tests as it is written, use trees unfolded.
    fn all_paths(&self) -> Vec<(usize, Vec<String>)> {
        let mut out = Vec::new();
        for i in 0..self.file.tokens.len() {
            let follows = i > 0 && self.file.text(i - 1) == "::";
            if self.file.in_test[i] || follows || !self.file.text(i).starts_with(|c: char| c.is_alphabetic()) {
                continue;
            }
            let line = self.file.tokens[i].line;
            out.extend(self.tree(i, &[]).into_iter().map(|path| (line, path)));
        }
        out
    }

    /// Printing macros outside tests.
    fn prints(&self) -> impl Iterator<Item = (usize, &str)> {
        (0..self.file.tokens.len())
            .filter(|&i| !self.file.in_test[i] && PRINTS.contains(&self.file.text(i)) && self.file.text(i + 1) == "!")
            .map(|i| (self.file.tokens[i].line, self.file.text(i)))
    }

    fn exposes(&self) -> usize {
        let used = |i: usize| self.file.reads(i, &[".", "expose"]) || self.file.reads(i, &["::", "expose"]);
        (0..self.file.tokens.len()).filter(|&i| !self.file.in_test[i] && used(i)).count()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(files.len() > 5, "no sources in {}", root.display());
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    files.iter().map(|path| Source::new(&name(path), &std::fs::read_to_string(path).unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn check_each(wrong: impl Fn(&Source) -> Vec<String>) {
    let all: Vec<String> = sources().iter().flat_map(wrong).collect();
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn paths_are_resolved() {
    let check = |name: &str, text: &str, expected: &str| {
        let paths: Vec<String> = Source::new(name, text).own_paths().into_iter().map(|(_, p)| p.join("::")).collect();
        assert_eq!(paths.join(" "), expected, "{name}: {text}");
    };
    check("scan/rule/mod.rs", "use crate::{base::text, scan::{blob, finding::X}};", "base::text scan::blob scan::finding::X");
    check("scan/rule/mod.rs", "use super::finding::X;", "scan::finding::X");
    check("scan/rule/load.rs", "use super::super::super::vault::X;", "vault::X");
    check("report/json.rs", "use super::super::vault::{self, Y};", "vault vault::Y");
    check("report/json.rs", "mod tests { use super::Z; fn f() { super::super::g() } }", "report::json::Z report::g");
    check("report/json.rs", "fn f() -> crate::vault::V { \"crate::no\" }", "vault::V");
    check("report/json.rs", "pub(super) fn f() {} pub(in crate::report) fn g() {}", "report");
}

#[test]
fn forbidden_names_are_seen() {
    let check = |text: &str, expected: usize| {
        let source = Source::new("report/json.rs", text);
        assert_eq!(source.names(&["std::fs", "SystemTime"]).count(), expected, "{text}");
    };
    check("use std::{io, fs::File};", 1);
    check("fn f() { std::fs::read(p) }", 1);
    check("use std::time::SystemTime;", 1);
    check("use std::io; struct S { fs: u8 }", 0);
    check("#[cfg(test)] mod tests { use std::fs; }", 0);
}
