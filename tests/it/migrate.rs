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
    let entry = "        entry: \"stanch hook run pre-commit --rules stanch-rules.toml --only 'gitleaks-*'\"\n";
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
    folder.write(".gitleaksignore", "a:b\n");
    folder.write(".secrets.baseline", "{}");
    folder.write(".gitleaks.toml", format!("{CONFIG}colour = 1\n"));
    folder.write(
        ".github/workflows/x.yml",
        "jobs: {a: {steps: [\n  uses: gitleaks/gitleaks-action@v2\n]}}\n# - uses: gitleaks/gitleaks-action@v2\n",
    );
    folder.write(
        ".gitlab-ci.yml",
        "a:\n  image: zricethezav/gitleaks:v8\n  script:\n    - trufflehog github --org x\n    - pip install detect-secrets\n",
    );
    folder.write("Jenkinsfile", "sh 'gitleaks detect'\n");
    folder.write(".husky/pre-push", "which kingfisher || exit 0\ndocker run ghcr.io/gitleaks/gitleaks:latest dir /x\n");
    folder.write("Makefile", "GL ?= gitleaks\nscan:\n\tgit ls-files -z | xargs -0 detect-secrets-hook\n");
    folder.write(".secretlintrc.js", "module.exports = {}\n");
    folder.write(".pre-commit-config.yaml", "repos: [{repo: https://github.com/gitleaks/gitleaks, hooks: [{id: gitleaks}]}]\n");
    let outcome = folder.run(&["migrate", "--write"]);
    outcome.says(
        3,
        &[
            "left out: rule `k`, colour: a field that is not known",
            ".gitleaksignore          not taken over: ",
            ".secrets.baseline        not taken over: ",
            ".pre-commit-config.yaml  not changed: its list of repositories",
            ".github/workflows/x.yml  line 2: gitleaks/gitleaks-action is not converted: ",
            ".gitlab-ci.yml           line 4: `trufflehog …` is not converted: it reads a service",
            ".husky/pre-push          line 1: asks whether kingfisher is there: ask for stanch",
            "line 2: runs an image of gitleaks",
            "line 5: installs detect-secrets",
            "Jenkinsfile              line 1: gitleaks is named in a program",
            "Makefile                 line 3: `detect-secrets-hook …` is not converted: file names are passed to it",
            "line 1: names gitleaks in a variable",
            ".secretlintrc.js         it is a program",
        ],
    );
    assert!(read(&folder, ".pre-commit-config.yaml").starts_with("repos: [{") && !folder.path(".stanch-baseline").exists());
    assert!(
        read(&folder, "Makefile").contains("xargs -0 detect-secrets-hook")
            && read(&folder, "Jenkinsfile").contains("gitleaks detect")
    );
    folder.run(&["migrate", "gone"]).says(2, &["gone is no folder"]);
}

#[test]
fn command_lines_become_ours_wherever_they_stand() {
    let folder = Folder::new();
    folder.write(
        ".husky/pre-commit",
        "#!/bin/sh\nnpx lint-staged\ncommand -v gitleaks >/dev/null || exit 1\ngitleaks protect --staged -v || exit 1\n",
    );
    folder.write("Makefile", "scan:\n\t@gitleaks detect --source . # all\n\tkingfisher scan . --git-history=none\n");
    folder.write("lefthook.yml", "pre-commit:\n  commands:\n    secrets:\n      run: ggshield secret scan pre-commit # staged\n    rip:\n      run: ripsecrets {staged_files}\n");
    let package = "{\n  \"scripts\": {\n    \"lint\": \"eslint . && secretlint \\\"**/*\\\"\"\n  },\n  \"lint-staged\": {\n    \"*\": [\"secretlint\", \"gitleaks protect --staged\"]\n  },\n  \"x\": {\n    \"secretlint\": \"secretlint\"\n  }\n}\n";
    folder.write("package.json", package);
    folder.write(
        ".gitlab-ci.yml",
        "secrets:\n  script:\n    - trufflehog filesystem . --only-verified --fail\n    - ggshield secret scan ci\n",
    );
    folder.write(".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - name: gitleaks detect\n        run: |\n          set -e\n          gitleaks git \\\n            --log-opts=\"$A..$B\"\n");
    let before = folder.run(&["migrate"]);
    before.says(3, &[".husky/pre-commit        line 4: `gitleaks …` becomes `stanch scan --staged`", "Nothing was changed; "]);
    assert!(read(&folder, "Makefile").contains("gitleaks"));
    folder.run(&["migrate", "--write"]).says(
        3,
        &["line 3: without `--only-verified`: stanch asks no service", "install stanch before it runs there", "Written. "],
    );
    assert_eq!(
        read(&folder, ".husky/pre-commit"),
        "#!/bin/sh\nnpx lint-staged\ncommand -v stanch >/dev/null || exit 1\nstanch scan --staged || exit 1\n"
    );
    assert_eq!(read(&folder, "Makefile"), "scan:\n\t@stanch scan . --history # all\n\tstanch scan .\n");
    assert!(
        read(&folder, "lefthook.yml")
            .ends_with("      run: stanch scan --staged # staged\n    rip:\n      run: stanch scan --staged\n")
    );
    let expected = package.replace("secretlint \\\"**/*\\\"", "stanch scan .").replace("[\"secretlint\"", "[\"stanch scan\"");
    assert_eq!(read(&folder, "package.json"), expected.replace("gitleaks protect --staged", "stanch scan"));
    let ci = "    - stanch scan .\n    - stanch scan --range \"$CI_COMMIT_BEFORE_SHA..$CI_COMMIT_SHA\"\n";
    assert!(read(&folder, ".gitlab-ci.yml").ends_with(ci));
    assert!(read(&folder, ".github/workflows/a.yml").ends_with(
        "      - name: gitleaks detect\n        run: |\n          set -e\n          stanch scan --range \"$A..$B\"\n"
    ));
    // Again there is nothing to do.
    folder.run(&["migrate", "--write"]).says(0, &["Nothing of another scanner was found"]);
}

