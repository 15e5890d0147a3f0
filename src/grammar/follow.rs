//! What is said after a question or after something was done: "yes", "ten minutes", "no, make it
//! fifteen", "at eight".

use serde_json::{Map, Value};

use crate::language::english::consent;

use super::clock::{self, Scope, Time};
use super::lexer::Token;
use super::lines::Lines;
use super::sentence::{Talk, strip_end};
use super::{Meaning, ParsedCall, day, length, number, open};

/// What came before a sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    /// This call was made and is done.
    Done(ParsedCall),
    /// This call waits for a value that was asked for.
    Open(ParsedCall),
    /// Instead of acting, the tool asked whether this call is really meant; with the argument
    /// `sure` it is.
    Unsure(ParsedCall),
    /// Instead of this call the user was asked for permission; after a yes it is made again.
    Asked(ParsedCall),
}

/// The meaning of `sentence` after `before`; `None` if it is unrelated.
pub(super) fn follow(grammar: &Lines, before: &Before, sentence: &str) -> Option<Meaning> {
    let tokens = grammar.tables.words.lex(sentence)?;
    let talk = Talk { grammar, source: sentence };
    let end = strip_end(&grammar.tables.after, &tokens, tokens.len());
    let tokens = if end == 0 { &tokens[..] } else { &tokens[..end] };
    match before {
        Before::Unsure(call) => {
            talk.confirmed(call, tokens).or_else(|| talk.answered(call, tokens))
        }
        Before::Asked(call) => match consent(sentence)? {
            true => Some(Meaning::Calls(vec![call.clone()])),
            false => Some(Meaning::Answer("Okay, I won't.".into())),
        },
        Before::Open(call) => talk.answered(call, tokens),
        Before::Done(call) => {
            talk.instead(call, tokens).or_else(|| about_it(grammar, call, sentence))
        }
    }
}

/// Words that undo what was just done.
const UNDO: &[&str] = &[
    "cancel that",
    "cancel it",
    "cancel that one",
    "undo",
    "undo that",
    "undo it",
    "delete it",
    "delete that",
    "delete that one",
    "remove it",
    "remove that",
    "remove that one",
    "take it back",
    "take that back",
    "never mind cancel it",
    "never mind cancel that",
    "forget that one",
];
/// Words in front of a corrected value that are not corrections themselves.
const MAKE_IT: &[&str] = &[
    "make it",
    "make that",
    "change it to",
    "change that to",
    "i said",
    "i meant",
    "i mean",
    "it should be",
    "set it to",
    "set it for",
    "move it to",
    "i wanted",
    "i want",
    "it is",
    "that should be",
    "that should have been",
    "should be",
    "not that",
    "make it for",
    "better",
];

