//! `stanch hook`: installed into real repositories, run by real git.
//!
//! Hooks of other managers are in `managers.rs`. Start with [`Hooked`].

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::canary::github;
use crate::run::{Folder, Outcome, STANCH};

/// A folder with a home in which git knows who commits, and `stanch` on the PATH.
pub(crate) struct Hooked {
    pub(crate) folder: Folder,
    /// More folders of the PATH, in front.
    pub(crate) path: String,
}

impl Hooked {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let config = "[user]\nname = T\nemail = t@e.invalid\n[init]\ndefaultBranch = main\n[protocol \"file\"]\nallow = always\n";
        std::fs::write(folder.home().join(".gitconfig"), config).unwrap();
        let path = Path::new(STANCH).parent().unwrap().to_str().unwrap().to_owned();
        Self { folder, path }
    }

    /// The same with a repository in `r` that has a commit.
    pub(crate) fn repository() -> Self {
        let hooked = Self::new();
        hooked.shell("git init -q r; cd r; echo x > x; git add x; git commit -q -m begin").says(0, &[]);
        hooked
    }

    /// Runs a script; `$T1` to `$T3` are tokens, which must not be printed.
    pub(crate) fn shell(&self, script: &str) -> Outcome {
        let mut command = self.folder.command("bash");
        let path = format!("{}:{}", self.path, std::env::var("PATH").unwrap());
        command.args(["-euc", script]).env("PATH", path).env("GIT_CONFIG_NOSYSTEM", "1").env("STANCH", STANCH);
        command.envs((1..4).map(|n| (format!("T{n}"), github(n))));
        let outcome = Outcome::of(command.output().unwrap());
        for n in 1..4 {
            assert!(!outcome.out.contains(&github(n)) && !outcome.err.contains(&github(n)), "{}{}", outcome.out, outcome.err);
        }
        outcome
    }

    /// Runs a script in the repository.
    pub(crate) fn here(&self, script: &str) -> Outcome {
        self.shell(&format!("cd r; {script}"))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path(name)).unwrap()
    }
}

/// All of a folder: names, modes and contents.
fn picture(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let meta = entry.path().symlink_metadata().unwrap();
            let content = if meta.is_symlink() {
                std::fs::read_link(entry.path()).unwrap().into_os_string().into_encoded_bytes()
            } else {
                std::fs::read(entry.path()).unwrap_or_default()
            };
            (entry.file_name().into_string().unwrap(), meta.permissions().mode(), content)
        })
        .collect();
    all.sort();
    all
}

#[test]
fn a_commit_with_a_secret_is_stopped_and_told_how_to_go_on() {
    let hooked = Hooked::repository();
    hooked.here("stanch hook install").says(0, &[".git/hooks/pre-commit: runs stanch\n.git/hooks/pre-push: runs stanch\n"]);
    hooked.here("echo y > y; git add y; git commit -m y").says(0, &["stanch: no secrets in 1 file\n"]);
    hooked
        .here("echo $T1 > t; git add t; ! PRE_COMMIT=1 PRE_COMMIT_FROM_REF=HEAD PRE_COMMIT_TO_REF=HEAD git commit -q -m t; git rm -q -f t")
        .says(0, &["t:1:1"]);
    hooked.here("git mv y z; git commit -m y").says(0, &["stanch: nothing to scan: the commit adds no lines\n"]);
    let told = [
        "s.py:2:6\n",
        "The commit was stopped. How to go on:\n",
        "  remove  take the value out, then `git add s.py`, and commit again\n",
        "or leave the whole file out: `git restore --staged s.py`\n",
        "  revoke  if it was ever pushed or shared before: removing does not help, revoke it, as `fix` above says\n",
        "   allow  no secret? then say why, in a comment on the line: s.py:2\n",
        "              # stanch:allow[github-pat] -- why it may stand here\n",
        "or by its id, or by a baseline, once `stanch init` has made a project key\n",
        "      or  git's --no-verify goes without hooks, this once\n",
    ];
    hooked.here("printf \"a\\nt = '$T1'\\n\" > s.py; git add s.py; git commit -m s").says(1, &told);
    assert_eq!(hooked.here("git log --oneline | wc -l").out.trim(), "3");
    // What is told works: the comment, the id, and leaving the file out.
    hooked.here("stanch init; git commit -m s").says(
        1,
        &["or by its id, in stanch.toml:", "    [[allow]]\n", "    reason = \"why it may stand here\"", "baseline update --add`"],
    );
    let allow = "git commit -m s 2>&1 | sed -n 's/^ *\\(fingerprint = .*\\)/\\1/p'";
    hooked
        .here(&format!("printf '[[allow]]\\n%s\\nreason = \"demo\"\\n' \"$({allow})\" >> stanch.toml; git commit -m s"))
        .says(0, &["no secrets in 1 file (1 silenced)"]);
    hooked.here("git reset -q --soft HEAD~1; git restore --staged s.py; git diff --cached --quiet; rm stanch.toml").says(0, &[]);
    hooked
        .here("sed -i \"s/'$/' # stanch:allow[github-pat] -- demo/\" s.py; git add s.py; git commit -m s")
        .says(0, &["(1 silenced)"]);
}

