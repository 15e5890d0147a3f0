//! Checks arguments against a tool's JSON Schema, and repairs what is unambiguous.
//!
//! Known keywords: `type` (one name or several), `properties`, `required`, `additionalProperties:
//! false`, `items`, `enum`, `minimum`, `maximum`, `minLength`, `maxLength`. All others (`pattern`,
//! `format`, `description`) are hints for a model; a tool that depends on them checks them itself.
//!
//! Small models write `"10"` for 10, `null` or `""` for what was not said, and JSON inside a JSON
//! string. Each of these has only one meaning, so it is repaired here rather than reported.

use serde_json::{Map, Value};

/// The longest accepted argument text, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// Parses `arguments` and fits them to `schema`. The error is the rest of a sentence for the
/// responder: what is wrong and what would be right.
pub(crate) fn fit(schema: &Value, arguments: &str) -> Result<Value, String> {
    let text = arguments.trim();
    if text.len() > MAX_TEXT {
        return Err(format!("the arguments are longer than {MAX_TEXT} bytes"));
    }
    // Several services send an empty text for "no arguments".
    if text.is_empty() {
        return fit_value(schema, Value::Object(Map::new()), "the arguments");
    }
    let value =
        serde_json::from_str(text).map_err(|e| format!("the arguments are no JSON ({e})"))?;
    fit_value(schema, value, "the arguments")
}

fn fit_value(schema: &Value, value: Value, name: &str) -> Result<Value, String> {
    let types = types(schema);
    let value = if types.is_empty() || types.iter().any(|kind| is(kind, &value)) {
        value
    } else {
        mend(&types, value).map_err(|value| {
            format!("{name} must be {}, not {}", expectation(schema, &types), brief(&value))
        })?
    };
    let value = match value {
        Value::Object(map) => fit_object(schema, map, name)?,
        Value::Array(list) => match schema.get("items") {
            Some(items) => Value::Array(
                list.into_iter()
                    .map(|item| fit_value(items, item, &format!("each entry of {name}")))
                    .collect::<Result<_, _>>()?,
            ),
            None => Value::Array(list),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    };
    let value = fit_enum(schema, value, name)?;
    check_bounds(schema, &types, value, name)
}

fn fit_object(schema: &Value, map: Map<String, Value>, name: &str) -> Result<Value, String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    let mut fitted = Map::new();
    for (key, value) in map {
        let Some(property) = properties.and_then(|all| all.get(&key)) else {
            if closed {
                let known: Vec<&str> =
                    properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
                return Err(if known.is_empty() {
                    format!("{name} must be empty, but hold \"{key}\"")
                } else {
                    format!("\"{key}\" is not known; known are: {}", known.join(", "))
                });
            }
            fitted.insert(key, value);
            continue;
        };
        let optional = !required.contains(&key.as_str());
        let unsaid = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        if optional && unsaid && !types(property).contains(&"null") {
            continue;
        }
        let value = fit_value(property, value, &format!("\"{key}\""))?;
        fitted.insert(key, value);
    }
    match required.iter().find(|key| !fitted.contains_key(**key)) {
        Some(key) => Err(format!("\"{key}\" is missing")),
        None => Ok(Value::Object(fitted)),
    }
}

/// Enum strings match regardless of case and surrounding blanks.
fn fit_enum(schema: &Value, value: Value, name: &str) -> Result<Value, String> {
    let Some(choices) = schema.get("enum").and_then(Value::as_array) else { return Ok(value) };
    if choices.contains(&value) {
        return Ok(value);
    }
    let same = |choice: &&Value| match (choice.as_str(), value.as_str()) {
        (Some(choice), Some(text)) => choice.eq_ignore_ascii_case(text.trim()),
        (Some(_) | None, _) => false,
    };
    match choices.iter().find(same) {
        Some(choice) => Ok(choice.clone()),
        None => {
            let all: Vec<String> = choices.iter().map(brief).collect();
            Err(format!("{name} must be one of {}, not {}", all.join(", "), brief(&value)))
        }
    }
}

