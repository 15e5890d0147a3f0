use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use crate::base::process;
use crate::engine::EngineError;

/// The one onnxruntime of this process. Cheap to clone.
///
/// Loading it costs about 20 MB of resident memory and 15 ms, so nothing loads it before the first
/// model is needed: pass the library's path to the engines and call [`Runtime::open`] on their
/// threads.
#[derive(Clone, Debug)]
pub struct Runtime {
    environment: Environment,
    /// The library's file, as the system names it.
    library: PathBuf,
}

/// A process can hold one onnxruntime, and closing it is not safe while sessions live; so the first
/// one opened stays.
static OPEN: Mutex<Option<Runtime>> = Mutex::new(None);

/// Threads per inference, for sessions created from now on.
static THREADS: AtomicUsize = AtomicUsize::new(1);

impl Runtime {
    /// Sets the number of threads per inference, for models loaded from now on; 1 by default. More
    /// is faster only for long utterances: the models are small.
    pub fn set_threads(threads: u8) {
        THREADS.store(usize::from(threads.max(1)), Ordering::Relaxed);
    }

    /// The onnxruntime in the shared library at `library`, loaded by the first call. Later calls
    /// return the same one, whatever path they name.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when the file is missing, truncated, not an onnxruntime, or
    /// older than 1.22.
    pub fn open(library: &Path) -> Result<Self, EngineError> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = open.as_ref() {
            return Ok(runtime.clone());
        }
        check_whole(library)?;
        let builder = ort::init_from(library)
            .map_err(|error| unusable(library, &format!("it cannot be loaded ({error})")))?;
        let environment = builder
            .with_name("aloud")
            .with_telemetry(false)
            .with_logger(Arc::new(log))
            .build()
            .map_err(|error| unusable(library, &format!("it does not start ({error})")))?;
        environment.set_log_level(LogLevel::Error);
        let library = library.canonicalize().unwrap_or_else(|_| library.to_owned());
        let runtime = Self { environment, library };
        *open = Some(runtime.clone());
        Ok(runtime)
    }

    /// Gives back the memory that nothing needs just now: free pages of the heap, and code that does
    /// not run (see [`process`]). Some milliseconds.
    pub fn give_back() {
        process::trim();
        let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        // It is never closed, see `OPEN`.
        let library = open.as_ref().map(|runtime| runtime.library.as_path());
        process::evict(&Vec::from_iter(library));
    }

    /// A session of the model file at `model` (`.onnx` or `.ort`), configured for one utterance at
    /// a time: threads that never spin, and memory released after each run.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when the file is missing, truncated or not a model.
    pub fn session(&self, model: &Path) -> Result<Session, EngineError> {
        // Opened here first: the library reports little about why it cannot open a file.
        opened(model)?;
        let mut builder = self
            .builder()
            .map_err(|error| EngineError::Broken(format!("onnxruntime failed: {error}")))?;
        builder
            .commit_from_file(model)
            .map_err(|error| unusable(model, &format!("it is not a complete model ({error})")))
    }

    /// As [`Runtime::session`], for a model in memory; `model` names the file it came from.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when it is not a model.
    pub fn session_of(&self, bytes: &[u8], model: &Path) -> Result<Session, EngineError> {
        let mut builder = self
            .builder()
            .map_err(|error| EngineError::Broken(format!("onnxruntime failed: {error}")))?;
        builder
            .commit_from_memory(bytes)
            .map_err(|error| unusable(model, &format!("it is not a complete model ({error})")))
    }

    /// The memory options are measured on Moonshine, loaded and after 55 s of speech: without the
    /// arena, which never releases memory, 129 instead of 175 MB; with the file mapped while it is
    /// read, 14 MB less. Memory patterns only pay off for inputs of one size.
    fn builder(&self) -> ort::Result<SessionBuilder> {
        Ok(Session::builder(&self.environment)?
            .with_intra_threads(THREADS.load(Ordering::Relaxed))?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_memory_pattern(false)?
            .with_device_allocated_initializers()?
            .with_config_entry("session.use_memory_mapped_ort_model", "1")?
            .with_execution_providers([ep::CPU::default().with_arena_allocator(false).build()])?)
    }
}

/// The error for a missing model file.
pub(super) fn missing(file: &Path) -> EngineError {
    EngineError::Unreachable(format!(
        "model file {} is missing; run \"aloud models fetch\"",
        file.display()
    ))
}

