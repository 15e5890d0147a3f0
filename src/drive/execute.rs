use super::driver::{Driver, Pieces, Ran, UTTERANCES};
use super::event::Event;
use crate::audio::{Earcon, ring_tone};
use crate::base::{Epoch, Moment, SPEAKER_RATE, Utterance};
use crate::dialog::{Call, Effect, Outcome};
use crate::engine::{EngineError, Order, Said};
use crate::listen;
use crate::tool::{Act, Done, ToolCx};
use crate::turn::{Announcement, Command, Cut, Failure, How, Input, Playback, Report, Speech};

/// Troubles, failures and notes that are kept for whoever asked one question; the first ones tell
/// what went wrong. A service tells them as they come, and runs for weeks.
const KEPT: usize = 8;

/// Keeps `news` behind what is kept, if there is room.
pub(super) fn remember<T>(kept: &mut Vec<T>, news: T) {
    if kept.len() < KEPT {
        kept.push(news);
    }
}

/// What the machine orders, and what comes back from those who do it.
impl Driver {
    pub(super) fn execute(&mut self, now: Moment, command: Command) {
        tracing::debug!(?command, "order");
        match command {
            Command::OpenEar { how } => self.open_ear(how),
            Command::LetGo => self.order_ear(listen::Order::Release),
            Command::ShutEar => self.order_ear(listen::Order::Shut),
            Command::Commit { cut } => self.commit(cut),
            Command::Forget { cut } => {
                self.unwritten.retain(|other| *other != cut);
                self.partner.order(Order::Forget { utterance: cut.utterance, take: cut.take });
            }
            Command::Respond { epoch, tentative: _ } => {
                let prompt = self.prompt();
                self.partner.order(Order::Respond { epoch, prompt });
            }
            Command::Cue { epoch } => self.speaker.cue(epoch),
            Command::Duck(on) => self.speaker.duck(on),
            Command::Hush { epoch } => self.speaker.hush(epoch),
            Command::Abort { epoch } => {
                self.partner.order(Order::Abort(epoch));
                self.speaker.abort(epoch);
                if let Some(calls) = self.calls.remove(&epoch) {
                    calls.cancel();
                }
            }
            Command::Rewind { epoch, heard } => self.partner.order(Order::Rewind { epoch, heard }),
            Command::CallTool { epoch, call } => self.call_tool(now, epoch, call),
            Command::Announce { epoch, announcement } => self.announce(epoch, announcement),
            Command::Tell(failure) => {
                if self.earcons {
                    self.gauge.chime(Earcon::Error);
                }
                self.trouble(failure.words().to_owned());
            }
        }
    }

    fn open_ear(&mut self, how: How) {
        match how {
            How::Held => self.order_ear(listen::Order::Hold),
            How::Open | How::FollowUp => self.order_ear(listen::Order::Open),
            How::Woken => {
                if self.earcons {
                    self.gauge.chime(Earcon::ListenStart);
                }
                self.order_ear(listen::Order::Open);
            }
        }
    }

    fn commit(&mut self, cut: Cut) {
        match self.utterance(cut.utterance).cloned() {
            Some(utterance) => {
                if self.unwritten.len() == UTTERANCES {
                    // Not every partner writes down what it hears.
                    self.unwritten.remove(0);
                }
                self.unwritten.push(cut);
                self.partner.order(Order::Commit { utterance, take: cut.take });
            }
            None => {
                // Cannot be while the ring of utterances holds all that are under way.
                let text = "The sound of that was lost. Please say it again.".into();
                self.input(Input::Transcript { cut, result: Err(Failure::Engine { text }) });
            }
        }
    }

    fn call_tool(&mut self, now: Moment, epoch: Epoch, call: Call) {
        let last_reply = self.machine.history().last_said().map(str::to_owned);
        let said = self.machine.history().last_heard().map(str::to_owned);
        let arguments = serde_json::from_str(&call.arguments)
            .unwrap_or_else(|_| serde_json::Value::String(call.arguments.clone()));
        self.emit(Event::Call { name: call.name.clone(), arguments });
        let work = self.tools.call(&call, ToolCx { now, last_reply, said });
        let stop = self.calls.entry(epoch).or_default().child_token();
        self.called = epoch;
        let lasts = self.tools.effect(&call.name) == Some(Effect::Makes);
        let name = call.name;
        self.running.push(Box::pin(async move {
            let mut work = work;
            tokio::select! {
                done = &mut work => return Ran { epoch, late: false, name, done },
                () = stop.cancelled() => {}
            }
            // The machine has answered this call itself.
            if lasts {
                return Ran { epoch, late: true, name, done: work.await };
            }
            let (output, say) = ("interrupted".to_owned(), String::new());
            let outcome = Outcome { id: call.id, output, say, ok: false };
            let done = Done { outcome, act: None, picture: None };
            Ran { epoch: Epoch::NONE, late: false, name, done }
        }));
    }

