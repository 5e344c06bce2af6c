//! `stanch run` and `stanch inject`: secrets for one program, or one file.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;

use super::args::run::{Form, Inject, Run};
use super::exit::{self, hinted};
use super::vault::open::{Opened, open};
use super::vault::{Place, say};
use super::{clock, output};
use crate::audit::Verb;
use crate::base::fs::{Access, write_atomic_with};
use crate::base::secret::Secret;
use crate::base::text::sanitise;
use crate::exec::child::{self, Filtering, Grace};
use crate::exec::environment::{Delivery, Environment};
use crate::exec::reference::Reference;
use crate::exec::template::{Format, Template};
use crate::exec::{Unresolved, environment};
use crate::scan::engine::Engine;
use crate::scan::filter::cover::Cover;
use crate::scan::filter::fields::Fields;
use crate::scan::filter::{OnFault, Options};
use crate::scan::finding::Confidence;
use crate::scan::rule::builtin;
use crate::vault::name::Context;
use crate::vault::record::Stage;
use crate::vault::{Error, Which};

/// What was not run, or not passed on.
const NOT_RUN: u8 = 125;
/// Variables that are ours, and not the program's.
const OURS: &[&str] = &["STANCH_"];
/// Bytes of a template, at most.
const LARGEST: u64 = 64 << 20;

pub(super) fn run(args: &Run) -> ExitCode {
    match prepared(args).and_then(|environment| start(args, environment)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = error.downcast_ref::<child::Error>().map_or(NOT_RUN, child::Error::exit_code);
            exit::failure(&error);
            ExitCode::from(code)
        }
    }
}

/// The program's environment, with references.
fn prepared(args: &Run) -> anyhow::Result<Environment> {
    let mut environment = Environment::default();
    let own = Path::new(".env");
    if args.env_file.is_empty() && !args.no_env_file && own.is_file() {
        environment.add_file(&read(own)?).context(".env")?;
    }
    for (name, value) in std::env::vars_os() {
        if !OURS.iter().any(|ours| name.as_encoded_bytes().starts_with(ours.as_bytes())) {
            environment.set(name, value)?;
        }
    }
    for path in &args.env_file {
        environment.add_file(&read(path)?).with_context(|| path.display().to_string())?;
    }
    for (name, value) in &args.set {
        if Reference::parse(value).is_err() {
            return Err(hinted(
                format!("`--set {}` is no reference", sanitise(name.as_bytes())),
                "it is written NAME=stanch://CONTEXT/NAME; other variables come from the environment",
            ));
        }
        environment.set(name.into(), value.into())?;
    }
    Ok(environment)
}

fn deliver(args: &Run, environment: &mut Environment) -> anyhow::Result<()> {
    for (name, how) in &args.deliver {
        let delivery = match (how.as_str(), how.strip_prefix("fd:").map(str::parse)) {
            ("env", _) => Delivery::Environment,
            ("file", _) => Delivery::File,
            (_, Some(Ok(number))) => Delivery::Descriptor(number),
            _ => {
                return Err(hinted(
                    format!("`--deliver {}={}` is unknown", sanitise(name.as_bytes()), sanitise(how.as_bytes())),
                    "it ends in `env`, `file` or `fd:N`",
                ));
            }
        };
        environment.deliver(name.as_ref(), delivery)?;
    }
    Ok(())
}

fn start(args: &Run, mut environment: Environment) -> anyhow::Result<u8> {
    let (program, arguments) = args.command.split_first().context("no program")?;
    let purpose = program.to_string_lossy().into_owned();
    let mut opened = if args.all || !environment.bound().is_empty() { Some(open(&args.asking)?) } else { None };
    if let (true, Some(opened), Some(context)) = (args.all, &mut opened, &args.context) {
        add_all(opened, context, &purpose, &mut environment)?;
    }
    deliver(args, &mut environment)?;
    let arena = opened.as_ref().map(|opened| opened.vault.arena().clone()).unwrap_or_default();
    let mut resolve = |references: &[Reference]| match &mut opened {
        Some(opened) => values(opened, references, (Verb::Run, &purpose), args.context.as_ref()),
        None => Ok(Vec::new()),
    };
    let resolved = environment.resolve(&arena, &mut resolve).map_err(missing)?;
    // The vault is closed before the program starts.
    drop(opened);
    let run = child::Run { program, arguments, environment: resolved, core: Some(0), grace: Grace::default() };
    if args.no_filter {
        return Err(run.replace().into());
    }
    let engine = Arc::new(|| Engine::new(builtin::rules()));
    // Made once: a name that is wrong would be ours.
    let fields = Fields::new(&[], &[]).map_err(|name| anyhow::anyhow!("no field is called {name}"))?;
    let options = || Options {
        cover: Cover::Mask,
        least: Confidence::Low,
        separator: b'\n',
        fields: fields.clone(),
        on_fault: OnFault::PassOn,
        now: clock::now(),
    };
    let ended = run.filtered(Filtering { engine, options: &options })?;
    for name in &ended.short {
        say(&format!("warning: the value of {name} is shorter than 8 bytes: the output was not kept clean of it"));
    }
    if args.verbose {
        say(&format!("stanch run: {} places of the output were covered", ended.replaced()));
    }
    if !ended.is_complete() {
        say("stanch run: not all of the output could be passed on");
        return Ok(match ended.status.exit_code() {
            0 => NOT_RUN,
            code => code,
        });
    }
    Ok(ended.status.mirror())
}