#[test]
fn the_comment_to_paste_fits_the_file() {
    let hooked = Hooked::repository();
    let check = |name: &str, line: &str, comment: Option<&str>| {
        hooked.folder.write(format!("r/{name}"), line.replace('@', &github(1)));
        let outcome = hooked.here(&format!("git add {name}; stanch hook run pre-commit; true"));
        let told = outcome.err.lines().find(|line| line.contains("stanch:allow")).map(str::trim);
        let comment = comment.map(|comment| comment.replace('@', "stanch:allow[github-pat] -- why it may stand here"));
        assert_eq!(told, comment.as_deref(), "{name}");
        if let Some(comment) = comment {
            hooked.folder.write(format!("r/{name}"), format!("{} {comment}\n", line.replace('@', &github(1))));
            hooked.here(&format!("git add {name}; stanch hook run pre-commit")).says(0, &["1 silenced"]);
        }
        hooked.here(&format!("git rm -q -f {name}")).says(0, &[]);
    };
    check("a.go", "x := \"@\"", Some("// @"));
    check("a.sql", "select '@'", Some("-- @"));
    check("a.html", "<a href='?t=@'>", Some("<!-- @ -->"));
    check("a.css", "a { b: \"@\" }", Some("/* @ */"));
    check("a.yml", "t: @", Some("# @"));
    check("a.json", "{\"t\": \"@\"}", None);
}

#[test]
fn a_hook_that_was_there_runs_too_and_comes_back_as_it_was() {
    let hooked = Hooked::repository();
    hooked
        .here(
            "printf '#!/bin/sh\\necho old \"$@\" \"$0\"\\nexit ${CODE:-0}' > .git/hooks/pre-commit; chmod 750 .git/hooks/pre-commit; \
             printf 'cat > ../pushed; echo \"$@\" >> ../pushed' > .git/hooks/pre-push; chmod 700 .git/hooks/pre-push; \
             ln -s ../../x .git/hooks/commit-msg",
        )
        .says(0, &[]);
    let hooks = hooked.folder.path("r/.git/hooks");
    let before = picture(&hooks);
    hooked.here("stanch hook install --hook pre-commit,pre-push,commit-msg --dry-run").says(0, &["was a dry run"]);
    assert_eq!(picture(&hooks), before);
    let kept = "runs stanch, and the hook that was there, which is kept as pre-commit.stanch-chained";
    hooked.here("stanch hook install --hook pre-commit,pre-push,commit-msg").says(0, &[kept]);
    let installed = picture(&hooks);
    hooked.here("stanch hook install --hook pre-commit,pre-push,commit-msg").says(0, &["pre-commit: is there already"]);
    assert_eq!(picture(&hooks), installed);
    hooked.here("stanch hook status").says(0, &["pre-commit  stanch, and the hook that was there before"]);
    // Both run, and each may stop the commit; the old one first, for it may change what is committed.
    hooked
        .here("echo y > y; git add y; git commit -q -m y 2>&1")
        .says(0, &["old .git/hooks/pre-commit.stanch-chained\nstanch: "]);
    hooked.here("echo z > z; git add z; ! CODE=7 git commit -q -m y; CODE=7 .git/hooks/pre-commit").says(7, &["old"]);
    hooked.here("echo $T1 > z; git add z; ! git commit -q -m y; git rm -q -f z").says(0, &["old", "z:1:1"]);
    // A push goes to both, with the same lines and words; the old one only if nothing is found.
    hooked.here("git init -q --bare ../server; git push -q ../server main 2>&1").says(0, &["no secrets in"]);
    let pushed = hooked.read("pushed");
    let head = hooked.here("git rev-parse HEAD").out;
    assert!(pushed.starts_with(&format!("refs/heads/main {} refs/heads/main 0000", head.trim())), "{pushed}");
    assert!(pushed.ends_with("../server ../server\n"), "{pushed}");
    hooked
        .here("rm ../pushed; echo $T1 > z; git add z; git commit -q --no-verify -m z; ! git push ../server main; ! test -e ../pushed")
        .says(0, &["The push was stopped; nothing was sent", "z:1:1", "in that commit"]);
    hooked.here("stanch hook remove --dry-run").says(0, &["pre-commit: the hook that was there before is back", "dry run"]);
    assert_eq!(picture(&hooks), installed);
    hooked.here("stanch hook remove").says(0, &["pre-commit: the hook that was there before is back"]);
    assert_eq!(picture(&hooks), before);
    hooked.here("stanch hook remove").says(0, &["there is nothing of stanch here"]);
}

