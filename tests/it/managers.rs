//! `stanch hook` beside other hook managers: the real pre-commit, lefthook and husky, which `tests/run` installs.
//!
//! Start with [`with_pre_commit`].

use std::path::{Path, PathBuf};

use crate::hooks::Hooked;
use crate::run::STANCH;

/// Something that `tests/run` installs.
fn installed(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tests").join(name);
    assert!(path.exists(), "{} is missing: `tests/run --install-only` installs it", path.display());
    path.to_str().unwrap().to_owned()
}

/// A repository, with pre-commit and lefthook on the PATH.
fn with_tools() -> Hooked {
    let mut hooked = Hooked::repository();
    installed("venv/bin/pre-commit");
    hooked.path = format!("{}:{}", installed("venv/bin"), hooked.path);
    hooked
}

/// Makes a wheel of the program under test where ours is built with maturin, which takes minutes: the program is the same.
const BACKEND: &str = r##"
import base64, hashlib, os, zipfile
def build_wheel(folder, settings=None, metadata=None):
    name, info = "stanch-0.1.0-py3-none-any.whl", "stanch-0.1.0.dist-info"
    files = {
        "stanch-0.1.0.data/scripts/stanch": "#!/bin/sh\nexec '@STANCH@' \"$@\"\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: stanch\nVersion: 0.1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
    }
    digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    record = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, text)
    return name
"##;

/// A repository whose pre-commit uses hooks of ours, as somebody has them who names this repository.
fn with_pre_commit(hooks: &str) -> Hooked {
    let hooked = with_tools();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    hooked.folder.write("hooks/.pre-commit-hooks.yaml", std::fs::read(ours).unwrap());
    hooked.folder.write("hooks/backend.py", BACKEND.replace("@STANCH@", STANCH));
    let build = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";
    hooked.folder.write("hooks/pyproject.toml", build);
    let rev = hooked.shell("git init -q hooks; cd hooks; git add -A; git commit -q -m hooks; git rev-parse HEAD").out;
    let config = format!("repos:\n- repo: {}\n  rev: {}\n  hooks: {hooks}\n", hooked.folder.path("hooks").display(), rev.trim());
    hooked.folder.write("r/.pre-commit-config.yaml", config);
    hooked
        .here("git add -A; git commit -q -m config; pre-commit install -t pre-commit -t pre-push -t commit-msg")
        .says(0, &["pre-commit installed at .git/hooks/pre-push"]);
    hooked
}

#[test]
fn hooks_of_this_repository_work_in_pre_commit() {
    let mut hooked = with_pre_commit("[{id: stanch}, {id: stanch-push}, {id: stanch-message}]");
    // The only stanch there is comes with the wheel.
    hooked.path = installed("venv/bin");
    hooked.here("! command -v stanch; echo y > y; git add y; git commit -m y").says(0, &["Detect hardcoded secrets", "Passed"]);
    let told = ["Failed", "s:1:5", "The commit was stopped. How to go on:"];
    hooked.here("echo \"t = $T1\" > s; git add s; ! git commit -m s 2>&1").says(0, &told);
    hooked.here("SKIP=stanch git commit -m s 2>&1").says(0, &["Skipped"]);
    hooked.here("! git commit --allow-empty -m \"$T2\" 2>&1").says(0, &["in the message", "COMMIT_EDITMSG:1:1"]);
    // The first push of all, of which pre-commit names no commits.
    hooked
        .here("git init -q --bare ../server; git remote add o ../server; ! git push o main 2>&1")
        .says(0, &[":s:1:5", "The push was stopped"]);
    hooked.here("git rm -q s; git commit -q -m gone; ! git push o main 2>&1").says(0, &[":s:1:5"]);
    hooked.here("git reset -q --hard HEAD~2; git push o main 2>&1").says(0, &["Passed"]);
    // A branch that is new, and one that is there; what came and went between.
    hooked
        .here("git checkout -q -b b; echo $T2 > s; git add s; git commit -q --no-verify -m s; git rm -q s; git commit -q -m gone")
        .says(0, &[]);
    hooked.here("! git push o b 2>&1; git checkout -q main; git merge -q b; ! git push o main 2>&1").says(0, &[":s:1:1"]);
    hooked
        .here("git reset -q --hard o/main; echo z > z; git add z; git commit -q -m z; git push o main 2>&1")
        .says(0, &["Passed"]);
}

