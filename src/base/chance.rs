use std::hash::{BuildHasher, RandomState};

/// The one source of randomness. Like time it is an argument, so that a test can fix it.
#[derive(Clone, Copy, Debug, Default)]
pub enum Chance {
    /// The system's randomness.
    #[default]
    System,
    /// Always this number, in 0.0..1.0.
    Fixed(f64),
}

impl Chance {
    /// A number in 0.0..1.0. Good enough to spread retries, not for secrets.
    pub fn roll(&self) -> f64 {
        match self {
            // Each RandomState has random keys, which show in any hash, even of a constant.
            Self::System => RandomState::new().hash_one(0) as f64 / (u64::MAX as f64 + 1.0),
            Self::Fixed(number) => *number,
        }
    }
}
