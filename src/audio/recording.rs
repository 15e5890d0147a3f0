use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rodio::Source as _;

use super::wave::Wave;
use super::{AudioError, Resampler};
use crate::base::{LISTEN_RATE, Rate};

/// The longest file that [`read_file`] takes whole: an hour, which is 230 MB. Longer ones are read
/// piece by piece with [`Recording`].
pub const LONGEST_CLIP_SECONDS: u32 = 3_600;

/// Samples that are mixed down at a time.
pub(super) const PIECE: usize = 4_096;

/// A sound file under way: mono, piece by piece, so that its length does not matter.
///
/// WAV (8 to 32 bit integers, 32 and 64 bit floats, A-law, µ-law, any channels, extensible
/// headers, lengths left open by a pipe), MP3, FLAC and Ogg Vorbis. Channels are averaged. A file
/// that was cut short gives what it has, and a [`Recording::warning`].
pub struct Recording {
    path: PathBuf,
    reel: Reel,
    rate: Rate,
    resampler: Option<Resampler>,
    /// What has been converted and not yet read.
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
    /// How long it is.
    pub seconds: f64,
    /// What was wrong with it, if it could be read all the same.
    pub warning: Option<String>,
}

/// Reads a whole file as mono at [`LISTEN_RATE`].
///
/// # Errors
/// [`AudioError::NoFile`], [`AudioError::NotSound`] (also when it holds no sample),
/// [`AudioError::TooLong`] beyond [`LONGEST_CLIP_SECONDS`], [`AudioError::Io`].
pub fn read_file(path: &Path) -> Result<Clip, AudioError> {
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
            return Err(AudioError::TooLong {
                path: path.to_owned(),
                why: "is longer than an hour; cut it into shorter files".to_owned(),
            });
        }
    }
    if pcm.is_empty() {
        return Err(AudioError::not_sound(path, "holds no sound"));
    }
    let seconds = pcm.len() as f64 / f64::from(LISTEN_RATE.0);
    Ok(Clip { pcm, seconds, warning: recording.warning })
}

impl Recording {
    /// Opens a file at its own rate.
    ///
    /// # Errors
    /// [`AudioError::NoFile`] when it cannot be opened, [`AudioError::NotSound`] when it is empty
    /// or of another kind.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let no_file =
            |why: io::Error| AudioError::NoFile { path: path.to_owned(), why: plain(&why) };
        let mut file = File::open(path).map_err(no_file)?;
        if file.metadata().map_err(no_file)?.is_dir() {
            return Err(AudioError::NoFile {
                path: path.to_owned(),
                why: "it is a folder".to_owned(),
            });
        }
        let mut head = [0; 12];
        let got = fill(&mut file, &mut head).map_err(|why| broken(path, &why))?;
        let (reel, rate) = match kind(&head[..got]) {
            Kind::Empty => return Err(AudioError::not_sound(path, "is empty")),
            Kind::Wave => open_wave(path, file, &head[..got])?,
            Kind::Packed => open_packed(path, file)?,
            Kind::Other => return Err(AudioError::not_sound(path, "is not a sound file")),
        };
        if !(100..=768_000).contains(&rate.0) {
            let why = format!("claims a rate of {} Hz", rate.0);
            return Err(AudioError::not_sound(path, why));
        }
        Ok(Self {
            path: path.to_owned(),
            reel,
            rate,
            resampler: None,
            ready: Vec::new(),
            at: 0,
            over: false,
            warning: None,
        })
    }

    /// The same file at another rate. To be called before the first read.
    ///
    /// # Errors
    /// As [`Resampler::new`].
    pub fn at_rate(mut self, rate: Rate) -> Result<Self, AudioError> {
        self.resampler = Some(Resampler::new(self.rate, rate)?);
        self.rate = rate;
        Ok(self)
    }

    /// Samples per second of what [`Recording::read`] gives.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Writes the next samples into `out`, mono in -1.0..=1.0; returns how many, 0 only at the end.
    ///
    /// # Errors
    /// [`AudioError::Io`] when the disk fails; a file cut short is no error.
    pub fn read(&mut self, out: &mut [f32]) -> Result<usize, AudioError> {
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

    /// What was wrong with the file, known once its end has been read.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    fn load(&mut self) -> Result<(), AudioError> {
        let mut piece = Vec::with_capacity(PIECE);
        let more = match &mut self.reel {
            Reel::Wave(wave) => wave.load(&mut piece).map_err(|why| broken(&self.path, &why))?,
            Reel::Packed(decoder) => mix_down(decoder, &mut piece),
        };
        match &mut self.resampler {
            Some(resampler) => resampler.push(&piece, &mut self.ready),
            None => self.ready.append(&mut piece),
        }
        if !more {
            self.over = true;
            if let Some(resampler) = &mut self.resampler {
                resampler.flush(&mut self.ready);
            }
            if let Reel::Wave(wave) = &self.reel
                && wave.cut()
            {
                self.warning = Some(format!("{} is cut short", self.path.display()));
            }
        }
        Ok(())
    }
}

