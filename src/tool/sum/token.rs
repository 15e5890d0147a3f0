use std::f64::consts;

use super::error::{SumError, unreadable};
use super::function::Function;

/// The smallest part of a sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
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

impl Token {
    /// What it is, for a message.
    pub(super) fn name(self) -> String {
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

/// The tokens of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SumError> {
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
    if let Some(function) = Function::named(&word) {
        return Ok((Token::Function(function), end));
    }
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
        // "8x7": the x is a sign, the 7 is not part of a name.
        _ if word.starts_with('x') && word[1..].bytes().all(|b| b.is_ascii_digit()) => {
            return Ok((Token::Times, 1));
        }
        _ => return Err(unreadable(format!("\"{word}\" is no part of a sum"))),
    };
    Ok((token, end))
}
