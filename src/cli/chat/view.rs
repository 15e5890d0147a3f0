use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};

use super::answer::{Answer, shown};
use super::entry::{self, Entry, GUTTER};
use crate::drive::{Event, State};
use crate::engine::ending::Why;
use crate::turn::{EarStatus, MouthStatus};

/// What the terminal shows: entries that scroll away above, and the current turn.
pub(super) struct View {
    pub(super) state: State,
    /// The microphone's level in decibels below full scale.
    pub(super) level: f32,
    /// What the user is saying, as recognized so far.
    pub(super) heard: String,
    pub(super) turn: Turn,
    /// What the user said or typed during the current turn.
    next: Option<Entry>,
    /// Finished entries that were not printed yet.
    done: Vec<Entry>,
    /// A passing remark, shown until something else happens.
    pub(super) hint: Option<String>,
    /// Whether the talk key was tapped, so that another tap ends the utterance.
    pub(super) tapped: bool,
    pub(super) colour: bool,
    /// Whether what follows is shown.
    pub(super) details: bool,
    /// What was last heard of a wake word.
    pub(super) wake: Option<String>,
    /// Why the last turn ended.
    pub(super) ended: Option<String>,
    /// The last answer, as written.
    last: Option<String>,
    /// The last problem reported; it is also spoken, and not shown twice.
    told: String,
}

/// The current turn.
#[derive(Default)]
pub(super) struct Turn {
    pub(super) you: Option<Entry>,
    /// Calls and their results.
    pub(super) notes: Vec<Entry>,
    pub(super) answer: Option<Answer>,
    /// What goes below the answer: its sources, and problems.
    after: Vec<Entry>,
    /// Milliseconds from the end of speech to the first sound.
    delay: Option<u64>,
}

impl Turn {
    /// Calls and their results, without those that the answer itself tells.
    fn untold(&self) -> impl Iterator<Item = &Entry> {
        let told = |note: &Entry| {
            self.answer.as_ref().is_some_and(|answer| answer.text.contains(note.text().trim()))
        };
        self.notes.iter().filter(move |note| !told(note))
    }

    /// Whether the answer has begun to sound.
    fn begun(&self) -> bool {
        self.delay.is_some() || self.answer.as_ref().is_some_and(|answer| answer.sounded > 0)
    }

    /// The remark on an answer that is given up.
    fn ended(&self) -> &'static str {
        if self.begun() { "cut off here" } else { "not spoken" }
    }
}

impl View {
    pub(super) fn new(state: State, colour: bool) -> Self {
        Self {
            state,
            level: -90.0,
            heard: String::new(),
            turn: Turn::default(),
            next: None,
            done: Vec::new(),
            hint: None,
            tapped: false,
            colour,
            details: false,
            wake: None,
            ended: None,
            last: None,
            told: String::new(),
        }
    }