    fn announce(&mut self, epoch: Epoch, announcement: Announcement) {
        let text = match announcement {
            Announcement::Failure(failure) => failure.words().to_owned(),
            Announcement::Notice { id, text } => {
                if self.notices.remove(&id).is_some_and(|notice| notice.rings) {
                    let tone = ring_tone();
                    let samples = self.speaker.queue(epoch, &tone, SPEAKER_RATE);
                    self.queued(epoch, samples, String::new());
                }
                text
            }
        };
        self.partner.order(Order::Announce { epoch, text });
    }

    pub(super) fn on_tool(&mut self, ran: Ran) {
        let Ran { epoch, late, name, done } = ran;
        let Done { outcome, act, picture } = done;
        let result = serde_json::from_str(&outcome.output)
            .unwrap_or_else(|_| serde_json::Value::String(outcome.output.clone()));
        if epoch != Epoch::NONE {
            self.emit(Event::Outcome { name, ok: outcome.ok, result });
        }
        self.on_beat();
        if late {
            return self.tell_late(epoch, outcome.say);
        }
        let stop = act == Some(Act::Stop);
        if stop {
            self.silenced = self.called;
        }
        self.input(Input::ToolDone { epoch, outcome, stop, picture });
    }

    /// What a call came to of which the user has not heard, having gone on to something else: it is
    /// said when nobody speaks, or only shown when they wanted silence.
    fn tell_late(&mut self, epoch: Epoch, say: String) {
        if say.trim().is_empty() {
            return;
        }
        if epoch > self.silenced {
            self.notice(say, false);
        } else {
            self.emit(Event::Aside { message: say });
        }
    }

    pub(super) fn on_said(&mut self, said: Said) {
        let now = self.clock.now();
        match said {
            Said::Transcript { utterance, take, result, last } => {
                if let Ok(text) = &result {
                    let ms = self.since_speech(now);
                    self.emit(Event::Transcript { text: text.trim().to_owned(), last, ms });
                    if last {
                        self.timings.transcribe = Some(ms);
                    }
                }
                if last {
                    let result = result.map_err(|error| self.failure(error));
                    let cut = Cut { utterance, take };
                    self.unwritten.retain(|other| *other != cut);
                    self.input(Input::Transcript { cut, result });
                }
            }
            Said::Hearing(text) => self.emit(Event::Transcript { text, last: false, ms: 0 }),
            Said::FirstWords(epoch) => {
                if self.timings.epoch != epoch {
                    self.timings.epoch = epoch;
                    self.timings.first_token = Some(self.since_speech(now));
                    self.timings.first_audio = None;
                }
            }
            Said::Written { epoch, text } => {
                self.written = epoch;
                self.emit(Event::Written { epoch: epoch.0, text });
            }
            Said::Chunk { epoch, chunk } => {
                if self.written != epoch && !chunk.text.is_empty() {
                    // Who only speaks has written what is to be heard.
                    self.emit(Event::Written { epoch: epoch.0, text: chunk.text.clone() });
                }
                let samples = self.speaker.queue(epoch, &chunk.pcm, chunk.rate);
                self.queued(epoch, samples, chunk.text);
            }
            Said::Source { epoch, source } => {
                if self.sources.0 != epoch {
                    self.sources = (epoch, Vec::new());
                }
                if !self.sources.1.contains(&source) {
                    self.emit(Event::Source(source.clone()));
                    self.sources.1.push(source);
                }
            }
            Said::TurnOver => self.order_ear(listen::Order::Cut),
            Said::Note(message) => {
                tracing::warn!("{message}");
                self.emit(Event::Aside { message: message.clone() });
                remember(&mut self.notes, message);
            }
            Said::Call { epoch, call } => {
                self.input(Input::Report { epoch, report: Report::Call(call) });
            }
            Said::Done(epoch) => {
                let samples = self.speaker.flush(epoch);
                if samples > 0 {
                    self.queued(epoch, samples, String::new());
                }
                self.speaker.complete(epoch);
                self.input(Input::Report { epoch, report: Report::Done });
            }
            Said::Failed { epoch, error } => {
                self.speaker.complete(epoch);
                let report = Report::Failed(self.failure(error));
                self.input(Input::Report { epoch, report });
            }
        }
    }

