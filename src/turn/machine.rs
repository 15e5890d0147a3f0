use std::collections::BTreeSet;

use super::announcements::Announcements;
use super::asked::Asked;
use super::attempt::Attempt;
use super::ear::Ear;
use super::floor::Floor;
use super::meaning::{Meaning, meaning};
use super::mouth::Mouth;
use super::own::OwnVoice;
use super::{
    Announcement, Command, Device, Failure, Ignored, Input, MouthStatus, Revision, Setup, Status,
    Wait,
};
use crate::base::{Epoch, Moment};
use crate::dialog::{History, Item, Start};

/// Decides everything about turns. Pure: no clock, no sound, no I/O.
///
/// Two small regions, an ear and a mouth, with the user's question between them. An input changes
/// one of them; then the machine takes every step that has become possible, until it rests.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine(Floor);

impl Machine {
    /// A silent machine that continues from `history`.
    pub fn new(setup: Setup, history: History) -> Self {
        Self(Floor {
            setup,
            ear: Ear::Shut,
            mouth: Mouth::Silent,
            asked: Asked::default(),
            waiting: Announcements::default(),
            history,
            own: OwnVoice::default(),
            cuts: 0,
            missed: false,
            epoch: Epoch::NONE,
            newest: None,
            muted: false,
            no_microphone: false,
            no_speaker: false,
            woken: false,
        })
    }

    /// Takes one input at the moment `now` (never earlier than the previous one) and appends the
    /// commands to `out`, to be executed in order.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Command>) {
        #[cfg(debug_assertions)]
        let watch = super::check::Watch::before(&self.0, &input, out);
        self.take(now, input, out);
        while self.0.rest_ear(out) || self.0.step(now, out) {}
        #[cfg(debug_assertions)]
        watch.after(&self.0, self.deadline(), out);
    }

    /// When the next [`Input::Tick`] is due if nothing else happens before. May lie in the past:
    /// then it is due immediately.
    pub fn deadline(&self) -> Option<Moment> {
        self.waits_for().map(|(until, _)| until)
    }

    /// The wait that ends first: until when, and for what.
    pub fn waits_for(&self) -> Option<(Moment, Wait)> {
        let patience = &self.0.setup.settings.patience;
        let murmur = self.0.asked.doubt().filter(|_| self.0.setup.hears);
        let waits = [
            self.0.ear.waits_for(),
            self.0.asked.deadline().map(|until| (until, Wait::Transcript)),
            self.0.mouth.waits_for(patience),
            self.0.filler_due().map(|until| (until, Wait::Filler)),
            self.0.verdict_due().map(|until| (until, Wait::Interruption)),
            self.0.look_due().map(|until| (until, Wait::Interruption)),
            self.0.mouth.doubt().deadline().map(|until| (until, Wait::Interruption)),
            murmur.map(|until| (until, Wait::Murmur)),
        ];
        waits.into_iter().flatten().min()
    }

    /// The current setup.
    pub fn setup(&self) -> &Setup {
        &self.0.setup
    }

    /// What was said and heard. A reply enters it when it is over.
    pub fn history(&self) -> &History {
        &self.0.history
    }

    /// What the responder of the live attempt must answer: the history, the user's words, the words
    /// already queued, calls and outcomes of this attempt. Read it when [`Command::Respond`] is
    /// executed.
    pub fn prompt(&self) -> Vec<Item> {
        let mut items = self.0.history.items().to_vec();
        if let Some(attempt) = self.0.mouth.attempt() {
            items.extend(attempt.prompt());
        }
        items
    }

    /// How the words that the live attempt answers came in.
    pub fn starts(&self) -> BTreeSet<Start> {
        self.0.mouth.attempt().map(Attempt::starts).unwrap_or_default()
    }

    /// The words that sound now, and their epoch; `None` while nothing sounds.
    pub fn sounding(&self) -> Option<(Epoch, &str)> {
        match &self.0.mouth {
            Mouth::Silent | Mouth::Awaiting(_) | Mouth::Hushing { .. } => None,
            Mouth::Replying { attempt, .. } => {
                attempt.script.sounding().map(|text| (attempt.epoch, text))
            }
        }
    }

    /// Why to ignore `text`, the final transcript of `revision`, if it should be ignored.
    pub fn ignores(
        &self,
        revision: Revision,
        text: &str,
        certainty: Option<f32>,
    ) -> Option<Ignored> {
        let spoken = self.0.asked.spoken(revision)?;
        match meaning(&self.0.own, &self.0.mouth.ahead(), text, &spoken, certainty) {
            Meaning::Words(_) => None,
            Meaning::Nothing(why) => Some(why),
            Meaning::Unclear => Some(Ignored::Noise),
        }
    }

    /// What a user can see.
    pub fn status(&self) -> Status {
        let silent = self.0.mouth == Mouth::Silent;
        let mouth = if silent && !self.0.asked.is_empty() {
            MouthStatus::Transcribing
        } else {
            self.0.mouth.status()
        };
        Status {
            mode: self.0.setup.settings.mode,
            ear: self.0.ear.status(),
            mouth,
            epoch: self.0.mouth.attempt().map_or(Epoch::NONE, |attempt| attempt.epoch),
            waiting: self.0.waiting.len(),
            muted: self.0.muted,
        }
    }

    /// Applies an input; its consequences are left to [`Machine::step`].
    fn take(&mut self, now: Moment, input: Input, out: &mut Vec<Command>) {
        match input {
            Input::Tick => self.on_time(now, out),
            Input::Trigger(trigger) => self.0.on_trigger(now, trigger, out),
            Input::Release => self.0.on_release(now, out),
            Input::Speech(speech) => self.0.on_speech(now, speech, out),
            Input::Transcript { revision, result, certainty } => {
                self.0.on_transcript(now, revision, result, certainty, out);
            }
            Input::Looked { utterance, text, certainty } => {
                self.0.on_looked(now, utterance, text.as_deref(), certainty, out);
            }
            Input::Report { epoch, report } => self.0.on_report(now, epoch, report, out),
            Input::Playback { epoch, playback } => self.0.on_playback(now, epoch, playback, out),
            Input::ToolDone { epoch, outcome, stop, picture } => {
                self.0.on_tool_done(epoch, outcome, stop, picture);
            }
            Input::Text { text, pictures, client } => {
                let start = if client { Start::Client } else { Start::Typed };
                self.0.on_text(now, &text, pictures, start, out);
            }
            Input::Notice { id, text } => {
                self.0.waiting.push(Announcement::Notice { id, text }, out);
            }
            Input::Device(device) => self.on_device(device, out),
            Input::Setup(setup) => self.0.setup = *setup,
        }
    }

    /// Handles every expired wait.
    fn on_time(&mut self, now: Moment, out: &mut Vec<Command>) {
        self.0.time_ear(now, out);
        if self.0.setup.hears {
            self.0.asked.end_doubts(now);
        }
        for revision in self.0.asked.overdue(now) {
            out.push(Command::Forget { revision });
            self.0.asked.forget(revision);
            self.0.waiting.fail(Failure::SlowTranscript, out);
        }
        self.0.time_mouth(now, out);
    }

    fn on_device(&mut self, device: Device, out: &mut Vec<Command>) {
        match device {
            Device::MicrophoneLost => self.0.lose_microphone(out),
            Device::MicrophoneBack => self.0.no_microphone = false,
            Device::SpeakerLost => {
                self.0.no_speaker = true;
                self.0.lose_speaker(out);
            }
            // The speaker resumes where it was; its progress reports will follow.
            Device::SpeakerBack => self.0.no_speaker = false,
        }
    }
}
