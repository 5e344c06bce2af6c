//! `stanch vault put`, `get`, `edit-meta`, `stage` and `rm`.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;

use super::super::args::vault::{
    About as Said, Asking, EditMeta, Get, Put, Rm, Rotation as Class, StageArgs, StageName, Which as Version,
};
use super::super::clock;
use super::super::exit::hinted;
use super::ask::{Asker, descriptor};
use super::open::open;
use super::{Place, say};
use crate::audit::Verb;
use crate::base::arena::{Arena, Locked};
use crate::base::secret::Secret;
use crate::vault::record::{About, Rotation, Stage};
use crate::vault::{Existing, Fields, LARGEST_VALUE, Put as New, VALUE, Which};

/// Shorter values are stored, and said to be too short to be kept out of outputs.
const SHORT: usize = 8;

pub(super) fn put(args: &Put) -> anyhow::Result<ExitCode> {
    let place = Place::read(&args.named.secret, args.named.within.context.as_ref())?;
    let mut opened = open(&args.named.within.asking)?;
    let value = value(&args.named.within.asking, args.from_fd, &place, &opened.arena)?;
    let length = value.bytes().len();
    let field = place.field.clone().unwrap_or_else(|| VALUE.to_owned());
    let fields = [(field, Secret::from(value))];
    let mut about = About::default();
    let says = said(&args.about, &mut about);
    let new = New {
        context: &place.context,
        name: &place.name,
        fields: &fields,
        about: says.then_some(&about),
        stage: if args.pending { Stage::Pending } else { Stage::Current },
        existing: if args.new { Existing::Refuse } else { Existing::Version },
        now: clock::now(),
    };
    let stored = opened.act((Verb::Put, &place.object(), ""), |vault, receipt| vault.put(&new, receipt))?;
    opened.keep_generation()?;
    say(&format!("stanch://{} has version {}", place.object(), stored.version));
    for other in &stored.elsewhere {
        let what = if other.context.environment() == place.context.environment() { "note" } else { "warning" };
        say(&format!("{what}: {}/{} has the same value; each environment needs its own", other.context, other.name));
    }
    if length < SHORT {
        say("warning: it is shorter than 8 bytes: outputs cannot be kept clean of it");
    }
    Ok(ExitCode::SUCCESS)
}

fn value(asking: &Asking, fd: Option<i32>, place: &Place, arena: &Arena) -> anyhow::Result<Locked> {
    let (mut from, what): (Box<dyn std::io::Read>, String) = match fd {
        Some(number) => (Box::new(descriptor(number)?), format!("file descriptor {number}")),
        None if std::io::stdin().is_terminal() || asking.pinentry.is_some() => {
            return Asker::new(arena, asking).value(&format!("Value of {}", place.object()), LARGEST_VALUE.min(64 << 10));
        }
        None => (Box::new(std::io::stdin().lock()), "standard input".to_owned()),
    };
    let mut value = arena.buffer(LARGEST_VALUE)?;
    value.fill_from(&mut *from.by_ref()).map_err(|e| match e.kind() {
        std::io::ErrorKind::FileTooLarge => anyhow::anyhow!("{what} has more than {LARGEST_VALUE} bytes"),
        _ => anyhow::Error::new(e).context(format!("cannot read {what}")),
    })?;
    trim(&mut value);
    if value.bytes().is_empty() {
        return Err(hinted(format!("{what} has no value"), "give it by a pipe, as in `pass show x | stanch vault put x`"));
    }
    Ok(value)
}

/// The line feed behind one line is the shell's; the one behind several is the file's.
fn trim(value: &mut Locked) {
    let bytes = value.bytes();
    if memchr::memchr(b'\n', bytes) == bytes.len().checked_sub(1) {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let length = line.strip_suffix(b"\r").unwrap_or(line).len();
        value.truncate(length);
    }
}

/// Puts what the flags say into `about`; tells whether they say anything.
fn said(flags: &Said, about: &mut About) -> bool {
    let mut any = false;
    let mut set = |slot: &mut Option<String>, text: &Option<String>| {
        if let Some(text) = text {
            *slot = Some(text.clone()).filter(|text| !text.is_empty());
            any = true;
        }
    };
    set(&mut about.opens, &flags.opens);
    set(&mut about.enables, &flags.enables);
    set(&mut about.owner, &flags.owner);
    set(&mut about.source, &flags.source);
    if let Some(date) = flags.expires {
        about.expires = u64::try_from(date.to_unix()).ok();
        any = true;
    }
    if let Some(class) = flags.rotation {
        about.rotation = Some(match class {
            Class::Critical => Rotation::Critical,
            Class::High => Rotation::High,
            Class::Standard => Rotation::Standard,
            Class::Manual => Rotation::Manual,
        });
        any = true;
    }
    for (key, text) in &flags.tag {
        if text.is_empty() {
            about.tags.remove(key);
        } else {
            about.tags.insert(key.clone(), text.clone());
        }
        any = true;
    }
    any
}

