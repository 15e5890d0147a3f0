//! A German sentence with its numbers, times and days as the slots of the grammar know them.

use super::moment::{Part, clock, day, length, part, within};
use super::number::number;

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

/// Words that commands are made of and that some keyboards cannot write.
const UMLAUTS: &str = "für fünf zwölf fünfzehn fünfzig dreißig übermorgen über lösche lösch löschen \
    füge füg hinzufügen nächste nächsten nächster läuft laufen größer spät später früh täglich \
    lautstärke möchte möchten könntest könnten könnte würdest würden kannst erhöhe erhöhen \
    märz jänner zurück ändere ändern verlängere verlängern kürzer länger hör heißt tschüss \
    schließ für's dafür wäre müll";

/// `word` with its umlauts written out.
fn folded(word: &str) -> String {
    word.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ß', "ss")
}

/// `word`, in lower case, with the umlauts that its writer left out.
fn with_umlauts(word: &str) -> String {
    let known = UMLAUTS.split_whitespace().find(|known| folded(known) == word);
    if let Some(known) = known {
        return known.to_owned();
    }
    // "fuenfundzwanzig", "zwoelf".
    let number_like =
        word.replace("fuenf", "fünf").replace("zwoelf", "zwölf").replace("dreissig", "dreißig");
    if number_like != word && number(&number_like).is_some() {
        return number_like;
    }
    word.to_owned()
}

/// One written word.
struct Word {
    /// As written, without marks around it.
    raw: String,
    /// In lower case and with umlauts.
    text: String,
    /// The mark behind it.
    mark: &'static str,
}

