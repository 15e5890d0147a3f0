use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ToolError, disk};

/// The file of the notes.
const NOTES: &str = "notes";

/// The largest file that is read, in bytes. Nobody has a longer list read out.
const LARGEST: u64 = 1 << 20;

/// The folder of lists and notes: one Markdown file each, `shopping.md` with lines such as
/// `- milk`, so that any editor and any notes program can use them too. Everything in a file that
/// is not an item is left as it is.
#[derive(Clone, Debug)]
pub struct Pad {
    folder: Arc<Path>,
}

/// One file, as it was read.
pub(super) struct Sheet {
    path: PathBuf,
    /// What the user calls it.
    pub(super) name: String,
    lines: Vec<String>,
}

impl Pad {
    /// The pad in `folder`, which is created with the first file.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder: folder.into() }
    }

    /// The names of all lists, in alphabetical order.
    pub(super) fn names(&self) -> Result<Vec<String>, ToolError> {
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(&self.folder, &error)),
        };
        let mut names: Vec<String> = files
            .filter_map(|file| Some(file.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_lowercase()))
            .filter(|name| name != NOTES)
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The list that the user calls `name`; empty if there is none yet.
    pub(super) fn list(&self, name: &str) -> Result<Sheet, ToolError> {
        let names = self.names()?;
        let name = file_name(name);
        let same = |other: &&String| alike(other, &name);
        let name = names.iter().find(same).cloned().unwrap_or(name);
        self.sheet(&name)
    }

    /// The notes.
    pub(super) fn notes(&self) -> Result<Sheet, ToolError> {
        self.sheet(NOTES)
    }

    fn sheet(&self, name: &str) -> Result<Sheet, ToolError> {
        let path = self.written(name).unwrap_or_else(|| self.folder.join(format!("{name}.md")));
        let text = match fs::metadata(&path) {
            Ok(meta) if meta.len() > LARGEST => {
                let error = io::Error::new(io::ErrorKind::FileTooLarge, "it is too large");
                return Err(unreadable(&path, &error));
            }
            Ok(_) => fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let lines = text.lines().map(str::to_owned).collect();
        Ok(Sheet { path, name: name.to_owned(), lines })
    }

    /// The path of the file called `name`, whatever its case.
    fn written(&self, name: &str) -> Option<PathBuf> {
        fs::read_dir(&self.folder).ok()?.filter_map(|file| Some(file.ok()?.path())).find(|path| {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            path.extension().is_some_and(|ending| ending == "md")
                && stem.is_some_and(|stem| stem.to_lowercase() == name)
        })
    }
}

impl Sheet {
    /// Whether there is a file.
    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// The items that are not ticked off.
    pub(super) fn items(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| item(line)).collect()
    }

    /// Gives an empty file its title.
    pub(super) fn begin(&mut self) {
        if self.lines.is_empty() {
            let title: String = self.name.chars().take(1).flat_map(char::to_uppercase).collect();
            let rest: String = self.name.chars().skip(1).collect();
            self.lines = vec![format!("# {title}{rest}"), String::new()];
        }
    }

    /// Adds an item below the last one, in the form of the others.
    pub(super) fn add(&mut self, text: &str) {
        self.begin();
        let marked = |line: &String| line.trim_start().starts_with("- [");
        let mark = if self.lines.iter().any(marked) { "- [ ] " } else { "- " };
        let last = self.lines.iter().rposition(|line| is_item(line));
        let at = last.map_or(self.lines.len(), |last| last + 1);
        self.lines.insert(at, format!("{mark}{text}"));
    }

    /// Removes the items for which `gone` is true; returns them.
    pub(super) fn remove(&mut self, gone: impl Fn(&str) -> bool) -> Vec<String> {
        let mut removed = Vec::new();
        self.lines.retain(|line| match item(line) {
            Some(text) if gone(text) => {
                removed.push(text.to_owned());
                false
            }
            Some(_) | None => true,
        });
        removed
    }

    /// Writes the file: whole or not at all.
    pub(super) fn save(&self) -> Result<(), ToolError> {
        let text = format!("{}\n", self.lines.join("\n"));
        disk::replace(&self.path, &text).map_err(|error| {
            ToolError::Tell(format!("I can't write {}: {error}.", self.path.display()))
        })
    }
}

/// The text of an item that is not ticked off: "- milk", "* milk", "- [ ] milk".
fn item(line: &str) -> Option<&str> {
    if !is_item(line) {
        return None;
    }
    let text = line.trim_start()[2..].trim();
    let text = match text.get(..3) {
        Some("[x]" | "[X]") => return None,
        Some("[ ]") => text[3..].trim(),
        Some(_) | None => text,
    };
    (!text.is_empty()).then_some(text)
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ")
}

/// A list's name as a file's: lower case, without what a file name may not have.
fn file_name(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let name: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '\'') { c } else { ' ' })
        .collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = name.chars().take(60).collect();
    if short.is_empty() || short == NOTES {
        format!("{short} list").trim().to_owned()
    } else {
        short
    }
}

/// Whether two names mean one list: "grocery" and "groceries", "to do" and "todo", "Urlaub" and
/// "Urlaubsliste".
fn alike(a: &str, b: &str) -> bool {
    let stem = |name: &str| {
        let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let name = name.strip_suffix("liste").map(str::to_owned).unwrap_or(name);
        let name = name.strip_suffix("ies").map(|stem| format!("{stem}y")).unwrap_or(name);
        name.strip_suffix('s').map(str::to_owned).unwrap_or(name)
    };
    stem(a) == stem(b)
}

fn unreadable(path: &Path, error: &io::Error) -> ToolError {
    ToolError::Tell(format!("I can't read {}: {error}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_somebody_elses_keeps_all_that_is_not_an_item() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Shopping.md");
        let text =
            "---\ntags: home\n---\n# For Saturday\n\n- [x] bread\n- [ ] milk\n\nAsk *Ann*.\n";
        fs::write(&path, text).unwrap();
        let pad = Pad::new(folder.path().to_owned());
        let mut list = pad.list("shopping").unwrap();
        assert_eq!(list.items(), ["milk"]);
        list.add("eggs");
        list.save().unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        assert_eq!(kept, text.replace("milk\n", "milk\n- [ ] eggs\n"));
        let mut list = pad.list("shopping").unwrap();
        assert_eq!(list.remove(|item| item == "eggs"), ["eggs"]);
        list.save().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(pad.names().unwrap(), ["shopping"]);
    }

    #[test]
    fn names_that_people_mix_are_one_list_and_none_leaves_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let pad = Pad::new(folder.path().join("lists"));
        let mut list = pad.list("Groceries").unwrap();
        list.add("salt");
        list.save().unwrap();
        for name in ["grocery", "groceries", "Grocery"] {
            assert_eq!(pad.list(name).unwrap().items(), ["salt"], "{name}");
        }
        let mut list = pad.list("../../etc/passwd").unwrap();
        list.add("x");
        list.save().unwrap();
        assert_eq!(pad.names().unwrap(), ["etc passwd", "groceries"]);
    }
}
