//! The whole service on a real sound server: spoken questions in, spoken answers out.
#![allow(clippy::print_stdout, reason = "figures are for whoever runs the test")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment of the test is handed to a program")]

#[path = "../provider/contract.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod contract;
#[path = "../realtime/host.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod host;
mod house;
mod provider;
mod realtime;
#[path = "../provider/reply.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod reply;
#[path = "../provider/server.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod server;
#[path = "../sound/mod.rs"]
mod sound;
#[path = "../realtime/strict.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod strict;
#[path = "../provider/tools.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod tools;
#[path = "../realtime/wave.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod wave;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use aloud::base::{Clock, Moment};

use crate::house::{House, Service, weather};
use crate::sound::{PATIENCE, RATE, Recorder, until};

/// Speaks `question` under a held key, and returns what the loudspeaker then says.
fn ask(house: &House, service: &mut Service, question: &str) -> String {
    let pcm = house.spoken(question);
    let recorder = house.card.record_speaker();
    house.ok(&["press"]);
    house.card.play_into_mic(&pcm);
    house.ok(&["release"]);
    service.wait_for("reply", |_| true);
    service.wait_for_rest();
    heard(house, recorder)
}

/// The words of a loudspeaker recording, once it has been silent again for half a second.
fn heard(house: &House, recorder: Recorder) -> String {
    house.written(&heard_whole(recorder)).to_lowercase()
}

/// A loudspeaker recording, once it has been silent again for half a second.
fn heard_whole(recorder: Recorder) -> Vec<f32> {
    let quiet = RATE as usize / 2;
    recorder.wait_for(PATIENCE, |pcm| {
        let end = pcm.len().saturating_sub(quiet);
        loud(&pcm[..end]) && !loud(&pcm[end..])
    });
    recorder.stop()
}

fn loud(pcm: &[f32]) -> bool {
    pcm.iter().any(|sample| sample.abs() > 0.01)
}

#[test]
fn spoken_questions_get_spoken_answers() {
    let mut house = House::new();
    let server = weather();
    house.set("ALOUD_TOOLS__GET_WEATHER__BASE_URL", &server);
    house.set("ALOUD_TOOLS__GET_WEATHER__GEOCODING_URL", &server);
    let mut service = house.serve(&[]);
    for (question, tool, answers) in [
        ("What time is it?", "get_time", &["it's", "it is"][..]),
        ("Set a timer for ten minutes.", "set_timer", &["ten", "10"]),
        (
            "What is twelve times eleven?",
            "calculate",
            &["132", "hundred and thirty", "hundred thirty"],
        ),
        ("What's the weather in Paris?", "get_weather", &["21", "twenty one", "twenty-one"]),
    ] {
        let answer = ask(&house, &mut service, question);
        let calls = service.seen("call");
        assert_eq!(calls.last().unwrap()["name"], tool, "{question}");
        assert!(answers.iter().any(|words| answer.contains(words)), "{question}: {answer:?}");
    }
    assert_eq!(service.seen("trouble"), Vec::<&serde_json::Value>::new());
    house.ok(&["quit"]);
    assert_eq!(service.ended().0, Some(0));
}

#[test]
fn an_open_microphone_answers_without_a_key() {
    let house = House::new();
    let mut service = house.serve(&["--mode", "open"]);
    let mut pcm = house.spoken("What is seven plus eight?");
    pcm.extend(vec![0.0; RATE as usize]);
    let recorder = house.card.record_speaker();
    house.card.play_into_mic(&pcm);
    service.wait_for("reply", |_| true);
    let answer = heard(&house, recorder);
    let told = service.seen("transcript");
    assert!(answer.contains("15") || answer.contains("fifteen"), "{answer:?}, heard {told:?}");
}

#[test]
fn stop_silences_at_once_and_history_holds_what_was_heard() {
    let house = House::new();
    let mut service = house.serve(&[]);
    let recorder = house.card.record_speaker();
    let sentences = [
        "One little bird sat on a wall.",
        "Two of them flew away.",
        "Three came back.",
        "Four were never seen again.",
        "Five sang until the evening.",
        "Six went to sleep.",
    ];
    house.ok(&["say", &sentences.join(" ")]);
    service.wait_for("words", |event| event["text"].as_str().unwrap().contains("Three"));
    let took = stops(&house, &recorder);
    println!("stop to silence: {:.1} ms", took.as_secs_f64() * 1e3);
    assert!(took <= STOP, "{took:?} from the order to the last sound");
    let reply = service.wait_for("reply", |_| true);
    service.wait_for_rest();
    let text = reply["text"].as_str().unwrap();
    assert!(text.contains("Two") && !text.contains("Five"), "{text:?}");
    let heard = house.written(&recorder.stop()).to_lowercase();
    assert!(!heard.contains("sleep"), "{heard:?}");
}

