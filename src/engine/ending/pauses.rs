use std::collections::VecDeque;

/// Pauses remembered.
const REMEMBERED: usize = 24;
/// Pauses from which on they tell something about the speaker.
const ENOUGH: usize = 6;

/// The pauses that a speaker makes within a turn.
#[derive(Clone, Debug, Default)]
pub struct Pauses {
    /// In milliseconds, oldest first.
    lengths: VecDeque<u32>,
}

impl Pauses {
    /// The speaker went on after a pause of `ms`.
    pub fn note(&mut self, ms: u32) {
        if self.lengths.len() == REMEMBERED {
            self.lengths.pop_front();
        }
        self.lengths.push_back(ms);
    }

    /// The pause, in milliseconds, that nine of ten of theirs do not exceed; `None` while too few
    /// are known.
    pub fn usual_ms(&self) -> Option<u32> {
        if self.lengths.len() < ENOUGH {
            return None;
        }
        let mut sorted: Vec<u32> = self.lengths.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() * 9 / 10).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_speaker_is_known_after_some_pauses() {
        let mut pauses = Pauses::default();
        for ms in [300, 900, 400, 350, 320] {
            pauses.note(ms);
        }
        assert_eq!(pauses.usual_ms(), None);
        pauses.note(500);
        assert_eq!(pauses.usual_ms(), Some(900));
        for _ in 0..100 {
            pauses.note(250);
        }
        assert_eq!(pauses.usual_ms(), Some(250));
    }
}
