//! Two requests in one sentence, and sentences understood only in part.
//!
//! ```text
//! "set a timer for ten minutes | and | turn the volume up"     both are requests
//! "set an alarm for 6 | and another | for 6:30"                the second is the first with another value
//! ```

use std::ops::Range;

use super::change::changed;
use super::flag;
use super::lexer::Token;
use super::open;
use super::talk::{Talk, strip_end};
use super::words::spoken;
use super::{Meaning, ParsedCall};

/// The most requests in one sentence.
const MOST_WISHES: usize = 5;
/// The most positions at which a sentence is split.
const MOST_PARTINGS: usize = 6;
/// The longest sentence, in words, that is searched for the part that was not understood.
const MOST_WORDS: usize = 20;
/// The longest such part.
const MOST_PART: usize = 8;

/// Subjects of the sentences that are searched.
const NOUNS: &[&str] = &["timer", "timers", "alarm", "alarms", "countdown", "volume", "wake"];

/// Words that separate two requests.
const LINKS: &[&str] = &["and", "then", "plus", "also", "but"];
/// Words after "but" that begin an exception, not a request: "all but the rice timer".
const EXCEPTED: &[&str] = &["the", "my", "our", "a", "an", "not", "for", "one", "that", "this"];
/// Words that begin a request without a verb of its own.
const VERBLESS: &[&str] =
    &["the", "my", "our", "a", "an", "all", "timer", "timers", "alarm", "alarms"];

/// Words in front of a second request without a verb of its own.
const ANOTHER: &[&str] = &[
    "another one",
    "another timer",
    "another alarm",
    "another",
    "one more",
    "one",
    "a second one",
    "a second timer",
    "a second alarm",
    "a second",
    "the other one",
    "the other",
    "also one",
];

/// Words in front of a second time.
const AGAIN: &[&str] = &["then again", "again", "once more", "then", "also"];
/// Words between the time of a reminder and what it is about.
const ABOUT: &[&str] = &["to", "about", "that"];

/// The calls of a sentence with several requests, each of them understood.
pub(super) fn several(talk: &Talk<'_>, tokens: &[Token]) -> Option<Vec<ParsedCall>> {
    let mut tried = 0;
    for at in 1..tokens.len() {
        let word = LINKS.contains(&tokens[at].text.as_str());
        let excepted = |next: &Token| EXCEPTED.contains(&next.text.as_str());
        if tokens[at].text == "but" && tokens.get(at + 1).is_some_and(excepted) {
            return None;
        }
        if !word && !tokens[at].pause {
            continue;
        }
        tried += 1;
        if tried > MOST_PARTINGS {
            return None;
        }
        let Some(mut calls) = wishes(talk, &tokens[..at]) else { continue };
        let mut next = at;
        while tokens.get(next).is_some_and(|t| LINKS.contains(&t.text.as_str())) {
            next += 1;
        }
        let tail = &tokens[next..];
        if tail.is_empty() {
            return None;
        }
        // "... and the alarm" has the verb of the first, whatever it means alone.
        let head = &tokens[..at];
        let verbless = VERBLESS.contains(&tail[0].text.as_str());
        let with_verb = || {
            let noun = || with_verb(talk, head, &with_noun(talk, head, tail)?);
            with_verb(talk, head, tail).or_else(noun)
        };
        // "Cancel the alarm for 6 and the one for 7" sets none.
        let takes = calls.iter().any(|call| call.tool.starts_with("cancel"));
        let sets = |more: &Vec<ParsedCall>| more.iter().any(|call| call.tool.starts_with("set"));
        let fits =
            |more: Vec<ParsedCall>| Some(more).filter(|more| !(verbless && takes && sets(more)));
        let more = (if verbless { with_verb() } else { None })
            .or_else(|| wishes(talk, tail).and_then(fits))
            .or_else(with_verb)
            .or_else(|| calls_of(talk, &with_noun(talk, head, tail)?).and_then(fits))
            .or_else(|| another(talk, &calls, tail))
            .or_else(|| several(talk, tail))
            .or_else(|| {
                let verb = verb(tokens, at)?;
                several(talk, &joined(&verb, tail))
            });
        // "... and repeat" is about the timer, not about the last answer.
        let repeats =
            |more: &Vec<ParsedCall>| tail.len() == 1 && more.iter().any(|c| c.tool == "repeat");
        if let Some(more) = more.filter(|more| !repeats(more))
            && calls.len() + more.len() <= MOST_WISHES
        {
            share_place(&mut calls, &more);
            calls.extend(more);
            return Some(calls).filter(|calls| !calls.is_empty());
        }
    }
    None
}

