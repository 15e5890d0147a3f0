//! `aloud doctor --tune`: measures how the microphone hears the speaker.
//!
//! ```text
//! chirp ─▶ speaker ─▶ the room ─▶ microphone ─▶ Loopback: delay, level ─▶ echo.json in the state folder
//! ```
//!
//! **Invariant:** what is kept was measured twice, with the same result.
//! **Invariant:** a microphone that gives nothing at all is not taken for one that hears nothing.

use std::f32::consts::TAU;
use std::path::Path;
use std::time::Duration;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::{App, tuned};
use crate::audio::{
    self, AudioError, Block, Choice, Loop, PlaybackFeed, SharedState, Side, SideState, Sound,
};
use crate::base::{Clock, Epoch, Moment, SPEAKER_RATE};
use crate::config::Environment;
use crate::listen::{Echo, Heard, Loopback};

/// How long an idle virtual device may take to open.
const OPENING: Duration = Duration::from_secs(10);

/// How long both devices run before the first sound, so that their clocks are known.
const SETTLING: Duration = Duration::from_millis(1_500);

/// How long the room is listened to after the sound.
const AFTER: Duration = Duration::from_millis(900);

/// How long playing the sound may take.
const PLAYING: Duration = Duration::from_secs(5);

/// Between two looks at what came.
const LOOK: Duration = Duration::from_millis(5);

/// The sound: a tone that rises through the range of speech in a second, at -10 dB.
const LOW: f32 = 150.0;
const HIGH: f32 = 7_000.0;
const LEVEL: f32 = 0.3;
const FADE: f32 = 0.02;

/// How much two measurements may differ.
const APART: Duration = Duration::from_millis(6);

/// Measures, tells, and keeps the result.
pub(super) async fn run(file: Option<&Path>, env: &Environment) -> Outcome {
    let app = App::open(file, env)?;
    let measured = tokio::task::spawn_blocking(move || measure(&app).map(|found| (app, found)));
    let (app, found) = measured.await.map_err(|error| Failure::new(Code::Bug, error))??;
    let echo = app.config.settings.listen.echo;
    let (heard, text) = match found.heard {
        Heard::Echo { delay, level_db } => {
            let delay_ms = u16::try_from(delay.as_millis()).unwrap_or(u16::MAX);
            let level_db = (level_db.round() as i8).clamp(-99, 40);
            let then = match echo {
                Echo::Auto | Echo::On => "echo cancelling is on",
                Echo::Off => "echo cancelling is off; set [listen] echo = \"auto\"",
            };
            let text = format!(
                "The speaker is heard by the microphone after {delay_ms} ms at {level_db} dB; {then}."
            );
            (Loop::Echo { delay_ms, level_db }, text)
        }
        Heard::Nothing => {
            let then = match echo {
                Echo::Auto | Echo::Off => "echo cancelling is off",
                Echo::On => "echo cancelling stays on, because [listen] echo = \"on\"",
            };
            let text = format!(
                "The microphone does not hear the speaker, as with a headset; {then}. If it is no headset, turn the volume up and try again."
            );
            (Loop::Nothing, text)
        }
        Heard::Dead => {
            let text = format!(
                "{} gives only silence; unmute it, or choose another from \"aloud devices\"",
                found.microphone
            );
            return Err(Failure::new(Code::Unavailable, text));
        }
        Heard::Unplayed => {
            let text = format!("{} plays nothing; run \"aloud doctor\"", found.speaker);
            return Err(Failure::new(Code::Unavailable, text));
        }
    };
    tuned::keep(&app, &found.microphone, &found.speaker, heard).map_err(|error| {
        let folder = app.config.paths.state.display();
        Failure::new(Code::CannotCreate, format!("cannot keep the result in {folder}: {error}"))
    })?;
    print::line(format!("microphone     {}", found.microphone))?;
    print::line(format!("speaker        {}", found.speaker))?;
    print::line(text)?;
    if crate::control::Client::reach(&app.config.paths.socket()).await.is_ok() {
        print::line("Run \"aloud reload\", so that the running service knows.")?;
    }
    Ok(())
}

