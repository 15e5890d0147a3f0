//! `flip_coin` and `roll_dice`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Tool, ToolOutput, arguments, function};
use crate::base::Chance;
use crate::dialog::Effect;

#[derive(Deserialize)]
struct Dice {
    count: Option<u32>,
    sides: Option<u32>,
}

pub(crate) fn tools(chance: Chance) -> [Arc<dyn Tool>; 2] {
    [
        function(
            "flip_coin",
            "Flips a coin.",
            Effect::Reads,
            arguments(&[], json!({})),
            move |_: Map<String, Value>, _| async move {
                let side = if chance.roll() < 0.5 { "heads" } else { "tails" };
                Ok(ToolOutput::new(json!({"side": side}), format!("It's {side}.")))
            },
        ),
        function(
            "roll_dice",
            "Rolls dice.",
            Effect::Reads,
            arguments(
                &[],
                json!({
                    "count": {"type": "integer", "minimum": 1, "maximum": 10,
                        "description": "How many; one when not said."},
                    "sides": {"type": "integer", "minimum": 2, "maximum": 1000,
                        "description": "Of each; six when not said."},
                }),
            ),
            move |dice: Dice, _| async move {
                let sides = f64::from(dice.sides.unwrap_or(6));
                let rolled: Vec<u32> = (0..dice.count.unwrap_or(1))
                    .map(|_| (chance.roll() * sides).floor() as u32 + 1)
                    .collect();
                let total: u32 = rolled.iter().sum();
                let shown: Vec<String> = rolled.iter().map(u32::to_string).collect();
                let say = match shown.as_slice() {
                    [one] => format!("It's {one}."),
                    [first @ .., last] => {
                        format!("{} and {last}, {total} together.", first.join(", "))
                    }
                    [] => String::new(),
                };
                Ok(ToolOutput::new(json!({"rolled": rolled, "total": total}), say))
            },
        ),
    ]
}
