//! Which program is meant by a spoken name.

use super::entry::Entry;
use crate::tool::zone::fold;

/// How alike a name and a misspelling of it are at least, and how alike one that is offered instead.
const LIKE: f64 = 0.82;
const NEAR: f64 = 0.55;

/// How many names are offered.
const OFFERED: usize = 2;

/// The programs that a name may mean.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'a> {
    /// This one.
    One(&'a Entry),
    /// One of these, which fit equally well.
    Several(Vec<&'a Entry>),
    /// None; these sound somewhat like it.
    None(Vec<&'a Entry>),
}

/// The program called `said`. Among several that fit equally well, one of `defaults` (ids) is meant:
/// the user has chosen it for pages, mail or files.
pub(super) fn find<'a>(entries: &'a [Entry], said: &str, defaults: &[String]) -> Found<'a> {
    let said = meant(said);
    let mut fitting: Vec<(u32, &Entry)> =
        entries.iter().filter_map(|entry| Some((rank(entry, &said)?, entry))).collect();
    let Some(best) = fitting.iter().map(|(rank, _)| *rank).min() else {
        return Found::None(near(entries, &said));
    };
    fitting.retain(|(rank, _)| *rank == best);
    let mut fitting: Vec<&Entry> = fitting.into_iter().map(|(_, entry)| entry).collect();
    // One name may be installed twice, as a package and from a store; either is right.
    fitting.dedup_by(|later, earlier| later.name == earlier.name);
    let chosen: Vec<&Entry> =
        fitting.iter().copied().filter(|entry| defaults.contains(&entry.id)).collect();
    match (fitting.as_slice(), chosen.as_slice()) {
        ([one], _) | (_, [one]) => Found::One(one),
        (_, _) => Found::Several(fitting),
    }
}

/// The words of a name without those that say only that it is a program.
fn meant(said: &str) -> String {
    const BEFORE: [&str; 6] = ["the", "my", "a", "an", "up", "program"];
    const AFTER: [&str; 5] = ["app", "application", "program", "please", "now"];
    let folded = fold(said);
    let mut words: Vec<&str> = folded.split(' ').collect();
    while words.len() > 1 && BEFORE.contains(&words[0]) {
        words.remove(0);
    }
    while words.len() > 1 && AFTER.contains(&words[words.len() - 1]) {
        words.pop();
    }
    words.join(" ")
}

/// How well `entry` is meant by the folded name `said`; less is better, `None` for not at all.
fn rank(entry: &Entry, said: &str) -> Option<u32> {
    let (names, whole) = (names(entry), squeezed(said));
    if whole.is_empty() {
        return None;
    }
    // "Fire fox" and "Firefox", "vs code" and "VSCode" are the same.
    if names.iter().any(|name| squeezed(name) == whole) {
        return Some(0);
    }
    if entry.keywords.iter().any(|keyword| squeezed(&fold(keyword)) == whole) {
        return Some(2);
    }
    let within = |name: &String| {
        let words: Vec<&str> = name.split(' ').collect();
        said.split(' ').all(|word| words.contains(&word))
    };
    if names.iter().any(within) {
        return Some(1);
    }
    let like = names.iter().map(|name| likeness(&squeezed(name), &whole)).fold(0.0, f64::max);
    (like >= LIKE).then_some(3)
}

/// The programs whose names are somewhat like `said`, the nearest first.
fn near<'a>(entries: &'a [Entry], said: &str) -> Vec<&'a Entry> {
    let whole = squeezed(said);
    let like = |entry: &Entry| {
        let names = names(entry).into_iter();
        let whole_name = |name: String| likeness(&squeezed(&name), &whole);
        names.map(whole_name).fold(0.0, f64::max)
    };
    let mut scored: Vec<(f64, &Entry)> = entries
        .iter()
        .map(|entry| (like(entry), entry))
        .filter(|(like, _)| *like >= NEAR)
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.into_iter().take(OFFERED).map(|(_, entry)| entry).collect()
}

fn names(entry: &Entry) -> Vec<String> {
    [&entry.name].into_iter().chain(&entry.others).map(|name| fold(name)).collect()
}

fn squeezed(name: &str) -> String {
    name.replace(' ', "")
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, name: &str, others: &[&str], keywords: &[&str]) -> Entry {
        let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Entry {
            id: id.into(),
            name: name.into(),
            others: all(others),
            keywords: all(keywords),
            command: vec!["true".into()],
            folder: None,
            terminal: false,
        }
    }

    fn desktop() -> Vec<Entry> {
        vec![
            entry("firefox", "Firefox", &["Web Browser"], &["internet", "www"]),
            entry("chromium", "Chromium", &["Web Browser"], &["internet"]),
            entry("code", "Visual Studio Code", &["Text Editor", "code"], &["vscode"]),
            entry("gnome-calc", "Calculator", &["gnome-calculator"], &["math", "sum"]),
            entry("lo-calc", "LibreOffice Calc", &["Spreadsheet", "libreoffice"], &[]),
            entry("lo-writer", "LibreOffice Writer", &["Word Processor", "libreoffice"], &[]),
            entry("files", "Files", &["File Manager", "nautilus"], &["folder"]),
            entry("gimp", "GNU Image Manipulation Program", &["Image Editor", "gimp"], &[]),
        ]
    }

    fn found(said: &str, defaults: &[&str]) -> String {
        let defaults: Vec<String> = defaults.iter().map(|id| (*id).to_owned()).collect();
        let all = |some: &[&Entry]| {
            some.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>().join(" ")
        };
        match find(&desktop(), said, &defaults) {
            Found::One(one) => one.id.clone(),
            Found::Several(some) => format!("several: {}", all(&some)),
            Found::None(near) => format!("none: {}", all(&near)),
        }
    }

    #[test]
    fn a_program_is_found_as_people_and_recognizers_call_it() {
        for (said, want) in [
            ("Firefox", "firefox"),
            ("fire fox", "firefox"),
            ("the Firefox app", "firefox"),
            ("firefocks", "none: firefox"),
            ("firefix", "firefox"),
            ("vs code", "code"),
            ("visual studio", "code"),
            ("calculator", "gnome-calc"),
            ("libre office calc", "lo-calc"),
            ("calc", "lo-calc"),
            ("libre office", "several: lo-calc lo-writer"),
            ("text editor", "code"),
            ("file manager", "files"),
            ("gimp", "gimp"),
            ("blender", "none: "),
            ("the app", "none: "),
        ] {
            assert_eq!(found(said, &[]), want, "{said}");
        }
    }

    #[test]
    fn the_browser_is_the_one_that_the_user_has_chosen() {
        assert_eq!(found("browser", &[]), "several: firefox chromium");
        assert_eq!(found("the web browser", &["chromium"]), "chromium");
    }
}
