//! `stanch rules import`: rules of other scanners, end to end.

use crate::run::Folder;

const CONFIG: &str = "title = 'ours'\n[extend]\nuseDefault = true\n[[rules]]\nid = 'Acme Key'\ndescription = 'Acme key.'\n\
                      regex = '''acme_[a-z0-9]{16}'''\nkeywords = ['acme_']\n";

/// A key that exists in this test only.
fn acme() -> String {
    ["acme", "_", "k7fq2mzx9lpr4vtb"].concat()
}

#[test]
fn rules_are_converted_and_used() {
    let folder = Folder::new();
    folder.write("gitleaks.toml", CONFIG);
    folder.write("leak", format!("myacme = x{}y\n", acme()));
    folder.run(&["rules", "import", "gitleaks.toml", "-o", "ours.toml"]).says(
        0,
        &[
            "note: It extends the default rules, in whose place stanch's own are used",
            "1 rule of gitleaks.toml converted, 0 left out\n",
        ],
    );
    folder.run(&["rules", "check", "ours.toml"]).says(0, &["1 imported, without the two examples", "0 wrong"]);
    folder.run(&["rules", "show", "gitleaks-acme-key", "--rules", "ours.toml"]).says(
        0,
        &[
            "finds       Imported from gitleaks: Acme key\n",
            "contains    acme_",
            "imported    from gitleaks, where it is `Acme Key`",
        ],
    );
    let report = folder.scan(&["leak", "--rules", "ours.toml"]);
    assert_eq!((report.code, report.findings.len()), (1, 1));
    assert_eq!(report.findings[0]["rule"], "gitleaks-acme-key");
    let printed = folder.run(&["rules", "import", "gitleaks.toml"]);
    assert_eq!(printed.out, std::fs::read_to_string(folder.path("ours.toml")).unwrap());
}

#[test]
fn what_is_left_out_is_named_and_decides_the_code() {
    let folder = Folder::new();
    folder.write("gitleaks.toml", format!("{CONFIG}colour = 'red'\n[[rules]]\nid = 'look'\nregex = 'a(?=b)'\n"));
    let outcome = folder.run(&["rules", "import", "gitleaks.toml", "-o", "ours.toml"]);
    outcome.says(
        3,
        &[
            "left out: rule `Acme Key`, colour: a field",
            "left out: rule `look`, regex: look-around",
            "2 left out: Acme Key, look\n",
        ],
    );
    let text = std::fs::read_to_string(folder.path("ours.toml")).unwrap();
    assert!(text.contains("\n# - rule `look`, regex: look-around\n"), "{text}");
    folder.write("none.toml", "[[rules]]\nid = 'look'\nregex = 'a(?=b)'\n");
    folder
        .run(&["rules", "import", "none.toml", "-o", "x.toml"])
        .says(3, &["error: no rule of none.toml could be converted", "hint: nothing was written"]);
    assert!(!folder.path("x.toml").exists());
}

#[test]
fn a_file_that_is_no_configuration_is_refused() {
    let folder = Folder::new();
    folder.write("x.toml", "title = 'x'\n");
    folder
        .run(&["rules", "import", "x.toml"])
        .says(2, &["error: x.toml is in no format of rules that is known", "hint: known are those of gitleaks, betterleaks"]);
    folder.write("x.toml", "[[rules]]\nid = \n");
    folder.run(&["rules", "import", "--from", "gitleaks", "x.toml"]).says(2, &["error: x.toml:2: "]);
    // Its format is not asked for first: a file that breaks off is in none.
    folder.run(&["rules", "import", "x.toml"]).says(2, &["error: x.toml:2: ", "hint: mend the file"]);
    folder.write("x.yml", "rules:\n- a: [\n");
    folder.run(&["rules", "import", "x.yml"]).says(2, &["error: x.yml:", "it is no YAML"]);
    folder.write(".secrets.baseline", "{\n\"plugins_used\": [}");
    folder.run(&["rules", "import", ".secrets.baseline"]).says(2, &["error: .secrets.baseline:2: it is no JSON"]);
    folder.run(&["rules", "import", "gone.toml"]).says(2, &["error: cannot read gone.toml: no such file"]);
}

#[test]
fn what_a_file_extends_is_read() {
    let folder = Folder::new();
    folder.write("conf/base.toml", "[[rules]]\nid = 'k'\nregex = 'kkk=([a-z]+)'\n[[rules]]\nid = 'j'\nregex = 'jjj=([a-z]+)'\n");
    folder.write("conf/own.toml", "[extend]\npath = 'base.toml'\ndisabledRules = ['j']\n[[rules]]\nid = 'k'\nentropy = 2.5\n");
    folder.run(&["rules", "import", "conf/own.toml", "-o", "x.toml"]).says(0, &["1 rule of conf/own.toml converted, 0 left out"]);
    folder.write("default.toml", CONFIG.replace("useDefault = true\n", ""));
    folder.write("own.toml", "[extend]\nuseDefault = true\n[[rules]]\nid = 'Acme Key'\nentropy = 2.5\n");
    folder.run(&["rules", "import", "own.toml", "-o", "x.toml"]).says(3, &["left out: rule `Acme Key`, regex: neither"]);
    folder
        .run(&["rules", "import", "own.toml", "--base", "default.toml", "-o", "x.toml"])
        .says(0, &["1 rule of own.toml converted"]);
}

#[test]
fn imported_rules_find_the_same_in_windows_and_in_history() {
    let folder = Folder::new();
    folder.write("gitleaks.toml", CONFIG);
    folder.run(&["rules", "import", "gitleaks.toml", "-o", "ours.toml"]).says(0, &[]);
    let line = format!("some text {} that goes on\n", acme());
    folder.write("big", format!("{}{}", "x\n".repeat((2 << 20) / 2 - 20), line.repeat(3)));
    let report = folder.scan(&["big", "--rules", "ours.toml", "--only", "gitleaks-*"]);
    assert_eq!((report.code, report.findings.len()), (1, 3));
    folder
        .shell("git init -q r && cd r && cp ../big . && git add . && git -c user.name=a -c user.email=a@b commit -qm x")
        .says(0, &[]);
    let report = folder.scan(&["--history", "r", "--no-cache", "--rules", "ours.toml", "--only", "gitleaks-*"]);
    assert_eq!((report.code, report.findings.len()), (1, 3));
}
