use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::Outcome;
use super::exit::{Code, Failure};
use crate::base::SPEAKER_RATE;
use crate::pcm::{self, pack};

/// Where the sound of a command goes: a file in the format of its extension, or standard output.
pub(super) struct SoundOut {
    place: PathBuf,
    kind: Kind,
    /// The WAV file to convert or copy at the end; `None` if it is the destination itself.
    wave: Option<TempPath>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Wave,
    Flac,
    Opus,
    /// WAV to standard output.
    Stream,
}

/// Extensions that cannot be written, with the names of their formats.
const OTHERS: [(&str, &str); 8] = [
    ("mp3", "MP3"),
    ("m4a", "M4A"),
    ("aac", "AAC"),
    ("mp4", "MP4"),
    ("webm", "WebM"),
    ("wma", "Windows Media"),
    ("aiff", "AIFF"),
    ("amr", "AMR"),
];

impl SoundOut {
    /// Sound for `place`, where `-` is standard output.
    ///
    /// # Errors
    /// When the extension is a format that cannot be written.
    pub(super) fn of(place: PathBuf) -> Result<Self, Failure> {
        let ending = place.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let kind = match ending.as_deref() {
            _ if place.as_os_str() == "-" => Kind::Stream,
            Some("flac") => Kind::Flac,
            Some("opus" | "ogg" | "oga") => Kind::Opus,
            Some(other) => match OTHERS.iter().find(|(ending, _)| *ending == other) {
                Some((_, name)) => {
                    let place = place.display();
                    let why = format!(
                        "{place}: {name} cannot be written; end the name with .wav, .flac or .opus"
                    );
                    return Err(Failure::new(Code::Usage, why));
                }
                None => Kind::Wave,
            },
            None => Kind::Wave,
        };
        let wave = match kind {
            Kind::Wave => None,
            Kind::Flac | Kind::Opus | Kind::Stream => {
                let made = tempfile::Builder::new().suffix(".wav").tempfile();
                Some(made.map_err(Failure::from)?.into_temp_path())
            }
        };
        Ok(Self { place, kind, wave })
    }

    /// Whether standard output belongs to the sound.
    pub(super) fn streams(&self) -> bool {
        self.kind == Kind::Stream
    }

    /// The WAV file to write.
    pub(super) fn wave(&self) -> &Path {
        self.wave.as_deref().unwrap_or(&self.place)
    }

    /// Puts the sound in its place.
    ///
    /// # Errors
    /// When it cannot be encoded or written.
    pub(super) fn finish(self) -> Outcome {
        let Some(wave) = &self.wave else { return Ok(()) };
        if self.kind == Kind::Stream {
            let mut out = io::stdout().lock();
            let mut file = fs::File::open(wave).map_err(Failure::from)?;
            return io::copy(&mut file, &mut out).and_then(|_| out.flush()).map_err(Failure::from);
        }
        let mut recording = pcm::Recording::open(wave)?;
        let mut pcm = Vec::new();
        let mut piece = vec![0.0; SPEAKER_RATE.0 as usize];
        loop {
            match recording.read(&mut piece)? {
                0 => break,
                n => pcm.extend_from_slice(&piece[..n]),
            }
        }
        let packed = match self.kind {
            Kind::Flac => pack::flac(&pcm, recording.rate()),
            Kind::Opus => pack::opus(&pcm),
            Kind::Wave | Kind::Stream => return Ok(()),
        };
        let place = self.place.display();
        let packed = packed.map_err(|why| {
            Failure::new(Code::Bug, format!("{place} cannot be packed ({why}); use .wav"))
        })?;
        fs::write(&self.place, packed).map_err(|why| {
            let why = format!("cannot write {place}: {why}; check the path and the free space");
            Failure::new(Code::CannotCreate, why)
        })
    }
}
