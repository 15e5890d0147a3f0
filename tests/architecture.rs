//! Rooms import only the rooms that they may import. Reads the sources, so a forbidden arrow fails
//! here before it becomes a habit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms that it may import. `app` and `cli` are on top and may import all.
const ROOMS: [(&str, &[&str]); 19] = [
    ("base", &[]),
    ("dialog", &["base"]),
    ("turn", &["base", "dialog"]),
    ("pcm", &["base"]),
    ("audio", &["base", "pcm"]),
    ("listen", &["base", "pcm", "audio"]),
    ("net", &[]),
    ("keys", &[]),
    ("models", &["base", "net"]),
    ("language", &["base"]),
    ("grammar", &["base", "language"]),
    ("engine", &["base", "dialog", "language", "grammar", "pcm", "net"]),
    ("tool", &["base", "dialog", "language", "net"]),
    ("ledger", &["base", "engine"]),
    ("drive", &["base", "dialog", "turn", "pcm", "audio", "listen", "engine", "tool"]),
    ("control", &["base", "dialog", "drive"]),
    // It makes the settings of every room, and imports nothing else of them.
    (
        "config",
        &[
            "base", "dialog", "turn", "audio", "listen", "grammar", "keys", "engine", "ledger",
            "models", "tool", "drive",
        ],
    ),
    ("app", &["*"]),
    ("cli", &["*"]),
];

/// Crates that the pure rooms may use besides the standard library.
const PURE: [(&str, &[&str]); 2] = [("turn", &["serde"]), ("dialog", &["serde", "serde_json"])];

/// Lines of a file. Unit tests that would exceed them are a file of their own, `tests.rs`.
const MAX_LINES: usize = 500;

/// The most files with inherent methods of one type.
const MAX_IMPLS: usize = 2;

/// One source file: its room, its depth below the crate root, and its text.
#[derive(Clone)]
struct Source {
    path: PathBuf,
    room: String,
    depth: usize,
    text: String,
}

impl Source {
    /// The text without comments, strings and unit tests: what the compiler sees in production.
    fn code(&self) -> String {
        strip(self.production())
    }

    /// The text before the unit tests, which come last by convention or are a file of their own.
    fn production(&self) -> &str {
        if self.path.ends_with("tests.rs") {
            return "";
        }
        self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 20, "the sources are not where this test looks");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let inside: Vec<_> = path.strip_prefix(root).unwrap().iter().collect();
        let room = inside[0].to_str().unwrap().trim_end_matches(".rs").to_owned();
        let is_root = inside.last().is_some_and(|name| *name == "mod.rs");
        let depth = inside.len() - usize::from(is_root);
        let text = fs::read_to_string(&path).unwrap();
        found.push(Source { path, room, depth, text });
    }
}

/// Blanks out comments and the contents of strings.
fn strip(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = &rest[rest.find("*/").map_or(rest.len(), |at| at + 2)..];
        } else if let Some((open, close)) = raw_string(rest) {
            let body = &rest[open..];
            rest = &body[body.find(&close).map_or(body.len(), |at| at + close.len())..];
            code.push_str("\"\"");
        } else if next == '"' {
            rest = after_string(&rest[1..]);
            code.push_str("\"\"");
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest = &rest[rest[1..].find("'").map_or(rest.len(), |at| at + 2)..];
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    code
}

/// The length of a raw string's opening, and its closing.
fn raw_string(text: &str) -> Option<(usize, String)> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then(|| (hashes + 2, format!("\"{}", "#".repeat(hashes))))
}

/// What follows the string whose contents `text` begins with.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// The rooms that `code` at `depth` names: after `crate::`, after enough `super::`, and in the
/// braces after either.
fn arrows(code: &str, depth: usize) -> Vec<String> {
    let mut rooms = Vec::new();
    let root = "super::".repeat(depth);
    for prefix in ["crate::", root.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            let deeper = code[..at].ends_with("super::");
            let word = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if !deeper && !word {
                rooms.extend(heads(&code[at + prefix.len()..]));
            }
        }
    }
    rooms
}

