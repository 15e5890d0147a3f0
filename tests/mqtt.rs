//! Messages to a real broker of MQTT, mosquitto, as a user sends them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

#[path = "provider/authority.rs"]
mod authority;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use authority::Authority;
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};

/// A broker that ends with the test.
struct Broker(Child);

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A broker on `port` with the user "me", whose password is "hush"; `more` is about encryption.
fn broker(folder: &Path, port: u16, more: &str) -> Broker {
    let passwords = folder.join("passwords");
    let made = Command::new("mosquitto_passwd")
        .args(["-c", "-b", passwords.to_str().unwrap(), "me", "hush"])
        .status()
        .expect("scripts/setup installs mosquitto");
    assert!(made.success());
    let config = folder.join("mosquitto.conf");
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\nuser root\n\
         log_dest stderr\n{more}",
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
        .env("SSL_CERT_FILE", home.join("authority.pem"))
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
    let _broker = broker(home.path(), port, "");
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

#[test]
fn an_encrypted_broker_is_trusted_only_with_a_certificate_that_is_known() {
    let home = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (chain, key) = authority.files("localhost", home.path());
    let tls = format!("certfile {}\nkeyfile {}\n", chain.display(), key.display());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::create_dir_all(home.path().join(".config/aloud")).unwrap();
    let _broker = broker(home.path(), port, &tls);
    let password = home.path().join("password");
    std::fs::write(&password, "hush\n").unwrap();
    let ask = |scheme: &str, host: &str| {
        let config = format!(
            "[tools.mqtt]\nurl = \"{scheme}://{host}:{port}\"\nuser = \"me\"\npassword_file = {:?}\n\
             topics = {{ lamp = \"home/lamp/set\" }}\n",
            password.display().to_string()
        );
        std::fs::write(home.path().join(".config/aloud/config.toml"), config).unwrap();
        ask(home.path(), "publish on to the lamp")
    };
    Authority::new().file(home.path());
    let unknown = ask("mqtts", "localhost");
    assert!(unknown.contains("a certificate from an unknown authority"), "{unknown}");
    authority.file(home.path());
    assert_eq!(ask("mqtts", "localhost"), "Sent on to lamp.");
    let other = ask("mqtts", "127.0.0.1");
    assert!(other.contains("a certificate for another host; fix url under tools.mqtt"), "{other}");
    let plain = ask("mqtt", "localhost");
    assert!(plain.starts_with("I could not send that: localhost"), "{plain}");
}
