//! What people install: `.dist/dist.sh` packs the program under test, and the packages are installed and run without network. Also what
//! belongs to an install: versions, completions, manual pages, and that nothing is sent anywhere.
//!
//! Start with [`dist`].

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::canary::github;
use crate::run::{Folder, Outcome, STANCH};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A folder in which `out` holds parts of a release, and `leak.txt` a secret. `$ROOT` is the repository, `$NAME` the name and version.
fn dist(parts: &str) -> Folder {
    let folder = Folder::new();
    folder.write("leak.txt", format!("{}\n", github(1)));
    script(&folder, &format!("$ROOT/.dist/dist.sh --binary $STANCH --out out {parts}")).says(0, &["stanch"]);
    folder
}

/// Runs a shell script; cargo is there, without network, and the time of a release.
fn script(folder: &Folder, script: &str) -> Outcome {
    let home = std::env::var("HOME").unwrap();
    let place = |name: &str, folder: &str| std::env::var(name).unwrap_or_else(|_| format!("{home}/{folder}"));
    let mut command = folder.command("bash");
    command.args(["-euo", "pipefail", "-c", script]).envs([("STANCH", STANCH), ("ROOT", ROOT), ("CARGO_NET_OFFLINE", "true")]);
    command.envs([("CARGO_HOME", place("CARGO_HOME", ".cargo")), ("RUSTUP_HOME", place("RUSTUP_HOME", ".rustup"))]);
    command.env("NAME", format!("stanch-{VERSION}")).env("SOURCE_DATE_EPOCH", "1800000000").env("NO_COLOR", "1");
    Outcome::of(command.output().unwrap())
}

/// `stanch VERSION (rules …)`, as the program under test says it.
fn whole_version() -> String {
    Folder::new().run(&["--version"]).out
}

#[test]
fn the_version_has_that_of_the_rules() {
    let folder = Folder::new();
    folder.run(&["rules", "export", "pack"]).says(0, &["written"]);
    let pack = std::fs::read_to_string(folder.path("pack/PACK")).unwrap();
    assert_eq!(whole_version(), format!("stanch {VERSION} (rules {})\n", pack.trim()));
    assert_eq!(folder.run(&["-V"]).out, format!("stanch {VERSION}\n"));
}

#[test]
fn completions_complete() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let outcome = folder.run(&["completions", shell]);
        outcome.says(0, &["history", "rewrite-plan", "fail-on"]);
        folder.write(shell, outcome.out);
    }
    let offered = |script: &str, expected: &str| assert_eq!(script_out(&folder, script), expected, "{script}");
    let bash = |words: &str| {
        format!(
            "source ./bash; complete -p stanch | grep -q -- '-F _stanch'; COMP_WORDS=(stanch {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _stanch stanch \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        )
    };
    offered(&bash("scan --hist"), "--history\n");
    offered(&bash("hook ins"), "install\n");
    offered(&bash("scan --format sa"), "sarif\n");
    offered(&bash("completions z"), "zsh\n");
    let fish = |line: &str| format!("fish --no-execute ./fish; fish -c 'source ./fish; complete -C \"{line}\"' | cut -f 1");
    offered(&fish("stanch scan --hist"), "--history\n");
    offered(&fish("stanch hook ins"), "install\n");
    let zsh = "zsh -n ./zsh; zsh -fc 'autoload -U compinit; compinit -D -u; source ./zsh; print $_comps[stanch]'";
    offered(zsh, "_stanch\n");
    folder.run(&["completions", "tcsh"]).says(2, &["invalid value 'tcsh'"]);
}

/// What a script prints; it must not complain.
#[track_caller]
fn script_out(folder: &Folder, text: &str) -> String {
    let outcome = script(folder, text);
    assert_eq!((outcome.code, &*outcome.err), (0, ""), "{text}: {}", outcome.out);
    outcome.out
}

