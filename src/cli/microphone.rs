use std::time::Duration;

use super::exit::{Code, Failure};
use crate::app::App;
use crate::audio::{self, CaptureEvent, CaptureTail, Sound, SoundEvent};
use crate::base::{LISTEN_RATE, Utterance, Volume};
use crate::listen::{End, Event, Listener, Order, Settings};
use crate::pcm::{FileError, Resampler};

/// How long an idle virtual device may take to open.
const OPENING: Duration = Duration::from_secs(10);
/// How often to look for sound.
const LOOK: Duration = Duration::from_millis(20);
/// Looks without sound after which the microphone counts as gone: five seconds.
const STALL: u32 = 250;

/// The configured microphone, for a command that listens by itself.
pub(super) struct Microphone {
    sound: Sound,
    tail: CaptureTail,
    events: tokio::sync::mpsc::Receiver<SoundEvent>,
    resampler: Option<Resampler>,
}

impl Microphone {
    /// Opens it.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn open(app: &App) -> Result<Self, Failure> {
        let path = audio::path(Volume::new(0));
        let settings = audio::Settings { output: None, ..app.devices() };
        let (sound, events) = Sound::open(&settings, path.capture, path.playback)?;
        let opened = tokio::task::spawn_blocking(move || sound.ready(OPENING).map(|()| sound));
        let sound = opened.await.map_err(|error| Failure::new(Code::Bug, error))??;
        Ok(Self { sound, tail: path.tail, events, resampler: None })
    }

    /// The next sound, mono at 16 kHz; `None` at the end of a file.
    ///
    /// # Errors
    /// When nothing comes any more.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<f32>>, Failure> {
        let mut raw = vec![0.0; 4_096];
        for _ in 0..STALL {
            // What happens to the device shows in its sound; the queue must not fill up.
            while self.events.try_recv().is_ok() {}
            while let Some(event) = self.tail.poll() {
                match event {
                    CaptureEvent::Restart { rate } => {
                        let resampler =
                            Resampler::new(rate, LISTEN_RATE).map_err(FileError::from)?;
                        self.resampler = Some(resampler);
                    }
                    CaptureEvent::Gap { .. } => {}
                    CaptureEvent::End => return Ok(None),
                }
            }
            let n = self.tail.read(&mut raw);
            if let (Some(resampler), 1..) = (&mut self.resampler, n) {
                let mut pcm = Vec::new();
                resampler.push(&raw[..n], &mut pcm);
                return Ok(Some(pcm));
            }
            tokio::time::sleep(LOOK).await;
        }
        let state = self.sound.state(audio::Side::Input);
        let why = match state {
            audio::SideState::Lost(why) => why.to_string(),
            audio::SideState::Off | audio::SideState::Opening | audio::SideState::Up { .. } => {
                "the microphone gives no sound; unplug it and plug it in again, or choose another \
                 from \"aloud devices\""
                    .to_owned()
            }
        };
        Err(Failure::new(Code::Unavailable, why))
    }

    /// Hears with `ear` until it has a whole utterance; `None` if there is none in `patience` of
    /// sound. What follows the utterance is for the next one.
    ///
    /// # Errors
    /// As [`Microphone::next`].
    pub(super) async fn utterance(
        &mut self,
        ear: &mut Listener,
        patience: Duration,
    ) -> Result<Option<Utterance>, Failure> {
        let mut left = patience.as_millis() as u64 * u64::from(LISTEN_RATE.0) / 1000;
        let mut out = Vec::new();
        while left > 0 {
            let Some(pcm) = self.next().await? else { return Ok(None) };
            left = left.saturating_sub(pcm.len() as u64);
            ear.push(&pcm, &mut out);
            for event in out.drain(..) {
                if let Event::Ended { utterance, by: End::Pause, .. } = event {
                    return Ok(Some(utterance));
                }
            }
        }
        Ok(None)
    }
}

/// An open ear that keeps what a word needs around it.
pub(super) fn open_ear(app: &App) -> Listener {
    let settings =
        Settings { preroll_ms: 600, pause_ms: 600, speculate_ms: None, ..app.listening() };
    let mut ear = Listener::new(settings, Some(app.voice_activity()));
    ear.order(Order::Open, &mut Vec::new());
    ear
}
