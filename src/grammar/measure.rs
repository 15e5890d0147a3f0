//! Amounts with a unit or currency: "two and a half cups", "100°C", "£12.50", "a euro".

use super::length;
use super::number;
use super::scan::Scan;
use super::tables::Unit;

/// An amount: where it ends, its value, and the possible meanings of its unit word.
pub(super) type Measured<T> = (usize, f64, Vec<T>);

/// The unit words at `at`: (end, possible meanings), longest first.
pub(super) fn units(scan: &Scan<'_>, at: usize) -> Vec<(usize, Vec<Unit>)> {
    let mut out: Vec<(usize, Vec<Unit>)> = Vec::new();
    for (end, unit) in scan.tables.units.at(scan.tokens, at) {
        match out.iter_mut().find(|(e, _)| *e == end) {
            Some((_, list)) => list.push(unit.clone()),
            None => out.push((end, vec![unit.clone()])),
        }
    }
    out
}

/// A number with a unit; without a number ("how many feet in a yard") it is one.
pub(super) fn quantities(scan: &Scan<'_>, at: usize) -> Vec<Measured<Unit>> {
    let mut out = Vec::new();
    let at = scan.about(at);
    for (end, value) in values(scan, at) {
        let of = scan.skip(end, &["of an", "of a", "of", "an", "a"]);
        for from in [end, of] {
            for (next, units) in units(scan, from) {
                compound(scan, next, value, &units, &mut out);
                out.push((next, value, units));
            }
            if of == end || !out.is_empty() {
                break;
            }
        }
        // "70 degrees to celsius" leaves the scale open; the other unit decides.
        if let Some(next) = scan.words(end, "degrees").or_else(|| scan.words(end, "degree"))
            && units(scan, end).iter().all(|(e, _)| *e < next)
        {
            out.push((next, value, scan.tables.degrees.clone()));
        }
    }
    // "an hour and a half", "2 hours and a quarter".
    for (end, seconds) in length::lengths(scan, at) {
        let known = out.iter().any(|(known, ..)| *known >= end);
        let (name, size) = if seconds % 60.0 == 0.0 { ("minute", 60.0) } else { ("second", 1.0) };
        let fraction = matches!(scan.text(end - 1), "half" | "quarter" | "quarters");
        if !known
            && fraction
            && let Some(unit) = time_unit(scan, name)
        {
            out.push((end, seconds / size, vec![unit]));
        }
    }
    if out.is_empty() {
        let from = scan.skip(at, &["an", "a", "the", "1", "one", "a single", "one single"]);
        out.extend(units(scan, from).into_iter().map(|(end, units)| (end, 1.0, units)));
    }
    out
}

/// The unit of time of that name.
fn time_unit(scan: &Scan<'_>, name: &str) -> Option<Unit> {
    let time = scan.tables.dimensions.iter().position(|dimension| dimension == "time")?;
    Some(Unit { name: name.into(), dimension: u8::try_from(time).ok()? })
}

/// Amounts in two units, the second of which may be omitted after feet and stone: "five foot ten".
const PAIRS: [(&str, &str, f64); 12] = [
    ("foot", "inch", 12.0),
    ("yard", "foot", 3.0),
    ("pound", "ounce", 16.0),
    ("stone", "pound", 14.0),
    ("week", "day", 7.0),
    ("day", "hour", 24.0),
    ("hour", "minute", 60.0),
    ("minute", "second", 60.0),
    ("meter", "centimeter", 100.0),
    ("kilometer", "meter", 1000.0),
    ("kilogram", "gram", 1000.0),
    ("liter", "milliliter", 1000.0),
];

/// "five foot ten" and "6 feet 2 inches" as inches.
fn compound(scan: &Scan<'_>, at: usize, feet: f64, units: &[Unit], out: &mut Vec<Measured<Unit>>) {
    for (large, small, factor) in PAIRS {
        if !units.iter().any(|u| &*u.name == large) {
            continue;
        }
        let from = scan.skip(at, &["and"]);
        for reading in number::numbers(scan, from) {
            if reading.loose || reading.value < 0.0 || reading.value >= factor {
                continue;
            }
            let named = self::units(scan, reading.end)
                .into_iter()
                .find(|(_, list)| list.iter().any(|u| &*u.name == small));
            let dimension = units.iter().find(|u| &*u.name == large).map_or(0, |u| u.dimension);
            let unit = Unit { name: small.into(), dimension };
            let value = feet * factor + reading.value;
            // In "5 ft 11 in meters" the "in" belongs to what follows.
            let bare = matches!(large, "foot" | "stone") && from == at;
            if bare && (named.is_none() || scan.is(reading.end, "in")) {
                out.push((reading.end, value, vec![unit.clone()]));
            }
            if let Some((end, _)) = named {
                out.push((end, value, vec![unit]));
            }
        }
    }
}

fn values(scan: &Scan<'_>, at: usize) -> Vec<(usize, f64)> {
    let mut out: Vec<_> = number::numbers(scan, at)
        .into_iter()
        .filter(|r| !r.loose || scan.text(r.end.wrapping_sub(1)) != "k")
        .map(|r| (r.end, r.value))
        .collect();
    // "a half cup", "one half mile".
    let from = scan.skip(at, &["a", "one"]);
    if from > at
        && let Some(half) = number::fraction(scan, from)
    {
        out.push(half);
    }
    out
}

/// The currency at `at`: (end, code), longest first.
pub(super) fn currencies(scan: &Scan<'_>, at: usize) -> Vec<(usize, Box<str>)> {
    scan.tables.currencies.at(scan.tokens, at).map(|(end, code)| (end, code.clone())).collect()
}

/// An amount of money; without a number it is one.
pub(super) fn amounts(scan: &Scan<'_>, at: usize) -> Vec<Measured<Box<str>>> {
    let mut out = Vec::new();
    let at = scan.about(at);
    let sign = |at: usize| {
        let text = scan.text(at);
        text.ends_with('$') || text.chars().next().is_some_and(|c| !c.is_alphanumeric())
    };
    // "$50", "US $50", and "$50 USD", where the code only repeats the sign.
    for (after, code) in currencies(scan, at) {
        if sign(after.wrapping_sub(1)) {
            for reading in number::numbers(scan, after) {
                for (end, again) in currencies(scan, reading.end) {
                    let plain = matches!(&*code, "USD" | "GBP" | "JPY");
                    if plain || again == code {
                        out.push((end, reading.value, vec![again]));
                    }
                }
                out.push((reading.end, reading.value, vec![code.clone()]));
            }
        }
    }
    for (end, value) in values(scan, at) {
        let end = scan.skip(end, &["of", "a"]);
        for (next, code) in currencies(scan, end) {
            // "fifteen pounds fifty".
            if let Some((cents, n @ 1..=99)) = number::below_hundred(scan.tokens, next)
                && value.fract() == 0.0
            {
                out.push((cents, value + f64::from(n) / 100.0, vec![code.clone()]));
            }
            out.push((next, value, vec![code]));
        }
        match scan.text(end) {
            "cents" | "cent" => out.push((end + 1, value / 100.0, vec!["USD".into()])),
            "pence" => out.push((end + 1, value / 100.0, vec!["GBP".into()])),
            _ => {}
        }
    }
    if out.is_empty() {
        let from = scan.skip(at, &["an", "a", "the", "one"]);
        out.extend(
            currencies(scan, from)
                .into_iter()
                .filter(|(end, _)| !sign(end - 1))
                .map(|(end, code)| (end, 1.0, vec![code])),
        );
    }
    out
}
