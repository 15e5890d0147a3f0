use std::time::Duration;

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::Gauge;
use super::earcon::Chimes;
use super::memory::Memory;
use super::tap::TapEdge;
use crate::base::{Epoch, Moment, SPEAKER_RATE, Volume};

/// Samples in a [`Block`]: 5 ms at 48 kHz.
pub const BLOCK_SAMPLES: usize = 240;

/// Blocks in the speaker ring: 150 ms. When it is full, [`PlaybackFeed::push`] returns the block
/// and the speaker task tries again a few milliseconds later; nothing is lost.
pub const SPEAKER_RING: usize = 30;

/// Samples over which a cut reply fades out: 5 ms, short enough to feel immediate and long enough
/// not to click.
pub const FADE_SAMPLES: usize = 240;

/// Gain of a ducked reply: -14 dB leaves it audible below a talking user.
const DUCKED: f32 = 0.2;

/// Bound on the steps that fill one period: a ring full of single samples plus some changes of the
/// live epoch. A step plays part of a block, ends a fade or switches to another epoch.
const MAX_PASSES: usize = 1 << 12;

/// Largest change of the gain per sample: from silence to full in 10 ms.
const GAIN_STEP: f32 = 1.0 / 480.0;

/// Decay factor per sample of the held sample when the ring runs dry: -63 dB after 5 ms.
const DECAY: f32 = 0.97;

/// 5 ms of one reply: mono at [`crate::base::SPEAKER_RATE`], samples in -1.0..=1.0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The reply it belongs to. It sounds only while this is the live epoch.
    pub epoch: Epoch,
    /// Valid samples in `pcm`, at most [`BLOCK_SAMPLES`]; 0 marks the end of the epoch.
    pub len: u16,
    /// The samples.
    pub pcm: [f32; BLOCK_SAMPLES],
}

impl Block {
    /// A block of the first [`BLOCK_SAMPLES`] of `pcm`, or fewer if it is shorter.
    pub fn new(epoch: Epoch, pcm: &[f32]) -> Self {
        let len = pcm.len().min(BLOCK_SAMPLES);
        let mut block = Self { epoch, len: len as u16, pcm: [0.0; BLOCK_SAMPLES] };
        block.pcm[..len].copy_from_slice(&pcm[..len]);
        block
    }

    /// The marker after the last block of `epoch`. When the edge reaches it, it sets
    /// [`Gauge::ended`], and silence from there on is not an underrun.
    pub fn end(epoch: Epoch) -> Self {
        Self { epoch, len: 0, pcm: [0.0; BLOCK_SAMPLES] }
    }
}

/// The writing end of the speaker ring.
pub struct PlaybackFeed(HeapProd<Block>);

impl PlaybackFeed {
    /// Queues `block`, or returns it if the ring is full.
    ///
    /// Queue a block only once its epoch is live: the edge drops blocks of other epochs on sight.
    // The block is returned by value on purpose: boxing it would allocate 200 times a second.
    #[allow(clippy::result_large_err)]
    pub fn push(&mut self, block: Block) -> Result<(), Block> {
        self.0.try_push(block)
    }

    /// Free space, in blocks.
    pub fn vacant(&self) -> usize {
        self.0.vacant_len()
    }
}

