//! `[tools.calendar]`: the user's own calendar, a file or on a server, and others.

use std::path::PathBuf;

use super::Paths;
use super::secret::password;
use super::section::{Section, path, web_address};
use super::tools::CalDav;

/// The file, the server and the others.
pub(super) fn read(
    mut of: Section<'_, '_>,
    paths: &Paths,
) -> (PathBuf, Option<CalDav>, Vec<String>) {
    let file = of.maybe("file", "an absolute path, or one with ~/", path);
    let wanted = "the address of a calendar on a CalDAV server";
    let url = of.maybe("url", wanted, |text, _| address(text));
    let user = of.words("user", "a user name");
    let password = password(&mut of);
    let wanted = "a list of calendars, each a path or an address";
    let others = of.list("others", wanted, Vec::new(), |text| {
        let address = text.starts_with("http://") || text.starts_with("https://");
        match reqwest::Url::parse(text) {
            Ok(url) if address && url.has_host() => Ok(text.to_owned()),
            Ok(_) | Err(_) if address => {
                let next = "write an address such as \"https://example.org/me.ics\"";
                Err((format!("\"{text}\" is not a web address"), next.to_owned()))
            }
            Ok(_) | Err(_) => match path(text, paths.home.as_deref()) {
                Ok(path) => Ok(path.display().to_string()),
                Err(why) => Err((why, "write a path, or an address with https://".to_owned())),
            },
        }
    });
    of.end();
    let server = url.map(|url| CalDav { url, user, password });
    (file.unwrap_or_else(|| paths.calendar.clone()), server, others)
}

/// An address without a password in it.
fn address(text: &str) -> Result<String, String> {
    let text = web_address(text)?;
    match reqwest::Url::parse(&text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("an address must not contain a password; use user and password_file".into())
        }
        Ok(_) => Ok(text),
        Err(error) => Err(format!("not an address ({error})")),
    }
}
