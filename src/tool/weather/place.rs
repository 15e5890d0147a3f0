use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use crate::base::Moment;
use crate::tool::web::{Web, WebError};
use crate::tool::zone::fold;
use crate::tool::{BaseUrl, WeatherSettings};

/// How long a found place is cached, and how many of them. When full, all are forgotten, at the
/// cost of one more request each.
const KEEP: Duration = Duration::from_secs(600);
const KEEP_PLACES: usize = 64;

/// How many places of one name are considered, to find the one in the country that was said.
const CANDIDATES: u32 = 10;

/// Population from which on a place is known without its country.
const GREAT_CITY: f64 = 300_000.0;

/// Why a place was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlaceError {
    /// There is none of that name: a sentence.
    Unknown(String),
    /// The search failed.
    Web(WebError),
}

/// A place on the map.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) country: Option<String>,
    pub(crate) country_code: Option<String>,
    pub(crate) admin1: Option<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) population: Option<f64>,
    pub(crate) feature_code: Option<String>,
    /// Whether the user qualified it, so that the answer should as well.
    #[serde(skip)]
    pub(crate) qualified: bool,
}

#[derive(Deserialize)]
struct Answer {
    // The service leaves the list out if it finds nothing.
    #[serde(default)]
    results: Vec<Place>,
}

/// Finds places by name.
#[derive(Debug)]
pub(crate) struct Places {
    web: Web,
    base: BaseUrl,
    found: Mutex<HashMap<String, (Moment, Place)>>,
}

impl Places {
    pub(crate) fn new(settings: &WeatherSettings) -> Self {
        Self {
            web: Web::default(),
            base: settings.geocoding_url.clone(),
            found: Mutex::new(HashMap::new()),
        }
    }

    /// The HTTP client.
    pub(crate) fn web(&self) -> &Web {
        &self.web
    }

    /// The best known place that `location` names: "Paris", "Paris, Texas", "Portland Oregon".
    pub(crate) async fn find(&self, location: &str, now: Moment) -> Result<Place, PlaceError> {
        let key = fold(location);
        if let Some(place) = self.kept(&key, now) {
            return Ok(place);
        }
        let place = self.look_up(location).await?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= KEEP_PLACES {
            found.clear();
        }
        found.insert(key, (now, place.clone()));
        Ok(place)
    }

    fn kept(&self, key: &str, now: Moment) -> Option<Place> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, place) = found.get(key)?;
        (now.since(*since) < KEEP).then(|| place.clone())
    }

    async fn look_up(&self, location: &str) -> Result<Place, PlaceError> {
        let (name, qualifier) = match location.split_once(',') {
            Some((name, rest)) => (name.trim(), fold(rest)),
            None => (location.trim(), String::new()),
        };
        let mut results = Vec::new();
        for name in spellings(name) {
            results = self.search(&name).await?;
            if !results.is_empty() {
                break;
            }
        }
        // The service does not know "Portland Oregon" as a name, so the last words may be a region.
        let words: Vec<&str> = name.split_whitespace().collect();
        if results.is_empty() && qualifier.is_empty() && words.len() > 1 {
            let last_words = |n: usize| (words[..n].join(" "), fold(&words[n..].join(" ")));
            for (name, qualifier) in [words.len() - 1, words.len().saturating_sub(2)]
                .into_iter()
                .filter(|n| *n > 0)
                .map(last_words)
            {
                let found = self.search(&name).await?;
                if let Some(place) = told_apart(&found, &qualifier) {
                    return Ok(place);
                }
            }
        }
        if qualifier.is_empty() {
            return match results.is_empty() {
                true => Err(PlaceError::Unknown(format!(
                    "I do not know a place called {location}. Try a larger town nearby."
                ))),
                false => Ok(results.swap_remove(0)),
            };
        }
        match told_apart(&results, &qualifier) {
            Some(place) => Ok(place),
            None => Err(PlaceError::Unknown(match results.first() {
                Some(other) => format!(
                    "I know {}, but no place called {location}. Try a larger town nearby.",
                    other.long_name()
                ),
                None => {
                    format!("I do not know a place called {location}. Try a larger town nearby.")
                }
            })),
        }
    }

    async fn search(&self, name: &str) -> Result<Vec<Place>, PlaceError> {
        let query = [
            ("name", name.to_owned()),
            ("count", CANDIDATES.to_string()),
            ("language", "en".to_owned()),
            ("format", "json".to_owned()),
        ];
        let answer: Answer =
            self.web.json(&self.base, "/v1/search", &query).await.map_err(PlaceError::Web)?;
        let sound = |place: &Place| {
            (-90.0..=90.0).contains(&place.latitude) && (-180.0..=180.0).contains(&place.longitude)
        };
        Ok(answer.results.into_iter().filter(sound).collect())
    }
}

impl Place {
    /// Its name in speech: large cities and countries by name, others with their state (in the
    /// United States) or country.
    pub(crate) fn spoken(&self) -> String {
        let capital_or_country = self
            .feature_code
            .as_deref()
            .is_some_and(|code| code == "PPLC" || code.starts_with("PCL"));
        let famous =
            self.population.is_none_or(|people| people >= GREAT_CITY) || capital_or_country;
        if famous && !self.qualified { self.name.clone() } else { self.long_name() }
    }

    fn long_name(&self) -> String {
        let us = self.country_code.as_deref() == Some("US");
        let region = if us { &self.admin1 } else { &self.country };
        match region {
            Some(region) if *region != self.name => format!("{}, {region}", self.name),
            Some(_) | None => self.name.clone(),
        }
    }

