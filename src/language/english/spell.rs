//! Turns what is written into what is read: times, dates, units, amounts, abbreviations, symbols
//! (`normalize.py`). Plain numbers, ordinals, years, decimals, percentages and amounts in dollars,
//! pounds and euros stay: the lexicon reads them.
//!
//! A rule looks at one position and says how far it matches and what is read instead. The rules run
//! one after the other, in the order of the original. They differ where an assistant's sentences
//! showed the original to be wrong: a full stop does not hide a number before it ("call
//! 555-1234."), a lone "I" after a lower-case "part" is a person, and a single letter such as C or
//! L is not a numeral.

use super::clock::{
    date, date_dotted, date_iso, date_us, day_month, days_month, hour, hours, month_day,
    month_days, month_year, time, weekday,
};
use super::code::{code, is_decimal, phone, spaced, words_before};
use super::measure::{
    amount_first, big_money, cents, currency, degrees, foreign, money_range, odd_money, unit,
};
use super::number;
use super::roman::{counted, king, ranked};
use super::size::{
    close_unit, fold, height, inch, large, leading_point, many_meters, nought, per, ratio, sum,
};
use super::words::{ABBREVIATIONS, PARTS, SIGNS, TITLES};
use crate::language::scan::{
    digits, follows, has, is_edge, is_word, literal, past_space, text, value,
};
use crate::language::traced::{Match, Traced};

/// Rewrites one sentence. The caller bounds its length; the work is linear in it.
pub(crate) fn normalize(sentence: &mut Traced) {
    sentence.squeeze();
    const RULES: &[fn(&[char], usize) -> Match] = &[
        height,
        quote,
        ratio,
        time,
        hours,
        hour,
        date_iso,
        date_us,
        date_dotted,
        phone,
        version,
        named_version,
        per,
        foreign,
        money_range,
        odd_money,
        leading_point,
        big_money,
        cents,
        currency,
        amount_first,
        degrees,
        inch,
        unit,
        large,
        many_meters,
        close_unit,
        fold,
        sum,
        weekday,
        month_days,
        month_day,
        days_month,
        day_month,
        month_year,
        title,
        abbreviation,
        numero,
        hash,
        counted,
        ranked,
        king,
        code,
        nought,
        fraction,
        mixed,
        range,
        plus,
        sign,
    ];
    for rule in RULES {
        sentence.rewrite(rule);
    }
    sentence.squeeze();
    sentence.rewrite(second_mark);
    sentence.rewrite(space_before_mark);
    sentence.rewrite(number_hyphen);
}

fn quote(chars: &[char], at: usize) -> Match {
    let plain = match chars[at] {
        '’' => "'",
        '‒' => "-",
        '―' => "—",
        _ => return None,
    };
    Some((at + 1, plain.to_owned()))
}

/// 1.2.3 and 192.168.0.1: every point is spoken.
fn version(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    let mut parts = Vec::new();
    let mut end = at;
    loop {
        let next = digits(chars, end);
        if next == end {
            return None;
        }
        parts.push(text(chars, end, next));
        end = next;
        match literal(chars, end, ".") {
            Some(from) if has(chars, from, |c| c.is_ascii_digit()) => end = from,
            Some(_) | None => break,
        }
    }
    let point = if parts.len() == 4 { " dot " } else { " point " };
    (parts.len() > 2 && !has(chars, end, is_word)).then(|| (end, parts.join(point)))
}

/// v2.0, and Version 3.12: the parts of a version are numbers, not decimals.
fn named_version(chars: &[char], at: usize) -> Match {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "version", "versions", "release", "v", "python", "ios", "ipados", "macos", "android",
        "ubuntu", "debian", "fedora", "java", "node", "php", "ruby", "rust", "kernel", "linux",
        "chrome", "firefox", "build", "http", "tls", "usb", "bluetooth", "gpt", "kubernetes",
        "postgres", "postgresql", "django", "rails",
    ];
    let letter = has(chars, at, |c| matches!(c, 'v' | 'V')) && is_edge(chars, at);
    let from = if letter { at + 1 } else { at };
    if !letter && follows(chars, at, |c| is_word(c) || matches!(c, '.' | ',' | '-')) {
        return None;
    }
    let mut parts = Vec::new();
    let mut end = from;
    loop {
        let next = digits(chars, end);
        if next == end {
            return None;
        }
        let part = text(chars, end, next);
        // A leading zero is said: twenty-two point oh four.
        parts.push(if part.len() > 1 && part.starts_with('0') { spaced(&part) } else { part });
        end = next;
        match literal(chars, end, ".") {
            Some(from) if has(chars, from, |c| c.is_ascii_digit()) => end = from,
            Some(_) | None => break,
        }
    }
    let told = letter
        || parts.len() == 2
            && words_before(chars, at, 1)
                .first()
                .is_some_and(|word| NAMES.contains(&word.as_str()));
    let letter = if letter { "v " } else { "" };
    (told && !has(chars, end, is_word)).then(|| (end, format!("{letter}{}", parts.join(" point "))))
}

