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
//! Each thing that the driver carries has one owner: `turns` the machine and what waits for it,
//! `hearing` the ear and the sound of utterances, `voice` the speaker and the words of what is
//! queued, `work` the tools, `announce` what is said unasked, `watch` what is told to the outside.
//!
//! What is due rings in rounds until somebody answers: `bell` says when the next round is, `ringing`
//! what an answer is. A round enters through `announce`: it gets a number, waits in the machine until
//! nobody speaks, is said with a tone before it, and its end comes back as `Command::NoticeOver`,
//! exactly once.
//!
//! **Invariant:** every decision is the machine's; the driver keeps only what it must carry.
//! **Invariant:** it waits in one place, [`Driver::run`], and does no I/O of its own there.
//! **Invariant:** an order from outside overtakes everything else that is ready.
//! **Invariant:** what comes of an order is queued and handed to the machine after all its orders.
//! **Invariant:** only sound is held back: the partner is listened to whatever the speaker holds.
//! Absent on purpose: which engines answer and which devices sound.

mod announce;
mod backlog;
mod bell;
mod driver;
mod event;
mod execute;
mod handle;
mod hearing;
mod parts;
mod record;
mod ringing;
mod speaker;
mod stopwatch;
mod timer;
mod turns;
mod voice;
mod waking;
mod watch;
mod work;

pub use driver::Driver;
pub use event::{Event, State, Timings};
pub use handle::{Handle, Refusal, Request};
pub use parts::{Ear, Finished, Parts, Question};
pub use record::{Record, record_in};
