/// How fast a voice speaks until that is known, in characters a second. English is spoken at 14 to
/// 16; a little less, so that a word is counted as heard too late rather than too early.
const PACE: f64 = 13.0;

/// Tells which words a piece of sound says. The server sends both apart, the words ahead of the
/// sound and without times; so they are dealt out at the pace at which the voice has spoken so far.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// Characters a second, learnt from the replies so far.
    pace: f64,
    waiting: String,
    /// Characters of the reply, and those dealt out.
    written: usize,
    dealt: usize,
    /// Seconds of sound so far.
    sound: f64,
}

impl Words {
    pub(super) const fn new() -> Self {
        Self { pace: PACE, waiting: String::new(), written: 0, dealt: 0, sound: 0.0 }
    }

    /// A reply begins.
    pub(super) fn begin(&mut self) {
        (self.written, self.dealt, self.sound) = (0, 0, 0.0);
        self.waiting.clear();
    }

    /// More words were written.
    pub(super) fn write(&mut self, text: &str) {
        self.written += text.chars().count();
        self.waiting.push_str(text);
    }

    /// Whether any words of this reply were written.
    pub(super) const fn any(&self) -> bool {
        self.written > 0
    }

    /// `seconds` of sound follow: the whole words that it says, with the blanks before them.
    pub(super) fn sound(&mut self, seconds: f64) -> String {
        self.sound += seconds;
        let due = (self.sound * self.pace) as usize;
        let mut end = 0;
        let mut chars = self.dealt;
        for (at, c) in self.waiting.char_indices() {
            if chars > due {
                break;
            }
            // A word is whole where the next blank begins.
            if c.is_whitespace() && at > 0 && !self.waiting[..at].ends_with(char::is_whitespace) {
                end = at;
            }
            chars += 1;
        }
        self.deal(end)
    }

    /// The reply is complete: the rest of the words. Learns the pace of this voice.
    pub(super) fn end(&mut self) -> String {
        if self.sound > 2.0 && self.written > 20 {
            let pace = self.written as f64 / self.sound * 0.95;
            self.pace = (self.pace * 0.7 + pace * 0.3).clamp(4.0, 40.0);
        }
        self.deal(self.waiting.len())
    }

    fn deal(&mut self, end: usize) -> String {
        let rest = self.waiting.split_off(end);
        let dealt = std::mem::replace(&mut self.waiting, rest);
        self.dealt += dealt.chars().count();
        dealt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_with_their_sound_and_none_is_lost() {
        let mut words = Words::new();
        let text = "It is sunny in Paris, at twenty one degrees.";
        words.write(text);
        let dealt: Vec<String> = (0..20).map(|_| words.sound(0.1)).collect();
        let joined: String = dealt.concat();
        assert!(text.starts_with(&joined));
        assert!((20..=26).contains(&joined.len()), "{joined:?} in two seconds");
        assert!(dealt.iter().all(|piece| !piece.ends_with(' ')));
        assert_eq!(format!("{joined}{}", words.end()), text);
    }

    #[test]
    fn words_that_come_late_go_with_the_sound_that_follows() {
        let mut words = Words::new();
        assert_eq!(words.sound(1.0), "");
        words.write("Ten o'clock. ");
        assert_eq!(words.sound(0.1), "Ten o'clock.");
        assert_eq!(words.end(), " ");
    }

    #[test]
    fn the_pace_of_a_voice_is_learnt() {
        let mut words = Words::new();
        for _ in 0..20 {
            words.begin();
            words.write(&"word ".repeat(40));
            words.sound(10.0);
            words.end();
        }
        assert!((words.pace - 19.0).abs() < 0.5, "{}", words.pace);
    }
}
