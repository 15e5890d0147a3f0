//! The evaluator behind `calculate`: precedence climbing over a flat list of tokens.
//!
//! ```text
//! sum    = term (("+" | "-") term)*
//! term   = sign (("*" | "/" | "mod" | nothing) sign)*        nothing: 2pi, 3(4+5)
//! sign   = ("-" | "+") sign | power
//! power  = after ("^" sign)?                                 so -2^2 = -4 and 2^3^2 = 512
//! after  = atom ("!" | "%" | "°")*
//! atom   = number | constant | function atom | "(" sum ")"
//! ```
//!
//! The precedence is that of written mathematics and of most languages with a power operator (the
//! sign binds less tightly than the power: -2^2 is -4).

mod error;
mod function;
mod token;

use std::f64::consts;

use self::error::{SumError, finite, unreadable};
use self::token::{Token, tokens};

/// The longest expression, in bytes; a spoken one has less than a tenth of that.
const MAX_TEXT: usize = 1_000;

/// The deepest nesting of parentheses, signs, powers and functions: far below the limit of the
/// stack.
const MAX_DEPTH: u32 = 64;

/// The largest number whose factorial fits an f64.
const MAX_FACTORIAL: f64 = 170.0;

/// The value of `text`, always finite.
pub(crate) fn evaluate(text: &str) -> Result<f64, SumError> {
    if text.len() > MAX_TEXT {
        return Err(unreadable(format!("it is longer than {MAX_TEXT} characters")));
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(unreadable("there is nothing in it"));
    }
    let mut reader = Reader { tokens: &tokens, at: 0, depth: 0 };
    let value = reader.sum()?;
    match reader.peek() {
        None => Ok(value),
        Some(token) => Err(unreadable(format!("{} was not expected", token.name()))),
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: u32,
}

impl Reader<'_> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn sum(&mut self) -> Result<f64, SumError> {
        let mut value = self.term()?;
        loop {
            let result = match self.peek() {
                Some(Token::Plus) => {
                    self.at += 1;
                    value + self.term()?
                }
                Some(Token::Minus) => {
                    self.at += 1;
                    value - self.term()?
                }
                Some(_) | None => return Ok(value),
            };
            value = finite(result)?;
        }
    }

    fn term(&mut self) -> Result<f64, SumError> {
        let mut value = self.sign()?;
        loop {
            let result = match self.peek() {
                Some(Token::Times) => {
                    self.at += 1;
                    value * self.sign()?
                }
                Some(Token::Over) => {
                    self.at += 1;
                    value / nonzero(self.sign()?)?
                }
                Some(Token::Mod) => {
                    self.at += 1;
                    value.rem_euclid(nonzero(self.sign()?)?)
                }
                // Two adjacent numbers are a mistake, but "2pi" and "3(4+5)" are products.
                // Constants are numbers too at this point, so the previous token tells them apart.
                Some(Token::Open | Token::Function(_)) => value * self.sign()?,
                Some(Token::Number(n)) if n == consts::PI || n == consts::E => {
                    value * self.sign()?
                }
                Some(_) | None => return Ok(value),
            };
            value = finite(result)?;
        }
    }

    fn sign(&mut self) -> Result<f64, SumError> {
        match self.peek() {
            Some(Token::Minus) => {
                self.at += 1;
                Ok(-self.deeper(Self::sign)?)
            }
            Some(Token::Plus) => {
                self.at += 1;
                self.deeper(Self::sign)
            }
            Some(_) | None => self.power(),
        }
    }

    fn power(&mut self) -> Result<f64, SumError> {
        let base = self.after()?;
        if self.peek() != Some(Token::Power) {
            return Ok(base);
        }
        self.at += 1;
        let exponent = self.deeper(Self::sign)?;
        if base == 0.0 && exponent < 0.0 {
            return Err(SumError::ZeroDivision);
        }
        let value = base.powf(exponent);
        if value.is_nan() {
            return Err(SumError::Undefined("a negative number has no such power"));
        }
        finite(value)
    }

    fn after(&mut self) -> Result<f64, SumError> {
        let mut value = self.atom()?;
        loop {
            value = match self.peek() {
                Some(Token::Factorial) => factorial(value)?,
                Some(Token::Percent) => value / 100.0,
                Some(Token::Degrees) => value.to_radians(),
                Some(_) | None => return Ok(value),
            };
            self.at += 1;
        }
    }

    fn atom(&mut self) -> Result<f64, SumError> {
        let Some(token) = self.peek() else { return Err(unreadable("it ends too early")) };
        self.at += 1;
        match token {
            Token::Number(value) => Ok(value),
            Token::Function(function) => {
                let value = self.deeper(Self::after)?;
                function.of(value)
            }
            Token::Open => {
                let value = self.deeper(Self::sum)?;
                if self.peek() != Some(Token::Close) {
                    return Err(unreadable("a closing parenthesis is missing"));
                }
                self.at += 1;
                Ok(value)
            }
            Token::Plus
            | Token::Minus
            | Token::Times
            | Token::Over
            | Token::Mod
            | Token::Power
            | Token::Factorial
            | Token::Percent
            | Token::Degrees
            | Token::Close => Err(unreadable(format!("{} was not expected", token.name()))),
        }
    }

    /// Reads one level down, so that no input overflows the stack.
    fn deeper(&mut self, read: fn(&mut Self) -> Result<f64, SumError>) -> Result<f64, SumError> {
        if self.depth == MAX_DEPTH {
            return Err(unreadable("it is nested too deeply"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }
}

fn factorial(value: f64) -> Result<f64, SumError> {
    if value < 0.0 || value.fract() != 0.0 {
        return Err(SumError::Undefined("only whole numbers from zero on have a factorial"));
    }
    if value > MAX_FACTORIAL {
        return Err(SumError::TooLarge);
    }
    Ok((2..=value as u32).map(f64::from).product())
}

fn nonzero(value: f64) -> Result<f64, SumError> {
    if value == 0.0 { Err(SumError::ZeroDivision) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sums_come_out_as_in_written_mathematics() {
        let cases = [
            ("7+8", 15.0),
            ("10 - 4 + 2", 8.0),
            ("2 + 3 * 4", 14.0),
            ("(2 + 3) * 4", 20.0),
            ("84 / 7", 12.0),
            ("84 ÷ 7", 12.0),
            ("8 x 7", 56.0),
            ("8x7", 56.0),
            ("8×7", 56.0),
            ("2^10", 1024.0),
            ("2**10", 1024.0),
            ("2^3^2", 512.0),
            ("-2^2", -4.0),
            ("(-2)^2", 4.0),
            ("2^-1", 0.5),
            ("--3", 3.0),
            ("2 - -3", 5.0),
            ("5!", 120.0),
            ("-3!", -6.0),
            ("3!!", 720.0),
            ("2^3!", 64.0),
            ("15% * 80", 12.0),
            ("15% of 80", 12.0),
            ("15 percent of 80", 12.0),
            ("100 + 10%", 100.1),
            ("sqrt(144)", 12.0),
            ("sqrt 16 + 2", 6.0),
            ("√16", 4.0),
            ("cbrt(27)", 3.0),
            ("abs(-4)", 4.0),
            ("round(2.5)", 3.0),
            ("floor(-2.5)", -3.0),
            ("ceil(2.1)", 3.0),
            ("ln(e)", 1.0),
            ("log(1000)", 3.0),
            ("log10(100)", 2.0),
            ("log2(8)", 3.0),
            ("exp(0)", 1.0),
            ("sin(pi)", 0.0),
            ("sin(30 deg)", 0.5),
            ("sin(30°)", 0.5),
            ("cos(0)", 1.0),
            ("tan(0)", 0.0),
            ("2pi", 2.0 * consts::PI),
            ("π", consts::PI),
            ("3(4+5)", 27.0),
            ("1e3", 1000.0),
            ("1.5E-3", 0.0015),
            ("2e", 2.0 * consts::E),
            ("1,000,000 / 8", 125_000.0),
            (".5 + 1.", 1.5),
            ("17 mod 5", 2.0),
            ("[1 + 2] * 3", 9.0),
        ];
        for (text, want) in cases {
            let value = evaluate(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert!((value - want).abs() < 1e-12, "{text} = {value}, not {want}");
        }
    }

    #[test]
    fn what_has_no_result_says_why() {
        let cases = [
            ("1/0", "divide by zero"),
            ("5 mod 0", "divide by zero"),
            ("0^-1", "divide by zero"),
            ("171!", "too large"),
            ("10^400", "too large"),
            ("1e400", "too large"),
            ("1e308*10", "too large"),
            ("sqrt(-1)", "square root"),
            ("(-8)^(1/2)", "no such power"),
            ("ln(0)", "logarithm"),
            ("tan(pi/2)", "infinite"),
            ("2.5!", "whole numbers"),
            ("(-1)!", "whole numbers"),
            ("", "nothing in it"),
            ("2 +", "ends too early"),
            ("(2", "parenthesis is missing"),
            ("2)", "a closing parenthesis was not expected"),
            ("2 3", "the number 3 was not expected"),
            ("* 3", "multiplication sign was not expected"),
            ("2 + cats", "\"cats\" is no part"),
            ("1.2.3", "was not expected"),
            ("2 & 3", "\"&\""),
            (".", "no number"),
        ];
        for (text, want) in cases {
            let error = evaluate(text).unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(evaluate(&deep(60)), Ok(1.0));
        assert!(evaluate(&deep(100)).unwrap_err().to_string().contains("too deeply"));
        assert!(evaluate(&"-".repeat(900)).is_err());
        assert!(evaluate(&"2^".repeat(400)).is_err());
        assert!(evaluate(&"1+".repeat(600)).unwrap_err().to_string().contains("longer"));
    }

    /// An expression and its f64 value, computed on the tree instead of the text.
    #[derive(Clone, Debug)]
    enum Tree {
        Leaf(f64),
        Minus(Box<Tree>),
        Pair(Box<Tree>, char, Box<Tree>),
    }

    impl Tree {
        fn value(&self) -> f64 {
            match self {
                Self::Leaf(value) => *value,
                Self::Minus(inner) => -inner.value(),
                Self::Pair(left, sign, right) => match sign {
                    '+' => left.value() + right.value(),
                    '-' => left.value() - right.value(),
                    '*' => left.value() * right.value(),
                    _ => left.value() / right.value(),
                },
            }
        }

        /// Written with as few parentheses as the precedence allows.
        fn text(&self, above: u8) -> String {
            let (text, rank) = match self {
                Self::Leaf(value) => (format!("{value}"), 9),
                Self::Minus(inner) => (format!("-{}", inner.text(3)), 3),
                Self::Pair(left, sign, right) => {
                    let rank = if matches!(sign, '+' | '-') { 1 } else { 2 };
                    (format!("{} {sign} {}", left.text(rank), right.text(rank + 1)), rank)
                }
            };
            if rank < above { format!("({text})") } else { text }
        }
    }

    fn tree() -> impl Strategy<Value = Tree> {
        let leaf = (0u32..100_000, 0u32..4)
            .prop_map(|(n, places)| Tree::Leaf(f64::from(n) / 10f64.powi(places as i32)));
        leaf.prop_recursive(5, 40, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|tree| Tree::Minus(Box::new(tree))),
                (inner.clone(), prop::sample::select(vec!['+', '-', '*', '/']), inner)
                    .prop_map(|(l, sign, r)| Tree::Pair(Box::new(l), sign, Box::new(r))),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_expression_agrees_with_f64(tree in tree()) {
            let want = tree.value();
            match evaluate(&tree.text(0)) {
                Ok(value) => prop_assert_eq!(value, want),
                // An intermediate result may be infinite although the whole is not (1 / infinity).
                Err(error) => prop_assert!(
                    matches!(error, SumError::ZeroDivision | SumError::TooLarge),
                    "{}: {} ({})", tree.text(0), error, want
                ),
            }
        }

        #[test]
        fn no_text_makes_it_panic_or_infinite(text in "[0-9a-z+*/^!%(). ×÷-]{0,60}") {
            if let Ok(value) = evaluate(&text) {
                prop_assert!(value.is_finite());
            }
        }
    }
}
