//! The loudspeaker: the real playback edge, and an ear that counts what comes out of it.

use aloud::audio::{FADE_SAMPLES, PlaybackEdge, SharedState};
use aloud::base::Epoch;

use super::room::Room;

/// Samples of a period.
const PERIOD: usize = 480;

/// Samples at 16 kHz from the loudspeaker to the microphone: 60 ms.
const ECHO: u64 = 960;

/// The level of piece `n` of a reply, so that an ear can tell the pieces apart.
pub(crate) fn level(n: usize) -> f32 {
    0.1 + 0.01 * (n % 64) as f32
}

pub(crate) struct Loudspeaker {
    room: Room,
    edge: PlaybackEdge,
    shared: SharedState,
    alive: bool,
    /// The reply that may sound, as last seen.
    live: Epoch,
    ducked: bool,
    paused: bool,
    /// Whether it was paused and repeats what it said, or fades: then its levels are not those of
    /// the next samples.
    repeats: bool,
    /// Periods of sound in which the volume still changes.
    turning: u32,
    /// A reply that was cut and has not faded out yet.
    fading: Option<Epoch>,
    /// A cut that a dead device never settled: when it comes back, it first fades that out.
    ghost: bool,
}

impl Loudspeaker {
    pub(crate) fn new(room: &Room, edge: PlaybackEdge, shared: SharedState) -> Self {
        let (live, fading) = (Epoch::NONE, None);
        let room = room.clone();
        Self {
            room,
            edge,
            shared,
            alive: true,
            live,
            ducked: false,
            paused: false,
            repeats: false,
            turning: 0,
            fading,
            ghost: false,
        }
    }

    /// The device dies or comes back.
    pub(crate) fn lives(&mut self, on: bool) {
        self.alive = on;
        self.room.lock().died |= !on;
    }

    /// Whether nothing is audible for now.
    pub(crate) fn rests(&self) -> bool {
        self.live == Epoch::NONE && self.fading.is_none() && !self.ghost
    }

    /// Checks what the driver has ordered since.
    pub(crate) fn look(&mut self) {
        let (live, ducked) = (self.shared.live(), self.shared.duck());
        let paused = self.shared.paused();
        if paused != self.paused {
            self.paused = paused;
            if live == self.live {
                self.repeats = true;
                self.room.notice(if paused { "held" } else { "goes on" });
            }
        }
        if live != self.live {
            // A reply that is cut while it says a word again fades out within that word.
            self.repeats &= live == Epoch::NONE;
            if live == Epoch::NONE {
                self.room.notice("cut");
                self.fading = Some(self.live);
                self.room.lock().died |= !self.alive;
            } else {
                // A reply heard to its end is released without a cut.
                let unsettled = self.fading.take().is_some();
                let died = std::mem::replace(&mut self.room.lock().died, !self.alive);
                assert!(!unsettled || died, "cued before the last reply was silent");
                self.ghost |= unsettled;
            }
            self.live = live;
        }
        if ducked != self.ducked {
            self.ducked = ducked;
            self.turning = 3;
            self.room.notice(if ducked { "quieter" } else { "louder" });
        }
    }

    /// Plays one period.
    pub(crate) fn play(&mut self) {
        if !self.alive || self.rests() {
            return;
        }
        if std::mem::take(&mut self.ghost) {
            self.edge.drain(&mut [0.0; FADE_SAMPLES]);
            let (epoch, samples) = self.shared.progress();
            if epoch == self.live && samples > 0 {
                self.room.lock().truth.get_mut(&epoch).unwrap().given = samples;
            }
            return;
        }
        let mut out = [0.0; PERIOD];
        let given = self.edge.drain(&mut out);
        let cut = self.fading.take();
        if given == 0 {
            return;
        }
        let epoch = cut.unwrap_or(self.live);
        let mut room = self.room.lock();
        room.sounds(given);
        if room.rings {
            // The sound of a ring is up to the bell.
            if room.sounded.insert(epoch) {
                room.notice(&format!("sounds {}", epoch.0));
            }
            return;
        }
        if room.truth.get(&epoch).expect("sound of nobody").given == 0 {
            room.notice(&format!("sounds {}", epoch.0));
        }
        let at = room.now_in_samples();
        let truth = room.truth.get_mut(&epoch).unwrap();
        // The piece that sounds, for whoever hears its echo.
        let mut end = 0;
        let begins = |start: u64| truth.given.saturating_sub(start) < PERIOD as u64;
        let sounding = truth.pieces.iter().find_map(|(samples, text)| {
            end += samples;
            (end > truth.given).then(|| (text.clone(), begins(end - samples)))
        });
        // If the end mark of the previous reply is still unread, its last sample fades out first.
        let (counted, samples) = self.shared.progress();
        let begins = cut.is_none() && counted == epoch && truth.given == 0;
        let faded = if begins { given - (samples as usize).min(given) } else { 0 };
        assert!(faded <= FADE_SAMPLES, "{faded} samples before the first one of {epoch:?}");
        let repeats = self.repeats;
        if repeats {
            // A repetition counts once; when it is over, every sample is new.
            let (counted, samples) = self.shared.progress();
            let before = truth.given;
            truth.given = if counted == epoch { samples } else { self.shared.played(epoch) };
            self.repeats = self.paused || truth.given < before + PERIOD as u64;
            self.turning = self.turning.saturating_sub(1);
        } else if cut.is_none() {
            // A cut fades; until then every sample is the expected next one.
            let (mut next, mut start) = (truth.given, 0);
            let mut rest = &out[faded..given];
            for (n, (samples, _)) in truth.pieces.iter().enumerate() {
                let end = start + samples;
                let (now, later) =
                    rest.split_at((end.saturating_sub(next) as usize).min(rest.len()));
                let level = level(n);
                // Ducked it is a fifth, and moves there and back without a step.
                let (least, most) = match (self.ducked, self.turning) {
                    (_, 1..) => (0.199, 1.001),
                    (true, 0) => (0.199, 0.201),
                    (false, 0) => (1.0, 1.0),
                };
                let heard = level * least..=level * most;
                let other = now.iter().find(|sample| !heard.contains(sample));
                assert!(other.is_none(), "{other:?} in piece {n}, which is {level}");
                next += now.len() as u64;
                rest = later;
                start = end;
            }
            assert!(rest.is_empty(), "more sound than was queued");
        }
        if !repeats {
            self.turning = self.turning.saturating_sub(1);
            // A cut in a gap fades the last sample out, which is no longer sound of the reply.
            truth.given = (truth.given + (given - faded) as u64).min(truth.queued());
        }
        if let (true, Some((text, begins))) = (room.echo, sounding) {
            room.user.echo(at + ECHO, &text, begins);
        }
    }
}