/// A reference in a variable of its name for each secret of a context.
fn add_all(opened: &mut Opened, context: &Context, purpose: &str, environment: &mut Environment) -> anyhow::Result<()> {
    let object = context.to_string();
    let entries = opened.act((Verb::List, &object, purpose), |vault, receipt| vault.list(Some(context), receipt))?;
    for entry in entries {
        let name = &entry.record.name;
        let is_variable =
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.as_bytes()[0].is_ascii_digit();
        let has_value = entry
            .record
            .at(Stage::Current)
            .is_some_and(|version| version.fields.len() == 1 || version.fields.iter().any(|field| field == "value"));
        if is_variable && has_value {
            environment.set(OsString::from(name), format!("stanch://{object}/{name}").into())?;
        } else {
            say(&format!("note: {object}/{name} is no variable, and was not handed over"));
        }
    }
    Ok(())
}

/// The values of references, each written down before it is read.
fn values(
    opened: &mut Opened,
    references: &[Reference],
    (verb, purpose): (Verb, &str),
    within: Option<&Context>,
) -> Result<Vec<Secret>, Unresolved> {
    let failed = |error: anyhow::Error| Unresolved::Failed(format!("{error:#}").into());
    if let Some(other) = references.iter().find(|reference| within.is_some_and(|context| context != reference.context())) {
        return Err(Unresolved::Failed(format!("`{other}` is not in the context that `--context` allows").into()));
    }
    let objects: Vec<_> = references.iter().map(|one| crate::vault::object(one.context(), one.name())).collect();
    let began = super::vault::open::stamp();
    let receipts = opened.receipts(verb, &objects, purpose).map_err(failed)?;
    let (mut values, mut lacking) = (Vec::new(), Vec::new());
    for (reference, receipt) in references.iter().zip(receipts) {
        let sequence = receipt.sequence();
        let found = opened.vault.get(verb, (reference.context(), reference.name()), Which::At(Stage::Current), receipt);
        let place = Place {
            context: reference.context().clone(),
            name: reference.name().clone(),
            field: reference.field().map(str::to_owned),
        };
        let value = match found {
            Ok(fields) => super::vault::secrets::taken(fields, &place),
            Err(Error::NotFound(_) | Error::NoVersion(..)) => None,
            Err(other) => return Err(Unresolved::Failed(other.into())),
        };
        opened.ended(sequence, began, verb, value.is_some()).map_err(failed)?;
        match value {
            Some(value) => values.push(value),
            None => lacking.push(reference.clone()),
        }
    }
    if lacking.is_empty() { Ok(values) } else { Err(Unresolved::Missing(lacking)) }
}

fn missing(error: environment::Error) -> anyhow::Error {
    match &error {
        environment::Error::Unresolved(Unresolved::Missing(_)) => {
            hinted(error.to_string(), "`stanch vault list` lists what there is; `stanch vault put` puts it in")
        }
        _ => error.into(),
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut source: Box<dyn std::io::Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?)
    };
    source.by_ref().take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(anyhow::anyhow!("{} has more than 64 MiB", path.display()));
    }
    Ok(bytes)
}

pub(super) fn inject(args: &Inject) -> anyhow::Result<ExitCode> {
    let text = read(&args.input)?;
    let name = args.input.display().to_string();
    let format = match args.format {
        Some(Form::Env) => Format::Dotenv,
        Some(Form::Yaml) => Format::Yaml,
        Some(Form::Json) => Format::Json,
        Some(Form::Toml) => Format::Toml,
        Some(Form::Shell) => Format::Shell,
        Some(Form::Text) => Format::Plain,
        None => Format::of_path(&args.input),
    };
    let is_standard = output::is_standard(Some(&args.output));
    if !is_standard {
        output::check(Some(&args.output))?;
    } else if std::io::stdout().is_terminal() {
        return Err(hinted("values would be shown on this terminal", "name a file, or a pipe to a program that needs them"));
    }
    let is_same = |path: &Path| path.canonicalize().is_ok_and(|path| args.input.canonicalize().is_ok_and(|input| input == path));
    if is_same(&args.output) {
        return Err(hinted(
            format!("{} is the template", args.output.display()),
            "name another file: the template stays as it is",
        ));
    }
    let template = Template::parse(format, &text).with_context(|| name.clone())?;
    let mut opened = open(&args.asking)?;
    let arena = opened.vault.arena().clone();
    let purpose = args.output.display().to_string();
    let mut resolve = |references: &[Reference]| values(&mut opened, references, (Verb::Inject, &purpose), args.context.as_ref());
    let rendered = Secret::from(template.render(&arena, &mut resolve).with_context(|| name)?);
    if is_standard {
        let mut out = std::io::stdout();
        out.write_all(rendered.expose()).and_then(|()| out.flush()).context("cannot write to standard output")?;
    } else {
        write_atomic_with(&args.output, Access::Owner, |file| file.write_all(rendered.expose()))?;
        let places = template.references().len();
        say(&format!("wrote {}: {places} {}", args.output.display(), if places == 1 { "secret" } else { "secrets" }));
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&args.output)?.permissions());
        if mode & 0o077 != 0 {
            say(&format!(
                "warning: others can read it: it was there, and kept its permissions; `chmod 600 {}`",
                args.output.display()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
