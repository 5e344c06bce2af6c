//! `stanch doctor`: real hooks in real repositories, set up and broken in the ways that people break them.
//!
//! Start with [`healthy`]; each test breaks one thing of it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::canary::github;
use crate::hooks::Hooked;
use crate::run::{Outcome, STANCH};

/// A repository in `r` where everything is set up.
fn healthy() -> Hooked {
    let hooked = Hooked::repository();
    hooked.here("echo $T1 > known.txt; stanch init --all; git add -A; git commit -q --no-verify -m setup").says(0, &[]);
    hooked
}

/// All below a folder: names, modes and contents.
fn picture(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = path.symlink_metadata().unwrap();
        let content = if meta.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        all.push((path.display().to_string(), meta.permissions().mode(), content));
        if meta.is_dir() {
            all.extend(picture(&path));
        }
    }
    all.sort();
    all
}

/// Runs it in the repository, and checks that the canary is nowhere in what it says.
fn doctor(hooked: &Hooked, args: &str) -> Outcome {
    let outcome = hooked.here(&format!("stanch doctor {args}"));
    // As much as `ghp_********` may be shown.
    let all = format!("{}{}", outcome.out, outcome.err);
    let shows = all.split(&github(1)[..4]).skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    assert!(!shows, "{all}");
    outcome
}

/// `state check name` of each line.
fn states(hooked: &Hooked, args: &str) -> (i32, Vec<String>) {
    let outcome = doctor(hooked, &format!("{args} -f json"));
    let answer: Value = serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}\n{}", outcome.out, outcome.err));
    assert_eq!(answer["schema_version"], 1);
    let of = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let lines = answer["checks"].as_array().unwrap();
    let all = lines.iter().map(|line| format!("{} {} {}", of(line, "state"), of(line, "check"), of(line, "name"))).collect();
    (outcome.code, all)
}

#[test]
fn a_set_up_repository_is_green_and_stays_as_it_is() {
    let hooked = healthy();
    let before = picture(&hooked.folder.path("r"));
    doctor(&hooked, "").says(
        0,
        &[
            "ok          hooks   pre-commit: stanch stopped a commit with a made-up token, and one without passed\n",
            "ok          hooks   pre-push: stanch stopped a push with a made-up token, and one without passed\n",
            "ok          paths   hooks: git looks for them in .git/hooks, and nothing is in front\n",
            "`stanch ci` fails for a push with a made-up token, and passes for one without\n",
            "ok          filter  stanch filter: a made-up token did not come out, plain lines did, byte for byte\n",
            "ok          history history: whole",
            "ok          files   files: ",
            "ok          config  stanch.toml: read, with a project key\n",
            "ok          config  .stanch-baseline: read, made under this project key\n",
        ],
    );
    assert_eq!(picture(&hooked.folder.path("r")), before);
    let (code, all) = states(&hooked, "");
    assert_eq!((code, all.len()), (0, 9), "{all:?}");
    assert!(all.iter().all(|line| line.starts_with("ok ")), "{all:?}");
    // Nothing of the scratch copies is left.
    let left = hooked.shell("TMPDIR=$HOME/tmp; mkdir $TMPDIR; export TMPDIR; cd r; stanch doctor > /dev/null; ls -A $TMPDIR");
    assert_eq!((left.code, left.out.as_str()), (0, ""), "{}", left.err);
}

/// Breaks something of what is set up, and checks that it is named and that nothing is changed.
#[track_caller]
fn broken(break_it: &str, args: &str, expected: &[&str]) {
    let hooked = healthy();
    hooked.here(break_it).says(0, &[]);
    let before = picture(&hooked.folder.path("r"));
    doctor(&hooked, args).says(1, expected);
    assert_eq!(picture(&hooked.folder.path("r")), before, "{break_it}");
}

