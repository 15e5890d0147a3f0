//! What is counted, measured and paid, in German.

use super::written::{length, number, row};

/// Units and money as the tools name them: singular and plural, and both in German.
const THINGS: &[(&str, &str, &str, &str)] = &[
    ("millimeter", "millimeters", "Millimeter", "Millimeter"),
    ("centimeter", "centimeters", "Zentimeter", "Zentimeter"),
    ("meter", "meters", "Meter", "Meter"),
    ("kilometer", "kilometers", "Kilometer", "Kilometer"),
    ("inch", "inches", "Zoll", "Zoll"),
    ("foot", "feet", "Fuß", "Fuß"),
    ("yard", "yards", "Yard", "Yards"),
    ("mile", "miles", "Meile", "Meilen"),
    ("milligram", "milligrams", "Milligramm", "Milligramm"),
    ("gram", "grams", "Gramm", "Gramm"),
    ("kilogram", "kilograms", "Kilogramm", "Kilogramm"),
    ("ounce", "ounces", "Unze", "Unzen"),
    // A German "Pfund" may also be 500 grams.
    ("pound", "pounds", "englisches Pfund", "englische Pfund"),
    ("stone", "stone", "Stone", "Stone"),
    ("ton", "tons", "amerikanische Tonne", "amerikanische Tonnen"),
    ("tonne", "tonnes", "Tonne", "Tonnen"),
    ("milliliter", "milliliters", "Milliliter", "Milliliter"),
    ("liter", "liters", "Liter", "Liter"),
    ("teaspoon", "teaspoons", "Teelöffel", "Teelöffel"),
    ("tablespoon", "tablespoons", "Esslöffel", "Esslöffel"),
    ("fluid ounce", "fluid ounces", "Flüssigunze", "Flüssigunzen"),
    ("cup", "cups", "amerikanische Tasse", "amerikanische Tassen"),
    ("pint", "pints", "Pint", "Pints"),
    ("quart", "quarts", "Quart", "Quarts"),
    ("gallon", "gallons", "Gallone", "Gallonen"),
    ("degree Celsius", "degrees Celsius", "Grad Celsius", "Grad Celsius"),
    ("degree Fahrenheit", "degrees Fahrenheit", "Grad Fahrenheit", "Grad Fahrenheit"),
    ("kelvin", "kelvin", "Kelvin", "Kelvin"),
    ("second", "seconds", "Sekunde", "Sekunden"),
    ("minute", "minutes", "Minute", "Minuten"),
    ("hour", "hours", "Stunde", "Stunden"),
    ("day", "days", "Tag", "Tage"),
    ("week", "weeks", "Woche", "Wochen"),
    ("month", "months", "Monat", "Monate"),
    ("year", "years", "Jahr", "Jahre"),
    ("mile per hour", "miles per hour", "Meile pro Stunde", "Meilen pro Stunde"),
    ("kilometer per hour", "kilometers per hour", "Kilometer pro Stunde", "Kilometer pro Stunde"),
    ("meter per second", "meters per second", "Meter pro Sekunde", "Meter pro Sekunde"),
    ("knot", "knots", "Knoten", "Knoten"),
    ("square meter", "square meters", "Quadratmeter", "Quadratmeter"),
    ("square foot", "square feet", "Quadratfuß", "Quadratfuß"),
    ("acre", "acres", "Acre", "Acres"),
    ("hectare", "hectares", "Hektar", "Hektar"),
    ("byte", "bytes", "Byte", "Byte"),
    ("kilobyte", "kilobytes", "Kilobyte", "Kilobyte"),
    ("megabyte", "megabytes", "Megabyte", "Megabyte"),
    ("gigabyte", "gigabytes", "Gigabyte", "Gigabyte"),
    ("terabyte", "terabytes", "Terabyte", "Terabyte"),
];

