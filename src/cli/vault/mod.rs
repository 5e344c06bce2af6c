//! `stanch vault`.

mod ask;
mod import;
mod init;
mod keys;
pub(super) mod open;
pub(super) mod secrets;
mod show;
mod unlock;
mod wipe;

use std::process::ExitCode;

use super::args::vault::{Asking, Command, Vault};
use super::exit::{self, hinted};
use crate::vault::name::{Context, Name};

pub(super) fn run(args: &Vault) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Init(args) => init::run(args),
        Command::Unlock(args) => unlock::unlock(args),
        Command::Lock => unlock::lock(),
        Command::Status(args) => show::status(args),
        Command::Put(args) => secrets::put(args),
        Command::Get(args) => secrets::get(args),
        Command::List(args) => show::list(args),
        Command::Show(args) => show::show(args),
        Command::History(args) => show::history(args),
        Command::EditMeta(args) => secrets::edit(args),
        Command::Rm(args) => secrets::remove(args),
        Command::Stage(args) => secrets::stage(args),
        Command::Import(args) => import::run(args),
        Command::Wipe(args) => wipe::run(args),
        Command::Check(args) => check(&args.asking),
        Command::Key(args) => keys::run(&args.command),
    }
}

fn check(asking: &Asking) -> anyhow::Result<ExitCode> {
    let opened = open::open(asking)?;
    match opened.vault.check() {
        Ok(checked) => {
            let of = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
            say(&format!(
                "{}, {}, {}: all of them open; generation {}",
                of(checked.contexts, "context"),
                of(checked.secrets, "secret"),
                of(checked.versions, "version"),
                checked.generation
            ));
            Ok(ExitCode::SUCCESS)
        }
        Err(e @ crate::vault::Error::Damaged(_)) => {
            exit::failure(&open::of_vault(e, &opened.home().0));
            Ok(ExitCode::from(exit::FINDINGS))
        }
        Err(e) => Err(open::of_vault(e, &opened.home().0)),
    }
}

/// A secret as it is named on the command line.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) context: Context,
    pub(super) name: Name,
    pub(super) field: Option<String>,
}

impl Place {
    pub(super) fn object(&self) -> String {
        crate::vault::object(&self.context, &self.name)
    }

    /// Reads `NAME`, `CONTEXT/NAME` or `stanch://CONTEXT/NAME`, and `#FIELD`.
    pub(super) fn read(text: &str, context: Option<&Context>) -> anyhow::Result<Self> {
        let text = text.strip_prefix("stanch://").unwrap_or(text);
        let (path, field) = match text.split_once('#') {
            Some((path, field)) => (path, Some(field)),
            None => (text, None),
        };
        if let Some(wrong) = field.filter(|field| Name::parse(field).is_err()) {
            return Err(hinted(
                format!("`{wrong}` is no field"),
                "a field has letters, digits and `._-`, and stands behind a `#`",
            ));
        }
        let (of, name) = match path.rsplit_once('/') {
            Some((of, name)) => (Some(of.parse().map_err(|e| wrong(path, e))?), name),
            None => (None, path),
        };
        let context = match (of, context) {
            (Some(of), Some(context)) if of != *context => {
                return Err(hinted(format!("`{path}` is not in the context `{context}`"), "leave `--context` out"));
            }
            (Some(of), _) => of,
            (None, Some(context)) => context.clone(),
            (None, None) => default_context()?,
        };
        Ok(Self { context, name: name.parse().map_err(|e| wrong(path, e))?, field: field.map(str::to_owned) })
    }
}

fn wrong(text: &str, error: crate::vault::name::Wrong) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("`{}` is not the name of a secret", crate::base::text::sanitise(text.as_bytes())))
}

/// The context of a name that says none.
pub(super) fn default_context() -> anyhow::Result<Context> {
    match std::env::var("STANCH_CONTEXT") {
        Ok(text) if !text.is_empty() => {
            Context::parse(&text).map_err(|e| anyhow::Error::new(e).context("STANCH_CONTEXT is no context"))
        }
        _ => Ok(Context::parse("default")?),
    }
}

/// A line for a person.
#[expect(clippy::print_stderr, reason = "talk")]
pub(super) fn say(line: &str) {
    eprintln!("{}", crate::base::text::sanitise(line.as_bytes()));
}
