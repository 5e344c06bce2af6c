//! Makes of a plan what can be scanned in this clone: names become commits, and what is missing of them is fetched, no deeper than needed.
//!
//! The only place that runs git, and never to scan. It must not print. Start with [`Clone::ready`]. What cannot be fetched is no error
//! here: the scan tells what it misses as a gap. Nothing that the repository configures as a hook or monitor is run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::plan::{Base, Plan, What, is_id};
use crate::base::text;

/// Commits added in each step back through a shallow clone; after these, all of it.
const STEPS: [u64; 3] = [50, 250, 1000];

/// What is scanned, in names that this clone knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Nothing.
    Nothing,
    /// What `to` reaches and `from` does not.
    Range {
        /// The old end.
        from: String,
        /// The new one.
        to: String,
    },
    /// All that a commit reaches.
    Reached(String),
    /// The history as a whole.
    Everything,
}

/// The repository of the job.
pub(super) struct Clone {
    folder: PathBuf,
    /// Where to fetch from, if that is allowed.
    remote: Option<String>,
    /// What is to be told.
    pub(super) notes: Vec<String>,
}

/// Whether commits may be fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetch {
    /// They may.
    Missing,
    /// What is here must do.
    Nothing,
}

impl Clone {
    pub(super) fn new(folder: &Path, fetch: Fetch) -> Self {
        let mut clone = Self { folder: folder.to_path_buf(), remote: None, notes: Vec::new() };
        if fetch == Fetch::Missing {
            let remotes = clone.ask(&["remote"]).unwrap_or_default();
            clone.remote = remotes.lines().find(|name| *name == "origin").or_else(|| remotes.lines().next()).map(str::to_owned);
        }
        clone
    }

    /// What a plan means here.
    pub(super) fn ready(&mut self, plan: &Plan) -> Ready {
        match &plan.what {
            What::Nothing => Ready::Nothing,
            What::Everything => {
                self.whole();
                Ready::Everything
            }
            What::Range { base, head } => {
                let to = self.commit(head, plan.commits).unwrap_or_else(|| head.clone());
                match self.base(base, plan) {
                    Some(from) => {
                        self.reach(Some(&from), &to);
                        Ready::Range { from, to }
                    }
                    None => {
                        self.reach(None, &to);
                        Ready::Reached(to)
                    }
                }
            }
        }
    }

    /// The commit that was there before; `None` if there was none.
    fn base(&mut self, base: &Base, plan: &Plan) -> Option<String> {
        match base {
            Base::Commit(name) => {
                let found = self.commit(name, plan.commits);
                if found.is_none() && is_id(name) {
                    self.notes.push(format!("the commit {} is neither here nor can it be fetched", short(name)));
                    return if base == &plan.instead { None } else { self.base(&plan.instead, plan) };
                }
                // What was typed is refused by the scan if it is wrong.
                Some(found.unwrap_or_else(|| name.clone()))
            }
            Base::Branch(name) => {
                let found = self.branch(name);
                if found.is_none() {
                    self.notes.push(format!("the branch {} is neither here nor can it be fetched: all is scanned", shown(name)));
                }
                found
            }
            Base::Default { name, pushed } => {
                let name = name.clone().or_else(|| self.default_branch())?;
                if pushed.as_ref() == Some(&name) { None } else { self.base(&Base::Branch(name), plan) }
            }
        }
    }

    /// The id of a commit, fetched if it is a full id or the name of a branch.
    fn commit(&mut self, name: &str, commits: Option<u64>) -> Option<String> {
        if let Some(id) = self.here(name) {
            return Some(id);
        }
        if !is_id(name) {
            return self.branch(name);
        }
        let depth = format!("--depth={}", commits.unwrap_or(0).clamp(1, 1000) + 1);
        let depth = [depth.as_str()];
        self.get(if self.is_shallow() { &depth } else { &[] }, &[name])?;
        self.here(name)
    }

