use std::fs::File;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use super::error::plain;
use super::{Decoder, FileError, PIECE, Resampler, Unreadable};
use crate::base::{LISTEN_RATE, Rate};

/// The longest file that [`read_file`] reads at once: an hour, which is 230 MB. Longer ones are
/// read piece by piece with [`Recording`].
pub const LONGEST_CLIP_SECONDS: u32 = 3_600;

/// The file name that means standard input.
const STANDARD_INPUT: &str = "-";

/// The most that is read from standard input, in bytes.
const LONGEST_INPUT: u64 = 1 << 32;

/// A sound file being read: mono, piece by piece, so that its length does not matter.
///
/// WAV (integers, floats, A-law, µ-law, ADPCM, any channels and sizes, lengths left open by a
/// pipe), MP3, FLAC, Ogg (Vorbis and Opus), M4A, AAC, WebM, AIFF and CAF, recognized by their
/// bytes. Channels are averaged; if they cancel out, the loudest is taken. A truncated file or one
/// with a wrong header yields what it has, and a [`Recording::warning`]. The file `-` is standard
/// input.
pub struct Recording {
    path: PathBuf,
    decoder: Decoder,
    rate: Rate,
    resampler: Option<Resampler>,
    /// Converted but not yet read.
    ready: Vec<f32>,
    at: usize,
    over: bool,
    warning: Option<String>,
}

/// A whole sound file.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Mono at [`LISTEN_RATE`], samples in -1.0..=1.0.
    pub pcm: Vec<f32>,
    /// Its length in seconds.
    pub seconds: f64,
    /// What is wrong with it, although it could be read.
    pub warning: Option<String>,
}

/// Reads a whole file as mono at [`LISTEN_RATE`].
///
/// # Errors
/// [`FileError::NoFile`], [`FileError::NotSound`] (also when it holds no sample),
/// [`FileError::TooLong`] beyond [`LONGEST_CLIP_SECONDS`], [`FileError::Io`].
pub fn read_file(path: &Path) -> Result<Clip, FileError> {
    let mut recording = Recording::open(path)?.at_rate(LISTEN_RATE)?;
    let mut pcm = Vec::new();
    let mut piece = vec![0.0; PIECE];
    loop {
        let n = recording.read(&mut piece)?;
        if n == 0 {
            break;
        }
        pcm.extend_from_slice(&piece[..n]);
        if pcm.len() > (LONGEST_CLIP_SECONDS * LISTEN_RATE.0) as usize {
            return Err(FileError::TooLong {
                path: path.to_owned(),
                why: "is longer than an hour; cut it into shorter files".to_owned(),
            });
        }
    }
    if pcm.is_empty() {
        return Err(FileError::not_sound(path, "contains no sound"));
    }
    let seconds = pcm.len() as f64 / f64::from(LISTEN_RATE.0);
    Ok(Clip { pcm, seconds, warning: recording.warning })
}

impl Recording {
    /// Opens a file at its own rate.
    ///
    /// # Errors
    /// [`FileError::NoFile`] when it cannot be opened, [`FileError::NotSound`] when it is empty
    /// or of another kind.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let no_file =
            |why: io::Error| FileError::NoFile { path: path.to_owned(), why: plain(&why) };
        if path.as_os_str() == STANDARD_INPUT {
            return Self::decode(Path::new("standard input"), spooled().map_err(no_file)?);
        }
        let file = File::open(path).map_err(no_file)?;
        let about = file.metadata().map_err(no_file)?;
        if about.is_dir() {
            return Err(FileError::NoFile {
                path: path.to_owned(),
                why: "it is a folder".to_owned(),
            });
        }
        // Decoders seek, which a pipe cannot.
        let file = if about.is_file() { file } else { copied(file).map_err(no_file)? };
        Self::decode(path, file)
    }

    fn decode(path: &Path, file: File) -> Result<Self, FileError> {
        let decoder = Decoder::open(Box::new(file)).map_err(|why| match why {
            Unreadable::NotSound(why) => FileError::not_sound(path, why),
            Unreadable::Io(why) => broken(path, &why),
        })?;
        Ok(Self {
            path: path.to_owned(),
            rate: decoder.rate(),
            decoder,
            resampler: None,
            ready: Vec::new(),
            at: 0,
            over: false,
            warning: None,
        })
    }

    /// The same file at another rate. Must be called before the first read.
    ///
    /// # Errors
    /// As [`Resampler::new`].
    pub fn at_rate(mut self, rate: Rate) -> Result<Self, FileError> {
        self.resampler = Some(Resampler::new(self.rate, rate)?);
        self.rate = rate;
        Ok(self)
    }

    /// Rate of the samples that [`Recording::read`] returns.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Writes the next samples into `out`, mono in -1.0..=1.0; returns how many, 0 only at the end.
    ///
    /// # Errors
    /// [`FileError::Io`] when the disk fails; a truncated file is not an error.
    pub fn read(&mut self, out: &mut [f32]) -> Result<usize, FileError> {
        while self.at == self.ready.len() && !self.over {
            self.ready.clear();
            self.at = 0;
            self.load()?;
        }
        let n = out.len().min(self.ready.len() - self.at);
        out[..n].copy_from_slice(&self.ready[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }

    /// What is wrong with the file; known once its end has been read.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    fn load(&mut self) -> Result<(), FileError> {
        let mut piece = Vec::with_capacity(PIECE);
        let more = self.decoder.load(&mut piece).map_err(|why| broken(&self.path, &why))?;
        match &mut self.resampler {
            Some(resampler) => resampler.push(&piece, &mut self.ready),
            None => self.ready.append(&mut piece),
        }
        if !more {
            self.over = true;
            if let Some(resampler) = &mut self.resampler {
                resampler.flush(&mut self.ready);
            }
            let path = self.path.display();
            let warnings = self.decoder.warnings();
            let told: Vec<String> = warnings.iter().map(|why| format!("{path} {why}")).collect();
            self.warning = (!told.is_empty()).then(|| told.join("; "));
        }
        Ok(())
    }
}

/// Standard input copied to an unnamed file, deleted with its last handle.
fn spooled() -> io::Result<File> {
    copied(io::stdin().lock())
}

/// A copy of `reader` in such a file.
fn copied(reader: impl io::Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut reader.take(LONGEST_INPUT), &mut file)?;
    file.rewind()?;
    Ok(file)
}

fn broken(path: &Path, why: &io::Error) -> FileError {
    FileError::Io { path: path.to_owned(), why: plain(why) }
}
