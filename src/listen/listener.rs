use crate::base::{FRAME_SAMPLES, Frame, LISTEN_RATE, UtteranceId};

use super::level::Meter;
use super::past::Past;
use super::settings::samples;
use super::utterance_buffer::UtteranceBuffer;
use super::voice::{CONTEXT, Sound, VadFactory, Voice};
use super::wake::WakeFactory;
use super::watch::Watch;
use super::{Discard, End, Event, Order, Settings, Stream};

/// The ear without its thread: pure, deterministic, without a clock. It counts samples.
///
/// Not `Send`: webrtc's detector stays on the thread that made it.
pub struct Listener {
    settings: Settings,
    ear: Ear,
    muted: bool,
    stream: Stream,
    meter: Option<Meter>,
    past: Past,
    voice: Voice,
    /// The frame being filled: the version to keep, and the one in which voice is detected.
    frame: Frame,
    asked: Frame,
    /// The recent past of the latter.
    lately: Past,
    filled: usize,
    /// The utterance in progress.
    buffer: Option<UtteranceBuffer>,
    last_id: UtteranceId,
    watch: Watch,
}

/// Silence, in samples, that counts as a gap between words when a long utterance must be cut.
const GAP: u64 = 100 * LISTEN_RATE.0 as u64 / 1000;
/// How long before the limit, in samples, such a gap is used; a tenth of a short limit.
const LOOKOUT: u64 = 2 * LISTEN_RATE.0 as u64;

/// Whether the sound is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ear {
    Shut,
    Open,
    /// A key is held; afterwards the ear is open again, or not.
    Held {
        then_open: bool,
    },
}

impl Listener {
    /// A closed ear. `factory` makes the voice activity model when it is first needed; without one
    /// the gate decides alone.
    pub fn new(settings: Settings, factory: Option<VadFactory>) -> Self {
        let past = Past::new(settings.preroll() + CONTEXT + FRAME_SAMPLES as u64);
        Self {
            settings,
            ear: Ear::Shut,
            muted: false,
            stream: Stream::Off,
            meter: None,
            past,
            voice: Voice::new(factory),
            frame: Frame { start: 0, samples: [0.0; FRAME_SAMPLES] },
            asked: Frame { start: 0, samples: [0.0; FRAME_SAMPLES] },
            lately: Past::new(CONTEXT + FRAME_SAMPLES as u64),
            filled: 0,
            buffer: None,
            last_id: UtteranceId(0),
            watch: Watch::default(),
        }
    }

    /// Adds words that [`Order::Spot`] listens for.
    pub fn with_words(mut self, factory: WakeFactory) -> Self {
        self.watch = Watch::new(factory);
        self
    }

    /// Samples heard so far, including muted ones.
    pub fn heard(&self) -> u64 {
        self.frame.start + self.filled as u64
    }

    /// Whether nothing is going on, so that the thread may poll less often.
    pub fn dozes(&self) -> bool {
        match self.ear {
            Ear::Shut => true,
            Ear::Open => self.buffer.is_none() && self.voice.dozes(),
            Ear::Held { .. } => false,
        }
    }

    /// Takes mono samples at 16 kHz, in -1.0..=1.0, and appends the resulting events to `out`.
    pub fn push(&mut self, pcm: &[f32], out: &mut Vec<Event>) {
        self.hear(pcm, pcm, out);
    }

    /// Hears two versions of the same sound: `pcm` is kept, and voice is detected in `voice`, of
    /// the same length. While the speaker plays, the first has clearer words and the second less
    /// echo.
    pub fn hear(&mut self, pcm: &[f32], voice: &[f32], out: &mut Vec<Event>) {
        let mut both = pcm.iter().zip(voice);
        while both.len() > 0 {
            let room = self.filled..FRAME_SAMPLES.min(self.filled + both.len());
            self.filled = room.end;
            let kept = self.frame.samples[room.clone()].iter_mut();
            for (kept, asked) in kept.zip(&mut self.asked.samples[room]) {
                let (pcm, voice) = both.next().unwrap_or((&0.0, &0.0));
                (*kept, *asked) = if self.muted { (0.0, 0.0) } else { (*pcm, *voice) };
            }
            if self.filled == FRAME_SAMPLES {
                self.on_frame(out);
                self.frame.start += FRAME_SAMPLES as u64;
                self.asked.start = self.frame.start;
                self.filled = 0;
            }
        }
    }

