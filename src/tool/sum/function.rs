use super::error::{SumError, finite};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Sqrt,
    Cbrt,
    Abs,
    Round,
    Floor,
    Ceil,
    Ln,
    Log10,
    Log2,
    Exp,
    Sin,
    Cos,
    Tan,
}

impl Function {
    /// The function that is written `word`.
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "sqrt" => Self::Sqrt,
            "cbrt" => Self::Cbrt,
            "abs" => Self::Abs,
            "round" => Self::Round,
            "floor" => Self::Floor,
            "ceil" => Self::Ceil,
            "ln" => Self::Ln,
            "log" | "log10" => Self::Log10,
            "log2" => Self::Log2,
            "exp" => Self::Exp,
            "sin" => Self::Sin,
            "cos" => Self::Cos,
            "tan" => Self::Tan,
            _ => return None,
        })
    }

    /// Its value at `value`.
    pub(super) fn of(self, value: f64) -> Result<f64, SumError> {
        let result = match self {
            Self::Sqrt if value < 0.0 => {
                return Err(SumError::Undefined("a negative number has no real square root"));
            }
            Self::Ln | Self::Log10 | Self::Log2 if value <= 0.0 => {
                return Err(SumError::Undefined("only numbers above zero have a logarithm"));
            }
            Self::Tan if value.cos().abs() < 1e-15 => {
                return Err(SumError::Undefined("the tangent is infinite there"));
            }
            Self::Sqrt => value.sqrt(),
            Self::Cbrt => value.cbrt(),
            Self::Abs => value.abs(),
            Self::Round => value.round(),
            Self::Floor => value.floor(),
            Self::Ceil => value.ceil(),
            Self::Ln => value.ln(),
            Self::Log10 => value.log10(),
            Self::Log2 => value.log2(),
            Self::Exp => value.exp(),
            Self::Sin => clean(value.sin()),
            Self::Cos => clean(value.cos()),
            Self::Tan => clean(value.tan()),
        };
        finite(result)
    }
}

/// The sine of pi is not quite zero in f64; nobody wants to hear that.
fn clean(value: f64) -> f64 {
    if value.abs() < 1e-15 { 0.0 } else { value }
}
