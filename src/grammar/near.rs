//! What a misheard sentence may have been: "Said a timer for ten minutes."
//!
//! A recognizer that does not expect commands writes what they sound like. If no template matches,
//! words are replaced by a phrase of commands that sounds alike, and the sentence is tried again:
//!
//! ```text
//! "Said a timer for ten minutes." ─▶ said a timer ≈ set a timer ─▶ "set a timer for ten minutes" ─▶ match
//! ```
//!
//! How much two phrases sound alike is the edit distance of their letters, in which vowels, voiced
//! and unvoiced consonants and silent letters count little. Numbers and names stay as they were
//! heard, so do words that turn a sentence around ("not", "he", "why"), and only an unambiguous
//! command is carried out.

use std::slice;

use super::flag;
use super::lexer::{Shape, Token};
use super::lines::Lines;
use super::number::below_hundred;
use super::sound::{FULL, distance, letters};
use super::{Meaning, sentence};

/// The longest sentence that is repaired, in tokens; a command is short.
const MOST_TOKENS: usize = 16;
/// The longest span that is replaced, in tokens.
const MOST_SPAN: usize = 4;
/// How differently phrases that sound alike may be written: the cost of the difference in hundredths
/// of that of other letters throughout.
const ALIKE_PERCENT: u32 = 15;
/// The same for a word in place of one word.
const SINGLE_PERCENT: u32 = 10;
/// How many letters longer or shorter a phrase may be than what was heard: no word comes or goes.
const MOST_LETTERS: usize = 2;
/// Sentences tried: with one phrase replaced, and with two.
const TRIES: [usize; 2] = [60, 150];

/// Words that sound the same or nearly so, and are written for one another: "set an alarm four
/// half past six".
const HOMOPHONES: [(&str, &str); 20] = [
    ("four", "for"),
    ("4", "for"),
    ("for", "four"),
    ("two", "to"),
    ("2", "to"),
    ("to", "two"),
    ("too", "two"),
    ("too", "to"),
    ("won", "one"),
    ("ate", "eight"),
    ("and", "in"),
    ("in", "and"),
    ("in", "an"),
    ("and", "an"),
    ("at", "add"),
    ("and", "add"),
    ("node", "note"),
    ("our", "hour"),
    ("weak", "week"),
    ("mourning", "morning"),
];
/// What such a word costs: less than any other.
const SAME: u32 = 1;

/// A phrase in place of the tokens `from..to`.
#[derive(Clone, Copy)]
struct Swap<'l> {
    from: usize,
    to: usize,
    phrase: &'l str,
    cost: u32,
}

/// The command that `said`, which is none, sounds like; the sentence as it should have been heard
/// and its meaning.
pub(super) fn nearest(lines: &Lines, said: &str) -> Option<(String, Meaning)> {
    let tokens = lines.tables.words.lex(said)?;
    if tokens.is_empty() || tokens.len() > MOST_TOKENS {
        return None;
    }
    if let Some(present) = present(said, &tokens).find_map(|said| acted(lines, said)) {
        return Some(present);
    }
    let swaps = swaps(lines, &tokens);
    let one: Vec<(u32, (String, Meaning))> = swaps
        .iter()
        .take(TRIES[0])
        .filter_map(|swap| {
            let sentence = replaced(said, &tokens, [Some(*swap), None]);
            Some((swap.cost, acted(lines, sentence)?))
        })
        .collect();
    if let Some((least, first)) = one.first() {
        // Two commands that sound alike: neither is carried out.
        let rival =
            |(cost, (_, meaning)): &(u32, (String, Meaning))| cost == least && *meaning != first.1;
        return (!one.iter().any(rival)).then(|| first.clone());
    }
    let mut two: Vec<[Swap<'_>; 2]> = Vec::new();
    for (at, first) in swaps.iter().enumerate() {
        let apart = |second: &&Swap<'_>| second.from >= first.to || second.to <= first.from;
        two.extend(swaps[at + 1..].iter().filter(apart).map(|second| [*first, *second]));
    }
    two.sort_by_key(|[first, second]| first.cost + second.cost);
    let mut two = two.into_iter().take(TRIES[1]).map(|pair| pair.map(Some));
    two.find_map(|swaps| acted(lines, replaced(said, &tokens, swaps)))
}

/// How often `sentence` denies.
pub(super) fn denials(lines: &Lines, sentence: &str) -> usize {
    const DENIALS: [&str; 7] = ["not", "never", "no", "none", "nobody", "nothing", "without"];
    let tokens = lines.tables.words.lex(sentence).unwrap_or_default();
    tokens.iter().filter(|token| DENIALS.contains(&token.text.as_str())).count()
}

/// `sentence` and its meaning, if it is an unambiguous command.
fn acted(lines: &Lines, sentence: String) -> Option<(String, Meaning)> {
    let (meaning, sure) = sentence::understand(lines, &sentence)?;
    (sure && matches!(meaning, Meaning::Calls(_))).then_some((sentence, meaning))
}

/// `said` with its first word as a command instead of a report: "Killed the timer".
fn present<'t>(said: &'t str, tokens: &'t [Token]) -> impl Iterator<Item = String> + 't {
    let first = tokens.first();
    let stems = first.into_iter().flat_map(|token| {
        ["ed", "d"].into_iter().filter_map(|tail| Some((token.text.strip_suffix(tail)?, token.end)))
    });
    stems.map(|(stem, end)| format!("{stem}{}", said.get(end..).unwrap_or_default()))
}

/// What could stand where, the nearest first.
fn swaps<'l>(lines: &'l Lines, tokens: &[Token]) -> Vec<Swap<'l>> {
    let mut swaps = Vec::new();
    for (from, token) in tokens.iter().enumerate() {
        // A number beside a number would make another one: "for 25" is not "four 25".
        let numbered = || {
            let beside = [from.checked_sub(1), Some(from + 1)].into_iter().flatten();
            beside.filter_map(|at| tokens.get(at)).any(is_number)
        };
        let counts = |phrase: &str| matches!(phrase, "four" | "two" | "eight" | "one");
        let same = HOMOPHONES
            .iter()
            .filter(|(heard, phrase)| *heard == token.text && !(counts(phrase) && numbered()));
        swaps.extend(same.map(|(_, phrase)| Swap { from, to: from + 1, phrase, cost: SAME }));
    }
    for from in 0..tokens.len() {
        for to in from + 1..=tokens.len().min(from + MOST_SPAN) {
            let span = &tokens[from..to];
            // Numbers are believed.
            let digits = |token: &Token| {
                token.shape != Shape::Word || token.text.contains(|c: char| c.is_ascii_digit())
            };
            if span.iter().any(digits) {
                break;
            }
            let words: Vec<&str> = span.iter().map(|token| token.text.as_str()).collect();
            let heard = letters(words.iter().copied());
            for phrase in &lines.tables.misheard {
                let believed = |token: &Token| lines.tables.words.is(token.id, flag::BELIEVED);
                let kept = |token: &Token| {
                    !believed(token) || phrase.words.iter().any(|w| **w == *token.text)
                };
                // A word in place of one word is a bolder guess than a phrase.
                let single = span.len() == 1 && phrase.words.len() == 1;
                // A single word that commands contain was most likely heard as it is, unless it
                // stands where the verb should be.
                let known = single && from > 0 && span[0].id != 0;
                if known || !span.iter().all(kept) || within(&words, &phrase.words) {
                    continue;
                }
                let percent = if single { SINGLE_PERCENT } else { ALIKE_PERCENT };
                let length = phrase.letters.len();
                if heard.len().abs_diff(length) > MOST_LETTERS {
                    continue;
                }
                if let Some(cost) =
                    distance(&heard, &phrase.letters, length as u32 * percent * FULL / 100)
                {
                    swaps.push(Swap { from, to, phrase: &phrase.text, cost });
                }
            }
        }
    }
    // Among equals, the one that explains more of the sentence.
    swaps.sort_by_key(|swap| (swap.cost, usize::MAX - swap.phrase.len()));
    swaps
}

