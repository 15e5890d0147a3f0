//! WAV. Read here and not by a library, because libraries refuse data whose length was left open by
//! a pipe or is not a whole number of frames, and chunks that are not padded.

use std::io::{self, BufReader, Read};

use super::{Bytes, PIECE, Unreadable, fill};
use crate::base::Rate;

/// The data of a WAV file.
pub(super) struct Wave {
    data: BufReader<Box<dyn Bytes>>,
    format: Format,
    /// Bytes of data that the header promises and that have not been read yet; `None` if it leaves
    /// the length open.
    left: Option<u64>,
    bytes: Vec<u8>,
}

/// A WAV file, read up to its data.
pub(super) enum Opened {
    /// Its samples are plain.
    Plain(Wave),
    /// The samples are encoded, or the file is broken: the bytes, and the message in case no
    /// decoder reads them.
    Coded(Box<dyn Bytes>, String),
}

/// Plain samples, integers or floats; other encodings have other tags.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
/// The tag is in the first two bytes of a longer identifier.
const EXTENSIBLE: u16 = 0xfffe;

/// The longest accepted format chunk, and the longest chunk that is skipped before the data (album
/// art, broadcast notes), in bytes.
const LONGEST_FORMAT: u32 = 1 << 10;
const LONGEST_CHUNK: u32 = 1 << 28;

impl Wave {
    /// Reads up to the first byte of data.
    pub(super) fn open(bytes: Box<dyn Bytes>) -> Result<Opened, Unreadable> {
        let mut data = BufReader::new(bytes);
        match header(&mut data) {
            Ok((format, left)) => Ok(Opened::Plain(Self { data, format, left, bytes: Vec::new() })),
            Err(Broken::Coding(why)) => Ok(Opened::Coded(data.into_inner(), why)),
            Err(Broken::Header(why)) => Err(Unreadable::NotSound(why)),
            Err(Broken::Io(why)) => Err(Unreadable::Io(why)),
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.format.channels
    }

    pub(super) fn rate(&self) -> Rate {
        self.format.rate
    }

    /// Appends the next frames, interleaved; whether more follow.
    pub(super) fn load(&mut self, out: &mut Vec<f32>) -> io::Result<bool> {
        let Format { channels, width, float, .. } = self.format;
        let frame = channels * width;
        let room = (PIECE / channels).max(1) * frame;
        let wanted = self.left.map_or(room, |left| room.min(usize::try_from(left).unwrap_or(room)));
        self.bytes.resize(wanted, 0);
        let got = fill(&mut self.data, &mut self.bytes)?;
        self.left = self.left.map(|left| left - got as u64);
        let whole = got / frame * frame;
        out.extend(self.bytes[..whole].chunks_exact(width).map(|bytes| sample(bytes, float)));
        Ok(got == wanted && self.left != Some(0))
    }

    /// What the header gets wrong.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let cut = self.left.is_some_and(|left| left > 0).then_some("is cut short");
        let width = self.format.contradicts;
        let width = width.then_some("has a wrong block size in its header, which was ignored");
        cut.into_iter().chain(width)
    }
}

/// Why the data is not reached.
enum Broken {
    /// The samples are encoded.
    Coding(String),
    /// The header makes no sense.
    Header(String),
    Io(io::Error),
}

fn invalid(why: &str) -> Broken {
    Broken::Header(format!("is not a valid WAV: {why}"))
}

