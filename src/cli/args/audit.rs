//! Arguments of `stanch audit`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::vault::{Asking, Within};
use crate::base::date::Date;

/// Read and verify the audit log of the vault
///
/// The log is chained and signed: a record that was edited, removed, added or moved is found, and so is an end that is missing, where the
/// vault's keychain or a second copy tells what came last. Verifying needs no key: `--log` names a folder, `--public-key` the key that
/// `vault init` printed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 it verifies, or was shown, 1 something is wrong with it, 2 usage, or it could not be read."
)]
pub(in crate::cli) struct Audit {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    Verify(Verify),
    Show(Show),
    Tail(Tail),
    Access(Access),
    Export(Export),
    Prune(Prune),
}

/// Where a log is.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Place {
    /// The folder of a log, if it is not that of the vault
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) log: Option<PathBuf>,
}

/// Tell whether the log is whole and as it was written
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Verify {
    #[command(flatten)]
    pub(in crate::cli) place: Place,
    /// The key that `vault init` printed
    #[arg(long, value_name = "HEX")]
    pub(in crate::cli) public_key: Option<String>,
    /// A record that was there, as `verify` prints the last one: NUMBER:HASH; may be repeated
    #[arg(long, value_name = "NUMBER:HASH")]
    pub(in crate::cli) anchor: Vec<String>,
    /// Another copy to compare it with
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) second: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Which records.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Chosen {
    #[command(flatten)]
    pub(in crate::cli) place: Place,
    /// What was done, such as `get`, `run`, `put`
    #[arg(long, value_name = "VERB")]
    pub(in crate::cli) verb: Option<String>,
    /// To what: CONTEXT/NAME, or CONTEXT
    #[arg(long, value_name = "OBJECT")]
    pub(in crate::cli) object: Option<String>,
    /// From this day on (UTC), such as 2026-11-01
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(in crate::cli) since: Option<Date>,
    /// Before this day (UTC)
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(in crate::cli) until: Option<Date>,
}

/// Print records, oldest first
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    pub(in crate::cli) chosen: Chosen,
}

/// Print the last records
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Tail {
    #[command(flatten)]
    pub(in crate::cli) chosen: Chosen,
    /// How many
    #[arg(short, long, value_name = "N", default_value_t = 20)]
    pub(in crate::cli) number: usize,
}

/// Show who used a secret, when and how often
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Access {
    /// `NAME`, `CONTEXT/NAME` or `stanch://CONTEXT/NAME`
    #[arg(value_name = "SECRET")]
    pub(in crate::cli) secret: String,
    #[command(flatten)]
    pub(in crate::cli) within: Within,
    /// As JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Write records for another program
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    pub(in crate::cli) chosen: Chosen,
    /// The form
    #[arg(short, long, value_name = "FORMAT", default_value = "json")]
    pub(in crate::cli) format: Form,
    /// Write to a file
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

/// A form of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Form {
    /// One JSON list
    Json,
    /// Common Event Format, an event a line
    Cef,
    /// Open Cybersecurity Schema Framework, an event a line
    Ocsf,
}

/// Remove old records; their days still verify
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Prune {
    /// Keep so many days
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=36_500))]
    pub(in crate::cli) keep: u64,
    /// Only say what would be removed
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

fn day(text: &str) -> Result<Date, &'static str> {
    Date::parse(text).ok_or("a date is written like 2026-11-01")
}
