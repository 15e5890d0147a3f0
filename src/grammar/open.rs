//! Slots that take words of any kind: places, labels, list items, text.
//!
//! They are where a grammar goes wrong, so each is as narrow as possible: no slot crosses words
//! that its kind never contains, and each word costs, so that closed slots win.

use super::calendar;
use super::flag;
use super::lexer::Shape;
use super::number;
use super::scan::Scan;
use super::words::spoken;

/// The most words of each kind.
const MOST_PLACE: usize = 5;
const MOST_LABEL: usize = 5;
const MOST_NAME: usize = 8;

/// The cost of a word in an open slot; see [`super::grammar`].
pub(super) const WORD_COST: u32 = 4;
/// The cost of a word of a known place.
pub(super) const KNOWN_COST: u32 = 1;

/// An end, its cost, and where the value begins: after a correction only the last words count.
pub(super) type Span = (usize, u32, usize);

/// Ends of a place at `at`.
pub(super) fn places(scan: &Scan<'_>, at: usize, known_only: bool) -> Vec<Span> {
    let mut out = Vec::new();
    for (end, ()) in scan.tables.places.at(scan.tokens, at) {
        let cost = KNOWN_COST * (end - at) as u32;
        out.push((end, cost, at));
        // "Denver, Colorado": the second name says where the first is.
        if let Some(more) = region(scan, end) {
            out.push((more, cost + KNOWN_COST * (more - end) as u32, at));
        }
    }
    if !known_only {
        let mut end = at;
        while end < scan.tokens.len() && end - at < MOST_PLACE {
            let token = &scan.tokens[end];
            if end > at
                && let Some(more) = region(scan, end)
                && ends_place(scan, at, end)
            {
                let cost = WORD_COST * (end - at) as u32 + KNOWN_COST * (more - end) as u32;
                out.push((more, cost, at));
            }
            // A hyphenated name is one name: "Stoke-on-Trent".
            let joined = end > at && token.glued && token.part == 0;
            if end > at
                && !token.pause
                && !joined
                && let Some(more) = waterside(scan, end)
            {
                out.push((more, WORD_COST * (more - at) as u32, at));
                end = more;
                continue;
            }
            let owned = end > at
                && scan.is(end, "'s")
                && end + 1 < scan.tokens.len()
                && in_place(scan, end + 1);
            if (end > at && token.pause) || !(joined || owned || in_place(scan, end)) {
                break;
            }
            end += 1;
            if ends_place(scan, at, end) {
                out.push((end, WORD_COST * (end - at) as u32, at));
            }
        }
    }
    // "in Paris no in Rome".
    let mut more = Vec::new();
    for (end, _, _) in &out {
        if let Some(next) = scan.correction(*end) {
            let from = scan.skip(next, &["in", "for", "at"]);
            more.extend(places(scan, from, known_only));
        }
        if more.len() > 12 {
            break;
        }
    }
    out.extend(more);
    out
}

fn in_place(scan: &Scan<'_>, at: usize) -> bool {
    let token = &scan.tokens[at];
    if token.text == "'s" {
        return false;
    }
    token.shape == Shape::Word
        && token.text.starts_with(char::is_alphabetic)
        && !scan.flag(at, flag::NO_PLACE)
}

/// Whether a place may span `at..end`: no linking word at either end, and not a lone word that is
/// only part of names.
fn ends_place(scan: &Scan<'_>, at: usize, end: usize) -> bool {
    // Not in the middle of a hyphenated name, nor before the end of "King's".
    let within = scan.tokens.get(end).is_some_and(|next| next.glued && next.part == 0);
    if within || scan.is(end - 1, "'s") {
        return false;
    }
    let alone = end == at + 1 && scan.flag(at, flag::NO_PLACE_ALONE);
    let linked = |at: usize| scan.flag(at, flag::PLACE_LINK);
    end > at && !alone && !linked(end - 1) && !linked(at)
}

/// The position after a region at `at` that says where a town is: a known place, or the
/// abbreviation of a state or country ("IL", "DE").
fn region(scan: &Scan<'_>, at: usize) -> Option<usize> {
    if let Some((more, ())) = scan.tables.places.longest(scan.tokens, at) {
        return Some(more);
    }
    is_region_code(scan, at).then_some(at + 1)
}

/// Whether the token at `at` is the abbreviation of a state or country.
fn is_region_code(scan: &Scan<'_>, at: usize) -> bool {
    let Some(token) = scan.tokens.get(at).filter(|_| scan.flag(at, flag::REGION)) else {
        return false;
    };
    // "In", "me" and "or" are words rather than states, unless they are written as states.
    let written = scan.source.get(token.start..token.end).unwrap_or_default();
    let capital = !written.chars().any(char::is_lowercase) && !is_shouted(scan.source);
    let word = scan.flag(at, flag::NO_PLACE) || scan.flag(at, flag::PLACE_LINK);
    token.pause || capital || !word
}

