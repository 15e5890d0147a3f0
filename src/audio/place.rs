use super::format::{MicrophoneEdge, Recall, SpeakerEdge};
use super::{CaptureEdge, PlaybackEdge};
use crate::base::Rate;

/// One of the two edges: here, or in a device's callback.
pub(super) enum Place {
    Capture(Box<CaptureEdge>),
    Playback(Box<PlaybackEdge>),
    Listening(Recall<CaptureEdge>),
    Speaking(Recall<PlaybackEdge>),
    /// The thread of its callback died while working.
    Gone,
}

/// An edge as the callback of a device takes it.
pub(super) enum Fitted {
    Capture(Box<MicrophoneEdge>),
    Playback(Box<SpeakerEdge>),
}

impl Place {
    /// Adapts the edge to a device. `None` if it is not here or cannot be adapted.
    pub(super) fn lend(self, channels: u16, rate: Rate) -> (Self, Option<Fitted>) {
        match self {
            Self::Capture(edge) => {
                let (fitted, recall) = MicrophoneEdge::new(*edge, channels, rate);
                (Self::Listening(recall), Some(Fitted::Capture(Box::new(fitted))))
            }
            Self::Playback(edge) => match SpeakerEdge::new(*edge, channels, rate) {
                Ok((fitted, recall)) => {
                    (Self::Speaking(recall), Some(Fitted::Playback(Box::new(fitted))))
                }
                Err(edge) => (Self::Playback(Box::new(edge)), None),
            },
            out @ (Self::Listening(_) | Self::Speaking(_) | Self::Gone) => (out, None),
        }
    }

    /// Whether the edge is lost for good.
    pub(super) fn gone(&self) -> bool {
        matches!(self, Self::Gone)
    }

    /// Recalls the edge, whatever became of the device.
    pub(super) fn recall(self) -> Self {
        match self {
            Self::Listening(recall) => {
                recall.recall().map_or(Self::Gone, |edge| Self::Capture(Box::new(edge)))
            }
            Self::Speaking(recall) => {
                recall.recall().map_or(Self::Gone, |edge| Self::Playback(Box::new(edge)))
            }
            home @ (Self::Capture(_) | Self::Playback(_) | Self::Gone) => home,
        }
    }
}
