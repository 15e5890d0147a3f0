//! Timing: the first sentence is spoken while the rest is written, the next one is made while the
//! first is spoken, and a long answer costs no memory.

use serde_json::json;

use crate::home::{Home, Told, provider};
use crate::reply::{Gate, Reply, delta};
use crate::server::Server;

/// The peak memory of `aloud ask`, in kB, after `times` repetitions of the same piece.
fn peak(times: usize) -> u64 {
    let (server, gate) = (Server::start(), Gate::default());
    let event = delta(&json!({"content": "word after word. ", "padding": "x".repeat(400)}));
    let event = format!("data: {event}\n\n");
    server.reply(Reply::stream().many(event, times).hold(&gate).stop("stop").done());
    let home = Home::at(&server);
    let child = home.command(&["ask", "tell me all you know"]).spawn().unwrap();
    gate.reached();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    gate.open();
    let told = Told::of(&child.wait_with_output().unwrap());
    assert_eq!(told.code, 0, "{}", told.aside);
    assert_eq!(told.printed.matches("word after word.").count(), times);
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn an_answer_of_ten_megabytes_takes_no_more_memory_than_its_words() {
    let (short, long) = (peak(10), peak(18_000));
    assert!(long < short + 20_000, "{short} kB for a short answer, {long} kB for 10 MB");
}

/// Half a second of sound as a provider sends it: 24 kHz, 16 bits, all samples equal.
fn sound(level: i16) -> Vec<u8> {
    level.to_le_bytes().repeat(12_000)
}

#[test]
fn a_sentence_is_spoken_while_the_next_is_written_and_made_while_it_is_spoken() {
    let (server, writing, speaking) = (Server::start(), Gate::default(), Gate::default());
    let words = Reply::stream().words("This is the first sentence. ").words("Here");
    let words = words.hold(&writing).words(" is the second.").stop("stop").done();
    server.reply_to("/chat/completions", words);
    let first = Reply::pieces("audio/pcm").bytes(sound(9_000)).hold(&speaking).bytes(sound(9_000));
    server.reply_to("/audio/speech", first);
    server.reply_to("/audio/speech", Reply::pieces("audio/pcm").bytes(sound(-9_000)));
    let cascade = "chat = \"x/m\"\nspeak = \"x/tts-1\"";
    let home = Home::with(&provider("x", &server.base()), cascade);
    let answer = home.path("answer.wav");
    let args = ["ask", "hello there", "--out", answer.to_str().unwrap()];
    let child = home.command(&args).spawn().unwrap();
    let spoken = |at: usize| {
        let request = server.wait_for(at + 1).remove(at);
        assert_eq!(request.path(), "/v1/audio/speech");
        request.json()["input"].as_str().unwrap().trim().to_owned()
    };
    // The model is still in the middle of its second sentence.
    assert_eq!(spoken(1), "This is the first sentence.");
    writing.open();
    // The first one is still in the middle of its sound.
    assert_eq!(spoken(2), "Here is the second.");
    speaking.open();
    let told = Told::of(&child.wait_with_output().unwrap());
    assert_eq!(told.printed, "This is the first sentence. Here is the second.\n", "{told:?}");
    let mut wav = hound::WavReader::open(answer).unwrap();
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    let loud = |level: i16| {
        let loud = |sample: &i16| sample.signum() == level && sample.unsigned_abs() > 4_000;
        let at: Vec<_> = (0..samples.len()).filter(|at| loud(&samples[*at])).collect();
        (at[0], at[at.len() - 1], at.len())
    };
    // At 48 kHz: one second, then half of one, in this order.
    let ((_, end, one), (begin, _, two)) = (loud(1), loud(-1));
    assert!(end < begin, "{end} {begin}");
    assert!(one.abs_diff(48_000) < 2_400 && two.abs_diff(24_000) < 2_400, "{one} {two}");
}
