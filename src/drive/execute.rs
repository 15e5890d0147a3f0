use super::announce::Origin;
use super::bell::Answer;
use super::driver::Driver;
use super::event::{Event, json};
use super::handle::Refusal;
use super::inquiry::Claim;
use super::reasons::{discarded, ignored};
use super::ringing::Untold;
use super::stopwatch::ago;
use super::voice::Sounded;
use super::work::Ran;
use crate::audio::Earcon;
use crate::base::{Epoch, Moment, NoticeId, Rate, UtteranceId};
use crate::dialog::{Call, Heard};
use crate::engine::{Order, Said};
use crate::listen;
use crate::tool::{Act, Done, Step, ToolCx, View};
use crate::turn::{
    Announcement, Command, Failure, Ignored, Input, ListenMode, Mode, NoticeEnd, Report, Revision,
    Speech, Trigger,
};

/// Executes the machine's commands, collects the results, and handles answers to rings. Results are
/// queued for the machine, never handed to it from here.
impl Driver {
    pub(super) fn execute(&mut self, now: Moment, command: Command) {
        tracing::debug!(?command, "order");
        match command {
            Command::OpenEar { mode } => {
                self.hearing.open(mode);
                if mode == ListenMode::Woken {
                    self.voice.chime(Earcon::ListenStart);
                }
            }
            Command::LetGo => self.hearing.order(listen::Order::Release),
            Command::EndSpeech => self.hearing.order(listen::Order::Cut),
            Command::ShutEar => self.hearing.order(listen::Order::Shut),
            Command::Commit { revision } => self.commit(revision),
            Command::Forget { revision: Revision { utterance, number: revision } } => {
                self.hearing.forget(Revision { utterance, number: revision });
                self.partner.order(Order::Forget { utterance, revision });
            }
            Command::Respond { epoch, tentative: _, read } => {
                self.voice.begin(epoch, read);
                self.watch.parted(epoch);
                let prompt = self.prompt();
                self.partner.order(Order::Respond { epoch, prompt });
            }
            Command::Cue { epoch } => self.voice.cue(epoch),
            Command::Look { utterance } => self.hearing.look(utterance),
            Command::Duck(on) => self.voice.duck(on),
            Command::Pause { epoch: _ } => self.voice.pause(),
            Command::Resume { epoch: _, from } => self.voice.resume(from),
            Command::Silence => {
                self.work.silence();
                self.end_ring();
            }
            Command::Ignore { utterance: _, why } => {
                self.watch.emit(Event::Nothing { why: ignored(why).to_owned() });
            }
            Command::Hush { epoch } => self.voice.hush(epoch),
            Command::Abort { epoch } => {
                self.partner.order(Order::Abort(epoch));
                self.voice.abort(epoch);
                self.work.abort(epoch);
            }
            Command::Rewind { epoch, heard } => self.partner.order(Order::Rewind { epoch, heard }),
            Command::CallTool { epoch, call } => self.call_tool(now, epoch, call),
            Command::Fill { epoch, count, waited } => {
                self.watch.parted(epoch);
                let audible = self.volume.gain() > 0.0;
                let text = audible.then(|| self.work.filler(now, epoch, count, waited));
                self.speak(epoch, text.unwrap_or_default(), false);
            }
            Command::Announce { epoch, announcement } => {
                self.begin_announcement(epoch, announcement)
            }
            Command::NoticeOver { id, end } => self.notice_over(now, id, &end),
            Command::Tell(failure) => {
                self.voice.chime(Earcon::Error);
                self.watch.tell(&failure);
            }
        }
    }

    fn commit(&mut self, revision: Revision) {
        match self.hearing.commit(revision) {
            Some(utterance) => {
                self.turn_end.commit(revision, self.clock.now());
                self.partner.order(Order::Commit { utterance, revision: revision.number });
            }
            None => {
                // Cannot happen while the sound of all utterances in progress is kept.
                let text = "I lost some of that. Please say it again.".into();
                let result = Err(Failure::Engine { text });
                self.turns.push(Input::Transcript { revision, result, certainty: None });
            }
        }
    }

    fn call_tool(&mut self, now: Moment, epoch: Epoch, call: Call) {
        let arguments = json(&call.arguments);
        self.watch.emit(Event::Call { name: call.name.clone(), arguments });
        let word = self.waking.last();
        self.work.call(epoch, call, ToolCx { word, ..self.turns.context(now) });
    }

