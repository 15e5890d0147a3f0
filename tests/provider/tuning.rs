//! Fine-tuning jobs.

use serde_json::{Value, json};

use crate::contract::hold_answers;
use crate::home::{Home, Told};
use crate::reply::Reply;
use crate::server::Server;

fn example(number: usize) -> String {
    json!({"messages": [
        {"role": "user", "content": format!("question {number}")},
        {"role": "assistant", "content": "answer"},
    ]})
    .to_string()
}

fn examples() -> String {
    (0..12).map(|number| example(number) + "\n").collect()
}

#[test]
fn data_is_looked_through_line_by_line() {
    let server = Server::start();
    let home = Home::plain(&server);
    let good = home.write("good.jsonl", examples());
    let lines = home.lines(&["finetune", "check", &good]);
    assert_eq!(lines, ["12 examples, about 96 tokens, 0 problems, 0 warnings"]);
    let bad = format!("{}\n{{\"messages\": []}}\nnonsense\n{}\n", example(1), example(1));
    home.write("bad.jsonl", bad);
    let told = home.run(&["finetune", "check", "bad.jsonl"]);
    assert_eq!(told.code, 65);
    let lines: Vec<&str> = told.printed.lines().collect();
    for (line, start) in lines.iter().zip([
        "bad.jsonl:2: \"messages\" is empty",
        "bad.jsonl:3: not JSON",
        "bad.jsonl:4: warning: the same example as on line 1",
        "bad.jsonl: warning: 4 examples",
        "4 examples",
    ]) {
        assert!(line.starts_with(start), "{line} is not {start}");
    }
    home.fails(&["finetune", "check", "none.jsonl"], 66, &["none.jsonl"]);
    home.fails(&["finetune", "check", "."], 65, &["cannot read"]);
    home.fails(&["finetune", "check", "bad.jsonl", "--convert", "kept.jsonl"], 65, &["2 examples"]);
    let kept = std::fs::read_to_string(home.path("kept.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), 2);
    home.fails(&["finetune", "check", &good, "--convert", "kept.jsonl"], 73, &["already exists"]);
    assert!(server.requests().is_empty());
}

#[test]
fn the_form_of_the_first_description_is_converted() {
    let server = Server::start();
    let home = Home::plain(&server);
    let old = home.write(
        "mydata.jsonl",
        "{\n  \"prompt\": \"Who is Piet Kernbom?'\",\n  \"completion\": \"A baseball player\"\n}\n\
         {\n  \"prompt\": \"Where was he from?\",\n  \"completion\": \"Suriname.\"\n}\n",
    );
    home.fails(&["finetune", "check", &old], 65, &["--convert OUT", "fixes all"]);
    home.fails(&["finetune", "check", &old, "--model", "davinci-002"], 65, &["fixes all"]);
    home.lines(&["finetune", "check", &old, "--convert", "new.jsonl"]);
    home.lines(&["finetune", "check", "new.jsonl"]);
    let new = std::fs::read_to_string(home.path("new.jsonl")).unwrap();
    assert_eq!(
        new.lines().last().unwrap(),
        r#"{"messages":[{"role":"user","content":"Where was he from?"},{"role":"assistant","content":"Suriname."}]}"#
    );
}

/// A server of fine-tuning jobs: a job runs until it was polled twice.
fn tuning(ends: &'static str, legacy: bool) -> Server {
    let mut asked = 0;
    Server::answering(move |request| {
        let root = if legacy { "/v1/fine-tunes" } else { "/v1/fine_tuning/jobs" };
        let job = |state: &str| {
            let made = (state == "succeeded").then_some("ft:model:me::7p4");
            let error = (state == "failed").then(|| json!({"message": "bad data."}));
            json!({"object": "fine_tuning.job", "id": "ftjob-1", "model": "model", "status": state,
                "created_at": 1_790_000_000, "fine_tuned_model": made, "error": error})
        };
        let event = |id: &str, message: &str| {
            json!({"object": "fine_tuning.job.event", "id": id,
            "created_at": 1_790_000_000, "level": "info", "message": message})
        };
        let path = request.path();
        let Some(rest) = path.strip_prefix(root) else {
            return match path {
                "/v1/files" => {
                    Reply::json(&json!({"id": "file-7", "object": "file", "purpose": "fine-tune"}))
                }
                _ => Reply::error(404, "", "unknown"),
            };
        };
        match (request.method.as_str(), rest) {
            ("POST", "") => Reply::json(&job("validating_files")),
            ("GET", "") => Reply::json(&json!({"data": [job("running")], "has_more": false})),
            ("GET", "/ftjob-1") => {
                asked += 1;
                Reply::json(&job(if asked < 2 { "running" } else { ends }))
            }
            ("GET", "/ftjob-1/events") if asked < 2 => Reply::json(
                &json!({"data": [event("e2", "step 1"), event("e1", "begun")], "has_more": false}),
            ),
            ("GET", "/ftjob-1/events") => Reply::json(&json!({
                "data": [event("e3", "step 2"), event("e2", "step 1"), event("e1", "begun")],
                "has_more": false,
            })),
            ("POST", "/ftjob-1/cancel") => Reply::json(&job("cancelled")),
            _ => Reply::error(404, "", "unknown"),
        }
    })
}

#[test]
fn a_job_is_ordered_and_followed_to_its_model() {
    let server = tuning("succeeded", false);
    let home = Home::plain(&server);
    let data = home.write("data.jsonl", examples());
    let args = ["finetune", "create", &data, "--model", "model", "--suffix", "me", "--seed", "7"];
    let lines = home.lines(&[&args[..], &["--follow"]].concat());
    let said: Vec<&str> = lines.iter().map(|line| line.get(9..).unwrap_or_default()).collect();
    assert_eq!(said[..3], ["begun", "step 1", "step 2"]);
    assert!(
        lines.iter().any(|line| line.starts_with("result") && line.ends_with("ft:model:me::7p4")),
        "{lines:?}"
    );
    let requests = server.requests();
    let form = requests[0].text();
    assert!(form.contains("name=\"purpose\"\r\n\r\nfine-tune\r\n"), "{form}");
    assert!(form.contains("filename=\"data.jsonl\"") && form.contains(&example(11)), "{form}");
    assert_eq!(
        requests[1].json(),
        json!({"training_file": "file-7", "model": "model", "suffix": "me", "seed": 7})
    );
    let listed = home.lines(&["finetune", "list"]);
    assert!(listed[1].starts_with("ftjob-1  running"), "{listed:?}");
    let told = home.lines(&["finetune", "status", "ftjob-1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&told[0]).unwrap()["status"], "succeeded");
    assert_eq!(home.lines(&["finetune", "cancel", "ftjob-1"]), ["ftjob-1: cancelled"]);
}

/// A job as the vendor reports it.
fn job(state: &str) -> Value {
    let made = (state == "succeeded").then_some("ft:model:me::7p4");
    let error = json!({"code": "bad_data", "message": "line 3 is empty.", "param": null});
    json!({
        "object": "fine_tuning.job", "id": "ftjob-1", "model": "model", "status": state,
        "created_at": 1_790_000_000, "fine_tuned_model": made,
        "error": if state == "failed" { error } else { Value::Null },
        "finished_at": null, "hyperparameters": {"n_epochs": "auto"}, "organization_id": "org-1",
        "result_files": [], "seed": 7, "trained_tokens": null, "training_file": "file-7",
        "validation_file": null,
    })
}

/// Its first `count` events, newest first.
fn events(count: usize) -> Vec<Value> {
    let told = ["Files are good", "It begins", "Step 1: loss 1.2", "Step 2: loss 0.4", "The end"];
    let event = |(at, words): (usize, &&str)| {
        json!({
            "object": "fine_tuning.job.event", "id": format!("ftevent-{at}"), "level": "info",
            "created_at": 1_790_000_000 + at, "message": words, "type": "message", "data": null,
        })
    };
    let mut events: Vec<Value> = told[..count].iter().enumerate().map(event).collect();
    events.reverse();
    events
}

/// What `finetune status --follow` prints about a job in these states, poll by poll, with this many
/// events; without a state, the server is gone.
fn followed(looks: &[Option<(&str, usize)>]) -> (Server, Told) {
    let server = Server::start();
    for look in looks {
        let Some((state, count)) = look else {
            // Every try of this poll.
            for _ in 0..3 {
                server.reply_to("/ftjob-1", Reply::none());
            }
            continue;
        };
        let page = json!({"object": "list", "data": events(*count), "has_more": false});
        hold_answers("fine_tuning.fine_tuning_job.FineTuningJob", &[job(state)]);
        server.reply_to("/ftjob-1", Reply::json(&job(state)));
        server.reply_to("/ftjob-1/events", Reply::json(&page));
    }
    hold_answers("fine_tuning.fine_tuning_job_event.FineTuningJobEvent", &events(5));
    let told = Home::plain(&server).run(&["finetune", "status", "ftjob-1", "--follow"]);
    (server, told)
}

#[test]
fn a_job_is_followed_through_its_states_while_the_server_comes_and_goes() {
    let looks = [
        Some(("queued", 1)),
        Some(("running", 2)),
        None,
        Some(("running", 4)),
        Some(("succeeded", 5)),
    ];
    let (server, told) = followed(&looks);
    assert_eq!(told.code, 0, "{told:?}");
    let printed = "14:13:20 Files are good\n14:13:21 It begins\n14:13:22 Step 1: loss 1.2\n\
         14:13:23 Step 2: loss 0.4\n14:13:24 The end\njob      ftjob-1\nstate    succeeded\n\
         created  2026-09-21 14:13\nmodel    model\nresult   ft:model:me::7p4\n";
    assert_eq!(told.printed, printed);
    let aside = "ftjob-1: queued\nftjob-1: running\naloud: provider openai (127.0.0.1) cannot be \
         reached; check the network and its base_url; retrying\nftjob-1: succeeded\n";
    assert_eq!(told.aside, aside);
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn a_job_that_fails_while_it_is_followed_says_why() {
    let (_server, told) =
        followed(&[Some(("queued", 1)), Some(("running", 2)), Some(("failed", 3))]);
    let printed = "14:13:20 Files are good\n14:13:21 It begins\n14:13:22 Step 1: loss 1.2\n\
         job      ftjob-1\nstate    failed\ncreated  2026-09-21 14:13\nmodel    model\n\
         error    line 3 is empty.\n";
    assert_eq!(told.printed, printed);
    told.fails(69, &["line 3 is empty", "start it again"]);
}

#[test]
fn a_job_that_fails_and_data_that_is_bad_are_told() {
    let server = tuning("failed", false);
    let home = Home::plain(&server);
    let follow = ["finetune", "status", "ftjob-1", "--follow"];
    home.fails(&follow, 69, &["bad data", "start it again"]);
    home.fails(&["finetune", "status", "ftjob-9"], 69, &["no such job", "finetune list"]);
    let before = server.requests().len();
    home.write("bad.jsonl", "{\"messages\": []}\n");
    home.fails(&["finetune", "create", "bad.jsonl"], 65, &["was not uploaded", "finetune check"]);
    home.fails(&["finetune", "create", "none.jsonl"], 66, &["none.jsonl"]);
    assert_eq!(server.requests().len(), before);
    let job = home.lines(&["finetune", "create", "file-3"]);
    assert_eq!(job, ["ftjob-1"]);
}

#[test]
fn the_first_interface_is_there_for_servers_that_have_it() {
    let server = tuning("succeeded", true);
    let home = Home::plain(&server);
    assert_eq!(home.lines(&["finetune", "create", "file-3", "--legacy"]), ["ftjob-1"]);
    assert_eq!(server.requests()[0].path(), "/v1/fine-tunes");
    assert!(home.lines(&["finetune", "list", "--legacy"])[1].contains("ftjob-1"));
    let gone = tuning("succeeded", false);
    Home::plain(&gone).fails(
        &["finetune", "create", "file-3", "--legacy"],
        69,
        &["/fine_tuning/jobs", "try without --legacy"],
    );
}
