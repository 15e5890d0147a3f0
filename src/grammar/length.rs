//! Lengths of time: "ten minutes", "an hour and a half", "2h 30m", "three quarters of an hour".

use super::number::{self, Reading};
use super::scan::Scan;

/// A length in seconds and where it ends.
pub(super) type Length = (usize, f64);

/// The seconds of one unit of time. Months and years are no lengths: they have none.
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

/// All lengths that begin at `at`, the longest first. Never more than a handful.
pub(super) fn lengths(scan: &Scan<'_>, at: usize) -> Vec<Length> {
    let mut out = Vec::new();
    let at = scan.about(scan.skip(at, &["another", "exactly", "a full", "a whole", "a good"]));
    let mut ends = Vec::new();
    pieces(scan, at, f64::INFINITY, 0.0, 0, &mut ends);
    for (end, seconds, last_unit) in ends {
        // Who says "or so" means the number all the same.
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
fn pieces(
    scan: &Scan<'_>,
    at: usize,
    below: f64,
    sum: f64,
    depth: u8,
    out: &mut Vec<(usize, f64, f64)>,
) {
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
            out.push((end, total + part * size, size));
        }
        // "an hour thirty", "an hour and ten": a bare number after a unit counts the next smaller one.
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
fn quantities(scan: &Scan<'_>, at: usize, first: bool) -> Vec<(usize, f64, f64)> {
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
        let end = scan.skip(end, &["more", "full", "whole", "long"]);
        if let Some(size) = unit(scan.text(end)) {
            out.push((end + 1, value * size, size));
        } else if scan.is(end, "half") && unit(scan.text(end + 1)) == Some(3600.0) {
            out.push((end + 2, value * 1800.0, 1800.0));
        }
    }
    if out.is_empty() {
        // "an hour", "a minute", and the bare "hour" of "hour and 15 minutes".
        let from = scan.skip(at, &["an", "a", "the"]);
        let long = |text: &str| text.len() > 2;
        if (from > at || first)
            && long(scan.text(from))
            && let Some(size) = unit(scan.text(from))
            && (from > at || (size >= 3600.0 && scan.text(from) == "hour"))
        {
            out.push((from + 1, size, size));
        }
    }
    out
}
