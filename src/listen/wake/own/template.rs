use super::lens::LENS;
use super::sample::{Sample, samples};
use super::track::Track;
use super::{DESCRIBED, Embedder, Embedding, HOP, VALUES};

/// The score at which the distance is the word's own limit, which is the cutoff at a sensitivity
/// of 0.5.
pub const AT_HALF: f32 = 0.5;

/// The distance up to which two recordings are of the same word. Of the same word by different
/// people 80 % are nearer than 0.35, of different words 0.1 %.
pub const ALIKE: f32 = 0.38;

/// The limit: this, and as much as the recordings differ among themselves, at most [`FARTHEST`].
/// Chosen in a sketch of this in Python on 165 voices (human recordings and synthetic ones, each at other speeds and pitches, in
/// rooms, with noise) with four recordings and ten calls each: 1.2 % of the calls were missed, 2.1 %
/// of those that a sentence followed at once, and 9 of 31,335 other recordings were taken for the
/// word, mostly its rhymes in the same voice. `scripts/wake-own` measures a smaller set.
const NEAR: f32 = 0.14;
const FARTHEST: f32 = 0.30;
/// Recordings that are nearly the same do not say how it will be said tomorrow.
const NEAREST: f32 = 0.17;

/// The change of distance that makes the odds 2.7 times higher: a sensitivity of 1 allows 0.04
/// more than the limit, one of 0 wants 0.13 less.
const SCALE: f32 = 0.025;

/// The first embedding of a recording ends this long after its voice begins, and the last after it
/// ends, in milliseconds. A later end is less often mistaken, but when a command follows in the
/// same breath its first word is in it: with 200 ms, 4.0 % of those calls were missed.
const FIRST: u32 = 300;
const LAST: u32 = 120;
/// Steps of the shortest recording, so that a moment's likeness is not enough.
const LEAST: usize = 3;

/// A word as its recordings have it.
pub struct Template {
    tracks: Vec<Track>,
    limit: f32,
    /// Samples of the longest recording's voice.
    longest: usize,
}

impl Template {
    /// A template of some recordings of one word.
    ///
    /// # Errors
    /// Why the model failed.
    pub fn new(recordings: &[Sample], embedder: &mut dyn Embedder) -> Result<Self, String> {
        let rows: Vec<Vec<Embedding>> =
            recordings.iter().map(|sample| rows(sample, embedder)).collect::<Result<_, _>>()?;
        let tracks: Vec<Track> = rows.into_iter().map(Track::new).collect();
        let voice = |sample: &Sample| sample.voice().1 - sample.voice().0;
        let longest = recordings.iter().map(voice).max().unwrap_or(0);
        let mut template = Self { tracks, limit: FARTHEST, longest };
        if recordings.len() > 1 {
            let mut spread = 0.0;
            for (at, recording) in recordings.iter().enumerate() {
                spread += template.distance_without(recording, Some(at), embedder)?;
            }
            let spread = spread / recordings.len() as f32;
            template.limit = (NEAR + spread).clamp(NEAREST, FARTHEST);
        }
        Ok(template)
    }

    /// How far another recording is from the nearest of this word's, 0.0..=2.0.
    ///
    /// # Errors
    /// Why the model failed.
    pub fn distance(&mut self, other: &Sample, embedder: &mut dyn Embedder) -> Result<f32, String> {
        self.distance_without(other, None, embedder)
    }

    fn distance_without(
        &mut self,
        other: &Sample,
        without: Option<usize>,
        embedder: &mut dyn Embedder,
    ) -> Result<f32, String> {
        let seen = embedder.embed(other.pcm())?;
        let mut nearest = f32::INFINITY;
        for (at, track) in self.tracks.iter_mut().enumerate() {
            if Some(at) != without {
                track.reset();
                let steps = seen.iter().map(|seen| track.hear(&LENS.look(seen)));
                nearest = steps.fold(nearest, f32::min);
            }
            track.reset();
        }
        // A recording too short to be passed is as far as can be.
        Ok(nearest.min(2.0))
    }

    /// The distance at which it counts as called at a sensitivity of 0.5.
    pub fn limit(&self) -> f32 {
        self.limit
    }

    /// The longest that its utterance takes, in samples.
    pub(in crate::listen::wake) fn length(&self) -> u64 {
        // Spoken slowly, and noticed a little late.
        (self.longest * 5 / 4 + samples(LAST + 300)) as u64
    }

    /// Forgets what was heard.
    pub(in crate::listen::wake) fn reset(&mut self) {
        self.tracks.iter_mut().for_each(Track::reset);
    }

    /// Takes the next step, through the lens: how likely the word has just been said, 0.0..=1.0.
    pub(in crate::listen::wake) fn hear(&mut self, seen: &[f32; VALUES]) -> f32 {
        let distances = self.tracks.iter_mut().map(|track| track.hear(seen));
        certainty(distances.fold(f32::INFINITY, f32::min), self.limit)
    }
}

/// How certain a distance makes it, 0.0..=1.0: [`AT_HALF`] at `limit`.
pub fn certainty(distance: f32, limit: f32) -> f32 {
    1.0 / (1.0 + ((distance - limit) / SCALE).exp())
}

/// What a recording is like, from the first to the last of its steps.
fn rows(sample: &Sample, embedder: &mut dyn Embedder) -> Result<Vec<Embedding>, String> {
    let (from, to) = sample.voice();
    let last = to + samples(LAST);
    let first = (from + samples(FIRST)).min(last - (LEAST - 1) * HOP).max(DESCRIBED);
    let seen = embedder.embed(&sample.pcm()[first - DESCRIBED..last])?;
    Ok(seen.iter().map(|seen| LENS.look(seen)).collect())
}
