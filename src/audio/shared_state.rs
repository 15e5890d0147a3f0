use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering,
};

use super::{Earcon, Form, Loop};
use crate::base::{Epoch, Moment, Rate, SPEAKER_RATE};

/// What the real-time edges share with the rest of the program: orders to them, counts from them.
///
/// Only atomics, so a reader never blocks a callback. Cheap to clone; all clones share one state.
///
/// **How a cut settles.** The driver stores the new live epoch with [`SharedState::set_live`]. The edge
/// sees it at its next period, fades for 5 ms, writes the final count of the old epoch and then the
/// new epoch into [`SharedState::settled`]. Once that equals the live epoch, [`SharedState::hushed`] returns
/// the count of the old epoch, which never changes again.
#[derive(Clone, Debug, Default)]
pub struct SharedState(Arc<Atomics>);

#[derive(Debug, Default)]
struct Atomics {
    live: AtomicU32,
    duck: AtomicBool,
    chimes: AtomicU32,
    hold: AtomicBool,
    tapped: AtomicBool,
    form: AtomicU8,
    measured: AtomicU32,
    paused: AtomicBool,
    from: AtomicU64,

    progress: AtomicU64,
    finished: AtomicU64,
    settled: AtomicU32,
    ended: AtomicU32,

    latency: AtomicU64,
    pulled: AtomicU64,
    playback_beats: AtomicU64,
    underruns: AtomicU64,
    starved: AtomicU64,
    playback_xruns: AtomicU64,
    playback_ppm: AtomicI32,

    captured: AtomicU64,
    /// Microseconds of sound that the microphone has delivered, and the moment at which it had
    /// delivered none, if its callbacks report the time.
    heard: AtomicU64,
    heard_since: AtomicI64,
    lost: AtomicU64,
    capture_beats: AtomicU64,
    capture_xruns: AtomicU64,
    capture_ppm: AtomicI32,
}

/// All counters at one time, for `status` and tests. Playback samples are at [`SPEAKER_RATE`],
/// capture samples at the device's rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of the playback callback.
    pub playback_beats: u64,
    /// Samples that the speaker asked for, including silence.
    pub pulled: u64,
    /// How often the ring ran dry in the middle of a reply.
    pub underruns: u64,
    /// Samples of silence played in those underruns.
    pub starved: u64,
    /// Glitches that the sound system reported for the speaker.
    pub playback_xruns: u64,
    /// How much faster the speaker's clock runs than the machine's, in parts per million; 0 until
    /// half a minute has been measured.
    pub playback_ppm: i32,
    /// Calls of the capture callback.
    pub capture_beats: u64,
    /// Samples that the microphone delivered, including lost ones.
    pub captured: u64,
    /// Samples dropped because nobody read the ring.
    pub lost: u64,
    /// Glitches that the sound system reported for the microphone.
    pub capture_xruns: u64,
    /// As `playback_ppm`, for the microphone.
    pub capture_ppm: i32,
}

const SAMPLES: u64 = (1 << 40) - 1;

/// Packs an epoch and a sample count, so that a reader always sees both together.
fn word(epoch: Epoch, samples: u64) -> u64 {
    (u64::from(epoch.0 & 0x00ff_ffff) << 40) | (samples & SAMPLES)
}

fn unpack(word: u64) -> (Epoch, u64) {
    // The shift leaves 24 bits.
    (Epoch((word >> 40) as u32), word & SAMPLES)
}

impl SharedState {
    /// Sets the epoch whose blocks are played. [`Epoch::NONE`] plays nothing.
    pub fn set_live(&self, epoch: Epoch) {
        self.0.live.store(epoch.0, Ordering::Release);
    }

    /// The epoch whose blocks are played.
    pub fn live(&self) -> Epoch {
        Epoch(self.0.live.load(Ordering::Acquire))
    }

    /// Ducks the reply, or turns it up again. Earcons are not ducked.
    pub fn set_duck(&self, on: bool) {
        self.0.duck.store(on, Ordering::Relaxed);
    }

    /// Whether the reply is ducked.
    pub fn duck(&self) -> bool {
        self.0.duck.load(Ordering::Relaxed)
    }

    /// Pauses the reply at its next sample. Earcons still sound.
    pub fn pause(&self) {
        self.0.paused.store(true, Ordering::Release);
    }

    /// Resumes the reply from this sample of its epoch, or from as far back as the edge remembers.
    /// What was already counted is not counted again.
    pub fn resume(&self, from: u64) {
        self.0.from.store(from, Ordering::Relaxed);
        self.0.paused.store(false, Ordering::Release);
    }

