use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::answer::{Answer, Part, State};
use super::event::Over;
use super::jitter::JitterBuffer;
use super::mirror::{Mirror, Sound};
use super::outcome::{GO_ON, Greeted, Loss, Out, Voice, Wanted};
use super::sound::{Decoder, Encoder, Format};
use super::{Dialect, Settings, TurnDetection, wire};
use crate::base::{Epoch, LISTEN_RATE, Moment, SPEAKER_RATE, Utterance, UtteranceId};
use crate::dialog::{Heard, Item, Prompt, ToolSpec};
use crate::engine::{Chunk, Pacing, Said};

/// How long a server may take to greet.
const GREETING: Duration = Duration::from_secs(5);

/// How long a cancelled answer may take to end; then it counts as over.
pub(super) const CANCELLING: Duration = Duration::from_secs(2);

/// How long after us the server may take to detect the end of a turn; then we tell it.
const TURN: Duration = Duration::from_secs(2);

/// Silence after which every server that detects turns has found the end: 1 s.
const TAIL: usize = LISTEN_RATE.0 as usize;

/// The most sound in one append: 100 ms. Longer ones only make the server wait.
const APPEND: usize = LISTEN_RATE.0 as usize / 10;

/// The most sound in one chunk: the shorter, the closer a cut is to the word.
const CHUNK_MS: usize = 100;

/// Silence around the speech that may stay in the input buffer: clearing it and sending the speech
/// again takes longer than listening to it.
const SLACK: u64 = 5 * LISTEN_RATE.0 as u64;

const EPOCHS: usize = 8;

/// One session of the protocol over one connection: orders and the server's events in, events for
/// the server and [`Said`] out. No socket, no clock.
///
/// Orders other than [`Session::receive`] may only come once it is ready ([`Out::Ready`]).
pub(super) struct Session {
    pub(super) settings: Arc<Settings>,
    pub(super) dialect: Dialect,
    pub(super) greeted: Greeted,
    pub(super) input: Encoder,
    pub(super) output: Format,
    pub(super) decoder: Decoder,
    pub(super) mirror: Mirror,
    /// Committed but without a server id yet.
    pub(super) commits: VecDeque<UtteranceId>,
    /// Words of an item that is still being spoken.
    pub(super) early: Option<(String, String)>,
    /// Items that the server committed by itself and nobody has claimed.
    pub(super) unclaimed: VecDeque<String>,
    /// A commit that the server should make by itself.
    pub(super) turn: Option<(Utterance, u32, Moment)>,
    /// Where the committed sound ends in the stream.
    pub(super) committed: u64,
    /// The part of the stream in the input buffer.
    pub(super) buffer: Option<(u64, u64)>,
    pub(super) answer: Option<Answer>,
    pub(super) wanted: Option<Wanted>,
    pub(super) told: Option<(Arc<str>, Arc<[ToolSpec]>)>,
    /// The sound of the last epochs, and whether it was cut.
    pub(super) heard: VecDeque<(Epoch, Vec<Part>, bool)>,
    /// Answers that are over or were not requested.
    pub(super) dead: VecDeque<String>,
    pub(super) seen: VecDeque<String>,
    pub(super) jitter: JitterBuffer,
    pub(super) pace: f64,
    pub(super) words: Pacing,
    pub(super) sent: u64,
}

impl Session {
    /// A session over a connection opened at `now`; `number` is that of the connection.
    pub(super) fn new(now: Moment, number: u32, settings: Arc<Settings>, voice: Voice) -> Self {
        let format = settings.format;
        Self {
            dialect: settings.dialect.unwrap_or(Dialect::Ga),
            settings,
            greeted: Greeted::Not { until: now + GREETING },
            input: Encoder::new(format),
            output: format,
            decoder: Decoder::default(),
            mirror: Mirror::new(number),
            commits: VecDeque::new(),
            early: None,
            unclaimed: VecDeque::new(),
            turn: None,
            committed: 0,
            buffer: None,
            answer: None,
            wanted: None,
            told: None,
            heard: VecDeque::new(),
            dead: VecDeque::new(),
            seen: VecDeque::new(),
            jitter: voice.jitter,
            pace: voice.pace,
            words: Pacing::default(),
            sent: 0,
        }
    }

