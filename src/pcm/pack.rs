//! Encoding sound: FLAC without loss, Opus small.

use flacenc::bitsink::ByteSink;
use flacenc::component::BitRepr;
use flacenc::error::Verify;
use flacenc::source::MemSource;
use ogg::{PacketWriteEndInfo, PacketWriter};
use ropus::{Application, Bitrate, Channels, Encoder};

use super::to_i16;
use crate::base::{Rate, SPEAKER_RATE};

/// Frames of one Opus packet: 20 ms at [`SPEAKER_RATE`].
const PACKET: usize = 960;

/// The shortest block that FLAC allows.
const SHORTEST_FLAC: usize = 16;

/// Opus bitrate in bits per second: speech that is indistinguishable from the original.
const OPUS_BITS: u32 = 48_000;

/// Any number that is unique among the streams of a file; there is one stream.
const SERIAL: u32 = 1;

/// Encodes mono samples in -1.0..=1.0 as a 16-bit FLAC file.
///
/// # Errors
/// The encoder's message.
pub(crate) fn flac(pcm: &[f32], rate: Rate) -> Result<Vec<u8>, String> {
    let mut samples: Vec<i32> = pcm.iter().map(|sample| i32::from(to_i16(*sample))).collect();
    samples.resize(samples.len().max(SHORTEST_FLAC), 0);
    let config = flacenc::config::Encoder::default().into_verified();
    let config = config.map_err(|(_, why)| why.to_string())?;
    let source = MemSource::from_samples(&samples, 1, 16, rate.0 as usize);
    let mut stream = flacenc::encode_with_fixed_block_size(&config, source, config.block_size)
        .map_err(|why| format!("{why:?}"))?;
    // The shorter last block does not count: with it, a file with a fixed block size would claim to
    // have several, and strict decoders refuse that.
    let block = config.block_size;
    stream.stream_info_mut().set_block_sizes(block, block).map_err(|why| format!("{why:?}"))?;
    let mut sink = ByteSink::new();
    stream.write(&mut sink).map_err(|why| format!("{why:?}"))?;
    Ok(sink.as_slice().to_vec())
}

/// Encodes mono samples in -1.0..=1.0 at [`SPEAKER_RATE`] as an Ogg Opus file (RFC 7845).
///
/// # Errors
/// The encoder's message.
pub(crate) fn opus(pcm: &[f32]) -> Result<Vec<u8>, String> {
    let mut encoder = Encoder::builder(SPEAKER_RATE.0, Channels::Mono, Application::Audio)
        .bitrate(Bitrate::Bits(OPUS_BITS))
        .build()
        .map_err(|why| why.to_string())?;
    let skip = encoder.lookahead();
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(u16::try_from(skip).unwrap_or(0).to_le_bytes());
    head.extend(SPEAKER_RATE.0.to_le_bytes());
    // No gain, and channel mapping family 0, which needs no table.
    head.extend([0, 0, 0]);
    let mut tags = b"OpusTags\x05\0\0\0aloud".to_vec();
    tags.extend([0; 4]);
    let mut writer = PacketWriter::new(Vec::new());
    let mut put = |packet: Vec<u8>, info, position| {
        writer.write_packet(packet, SERIAL, info, position).map_err(|why| why.to_string())
    };
    put(head, PacketWriteEndInfo::EndPage, 0)?;
    put(tags, PacketWriteEndInfo::EndPage, 0)?;
    // What the encoder delays at the start comes out at the end.
    let total = pcm.len() + skip as usize;
    let packets = total.div_ceil(PACKET).max(1);
    let mut bytes = vec![0; 4_000];
    for packet in 0..packets {
        let from = (packet * PACKET).min(pcm.len());
        let mut frame = pcm[from..(from + PACKET).min(pcm.len())].to_vec();
        frame.resize(PACKET, 0.0);
        let length = encoder.encode_float(&frame, &mut bytes).map_err(|why| why.to_string())?;
        let (info, position) = if packet + 1 == packets {
            (PacketWriteEndInfo::EndStream, total)
        } else {
            (PacketWriteEndInfo::NormalPacket, (packet + 1) * PACKET)
        };
        put(bytes[..length].to_vec(), info, position as u64)?;
    }
    Ok(writer.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::Decoder;
    use super::*;

    fn unpacked(bytes: Vec<u8>) -> (Vec<f32>, Rate) {
        let mut decoder = Decoder::open(Box::new(Cursor::new(bytes))).unwrap();
        let mut out = Vec::new();
        while decoder.load(&mut out).unwrap() {}
        assert!(decoder.warnings().is_empty(), "{:?}", decoder.warnings());
        (out, decoder.rate())
    }

    fn distance(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn what_was_packed_comes_back() {
        for count in [0, 1, 959, 48_000, 50_001] {
            let pcm: Vec<f32> = (0..count).map(|n| (n as f32 / 20.0).sin() * 0.5).collect();
            let (back, rate) = unpacked(opus(&pcm).unwrap());
            assert_eq!((back.len(), rate), (count, SPEAKER_RATE));
            assert!(distance(&back, &pcm) < 0.1, "{}", distance(&back, &pcm));
            let (back, rate) = unpacked(flac(&pcm, Rate(24_000)).unwrap());
            assert_eq!((back.len(), rate), (count.max(SHORTEST_FLAC), Rate(24_000)));
            assert!(distance(&back, &pcm) < 1.0 / 16_384.0);
        }
    }
}
