use super::watch::Opened;
use super::{AudioError, DeviceInfo, Side};
use crate::base::Rate;

/// Messages to the supervisor.
pub(super) enum Report {
    /// A worker has done something. `run` numbers the workers, so that a late message of an old one
    /// is not taken for the new one.
    Done { side: Side, run: u64, what: Done },
    /// Streams should rest because nothing is being said or heard, or resume.
    Rest(bool),
    /// The microphone should be closed, or may be opened again.
    Shut(bool),
    /// A worker has dropped its device and is ending.
    Left(Side),
    /// Shut down.
    Stop,
}

/// What a worker has done.
pub(super) enum Done {
    /// The device was found; it needs an edge with this many channels at this rate.
    Found(u16, Rate),
    Opened(Opened),
    /// The server has no such device. The worker stays, to report [`Done::Changed`] when devices
    /// come or go.
    Missing(AudioError),
    Failed(AudioError),
    Broke(AudioError),
    /// The devices may have changed.
    Changed,
    Devices(Result<Vec<DeviceInfo>, AudioError>),
}
