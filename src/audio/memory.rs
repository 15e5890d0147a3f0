/// Samples remembered: 1.5 s at 48 kHz, longer than any word.
const ROOM: usize = 72_000;

/// The last samples that a reply has given out, so that it can resume from the beginning of a word.
///
/// Never allocates after it is created.
pub(super) struct Memory {
    ring: Box<[f32]>,
    /// Samples remembered of the epoch, and given out by its count.
    kept: usize,
    end: u64,
    /// Where it is replaying, if it is.
    at: Option<u64>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { ring: vec![0.0; ROOM].into_boxed_slice(), kept: 0, end: 0, at: None }
    }

    /// Another epoch begins.
    pub(super) fn clear(&mut self) {
        (self.kept, self.end, self.at) = (0, 0, None);
    }

    /// Remembers samples that were given out.
    pub(super) fn keep(&mut self, samples: &[f32]) {
        for piece in samples.chunks(ROOM) {
            let at = (self.end % ROOM as u64) as usize;
            let (head, tail) = piece.split_at(piece.len().min(ROOM - at));
            self.ring[at..at + head.len()].copy_from_slice(head);
            self.ring[..tail.len()].copy_from_slice(tail);
            self.end += piece.len() as u64;
        }
        self.kept = (self.kept + samples.len()).min(ROOM);
    }

    /// Goes back to sample `from` of the epoch, as far as it is remembered.
    pub(super) fn rewind(&mut self, from: u64) {
        let oldest = self.end - self.kept as u64;
        let now = self.at.unwrap_or(self.end);
        let from = from.min(now).max(oldest);
        self.at = (from < self.end).then_some(from);
    }

    /// The next replayed sample; `None` when the replay is over.
    pub(super) fn next(&mut self) -> Option<f32> {
        let at = self.at?;
        self.at = (at + 1 < self.end).then_some(at + 1);
        Some(self.ring[(at % ROOM as u64) as usize])
    }

    /// Whether something is being replayed.
    pub(super) fn plays(&self) -> bool {
        self.at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_back_as_far_as_it_remembers() {
        let mut memory = Memory::new();
        assert_eq!(memory.next(), None);
        memory.keep(&[1.0, 2.0, 3.0, 4.0]);
        memory.rewind(2);
        assert_eq!((memory.next(), memory.next(), memory.next()), (Some(3.0), Some(4.0), None));
        memory.rewind(4);
        assert!(!memory.plays());
        // Paused again on the way: it never goes forward.
        memory.rewind(1);
        assert_eq!(memory.next(), Some(2.0));
        memory.rewind(3);
        assert_eq!(memory.next(), Some(3.0));
        memory.keep(&vec![5.0; ROOM]);
        memory.rewind(0);
        assert_eq!(std::iter::from_fn(|| memory.next()).count(), ROOM);
        memory.clear();
        memory.rewind(0);
        assert_eq!(memory.next(), None);
    }
}
