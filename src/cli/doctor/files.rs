//! Who else gets at files that hold secrets, by their names: readers on this machine, git, and folders that are synced.
//!
//! It must not read them: names, modes and places are all it looks at. Start with [`check`].

use std::collections::HashSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::scratch::{paths, plain_git};
use super::{Answer, Patient, State};

/// Folders that hold what others wrote, or what is made anew.
const SKIPPED: &[&str] = &[".git", "node_modules", "target", ".venv", "venv", "vendor", "__pycache__", ".tox"];
/// Entries that are looked at in a project.
const MOST: usize = 200_000;
/// Names of files that hold secrets.
const NAMES: &[&str] = &[
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "credentials",
    "credentials.json",
    "credentials.toml",
    "credentials.tfrc.json",
    ".npmrc",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".htpasswd",
    "kubeconfig",
    ".dockercfg",
    ".vault-token",
    ".yarnrc.yml",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "secrets.toml",
    "service-account.json",
    "terraform.tfvars",
    "application_default_credentials.json",
    ".envrc",
    "auth.json",
    "master.key",
];
const ENDS: &[&str] =
    &[".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".kubeconfig", ".tfstate", ".auto.tfvars"];
/// Parts of the names of files that are patterns without a secret, or public.
const SAMPLES: &[&str] = &[
    "example",
    "sample",
    "template",
    "dist",
    "defaults",
    "schema",
    "pub",
    "public",
    "tpl",
    "cert",
    "certs",
    "certificate",
    "chain",
    "fullchain",
    "ca",
    "cacert",
    "cacerts",
    "csr",
    "bundle",
];
/// Files of a home folder that hold secrets.
const OF_HOME: &[&str] = &[
    ".ssh/id_rsa",
    ".ssh/id_dsa",
    ".ssh/id_ecdsa",
    ".ssh/id_ed25519",
    ".aws/credentials",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".config/git/credentials",
    ".docker/config.json",
    ".kube/config",
    ".vault-token",
    ".cargo/credentials.toml",
    ".cargo/credentials",
    ".gem/credentials",
    ".terraform.d/credentials.tfrc.json",
    ".config/gh/hosts.yml",
    ".config/gcloud/application_default_credentials.json",
    ".config/gcloud/credentials.db",
    ".config/rclone/rclone.conf",
    ".config/sops/age/keys.txt",
    ".composer/auth.json",
    ".config/composer/auth.json",
    ".azure/msal_token_cache.json",
    ".env",
];
/// Folders of programs that sync, as these name them; ` - ` or ` (` and more may stand behind.
const SYNCED: &[(&str, &str)] = &[
    ("Dropbox", "Dropbox"),
    ("OneDrive", "OneDrive"),
    ("Google Drive", "Google Drive"),
    ("GoogleDrive", "Google Drive"),
    ("My Drive", "Google Drive"),
    ("Mobile Documents", "iCloud"),
    ("com~apple~CloudDocs", "iCloud"),
    ("iCloud Drive", "iCloud"),
    ("iCloudDrive", "iCloud"),
    ("CloudStorage", "a program of the folder CloudStorage"),
    ("Nextcloud", "Nextcloud"),
    ("ownCloud", "ownCloud"),
    ("SynologyDrive", "Synology Drive"),
    ("pCloud Drive", "pCloud"),
    ("pCloudDrive", "pCloud"),
    ("Box Sync", "Box"),
    ("Yandex.Disk", "Yandex.Disk"),
    ("MEGAsync", "MEGA"),
];
/// Files and folders that such programs leave where they sync.
const MARKS: &[(&str, &str)] = &[
    (".dropbox.cache", "Dropbox"),
    (".stfolder", "Syncthing"),
    (".owncloudsync.log", "ownCloud"),
    (".nextcloudsync.log", "Nextcloud"),
    (".tmp.drivedownload", "Google Drive"),
    (".849C9593-D756-4E56-8D6E-42412F2A707B", "OneDrive"),
];

/// Whom the mode of a file lets read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    Owner,
    Group,
    Everyone,
}

pub(super) fn check(patient: &Patient<'_>, answer: &mut Answer) {
    let root = patient.folder();
    let mut all = Vec::new();
    let is_whole = walk(&root, &mut all);
    let tracked = tracked(patient, answer);
    for path in &all {
        let inside = path.strip_prefix(&root).unwrap_or(path);
        let name = patient.repository.name(path);
        // Git gives what it tracks to everybody who has the repository, and keeps no modes.
        if !tracked.contains(inside) {
            mode(answer, path, &name);
        }
        if let Some(program) = synced(path) {
            let todo = "move the project, or exclude the file there; then revoke what it held, as copies stay";
            answer.broken(&name, format!("it lies in a folder that {program} syncs: its secrets leave this machine"), todo);
        }
    }
    for path in home_files() {
        mode(answer, &path, &path.display().to_string());
    }
    if !is_whole {
        answer.add(State::Unchecked, "files", format!("the project has more than {MOST} entries: not all were looked at"));
    }
    if answer.is_quiet() {
        let count = match all.len() + home_files().len() {
            1 => "1 file".to_owned(),
            n => format!("{n} files"),
        };
        let said = format!(
            "{count} named like secrets, here and in your home: none is open to others, synced, or tracked although ignored"
        );
        answer.add(State::Ok, "files", said);
    }
}