    /// Executes an order and appends the resulting events to `out`.
    pub fn order(&mut self, order: Order, out: &mut Vec<Event>) {
        match order {
            Order::Open => match &mut self.ear {
                Ear::Shut => {
                    self.voice.reset();
                    self.ear = Ear::Open;
                }
                Ear::Open => {}
                Ear::Held { then_open } => *then_open = true,
            },
            Order::Woken => self.on_woken(out),
            Order::Spot(on) => {
                self.watch.turn(on, out);
                self.keep();
            }
            Order::Shut => {
                self.discard(Discard::Shut, out);
                self.ear = Ear::Shut;
            }
            Order::Hold => self.on_hold(out),
            Order::Cut => self.on_cut(out),
            Order::Pause { id, ms } => {
                if let Some(buffer) = self.buffer.as_mut().filter(|buffer| buffer.id == id) {
                    buffer.pause = buffer.offered.is_some().then(|| samples(ms));
                }
            }
            Order::Release => self.on_release(out),
            Order::Mute(on) => self.on_mute(on, out),
            Order::Stream(stream) => self.stream = stream,
            Order::Meter(on) => {
                // A meter that is already on keeps its frames.
                self.meter =
                    if on { self.meter.take().or_else(|| Some(Meter::default())) } else { None };
            }
            Order::Settings(settings) => {
                let other = settings.preroll() != self.settings.preroll();
                self.settings = settings;
                if other {
                    self.keep();
                }
            }
            Order::Warm => self.voice.load(),
        }
        out.extend(self.voice.complaint().map(Event::Unaided));
    }

    /// The samples that follow come from another device: the noise of the room is learned again. An
    /// utterance in progress continues, because the user does not know about it.
    pub fn restart(&mut self) {
        self.voice.restart();
        self.watch.reset();
    }

    /// The microphone stopped delivering: an utterance in progress is discarded.
    pub fn lose(&mut self, out: &mut Vec<Event>) {
        self.discard(Discard::Lost, out);
        self.let_go();
    }

    /// There is no more sound. An utterance that silence would end ends now.
    pub fn end(&mut self, out: &mut Vec<Event>) {
        while self.ear == Ear::Open && self.buffer.is_some() {
            self.push(&[0.0; FRAME_SAMPLES], out);
        }
        out.push(Event::EndOfInput);
    }

    fn on_frame(&mut self, out: &mut Vec<Event>) {
        if let Some(meter) = &mut self.meter {
            out.extend(meter.read(&self.asked).map(Event::Level));
        }
        if self.muted {
            // Muted sound was never heard: it enters neither the past nor the floor.
            self.past.restart(self.frame.start + FRAME_SAMPLES as u64);
            self.lately.restart(self.frame.start + FRAME_SAMPLES as u64);
            return;
        }
        let sound = match self.ear {
            Ear::Shut if self.watch.is_on() => {
                let voice = self.voice.notice(&self.asked);
                self.watch.hear(&self.frame, voice, out);
                None
            }
            Ear::Shut => {
                self.voice.learn(&self.asked);
                None
            }
            Ear::Open => {
                let sound = self.voice.hear(&self.asked, &self.lately, false);
                self.watch.hear(&self.frame, self.voice.likely(), out);
                Some(sound)
            }
            Ear::Held { .. } => Some(self.voice.hear(&self.asked, &self.lately, true)),
        };
        self.past.push(&self.frame.samples);
        self.lately.push(&self.asked.samples);
        out.extend(self.voice.complaint().map(Event::Unaided));
        if let Some(sound) = sound {
            self.on_sound(sound, out);
            self.pass_on(out);
        }
    }