/// From the stop order to the last sound: a period and the fade, the sound server's buffer for the
/// speaker, and its buffer for the recording.
const STOP: Duration = Duration::from_millis(60);

/// Sends the stop order, and returns how long after it sound was still audible.
fn stops(house: &House, recorder: &Recorder) -> Duration {
    let ordered = recorder.now();
    house.tells(&serde_json::json!({"cmd": "stop"}));
    // Lasting silence: half a second of it.
    let quiet = RATE as usize / 2;
    let mut last = 0;
    recorder.wait_for(PATIENCE, |pcm| {
        last = pcm.iter().rposition(|sample| sample.abs() > 0.001).map_or(0, |at| at + 1);
        recorder.when(pcm.len()) > ordered && pcm.len() > last + quiet
    });
    recorder.when(last).since(ordered)
}

#[test]
fn a_timer_rings_and_says_its_name() {
    let house = House::new();
    let mut service = house.serve(&[]);
    // Set by another program, as a script would.
    let told = house.ok(&["ask", "set a pasta timer for one second"]);
    assert!(told.contains("Pasta timer"), "{told}");
    let recorder = house.card.record_speaker();
    let reply =
        service.wait_for("reply", |event| event["text"].as_str().unwrap().contains("pasta"));
    assert_eq!(reply["interrupted"], false);
    let heard = heard(&house, recorder);
    assert!(heard.contains("done"), "{heard:?}");
}

#[test]
fn a_ring_outlives_a_killed_service_and_a_stop_waits_for_no_lock() {
    let house = House::new();
    let mut killed = house.serve(&[]);
    house.ok(&["ask", "set a pasta timer for one second"]);
    let rings = |state: &serde_json::Value| state["state"] == "ringing";
    killed.wait_for("state", rings);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    let mut service = house.serve(&[]);
    let state = service.wait_for("state", rings);
    assert_eq!(state["ringing"], serde_json::json!(["pasta timer"]));
    // Another program holds the timers' lock, and does not release it.
    let lock = house.path(".local/state/aloud/timers.json.lock");
    let lock = std::fs::OpenOptions::new().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    let recorder = house.card.record_speaker();
    recorder.wait_for(PATIENCE, loud);
    let took = stops(&house, &recorder);
    println!(
        "stop to silence, with the lock of the timers held: {:.1} ms",
        took.as_secs_f64() * 1e3
    );
    assert!(took <= STOP, "{took:?} from the order to the last sound");
    service.wait_for("state", |state| state["state"] != "ringing");
    drop(lock);
    house.ok(&["quit"]);
    assert_eq!(service.ended().0, Some(0));
    assert_eq!(house.ok(&["timers", "--json"]), "");
}

