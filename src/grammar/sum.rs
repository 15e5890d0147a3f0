//! Spoken and written arithmetic as one canonical expression.
//!
//! The expression's grammar is that of the tool `calculate`: numbers, `+ - * / ^`, parentheses,
//! postfix `!`, and the functions `sqrt`, `cbrt`, `abs`, `floor`, `ln`, `log10`, `sin`, `cos`,
//! `tan`, and the constants `pi` and `e`. Percentages are written as fractions: "15 percent of 40"
//! is `(15/100*40)`. The usual precedence applies to speech as it does to signs.

use super::number::{self, plain};
use super::scan::Scan;

/// One reading of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    pub(super) end: usize,
    pub(super) text: String,
    /// The number of operations; a lone number has none.
    pub(super) operations: u32,
}

/// The most readings kept at each step, and the deepest nesting.
const MOST_READINGS: usize = 6;
const MOST_DEPTH: u8 = 6;

/// All readings of an expression at `at`, longest first.
pub(super) fn expressions(scan: &Scan<'_>, at: usize) -> Vec<Expression> {
    let mut out = chain(scan, scan.about(at), 0);
    out.sort_by_key(|e| std::cmp::Reverse(e.end));
    out
}

/// Operands joined by signs.
fn chain(scan: &Scan<'_>, at: usize, depth: u8) -> Vec<Expression> {
    let mut done = Vec::new();
    if depth > MOST_DEPTH {
        return done;
    }
    let mut open = operands(scan, at, depth);
    for _ in 0..24 {
        let mut next = Vec::new();
        for left in open {
            if let Some((end, sign)) = operator(scan, left.end) {
                for right in operands(scan, end, depth) {
                    next.push(join(&left, sign, right));
                }
            }
            if let Some((end, text)) = postfix(scan, &left) {
                next.push(Expression { end, text, operations: left.operations + 1 });
            }
            done.push(left);
        }
        next.truncate(MOST_READINGS);
        if next.is_empty() {
            break;
        }
        open = next;
    }
    done
}

fn join(left: &Expression, sign: &str, right: Expression) -> Expression {
    let operations = left.operations + right.operations + 1;
    // "200 plus 10 percent" means ten percent of what precedes it.
    let text = match right.text.strip_suffix("/100)").and_then(|t| t.strip_prefix('(')) {
        Some(percent) if matches!(sign, "+" | "-") && percent.parse::<f64>().is_ok() => {
            format!("({})*(1{sign}{percent}/100)", left.text)
        }
        _ => match sign {
            "mod" => {
                let (a, b) = (&left.text, &right.text);
                format!("(({a})-({b})*floor(({a})/({b})))")
            }
            _ => format!("{}{sign}{}", left.text, right.text),
        },
    };
    Expression { end: right.end, text, operations }
}

/// The sign between two operands.
fn operator(scan: &Scan<'_>, at: usize) -> Option<(usize, &'static str)> {
    const SIGNS: &[(&str, &str)] = &[
        ("+", "+"),
        ("plus", "+"),
        ("added to", "+"),
        ("added with", "+"),
        ("add", "+"),
        ("-", "-"),
        ("minus", "-"),
        ("less", "-"),
        ("take away", "-"),
        ("takeaway", "-"),
        ("subtract", "-"),
        ("*", "*"),
        ("x", "*"),
        ("times", "*"),
        ("multiplied by", "*"),
        ("multiplied with", "*"),
        ("multiply by", "*"),
        ("times by", "*"),
        ("multiply", "*"),
        ("/", "/"),
        ("divided by", "/"),
        ("divide by", "/"),
        ("over", "/"),
        ("^", "^"),
        ("to the power of", "^"),
        ("to the power", "^"),
        ("raised to the power of", "^"),
        ("raised to the power", "^"),
        ("raised to", "^"),
        ("modulo", "mod"),
        ("modulus", "mod"),
        ("mod", "mod"),
    ];
    SIGNS.iter().find_map(|(words, sign)| Some((scan.words(at, words)?, *sign)))
}

