//! Messages to a real broker of MQTT, mosquitto, as a user sends them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rumqttc::{Client, Event, MqttOptions, Packet, QoS};

/// A broker that ends with the test.
struct Broker(Child);

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A broker on `port` with the user "me", whose password is "hush".
fn broker(folder: &Path, port: u16) -> Broker {
    let passwords = folder.join("passwords");
    let made = Command::new("mosquitto_passwd")
        .args(["-c", "-b", passwords.to_str().unwrap(), "me", "hush"])
        .status()
        .expect("scripts/setup installs mosquitto");
    assert!(made.success());
    let config = folder.join("mosquitto.conf");
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\nuser root\n\
         log_dest stderr\n",
        passwords.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut broker = Command::new("mosquitto")
        .args(["-c", config.to_str().unwrap()])
        .env("PATH", "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
        .stderr(Stdio::piped())
        .spawn()
        .expect("scripts/setup installs mosquitto");
    let mut lines = BufReader::new(broker.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("running")), "mosquitto has ended");
    // What else it says must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Broker(broker)
}

fn ask(home: &Path, text: &str) -> String {
    let asked = Command::new(env!("CARGO_BIN_EXE_aloud"))
        .args(["ask", text])
        .env_clear()
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}

#[test]
fn messages_reach_the_broker_by_name_and_by_sentences_of_ones_own() {
    let home = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let password = home.path().join("password");
    std::fs::create_dir_all(home.path().join(".config/aloud")).unwrap();
    let config = format!(
        "[tools.mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\nuser = \"me\"\npassword_file = {:?}\n\
         [tools.mqtt.topics]\nlamp = \"home/lamp/set\"\n\"coffee machine\" = \"kitchen/coffee\"\n\
         [tools.mqtt.say]\n\"light up [the] desk\" = 'lamp {{\"state\": \"ON\"}}'\n\
         \"(brew|make) me a coffee\" = \"coffee machine brew\"\n",
        password.display().to_string()
    );
    std::fs::write(home.path().join(".config/aloud/config.toml"), config).unwrap();
    let ask = |text: &str| ask(home.path(), text);

    assert_eq!(
        ask("light up the desk"),
        "I have no password for the MQTT broker. Set password_file or password_env under tools.mqtt \
         in the configuration."
    );
    std::fs::write(&password, "wrong\n").unwrap();
    let away = ask("light up the desk");
    assert!(away.starts_with("I could not send that: 127.0.0.1 is not reached"), "{away}");
    let _broker = broker(home.path(), port);
    assert_eq!(
        ask("light up the desk"),
        "I could not send that: 127.0.0.1 does not take the user or the password. Check user and \
         password_file under tools.mqtt."
    );
    std::fs::write(&password, "hush\n").unwrap();

    let mut options = MqttOptions::new("test", "127.0.0.1", port);
    options.set_credentials("me", "hush");
    let (client, mut connection) = Client::new(options, 10);
    client.subscribe("#", QoS::AtLeastOnce).unwrap();
    let mut events = connection.iter().map(Result::unwrap);
    assert!(events.any(|event| matches!(event, Event::Incoming(Packet::SubAck(_)))));
    let mut next = || {
        events.find_map(|event| match event {
            Event::Incoming(Packet::Publish(sent)) => {
                Some((sent.topic, String::from_utf8(sent.payload.to_vec()).unwrap()))
            }
            Event::Incoming(_) | Event::Outgoing(_) => None,
        })
    };
    for (said, answer, topic, message) in [
        (
            "light up the desk",
            r#"Sent {"state": "ON"} to lamp."#,
            "home/lamp/set",
            r#"{"state": "ON"}"#,
        ),
        ("Please make me a coffee.", "Sent brew to coffee machine.", "kitchen/coffee", "brew"),
        ("publish on to the lamp", "Sent on to lamp.", "home/lamp/set", "on"),
        (
            "publish grind to the coffee machine",
            "Sent grind to coffee machine.",
            "kitchen/coffee",
            "grind",
        ),
    ] {
        assert_eq!(ask(said), answer);
        assert_eq!(next(), Some((topic.to_owned(), message.to_owned())), "{said}");
    }
    let unknown = ask("publish on to the radio");
    assert!(unknown.contains("must be one of \"coffee machine\", \"lamp\""), "{unknown}");
}
