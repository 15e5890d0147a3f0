use std::collections::{BTreeSet, VecDeque};

use super::asked::Asked;
use super::attempt::Attempt;
use super::ear::Ear;
use super::meaning::{Meaning, meaning};
use super::mouth::Mouth;
use super::own::OwnVoice;
use super::{
    Announcement, Command, Device, Failure, Ignored, Input, MouthStatus, NoticeEnd, Revision,
    Setup, Status, Wait,
};
use crate::base::{Epoch, Moment, UtteranceId};
use crate::dialog::{History, Item, Start};

/// Decides everything about turns. Pure: no clock, no sound, no I/O.
///
/// Two small regions, an ear and a mouth, with the user's question between them. An input changes
/// one of them; then the machine takes every step that has become possible, until it rests.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    pub(super) setup: Setup,
    pub(super) ear: Ear,
    pub(super) mouth: Mouth,
    /// The question still to be answered; one being answered belongs to its attempt.
    pub(super) asked: Asked,
    /// Announcements still to be said.
    pub(super) waiting: VecDeque<Announcement>,
    pub(super) history: History,
    /// What it has said lately, to recognize its own voice.
    pub(super) own: OwnVoice,
    /// Consecutive replies cut by a voice.
    pub(super) cuts: u32,
    /// Whether the last thing the user was told is that they were not understood.
    pub(super) missed: bool,
    /// The newest epoch issued.
    pub(super) epoch: Epoch,
    /// The newest utterance seen; older ones never start again.
    pub(super) newest: Option<UtteranceId>,
    pub(super) muted: bool,
    /// Whether the microphone is gone.
    pub(super) no_microphone: bool,
    /// Whether the speaker is gone.
    pub(super) no_speaker: bool,
    /// Whether the next utterance should contain the wake word. A partner that hears would answer
    /// it before its transcript has confirmed the word.
    pub(super) woken: bool,
}

impl Machine {
    /// A silent machine that continues from `history`.
    pub fn new(setup: Setup, history: History) -> Self {
        Self {
            setup,
            ear: Ear::Shut,
            mouth: Mouth::Silent,
            asked: Asked::default(),
            waiting: VecDeque::new(),
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
        }
    }

