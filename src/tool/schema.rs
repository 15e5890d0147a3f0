//! Checks arguments against a tool's JSON Schema, and repairs what is unambiguous.
//!
//! Known keywords: `type` (one name or several), `properties`, `required`, `additionalProperties`,
//! `items`, `enum`, `const`, `minimum`, `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`,
//! `anyOf`, `oneOf` (as `anyOf`), `allOf`, and `$ref` within the schema. All others (`pattern`,
//! `format`, `description`) are hints for a model; a tool that depends on them checks them itself.
//!
//! Small models write `"10"` for 10, `null` or `""` for what was not said, and JSON inside a JSON
//! string. Each of these has only one meaning, so it is repaired here rather than reported.

use std::cell::Cell;

use serde_json::{Map, Value};

/// The longest accepted argument text, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// How deep values and references are followed, and how many steps are taken in all: a schema may
/// refer to itself, and in several ways. What lies beyond is left to the tool.
const MAX_DEPTH: usize = 64;
const MAX_STEPS: usize = 10_000;

/// How many of the forms that a value may have are named.
const MAX_FORMS: usize = 3;

/// A part of a schema.
#[derive(Clone, Copy)]
struct Part<'a> {
    /// The whole, which references lead into.
    root: &'a Value,
    here: &'a Value,
    depth: usize,
    steps: &'a Cell<usize>,
}

impl<'a> Part<'a> {
    /// Another part of the same schema, one step on; `None` if that is too deep.
    fn at(self, here: &'a Value) -> Option<Self> {
        self.steps.set(self.steps.get() + 1);
        let on = self.depth < MAX_DEPTH && self.steps.get() <= MAX_STEPS;
        on.then_some(Self { here, depth: self.depth + 1, ..self })
    }

    /// What `$ref` leads to. An address outside the schema leads nowhere.
    fn referred(self) -> Option<Self> {
        let path = self.here.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.at(self.root.pointer(path)?)
    }

    /// The parts that the keyword `name` lists.
    fn list(self, name: &str) -> impl Iterator<Item = Self> {
        let all = self.here.get(name).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(move |part| self.at(part))
    }

    /// Whether null is one of its values.
    fn takes_null(self) -> bool {
        types(self.here).contains(&"null")
            || self.referred().is_some_and(Self::takes_null)
            || self.list("anyOf").chain(self.list("oneOf")).any(Self::takes_null)
    }
}

/// Parses `arguments` and fits them to `schema`. The error is the rest of a sentence for the
/// responder: what is wrong and what would be right.
pub(crate) fn fit(schema: &Value, arguments: &str) -> Result<Value, String> {
    let text = arguments.trim();
    if text.len() > MAX_TEXT {
        return Err(format!("the arguments are longer than {MAX_TEXT} bytes"));
    }
    let steps = Cell::new(0);
    let whole = Part { root: schema, here: schema, depth: 0, steps: &steps };
    // Several services send an empty text for "no arguments".
    if text.is_empty() {
        return fit_value(whole, Value::Object(Map::new()), "the arguments");
    }
    let value =
        serde_json::from_str(text).map_err(|e| format!("the arguments are no JSON ({e})"))?;
    fit_value(whole, value, "the arguments")
}

