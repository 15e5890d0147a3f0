use super::Frame;

/// Says how likely a frame holds speech. Lives here and not with the listeners because engines
/// implement it and the two rooms do not know each other.
pub trait VoiceActivity {
    /// The probability, 0.0..=1.0, that `frame` holds speech, given the frames before it.
    fn score(&mut self, frame: &Frame) -> f32;

    /// Forgets the frames before.
    fn reset(&mut self);
}
