//! The input of the wake word models: forty loudness values every 10 ms.

use super::fft::{BINS, Complex, Fft, SAMPLES};

/// Channels of one feature.
pub const CHANNELS: usize = 40;

/// The logarithmic loudness of [`CHANNELS`] bands, 0 to about 670.
pub type Feature = [u16; CHANNELS];

/// The scale of a feature's values in the models' input.
pub(super) const UNIT: f32 = 0.039_062_5;

/// 30 ms of sound, of which the last 10 ms are new.
const WINDOW: usize = 480;
const STEP: usize = 160;

/// Fractional bits of the window, of the bands' weights and of the smoothing.
const WINDOW_BITS: u32 = 12;
const WEIGHT_BITS: u32 = 12;
const SMOOTHING_BITS: u32 = 14;
/// Extra fractional bits of the noise estimate.
const ESTIMATE_BITS: u32 = 10;
/// Bits removed by the transform and the square root: log2(512) less half of [`WEIGHT_BITS`].
const CORRECTION_BITS: u32 = 3;

/// How fast the noise estimate follows, in even and odd channels, and the least share of the signal
/// that is kept.
const EVEN_SMOOTHING: u64 = 409;
const ODD_SMOOTHING: u64 = 983;
const LEAST: u64 = 819;

/// TensorFlow Lite's microphone frontend with microWakeWord's settings, in integers and bit-exact:
/// a window, a spectrum, bands at equal distances on the mel scale from 125 to 7500 Hz, noise
/// subtraction, gain by the noise level (PCAN, R. Lyon and others, "Trainable frontend for robust
/// and far-field keyword spotting", 2017), logarithm. About 9 us per 10 ms.
pub struct Features {
    window: [i16; WINDOW],
    fft: Fft,
    bands: Bands,
    gain: Gain,
    /// The last samples, newest last, and how many there are.
    recent: [i16; WINDOW],
    filled: usize,
    noise: [u32; CHANNELS],
    spectrum: [Complex; BINS],
}

impl Default for Features {
    fn default() -> Self {
        Self::new()
    }
}

impl Features {
    /// A frontend that has heard nothing.
    pub fn new() -> Self {
        Self {
            window: hann(),
            fft: Fft::new(),
            bands: Bands::new(),
            gain: Gain::new(),
            recent: [0; WINDOW],
            filled: 0,
            noise: [0; CHANNELS],
            spectrum: [Complex::default(); BINS],
        }
    }

    /// Forgets what was heard, including the noise of the room.
    pub fn reset(&mut self) {
        self.recent = [0; WINDOW];
        self.filled = 0;
        self.noise = [0; CHANNELS];
    }

    /// Takes the next 10 ms; `None` until there are 30.
    pub fn hear(&mut self, samples: &[i16; STEP]) -> Option<Feature> {
        self.recent.copy_within(STEP.., 0);
        self.recent[WINDOW - STEP..].copy_from_slice(samples);
        self.filled = (self.filled + STEP).min(WINDOW);
        if self.filled < WINDOW {
            return None;
        }
        let mut framed = [0; SAMPLES];
        let mut peak = 0i16;
        for ((to, sample), weight) in framed.iter_mut().zip(self.recent).zip(self.window) {
            *to = ((i32::from(sample) * i32::from(weight)) >> WINDOW_BITS) as i16;
            peak = peak.max(to.wrapping_abs());
        }
        // As loud as sixteen bits allow, for the transform's resolution.
        let shift = u32::from(peak as u16).leading_zeros().saturating_sub(17);
        framed.iter_mut().for_each(|sample| *sample = ((*sample as u16) << shift) as i16);
        self.fft.run(&framed, &mut self.spectrum);
        let mut bands = self.bands.loudness(&self.spectrum);
        for (channel, loudness) in bands.iter_mut().enumerate() {
            *loudness >>= shift;
            let (clean, noise) = subtract(*loudness, self.noise[channel], channel);
            self.noise[channel] = noise;
            *loudness = self.gain.apply(clean, noise);
        }
        Some(bands.map(logarithm))
    }
}

/// The weights of the window.
fn hann() -> [i16; WINDOW] {
    let arc = std::f32::consts::PI * 2.0 / WINDOW as f32;
    std::array::from_fn(|n| {
        let weight = 0.5 - 0.5 * (arc * (n as f32 + 0.5)).cos();
        (weight * (1 << WINDOW_BITS) as f32 + 0.5).floor() as i16
    })
}

