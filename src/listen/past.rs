use std::ops::Range;

/// The most recent sound, so that an utterance can begin before it was noticed.
///
/// A fixed-size ring: pushing never allocates.
#[derive(Debug)]
pub(super) struct Past {
    ring: Box<[f32]>,
    /// The position after the last sample.
    end: u64,
    /// The first position that may still be handed out.
    first: u64,
}

impl Past {
    /// Room for `samples`.
    pub(super) fn new(samples: u64) -> Self {
        let len = usize::try_from(samples.max(1)).unwrap_or(usize::MAX);
        Self { ring: vec![0.0; len].into_boxed_slice(), end: 0, first: 0 }
    }

    /// Changes the capacity, keeping as much of the sound as fits.
    pub(super) fn resize(&mut self, samples: u64) {
        let mut new = Self::new(samples);
        let kept = self.available(self.end.saturating_sub(samples));
        let mut pcm = Vec::new();
        self.copy(kept.clone(), &mut pcm);
        new.end = kept.start;
        new.push(&pcm);
        new.first = kept.start;
        *self = new;
    }

    /// Adds the next samples.
    pub(super) fn push(&mut self, pcm: &[f32]) {
        let len = self.ring.len();
        let skipped = pcm.len().saturating_sub(len);
        let at = ((self.end + skipped as u64) % len as u64) as usize;
        let pcm_kept = &pcm[skipped..];
        let (head, tail) = pcm_kept.split_at(pcm_kept.len().min(len - at));
        self.ring[at..at + head.len()].copy_from_slice(head);
        self.ring[..tail.len()].copy_from_slice(tail);
        self.end += pcm.len() as u64;
    }

    /// The position after the last sample.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The positions from `wanted` on that are still available.
    pub(super) fn available(&self, wanted: u64) -> Range<u64> {
        let oldest = self.end.saturating_sub(self.ring.len() as u64);
        wanted.max(oldest).max(self.first).min(self.end)..self.end
    }

    /// Appends the samples at `range` to `out`, as far as they are available.
    pub(super) fn copy(&self, range: Range<u64>, out: &mut Vec<f32>) {
        let start = self.available(range.start).start;
        let count = range.end.min(self.end).saturating_sub(start) as usize;
        let len = self.ring.len();
        let at = (start % len as u64) as usize;
        let head = count.min(len - at);
        out.extend_from_slice(&self.ring[at..at + head]);
        out.extend_from_slice(&self.ring[..count - head]);
    }

    /// Hands out nothing from before `position` any more, because it belongs to an earlier
    /// utterance or to the time before a mute.
    pub(super) fn forget_before(&mut self, position: u64) {
        self.first = self.first.max(position);
    }

    /// Forgets everything and continues at `position`.
    pub(super) fn restart(&mut self, position: u64) {
        self.end = position;
        self.first = position;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(range: Range<u64>) -> Vec<f32> {
        range.map(|n| n as f32).collect()
    }

    #[test]
    fn gives_back_what_fits_and_no_more() {
        let mut past = Past::new(10);
        past.push(&ramp(0..7));
        past.push(&ramp(7..25));
        past.push(&ramp(25..28));
        let mut out = Vec::new();
        past.copy(0..28, &mut out);
        assert_eq!(out, ramp(18..28));
        out.clear();
        past.copy(20..23, &mut out);
        assert_eq!(out, ramp(20..23));
        assert_eq!(past.available(3), 18..28);
    }

    #[test]
    fn keeps_its_sound_when_resized() {
        let mut past = Past::new(10);
        past.push(&ramp(0..28));
        past.forget_before(20);
        past.resize(30);
        past.push(&ramp(28..31));
        let mut out = Vec::new();
        past.copy(0..31, &mut out);
        assert_eq!(out, ramp(20..31));
    }

    #[test]
    fn forgets_what_was_before_a_restart() {
        let mut past = Past::new(10);
        past.push(&ramp(0..8));
        past.restart(100);
        past.push(&ramp(100..103));
        let mut out = Vec::new();
        past.copy(0..200, &mut out);
        assert_eq!(out, ramp(100..103));
    }
}
