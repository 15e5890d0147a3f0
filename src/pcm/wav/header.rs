//! The header of a WAV file, up to its first sample.

use crate::base::Rate;

/// Plain samples, integers or floats; other encodings have other tags.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
/// The tag is in the first two bytes of a longer identifier.
const EXTENSIBLE: u16 = 0xfffe;

/// The longest accepted format chunk, and the longest chunk that is skipped before the data (album
/// art, broadcast notes), in bytes.
const LONGEST_FORMAT: u32 = 1 << 10;
const LONGEST_CHUNK: u32 = 1 << 28;

/// What a header says about the data after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// How its samples are stored.
    pub(crate) format: Format,
    /// Its length in bytes; `None` if that was left open.
    pub(crate) length: Option<u64>,
}

/// Why the data is not reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidHeader {
    /// The samples are encoded. Both are the rest of a sentence that begins with the file.
    Coded(String),
    /// The header makes no sense.
    Broken(String),
}

/// Reads a header, however its bytes arrive.
#[derive(Debug, Default)]
pub(crate) struct HeaderReader {
    stage: Stage,
    /// Bytes of the current part that have arrived.
    held: Vec<u8>,
    /// Bytes left of a chunk that nobody needs.
    skip: u64,
    /// The size that the file claims to have, and whether only this and the sizes of the chunks
    /// count, as in files below four gigabytes.
    total: u32,
    short: bool,
    format: Option<Format>,
    /// The length of the data of a longer file.
    long: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    /// The file's own type and size.
    #[default]
    Riff,
    /// The name and size of a chunk.
    Chunk,
    /// A chunk of this size with the length of a long file, or with the format.
    Sizes(u32),
    Format(u32),
    /// The byte after a chunk of odd length. It should be zero padding; some recorders leave it
    /// out, and then it begins the next chunk.
    Pad,
}

impl HeaderReader {
    /// Takes `bytes`. Once the header is complete: what it says, and how many of `bytes` belong to
    /// it.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<(Header, usize)>, InvalidHeader> {
        let mut at = 0;
        loop {
            let rest = bytes.len() - at;
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(rest);
            self.skip -= skipped as u64;
            at += skipped;
            if self.skip > 0 {
                return Ok(None);
            }
            let size = match self.stage {
                Stage::Riff => 12,
                Stage::Chunk => 8,
                Stage::Sizes(_) => 16,
                Stage::Format(size) => size as usize,
                Stage::Pad => 1,
            };
            let taken = size.saturating_sub(self.held.len()).min(bytes.len() - at);
            self.held.extend_from_slice(&bytes[at..at + taken]);
            at += taken;
            if self.held.len() < size {
                return Ok(None);
            }
            let part = std::mem::take(&mut self.held);
            if let Some(header) = self.part(&part)? {
                return Ok(Some((header, at)));
            }
        }
    }

    /// The error of a file that ends here.
    pub(crate) fn cut_short(&self) -> InvalidHeader {
        let why = if self.skip > 0 { "ends before its sound" } else { "ends inside its header" };
        InvalidHeader::Broken(why.to_owned())
    }

    /// Reads a complete part.
    fn part(&mut self, part: &[u8]) -> Result<Option<Header>, InvalidHeader> {
        match self.stage {
            Stage::Riff => {
                self.short = part.starts_with(b"RIFF");
                self.total = u32_at(part, 4);
                self.stage = Stage::Chunk;
            }
            Stage::Chunk => return self.chunk(&part[..4], u32_at(part, 4)),
            Stage::Sizes(size) => {
                self.long = Some(u64::from(u32_at(part, 12)) << 32 | u64::from(u32_at(part, 8)));
                self.skip = u64::from(size.next_multiple_of(2)) - 16;
                self.stage = Stage::Chunk;
            }
            Stage::Format(size) => {
                self.format = Some(Format::parse(part)?);
                self.stage = after(size);
            }
            Stage::Pad => {
                if part[0].is_ascii_alphanumeric() {
                    self.held.push(part[0]);
                }
                self.stage = Stage::Chunk;
            }
        }
        Ok(None)
    }

    fn chunk(&mut self, name: &[u8], size: u32) -> Result<Option<Header>, InvalidHeader> {
        match (name, self.format) {
            // The length of files above four gigabytes is here.
            (b"ds64", _) if size >= 16 => self.stage = Stage::Sizes(size),
            (b"fmt ", _) => {
                if !(16..=LONGEST_FORMAT).contains(&size) {
                    return Err(invalid("the format chunk has no usable size"));
                }
                self.stage = Stage::Format(size);
            }
            (b"data", None) => return Err(invalid("its format is missing")),
            (b"data", Some(format)) => {
                // Writers to a pipe leave the length open: all ones, close to the largest signed
                // number, or zero here and in the very first chunk.
                let open = size >= 0x7fff_0000 || (size == 0 && self.total == 0);
                let long = if self.short { None } else { self.long };
                let long = long.filter(|long| *long > 0 && *long < u64::MAX / 2);
                let length = if open { long } else { Some(u64::from(size)) };
                return Ok(Some(Header { format, length }));
            }
            _ if size > LONGEST_CHUNK => return Err(invalid("a chunk is longer than any file")),
            _ => {
                self.skip = u64::from(size);
                self.stage = after(size);
            }
        }
        Ok(None)
    }
}

