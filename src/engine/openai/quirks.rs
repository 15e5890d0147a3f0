//! What differs between models, in one table per job. A model without a row is an ordinary one.

/// How to ask a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quirks {
    /// Where the instructions go.
    pub(super) instructions: Instructions,
    /// Whether it takes `temperature` and the other sampling parameters.
    pub(super) sampling: bool,
    /// Whether it can stream its answer.
    pub(super) streams: bool,
    /// Whether it only supports chat completions.
    pub(super) chat_only: bool,
    /// Whether it takes tools.
    pub(super) tools: bool,
    /// Whether it reasons first: takes `reasoning_effort`, and only `max_completion_tokens`.
    pub(super) reasons: bool,
    /// Whether it continues a text instead of answering: the completions endpoint.
    pub(super) completes: bool,
    /// Whether it was trained on pairs of prompt and completion, and knows no dialogue.
    pub(super) tuned_pairs: bool,
    /// Whether it searches the web by itself, in the chat protocol.
    pub(super) searches: bool,
}

/// Where the instructions of a prompt go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instructions {
    /// A message of role `system`.
    System,
    /// A message of role `developer`.
    Developer,
    /// At the start of the first user message: the model takes neither role.
    Folded,
}

const ORDINARY: Quirks = Quirks {
    instructions: Instructions::System,
    sampling: true,
    streams: true,
    chat_only: false,
    tools: true,
    reasons: false,
    completes: false,
    tuned_pairs: false,
    searches: false,
};

const REASONING: Quirks =
    Quirks { instructions: Instructions::Developer, sampling: false, reasons: true, ..ORDINARY };

/// Rows of (name prefix, name suffix, quirks); the first match counts. From the vendor's model
/// pages as of November 2026.
const TABLE: [(&str, &str, Quirks); 23] = [
    ("o1-mini", "", BARE),
    ("o1-preview", "", BARE),
    ("o1-pro", "", Quirks { streams: false, ..REASONING }),
    ("gpt-", "search-preview", SEARCHING),
    ("gpt-5-search-api", "", SEARCHING),
    ("gpt-5-chat", "", ORDINARY),
    ("o1", "", REASONING),
    ("o3", "", REASONING),
    ("o4", "", REASONING),
    ("gpt-5", "", REASONING),
    ("gpt-6", "", REASONING),
    ("codex-", "", REASONING),
    ("gpt-3.5-turbo-instruct", "", Quirks { completes: true, tools: false, ..ORDINARY }),
    ("davinci-002", "", COMPLETING),
    ("babbage-002", "", COMPLETING),
    ("text-davinci", "", COMPLETING),
    ("davinci", "", COMPLETING),
    ("curie", "", COMPLETING),
    ("babbage", "", COMPLETING),
    ("ada", "", COMPLETING),
    ("gpt-audio", "", ORDINARY),
    ("gpt-4", "", ORDINARY),
    ("gpt-3.5", "", ORDINARY),
];

/// The first reasoning models: text in, text out, and nothing else.
const BARE: Quirks =
    Quirks { instructions: Instructions::Folded, tools: false, chat_only: true, ..REASONING };

const SEARCHING: Quirks = Quirks { sampling: false, tools: false, searches: true, ..ORDINARY };

const COMPLETING: Quirks = Quirks { completes: true, tuned_pairs: true, tools: false, ..ORDINARY };

impl Quirks {
    /// The quirks of `model`, fine-tuned or not, with or without a gateway's prefix.
    pub(super) fn of(model: &str) -> Self {
        let base = base(model);
        // A dated name means the same model: gpt-4o-search-preview-2025-03-11.
        let undated = base.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        TABLE
            .iter()
            .find(|(begins, ends, _)| base.starts_with(begins) && undated.ends_with(ends))
            .map_or(ORDINARY, |(_, _, quirks)| *quirks)
    }
}

/// How to ask a transcription model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TranscriptionQuirks {
    /// Whether it takes `stream`. Others may refuse it, and for a short utterance it makes no
    /// difference.
    pub(super) streams: bool,
    /// Whether it takes `prompt`.
    pub(super) prompt: bool,
    /// Whether it takes `languages` and `keywords`.
    pub(super) hints: bool,
    /// The format in which it reports times.
    pub(super) times: Times,
}

