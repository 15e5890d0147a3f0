//! The time zone of a place, without the network.
//!
//! ```text
//! "Paris, France" ─▶ well-known names ─▶ cities of the time zone database ─▶ None: ask the place search
//! ```
//!
//! **Invariant:** an ambiguous name is not guessed: with a qualifier that this table cannot confirm
//! ("Paris, Texas") the place search decides.

use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization as _;

/// A place whose zone is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) zone: TimeZone,
    /// Its name in speech.
    pub(crate) name: String,
    /// The requested country, if it has several zones and `name` is its capital.
    pub(crate) of: Option<String>,
}

/// Countries with several time zones: the zone of the capital, and the capital.
const WIDE: &[(&str, &str, &str)] = &[
    ("united states|usa|us|america|the states", "America/New_York", "Washington"),
    ("canada", "America/Toronto", "Ottawa"),
    ("mexico", "America/Mexico_City", "Mexico City"),
    ("brazil", "America/Sao_Paulo", "Brasilia"),
    ("russia", "Europe/Moscow", "Moscow"),
    ("australia", "Australia/Sydney", "Canberra"),
    ("indonesia", "Asia/Jakarta", "Jakarta"),
    ("kazakhstan", "Asia/Almaty", "Astana"),
    ("mongolia", "Asia/Ulaanbaatar", "Ulaanbaatar"),
    ("democratic republic of the congo|congo", "Africa/Kinshasa", "Kinshasa"),
    ("chile", "America/Santiago", "Santiago"),
    ("ecuador", "America/Guayaquil", "Quito"),
];

