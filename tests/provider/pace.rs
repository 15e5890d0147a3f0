//! When things happen: the first sentence is spoken while the rest is written, the next one is made
//! while the first is spoken, and a long answer costs no memory.

use serde_json::json;

use crate::home::{Home, Told, provider};
use crate::server::{Gate, Reply, Server, delta};

/// The largest amount of memory that `aloud ask` has had, in kB, when `times` of the same piece have
/// come.
fn peak(times: usize) -> u64 {
    let (server, gate) = (Server::start(), Gate::default());
    let padding = "x".repeat(400);
    let event = delta(&json!({"content": "word after word. ", "padding": padding}));
    let event = format!("data: {event}\n\n");
    server.reply(Reply::stream().many(event, times).hold(&gate).stop("stop").done());
    let child = Home::at(&server).command(&["ask", "tell me all you know"]).spawn().unwrap();
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
