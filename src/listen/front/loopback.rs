use std::time::Duration;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::clocks::Clocks;
use super::far::Far;
use super::samples;
use crate::audio::{CaptureEvent, CaptureTail, Tap};
use crate::base::LISTEN_RATE;
use crate::pcm::Resampler;

/// The longest delay that is looked for, in samples at [`LISTEN_RATE`]: a second.
const LONGEST: usize = 16_000;

/// How long the echo of one delay lasts, in samples: 100 ms of the room.
const ROOM: usize = 1_600;
/// How much of it may come before its loudest part: 5 ms.
const BEFORE: usize = 80;

/// How much stronger the echo's loudest sample must be than the mean of all delays, as a ratio of
/// powers. Noise alone reaches about 20 among 16,000.
const CLEAR: f32 = 60.0;

/// Samples read in one go.
const PIECE: usize = 1_920;

/// Mean square below which a microphone gives nothing at all: -90 dB.
const DEAD: f32 = 1e-9;

/// What the microphone hears of the speaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    /// Its sound comes back.
    Echo {
        /// From handing out a sample to the return of its echo.
        delay: Duration,
        /// How loud it is, in decibels relative to what was handed out.
        level_db: f32,
    },
    /// Nothing of it: a headset, or a speaker that is turned off.
    Nothing,
    /// The microphone gives digital silence.
    Dead,
    /// The speaker was not asked for any sound.
    Unplayed,
}

/// Records what the speaker is given and what the microphone hears, on one clock, and finds the one
/// in the other.
pub struct Loopback {
    tail: CaptureTail,
    tap: Tap,
    resampler: Option<Resampler>,
    clocks: Clocks,
    speaker: Far,
    /// A time on the microphone's clock in microseconds, and its sample.
    base: (u64, f64),
    /// Both at [`LISTEN_RATE`], sample by sample.
    given: Vec<f32>,
    heard: Vec<f32>,
    piece: [f32; PIECE],
    pcm: Vec<f32>,
}

impl Loopback {
    /// Both ends of an [`audio::path`](crate::audio::path) to read.
    pub fn new(tail: CaptureTail, tap: Tap) -> Self {
        tap.open(true);
        Self {
            tail,
            tap,
            resampler: None,
            clocks: Clocks::new(),
            speaker: Far::new(),
            base: (0, 0.0),
            given: Vec::new(),
            heard: Vec::new(),
            piece: [0.0; PIECE],
            pcm: Vec::new(),
        }
    }

    /// Takes what has come since the last call. Call every few milliseconds.
    pub fn look(&mut self) {
        loop {
            while let Some(event) = self.tail.poll() {
                match event {
                    CaptureEvent::Restart { rate } => {
                        self.resampler = Resampler::new(rate, LISTEN_RATE).ok();
                        self.base = (self.tail.micros(), self.heard.len() as f64);
                        self.clocks.forget();
                    }
                    CaptureEvent::Gap { lost } => {
                        let micros = lost * 1_000_000 / u64::from(self.tail.rate().0.max(1));
                        self.base.0 += micros;
                        self.clocks.shift(-samples(micros as f64));
                    }
                    CaptureEvent::End => {}
                }
            }
            let count = self.tail.read(&mut self.piece);
            if count == 0 {
                break;
            }
            if let Some(resampler) = &mut self.resampler {
                resampler.push(&self.piece[..count], &mut self.pcm);
            }
        }
        let mut call_pcm = Vec::new();
        while let Some(call) = self.tap.next(&mut call_pcm) {
            if call.fresh {
                self.clocks.forget();
            }
            self.speaker.push(call.at, call.len.into(), &call_pcm);
            if let Some(micros) = call.heard.checked_sub(self.base.0) {
                self.clocks.note(call.at, self.base.1 + samples(micros as f64));
            }
        }
        // The speaker is always ahead of what the microphone has delivered.
        let mut given = vec![0.0; self.pcm.len()];
        if let Some((position, step)) = self.clocks.at(self.heard.len() as f64) {
            self.speaker.read(position, step, &mut given);
        }
        self.given.append(&mut given);
        self.heard.append(&mut self.pcm);
    }

    /// Forgets what was recorded so far, but not how the clocks run.
    pub fn begin(&mut self) {
        self.base.1 -= self.heard.len() as f64;
        self.clocks.shift(-(self.heard.len() as f64));
        self.given.clear();
        self.heard.clear();
    }

    /// What was heard of what was given since [`Loopback::begin`].
    pub fn measure(&self) -> Heard {
        find(&self.given, &self.heard)
    }
}