#[test]
fn all_files_are_scanned_when_nothing_is_staged() {
    let hooked = with_pre_commit("[{id: stanch-system, exclude: ^docs/}]");
    hooked.here("pre-commit run --all-files").says(0, &["Passed"]);
    hooked
        .here("echo \"t = $T1\" > s; echo $T2 > -odd; git add -A; git commit -q --no-verify -m s; git status --short")
        .says(0, &[]);
    hooked.here("git rm -q --cached -- -odd; git commit -q --no-verify -m less; rm -- -odd").says(0, &[]);
    // A plain run has nothing to do, and says so.
    hooked.here("pre-commit run").says(0, &["(no files to check)Skipped"]);
    hooked.here("! pre-commit run --all-files").says(0, &["s:1:5", "Failed"]);
    hooked.here("! pre-commit run --files s x").says(0, &["s:1:5"]);
    // Also beside something staged that is harmless.
    hooked.here("echo y > y; git add y; ! pre-commit run --all-files; pre-commit run").says(0, &["s:1:5", "Passed"]);
    // Of what is staged only new lines count, and files that are left out do not.
    hooked.here("git mv s s2; git commit -m moved 2>&1").says(0, &["Passed"]);
    hooked.here("mkdir docs; echo $T3 > docs/d; echo more >> x; git add docs x; git commit -m docs 2>&1").says(0, &["Passed"]);
    // Partly staged: what is committed counts, not what lies there.
    hooked
        .here("echo 1 >> x; git add x; echo $T3 >> x; git commit -m part 2>&1; tail -n1 x | grep -q ghp_; git checkout -q x")
        .says(0, &["Passed"]);
    hooked
        .here("echo $T3 >> x; git add x; git show HEAD:x > x; ! git commit -m part 2>&1; git reset -q --hard")
        .says(0, &["x:4:1"]);
    // Commits between two refs, with what came and went.
    hooked.here("echo \"c = $T3\" > c; git add c; git commit -q --no-verify -m c; git rm -q c; echo 5 > five; git add five; git commit -q -m five").says(0, &[]);
    hooked.here("! pre-commit run --from-ref HEAD~2 --to-ref HEAD").says(0, &[":c:1:5"]);
    hooked.here("pre-commit run --from-ref HEAD~1 --to-ref HEAD").says(0, &["Passed"]);
}

#[test]
fn stanch_is_added_to_pre_commit_and_taken_out_again() {
    let hooked = with_tools();
    let config = "# ours\nrepos:\n  - repo: local\n    hooks:\n      - id: lint\n        name: lint\n        entry: \"true\"\n        language: system\n";
    let path = hooked.folder.write("r/.pre-commit-config.yaml", config);
    hooked.here("git add -A; git commit -q -m config; stanch hook install").says(2, &[
        "pre-commit is set up here (.pre-commit-config.yaml), but git does not call it",
        "hint: `pre-commit install` starts it; `--into pre-commit` adds stanch to its files, `--into git` makes a hook of its own",
    ]);
    hooked.here("pre-commit install; stanch hook install --dry-run").says(0, &["dry run"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), config);
    hooked.here("stanch hook install").says(
        0,
        &[
            ".pre-commit-config.yaml: runs stanch now",
            "git does not call pre-commit for pre-push yet: `pre-commit install -t pre-push` does that",
            "commit what changed",
        ],
    );
    hooked.here("pre-commit validate-config; stanch hook install").says(0, &["runs stanch already for pre-commit"]);
    hooked
        .here("stanch hook status")
        .says(0, &["pre-commit is set up (.pre-commit-config.yaml): git calls it", "stanch, called by pre-commit"]);
    hooked.here("pre-commit install -t pre-push; git add -A; git commit -q -m stanch").says(0, &[]);
    hooked.here("echo $T1 > s; git add s; ! git commit -m s; git commit -q --no-verify -m s; git init -q --bare ../server; ! git push ../server main 2>&1").says(0, &["s:1:1", ":s:1:1"]);
    hooked.here("stanch hook remove").says(0, &["no longer runs stanch"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), config);
    // A hook of ours that pre-commit found and keeps.
    let hooked = Hooked { path: hooked.path.clone(), ..Hooked::repository() };
    hooked
        .here("printf '#!/bin/sh\\necho oldest\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; stanch hook install")
        .says(0, &[]);
    hooked.folder.write("r/.pre-commit-config.yaml", config);
    hooked.here("git add -A; git commit -q -m config; pre-commit install").says(0, &["Running in migration mode"]);
    hooked.here("echo $T1 > s; git add s; ! git commit -m s 2>&1").says(0, &["oldest", "s:1:1"]);
}

