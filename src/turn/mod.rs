//! The pure machine that decides everything about turns: who speaks, when a reply is made, when it
//! sounds, when it is cut, and what of it the user heard.
//!
//! ```text
//! Input (key, speech, transcript, report, playback, tool, time) ─▶ Machine ─▶ Command (ear, commit, respond, cue, hush, call)
//!                                                                    └─▶ History: what was said and heard
//! ```
//!
//! **Invariant:** whatever carries an epoch, revision or call that is no longer live has no effect.
//! **Invariant:** every call gets exactly one outcome; on a barge-in one marked as interrupted.
//! **Invariant:** every wait has a name and a deadline: in a state that waits,
//! [`Machine::waits_for`] is `Some`.
//! **Invariant:** every [`Input::Notice`] gets exactly one [`Command::NoticeOver`].
//! **Invariant:** the history never holds a word that the user did not hear or say.
//! **Invariant:** nothing sounds while the user is speaking a question; every spoken word is
//! answered, unless the answer took so long that the user asked something else instead.
//! **Invariant:** what a voice over a reply does to it is reversible until its words are known:
//! ducked, then paused, then cut.
//! **Invariant:** aloud never takes its own voice for the user's words.
//! Deliberately absent: sound, clocks, tasks, logs, errors as results, and the kind of partner; the
//! only difference it makes is one `if` on [`Setup::hears`].

mod announcements;
mod asked;
mod attempt;
#[cfg(debug_assertions)]
mod check;
mod command;
mod doubt;
mod ear;
mod filler;
mod floor;
mod input;
mod judge;
mod listening;
mod machine;
mod meaning;
mod mouth;
mod own;
mod policy;
mod replay;
mod replying;
mod script;
mod status;
mod wait;
mod words;

pub use command::{Announcement, Command, Failure, Ignored, ListenMode, NoticeEnd};
pub use input::{Device, Input, Playback, Report, Revision, Speech, Trigger};
pub use machine::Machine;
pub use policy::{
    Filler, FollowUp, Interruption, MAX_CALLS, MAX_NOTICES, MAX_PARTS, MAX_ROUNDS, Mode, Patience,
    Settings, Setup,
};
pub use replay::{Entry, replay};
pub use status::{EarStatus, MouthStatus, Status};
pub use wait::Wait;
