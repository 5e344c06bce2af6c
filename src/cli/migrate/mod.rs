//! `stanch migrate`: what a repository has of other scanners, what becomes of it, and with `--write` the change.
//!
//! It must not write before everything is planned, nor change what it does not understand. Start with [`run`].
//!
//! - [`hooks`]: `.pre-commit-config.yaml`. [`texts`]: all other files that hold command lines, which [`shell`] finds and [`commands`], with
//!   the tables of [`flags`], spells our way. [`actions`]: steps of GitHub workflows.
//! - [`ignored`]: what is left out of scans, [`globs`] for regular expressions. [`taken`]: that and what is known, taken over.
//! - [`yaml`]: what an edited file must still say. [`mentions`]: files that name a scanner and that nothing was said of.

mod actions;
mod commands;
mod flags;
mod globs;
mod hooks;
mod ignored;
mod mentions;
mod shell;
mod taken;
mod texts;
mod yaml;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::exit::{self, hinted};
use super::{args, config, import, output};
use crate::base::fs;
use crate::base::text::sanitise;
use crate::scan::rule::import::{Converted, Format};
use crate::scan::rule::load::{self, Entry};

/// Where converted rules go.
pub(super) const RULES: &str = "stanch-rules.toml";
/// Configurations of rules, the one that counts first.
const CONFIGURATIONS: [(&str, Format); 4] = [
    (".gitleaks.toml", Format::Gitleaks),
    ("gitleaks.toml", Format::Gitleaks),
    (".betterleaks.toml", Format::Betterleaks),
    ("betterleaks.toml", Format::Betterleaks),
];
const HOOKS: [&str; 2] = [".pre-commit-config.yaml", ".pre-commit-config.yml"];

/// What is to be done, and said.
#[derive(Debug, Default)]
struct Plan {
    /// A name and what to say of it, line by line.
    told: Vec<(String, String)>,
    /// Files to make new, with their content.
    new: Vec<(PathBuf, String)>,
    /// Files to replace.
    changed: Vec<(PathBuf, String)>,
    /// Is there something that stays to be done by hand?
    by_hand: bool,
    /// The configuration that was converted, its rules, and their names if only they are used.
    config: Option<String>,
    has_rules: bool,
    rules: Vec<Entry>,
    only: Option<String>,
    /// Who leaves what out: globs, and expressions for values.
    allows: Vec<(String, Vec<String>)>,
    regexes: Vec<(String, Vec<String>)>,
    /// Who knows which values.
    values: Vec<(String, Vec<String>)>,
    /// Files of expressions for paths, and files of known secrets, that command lines name.
    excluding: Vec<String>,
    known: Vec<String>,
}

impl Plan {
    fn tell(&mut self, name: &str, what: impl Into<String>) {
        let said = (name.to_owned(), what.into());
        if self.told.contains(&said) {
            return;
        }
        // All that is said of a file stands together.
        let behind = self.told.iter().rposition(|(other, _)| *other == said.0).map_or(self.told.len(), |last| last + 1);
        self.told.insert(behind, said);
    }

    /// The text of a file; one that cannot be read, or is no text, is told.
    fn text(&mut self, dir: &Path, name: &str) -> Option<String> {
        import::read(&dir.join(name)).map_err(|e| self.leave(name, format!("not looked at: {e}"))).ok()
    }

    /// Something that is not done here.
    fn leave(&mut self, name: &str, what: impl Into<String>) {
        self.by_hand = true;
        self.tell(name, what);
    }

    /// What one file leaves out.
    fn allow(&mut self, name: &str, globs: Vec<String>) {
        if !globs.is_empty() {
            self.allows.push((name.to_owned(), globs));
        }
    }

    /// The flags that a scan needs for the converted rules; for a scanner that used their configuration, or for another one.
    fn flags(&self, configured: bool) -> Vec<String> {
        let rules = self.has_rules.then_some(()).into_iter().flat_map(|()| ["--rules".to_owned(), RULES.to_owned()]);
        let only = self.only.iter().filter(|_| configured).flat_map(|only| ["--only".to_owned(), only.clone()]);
        rules.chain(only).collect()
    }

    /// The same as they stand in a command line, with a blank before each.
    fn line(&self, configured: bool) -> String {
        let quoted = |flag: String| if flag.contains('*') { format!(" '{flag}'") } else { format!(" {flag}") };
        self.flags(configured).into_iter().map(quoted).collect()
    }
}

