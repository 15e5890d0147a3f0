//! What kind of sentence it is that matches no template.

/// Whether `text` tells something, so that nobody asked for anything: "the clock on the wall broke".
pub(super) fn is_statement(text: &str) -> bool {
    const SUBJECTS: &[&str] = &[
        "i",
        "we",
        "he",
        "she",
        "they",
        "it",
        "you",
        "my",
        "our",
        "his",
        "her",
        "their",
        "your",
        "its",
        "the",
        "this",
        "that",
        "these",
        "those",
        "there",
        "someone",
        "somebody",
        "nobody",
        "everyone",
        "everybody",
    ];
    let first = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    // "I'm", "that's", "they've".
    let subject = first.split(['\'', '\u{2019}']).next().unwrap_or_default();
    SUBJECTS.contains(&subject) && text.split_whitespace().nth(2).is_some()
}

/// Whether a chat model could answer `text`: a question, or a request for words.
pub(super) fn is_question(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let polite = ["can you", "could you", "would you", "will you", "please"];
    let bare = polite.iter().find_map(|start| text.strip_prefix(start)).unwrap_or(&text);
    let first = bare.split_whitespace().next().unwrap_or_default();
    let first = first.trim_matches(|c: char| !c.is_alphanumeric());
    // "Can you order a pizza?" asks for an action, however it ends.
    let asked = bare.len() == text.len() && text.ends_with('?');
    asked
        || [
            "who",
            "who's",
            "whose",
            "whom",
            "what",
            "what's",
            "when",
            "when's",
            "where",
            "where's",
            "why",
            "how",
            "how's",
            "which",
            "is",
            "are",
            "was",
            "were",
            "do",
            "does",
            "did",
            "can",
            "could",
            "should",
            "would",
            "will",
            "has",
            "have",
            "tell",
            "explain",
            "describe",
            "write",
            "translate",
            "summarize",
            "define",
            "compare",
            "recommend",
            "suggest",
        ]
        .contains(&first)
}
