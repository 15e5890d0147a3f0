//! The air: its quality and its pollen, from Open-Meteo's air quality service.

use serde::Deserialize;
use serde_json::{Value, json};

use super::place::Place;
use crate::tool::web::{Web, WebError};
use crate::tool::{ToolError, ToolOutput, Units, WeatherSettings, say};

/// The plants whose pollen the service knows: its name, ours, and where on the scale of the National
/// Allergy Bureau (grains per cubic meter) moderate, high and very high begin.
const PLANTS: [(&str, &str, [f64; 3]); 6] = [
    ("alder_pollen", "alder", TREE),
    ("birch_pollen", "birch", TREE),
    ("olive_pollen", "olive", TREE),
    ("grass_pollen", "grass", [5.0, 20.0, 200.0]),
    ("mugwort_pollen", "mugwort", WEED),
    ("ragweed_pollen", "ragweed", WEED),
];
const TREE: [f64; 3] = [15.0, 90.0, 1500.0];
const WEED: [f64; 3] = [10.0, 50.0, 500.0];

/// The air of a place now.
#[derive(Debug, Deserialize)]
pub(super) struct Air {
    current: serde_json::Map<String, Value>,
}

impl Air {
    /// Queries the service at `settings.air_quality_url` (<https://open-meteo.com/en/docs/air-quality-api>).
    pub(super) async fn fetch(
        web: &Web,
        settings: &WeatherSettings,
        place: &Place,
    ) -> Result<Self, WebError> {
        let plants = PLANTS.map(|(name, ..)| name).join(",");
        let query = [
            ("latitude", place.latitude.to_string()),
            ("longitude", place.longitude.to_string()),
            ("current", format!("european_aqi,us_aqi,{plants}")),
            ("timezone", "auto".to_owned()),
        ];
        web.json(&settings.air_quality_url, "/v1/air-quality", &query).await
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.current.get(name).and_then(Value::as_f64)
    }

    /// "The air in Paris is fair: the European index is 31."
    pub(super) fn quality(&self, place: &Place, units: Units) -> Result<ToolOutput, ToolError> {
        let (european, us) = (self.value("european_aqi"), self.value("us_aqi"));
        let (index, word, name) = match (units, european, us) {
            (Units::Us, _, Some(us)) | (Units::Metric, None, Some(us)) => {
                (us, by_us(us), "US index")
            }
            (_, Some(european), _) => (european, by_europe(european), "European index"),
            (_, None, None) => {
                return Err(ToolError::Tell(format!(
                    "The weather service does not know the air in {}.",
                    place.spoken()
                )));
            }
        };
        let name_of = place.spoken();
        let data = json!({"place": name_of, "european_aqi": european, "us_aqi": us});
        let say = format!("The air in {name_of} is {word}: the {name} is {}.", index.round());
        Ok(ToolOutput::new(data, say))
    }

    /// "The pollen in Paris is high for grass and low for birch."
    pub(super) fn pollen(&self, place: &Place) -> Result<ToolOutput, ToolError> {
        let name = place.spoken();
        let known: Vec<(&str, f64, usize)> = PLANTS
            .iter()
            .filter_map(|(key, plant, scale)| {
                let grains = self.value(key)?;
                Some((*plant, grains, scale.iter().filter(|from| grains >= **from).count()))
            })
            .collect();
        if known.is_empty() {
            return Err(ToolError::Tell(format!(
                "The weather service knows pollen in Europe only, so not in {name}."
            )));
        }
        let data: serde_json::Map<String, Value> =
            known.iter().map(|(plant, grains, _)| ((*plant).to_owned(), json!(grains))).collect();
        let levels = ["low", "moderate", "high", "very high"];
        let said: Vec<String> = levels
            .iter()
            .enumerate()
            .rev()
            .filter_map(|(number, level)| {
                let plants: Vec<&str> = known
                    .iter()
                    .filter(|(_, grains, of)| *of == number && *grains >= 1.0)
                    .map(|(plant, ..)| *plant)
                    .collect();
                (!plants.is_empty()).then(|| format!("{level} for {}", say::list(&plants)))
            })
            .collect();
        let say = match said.is_empty() {
            true => format!("There is hardly any pollen in {name}."),
            false => format!("The pollen in {name} is {}.", said.join(", ")),
        };
        Ok(ToolOutput::new(json!({"place": name, "grains_per_cubic_meter": data}), say))
    }
}

/// The European Environment Agency's names.
fn by_europe(index: f64) -> &'static str {
    match index {
        index if index <= 20.0 => "good",
        index if index <= 40.0 => "fair",
        index if index <= 60.0 => "moderate",
        index if index <= 80.0 => "poor",
        index if index <= 100.0 => "very poor",
        _ => "extremely poor",
    }
}

/// The Environmental Protection Agency's names.
fn by_us(index: f64) -> &'static str {
    match index {
        index if index <= 50.0 => "good",
        index if index <= 100.0 => "moderate",
        index if index <= 150.0 => "unhealthy for sensitive people",
        index if index <= 200.0 => "unhealthy",
        index if index <= 300.0 => "very unhealthy",
        _ => "hazardous",
    }
}
