//! `stanch vault` and `stanch audit` as commands: what goes in, what comes out, and what never does.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::run::{Folder, Outcome};

/// A folder with a vault that a passphrase opens.
pub(crate) struct World {
    pub(crate) folder: Folder,
}

const WORDS: &str = "made up words of a test";

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { folder: Folder::new() };
        world.folder.write("words", format!("{WORDS}\n"));
        world
            .vault("init --with passphrase --no-recovery-code --passphrase-fd 3 3<words")
            .says(0, &["made a vault in ", "passphrase opens it"]);
        world
    }

    /// `stanch vault ARGS` in a shell, so that descriptors can be opened.
    pub(crate) fn vault(&self, args: &str) -> Outcome {
        self.folder.shell(&format!("\"$STANCH\" vault {args}"))
    }

    /// The same, with the passphrase at hand.
    pub(crate) fn open(&self, args: &str) -> Outcome {
        self.vault(&format!("{args} --passphrase-fd 3 3<words"))
    }

    pub(crate) fn put(&self, name: &str, value: &str) -> Outcome {
        self.folder.shell(&format!("printf %s '{value}' | \"$STANCH\" vault put {name} --passphrase-fd 3 3<words"))
    }

    fn home(&self) -> std::path::PathBuf {
        self.folder.home().join(".local/share/stanch/vault")
    }
}

#[test]
fn a_value_goes_in_and_comes_out() {
    let world = World::new();
    world.put("shop/dev/DB", "made up value 1").says(0, &["stanch://shop/dev/DB has version 1"]);
    world.put("shop/dev/DB", "made up value 2").says(0, &["stanch://shop/dev/DB has version 2"]);
    let get = |args: &str| world.open(&format!("get shop/dev/DB --reveal {args}"));
    get("").says(0, &["made up value 2"]);
    assert_eq!(get("").out, "made up value 2");
    assert_eq!(get("--previous").out, "made up value 1");
    assert_eq!(get("--version 1").out, "made up value 1");
    get("--pending").says(2, &["`shop/dev/DB` has no version that is pending"]);
    let refused = world.open("get shop/dev/DB");
    refused.says(2, &["would go into a pipe or a file", "--reveal"]);
    assert_eq!(refused.out, "");
    world.open("list").says(0, &["shop/dev\n  DB\n"]);
    world.open("history shop/dev/DB").says(0, &["   2  ", "current", "   1  ", "previous"]);
    world.open("stage shop/dev/DB 1 current").says(0, &["version 1 of stanch://shop/dev/DB is current"]);
    assert_eq!(get("").out, "made up value 1");
    world.open("rm shop/dev/DB --yes").says(0, &["removed stanch://shop/dev/DB"]);
    get("").says(2, &["there is no `shop/dev/DB`", "stanch vault list"]);
    world.open("check").says(0, &["1 context, 0 secrets, 0 versions"]);
}

#[test]
fn fields_and_what_is_said_of_a_secret() {
    let world = World::new();
    world.put("shop/dev/login#user", "somebody").says(0, &[]);
    world
        .put("shop/dev/login#password --owner team --expires 2020-01-31 --rotation high --tag k=v", "made up words")
        .says(0, &[]);
    let get = |name: &str| world.open(&format!("get '{name}' --reveal"));
    assert_eq!(get("stanch://shop/dev/login#password").out, "made up words");
    assert_eq!(get("shop/dev/login#user").out, "somebody");
    get("shop/dev/login").says(2, &["has no field `value`", "#password, #user"]);
    get("shop/dev/login#x").says(2, &["has no field `x`"]);
    world
        .open("show shop/dev/login")
        .says(0, &["owner      team", "ends       2020-01-31", "high: every 30 days", "tag k      v", "ended 2020-01-31"]);
    world.open("edit-meta shop/dev/login --owner '' --opens https://example.invalid").says(0, &[]);
    let shown = world.open("show shop/dev/login --json");
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    let about = &shown["secret"]["about"];
    assert_eq!((about["owner"].as_str(), about["opens"].as_str()), (None, Some("https://example.invalid")));
    assert_eq!(shown["secret"]["versions"][1]["stage"], "current");
    world.open("edit-meta shop/dev/login").says(2, &["nothing to change"]);
}

