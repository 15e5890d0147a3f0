/// Why there is no result: a sentence for the ear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SumError {
    #[error("I cannot divide by zero.")]
    ZeroDivision,
    #[error("The result is too large for me to calculate.")]
    TooLarge,
    #[error("That has no result: {0}.")]
    Undefined(&'static str),
    #[error("I cannot calculate that: {0}.")]
    Unreadable(String),
}

/// `value`, unless it is beyond what an f64 holds.
pub(super) fn finite(value: f64) -> Result<f64, SumError> {
    if value.is_finite() { Ok(value) } else { Err(SumError::TooLarge) }
}

/// `text` cannot be read, and `why`.
pub(super) fn unreadable(why: impl Into<String>) -> SumError {
    SumError::Unreadable(why.into())
}