#[test]
fn what_is_left_out_and_what_is_known_is_taken_over() {
    let folder = Folder::new();
    let sha1 = |value: &str| {
        folder.write("value.tmp", value);
        folder.shell("sha1sum value.tmp; rm value.tmp").out[..40].to_owned()
    };
    folder.write("r/known.txt", format!("t = {}\n", github(1)));
    folder.write("r/place.txt", format!("\nt = {}\n", github(2)));
    folder.write("r/value.txt", format!("t = {}\n", github(3)));
    for path in ["r/vendor/a.txt", "r/docs/a.md", "r/tests/data/x.py", "r/web/yarn.lock", "r/old/a.txt"] {
        folder.write(path, format!("t = {}\n", github(4)));
    }
    let hash = sha1(&github(1));
    let baseline = format!(
        "{{\"results\": {{\"known.txt\": [{{\"type\": \"x\", \"filename\": \"known.txt\", \"hashed_secret\": \"{hash}\"}}]}}}}"
    );
    folder.write("r/ci/known.json", baseline);
    folder.write("r/.gitleaksignore", "place.txt:github-pat:2\ngone.txt:github-pat:2\n");
    folder.write("r/.pre-commit-config.yaml", "repos:\n- repo: https://github.com/Yelp/detect-secrets\n  rev: v1.5.0\n  hooks:\n  - id: detect-secrets\n    args: ['--baseline', 'ci/known.json']\n    exclude: ^old/.*$\n");
    let matches = format!(
        "secret:\n  ignored_paths: ['vendor/**']\n  ignored_matches:\n  - name: a\n    match: {}\n  - name: b\n    match: {}\n  colour: red\n",
        github(3),
        "0a".repeat(32)
    );
    folder.write("r/.gitguardian.yaml", matches);
    folder.write("r/.secretlintignore", "# docs\n*.md\n!README.md\n");
    folder.write("r/.trufflehogignore", "^tests/data/\n\\.lock$\na[bc]d\n");
    let told = [
        "stanch.toml              is made, with a fresh project key: commit it",
        "                         1 path that is left out becomes an entry of stanch.toml",
        ".gitleaksignore          something is found at 1 of the 2 places it names; taken into .stanch-baseline",
        "ci/known.json            1 secret is found of those it knows; taken into .stanch-baseline",
        "                         1 secret is found of those it knows; taken into .stanch-baseline",
        "1 of `ignored_matches` is a hash that only GitGuardian can make",
        "`colour` is not carried over",
        ".secretlintignore        line 3: it takes files in again that others leave out",
        ".trufflehogignore        line 3: no glob says this expression",
    ];
    folder.run(&["migrate", "r"]).says(3, &told);
    assert!(!folder.path("r/stanch.toml").exists() && !folder.path("r/.stanch-baseline").exists());
    folder.run(&["scan", "r"]).says(1, &["known.txt", "yarn.lock"]);
    let outcome = folder.run(&["migrate", "r", "--write"]);
    outcome.says(3, &told);
    assert!(!outcome.out.contains(&github(3)[4..]) && !outcome.err.contains(&github(3)[4..]));
    folder.run(&["scan", "r"]).says(0, &["5 findings in stanch.toml", "3 secrets in the baseline"]);
    // Again there is nothing to do.
    let (config, baseline) = (read(&folder, "r/stanch.toml"), read(&folder, "r/.stanch-baseline"));
    folder
        .run(&["migrate", "r", "--write"])
        .says(3, &["There is nothing to write.", "stanch.toml has what it says of paths", "so the file is of no use any more"]);
    assert_eq!((config, baseline), (read(&folder, "r/stanch.toml"), read(&folder, "r/.stanch-baseline")));
}