    /// The newest commit of a branch of the remote.
    fn branch(&mut self, name: &str) -> Option<String> {
        let remote = self.remote.clone().unwrap_or_else(|| "origin".to_owned());
        let tracking = format!("refs/remotes/{remote}/{name}");
        let is_name = |name: &str| self.ask(&["check-ref-format", &format!("refs/heads/{name}")]).is_some();
        if !is_name(name) {
            return None;
        }
        if self.here(&tracking).is_none() {
            let depth: &[&str] = if self.is_shallow() { &["--depth=1"] } else { &[] };
            self.get(depth, &[&format!("+refs/heads/{name}:{tracking}")]);
        }
        self.here(&tracking).or_else(|| self.here(&format!("refs/heads/{name}")))
    }

    /// The name of the remote's default branch.
    fn default_branch(&self) -> Option<String> {
        let known =
            self.remote.as_ref().and_then(|remote| self.ask(&["symbolic-ref", "-q", &format!("refs/remotes/{remote}/HEAD")]));
        if let (Some(known), Some(remote)) = (known, &self.remote) {
            return known.trim().strip_prefix(&format!("refs/remotes/{remote}/")).map(str::to_owned);
        }
        let told = self.ask(&["ls-remote", "--symref", self.remote.as_ref()?, "HEAD"])?;
        let line = told.lines().find_map(|line| line.strip_prefix("ref: refs/heads/"))?;
        line.split('\t').next().map(str::to_owned)
    }

    /// Deepens a shallow clone until a range is in it, and fetches what a partial one has not of it.
    fn reach(&mut self, from: Option<&str>, to: &str) {
        let ends: Vec<&str> = from.into_iter().chain([to]).filter(|end| is_id(end)).collect();
        for step in STEPS {
            if !self.is_cut(from, to) {
                break;
            }
            if from.is_none() || self.get(&[&format!("--deepen={step}")], &ends).is_none() {
                break;
            }
        }
        if self.is_cut(from, to) && self.get(&["--unshallow"], &ends).is_none() {
            self.notes.push("the clone is shallow, and what is missing of the range cannot be fetched".to_owned());
        }
        if self.is_partial() {
            // Compares each commit with its parents, for which git fetches the files.
            let range = from.map_or_else(|| to.to_owned(), |from| format!("{from}..{to}"));
            let compare = ["log", "-m", "--stat", "--no-ext-diff", "--no-textconv", "--format=", "--end-of-options", &range];
            if self.remote.is_none() || self.ask(&compare).is_none() {
                self.notes.push("the clone is partial, and what is missing of the range cannot be fetched".to_owned());
            }
        }
    }

    /// Fetches all that the remote has.
    fn whole(&mut self) {
        let remote = self.remote.clone().unwrap_or_default();
        let branches = format!("+refs/heads/*:refs/remotes/{remote}/*");
        if self.is_shallow() && self.get(&["--unshallow", "--tags"], &[&branches]).is_none() {
            self.notes.push("the clone is shallow, and the rest cannot be fetched".to_owned());
        }
        if self.is_partial() && self.get(&["--refetch", "--no-filter", "--tags"], &[&branches]).is_none() {
            self.notes.push("the clone is partial, and the rest cannot be fetched".to_owned());
        }
    }

    /// Does a range begin before this shallow clone does?
    fn is_cut(&self, from: Option<&str>, to: &str) -> bool {
        if !self.is_shallow() {
            return false;
        }
        let file = self.ask(&["rev-parse", "--git-path", "shallow"]).unwrap_or_default();
        let shallow = std::fs::read_to_string(self.folder.join(file.trim())).unwrap_or_default();
        let not = from.map(|from| format!("^{from}"));
        let mut list = vec!["rev-list", "--parents", to];
        list.extend(not.as_deref());
        list.push("--");
        let Some(commits) = self.ask(&list) else { return true };
        commits.lines().any(|line| {
            let mut words = line.split(' ');
            let id = words.next().unwrap_or_default();
            // A first commit of all is in the range if what is old does not reach it as far as is known.
            let is_root = words.next().is_none();
            is_root && (from.is_some() || shallow.lines().any(|cut| cut == id))
        })
    }