/// Whether a token is a number, in digits or as a word.
fn is_number(token: &Token) -> bool {
    below_hundred(slice::from_ref(token), 0).is_some()
        || token.text.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether one of two phrases is part of the other: then words would come or go, not sound alike.
fn within(a: &[&str], b: &[Box<str>]) -> bool {
    let same = |a: &[&str], b: &[Box<str>]| a.iter().zip(b).all(|(a, b)| *a == &**b);
    match a.len() <= b.len() {
        true => b.windows(a.len()).any(|part| same(a, part)),
        false => a.windows(b.len()).any(|part| same(part, b)),
    }
}

/// `said` with the `swaps` made.
fn replaced(said: &str, tokens: &[Token], swaps: [Option<Swap<'_>>; 2]) -> String {
    let mut swaps: Vec<Swap<'_>> = swaps.into_iter().flatten().collect();
    swaps.sort_by_key(|swap| swap.from);
    let mut out = String::new();
    let mut at = 0;
    for swap in swaps {
        let (start, end) = (tokens[swap.from].start, tokens[swap.to - 1].end);
        out.push_str(said.get(at..start).unwrap_or_default());
        out.push_str(swap.phrase);
        at = end;
    }
    out.push_str(said.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::super::Grammar;

    #[test]
    fn misheard_commands_are_understood() {
        let grammar = Grammar::new();
        for (heard, meant) in [
            ("Said a timer for ten minutes.", "set a timer for ten minutes"),
            ("Satan alarm for seven.", "set an alarm for seven"),
            ("Killed the timer.", "kill the timer"),
            ("Whether in Paris?", "weather in Paris"),
            ("Turn the volume app.", "turn the volume up"),
            ("Cancele the timer.", "cancel the timer"),
            ("Turned the volume up.", "turn the volume up"),
            ("Start a time or for ten minutes.", "start a timer for ten minutes"),
            ("Set an alarm four half past six.", "set an alarm for half past six"),
            ("Set a for minute timer.", "set a four minute timer"),
            ("At an alarm for one p.m.", "add an alarm for one p.m."),
        ] {
            let near = grammar.nearest(heard).map(|(_, meaning)| meaning);
            assert_eq!(near, grammar.understand(meant), "{heard}");
        }
    }

    #[test]
    fn what_is_no_command_stays_none() {
        let grammar = Grammar::new();
        for heard in [
            "Said and done.",
            "The weather man said something.",
            "I have a time share in Spain.",
            "She turned the volume of poems in.",
            "Who wrote the Count of Monte Cristo?",
            "They put the shop on a list.",
            "Turn the sound of the street.",
            "Set the weather.",
            "",
        ] {
            assert_eq!(grammar.nearest(heard), None, "{heard}");
        }
    }
}
