//! Grammar files: reading, checking, and merging several into one grammar.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::flag;
use super::graph::Line;
use super::lines::{Goal, Lines, Template};
use super::pattern::{Parts, Reader, sequences};
use super::sound::Phrase;
use super::tables::{Phrases, Tables, Unit};

/// A mistake in a grammar file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Problem {
    /// Counted from one; zero for the file as a whole.
    pub line: usize,
    /// What is wrong and what to write instead, for the author of the file.
    pub message: String,
}

/// The most phrases that one entry of a list may stand for.
const MOST_PHRASES: usize = 4000;
/// The most nodes of a line's tree; more is a mistake, not a sentence.
const MOST_LINES: usize = 20_000;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    misheard: String,
    words: BTreeMap<String, Spanned<String>>,
    expand: BTreeMap<String, String>,
    phrases: BTreeMap<String, Spanned<String>>,
    parts: BTreeMap<String, Spanned<String>>,
    units: BTreeMap<String, BTreeMap<String, Spanned<String>>>,
    currencies: BTreeMap<String, Spanned<String>>,
    missing: BTreeMap<String, String>,
    template: Vec<RawTemplate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTemplate {
    tool: Option<Spanned<String>>,
    answer: Option<Spanned<String>>,
    cannot: Option<Spanned<String>>,
    ask: Option<String>,
    #[serde(default)]
    unsure: bool,
    #[serde(default)]
    with: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    cost: u32,
    say: Vec<Spanned<String>>,
}

/// Merges grammar texts into one grammar. Among equal matches earlier texts win; lists, parts and
/// units are merged, and a part of an earlier text replaces that of a later one. All mistakes of
/// the first text that has any are reported at once.
pub(super) fn load(texts: &[&str]) -> Result<Lines, Vec<Problem>> {
    let mut files = Vec::new();
    for text in texts {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| line_of(text, span.start));
            vec![Problem { line, message: error.message().to_owned() }]
        })?;
        files.push((*text, file));
    }
    let mut tables = Tables::default();
    for (text, file) in &files {
        words(text, file, &mut tables)?;
    }
    let mut parts = Parts::default();
    for (_, file) in files.iter().rev() {
        let written = file.parts.iter().map(|(k, v)| (k.clone(), v.get_ref().clone()));
        parts.written.extend(written);
    }
    let mut grammar = Lines::default();
    for (text, file) in &files {
        let mut problems = Vec::new();
        lists(text, file, &mut parts, &mut tables, &mut problems);
        for raw in &file.template {
            template(text, raw, &mut parts, &mut tables, &mut grammar, &mut problems);
        }
        let misheard = file.misheard.lines().map(str::trim).filter(|line| !line.is_empty());
        tables.misheard.extend(misheard.map(Phrase::new));
        for (tool, sentence) in &file.missing {
            grammar.missing.entry(tool.clone()).or_insert_with(|| sentence.clone());
        }
        if !problems.is_empty() {
            problems.sort_by_key(|p| p.line);
            return Err(problems);
        }
    }
    grammar.seal(tables);
    Ok(grammar)
}

