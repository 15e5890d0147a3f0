//! What the weather's answers are made of, in German.

/// A value of an answer of the weather; `None` if it is not of the kind `name`.
pub(super) fn value(name: &str, text: &str) -> Option<String> {
    match name {
        "temperature" | "low" => whole(text),
        "pair" => {
            let (low, high) = text.split_once(" to ")?;
            Some(format!("{} bis {}", whole(low)?, value("degrees", high)?))
        }
        "degrees" => {
            let number = text.strip_suffix(" degrees").or_else(|| text.strip_suffix(" degree"))?;
            Some(format!("{} Grad", whole(number)?))
        }
        "speed" => {
            let (number, unit) = text.split_once(' ')?;
            let unit = match unit {
                "kilometer per hour" | "kilometers per hour" => "km/h",
                "mile per hour" | "miles per hour" => "Meilen pro Stunde",
                _ => return None,
            };
            Some(format!("{} {unit}", whole(number)?))
        }
        "hours" => {
            let all: Option<Vec<String>> = text.split("; ").map(hour).collect();
            Some(all?.join("; "))
        }
        "rain" => rain(text),
        "sky" => sky(text).map(str::to_owned),
        _ => None,
    }
}

/// "at 3 PM 12 degrees and light rain".
fn hour(text: &str) -> Option<String> {
    let rest = text.strip_prefix("at ")?;
    let at = ["AM ", "PM ", "noon ", "midnight "].iter().find_map(|end| {
        let at = rest.find(end)?;
        Some(at + end.len() - 1)
    })?;
    let (time, what) = (&rest[..at], &rest[at + 1..]);
    let (warm, over) = what.split_once(" and ").unwrap_or((what, ""));
    let warm = value("degrees", warm)?;
    let clock = super::written::clock(time)?;
    Some(match over {
        "" => format!("um {clock} {warm}"),
        over => format!("um {clock} {warm} und {}", sky(over)?),
    })
}

/// "minus 3", "14".
fn whole(text: &str) -> Option<String> {
    let digits = text.strip_prefix("minus ").unwrap_or(text);
    let number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    number.then(|| text.to_owned())
}

/// "a 60 percent chance of rain", "no snow in sight".
fn rain(text: &str) -> Option<String> {
    let what = |word: &str| match word {
        "rain" => Some("Regen"),
        "snow" => Some("Schnee"),
        _ => None,
    };
    if let Some(none) = text.strip_prefix("no ").and_then(|rest| rest.strip_suffix(" in sight")) {
        return Some(format!("kein {} in Sicht", what(none)?));
    }
    let rest = text.strip_prefix("a ").or_else(|| text.strip_prefix("an "))?;
    let (percent, word) = rest.split_once(" percent chance of ")?;
    Some(format!("{}risiko {} Prozent", what(word)?, whole(percent)?))
}

/// The state of the sky as the tool names it.
fn sky(text: &str) -> Option<&'static str> {
    Some(match text {
        "clear skies" => "klarer Himmel",
        "mostly clear skies" => "meist klarer Himmel",
        "some clouds" => "einige Wolken",
        "overcast skies" => "bedeckter Himmel",
        "fog" => "Nebel",
        "freezing fog" => "gefrierender Nebel",
        "light drizzle" => "leichter Nieselregen",
        "drizzle" => "Nieselregen",
        "heavy drizzle" => "starker Nieselregen",
        "freezing drizzle" => "gefrierender Nieselregen",
        "light rain" => "leichter Regen",
        "rain" => "Regen",
        "heavy rain" => "starker Regen",
        "freezing rain" => "gefrierender Regen",
        "light snow" => "leichter Schneefall",
        "snow" => "Schneefall",
        "heavy snow" => "starker Schneefall",
        "snow grains" => "Schneegriesel",
        "light showers" => "leichte Schauer",
        "showers" => "Schauer",
        "violent showers" => "heftige Schauer",
        "snow showers" => "Schneeschauer",
        "heavy snow showers" => "starke Schneeschauer",
        "thunderstorms" => "Gewitter",
        "thunderstorms with hail" => "Gewitter mit Hagel",
        _ => return None,
    })
}
