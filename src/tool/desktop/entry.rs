//! Desktop entries: the programs of a desktop, see
//! <https://specifications.freedesktop.org/desktop-entry-spec/latest/>.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The longest entry that is read, in bytes; each language adds some lines.
const MOST: u64 = 256 * 1024;

/// How deep folders of entries are searched.
const DEEP: usize = 4;

/// A program with its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its file's name below the folder, "-" between folders, without the end: `org.gnome.Calculator`.
    pub(super) id: String,
    /// Its name, for people.
    pub(super) name: String,
    /// What else it is called: names in the user's language, the kind of program, its file's name.
    pub(super) others: Vec<String>,
    /// Words for what it does.
    pub(super) keywords: Vec<String>,
    /// The program and its arguments.
    pub(super) command: Vec<String>,
    /// Where it wants to run.
    pub(super) folder: Option<PathBuf>,
    /// Whether it runs in a terminal.
    pub(super) terminal: bool,
}

/// All programs of the folders `data`, each of which may have `applications`; an earlier folder
/// hides what a later one has under the same name. `env` has the desktop's name and the language.
pub(super) fn all(data: &[PathBuf], env: &BTreeMap<String, String>) -> Vec<Entry> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    for folder in data {
        let mut files = Vec::new();
        collect(&folder.join("applications"), "", DEEP, &mut files);
        files.sort();
        for (id, path) in files {
            if seen.insert(id.clone())
                && std::fs::metadata(&path).is_ok_and(|meta| meta.len() <= MOST)
                && let Ok(bytes) = std::fs::read(&path)
            {
                found.extend(entry(&id, &path, &String::from_utf8_lossy(&bytes), env));
            }
        }
    }
    found
}

/// The entries below `folder`, with their ids.
fn collect(folder: &Path, prefix: &str, deep: usize, found: &mut Vec<(String, PathBuf)>) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for path in files.filter_map(|file| Some(file.ok()?.path())) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if let Some(id) = name.strip_suffix(".desktop") {
            found.push((format!("{prefix}{id}"), path));
        } else if deep > 0 && path.is_dir() {
            collect(&path, &format!("{prefix}{name}-"), deep - 1, found);
        }
    }
}

/// One entry; `None` for what is hidden, belongs to another desktop, or is no program here.
fn entry(id: &str, path: &Path, text: &str, env: &BTreeMap<String, String>) -> Option<Entry> {
    let fields = main_group(text);
    let field = |name: &str| fields.get(name).map(|value| unescaped(value));
    let set = |name: &str| fields.get(name).is_some_and(|value| *value == "true");
    let list = |name: &str| -> Vec<String> {
        let all = field(name).unwrap_or_default();
        all.split(';').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    if field("Type").as_deref() != Some("Application") || set("Hidden") || set("NoDisplay") {
        return None;
    }
    let desktops = env.get("XDG_CURRENT_DESKTOP").map_or("", String::as_str);
    let here = |all: &[String]| desktops.split(':').any(|one| all.iter().any(|of| of == one));
    let (only, not) = (list("OnlyShowIn"), list("NotShowIn"));
    if (!only.is_empty() && !here(&only)) || here(&not) {
        return None;
    }
    if field("TryExec").is_some_and(|program| super::start::found(&program, env).is_none()) {
        return None;
    }
    let name = field("Name")?;
    let command = command(&field("Exec")?, &name, path)?;
    let mut others = Vec::new();
    for key in ["Name", "GenericName"] {
        others.extend(field(key));
        others.extend(languages(env).filter_map(|tag| field(&format!("{key}[{tag}]"))));
    }
    let program = Path::new(&command[0]).file_name().and_then(|name| name.to_str());
    others.extend(program.map(str::to_owned));
    others.extend(id.rsplit('.').next().map(str::to_owned));
    let mut keywords = list("Keywords");
    keywords.extend(languages(env).flat_map(|tag| list(&format!("Keywords[{tag}]"))));
    let folder = field("Path").filter(|path| !path.is_empty()).map(PathBuf::from);
    let (id, terminal) = (id.to_owned(), set("Terminal"));
    Some(Entry { id, name, others, keywords, command, folder, terminal })
}

/// The user's language as entries name it: `de_AT` and `de`.
fn languages(env: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| env.get(*name));
    let whole = locale.map_or("", String::as_str).split(['.', '@']).next().unwrap_or_default();
    let short = whole.split('_').next().filter(|short| *short != whole);
    [whole].into_iter().chain(short).filter(|tag| !tag.is_empty())
}

