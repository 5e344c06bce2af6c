//! One command more in a file of another hook manager, and out of it again: texts in, texts out.
//!
//! It must not read or write files, nor change anything that is not ours: what comes out must mean what went in, and our command. Start with
//! [`framework`], [`lefthook`] or [`husky`]. What was put in is taken out to the byte.

pub mod framework;
pub mod husky;
pub mod lefthook;

use serde_json::Value;

/// Does a text run stanch, apart from comments?
#[must_use]
pub fn runs(text: &str, hook: &str) -> bool {
    let ours = |line: &str| {
        let behind = line.find("stanch hook run").map(|at| &line[at + "stanch hook run".len()..]);
        let scan = match hook {
            "pre-commit" => line.contains("stanch scan --staged"),
            "pre-push" => line.contains("stanch scan --pre-push") || line.contains("stanch scan --range"),
            "pre-receive" => line.contains("stanch scan --pre-receive"),
            _ => false,
        };
        scan || behind.is_some_and(|behind| behind.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| word == hook))
    };
    text.lines().any(|line| !line.trim_start().starts_with('#') && ours(line))
}

/// A document as JSON has it; nothing if it is none that is understood.
fn document(text: &str) -> Option<Value> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Some(Value::Object(serde_json::Map::new()));
    }
    serde_saphyr::from_str::<Value>(text).ok()
}

/// Blanks that a line begins with.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Does a line say nothing?
fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// The text with whole lines behind another line, or at its end; a text that ended without a line break still does.
fn with(text: &str, behind: Option<usize>, lines: &str) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    match behind {
        Some(at) if at + 1 < all.len() || text.ends_with('\n') => {
            format!("{}{lines}{}", all[..=at].concat(), all[at + 1..].concat())
        }
        _ if text.is_empty() || text.ends_with('\n') => format!("{text}{lines}"),
        _ => format!("{text}\n{}", lines.trim_end_matches('\n')),
    }
}

/// The text without some lines that stand in it as they are, beginning with the line at `at`.
fn without(text: &str, at: usize, lines: &str) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let end = (at + lines.lines().count()).min(all.len());
    let rest = format!("{}{}", all[..at].concat(), all[end..].concat());
    // They stood at the end of a text without a line break there.
    if end == all.len() && !text.ends_with('\n') { rest.strip_suffix('\n').unwrap_or(&rest).to_owned() } else { rest }
}

/// Where some lines stand in a text, exactly; the last line may lack its line break.
fn find(text: &str, lines: &str) -> Option<usize> {
    let (all, wanted): (Vec<&str>, Vec<&str>) = (text.lines().collect(), lines.lines().collect());
    all.windows(wanted.len().max(1)).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn stanch_is_seen_in_scripts() {
        let check = |text: &str, hook: &str, expected: bool| assert_eq!(runs(text, hook), expected, "{text}");
        check("x\nstanch hook run pre-commit \"$@\"\n", "pre-commit", true);
        check("/opt/stanch hook run --min-severity high pre-commit\n", "pre-commit", true);
        check("stanch hook run pre-commit\n", "pre-push", false);
        check("# stanch hook run pre-commit\n", "pre-commit", false);
        check("stanch scan --staged || exit 1", "pre-commit", true);
        check("exec stanch scan --pre-push \"$@\"", "pre-push", true);
        check("stanch init", "pre-commit", false);
    }
}