#[test]
fn lines_of_a_pipe_and_files_as_they_are() {
    let world = World::new();
    let put = |bytes: &[u8]| {
        world.folder.write("value", bytes);
        world.vault("put a/x --passphrase-fd 3 3<words <value").says(0, &[]);
        world.open("get a/x --reveal").out
    };
    assert_eq!(put(b"one line\n"), "one line");
    assert_eq!(put(b"one line\r\n"), "one line");
    assert_eq!(put(b"two\nlines\n"), "two\nlines\n");
    assert_eq!(put(b"no end"), "no end");
    world.vault("put a/x --passphrase-fd 3 3<words </dev/null").says(2, &["standard input has no value"]);
    world.folder.write("value", vec![b'x'; (1 << 20) + 1]);
    world.vault("put a/x --passphrase-fd 3 3<words <value").says(2, &["more than 1048576 bytes"]);
    world.vault("put a/x --passphrase-fd 3 --from-fd 4 3<words 4<words").says(0, &[]);
    assert_eq!(world.open("get a/x --reveal").out, WORDS);
}

#[test]
fn an_open_session_asks_nobody() {
    let world = World::new();
    world.put("a/x", "made up value").says(0, &[]);
    world.vault("get a/x --reveal").says(2, &["there is no terminal to ask on"]);
    world.open("unlock --for 5m").says(0, &["the vault is open for 5 min"]);
    assert_eq!(world.vault("get a/x --reveal").out, "made up value");
    let status: Value = serde_json::from_str(&world.vault("status --json").out).unwrap();
    assert_eq!((&status["open"], status["keys"].as_array().unwrap().len()), (&true.into(), 1));
    assert!((1..=300).contains(&status["seconds_left"].as_u64().unwrap()));
    world.vault("lock").says(0, &["the vault is locked"]);
    world.vault("get a/x --reveal").says(2, &["there is no terminal to ask on"]);
    world.vault("lock").says(0, &["was locked already"]);
    world.vault("status").says(0, &["state    locked"]);
    world.open("unlock --for 8d").says(2, &["at most 7d"]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "what is counted has the time of the machine")]
fn wrong_words_and_wrong_use() {
    let world = World::new();
    world.put("a/x", "made up value").says(0, &[]);
    world.folder.write("wrong", "other words\n");
    world.vault("get a/x --reveal --passphrase-fd 3 3<wrong").says(2, &["the passphrase is wrong"]);
    // As if many had been wrong just now.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    std::fs::write(world.home().join("attempts"), format!("1 {:020} {now:020}\n", 40)).unwrap();
    world.open("list").says(2, &["too many wrong passphrases: the next try is in "]);
    std::fs::remove_file(world.home().join("attempts")).unwrap();
    world.vault("list --passphrase-fd 9").says(2, &["file descriptor 9 is not open"]);
    for (args, part) in [
        ("get 'a b' --reveal", "is not the name of a secret"),
        ("get a/b/c/d/e --reveal", "is not the name of a secret"),
        ("get 'a/x#' --reveal", "is no field"),
        ("get a/x --reveal --context other", "is not in the context `other`"),
        ("init", "there is a vault in "),
        ("unlock --recovery-code", "this vault has no recovery code"),
        ("put a/x made-up-value", "unexpected argument"),
    ] {
        world.vault(args).says(2, &[part]);
    }
    let elsewhere = Folder::new();
    elsewhere.run(&["vault", "list"]).says(2, &["there is no vault in ", "stanch vault init"]);
    let short = elsewhere.shell("\"$STANCH\" vault init --with passphrase --no-recovery-code --passphrase-fd 3 3<<<short");
    short.says(2, &["at least 8 bytes"]);
    assert!(!elsewhere.home().join(".local/share/stanch/vault/keys.json").exists());
    elsewhere
        .shell("\"$STANCH\" vault init --passphrase-fd 3 3<<<'long enough words'")
        .says(2, &["no terminal to show the recovery code on"]);
}

