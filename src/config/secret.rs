//! Passwords: where they are, never what they are.

use super::KeySource;
use super::providers::variable;
use super::section::{Section, path};

/// `password_env` or `password_file`.
pub(super) fn password(of: &mut Section<'_, '_>) -> Option<KeySource> {
    let variable = of.maybe("password_env", "the name of an environment variable", variable);
    let file = of.maybe("password_file", "an absolute path, or one with ~/", path);
    if let (Some(_), Some(_), Some(at)) = (&variable, &file, of.place("password_file")) {
        let wrong = ("password_env is set too".to_owned(), "keep one of them".to_owned());
        of.wrong(&at, "password_file", wrong);
    }
    file.map(KeySource::File).or(variable.map(KeySource::Env))
}