#[test]
fn git_s_own_places_are_found() {
    let hooked = Hooked::repository();
    let stops = |script: &str| {
        hooked.shell(&format!("{script}; echo $T1 > s; git add s; ! git commit -m s 2>&1")).says(0, &["s:1:1"]);
    };
    // A folder by core.hooksPath, from the top and from below; no path of this machine stands in what may be committed.
    hooked
        .here("git config core.hooksPath tools/hooks; mkdir sub; cd sub; stanch hook install")
        .says(0, &["tools/hooks/pre-commit: runs"]);
    assert!(hooked.read("r/tools/hooks/pre-commit").contains("|| stanch=stanch\n"));
    stops("cd r");
    hooked
        .here("stanch hook status")
        .says(0, &["hooks lie in tools/hooks, by core.hooksPath of the local configuration (.git/config)"]);
    hooked
        .here("stanch hook remove; git config --unset core.hooksPath; git reset -q --hard")
        .says(0, &["tools/hooks/pre-commit: removed"]);
    // A linked work tree, and the first one.
    hooked
        .here("git worktree add -q ../linked -b side; cd ../linked; stanch hook install")
        .says(0, &["all work trees of this repository"]);
    stops("cd linked");
    stops("cd r");
    // A submodule has hooks of its own.
    hooked
        .shell("git init -q outer; cd outer; git submodule --quiet add ../r sub; cd sub; stanch hook install")
        .says(0, &["hooks/pre-commit: runs"]);
    stops("cd outer/sub");
    // From the git directory of a work tree nothing is guessed.
    hooked.here("stanch hook status --repo .git").says(2, &["name the work tree"]);
    hooked.here("git config core.hooksPath /dev/null; stanch hook install").says(2, &["no folder is, in /dev/null", "hint: "]);
}

#[test]
fn bad_places_are_refused_and_nothing_is_lost() {
    let hooked = Hooked::repository();
    for command in ["install", "status", "remove", "run pre-commit", "run commit-msg x"] {
        hooked.shell(&format!("touch x; stanch hook {command}")).says(2, &["error: ", "hint: "]);
    }
    hooked.shell("stanch hook install").says(2, &["error: . is in no git repository", "hint: `git init` makes a repository"]);
    hooked
        .here("stanch hook run post-commit")
        .says(2, &["`post-commit` is no hook that looks for secrets", "it is one of pre-commit"]);
    hooked.shell("PATH=/nowhere \"$STANCH\" hook install --repo r").says(2, &["git is not installed"]);
    // A hook of ours that was changed, and one that is kept from before.
    let hooks = hooked.folder.path("r/.git/hooks");
    hooked.here("stanch hook install; echo 'echo more' >> .git/hooks/pre-commit").says(0, &[]);
    let before = picture(&hooks);
    for command in ["install", "remove"] {
        hooked.here(&format!("stanch hook {command}")).says(2, &["is a hook of stanch that was changed by hand"]);
        assert_eq!(picture(&hooks), before);
    }
    hooked.here("stanch hook status").says(3, &["pre-commit  a hook of stanch that was changed by hand"]);
    hooked.here("cd .git/hooks; rm pre-commit pre-push; echo a > pre-push; echo b > pre-push.stanch-chained").says(0, &[]);
    let before = picture(&hooks);
    hooked.here("stanch hook install").says(2, &["pre-push.stanch-chained is there already", "hint: look at it"]);
    assert_eq!(picture(&hooks), before);
    hooked.here("cd .git/hooks; rm pre-push*; mkdir pre-push; cd ../..; stanch hook install").says(2, &["is not a regular file"]);
    // One that is there already and calls stanch stays.
    hooked.here("cd .git/hooks; rmdir pre-push; echo 'exec stanch scan --staged' > pre-commit; chmod +x pre-commit").says(0, &[]);
    hooked
        .here("stanch hook install; stanch hook status")
        .says(0, &["pre-commit: runs stanch already", "a script that calls stanch"]);
}

