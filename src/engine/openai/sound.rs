//! Sound as these protocols carry it: 16-bit samples, raw or in base64.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use ::base64::{alphabet, engine::DecodePaddingMode};

use crate::base::Rate;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        assert_eq!(unbase64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(unbase64("aGk"), Some(b"hi".to_vec()));
        assert_eq!(unbase64("a?"), None);
    }
}