    /// An engine's failure, for the machine; kept for whoever wants to know its kind.
    fn failure(&mut self, error: EngineError) -> Failure {
        let text = error.to_string();
        remember(&mut self.errors, error);
        Failure::Engine { text }
    }

    /// A piece of `epoch` waits for the speaker.
    fn queued(&mut self, epoch: Epoch, samples: u64, text: String) {
        if self.pieces.epoch != epoch {
            self.pieces = Pieces { epoch, ..Pieces::default() };
        }
        // Words belong to the sound before them too, as far as it came without any.
        let begins = *self.pieces.wordless.get_or_insert(self.pieces.begun);
        if !text.is_empty() {
            self.pieces.wordless = None;
            self.pieces.waiting.push_back((begins, text.clone()));
        }
        self.pieces.begun += samples;
        self.input(Input::Report { epoch, report: Report::Queued { samples, text } });
    }

    /// Looks at the speaker: what of the reply has sounded since.
    pub(super) fn on_refill(&mut self) {
        let now = self.clock.now();
        let Some((epoch, playback)) = self.speaker.poll(now) else { return };
        let samples = match playback {
            Playback::Progress { samples } | Playback::Settled { samples } => samples,
        };
        if samples > 0 && self.timings.first_audio.is_none() && self.timings.sounds(epoch) {
            let ms = self.since_speech(now);
            self.timings.first_audio = Some(ms);
            self.emit(Event::Sounding { epoch: epoch.0, ms });
        }
        if self.pieces.epoch == epoch {
            while let Some((begins, text)) = self.pieces.waiting.pop_front() {
                if begins > samples || (begins == samples && self.pieces.begun > samples) {
                    self.pieces.waiting.push_front((begins, text));
                    break;
                }
                self.emit(Event::Words { epoch: epoch.0, text });
            }
        }
        self.input(Input::Playback { epoch, playback });
    }

    /// What the listen thread heard.
    pub(super) fn on_heard(&mut self, event: listen::Event) {
        let speech = match event {
            listen::Event::Frame(frame) => return self.partner.order(Order::Hear(frame)),
            listen::Event::Level(level) => {
                let db = level.rms_db.clamp(-90.0, 0.0);
                return self.emit(Event::Level { db });
            }
            listen::Event::Unaided(why) => return self.trouble(why),
            listen::Event::EndOfInput => return self.on_end_of_input(),
            listen::Event::Started { id, .. } => Speech::Started { id },
            listen::Event::Confirmed { id } => {
                self.partner.order(Order::Prepare);
                Speech::Confirmed { id }
            }
            listen::Event::Resumed { id } => Speech::Resumed { id },
            listen::Event::Discarded { id, why } => {
                self.emit(Event::Nothing { why: reason(why).to_owned() });
                Speech::Discarded { id }
            }
            listen::Event::Paused { utterance, end_of_speech, heard } => {
                let id = utterance.id;
                self.keep(utterance, end_of_speech, heard);
                Speech::Paused { id }
            }
            listen::Event::Ended { utterance, end_of_speech, heard, by: _ } => {
                let id = utterance.id;
                self.keep(utterance, end_of_speech, heard);
                Speech::Ended { id }
            }
        };
        self.input(Input::Speech(speech));
    }

    /// Keeps the sound of an utterance, and when its speech ended.
    fn keep(&mut self, utterance: Utterance, end_of_speech: u64, heard: u64) {
        let micros = heard.saturating_sub(end_of_speech).saturating_mul(1_000_000)
            / u64::from(crate::base::LISTEN_RATE.0);
        let now = self.clock.now();
        self.speech_end = Some(Moment::from_micros(now.as_micros().saturating_sub(micros)));
        self.timings = super::event::Timings::default();
        self.utterances.retain(|other| other.id != utterance.id);
        if self.utterances.len() == UTTERANCES {
            self.utterances.pop_front();
        }
        self.utterances.push_back(utterance);
    }
}

/// Why an utterance came to nothing, for the user.
fn reason(why: listen::Discard) -> &'static str {
    match why {
        listen::Discard::NoSpeech => "nothing was said",
        listen::Discard::TooShort => "that was too short to be speech",
        listen::Discard::Shut => "the ear was shut",
        listen::Discard::Muted => "the microphone is muted",
        listen::Discard::Superseded => "the key was pressed instead",
        listen::Discard::Lost => "the microphone was lost",
    }
}
