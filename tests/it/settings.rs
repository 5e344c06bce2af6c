//! `[rules]` of `stanch.toml`, rules that are off by default, and packs of rules.

use crate::canary::github;
use crate::rule_commands::ACME;
use crate::run::Folder;

/// A rule of one's own, less severe than others.
fn acme_rule() -> String {
    ACME.replace("severity = \"high\"", "severity = \"medium\"")
}

/// Acme's token, one of GitHub's, a salt and a password, each on a line of its own.
fn folder(rules: &str) -> Folder {
    let folder = Folder::new();
    let acme = ["acme", "_K7fQ2mZx9LpR4vTb6WnY8cHd"].concat();
    let salt = ["wXzPqtgEeWTm", "TrmQn5fLm4XYOR4KEBj"].concat();
    folder.write("a.env", format!("A={acme}\nG={}\nSALT={salt}\n", github(1)));
    folder.write("team/acme.toml", acme_rule());
    folder.write("stanch.toml", format!("version = 1\n{rules}"));
    folder
}

fn found(folder: &Folder, args: &[&str]) -> Vec<String> {
    let report = folder.scan(&[&["a.env"], args].concat());
    report.findings.iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_project_chooses_rules_and_thresholds() {
    let check = |rules: &str, args: &[&str], expected: &[&str]| {
        assert_eq!(found(&folder(rules), args), expected, "{rules} {args:?}");
    };
    check("", &[], &["github-pat"]);
    check("[rules]\nfiles = 'team/acme.toml'\n", &[], &["acme-token", "github-pat"]);
    check("[rules]\nfiles = ['team']\nonly = 'acme-*'\n", &[], &["acme-token"]);
    check("[rules]\nfiles = ['team']\nexcept = 'github-*'\n", &[], &["acme-token"]);
    check("[rules]\nfiles = ['team']\nmin_severity = 'high'\n", &[], &["github-pat"]);
    check("[rules]\nenable = 'generic-salt'\n", &[], &["github-pat", "generic-salt"]);
    check("[rules]\nas_of = 2026-11-27\nfiles = ['team']\n", &[], &["acme-token", "github-pat"]);
    // What the command line says counts for more.
    check("[rules]\nonly = 'ai'\n", &["--only", "vcs"], &["github-pat"]);
    check("[rules]\nmin_severity = 'high'\nfiles = ['team']\n", &["--min-severity", "low"], &["acme-token", "github-pat"]);
    check("[rules]\nexcept = 'github-*'\n", &["--no-config"], &["github-pat"]);
    check("[rules]\nexcept = 'github-*'\n", &["--only", "github-pat"], &["github-pat"]);
    check("[rules]\nexcept = 'github-*'\n", &["--enable", "github-pat"], &["github-pat"]);
    // A rule in the place of a built-in one stays there, whatever is asked for.
    let own = folder("[rules]\nfiles = 'team/acme.toml'\nexcept = 'github-pat'\n");
    own.write("team/acme.toml", acme_rule().replace("acme-token", "github-pat"));
    assert_eq!(found(&own, &["--only", "github-pat"]), ["github-pat"]);
    check("[rules]\nfiles = ['team']\n", &["--rules", "team/acme.toml", "--except", "github-*"], &["acme-token"]);
}

#[test]
fn rules_that_are_off_are_asked_for() {
    let folder = folder("");
    assert_eq!(found(&folder, &["--enable", "generic-salt"]), ["github-pat", "generic-salt"]);
    assert_eq!(found(&folder, &["--only", "generic-salt"]), ["generic-salt"]);
    folder.run(&["scan", "--enable", "no-such-rule"]).says(2, &["no rule matches `no-such-rule`"]);
    let list = folder.run(&["rules", "list"]).out;
    let line = list.lines().find(|line| line.starts_with("generic-salt ")).unwrap();
    assert!(line.ends_with("(off by default)"), "{line}");
}

#[test]
fn what_is_wrong_names_the_file() {
    let says = |rules: &str, expected: &str| {
        folder(rules).run(&["scan", "a.env"]).says(2, &[expected]);
    };
    says("[rules]\nonly = 'nothing-like-it'\n", "stanch.toml:2: rules: no rule matches `nothing-like-it`");
    says("[rules]\nfiles = 'gone.toml'\n", "stanch.toml:2: rules.files: there is no `gone.toml` beside it");
    says("[rules]\nonly = 'ai'\nas_of = 2020-01-01\n", "no rule is left");
    says("[rules]\nfiles = 'team'\nas_of = 2020-01-01\n", "no built-in rule was there on 2020-01-01");
    says("[rules]\nfiles = '../x.toml'\n", "stanch.toml:3: rules.files: leads out of the folder of this file");
}

#[test]
fn a_link_leads_to_no_rules_elsewhere() {
    let folder = folder("[rules]\nfiles = 'team/link.toml'\n");
    folder.write("../outside.toml", acme_rule());
    std::os::unix::fs::symlink("../../outside.toml", folder.path("team/link.toml")).unwrap();
    folder.run(&["scan", "a.env"]).says(2, &["rules.files: `team/link.toml` is a link that leads out of the folder"]);
}

#[test]
fn those_of_a_folder_below_do_not_count_and_it_is_said() {
    let folder = folder("project_key = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"\n");
    folder.git(&["init", "-q"]);
    folder.write("sub/stanch.toml", "version = 1\n[rules]\nexcept = 'github-*'\n");
    folder.git(&["add", "-A"]);
    let report = folder.scan(&["."]);
    assert_eq!(report.findings.iter().filter(|f| f["rule"] == "github-pat").count(), 1);
    assert!(
        report.issues.iter().any(|i| i["detail"].as_str().unwrap().starts_with("its [rules] do not count")),
        "{:?}",
        report.issues
    );
}

#[test]
fn a_commit_has_its_own_rule_files() {
    let folder = folder("[rules]\nfiles = ['team']\n");
    folder.git(&["init", "-q"]);
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "rules"]);
    folder.write("team/acme.toml", acme_rule().replace("acme_", "other_"));
    assert_eq!(found(&folder, &["--config-from", "HEAD"]), ["acme-token", "github-pat"]);
    std::fs::remove_dir_all(folder.path("team")).unwrap();
    assert_eq!(found(&folder, &["--config-from", "HEAD"]), ["acme-token", "github-pat"]);
    folder.git(&["rm", "-rqf", "--cached", "team"]);
    folder.git(&["commit", "-q", "-m", "without"]);
    folder.run(&["scan", "a.env", "--config-from", "HEAD"]).says(2, &["rules.files: there is no `team` beside it"]);
}

