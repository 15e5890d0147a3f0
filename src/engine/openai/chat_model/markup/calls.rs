//! Reads the tool calls that models write as text.

use serde_json::Value;

use crate::base::CallId;
use crate::dialog::Call;

/// The calls in `text`, as JSON in one of its formats or in the tags of one template. Their ids are
/// empty.
pub(super) fn calls(text: &str) -> Vec<Call> {
    let text = text.trim();
    let text = match text.strip_prefix("```") {
        Some(fenced) => fenced.split_once('\n').map_or("", |(_, inside)| inside),
        None => text,
    };
    let text = text.trim().trim_end_matches("```").trim();
    if let Some(at) = text.find("<function=") {
        return text[at..].split("<function=").skip(1).filter_map(tagged).collect();
    }
    let mut values: Vec<Value> = Vec::new();
    // Models often forget the last brace.
    for end in ["", "}", "}}"] {
        let whole = format!("{text}{end}");
        values =
            serde_json::Deserializer::from_str(&whole).into_iter().map_while(Result::ok).collect();
        if !values.is_empty() {
            break;
        }
    }
    let lists = values.into_iter().map(|value| match value.as_array() {
        Some(list) => list.clone(),
        None => vec![value],
    });
    lists.flatten().filter_map(|value| of_json(&value)).collect()
}

/// `{"name": …, "arguments": …}` and variants.
fn of_json(value: &Value) -> Option<Call> {
    let function = if value["function"].is_object() { &value["function"] } else { value };
    let name =
        ["name", "function", "tool", "tool_name"].iter().find_map(|key| function[*key].as_str())?;
    let arguments = ["arguments", "parameters", "args", "input"].iter().map(|key| &function[*key]);
    let arguments = arguments.into_iter().find(|value| !value.is_null());
    let arguments = match arguments {
        None => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Some(Call { id: CallId(String::new()), name: name.to_owned(), arguments })
}

/// `NAME>{…}</function>`, or with a tag for each parameter.
fn tagged(text: &str) -> Option<Call> {
    let (name, body) = text.split_once('>')?;
    let body = body.split("</function>").next().unwrap_or(body).trim();
    let arguments = if body.contains("<parameter=") {
        let mut all = serde_json::Map::new();
        for part in body.split("<parameter=").skip(1) {
            let (key, value) = part.split_once('>')?;
            let value = value.split("</parameter>").next().unwrap_or(value).trim();
            let read =
                serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            all.insert(key.trim().to_owned(), read);
        }
        Value::Object(all).to_string()
    } else if body.is_empty() {
        "{}".to_owned()
    } else {
        body.to_owned()
    };
    Some(Call { id: CallId(String::new()), name: name.trim().to_owned(), arguments })
}
