use proptest::prelude::*;

use super::*;

fn read_with(text: &str, cut: usize, unopened: bool) -> (String, Vec<(String, String)>, Found) {
    let tools = vec!["get_time".to_owned(), "set_timer".to_owned()];
    let mut markup = Markup::new(tools, unopened);
    let mut pieces = Vec::new();
    let letters: Vec<char> = text.chars().collect();
    for piece in letters.chunks(cut) {
        markup.push(&piece.iter().collect::<String>(), &mut pieces);
    }
    markup.finish(&mut pieces);
    let (mut words, mut calls) = (String::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Words(more) => words.push_str(&more),
            Piece::Call(call) => calls.push((call.name, call.arguments)),
        }
    }
    (words, calls, markup.found)
}

fn read(text: &str) -> (String, Vec<(String, String)>, Found) {
    let whole = read_with(text, 1_000, false);
    for cut in [1, 2, 3, 5, 7] {
        assert_eq!(read_with(text, cut, false), whole, "{text} in pieces of {cut}");
    }
    whole
}

fn words(text: &str) -> String {
    read(text).0
}

#[test]
fn thoughts_are_not_words() {
    assert_eq!(words("<think>Hm. 3 < 4?</think>\n\nHello."), "Hello.");
    assert_eq!(words("<THINKING>a</thinking>Hello."), "Hello.");
    assert_eq!(words("Hello <think>x</think> there."), "Hello there.");
    assert_eq!(words("<think>\n\n</think>\n\nHi"), "Hi");
    assert_eq!(words("[THINK]a[/THINK]Hi"), "Hi");
    assert_eq!(
        words(
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hi.<|return|>"
        ),
        "Hi."
    );
    let (text, _, found) = read("<think>and on and on");
    assert!(text.is_empty() && found.thought);
}

#[test]
fn what_only_looks_like_it_is_said() {
    for plain in [
        "3 < 4 and [1] is <b>bold</b>.",
        "Write `<think>` to think.",
        "```html\n<think>\n```\nSo.",
        "a <thin line",
        "x [TOOL",
        "{\"a\": 1} is JSON.",
        "[Laughs] Hello.",
        "{\"name\": \"nobody\", \"arguments\": {}}",
        "```\ncode\n```",
    ] {
        assert_eq!(words(plain), plain);
    }
}

#[test]
fn a_thought_that_the_template_began_is_known_by_its_end() {
    let (text, _, found) = read_with("Hm, so.</think>Hello.", 3, true);
    assert_eq!((text.as_str(), found.open_thought), ("Hello.", true));
    assert_eq!(read_with("Hello.", 3, true).0, "Hello.");
    assert_eq!(read_with("<think>a</think>Hello.", 3, true).0, "Hello.");
    let (_, _, found) = read("Hm, so.</think>Hello.");
    assert!(found.open_thought);
}

#[test]
fn calls_that_are_written_as_text_are_made() {
    let call = |name: &str, arguments: &str| vec![(name.to_owned(), arguments.to_owned())];
    for text in [
        "<tool_call>\n{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>",
        "<tool_call>{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}}",
        "<tool_call>{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}</tool_call>",
        "<function=get_time>{\"city\":\"Paris\"}</function>",
        "<tool_call><function=get_time><parameter=city>\nParis\n</parameter></function></tool_call>",
        "[TOOL_CALLS][{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}}]",
        "<|python_tag|>{\"name\": \"get_time\", \"parameters\": {\"city\": \"Paris\"}}<|eom_id|>",
        "{\"name\": \"get_time\", \"parameters\": {\"city\": \"Paris\"}}",
        "```json\n{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}}\n```",
        "{\"type\":\"function\",\"function\":{\"name\":\"get_time\",\"arguments\":\"{\\\"city\\\":\\\"Paris\\\"}\"}}",
    ] {
        let (said, calls, found) = read(text);
        assert_eq!(
            (said.as_str(), calls),
            ("", call("get_time", "{\"city\":\"Paris\"}")),
            "{text}"
        );
        assert_eq!(found.odd_call, None);
    }
    let (said, calls, _) = read(
        "Let me see. <tool_call>{\"name\":\"get_time\"}</tool_call> <tool_call>{\"name\":\"set_timer\",\"arguments\":{\"seconds\":5}}</tool_call>",
    );
    assert_eq!((said.as_str(), calls.len()), ("Let me see. ", 2));
    let (said, calls, found) = read("<tool_call>{\"name\":\"fly\"}</tool_call>");
    assert!(said.is_empty() && calls.is_empty());
    assert_eq!(found.odd_call.unwrap(), "to \"fly\", which is not a tool here");
}

proptest! {
    #[test]
    fn however_it_is_cut_it_is_the_same(
        pieces in proptest::collection::vec(prop_oneof![
            Just("<think>"), Just("</think>"), Just("<tool_call>"), Just("</tool_call>"),
            Just("{\"name\":\"get_time\"}"), Just("<"), Just("[TOOL_"), Just("`"), Just("word "), Just("◁"), Just("é"),
        ], 0..12),
        cut in 1usize..9,
    ) {
        let text = pieces.concat();
        prop_assert_eq!(read_with(&text, cut, false), read_with(&text, 10_000, false));
    }
}

#[test]
fn a_code_fence_may_be_cut() {
    for cut in 1..9 {
        let (said, _, found) = read_with("word ```<think><think>", cut, false);
        assert_eq!((said.as_str(), found.thought), ("word ```<think><think>", false), "{cut}");
    }
}