    fn begin_announcement(&mut self, epoch: Epoch, announcement: Announcement) {
        self.voice.begin(epoch, false);
        let (text, sure) = match announcement {
            Announcement::Failure(failure) => (failure.words().to_owned(), true),
            Announcement::Notice { id, text } => match self.announcements.origin(id) {
                Some(Origin::Ring(round)) => {
                    if let Some(samples) = self.voice.ring(epoch, round.tone) {
                        self.report(epoch, Report::Queued { samples, text: String::new() });
                    }
                    (text, true)
                }
                // Nobody waits for the answer any more: it ends without a sound.
                Some(&Origin::Question(number)) if !self.inquiry.sounds(number) => {
                    (String::new(), false)
                }
                Some(Origin::Question(_) | Origin::Request | Origin::Tool | Origin::Untold(..))
                | None => (text, false),
            },
        };
        self.speak(epoch, text, sure);
    }

    /// Has fixed words spoken; a tone alone needs no voice.
    fn speak(&mut self, epoch: Epoch, text: String, sure: bool) {
        if !text.is_empty() {
            return self.partner.order(Order::Announce { epoch, text, sure });
        }
        self.voice.complete(epoch);
        self.report(epoch, Report::Done);
    }

    fn report(&mut self, epoch: Epoch, report: Report) {
        self.turns.push(Input::Report { epoch, report });
    }

    pub(super) fn on_tool(&mut self, ran: Ran) {
        let (epoch, name, done, late) = match ran {
            Ran::Done { epoch, name, done } => (epoch, name, done, false),
            Ran::Late { epoch, name, done } => (epoch, name, done, true),
            Ran::Step { epoch, name, step } => {
                self.work.advance(self.clock.now(), epoch, &step);
                let Step { done, message } = step;
                return self.watch.emit(Event::Progress { name, done, message });
            }
            Ran::Dropped => return,
        };
        let Done { outcome, act, picture } = *done;
        let result = json(&outcome.output);
        self.watch.emit(Event::Outcome { name, ok: outcome.ok, result });
        if late {
            return self.tell_late(epoch, outcome.say);
        }
        let stop = act == Some(Act::Stop);
        if stop {
            self.work.silence();
            self.end_ring();
        }
        self.turns.push(Input::ToolDone { epoch, outcome, stop, picture });
    }

    /// Reports the result of a call after the user has moved on: spoken when nobody speaks, or only
    /// shown if they asked for silence.
    fn tell_late(&mut self, epoch: Epoch, say: String) {
        if say.trim().is_empty() {
            return;
        }
        if self.work.may_say(epoch) {
            self.announce(say, Origin::Tool);
        } else {
            self.watch.emit(Event::Aside { message: say });
        }
    }

    pub(super) fn on_said(&mut self, said: Said) {
        let now = self.clock.now();
        match said {
            Said::Transcript { utterance, revision, result, certainty, last } => {
                let revision = Revision { utterance, number: revision };
                let result = match result {
                    Ok(text) if last => Ok(self.look_again(utterance, text)),
                    other => other,
                };
                // Ignored speech is nobody's question, and stops no ring.
                let ignored = match &result {
                    Ok(text) if last => self.turns.ignores(revision, text, certainty),
                    Ok(_) | Err(_) => None,
                };
                if let Ok(text) = &result {
                    let ms = self.stopwatch.ms(now);
                    if ignored.is_none() {
                        let text = text.trim().to_owned();
                        self.watch.emit(Event::Transcript { text, last, ms });
                    }
                    if last {
                        self.stopwatch.transcribed(now);
                    }
                }
                if last {
                    if let Ok(text) = &result {
                        let order = self.turn_end.words(now, revision, text);
                        self.hearing.order_some(order);
                    }
                    let result = result.map_err(|error| self.watch.failure(error));
                    self.hearing.forget(revision);
                    let (result, stop) = match ignored {
                        Some(Ignored::OwnVoice | Ignored::Noise) => (result, false),
                        Some(Ignored::Murmur) | None => self.ringing.spoken(now, utterance, result),
                    };
                    let words = ignored.is_none()
                        && result.as_ref().is_ok_and(|text| !text.trim().is_empty());
                    let heard = result.as_deref().map_err(Failure::words);
                    let claim =
                        ignored.map_or_else(|| self.inquiry.hear(revision, heard), |_| Claim::None);
                    if claim != Claim::None {
                        return self.answered(revision, claim);
                    }
                    let input = Input::Transcript { revision, result, certainty };
                    // Over a reply the words decide at once.
                    let input = match self.turns.speaks() {
                        true => Some(input),
                        false => self.turn_end.keep(revision, input),
                    };
                    if let Some(input) = input {
                        self.turns.push(input);
                    }
                    if stop {
                        self.turns.push(Input::Trigger(Trigger::Stop));
                    } else if words {
                        self.tell_untold();
                    }
                }
            }
            Said::Hearing(text) => {
                self.turn_end.written(&text);
                self.watch.emit(Event::Transcript { text, last: false, ms: 0 });
            }
            Said::FirstWords(epoch) => self.stopwatch.first_words(now, epoch),
            Said::Written { epoch, text } => self.watch.written(epoch, text),
            Said::Chunk { epoch, chunk } => {
                self.watch.spoken(epoch, &chunk.text);
                self.queue(epoch, chunk.pcm, chunk.rate, chunk.text);
            }
            Said::Source { epoch, source } => self.watch.source(epoch, source),
            Said::TurnOver => self.hearing.order(listen::Order::Cut),
            Said::Note(message) => self.watch.note(message),
            Said::Call { epoch, call } => self.report(epoch, Report::Call(call)),
            Said::Done(epoch) => {
                self.turn_end.prepared(now);
                self.voice.complete(epoch);
                self.report(epoch, Report::Done);
            }
            Said::Failed { epoch, error } => {
                self.voice.complete(epoch);
                let failure = self.watch.failure(error);
                self.report(epoch, Report::Failed(failure));
            }
        }
    }

