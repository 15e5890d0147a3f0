//! The words of a span of tokens, as they were said.

use super::lexer::Token;

/// The words of the tokens `from..to` as they were said: the sentence's own text in lower case,
/// with one blank for any blanks or hesitations.
pub(super) fn spoken(source: &str, tokens: &[Token], from: usize, to: usize) -> String {
    let mut out = String::new();
    let mut at = from;
    let mut last_end: Option<usize> = None;
    while at < to {
        let token = &tokens[at];
        // The halves of one written word are copied as written if all are in the span.
        let mut next = at + 1;
        while next < tokens.len() && tokens[next].part > 0 && tokens[next].start == token.start {
            next += 1;
        }
        let whole = token.part == 0 && next <= to;
        if let Some(end) = last_end {
            let gap = source.get(end..token.start).unwrap_or(" ");
            if token.hesitant || gap.chars().any(char::is_whitespace) || gap.is_empty() {
                let mark = gap.trim();
                if !token.hesitant && mark.len() <= 2 {
                    out.push_str(mark);
                }
                if !(gap.is_empty() && token.glued && token.part == 0) {
                    out.push(' ');
                }
            } else {
                out.push_str(gap);
            }
        }
        if whole {
            let written = &source[token.start..token.end];
            out.extend(written.chars().flat_map(char::to_lowercase));
            last_end = Some(token.end);
            at = next;
        } else {
            out.push_str(&token.text);
            last_end = Some(token.end);
            at += 1;
        }
    }
    out
}
