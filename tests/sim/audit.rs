//! Reads the machine's commands and fails when one breaks the protocol that the driver relies on.
//! Knows the machine only from outside.

use std::collections::{BTreeMap, BTreeSet};

use aloud::base::{CallId, Epoch, NoticeId};
use aloud::dialog::{Effect, Heard};
use aloud::turn::{Command, EarStatus, Input, Machine, MouthStatus, Revision};

/// The commands so far.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    tools: BTreeMap<String, Effect>,
    /// The newest epoch, the only one that may be worked on.
    live: Option<Live>,
    awaited: BTreeSet<Revision>,
    /// Notices that have not ended, by number; a test may use one twice.
    notices: BTreeMap<NoticeId, usize>,
    ducked: bool,
    paused: bool,
}

#[derive(Debug)]
struct Live {
    epoch: Epoch,
    announcement: bool,
    cued: bool,
    hushed: bool,
    aborted: bool,
    rewound: bool,
    /// Words said while a tool runs.
    fillers: u32,
    calls: BTreeSet<CallId>,
}

impl Audit {
    pub(crate) fn new(tools: BTreeMap<String, Effect>) -> Self {
        Self { tools, ..Self::default() }
    }

    /// Records an input before it is handled.
    pub(crate) fn note(&mut self, input: &Input) {
        if let Input::Transcript { revision, .. } = input {
            self.awaited.remove(revision);
        }
        if let Input::Notice { id, .. } = input {
            *self.notices.entry(*id).or_default() += 1;
        }
    }

    /// Reads the commands of one input; `machine` is as it was after it.
    pub(crate) fn see(&mut self, machine: &Machine, orders: &[Command]) {
        for order in orders {
            self.read(machine, order, orders);
        }
        let status = machine.status();
        let resting = status.mouth == MouthStatus::Silent && status.waiting == 0;
        let open: usize = self.notices.values().sum();
        assert!(!resting || open == 0, "a notice without an end: {self:?}");
        assert!(!self.paused || self.ducked, "held for good");
        assert!(!self.ducked || status.mouth == MouthStatus::Speaking, "quiet for good");
        if status.epoch != Epoch::NONE {
            assert_eq!(self.live.as_ref().map(|live| live.epoch), Some(status.epoch));
        }
    }

    fn read(&mut self, machine: &Machine, order: &Command, orders: &[Command]) {
        let context = || format!("{order:?} in {orders:?} with {self:?}");
        let ear = machine.status().ear;
        match order {
            Command::OpenEar { .. }
            | Command::ShutEar
            | Command::LetGo
            | Command::EndSpeech
            | Command::Look { .. }
            | Command::Silence
            | Command::Ignore { .. }
            | Command::Tell(_) => {}
            Command::Pause { epoch } => {
                assert!(!self.paused, "held twice: {}", context());
                self.paused = true;
                let live = self.live(*epoch);
                assert!(live.cued && !live.hushed, "held without a sound");
            }
            Command::Resume { epoch, .. } => {
                assert!(self.paused, "goes on without a hold: {}", context());
                self.paused = false;
                self.live(*epoch);
            }
            Command::NoticeOver { id, .. } => {
                let open = self.notices.get_mut(id).filter(|open| **open > 0);
                *open.expect("the end of no notice") -= 1;
            }
            Command::Commit { revision } => {
                assert!(!self.awaited.contains(revision), "committed twice: {}", context());
                self.awaited.insert(*revision);
            }
            Command::Forget { revision } => {
                assert!(self.awaited.contains(revision), "nothing to forget: {}", context());
                self.awaited.remove(revision);
            }
            Command::Respond { epoch, .. } => self.begin(*epoch, false),
            Command::Announce { epoch, .. } => self.begin(*epoch, true),
            Command::Fill { epoch, count, .. } => {
                assert!(ear != EarStatus::Trailing, "talks over somebody");
                let live = self.live(*epoch);
                assert!(
                    !live.aborted && !live.hushed && !live.announcement && !live.calls.is_empty()
                );
                assert!(*count == live.fillers || (*count == 1 && live.fillers == 0), "said twice");
                live.fillers = count + 1;
            }
            Command::Cue { epoch } => {
                assert!(
                    ear == EarStatus::Shut || ear == EarStatus::Open || ear == EarStatus::Hearing
                );
                let live = self.live(*epoch);
                assert!(!live.cued && !live.aborted, "cued too late or twice");
                live.cued = true;
            }
            Command::Duck(on) => {
                assert_ne!(self.ducked, *on, "ducked twice: {}", context());
                self.ducked = *on;
            }
            Command::Hush { epoch } => {
                let live = self.live(*epoch);
                assert!(live.cued && !live.hushed, "hushed without a sound or twice");
                live.hushed = true;
                self.paused = false;
            }
            Command::Abort { epoch } => self.live(*epoch).aborted = true,
            Command::Rewind { epoch, heard } => {
                let live = self.live(*epoch);
                assert!(!live.rewound && !live.announcement, "rewound twice");
                assert!(*heard != Heard::All, "nothing to rewind");
                assert!(live.cued || *heard == Heard::Nothing, "heard without a cue");
                live.rewound = true;
            }
            Command::CallTool { epoch, call } => {
                let effect = self.tools.get(&call.name).copied().unwrap_or(Effect::Writes);
                let acts = effect.acts();
                assert!(!acts || ear != EarStatus::Trailing, "acted too early: {}", context());
                let live = self.live(*epoch);
                assert!(!live.aborted, "called after the end");
                assert!(live.calls.insert(call.id.clone()), "called twice");
            }
        }
    }

    fn begin(&mut self, epoch: Epoch, announcement: bool) {
        match &self.live {
            Some(live) if live.epoch == epoch => {
                assert!(!live.aborted && !live.announcement, "another round after the end");
            }
            _ => {
                assert!(self.live.as_ref().is_none_or(|live| live.epoch < epoch), "an old epoch");
                let (cued, hushed, aborted, rewound) = (false, false, false, false);
                let fillers = 0;
                let calls = BTreeSet::new();
                self.live = Some(Live {
                    epoch,
                    announcement,
                    cued,
                    hushed,
                    aborted,
                    rewound,
                    fillers,
                    calls,
                });
            }
        }
    }

    fn live(&mut self, epoch: Epoch) -> &mut Live {
        self.live.as_mut().filter(|live| live.epoch == epoch).expect("an order for a dead epoch")
    }
}
