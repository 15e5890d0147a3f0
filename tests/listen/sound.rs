//! Synthetic sound to listen to: a voice of pulses through formants, and noises.

use std::f32::consts::{PI, TAU};

const RATE: f32 = 16_000.0;
/// The first three formants of "a i u e".
const VOWELS: [[f32; 3]; 4] = [
    [730.0, 1_090.0, 2_440.0],
    [270.0, 2_290.0, 3_010.0],
    [300.0, 870.0, 2_240.0],
    [530.0, 1_840.0, 2_480.0],
];

/// A voice that says vowels, five a second, for `ms`: pulses of about 120 Hz through three
/// resonances (Klatt's cascade, "Software for a cascade/parallel formant synthesizer", 1980).
pub(crate) fn voice(ms: usize) -> Vec<f32> {
    let mut state = [[0.0f32; 2]; 3];
    let mut phase = 1.0;
    (0..ms * 16)
        .map(|n| {
            let t = n as f32 / RATE;
            phase += 120.0 * (1.0 + 0.15 * (2.0 * t).sin()) / RATE;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            let vowel = VOWELS[(t / 0.2) as usize % VOWELS.len()];
            let loudness = (PI * ((t / 0.2).fract() / 0.85).min(1.0)).sin();
            let mut sound = pulse;
            for (k, (state, formant)) in state.iter_mut().zip(vowel).enumerate() {
                let r = (-PI * 80.0 * (1.0 + 0.5 * k as f32) / RATE).exp();
                let turn = 2.0 * r * (TAU * formant / RATE).cos();
                let out = sound * (1.0 - r) + turn * state[0] - r * r * state[1];
                *state = [out, state[0]];
                sound = out;
            }
            250.0 * sound * loudness
        })
        .collect()
}

/// White noise with this peak, reproducible by seed.
pub(crate) fn hiss(ms: usize, peak: f32, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..ms * 16)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            peak * ((state >> 8) as f32 / 8_388_608.0 - 1.0)
        })
        .collect()
}

/// A fan: noise that grows towards low frequencies, and mains hum.
pub(crate) fn fan(ms: usize, peak: f32) -> Vec<f32> {
    let mut low = 0.0;
    hiss(ms, 1.0, 7)
        .iter()
        .enumerate()
        .map(|(n, white)| {
            low = 0.97 * low + 0.1 * white;
            peak * (low + 0.2 * (TAU * 100.0 * n as f32 / RATE).sin())
        })
        .collect()
}

/// Knocks on the table, three a second: each a burst of noise that decays in 20 ms.
pub(crate) fn knocks(ms: usize, peak: f32) -> Vec<f32> {
    hiss(ms, peak, 3)
        .iter()
        .enumerate()
        .map(|(n, white)| white * (-((n % 5_300) as f32) / 320.0).exp())
        .collect()
}

/// Silence as from a microphone: a hiss of -70 dB.
pub(crate) fn quiet(ms: usize) -> Vec<f32> {
    hiss(ms, 3e-4, 1)
}

/// One after the other.
pub(crate) fn joined(parts: &[Vec<f32>]) -> Vec<f32> {
    parts.concat()
}
