//! Whether a spoken name is a web address: "github.com", "git hub dot com slash about".

use reqwest::Url;

/// Words of a spoken address, and what they stand for.
const SPOKEN: [(&str, &str); 6] = [
    (" dot ", "."),
    (" slash ", "/"),
    (" dash ", "-"),
    (" hyphen ", "-"),
    (" colon ", ":"),
    (" point ", "."),
];

/// Words before an address that are none of it.
const BEFORE: [&str; 7] =
    ["the website ", "the page ", "the site ", "the address ", "website ", "page ", "the "];

/// The address that `what` is; `None` if it is none.
///
/// # Errors
/// A sentence, if it is an address that may not be opened.
pub(super) fn address(what: &str) -> Result<Option<Url>, String> {
    let what = what.trim().trim_end_matches(['.', '?', '!', ',']);
    if let Some((scheme, _)) = what.split_once(':').filter(|(scheme, rest)| {
        let scheme_like = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        scheme_like && !rest.starts_with(' ') && !rest.starts_with(|c: char| c.is_ascii_digit())
    }) {
        if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
            return Err(format!("I open addresses of http and https only, not {scheme}."));
        }
        let url = what.parse::<Url>().ok().filter(Url::has_host);
        return url.map(Some).ok_or_else(|| format!("{what} is no web address."));
    }
    let lower = what.to_lowercase();
    let named = BEFORE.iter().find_map(|before| lower.strip_prefix(before)).unwrap_or(&lower);
    let mut written = format!(" {named} ");
    for (word, sign) in SPOKEN {
        written = written.replace(word, sign);
    }
    // A recognizer may part a name: "git hub.com".
    let written: String = written.split_whitespace().collect();
    let host = written.split(['/', ':', '?']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let fits =
        |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let ends = labels
        .last()
        .is_some_and(|end| end.chars().count() >= 2 && end.chars().all(char::is_alphabetic));
    if labels.len() < 2 || !labels.iter().all(fits) || !ends {
        return Ok(None);
    }
    Ok(format!("https://{written}").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_however_it_is_written() {
        for (said, want) in [
            ("github.com", "https://github.com/"),
            ("GitHub.com.", "https://github.com/"),
            ("git hub dot com", "https://github.com/"),
            ("github dot com slash about", "https://github.com/about"),
            ("the website news.bbc.co.uk", "https://news.bbc.co.uk/"),
            ("http://127.0.0.1:8080/a?b=C", "http://127.0.0.1:8080/a?b=C"),
            ("HTTPS://Example.org/Page", "https://example.org/Page"),
        ] {
            assert_eq!(address(said).unwrap().unwrap().as_str(), want, "{said}");
        }
        for none in ["firefox", "gnome 3.5", "the calculator", "node.", "a. b", "dot", ""] {
            assert_eq!(address(none), Ok(None), "{none}");
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for said in ["file:///etc/passwd", "javascript:alert(1)", "ssh://host", "http://"] {
            assert!(address(said).is_err(), "{said}");
        }
    }
}