    /// The entries finished since the last call.
    pub(super) fn take_done(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.done)
    }

    /// The last answer, as written.
    pub(super) fn last_answer(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Whether the microphone is open all the time.
    pub(super) fn open(&self) -> bool {
        self.state.mode != "push-to-talk"
    }

    /// Whether something is in progress that Ctrl-C or Esc can stop.
    pub(super) fn busy(&self) -> bool {
        self.state.mouth != MouthStatus::Silent
            || self.state.ear == EarStatus::Hearing && !self.open()
    }

    /// Whether the answer so far may be shown: not while the user may still go on.
    pub(super) fn shows_answer(&self) -> bool {
        let sounded = self.turn.answer.as_ref().is_some_and(|answer| answer.sounded > 0);
        sounded || !matches!(self.state.ear, EarStatus::Hearing | EarStatus::Trailing)
    }

    /// Prints `text` as a line of its own.
    pub(super) fn note(&mut self, text: &str) {
        self.done.push(self.entry("", text, Color::DarkGray));
    }

    /// Prints the keys and the commands.
    pub(super) fn help(&mut self) {
        self.done.extend(entry::help(|colour| self.style(colour)));
    }

    /// Prints a problem.
    pub(super) fn trouble(&mut self, text: &str) {
        self.done.push(self.entry("!", text, Color::Red));
    }

    /// Handles an event.
    pub(super) fn on_event(&mut self, event: Event) {
        match event {
            Event::State(state) => self.on_state(state),
            Event::Level { db } => self.level = db,
            Event::Transcript { text, last: false, .. } => self.heard = text,
            Event::Transcript { text, last: true, .. } => {
                self.heard.clear();
                if !text.is_empty() {
                    self.asked(&text);
                }
            }
            Event::Asked { text } => self.asked(&text),
            Event::Call { name, arguments } => {
                let call = format!("{name} {}", words(&arguments));
                self.turn.notes.push(self.entry("", call.trim(), Color::Yellow));
            }
            Event::Outcome { ok: false, result, .. } => {
                self.turn.notes.push(self.entry("", &words(&result), Color::Red));
            }
            Event::Outcome { .. } => {}
            Event::Written { epoch, text } => self.answer(epoch).text.push_str(&text),
            Event::Words { epoch, text } => {
                let answer = self.answer(epoch);
                if answer.text.is_empty() {
                    answer.text.push_str(&text);
                }
                answer.sound(&text);
            }
            Event::Sounding { ms, .. } => self.turn.delay = Some(ms),
            Event::Reply { epoch, text, interrupted } => self.on_reply(epoch, &text, interrupted),
            Event::Nothing { why } => {
                self.heard.clear();
                self.hint = Some(why);
            }
            Event::Trouble { message } => {
                let entry = self.entry("!", &message, Color::Red);
                self.told = message;
                if self.turn.answer.is_some() {
                    self.turn.after.push(entry);
                } else {
                    self.settle("");
                    self.done.push(entry);
                }
            }
            Event::Sound { message } | Event::Aside { message } => self.note(&message),
            Event::Source(source) => {
                let text = format!("{} {}", source.title, source.url);
                self.turn.after.push(self.entry("", text.trim(), Color::DarkGray));
            }
            Event::Wake { .. } | Event::WakeScore { .. } => self.wake = detail(&event),
            Event::EndOfTurn { .. } => self.ended = detail(&event),
            Event::Progress { .. } | Event::Missed { .. } | Event::Ending => {}
        }
    }

    fn on_state(&mut self, state: State) {
        if state.ear != EarStatus::Hearing {
            self.level = self.level.min(-60.0);
            self.tapped = false;
        }
        if state != self.state && state.ear == EarStatus::Hearing {
            self.hint = None;
        }
        let speaks = matches!(state.ear, EarStatus::Hearing | EarStatus::Trailing);
        let over = state.mouth == MouthStatus::Silent;
        self.state = state;
        if over && self.turn.answer.as_ref().is_some_and(|answer| !answer.text.is_empty()) {
            if speaks && !self.turn.begun() {
                // It was made during a pause, and the user has gone on: nothing of it happened.
                self.turn.answer = None;
                self.turn.notes.clear();
            } else {
                self.settle(self.turn.ended());
            }
        }
    }

    /// The answer of `epoch`, which replaces one that was given up before it sounded.
    fn answer(&mut self, epoch: u32) -> &mut Answer {
        let other = self.turn.answer.as_ref().is_some_and(|answer| answer.epoch != epoch);
        if other {
            if self.turn.answer.as_ref().is_some_and(|answer| answer.sounded > 0) {
                self.settle("");
            } else {
                self.turn.answer = None;
            }
        }
        self.turn.answer.get_or_insert_with(|| Answer::new(epoch))
    }

    /// The user said or typed something.
    fn asked(&mut self, text: &str) {
        let entry = self.entry("you", text, Color::Cyan);
        self.hint = None;
        if self.turn.begun() {
            // The sounding answer is over first.
            self.done.extend(self.next.take());
            self.next = Some(entry);
            return;
        }
        // The transcript of an utterance is repeated if the user went on after a pause.
        let again = self.turn.you.as_ref().is_some_and(|you| goes_on(&you.text(), text));
        if !again {
            self.settle(self.turn.ended());
        }
        self.turn = Turn { you: Some(entry), ..Turn::default() };
    }

    fn on_reply(&mut self, epoch: u32, text: &str, interrupted: bool) {
        let answer = self.turn.answer.take();
        let known = answer.filter(|answer| {
            !answer.text.trim().is_empty() && (answer.epoch == epoch || epoch == 0)
        });
        let mut answer =
            known.unwrap_or_else(|| Answer { text: text.to_owned(), ..Answer::new(epoch) });
        if !interrupted {
            answer.sounded = answer.text.len();
        } else if answer.sounded == 0 {
            answer.sound(text);
        }
        let told_already = epoch == 0 && self.told.trim() == answer.text.trim();
        self.turn.answer = Some(answer).filter(|_| !told_already);
        let delay = self.turn.delay.map(|ms| format!("{}.{}\u{a0}s", ms / 1000, ms % 1000 / 100));
        self.settle(if interrupted { "cut off here" } else { delay.as_deref().unwrap_or("") });
    }

    /// Prints what is in progress, because the chat is over.
    pub(super) fn finish(&mut self) {
        self.settle(self.turn.ended());
    }

    /// The current turn is over: it scrolls away, with `note` at its end.
    fn settle(&mut self, note: &str) {
        self.done.extend(self.turn.you.take());
        self.done.extend(self.turn.untold().cloned());
        let Turn { answer, after, .. } = std::mem::take(&mut self.turn);
        if let Some(answer) = answer.filter(|answer| !answer.text.trim().is_empty()) {
            let mut lines = answer.lines(self.colour);
            if !note.is_empty()
                && let Some(last) = lines.last_mut()
            {
                last.push_span(Span::styled(format!("  ({note})"), self.style(Color::DarkGray)));
            }
            self.done.push(self.block("aloud", lines.into(), Color::Green));
            self.last = Some(answer.text);
        }
        self.done.extend(after);
        self.turn.you = self.next.take();
    }

    /// The entries of the current turn.
    pub(super) fn under_way(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.turn.you.iter().cloned().collect();
        if self.shows_answer() {
            entries.extend(self.turn.untold().cloned());
            let fresh = |answer: &&Answer| {
                let text = answer.text.trim();
                !text.is_empty() && !self.told.starts_with(text)
            };
            if let Some(answer) = self.turn.answer.as_ref().filter(fresh) {
                let lines = answer.lines(self.colour);
                entries.push(self.block("aloud", lines.into(), Color::Green));
            }
            entries.extend(self.turn.after.iter().cloned());
        }
        entries.extend(self.next.iter().cloned());
        if !self.heard.is_empty() {
            entries.push(self.entry("you", &format!("{} …", self.heard), Color::Cyan));
        }
        entries
    }

    /// An entry of plain text.
    fn entry(&self, who: &'static str, text: &str, colour: Color) -> Entry {
        let style = if who == "you" { Style::new() } else { self.style(colour) };
        let lines = text.split('\n').map(|line| Line::styled(shown(line), style));
        self.block(who, lines.collect::<Vec<_>>().into(), colour)
    }

    fn block(&self, who: &'static str, text: Text<'static>, colour: Color) -> Entry {
        let style = self.style(colour).add_modifier(Modifier::BOLD);
        Entry { who: Span::styled(who, style), body: text, gutter: GUTTER }
    }

    pub(super) fn style(&self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }
}

