//! Lists of times and durations, each of which is a request of its own: "6 and 6:30", "for 7 and 8
//! pm", "one for 5 minutes and one for 10".

use std::ops::Range;

use super::clock::{self, Scope, When};
use super::length;
use super::lexer::{Shape, Token};
use super::named::{Day, Sort};
use super::number;
use super::open;
use super::scan::Scan;

/// The most requests in one list.
const MOST: usize = 5;

/// Words between two requests of a list.
const LINKS: &[&str] = &[
    "and also another one",
    "and also another",
    "and also one",
    "and also",
    "and then another",
    "and then",
    "and another one",
    "and another",
    "and a second one",
    "and a second",
    "and a third",
    "and the other one",
    "and the other",
    "and the second",
    "and the third",
    "and the",
    "and my",
    "and one more",
    "and one",
    "and a",
    "and an",
    "and",
    "plus another",
    "plus one",
    "plus",
    "then",
    "another one",
    "another",
    "the other one",
    "the other",
    "the second",
    "the third",
    "one",
    "also",
];
/// Words in front of the first.
const FIRST: &[&str] =
    &["one of them", "the first one", "the first", "the one", "one", "a", "an", "the"];
/// Words in front of a time or duration.
const LED: &[&str] =
    &["for", "of", "at", "is for", "set for", "with", "should be", "on for", "in", "to"];
/// Words in front of a duration in a list of timers.
const TIMER: &[&str] = &["timer for", "timer of"];
/// Words in front of a time in a list of alarms.
const ALARM: &[&str] = &["alarm for", "alarm at"];

/// One duration of a list: seconds, and the words of its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Each {
    pub(super) seconds: f64,
    pub(super) label: Option<Range<usize>>,
}

/// Lists of at least two durations at `at`, longest first.
pub(super) fn lengths(scan: &Scan<'_>, at: usize) -> Vec<(usize, Vec<Each>)> {
    let mut out = Vec::new();
    // Without a unit it takes that of the next duration, or of the previous one.
    let (mut known, mut open) = (Vec::new(), Vec::new());
    let mut size = None;
    // Without a word or pause between any two of them it is not a list but one odd number.
    let mut parted = false;
    let mut at = scan.skip(at, FIRST);
    while known.len() + open.len() < MOST {
        // "One for eggs for 6 minutes."
        let before = scan.words(at, "for").and_then(|from| {
            let labels = open::labels(scan, from).into_iter();
            labels.map(|(end, _, start)| start..end).find(|label| {
                let from = scan.skip(label.end, LED);
                !length::lengths(scan, from).is_empty() || !number::numbers(scan, from).is_empty()
            })
        });
        let from = scan.skip(before.as_ref().map_or(at, |label| label.end), TIMER);
        let from = scan.skip(from, LED);
        let (mut end, one) = if let Some((end, seconds)) = length::closed(scan, from) {
            let unit = length::unit_before(scan, end);
            known.extend(open.drain(..).map(|n| Each { seconds: n * unit, label: None }));
            size = Some(unit);
            (end, Some(seconds))
        } else if let Some(r) =
            number::numbers(scan, scan.about(from)).into_iter().find(|r| !r.loose && r.value > 0.0)
        {
            if size.is_none() {
                open.push(r.value);
            }
            (r.end, size.map(|unit| r.value * unit))
        } else {
            break;
        };
        // "One for 6 minutes for eggs."
        let mut label = before;
        if label.is_none()
            && let Some(from) = scan.words(end, "for")
            && let Some((to, _, start)) = open::labels(scan, from).first().copied()
        {
            label = Some(start..to);
            end = to;
        }
        if let Some(seconds) = one {
            known.push(Each { seconds, label });
        }
        if open.is_empty() && known.len() > 1 && parted {
            out.push((end, known.clone()));
        }
        // "Five ten and fifteen minutes."
        let next = link(scan, end);
        parted |= next.is_some();
        let bare = one.is_none() && number::below_hundred(scan.tokens, end).is_some();
        match next {
            Some(next) => at = next,
            None if bare => at = end,
            None => break,
        }
    }
    out.reverse();
    out
}

