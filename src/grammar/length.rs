//! Durations: "ten minutes", "an hour and a half", "2h 30m", "three quarters of an hour".

use super::lexer::Shape;
use super::number::{self, Reading};
use super::scan::Scan;

/// A duration in seconds, and where it ends.
pub(super) type Length = (usize, f64);

/// Where a piece ends, its seconds, and the seconds of its unit.
type Piece = (usize, f64, f64);

/// All durations at `at`, including those that only make sense for a timer: "1:30", "one twenty
/// seconds".
pub(super) fn countdowns(scan: &Scan<'_>, at: usize) -> Vec<Length> {
    let mut out = lengths(scan, at);
    let at = scan.about(scan.skip(at, &["another", "exactly"]));
    if let Some(Shape::Colon { hour, minute }) = scan.tokens.get(at).map(|t| t.shape) {
        // As on a kitchen clock: minutes and seconds, unless it is said that they are hours.
        let (high, low) = (f64::from(hour), f64::from(minute));
        match unit(scan.text(at + 1)) {
            Some(3600.0) => out.push((at + 2, high * 3600.0 + low * 60.0)),
            Some(60.0) => out.push((at + 2, high * 60.0 + low)),
            Some(_) => {}
            None => out.push((at + 1, high * 60.0 + low)),
        }
    }
    // "one twenty seconds" is 120 of them.
    for Reading { end, value, loose } in number::numbers(scan, at) {
        if loose
            && value < 1000.0
            && let Some(size @ (1.0 | 60.0)) = unit(scan.text(end))
        {
            out.push((end + 1, value * size));
        }
    }
    out
}

/// Two durations between which the speaker leaves the choice: "5 to 10 minutes", "an hour or two".
/// With the end of the second; at most one result.
pub(super) fn range(scan: &Scan<'_>, at: usize) -> Option<(usize, f64, f64)> {
    let from = scan
        .about(scan.skip(at, &["between", "from", "either", "anywhere between", "anywhere from"]));
    let links = ["to", "or", "and", "-", "or maybe", "or even", "up to", "until"];
    // "five minutes to ten minutes", "an hour or two", "an hour or two hours".
    for (end, first) in lengths(scan, from) {
        let next = scan.skip(end, &links);
        if next == end || (scan.is(end, "and") && from == at) {
            continue;
        }
        if let Some((end, second)) = lengths(scan, next).first() {
            return Some((*end, first, *second));
        }
        let size = unit(scan.text(end - 1));
        if let Some(size) = size
            && let Some(r) = number::numbers(scan, next).first()
            && scan.is(end, "or")
        {
            return Some((r.end, first, r.value * size));
        }
    }
    // "5 to 10 minutes", "five or ten minutes".
    for r in number::numbers(scan, from) {
        let next = scan.skip(r.end, &links);
        // "Ten fifteen minutes" is not a number of them.
        if r.loose
            && r.value >= 1000.0
            && let Some(size) = unit(scan.text(r.end))
        {
            return Some((r.end + 1, (r.value / 100.0).floor() * size, r.value % 100.0 * size));
        }
        if r.loose || next == r.end || (scan.is(r.end, "and") && !scan.is(at, "between")) {
            continue;
        }
        for (end, second) in lengths(scan, scan.about(next)) {
            if let Some(size) = unit(scan.text(end - 1))
                && r.value * size < second
            {
                return Some((end, r.value * size, second));
            }
        }
    }
    None
}

/// The longest duration at `at` that ends with its unit: in "5 minutes one for 10" the "one" begins
/// something else.
pub(super) fn closed(scan: &Scan<'_>, at: usize) -> Option<Length> {
    let all = lengths(scan, at);
    let ends = |end: usize| unit(scan.text(end - 1)).is_some() || scan.is(end - 1, "half");
    all.iter().find(|(end, _)| ends(*end)).or(all.first()).copied()
}

/// The seconds of the unit of the duration that ends before `end`; sixty if unknown.
pub(super) fn unit_before(scan: &Scan<'_>, end: usize) -> f64 {
    unit(scan.text(end.wrapping_sub(1))).unwrap_or(60.0)
}

/// The seconds of one unit of time. Months and years have no fixed length.
fn unit(text: &str) -> Option<f64> {
    Some(match text {
        "second" | "seconds" | "sec" | "secs" | "s" => 1.0,
        "minute" | "minutes" | "min" | "mins" | "m" => 60.0,
        "hour" | "hours" | "hr" | "hrs" | "h" => 3600.0,
        "day" | "days" => 86_400.0,
        "week" | "weeks" => 604_800.0,
        "fortnight" | "fortnights" => 1_209_600.0,
        _ => return None,
    })
}

