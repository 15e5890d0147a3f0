//! A German sentence with its numbers, times and days as the slots of the grammar know them.

use super::moment::{Part, ago, clock, day, length, often, part, within};
use super::number::number;
use super::words::words;

/// A sentence as the grammar reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sentence {
    /// The words, with canonical numbers, times and days.
    pub text: String,
    /// What was rewritten: the canonical words and the user's own, in the order of the sentence.
    pub rewritten: Vec<(String, String)>,
}

impl Sentence {
    /// `text`, which was cut from the canonical sentence, in the user's own words.
    pub fn own(&self, text: &str) -> String {
        let mut out = text.to_owned();
        let mut from = 0;
        for (canonical, own) in &self.rewritten {
            if let Some(at) = out.get(from..).and_then(|rest| rest.find(canonical.as_str())) {
                out.replace_range(from + at..from + at + canonical.len(), own);
                from += at + own.len();
            }
        }
        out
    }
}

/// The sentence as the grammar reads it.
pub fn read(sentence: &str) -> Sentence {
    let all = words(sentence);
    let texts: Vec<&str> = all.iter().map(|word| word.text.as_str()).collect();
    let alarm = texts.iter().any(|word| word.starts_with("weck") || word.starts_with("alarm"));
    let named = day_part(&texts);
    let mut out = Sentence::default();
    let mut at = 0;
    while at < all.len() {
        let rest = &texts[at..];
        let (canonical, used) = match rewritten(&texts, at, named, alarm) {
            Some((text, used)) => (text, used.min(rest.len())),
            None => (all[at].text.clone(), 1),
        };
        let own: Vec<&str> = all[at..at + used]
            .iter()
            .map(|word| word.raw.as_str())
            .filter(|raw| !raw.is_empty())
            .collect();
        let own = own.join(" ");
        if !canonical.is_empty() {
            if !out.text.is_empty() {
                out.text.push(' ');
            }
            // Other words stay as the user wrote them.
            let same = canonical.to_lowercase() == own.to_lowercase();
            let written = if same { own.as_str() } else { &canonical };
            out.text.push_str(written);
            out.text.push_str(all[at + used - 1].mark);
        }
        if canonical != own && !canonical.is_empty() && !own.is_empty() {
            // "Urlaubsliste" was two words here.
            if let Some(second) = all.get(at + used).filter(|word| word.raw.is_empty()) {
                out.rewritten.push((format!("{canonical} {}", second.text), own.clone()));
            }
            out.rewritten.push((canonical, own));
        }
        at += used;
    }
    out
}