/// Lists of at least two labels at `at`, longest first: "pasta and rice", "the egg, the rice and
/// the fish". With the cost of their words.
pub(super) fn labels(scan: &Scan<'_>, at: usize) -> Vec<(usize, u32, Vec<Range<usize>>)> {
    let mut out = Vec::new();
    let mut lists = vec![(at, 0, Vec::new())];
    while let Some((at, cost, said)) = lists.pop() {
        for (end, own, start) in open::labels(scan, at) {
            let mut said: Vec<Range<usize>> = said.clone();
            said.push(start..end);
            let and = scan.skip(end, &["and also", "and", "plus"]);
            let parted = and > end || scan.tokens.get(end).is_some_and(|t| t.pause);
            if said.len() > 1 {
                out.push((end, cost + own, said.clone()));
            }
            if parted && said.len() < MOST && lists.len() < MOST {
                lists.push((and, cost + own, said));
            }
        }
    }
    out.sort_by_key(|(end, ..)| std::cmp::Reverse(*end));
    out
}

/// Lists of at least two clock times at `at`, longest first.
pub(super) fn whens(scan: &Scan<'_>, at: usize) -> Vec<(usize, Vec<When>)> {
    let mut out = Vec::new();
    let at = scan.skip(scan.skip(scan.skip(at, FIRST), ALARM), LED);
    list(scan, at, &mut Vec::new(), &mut out);
    out.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
    out
}

fn list(scan: &Scan<'_>, at: usize, before: &mut Vec<When>, out: &mut Vec<(usize, Vec<When>)>) {
    if before.len() == MOST || out.len() > 16 {
        return;
    }
    for (end, when) in clock::whens(scan, at, Scope::Schedule) {
        before.push(when);
        if let Some(all) = shared(before) {
            out.push((end, all));
        }
        if let Some(next) = link(scan, end) {
            list(scan, scan.skip(scan.skip(next, ALARM), LED), before, out);
        }
        before.pop();
    }
}

/// The position after what separates two requests.
fn link(scan: &Scan<'_>, end: usize) -> Option<usize> {
    let next = scan.skip(end, LINKS);
    // "6:15 6:30": times with a colon need nothing between them.
    let colon = |t: &Token| matches!(t.shape, Shape::Colon { .. });
    // "On the 3.12. at 7" is one request.
    let paused = |t: &Token| t.pause && t.text != "at";
    let parted = next > end || scan.tokens.get(end).is_some_and(|t| paused(t) || colon(t));
    (parted && next < scan.tokens.len()).then_some(next)
}

/// The times, each with what it shares with its neighbours: "7 and 8 pm", "6 and 7 tomorrow",
/// "tomorrow and friday at 7". `None` if one is left without a time.
fn shared(list: &[When]) -> Option<Vec<When>> {
    if list.len() < 2 {
        return None;
    }
    let mut all = list.to_vec();
    // A part of the day applies to the hours before it, then to those after it.
    for at in (1..all.len()).rev() {
        let (Some(time), Some(next)) = (all[at - 1].time, all[at].time) else { continue };
        all[at - 1].time = Some(time.beside(next, false));
    }
    for at in 1..all.len() {
        let (Some(last), Some(time)) = (all[at - 1].time, all[at].time) else { continue };
        all[at].time = Some(time.beside(last, true));
    }
    // "The 2nd and the 3rd of january", "january 2nd and the 3rd": a month said once applies to
    // both.
    let dates: Vec<Option<String>> =
        all.iter().map(|when| Some(when.day.as_ref()?.name().to_owned())).collect();
    let month = |at: usize| {
        let (month, day) = dates.get(at)?.as_deref()?.split_once('-')?;
        (month.len() == 2 && day.len() == 2).then(|| month.to_owned())
    };
    for (at, when) in all.iter_mut().enumerate() {
        let lone = |day: &Day| day.sort() == Sort::Date && day.name().len() == 2;
        let beside = month(at + 1).or_else(|| at.checked_sub(1).and_then(month));
        if let (Some(day), Some(month)) = (when.day.clone().filter(lone), beside) {
            when.day = Some(Day::date(format!("{month}-{}", day.name())));
        }
    }
    let days = all.iter().filter(|when| when.day.is_some()).count();
    let first = all.iter().find(|when| when.day.is_some()).and_then(|when| when.day.clone());
    let edge = all.first().is_some_and(|when| when.day.is_some())
        || all.last().is_some_and(|when| when.day.is_some());
    if days == 1 && edge {
        all.iter_mut().for_each(|when| when.day.clone_from(&first));
    }
    // "Tomorrow and friday at 7": several days may share the time.
    let time = match all.iter().filter_map(|when| when.time).collect::<Vec<_>>().as_slice() {
        [only] if days == all.len() => Some(*only),
        _ => None,
    };
    for when in &mut all {
        when.time = Some(when.time.or(time)?);
    }
    Some(all)
}