/// Never allocates, locks, waits or logs. The reading end of the speaker ring: mixes the live reply
/// and the earcons for the loudspeaker.
///
/// A paused reply fades out and stops; it resumes from a sample already given out, which is counted
/// once.
///
/// Blocks of the live epoch are played, all others are skipped. When the live epoch changes, the
/// current sound fades out within [`FADE_SAMPLES`]; those samples count as given out. Every sample
/// given out is counted, see [`Gauge::progress`].
pub struct PlaybackEdge {
    blocks: HeapCons<Block>,
    gauge: Gauge,
    volume: Volume,
    chimes: Chimes,
    /// The current block, and how much of it was output.
    block: Block,
    at: usize,
    /// The epoch being served, and how much of it was output.
    epoch: Epoch,
    samples: u64,
    stage: Stage,
    still: Still,
    memory: Memory,
    /// Samples left of the fade-in after a pause.
    rise: usize,
    /// The last sample output, before volume; a dry ring decays from it.
    held: f32,
    /// The smoothed gains of the reply and the earcons.
    gain: f32,
    chime_gain: f32,
    /// Records what is output, for the echo canceller.
    tap: TapEdge,
    /// When the next sample is output, if the device reports the time.
    now: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// Nothing of the epoch has sounded yet.
    Fresh,
    /// Blocks are being played.
    Sounding,
    /// The ring ran dry in the middle.
    Dry,
    /// The end marker was reached.
    Ended,
    /// The epoch is no longer live; this many samples of its fade are left.
    Fading(usize),
}

/// Whether the reply is paused, whatever its stage.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Still {
    /// Not paused.
    No,
    /// Paused after this many samples.
    Fading(usize),
    /// Paused.
    Yes,
}

/// What comes next in the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Next {
    /// A sample of the served epoch, in the current block.
    Sample,
    /// The end marker of the served epoch, already taken.
    End,
    /// A block of another epoch that is live by now.
    Live,
    /// Nothing worth waiting for.
    Nothing,
}

impl PlaybackEdge {
    pub(super) fn new(gauge: Gauge, volume: Volume, tap: TapEdge) -> (PlaybackFeed, Self) {
        let (producer, consumer) = HeapRb::new(SPEAKER_RING).split();
        let gain = volume.gain();
        let edge = Self {
            blocks: consumer,
            gauge,
            volume,
            chimes: Chimes::new(),
            block: Block::end(Epoch::NONE),
            at: 0,
            epoch: Epoch::NONE,
            samples: 0,
            stage: Stage::Fresh,
            still: Still::No,
            memory: Memory::new(),
            rise: 0,
            held: 0.0,
            gain,
            chime_gain: gain,
            tap,
            now: None,
        };
        (PlaybackFeed(producer), edge)
    }

    /// Fills `out` with the next samples, mono at [`crate::base::SPEAKER_RATE`]; silence if there
    /// is nothing to play. Any length.
    pub fn pull(&mut self, out: &mut [f32]) {
        let given = self.speak(out);
        for sample in &mut out[given..] {
            self.held = if self.held.abs() > 1e-5 { self.held * DECAY } else { 0.0 };
            *sample = self.held;
        }
        self.weigh(out);
        let volume = self.volume.gain();
        self.chimes.start(self.gauge.take_chimes());
        self.chimes.mix(out, &mut self.chime_gain, volume);
        self.tap.note(out, self.now, &self.gauge);
        let length = out.len() as u64 * 1_000_000 / u64::from(SPEAKER_RATE.0);
        self.now = self.now.map(|now| now + Duration::from_micros(length));
        self.gauge.note_pull(out.len());
    }

    /// The next [`PlaybackEdge::pull`] happens at `now`. Either both edges are told the time, by
    /// the same clock, or neither; it shows how their devices drift against each other.
    pub fn at(&mut self, now: Moment) {
        self.now = Some(now);
    }

    /// As [`PlaybackEdge::pull`], but stops when there is nothing to play: returns the number of
    /// samples written, without silence or earcons. For writing a file faster than real time, where
    /// waiting for the next block takes no time.
    pub fn drain(&mut self, out: &mut [f32]) -> usize {
        let given = self.speak(out);
        self.weigh(&mut out[..given]);
        self.gauge.note_pull(given);
        given
    }

    pub(super) fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    /// What follows is for a newly opened device.
    pub(super) fn restart(&mut self) {
        self.tap.restart();
    }