/// The signal of a channel without its noise, and the new noise estimate.
fn subtract(signal: u32, noise: u32, channel: usize) -> (u32, u32) {
    let smoothing = if channel.is_multiple_of(2) { EVEN_SMOOTHING } else { ODD_SMOOTHING };
    let fine = signal << ESTIMATE_BITS;
    let kept = (1 << SMOOTHING_BITS) - smoothing;
    let noise = (u64::from(fine) * smoothing + u64::from(noise) * kept) >> SMOOTHING_BITS;
    let noise = noise as u32;
    let clean = (fine - noise.min(fine)) >> ESTIMATE_BITS;
    let least = (u64::from(signal) * LEAST) >> SMOOTHING_BITS;
    (clean.max(least as u32), noise)
}

/// Bands that overlap by half: a frequency's weight in one band and in the band below add up to
/// one.
struct Bands {
    first: usize,
    /// For each frequency from `first` on: the band below whose centre it is, its weight in the
    /// previous band, and in that one.
    weights: Vec<(usize, u64, u64)>,
}

impl Bands {
    fn new() -> Self {
        const LOW: f64 = 125.0;
        const HIGH: f64 = 7_500.0;
        const SPACING_HZ: f64 = 0.5 * 16_000.0 / (BINS - 1) as f64;
        // The frontend computes in 32 bits, and two weights that are 0.011 and 0.012 below a half
        // are rounded up there. No other weight is that close.
        const EDGE: f64 = 0.0125;
        let mel = |frequency: f64| 1_127.0 * (frequency / 700.0).ln_1p();
        let spacing = (mel(HIGH) - mel(LOW)) / (CHANNELS + 1) as f64;
        let centre = |band: usize| mel(LOW) + spacing * (band + 1) as f64;
        // Never DC.
        let first = (1.5 + LOW / SPACING_HZ) as usize;
        let mut weights = Vec::new();
        for band in 0..=CHANNELS {
            let below = if band == 0 { mel(LOW) } else { centre(band - 1) };
            loop {
                let at = mel((first + weights.len()) as f64 * SPACING_HZ);
                if at > centre(band) {
                    break;
                }
                let weight = (centre(band) - at) / (centre(band) - below);
                let whole = 1 << WEIGHT_BITS;
                let weight = (weight * whole as f64 + 0.5 + EDGE) as u64;
                weights.push((band, weight, whole - weight));
            }
        }
        Self { first, weights }
    }

    /// The square roots of the bands' energies.
    fn loudness(&self, spectrum: &[Complex; BINS]) -> [u32; CHANNELS] {
        // One more below, for what falls out of the lowest band.
        let mut energy = [0u64; CHANNELS + 2];
        for (value, (band, weight, rest)) in spectrum[self.first..].iter().zip(&self.weights) {
            let (re, im) = (i32::from(value.re), i32::from(value.im));
            let power = u64::from((re * re).wrapping_add(im * im) as u32);
            energy[*band] += weight * power;
            energy[*band + 1] += rest * power;
        }
        std::array::from_fn(|channel| root(energy[channel + 1]))
    }
}

/// The square root, rounded like the frontend's.
fn root(energy: u64) -> u32 {
    let root = energy.isqrt();
    let most = if energy >> 32 == 0 { 0xffff } else { 0xffff_ffff };
    let up = energy - root * root > root && root != most;
    (root + u64::from(up)) as u32
}

/// Gain by the channel's noise: a parabola between powers of two.
struct Gain {
    small: [i32; 2],
    /// For each bit length of the noise, from two on: value, slope and curvature.
    curves: [[i32; 3]; 31],
}

impl Gain {
    const STRENGTH: f32 = 0.95;
    const OFFSET: f32 = 80.0;
    const BITS: u32 = 21;
    /// Fractional bits of the input of [`shrink`].
    const RATIO_BITS: u32 = 12;
    const SHIFT: u32 = Self::BITS - CORRECTION_BITS - Self::RATIO_BITS;

