use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{Settings, Tool, ToolError, ToolOutput, arguments, function};
use crate::base::Volume;
use crate::dialog::Effect;

/// How much "louder" and "quieter" are, in percent of full volume.
const STEP: u8 = 10;

#[derive(Deserialize)]
struct Arguments {
    level: Option<u8>,
    change: Option<Change>,
    mute: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Up,
    Down,
}

/// `set_volume`.
pub(crate) fn tool(settings: &Settings) -> Arc<dyn Tool> {
    let volume = settings.volume.clone();
    function(
        "set_volume",
        "Changes how loud this assistant speaks. Give exactly one of the arguments.",
        Effect::Writes,
        arguments(
            &[],
            json!({
                "level": {
                    "type": "integer", "minimum": 0, "maximum": 100,
                    "description": "Percent; half is 50, full is 100.",
                },
                "change": {
                    "type": "string", "enum": ["up", "down"],
                    "description": "A step louder or quieter.",
                },
                "mute": {"type": "boolean", "description": "true mutes, false unmutes."},
            }),
        ),
        move |arguments: Arguments, _| {
            let result = set(&volume, &arguments);
            async move { result }
        },
    )
}

fn set(volume: &Volume, arguments: &Arguments) -> Result<ToolOutput, ToolError> {
    let say = match (arguments.level, arguments.change, arguments.mute) {
        (Some(level), None, None) => {
            volume.set(level);
            format!("Volume set to {} percent.", volume.percent())
        }
        (None, Some(change), None) => {
            let before = volume.percent();
            let (level, end) = match change {
                Change::Up => (before.saturating_add(STEP).min(100), "as loud as it goes"),
                Change::Down => (before.saturating_sub(STEP), "as quiet as it goes"),
            };
            let muted = volume.muted();
            // Sets also when nothing changes, because a wish to hear more ends the muting.
            volume.set(level);
            if level == before && !muted {
                format!("The volume is already {end}.")
            } else {
                format!("Volume {level} percent.")
            }
        }
        (None, None, Some(mute)) => {
            volume.mute(mute);
            if mute {
                "Muted.".into()
            } else {
                format!("Sound on, at {} percent.", volume.percent())
            }
        }
        _ => {
            return Err(ToolError::Tell(
                "To change the volume say one thing: a level from 0 to 100, up or down, or mute."
                    .into(),
            ));
        }
    };
    let data = json!({"level": volume.percent(), "muted": volume.muted()});
    Ok(ToolOutput::new(data, say))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(
        volume: &Volume,
        level: Option<u8>,
        change: Option<Change>,
        mute: Option<bool>,
    ) -> String {
        match set(volume, &Arguments { level, change, mute }) {
            Ok(output) => output.say,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_knob_turns_as_it_is_told() {
        let knob = Volume::new(50);
        assert_eq!(go(&knob, Some(95), None, None), "Volume set to 95 percent.");
        assert_eq!(go(&knob, None, Some(Change::Up), None), "Volume 100 percent.");
        assert_eq!(
            go(&knob, None, Some(Change::Up), None),
            "The volume is already as loud as it goes."
        );
        assert_eq!(go(&knob, None, None, Some(true)), "Muted.");
        assert!(knob.muted());
        assert_eq!(go(&knob, None, None, Some(false)), "Sound on, at 100 percent.");
        assert_eq!(knob.percent(), 100);
        knob.mute(true);
        assert_eq!(go(&knob, None, Some(Change::Down), None), "Volume 90 percent.");
        assert!(!knob.muted());
        assert!(
            go(&knob, Some(1), None, Some(true)).starts_with("To change the volume say one thing")
        );
        assert!(go(&knob, None, None, None).starts_with("To change the volume say one thing"));
        assert_eq!(knob.percent(), 90);
    }
}
