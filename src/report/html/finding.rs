//! A secret of the page: its row, and what opens below it.
//!
//! It must not know the page around it. Start with [`Part`].

use std::io;

use super::text;
use crate::base::text::sanitise;
use crate::report::Values;
use crate::report::junit::xml;
use crate::report::layout::{count, thousands};
use crate::report::line::{self, Line};
use crate::report::place::Places;
use crate::report::words::{clean, committed, exposed, names, position};
use crate::scan::finding::{Danger, Exposure, Finding, Occurrence};

/// How near a secret of history is: the word of the reports, and one for people.
pub(super) const DANGERS: [(&str, &str); 4] =
    [("in-head", "in HEAD"), ("pushed", "on a remote"), ("reachable", "on no remote"), ("unreachable", "in no ref")];

/// Places that are open at once.
const OPEN: usize = 5;

/// How findings are written.
pub(super) struct Part<'a> {
    pub(super) places: Places<'a>,
    pub(super) values: Values,
    /// Is there a column for exposure?
    pub(super) is_history: bool,
}

impl Part<'_> {
    /// One finding; `n` makes its id on the page.
    pub(super) fn write(&self, n: usize, finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(first) = finding.occurrences.first() else { return Ok(()) };
        let (rule, place) = (text(&finding.rule.id), text(&position(self.places, first)));
        let danger = finding.exposure.as_ref().map(|e| DANGERS[e.danger() as usize]);
        let (severity, confidence) = (finding.severity.word(), finding.confidence.word());
        writeln!(
            out,
            "<tbody role=\"rowgroup\" class=\"finding\" data-severity=\"{severity}\" data-rank=\"{}\" data-confidence=\"{confidence}\" data-sure=\"{}\" data-rule=\"{rule}\" data-places=\"{}\" data-exposure=\"{}\" data-danger=\"{}\" data-place=\"{place}\" data-id=\"{}\">",
            finding.severity as u8,
            finding.confidence as u8,
            finding.places(),
            danger.map_or("", |(word, _)| word),
            finding.exposure.as_ref().map_or(9, |e| e.danger() as u8),
            text(&finding.fingerprint.0),
        )?;
        writeln!(
            out,
            "<tr role=\"row\"><td role=\"cell\" class=\"pick\"><input type=\"checkbox\" class=\"needs-script\" aria-label=\"Select {rule} at {place}\"></td>"
        )?;
        writeln!(out, "<td role=\"cell\" class=\"severity\"><span class=\"badge {severity}\">{severity}</span></td>")?;
        writeln!(
            out,
            "<th role=\"rowheader\" scope=\"row\" class=\"what\"><button type=\"button\" class=\"toggle\" aria-expanded=\"true\" aria-controls=\"d{n}\">{}</button><span class=\"rule\">{rule}</span></th>",
            text(&finding.rule.about)
        )?;
        let more = match finding.places() {
            0 | 1 => String::new(),
            places => format!(" <span class=\"dim\">and {}</span>", count(places - 1, "more place", "more places")),
        };
        writeln!(out, "<td role=\"cell\" class=\"where\"><code>{place}</code>{more}</td>")?;
        writeln!(out, "<td role=\"cell\" class=\"places\">{}</td>", thousands(finding.places()))?;
        if self.is_history {
            let words = danger.map_or("", |(_, words)| words);
            let class = danger.map_or("", |(word, _)| word);
            writeln!(out, "<td role=\"cell\" class=\"danger\"><span class=\"reach {class}\">{words}</span></td>")?;
        }
        writeln!(out, "<td role=\"cell\" class=\"confidence\">{confidence}</td></tr>")?;
        let columns = 6 + usize::from(self.is_history);
        writeln!(out, "<tr role=\"row\" class=\"detail\" id=\"d{n}\"><td role=\"cell\" colspan=\"{columns}\">")?;
        self.detail(finding, out)?;
        writeln!(out, "</td></tr></tbody>")
    }

    fn detail(&self, finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "<div class=\"inside\"><div class=\"about\"><dl>")?;
        let why: Vec<String> = line::why(finding).iter().map(|words| clean(words)).collect();
        let mut facts: Vec<(&str, String)> = Vec::new();
        if !why.is_empty() {
            facts.push(("why", text(&why.join("; "))));
        }
        if let Some(exposure) = &finding.exposure {
            facts.extend(exposure_facts(finding, exposure));
        }
        facts.extend(finding.paired.as_ref().map(|paired| ("with", format!("<code>{}</code>", text(paired)))));
        facts.push(("fix", format!("{} {}", text(&finding.rule.fix), link(&finding.rule.url))));
        if let Some(bytes) = line::bytes(finding, self.values) {
            let lines: Vec<String> = bytes.split(|b| *b == b'\n').map(|l| sanitise(l).into_owned()).collect();
            facts.push(("value", format!("<pre class=\"value\"><code>{}</code></pre>", xml(&lines.join("\n")))));
        }
        facts.push(("id", format!("<code>{}</code>", text(&finding.fingerprint.0))));
        for (label, words) in facts {
            writeln!(out, "<div><dt>{label}</dt><dd>{words}</dd></div>")?;
        }
        writeln!(out, "</dl></div>\n<ol class=\"spots\">")?;
        let (open, folded) = finding.occurrences.split_at(finding.occurrences.len().min(OPEN));
        open.iter().try_for_each(|o| self.spot(finding, o, out))?;
        writeln!(out, "</ol>")?;
        if !folded.is_empty() || finding.more > 0 {
            let words = count(folded.len() as u64 + finding.more, "more place", "more places");
            writeln!(out, "<details class=\"further\"><summary>{words}</summary><ol class=\"spots\" start=\"{}\">", OPEN + 1)?;
            folded.iter().try_for_each(|o| self.spot(finding, o, out))?;
            writeln!(out, "</ol>")?;
            if finding.more > 0 {
                writeln!(out, "<p>and {} that are not listed</p>", thousands(finding.more))?;
            }
            writeln!(out, "</details>")?;
        }
        writeln!(out, "</div>")
    }

    /// A place with its line.
    fn spot(&self, finding: &Finding, occurrence: &Occurrence, out: &mut dyn io::Write) -> io::Result<()> {
        let Line { before, shown, after } = Line::of(finding, occurrence);
        let lines = occurrence.at.end_line.saturating_sub(occurrence.at.line) + 1;
        let (after, extent) = match lines {
            1 => (line_text(&after), String::new()),
            n => (String::new(), format!(" <span class=\"dim\">{} lines</span>", thousands(n))),
        };
        let commit = occurrence
            .commit
            .as_ref()
            .map_or_else(String::new, |commit| format!("<span class=\"dim\">commit {}</span>", xml(&committed(commit))));
        let place = text(&position(self.places, occurrence));
        let line = format!("{}<mark>{}</mark>{after}", line_text(before.trim_start()), line_text(&shown));
        writeln!(out, "<li><code class=\"place\">{place}</code>{extent}{commit}<pre><code>{line}</code></pre></li>")
    }
}

