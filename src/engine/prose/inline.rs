//! The spoken words of a piece of markdown.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::super::Source;
use super::address;
use crate::language::traced::Traced;

/// Prefixed to a piece while it is parsed, so that nothing in it is taken for a block mark: those
/// were handled already.
const PARAGRAPH: &str = "x ";

/// A sentence that begins a line: without the marks of headings, lists and quotations.
pub(super) fn line(written: &str, sources: &mut Vec<Source>) -> Traced {
    let mut from = written.len() - written.trim_start().len();
    let mut heading = false;
    while let Some(length) = line_mark(&written[from..]) {
        heading |= written[from..].starts_with('#');
        from += length;
    }
    let mut to = written.trim_end().len().max(from);
    if heading {
        let bare = written[from..to].trim_end_matches('#');
        if bare.ends_with(' ') {
            to = from + bare.trim_end().len();
        }
    }
    with_space(words(written, from..to, sources), written)
}

/// A sentence that continues its line.
pub(super) fn sentence(written: &str, sources: &mut Vec<Source>) -> Traced {
    let from = written.len() - written.trim_start().len();
    with_space(words(written, from..written.trim_end().len().max(from), sources), written)
}

/// A row of a table: its cells, like a list.
pub(super) fn row(written: &str, sources: &mut Vec<Source>) -> Traced {
    let mut out = Traced::default();
    let mut from = 0;
    let mut ends = bars(written);
    ends.push(written.len());
    for end in ends {
        let cell = &written[from..end];
        let start = from + cell.len() - cell.trim_start().len();
        let stop = (from + cell.trim_end().len()).max(start);
        from = end + 1;
        let mut words = words(written, start..stop, sources);
        words.squeeze();
        if words.chars().is_empty() {
            continue;
        }
        if !out.chars().is_empty() {
            let place = u32::try_from(start).unwrap_or(u32::MAX);
            let closed = out.chars().last().is_some_and(|c| ".!?,;:".contains(*c));
            out.push_str(if closed { " " } else { ", " }, place);
        }
        out.push_part(&words, 0, words.len());
    }
    if out.chars().last().is_some_and(|c| !".!?…".contains(*c)) {
        out.push('.', u32::try_from(written.trim_end().len()).unwrap_or(u32::MAX));
    }
    with_space(out, written)
}

/// The positions of the bars between cells: not those after a backslash.
fn bars(row: &str) -> Vec<usize> {
    let escaped = |at: usize| row[..at].ends_with('\\');
    row.match_indices('|').map(|(at, _)| at).filter(|at| !escaped(*at)).collect()
}

/// The length of one mark at the start of a line.
fn line_mark(line: &str) -> Option<usize> {
    let hashes = line.len() - line.trim_start_matches('#').len();
    if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
        return Some(hashes + 1);
    }
    ["- [ ] ", "- [x] ", "* [ ] ", "* [x] ", "- ", "* ", "+ ", "• ", "> ", ">", " ", "\t"]
        .iter()
        .find_map(|mark| line.starts_with(mark).then_some(mark.len()))
}

/// The words of `written[part]`.
fn words(written: &str, part: Range<usize>, sources: &mut Vec<Source>) -> Traced {
    let source = format!("{PARAGRAPH}{}", &written[part.start..part.end]);
    let mut reader = Reader {
        source: &source,
        shift: part.start,
        out: Traced::default(),
        links: Vec::new(),
        sources,
    };
    for (event, range) in Parser::new_ext(&source, Options::ENABLE_STRIKETHROUGH).into_offset_iter()
    {
        reader.read(event, range);
    }
    let mut out = reader.out;
    out.rewrite(stray_mark);
    address::speak(&mut out);
    out
}

/// Appends the white space at the end of what was written.
fn with_space(mut words: Traced, written: &str) -> Traced {
    let from = written.trim_end().len();
    words.push_written(&written[from..], from);
    words
}