/// All durations that begin at `at`, longest first. Never more than a handful.
pub(super) fn lengths(scan: &Scan<'_>, at: usize) -> Vec<Length> {
    let mut out = Vec::new();
    let at = scan.about(scan.skip(
        at,
        &[
            "another",
            "an extra",
            "an additional",
            "extra",
            "exactly",
            "a full",
            "a whole",
            "a good",
        ],
    ));
    let mut ends = Vec::new();
    pieces(scan, at, f64::INFINITY, 0.0, 0, &mut ends);
    for (end, seconds, last_unit) in ends {
        // "Or so" does not change the number.
        out.push((end, seconds));
        if let Some(end) = scan.words(end, "or so") {
            out.push((end, seconds));
        }
        // A correction may repeat the unit or leave it out.
        if let Some(next) = scan.correction(end) {
            let next = scan.about(scan.skip(next, &["for", "make it", "make that"]));
            let before = out.len();
            out.extend(lengths(scan, next));
            if out.len() == before {
                for r in number::numbers(scan, next) {
                    if r.value > 0.0 && !r.loose {
                        out.push((r.end, r.value * last_unit));
                    }
                }
            }
        }
        if out.len() > 12 {
            break;
        }
    }
    out.sort_by_key(|l| std::cmp::Reverse(l.0));
    out.dedup();
    out
}

/// Adds pieces of ever smaller units: "one hour", "and five minutes", "ten seconds".
fn pieces(scan: &Scan<'_>, at: usize, below: f64, sum: f64, depth: u8, out: &mut Vec<Piece>) {
    let at = if depth > 0 { scan.about(scan.skip(at, &["and"])) } else { at };
    for (end, seconds, size) in quantities(scan, at, depth == 0) {
        if size >= below || seconds <= 0.0 || out.len() > 8 {
            continue;
        }
        let total = sum + seconds;
        if depth < 3 {
            pieces(scan, end, size, total, depth + 1, out);
        }
        // "an hour and a half", "two hours and a quarter".
        if scan.is(end, "and")
            && let Some((end, part)) = number::fraction(scan, end + 1)
            && unit(scan.text(end)).is_none()
            && !scan.is(end, "of")
        {
            if depth < 3 {
                pieces(scan, end, size, total + part * size, depth + 1, out);
            }
            out.push((end, total + part * size, size));
        }
        // "an hour thirty", "an hour and ten": a bare number after a unit is in the next smaller
        // one.
        let bare = if size > 60.0 { scan.skip(end, &["and"]) } else { end };
        if depth == 0
            && let Some(minor) = minor(size)
            && let Some((end, n)) = number::below_hundred(scan.tokens, bare)
            && (1..60).contains(&n)
            && unit(scan.text(end)).is_none()
        {
            out.push((end, total + f64::from(n) * minor, minor));
        }
        out.push((end, total, size));
    }
}

fn minor(size: f64) -> Option<f64> {
    match size {
        3600.0 => Some(60.0),
        60.0 => Some(1.0),
        _ => None,
    }
}

/// One number with its unit: (end, seconds, seconds of one unit).
fn quantities(scan: &Scan<'_>, at: usize, first: bool) -> Vec<Piece> {
    let mut out = Vec::new();
    // "half an hour", "a quarter of an hour", "three quarters of a minute".
    let start = scan.skip(at, &["a", "one"]);
    for from in [at, start] {
        if let Some((end, part)) = number::fraction(scan, from) {
            let end = scan.skip(end, &["of an", "of a", "of the", "of", "an", "a"]);
            if let Some(size) = unit(scan.text(end)) {
                out.push((end + 1, part * size, size));
                break;
            }
        }
    }
    for Reading { end, value, loose } in number::numbers(scan, at) {
        if loose {
            continue;
        }
        let end = scan.skip(end, &["more", "full", "whole", "long", "or so"]);
        if let Some(size) = unit(scan.text(end)) {
            out.push((end + 1, value * size, size));
        } else if scan.is(end, "half") && unit(scan.text(end + 1)) == Some(3600.0) {
            out.push((end + 2, value * 1800.0, 1800.0));
        }
    }
    if out.is_empty() {
        // "an hour", "a minute", and the bare "hour" of "hour and 15 minutes".
        let mut from = scan.skip(at, &["an", "a", "the"]);
        const ONE: &[&str] = &["another", "extra", "additional", "full", "whole", "good"];
        let led = from > at || (at > 0 && ONE.contains(&scan.text(at - 1)));
        from = scan.skip(from, &["full", "whole", "good"]);
        let long = |text: &str| text.len() > 2;
        if (led || first)
            && long(scan.text(from))
            && let Some(size) = unit(scan.text(from))
            && (led || (size >= 3600.0 && scan.text(from) == "hour"))
            // "The second timer" counts timers; "the minutes" are not one.
            && !(scan.is(at, "the") && (scan.is(from, "second") || scan.text(from).ends_with('s')))
        {
            out.push((from + 1, size, size));
        }
    }
    out
}
