//! One page for a browser: every secret with its places, to search, filter and sort, and entries for `stanch.toml` to copy.
//!
//! It must not know other formats. Start with [`write`]. The page is whole without its script, which only adds to it; it loads nothing, and
//! its own policy lets no other script and no other style run than the two files beside this one. Every foreign string passes [`text`]; what
//! is foreign stands in text and in attributes between double quotes, never in script, style or a link that is not http.

mod finding;

use std::io;

use sha2::{Digest as _, Sha256};

use super::layout::{count, thousands};
use super::line::base64;
use super::place::Places;
use super::verdict::Verdict;
use super::words::{self, clean, time};
use super::{Style, Values, junit, ranked};
use crate::scan::finding::{Confidence, Level, Scan, Severity};

const CSS: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Says to the style, before there is anything to lay out, that there is a script.
const EARLY: &str = "document.documentElement.classList.add(\"script\")";

/// All severities, the worst first.
const SEVERITIES: [Severity; 5] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

pub(super) fn write(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    head(out)?;
    top(scan, style, out)?;
    out.write_all(b"<main id=\"main\" tabindex=\"-1\">\n")?;
    if scan.findings.is_empty() {
        writeln!(out, "<p class=\"none\">There is nothing to list.</p>")?;
    } else {
        controls(scan, out)?;
        table(scan, style, out)?;
    }
    issues(scan, style, out, Level::Gap)?;
    issues(scan, style, out, Level::Note)?;
    silenced(scan, style, out)?;
    out.write_all(b"</main>\n")?;
    if !scan.findings.is_empty() {
        export(scan, out)?;
    }
    writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
}

/// Text that means nothing to a browser, with what could mislead a reader shown as escapes.
fn text(foreign: &str) -> String {
    junit::xml(&clean(foreign))
}

/// The word by which a policy knows a script or a style.
fn source(content: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(content)))
}

fn head(out: &mut dyn io::Write) -> io::Result<()> {
    let policy = format!(
        "default-src 'none'; script-src {} {}; style-src {}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        source(EARLY),
        source(SCRIPT),
        source(CSS)
    );
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">")?;
    writeln!(out, "<meta name=\"robots\" content=\"noindex\">\n<title>stanch report</title>")?;
    writeln!(out, "<script>{EARLY}</script>\n<style>{CSS}</style>\n</head>")
}

/// What it comes to, and what was scanned.
fn top(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let verdict = Verdict::of(scan, style.input);
    let (told, incomplete) = words::verdict(scan, verdict);
    let mood = match verdict {
        Verdict::Clean | Verdict::NothingToScan => "good",
        Verdict::Findings | Verdict::FindingsAndGaps => "bad",
        Verdict::Gaps | Verdict::NothingScanned => "unsure",
    };
    writeln!(out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n<header class=\"top\">")?;
    writeln!(out, "<div class=\"bar\"><p class=\"brand\">stanch <span>secret scan report</span></p>")?;
    writeln!(out, "<button type=\"button\" id=\"theme\" class=\"needs-script\">Theme: as the system</button></div>")?;
    writeln!(out, "<h1 class=\"{mood}\">{}</h1>", text(&told))?;
    if let Some(words) = incomplete {
        writeln!(out, "<p class=\"warn\"><a href=\"#gaps\">{}</a></p>", text(&words))?;
    }
    if style.values == Values::Shown {
        writeln!(out, "<p class=\"warn\">This page holds the values themselves. Keep it to yourself, and delete it soon.</p>")?;
    }
    writeln!(out, "<dl class=\"facts\">")?;
    let run = &style.run;
    let mut facts: Vec<(&str, String)> = Vec::new();
    if !run.inputs.is_empty() {
        facts.push(("input", run.inputs.join(", ")));
    }
    facts.extend(words::coverage(&scan.coverage));
    if run.ended > 0 {
        let took = match run.ended.saturating_sub(run.began) {
            0 => "less than a second".to_owned(),
            seconds => count(seconds, "second", "seconds"),
        };
        facts.push(("when", format!("{}, in {took}", time(run.began))));
    }
    let rules = if run.rules.is_empty() { String::new() } else { format!(", rules {}", run.rules) };
    facts.push(("with", format!("stanch {}{rules}", style.version)));
    if !scan.findings.is_empty() && !scan.stable_fingerprints {
        facts.push(("ids", "hold for this run only, as there is no project key".to_owned()));
    }
    for (label, words) in facts {
        writeln!(out, "<div><dt>{label}</dt><dd>{}</dd></div>", text(&words))?;
    }
    writeln!(out, "</dl>\n</header>")
}

