use std::collections::BTreeSet;

use super::asked::Asked;
use super::script::Script;
use super::{Announcement, Command, Failure, MAX_CALLS, Patience};
use crate::base::{Epoch, Moment};
use crate::dialog::{Call, Heard, Item, Outcome, Picture, Start};

/// One attempt at saying something, named by its epoch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attempt {
    pub(super) epoch: Epoch,
    pub(super) purpose: Purpose,
    pub(super) script: Script,
    /// Never empty; the last round is in progress.
    pub(super) rounds: Vec<Round>,
    pub(super) work: Work,
    /// Whether the user reads it because there is no speaker.
    pub(super) read: bool,
    /// Whether it may sound, or be read.
    pub(super) cued: bool,
    /// How often it was said that a tool takes a while.
    pub(super) fillers: u32,
}

/// What an attempt is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Purpose {
    /// To answer the user.
    Reply(Asked),
    /// To say something unasked.
    Announcement(Announcement),
}

/// One answer of the responder, with the calls it made. The next round answers their outcomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Round {
    pub(super) calls: Vec<PendingCall>,
}

/// One tool call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PendingCall {
    pub(super) call: Call,
    pub(super) state: PendingState,
    /// Whether it ran and may have changed the world.
    pub(super) acts: bool,
    /// Whether it runs to the end even if nobody waits for it any more.
    pub(super) lasts: bool,
    /// Whether nothing is said while it runs.
    pub(super) quiet: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum PendingState {
    /// Not run yet. A call that changes the world waits until the user has definitely finished.
    Held,
    /// Running.
    Running { since: Moment, until: Moment },
    /// Finished.
    Done {
        outcome: Outcome,
        /// Whether aloud must say nothing more.
        stop: bool,
        /// A picture for the responder to see.
        picture: Option<Picture>,
    },
}

/// Whether responder and synthesizer have more to give.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Work {
    /// In progress; `since` is the last sign of life.
    Busy { since: Moment },
    /// This round is complete; meanwhile it is said that a tool takes a while.
    Filling { since: Moment },
    /// This round is complete; another one follows if it made calls.
    RoundDone,
    /// It failed.
    Failed(Failure),
}

impl Attempt {
    /// `no_speaker` says that there is no speaker: the answer to a typed question is then read, and
    /// counts as heard.
    pub(super) fn new(now: Moment, epoch: Epoch, purpose: Purpose, no_speaker: bool) -> Self {
        let typed = match &purpose {
            Purpose::Reply(asked) => asked.is_typed(),
            Purpose::Announcement(_) => false,
        };
        Self {
            epoch,
            purpose,
            read: no_speaker && typed,
            script: Script::new(now),
            rounds: vec![Round::default()],
            work: Work::Busy { since: now },
            cued: false,
            fillers: 0,
        }
    }

    /// Counts what is read as heard: it is on the screen as soon as it is written.
    pub(super) fn count_read(&mut self, now: Moment) {
        if self.read && self.cued {
            self.script.hear(now, self.script.total());
        }
    }

    /// Whether the user may still continue the question that this answers.
    pub(super) fn tentative(&self) -> bool {
        match &self.purpose {
            Purpose::Reply(asked) => asked.tentative().is_some(),
            Purpose::Announcement(_) => false,
        }
    }

    /// How the words that it answers came in.
    pub(super) fn starts(&self) -> BTreeSet<Start> {
        match &self.purpose {
            Purpose::Reply(asked) => asked.starts(),
            Purpose::Announcement(_) => BTreeSet::new(),
        }
    }

    /// Whether the user has waited so long, or in vain, that `more` is a new question and not the
    /// rest of this one.
    pub(super) fn is_overtaken(&self, more: &Asked, patience: &Patience) -> bool {
        match &self.purpose {
            Purpose::Reply(asked) => {
                let failed = matches!(self.work, Work::Failed(_));
                failed || asked.since(more).is_some_and(|gap| gap > patience.together)
            }
            Purpose::Announcement(_) => false,
        }
    }

