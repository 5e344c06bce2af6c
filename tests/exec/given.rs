//! Runs a program with values that are made up, for tests and measurements: `given [OPTION...] PROGRAM [ARGUMENT...]`.
//!
//! `--file VAR`, `--fd VAR=N`: how a value comes. `--replace`: no filter. `--core BYTES`. `--grace MS`: how long output of what is left running
//! is waited for. `--report`: counts on standard error. The value of `stanch://CONTEXT/NAME` is `Xk9q-NAME-79dLmz`; there is none of `MISSING`.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use stanch_base::arena::Arena;
use stanch_base::secret::Secret;
use stanch_exec::Unresolved;
use stanch_exec::child::{Error, Filtering, Grace, Run};
use stanch_exec::environment::{Delivery, Environment};
use stanch_exec::reference::Reference;
use stanch_scan::engine::Engine;
use stanch_scan::filter::cover::Cover;
use stanch_scan::filter::fields::Fields;
use stanch_scan::filter::{OnFault, Options};
use stanch_scan::finding::Confidence;
use stanch_scan::rule::builtin;

fn options() -> Options {
    let fields = Fields::new(&[], &[]).expect("no names");
    Options {
        cover: Cover::Mask,
        least: Confidence::Medium,
        separator: b'\n',
        fields,
        on_fault: OnFault::Withhold,
        now: 1_790_000_000,
    }
}

fn values(references: &[Reference]) -> Result<Vec<Secret>, Unresolved> {
    let missing: Vec<_> = references.iter().filter(|reference| reference.name().as_str() == "MISSING").cloned().collect();
    if !missing.is_empty() {
        return Err(Unresolved::Missing(missing));
    }
    Ok(references.iter().map(|reference| Secret::new(format!("Xk9q-{}-79dLmz", reference.name()).as_bytes())).collect())
}

#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a program of its own")]
fn main() -> ExitCode {
    let mut environment = match Environment::new(std::env::vars_os(), &["STANCH_"]) {
        Ok(environment) => environment,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(125);
        }
    };
    let (mut grace, mut core, mut replaces, mut reports) = (Grace::default(), None, false, false);
    let mut rest: Vec<OsString> = std::env::args_os().skip(1).collect();
    while rest.first().is_some_and(|option| option.as_encoded_bytes().starts_with(b"--")) {
        let option = rest.remove(0).into_string().expect("options are text");
        let mut text = || rest.remove(0).into_string().expect("options are text");
        match option.as_str() {
            "--file" => environment.deliver(text().as_ref(), Delivery::File).expect("a variable"),
            "--fd" => {
                let text = text();
                let (name, number) = text.split_once('=').expect("VAR=N");
                let number = Delivery::Descriptor(number.parse().expect("a number"));
                environment.deliver(name.as_ref(), number).expect("a variable and a number");
            }
            "--core" => core = Some(text().parse().expect("bytes")),
            "--grace" => {
                let time = Duration::from_millis(text().parse().expect("milliseconds"));
                grace = Grace { wait: time, silence: time, longest: time };
            }
            "--replace" => replaces = true,
            "--report" => reports = true,
            _ => panic!("unknown option {option}"),
        }
    }
    let environment = match environment.resolve(&Arena::new(), &mut values) {
        Ok(environment) => environment,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(125);
        }
    };
    let program = rest.remove(0);
    let run = Run { program: &program, arguments: &rest, environment, core, grace };
    let fail = |error: Error| {
        eprintln!("error: {error}");
        ExitCode::from(error.exit_code())
    };
    if replaces {
        return fail(run.replace());
    }
    let engine = Arc::new(|| Engine::new(builtin::rules()));
    match run.filtered(Filtering { engine, options: &options }) {
        Ok(ended) => {
            if reports {
                eprintln!("{:?} replaced {} complete {}", ended.status, ended.replaced(), ended.is_complete());
            }
            ExitCode::from(ended.status.mirror())
        }
        Err(error) => fail(error),
    }
}
