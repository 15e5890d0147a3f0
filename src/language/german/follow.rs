//! Short sentences that lean on the one before.

use super::read::read;

/// A short sentence after something was done, in the words in which the grammar knows it: "nein,
/// zehn Minuten" is "no 10 minutes". `None` if it is none.
pub fn follow(sentence: &str) -> Option<String> {
    const WHOLE: &[(&str, &str)] = &[
        ("ja", "yes"),
        ("ja bitte", "yes please"),
        ("ja mach das", "yes"),
        ("genau", "yes"),
        ("gerne", "yes"),
        ("nein", "no"),
        ("nein danke", "no"),
        ("lieber nicht", "no"),
        ("lösch ihn", "cancel it"),
        ("lösche ihn", "cancel it"),
        ("lösch den", "cancel it"),
        ("lösch ihn wieder", "cancel it"),
        ("brich ihn ab", "cancel it"),
        ("stopp ihn", "cancel it"),
        ("doch nicht", "cancel it"),
        ("vergiss ihn", "cancel it"),
        ("mach das rückgängig", "undo that"),
    ];
    const LEADS: &[(&str, &str)] = &[
        ("nein ich meinte", "no i meant"),
        ("ich meinte", "i meant"),
        ("ich meine", "i mean"),
        ("nein doch lieber", "no"),
        ("nein lieber", "no"),
        ("doch lieber", "no"),
        ("nein", "no"),
    ];
    let read = read(sentence).text.replace(',', "").to_lowercase();
    if let Some((_, english)) = WHOLE.iter().find(|(german, _)| *german == read) {
        return Some((*english).to_owned());
    }
    let time =
        |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("at ");
    if let Some(rest) = read.strip_prefix("noch ").filter(|rest| time(rest)) {
        let (number, unit) = rest.split_once(' ')?;
        return Some(format!("{number} more {unit}"));
    }
    if let Some(rest) = read.strip_prefix("mach ").and_then(|rest| rest.strip_suffix(" daraus")) {
        return time(rest).then(|| format!("make it {rest}"));
    }
    let lead = LEADS.iter().find_map(|(german, english)| {
        let rest = read.strip_prefix(german)?.strip_prefix(' ')?;
        Some(format!("{english} {}", rest.strip_prefix("um ").unwrap_or(rest)))
    });
    lead.filter(|text| text.contains(|c: char| c.is_ascii_digit()))
        .or_else(|| more(&read))
        .or_else(|| time(&read).then_some(read))
}

/// "Und morgen?", "was ist mit London", "und noch einen für fünf Minuten": one more of the same.
fn more(read: &str) -> Option<String> {
    const LEADS: &[(&str, &str)] = &[
        ("und noch einen", "and another"),
        ("und noch eine", "and another"),
        ("noch einen", "and another"),
        ("noch eine", "and another"),
        ("und einen", "and one"),
        ("und eine", "and one"),
        ("und was ist mit", "what about"),
        ("was ist mit", "what about"),
        ("und wie ist es mit", "what about"),
        ("und wie ist es", "what about"),
        ("und", "and"),
    ];
    let read = read.trim_end_matches(|c: char| !c.is_alphanumeric());
    LEADS.iter().find_map(|(german, english)| {
        let rest = read.strip_prefix(german)?.strip_prefix(' ')?;
        let rest = match rest.split_once(' ') {
            Some(("für" | "über" | "auf" | "mit", value)) => format!("for {value}"),
            _ => rest.to_owned(),
        };
        Some(format!("{english} {rest}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_are_short_sentences() {
        assert_eq!(follow("Nein, zehn Minuten.").as_deref(), Some("no 10 minutes"));
        assert_eq!(follow("noch fünf Minuten").as_deref(), Some("5 more minutes"));
        assert_eq!(follow("Lösch ihn!").as_deref(), Some("cancel it"));
        assert_eq!(follow("Nein, das Wetter ist schlecht"), None);
        assert_eq!(follow("Und morgen?").as_deref(), Some("and tomorrow"));
        assert_eq!(follow("Und in London?").as_deref(), Some("and in london"));
        assert_eq!(
            follow("Noch einen für fünf Minuten").as_deref(),
            Some("and another for 5 minutes")
        );
    }
}
