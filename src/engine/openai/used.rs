//! What a request used, in the terms of every endpoint, and what is left of the account's limits.

use serde_json::Value;

use super::http::Http;
use crate::engine::Usage;

/// Reads a `usage` object: of chat, Responses, transcription, pictures or realtime. Missing numbers
/// count as zero.
pub(super) fn usage(told: &Value) -> Usage {
    let mut usage = Usage::request();
    if told["type"] == "duration" {
        usage.seconds_in = told["seconds"].as_f64().unwrap_or(0.0).max(0.0);
        return usage;
    }
    let count =
        |of: &Value, names: &[&str]| names.iter().find_map(|name| of[*name].as_u64()).unwrap_or(0);
    let part = |names: &[&str]| {
        names.iter().map(|name| &told[*name]).find(|part| part.is_object()).unwrap_or(&Value::Null)
    };
    let read = part(&["prompt_tokens_details", "input_tokens_details", "input_token_details"]);
    let written =
        part(&["completion_tokens_details", "output_tokens_details", "output_token_details"]);
    let all_in = count(told, &["prompt_tokens", "input_tokens"]);
    let all_out = count(told, &["completion_tokens", "output_tokens"]);
    let cached = &read["cached_tokens_details"];
    let fresh = |kind: &str| count(read, &[kind]).saturating_sub(count(cached, &[kind]));
    usage.cached_in = count(read, &["cached_tokens"]);
    usage.audio_in = fresh("audio_tokens");
    usage.image_in = fresh("image_tokens");
    let text = all_in.saturating_sub(usage.cached_in + usage.audio_in + usage.image_in);
    // A server may report only the parts.
    usage.text_in = if all_in > 0 { text } else { fresh("text_tokens") };
    usage.audio_out = count(written, &["audio_tokens"]);
    usage.image_out = count(written, &["image_tokens"]);
    let text = all_out.saturating_sub(usage.audio_out + usage.image_out);
    usage.text_out = if all_out > 0 { text } else { count(written, &["text_tokens"]) };
    usage
}

/// An accepted request, counted on drop with the usage known by then. A reply that is cut short
/// reports no usage, and counts as a mere request.
pub(super) struct Tab<'a> {
    http: &'a Http,
    model: &'a str,
    usage: Usage,
}

impl<'a> Tab<'a> {
    pub(super) fn new(http: &'a Http, model: &'a str) -> Self {
        Self { http, model, usage: Usage::request() }
    }

    /// Takes the `usage` object of the reply, if there is one.
    pub(super) fn told(&mut self, value: &Value) {
        if value.is_object() {
            self.usage = usage(value);
        }
    }

    /// Usage that is known without a report.
    pub(super) fn known(&mut self) -> &mut Usage {
        &mut self.usage
    }
}

impl Drop for Tab<'_> {
    fn drop(&mut self) {
        self.http.count(self.model, self.usage);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_call_tells_its_use_in_its_own_words() {
        let chat = json!({
            "prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130,
            "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 6},
            "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 4},
        });
        let wanted = Usage {
            requests: 1,
            text_in: 30,
            audio_in: 6,
            cached_in: 64,
            text_out: 26,
            audio_out: 4,
            ..Usage::default()
        };
        assert_eq!(usage(&chat), wanted);
        let responses = json!({
            "input_tokens": 36, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 8,
        });
        let plain = |text_in, text_out| Usage { text_in, text_out, ..Usage::request() };
        assert_eq!(usage(&responses), plain(36, 8));
        let heard = json!({
            "type": "tokens", "input_tokens": 14, "output_tokens": 5,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
        });
        assert_eq!(usage(&heard), Usage { audio_in: 14, text_out: 5, ..Usage::request() });
        let timed = json!({"type": "duration", "seconds": 3.5});
        assert_eq!(usage(&timed), Usage { seconds_in: 3.5, ..Usage::request() });
        let painted = json!({
            "input_tokens": 50, "output_tokens": 1_000,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens_details": {"image_tokens": 1_000, "text_tokens": 0},
        });
        let wanted = Usage { text_in: 10, image_in: 40, image_out: 1_000, ..Usage::request() };
        assert_eq!(usage(&painted), wanted);
        let realtime = json!({
            "input_tokens": 120, "output_tokens": 60,
            "input_token_details": {
                "text_tokens": 70, "audio_tokens": 50, "cached_tokens": 60,
                "cached_tokens_details": {"text_tokens": 40, "audio_tokens": 20},
            },
            "output_token_details": {"text_tokens": 15, "audio_tokens": 45},
        });
        let wanted = Usage {
            requests: 1,
            text_in: 30,
            audio_in: 30,
            cached_in: 60,
            text_out: 15,
            audio_out: 45,
            ..Usage::default()
        };
        assert_eq!(usage(&realtime), wanted);
        assert_eq!(
            usage(&json!({"prompt_tokens": -1, "completion_tokens": "x"})),
            Usage::request()
        );
    }
}
