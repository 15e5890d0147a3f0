//! Writing WAV: mono, 16 bits.

use std::fs::File;
use std::io::{BufWriter, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::base::Rate;
use crate::pcm::error::plain;
use crate::pcm::{FileError, to_i16};

/// `pcm` as the bytes of a WAV file. Samples are in -1.0..=1.0; louder ones are clipped.
pub(crate) fn wav(pcm: &[f32], rate: Rate) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::with_capacity(44 + pcm.len() * 2));
    let written = WavWriter::new(&mut bytes, spec(rate)).and_then(|mut writer| {
        append(&mut writer, pcm)?;
        writer.finalize()
    });
    // Memory does not fail, and no utterance comes near the four gigabytes of a WAV file.
    debug_assert!(written.is_ok(), "{written:?}");
    bytes.into_inner()
}

/// A WAV file being written: mono, 16 bits.
///
/// The header is updated once a second, so even a program that is killed leaves a playable file.
/// [`WavFile::finish`] reports whether all of it reached the disk.
pub struct WavFile {
    path: PathBuf,
    writer: WavWriter<BufWriter<File>>,
    rate: Rate,
    /// Samples since the header was last updated.
    fresh: u32,
}

impl WavFile {
    /// Creates or replaces the file.
    ///
    /// # Errors
    /// [`FileError::CannotWrite`].
    pub fn create(path: &Path, rate: Rate) -> Result<Self, FileError> {
        let mut file = Self {
            path: path.to_owned(),
            writer: WavWriter::create(path, spec(rate)).map_err(|why| refused(path, why))?,
            rate,
            fresh: 0,
        };
        // A full disk shows now rather than at the end.
        file.flush()?;
        Ok(file)
    }

    /// Appends `pcm`, samples in -1.0..=1.0; louder ones are clipped.
    ///
    /// # Errors
    /// [`FileError::CannotWrite`].
    pub fn write(&mut self, pcm: &[f32]) -> Result<(), FileError> {
        append(&mut self.writer, pcm).map_err(|why| refused(&self.path, why))?;
        self.fresh += u32::try_from(pcm.len()).unwrap_or(u32::MAX);
        if self.fresh >= self.rate.0 {
            self.flush()?;
        }
        Ok(())
    }

    /// Samples written so far.
    pub fn samples(&self) -> u32 {
        self.writer.len()
    }

    /// Completes the file.
    ///
    /// # Errors
    /// [`FileError::CannotWrite`], for instance when the disk is full.
    pub fn finish(self) -> Result<(), FileError> {
        self.writer.finalize().map_err(|why| refused(&self.path, why))
    }

    fn flush(&mut self) -> Result<(), FileError> {
        self.fresh = 0;
        self.writer.flush().map_err(|why| refused(&self.path, why))
    }
}

fn refused(path: &Path, why: hound::Error) -> FileError {
    if let hound::Error::IoError(why) = &why {
        FileError::cannot_write(path, plain(why))
    } else {
        FileError::cannot_write(path, why)
    }
}

fn spec(rate: Rate) -> WavSpec {
    let (channels, bits_per_sample) = (1, 16);
    let sample_format = SampleFormat::Int;
    WavSpec { channels, sample_rate: rate.0, bits_per_sample, sample_format }
}

fn append(writer: &mut WavWriter<impl Write + Seek>, pcm: &[f32]) -> Result<(), hound::Error> {
    pcm.iter().try_for_each(|sample| writer.write_sample(to_i16(*sample)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::LISTEN_RATE;
    use crate::pcm::unpack;

    #[test]
    fn what_was_written_comes_back() {
        let pcm: Vec<f32> = (0..1000).map(|n| (n as f32 / 30.0).sin() * 1.1).collect();
        let (back, rate) = unpack(wav(&pcm, LISTEN_RATE)).unwrap();
        assert_eq!((rate, back.len()), (LISTEN_RATE, pcm.len()));
        let far = pcm.iter().zip(&back).map(|(a, b)| (a.clamp(-1.0, 1.0) - b).abs());
        assert!(far.fold(0.0, f32::max) < 1.0 / 16_384.0);
    }
}
