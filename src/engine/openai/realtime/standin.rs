//! The fallback's part: it answers while no session can be had.

use std::collections::VecDeque;

use super::asked::Asked;
use super::line::Act;
use crate::base::{Epoch, UtteranceId};
use crate::dialog::{Item, Prompt};
use crate::engine::{EngineError, Order, Said};

/// Epochs that are remembered as the fallback's, so that their next round is too.
const EPOCHS: usize = 8;

/// What the fallback is at.
#[derive(Debug)]
pub(super) struct StandIn {
    voiced: bool,
    /// Why it stands in, once that was told.
    told: bool,
    epochs: VecDeque<Epoch>,
    /// An answer that waits for the words of what was asked.
    waiting: Option<Waiting>,
    /// The epoch that it is answering.
    answering: Option<Epoch>,
}

#[derive(Debug)]
struct Waiting {
    epoch: Epoch,
    prompt: Prompt,
    /// What has no words yet, and the words of what has.
    cuts: Vec<(UtteranceId, u32)>,
    words: Vec<String>,
}

impl StandIn {
    pub(super) fn new(voiced: bool) -> Self {
        let (told, epochs) = (false, VecDeque::new());
        Self { voiced, told, epochs, waiting: None, answering: None }
    }

    /// Whether it can speak.
    pub(super) const fn voiced(&self) -> bool {
        self.voiced
    }

    /// Whether `epoch` is its own.
    pub(super) fn answers(&self, epoch: Epoch) -> bool {
        self.epochs.contains(&epoch)
    }

    /// Whether it is at work.
    pub(super) const fn busy(&self) -> bool {
        self.waiting.is_some() || self.answering.is_some()
    }

    /// Takes an answer over, because of `why`.
    pub(super) fn take(
        &mut self,
        asked: &Asked,
        epoch: Epoch,
        prompt: Prompt,
        why: &EngineError,
        out: &mut Vec<Act>,
    ) {
        if !std::mem::replace(&mut self.told, true) {
            let note = format!("The cascade answers for now, because {why}");
            out.push(Act::Say(Said::Note(note)));
        }
        if self.epochs.len() == EPOCHS {
            self.epochs.pop_front();
        }
        self.epochs.push_back(epoch);
        let mut waiting = Waiting { epoch, prompt, cuts: Vec::new(), words: Vec::new() };
        for question in asked.open().filter(|question| question.words.is_none()) {
            let (utterance, take) = (question.utterance.clone(), question.take);
            waiting.cuts.push((utterance.id, take));
            out.push(Act::Fall(Order::Commit { utterance, take }));
        }
        self.waiting = Some(waiting);
        self.go_on(out);
    }

    /// A session is there again.
    pub(super) fn back(&mut self, provider: &str, out: &mut Vec<Act>) {
        if std::mem::take(&mut self.told) {
            out.push(Act::Say(Said::Note(format!("Provider {provider} answers again."))));
        }
    }

    pub(super) fn forget(&mut self, utterance: UtteranceId, take: u32, out: &mut Vec<Act>) {
        let Some(waiting) = &mut self.waiting else { return };
        waiting.cuts.retain(|cut| *cut != (utterance, take));
        out.push(Act::Fall(Order::Forget { utterance, take }));
    }

    pub(super) fn abort(&mut self, epoch: Epoch, out: &mut Vec<Act>) {
        if let Some(waiting) = self.waiting.take_if(|waiting| waiting.epoch == epoch) {
            for (utterance, take) in waiting.cuts {
                out.push(Act::Fall(Order::Forget { utterance, take }));
            }
        }
        self.answering = self.answering.filter(|answering| *answering != epoch);
        out.push(Act::Fall(Order::Abort(epoch)));
    }

    /// Takes what the fallback says, and passes it on.
    pub(super) fn said(&mut self, asked: &mut Asked, said: Said, out: &mut Vec<Act>) {
        match &said {
            Said::Transcript { utterance, take, result, last } => {
                let cut = (*utterance, *take);
                let wanted = self.waiting.as_ref().is_some_and(|w| w.cuts.contains(&cut));
                if !wanted {
                    return;
                }
                match result {
                    Ok(text) => {
                        if asked.learn(*utterance, *take, text, *last) {
                            out.push(Act::Say(said.clone()));
                        }
                        if let (Some(waiting), true) = (&mut self.waiting, last) {
                            waiting.cuts.retain(|other| *other != cut);
                            waiting.words.push(text.trim().to_owned());
                        }
                        self.go_on(out);
                    }
                    Err(error) => {
                        if let Some(waiting) = self.waiting.take() {
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
            Said::FirstWords(_) | Said::Source { .. } | Said::Note(_) | Said::TurnOver => {}
        }
        out.push(Act::Say(said));
    }

    /// Asks for the answer once all words are known.
    fn go_on(&mut self, out: &mut Vec<Act>) {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.cuts.is_empty()) else { return };
        let Waiting { epoch, mut prompt, words, .. } = waiting;
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
