//! Samples of 16 bits, as most wires and files carry them.

/// A sample as 16 bits; anything beyond full scale is clipped.
pub(crate) fn to_i16(sample: f32) -> i16 {
    // Clamped, so the cast cannot overflow.
    (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}

/// A sample of 16 bits in -1.0..1.0.
pub(crate) fn from_i16(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

/// A stream of 16-bit samples as bytes, however the network splits them.
#[derive(Clone, Debug, Default)]
pub(crate) struct PcmBytes {
    odd: Option<u8>,
}

impl PcmBytes {
    /// The samples that `bytes` complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<f32> {
        let all = self.odd.take().into_iter().chain(bytes.iter().copied());
        let mut pcm = Vec::with_capacity(bytes.len() / 2 + 1);
        let mut low = None;
        for byte in all {
            match low.take() {
                None => low = Some(byte),
                Some(first) => {
                    pcm.push(from_i16(i16::from_le_bytes([first, byte])));
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
    fn samples_may_be_cut_between_their_bytes() {
        let bytes: Vec<u8> = (0..40).collect();
        let whole = PcmBytes::default().push(&bytes);
        for cut in 1..7 {
            let mut reader = PcmBytes::default();
            let pieces: Vec<f32> = bytes.chunks(cut).flat_map(|piece| reader.push(piece)).collect();
            assert_eq!(pieces, whole);
        }
    }
}
