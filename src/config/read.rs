//! From the table to [`Settings`]: every key, its valid values and its default.

use super::names::{Providers, TEMPLATES, model_name, remote_models, some, word};
use super::providers::variable;
use super::section::{Choice, Report, Section, path, web_address};
use super::settings::{
    Audio, Cascade, Commands, Device, Dialect, Listen, Local, Log, Mode, ModelName, Models,
    Partner, Realtime, Settings, Templates, TurnDetection, TurnEnding, WireFormat,
};
use super::table::Table;
use super::tools::{GetWeather, HomeAssistant, Tools, Units};
use super::{
    Environment, Feature, KeySource, Origin, Paths, calendar, keys, mcp, mqtt, permissions,
    providers, remote, wake,
};
use crate::engine::openai::defaults;
use crate::listen::Echo;
use crate::models::Role;
use crate::tool::permission::Policies;

pub(super) fn settings(
    table: &Table,
    env: &Environment,
    paths: &Paths,
    report: &mut Report,
) -> Settings {
    let mut root = Section::root(table, report);
    let audio = audio(root.section("audio"));
    let listen = listen(root.section("listen"));
    let wake = wake::read(root.section("wake"));
    let keys = keys::read(root.section("keys"));
    let partner = partner(root.section("partner"));
    let providers = providers::read(root.section("providers"), env);
    let cascade = cascade(root.section("cascade"), env, &providers);
    let audio_chat = remote::audio_chat(root.section("audio_chat"), &providers);
    let realtime = realtime(root.section("realtime"), &providers);
    let chat = remote::chat(root.section("chat"), &providers);
    let context = remote::context(root.section("context"));
    let transcribe = remote::transcribe(root.section("transcribe"));
    let speak = remote::speak(root.section("speak"));
    let image = remote::image(root.section("image"), &providers);
    let prices = remote::prices(root.section("prices"), &providers);
    let local = local(root.section("local"));
    let mut tools = tools(root.section("tools"), paths);
    let (policies, denied) = permissions::read(root.section("permissions"));
    tools.policies = policies;
    tools.disabled.extend(denied);
    let mcp = mcp::read(root.section("mcp"));
    let templates = templates(root.section("templates"));
    let models = models(root.section("models"), paths);
    let log = log(root.section("log"), env);
    root.end();
    Settings {
        audio,
        listen,
        wake,
        keys,
        partner,
        cascade,
        audio_chat,
        realtime,
        chat,
        context,
        transcribe,
        speak,
        image,
        providers,
        prices,
        local,
        tools,
        mcp,
        templates,
        models,
        log,
    }
}

const fn later<T>(word: &'static str, value: T, needs: Feature) -> Choice<T> {
    Choice { word, value, needs: Some(needs) }
}

fn audio(mut of: Section<'_, '_>) -> Audio {
    let wanted = "\"default\", a name or id from \"aloud devices\", or \"wav:FILE\"";
    let mut device = |key| {
        let check = |text: &str| match text.trim() {
            "" | "wav:" => Err("it is empty".to_owned()),
            good => Ok(good.to_owned()),
        };
        let text = of.text(key, wanted, "default", check);
        match (text.as_str(), text.strip_prefix("wav:")) {
            (_, Some(file)) => Device::Wav(of.expand(file)),
            ("default", None) => Device::Default,
            (_, None) => Device::Named(text),
        }
    };
    let (input, output) = (device("input"), device("output"));
    let volume = of.whole("volume", 0..=100, "percent", 100);
    let earcons = of.flag("earcons", true);
    of.end();
    Audio { input, output, volume: u8::try_from(volume).unwrap_or(100), earcons }
}

fn listen(mut of: Section<'_, '_>) -> Listen {
    let modes = [
        word("push-to-talk", Mode::PushToTalk),
        word("open", Mode::Open),
        later("wake", Mode::Wake, Feature::WakeWord),
    ];
    let echo = [word("auto", Echo::Auto), word("on", Echo::On), word("off", Echo::Off)];
    let ends = [word("smart", TurnEnding::Smart), word("pause", TurnEnding::Pause)];
    let listen = Listen {
        mode: of.choice("mode", &modes, "push-to-talk"),
        end: of.choice("end", &ends, "smart"),
        pause_ms: of.whole("pause_ms", 100..=5_000, "milliseconds", 500),
        preroll_ms: of.whole("preroll_ms", 0..=2_000, "milliseconds", 400),
        max_utterance_s: of.whole("max_utterance_s", 1..=600, "seconds", 60),
        speculate: of.speculate("speculate"),
        echo: of.choice("echo", &echo, "auto"),
    };
    of.end();
    listen
}

fn partner(mut of: Section<'_, '_>) -> Partner {
    let kinds = [
        word("cascade", Partner::Cascade),
        word("realtime", Partner::Realtime),
        word("audio-chat", Partner::AudioChat),
    ];
    let kind = of.choice("kind", &kinds, "cascade");
    of.end();
    kind
}

