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

use std::f64::consts;

/// The longest expression, in bytes; a spoken one has less than a tenth of that.
const MAX_TEXT: usize = 1_000;

/// The deepest nesting of parentheses, signs, powers and functions: far below the limit of the
/// stack.
const MAX_DEPTH: u32 = 64;

/// The largest number whose factorial fits an f64.
const MAX_FACTORIAL: f64 = 170.0;

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

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Number(f64),
    Function(Function),
    Plus,
    Minus,
    Times,
    Over,
    Mod,
    Power,
    Factorial,
    Percent,
    Degrees,
    Open,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
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

impl Token {
    fn name(self) -> String {
        match self {
            Self::Number(n) => format!("the number {n}"),
            Self::Function(_) => "a function".into(),
            Self::Plus => "a plus".into(),
            Self::Minus => "a minus".into(),
            Self::Times => "a multiplication sign".into(),
            Self::Over => "a division sign".into(),
            Self::Mod => "\"mod\"".into(),
            Self::Power => "a power sign".into(),
            Self::Factorial => "an exclamation mark".into(),
            Self::Percent => "a percent sign".into(),
            Self::Degrees => "a degree sign".into(),
            Self::Open => "an opening parenthesis".into(),
            Self::Close => "a closing parenthesis".into(),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, SumError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, used) = if first.is_ascii_digit() || first == '.' {
            number(rest)?
        } else if first.is_alphabetic() && first != '×' {
            word(rest)?
        } else {
            let token = match first {
                '+' => Token::Plus,
                '-' | '−' | '–' => Token::Minus,
                '*' if rest.starts_with("**") => Token::Power,
                '*' | '×' | '·' | '⋅' => Token::Times,
                '/' | '÷' | ':' | '∕' => Token::Over,
                '^' => Token::Power,
                '!' => Token::Factorial,
                '%' => Token::Percent,
                '°' => Token::Degrees,
                '(' | '[' => Token::Open,
                ')' | ']' => Token::Close,
                '√' => Token::Function(Function::Sqrt),
                other => return Err(unreadable(format!("\"{other}\" is no part of a sum"))),
            };
            let used = if rest.starts_with("**") { 2 } else { first.len_utf8() };
            (token, used)
        };
        tokens.push(token);
        rest = rest[used..].trim_start();
    }
    Ok(tokens)
}

/// A number with decimals, exponent, and commas or underscores between groups of three digits.
fn number(text: &str) -> Result<(Token, usize), SumError> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    let mut digits = String::new();
    while digit(at) {
        digits.push(char::from(bytes[at]));
        at += 1;
        let group = matches!(bytes.get(at), Some(b',' | b'_'))
            && (1..=3).all(|n| digit(at + n))
            && !digit(at + 4);
        if group {
            at += 1;
        }
    }
    if bytes.get(at) == Some(&b'.') {
        digits.push('.');
        at += 1;
        while digit(at) {
            digits.push(char::from(bytes[at]));
            at += 1;
        }
    }
    // An "e" without digits after it is Euler's number.
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if digit(at + 1 + sign) {
            digits.push_str(&text[at..=at + sign]);
            at += 1 + sign;
            while digit(at) {
                digits.push(char::from(bytes[at]));
                at += 1;
            }
        }
    }
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Token::Number(value), at)),
        Ok(_) => Err(SumError::TooLarge),
        Err(_) => Err(unreadable(format!("\"{digits}\" is no number"))),
    }
}

fn word(text: &str) -> Result<(Token, usize), SumError> {
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_alphabetic() || (*at > 0 && c.is_ascii_digit())))
        .map_or(text.len(), |(at, _)| at);
    if end == 0 {
        return match text.chars().next() {
            Some('π') => Ok((Token::Number(consts::PI), 'π'.len_utf8())),
            other => Err(unreadable(format!("\"{}\" is no part of a sum", other.unwrap_or(' ')))),
        };
    }
    let word = text[..end].to_ascii_lowercase();
    let token = match word.as_str() {
        "x" | "times" | "of" => Token::Times,
        "plus" => Token::Plus,
        "minus" => Token::Minus,
        "over" => Token::Over,
        "mod" => Token::Mod,
        "percent" => Token::Percent,
        "deg" | "degrees" => Token::Degrees,
        "pi" => Token::Number(consts::PI),
        "e" => Token::Number(consts::E),
        "sqrt" => Token::Function(Function::Sqrt),
        "cbrt" => Token::Function(Function::Cbrt),
        "abs" => Token::Function(Function::Abs),
        "round" => Token::Function(Function::Round),
        "floor" => Token::Function(Function::Floor),
        "ceil" => Token::Function(Function::Ceil),
        "ln" => Token::Function(Function::Ln),
        "log" | "log10" => Token::Function(Function::Log10),
        "log2" => Token::Function(Function::Log2),
        "exp" => Token::Function(Function::Exp),
        "sin" => Token::Function(Function::Sin),
        "cos" => Token::Function(Function::Cos),
        "tan" => Token::Function(Function::Tan),
        // "8x7": the x is a sign, the 7 is not part of a name.
        _ if word.starts_with('x') && word[1..].bytes().all(|b| b.is_ascii_digit()) => {
            return Ok((Token::Times, 1));
        }
        _ => return Err(unreadable(format!("\"{word}\" is no part of a sum"))),
    };
    Ok((token, end))
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

impl Function {
    fn of(self, value: f64) -> Result<f64, SumError> {
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

fn finite(value: f64) -> Result<f64, SumError> {
    if value.is_finite() { Ok(value) } else { Err(SumError::TooLarge) }
}

fn unreadable(why: impl Into<String>) -> SumError {
    SumError::Unreadable(why.into())
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