#[test]
fn manual_pages_name_every_flag() {
    let folder = Folder::new();
    folder.run(&["man", "--out", "a/man"]).says(0, &[]);
    assert_eq!(script_out(&folder, "for page in a/man/*.1; do groff -man -Tutf8 -ww -z $page 2>&1; done"), "", "warnings");
    let mut waiting = vec![Vec::<String>::new()];
    let mut pages = BTreeSet::new();
    while let Some(command) = waiting.pop() {
        let name = format!("{}.1", [&["stanch".to_owned()], &command[..]].concat().join("-"));
        let page = std::fs::read_to_string(folder.path("a/man").join(&name)).unwrap().replace("\\-", "-");
        let help = folder.run(&[&command[..], &["--help".to_owned()]].concat()).out;
        let flags: Vec<&str> = help.lines().filter_map(flag).collect();
        assert!(flags.contains(&"--help"), "{help}");
        for flag in flags {
            assert!(page.contains(&format!("\\fB{flag}\\fR")), "{name} lacks {flag}");
        }
        assert!(page.contains(".SH \"EXIT STATUS\"\n.TP\n") && page.contains(".SH \"SEE ALSO\"\n\\fB"), "{name}");
        waiting.extend(commands(&help).map(|word| [&command[..], &[word.to_owned()]].concat()));
        pages.insert(name);
    }
    let written = std::fs::read_dir(folder.path("a/man")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    assert_eq!(written.collect::<BTreeSet<_>>(), pages);
    assert!(pages.len() > 20 && pages.contains("stanch-hook-install.1"), "{pages:?}");
    let page = std::fs::read_to_string(folder.path("a/man/stanch-hook-install.1")).unwrap();
    assert_eq!(folder.run(&["man", "hook", "install"]).out, page);
    folder.run(&["man", "hook", "--out", "some"]).says(0, &[]);
    assert!(folder.path("some/stanch-hook-run.1").exists() && !folder.path("some/stanch.1").exists());
    folder
        .run(&["man", "hook", "instal"])
        .says(2, &["`stanch hook` has no command `instal`", "hint: `stanch hook --help` lists what there is"]);
    folder.run(&["man", "--out", "a/man/stanch.1/x"]).says(2, &["cannot make a/man/stanch.1/x", "hint: "]);
}

/// The long flag that a line of help begins with; texts are further in.
fn flag(line: &str) -> Option<&str> {
    let words = line.trim_start();
    let is_flag = words.starts_with('-') && line.len() - words.len() <= 6;
    let flag = is_flag.then(|| words.find("--").map(|at| &words[at..])).flatten()?;
    flag.split([' ', '[', '=']).next()
}

/// The commands that a help lists.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let list = help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
}

#[test]
fn the_archive_is_what_the_action_installs() {
    let folder = dist("archive");
    script(&folder, "$ROOT/.dist/dist.sh --binary $STANCH --out again archive >&2; cmp out/*.tar.gz again/*.tar.gz; cmp out/checksums.txt again/checksums.txt")
        .says(0, &[]);
    let listed = script_out(&folder, "tar -tvzf out/*.tar.gz --full-time --utc");
    for part in ["stanch\n", "man/stanch-scan.1\n", "completions/stanch.bash\n", "LICENSE-MIT\n", "README.md\n"] {
        let path = format!("2027-01-15 08:00:00 stanch-{VERSION}-{TARGET}/{part}");
        assert!(listed.contains(&path) && listed.lines().all(|line| line.contains(" 0/0 ")), "{path}\n{listed}");
    }
    let serve = "
import functools, http.server, os, subprocess, sys, threading
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory='out')
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f'http://127.0.0.1:{server.server_port}/' + os.environ['NAME'] + '-x86_64-unknown-linux-gnu.tar.gz'
env = dict(os.environ, DOWNLOAD_URL=url, CHECKSUMS='out/checksums.txt', RUNNER_TEMP='.', GITHUB_PATH='path', GITHUB_OUTPUT='output')
sys.exit(subprocess.run(['bash', os.environ['ROOT'] + '/action/install.sh'], env=env).returncode)
";
    folder.write("serve.py", serve);
    script(&folder, "python3 serve.py").says(0, &[&whole_version()]);
    script(&folder, "$(sed s/binary=// output) scan leak.txt").says(1, &["github-pat"]);
}

