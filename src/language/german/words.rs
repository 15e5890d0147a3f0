//! The words of a German sentence: umlauts restored, compounds taken apart.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::moment::weekday;
use super::number::number;

/// Words that commands are made of and that some keyboards cannot write.
const UMLAUTS: &str = "für fünf zwölf fünfzehn fünfzig dreißig übermorgen über lösche lösch löschen \
    füge füg hinzufügen nächste nächsten nächster läuft laufen größer spät später früh täglich \
    lautstärke möchte möchten könntest könnten könnte würdest würden kannst erhöhe erhöhen \
    märz jänner zurück ändere ändern verlängere verlängern kürzer länger hör heißt tschüss \
    schließ für's dafür wäre müll überspring überspringe öffne öffnen würfle würfel münze \
    wöchentlich jährlich stündlich erklär nächstes zähl zähle höher wärmer kälter frühestens \
    luftqualität weißt hälfte schön heiß kühl südafrikanische löffel teelöffel esslöffel fuß \
    tägliche geräusch stück fünfte zwölfte";

/// The same words by how they are written without umlauts.
static FOLDED: LazyLock<HashMap<String, &str>> =
    LazyLock::new(|| UMLAUTS.split_whitespace().map(|word| (folded(word), word)).collect());

/// `word` with its umlauts written out.
fn folded(word: &str) -> String {
    word.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ß', "ss")
}

/// `word`, in lower case, with the umlauts that its writer left out.
fn with_umlauts(word: &str) -> String {
    // Most words have nothing that could stand for one.
    if !["ae", "oe", "ue", "ss"].iter().any(|letters| word.contains(letters)) {
        return word.to_owned();
    }
    if let Some(known) = FOLDED.get(word) {
        return (*known).to_owned();
    }
    // "fuenfundzwanzig", "zwoelf".
    let number_like =
        word.replace("fuenf", "fünf").replace("zwoelf", "zwölf").replace("dreissig", "dreißig");
    if number_like != word && number(&number_like).is_some() {
        return number_like;
    }
    word.to_owned()
}

/// Units that are written with their number as one word: "10min", "5km".
const UNITS: &[&str] = &[
    "min", "h", "sek", "std", "minuten", "stunden", "sekunden", "km", "m", "cm", "mm", "kg", "g",
    "mg", "l", "ml", "km/h", "€", "$", "°c", "°f", "gb", "mb",
];

/// One written word.
pub(super) struct Word {
    /// As written, without marks around it.
    pub(super) raw: String,
    /// In lower case and with umlauts.
    pub(super) text: String,
    /// The mark behind it.
    pub(super) mark: &'static str,
}

pub(super) fn words(sentence: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    for piece in sentence.split_whitespace() {
        let inner = piece.trim_matches(|c: char| !c.is_alphanumeric());
        if inner.is_empty() {
            // A sign between numbers.
            if let "+" | "-" | "*" | "/" | "×" | "÷" = piece {
                out.push(Word { raw: piece.into(), text: piece.into(), mark: "" });
            } else if let Some(last) = out.last_mut()
                && piece.starts_with([',', ':', '–'])
            {
                last.mark = ",";
            }
            continue;
        }
        let mark = if piece.ends_with([',', ':', ';']) { "," } else { "" };
        let lower = with_umlauts(&inner.to_lowercase());
        // "10min", "30%".
        let digits = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let (head, tail) = lower.split_at(digits);
        if digits > 0 && UNITS.contains(&tail) {
            out.push(Word { raw: head.into(), text: head.into(), mark: "" });
            out.push(Word { raw: tail.into(), text: tail.into(), mark });
            continue;
        }
        // "24." of a date; at the end of a sentence it is only its full stop.
        let point = piece.ends_with('.') && lower.bytes().all(|b| b.is_ascii_digit());
        let text = if point { format!("{lower}.") } else { lower };
        if let Some(parts) = parts(inner, &text, mark) {
            out.extend(parts);
            continue;
        }
        // "heute Morgen" is no tomorrow.
        let late = text == "morgen" && out.last().is_some_and(|before| is_day(&before.text));
        let text = match text.as_str() {
            "%" => "prozent".to_owned(),
            "hab" => "habe".to_owned(),
            "nen" => "einen".to_owned(),
            "ne" => "eine".to_owned(),
            "nochmals" => "nochmal".to_owned(),
            _ if late => "früh".to_owned(),
            _ => text,
        };
        out.push(Word { raw: inner.into(), text, mark });
        if piece.ends_with('%') {
            out.push(Word { raw: "%".into(), text: "prozent".into(), mark: "" });
        }
    }
    if let Some(last) = out.last_mut() {
        if last.text.ends_with('.') {
            last.text.pop();
        }
        last.mark = "";
    }
    out
}

/// Whether a part of the day may follow `word`.
fn is_day(word: &str) -> bool {
    matches!(word, "heute" | "gestern" | "vorgestern" | "übermorgen" | "am")
        || weekday(word).is_some()
}

/// Things that compounds are names of, with words that end like one and are none.
const NAMED: &[(&str, &[&str])] = &[
    ("timer", &["küchentimer", "countdowntimer"]),
    ("wecker", &["kurzzeitwecker", "funkwecker", "radiowecker", "lichtwecker"]),
    ("termin", &[]),
    ("liste", &["einkaufsliste", "todoliste", "aufgabenliste", "to-do-liste", "playliste"]),
];

/// The parts of a compound: "Freitagabend", "Nudeltimer", "10-Minuten-Timer", "Urlaubsliste".
fn parts(raw: &str, text: &str, mark: &'static str) -> Option<Vec<Word>> {
    let word = |raw: &str, text: &str, mark| Word { raw: raw.into(), text: text.into(), mark };
    for part in ["morgen", "vormittag", "nachmittag", "mittag", "abend", "nacht"] {
        let name = text.strip_suffix(part).filter(|name| weekday(name).is_some());
        if let Some(name) = name {
            let part = if part == "morgen" { "früh" } else { part };
            return Some(vec![word(raw, name, ""), word("", part, mark)]);
        }
    }
    let (noun, stem) = NAMED.iter().find_map(|(noun, others)| {
        let stem = text.strip_suffix(noun).filter(|_| !others.contains(&text))?;
        Some((*noun, stem.trim_end_matches('-')))
    })?;
    if stem.chars().count() < 2 {
        return None;
    }
    // What remains of the word as it was written.
    let cut =
        |from: usize, to: usize| -> String { raw.chars().skip(from).take(to - from).collect() };
    let all = raw.chars().count();
    let last = cut(all.saturating_sub(noun.len()), all);
    if noun == "liste" {
        return Some(vec![word(raw, stem, ""), word("", noun, mark)]);
    }
    let mut out = Vec::new();
    let mut from = 0;
    for piece in stem.split('-') {
        let to = from + piece.chars().count();
        // "zehnminutentimer".
        let unit = ["sekunden", "minuten", "stunden"].iter().find_map(|unit| {
            let count = piece.strip_suffix(unit).filter(|count| number(count).is_some())?;
            Some((count, *unit))
        });
        match unit {
            Some((count, unit)) => {
                let middle = from + count.chars().count();
                out.push(word(&cut(from, middle), count, ""));
                out.push(word(&cut(middle, to), unit, ""));
            }
            None => out.push(word(&cut(from, to), piece, "")),
        }
        from = to + 1;
    }
    out.push(word(&last, noun, mark));
    Some(out)
}
