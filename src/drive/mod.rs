//! The driver: the loop that owns the machine, and the work per epoch.
mod event;
mod handle;

pub use event::{Event, State};
pub use handle::{Handle, Refusal, Request};