/// The first names of a path, or of each path in braces.
fn heads(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut heads = vec![name(group)];
    let mut open = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 1 => break,
            '}' => open -= 1,
            ',' if open == 1 => heads.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

#[test]
fn no_room_imports_one_that_it_may_not_know() {
    let mut forbidden = Vec::new();
    for source in sources() {
        if source.room == "lib" || source.room == "main" {
            continue;
        }
        let room = ROOMS.iter().find(|(room, _)| *room == source.room);
        let Some((room, allowed)) = room else {
            forbidden.push(format!("{}: a room without a rule", source.path.display()));
            continue;
        };
        for target in arrows(&source.code(), source.depth) {
            let known = ROOMS.iter().any(|(room, _)| *room == target);
            if known && target != *room && !allowed.contains(&"*") && !allowed.contains(&&*target) {
                forbidden.push(format!("{}: {room} -> {target}", source.path.display()));
            }
        }
    }
    assert!(forbidden.is_empty(), "forbidden arrows:\n{}", forbidden.join("\n"));
}

#[test]
fn one_small_module_may_be_unsafe() {
    let mut found = sources();
    found.retain(|source| source.code().contains("unsafe "));
    let paths: Vec<_> = found.iter().map(|source| &source.path).collect();
    assert!(paths.len() == 1 && paths[0].ends_with("src/base/process.rs"), "{paths:?}");
}

#[test]
fn pure_rooms_use_no_other_crates() {
    let mut forbidden = Vec::new();
    for source in sources() {
        let Some((_, crates)) = PURE.iter().find(|(room, _)| *room == source.room) else {
            continue;
        };
        for line in source.code().lines() {
            let Some(path) = line.trim_start().strip_prefix("use ") else { continue };
            let head = &heads(path)[0];
            let own = ["std", "super", "crate", "self"].contains(&head.as_str());
            // Modules of the same folder are re-exported by their bare names.
            let module = source.text.contains(&format!("mod {head};"));
            if !own && !module && !crates.contains(&head.as_str()) {
                forbidden.push(format!("{}: {line}", source.path.display()));
            }
        }
        for word in ["tokio", "tracing", "Instant", "SystemTime", "thread::"] {
            if source.code().contains(word) {
                forbidden.push(format!("{}: {word}", source.path.display()));
            }
        }
    }
    assert!(forbidden.is_empty(), "not pure:\n{}", forbidden.join("\n"));
}

#[test]
fn turns_know_one_kind_of_partner() {
    for source in sources().iter().filter(|source| source.room == "turn") {
        let named = source.text.to_lowercase().contains("realtime");
        assert!(!named, "{} names a kind of partner", source.path.display());
    }
}

#[test]
fn files_stay_readable() {
    let length = |source: &Source| source.text.lines().count();
    let long: Vec<_> = sources()
        .iter()
        .filter(|source| length(source) > MAX_LINES)
        .map(|source| format!("{}: {} lines", source.path.display(), length(source)))
        .collect();
    assert!(long.is_empty(), "more than {MAX_LINES} lines:\n{}", long.join("\n"));
}

/// The files that `source` names, as paths below `src` without extension. A name that a `mod.rs`
/// re-exports counts as that `mod.rs`.
fn files_named(source: &Source, known: &[String]) -> Vec<String> {
    let own = module(source);
    let code = source.code();
    let mut paths = Vec::new();
    for line in code.split(';') {
        if let Some(at) = line.find("use ") {
            paths.extend(expand(&line[at + 4..].split_whitespace().collect::<String>()));
        }
    }
    for prefix in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(prefix) {
            let inside = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            if !code[..at].ends_with(inside) {
                paths.push(code[at..].chars().take_while(|c| inside(*c)).collect());
            }
        }
    }
    let mut named = Vec::new();
    for path in paths {
        let mut parts: Vec<&str> = path.split("::").collect();
        let mut base: Vec<&str> = match parts[0] {
            "crate" => Vec::new(),
            "super" | "self" => own.split('/').collect(),
            _ => continue,
        };
        if parts[0] != "super" {
            parts.remove(0);
        }
        while parts.first() == Some(&"super") {
            base.pop();
            parts.remove(0);
        }
        base.extend(parts);
        let file = (1..=base.len()).rev().map(|n| base[..n].join("/")).find(|f| known.contains(f));
        named.extend(file.filter(|file| *file != own));
    }
    named
}

/// The module that a file holds, as `room/name`.
fn module(source: &Source) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = source.path.strip_prefix(root).unwrap().with_extension("");
    inside.to_str().unwrap().trim_end_matches("/mod").to_owned()
}

/// The paths of a `use`, one for each name in its braces.
fn expand(path: &str) -> Vec<String> {
    let Some(open) = path.find('{') else { return vec![path.to_owned()] };
    let (head, body) = (&path[..open], path[open + 1..].trim_end_matches('}'));
    let mut depth = 0;
    let names = body.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    names.flat_map(|name| expand(&format!("{head}{name}"))).collect()
}