#[test]
fn the_wheel_is_installed_by_pip() {
    let folder = dist("wheel");
    script(&folder, "python3 -m venv venv; venv/bin/pip install --quiet --no-index --disable-pip-version-check out/*.whl")
        .says(0, &[]);
    assert_eq!(script_out(&folder, "venv/bin/stanch --version"), whole_version());
    script(&folder, "venv/bin/stanch scan leak.txt").says(1, &["github-pat"]);
    script(&folder, "venv/bin/pip show --files stanch").says(0, &[&format!("Version: {VERSION}\n"), "bin/stanch\n"]);
    let check = "
import base64, csv, glob, hashlib, io, sys, zipfile
wheel = zipfile.ZipFile(glob.glob('out/*.whl')[0])
record = next(name for name in wheel.namelist() if name.endswith('/RECORD'))
rows = list(csv.reader(io.StringIO(wheel.read(record).decode())))
assert sorted(row[0] for row in rows) == sorted(wheel.namelist())
for name, digest, size in rows:
    if name != record:
        found = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest()).decode().rstrip('=')
        assert (digest, int(size)) == ('sha256=' + found, len(wheel.read(name))), name
print(wheel.read(next(name for name in wheel.namelist() if name.endswith('/METADATA'))).decode())
";
    folder.write("check.py", check);
    let ours = script_out(&folder, "python3 check.py");
    let maturin = Path::new(ROOT).join("target/tests/venv/bin");
    assert!(maturin.join("maturin").exists(), "maturin is missing: `tests/run --install-only` installs it");
    let write = format!(
        "export PATH={}:$PATH; out=$PWD; cd $ROOT; maturin pep517 write-dist-info --metadata-directory $out --interpreter $(command -v python) >&2; \
         cat $out/*.dist-info/METADATA",
        maturin.display()
    );
    assert_eq!(ours.trim(), script(&folder, &write).out.trim());
}

#[test]
fn the_packages_are_installed_by_npm() {
    let folder = dist("npm");
    let install = "npm install --offline --no-audit --no-fund --silent --prefix app ./out/$NAME.tgz ./out/stanch-linux-x64-${NAME#stanch-}.tgz";
    script(&folder, install).says(0, &[]);
    assert_eq!(script_out(&folder, "app/node_modules/.bin/stanch --version"), whole_version());
    script(&folder, "app/node_modules/.bin/stanch scan leak.txt").says(1, &["github-pat"]);
    script(&folder, "echo clean | app/node_modules/.bin/stanch scan -").says(0, &[]);
    script(&folder, "app/node_modules/.bin/stanch scan --nonsense").says(2, &["--nonsense"]);
    // A signal reaches the program, which ends in order, and one that ends the program ends the launcher.
    let running =
        "coproc app/node_modules/.bin/stanch filter; echo line >&${COPROC[1]}; read -r line <&${COPROC[0]}; pid=$COPROC_PID";
    let ended = "code=0; wait $pid || code=$?; echo $line $code";
    assert_eq!(script_out(&folder, &format!("{running}; kill -TERM $pid; {ended}")), "line 0\n");
    let outcome = script(&folder, &format!("{running}; kill -KILL $(cat /proc/$pid/task/$pid/children); {ended}"));
    outcome.says(0, &["line 137\n"]);
    // Nothing runs while it is installed, and nothing is fetched later.
    let packages =
        script_out(&folder, "cat app/node_modules/stanch/package.json app/node_modules/@stanch/linux-x64/package.json");
    assert!(!packages.contains("scripts") && packages.contains(&format!("\"@stanch/linux-x64\": \"{VERSION}\"")), "{packages}");
    script(&folder, "rm -r app/node_modules/@stanch; app/node_modules/.bin/stanch --version")
        .says(2, &["error: there is no stanch for linux-x64 here", "hint: the package @stanch/linux-x64 is missing"]);
}