    /// Writes the reply into `out` before volume; returns how many samples there were.
    fn speak(&mut self, out: &mut [f32]) -> usize {
        let mut done = 0;
        // The live epoch may change again while a period is filled, and each change takes at least
        // one pass of this loop; the bound limits the callback's work.
        for _ in 0..MAX_PASSES {
            let live = self.gauge.live();
            if live != self.epoch {
                match (self.stage, self.still) {
                    (Stage::Fading(_), _) => {}
                    (_, Still::Yes) => self.settle(live),
                    (_, Still::Fading(left)) => self.stage = Stage::Fading(left),
                    (Stage::Fresh | Stage::Dry | Stage::Ended, Still::No)
                        if !self.memory.plays() =>
                    {
                        self.settle(live);
                    }
                    (Stage::Fresh | Stage::Dry | Stage::Ended | Stage::Sounding, Still::No) => {
                        self.stage = Stage::Fading(FADE_SAMPLES);
                    }
                }
            }
            self.heed_pause();
            let rest = &mut out[done..];
            if rest.is_empty() {
                break;
            }
            if let Stage::Fading(left) = self.stage {
                let n = left.min(rest.len());
                self.fade(&mut rest[..n], left);
                done += n;
                if n == left {
                    self.settle(self.gauge.live());
                } else {
                    self.stage = Stage::Fading(left - n);
                }
                continue;
            }
            match self.still {
                Still::Yes => break,
                Still::Fading(left) => {
                    let n = left.min(rest.len());
                    self.fade(&mut rest[..n], left);
                    done += n;
                    self.still = if n == left { Still::Yes } else { Still::Fading(left - n) };
                    if n == left {
                        self.held = 0.0;
                    }
                    continue;
                }
                Still::No => {}
            }
            if self.memory.plays() {
                done += self.repeat(rest);
                continue;
            }
            match self.fetch() {
                Next::Sample => {}
                // The next reply went live in the meantime.
                Next::Live => continue,
                Next::End => {
                    self.stage = Stage::Ended;
                    self.gauge.note_end(self.epoch);
                    continue;
                }
                Next::Nothing => {
                    self.starve(rest.len());
                    break;
                }
            }
            let n = rest.len().min(usize::from(self.block.len) - self.at);
            rest[..n].copy_from_slice(&self.block.pcm[self.at..self.at + n]);
            self.memory.keep(&rest[..n]);
            self.rise(&mut rest[..n]);
            self.at += n;
            self.held = rest[n - 1];
            self.samples += n as u64;
            self.stage = Stage::Sounding;
            done += n;
        }
        self.gauge.note_progress(self.epoch, self.samples);
        done
    }

    /// Pauses or resumes, as the driver wants.
    fn heed_pause(&mut self) {
        // A reply that has not begun to sound has nothing to pause.
        let paused = self.gauge.paused() && self.stage != Stage::Fresh;
        match (paused, self.still) {
            (true, Still::No) => {
                let sounds = self.stage == Stage::Sounding || self.memory.plays();
                self.still = if sounds { Still::Fading(FADE_SAMPLES) } else { Still::Yes };
            }
            (false, Still::Fading(_) | Still::Yes) => {
                self.memory.rewind(self.gauge.from());
                self.still = Still::No;
                let sounds = self.stage == Stage::Sounding || self.memory.plays();
                self.rise = if sounds { FADE_SAMPLES } else { 0 };
            }
            (true, Still::Fading(_) | Still::Yes) | (false, Still::No) => {}
        }
    }

    /// Gives out again what was given out before; returns how much of `out` it filled.
    fn repeat(&mut self, out: &mut [f32]) -> usize {
        let mut n = 0;
        for slot in out.iter_mut() {
            let Some(sample) = self.memory.next() else { break };
            *slot = sample;
            n += 1;
        }
        self.rise(&mut out[..n]);
        if let Some(last) = out[..n].last() {
            self.held = *last;
        }
        n
    }