/// Search and filters; the counts of severities are filters as well.
fn controls(scan: &Scan, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "<section class=\"controls\" aria-label=\"Search and filters\">\n<fieldset class=\"chips\"><legend>Severity</legend>"
    )?;
    for severity in SEVERITIES {
        let n = scan.findings.iter().filter(|f| f.severity == severity).count() as u64;
        if n > 0 {
            let word = severity.word();
            writeln!(
                out,
                "<label class=\"chip {word}\"><input type=\"checkbox\" class=\"needs-script\" name=\"severity\" value=\"{word}\" checked><b>{}</b> {word}</label>",
                thousands(n)
            )?;
        }
    }
    writeln!(out, "</fieldset>\n<div class=\"filters needs-script\">")?;
    writeln!(
        out,
        "<label class=\"wide\"><span>Search <kbd>/</kbd></span><input type=\"search\" id=\"search\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"words, ids, places\"></label>"
    )?;
    writeln!(
        out,
        "<label>Path<input type=\"search\" id=\"path\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"part of a path\"></label>"
    )?;
    let mut rules: Vec<&str> = scan.findings.iter().map(|f| f.rule.id.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    choice(out, "rule", "Rule", rules.into_iter().map(|id| (id, id)))?;
    let sureness = [Confidence::High, Confidence::Medium, Confidence::Low];
    let present = sureness.into_iter().filter(|c| scan.findings.iter().any(|f| f.confidence == *c)).map(Confidence::word);
    choice(out, "confidence", "Confidence", present.map(|word| (word, word)))?;
    if scan.findings.iter().any(|f| f.exposure.is_some()) {
        choice(out, "exposure", "Exposure", finding::DANGERS.into_iter())?;
    }
    writeln!(out, "<button type=\"button\" id=\"clear\">Clear filters</button>\n</div>")?;
    writeln!(
        out,
        "<p class=\"keys needs-script\">Keys: <kbd>/</kbd> search, <kbd>j</kbd> <kbd>k</kbd> next and previous, <kbd>Enter</kbd> open or close, <kbd>x</kbd> select, <kbd>a</kbd> allow what is selected</p>"
    )?;
    writeln!(out, "<p id=\"count\" role=\"status\" aria-live=\"polite\">{}</p>\n</section>", shown(scan))
}

fn shown(scan: &Scan) -> String {
    count(scan.findings.len() as u64, "secret", "secrets")
}

fn choice<'a>(
    out: &mut dyn io::Write,
    id: &str,
    label: &str,
    options: impl Iterator<Item = (&'a str, &'a str)>,
) -> io::Result<()> {
    writeln!(out, "<label>{label}<select id=\"{id}\"><option value=\"\">all</option>")?;
    for (value, words) in options {
        writeln!(out, "<option value=\"{}\">{}</option>", text(value), text(words))?;
    }
    writeln!(out, "</select></label>")
}