pub(super) fn get(args: &Get) -> anyhow::Result<ExitCode> {
    let place = Place::read(&args.named.secret, args.named.within.context.as_ref())?;
    let mut out = std::io::stdout();
    let is_terminal = out.is_terminal();
    if !is_terminal && !args.reveal {
        return Err(hinted(
            "the value would go into a pipe or a file",
            "add `--reveal`, if that is what you want; `stanch run` hands it to a program and keeps it out of the output",
        ));
    }
    let mut opened = open(&args.named.within.asking)?;
    let question = format!("Show the value of stanch://{} on this terminal?", place.object());
    if is_terminal && !args.reveal && !Asker::confirm(&question)? {
        return Err(anyhow::anyhow!("it was not shown"));
    }
    let which = which(&args.which);
    let fields = opened.act((Verb::Get, &place.object(), "shown"), |vault, receipt| {
        vault.get(Verb::Get, (&place.context, &place.name), which, receipt)
    })?;
    let value = chosen(&fields, &place)?;
    out.write_all(value.expose())?;
    if is_terminal && !value.expose().ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The field that is meant: the one that is named, `value`, or the only one.
pub(in crate::cli) fn chosen<'f>(fields: &'f Fields, place: &Place) -> anyhow::Result<&'f Secret> {
    let find = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let found = match (&place.field, fields.as_slice()) {
        (Some(field), _) => find(field),
        (None, [(_, only)]) => Some(only),
        (None, _) => find(VALUE),
    };
    found.ok_or_else(|| {
        let names: Vec<_> = fields.iter().map(|(name, _)| format!("#{name}")).collect();
        hinted(
            format!("`{}` has no field `{}`", place.object(), place.field.as_deref().unwrap_or(VALUE)),
            format!("it has {}", names.join(", ")),
        )
    })
}

/// The same, taken out of its fields.
pub(in crate::cli) fn taken(fields: Fields, place: &Place) -> Option<Secret> {
    let wanted = place.field.as_deref();
    let is_only = fields.len() == 1 && wanted.is_none();
    fields.into_iter().find(|(name, _)| is_only || name == wanted.unwrap_or(VALUE)).map(|(_, value)| value)
}

fn which(version: &Version) -> Which {
    match version {
        Version { number: Some(number), .. } => Which::Number(*number),
        Version { previous: true, .. } => Which::At(Stage::Previous),
        Version { pending: true, .. } => Which::At(Stage::Pending),
        _ => Which::At(Stage::Current),
    }
}

pub(super) fn edit(args: &EditMeta) -> anyhow::Result<ExitCode> {
    let place = Place::read(&args.named.secret, args.named.within.context.as_ref())?;
    if !said(&args.about, &mut About::default()) {
        return Err(hinted("nothing to change", "say what, such as `--owner NAME`"));
    }
    let mut opened = open(&args.named.within.asking)?;
    opened.act((Verb::Edit, &place.object(), "what is said of it"), |vault, receipt| {
        vault.edit(
            (&place.context, &place.name),
            clock::now(),
            |about| {
                said(&args.about, about);
            },
            receipt,
        )
    })?;
    opened.keep_generation()?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn stage(args: &StageArgs) -> anyhow::Result<ExitCode> {
    let place = Place::read(&args.named.secret, args.named.within.context.as_ref())?;
    let (stage, word) = match args.stage {
        StageName::Current => (Stage::Current, "current"),
        StageName::Pending => (Stage::Pending, "pending"),
    };
    let mut opened = open(&args.named.within.asking)?;
    opened.act((Verb::Edit, &place.object(), &format!("version {} is {word}", args.number)), |vault, receipt| {
        vault.stage(&place.context, &place.name, (args.number, stage), receipt)
    })?;
    opened.keep_generation()?;
    say(&format!("version {} of stanch://{} is {word}", args.number, place.object()));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn remove(args: &Rm) -> anyhow::Result<ExitCode> {
    let place = Place::read(&args.named.secret, args.named.within.context.as_ref())?;
    let mut opened = open(&args.named.within.asking)?;
    let record = opened.act((Verb::List, &place.object(), "before it is removed"), |vault, receipt| {
        vault.record(&place.context, &place.name, receipt)
    })?;
    let versions = record.versions.len();
    let question = format!("Remove stanch://{} with {versions} version{}?", place.object(), if versions == 1 { "" } else { "s" });
    if !args.yes && !Asker::confirm(&question)? {
        return Err(anyhow::anyhow!("it was not removed"));
    }
    opened.act((Verb::Remove, &place.object(), ""), |vault, receipt| vault.remove(&place.context, &place.name, receipt))?;
    opened.keep_generation()?;
    say(&format!("removed stanch://{}; whoever has the value can still use it: revoke it where it is valid", place.object()));
    Ok(ExitCode::SUCCESS)
}
