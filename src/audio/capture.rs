use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::SharedState;
use crate::base::{Moment, Rate, SPEAKER_RATE};

/// Samples in the capture ring: 4 s at 48 kHz, 1 s at 192 kHz. When it is full, incoming samples
/// are dropped and counted, and the reader gets a [`CaptureEvent::Gap`].
pub const CAPTURE_RING: usize = 192_000;

/// Events that fit in their ring. When it is full, samples are dropped and counted until the reader
/// has caught up, so that no event is ever missed.
const CAPTURE_EVENTS: usize = 64;

/// What happened between two samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureEvent {
    /// The samples that follow come from a newly opened device, at this rate. Time may have passed
    /// in between: reset filters and noise floors.
    Restart {
        /// Samples per second from here on.
        rate: Rate,
    },
    /// The reader was too slow.
    Gap {
        /// How many samples are missing here.
        lost: u64,
    },
    /// The file that stands in for the microphone has ended; silence follows, or nothing.
    End,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    /// The position of the first sample after it.
    at: u64,
    event: CaptureEvent,
}

/// Never allocates, locks, waits or logs. The writing end of the capture ring.
pub struct CaptureEdge {
    samples: HeapProd<f32>,
    marks: HeapProd<Mark>,
    shared: SharedState,
    /// Samples written to the ring since the start.
    written: u64,
    /// Still to be reported to the reader, in this order.
    gap: u64,
    restart: Option<Rate>,
    end: bool,
    time: Time,
    /// When what is pushed next was delivered, if the device reports the time.
    now: Option<Moment>,
}

/// The clock of the microphone: how much sound it has delivered, lost samples included.
struct Time {
    rate: Rate,
    /// Microseconds before this device, and its samples.
    before: u64,
    samples: u64,
}

impl Time {
    const START: Self = Self { rate: SPEAKER_RATE, before: 0, samples: 0 };

    fn restart(&mut self, rate: Rate) {
        *self = Self { rate, before: self.micros(), samples: 0 };
    }

    fn micros(&self) -> u64 {
        self.before + self.samples * 1_000_000 / u64::from(self.rate.0.max(1))
    }
}

impl CaptureEdge {
    pub(super) fn new(shared: SharedState) -> (Self, CaptureTail) {
        let (samples, tail) = HeapRb::new(CAPTURE_RING).split();
        let (marks, events) = HeapRb::new(CAPTURE_EVENTS).split();
        let (written, gap, restart, end, now) = (0, 0, None, false, None);
        let time = Time::START;
        let edge = Self { samples, marks, shared, written, gap, restart, end, time, now };
        (edge, CaptureTail { samples: tail, marks: events, time: Time::START, read: 0 })
    }

    /// Queues `pcm`, mono in -1.0..=1.0 at the rate last given to [`CaptureEdge::restart`]; all of
    /// it, or none if the ring has no room.
    pub fn push(&mut self, pcm: &[f32]) {
        let fits = self.tell() && self.samples.vacant_len() >= pcm.len();
        if fits {
            self.written += self.samples.push_slice(pcm) as u64;
        } else {
            self.gap += pcm.len() as u64;
        }
        self.shared.note_push(pcm.len(), if fits { 0 } else { pcm.len() });
        self.time.samples += pcm.len() as u64;
        self.shared.note_heard(self.time.micros(), self.now);
    }

    /// The next push was delivered at `now`; see [`super::PlaybackEdge::at`].
    pub fn at(&mut self, now: Moment) {
        self.now = Some(now);
    }

    /// Tells the reader that the samples that follow come from a newly opened device.
    pub fn restart(&mut self, rate: Rate) {
        self.restart = Some(rate);
        self.time.restart(rate);
        self.tell();
    }

    /// Tells the reader that the file has ended.
    pub fn end(&mut self) {
        self.end = true;
        self.tell();
    }

    /// Free space, in samples.
    pub fn vacant(&self) -> usize {
        self.samples.vacant_len()
    }

    pub(super) fn shared(&self) -> &SharedState {
        &self.shared
    }

    /// Queues pending events; whether all of them fit.
    fn tell(&mut self) -> bool {
        // A gap is reported only once there is room again, so that one stall is one gap.
        if self.gap > 0 && self.samples.vacant_len() >= CAPTURE_RING / 4 {
            let event = CaptureEvent::Gap { lost: self.gap };
            if self.mark(event) {
                self.gap = 0;
            }
        }
        if self.gap == 0
            && let Some(rate) = self.restart
            && self.mark(CaptureEvent::Restart { rate })
        {
            self.restart = None;
        }
        if self.gap == 0 && self.restart.is_none() && self.end && self.mark(CaptureEvent::End) {
            self.end = false;
        }
        self.gap == 0 && self.restart.is_none() && !self.end
    }

    fn mark(&mut self, event: CaptureEvent) -> bool {
        self.marks.try_push(Mark { at: self.written, event }).is_ok()
    }
}

/// The reading end of the capture ring, for one thread.
///
/// The edge never wakes anybody (that would be a system call), so the reader polls every few
/// milliseconds. There is no second clock here: a reader that takes everything at each poll cannot
/// fall behind by drift, and after a stall it catches up as fast as it can compute. For a reader
/// that needs recent rather than complete sound there is [`CaptureTail::trim`].
pub struct CaptureTail {
    samples: HeapCons<f32>,
    marks: HeapCons<Mark>,
    time: Time,
    /// Samples read from the ring since the start.
    read: u64,
}