#[test]
fn a_pack_is_written_and_used_in_place_of_the_built_in_rules() {
    let folder = folder("");
    folder.run(&["rules", "export", "pack"]).says(0, &["rules 2026-", "use them with `stanch scan --rule-pack pack`"]);
    assert_eq!(found(&folder, &["--rule-pack", "pack"]), ["github-pat"]);
    folder.run(&["rules", "export", "pack"]).says(2, &["cannot make pack", "hint: name a new folder"]);
    let file = folder.path("pack/github.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("ghp_", "gxp_", 1)).unwrap();
    folder
        .run(&["scan", "a.env", "--rule-pack", "pack"])
        .says(2, &["pack/PACK:1: the files beside it are not those of this version"]);
    // A pull request does not change the pack that it is checked with.
    std::fs::write(&file, &text).unwrap();
    folder.git(&["init", "-q"]);
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "pack"]);
    let words = ["a.env", "--rule-pack", "pack", "--config-from", "HEAD"];
    assert_eq!(found(&folder, &words[1..]), ["github-pat"]);
    std::fs::write(folder.path("pack/PACK"), "2026-11-28+00000000000000000000000000000000\n").unwrap();
    folder.run(&[&["scan"], &words[..]].concat()).says(2, &["pack is another pack than in the commit whose stanch.toml counts"]);
    folder.run(&["scan", "a.env", "--rule-pack", "team"]).says(2, &["cannot read rule file team/PACK"]);
}
