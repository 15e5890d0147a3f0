/// A part of aloud that the configuration already has words for. Whoever builds one turns its line
/// in [`Feature::built`]; the refusals go, and nothing else has to change here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// One session that hears and speaks: `[partner] kind = "realtime"` and `[realtime]`.
    Realtime,
    /// A chat model that takes sound: `[partner] kind = "audio-chat"`.
    AudioChat,
    /// A wake word that opens the ear: `[listen] mode = "wake"`.
    WakeWord,
    /// Providers of kind `openai`.
    OpenAi,
    /// Providers of kind `azure`.
    Azure,
    /// Providers of kind `compatible` for `[cascade] chat`: Ollama, llama-server and their like.
    Compatible,
    /// The same for `[cascade] transcribe` and `speak`.
    CompatibleSpeech,
}

impl Feature {
    /// Whether this program has it.
    pub const fn built(self) -> bool {
        match self {
            Self::Realtime
            | Self::AudioChat
            | Self::WakeWord
            | Self::OpenAi
            | Self::Azure
            | Self::CompatibleSpeech => false,
            Self::Compatible => true,
        }
    }
}
