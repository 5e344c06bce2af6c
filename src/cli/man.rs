//! `stanch man`: manual pages, from the definitions that the command line is read with. Start with [`run`].

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::exit::hinted;
use super::{args, output};
use crate::base::fs;

pub(super) fn run(args: &args::Man) -> anyhow::Result<ExitCode> {
    // Without the command `help`, which would have a page for each command again.
    let mut all = args::Cli::command().disable_help_subcommand(true);
    all.build();
    let command = named(&all, &args.command)?;
    match &args.out {
        Some(folder) => write_all(command, &all, folder)?,
        None => {
            let page = page(command, &all)?;
            output::write(None, |out| out.write_all(&page))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The command of these words.
fn named<'c>(all: &'c Command, words: &[String]) -> anyhow::Result<&'c Command> {
    let mut command = all;
    for word in words.iter().flat_map(|words| words.split_whitespace()) {
        command = command.find_subcommand(word).ok_or_else(|| {
            let whole = command.get_bin_name().unwrap_or("stanch");
            hinted(format!("`{whole}` has no command `{word}`"), format!("`{whole} --help` lists what there is"))
        })?;
    }
    Ok(command)
}

/// Writes the page of a command and of those below it.
fn write_all(command: &Command, all: &Command, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|e| hinted(format!("cannot make {}: {e}", folder.display()), "name a folder that can be written"))?;
    let mut waiting = vec![command];
    while let Some(command) = waiting.pop() {
        fs::write_atomic(&folder.join(format!("{}.1", name(command))), &page(command, all)?)?;
        waiting.extend(below(command));
    }
    Ok(())
}

fn below(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set())
}

/// The name of a page: `stanch-hook-install`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, all: &Command) -> io::Result<Vec<u8>> {
    let source = format!("stanch {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).title(name(command).to_uppercase()).source(source).manual("Manual of stanch");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if below(command).next().is_some() {
        man.render_subcommands_section(&mut page)?;
    }
    exit_status(command, all).to_writer(&mut page)?;
    if let Some(version) = command.get_long_version() {
        let mut roff = Roff::new();
        roff.control("SH", ["VERSION"]).text([roman(version)]);
        roff.to_writer(&mut page)?;
    }
    see_also(command, all).to_writer(&mut page)?;
    Ok(page)
}

/// What the exit codes mean: as the help of the command says it, or that of stanch.
fn exit_status(command: &Command, all: &Command) -> Roff {
    let said = command.get_after_help().or_else(|| all.get_after_help()).map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    let mut codes: Vec<(&str, String)> = Vec::new();
    for part in said.trim_start_matches("Exit codes: ").trim_end_matches('.').split(", ") {
        match (part.split_once(' '), codes.last_mut()) {
            (Some((number, meaning)), _) if number.bytes().all(|b| b.is_ascii_digit()) => {
                codes.push((number, meaning.to_owned()))
            }
            (_, Some((_, meaning))) => *meaning = format!("{meaning}, {part}"),
            (_, None) => {}
        }
    }
    for (number, meaning) in codes {
        roff.control("TP", []).text([bold(number)]).text([roman(meaning)]);
    }
    roff
}

/// The pages of the command above, or of all commands.
fn see_also(command: &Command, all: &Command) -> Roff {
    let words = command.get_bin_name().and_then(|words| words.rsplit_once(' '));
    let mut names: Vec<String> = match words {
        Some((above, _)) => vec![above.replace(' ', "-")],
        None => below(all).map(|command| name(command).to_owned()).collect(),
    };
    names.sort_unstable();
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let last = names.len().saturating_sub(1);
    for (at, name) in names.into_iter().enumerate() {
        roff.text([bold(name), roman(if at == last { "(1)" } else { "(1)," })]);
    }
    roff
}
