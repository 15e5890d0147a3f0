//! Interprets servers' messages. Most refusals have no code, and every server words them
//! differently, so this is the only place that looks at the text of a message. Every phrase is as
//! its server writes it, in lower case.

/// The conversation does not fit into the model's context.
const TOO_LONG: [&str; 18] = [
    // llama.cpp: "the request exceeds the available context size".
    "exceed_context_size",
    "context size",
    // OpenAI and vLLM: "This model's maximum context length is 8192 tokens".
    "context_length_exceeded",
    "context length",
    "context_window",
    "context window",
    "maximum context",
    "exceeds the context",
    "reduce the length",
    // Anthropic, through gateways.
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "conversation is too long",
    // Google: "The input token count (9000) exceeds the maximum number of tokens allowed".
    "input token count",
    "maximum number of tokens",
    "too many tokens",
    "too many input tokens",
    "token limit",
];

/// The server lacks the endpoint.
const NO_SUCH_CALL: [&str; 13] = [
    "unknown endpoint",
    "unexpected endpoint",
    "unsupported endpoint",
    "no such endpoint",
    "invalid endpoint",
    "endpoint not found",
    "endpoint is not supported",
    "not implemented",
    "unknown path",
    "unknown route",
    "route not found",
    "no route",
    "invalid url",
];

/// The model, or the server as started, takes no tools.
const NO_TOOLS: [&str; 13] = [
    // Ollama: "x does not support tools".
    "not support tool",
    "not support function",
    "not supported tool",
    // llama.cpp: "tools param requires --jinja flag".
    "requires --jinja",
    // vLLM: "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser".
    "enable-auto-tool-choice",
    "tool-call-parser",
    // OpenRouter: "No endpoints found that support tool use".
    "support tool use",
    "support tool calling",
    "tool calling is not",
    "tools is not supported",
    "tools are not supported",
    "function calling is not",
    "tool use is not",
];

/// User and assistant must alternate.
const TURNS: [&str; 12] = [
    "must alternate",
    "roles alternate",
    "should alternate",
    "alternating",
    "alternate between",
    "in a row",
    "consecutive",
    "unexpected role",
    "expected last role",
    "first message must",
    "must start with a user",
    "should start with a user",
];

/// The model takes no instructions as a message of their own.
const NO_SYSTEM: [&str; 9] = [
    "system role not supported",
    "system role is not supported",
    "system role",
    "system message",
    "system prompt",
    "'system'",
    "\"system\"",
    "developer instruction",
    "developer role",
];

fn any(message: &str, phrases: &[&str]) -> bool {
    let message = message.to_lowercase();
    phrases.iter().any(|phrase| message.contains(phrase))
}

/// Whether the conversation is too long for the model.
pub(super) fn too_long(message: &str) -> bool {
    // A requested reply length beyond the context is another matter.
    any(message, &TOO_LONG) && !reply_too_long(message)
}

/// Whether the requested reply length is too long.
pub(super) fn reply_too_long(message: &str) -> bool {
    any(message, &["max_tokens", "max_completion_tokens", "max_output_tokens"])
        && any(message, &["too large", "at most", "must be less", "exceeds the limit"])
        && !any(message, &["in the messages"])
}

/// Whether the server lacks the endpoint.
pub(super) fn no_such_call(message: &str) -> bool {
    any(message, &NO_SUCH_CALL)
}

/// Whether the model takes no tools.
pub(super) fn no_tools(message: &str) -> bool {
    any(message, &NO_TOOLS)
}

/// Whether the model cannot take this kind of input at all: llama-server says so with a 500.
pub(super) fn unsupported(message: &str) -> bool {
    any(message, &["input is not supported", "does not support audio", "does not support image"])
}

/// Whether user and assistant must alternate.
pub(super) fn turns(message: &str) -> bool {
    any(message, &TURNS)
}

/// Whether the model takes no instructions as a message of their own.
pub(super) fn no_system(message: &str) -> bool {
    any(message, &NO_SYSTEM)
}

/// Whether a model that hears and speaks requires sound on at least one side.
pub(super) fn wants_sound(message: &str) -> bool {
    any(message, &["contain audio", "requires audio", "audio modality"])
}

/// Whether `message` names the parameter `key`: in quotes or backticks, or plainly if the name is
/// not an English word.
pub(super) fn names(message: &str, key: &str) -> bool {
    let message = message.to_lowercase();
    // Words that sentences use in another sense.
    let plain = !matches!(key, "stop" | "store" | "include" | "text" | "voice" | "audio" | "speed");
    let bounds = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    message.match_indices(key).any(|(at, found)| {
        let before = message[..at].chars().next_back();
        let after = message[at + found.len()..].chars().next();
        let quoted = before.is_some_and(|c| "'\"`".contains(c))
            || before.is_some_and(|c| c == '.') && message[..at].ends_with("body.");
        let labelled = ["parameter", "argument", "field", "property", "supplied", "key"]
            .iter()
            .any(|label| message[..at].trim_end_matches([' ', ':']).ends_with(label));
        before.is_none_or(bounds) && after.is_none_or(bounds) && (plain || quoted || labelled)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_contexts_are_known_by_anybodys_wording() {
        for full in [
            "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8900 in the messages, 100 in the completion).",
            "the request exceeds the available context size. try increasing the context size or enable context shift",
            "request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "prompt is too long: 205000 tokens > 200000 maximum",
            "Input length 9000 exceeds maximum context length of 8192.",
        ] {
            assert!(too_long(full), "{full}");
        }
        let reply = "'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's maximum context length is 4096 tokens and your request has 30 input tokens";
        assert!(!too_long(reply) && reply_too_long(reply));
        assert!(!too_long("Unsupported parameter: 'max_tokens' is not supported with this model."));
    }

    #[test]
    fn a_parameter_is_named_and_not_only_mentioned() {
        assert!(names("Unsupported value: 'temperature' does not support 0.7", "temperature"));
        assert!(names("Unrecognized request argument supplied: stop", "stop"));
        assert!(names("body.stop: extra fields not permitted", "stop"));
        assert!(!names("Please stop asking", "stop"));
        assert!(!names("stream_options is unknown", "stream"));
        assert!(names("This model does not support stream mode", "stream"));
        assert!(!names("max_tokens: too many", "tokens"));
    }
}