fn cascade(mut of: Section<'_, '_>, env: &Environment, providers: &Providers) -> Cascade {
    // A base URL without a key is the user's own server, which needs none.
    let with_key = env.get("OPENAI_BASE_URL").is_some()
        || providers
            .get("openai")
            .and_then(|openai| openai.api_key.as_ref())
            .is_some_and(|key| key.is_there(env));
    let mut job = |key, role, openai: &[&str], local: &str| {
        let name = |provider: &str, model: &str| ModelName {
            provider: provider.into(),
            model: model.into(),
        };
        let default = match with_key {
            // The voice is heard in every turn, so it has a fallback.
            true if openai.len() > 1 => {
                let all = openai.iter().map(|model| name("openai", model));
                all.chain([name("local", local)]).collect()
            }
            true => openai.iter().map(|model| name("openai", model)).collect(),
            false => vec![name("local", local)],
        };
        let wanted = format!("a model, such as \"local/{local}\", or a list of models");
        let check = |text: &str| model_name(text, role, providers, local);
        some(&mut of, key, &wanted, default, check)
    };
    let cascade = Cascade {
        transcribe: job(
            "transcribe",
            Role::Transcribe,
            &[defaults::TRANSCRIBE],
            "moonshine-tiny-en",
        ),
        chat: job("chat", Role::Chat, &[defaults::CHAT], TEMPLATES),
        speak: job("speak", Role::Speak, &[defaults::SPEAK, defaults::READ], "hibari-heart"),
        commands: of.choice(
            "commands",
            &[word("local", Commands::Local), word("chat", Commands::Chat)],
            "local",
        ),
    };
    of.end();
    cascade
}

fn realtime(mut of: Section<'_, '_>, providers: &Providers) -> Realtime {
    let turns = [
        word("ours", TurnDetection::Ours),
        word("server_vad", TurnDetection::ServerVad),
        word("semantic_vad", TurnDetection::SemanticVad),
    ];
    let dialects =
        [word("auto", Dialect::Auto), word("ga", Dialect::Ga), word("beta", Dialect::Beta)];
    let formats = [
        word("pcm", WireFormat::Pcm),
        word("ulaw", WireFormat::Ulaw),
        word("alaw", WireFormat::Alaw),
    ];
    let any = |text: &str| Ok(text.trim().to_owned());
    let realtime = Realtime {
        models: remote_models(&mut of, providers, defaults::REALTIME),
        turn_detection: of.choice("turn_detection", &turns, "ours"),
        dialect: of.choice("dialect", &dialects, "auto"),
        voice: of.text("voice", "the name of a voice", defaults::VOICE, any),
        transcribe: of.text("transcribe", "a model, or \"\" for none", defaults::LIVE, any),
        format: of.choice("format", &formats, "pcm"),
        park_after_s: of.whole("park_after_s", 0..=3_600, "seconds (0 for never)", 120),
        client_secrets: of.flag("client_secrets", false),
    };
    of.end();
    realtime
}

fn local(mut of: Section<'_, '_>) -> Local {
    let local = Local {
        warm: of.flag("warm", false),
        threads: of.whole("threads", 1..=16, "", 1),
        unload_after_s: of.whole("unload_after_s", 0..=86_400, "seconds (0 for never)", 600),
    };
    of.end();
    local
}

fn tools(mut of: Section<'_, '_>, paths: &Paths) -> Tools {
    let tool = |text: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !text.is_empty() && text.chars().all(fits) {
            Ok(text.to_owned())
        } else {
            let next = "write a name such as \"get_weather\"".to_owned();
            Err((format!("\"{text}\" is not a tool name"), next))
        }
    };
    let enabled = of.list("enabled", "a list of tools", Vec::new(), tool);
    let disabled = of.list("disabled", "a list of tools", Vec::new(), tool);
    let own = of.maybe("dir", "an absolute path, or one with ~/", path);
    let filler = of.flag("filler", true);
    let get_weather = get_weather(of.section("get_weather"));
    let mut rates = of.section("convert_currency");
    let wanted = "an address such as \"https://www.ecb.europa.eu\"";
    let rates_url = rates.text("base_url", wanted, "https://www.ecb.europa.eu", web_address);
    rates.end();
    let mut lists = of.section("lists");
    let dir = lists.maybe("dir", "an absolute path, or one with ~/", path);
    lists.end();
    let home_assistant = home_assistant(of.section("home_assistant"));
    let mqtt = mqtt::read(of.section("mqtt"));
    let mut news = of.section("news");
    let feeds = FEEDS.map(str::to_owned).to_vec();
    let feeds =
        news.list(
            "feeds",
            "a list of addresses of feeds",
            feeds,
            |text| match reqwest::Url::parse(text.trim()) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    Ok(url.as_str().to_owned())
                }
                Ok(_) | Err(_) => {
                    let next = "write an address such as \"https://feeds.npr.org/1001/rss.xml\"";
                    Err((format!("\"{text}\" is not a web address"), next.to_owned()))
                }
            },
        );
    news.end();
    let mut pages = of.section("read_page");
    let private_pages = pages.flag("private", false);
    pages.end();
    let mut search = of.section("web_search");
    let wanted = "the address of a SearXNG";
    let search_url = search.maybe("base_url", wanted, |text, _| web_address(text));
    search.end();
    let (calendar, caldav, calendars) = calendar::read(of.section("calendar"), paths);
    of.end();
    Tools {
        enabled,
        disabled,
        policies: Policies::default(),
        filler,
        dir: own.unwrap_or_else(|| paths.tools.clone()),
        get_weather,
        rates_url,
        lists: dir.unwrap_or_else(|| paths.lists.clone()),
        home_assistant,
        mqtt,
        feeds,
        calendar,
        caldav,
        calendars,
        private_pages,
        search_url,
    }
}