#[test]
fn hooks_that_git_does_not_reach_are_named() {
    broken(
        "mkdir ../elsewhere; git config --global core.hooksPath \"$PWD/../elsewhere\"",
        "--only hooks,paths",
        &[
            "broken      paths   .git/hooks/pre-commit: it calls stanch, but git looks for hooks in ",
            "core.hooksPath of the global configuration",
            "`git config --global --unset core.hooksPath`",
            "broken      paths   .git/hooks/pre-push",
        ],
    );
    broken(
        "git config --global core.hooksPath /dev/null",
        "--only paths",
        &["core.hooksPath: it leads to /dev/null, which is no folder: git runs no hooks"],
    );
    broken("mkdir h; git config core.hooksPath h", "--only paths", &["git looks for hooks in h (core.hooksPath of the local"]);
    broken(
        "mkdir ../h; echo '[core]\n hooksPath = ../h' > ../inc; git config --global \"includeIf.gitdir:$PWD/.path\" \"$PWD/../inc\"",
        "--only paths",
        &["git looks for hooks in ", "../inc"],
    );
    broken(
        "chmod -x .git/hooks/pre-commit",
        "--only hooks",
        &["broken      hooks   pre-commit: it calls stanch and is not executable"],
    );
}

#[test]
fn hooks_that_stop_everything_or_nothing_are_named() {
    // Hooks whose program is gone: they stop everything.
    broken(
        "printf '#!/bin/sh\\nexec /opt/gone/stanch hook run pre-commit \"$@\"\\n' > .git/hooks/pre-commit",
        "--only hooks,paths",
        &[
            "pre-commit: a script that calls stanch stops everything",
            "broken      paths   .git/hooks/pre-commit: it calls /opt/gone/stanch, which is not there",
        ],
    );
    // Hooks that look at nothing.
    for nothing in ["stanch scan --range HEAD..HEAD", "stanch scan --staged || true", "stanch scan --staged --exit-code 0"] {
        broken(
            &format!("printf '#!/bin/sh\\n{nothing}\\n' > .git/hooks/pre-commit"),
            "--only hooks",
            &["broken      hooks   pre-commit: a made-up token passed"],
        );
    }
    broken(
        "printf '#!/bin/sh\\ntrufflehog() { echo chunks: 0; }\\ntrufflehog git file://. --since-commit HEAD --fail\\n' > .git/hooks/pre-commit",
        "--only hooks",
        &["broken      hooks   pre-commit: a made-up token passed: git called another script"],
    );
    broken(
        "printf '#!/bin/sh\\necho no\\nexit 1 # stanch\\n' > .git/hooks/pre-push",
        "--only hooks",
        &["pre-push: another script stops everything, also what holds no secret: no"],
    );
    broken(
        "printf '#!/bin/sh\\nstanch scan --staged -q > /dev/null 2>&1 || exit 1\\n' > .git/hooks/pre-commit",
        "--only hooks",
        &["pre-commit: a made-up token was stopped, but nothing names where it stands"],
    );
}

#[test]
fn ci_that_passes_all_the_same_is_named() {
    let ci = ".github/workflows/stanch.yml";
    broken(
        &format!("sed -i 's/- run: stanch ci/- run: stanch ci --exit-code 0/' {ci}"),
        "--only ci",
        &["stanch.yml:14: `--exit-code 0`: the job passes with a secret"],
    );
    broken(
        &format!("echo '        continue-on-error: true' >> {ci}"),
        "--only ci",
        &["stanch.yml:15: `continue-on-error: true`: the job passes with a secret"],
    );
    broken(
        &format!("sed -i 's/^on: .*/on: workflow_dispatch/' {ci}"),
        "--only ci",
        &["stanch.yml:2: neither a push nor a pull request"],
    );
    broken(
        &format!("sed -i 's/stanch ci/stanch ci --only stripe-secret-key/' {ci}"),
        "--only ci",
        &["stanch.yml:14: a made-up token passed `stanch ci --only stripe-secret-key`"],
    );
    broken(&format!("sed -i 's/stanch ci/stanch ci || true/' {ci}"), "--only ci", &["stanch.yml:14: `|| true`"]);
    broken(
        &format!("rm {ci} .git/hooks/pre-commit .git/hooks/pre-push"),
        "",
        &["nothing looks for secrets here, neither a hook nor CI"],
    );
}

