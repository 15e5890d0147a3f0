//! What must hold after every input. Runs in debug builds only; a failure is a bug in the machine,
//! and the log of inputs up to it is the report.

use super::attempt::PendingState;
use super::ear::Ear;
use super::floor::Floor;
use super::mouth::Mouth;
use super::{Command, Input, MAX_NOTICES, Playback, Report, Speech};
use crate::base::Moment;
use crate::dialog::{Item, Outcome};

/// What was seen of a machine before an input.
pub(super) struct Watch {
    /// A copy of it, if the input must not have an effect.
    stale: Option<Box<Floor>>,
    ordered: usize,
    items: usize,
}

impl Watch {
    pub(super) fn before(floor: &Floor, input: &Input, out: &[Command]) -> Self {
        let stale = is_stale(floor, input).then(|| Box::new(floor.clone()));
        Self { stale, ordered: out.len(), items: floor.history.items().len() }
    }

    pub(super) fn after(self, floor: &Floor, deadline: Option<Moment>, out: &[Command]) {
        if let Some(before) = self.stale {
            assert_eq!(*before, *floor, "a stale input changed the machine");
            assert_eq!(out.len(), self.ordered, "a stale input gave orders: {out:?}");
        }
        check_waits(floor, deadline);
        check_bounds(floor);
        if floor.history.items().len() != self.items {
            check_history(floor.history.items());
        }
    }
}

/// Whether `input` names something that is over or never existed. Deliberately independent of the
/// machine's own comparisons.
fn is_stale(floor: &Floor, input: &Input) -> bool {
    let live = floor.mouth.attempt();
    match input {
        Input::Report { epoch, report } => live.is_none_or(|attempt| {
            attempt.epoch != *epoch
                || matches!(floor.mouth, Mouth::Hushing { .. })
                || matches!(report, Report::Call(call) if attempt.pending().any(|e| e.call.id == call.id))
        }),
        Input::ToolDone { epoch, outcome, .. } => live.is_none_or(|attempt| {
            let runs = |state: &PendingState| matches!(state, PendingState::Running { .. });
            attempt.epoch != *epoch
                || !attempt.pending().any(|e| e.call.id == outcome.id && runs(&e.state))
        }),
        Input::Playback { epoch, playback } => match (&floor.mouth, playback) {
            (Mouth::Hushing { attempt, .. }, _) => attempt.epoch != *epoch,
            (Mouth::Replying { attempt, .. }, Playback::Progress { .. }) => attempt.epoch != *epoch,
            (
                Mouth::Silent | Mouth::Awaiting(_) | Mouth::Replying { .. },
                Playback::Progress { .. } | Playback::Settled { .. },
            ) => true,
        },
        Input::Speech(Speech::Started { id }) => {
            floor.ear == Ear::Shut || floor.newest.is_some_and(|newest| *id <= newest)
        }
        Input::Speech(speech) => {
            floor.ear.utterance().and_then(|active| active.id) != Some(speech.id())
        }
        Input::Transcript { revision, .. } => {
            let mut copy = floor.clone();
            let taken_up = copy.mouth.asked_mut().is_some_and(|asked| asked.awaits(*revision));
            !floor.asked.awaits(*revision) && !taken_up && !floor.history.lacks(revision.utterance)
        }
        Input::Looked { utterance, .. } => floor
            .ear
            .utterance()
            .is_none_or(|active| active.id != Some(*utterance) || active.look.deadline().is_none()),
        Input::Release => !floor.ear.held(),
        Input::Tick
        | Input::Trigger(_)
        | Input::Text { .. }
        | Input::Notice { .. }
        | Input::Device(_)
        | Input::Setup(_) => false,
    }
}

/// Every state that waits has a deadline.
fn check_waits(floor: &Floor, deadline: Option<Moment>) {
    let resting = match floor.ear {
        Ear::Shut | Ear::Open { until: None } => true,
        Ear::Open { until: Some(_) } | Ear::Hearing(_) | Ear::Trailing(_) => false,
    };
    let idle = resting && floor.mouth == Mouth::Silent && floor.asked.is_empty();
    assert!(idle || deadline.is_some(), "a wait without a deadline: {floor:#?}");
    let spoken_over = floor.ear.utterance().is_some() || !floor.asked.is_empty();
    let doubted = floor.mouth.doubt().is_some();
    assert!(!doubted || spoken_over, "turned down or held for nobody: {floor:#?}");
    if idle {
        assert!(floor.waiting.len() == 0, "nothing keeps this from being said: {floor:#?}");
    }
}

/// Queues stay within their bounds.
fn check_bounds(floor: &Floor) {
    // One announcement may return to a full queue if the user speaks before it sounds.
    assert!(floor.waiting.len() <= MAX_NOTICES + 1);
    assert!(floor.history.items().len() <= crate::dialog::MAX_ITEMS);
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