/// "Set a timer called rice and tell me a joke", "remind me at 5 to call Ann, and what time is it": the
/// request behind a free name or text, which was read as part of it.
pub(super) fn behind_name(
    talk: &Talk<'_>,
    tokens: &[Token],
    calls: &[ParsedCall],
) -> Option<Vec<ParsedCall>> {
    let [whole] = calls else { return None };
    let name = if whole.tool == "add_reminder" { "text" } else { "label" };
    let free = |call: &ParsedCall| call.arguments[name].as_str().map(str::to_owned);
    let long = free(whole)?;
    let link = |token: &Token| LINKS.contains(&token.text.as_str());
    let links = (1..tokens.len()).filter(|at| link(&tokens[*at])).take(MOST_PARTINGS);
    links.into_iter().find_map(|at| {
        let from = (at..tokens.len()).find(|next| !link(&tokens[*next]))?;
        let first = talk.call(&tokens[..at]).filter(|first| first.tool == whole.tool)?;
        free(&first).filter(|short| *short != long && long.starts_with(short))?;
        // To turn off the lights may be a part of what to remember, but a question is not.
        let asks = talk.scan(tokens).flag(from, flag::QUESTION);
        let more = wishes(talk, &tokens[from..]).filter(|more| !more.is_empty())?;
        let splits = asks || whole.tool != "add_reminder";
        splits.then(|| [vec![first], more].concat())
    })
}

/// "Remind me to take the bins out at 7 and water the plants at 8", "remind me at 5 and again at 6 to
/// feed the cat": the reminders of a sentence that may also be one with a long text. Each names its
/// time or day.
pub(super) fn reminders(talk: &Talk<'_>, tokens: &[Token]) -> Option<Vec<ParsedCall>> {
    const VERB: [&str; 3] = ["remind", "me", "to"];
    let timed = |call: &ParsedCall| {
        let names = |name| call.arguments.get(name).is_some();
        call.tool == "add_reminder" && ["time", "in_seconds", "day", "date"].into_iter().any(names)
    };
    let word = |text: &&str| {
        let id = talk.grammar.tables.words.id(text);
        Some(Token { id, text: (*text).to_owned(), ..tokens.first()?.clone() })
    };
    let verb: Vec<Token> = VERB.iter().filter_map(word).collect();
    let ands = (1..tokens.len()).filter(|at| tokens[*at].text == "and").take(MOST_PARTINGS);
    ands.into_iter().find_map(|at| {
        let scan = talk.scan(tokens);
        let (head, tail) = (&tokens[..at], &tokens[scan.skip(at + 1, AGAIN)..]);
        let call = |tokens: &[Token]| talk.call(tokens).filter(timed);
        let led = |lead: usize| call(&joined(&verb[..lead], tail));
        let Some(first) = call(head) else {
            // "Remind me at five and again at six to call mom."
            let second = led(2)?;
            let about = tail.iter().position(|token| ABOUT.contains(&token.text.as_str()))?;
            return Some(vec![call(&joined(head, &tail[about..]))?, second]);
        };
        let second = match tail.first()?.text.as_str() {
            "remind" => call(tail),
            "to" => led(2),
            _ => led(3),
        };
        // "... and at six to call dad", "... and again at six".
        let later = || changed(talk, first.clone(), tail).filter(timed);
        let second = second.or_else(|| led(2)).or_else(later)?;
        Some(vec![first, second])
    })
}

/// The calls of one request; something that is only said is the call [`ParsedCall::SAY`].
fn wishes(talk: &Talk<'_>, tokens: &[Token]) -> Option<Vec<ParsedCall>> {
    match talk.meaning(tokens)? {
        Meaning::Calls(calls) => Some(calls),
        // "Okay, and", "thanks, and" are said in passing.
        Meaning::Answer(text) if text.split(' ').count() < 3 && !text.contains(',') => {
            Some(Vec::new())
        }
        Meaning::Answer(text) => Some(vec![ParsedCall::say(&text, true)]),
        Meaning::Refusal(text) => Some(vec![ParsedCall::say(&text, false)]),
        Meaning::Ask { .. } | Meaning::Unclear(_) | Meaning::Nothing => None,
    }
}