    fn is_shallow(&self) -> bool {
        self.ask(&["rev-parse", "--is-shallow-repository"]).is_some_and(|answer| answer.trim() == "true")
    }

    fn is_partial(&self) -> bool {
        self.ask(&["config", "--get-regexp", r"^remote\..*\.promisor$"]).is_some_and(|found| found.contains(" true"))
    }

    /// The commit that a name stands for here.
    fn here(&self, name: &str) -> Option<String> {
        let commit = format!("{name}^{{commit}}");
        let found = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        found.lines().last().map(str::trim).filter(|id| is_id(id)).map(str::to_owned)
    }

    /// Fetches; `None` if that is not possible, with a note that says why.
    fn get(&mut self, options: &[&str], what: &[&str]) -> Option<()> {
        let remote = self.remote.clone()?;
        let plain = ["fetch", "--quiet", "--no-recurse-submodules", "--no-auto-gc", "--no-write-fetch-head"];
        let tags: &[&str] = if options.contains(&"--tags") { &[] } else { &["--no-tags"] };
        let args: Vec<&str> =
            plain.iter().chain(tags).chain(options).copied().chain(["--", &remote]).chain(what.iter().copied()).collect();
        match self.run(&args) {
            Ok(_) => Some(()),
            Err(why) => {
                self.notes.push(format!("git fetch: {why}"));
                None
            }
        }
    }

    /// What git answers; `None` if it fails.
    fn ask(&self, args: &[&str]) -> Option<String> {
        self.run(args).ok()
    }

    fn run(&self, args: &[&str]) -> Result<String, String> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.folder);
        for setting in [
            "core.hooksPath=/dev/null",
            "core.fsmonitor=false",
            "gc.auto=0",
            "maintenance.auto=false",
            "protocol.ext.allow=never",
        ] {
            git.args(["-c", setting]);
        }
        // A server that says nothing for a minute is given up.
        git.args(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60"]);
        git.args(args).stdin(Stdio::null()).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").env_remove("GIT_DIR");
        if self.remote.is_none() {
            git.env("GIT_NO_LAZY_FETCH", "1");
        }
        let output = git.output().map_err(|e| format!("cannot be run: {}", e.kind()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let told = String::from_utf8_lossy(&output.stderr);
        let last = told.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed");
        Err(shown(&without_users(last)))
    }
}

/// The first digits of an id.
pub(super) fn short(id: &str) -> String {
    shown(id.get(..12).filter(|_| is_id(id)).unwrap_or(id))
}

/// Foreign text for a log. Runners take some words at the beginning of a line or behind `##` for commands.
pub(super) fn shown(foreign: &str) -> String {
    text::sanitise(foreign.as_bytes()).replace("##[", "## [").replace("::", ": :")
}

/// Without the name and password that an address may hold.
fn without_users(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once("://") {
        let end = behind.find(|c: char| c == '/' || c == '\'' || c == '"' || c.is_whitespace()).unwrap_or(behind.len());
        let host = behind[..end].rfind('@').map_or(0, |at| at + 1);
        out.push_str(before);
        out.push_str("://");
        out.push_str(&behind[host..end]);
        rest = &behind[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{shown, without_users};

    #[test]
    fn nothing_of_an_address_leaks_and_nothing_is_a_command() {
        let check = |text: &str, expected: &str| assert_eq!(shown(&without_users(text)), expected);
        check("fatal: unable to access 'https://user:pass@host/x.git/': no", "fatal: unable to access 'https://host/x.git/': no");
        check("ssh://git@host:22/x https://a:b@c", "ssh://host:22/x https://c");
        check("a://b", "a://b");
        check("::set-output name=x::y ##[add-mask]z\n", ": :set-output name=x: :y ## [add-mask]z\\n");
    }
}
