//! The desktop's portal for global shortcuts, which KDE and GNOME 48 and later have. The desktop
//! shows the user what is asked for, and the user may choose other keys.
//!
//! See <https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.GlobalShortcuts.html>.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{Stream, select};
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{
    Connection, DynamicType, MatchRule, Message, MessageStream, ObjectPath, OwnedObjectPath,
    OwnedVariant, Variant,
};

use super::fingers::{Fingers, Key};
use super::shortcut::Shortcut;
use super::{Desktop, Settings};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SHORTCUTS: &str = "org.freedesktop.portal.GlobalShortcuts";

/// Who asks: the name of our desktop entry.
const APP: &str = "org.aloud.aloud";

/// How long the bus and the portal may take to answer. The user takes longer, and is waited for.
const ANSWER: Duration = Duration::from_secs(10);

/// The names of the two shortcuts, and what the desktop shows for them.
const NAMES: [(Key, &str, &str); 2] = [
    (Key::Hold, "hold", "Talk to aloud while held"),
    (Key::Toggle, "toggle", "Begin and end talking to aloud"),
];

type Signals = Pin<Box<dyn Stream<Item = zbus::Result<Message>> + Send>>;
type Options<'a> = HashMap<&'a str, Variant<'a>>;
type Answers = HashMap<String, OwnedVariant>;