    /// Whether nothing more will be queued or called.
    pub(super) fn is_over(&self) -> bool {
        match self.work {
            Work::Busy { .. } | Work::Filling { .. } => false,
            Work::RoundDone => self.rounds.last().is_none_or(|round| round.calls.is_empty()),
            Work::Failed(_) => true,
        }
    }

    /// Whether all outcomes of a round are in and still to be answered.
    pub(super) fn wants_round(&self) -> bool {
        let done = |pending: &PendingCall| matches!(pending.state, PendingState::Done { .. });
        let calls = self.rounds.last().map_or(&[][..], |round| &round.calls);
        let all = !calls.is_empty() && calls.iter().all(done);
        self.work == Work::RoundDone && all && !self.stops()
    }

    /// Whether a tool asked for silence.
    pub(super) fn stops(&self) -> bool {
        self.pending().any(|pending| matches!(pending.state, PendingState::Done { stop: true, .. }))
    }

    /// Whether a tool may have changed the world.
    pub(super) fn acted(&self) -> bool {
        self.pending().any(|pending| pending.acts)
    }

    /// The command that starts the current round.
    pub(super) fn order(&self) -> Command {
        let epoch = self.epoch;
        match &self.purpose {
            Purpose::Reply(_) => {
                Command::Respond { epoch, tentative: self.tentative(), read: self.read }
            }
            Purpose::Announcement(announcement) => {
                Command::Announce { epoch, announcement: announcement.clone() }
            }
        }
    }

    /// Tells the partner what was heard of its reply, unless that was all.
    pub(super) fn rewind(&self, heard: Heard, out: &mut Vec<Command>) {
        let replied = match self.purpose {
            Purpose::Reply(_) => true,
            Purpose::Announcement(_) => false,
        };
        let heard = match heard {
            Heard::Part { .. } => self.script.heard_of_reply(),
            Heard::Nothing | Heard::All => heard,
        };
        if replied && heard != Heard::All {
            out.push(Command::Rewind { epoch: self.epoch, heard });
        }
    }

    /// The number of the current round.
    pub(super) fn round(&self) -> usize {
        self.rounds.len().saturating_sub(1)
    }

    /// Whether a reply may make `call`; the same call can be made only once.
    pub(super) fn takes(&self, call: &Call) -> bool {
        let new = self.pending().all(|pending| pending.call.id != call.id);
        match self.purpose {
            Purpose::Reply(_) => new,
            Purpose::Announcement(_) => false,
        }
    }

    /// Adds a call to the current round; false if it has too many.
    pub(super) fn add(&mut self, call: Call) -> bool {
        let round = self.rounds.last_mut().filter(|round| round.calls.len() < MAX_CALLS);
        round.map(|round| round.calls.push(PendingCall::new(call))).is_some()
    }

    pub(super) fn pending(&self) -> impl Iterator<Item = &PendingCall> {
        self.rounds.iter().flat_map(|round| &round.calls)
    }

    pub(super) fn pending_mut(&mut self) -> impl Iterator<Item = &mut PendingCall> {
        self.rounds.iter_mut().flat_map(|round| &mut round.calls)
    }

    /// Marks every call without an outcome as interrupted.
    pub(super) fn interrupt(&mut self) {
        for pending in self.pending_mut() {
            match pending.state {
                PendingState::Running { .. } if pending.lasts => pending.excuse(GOES_ON),
                PendingState::Held | PendingState::Running { .. } => pending.excuse(INTERRUPTED),
                PendingState::Done { .. } => {}
            }
        }
    }

    /// Gives calls that ran for too long an outcome that says so.
    pub(super) fn time_out(&mut self, now: Moment) {
        for pending in self.pending_mut() {
            if matches!(pending.state, PendingState::Running { until, .. } if until <= now) {
                pending.excuse(TIMED_OUT);
            }
        }
    }