#[test]
fn where_git_looks_for_no_hooks_none_is_said_to_run() {
    for value in ["", "/dev/null"] {
        let hooked = Hooked::repository();
        hooked.here(&format!("git config core.hooksPath '{value}'; stanch hook install")).says(2, &["it runs none here"]);
        hooked.here("stanch hook status").says(3, &["pre-commit  no hook"]);
        hooked.here("git status --short").says(0, &[]);
    }
}

#[test]
fn a_hooks_folder_that_cannot_be_written_stays_as_it_was() {
    let hooked = Hooked::repository();
    let hooks = hooked.folder.path("r/.git/hooks");
    hooked.folder.write("r/.git/hooks/pre-commit", "#!/bin/sh\n");
    let before = picture(&hooks);
    // Root may write everywhere.
    let nobody = if rustix::process::geteuid().is_root() { "setpriv --reuid=65534 --regid=65534 --clear-groups" } else { "" };
    let script = format!(
        "cp \"$STANCH\" stanch; chmod 755 . .. ../home stanch; chmod 644 ../home/.gitconfig; \
         printf '[safe]\\n\\tdirectory = *\\n' >> ../home/.gitconfig; chmod -R a+rX r; chmod a-w r/.git/hooks; \
         cd r; {nobody} ../stanch hook install"
    );
    hooked.shell(&script).says(2, &["error: cannot create ", "ermission denied", "hint: nothing was changed"]);
    assert_eq!(picture(&hooks), before);
}

#[test]
fn without_the_program_nothing_passes() {
    let mut hooked = Hooked::repository();
    hooked.here("cp \"$STANCH\" ../stanch; ../stanch hook install").says(0, &[]);
    // Found where it was when it was installed.
    hooked.path = "/bin".to_owned();
    hooked.here("echo y > y; git add y; git commit -m y").says(0, &["no secrets in 1 file"]);
    hooked
        .here("rm ../stanch; echo z > z; git add z; git commit -m z")
        .says(1, &["error: stanch is neither on the PATH nor at '", "nothing was looked at", "hint: install stanch"]);
}

