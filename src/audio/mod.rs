//! Devices, the two real-time edges, files that stand in for devices, earcons.
//!
//! ```text
//! mic ─▶ MicrophoneEdge ─▶ CaptureEdge ─▶ ring (4 s) ─▶ CaptureTail ─▶ listen thread
//! spk ◀─ SpeakerEdge ◀─ PlaybackEdge ◀─ ring (150 ms) ◀─ PlaybackFeed ◀─ speaker task
//!                   │        └────── SharedState: live epoch, duck, earcons / played, settled, counts
//!                   └─▶ ring (1 s) ─▶ Tap ─▶ listen thread: what was really output, and when
//! Sound: a thread that opens devices (or files), watches them, and reopens them:
//!   supervisor (acts) ◀─ watch (decides, pure)    one worker per side ─▶ server + stream, cards or files
//! ```
//!
//! **Invariant:** only `*Edge` types run in callbacks. They never allocate, lock, wait, log or make
//! a system call; `tests/edges.rs` proves it.
//! **Invariant:** every sample of a reply that goes out is counted for its epoch, and the count of
//! a cut epoch is final once [`SharedState::hushed`] returns it.
//! **Invariant:** rings, counts and positions outlive the device: a rebuilt stream gets the same
//! edge back.
//! **Invariant:** nothing here knows what is said; it moves samples.
//! Deliberately absent: voice activity and echo cancelling (`listen`), and splitting sound into
//! blocks (`drive`).

mod block;
mod board;
mod capture;
mod cards;
mod choice;
mod device;
mod earcon;
mod error;
mod file_device;
mod form;
mod format;
mod loops;
mod memory;
mod place;
mod playback;
mod report;
mod server;
mod shared_state;
mod sound;
mod stream;
mod supervisor;
mod tap;
mod thread;
mod watch;
mod worker;

pub use block::{BLOCK_SAMPLES, Block, PlaybackFeed, SPEAKER_RING};
pub use board::SideState;
pub use capture::{CAPTURE_RING, CaptureEdge, CaptureEvent, CaptureTail};
pub use choice::{Choice, Pace, Settings, SoundEvent};
pub use device::{DeviceInfo, chosen, devices};
pub use earcon::{Earcon, ring_tone};
pub use error::{AudioError, Side};
pub use form::Form;
pub use format::{MicrophoneEdge, Recall, SpeakerEdge};
pub use loops::{Loop, Loops};
pub use playback::{FADE_SAMPLES, PlaybackEdge};
pub use shared_state::{Counts, SharedState};
pub use sound::{Pulse, Rest, Sound};
pub use tap::{Played, Tap};

use self::tap::TapEdge;
use crate::base::Volume;

/// Both ends of both rings, and their shared state.
pub struct Path {
    /// Takes sound from the microphone. Passed to [`Sound`], or driven by a simulation.
    pub capture: CaptureEdge,
    /// The listen thread reads here.
    pub tail: CaptureTail,
    /// The speaker task writes here.
    pub feed: PlaybackFeed,
    /// Gives the loudspeaker what to play. Passed to [`Sound`], or driven by a simulation.
    pub playback: PlaybackEdge,
    /// The listen thread reads here what the loudspeaker plays.
    pub tap: Tap,
    /// Orders to the edges, and their counts.
    pub shared: SharedState,
}

/// A new sound path, not yet connected to any device. `volume` controls the loudspeaker.
pub fn path(volume: Volume) -> Path {
    let shared = SharedState::default();
    let (capture, tail) = CaptureEdge::new(shared.clone());
    let (noting, tap) = TapEdge::new(shared.clone());
    let (feed, playback) = PlaybackEdge::new(shared.clone(), volume, noting);
    Path { capture, tail, feed, playback, tap, shared }
}
