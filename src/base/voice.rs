use super::Frame;

/// Scores how likely a frame contains speech. Defined here and not in `listen`, because engines
/// implement it and the two rooms do not import each other.
pub trait VoiceActivity {
    /// The probability, 0.0..=1.0, that `frame` contains speech, given the previous frames.
    fn score(&mut self, frame: &Frame) -> f32;

    /// Forgets the previous frames.
    fn reset(&mut self);
}
