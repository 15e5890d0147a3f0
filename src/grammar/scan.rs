//! What slots read from: the tokens of one sentence and the grammar's tables.

use super::flag;
use super::lexer::{Token, WordId};
use super::tables::Tables;

/// The tokens of one sentence, with the tables that give them meaning.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a> {
    pub(super) tables: &'a Tables,
    pub(super) source: &'a str,
    pub(super) tokens: &'a [Token],
}

impl<'a> Scan<'a> {
    /// The text of the token at `at`, empty past the end.
    pub(super) fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |t| t.text.as_str())
    }

    /// Whether the token at `at` is `text`.
    pub(super) fn is(&self, at: usize, text: &str) -> bool {
        self.text(at) == text
    }

    /// The position after `words` (separated by blanks) if they are at `at`.
    pub(super) fn words(&self, at: usize, words: &str) -> Option<usize> {
        // Most options are absent, which the first word shows.
        let first = self.text(at);
        let rest = words.strip_prefix(first).filter(|_| !first.is_empty())?;
        if rest.is_empty() {
            return Some(at + 1);
        }
        let mut at = at + 1;
        for word in rest.strip_prefix(' ')?.split(' ') {
            if !self.is(at, word) {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    /// The position after the first of `options` that is at `at`, or `at` itself.
    pub(super) fn skip(&self, at: usize, options: &[&str]) -> usize {
        self.skip_any(at, options).unwrap_or(at)
    }

    /// The end of the first of `options` that stands at `at`.
    pub(super) fn skip_any(&self, at: usize, options: &[&str]) -> Option<usize> {
        options.iter().find_map(|o| self.words(at, o))
    }

    /// Whether the word at `at` has `flag`.
    pub(super) fn flag(&self, at: usize, flag: u32) -> bool {
        self.tokens.get(at).is_some_and(|t| self.tables.words.is(t.id, flag))
    }

    /// The id of the word at `at`.
    pub(super) fn id(&self, at: usize) -> WordId {
        self.tokens.get(at).map_or(0, |t| t.id)
    }

    /// The position after words by which speakers correct themselves: "no", "sorry I mean".
    pub(super) fn correction(&self, at: usize) -> Option<usize> {
        let first = self.tables.corrections.longest(self.tokens, at)?.0;
        let mut end = first;
        while let Some((next, _)) = self.tables.corrections.longest(self.tokens, end) {
            end = next;
        }
        Some(end)
    }

    /// The position after words that only make a number vague: "about", "like".
    pub(super) fn about(&self, at: usize) -> usize {
        let mut at = at;
        while self.flag(at, flag::ABOUT) {
            at += 1;
        }
        at
    }
}