#[test]
fn a_media_key_ends_a_ring_and_belongs_to_the_music_again() {
    let mut house = House::new();
    let (_bus, address) = bus(&house);
    house.set("DBUS_SESSION_BUS_ADDRESS", &address);
    let mut service = house.serve(&[]);
    let send = |to: &str, path: &str, what: &[&str]| {
        let mut command = std::process::Command::new("dbus-send");
        command.env("DBUS_SESSION_BUS_ADDRESS", &address);
        command.args(["--session", "--print-reply", &format!("--dest={to}"), path]).args(what);
        let output = command.output().expect("scripts/setup installs dbus-send");
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    let player = "org.mpris.MediaPlayer2.aloud";
    let playing = || {
        let owned = ["org.freedesktop.DBus.NameHasOwner", &format!("string:{player}")];
        send("org.freedesktop.DBus", "/org/freedesktop/DBus", &owned).unwrap().contains("true")
    };
    assert!(!playing(), "nothing rings");
    house.ok(&["ask", "set a pasta timer for one second"]);
    service.wait_for("state", |state| state["state"] == "ringing");
    until("it is a player", || playing().then_some(()));
    let path = "/org/mpris/MediaPlayer2";
    let get = "org.freedesktop.DBus.Properties.Get";
    let of = "string:org.mpris.MediaPlayer2.Player";
    let title = send(player, path, &[get, of, "string:Metadata"]).unwrap();
    assert!(title.contains("pasta timer"), "{title}");
    send(player, path, &["org.mpris.MediaPlayer2.Player.PlayPause"]).unwrap();
    service.wait_for("state", |state| state["state"] != "ringing");
    until("the keys are free", || (!playing()).then_some(()));
}

/// A session bus that starts no programs, for as long as it is held, and its address.
fn bus(house: &House) -> (Dropped, String) {
    let config = house.path("bus.conf");
    let text = format!(
        "<busconfig><type>session</type><listen>unix:dir={}</listen><auth>EXTERNAL</auth>\
         <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
         <allow own=\"*\"/></policy>\
         </busconfig>",
        house.path("").display()
    );
    std::fs::write(&config, text).unwrap();
    let mut bus = std::process::Command::new("dbus-daemon")
        .args(["--nofork", "--nopidfile", "--print-address=1", "--config-file"])
        .arg(&config)
        .stdout(Stdio::piped())
        .spawn()
        .expect("scripts/setup installs dbus-daemon");
    let mut address = String::new();
    BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
    (Dropped(bus), address.trim().to_owned())
}

/// A program that ends with the test.
struct Dropped(std::process::Child);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_service_manager_is_told_and_a_stop_takes_less_than_a_second() {
    let mut house = House::new();
    let notify = house.path("notify.sock");
    let socket = UnixDatagram::bind(&notify).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    house.set("NOTIFY_SOCKET", notify.to_str().unwrap());
    house.set("WATCHDOG_USEC", "600000");
    let mut told = String::new();
    let mut hear = |wanted: &str| {
        let mut bytes = [0; 512];
        while !told.contains(wanted) {
            let n = socket.recv(&mut bytes).expect(wanted);
            told.push_str(std::str::from_utf8(&bytes[..n]).unwrap());
        }
    };
    let child = house.aloud(&["daemon"]).stderr(Stdio::piped()).spawn().unwrap();
    hear("READY=1");
    hear("WATCHDOG=1");
    let mut service = house.attend(child);
    house.ok(&[
        "say",
        "This is a rather long sentence that nobody will hear to its end, I am afraid.",
    ]);
    service.wait_for("words", |_| true);
    let clock = Clock::start();
    let pid = service.child.id().to_string();
    assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
    hear("STOPPING=1");
    let (code, log) = service.ended();
    assert_eq!(code, Some(0), "{log}");
    // The journal has what it was doing.
    assert!(log.starts_with("aloud is running, push-to-talk"), "{log}");
    let took = clock.now().since(Moment::ZERO);
    assert!(took < Duration::from_secs(1), "a stop of the service took {took:?}");
}

/// How long [`without_any_device_the_service_lives_and_is_fed`] runs; `scripts/soak` sets ten
/// minutes.
const SOAK: &str = "ALOUD_SOAK_SECONDS";

#[test]
fn without_any_device_the_service_lives_and_is_fed() {
    let seconds: u64 = std::env::var(SOAK).map_or(5, |text| text.parse().unwrap());
    let mut house = House::new();
    house.card.kill();
    let notify = house.path("notify.sock");
    let socket = UnixDatagram::bind(&notify).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    house.set("NOTIFY_SOCKET", notify.to_str().unwrap());
    house.set("WATCHDOG_USEC", "3000000");
    let mut child = house.aloud(&["daemon"]).stderr(Stdio::piped()).spawn().unwrap();
    let clock = Clock::start();
    let since = || clock.now().since(Moment::ZERO);
    let (mut told, mut fed) = (String::new(), None);
    while since() < Duration::from_secs(seconds) {
        let mut bytes = [0; 512];
        let n = socket.recv(&mut bytes).expect("a word within the watchdog's limit");
        let word = std::str::from_utf8(&bytes[..n]).unwrap();
        told.push_str(word);
        if word.contains("WATCHDOG=1") {
            let now = since();
            let hungry = now - fed.replace(now).unwrap_or(now);
            assert!(hungry < Duration::from_secs(3), "not fed for {hungry:?}");
        }
    }
    assert!(told.contains("READY=1") && fed.is_some(), "{told}");
    assert!(told.contains("STATUS=waiting for sound: no sound server"), "{told}");
    let status = house.ok(&["status"]);
    assert!(status.contains("no sound server answers"), "{status}");
    // All is used as soon as it appears. The service manager keeps reading.
    std::thread::spawn(move || while socket.recv(&mut [0; 512]).is_ok() {});
    house.card.restart();
    let back = Clock::start();
    let mut service = house.attend(child.try_wait().unwrap().map_or(child, |status| {
        panic!("the service ended: {status}");
    }));
    until("both devices", || {
        let status: serde_json::Value =
            serde_json::from_str(&house.ok(&["status", "--json"])).unwrap();
        (status["input"].is_string() && status["output"].is_string()).then_some(())
    });
    let took = back.now().since(Moment::ZERO);
    assert!(took < Duration::from_secs(2), "{took:?}, a status included");
    let answer = ask(&house, &mut service, "What is six times seven?");
    assert!(answer.contains("42") || answer.contains("forty"), "{answer:?}");
}

#[test]
fn every_line_on_the_socket_is_answered() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    let house = House::new();
    let _service = house.serve(&[]);
    let socket = std::path::PathBuf::from(&house.card.env()[0].1).join("aloud/control.sock");
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"{\"cmd\":\"\xff\"}\n{\"cmd\":\"status\"}\n").unwrap();
    let lines: Vec<String> = BufReader::new(stream).lines().take(2).map(Result::unwrap).collect();
    assert!(lines[0].contains("UTF-8") && lines[1].contains("\"ok\":true"), "{lines:?}");
    // Far too many connections must not take anything away from the engines.
    let many: Vec<_> = (0..300).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let mut refused = String::new();
    BufReader::new(&many[299]).read_line(&mut refused).unwrap();
    assert!(refused.contains("connected already"), "{refused}");
    drop(many);
    until("room again", || house.run(&["stop"]).status.success().then_some(()));
}

