//! The terminal of `stanch baseline audit`.
//!
//! It must not decide what a key does: that is [`Review::press`]. Start with [`run`]; [`draw`] makes one picture. The value is on the
//! alternate screen only, which leaves nothing behind.

use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::review::{Key, Next, Review};
use crate::base::text::sanitise;
use crate::scan::finding::Finding;

/// Characters of a value that are shown.
const MOST: usize = 2000;

/// Asks until somebody ends it.
pub(super) fn run(review: &mut Review<'_>) -> std::io::Result<Next> {
    let mut terminal = ratatui::try_init()?;
    let next = loop {
        if let Err(error) = terminal.draw(|frame| draw(frame, review)) {
            break Err(error);
        }
        match event::read() {
            Ok(Event::Key(pressed)) if pressed.kind != KeyEventKind::Release => {
                match review.press(key(pressed.code, pressed.modifiers)) {
                    Next::Go => {}
                    next => break Ok(next),
                }
            }
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    ratatui::try_restore()?;
    next
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Key {
    match code {
        KeyCode::Char('c' | 'd') if modifiers.contains(KeyModifiers::CONTROL) => Key::Leave,
        KeyCode::Char('y') => Key::Real,
        KeyCode::Char('n') => Key::False,
        KeyCode::Char('u') | KeyCode::Backspace | KeyCode::Left => Key::Undo,
        KeyCode::Char(' ') | KeyCode::Right => Key::Skip,
        KeyCode::Char('s') => Key::Show,
        KeyCode::Char('q') => Key::Save,
        _ => Key::Other,
    }
}

fn draw(frame: &mut Frame<'_>, review: &Review<'_>) {
    let (asked, judged) = review.progress();
    let all = review.findings.len();
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut lines =
        vec![Line::styled(format!("stanch baseline audit   {} of {all}, {judged} judged", (asked + 1).min(all)), bold)];
    lines.push(Line::default());
    match review.current() {
        Some(finding) => lines.extend(question(finding, review.is_shown())),
        None => lines.push(Line::raw("That was the last one.")),
    }
    lines.push(Line::default());
    let show = if review.is_shown() { "hide it" } else { "show it" };
    lines.push(Line::raw(format!("y real   n false alarm   space skip   u undo   s {show}   q save and quit   Ctrl-C quit")));
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), frame.area());
}

fn question(finding: &Finding, shown: bool) -> Vec<Line<'static>> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let clean = |text: &str| sanitise(text.as_bytes()).into_owned();
    let rule = &finding.rule;
    let mut lines = vec![
        Line::styled(clean(&rule.about), bold),
        Line::raw(format!("{}, {}, {} confidence", rule.id, finding.severity.word(), finding.confidence.word())),
        Line::default(),
    ];
    if let Some(one) = finding.occurrences.first() {
        let more = match finding.places() {
            1 => String::new(),
            n => format!(", and {} more", n - 1),
        };
        lines.push(Line::raw(format!("{}:{}{more}", clean(&one.origin.name()), one.at.line)));
        let (before, after) = (clean(&one.snippet.before), clean(&one.snippet.after));
        lines.push(Line::from(vec![Span::raw(before), Span::styled(clean(&one.snippet.shown), bold), Span::raw(after)]));
    }
    lines.push(Line::default());
    lines.extend(finding.why.iter().map(|why| Line::raw(format!("because {}", clean(why)))));
    if shown {
        let value: String = sanitise(finding.secret.expose()).chars().take(MOST).collect();
        lines.push(Line::default());
        lines.push(Line::styled(value, Style::new().add_modifier(Modifier::REVERSED)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{KeyCode, KeyModifiers};

    use super::{Key, draw, key};
    use crate::cli::baseline::review::{Next, Review};
    use crate::report::sample;
    use crate::scan::finding::{Finding, Fingerprint};
    use crate::scan::suppress::baseline::{Baseline, Entry, Judged};

    fn findings() -> Vec<Finding> {
        (0..3).map(|n| sample::finding(&format!("f{n}"), &"abc"[n..=n].repeat(32), b"hunter2-hunter2")).collect()
    }

    fn picture(review: &Review<'_>) -> String {
        let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
        terminal.draw(|frame| draw(frame, review)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn keys_judge_undo_and_end() {
        let findings = findings();
        let mut review = Review::new(findings.iter().collect());
        let mut press =
            |keys: &str| keys.chars().map(|c| review.press(key(KeyCode::Char(c), KeyModifiers::NONE))).last().unwrap_or(Next::Go);
        assert_eq!(press("uyxnu"), Next::Go);
        assert_eq!(press(" yn"), Next::Go, "beyond the end nothing is asked");
        assert_eq!(press("q"), Next::Save);
        assert_eq!(review.progress(), (3, 2));
        let mut baseline = Baseline::default();
        for finding in &findings {
            let entry = Entry { rule: "a".into(), judged: None, path: "f".into() };
            baseline.entries.insert(finding.fingerprint.clone(), entry);
        }
        assert_eq!(review.settle(&mut baseline), 2);
        let judged: Vec<Option<Judged>> = baseline.entries.values().map(|entry| entry.judged).collect();
        assert_eq!(judged, [Some(Judged::Real), None, Some(Judged::Real)]);
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Key::Leave);
        assert!(!baseline.entries.contains_key(&Fingerprint("d".repeat(32))));
    }

    #[test]
    fn the_value_is_on_the_screen_only_while_it_is_asked_for() {
        let findings = findings();
        let mut review = Review::new(findings.iter().collect());
        let has = |review: &Review<'_>| picture(review).contains("hunter2-hunter2");
        assert!(!has(&review) && picture(&review).contains("1 of 3, 0 judged"));
        review.press(Key::Show);
        assert!(has(&review));
        review.press(Key::Show);
        assert!(!has(&review));
        for next in [Key::Real, Key::Undo, Key::Other] {
            review.press(Key::Show);
            assert!(has(&review));
            review.press(next);
            assert!(!has(&review), "{next:?}");
        }
        for key in [Key::Real, Key::Skip, Key::False, Key::Show] {
            review.press(key);
        }
        assert!(picture(&review).contains("That was the last one.") && !has(&review));
    }
}
