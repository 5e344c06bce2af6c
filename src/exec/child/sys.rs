//! What the standard library has no call for: signals with their senders, and what happens between fork and exec.
//!
//! It must not decide anything. Between fork and exec only calls are made that are safe in a signal handler, and nothing is allocated.

#![expect(unsafe_code, reason = "signal handlers, and what runs between fork and exec")]

use std::io;
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use libc::{c_int, siginfo_t};
use signal_hook_registry::SigId;

/// What a program gets besides its standard streams, before it starts.
#[derive(Debug, Clone, Default)]
pub(super) struct Setup {
    /// Open files that get a number: which, and as which.
    pub(super) numbered: Vec<(RawFd, RawFd)>,
    /// The soft limit of core files.
    pub(super) core: Option<u64>,
    /// Its standard input is the terminal of a session of its own.
    pub(super) session: bool,
}

/// Tells `to` of a signal whenever it comes: its number, and whether the kernel sent it, as for a key of the terminal.
pub(super) fn watch(signal: c_int, to: RawFd) -> io::Result<SigId> {
    let tell = move |info: &siginfo_t| {
        let told = [signal as u8, u8::from(info.si_code > 0)];
        // SAFETY: `send` and `__errno_location` may be called in a handler; the bytes are on the stack. The socket is open as long as this
        // is registered. If it is full, who reads it wakes up anyway.
        unsafe {
            let errno = libc::__errno_location();
            let before = *errno;
            libc::send(to, told.as_ptr().cast(), told.len(), libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL);
            *errno = before;
        }
    };
    // SAFETY: the handler makes only calls that are safe in one, and cannot panic.
    unsafe { signal_hook_registry::register_sigaction(signal, tell) }
}

/// Is a signal ignored, as `nohup` and shells without job control have it?
pub(super) fn is_ignored(signal: c_int) -> bool {
    // SAFETY: zeroes are a valid value; the call only writes to it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// No signal is handled by this thread.
pub(super) fn block_signals() {
    // SAFETY: the set is filled before it is used.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
    }
}

/// Stops this process, or (0) all of its group, as Ctrl-Z does, until somebody continues it. A group that nobody would continue goes on.
pub(super) fn stop(whom: libc::pid_t) {
    // SAFETY: plain calls; the old action is put back.
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(libc::SIGTSTP, &raw const default, &raw mut old);
        libc::kill(if whom == 0 { 0 } else { libc::getpid() }, libc::SIGTSTP);
        libc::sigaction(libc::SIGTSTP, &raw const old, std::ptr::null_mut());
    }
}

/// Ends this process as the signal does, without a core file. Returns only where the signal does not end it.
pub(super) fn die_by(signal: c_int) {
    // SAFETY: plain calls; all structures are filled before they are used.
    unsafe {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        reset(signal);
        libc::kill(libc::getpid(), signal);
    }
}

/// The usual action of a signal, which is let through.
///
/// # Safety
/// None beyond that of the calls, which may be made anywhere.
unsafe fn reset(signal: c_int) {
    // SAFETY: as the caller says.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &raw const default, std::ptr::null_mut());
        let mut one: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut one);
        libc::sigaddset(&raw mut one, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const one, std::ptr::null_mut());
    }
}

/// Has `command` do what `setup` says when it starts.
pub(super) fn prepare(command: &mut Command, setup: Setup) {
    let before = move || {
        // SAFETY: only calls that are safe between fork and exec; nothing is allocated: `setup` was made before.
        unsafe {
            if setup.session {
                session()?;
            }
            for (file, number) in &setup.numbered {
                let done = if file == number { libc::fcntl(*file, libc::F_SETFD, 0) } else { libc::dup2(*file, *number) };
                if done < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            if let Some(soft) = setup.core {
                let mut limit: libc::rlimit = std::mem::zeroed();
                libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit);
                limit.rlim_cur = soft.min(limit.rlim_max);
                libc::setrlimit(libc::RLIMIT_CORE, &raw const limit);
            }
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { command.pre_exec(before) };
}

/// Makes a session with standard input as its terminal, and the program a job in it: this process stays and watches it, so that it can be
/// stopped, for who leads a session cannot be. Returns in the program's process.
///
/// # Safety
/// Between fork and exec.
unsafe fn session() -> io::Result<()> {
    // SAFETY: as the caller says; the sets are filled before they are used.
    unsafe {
        if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
            return Err(io::Error::last_os_error());
        }
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const all, &raw mut before);
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                libc::setpgid(0, 0);
                libc::tcsetpgrp(0, libc::getpid());
                libc::sigprocmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
                Ok(())
            }
            child => watch_job(child, &all),
        }
    }
}

/// Watches a job until it ends, passes signals on to it, stops when it stops, and ends as it ends.
///
/// # Safety
/// Between fork and exec, with all signals blocked.
unsafe fn watch_job(child: libc::pid_t, all: &libc::sigset_t) -> ! {
    // SAFETY: as the caller says.
    unsafe {
        libc::setpgid(child, child);
        // Who waits for the program to start, or for its output to end, must not wait for us.
        if libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) != 0 {
            (0..1024).for_each(|file| {
                libc::close(file);
            });
        }
        loop {
            let mut signal: c_int = 0;
            if libc::sigwait(all, &raw mut signal) != 0 {
                continue;
            }
            match signal {
                libc::SIGCHLD => reap(child),
                libc::SIGCONT => {
                    libc::kill(-child, libc::SIGCONT);
                }
                libc::SIGWINCH | libc::SIGTTOU | libc::SIGTTIN => {}
                other => {
                    libc::kill(child, other);
                }
            }
        }
    }
}

/// # Safety
/// As that of [`watch_job`].
unsafe fn reap(child: libc::pid_t) {
    // SAFETY: as the caller says.
    unsafe {
        let mut status: c_int = 0;
        while libc::waitpid(child, &raw mut status, libc::WNOHANG | libc::WUNTRACED) == child {
            if libc::WIFSTOPPED(status) {
                libc::kill(libc::getpid(), libc::SIGSTOP);
            } else if libc::WIFSIGNALED(status) {
                die_by(libc::WTERMSIG(status));
                libc::_exit(128 + libc::WTERMSIG(status));
            } else if libc::WIFEXITED(status) {
                libc::_exit(libc::WEXITSTATUS(status));
            }
        }
    }
}
