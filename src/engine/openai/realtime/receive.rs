//! How a session handles the server's events.

use super::answer::{Answer, State};
use super::event::{self, Event, Over};
use super::mirror::Sound;
use super::outcome::{Greeted, Loss, Out, Wanted, remember};
use super::session::{CANCELLING, Session};
use super::sound::{Encoder, Format};
use super::trouble::{Trouble, broke_off};
use super::{Dialect, TurnDetection, wire};
use crate::base::{Epoch, Moment};
use crate::engine::{Chunk, EngineError, Said};

/// The receiving side.
impl Session {
    /// Handles a message of the server.
    pub(super) fn receive(&mut self, now: Moment, message: &str, out: &mut Vec<Out>) {
        let Some((event, name)) = event::parse(message) else { return };
        if let Some(name) = name {
            // A duplicate message counts once.
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
            Event::Speech { began } => match (self.settings.turn_detection, began) {
                // It was told not to detect speech, so it will also commit when it sees fit.
                (TurnDetection::Ours, true) => out.push(Out::Lost(Loss::Detects)),
                (TurnDetection::ServerVad | TurnDetection::SemanticVad, false) => {
                    out.push(Out::TurnOver);
                }
                (TurnDetection::Ours, false)
                | (TurnDetection::ServerVad | TurnDetection::SemanticVad, true) => {}
            },
            Event::Heard { item, text, last, usage } => {
                out.extend(usage.map(Out::Written));
                self.on_heard(&item, text, last, out);
            }
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
            // A server may insist on its own format.
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
            let early = self.early.take_if(|(of, _)| *of == item);
            self.mirror.name(utterance, item.clone());
            if let (Some((_, words)), Some(sound)) = (early, self.mirror.sound(&item)) {
                sound.words = words;
            }
            return;
        }
        if self.settings.turn_detection == TurnDetection::Ours {
            return;
        }
        remember(&mut self.unclaimed, item);
        if let Some((utterance, revision, _)) = self.turn.take() {
            self.claim(&utterance, revision);
            self.start(out);
        }
    }

    fn on_heard(&mut self, item: &str, text: Option<String>, last: bool, out: &mut Vec<Out>) {
        let Some(sound) = self.mirror.sound(item) else {
            return self.on_early(item, text, last, out);
        };
        if sound.known {
            return;
        }
        match (&text, last) {
            (Some(text), true) => text.trim().clone_into(&mut sound.words),
            (Some(text), false) => sound.words.push_str(text),
            // There will be no transcript; the answer does not need it.
            (None, _) => {}
        }
        sound.known = last;
        let (utterance, revision) = (sound.utterance, sound.revision);
        let failed = text.is_none();
        let mut said: Vec<&str> = Vec::new();
        let mut whole = true;
        let sounds: Vec<Sound> = self.mirror.sounds(utterance).map(|sound| sound.clone()).collect();
        for sound in sounds.iter().filter(|sound| !sound.loose) {
            whole &= sound.known;
            said.extend(Some(sound.words.trim()).filter(|words| !words.is_empty()));
        }
        if sounds.iter().any(|sound| sound.loose && sound.revision == revision) {
            return;
        }
        if failed {
            if self.settings.writes() {
                out.push(Out::Unwritten(utterance, revision));
            }
            return;
        }
        let result = Ok(said.join(" "));
        for sound in self.mirror.sounds(utterance) {
            sound.told = whole;
        }
        out.push(Out::Say(Said::Transcript {
            utterance,
            revision,
            result,
            certainty: None,
            last: whole,
        }));
    }

    /// Words of an item that has not been committed: the user is still speaking.
    fn on_early(&mut self, item: &str, text: Option<String>, last: bool, out: &mut Vec<Out>) {
        let (Some(text), false) = (text, last) else { return };
        if self.buffer.is_none() && self.commits.is_empty() {
            return;
        }
        let (of, words) = self.early.get_or_insert_with(|| (item.to_owned(), String::new()));
        if of != item {
            (*of, *words) = (item.to_owned(), String::new());
        }
        words.push_str(&text);
        let Some((begin, _)) = self.buffer else { return };
        // What was said before a pause belongs to it.
        let mut said = self.mirror.before(begin);
        said.push(words.trim().to_owned());
        out.push(Out::Say(Said::Hearing(said.join(" ").trim().to_owned())));
    }