#[test]
fn two_services_do_not_share_a_socket_and_a_crash_leaves_it_free() {
    let house = House::new();
    let mut first = house.serve(&[]);
    let second = house.run(&["daemon"]);
    assert_eq!(second.status.code(), Some(69));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("already running") && said.contains("aloud quit"), "{said}");
    let status: serde_json::Value = serde_json::from_str(&house.ok(&["status", "--json"])).unwrap();
    assert_eq!(status["pid"], first.child.id());
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let third = house.serve(&[]);
    house.ok(&["quit"]);
    assert_eq!(third.ended().0, Some(0));
}

#[test]
fn a_sound_server_that_goes_and_comes_back_is_told_and_used_again() {
    let house = House::new();
    let mut service = house.serve(&[]);
    house.card.kill();
    service.wait_for("state", |state| state["input"].is_null() && state["output"].is_null());
    house.card.restart();
    service.wait_for("state", |state| state["input"].is_string() && state["output"].is_string());
    let answer = ask(&house, &mut service, "What is six times seven?");
    assert!(answer.contains("42") || answer.contains("forty"), "{answer:?}");
}

#[test]
fn a_reload_takes_the_new_configuration_and_keeps_the_rest() {
    let house = House::new();
    let config = house.path(".config/aloud/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "[audio]\nvolume = 70\n").unwrap();
    let mut service = house.serve(&[]);
    house.types("set a pasta timer for ten minutes");
    service.wait_for("reply", |_| true);
    service.wait_for_rest();
    let status =
        || -> serde_json::Value { serde_json::from_str(&house.ok(&["status", "--json"])).unwrap() };
    assert_eq!((&status()["mode"], &status()["volume"]), (&"push-to-talk".into(), &70.into()));

    // A mistake changes nothing, and is named.
    std::fs::write(&config, "[listen]\nmode = \"opne\"\n").unwrap();
    let refused = house.run(&["reload"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("opne"), "{said}");
    assert_eq!(status()["mode"], "push-to-talk");

    std::fs::write(&config, "[audio]\nvolume = 40\n[listen]\nmode = \"open\"\n").unwrap();
    house.ok(&["mute"]);
    house.ok(&["reload"]);
    // The event stream goes on.
    service.wait_for("state", |event| event["mode"] == "open" && event["muted"] == true);
    house.ok(&["unmute"]);
    assert_eq!(status()["volume"], 40);
    assert_eq!(status()["timers"], 1);
    house.types("what timers are set");
    let reply = service.wait_for("reply", |_| true);
    assert!(reply["text"].as_str().unwrap().contains("pasta"), "{reply}");
}

#[test]
fn another_program_asks_the_user_and_gets_the_spoken_answer() {
    let house = House::new();
    let mut service = house.serve(&[]);
    let mut agent =
        house.aloud(&["mcp"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut to = agent.stdin.take().unwrap();
    let mut from = BufReader::new(agent.stdout.take().unwrap()).lines();
    let mut send = |line: serde_json::Value| writeln!(to, "{line}").unwrap();
    send(serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "agent", "version": "1"},
    }}));
    from.next().unwrap().unwrap();
    send(serde_json::json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    send(serde_json::json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "ask_user", "arguments": {"question": "Shall I set a timer?"},
    }}));
    service.wait_for("words", |_| true);
    service.wait_for_rest();
    let pcm = house.spoken("What time is it?");
    house.ok(&["press"]);
    house.card.play_into_mic(&pcm);
    house.ok(&["release"]);
    let answer: serde_json::Value = serde_json::from_str(&from.next().unwrap().unwrap()).unwrap();
    let heard = answer["result"]["content"][0]["text"].as_str().unwrap().to_lowercase();
    assert!(heard.contains("what time is it"), "{answer}");
    // Nobody else was asked: the assistant knows the time and does not tell it.
    house.ok(&["quit"]);
    service.wait_for("ending", |_| true);
    assert!(service.seen("call").is_empty(), "{:?}", service.seen("call"));
    agent.kill().unwrap();
    agent.wait().unwrap();
}