#[test]
fn all_repositories_of_a_user() {
    let hooked = Hooked::repository();
    let config = std::fs::read(hooked.folder.home().join(".gitconfig")).unwrap();
    hooked
        .here(
            "for h in pre-commit post-checkout commit-msg; do printf \"#!/bin/sh\\necho own $h\\n\" > .git/hooks/$h; chmod +x .git/hooks/$h; done",
        )
        .says(0, &[]);
    hooked.shell("stanch hook install --global --dry-run").says(0, &["dry run"]);
    hooked.shell("stanch hook install --global").says(
        0,
        &[
            ".local/share/stanch/hooks/pre-commit: runs stanch\n",
            "core.hooksPath of your git configuration: ",
            "17 other hooks beside them pass on to those of each repository\n",
        ],
    );
    hooked.shell("stanch hook install --global").says(0, &["pre-commit: is there already"]);
    // In every repository, with its own hooks.
    hooked.shell("git init -q n; cd n; echo $T1 > s; git add s; ! git commit -m s").says(0, &["s:1:1"]);
    let outcome = hooked.here("echo y > y; git add y; git commit -q -m y 2>&1; git checkout -q -b b 2>&1");
    outcome.says(0, &["own pre-commit\nstanch: no secrets in 1 file\nown commit-msg\nown post-checkout\n"]);
    hooked.here("echo $T1 > s; git add s; ! git commit -m s; git rm -q -f s").says(0, &["own pre-commit", "s:1:1"]);
    // Not once more where it is installed in the repository as well, and that is not done by accident.
    hooked.here("stanch hook install").says(2, &["has git look for hooks in", "in every repository", "--global"]);
    hooked.here("stanch hook status").says(0, &["by core.hooksPath of the global configuration"]);
    hooked.here("git config core.hooksPath .git/hooks; stanch hook install; git config --unset core.hooksPath").says(0, &[]);
    let outcome = hooked.here("echo z > z; git add z; git commit -q -m z 2>&1");
    assert_eq!(outcome.says(0, &["own pre-commit"]).out.matches("no secrets").count(), 1, "{}", outcome.out);
    hooked
        .here("stanch hook remove")
        .says(0, &["--global` takes out", ".git/hooks/pre-commit: the hook that was there before is back"]);
    hooked.shell("stanch hook install --global --hook pre-commit,pre-push,commit-msg").says(0, &["commit-msg: runs stanch"]);
    hooked.here("echo 1 > z; ! git commit -q -a -m \"$T2\"").says(0, &["own commit-msg", "COMMIT_EDITMSG:1:1"]);
    hooked.shell("stanch hook remove --global").says(0, &["core.hooksPath of your git configuration: no longer set"]);
    assert_eq!(std::fs::read(hooked.folder.home().join(".gitconfig")).unwrap(), config);
    assert_eq!(picture(&hooked.folder.home().join(".local/share/stanch/hooks")), []);
    hooked.here("git commit -q -a -m \"$T2\"").says(0, &[]);
    // A folder that the user has for that already gets ours, with what is there kept.
    hooked
        .shell(
            "mkdir mine; printf '#!/bin/sh\\necho mine\\n' > mine/pre-commit; chmod +x mine/pre-commit; git config --global core.hooksPath $PWD/mine; \
             stanch hook install --global; cd r; echo 2 > z; git commit -q -a -m z 2>&1",
        )
        .says(0, &["mine/pre-commit: runs stanch, and the hook that was there", "mine\nstanch: no secrets in 1 file"]);
    hooked
        .shell("stanch hook remove --global; cat mine/pre-commit; git config --global core.hooksPath")
        .says(0, &["echo mine", "/mine\n"]);
}

#[test]
fn the_message_of_a_commit_is_looked_at_as_git_keeps_it() {
    let hooked = Hooked::repository();
    hooked.here("stanch hook install --hook commit-msg; git config core.editor true").says(0, &["commit-msg: runs stanch"]);
    let refused = |script: &str, place: &str| {
        hooked.here(&format!("! {script}")).says(0, &[place, "what you wrote is kept: `git commit -e -F .git/COMMIT_EDITMSG`"]);
    };
    let passes = |script: &str| {
        hooked.here(script).says(0, &["no secrets in the message of the commit"]);
    };
    refused("git commit --allow-empty -m \"one\n\nx $T1\"", ".git/COMMIT_EDITMSG:3:3\n");
    passes("git commit --allow-empty -m fine");
    // Without an editor a line that looks like a comment stays.
    refused("git commit --allow-empty -m \"one\n# $T1\"", "COMMIT_EDITMSG:2:3\n");
    let editor = |text: &str| format!("git -c core.editor=\"f() {{ printf '{text}' > \\$1; }}; f\" commit --allow-empty");
    passes(&editor("one\\n# '$T1'\\n"));
    refused(&editor("one\\n\\n; '$T1'\\n"), "COMMIT_EDITMSG:3:3\n");
    passes(&format!("git config core.commentChar ';'; {}; git config --unset core.commentChar", editor("one\\n\\n; '$T1'\\n")));
    refused(&format!("git -c commit.cleanup=whitespace {}", &editor("one\\n# '$T1'\\n")[4..]), "COMMIT_EDITMSG:2:3\n");
    // What is committed stands below the scissors, and what goes out, too.
    hooked.here("echo $T1 > s; git add s; git commit -q --no-verify -m s; git rm -q s").says(0, &[]);
    passes("git -c core.editor=\"f() { echo one > m; cat \\$1 >> m; cp m \\$1; }; f\" commit -v");
    hooked.here("stanch hook run commit-msg").says(2, &["the file of the message is missing"]);
    hooked.here("stanch hook run commit-msg nowhere").says(2, &["cannot read nowhere: no such file"]);
}

