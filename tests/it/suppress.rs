//! The way of a decision: a project key is made, a finding is allowed by its fingerprint, and stays allowed wherever the same value
//! turns up under the same key.

use stanch::base::date::Date;
use stanch::scan::fingerprint::Fingerprinter;
use stanch::scan::project::Project;
use stanch::scan::suppress::{Candidate, Decision, Suppressions, Text};

#[test]
fn an_allowed_value_stays_allowed_in_its_project_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stanch.toml");
    let print =
        |project: &Project, value: &[u8]| Fingerprinter::stable(project.key.as_ref().unwrap()).unwrap().fingerprint(value);
    let value = b"made-up-pass1";
    let print_then = print(&Project::create(&path).unwrap(), value);
    let entry = format!("\n[[allow]]\nfingerprint = \"{}\"\nreason = \"demo\"\nuntil = 2027-01-01\n", print_then.0);
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &entry).unwrap();

    let project = Project::load(&path).unwrap();
    let other = Project::create(&dir.path().join("other.toml")).unwrap();
    let suppressions = Suppressions::new(project.allows.clone());
    let check = |project: &Project, value: &[u8], day: &str, expected: &Decision| {
        let today = Date::parse(day).unwrap();
        let fingerprint = print(project, value);
        let candidate = Candidate { rule: "password", fingerprint: &fingerprint, secret: value, path: None };
        assert_eq!(&suppressions.decide(&candidate, &Text::of(b"x"), 0..1, today), expected);
    };
    check(
        &project,
        value,
        "2027-01-01",
        &Decision::AllowedByEntry { reason: "demo".into(), entry: "line 13 of stanch.toml".into() },
    );
    check(&project, value, "2027-01-02", &Decision::Note("the entry on line 13 of stanch.toml ended on 2027-01-01".into()));
    check(&project, b"made-up-pass2", "2026-01-01", &Decision::Report);
    check(&other, value, "2026-01-01", &Decision::Report);
}
