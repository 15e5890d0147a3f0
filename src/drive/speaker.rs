use std::collections::VecDeque;
use std::time::Duration;

use super::backlog::{Backlog, Unplayable};
use crate::audio::{BLOCK_SAMPLES, Block, PlaybackFeed, SharedState};
use crate::base::{Epoch, Moment, Rate, SPEAKER_RATE};
use crate::turn::Playback;

/// Samples of a reply that may wait for the ring before its producer is told to pause: 8 s, so that
/// memory does not grow with the length of a reply.
const AHEAD: u64 = 8 * SPEAKER_RATE.0 as u64;

/// Samples kept at the speaker's rate: half a second, so that a long piece is converted bit by bit.
const READY: usize = SPEAKER_RATE.0 as usize / 2;

/// How often the ring is refilled and progress checked while something sounds. The ring holds 150
/// ms, so several refills may be late before it runs dry.
const REFILL: Duration = Duration::from_millis(20);

/// The same while a cut settles: the next turn waits for it.
const SETTLING: Duration = Duration::from_millis(2);

/// Polls before an unanswered cut is given up: 400 ms.
const SETTLING_LOOKS: u32 = 200;

/// Feeds one reply at a time from chunks to the speaker ring, and reports how much of it sounded.
///
/// Sound waits here, in a [`Backlog`], until its epoch is cued; then it goes to the ring as fast as
/// the ring takes it.
pub(super) struct Speaker {
    feed: PlaybackFeed,
    shared: SharedState,
    script: Option<Script>,
    /// The cut being awaited, and how often it was polled.
    settling: Option<(Epoch, u32)>,
    /// The last epoch that is read instead of heard.
    mute: Epoch,
    last: Option<(Epoch, u64)>,
    /// When it was last polled.
    looked: Moment,
}

/// The sound of one epoch.
struct Script {
    epoch: Epoch,
    /// It is read instead of heard: its sound is counted and dropped.
    mute: bool,
    /// At its original rate.
    backlog: Backlog,
    /// At the speaker's rate.
    ready: VecDeque<f32>,
    /// Samples announced, and samples written to the ring.
    queued: u64,
    pushed: u64,
    /// No more will come.
    complete: bool,
    cued: bool,
    end_pushed: bool,
    /// Whether its end has been reported.
    told: bool,
    /// When the last sample was seen to leave; the output latency counts from here.
    given: Option<Moment>,
}

impl Script {
    fn new(epoch: Epoch, mute: bool) -> Self {
        Self {
            epoch,
            mute,
            backlog: Backlog::default(),
            ready: VecDeque::new(),
            queued: 0,
            pushed: 0,
            complete: false,
            cued: false,
            end_pushed: false,
            told: false,
            given: None,
        }
    }

    /// Converts the next samples.
    fn prepare(&mut self) {
        while self.ready.len() < READY && self.backlog.convert(&mut self.ready) {}
    }
}

impl Speaker {
    pub(super) fn new(feed: PlaybackFeed, shared: SharedState) -> Self {
        Self {
            feed,
            shared,
            script: None,
            settling: None,
            mute: Epoch::NONE,
            last: None,
            looked: Moment::ZERO,
        }
    }

    /// `epoch` is read: a device that comes back does not say what was read long ago.
    pub(super) fn mute(&mut self, epoch: Epoch) {
        self.mute = epoch;
    }

    /// Whether more sound is wanted for now.
    pub(super) fn hungry(&self) -> bool {
        self.script.as_ref().is_none_or(|script| script.queued - script.pushed < AHEAD)
    }

    /// Takes the next sound of `epoch` and returns its length in samples at 48 kHz, exactly as it
    /// will be counted. A new epoch replaces the previous one.
    ///
    /// # Errors
    /// When it cannot be played; then nothing of it was taken.
    pub(super) fn queue(
        &mut self,
        epoch: Epoch,
        pcm: Vec<f32>,
        rate: Rate,
    ) -> Result<u64, Unplayable> {
        let script = self.script_of(epoch);
        // More of an epoch that seemed complete: a reply continues after a tool call.
        (script.complete, script.end_pushed, script.told) = (false, false, false);
        let samples = script.backlog.push(pcm, rate)?;
        script.queued += samples;
        if script.mute {
            script.backlog = Backlog::default();
            script.pushed = script.queued;
        }
        // The ring may hold less than the time until the next poll.
        self.refill();
        Ok(samples)
    }

    /// Nothing more of `epoch` will come, unless a tool's outcome starts another round; running dry
    /// from here on is not an underrun.
    pub(super) fn complete(&mut self, epoch: Epoch) {
        let script = self.script_of(epoch);
        script.backlog.close();
        script.complete = true;
        self.refill();
    }