/// What `aloud doctor --tune` says, and the delay that it found.
fn tune(house: &House) -> (String, Option<u32>) {
    let output = house.run(&["doctor", "--tune"]);
    let told = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    let delay = told[0].split(" after ").nth(1).and_then(|rest| rest.split(' ').next());
    let delay = delay.map(|ms| ms.parse().unwrap());
    (told.concat(), delay)
}

#[test]
fn the_way_from_the_speaker_to_the_microphone_is_measured_kept_and_used() {
    let house = House::new();
    let (told, _) = tune(&house);
    assert!(told.contains("gives only silence; unmute it"), "{told}");
    // A microphone that hears a room, but not the speaker: a headset.
    let mut seed = 1_u32;
    let hiss = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((seed >> 8) as f32 / (1 << 23) as f32 - 1.0) * 0.01
    });
    let hiss: Vec<f32> = hiss.take(RATE as usize * 120).collect();
    let room = house.card.speak(&hiss);
    let (told, delay) = tune(&house);
    assert_eq!(delay, None);
    assert!(told.contains("does not hear the speaker"), "{told}");
    assert!(told.contains("echo cancelling is off"), "{told}");
    let echo = |house: &House| {
        let mut service = house.serve(&[]);
        house.ok(&["say", "One little bird sat on a wall."]);
        service.wait_for("reply", |_| true);
        let status: serde_json::Value =
            serde_json::from_str(&house.ok(&["status", "--json"])).unwrap();
        house.ok(&["quit"]);
        service.ended();
        status["echo"]["on"] == true
    };
    assert!(!echo(&house), "with a headset there is no echo");
    // The room gets a loudspeaker, nearer and further away.
    let mut delays = Vec::new();
    for latency in ["latency_msec=60", "latency_msec=260"] {
        let ends = ["source=spk.monitor", "sink=mic"];
        let number =
            house.card.pactl(&["load-module", "module-loopback", ends[0], ends[1], latency]);
        let (told, delay) = tune(&house);
        println!("{told}");
        assert!(told.contains("; echo cancelling is on."), "{told}");
        let level = told.split(" ms at ").nth(1).unwrap().split(' ').next().unwrap();
        let level: i32 = level.parse().unwrap();
        assert!((-4..=4).contains(&level), "the loop changes no level: {told}");
        delays.push(delay.unwrap());
        house.card.unplug(number.trim());
    }
    let longer = delays[1].abs_diff(delays[0]);
    assert!((120..=280).contains(&longer), "{delays:?}");
    assert!(echo(&house), "a loudspeaker that was heard has an echo");
    drop(room);
}

#[test]
fn a_muted_microphone_is_closed_and_opens_again() {
    let house = House::new();
    let mut service = house.serve(&[]);
    let records = || house.card.pactl(&["list", "short", "source-outputs"]);
    // The card's own recorder, if it has one, stays.
    let ours = records().lines().count();
    house.ok(&["mute"]);
    service.wait_for("state", |state| state["muted"] == true && state["input"].is_null());
    assert_eq!(records().lines().count(), ours - 1, "{}", records());
    let status = house.ok(&["status"]);
    assert!(status.contains("muted; the device is closed"), "{status}");
    assert!(!status.contains("problem"), "{status}");
    house.ok(&["press"]);
    let told = service.wait_for("trouble", |_| true);
    assert!(told["message"].as_str().unwrap().contains("aloud unmute"), "{told}");
    house.ok(&["unmute"]);
    service.wait_for("state", |state| state["muted"] == false && state["input"].is_string());
    assert_eq!(records().lines().count(), ours);
    ask(&house, &mut service, "Set a timer for ten minutes.");
    assert_eq!(service.seen("call").last().unwrap()["name"], "set_timer");
}

#[test]
fn signals_press_and_release_the_talk_key() {
    let house = House::new();
    let mut service = house.serve(&[]);
    let pid = service.child.id().to_string();
    let signal = |name: &str| {
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    };
    signal("USR1");
    service.wait_for("state", |state| state["ear"] != "shut");
    signal("USR2");
    service.wait_for("state", |state| state["ear"] == "shut");
}
