//! Arguments of `stanch run` and `stanch inject`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;

use super::vault::Asking;
use crate::vault::name::Context;

/// Run a program with secrets of the vault, and keep them out of what it prints
///
/// Variables that hold references, such as `DB=stanch://shop/dev/DB`, get their values, for the program and nothing else. They come from the
/// environment and from `.env` in this folder, where the environment counts more. What the program prints has the values covered, as
/// they are, in base64, hexadecimal digits, URLs and JSON, and whatever else looks like a secret: a program that writes anything but text needs
/// `--no-filter`.
///
/// A value in the environment of a program can be read by other programs of the same user, and by all that it starts; `--deliver NAME=file`
/// hands it over in a file in memory instead, `--deliver NAME=fd:3` at a file descriptor.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: that of the program, 128 + n if signal n ended it; 127 there is no such program, 126 it cannot be executed, 125 it was not run or not all of its output was passed on, 2 usage."
)]
pub(in crate::cli) struct Run {
    /// Only secrets of this context are handed over; others are an error
    #[arg(short, long, value_name = "CONTEXT")]
    pub(in crate::cli) context: Option<Context>,
    /// Hand over all secrets of `--context`, in variables of their names
    #[arg(long, requires = "context")]
    pub(in crate::cli) all: bool,
    /// Read variables from this file; it counts more than the environment. May be repeated
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) env_file: Vec<PathBuf>,
    /// Do not read `.env` of this folder
    #[arg(long)]
    pub(in crate::cli) no_env_file: bool,
    /// Set a variable to a reference, as in DB=stanch://shop/dev/DB. May be repeated
    #[arg(long, value_name = "NAME=REFERENCE", value_parser = setting)]
    pub(in crate::cli) set: Vec<(String, String)>,
    /// How the value of a variable is handed over: `NAME=env`, `NAME=file` or `NAME=fd:N`. May be repeated
    #[arg(long, value_name = "NAME=HOW", value_parser = setting)]
    pub(in crate::cli) deliver: Vec<(String, String)>,
    /// Do not look at what the program prints: it takes the place of this process
    #[arg(long)]
    pub(in crate::cli) no_filter: bool,
    /// Say at the end how often something was covered
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
    /// The program and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(in crate::cli) command: Vec<OsString>,
}

/// Write a file with secrets of the vault in the place of references
///
/// In `.env`, YAML, JSON and TOML a value is written so that the file stays what it is; in a shell script inside its quotes; in any other text where
/// `{{ stanch://CONTEXT/NAME }}` stands. One reference without a value, and nothing is written. The file is for its owner alone.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Inject {
    /// The template; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) input: PathBuf,
    /// The file to write; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: PathBuf,
    /// What the template is, if its name does not say so
    #[arg(short, long, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<Form>,
    /// Only secrets of this context are written; others are an error
    #[arg(short, long, value_name = "CONTEXT")]
    pub(in crate::cli) context: Option<Context>,
    #[command(flatten)]
    pub(in crate::cli) asking: Asking,
}

/// What a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Form {
    /// NAME=value in lines
    Env,
    /// YAML
    Yaml,
    /// JSON
    Json,
    /// TOML
    Toml,
    /// A shell script
    Shell,
    /// Any other text
    Text,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it is written NAME=VALUE".to_owned()),
    }
}