const MONEY: &[(&str, &str, &str, &str)] = &[
    ("euro", "euros", "Euro", "Euro"),
    ("US dollar", "US dollars", "US-Dollar", "US-Dollar"),
    ("yen", "yen", "Yen", "Yen"),
    ("Bulgarian lev", "Bulgarian leva", "bulgarischer Lew", "bulgarische Lewa"),
    ("Czech crown", "Czech crowns", "tschechische Krone", "tschechische Kronen"),
    ("Danish krone", "Danish kroner", "dänische Krone", "dänische Kronen"),
    ("pound", "pounds", "britisches Pfund", "britische Pfund"),
    ("forint", "forints", "Forint", "Forint"),
    ("zloty", "zlotys", "Zloty", "Zloty"),
    ("Romanian leu", "Romanian lei", "rumänischer Leu", "rumänische Lei"),
    ("Swedish krona", "Swedish kronor", "schwedische Krone", "schwedische Kronen"),
    ("Swiss franc", "Swiss francs", "Schweizer Franken", "Schweizer Franken"),
    ("Icelandic krona", "Icelandic kronur", "isländische Krone", "isländische Kronen"),
    ("Norwegian krone", "Norwegian kroner", "norwegische Krone", "norwegische Kronen"),
    ("Turkish lira", "Turkish liras", "türkische Lira", "türkische Lira"),
    ("Australian dollar", "Australian dollars", "australischer Dollar", "australische Dollar"),
    ("real", "reals", "Real", "Real"),
    ("Canadian dollar", "Canadian dollars", "kanadischer Dollar", "kanadische Dollar"),
    ("yuan", "yuan", "Yuan", "Yuan"),
    ("Hong Kong dollar", "Hong Kong dollars", "Hongkong-Dollar", "Hongkong-Dollar"),
    ("rupiah", "rupiahs", "Rupiah", "Rupiah"),
    ("shekel", "shekels", "Schekel", "Schekel"),
    ("rupee", "rupees", "Rupie", "Rupien"),
    ("won", "won", "Won", "Won"),
    ("Mexican peso", "Mexican pesos", "mexikanischer Peso", "mexikanische Pesos"),
    ("ringgit", "ringgits", "Ringgit", "Ringgit"),
    ("New Zealand dollar", "New Zealand dollars", "Neuseeland-Dollar", "Neuseeland-Dollar"),
    ("Philippine peso", "Philippine pesos", "philippinischer Peso", "philippinische Pesos"),
    ("Singapore dollar", "Singapore dollars", "Singapur-Dollar", "Singapur-Dollar"),
    ("baht", "baht", "Baht", "Baht"),
    ("rand", "rand", "Rand", "Rand"),
    ("ruble", "rubles", "Rubel", "Rubel"),
    ("hryvnia", "hryvnias", "Hrywnja", "Hrywnja"),
    ("dirham", "dirhams", "Dirham", "Dirham"),
    ("Kuwaiti dinar", "Kuwaiti dinars", "Kuwait-Dinar", "Kuwait-Dinar"),
    ("Saudi riyal", "Saudi riyals", "Saudi-Riyal", "Saudi-Riyal"),
    ("Taiwan dollar", "Taiwan dollars", "Taiwan-Dollar", "Taiwan-Dollar"),
    ("Vietnamese dong", "Vietnamese dong", "Dong", "Dong"),
];

/// A value of an answer; `None` if it is not of the kind `name`.
pub(super) fn value(name: &str, text: &str) -> Option<String> {
    match name {
        "quantity" => quantity(text, THINGS),
        "money" => quantity(text, MONEY),
        "units" => named(text, THINGS),
        "moneys" => named(text, MONEY),
        "ago" => length(text).map(|span| dative(&span)),
        "dimension" => Some(dimension(text)?.to_owned()),
        "side" => Some(if text == "heads" { "Kopf" } else { "Zahl" }.to_owned())
            .filter(|_| matches!(text, "heads" | "tails")),
        "numbers" => {
            let all: Option<Vec<String>> =
                text.split(", ").flat_map(|part| part.split(" and ")).map(number).collect();
            row(&all?)
        }
        "things" => {
            let (count, noun) = text.split_once(' ')?;
            let noun = match (noun, count) {
                ("thing" | "things", "1") => "einem Eintrag",
                ("thing" | "things", _) => return Some(format!("{} Einträgen", number(count)?)),
                _ => return None,
            };
            Some(noun.to_owned())
        }
        "air" => air(text).map(str::to_owned),
        "pollen" => pollen(text),
        "uvword" => uv(text).map(str::to_owned),
        _ => None,
    }
}

/// "minus 40 degrees Celsius", "5 feet 11 inches".
fn quantity(text: &str, names: &[(&str, &str, &str, &str)]) -> Option<String> {
    let (minus, rest) = match text.split_once(' ') {
        Some(("minus" | "Minus", rest)) => ("minus ", rest),
        _ => ("", text),
    };
    let (count, noun) = rest.split_once(' ')?;
    let count_of = number(count)?;
    let found = names.iter().find(|(one, many, ..)| noun == *one || noun == *many);
    if let Some((_, _, one, many)) = found {
        return Some(format!("{minus}{count_of} {}", if count == "1" { one } else { many }));
    }
    // In two units.
    let (first, second) = noun.split_once(' ')?;
    let second = quantity(second, names)?;
    let first = quantity(&format!("{count} {first}"), names)?;
    Some(format!("{minus}{first} {second}"))
}

