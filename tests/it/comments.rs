//! Comments by which other scanners are told to keep silent, through the binary.

use crate::canary::{github, pem};
use crate::run::Folder;

#[test]
fn the_comments_of_other_scanners_silence_and_are_counted() {
    let folder = Folder::new();
    let check = |content: &str, found: bool| {
        folder.write("a.py", content.replace("TOKEN", &github(1)));
        let report = folder.scan(&["a.py"]);
        assert_eq!(
            (report.findings.len(), report.covered("allowed_inline")),
            (usize::from(found), u64::from(!found)),
            "{content}"
        );
        assert_eq!(report.code, i32::from(found));
        assert_eq!(folder.scan(&["--no-inline-ignores", "a.py"]).findings.len(), 1, "{content}");
    };
    for comment in [
        "# gitleaks:allow",
        "# betterleaks:allow",
        "# trufflehog:ignore",
        "# kingfisher:ignore",
        "# ggignore",
        "# pragma: allowlist secret",
        "# pragma: whitelist-secret",
        "# secretlint-disable-line",
        "# secretlint-disable-line @secretlint/secretlint-rule-github",
    ] {
        check(&format!("k = 'TOKEN'  {comment}\n"), false);
        check(&format!("x = 1  {comment}\nk = 'TOKEN'\nx = 1  {comment}\n"), true);
    }
    check("# pragma: allowlist nextline secret\nk = 'TOKEN'\n", false);
    check("# secretlint-disable-next-line\nk = 'TOKEN'\n", false);
    check("# secretlint-disable\nx = 1\nk = 'TOKEN'\n", false);
    check("# secretlint-disable\nx = 1\n# secretlint-enable\nk = 'TOKEN'\n", true);
    check("k = 'TOKEN'  # secretlint-disable-line @secretlint/secretlint-rule-aws\n", true);
    folder.run(&["scan", "a.py"]).says(1, &["it names another rule of secretlint"]);
    folder.run(&["explain", "a.py:1"]).says(0, &["verdict   reported; secretlint-disable does not silence it"]);
    folder.write("a.py", format!("k = '{}'  # gitleaks:allow\n", github(1)));
    folder.run(&["scan", "a.py"]).says(0, &["silenced  1 finding by a comment beside it"]);
    folder.run(&["explain", "a.py:1"]).says(0, &["verdict   silenced by a comment: `gitleaks:allow`\n"]);
    folder.run(&["explain", "--no-inline-ignores", "a.py:1"]).says(0, &["verdict   reported\n"]);
}

#[test]
fn words_of_linters_count_only_when_asked_for() {
    let folder = Folder::new();
    folder.write("a.py", format!("k = '{}'  # nosec B105\n", github(1)));
    folder.write("b.js", format!("k = '{}'; // NOSONAR\n", github(2)));
    assert_eq!(folder.scan(&["."]).findings.len(), 2);
    assert_eq!(folder.scan(&["--ignore-comment", "nosec", "."]).findings.len(), 1);
    folder.scan(&["--ignore-comment", "nosec", "--ignore-comment", "nosonar", "."]).is(0, &[], &[]);
    folder.run(&["scan", "--ignore-comment", "a b", "."]).says(2, &["3 to 40 letters"]);
}

#[test]
fn a_comment_on_any_line_of_a_key_counts() {
    let folder = Folder::new();
    let check = |content: String, found: usize| {
        folder.write("a", &content);
        assert_eq!(folder.scan(&["a"]).findings.len(), found, "{content}");
    };
    let key = pem(1);
    check(key.clone(), 1);
    let (first, rest) = key.split_once('\n').unwrap();
    check(format!("key = \"\"\"{first}\n{rest}\"\"\"  # kingfisher:ignore\n"), 0);
    check(format!("# kingfisher:ignore\nkey = \"\"\"\n{key}\"\"\"\n"), 0);
    check(format!("key = \"\"\"\n{key}\"\"\"  # gitleaks:allow\n"), 1);
    let last = key.trim_end();
    check(format!("key = \"\"\"\n{last}\"\"\"  # gitleaks:allow\n"), 0);
}

#[test]
fn a_line_of_nothing_but_comments_is_read_in_linear_time() {
    let folder = Folder::new();
    let line = |n: usize| format!("k = '{}' {}\n", github(1), "# pragma: allowlist secret x secretlint-disable ".repeat(n));
    folder.write("a", line(20_000).repeat(4));
    let many: String = (0..2000).map(|n| format!("k = '{}' # secretlint-disable-linex\n", github(n))).collect();
    folder.write("b", many);
    let started = std::time::Instant::now();
    assert_eq!(folder.scan(&["b"]).findings.len(), 2000);
    folder.scan(&["a"]);
    assert!(started.elapsed().as_secs() < 30);
}