#[test]
fn what_gitleaks_allows_of_its_own_rules_is_allowed_of_ours() {
    let folder = Folder::new();
    folder.write("r/vendor/a", format!("t = {}\n", github(1)));
    folder.write("r/b", format!("t = {}\n", github(2)));
    let start = &github(2)[..12];
    let config = format!("[extend]\nuseDefault = true\n[allowlist]\npaths = ['(^|/)vendor/']\nregexes = ['^{start}']\n");
    folder.write("r/.gitleaks.toml", config);
    folder.write("r/Makefile", "scan:\n\tgitleaks dir --config .gitleaks.toml .\n");
    folder.run(&["scan", "r"]).says(1, &["github-pat"]);
    let told = [
        ".gitleaks.toml  holds no rules of its own",
        "1 path that is left out becomes an entry of stanch.toml",
        "1 value that is left out becomes an entry of stanch.toml",
        "Makefile        line 2: `gitleaks …` becomes `stanch scan .`",
    ];
    folder.run(&["migrate", "r", "--write"]).says(0, &told);
    folder.run(&["scan", "r"]).says(0, &["2 findings in stanch.toml"]);
    folder.run(&["migrate", "r", "--write"]).says(0, &["There is nothing to write.", "stanch.toml has what it says of values"]);
}

#[test]
fn a_configuration_that_is_there_grows() {
    let folder = Folder::new();
    folder.write("stanch.toml", "# ours\nversion = 1\n");
    folder.write(".ggignore", "vendor/\n");
    folder.write(".gitleaksignore", "a:github-pat:1\n");
    folder.write("a", format!("t = {}\n", github(1)));
    folder
        .run(&["migrate", "--write"])
        .says(0, &["stanch.toml      gets a fresh project key", "Written. `stanch scan --history`"]);
    let config = read(&folder, "stanch.toml");
    assert!(
        config.starts_with("# ours\nproject_key = ")
            && config.ends_with("[[allow]]\npath = \"vendor/\"\nreason = \"left out in .ggignore\"\n")
    );
    folder.run(&["scan", "a"]).says(0, &["in the baseline"]);
    // A baseline grows, too.
    folder.write(".gitleaksignore", "a:github-pat:1\nb:github-pat:1\n");
    folder.write("b", format!("t = {}\n", github(2)));
    folder
        .run(&["migrate", "--write"])
        .says(0, &["something is found at 2 of the 2 places it names; taken into .stanch-baseline"]);
    assert!(folder.run(&["scan", "b"]).code == 0 && read(&folder, ".stanch-baseline").lines().count() == 4);
}

#[test]
fn an_old_repository_is_set_up_in_one_command() {
    let folder = Folder::new();
    folder.run(&["init"]).says(0, &["wrote ./stanch.toml"]);
    folder.run(&["init", "--all"]).says(2, &[". is not the top of a git repository", "hint: "]);
    folder.git(&["init", "-q", "r"]);
    folder.run(&["init", "r"]).says(
        0,
        &[
            "wrote r/stanch.toml",
            "`stanch hook install` has git look at each commit and push.",
            "`stanch init --all` does both, and makes a baseline of what is known.",
        ],
    );
    let wrote = [
        "no baseline is needed",
        ".git/hooks/pre-commit: runs stanch",
        "wrote r/.github/workflows/stanch.yml",
        "STANCH_REPOSITORY",
    ];
    folder.run(&["init", "--all", "r"]).says(0, &wrote);
    let mode = std::fs::metadata(folder.path("r/.git/hooks/pre-commit")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    folder
        .run(&["init", "--all", "r"])
        .says(0, &[".git/hooks/pre-commit: is there already", "kept r/.github/workflows/stanch.yml"]);
    folder.write("r/a", github(1));
    let script = "mkdir -p \"$HOME/bin\" && ln -sf \"$STANCH\" \"$HOME/bin/stanch\" && cd r && git add a && PATH=\"$HOME/bin:$PATH\" git -c user.name=a -c user.email=a@b commit -qm x";
    let outcome = folder.shell(script);
    assert!(outcome.code != 0 && (outcome.err + &outcome.out).contains("github-pat"));
    // What is found today is known from now on; what cannot be made keeps nothing else from it.
    folder.shell("echo more >> r/.git/hooks/pre-commit").says(0, &[]);
    std::fs::remove_file(folder.path("r/.github/workflows/stanch.yml")).unwrap();
    let told = [
        "wrote r/.stanch-baseline: 1 secret is known",
        "wrote r/.github/workflows/stanch.yml",
        "r/.git/hooks/pre-commit is a hook of stanch that was changed by hand",
        "hint: move it away",
    ];
    folder.run(&["init", "--all", "r"]).says(2, &told);
    assert_eq!(folder.scan(&["r"]).code, 0);
    // Rules that were brought along count in CI; in hooks those of stanch.toml do.
    folder.write("r/stanch-rules.toml", "");
    std::fs::remove_file(folder.path("r/.git/hooks/pre-commit")).unwrap();
    std::fs::remove_file(folder.path("r/.github/workflows/stanch.yml")).unwrap();
    folder.run(&["init", "--all", "r"]).says(0, &[]);
    folder.shell("cat r/.github/workflows/stanch.yml").says(0, &["stanch ci --rules stanch-rules.toml\n"]);
    folder.shell("git -C r config core.hooksPath x").says(0, &[]);
    folder.run(&["init", "--all", "r"]).says(0, &["x/pre-commit: runs stanch"]);
}