/// Dr. before a name.
fn title(chars: &[char], at: usize) -> Match {
    if !is_edge(chars, at) {
        return None;
    }
    TITLES.iter().find_map(|(short, word)| {
        let end = literal(chars, at, short)?;
        let end = if has(chars, end, |c| c == '.') { end + 1 } else { end };
        let end = literal(chars, end, " ")?;
        has(chars, end, |c| c.is_ascii_uppercase()).then(|| (end, format!("{word} ")))
    })
}

/// approx., vs., Ave.
fn abbreviation(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    let fits = |short: &&(&str, &str)| {
        literal(chars, at, short.0).is_some_and(|end| !has(chars, end, is_word))
    };
    let (short, word) = ABBREVIATIONS.iter().filter(fits).max_by_key(|(short, _)| short.len())?;
    let end = literal(chars, at, short)?;
    let stop = if end == chars.len() && short.ends_with('.') { "." } else { "" };
    Some((end, format!("{word}{stop}")))
}

/// No. 5.
fn numero(chars: &[char], at: usize) -> Match {
    if !is_edge(chars, at) {
        return None;
    }
    [("No.", "Number "), ("Nos.", "Numbers ")].iter().find_map(|(short, word)| {
        let end = literal(chars, at, short)?;
        let end = literal(chars, end, " ").unwrap_or(end);
        has(chars, end, |c| c.is_ascii_digit()).then(|| (end, (*word).to_owned()))
    })
}

/// #7.
fn hash(chars: &[char], at: usize) -> Match {
    let counts = chars[at] == '#'
        && !follows(chars, at, |c| is_word(c) || c == '&')
        && has(chars, at + 1, |c| c.is_ascii_digit());
    counts.then(|| (at + 1, "number ".to_owned()))
}

/// The hyphen of twenty-six: both spellings are read alike.
fn number_hyphen(chars: &[char], at: usize) -> Match {
    if chars[at] != '-' {
        return None;
    }
    let start = (0..at).rev().take_while(|i| chars[*i].is_alphabetic()).last()?;
    let end = at + 1 + chars[at + 1..].iter().take_while(|c| c.is_alphabetic()).count();
    let word = |from: usize, to: usize| text(chars, from, to).to_lowercase();
    let fits = number::is_tens(&word(start, at)) && number::is_unit(&word(at + 1, end));
    (fits && !has(chars, end, is_word)).then(|| (at + 1, " ".to_owned()))
}

/// 3/4; a date if it is not a fraction.
fn fraction(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '/')) {
        return None;
    }
    let over = digits(chars, at);
    let from = literal(chars, over, "/")?;
    let end = digits(chars, from);
    let is_short = (1..=2).contains(&(over - at)) && (1..=2).contains(&(end - from));
    if !is_short || has(chars, end, |c| is_word(c) || c == '/') || is_decimal(chars, end) {
        return None;
    }
    let (a, b) = (value(chars, at, over), value(chars, from, end));
    let spoken = match (a, b) {
        (24, 7) => "24 7".to_owned(),
        (1, 2) => "one half".to_owned(),
        (1, 3..=10) => format!("1 {}", PARTS[b as usize - 2]),
        (2.., 3..=10) if a < b => format!("{a} {}s", PARTS[b as usize - 2]),
        (1..=12, 1..=31) => date(a, b)?,
        _ => format!("{a} slash {b}"),
    };
    Some((end, spoken))
}

/// 1½ and 1 1/2, whose fraction has become words or a symbol by now.
fn mixed(chars: &[char], at: usize) -> Match {
    if !follows(chars, at, |c| c.is_ascii_digit()) {
        return None;
    }
    let part = literal(chars, at, " ").unwrap_or(at);
    let (sign, words) = match chars.get(part)? {
        '½' => (part + 1, "a half"),
        '¼' => (part + 1, "a quarter"),
        '¾' => (part + 1, "three quarters"),
        _ => (literal(chars, at, " one half")?, "a half"),
    };
    Some((sign, format!(" and {words}")))
}

/// 5-10, 5 – 10.
fn range(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '-')) {
        return None;
    }
    let low = digits(chars, at);
    let dash = past_space(chars, low);
    let from = past_space(chars, dash + 1);
    let high = digits(chars, from);
    let fits = (1..=4).contains(&(low - at))
        && has(chars, dash, |c| matches!(c, '-' | '–'))
        && (1..=4).contains(&(high - from))
        && !has(chars, high, |c| is_word(c) || c == '-')
        && !is_decimal(chars, high);
    fits.then(|| (high, format!("{} to {}", text(chars, at, low), text(chars, from, high))))
}

/// +5.
fn plus(chars: &[char], at: usize) -> Match {
    let counts = chars[at] == '+'
        && !follows(chars, at, |c| is_word(c) || c == '+')
        && has(chars, at + 1, |c| c.is_ascii_digit());
    counts.then(|| (at + 1, "plus ".to_owned()))
}

fn sign(chars: &[char], at: usize) -> Match {
    let (sign, word) = SIGNS.iter().find(|(sign, _)| *sign == chars[at])?;
    let compares = matches!(sign, '=' | '<' | '>' | '~');
    let between = follows(chars, at, |_| true)
        && has(chars, past_space(chars, at + 1), |c| !c.is_whitespace());
    (!compares || between).then(|| (at + 1, format!(" {word} ")))
}