/// Opens a model file.
///
/// # Errors
/// [`missing`] only when it does not exist. Other causes, such as too many open files or missing
/// permission, are not cured by fetching it again.
pub(super) fn opened(file: &Path) -> Result<File, EngineError> {
    let unopened = |why: &dyn std::fmt::Display| {
        EngineError::Unreachable(format!(
            "model file {} cannot be opened: {why}; fix that and try again",
            file.display()
        ))
    };
    match File::open(file) {
        Ok(open) if open.metadata().is_ok_and(|data| data.is_file()) => Ok(open),
        Ok(_) => Err(unopened(&"it is not a file")),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Err(missing(file)),
        Err(why) => Err(unopened(&why)),
    }
}

/// Reads a model file.
///
/// # Errors
/// As [`opened`], and when the disk fails.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Vec::new();
    opened(file)?
        .read_to_end(&mut bytes)
        .map_err(|why| unusable(file, &format!("it cannot be read ({why})")))?;
    Ok(bytes)
}

/// The error for a model file that exists but is unusable.
pub(super) fn unusable(file: &Path, why: &str) -> EngineError {
    EngineError::Unreachable(format!(
        "model file {} cannot be used: {why}; run \"aloud models verify\", then \"aloud models fetch\"",
        file.display()
    ))
}

/// The error for an inference that failed for no reason in a file.
pub(super) fn failed(error: &ort::Error) -> EngineError {
    EngineError::Broken(format!("the local model failed ({error}); run \"aloud models verify\""))
}

/// Refuses a missing library and a truncated ELF library: the dynamic loader would map the missing
/// part all the same, and the process would crash. The section headers of an ELF file are at its
/// very end, so a complete file reaches at least to them.
fn check_whole(library: &Path) -> Result<(), EngineError> {
    let mut file = opened(library)?;
    let mut head = [0_u8; 64];
    if file.read_exact(&mut head).is_err() {
        return Err(unusable(library, "it is truncated"));
    }
    let is_elf64_little = head.starts_with(b"\x7fELF\x02\x01");
    if is_elf64_little {
        let word = |at: usize| u64::from(head[at]) | (u64::from(head[at + 1]) << 8);
        let table = (0..8).fold(0_u64, |sum, i| sum | (u64::from(head[0x28 + i]) << (8 * i)));
        let needed = table.saturating_add(word(0x3a) * word(0x3c));
        let length =
            file.seek(SeekFrom::End(0)).map_err(|why| unusable(library, &why.to_string()))?;
        if length < needed {
            return Err(unusable(library, "it is truncated"));
        }
    }
    Ok(())
}

/// What onnxruntime says of a run that we have stopped.
const STOPPED: &str = "Exiting due to terminate flag";

/// Forwards onnxruntime's log to ours; its warnings are for model makers, not for users, and a run
/// that was stopped is no error.
fn log(level: LogLevel, category: &str, _id: &str, _location: &str, message: &str) {
    match level {
        LogLevel::Verbose | LogLevel::Info => tracing::trace!(category, "onnxruntime: {message}"),
        LogLevel::Warning => tracing::debug!(category, "onnxruntime: {message}"),
        LogLevel::Error | LogLevel::Fatal if message.contains(STOPPED) => {
            tracing::debug!(category, "onnxruntime: {message}");
        }
        LogLevel::Error | LogLevel::Fatal => tracing::warn!(category, "onnxruntime: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_told_to_be_missing() {
        let folder = std::env::temp_dir();
        let error = opened(&folder).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("it is not a file") && !error.contains("fetch"), "{error}");
    }

    #[test]
    fn a_missing_library_names_the_file_and_the_next_step() {
        let error = Runtime::open(Path::new("/nowhere/libonnxruntime.so")).unwrap_err();
        assert_eq!(
            error,
            EngineError::Unreachable(
                "model file /nowhere/libonnxruntime.so is missing; run \"aloud models fetch\""
                    .to_owned()
            )
        );
    }

    #[test]
    fn a_library_cut_short_is_refused_before_it_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let own = std::fs::read("/proc/self/exe").unwrap();
        let cut = folder.path().join("cut.so");
        std::fs::write(&cut, &own[..own.len() / 2]).unwrap();
        let error = Runtime::open(&cut).unwrap_err();
        assert!(
            matches!(&error, EngineError::Unreachable(text) if text.contains("truncated")),
            "{error:?}"
        );
        let tiny = folder.path().join("tiny.so");
        std::fs::write(&tiny, b"\x7fELF").unwrap();
        assert!(matches!(Runtime::open(&tiny), Err(EngineError::Unreachable(_))));
    }
}
