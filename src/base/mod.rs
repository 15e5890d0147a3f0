//! What every room shares: time, ids, frames of sound, work in progress.
//!
//! ```text
//! Clock ─▶ Moment      Frame (10 ms at 16 kHz) ─▶ Utterance      Job, Flow: work that ends when dropped
//! ```
//!
//! **Invariant:** nothing here knows about turns, engines or devices, and nothing here does I/O.
//! **Invariant:** time is an argument. [`Clock`] is the one place that reads the machine's clock,
//! and only the outermost rooms own one.

mod chance;
mod frame;
mod id;
mod knob;
mod moment;
pub mod process;
mod voice;
mod wall;
mod work;

pub use chance::Chance;
pub use frame::{FRAME_SAMPLES, Frame, LISTEN_RATE, Rate, SPEAKER_RATE, Utterance};
pub use id::{CallId, Epoch, NoticeId, UtteranceId};
pub use knob::Volume;
pub use moment::{Clock, Moment};
pub use voice::VoiceActivity;
pub use wall::{BootMoment, FixedClock, LocalZone, WallClock, ZoneFile};
pub use work::{Flow, Job};
