//! Where the user lives, once they have said so: `set_home`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::json;

use super::weather::{PlaceError, Places, is_here};
use super::{Settings, Tool, ToolCx, ToolError, ToolOutput, arguments, function};
use crate::dialog::Effect;

/// The longest stored place name, in bytes.
const LONGEST: usize = 100;

/// The place that the user named as home. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Home {
    said: Arc<Mutex<Option<String>>>,
    /// Where it is stored across restarts.
    file: Option<Arc<Path>>,
}

impl Home {
    /// The place in the file at `path`, where a new one is stored too.
    pub fn at(path: PathBuf) -> Self {
        let kept = std::fs::read_to_string(&path).ok();
        let kept = kept.map(|text| text.trim().to_owned());
        let kept = kept.filter(|text| !text.is_empty() && text.len() <= LONGEST);
        Self { said: Arc::new(Mutex::new(kept)), file: Some(path.into()) }
    }

    /// The place: as `configured`, else as the user said.
    pub(crate) fn place(&self, configured: Option<&str>) -> Option<String> {
        let said = || self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        configured.map(str::to_owned).or_else(said)
    }

    /// Stores `place`; false if it could not be written.
    async fn keep(&self, place: &str) -> bool {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(place.to_owned());
        let Some(file) = self.file.clone() else { return true };
        let text = format!("{place}\n");
        let write = move || {
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&file, text)
        };
        match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!("the home town is kept only until the end: {error}");
                false
            }
            Err(_) => false,
        }
    }
}

#[derive(Deserialize)]
struct Arguments {
    location: String,
}

/// `set_home`.
pub(crate) fn tool(settings: &Arc<Settings>, places: &Arc<Places>) -> Arc<dyn Tool> {
    let (settings, places) = (Arc::clone(settings), Arc::clone(places));
    function(
        "set_home",
        "Remembers the town where the user lives, for the weather. Call it only when they say so.",
        Effect::Writes,
        arguments(
            &["location"],
            json!({"location": {
                "type": "string", "minLength": 1, "maxLength": LONGEST,
                "description": "The town, as in get_weather.",
            }}),
        ),
        move |arguments: Arguments, cx| {
            set(Arc::clone(&settings), Arc::clone(&places), arguments, cx)
        },
    )
}

async fn set(
    settings: Arc<Settings>,
    places: Arc<Places>,
    arguments: Arguments,
    cx: ToolCx,
) -> Result<ToolOutput, ToolError> {
    let location = arguments.location.trim();
    if is_here(location) {
        return Err(ToolError::Tell("I need the name of the town. Which town?".into()));
    }
    if let Some(configured) = &settings.weather.location {
        return Err(ToolError::Tell(format!(
            "The configuration says that you live in {configured}. Change \"location\" under \
             tools.get_weather there."
        )));
    }
    let name = match places.find(location, cx.now).await {
        Ok(place) => place.spoken(),
        Err(PlaceError::Unknown(text)) => return Err(ToolError::Tell(text)),
        // Without a network it is stored as it was said.
        Err(PlaceError::Web(_)) => location.to_owned(),
    };
    let kept = settings.home.keep(location).await;
    let say = match kept {
        true => format!("I'll remember that you live in {name}."),
        false => {
            format!("I'll remember {name} until I am restarted; it could not be written down.")
        }
    };
    Ok(ToolOutput::new(json!({"home": name, "saved": kept}), say))
}
