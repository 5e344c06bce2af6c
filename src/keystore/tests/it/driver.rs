//! Runs a part of a test in a process of its own: under another user, on another bus, to be killed.
//!
//! Start with [`Run`]. The process is this test program once more, told by its environment what to do.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a child is told, one word a line, and where it answers.
const ORDER: &str = "STANCH_TEST_ORDER";
const ANSWER: &str = "STANCH_TEST_ANSWER";

/// Does what a child is told, by the test it is told it in; true if this process is such a child.
pub(crate) fn obeyed(work: impl FnOnce(&[&str]) -> String) -> bool {
    let Ok(order) = std::env::var(ORDER) else { return false };
    let answer = work(&order.lines().collect::<Vec<_>>());
    fs::write(std::env::var_os(ANSWER).unwrap(), answer).unwrap();
    true
}

/// A home of its own, for children.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    user: Option<u32>,
}

/// A child to come.
pub(crate) struct Run<'a> {
    /// The test that calls [`obeyed`], with its module.
    pub(crate) test: &'a str,
    /// Programs that run it, as `dbus-run-session --`.
    pub(crate) under: &'a [&'a str],
    pub(crate) variables: &'a [(&'a str, &'a str)],
}

impl Home {
    /// Of the user who runs the tests.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), user: None }
    }

    /// Of a user with few rights; of this one if it has none to give away.
    pub(crate) fn of_nobody() -> Self {
        Self::of(65534)
    }

    /// The same, of the user with that number.
    pub(crate) fn of(user: u32) -> Self {
        let home = Self::new();
        if !rustix::process::geteuid().is_root() {
            return home;
        }
        std::os::unix::fs::chown(home.folder.path(), Some(user), Some(user)).unwrap();
        Self { user: Some(user), ..home }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The answer of a child, or the signal that ended it.
    pub(crate) fn run(&self, run: &Run<'_>, order: &[&str]) -> Result<String, i32> {
        let answer = self.path().join("answer");
        drop(fs::remove_file(&answer));
        let mut words: Vec<OsString> = Vec::new();
        if let Some(user) = self.user {
            words.extend([
                "setpriv".into(),
                format!("--reuid={user}").into(),
                format!("--regid={user}").into(),
                "--clear-groups".into(),
            ]);
        }
        words.extend(run.under.iter().map(Into::into));
        words.extend([self.program().into(), "--exact".into(), run.test.into(), "--nocapture".into()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(self.path()).stdin(Stdio::null());
        for name in
            ["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"]
        {
            command.env_remove(name);
        }
        let runtime = self.path().join("run");
        if !runtime.exists() {
            fs::create_dir(&runtime).unwrap();
            fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
            std::os::unix::fs::chown(&runtime, self.user, self.user).unwrap();
        }
        command.env("HOME", self.path()).env("XDG_RUNTIME_DIR", &runtime);
        command.env(ORDER, order.join("\n")).env(ANSWER, &answer).envs(run.variables.iter().copied());
        // Not a pipe: a daemon that was started along the way may outlive its bus and keep one open.
        let said = self.path().join("said");
        let file = fs::File::create(&said).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{words:?}: {e}; tests/run installs what is missing"));
        let status = child.wait().unwrap();
        let group = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
        // What is left of the group; mostly there is nothing.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        if let Some(signal) = status.signal() {
            return Err(signal);
        }
        let read = fs::read_to_string(&answer);
        Ok(read.unwrap_or_else(|e| panic!("{order:?}: {e}\n{}", String::from_utf8_lossy(&fs::read(&said).unwrap()))))
    }

    /// This program, where that user can run it.
    fn program(&self) -> PathBuf {
        let program = std::env::current_exe().unwrap();
        if self.user.is_none() {
            return program;
        }
        let copy = self.path().join("program");
        if !copy.exists() {
            fs::copy(program, &copy).unwrap();
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        }
        copy
    }
}

/// Byte `at` of a value that stands in no program: `1001`, `1002` and so on, 32 digits.
pub(crate) fn canary(at: usize) -> u8 {
    (1001 + at / 4).to_string().as_bytes()[at % 4]
}

/// How often the canary stands in the memory of this process that can be read, as a core file or a debugger would see it.
pub(crate) fn canaries() -> usize {
    use std::os::unix::fs::FileExt as _;
    let wanted: Vec<u8> = (0..32).map(|at| canary(at) ^ 0x80).collect();
    let memory = fs::File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        // A page at a time, with what a page needs of the next.
        for page in (from..to).step_by(4096) {
            let mut bytes = [0; 4096 + 31];
            let length = bytes.len().min((to - page) as usize);
            if memory.read_exact_at(&mut bytes[..length], page).is_ok() {
                let is_canary = |window: &&[u8]| window.iter().zip(&wanted).all(|(byte, other)| *byte == *other ^ 0x80);
                found += bytes[..length].windows(32).filter(is_canary).count();
                bytes.fill(0);
            }
        }
    }
    found
}
