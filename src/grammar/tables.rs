//! The lists of a grammar: phrases by their first word, units, currencies.

use super::lexer::{Token, Vocabulary, WordId};
use super::sound::Phrase;

/// Phrases of one or more words, each with a meaning.
#[derive(Debug)]
pub(super) struct Phrases<T> {
    by_first: Vec<Vec<(Box<[WordId]>, T)>>,
}

impl<T> Default for Phrases<T> {
    fn default() -> Self {
        Self { by_first: Vec::new() }
    }
}

impl<T: PartialEq> Phrases<T> {
    /// Adds a phrase. Longer ones come first.
    pub(super) fn add(&mut self, words: &[WordId], meaning: T) {
        let Some(first) = words.first() else { return };
        let at = *first as usize;
        if self.by_first.len() <= at {
            self.by_first.resize_with(at + 1, Vec::new);
        }
        let list = &mut self.by_first[at];
        if list.iter().any(|(w, m)| **w == *words && *m == meaning) {
            return;
        }
        let place = list.iter().position(|(w, _)| w.len() < words.len()).unwrap_or(list.len());
        list.insert(place, (words.into(), meaning));
    }

    /// All phrases at `at`, longest first, each with its end.
    pub(super) fn at<'s>(
        &'s self,
        tokens: &'s [Token],
        at: usize,
    ) -> impl Iterator<Item = (usize, &'s T)> + 's {
        let id = tokens.get(at).map_or(0, |t| t.id);
        let list = if id == 0 { None } else { self.by_first.get(id as usize) };
        list.into_iter().flatten().filter_map(move |(words, meaning)| {
            let end = at + words.len();
            let there = tokens.get(at..end)?.iter().zip(words).all(|(t, w)| t.id == *w);
            there.then_some((end, meaning))
        })
    }

    /// The longest phrase at `at`.
    pub(super) fn longest<'s>(&'s self, tokens: &'s [Token], at: usize) -> Option<(usize, &'s T)> {
        self.at(tokens, at).next()
    }
}

/// What a unit measures; only units of the same dimension convert into each other.
pub(super) type Dimension = u8;

/// One possible meaning of a unit word.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    /// Its name as tools know it.
    pub(super) name: Box<str>,
    /// What it measures.
    pub(super) dimension: Dimension,
}

/// Everything that slots look up.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) words: Vocabulary,
    pub(super) corrections: Phrases<()>,
    pub(super) units: Phrases<Unit>,
    /// Names of the dimensions, by number.
    pub(super) dimensions: Vec<String>,
    /// What a bare "degrees" may mean.
    pub(super) degrees: Vec<Unit>,
    pub(super) currencies: Phrases<Box<str>>,
    pub(super) places: Phrases<()>,
    /// Phrases of commands that recognizers often write otherwise.
    pub(super) misheard: Vec<Phrase>,
    /// Polite words before a command.
    pub(super) before: Phrases<()>,
    /// Polite words after a command.
    pub(super) after: Phrases<()>,
    /// Words after a command that are dropped only if it is not understood with them.
    pub(super) afterthoughts: Phrases<()>,
}