fn check_bounds(schema: &Value, types: &[&str], value: Value, name: &str) -> Result<Value, String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let (size, low, high) = match &value {
        Value::Number(number) => (number.as_f64(), bound("minimum"), bound("maximum")),
        Value::String(text) => {
            let length = text.chars().count();
            (Some(length as f64), bound("minLength"), bound("maxLength"))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => (None, None, None),
    };
    let outside = size.is_some_and(|size| {
        low.is_some_and(|low| size < low) || high.is_some_and(|high| size > high)
    });
    if outside {
        return Err(format!(
            "{name} must be {}, not {}",
            expectation(schema, types),
            brief(&value)
        ));
    }
    Ok(value)
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => vec![],
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

/// The one value of these types that `value` can mean; returns it unchanged if there is none.
fn mend(types: &[&str], value: Value) -> Result<Value, Value> {
    let wants = |kind: &str| types.contains(&kind);
    let number = match &value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok().filter(|n| n.is_finite()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    if let Some(number) = number {
        // 2^53: up to here every whole f64 is the number as written.
        if wants("integer") && number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
            return Ok(Value::from(number as i64));
        }
        if wants("number")
            && let Some(number) = serde_json::Number::from_f64(number)
        {
            return Ok(Value::Number(number));
        }
    }
    match &value {
        Value::String(text) if wants("boolean") && text.trim().eq_ignore_ascii_case("true") => {
            Ok(Value::Bool(true))
        }
        Value::String(text) if wants("boolean") && text.trim().eq_ignore_ascii_case("false") => {
            Ok(Value::Bool(false))
        }
        Value::String(text) if wants("object") || wants("array") => {
            match serde_json::from_str::<Value>(text) {
                Ok(inner) if types.iter().any(|kind| is(kind, &inner)) => Ok(inner),
                Ok(_) | Err(_) => Err(value),
            }
        }
        Value::Number(number) if wants("string") => Ok(Value::String(number.to_string())),
        Value::Null if wants("object") => Ok(Value::Object(Map::new())),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => Err(value),
    }
}

/// What would have been right: "a whole number from 1 to 100".
fn expectation(schema: &Value, types: &[&str]) -> String {
    let name = |kind: &&str| match *kind {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "null" => "null",
        _ => "something else",
    };
    let mut words = types.iter().map(name).collect::<Vec<_>>().join(" or ");
    let (low, high, unit) = if types.contains(&"string") {
        ("minLength", "maxLength", " characters")
    } else {
        ("minimum", "maximum", "")
    };
    match (schema.get(low), schema.get(high)) {
        (Some(low), Some(high)) => words += &format!(" from {low} to {high}{unit}"),
        (Some(low), None) => words += &format!(" of at least {low}{unit}"),
        (None, Some(high)) => words += &format!(" of at most {high}{unit}"),
        (None, None) => {}
    }
    words
}

/// The value as JSON, shortened for speech.
fn brief(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn volume() -> Value {
        json!({
            "type": "object",
            "properties": {
                "level": {"type": "integer", "minimum": 0, "maximum": 100},
                "change": {"type": "string", "enum": ["up", "down"]},
                "mute": {"type": "boolean"},
                "factor": {"type": "number"},
                "name": {"type": "string", "minLength": 1, "maxLength": 5},
                "list": {"type": "array", "items": {"type": "integer"}},
            },
            "required": ["level"],
            "additionalProperties": false,
        })
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let text = r#"{"level":50,"change":"up","mute":true,"factor":0.5,"name":"a","list":[1]}"#;
        assert_eq!(fit(&volume(), text), Ok(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn sloppy_but_clear_arguments_are_mended() {
        let cases = [
            (r#"{"level":"50"}"#, json!({"level": 50})),
            (r#"{"level":50.0}"#, json!({"level": 50})),
            (r#"{"level":" 7 ","mute":"False"}"#, json!({"level": 7, "mute": false})),
            (r#"{"level":1,"change":"UP"}"#, json!({"level": 1, "change": "up"})),
            (r#"{"level":1,"change":null,"name":""}"#, json!({"level": 1})),
            (r#"{"level":1,"factor":"1e2"}"#, json!({"level": 1, "factor": 100.0})),
            (r#"{"level":1,"name":5}"#, json!({"level": 1, "name": "5"})),
            (r#"{"level":1,"list":"[1,2]"}"#, json!({"level": 1, "list": [1, 2]})),
            (r#""{\"level\": 3}""#, json!({"level": 3})),
        ];
        for (text, want) in cases {
            assert_eq!(fit(&volume(), text), Ok(want), "{text}");
        }
        let empty = json!({"type": "object", "properties": {}, "additionalProperties": false});
        for text in ["", "  ", "{}", "null"] {
            assert_eq!(fit(&empty, text), Ok(json!({})), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told_with_what_would_be_right() {
        let cases = [
            ("{", "no JSON"),
            ("[]", "must be an object"),
            ("{}", "\"level\" is missing"),
            (r#"{"level":null}"#, "must be a whole number from 0 to 100, not null"),
            (r#"{"level":101}"#, "must be a whole number from 0 to 100, not 101"),
            (r#"{"level":-1}"#, "not -1"),
            (r#"{"level":2.5}"#, "must be a whole number"),
            (r#"{"level":"loud"}"#, "not \"loud\""),
            (r#"{"level":1,"change":"left"}"#, "one of \"up\", \"down\""),
            (r#"{"level":1,"mute":1}"#, "true or false"),
            (r#"{"level":1,"name":"longer"}"#, "from 1 to 5 characters"),
            (r#"{"level":1,"list":["x"]}"#, "each entry of \"list\""),
            (r#"{"level":1,"speed":1}"#, "\"speed\" is not known; known are: level"),
            (r#"{"level":"NaN"}"#, "must be a whole number"),
        ];
        for (text, want) in cases {
            let error = fit(&volume(), text).unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = fit(&volume(), &text);
        }
    }
}