/// What may follow a finished operand: "squared", "to the third", "!", "percent".
fn postfix(scan: &Scan<'_>, left: &Expression) -> Option<(usize, String)> {
    let at = left.end;
    let base = &left.text;
    match scan.text(at) {
        "squared" => return Some((at + 1, format!("{base}^2"))),
        "cubed" => return Some((at + 1, format!("{base}^3"))),
        "factorial" | "!" => return Some((at + 1, format!("{base}!"))),
        _ => {}
    }
    let from = scan.words(at, "raised to the").or_else(|| scan.words(at, "to the"))?;
    if let Some((end, n)) = number::ordinal(scan.tokens, from) {
        return Some((scan.skip(end, &["power"]), format!("{base}^{n}")));
    }
    // "two to the ten".
    let (end, n) = number::below_hundred(scan.tokens, from)?;
    Some((scan.skip(end, &["power"]), format!("{base}^{n}")))
}

/// One operand: a number, a root, a share of something, something in parentheses.
fn operands(scan: &Scan<'_>, at: usize, depth: u8) -> Vec<Expression> {
    let mut out = Vec::new();
    if depth > MOST_DEPTH || at >= scan.tokens.len() {
        return out;
    }
    let the = scan.skip(at, &["the", "a"]);
    parenthesis(scan, at, depth, &mut out);
    functions(scan, the, depth, &mut out);
    shares(scan, at, depth, &mut out);
    lists(scan, the, &mut out);
    for (word, text) in [("pi", "pi"), ("euler's number", "e")] {
        if let Some(end) = scan.words(the, word) {
            out.push(Expression { end, text: text.into(), operations: 0 });
        }
    }
    for (end, value) in values(scan, at) {
        let text = if value < 0.0 { format!("({})", plain(value)) } else { plain(value) };
        if let Some(next) = percent(scan, end) {
            rates(scan, next, &text, depth, &mut out);
        }
        // "5 factorial times 2": a sign that binds tighter than all others is taken here.
        out.push(Expression { end, text, operations: 0 });
    }
    out.truncate(MOST_READINGS);
    out
}

/// Numbers, with or without a currency: only the number enters the calculation.
fn values(scan: &Scan<'_>, at: usize) -> Vec<(usize, f64)> {
    let money = |at: usize| scan.tables.currencies.longest(scan.tokens, at).map(|(end, _)| end);
    let from = match money(at) {
        Some(end) if !scan.text(at).chars().all(char::is_alphanumeric) => end,
        _ => at,
    };
    let mut out: Vec<(usize, f64)> = Vec::new();
    for reading in number::numbers(scan, from) {
        let end = money(reading.end).unwrap_or(reading.end);
        out.push((end, reading.value));
    }
    out
}

fn percent(scan: &Scan<'_>, at: usize) -> Option<usize> {
    scan.words(at, "percent").or_else(|| scan.words(at, "per cent"))
}

/// What follows "15 percent": "of 40", "off 80", "tip on 40", or nothing.
fn rates(scan: &Scan<'_>, at: usize, rate: &str, depth: u8, out: &mut Vec<Expression>) {
    const OF: &[&str] = &[
        "of",
        "tip on",
        "tip for",
        "gratuity on",
        "tax on",
        "vat on",
        "tip of",
        "on",
        "interest on",
    ];
    const OFF: &[&str] = &["off of", "off", "discount on", "less than"];
    const UP: &[&str] = &["more than", "added to", "on top of"];
    let bill = |end: usize| scan.skip(end, &["a bill of", "a total of", "the"]);
    for (list, kind) in [(OF, 0), (OFF, 1), (UP, 2)] {
        let end = scan.skip(at, list);
        if end == at {
            continue;
        }
        for whole in operands(scan, bill(end), depth + 1) {
            let whole = with_postfix(scan, whole);
            let text = match kind {
                0 => format!("({rate}/100*{})", whole.text),
                1 => format!("({}*(1-{rate}/100))", whole.text),
                _ => format!("({}*(1+{rate}/100))", whole.text),
            };
            let end = scan.skip(whole.end, &["bill", "check", "meal", "tab"]);
            out.push(Expression { end, text, operations: whole.operations + 1 });
        }
    }
    out.push(Expression { end: at, text: format!("({rate}/100)"), operations: 0 });
}

