//! Where this process runs, as far as it decides how a vault can be opened there, and what to say if it cannot.
//!
//! It must not look for itself: the caller gives the environment and says which files there are. Start with [`Place::of`].

use std::path::Path;

/// What a caller knows.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// A variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Is there such a file or socket?
    pub exists: &'a dyn Fn(&Path) -> bool,
    /// Of the kernel, as `/proc/sys/kernel/osrelease` has it.
    pub release: &'a str,
    /// Can somebody type into a terminal here?
    pub terminal: Terminal,
}

/// Can somebody type?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// Yes.
    There,
    /// No.
    None,
}

/// Of what sort a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Another user's rights, by `sudo`.
    Sudo,
    /// A container.
    Container,
    /// Linux under Windows.
    Wsl,
    /// A login from elsewhere.
    Ssh,
    /// A screen.
    Desktop,
    /// A machine without a screen.
    Headless,
}

/// Where a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Of what sort it is.
    pub sort: Sort,
    bus: bool,
    screen: bool,
    terminal: Terminal,
}

/// How a passphrase can be asked for, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// In the terminal.
    Terminal,
    /// In a window.
    Window,
    /// There is nobody.
    Nobody,
}

impl Place {
    /// By what is known.
    #[must_use]
    pub fn of(facts: &Facts<'_>) -> Self {
        let variable = |name: &str| (facts.variable)(name).filter(|value| !value.is_empty());
        let set = |name: &str| variable(name).is_some();
        let file = |path: &str| (facts.exists)(Path::new(path));
        let bus = set("DBUS_SESSION_BUS_ADDRESS")
            || variable("XDG_RUNTIME_DIR").is_some_and(|folder| (facts.exists)(&Path::new(&folder).join("bus")));
        let screen = set("WAYLAND_DISPLAY") || set("DISPLAY");
        let sort = if set("SUDO_USER") {
            Sort::Sudo
        } else if file("/.dockerenv") || file("/run/.containerenv") || set("container") || set("KUBERNETES_SERVICE_HOST") {
            Sort::Container
        } else if set("WSL_DISTRO_NAME") || facts.release.to_ascii_lowercase().contains("microsoft") {
            Sort::Wsl
        } else if set("SSH_CONNECTION") || set("SSH_TTY") {
            Sort::Ssh
        } else if screen {
            Sort::Desktop
        } else {
            Sort::Headless
        };
        Self { sort, bus, screen, terminal: facts.terminal }
    }

    /// May there be a keychain? What it says itself counts more.
    #[must_use]
    pub fn has_bus(self) -> bool {
        self.bus
    }

    /// How to ask for a passphrase.
    #[must_use]
    pub fn ask(self) -> Ask {
        match (self.terminal, self.screen) {
            (Terminal::There, _) => Ask::Terminal,
            (Terminal::None, true) => Ask::Window,
            (Terminal::None, false) => Ask::Nobody,
        }
    }