    /// Queues a piece of `epoch` for the speaker.
    fn queue(&mut self, epoch: Epoch, pcm: Vec<f32>, rate: Rate, text: String) {
        match self.voice.queue(epoch, pcm, rate, &text) {
            Ok(Some(samples)) => self.report(epoch, Report::Queued { samples, text }),
            Ok(None) => {}
            // Sound that cannot be played was not heard.
            Err(why) => {
                let failure = Failure::Engine { text: why.to_string() };
                self.report(epoch, Report::Failed(failure));
            }
        }
    }

    /// Polls the speaker for how much of the reply has sounded.
    pub(super) fn on_playback(&mut self) {
        let now = self.clock.now();
        let Some(sounded) = self.voice.poll(now) else { return };
        let Sounded { epoch, playback, any, words } = sounded;
        if any && let Some(ms) = self.stopwatch.sounds(now, epoch) {
            self.watch.emit(Event::Sounding { epoch: epoch.0, ms });
        }
        for text in words {
            self.waking.said(now, &text);
            self.watch.emit(Event::Words { epoch: epoch.0, text });
        }
        self.turns.push(Input::Playback { epoch, playback });
    }

    /// Handles an event of the listen thread.
    pub(super) fn on_heard(&mut self, event: listen::Event) {
        let now = self.clock.now();
        let mut kept = None;
        let speech = match event {
            listen::Event::Frame(frame) => return self.partner.order(Order::Hear(frame)),
            listen::Event::Level(level) => {
                let db = level.rms_db.clamp(-90.0, 0.0);
                return self.watch.emit(Event::Level { db });
            }
            listen::Event::Unaided(why) | listen::Event::Wordless(why) => {
                return self.watch.trouble(why);
            }
            listen::Event::Called(call) => return self.on_called(call),
            listen::Event::Score(score) => return self.watch.emit(Event::WakeScore { score }),
            listen::Event::Echo(echo) => return self.watch.echo(echo),
            listen::Event::EndOfInput => return self.on_end_of_input(),
            listen::Event::Started { id, held, .. } => {
                self.turn_end.begin(held);
                self.ringing.speech(id);
                self.waking.begin(id);
                self.inquiry.begin(id);
                Speech::Started { id }
            }
            listen::Event::Confirmed { id } => {
                self.partner.order(Order::Prepare);
                self.turn_end.confirm();
                Speech::Confirmed { id }
            }
            listen::Event::Voiced { id, ms, so_far } => {
                if let Some(utterance) = so_far {
                    self.hearing.keep(utterance);
                }
                Speech::Voiced { id, ms }
            }
            listen::Event::Resumed { id } => {
                if !self.turn_end.resume(now) {
                    return;
                }
                self.inquiry.resume(id);
                Speech::Resumed { id }
            }
            listen::Event::Discarded { id, why } => {
                self.turn_end.discard(now);
                self.watch.emit(Event::Nothing { why: discarded(why).to_owned() });
                self.inquiry.discard(id);
                Speech::Discarded { id }
            }
            listen::Event::Paused { utterance, end_of_speech, heard } => {
                self.turn_end.pause(utterance, now, heard.saturating_sub(end_of_speech));
                return self.on_pause();
            }
            listen::Event::Ended { utterance, end_of_speech, heard, by } => {
                let id = utterance.id;
                kept = self.turn_end.kept();
                if let Some(event) = self.turn_end.end(by) {
                    self.watch.emit(event);
                }
                self.stopwatch.speech_ended(ago(now, heard.saturating_sub(end_of_speech)));
                self.hearing.keep(utterance);
                Speech::Ended { id }
            }
        };
        self.turns.push(Input::Speech(speech));
        if let Some(input) = kept {
            self.turns.push(input);
        }
        if let Speech::Ended { id } = speech
            && let Some(revision) = self.inquiry.end(id)
        {
            self.answered(revision, Claim::Final);
        }
        if let Speech::Ended { id } | Speech::Discarded { id } = speech
            && self.waking.end(id)
        {
            self.dismiss();
        }
    }

