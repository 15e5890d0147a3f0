//! WAV. Headers are read here and not by a library, because libraries refuse data whose length was
//! left open by a pipe or is not a whole number of frames, and chunks that are not padded.

mod header;
mod read;
mod write;

pub(crate) use header::{Format, Header, HeaderReader, InvalidHeader};
pub(super) use read::{Opened, WavReader};
pub use write::WavFile;
pub(crate) use write::wav;
