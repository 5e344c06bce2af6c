//! YAML that is edited by lines, and what must hold afterwards.
//!
//! It must not edit. Start with [`document`]; [`same_but`] compares what was and what is.

use serde_json::Value;

use super::shell::{self, Found};

/// A document as JSON has it; nothing if it is none that is understood.
pub(super) fn document(text: &str) -> Option<Value> {
    serde_saphyr::from_str::<Value>(text).ok()
}

/// Is one document the other one, but for command lines that became what `becomes` says, all of them or some?
pub(super) fn same_but(before: &Value, after: &Value, becomes: &dyn Fn(&Found) -> Option<String>) -> bool {
    match (before, after) {
        (Value::String(one), Value::String(other)) => one == other || is_changed(one, other, becomes),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_but(one, other, becomes))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same_but(value, other, becomes)))
        }
        (one, other) => one == other,
    }
}

fn is_changed(before: &str, after: &str, becomes: &dyn Fn(&Found) -> Option<String>) -> bool {
    let (mut at, mut rest) = (0, after);
    for found in shell::find(before, true) {
        let Some(behind) = rest.strip_prefix(&before[at..found.span.start]) else { return false };
        let new = becomes(&found).and_then(|new| behind.strip_prefix(new.as_str()));
        let Some(behind) = new.or_else(|| behind.strip_prefix(&before[found.span.clone()])) else { return false };
        (at, rest) = (found.span.end, behind);
    }
    rest == &before[at..]
}

#[cfg(test)]
mod tests {
    use super::{document, same_but};

    #[test]
    fn only_command_lines_may_change() {
        let before = document("a:\n- run: x && gitleaks dir . | cat\n- name: gitleaks\n- b: [1, true]\n").unwrap();
        let check = |after: &str, expected: bool| {
            let after = document(after).unwrap();
            assert_eq!(
                same_but(&before, &after, &|found| (found.args == ["dir", "."]).then(|| "ours .".to_owned())),
                expected,
                "{after}"
            );
        };
        check("a:\n- run: x && gitleaks dir . | cat\n- name: gitleaks\n- b: [1, true]\n", true);
        check("a:\n- run: x && ours . | cat\n- name: gitleaks\n- b: [1, true]\n", true);
        check("a:\n- run: x && ours . | dog\n- name: gitleaks\n- b: [1, true]\n", false);
        check("a:\n- run: x && ours .\n- name: gitleaks\n- b: [1, true]\n", false);
        check("a:\n- run: x && ours . | cat\n- name: ours\n- b: [1, true]\n", false);
        check("a:\n- run: x && ours . | cat\n- name: gitleaks\n- b: [1]\n", false);
        check("a:\n- run: x && ours . | cat\n- name: gitleaks\n- c: [1, true]\n", false);
    }
}
