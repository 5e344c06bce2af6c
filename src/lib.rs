//! stanch: find leaked secrets, kill them, replace them, keep the new ones out of reach.
//!
//! This page is the map. The binary is [`cli::main`] and nothing else; everything behind it is here.
//!
//! # Modules
//!
//! | module | rank | may import | what it is |
//! |---|---|---|---|
//! | [`base`] | 0 | nothing of ours | [`base::secret::Secret`], safe text for terminals, atomic files and sealed ones, hashes, dates, how the heap grows |
//! | [`scan`] | 1 | base | finds secrets in bytes; knows no vault and no network |
//! | [`hook`] | 1 | base | git's hooks: where they lie, who calls them, how ours gets in and out again |
//! | [`report`] | 2 | base, scan | findings to bytes, pure: human, HTML, JSON, JSON lines, SARIF, JUnit, CSV, Markdown, for GitLab and GitHub, a plan to rewrite history |
//! | [`keystore`] | 1 | base | where the key that opens a vault lives: passphrase, recovery code, keychain, the kernel for a while |
//! | [`audit`] | 2 | base, keystore | what is done with secrets, written down before: chained, signed, verified by anybody |
//! | [`vault`] | 3 | base, keystore, audit | sealed records; `src/vault/FORMAT.md` is the format |
//! | [`exec`] | 4 | base, scan, audit, vault | references to secrets in texts and environments; programs that are given them, whose output is filtered |
//! | [`cli`] | 7 | everything | the only place that reads arguments, prints, exits; one file per command |
//!
//! Inside [`keystore`]: [`keystore::slots`] is the file with the ways in, [`keystore::os`] the keychain, [`keystore::session`] the kernel's keyring,
//! [`keystore::migrate`] moves a vault from one to another. Inside [`audit`]: [`audit::log`] writes, [`audit::verify`] is pure, [`audit::read`] reads. Inside [`vault`]:
//! [`vault::Vault`] takes a receipt of the log for everything; [`vault::import`] reads files of other tools. Inside [`exec`]: [`exec::reference`], [`exec::template`],
//! [`exec::environment`], [`exec::child`].
//!
//! Inside [`scan`]:
//!
//! - [`scan::rule`]: rules as data. `rules/*.toml` are compiled into the binary; `rules/README.md` is the format.
//! - [`scan::rule::pack`]: the rules of one version as files; which rules a run uses is decided in [`scan::rule::select`].
//! - [`scan::rule::import`]: rules of other scanners become ours; what cannot is named.
//! - [`scan::engine`]: bytes to matches. Start with [`scan::engine::Engine::scan`]; immutable, shared by all threads, cannot fail.
//! - [`scan::engine::carry`]: scans a text made from another one for what is new in it, as git keeps the versions of a file.
//! - [`scan::source`]: files, streams, standard input, git objects, the texts beside them, index, work tree and ranges ([`scan::source::git`], which
//!   keeps verdicts between scans); turns matches into findings.
//! - [`scan::engine::encoded`]: texts that a text holds in another form, such as base64 or escapes, and where they stand.
//! - [`scan::expand`]: looks inside archives, notebooks, PDF files, databases and mails, within limits.
//! - [`scan::filter`]: a stream goes in, and comes out without secrets, as soon as that can be said.
//! - [`scan::known`]: secrets that are known, such as those of a run, which the filter finds in any form.
//! - [`scan::suppress`], [`scan::project`], [`scan::fingerprint`]: what is silenced (comments, entries, baselines; decided in
//!   [`scan::suppress::Suppressions::decide`]), `stanch.toml`, who a secret is.
//! - [`scan::finding`], [`scan::issues`], [`scan::blob`]: the plain types all of them share.
//!
//! # How a scan goes
//!
//! Command lines of other scanners are spelled our way first ([`cli`], `compat.rs`). `cli::scan` parses arguments into a plan, builds the [`scan::engine::Engine`], and hands paths to [`scan::source::files::scan`].
//! Threads list folders and read files into reused buffers; each buffer goes through the engine; matches go to the
//! [`scan::source::collect::Collector`], what could not be read to [`scan::issues::Issues`]. The sorted [`scan::finding::Scan`] is all
//! that [`report::write`] sees. `cli::ci` chooses what is scanned by the event that started a CI job.
//!
//! `stanch filter` reads, waits and writes in `cli::filter`; what may go, and what stands in the place of a secret, is decided by
//! [`scan::filter::Filter`], for which every end of input, every pause and every piece is one call.
//!
//! `stanch doctor` proves all of that where it is set up: `cli::doctor` copies a repository into a scratch folder, plants a made-up token there, and
//! runs what would look for it.
//!
//! A command of the vault opens it in `cli::vault::open`: by the kernel's session, or else by the first slot; `Opened::act` writes an intent into the audit log, does what the
//! receipt is for, and writes how it ended. `stanch run` hands values to [`exec::child`], whose output goes through [`scan::filter`] with them as [`scan::known`].
//!
//! # Invariants (each has a test)
//!
//! 1. `scan` reaches neither a vault nor the network.
//! 2. Engine and reports are pure: no IO, no clock (time is an argument), no globals.
//! 3. Only `cli` prints, exits or reads arguments.
//! 4. [`base::secret::Secret::expose`] is the only way out of a `Secret`; its call sites are listed in `testdata/golden/expose.txt`.
//! 5. A scan with an unread input never exits 0. What was not read is an issue, counted and listed.
//! 6. The engine finds the same on every processor, and the same in windows as in one piece.
//! 7. No receipt, no secret: what a [`vault::Vault`] gives consumes an [`audit::Receipt`], which only [`audit::log::Log`] makes, once the intent is on disk.
//! 8. Every printed or stored format carries a version; another version is refused clearly.

pub mod cli;
pub mod hook;
pub mod report;

pub use stanch_audit as audit;
pub use stanch_base as base;
pub use stanch_exec as exec;
pub use stanch_keystore as keystore;
pub use stanch_scan as scan;
pub use stanch_vault as vault;
