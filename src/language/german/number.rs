//! German number words: "einundzwanzig", "hundertfünf", "zweieinhalb", "2,5".

const SMALL: [&str; 13] = [
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn",
    "elf", "zwölf",
];
const TENS: [(&str, u32); 8] = [
    ("zwanzig", 20),
    ("dreißig", 30),
    ("vierzig", 40),
    ("fünfzig", 50),
    ("sechzig", 60),
    ("siebzig", 70),
    ("achtzig", 80),
    ("neunzig", 90),
];

/// The number that the lower-case word `word` is; articles ("ein", "eine") are none.
pub(super) fn number(word: &str) -> Option<f64> {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        // "1.000" and "1.234,5": points part thousands.
        let (whole, rest) = word.split_once(',').unwrap_or((word, ""));
        let mut groups = whole.split('.');
        let first = groups.next().is_some_and(|first| first.len() <= 3);
        let parted = whole.contains('.') && first && groups.all(|group| group.len() == 3);
        let digits = if parted { whole.replace('.', "") } else { whole.to_owned() };
        let digits = if rest.is_empty() { digits } else { format!("{digits}.{rest}") };
        return digits.parse().ok().filter(|_| word.ends_with(|c: char| c.is_ascii_digit()));
    }
    if matches!(word, "anderthalb" | "eineinhalb") {
        return Some(1.5);
    }
    if let Some(whole) = word.strip_suffix("einhalb") {
        return below_million(whole.strip_suffix("und").unwrap_or(whole))
            .map(|n| f64::from(n) + 0.5);
    }
    below_million(word).map(f64::from)
}

/// A number or an article that counts: "eine Stunde".
pub(super) fn counted(word: &str) -> Option<f64> {
    number(word).or_else(|| is_article(word).then_some(1.0))
}

pub(super) fn is_article(word: &str) -> bool {
    matches!(word, "ein" | "eine" | "einen" | "einer" | "einem")
}

/// "dritten" is 3, "vierundzwanzigsten" 24, "2." 2.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    if let Some(digits) = word.strip_suffix('.') {
        return digits.parse().ok();
    }
    let stem = ["ter", "ten", "te"].iter().find_map(|ending| word.strip_suffix(ending))?;
    match stem {
        "ers" => Some(1),
        "drit" => Some(3),
        "sieb" => Some(7),
        "ach" => Some(8),
        stem => below_million(stem.strip_suffix('s').unwrap_or(stem)),
    }
    .filter(|n| *n > 0)
}

fn below_million(word: &str) -> Option<u32> {
    match word.split_once("tausend") {
        Some((high, low)) => {
            Some(part(high, 1, below_thousand)? * 1000 + part(low, 0, below_thousand)?)
        }
        None => below_thousand(word),
    }
}

fn below_thousand(word: &str) -> Option<u32> {
    match word.split_once("hundert") {
        Some((high, low)) => {
            Some(part(high, 1, below_hundred)? * 100 + part(low, 0, below_hundred)?)
        }
        None => below_hundred(word),
    }
}

/// The half of a compound, which may be missing and may be joined by "und".
fn part(word: &str, missing: u32, read: fn(&str) -> Option<u32>) -> Option<u32> {
    match word.strip_prefix("und").unwrap_or(word) {
        "" => Some(missing),
        "ein" => Some(1),
        word => read(word),
    }
}

fn below_hundred(word: &str) -> Option<u32> {
    if word == "zwo" {
        return Some(2);
    }
    if let Some(n) = SMALL.iter().position(|small| *small == word) {
        return Some(n as u32);
    }
    if let Some(stem) = word.strip_suffix("zehn") {
        return match stem {
            "sech" => Some(16),
            "sieb" => Some(17),
            stem => below_hundred(stem).filter(|n| (3..10).contains(n)).map(|n| n + 10),
        };
    }
    let (tens, value) = TENS.iter().find(|(tens, _)| word.ends_with(tens))?;
    let ones = word.strip_suffix(tens)?;
    if ones.is_empty() {
        return Some(*value);
    }
    match ones.strip_suffix("und")? {
        "ein" => Some(value + 1),
        ones => below_hundred(ones).filter(|n| (2..10).contains(n)).map(|n| value + n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_numbers_are_read() {
        let words = [
            ("einundzwanzig", 21.0),
            ("hundertfünf", 105.0),
            ("einhundertfünfundzwanzig", 125.0),
            ("zweitausenddreihundert", 2300.0),
            ("siebzehn", 17.0),
            ("sechzehn", 16.0),
            ("dreizehn", 13.0),
            ("neunundneunzig", 99.0),
            ("zweieinhalb", 2.5),
            ("anderthalb", 1.5),
            ("2,5", 2.5),
            ("null", 0.0),
        ];
        for (word, value) in words {
            assert_eq!(number(word), Some(value), "{word}");
        }
        for word in ["ein", "und", "zwanzigund", "zigzehn", "milch", "10min", ""] {
            assert_eq!(number(word), None, "{word}");
        }
        assert_eq!(ordinal("vierundzwanzigsten"), Some(24));
        assert_eq!((ordinal("dritten"), ordinal("3."), ordinal("tisch")), (Some(3), Some(3), None));
    }
}