    /// Whether every part of a folded qualifier ("oregon", "or usa") is its state or country; with
    /// `short`, the short form of its state counts too. If the service gives neither, it is
    /// trusted.
    fn lies_in(&self, qualifier: &str, short: bool) -> bool {
        let regions = [&self.admin1, &self.country, &self.country_code];
        if regions.iter().all(|region| region.is_none()) {
            return true;
        }
        let known: Vec<String> = regions.into_iter().flatten().map(|region| fold(region)).collect();
        let is = |name: &str| {
            let code =
                COUNTRIES.iter().find(|(word, _)| *word == name).map_or(name, |(_, code)| code);
            let state = |known: &str| {
                short && STATES.iter().any(|(word, long)| *word == name && *long == known)
            };
            known.iter().any(|known| known == name || known == code || state(known))
        };
        if is(qualifier) {
            return true;
        }
        // "texas usa": two names, split anywhere.
        qualifier.match_indices(' ').any(|(at, _)| is(&qualifier[..at]) && is(&qualifier[at + 1..]))
    }
}

/// The first place in the country that a folded qualifier names, else in the state: "CA" is Canada
/// before it is California, if there is such a place.
fn told_apart(places: &[Place], qualifier: &str) -> Option<Place> {
    let lies_in = |short| places.iter().find(|place| place.lies_in(qualifier, short));
    let place = lies_in(false).or_else(|| lies_in(true))?;
    Some(Place { qualified: true, ..place.clone() })
}

/// Spellings of a name, the given one first: the service knows "Stoke-on-Trent" but not "Stoke on
/// Trent", "St Ives" but not "St. Ives". At most three, each of which may cost a request.
fn spellings(name: &str) -> Vec<String> {
    let short = name.to_lowercase();
    if let Some((_, long)) = NICKNAMES.iter().find(|(nickname, _)| *nickname == short) {
        return vec![(*long).to_owned()];
    }
    let mut names = vec![name.to_owned()];
    if let Some(rest) = ["St. ", "St ", "st. ", "st "].iter().find_map(|st| name.strip_prefix(st)) {
        names.extend([format!("St {rest}"), format!("Saint {rest}")]);
    } else if name.contains('-') {
        names.push(name.replace('-', " "));
    } else if [" on ", " upon ", " in ", " by ", " sur ", " super "]
        .iter()
        .any(|link| name.to_lowercase().contains(link))
    {
        names.push(name.replace(' ', "-"));
    }
    names.dedup();
    names
}

/// Towns by nicknames used in their country.
const NICKNAMES: &[(&str, &str)] = &[
    ("la", "Los Angeles"),
    ("l.a.", "Los Angeles"),
    ("nyc", "New York"),
    ("sf", "San Francisco"),
    ("san fran", "San Francisco"),
    ("dc", "Washington"),
    ("d.c.", "Washington"),
    ("vegas", "Las Vegas"),
    ("philly", "Philadelphia"),
];

/// Country names that the service does not use, and their ISO 3166 codes.
const COUNTRIES: &[(&str, &str)] = &[
    ("usa", "us"),
    ("u s a", "us"),
    ("u s", "us"),
    ("america", "us"),
    ("united states of america", "us"),
    ("uk", "gb"),
    ("u k", "gb"),
    ("great britain", "gb"),
    ("britain", "gb"),
    ("holland", "nl"),
    ("czech republic", "cz"),
    ("turkey", "tr"),
    ("uae", "ae"),
];

/// States by their postal abbreviations (USPS Publication 28, Canada Post, Australia Post).
const STATES: &[(&str, &str)] = &[
    ("al", "alabama"),
    ("ak", "alaska"),
    ("az", "arizona"),
    ("ar", "arkansas"),
    ("ca", "california"),
    ("co", "colorado"),
    ("ct", "connecticut"),
    ("dc", "district of columbia"),
    ("d c", "district of columbia"),
    ("de", "delaware"),
    ("fl", "florida"),
    ("ga", "georgia"),
    ("hi", "hawaii"),
    ("ia", "iowa"),
    ("id", "idaho"),
    ("il", "illinois"),
    ("in", "indiana"),
    ("ks", "kansas"),
    ("ky", "kentucky"),
    ("la", "louisiana"),
    ("ma", "massachusetts"),
    ("md", "maryland"),
    ("me", "maine"),
    ("mi", "michigan"),
    ("mn", "minnesota"),
    ("mo", "missouri"),
    ("ms", "mississippi"),
    ("mt", "montana"),
    ("nc", "north carolina"),
    ("nd", "north dakota"),
    ("ne", "nebraska"),
    ("nh", "new hampshire"),
    ("nj", "new jersey"),
    ("nm", "new mexico"),
    ("nv", "nevada"),
    ("ny", "new york"),
    ("oh", "ohio"),
    ("ok", "oklahoma"),
    ("or", "oregon"),
    ("pa", "pennsylvania"),
    ("ri", "rhode island"),
    ("sc", "south carolina"),
    ("sd", "south dakota"),
    ("tn", "tennessee"),
    ("tx", "texas"),
    ("ut", "utah"),
    ("va", "virginia"),
    ("vt", "vermont"),
    ("wa", "washington"),
    ("wi", "wisconsin"),
    ("wv", "west virginia"),
    ("wy", "wyoming"),
    // The provinces and states of Canada and Australia.
    ("ab", "alberta"),
    ("bc", "british columbia"),
    ("mb", "manitoba"),
    ("nb", "new brunswick"),
    ("nl", "newfoundland and labrador"),
    ("ns", "nova scotia"),
    ("on", "ontario"),
    ("pe", "prince edward island"),
    ("qc", "quebec"),
    ("sk", "saskatchewan"),
    ("nsw", "new south wales"),
    ("qld", "queensland"),
    ("tas", "tasmania"),
    ("vic", "victoria"),
    ("wa", "western australia"),
    ("sa", "south australia"),
];