fn calls_of(talk: &Talk<'_>, tokens: &[Token]) -> Option<Vec<ParsedCall>> {
    match talk.meaning(tokens)? {
        Meaning::Calls(calls) => Some(calls),
        Meaning::Ask { .. }
        | Meaning::Unclear(_)
        | Meaning::Answer(_)
        | Meaning::Refusal(_)
        | Meaning::Nothing => None,
    }
}

/// "Cancel the pasta timer and the rice timer": the second request has the verb of the first.
fn with_verb(talk: &Talk<'_>, head: &[Token], tail: &[Token]) -> Option<Vec<ParsedCall>> {
    let verb = verb(head, head.len())?;
    calls_of(talk, &joined(&verb, tail))
}

/// "... and another for 6:30": the second request is the first with other values.
fn another(talk: &Talk<'_>, calls: &[ParsedCall], tail: &[Token]) -> Option<Vec<ParsedCall>> {
    let mut call = calls.last()?.clone();
    if matches!(call.tool.as_str(), "get_weather" | "get_time") {
        return elsewhere(talk, call, tail);
    }
    if !matches!(call.tool.as_str(), "set_timer" | "set_alarm" | "cancel_timer" | "cancel_alarm") {
        return None;
    }
    call.arguments.as_object_mut()?.remove("label");
    let scan = talk.scan(tail);
    // "... and a rice timer for 20".
    let labels = open::labels(&scan, scan.skip(0, &["another", "one more"]));
    for (end, _, start) in labels {
        let noun = scan.skip(end, &["timer", "alarm"]);
        if noun > end
            && let Some(mut call) = changed(talk, call.clone(), &tail[noun..])
        {
            let label = spoken(talk.source, tail, start, end);
            call.arguments.as_object_mut()?.insert("label".into(), label.into());
            return Some(vec![call]);
        }
    }
    let from = scan.skip(0, ANOTHER);
    Some(vec![changed(talk, call, &tail[from..])?])
}

/// "The weather in London and Paris": the same for another place.
fn elsewhere(talk: &Talk<'_>, mut call: ParsedCall, tail: &[Token]) -> Option<Vec<ParsedCall>> {
    let end = strip_end(&talk.grammar.tables.after, tail, tail.len());
    let scan = talk.scan(tail);
    let from = scan.skip(0, &["in", "for", "at"]);
    let places = open::places(&scan, from, false);
    let (_, _, start) = places.into_iter().find(|(to, ..)| *to == end)?;
    let arguments = call.arguments.as_object_mut()?;
    arguments.get("location")?;
    arguments.insert("location".into(), open::place_name(&scan, start, end).into());
    Some(vec![call])
}

/// "... and set a new one for 5 minutes": "one" refers to the first request.
fn with_noun(talk: &Talk<'_>, head: &[Token], tail: &[Token]) -> Option<Vec<Token>> {
    const BEFORE: &[&str] =
        &["a", "new", "another", "the", "second", "set", "start", "make", "create", "add"];
    let noun = head.iter().rev().find_map(|t| match t.text.as_str() {
        "timer" | "timers" => Some("timer"),
        "alarm" | "alarms" => Some("alarm"),
        _ => None,
    })?;
    let one = |at: usize| tail[at].text == "one";
    let at = (1..tail.len())
        .find(|at| one(*at) && BEFORE.contains(&tail[at - 1].text.as_str()))
        .or_else(|| Some(tail.len() - 1).filter(|at| one(*at)))?;
    let mut out = tail.to_vec();
    out[at].text = noun.to_owned();
    out[at].id = talk.grammar.tables.words.id(noun);
    Some(out)
}

/// What to say about a sentence on timers, alarms or the volume that is understood except for
/// one part.
pub(super) fn unclear(talk: &Talk<'_>, tokens: &[Token]) -> Option<String> {
    const WISHING: &[&str] = &["need", "want", "would", "will", "have", "could", "must"];
    const VERBS: &[&str] = &[
        "set",
        "start",
        "make",
        "create",
        "add",
        "put",
        "cancel",
        "stop",
        "delete",
        "remove",
        "wake",
        "turn",
        "pause",
        "resume",
        "alarm",
        "timer",
        "get",
        "give",
        "i",
        "need",
        "new",
        "change",
        "kill",
        "clear",
        "end",
        "snooze",
        "another",
        "alarms",
        "timers",
        "skip",
        "countdown",
    ];
    let end = strip_end(&talk.grammar.tables.after, tokens, tokens.len());
    let start = start(talk, tokens);
    let tokens = tokens.get(start..end)?;
    let text = |token: &Token| token.text.clone();
    let about = tokens.iter().any(|t| NOUNS.contains(&t.text.as_str()));
    // "I set an alarm and overslept" is a story.
    let tale = tokens.first().is_some_and(|t| t.text == "i")
        && !tokens.get(1).is_some_and(|t| WISHING.contains(&t.text.as_str()));
    let verb = tokens.first().is_some_and(|t| VERBS.contains(&t.text.as_str())) && !tale;
    let denied = tokens.iter().any(|t| matches!(text(t).as_str(), "not" | "never" | "no"));
    if !about || !verb || denied || tokens.len() > MOST_WORDS {
        return None;
    }
    let part = part(talk, tokens)?;
    let part = spoken(talk.source, tokens, part.start, part.end);
    Some(format!("I did not understand \"{part}\", so I did nothing. Please say it another way."))
}

