//! English number words: the part of num2words that misaki's readings need (`numbers.py`).
//!
//! Numbers are passed as digits, so that no length overflows; the callers split the words at
//! anything that is not a letter.

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [&str; 12] = [
    "",
    "thousand",
    "million",
    "billion",
    "trillion",
    "quadrillion",
    "quintillion",
    "sextillion",
    "septillion",
    "octillion",
    "nonillion",
    "decillion",
];
const IRREGULAR: [(&str, &str); 7] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];

/// "one thousand, two hundred and thirty-four". More than 36 digits are read one by one, and of
/// more than 100 only the first 100: nobody listens to the rest.
pub fn cardinal(digits: &str) -> String {
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let digits = match digits.trim_start_matches('0') {
        "" => return ONES[0].to_owned(),
        digits => digits,
    };
    if digits.len() > 3 * SCALES.len() {
        return digits.chars().take(100).map(digit).collect::<Vec<_>>().join(" ");
    }
    let mut groups = Vec::new();
    let mut end = digits.len();
    for scale in SCALES {
        let start = end.saturating_sub(3);
        let group: usize = digits[start..end].parse().unwrap_or(0);
        if group > 0 {
            let words = below_1000(group);
            groups.push(if scale.is_empty() { words } else { format!("{words} {scale}") });
        }
        if start == 0 {
            break;
        }
        end = start;
    }
    groups.reverse();
    match groups.as_slice() {
        [] => ONES[0].to_owned(),
        [only] => only.clone(),
        // "one thousand and one", but "one thousand, one hundred".
        [head @ .., last] if !last.contains(' ') => format!("{} and {last}", head.join(", ")),
        all => all.join(", "),
    }
}

/// "twenty-third", "one hundred and first".
pub fn ordinal(digits: &str) -> String {
    let words = cardinal(digits);
    let at = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = words.split_at(at);
    let last = match IRREGULAR.iter().find(|(word, _)| *word == last) {
        Some((_, irregular)) => (*irregular).to_owned(),
        None => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    format!("{head}{last}")
}

/// Four digits as a year: "nineteen oh-five", "two thousand and five", "twenty ten".
pub fn year(digits: &str) -> String {
    let number: usize = digits.parse().unwrap_or(0);
    let (high, low) = (number / 100, number % 100);
    if high == 0 || (high.is_multiple_of(10) && low < 10) || high >= 100 {
        return cardinal(digits);
    }
    let low = match low {
        0 => "hundred".to_owned(),
        1..10 => format!("oh-{}", ONES[low]),
        _ => below_1000(low),
    };
    format!("{} {low}", below_1000(high))
}

/// "three point one four"; trailing zeros are not read.
pub fn decimal(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    let mut words = cardinal(whole);
    if !fraction.is_empty() {
        words.push_str(" point");
        for c in fraction.chars().filter(char::is_ascii_digit) {
            words.push(' ');
            words.push_str(digit(c));
        }
    }
    words
}

/// Whether a lower-case word is one of twenty to ninety.
pub fn is_tens(word: &str) -> bool {
    !word.is_empty() && TENS.contains(&word)
}

/// Whether a lower-case word is one of one to nine, first to ninth.
pub fn is_unit(word: &str) -> bool {
    ONES[1..10].contains(&word) || (1..10).any(|n: u8| ordinal(&n.to_string()) == word)
}

/// Whether a lower-case word is part of a cardinal number.
pub fn is_word(word: &str) -> bool {
    ONES.contains(&word)
        || is_tens(word)
        || word == "hundred"
        || (!word.is_empty() && SCALES.contains(&word))
}

/// The word of one digit.
pub fn digit(c: char) -> &'static str {
    c.to_digit(10).map_or("", |n| ONES[n as usize])
}

fn below_1000(n: usize) -> String {
    let mut words = Vec::new();
    if n >= 100 {
        words.push(ONES[n / 100 % 10].to_owned());
        words.push("hundred".to_owned());
        if !n.is_multiple_of(100) {
            words.push("and".to_owned());
        }
    }
    match n % 100 {
        0 if !words.is_empty() => {}
        n @ 0..20 => words.push(ONES[n].to_owned()),
        n if n.is_multiple_of(10) => words.push(TENS[n / 10].to_owned()),
        n => words.push(format!("{}-{}", TENS[n / 10], ONES[n % 10])),
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals() {
        for (digits, words) in [
            ("0", "zero"),
            ("007", "seven"),
            ("42", "forty-two"),
            ("100", "one hundred"),
            ("1001", "one thousand and one"),
            ("1100", "one thousand, one hundred"),
            (
                "1234567",
                "one million, two hundred and thirty-four thousand, five hundred and sixty-seven",
            ),
            ("2000000", "two million"),
            ("1000020", "one million and twenty"),
        ] {
            assert_eq!(cardinal(digits), words);
        }
        assert!(cardinal(&"7".repeat(36)).contains("decillion"));
        assert_eq!(cardinal(&"7".repeat(37)), ["seven"; 37].join(" "));
        assert_eq!(cardinal(&"7".repeat(100_000)).split(' ').count(), 100);
    }

    #[test]
    fn ordinals_years_and_decimals() {
        for (digits, words) in [
            ("1", "first"),
            ("12", "twelfth"),
            ("20", "twentieth"),
            ("23", "twenty-third"),
            ("101", "one hundred and first"),
        ] {
            assert_eq!(ordinal(digits), words);
        }
        for (digits, words) in [
            ("1905", "nineteen oh-five"),
            ("1900", "nineteen hundred"),
            ("2005", "two thousand and five"),
            ("2010", "twenty ten"),
            ("0042", "forty-two"),
        ] {
            assert_eq!(year(digits), words);
        }
        assert_eq!(decimal("3.140"), "three point one four");
        assert_eq!(decimal("10."), "ten");
    }
}
