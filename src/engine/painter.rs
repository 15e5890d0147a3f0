use std::sync::Arc;

use super::EngineError;
use crate::base::Flow;

/// Words to pictures.
pub trait Painter: Send + Sync {
    /// Makes what is wished for. The flow ends after the last finished picture, or with an error.
    fn paint(&self, wish: Wish) -> Flow<Result<Painted, EngineError>>;
}

/// What is wished for. What is not set is not sent, so that the model's own default counts and
/// older models, which do not know every key, take the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What is to be seen, or what is to be changed.
    pub prompt: String,
    /// What is to be changed; without it a new picture is made.
    pub canvas: Option<Canvas>,
    /// How many pictures, 1 to 10.
    pub count: Option<u8>,
    /// `1024x1024` and the like, or `auto`.
    pub size: Option<String>,
    /// `low`, `medium`, `high`, `auto`; older models take `standard` and `hd`.
    pub quality: Option<String>,
    /// `png`, `webp` or `jpeg`.
    pub format: Option<String>,
    /// `transparent`, `opaque` or `auto`.
    pub background: Option<String>,
    /// How many unfinished pictures are shown on the way, 1 to 3; none is not streamed at all.
    pub partial: Option<u8>,
    /// `url` or `b64_json`: how older models hand a picture over. Newer ones refuse the key.
    pub hand_over: Option<String>,
}

/// Pictures that are changed, as the bytes of their files.
#[derive(Clone, PartialEq, Eq)]
pub struct Canvas {
    /// One or more of them.
    pub pictures: Vec<Arc<[u8]>>,
    /// Where this is transparent the first of them may be changed; without one, everywhere.
    pub mask: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Canvas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lengths: Vec<usize> = self.pictures.iter().map(|picture| picture.len()).collect();
        write!(f, "Canvas({lengths:?} bytes, masked: {})", self.mask.is_some())
    }
}

/// A picture that was made, finished or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Painted {
    /// Which of the wished ones it is, from 0.
    pub index: usize,
    /// False for one that is shown on the way.
    pub finished: bool,
    /// The file.
    pub bytes: Vec<u8>,
    /// How the model understood the wish, where it says so.
    pub revised: Option<String>,
    /// Who made it, as `PROVIDER/MODEL`.
    pub by: Arc<str>,
}

impl std::fmt::Debug for Painted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { index, finished, bytes, revised, by } = self;
        let len = bytes.len();
        write!(f, "Painted({index}, finished: {finished}, {len} bytes, {revised:?}, by {by})")
    }
}