#[test]
fn stanch_is_added_to_lefthook_and_taken_out_again() {
    let hooked = with_tools();
    let config = "# ours\npre-commit:\n  parallel: true\n  commands:\n    lint:\n      run: \"true\"\npre-push:\n  jobs:\n    - name: theirs\n      run: cat > ../pushed\n      use_stdin: true\n";
    let path = hooked.folder.write("r/lefthook.yml", config);
    hooked
        .here("lefthook install; git add -A; git commit -q -m config; stanch hook install --hook pre-commit,pre-push,commit-msg")
        .says(
            0,
            &["lefthook.yml: runs stanch now", "git does not call lefthook for commit-msg yet: `lefthook install` does that"],
        );
    hooked.here("lefthook validate; lefthook install; stanch hook status").says(0, &["commit-msg  stanch, called by lefthook"]);
    hooked.here("git add -A; git commit -q -m stanch").says(0, &[]);
    hooked
        .here("echo $T1 > s; git add s; ! git commit -m s 2>&1; ! git commit --allow-empty -m \"$T2\" 2>&1")
        .says(0, &["s:1:1", "The commit was stopped"]);
    hooked.here("git commit -q --no-verify -m s; git init -q --bare ../server; ! git push ../server main 2>&1; grep refs/heads/main ../pushed").says(0, &[":s:1:1"]);
    hooked.here("stanch hook remove").says(0, &["no longer runs stanch"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), config);
    hooked
        .here("rm lefthook.yml; echo '[pre-commit]' > lefthook.toml; stanch hook install")
        .says(2, &["not in YAML", "hint: add a command"]);
}

#[test]
fn stanch_is_added_to_husky_and_taken_out_again() {
    for (husky, head) in
        [("husky9/bin.js", ""), ("husky8/lib/bin.js", "#!/usr/bin/env sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\n\n")]
    {
        let hooked = Hooked::repository();
        let husky = installed(&format!("husky/node_modules/{husky}"));
        hooked.here(&format!("echo '{{}}' > package.json; node {husky} install")).says(0, &[]);
        let script = format!("{head}cat > ../pushed; echo theirs");
        let path = hooked.folder.write("r/.husky/pre-push", &script);
        hooked
            .here("chmod +x .husky/pre-push; git add -A; git commit -q -m husky; stanch hook install")
            .says(0, &[".husky/pre-commit: made, runs stanch", ".husky/pre-push: runs stanch now", "commit what changed"]);
        hooked
            .here("stanch hook install; stanch hook status")
            .says(0, &["runs stanch already", "pre-push    stanch, called by husky"]);
        hooked.here("git add -A; git commit -q -m stanch").says(0, &[]);
        hooked.here("echo $T1 > s; git add s; ! git commit -m s 2>&1").says(0, &["s:1:1"]);
        // The other command took git's list away.
        hooked
            .here("git commit -q --no-verify -m s; git init -q --bare ../server; ! git push ../server main 2>&1")
            .says(0, &["theirs", "git's list of what is pushed did not get here", ":s:1:1"]);
        hooked.here("stanch hook remove; ls .husky").says(0, &[".husky/pre-commit: removed"]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), script);
        assert!(!hooked.folder.path("r/.husky/pre-commit").exists());
        // Nothing behind `exec` would run.
        hooked.here("echo 'exec npx lint-staged' > .husky/pre-commit; stanch hook install").says(
            2,
            &[
                ".husky/pre-commit is not changed: line 1 ends it",
                "hint: write it there by hand: stanch hook run pre-commit \"$@\"",
            ],
        );
    }
}