/// Reads the keys until the session ends; returns why.
pub(super) async fn follow(
    settings: &Settings,
    desktop: &Desktop,
    fingers: &mut Fingers,
    works: &mut impl FnMut(String),
) -> String {
    let Some(bus) = &desktop.bus else {
        return "there is no session bus for the desktop's portal".to_owned();
    };
    let begun = begin(bus, settings);
    let session = tokio::select! {
        session = begun => session,
        () = fingers.unwanted() => return "not needed any more".to_owned(),
    };
    let mut session = match session {
        Ok(session) => session,
        Err(why) => return why,
    };
    works(format!("talk key: {} (the desktop's portal)", session.shown));
    loop {
        let signal = tokio::select! {
            signal = session.signals.next() => signal,
            () = fingers.unwanted() => return "not needed any more".to_owned(),
        };
        let Some(Ok(signal)) = signal else {
            return "the session bus is gone".to_owned();
        };
        let header = signal.header();
        let member = header.member().map(|member| member.as_str().to_owned());
        let ours = |path: &str| path == session.path.as_str();
        match member.as_deref() {
            Some("Activated" | "Deactivated") => {
                let body = signal.body();
                let read = body.deserialize::<(ObjectPath<'_>, &str, u64, Answers)>();
                let Ok((path, name, ..)) = read else { continue };
                let key = NAMES.iter().find(|(_, known, _)| *known == name);
                if let Some((key, ..)) = key.filter(|_| ours(path.as_str())) {
                    fingers.set(*key, member.as_deref() == Some("Activated")).await;
                }
            }
            Some("Closed") if header.path().is_some_and(|path| ours(path.as_str())) => {
                return "the desktop's portal ended the session".to_owned();
            }
            Some("NameOwnerChanged") => {
                let body = signal.body();
                let owners = body.deserialize::<(&str, &str, &str)>();
                if owners.is_ok_and(|(_, old, _)| !old.is_empty()) {
                    return "the desktop's portal is gone".to_owned();
                }
            }
            Some(_) | None => {}
        }
    }
}

/// A session with our shortcuts.
struct Session {
    path: OwnedObjectPath,
    signals: Signals,
    shown: String,
    _bus: Connection,
}

async fn begin(address: &str, settings: &Settings) -> Result<Session, String> {
    let lost = |error: zbus::Error| format!("the desktop's portal: {error}");
    let bus = async { Builder::address(address).build().await };
    let bus = within(bus).await?.map_err(|error| format!("the session bus: {error}"))?;
    let mut signals = signals(&bus).await.map_err(lost)?;
    // Portals before 1.20 do not know it, and guess who asks.
    let options = Options::new();
    let who = (APP, &options);
    let registry = "org.freedesktop.host.portal.Registry";
    let known = within(call(&bus, registry, "Register", &who)).await?;
    if let Err(error) = known {
        tracing::debug!("the portal's registry: {error}");
    }
    let options = Options::from([
        ("handle_token", Variant::from("aloud_session")),
        ("session_handle_token", Variant::from("aloud")),
    ]);
    let asked = within(call(&bus, SHORTCUTS, "CreateSession", &(options,))).await?;
    let asked = asked.map_err(|error| {
        use zbus::fdo::Error::{ServiceUnknown, UnknownInterface, UnknownMethod, UnknownObject};
        if let zbus::Error::FDO(why) = &error {
            if matches!(**why, ServiceUnknown(_)) {
                return "there is no desktop portal".to_owned();
            }
            if matches!(**why, UnknownInterface(_) | UnknownMethod(_) | UnknownObject(_)) {
                return "the desktop's portal has no global shortcuts".to_owned();
            }
        }
        lost(error)
    })?;
    let request: OwnedObjectPath = asked.body().deserialize().map_err(lost)?;
    let answers = within(answer(&mut signals, &request)).await??;
    let session = answers.get("session_handle").and_then(path);
    let path = session.ok_or("the desktop's portal named no session")?;
    let wanted: Vec<(&str, &str, &Shortcut)> = NAMES
        .iter()
        .filter_map(|(key, name, text)| {
            let shortcut = match key {
                Key::Hold => settings.hold.as_ref(),
                Key::Toggle => settings.toggle.as_ref(),
            };
            Some((*name, *text, shortcut?))
        })
        .collect();
    let described: Vec<(&str, Options<'_>)> = wanted
        .iter()
        .map(|(name, text, shortcut)| {
            let mut about = Options::from([("description", Variant::from(*text))]);
            if let Some(trigger) = shortcut.portal() {
                about.insert("preferred_trigger", Variant::from(trigger));
            }
            (*name, about)
        })
        .collect();
    let options = Options::from([("handle_token", Variant::from("aloud_bind"))]);
    let bind = (&path, described, "", options);
    let asked = within(call(&bus, SHORTCUTS, "BindShortcuts", &bind)).await?.map_err(lost)?;
    let request: OwnedObjectPath = asked.body().deserialize().map_err(lost)?;
    // The user may be asked now.
    let answers = answer(&mut signals, &request).await?;
    let shown = triggers(&answers).unwrap_or_else(|| {
        wanted.iter().map(|(.., shortcut)| shortcut.to_string()).collect::<Vec<_>>().join(", ")
    });
    Ok(Session { path, signals, shown, _bus: bus })
}

async fn call<B>(bus: &Connection, interface: &str, method: &str, body: &B) -> zbus::Result<Message>
where
    B: serde::Serialize + DynamicType,
{
    bus.call_method(Some(PORTAL), PATH, Some(interface), method, body).await
}

/// All that the portal says, and its end. One stream, so that no answer overtakes its request.
async fn signals(bus: &Connection) -> zbus::Result<Signals> {
    let said = MatchRule::builder().msg_type(Type::Signal).path_namespace(PATH).build()?;
    let gone = MatchRule::builder()
        .msg_type(Type::Signal)
        .interface("org.freedesktop.DBus")
        .member("NameOwnerChanged")
        .arg(0, PORTAL)
        .build()?;
    let said = MessageStream::for_match_rule(said, bus, None).await?;
    let gone = MessageStream::for_match_rule(gone, bus, None).await?;
    Ok(Box::pin(select(said, gone)))
}

/// The answer to `request`.
async fn answer(signals: &mut Signals, request: &OwnedObjectPath) -> Result<Answers, String> {
    while let Some(Ok(signal)) = signals.next().await {
        let header = signal.header();
        let response = header.member().is_some_and(|member| member.as_str() == "Response");
        if !response || header.path().is_none_or(|path| path.as_str() != request.as_str()) {
            continue;
        }
        let body = signal.body();
        return match body.deserialize::<(u32, Answers)>() {
            Ok((0, answers)) => Ok(answers),
            Ok((1, _)) => {
                Err("the shortcuts were not allowed; allow them in the settings of the desktop"
                    .to_owned())
            }
            Ok(_) => Err("the desktop's portal gave no shortcuts".to_owned()),
            Err(error) => Err(format!("the desktop's portal: {error}")),
        };
    }
    Err("the session bus is gone".to_owned())
}

/// A session's path, which portals send as text.
fn path(handle: &OwnedVariant) -> Option<OwnedObjectPath> {
    let text = String::try_from(handle.try_clone().ok()?);
    text.ok().and_then(|text| ObjectPath::try_from(text).ok()).map(Into::into)
}

/// The keys that the desktop has given, in its own words.
fn triggers(answers: &Answers) -> Option<String> {
    let bound = answers.get("shortcuts")?.try_clone().ok()?;
    let bound: Vec<(String, Answers)> = bound.try_into().ok()?;
    let texts: Vec<String> = bound
        .into_iter()
        .filter_map(|(_, mut about)| String::try_from(about.remove("trigger_description")?).ok())
        .filter(|text| !text.is_empty())
        .collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

async fn within<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let answer = tokio::time::timeout(ANSWER, work).await;
    answer.map_err(|_| "the desktop's portal does not answer".to_owned())
}
