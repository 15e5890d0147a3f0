use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc as queue;

use super::board::{Board, SideState};
use super::device::Wish;
use super::report::Report;
use super::supervisor::Supervisor;
use super::thread::thread;
use super::{
    AudioError, CaptureEdge, Choice, Pace, PlaybackEdge, Settings, Side, SoundEvent, file_device,
};
use crate::base::{Clock, SPEAKER_RATE};
use crate::pcm::{FileError, Recording, WavFile};

/// Events that may wait for the driver. When full, the supervisor keeps the newest event of each
/// side and delivers it later.
const EVENTS: usize = 16;

/// How long [`Sound::close`] waits for devices. A sound server that hangs holds them.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// The sound of this process: opens devices or files, watches them, and reopens them.
///
/// One supervisor thread decides, one worker thread per side talks to the sound server (and may
/// hang with it), and each file has a thread. Lost devices are retried after 100 ms, later less
/// often; a device that returns is used again.
pub struct Sound {
    supervisor: Option<(mpsc::Sender<Report>, mpsc::Receiver<()>)>,
    files: Vec<JoinHandle<Result<(), FileError>>>,
    stop: Arc<AtomicBool>,
    board: Arc<Board>,
}

/// Lets the streams rest while nothing is said or heard. The loudspeaker's is paused: playing
/// silence costs more than all of the listening, and keeps the sound card awake. The microphone's
/// delivers larger pieces, so that the machine wakes up less often. A muted microphone is closed.
/// Clones share one state.
#[derive(Clone, Debug)]
pub struct Rest {
    /// `None` if there are only files, which need no rest.
    reports: Option<mpsc::Sender<Report>>,
    resting: Arc<AtomicBool>,
}

impl Rest {
    /// Lets the streams rest, or resumes them, which takes a few milliseconds.
    pub fn set(&self, on: bool) {
        let Some(reports) = &self.reports else { return };
        if self.resting.swap(on, Ordering::Relaxed) != on {
            // A supervisor that has ended has nothing to pause.
            let _ = reports.send(Report::Rest(on));
        }
    }

    /// Closes the microphone, or opens it again: while it is closed nothing records. A file in its
    /// place goes on.
    pub fn shut_microphone(&self, on: bool) {
        if let Some(reports) = &self.reports {
            // A supervisor that has ended has no device open.
            let _ = reports.send(Report::Shut(on));
        }
    }
}

/// Shows the watchdog that the device supervisor moves. It moves while devices are open, missing,
/// or held by a hanging server; it watches the callbacks itself.
#[derive(Clone, Debug)]
pub struct Pulse(Option<Arc<Board>>);

impl Pulse {
    /// A number that grows several times a second; `None` if no device is used.
    pub fn count(&self) -> Option<u64> {
        self.0.as_ref().map(|board| board.rounds())
    }
}

impl Sound {
    /// Opens what `settings` name, with both edges of a [`super::path`], and returns immediately:
    /// devices come up on their own, see [`Sound::ready`] and the events.
    ///
    /// # Errors
    /// Problems with files are reported here: [`AudioError::File`].
    pub fn open(
        settings: &Settings,
        capture: CaptureEdge,
        playback: PlaybackEdge,
    ) -> Result<(Self, queue::Receiver<SoundEvent>), AudioError> {
        let (tell, told) = queue::channel(EVENTS);
        let board = Arc::new(Board::default());
        let stop = Arc::new(AtomicBool::new(false));
        let mut sound = Self { supervisor: None, files: Vec::new(), stop, board };
        let mut recording = None;
        let mut target = None;
        for (side, choice) in [(Side::Input, &settings.input), (Side::Output, &settings.output)] {
            let Some(choice) = choice else { continue };
            sound.board.begin(side);
            match (side, choice) {
                (Side::Input, Choice::File(path)) => {
                    recording = Some((path.display().to_string(), Recording::open(path)?));
                }
                (Side::Output, Choice::File(path)) => {
                    let file = WavFile::create(path, SPEAKER_RATE)?;
                    target = Some((path.display().to_string(), file));
                }
                (Side::Input | Side::Output, Choice::Default | Choice::Named(_)) => {}
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
        let wish = |side| Wish::of(settings, side);
        let capture = wish(Side::Input).and_then(|wish| Some((wish, capture?)));
        let playback = wish(Side::Output).and_then(|wish| Some((wish, playback?)));
        if capture.is_some() || playback.is_some() {
            let (reports, inbox) = mpsc::channel();
            let (done, ended) = mpsc::channel();
            let to_self = reports.clone();
            let board = Arc::clone(&sound.board);
            let loops = settings.loops.clone();
            let run = move || {
                let clock = Clock::start();
                Supervisor::new(clock, to_self, capture, playback, loops, board, tell).run(&inbox);
                let _ = done.send(());
            };
            thread("aloud-sound", run)?;
            sound.supervisor = Some((reports, ended));
        }
        Ok((sound, told))
    }

    /// Waits until everything requested is open. Blocks: not for an async task.
    ///
    /// # Errors
    /// The reason, as soon as one side fails to open at the first try, or does not open within
    /// `patience` (opening an idle virtual device takes 2 s).
    pub fn ready(&self, patience: Duration) -> Result<(), AudioError> {
        let sides = self.board.wait(patience);
        // A lost side is the reason, even while the other one is still being opened.
        for side in &sides {
            if let SideState::Lost(why) = side {
                return Err(why.clone());
            }
        }
        if sides.contains(&SideState::Opening) {
            return Err(AudioError::NoServer("it did not answer in time".to_owned()));
        }
        Ok(())
    }

    /// Shows that the devices are being watched, see [`Pulse`].
    pub fn pulse(&self) -> Pulse {
        Pulse(self.supervisor.is_some().then(|| Arc::clone(&self.board)))
    }

    /// Controls the rest of the streams, see [`Rest`].
    pub fn rest(&self) -> Rest {
        let reports = self.supervisor.as_ref().map(|(reports, _)| reports.clone());
        Rest { reports, resting: Arc::default() }
    }

    /// The state of one side.
    pub fn state(&self, side: Side) -> SideState {
        self.board.state(side)
    }

    /// Stops, and completes the output file. Blocks for up to a second.
    ///
    /// # Errors
    /// [`AudioError::File`].
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
                outcome = Err(why.into());
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
                // A file reports three events at most, far fewer than fit.
                let _ = tell.try_send(event);
            };
            say(SoundEvent::Up { side: Side::Input, device: name });
            let ended = || say(SoundEvent::Ended);
            let outcome = file_device::play(recording, edge, &settings, &stop, ended);
            if let Err(why) = &outcome {
                say(SoundEvent::Lost { side: Side::Input, why: why.clone().into() });
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
            let broke =
                |why: FileError| say(SoundEvent::Lost { side: Side::Output, why: why.into() });
            file_device::write(file, edge, pace, &stop, broke)
        };
        self.files.push(thread("aloud-file-out", run)?);
        Ok(())
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        // Whoever needs the outcome calls close.
        let _ = self.halt();
    }
}