/// A line of a file, where tabs are ordinary.
fn line_text(line: &str) -> String {
    text(&line.trim_end_matches(['\r', '\n']).replace('\t', "    "))
}

fn exposure_facts(finding: &Finding, exposure: &Exposure) -> Vec<(&'static str, String)> {
    let told = finding.occurrences.first().and_then(|first| first.commit.as_ref());
    let mut facts = vec![("exposed", xml(&exposed(exposure, told)))];
    facts.extend(names(exposure).map(|names| ("refs", xml(&names))));
    let advice = match exposure.danger() {
        Danger::InHead | Danger::Pushed if exposure.pushed => "It was pushed, so it may have been copied: revoke it now.",
        Danger::InHead => "It is in HEAD and on no remote: take it out before you push.",
        Danger::Reachable => "It is on no remote: amend or rebase before you push.",
        Danger::Unreachable => "No ref reaches it: it goes when git collects garbage.",
        Danger::Pushed => "",
    };
    if !advice.is_empty() {
        facts.push(("means", advice.to_owned()));
    }
    facts
}

/// A link, if it is one to the web.
fn link(url: &str) -> String {
    let safe = text(url);
    if url.starts_with("https://") || url.starts_with("http://") {
        format!("<a href=\"{safe}\" rel=\"noopener noreferrer\" target=\"_blank\">{safe}</a>")
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn only_the_web_is_linked_to() {
        let check = |url: &str, expected: &str| assert_eq!(link(url), expected);
        check("https://a/b", "<a href=\"https://a/b\" rel=\"noopener noreferrer\" target=\"_blank\">https://a/b</a>");
        check("javascript:alert(1)", "javascript:alert(1)");
        check("data:text/html,<script>", "data:text/html,&lt;script&gt;");
        let tried = link("https://a\" onclick=\"x");
        assert!(tried.contains("href=\"https://a&quot; onclick=&quot;x\""), "{tried}");
    }
}
