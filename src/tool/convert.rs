use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::calculate::tidy;
use super::unit::{Dimension, UNITS, Unit, find, pair};
use super::{Tool, ToolError, ToolOutput, arguments, function, say};
use crate::dialog::Effect;

#[derive(Deserialize)]
struct Arguments {
    value: f64,
    from: String,
    to: String,
}

/// `convert_units`.
pub(crate) fn tool() -> Arc<dyn Tool> {
    let names: Vec<&str> = UNITS.iter().map(|unit| unit.name).collect();
    let units = format!("One of: {}.", names.join(", "));
    function(
        "convert_units",
        "Converts a value between units of length, weight, volume, temperature, time, speed, area \
         or data. US customary units; not for currencies.",
        Effect::Pure,
        arguments(
            &["value", "from", "to"],
            json!({
                "value": {"type": "number", "description": "How many of `from`; 1 when no number is said."},
                "from": {"type": "string", "maxLength": 40, "description": units},
                "to": {"type": "string", "maxLength": 40, "description": "Written as `from`, or two of them: \"foot and inch\"."},
            }),
        ),
        |arguments: Arguments, cx| async move { convert(&arguments, cx.said.as_deref()) },
    )
}

fn convert(arguments: &Arguments, said: Option<&str>) -> Result<ToolOutput, ToolError> {
    if let Some((large, small)) = pair(&arguments.to) {
        return convert_to_two(arguments, large, small);
    }
    let (mut from, mut to) = (known(&arguments.from)?, known(&arguments.to)?);
    // "8 ounces in cups": an ounce of something poured is a fluid ounce.
    match (from.dimension, to.dimension) {
        (Dimension::Weight, Dimension::Volume) if from.name == "ounce" => {
            from = known("fluid ounce")?
        }
        (Dimension::Volume, Dimension::Weight) if to.name == "ounce" => to = known("fluid ounce")?,
        _ => {}
    }
    if from.dimension != to.dimension {
        return Err(ToolError::Tell(format!(
            "I cannot convert {} to {}: one is {}, the other {}.",
            from.plural,
            to.plural,
            from.dimension.name(),
            to.dimension.name()
        )));
    }
    let value = arguments.value;
    if from.is_impossible(value) {
        return Err(ToolError::Tell(format!(
            "There is no {} {}: that is below absolute zero.",
            say::number(value).0,
            from.word(value)
        )));
    }
    let result = from.convert(value, to);
    if !result.is_finite() {
        return Err(ToolError::Tell("The result is too large for me to calculate.".into()));
    }
    let data = json!({
        "value": tidy(value), "from": from.name, "to": to.name, "result": tidy(result),
    });
    let (spoken, rounded) = spoken(result, to);
    let about = if rounded { "about " } else { "" };
    // "How many minutes in 2 hours and 15 minutes": the sum is the answer.
    if from.name == to.name {
        return Ok(ToolOutput::new(data, format!("That is {about}{spoken} {}.", to.word(result))));
    }
    let asked = in_two(value, from, said);
    let asked = asked.unwrap_or_else(|| format!("{} {}", say::number(value).0, from.word(value)));
    let say = format!("{asked} is {about}{spoken} {}.", to.word(result));
    Ok(ToolOutput::new(data, say::sentence(&say)))
}

/// "5 feet 11 inches" for 71 inches, if the user spoke of feet.
fn in_two(value: f64, small: &Unit, said: Option<&str>) -> Option<String> {
    let (large, each) = match small.name {
        "inch" => ("foot", 12.0),
        "ounce" => ("pound", 16.0),
        "minute" => ("hour", 60.0),
        _ => return None,
    };
    let large = find(large)?;
    let said = said?.to_lowercase();
    let named = |word: &str| word == large.name || word == large.plural;
    let named = said.split(|c: char| !c.is_alphanumeric()).any(named);
    let (whole, rest) = ((value / each).floor(), value % each);
    (named && whole >= 1.0 && rest > 0.0).then(|| {
        format!(
            "{} {} {} {}",
            say::number(whole).0,
            large.word(whole),
            say::number(rest).0,
            small.word(rest)
        )
    })
}