/// What the words at `at` are rewritten to.
fn rewritten(
    texts: &[&str],
    at: usize,
    named: Option<(Part, usize, usize)>,
    alarm: bool,
) -> Option<(String, usize)> {
    let rest = &texts[at..];
    let before = if at == 0 { "" } else { texts[at - 1] };
    let half = named.map(|(part, ..)| part);
    let has_clock = |from: usize| {
        (0..texts.len())
            .any(|i| i != from && clock(&texts[i..], None, bare(texts, i, alarm)).is_some())
    };
    if let Some((_, place, used)) = named
        && place == at
        && has_clock(at)
    {
        return Some((String::new(), used));
    }
    // "um Punkt acht", "gegen acht".
    let timed = alarm || texts.iter().any(|word| word.starts_with("erinner"));
    let exactly = usize::from(rest.get(1) == Some(&"punkt"));
    if (rest[0] == "um" || timed && matches!(rest[0], "gegen" | "punkt"))
        && let Some(said) = rest.get(1 + exactly..)
        && length(said).is_none()
        && let Some((time, used)) =
            clock(said, half, true).map(|(time, used)| (time, used + exactly))
        && !measured(rest, used + 1)
    {
        return Some((format!("at {time}"), used + 1));
    }
    let next = rest.get(1).copied().unwrap_or_default();
    let third = rest.get(2).copied().unwrap_or_default();
    let between = || number(before).is_some() && number(next).is_some();
    let word = match (rest[0], next) {
        // Of "umstellen"; elsewhere it is a hesitation in English.
        ("um", "" | "auf") => Some(("herum", 1)),
        ("geteilt" | "dividiert", "durch") => Some(("divided by", 2)),
        ("durch", _) if between() => Some(("divided by", 1)),
        ("multipliziert" | "malgenommen", "mit") => Some(("times", 2)),
        ("mal", _) if between() => Some(("times", 1)),
        ("hoch", _) if between() => Some(("to the power of", 1)),
        // "10 Grad in Fahrenheit": the other unit tells the scale.
        ("grad", "in") if number(before).is_some() => Some(("degrees", 1)),
        ("prozent", "von") => Some(("percent of", 2)),
        ("prozent", _) => Some(("percent", 1)),
        ("wurzel" | "quadratwurzel", "aus" | "von") => Some(("square root of", 2)),
        // "Zwei Timer, einen auf fünf und einen auf zehn Minuten".
        ("einen", "um") if named_before(texts, at) => Some(("one", 1)),
        ("einen", "auf" | "für" | "über" | "von") if named_before(texts, at) => {
            Some(("one for", 2))
        }
        ("und", "einen") if third == "um" && named_before(texts, at) => Some(("and one", 2)),
        ("und", "einen")
            if matches!(third, "auf" | "für" | "über" | "von") && named_before(texts, at) =>
        {
            Some(("and one for", 3))
        }
        ("und", verb) if is_request(verb) => Some(("and", 1)),
        ("und", "um") if alarm && clock(&rest[2..], None, true).is_some() => Some(("and", 1)),
        ("und", _) if is_count(before) && is_count(next) => Some(("and", 1)),
        _ => which(rest[0], next, third),
    };
    if let Some((word, used)) = word {
        return Some((word.to_owned(), used));
    }
    // "Was für ein Tag", "was war gestern für ein Tag".
    let which = before == "für" && texts[..at].contains(&"was");
    within(rest)
        .or_else(|| ago(rest))
        .or_else(|| often(rest))
        .or_else(|| length(rest).filter(|_| !which))
        .or_else(|| clock(rest, half, bare(texts, at, alarm)))
        .or_else(|| if matches!(before, "guten" | "schönen") { None } else { day(rest) })
        .or_else(|| decimal(rest))
        .or_else(|| Some((number(rest[0])?.to_string(), 1)))
}

/// Whether the word at `at` makes the number before it no time: "um 10 Prozent".
fn measured(texts: &[&str], at: usize) -> bool {
    let word = texts.get(at).copied().unwrap_or_default();
    matches!(word, "prozent" | "punkte" | "stufe" | "stufen" | "grad")
}

/// Whether a mere number at `at` is a clock time: "den Wecker auf sieben".
fn bare(texts: &[&str], at: usize, alarm: bool) -> bool {
    let before = if at == 0 { "" } else { texts[at - 1] };
    let of = before == "von" && matches!(texts.get(at + 1), Some(&("auf" | "um" | "uhr")));
    !measured(texts, at + 1) && before == "um"
        || (alarm && (of || matches!(before, "auf" | "für" | "gegen")))
}

/// Whether a number or a length of time ends or begins with `word`: "fünf und zehn Minuten".
fn is_count(word: &str) -> bool {
    number(word).is_some() || matches!(word, "sekunden" | "minuten" | "stunden" | "stunde")
}

/// Whether a request begins with `word`, as does the second one of two.
fn is_request(word: &str) -> bool {
    const VERBS: &str = "stell stelle setz setze mach mache lösch lösche weck wecke erinnere erinner schreib \
        schreibe notier notiere füg füge pack packe starte stopp stoppe sag sage lies spiel spiele dreh \
        drehe schalt schalte verschieb verschiebe halt beende brich nenn zeig wirf rechne streich";
    VERBS.split_whitespace().any(|verb| verb == word)
}

