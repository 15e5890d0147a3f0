use super::Chunk;
use crate::base::Rate;

/// Characters per second below which no voice stays for long. English is spoken at about 15 (150
/// words a minute of 6 letters, including the space), so words count as said a little late, and
/// never early.
const SLOWEST: f64 = 12.0;

/// Aligns words with sound that carries no timestamps: a word is handed out with the sound by whose
/// end it was certainly said.
#[derive(Clone, Debug)]
pub struct Pacing {
    /// Words not handed out yet.
    text: String,
    /// Characters handed out.
    said: usize,
    /// Seconds of sound so far.
    seconds: f64,
    /// Characters per second.
    slowest: f64,
}

impl Default for Pacing {
    fn default() -> Self {
        Self::at_speed(1.0)
    }
}

impl Pacing {
    /// For a voice that speaks `speed` times as fast as usual.
    pub fn at_speed(speed: f64) -> Self {
        Self { text: String::new(), said: 0, seconds: 0.0, slowest: SLOWEST * speed }
    }

    /// Adds words that the sound says or will say.
    pub fn words(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds sound; the chunk carries the words completed by its end, if any.
    pub fn sound(&mut self, pcm: Vec<f32>, rate: Rate) -> Chunk {
        self.seconds += pcm.len() as f64 / f64::from(rate.0.max(1));
        // Far below the range of usize, and never negative.
        let over = ((self.seconds * self.slowest) as usize).saturating_sub(self.said);
        let text = self.take(over);
        Chunk { pcm, rate, text }
    }

    /// The sound has ended, and with it all remaining words; `None` if there are none.
    pub fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.text);
        self.said += rest.chars().count();
        (!rest.is_empty()).then_some(rest)
    }

    /// The whole words in the next `over` characters, each with the space after it.
    fn take(&mut self, over: usize) -> String {
        let mut end = 0;
        for (count, (at, c)) in self.text.char_indices().enumerate() {
            if count >= over {
                break;
            }
            if c.is_whitespace() {
                end = at + c.len_utf8();
            }
        }
        let rest = self.text.split_off(end);
        let taken = std::mem::replace(&mut self.text, rest);
        self.said += taken.chars().count();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate(24_000);

    fn second() -> Vec<f32> {
        vec![0.0; 24_000]
    }

    #[test]
    fn words_come_with_the_sound_that_has_said_them_and_none_is_lost() {
        let mut pacing = Pacing::default();
        let text = "It will rain in Paris until the evening.";
        pacing.words(text);
        assert_eq!(pacing.sound(vec![0.0; 240], RATE).text, "");
        let mut said = String::new();
        for _ in 0..2 {
            said.push_str(&pacing.sound(second(), RATE).text);
        }
        assert_eq!(said, "It will rain in Paris ");
        said.push_str(&pacing.rest().unwrap());
        assert_eq!(said, text);
        assert_eq!(pacing.rest(), None);
    }

    #[test]
    fn words_that_come_after_their_sound_are_not_held_back() {
        let mut pacing = Pacing::default();
        pacing.sound(second(), RATE);
        pacing.words("Yes. And no.");
        assert_eq!(pacing.sound(Vec::new(), RATE).text, "Yes. And ");
    }
}