fn table(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let all = ranked(scan);
    let is_history = all.iter().any(|f| f.exposure.is_some());
    writeln!(
        out,
        "<table id=\"findings\" role=\"table\" aria-label=\"Secrets found\">\n<thead role=\"rowgroup\"><tr role=\"row\">"
    )?;
    writeln!(
        out,
        "<th role=\"columnheader\" class=\"pick\"><input type=\"checkbox\" class=\"needs-script\" id=\"every\" aria-label=\"Select all that are shown\"></th>"
    )?;
    let exposure = is_history.then_some(("danger", "Exposure"));
    let columns = [("severity", "Severity"), ("what", "Secret"), ("where", "Where"), ("places", "Places")];
    for (key, name) in columns.into_iter().chain(exposure).chain([("confidence", "Confidence")]) {
        writeln!(
            out,
            "<th role=\"columnheader\" scope=\"col\" class=\"{key}\" data-key=\"{key}\"><button type=\"button\">{name}</button></th>"
        )?;
    }
    writeln!(out, "</tr></thead>")?;
    let part = finding::Part { places: Places::new(&style.root), values: style.values, is_history };
    for (n, finding) in all.iter().enumerate() {
        part.write(n, finding, out)?;
    }
    writeln!(
        out,
        "</table>\n<p class=\"more needs-script\" id=\"more\" hidden><button type=\"button\" id=\"next\">Show more</button>"
    )?;
    writeln!(out, "<button type=\"button\" id=\"rest\">Show all</button></p>")
}