pub(super) fn run(args: &args::Migrate) -> anyhow::Result<ExitCode> {
    if !args.dir.is_dir() {
        return Err(hinted(format!("{} is no folder", args.dir.display()), "name the folder of a repository"));
    }
    let mut plan = Plan::default();
    rules(&args.dir, &mut plan)?;
    hook(&args.dir, &mut plan)?;
    texts::find(&args.dir, &mut plan);
    let excluding = std::mem::take(&mut plan.excluding);
    ignored::find(&args.dir, &excluding, &mut plan);
    taken::find(&args.dir, &mut plan)?;
    mentions::find(&args.dir, &mut plan);
    if plan.told.is_empty() {
        output::write(None, |out| writeln!(out, "Nothing of another scanner was found in {}.", args.dir.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let something = !plan.new.is_empty() || !plan.changed.is_empty();
    if args.write {
        write(&plan)?;
    }
    let has_key = args.dir.join(config::NAME).exists();
    output::write(None, |out| {
        let width = plan.told.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut last = "";
        for (name, what) in &plan.told {
            let shown = if name == last { "" } else { name };
            last = name;
            writeln!(out, "{:width$}  {}", sanitise(shown.as_bytes()), sanitise(what.as_bytes()))?;
        }
        match (args.write, something) {
            (true, true) if has_key => writeln!(out, "\nWritten. `stanch scan --history` looks at what is there."),
            (true, true) => {
                writeln!(out, "\nWritten. `stanch init` makes the project key, `stanch scan --history` looks at what is there.")
            }
            (false, true) => writeln!(out, "\nNothing was changed; `stanch migrate --write` does it."),
            (_, false) => writeln!(out, "\nThere is nothing to write."),
        }
    })?;
    Ok(ExitCode::from(if plan.by_hand { exit::INCOMPLETE } else { exit::CLEAN }))
}

/// The configuration that counts, converted.
fn rules(dir: &Path, plan: &mut Plan) -> anyhow::Result<()> {
    let mut found = CONFIGURATIONS.iter().filter(|(name, _)| dir.join(name).is_file());
    let Some((name, format)) = found.next() else { return Ok(()) };
    let Converted { text, rules, left, notes, extends, .. } = import::file(&dir.join(name), Some(*format), None)?;
    if rules > 0 {
        let s = if rules == 1 { " becomes" } else { "s become" };
        plan.tell(name, format!("{rules} rule{s} {RULES}"));
        plan.only = (!extends).then(|| format!("{}-*", format.word()));
        plan.has_rules = true;
        let path = dir.join(RULES);
        plan.rules = load::parse_toml(&path, &text)?;
        match std::fs::read_to_string(&path) {
            Ok(old) if old == text => {}
            Ok(_) => {
                return Err(hinted(
                    format!("{} is there already, with other content", path.display()),
                    "move it away, or convert with `stanch rules import`",
                ));
            }
            Err(_) => plan.new.push((path, text)),
        }
    } else if left.is_empty() {
        plan.tell(name, "holds no rules of its own: stanch's do their work");
    }
    plan.config = Some((*name).to_owned());
    // What is silenced there is silenced in stanch.toml.
    notes.into_iter().filter(|note| !note.starts_with("Its allowlists")).for_each(|note| plan.tell(name, note));
    if extends {
        ignored::gitleaks(name, &import::read(&dir.join(name))?, plan)?;
    }
    left.iter().for_each(|left| plan.leave(name, format!("left out: {left}")));
    for (other, _) in found {
        plan.leave(other, "not used beside the one above");
    }
    Ok(())
}

fn hook(dir: &Path, plan: &mut Plan) -> anyhow::Result<()> {
    let Some(name) = HOOKS.iter().find(|name| dir.join(name).is_file()) else { return Ok(()) };
    let path = dir.join(name);
    let text = import::read(&path)?;
    match hooks::changed(&text, &|configured| plan.line(configured)) {
        Ok(None) => {}
        Ok(Some(change)) => {
            change.told.into_iter().for_each(|what| plan.tell(name, what));
            change.lost.into_iter().for_each(|what| plan.leave(name, what));
            plan.allow(name, change.globs);
            plan.excluding.extend(change.excluding);
            plan.known.extend(change.known);
            let used = plan.config.clone();
            for config in change.configs.iter().filter(|config| used.as_deref() != Some(config.trim_start_matches("./"))) {
                plan.leave(
                    name,
                    format!("the old hook names {config}: convert that with `stanch rules import`, and write `--rules FILE`"),
                );
            }
            plan.changed.push((path, change.text));
        }
        Err(why) => {
            let flags = plan.line(true);
            plan.leave(name, format!("not changed: {why}; write the hook by hand: `entry: stanch hook run pre-commit{flags}`"));
        }
    }
    Ok(())
}

fn write(plan: &Plan) -> anyhow::Result<()> {
    for (path, _) in &plan.changed {
        fs::check_writable(path)?;
    }
    for (path, text) in &plan.new {
        fs::create_new(path, text.as_bytes())?;
    }
    for (path, text) in &plan.changed {
        fs::write_atomic(path, text.as_bytes())?;
    }
    Ok(())
}
