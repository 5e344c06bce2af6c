//! Which `stanch.toml` counts: the nearest one with a project key above what is scanned, never one above the root of its repository, and
//! those in folders below it; or those of a commit.
//!
//! It must not read the files; [`Project`] does. Start with [`chosen`].

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::args::Silence;
use super::exit::hinted;
use crate::scan::project::{Layer, Locator, Project};
use crate::scan::source::git::{self, History, Snapshot};
use crate::scan::source::ignored::Repository;

pub(super) const NAME: &str = "stanch.toml";

/// Where CI systems name the branch that a pull request is for.
const BASES: &[&str] = &[
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "CHANGE_TARGET",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CIRRUS_BASE_BRANCH",
    "CI_COMMIT_TARGET_BRANCH",
];
/// The same where another variable says whether it is a pull request: that one, and the branch.
const BASES_IF: &[(&str, &str)] = &[
    ("TRAVIS_PULL_REQUEST", "TRAVIS_BRANCH"),
    ("DRONE_PULL_REQUEST", "DRONE_TARGET_BRANCH"),
    ("APPVEYOR_PULL_REQUEST_NUMBER", "APPVEYOR_REPO_BRANCH"),
];
/// Where a CI system says that it is one, and not for which branch.
const REQUESTS: &[&str] = &["CIRCLE_PULL_REQUEST", "CIRCLE_PR_NUMBER"];

/// What the project decided, and where that is written.
#[derive(Default)]
pub(super) struct Chosen {
    pub(super) project: Project,
    /// The commit it was read from, if not from files.
    pub(super) snapshot: Option<Snapshot>,
    /// The folder of the file in that commit, from the root.
    pub(super) folder: PathBuf,
    /// What is to be told: a place, and words.
    pub(super) notes: Vec<(PathBuf, String)>,
}

/// What the project decided: in the file given, in none, in a commit, or in the nearest one to `paths`.
pub(super) fn chosen(silence: &Silence, paths: &[PathBuf]) -> anyhow::Result<Chosen> {
    let mut chosen = if let (Some(path), Some(name)) = (&silence.config, &silence.config_from) {
        file_of_commit(path, name, paths)?
    } else if let Some(path) = &silence.config {
        let mut project = Project::load(path)?;
        project.locator = Locator::new(folder_of(path));
        Chosen { project, ..Chosen::default() }
    } else if silence.no_config {
        Chosen::default()
    } else if let Some(name) = &silence.config_from {
        let history =
            history(paths).map_err(|e| hinted(e.to_string(), "`--config-from` needs a repository: name a folder in it"))?;
        let hint = "name a branch, a tag or a commit that is here; `git fetch` gets it";
        let missing = || hinted(format!("--config-from: no commit is named `{name}` here"), hint);
        from_commit(&history, name, paths)?.ok_or_else(missing)?
    } else {
        let found = find(paths)?;
        match base_branch().filter(|_| found.is_some() && !silence.trust_config) {
            Some(branch) => of_base(&branch, paths)?,
            None => found.map_or_else(|| Ok(Chosen::default()), Found::load)?,
        }
    };
    chosen.project.check_key()?;
    chosen.project.layers.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(chosen)
}

/// The branch that this pull request is for, if this is the job of one.
fn base_branch() -> Option<String> {
    let set = |name: &&'static str| std::env::var(name).ok().filter(|value| !value.is_empty() && value != "false");
    let named = BASES.iter().find_map(set);
    let named = named.or_else(|| BASES_IF.iter().find_map(|(request, branch)| set(request).and_then(|_| set(branch))));
    let named = named.or_else(|| REQUESTS.iter().find_map(set).map(|_| String::from("the base")))?;
    Some(named.strip_prefix("refs/heads/").unwrap_or(&named).to_owned())
}

/// What the base of a pull request decided; nothing, if it is not here.
fn of_base(branch: &str, paths: &[PathBuf]) -> anyhow::Result<Chosen> {
    let here = PathBuf::from(NAME);
    let history = history(paths).ok();
    for name in [format!("refs/remotes/origin/{branch}"), format!("refs/heads/{branch}")] {
        // A branch of the fork that is checked out is the pull request itself.
        let is_itself = |history: &&History| name.starts_with("refs/heads/") && history.is_head(&name);
        if history.as_ref().is_some_and(|history| is_itself(&history)) {
            continue;
        }
        let found = history.as_ref().map_or(Ok(None), |history| from_commit(history, &name, paths))?;
        if let Some(mut chosen) = found {
            let short = name.trim_start_matches("refs/remotes/").trim_start_matches("refs/heads/");
            let words =
                format!("that of {short} counts, as this is a pull request for it; `--trust-config` obeys that of the work tree");
            chosen.notes.push((here, words));
            return Ok(chosen);
        }
    }
    let words = format!(
        "not obeyed: this is a pull request, which could silence its own leak, and {branch}, which it is for, is not here; fetch it, or use `--config-from` or `--trust-config`"
    );
    Ok(Chosen { notes: vec![(here, words)], ..Chosen::default() })
}