    /// What was learned about this network and voice, for the next session.
    pub(super) fn voice(&self) -> Voice {
        Voice { jitter: self.jitter.clone(), pace: self.pace }
    }

    /// The session was lost in the middle of an answer: returns the words that its sound has said,
    /// and hands out those that were not.
    pub(super) fn said(&mut self, out: &mut Vec<Out>) -> String {
        let Some(answer) = self.answer.as_mut().filter(|answer| answer.live()) else {
            return String::new();
        };
        let said = answer.said(self.pace).to_owned();
        if let Some(text) = said.get(answer.worded..).filter(|text| !text.is_empty()) {
            let (epoch, rate, text) = (answer.epoch, self.output.rate(), text.to_owned());
            let chunk = Chunk { pcm: Vec::new(), rate, text };
            out.push(Out::Say(Said::Chunk { epoch, chunk }));
        }
        said
    }

    /// Whether an answer is in progress or waiting.
    pub(super) fn busy(&self) -> bool {
        self.answer.is_some() || self.wanted.is_some() || self.turn.is_some()
    }

    /// When [`Session::tick`] is due.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let greeting = match self.greeted {
            Greeted::Not { until } => Some(until),
            Greeted::Yes => None,
        };
        let cancelled = self.answer.as_ref().and_then(|answer| match answer.state {
            State::Live => self.jitter.deadline(),
            State::Cancelled { until, .. } => Some(until),
        });
        let turn = self.turn.as_ref().map(|(_, _, until)| *until);
        [greeting, cancelled, turn].into_iter().flatten().min()
    }

    /// Handles expired waits.
    pub(super) fn tick(&mut self, now: Moment, out: &mut Vec<Out>) {
        if matches!(self.greeted, Greeted::Not { until } if until <= now) {
            out.push(Out::Lost(Loss::Broken));
            return;
        }
        if self.turn.as_ref().is_some_and(|(.., until)| *until <= now)
            && let Some((utterance, revision, _)) = self.turn.take()
        {
            self.commit_now(&utterance, revision, out);
            self.start(out);
        }
        match self.answer.as_ref().map(|answer| answer.state) {
            Some(State::Cancelled { until, .. }) if until <= now => {
                tracing::warn!("a cancelled answer was never reported as over");
                self.finish(now, Over::default(), out);
            }
            Some(State::Live) => {
                if let Some(pcm) = self.jitter.poll(now) {
                    self.chunks(&pcm, out);
                }
            }
            Some(State::Cancelled { .. }) | None => {}
        }
    }

    /// Takes the user's sound, which begins at `start` in the stream.
    pub(super) fn hear(&mut self, start: u64, pcm: &[f32], out: &mut Vec<Out>) {
        // The end of what was committed at a pause arrives again as a frame.
        let known = usize::try_from(self.committed.saturating_sub(start)).unwrap_or(usize::MAX);
        let pcm = pcm.get(known.min(pcm.len())..).unwrap_or_default();
        let start = start.max(self.committed);
        if pcm.is_empty() {
            return;
        }
        let fits = |(_, end): (u64, u64)| end == start;
        match self.buffer {
            Some(buffer) if fits(buffer) => {}
            Some(_) => self.clear(out),
            None => {}
        }
        if self.buffer.is_none() {
            self.input.reset();
        }
        let begin = self.buffer.map_or(start, |(begin, _)| begin);
        for piece in pcm.chunks(APPEND) {
            let audio = self.input.encode(piece);
            self.send(wire::append(audio), out);
        }
        self.buffer = Some((begin, start + pcm.len() as u64));
    }

    /// The utterance is complete, or complete so far. Sends what was not sent yet.
    pub(super) fn commit(
        &mut self,
        now: Moment,
        utterance: &Utterance,
        revision: u32,
        out: &mut Vec<Out>,
    ) {
        // Sound of another utterance that nobody came back to.
        let id = utterance.id;
        let stale = self.mirror.drop_sounds(|sound| sound.loose && sound.utterance != id);
        self.delete(stale, out);
        match self.settings.turn_detection {
            TurnDetection::Ours => self.commit_now(utterance, revision, out),
            TurnDetection::ServerVad | TurnDetection::SemanticVad => {
                if self.unclaimed.is_empty() {
                    self.catch_up(utterance, revision, out);
                    // It waits for a silence that nobody sends any more: the user is done.
                    let end = self.buffer.map_or(utterance.span.end, |(_, end)| end);
                    let silence = [0.0; TAIL];
                    self.hear(end, &silence, out);
                    self.turn = Some((utterance.clone(), revision, now + TURN));
                } else {
                    self.claim(utterance, revision);
                }
            }
        }
    }

    fn commit_now(&mut self, utterance: &Utterance, revision: u32, out: &mut Vec<Out>) {
        self.catch_up(utterance, revision, out);
        // A second revision without new sound is the first one.
        if let Some((begin, end)) = self.buffer.take().filter(|(begin, end)| end > begin) {
            self.send(wire::commit(), out);
            self.commits.push_back(utterance.id);
            self.mirror.commit(Sound::new(utterance.id, revision, end));
            self.committed = end;
            tracing::trace!(begin, end, "committed");
        }
    }

    /// Sends the part of the utterance that was not sent yet.
    fn catch_up(&mut self, utterance: &Utterance, revision: u32, out: &mut Vec<Out>) {
        let span = &utterance.span;
        // What an earlier revision has sent stays, if the rest of this one continues it.
        let earlier = self.mirror.sounds(utterance.id).map(|sound| sound.end).last();
        let from = earlier.unwrap_or(span.start);
        let fits = match self.buffer {
            None => true,
            Some((begin, end)) => {
                begin <= from && from - begin <= SLACK && end >= from && end <= span.end + SLACK
            }
        };
        let follows = from <= span.end && fits;
        let from = if follows {
            for sound in self.mirror.sounds(utterance.id) {
                (sound.revision, sound.loose) = (revision, false);
            }
            self.buffer.map_or(from, |(_, end)| end)
        } else {
            let wrong = self.mirror.drop_sounds(|sound| sound.utterance == utterance.id);
            self.delete(wrong, out);
            self.clear(out);
            self.committed = 0;
            span.start
        };
        let sent = usize::try_from(from.saturating_sub(span.start)).unwrap_or(usize::MAX);
        self.hear(from, utterance.pcm.get(sent..).unwrap_or_default(), out);
    }

    /// Assigns the items that the server made by itself to this utterance.
    pub(super) fn claim(&mut self, utterance: &Utterance, revision: u32) {
        for item in std::mem::take(&mut self.unclaimed) {
            self.mirror.commit(Sound::new(utterance.id, revision, utterance.span.end));
            self.mirror.name(utterance.id, item);
        }
        self.buffer = None;
    }

    /// The transcript of an utterance is known already; the server's would repeat it.
    pub(super) fn know(&mut self, utterance: UtteranceId, words: &str) {
        for sound in self.mirror.sounds(utterance) {
            (sound.known, sound.told) = (true, true);
            words.clone_into(&mut sound.words);
        }
    }

    /// The transcript of an utterance was reported, and nobody will ask for it again.
    pub(super) fn written(&mut self, utterance: UtteranceId) {
        self.mirror.drop_sounds(|sound| sound.utterance == utterance);
    }

    /// That revision never happened, or continues.
    pub(super) fn forget(&mut self, utterance: UtteranceId, revision: u32) {
        for sound in self.mirror.sounds(utterance).filter(|sound| sound.revision == revision) {
            sound.loose = true;
        }
        self.turn = self.turn.take().filter(|(of, ..)| of.id != utterance);
    }

    /// Makes the conversation match `prompt`.
    pub(super) fn load(&mut self, prompt: &Prompt, out: &mut Vec<Out>) {
        let told = (Arc::clone(&prompt.instructions), Arc::clone(&prompt.tools));
        if self.told.as_ref() != Some(&told) {
            let news = Some((&*told.0, &*told.1));
            let update =
                wire::session_update(self.dialect, &self.settings, self.input.format(), news);
            self.send(update, out);
            self.told = Some(told);
        }
        for event in self.mirror.follow(self.dialect, &prompt.items) {
            self.send(event, out);
        }
    }

    /// Requests a reply to `prompt`, immediately or when the previous one is over.
    pub(super) fn respond(&mut self, epoch: Epoch, prompt: &Prompt, out: &mut Vec<Out>) {
        let loose = self.mirror.drop_sounds(|sound| sound.loose);
        self.delete(loose, out);
        self.load(prompt, out);
        self.wanted = Some(Wanted::Reply(epoch, None));
        self.start(out);
    }

    /// Takes over the reply of `epoch` from a lost session. `samples` of it at 48 kHz were handed
    /// out, which say `words`.
    pub(super) fn go_on(
        &mut self,
        epoch: Epoch,
        prompt: &Prompt,
        samples: u64,
        words: &str,
        out: &mut Vec<Out>,
    ) {
        let rate = u64::from(self.output.rate().0);
        let received = samples * rate / u64::from(SPEAKER_RATE.0);
        self.remember_heard(epoch, vec![Part { item: None, content: 0, received }], false);
        let mut prompt = prompt.clone();
        let mut instructions = None;
        if !words.trim().is_empty() {
            let text = words.trim().to_owned();
            prompt.items.push(Item::Reply { epoch, text, interrupted: true });
            instructions = Some(format!("{}\n{GO_ON}", prompt.instructions));
        }
        self.load(&prompt, out);
        self.wanted = Some(Wanted::Reply(epoch, instructions));
        self.start(out);
    }

    /// Has `text` read out.
    pub(super) fn recite(&mut self, epoch: Epoch, text: String, out: &mut Vec<Out>) {
        self.wanted = Some(Wanted::Recital(epoch, text));
        self.start(out);
    }

    /// The answer of `epoch` is no longer wanted.
    pub(super) fn abort(&mut self, now: Moment, epoch: Epoch, out: &mut Vec<Out>) {
        if self.wanted.as_ref().is_some_and(|wanted| wanted.epoch() == epoch) {
            self.wanted = None;
        }
        let Some(answer) = &mut self.answer else { return };
        if answer.epoch != epoch || !answer.live() {
            return;
        }
        answer.state = State::Cancelled { until: now + CANCELLING, unheard: false };
        let id = answer.id.clone();
        self.send(wire::cancel(id.as_deref()), out);
    }

    /// The user heard only this much of `epoch`.
    pub(super) fn rewind(&mut self, epoch: Epoch, heard: &Heard, out: &mut Vec<Out>) {
        let mut parts = Vec::new();
        let mut cut = false;
        for (_, more, was_cut) in self.heard.iter().filter(|(of, ..)| *of == epoch) {
            parts.extend(more.iter().cloned());
            cut |= was_cut;
        }
        let mut busy = false;
        if let Some(answer) = self.answer.as_mut().filter(|answer| answer.epoch == epoch) {
            parts.extend(answer.parts.iter().cloned());
            (cut, busy) = (true, true);
            if let (State::Cancelled { unheard, .. }, Heard::Nothing) = (&mut answer.state, heard) {
                *unheard = true;
            }
        }
        let samples = match heard {
            // What the server is still working on is deleted when it is done.
            Heard::Nothing if busy => return,
            Heard::Nothing => {
                let gone = self.mirror.drop_epoch(epoch);
                return self.delete(gone, out);
            }
            Heard::Part { samples, .. } => *samples,
            Heard::All => return,
        };
        let rate = u64::from(self.output.rate().0);
        let mut played = samples * rate / u64::from(SPEAKER_RATE.0);
        let count = parts.len();
        for (number, part) in parts.into_iter().enumerate() {
            let whole = played >= part.received && !(cut && number + 1 == count);
            let ms = played.min(part.received) * 1_000 / rate;
            played = played.saturating_sub(part.received);
            if whole {
                continue;
            }
            let Some(item) = part.item else {
                // It is there as text; the next answer must build on the words that were heard.
                let gone = self.mirror.drop_epoch(epoch);
                return self.delete(gone, out);
            };
            if ms > 0 {
                self.send(wire::truncate(&item, part.content, ms), out);
            } else {
                self.mirror.drop_item(&item);
                self.delete(vec![item], out);
            }
        }
    }

    pub(super) fn remember_heard(&mut self, epoch: Epoch, parts: Vec<Part>, cut: bool) {
        if self.heard.len() == EPOCHS {
            self.heard.pop_front();
        }
        self.heard.push_back((epoch, parts, cut));
    }

    /// Requests the wanted answer, if the server is free.
    pub(super) fn start(&mut self, out: &mut Vec<Out>) {
        if self.answer.is_some() || self.turn.is_some() {
            return;
        }
        let Some(wanted) = self.wanted.take() else { return };
        self.jitter.begin();
        self.words = Pacing::default();
        if matches!(wanted, Wanted::Reply(_, Some(_))) {
            // The previous text ended with a word.
            self.words.words(" ");
        }
        self.decoder = Decoder::default();
        let (event, recital) = match &wanted {
            Wanted::Reply(epoch, instructions) => {
                (wire::respond(*epoch, instructions.as_deref()), false)
            }
            Wanted::Recital(epoch, text) => (wire::recite(*epoch, text), true),
        };
        let asked = self.send(event, out);
        self.answer = Some(Answer::new(wanted.epoch(), asked, recital));
    }

    pub(super) fn chunks(&mut self, pcm: &[f32], out: &mut Vec<Out>) {
        if let Some(epoch) = self.answer.as_ref().map(|answer| answer.epoch) {
            self.chunks_of(epoch, pcm, out);
        }
    }

    pub(super) fn chunks_of(&mut self, epoch: Epoch, pcm: &[f32], out: &mut Vec<Out>) {
        let rate = self.output.rate();
        for piece in pcm.chunks(rate.0 as usize * CHUNK_MS / 1_000) {
            let chunk = self.words.sound(piece.to_vec(), rate);
            if let Some(answer) = &mut self.answer {
                answer.seconds += piece.len() as f64 / f64::from(rate.0);
                answer.worded += chunk.text.len();
            }
            out.push(Out::Say(Said::Chunk { epoch, chunk }));
        }
    }

    pub(super) fn clear(&mut self, out: &mut Vec<Out>) {
        self.early = None;
        if self.buffer.take().is_some() {
            self.send(wire::clear(), out);
        }
        self.input.reset();
    }

    pub(super) fn delete(&mut self, items: Vec<String>, out: &mut Vec<Out>) {
        if self.settings.writes() {
            // The transcript does not matter there.
            return;
        }
        for item in items {
            self.send(wire::delete(&item), out);
        }
    }

    /// Sends an event with an id of its own, so that an error can refer to it.
    pub(super) fn send(&mut self, mut event: Value, out: &mut Vec<Out>) -> String {
        self.sent += 1;
        let name = format!("aloud_event_{}", self.sent);
        event["event_id"] = name.as_str().into();
        out.push(Out::Send(event.to_string()));
        name
    }
}
