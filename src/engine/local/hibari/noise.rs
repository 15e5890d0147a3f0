use std::f32::consts::TAU;

use realfft::num_complex::Complex;

/// Gaussian noise from a seed: SplitMix64 (Steele, Lea and Flood, 2014) with the Box-Muller
/// transform (1958).
///
/// The same seed gives the same noise, so that a sentence sounds the same each time.
pub(super) struct Noise(u64);

impl Noise {
    /// The noise of `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Two independent values of variance one.
    pub(super) fn pair(&mut self) -> Complex<f32> {
        let bits = self.next();
        // Offset by half a step, so that the logarithm never gets 0.
        let unit = |bits: u64| ((bits & 0xff_ffff) as f32 + 0.5) / 16_777_216.0;
        let radius = (-2.0 * unit(bits >> 40).ln()).sqrt();
        let (sin, cos) = (TAU * unit(bits)).sin_cos();
        Complex::new(radius * cos, radius * sin)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_is_gaussian_and_repeats_with_its_seed() {
        let mut noise = Noise::new(7);
        let pairs: Vec<Complex<f32>> = (0..50_000).map(|_| noise.pair()).collect();
        let mean = |value: &dyn Fn(&Complex<f32>) -> f32| {
            pairs.iter().map(value).sum::<f32>() / pairs.len() as f32
        };
        for (moment, expected) in [
            (mean(&|z| z.re), 0.0),
            (mean(&|z| z.im), 0.0),
            (mean(&|z| z.re * z.re), 1.0),
            (mean(&|z| z.im * z.im), 1.0),
            (mean(&|z| z.re * z.im), 0.0),
            (mean(&|z| z.re.powi(4)), 3.0),
        ] {
            assert!((moment - expected).abs() < 0.1, "{moment} instead of {expected}");
        }
        assert_eq!(Noise::new(7).pair(), pairs[0]);
        assert_ne!(Noise::new(8).pair(), pairs[0]);
    }
}
