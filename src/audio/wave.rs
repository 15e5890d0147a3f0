use std::io::{self, Read};

use super::recording::{PIECE, fill, sane};
use crate::base::Rate;

/// The data of a WAV file. Read here and not by hound, which refuses data whose length was left
/// open by a pipe or is not a whole number of frames.
pub(super) struct Wave {
    data: Box<dyn Read + Send>,
    channels: usize,
    /// Bytes of one sample.
    width: usize,
    float: bool,
    /// Bytes of data that the header promises and that have not come yet; `None` when it leaves
    /// the length open.
    left: Option<u64>,
    bytes: Vec<u8>,
}

/// What the chunks before the data say.
pub(super) struct Header {
    pub(super) rate: Rate,
    channels: u16,
    width: u16,
    float: bool,
    len: Option<u64>,
}

/// Plain samples, whole numbers or floats; other codings have other tags.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
/// The tag stands in the first two bytes of a longer name.
const EXTENSIBLE: u16 = 0xfffe;

/// The longest description of the format that is believed, and the longest chunk that is skipped
/// before the data (album art, broadcast notes).
const LONGEST_FORMAT: u32 = 1 << 10;
const LONGEST_CHUNK: u32 = 1 << 28;

impl Wave {
    /// Reads up to the first byte of data. The error is the end of a sentence that begins with the
    /// file.
    pub(super) fn header(reader: &mut dyn Read) -> Result<Header, String> {
        let mut riff = [0; 12];
        read_all(reader, &mut riff)?;
        let mut format = None;
        loop {
            let mut chunk = [0; 8];
            read_all(reader, &mut chunk)?;
            let [a, b, c, d, len @ ..] = chunk;
            let len = u32::from_le_bytes(len);
            match (&[a, b, c, d], format) {
                (b"fmt ", _) => {
                    if !(16..=LONGEST_FORMAT).contains(&len) {
                        return Err(
                            "is not a valid WAV: the format chunk has no usable size".into()
                        );
                    }
                    let mut bytes = vec![0; len.next_multiple_of(2) as usize];
                    read_all(reader, &mut bytes)?;
                    format = Some(Format::parse(&bytes)?);
                }
                (b"data", None) => return Err("is not a valid WAV: its format is missing".into()),
                (b"data", Some(format)) => {
                    // Writers to a pipe leave the length open: all ones, close to the largest
                    // signed number, or zero here and in the very first chunk.
                    let total = u32::from_le_bytes([riff[4], riff[5], riff[6], riff[7]]);
                    let open = len >= 0x7fff_0000 || (len == 0 && total == 0);
                    return Ok(Header {
                        rate: Rate(format.rate),
                        channels: format.channels,
                        width: format.width,
                        float: format.tag == FLOAT,
                        len: (!open).then_some(u64::from(len)),
                    });
                }
                _ if len > LONGEST_CHUNK => {
                    return Err("is not a valid WAV: a chunk is longer than any file".into());
                }
                _ => skip(reader, u64::from(len.next_multiple_of(2)))?,
            }
        }
    }

    pub(super) fn new(header: &Header, data: Box<dyn Read + Send>) -> Self {
        Self {
            data,
            channels: usize::from(header.channels),
            width: usize::from(header.width),
            float: header.float,
            left: header.len,
            bytes: Vec::new(),
        }
    }

    /// Appends the next piece to `out`, mixed down; whether more follows.
    pub(super) fn load(&mut self, out: &mut Vec<f32>) -> io::Result<bool> {
        let frame = self.channels * self.width;
        let room = (PIECE / self.channels).max(1) * frame;
        let wanted = self.left.map_or(room, |left| room.min(usize::try_from(left).unwrap_or(room)));
        self.bytes.resize(wanted, 0);
        let got = fill(&mut self.data, &mut self.bytes)?;
        self.left = self.left.map(|left| left - got as u64);
        for frame in self.bytes[..got].chunks_exact(frame) {
            let sum: f32 = frame.chunks_exact(self.width).map(|s| sample(s, self.float)).sum();
            out.push(sane(sum / self.channels as f32));
        }
        Ok(got == wanted && self.left != Some(0))
    }

    /// Whether the header promised more than there was.
    pub(super) fn cut(&self) -> bool {
        self.left.is_some_and(|left| left > 0)
    }
}

#[derive(Clone, Copy)]
struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    width: u16,
}

impl Format {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let word = |at: usize| match bytes.get(at..at + 2) {
            Some(&[a, b]) => u16::from_le_bytes([a, b]),
            _ => 0,
        };
        let rate = u32::from(word(4)) | u32::from(word(6)) << 16;
        let tag = if word(0) == EXTENSIBLE { word(24) } else { word(0) };
        let (channels, bits) = (word(2), word(14));
        let width = bits.div_ceil(8);
        let whole = (1..=32).contains(&bits) && tag == PCM;
        if !(whole || (bits == 32 && tag == FLOAT)) {
            return Err(format!("has an unknown sample format (tag {tag}, {bits} bits)"));
        }
        if channels == 0 {
            return Err("is not a valid WAV: it has no channel".into());
        }
        // A frame that is larger than its samples need pads each of them.
        let width = width.max(word(12) / channels);
        if width > 4 {
            return Err(format!("has samples of {width} bytes"));
        }
        Ok(Self { tag, channels, rate, width })
    }
}

/// One sample; whole numbers are aligned to the top of their container, as the format wants it,
/// and those of one byte have no sign.
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

fn read_all(reader: &mut dyn Read, buffer: &mut [u8]) -> Result<(), String> {
    match fill(reader, buffer) {
        Ok(got) if got == buffer.len() => Ok(()),
        Ok(_) => Err("ends inside its header".into()),
        Err(why) => Err(format!("cannot be read ({why})")),
    }
}

fn skip(reader: &mut dyn Read, len: u64) -> Result<(), String> {
    match io::copy(&mut reader.take(len), &mut io::sink()) {
        Ok(got) if got == len => Ok(()),
        Ok(_) => Err("ends before its sound".into()),
        Err(why) => Err(format!("cannot be read ({why})")),
    }
}