/// Whether a sentence is all capitals.
fn is_shouted(source: &str) -> bool {
    !source.chars().any(char::is_lowercase)
}

/// Names that follow "on", "upon" and the like in town names.
const WATERS: [&str; 31] = [
    "trent", "sea", "thames", "avon", "wye", "tyne", "tweed", "tees", "humber", "water", "severn",
    "dee", "hudson", "soar", "stour", "ouse", "ribble", "lune", "furness", "ashfield", "arden",
    "marsh", "lyme", "wold", "naze", "hull", "mare", "main", "oder", "spey", "marne",
];

/// The position after "on Trent", "upon Tyne" or "on the Wold" at `at`.
fn waterside(scan: &Scan<'_>, at: usize) -> Option<usize> {
    const LINKS: [&str; 9] = ["on", "upon", "by", "in", "under", "super", "am", "an", "sur"];
    let link = LINKS.contains(&scan.text(at));
    let name = scan.skip(at + 1, &["the", "der"]);
    (link && WATERS.contains(&scan.text(name))).then_some(name + 1)
}

/// Ends of a label at `at`: a few words that name a thing, without the article.
pub(super) fn labels(scan: &Scan<'_>, at: usize) -> Vec<Span> {
    labels_without(scan, at, flag::NO_LABEL | flag::NO_TIMER_LABEL)
}

fn labels_without(scan: &Scan<'_>, at: usize, not: u32) -> Vec<Span> {
    let start = scan.skip(at, &["a", "an", "the", "my", "our", "some"]);
    let mut out = Vec::new();
    let mut end = start;
    while end < scan.tokens.len() && end - start < MOST_LABEL {
        let token = &scan.tokens[end];
        // A number in a label is one that was not understood.
        let word = token.text.starts_with(char::is_alphabetic) || token.text == "'s";
        if !word
            || token.shape != Shape::Word
            || scan.flag(end, not)
            || (end > start && token.pause)
        {
            break;
        }
        end += 1;
        if !scan.flag(end - 1, flag::NO_END) {
            out.push((end, WORD_COST * (end - at) as u32, start));
        }
    }
    out
}

/// Ends of a free name at `at`, as after "called": any few words.
pub(super) fn names(scan: &Scan<'_>, at: usize) -> Vec<Span> {
    let start = scan.skip(at, &["a", "an", "the"]);
    let most =
        (start..scan.tokens.len()).find(|i| ends_name(scan, *i)).unwrap_or(start + MOST_NAME);
    free(scan, start, (most - start).min(MOST_NAME))
        .map(|end| (end, WORD_COST * (end - at) as u32, start))
        .collect()
}

/// Words about days, which are never part of a name: they were misunderstood.
const DAYS: [&str; 25] = [
    "tomorrow",
    "tonight",
    "today",
    "yesterday",
    "day",
    "days",
    "weekday",
    "weekdays",
    "weekend",
    "weekends",
    "next",
    "last",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "every",
    "each",
    "daily",
    "weekly",
    "except",
    "later",
    "now",
];

/// Whether a name ends before the word at `at`, because a day, a time or another request begins.
fn ends_name(scan: &Scan<'_>, at: usize) -> bool {
    const WISHES: &[&str] = &["another", "one", "set", "also", "then", "start", "cancel", "turn"];
    if scan.is(at, "and") && WISHES.contains(&scan.text(at + 1)) {
        return true;
    }
    // "gym 6 am", "eggs 5 minutes".
    let ends = |text: &str| {
        let units = ["second", "minute", "hour", "sec", "min", "hr", "day", "week"];
        units.contains(&text.strip_suffix('s').unwrap_or(text))
            || matches!(text, "am" | "pm" | "o'clock" | "a" | "p")
    };
    // "Leave at 7 and" has reached its time.
    if scan.is(at, "at") && !number::numbers(scan, at + 1).is_empty() {
        return true;
    }
    // "12/24" and "24.12" are dates, whether they are understood or not.
    let dated = match scan.tokens[at].shape {
        Shape::Digits { after: 0, .. } => scan.is(at + 1, "/"),
        Shape::Digits { .. } => true,
        Shape::Word | Shape::Colon { .. } | Shape::Ordinal(_) => false,
    };
    if dated {
        return true;
    }
    let number = number::numbers(scan, at).first().map(|r| r.end);
    let timed = number.is_some_and(|end| ends(scan.text(end)) && !scan.is(end, "a"));
    timed
        || matches!(scan.tokens[at].shape, Shape::Colon { .. } | Shape::Ordinal(_))
        || !calendar::dates(scan, at).is_empty()
        || (calendar::month(scan.text(at)).is_some() && !number::numbers(scan, at + 1).is_empty())
        || DAYS.contains(&scan.text(at))
        || (scan.text(at).ends_with("day") && scan.flag(at, flag::NO_LABEL))
}

/// Ends of text at `at`: any words, but not ending with a preposition or article.
pub(super) fn texts(scan: &Scan<'_>, at: usize) -> Vec<Span> {
    free(scan, at, scan.tokens.len()).map(|end| (end, WORD_COST * (end - at) as u32, at)).collect()
}

