//! `stanch rules import`: rules of another scanner as a rule file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::exit::{self, hinted};
use super::{args, output};
use crate::base::text::sanitise;
use crate::scan::rule::import::{self, Converted, Format, Source};

/// Larger files are no configuration.
const MOST: u64 = 16_000_000;
/// So many rules that were left out are named in the last line.
const NAMED: usize = 8;
/// So many files extend each other at most.
const DEPTH: usize = 2;

pub(super) fn run(args: &args::Import) -> anyhow::Result<ExitCode> {
    let converted = file(&args.file, args.from.map(Into::into), args.base.as_deref())?;
    output::check(args.output.as_deref())?;
    say(&args.file, &converted);
    if converted.rules == 0 {
        return Err(exit::incomplete(format!("no rule of {} could be converted", args.file.display()), "nothing was written"));
    }
    output::write(args.output.as_deref(), |out| out.write_all(converted.text.as_bytes()))?;
    Ok(ExitCode::from(if converted.left.is_empty() { exit::CLEAN } else { exit::INCOMPLETE }))
}

/// Converts a file, of the format given or of the one it has.
pub(super) fn file(path: &Path, format: Option<Format>, base: Option<&Path>) -> anyhow::Result<Converted> {
    let text = read(path)?;
    let name = path.display().to_string();
    let Some(format) = format.or_else(|| import::recognise(&name, &text)) else {
        if let Some(broken) = import::broken(&name, &text) {
            return Err(hinted(broken.to_string(), "mend the file, and import it again"));
        }
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.word()).collect();
        return Err(hinted(
            format!("{name} is in no format of rules that is known"),
            format!("known are those of {}; say which with `--from`", known.join(", ")),
        ));
    };
    let bases = bases(path, (format, &text), base)?;
    Ok(import::convert(format, Source { path: &name, text: &text, bases: &bases })?)
}

/// The files that a file extends, the nearest first: those it names, then the default configuration, if there is one.
fn bases(path: &Path, (format, text): (Format, &str), default: Option<&Path>) -> anyhow::Result<Vec<(String, String)>> {
    let mut bases: Vec<(String, String)> = Vec::new();
    let folder = path.parent().unwrap_or(Path::new(""));
    while bases.len() < DEPTH {
        let last = bases.last().map_or(text, |(_, text)| text);
        let Some(named) = import::extends(format, last) else { break };
        // Relative to the current folder there; people mean the folder of the file as often.
        let Some(found) = [PathBuf::from(&named), folder.join(&named)].into_iter().find(|path| path.is_file()) else { break };
        bases.push((found.display().to_string(), read(&found)?));
    }
    if let Some(default) = default
        && bases.len() < DEPTH
    {
        bases.push((default.display().to_string(), read(default)?));
    }
    Ok(bases)
}

/// A whole file as text.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let cannot = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes)).with_context(cannot)?;
    if bytes.len() as u64 > MOST {
        return Err(hinted(
            format!("{} is larger than {} MB", path.display(), MOST / 1_000_000),
            "no configuration is that large",
        ));
    }
    String::from_utf8(bytes).map_err(|_| hinted(format!("{} is not UTF-8", path.display()), "a configuration is UTF-8 text"))
}

/// What was converted and what was not.
#[expect(clippy::print_stderr, reason = "talk about a conversion")]
pub(super) fn say(path: &Path, converted: &Converted) {
    let clean = |text: &str| sanitise(text.as_bytes()).into_owned();
    for left in &converted.left {
        eprintln!("left out: {}", clean(&left.to_string()));
    }
    for note in &converted.notes {
        eprintln!("note: {}", clean(note));
    }
    let (rules, left) = (converted.rules, converted.left.len());
    let s = if rules == 1 { "" } else { "s" };
    let names = names(&converted.left);
    eprintln!("{rules} rule{s} of {} converted, {left} left out{}", clean(&path.display().to_string()), clean(&names));
}

/// The rules of what was left out, each once and no more than a few.
fn names(left: &[import::Left]) -> String {
    let mut names: Vec<&str> = left.iter().filter_map(|left| left.rule.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", names.join(", ")),
        (false, more) => format!(": {} and {more} more", names.join(", ")),
    }
}
