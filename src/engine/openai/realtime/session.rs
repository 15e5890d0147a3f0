use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::answer::{Answer, Part, State};
use super::cushion::Cushion;
use super::event::{self, Event, Limit, Over, Usage};
use super::mirror::{Mirror, Sound};
use super::sound::{Decoder, Encoder, Format};
use super::trouble::{Trouble, broke_off};
use super::{Dialect, Settings, TurnDetection, wire};
use crate::base::{CallId, Epoch, LISTEN_RATE, Moment, SPEAKER_RATE, Utterance, UtteranceId};
use crate::dialog::{Heard, Item, Prompt, ToolSpec};
use crate::engine::{Chunk, EngineError, Pacing, Said};

/// How long a server may take to greet.
const GREETING: Duration = Duration::from_secs(5);

/// How long a cancelled answer may take to be over; then it counts as over.
const CANCELLING: Duration = Duration::from_secs(2);

/// How long the server may take to find the end of a turn after we have; then we tell it.
const TURN: Duration = Duration::from_secs(2);

/// Sound that an append carries at most: 100 ms. Longer ones only make the server wait.
const APPEND: usize = LISTEN_RATE.0 as usize / 10;

/// Sound in one chunk at most: the shorter, the closer a cut is to the word.
const CHUNK_MS: usize = 100;

/// Silence that may stand before and behind the speech in the input buffer without being cleared
/// away: clearing and sending the speech again takes longer than listening to that.
const SLACK: u64 = 5 * LISTEN_RATE.0 as u64;

/// Names of events and answers that are remembered, and epochs whose sound is.
const REMEMBERED: usize = 64;
const EPOCHS: usize = 8;

/// One session of the protocol over one connection: orders and the server's events in, events for
/// the server and [`Said`] out. No socket, no clock.
///
/// Orders other than [`Session::receive`] may only come once it is ready ([`Out::Ready`]).
pub(super) struct Session {
    settings: Arc<Settings>,
    dialect: Dialect,
    greeted: Greeted,
    input: Encoder,
    output: Format,
    decoder: Decoder,
    mirror: Mirror,
    /// Committed and not named by the server yet.
    commits: VecDeque<UtteranceId>,
    /// Items that the server committed by itself and nobody has claimed.
    unclaimed: VecDeque<String>,
    /// A commit that the server is to make by itself.
    turn: Option<(Utterance, u32, Moment)>,
    /// What of the stream the input buffer holds.
    buffer: Option<(u64, u64)>,
    answer: Option<Answer>,
    wanted: Option<Wanted>,
    told: Option<(Arc<str>, Arc<[ToolSpec]>)>,
    /// The sound of the last epochs, and whether it was cut.
    heard: VecDeque<(Epoch, Vec<Part>, bool)>,
    /// Answers that are over or were not asked for.
    dead: VecDeque<String>,
    seen: VecDeque<String>,
    cushion: Cushion,
    words: Pacing,
    sent: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Greeted {
    Not { until: Moment },
    Yes,
}

/// What a session goes by that takes over an answer in the middle.
const GO_ON: &str = "Your last message broke off because the line dropped. Go on with the very \
    next word of it; repeat nothing, and do not mention it.";

/// An answer to be asked for as soon as the server is free.
#[derive(Clone, Debug)]
enum Wanted {
    /// With instructions of its own where it is not the usual kind.
    Reply(Epoch, Option<String>),
    Recital(Epoch, String),
}

impl Wanted {
    const fn epoch(&self) -> Epoch {
        match self {
            Self::Reply(epoch, _) | Self::Recital(epoch, _) => *epoch,
        }
    }
}

/// What comes out of a session.
#[derive(Debug)]
pub(super) enum Out {
    /// To be sent.
    Send(String),
    /// To be said.
    Say(Said),
    /// The server has greeted: orders may come.
    Ready,
    /// The session is of no more use.
    Lost(Loss),
    /// What an answer cost.
    Usage(Usage),
    /// What is left.
    Limits(Vec<Limit>),
    /// The server heard the end of a turn.
    TurnOver,
}

/// Why a session is of no more use.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Loss {
    /// Another one will do: it expired, or the line broke.
    Broken,
    /// The server speaks the other dialect.
    Dialect(Dialect),
    /// No session can be had until something is mended.
    Refused(EngineError),
}

