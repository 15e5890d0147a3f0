use std::collections::VecDeque;

use super::lens::LENS;
use super::{DESCRIBED, Embedding, HOP, SharedEmbedder, lock};
use crate::base::{FRAME_SAMPLES, LISTEN_RATE};

/// Samples kept: as much as a word may be older than the gate's notice of its voice, and what its
/// first embedding describes.
const KEPT: usize = 3 * LISTEN_RATE.0 as usize / 2;

/// The last sound, and what it is like.
pub(in crate::listen::wake) struct Window {
    embedder: SharedEmbedder,
    pcm: VecDeque<f32>,
    /// Samples since the last embedding.
    fresh: usize,
    /// Whether a failure of the model was logged.
    told: bool,
    /// For the model, so that no embedding allocates it.
    whole: Vec<f32>,
}

impl Window {
    pub(in crate::listen::wake) fn new(embedder: SharedEmbedder) -> Self {
        let pcm = VecDeque::from(vec![0.0; KEPT]);
        Self { embedder, pcm, fresh: 0, told: false, whole: Vec::with_capacity(KEPT) }
    }

    /// Forgets the sound.
    pub(in crate::listen::wake) fn reset(&mut self) {
        self.pcm.iter_mut().for_each(|sample| *sample = 0.0);
    }

    /// Takes the next frame.
    pub(in crate::listen::wake) fn hear(&mut self, samples: &[f32; FRAME_SAMPLES]) {
        self.pcm.drain(..FRAME_SAMPLES);
        self.pcm.extend(samples);
        self.fresh += FRAME_SAMPLES;
    }

    /// What all of the sound is like, oldest first.
    pub(in crate::listen::wake) fn all(&mut self) -> Vec<Embedding> {
        // A whole number of steps, so that the last of them ends now.
        self.seen(DESCRIBED + (KEPT - DESCRIBED) / HOP * HOP)
    }

    /// What the end of the sound is like, once every [`HOP`].
    pub(in crate::listen::wake) fn next(&mut self) -> Option<Embedding> {
        if self.fresh < HOP { None } else { self.seen(DESCRIBED).pop() }
    }

    /// The embeddings of the last `length` samples.
    fn seen(&mut self, length: usize) -> Vec<Embedding> {
        self.fresh = 0;
        self.whole.clear();
        self.whole.extend(self.pcm.range(KEPT - length..));
        let seen = lock(&self.embedder).embed(&self.whole).unwrap_or_else(|why| {
            if !std::mem::replace(&mut self.told, true) {
                tracing::warn!("no wake word of one's own is heard: {why}");
            }
            Vec::new()
        });
        seen.iter().map(|seen| LENS.look(seen)).collect()
    }
}
