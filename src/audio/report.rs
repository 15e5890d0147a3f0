use super::watch::Opened;
use super::{AudioError, DeviceInfo, Side};
use crate::base::Rate;

/// What reaches the supervisor.
pub(super) enum Report {
    /// A worker has done something. `run` counts the workers, so that a late word of an old one is
    /// not taken for the new one.
    Done { side: Side, run: u64, what: Done },
    /// Nothing is said or heard for a while, or something is again.
    Rest(bool),
    /// A worker has dropped its device and ends.
    Left,
    /// End.
    Stop,
}

/// What a worker has done.
pub(super) enum Done {
    /// The device is known; it waits for an edge for so many channels at this rate.
    Found(u16, Rate),
    Opened(Opened),
    /// The server has no such device. The worker stays, to report [`Done::Changed`] when devices
    /// come or go.
    Missing(AudioError),
    Failed(AudioError),
    Broke(AudioError),
    /// Worth a look at the devices.
    Changed,
    Devices(Result<Vec<DeviceInfo>, AudioError>),
}