/// The name of a unit, which stands alone.
fn named(text: &str, names: &[(&str, &str, &str, &str)]) -> Option<String> {
    let found = names.iter().find(|(one, many, ..)| text == *one || text == *many);
    found.map(|(_, _, _, many)| (*many).to_owned())
}

/// "3 Tage" after "vor" or "in" is "3 Tagen".
pub(super) fn dative(span: &str) -> String {
    let ends = |word: &str| match word.trim_end_matches(',') {
        "Tage" => word.replace("Tage", "Tagen"),
        "Monate" => word.replace("Monate", "Monaten"),
        "Jahre" => word.replace("Jahre", "Jahren"),
        _ => word.to_owned(),
    };
    span.split(' ').map(ends).collect::<Vec<_>>().join(" ")
}

fn dimension(text: &str) -> Option<&'static str> {
    Some(match text {
        "a length" => "eine Länge",
        "a weight" => "ein Gewicht",
        "a volume" => "ein Volumen",
        "a temperature" => "eine Temperatur",
        "a length of time" => "eine Dauer",
        "a speed" => "eine Geschwindigkeit",
        "an area" => "eine Fläche",
        "an amount of data" => "eine Datenmenge",
        _ => return None,
    })
}

/// How good the air is.
fn air(text: &str) -> Option<&'static str> {
    Some(match text {
        "good" => "gut",
        "fair" => "ordentlich",
        "moderate" => "mäßig",
        "poor" => "schlecht",
        "very poor" => "sehr schlecht",
        "extremely poor" => "extrem schlecht",
        "unhealthy for sensitive people" => "ungesund für Empfindliche",
        "unhealthy" => "ungesund",
        "very unhealthy" => "sehr ungesund",
        "hazardous" => "gefährlich",
        _ => return None,
    })
}

fn uv(text: &str) -> Option<&'static str> {
    Some(match text {
        "low" => "niedrig",
        "moderate" => "mäßig",
        "high" => "hoch",
        "very high" => "sehr hoch",
        "extreme" => "extrem",
        _ => return None,
    })
}

/// "high for grass, low for birch and alder".
fn pollen(text: &str) -> Option<String> {
    let plant = |name: &str| {
        Some(match name {
            "alder" => "Erle",
            "birch" => "Birke",
            "grass" => "Gräser",
            "mugwort" => "Beifuß",
            "olive" => "Olive",
            "ragweed" => "Ambrosia",
            _ => return None,
        })
    };
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (level, after) = rest.split_once(" for ")?;
        // The plants go on until the next level.
        let end = after.match_indices(", ").map(|(at, _)| at).find(|at| {
            let next = &after[at + 2..];
            ["low for", "moderate for", "high for", "very high for"]
                .iter()
                .any(|level| next.starts_with(level))
        });
        let (plants, more) = match end {
            Some(at) => (&after[..at], &after[at + 2..]),
            None => (after, ""),
        };
        let names: Option<Vec<String>> = plants
            .split(", ")
            .flat_map(|part| part.split(" and "))
            .map(|name| plant(name).map(str::to_owned))
            .collect();
        out.push(format!("{} für {}", uv(level)?, row(&names?)?));
        rest = more;
    }
    Some(out.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_german_units() {
        for (kind, english, german) in [
            ("quantity", "16.09 kilometers", "16,09 Kilometer"),
            ("quantity", "1 mile", "1 Meile"),
            ("quantity", "Minus 40 degrees Celsius", "minus 40 Grad Celsius"),
            ("quantity", "5 feet 11 inches", "5 Fuß 11 Zoll"),
            ("money", "92.5 US dollars", "92,5 US-Dollar"),
            ("ago", "3 days", "3 Tagen"),
            ("numbers", "3, 4 and 5", "3, 4 und 5"),
            (
                "pollen",
                "high for grass, low for birch and alder",
                "hoch für Gräser, niedrig für Birke und Erle",
            ),
        ] {
            assert_eq!(value(kind, english).as_deref(), Some(german), "{english}");
        }
        assert_eq!(value("quantity", "5 parsecs"), None);
    }
}
