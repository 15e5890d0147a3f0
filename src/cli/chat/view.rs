use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::drive::{Event, State};
use crate::turn::{EarStatus, MouthStatus};

/// Lines of the live part at the bottom of the terminal.
pub(super) const HEIGHT: u16 = 4;

/// Cells of the level meter.
const METER: usize = 24;

/// What the terminal shows: lines that scroll away above, and a live part below.
#[derive(Debug)]
pub(super) struct View {
    state: State,
    /// Decibels below full scale.
    level: f32,
    /// The words of the reply under way that have sounded.
    words: String,
    /// What the user is saying, as far as it was made out.
    heard: String,
    /// What is being typed, when something is.
    typed: Option<String>,
    hands_free: bool,
    colour: bool,
    timing: Option<String>,
}

impl View {
    pub(super) fn new(state: State, hands_free: bool, colour: bool) -> Self {
        Self {
            state,
            level: -90.0,
            words: String::new(),
            heard: String::new(),
            typed: None,
            hands_free,
            colour,
            timing: None,
        }
    }

    pub(super) fn typed(&mut self) -> &mut Option<String> {
        &mut self.typed
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Takes an event; returns the lines that it adds to the conversation.
    pub(super) fn on_event(&mut self, event: Event) -> Vec<Line<'static>> {
        match event {
            Event::State(state) => {
                if state.ear != EarStatus::Hearing {
                    self.level = self.level.min(-60.0);
                }
                self.state = state;
                Vec::new()
            }
            Event::Level { db } => {
                self.level = db;
                Vec::new()
            }
            Event::Transcript { text, last: false, .. } => {
                self.heard = text;
                Vec::new()
            }
            Event::Transcript { text, last: true, ms } => {
                self.heard.clear();
                let line = || self.entry("you", &text, Color::Cyan, &format!("{ms} ms"));
                if text.is_empty() { Vec::new() } else { vec![line()] }
            }
            Event::Asked { text } => vec![self.entry("you", &text, Color::Cyan, "typed")],
            Event::Call { name, arguments } => {
                vec![self.entry("", &format!("{name} {arguments}"), Color::Yellow, "")]
            }
            Event::Outcome { ok: false, result, .. } => {
                vec![self.entry("", &format!("{result}"), Color::Red, "")]
            }
            Event::Outcome { .. } => Vec::new(),
            Event::Words { text, .. } => {
                self.words.push_str(&text);
                Vec::new()
            }
            Event::Sounding { ms, .. } => {
                self.timing = Some(format!("first sound after {ms} ms"));
                Vec::new()
            }
            Event::Reply { text, interrupted, .. } => {
                self.words.clear();
                let cut = if interrupted { "cut short" } else { "" };
                let note = self.timing.take().unwrap_or_default();
                let note = if interrupted { cut.to_owned() } else { note };
                vec![self.entry("aloud", text.trim(), Color::Green, &note)]
            }
            Event::Nothing { why } => {
                self.heard.clear();
                vec![self.entry("", &why, Color::DarkGray, "")]
            }
            Event::Trouble { message } => vec![self.entry("!", &message, Color::Red, "")],
            Event::Sound { message } | Event::Aside { message } => {
                vec![self.entry("", &message, Color::DarkGray, "")]
            }
            Event::Source(source) => {
                let text = format!("{} {}", source.title, source.url);
                vec![self.entry("", text.trim(), Color::DarkGray, "source")]
            }
            Event::Written { .. } | Event::Missed { .. } | Event::Ending => Vec::new(),
        }
    }

