/// What is to be spoken of a text that a model wrote for a reader: its words, without the marks of
/// markdown, links and citations. Code and tables are left out, since nobody can listen to them.
///
/// ```
/// # use aloud::engine::spoken;
/// let text = "**Rain** until noon ([weather.example](https://weather.example/paris)).";
/// assert_eq!(spoken(text), "Rain until noon.");
/// ```
pub fn spoken(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        line_words(line, &mut out);
    }
    tidy(&out)
}

/// Adds the words of one line to `out`.
fn line_words(line: &str, out: &mut String) {
    let body = line.trim_start();
    if body.starts_with("```") || body.starts_with('|') {
        return;
    }
    let rule = body.trim_end();
    if rule.len() >= 3 && rule.chars().all(|c| matches!(c, '-' | '*' | '_' | '=')) {
        return;
    }
    let body = body.trim_start_matches('>').trim_start();
    let heading = body.trim_start_matches('#');
    let body = if heading.len() < body.len() && heading.starts_with(' ') {
        heading.trim_start()
    } else {
        body
    };
    let bullet = ["- ", "* ", "+ ", "• "].iter().find_map(|mark| body.strip_prefix(mark));
    inline(bullet.unwrap_or(body), out);
}

/// Adds the words of `text`, in which links, emphasis and code may stand.
fn inline(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((title, after)) = link(rest) {
            // In round brackets it is a citation: who listens has no use for its name.
            let cited = out.ends_with('(') && after.starts_with(')');
            if cited {
                out.pop();
                rest = &after[1..];
            } else {
                let image = out.ends_with('!');
                if image {
                    out.pop();
                }
                inline(title, out);
                rest = after;
            }
            continue;
        }
        if let Some(after) = address(rest) {
            let bracketed = out.ends_with('(') || out.ends_with('<');
            let closed = after.starts_with(')') || after.starts_with('>');
            if bracketed && closed {
                out.pop();
                rest = &after[1..];
            } else {
                rest = after;
            }
            continue;
        }
        if let Some(after) = citation(rest) {
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' | '`' => {
                // A star between spaces or digits is a multiplication.
                let before = out.chars().next_back().is_none_or(char::is_whitespace);
                let after = rest.chars().next().is_none_or(char::is_whitespace);
                let digits = out.ends_with(|c: char| c.is_ascii_digit())
                    && rest.starts_with(|c: char| c.is_ascii_digit());
                if c == '*' && ((before && after) || digits) {
                    out.push(c);
                }
            }
            '_' => {
                let inside =
                    out.ends_with(char::is_alphanumeric) && rest.starts_with(char::is_alphanumeric);
                if inside {
                    out.push(c);
                }
            }
            '~' if rest.starts_with('~') || out.ends_with('~') => {}
            _ => out.push(c),
        }
    }
}

/// `[title](address)` at the start of `text`: its title and what follows.
fn link(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find("](")?;
    let title = &inner[..end];
    if title.contains('\n') {
        return None;
    }
    let target = &inner[end + 2..];
    // An address may hold brackets of its own, in pairs.
    let mut depth = 1;
    for (at, c) in target.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\n' => return None,
            _ => {}
        }
        if depth == 0 {
            return Some((title, &target[at + 1..]));
        }
    }
    None
}

/// A web address at the start of `text`: what follows it.
fn address(text: &str) -> Option<&str> {
    let scheme = ["https://", "http://", "www."].into_iter().find(|s| text.starts_with(s))?;
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, ')' | '>' | '"' | '<' | ']'));
    let end = end.unwrap_or(text.len());
    // The mark that ends the sentence is no part of the address.
    let end = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?']).len();
    (end > scheme.len()).then(|| &text[end..])
}

/// A mark of a source, `【…】` or `[12]`, at the start of `text`: what follows it.
fn citation(text: &str) -> Option<&str> {
    if let Some(inner) = text.strip_prefix('【') {
        return inner.find('】').map(|end| &inner[end + '】'.len_utf8()..]);
    }
    let inner = text.strip_prefix('[')?;
    let end = inner.find(']')?;
    let number = end > 0 && inner[..end].chars().all(|c| c.is_ascii_digit());
    number.then(|| &inner[end + 1..])
}

/// Takes out the gaps that were left: two spaces, a space before a full stop, empty brackets.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' if out.ends_with([' ', '\n']) => {}
            '.' | ',' | ';' | ':' | '!' | '?' | ')'
                if out.ends_with(' ') && !out.trim_end().is_empty() =>
            {
                out.truncate(out.trim_end().len());
                out.push(c);
            }
            ')' if out.ends_with('(') => {
                out.pop();
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn marks_for_the_eye_are_not_spoken() {
        for (written, said) in [
            ("It is **very** _cold_ and `windy`.", "It is very cold and windy."),
            ("## Weather\n- rain\n- wind\n", "Weather\nrain\nwind\n"),
            ("2 * 3 is 6, and 2*3 too.", "2 * 3 is 6, and 2*3 too."),
            ("Use snake_case.", "Use snake_case."),
            ("---\nDone.", "Done."),
            ("A | B\n", "A | B\n"),
            ("Nothing to change, Dr. Smith.", "Nothing to change, Dr. Smith."),
        ] {
            assert_eq!(spoken(written), said, "{written}");
        }
    }

    #[test]
    fn links_lose_their_address_and_citations_go() {
        for (written, said) in [
            ("See [the page](https://a.example/x_(y)) now.", "See the page now."),
            ("Rain. ([a.example](https://a.example/?utm_source=openai))", "Rain. "),
            ("More at https://a.example/b?c=d.", "More at."),
            ("(https://a.example) Fine", "Fine"),
            ("So it is【4:0†source】 said [1].", "So it is said."),
            ("![a cat](data:image/png;base64,AAAA)", "a cat"),
        ] {
            assert_eq!(spoken(written).trim_start(), said, "{written}");
        }
    }
}