#[test]
fn the_debian_package_is_whole() {
    let folder = dist("deb");
    let fields = script_out(&folder, "dpkg-deb --field out/*.deb");
    for field in ["Package: stanch", &format!("Version: {VERSION}-1"), "Architecture: amd64", "Depends: libc6 (>= 2."] {
        assert!(fields.contains(field), "{fields}");
    }
    script(
        &folder,
        "dpkg-deb -x out/*.deb root; dpkg-deb -e out/*.deb control; cd root; md5sum --check --quiet ../control/md5sums",
    )
    .says(0, &[]);
    assert_eq!(
        script_out(&folder, "cd root; find usr -type f | sort"),
        script_out(&folder, "awk '{ print $2 }' control/md5sums | sort")
    );
    assert_eq!(script_out(&folder, "root/usr/bin/stanch --version"), whole_version());
    script(&folder, "root/usr/bin/stanch scan leak.txt").says(1, &["github-pat"]);
    let share = "cd root/usr/share; ";
    assert_eq!(
        script_out(
            &folder,
            &format!("{share}for page in man/man1/*.gz; do gzip -dc $page | groff -man -Tutf8 -ww -z 2>&1; done")
        ),
        ""
    );
    script(&folder, &format!("{share}grep -l _stanch bash-completion/completions/stanch zsh/vendor-completions/_stanch; ls fish/vendor_completions.d"))
        .says(0, &["zsh/vendor-completions/_stanch\n", "stanch.fish\n"]);
    let changes = format!(
        "{share}gzip -dc doc/stanch/changelog.Debian.gz | dpkg-parsechangelog -l- -S Version; gzip -dc doc/stanch/changelog.gz"
    );
    script(&folder, &changes).says(0, &[&format!("{VERSION}-1\n"), "# Changelog"]);
    script(&folder, &format!("{share}cat doc/stanch/copyright")).says(0, &["License: Expat\n Permission is hereby granted"]);
    // dpkg takes it, without what it depends on in the empty tree.
    let install = "mkdir -p tree/var/lib/dpkg/updates tree/var/lib/dpkg/info; touch tree/var/lib/dpkg/status; \
        dpkg --root=tree --force-not-root --force-depends --force-script-chrootless --log=/dev/null -i out/*.deb >&2; tree/usr/bin/stanch --version";
    script(&folder, install).says(0, &[&whole_version()]);
}

#[test]
fn the_sbom_lists_every_crate() {
    let folder = dist("sbom");
    let path = folder.path(format!("out/stanch-{VERSION}-{TARGET}.cdx.json"));
    let sbom: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (text(&sbom["bomFormat"]), text(&sbom["specVersion"]), sbom["version"].as_u64()),
        ("CycloneDX".to_owned(), "1.5".to_owned(), Some(1))
    );
    assert!(text(&sbom["serialNumber"]).starts_with("urn:uuid:") && text(&sbom["serialNumber"]).len() == 45);
    assert_eq!(sbom["metadata"]["timestamp"], "2027-01-15T08:00:00Z");
    let itself = &sbom["metadata"]["component"];
    assert_eq!(
        (text(&itself["name"]), text(&itself["version"]), text(&itself["type"])),
        ("stanch".to_owned(), VERSION.to_owned(), "application".to_owned())
    );
    assert!(whole_version().contains(&text(&itself["properties"][0]["value"])), "{itself}");
    let components = sbom["components"].as_array().unwrap();
    let mut found = BTreeSet::new();
    for one in components {
        let (name, version) = (text(&one["name"]), text(&one["version"]));
        assert_eq!(text(&one["purl"]), format!("pkg:cargo/{name}@{}", version.replace('+', "%2B")));
        assert_eq!((&one["type"], &one["bom-ref"]), (&Value::from("library"), &one["purl"]));
        let licence = text(&one["licenses"][0]["expression"]);
        assert!(!licence.is_empty() && !licence.contains('/'), "{name}: {licence}");
        let ours = name.starts_with("stanch-");
        assert!(ours || text(&one["hashes"][0]["content"]).len() == 64, "{name}");
        found.insert(format!("{name} v{version}"));
    }
    assert_eq!(found.len(), components.len());
    let tree = "cargo tree --manifest-path $ROOT/Cargo.toml --locked -p stanch -e normal --target x86_64-unknown-linux-gnu --prefix none --format '{p}'";
    let tree = script(&folder, &format!("{tree} | cut -d ' ' -f 1,2 | sort -u | grep -v '^stanch v'")).out;
    assert_eq!(found, tree.lines().map(str::to_owned).collect::<BTreeSet<_>>());
    // All of them can be reached.
    let refs: BTreeSet<String> = components.iter().map(|one| text(&one["bom-ref"])).collect();
    let edges = sbom["dependencies"].as_array().unwrap();
    let below: BTreeSet<String> = edges.iter().flat_map(|edge| edge["dependsOn"].as_array().unwrap()).map(text).collect();
    assert_eq!((below, edges.len()), (refs.clone(), refs.len() + 1));
    let excluded = |name: &str| components.iter().any(|one| one["name"] == name && one["scope"] == "excluded");
    assert!(excluded("serde_derive") && !excluded("serde"));
}

