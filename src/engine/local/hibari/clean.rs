//! Removes what has no sound and spells out what is abbreviated: addresses, ranges, symbols of
//! other scripts. Plain English is unchanged; markdown never gets this far.

use unicode_normalization::char::compose;

use crate::language::english::words::GREEK;
use crate::language::scan::{digits, exactly, follows, has, is_edge, is_word, literal, text};
use crate::language::traced::{Match, Traced};

/// The longest run without a space, in characters; longer ones are broken up, so that no step that
/// handles a whole word ever meets a page.
const LONGEST_WORD: usize = 120;

/// The longest mail address that is looked for, in characters.
const LONGEST_ADDRESS: usize = 320;

/// Endings that make "name.ending" a site or a file, whose dot is spoken.
const ENDINGS: &[&str] = &[
    "com", "org", "net", "edu", "gov", "io", "co", "uk", "de", "fr", "info", "eu", "us", "ca",
    "au", "tv", "me", "ai", "dev", "app", "rs", "py", "js", "ts", "txt", "pdf", "md", "json",
    "toml", "yaml", "html", "css", "csv", "wav", "mp3", "png", "jpg", "zip", "exe", "sh",
];

/// The whole text, ready to be read.
pub(super) fn clean(written: &str) -> Traced {
    let mut text = letters(written);
    const RULES: &[fn(&[char], usize) -> Match] =
        &[mail, name_with_dot, star, short_form, duration, span_to, minus, times, bracket];
    for rule in RULES {
        text.rewrite(rule);
    }
    broken_up(&text)
}

/// Character by character: composed, in the plain forms that the rules know, without silent
/// characters.
fn letters(written: &str) -> Traced {
    let mut out = Traced::default();
    let mut before = ' ';
    let mut rest = written.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let after = rest.peek().map_or(' ', |(_, c)| *c);
        let stands_alone = !is_greek(before) && !is_greek(after);
        before = c;
        let from = u32::try_from(at).unwrap_or(u32::MAX);
        let last = out.chars().last().copied();
        if matches!(c, '\u{300}'..='\u{36f}') {
            if let Some(whole) = last.and_then(|last| compose(last, c)) {
                out.replace_last(whole);
            }
            continue;
        }
        if let Some((_, name)) = GREEK.iter().find(|(letter, _)| *letter == c && stands_alone) {
            for part in [" ", name, " "] {
                out.push_str(part, from);
            }
            continue;
        }
        match plain(c) {
            Plain::Same(c) => out.push(c, from),
            Plain::Words(words) => out.push_str(words, from),
            Plain::Silent => {}
        }
    }
    out
}

fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3ff}') && c != 'μ'
}

enum Plain {
    Same(char),
    Words(&'static str),
    Silent,
}

fn plain(c: char) -> Plain {
    let shifted = |from: char, to: char| {
        let code = u32::from(c) - u32::from(from) + u32::from(to);
        Plain::Same(char::from_u32(code).unwrap_or(' '))
    };
    match c {
        '\r' | '\u{2028}' | '\u{2029}' | '\u{0b}' | '\u{0c}' => Plain::Same('\n'),
        '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => Plain::Same(' '),
        '\n' | ' '..='~' => Plain::Same(c),
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => {
            Plain::Silent
        }
        '−' | '‐' | '‑' => Plain::Same('-'),
        '⁄' | '∕' => Plain::Same('/'),
        '´' | '′' => Plain::Same('\''),
        '″' => Plain::Same('"'),
        '≤' => Plain::Words(" at most "),
        '≥' => Plain::Words(" at least "),
        '≈' => Plain::Words(" about "),
        '≠' => Plain::Words(" is not "),
        '∞' => Plain::Words(" infinity "),
        '√' => Plain::Words(" the square root of "),
        '。' => Plain::Words(". "),
        '，' | '、' => Plain::Words(", "),
        '！'..='～' => shifted('！', '!'),
        '٠'..='٩' => shifted('٠', '0'),
        '۰'..='۹' => shifted('۰', '0'),
        '०'..='९' => shifted('०', '0'),
        'μ' => Plain::Same('µ'),
        '¡'..='ɏ' | 'ʻ' | 'ʼ' | 'ﬀ'..='ﬆ' => Plain::Same(c),
        '–'
        | '—'
        | '―'
        | '‒'
        | '‘'
        | '’'
        | '‚'
        | '“'
        | '”'
        | '„'
        | '…'
        | '•'
        | '™'
        | '→'
        | '←'
        | '€'
        | '₹'
        | '₩'
        | '₽'
        | '₿'
        | '⅓'
        | '⅔'
        | '№'
        | '₀'..='₉'
        | '⁰'..='⁹' => Plain::Same(c),
        _ => Plain::Same(' '),
    }
}

/// A mail address is read in full.
fn mail(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '@' | '/' | '-')) {
        return None;
    }
    let letters = chars[at..].iter().take(LONGEST_ADDRESS);
    let mut end =
        at + letters.take_while(|c| is_word(**c) || matches!(c, '.' | '-' | '+' | '@')).count();
    while end > at && matches!(chars[end - 1], '.' | '-' | '+' | '_') {
        end -= 1;
    }
    let mail = chars.get(at..end)?;
    let sign = mail.iter().position(|c| *c == '@')?;
    let (name, host) = (&mail[..sign], &mail[sign + 1..]);
    (!name.is_empty() && host.contains(&'.') && !host.contains(&'@'))
        .then(|| (end, format!("{} at {}", spoken_dots(name), spoken_dots(host))))
}

