use std::time::Duration;

use serde::Deserialize;

use super::{Address, Auth, Http};

/// Model servers that people run locally, with name and usual address.
pub const NEIGHBOURS: [(&str, &str); 2] =
    [("ollama", "http://127.0.0.1:11434/v1"), ("llama-server", "http://127.0.0.1:8080/v1")];

/// How long a local server may take to answer before it is ignored.
const PATIENCE: Duration = Duration::from_millis(400);

/// A model server found on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The provider's name in the configuration.
    pub name: &'static str,
    /// Its models, by its own names.
    pub models: Vec<String>,
}

impl Neighbour {
    /// What to tell the user.
    pub fn offer(&self) -> String {
        let name = self.name;
        match self.models.first() {
            Some(model) => format!(
                "{name} is running on this machine; for open conversation set [cascade] chat = \"{name}/{model}\""
            ),
            None => format!("{name} is running on this machine but has no model; pull one first"),
        }
    }
}

/// Looks for model servers on their usual ports on this machine.
pub async fn neighbours() -> Vec<Neighbour> {
    let looks = NEIGHBOURS.map(|(name, base)| look(name, base));
    futures::future::join_all(looks).await.into_iter().flatten().collect()
}

async fn look(name: &'static str, base: &str) -> Option<Neighbour> {
    #[derive(Deserialize)]
    struct List {
        data: Option<Vec<Model>>,
    }
    #[derive(Deserialize)]
    struct Model {
        id: String,
    }
    let http = Http::new(name, Address::v1(base).ok()?, Auth::None, PATIENCE).ok()?;
    let asked = async { http.get_once("models").await.ok()?.json::<List>().await.ok() };
    let list = tokio::time::timeout(PATIENCE, asked).await.ok()??;
    let models = list.data.unwrap_or_default().into_iter().map(|model| model.id).collect();
    Some(Neighbour { name, models })
}