#[test]
fn no_files_know_each_other_in_a_circle() {
    let sources = sources();
    let leaves: Vec<&Source> =
        sources.iter().filter(|source| !source.path.ends_with("mod.rs")).collect();
    let known: Vec<String> = leaves.iter().map(|source| module(source)).collect();
    let all: Vec<String> = sources.iter().map(module).collect();
    let arrows: Vec<Vec<usize>> = leaves
        .iter()
        .map(|source| {
            let named = files_named(source, &all);
            named.iter().filter_map(|name| known.iter().position(|file| file == name)).collect()
        })
        .collect();
    // A file that no remaining file names cannot be in a circle: removed until nothing changes.
    let mut rest: Vec<usize> = (0..known.len()).collect();
    loop {
        let before = rest.len();
        let led_to = |file: usize| rest.iter().any(|from| arrows[*from].contains(&file));
        let leads = |file: usize| arrows[file].iter().any(|to| rest.contains(to));
        rest = rest.iter().copied().filter(|file| led_to(*file) && leads(*file)).collect();
        if rest.len() == before {
            break;
        }
    }
    let names: Vec<&String> = rest.iter().map(|file| &known[*file]).collect();
    assert!(names.is_empty(), "these files, or some of them, know each other: {names:?}");
}

/// The names of the types that have inherent methods in `code`.
fn types_with_methods(code: &str) -> Vec<String> {
    let mut types = Vec::new();
    for (at, _) in code.match_indices("\nimpl") {
        let head = code[at + 5..].split('{').next().unwrap();
        // Lifetimes and parameters come before the name.
        let named = match head.strip_prefix('<') {
            None => head,
            Some(rest) => {
                let mut open = 1;
                let end = rest.find(|c| {
                    open += i32::from(c == '<') - i32::from(c == '>');
                    open == 0
                });
                &rest[end.map_or(0, |end| end + 1)..]
            }
        };
        if named.starts_with(' ') && !named.contains(" for ") {
            let inside = |c: &char| c.is_alphanumeric() || *c == '_';
            types.push(named.trim_start().chars().take_while(inside).collect());
        }
    }
    types
}

/// Whether `code` defines a type of this `name`.
fn makes(code: &str, name: &str) -> bool {
    ["struct", "enum", "union"].iter().any(|kind| {
        let made = format!("{kind} {name}");
        let rest = code.match_indices(&made).map(|(at, _)| &code[at + made.len()..]);
        rest.into_iter().any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// The file that defines the type that `source` calls `name`: itself, or the one that a `use` leads
/// to.
fn home(source: &Source, name: &str, sources: &[Source]) -> Option<String> {
    let (code, own) = (source.code(), module(source));
    if makes(&code, name) {
        return Some(own);
    }
    let all: Vec<String> = sources.iter().map(module).collect();
    let uses = code.split(';').filter_map(|line| line.find("use ").map(|at| &line[at + 4..]));
    let paths = uses.flat_map(|path| expand(&path.split_whitespace().collect::<String>()));
    let ending = format!("::{name}");
    let ours = paths.filter(|path| path.ends_with(&ending)).find_map(|path| {
        let child = format!("{own}/{}", path.split("::").next()?);
        let text = format!("use {path};");
        let named = files_named(&Source { text, ..source.clone() }, &all);
        all.contains(&child).then_some(child).or_else(|| named.first().cloned())
    })?;
    home(sources.iter().find(|source| module(source) == ours)?, name, sources)
}

#[test]
fn the_methods_of_a_type_stand_in_two_files_at_most() {
    let sources = sources();
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in &sources {
        for name in types_with_methods(&source.code()) {
            let own = module(source);
            let home = home(source, &name, &sources).unwrap_or_else(|| panic!("{own}: {name}?"));
            files.entry(format!("{home}::{name}")).or_default().insert(own);
        }
    }
    assert!(files.len() > 100, "the methods are not where this test looks");
    assert!(files.values().any(|files| files.len() == 2), "nor are their files");
    files.retain(|_, files| files.len() > MAX_IMPLS);
    assert!(files.is_empty(), "more than {MAX_IMPLS} files of methods: {files:#?}");
}

#[test]
fn this_test_sees_what_it_looks_for() {
    let code = strip(
        "//! crate::drive\nuse crate::{base::Epoch, tool::{Tool, ToolCx}, dialog};\nlet a = \
         \"crate::app\"; let b = r#\"crate::cli\"#; super::super::engine::Delta; crate::audio::x();",
    );
    let mut rooms = arrows(&code, 2);
    rooms.sort();
    assert_eq!(rooms, ["audio", "base", "dialog", "engine", "tool"]);
    assert_eq!(arrows("super::sibling::X", 2), Vec::<String>::new());
    assert_eq!(arrows("use super::engine::X;", 1), ["engine"]);
    assert_eq!(
        types_with_methods(
            "\nimpl<'a, T: Into<Vec<u8>>> Talk<'a, T> {}\nimpl X for Y {}\nimpl Z {}"
        ),
        ["Talk", "Z"]
    );
    assert_eq!(
        expand("crate::a::{B,c::{D,E}}"),
        ["crate::a::B", "crate::a::c::D", "crate::a::c::E"]
    );
}