    /// Continues the utterance in progress, or begins one.
    fn on_sound(&mut self, sound: Sound, out: &mut Vec<Event>) {
        if let (None, Sound::Speech(since)) = (&self.buffer, sound) {
            self.begin(since.saturating_sub(self.settings.preroll()), out);
        }
        let clear = self.voice.take_clear();
        let Some(buffer) = &mut self.buffer else { return };
        let now = self.frame.start + FRAME_SAMPLES as u64;
        buffer.extend(self.frame.start, &self.frame.samples);
        buffer.note_clear(clear);
        let held = matches!(self.ear, Ear::Held { .. });
        buffer.note_loudness(&self.frame, now, held);
        if let Sound::Speech(since) = sound {
            buffer.note_speech(since, now);
            if buffer.goes_on(now) {
                (buffer.offered, buffer.pause) = (None, None);
                out.push(Event::Resumed { id: buffer.id });
            }
        }
        let least = if held { self.settings.min_held() } else { self.settings.min_speech() };
        if buffer.voiced() >= least && !buffer.confirmed {
            buffer.confirmed = true;
            out.push(Event::Confirmed { id: buffer.id });
        }
        if let Some((ms, clear)) = buffer.news(false) {
            let so_far = clear.then(|| buffer.whole());
            out.push(Event::Voiced { id: buffer.id, ms, so_far });
        }
        let silence = now - buffer.end_of_turn();
        let speculation = self.settings.speculation();
        if buffer.confirmed && buffer.offered.is_none() && speculation.is_some_and(|s| silence >= s)
        {
            let utterance = buffer.cut(self.settings.preroll(), self.settings.tail());
            if let Some((ms, _)) = buffer.news(true) {
                out.push(Event::Voiced { id: buffer.id, ms, so_far: None });
            }
            out.push(Event::Paused { utterance, end_of_speech: buffer.end_of_turn(), heard: now });
        }
        let pause = buffer.pause.unwrap_or(self.settings.pause());
        if !held && silence >= pause {
            self.finish(End::Pause, Discard::TooShort, now, out);
        } else {
            self.limit(sound, silence, now, out);
        }
    }

    fn on_hold(&mut self, out: &mut Vec<Event>) {
        let then_open = match self.ear {
            Ear::Held { .. } => return,
            Ear::Open => true,
            Ear::Shut => {
                self.voice.reset();
                false
            }
        };
        self.ear = Ear::Held { then_open };
        match self.buffer.take() {
            // What the open ear was hearing already becomes part of the held utterance.
            Some(earlier) => {
                out.push(Event::Discarded { id: earlier.id, why: Discard::Superseded });
                let id = self.next_id();
                self.go_on(earlier.renamed(id), out);
            }
            None => self.begin(self.heard().saturating_sub(self.settings.preroll()), out),
        }
        if self.muted {
            self.discard(Discard::Muted, out);
        }
    }

    /// Keeps as much of the past as an utterance may begin with.
    fn keep(&mut self) {
        let lead = self.settings.preroll() + self.watch.lead();
        self.past.resize(lead + CONTEXT + FRAME_SAMPLES as u64);
    }

    /// Begins an utterance with the last wake word, unless one is in progress.
    fn on_woken(&mut self, out: &mut Vec<Event>) {
        match &mut self.ear {
            // The gate has heard the word and continues with what follows.
            ear @ Ear::Shut => *ear = Ear::Open,
            Ear::Open => {}
            Ear::Held { then_open } => {
                *then_open = true;
                return;
            }
        }
        let Some(call) = self.watch.called().filter(|_| self.buffer.is_none() && !self.muted)
        else {
            return;
        };
        self.begin(call.start.saturating_sub(self.settings.preroll()), out);
        if let Some(buffer) = &mut self.buffer {
            buffer.note_speech(call.start, call.end);
            // The model has vouched for it.
            buffer.confirmed = true;
            out.push(Event::Confirmed { id: buffer.id });
        }
    }

    fn on_cut(&mut self, out: &mut Vec<Event>) {
        if self.ear == Ear::Open && self.buffer.as_ref().is_some_and(|buffer| buffer.confirmed) {
            self.finish(End::Pause, Discard::TooShort, self.heard(), out);
        }
    }

    fn on_release(&mut self, out: &mut Vec<Event>) {
        if let (Ear::Held { .. }, Some(buffer)) = (self.ear, &mut self.buffer) {
            buffer.extend(self.frame.start, &self.frame.samples[..self.filled]);
            self.finish(End::Release, Discard::NoSpeech, self.heard(), out);
        }
        self.let_go();
    }