/// What git tracks; what of it is ignored by its own rules is told.
fn tracked(patient: &Patient<'_>, answer: &mut Answer) -> HashSet<PathBuf> {
    if patient.repository.root.is_none() {
        return HashSet::new();
    }
    let root = patient.folder();
    let listed = plain_git(&root, &["ls-files", "-z", "--cached"]);
    let ignored = plain_git(&root, &["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"]);
    match (listed, ignored) {
        (Ok(listed), Ok(ignored)) => {
            for path in paths(&ignored).filter(|path| is_secret(path)) {
                let todo = format!("`git rm --cached {}`, then revoke what it held: history keeps it", path.display());
                answer.broken(path.display().to_string(), "git tracks it although it is ignored", todo);
            }
            paths(&listed).collect()
        }
        (Err(e), _) | (_, Err(e)) => {
            answer.unchecked("tracked files", &e);
            HashSet::new()
        }
    }
}

fn mode(answer: &mut Answer, path: &Path, name: &str) {
    let Ok(meta) = fs::metadata(path) else { return };
    let mode = meta.mode() & 0o777;
    let todo = format!("`chmod 600 {name}`");
    match readers(path, mode) {
        Readers::Owner => {}
        Readers::Group => answer.warning(name, format!("its group may read it (mode {mode:03o})"), todo),
        Readers::Everyone => answer.broken(name, format!("every user of this machine may read it (mode {mode:03o})"), todo),
    }
}

/// Who may read a file, and enter all folders above it.
fn readers(path: &Path, mode: u32) -> Readers {
    let above = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let modes: Vec<u32> = above.ancestors().skip(1).filter_map(|dir| Some(fs::metadata(dir).ok()?.mode())).collect();
    let enter = |bit: u32| modes.iter().all(|mode| mode & bit != 0);
    match () {
        () if mode & 0o004 != 0 && enter(0o001) => Readers::Everyone,
        // Folders above may belong to other groups; who may enter as anybody may, too.
        () if mode & 0o040 != 0 && modes.iter().all(|mode| mode & 0o011 != 0) => Readers::Group,
        () => Readers::Owner,
    }
}

/// Is a file named like one that holds secrets?
fn is_secret(path: &Path) -> bool {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().to_lowercase()) else { return false };
    let parts: Vec<&str> = name.split(['.', '-', '_']).collect();
    if parts.iter().any(|part| SAMPLES.contains(part)) {
        return false;
    }
    let ends = |end: &str| name.ends_with(end);
    let is_env = name == ".env" || name.starts_with(".env.") || ends(".env");
    let in_kube = name == "config" && path.parent().is_some_and(|dir| dir.ends_with(".kube") || dir.ends_with(".docker"));
    is_env || in_kube || NAMES.contains(&name.as_str()) || ENDS.iter().any(|end| ends(end))
}

/// Collects files that are named like secrets. False if there are more entries than are looked at.
fn walk(root: &Path, found: &mut Vec<PathBuf>) -> bool {
    let (mut folders, mut seen) = (vec![root.to_path_buf()], 0_usize);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MOST {
                return false;
            }
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() {
                // Another repository is another project.
                if !SKIPPED.iter().any(|name| entry.file_name() == *name) && !path.join(".git").exists() {
                    folders.push(path);
                }
            } else if is_secret(&path) && fs::metadata(&path).is_ok_and(|meta| meta.is_file()) {
                found.push(path);
            }
        }
    }
    found.sort();
    true
}

fn home_files() -> Vec<PathBuf> {
    let Some(home) = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute()) else { return Vec::new() };
    OF_HOME.iter().map(|name| home.join(name)).filter(|path| path.is_file()).collect()
}

/// The program that syncs the folder that a file lies in.
fn synced(path: &Path) -> Option<&'static str> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    path.ancestors().skip(1).find_map(|folder| {
        let name = folder.file_name()?.to_string_lossy();
        let fits = |begin: &str| {
            let rest = name.strip_prefix(begin);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" - ") || rest.starts_with(" ("))
        };
        let by_name = SYNCED.iter().find(|(begin, _)| fits(begin)).map(|(_, program)| *program);
        let by_mark = || MARKS.iter().find(|(mark, _)| folder.join(mark).exists()).map(|(_, program)| *program);
        // In a home `.dropbox` is a folder, and no mark.
        let dropbox = || folder.join(".dropbox").is_file().then_some("Dropbox");
        let nextcloud = || has_sync_database(folder).then_some("Nextcloud");
        let program = by_name.or_else(by_mark).or_else(dropbox).or_else(nextcloud)?;
        (program != "Syncthing" || !is_left_out(folder, &path)).then_some(program)
    })
}

/// Nextcloud and ownCloud keep one where they sync.
fn has_sync_database(folder: &Path) -> bool {
    let is_one = |name: &[u8]| (name.starts_with(b"._sync_") || name.starts_with(b".sync_")) && name.ends_with(b".db");
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_one(entry.file_name().as_bytes()))
}

/// Does Syncthing leave the file out by its name?
fn is_left_out(folder: &Path, path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let text = super::read::script(&folder.join(".stignore"));
    text.lines()
        .map(|line| line.trim().trim_start_matches("(?d)").trim_start_matches("(?i)"))
        .any(|line| line == name || line == format!("**/{name}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::is_secret;

    #[test]
    fn files_that_hold_secrets_are_known_by_their_names() {
        let check = |name: &str, expected: bool| assert_eq!(is_secret(Path::new(name)), expected, "{name}");
        for name in
            ["a/.env", ".env.production", "prod.env", "x.PEM", "id_rsa", "credentials", ".netrc", ".kube/config", "a.tfstate"]
        {
            check(name, true);
        }
        for name in [
            ".env.example",
            ".env.sample",
            "id_rsa.pub",
            "config",
            "environment",
            "a.rs",
            "fullchain.pem",
            "ca.key.example",
            ".envoy",
            "credentials.template.json",
        ] {
            check(name, false);
        }
    }
}
