//! Understanding without a model: a small grammar with slots that turns sentences into tool calls.
//!
//! ```text
//! sentence ─▶ lexer ─▶ tokens ─▶ lines of the grammar (graphs) ─▶ cheapest whole match ─▶ call | answer
//!                         └────▶ slots: length, clock, number, unit, sum, place, text …
//! ```
//!
//! A sentence that leans on the one before ("no, ten minutes", "and tomorrow?", "cancel it") is put into
//! a whole one first, and must be understood as one (`follow`, `again`). What came before is given.
//!
//! German, if it is spoken, has lines of its own in `german.toml`; a sentence belongs to the language
//! in which it means more.
//!
//! The grammar is data: `english.toml` and `tables.toml` beside this file, one of `house.toml` and
//! `no_house.toml`, and a file of the user's own in the same notation, which `english.toml` explains.
//!
//! **Invariant:** a line matches a whole sentence or nothing; no word is ignored except politeness,
//! hesitation, and an explaining clause. Doing nothing is better than doing the wrong thing.
//! **Invariant:** the work for a sentence is bounded by the size of the grammar times
//! `lexer::MOST_TOKENS`; longer speech is not a command and is rejected unseen.
//! Deliberately absent: memory of earlier turns, any I/O, and knowledge of which tools exist; the
//! author of a line names a tool, the prompt says what can be called.

mod again;
mod alike;
mod asked_back;
mod calendar;
mod change;
mod clock;
mod cycle;
mod day;
mod each;
mod ending;
mod file;
mod fill;
mod flag;
mod follow;
mod german;
mod graph;
mod length;
mod lexer;
mod lines;
mod measure;
mod named;
mod near;
mod number;
mod on_list;
mod open;
mod pattern;
mod scan;
mod sentence;
mod several;
mod slot;
mod sound;
mod sum;
mod tables;
mod talk;
mod week;
mod words;

pub use ending::Ending;
pub use file::Problem;
pub use follow::Before;
use lines::Lines;

use crate::language::german::{has_english, looks_german};

const ENGLISH: &str = include_str!("english.toml");
const TABLES: &str = include_str!("tables.toml");
const HOUSE: &str = include_str!("house.toml");
const NO_HOUSE: &str = include_str!("no_house.toml");

/// How many earlier sentences may tell the language of the conversation.
const MOST_EARLIER: usize = 3;

/// A tool call that a sentence asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedCall {
    /// The tool's name as in the template; may not exist.
    pub tool: String,
    /// Its arguments: always an object.
    pub arguments: serde_json::Value,
}

impl ParsedCall {
    /// The name of a call that is not a tool's: its text is said. Only sentences with several
    /// requests contain one.
    pub const SAY: &str = "say";

    fn say(text: &str, known: bool) -> Self {
        let arguments = serde_json::json!({ "text": text, "known": known });
        Self { tool: Self::SAY.into(), arguments }
    }

    /// The text to say, if this is not a tool's call.
    pub fn said(&self) -> Option<&str> {
        self.arguments["text"].as_str().filter(|_| self.tool == Self::SAY)
    }
}

/// What a sentence means.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// It asks for tools: one call, or several in the order in which they were said. Never empty.
    Calls(Vec<ParsedCall>),
    /// It asks for a tool, but a question must be answered before the call.
    Ask {
        /// The question.
        question: String,
        /// The call as far as it is known; [`Grammar::follow`] completes it from the answer.
        call: ParsedCall,
    },
    /// Part of it asks for a tool; this tells the user which part was not understood. Nothing may
    /// be done. A chat model may make more of the sentence.
    Unclear(String),
    /// It is small talk, and this is the answer.
    Answer(String),
    /// It asks for something that nothing here does, and this says so.
    Refusal(String),
    /// It looks like a command but is none.
    Nothing,
}

