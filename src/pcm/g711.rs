//! ITU-T G.711: how telephones put a sample into a byte.

/// ITU-T G.711, u-law: a sign, three bits of exponent, four of mantissa, all inverted.
pub(crate) fn to_ulaw(sample: i16) -> u8 {
    const BIAS: i32 = 0x84;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let size = i32::from(sample).abs().min(32_635) + BIAS;
    let exponent = (31 - size.leading_zeros()).saturating_sub(7);
    let mantissa = (size >> (exponent + 3)) & 0x0f;
    !(sign | (exponent as u8) << 4 | mantissa as u8)
}

/// The sample that a byte of u-law stands for.
pub(crate) fn from_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let size = ((i32::from(byte & 0x0f) << 3) + 0x84) << ((byte >> 4) & 0x07);
    let size = (size - 0x84) as i16;
    if byte & 0x80 == 0 { size } else { -size }
}

/// ITU-T G.711, A-law: as u-law without the bias, every second bit inverted.
pub(crate) fn to_alaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    // One's complement, as the standard's table has it.
    let size = i32::from(if sample < 0 { !sample } else { sample }) >> 3;
    let byte = if size < 32 {
        size >> 1
    } else {
        let exponent = (31 - size.leading_zeros() as i32) - 4;
        (exponent << 4) | ((size >> exponent) & 0x0f)
    };
    (sign | byte as u8) ^ 0x55
}

/// The sample that a byte of A-law stands for.
pub(crate) fn from_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let exponent = i32::from((byte >> 4) & 0x07);
    let mantissa = (i32::from(byte & 0x0f) << 4) + 8;
    let size = if exponent == 0 { mantissa } else { (mantissa + 0x100) << (exponent - 1) };
    if byte & 0x80 == 0 { -size as i16 } else { size as i16 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g711_gives_back_what_its_steps_allow() {
        for sample in (-32_768..=32_767).step_by(37).map(|s: i32| s as i16) {
            for back in [from_ulaw(to_ulaw(sample)), from_alaw(to_alaw(sample))] {
                let error = (i32::from(back) - i32::from(sample)).abs();
                assert!(error <= i32::from(sample).abs() / 16 + 16, "{sample} -> {back}");
            }
        }
        // The silence and the ends of the standard's tables.
        assert_eq!((to_ulaw(0), to_ulaw(i16::MAX), to_ulaw(i16::MIN)), (0xff, 0x80, 0x00));
        assert_eq!((to_alaw(0), to_alaw(i16::MAX), to_alaw(i16::MIN)), (0xd5, 0xaa, 0x2a));
    }
}