impl CaptureTail {
    /// Rate of the samples that [`CaptureTail::read`] returns next.
    pub fn rate(&self) -> Rate {
        self.time.rate
    }

    /// Microseconds of sound before the next sample, lost ones included: the clock of
    /// [`super::Played::heard`].
    pub fn micros(&self) -> u64 {
        self.time.micros()
    }

    /// The event before the next sample, if any. Call until it returns `None`, then read:
    /// [`CaptureTail::read`] does not go past an event.
    pub fn poll(&mut self) -> Option<CaptureEvent> {
        if self.marks.try_peek()?.at != self.read {
            return None;
        }
        let event = self.marks.try_pop()?.event;
        match event {
            CaptureEvent::Restart { rate } => self.time.restart(rate),
            CaptureEvent::Gap { lost } => self.time.samples += lost,
            CaptureEvent::End => {}
        }
        Some(event)
    }

    /// Moves samples into `out`, up to the next event; returns how many.
    pub fn read(&mut self, out: &mut [f32]) -> usize {
        let n = self.ready().min(out.len());
        let n = self.samples.pop_slice(&mut out[..n]);
        self.read += n as u64;
        self.time.samples += n as u64;
        n
    }

    /// How many samples can be read before the next event.
    pub fn ready(&self) -> usize {
        // Samples first, then events: the edge writes an event before the samples after it, so
        // a reader that sees the samples sees the event.
        let held = self.samples.occupied_len();
        match self.marks.try_peek() {
            Some(mark) => held.min(usize::try_from(mark.at - self.read).unwrap_or(usize::MAX)),
            None => held,
        }
    }

    /// Drops the oldest samples before the next event, keeping at most `keep`; returns how many
    /// were dropped.
    pub fn trim(&mut self, keep: usize) -> usize {
        let n = self.samples.skip(self.ready().saturating_sub(keep));
        self.read += n as u64;
        self.time.samples += n as u64;
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::path;
    use crate::base::Volume;

    fn edges() -> (CaptureEdge, CaptureTail, SharedState) {
        let path = path(Volume::new(100));
        (path.capture, path.tail, path.shared)
    }

    #[test]
    fn what_goes_in_comes_out() {
        let (mut edge, mut tail, shared) = edges();
        let pcm: Vec<f32> = (0..1_000).map(|n| n as f32).collect();
        for piece in pcm.chunks(333) {
            edge.push(piece);
        }
        let mut out = vec![0.0; 2_000];
        assert_eq!(tail.poll(), None);
        assert_eq!(tail.read(&mut out), 1_000);
        assert_eq!(out[..1_000], pcm[..]);
        assert_eq!((shared.counts().captured, shared.counts().lost), (1_000, 0));
    }

    #[test]
    fn a_new_device_is_told_between_the_right_samples() {
        let (mut edge, mut tail, _) = edges();
        edge.restart(Rate(48_000));
        edge.push(&[1.0; 10]);
        edge.restart(Rate(44_100));
        edge.push(&[2.0; 10]);
        let mut out = [0.0; 100];
        assert_eq!(tail.poll(), Some(CaptureEvent::Restart { rate: Rate(48_000) }));
        assert_eq!((tail.poll(), tail.read(&mut out), out[9]), (None, 10, 1.0));
        assert_eq!(tail.read(&mut out), 0, "it does not read past the event");
        assert_eq!(tail.rate(), Rate(48_000));
        assert_eq!(tail.poll(), Some(CaptureEvent::Restart { rate: Rate(44_100) }));
        assert_eq!(tail.rate(), Rate(44_100));
        assert_eq!((tail.read(&mut out), out[9]), (10, 2.0));
        edge.end();
        assert_eq!(tail.poll(), Some(CaptureEvent::End));
    }

    #[test]
    fn a_slow_reader_learns_exactly_what_it_missed() {
        let (mut edge, mut tail, shared) = edges();
        let period = [0.5; 480];
        let fitting = CAPTURE_RING / 480;
        for _ in 0..fitting + 10 {
            edge.push(&period);
        }
        assert_eq!(shared.counts().lost, 4_800);
        let mut out = vec![0.0; CAPTURE_RING];
        assert_eq!(tail.read(&mut out), fitting * 480);
        edge.push(&period);
        assert_eq!(tail.poll(), Some(CaptureEvent::Gap { lost: 4_800 }));
        assert_eq!(tail.read(&mut out), 480);
        assert_eq!(shared.counts().captured, (fitting as u64 + 11) * 480);
    }

    #[test]
    fn a_reader_in_a_hurry_keeps_the_newest() {
        let (mut edge, mut tail, _) = edges();
        edge.push(&[1.0; 900]);
        edge.push(&[2.0; 100]);
        assert_eq!(tail.trim(100), 900);
        let mut out = [0.0; 200];
        assert_eq!((tail.read(&mut out), out[0]), (100, 2.0));
    }

    #[test]
    fn events_are_never_missed_even_when_they_pile_up() {
        let (mut edge, mut tail, _) = edges();
        for n in 0..200 {
            edge.restart(Rate(8_000 + n));
            edge.push(&[n as f32]);
        }
        let mut out = [0.0; 1];
        let mut last = None;
        loop {
            while let Some(event) = tail.poll() {
                last = Some(event);
            }
            if tail.read(&mut out) == 0 {
                break;
            }
        }
        edge.push(&[1.0]);
        while let Some(event) = tail.poll() {
            last = Some(event);
        }
        assert_eq!(last, Some(CaptureEvent::Restart { rate: Rate(8_199) }));
    }
}
