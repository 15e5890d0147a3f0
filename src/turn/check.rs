//! What must hold after every input. Runs in debug builds only; a failure is a bug in the machine,
//! and the log of inputs up to it is the report.

use super::attempt::PendingState;
use super::ear::Ear;
use super::mouth::Mouth;
use super::{Command, Input, MAX_NOTICES, Machine, Playback, Report, Speech};
use crate::dialog::{Item, Outcome};

/// What was seen of a machine before an input.
pub(super) struct Watch {
    /// A copy of the machine, if the input must not have an effect.
    stale: Option<Box<Machine>>,
    ordered: usize,
    items: usize,
}

impl Watch {
    pub(super) fn before(machine: &Machine, input: &Input, out: &[Command]) -> Self {
        let stale = is_stale(machine, input).then(|| Box::new(machine.clone()));
        Self { stale, ordered: out.len(), items: machine.history.items().len() }
    }

    pub(super) fn after(self, machine: &Machine, out: &[Command]) {
        if let Some(before) = self.stale {
            assert_eq!(*before, *machine, "a stale input changed the machine");
            assert_eq!(out.len(), self.ordered, "a stale input gave orders: {out:?}");
        }
        check_waits(machine);
        check_bounds(machine);
        if machine.history.items().len() != self.items {
            check_history(machine.history.items());
        }
    }
}

/// Whether `input` names something that is over or never existed. Deliberately independent of the
/// machine's own comparisons.
fn is_stale(machine: &Machine, input: &Input) -> bool {
    let live = machine.mouth.attempt();
    match input {
        Input::Report { epoch, report } => live.is_none_or(|attempt| {
            attempt.epoch != *epoch
                || matches!(machine.mouth, Mouth::Hushing { .. })
                || matches!(report, Report::Call(call) if attempt.errands().any(|e| e.call.id == call.id))
        }),
        Input::ToolDone { epoch, outcome, .. } => live.is_none_or(|attempt| {
            let runs = |state: &PendingState| matches!(state, PendingState::Running { .. });
            attempt.epoch != *epoch
                || !attempt.errands().any(|e| e.call.id == outcome.id && runs(&e.state))
        }),
        Input::Playback { epoch, playback } => match (&machine.mouth, playback) {
            (Mouth::Hushing { attempt, .. }, _) => attempt.epoch != *epoch,
            (Mouth::Replying { attempt, .. }, Playback::Progress { .. }) => attempt.epoch != *epoch,
            (
                Mouth::Silent | Mouth::Awaiting(_) | Mouth::Replying { .. },
                Playback::Progress { .. } | Playback::Settled { .. },
            ) => true,
        },
        Input::Speech(Speech::Started { id }) => {
            machine.ear == Ear::Shut || machine.newest.is_some_and(|newest| *id <= newest)
        }
        Input::Speech(speech) => {
            machine.ear.utterance().and_then(|active| active.id) != Some(speech.id())
        }
        Input::Transcript { revision, .. } => {
            let mut copy = machine.clone();
            let taken_up = copy.mouth.asked_mut().is_some_and(|asked| asked.awaits(*revision));
            !machine.asked.awaits(*revision) && !taken_up && !machine.history.lacks(revision.utterance)
        }
        Input::Looked { utterance, .. } => machine
            .ear
            .utterance()
            .is_none_or(|active| active.id != Some(*utterance) || active.look.deadline().is_none()),
        Input::Release => !machine.ear.held(),
        Input::Tick
        | Input::Trigger(_)
        | Input::Text { .. }
        | Input::Notice { .. }
        | Input::Device(_)
        | Input::Setup(_) => false,
    }
}

/// Every state that waits has a deadline.
fn check_waits(machine: &Machine) {
    let resting = match machine.ear {
        Ear::Shut | Ear::Open { until: None } => true,
        Ear::Open { until: Some(_) } | Ear::Hearing(_) | Ear::Trailing(_) => false,
    };
    let idle = resting && machine.mouth == Mouth::Silent && machine.asked.is_empty();
    assert!(idle || machine.deadline().is_some(), "a wait without a deadline: {machine:#?}");
    let spoken_over = machine.ear.utterance().is_some() || !machine.asked.is_empty();
    let doubted = machine.mouth.doubt().is_some();
    assert!(!doubted || spoken_over, "turned down or held for nobody: {machine:#?}");
    if idle {
        assert!(machine.waiting.is_empty(), "nothing keeps this from being said: {machine:#?}");
    }
}

/// Queues stay within their bounds.
fn check_bounds(machine: &Machine) {
    // One announcement may return to a full queue if the user speaks before it sounds.
    assert!(machine.waiting.len() <= MAX_NOTICES + 1);
    assert!(machine.history.items().len() <= crate::dialog::MAX_ITEMS);
}

/// Every call has exactly one outcome, in the same reply and after it; no entry is blank.
fn check_history(items: &[Item]) {
    let mut open = Vec::new();
    for item in items {
        match item {
            Item::Call { call, .. } => open.push(&call.id),
            Item::Outcome(Outcome { id, .. }) => {
                let at = open.iter().position(|call| *call == id);
                assert!(at.is_some(), "an outcome without its call: {id:?} in {items:#?}");
                open.retain(|call| *call != id);
            }
            Item::Reply { text, .. } | Item::Notice { text } => {
                assert!(open.is_empty(), "calls without outcome: {open:?} in {items:#?}");
                assert!(!text.trim().is_empty(), "a reply without words in {items:#?}");
            }
            Item::User { .. } | Item::Picture(_) => {
                assert!(open.is_empty(), "calls without outcome: {open:?} in {items:#?}");
            }
        }
    }
    assert!(open.is_empty(), "calls without outcome: {open:?} in {items:#?}");
}
