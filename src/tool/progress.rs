use std::fmt;
use std::sync::Arc;

/// How far a call is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The part that is done, 0.0..=1.0; `None` if it is not known.
    pub done: Option<f32>,
    /// What is being done, to be read, never said: it may be words of others.
    pub message: Option<String>,
}

/// Takes what a tool tells about how far its call is. Cheap to clone; by default nobody listens.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Fn(Step) + Send + Sync>>);

impl Progress {
    /// Passes each step on to `listener`, which must not wait.
    pub fn to(listener: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Whether anybody listens.
    pub const fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Tells how far the call is.
    pub fn tell(&self, step: Step) {
        if let Some(listener) = &self.0 {
            listener(step);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.is_wanted()).finish()
    }
}
