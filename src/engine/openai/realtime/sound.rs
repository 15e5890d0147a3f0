use std::f64::consts::PI;

use serde_json::{Value, json};

use super::super::sound::{PcmBytes, base64, sixteen, unbase64};
use crate::base::Rate;
use crate::pcm::g711::{from_alaw, from_ulaw, to_alaw, to_ulaw};

/// The encoding of sound in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// 16-bit little-endian samples at 24 kHz.
    #[default]
    Pcm,
    /// G.711 u-law at 8 kHz, as in telephony in North America and Japan.
    Ulaw,
    /// G.711 A-law at 8 kHz, as in telephony elsewhere.
    Alaw,
}

impl Format {
    /// Samples per second.
    pub const fn rate(self) -> Rate {
        match self {
            Self::Pcm => Rate(24_000),
            Self::Ulaw | Self::Alaw => Rate(8_000),
        }
    }

    /// Its name in the general availability dialect.
    pub(super) fn ga(self) -> Value {
        match self {
            Self::Pcm => json!({ "type": "audio/pcm", "rate": 24_000 }),
            Self::Ulaw => json!({ "type": "audio/pcmu" }),
            Self::Alaw => json!({ "type": "audio/pcma" }),
        }
    }

    /// Its name in the beta dialect.
    pub(super) const fn beta(self) -> &'static str {
        match self {
            Self::Pcm => "pcm16",
            Self::Ulaw => "g711_ulaw",
            Self::Alaw => "g711_alaw",
        }
    }

    /// The format that a server names, in either dialect.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "audio/pcm" | "pcm16" => Some(Self::Pcm),
            "audio/pcmu" | "g711_ulaw" => Some(Self::Ulaw),
            "audio/pcma" | "g711_alaw" => Some(Self::Alaw),
            _ => None,
        }
    }
}

/// Encodes sound for the server: 16 kHz in, base64 in the wire's format out.
///
/// The filter delays by 1 ms (2 ms for G.711), which stays within the silence that ends every
/// utterance; so 10 ms in are always 10 ms out.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    format: Format,
    filter: Filter,
    made: Vec<f32>,
}

impl Encoder {
    pub(super) fn new(format: Format) -> Self {
        let filter = match format {
            Format::Pcm => Filter::new(3, 2, 32),
            Format::Ulaw | Format::Alaw => Filter::new(1, 2, 64),
        };
        Self { format, filter, made: Vec::new() }
    }

    pub(super) const fn format(&self) -> Format {
        self.format
    }

    /// Encodes the next samples, at 16 kHz.
    pub(super) fn encode(&mut self, pcm: &[f32]) -> String {
        self.made.clear();
        self.filter.push(pcm, &mut self.made);
        let samples = self.made.iter().map(|sample| sixteen(*sample));
        let bytes: Vec<u8> = match self.format {
            Format::Pcm => samples.flat_map(i16::to_le_bytes).collect(),
            Format::Ulaw => samples.map(to_ulaw).collect(),
            Format::Alaw => samples.map(to_alaw).collect(),
        };
        base64(&bytes)
    }

    /// Starts a new, unrelated stretch of sound.
    pub(super) fn reset(&mut self) {
        self.filter.reset();
    }
}

/// Decodes the server's sound: base64 in, samples at the format's rate out.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Keeps the first half of a sample that was split between deltas.
    pcm: PcmBytes,
}

impl Decoder {
    /// Decodes one delta; `None` if it is not base64.
    pub(super) fn decode(&mut self, format: Format, delta: &str) -> Option<Vec<f32>> {
        let bytes = unbase64(delta)?;
        let sample = |value: i16| f32::from(value) / 32_768.0;
        Some(match format {
            Format::Pcm => self.pcm.push(&bytes),
            Format::Ulaw => bytes.iter().map(|byte| sample(from_ulaw(*byte))).collect(),
            Format::Alaw => bytes.iter().map(|byte| sample(from_alaw(*byte))).collect(),
        })
    }
}

/// Resamples a stream by `up / down`: a windowed sinc in polyphase form.
#[derive(Clone, Debug)]
struct Filter {
    up: usize,
    down: usize,
    /// The phases, each summing to 1, newest sample first.
    phases: Vec<Vec<f32>>,
    /// The last input samples, and room for the next.
    past: Vec<f32>,
    /// Position of the next output, in input samples times `up` after the last input.
    ahead: usize,
}