    /// Why there may be no keychain, in words.
    #[must_use]
    pub fn says(self) -> &'static str {
        self.row().0
    }

    /// What to do if the keychain does not open the vault here.
    #[must_use]
    pub fn way_out(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (&'static str, &'static str) {
        match (self.sort, self.bus) {
            (Sort::Sudo, _) => (
                "under sudo the keychain would be that of another user",
                "run it as yourself; to keep a vault of root's, give it a passphrase: `stanch vault init --passphrase`",
            ),
            (Sort::Container, false) => (
                "in a container there is no keychain",
                "open the vault with its passphrase, or hand the container what it needs: `stanch run -- docker run -e NAME …` outside",
            ),
            (Sort::Container, true) => {
                ("in a container the keychain is that of whoever gave it its D-Bus", "open the vault with its passphrase")
            }
            (Sort::Wsl, false) => (
                "under WSL there is no D-Bus session unless systemd runs",
                "open the vault with its passphrase, or set `systemd=true` in /etc/wsl.conf and install gnome-keyring",
            ),
            (Sort::Wsl, true) => (
                "under WSL a keychain has no collection until one is made",
                "open the vault with its passphrase, or make a default collection with `seahorse`",
            ),
            (Sort::Ssh, false) => (
                "this is an SSH session without a D-Bus session",
                "open the vault with its passphrase and let `stanch vault unlock` keep it open, or begin one with `dbus-run-session -- bash`",
            ),
            (Sort::Ssh, true) => (
                "over SSH nobody at the screen can unlock the keychain",
                "open the vault with its passphrase, or unlock the keychain first: `gnome-keyring-daemon --unlock`",
            ),
            (Sort::Desktop, false) => (
                "there is a screen and no D-Bus session",
                "log in anew, or begin one with `dbus-run-session`; the passphrase opens the vault meanwhile",
            ),
            (Sort::Desktop, true) => ("the keychain is that of the desktop", "unlock it, or open the vault with its passphrase"),
            (Sort::Headless, false) => (
                "this machine has no D-Bus session for a keychain",
                "open the vault with its passphrase and let `stanch vault unlock` keep it open for a while",
            ),
            (Sort::Headless, true) => (
                "there is a D-Bus session and no screen to unlock a keychain at",
                "open the vault with its passphrase, or unlock the keychain first: `gnome-keyring-daemon --unlock`",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Ask, Facts, Place, Sort, Terminal};

    /// Variables, files, release of the kernel.
    fn place(variables: &[(&str, &str)], files: &[&str], release: &str) -> Place {
        let variable = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
        let exists = |path: &Path| files.iter().any(|file| Path::new(file) == path);
        Place::of(&Facts { variable: &variable, exists: &exists, release, terminal: Terminal::None })
    }

    #[test]
    fn places_are_told_apart() {
        let check = |variables: &[(&str, &str)], files: &[&str], release: &str, expected: (Sort, bool, Ask)| {
            let found = place(variables, files, release);
            assert_eq!((found.sort, found.has_bus(), found.ask()), expected, "{variables:?} {files:?} {release}");
            assert!(!found.says().is_empty() && found.way_out().contains("passphrase"), "{found:?}");
        };
        let bus = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x");
        check(&[], &[], "6.1.0", (Sort::Headless, false, Ask::Nobody));
        check(&[bus], &[], "6.1.0", (Sort::Headless, true, Ask::Nobody));
        check(&[("DISPLAY", ":0"), bus], &[], "", (Sort::Desktop, true, Ask::Window));
        check(
            &[("WAYLAND_DISPLAY", "wayland-0"), ("XDG_RUNTIME_DIR", "/r")],
            &["/r/bus"],
            "",
            (Sort::Desktop, true, Ask::Window),
        );
        check(&[("WAYLAND_DISPLAY", "wayland-0"), ("XDG_RUNTIME_DIR", "/r")], &[], "", (Sort::Desktop, false, Ask::Window));
        check(&[("DISPLAY", "")], &[], "", (Sort::Headless, false, Ask::Nobody));
        check(&[("SSH_CONNECTION", "a 1 b 2")], &[], "", (Sort::Ssh, false, Ask::Nobody));
        check(&[("SSH_TTY", "/dev/pts/1"), ("DISPLAY", "localhost:10"), bus], &[], "", (Sort::Ssh, true, Ask::Window));
        check(&[], &["/.dockerenv"], "", (Sort::Container, false, Ask::Nobody));
        check(&[bus], &["/run/.containerenv"], "", (Sort::Container, true, Ask::Nobody));
        check(&[("container", "podman")], &[], "", (Sort::Container, false, Ask::Nobody));
        check(&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], &[], "", (Sort::Container, false, Ask::Nobody));
        check(&[], &[], "5.15.90.1-microsoft-standard-WSL2", (Sort::Wsl, false, Ask::Nobody));
        check(&[("WSL_DISTRO_NAME", "Debian"), bus], &[], "", (Sort::Wsl, true, Ask::Nobody));
        check(&[("SUDO_USER", "made-up"), ("SSH_TTY", "/dev/pts/1")], &[], "", (Sort::Sudo, false, Ask::Nobody));
    }

    #[test]
    fn a_terminal_is_asked_first() {
        let nothing = |_: &str| None;
        let display = |name: &str| (name == "DISPLAY").then(|| ":0".to_owned());
        for variable in [&nothing as &dyn Fn(&str) -> Option<String>, &display] {
            let facts = Facts { variable, exists: &|_| false, release: "", terminal: Terminal::There };
            assert_eq!(Place::of(&facts).ask(), Ask::Terminal);
        }
    }
}
