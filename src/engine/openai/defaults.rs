//! The models used if none is configured: the only place that names a vendor's models. They are
//! retired one after the other (`aloud models --remote` says when), so each can be set in the
//! configuration.

/// Text to text.
pub const CHAT: &str = "gpt-6-luna";
/// Speech to text.
pub const TRANSCRIBE: &str = "gpt-transcribe";
/// Text to speech.
pub const SPEAK: &str = "gpt-4o-mini-tts";
/// The day on which it is retired, with all others of its kind (the vendor's deprecations page).
pub const SPEAK_ENDS: jiff::civil::Date = jiff::civil::date(2027, 1, 6);
/// The voice from then on: a realtime model that reads aloud, the vendor's named replacement.
pub const READ: &str = "gpt-realtime-2.1-mini";
/// Speech to speech, over a websocket.
pub const REALTIME: &str = "gpt-realtime-2.1";
/// Speech to text, while it is spoken.
pub const LIVE: &str = "gpt-live-transcribe";
/// Models that take sound only in a session, and transcribe as it arrives.
pub const LIVE_ONLY: [&str; 2] = [LIVE, "gpt-realtime-whisper"];
/// Speech to speech, one request per turn.
pub const AUDIO_CHAT: &str = "gpt-audio-1.5";
/// Pictures.
pub const IMAGE: &str = "gpt-image-2.6-flare";
/// The base for fine-tuning; the vendor offers it for no newer model (deprecations page).
pub const TUNE: &str = "gpt-4.1-mini-2025-04-14";
/// The day from which the vendor takes no new fine-tuning jobs.
pub const TUNING_ENDS: jiff::civil::Date = jiff::civil::date(2027, 1, 6);
/// The day on which [`TUNE`] is retired, with every model fine-tuned from it.
pub const TUNE_ENDS: jiff::civil::Date = jiff::civil::date(2027, 1, 14);
/// A voice that all speaking models have.
pub const VOICE: &str = "alloy";
/// Voices that only the models of [`SPEAK`]'s kind have.
pub const SPEAK_ONLY: [&str; 3] = ["nova", "fable", "onyx"];
/// Base models, fine-tuned with pairs of prompt and completion.
pub const PAIRS: [&str; 2] = ["davinci-002", "babbage-002"];

/// Whether the model `name` is a realtime model that can read sentences aloud: it takes them in a
/// session, not at the speech endpoint.
pub fn reads(name: &str) -> bool {
    let writes = ["whisper", "transcribe", "tts", "translate"];
    name.contains("realtime") && !writes.iter().any(|kind| name.contains(kind))
}
