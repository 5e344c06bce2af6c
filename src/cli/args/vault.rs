//! Arguments of `stanch vault`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::base::date::Date;
use crate::vault::name::Context;

/// Keep secrets in an encrypted vault on this machine
///
/// The vault is opened by the keychain of the system, a passphrase or a recovery code; what is read from it is written into an audit log
/// first. It lies in the folder of STANCH_VAULT, or in ~/.local/share/stanch/vault.
///
/// A secret is called `stanch://CONTEXT/NAME`, `CONTEXT/NAME`, or NAME alone in the context of `--context`, of STANCH_CONTEXT or in
/// `default`. CONTEXT is `[organisation/]project[/environment]`. One of several values of a secret is `NAME#FIELD`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 done, 1 `check` found damage, 2 usage, or it could not be done.")]
pub(in crate::cli) struct Vault {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    Init(Init),
    Unlock(Unlock),
    /// Forget the key that `unlock` keeps
    Lock,
    Status(Status),
    Put(Put),
    Get(Get),
    List(List),
    Show(Show),
    EditMeta(EditMeta),
    Rm(Rm),
    History(Show),
    Stage(StageArgs),
    Import(Import),
    Wipe(Wipe),
    Check(Check),
    Key(Key),
}

/// Make a vault
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Init {
    /// What opens it: the keychain of the system where there is one, else a passphrase
    #[arg(long, value_name = "WITH")]
    pub(in crate::cli) with: Option<With>,
    /// Make no recovery code: when what opens the vault is lost, so is everything in it
    #[arg(long)]
    pub(in crate::cli) no_recovery_code: bool,
    /// Write the recovery code into a new file that only you can read, and not on the terminal
    #[arg(long, value_name = "FILE", conflicts_with = "no_recovery_code")]
    pub(in crate::cli) recovery_file: Option<PathBuf>,
    /// Write keyed hashes into the audit log instead of names
    #[arg(long)]
    pub(in crate::cli) hash_names: bool,
    /// Write the audit log into this folder, too
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) second_log: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

/// What opens a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum With {
    /// The keychain of the system
    Keychain,
    /// A passphrase
    Passphrase,
    /// Both, the keychain and a passphrase
    Both,
}

/// How a passphrase or a value is asked for.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::cli) struct Asking {
    /// Read the passphrase from a line of this open file descriptor, and a new one from the next
    #[arg(long, value_name = "FD")]
    pub(in crate::cli) passphrase_fd: Option<i32>,
    /// Ask in a window of this pinentry program [default without a terminal: pinentry]
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, default_missing_value = "pinentry", require_equals = true)]
    pub(in crate::cli) pinentry: Option<PathBuf>,
}

/// Keep the vault's key in the kernel for a while, so that commands do not ask
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Unlock {
    /// How long, such as `15m`, `8h`
    #[arg(long = "for", value_name = "TIME", default_value = "15m", value_parser = seconds)]
    pub(in crate::cli) time: u32,
    /// Open it by the recovery code
    #[arg(long)]
    pub(in crate::cli) recovery_code: bool,
    /// Open it by a passphrase although the keychain is the first way in
    #[arg(long, conflicts_with = "recovery_code")]
    pub(in crate::cli) passphrase: bool,
    /// Accept a vault that is older than the keychain says it was: a copy of it was put back
    #[arg(long)]
    pub(in crate::cli) accept_older: bool,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

/// Show where the vault is, what opens it, and whether it is open
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Status {
    /// As JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Which secret.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Named {
    /// `NAME`, `CONTEXT/NAME` or `stanch://CONTEXT/NAME`, and `#FIELD`
    #[arg(value_name = "SECRET")]
    pub(in crate::cli) secret: String,
    #[command(flatten)]
    pub(in crate::cli) within: Within,
}

/// In which context.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Within {
    /// Context of a name that says none
    #[arg(short, long, value_name = "CONTEXT")]
    pub(in crate::cli) context: Option<Context>,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

/// Put a secret in, or another version of one: asked for in the terminal, or read from standard input
///
/// Of what is read from a pipe, the line feed at the end of one line is left out; several lines stay as they are. A value is never taken from
/// the command line.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Put {
    #[command(flatten)]
    pub(in crate::cli) named: Named,
    /// Read the value from this open file descriptor
    #[arg(long, value_name = "FD")]
    pub(in crate::cli) from_fd: Option<i32>,
    /// Fail if there is one already
    #[arg(long)]
    pub(in crate::cli) new: bool,
    /// Keep it beside the current version until `vault stage SECRET N current`
    #[arg(long)]
    pub(in crate::cli) pending: bool,
    #[command(flatten)]
    pub(in crate::cli) about: About,
}

/// What is said of a secret.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct About {
    /// What it opens, such as an address
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) opens: Option<String>,
    /// What whoever has it can do
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) enables: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) owner: Option<String>,
    /// When it ends, such as 2027-01-31
    #[arg(long, value_name = "DATE", value_parser = |text: &str| Date::parse(text).ok_or("a date is written like 2027-01-31"))]
    pub(in crate::cli) expires: Option<Date>,
    /// How often it is to be replaced
    #[arg(long, value_name = "CLASS")]
    pub(in crate::cli) rotation: Option<Rotation>,
    /// Where it came from
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) source: Option<String>,
    /// Anything else, as KEY=VALUE; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(in crate::cli) tag: Vec<(String, String)>,
}