fn issues(scan: &Scan, style: &Style, out: &mut dyn io::Write, level: Level) -> io::Result<()> {
    let (id, title, total) = match level {
        Level::Gap => ("gaps", "Gaps: not looked at, and should have been", scan.gaps()),
        Level::Note => ("notes", "Notes: left out by design", scan.notes()),
    };
    if total == 0 {
        return Ok(());
    }
    let open = if level == Level::Gap { " open" } else { "" };
    let n = thousands(total);
    writeln!(out, "<section class=\"list\" id=\"{id}\"><details{open}><summary><h2>{title}</h2> <span>{n}</span></summary>")?;
    let places = Places::new(&style.root);
    for &(_, kind, n) in scan.issue_counts.iter().filter(|(l, _, n)| *l == level && *n > 0) {
        writeln!(out, "<h3>{} <span>{}</span></h3>\n<ul>", words::described(kind), thousands(n))?;
        let mut told = 0;
        for issue in scan.issues.iter().filter(|i| i.level == level && i.kind == kind) {
            let detail = if issue.detail.is_empty() { String::new() } else { format!(": {}", text(&issue.detail)) };
            writeln!(out, "<li><code>{}</code>{detail}</li>", text(&places.name(&issue.origin)))?;
            told += 1;
        }
        if n > told {
            writeln!(out, "<li>and {} more</li>", thousands(n - told))?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</details></section>")
}

/// What comments and entries silenced, with their reasons.
fn silenced(scan: &Scan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let total = scan.coverage.allowed_inline + scan.coverage.allowed_by_entry;
    if scan.silenced.is_empty() {
        return Ok(());
    }
    let n = thousands(total);
    writeln!(
        out,
        "<section class=\"list\" id=\"silenced\"><details><summary><h2>Silenced, with reasons</h2> <span>{n}</span></summary><ul>"
    )?;
    let places = Places::new(&style.root);
    for one in &scan.silenced {
        let place = format!("{}:{}", places.name(&one.origin), one.line);
        let by = one.entry.as_ref().map_or_else(|| "a comment beside it".to_owned(), |entry| text(entry));
        let rule = text(&one.rule);
        writeln!(out, "<li><code>{}</code> {rule}, by {by}: <q>{}</q></li>", text(&place), text(&one.reason))?;
    }
    let more = total.saturating_sub(scan.silenced.len() as u64);
    if more > 0 {
        writeln!(out, "<li>and {} more</li>", thousands(more))?;
    }
    writeln!(out, "</ul></details></section>")
}

/// Entries for `stanch.toml`. Without a project key an id is another one in the next run, so there is nothing to write down.
fn export(scan: &Scan, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "<section class=\"tray needs-script empty\" id=\"tray\" aria-label=\"Selection\"><p id=\"picked\" role=\"status\">None selected</p>"
    )?;
    writeln!(out, "<button type=\"button\" id=\"none\" disabled>Select none</button>")?;
    writeln!(out, "<button type=\"button\" id=\"allow\" class=\"main\" disabled>Allow selected...</button></section>")?;
    writeln!(out, "<dialog id=\"entries\" aria-labelledby=\"entries-title\" data-stable=\"{}\">", scan.stable_fingerprints)?;
    writeln!(out, "<h2 id=\"entries-title\">Allow what is selected</h2>")?;
    if scan.stable_fingerprints {
        writeln!(
            out,
            "<p>Allow what is no leak: an entry silences the value wherever it stands. What is real must be revoked first.</p>"
        )?;
        writeln!(out, "<label>Reason (required)<input id=\"reason\" autocomplete=\"off\" aria-describedby=\"wrong\"></label>")?;
        writeln!(out, "<div class=\"two\"><label>Owner<input id=\"owner\" autocomplete=\"off\"></label>")?;
        writeln!(out, "<label>Until, the last day<input id=\"until\" type=\"date\"></label></div>")?;
        writeln!(out, "<p id=\"wrong\" role=\"status\"></p>")?;
        writeln!(
            out,
            "<label>Add this to stanch.toml<textarea id=\"toml\" rows=\"10\" readonly spellcheck=\"false\"></textarea></label>"
        )?;
        writeln!(out, "<p class=\"acts\"><button type=\"button\" id=\"copy\" class=\"main\">Copy</button>")?;
        writeln!(out, "<a id=\"save\" class=\"button\" download=\"stanch-allow.toml\">Download</a>")?;
    } else {
        writeln!(out, "<p>There is no project key, so these ids hold for this run only and an entry would silence nothing.</p>")?;
        writeln!(
            out,
            "<p>Make a key with <code>stanch init</code>, scan again, and allow from that report.</p>\n<p class=\"acts\">"
        )?;
    }
    writeln!(out, "<button type=\"button\" id=\"close\">Close</button></p></dialog>")
}

#[cfg(test)]
mod tests {
    use super::{CSS, EARLY, SCRIPT, source, write};
    use crate::report::{Style, Values, sample};
    use crate::scan::finding::Scan;

    fn render(scan: &Scan, values: Values) -> String {
        let mut out = Vec::new();
        write(scan, &Style { values, ..Style::default() }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_policy_names_the_script_and_the_style_that_are_there() {
        let page = render(&sample::sample(), Values::Redacted);
        for (tag, content) in [("script", SCRIPT), ("script", EARLY), ("style", CSS)] {
            assert!(page.contains(&format!("<{tag}>{content}</{tag}>")) && page.contains(&source(content)));
            assert!(!content.contains("</"), "{tag} would end early");
        }
        assert_eq!(source(""), ["'sha256-", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"].concat());
    }

    #[test]
    fn nothing_is_loaded_and_nothing_foreign_is_markup() {
        for scan in [sample::sample(), sample::hostile(), sample::history(), Scan::default()] {
            for values in [Values::Redacted, Values::Shown] {
                let page = render(&scan, values);
                let page = page.replace(SCRIPT, "").replace(CSS, "");
                assert_eq!(page.matches("<script").count(), 2);
                for part in ["<img", "<b>]", "src=", "style=", " onerror", "<link", "<iframe", "javascript:", "url("] {
                    assert!(!page.contains(part), "{part}");
                }
                for (at, _) in page.match_indices("href=\"") {
                    let target = &page[at + 6..];
                    assert!(["#", "https://", "http://"].iter().any(|start| target.starts_with(start)), "{}", &target[..40]);
                }
                assert_eq!(page.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}'), None);
            }
        }
    }
}
