use std::fmt::Write as _;

use super::section::Shown;
use super::{Config, Origin};

impl Config {
    /// The settings in force as TOML, each with a comment that says where it comes from. Shows no
    /// key: if one is set, only its variable is named.
    pub fn show(&self) -> String {
        let mut text = String::new();
        let wide = self.shown.iter().map(|s| line(s).chars().count()).max().unwrap_or(0).min(48);
        let mut section = "";
        for shown in &self.shown {
            if shown.section != section {
                section = &shown.section;
                let gap = if text.is_empty() { "" } else { "\n" };
                push(&mut text, format_args!("{gap}[{section}]\n"));
            }
            push(
                &mut text,
                format_args!("{:wide$}  # {}\n", line(shown), self.from(&shown.origin)),
            );
        }
        for name in &self.keys_seen {
            push(&mut text, format_args!("\n# {name} is set (it is not shown)\n"));
        }
        text
    }

    /// Whether somebody has set this key to something other than its default.
    pub fn is_set(&self, section: &str, key: &str) -> bool {
        let it = |shown: &&Shown| shown.section == section && shown.key == key;
        self.shown.iter().find(it).is_some_and(|shown| shown.origin != Origin::Default)
    }

    fn from(&self, origin: &Origin) -> String {
        match origin {
            Origin::File { line, .. } => match &self.file {
                Some(file) => format!("{}:{line}", file.display()),
                None => format!("line {line}"),
            },
            Origin::Variable(name) => name.clone(),
            Origin::Default => "default".to_owned(),
        }
    }
}

fn line(shown: &Shown) -> String {
    match &shown.value {
        Some(value) => format!("{} = {value}", shown.key),
        None => format!("# {} is not set", shown.key),
    }
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(what);
}