#[test]
fn configuration_and_filters_that_do_not_hold_are_named() {
    broken("echo x >> stanch.toml", "--only config", &["broken      config  stanch.toml: "]);
    broken(
        "sed -i '1s/ 1 / 9 /' .stanch-baseline",
        "--only config",
        &["broken      config  .stanch-baseline: .stanch-baseline: line 1"],
    );
    broken("true", "--only filter --filter-command cat", &["broken      filter  --filter-command: a made-up token came out"]);
    broken("true", "--only filter --filter-command 'stanch filter --only stripe-secret-key'", &["broken      filter"]);
    broken(
        "printf 'services:\\n  a:\\n    command: sh -c \"app | stanch filter --only stripe-secret-key\"\\n' > compose.yml",
        "--only filter",
        &["compose.yml:3: a made-up token came out"],
    );
}

#[test]
fn warnings_do_not_fail() {
    let check = |break_it: &str, args: &str, expected: &[&str]| {
        let hooked = healthy();
        hooked.here(break_it).says(0, &[]);
        doctor(&hooked, args).says(0, expected);
    };
    check(
        "git clone -q --depth 1 \"file://$PWD\" ../s; rm -rf * .git; mv ../s/.git .",
        "--only history",
        &["warning     history history: a shallow clone: older history is not here", "to do: `git fetch --unshallow` gets it"],
    );
    check(
        "sed -i 's/^on: .*/on: push/' .github/workflows/stanch.yml",
        "--only ci",
        &["stanch.yml:2: no pull request starts it", "`stanch ci` fails for a push with a made-up token"],
    );
    check(
        "git init -q ../sub; git -C ../sub commit -q --allow-empty -m s; git submodule --quiet add \"$PWD/../sub\" sub; git submodule --quiet deinit -f sub; rm -rf sub; mkdir sub",
        "--only history",
        &["submodules: 1 of 1 not here: sub"],
    );
    check(
        "echo '*.bin filter=lfs' > .gitattributes; printf 'version https://git-lfs.github.com/spec/v1\\n' > a.bin; git -c filter.lfs.clean=cat add -A",
        "--only history",
        &["large files: 1 of 1 are pointers only"],
    );
    check(
        "printf '[[allow]]\\npath = \"x\"\\nreason = \"y\"\\nuntil = 2020-01-01\\n' >> stanch.toml",
        "--only config",
        &["this [[allow]] is over"],
    );
    check(
        "printf '#!/bin/sh\\necho no linter; exit 1\\n' > .git/hooks/pre-push",
        "--only hooks",
        &["warning     hooks   pre-push: git calls another script, which stops everything in the copy", "no linter"],
    );
    check("rm .git/hooks/pre-push", "--only hooks", &["not set up  hooks   pre-push: git calls nothing"]);
    check(
        "true",
        "--only hooks,ci --no-run",
        &["ok          hooks   pre-commit: git calls stanch; not run (--no-run)", "not run (--no-run)"],
    );
}