/// The news of public broadcasters in English.
const FEEDS: [&str; 3] = [
    "https://feeds.bbci.co.uk/news/world/rss.xml",
    "https://feeds.npr.org/1001/rss.xml",
    "https://rss.dw.com/rdf/rss-en-all",
];

fn home_assistant(mut of: Section<'_, '_>) -> Option<HomeAssistant> {
    let wanted = "an address such as \"http://homeassistant.local:8123\"";
    let url = of.maybe("url", wanted, |text, _| web_address(text));
    let variable = of.maybe("token_env", "the name of an environment variable", variable);
    let file = of.maybe("token_file", "an absolute path, or one with ~/", path);
    if let (Some(_), Some(_), Some(at)) = (&variable, &file, of.place("token_file")) {
        let wrong = ("token_env is set too".to_owned(), "keep one of them".to_owned());
        of.wrong(&at, "token_file", wrong);
    }
    let at = of.place("url");
    let clean = of.clean("token_env") && of.clean("token_file");
    let token = file.map(KeySource::File).or(variable.map(KeySource::Env));
    if let (Some(at), None, true) = (&at, &token, clean) {
        let next = "write token_file = \"FILE\" or token_env = \"VARIABLE\"".to_owned();
        of.wrong(at, "url", ("its token is missing".to_owned(), next));
    }
    of.end();
    Some(HomeAssistant { url: url?, token: token? })
}

fn get_weather(mut of: Section<'_, '_>) -> GetWeather {
    let wanted = "an address such as \"https://api.open-meteo.com\"";
    let mut address = |key, default| of.text(key, wanted, default, web_address);
    let base_url = address("base_url", "https://api.open-meteo.com");
    let geocoding_url = address("geocoding_url", "https://geocoding-api.open-meteo.com");
    let air_quality_url = address("air_quality_url", "https://air-quality-api.open-meteo.com");
    let location = of.maybe("location", "a place such as \"Paris\"", |text, _| match text.trim() {
        "" => Err("it is empty".to_owned()),
        place => Ok(place.to_owned()),
    });
    let units = [word("auto", Units::Auto), word("metric", Units::Metric), word("us", Units::Us)];
    let units = of.choice("units", &units, "auto");
    of.end();
    GetWeather { base_url, geocoding_url, air_quality_url, location, units }
}

fn templates(mut of: Section<'_, '_>) -> Templates {
    let file = of.maybe("file", "an absolute path, or one with ~/", |text, home| {
        let path = path(text, home)?;
        if path.is_file() { Ok(path) } else { Err(format!("no such file: {}", path.display())) }
    });
    of.end();
    Templates { file }
}

fn models(mut of: Section<'_, '_>, paths: &Paths) -> Models {
    let dir = of.maybe("dir", "an absolute path, or one with ~/", path);
    let mirror = of.maybe("mirror", "a URL that serves MODEL/FILE", |t, _| web_address(t));
    let pip = ["python3", "-m", "pip"].map(str::to_owned).to_vec();
    let pip = of.list("pip", "a command such as [\"python3\", \"-m\", \"pip\"]", pip, |text| {
        Ok(text.to_owned())
    });
    of.end();
    Models { dir: dir.unwrap_or_else(|| paths.models.clone()), mirror, pip }
}

fn log(mut of: Section<'_, '_>, env: &Environment) -> Log {
    let check = |text: &str| match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(e) => Err(format!("\"{text}\" is not a log filter ({e})")),
    };
    let wanted = "a level such as \"info\", or \"warn,aloud::turn=debug\"";
    let filter = of.maybe("filter", wanted, |text, _| check(text));
    let filter = match env.get("ALOUD_LOG").map(check) {
        None => filter,
        Some(Ok(own)) => Some(own),
        Some(Err(what)) => {
            let at = Origin::Variable("ALOUD_LOG".into());
            of.wrong(&at, "filter", (what, format!("write {wanted}")));
            filter
        }
    };
    of.end();
    Log { filter }
}
