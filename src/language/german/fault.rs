//! Why a service did not answer, in German.

/// "the weather service cannot be reached. Check the internet connection, then ask again".
pub(super) fn fault(text: &str) -> Option<String> {
    const SERVICES: &[(&str, &str)] = &[
        ("the place search ", "die Ortssuche"),
        ("the weather service ", "der Wetterdienst"),
        ("the air quality service ", "der Dienst für die Luftqualität"),
        ("the European Central Bank ", "die Europäische Zentralbank"),
    ];
    let known = SERVICES.iter().find_map(|(name, german)| {
        text.strip_prefix(name).map(|rest| ((*german).to_owned(), rest))
    });
    // Or the address of a feed.
    let (service, rest) = match known {
        Some(known) => known,
        None => text.split_once(' ').map(|(name, rest)| (name.to_owned(), rest))?,
    };
    let (what, then) = rest.split_once(". ")?;
    let what = match what {
        "cannot be reached" => "ist nicht erreichbar".to_owned(),
        "has too much to do" => "hat zu viel zu tun".to_owned(),
        "answered something that I cannot read" => "hat etwas Unlesbares geantwortet".to_owned(),
        what => {
            if let Some(status) = what.strip_prefix("is out of order, error ") {
                format!("ist gestört, Fehler {status}")
            } else if let Some(status) = what.strip_prefix("refused the question, error ") {
                format!("hat die Frage abgelehnt, Fehler {status}")
            } else {
                let seconds = what.strip_prefix("did not answer within ")?;
                let seconds = seconds.strip_suffix(" seconds")?;
                format!("hat {seconds} Sekunden lang nicht geantwortet")
            }
        }
    };
    let then = match then {
        "Check the internet connection, then ask again" => {
            "Prüf die Internetverbindung und frag noch einmal".to_owned()
        }
        "Ask again in a moment" => "Frag gleich noch einmal".to_owned(),
        "Ask again in a few minutes" => "Frag in ein paar Minuten noch einmal".to_owned(),
        then => {
            let key = then.strip_suffix(" in the configuration")?.rsplit_once(" under ")?.1;
            format!("Prüf die Adressen unter {key} in der Konfiguration")
        }
    };
    Some(format!("{service} {what}. {then}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_next_step() {
        for (english, german) in [
            (
                "the place search did not answer within 4 seconds. Ask again in a moment",
                "die Ortssuche hat 4 Sekunden lang nicht geantwortet. Frag gleich noch einmal",
            ),
            (
                "news.example is out of order, error 500. Ask again in a few minutes",
                "news.example ist gestört, Fehler 500. Frag in ein paar Minuten noch einmal",
            ),
            (
                "the weather service answered something that I cannot read. Ask again later, or check the addresses under tools.get_weather in the configuration",
                "der Wetterdienst hat etwas Unlesbares geantwortet. Prüf die Adressen unter tools.get_weather in der Konfiguration",
            ),
        ] {
            assert_eq!(fault(english).as_deref(), Some(german));
        }
        assert_eq!(fault("something else happened"), None);
    }
}