/// Names beyond the cities of the database: cities that share another one's zone, countries with
/// one zone, states, and zones by name. Also those that occur twice in the database.
const KNOWN: &[(&str, &str)] = &[
    // Cities of the United States and Canada.
    (
        "washington|washington dc|washington d c|new york city|nyc|boston|philadelphia|atlanta|miami|orlando|tampa|\
         charlotte|baltimore|pittsburgh|cleveland|cincinnati|columbus|buffalo|raleigh|jacksonville|richmond|\
         brooklyn|manhattan|new england|east coast|the east coast|fort lauderdale|savannah|charleston",
        "America/New_York",
    ),
    (
        "houston|dallas|austin|san antonio|fort worth|new orleans|nashville|memphis|minneapolis|st louis|saint louis|\
         kansas city|milwaukee|oklahoma city|omaha|st paul|birmingham alabama|madison|des moines|little rock",
        "America/Chicago",
    ),
    ("salt lake city|albuquerque|santa fe|colorado springs|el paso|boulder", "America/Denver"),
    ("tucson|scottsdale", "America/Phoenix"),
    (
        "la|l a|san francisco|sf|san diego|seattle|portland|las vegas|vegas|sacramento|san jose|oakland|silicon valley|\
         hollywood|palo alto|west coast|the west coast|reno|berkeley",
        "America/Los_Angeles",
    ),
    ("hawaii|maui|waikiki", "Pacific/Honolulu"),
    ("ottawa|montreal|quebec|quebec city", "America/Toronto"),
    ("calgary", "America/Edmonton"),
    ("victoria bc", "America/Vancouver"),
    // States and provinces with one zone.
    (
        "new york state|new jersey|massachusetts|pennsylvania|georgia usa|north carolina|south carolina|virginia|\
         maryland|ohio|connecticut|maine|vermont|new hampshire|rhode island|delaware|west virginia",
        "America/New_York",
    ),
    (
        "illinois|minnesota|wisconsin|missouri|iowa|louisiana|alabama|mississippi|arkansas|oklahoma",
        "America/Chicago",
    ),
    ("colorado|utah|new mexico|montana|wyoming", "America/Denver"),
    ("arizona", "America/Phoenix"),
    ("california|washington state|nevada", "America/Los_Angeles"),
    ("alaska", "America/Anchorage"),
    ("ontario", "America/Toronto"),
    ("british columbia", "America/Vancouver"),
    ("alberta", "America/Edmonton"),
    ("new south wales", "Australia/Sydney"),
    // Latin America and the Caribbean.
    ("rio|rio de janeiro|brasilia|belo horizonte|salvador", "America/Sao_Paulo"),
    ("buenos aires|argentina", "America/Argentina/Buenos_Aires"),
    ("colombia|medellin|cartagena", "America/Bogota"),
    ("peru|cusco", "America/Lima"),
    ("venezuela", "America/Caracas"),
    ("uruguay", "America/Montevideo"),
    ("paraguay", "America/Asuncion"),
    ("bolivia", "America/La_Paz"),
    ("quito", "America/Guayaquil"),
    ("san juan|puerto rico", "America/Puerto_Rico"),
    ("cuba", "America/Havana"),
    ("jamaica|kingston", "America/Jamaica"),
    ("dominican republic", "America/Santo_Domingo"),
    ("costa rica", "America/Costa_Rica"),
    ("panama", "America/Panama"),
    ("guatemala", "America/Guatemala"),
    ("honduras", "America/Tegucigalpa"),
    ("nicaragua", "America/Managua"),
    ("el salvador|san salvador", "America/El_Salvador"),
    ("haiti", "America/Port-au-Prince"),
    ("bahamas|the bahamas", "America/Nassau"),
    ("guadalajara", "America/Mexico_City"),
    // Europe.
    (
        "uk|u k|united kingdom|great britain|britain|england|scotland|wales|northern ireland|manchester|birmingham|\
         liverpool|edinburgh|glasgow|cardiff|belfast|leeds|bristol|oxford|cambridge",
        "Europe/London",
    ),
    ("ireland|cork|galway", "Europe/Dublin"),
    ("france|lyon|marseille|nice|bordeaux|toulouse|strasbourg", "Europe/Paris"),
    (
        "germany|munich|hamburg|frankfurt|cologne|dusseldorf|stuttgart|leipzig|dresden|hanover|nuremberg|bremen",
        "Europe/Berlin",
    ),
    ("spain|barcelona|valencia|seville|malaga|bilbao|ibiza|mallorca", "Europe/Madrid"),
    ("canary islands|tenerife|gran canaria", "Atlantic/Canary"),
    ("portugal|porto", "Europe/Lisbon"),
    ("italy|milan|naples|florence|venice|turin|bologna|sicily", "Europe/Rome"),
    ("netherlands|the netherlands|holland|rotterdam|the hague|utrecht", "Europe/Amsterdam"),
    ("belgium|antwerp|bruges|ghent", "Europe/Brussels"),
    ("switzerland|geneva|basel|bern|lausanne", "Europe/Zurich"),
    ("austria|salzburg|graz|innsbruck", "Europe/Vienna"),
    ("poland|krakow|gdansk|wroclaw", "Europe/Warsaw"),
    ("czech republic|czechia|brno", "Europe/Prague"),
    ("slovakia", "Europe/Bratislava"),
    ("hungary", "Europe/Budapest"),
    ("romania", "Europe/Bucharest"),
    ("bulgaria", "Europe/Sofia"),
    ("greece|thessaloniki|crete", "Europe/Athens"),
    ("sweden|gothenburg|malmo", "Europe/Stockholm"),
    ("norway|bergen", "Europe/Oslo"),
    ("denmark", "Europe/Copenhagen"),
    ("finland", "Europe/Helsinki"),
    ("iceland", "Atlantic/Reykjavik"),
    ("estonia", "Europe/Tallinn"),
    ("latvia", "Europe/Riga"),
    ("lithuania", "Europe/Vilnius"),
    ("ukraine|kyiv|kiev|odessa|odesa|lviv", "Europe/Kyiv"),
    ("belarus", "Europe/Minsk"),
    ("serbia", "Europe/Belgrade"),
    ("croatia|split|dubrovnik", "Europe/Zagreb"),
    ("slovenia", "Europe/Ljubljana"),
    ("bosnia|bosnia and herzegovina", "Europe/Sarajevo"),
    ("albania", "Europe/Tirane"),
    ("north macedonia|macedonia", "Europe/Skopje"),
    ("moldova", "Europe/Chisinau"),
    ("st petersburg|saint petersburg", "Europe/Moscow"),
    ("turkey|turkiye|ankara|izmir|antalya", "Europe/Istanbul"),
    ("vatican city", "Europe/Vatican"),
    // As German writes them.
    ("deutschland|munchen|koln|nurnberg|hannover|frankfurt am main", "Europe/Berlin"),
    ("wien|osterreich", "Europe/Vienna"),
    ("genf|schweiz", "Europe/Zurich"),
    ("frankreich|nizza|strassburg", "Europe/Paris"),
    ("rom|mailand|venedig|neapel|florenz|italien|sizilien", "Europe/Rome"),
    ("spanien", "Europe/Madrid"),
    ("teneriffa|kanarische inseln", "Atlantic/Canary"),
    ("lissabon", "Europe/Lisbon"),
    ("grossbritannien|schottland", "Europe/London"),
    ("irland", "Europe/Dublin"),
    ("niederlande|den haag", "Europe/Amsterdam"),
    ("brussel|belgien", "Europe/Brussels"),
    ("kopenhagen|danemark", "Europe/Copenhagen"),
    ("schweden", "Europe/Stockholm"),
    ("norwegen", "Europe/Oslo"),
    ("prag|tschechien", "Europe/Prague"),
    ("warschau|krakau|danzig|breslau|polen", "Europe/Warsaw"),
    ("ungarn", "Europe/Budapest"),
    ("bukarest|rumanien", "Europe/Bucharest"),
    ("athen|griechenland|kreta", "Europe/Athens"),
    ("turkei", "Europe/Istanbul"),
    ("moskau", "Europe/Moscow"),
    ("kairo|agypten", "Africa/Cairo"),
    ("tokio", "Asia/Tokyo"),
    ("singapur", "Asia/Singapore"),
    ("indien|neu delhi", "Asia/Kolkata"),
    ("neuseeland", "Pacific/Auckland"),
    ("brasilien", "America/Sao_Paulo"),
    ("mexiko|mexiko stadt", "America/Mexico_City"),
    // Asia.
    ("japan|osaka|kyoto|yokohama|nagoya|sapporo|hiroshima|fukuoka|okinawa", "Asia/Tokyo"),
    (
        "china|beijing|peking|shenzhen|guangzhou|wuhan|chengdu|tianjin|xi an|xian|hangzhou|nanjing",
        "Asia/Shanghai",
    ),
    ("hong kong|hongkong", "Asia/Hong_Kong"),
    ("taiwan", "Asia/Taipei"),
    ("south korea|korea|busan", "Asia/Seoul"),
    ("north korea", "Asia/Pyongyang"),
    (
        "india|new delhi|delhi|mumbai|bombay|bangalore|bengaluru|chennai|madras|calcutta|kolkata|hyderabad|pune|\
         ahmedabad|jaipur|goa|agra",
        "Asia/Kolkata",
    ),
    ("pakistan|lahore|islamabad", "Asia/Karachi"),
    ("bangladesh", "Asia/Dhaka"),
    ("sri lanka", "Asia/Colombo"),
    ("nepal|kathmandu", "Asia/Kathmandu"),
    ("bhutan", "Asia/Thimphu"),
    ("afghanistan", "Asia/Kabul"),
    ("iran", "Asia/Tehran"),
    ("iraq", "Asia/Baghdad"),
    ("israel|jerusalem|tel aviv|haifa", "Asia/Jerusalem"),
    ("jordan", "Asia/Amman"),
    ("lebanon", "Asia/Beirut"),
    ("syria", "Asia/Damascus"),
    ("saudi arabia|mecca|jeddah|medina", "Asia/Riyadh"),
    ("united arab emirates|uae|u a e|abu dhabi|emirates", "Asia/Dubai"),
    ("qatar|doha", "Asia/Qatar"),
    ("kuwait|kuwait city", "Asia/Kuwait"),
    ("oman", "Asia/Muscat"),
    ("yemen", "Asia/Aden"),
    ("armenia", "Asia/Yerevan"),
    ("tbilisi", "Asia/Tbilisi"),
    ("azerbaijan", "Asia/Baku"),
    ("uzbekistan", "Asia/Tashkent"),
    ("thailand|phuket|chiang mai", "Asia/Bangkok"),
    ("vietnam|ho chi minh city|ho chi minh|saigon|hanoi|da nang", "Asia/Ho_Chi_Minh"),
    ("cambodia", "Asia/Phnom_Penh"),
    ("laos", "Asia/Vientiane"),
    ("myanmar|burma", "Asia/Yangon"),
    ("malaysia", "Asia/Kuala_Lumpur"),
    ("singapore", "Asia/Singapore"),
    ("philippines|the philippines|cebu", "Asia/Manila"),
    ("bali|denpasar", "Asia/Makassar"),
    // Africa.
    ("egypt|alexandria", "Africa/Cairo"),
    ("morocco|marrakesh|marrakech|rabat", "Africa/Casablanca"),
    ("algeria", "Africa/Algiers"),
    ("tunisia", "Africa/Tunis"),
    ("libya", "Africa/Tripoli"),
    ("nigeria|abuja", "Africa/Lagos"),
    ("ghana", "Africa/Accra"),
    ("senegal", "Africa/Dakar"),
    ("kenya|mombasa", "Africa/Nairobi"),
    ("tanzania|zanzibar", "Africa/Dar_es_Salaam"),
    ("uganda", "Africa/Kampala"),
    ("ethiopia", "Africa/Addis_Ababa"),
    ("rwanda", "Africa/Kigali"),
    ("zimbabwe", "Africa/Harare"),
    ("zambia", "Africa/Lusaka"),
    ("angola", "Africa/Luanda"),
    ("mozambique", "Africa/Maputo"),
    ("namibia", "Africa/Windhoek"),
    ("botswana", "Africa/Gaborone"),
    ("south africa|cape town|durban|pretoria", "Africa/Johannesburg"),
    ("cameroon", "Africa/Douala"),
    ("ivory coast", "Africa/Abidjan"),
    ("madagascar", "Indian/Antananarivo"),
    // Oceania.
    ("canberra|melbourne", "Australia/Melbourne"),
    ("gold coast|queensland|cairns", "Australia/Brisbane"),
    ("tasmania", "Australia/Hobart"),
    ("new zealand|wellington|christchurch|queenstown", "Pacific/Auckland"),
    ("fiji", "Pacific/Fiji"),
    ("samoa", "Pacific/Apia"),
    ("tahiti", "Pacific/Tahiti"),
    // Zones by name.
    ("utc|zulu|universal time|coordinated universal time|gmt|greenwich mean time", "UTC"),
    (
        "eastern time|eastern|eastern standard time|eastern daylight time|eastern standard|est|edt|et",
        "America/New_York",
    ),
    ("central time|central standard time|central daylight time|cst|cdt|ct", "America/Chicago"),
    ("mountain time|mountain standard time|mountain daylight time|mst|mdt|mt", "America/Denver"),
    (
        "pacific time|pacific|pacific standard time|pacific daylight time|pst|pt|pdt",
        "America/Los_Angeles",
    ),
    (
        "alaska time|alaskan time|alaska standard time|alaska daylight time|akst|akdt",
        "America/Anchorage",
    ),
    ("hawaii time|hawaiian time|hawaii standard time|hst", "Pacific/Honolulu"),
    ("atlantic time|atlantic standard time|atlantic daylight time|ast", "America/Halifax"),
    ("newfoundland time|newfoundland standard time|newfoundland daylight time", "America/St_Johns"),
    ("british summer time|british time|uk time|bst", "Europe/London"),
    ("irish time|irish standard time", "Europe/Dublin"),
    (
        "central european time|central european summer time|central european standard time|cet|cest",
        "Europe/Berlin",
    ),
    ("eastern european time|eastern european summer time|eet|eest", "Europe/Athens"),
    ("western european time|western european summer time", "Europe/Lisbon"),
    ("moscow time|moscow standard time|msk", "Europe/Moscow"),
    ("indian standard time|india standard time|indian time|india time|ist", "Asia/Kolkata"),
    ("pakistan standard time|pkt", "Asia/Karachi"),
    ("japan standard time|japan time|jst", "Asia/Tokyo"),
    ("korea standard time|korea time|korean time|kst", "Asia/Seoul"),
    ("china standard time|china time|beijing time", "Asia/Shanghai"),
    ("singapore time|sgt", "Asia/Singapore"),
    ("hong kong time|hkt", "Asia/Hong_Kong"),
    ("philippine time|philippine standard time", "Asia/Manila"),
    ("gulf standard time|gst", "Asia/Dubai"),
    ("south african time|south africa standard time|sast", "Africa/Johannesburg"),
    ("australian eastern time|australian eastern standard time|aest|aedt", "Australia/Sydney"),
    ("australian central time|acst|acdt", "Australia/Adelaide"),
    ("australian western time|awst", "Australia/Perth"),
    ("new zealand time|new zealand standard time|nzst|nzdt", "Pacific/Auckland"),
];

