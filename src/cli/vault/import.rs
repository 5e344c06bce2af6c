//! `stanch vault import`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::super::args::vault::Import as Args;
use super::super::clock;
use super::super::exit::hinted;
use super::ask::Asker;
use super::open::{Opened, open};
use super::{default_context, say};
use crate::audit::Verb;
use crate::base::crypto::{random, same};
use crate::base::fs::write_atomic;
use crate::base::secret::Secret;
use crate::base::shred::{self, Seen};
use crate::base::text::hex;
use crate::vault::import::{self, Error, Format, Found, Import, LARGEST, Moved, Options};
use crate::vault::name::Context as Where;
use crate::vault::record::{About, Stage};
use crate::vault::{Existing, Put, Which, object};

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let context = args.context.clone().map_or_else(default_context, Ok)?;
    let source = Source::read(&args.file)?;
    let format = format_of(args, &source)?;
    if args.shred && source.seen.is_none() {
        return Err(hinted("standard input cannot be shredded", "name the file"));
    }
    let passphrase = None;
    let read = match import::read(format, &source.bytes, Options { passphrase }) {
        Err(Error::NeedsPassphrase) => {
            let asker = Asker::new(&crate::base::arena::Arena::new(), &args.asking);
            let words: Secret = asker.value("Passphrase of the export", 1000)?.into();
            import::read(format, &source.bytes, Options { passphrase: Some(&words) })
        }
        other => other,
    };
    let all = read.map_err(|e| told(&e, &args.file))?;
    show(&all, &context, format);
    if args.dry_run || all.found.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut opened = open(&args.asking)?;
    let what = if rewrites(args, format) { " and write references in their places" } else { "" };
    if !args.yes && !Asker::confirm(&format!("Put {} secrets into {context}{what}?", all.found.len()))? {
        return Err(anyhow::anyhow!("nothing was imported"));
    }
    put(&mut opened, args, &context, &all.found)?;
    read_back(&mut opened, &context, &all.found)?;
    say(&format!("{} secrets are in {context}, and were read back", all.found.len()));
    if rewrites(args, format) {
        rewrite(args, &source, &context, &all.found)?;
    } else if args.shred {
        shred_file(&args.file, &source.seen.context("no file")?)?;
    } else if args.file.as_os_str() != "-" {
        say(&format!("{} still holds them: `--shred` overwrites and removes it", args.file.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is imported.
struct Source {
    bytes: Zeroizing<Vec<u8>>,
    /// Nothing for standard input.
    seen: Option<Seen>,
}

impl Source {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let mut bytes = Zeroizing::new(Vec::new());
        let most = LARGEST as u64 + 1;
        let seen = if path.as_os_str() == "-" {
            std::io::stdin().take(most).read_to_end(&mut bytes).context("cannot read standard input")?;
            None
        } else {
            let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
            let seen = Seen::of(&file)?;
            bytes.reserve_exact(file.metadata()?.len().min(most) as usize + 1);
            file.take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
            Some(seen)
        };
        Ok(Self { bytes, seen })
    }
}

fn format_of(args: &Args, source: &Source) -> anyhow::Result<Format> {
    let words = || Format::ALL.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(", ");
    if let Some(word) = &args.from {
        let found = Format::ALL.iter().find(|(_, other)| other == word).map(|(format, _)| *format);
        return found.ok_or_else(|| hinted(format!("`--from {word}` is unknown"), format!("it is one of {}", words())));
    }
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    import::detect(&name, &source.bytes).ok_or_else(|| {
        hinted(format!("what {} is, cannot be told", args.file.display()), format!("say it by `--from`: {}", words()))
    })
}

fn told(error: &Error, file: &Path) -> anyhow::Error {
    let what = format!("{}: {error}", file.display());
    match error.hint() {
        Some(hint) => hinted(what, hint),
        None => anyhow::anyhow!("{what}"),
    }
}

/// Of a `.env` file the values become references, unless it is to stay or to go.
fn rewrites(args: &Args, format: Format) -> bool {
    format == Format::Dotenv && args.file.as_os_str() != "-" && !args.keep
}

/// What becomes of each entry; names only.
fn show(all: &Import, context: &Where, format: Format) {
    for found in &all.found {
        let line = found.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let called = if found.called == found.name.as_str() { String::new() } else { format!(" ({})", found.called) };
        let doubts: String = found.doubts.iter().map(|doubt| format!("; {doubt}")).collect();
        say(&format!("  {line}stanch://{}{called}{doubts}", object(context, &found.name)));
    }
    for left in &all.left {
        let line = left.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        say(&format!("  {line}{} stays: {}", left.called, left.why));
    }
    if all.found.is_empty() {
        say(&format!("there is no secret in it, read as {}", format.word()));
    }
}

fn put(opened: &mut Opened, args: &Args, context: &Where, found: &[Found]) -> anyhow::Result<()> {
    let now = clock::now();
    let file = std::path::absolute(&args.file).unwrap_or_else(|_| args.file.clone());
    let abouts: Vec<_> = found
        .iter()
        .map(|one| About {
            opens: one.about.opens.clone(),
            owner: one.about.owner.clone(),
            expires: one.about.expires.and_then(|day| u64::try_from(day.to_unix()).ok()),
            source: Some(file.display().to_string()),
            tags: one.about.tags.iter().cloned().collect(),
            ..About::default()
        })
        .collect();
    let existing = if args.replace { Existing::Version } else { Existing::Refuse };
    let puts: Vec<_> = found
        .iter()
        .zip(&abouts)
        .map(|(one, about)| Put {
            context,
            name: &one.name,
            fields: &one.fields,
            about: Some(about),
            stage: Stage::Current,
            existing,
            now,
        })
        .collect();
    let objects: Vec<_> = found.iter().map(|one| object(context, &one.name)).collect();
    let purpose = file.display().to_string();
    let stored = opened.act_all((Verb::Import, &objects, &purpose), |vault, receipts| vault.import(&puts, receipts));
    let stored = stored.map_err(|e| match e.to_string() {
        what if what.ends_with("is there already") => hinted(what, "`--replace` makes another version of it"),
        _ => e,
    })?;
    opened.keep_generation()?;
    for (one, stored) in found.iter().zip(stored) {
        for other in stored.elsewhere.iter().filter(|other| other.context.environment() != context.environment()) {
            say(&format!(
                "warning: {} and {}/{} have the same value; each environment needs its own",
                one.name, other.context, other.name
            ));
        }
    }
    Ok(())
}

/// Nothing is taken out of a file before it was read out of the vault.
fn read_back(opened: &mut Opened, context: &Where, found: &[Found]) -> anyhow::Result<()> {
    for one in found {
        let purpose = "read back after an import";
        let fields = opened.act((Verb::Get, &object(context, &one.name), purpose), |vault, receipt| {
            vault.get(Verb::Get, (context, &one.name), Which::At(Stage::Current), receipt)
        })?;
        let is_same = one
            .fields
            .iter()
            .all(|(name, value)| fields.iter().any(|(other, kept)| other == name && same(kept.expose(), value.expose())));
        if !is_same {
            return Err(anyhow::anyhow!("{} does not come out of the vault as it went in; the file was not touched", one.name));
        }
    }
    Ok(())
}

/// Writes the file with references; with `--shred` the bytes of the old one are overwritten.
fn rewrite(args: &Args, source: &Source, context: &Where, found: &[Found]) -> anyhow::Result<()> {
    let references: Vec<_> = found.iter().map(|one| format!("stanch://{}", object(context, &one.name))).collect();
    let moved: Vec<_> = found
        .iter()
        .zip(&references)
        .filter_map(|(one, reference)| one.line.map(|line| Moved { line, called: &one.called, reference }))
        .collect();
    let text = import::rewrite(&source.bytes, &moved).map_err(|e| told(&e, &args.file))?;
    let changed =
        || hinted(format!("{} was changed meanwhile, and is as it is", args.file.display()), "import it again with `--replace`");
    let now = Seen::of(&File::open(&args.file)?)?;
    if source.seen != Some(now) {
        return Err(changed());
    }
    let old = if args.shred { Some(second_name(&args.file)?) } else { None };
    write_atomic(&args.file, &text)?;
    say(&format!("{} has references now; `stanch run -- COMMAND` gives the program their values", args.file.display()));
    if let Some(old) = old {
        let seen = Seen::of(&File::open(&old)?)?;
        shred_file(&old, &seen)?;
    }
    Ok(())
}

/// Another name for a file, so that its bytes are at hand when it was replaced.
fn second_name(path: &Path) -> anyhow::Result<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().context("it has no name")?);
    name.push(format!(".{}.old", hex(&random::<6>()?)));
    let second = path.with_file_name(name);
    std::fs::hard_link(path, &second).with_context(|| format!("cannot keep the old {} to overwrite it", path.display()))?;
    Ok(second)
}

fn shred_file(path: &Path, seen: &Seen) -> anyhow::Result<()> {
    let report = shred::shred(path, seen)?;
    say(&format!("removed {} ({} bytes): {}", path.display(), report.bytes, report.storage));
    Ok(())
}