    fn new() -> Self {
        let gain = |noise: u32| {
            let noise = noise as f32 / (1u32 << (ESTIMATE_BITS - CORRECTION_BITS)) as f32;
            let gain = (1u32 << Self::BITS) as f32 * (noise + Self::OFFSET).powf(-Self::STRENGTH);
            if gain > 32_767.0 { 32_767 } else { (gain + 0.5) as i32 }
        };
        let curves = std::array::from_fn(|n| {
            let low = 1u32 << (n + 1);
            let high = if n == 30 { low + (low - 1) } else { 2 * low };
            let [at_low, at_middle, at_high] = [low, low + (low >> 1), high].map(gain);
            let slope = 4 * (at_middle - at_low) - (at_high - at_low);
            let bend = at_high - at_low - slope;
            // The original table has sixteen bits.
            [at_low, i32::from(slope as i16), i32::from(bend as i16)]
        });
        Self { small: [gain(0), gain(1)], curves }
    }

    fn at(&self, noise: u32) -> i32 {
        let bits = 32 - noise.leading_zeros();
        let Some(curve) = bits.checked_sub(2).map(|n| self.curves[n as usize]) else {
            return self.small[noise as usize];
        };
        let [value, slope, bend] = curve;
        // Exactly two has its own entry, at the start of its curve.
        let part = if bits < 11 { noise << (11 - bits) } else { noise >> (bits - 11) } & 0x3ff;
        let part = part as i32;
        let rise = (((bend * part) >> 5) + (slope << 5)) * part;
        i32::from((((rise + (1 << 14)) >> 15) + value) as i16)
    }

    fn apply(&self, signal: u32, noise: u32) -> u32 {
        shrink(((u64::from(signal) * u64::from(self.at(noise) as u32)) >> Self::SHIFT) as u32)
    }
}

/// Squares small values and leaves large ones, with six fractional bits.
fn shrink(ratio: u32) -> u32 {
    const RATIO_BITS: u32 = Gain::RATIO_BITS;
    const OUT_BITS: u32 = 6;
    if ratio < 2 << RATIO_BITS {
        (ratio * ratio) >> (2 + 2 * RATIO_BITS - OUT_BITS)
    } else {
        (ratio >> (RATIO_BITS - OUT_BITS)) - (1 << OUT_BITS)
    }
}

/// The natural logarithm, times 64.
fn logarithm(value: u32) -> u16 {
    let value = value << CORRECTION_BITS;
    if value <= 1 {
        return 0;
    }
    let whole = value.ilog2();
    let part = value - (1 << whole);
    let part = if whole < 16 { part << (16 - whole) } else { part >> (whole - 16) } as i32;
    let segment = (part >> 9) as usize;
    let (from, to) = (i32::from(BULGE[segment]), i32::from(BULGE[segment + 1]));
    let between = ((to - from) * (part - (segment as i32) * 512)) >> 16;
    let log2 = (whole << 16) + (part + from + between) as u32;
    let natural = (45_426 * u64::from(log2) + 32_768) >> 16;
    (((natural << 6) + 32_768) >> 16).min(0xffff) as u16
}

/// The excess of log2(1 + x) over x, for x in 128 steps from 0 to 1, with sixteen fractional bits:
/// the frontend's table, which differs from the exact values by a few bits.
const BULGE: [u16; 130] = [
    0, 224, 442, 654, 861, 1063, 1259, 1450, 1636, 1817, 1992, 2163, 2329, 2490, 2646, 2797, 2944,
    3087, 3224, 3358, 3487, 3611, 3732, 3848, 3960, 4068, 4172, 4272, 4368, 4460, 4549, 4633, 4714,
    4791, 4864, 4934, 5001, 5063, 5123, 5178, 5231, 5280, 5326, 5368, 5408, 5444, 5477, 5507, 5533,
    5557, 5578, 5595, 5610, 5622, 5631, 5637, 5640, 5641, 5638, 5633, 5626, 5615, 5602, 5586, 5568,
    5547, 5524, 5498, 5470, 5439, 5406, 5370, 5332, 5291, 5249, 5203, 5156, 5106, 5054, 5000, 4944,
    4885, 4825, 4762, 4697, 4630, 4561, 4490, 4416, 4341, 4264, 4184, 4103, 4020, 3935, 3848, 3759,
    3668, 3575, 3481, 3384, 3286, 3186, 3084, 2981, 2875, 2768, 2659, 2549, 2437, 2323, 2207, 2090,
    1971, 1851, 1729, 1605, 1480, 1353, 1224, 1094, 963, 830, 695, 559, 421, 282, 142, 0, 0,
];