/// How often a secret is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Rotation {
    /// Every 7 days
    Critical,
    /// Every 30 days
    High,
    /// Every 90 days
    Standard,
    /// Never by itself
    Manual,
}

/// Write the value of a secret to standard output
///
/// On a terminal it asks first; into a pipe or a file it needs `--reveal`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Get {
    #[command(flatten)]
    pub(in crate::cli) named: Named,
    /// Do not ask
    #[arg(long)]
    pub(in crate::cli) reveal: bool,
    #[command(flatten)]
    pub(in crate::cli) which: Which,
}

/// Which version.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(in crate::cli) struct Which {
    /// The version with this number
    #[arg(long = "version", value_name = "N")]
    pub(in crate::cli) number: Option<u64>,
    /// The version before the current one
    #[arg(long)]
    pub(in crate::cli) previous: bool,
    /// The version that is not used yet
    #[arg(long)]
    pub(in crate::cli) pending: bool,
}

/// List secrets, without their values
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    /// Of this context alone
    #[arg(short, long, value_name = "CONTEXT")]
    pub(in crate::cli) context: Option<Context>,
    /// As JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

/// Show what is said of a secret, and its versions, without its values
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    pub(in crate::cli) named: Named,
    /// As JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Change what is said of a secret; an empty text takes it away
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct EditMeta {
    #[command(flatten)]
    pub(in crate::cli) named: Named,
    #[command(flatten)]
    pub(in crate::cli) about: About,
}

/// Remove a secret with all of its versions
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Rm {
    #[command(flatten)]
    pub(in crate::cli) named: Named,
    /// Do not ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
}

/// Make a version the current one, or the pending one
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct StageArgs {
    #[command(flatten)]
    pub(in crate::cli) named: Named,
    /// The number of the version
    pub(in crate::cli) number: u64,
    /// What it becomes
    pub(in crate::cli) stage: StageName,
}

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StageName {
    /// The one that is used
    Current,
    /// Not used yet
    Pending,
}

/// Put the secrets of a file of another tool in: .env, AWS credentials, .netrc, kubeconfig, exports of 1Password, Bitwarden, KeePass
///
/// It says what it found, names only, and asks. The values in a `.env` file become references, once they were read back from the vault:
/// `stanch run -- COMMAND` gives a program what they stand for.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Import {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// What it is, if that cannot be told: dotenv, aws, netrc, kubeconfig, 1pux, bitwarden, json, yaml and others
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) from: Option<String>,
    /// The context that they go into
    #[arg(short, long, value_name = "CONTEXT")]
    pub(in crate::cli) context: Option<Context>,
    /// Make another version of a secret that is there already, instead of refusing
    #[arg(long)]
    pub(in crate::cli) replace: bool,
    /// Leave a `.env` file as it is
    #[arg(long)]
    pub(in crate::cli) keep: bool,
    /// Overwrite and remove the file, or, of a `.env` file, what was replaced
    #[arg(long, conflicts_with = "keep")]
    pub(in crate::cli) shred: bool,
    /// Only say what would be imported
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

/// Make a context, or the whole vault, unreadable by forgetting its key
///
/// What is on the disk is left without a key and then removed. A disk may keep old blocks: no claim is made that they are gone, only that
/// nothing opens them.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Wipe {
    /// The context
    #[arg(value_name = "CONTEXT", required_unless_present = "everything")]
    pub(in crate::cli) context: Option<Context>,
    /// The whole vault, with its audit log
    #[arg(long, conflicts_with = "context")]
    pub(in crate::cli) everything: bool,
    /// Only say what would be wiped
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

/// Read and open everything, and tell what is wrong
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

/// What opens the vault
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Key {
    #[command(subcommand)]
    pub(in crate::cli) command: KeyCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum KeyCommand {
    /// List the ways into the vault
    List,
    /// Add a way into the vault
    Add {
        /// What it is
        with: Added,
        /// Write the recovery code into a new file that only you can read, and not on the terminal
        #[arg(long, value_name = "FILE")]
        recovery_file: Option<PathBuf>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Remove a way into the vault; the last one stays
    Remove {
        /// Its number
        number: u32,
        #[command(flatten)]
        asking: Asking,
    },
    /// Change the passphrase
    Passphrase {
        #[command(flatten)]
        asking: Asking,
    },
    /// Move the vault's key to another keychain or to a passphrase: the new way is tried before the old one is removed
    Migrate {
        /// To what
        to: With,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        asking: Asking,
    },
}

/// A way into the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Added {
    /// The keychain of the system
    Keychain,
    /// A passphrase
    Passphrase,
    /// Both, the keychain and a passphrase
    Both,
    /// A recovery code
    RecoveryCode,
}

/// Seconds of a time such as `15m`.
fn seconds(text: &str) -> Result<u32, String> {
    let wrong = || "a time is a number and s, m, h or d, such as 15m; at most 7d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| (1..=7 * 86400).contains(seconds)).ok_or_else(wrong)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a tag is written KEY=VALUE")?;
    if key.is_empty() { Err("a tag is written KEY=VALUE".to_owned()) } else { Ok((key.to_owned(), value.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times() {
        for (text, expected) in [("15m", 900), ("1s", 1), ("8h", 28_800), ("7d", 604_800)] {
            assert_eq!(seconds(text), Ok(expected));
        }
        for wrong in ["", "m", "15", "0s", "8d", "-1m", "99999999999h", "1 h", "ä"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
