use serde::{Deserialize, Serialize};

use super::{Command, Input, Machine, Setup};
use crate::base::Moment;
use crate::dialog::History;

/// One line of a session log after the first, which is the [`Setup`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened.
    pub at: Moment,
    /// What happened.
    pub input: Input,
}

/// Runs a recorded session through a fresh machine; returns its commands and its final state.
pub fn replay(
    setup: Setup,
    history: History,
    entries: impl IntoIterator<Item = Entry>,
) -> (Vec<(Moment, Command)>, Machine) {
    let mut machine = Machine::new(setup, history);
    let mut said = Vec::new();
    let mut out = Vec::new();
    for Entry { at, input } in entries {
        machine.handle(at, input, &mut out);
        said.extend(out.drain(..).map(|command| (at, command)));
    }
    (said, machine)
}