    fn on_mute(&mut self, on: bool, out: &mut Vec<Event>) {
        if on && !self.muted {
            self.discard(Discard::Muted, out);
            self.frame.samples.fill(0.0);
            self.asked.samples.fill(0.0);
            self.past.restart(self.frame.start);
            self.lately.restart(self.frame.start);
        }
        if !on && self.muted {
            self.voice.reset();
            self.watch.reset();
            // What of this frame was muted is silence that nobody made: no utterance begins in it.
            self.past.forget_before(self.heard());
            self.lately.forget_before(self.heard());
        }
        self.muted = on;
    }

    /// The key counts as released.
    fn let_go(&mut self) {
        if let Ear::Held { then_open } = self.ear {
            self.voice.reset();
            self.ear = if then_open { Ear::Open } else { Ear::Shut };
        }
    }

    fn begin(&mut self, start: u64, out: &mut Vec<Event>) {
        let buffer = UtteranceBuffer::new(self.next_id(), start, &self.past);
        self.go_on(buffer, out);
    }

    /// Continues with a new utterance, including what there is of the current frame.
    fn go_on(&mut self, mut buffer: UtteranceBuffer, out: &mut Vec<Event>) {
        buffer.extend(self.frame.start, &self.frame.samples[..self.filled]);
        let held = matches!(self.ear, Ear::Held { .. });
        out.push(Event::Started { id: buffer.id, at: buffer.start(), held });
        self.buffer = Some(buffer);
    }

    fn next_id(&mut self) -> UtteranceId {
        self.last_id = UtteranceId(self.last_id.0.wrapping_add(1));
        self.last_id
    }

    fn discard(&mut self, why: Discard, out: &mut Vec<Event>) {
        if let Some(buffer) = self.buffer.take() {
            out.push(Event::Discarded { id: buffer.id, why });
        }
    }

    /// Ends the utterance in progress, if it is one.
    fn finish(&mut self, by: End, otherwise: Discard, heard: u64, out: &mut Vec<Event>) {
        let Some(mut buffer) = self.buffer.take() else { return };
        if !buffer.confirmed {
            out.push(Event::Discarded { id: buffer.id, why: otherwise });
            return;
        }
        if self.stream == Stream::Speech {
            while let Some(frame) = buffer.frame(true) {
                out.push(Event::Frame(Box::new(frame)));
            }
        }
        let end_of_speech = buffer.end_of_speech();
        let utterance = match by {
            // The next one continues where this one ends, so nothing is lost between them.
            End::Limit if buffer.offered.is_none() => buffer.whole(),
            End::Limit | End::Pause | End::Release => {
                buffer.cut(self.settings.preroll(), self.settings.tail())
            }
        };
        if let Some((ms, _)) = buffer.news(true) {
            out.push(Event::Voiced { id: buffer.id, ms, so_far: None });
        }
        self.past.forget_before(utterance.span.end);
        self.lately.forget_before(utterance.span.end);
        out.push(Event::Ended { utterance, end_of_speech, heard, by });
    }

    /// Cuts an utterance that has become too long, between two words if there is a gap in its last
    /// seconds, and continues with the next.
    fn limit(&mut self, sound: Sound, silence: u64, now: u64, out: &mut Vec<Event>) {
        let Some(buffer) = &self.buffer else { return };
        let length = now - buffer.start();
        let limit = self.settings.limit(matches!(self.ear, Ear::Held { .. }));
        let gap = silence >= GAP;
        if length < limit && !(gap && length + LOOKOUT.min(limit / 10) >= limit) {
            return;
        }
        let otherwise = match self.ear {
            Ear::Held { .. } => Discard::NoSpeech,
            Ear::Shut | Ear::Open => Discard::TooShort,
        };
        self.finish(End::Limit, otherwise, now, out);
        if sound != Sound::Quiet || matches!(self.ear, Ear::Held { .. }) {
            self.begin(now.saturating_sub(self.settings.preroll()), out);
        }
    }

    /// Passes the newest sound on to partners that hear it themselves.
    fn pass_on(&mut self, out: &mut Vec<Event>) {
        match self.stream {
            Stream::Off => {}
            Stream::Always => out.push(Event::Frame(Box::new(self.asked.clone()))),
            Stream::Speech => {
                while let Some(frame) = self.buffer.as_mut().and_then(|buffer| buffer.frame(false))
                {
                    out.push(Event::Frame(Box::new(frame)));
                }
            }
        }
    }
}