#[test]
fn between_two_managers_nothing_is_guessed() {
    let hooked = with_tools();
    let lefthook = "pre-commit:\n  commands:\n    lint:\n      run: \"true\"\n";
    hooked.folder.write("r/lefthook.yml", lefthook);
    let config = "repos:\n- repo: meta\n  hooks:\n  - id: identity\n";
    hooked.folder.write("r/.pre-commit-config.yaml", config);
    let told = [
        "error: two hook managers are set up here: lefthook (lefthook.yml), pre-commit (.pre-commit-config.yaml); git calls none of them",
        "hint: say which one shall call stanch: `--into husky`",
    ];
    hooked.here("stanch hook install").says(2, &told);
    hooked.here("lefthook install; git add -A; git commit -q -m x; stanch hook install").says(2, &["; git calls lefthook\n"]);
    assert_eq!(hooked.here("git status --short").out, "");
    hooked
        .here("stanch hook install --into lefthook; git diff --stat")
        .says(0, &["lefthook.yml: runs stanch now", "1 file changed"]);
    hooked
        .here("stanch hook remove; git status --short; stanch hook install --into git")
        .says(0, &["kept as pre-commit.stanch-chained"]);
    hooked
        .here("echo $T1 > s; git add s; ! git commit -m s 2>&1; stanch hook remove; git reset -q --hard; lefthook check-install")
        .says(0, &["lint", "s:1:1"]);
    // Managers whose files are not edited.
    let check = |file: &str, text: &str, hook: &str, parts: &[&str]| {
        let hooked = Hooked::repository();
        hooked.folder.write(format!("r/{file}"), text);
        hooked.folder.write("r/.git/hooks/pre-commit", hook);
        hooked.here("chmod +x .git/hooks/pre-commit; stanch hook install").says(2, parts);
        hooked.here("stanch hook install --into git").says(0, &["the hook that was there"]);
    };
    let overcommit = "#!/usr/bin/env ruby\nif ENV['OVERCOMMIT_DISABLE'].to_i != 0\n";
    check(
        ".overcommit.yml",
        "PreCommit:\n",
        overcommit,
        &["overcommit keeps the hooks here, and .overcommit.yml is not edited", "hint: write into it"],
    );
    check(
        "package.json",
        "{\"husky\":{\"hooks\":{}}}",
        "#!/bin/sh\n# husky\n",
        &["husky 4 keeps the hooks here", "update husky"],
    );
    let simple = "#!/bin/sh\nif [ \"$SKIP_SIMPLE_GIT_HOOKS\" = \"1\" ]; then\n";
    check(
        "package.json",
        "{\"simple-git-hooks\":{}}",
        simple,
        &["simple-git-hooks keeps the hooks here, and package.json is not edited"],
    );
}

#[test]
fn the_wheel_says_what_it_is() {
    let hooked = with_tools();
    let root = env!("CARGO_MANIFEST_DIR");
    let cargo = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{}/.cargo", std::env::var("HOME").unwrap()));
    let rustup = std::env::var("RUSTUP_HOME").unwrap_or_else(|_| format!("{}/.rustup", std::env::var("HOME").unwrap()));
    let build = format!(
        "export CARGO_HOME={cargo} RUSTUP_HOME={rustup} CARGO_NET_OFFLINE=true; out=$PWD; cd {root}; \
         maturin pep517 write-dist-info --metadata-directory $out --interpreter $(command -v python); cat $out/*.dist-info/METADATA; ls $out/*.dist-info/licenses"
    );
    let version = format!("\nVersion: {}\n", env!("CARGO_PKG_VERSION"));
    let told = [
        "\nName: stanch\n",
        &version,
        "\nLicense-Expression: MIT OR Apache-2.0\n",
        "\n# stanch\n",
        "LICENSE-APACHE\nLICENSE-MIT\n",
    ];
    hooked.shell(&build).says(0, &told);
}