/// The part without which `tokens` are understood.
fn part(talk: &Talk<'_>, tokens: &[Token]) -> Option<Range<usize>> {
    let link = |at: usize| LINKS.contains(&tokens[at].text.as_str());
    // A second request.
    for at in (1..tokens.len()).filter(|at| link(*at) || tokens[*at].pause) {
        if calls_of(talk, &tokens[..at]).is_some() {
            let from = (at..tokens.len()).find(|at| !link(*at))?;
            return Some(from..tokens.len());
        }
    }
    let known = |part: &Range<usize>| {
        let mut rest = tokens[..part.start].to_vec();
        rest.extend_from_slice(&tokens[part.end..]);
        match talk.meaning(&rest) {
            Some(Meaning::Calls(_) | Meaning::Ask { .. }) => true,
            Some(
                Meaning::Unclear(_) | Meaning::Answer(_) | Meaning::Refusal(_) | Meaning::Nothing,
            )
            | None => false,
        }
    };
    let most = MOST_PART.min(tokens.len().saturating_sub(2));
    // "Set an alarm for" is half a sentence, so "for" belongs to the part that it leads to.
    let leads = |at: usize| matches!(tokens[at].text.as_str(), "for" | "at" | "to" | "of" | "by");
    let tail = (1..=most)
        .map(|n| tokens.len() - n..tokens.len())
        .find(|part| known(part) && !leads(part.start - 1));
    // A part in the middle is named if it is much shorter than the whole rest.
    let most = tail.as_ref().map_or(most, |tail| tail.len().saturating_sub(3));
    let noun = |at: usize| NOUNS.contains(&tokens[at].text.as_str());
    let fits = |part: &Range<usize>| {
        !link(part.start) && !link(part.end - 1) && !part.clone().any(noun) && known(part)
    };
    (1..=most)
        .flat_map(|n| (1..tokens.len() - n).map(move |from| from..from + n))
        .find(fits)
        .or(tail)
}

/// Where the sentence begins after its polite words.
fn start(talk: &Talk<'_>, tokens: &[Token]) -> usize {
    let mut start = 0;
    while let Some((end, ())) = talk.grammar.tables.before.longest(tokens, start) {
        start = end;
    }
    start
}

/// "The weather and the time in Paris": both are for Paris.
fn share_place(before: &mut [ParsedCall], after: &[ParsedCall]) {
    let placed = |call: &ParsedCall| matches!(call.tool.as_str(), "get_weather" | "get_time");
    let Some(place) = after.iter().find(|call| placed(call)).map(|c| &c.arguments["location"])
    else {
        return;
    };
    let lone = |call: &&mut ParsedCall| placed(call) && call.arguments.get("location").is_none();
    if place.is_string() {
        for call in before.iter_mut().filter(lone) {
            call.arguments["location"] = place.clone();
        }
    }
}

/// The verb at the head of a request, with what belongs to it.
fn verb(tokens: &[Token], end: usize) -> Option<Vec<Token>> {
    let first = tokens.first().filter(|_| end > 1)?;
    let with =
        matches!(tokens.get(1).map(|t| t.text.as_str()), Some("me" | "off" | "up" | "on" | "down"));
    let mut verb = vec![first.clone()];
    if with {
        verb.extend(tokens.get(1).cloned());
    }
    Some(verb)
}

fn joined(verb: &[Token], tail: &[Token]) -> Vec<Token> {
    let mut out = verb.to_vec();
    out.extend(tail.iter().cloned());
    // What follows the verb now did not follow the pause.
    if let Some(token) = out.get_mut(verb.len()) {
        token.pause = false;
    }
    out
}