/// The file that all paths lead to, and those between it and them.
struct Found {
    base: PathBuf,
    between: Vec<PathBuf>,
}

impl Found {
    /// Reads it, and what adds to it: files between it and what is scanned, and those that git tracks below it.
    fn load(self) -> anyhow::Result<Chosen> {
        let mut project = Project::load(&shown(&self.base))?;
        let root = folder_of(&self.base).to_path_buf();
        project.locator = Locator::new(&root);
        let mut below = self.between;
        if let Some(repository) = Repository::find(&root) {
            let tracked = repository.tracked_named(NAME).into_iter().map(|path| repository.root().join(path));
            below.extend(tracked.filter(|path| path.starts_with(&root) && is_ours(path, &root)));
        }
        below.sort();
        below.dedup();
        let mut chosen = Chosen { project, ..Chosen::default() };
        for path in below.iter().filter(|path| **path != self.base && path.is_file()) {
            let folder = folder_of(path).strip_prefix(&root).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
            let layer = Project::load(&shown(path))?;
            chosen.add(layer, folder, shown(path));
        }
        Ok(chosen)
    }
}

impl Chosen {
    /// Adds a file of a folder below, unless it is that of another project.
    fn add(&mut self, layer: Project, folder: String, path: PathBuf) {
        if layer.key.is_some() {
            let words = "it has a project key of its own, so it does not count here: scan its folder by itself".to_owned();
            self.notes.push((path, words));
        } else {
            if layer.settings.line > 0 {
                let words = "its [rules] do not count: those of the file with the project key do; [[allow]] with `rule` silences rules in a folder";
                self.notes.push((path.clone(), words.to_owned()));
            }
            self.project.layers.push(Layer { folder, path, allows: layer.allows });
        }
    }
}

/// The folder that a path is or lies in; standard input lies in the current one.
fn around(path: &Path) -> &Path {
    match path {
        path if path == Path::new("-") => Path::new("."),
        path if path.is_dir() => path,
        path => folder_of(path),
    }
}

/// The repository that the first path lies in.
fn history(paths: &[PathBuf]) -> Result<History, git::Error> {
    History::open(paths.first().map_or(Path::new("."), |path| around(path)))
}

/// What one file decided, as it is in a commit; one that lies elsewhere is read as it is.
fn file_of_commit(path: &Path, name: &str, paths: &[PathBuf]) -> anyhow::Result<Chosen> {
    let snapshot = history(paths).ok().and_then(|history| Snapshot::of(&history, name));
    let hint = "name a branch, a tag or a commit that is here; `git fetch` gets it";
    let snapshot = snapshot.ok_or_else(|| hinted(format!("--config-from: no commit is named `{name}` here"), hint))?;
    let (mut project, folder) = match inside(path, &snapshot)? {
        None => (Project::load(path)?, PathBuf::new()),
        Some(inside) => {
            let hint = "in a pull request and with `--config-from` it is read from that commit; `--trust-config` obeys that of the work tree";
            let bytes =
                snapshot.read(&inside).ok_or_else(|| hinted(format!("{} is not in that commit", path.display()), hint))?;
            let folder = Path::new(&inside).parent().map(Path::to_path_buf).unwrap_or_default();
            (Project::parse(Path::new(&format!("{name}:{inside}")), &bytes)?, folder)
        }
    };
    project.locator = Locator::new(folder_of(path));
    Ok(Chosen { project, snapshot: Some(snapshot), folder, ..Chosen::default() })
}

/// The path of a file from the root of the repository that a commit is of, if it lies there.
pub(super) fn inside(path: &Path, snapshot: &Snapshot) -> anyhow::Result<Option<String>> {
    let path = std::path::absolute(path)?;
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default();
    let path = folder.join(path.file_name().unwrap_or_default());
    let root = snapshot.root().canonicalize()?;
    Ok(path.strip_prefix(&root).ok().map(|path| path.to_string_lossy().replace('\\', "/")))
}

