//! Whether a sentence so far is complete, for judging the end of a turn.

use super::Meaning;
use super::flag;
use super::graph::Search;
use super::lexer::Token;
use super::lines::Lines;
use super::near;
use super::number;
use super::scan::Scan;
use super::{ParsedCall, sentence, talk};

/// How complete a sentence is, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A whole request or small talk, and no longer one begins with it.
    Whole,
    /// A whole request that people often continue: "set an alarm for seven".
    Extendable,
    /// No request, but it sounds like a whole one: "said a timer for ten minutes".
    Near,
    /// The beginning of a request, or its last word needs another: "set an alarm for".
    Open,
    /// Nothing that the grammar knows, in a few words: perhaps the beginning of a request, misheard.
    Fragment,
    /// A sentence that the grammar does not know.
    Unknown,
}

/// The most words of a [`Ending::Fragment`]. Of the cut sentences in `benches/end_of_turn.txt` that
/// sound complete but are not, nine of ten have no more.
const FEW: usize = 6;

/// How complete `said` is.
pub(super) fn ending(lines: &Lines, said: &str) -> Ending {
    let said = said.trim_end();
    let Some(tokens) = lines.tables.words.lex(said) else { return Ending::Unknown };
    if tokens.is_empty() {
        return if hesitates(lines, said) { Ending::Open } else { Ending::Unknown };
    }
    let scan = Scan { tables: &lines.tables, source: said, tokens: &tokens };
    if is_suspended(said) || hesitates(lines, said) {
        return Ending::Open;
    }
    let last = last_word(&scan);
    match sentence::understand(lines, said).map(|(meaning, _)| meaning) {
        _ if last == Last::Open => Ending::Open,
        Some(Meaning::Ask { .. }) => Ending::Open,
        // One word was misheard, or others follow.
        Some(Meaning::Unclear(_)) => Ending::Extendable,
        Some(Meaning::Calls(calls)) => match last {
            Last::Noun => Ending::Extendable,
            Last::Number | Last::Digit if !calls.iter().all(has_its_number) => Ending::Extendable,
            // "Remind me to call the dentist": at four.
            Last::Number | Last::Digit | Last::Open | Last::Other
                if calls.iter().any(|call| lacks_its_time(call) || is_anywhere(lines, call)) =>
            {
                Ending::Extendable
            }
            Last::Number | Last::Digit | Last::Open | Last::Other => Ending::Whole,
        },
        Some(Meaning::Answer(_)) => Ending::Whole,
        // What nothing here does may go on in any way.
        Some(Meaning::Refusal(_)) => Ending::Extendable,
        Some(Meaning::Nothing) | None if begins(lines, said, &tokens) => Ending::Open,
        Some(Meaning::Nothing) | None => match last {
            Last::Number | Last::Digit => Ending::Extendable,
            Last::Open | Last::Noun => Ending::Open,
            Last::Other => match near::nearest(lines, said) {
                Some((_, Meaning::Calls(_))) => Ending::Near,
                Some(_) | None if said.split_whitespace().count() <= FEW => Ending::Fragment,
                Some(_) | None => Ending::Unknown,
            },
        },
    }
}

/// Whether the number at the end of a request hardly goes on: that of a sum ("two hundred divided by
/// eight"), and the minutes of a time ("seven thirty").
fn has_its_number(call: &ParsedCall) -> bool {
    let minutes = || call.arguments["time"].as_str().is_some_and(|time| !time.ends_with(":00"));
    matches!(call.tool.as_str(), "calculate" | "pick_number")
        || call.tool == "set_alarm" && minutes()
}

/// Whether a request is one for a reminder that does not say when.
fn lacks_its_time(call: &ParsedCall) -> bool {
    const WHEN: [&str; 5] = ["time", "in_seconds", "day", "date", "repeat"];
    call.tool == "add_reminder" && !WHEN.iter().any(|when| call.arguments.get(when).is_some())
}

/// Whether a request names a place that is on no list: "the temperature in art" may be half a name.
fn is_anywhere(lines: &Lines, call: &ParsedCall) -> bool {
    call.arguments["location"].as_str().is_some_and(|place| !sentence::is_known_place(lines, place))
}

/// What the last word says about the end of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// It needs another.
    Open,
    /// It wants a noun: "next", or it is only the first letter of a word.
    Noun,
    /// It is a number, which another may continue: "thirty", "one hundred".
    Number,
    /// The same, but small: "seven" may become "seven thirty", but only as a time.
    Digit,
    /// Nothing.
    Other,
}