/// The devices, and what the one hears of the other.
struct Found {
    microphone: String,
    speaker: String,
    heard: Heard,
}

/// Plays and listens. Blocks for some seconds.
fn measure(app: &App) -> Result<Found, Failure> {
    let settings = app.devices();
    if [&settings.input, &settings.output].iter().any(|end| matches!(end, Some(Choice::File(_)))) {
        let text = "a file stands in for the microphone or the speaker; name devices in [audio]";
        return Err(Failure::new(Code::Config, text));
    }
    let path = audio::path(app.volume.clone());
    let (sound, _events) = Sound::open(&settings, path.capture, path.playback)?;
    sound.ready(OPENING)?;
    let (microphone, speaker) = (name(&sound, Side::Input)?, name(&sound, Side::Output)?);
    let mut room = Room {
        clock: Clock::start(),
        feed: path.feed,
        shared: path.shared,
        ear: Loopback::new(path.tail, path.tap),
    };
    room.listen(SETTLING);
    let (first, second) = (room.chirp(Epoch(1)), room.chirp(Epoch(2)));
    // It was only opened for this; the next program opens it anew.
    let _ = sound.close();
    let heard = match (first, second) {
        (Heard::Echo { delay: a, level_db }, Heard::Echo { delay: b, .. })
            if a.abs_diff(b) <= APART =>
        {
            Heard::Echo { delay: (a + b) / 2, level_db }
        }
        (Heard::Echo { .. }, _) | (_, Heard::Echo { .. }) => {
            let text = "the room is too loud to measure; try again when it is quiet";
            return Err(Failure::new(Code::TryAgain, text));
        }
        (first, _) => first,
    };
    Ok(Found { microphone, speaker, heard })
}

fn name(sound: &Sound, side: Side) -> Result<String, AudioError> {
    match sound.state(side) {
        SideState::Up { device, .. } => Ok(device),
        SideState::Lost(why) => Err(why),
        SideState::Off | SideState::Opening => Err(AudioError::NoDefault(side)),
    }
}

/// The running devices.
struct Room {
    clock: Clock,
    feed: PlaybackFeed,
    shared: SharedState,
    ear: Loopback,
}

impl Room {
    /// Listens for `span`.
    fn listen(&mut self, span: Duration) {
        let end = self.clock.now() + span;
        self.listen_until(end, |_| false);
    }

    /// Listens until `done`, at most until `end`.
    fn listen_until(&mut self, end: Moment, mut done: impl FnMut(&mut Self) -> bool) {
        while !done(self) && self.clock.now() < end {
            self.ear.look();
            std::thread::park_timeout(LOOK);
        }
    }

    /// Plays the sound as `epoch`, and measures what is heard of it.
    fn chirp(&mut self, epoch: Epoch) -> Heard {
        self.ear.look();
        self.ear.begin();
        self.shared.set_live(epoch);
        let pcm = chirp();
        let mut blocks: Vec<Block> =
            pcm.chunks(240).map(|piece| Block::new(epoch, piece)).collect();
        blocks.push(Block::end(epoch));
        let mut next = 0;
        let end = self.clock.now() + PLAYING;
        self.listen_until(end, |room| {
            while blocks.get(next).is_some_and(|block| room.feed.push(*block).is_ok()) {
                next += 1;
            }
            room.shared.ended() == epoch
        });
        self.listen(AFTER);
        self.ear.look();
        self.ear.measure()
    }
}

/// A tone that rises by the same factor in the same time, mono at [`SPEAKER_RATE`].
fn chirp() -> Vec<f32> {
    let rate = SPEAKER_RATE.0 as f32;
    let rise = (HIGH / LOW).ln();
    (0..SPEAKER_RATE.0)
        .map(|n| {
            let t = n as f32 / rate;
            let phase = TAU * LOW / rise * ((rise * t).exp() - 1.0);
            let edge = (t / FADE).min((1.0 - t) / FADE).clamp(0.0, 1.0);
            LEVEL * edge * phase.sin()
        })
        .collect()
}
