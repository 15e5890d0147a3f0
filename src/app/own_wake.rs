//! Wake words of the user's own: where their recordings are, and what compares with them.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{App, RUNTIME, StartError};
use crate::base::LISTEN_RATE;
use crate::engine::local::{Silero, SpeechEmbedding};
use crate::listen::wake::own::{Embedder, Embedding, Sample, SharedEmbedder, Template, lock};
use crate::pcm::{FileError, WavFile, read_file};

/// The model that compares, and its file.
const SPEECH_EMBEDDING: (&str, &str) = ("speech-embedding", "speech-embedding.onnx");

/// How recognizers write the word, a line each.
const SPELLINGS: &str = "spellings.txt";

/// The words that `aloud wake record` has made: a folder each, with WAV files in it.
pub(crate) struct OwnWords {
    folder: PathBuf,
}

impl OwnWords {
    pub(crate) fn of(app: &App) -> Self {
        Self { folder: app.config.paths.models.with_file_name("wake") }
    }

    /// Their names, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| self.has(name)).collect();
        names.sort();
        names
    }

    /// Whether there are recordings of `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        // A word in the making begins with a dot.
        !name.starts_with('.') && !self.files(name).is_empty()
    }

    /// The folder of `name`.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The file of a network called `name`.
    pub(crate) fn network(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.tflite"))
    }

    /// The recordings of `name`, in order.
    pub(crate) fn files(&self, name: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.place(name)) else { return Vec::new() };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "wav"));
        files.sort();
        files
    }

    /// How recognizers write `name`.
    pub(crate) fn spellings(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.place(name).join(SPELLINGS)).unwrap_or_default();
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// What the recordings of `name` have in common.
    ///
    /// # Errors
    /// Which of them cannot be used, with the next step.
    pub(crate) fn template(&self, name: &str, by: &SharedEmbedder) -> Result<Template, String> {
        let mut samples = Vec::new();
        for file in self.files(name) {
            let clip = read_file(&file).map_err(|error| error.to_string())?;
            let sample = Sample::of(&clip.pcm, &mut Silero::new());
            samples.push(sample.map_err(|why| {
                let file = file.display();
                format!("{file} {why}; remove it, or record \"{name}\" again")
            })?);
        }
        Template::new(&samples, &mut *lock(by))
    }

    /// Keeps recordings of a new word, for its user's eyes alone: all of them or none.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn keep(
        &self,
        name: &str,
        samples: &[Sample],
        spellings: &[String],
    ) -> Result<(), FileError> {
        let folder = self.place(name);
        let unmade = |error: io::Error| FileError::cannot_make(&folder, &error);
        fs::create_dir_all(&self.folder).map_err(unmade)?;
        let part = self.folder.join(format!(".{name}.part"));
        sweep(&part).map_err(unmade)?;
        DirBuilder::new().mode(0o700).create(&part).map_err(unmade)?;
        let written = write(&part, samples, spellings)
            .and_then(|()| fs::rename(&part, &folder).map_err(unmade));
        if written.is_err() {
            // The disk has refused already; there is nothing more to say.
            let _ = sweep(&part);
        }
        written
    }

    /// Deletes the recordings of `name`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_dir_all(self.place(name))
    }
}

fn write(folder: &Path, samples: &[Sample], spellings: &[String]) -> Result<(), FileError> {
    for (n, sample) in samples.iter().enumerate() {
        let mut file = WavFile::create(&folder.join(format!("{}.wav", n + 1)), LISTEN_RATE)?;
        file.write(sample.pcm())?;
        file.finish()?;
    }
    let file = folder.join(SPELLINGS);
    let text: String = spellings.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&file, text).map_err(|error| FileError::cannot_make(&file, &error))
}

fn sweep(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Opens the model that compares.
pub(crate) type Open = Box<dyn Fn() -> Result<SharedEmbedder, StartError> + Send>;

/// What opens the model that compares, on the thread that will use it.
pub(crate) fn embedder(app: &App) -> Open {
    let file = |(model, file)| app.store.path(model, file);
    let files = file(RUNTIME).and_then(|runtime| Ok((runtime, file(SPEECH_EMBEDDING)?)));
    Box::new(move || {
        let (runtime, model) = files.clone()?;
        let model = SpeechEmbedding::open(&runtime, &model)?;
        Ok(Arc::new(Mutex::new(Comparer(model))) as SharedEmbedder)
    })
}

/// Lends the engine's model to the ear.
struct Comparer(SpeechEmbedding);

impl Embedder for Comparer {
    fn embed(&mut self, pcm: &[f32]) -> Result<Vec<Embedding>, String> {
        self.0.embed(pcm).map_err(|error| error.to_string())
    }
}
