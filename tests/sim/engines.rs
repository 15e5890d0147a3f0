//! Responder and tools: what they make of words.

use aloud::base::{CallId, Epoch};
use aloud::dialog::{Call, Item, Outcome};
use aloud::turn::{Failure, Report};

use super::world::{Event, World};

impl World {
    /// The responder: a table of what it makes of the newest words of the user.
    pub(crate) fn respond(&mut self, epoch: Epoch) {
        let items = self.machine.prompt();
        let at = items.iter().rposition(|item| matches!(item, Item::User { .. })).unwrap();
        let Item::User { text, .. } = &items[at] else { unreachable!() };
        let outcome = items[at..].iter().rev().find_map(|item| match item {
            Item::Outcome(outcome) => Some(outcome.say.clone()),
            _ => None,
        });
        let think = self.engines.think;
        let has = |word: &str| text.split(' ').any(|w| w == word);
        let tool = [
            ("time", "get_time"),
            ("forecast", "get_weather"),
            ("timer", "set_timer"),
            ("stop", "stop"),
            ("loop", "get_time"),
        ]
        .into_iter()
        .find(|(word, _)| has(word) && (outcome.is_none() || *word == "loop"));
        if has("dead") {
            return;
        }
        if has("busy") {
            let text = "The service is busy. Try again in a minute.".to_owned();
            let report = Report::Failed(Failure::Engine { text });
            self.after(think, Event::Report { epoch, report });
        } else if has("quiet") {
            self.after(think, Event::Report { epoch, report: Report::Done });
        } else if has("breaks") {
            self.speak(epoch, think, "Once upon a", false);
            let text = "The connection broke. Ask again.".to_owned();
            let report = Report::Failed(Failure::Engine { text });
            self.after(think + 200, Event::Report { epoch, report });
        } else if let Some((_, tool)) = tool {
            self.calls += 1;
            let arguments = text.clone();
            let call =
                Call { id: CallId(format!("c{}", self.calls)), name: tool.into(), arguments };
            let speech = if has("forecast") { "Let me look." } else { "" };
            let done = self.speak(epoch, think, speech, false);
            self.after(done, Event::Report { epoch, report: Report::Call(call) });
            self.after(done, Event::Report { epoch, report: Report::Done });
        } else {
            let reply = match outcome {
                Some(outcome) => outcome,
                None if text.is_empty() => "I heard you.".to_owned(),
                None => format!("You said {text}."),
            };
            self.speak(epoch, think, &reply, true);
        }
    }

    /// Makes the pieces of `text`; returns after how many milliseconds the last one is there.
    pub(crate) fn speak(&mut self, epoch: Epoch, think: u64, text: &str, done: bool) -> u64 {
        let mut at = think;
        for (n, word) in text.split_whitespace().enumerate() {
            let text = if n == 0 { word.to_owned() } else { format!(" {word}") };
            let report = Report::Queued { samples: self.engines.word * 48, text };
            self.after(at, Event::Report { epoch, report });
            at += self.engines.piece;
        }
        if done {
            self.after(at, Event::Report { epoch, report: Report::Done });
        }
        at
    }

    pub(crate) fn call(&mut self, epoch: Epoch, call: Call) {
        self.notice(&format!("tool {}", call.name));
        let (ms, say, stop, effect) = match call.name.as_str() {
            "get_time" => (5, "It is ten o'clock.".to_owned(), false, None),
            "get_weather" => (2_000, "It will rain.".to_owned(), false, None),
            "set_timer" => (5, format!("Done: {}.", call.arguments), false, Some(call.arguments)),
            "stop" => (1, String::new(), true, None),
            other => panic!("no such tool: {other}"),
        };
        let outcome = Outcome { id: call.id, output: say.clone(), say, ok: true };
        self.after(ms, Event::Tool { epoch, outcome, stop, effect });
    }
}
