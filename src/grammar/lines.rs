//! A whole grammar: its lines, and the choice among those that match.
//!
//! **Choosing a match.** A match costs 4 for each word in an open slot (label, item, text, place
//! not on the list), 1 for each word of a known place, 2 for a loose reading of a number, plus the
//! `cost` of its template; words of the line itself and closed slots are free. The cheapest match
//! wins, and the first line among equals; a user's file comes before ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fill;
use super::graph::{Found, Line, Search};
use super::lexer::Token;
use super::slot::{EACH, Kind, Taken};
use super::tables::Tables;
use super::{Meaning, ParsedCall, day};

/// What the lines of a template lead to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Goal {
    Tool(String),
    /// Said verbatim; `{name:letters}` is replaced by the letters of what that slot took, and
    /// `{name:count}` by their number.
    Answer(String),
    /// Nothing here can do what the sentence asks for; said verbatim.
    Refusal(String),
    /// The sentence looks like a command but is none.
    Nothing,
}

/// One `[[template]]` of a grammar file.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) goal: Goal,
    /// The question to ask before the tool is called; `{name}` as in `with`.
    pub(super) ask: Option<String>,
    /// Fixed arguments; `{name}` in a text is replaced by what the slot of that name took.
    pub(super) with: Vec<(String, Value)>,
    pub(super) cost: u32,
    /// Whether a match is unambiguous, so that no chat model need be asked.
    pub(super) sure: bool,
}

/// The highest cost of an unambiguous match: two words in open slots.
const SURE_COST: u32 = 2 * super::open::WORD_COST;

/// The meaning found for a sentence.
#[derive(Debug)]
pub(super) struct Best {
    pub(super) cost: u32,
    pub(super) meaning: Meaning,
    /// Whether it is unambiguous.
    pub(super) sure: bool,
}

/// Everything read from grammar files.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) tables: Tables,
    pub(super) lines: Vec<Line>,
    pub(super) templates: Vec<Template>,
    /// What to say about a missing tool, by its name.
    pub(super) missing: BTreeMap<String, String>,
    /// Lines by the first word they can begin with, and lines that begin with a slot.
    by_first: Vec<Vec<u32>>,
    open: Vec<u32>,
}

impl Lines {
    /// Takes the finished tables and builds the index of lines.
    pub(super) fn seal(&mut self, tables: Tables) {
        self.tables = tables;
        self.by_first = vec![Vec::new(); self.tables.words.len()];
        for (number, line) in self.lines.iter().enumerate() {
            match &line.first {
                None => self.open.push(number as u32),
                Some(words) => {
                    for word in words {
                        self.by_first[*word as usize].push(number as u32);
                    }
                }
            }
        }
    }

    /// The words of `tokens` as a bit set, for [`Line::possible`].
    pub(super) fn present(&self, tokens: &[Token]) -> Vec<u64> {
        let mut bits = vec![0; self.tables.words.len().div_ceil(64)];
        for token in tokens {
            bits[token.id as usize / 64] |= 1 << (token.id % 64);
        }
        // The unknown word is in no set.
        if let Some(first) = bits.first_mut() {
            *first &= !1;
        }
        bits
    }

    /// The lines that can begin with a slot and that `present` allows, in file order.
    pub(super) fn open_lines(&self, present: &[u64]) -> Vec<u32> {
        let possible = |number: &u32| self.lines[*number as usize].possible(present);
        self.open.iter().copied().filter(possible).collect()
    }

    /// Whether a line that begins with a word begins with the tokens `from..to` and goes on.
    pub(super) fn begin(&self, search: &mut Search<'_>, from: usize, to: usize) -> bool {
        let first = search.scan.id(from) as usize;
        let named = self.by_first.get(first).map(Vec::as_slice).unwrap_or_default();
        named.iter().any(|number| self.lines[*number as usize].begins(search, from, to))
    }

    /// The best meaning of the tokens `from..to`, at a cost below `limit`. `present` and `open` are
    /// those of the whole sentence.
    pub(super) fn best(
        &self,
        search: &mut Search<'_>,
        (present, open): (&[u64], &[u32]),
        from: usize,
        to: usize,
        limit: u32,
    ) -> Option<Best> {
        let first = search.scan.id(from) as usize;
        let mut named = self.by_first.get(first).map(Vec::as_slice).unwrap_or_default().iter();
        let mut open = open.iter();
        let (mut a, mut b) = (named.next(), open.next());
        let mut best: Option<Best> = None;
        // Both lists are in file order; lines are tried in the same order.
        loop {
            let (number, known) = match (a, b) {
                (Some(x), Some(y)) if x < y => {
                    a = named.next();
                    (*x, false)
                }
                (_, Some(y)) => {
                    b = open.next();
                    (*y, true)
                }
                (Some(x), None) => {
                    a = named.next();
                    (*x, false)
                }
                (None, None) => break,
            };
            let line = &self.lines[number as usize];
            if !known && !line.possible(present) {
                continue;
            }
            let template = &self.templates[line.template];
            let limit = best.as_ref().map_or(limit, |best| best.cost);
            let Some(room) = limit.checked_sub(template.cost) else { continue };
            let Some(found) = line.find(search, from, to, room) else { continue };
            let cost = found.cost + template.cost;
            if let Some(meaning) = meaning(search, line, template, &found) {
                let sure = template.sure && cost <= SURE_COST;
                best = Some(Best { cost, meaning, sure });
            }
        }
        best
    }
}