    /// Whether a part of the server's answer `id` belongs to the requested one.
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
            // Nobody requested this one, or it is over.
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
                    self.mirror.call(epoch, &call, id);
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
        if let Some(mut call) = answer.call(item, call, name, arguments) {
            call.id = self.mirror.hand_out(epoch, &call.id.0, item);
            out.push(Out::Say(Said::Call { epoch, call }));
        }
    }

    fn on_audio(&mut self, now: Moment, at: &event::Place, delta: &str, out: &mut Vec<Out>) {
        let Some(answer) = self.answer.as_mut().filter(|answer| answer.live()) else { return };
        if self.settings.silent {
            // A server may send sound although only text was requested.
            return;
        }
        let Some(pcm) = self.decoder.decode(self.output, delta) else { return };
        answer.receive(at, pcm.len() as u64);
        let epoch = answer.epoch;
        if !std::mem::replace(&mut answer.begun, true) {
            out.push(Out::Say(Said::FirstWords(epoch)));
        }
        if let (Some(item), false) = (&at.item, answer.recital) {
            self.mirror.reply(epoch, item);
        }
        if let Some(pcm) = self.jitter.push(now, pcm, self.output.rate()) {
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
        if spoken && !self.settings.silent {
            answer.written.push_str(text);
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
        if other || !self.own(over.response.as_deref()) {
            return;
        }
        let cut = over.status == "cancelled" && over.reason.as_deref() == Some("turn_detected");
        let live = self.answer.as_ref().is_some_and(Answer::live);
        if cut && live && self.settings.turn_detection == TurnDetection::Ours {
            // It took the question for an interruption of its answer, having detected it by itself.
            out.push(Out::Lost(Loss::Detects));
            return;
        }
        self.finish(now, over, out);
    }

    /// The answer in progress is over.
    pub(super) fn finish(&mut self, now: Moment, over: Over, out: &mut Vec<Out>) {
        for item in &over.items {
            self.on_item(item, over.status == "completed", out);
        }
        let Some(answer) = self.answer.take() else { return };
        let epoch = answer.epoch;
        let id = over.response.clone().or_else(|| answer.id.clone());
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
                self.pace = answer.pace().map_or(self.pace, |pace| (self.pace + pace) / 2.0);
                self.remember_heard(epoch, answer.parts, false);
                self.answer_parts_end(now, epoch, out);
                out.push(Out::Say(verdict(epoch, &over, &self.settings.provider)));
            }
        }
        self.start(out);
    }

    /// Hands out the end of the sound and of the words.
    fn answer_parts_end(&mut self, now: Moment, epoch: Epoch, out: &mut Vec<Out>) {
        if let Some(pcm) = self.jitter.end(now) {
            self.chunks_of(epoch, &pcm, out);
        }
        if let Some(text) = self.words.rest() {
            let chunk = Chunk { pcm: Vec::new(), rate: self.output.rate(), text };
            out.push(Out::Say(Said::Chunk { epoch, chunk }));
        }
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
            // It was over before the cancellation arrived.
            "response_cancel_not_active" => {
                if self.answer.as_ref().is_some_and(|answer| !answer.live()) {
                    self.finish(now, Over::default(), out);
                }
            }
            // What should be removed is gone, or never was.
            "item_truncate_invalid_item_id"
            | "item_delete_invalid_item_id"
            | "invalid_item_id"
            | "item_not_found" => {}
            "input_audio_buffer_commit_empty" => {
                if let Some(utterance) = self.commits.pop_back() {
                    let revision = self.mirror.sounds(utterance).last().map(|sound| sound.revision);
                    self.mirror.refuse(utterance);
                    if let Some(revision) = revision.filter(|_| self.settings.writes()) {
                        out.push(Out::Unwritten(utterance, revision));
                    }
                }
            }
            // An answer that nobody requested is in progress; it is cancelled, and ours is
            // requested again once it is over.
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
            _ if trouble.is_final() || self.settings.writes() => {
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
                "the content filter of provider {provider} cut the answer off; rephrase the question"
            )),
        },
        "failed" | "cancelled" => Said::Failed { epoch, error: broke_off(provider) },
        // A missing status is no failure, and a server that hit its limit has said what it had to
        // say.
        _ => Said::Done(epoch),
    }
}
