use serde_json::{Value, json};

use super::super::sound::{base64, unbase64};
use crate::base::Rate;
use crate::pcm::g711::{from_alaw, from_ulaw, to_alaw, to_ulaw};
use crate::pcm::{PcmBytes, Polyphase, from_i16, to_i16};

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
    filter: Polyphase,
    made: Vec<f32>,
}

impl Encoder {
    pub(super) fn new(format: Format) -> Self {
        let filter = match format {
            Format::Pcm => Polyphase::new(3, 2, 32),
            Format::Ulaw | Format::Alaw => Polyphase::new(1, 2, 64),
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
        let samples = self.made.iter().map(|sample| to_i16(*sample));
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
        Some(match format {
            Format::Pcm => self.pcm.push(&bytes),
            Format::Ulaw => bytes.iter().map(|byte| from_i16(from_ulaw(*byte))).collect(),
            Format::Alaw => bytes.iter().map(|byte| from_i16(from_alaw(*byte))).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
