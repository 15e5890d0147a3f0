//! One sentence, read as one command or as small talk.

use super::graph::Search;
use super::lexer::Token;
use super::lines::{Best, Lines};
use super::scan::Scan;
use super::tables::Phrases;
use super::{Meaning, ParsedCall};

/// The most places where a sentence may begin.
const MOST_STARTS: usize = 8;
/// The longest polite phrase after a command, in words.
const MOST_PHRASE: usize = 10;

/// One sentence and the grammar that reads it.
pub(super) struct Talk<'a> {
    pub(super) grammar: &'a Lines,
    pub(super) source: &'a str,
}

impl<'a> Talk<'a> {
    pub(super) fn scan<'t>(&'t self, tokens: &'t [Token]) -> Scan<'t> {
        Scan { tables: &self.grammar.tables, source: self.source, tokens }
    }

    /// The meaning of a whole sentence, leaving out polite words at either end.
    pub(super) fn meaning(&self, tokens: &[Token]) -> Option<Meaning> {
        self.whole(tokens).map(|(meaning, _)| meaning)
    }

    /// The same, and whether it is unambiguous.
    pub(super) fn whole(&self, tokens: &[Token]) -> Option<(Meaning, bool)> {
        if tokens.is_empty() {
            return None;
        }
        let tables = &self.grammar.tables;
        let mut ends = vec![strip_end(&tables.after, tokens, tokens.len())];
        if ends[0] == 0 || ends[0] < tokens.len() {
            ends.push(tokens.len());
        }
        let starts = starts(&tables.before, tokens);
        let present = self.grammar.present(tokens);
        let open = self.grammar.open_lines(&present);
        let sentence = (present.as_slice(), open.as_slice());
        let mut search = Search::new(self.scan(tokens));
        let mut best: Option<Best> = None;
        for to in ends {
            for from in &starts {
                if *from >= to {
                    continue;
                }
                let limit = best.as_ref().map_or(u32::MAX - 1, |best| best.cost);
                if let Some(found) = self.grammar.best(&mut search, sentence, *from, to, limit) {
                    best = Some(found);
                }
            }
            if best.is_some() {
                break;
            }
        }
        best.map(|best| (best.meaning, best.sure))
    }

    /// The meaning of a sentence if it is a call; small talk is not worth a repair.
    pub(super) fn call(&self, tokens: &[Token]) -> Option<ParsedCall> {
        single(self.whole(tokens)?.0)
    }
}

/// One call as a meaning.
pub(super) fn one(call: ParsedCall) -> Meaning {
    Meaning::Calls(vec![call])
}

/// The call of a meaning that is one call.
pub(super) fn single(meaning: Meaning) -> Option<ParsedCall> {
    match meaning {
        Meaning::Calls(mut calls) if calls.len() == 1 => calls.pop(),
        Meaning::Calls(_)
        | Meaning::Ask { .. }
        | Meaning::Unclear(_)
        | Meaning::Answer(_)
        | Meaning::Refusal(_)
        | Meaning::Nothing => None,
    }
}

/// Where a sentence may begin: at its first token, and after the polite phrases of `table`.
pub(super) fn starts(table: &Phrases<()>, tokens: &[Token]) -> Vec<usize> {
    let mut starts = vec![0];
    let mut i = 0;
    while i < starts.len() && starts.len() < MOST_STARTS {
        for (end, ()) in table.at(tokens, starts[i]) {
            if end < tokens.len() && !starts.contains(&end) {
                starts.push(end);
            }
        }
        i += 1;
    }
    starts
}

/// The end of `tokens[..end]` without trailing phrases of `table`.
pub(super) fn strip_end(table: &Phrases<()>, tokens: &[Token], end: usize) -> usize {
    let mut end = end;
    loop {
        // The longest phrase that ends here.
        let from = (end.saturating_sub(MOST_PHRASE)..end)
            .find(|from| table.at(&tokens[..end], *from).any(|(e, ())| e == end));
        match from {
            Some(from) => end = from,
            None => return end,
        }
    }
}
