//! What sound says: a number by its pitch, an answer by its length.

use std::time::Duration;

use super::RATE;

/// Sound of one character of an answer: 150 words a minute.
const CHARACTER: Duration = Duration::from_micros(66_667);

/// Samples at [`RATE`] for `characters` of an answer.
pub(crate) fn samples(characters: usize) -> usize {
    lasts(characters, RATE)
}

/// The same at another rate.
pub(super) fn lasts(characters: usize, rate: usize) -> usize {
    characters * CHARACTER.as_micros() as usize * rate / 1_000_000
}

/// The words of `text` that are complete after `ms` of its sound.
pub(crate) fn spoken(text: &str, ms: u64) -> String {
    let mut over = String::new();
    for word in text.split_inclusive(' ') {
        let length = samples(over.chars().count() + word.trim_end().chars().count());
        if length as u64 * 1_000 / RATE as u64 > ms {
            break;
        }
        over.push_str(word);
    }
    over
}

/// The sound of an answer: 440 Hz at half of full scale.
pub(super) fn tone(at: usize, rate: usize) -> i16 {
    let turn = at as f64 * 440.0 / rate as f64;
    (16_000.0 * (turn * std::f64::consts::TAU).sin()) as i16
}

/// Sound at 16 kHz in which a user says `number`: silence, a tone of 20 Hz times `number`, silence.
pub(crate) fn question(number: u32, tone_ms: usize) -> Vec<f32> {
    let frequency = 20.0 * f64::from(number % 200 + 20);
    let wave = |n: usize| {
        let turn = n as f64 * frequency / 16_000.0;
        (0.5 * (turn * std::f64::consts::TAU).sin()) as f32
    };
    let silence = |ms: usize| std::iter::repeat_n(0.0, ms * 16);
    silence(400).chain((0..tone_ms * 16).map(wave)).chain(silence(200)).collect()
}

/// The number that `pcm` says, modulo 200; `None` if nothing is said.
pub(super) fn heard(pcm: &[i16], rate: usize) -> Option<u32> {
    // Zero crossings of the loud part; a wrong rate gives a wrong number.
    let loud: Vec<usize> = (0..pcm.len()).filter(|at| pcm[*at].unsigned_abs() > 2_000).collect();
    let (first, last) = (*loud.first()?, *loud.last()?);
    let part = &pcm[first..=last];
    if part.len() < rate / 20 {
        return None;
    }
    let crossings: Vec<usize> =
        (1..part.len()).filter(|at| part[at - 1] < 0 && part[*at] >= 0).collect();
    let (from, to) = (*crossings.first()?, *crossings.last()?);
    let periods = crossings.len() - 1;
    let frequency = periods as f64 * rate as f64 / (to - from).max(1) as f64;
    let number = (frequency / 20.0).round() as i64 - 20;
    u32::try_from(number).ok()
}