impl Talk<'_> {
    /// Yes or no to a tool that asked.
    fn confirmed(&self, call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
        let answer = consent(&words(tokens));
        if answer == Some(false) {
            return Some(Meaning::Answer("All right, I'll leave it as it is.".into()));
        }
        // Repeating the request confirms it.
        let again = || match self.meaning(tokens) {
            Some(Meaning::Calls(calls)) => calls == [call.clone()],
            _ => false,
        };
        if answer == Some(true) || again() {
            let mut call = call.clone();
            call.arguments.as_object_mut()?.insert("sure".into(), Value::from(true));
            return Some(Meaning::Calls(vec![call]));
        }
        None
    }

    /// The requested value, alone or as a correction.
    fn answered(&self, call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
        let from = self.correction_end(tokens);
        // "Five, ten and fifteen minutes."
        let scan = self.scan(tokens);
        if call.tool == "set_timer" {
            let lists = super::each::lengths(&scan, from);
            if let Some((_, all)) = lists.into_iter().find(|(end, _)| *end == tokens.len()) {
                let calls = all.into_iter().map(|one| with(call, "seconds", one.seconds));
                return Some(Meaning::Calls(calls.collect()));
            }
        }
        Some(Meaning::Calls(vec![self.changed(call.clone(), &tokens[from..])?]))
    }

    /// "No, ten minutes" after a timer was set: the call that corrects it.
    fn instead(&self, call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
        let from = self.correction_end(tokens);
        if UNDO.contains(&words(&tokens[from.min(tokens.len())..]).as_str()) {
            return undone(call).map(|call| Meaning::Calls(vec![call]));
        }
        if from == 0 {
            return None;
        }
        let mut next = self.changed(call.clone(), &tokens[from..])?;
        match next.tool.as_str() {
            "set_timer" | "change_timer" => {
                let arguments = next.arguments.as_object_mut()?;
                // A label that was just given does not refer to an existing timer.
                if arguments.get("label") != call.arguments.get("label") {
                    return None;
                }
                arguments.retain(|name, _| matches!(name.as_str(), "seconds" | "label"));
                if !arguments.contains_key("label") {
                    arguments.insert("which".into(), Value::from("last"));
                }
                next.tool = "change_timer".into();
            }
            "set_alarm" => {
                next.arguments.as_object_mut()?.insert("instead".into(), Value::from(true));
            }
            "add_reminder" => {
                next.arguments.as_object_mut()?.insert("instead".into(), Value::from(true));
            }
            "set_volume" | "get_weather" | "get_time" | "get_date" | "convert_units"
            | "convert_currency" => {}
            _ => return None,
        }
        Some(Meaning::Calls(vec![next]))
    }

    /// Where the words end by which a speaker corrects themselves; zero if there are none.
    fn correction_end(&self, tokens: &[Token]) -> usize {
        let scan = self.scan(tokens);
        let mut at = 0;
        loop {
            let next = scan.correction(at).unwrap_or_else(|| scan.skip(at, MAKE_IT));
            if next == at {
                return at;
            }
            at = next;
        }
    }

    /// `call` with the value in `tail` replacing the one of its kind.
    pub(super) fn changed(&self, mut call: ParsedCall, tail: &[Token]) -> Option<ParsedCall> {
        let end = strip_end(&self.grammar.tables.after, tail, tail.len());
        let tail = &tail[..end];
        let ParsedCall { tool, arguments } = &mut call;
        let labelled = matches!(tool.as_str(), "set_timer" | "set_alarm");
        let arguments = arguments.as_object_mut()?;
        // "10 minutes for the pasta": a label may follow the value.
        let whole = self.value(tool, arguments, tail);
        if whole.is_none() && labelled {
            let scan = self.scan(tail);
            for at in (0..tail.len()).rev() {
                let from = scan.skip(at, &["for", "called", "named"]);
                if from == at {
                    continue;
                }
                let label =
                    open::labels(&scan, from).into_iter().find(|(end, ..)| *end == tail.len());
                if let Some((end, _, start)) = label
                    && (at == 0 || self.value(tool, arguments, &tail[..at]).is_some())
                {
                    let said = super::words::spoken(self.source, tail, start, end);
                    arguments.insert("label".into(), Value::from(said));
                    return Some(call);
                }
            }
        }
        whole.map(|()| call)
    }

    /// Puts the value in `tail` into `arguments`; `None` if none fits.
    fn value(&self, tool: &str, arguments: &mut Map<String, Value>, tail: &[Token]) -> Option<()> {
        if tool == "move_event" {
            // Its time and day tell which event is meant; the answer is about another time.
            return None;
        }
        let (timer, alarm, volume) =
            (tool == "set_timer", tool == "set_alarm", tool == "set_volume");
        let scan = self.scan(tail);
        let at = scan.skip(0, &["make it", "make that", "change it to", "for", "at", "to", "in"]);
        let number = || {
            number::numbers(&scan, scan.about(at))
                .into_iter()
                .find(|r| r.end == tail.len() && !r.loose)
                .map(|r| r.value)
        };
        for name in ["seconds", "in_seconds"] {
            let old = arguments.get(name).and_then(Value::as_f64);
            if tool == "add_reminder" || old.is_none() && !(timer && name == "seconds") {
                continue;
            }
            let from = scan.skip(at, &["in"]);
            let said =
                length::countdowns(&scan, from).into_iter().find(|(end, _)| *end == tail.len());
            // A lone number has the unit of the first duration.
            let unit =
                [3600.0, 60.0, 1.0].into_iter().find(|unit| old.unwrap_or(60.0) % unit == 0.0);
            let seconds = said.map(|(_, seconds)| seconds).or_else(|| Some(number()? * unit?))?;
            if seconds < 1.0 {
                return None;
            }
            arguments.insert(name.to_owned(), number::json(seconds.round()));
            return Some(());
        }
        for name in ["level", "value", "amount"] {
            let end = scan.skip(tail.len().saturating_sub(1), &["percent"]);
            if (arguments.contains_key(name) || (volume && name == "level"))
                && let Some(value) = number::numbers(&scan, scan.about(at))
                    .into_iter()
                    .find(|r| {
                        (r.end == tail.len() || (name == "level" && r.end + 1 == end)) && !r.loose
                    })
                    .map(|r| r.value)
            {
                arguments.insert(name.to_owned(), number::json(value));
                return Some(());
            }
        }
        if tool == "add_reminder" {
            // "Tomorrow at nine", "in ten minutes", "at noon".
            let whens = [0, at].into_iter().flat_map(|at| clock::whens(&scan, at, Scope::Reminder));
            let schedules =
                [at].into_iter().flat_map(|at| clock::whens(&scan, at, Scope::Schedule));
            let (_, when) = whens.chain(schedules).find(|(end, _)| *end == tail.len())?;
            let timed = when.time.is_some() || when.in_seconds.is_some();
            arguments.retain(|name, _| match name.as_str() {
                "in_seconds" => !timed,
                "time" => !timed,
                "day" | "date" | "repeat" => when.day.is_none() && when.in_seconds.is_none(),
                _ => true,
            });
            clock::put_when(&when, true, arguments);
            return Some(());
        }
        if arguments.contains_key("time") || alarm {
            let whens = clock::whens(&scan, at, Scope::Schedule);
            if let Some((_, when)) = whens.into_iter().find(|(end, _)| *end == tail.len()) {
                let dated = arguments.contains_key("day") || arguments.contains_key("date");
                if when.day.is_some() && dated {
                    arguments.retain(|name, _| !matches!(name.as_str(), "day" | "date" | "repeat"));
                }
                clock::put_when(&when, alarm, arguments);
                return Some(());
            }
            // "No, pm."
            if let Some(old) = arguments.get("time").and_then(Value::as_str)
                && let Some((end, time)) =
                    Time::read(old).and_then(|old| clock::other_half(&scan, at, old))
                && end == tail.len()
            {
                arguments.insert("time".into(), Value::from(time.text()));
                return Some(());
            }
        }
        if arguments.contains_key("day") || arguments.contains_key("date") {
            let days = day::days(&scan, at);
            let (_, day, _) = days.into_iter().find(|(end, ..)| *end == tail.len())?;
            arguments.retain(|name, _| !matches!(name.as_str(), "day" | "date" | "repeat"));
            clock::put_day(&day, arguments);
            return Some(());
        }
        None
    }
}

