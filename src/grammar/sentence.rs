//! From a sentence to its meaning: politeness removed, a match, and what is tried without one.
//!
//! ```text
//! tokens ─▶ [hey] [could you] … [please] ─▶ whole match
//!                                         └▶ correction applied ─▶ explaining clause off ─▶ afterthought off
//! ```

use super::flag;
use super::graph::Search;
use super::lexer::Token;
use super::lines::{Best, Lines};
use super::scan::Scan;
use super::tables::Phrases;
use super::{Meaning, ParsedCall, open};

/// The most corrections and the most clauses that are tried.
const MOST_REPAIRS: usize = 4;
/// The most places where a sentence may begin.
const MOST_STARTS: usize = 8;
/// The longest polite phrase after a command, in words.
const MOST_PHRASE: usize = 10;
/// The longest clause that may be an explanation, in words.
const MOST_CLAUSE: usize = 12;

/// The meaning of `sentence`, and whether it is unambiguous; `None` if it is neither a command nor
/// small talk.
pub(super) fn understand(grammar: &Lines, sentence: &str) -> Option<(Meaning, bool)> {
    let tokens = grammar.tables.words.lex(sentence)?;
    let talk = Talk { grammar, source: sentence };
    // What took a repair to become a command is never unambiguous.
    let repaired = |meaning| (meaning, false);
    let whole = talk.whole(&tokens);
    // "Turn off the light and set a timer for 5 minutes" contains more than the impossible request.
    let more = match &whole {
        Some((Meaning::Refusal(_) | Meaning::Answer(_), _)) => talk.several(&tokens).map(together),
        Some((
            Meaning::Calls(_) | Meaning::Ask { .. } | Meaning::Unclear(_) | Meaning::Nothing,
            _,
        ))
        | None => None,
    };
    let (meaning, sure) = more
        .filter(|(meaning, _)| matches!(meaning, Meaning::Calls(_)))
        .or(whole)
        .or_else(|| talk.several(&tokens).map(together))
        .or_else(|| talk.corrected(&tokens).map(repaired))
        .or_else(|| talk.explained(&tokens).map(repaired))
        .or_else(|| talk.shortened(&tokens))
        .or_else(|| talk.plainer(&tokens).map(repaired))
        .or_else(|| talk.unclear(&tokens).map(|part| (Meaning::Unclear(part), false)))?;
    match meaning {
        Meaning::Nothing => None,
        Meaning::Calls(_)
        | Meaning::Ask { .. }
        | Meaning::Unclear(_)
        | Meaning::Answer(_)
        | Meaning::Refusal(_) => Some((meaning, sure)),
    }
}

/// The combined meaning of several requests, and whether it is unambiguous: mere answers are left
/// to the chat model if there is one.
fn together(calls: Vec<ParsedCall>) -> (Meaning, bool) {
    let says = calls.iter().filter_map(ParsedCall::said).count();
    if says < calls.len() {
        return (Meaning::Calls(calls), says == 0);
    }
    let known = calls.iter().all(|call| call.arguments["known"] == true);
    let text: Vec<&str> = calls.iter().filter_map(ParsedCall::said).collect();
    let text = text.join(" ");
    (if known { Meaning::Answer(text) } else { Meaning::Refusal(text) }, false)
}