    /// Whether the reply is paused.
    pub fn paused(&self) -> bool {
        self.0.paused.load(Ordering::Acquire)
    }

    /// Plays `earcon` at the next period, over whatever is playing. Repeated calls before that
    /// count once.
    pub fn chime(&self, earcon: Earcon) {
        self.0.chimes.fetch_or(earcon.bit(), Ordering::Relaxed);
    }

    /// Pauses or resumes a file that stands in for the microphone at [`super::Pace::Fast`], so that
    /// it does not talk into the answer. Devices and files at real pace ignore it.
    pub fn set_hold(&self, on: bool) {
        self.0.hold.store(on, Ordering::Release);
    }

    /// The epoch that is playing or played last, and how many of its samples at [`SPEAKER_RATE`]
    /// were output.
    pub fn progress(&self) -> (Epoch, u64) {
        unpack(self.0.progress.load(Ordering::Acquire))
    }

    /// Samples of `epoch` output so far, at [`SPEAKER_RATE`]; 0 if it never sounded, or if
    /// another epoch has since sounded and been cut.
    pub fn played(&self, epoch: Epoch) -> u64 {
        // The finished word is written before the progress word moves on, so if the first read
        // misses the epoch, the second one finds it.
        let (now, samples) = self.progress();
        if now == epoch {
            return samples;
        }
        let (before, samples) = unpack(self.0.finished.load(Ordering::Acquire));
        if before == epoch { samples } else { 0 }
    }

    /// The live epoch that the playback callback last acted on.
    pub fn settled(&self) -> Epoch {
        Epoch(self.0.settled.load(Ordering::Acquire))
    }

    /// The final number of samples of `epoch` output, once the callback has released it; `None`
    /// while it is live or the callback has not yet seen that it is not. With a dead device it
    /// stays `None`: give up after a deadline and use [`SharedState::played`].
    pub fn hushed(&self, epoch: Epoch) -> Option<u64> {
        let live = self.live();
        (live != epoch && self.settled() == live).then(|| self.played(epoch))
    }

    /// The last epoch played to its end marker, see [`super::Block::end`].
    pub fn ended(&self) -> Epoch {
        Epoch(self.0.ended.load(Ordering::Acquire))
    }

    /// Samples at [`SPEAKER_RATE`] between the edge and the loudspeaker, as last reported by the
    /// sound system; 0 if it does not report them.
    pub fn latency(&self) -> u64 {
        self.0.latency.load(Ordering::Relaxed)
    }

    /// The kind of speaker, as far as known; [`Form::Absent`] while no device plays.
    pub fn form(&self) -> Form {
        Form::of_code(self.0.form.load(Ordering::Relaxed))
    }

    /// All counters.
    pub fn counts(&self) -> Counts {
        let read = |dial: &AtomicU64| dial.load(Ordering::Relaxed);
        Counts {
            playback_beats: read(&self.0.playback_beats),
            pulled: read(&self.0.pulled),
            underruns: read(&self.0.underruns),
            starved: read(&self.0.starved),
            playback_xruns: read(&self.0.playback_xruns),
            playback_ppm: self.0.playback_ppm.load(Ordering::Relaxed),
            capture_beats: read(&self.0.capture_beats),
            captured: read(&self.0.captured),
            lost: read(&self.0.lost),
            capture_xruns: read(&self.0.capture_xruns),
            capture_ppm: self.0.capture_ppm.load(Ordering::Relaxed),
        }
    }

    // The rest is written only by the edges and the supervisor of this room.

    pub(super) fn set_tapped(&self, on: bool) {
        self.0.tapped.store(on, Ordering::Relaxed);
    }

    pub(super) fn tapped(&self) -> bool {
        self.0.tapped.load(Ordering::Relaxed)
    }

    /// What the microphone in use was measured to hear of the speaker in use.
    pub fn measured(&self) -> Loop {
        Loop::of_code(self.0.measured.load(Ordering::Relaxed))
    }

    /// Notes what was measured with the devices in use. The supervisor does.
    pub fn set_measured(&self, measured: Loop) {
        self.0.measured.store(measured.code(), Ordering::Relaxed);
    }

    pub(super) fn set_form(&self, form: Form) {
        self.0.form.store(form.code(), Ordering::Relaxed);
    }

    /// Where a paused reply resumes.
    pub(super) fn from(&self) -> u64 {
        self.0.from.load(Ordering::Relaxed)
    }

    pub(super) fn held(&self) -> bool {
        self.0.hold.load(Ordering::Acquire)
    }