fn with_postfix(scan: &Scan<'_>, operand: Expression) -> Expression {
    match postfix(scan, &operand) {
        Some((end, text)) => Expression { end, text, operations: operand.operations + 1 },
        None => operand,
    }
}

fn parenthesis(scan: &Scan<'_>, at: usize, depth: u8, out: &mut Vec<Expression>) {
    let minus = scan.is(at, "-") || scan.is(at, "minus") || scan.is(at, "negative");
    let from = at + usize::from(minus);
    let inside = scan.skip(
        from,
        &[
            "(",
            "open parenthesis",
            "open parentheses",
            "open paren",
            "open bracket",
            "open brackets",
        ],
    );
    if inside == from {
        return;
    }
    for inner in chain(scan, inside, depth + 1) {
        let end = scan.skip(
            inner.end,
            &[
                ")",
                "close parenthesis",
                "close parentheses",
                "close paren",
                "close bracket",
                "close brackets",
            ],
        );
        if end > inner.end {
            let sign = if minus { "-" } else { "" };
            let text = format!("({sign}({}))", inner.text);
            out.push(Expression { end, text, operations: inner.operations });
        }
    }
}

/// Roots, logarithms and the like of one operand.
fn functions(scan: &Scan<'_>, at: usize, depth: u8, out: &mut Vec<Expression>) {
    const CALLS: &[(&str, &str)] = &[
        ("square root of", "sqrt(@)"),
        ("square root", "sqrt(@)"),
        ("root of", "sqrt(@)"),
        ("sqrt of", "sqrt(@)"),
        ("sqrt", "sqrt(@)"),
        ("√", "sqrt(@)"),
        ("cube root of", "cbrt(@)"),
        ("cubed root of", "cbrt(@)"),
        ("cubic root of", "cbrt(@)"),
        ("third root of", "cbrt(@)"),
        ("factorial of", "((@)!)"),
        ("square of", "((@)^2)"),
        ("cube of", "((@)^3)"),
        ("absolute value of", "abs(@)"),
        ("natural log of", "ln(@)"),
        ("natural logarithm of", "ln(@)"),
        ("log of", "log10(@)"),
        ("logarithm of", "log10(@)"),
        ("log base 10 of", "log10(@)"),
        ("log base 2 of", "(ln(@)/ln(2))"),
        ("sine of", "sin(@)"),
        ("cosine of", "cos(@)"),
        ("tangent of", "tan(@)"),
        ("double", "(2*@)"),
        ("twice", "(2*@)"),
        ("triple", "(3*@)"),
        ("quadruple", "(4*@)"),
        ("half of", "(@/2)"),
        ("half", "(@/2)"),
        ("quarter of", "(@/4)"),
    ];
    let call = CALLS.iter().find_map(|(words, form)| Some((scan.words(at, words)?, *form)));
    if let Some((end, form)) = call {
        for inner in operands(scan, end, depth + 1) {
            // "the sine of 30 degrees" takes its angle in degrees, otherwise in radians.
            let degrees = scan.words(inner.end, "degrees").filter(|_| {
                form.starts_with("sin") || form.starts_with("cos") || form.starts_with("tan")
            });
            let (end, text) = match degrees {
                Some(end) => (end, form.replace('@', &format!("{}*pi/180", inner.text))),
                None => (inner.end, form.replace('@', &inner.text)),
            };
            out.push(Expression { end, text, operations: inner.operations + 1 });
        }
    }
    // "the fourth root of 16".
    if let Some((end, n)) = number::ordinal(scan.tokens, at)
        && let Some(end) = scan.words(end, "root of")
        && n > 0
    {
        for inner in operands(scan, end, depth + 1) {
            let text = format!("(({})^(1/{n}))", inner.text);
            out.push(Expression { end: inner.end, text, operations: inner.operations + 1 });
        }
    }
}

