use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::AudioError;
use super::recording::plain;
use crate::base::Rate;

/// A WAV file being written: mono, 16 bits.
///
/// The header is updated once a second, so even a program that is killed leaves a playable file.
/// [`WavFile::finish`] reports whether all of it reached the disk.
pub struct WavFile {
    path: PathBuf,
    writer: hound::WavWriter<BufWriter<File>>,
    rate: Rate,
    /// Samples since the header was last updated.
    fresh: u32,
}

impl WavFile {
    /// Creates or replaces the file.
    ///
    /// # Errors
    /// [`AudioError::CannotWrite`].
    pub fn create(path: &Path, rate: Rate) -> Result<Self, AudioError> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate.0,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = Self {
            path: path.to_owned(),
            writer: hound::WavWriter::create(path, spec).map_err(|why| refused(path, why))?,
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
    /// [`AudioError::CannotWrite`].
    pub fn write(&mut self, pcm: &[f32]) -> Result<(), AudioError> {
        for sample in pcm {
            let level = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0);
            self.writer.write_sample(level as i16).map_err(|why| refused(&self.path, why))?;
        }
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
    /// [`AudioError::CannotWrite`], for instance when the disk is full.
    pub fn finish(self) -> Result<(), AudioError> {
        self.writer.finalize().map_err(|why| refused(&self.path, why))
    }

    fn flush(&mut self) -> Result<(), AudioError> {
        self.fresh = 0;
        self.writer.flush().map_err(|why| refused(&self.path, why))
    }
}

fn refused(path: &Path, why: hound::Error) -> AudioError {
    if let hound::Error::IoError(why) = &why {
        AudioError::cannot_write(path, plain(why))
    } else {
        AudioError::cannot_write(path, why)
    }
}