/// The format, and the length of the data if it is given.
fn header(reader: &mut impl Read) -> Result<(Format, Option<u64>), Broken> {
    let mut riff = [0; 12];
    read_all(reader, &mut riff)?;
    let (mut format, mut long) = (None, None);
    let mut ahead = None;
    loop {
        let mut chunk = [0; 8];
        match ahead.take() {
            Some(first) => {
                chunk[0] = first;
                read_all(reader, &mut chunk[1..])?;
            }
            None => read_all(reader, &mut chunk)?,
        }
        let [a, b, c, d, len @ ..] = chunk;
        let len = u32::from_le_bytes(len);
        match (&[a, b, c, d], format) {
            // The length of files above four gigabytes is here.
            (b"ds64", _) if len >= 16 => {
                let mut sizes = [0; 16];
                read_all(reader, &mut sizes)?;
                let [.., e, f, g, h, i, j, k, l] = sizes;
                long = Some(u64::from_le_bytes([e, f, g, h, i, j, k, l]));
                skip(reader, u64::from(len.next_multiple_of(2)) - 16)?;
            }
            (b"fmt ", _) => {
                if !(16..=LONGEST_FORMAT).contains(&len) {
                    return Err(invalid("the format chunk has no usable size"));
                }
                let mut bytes = vec![0; len as usize];
                read_all(reader, &mut bytes)?;
                ahead = pad(reader, len)?;
                format = Some(Format::parse(&bytes)?);
            }
            (b"data", None) => return Err(invalid("its format is missing")),
            (b"data", Some(format)) => {
                // Writers to a pipe leave the length open: all ones, close to the largest signed
                // number, or zero here and in the very first chunk.
                let total = u32::from_le_bytes([riff[4], riff[5], riff[6], riff[7]]);
                let open = len >= 0x7fff_0000 || (len == 0 && total == 0);
                let told = if riff.starts_with(b"RIFF") { None } else { long };
                let told = told.filter(|long| *long > 0 && *long < u64::MAX / 2);
                return Ok((format, if open { told } else { Some(u64::from(len)) }));
            }
            _ if len > LONGEST_CHUNK => return Err(invalid("a chunk is longer than any file")),
            _ => {
                skip(reader, u64::from(len))?;
                ahead = pad(reader, len)?;
            }
        }
    }
}

/// The byte after a chunk of odd length. It should be zero padding; some recorders leave it out,
/// and then it begins the next chunk.
fn pad(reader: &mut impl Read, len: u32) -> Result<Option<u8>, Broken> {
    if len.is_multiple_of(2) {
        return Ok(None);
    }
    let mut byte = [0];
    read_all(reader, &mut byte)?;
    let [byte] = byte;
    Ok(byte.is_ascii_alphanumeric().then_some(byte))
}

#[derive(Clone, Copy)]
struct Format {
    channels: usize,
    rate: Rate,
    /// Bytes of one sample.
    width: usize,
    float: bool,
    /// The block size cannot be that of a frame.
    contradicts: bool,
}

impl Format {
    fn parse(bytes: &[u8]) -> Result<Self, Broken> {
        let word = |at: usize| match bytes.get(at..at + 2) {
            Some(&[a, b]) => u16::from_le_bytes([a, b]),
            _ => 0,
        };
        let rate = u32::from(word(4)) | u32::from(word(6)) << 16;
        let tag = if word(0) == EXTENSIBLE { word(24) } else { word(0) };
        let (channels, block, bits) = (word(2), word(12), word(14));
        if channels == 0 {
            return Err(invalid("it has no channel"));
        }
        let whole = (1..=32).contains(&bits) && tag == PCM;
        if !(whole || (bits == 32 && tag == FLOAT)) {
            return Err(Broken::Coding(format!(
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
}

/// One sample; integers are aligned to the top of their container, as the format demands, and those
/// of one byte are unsigned.
fn sample(bytes: &[u8], float: bool) -> f32 {
    match *bytes {
        [a] => (f32::from(a) - 128.0) / 128.0,
        [a, b] => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
        [a, b, c] => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
        [a, b, c, d] if float => f32::from_le_bytes([a, b, c, d]),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
        _ => 0.0,
    }
}

fn read_all(reader: &mut impl Read, buffer: &mut [u8]) -> Result<(), Broken> {
    match fill(reader, buffer) {
        Ok(got) if got == buffer.len() => Ok(()),
        Ok(_) => Err(Broken::Header("ends inside its header".into())),
        Err(why) => Err(Broken::Io(why)),
    }
}

fn skip(reader: &mut impl Read, len: u64) -> Result<(), Broken> {
    match io::copy(&mut reader.take(len), &mut io::sink()) {
        Ok(got) if got == len => Ok(()),
        Ok(_) => Err(Broken::Header("ends before its sound".into())),
        Err(why) => Err(Broken::Io(why)),
    }
}