    /// `epoch` may sound.
    pub(super) fn cue(&mut self, epoch: Epoch) {
        self.shared.set_duck(false);
        // A reply that was cut while paused left the pause behind.
        self.shared.resume(0);
        self.shared.set_live(epoch);
        self.script_of(epoch).cued = true;
        self.refill();
    }

    /// Pauses the current sound.
    pub(super) fn pause(&self) {
        self.shared.pause();
    }

    /// Resumes it from this sample, which was already heard.
    pub(super) fn resume(&self, from: u64) {
        self.shared.resume(from);
    }

    pub(super) fn duck(&self, on: bool) {
        self.shared.set_duck(on);
    }

    /// Cuts `epoch`; [`Speaker::poll`] reports when it is silent.
    pub(super) fn hush(&mut self, epoch: Epoch) {
        self.shared.set_live(Epoch::NONE);
        self.shared.set_duck(false);
        self.script = None;
        self.settling = Some((epoch, 0));
    }

    /// Drops the sound of `epoch` if it was never cued.
    pub(super) fn abort(&mut self, epoch: Epoch) {
        match &mut self.script {
            Some(script) if script.epoch == epoch && !script.cued => self.script = None,
            Some(script) if script.epoch == epoch => script.complete = true,
            Some(_) | None => {}
        }
    }

    /// Whether a cut is still settling.
    pub(super) const fn settles(&self) -> bool {
        self.settling.is_some()
    }

    /// When [`Speaker::poll`] should be called next; `None` if there is nothing to do. A moment
    /// rather than a duration, so that other events do not postpone it.
    pub(super) fn wake(&self) -> Option<Moment> {
        if self.settling.is_some() {
            return Some(self.looked + SETTLING);
        }
        let script = self.script.as_ref().filter(|s| s.cued && !s.mute && !s.told);
        script.map(|_| self.looked + REFILL)
    }

