//! The same question about something else: "and tomorrow?", "what about London", "and in meters",
//! "plus five". The words are put into a whole sentence of the kind that was asked before.

use serde_json::{Map, Value};

use super::lines::Lines;
use super::{Meaning, ParsedCall};

/// Words before the new value; longer ones first.
const LEADS: &[&str] = &[
    "and what about",
    "and how about",
    "okay what about",
    "what about",
    "how about",
    "no i meant",
    "sorry i meant",
    "i meant",
    "i mean",
    "and then",
    "okay and",
    "and",
    "or",
    "no",
];

/// Stands for the last result in a sum; nobody says it.
const RESULT: &str = "98765";

/// The question of `call` about what `sentence` names instead; `None` if it names nothing of that
/// kind, or is a whole sentence about something else.
pub(super) fn again(grammar: &Lines, call: &ParsedCall, sentence: &str) -> Option<Meaning> {
    let old = call.arguments.as_object()?;
    let said = sentence.trim().trim_end_matches(|c: char| !c.is_alphanumeric());
    let kind = |sentence: &str| {
        let (meaning, _) = super::sentence::understand(grammar, sentence)?;
        let Meaning::Calls(calls) = meaning else { return None };
        let [next] = calls.try_into().ok()?;
        Some(next).filter(|next: &ParsedCall| next.tool == call.tool)
    };
    // "Do I need an umbrella there?"
    if call.tool == "get_weather"
        && let Some(place) = old.get("location").and_then(Value::as_str)
        && let Some(bare) = said.strip_suffix(" there")
        && let Some(mut next) = kind(bare)
        && let Some(new) =
            next.arguments.as_object_mut().filter(|new| !new.contains_key("location"))
    {
        new.insert("location".into(), Value::from(place));
        return Some(Meaning::Calls(vec![next]));
    }
    match super::sentence::understand(grammar, sentence) {
        // "In meters" is read as an inch in meters.
        Some((Meaning::Calls(own), _)) => {
            let converts = call.tool.starts_with("convert_");
            if !converts || own.iter().any(|own| own.tool != call.tool) {
                return None;
            }
        }
        Some((Meaning::Answer(_) | Meaning::Ask { .. }, _)) => return None,
        Some((Meaning::Unclear(_) | Meaning::Refusal(_) | Meaning::Nothing, _)) | None => {}
    }
    if call.tool == "calculate" {
        return sum(old, said, kind);
    }
    let tail = after_lead(said)?;
    if tail == "here" && matches!(call.tool.as_str(), "get_time" | "get_weather") {
        let mut here = call.clone();
        here.arguments.as_object_mut()?.remove("location")?;
        return Some(Meaning::Calls(vec![here]));
    }
    let next = frames(&call.tool, old, &tail).iter().find_map(|frame| kind(frame))?;
    let ParsedCall { tool, arguments } = next;
    let new = arguments.as_object().filter(|new| !new.is_empty())?;
    if new.contains_key("location") && !is_place(grammar, &tail) {
        return None;
    }
    let arguments = if tool == "get_weather" { merged(old, new)? } else { new.clone() };
    Some(Meaning::Calls(vec![ParsedCall { tool, arguments: Value::Object(arguments) }]))
}

/// What follows the words that ask once more.
fn after_lead(said: &str) -> Option<String> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let leads = |lead: &&&str| {
        let mut said = words.iter().map(|word| word.trim_end_matches(','));
        lead.split(' ').all(|one| said.next().is_some_and(|word| word.eq_ignore_ascii_case(one)))
    };
    let count = LEADS.iter().find(leads)?.split(' ').count();
    (count < words.len()).then(|| words[count..].join(" "))
}

/// Whether a tail that was read as a place is one: "in ashby", "Ashby", "london", but not "thank you".
fn is_place(grammar: &Lines, tail: &str) -> bool {
    let named = ["in ", "at ", "for "].iter().any(|at| tail.starts_with(at));
    let known = || {
        let tokens = grammar.tables.words.lex(tail)?;
        let (end, ()) = grammar.tables.places.longest(&tokens, 0)?;
        (end == tokens.len()).then_some(())
    };
    named || tail.starts_with(char::is_uppercase) || known().is_some()
}

