use std::collections::VecDeque;

use super::record::Recorder;
use crate::base::Moment;
use crate::dialog::{History, Item, Start};
use crate::tool::ToolCx;
use crate::turn::{
    Command, EarStatus, Ignored, Input, Machine, Mode, MouthStatus, Revision, Setup, Status, Wait,
};

/// The machine and its input queue.
///
/// Inputs for the machine are queued here; only the driver's loop hands them over, one at a time,
/// so no command is executed in the middle of another. The queue is bounded by what a single event
/// can produce: a few inputs, and one per command.
pub(super) struct Turns {
    machine: Machine,
    inputs: VecDeque<Input>,
    recorder: Option<Recorder>,
}

impl Turns {
    pub(super) fn new(setup: Setup, recorder: Option<Recorder>) -> Self {
        let machine = Machine::new(setup, History::default());
        Self { machine, inputs: VecDeque::new(), recorder }
    }

    /// Queues what has happened.
    pub(super) fn push(&mut self, input: Input) {
        self.inputs.push_back(input);
    }

    /// Feeds the oldest input to the machine; its commands must be executed before the next call.
    /// `None` when the queue is empty.
    pub(super) fn step(&mut self, now: Moment) -> Option<Vec<Command>> {
        let input = self.inputs.pop_front()?;
        if let Some(recorder) = &mut self.recorder {
            recorder.write(now, &input);
        }
        let mut orders = Vec::new();
        self.machine.handle(now, input, &mut orders);
        Some(orders)
    }

    /// The machine's current settings.
    pub(super) fn setup(&self) -> &Setup {
        self.machine.setup()
    }

    /// What the machine waits for, and until when.
    pub(super) fn waits_for(&self) -> Option<(Moment, Wait)> {
        self.machine.waits_for()
    }

    pub(super) fn history(&self) -> &History {
        self.machine.history()
    }

    /// Everything that the live attempt answers.
    pub(super) fn prompt(&self) -> Vec<Item> {
        self.machine.prompt()
    }

    /// The context of a call of the live attempt, made at `now`.
    pub(super) fn context(&self, now: Moment) -> ToolCx {
        let last_reply = self.history().last_said().map(str::to_owned);
        let (said, starts) = (self.asked(), self.machine.starts());
        ToolCx { now, last_reply, said, starts, ..ToolCx::default() }
    }

    /// Whether a wake word began the turn.
    pub(super) fn woken(&self) -> bool {
        self.machine.starts().contains(&Start::Wake)
    }

    /// What the user said last, which the live attempt answers.
    fn asked(&self) -> Option<String> {
        self.machine.prompt().into_iter().rev().find_map(|item| match item {
            Item::User { text, .. } => Some(text),
            Item::Reply { .. }
            | Item::Call { .. }
            | Item::Outcome(_)
            | Item::Picture(_)
            | Item::Notice { .. } => None,
        })
    }

    /// Why to ignore `text`, the final transcript of `revision`, if it should be ignored.
    pub(super) fn ignores(
        &self,
        revision: Revision,
        text: &str,
        certainty: Option<f32>,
    ) -> Option<Ignored> {
        self.machine.ignores(revision, text, certainty)
    }

    pub(super) fn status(&self) -> Status {
        self.machine.status()
    }

    /// Whether nothing is being said or about to be.
    pub(super) fn silent(&self) -> bool {
        let status = self.machine.status();
        status.mouth == MouthStatus::Silent && status.waiting == 0
    }

    /// Whether a reply or notice sounds.
    pub(super) fn speaks(&self) -> bool {
        matches!(self.machine.status().mouth, MouthStatus::Speaking | MouthStatus::Hushing)
    }

    /// Whether nobody speaks.
    pub(super) fn quiet(&self) -> bool {
        matches!(self.machine.status().ear, EarStatus::Shut | EarStatus::Open)
    }
}

/// The user's name for the mode.
pub(super) const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::PushToTalk => "push-to-talk",
        Mode::Open => "open",
        Mode::Wake => "wake",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::Trigger;

    #[test]
    fn inputs_are_handed_over_in_their_order_and_one_at_a_time() {
        let mut turns = Turns::new(Setup::default(), None);
        turns.push(Input::Trigger(Trigger::PushToTalk));
        turns.push(Input::Release);
        assert!(matches!(turns.step(Moment::ZERO).as_deref(), Some([Command::OpenEar { .. }])));
        // Results of commands queue up behind what was there before.
        turns.push(Input::Tick);
        assert_eq!(turns.step(Moment::ZERO), Some(vec![Command::LetGo]));
        assert_eq!(turns.step(Moment::ZERO), Some(Vec::new()));
        assert_eq!(turns.step(Moment::ZERO), None);
        assert_eq!(turns.waits_for().map(|(_, wait)| wait), Some(Wait::UtteranceEnd));
    }
}
