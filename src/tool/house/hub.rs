//! The conversation with Home Assistant, see <https://developers.home-assistant.io/docs/api/rest/>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::act::Order;
use super::thing::Thing;
use crate::tool::web::{Web, WebError};
use crate::tool::{BaseUrl, HouseSettings, ToolError};

/// The longest answer, in bytes: a state has up to a few thousand, and a large house thousands of states.
const MOST: usize = 16 * 1024 * 1024;

/// The rooms with the ids of what is in them. A template is the only way to read them without a websocket.
const AREAS: &str = "{% set all = namespace(of={}) %}{% for area in areas() %}{% set all.of = \
    dict(all.of, **{area_name(area): area_entities(area)}) %}{% endfor %}{{ all.of | tojson }}";

pub(super) struct Hub {
    web: Web,
    base: BaseUrl,
    token: Result<String, String>,
}

#[derive(Deserialize)]
struct State {
    entity_id: String,
    state: String,
    #[serde(default)]
    attributes: Map<String, Value>,
}

impl Hub {
    pub(super) fn new(settings: &HouseSettings) -> Self {
        let (base, token) = (settings.url.clone(), settings.token.clone());
        Self { web: Web::default(), base, token }
    }

    /// Everything in the house, with its room where that is known.
    pub(super) async fn things(&self) -> Result<Vec<Thing>, ToolError> {
        let areas = json!({ "template": AREAS });
        let (states, areas) =
            tokio::join!(self.ask("/api/states", None), self.ask("/api/template", Some(&areas)));
        let states: Vec<State> = read(&states.map_err(|error| self.tell(error))?)
            .ok_or_else(|| self.tell(WebError::Nonsense))?;
        // Templates are for administrators; without them a room is known by the names of its things.
        let areas: BTreeMap<String, Vec<String>> = match &areas {
            Ok(body) => read(body).unwrap_or_default(),
            Err(error) => {
                tracing::debug!(?error, "Home Assistant tells no areas");
                BTreeMap::new()
            }
        };
        let areas: BTreeMap<&str, &str> = areas
            .iter()
            .flat_map(|(area, ids)| ids.iter().map(move |id| (id.as_str(), area.as_str())))
            .collect();
        let thing = |state: State| {
            let name = state.attributes.get("friendly_name").and_then(Value::as_str);
            let name = name.map(str::trim).filter(|name| !name.is_empty())?.to_owned();
            let area = areas.get(state.entity_id.as_str()).map(|area| (*area).to_owned());
            let State { entity_id: id, state, attributes } = state;
            Some(Thing { id, name, area, state, attributes })
        };
        Ok(states.into_iter().filter_map(thing).collect())
    }

    /// Calls a service for `things`; the states that it changed at once, by name.
    pub(super) async fn call(
        &self,
        order: &Order,
        things: &[&Thing],
    ) -> Result<BTreeMap<String, String>, ToolError> {
        let ids: Vec<&str> = things.iter().map(|thing| thing.id.as_str()).collect();
        let mut data = order.data();
        data.insert("entity_id".into(), json!(ids));
        let path = format!("/api/services/{}/{}", order.domain, order.service);
        let body =
            self.ask(&path, Some(&Value::Object(data))).await.map_err(|error| match error {
                WebError::Refused(400 | 500) | WebError::Failing(_) => ToolError::Tell(format!(
                    "Home Assistant could not do that with {}.",
                    things[0].name
                )),
                WebError::Unreachable
                | WebError::Slow
                | WebError::Busy
                | WebError::Refused(_)
                | WebError::Nonsense
                | WebError::Encryption(_) => self.tell(error),
            })?;
        let states: Vec<State> = read(&body).unwrap_or_default();
        let name = |state: State| {
            let thing = things.iter().find(|thing| thing.id == state.entity_id)?;
            Some((thing.name.clone(), state.state))
        };
        Ok(states.into_iter().filter_map(name).collect())
    }

    async fn ask(&self, path: &str, body: Option<&Value>) -> Result<Vec<u8>, WebError> {
        // Reported by `things`, which every call asks first.
        let token = self.token.as_deref().unwrap_or_default();
        self.web.signed(&self.base, path, token, body, MOST).await
    }

    fn tell(&self, error: WebError) -> ToolError {
        let base = &self.base;
        ToolError::Tell(match (error, &self.token) {
            (WebError::Unreachable, _) => format!(
                "I can't reach Home Assistant at {base}. Check that it runs, and url under \
                 tools.home_assistant in the configuration."
            ),
            (_, Err(why)) => why.clone(),
            (WebError::Refused(401 | 403), _) => {
                "Home Assistant does not accept my token. Create a long-lived access token in your \
                 profile there, and put it where tools.home_assistant says."
                    .into()
            }
            (WebError::Refused(404), _) => format!(
                "There is no Home Assistant at {base}. Check url under tools.home_assistant in the \
                 configuration."
            ),
            (error, _) => error.tell("Home Assistant", "home_assistant"),
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body)
        .inspect_err(|error| tracing::warn!(%error, "Home Assistant's answer could not be read"))
        .ok()
}
