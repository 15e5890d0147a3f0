use super::front::{Clean, Front};
use super::wake::WakeFactory;
use super::{Event, Listener, Order, Settings, VadFactory};
use crate::audio::{CaptureEvent, CaptureTail, Resampler, Tap};
use crate::base::LISTEN_RATE;

/// Samples read in one go.
const PIECE: usize = 1_920;

/// The way of the sound from the capture ring through the echo canceller to the [`Listener`]: all of
/// the listen thread but the thread. A simulation drives it in the time of its own.
pub struct Intake {
    tail: CaptureTail,
    /// For the rate of the present device; `None` before there is one, or when it is absurd.
    resampler: Option<Resampler>,
    front: Front,
    listener: Listener,
    /// Samples on their way; kept so that no look allocates.
    piece: [f32; PIECE],
    pcm: Vec<f32>,
    clean: Clean,
}

impl Intake {
    /// Both ends of an [`audio::path`](crate::audio::path) to read, and what [`Listener::new`] takes.
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
            piece: [0.0; PIECE],
            pcm: Vec::new(),
            clean: Clean::default(),
        }
    }

    /// The same, with words that [`Order::Spot`] listens for.
    pub fn with_words(mut self, factory: WakeFactory) -> Self {
        self.listener = self.listener.with_words(factory);
        self
    }

    /// Whether nothing is going on, so that the next look may be later.
    pub fn dozes(&self) -> bool {
        self.listener.dozes()
    }

    /// Samples heard so far, at [`LISTEN_RATE`], muted ones included.
    pub fn heard(&self) -> u64 {
        self.listener.heard()
    }

    /// Hears all there is in the ring, and appends what comes of it to `out`; whether there was
    /// anything.
    pub fn look(&mut self, out: &mut Vec<Event>) -> bool {
        let mut any = false;
        loop {
            let mut event = false;
            while let Some(what) = self.tail.poll() {
                event = true;
                self.on_capture(what, out);
            }
            let count = self.tail.read(&mut self.piece);
            if count == 0 && !event {
                out.extend(self.front.news().map(Event::Echo));
                return any;
            }
            any = true;
            if let Some(resampler) = &mut self.resampler {
                resampler.push(&self.piece[..count], &mut self.pcm);
            }
            self.hear(out);
        }
    }

    /// Carries an order out and appends what comes of it to `out`.
    pub fn order(&mut self, order: Order, out: &mut Vec<Event>) {
        match &order {
            // The last word may still be inside.
            Order::Release => self.flush(out),
            Order::Settings(settings) => self.front.set(settings.echo),
            Order::Open
            | Order::Woken
            | Order::Spot(_)
            | Order::Shut
            | Order::Hold
            | Order::Cut
            | Order::Mute(_)
            | Order::Stream(_)
            | Order::Meter(_)
            | Order::Warm => {}
        }
        self.listener.order(order, out);
    }

    /// The microphone gives nothing any more.
    pub fn lose(&mut self, out: &mut Vec<Event>) {
        self.listener.lose(out);
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

    /// Hears what is still inside.
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
