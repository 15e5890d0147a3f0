//! Stress marks in phoneme strings (`lexicon.py`, after misaki).

pub(super) const PRIMARY: char = 'ˈ';
pub(super) const SECONDARY: char = 'ˌ';

/// How to stress a word: as in the lexicon unless told otherwise. Half steps as in the original: -2
/// removes all marks, -1 and -0.5 weaken, 0.5 and 1 give an unstressed word a secondary mark, 2 a
/// primary one.
pub(super) type Stress = Option<f32>;

pub(super) fn is_vowel(c: char) -> bool {
    "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ".contains(c)
}

pub(super) fn is_consonant(c: char) -> bool {
    "bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ".contains(c)
}

/// The duration weight of phonemes, for choosing which of two words keeps its stress.
pub(super) fn weight(phonemes: &str) -> usize {
    phonemes.chars().map(|c| if "AIOQWYʤʧ".contains(c) { 2 } else { 1 }).sum()
}

/// Gives `phonemes` the requested stress.
pub(super) fn stressed(phonemes: &str, stress: Stress) -> String {
    let Some(stress) = stress else { return phonemes.to_owned() };
    let primary = phonemes.contains(PRIMARY);
    let secondary = phonemes.contains(SECONDARY);
    let any_vowel = phonemes.chars().any(is_vowel);
    if stress < -1.0 {
        phonemes.replace([PRIMARY, SECONDARY], "")
    } else if stress == -1.0 || ((stress == 0.0 || stress == -0.5) && primary) {
        phonemes.replace(SECONDARY, "").replace(PRIMARY, "ˌ")
    } else if (0.0..=1.0).contains(&stress) && !primary && !secondary {
        if any_vowel { before_vowel(SECONDARY, phonemes) } else { phonemes.to_owned() }
    } else if stress >= 1.0 && !primary && secondary {
        phonemes.replace(SECONDARY, "ˈ")
    } else if stress > 1.0 && !primary && !secondary && any_vowel {
        before_vowel(PRIMARY, phonemes)
    } else {
        phonemes.to_owned()
    }
}

/// Puts a mark before the first vowel.
fn before_vowel(mark: char, phonemes: &str) -> String {
    let at = phonemes.find(is_vowel).unwrap_or(0);
    let (onset, rest) = phonemes.split_at(at);
    format!("{onset}{mark}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stress_moves_as_in_the_original() {
        for (phonemes, stress, expected) in [
            ("kˈæt", None, "kˈæt"),
            ("kˈætəlˌɑɡ", Some(-2.0), "kætəlɑɡ"),
            ("kˈætəlˌɑɡ", Some(-0.5), "kˌætəlɑɡ"),
            ("kˈætəlˌɑɡ", Some(0.0), "kˌætəlɑɡ"),
            ("kæt", Some(0.5), "kˌæt"),
            ("kæt", Some(-0.5), "kæt"),
            ("strˌæt", Some(2.0), "strˈæt"),
            ("stræt", Some(2.0), "strˈæt"),
            ("s", Some(2.0), "s"),
            ("kˈæt", Some(0.5), "kˈæt"),
        ] {
            assert_eq!(stressed(phonemes, stress), expected, "{phonemes} {stress:?}");
        }
        assert_eq!(weight("kˈAk"), 5);
    }
}
