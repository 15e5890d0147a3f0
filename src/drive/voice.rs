use std::collections::VecDeque;
use std::time::Duration;

use super::backlog::Unplayable;
use super::speaker::Speaker;
use super::timer::Timer;
use crate::audio::{Earcon, PlaybackFeed, Rest, SharedState, ring_tone};
use crate::base::{Epoch, Moment, Rate, SPEAKER_RATE};
use crate::turn::Playback;

/// How long the speaker stays awake after the last word.
const WAKEFUL: Duration = Duration::from_secs(10);

/// What sounds: the speaker, the words of its queue, and the earcons.
pub(super) struct Voice {
    speaker: Speaker,
    shared: SharedState,
    earcons: bool,
    /// The attempt whose sound is wanted; sound of any other is dropped.
    live: Epoch,
    pieces: Pieces,
    rest: Option<Rest>,
    /// When something was last said or heard.
    stirred: Moment,
    /// Whether the producer of the sound was told to pause.
    held: bool,
}

/// The words of an epoch, aligned with its samples.
#[derive(Default)]
struct Pieces {
    epoch: Epoch,
    /// Samples queued.
    begun: u64,
    /// Start of the current piece while its words have not arrived.
    wordless: Option<u64>,
    /// Starts of words that have not sounded yet.
    waiting: VecDeque<(u64, String)>,
}

/// What the speaker reports.
pub(super) struct Sounded {
    pub(super) epoch: Epoch,
    pub(super) playback: Playback,
    /// Whether any of it has sounded.
    pub(super) any: bool,
    /// The words that started to sound since the last poll.
    pub(super) words: Vec<String>,
}

impl Voice {
    pub(super) fn new(
        feed: PlaybackFeed,
        shared: SharedState,
        rest: Option<Rest>,
        earcons: bool,
        now: Moment,
    ) -> Self {
        Self {
            speaker: Speaker::new(feed, shared.clone()),
            shared,
            earcons,
            live: Epoch::NONE,
            pieces: Pieces::default(),
            rest,
            stirred: now,
            held: false,
        }
    }

    /// `epoch` is being produced: only its sound is wanted, or not even that if it is `read`.
    pub(super) fn begin(&mut self, epoch: Epoch, read: bool) {
        if read {
            self.speaker.mute(epoch);
        }
        self.live = epoch;
    }

    /// Takes sound of `epoch` and its words. Returns its length in samples at 48 kHz; `None` if it
    /// is no longer wanted.
    ///
    /// # Errors
    /// When it cannot be played.
    pub(super) fn queue(
        &mut self,
        epoch: Epoch,
        pcm: Vec<f32>,
        rate: Rate,
        text: &str,
    ) -> Result<Option<u64>, Unplayable> {
        if epoch != self.live {
            return Ok(None);
        }
        let samples = self.speaker.queue(epoch, pcm, rate)?;
        self.pieces.push(epoch, samples, text);
        Ok(Some(samples))
    }

    /// Queues the tone before a ring's words with the gain `factor`.
    pub(super) fn ring(&mut self, epoch: Epoch, factor: f32) -> Option<u64> {
        let tone = ring_tone().iter().map(|sample| sample * factor).collect();
        self.queue(epoch, tone, SPEAKER_RATE, "").ok().flatten()
    }

    /// Plays one ring note over whatever is sounding, even if earcons are off.
    pub(super) fn ring_over(&self) {
        self.shared.chime(Earcon::Notice);
    }

    /// Nothing more of `epoch` comes in this round.
    pub(super) fn complete(&mut self, epoch: Epoch) {
        if epoch == self.live {
            self.speaker.complete(epoch);
        }
    }

    /// `epoch` may sound.
    pub(super) fn cue(&mut self, epoch: Epoch) {
        self.speaker.cue(epoch);
    }

    pub(super) fn duck(&self, on: bool) {
        self.speaker.duck(on);
    }

    /// Pauses the current sound.
    pub(super) fn pause(&self) {
        self.speaker.pause();
    }

    /// Resumes from this sample.
    pub(super) fn resume(&self, from: u64) {
        self.speaker.resume(from);
    }

    /// Cuts `epoch`.
    pub(super) fn hush(&mut self, epoch: Epoch) {
        self.speaker.hush(epoch);
    }

    /// No more of `epoch` is wanted.
    pub(super) fn abort(&mut self, epoch: Epoch) {
        self.speaker.abort(epoch);
        if self.live == epoch {
            self.live = Epoch::NONE;
        }
    }