/// "1.8 meters is about 5 feet 11 inches."
fn convert_to_two(
    arguments: &Arguments,
    large: &'static Unit,
    small: &'static Unit,
) -> Result<ToolOutput, ToolError> {
    let from = known(&arguments.from)?;
    if from.dimension != large.dimension {
        return Err(ToolError::Tell(format!(
            "I cannot convert {} to {}: one is {}, the other {}.",
            from.plural,
            large.plural,
            from.dimension.name(),
            large.dimension.name()
        )));
    }
    let exact = from.convert(arguments.value, small);
    // Each unit is a whole multiple of the next.
    let each = large.convert(1.0, small).round();
    if !exact.is_finite() || exact.abs() > 9e15 {
        return Err(ToolError::Tell("The result is too large for me to calculate.".into()));
    }
    let total = exact.round();
    let (whole, rest) = ((total.abs() / each).floor(), (total.abs() % each).round());
    let minus = if total < 0.0 { "minus " } else { "" };
    let about = if (total - exact).abs() > 1e-6 { "about " } else { "" };
    let mut parts = Vec::new();
    if whole > 0.0 || rest == 0.0 {
        parts.push(format!("{} {}", say::number(whole).0, large.word(whole)));
    }
    if rest > 0.0 {
        parts.push(format!("{} {}", say::number(rest).0, small.word(rest)));
    }
    let result = tidy(from.convert(arguments.value, large));
    let text = parts.join(" ");
    let data = json!({
        "value": tidy(arguments.value), "from": from.name, "to": arguments.to, "result": result,
        "text": text,
    });
    let say = format!(
        "{} {} is {about}{minus}{text}.",
        say::number(arguments.value).0,
        from.word(arguments.value)
    );
    Ok(ToolOutput::new(data, say::sentence(&say)))
}

/// Temperatures are rounded to a tenth of a degree, all else like other numbers.
fn spoken(result: f64, unit: &Unit) -> (String, bool) {
    match unit.dimension {
        Dimension::Temperature => {
            let tenth = (result * 10.0).round() / 10.0;
            (say::number(tenth).0, (tenth - result).abs() > 1e-9)
        }
        Dimension::Length
        | Dimension::Weight
        | Dimension::Volume
        | Dimension::Time
        | Dimension::Speed
        | Dimension::Area
        | Dimension::Data => say::number(result),
    }
}

fn known(name: &str) -> Result<&'static Unit, ToolError> {
    find(name).ok_or_else(|| {
        let names: Vec<&str> = UNITS.iter().map(|unit| unit.name).collect();
        // Short for the ear, and the whole list for a model that can correct its call.
        ToolError::Tell(format!("I do not know the unit {name}. I know: {}.", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(value: f64, from: &str, to: &str) -> String {
        match convert(&Arguments { value, from: from.into(), to: to.into() }, None) {
            Ok(output) => output.say,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn conversions_are_said_in_whole_sentences() {
        let cases = [
            (10.0, "mile", "kilometer", "10 miles is about 16.09 kilometers."),
            (1.0, "mile", "meter", "1 mile is 1,609.344 meters."),
            (3.0, "hour", "minute", "3 hours is 180 minutes."),
            (60.0, "minute", "hour", "60 minutes is 1 hour."),
            (72.0, "fahrenheit", "celsius", "72 degrees Fahrenheit is about 22.2 degrees Celsius."),
            (-40.0, "c", "F", "Minus 40 degrees Celsius is minus 40 degrees Fahrenheit."),
            (0.5, "liter", "cups", "0.5 liters is about 2.11 cups."),
            (8.0, "ounce", "cup", "8 fluid ounces is 1 cup."),
            (5.0, "KM", "miles", "5 kilometers is about 3.11 miles."),
        ];
        for (value, from, to, want) in cases {
            assert_eq!(said(value, from, to), want);
        }
    }

    #[test]
    fn what_cannot_be_converted_says_why() {
        let cases = [
            (
                1.0,
                "mile",
                "kilogram",
                "I cannot convert miles to kilograms: one is a length, the other a weight.",
            ),
            (
                -300.0,
                "celsius",
                "kelvin",
                "There is no minus 300 degrees Celsius: that is below absolute zero.",
            ),
            (1e308, "terabyte", "byte", "The result is too large for me to calculate."),
        ];
        for (value, from, to, want) in cases {
            assert_eq!(said(value, from, to), want);
        }
        assert!(
            said(1.0, "parsec", "mile")
                .starts_with("I do not know the unit parsec. I know: millimeter,")
        );
    }
}