    /// When a running tool times out.
    pub(super) fn tool_deadline(&self) -> Option<Moment> {
        let until = |pending: &PendingCall| match pending.state {
            PendingState::Running { until, .. } => Some(until),
            PendingState::Held | PendingState::Done { .. } => None,
        };
        self.pending().filter_map(until).min()
    }

    /// What the responder is to answer besides the history. Everything queued counts as said,
    /// because an attempt that is not heard does not survive.
    pub(super) fn prompt(&self) -> Vec<Item> {
        match &self.purpose {
            Purpose::Reply(asked) => {
                self.items(asked.items(), |round| (self.script.text_queued(round), false))
            }
            Purpose::Announcement(_) => Vec::new(),
        }
    }

    /// The history entries of a finished attempt: what was asked, done, and `heard`.
    pub(super) fn record(&self, heard: &Heard) -> Vec<Item> {
        let cut = *heard != Heard::All || matches!(self.work, Work::Failed(_));
        match &self.purpose {
            Purpose::Reply(asked) => {
                let last = (0..self.rounds.len())
                    .rfind(|round| !self.script.text_heard(*round).is_empty());
                self.items(asked.items(), |round| {
                    let text = match heard {
                        Heard::Nothing => String::new(),
                        Heard::Part { .. } | Heard::All => self.script.text_heard(round),
                    };
                    (text, cut && Some(round) == last)
                })
            }
            Purpose::Announcement(Announcement::Notice { text: whole, .. }) => {
                let text = match heard {
                    Heard::Nothing => String::new(),
                    Heard::Part { text, .. } => text.clone(),
                    // The driver need not report which words its pieces hold.
                    Heard::All => whole.clone(),
                };
                if text.is_empty() { Vec::new() } else { vec![Item::Notice { text }] }
            }
            // An apology is no part of the conversation and would only confuse the next answer.
            Purpose::Announcement(Announcement::Failure(_)) => Vec::new(),
        }
    }

    fn items(&self, user: Vec<Item>, said: impl Fn(usize) -> (String, bool)) -> Vec<Item> {
        let epoch = self.epoch;
        let mut items = user;
        for (number, round) in self.rounds.iter().enumerate() {
            let (text, interrupted) = said(number);
            if !text.is_empty() {
                items.push(Item::Reply { epoch, text, interrupted });
            }
            let call = |pending: &PendingCall| Item::Call { epoch, call: pending.call.clone() };
            items.extend(round.calls.iter().map(call));
            items.extend(round.calls.iter().filter_map(|pending| match &pending.state {
                PendingState::Done { outcome, .. } => Some(Item::Outcome(outcome.clone())),
                PendingState::Held | PendingState::Running { .. } => None,
            }));
            // After all outcomes of the round: nothing may come between a call and its outcome.
            items.extend(round.calls.iter().filter_map(|pending| match &pending.state {
                PendingState::Done { picture, .. } => picture.clone().map(Item::Picture),
                PendingState::Held | PendingState::Running { .. } => None,
            }));
        }
        items
    }
}

/// Why a call has no outcome of its own, for a model to read.
const INTERRUPTED: &str = "Interrupted by the user before it finished.";
const GOES_ON: &str =
    "It goes on while the user talks of something else; they will be told when it is done.";
const TIMED_OUT: &str = "The tool did not answer in time.";

impl PendingCall {
    const fn new(call: Call) -> Self {
        Self { call, state: PendingState::Held, acts: false, lasts: false, quiet: false }
    }

    /// Answers the call with the reason why it has no outcome of its own.
    fn excuse(&mut self, why: &str) {
        let (id, output, say) = (self.call.id.clone(), why.to_owned(), why.to_owned());
        let outcome = Outcome { id, output, say, ok: false };
        self.state = PendingState::Done { outcome, stop: false, picture: None };
    }
}
