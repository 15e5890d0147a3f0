//! From a sentence to its meaning: politeness removed, a match, and what is tried without one.
//!
//! ```text
//! tokens ─▶ [hey] [could you] … [please] ─▶ whole match
//!                                         └▶ correction applied ─▶ explaining clause off ─▶ afterthought off
//! ```

use super::change::changed;
use super::flag;
use super::lexer::Token;
use super::lines::Lines;
use super::scan::Scan;
use super::several::{behind_name, reminders, several, unclear};
use super::talk::{Talk, one, single, strip_end};
use super::{Meaning, ParsedCall, open};

/// The most corrections and the most clauses that are tried.
const MOST_REPAIRS: usize = 4;
/// The longest clause that may be an explanation, in words.
const MOST_CLAUSE: usize = 12;

/// The meaning of `sentence`, and whether it is unambiguous; `None` if it is neither a command nor
/// small talk.
pub(super) fn understand(grammar: &Lines, sentence: &str) -> Option<(Meaning, bool)> {
    let tokens = grammar.tables.words.lex(sentence)?;
    let talk = &Talk { grammar, source: sentence };
    // What took a repair to become a command is never unambiguous.
    let repaired = |meaning| (meaning, false);
    let whole = talk.whole(&tokens);
    // "Turn off the light and set a timer for 5 minutes" contains more than the impossible request.
    let more = match &whole {
        Some((Meaning::Refusal(_) | Meaning::Answer(_), _)) => several(talk, &tokens).map(together),
        Some((Meaning::Calls(calls), sure)) => {
            let remind = calls.iter().all(|c| c.tool == "add_reminder");
            let more = if remind { reminders(talk, &tokens) } else { None };
            let more = more.map(|calls| (Meaning::Calls(calls), *sure));
            more.or_else(|| {
                let (meaning, certain) = together(behind_name(talk, &tokens, calls)?);
                Some((meaning, certain && *sure))
            })
        }
        Some((Meaning::Ask { .. } | Meaning::Unclear(_) | Meaning::Nothing, _)) | None => None,
    };
    let (meaning, sure) = more
        .filter(|(meaning, _)| matches!(meaning, Meaning::Calls(_)))
        .or(whole)
        .or_else(|| several(talk, &tokens).map(together))
        .or_else(|| reminders(talk, &tokens).map(|calls| (Meaning::Calls(calls), true)))
        .or_else(|| corrected(talk, &tokens).map(repaired))
        .or_else(|| explained(talk, &tokens).map(repaired))
        .or_else(|| shortened(talk, &tokens))
        .or_else(|| plainer(talk, &tokens).map(repaired))
        .or_else(|| unclear(talk, &tokens).map(|part| (Meaning::Unclear(part), false)))?;
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
fn together(mut calls: Vec<ParsedCall>) -> (Meaning, bool) {
    // "Forget it, set an alarm for seven": stopping would end the turn before the alarm.
    let stops = calls.iter().take_while(|call| call.tool == "stop").count();
    if stops < calls.len() {
        calls.drain(..stops);
    }
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

/// Whether `place` is on the list of places.
pub(super) fn is_known_place(grammar: &Lines, place: &str) -> bool {
    let Some(tokens) = grammar.tables.words.lex(place) else { return false };
    grammar.tables.places.longest(&tokens, 0).is_some_and(|(end, ())| end == tokens.len())
}

/// Applies a correction that no slot could: "cancel the rice timer no the pasta timer".
fn corrected(talk: &Talk<'_>, tokens: &[Token]) -> Option<Meaning> {
    let scan = talk.scan(tokens);
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
            if let Some(call) = talk.call(&fixed) {
                return Some(one(call));
            }
        }
        // The command was complete, and one of its values changes.
        if let Some(call) = talk.call(&tokens[..at])
            && let Some(call) = changed(talk, call, &tokens[next..])
        {
            return Some(one(call));
        }
        // The speaker starts over: "set a timer, no wait, what's the weather".
        if next > at + 1
            && let Some(call) = talk.call(&tokens[next..])
        {
            return Some(one(call));
        }
    }
    None
}

/// Leaves out a clause that only explains: "I have a flight, wake me at 3:30".
fn explained(talk: &Talk<'_>, tokens: &[Token]) -> Option<Meaning> {
    let words = &talk.grammar.tables.words;
    let parted = |at: &usize| tokens[*at].pause || words.is(tokens[*at].id, flag::CONJUNCTION);
    for at in (1..tokens.len()).filter(parted).take(MOST_REPAIRS) {
        let (head, tail) = tokens.split_at(at);
        if clause(talk, tail)
            && let Some(call) = talk.call(head)
        {
            return Some(one(call));
        }
        if clause(talk, head)
            && let Some(call) = talk.call(tail)
        {
            return Some(one(call));
        }
    }
    None
}

fn clause(talk: &Talk<'_>, tokens: &[Token]) -> bool {
    let words = &talk.grammar.tables.words;
    tokens.len() <= MOST_CLAUSE
        && tokens.first().is_some_and(|t| words.is(t.id, flag::CLAUSE))
        && !tokens.iter().any(|t| words.is(t.id, flag::NO_CLAUSE))
}

/// Leaves out filler words: "is there still time on the timer".
fn plainer(talk: &Talk<'_>, tokens: &[Token]) -> Option<Meaning> {
    let words = &talk.grammar.tables.words;
    let mut rest = tokens.to_vec();
    rest.retain(|t| !words.is(t.id, flag::FILLER));
    if rest.len() == tokens.len() {
        return None;
    }
    talk.call(&rest).or_else(|| single(corrected(talk, &rest)?)).map(one)
}

/// Leaves out an afterthought: "for me", "right now".
fn shortened(talk: &Talk<'_>, tokens: &[Token]) -> Option<(Meaning, bool)> {
    let tables = &talk.grammar.tables;
    let mut end = tokens.len();
    for _ in 0..MOST_REPAIRS {
        end = strip_end(&tables.after, tokens, end);
        let next = strip_end(&tables.afterthoughts, tokens, end);
        if next == end || next == 0 {
            return None;
        }
        end = next;
        if let Some(meaning) = talk.whole(&tokens[..end]) {
            return Some(meaning);
        }
    }
    None
}
