/// A part of aloud that the configuration already has keys for. Whoever builds one changes its line
/// in [`Feature::built`]; the refusals then disappear without further changes.
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