/// What an event tells about wake words or the end of a turn.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others tell nothing of that")]
pub(super) fn detail(event: &Event) -> Option<String> {
    Some(match event {
        Event::Wake { word, score, own } => {
            let own = if *own { ", our own voice" } else { "" };
            format!("{word} {score:.2}{own}")
        }
        Event::WakeScore { score } => format!("wake score {score:.2}"),
        Event::EndOfTurn { why, pause_ms, likelihood } => {
            let likelihood = likelihood.map(|sure| format!(" {sure:.2}")).unwrap_or_default();
            let why = match why {
                Why::Whole => "whole request",
                Why::Open => "no more words came",
                Why::Sound => "sounded done",
                Why::Pause => "pause",
            };
            format!("turn ended: {why}{likelihood}, {pause_ms} ms")
        }
        _ => return None,
    })
}

/// Arguments or results as a person reads them.
fn words(value: &serde_json::Value) -> String {
    let plain = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => value.to_string(),
    };
    match value.as_object() {
        Some(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", plain(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        None => plain(value),
    }
}

/// Whether `now` continues the utterance that began with `before`.
fn goes_on(before: &str, now: &str) -> bool {
    let first = |text: &str| {
        let word = text.split_whitespace().next().unwrap_or_default().to_lowercase();
        word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
    };
    now.len() >= before.len() && first(before) == first(now)
}