    /// Tells the machine of a pause in which a reply may be prepared, once it is time.
    pub(super) fn on_pause(&mut self) {
        let Some(told) = self.turn_end.tell(self.clock.now()) else { return };
        self.hearing.order_some(told.order);
        self.stopwatch.speech_ended(told.since);
        let id = told.utterance.id;
        self.hearing.keep(told.utterance);
        self.turns.push(Input::Speech(Speech::Paused { id }));
    }

    /// The words belong to another program's question: for the machine nothing was said.
    fn answered(&mut self, revision: Revision, claim: Claim) {
        if claim == Claim::Final {
            let (result, certainty) = (Ok(String::new()), None);
            self.turns.push(Input::Transcript { revision, result, certainty });
            if self.partner.hears() {
                // It answers without waiting for the words.
                self.turns.push(Input::Trigger(Trigger::Stop));
            }
        }
    }

    /// A wake word was called: by the user, unless our own voice has just said it.
    fn on_called(&mut self, call: listen::wake::Call) {
        let now = self.clock.now();
        let own = self.waking.is_own(now, &call.word);
        let wakes = !own && self.turns.setup().settings.mode == Mode::Wake;
        let (word, score) = (call.word.to_string(), call.score);
        self.watch.emit(Event::Wake { word, score, own });
        if wakes {
            self.waking.call(call);
            self.partner.order(Order::Prepare);
            self.turns.push(Input::Trigger(Trigger::Wake));
        }
    }

    /// The words of an utterance without its wake word. Empty if a call caused it and the word is
    /// missing.
    fn look_again(&mut self, utterance: UtteranceId, text: String) -> String {
        if self.turns.setup().settings.mode != Mode::Wake {
            return text;
        }
        let (rest, dismissed) = self.waking.hear(utterance, text);
        if dismissed {
            self.dismiss();
        }
        rest
    }

    /// It was no call after all.
    fn dismiss(&mut self) {
        let why = "the wake word was not in it".to_owned();
        self.watch.emit(Event::Nothing { why });
        self.turns.push(Input::Trigger(Trigger::Dismiss));
    }

    /// The book of timers has changed, or something in it is due.
    pub(super) fn on_book(&mut self, view: Option<View>) {
        let change = self.ringing.on_view(view);
        for trouble in change.troubles {
            self.watch.trouble(trouble);
        }
        if change.hush {
            self.turns.push(Input::Trigger(Trigger::Stop));
        }
    }

    /// Somebody answered the ring. True if something was ringing.
    pub(super) fn end_ring(&mut self) -> bool {
        self.ringing.end(self.clock.now())
    }

    /// Handles text typed during a ring. True if it was meant for the ring alone.
    pub(super) fn typed_to_ring(&mut self, text: &str) -> bool {
        let only = self.ringing.typed(text) == Answer::Heard;
        if !self.ringing.rings() {
            return false;
        }
        self.end_ring();
        if only {
            self.turns.push(Input::Trigger(Trigger::Stop));
        }
        only
    }

    /// Snoozes what rings.
    pub(super) fn snooze(&mut self, minutes: Option<u32>) -> Result<(), Refusal> {
        let minutes = self.ringing.snooze(self.clock.now(), minutes)?;
        self.watch.emit(Event::Aside { message: format!("it rings again in {minutes} minutes") });
        self.turns.push(Input::Trigger(Trigger::Stop));
        Ok(())
    }

    /// Tells a user who is present what they missed.
    pub(super) fn tell_untold(&mut self) {
        if self.announcements.tells() {
            return;
        }
        if let Some(Untold { text, missed, news }) = self.ringing.untold() {
            self.announce(text, Origin::Untold(missed, news));
        }
    }

    /// A notice has ended.
    pub(super) fn notice_over(&mut self, now: Moment, id: NoticeId, end: &NoticeEnd) {
        let heard = matches!(end, NoticeEnd::Said(Heard::All | Heard::Part { .. }));
        match self.announcements.over(id, end) {
            Some(Origin::Ring(_)) => self.ringing.round_over(now, heard),
            Some(Origin::Untold(missed, news)) if heard => self.ringing.told(missed, news),
            Some(Origin::Question(number)) => {
                let waits = self.inquiry.said(now, number, heard);
                if waits && self.turns.setup().settings.mode == Mode::Wake {
                    self.turns.push(Input::Trigger(Trigger::Wake));
                }
            }
            Some(Origin::Untold(..) | Origin::Request | Origin::Tool) | None => {}
        }
        tracing::debug!(?end, "a notice is over");
    }
}