fn fit_value(part: Part<'_>, value: Value, name: &str) -> Result<Value, String> {
    let schema = part.here;
    let value = match part.referred() {
        Some(referred) => fit_value(referred, value, name)?,
        None => value,
    };
    let value = part.list("allOf").try_fold(value, |value, all| fit_value(all, value, name))?;
    let value = fit_any(part, "anyOf", value, name)?;
    let value = fit_any(part, "oneOf", value, name)?;
    let types = types(schema);
    let value = if types.is_empty() || types.iter().any(|kind| is(kind, &value)) {
        value
    } else {
        fix(&types, value).map_err(|value| {
            format!("{name} must be {}, not {}", expectation(schema, &types), brief(&value))
        })?
    };
    let value = match value {
        Value::Object(map) => fit_object(part, map, name)?,
        Value::Array(list) => match schema.get("items").and_then(|items| part.at(items)) {
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

/// Fits `value` to one of the forms that `keyword` lists: the first that it has as it is, else the
/// first that it can be fixed to.
fn fit_any(part: Part<'_>, keyword: &str, value: Value, name: &str) -> Result<Value, String> {
    let (mut fixed, mut problems) = (None, Vec::new());
    for form in part.list(keyword) {
        match fit_value(form, value.clone(), name) {
            Ok(fitted) if fitted == value => return Ok(value),
            Ok(fitted) => drop(fixed.get_or_insert(fitted)),
            Err(problem) => problems.push(problem),
        }
    }
    match fixed {
        Some(fixed) => Ok(fixed),
        None if problems.is_empty() => Ok(value),
        None => {
            problems.dedup();
            problems.truncate(MAX_FORMS);
            Err(problems.join(", or "))
        }
    }
}

fn fit_object(part: Part<'_>, map: Map<String, Value>, name: &str) -> Result<Value, String> {
    let schema = part.here;
    let properties = schema.get("properties").and_then(Value::as_object);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let more = schema.get("additionalProperties");
    let closed = more == Some(&Value::Bool(false));
    let more = more.filter(|more| more.is_object()).and_then(|more| part.at(more));
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
            let value = match more {
                Some(more) => fit_value(more, value, &format!("\"{key}\""))?,
                None => value,
            };
            fitted.insert(key, value);
            continue;
        };
        let Some(property) = part.at(property) else {
            fitted.insert(key, value);
            continue;
        };
        let optional = !required.contains(&key.as_str());
        let unsaid = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        if optional && unsaid && !(value.is_null() && property.takes_null()) {
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
    let only = schema.get("const").map(std::slice::from_ref);
    let choices = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice).or(only);
    let Some(choices) = choices else { return Ok(value) };
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
        Value::Array(list) => (Some(list.len() as f64), bound("minItems"), bound("maxItems")),
        Value::Null | Value::Bool(_) | Value::Object(_) => (None, None, None),
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
fn fix(types: &[&str], value: Value) -> Result<Value, Value> {
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
    } else if types.contains(&"array") {
        ("minItems", "maxItems", " entries")
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

    /// As pydantic and zod write them.
    fn nested() -> Value {
        json!({
            "type": "object",
            "$defs": {
                "Unit": {"enum": ["metric", "us"], "type": "string"},
                "Tree": {
                    "type": "object",
                    "properties": {
                        "size": {"type": "integer"},
                        "leaves": {"type": "array", "items": {"$ref": "#/$defs/Tree"}, "maxItems": 2},
                    },
                    "required": ["size"],
                },
                "Loop": {"anyOf": [{"$ref": "#/$defs/Loop"}, {"$ref": "#/$defs/Loop"}, {"$ref": "#/$defs/Loop"}]},
            },
            "properties": {
                "unit": {"anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}], "default": null},
                "tree": {"$ref": "#/$defs/Tree"},
                "when": {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 5}]},
                "kind": {"const": "file"},
                "both": {"allOf": [{"type": "integer"}, {"maximum": 9}]},
                "loop": {"$ref": "#/$defs/Loop"},
                "far": {"$ref": "https://example.org/schema"},
                "tags": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
        })
    }

    #[test]
    fn references_and_alternatives_are_followed() {
        let text = r#"{"unit":null,"tree":{"size":1,"leaves":[{"size":2}]},"when":"later","loop":1,"far":2}"#;
        assert_eq!(fit(&nested(), text), Ok(serde_json::from_str(text).unwrap()));
        for (text, want) in [
            (r#"{"unit":"US"}"#, json!({"unit": "us"})),
            (r#"{"unit":""}"#, json!({})),
            (
                r#"{"tree":{"size":"3","leaves":[{"size":4.0}]}}"#,
                json!({"tree": {"size": 3, "leaves": [{"size": 4}]}}),
            ),
            (r#"{"tree":"{\"size\":3}"}"#, json!({"tree": {"size": 3}})),
            (r#"{"when":"12"}"#, json!({"when": 12})),
            (r#"{"both":"7"}"#, json!({"both": 7})),
            (r#"{"tags":{"a":"1"}}"#, json!({"tags": {"a": 1}})),
        ] {
            assert_eq!(fit(&nested(), text), Ok(want), "{text}");
        }
        for (text, want) in [
            (r#"{"unit":"feet"}"#, "\"unit\" must be one of \"metric\", \"us\", not \"feet\""),
            (r#"{"tree":{}}"#, "\"size\" is missing"),
            (
                r#"{"tree":{"size":1,"leaves":[{"size":2,"leaves":[{"size":"x"}]}]}}"#,
                "must be a whole number",
            ),
            (r#"{"tree":{"size":1,"leaves":[{},{},{}]}}"#, "\"size\" is missing"),
            (
                r#"{"when":"soon"}"#,
                "\"when\" must be a whole number of at least 0, not \"soon\", or \"when\" must be a text of at least 5 characters",
            ),
            (r#"{"kind":"folder"}"#, "must be one of \"file\""),
            (r#"{"both":10}"#, "not 10"),
            (r#"{"tags":{"a":"x"}}"#, "\"a\" must be a whole number"),
        ] {
            let error = fit(&nested(), text).unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
        }
        let three = r#"{"tree":{"size":1,"leaves":[{"size":1},{"size":1},{"size":1}]}}"#;
        let error = fit(&nested(), three).unwrap_err();
        assert!(error.contains("a list of at most 2 entries"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = fit(&volume(), &text);
        }
    }
}
