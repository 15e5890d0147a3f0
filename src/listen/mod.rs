//! The ear: one thread that turns the microphone's sound into utterances.
//!
//! ```text
//! CaptureTail ─▶ Resampler ─▶ Front ─────────▶ frames of 10 ms ─▶ Voice ────────────────▶ Take ─▶ Event
//!                16 kHz       echo cancelling  Past keeps 400 ms  webrtc gate ─▶ model   cut by pause,
//! Tap: what the speaker plays ────┘            (2 s for words)          └─▶ wake words  key or length
//! ```
//!
//! [`Listener`] cuts: samples and [`Order`]s in, [`Event`]s out. [`Intake`] brings it the samples
//! of the capture ring without the echo of the speaker. [`spawn`] puts that on a thread and
//! connects it to the driver's queue.
//!
//! **Invariant:** time is counted in samples; how the sound is split into pushes changes nothing.
//! **Invariant:** every utterance is `Started (Confirmed | Voiced | Paused | Resumed)* (Ended |
//! Discarded)`, at most one is in progress, ids grow, and no sample is in two utterances.
//! **Invariant:** an [`Event::Ended`] that follows an [`Event::Paused`] without an
//! [`Event::Resumed`] between them carries the same utterance, so an answer prepared during the
//! pause is the answer to the whole.
//! **Invariant:** in silence no frame allocates, the model is not loaded, and only the ring of
//! recent sound is kept.
//! **Invariant:** the thread never waits for the driver. What does not fit into its queue waits in
//! a bounded backlog; frames and levels are dropped and counted instead.
//! Deliberately absent: what an utterance is for, whether it interrupts a reply, and when to listen
//! at all; those are up to `turn`. The wake words only look at the frames.

mod event;
mod floor;
mod front;
mod gate;
mod intake;
mod level;
mod listener;
mod loudness;
mod past;
mod pitch;
mod settings;
mod thread;
mod utterance_buffer;
mod voice;
pub mod wake;
mod watch;

pub use event::{Discard, End, Event, Level, Order, Stream};
pub use front::{Echo, EchoState, Heard, Loopback};
pub use intake::Intake;
pub use listener::Listener;
pub use settings::{LULL_MS, Settings, TAIL_MS};
pub use thread::{LISTEN_ORDERS, LISTEN_OUTBOX, ListenHandle, ListenPulse, spawn};
pub use voice::VadFactory;