/// The meaning of a match; `None` if its slots do not fit together.
fn meaning(
    search: &Search<'_>,
    line: &Line,
    template: &Template,
    found: &Found,
) -> Option<Meaning> {
    let tool = match &template.goal {
        Goal::Tool(tool) => tool,
        Goal::Answer(answer) => {
            return Some(Meaning::Answer(spelled(search, line, found, answer)));
        }
        Goal::Refusal(refusal) => return Some(Meaning::Refusal(refusal.clone())),
        Goal::Nothing => return Some(Meaning::Nothing),
    };
    let scan = &search.scan;
    let mut arguments = Map::new();
    let (mut from, mut to) = (None, None);
    for (number, taken) in &found.taken {
        let slot = &line.slots[*number];
        let hidden = slot.name.as_deref().is_some_and(|name| name.starts_with('_'));
        if hidden {
            continue;
        }
        slot.fill(scan, &taken.taken, taken.end, &mut arguments)?;
        match &taken.taken {
            Taken::Quantity(_, units) => from = Some(units),
            Taken::Unit(units) if slot.name.as_deref() == Some("from") => from = Some(units),
            Taken::Unit(units) => to = Some(units),
            Taken::Seconds(_)
            | Taken::Range(_)
            | Taken::Each(_)
            | Taken::Which(_)
            | Taken::Time(_)
            | Taken::When(_)
            | Taken::Day(_)
            | Taken::Number(_)
            | Taken::Amount(..)
            | Taken::Currency(_)
            | Taken::Expression(_)
            | Taken::Words(_) => {}
        }
    }
    if let (Some(from), Some(to)) = (from, to) {
        fill::settle(from, to, &mut arguments)?;
    }
    let money = found.taken.iter().any(|(n, _)| line.slots[*n].kind == Kind::Currency);
    if money && arguments.get("from") == arguments.get("to") {
        return None;
    }
    // An event is there once; "every monday" is not the next Monday.
    let event = matches!(&**tool, "add_event" | "move_event" | "remove_event");
    let recurs = |taken: &Taken| {
        matches!(taken, Taken::When(when)
            if when.day.as_ref().is_some_and(super::named::Day::comes_back))
    };
    if event && found.taken.iter().any(|(_, taken)| recurs(&taken.taken)) {
        return None;
    }
    let filled = |text: &str| {
        let mut text = text.to_owned();
        for (number, taken) in &found.taken {
            if let Some(name) = line.slots[*number].name.as_deref() {
                let said = fill::as_text(&taken.taken, scan.source, scan.tokens, taken.end);
                text = text.replace(&format!("{{{name}}}"), &said);
            }
        }
        text
    };
    for (name, value) in &template.with {
        let value = match value.as_str() {
            Some(text) if text.contains('{') => Value::from(filled(text)),
            _ => value.clone(),
        };
        arguments.insert(name.clone(), value);
    }
    // "Every day" recurs by itself.
    if arguments.get("day").and_then(Value::as_str).is_some_and(day::recurs) {
        arguments.remove("repeat");
    }
    // No forecast reaches further.
    let days = arguments.get("days").and_then(Value::as_f64).filter(|_| tool == "get_weather");
    match days {
        Some(days) if days.fract() != 0.0 || days < 1.0 => return None,
        Some(1.0) => {
            arguments.remove("days");
            arguments.insert("day".into(), Value::from("today"));
        }
        Some(days) if days > 16.0 => {
            return Some(Meaning::Refusal("I can look at most sixteen days ahead.".into()));
        }
        Some(_) | None => {}
    }
    // Only the user can say which weekdays.
    let dayless = !arguments.contains_key("day") && !arguments.contains_key("date");
    let weekly = arguments.get("repeat").is_some_and(|repeat| repeat == "weekly");
    if tool == "set_alarm" && weekly && dayless {
        let call = ParsedCall { tool: tool.clone(), arguments: Value::Object(arguments) };
        return Some(Meaning::Ask { question: "On which days?".into(), call });
    }
    if let Some(question) = &template.ask {
        let call = ParsedCall { tool: tool.clone(), arguments: Value::Object(arguments) };
        return Some(Meaning::Ask { question: filled(question), call });
    }
    Some(Meaning::Calls(calls(tool, arguments)))
}

/// The calls of one line: one, or one for each request of a list, with the line's arguments in
/// each.
fn calls(tool: &str, mut arguments: Map<String, Value>) -> Vec<ParsedCall> {
    let call =
        |arguments| ParsedCall { tool: tool.to_owned(), arguments: Value::Object(arguments) };
    let Some(Value::Array(each)) = arguments.remove(EACH) else { return vec![call(arguments)] };
    let own = each.into_iter().filter_map(|own| match own {
        Value::Object(own) => Some(own),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    });
    own.map(|own| call(arguments.clone().into_iter().chain(own).collect())).collect()
}

/// `answer` with the letters of what its slots took, and their number: "N, E, W" for
/// `{name:letters}`, 3 for `{name:count}`.
fn spelled(search: &Search<'_>, line: &Line, found: &Found, answer: &str) -> String {
    let mut answer = answer.to_owned();
    if !answer.contains(":letters}") {
        return answer;
    }
    let scan = &search.scan;
    for (number, taken) in &found.taken {
        let Some(name) = line.slots[*number].name.as_deref() else { continue };
        let said = fill::as_text(&taken.taken, scan.source, scan.tokens, taken.end);
        let letters = |word: &str| {
            let letters = word.chars().filter(|letter| letter.is_alphanumeric());
            letters.map(|letter| letter.to_uppercase().to_string()).collect::<Vec<_>>().join(", ")
        };
        let words: Vec<String> = said.split_whitespace().map(letters).collect();
        let count = said.chars().filter(|letter| letter.is_alphanumeric()).count();
        answer = answer.replace(&format!("{{{name}:count}}"), &count.to_string());
        answer = answer.replace(&format!("{{{name}:letters}}"), &words.join("; "));
    }
    answer
}
