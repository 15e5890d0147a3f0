use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use super::RateError;
use crate::base::Rate;

/// Changes the rate of a mono stream, piece by piece.
///
/// The delay of the filter (half a block, 5 ms at ordinary rates) is cut off at the start and made
/// up by [`Resampler::flush`], so a stream of `n` samples becomes exactly `ceil(n * to / from)`
/// samples, aligned in time.
pub struct Resampler {
    from: Rate,
    to: Rate,
    /// `None` if the rates are equal.
    core: Option<Core>,
}

struct Core {
    blocks: BlockResampler,
    /// Input samples waiting for a whole block.
    held: Vec<f32>,
    /// Samples of filter delay still to be cut off.
    skip: usize,
    /// Samples in and samples out.
    taken: u64,
    given: u64,
}

impl Resampler {
    /// A stream from one rate to another, each 1 Hz to 768 kHz.
    ///
    /// # Errors
    /// When a rate is out of range.
    pub fn new(from: Rate, to: Rate) -> Result<Self, RateError> {
        if [from, to].iter().any(|rate| !(1..=768_000).contains(&rate.0)) {
            return Err(RateError { from, to });
        }
        let core = if from == to { None } else { Some(Core::new(from, to)?) };
        Ok(Self { from, to, core })
    }

    /// The input rate.
    pub fn from(&self) -> Rate {
        self.from
    }

    /// The output rate.
    pub fn to(&self) -> Rate {
        self.to
    }

    /// Takes `pcm` and appends the finished output to `out`: all but about the last block.
    pub fn push(&mut self, pcm: &[f32], out: &mut Vec<f32>) {
        match &mut self.core {
            Some(core) => core.push(pcm, out),
            None => out.extend_from_slice(pcm),
        }
    }

    /// Appends the rest to `out` and starts afresh.
    pub fn flush(&mut self, out: &mut Vec<f32>) {
        let (from, to) = (u64::from(self.from.0), u64::from(self.to.0));
        if let Some(core) = &mut self.core {
            core.flush((core.taken * to).div_ceil(from), out);
        }
    }

    /// Drops the rest and starts afresh.
    pub fn reset(&mut self) {
        if let Some(core) = &mut self.core {
            core.reset();
        }
    }

    /// Converts a whole clip at once.
    ///
    /// # Errors
    /// As [`Resampler::new`].
    pub fn convert(pcm: &[f32], from: Rate, to: Rate) -> Result<Vec<f32>, RateError> {
        let mut stream = Self::new(from, to)?;
        let mut out = Vec::new();
        stream.push(pcm, &mut out);
        stream.flush(&mut out);
        Ok(out)
    }
}

impl Core {
    fn new(from: Rate, to: Rate) -> Result<Self, RateError> {
        let blocks = BlockResampler::new(from, to)?;
        let skip = blocks.delay();
        Ok(Self { blocks, held: Vec::new(), skip, taken: 0, given: 0 })
    }

    fn push(&mut self, pcm: &[f32], out: &mut Vec<f32>) {
        self.taken += pcm.len() as u64;
        self.held.extend_from_slice(pcm);
        let block = self.blocks.input().len();
        let whole = self.held.len() / block * block;
        for start in (0..whole).step_by(block) {
            self.blocks.input().copy_from_slice(&self.held[start..start + block]);
            let made = self.blocks.convert();
            let skip = self.skip.min(made.len());
            self.skip -= skip;
            self.given += (made.len() - skip) as u64;
            out.extend_from_slice(&made[skip..]);
        }
        self.held.drain(..whole);
    }

    fn flush(&mut self, wanted: u64, out: &mut Vec<f32>) {
        let end = out.len() + usize::try_from(wanted - self.given.min(wanted)).unwrap_or(0);
        let silence = vec![0.0; self.blocks.input().len()];
        while out.len() < end {
            self.push(&silence, out);
        }
        // The total length is known exactly; whatever the last block produced beyond it is padding.
        // A stream may also have been ahead by less than a sample, which rounding up covers.
        out.truncate(end);
        self.reset();
    }

    fn reset(&mut self) {
        self.blocks.reset();
        self.held.clear();
        self.skip = self.blocks.delay();
        (self.taken, self.given) = (0, 0);
    }
}