    /// Takes one input at the moment `now` (never earlier than the previous one) and appends the
    /// commands to `out`, to be executed in order.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Command>) {
        #[cfg(debug_assertions)]
        let watch = super::check::Watch::before(self, &input, out);
        self.take(now, input, out);
        while self.rest_ear(out) || self.step(now, out) {}
        #[cfg(debug_assertions)]
        watch.after(self, out);
    }

    /// When the next [`Input::Tick`] is due if nothing else happens before. May lie in the past:
    /// then it is due immediately.
    pub fn deadline(&self) -> Option<Moment> {
        self.waits_for().map(|(until, _)| until)
    }

    /// The wait that ends first: until when, and for what.
    pub fn waits_for(&self) -> Option<(Moment, Wait)> {
        let patience = &self.setup.settings.patience;
        let murmur = self.asked.doubt().filter(|_| self.setup.hears);
        let waits = [
            self.ear.waits_for(),
            self.asked.deadline().map(|until| (until, Wait::Transcript)),
            self.mouth.waits_for(patience),
            self.filler_due().map(|until| (until, Wait::Filler)),
            self.verdict_due().map(|until| (until, Wait::Interruption)),
            self.look_due().map(|until| (until, Wait::Interruption)),
            self.mouth.doubt().deadline().map(|until| (until, Wait::Interruption)),
            murmur.map(|until| (until, Wait::Murmur)),
        ];
        waits.into_iter().flatten().min()
    }

    /// The current setup.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What was said and heard. A reply enters it when it is over.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What the responder of the live attempt must answer: the history, the user's words, the words
    /// already queued, calls and outcomes of this attempt. Read it when [`Command::Respond`] is
    /// executed.
    pub fn prompt(&self) -> Vec<Item> {
        let mut items = self.history.items().to_vec();
        if let Some(attempt) = self.mouth.attempt() {
            items.extend(attempt.prompt());
        }
        items
    }

    /// How the words that the live attempt answers came in.
    pub fn starts(&self) -> BTreeSet<Start> {
        self.mouth.attempt().map(Attempt::starts).unwrap_or_default()
    }

    /// The words that sound now, and their epoch; `None` while nothing sounds.
    pub fn sounding(&self) -> Option<(Epoch, &str)> {
        match &self.mouth {
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
        let spoken = self.asked.spoken(revision)?;
        match meaning(&self.own, &self.mouth.ahead(), text, &spoken, certainty) {
            Meaning::Words(_) => None,
            Meaning::Nothing(why) => Some(why),
            Meaning::Unclear => Some(Ignored::Noise),
        }
    }

    /// What a user can see.
    pub fn status(&self) -> Status {
        let silent = self.mouth == Mouth::Silent;
        let mouth = if silent && !self.asked.is_empty() {
            MouthStatus::Transcribing
        } else {
            self.mouth.status()
        };
        Status {
            mode: self.setup.settings.mode,
            ear: self.ear.status(),
            mouth,
            epoch: self.mouth.attempt().map_or(Epoch::NONE, |attempt| attempt.epoch),
            waiting: self.waiting.len(),
            muted: self.muted,
        }
    }

    /// Applies an input; its consequences are left to [`Machine::step`].
    fn take(&mut self, now: Moment, input: Input, out: &mut Vec<Command>) {
        match input {
            Input::Tick => self.on_time(now, out),
            Input::Trigger(trigger) => self.on_trigger(now, trigger, out),
            Input::Release => self.on_release(now, out),
            Input::Speech(speech) => self.on_speech(now, speech, out),
            Input::Transcript { revision, result, certainty } => {
                self.on_transcript(now, revision, result, certainty, out);
            }
            Input::Looked { utterance, text, certainty } => {
                self.on_looked(now, utterance, text.as_deref(), certainty, out);
            }
            Input::Report { epoch, report } => self.on_report(now, epoch, report, out),
            Input::Playback { epoch, playback } => self.on_playback(now, epoch, playback, out),
            Input::ToolDone { epoch, outcome, stop, picture } => {
                self.on_tool_done(epoch, outcome, stop, picture);
            }
            Input::Text { text, pictures, client } => {
                let start = if client { Start::Client } else { Start::Typed };
                self.on_text(now, &text, pictures, start, out);
            }
            Input::Notice { id, text } => {
                self.announce_later(Announcement::Notice { id, text }, out);
            }
            Input::Device(device) => self.on_device(device, out),
            Input::Setup(setup) => self.setup = *setup,
        }
    }

    /// Handles every expired wait.
    fn on_time(&mut self, now: Moment, out: &mut Vec<Command>) {
        self.time_ear(now, out);
        if self.setup.hears {
            self.asked.end_doubts(now);
        }
        for revision in self.asked.overdue(now) {
            out.push(Command::Forget { revision });
            self.asked.forget(revision);
            self.fail(Failure::SlowTranscript, out);
        }
        self.time_mouth(now, out);
    }

    fn on_device(&mut self, device: Device, out: &mut Vec<Command>) {
        match device {
            Device::MicrophoneLost => self.lose_microphone(out),
            Device::MicrophoneBack => self.no_microphone = false,
            Device::SpeakerLost => {
                self.no_speaker = true;
                self.lose_speaker(out);
            }
            // The speaker resumes where it was; its progress reports will follow.
            Device::SpeakerBack => self.no_speaker = false,
        }
    }

    /// Shows why there is no answer, and says it when nobody speaks.
    pub(super) fn fail(&mut self, failure: Failure, out: &mut Vec<Command>) {
        out.push(Command::Tell(failure.clone()));
        let announcement = Announcement::Failure(failure);
        // Repeating the same apology tells nothing new.
        if !self.waiting.contains(&announcement) {
            self.announce_later(announcement, out);
        }
    }

    fn announce_later(&mut self, announcement: Announcement, out: &mut Vec<Command>) {
        if self.waiting.len() < super::MAX_NOTICES {
            self.waiting.push_back(announcement);
        } else {
            out.push(Command::Tell(Failure::TooMuch));
            announcement.end(NoticeEnd::Refused, out);
        }
    }
}