impl Filter {
    /// A filter of `taps` input samples that keeps what both rates can represent.
    fn new(up: usize, down: usize, taps: usize) -> Self {
        let length = up * taps;
        // The pass band ends a little below the lower Nyquist frequency.
        let cutoff = 0.46 / up.max(down) as f64;
        let middle = (length as f64 - 1.0) / 2.0;
        let value = |n: usize| {
            let x = n as f64 - middle;
            let sinc =
                if x == 0.0 { 2.0 * cutoff } else { (2.0 * PI * cutoff * x).sin() / (PI * x) };
            let turn = 2.0 * PI * n as f64 / (length as f64 - 1.0);
            // Blackman window: stop band 74 dB down.
            sinc * (0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
        };
        let phases = (0..up)
            .map(|phase| {
                let branch: Vec<f64> = (phase..length).step_by(up).map(value).collect();
                let sum: f64 = branch.iter().sum();
                branch.iter().map(|tap| (tap / sum) as f32).collect()
            })
            .collect();
        Self { up, down, phases, past: vec![0.0; taps - 1], ahead: 0 }
    }

    fn push(&mut self, pcm: &[f32], out: &mut Vec<f32>) {
        let before = self.past.len();
        self.past.extend_from_slice(pcm);
        while self.ahead / self.up < pcm.len() {
            let newest = before + self.ahead / self.up;
            let branch = &self.phases[self.ahead % self.up];
            let window = &self.past[newest + 1 - branch.len()..=newest];
            out.push(branch.iter().zip(window.iter().rev()).map(|(tap, x)| tap * x).sum());
            self.ahead += self.down;
        }
        self.ahead -= pcm.len() * self.up;
        self.past.drain(..pcm.len());
    }

    fn reset(&mut self) {
        self.past.fill(0.0);
        self.ahead = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::LISTEN_RATE;

    fn tone(frequency: f64, seconds: f64) -> Vec<f32> {
        let step = 2.0 * PI * frequency / f64::from(LISTEN_RATE.0);
        (0..(seconds * f64::from(LISTEN_RATE.0)) as usize)
            .map(|n| (0.5 * (step * n as f64).sin()) as f32)
            .collect()
    }

    /// The amplitude of `frequency` in `pcm`.
    fn part(pcm: &[f32], frequency: f64, rate: Rate) -> f64 {
        let step = 2.0 * PI * frequency / f64::from(rate.0);
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in pcm.iter().enumerate() {
            re += f64::from(*sample) * (step * n as f64).cos();
            im += f64::from(*sample) * (step * n as f64).sin();
        }
        2.0 * re.hypot(im) / pcm.len() as f64
    }

    #[test]
    fn a_frame_of_10_ms_is_10_ms_on_the_wire() {
        for (format, bytes) in [(Format::Pcm, 480), (Format::Ulaw, 80), (Format::Alaw, 80)] {
            let mut encoder = Encoder::new(format);
            for _ in 0..5 {
                let sent = unbase64(&encoder.encode(&[0.1; 160])).unwrap();
                assert_eq!(sent.len(), bytes, "{format:?}");
            }
        }
    }

    #[test]
    fn pieces_of_any_length_make_the_same_sound() {
        let pcm = tone(440.0, 0.1);
        let mut whole = Vec::new();
        Filter::new(3, 2, 32).push(&pcm, &mut whole);
        let (mut filter, mut pieces) = (Filter::new(3, 2, 32), Vec::new());
        for piece in pcm.chunks(7) {
            filter.push(piece, &mut pieces);
        }
        assert_eq!(whole, pieces);
        assert_eq!(whole.len(), pcm.len() * 3 / 2);
    }

    #[test]
    fn a_tone_arrives_as_it_was_and_without_images() {
        for frequency in [100.0, 1_000.0, 3_000.0, 6_000.0] {
            let mut out = Vec::new();
            Filter::new(3, 2, 32).push(&tone(frequency, 0.5), &mut out);
            let settled = &out[1_200..];
            let rate = Format::Pcm.rate();
            assert!((part(settled, frequency, rate) - 0.5).abs() < 0.01, "{frequency}");
            assert!(part(settled, 16_000.0 - frequency, rate) < 0.001, "{frequency}");
        }
        let mut out = Vec::new();
        Filter::new(1, 2, 64).push(&tone(6_000.0, 0.5), &mut out);
        assert!(part(&out[800..], 2_000.0, Format::Ulaw.rate()) < 0.001);
    }

    #[test]
    fn a_delta_may_end_in_the_middle_of_a_sample() {
        let bytes = [0x00, 0x40, 0x00, 0xc0];
        let mut decoder = Decoder::default();
        let mut out = Vec::new();
        for piece in [&bytes[..1], &bytes[1..3], &bytes[3..]] {
            out.extend(decoder.decode(Format::Pcm, &base64(piece)).unwrap());
        }
        assert_eq!(out, [0.5, -0.5]);
        assert_eq!(decoder.decode(Format::Pcm, "*"), None);
    }
}