    /// Plays `earcon`, unless earcons are off.
    pub(super) fn chime(&self, earcon: Earcon) {
        if self.earcons {
            self.shared.chime(earcon);
        }
    }

    /// Whether the producer of the sound should pause, if that has changed.
    pub(super) fn hold(&mut self) -> Option<bool> {
        let held = !self.speaker.hungry();
        (std::mem::replace(&mut self.held, held) != held).then_some(held)
    }

    /// When [`Voice::poll`] should be called next.
    pub(super) fn wake(&self) -> Option<(Moment, Timer)> {
        let timer = if self.speaker.settles() { Timer::Cut } else { Timer::Speaker };
        self.speaker.wake().map(|until| (until, timer))
    }

    /// Refills the ring and reports what has sounded since the last call, if anything.
    pub(super) fn poll(&mut self, now: Moment) -> Option<Sounded> {
        let (epoch, playback) = self.speaker.poll(now)?;
        let samples = match playback {
            Playback::Progress { samples } | Playback::Settled { samples } => samples,
        };
        let words = self.pieces.sounded(epoch, samples);
        Some(Sounded { epoch, playback, any: samples > 0, words })
    }

    /// Wakes the speaker while there is something to say or hear, so that it is ready for the
    /// answer, and lets it sleep after a while of inactivity.
    pub(super) fn stir(&mut self, now: Moment, busy: bool) {
        let Some(rest) = &self.rest else { return };
        if busy {
            self.stirred = now;
            rest.set(false);
        } else if now.since(self.stirred) > WAKEFUL {
            rest.set(true);
        }
    }

    /// Closes the microphone, or opens it again.
    pub(super) fn shut_microphone(&self, on: bool) {
        if let Some(rest) = &self.rest {
            rest.shut_microphone(on);
        }
    }

    /// Microphone samples lost since start.
    pub(super) fn lost(&self) -> u64 {
        self.shared.counts().lost
    }
}

impl Pieces {
    fn push(&mut self, epoch: Epoch, samples: u64, text: &str) {
        if self.epoch != epoch {
            *self = Self { epoch, ..Self::default() };
        }
        // Words also cover preceding sound that came without any.
        let begins = *self.wordless.get_or_insert(self.begun);
        if !text.is_empty() {
            self.wordless = None;
            self.waiting.push_back((begins, text.to_owned()));
        }
        self.begun += samples;
    }

    /// The words that have begun to sound after `samples` samples.
    fn sounded(&mut self, epoch: Epoch, samples: u64) -> Vec<String> {
        let mut words = Vec::new();
        while self.epoch == epoch
            && let Some((begins, text)) = self.waiting.pop_front()
        {
            if begins > samples || (begins == samples && self.begun > samples) {
                self.waiting.push_front((begins, text));
                break;
            }
            words.push(text);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio;
    use crate::base::Volume;

    #[test]
    fn sound_that_nobody_wants_takes_nobodys_place() {
        let path = audio::path(Volume::new(100));
        let mut voice = Voice::new(path.feed, path.shared, None, false, Moment::ZERO);
        voice.begin(Epoch(2), false);
        let mut queue = |epoch| voice.queue(epoch, vec![0.1; 480], SPEAKER_RATE, "x");
        assert_eq!(queue(Epoch(2)), Ok(Some(480)));
        assert_eq!(queue(Epoch(1)), Ok(None));
        assert_eq!(queue(Epoch(2)), Ok(Some(480)));
        voice.cue(Epoch(2));
        let mut edge = path.playback;
        assert_eq!(edge.drain(&mut [0.0; 4_800]), 960);
        voice.abort(Epoch(2));
        assert_eq!(voice.queue(Epoch(2), vec![0.1; 480], SPEAKER_RATE, "x"), Ok(None));
    }

    #[test]
    fn words_are_told_when_their_sound_begins() {
        let mut pieces = Pieces::default();
        pieces.push(Epoch(1), 100, "");
        pieces.push(Epoch(1), 100, "one");
        pieces.push(Epoch(1), 100, "two");
        let none = Vec::<String>::new();
        assert_eq!(pieces.sounded(Epoch(2), 300), none);
        assert_eq!(pieces.sounded(Epoch(1), 0), none);
        assert_eq!(pieces.sounded(Epoch(1), 1), ["one"]);
        assert_eq!(pieces.sounded(Epoch(1), 200), none);
        assert_eq!(pieces.sounded(Epoch(1), 201), ["two"]);
    }
}