/// The keys of `[Desktop Entry]`; those of its actions are not read.
fn main_group(text: &str) -> HashMap<&str, &str> {
    let lines = text.lines().map(str::trim);
    let group = lines.skip_while(|line| *line != "[Desktop Entry]").skip(1);
    let group = group.take_while(|line| !line.starts_with('['));
    let pairs = group.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.trim(), value.trim())).collect()
}

/// A value as it is meant: "\s" is a blank.
fn unescaped(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            (_, Some('s')) => out.push(' '),
            (_, Some('n')) => out.push('\n'),
            (_, Some('t')) => out.push('\t'),
            (_, Some('r')) => out.push('\r'),
            (_, Some('\\')) => out.push('\\'),
            // It is the quoting of `Exec`, which comes next.
            (_, Some(other)) => out.extend(['\\', other]),
            (c, None) => out.push(c),
        }
    }
    out
}

/// The words of `Exec`, without the files that it would open; `None` if it is not well written.
fn command(exec: &str, name: &str, path: &Path) -> Option<Vec<String>> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    let mut chars = exec.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if quoted => word.get_or_insert_default().push(chars.next()?),
            ' ' | '\t' if !quoted => words.extend(word.take()),
            '%' => match chars.next()? {
                '%' => word.get_or_insert_default().push('%'),
                'c' => word.get_or_insert_default().push_str(name),
                'k' => word.get_or_insert_default().push_str(&path.display().to_string()),
                // Files, addresses and icons: there are none.
                _ => {}
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (!quoted && !words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, env: &[(&str, &str)]) -> Option<Entry> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        entry("org.example.App", Path::new("/a.desktop"), text, &env.collect())
    }

    fn words(exec: &str) -> Option<Vec<String>> {
        command(exec, "Viewer", Path::new("/v.desktop"))
    }

    #[test]
    fn a_command_is_split_as_the_specification_says() {
        for (exec, want) in [
            ("firefox %u", vec!["firefox"]),
            ("app --new-window %F", vec!["app", "--new-window"]),
            (
                r#""/opt/My App/run" "a \"b\" \$c" --x=%c"#,
                vec!["/opt/My App/run", "a \"b\" $c", "--x=Viewer"],
            ),
            (
                "env A=100%% app --desktop %k",
                vec!["env", "A=100%", "app", "--desktop", "/v.desktop"],
            ),
            (r#"app """#, vec!["app", ""]),
        ] {
            assert_eq!(words(exec).unwrap(), want, "{exec}");
        }
        assert_eq!(words("\"open"), None);
        assert_eq!(words("%u"), None);
    }

    #[test]
    fn an_entry_has_its_names_in_both_languages() {
        let text = "# made by hand\n[Desktop Entry]\nType=Application\nName=Calculator\n\
            Name[de]=Taschenrechner\nName[fr]=Calculatrice\nKeywords=sum;math;\nExec=gcalc\n\
            [Desktop Action new]\nName=New window\nExec=other\n";
        let entry = read(text, &[("LANG", "de_DE.UTF-8")]).unwrap();
        assert_eq!(entry.name, "Calculator");
        assert_eq!(entry.others, ["Calculator", "Taschenrechner", "gcalc", "App"]);
        assert_eq!(entry.keywords, ["sum", "math"]);
        assert_eq!(entry.command, ["gcalc"]);
    }

    #[test]
    fn what_is_not_for_this_user_is_left_out() {
        let with =
            |line: &str| format!("[Desktop Entry]\nType=Application\nName=A\nExec=a\n{line}\n");
        let gnome = [("XDG_CURRENT_DESKTOP", "ubuntu:GNOME"), ("PATH", "/nowhere")];
        for hidden in [
            "NoDisplay=true",
            "Hidden=true",
            "OnlyShowIn=KDE;",
            "NotShowIn=GNOME;",
            "TryExec=gone",
            "Type=Link",
        ] {
            assert_eq!(read(&with(hidden), &gnome), None, "{hidden}");
        }
        for shown in ["OnlyShowIn=GNOME;KDE;", "NotShowIn=KDE;", "NoDisplay=false"] {
            assert!(read(&with(shown), &gnome).is_some(), "{shown}");
        }
    }
}
