//! Files that name a scanner in a way that is not understood, or a scanner that is not: they are told, so that none is forgotten.
//!
//! It must not read what something was said of. Start with [`find`].

use std::path::Path;

use super::super::import;
use super::Plan;

/// What scanners are called by in files.
const NAMES: [&str; 13] = [
    "gitleaks",
    "trufflehog",
    "ggshield",
    "kingfisher",
    "betterleaks",
    "detect-secrets",
    "secretlint",
    "ripsecrets",
    "noseyparker",
    "titus",
    "git-secrets",
    "Secret-Detection",
    "gitguardian",
];
/// Files that may run one.
const FILES: [&str; 23] = [
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".travis.yml",
    ".drone.yml",
    ".woodpecker.yml",
    "Jenkinsfile",
    "Makefile",
    "justfile",
    "Taskfile.yml",
    "Dockerfile",
    "docker-compose.yml",
    "compose.yaml",
    "tox.ini",
    "noxfile.py",
    "lefthook.yml",
    ".trufflehog.yml",
    "trufflehog.yml",
    "renovate.json",
    "setup.cfg",
];
const FOLDERS: [&str; 5] = [".github/workflows", ".husky", ".githooks", "scripts", "ci"];
/// Larger files are no scripts.
const LARGEST: u64 = 1 << 20;

/// Tells the files that name a scanner and that nothing was said of.
pub(super) fn find(dir: &Path, plan: &mut Plan) {
    let mut files: Vec<String> = FILES.iter().map(|name| (*name).to_owned()).collect();
    for folder in FOLDERS {
        let entries = std::fs::read_dir(dir.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        files.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    for name in files {
        let path = dir.join(&name);
        let is_small = path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
        if !is_small || plan.told.iter().any(|(told, _)| *told == name) {
            continue;
        }
        let Ok(text) = import::read(&path) else { continue };
        if let Some((line, scanner)) = mentioned(&text) {
            plan.leave(&name, format!("line {line}: names {scanner} in a way that is not understood; convert it by hand"));
        }
    }
}

/// What stands behind the name of a scanner where it is run, and not only named.
const RUN: [&str; 17] = [
    " detect",
    " git",
    " dir",
    " scan",
    " filesystem",
    " protect",
    " stdin",
    " secret",
    " audit",
    " fs",
    " hook",
    " -",
    "@",
    "-action",
    ":v",
    ":lat",
    "/trufflehog",
];

/// The first line that runs a scanner, outside of a remark, from 1.
fn mentioned(text: &str) -> Option<(usize, &'static str)> {
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let line = line.trim_start();
        let is_remark = line.starts_with('#') && !line.starts_with("#!") || line.starts_with("//");
        let is_remark = is_remark || line.trim_start_matches("- ").starts_with("name:");
        let lower = line.to_ascii_lowercase();
        let is_run = |name: &str| {
            let name = name.to_ascii_lowercase();
            let behind = lower.match_indices(&name).map(|(at, _)| &lower[at + name.len()..]);
            name == "secret-detection" && lower.contains(&name)
                || behind.into_iter().any(|rest| RUN.iter().any(|run| rest.starts_with(run)))
        };
        let name = NAMES.into_iter().find(|name| !is_remark && is_run(name))?;
        Some((number, name))
    })
}

#[cfg(test)]
mod tests {
    use super::mentioned;

    #[test]
    fn remarks_name_nothing() {
        assert_eq!(mentioned("a\n- {uses: gitleaks/gitleaks-action@v2}\n"), Some((2, "gitleaks")));
        assert_eq!(mentioned("# gitleaks detect was here\n// trufflehog git\nname: gitleaks\njobs: {gitleaks: x}\n"), None);
        assert_eq!(mentioned("- {run: gitleaks detect}"), Some((1, "gitleaks")));
        assert_eq!(mentioned("include:\n  - template: Security/Secret-Detection.gitlab-ci.yml"), Some((2, "Secret-Detection")));
    }
}