/// The zone of `location`, if it is well known.
pub(crate) fn find(location: &str) -> Option<Found> {
    if let Some(found) = by_offset(location) {
        return Some(found);
    }
    let name = bare(&fold(location)).to_owned();
    if let Some((_, zone, capital)) = WIDE.iter().find(|(names, ..)| holds(names, &name)) {
        let zone = TimeZone::get(zone).ok()?;
        return Some(Found { zone, name: (*capital).into(), of: Some(location.trim().into()) });
    }
    let found = |zone: String| {
        let zone = TimeZone::get(&zone).ok()?;
        Some(Found { zone, name: location.trim().into(), of: None })
    };
    if let Some(zone) = zone_name(&name) {
        return found(zone);
    }
    // "Tokyo, Japan": the qualifier must agree, or the place search is asked.
    let (city, country) = location.split_once(',')?;
    let zone = zone_name(&fold(city))?;
    (zone_name(&fold(country))? == zone).then(|| found(zone)).flatten()
}

/// "UTC+2", "gmt minus five": a number of whole hours ahead of or behind Greenwich.
fn by_offset(location: &str) -> Option<Found> {
    const NUMBERS: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let name = location.trim().to_lowercase();
    let rest = name.strip_prefix("utc").or_else(|| name.strip_prefix("gmt"))?.trim_start();
    let signs = [("plus", 1), ("+", 1), ("minus", -1), ("-", -1), ("−", -1)];
    let (hours, sign) =
        signs.iter().find_map(|(word, sign)| Some((rest.strip_prefix(word)?.trim(), *sign)))?;
    let word = NUMBERS.iter().position(|number| *number == hours);
    let hours = match word.and_then(|at| i8::try_from(at + 1).ok()) {
        Some(hours) => hours,
        None => hours.parse().ok().filter(|hours| (1..=14).contains(hours))?,
    };
    let side = if sign > 0 { "plus" } else { "minus" };
    let zone = TimeZone::fixed(jiff::tz::Offset::from_hours(sign * hours).ok()?);
    Some(Found { zone, name: format!("UTC {side} {hours}"), of: None })
}

