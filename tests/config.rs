//! From a configuration file and the environment to settings, and to messages about every mistake.

#![allow(clippy::unwrap_used, reason = "a test whose scene cannot be set has failed")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use aloud::config::{
    CalDav, Config, ConfigErrors, Device, Environment, HomeAssistant, InitError, KeySource, Mode,
    ModelName, Mqtt, Origin, PathError, Paths, Protocol, ProviderKind, Speculate, ToolChoice,
    TurnEnding, Units, default_file, init,
};
use aloud::dialog::{Effect, Start};
use aloud::listen::Echo;
use aloud::tool::permission::Policy;
use proptest::prelude::*;
use tempfile::TempDir;

/// A home with a configuration file, if `text` is some.
struct Home(TempDir);

impl Home {
    fn new(text: Option<&str>) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        if let Some(text) = text {
            std::fs::create_dir_all(home.file().parent().unwrap()).unwrap();
            std::fs::write(home.file(), text).unwrap();
        }
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join(".config/aloud/config.toml")
    }

    fn env(&self, vars: &[(&str, &str)]) -> Environment {
        let home = ("HOME", self.path().to_str().unwrap());
        vars.iter().copied().chain([home]).collect()
    }

    fn load(&self, vars: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        Config::load(&self.env(vars), None)
    }

    /// The problems, without the file's path and without the last line.
    fn problems(&self, vars: &[(&str, &str)]) -> Vec<String> {
        let text = self.load(vars).unwrap_err().to_string();
        let mut lines: Vec<String> =
            text.lines().map(|l| l.replace(&*self.file().to_string_lossy(), "FILE")).collect();
        let last = lines.pop().unwrap();
        assert!(last.ends_with("run \"aloud config check\""), "{last}");
        lines
    }
}

fn load(text: &str) -> Config {
    Home::new(Some(text)).load(&[]).unwrap()
}

fn problems(text: &str) -> Vec<String> {
    Home::new(Some(text)).problems(&[])
}

fn local(model: &str) -> ModelName {
    ModelName { provider: "local".into(), model: model.into() }
}

#[test]
fn without_a_file_and_a_key_everything_is_local() {
    let home = Home::new(None);
    let config = home.load(&[]).unwrap();
    assert_eq!(config.file, None);
    let settings = config.settings;
    assert_eq!(settings.cascade.transcribe, [local("moonshine-tiny-en")]);
    assert_eq!(settings.cascade.chat, [local("templates")]);
    assert_eq!(settings.cascade.speak, [local("hibari-heart")]);
    assert_eq!((settings.audio.input, settings.audio.output), (Device::Default, Device::Default));
    assert_eq!(settings.listen.mode, Mode::PushToTalk);
    assert_eq!((settings.listen.pause_ms, settings.listen.preroll_ms), (500, 400));
    assert_eq!(
        (settings.listen.max_utterance_s, settings.listen.speculate),
        (60, Speculate::If(true))
    );
    assert_eq!(settings.listen.echo, Echo::Auto);
    assert_eq!(settings.models.dir, home.path().join(".local/share/aloud/models"));
}

