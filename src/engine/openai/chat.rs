use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::http::ErrorBody;
use super::{Events, Http};
use crate::base::{CallId, Flow};
use crate::dialog::{Call, Item, Prompt};
use crate::engine::{Delta, EngineError, Responder};

/// A model behind `/chat/completions`, streamed.
#[derive(Clone, Debug)]
pub struct Chat {
    http: Http,
    model: String,
}

impl Chat {
    /// The model `model` of a provider.
    pub fn new(http: Http, model: &str) -> Self {
        Self { http, model: model.to_owned() }
    }
}

impl Responder for Chat {
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        let body = request(&self.model, &prompt);
        let http = self.http.clone();
        Box::pin(async_stream::stream! {
            let mut response = match http.post("chat/completions", &body).await {
                Ok(response) => response,
                Err(error) => {
                    yield Err(error);
                    return;
                }
            };
            let broken = |why: &str| {
                EngineError::Broken(format!("provider {} broke off: {why}; ask again", http.name()))
            };
            let mut events = Events::default();
            let mut reply = Reply::default();
            let mut ready = Vec::new();
            loop {
                let end = match response.chunk().await {
                    Ok(Some(bytes)) => events.push(&bytes, &mut ready).map(|()| false),
                    Ok(None) => events.finish(&mut ready).map(|()| true),
                    Err(_) => {
                        yield Err(broken("the connection was lost"));
                        return;
                    }
                };
                for event in ready.drain(..) {
                    match reply.take(&event) {
                        Ok(Some(text)) => yield Ok(Delta::Text(text)),
                        Ok(None) => {}
                        Err(why) => {
                            yield Err(broken(&why));
                            return;
                        }
                    }
                }
                match end {
                    Ok(_) if reply.done => break,
                    Ok(true) if reply.finished => break,
                    Ok(true) => {
                        yield Err(broken("the answer is not complete"));
                        return;
                    }
                    Ok(false) => {}
                    Err(error) => {
                        yield Err(broken(&error.to_string()));
                        return;
                    }
                }
            }
            for call in reply.calls() {
                yield Ok(Delta::Call(call));
            }
        })
    }
}