#[test]
fn files_that_others_get_at_are_named() {
    let check = |make: &str, code: i32, expected: &[&str]| {
        let hooked = healthy();
        let everyone = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(hooked.folder.path("").parent().unwrap(), everyone).unwrap();
        hooked.here(make).says(0, &[]);
        let outcome = doctor(&hooked, "--only files");
        outcome.says(code, expected);
        assert!(!outcome.out.contains("hunter"), "{}", outcome.out);
    };
    let open = "broken      files   .env: every user of this machine may read it (mode 644)\n                    to do: `chmod 600 .env`\n";
    check("echo P=hunter > .env; chmod 644 .env", 1, &[open]);
    check("echo P=hunter > .env; chmod 640 .env", 0, &["warning     files   .env: its group may read it (mode 640)"]);
    check("echo P=hunter > .env; chmod 600 .env", 0, &["ok          files   files: 1 file named like secrets"]);
    check("echo P=hunter > .env; chmod 644 .env; chmod 700 .", 0, &["ok          files"]);
    check("echo P=hunter > .env.example; chmod 644 .env.example", 0, &["ok          files"]);
    check("mkdir ~/.aws; echo hunter > ~/.aws/credentials; chmod 644 ~/.aws/credentials", 1, &[".aws/credentials: every user"]);
    check("mkdir .aws; echo hunter > a.pem; chmod 644 a.pem; git add a.pem", 0, &["ok          files"]);
    check(
        "echo P=hunter > .env; chmod 600 .env; git add .env; echo .env > .gitignore",
        1,
        &["broken      files   .env: git tracks it although it is ignored", "`git rm --cached .env`"],
    );
    for (folder, mark, program) in [
        ("Dropbox", "true", "Dropbox"),
        ("'OneDrive - Some Firm'", "true", "OneDrive"),
        ("s", "mkdir ../s/.stfolder", "Syncthing"),
        ("n", "touch ../n/.sync_0123.db", "Nextcloud"),
        ("'Mobile Documents'", "true", "iCloud"),
    ] {
        let make = format!(
            "mkdir ../{folder}; {mark}; git init -q ../{folder}/r; echo P=hunter > ../{folder}/r/.env; chmod 600 ../{folder}/r/.env; \
             cd ..; mv r old; ln -s {folder}/r r"
        );
        check(&make, 1, &[&format!(".env: it lies in a folder that {program} syncs")]);
    }
    check(
        "mkdir ../s ../s/.stfolder; echo .env > ../s/.stignore; git init -q ../s/r; echo P=hunter > ../s/r/.env; chmod 600 ../s/r/.env; cd ..; mv r old; ln -s s/r r",
        0,
        &["ok          files"],
    );
}

#[test]
fn managers_are_run_as_git_runs_them() {
    // husky 9, as `husky` sets it up.
    let hooked = Hooked::repository();
    hooked
        .here(
            "mkdir -p .husky/_; printf '#!/usr/bin/env sh\\ns=$(dirname \"$(dirname \"$0\")\")/$(basename \"$0\")\\n[ -f \"$s\" ] || exit 0\\n[ \"${HUSKY-}\" = 0 ] && exit 0\\nsh -e \"$s\" \"$@\"\\n' > .husky/_/h; \
             for n in pre-commit pre-push; do printf '#!/usr/bin/env sh\\n. \"$(dirname \"$0\")/h\"\\n' > .husky/_/$n; chmod +x .husky/_/$n; done; \
             echo '*' > .husky/_/.gitignore; git config core.hooksPath .husky/_; stanch hook install; git add -A; git commit -q --no-verify -m husky",
        )
        .says(0, &[]);
    doctor(&hooked, "--only hooks,paths").says(
        0,
        &[
            "hooks   pre-commit: husky stopped a commit",
            "hooks   pre-push: husky stopped a push",
            "paths   hooks: git looks for them in .husky/_",
        ],
    );
    let off = hooked.here("HUSKY=0 stanch doctor --only hooks,paths");
    off.says(
        1,
        &["broken      hooks   pre-commit: a made-up token passed: git called husky", "HUSKY: it is 0, so husky runs no hooks"],
    );
    hooked.here("git config --unset core.hooksPath").says(0, &[]);
    doctor(&hooked, "--only paths")
        .says(1, &["broken      paths   .husky: husky is to call stanch, but git does not call husky", "`npx husky` starts it"]);
    // Another program took the place of ours.
    let hooked = healthy();
    hooked.here("mv .git/hooks/pre-commit .git/hooks/pre-commit.old; printf '#!/bin/sh\\ncall_lefthook run pre-commit\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit").says(0, &[]);
    doctor(&hooked, "--only paths")
        .says(1, &["another program replaced the hook of stanch, which is now .git/hooks/pre-commit.old"]);
    // Hooks for all repositories, which pass on to the repository's own.
    let hooked = Hooked::repository();
    hooked.here("stanch hook install --global").says(0, &[]);
    doctor(&hooked, "--only hooks,paths").says(0, &["pre-commit: stanch stopped a commit", "pre-push: stanch stopped a push"]);
}