#[test]
fn a_static_program_is_told_from_others() {
    let folder = Folder::new();
    folder.write("a.c", "int main(void) { return 0; }\n");
    script(&folder, "cc -static -o static a.c; cc -o dynamic a.c; $ROOT/.dist/dist.sh --check-static static")
        .says(0, &["static\n"]);
    script(&folder, "$ROOT/.dist/dist.sh --check-static dynamic").says(1, &["dynamic\n"]);
    script(&folder, "$ROOT/.dist/dist.sh --check-static a.c").says(2, &["a.c is no program"]);
    script(&folder, "$ROOT/.dist/dist.sh --binary dynamic wheel").says(2, &["and Cargo.toml says"]);
    script(&folder, "$ROOT/.dist/dist.sh rpm").says(2, &["what is rpm?"]);
    script(&folder, "$ROOT/.dist/dist.sh").says(2, &["name the binary"]);
}

/// Every system call that opens a socket shows; those of IPv4 and IPv6 must not be among them.
#[test]
fn no_command_opens_a_connection() {
    let folder = Folder::repository();
    let id = |rev: &str| script_out(&folder, &format!("git rev-parse {rev}")).trim().to_owned();
    folder.write("new.txt", format!("{}\n", github(2)));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "more"]);
    let mut event: Value =
        serde_json::from_slice(&std::fs::read(Path::new(ROOT).join("testdata/events/push.json")).unwrap()).unwrap();
    (event["before"], event["after"]) = (id("HEAD~1").into(), id("HEAD").into());
    folder.write("event.json", event.to_string());
    folder.write("staged.txt", format!("{}\n", github(3)));
    folder.git(&["add", "staged.txt"]);
    let check = |command: &str, code: i32| {
        let traced = script(&folder, &format!("strace -f -qq -e trace=network,execve -o trace {command} < leak.log >&2"));
        traced.says(code, &[]);
        let trace = std::fs::read_to_string(folder.path("trace")).unwrap();
        assert!(trace.contains("execve("), "{command}: nothing was traced\n{trace}");
        trace.contains("AF_INET")
    };
    folder.write("leak.log", format!("t = {}\n", github(4)));
    let ci = "env GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_EVENT_PATH=event.json GITHUB_REPOSITORY=o/r $STANCH ci";
    let commands = [
        ("$STANCH scan .", 1),
        ("$STANCH scan --history .", 1),
        ("$STANCH scan --staged", 1),
        ("$STANCH filter", 0),
        ("$STANCH hook install", 0),
        ("$STANCH hook run pre-commit", 1),
        (ci, 1),
        ("$STANCH init", 0),
        ("$STANCH baseline create", 0),
        ("$STANCH rules list", 0),
        ("$STANCH rules check", 0),
        ("$STANCH explain old.txt:2", 0),
        ("$STANCH migrate", 0),
        ("$STANCH man", 0),
        ("$STANCH completions bash", 0),
        ("$STANCH --version", 0),
        ("$STANCH --help", 0),
    ];
    for (command, code) in commands {
        assert!(!check(command, code), "{command} opens a connection");
    }
    // The check itself: this is what one looks like.
    assert!(check("python3 -c 'import socket; socket.socket()'", 0));
}