    /// Refills the ring and reports what has sounded since the last call, if anything.
    pub(super) fn poll(&mut self, now: Moment) -> Option<(Epoch, Playback)> {
        self.looked = now;
        if let Some((epoch, looks)) = &mut self.settling {
            let epoch = *epoch;
            *looks += 1;
            let settled = self.shared.hushed(epoch);
            // A dead device never answers; what it took is the best estimate.
            let settled = settled.or((*looks > SETTLING_LOOKS).then(|| self.shared.played(epoch)));
            if let Some(samples) = settled {
                self.settling = None;
                // Samples already output will be heard despite the latency: they cannot be taken
                // back.
                return Some((epoch, Playback::Settled { samples }));
            }
        }
        self.refill();
        let script = self.script.as_mut().filter(|script| script.cued && !script.mute)?;
        let given = self.shared.played(script.epoch);
        let mut heard = given.saturating_sub(self.shared.latency());
        if given >= script.queued {
            let since = *script.given.get_or_insert(now);
            let passed = now.since(since).as_micros() * u128::from(SPEAKER_RATE.0) / 1_000_000;
            heard = heard.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX)).min(given);
        } else {
            script.given = None;
        }
        if given >= script.pushed && script.ready.is_empty() {
            // The sound has stalled, so the samples that the filter holds back are needed now.
            script.backlog.close();
        }
        let news = (script.epoch, heard);
        let epoch = script.epoch;
        // All of it was heard: nothing is left to poll until another round comes.
        script.told = script.complete && script.end_pushed && heard >= script.queued;
        if self.last == Some(news) {
            return None;
        }
        self.last = Some(news);
        Some((epoch, Playback::Progress { samples: heard }))
    }

    fn script_of(&mut self, epoch: Epoch) -> &mut Script {
        if self.script.as_ref().is_some_and(|script| script.epoch != epoch) {
            self.script = None;
        }
        let mute = epoch == self.mute;
        self.script.get_or_insert_with(|| Script::new(epoch, mute))
    }

    fn refill(&mut self) {
        let Some(script) = self.script.as_mut().filter(|script| script.cued && !script.mute) else {
            return;
        };
        script.prepare();
        while self.feed.vacant() > 0 && !script.ready.is_empty() {
            // A short block in the middle would be fine too, but whole ones keep the ring full.
            if script.ready.len() < BLOCK_SAMPLES && !script.complete && self.feed.vacant() < 20 {
                break;
            }
            let len = script.ready.len().min(BLOCK_SAMPLES);
            let mut pcm = [0.0; BLOCK_SAMPLES];
            // By slices: sample by sample a deque takes four times as long.
            let (front, back) = script.ready.as_slices();
            let front = &front[..len.min(front.len())];
            pcm[..front.len()].copy_from_slice(front);
            pcm[front.len()..len].copy_from_slice(&back[..len - front.len()]);
            script.ready.drain(..len);
            if self.feed.push(Block::new(script.epoch, &pcm[..len])).is_err() {
                // Cannot happen: there was room, and this is the only writer.
                break;
            }
            script.pushed += len as u64;
            script.prepare();
        }
        let all = script.ready.is_empty() && script.backlog.is_empty();
        if script.complete && all && !script.end_pushed {
            script.end_pushed = self.feed.push(Block::end(script.epoch)).is_ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio;
    use crate::base::Volume;

    const EPOCH: Epoch = Epoch(1);

    /// A speaker with a sounding epoch, and the device's end of its ring.
    fn sounding() -> (Speaker, audio::PlaybackEdge) {
        let path = audio::path(Volume::new(100));
        let mut speaker = Speaker::new(path.feed, path.shared);
        speaker.cue(EPOCH);
        (speaker, path.playback)
    }

    fn play(speaker: &mut Speaker, device: &mut audio::PlaybackEdge, at: &mut u64) -> usize {
        *at += 20;
        speaker.poll(Moment::from_millis(*at));
        device.drain(&mut [0.0; 10_000])
    }

    #[test]
    fn sound_that_comes_in_small_pieces_is_in_the_ring_at_once() {
        let (mut speaker, mut device) = sounding();
        let mut out = [0.0; 480];
        for _ in 0..100 {
            speaker.queue(EPOCH, vec![0.5; 480], SPEAKER_RATE).unwrap();
            assert_eq!(device.drain(&mut out), 480);
        }
    }

    #[test]
    fn the_next_look_is_not_put_off_by_what_comes_meanwhile() {
        let (mut speaker, _device) = sounding();
        speaker.queue(EPOCH, vec![0.5; 480], SPEAKER_RATE).unwrap();
        speaker.poll(Moment::from_millis(100));
        let wake = speaker.wake();
        assert_eq!(wake, Some(Moment::from_millis(120)));
        speaker.queue(EPOCH, vec![0.5; 480], SPEAKER_RATE).unwrap();
        assert_eq!(speaker.wake(), wake);
    }

    #[test]
    fn when_another_voice_goes_on_not_a_sample_is_lost() {
        let (mut speaker, mut device) = sounding();
        let mut samples = speaker.queue(EPOCH, vec![0.5; 1_234], Rate(24_000)).unwrap();
        samples += speaker.queue(EPOCH, vec![0.5; 1_234], Rate(16_000)).unwrap();
        speaker.complete(EPOCH);
        assert_eq!(samples, 1_234 * 2 + 1_234 * 3);
        assert_eq!(device.drain(&mut [0.0; 10_000]), 1_234 * 2 + 1_234 * 3);
    }

    #[test]
    fn a_minute_that_comes_at_once_is_played_to_the_sample() {
        let (mut speaker, mut device) = sounding();
        let samples = speaker.queue(EPOCH, vec![0.5; 60 * 22_050], Rate(22_050)).unwrap();
        assert_eq!(samples, 60 * 48_000);
        assert!(!speaker.hungry());
        speaker.complete(EPOCH);
        let (mut played, mut at) = (0, 0);
        for _ in 0..3_000 {
            played += play(&mut speaker, &mut device, &mut at) as u64;
        }
        assert_eq!(played, samples);
        assert!(speaker.hungry());
    }

    #[test]
    fn what_a_filter_keeps_back_is_heard_when_the_sound_halts() {
        let (mut speaker, mut device) = sounding();
        let (mut played, mut at) = (0, 0);
        for _ in 0..3 {
            let samples = speaker.queue(EPOCH, vec![0.5; 1_000], Rate(24_000)).unwrap();
            assert_eq!(samples, 2_000);
            played += (0..5).map(|_| play(&mut speaker, &mut device, &mut at)).sum::<usize>();
        }
        assert_eq!(played, 6_000, "the reply is not complete, but all that came was heard");
    }

    #[test]
    fn sound_that_cannot_be_played_is_refused() {
        let (mut speaker, _device) = sounding();
        assert_eq!(speaker.queue(EPOCH, vec![0.5; 100], Rate(0)), Err(Unplayable::Rate(Rate(0))));
        let hour = vec![0.0; 3_600 * 8_000];
        assert_eq!(speaker.queue(EPOCH, hour, Rate(8_000)), Err(Unplayable::TooLong));
    }
}
