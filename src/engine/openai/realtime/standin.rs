//! The fallback's part: it answers while no session is available.

use std::collections::VecDeque;

use super::Settings;
use super::act::Act;
use super::asked::Asked;
use crate::base::{Epoch, Frame, UtteranceId};
use crate::dialog::{Heard, Item, Prompt};
use crate::engine::{EngineError, Order, Said};

/// The fallback's epochs that are remembered, so that it also gets their next rounds.
const EPOCHS: usize = 8;

/// What a line knows about its fallback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Its name for the user.
    pub name: String,
    /// Whether it can speak.
    pub voiced: bool,
    /// Whether it takes the sound itself and needs no transcript.
    pub hears: bool,
}

/// The state of the fallback.
#[derive(Debug)]
pub(super) struct StandIn {
    behind: Behind,
    /// Whether it is in use, and the user was told why.
    told: bool,
    epochs: VecDeque<Epoch>,
    /// An answer that waits for the transcript of the question.
    waiting: Option<Waiting>,
    /// The epoch that it is answering.
    answering: Option<Epoch>,
}

#[derive(Debug)]
struct Waiting {
    epoch: Epoch,
    prompt: Prompt,
    /// Cuts without a transcript yet, and the transcripts of the others.
    cuts: Vec<(UtteranceId, u32)>,
    words: Vec<String>,
}

impl StandIn {
    pub(super) fn new(behind: Behind) -> Self {
        let (told, epochs) = (false, VecDeque::new());
        Self { behind, told, epochs, waiting: None, answering: None }
    }

    /// Whether it can speak.
    pub(super) const fn voiced(&self) -> bool {
        self.behind.voiced
    }

    /// Whether it answers `epoch`.
    pub(super) fn answers(&self, epoch: Epoch) -> bool {
        self.epochs.contains(&epoch)
    }

    /// Whether it is busy.
    pub(super) const fn busy(&self) -> bool {
        self.waiting.is_some() || self.answering.is_some()
    }

    /// Takes over an answer, because of `why`.
    pub(super) fn take(
        &mut self,
        asked: &Asked,
        epoch: Epoch,
        prompt: Prompt,
        why: &EngineError,
        out: &mut Vec<Act>,
    ) {
        if !std::mem::replace(&mut self.told, true) {
            let note = format!("{} answers for now, because {why}", self.behind.name);
            out.push(Act::Say(Said::Note(note)));
        }
        if self.epochs.len() == EPOCHS {
            self.epochs.pop_front();
        }
        self.epochs.push_back(epoch);
        let mut waiting = Waiting { epoch, prompt, cuts: Vec::new(), words: Vec::new() };
        for question in asked.open().filter(|question| question.words.is_none()) {
            let (utterance, revision) = (question.utterance.clone(), question.revision);
            if !self.behind.hears {
                waiting.cuts.push((utterance.id, revision));
            }
            out.push(Act::Fall(Order::Commit { utterance, revision }));
        }
        self.waiting = Some(waiting);
        self.go_on(out);
    }

    /// A session is available again.
    pub(super) fn back(&mut self, settings: &Settings, out: &mut Vec<Act>) {
        if std::mem::take(&mut self.told) {
            let Settings { provider, model, .. } = settings;
            out.push(Act::Say(Said::Note(format!("{provider}/{model} answers again"))));
        }
    }

    /// The user speaks while no session hears it.
    pub(super) fn hear(&self, frame: Box<Frame>, out: &mut Vec<Act>) {
        if self.told && self.behind.hears {
            out.push(Act::Fall(Order::Hear(frame)));
        }
    }

    /// The next answer may be its own.
    pub(super) fn prepare(&self, out: &mut Vec<Act>) {
        if self.told {
            out.push(Act::Fall(Order::Prepare));
        }
    }

    /// Not all of an answer was heard.
    pub(super) fn rewind(&self, epoch: Epoch, heard: Heard, out: &mut Vec<Act>) {
        if self.answers(epoch) {
            out.push(Act::Fall(Order::Rewind { epoch, heard }));
        }
    }

    pub(super) fn forget(&mut self, utterance: UtteranceId, revision: u32, out: &mut Vec<Act>) {
        let Some(waiting) = &mut self.waiting else { return };
        waiting.cuts.retain(|cut| *cut != (utterance, revision));
        out.push(Act::Fall(Order::Forget { utterance, revision }));
    }

    pub(super) fn abort(&mut self, epoch: Epoch, out: &mut Vec<Act>) {
        if let Some(waiting) = self.waiting.take_if(|waiting| waiting.epoch == epoch) {
            for (utterance, revision) in waiting.cuts {
                out.push(Act::Fall(Order::Forget { utterance, revision }));
            }
        }
        self.answering = self.answering.filter(|answering| *answering != epoch);
        out.push(Act::Fall(Order::Abort(epoch)));
    }

    /// Takes the fallback's output, and passes it on.
    pub(super) fn said(&mut self, asked: &mut Asked, said: Said, out: &mut Vec<Act>) {
        match &said {
            Said::Transcript { utterance, revision, result, last, .. } => {
                let cut = (*utterance, *revision);
                let waits = self.waiting.as_ref().is_some_and(|w| w.cuts.contains(&cut));
                // Words that no answer waits for are for the record.
                if !waits && !self.behind.hears {
                    return;
                }
                match result {
                    Ok(text) => {
                        if asked.learn(*utterance, *revision, text, *last) {
                            out.push(Act::Say(said.clone()));
                        }
                        if let (Some(waiting), true) = (&mut self.waiting, last) {
                            waiting.cuts.retain(|other| *other != cut);
                            waiting.words.push(text.trim().to_owned());
                        }
                        self.go_on(out);
                    }
                    Err(error) => {
                        if let Some(waiting) = self.waiting.take_if(|_| waits) {
                            let (epoch, error) = (waiting.epoch, error.clone());
                            out.push(Act::Say(Said::Failed { epoch, error }));
                        }
                    }
                }
                return;
            }
            Said::Chunk { epoch, .. } | Said::Call { epoch, .. } => {
                if self.answering == Some(*epoch) {
                    asked.answer();
                }
            }
            Said::Done(epoch) | Said::Failed { epoch, .. } => {
                if self.answering == Some(*epoch) {
                    asked.answer();
                    self.answering = None;
                }
            }
            Said::Hearing(_)
            | Said::FirstWords(_)
            | Said::Written { .. }
            | Said::Source { .. }
            | Said::Note(_)
            | Said::TurnOver => {}
        }
        out.push(Act::Say(said));
    }

    /// Requests the answer once all transcripts are there, or immediately if it needs none.
    fn go_on(&mut self, out: &mut Vec<Act>) {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.cuts.is_empty()) else { return };
        let Waiting { epoch, mut prompt, words, .. } = waiting;
        if self.behind.hears {
            self.answering = Some(epoch);
            out.push(Act::Fall(Order::Respond { epoch, prompt }));
            return;
        }
        let user =
            prompt.items.iter_mut().rev().find_map(|item| {
                if let Item::User { text, .. } = item { Some(text) } else { None }
            });
        let Some(user) = user else {
            out.push(Act::Say(Said::Done(epoch)));
            return;
        };
        let mut said: Vec<&str> = words.iter().map(String::as_str).collect();
        said.push(user);
        said.retain(|words| !words.is_empty());
        let text = said.join(" ");
        if text.is_empty() {
            // Nothing was said, so nothing is answered.
            out.push(Act::Say(Said::Done(epoch)));
            return;
        }
        *user = text;
        self.answering = Some(epoch);
        out.push(Act::Fall(Order::Respond { epoch, prompt }));
    }
}
