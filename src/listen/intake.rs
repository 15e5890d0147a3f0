use super::front::{Clean, Front};
use super::wake::WakeFactory;
use super::{Event, Listener, Order, Settings, VadFactory};
use crate::audio::{CaptureEvent, CaptureTail, Tap};
use crate::base::LISTEN_RATE;
use crate::pcm::Resampler;

/// Samples read in one go.
const PIECE: usize = 1_920;

/// Consecutive looks without a sample after which the microphone counts as lost: 1.5 s or more at one
/// look in 10 ms.
const STALL: u32 = 150;

/// The same for a device that was just opened, 3.5 s or more: an idle virtual one takes 2 s to its
/// first sample, and after 4 s the supervisor opens it again.
const FIRST_STALL: u32 = 350;

/// Carries the sound from the capture ring through the echo canceller to the [`Listener`]: the
/// listen thread without the thread. A simulation drives it in simulated time.
pub struct Intake {
    tail: CaptureTail,
    /// For the rate of the current device; `None` before there is one, or if the rate is unusable.
    resampler: Option<Resampler>,
    front: Front,
    listener: Listener,
    /// Looks since the last sample.
    empty: u32,
    /// Whether the current device has yet to deliver its first sample.
    first: bool,
    /// A buffer for samples, kept so that no look allocates.
    piece: [f32; PIECE],
    pcm: Vec<f32>,
    clean: Clean,
}

impl Intake {
    /// Both ends of an [`audio::path`](crate::audio::path) to read, and the arguments of
    /// [`Listener::new`].
    pub fn new(
        tail: CaptureTail,
        tap: Tap,
        settings: Settings,
        factory: Option<VadFactory>,
    ) -> Self {
        Self {
            tail,
            resampler: None,
            front: Front::new(settings.echo, tap),
            listener: Listener::new(settings, factory),
            empty: 0,
            first: true,
            piece: [0.0; PIECE],
            pcm: Vec::new(),
            clean: Clean::default(),
        }
    }

    /// Adds words that [`Order::Spot`] listens for.
    pub fn with_words(mut self, factory: WakeFactory) -> Self {
        self.listener = self.listener.with_words(factory);
        self
    }

    /// Whether nothing is happening, so that the next look may come later.
    pub fn dozes(&self) -> bool {
        self.listener.dozes()
    }

    /// Samples heard so far at [`LISTEN_RATE`], muted ones included.
    pub fn heard(&self) -> u64 {
        self.listener.heard()
    }

    /// Hears everything in the ring, and appends the resulting events to `out`. An utterance in
    /// progress is discarded after too many looks without a sample.
    pub fn look(&mut self, out: &mut Vec<Event>) {
        self.empty += 1;
        loop {
            let mut event = false;
            while let Some(what) = self.tail.poll() {
                event = true;
                self.empty = 0;
                self.on_capture(what, out);
            }
            let count = self.tail.read(&mut self.piece);
            if count == 0 && !event {
                break;
            }
            if count > 0 {
                (self.empty, self.first) = (0, false);
            }
            if let Some(resampler) = &mut self.resampler {
                resampler.push(&self.piece[..count], &mut self.pcm);
            }
            self.hear(out);
        }
        out.extend(self.front.news().map(Event::Echo));
        if self.empty == if self.first { FIRST_STALL } else { STALL } {
            self.listener.lose(out);
        }
    }

    /// Executes an order and appends the resulting events to `out`.
    pub fn order(&mut self, order: Order, out: &mut Vec<Event>) {
        match &order {
            // The last word may still be buffered.
            Order::Release => self.flush(out),
            Order::Settings(settings) => self.front.set(settings.echo),
            Order::Open
            | Order::Woken
            | Order::Spot(_)
            | Order::Shut
            | Order::Hold
            | Order::Cut
            | Order::Pause { .. }
            | Order::Mute(_)
            | Order::Stream(_)
            | Order::Meter(_)
            | Order::Warm => {}
        }
        self.listener.order(order, out);
    }

    fn on_capture(&mut self, event: CaptureEvent, out: &mut Vec<Event>) {
        match event {
            CaptureEvent::Restart { rate } => {
                self.flush(out);
                self.resampler = Resampler::new(rate, LISTEN_RATE)
                    .inspect_err(|why| tracing::error!("nothing is heard: {why}"))
                    .ok();
                self.front.restart(self.tail.micros());
                self.listener.restart();
                self.first = true;
            }
            CaptureEvent::Gap { lost } => {
                tracing::warn!(lost, "the listen thread was too slow, sound is missing");
                self.front.gap(lost * 1_000_000 / u64::from(self.tail.rate().0.max(1)));
            }
            CaptureEvent::End => {
                self.flush(out);
                self.listener.end(out);
            }
        }
    }

    /// Hears what is still buffered.
    fn flush(&mut self, out: &mut Vec<Event>) {
        if let Some(resampler) = &mut self.resampler {
            resampler.flush(&mut self.pcm);
        }
        self.hear(out);
        self.front.flush(&mut self.clean);
        self.listen(out);
    }

    fn hear(&mut self, out: &mut Vec<Event>) {
        self.front.hear(&self.pcm, &mut self.clean);
        self.pcm.clear();
        self.listen(out);
    }

    fn listen(&mut self, out: &mut Vec<Event>) {
        self.listener.hear(&self.clean.words, &self.clean.voice, out);
        self.clean.words.clear();
        self.clean.voice.clear();
    }
}
