use super::status::{EarStatus, MouthStatus};
use super::{Command, Input, Setup, Status};
use crate::base::{Epoch, Moment};
use crate::dialog::{History, Item};

/// Decides everything about turns. Pure: no clock, no sound, no I/O.
#[derive(Clone, Debug)]
pub struct Machine {
    #[expect(dead_code, reason = "the machine behind these words lands next")]
    setup: Setup,
    history: History,
}

impl Machine {
    /// A silent machine that goes on from `history`.
    pub fn new(setup: Setup, history: History) -> Self {
        Self { setup, history }
    }

    /// Takes one input at the moment `now` (never earlier than the one before) and appends what
    /// is to be done to `out`, to be executed in order.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Command>) {
        let _ = (now, input, out);
    }

    /// When the next [`Input::Tick`] is wanted, if nothing else happens before.
    pub fn deadline(&self) -> Option<Moment> {
        None
    }

    /// What was said and heard. A reply enters it when it is over.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The items that the live attempt's responder is to answer: the history, then the user's
    /// words, calls and outcomes of this attempt.
    pub fn prompt(&self) -> Vec<Item> {
        self.history.items().to_vec()
    }

    /// What a user can see.
    pub fn status(&self) -> Status {
        Status {
            ear: EarStatus::Shut,
            mouth: MouthStatus::Silent,
            epoch: Epoch::NONE,
            waiting: 0,
            muted: false,
        }
    }
}
