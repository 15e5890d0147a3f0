use std::f32::consts::TAU;
use std::sync::Arc;

use crate::base::SPEAKER_RATE;

/// A short sound that signals a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Earcon {
    /// Two rising notes: the ear is open.
    ListenStart,
    /// Two falling notes: the ear is shut.
    ListenEnd,
    /// A low double knock: something went wrong.
    Error,
    /// One bright note: a notice follows.
    Notice,
}

impl Earcon {
    const ALL: [Self; 4] = [Self::ListenStart, Self::ListenEnd, Self::Error, Self::Notice];

    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The sound: mono at [`SPEAKER_RATE`], at most 0.4 s, peak 0.1 (-20 dB).
    fn pcm(self) -> Arc<[f32]> {
        match self {
            Self::ListenStart => melody(&[(659.26, 0.09), (987.77, 0.14)], PEAK),
            Self::ListenEnd => melody(&[(987.77, 0.09), (659.26, 0.14)], PEAK),
            Self::Error => melody(&[(220.0, 0.12), (0.0, 0.04), (196.0, 0.18)], PEAK),
            Self::Notice => melody(&[(1046.5, 0.30)], PEAK),
        }
    }
}

/// -20 dB: noticed, not startling, and far below speech.
const PEAK: f32 = 0.1;

/// One round of the ring of a timer or alarm: mono at [`SPEAKER_RATE`], 2 s, two bursts and a rest,
/// peak 0.25 (-12 dB), repeatable without a seam. Played as ordinary blocks of an epoch, so
/// whatever stops a reply stops it.
pub fn ring_tone() -> Arc<[f32]> {
    let burst = [(880.0, 0.12), (1108.73, 0.12), (1318.51, 0.22)];
    let mut notes = Vec::new();
    for _ in 0..2 {
        notes.extend(burst);
        notes.push((0.0, 0.14));
    }
    notes.push((0.0, 0.8));
    melody(&notes, 0.25)
}

/// Notes of (frequency in Hz, length in s), each with a soft start and a bell-like end; frequency
/// 0 is a rest.
fn melody(notes: &[(f32, f32)], peak: f32) -> Arc<[f32]> {
    let rate = SPEAKER_RATE.0 as f32;
    let mut pcm = Vec::new();
    for &(frequency, seconds) in notes {
        let len = (seconds * rate) as usize;
        for n in 0..len {
            let t = n as f32 / rate;
            // A quiet octave on top makes a beep sound like a bell. The weights add up to one.
            let tone = 0.8 * (TAU * frequency * t).sin() + 0.2 * (TAU * 2.0 * frequency * t).sin();
            let attack = (t / 0.008).min(1.0);
            let release = (((len - n) as f32 / rate) / 0.012).min(1.0);
            pcm.push(peak * tone * attack * release * (-2.5 * t / seconds).exp());
        }
    }
    pcm.into()
}

/// The earcons inside the playback edge: the sounds, and the position in each.
pub(super) struct Chimes {
    slots: [Slot; Earcon::ALL.len()],
    busy: bool,
}

struct Slot {
    pcm: Arc<[f32]>,
    at: usize,
}

impl Chimes {
    pub(super) fn new() -> Self {
        // A slot that was played to its end is silent.
        let slot = |earcon: Earcon| {
            let pcm = earcon.pcm();
            Slot { at: pcm.len(), pcm }
        };
        Self { slots: Earcon::ALL.map(slot), busy: false }
    }

    /// Starts the earcons whose bits are set, from the beginning.
    pub(super) fn start(&mut self, bits: u32) {
        for (slot, earcon) in self.slots.iter_mut().zip(Earcon::ALL) {
            if bits & earcon.bit() != 0 {
                slot.at = 0;
                self.busy = true;
            }
        }
    }

    /// Adds the playing earcons to `out`, with a gain that moves smoothly from `gain` to `target`.
    pub(super) fn mix(&mut self, out: &mut [f32], gain: &mut f32, target: f32) {
        if !self.busy {
            *gain = target;
            return;
        }
        self.busy = false;
        let step = (target - *gain) / out.len().max(1) as f32;
        for slot in &mut self.slots {
            let mut factor = *gain;
            for (sample, chime) in out.iter_mut().zip(&slot.pcm[slot.at..]) {
                factor += step;
                *sample += chime * factor;
            }
            slot.at = (slot.at + out.len()).min(slot.pcm.len());
            self.busy |= slot.at < slot.pcm.len();
        }
        *gain = target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earcons_are_short_quiet_and_do_not_click() {
        for earcon in Earcon::ALL {
            let pcm = earcon.pcm();
            assert!(pcm.len() <= 19_200, "{earcon:?} is longer than 0.4 s");
            let peak = pcm.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
            assert!((0.03..=PEAK).contains(&peak), "{earcon:?} peaks at {peak}");
            assert!(pcm.first().is_some_and(|s| s.abs() < 1e-3));
            assert!(pcm.last().is_some_and(|s| s.abs() < 1e-3));
        }
    }

    #[test]
    fn the_ring_tone_is_two_seconds_and_loops_without_a_seam() {
        let pcm = ring_tone();
        assert_eq!(pcm.len().div_ceil(480), 200);
        assert!(pcm.first().is_some_and(|s| s.abs() < 1e-3));
        assert!(pcm[pcm.len() - 4_800..].iter().all(|s| *s == 0.0));
    }
}
