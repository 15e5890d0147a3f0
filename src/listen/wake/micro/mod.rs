//! microWakeWord models: small networks that estimate every 30 ms how likely the word has just been
//! said.
//!
//! ```text
//! file ─▶ flat ─▶ Graph ─▶ Plan (steps) ─▶ Network     Feature × 3 ─▶ Network ─▶ mean of the last five ─▶ score
//! ```
//!
//! **Invariant:** a broken file is an error when it is read, never a panic then or later.
//! **Invariant:** hearing allocates nothing.
//! Deliberately absent: any other kind of TensorFlow Lite model.

mod flat;
mod graph;
mod kernel;
mod network;
mod plan;
mod step;

use self::network::Network;
use super::features::{CHANNELS, Feature, UNIT};

/// Values whose mean is the score, as in the files that describe the models.
const MEAN: usize = 5;

/// A model that listens.
pub struct Micro {
    network: Network,
    /// Features for the next run, and how many there are.
    waiting: Vec<f32>,
    /// The last probabilities, a ring with the oldest next to be replaced, and how many came so
    /// far.
    recent: [f32; MEAN],
    runs: usize,
}

impl Micro {
    /// Parses a model.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        let network = Network::read(file)?;
        let inputs = network.inputs();
        if inputs == 0 || !inputs.is_multiple_of(CHANNELS) || inputs > 100 * CHANNELS {
            return Err(format!("it hears {inputs} values at once and not a few times {CHANNELS}"));
        }
        let waiting = Vec::with_capacity(inputs);
        Ok(Self { network, waiting, recent: [0.0; MEAN], runs: 0 })
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.network.reset();
        self.waiting.clear();
        (self.recent, self.runs) = ([0.0; MEAN], 0);
    }

    /// Takes the next feature. Every third time, with the current models, it returns how likely the
    /// word has just been said, 0.0..=1.0.
    pub fn hear(&mut self, feature: &Feature) -> Option<f32> {
        self.waiting.extend(feature.iter().map(|value| f32::from(*value) * UNIT));
        if self.waiting.len() < self.network.inputs() {
            return None;
        }
        let probability = self.network.run(self.waiting.drain(..));
        self.recent[self.runs % MEAN] = probability;
        self.runs += 1;
        let whole = self.runs >= MEAN;
        Some(if whole { self.recent.iter().sum::<f32>() / MEAN as f32 } else { 0.0 })
    }
}
