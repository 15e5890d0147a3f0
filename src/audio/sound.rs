use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc as queue;

use super::supervisor::{Report, Supervisor};
use super::{
    AudioError, CaptureEdge, Choice, Pace, PlaybackEdge, Recording, Settings, Side, SoundEvent,
    WavFile, reel,
};
use crate::base::{Clock, SPEAKER_RATE};

/// Events that can wait for the driver. When it is full, the supervisor keeps the newest event of
/// each side and hands it over later.
const EVENTS: usize = 16;

/// The longest that [`Sound::close`] waits for devices. A sound server that hangs holds them.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// The state of one end, for `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SideState {
    /// Not asked for.
    #[default]
    Off,
    /// Not open yet.
    Opening,
    /// Open.
    Up {
        /// Its name.
        device: String,
        /// The device that it stands in for.
        instead_of: Option<String>,
    },
    /// No sound; it is tried again all the time.
    Lost(AudioError),
}

/// The sound of this process: opens devices or files, watches them, and opens them again.
///
/// One supervisor thread decides, one worker thread a side talks to the sound server (and may hang
/// with it), one thread a file. Lost devices are tried again after 100 ms, later less often; a
/// device that returns is used again.
pub struct Sound {
    supervisor: Option<(mpsc::Sender<Report>, mpsc::Receiver<()>)>,
    files: Vec<JoinHandle<Result<(), AudioError>>>,
    stop: Arc<AtomicBool>,
    board: Arc<Board>,
}

/// Lets the loudspeaker's stream rest while nothing is said: a stream that plays silence costs more
/// than all of the listening, and keeps the sound card awake. Clones are one.
#[derive(Clone, Debug)]
pub struct Rest {
    /// None where a file stands for the loudspeaker, which needs no rest.
    reports: Option<mpsc::Sender<Report>>,
    resting: Arc<AtomicBool>,
}

impl Rest {
    /// Pauses the stream, or lets it go on, which takes a few milliseconds.
    pub fn set(&self, on: bool) {
        let Some(reports) = &self.reports else { return };
        if self.resting.swap(on, Ordering::Relaxed) != on {
            // A supervisor that has ended has nothing to pause.
            let _ = reports.send(Report::Rest(on));
        }
    }

    /// Whether it rests, so that no callback is to be expected.
    pub fn resting(&self) -> bool {
        self.resting.load(Ordering::Relaxed)
    }
}

/// What is known of both ends.
#[derive(Debug, Default)]
pub(super) struct Board {
    sides: Mutex<[SideState; 2]>,
    changed: Condvar,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, [SideState; 2]> {
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what `event` says.
    pub(super) fn note(&self, event: &SoundEvent) {
        let (side, state) = match event {
            SoundEvent::Up { side, device } => {
                (side, SideState::Up { device: device.clone(), instead_of: None })
            }
            SoundEvent::Moved { side, device, wanted } => {
                (side, SideState::Up { device: device.clone(), instead_of: Some(wanted.clone()) })
            }
            SoundEvent::Lost { side, why } => (side, SideState::Lost(why.clone())),
            SoundEvent::Ended => return,
        };
        self.lock()[*side as usize] = state;
        self.changed.notify_all();
    }
}

impl Sound {
    /// Starts what `settings` name, with both edges of a [`super::path`], and returns at once:
    /// devices come up on their own, see [`Sound::ready`] and the events.
    ///
    /// # Errors
    /// What is wrong with a file shows here: [`AudioError::NoFile`], [`AudioError::NotSound`],
    /// [`AudioError::CannotWrite`].
    pub fn open(
        settings: &Settings,
        capture: CaptureEdge,
        playback: PlaybackEdge,
    ) -> Result<(Self, queue::Receiver<SoundEvent>), AudioError> {
        let (tell, told) = queue::channel(EVENTS);
        let board = Arc::new(Board::default());
        let stop = Arc::new(AtomicBool::new(false));
        let mut sound = Self { supervisor: None, files: Vec::new(), stop, board };
        let mut devices = (None, None);
        let mut recording = None;
        let mut target = None;
        for (side, choice) in [(Side::Input, &settings.input), (Side::Output, &settings.output)] {
            let Some(choice) = choice else { continue };
            sound.board.lock()[side as usize] = SideState::Opening;
            match (side, choice) {
                (Side::Input, Choice::File(path)) => {
                    recording = Some((path.display().to_string(), Recording::open(path)?));
                }
                (Side::Output, Choice::File(path)) => {
                    let file = WavFile::create(path, SPEAKER_RATE)?;
                    target = Some((path.display().to_string(), file));
                }
                (Side::Input, choice) => devices.0 = Some(choice.clone()),
                (Side::Output, choice) => devices.1 = Some(choice.clone()),
            }
        }
        let (mut capture, mut playback) = (Some(capture), Some(playback));
        if let Some((name, file)) = target
            && let Some(edge) = playback.take()
        {
            sound.write(name, file, edge, settings.pace, tell.clone())?;
        }
        if let Some((name, recording)) = recording
            && let Some(edge) = capture.take()
        {
            sound.play(name, recording, edge, settings.clone(), tell.clone())?;
        }
        let capture = capture.and_then(|edge| devices.0.map(|choice| (choice, edge)));
        let playback = playback.and_then(|edge| devices.1.map(|choice| (choice, edge)));
        if capture.is_some() || playback.is_some() {
            let (reports, inbox) = mpsc::channel();
            let (done, ended) = mpsc::channel();
            let to_self = reports.clone();
            let board = Arc::clone(&sound.board);
            let run = move || {
                let clock = Clock::start();
                Supervisor::new(clock, to_self, capture, playback, board, tell).run(&inbox);
                let _ = done.send(());
            };
            thread("aloud-sound", run)?;
            sound.supervisor = Some((reports, ended));
        }
        Ok((sound, told))
    }