/// Collects the words of a parsed piece.
struct Reader<'a> {
    source: &'a str,
    /// Where the piece begins in what was written.
    shift: usize,
    out: Traced,
    /// Where the text of each open link begins, and its URL.
    links: Vec<(usize, String)>,
    sources: &'a mut Vec<Source>,
}

impl Reader<'_> {
    fn read(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Text(text) => self.text(&text, range.start),
            Event::Code(code) => {
                let inside = self.source[range.clone()].find(&*code).unwrap_or(0);
                // Brackets in code are not citations.
                self.text(&code.replace(['[', ']'], " "), range.start + inside);
            }
            Event::SoftBreak | Event::HardBreak => self.push(" ", range.start),
            Event::Html(tag) | Event::InlineHtml(tag) => {
                if tag.to_ascii_lowercase().starts_with("<br") {
                    self.push(" ", range.start);
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                self.links.push((self.out.len(), dest_url.into_string()));
            }
            Event::End(TagEnd::Link) => self.link_ends(range.end),
            Event::InlineMath(math) | Event::DisplayMath(math) => self.push(&math, range.start),
            Event::Start(_)
            | Event::End(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }

    /// The position in what was written of byte `at` of the parsed text.
    fn place(&self, at: usize) -> usize {
        (at + self.shift).saturating_sub(PARAGRAPH.len())
    }

    fn push(&mut self, text: &str, at: usize) {
        self.out.push_str(text, u32::try_from(self.place(at)).unwrap_or(u32::MAX));
    }

    fn text(&mut self, text: &str, at: usize) {
        let (text, at) = match text.strip_prefix(PARAGRAPH) {
            Some(rest) if at == 0 => (rest, at + PARAGRAPH.len()),
            // Alone, the prefix loses the space after it.
            _ if at == 0 => (text.strip_prefix('x').unwrap_or(text), at + 1),
            _ => (text, at),
        };
        let written = self.source.get(at..at + text.len());
        if written.is_some_and(|written| written.chars().count() == text.chars().count()) {
            self.out.push_written(text, self.place(at));
        } else {
            self.push(text, at);
        }
    }

    /// A link whose text only names a source is a citation, which a listener has no use for.
    fn link_ends(&mut self, end: usize) {
        let Some((from, url)) = self.links.pop() else { return };
        let title: String = self.out.chars()[from..].iter().collect();
        let bare = title.trim_matches(['[', ']', '^', '(', ')', ' ']);
        let number = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit());
        let bracketed = from > 0
            && self.out.chars()[from - 1] == '('
            && self.source[end..].starts_with([')', ',', ';']);
        if number || bracketed {
            let place = self.out.from().get(from).copied().unwrap_or(u32::MAX);
            self.out = self.out.part(0, from);
            self.out.push_str(address::CITED, place);
            let title = if number { String::new() } else { title };
            self.sources.push(Source { title, url });
        }
    }
}

/// Emphasis that was never closed, or is closed in another sentence. An asterisk between numbers or
/// spaces multiplies, an underscore inside a word belongs to it.
fn stray_mark(chars: &[char], at: usize) -> Option<(usize, String)> {
    let mark = chars[at];
    if !matches!(mark, '*' | '_' | '~' | '`') {
        return None;
    }
    let end = at + chars[at..].iter().take_while(|c| **c == mark).count();
    let before = at.checked_sub(1).map(|at| chars[at]);
    let after = chars.get(end).copied();
    let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let both = |test: fn(char) -> bool| before.is_some_and(test) && after.is_some_and(test);
    let stays = match mark {
        '*' => (blank(before) && blank(after)) || both(|c| c.is_ascii_digit()),
        '_' => end == at + 1 && both(char::is_alphanumeric) || blank(before) && blank(after),
        '~' => end == at + 1,
        _ => false,
    };
    (!stays).then(|| (end, String::new()))
}