fn spoken_dots(host: &[char]) -> String {
    host.iter().collect::<String>().replace('.', " dot ").replace(['-', '_'], " ")
}

/// example.com, main.rs: the dot is spoken.
fn name_with_dot(chars: &[char], at: usize) -> Match {
    if chars[at] != '.' || !follows(chars, at, |c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let ending = ENDINGS.iter().find_map(|ending| {
        let end = literal(chars, at + 1, ending)?;
        let goes_on = has(chars, end, is_word)
            || (has(chars, end, |c| matches!(c, '\'' | '’')) && has(chars, end + 1, is_word));
        (!goes_on).then_some(end)
    })?;
    // "Tell me.me too" is out of luck, but "the U.S.us" and "No.co" are not names either.
    let start = (0..at).rev().take(40).take_while(|i| is_word(chars[*i])).count();
    (start > 1).then(|| (ending, format!(" dot {}", text(chars, at + 1, ending))))
}

/// An asterisk between numbers multiplies; any other is silent.
fn star(chars: &[char], at: usize) -> Match {
    let run = chars[at..].iter().take_while(|c| **c == '*').count();
    if run == 0 {
        return None;
    }
    let end = at + run;
    let before = (0..at).rev().map(|i| chars[i]).find(|c| *c != ' ');
    let after = chars[end..].iter().find(|c| **c != ' ');
    let multiplies = run == 1
        && before.is_some_and(|c| c.is_ascii_digit())
        && after.is_some_and(char::is_ascii_digit);
    Some((end, if multiplies { " times ".to_owned() } else { String::new() }))
}

fn short_form(chars: &[char], at: usize) -> Match {
    const FORMS: [(&str, &str); 6] = [
        ("e.g.", "for example"),
        ("E.g.", "For example"),
        ("i.e.", "that is"),
        ("I.e.", "That is"),
        ("C++", "C plus plus"),
        ("C#", "C sharp"),
    ];
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    FORMS.iter().find_map(|(form, words)| {
        let end = literal(chars, at, form)?;
        (!has(chars, end, is_word)).then(|| (end, (*words).to_owned()))
    })
}

/// 1h30, 1h 30m, 2h 5min.
fn duration(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    let hours = digits(chars, at);
    if !(1..=3).contains(&(hours - at)) {
        return None;
    }
    let space = literal(chars, hours, "h")?;
    let from = literal(chars, space, " ").unwrap_or(space);
    let minutes = digits(chars, from);
    let end = ["min", "m", ""]
        .iter()
        .filter(|unit| !unit.is_empty() || from == space)
        .filter_map(|unit| literal(chars, minutes, unit))
        .find(|end| !has(chars, *end, is_word))?;
    if !(1..=2).contains(&(minutes - from)) {
        return None;
    }
    let (hours, minutes) = (text(chars, at, hours), text(chars, from, minutes));
    let plural = |count: &str| if count == "1" { "" } else { "s" };
    let words = format!(
        "{hours} hour{} {} minute{}",
        plural(&hours),
        minutes.trim_start_matches('0'),
        plural(&minutes)
    );
    Some((end, words))
}

/// The dash of 7:30-8:00, 9am–5pm, $10-$20, 10%-20%, 5°–8°.
fn span_to(chars: &[char], at: usize) -> Match {
    if !matches!(chars[at], '-' | '–') {
        return None;
    }
    let before = if follows(chars, at, |c| c == ' ') { at - 1 } else { at };
    let after = if has(chars, at + 1, |c| c == ' ') { at + 2 } else { at + 1 };
    let money = has(chars, after, |c| matches!(c, '$' | '€' | '£'))
        && has(chars, after + 1, |c| c.is_ascii_digit())
        && follows(chars, before, |c| c.is_ascii_digit());
    let behind =
        |n: usize, test: fn(char) -> bool| before.checked_sub(n).is_some_and(|i| test(chars[i]));
    let clock = behind(1, |c| c.is_ascii_digit())
        && behind(2, |c| c.is_ascii_digit())
        && behind(3, |c| c == ':');
    let half = behind(1, |c| matches!(c, 'm' | 'M'))
        && behind(2, |c| matches!(c, 'a' | 'p' | 'A' | 'P'))
        || behind(1, |c| c == '.')
            && behind(2, |c| c == 'm')
            && behind(4, |c| matches!(c, 'a' | 'p'));
    let degree = behind(1, |c| matches!(c, '°' | '%'))
        || behind(1, |c| matches!(c, 'C' | 'F')) && behind(2, |c| c == '°');
    let number = has(chars, after, |c| c.is_ascii_digit());
    let dash = (clock || half || degree) && number;
    (money || dash).then(|| (at + 1, " to ".to_owned()))
}

/// The minus of -$5, and of –5 with a long dash.
fn minus(chars: &[char], at: usize) -> Match {
    if !matches!(chars[at], '-' | '–')
        || !(at == 0 || follows(chars, at, |c| matches!(c, ' ' | '(' | '\n')))
    {
        return None;
    }
    if has(chars, at + 1, |c| matches!(c, '$' | '€' | '£')) && exactly(chars, at + 2, 1).is_some()
    {
        return Some((at + 1, "minus ".to_owned()));
    }
    let is_number =
        chars[at] == '–' && exactly(chars, at + 1, 1).is_some() && is_edge(chars, at + 1);
    is_number.then(|| (at + 1, "-".to_owned()))
}

/// The x of 5 x 3 and of 1920x1080.
fn times(chars: &[char], at: usize) -> Match {
    let between = |before: usize, after: usize| {
        matches!(chars[at], 'x' | '×')
            && follows(chars, before, |c| c.is_ascii_digit())
            && has(chars, after, |c| c.is_ascii_digit())
    };
    // 0x18 is itself a number.
    let is_hex = follows(chars, at, |c| c == '0') && !(at > 1 && chars[at - 2].is_ascii_digit());
    if between(at, at + 1) && !is_hex {
        return Some((at + 1, " by ".to_owned()));
    }
    let is_spaced = follows(chars, at, |c| c == ' ') && has(chars, at + 1, |c| c == ' ');
    (is_spaced && between(at - 1, at + 2)).then(|| (at + 1, "times".to_owned()))
}

/// Other kinds of brackets are treated like round ones.
fn bracket(chars: &[char], at: usize) -> Match {
    let round = match chars[at] {
        '[' | '{' => "(",
        ']' | '}' => ")",
        _ => return None,
    };
    Some((at + 1, round.to_owned()))
}

/// Breaks up overlong words.
fn broken_up(text: &Traced) -> Traced {
    let mut out = Traced::default();
    let mut run = 0;
    for (at, c) in text.chars().iter().enumerate() {
        run = if c.is_whitespace() { 0 } else { run + 1 };
        if run > LONGEST_WORD {
            out.push(' ', text.from()[at]);
            run = 1;
        }
        out.push(*c, text.from()[at]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, &str)]) {
        for (written, left) in cases {
            assert_eq!(clean(written).text(), *left, "{written}");
        }
    }

    #[test]
    fn plain_english_stays_as_it_is() {
        for text in [
            "It's 7:30 p.m. — don't be late, Mr. O'Neill!",
            "“Hello,” she said: 5 < 6; 20°C & -3°C (about $12.50).",
            "naïve café, 10-20%, no. 5",
        ] {
            check(&[(text, text)]);
        }
    }

    #[test]
    fn addresses_are_read_by_their_names() {
        check(&[
            ("bob.b@example.co.uk,", "bob dot b at example dot co dot uk,"),
            ("open main.rs", "open main dot rs"),
            ("I agree.me too", "I agree dot me too"),
            ("3.5 and U.S. and a.m.", "3.5 and U.S. and a.m."),
        ]);
    }

    #[test]
    fn what_has_no_sound_goes() {
        check(&[
            ("Done 🎉👍🏽!", "Done    !"),
            ("a\u{200d}b\u{ad}c", "abc"),
            ("cafe\u{301}", "café"),
            ("日本 Tokyo。", "   Tokyo. "),
            ("ＡＢ１", "AB1"),
            ("Δ is Αθήνα, π Москва", " delta  is      ,  pi        "),
        ]);
    }

    #[test]
    fn spans_and_signs() {
        check(&[
            ("7:30-8:00, 9am–5pm, $10-$20", "7:30 to 8:00, 9am to 5pm, $10 to $20"),
            ("10°-15°C and 10%-20%", "10° to 15°C and 10% to 20%"),
            ("-$5 and –5°C", "minus $5 and -5°C"),
            ("1h30, 1h 5m, 2h 05min", "1 hour 30 minutes, 1 hour 5 minutes, 2 hours 5 minutes"),
            ("5 x 3, 1920x1080, [so] 0x18", "5 times 3, 1920 by 1080, (so) 0x18"),
            ("e.g. C++, i.e. C#", "for example C plus plus, that is C sharp"),
        ]);
    }

    #[test]
    fn a_page_without_a_space_is_broken_up() {
        let text = clean(&"x".repeat(100_000));
        let longest = text.text().split(' ').map(str::len).max();
        assert_eq!(longest, Some(LONGEST_WORD));
    }
}