/// Finds `given` in `heard`: the room's answer to an impulse is their cross-spectrum over the power
/// of what was given.
fn find(given: &[f32], heard: &[f32]) -> Heard {
    let power = |pcm: &[f32]| pcm.iter().map(|sample| sample * sample).sum::<f32>();
    if power(given) == 0.0 {
        return Heard::Unplayed;
    }
    if power(heard) / heard.len().max(1) as f32 <= DEAD {
        return Heard::Dead;
    }
    let Some(answer) = impulse(given, heard) else { return Heard::Nothing };
    let delays = &answer[..LONGEST.min(answer.len() / 2)];
    let loudest = delays.iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let Some((at, peak)) = loudest else { return Heard::Nothing };
    let mean = power(&answer) / answer.len() as f32;
    if peak * peak < CLEAR * mean {
        return Heard::Nothing;
    }
    let room = at.saturating_sub(BEFORE)..(at + ROOM).min(answer.len());
    // What is at all other delays is noise, and also between these.
    let noise = mean.min(power(&answer[answer.len() / 2..]) * 2.0 / answer.len() as f32);
    let echo = (power(&answer[room.clone()]) - noise * room.len() as f32).max(peak * peak);
    Heard::Echo {
        delay: Duration::from_secs_f64(at as f64 / f64::from(LISTEN_RATE.0)),
        level_db: 10.0 * echo.log10(),
    }
}

/// The impulse response from `given` to `heard`; `None` if it cannot be computed.
fn impulse(given: &[f32], heard: &[f32]) -> Option<Vec<f32>> {
    let len = (given.len() + LONGEST).next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, back) = (planner.plan_fft_forward(len), planner.plan_fft_inverse(len));
    let spectrum = |pcm: &[f32]| -> Option<Vec<Complex<f32>>> {
        let mut padded = pcm.to_vec();
        padded.resize(len, 0.0);
        let mut out = forward.make_output_vec();
        forward.process(&mut padded, &mut out).ok()?;
        Some(out)
    };
    let (given, heard) = (spectrum(given)?, spectrum(heard)?);
    // Where hardly anything was given there is nothing to learn.
    let floor = given.iter().map(Complex::norm_sqr).sum::<f32>() / given.len() as f32 * 0.01;
    let over = |(given, heard): (&Complex<f32>, &Complex<f32>)| {
        let cross = heard * given.conj();
        cross / (given.norm_sqr() + floor)
    };
    let mut ratio: Vec<Complex<f32>> = given.iter().zip(&heard).map(over).collect();
    for end in [0, ratio.len() - 1] {
        ratio[end].im = 0.0;
    }
    let mut answer = back.make_output_vec();
    back.process(&mut ratio, &mut answer).ok()?;
    answer.iter_mut().for_each(|sample| *sample /= len as f32);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seconds: f32, level: f32, mut seed: u32) -> Vec<f32> {
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            level * ((seed >> 8) as f32 / (1 << 23) as f32 - 1.0)
        };
        (0..(seconds * 16_000.0) as usize).map(|_| next()).collect()
    }

    /// A second of a rising tone in two seconds.
    fn given() -> Vec<f32> {
        let mut pcm = vec![0.0; 8_000];
        pcm.extend((0..16_000).map(|n| {
            let t = n as f32 / 16_000.0;
            0.3 * (std::f32::consts::TAU * (200.0 * t + 3_500.0 * t * t)).sin()
        }));
        pcm.resize(32_000, 0.0);
        pcm
    }

    #[test]
    fn an_echo_is_found_in_noise_with_its_delay_and_level() {
        for (delay, gain, level) in [(2_272, 0.25, 0.01), (480, 1.0, 0.001), (8_000, 0.05, 0.02)] {
            let given = given();
            let mut heard = noise(2.0, level, 7);
            for (n, sample) in given[..32_000 - delay].iter().enumerate() {
                heard[n + delay] += gain * sample;
            }
            let Heard::Echo { delay: found, level_db } = find(&given, &heard) else {
                panic!("{gain} is not heard");
            };
            let ms = delay as f64 / 16.0;
            assert!((found.as_secs_f64() * 1e3 - ms).abs() < 0.2, "{found:?} for {ms} ms");
            let right = 20.0 * f32::log10(gain);
            assert!((level_db - right).abs() < 2.5, "{level_db} dB for {right}");
        }
    }

    #[test]
    fn where_there_is_no_echo_none_is_found() {
        assert_eq!(find(&given(), &noise(2.0, 0.1, 3)), Heard::Nothing);
        assert_eq!(find(&given(), &vec![0.0; 32_000]), Heard::Dead);
        assert_eq!(find(&vec![0.0; 32_000], &noise(2.0, 0.1, 3)), Heard::Unplayed);
        // A voice in the room is not the speaker.
        let voice: Vec<f32> =
            (0..32_000).map(|n| 0.2 * (n as f32 * 0.05).sin() * ((n / 1_600) % 3) as f32).collect();
        assert_eq!(find(&given(), &voice), Heard::Nothing);
    }
}