#[test]
fn a_server_refuses_with_words_for_who_pushes() {
    let hooked = Hooked::repository();
    hooked.shell("git init -q --bare server; stanch hook install --repo server").says(0, &["hooks/pre-receive: runs stanch"]);
    hooked.shell("stanch hook status --repo server").says(0, &["pre-receive stanch\n"]);
    // Hooks of servers find little on their PATH, and there is no way around for who pushes.
    let push = "PATH=/usr/bin:/bin git push --no-verify ../server";
    hooked.here(&format!("{push} main")).says(0, &["remote: stanch: no secrets in "]);
    hooked.here(&format!("echo a > a; echo \"t = $T1\" > s; git add a s; git commit -q -m s; ! {push} main")).says(
        0,
        &[
            "remote: critical  ",
            ":s:1:5",
            "remote: This server refused the push; nothing of it was kept. How to go on:",
            "it came over the network already: revoke it",
            "or ask who runs the server",
            "pre-receive hook declined",
        ],
    );
    let outcome = hooked.here(&format!("! {push} HEAD:refs/heads/new 2>&1; git -C ../server for-each-ref"));
    outcome.says(0, &["declined"]);
    assert!(!outcome.out.contains("no-verify") && !outcome.out.contains("refs/heads/new\n"), "{}", outcome.out);
    hooked
        .here(&format!("git rm -q -f s; git commit -q --amend -m a; {push} main HEAD:refs/heads/new; {push} :refs/heads/new"))
        .says(0, &["nothing to scan"]);
    // A hook that was there decides as well, on what stanch lets through, with the same lines.
    hooked.shell(
        "cd server/hooks; stanch hook remove --repo ..; printf '#!/bin/sh\\nsed s/^/theirs:/\\nexit 3\\n' > pre-receive; chmod +x pre-receive; stanch hook install --repo ..",
    )
    .says(0, &["kept as pre-receive.stanch-chained"]);
    hooked.here(&format!("! {push} HEAD:refs/heads/more")).says(0, &["remote: theirs:0000", "refs/heads/more", "declined"]);
}

#[test]
fn the_answer_for_programs_has_a_version() {
    let hooked = Hooked::repository();
    let answer = |code: i32| -> serde_json::Value {
        let outcome = hooked.here("stanch hook status -f json");
        assert_eq!(outcome.code, code);
        serde_json::from_str(&outcome.out).unwrap()
    };
    let before = answer(3);
    assert_eq!(
        (&before["schema_version"], &before["works"], &before["hooks"][0]["state"]),
        (&1.into(), &false.into(), &"none".into())
    );
    hooked.here("stanch hook install").says(0, &[]);
    let after = answer(0);
    assert_eq!(
        (&after["works"], &after["hooks"][1]["state"], &after["hooks"][1]["hook"]),
        (&true.into(), &"stanch".into(), &"pre-push".into())
    );
    // What is not executable git does not call.
    hooked.here("chmod -x .git/hooks/*").says(0, &[]);
    assert_eq!(answer(3)["hooks"][0]["state"], "not-executable");
}

#[test]
fn rules_and_thresholds_of_the_project_and_of_the_line_count() {
    let hooked = Hooked::repository();
    hooked
        .here("echo \"t = $T1\" > s; git add s; stanch hook run --except github-pat,generic-* pre-commit")
        .says(0, &["no secrets in 1 file"]);
    hooked.here("stanch hook run --quiet --except github-pat,generic-* pre-commit; echo done").says(0, &["done"]);
    hooked
        .here(
            "printf 'version = 1\\n[rules]\\nexcept = [\"github-pat\", \"generic-*\"]\\n' > stanch.toml; stanch hook install; git commit -m s",
        )
        .says(0, &[]);
}
