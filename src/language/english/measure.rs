//! Reading rules for money, degrees and units; see [`super::spell`].

use super::words::{BIG, CURRENCIES, SHORT_UNITS, UNITS};
use crate::language::scan::{
    digits, exactly, follows, has, is_word, literal, number, past_space, text,
};
use crate::language::traced::Match;

/// US$5: the dollars of a country.
pub(super) fn foreign(chars: &[char], at: usize) -> Match {
    const DOLLARS: [(&str, &str); 7] = [
        ("US$", "US"),
        ("CA$", "Canadian"),
        ("C$", "Canadian"),
        ("AU$", "Australian"),
        ("A$", "Australian"),
        ("NZ$", "New Zealand"),
        ("HK$", "Hong Kong"),
    ];
    if follows(chars, at, is_word) {
        return None;
    }
    let (from, name) =
        DOLLARS.iter().find_map(|(mark, name)| Some((literal(chars, at, mark)?, *name)))?;
    let amount = number(chars, from)?;
    let written = text(chars, from, amount);
    let scaled = big(chars, past_space(chars, amount)).or_else(|| big(chars, amount));
    let (end, scale) =
        scaled.map_or((amount, String::new()), |(end, big)| (end, format!("{big} ")));
    let unit =
        if scale.is_empty() { one_or_many(&written, "dollar", "dollars") } else { "dollars" };
    Some((end, format!("{written} {scale}{name} {unit}")))
}

/// $10-20, $5-10 million.
pub(super) fn money_range(chars: &[char], at: usize) -> Match {
    let sign = chars[at];
    let (_, _, many) = *CURRENCIES[..3].iter().find(|(mark, ..)| mark.starts_with(sign))?;
    let low = number(chars, at + 1)?;
    if !has(chars, low, |c| matches!(c, '-' | '–')) {
        return None;
    }
    let high = number(chars, low + 1)?;
    if has(chars, high, |c| matches!(c, '-' | '–')) {
        return None;
    }
    let scaled = big(chars, past_space(chars, high)).or_else(|| big(chars, high));
    let (end, scale) = scaled.map_or((high, String::new()), |(end, big)| (end, format!("{big} ")));
    let (low, high) = (text(chars, at + 1, low), text(chars, low + 1, high));
    Some((end, format!("{low} to {high} {scale}{many}")))
}

/// $.99 and $3.999, which are not amounts in whole cents.
pub(super) fn odd_money(chars: &[char], at: usize) -> Match {
    let sign = chars[at];
    let (mark, _, many) = *CURRENCIES[..3].iter().find(|(mark, ..)| mark.starts_with(sign))?;
    if has(chars, at + 1, |c| c == '.') {
        let end = exactly(chars, at + 2, 2).filter(|end| !has(chars, *end, is_word))?;
        return Some((end, format!("{mark}0.{}", text(chars, at + 2, end))));
    }
    let amount = number(chars, at + 1)?;
    let written = text(chars, at + 1, amount);
    let fine = written.split_once('.').is_some_and(|(_, part)| part.len() > 2);
    fine.then(|| (amount, format!("{written} {many}")))
}

/// $3.2 billion.
pub(super) fn big_money(chars: &[char], at: usize) -> Match {
    let sign = chars[at];
    let (_, _, many) = *CURRENCIES[..3].iter().find(|(mark, ..)| mark.starts_with(sign))?;
    let amount = number(chars, at + 1)?;
    let (end, big) = big(chars, past_space(chars, amount)).or_else(|| big(chars, amount))?;
    Some((end, format!("{} {big} {many}", text(chars, at + 1, amount))))
}

fn big(chars: &[char], at: usize) -> Option<(usize, &'static str)> {
    BIG.iter().find_map(|(mark, word)| {
        let end = literal(chars, at, mark)?;
        (!has(chars, end, is_word)).then_some((end, *word))
    })
}

/// 99¢.
pub(super) fn cents(chars: &[char], at: usize) -> Match {
    let amount = standing_number(chars, at)?;
    let end = literal(chars, past_space(chars, amount), "¢")?;
    let amount = text(chars, at, amount);
    Some((end, format!("{amount} {}", one_or_many(&amount, "cent", "cents"))))
}