/// The compiled grammar. Creating one takes some tens of milliseconds, using it microseconds; share
/// it.
#[derive(Debug)]
pub struct Grammar {
    lines: Lines,
    german: Option<german::German>,
}

/// A language that sentences are understood and answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// The language of the tools' own answers.
    English,
    /// See [`crate::language::german`].
    German,
}

impl Grammar {
    /// The built-in English grammar.
    pub fn new() -> Self {
        // A test reads the built-in files, so a broken one is never released; if it were, nothing
        // would be understood and nothing done.
        Self::of(file::load(&[ENGLISH, NO_HOUSE, TABLES]).unwrap_or_default())
    }

    /// The built-in grammar, preceded by the templates of `text`, the content of a grammar file.
    ///
    /// # Errors
    /// All mistakes of the text, with their lines.
    pub fn with_text(text: &str) -> Result<Self, Vec<Problem>> {
        Self::with_texts(&[text, ENGLISH, NO_HOUSE, TABLES])
    }

    /// As [`Grammar::with_text`], with the sentences for a house that can be controlled.
    ///
    /// # Errors
    /// As [`Grammar::with_text`].
    pub fn with_house(text: &str) -> Result<Self, Vec<Problem>> {
        Self::with_texts(&[text, HOUSE, ENGLISH, TABLES])
    }

    /// A grammar of `texts` alone, without the built-in one; earlier texts come first.
    ///
    /// # Errors
    /// All mistakes of the first text that has any, with their lines.
    pub fn with_texts(texts: &[&str]) -> Result<Self, Vec<Problem>> {
        file::load(texts).map(Self::of)
    }

    fn of(lines: Lines) -> Self {
        Self { lines, german: None }
    }

    /// The same grammar, which also understands German if `languages` (as in ISO 639-1) names it.
    #[must_use]
    pub fn speaking(self, languages: &[String]) -> Self {
        let place = |code: &str| languages.iter().position(|language| language == code);
        let german = place("de").map(|de| german::German::new(de, place("en")));
        Self { german, ..self }
    }

    /// The language of `sentence`: that in which it means more, or whose words it has.
    pub fn language(&self, sentence: &str) -> Language {
        let Some(german) = &self.german else { return Language::English };
        let english = self.english(sentence);
        let ours = german.before(sentence, english.as_ref()).is_some();
        if ours || english.is_none() && looks_german(sentence) {
            Language::German
        } else {
            Language::English
        }
    }