/// The name of the zone for a folded name.
fn zone_name(name: &str) -> Option<String> {
    if let Some((_, zone)) = KNOWN.iter().find(|(names, _)| holds(names, name)) {
        return Some((*zone).into());
    }
    let database = jiff::tz::db();
    // Names without an area ("Navajo", "PRC") are left to the table above.
    let areas =
        |zone: &&str| zone.contains('/') && !zone.starts_with("Etc/") && !zone.starts_with("US/");
    let zones: Vec<String> = database.available().map(|zone| zone.as_str().to_owned()).collect();
    let city = |zone: &str| fold(zone.rsplit('/').next().unwrap_or_default());
    zones
        .iter()
        .map(String::as_str)
        .filter(areas)
        .find(|zone| city(zone) == name || fold(zone) == name)
        .map(str::to_owned)
}

/// A folded zone name without the surrounding words: "the Eastern time zone".
fn bare(name: &str) -> &str {
    let zone = [" time zone", " timezone", " zone"].iter().find_map(|end| name.strip_suffix(end));
    let Some(zone) = zone else { return name };
    let zone = zone.strip_suffix(" time").unwrap_or(zone);
    zone.strip_prefix("the ").unwrap_or(zone)
}

fn holds(names: &str, name: &str) -> bool {
    names.split('|').any(|known| known == name)
}