/// ¥500, Rs. 20, USD 3 million: currencies that the lexicon does not read.
pub(super) fn currency(chars: &[char], at: usize) -> Match {
    if follows(chars, at, is_word) {
        return None;
    }
    let (mark_end, one, many) = CURRENCIES[3..].iter().find_map(|(mark, one, many)| {
        let end = literal(chars, at, mark)?;
        let end = if *mark == "Rs" && has(chars, end, |c| c == '.') { end + 1 } else { end };
        Some((end, *one, *many))
    })?;
    let from = past_space(chars, mark_end);
    let amount = number(chars, from)?;
    let written = text(chars, from, amount);
    match big(chars, past_space(chars, amount)).or_else(|| big(chars, amount)) {
        Some((end, big)) => Some((end, format!("{written} {big} {many}"))),
        None => Some((amount, format!("{written} {}", one_or_many(&written, one, many)))),
    }
}

/// 12.50 €, 12,50 €, 5 USD: the amount before the currency.
pub(super) fn amount_first(chars: &[char], at: usize) -> Match {
    let amount = standing_number(chars, at)?;
    let comma = literal(chars, amount, ",").and_then(|from| {
        exactly(chars, from, 2).filter(|end| !has(chars, *end, |c| c.is_ascii_digit()))
    });
    let amount_end = comma.unwrap_or(amount);
    let from = past_space(chars, amount_end);
    let (mark, one, many) = CURRENCIES.iter().find(|(mark, ..)| {
        *mark != "Rs" && literal(chars, from, mark).is_some_and(|end| !has(chars, end, is_word))
    })?;
    let end = literal(chars, from, mark)?;
    let written = match comma {
        Some(end) => format!("{}.{}", text(chars, at, amount), text(chars, amount + 1, end)),
        None => text(chars, at, amount),
    };
    let spoken = match CURRENCIES[..3].iter().find(|(sign, ..)| sign == mark) {
        // In front of the amount the lexicon reads it, cents included.
        Some((sign, ..)) => format!("{sign}{written}"),
        None => format!("{written} {}", one_or_many(&written, one, many)),
    };
    Some((end, spoken))
}

/// 20°, -5 °C, 68 °F.
pub(super) fn degrees(chars: &[char], at: usize) -> Match {
    let amount = standing_signed(chars, at)?;
    let sign = literal(chars, past_space(chars, amount), "°")?;
    let spaced = past_space(chars, sign);
    let scale = |at: usize| match chars.get(at) {
        Some('C') => Some((at + 1, " Celsius")),
        Some('F') => Some((at + 1, " Fahrenheit")),
        Some(_) | None => None,
    };
    let (end, scale) = [scale(spaced), Some((spaced, "")), scale(sign), Some((sign, ""))]
        .into_iter()
        .flatten()
        .find(|(end, _)| !has(chars, *end, is_word))?;
    let amount = text(chars, at, amount);
    Some((end, format!("{amount} {}{scale}", one_or_many(&amount, "degree", "degrees"))))
}

/// 5 km, 60 km/h.
pub(super) fn unit(chars: &[char], at: usize) -> Match {
    let amount = standing_signed(chars, at)?;
    let spaced = past_space(chars, amount);
    let found = |from: usize, units: &'static [(&'static str, &'static str, &'static str)]| {
        units.iter().find_map(|(mark, one, many)| {
            let end = literal(chars, from, mark)?;
            (!has(chars, end, is_word)).then_some((end, *one, *many))
        })
    };
    let (end, one, many) = found(spaced, UNITS).or_else(|| {
        if spaced > amount && digits(chars, at) < at + 4 {
            found(spaced, SHORT_UNITS)
        } else {
            None
        }
    })?;
    let amount = grouped(text(chars, at, amount));
    // The full stop of an abbreviation, if the sentence continues: 5 ft. tall.
    let dot = has(chars, end, |c| c == '.')
        && has(chars, end + 1, |c| c == ' ')
        && has(chars, end + 2, char::is_lowercase);
    Some((end + usize::from(dot), format!("{amount} {}", one_or_many(&amount, one, many))))
}

/// Before a unit four digits are not a year: 1013 hPa.
fn grouped(amount: String) -> String {
    if amount.len() == 4 && amount.chars().all(|c| c.is_ascii_digit()) {
        return format!("{},{}", &amount[..1], &amount[1..]);
    }
    amount
}

/// The end of a number that does not continue a word or another number.
fn standing_number(chars: &[char], at: usize) -> Option<usize> {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    number(chars, at)
}

fn standing_signed(chars: &[char], at: usize) -> Option<usize> {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    number(chars, if chars[at] == '-' { at + 1 } else { at })
}

fn one_or_many<'a>(amount: &str, one: &'a str, many: &'a str) -> &'a str {
    if matches!(amount, "1" | "1.0" | "-1") { one } else { many }
}