#[test]
fn every_key_is_read() {
    let config = load(
        r#"
        [audio]
        input = "USB Microphone"
        output = "wav:reply.wav"
        volume = 40
        earcons = false
        [listen]
        mode = "open"
        pause_ms = 700
        preroll_ms = 0
        max_utterance_s = 30
        speculate = false
        echo = "off"
        [partner]
        kind = "cascade"
        [cascade]
        chat = ["local/templates"]
        [audio_chat]
        model = "openai/gpt-audio-mini"
        [chat]
        protocol = "chat"
        stream = false
        reasoning_effort = "high"
        temperature = 0.2
        max_output_tokens = 99
        tool_choice = "get_time"
        search = true
        patience_s = 7
        [context]
        persona = "You are a cook."
        facts = ["The oven is slow."]
        [transcribe]
        languages = ["en", "de"]
        keywords = "aloud"
        prompt = "Kitchen talk."
        [speak]
        voice = "cedar"
        instructions = "Quietly."
        speed = 1.5
        [image]
        model = "openai/some-image"
        size = "auto"
        quality = "high"
        dir = "~/pictures"
        [realtime]
        model = "ollama/some-realtime"
        turn_detection = "semantic_vad"
        dialect = "beta"
        voice = ""
        transcribe = "whisper-1"
        format = "alaw"
        park_after_s = 0
        client_secrets = true
        [providers.ollama]
        kind = "compatible"
        base_url = "http://127.0.0.1:11434/v1/"
        api_key_env = "OLLAMA_KEY"
        [local]
        warm = true
        threads = 2
        unload_after_s = 0
        [tools]
        disabled = ["set_volume"]
        [tools.get_weather]
        base_url = "http://127.0.0.1:9"
        geocoding_url = "http://127.0.0.1:10/"
        air_quality_url = "http://127.0.0.1:11"
        location = "Paris"
        units = "us"
        [models]
        dir = "~/models"
        pip = "pip3"
        [log]
        filter = "warn,aloud=debug"
        "#,
    );
    let s = &config.settings;
    assert_eq!(s.audio_chat.models[0].to_string(), "openai/gpt-audio-mini");
    assert_eq!(s.chat.tool_choice, ToolChoice::Tool("get_time".into()));
    assert_eq!((s.chat.protocol, s.chat.stream, s.chat.search), (Protocol::Chat, false, true));
    assert_eq!((s.chat.sampling.temperature, s.chat.max_output_tokens), (Some(0.2), Some(99)));
    assert_eq!((s.chat.reasoning_effort.as_deref(), s.chat.patience_s), (Some("high"), 7));
    assert_eq!(s.context.facts, ["The oven is slow."]);
    assert_eq!(s.transcribe.languages, ["en", "de"]);
    assert_eq!((s.speak.voice.as_str(), s.speak.speed), ("cedar", Some(1.5)));
    assert_eq!(s.image.models[0].to_string(), "openai/some-image");
    assert!(s.image.dir.as_ref().unwrap().ends_with("pictures"));
    assert_eq!(s.audio.input, Device::Named("USB Microphone".into()));
    assert_eq!(s.audio.output, Device::Wav("reply.wav".into()));
    assert_eq!((s.audio.volume, s.audio.earcons), (40, false));
    assert_eq!(s.listen.mode, Mode::Open);
    assert_eq!((s.listen.pause_ms, s.listen.preroll_ms), (700, 0));
    assert_eq!((s.listen.max_utterance_s, s.listen.speculate), (30, Speculate::If(false)));
    assert_eq!(s.listen.echo, Echo::Off);
    let ollama = &s.providers["ollama"];
    assert_eq!(ollama.kind, ProviderKind::Compatible);
    assert_eq!(ollama.base_url.as_deref(), Some("http://127.0.0.1:11434/v1"));
    assert_eq!(ollama.api_key, Some(KeySource::Env("OLLAMA_KEY".into())));
    assert_eq!((s.local.warm, s.local.threads, s.local.unload_after_s), (true, 2, 0));
    assert!(s.tools.allows("get_time") && !s.tools.allows("set_volume"));
    assert_eq!(s.tools.get_weather.base_url, "http://127.0.0.1:9");
    assert_eq!(s.tools.get_weather.geocoding_url, "http://127.0.0.1:10");
    assert_eq!(s.tools.get_weather.air_quality_url, "http://127.0.0.1:11");
    assert_eq!(s.tools.get_weather.location.as_deref(), Some("Paris"));
    assert_eq!(s.tools.get_weather.units, Units::Us);
    assert_eq!(s.models.dir, config.paths.home.clone().unwrap().join("models"));
    assert_eq!(s.models.pip, ["pip3"]);
    assert_eq!(s.log.filter.as_deref(), Some("warn,aloud=debug"));
}

