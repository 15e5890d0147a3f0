//! A call with one of its values replaced: "no, make it fifteen", "... and another for 6:30".

use serde_json::{Map, Value};

use super::clock::{self, Scope, Time};
use super::lexer::Token;
use super::talk::{Talk, strip_end};
use super::words::spoken;
use super::{ParsedCall, day, length, number, open};

/// `call` with the value in `tail` replacing the one of its kind.
pub(super) fn changed(talk: &Talk<'_>, mut call: ParsedCall, tail: &[Token]) -> Option<ParsedCall> {
    let end = strip_end(&talk.grammar.tables.after, tail, tail.len());
    let tail = &tail[..end];
    let ParsedCall { tool, arguments } = &mut call;
    let labelled = matches!(tool.as_str(), "set_timer" | "set_alarm");
    let arguments = arguments.as_object_mut()?;
    // "10 minutes for the pasta": a label may follow the value.
    let whole = value(talk, tool, arguments, tail);
    if whole.is_none() && labelled {
        let scan = talk.scan(tail);
        for at in (0..tail.len()).rev() {
            let from = scan.skip(at, &["for", "called", "named"]);
            if from == at {
                continue;
            }
            let label = open::labels(&scan, from).into_iter().find(|(end, ..)| *end == tail.len());
            if let Some((end, _, start)) = label
                && (at == 0 || value(talk, tool, arguments, &tail[..at]).is_some())
            {
                let said = spoken(talk.source, tail, start, end);
                arguments.insert("label".into(), Value::from(said));
                return Some(call);
            }
        }
    }
    whole.map(|()| call)
}

/// Puts the value in `tail` into `arguments`; `None` if none fits.
fn value(
    talk: &Talk<'_>,
    tool: &str,
    arguments: &mut Map<String, Value>,
    tail: &[Token],
) -> Option<()> {
    if tool == "move_event" {
        // Its time and day tell which event is meant; the answer is about another time.
        return None;
    }
    let (timer, alarm, volume) = (tool == "set_timer", tool == "set_alarm", tool == "set_volume");
    let scan = talk.scan(tail);
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
        let said = length::countdowns(&scan, from).into_iter().find(|(end, _)| *end == tail.len());
        // A lone number has the unit of the first duration.
        let unit = [3600.0, 60.0, 1.0].into_iter().find(|unit| old.unwrap_or(60.0) % unit == 0.0);
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
            if volume {
                // "A bit louder." "No, fifty."
                arguments.clear();
            }
            arguments.insert(name.to_owned(), number::json(value));
            return Some(());
        }
    }
    if tool == "add_reminder" {
        // "Tomorrow at nine", "in ten minutes", "at noon".
        let whens = [0, at].into_iter().flat_map(|at| clock::whens(&scan, at, Scope::Reminder));
        let schedules = [at].into_iter().flat_map(|at| clock::whens(&scan, at, Scope::Schedule));
        let found = whens.chain(schedules).find(|(end, _)| *end == tail.len());
        // "In twenty minutes." "Make that twenty five."
        if let (None, Some(old)) = (&found, arguments.get("in_seconds").and_then(Value::as_f64)) {
            let unit = [3600.0, 60.0, 1.0].into_iter().find(|unit| old % unit == 0.0)?;
            let seconds = number().filter(|n| *n > 0.0)? * unit;
            arguments.insert("in_seconds".into(), number::json(seconds.round()));
            return Some(());
        }
        let (_, when) = found?;
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