/// The place that a sentence names, as the answer to "Which town?".
pub(super) fn town(grammar: &Lines, sentence: &str) -> Option<String> {
    let tokens = grammar.tables.words.lex(sentence)?;
    let scan = Scan { tables: &grammar.tables, source: sentence, tokens: &tokens };
    let end = strip_end(&grammar.tables.after, &tokens, tokens.len());
    let lead = [
        "i am in",
        "i live in",
        "we live in",
        "we are in",
        "i am from",
        "i am near",
        "it is in",
        "it is",
        "my town is",
        "the town is",
        "in",
        "near",
        "around",
        "at",
    ];
    let (from, _, _) = [scan.skip(0, &lead), 0]
        .into_iter()
        .flat_map(|at| open::places(&scan, at, false).into_iter().map(move |span| (at, span)))
        .find_map(|(_, (to, cost, from))| (to == end).then_some((from, to, cost)))?;
    Some(open::place_name(&scan, from, end))
}

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
    fn whole(&self, tokens: &[Token]) -> Option<(Meaning, bool)> {
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
    fn call(&self, tokens: &[Token]) -> Option<ParsedCall> {
        single(self.whole(tokens)?.0)
    }

    /// Applies a correction that no slot could: "cancel the rice timer no the pasta timer".
    fn corrected(&self, tokens: &[Token]) -> Option<Meaning> {
        let scan = self.scan(tokens);
        let mut tried = 0;
        for at in 1..tokens.len() {
            let Some(next) = scan.correction(at).filter(|next| *next < tokens.len()) else {
                continue;
            };
            tried += 1;
            if tried > MOST_REPAIRS {
                break;
            }
            // The speaker resumes from an earlier word.
            let id = tokens[next].id;
            let again = (0..at).rev().find(|k| id != 0 && tokens[*k].id == id);
            if let Some(again) = again {
                let mut fixed = tokens[..again].to_vec();
                fixed.extend_from_slice(&tokens[next..]);
                if let Some(call) = self.call(&fixed) {
                    return Some(one(call));
                }
            }
            // The command was complete, and one of its values changes.
            if let Some(call) = self.call(&tokens[..at])
                && let Some(call) = self.changed(call, &tokens[next..])
            {
                return Some(one(call));
            }
            // The speaker starts over: "set a timer, no wait, what's the weather".
            if next > at + 1
                && let Some(call) = self.call(&tokens[next..])
            {
                return Some(one(call));
            }
        }
        None
    }

    /// Leaves out a clause that only explains: "I have a flight, wake me at 3:30".
    fn explained(&self, tokens: &[Token]) -> Option<Meaning> {
        let words = &self.grammar.tables.words;
        let parted = |at: &usize| tokens[*at].pause || words.is(tokens[*at].id, flag::CONJUNCTION);
        for at in (1..tokens.len()).filter(parted).take(MOST_REPAIRS) {
            let (head, tail) = tokens.split_at(at);
            if self.clause(tail)
                && let Some(call) = self.call(head)
            {
                return Some(one(call));
            }
            if self.clause(head)
                && let Some(call) = self.call(tail)
            {
                return Some(one(call));
            }
        }
        None
    }

    fn clause(&self, tokens: &[Token]) -> bool {
        let words = &self.grammar.tables.words;
        tokens.len() <= MOST_CLAUSE
            && tokens.first().is_some_and(|t| words.is(t.id, flag::CLAUSE))
            && !tokens.iter().any(|t| words.is(t.id, flag::NO_CLAUSE))
    }

    /// Leaves out filler words: "is there still time on the timer".
    fn plainer(&self, tokens: &[Token]) -> Option<Meaning> {
        let words = &self.grammar.tables.words;
        let mut rest = tokens.to_vec();
        rest.retain(|t| !words.is(t.id, flag::FILLER));
        if rest.len() == tokens.len() {
            return None;
        }
        self.call(&rest).or_else(|| single(self.corrected(&rest)?)).map(one)
    }

    /// Leaves out an afterthought: "for me", "right now".
    fn shortened(&self, tokens: &[Token]) -> Option<(Meaning, bool)> {
        let tables = &self.grammar.tables;
        let mut end = tokens.len();
        for _ in 0..MOST_REPAIRS {
            end = strip_end(&tables.after, tokens, end);
            let next = strip_end(&tables.afterthoughts, tokens, end);
            if next == end || next == 0 {
                return None;
            }
            end = next;
            if let Some(meaning) = self.whole(&tokens[..end]) {
                return Some(meaning);
            }
        }
        None
    }
}

/// One call as a meaning.
fn one(call: ParsedCall) -> Meaning {
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
