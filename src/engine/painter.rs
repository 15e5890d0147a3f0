use std::sync::Arc;

use super::EngineError;
use crate::base::Flow;

/// Words to pictures.
pub trait Painter: Send + Sync {
    /// Paints what is wished for. The flow ends after the last finished picture, or with an error.
    fn paint(&self, wish: Wish) -> Flow<Result<Painted, EngineError>>;
}

/// What to paint. Unset fields are not sent, so that the model's defaults apply and older models,
/// which do not know every key, accept the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What to show, or what to change.
    pub prompt: String,
    /// The pictures to edit; `None` to make a new one.
    pub canvas: Option<Canvas>,
    /// How many pictures, 1 to 10.
    pub count: Option<u8>,
    /// Such as `1024x1024`, or `auto`.
    pub size: Option<String>,
    /// `low`, `medium`, `high`, `auto`; older models take `standard` and `hd`.
    pub quality: Option<String>,
    /// `png`, `webp` or `jpeg`.
    pub format: Option<String>,
    /// `transparent`, `opaque` or `auto`.
    pub background: Option<String>,
    /// How many unfinished pictures to show on the way, 1 to 3; `None` for no streaming.
    pub partial: Option<u8>,
    /// `url` or `b64_json`: how older models return a picture. Newer ones refuse the key.
    pub hand_over: Option<String>,
}

/// Pictures to edit, as file contents.
#[derive(Clone, PartialEq, Eq)]
pub struct Canvas {
    /// One or more of them.
    pub pictures: Vec<Arc<[u8]>>,
    /// Where this is transparent the first picture may be changed; everywhere without one.
    pub mask: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Canvas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lengths: Vec<usize> = self.pictures.iter().map(|picture| picture.len()).collect();
        write!(f, "Canvas({lengths:?} bytes, masked: {})", self.mask.is_some())
    }
}

/// A picture, finished or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Painted {
    /// Its index among the requested ones, from 0.
    pub index: usize,
    /// False for an intermediate picture.
    pub finished: bool,
    /// The file.
    pub bytes: Vec<u8>,
    /// How the model rephrased the prompt, if it says so.
    pub revised: Option<String>,
    /// The model that made it, as `PROVIDER/MODEL`.
    pub by: Arc<str>,
}

impl std::fmt::Debug for Painted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { index, finished, bytes, revised, by } = self;
        let len = bytes.len();
        write!(f, "Painted({index}, finished: {finished}, {len} bytes, {revised:?}, by {by})")
    }
}