/// What follows a chunk of this size.
fn after(size: u32) -> Stage {
    if size.is_multiple_of(2) { Stage::Chunk } else { Stage::Pad }
}

fn invalid(why: &str) -> InvalidHeader {
    InvalidHeader::Broken(format!("is not a valid WAV: {why}"))
}

/// How the samples of a WAV file are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    /// Samples per frame.
    pub(crate) channels: usize,
    /// Frames per second.
    pub(crate) rate: Rate,
    /// Bytes of one sample.
    width: usize,
    float: bool,
    /// The block size cannot be that of a frame.
    pub(crate) contradicts: bool,
}

impl Format {
    /// Plain integers of 16 bits.
    pub(crate) const fn sixteen_bits(channels: usize, rate: Rate) -> Self {
        Self { channels, rate, width: 2, float: false, contradicts: false }
    }

    fn parse(bytes: &[u8]) -> Result<Self, InvalidHeader> {
        let word = |at: usize| match bytes.get(at..at + 2) {
            Some(&[a, b]) => u16::from_le_bytes([a, b]),
            _ => 0,
        };
        let rate = u32_at(bytes, 4);
        let tag = if word(0) == EXTENSIBLE { word(24) } else { word(0) };
        let (channels, block, bits) = (word(2), word(12), word(14));
        if channels == 0 {
            return Err(invalid("it has no channel"));
        }
        let whole = (1..=32).contains(&bits) && tag == PCM;
        if !(whole || (matches!(bits, 32 | 64) && tag == FLOAT)) {
            return Err(InvalidHeader::Coded(format!(
                "has samples of a kind that is not known (tag {tag}, {bits} bits)"
            )));
        }
        // A frame larger than its samples need pads each of them, as 24 bits in 4 bytes. Samples
        // that fill their bytes are never padded: there the size is wrong.
        let narrow = bits.div_ceil(8);
        let padded = block / channels;
        let fits = block.is_multiple_of(channels)
            && (padded == narrow || (narrow..=4).contains(&padded) && !matches!(bits, 8 | 16));
        let width = if fits { padded } else { narrow };
        Ok(Self {
            channels: usize::from(channels),
            rate: Rate(rate),
            width: usize::from(width),
            float: tag == FLOAT,
            contradicts: !fits,
        })
    }

    /// Bytes of a frame.
    pub(crate) const fn frame(&self) -> usize {
        self.channels * self.width
    }

    /// The samples of whole frames, interleaved.
    pub(crate) fn samples<'b>(&self, frames: &'b [u8]) -> impl Iterator<Item = f32> + use<'b> {
        let float = self.float;
        frames.chunks_exact(self.width).map(move |bytes| sample(bytes, float))
    }
}

/// One sample; integers are aligned to the top of their container, as the format demands, and those
/// of one byte are unsigned.
fn sample(bytes: &[u8], float: bool) -> f32 {
    match *bytes {
        [a] => (f32::from(a) - 128.0) / 128.0,
        [a, b] => super::super::from_i16(i16::from_le_bytes([a, b])),
        [a, b, c] => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
        [a, b, c, d] if float => f32::from_le_bytes([a, b, c, d]),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
        _ => 0.0,
    }
}

/// The number at `at`, which must be there.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with a chunk of odd length that is not padded, and two bytes of sound.
    fn bytes() -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVELIST\x03\0\0\0abc".to_vec();
        bytes.extend(b"fmt \x10\0\0\0\x01\0\x02\0\x80\x3e\0\0\0\0\0\0\x04\0\x10\0");
        bytes.extend(b"data\xff\xff\xff\xff\x01\x02");
        bytes
    }

    #[test]
    fn a_header_is_read_however_it_is_cut() {
        let bytes = bytes();
        for cut in [1, 2, 3, 7, 1_000] {
            let mut reader = HeaderReader::default();
            let mut done = 0;
            let mut pieces = bytes.chunks(cut);
            let (header, used) = loop {
                let piece = pieces.next().unwrap();
                match reader.push(piece).unwrap() {
                    Some(found) => break found,
                    None => done += piece.len(),
                }
            };
            assert_eq!(done + used, bytes.len() - 2, "{cut}");
            let Format { channels, rate, .. } = header.format;
            assert_eq!((channels, rate, header.length), (2, Rate(16_000), None), "{cut}");
        }
    }

    #[test]
    fn a_header_that_ends_too_early_says_where() {
        let mut reader = HeaderReader::default();
        assert!(reader.push(&bytes()[..21]).unwrap().is_none());
        assert_eq!(reader.cut_short(), InvalidHeader::Broken("ends before its sound".into()));
        assert!(reader.push(&bytes()[21..30]).unwrap().is_none());
        assert_eq!(reader.cut_short(), InvalidHeader::Broken("ends inside its header".into()));
    }
}