/// Whole sentences that ask what `tool` was asked, with `tail` in them; the first that is understood
/// counts.
fn frames(tool: &str, old: &Map<String, Value>, tail: &str) -> Vec<String> {
    let text = |name: &str| match old.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let bare = ["in ", "to ", "into "].iter().find_map(|to| tail.strip_prefix(to));
    match tool {
        "get_time" => vec![format!("what time is it {tail}"), format!("what time is it in {tail}")],
        "get_weather" => {
            ["", "in ", "on "].iter().map(|at| format!("what is the weather {at}{tail}")).collect()
        }
        "get_date" if old.contains_key("count") => {
            let tail = tail.strip_prefix("until ").unwrap_or(tail);
            vec![format!("how many {} until {tail}", text("count"))]
        }
        "get_date" => {
            let tail = match tail {
                "the day after" | "the next day" | "the day after that" => {
                    format!("the day after {}", text("day"))
                }
                tail => tail.to_owned(),
            };
            let feast = format!("when is {} {tail}", text("date"));
            vec![format!("what is the date {tail}"), format!("what day is {tail}"), feast]
        }
        "get_events" => ["", "on ", "for "]
            .iter()
            .map(|on| format!("what is on my calendar {on}{tail}"))
            .collect(),
        "convert_units" | "convert_currency" => {
            let value = if tool == "convert_units" { text("value") } else { text("amount") };
            let (from, to) = (text("from"), text("to"));
            let one = |unit: &&str| unit.starts_with("a ") || unit.starts_with("an ");
            match bare {
                // "How many ounces in a pound?" "And in a kilo?"
                Some(unit) if one(&unit) => vec![format!("convert {unit} to {to}")],
                Some(unit) => vec![format!("convert {value} {from} to {unit}")],
                None => vec![
                    format!("convert {tail} {from} to {to}"),
                    // A unit without a number is the other one to convert to.
                    format!("convert {value} {from} to {tail}"),
                    format!("convert {tail} to {to}"),
                ],
            }
        }
        "read_list" => vec![format!("read my {tail} list"), format!("read {tail}")],
        _ => Vec::new(),
    }
}

/// The forecast of `old` for the place or the day of `new`.
fn merged(old: &Map<String, Value>, new: &Map<String, Value>) -> Option<Map<String, Value>> {
    const WHEN: [&str; 5] = ["day", "date", "days", "hour", "hourly"];
    let when = |name: &str| WHEN.contains(&name);
    if new.keys().any(|name| name != "location" && !when(name)) {
        return None;
    }
    let another = new.keys().any(|name| when(name));
    let kept = old.iter().filter(|(name, _)| {
        name.as_str() != "compare" && !(another && when(name)) && !new.contains_key(*name)
    });
    Some(kept.chain(new).map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// "Plus five", "times two", "half of that", "divide that by three".
fn sum(
    old: &Map<String, Value>,
    said: &str,
    kind: impl Fn(&str) -> Option<ParsedCall>,
) -> Option<Meaning> {
    let result = old.get("expression")?.as_str()?;
    let words: Vec<&str> = said.split_whitespace().collect();
    let that = |word: &&str| word.eq_ignore_ascii_case("that") || word.eq_ignore_ascii_case("it");
    let named = words.iter().any(that).then(|| {
        let named = words.iter().map(|word| if that(word) { RESULT } else { word });
        named.collect::<Vec<_>>().join(" ")
    });
    let tail = after_lead(said).unwrap_or_else(|| said.to_owned());
    let goes_on = || format!("what is {RESULT} {tail}");
    let frames = named.into_iter().chain([goes_on()]);
    let next = frames.into_iter().find_map(|frame| kind(&frame))?;
    let new = next.arguments.get("expression")?.as_str()?;
    if new.matches(RESULT).count() != 1 || new == RESULT {
        return None;
    }
    let expression = new.replace(RESULT, &format!("({result})"));
    let arguments = Map::from_iter([("expression".to_owned(), Value::from(expression))]);
    Some(Meaning::Calls(vec![ParsedCall { tool: next.tool, arguments: Value::Object(arguments) }]))
}
