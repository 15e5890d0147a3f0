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
//! **Invariant:** every decision is the machine's; the driver keeps only what it must carry: the
//! sound of utterances, the words of queued pieces, the jobs of an epoch.
//! **Invariant:** it waits in one place, [`Driver::run`], and does no I/O of its own there.
//! **Invariant:** an order from outside overtakes everything else that is ready.
//! Absent on purpose: which engines answer and which devices sound.

mod driver;
mod event;
mod execute;
mod handle;
mod parts;
mod record;
mod speaker;
mod tell;

pub use driver::Driver;
pub use event::{Event, State, Timings};
pub use handle::{Handle, Refusal, Request};
pub use parts::{Ear, Finished, Parts, Question};