/// Changes the rate of a mono stream, block by block, in memory allocated beforehand: for audio
/// callbacks, and the core of [`Resampler`].
///
/// Rubato's synchronous FFT resampler with a Blackman-Harris window. Blocks are about 10 ms long;
/// rates without a large common divisor get longer ones.
pub(crate) struct BlockResampler {
    fft: Fft<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl BlockResampler {
    /// From one rate to another.
    pub(crate) fn new(from: Rate, to: Rate) -> Result<Self, RateError> {
        let block = (from.0 / 100).max(1);
        let fft = Fft::new(from.0 as usize, to.0 as usize, block as usize, 1, FixedSync::Both);
        let fft = fft.map_err(|_| RateError { from, to })?;
        let (input, output) =
            (vec![0.0; fft.input_frames_max()], vec![0.0; fft.output_frames_max()]);
        Ok(Self { fft, input, output })
    }

    /// The block to fill before [`BlockResampler::convert`].
    pub(crate) fn input(&mut self) -> &mut [f32] {
        &mut self.input
    }

    /// Converts the block. Never allocates.
    pub(crate) fn convert(&mut self) -> &[f32] {
        let (taken, made) = (self.input.len(), self.output.len());
        let input = SequentialSlice::new(&self.input, 1, taken);
        let done = match (input, SequentialSlice::new_mut(&mut self.output, 1, made)) {
            (Ok(input), Ok(mut output)) => {
                self.fft.process_into_buffer(&input, &mut output, None).is_ok()
            }
            _ => false,
        };
        // The sizes are the resampler's own, so this cannot happen; silence is the harmless answer.
        debug_assert!(done, "a block of the wrong size");
        if !done {
            self.output.fill(0.0);
        }
        &self.output
    }

    /// Samples that a block becomes.
    pub(crate) fn output_len(&self) -> usize {
        self.output.len()
    }

    /// Samples of output by which the filter is late.
    pub(crate) fn delay(&self) -> usize {
        self.fft.output_delay()
    }

    fn reset(&mut self) {
        self.fft.reset();
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn tone(frequency: f64, rate: Rate, len: usize) -> Vec<f32> {
        // In double precision: the phase after a second of sound needs more digits than single has.
        let step = TAU * frequency / f64::from(rate.0);
        (0..len).map(|n| (0.5 * (step * n as f64).sin()) as f32).collect()
    }

    #[test]
    fn no_sample_is_lost_and_none_moves_by_a_whole_one() {
        for (from, to) in [
            (48_000, 16_000),
            (24_000, 48_000),
            (44_100, 16_000),
            (22_050, 48_000),
            (8_000, 16_000),
            (192_000, 16_000),
            (11_025, 16_000),
            (16_000, 48_000),
            (12_345, 16_000),
            (48_000, 48_000),
        ] {
            for len in [1, 159, 4_800, 20_011] {
                let (from, to) = (Rate(from), Rate(to));
                let pcm = tone(300.0, from, len);
                let mut stream = Resampler::new(from, to).unwrap();
                let mut out = Vec::new();
                for piece in pcm.chunks(777) {
                    stream.push(piece, &mut out);
                }
                stream.flush(&mut out);
                let wanted = (len as u64 * u64::from(to.0)).div_ceil(u64::from(from.0));
                assert_eq!(out.len() as u64, wanted, "{from:?} {to:?} {len}");
                if len < 4_800 {
                    continue;
                }
                // Away from the edges the tone is in place to half a sample: half a block of odd
                // length, the filter's delay, is not a whole number of samples.
                let ideal = tone(300.0, to, out.len());
                let margin = out.len() / 4;
                for n in margin..out.len() - margin {
                    assert!(
                        (out[n] - ideal[n]).abs() < 0.05,
                        "{from:?} {to:?}: {} for {} at {n}",
                        out[n],
                        ideal[n]
                    );
                }
            }
        }
    }

    #[test]
    fn a_flushed_stream_starts_afresh() {
        let pcm = tone(440.0, Rate(48_000), 10_000);
        let mut stream = Resampler::new(Rate(48_000), Rate(16_000)).unwrap();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        stream.push(&pcm, &mut first);
        stream.flush(&mut first);
        stream.push(&pcm, &mut second);
        stream.flush(&mut second);
        assert_eq!(first, second);
    }

    #[test]
    fn speech_passes_and_what_the_lower_rate_cannot_hold_does_not() {
        for (frequency, least, most) in [
            (300.0, 0.999, 1.001),
            (6_000.0, 0.99, 1.01),
            (7_000.0, 0.7, 1.01),
            (8_500.0, 0.0, 1e-3),
            (9_000.0, 0.0, 1e-5),
            (15_500.0, 0.0, 1e-5),
            (20_000.0, 0.0, 1e-5),
        ] {
            let pcm = tone(frequency, Rate(48_000), 48_000);
            let out = Resampler::convert(&pcm, Rate(48_000), Rate(16_000)).unwrap();
            let power = out[2_000..14_000].iter().map(|s| s * s).sum::<f32>() / 12_000.0;
            let kept = power.sqrt() / 0.5f32.sqrt() / 0.5;
            assert!((least..=most).contains(&kept), "{frequency} Hz: {kept}");
        }
    }

    #[test]
    fn impossible_rates_are_refused() {
        assert!(Resampler::new(Rate(0), Rate(16_000)).is_err());
        assert!(Resampler::new(Rate(16_000), Rate(1_000_000)).is_err());
    }
}
