//! Which sentences are German, and which deny something.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::words::{Word, words};

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
const COMMON: &str = "der das und ist wie wer wo wann warum welche welcher welches welchen ich du sie wir ihr \
    nicht kein keine keinen ein eine einen einem einer mir mich dir dich für auf aus bei nach von zu \
    zum zur heute morgen übermorgen gestern bitte danke hallo guten uhr stell stelle mach mache wecker \
    minuten stunden stunde sekunden kannst kann bist habe haben wird sind spiel spiele wieviel wieviele \
    viel viele dem auch noch schon oder aber wenn dass daran ja nein doch erinnere erinner lösch lösche \
    löschen ihn lauter leiser hilfe stopp schalte licht sag weck wecke brich lieber sollte lautstärke \
    prozent gestellt gelöscht gern geschehen tschüss klingelt einkaufsliste steht dein mein meine meinen \
    alle regnet schneit wetter sonne grad notier notiere notiz notizen schreib lies rechne wandle \
    verschieb verschiebe ändere verlänger verlängere pausiere nächstes voriges lied musik überspring \
    würfle wirf münze nenn zeig öffne trag termin kalender nachrichten erzähl erinnerung erinnerungen \
    merk halte leere streich streiche setz setze füg füge pack leg buchstabier buchstabiere schlummern \
    schlummer zahl meilen kilometern pfund zoll hundert halbe viertel luftqualität sonnenaufgang \
    sonnenuntergang datum tage tagen wochen woche gerade jetzt läuft nochmal später früher lautlos \
    weiterspielen ruf schick bestell starte beende brauche liste zweiten ersten dritten letzten";

/// Words that are common in both: they count only beside one that is German.
const SHARED: &str = "minute timer um er im mit den hast was am an in alarm so also hat war name";

/// Words that are common in English and are no German ones.
const ENGLISH: &str = "the a of to for at on by from with and or but if are is it it's its isn't you your \
    i i'm i'll we they he she that this there here have has had do does did don't not no now my me our us \
    what when where who how which would can could should please set one left until tomorrow today";

type Known = LazyLock<HashSet<&'static str>>;

static GERMAN_WORDS: Known = LazyLock::new(|| COMMON.split_whitespace().collect());
static SHARED_WORDS: Known = LazyLock::new(|| SHARED.split_whitespace().collect());
static ENGLISH_WORDS: Known = LazyLock::new(|| ENGLISH.split_whitespace().collect());

/// How many words of `words` are among `known`.
fn count(words: &[Word], known: &Known) -> usize {
    words.iter().filter(|word| known.contains(word.text.as_str())).count()
}

/// Whether `sentence` has English words and no German ones, so that no German line can be meant.
pub fn is_english(sentence: &str) -> bool {
    let words = words(sentence);
    count(&words, &ENGLISH_WORDS) > 0
        && count(&words, &GERMAN_WORDS) == 0
        && count(&words, &SHARED_WORDS) == 0
}

/// Whether `sentence` has German words, and more of them than others that it could be English by.
pub fn looks_german(sentence: &str) -> bool {
    let words = words(sentence);
    let (german, shared) = (count(&words, &GERMAN_WORDS), count(&words, &SHARED_WORDS));
    let alone = words.len() == 1 && shared == 1;
    (german > 0 || alone) && german + shared > count(&words, &ENGLISH_WORDS)
}

/// Whether `sentence` has a word that is English and not German.
pub fn has_english(sentence: &str) -> bool {
    count(&words(sentence), &ENGLISH_WORDS) > 0
}

/// Whether `text` is German beyond doubt: a name such as "von Braun" does not make it so.
pub fn is_german(text: &str) -> bool {
    let words = words(text);
    let german = count(&words, &GERMAN_WORDS);
    german > 1 && german > count(&words, &ENGLISH_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