#[test]
fn all_mistakes_are_told_at_once_with_place_and_next_step() {
    let text = "\
[audio]
inptu = \"default\"
volume = 101

[listen]
mode = \"opn\"
pause_ms = \"500\"
preroll_ms = 1.5
speculate = 1

[cascade]
transcribe = \"moonshine\"
chat = [\"local/templates\", \"local/template\", 3]
speak = \"local/moonshine-tiny-en\"

[lisen]
[tools.get_wether]
";
    assert_eq!(
        problems(text),
        [
            "FILE:2:1: audio.inptu: no such key; did you mean input?",
            "FILE:3:10: audio.volume: 101 is out of range; write a whole number from 0 to 100 percent",
            "FILE:6:8: listen.mode: \"opn\" is not a valid choice (did you mean \"open\"?); \
             write \"push-to-talk\" or \"open\" or \"wake\"",
            "FILE:7:12: listen.pause_ms: it is text; write a whole number from 100 to 5000 milliseconds",
            "FILE:8:14: listen.preroll_ms: it is a fraction; write a whole number from 0 to 2000 \
             milliseconds",
            "FILE:9:13: listen.speculate: it is a whole number; write true or false, or \"free\"",
            "FILE:12:14: cascade.transcribe: \"moonshine\" is not a model; \
             write PROVIDER/MODEL, such as \"local/moonshine-tiny-en\"",
            "FILE:13:28: cascade.chat: there is no local model \"template\" for this; \
             did you mean \"local/templates\"?",
            "FILE:13:46: cascade.chat: it is a whole number; \
             write a model, such as \"local/templates\", or a list of models",
            "FILE:14:9: cascade.speak: \"local/moonshine-tiny-en\" does something else \
             (transcribe, not speak); write \"local/hibari-heart\"",
            "FILE:16:2: lisen: no such section; did you mean [listen]?",
            "FILE:17:8: tools.get_wether: no such key; did you mean get_weather?",
        ]
    );
}

#[test]
fn a_slip_of_form_does_not_hide_what_comes_after_it() {
    let text = "[listen]\npause_ms = \npreroll_ms = 9000\n[audio\nvolume = 50\n";
    let found = problems(text);
    assert!(found[0].starts_with("FILE:2:") && found[0].contains("not valid TOML"), "{found:?}");
    assert!(found.iter().any(|p| p.starts_with("FILE:3:14: listen.preroll_ms: 9000")), "{found:?}");
    assert!(found.iter().any(|p| p.starts_with("FILE:4:")), "{found:?}");
    for problem in &found {
        assert!(problem.contains("; "), "no next step: {problem}");
    }
}

#[test]
fn a_key_that_stands_twice_is_a_mistake() {
    let found = problems("[listen]\npause_ms = 400\npause_ms = 600\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("FILE:3:"), "{found:?}");
}

#[test]
fn a_column_counts_characters() {
    let found = problems("tools = { get_weather = { location = \"Zürich\", unit = 1 } }\n");
    assert_eq!(found, ["FILE:1:48: tools.get_weather.unit: no such key; did you mean units?"]);
}

#[test]
fn wake_words_have_plain_names_and_each_its_own_sensitivity() {
    let wake = load(
        "[listen]\nmode = \"wake\"\n[wake]\nwords = [\"alexa\", \"hey_jarvis\"]\n\
         sensitivity = 0.4\n[wake.alexa]\nsensitivity = 0.7",
    )
    .settings
    .wake;
    assert_eq!(wake.words, ["alexa", "hey_jarvis"]);
    assert_eq!([wake.sensitivity_of("alexa"), wake.sensitivity_of("hey_jarvis")], [0.7, 0.4]);
    let butler = load("[wake.hey_jarvis]\npersona = \"You are a butler.\"").settings.wake;
    assert_eq!(butler.sensitivity_of("hey_jarvis"), 0.5);
    assert_eq!(butler.own["hey_jarvis"].persona.as_deref(), Some("You are a butler."));
    assert_eq!(load("").settings.wake.words, ["hey_jarvis"]);
    let found = problems("[wake]\nwords = [\"Hey Jarvis\"]\nsensitivity = 2");
    assert_eq!(
        found,
        [
            "FILE:2:10: wake.words: \"Hey Jarvis\" is not the name of a wake word; write it in small \
             letters with _ between the words",
            "FILE:3:15: wake.sensitivity: 2 is out of range; write a number from 0 to 1",
        ]
    );
}

#[test]
fn talk_keys_are_named_as_people_name_them() {
    let keys = load("[keys]\nhold = \"Right Ctrl\"\ntoggle = \"shift+super+a\"").settings.keys;
    let shown = [keys.hold, keys.toggle].map(|key| key.unwrap().to_string());
    assert_eq!(shown, ["RightCtrl", "Shift+Super+A"]);
    assert_eq!(load("").settings.keys.hold, None, "no key is taken unasked");
    let found =
        problems("[keys]\nhold = \"a\"\ntoggle = \"Hyper+F9\"\nby = \"x12\"\ndevices = \"in\"");
    assert_eq!(
        found,
        [
            "FILE:2:8: keys.hold: \"A\" could not be typed any more; write a key, such as \
             \"Super+Space\", \"F13\" or \"RightCtrl\"",
            "FILE:3:10: keys.toggle: \"Hyper\" is no modifier (Ctrl, Alt, Shift, Super); write a \
             key, such as \"Super+Space\", \"F13\" or \"RightCtrl\"",
            "FILE:4:6: keys.by: \"x12\" is not a valid choice (did you mean \"x11\"?); write \
             \"auto\" or \"x11\" or \"portal\" or \"devices\"",
            "FILE:5:11: keys.devices: \"in\" is not the full path of a folder; write a folder",
        ]
    );
    let found = problems("[keys]\nhold = \"F9\"\ntoggle = \"F9\"");
    assert_eq!(found, ["FILE:3:10: keys.toggle: it is the key of hold; choose another one"]);
}

#[test]
fn a_server_of_ones_own_does_every_job() {
    let ollama =
        "[providers.ollama]\nkind = \"compatible\"\nbase_url = \"http://127.0.0.1:11434/v1\"\n";
    let chat = "[cascade]\nchat = [\"ollama/qwen3\", \"local/templates\"]\n";
    for text in [chat.to_owned(), format!("{ollama}{chat}")] {
        let names = load(&text).settings.cascade.chat;
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["ollama/qwen3", "local/templates"]);
    }
    let speak = "[cascade]\ntranscribe = \"ollama/whisper\"\nspeak = \"ollama/orpheus\"\n";
    let cascade = load(&format!("{ollama}{speak}")).settings.cascade;
    assert_eq!(cascade.transcribe[0].to_string(), "ollama/whisper");
    assert_eq!(cascade.speak[0].to_string(), "ollama/orpheus");
    assert_eq!(
        problems("[providers.mine]\nkind = \"compatible\"\n[cascade]\nchat = \"min/x\"\n"),
        [
            "FILE:2:8: providers.mine.base_url: it is missing; write base_url = \"http://HOST:PORT/v1\"",
            "FILE:4:8: cascade.chat: there is no provider \"min\"; did you mean \"mine/x\"?",
        ]
    );
}

#[test]
fn a_variable_goes_before_the_file_and_is_named_in_words_and_shows() {
    let home = Home::new(Some("[listen]\npause_ms = 900\npreroll_ms = 100\n[tools.get_weather]\n"));
    let vars = [
        ("ALOUD_LISTEN__PAUSE_MS", "650"),
        ("ALOUD_AUDIO__INPUT", "3"),
        ("ALOUD_CASCADE__CHAT", "[\"local/templates\"]"),
        ("ALOUD_TOOLS__GET_WEATHER__BASE_URL", "http://127.0.0.1:8080"),
        ("ALOUD_LOCAL__WARM", "true"),
        ("ALOUD_LISTEN__MODE", ""),
        ("ALOUD_LOG", "debug"),
        ("ALOUD_SOMETHING", "of somebody else"),
    ];
    let config = home.load(&vars).unwrap();
    assert_eq!(config.settings.listen.pause_ms, 650);
    assert_eq!(config.settings.listen.preroll_ms, 100);
    assert_eq!(config.settings.listen.mode, Mode::PushToTalk);
    assert_eq!(config.settings.audio.input, Device::Named("3".into()));
    assert_eq!(config.settings.tools.get_weather.base_url, "http://127.0.0.1:8080");
    assert!(config.settings.local.warm);
    assert_eq!(config.settings.log.filter.as_deref(), Some("debug"));
    let show = config.show();
    let line = |key: &str| {
        let found = show.lines().find(|l| l.starts_with(key)).unwrap();
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("pause_ms"), "pause_ms = 650 # ALOUD_LISTEN__PAUSE_MS");
    let file = home.file();
    assert_eq!(line("preroll_ms"), format!("preroll_ms = 100 # {}:3", file.display()));
    assert_eq!(line("max_utterance_s"), "max_utterance_s = 60 # default");

    let wrong = [
        ("ALOUD_LISTEN__PAUSE_MS", "soon"),
        ("ALOUD_LISTEN__PAUSE", "500"),
        ("ALOUD_LISTEN_PREROLL_MS", "500"),
        ("ALOUD_LOG", "warn,=,"),
    ];
    let found = home.problems(&wrong);
    assert_eq!(
        found[..3],
        [
            "ALOUD_LISTEN_PREROLL_MS: no such variable; did you mean ALOUD_LISTEN__PREROLL_MS?",
            "ALOUD_LISTEN__PAUSE: no such key; did you mean pause_ms?",
            "ALOUD_LISTEN__PAUSE_MS: it is text; write a whole number from 100 to 5000 milliseconds",
        ]
    );
    assert!(found[3].starts_with("ALOUD_LOG: "), "{found:?}");
}

#[test]
fn a_provider_with_capitals_and_hyphens_is_found_by_its_variable() {
    let text =
        "[providers.My-Llama]\nkind = \"compatible\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let home = Home::new(Some(text));
    let vars = [("ALOUD_PROVIDERS__MY_LLAMA__BASE_URL", "http://127.0.0.1:2/v1")];
    let config = home.load(&vars).unwrap();
    assert_eq!(
        config.settings.providers["My-Llama"].base_url.as_deref(),
        Some("http://127.0.0.1:2/v1")
    );
}

#[test]
fn a_provider_has_a_plain_name() {
    let text = "[providers.\"a/b\"]\nkind = \"compatible\"\nbase_url = \"http://127.0.0.1/v1\"\n";
    let found = problems(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("not a provider name; use letters, digits, - and _"));
}

#[test]
fn keys_and_passwords_never_show() {
    let secret = "sk-very-secret-1234567890";
    let text = format!(
        "[providers.a]\nkind = \"compatible\"\nbase_url = \"http://u:{secret}@127.0.0.1/v1\"\n\
         api_key = \"{secret}\"\napi_key_env = \"{secret}\"\n"
    );
    let error = Home::new(Some(&text)).load(&[]).unwrap_err().to_string();
    assert!(!error.contains(secret), "{error}");
    assert!(error.contains("api_key: no such key; did you mean api_key_"), "{error}");

    let home = Home::new(None);
    let vars = [("OPENAI_API_KEY", secret), ("OPENAI_BASE_URL", "http://127.0.0.1:3/v1/")];
    let config = home.load(&vars).unwrap();
    let openai = &config.settings.providers["openai"];
    assert_eq!(openai.base_url.as_deref(), Some("http://127.0.0.1:3/v1"));
    assert_eq!(openai.api_key, Some(KeySource::Env("OPENAI_API_KEY".into())));
    let all = format!("{}{config:?}{:?}", config.show(), home.env(&vars));
    assert!(!all.contains(secret), "{all}");
    assert!(config.show().contains("# OPENAI_API_KEY is set (it is not shown)"));
}

#[test]
fn a_house_needs_its_token() {
    let missing = problems("[tools.home_assistant]\nurl = \"http://127.0.0.1:8123\"\n");
    let next = "write token_file = \"FILE\" or token_env = \"VARIABLE\"";
    let at = "FILE:2:7: tools.home_assistant.url";
    assert_eq!(missing, [format!("{at}: its token is missing; {next}")]);
    let written = problems("[tools.home_assistant]\ntoken_env = \"eyJ0.secret\"\n");
    assert!(written[0].contains("do not put the key itself here"), "{written:?}");
    assert!(!written[0].contains("secret"), "{written:?}");
}

#[test]
fn mqtt_is_told_what_is_wrong() {
    let wrong = problems(
        "[tools.mqtt]\nurl = \"amqp://broker\"\ntopics = { lamp = \"home/+/set\", desk = \"a\" }\n\
         say = { \"light it\" = \"lamb ON\" }\n",
    );
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(wrong.iter().any(|text| text.contains("not an mqtt:// or mqtts:// address")));
    assert!(wrong.iter().any(|text| text.contains("not for sending")));
    assert!(wrong.iter().any(|text| text.contains("\"lamb ON\" names no topic")), "{wrong:?}");
    for text in [
        "[tools.mqtt]\nurl = \"mqtts://me:hush@broker\"\n",
        "[tools.calendar]\nurl = \"https://me:hush@cloud.example/\"\n",
    ] {
        let secret = problems(text);
        assert!(secret[0].contains("must not contain a password"), "{secret:?}");
    }
    let settings = |url: &str| {
        let config = format!("[tools.mqtt]\nurl = \"{url}\"\n");
        let mqtt = Home::new(Some(&config)).load(&[]).unwrap().settings.tools.mqtt.unwrap();
        (mqtt.port, mqtt.tls)
    };
    assert_eq!(settings("mqtt://broker"), (1883, false));
    assert_eq!(settings("mqtts://broker"), (8883, true));
    assert_eq!(settings("mqtts://broker:9000"), (9000, true));
}

#[test]
fn the_written_file_holds_every_key_with_its_default() {
    let plain = Home::new(Some(default_file()));
    let nothing = plain.load(&[]).unwrap();
    let mut bare = nothing.clone();
    bare.file = None;
    let home = plain.path();
    assert_eq!(
        bare,
        Config::load(&plain.env(&[("XDG_CONFIG_HOME", "/nowhere")]), None)
            .map(|mut c| {
                c.paths = bare.paths.clone();
                c.settings.tools.dir = bare.settings.tools.dir.clone();
                c
            })
            .unwrap()
    );

    // Each commented key is used for real, in one file with all of them.
    let all: String = default_file()
        .lines()
        .filter_map(|line| {
            let key = line.strip_prefix("# ").unwrap_or(line);
            let keep = key.starts_with('[')
                || key.split_once(" = ").is_some_and(|(k, _)| !k.contains(' '));
            let elsewhere = [
                "api_key_file",
                "api_key_credential",
                "api_key_keyring",
                "file =",
                "token_file",
                "password_file",
            ];
            (keep && !elsewhere.iter().any(|start| key.starts_with(start)))
                .then(|| format!("{key}\n"))
        })
        .collect();
    let full = Home::new(Some(&all));
    let config = full.load(&[]).unwrap_or_else(|e| panic!("{e}\n{all}"));
    let mut expected = nothing.settings.clone();
    expected.models.dir = full.path().join(".local/share/aloud/models");
    expected.tools.dir = full.path().join(".config/aloud/tools");
    expected.tools.lists = full.path().join(".local/share/aloud/lists");
    expected.tools.search_url = Some("http://localhost:8888".into());
    expected.tools.calendar = full.path().join(".local/share/aloud/calendar.ics");
    expected.keys.hold = "Super+Space".parse().ok();
    expected.keys.toggle = "Super+Shift+Space".parse().ok();
    expected.tools.caldav = Some(CalDav {
        url: "https://cloud.example/dav/me/personal".into(),
        user: Some("me".into()),
        password: Some(KeySource::Env("CALDAV_PASSWORD".into())),
    });
    expected.models.mirror = Some("https://models.example/aloud".into());
    expected.tools.get_weather.location = Some("Paris".into());
    expected.tools.policies.tools.insert("set_timer".into(), Policy::Allow);
    expected.tools.home_assistant = Some(HomeAssistant {
        url: "http://homeassistant.local:8123".into(),
        token: KeySource::Env("HOME_ASSISTANT_TOKEN".into()),
    });
    expected.tools.mqtt = Some(Mqtt {
        host: "localhost".into(),
        port: 1883,
        tls: false,
        user: Some("aloud".into()),
        password: Some(KeySource::Env("MQTT_PASSWORD".into())),
        topics: [("lamp".into(), "home/lamp/set".into())].into(),
        say: [("light up [the] desk".into(), ("lamp".into(), "ON".into()))].into(),
    });
    expected.log.filter = Some("warn".into());
    expected.chat.reasoning_effort = Some("low".into());
    expected.chat.sampling.temperature = Some(0.7);
    expected.chat.sampling.top_p = Some(1.0);
    expected.chat.sampling.frequency_penalty = Some(0.0);
    expected.chat.sampling.presence_penalty = Some(0.0);
    expected.chat.sampling.seed = Some(7);
    expected.chat.max_output_tokens = Some(500);
    expected.context.persona = Some("You are a calm old sailor.".into());
    expected.transcribe.prompt = Some("A talk about ships.".into());
    expected.speak.instructions = Some("Speak calmly.".into());
    expected.speak.speed = Some(1.0);
    expected.prices.insert("openai/gpt-6-luna".into(), Default::default());
    expected.image.size = Some("1024x1024".into());
    expected.image.quality = Some("low".into());
    expected.image.dir = Some(full.path().join("Pictures/aloud"));
    expected.providers.insert("NAME".into(), config.settings.providers["NAME"].clone());
    expected.mcp.insert("files".into(), config.settings.mcp["files"].clone());
    assert_eq!(config.settings, expected);
    // And none is missing there.
    let shown = nothing.show();
    for key in shown.lines().filter_map(|l| {
        let l = l.strip_prefix("# ").unwrap_or(l);
        l.split_once(" = ").map(|(k, _)| k).or(l.split_once(" is not set").map(|(k, _)| k))
    }) {
        assert!(
            default_file().contains(&format!("# {key} = ")),
            "{key} is not in the default file"
        );
    }
    assert!(home.is_absolute());
}

#[test]
fn with_a_key_or_a_base_every_job_runs_at_openai() {
    let home = Home::new(None);
    let jobs = |vars: &[(&str, &str)]| {
        let cascade = home.load(vars).unwrap().settings.cascade;
        [&cascade.transcribe[0], &cascade.chat[0], &cascade.speak[0]].map(|n| n.provider.clone())
    };
    assert_eq!(jobs(&[]), ["local"; 3]);
    assert_eq!(jobs(&[("OPENAI_API_KEY", "sk-x")]), ["openai"; 3]);
    assert_eq!(jobs(&[("OPENAI_BASE_URL", "http://127.0.0.1:3/v1")]), ["openai"; 3]);
    let credentials = home.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("openai_api_key"), "sk-x").unwrap();
    assert_eq!(jobs(&[("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap())]), ["openai"; 3]);
}

#[test]
fn a_key_has_one_place() {
    let text = "[providers.x]\nkind = \"compatible\"\nbase_url = \"http://127.0.0.1/v1\"\n";
    assert_eq!(
        problems(&format!("{text}api_key_env = \"X\"\napi_key_keyring = \"x\"\n")),
        ["FILE:5:19: providers.x.api_key_keyring: api_key_env is set too; keep one of them"]
    );
    let found = problems(&format!("{text}api_key_credential = \"sk-abc/def\"\n"));
    assert!(found[0].contains("do not put the key itself here"), "{found:?}");
    assert!(!found[0].contains("sk-abc"), "{found:?}");
}

#[test]
fn numbers_may_have_fractions_where_they_mean_something() {
    let config = load("[speak]\nspeed = 1\n[chat]\ntemperature = 0.3\n");
    assert_eq!(config.settings.speak.speed, Some(1.0));
    assert_eq!(config.settings.chat.sampling.temperature, Some(0.3));
    assert_eq!(
        problems("[speak]\nspeed = 4.5\n[listen]\npause_ms = 0.5\n"),
        [
            "FILE:2:9: speak.speed: 4.5 is out of range; write a number from 0.25 to 4",
            "FILE:4:12: listen.pause_ms: it is a fraction; write a whole number from 100 to 5000 milliseconds",
        ]
    );
}

#[test]
fn what_show_prints_is_a_file_with_the_same_settings() {
    let text = "[audio]\ninput = \"a \\\"b\\\" c\"\n[providers.x]\nkind = \"compatible\"\nbase_url = \"http://127.0.0.1/v1\"\n";
    let home = Home::new(Some(text));
    let config = home.load(&[("ALOUD_LISTEN__PAUSE_MS", "333")]).unwrap();
    std::fs::write(home.file(), config.show()).unwrap();
    assert_eq!(home.load(&[]).unwrap().settings, config.settings);
}

#[test]
fn another_file_is_read_when_named_and_missed_when_not_there() {
    let home = Home::new(Some("[audio]\nvolume = 1\n"));
    let other = home.path().join("other.toml");
    std::fs::write(&other, "[audio]\nvolume = 2\n").unwrap();
    let other = other.to_str().unwrap();
    assert_eq!(home.load(&[("ALOUD_CONFIG", other)]).unwrap().settings.audio.volume, 2);
    let asked = Config::load(&home.env(&[("ALOUD_CONFIG", "/nowhere")]), Some(Path::new(other)));
    assert_eq!(asked.unwrap().settings.audio.volume, 2);

    let error = home.load(&[("ALOUD_CONFIG", "/no/such.toml")]).unwrap_err().to_string();
    let first = error.lines().next().unwrap();
    assert!(first.starts_with("ALOUD_CONFIG: /no/such.toml: cannot be read ("), "{first}");
    assert!(first.ends_with("; run \"aloud config init\", or give another file"), "{first}");
    let folder = home.load(&[("ALOUD_CONFIG", "/tmp")]).unwrap_err().to_string();
    assert!(folder.starts_with("ALOUD_CONFIG: /tmp: not a configuration file; "), "{folder}");
    std::fs::write(other, b"[audio]\ninput = \"\xff\"\n").unwrap();
    let latin = home.load(&[("ALOUD_CONFIG", other)]).unwrap_err().to_string();
    assert!(latin.contains("not UTF-8 text; save it in UTF-8"), "{latin}");
}

#[test]
fn init_writes_once() {
    let home = Home::new(None);
    init(&home.file()).unwrap();
    assert_eq!(std::fs::read_to_string(home.file()).unwrap(), default_file());
    assert_eq!(init(&home.file()), Err(InitError::Exists(home.file())));
    home.load(&[]).unwrap();
}

/// Text that is nearly a configuration: the default file's own words, shuffled.
fn nearly() -> impl Strategy<Value = String> {
    let words: Vec<&str> = default_file().split_inclusive(['\n', ' ', '#', '"', '[']).collect();
    proptest::collection::vec(proptest::sample::select(words), 0..60).prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_breaks_the_reader(text in prop_oneof![nearly(), any::<String>()]) {
        let home = Home::new(Some(&text));
        match home.load(&[("ALOUD_LISTEN__PAUSE_MS", "400")]) {
            Ok(config) => prop_assert_eq!(config.settings.listen.pause_ms, 400),
            Err(errors) => for problem in &errors.problems {
                prop_assert!(!problem.what.is_empty() && !problem.next.is_empty());
                if let Origin::File { line, .. } = problem.at {
                    prop_assert!(line >= 1 && line <= text.split('\n').count().max(1));
                }
            },
        }
    }
}

#[test]
fn folders_follow_xdg() {
    let env = |vars: &[(&str, &str)]| Paths::of(&vars.iter().copied().collect());
    let paths = env(&[
        ("HOME", "/h"),
        ("XDG_CONFIG_HOME", "/c"),
        ("XDG_DATA_HOME", "relative"),
        ("XDG_STATE_HOME", "/s"),
        ("XDG_RUNTIME_DIR", "/r"),
    ]);
    assert_eq!(paths.config, Path::new("/c/aloud/config.toml"));
    assert_eq!(paths.models, Path::new("/h/.local/share/aloud/models"));
    assert_eq!(paths.state, Path::new("/s/aloud"));
    assert_eq!(paths.socket(), Path::new("/r/aloud/control.sock"));
    let bare = env(&[("HOME", "/h")]).runtime;
    assert!(bare.starts_with("/tmp") || bare.starts_with("/run/user"), "{bare:?}");
}

#[test]
fn the_folder_of_the_socket_is_for_its_owner_alone() {
    let home = Home::new(None);
    let paths = Paths::of(&home.env(&[("XDG_RUNTIME_DIR", home.path().to_str().unwrap())]));
    paths.make_runtime().unwrap();
    let mode = std::fs::metadata(&paths.runtime).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    paths.make_runtime().unwrap();

    let refused = Err(PathError::Unsafe { path: paths.runtime.clone() });
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&paths.runtime, open).unwrap();
    assert_eq!(paths.make_runtime(), refused);
    std::fs::remove_dir(&paths.runtime).unwrap();
    std::os::unix::fs::symlink(home.path(), &paths.runtime).unwrap();
    assert_eq!(paths.make_runtime(), refused);
}

#[test]
fn a_denied_tool_is_not_there_and_others_may_have_to_ask() {
    let home = Home::new(Some("[permissions]\nset_timer = \"deny\"\nget_time = \"allow\"\n"));
    let tools = home.load(&[]).unwrap().settings.tools;
    assert!(!tools.allows("set_timer") && tools.allows("get_time") && tools.allows("get_date"));
    let tools = home.load(&[("ALOUD_PERMISSIONS__GET_TIME", "deny")]).unwrap().settings.tools;
    assert!(!tools.allows("set_timer") && !tools.allows("get_time"));
    let asking = "[permissions]\nset_timer = \"ask\"\nacts = \"ask\"\ndangerous = \"allow\"\n";
    let policies = Home::new(Some(asking)).load(&[]).unwrap().settings.tools.policies;
    assert_eq!(policies.tools["set_timer"], Policy::Ask);
    assert_eq!((policies.acts, policies.dangerous), (Policy::Ask, Policy::Allow));
    for (text, words) in [
        ("[permissions]\nacts = \"deny\"\n", "\"allow\" or \"ask\""),
        ("[permissions]\nset_timer = \"denied\"\n", "did you mean \"deny\"?"),
        ("[permissions.mic]\nacts = \"ask\"\n", "no turn begins like that"),
        ("[permissions.key]\nacts = \"never\"\n", "\"allow\" or \"ask\" or \"deny\""),
    ] {
        let errors = Home::new(Some(text)).load(&[]).unwrap_err().to_string();
        assert!(errors.contains(words), "{errors}");
    }
}

#[test]
fn what_begins_a_turn_has_permissions_of_its_own() {
    let text = "[permissions]\nopen = \"ask\"\n[permissions.microphone]\nacts = \"deny\"\nset_timer = \
                \"allow\"\n[permissions.wake]\ndangerous = \"deny\"\n[permissions.wake.computer]\nacts = \
                \"ask\"\n";
    let tools = Home::new(Some(text)).load(&[]).unwrap().settings.tools;
    let policies = tools.policies;
    assert!(tools.disabled.is_empty());
    let of = |name, effect, start, word| policies.of(name, effect, &[start].into(), word);
    use Effect::{Dangerous, Writes};
    for (is, wanted) in [
        (of("open", Writes, Start::Key, None), Policy::Ask),
        (of("add_note", Writes, Start::Microphone, None), Policy::Deny),
        (of("set_timer", Writes, Start::Microphone, None), Policy::Allow),
        (of("add_note", Writes, Start::Wake, Some("alexa")), Policy::Allow),
        (of("add_note", Writes, Start::Wake, Some("computer")), Policy::Ask),
        (of("delete_list", Dangerous, Start::Wake, Some("computer")), Policy::Deny),
    ] {
        assert_eq!(is, wanted);
    }
}

#[test]
fn a_turn_ends_by_meaning_unless_a_pause_is_asked_for() {
    let end = |text| Home::new(text).load(&[]).unwrap().settings.listen.end;
    assert_eq!(end(None), TurnEnding::Smart);
    assert_eq!(end(Some("[listen]\nend = \"pause\"\n")), TurnEnding::Pause);
}