/// The body of a request.
fn request(model: &str, prompt: &Prompt) -> Value {
    let mut messages = vec![json!({ "role": "system", "content": &*prompt.instructions })];
    for item in &prompt.items {
        match item {
            Item::User { text, .. } => messages.push(json!({ "role": "user", "content": text })),
            Item::Reply { text, .. } | Item::Notice { text } => {
                messages.push(json!({ "role": "assistant", "content": text }));
            }
            Item::Call { call, .. } => {
                let tool_call = json!({
                    "id": call.id.0,
                    "type": "function",
                    "function": { "name": call.name, "arguments": call.arguments },
                });
                // Calls made at once stand in one message, before all of their outcomes.
                let open =
                    messages.last_mut().and_then(|message| message["tool_calls"].as_array_mut());
                match open {
                    Some(calls) => calls.push(tool_call),
                    None => {
                        messages.push(json!({ "role": "assistant", "tool_calls": [tool_call] }))
                    }
                }
            }
            Item::Outcome(outcome) => messages.push(json!({
                "role": "tool",
                "tool_call_id": outcome.id.0,
                "content": outcome.output,
            })),
        }
    }
    let mut body = json!({ "model": model, "messages": messages, "stream": true });
    if !prompt.tools.is_empty() {
        let tools: Vec<Value> = prompt
            .tools
            .iter()
            .map(|tool| {
                json!({ "type": "function", "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                }})
            })
            .collect();
        body["tools"] = Value::Array(tools);
    }
    body
}

/// A reply as its chunks come in.
#[derive(Debug, Default)]
struct Reply {
    calls: BTreeMap<u64, Call>,
    /// A finish reason was seen.
    finished: bool,
    /// The end mark was seen.
    done: bool,
}

impl Reply {
    /// Takes one event; returns the words in it.
    fn take(&mut self, event: &str) -> Result<Option<String>, String> {
        if event.trim() == "[DONE]" {
            self.done = true;
            return Ok(None);
        }
        let chunk: Value = serde_json::from_str(event)
            .map_err(|_| "it sent something that is no JSON".to_owned())?;
        if !chunk["error"].is_null() {
            return Err(format!("it reports an error{}", ErrorBody::of(&chunk).words()));
        }
        let choice = &chunk["choices"][0];
        self.finished |= choice["finish_reason"].is_string();
        if choice["finish_reason"] == "content_filter" {
            return Err("its content filter cut the answer".to_owned());
        }
        let delta = &choice["delta"];
        for part in delta["tool_calls"].as_array().into_iter().flatten() {
            let index = part["index"].as_u64().unwrap_or(self.calls.len() as u64);
            let call = self.calls.entry(index).or_insert_with(|| Call {
                id: CallId(format!("call_{index}")),
                name: String::new(),
                arguments: String::new(),
            });
            if let Some(id) = part["id"].as_str().filter(|id| !id.is_empty()) {
                call.id = CallId(id.to_owned());
            }
            call.name.push_str(part["function"]["name"].as_str().unwrap_or_default());
            call.arguments.push_str(part["function"]["arguments"].as_str().unwrap_or_default());
        }
        let words = delta["content"].as_str().or_else(|| delta["refusal"].as_str());
        Ok(words.filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// The calls, in the order in which they were begun.
    fn calls(self) -> impl Iterator<Item = Call> {
        self.calls.into_values().map(|mut call| {
            if call.arguments.trim().is_empty() {
                call.arguments = "{}".to_owned();
            }
            call
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Epoch;
    use crate::dialog::Outcome;

    #[test]
    fn fragments_of_two_calls_are_put_together_by_index() {
        let mut reply = Reply::default();
        for event in [
            r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_time","arguments":""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"set_timer","arguments":"{\"sec"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"onds\":60}"}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
            r#"{"choices":[],"usage":{"total_tokens":9}}"#,
            "[DONE]",
        ] {
            assert_eq!(reply.take(event), Ok(None));
        }
        assert!(reply.done && reply.finished);
        let call = |id: &str, name: &str, arguments: &str| Call {
            id: CallId(id.into()),
            name: name.into(),
            arguments: arguments.into(),
        };
        let calls: Vec<Call> = reply.calls().collect();
        assert_eq!(
            calls,
            [call("a", "get_time", "{}"), call("b", "set_timer", r#"{"seconds":60}"#)]
        );
    }

    #[test]
    fn an_error_inside_the_stream_is_told_with_its_words() {
        let error = Reply::default().take(r#"{"error":{"message":"out of memory.","code":null}}"#);
        assert_eq!(error, Err("it reports an error: \"out of memory\"".to_owned()));
    }

    #[test]
    fn the_history_becomes_messages_in_which_every_call_has_its_result() {
        let call = |id: &str| Item::Call {
            epoch: Epoch(1),
            call: Call { id: CallId(id.into()), name: "get_time".into(), arguments: "{}".into() },
        };
        let outcome = |id: &str| {
            Item::Outcome(Outcome {
                id: CallId(id.into()),
                output: "9".into(),
                say: "9".into(),
                ok: true,
            })
        };
        let prompt = Prompt {
            instructions: "Be brief.".into(),
            items: vec![
                Item::User { utterance: None, text: "time?".into() },
                call("a"),
                call("b"),
                outcome("a"),
                outcome("b"),
                Item::Reply { epoch: Epoch(1), text: "It is 9.".into(), interrupted: false },
            ],
            tools: [].into(),
        };
        let body = request("m", &prompt);
        let roles: Vec<&str> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["role"].as_str().unwrap())
            .collect();
        assert_eq!(roles, ["system", "user", "assistant", "tool", "tool", "assistant"]);
        assert_eq!(body["messages"][2]["tool_calls"][1]["id"], "b");
        assert_eq!(body["messages"][4]["tool_call_id"], "b");
        assert_eq!(body.get("tools"), None);
    }
}