    pub(super) fn take_chimes(&self) -> u32 {
        // A plain load first: the swap would take the cache line from other readers every period.
        if self.0.chimes.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.0.chimes.swap(0, Ordering::Relaxed)
    }

    pub(super) fn note_progress(&self, epoch: Epoch, samples: u64) {
        self.0.progress.store(word(epoch, samples), Ordering::Release);
    }

    /// The edge releases `old` after `samples` samples and serves `new` from here on.
    pub(super) fn settle(&self, old: Epoch, samples: u64, new: Epoch) {
        // An epoch that never sounded must not replace the count of the previous one, which the
        // driver may not have read yet.
        if samples > 0 {
            self.0.finished.store(word(old, samples), Ordering::Release);
        }
        self.note_progress(new, 0);
        self.0.settled.store(new.0, Ordering::Release);
    }

    pub(super) fn note_end(&self, epoch: Epoch) {
        self.0.ended.store(epoch.0, Ordering::Release);
    }

    pub(super) fn note_pull(&self, samples: usize) {
        self.0.playback_beats.fetch_add(1, Ordering::Relaxed);
        self.0.pulled.fetch_add(samples as u64, Ordering::Relaxed);
    }

    pub(super) fn note_starved(&self, samples: usize, begins: bool) {
        self.0.underruns.fetch_add(u64::from(begins), Ordering::Relaxed);
        self.0.starved.fetch_add(samples as u64, Ordering::Relaxed);
    }

    pub(super) fn note_latency(&self, frames: u64, rate: Rate) {
        let samples = frames * u64::from(SPEAKER_RATE.0) / u64::from(rate.0.max(1));
        self.0.latency.store(samples, Ordering::Relaxed);
    }

    pub(super) fn note_push(&self, samples: usize, lost: usize) {
        self.0.capture_beats.fetch_add(1, Ordering::Relaxed);
        self.0.captured.fetch_add(samples as u64, Ordering::Relaxed);
        if lost > 0 {
            self.0.lost.fetch_add(lost as u64, Ordering::Relaxed);
        }
    }

    /// The microphone has delivered `micros` of sound by `now`.
    pub(super) fn note_heard(&self, micros: u64, now: Option<Moment>) {
        self.0.heard.store(micros, Ordering::Relaxed);
        if let Some(now) = now {
            let since = now.as_micros().cast_signed() - micros.cast_signed();
            self.0.heard_since.store(since, Ordering::Relaxed);
        }
    }

    /// Microseconds of sound that the microphone has delivered by `now`, including the time since
    /// its last callback; without the time, as of that callback.
    pub(super) fn heard(&self, now: Option<Moment>) -> u64 {
        match (now, self.0.heard_since.load(Ordering::Relaxed)) {
            (None, _) | (_, 0) => self.0.heard.load(Ordering::Relaxed),
            (Some(now), since) => (now.as_micros().cast_signed() - since).max(0).cast_unsigned(),
        }
    }

    pub(super) fn note_playback_xrun(&self) {
        self.0.playback_xruns.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_capture_xrun(&self) {
        self.0.capture_xruns.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_playback_ppm(&self, ppm: i32) {
        self.0.playback_ppm.store(ppm, Ordering::Relaxed);
    }

    pub(super) fn note_capture_ppm(&self, ppm: i32) {
        self.0.capture_ppm.store(ppm, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_word_keeps_both_halves_apart() {
        for (epoch, samples) in [(0, 0), (1, 7), (0x00ff_ffff, SAMPLES), (5, 48_000 * 86_400)] {
            assert_eq!(unpack(word(Epoch(epoch), samples)), (Epoch(epoch), samples));
        }
    }

    #[test]
    fn an_old_count_is_final_only_when_the_edge_has_seen_the_new_epoch() {
        let shared = SharedState::default();
        shared.set_live(Epoch(1));
        shared.settle(Epoch::NONE, 0, Epoch(1));
        shared.note_progress(Epoch(1), 480);
        assert_eq!(shared.hushed(Epoch(1)), None);
        shared.set_live(Epoch(2));
        assert_eq!(shared.hushed(Epoch(1)), None);
        shared.settle(Epoch(1), 720, Epoch(2));
        assert_eq!(shared.hushed(Epoch(1)), Some(720));
        // Two epochs that never sounded leave the count alone.
        shared.set_live(Epoch(3));
        shared.settle(Epoch(2), 0, Epoch(3));
        assert_eq!((shared.hushed(Epoch(1)), shared.hushed(Epoch(2))), (Some(720), Some(0)));
    }
}