#[test]
fn a_recovery_code_opens_it() {
    let world = World { folder: Folder::new() };
    world.folder.write("words", format!("{WORDS}\n"));
    world
        .vault("init --with passphrase --recovery-file code --passphrase-fd 3 3<words")
        .says(0, &["the recovery code is in code"]);
    let mode = std::fs::metadata(world.folder.path("code")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    world.put("a/x", "made up value").says(0, &[]);
    world.vault("key list").says(0, &["  1  passphrase, since ", "  2  recovery code, since "]);
    world.open("key add passphrase").says(2, &["file descriptor 3 has no passphrase"]);
    world.folder.write("both", format!("{WORDS}\nother made up words\n"));
    world.vault("key add passphrase --passphrase-fd 3 3<both").says(0, &["key 3"]);
    world.folder.write("words", "other made up words\n");
    world.open("key remove 1").says(0, &["key 1, passphrase, does not open the vault any more"]);
    assert_eq!(world.open("get a/x --reveal").out, "made up value");
    world.folder.write("both", format!("other made up words\n{WORDS}\n"));
    world.vault("key passphrase --passphrase-fd 3 3<both").says(0, &["the passphrase is changed"]);
    world.open("list").says(2, &["the passphrase is wrong"]);
    world.folder.write("words", format!("{WORDS}\n"));
    world.open("key remove 2").says(0, &[]);
    world.open("key remove 3").says(2, &["the only way into this vault"]);
    world.open("key remove 7").says(2, &["there is no key 7"]);
}

#[test]
fn contexts_are_wiped_and_the_whole_vault() {
    let world = World::new();
    world.put("shop/dev/a", "made up value 1").says(0, &[]);
    world.put("shop/prod/a", "made up value 1").says(0, &["warning: shop/dev/a has the same value"]);
    world.open("wipe shop/dev --dry-run").says(0, &["the context shop/dev has 1 secrets:\n  a\n"]);
    world.open("wipe shop/dev").says(2, &["There is no terminal to ask on", "--yes"]);
    world.open("wipe shop/dev --yes").says(0, &["shop/dev is wiped", "revoke them there"]);
    world.open("list").says(0, &["shop/prod\n  a\n"]);
    world.vault("wipe --everything --dry-run").says(0, &["keys.json", "vault.redb"]);
    assert!(world.home().join("keys.json").exists());
    world.folder.write("mine", "x");
    world.vault("wipe --everything --yes").says(0, &["the vault is wiped"]);
    assert!(!world.home().exists());
    world.vault("list").says(2, &["there is no vault in "]);
}

#[test]
fn everything_is_written_down_first() {
    let world = World::new();
    world.put("shop/dev/DB", "made up value").says(0, &[]);
    world.open("get shop/dev/DB --reveal").says(0, &[]);
    world.open("get shop/dev/other --reveal").says(2, &[]);
    let audit = |args: &str| world.folder.shell(&format!("\"$STANCH\" audit {args}"));
    audit("verify").says(0, &["it verifies", "signed up to "]);
    audit("show").says(0, &["init", "put shop/dev/DB", "get shop/dev/DB", "get shop/dev/other", "failed"]);
    audit("tail -n 2").says(0, &["get shop/dev/other"]);
    let access = world.folder.shell("\"$STANCH\" audit access shop/dev/DB");
    access.says(0, &["get by user ", "with stanch: once", "put by user "]);
    for (format, part) in [("json", "\"verb\":\"get\""), ("cef", "CEF:0|"), ("ocsf", "\"class_uid\":6003")] {
        audit(&format!("export -f {format}")).says(0, &[part]);
    }
    audit("show --verb steal").says(2, &["`steal` is no verb", "it is one of"]);
    world.folder.shell("\"$STANCH\" audit prune --dry-run --passphrase-fd 3 3<words").says(0, &["no record is of a day before"]);
    // One bit.
    let folder = world.home().join("audit");
    let segment = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "jsonl"));
    let segment = segment.unwrap();
    let whole = std::fs::read(&segment).unwrap();
    let at = whole.windows(3).position(|bytes| bytes == b"get").unwrap();
    let mut edited = whole.clone();
    edited[at] ^= 1;
    std::fs::write(&segment, &edited).unwrap();
    audit("verify").says(1, &["WRONG: ", "it was edited"]);
    let cut: Vec<u8> = whole.split_inclusive(|byte| *byte == b'\n').take(2).flatten().copied().collect();
    let last = audit("verify --json");
    drop(last);
    std::fs::write(&segment, &whole).unwrap();
    let verified: Value = serde_json::from_str(&audit("verify --json").out).unwrap();
    let anchor = verified["logs"][0]["last"].as_str().unwrap().to_owned();
    std::fs::write(&segment, cut).unwrap();
    audit(&format!("verify --anchor {anchor}")).says(1, &["WRONG: ", "the log ends before it"]);
}

