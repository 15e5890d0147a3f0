use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Tool, ToolError, ToolOutput, arguments, function, say, sum};
use crate::dialog::Effect;

#[derive(Deserialize)]
struct Arguments {
    expression: String,
}

/// `calculate`.
pub(crate) fn tool() -> Arc<dyn Tool> {
    function(
        "calculate",
        "Does arithmetic. Call it for every calculation instead of working it out yourself.",
        Effect::Pure,
        arguments(
            &["expression"],
            json!({"expression": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1000,
                "description": "A mathematical expression in digits and signs, such as \
                    \"(3.5 + 2) * 4^2\". Known: + - * / ^ mod, parentheses, n! for factorials, \
                    n% for hundredths (15% of 80 is \"15% * 80\"), sqrt cbrt abs round floor ceil \
                    exp ln log (base 10) log2, sin cos tan (radians; write \"30 deg\" for degrees), \
                    pi and e.",
            }}),
        ),
        |arguments: Arguments, cx| async move {
            calculate(&arguments.expression, cx.said.is_some_and(|said| is_money(&said)))
        },
    )
}

/// Whether a sum is about money, whose parts of a cent nobody wants to hear.
fn is_money(said: &str) -> bool {
    const WORDS: [&str; 9] =
        ["dollar", "dollars", "euro", "euros", "bucks", "cents", "tip", "bill", "price"];
    let said = said.to_lowercase();
    said.contains(['$', '€', '£'])
        || said.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

fn calculate(expression: &str, money: bool) -> Result<ToolOutput, ToolError> {
    let value = sum::evaluate(expression).map_err(|error| ToolError::Tell(error.to_string()))?;
    let result = tidy(value);
    let data = json!({"expression": expression, "result": result});
    let cents = (value * 100.0).round() / 100.0;
    let say = match money && cents != value && value.abs() < 1e12 {
        true => format!("That's about {}.", say::number(cents).0),
        false => format!("That's {}.", say::about_number(value)),
    };
    Ok(ToolOutput::new(data, say))
}

/// The number as JSON: whole numbers without decimals, others without the rounding error of f64 in
/// the sixteenth digit (0.1 + 0.2 is 0.3).
pub(crate) fn tidy(value: f64) -> Value {
    // 2^53: up to here every whole f64 is exact.
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
        return Value::from(value as i64);
    }
    Value::from(format!("{value:.14e}").parse().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_exact_for_a_model_and_rounded_for_the_ear() {
        let cases = [
            ("13 * 17", json!(221), "That's 221."),
            ("0.1 + 0.2", json!(0.3), "That's 0.3."),
            ("10 / 3", json!(3.33333333333333), "That's about 3.33."),
            ("1000000 / 8", json!(125000), "That's 125,000."),
            ("3 - 7", json!(-4), "That's minus 4."),
            (
                "2^100",
                json!(1267650600228230000000000000000.0),
                "That's about 1.268 times 10 to the power of 30.",
            ),
        ];
        for (expression, result, words) in cases {
            let output = calculate(expression, false).unwrap();
            assert_eq!(output.data["result"], result, "{expression}");
            assert_eq!(output.say, words, "{expression}");
        }
        assert_eq!(calculate("62.5*0.15", true).unwrap().say, "That's about 9.38.");
        assert_eq!(
            calculate("1/0", false),
            Err(ToolError::Tell("I cannot divide by zero.".into()))
        );
    }
}
