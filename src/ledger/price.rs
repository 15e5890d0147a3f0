use crate::engine::Usage;

/// The price of a model, in the user's currency. Tokens and characters per million; unset prices
/// are free.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Price {
    /// A million text tokens read.
    pub text_in: f64,
    /// A million audio tokens heard.
    pub audio_in: f64,
    /// A million image tokens seen.
    pub image_in: f64,
    /// A million cached tokens.
    pub cached_in: f64,
    /// A million text tokens written.
    pub text_out: f64,
    /// A million audio tokens spoken.
    pub audio_out: f64,
    /// A million image tokens made.
    pub image_out: f64,
    /// A minute of sound heard.
    pub minute: f64,
    /// A million characters spoken.
    pub characters: f64,
    /// A picture.
    pub picture: f64,
}

impl Price {
    /// The cost of `usage`, to a millionth.
    pub fn of(&self, usage: &Usage) -> f64 {
        // Counts stay far below 2^52, so the casts are exact.
        let millions = [
            (usage.text_in, self.text_in),
            (usage.audio_in, self.audio_in),
            (usage.image_in, self.image_in),
            (usage.cached_in, self.cached_in),
            (usage.text_out, self.text_out),
            (usage.audio_out, self.audio_out),
            (usage.image_out, self.image_out),
            (usage.characters, self.characters),
        ];
        let tokens: f64 = millions.iter().map(|(count, price)| *count as f64 * price / 1e6).sum();
        let cost =
            tokens + usage.seconds_in / 60.0 * self.minute + usage.pictures as f64 * self.picture;
        (cost * 1e6).round() / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_has_its_price() {
        let price = Price {
            text_in: 2.0,
            cached_in: 0.5,
            text_out: 8.0,
            minute: 0.006,
            characters: 15.0,
            picture: 0.04,
            ..Price::default()
        };
        let usage = Usage {
            text_in: 500_000,
            cached_in: 1_000_000,
            text_out: 250_000,
            audio_in: 9_999,
            seconds_in: 600.0,
            characters: 100_000,
            pictures: 2,
            ..Usage::default()
        };
        assert!((price.of(&usage) - (1.0 + 0.5 + 2.0 + 0.06 + 1.5 + 0.08)).abs() < 1e-9);
    }
}
