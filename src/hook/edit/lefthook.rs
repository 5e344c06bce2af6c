//! `lefthook.yml`: our command among those of a hook.
//!
//! It must not change other commands. Start with [`add`]; [`remove`] is its inverse.

use serde_json::{Map, Value, json};

use super::{document, find, indent, is_blank, with, without};
use crate::hook::Hook;

/// Our command, and whether it needs what git says on standard input.
fn command(hook: Hook) -> Option<(String, bool)> {
    match hook {
        Hook::PreCommit => Some(("stanch hook run pre-commit".to_owned(), false)),
        Hook::PrePush => Some(("stanch hook run pre-push {1} {2}".to_owned(), true)),
        Hook::CommitMsg => Some(("stanch hook run commit-msg {1}".to_owned(), false)),
        Hook::PreReceive => None,
    }
}

/// What a command says, as lines.
fn fields(hook: Hook, indent: usize) -> String {
    let blank = " ".repeat(indent);
    let (run, input) = command(hook).unwrap_or_default();
    format!("{blank}run: {run}\n{}", if input { format!("{blank}use_stdin: true\n") } else { String::new() })
}

fn value(hook: Hook) -> Value {
    let (run, input) = command(hook).unwrap_or_default();
    if input { json!({ "run": run, "use_stdin": true }) } else { json!({ "run": run }) }
}

/// The forms in which our command is written: in `commands`, as one of `jobs`, with `commands` around it, with the hook around that. Each has
/// the blanks of its hook's fields, and those of one level below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Hook,
    Commands(usize),
    Command(usize),
    Job(usize),
}

impl Form {
    fn lines(self, hook: Hook) -> String {
        let blank = |n: usize| " ".repeat(n);
        match self {
            Self::Hook => format!("{}:\n{}", hook.name(), Self::Commands(2).lines(hook)),
            Self::Commands(n) => format!("{}commands:\n{}", blank(n), Self::Command(n + 2).lines(hook)),
            Self::Command(n) => format!("{}stanch:\n{}", blank(n), fields(hook, n + 2)),
            Self::Job(n) => format!("{}- name: stanch\n{}", blank(n), fields(hook, n + 2)),
        }
    }
}

/// The file with our command for a hook.
///
/// # Errors
/// If it is not understood, or not written in lines: why.
pub fn add(text: &str, hook: Hook) -> Result<String, String> {
    let mut wanted = document(text).ok_or("it is no YAML that is understood")?;
    let lines: Vec<&str> = text.lines().collect();
    let (behind, form) = spot(&wanted, &lines, hook).ok_or_else(|| unclear(hook))?;
    put(&mut wanted, hook, form).ok_or_else(|| unclear(hook))?;
    let new = with(text, behind, &form.lines(hook));
    if document(&new) == Some(wanted) { Ok(new) } else { Err(unclear(hook)) }
}

fn unclear(hook: Hook) -> String {
    format!("its `{}` is written in a form that is not understood", hook.name())
}

/// Where our command goes, and how: behind a line, or at the end.
fn spot(document: &Value, lines: &[&str], hook: Hook) -> Option<(Option<usize>, Form)> {
    let Some(fields) = document.as_object()?.get(hook.name()) else { return Some((None, Form::Hook)) };
    let heading = format!("{}:", hook.name());
    let at = lines.iter().position(|line| line.trim_end() == heading)?;
    let end = (at + 1..lines.len()).find(|line| !is_blank(lines[*line]) && indent(lines[*line]) == 0).unwrap_or(lines.len());
    let first = (at + 1..end).find(|line| !is_blank(lines[*line]))?;
    let level = indent(lines[first]);
    let below = |name: &str| {
        let list = (first..end).find(|line| lines[*line].trim_end() == format!("{}{name}:", " ".repeat(level)))?;
        let child = (list + 1..end).find(|line| !is_blank(lines[*line]))?;
        Some((Some(list), indent(lines[child])))
    };
    match (fields.get("commands"), fields.get("jobs")) {
        (Some(Value::Object(_)), _) => below("commands").map(|(list, n)| (list, Form::Command(n))),
        (_, Some(Value::Array(_))) => below("jobs").map(|(list, n)| (list, Form::Job(n))),
        (None, None) if fields.is_object() => Some((Some(at), Form::Commands(level))),
        _ => None,
    }
}

