use crate::base::{FRAME_SAMPLES, Frame, LISTEN_RATE, VoiceActivity};

/// The shortest and the longest word, in milliseconds of voice. Shorter ones occur in other words;
/// longer ones are sentences.
pub const SHORTEST_WORD: u32 = 250;
/// See [`SHORTEST_WORD`].
pub const LONGEST_WORD: u32 = 1_800;

/// Milliseconds kept before and after the voice.
const BEFORE: u32 = 500;
const AFTER: u32 = 300;

/// Probability above which a frame is voice, Silero's usual one.
const VOICE: f32 = 0.5;
/// Voice beside a longer silence than this, in milliseconds, is not part of the word.
const GAP: u32 = 400;
/// The least level of the voice's loudest 100 ms, about -46 dBFS: below that the noise of the room
/// is part of every recording.
const QUIET: f32 = 0.005;
/// What stands for a room where a recording has none: -80 dBFS.
const FAINT: f32 = 0.0001;

/// One recording of a word, cut to its voice with some room around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// 16 kHz, -1.0..=1.0.
    pcm: Vec<f32>,
    /// Samples of voice; they begin [`BEFORE`].
    voice: usize,
}

/// Why a recording is not one of a word. As the rest of a sentence that begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No voice.
    #[error("has no voice in it")]
    Silent,
    /// A voice, far away.
    #[error("is too quiet")]
    Quiet,
    /// Less voice than [`SHORTEST_WORD`].
    #[error("is too short for a wake word")]
    Short,
    /// More than [`LONGEST_WORD`].
    #[error("is too long: it must be the word and nothing else")]
    Long,
}

impl Sample {
    /// Finds the word in a recording, 16 kHz in -1.0..=1.0. `judge` tells voice.
    ///
    /// # Errors
    /// When it holds no word, or too much.
    pub fn of(pcm: &[f32], judge: &mut dyn VoiceActivity) -> Result<Self, Unfit> {
        let (from, to) = voiced(pcm, judge).ok_or(Unfit::Silent)?;
        let loudest = pcm[from..to].chunks(samples(100)).map(level).fold(0.0, f32::max);
        if loudest < QUIET {
            return Err(Unfit::Quiet);
        }
        if to - from < samples(SHORTEST_WORD) {
            return Err(Unfit::Short);
        }
        if to - from > samples(LONGEST_WORD) {
            return Err(Unfit::Long);
        }
        let (before, after) = (samples(BEFORE), samples(AFTER));
        let start = from.saturating_sub(before);
        let end = pcm.len().min(to + after);
        let mut kept = faint(before - (from - start));
        kept.extend_from_slice(&pcm[start..end]);
        kept.extend(faint(to + after - end));
        Ok(Self { pcm: kept, voice: to - from })
    }

    /// The sound to keep: the voice, half a second before it and 0.3 s after it.
    pub fn pcm(&self) -> &[f32] {
        &self.pcm
    }

    /// The length of its voice in seconds.
    pub fn seconds(&self) -> f32 {
        self.voice as f32 / LISTEN_RATE.0 as f32
    }

    /// Where the voice begins and ends in [`Sample::pcm`].
    pub(super) fn voice(&self) -> (usize, usize) {
        (samples(BEFORE), samples(BEFORE) + self.voice)
    }
}

/// Where the first and the last voice of the longest stretch begins and ends.
fn voiced(pcm: &[f32], judge: &mut dyn VoiceActivity) -> Option<(usize, usize)> {
    judge.reset();
    // The model scores what has just ended; a moment of silence lets the last of it be scored.
    let silence = [0.0; 4 * FRAME_SAMPLES];
    let mut padded = pcm.to_vec();
    padded.extend(silence);
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for (n, samples_) in padded.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        let start = n * FRAME_SAMPLES;
        if judge.score(&Frame { start: start as u64, samples: *samples_ }) < VOICE {
            continue;
        }
        let end = (start + FRAME_SAMPLES).min(pcm.len());
        match stretches.last_mut() {
            Some((_, last)) if start.saturating_sub(*last) <= samples(GAP) => *last = end,
            Some(_) | None => stretches.push((start.min(end), end)),
        }
    }
    judge.reset();
    stretches.into_iter().max_by_key(|(from, to)| to - from).filter(|(from, to)| from < to)
}

/// The root mean square.
fn level(pcm: &[f32]) -> f32 {
    (pcm.iter().map(|s| s * s).sum::<f32>() / pcm.len().max(1) as f32).sqrt()
}

/// A room in which nothing sounds.
fn faint(samples: usize) -> Vec<f32> {
    let mut seed = 1u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(seed) / f64::from(u32::MAX) - 0.5) as f32 * 2.0 * FAINT
    };
    (0..samples).map(|_| next()).collect()
}

/// Milliseconds as samples.
pub(super) const fn samples(ms: u32) -> usize {
    ms as usize * LISTEN_RATE.0 as usize / 1000
}