    /// The language of `sentence` after `earlier`, those said before it, the last one first: one that
    /// is in neither language ("Berlin", "10:30") is in that of the conversation.
    pub fn language_after<'a>(
        &self,
        sentence: &str,
        earlier: impl Iterator<Item = &'a str>,
    ) -> Language {
        let language = self.language(sentence);
        let Some(german) = &self.german else { return language };
        let neutral = |text: &str| {
            !has_english(text) && !matches!(self.english(text), Some((Meaning::Calls(_), _)))
        };
        if language == Language::German || !neutral(sentence) {
            return language;
        }
        let told = earlier.map(|text| (self.language(text), text));
        let told = told
            .take(MOST_EARLIER)
            .find(|(language, text)| *language == Language::German || !neutral(text));
        match told {
            Some((language, _)) => language,
            None if german.alone => Language::German,
            None => Language::English,
        }
    }

    /// Whether German is one of its languages.
    pub fn speaks_german(&self) -> bool {
        self.german.is_some()
    }

    /// The one tool call that `sentence` asks for; `None` if it asks for none or for several.
    pub fn parse(&self, sentence: &str) -> Option<ParsedCall> {
        self.understand(sentence).and_then(talk::single)
    }

    /// The meaning of `sentence`; `None` if no template matches.
    pub fn understand(&self, sentence: &str) -> Option<Meaning> {
        self.meaning(sentence).map(|(meaning, _)| meaning)
    }

    /// The meaning of `sentence` if it is unambiguous: not small talk, not a broad line, nothing
    /// that took a repair to become a command.
    pub fn certain(&self, sentence: &str) -> Option<Meaning> {
        self.meaning(sentence).and_then(|(meaning, sure)| sure.then_some(meaning))
    }

    fn meaning(&self, sentence: &str) -> Option<(Meaning, bool)> {
        let english = self.english(sentence);
        let german = self.german.as_ref();
        german.and_then(|german| german.before(sentence, english.as_ref())).or(english)
    }

    fn english(&self, sentence: &str) -> Option<(Meaning, bool)> {
        let question = alike::question(&self.lines, sentence).map(|question| (question, true));
        question.or_else(|| sentence::understand(&self.lines, sentence))
    }

    /// The meaning of `sentence` as the answer to a question, or as a correction of what was just
    /// done; `None` if it is neither, and [`Grammar::understand`] applies.
    pub fn follow(&self, before: &Before, sentence: &str) -> Option<Meaning> {
        let german = self.german.as_ref().filter(|_| looks_german(sentence));
        german
            .and_then(|german| german.follow(&self.lines, before, sentence))
            .or_else(|| follow::follow(&self.lines, before, sentence))
    }

    /// The place that `sentence` names, if it answers "Which town?".
    pub fn town(&self, sentence: &str) -> Option<String> {
        sentence::town(&self.lines, sentence)
    }

    /// The command that `sentence`, which has no other meaning, sounds like: how it should have been
    /// heard, and its meaning.
    pub fn nearest(&self, sentence: &str) -> Option<(String, Meaning)> {
        // Nothing English was misheard in a German sentence.
        let english = self.language(sentence) == Language::English;
        english.then(|| near::nearest(&self.lines, sentence)).flatten()
    }

    /// Whether `place` is one that the grammar knows by name.
    pub fn knows_place(&self, place: &str) -> bool {
        sentence::is_known_place(&self.lines, place)
    }

    /// Whether a number in `sentence` sounds like another: "fifteen".
    pub fn has_twin(&self, sentence: &str) -> bool {
        alike::has_twin(sentence)
    }

    /// `a` and `b` as one sentence that asks for either, if they differ in nothing but a number whose
    /// values sound alike: "set a timer for 15 or 50 minutes". Its meaning is a question.
    pub fn in_doubt(&self, a: &str, b: &str) -> Option<String> {
        alike::joined(a, b).filter(|both| alike::question(&self.lines, both).is_some())
    }

    /// `sentence` as one that asks for either, if it is a command with an hour that people rarely name
    /// alone and that sounds like another time: "an alarm for seventeen", "for seven ten".
    pub fn in_doubt_of_hour(&self, sentence: &str) -> Option<String> {
        let alarm = self.parse(sentence).is_some_and(|call| call.tool.ends_with("_alarm"));
        let both = alike::with_ten(sentence).filter(|_| alarm)?;
        alike::question(&self.lines, &both).is_some().then_some(both)
    }

    /// The sentence that `said`, of [`Grammar::in_doubt`], is after `answer`; `None` if it does not
    /// tell.
    pub fn settled(&self, said: &str, answer: &str) -> Option<String> {
        alike::settled(said, answer)
    }

    /// Whether `a` and `b` deny equally often.
    pub fn denies_alike(&self, a: &str, b: &str) -> bool {
        near::denials(&self.lines, a) == near::denials(&self.lines, b)
    }

    /// How complete `sentence` is, as the words of somebody who has paused.
    pub fn ending(&self, sentence: &str) -> Ending {
        ending::ending(&self.lines, sentence)
    }

    /// What to say if `tool` was asked for and is missing, if the grammar knows.
    pub fn missing(&self, tool: &str) -> Option<&str> {
        self.lines.missing.get(tool).map(String::as_str)
    }
}

impl Default for Grammar {
    fn default() -> Self {
        Self::new()
    }
}