#[test]
fn messages_and_servers_have_hooks_too() {
    let hooked = healthy();
    hooked
        .here("stanch hook install --hook commit-msg; git init -q --bare ../server.git; stanch hook install --repo ../server.git")
        .says(0, &[]);
    doctor(&hooked, "--only hooks").says(0, &["ok          hooks   commit-msg: stanch stopped a message with a made-up token"]);
    let before = picture(&hooked.folder.path("server.git"));
    doctor(&hooked, "--only hooks,paths,history,files ../server.git")
        .says(0, &["ok          hooks   pre-receive: stanch stopped the push of a made-up token to it"]);
    assert_eq!(picture(&hooked.folder.path("server.git")), before);
    hooked.here("printf '#!/bin/sh\\ncat > /dev/null # stanch\\n' > ../server.git/hooks/pre-receive").says(0, &[]);
    doctor(&hooked, "--only hooks ../server.git").says(1, &["broken      hooks   pre-receive: a made-up token passed"]);
}

#[test]
fn another_version_is_named() {
    let hooked = healthy();
    hooked.here("mkdir ../bin; printf '#!/bin/sh\\n[ \"$1\" = --version ] && { echo stanch 0.0.1; exit; }\\nexec \"$STANCH\" \"$@\"\\n' > ../bin/stanch; chmod +x ../bin/stanch").says(0, &[]);
    let outcome = hooked.here("PATH=\"$PWD/../bin:$PATH\" \"$STANCH\" doctor --only paths");
    outcome.says(0, &["warning     paths   pre-commit: it calls ", "bin/stanch, which is stanch 0.0.1; this is stanch "]);
}

#[test]
fn what_cannot_be_checked_is_told() {
    let hooked = healthy();
    // A hook that never ends.
    hooked.here("printf '#!/bin/sh\\nstanch --version\\ntail -f /dev/null & wait\\n' > .git/hooks/pre-commit").says(0, &[]);
    doctor(&hooked, "--only hooks --timeout 10")
        .says(3, &["not checked hooks   pre-commit: another script did not end within 10 seconds"]);
    // No git, no repository.
    let git = hooked.here("mkdir ../none; PATH=../none \"$STANCH\" doctor");
    git.says(3, &["error: git is not installed, or not on the PATH", "hint: "]);
    let none = hooked.shell("stanch doctor");
    none.says(2, &["is in no git repository", "hint: name a folder of one"]);
    // No folder for the copy.
    let full = hooked
        .here("rm .git/hooks/pre-commit; stanch hook install > /dev/null; TMPDIR=/nowhere stanch doctor --only hooks,filter");
    full.says(
        3,
        &["not checked hooks   pre-commit: no scratch copy could be made: cannot make a scratch folder", "not checked filter"],
    );
}

#[test]
fn a_folder_that_only_may_be_read_is_enough() {
    let hooked = healthy();
    hooked.here("find . -type d -exec chmod a-w {} +; find . -type f -exec chmod a-w {} +").says(0, &[]);
    let outcome = hooked.here("stanch doctor --only hooks,paths,ci,history,config");
    hooked.here("chmod -R u+w .").says(0, &[]);
    outcome.says(0, &["pre-commit: stanch stopped a commit", "pre-push: stanch stopped a push", "`stanch ci` fails for a push"]);
    assert!(Path::new(STANCH).is_file());
}