    /// Fades in what resumes after a pause.
    fn rise(&mut self, out: &mut [f32]) {
        for sample in out.iter_mut().take(self.rise) {
            *sample *= 1.0 - self.rise as f32 / FADE_SAMPLES as f32;
            self.rise -= 1;
        }
    }

    /// Looks for the next sample of the served epoch. Blocks of neither it nor the live epoch are
    /// stale and dropped; a block of the live epoch stays in the ring until that epoch is served.
    fn fetch(&mut self) -> Next {
        // The ring may be refilled while it is read; the bound limits the callback's work.
        for _ in 0..=SPEAKER_RING {
            if self.block.epoch == self.epoch && self.at < usize::from(self.block.len) {
                return Next::Sample;
            }
            let Some(block) = self.blocks.try_peek() else { return Next::Nothing };
            // Read after the block: an epoch goes live before its blocks are queued, so what is
            // seen here is at least as new as the block.
            if block.epoch != self.epoch && block.epoch == self.gauge.live() {
                return Next::Live;
            }
            let Some(mut block) = self.blocks.try_pop() else { return Next::Nothing };
            block.len = block.len.min(BLOCK_SAMPLES as u16);
            let ends = block.epoch == self.epoch && block.len == 0;
            self.block = block;
            self.at = 0;
            if ends {
                return Next::End;
            }
        }
        Next::Nothing
    }

    /// Fades the next samples, or the last held one if there are none, to zero. `left` is what
    /// remains of the fade.
    fn fade(&mut self, out: &mut [f32], left: usize) {
        let mut more = true;
        for (i, sample) in out.iter_mut().enumerate() {
            if let Some(again) = self.memory.next() {
                self.held = again;
                *sample = self.held * ((left - i) as f32 / FADE_SAMPLES as f32);
                continue;
            }
            // Once the reply has run out, what follows it is not checked again.
            match if more { self.fetch() } else { Next::Nothing } {
                Next::Sample => {
                    self.held = self.block.pcm[self.at];
                    self.memory.keep(&[self.held]);
                    self.at += 1;
                    self.samples += 1;
                }
                Next::End => {
                    self.gauge.note_end(self.epoch);
                    more = false;
                }
                Next::Live | Next::Nothing => more = false,
            }
            *sample = self.held * ((left - i) as f32 / FADE_SAMPLES as f32);
        }
    }

    /// Releases the served epoch with its final count, and serves `live`.
    fn settle(&mut self, live: Epoch) {
        self.gauge.settle(self.epoch, self.samples, live);
        // A fade has ended at zero; a dry ring keeps decaying from where it is.
        if matches!(self.stage, Stage::Fading(_)) {
            self.held = 0.0;
        }
        self.memory.clear();
        (self.still, self.rise) = (Still::No, 0);
        self.epoch = live;
        self.samples = 0;
        self.stage = Stage::Fresh;
    }

    fn starve(&mut self, missing: usize) {
        match self.stage {
            Stage::Sounding => self.gauge.note_starved(missing, true),
            Stage::Dry => self.gauge.note_starved(missing, false),
            Stage::Fresh | Stage::Ended | Stage::Fading(_) => return,
        }
        self.stage = Stage::Dry;
    }

    /// Applies volume and ducking without audible steps.
    fn weigh(&mut self, out: &mut [f32]) {
        let duck = if self.gauge.duck() { DUCKED } else { 1.0 };
        glide(out, &mut self.gain, self.volume.gain() * duck);
    }
}