/// What the last word of a sentence, which has one, says.
fn last_word(scan: &Scan<'_>) -> Last {
    let at = scan.tokens.len() - 1;
    if let Some(number) = number::numbers(scan, at).first() {
        return if number.value < 20.0 { Last::Digit } else { Last::Number };
    }
    let asks = |at: usize| {
        let verbs = ["tell", "give", "show", "read"];
        at > 0 && scan.is(at, "me") && verbs.iter().any(|verb| scan.is(at - 1, verb))
    };
    // "Tell me the" is heard as "Tell me that."
    let pronoun = |at: usize| ["it", "that"].iter().any(|word| scan.is(at, word));
    if asks(at) || at > 1 && pronoun(at) && asks(at - 1) {
        return Last::Open;
    }
    // "Is there an alarm for", "the square root of": the rest was swallowed.
    if at > 0 && scan.is(at, "it") && ["for", "of"].iter().any(|link| scan.is(at - 1, link)) {
        return Last::Noun;
    }
    let letter = scan.tokens[at].text.len() == 1 && !matches!(&*scan.tokens[at].text, "a" | "i");
    if scan.is(at, "next") || letter {
        return Last::Noun;
    }
    let timed = |at: usize| {
        let times = ["noon", "midnight", "o'clock", "am", "pm", "tonight"];
        !number::numbers(scan, at).is_empty() || times.iter().any(|time| scan.is(at, time))
    };
    let dated = at > 0 && scan.is(at, "on") && timed(at - 1);
    if !scan.flag(at, flag::OPEN) {
        return if dated { Last::Open } else { Last::Other };
    }
    // "Where is she from?", but not "what is the capital of?"
    let strands = scan.flag(at, flag::STRANDED)
        && at > 1
        && (scan.flag(at - 1, flag::PRONOUN)
            || (scan.flag(0, flag::QUESTION)
                && ["come", "made", "born"].iter().any(|verb| scan.is(at - 1, verb))));
    // "Explain what a black hole is."
    let asked = (0..at.saturating_sub(1)).any(|early| scan.flag(early, flag::QUESTION));
    let told = scan.flag(at, flag::VERB) && asked && !scan.flag(at - 1, flag::QUESTION);
    if strands || told { Last::Other } else { Last::Open }
}

/// Whether a recognizer wrote that the voice stays up in the air.
fn is_suspended(said: &str) -> bool {
    said.ends_with([',', '-', '\u{2013}', '\u{2014}', '\u{2026}']) || said.ends_with("...")
}

/// Whether the last word is a hesitation: "um".
fn hesitates(lines: &Lines, said: &str) -> bool {
    let last = said.split_whitespace().next_back().unwrap_or_default();
    let last = last.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let words = &lines.tables.words;
    words.is(words.id(&last), flag::SKIP) && !matches!(last.as_str(), "please" | "pls")
}

/// Whether a line of the grammar begins with all of `tokens` and goes on.
fn begins(lines: &Lines, said: &str, tokens: &[Token]) -> bool {
    let mut search = Search::new(Scan { tables: &lines.tables, source: said, tokens });
    let starts = talk::starts(&lines.tables.before, tokens);
    starts.into_iter().any(|from| lines.begin(&mut search, from, tokens.len()))
}

#[cfg(test)]
mod tests {
    use super::super::Grammar;
    use super::*;

    /// `sentences`, one a line, all end like `wanted`.
    fn all(wanted: Ending, sentences: &str) {
        let grammar = Grammar::new();
        let wrong: Vec<String> = sentences
            .lines()
            .map(str::trim)
            .filter(|said| !said.is_empty() && grammar.ending(said) != wanted)
            .map(|said| format!("{said}: {:?}", grammar.ending(said)))
            .collect();
        assert!(wrong.is_empty(), "not {wanted:?}: {wrong:#?}");
    }

    #[test]
    fn a_request_that_is_complete_is_whole() {
        all(
            Ending::Whole,
            "What time is it?
            Set a timer for 10 minutes.
            What's the weather in Paris tomorrow?
            Cancel the pasta timer.
            Could you please tell me a joke?
            Stop.
            Add milk and eggs to the shopping list.
            Thank you.
            What can you do?
            What is two hundred divided by eight?
            What is 15 percent of eighty?
            Set an alarm for seven thirty.
            Pick a number between one and a hundred.
            Remind me to call the dentist at noon.",
        );
    }

    #[test]
    fn half_a_request_is_open() {
        all(
            Ending::Open,
            "Set an alarm for
            Set a timer for one hour and
            Set a timer.
            What's the weather in?
            Remind me to
            Remind me tomorrow at
            Add milk and
            Turn the volume.
            Cancel the
            Convert ten miles to
            Hey, could you set the
            Wake me at seven on.
            Set an alarm for noon on.
            Tell me that.
            Tell me it.
            Is there an alarm for it?
            What is the square root of it?",
        );
    }

    #[test]
    fn a_sentence_of_any_kind_is_open_after_words_that_need_another() {
        all(
            Ending::Open,
            "I was thinking about the
            What's the date next?
            Tell me.
            How much time is left on thee?
            My brother and
            What is the capital of?
            I would like to know if.
            Because of the
            We went there, um
            Well...
            I think that we,
            Tell me something about",
        );
    }

    #[test]
    fn a_stranded_word_and_an_indirect_question_are_no_reason_to_wait() {
        all(
            Ending::Unknown,
            "Where does the word robot come from?
            Explain to me what a black hole is.
            Do you know any good books about the ocean?",
        );
        all(
            Ending::Fragment,
            "Where is she from?
            Who did you give it to?
            Why is the sky blue?
            Stardee.",
        );
    }

    #[test]
    fn a_number_may_go_on() {
        all(
            Ending::Extendable,
            "Set an alarm for seven.
            Set the volume to forty.
            Remind me to call the dentist.
            What's the temperature in art?
            The ship sank in nineteen twelve.
            Move on to the next.
            What's the weather in P.",
        );
    }

    #[test]
    fn a_misheard_request_sounds_like_one() {
        all(
            Ending::Near,
            "Said a timer for ten minutes.
            Whether in Paris?",
        );
    }

    #[test]
    fn silence_says_nothing() {
        all(Ending::Unknown, "\u{20}\n...?");
        assert_eq!(Grammar::new().ending(""), Ending::Unknown);
        assert_eq!(Grammar::new().ending("Um."), Ending::Open);
    }
}
