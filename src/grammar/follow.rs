//! What is said after a question or after something was done: "yes", "ten minutes", "no, make it
//! fifteen", "at eight".

use serde_json::{Map, Value};

use crate::language::english::consent;

use super::again::again;
use super::asked_back::asked_back;
use super::change::changed;
use super::lexer::Token;
use super::lines::Lines;
use super::on_list::{about_list, other_item, replaced, words};
use super::talk::{Talk, strip_end};
use super::{Meaning, ParsedCall, number};

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
    let talk = &Talk { grammar, source: sentence };
    let end = strip_end(&grammar.tables.after, &tokens, tokens.len());
    let tokens = if end == 0 { &tokens[..] } else { &tokens[..end] };
    match before {
        Before::Unsure(call) => {
            confirmed(talk, call, tokens).or_else(|| answered(talk, call, tokens))
        }
        Before::Asked(call) => match consent(sentence)? {
            true => Some(Meaning::Calls(vec![call.clone()])),
            false => Some(Meaning::Answer("Okay, I won't.".into())),
        },
        Before::Open(call) => {
            answered(talk, call, tokens).or_else(|| again(grammar, call, sentence))
        }
        Before::Done(call) => undone_first(grammar, call, sentence)
            .or_else(|| asked_back(call, tokens))
            .or_else(|| instead(talk, call, tokens))
            .or_else(|| about_it(grammar, call, sentence))
            .or_else(|| about_list(grammar, call, sentence))
            .or_else(|| another(grammar, call, sentence))
            .or_else(|| again(grammar, call, sentence))
            .or_else(|| on_days(talk, call, tokens))
            .or_else(|| named_now(talk, call, tokens)),
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
    "cancel",
];
/// "Cancel that and set a timer for an hour": what was just done is undone, and the rest done.
fn undone_first(grammar: &Lines, call: &ParsedCall, sentence: &str) -> Option<Meaning> {
    let (head, rest) = sentence.split_once(" and ").or_else(|| sentence.split_once(", "))?;
    if !UNDO.contains(&head.trim().trim_end_matches(',').to_lowercase().as_str()) {
        return None;
    }
    let (Meaning::Calls(rest), _) = super::sentence::understand(grammar, rest)? else {
        return None;
    };
    let mut calls = vec![undone(call)?];
    calls.extend(rest);
    Some(Meaning::Calls(calls))
}

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
    "back to",
];
/// Words that say which half of the day was meant.
const HALVES: &[&str] = &["am", "pm", "a m", "p m", "in the morning", "in the evening"];