/// Multiplies `out` by a gain that moves from `gain` to `target` in small steps.
fn glide(out: &mut [f32], gain: &mut f32, target: f32) {
    if *gain == target {
        // The usual case: a loop that vectorizes, or none at all.
        if target != 1.0 {
            out.iter_mut().for_each(|sample| *sample *= target);
        }
        return;
    }
    for sample in out {
        *gain += (target - *gain).clamp(-GAIN_STEP, GAIN_STEP);
        *sample *= *gain;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Earcon, Path, path};

    const ONE: Epoch = Epoch(1);
    const TWO: Epoch = Epoch(2);

    /// A path at full volume whose live epoch is [`ONE`].
    fn speaking() -> Path {
        let path = path(Volume::new(100));
        path.gauge.set_live(ONE);
        path
    }

    fn queue(path: &mut Path, epoch: Epoch, level: f32, blocks: usize) {
        for _ in 0..blocks {
            path.feed.push(Block::new(epoch, &[level; BLOCK_SAMPLES])).unwrap();
        }
    }

    fn pull(path: &mut Path, len: usize) -> Vec<f32> {
        let mut out = vec![9.0; len];
        path.playback.pull(&mut out);
        out
    }

    #[test]
    fn the_live_reply_is_played_to_the_sample_and_counted() {
        let mut path = speaking();
        let pcm: Vec<f32> = (0..600).map(|n| n as f32 / 1_000.0).collect();
        for piece in pcm.chunks(BLOCK_SAMPLES) {
            path.feed.push(Block::new(ONE, piece)).unwrap();
        }
        path.feed.push(Block::end(ONE)).unwrap();
        let mut out = pull(&mut path, 7);
        out.extend(pull(&mut path, 480));
        assert_eq!(path.gauge.progress(), (ONE, 487));
        assert_eq!(path.gauge.ended(), Epoch::NONE);
        out.extend(pull(&mut path, 480));
        assert_eq!(out[..600], pcm[..]);
        assert_eq!((path.gauge.played(ONE), path.gauge.ended()), (600, ONE));
        assert_eq!(path.gauge.counts().underruns, 0);
    }

    #[test]
    fn nothing_sounds_but_the_live_epoch() {
        let mut path = speaking();
        queue(&mut path, Epoch(7), 0.5, 3);
        queue(&mut path, ONE, 0.25, 1);
        queue(&mut path, Epoch(8), 0.5, 3);
        let out = pull(&mut path, 240);
        assert_eq!(out, [0.25; 240]);
        let out = pull(&mut path, 480);
        assert!(out.iter().all(|s| s.abs() <= 0.25), "a stale block sounds");
        assert_eq!(path.gauge.played(ONE), 240);
        assert_eq!(path.gauge.played(Epoch(7)), 0);
    }

    #[test]
    fn a_cut_fades_over_five_milliseconds_and_the_count_holds_the_fade() {
        // The fade fits within one period, or spans two or three.
        for period in [100, 150, 480] {
            let mut path = speaking();
            queue(&mut path, ONE, 0.5, 10);
            pull(&mut path, 480);
            path.gauge.set_live(Epoch::NONE);
            assert_eq!(path.gauge.hushed(ONE), None, "the edge has not seen it yet");
            let mut out = Vec::new();
            while out.len() < 480 {
                out.extend(pull(&mut path, period));
            }
            for (n, sample) in out.iter().enumerate() {
                let ideal = 0.5 * (1.0 - n as f32 / FADE_SAMPLES as f32).max(0.0);
                assert!((sample - ideal).abs() < 1e-6, "{sample} at {n}, period {period}");
            }
            assert_eq!(path.gauge.hushed(ONE), Some(480 + FADE_SAMPLES as u64));
        }
    }

    #[test]
    fn a_reply_that_stood_still_goes_on_from_the_sample_it_is_told() {
        for period in [100, 240, 480, 1_000] {
            let mut path = speaking();
            for n in 0..20 {
                path.feed.push(Block::new(ONE, &[n as f32 / 100.0; BLOCK_SAMPLES])).unwrap();
            }
            path.feed.push(Block::end(ONE)).unwrap();
            pull(&mut path, 2_000);
            path.gauge.pause();
            for _ in 0..20 {
                pull(&mut path, period);
            }
            // The fade counts, and nothing else.
            let given = 2_000 + FADE_SAMPLES as u64;
            assert_eq!(path.gauge.played(ONE), given);
            assert_eq!(path.gauge.counts().underruns, 0);
            path.gauge.resume(1_200);
            let mut out = Vec::new();
            while out.len() < 6_000 {
                out.extend(pull(&mut path, period));
            }
            assert_eq!(path.gauge.played(ONE), 4_800);
            assert_eq!(path.gauge.ended(), ONE);
            assert_eq!(path.gauge.counts().underruns, 0, "period {period}");
            for (n, sample) in out[..3_600].iter().enumerate().skip(FADE_SAMPLES) {
                let ideal = ((1_200 + n) / BLOCK_SAMPLES) as f32 / 100.0;
                assert!((sample - ideal).abs() < 1e-6, "{sample} at {n}, period {period}");
            }
            assert!(out[..FADE_SAMPLES].windows(2).all(|pair| pair[0] <= pair[1]), "no click");
        }
    }

    #[test]
    fn a_reply_is_cut_at_once_while_it_stands_still_or_says_a_word_again() {
        for resumed in [false, true] {
            let mut path = speaking();
            queue(&mut path, ONE, 0.5, 20);
            pull(&mut path, 2_000);
            path.gauge.pause();
            pull(&mut path, 480);
            if resumed {
                path.gauge.resume(0);
                pull(&mut path, 480);
            }
            path.gauge.set_live(Epoch::NONE);
            let out = pull(&mut path, 480);
            assert!(out[240..].iter().all(|sample| *sample == 0.0), "resumed: {resumed}");
            assert_eq!(path.gauge.hushed(ONE), Some(2_000 + FADE_SAMPLES as u64));
            path.gauge.resume(0);
            path.gauge.set_live(TWO);
            queue(&mut path, TWO, 0.25, 1);
            assert_eq!(pull(&mut path, 240), [0.25; 240]);
        }
    }

    #[test]
    fn the_next_reply_follows_the_fade_in_the_same_period() {
        let mut path = speaking();
        queue(&mut path, ONE, 0.5, 4);
        pull(&mut path, 480);
        path.gauge.set_live(TWO);
        queue(&mut path, TWO, -0.5, 2);
        let out = pull(&mut path, 480);
        assert!(out[..239].iter().all(|s| *s > 0.0));
        assert_eq!(out[240..], [-0.5; 240]);
        assert_eq!(path.gauge.hushed(ONE), Some(720));
        assert_eq!(path.gauge.progress(), (TWO, 240));
    }

    #[test]
    fn a_reply_that_had_just_ended_takes_nothing_of_the_next_one_with_it() {
        let mut path = speaking();
        queue(&mut path, ONE, 0.5, 2);
        path.feed.push(Block::end(ONE)).unwrap();
        pull(&mut path, 480);
        path.gauge.set_live(TWO);
        queue(&mut path, TWO, -0.5, 8);
        let out = pull(&mut path, 240 + 1_920);
        assert_eq!(out[240..], [-0.5; 1_920]);
        assert_eq!((path.gauge.hushed(ONE), path.gauge.played(TWO)), (Some(480), 1_920));
        assert_eq!(path.gauge.ended(), ONE);
    }

    /// Sample `n` of `epoch`, which cannot be confused with a fade or decay of another sample.
    fn numbered(epoch: u32, n: usize) -> f32 {
        ((epoch << 16) + n as u32) as f32 / (1 << 24) as f32
    }

    #[derive(Clone, Debug)]
    enum Op {
        Push(usize),
        End,
        Next,
        Hush,
        Pull(usize),
    }

    fn op() -> impl proptest::strategy::Strategy<Value = Op> {
        use proptest::prelude::*;
        prop_oneof![
            4 => (1..=BLOCK_SAMPLES).prop_map(Op::Push),
            1 => Just(Op::End),
            1 => Just(Op::Next),
            1 => Just(Op::Hush),
            4 => (1..700_usize).prop_map(Op::Pull),
        ]
    }

    proptest::proptest! {
        /// Whatever comes before: each sample queued for an epoch while it is live plays once, in
        /// order, as long as it stays live; so do those queued just before.
        #[test]
        fn every_sample_of_the_live_epoch_plays_once(
            ops in proptest::collection::vec(op(), 0..120),
            early in 0..3_usize,
        ) {
            let mut path = path(Volume::new(100));
            let mut epoch = 1;
            let mut queued = 0;
            let mut live = false;
            for op in ops {
                match op {
                    Op::Push(len) => {
                        let pcm: Vec<f32> = (0..len).map(|n| numbered(epoch, n)).collect();
                        let _ = path.feed.push(Block::new(Epoch(epoch), &pcm));
                    }
                    Op::End => drop(path.feed.push(Block::end(Epoch(epoch)))),
                    Op::Next => {
                        epoch += 1;
                        path.gauge.set_live(Epoch(epoch));
                        live = true;
                    }
                    Op::Hush => {
                        path.gauge.set_live(Epoch::NONE);
                        live = false;
                    }
                    Op::Pull(len) => drop(pull(&mut path, len)),
                }
            }
            // The last epoch: part of it is queued just before it goes live, the rest after.
            let before = path.gauge.live();
            epoch += 1;
            let mut push = |path: &mut Path| {
                let pcm: Vec<f32> = (queued..queued + 77).map(|n| numbered(epoch, n)).collect();
                if path.feed.push(Block::new(Epoch(epoch), &pcm)).is_ok() {
                    queued += 77;
                }
            };
            (0..early).for_each(|_| push(&mut path));
            path.gauge.set_live(Epoch(epoch));
            let mut out = Vec::new();
            for _ in 0..8 {
                push(&mut path);
                out.extend(pull(&mut path, 500));
            }
            out.extend(pull(&mut path, 3_000));
            let heard: Vec<f32> = out.into_iter().filter(|s| *s >= numbered(epoch, 0)).collect();
            let ideal: Vec<f32> = (0..queued).map(|n| numbered(epoch, n)).collect();
            proptest::prop_assert_eq!(heard, ideal);
            proptest::prop_assert_eq!(path.gauge.played(Epoch(epoch)), queued as u64);
            if live {
                proptest::prop_assert!(path.gauge.hushed(before).is_some());
            }
        }
    }

    #[test]
    fn replies_that_change_while_the_callback_runs_lose_nothing() {
        use std::sync::atomic::{AtomicBool, Ordering};

        let Path { mut feed, mut playback, gauge, .. } = path(Volume::new(100));
        let over = AtomicBool::new(false);
        let mut lost = None;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut out = [0.0; 97];
                while !over.load(Ordering::Relaxed) {
                    playback.pull(&mut out);
                    std::thread::yield_now();
                }
            });
            for epoch in 1..3_000 {
                let epoch = Epoch(epoch);
                gauge.set_live(epoch);
                for _ in 0..3 {
                    let mut block = Block::new(epoch, &[0.5; 100]);
                    while let Err(back) = feed.push(block) {
                        block = back;
                        std::thread::yield_now();
                    }
                }
                let mut looks = 0;
                while gauge.played(epoch) < 300 && looks < 10_000_000 {
                    looks += 1;
                    std::thread::yield_now();
                }
                if gauge.played(epoch) < 300 {
                    lost = Some((epoch, gauge.played(epoch)));
                    break;
                }
            }
            over.store(true, Ordering::Relaxed);
        });
        assert_eq!(lost, None);
    }

    #[test]
    fn a_cut_with_an_empty_ring_fades_the_last_sample() {
        let mut path = speaking();
        queue(&mut path, ONE, 0.5, 2);
        pull(&mut path, 480);
        path.gauge.set_live(Epoch::NONE);
        let out = pull(&mut path, 480);
        assert!(out.windows(2).all(|w| w[0] >= w[1] && w[0] - w[1] < 0.003), "it clicks");
        assert_eq!(path.gauge.hushed(ONE), Some(480), "made-up samples are not counted");
    }

    #[test]
    fn an_epoch_that_never_sounded_is_let_go_at_once() {
        let mut path = speaking();
        pull(&mut path, 10);
        path.gauge.set_live(TWO);
        pull(&mut path, 10);
        assert_eq!(path.gauge.hushed(ONE), Some(0));
    }

    #[test]
    fn a_ring_that_runs_dry_is_counted_once_and_does_not_click() {
        let mut path = speaking();
        pull(&mut path, 480);
        assert_eq!(path.gauge.counts().underruns, 0, "waiting for the first sound is none");
        queue(&mut path, ONE, 0.5, 1);
        pull(&mut path, 240);
        let out = pull(&mut path, 480);
        assert!(out[0] > 0.45 && out[240].abs() < 1e-3 && out[479] == 0.0);
        pull(&mut path, 480);
        queue(&mut path, ONE, 0.5, 1);
        pull(&mut path, 240);
        let counts = path.gauge.counts();
        assert_eq!((counts.underruns, counts.starved), (1, 960));
        assert_eq!(path.gauge.played(ONE), 480);
    }

    #[test]
    fn volume_and_ducking_move_without_steps() {
        let volume = Volume::new(100);
        let mut path = path(volume.clone());
        path.gauge.set_live(ONE);
        queue(&mut path, ONE, 1.0, 30);
        pull(&mut path, 480);
        path.gauge.set_duck(true);
        let out = pull(&mut path, 480);
        assert!(out.windows(2).all(|w| (w[0] - w[1]).abs() <= 1.01 * GAIN_STEP));
        assert!((out[479] - DUCKED).abs() < 1e-3);
        path.gauge.set_duck(false);
        volume.set(50);
        pull(&mut path, 480);
        assert!((pull(&mut path, 1)[0] - 0.5).abs() < 1e-3);
        volume.mute(true);
        pull(&mut path, 480);
        assert!(pull(&mut path, 480).iter().all(|s| *s == 0.0));
        assert_eq!(path.gauge.played(ONE), 5 * 480 + 1, "a muted reply goes on");
    }

    #[test]
    fn earcons_sound_without_an_epoch_and_over_a_reply() {
        let mut path = path(Volume::new(100));
        path.gauge.chime(Earcon::ListenStart);
        let out = pull(&mut path, 24_000);
        assert!(out.iter().any(|s| s.abs() > 0.03));
        assert!(out[20_000..].iter().all(|s| *s == 0.0), "it ends");
        assert_eq!(path.gauge.progress(), (Epoch::NONE, 0));
        path.gauge.set_live(ONE);
        queue(&mut path, ONE, 0.25, 4);
        path.gauge.chime(Earcon::Error);
        let out = pull(&mut path, 960);
        assert!(out.iter().any(|s| (s - 0.25).abs() > 0.01));
        assert_eq!(path.gauge.progress(), (ONE, 960));
    }

    #[test]
    fn draining_gives_the_reply_and_no_silence() {
        let mut path = speaking();
        let mut out = [0.0; 1_000];
        assert_eq!(path.playback.drain(&mut out), 0);
        queue(&mut path, ONE, 0.5, 2);
        assert_eq!(path.playback.drain(&mut out), 480);
        assert_eq!(out[..480], [0.5; 480]);
        assert_eq!(path.playback.drain(&mut out), 0);
        assert_eq!(path.gauge.played(ONE), 480);
    }

    #[test]
    fn a_full_ring_hands_the_block_back() {
        let mut path = speaking();
        queue(&mut path, ONE, 0.5, SPEAKER_RING);
        assert_eq!(path.feed.vacant(), 0);
        let block = Block::new(ONE, &[0.1; 3]);
        assert_eq!(path.feed.push(block), Err(block));
    }
}