/// Files, arguments, output and errors of every command, searched for what was put in.
#[test]
fn no_value_is_seen_where_it_should_not_be() {
    let world = World::new();
    let canary = ["canary", "0f1e2d3c4b5a", "made-up"].join("-");
    world.put("shop/dev/DB", &canary).says(0, &[]);
    world.open("unlock").says(0, &[]);
    let mut said = String::new();
    for args in [
        "list",
        "list --json",
        "show shop/dev/DB",
        "show shop/dev/DB --json",
        "history shop/dev/DB",
        "status",
        "check",
        "get shop/dev/DB",
        "key list",
    ] {
        let outcome = world.vault(args);
        said += &outcome.out;
        said += &outcome.err;
    }
    let audit = world.folder.shell("\"$STANCH\" audit show; \"$STANCH\" audit export");
    said += &audit.out;
    assert!(!said.contains(&canary) && !said.contains("0f1e2d3c4b5a"), "{said}");
    let mut files = vec![world.folder.home()];
    let mut looked_at = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        looked_at += 1;
        for part in [canary.as_bytes(), WORDS.as_bytes(), b"shop/dev"] {
            let is_log = path.extension().is_some_and(|ending| ending == "jsonl") && part == b"shop/dev";
            let is_there = bytes.windows(part.len()).any(|window| window == part);
            assert!(is_log || !is_there, "{} has {}", path.display(), String::from_utf8_lossy(part));
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    assert!(looked_at > 5);
    world.vault("lock").says(0, &[]);
}

/// A process that holds keys cannot be looked into by others of the same user.
#[test]
fn the_process_is_closed_to_others() {
    let world = World::new();
    let mut command = world.folder.command("bash");
    command.args(["-c", "exec \"$STANCH\" vault put a/x --passphrase-fd 3 3<words"]).env("STANCH", super::run::STANCH);
    let mut child = command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let proc = std::path::PathBuf::from(format!("/proc/{}", child.id()));
    // It waits for its value once it has opened the vault.
    let mut stdin = child.stdin.take().unwrap();
    let is_closed = |limits: String| {
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
        line.split_whitespace().nth(4) == Some("0")
    };
    let began = std::time::Instant::now();
    while !is_closed(std::fs::read_to_string(proc.join("limits")).unwrap()) {
        assert!(began.elapsed().as_secs() < 60, "it takes no care of core files");
        std::thread::yield_now();
    }
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(proc.join("mem")).unwrap());
    assert_eq!(owner, 0, "what is not dumpable belongs to root");
    stdin.write_all(b"made up value").unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// A project's `.env` moves into the vault, and the project runs unchanged.
#[test]
fn a_project_moves_its_env_into_the_vault() {
    let world = World::new();
    let token = super::canary::github(1);
    let text = format!("# a comment\nPORT=3000\nexport TOKEN={token}\nDB_PASSWORD=\"made up $ecret words\" # why\n");
    world.folder.write(".env", &text);
    world.open("import .env --context shop/dev --dry-run").says(0, &["line 3: stanch://shop/dev/TOKEN", "PORT stays"]);
    assert_eq!(std::fs::read_to_string(world.folder.path(".env")).unwrap(), text);
    world.open("import .env --context shop/dev").says(2, &["There is no terminal to ask on"]);
    world.put("other/TOKEN", "made up value").says(0, &[]);
    world.open("import .env --context other --yes").says(2, &["`other/TOKEN` is there already", "--replace"]);
    let imported = world.open("import .env --context shop/dev --yes --shred");
    imported.says(0, &["2 secrets are in shop/dev, and were read back", ".env has references now", "removed "]);
    let left = std::fs::read_to_string(world.folder.path(".env")).unwrap();
    assert_eq!(
        left,
        "# a comment\nPORT=3000\nexport TOKEN=stanch://shop/dev/TOKEN\nDB_PASSWORD=\"stanch://shop/dev/DB_PASSWORD\" # why\n"
    );
    let names: Vec<_> = std::fs::read_dir(world.folder.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    world.open("unlock").says(0, &[]);
    let run = |args: &str| world.folder.shell(&format!("\"$STANCH\" run {args}"));
    // The program has the values; what it prints has not.
    let told = run("-- sh -c 'echo \"$PORT $TOKEN\"; printf %s \"$DB_PASSWORD\" | wc -c; printf %s \"$TOKEN\" | base64 -w0'");
    told.says(0, &["3000 ", "20\n"]);
    assert!(!told.out.contains(&token) && !told.out.contains("Z2hwX"), "{}", told.out);
    let file = "sh -c 'cat \"$TOKEN\" > got; test ! -w /proc/self/environ || true'";
    run(&format!("--deliver TOKEN=file -- {file}")).says(0, &[]);
    assert_eq!(std::fs::read_to_string(world.folder.path("got")).unwrap(), token);
    for (args, code, part) in [
        ("-- sh -c 'exit 7'", 7, ""),
        ("-- no-such-program", 127, "there is no program"),
        ("-- ./.env", 126, "cannot be executed"),
        ("--context shop/prod -- true", 125, "is not in the context that `--context` allows"),
        ("--set X=stanch://shop/dev/none --no-env-file -- true", 125, "not in the vault: `stanch://shop/dev/none`"),
        ("--set X=value -- true", 125, "is no reference"),
    ] {
        run(args).says(code, &[part]);
    }
    run("-- sh -c 'kill -TERM $$' || echo \"code $?\"").says(0, &["code 143"]);
    run("--all --context shop/dev --no-env-file -- sh -c 'test -n \"$TOKEN\" && test -n \"$DB_PASSWORD\"'").says(0, &[]);
    world.folder.shell("\"$STANCH\" audit access shop/dev/TOKEN").says(0, &["run by user ", "import by user "]);
    world.vault("lock").says(0, &[]);
}

#[test]
fn templates_become_files_for_their_owner() {
    let world = World::new();
    world.put("shop/dev/DB", "made \"up\" $value").says(0, &[]);
    world.folder.write("app.yaml.tmpl", "db:\n  password: stanch://shop/dev/DB\n  port: 5432\n");
    world.folder.write("app.json", "{\"password\": \"stanch://shop/dev/DB\"}\n");
    world.folder.write("wrong.toml", "x = \"stanch://shop/dev/DB\"\ny = \"stanch://shop/dev/none\"\n");
    let inject = |args: &str| world.folder.shell(&format!("\"$STANCH\" inject {args} --passphrase-fd 3 3<words"));
    inject("-i app.yaml.tmpl -o app.yaml").says(0, &["wrote app.yaml: 1 secret"]);
    let mode = std::fs::metadata(world.folder.path("app.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let read =
        "import sys, yaml; assert yaml.safe_load(open('app.yaml')) == {'db': {'password': 'made \"up\" $value', 'port': 5432}}";
    world.folder.write("read.py", read);
    world.folder.shell("python3 read.py").says(0, &[]);
    let out = inject("-i app.json -o -");
    let value: Value = serde_json::from_str(&out.out).unwrap();
    assert_eq!(value["password"], "made \"up\" $value");
    inject("-i wrong.toml -o out.toml").says(2, &["not in the vault: `stanch://shop/dev/none`"]);
    assert!(!world.folder.path("out.toml").exists());
    inject("-i app.json -o app.json").says(2, &["app.json is the template", "name another file"]);
    world.folder.write("open", "x");
    inject("-i app.json -o open").says(0, &["wrote open: 1 secret", "warning: others can read it"]);
    inject("-i app.json -o out --context other").says(2, &["is not in the context"]);
}