/// Word flags and expansions, which the lexer needs before it tokenizes the first pattern.
fn words(text: &str, file: &File, tables: &mut Tables) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    for (word, into) in &file.expand {
        tables.words.expand(word, into);
    }
    for (name, list) in &file.words {
        let flag = match name.as_str() {
            "skip" => flag::SKIP,
            "no_place" => flag::NO_PLACE,
            "no_label" => flag::NO_LABEL,
            "no_timer_label" => flag::NO_TIMER_LABEL,
            "no_end" => flag::NO_END,
            "place_link" => flag::PLACE_LINK,
            "clause" => flag::CLAUSE,
            "no_clause" => flag::NO_CLAUSE,
            "no_item" => flag::NO_ITEM,
            "about" => flag::ABOUT,
            "fillers" => flag::FILLER,
            "no_place_alone" => flag::NO_PLACE_ALONE,
            "conjunctions" => flag::CONJUNCTION,
            "regions" => flag::REGION,
            "open" => flag::OPEN,
            "stranded" => flag::STRANDED,
            "pronouns" => flag::PRONOUN,
            "question_words" => flag::QUESTION,
            "verbs" => flag::VERB,
            "believed" => flag::BELIEVED,
            _ => {
                problems.push(Problem {
                    line: line_of(text, list.span().start),
                    message: format!("there is no word list \"{name}\""),
                });
                continue;
            }
        };
        for word in list.get_ref().split_whitespace() {
            tables.words.mark(word, flag);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn lists(
    text: &str,
    file: &File,
    parts: &mut Parts,
    tables: &mut Tables,
    problems: &mut Vec<Problem>,
) {
    let mut report = |at: usize, message: String| {
        problems.push(Problem { line: line_of(text, at), message });
    };
    for (name, list) in &file.phrases {
        let at = list.span().start;
        let found = phrases(list.get_ref(), parts, tables);
        let into = match name.as_str() {
            "before" => &mut tables.before,
            "after" => &mut tables.after,
            "afterthoughts" => &mut tables.afterthoughts,
            "corrections" => &mut tables.corrections,
            "places" => &mut tables.places,
            _ => {
                report(at, format!("there is no list of phrases \"{name}\""));
                continue;
            }
        };
        match found {
            Ok(found) => add(into, &found, &()),
            Err(message) => report(at, message),
        }
    }
    for (dimension, units) in &file.units {
        let place = tables.dimensions.iter().position(|d| d == dimension);
        let number = place.unwrap_or_else(|| {
            tables.dimensions.push(dimension.clone());
            tables.dimensions.len() - 1
        });
        for (name, words) in units {
            let unit = Unit { name: name.as_str().into(), dimension: number as u8 };
            if dimension == "temperature" && name != "kelvin" {
                tables.degrees.push(unit.clone());
            }
            match phrases(words.get_ref(), parts, tables) {
                Ok(found) => add(&mut tables.units, &found, &unit),
                Err(message) => report(words.span().start, message),
            }
        }
    }
    for (code, words) in &file.currencies {
        match phrases(words.get_ref(), parts, tables) {
            Ok(found) => add(&mut tables.currencies, &found, &Box::from(code.as_str())),
            Err(message) => report(words.span().start, message),
        }
    }
}

fn add<T: Clone + PartialEq>(table: &mut Phrases<T>, found: &[Vec<u32>], meaning: &T) {
    for words in found {
        table.add(words, meaning.clone());
    }
}

/// The phrases of a list: patterns without slots, separated by line breaks or bars.
fn phrases(list: &str, parts: &mut Parts, tables: &mut Tables) -> Result<Vec<Vec<u32>>, String> {
    let mut out = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut reader = Reader { words: &mut tables.words, parts, slots: Vec::new() };
        let pattern = reader.read(line)?;
        out.extend(sequences(&pattern, MOST_PHRASES)?);
    }
    Ok(out)
}

fn template(
    text: &str,
    raw: &RawTemplate,
    parts: &mut Parts,
    tables: &mut Tables,
    grammar: &mut Lines,
    problems: &mut Vec<Problem>,
) {
    let mut report = |at: usize, message: String| {
        problems.push(Problem { line: line_of(text, at), message });
    };
    let goal = match (&raw.tool, &raw.answer, &raw.cannot) {
        (Some(tool), None, None) if tool.get_ref() == "none" => Goal::Nothing,
        (Some(tool), None, None) => Goal::Tool(tool.get_ref().clone()),
        (None, Some(answer), None) => Goal::Answer(answer.get_ref().clone()),
        (None, None, Some(refusal)) => Goal::Refusal(refusal.get_ref().clone()),
        (None, None, None) => {
            let at = raw.say.first().map_or(0, |say| say.span().start);
            report(at, "a template needs a tool (tool = \"set_timer\") or an answer".into());
            return;
        }
        (Some(one), _, _) | (None, Some(one), Some(_)) => {
            report(one.span().start, "a template has a tool or an answer, not both".into());
            return;
        }
    };
    let number = grammar.templates.len();
    let with = raw.with.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let sure = !raw.unsure && raw.cost == 0;
    grammar.templates.push(Template { goal, ask: raw.ask.clone(), with, cost: raw.cost, sure });
    for say in &raw.say {
        let at = say.span().start;
        let mut reader = Reader { words: &mut tables.words, parts, slots: Vec::new() };
        match reader.read(say.get_ref()) {
            Ok(pattern) => {
                let slots = reader.slots;
                let line = Line::new(&pattern, slots, number);
                if line.size() > MOST_LINES {
                    report(at, "the line is too large; part it".into());
                } else if line.takes_nothing() {
                    report(
                        at,
                        "the line matches the empty sentence; make a word of it needed".into(),
                    );
                } else {
                    grammar.lines.push(line);
                }
            }
            Err(message) => report(at, message),
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}
