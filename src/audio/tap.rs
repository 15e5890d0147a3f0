use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::SharedState;
use crate::base::Moment;

/// Samples in the tap: a second at [`crate::base::SPEAKER_RATE`]. When it is full, what is given
/// out is not recorded, and the reader sees a gap.
const TAP_RING: usize = 48_000;

/// Speaker callbacks that may wait for the reader: two and a half seconds at 5 ms.
const TAP_CALLS: usize = 512;

/// What one speaker callback was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// The position of its first sample at [`crate::base::SPEAKER_RATE`]: how many were output
    /// before, silence included. It jumps if the reader was too slow.
    pub at: u64,
    /// Number of samples given.
    pub len: u32,
    /// Microseconds of sound that the microphone had delivered by then, since the start. The only
    /// clock that both ends share.
    pub heard: u64,
    /// Whether it is more than silence.
    pub sounds: bool,
    /// Whether it is the first callback of a newly opened device.
    pub fresh: bool,
}

/// Never allocates, locks, waits or logs. Records what the playback edge outputs, including
/// earcons, fades and volume, as soon as somebody listens at the other end. Silence costs no
/// samples.
pub(super) struct TapEdge {
    samples: HeapProd<f32>,
    calls: HeapProd<Played>,
    /// Samples output, recorded or not.
    given: u64,
    /// Whether a new device was opened since the last recorded call.
    fresh: bool,
}

/// The reading end, for one thread.
pub struct Tap {
    samples: HeapCons<f32>,
    calls: HeapCons<Played>,
    shared: SharedState,
}

impl TapEdge {
    pub(super) fn new(shared: SharedState) -> (Self, Tap) {
        let (samples, heard) = HeapRb::new(TAP_RING).split();
        let (calls, told) = HeapRb::new(TAP_CALLS).split();
        let edge = Self { samples, calls, given: 0, fresh: true };
        (edge, Tap { samples: heard, calls: told, shared })
    }

    /// A new device was opened.
    pub(super) fn restart(&mut self) {
        self.fresh = true;
    }

    /// Records `pcm`, which is output `now`.
    pub(super) fn note(&mut self, pcm: &[f32], now: Option<Moment>, shared: &SharedState) {
        let at = self.given;
        self.given += pcm.len() as u64;
        if !shared.tapped() || pcm.is_empty() {
            return;
        }
        let sounds = pcm.iter().any(|sample| *sample != 0.0);
        if self.calls.is_full() || (sounds && self.samples.vacant_len() < pcm.len()) {
            return;
        }
        if sounds {
            self.samples.push_slice(pcm);
        }
        // After the samples, so that a reader that sees the call sees them.
        let len = u32::try_from(pcm.len()).unwrap_or(u32::MAX);
        let call = Played { at, len, heard: shared.heard(now), sounds, fresh: self.fresh };
        if self.calls.try_push(call).is_ok() {
            self.fresh = false;
        }
    }
}

impl Tap {
    /// Starts or stops recording what the speaker plays.
    pub fn open(&self, on: bool) {
        self.shared.set_tapped(on);
    }

    /// The next recorded call, with its samples in `pcm` if it sounds; else `pcm` is empty.
    pub fn next(&mut self, pcm: &mut Vec<f32>) -> Option<Played> {
        let call = self.calls.try_pop()?;
        pcm.clear();
        if call.sounds {
            pcm.resize(call.len as usize, 0.0);
            self.samples.pop_slice(pcm);
        }
        Some(call)
    }

    /// The speaker's device, and the path from it to the microphone.
    pub fn shared(&self) -> &SharedState {
        &self.shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Block, Path, path};
    use crate::base::{Epoch, LISTEN_RATE, Volume};

    fn speaking() -> Path {
        let path = path(Volume::new(50));
        path.shared.set_live(Epoch(1));
        path
    }

    fn pull(path: &mut Path, len: usize) {
        path.playback.pull(&mut vec![0.0; len]);
    }

    fn queue(path: &mut Path, level: f32) {
        path.feed.push(Block::new(Epoch(1), &[level; 240])).unwrap();
    }

    #[test]
    fn it_tells_what_was_given_out_and_when() {
        let mut path = speaking();
        path.tap.open(true);
        pull(&mut path, 100);
        path.capture.restart(LISTEN_RATE);
        path.capture.push(&[0.0; 160]);
        queue(&mut path, 0.5);
        pull(&mut path, 240);
        let mut pcm = Vec::new();
        let first = Played { at: 0, len: 100, heard: 0, sounds: false, fresh: true };
        assert_eq!((path.tap.next(&mut pcm), pcm.len()), (Some(first), 0));
        let second = Played { at: 100, len: 240, heard: 10_000, sounds: true, fresh: false };
        assert_eq!(path.tap.next(&mut pcm), Some(second));
        let gain = Volume::new(50).gain();
        assert_eq!(pcm, [0.5 * gain; 240], "the volume is in it");
        assert_eq!(path.tap.next(&mut pcm), None);
    }

    #[test]
    fn nobody_listens_and_nothing_is_noted() {
        let mut path = speaking();
        queue(&mut path, 0.5);
        pull(&mut path, 240);
        path.tap.open(true);
        queue(&mut path, 0.5);
        pull(&mut path, 240);
        let mut pcm = Vec::new();
        assert_eq!(path.tap.next(&mut pcm).unwrap().at, 240, "but it is counted");
    }

    #[test]
    fn a_slow_reader_sees_a_gap_and_what_comes_after_it_in_its_place() {
        let mut path = speaking();
        path.tap.open(true);
        for _ in 0..300 {
            queue(&mut path, 0.5);
            pull(&mut path, 240);
        }
        let mut pcm = Vec::new();
        let mut noted = 0;
        while let Some(call) = path.tap.next(&mut pcm) {
            assert_eq!((call.at, pcm.len()), (noted, 240));
            noted += 240;
        }
        assert_eq!(noted, TAP_RING as u64);
        queue(&mut path, 0.25);
        pull(&mut path, 240);
        assert_eq!(path.tap.next(&mut pcm).unwrap().at, 300 * 240);
        assert!(pcm[0] > 0.0 && pcm.len() == 240);
    }
}
