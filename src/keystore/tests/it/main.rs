//! The keystore against the real things: GNOME Keyring over D-Bus, the keyring of the kernel, pinentry on a terminal, `kill -9`.
//!
//! A server or program that is missing fails its test. Start with `driver`.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod crash;
mod disks;
mod driver;
mod keychain;
mod pinentry;
mod session;