impl Session {
    /// A session over a connection that was made at `now`.
    pub(super) fn new(now: Moment, settings: Arc<Settings>, cushion: Cushion) -> Self {
        let format = settings.format;
        Self {
            dialect: settings.dialect.unwrap_or(Dialect::Ga),
            settings,
            greeted: Greeted::Not { until: now + GREETING },
            input: Encoder::new(format),
            output: format,
            decoder: Decoder::default(),
            mirror: Mirror::default(),
            commits: VecDeque::new(),
            unclaimed: VecDeque::new(),
            turn: None,
            buffer: None,
            answer: None,
            wanted: None,
            told: None,
            heard: VecDeque::new(),
            dead: VecDeque::new(),
            seen: VecDeque::new(),
            cushion,
            words: Pacing::default(),
            sent: 0,
        }
    }

    /// What was learnt of this network, for the next session.
    pub(super) fn cushion(&self) -> Cushion {
        self.cushion.clone()
    }

    /// Whether an answer is under way or waits for its turn.
    pub(super) fn busy(&self) -> bool {
        self.answer.is_some() || self.wanted.is_some() || self.turn.is_some()
    }

    /// When [`Session::tick`] is wanted.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let greeting = match self.greeted {
            Greeted::Not { until } => Some(until),
            Greeted::Yes => None,
        };
        let cancelled = self.answer.as_ref().and_then(|answer| match answer.state {
            State::Live => self.cushion.deadline(),
            State::Cancelled { until, .. } => Some(until),
        });
        let turn = self.turn.as_ref().map(|(_, _, until)| *until);
        [greeting, cancelled, turn].into_iter().flatten().min()
    }

    /// Ends the waits that are over.
    pub(super) fn tick(&mut self, now: Moment, out: &mut Vec<Out>) {
        if matches!(self.greeted, Greeted::Not { until } if until <= now) {
            out.push(Out::Lost(Loss::Broken));
            return;
        }
        if self.turn.as_ref().is_some_and(|(.., until)| *until <= now)
            && let Some((utterance, take, _)) = self.turn.take()
        {
            self.commit_now(&utterance, take, out);
            self.start(out);
        }
        match self.answer.as_ref().map(|answer| answer.state) {
            Some(State::Cancelled { until, .. }) if until <= now => {
                tracing::warn!("a cancelled answer was never reported as over");
                self.finish(now, Over::default(), out);
            }
            Some(State::Live) => {
                if let Some(pcm) = self.cushion.poll(now) {
                    self.chunks(&pcm, out);
                }
            }
            Some(State::Cancelled { .. }) | None => {}
        }
    }

    /// The user says this; it lies at `start` in the stream.
    pub(super) fn hear(&mut self, start: u64, pcm: &[f32], out: &mut Vec<Out>) {
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

    /// The utterance is complete, or so far. Sends what of it was not sent yet.
    pub(super) fn commit(
        &mut self,
        now: Moment,
        utterance: &Utterance,
        take: u32,
        out: &mut Vec<Out>,
    ) {
        // Sound of another utterance that nobody came back to.
        let id = utterance.id;
        let stale = self.mirror.drop_sounds(|sound| sound.loose && sound.utterance != id);
        self.delete(stale, out);
        match self.settings.turn_detection {
            TurnDetection::Ours => self.commit_now(utterance, take, out),
            TurnDetection::ServerVad | TurnDetection::SemanticVad => {
                if self.unclaimed.is_empty() {
                    self.turn = Some((utterance.clone(), take, now + TURN));
                } else {
                    self.claim(utterance, take);
                }
            }
        }
    }

    fn commit_now(&mut self, utterance: &Utterance, take: u32, out: &mut Vec<Out>) {
        let span = &utterance.span;
        // What an earlier take has sent stays, when the rest of this one follows on it.
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
                (sound.take, sound.loose) = (take, false);
            }
            self.buffer.map_or(from, |(_, end)| end)
        } else {
            let wrong = self.mirror.drop_sounds(|sound| sound.utterance == utterance.id);
            self.delete(wrong, out);
            self.clear(out);
            span.start
        };
        let sent = usize::try_from(from.saturating_sub(span.start)).unwrap_or(usize::MAX);
        self.hear(from, utterance.pcm.get(sent..).unwrap_or_default(), out);
        // A second take that adds no sound is the first one.
        if let Some((begin, end)) = self.buffer.take().filter(|(begin, end)| end > begin) {
            self.send(wire::commit(), out);
            self.commits.push_back(utterance.id);
            self.mirror.commit(sound(utterance.id, take, end));
            tracing::trace!(begin, end, "committed");
        }
    }

    /// The items that the server has made by itself are this utterance.
    fn claim(&mut self, utterance: &Utterance, take: u32) {
        for item in std::mem::take(&mut self.unclaimed) {
            self.mirror.commit(sound(utterance.id, take, utterance.span.end));
            self.mirror.name(utterance.id, item);
        }
        self.buffer = None;
    }

    /// The words of an utterance are known already: the server's would say them a second time.
    pub(super) fn know(&mut self, utterance: UtteranceId, words: &str) {
        for sound in self.mirror.sounds(utterance) {
            sound.known = true;
            words.clone_into(&mut sound.words);
        }
    }

    /// That take never happened, or goes on.
    pub(super) fn forget(&mut self, utterance: UtteranceId, take: u32) {
        for sound in self.mirror.sounds(utterance).filter(|sound| sound.take == take) {
            sound.loose = true;
        }
        self.turn = self.turn.take().filter(|(of, ..)| of.id != utterance);
    }

    /// Makes the conversation say what `prompt` says.
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

    /// Asks for a reply to `prompt`, at once or as soon as the one before is over.
    pub(super) fn respond(&mut self, epoch: Epoch, prompt: &Prompt, out: &mut Vec<Out>) {
        let loose = self.mirror.drop_sounds(|sound| sound.loose);
        self.delete(loose, out);
        self.load(prompt, out);
        self.wanted = Some(Wanted::Reply(epoch, None));
        self.start(out);
    }

    /// Takes over the reply of `epoch` from a session that was lost. `samples` at 48 kHz of it were
    /// handed out, which say `words`.
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

    /// The answer of `epoch` is not wanted any more.
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

    /// The user knows only so much of what was said in `epoch`.
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
            // What the server is still at is deleted when it is done.
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
                // It stands there in words; the next answer will rest on those that were heard.
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

    /// Takes what the server sent.
    pub(super) fn receive(&mut self, now: Moment, message: &str, out: &mut Vec<Out>) {
        let Some((event, name)) = event::parse(message) else { return };
        if let Some(name) = name {
            // A message that comes twice counts once.
            if self.seen.contains(&name) {
                return;
            }
            remember(&mut self.seen, name);
        }
        match event {
            Event::Session { created, dialect, input, output } => {
                self.on_session(created, dialect, input, output, out);
            }
            Event::Committed { item } => self.on_committed(item, out),
            Event::Speech { began } => {
                if !began && self.settings.turn_detection != TurnDetection::Ours {
                    out.push(Out::TurnOver);
                }
            }
            Event::Heard { item, text, last } => self.on_heard(&item, text, last, out),
            Event::Begun { response, epoch } => self.on_begun(response, epoch),
            Event::Over(over) => self.on_over(now, *over, out),
            Event::Item { response, item, whole } => {
                if self.own(response.as_deref()) {
                    self.on_item(&item, whole, out);
                }
            }
            Event::Audio { at, delta } => {
                if self.own(at.response.as_deref()) {
                    self.on_audio(now, &at, &delta, out);
                }
            }
            Event::Words { at, text, spoken, whole } => {
                if self.own(at.response.as_deref()) {
                    self.on_words(&at, &text, spoken, whole, out);
                }
            }
            Event::Call { at, call, name, arguments } => {
                if self.own(at.response.as_deref()) {
                    self.on_call(at.item.as_deref(), &call, name.as_deref(), &arguments, out);
                }
            }
            Event::Limits(limits) => out.push(Out::Limits(limits)),
            Event::Error(trouble) => self.on_error(now, &trouble, out),
            Event::Other => {}
        }
    }

    fn on_session(
        &mut self,
        created: bool,
        dialect: Option<Dialect>,
        input: Option<Format>,
        output: Option<Format>,
        out: &mut Vec<Out>,
    ) {
        if !created {
            // A server may insist on a format of its own.
            if let Some(input) = input.filter(|input| *input != self.input.format()) {
                self.input = Encoder::new(input);
            }
            self.output = output.unwrap_or(self.output);
        }
        if self.greeted == Greeted::Yes {
            return;
        }
        self.greeted = Greeted::Yes;
        if let (None, Some(dialect)) = (self.settings.dialect, dialect) {
            self.dialect = dialect;
        }
        let format = self.settings.format;
        let update = wire::session_update(self.dialect, &self.settings, format, None);
        self.send(update, out);
        out.push(Out::Ready);
    }

    fn on_committed(&mut self, item: String, out: &mut Vec<Out>) {
        if let Some(utterance) = self.commits.pop_front() {
            self.mirror.name(utterance, item);
            return;
        }
        if self.settings.turn_detection == TurnDetection::Ours {
            return;
        }
        remember(&mut self.unclaimed, item);
        if let Some((utterance, take, _)) = self.turn.take() {
            self.claim(&utterance, take);
            self.start(out);
        }
    }

    fn on_heard(&mut self, item: &str, text: Option<String>, last: bool, out: &mut Vec<Out>) {
        let Some(sound) = self.mirror.sound(item) else { return };
        if sound.known {
            return;
        }
        match (&text, last) {
            (Some(text), true) => text.trim().clone_into(&mut sound.words),
            (Some(text), false) => sound.words.push_str(text),
            // No words will come; the answer does not need them.
            (None, _) => {}
        }
        sound.known = last;
        let (utterance, take) = (sound.utterance, sound.take);
        let failed = text.is_none();
        let mut said: Vec<&str> = Vec::new();
        let mut whole = true;
        let sounds: Vec<Sound> = self.mirror.sounds(utterance).map(|sound| sound.clone()).collect();
        for sound in sounds.iter().filter(|sound| !sound.loose) {
            whole &= sound.known;
            said.extend(Some(sound.words.trim()).filter(|words| !words.is_empty()));
        }
        if sounds.iter().any(|sound| sound.loose && sound.take == take) || failed {
            return;
        }
        let result = Ok(said.join(" "));
        out.push(Out::Say(Said::Transcript { utterance, take, result, last: whole }));
    }

    /// Whether something of the server's answer `id` belongs to the one that was asked for.
    fn own(&mut self, id: Option<&str>) -> bool {
        if id.is_some_and(|id| self.dead.iter().any(|dead| dead == id)) {
            return false;
        }
        self.answer.as_mut().is_some_and(|answer| answer.owns(id))
    }

    fn on_begun(&mut self, response: Option<String>, epoch: Option<Epoch>) {
        let ours = match (&self.answer, epoch) {
            (Some(answer), Some(epoch)) => answer.epoch == epoch,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if !(ours && self.own(response.as_deref()))
            && let Some(response) = response
        {
            // Nobody asked for this one, or it is over.
            remember(&mut self.dead, response);
        }
    }

    fn on_item(&mut self, item: &event::Item, whole: bool, out: &mut Vec<Out>) {
        let Some(answer) = &mut self.answer else { return };
        if answer.recital {
            return;
        }
        let epoch = answer.epoch;
        match (item.kind.as_str(), &item.id) {
            ("function_call", id) => {
                let call = item.call.clone().unwrap_or_default();
                if let Some(id) = id {
                    self.mirror.call(epoch, CallId(call.clone()), id);
                    if let Some(name) = &item.name {
                        answer.name(id, name);
                    }
                }
                if whole {
                    let arguments = item.arguments.as_deref().unwrap_or_default();
                    self.on_call(id.as_deref(), &call, item.name.as_deref(), arguments, out);
                }
            }
            ("message" | "", Some(id)) => self.mirror.reply(epoch, id),
            _ => {}
        }
    }

    fn on_call(
        &mut self,
        item: Option<&str>,
        call: &str,
        name: Option<&str>,
        arguments: &str,
        out: &mut Vec<Out>,
    ) {
        let Some(answer) = &mut self.answer else { return };
        if !answer.live() || answer.recital {
            return;
        }
        let epoch = answer.epoch;
        if let Some(call) = answer.call(item, call, name, arguments) {
            if let Some(item) = item {
                self.mirror.call(epoch, call.id.clone(), item);
            }
            out.push(Out::Say(Said::Call { epoch, call }));
        }
    }

    fn on_audio(&mut self, now: Moment, at: &event::Place, delta: &str, out: &mut Vec<Out>) {
        let Some(answer) = self.answer.as_mut().filter(|answer| answer.live()) else { return };
        let Some(pcm) = self.decoder.decode(self.output, delta) else { return };
        answer.receive(at, pcm.len() as u64);
        let epoch = answer.epoch;
        if !std::mem::replace(&mut answer.begun, true) {
            out.push(Out::Say(Said::FirstWords(epoch)));
        }
        if let (Some(item), false) = (&at.item, answer.recital) {
            self.mirror.reply(epoch, item);
        }
        if let Some(pcm) = self.cushion.push(now, pcm, self.output.rate()) {
            self.chunks(&pcm, out);
        }
    }

    fn on_words(
        &mut self,
        at: &event::Place,
        text: &str,
        spoken: bool,
        whole: bool,
        out: &mut Vec<Out>,
    ) {
        let Some(answer) = self.answer.as_mut().filter(|answer| answer.live()) else { return };
        if !answer.news(at, whole) {
            return;
        }
        let epoch = answer.epoch;
        if !std::mem::replace(&mut answer.begun, true) {
            out.push(Out::Say(Said::FirstWords(epoch)));
        }
        if spoken {
            self.words.words(text);
        } else {
            let chunk = Chunk { pcm: Vec::new(), rate: self.output.rate(), text: text.to_owned() };
            out.push(Out::Say(Said::Chunk { epoch, chunk }));
        }
    }

    fn on_over(&mut self, now: Moment, over: Over, out: &mut Vec<Out>) {
        if let Some(usage) = over.usage {
            out.push(Out::Usage(usage));
        }
        let other = match (&self.answer, over.epoch) {
            (Some(answer), Some(epoch)) => answer.epoch != epoch,
            (Some(_) | None, _) => false,
        };
        if !other && self.own(over.response.as_deref()) {
            self.finish(now, over, out);
        }
    }

    /// The answer under way is over.
    fn finish(&mut self, now: Moment, over: Over, out: &mut Vec<Out>) {
        for item in &over.items {
            self.on_item(item, over.status == "completed", out);
        }
        let Some(answer) = self.answer.take() else { return };
        let epoch = answer.epoch;
        let id = over.response.clone().or(answer.id);
        if let Some(id) = id {
            remember(&mut self.dead, id);
        }
        match answer.state {
            State::Cancelled { unheard: true, .. } => {
                let gone = self.mirror.drop_epoch(epoch);
                self.delete(gone, out);
            }
            State::Cancelled { unheard: false, .. } => {
                self.remember_heard(epoch, answer.parts, true);
            }
            State::Live => {
                self.remember_heard(epoch, answer.parts, false);
                self.answer_parts_end(now, epoch, out);
                out.push(Out::Say(verdict(epoch, &over, &self.settings.provider)));
            }
        }
        self.start(out);
    }

    /// Hands out the end of the sound and of the words.
    fn answer_parts_end(&mut self, now: Moment, epoch: Epoch, out: &mut Vec<Out>) {
        if let Some(pcm) = self.cushion.end(now) {
            self.chunks_of(epoch, &pcm, out);
        }
        if let Some(text) = self.words.rest() {
            let chunk = Chunk { pcm: Vec::new(), rate: self.output.rate(), text };
            out.push(Out::Say(Said::Chunk { epoch, chunk }));
        }
    }

    fn remember_heard(&mut self, epoch: Epoch, parts: Vec<Part>, cut: bool) {
        if self.heard.len() == EPOCHS {
            self.heard.pop_front();
        }
        self.heard.push_back((epoch, parts, cut));
    }

    fn on_error(&mut self, now: Moment, trouble: &Trouble, out: &mut Vec<Out>) {
        tracing::debug!(?trouble, "the server reports an error");
        let about_answer = self
            .answer
            .as_ref()
            .is_some_and(|answer| trouble.about.as_deref() == Some(&answer.asked));
        match trouble.code.as_str() {
            "session_expired" => out.push(Out::Lost(Loss::Broken)),
            "beta_api_shape_disabled" => out.push(Out::Lost(Loss::Dialect(Dialect::Ga))),
            // It was over before the order to end it arrived.
            "response_cancel_not_active" => {
                if self.answer.as_ref().is_some_and(|answer| !answer.live()) {
                    self.finish(now, Over::default(), out);
                }
            }
            // What is to go is gone, or never was.
            "item_truncate_invalid_item_id"
            | "item_delete_invalid_item_id"
            | "invalid_item_id"
            | "item_not_found" => {}
            "input_audio_buffer_commit_empty" => {
                if let Some(utterance) = self.commits.pop_back() {
                    self.mirror.refuse(utterance);
                }
            }
            // An answer that nobody asked for is under way. Asked again when it is over, which it
            // is told to be at once.
            "conversation_already_has_active_response" => {
                if let Some(answer) = self.answer.take().filter(Answer::live) {
                    self.wanted.get_or_insert(Wanted::Reply(answer.epoch, None));
                    let until = now + CANCELLING;
                    let mut stray = Answer::new(Epoch::NONE, String::new(), true);
                    stray.state = State::Cancelled { until, unheard: false };
                    self.answer = Some(stray);
                    self.send(wire::cancel(None), out);
                }
            }
            _ if trouble.is_final() => {
                out.push(Out::Lost(Loss::Refused(trouble.error(&self.settings.provider))));
            }
            _ => {
                let ours = about_answer || trouble.about.is_none();
                if ours && self.answer.as_ref().is_some_and(Answer::live) {
                    let over = Over {
                        status: "failed".to_owned(),
                        trouble: Some(trouble.clone()),
                        ..Over::default()
                    };
                    self.finish(now, over, out);
                } else {
                    tracing::warn!("{}", trouble.error(&self.settings.provider));
                }
            }
        }
    }

    /// Asks for the answer that is wanted, if the server is free.
    fn start(&mut self, out: &mut Vec<Out>) {
        if self.answer.is_some() || self.turn.is_some() {
            return;
        }
        let Some(wanted) = self.wanted.take() else { return };
        self.cushion.begin();
        self.words = Pacing::default();
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

    fn chunks(&mut self, pcm: &[f32], out: &mut Vec<Out>) {
        if let Some(epoch) = self.answer.as_ref().map(|answer| answer.epoch) {
            self.chunks_of(epoch, pcm, out);
        }
    }

    fn chunks_of(&mut self, epoch: Epoch, pcm: &[f32], out: &mut Vec<Out>) {
        let rate = self.output.rate();
        if let Some(answer) = &mut self.answer {
            answer.spoke = true;
        }
        for piece in pcm.chunks(rate.0 as usize * CHUNK_MS / 1_000) {
            let chunk = self.words.sound(piece.to_vec(), rate);
            out.push(Out::Say(Said::Chunk { epoch, chunk }));
        }
    }

    fn clear(&mut self, out: &mut Vec<Out>) {
        if self.buffer.take().is_some() {
            self.send(wire::clear(), out);
        }
        self.input.reset();
    }

    fn delete(&mut self, items: Vec<String>, out: &mut Vec<Out>) {
        for item in items {
            self.send(wire::delete(&item), out);
        }
    }

    /// Sends an event under a name of its own, by which an error can tell which one it means.
    fn send(&mut self, mut event: Value, out: &mut Vec<Out>) -> String {
        self.sent += 1;
        let name = format!("aloud_event_{}", self.sent);
        event["event_id"] = name.as_str().into();
        out.push(Out::Send(event.to_string()));
        name
    }
}

const fn sound(utterance: UtteranceId, take: u32, end: u64) -> Sound {
    Sound { utterance, take, end, loose: false, words: String::new(), known: false }
}

fn remember(list: &mut VecDeque<String>, name: String) {
    if list.len() == REMEMBERED {
        list.pop_front();
    }
    list.push_back(name);
}

/// How the end of an answer is reported.
fn verdict(epoch: Epoch, over: &Over, provider: &str) -> Said {
    if let Some(trouble) = &over.trouble {
        return Said::Failed { epoch, error: trouble.error(provider) };
    }
    match over.status.as_str() {
        "incomplete" if over.reason.as_deref() == Some("content_filter") => Said::Failed {
            epoch,
            error: EngineError::Refused(format!(
                "the content filter of provider {provider} cut the answer; ask in other words"
            )),
        },
        "failed" | "cancelled" => Said::Failed { epoch, error: broke_off(provider) },
        // A server that leaves the status out means no harm, and one that ran out of room has
        // said what it had to say.
        _ => Said::Done(epoch),
    }
}
