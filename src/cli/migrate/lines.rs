//! Files that only name another scanner: workflows that use its action, and command lines. They are told, not changed.
//!
//! It must not change anything. Start with [`find`].

use std::path::Path;

use super::super::import;
use super::Plan;

/// Actions of other scanners.
const ACTIONS: [&str; 6] = [
    "gitleaks/gitleaks-action",
    "trufflesecurity/trufflehog",
    "betterleaks/betterleaks-action",
    "GitGuardian/ggshield-action",
    "GitGuardian/ggshield",
    "mongodb/kingfisher",
];
/// Command lines that work with our name in front.
const COMMANDS: [&str; 6] =
    ["gitleaks detect", "gitleaks protect", "gitleaks git", "gitleaks dir", "gitleaks stdin", "trufflehog filesystem"];
const FILES: [&str; 4] = [".gitlab-ci.yml", "azure-pipelines.yml", "Makefile", ".git/hooks/pre-commit"];

/// Tells what names another scanner, by line.
pub(super) fn find(dir: &Path, plan: &mut Plan) -> anyhow::Result<()> {
    let mut names: Vec<String> = FILES.iter().map(|name| (*name).to_owned()).collect();
    let folder = Path::new(".github/workflows");
    let mut workflows: Vec<String> = std::fs::read_dir(dir.join(folder))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "yml" || end == "yaml"))
        .map(|name| folder.join(name).display().to_string())
        .collect();
    workflows.sort();
    names.extend(workflows);
    for name in names.iter().filter(|name| dir.join(name).is_file()) {
        let text = import::read(&dir.join(name))?;
        for (line, number) in text.lines().zip(1u32..).filter(|(line, _)| !line.trim_start().starts_with('#')) {
            if let Some(action) = uses(line).filter(|action| ACTIONS.contains(action)) {
                plan.leave(
                    name,
                    format!(
                        "line {number}: {action}; in its place, run `stanch scan --range \"$BASE..$HEAD\"`, or `--history .`"
                    ),
                );
            } else if let Some(command) = COMMANDS.iter().find(|command| line.contains(**command)) {
                let ours = command.split_once(' ').map_or("", |(_, word)| word);
                plan.leave(name, format!("line {number}: `{command} …` works as `stanch {ours} …`"));
            }
        }
    }
    Ok(())
}

/// The action of a step: `- uses: owner/name@v2`.
fn uses(line: &str) -> Option<&str> {
    let rest = line.trim_start().trim_start_matches("- ").trim_start().strip_prefix("uses:")?;
    let rest = rest.trim().trim_matches(['"', '\'']);
    Some(rest.split('@').next().unwrap_or(rest))
}
