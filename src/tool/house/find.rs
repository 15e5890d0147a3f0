//! Which things are meant: by name, kind and room, leniently.

use super::thing::{ENTRANCES, Thing};
use crate::tool::zone::fold;

/// How many similar names are offered for one that is unknown.
const OFFERED: usize = 3;

/// The similarity from which a name that fits nothing is taken for a misheard one. Lower ones are
/// other words: "bath" and "bed light" have 0.7.
const MISHEARD: f64 = 0.93;

/// Words that say nothing about a thing.
const EMPTY: [&str; 17] = [
    "the", "my", "our", "a", "an", "all", "every", "of", "in", "at", "on", "and", "please", "some",
    "any", "both", "s",
];

/// The words for a kind of thing, in the singular, and its domains.
const KINDS: [(&[&str], &[&str]); 10] = [
    (&["light", "lamp", "lighting", "bulb", "chandelier"], &["light"]),
    (
        &["blind", "curtain", "shade", "shutter", "awning", "window", "drape", "cover"],
        &["cover", "binary_sensor"],
    ),
    (&["door", "gate"], &["lock", "cover", "binary_sensor"]),
    (&["garage"], &["cover", "binary_sensor"]),
    (&["lock"], &["lock"]),
    (
        &[
            "heating",
            "heat",
            "heater",
            "thermostat",
            "radiator",
            "ac",
            "boiler",
            "air",
            "conditioning",
            "conditioner",
            "temperature",
            "humidity",
        ],
        &["climate", "sensor"],
    ),
    (&["fan", "ventilator"], &["fan"]),
    (&["plug", "outlet", "socket", "switche", "switch"], &["switch"]),
    (&["tv", "television", "telly", "speaker"], &["media_player"]),
    (&["vacuum", "hoover", "robot", "cleaner"], &["vacuum"]),
];

/// What was asked for.
pub(super) struct Query {
    said: String,
    words: Vec<String>,
    area: Vec<String>,
    /// Whether several may be meant.
    many: bool,
}

pub(super) enum Found<'a> {
    /// These are meant.
    Things(Vec<&'a Thing>),
    /// One of these is meant.
    Several(Vec<&'a Thing>),
    /// Nothing fits; names that are similar.
    Nothing(Vec<String>),
}

impl Query {
    pub(super) fn new(what: Option<&str>, area: Option<&str>, all: bool) -> Self {
        let (what, area) = (what.unwrap_or_default().trim(), area.unwrap_or_default().trim());
        let many = all
            || fold(what).split(' ').any(|word| {
                matches!(word, "all" | "every" | "both" | "everything") || singular(word) != word
            });
        let said = match (what.is_empty(), area.is_empty()) {
            (false, false) => format!("{what} in the {area}"),
            _ => format!("{what}{area}"),
        };
        Self { said, words: words(what), area: words(area), many }
    }

    /// What was said, for an answer.
    pub(super) fn spoken(&self) -> &str {
        &self.said
    }

    pub(super) fn everything(&self) -> bool {
        self.words.iter().any(|word| word == "everything")
    }

    /// Whether a kind of thing was said, rather than a thing.
    pub(super) fn names_kind(&self) -> bool {
        self.words.iter().any(|word| kind(word).is_some())
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        let content = |word: &&String| *word != "everything";
        self.words.iter().chain(&self.area).filter(content)
    }
}

/// The things among `things` that `fits` and that `query` means.
pub(super) fn find<'a>(
    things: &'a [Thing],
    query: &Query,
    fits: impl Fn(&Thing) -> bool,
) -> Found<'a> {
    let pool: Vec<(&Thing, Vec<String>, Vec<String>)> = things
        .iter()
        .filter(|thing| fits(thing))
        .map(|thing| (thing, words(&thing.name), words(thing.area.as_deref().unwrap_or_default())))
        .collect();
    let mut wanted: Vec<&String> = query.all().collect();
    wanted.sort();
    wanted.dedup();
    let exact: Vec<&Thing> = pool
        .iter()
        .filter(|(_, name, _)| {
            let mut name: Vec<&String> = name.iter().collect();
            name.sort();
            name.dedup();
            name == wanted
        })
        .map(|(thing, ..)| *thing)
        .collect();
    match exact.len() {
        0 => {}
        1 => return Found::Things(exact),
        _ if query.many => return Found::Things(exact),
        _ => return Found::Several(exact),
    }
    let fitting: Vec<&(&Thing, Vec<String>, Vec<String>)> = pool
        .iter()
        .filter(|(thing, name, area)| {
            wanted
                .iter()
                .all(|word| name.contains(word) || area.contains(word) || is_a(thing, word))
        })
        .collect();
    // "The kitchen" and "the lights" name no thing in particular.
    let general = |(_, _, area): &&(&Thing, Vec<String>, Vec<String>)| {
        wanted.iter().all(|word| area.contains(word) || kind(word).is_some())
    };
    let roomy = fitting.iter().all(|(_, _, area)| wanted.iter().any(|word| area.contains(word)));
    let all_general = fitting.iter().all(general);
    let mut chosen: Vec<&Thing> = fitting.iter().map(|(thing, ..)| *thing).collect();
    if chosen.len() > 1 && !query.everything() && !query.names_kind() && all_general {
        let lights = |thing: &&Thing| thing.domain() == "light";
        if chosen.iter().any(lights) {
            chosen.retain(|thing| thing.domain() == "light");
        }
    }
    match chosen.len() {
        0 => misheard(&pool.iter().map(|(thing, ..)| *thing).collect::<Vec<_>>(), &wanted),
        1 => Found::Things(chosen),
        _ if query.many || (all_general && roomy) => Found::Things(chosen),
        _ => Found::Several(chosen),
    }
}

/// The one thing whose name sounds like `wanted`, or a few that come near.
fn misheard<'a>(pool: &[&'a Thing], wanted: &[&String]) -> Found<'a> {
    let wanted = wanted.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" ");
    let mut scored: Vec<(f64, &Thing)> = pool
        .iter()
        .map(|thing| {
            let mut name = words(&thing.name);
            name.sort();
            (strsim::jaro_winkler(&name.join(" "), &wanted), *thing)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    if let [(score, thing), rest @ ..] = scored.as_slice()
        && *score >= MISHEARD
        && rest.first().is_none_or(|(next, _)| *next < MISHEARD)
    {
        return Found::Things(vec![thing]);
    }
    Found::Nothing(scored.iter().take(OFFERED).map(|(_, thing)| thing.name.clone()).collect())
}

/// Whether `word` names a kind of thing that `thing` is. A garage is no blind, and a blind no door.
fn is_a(thing: &Thing, word: &str) -> bool {
    let cover = thing.domain() == "cover";
    let entrance = ENTRANCES.contains(&word);
    kind(word).is_some_and(|domains| domains.contains(&thing.domain()))
        && (!cover || thing.is_guarded() == entrance)
}

fn kind(word: &str) -> Option<&'static [&'static str]> {
    KINDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, domains)| *domains)
}

/// The words of a name, without those that say nothing, in the singular.
fn words(name: &str) -> Vec<String> {
    let folded = fold(name);
    let said = folded.split(' ').filter(|word| !word.is_empty() && !EMPTY.contains(word));
    said.map(|word| singular(word).to_owned()).collect()
}

fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(one) if one.len() > 2 && !one.ends_with(['s', 'u', 'i']) => one,
        _ => word,
    }
}