enum Reel {
    Wave(Wave),
    /// What has to be unpacked, and the rare kinds of WAV.
    Packed(Box<rodio::Decoder<BufReader<File>>>),
}

/// What is not a number becomes silence, and what is too loud is clipped.
pub(super) fn sane(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
}

fn open_wave(path: &Path, file: File, head: &[u8]) -> Result<(Reel, Rate), AudioError> {
    let mut data = Cursor::new(head.to_vec()).chain(BufReader::new(file));
    match Wave::header(&mut data) {
        Ok(header) => Ok((Reel::Wave(Wave::new(&header, Box::new(data))), header.rate)),
        Err(why) => {
            // Floats of 64 bits, A-law and the like are unpacked by the decoder of the others.
            let (_, file) = data.into_inner();
            open_packed(path, file.into_inner()).map_err(|_| AudioError::not_sound(path, why))
        }
    }
}

fn open_packed(path: &Path, mut file: File) -> Result<(Reel, Rate), AudioError> {
    let unreadable = |why: &dyn std::fmt::Display| {
        AudioError::not_sound(path, format!("cannot be decoded ({why})"))
    };
    file.seek(SeekFrom::Start(0)).map_err(|why| unreadable(&why))?;
    let decoder = rodio::Decoder::try_from(file).map_err(|why| unreadable(&why))?;
    let rate = Rate(decoder.sample_rate().get());
    Ok((Reel::Packed(Box::new(decoder)), rate))
}

fn mix_down(decoder: &mut rodio::Decoder<BufReader<File>>, out: &mut Vec<f32>) -> bool {
    let channels = usize::from(decoder.channels().get());
    for _ in 0..PIECE {
        let mut sum = 0.0;
        for _ in 0..channels {
            match decoder.next() {
                Some(sample) => sum += sample,
                None => return false,
            }
        }
        out.push(sane(sum / channels as f32));
    }
    true
}

enum Kind {
    Empty,
    Wave,
    Packed,
    Other,
}

/// Tells a file by its first bytes. Decoders that guess find MP3 in any text file.
fn kind(head: &[u8]) -> Kind {
    match head {
        [] => Kind::Empty,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Kind::Wave,
        [b'f', b'L', b'a', b'C', ..] | [b'O', b'g', b'g', b'S', ..] | [b'I', b'D', b'3', ..] => {
            Kind::Packed
        }
        // Eleven ones are how a frame of MP3 begins; the layer must not be the reserved one.
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => Kind::Packed,
        _ => Kind::Other,
    }
}

/// Fills `buffer` as far as there is something; returns how far.
pub(super) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match reader.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    Ok(got)
}

fn broken(path: &Path, why: &io::Error) -> AudioError {
    AudioError::Io { path: path.to_owned(), why: plain(why) }
}

/// The words of an I/O error without its number.
pub(super) fn plain(why: &io::Error) -> String {
    let said = |kind| why.kind() == kind;
    if said(ErrorKind::NotFound) {
        "there is no such file".to_owned()
    } else if said(ErrorKind::PermissionDenied) {
        "permission denied".to_owned()
    } else if said(ErrorKind::StorageFull) {
        "the disk is full".to_owned()
    } else {
        why.to_string()
    }
}