    /// One line of the conversation.
    fn entry(&self, who: &str, text: &str, colour: Color, note: &str) -> Line<'static> {
        let mut spans = vec![
            Span::styled(format!("{who:>7}  "), self.style(colour).add_modifier(Modifier::BOLD)),
            Span::styled(
                text.to_owned(),
                if who.is_empty() { self.style(colour) } else { Style::new() },
            ),
        ];
        if !note.is_empty() {
            spans.push(Span::styled(format!("   {note}"), self.style(Color::DarkGray)));
        }
        Line::from(spans)
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let [rule, status, words, keys] =
            Layout::vertical([Constraint::Length(1); 4]).areas(frame.area());
        self.line(
            frame,
            rule,
            Line::styled("─".repeat(rule.width.into()), self.style(Color::DarkGray)),
        );
        self.line(frame, status, self.status());
        self.line(frame, words, self.live(words.width.into()));
        self.line(frame, keys, Line::styled(self.keys(), self.style(Color::DarkGray)));
    }

    fn line(&self, frame: &mut Frame<'_>, area: Rect, line: Line<'static>) {
        frame.render_widget(Paragraph::new(line), area);
    }

    /// What aloud does now, and the microphone's level.
    fn status(&self) -> Line<'static> {
        let (mark, word, colour) = if self.state.muted {
            ("✕", "muted", Color::Red)
        } else {
            match (self.state.ear, self.state.mouth) {
                (EarStatus::Hearing | EarStatus::Trailing, _) => ("●", "listening", Color::Red),
                (_, MouthStatus::Transcribing) => ("◌", "understanding", Color::Yellow),
                (_, MouthStatus::Thinking) => ("◌", "thinking", Color::Yellow),
                (_, MouthStatus::Speaking) => ("♪", "speaking", Color::Green),
                (_, MouthStatus::Hushing) => ("♪", "stopping", Color::Green),
                (EarStatus::Open, MouthStatus::Silent) => ("○", "ready, just speak", Color::Cyan),
                (EarStatus::Shut, MouthStatus::Silent) => ("○", "ready", Color::Cyan),
            }
        };
        let mut spans = vec![Span::styled(
            format!(" {mark} {word:<18}"),
            self.style(colour).add_modifier(Modifier::BOLD),
        )];
        let lit = meter(self.level);
        spans.push(Span::styled("█".repeat(lit), self.style(Color::Green)));
        spans.push(Span::styled("░".repeat(METER - lit), self.style(Color::DarkGray)));
        let mut notes = format!("  volume {} %", self.state.volume);
        match self.state.timers {
            0 => {}
            1 => notes.push_str(" · 1 timer"),
            n => notes.push_str(&format!(" · {n} timers")),
        }
        spans.push(Span::styled(notes, self.style(Color::DarkGray)));
        Line::from(spans)
    }

    /// What is typed, what the user says, or the words that sound now: the end of them, where they
    /// are longer.
    fn live(&self, width: usize) -> Line<'static> {
        let (who, text) = match &self.typed {
            Some(text) => ("ask", format!("{text}▏")),
            None if !self.heard.is_empty() => ("you", format!("{} …", self.heard)),
            None => ("", self.words.trim_start().replace('\n', " ")),
        };
        let room = width.saturating_sub(10);
        let skip = text.chars().count().saturating_sub(room);
        let shown: String = text.chars().skip(skip).collect();
        Line::from(vec![
            Span::styled(format!("{who:>7}  "), self.style(Color::Cyan)),
            Span::styled(shown, self.style(Color::Green)),
        ])
    }

    fn keys(&self) -> String {
        let talk = if self.hands_free { "just speak" } else { "space: hold or tap to talk" };
        match self.typed {
            Some(_) => " enter: ask · esc: back".into(),
            None => format!(" {talk} · enter: type · s: stop · m: mute · q: quit"),
        }
    }

    fn style(&self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }
}

/// Lit cells of the meter at `db`: none at -60 dB and below, all at 0.
fn meter(db: f32) -> usize {
    let share = ((db + 60.0) / 60.0).clamp(0.0, 1.0);
    // At most METER, so the cast is exact.
    (share * METER as f32).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_is_shown_until_its_last_words_are_known() {
        let mut view = View::new(State::at_start("open"), true, false);
        let transcript =
            |text: &str, last| Event::Transcript { text: text.to_owned(), last, ms: 0 };
        let live = |view: &View| view.live(40).to_string();
        assert_eq!(view.on_event(transcript("set a", false)), Vec::<Line<'_>>::new());
        assert_eq!(live(&view), "    you  set a …");
        let lines = view.on_event(transcript("Set a timer.", true));
        assert!(lines[0].to_string().contains("you  Set a timer."));
        assert_eq!(live(&view).trim(), "");
        view.on_event(transcript("hm", false));
        view.on_event(Event::Nothing { why: "nothing was said".into() });
        assert_eq!(live(&view).trim(), "");
    }

    #[test]
    fn the_meter_spans_sixty_decibels() {
        assert_eq!([-90.0, -60.0, -30.0, 0.0, 3.0].map(meter), [0, 0, METER / 2, METER, METER]);
    }
}