/// The format in which a model reports times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// No times.
    Untold,
    /// `verbose_json`: segments.
    Verbose,
    /// `diarized_json`: segments with their speakers.
    Diarized,
}

const WRITING: TranscriptionQuirks =
    TranscriptionQuirks { streams: false, prompt: true, hints: false, times: Times::Untold };

/// Rows of (part of the name, quirks); the first match counts.
const EARS: [(&str, TranscriptionQuirks); 4] = [
    (
        "transcribe-diarize",
        TranscriptionQuirks { streams: true, prompt: false, hints: false, times: Times::Diarized },
    ),
    ("gpt-transcribe", TranscriptionQuirks { streams: true, hints: true, ..WRITING }),
    ("-transcribe", TranscriptionQuirks { streams: true, ..WRITING }),
    ("whisper", TranscriptionQuirks { times: Times::Verbose, ..WRITING }),
];

impl TranscriptionQuirks {
    /// The quirks of `model`.
    pub(super) fn of(model: &str) -> Self {
        EARS.iter().find(|(part, _)| model.contains(part)).map_or(WRITING, |(_, quirks)| *quirks)
    }
}

/// Whether the speech model `model` takes instructions on how to speak.
pub(super) fn takes_instructions(model: &str) -> bool {
    !base(model).starts_with("tts-1")
}

/// The base model of `model`: `ft:BASE:…` and the older `BASE:ft-…` are fine-tuned, and gateways
/// prepend the maker's name and a slash.
fn base(model: &str) -> &str {
    let model = model.rsplit('/').next().unwrap_or(model);
    match model.strip_prefix("ft:") {
        Some(rest) => rest.split(':').next().unwrap_or(rest),
        None => model.split_once(":ft").map_or(model, |(base, _)| base),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_old_and_new_find_their_row() {
        for folded in ["o1-mini", "o1-mini-2024-09-12", "o1-preview"] {
            assert_eq!(Quirks::of(folded), BARE, "{folded}");
        }
        assert!(!Quirks::of("o1-pro-2025-03-19").streams);
        for developer in ["o1", "o3-mini", "gpt-5", "gpt-6-luna", "openai/gpt-6.1-sol"] {
            assert_eq!(Quirks::of(developer), REASONING, "{developer}");
        }
        for ordinary in ["gpt-4o", "gpt-4.1-mini", "llama3.2:1b", "ft:gpt-4o-mini:acme::7p4", "x"] {
            assert_eq!(Quirks::of(ordinary), ORDINARY, "{ordinary}");
        }
        for search in ["gpt-4o-search-preview", "gpt-4o-mini-search-preview-2025-03-11"] {
            assert_eq!(Quirks::of(search), SEARCHING, "{search}");
        }
        for pairs in
            ["davinci:ft-personal-2023-05-05-15-39-01", "ft:babbage-002:acme::7p4", "davinci-002"]
        {
            assert_eq!(Quirks::of(pairs), COMPLETING, "{pairs}");
        }
        let instruct = Quirks::of("gpt-3.5-turbo-instruct");
        assert!(instruct.completes && !instruct.tuned_pairs);
    }

    #[test]
    fn models_that_listen_and_speak_are_known_by_a_part_of_their_name() {
        assert!(TranscriptionQuirks::of("gpt-transcribe").hints);
        assert!(TranscriptionQuirks::of("gpt-4o-mini-transcribe-2025-12-15").streams);
        assert_eq!(TranscriptionQuirks::of("gpt-4o-transcribe-diarize").times, Times::Diarized);
        for whisper in ["whisper-1", "Systran/faster-whisper-small", "whisper-large-v3"] {
            let quirks = TranscriptionQuirks::of(whisper);
            assert!(quirks.times == Times::Verbose && !quirks.streams, "{whisper}");
        }
        assert_eq!(TranscriptionQuirks::of("parakeet"), WRITING);
        assert!(!takes_instructions("tts-1-hd") && takes_instructions("gpt-4o-mini-tts"));
    }
}