    /// Waits until all that was asked for is open. Blocks: not for an async task.
    ///
    /// # Errors
    /// The reason, as soon as one end cannot be opened at the first try, or nothing came of it
    /// within `patience` (opening an idle virtual device takes 2 s).
    pub fn ready(&self, patience: Duration) -> Result<(), AudioError> {
        let opening = |sides: &mut [SideState; 2]| {
            !sides.iter().any(|side| matches!(side, SideState::Lost(_)))
                && sides.contains(&SideState::Opening)
        };
        let sides = self.board.lock();
        let (sides, _) = self
            .board
            .changed
            .wait_timeout_while(sides, patience, opening)
            .unwrap_or_else(PoisonError::into_inner);
        for side in sides.iter() {
            match side {
                SideState::Lost(why) => return Err(why.clone()),
                SideState::Opening => {
                    return Err(AudioError::NoServer("it does not answer in time".to_owned()));
                }
                SideState::Off | SideState::Up { .. } => {}
            }
        }
        Ok(())
    }

    /// The rest of the loudspeaker, see [`Rest`].
    pub fn rest(&self) -> Rest {
        let reports = self.supervisor.as_ref().map(|(reports, _)| reports.clone());
        Rest { reports, resting: Arc::default() }
    }

    /// How it stands with one end.
    pub fn state(&self, side: Side) -> SideState {
        self.board.lock()[side as usize].clone()
    }

    /// Stops, and completes the file that is written. Blocks for up to a second.
    ///
    /// # Errors
    /// [`AudioError::CannotWrite`] or [`AudioError::Io`] of the files.
    pub fn close(mut self) -> Result<(), AudioError> {
        self.halt()
    }

    fn halt(&mut self) -> Result<(), AudioError> {
        self.stop.store(true, Ordering::Release);
        if let Some((reports, ended)) = self.supervisor.take() {
            let _ = reports.send(Report::Stop);
            let _ = ended.recv_timeout(CLOSE_TIME);
        }
        let mut outcome = Ok(());
        for file in self.files.drain(..) {
            file.thread().unpark();
            if let Ok(Err(why)) = file.join() {
                outcome = Err(why);
            }
        }
        outcome
    }

    fn play(
        &mut self,
        name: String,
        recording: Recording,
        edge: CaptureEdge,
        settings: Settings,
        tell: queue::Sender<SoundEvent>,
    ) -> Result<(), AudioError> {
        let (stop, board) = (Arc::clone(&self.stop), Arc::clone(&self.board));
        let run = move || {
            let say = |event: SoundEvent| {
                board.note(&event);
                // A file tells of three things at most, far fewer than fit.
                let _ = tell.try_send(event);
            };
            say(SoundEvent::Up { side: Side::Input, device: name });
            let ended = || say(SoundEvent::Ended);
            let outcome = reel::play(recording, edge, &settings, &stop, ended);
            if let Err(why) = &outcome {
                say(SoundEvent::Lost { side: Side::Input, why: why.clone() });
            }
            outcome
        };
        self.files.push(thread("aloud-file-in", run)?);
        Ok(())
    }

    fn write(
        &mut self,
        name: String,
        file: WavFile,
        edge: PlaybackEdge,
        pace: Pace,
        tell: queue::Sender<SoundEvent>,
    ) -> Result<(), AudioError> {
        let (stop, board) = (Arc::clone(&self.stop), Arc::clone(&self.board));
        let run = move || {
            let say = |event: SoundEvent| {
                board.note(&event);
                let _ = tell.try_send(event);
            };
            say(SoundEvent::Up { side: Side::Output, device: name });
            let broke = |why| say(SoundEvent::Lost { side: Side::Output, why });
            reel::write(file, edge, pace, &stop, broke)
        };
        self.files.push(thread("aloud-file-out", run)?);
        Ok(())
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        // Whoever wants to know how it went calls close.
        let _ = self.halt();
    }
}

/// Starts a thread. A machine that has none left has no sound either.
pub(super) fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, AudioError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|why| AudioError::NoServer(format!("cannot start a thread: {why}")))
}
