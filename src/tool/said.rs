//! What the user's words say that the arguments do not.

/// Whether the words name the half of the day: "4:30 am", "in the evening", "noon". If not, "04:30"
/// may mean the afternoon.
pub(super) fn names_half(said: &str) -> bool {
    const HALVES: &[&str] = &[
        "am",
        "pm",
        "morning",
        "mornings",
        "afternoon",
        "afternoons",
        "evening",
        "evenings",
        "night",
        "nights",
        "tonight",
        "noon",
        "midday",
        "midnight",
        "hundred",
        "hours",
        "dawn",
        "sunrise",
        "sunset",
        "breakfast",
        "lunch",
        "dinner",
    ];
    let words = words(said);
    words.iter().enumerate().any(|(at, word)| {
        let clock = word.trim_start_matches(|c: char| c.is_ascii_digit());
        // "7am", "a.m.", and the 24-hour clock's "04:30" and "0430".
        HALVES.contains(&word.as_str())
            || (clock.len() < word.len() && matches!(clock, "am" | "pm" | "a" | "p"))
            || (matches!(word.as_str(), "a" | "p")
                && words.get(at + 1).is_some_and(|next| next == "m"))
            || (word.starts_with('0') && word.len() > 1 && clock.is_empty())
    })
}

/// Whether the words mention the coming night: "12 tonight".
pub(super) fn names_night(said: &str) -> bool {
    words(said).iter().any(|word| matches!(word.as_str(), "tonight" | "night"))
}

/// Whether the words are about waking up, which people mostly do in the morning.
pub(super) fn wakes(said: &str) -> bool {
    let words = words(said);
    words.iter().enumerate().any(|(at, word)| match word.as_str() {
        "wake" | "waking" | "woken" | "awake" | "bed" | "sleep" => true,
        // "Get me up", "be up by seven", but not "set up".
        "up" => at > 0 && matches!(words[at - 1].as_str(), "me" | "get" | "be" | "us" | "m" | "am"),
        _ => false,
    })
}

fn words(said: &str) -> Vec<String> {
    let parted = said.split(|c: char| !c.is_alphanumeric());
    parted.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_of_the_day_is_heard_in_every_form() {
        for said in [
            "set an alarm for 4:30 am",
            "7am",
            "7 a.m. please",
            "at seven P M",
            "7:30pm",
            "at 04:30",
            "in the morning",
            "tonight at nine",
            "at noon",
            "nineteen hundred hours",
            "at 0730",
        ] {
            assert!(names_half(said), "{said}");
        }
        for said in
            ["set an alarm for 4:30", "wake me at seven", "at 10", "a timer", "half past six"]
        {
            assert!(!names_half(said), "{said}");
        }
        assert!(names_night("at 12 tonight") && !names_night("at 12"));
        assert!(wakes("wake me at 7") && !wakes("alarm for 7"));
    }
}