/// Whether a timer or an alarm is named before `at`.
fn named_before(texts: &[&str], at: usize) -> bool {
    texts[..at].iter().any(|word| matches!(*word, "timer" | "wecker"))
}

/// One of several: "den zweiten Timer", "die letzte Notiz".
fn which(word: &str, next: &str, third: &str) -> Option<(&'static str, usize)> {
    let noun = |word: &str| {
        ["timer", "wecker", "alarm", "erinnerung", "notiz", "countdown", "termin"]
            .iter()
            .any(|noun| word.starts_with(noun))
    };
    // "den nächsten Wecker", and "den zweiten der drei Timer".
    if !(noun(next) || matches!(next, "der" | "von") && noun(third)) {
        return None;
    }
    let name = match word.trim_end_matches(['n', 'r', 's']) {
        "erste" | "älteste" => "first",
        "zweite" => "second",
        "dritte" => "third",
        "letzte" | "neueste" | "neuste" => "last",
        "nächste" | "kürzeste" => "next",
        "längste" => "longest",
        _ => return None,
    };
    Some((name, 1))
}

/// "drei Komma fünf".
fn decimal(rest: &[&str]) -> Option<(String, usize)> {
    let [whole, "komma", tenths, ..] = rest else { return None };
    let (whole, tenths) = (number(whole)?, number(tenths)?);
    (whole.fract() == 0.0 && tenths.fract() == 0.0).then(|| (format!("{whole}.{tenths}"), 3))
}

/// The part of the day that a sentence names: its place, and how many words it takes.
fn day_part(texts: &[&str]) -> Option<(Part, usize, usize)> {
    let mut found = None;
    for at in 0..texts.len() {
        // "Guten Abend" names no time; "jeden Morgen" names days as well.
        let before = if at == 0 { "" } else { texts[at - 1] };
        if matches!(before, "guten" | "gute" | "schönen" | "jeden") {
            if before == "jeden" && matches!(texts[at], "morgen" | "abend") {
                let part = if texts[at] == "morgen" { Part::Morning } else { Part::Evening };
                return Some((part, usize::MAX, 0));
            }
            continue;
        }
        if let Some((part, used)) = part(&texts[at..]) {
            if found.is_some() {
                // "am Abend": already counted with its first word.
                continue;
            }
            found = Some((part, at, used));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_days_and_lengths_become_canonical() {
        let rows = [
            ("Stell einen Timer auf zehn Minuten", "Stell einen Timer auf 10 minutes"),
            ("Timer für anderthalb Stunden", "Timer für 90 minutes"),
            ("Timer fuer eine halbe Stunde", "Timer für 30 minutes"),
            ("zwei Stunden und zehn Minuten", "130 minutes"),
            ("Weck mich morgen um halb acht", "Weck mich tomorrow at 07:30"),
            ("Weck mich um Viertel nach sieben", "Weck mich at 07:15"),
            ("Weck mich um dreiviertel acht", "Weck mich at 07:45"),
            ("Weck mich um fünf vor halb acht", "Weck mich at 07:25"),
            ("Weck mich morgen Abend um acht", "Weck mich tomorrow at 20:00"),
            ("Weck mich um 19 Uhr 30", "Weck mich at 19:30"),
            ("Wecker auf sieben", "Wecker auf 07:00"),
            ("Weck mich jeden zweiten Freitag um 7", "Weck mich every other friday at 07:00"),
            ("Welches Datum ist übermorgen?", "Welches Datum ist the day after tomorrow"),
            ("werktags um 6 Uhr morgens", "on weekdays at 06:00"),
            ("am 24. Dezember", "on december 24"),
            ("Guten Morgen", "Guten Morgen"),
        ];
        for (german, canonical) in rows {
            assert_eq!(read(german).text, canonical, "{german}");
        }
        let sentence = read("zwei Liter Milch für morgen");
        assert_eq!(sentence.own("2 Liter Milch für tomorrow"), "zwei Liter Milch für morgen");
    }
}
