//! The driver: the loop that owns the machine, and the work per epoch. The only place that knows
//! turns and engines together.
//!
//! ```text
//! listen::Event ─┐                       ┌─▶ listen::Order (ear)
//! engine::Said ──┤                       ├─▶ engine::Order (partner)
//! tool::Done ────┼─▶ Input ─▶ Machine ─▶ Command ─▶ tool::Registry
//! Request ───────┤                       ├─▶ Speaker ─▶ ring ─▶ playback edge
//! Ring, clock ───┘                       └─▶ Event (watchers)
//! ```
//!
//! Everything the driver holds has one owner: `turns` the machine and its input queue, `hearing`
//! the ear and the sound of utterances, `voice` the speaker and the words queued for it, `work` the
//! tools, `announce` what is said unasked, `watch` what is published.
//!
//! A due timer or alarm rings in rounds until somebody answers: `bell` schedules the rounds,
//! `ringing` recognizes an answer. A round enters through `announce`: it gets a number, waits in
//! the machine until nobody speaks, is spoken after a tone, and ends with one
//! `Command::NoticeOver`.
//!
//! **Invariant:** every decision is the machine's; the driver keeps only what it must carry.
//! **Invariant:** it waits in one place, [`Driver::run`], and does no I/O of its own there.
//! **Invariant:** a request from outside overtakes everything else that is ready.
//! **Invariant:** results of commands are queued and reach the machine after all its commands.
//! **Invariant:** only sound is held back: the partner is always listened to, however full the
//! speaker's queue is.
//! Deliberately absent: which engines answer and which devices sound.

mod announce;
mod backlog;
mod bell;
mod driver;
mod end;
mod event;
mod execute;
mod handle;
mod hearing;
mod in_vain;
mod inquiry;
mod parts;
mod reasons;
mod record;
mod ringing;
mod speaker;
mod stopwatch;
mod timer;
mod turn_end;
mod turns;
mod voice;
mod waking;
mod watch;
mod why;
mod work;

pub use driver::Driver;
pub use event::{Event, State, Timings};
pub use handle::{Handle, Refusal, Request};
pub use in_vain::InVain;
pub use parts::{Ear, Finished, Parts, Question};
pub use reasons::{Reason, Reasons};
pub use record::{Record, record_in};
pub use turn_end::TurnEnds;
