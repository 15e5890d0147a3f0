//! URLs, citations and emoji: what is written to be seen.

use unicode_properties::UnicodeEmoji;

use super::super::Source;
use crate::language::scan::{follows, has, is_word, literal, text};
use crate::language::traced::Traced;

/// Placeholder of a citation until the space around it is fixed: the characters that some models
/// put around a source.
pub(super) const CITED: &str = "\u{e200}\u{e201}";

/// The longest URL that is looked for, in characters.
const LONGEST: usize = 2_000;

/// Whether the target of `[name]: target` is a URL.
pub(super) fn is_target(target: &str) -> bool {
    ["http://", "https://", "www.", "<", "/", "#", "mailto:"]
        .iter()
        .any(|start| target.starts_with(start))
}

/// A line `[name]: address` that defines a link or footnote.
pub(super) fn reference(line: &str) -> Option<(&str, &str)> {
    let (name, target) = line.trim().strip_prefix('[')?.split_once("]:")?;
    (!name.contains(['[', ']'])).then_some((name, target.trim()))
}

/// The source in a line `[name]: address "title"`.
pub(super) fn reference_source(line: &str) -> Option<Source> {
    let (name, target) = reference(line)?;
    let (url, title) = target.split_once(' ').unwrap_or((target, ""));
    let url = url.trim_matches(['<', '>']);
    let title = title.trim().trim_matches(['"', '\'', '(', ')']);
    let numbered = name.chars().all(|c| c.is_ascii_digit() || c == '^');
    let title = if title.is_empty() && !numbered { name } else { title };
    let is_page = url.starts_with("http://") || url.starts_with("https://");
    is_page.then(|| Source { title: title.to_owned(), url: url.to_owned() })
}

/// Replaces URLs by their site, and removes citation marks and emoji.
pub(super) fn speak(words: &mut Traced) {
    words.rewrite(silent);
    words.rewrite(site);
}

/// Something without a sound, with the space before it if that would be left over.
fn silent(chars: &[char], at: usize) -> Option<(usize, String)> {
    let from = if chars[at] == ' ' { at + 1 } else { at };
    let mut end = dropped(chars, from)?;
    loop {
        if let Some(next) = dropped(chars, end) {
            end = next;
        } else if has(chars, end, |c| c == ' ')
            && let Some(next) = dropped(chars, end + 1)
        {
            end = next;
        } else {
            break;
        }
    }
    let closes = end == chars.len() || has(chars, end, |c| c == ' ' || ".,;:!?)".contains(c));
    if from > at {
        return Some((end, if closes { String::new() } else { " ".into() }));
    }
    // At the beginning the space after it would be left over.
    let end = if at == 0 && has(chars, end, |c| c == ' ') { end + 1 } else { end };
    Some((end, String::new()))
}

/// The end of something silent at `at`.
fn dropped(chars: &[char], at: usize) -> Option<usize> {
    match chars.get(at)? {
        '(' => {
            let mut end = at + 1;
            loop {
                if let Some((next, _)) = address_end(chars, end) {
                    end = next;
                } else if let Some(next) = dropped(chars, end) {
                    end = next;
                } else if has(chars, end, |c| matches!(c, ' ' | ',' | ';')) {
                    end += 1;
                } else {
                    break;
                }
            }
            // Empty brackets belong to a function.
            literal(chars, end, ")").filter(|_| end > at + 1)
        }
        '[' if !follows(chars, at, is_word) || !code_like(chars, at) => {
            let inside = &chars[at + 1..chars.len().min(at + 40)];
            let end = inside.iter().position(|c| *c == ']')?;
            let mark = &inside[..end];
            let counts =
                mark.iter().all(|c| c.is_ascii_digit() || matches!(c, ',' | ' ' | '^' | '-' | '–'));
            let footnote = mark.first() == Some(&'^');
            (counts || footnote).then_some(at + end + 2)
        }
        '【' => chars[at..].iter().position(|c| *c == '】').map(|end| at + end + 1),
        // Some models' markers around a source; what is between them is for machines.
        '\u{e200}' => {
            let end = chars[at..].iter().position(|c| *c == '\u{e201}');
            Some(end.map_or(chars.len(), |end| at + end + 1))
        }
        '\u{fe0f}' | '\u{200d}' | '\u{20e3}' => Some(at + 1),
        c if is_picture(*c) => Some(at + 1),
        _ => None,
    }
}

/// A bracket directly after a word is an index if a word follows inside it.
fn code_like(chars: &[char], at: usize) -> bool {
    has(chars, at + 1, char::is_alphabetic)
}

/// An emoji or part of one; symbols with a name of their own are not.
fn is_picture(c: char) -> bool {
    let named = c.is_ascii() || matches!(c, '©' | '®' | '™' | '↔'..='↪' | '‼' | '⁉' | 'ℹ');
    !named && (c.is_emoji_char() || c.is_emoji_component())
}

/// A URL is spoken as its site.
fn site(chars: &[char], at: usize) -> Option<(usize, String)> {
    address_end(chars, at)
}

/// The end of the URL at `at`, and its site in words.
fn address_end(chars: &[char], at: usize) -> Option<(usize, String)> {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '@' | '/' | '-')) {
        return None;
    }
    let host = ["https://", "http://", "ftp://", "wss://", "ws://"]
        .iter()
        .find_map(|scheme| literal(chars, at, scheme));
    let from = literal(chars, host.unwrap_or(at), "www.").or(host)?;
    let mut end = from;
    let mut depth = 0;
    while end < at + LONGEST && has(chars, end, |c| !c.is_whitespace() && !"<>\"”]".contains(c)) {
        match chars[end] {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            _ => {}
        }
        end += 1;
    }
    // The punctuation that ends the sentence is not part of the URL.
    while end > from && matches!(chars[end - 1], '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’') {
        end -= 1;
    }
    let site = text(chars, from, end);
    let site = site.split(['/', '?', '#']).next().unwrap_or_default();
    let site = site.rsplit('@').next().unwrap_or_default();
    let site = site.split(':').next().unwrap_or_default();
    if site.is_empty() {
        return None;
    }
    let words = site.replace('.', " dot ").replace(['-', '_'], " ");
    Some((end, words))
}