/// "two thirds of 90", "a quarter of 60".
fn shares(scan: &Scan<'_>, at: usize, depth: u8, out: &mut Vec<Expression>) {
    let Some((end, _)) = number::fraction(scan, at) else { return };
    let Some(of) = scan.words(end, "of") else { return };
    let Some((above, below)) = ratio(scan, at, end) else { return };
    for whole in operands(scan, of, depth + 1) {
        let whole = with_postfix(scan, whole);
        let text = format!("({above}*{}/{below})", whole.text);
        out.push(Expression { end: whole.end, text, operations: whole.operations + 1 });
    }
}

/// Numerator and denominator of the fraction between `at` and `end`, so that a third of 90 is
/// exactly 30.
fn ratio(scan: &Scan<'_>, at: usize, end: usize) -> Option<(String, String)> {
    let (_, value) = number::fraction(scan, at)?;
    let below = (2..=100)
        .find(|d| ((value * f64::from(*d)).round() - value * f64::from(*d)).abs() < 1e-9)?;
    debug_assert!(end > at);
    Some((plain((value * f64::from(below)).round()), below.to_string()))
}

/// "sum of 5, 10 and 15", "the average of 4 and 8", "the difference between 92 and 58".
fn lists(scan: &Scan<'_>, at: usize, out: &mut Vec<Expression>) {
    const KINDS: &[(&str, char)] = &[
        ("sum of", '+'),
        ("total of", '+'),
        ("product of", '*'),
        ("average of", 'm'),
        ("mean of", 'm'),
        ("difference between", '-'),
        ("difference of", '-'),
        ("quotient of", '/'),
        ("ratio of", '/'),
        ("remainder of", '%'),
        ("remainder when", '%'),
    ];
    let found = KINDS.iter().find_map(|(words, kind)| Some((scan.words(at, words)?, *kind)));
    let Some((from, kind)) = found else { return };
    let mut lists = Vec::new();
    items(scan, from, kind, Vec::new(), &mut lists);
    for (end, list) in lists {
        let text = match (kind, list.as_slice()) {
            ('+', _) => format!("({})", list.join("+")),
            ('*', _) => format!("({})", list.join("*")),
            ('m', _) => format!("(({})/{})", list.join("+"), list.len()),
            ('-', [a, b]) => match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(x), Ok(y)) if x < y => format!("({b}-{a})"),
                (Ok(_), Ok(_)) => format!("({a}-{b})"),
                _ => format!("abs({a}-{b})"),
            },
            ('/', [a, b]) => format!("({a}/{b})"),
            ('%', [a, b]) => format!("(({a})-({b})*floor(({a})/({b})))"),
            _ => continue,
        };
        out.push(Expression { end, text, operations: 1 });
    }
}

/// Numbers of a list, separated by commas or "and": all readings with at least two.
fn items(
    scan: &Scan<'_>,
    at: usize,
    kind: char,
    so_far: Vec<String>,
    out: &mut Vec<(usize, Vec<String>)>,
) {
    if so_far.len() > 12 || out.len() >= MOST_READINGS {
        return;
    }
    for (end, value) in values(scan, at) {
        let mut list = so_far.clone();
        list.push(if value < 0.0 { format!("({})", plain(value)) } else { plain(value) });
        let next = match kind {
            '%' => scan.skip(end, &["divided by", "is divided by", "over", "and"]),
            '/' => scan.skip(end, &["and", "to", "divided by"]),
            _ => scan.skip(end, &["and"]),
        };
        let parted = next > end || scan.tokens.get(end).is_some_and(|t| t.pause);
        // A list of numbers continues even if the transcript dropped the commas.
        if parted || kind == '+' || kind == 'm' || kind == '*' {
            items(scan, next, kind, list.clone(), out);
        }
        if list.len() >= 2 {
            out.push((end, list));
        }
    }
}