/// The document that is wanted.
fn put(document: &mut Value, hook: Hook, form: Form) -> Option<()> {
    let fields = document.as_object_mut()?.entry(hook.name()).or_insert_with(|| Value::Object(Map::new())).as_object_mut()?;
    if let Form::Job(_) = form {
        let mut job = value(hook);
        job["name"] = json!("stanch");
        fields.get_mut("jobs")?.as_array_mut()?.insert(0, job);
        return Some(());
    }
    let commands = fields.entry("commands").or_insert_with(|| Value::Object(Map::new())).as_object_mut()?;
    commands.insert("stanch".to_owned(), value(hook)).is_none().then_some(())
}

/// The file without our command for a hook, as [`add`] wrote it; `None` if there is none.
#[must_use]
pub fn remove(text: &str, hook: Hook) -> Option<String> {
    command(hook)?;
    let levels = 1..17_usize;
    let forms = std::iter::once(Form::Hook)
        .chain(levels.clone().map(Form::Commands))
        .chain(levels.clone().flat_map(|n| [Form::Command(n), Form::Job(n)]));
    for form in forms {
        let lines = form.lines(hook);
        let Some(at) = find(text, &lines) else { continue };
        let new = without(text, at, &lines);
        // Something may stand behind it that belongs to what would go.
        if add(&new, hook).is_ok_and(|again| again == text) {
            return Some(new);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{add, remove};
    use crate::hook::Hook;

    #[test]
    fn a_command_goes_in_and_comes_out_to_the_byte() {
        let check = |text: &str, hook: Hook, expected: &str| {
            let added = add(text, hook).unwrap();
            assert_eq!(added, expected);
            assert_eq!(remove(&added, hook).as_deref(), Some(text));
            assert_eq!(remove(text, hook), None);
        };
        let new = "pre-commit:\n  commands:\n    stanch:\n      run: stanch hook run pre-commit\n";
        check("", Hook::PreCommit, new);
        check("# mine\n", Hook::PreCommit, &format!("# mine\n{new}"));
        check("pre-push:\n  jobs: []\n", Hook::PreCommit, &format!("pre-push:\n  jobs: []\n{new}"));
        check("a: b", Hook::PreCommit, &format!("a: b\n{}", new.trim_end()));
        check(
            "pre-push:\n    parallel: true\n    # all\n    commands:\n        a:\n            run: x\ncolors: false\n",
            Hook::PrePush,
            "pre-push:\n    parallel: true\n    # all\n    commands:\n        stanch:\n          run: stanch hook run pre-push {1} {2}\n          use_stdin: true\n        a:\n            run: x\ncolors: false\n",
        );
        check(
            "commit-msg:\n  jobs:\n  - run: x\n",
            Hook::CommitMsg,
            "commit-msg:\n  jobs:\n  - name: stanch\n    run: stanch hook run commit-msg {1}\n  - run: x\n",
        );
        check(
            "pre-commit:\n  parallel: true\n",
            Hook::PreCommit,
            "pre-commit:\n  commands:\n    stanch:\n      run: stanch hook run pre-commit\n  parallel: true\n",
        );
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let check = |text: &str| {
            let why = add(text, Hook::PreCommit).unwrap_err();
            assert_eq!(why, "its `pre-commit` is written in a form that is not understood", "{text}");
        };
        check("pre-commit: {commands: {a: {run: x}}}\n");
        check("pre-commit:\n  commands: {a: {run: x}}\n");
        check("x: &a\n  commands:\n    a:\n      run: x\npre-commit: *a\n");
        check("pre-commit:\n  commands:\n    stanch:\n      run: other\n");
        check("pre-commit:\n- a\n");
        assert_eq!(add("a: [", Hook::PreCommit).unwrap_err(), "it is no YAML that is understood");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_what_goes_in_comes_out(text in r"(pre-commit:\n|  commands:\n|  jobs:\n|    a:\n|      run: x\n|  - run: x\n| {0,4}|#.{0,4}\n|.{0,5}\n){0,12}") {
            if let Ok(added) = add(&text, Hook::PreCommit) {
                proptest::prop_assert_eq!(remove(&added, Hook::PreCommit).unwrap(), text);
            }
        }
    }
}
