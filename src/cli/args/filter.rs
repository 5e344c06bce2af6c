//! Arguments of `stanch filter`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{RuleChoice, Sureness};

/// Take secrets out of a stream, such as a log, as it passes: `app 2>&1 | stanch filter`
///
/// What comes in on standard input goes out on standard output at once, line by line, with covers in the place of secrets. A line that has not
/// ended is held back from where a secret may have begun, and a private key until all of it is there. Memory stays the same whatever comes,
/// and codes that colour a terminal stay where they are.
///
/// The values of the headers Authorization, Proxy-Authorization, Cookie and Set-Cookie and those in the queries of URLs are always
/// taken out. Neither stanch.toml nor comments in the stream are obeyed: whoever writes into a log cannot say what stays in it.
///
/// It ends when its input does. After SIGTERM, SIGINT or SIGHUP it takes what still comes, until there is nothing for a second, five seconds
/// long at most; a second signal ends it at once. Lines of JSON stay valid up to 96 KiB.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 everything was filtered, 2 usage or configuration, 3 something could not be read, judged or written."
)]
pub(in crate::cli) struct Filter {
    /// Files are not read: what is typed by habit is answered.
    #[arg(hide = true)]
    pub(in crate::cli) named: Vec<PathBuf>,
    /// What becomes of a secret
    #[arg(long, value_name = "MODE", default_value = "mask")]
    pub(in crate::cli) mode: Mode,
    /// The key of `--mode hash`: a file of 16 bytes and more, such as `openssl rand 32` writes. Without it a value has the same hash within
    /// this run only
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) key_file: Option<PathBuf>,
    /// Take out the value of this header or field, too, whatever it is
    #[arg(long = "field", value_name = "NAME", value_delimiter = ',')]
    pub(in crate::cli) fields: Vec<String>,
    /// Leave this parameter in the queries of URLs, unless its value is found to be a secret; `*` leaves all
    #[arg(long = "keep-query", value_name = "NAME", value_delimiter = ',')]
    pub(in crate::cli) keep: Vec<String>,
    /// Take out what is found with at least this confidence
    #[arg(long, value_name = "CONFIDENCE", default_value = "low")]
    pub(in crate::cli) min_confidence: Sureness,
    /// Write how many places were replaced, by rule, to a file when the stream ends: JSON without values; `-` is standard error
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) report: Option<PathBuf>,
    /// Leave out what could not be judged instead of passing it on: a line says how many bytes
    #[arg(long)]
    pub(in crate::cli) fail_closed: bool,
    /// Lines end with a zero byte instead of a line feed: each is a record of its own, whatever it holds
    #[arg(short = 'z', long)]
    pub(in crate::cli) null_data: bool,
    /// Do not say at the end what was replaced
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
}

/// What becomes of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Mode {
    /// Eight asterisks stand in its place, behind what all values of its format begin with
    Mask,
    /// Its rule and a keyed hash, the same wherever the value stands
    Hash,
    /// Its rule
    Tag,
    /// The line is left out
    DropLine,
}
