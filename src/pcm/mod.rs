//! Samples: reading and writing sound files, and changing rates.
//!
//! ```text
//! bytes ─▶ kind (by the first bytes) ─▶ wav | packed ─▶ mix ─▶ mono samples, piece by piece
//! file ─▶ Recording {Decoder, Resampler} ─▶ samples at any rate      samples ─▶ WavFile | pack ─▶ file
//! ```
//!
//! **Invariant:** a file is recognized by its bytes, never by its name.
//! **Invariant:** a header that contradicts itself is reported, and what it says is checked against
//! what the bytes can be.
//! **Invariant:** memory does not grow with the length of a file.
//! Deliberately absent: devices; what a recording says.

mod error;
pub(crate) mod g711;
mod kind;
mod mix;
pub(crate) mod pack;
mod packed;
mod polyphase;
mod rate;
mod recording;
mod sample;
mod wav;

use std::io::{self, Read, Seek, SeekFrom};

pub use error::{FileError, RateError};
pub(crate) use mix::Mixer;
pub(crate) use polyphase::Polyphase;
pub(crate) use rate::BlockResampler;
pub use rate::Resampler;
pub use recording::{Clip, LONGEST_CLIP_SECONDS, Recording, read_file};
pub(crate) use sample::{PcmBytes, from_i16, to_i16};
pub use wav::WavFile;
pub(crate) use wav::{Format, Header, HeaderReader, InvalidHeader, wav};

use self::kind::Kind;
use self::packed::Packed;
use self::wav::{Opened, WavReader};
use crate::base::Rate;

/// Frames decoded at a time.
pub(crate) const PIECE: usize = 4_096;

/// A source of bytes: a file or memory.
pub(crate) trait Bytes: Read + Seek + Send + Sync {}

impl<T: Read + Seek + Send + Sync> Bytes for T {}

/// Why nothing could be decoded.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It cannot be decoded; the rest of a sentence that begins with the file's name.
    NotSound(String),
    /// It could not be read.
    Io(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(why: io::Error) -> Self {
        Self::Io(why)
    }
}

/// Sound being decoded: mono samples in -1.0..=1.0, piece by piece.
pub(crate) struct Decoder {
    source: Source,
    mixer: Mixer,
    /// Interleaved samples of the current piece.
    frames: Vec<f32>,
    rate: Rate,
    warnings: Vec<&'static str>,
}

enum Source {
    Wav(WavReader),
    Packed(Box<Packed>),
}

impl Decoder {
    /// Reads up to the first sample of `bytes`.
    pub(crate) fn open(mut bytes: Box<dyn Bytes>) -> Result<Self, Unreadable> {
        let mut head = [0; 64];
        let got = fill(&mut bytes, &mut head)?;
        bytes.seek(SeekFrom::Start(0))?;
        let told = |why: String| Err(Unreadable::NotSound(why));
        let (source, channels, rate) = match kind::of(&head[..got]) {
            Kind::Empty => return told("is empty".to_owned()),
            Kind::Other => return told("is not a sound file".to_owned()),
            Kind::Foreign(name) => {
                return told(format!(
                    "is {name}, which cannot be read; convert it, for instance with \
                     \"ffmpeg -i FILE sound.wav\""
                ));
            }
            Kind::Wav => match WavReader::open(bytes)? {
                Opened::Plain(wave) => {
                    let (channels, rate) = (wave.channels(), wave.rate());
                    (Source::Wav(wave), channels, rate)
                }
                Opened::Coded(mut bytes, why) => {
                    // ADPCM, A-law and the like.
                    bytes.seek(SeekFrom::Start(0))?;
                    let packed = Packed::open(bytes).map_err(|_| Unreadable::NotSound(why))?;
                    let (channels, rate) = (packed.channels(), packed.rate());
                    (Source::Packed(Box::new(packed)), channels, rate)
                }
            },
            Kind::Packed => {
                let packed = Packed::open(bytes).map_err(Unreadable::NotSound)?;
                let (channels, rate) = (packed.channels(), packed.rate());
                (Source::Packed(Box::new(packed)), channels, rate)
            }
        };
        if !(100..=768_000).contains(&rate.0) {
            return told(format!("claims a rate of {} Hz", rate.0));
        }
        Ok(Self {
            source,
            mixer: Mixer::new(channels),
            frames: Vec::new(),
            rate,
            warnings: Vec::new(),
        })
    }

    /// Rate in samples per second.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Appends the next piece to `out`; whether more follows.
    ///
    /// # Errors
    /// When reading fails; if the bytes merely end too early there is a warning.
    pub(crate) fn load(&mut self, out: &mut Vec<f32>) -> io::Result<bool> {
        self.frames.clear();
        let more = match &mut self.source {
            Source::Wav(wave) => wave.load(&mut self.frames)?,
            Source::Packed(packed) => packed.load(&mut self.frames)?,
        };
        self.mixer.mix(&self.frames, out);
        Ok(more)
    }

    /// What is wrong with it although it could be read, as the rest of sentences that begin with
    /// the file; known once its end has been read.
    pub(crate) fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = self.warnings.clone();
        match &self.source {
            Source::Wav(wave) => warnings.extend(wave.warnings()),
            Source::Packed(packed) => warnings.extend(packed.warnings()),
        }
        warnings.extend(self.mixer.warning());
        warnings
    }
}

/// All of a sound file in memory, and its rate.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence that begins with its name.
pub(crate) fn unpack(bytes: Vec<u8>) -> Result<(Vec<f32>, Rate), String> {
    let said = |why| match why {
        Unreadable::NotSound(why) => why,
        Unreadable::Io(why) => format!("cannot be read ({why})"),
    };
    let mut decoder = Decoder::open(Box::new(io::Cursor::new(bytes))).map_err(said)?;
    let mut pcm = Vec::new();
    while decoder.load(&mut pcm).map_err(|why| said(Unreadable::Io(why)))? {}
    Ok((pcm, decoder.rate()))
}

/// NaN becomes silence, and overload is clipped.
fn sane(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
}

/// Fills `buffer` as far as possible; returns how far.
pub(crate) fn fill(reader: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match reader.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    Ok(got)
}