/// What a commit decided; `None` if there is none of this name.
fn from_commit(history: &History, name: &str, paths: &[PathBuf]) -> anyhow::Result<Option<Chosen>> {
    let Some(snapshot) = Snapshot::of(history, name) else { return Ok(None) };
    let root = snapshot.root().canonicalize()?;
    let mut start: Option<PathBuf> = None;
    for path in paths {
        let real = around(path).canonicalize()?;
        if !real.starts_with(&root) {
            let hint = "configuration of a commit is that of one repository: scan what lies in it";
            return Err(hinted(format!("{} does not lie in {}", path.display(), root.display()), hint));
        }
        // The folder that all of them lie in.
        let above = start.as_deref().unwrap_or(&real).ancestors().find(|above| real.starts_with(above));
        start = Some(above.unwrap_or(&root).to_path_buf());
    }
    let start = start.unwrap_or_else(|| root.clone());
    let inside = start.strip_prefix(&root).unwrap_or(Path::new("")).to_path_buf();
    let file = |folder: &Path| folder.join(NAME).to_string_lossy().replace('\\', "/");
    let parse = |path: &str| {
        let bytes = snapshot.read(path)?;
        Some(Project::parse(Path::new(&format!("{name}:{path}")), &bytes))
    };
    let mut base: Option<(PathBuf, Project)> = None;
    for folder in inside.ancestors() {
        if let Some(project) = parse(&file(folder)) {
            let project = project?;
            let has_key = project.key.is_some();
            base = Some((folder.to_path_buf(), project));
            if has_key {
                break;
            }
        }
    }
    let Some((folder, mut project)) = base else { return Ok(Some(Chosen { snapshot: Some(snapshot), ..Chosen::default() })) };
    project.locator = Locator::new(&root.join(&folder));
    let mut chosen = Chosen { project, ..Chosen::default() };
    for path in snapshot.named(NAME).iter().filter(|path| **path != file(&folder)) {
        let Ok(below) = folder_of(Path::new(path)).strip_prefix(&folder).map(Path::to_path_buf) else { continue };
        if let Some(layer) = parse(path) {
            chosen.add(layer?, below.to_string_lossy().replace('\\', "/"), PathBuf::from(format!("{name}:{path}")));
        }
    }
    (chosen.snapshot, chosen.folder) = (Some(snapshot), folder);
    Ok(Some(chosen))
}

pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(if file.has_root() { file } else { Path::new(".") })
}

/// The one file that all paths lead to, or none if all of them lead to none. A path that has none above it leads to that of the
/// current folder. Paths that lead to different ones, or some to one and some to none, are refused: the file of one tree must not
/// silence what another holds.
fn find(paths: &[PathBuf]) -> anyhow::Result<Option<Found>> {
    let mut found: Vec<(&Path, Option<PathBuf>)> = Vec::new();
    let mut between = Vec::new();
    for path in paths {
        let named = if path == Path::new("-") { None } else { nearest(path) };
        let file = named.or_else(|| nearest(Path::new("."))).map(|(base, more)| {
            between.extend(more);
            base
        });
        if !found.iter().any(|(_, other)| *other == file) {
            found.push((path, file));
        }
    }
    let holds = |(path, file): &(&Path, Option<PathBuf>)| match file {
        Some(file) => format!("{} holds for {}", shown(file).display(), path.display()),
        None => format!("no {NAME} holds for {}", path.display()),
    };
    match found.as_slice() {
        [] => Ok(None),
        [(_, one)] => Ok(one.clone().map(|base| Found { base, between })),
        [one, other, ..] => Err(hinted(
            format!("{}, but {}", holds(one), holds(other)),
            "choose one for all with --config, none with --no-config, or scan them one after the other",
        )),
    }
}

/// The nearest file with a project key in the folder that `path` is or stands in, or above it up to the root of the repository, else the
/// topmost one; and those below it that were passed. Outside a repository only that folder counts: anyone may write to `/tmp`. Above it,
/// only what belongs to us, to root or to the owner of that folder counts, so that nobody else can make a repository around it.
fn nearest(path: &Path) -> Option<(PathBuf, Vec<PathBuf>)> {
    let real = path.canonicalize().ok()?;
    let start = if real.is_dir() { &*real } else { real.parent()? };
    let has_git = |folder: &&Path| owner(&folder.join(".git")).is_some();
    let root = start.ancestors().find(has_git).filter(|root| is_ours(&root.join(".git"), start)).unwrap_or(start);
    let files = start
        .ancestors()
        .take_while(|folder| folder.starts_with(root))
        .map(|folder| folder.join(NAME))
        .filter(|file| file.is_file())
        .filter(|file| file.parent() == Some(start) || is_ours(file, start));
    let mut passed = Vec::new();
    for file in files {
        // What is wrong with it is told when it is read.
        let has_key = Project::load(&file).map_or(true, |project| project.key.is_some());
        passed.push(file);
        if has_key {
            break;
        }
    }
    let base = passed.pop()?;
    Some((base, passed))
}

fn owner(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|meta| meta.uid())
}

/// Does it belong to us, to root or to the owner of this folder?
fn is_ours(path: &Path, folder: &Path) -> bool {
    [Some(rustix::process::geteuid().as_raw()), Some(0), owner(folder)].contains(&owner(path))
}

/// As people would name it: relative to the current folder, if it stands below it.
pub(super) fn shown(file: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    here.ok().and_then(|here| file.strip_prefix(here).ok()).unwrap_or(file).to_path_buf()
}
