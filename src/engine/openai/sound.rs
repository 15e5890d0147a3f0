//! Sound as these protocols carry it: 16-bit samples in WAV, in base64 or raw.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use ::base64::{alphabet, engine::DecodePaddingMode};

use crate::base::{LISTEN_RATE, Rate};
use crate::pcm::unpack;

/// The rate of raw samples in both directions: 24 kHz.
pub(super) const VOICE_RATE: Rate = Rate(24_000);

/// Bytes as base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 as bytes, with or without padding; `None` if it is not base64.
pub(super) fn unbase64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT.decode(text.trim()).ok()
}

/// An utterance as a WAV file: mono, 16 kHz, 16 bits.
pub(super) fn wav(pcm: &[f32]) -> Vec<u8> {
    let bytes = u32::try_from(pcm.len() * 2).unwrap_or(u32::MAX - 36);
    let rate = LISTEN_RATE.0;
    let mut out = Vec::with_capacity(44 + pcm.len() * 2);
    // The canonical header: RIFF, a format chunk (PCM, one channel, 16 bits), the samples.
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend_from_slice(&rate.to_le_bytes());
    out.extend_from_slice(&(rate * 2).to_le_bytes());
    out.extend_from_slice(b"\x02\0\x10\0data");
    out.extend_from_slice(&bytes.to_le_bytes());
    out.extend(pcm.iter().flat_map(|sample| sixteen(*sample).to_le_bytes()));
    out
}

/// A sample as 16 bits; anything beyond full scale is clipped.
pub(super) fn sixteen(sample: f32) -> i16 {
    // Clamped, so the cast cannot overflow.
    (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}

/// The samples of a sound file of any format, mixed to one channel, and their rate.
pub(super) fn read_file(bytes: Vec<u8>) -> Result<(Vec<f32>, Rate), String> {
    unpack(bytes).map_err(|why| format!("its sound {why}"))
}

/// A stream of 16-bit samples as bytes, however the network splits them.
#[derive(Clone, Debug, Default)]
pub(super) struct PcmBytes {
    odd: Option<u8>,
}

impl PcmBytes {
    /// The samples that `bytes` complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<f32> {
        let all = self.odd.take().into_iter().chain(bytes.iter().copied());
        let mut pcm = Vec::with_capacity(bytes.len() / 2 + 1);
        let mut low = None;
        for byte in all {
            match low.take() {
                None => low = Some(byte),
                Some(first) => {
                    pcm.push(f32::from(i16::from_le_bytes([first, byte])) / 32_768.0);
                }
            }
        }
        self.odd = low;
        pcm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_utterance_comes_back_from_its_file() {
        let pcm: Vec<f32> = (0..1000).map(|n| (n as f32 / 30.0).sin() * 1.1).collect();
        let (back, rate) = read_file(wav(&pcm)).unwrap();
        assert_eq!((rate, back.len()), (LISTEN_RATE, pcm.len()));
        let far = pcm.iter().zip(&back).map(|(a, b)| (a.clamp(-1.0, 1.0) - b).abs());
        assert!(far.fold(0.0, f32::max) < 1.0 / 16_384.0);
    }

    #[test]
    fn samples_may_be_cut_between_their_bytes() {
        let bytes: Vec<u8> = (0..40).collect();
        let whole = PcmBytes::default().push(&bytes);
        for cut in 1..7 {
            let mut reader = PcmBytes::default();
            let pieces: Vec<f32> = bytes.chunks(cut).flat_map(|piece| reader.push(piece)).collect();
            assert_eq!(pieces, whole);
        }
    }

    #[test]
    fn base64_is_read_with_and_without_padding() {
        assert_eq!(unbase64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(unbase64("aGk"), Some(b"hi".to_vec()));
        assert_eq!(unbase64("a?"), None);
    }
}