/// Yes or no to a tool that asked.
fn confirmed(talk: &Talk<'_>, call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
    let answer = consent(&words(tokens));
    if answer == Some(false) {
        return Some(Meaning::Answer("All right, I'll leave it as it is.".into()));
    }
    // Repeating the request confirms it.
    let again = || match talk.meaning(tokens) {
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
fn answered(talk: &Talk<'_>, call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
    let from = correction_end(talk, tokens);
    // "Five, ten and fifteen minutes."
    let scan = talk.scan(tokens);
    if call.tool == "set_timer" {
        let lists = super::each::lengths(&scan, from);
        if let Some((_, all)) = lists.into_iter().find(|(end, _)| *end == tokens.len()) {
            let calls = all.into_iter().map(|one| with(call, "seconds", one.seconds));
            return Some(Meaning::Calls(calls.collect()));
        }
    }
    Some(Meaning::Calls(vec![changed(talk, call.clone(), &tokens[from..])?]))
}

/// "No, ten minutes" after a timer was set: the call that corrects it.
fn instead(talk: &Talk<'_>, call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
    let from = correction_end(talk, tokens);
    if UNDO.contains(&words(&tokens[from.min(tokens.len())..]).as_str()) {
        return undone(call).map(|call| Meaning::Calls(vec![call]));
    }
    if call.tool == "add_to_list" {
        return other_item(talk, call, tokens, from);
    }
    if from == 0 && !HALVES.contains(&words(tokens).as_str()) {
        return None;
    }
    let mut next = changed(talk, call.clone(), &tokens[from..])?;
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
fn correction_end(talk: &Talk<'_>, tokens: &[Token]) -> usize {
    let scan = talk.scan(tokens);
    let mut at = 0;
    loop {
        let next = scan.correction(at).unwrap_or_else(|| scan.skip(at, MAKE_IT));
        if next == at {
            return at;
        }
        at = next;
    }
}

/// "Make it half an hour later", "add five minutes to it": `sentence` said of the timer or alarm of
/// `call`.
fn about_it(grammar: &Lines, call: &ParsedCall, sentence: &str) -> Option<Meaning> {
    // Whether there is one that "it" means.
    let (noun, it) = match call.tool.as_str() {
        "set_timer" | "change_timer" | "list_timers" => ("timer", true),
        "set_alarm" | "change_alarm" | "list_alarms" => ("alarm", true),
        "cancel_timer" => ("timer", false),
        "cancel_alarm" => ("alarm", false),
        "add_reminder" | "list_reminders" | "cancel_reminder" => ("reminder", false),
        _ => return None,
    };
    let its = |sentence: &str| {
        let (meaning, _) = super::sentence::understand(grammar, sentence)?;
        let Meaning::Calls(calls) = meaning else { return None };
        let [next] = calls.as_slice() else { return None };
        let kind = next.tool.strip_suffix(noun);
        let asks = next.tool == format!("list_{noun}s");
        (asks || matches!(kind, Some("change_" | "cancel_"))).then_some(calls)
    };
    // "Carry on" after a pause is about the timer, not about music.
    let said = sentence.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let paused = call.tool == "change_timer"
        && call.arguments.get("action").and_then(Value::as_str) == Some("pause");
    if paused && ["carry on", "continue", "go on", "resume", "keep going"].contains(&&*said) {
        return its("resume the timer").map(Meaning::Calls);
    }
    // "Five more."
    let more = said.trim_start_matches("and ").strip_suffix(" more").filter(|_| noun == "timer");
    if let Some(calls) = more.and_then(|n| its(&format!("add {n} minutes to the timer"))) {
        return Some(Meaning::Calls(calls));
    }
    // "Cancel both", "delete all of them".
    let all = format!("all {noun}s");
    let them = said.replace("both of them", "both").replace("all of them", "them");
    if ["both", "them"].iter().any(|word| them.ends_with(&format!(" {word}")))
        && let Some(calls) = replaced(&them, &["both", "them"], &all).and_then(|all| its(&all))
    {
        return Some(Meaning::Calls(calls));
    }
    // "Add two minutes to the longest."
    const PLACES: [&str; 8] =
        ["first", "second", "third", "last", "next", "longest", "longer", "shorter"];
    let placed = PLACES.iter().any(|place| said.ends_with(&format!("the {place}")));
    let one = placed.then(|| format!("{said} one"));
    let sentence = one.as_deref().unwrap_or(sentence);
    // "Cancel the second one", "turn the last one off".
    if let Some(named) = replaced(&of_two(sentence), &["one"], noun)
        && let Some(calls) = its(&named)
    {
        return Some(Meaning::Calls(calls));
    }
    // "Take a minute off."
    let off = sentence.trim_end_matches(|c: char| !c.is_alphanumeric());
    let off = off.ends_with(" off").then(|| format!("{off} the {noun}"));
    let named = replaced(sentence, &["it", "that"], &format!("the {noun}"));
    let named = named.or(off).filter(|_| it)?;
    let mut calls = its(&named)?;
    let next = calls.first_mut()?;
    if next.tool.starts_with("list_") {
        // "Is it running?", but not "what time is it?"
        const STATES: &[&str] = &[
            "running",
            "left",
            "ring",
            "rings",
            "off",
            "end",
            "ends",
            "done",
            "set",
            "over",
            "much",
            "finished",
            "long",
            "longer",
            "paused",
            "active",
            "still",
            "first",
            "next",
            "remaining",
        ];
        let state = said.split(' ').any(|word| STATES.contains(&word));
        let other = super::sentence::understand(grammar, sentence).is_some();
        return (state && !other).then_some(Meaning::Calls(calls));
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

/// "The longer one" of two is the longest of all, and the shorter one the next to ring.
fn of_two(sentence: &str) -> String {
    const WORDS: [(&str, &str); 3] =
        [("shorter one", "next one"), ("longer one", "longest one"), ("earlier one", "next one")];
    WORDS.iter().fold(sentence.to_lowercase(), |said, (two, all)| said.replace(two, all))
}

/// "It's for the pasta" after a timer without a name was set.
fn named_now(talk: &Talk<'_>, call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
    let old = call.arguments.as_object()?;
    if call.tool != "set_timer" || old.contains_key("label") || talk.meaning(tokens).is_some() {
        return None;
    }
    let scan = talk.scan(tokens);
    let from = scan.skip(0, &["for", "it is for", "that is for", "this is for", "that one is for"]);
    let labels = super::open::labels(&scan, from);
    let (end, _, start) = labels.into_iter().find(|(end, ..)| *end == tokens.len() && from > 0)?;
    let label = super::words::spoken(talk.source, tokens, start, end);
    // "For sure", "for now".
    const IDIOMS: &[&str] = &[
        "sure",
        "now",
        "real",
        "ever",
        "example",
        "instance",
        "good",
        "once",
        "fun",
        "free",
        "you",
        "me",
        "starters",
        "the record",
        "record",
        "certain",
        "that",
        "this",
        "it",
        "the moment",
    ];
    if IDIOMS.contains(&label.as_str()) {
        return None;
    }
    let arguments = Map::from_iter([
        ("which".to_owned(), Value::from("last")),
        ("to_label".to_owned(), Value::from(label)),
    ]);
    Some(Meaning::Calls(vec![ParsedCall {
        tool: "change_timer".into(),
        arguments: Value::Object(arguments),
    }]))
}

/// Words that begin a wish for one more of the same.
const MORE: &[&str] = &[
    "and another one",
    "and another",
    "another one",
    "another",
    "and one more",
    "one more",
    "and also one",
    "and one",
    "also one",
    "and also",
    "and",
    "also",
    "plus one",
    "plus",
    "one",
];

/// "And another one for five minutes", "and one for nine on Saturday", "and at six to call Bob":
/// `sentence` said after something of its kind was set.
fn another(grammar: &Lines, call: &ParsedCall, sentence: &str) -> Option<Meaning> {
    let (tool, set) = match call.tool.as_str() {
        "set_timer" | "change_timer" => ("set_timer", "set a timer"),
        "set_alarm" | "change_alarm" => ("set_alarm", "set an alarm"),
        "add_reminder" => ("add_reminder", "remind me"),
        _ => return None,
    };
    let said = sentence.trim().trim_end_matches(|c: char| !c.is_alphanumeric());
    let rest = MORE.iter().find_map(|more| {
        let (head, rest) = (said.get(..more.len())?, said.get(more.len()..)?);
        (head.eq_ignore_ascii_case(more) && rest.starts_with(' ')).then(|| rest.trim())
    })?;
    // "And the weather?" is another question.
    let own = super::sentence::understand(grammar, sentence);
    if let Some((Meaning::Calls(_) | Meaning::Answer(_) | Meaning::Ask { .. }, _)) = own {
        return None;
    }
    let (meaning, _) = super::sentence::understand(grammar, &format!("{set} {rest}"))?;
    let Meaning::Calls(calls) = &meaning else { return None };
    calls.iter().all(|call| call.tool == tool).then_some(meaning)
}

/// "On weekdays" after "set an alarm for seven": the day that was missing.
fn on_days(talk: &Talk<'_>, call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
    const DAYS: [&str; 3] = ["day", "date", "repeat"];
    let old = call.arguments.as_object()?;
    let missing = DAYS.iter().all(|name| !old.contains_key(*name));
    if !matches!(call.tool.as_str(), "set_alarm" | "add_reminder")
        || !missing
        || old.contains_key("in_seconds")
    {
        return None;
    }
    let from = talk.scan(tokens).skip(0, &["and", "but", "only"]);
    let mut next = changed(talk, call.clone(), &tokens[from..])?;
    let new = next.arguments.as_object_mut()?;
    let same = |(name, value): (&String, &Value)| {
        DAYS.contains(&name.as_str()) || old.get(name) == Some(value)
    };
    if next.tool != call.tool || !new.iter().all(same) || new.len() == old.len() {
        return None;
    }
    new.insert("instead".into(), Value::from(true));
    Some(Meaning::Calls(vec![next]))
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
        // What was told of is only one, or the tool asks which.
        "list_timers" | "list_alarms" => {
            if let Some(label) = old.get("label") {
                arguments.insert("label".into(), label.clone());
            }
            if call.tool == "list_timers" { "cancel_timer" } else { "cancel_alarm" }
        }
        "list_reminders" => "cancel_reminder",
        "read_notes" => "remove_note",
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
