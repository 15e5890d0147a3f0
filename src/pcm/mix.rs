use super::sane;

/// Below this share of the channels' mean power, their average has lost the sound: -13 dB.
/// Uncorrelated channels keep half of it, which is -3 dB.
const CANCELLED: f32 = 0.05;

/// Power below which nothing is concluded: -60 dB of full scale.
const SILENT: f32 = 1e-6;

/// Mixes channels down to one: their average, or the loudest of them if they cancel out, as with
/// two microphones wired in opposite polarity.
#[derive(Debug)]
pub(crate) struct Mixer {
    channels: usize,
    /// The only channel used.
    alone: Option<usize>,
}

impl Mixer {
    /// For interleaved frames of `channels` samples.
    pub(crate) fn new(channels: usize) -> Self {
        Self { channels: channels.max(1), alone: None }
    }

    /// Appends one sample per whole frame of `frames`.
    pub(crate) fn mix(&mut self, frames: &[f32], out: &mut Vec<f32>) {
        let frames = frames.chunks_exact(self.channels);
        if self.channels > 1 && self.alone.is_none() {
            self.alone = self.cancelled(frames.clone());
        }
        match self.alone {
            Some(channel) => out.extend(frames.map(|frame| sane(frame[channel]))),
            None => {
                let scale = 1.0 / self.channels as f32;
                out.extend(frames.map(|frame| sane(frame.iter().sum::<f32>() * scale)));
            }
        }
    }

    /// A warning if one channel replaces all.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        self.alone.map(|_| "has channels that cancel each other out; the loudest one was used")
    }

    /// The loudest channel, if the average of all loses nearly everything.
    fn cancelled<'f>(&self, frames: impl Iterator<Item = &'f [f32]>) -> Option<usize> {
        let mut power = vec![0.0f32; self.channels];
        let (mut mixed, mut count) = (0.0f32, 0usize);
        for frame in frames {
            let mut sum = 0.0;
            for (power, sample) in power.iter_mut().zip(frame) {
                let sample = sane(*sample);
                *power += sample * sample;
                sum += sample;
            }
            let mean = sum / self.channels as f32;
            mixed += mean * mean;
            count += 1;
        }
        // `max_by` returns the last of equals, and that must be the first channel.
        let loudest = (0..self.channels).rev().max_by(|a, b| power[*a].total_cmp(&power[*b]))?;
        // Silent channels, common in surround files, take nothing away.
        let sounding = power.iter().filter(|power| **power > power_floor(count)).count();
        let mean = power.iter().sum::<f32>() / self.channels as f32;
        let expected = mean * sounding as f32 / self.channels as f32;
        (sounding > 1 && mixed < expected * CANCELLED).then_some(loudest)
    }
}

fn power_floor(count: usize) -> f32 {
    SILENT * count as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(frames: &[[f32; 2]]) -> (Vec<f32>, bool) {
        let mut mixer = Mixer::new(2);
        let mut out = Vec::new();
        mixer.mix(frames.as_flattened(), &mut out);
        (out, mixer.warning().is_some())
    }

    #[test]
    fn channels_are_averaged_unless_they_cancel_each_other_out() {
        let wave: Vec<f32> = (0..100).map(|n| (n as f32 / 5.0).sin() * 0.5).collect();
        let frames = |right: fn(f32) -> f32| -> Vec<[f32; 2]> {
            wave.iter().map(|left| [*left, right(*left)]).collect()
        };
        assert_eq!(mixed(&frames(|left| left)), (wave.clone(), false));
        assert_eq!(mixed(&frames(|left| -left)), (wave.clone(), true));
        assert_eq!(mixed(&frames(|left| -0.9 * left)), (wave.clone(), true));
        let half: Vec<f32> = wave.iter().map(|left| left / 2.0).collect();
        assert_eq!(mixed(&frames(|_| 0.0)), (half, false));
        assert_eq!(mixed(&[[f32::NAN, 0.5], [4.0, 0.0]]).0, [0.0, 1.0]);
    }
}