/// Ends of a list item at `at`; after a correction only the last words count.
pub(super) fn items(scan: &Scan<'_>, at: usize) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for end in free(scan, at, 14) {
        let mut start = at;
        for i in at + 1..end {
            if let Some(next) = scan.correction(i).filter(|next| *next < end) {
                start = next;
            }
        }
        let alone = end - start == 1;
        if !(alone && scan.flag(start, flag::NO_ITEM)) {
            out.push((end, WORD_COST * (end - at) as u32, start));
        }
    }
    out
}

/// Ends of a list's name at `at`.
pub(super) fn lists(scan: &Scan<'_>, at: usize) -> Vec<Span> {
    let mut out = Vec::new();
    if let Some(end) = scan.words(at, "to do") {
        out.push((end, WORD_COST, at));
    }
    out.extend(
        labels_without(scan, at, flag::NO_LABEL)
            .into_iter()
            .filter(|(end, _, start)| *start == at && end - at <= 4),
    );
    out
}

fn free<'a>(scan: &'a Scan<'_>, at: usize, most: usize) -> impl Iterator<Item = usize> + 'a {
    let limit = scan.tokens.len().min(at + most);
    (at + 1..limit + 1).filter(move |end| !scan.flag(end - 1, flag::NO_END))
}

/// A place's name: each word capitalized.
pub(super) fn place_name(scan: &Scan<'_>, from: usize, to: usize) -> String {
    let (source, tokens) = (scan.source, scan.tokens);
    let (Some(first), Some(last)) = (tokens.get(from), tokens.get(to.wrapping_sub(1))) else {
        return String::new();
    };
    let written = source.get(first.start..last.end).unwrap_or_default();
    let shouted = is_shouted(source);
    // "springfield, il": the abbreviation of a state or country.
    let coded = to > from + 1 && is_region_code(scan, to - 1);
    let count = written.split_whitespace().count();
    let mut out = String::with_capacity(written.len());
    for (number, word) in written.split_whitespace().enumerate() {
        if !out.is_empty() {
            out.push(' ');
        }
        let short = matches!(
            word.to_ascii_lowercase().as_str(),
            "uk" | "us"
                | "usa"
                | "uae"
                | "dc"
                | "nyc"
                | "u.k."
                | "u.s."
                | "u.s.a."
                | "d.c."
                | "utc"
                | "gmt"
                | "est"
                | "edt"
                | "cst"
                | "cdt"
                | "mst"
                | "mdt"
                | "pst"
                | "pdt"
                | "cet"
                | "cest"
                | "bst"
                | "jst"
                | "ist"
                | "kst"
                | "msk"
                | "eet"
                | "eest"
                | "aest"
                | "aedt"
                | "akst"
                | "hst"
                | "nzst"
                | "nzdt"
        );
        // "LA", but "Ashby de la Zouch".
        let alone = count == 1 && matches!(word.to_ascii_lowercase().as_str(), "la" | "sf");
        if short || alone || (coded && number + 1 == count) {
            out.push_str(&word.to_uppercase());
            continue;
        }
        let mut start = true;
        for c in word.chars() {
            if start {
                out.extend(c.to_uppercase());
            } else if shouted {
                out.extend(c.to_lowercase());
            } else {
                out.push(c);
            }
            start = false;
        }
    }
    out
}

/// Text as it is stored, with a partial correction applied: "call tom no tim" is "call tim".
///
/// In text "sorry" and "wait" are mostly ordinary words, so a correction takes "no" or several
/// words; with `dictated` a lone "no" also needs a pause before it.
pub(super) fn text(scan: &Scan<'_>, from: usize, to: usize, dictated: bool) -> String {
    for i in from + 1..to {
        let Some(next) = scan.correction(i).filter(|next| *next < to) else { continue };
        let lone = next == i + 1;
        let sure = !lone || (scan.is(i, "no") && (!dictated || scan.tokens[i].pause));
        if !sure {
            continue;
        }
        let again = (from..i).rev().find(|k| scan.id(*k) == scan.id(next) && scan.id(next) != 0);
        let keep = again.unwrap_or_else(|| i.saturating_sub(to - next).max(from));
        let mut tokens = scan.tokens[from..keep].to_vec();
        tokens.extend_from_slice(&scan.tokens[next..to]);
        let count = tokens.len();
        let fixed = Scan { tokens: &tokens, ..*scan };
        // The seam is not a hyphen or comma of the speaker's.
        return joined(&fixed, keep - from, count);
    }
    spoken(scan.source, scan.tokens, from, to)
}

fn joined(scan: &Scan<'_>, seam: usize, count: usize) -> String {
    let head = spoken(scan.source, scan.tokens, 0, seam);
    let tail = spoken(scan.source, scan.tokens, seam, count);
    if head.is_empty() { tail } else { format!("{head} {tail}") }
}