/// "Make it half an hour later", "add five minutes to it": `sentence` said of the timer or alarm of
/// `call`.
fn about_it(grammar: &Lines, call: &ParsedCall, sentence: &str) -> Option<Meaning> {
    let noun = match call.tool.as_str() {
        "set_timer" | "change_timer" => "timer",
        "set_alarm" | "change_alarm" => "alarm",
        _ => return None,
    };
    let mut found = false;
    let named: Vec<String> = sentence
        .split_whitespace()
        .map(|word| {
            let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            let it = !found && matches!(bare.as_str(), "it" | "that");
            found |= it;
            if it { format!("the {noun}") } else { word.to_owned() }
        })
        .collect();
    if !found {
        return None;
    }
    let (meaning, _) = super::sentence::understand(grammar, &named.join(" "))?;
    let Meaning::Calls(mut calls) = meaning else { return None };
    let [next] = calls.as_mut_slice() else { return None };
    if !matches!(next.tool.strip_suffix(noun), Some("change_" | "cancel_")) {
        return None;
    }
    let (old, new) = (call.arguments.as_object()?, next.arguments.as_object_mut()?);
    // The new name and time are those that it has by now.
    let value = |new: &str, name: &str| old.get(new).or_else(|| old.get(name)).cloned();
    if let Some(label) = value("to_label", "label") {
        new.insert("label".into(), label);
    } else if call.tool.starts_with("set_") {
        new.insert("which".into(), Value::from("last"));
    } else if let Some(time) = old.get("to_time") {
        new.insert("time".into(), time.clone());
    }
    Some(Meaning::Calls(calls))
}

fn words(tokens: &[Token]) -> String {
    let words: Vec<&str> = tokens.iter().map(|t| t.text.as_str()).collect();
    words.join(" ")
}

/// The call that undoes `call`; `None` if nothing can.
fn undone(call: &ParsedCall) -> Option<ParsedCall> {
    let old = call.arguments.as_object()?;
    let mut arguments = Map::new();
    let tool = match call.tool.as_str() {
        "set_timer" => {
            arguments.insert("which".into(), Value::from("last"));
            "cancel_timer"
        }
        "set_alarm" => {
            for name in ["time", "day", "date", "label"] {
                if let Some(value) = old.get(name) {
                    arguments.insert(name.into(), value.clone());
                }
            }
            "cancel_alarm"
        }
        "add_reminder" => {
            arguments.insert("which".into(), Value::from("last"));
            "cancel_reminder"
        }
        "add_to_list" => {
            for name in ["list", "item"] {
                if let Some(value) = old.get(name) {
                    arguments.insert(name.into(), value.clone());
                }
            }
            "remove_from_list"
        }
        "add_note" => "remove_note",
        _ => return None,
    };
    Some(ParsedCall { tool: tool.into(), arguments: Value::Object(arguments) })
}

fn with(call: &ParsedCall, name: &str, value: f64) -> ParsedCall {
    let mut call = call.clone();
    if let Some(arguments) = call.arguments.as_object_mut() {
        arguments.insert(name.to_owned(), number::json(value.round()));
    }
    call
}
