//! `stanch migrate` and `stanch init`: from another scanner, and from none.

use std::os::unix::fs::PermissionsExt as _;

use crate::canary::github;
use crate::run::Folder;

const HOOKS: &str =
    "repos:\n  - repo: https://github.com/gitleaks/gitleaks\n    rev: v8.24.2\n    hooks:\n      - id: gitleaks\n";
const CONFIG: &str = "[[rules]]\nid = 'k'\nregex = 'kkk=([a-z]+)'\n";

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path(name)).unwrap()
}

#[test]
fn nothing_is_written_without_being_asked() {
    let folder = Folder::new();
    folder.run(&["migrate"]).says(0, &["Nothing of another scanner was found in .."]);
    folder.write(".gitleaks.toml", CONFIG);
    folder.write(".pre-commit-config.yaml", HOOKS);
    let parts = [
        ".gitleaks.toml           1 rule becomes stanch-rules.toml\n",
        ".pre-commit-config.yaml  line 2: the hook of gitleaks becomes stanch\n",
        "Nothing was changed; `stanch migrate --write` does it.",
    ];
    folder.run(&["migrate"]).says(0, &parts);
    assert_eq!(read(&folder, ".pre-commit-config.yaml"), HOOKS);
    assert!(!folder.path("stanch-rules.toml").exists());
}

#[test]
fn what_is_written_works() {
    let folder = Folder::new();
    folder.write("r/.gitleaks.toml", CONFIG);
    folder.write("r/.pre-commit-config.yaml", HOOKS);
    folder.run(&["migrate", "r", "--write"]).says(0, &["Written. "]);
    let entry = "        entry: \"stanch scan --staged --rules stanch-rules.toml --only 'gitleaks-*'\"\n";
    assert!(read(&folder, "r/.pre-commit-config.yaml").contains(entry));
    folder.write("a", "kkk=secretvalue\n");
    folder.run(&["scan", "a", "--rules", "r/stanch-rules.toml"]).says(1, &["gitleaks-k"]);
    // Again there is nothing to do.
    folder.run(&["migrate", "r", "--write"]).says(0, &["There is nothing to write."]);
    folder.write("r/stanch-rules.toml", "mine");
    folder.run(&["migrate", "r", "--write"]).says(2, &["r/stanch-rules.toml is there already, with other content", "hint: "]);
    assert_eq!(read(&folder, "r/stanch-rules.toml"), "mine");
}

#[test]
fn what_is_to_be_done_by_hand_is_named() {
    let folder = Folder::new();
    folder.write(".gitleaksignore", "a:b:1\n");
    folder.write(".secrets.baseline", "{}");
    folder.write(".gitleaks.toml", format!("{CONFIG}colour = 1\n"));
    folder.write(
        ".github/workflows/x.yml",
        "steps:\n  - uses: gitleaks/gitleaks-action@v2\n  - run: gitleaks detect -v\n  # - uses: gitleaks/gitleaks-action@v2\n",
    );
    folder.write(".pre-commit-config.yaml", "repos: [{repo: https://github.com/gitleaks/gitleaks, hooks: [{id: gitleaks}]}]\n");
    let outcome = folder.run(&["migrate", "--write"]);
    outcome.says(
        3,
        &[
            "left out: rule `k`, colour: a field that is not known",
            ".gitleaksignore          fingerprints by place: `stanch baseline create --from .gitleaksignore`",
            ".secrets.baseline        hashes of known secrets: `stanch baseline create --from .secrets.baseline`",
            ".pre-commit-config.yaml  not changed: its list of repositories",
            ".github/workflows/x.yml  line 2: gitleaks/gitleaks-action; in its place",
            "line 3: `gitleaks detect …` works as `stanch detect …`",
        ],
    );
    assert!(!outcome.out.contains("line 4"));
    assert!(read(&folder, ".pre-commit-config.yaml").starts_with("repos: [{"));
    folder.run(&["migrate", "gone"]).says(2, &["gone is no folder"]);
}

#[test]
fn an_old_repository_is_set_up_in_one_command() {
    let folder = Folder::new();
    folder.run(&["init"]).says(0, &["wrote ./stanch.toml"]);
    folder.run(&["init", "--all"]).says(2, &[". is no git repository with a .git folder", "hint: "]);
    folder.git(&["init", "-q", "r"]);
    folder.run(&["init", "r"]).says(
        0,
        &[
            "wrote r/stanch.toml",
            "    exec stanch scan --staged\n",
            "`stanch init --all` writes both, and a baseline of what is known.",
        ],
    );
    let wrote =
        ["no baseline is needed", "wrote r/.git/hooks/pre-commit", "wrote r/.github/workflows/stanch.yml", "STANCH_REPOSITORY"];
    folder.run(&["init", "--all", "r"]).says(0, &wrote);
    let mode = std::fs::metadata(folder.path("r/.git/hooks/pre-commit")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    folder.run(&["init", "--all", "r"]).says(0, &["kept r/.git/hooks/pre-commit"]);
    folder.write("r/a", github(1));
    let script = "mkdir -p \"$HOME/bin\" && ln -sf \"$STANCH\" \"$HOME/bin/stanch\" && cd r && git add a && PATH=\"$HOME/bin:$PATH\" git -c user.name=a -c user.email=a@b commit -qm x";
    let outcome = folder.shell(script);
    assert!(outcome.code != 0 && (outcome.err + &outcome.out).contains("github-pat"));
    // What is found today is known from now on; what cannot be made keeps nothing else from it.
    folder.write("r/.git/hooks/pre-commit", "mine");
    std::fs::remove_file(folder.path("r/.github/workflows/stanch.yml")).unwrap();
    let told = [
        "wrote r/.stanch-baseline: 1 secret is known",
        "wrote r/.github/workflows/stanch.yml",
        "r/.git/hooks/pre-commit is there already",
        "hint: add `stanch scan --staged || exit 1` to it",
    ];
    folder.run(&["init", "--all", "r"]).says(2, &told);
    assert_eq!(folder.scan(&["r"]).code, 0);
    // Rules that were brought along count in both.
    folder.write("r/stanch-rules.toml", "");
    std::fs::remove_file(folder.path("r/.git/hooks/pre-commit")).unwrap();
    std::fs::remove_file(folder.path("r/.github/workflows/stanch.yml")).unwrap();
    folder.run(&["init", "--all", "r"]).says(0, &[]);
    folder
        .shell("cat r/.git/hooks/pre-commit r/.github/workflows/stanch.yml")
        .says(0, &["--staged --rules stanch-rules.toml\n", "\"$BASE..$HEAD\" --rules stanch-rules.toml\n"]);
    std::fs::remove_file(folder.path("r/.git/hooks/pre-commit")).unwrap();
    folder.shell("git -C r config core.hooksPath x").says(0, &[]);
    folder.run(&["init", "--all", "r"]).says(2, &["git looks for hooks elsewhere"]);
}