fn space_before_mark(chars: &[char], at: usize) -> Match {
    let fits = chars[at] == ' ' && has(chars, at + 1, |c| ",.;:!?".contains(c));
    fits.then(|| (at + 2, chars[at + 1].to_string()))
}

/// The second of two adjacent punctuation marks, if a word between them had no sound.
fn second_mark(chars: &[char], at: usize) -> Match {
    if !matches!(chars[at], ',' | ';' | ':') {
        return None;
    }
    let mut end = at + 1;
    while let Some(next) = literal(chars, end, " ")
        && has(chars, next, |c| matches!(c, ',' | ';' | ':'))
    {
        end = next + 1;
    }
    (end > at + 1).then(|| (end, chars[at].to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> String {
        let mut traced = Traced::new(written);
        normalize(&mut traced);
        traced.text()
    }

    fn check(cases: &[(&str, &str)]) {
        for (written, spoken) in cases {
            assert_eq!(read(written), *spoken, "{written}");
        }
    }

    #[test]
    fn times() {
        check(&[
            ("At 7:30.", "At seven thirty."),
            ("It is 16:40 now", "It is sixteen forty now"),
            ("7:05 am", "seven oh five A.M."),
            ("Wake at 6:00 p.m.", "Wake at six P.M."),
            ("Wake at 6:00 p.m. tomorrow", "Wake at six P.M. tomorrow"),
            ("12:00", "twelve o'clock"),
            ("1:02:03", "one oh two and three seconds"),
            ("a score of 25:99", "a score of 25 to 99"),
            ("a ratio of 1:100", "a ratio of 1 to 100"),
            ("9am", "9 A.M."),
            ("from 9 am to 5 PM.", "from 9 A.M. to 5 P.M."),
            ("I am 9 and 13 am", "I am 9 and 13 am"),
        ]);
    }

    #[test]
    fn dates() {
        check(&[
            ("2026-11-23", "November twenty third, 2026"),
            ("10/12/2019", "October twelfth, 2019"),
            ("23/11/26", "November twenty third, 2026"),
            ("23.11.2026", "November twenty third, 2026"),
            ("Jan. 5th, 2019", "January fifth, 2019"),
            ("May 5 at noon", "May fifth at noon"),
            ("on 5 May.", "on the fifth of May."),
            ("the 1st of May", "the 1st of May"),
            ("March 2024", "March 2024"),
            ("May 50", "May 50"),
        ]);
    }

    #[test]
    fn money() {
        check(&[
            ("$12.50", "$12.50"),
            ("$3.2 billion", "3.2 billion dollars"),
            ("€5m", "5 million euros"),
            ("99¢", "99 cents"),
            ("¥500", "500 yen"),
            ("12,50 €", "€12.50"),
            ("5 USD", "5 dollars"),
        ]);
    }

    #[test]
    fn units() {
        check(&[
            ("20°C", "20 degrees Celsius"),
            ("-1 °F", "-1 degree Fahrenheit"),
            ("20° in", "20 degrees in"),
            ("1 km", "1 kilometer"),
            ("60 km/h.", "60 kilometers per hour."),
            ("1013 hPa", "1,013 hectopascals"),
            ("1½ cups, 2 1/2 tsp", "1 and a half cups, 2 and a half teaspoons"),
            ("200 g of it", "200 grams of it"),
            ("5m", "5 meters"),
            ("30 s at 60 W", "30 seconds at 60 watts"),
            ("in 1996 L. Smith", "in 1996 L. Smith"),
            ("10 in all", "10 in all"),
        ]);
    }

    #[test]
    fn short_forms() {
        check(&[
            ("Dr. Smith of St. Paul St.", "Dr Smith of Saint Paul Street."),
            ("approx. 5", "approximately 5"),
            ("No. 5 and #7", "Number 5 and number 7"),
            ("Chapter IV, Henry VIII", "Chapter 4, Henry the eighth"),
            ("the part I like", "the part I like"),
            ("Grade C", "Grade C"),
            ("Part XLIX and XC", "Part 49 and XC"),
        ]);
    }

    #[test]
    fn numbers_with_marks() {
        check(&[
            ("Call 555-1234.", "Call 5 5 5, 1 2 3 4."),
            ("3/4, 1/2, 24/7 and 12/25.", "3 quarters, one half, 24 7 and December twenty fifth."),
            ("5-10, 5 – 10 and 10-20%.", "5 to 10, 5 to 10 and 10 to 20%."),
            ("+5", "plus 5"),
            ("(555) 123-4567", "5 5 5, 1 2 3, 4 5 6 7"),
            ("1.2.3 at 192.168.0.1.", "1 point 2 point 3 at 192 dot 168 dot 0 dot 1."),
            ("a, , b", "a, b"),
            ("Pod::Simple", "Pod::Simple"),
            ("2 + 2 = 4", "2 + 2 equals 4"),
            ("a < b", "a less than b"),
            ("5 m²", "5 square meters"),
        ]);
    }
}