/// A name as in the tables: lower case, plain letters, single blanks.
pub(crate) fn fold(name: &str) -> String {
    // Accents only: the marks of other scripts are letters.
    let accent = |letter: &char| matches!(letter, '\u{300}'..='\u{36f}');
    let plain: String = name
        .nfd()
        .filter(|letter| !accent(letter))
        .nfc()
        .flat_map(char::to_lowercase)
        // Letters with a stroke or without a dot are letters of their own, not compositions.
        .map(|letter| match letter {
            'ø' => 'o',
            'ł' => 'l',
            'đ' => 'd',
            'ı' => 'i',
            letter if letter.is_alphanumeric() => letter,
            _ => ' ',
        })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_by_their_distance_from_greenwich() {
        for (said, name, hours) in [
            ("UTC+2", "UTC plus 2", 2),
            ("Utc Plus 2", "UTC plus 2", 2),
            ("gmt - 5", "UTC minus 5", -5),
            ("GMT minus five", "UTC minus 5", -5),
        ] {
            let found = find(said).unwrap();
            assert_eq!(found.name, name, "{said}");
            assert_eq!(found.zone, TimeZone::fixed(jiff::tz::offset(hours)), "{said}");
        }
        for said in ["UTC+20", "utc plus", "utc plus a lot"] {
            assert_eq!(by_offset(said), None, "{said}");
        }
    }

    #[test]
    fn well_known_places_have_their_zone() {
        let cases = [
            ("Tokyo", "Asia/Tokyo"),
            ("tokyo", "Asia/Tokyo"),
            ("New Delhi", "Asia/Kolkata"),
            ("Honolulu", "Pacific/Honolulu"),
            ("New York", "America/New_York"),
            ("São Paulo", "America/Sao_Paulo"),
            ("Ho Chi Minh City", "Asia/Ho_Chi_Minh"),
            ("Washington, D.C.", "America/New_York"),
            ("Japan", "Asia/Tokyo"),
            ("Tokyo, Japan", "Asia/Tokyo"),
            ("Los Angeles, California", "America/Los_Angeles"),
            ("San Juan", "America/Puerto_Rico"),
            ("Zürich", "Europe/Zurich"),
            ("Port-au-Prince", "America/Port-au-Prince"),
            ("Europe/Paris", "Europe/Paris"),
            ("UTC", "UTC"),
            ("Pacific time", "America/Los_Angeles"),
            ("Eastern Standard Time", "America/New_York"),
            ("the Eastern time zone", "America/New_York"),
            ("EST time zone", "America/New_York"),
            ("Mountain Time", "America/Denver"),
            ("CEST", "Europe/Berlin"),
            ("IST", "Asia/Kolkata"),
        ];
        for (place, zone) in cases {
            let found = find(place).unwrap_or_else(|| panic!("{place}"));
            assert_eq!(found.zone.iana_name(), Some(zone), "{place}");
            assert_eq!((found.name.as_str(), found.of), (place, None));
        }
    }

    #[test]
    fn a_wide_country_is_told_by_its_capital() {
        let found = find("Australia").unwrap();
        assert_eq!((found.name.as_str(), found.of.as_deref()), ("Canberra", Some("Australia")));
    }

    #[test]
    fn names_are_compared_without_accents() {
        for (written, plain) in [
            ("Łódź, Polska", "lodz polska"),
            ("Đà Nẵng", "da nang"),
            ("Tromsø", "tromso"),
            ("İzmir", "izmir"),
            ("が 서울", "が 서울"),
        ] {
            assert_eq!(fold(written), plain);
        }
    }

    #[test]
    fn what_is_not_certain_is_left_to_the_place_search() {
        for place in ["Paris, Texas", "Springfield", "Tokyo, Ohio", "Xyzzy", "", ",", "Navajo"] {
            assert_eq!(find(place), None, "{place}");
        }
    }

    #[test]
    fn every_zone_of_the_tables_exists_and_every_name_is_folded_and_single() {
        let mut seen = std::collections::HashMap::new();
        let wide = WIDE.iter().map(|(names, zone, _)| (*names, *zone));
        for (names, zone) in wide.chain(KNOWN.iter().copied()) {
            assert!(TimeZone::get(zone).is_ok(), "{zone}");
            for name in names.split('|') {
                assert_eq!(fold(name), name);
                assert!(seen.insert(name, zone).is_none(), "{name} is there twice");
            }
        }
    }
}
