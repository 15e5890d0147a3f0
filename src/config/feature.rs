/// A part of aloud that the configuration already has words for. Whoever builds one turns its line
/// in [`Feature::built`]; the refusals go, and nothing else has to change here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// A wake word that opens the ear: `[listen] mode = "wake"`.
    WakeWord,
}

impl Feature {
    /// Whether this program has it.
    pub const fn built(self) -> bool {
        match self {
            Self::WakeWord => true,
        }
    }
}
