//! The language of what is said unasked: a ring, and what was missed.

use crate::language::german;

/// English, or German where it is spoken and the voice can read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tongue {
    /// Whether German may be said at all.
    knows: bool,
    /// Whether German was spoken last.
    german: bool,
}

impl Tongue {
    /// For a user who speaks `languages`, as in ISO 639-1, the commonest first, and a voice that
    /// reads German or does not.
    pub fn new(languages: &[String], reads: bool) -> Self {
        let place = |code: &str| languages.iter().position(|language| language == code);
        let german = place("de");
        let first = german.is_some_and(|de| place("en").is_none_or(|en| de < en));
        Self { knows: reads && german.is_some(), german: first }
    }

    /// Somebody said `text`.
    pub fn hear(&mut self, text: &str) {
        if german::looks_german(text) {
            self.german = true;
        } else if german::has_english(text) {
            self.german = false;
        }
    }

    /// `text`, which is English, as it is said.
    pub fn word(self, text: &str) -> String {
        if self.knows && self.german { german::answer(text) } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rings_speaks_the_users_language() {
        let of = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        let ring = "Your Nudel timer is done. 2 more are ringing.";
        let rings = "Dein Nudel-Timer ist abgelaufen. Es klingeln noch 2 weitere.";
        assert_eq!(Tongue::new(&of(&["de"]), true).word(ring), rings);
        assert_eq!(Tongue::new(&of(&["de", "en"]), true).word(ring), rings);
        // A voice that cannot read German is better understood in English.
        assert_eq!(Tongue::new(&of(&["de"]), false).word(ring), ring);
        let mut both = Tongue::new(&of(&["en", "de"]), true);
        assert_eq!(both.word(ring), ring);
        both.hear("Stell einen Timer auf fünf Minuten");
        both.hear("10:30");
        assert_eq!(both.word(ring), rings);
        both.hear("set another one");
        assert_eq!(both.word(ring), ring);
        for (english, german) in [
            ("It's 7 AM. This is your alarm.", "Es ist 7 Uhr. Das ist dein Wecker."),
            (
                "It's 10 PM. This is your sport alarm.",
                "Es ist 22 Uhr. Das ist dein Wecker „Sport“.",
            ),
            (
                "Here is your reminder: den Müll rausbringen.",
                "Ich soll dich erinnern: den Müll rausbringen.",
            ),
            (
                "Your 10 minute timer ended 5 minutes ago.",
                "Dein 10-Minuten-Timer ist vor 5 Minuten abgelaufen.",
            ),
            (
                "Your 7 AM alarm was due 2 days ago.",
                "Dein 7-Uhr-Wecker sollte vor 2 Tagen klingeln.",
            ),
            (
                "You missed your Tee timer at 7:40 AM yesterday.",
                "Du hast gestern um 7:40 Uhr deinen Tee-Timer verpasst.",
            ),
            (
                "You missed your 7 AM alarm on Friday, November 27th.",
                "Du hast am Freitag, dem 27. November deinen 7-Uhr-Wecker verpasst.",
            ),
        ] {
            assert_eq!(Tongue::new(&of(&["de"]), true).word(english), german, "{english}");
        }
    }
}