fn words(sentence: &str) -> Vec<Word> {
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
        if digits > 0 && matches!(tail, "min" | "h" | "sek" | "std" | "minuten" | "stunden") {
            out.push(Word { raw: head.into(), text: head.into(), mark: "" });
            out.push(Word { raw: tail.into(), text: tail.into(), mark });
            continue;
        }
        // "24." of a date; at the end of a sentence it is only its full stop.
        let point = piece.ends_with('.') && lower.bytes().all(|b| b.is_ascii_digit());
        let text = if point { format!("{lower}.") } else { lower };
        // "Freitagabend".
        let compound =
            ["morgen", "vormittag", "nachmittag", "abend", "nacht"].iter().find_map(|p| {
                let name = text
                    .strip_suffix(p)
                    .filter(|name| name.ends_with("tag") || *name == "mittwoch");
                name.map(|name| (name.to_owned(), if *p == "morgen" { "früh" } else { *p }))
            });
        match compound {
            Some((name, part)) => {
                out.push(Word { raw: inner.into(), text: name, mark: "" });
                out.push(Word { raw: String::new(), text: part.into(), mark });
            }
            None => {
                let text = if text == "%" { "prozent".to_owned() } else { text };
                out.push(Word { raw: inner.into(), text, mark });
                if piece.ends_with('%') {
                    out.push(Word { raw: "%".into(), text: "prozent".into(), mark: "" });
                }
            }
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
    if rest[0] == "um"
        && length(&rest[1..]).is_none()
        && let Some((time, used)) = clock(&rest[1..], half, true)
    {
        return Some((format!("at {time}"), used + 1));
    }
    let next = rest.get(1).copied().unwrap_or_default();
    let word = match (rest[0], next) {
        ("geteilt", "durch") => Some(("divided by", 2)),
        ("mal", _) if number(before).is_some() && number(next).is_some() => Some(("times", 1)),
        ("prozent", "von") => Some(("percent of", 2)),
        ("prozent", _) => Some(("percent", 1)),
        _ => None,
    };
    if let Some((word, used)) = word {
        return Some((word.to_owned(), used));
    }
    // "Was für ein Tag".
    let which = before == "für" && at > 1 && texts[at - 2] == "was";
    within(rest)
        .or_else(|| length(rest).filter(|_| !which))
        .or_else(|| clock(rest, half, bare(texts, at, alarm)))
        .or_else(|| if matches!(before, "guten" | "schönen") { None } else { day(rest) })
        .or_else(|| decimal(rest))
        .or_else(|| Some((number(rest[0])?.to_string(), 1)))
}

/// Whether a mere number at `at` is a clock time: "den Wecker auf sieben".
fn bare(texts: &[&str], at: usize, alarm: bool) -> bool {
    let before = if at == 0 { "" } else { texts[at - 1] };
    before == "um" || (alarm && matches!(before, "auf" | "für" | "gegen"))
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

/// A short sentence after something was done, in the words in which the grammar knows it: "nein,
/// zehn Minuten" is "no 10 minutes". `None` if it is none.
pub fn follow(sentence: &str) -> Option<String> {
    const WHOLE: &[(&str, &str)] = &[
        ("ja", "yes"),
        ("ja bitte", "yes please"),
        ("ja mach das", "yes"),
        ("genau", "yes"),
        ("gerne", "yes"),
        ("nein", "no"),
        ("nein danke", "no"),
        ("lieber nicht", "no"),
        ("lösch ihn", "cancel it"),
        ("lösche ihn", "cancel it"),
        ("lösch den", "cancel it"),
        ("lösch ihn wieder", "cancel it"),
        ("brich ihn ab", "cancel it"),
        ("stopp ihn", "cancel it"),
        ("doch nicht", "cancel it"),
        ("vergiss ihn", "cancel it"),
        ("mach das rückgängig", "undo that"),
    ];
    const LEADS: &[(&str, &str)] = &[
        ("nein ich meinte", "no i meant"),
        ("ich meinte", "i meant"),
        ("ich meine", "i mean"),
        ("nein doch lieber", "no"),
        ("nein lieber", "no"),
        ("doch lieber", "no"),
        ("nein", "no"),
    ];
    let read = read(sentence).text.replace(',', "").to_lowercase();
    if let Some((_, english)) = WHOLE.iter().find(|(german, _)| *german == read) {
        return Some((*english).to_owned());
    }
    let time =
        |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("at ");
    if let Some(rest) = read.strip_prefix("noch ").filter(|rest| time(rest)) {
        let (number, unit) = rest.split_once(' ')?;
        return Some(format!("{number} more {unit}"));
    }
    if let Some(rest) = read.strip_prefix("mach ").and_then(|rest| rest.strip_suffix(" daraus")) {
        return time(rest).then(|| format!("make it {rest}"));
    }
    let lead = LEADS.iter().find_map(|(german, english)| {
        let rest = read.strip_prefix(german)?.strip_prefix(' ')?;
        Some(format!("{english} {}", rest.strip_prefix("um ").unwrap_or(rest)))
    });
    lead.filter(|text| text.contains(|c: char| c.is_ascii_digit()))
        .or_else(|| more(&read))
        .or_else(|| time(&read).then_some(read))
}

/// "Und morgen?", "was ist mit London", "und noch einen für fünf Minuten": one more of the same.
fn more(read: &str) -> Option<String> {
    const LEADS: &[(&str, &str)] = &[
        ("und noch einen", "and another"),
        ("und noch eine", "and another"),
        ("noch einen", "and another"),
        ("noch eine", "and another"),
        ("und einen", "and one"),
        ("und eine", "and one"),
        ("und was ist mit", "what about"),
        ("was ist mit", "what about"),
        ("und wie ist es mit", "what about"),
        ("und wie ist es", "what about"),
        ("und", "and"),
    ];
    let read = read.trim_end_matches(|c: char| !c.is_alphanumeric());
    LEADS.iter().find_map(|(german, english)| {
        let rest = read.strip_prefix(german)?.strip_prefix(' ')?;
        let rest = match rest.split_once(' ') {
            Some(("für" | "über" | "auf" | "mit", value)) => format!("for {value}"),
            _ => rest.to_owned(),
        };
        Some(format!("{english} {rest}"))
    })
}

/// Whether `sentence` denies something: "keinen Timer", "nicht lauter". "Nicht mehr" ends something.
pub fn denies(sentence: &str) -> bool {
    const NO: &[&str] = &[
        "nicht", "nichts", "nie", "niemals", "kein", "keine", "keinen", "keiner", "keinem",
        "keines",
    ];
    let words = words(sentence);
    words.iter().enumerate().any(|(at, word)| {
        let ends = words.get(at + 1).is_some_and(|next| next.text == "mehr");
        NO.contains(&word.text.as_str()) && !(word.text == "nicht" && ends)
    })
}

/// Words that are common in German and are no English ones.
const COMMON: &str = "der das und ist wie wer wo wann warum welche welcher welches ich du sie wir ihr \
    nicht kein keine keinen ein eine einen einem einer mir mich dir dich für auf aus bei nach von zu \
    zum zur heute morgen übermorgen bitte danke hallo guten uhr stell stelle mach mache wecker \
    minuten stunden stunde sekunden kannst kann bist habe wird sind spiel spiele wieviel \
    viel dem auch noch schon oder aber wenn dass daran ja nein doch erinnere lösch lösche ihn lauter \
    leiser hilfe stopp schalte licht sag weck wecke brich lieber sollte lautstärke \
    prozent gestellt gelöscht gern geschehen tschüss klingelt einkaufsliste steht dein";

/// Words that are common in both: they count only beside one that is German.
const SHARED: &str = "minute timer um er im mit den hast";

/// Words that are common in English and are no German ones.
const ENGLISH: &str = "the a of to for at on by from with and or but if is are it it's its isn't you your \
    i i'm i'll we they he she that this there here have has had do does did don't not no now my me our us \
    what when where who how which would can could should please set one left until tomorrow today";

/// How many words of `sentence` are among `known`.
fn count(words: &[Word], known: &str) -> usize {
    words.iter().filter(|word| known.split_whitespace().any(|one| one == word.text)).count()
}

/// Whether `sentence` has German words, and more of them than others that it could be English by.
pub fn looks_german(sentence: &str) -> bool {
    let words = words(sentence);
    let (german, shared) = (count(&words, COMMON), count(&words, SHARED));
    let alone = words.len() == 1 && shared == 1;
    (german > 0 || alone) && german + shared > count(&words, ENGLISH)
}

/// Whether `text` is German beyond doubt: a name such as "von Braun" does not make it so.
pub fn is_german(text: &str) -> bool {
    let words = words(text);
    let german = count(&words, COMMON);
    german > 1 && german > count(&words, ENGLISH)
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

    #[test]
    fn english_with_words_that_german_has_too_is_english() {
        for text in [
            "Your 10 minute timer now has 15 minutes left.",
            "Your 5 minute timer is ringing.",
            "um, cancel the timer",
            "um timer for 5 minutes",
            "one minute timer",
            "Wernher von Braun went to the den.",
            "a minute in the den, er, with the timer",
        ] {
            assert!(!looks_german(text) && !is_german(text), "{text}");
        }
        for text in ["Stell einen Timer auf zehn Minuten", "Timer um eine Minute verlängern"] {
            assert!(looks_german(text), "{text}");
        }
        assert!(is_german("Dein Timer klingelt gerade."));
    }

    #[test]
    fn corrections_are_short_sentences() {
        assert_eq!(follow("Nein, zehn Minuten.").as_deref(), Some("no 10 minutes"));
        assert_eq!(follow("noch fünf Minuten").as_deref(), Some("5 more minutes"));
        assert_eq!(follow("Lösch ihn!").as_deref(), Some("cancel it"));
        assert_eq!(follow("Nein, das Wetter ist schlecht"), None);
        assert_eq!(follow("Und morgen?").as_deref(), Some("and tomorrow"));
        assert_eq!(follow("Und in London?").as_deref(), Some("and in london"));
        assert_eq!(
            follow("Noch einen für fünf Minuten").as_deref(),
            Some("and another for 5 minutes")
        );
    }
}
