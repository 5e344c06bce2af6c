//! Arguments of the commands that tell how stanch itself is used: `stanch completions` and `stanch man`.

use std::path::PathBuf;

use clap_complete::Shell;

/// Print completions of commands and flags for a shell
///
/// bash: put them into ~/.local/share/bash-completion/completions/stanch. zsh: into a file `_stanch` in a folder of `$fpath`. fish: into
/// ~/.config/fish/completions/stanch.fish.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Completions {
    /// The shell
    pub(in crate::cli) shell: Shell,
}

/// Print the manual page of a command, or write all pages to a folder
///
/// `stanch man scan | man -l -` shows a page.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Man {
    /// A command, such as `scan` or `hook install`; stanch itself without one
    #[arg(value_name = "COMMAND")]
    pub(in crate::cli) command: Vec<String>,
    /// Write the page, and those of the commands below it, to files in this folder, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
}
