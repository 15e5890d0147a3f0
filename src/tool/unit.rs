//! Units of measure and their factors.
//!
//! Sources: the international yard and pound agreement of 1959 and NIST Handbook 44 (2024),
//! appendix C, for US customary units, all exact; the SI brochure (9th edition) for metric units;
//! IEC 80000-13 for the byte, whose kilo is 1000. Conventions where everyday speech is not exact:
//! - cups, pints, quarts, gallons, fluid ounces and spoons are the US liquid ones;
//! - a ton is the US (short) ton of 2000 pounds, a tonne or metric ton 1000 kilograms;
//! - a year has 365 days and a month is a twelfth of it, as one counts without a calendar.

/// What is measured. Only units of one dimension convert into each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    Length,
    Weight,
    Volume,
    Temperature,
    Time,
    Speed,
    Area,
    Data,
}

impl Dimension {
    /// "a length": the end of "is …".
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Length => "a length",
            Self::Weight => "a weight",
            Self::Volume => "a volume",
            Self::Temperature => "a temperature",
            Self::Time => "a length of time",
            Self::Speed => "a speed",
            Self::Area => "an area",
            Self::Data => "an amount of data",
        }
    }
}

/// A unit: its value in the base unit is `value * factor + offset`.
#[derive(Debug, PartialEq)]
pub(crate) struct Unit {
    /// Singular, American spelling.
    pub(crate) name: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) dimension: Dimension,
    factor: f64,
    offset: f64,
    /// Other spellings, in lower case, besides name and plural.
    aliases: &'static [&'static str],
}

const fn unit(
    dimension: Dimension,
    name: &'static str,
    plural: &'static str,
    factor: f64,
    aliases: &'static [&'static str],
) -> Unit {
    Unit { name, plural, dimension, factor, offset: 0.0, aliases }
}

const LITER_PER_CUBIC_INCH: f64 = 0.016_387_064;
const LITER_PER_FLUID_OUNCE: f64 = 231.0 * LITER_PER_CUBIC_INCH / 128.0;
const DAY: f64 = 86_400.0;

use Dimension::{Area, Data, Length, Speed, Temperature, Time, Volume, Weight};

/// Every unit, in the order of the tool's documentation. Base units: meter, kilogram, liter,
/// kelvin, second, meter per second, square meter, byte.
pub(crate) static UNITS: &[Unit] = &[
    unit(Length, "millimeter", "millimeters", 0.001, &["mm", "millimetre", "millimetres"]),
    unit(Length, "centimeter", "centimeters", 0.01, &["cm", "centimetre", "centimetres"]),
    unit(Length, "meter", "meters", 1.0, &["m", "metre", "metres"]),
    unit(
        Length,
        "kilometer",
        "kilometers",
        1_000.0,
        &["km", "kilometre", "kilometres", "klick", "klicks"],
    ),
    unit(Length, "inch", "inches", 0.0254, &["in", "\""]),
    unit(Length, "foot", "feet", 0.3048, &["ft", "'"]),
    unit(Length, "yard", "yards", 0.9144, &["yd", "yds"]),
    unit(Length, "mile", "miles", 1_609.344, &["mi"]),
    unit(Weight, "milligram", "milligrams", 1e-6, &["mg"]),
    unit(Weight, "gram", "grams", 0.001, &["g", "gramme", "grammes"]),
    unit(Weight, "kilogram", "kilograms", 1.0, &["kg", "kgs", "kilo", "kilos"]),
    unit(Weight, "ounce", "ounces", 0.453_592_37 / 16.0, &["oz"]),
    unit(Weight, "pound", "pounds", 0.453_592_37, &["lb", "lbs"]),
    unit(Weight, "stone", "stone", 14.0 * 0.453_592_37, &["st", "stones"]),
    unit(Weight, "ton", "tons", 2_000.0 * 0.453_592_37, &["short ton", "short tons"]),
    unit(
        Weight,
        "tonne",
        "tonnes",
        1_000.0,
        &["metric ton", "metric tons", "metric tonne", "metric tonnes"],
    ),
    unit(Volume, "milliliter", "milliliters", 0.001, &["ml", "millilitre", "millilitres"]),
    unit(Volume, "liter", "liters", 1.0, &["l", "litre", "litres"]),
    unit(Volume, "teaspoon", "teaspoons", LITER_PER_FLUID_OUNCE / 6.0, &["tsp"]),
    unit(Volume, "tablespoon", "tablespoons", LITER_PER_FLUID_OUNCE / 2.0, &["tbsp"]),
    unit(Volume, "fluid ounce", "fluid ounces", LITER_PER_FLUID_OUNCE, &["fl oz", "floz"]),
    unit(Volume, "cup", "cups", LITER_PER_FLUID_OUNCE * 8.0, &[]),
    unit(Volume, "pint", "pints", LITER_PER_FLUID_OUNCE * 16.0, &["pt"]),
    unit(Volume, "quart", "quarts", LITER_PER_FLUID_OUNCE * 32.0, &["qt"]),
    unit(Volume, "gallon", "gallons", LITER_PER_FLUID_OUNCE * 128.0, &["gal"]),
    Unit {
        name: "celsius",
        plural: "degrees Celsius",
        dimension: Temperature,
        factor: 1.0,
        offset: 273.15,
        aliases: &["c", "°c", "degree celsius", "centigrade"],
    },
    Unit {
        name: "fahrenheit",
        plural: "degrees Fahrenheit",
        dimension: Temperature,
        factor: 5.0 / 9.0,
        // Absolute zero is 459.67 degrees below zero Fahrenheit.
        offset: 459.67 * 5.0 / 9.0,
        aliases: &["f", "°f", "degree fahrenheit"],
    },
    unit(Temperature, "kelvin", "kelvin", 1.0, &["k", "kelvins"]),
    unit(Time, "second", "seconds", 1.0, &["s", "sec", "secs"]),
    unit(Time, "minute", "minutes", 60.0, &["min", "mins"]),
    unit(Time, "hour", "hours", 3_600.0, &["h", "hr", "hrs"]),
    unit(Time, "day", "days", DAY, &["d"]),
    unit(Time, "week", "weeks", 7.0 * DAY, &["wk", "wks"]),
    unit(Time, "month", "months", 365.0 * DAY / 12.0, &[]),
    unit(Time, "year", "years", 365.0 * DAY, &["yr", "yrs"]),
    unit(Speed, "mile per hour", "miles per hour", 0.447_04, &["mph"]),
    unit(
        Speed,
        "kilometer per hour",
        "kilometers per hour",
        1.0 / 3.6,
        &["km/h", "kmh", "kph", "kilometre per hour", "kilometres per hour"],
    ),
    unit(
        Speed,
        "meter per second",
        "meters per second",
        1.0,
        &["m/s", "metre per second", "metres per second"],
    ),
    unit(Speed, "knot", "knots", 1_852.0 / 3_600.0, &["kn", "kt", "kts"]),
    unit(
        Area,
        "square meter",
        "square meters",
        1.0,
        &["m2", "m²", "sqm", "sq m", "square metre", "square metres"],
    ),
    unit(Area, "square foot", "square feet", 0.3048 * 0.3048, &["ft2", "ft²", "sqft", "sq ft"]),
    unit(Area, "acre", "acres", 43_560.0 * 0.3048 * 0.3048, &[]),
    unit(Area, "hectare", "hectares", 10_000.0, &["ha"]),
    unit(Data, "byte", "bytes", 1.0, &["b"]),
    unit(Data, "kilobyte", "kilobytes", 1e3, &["kb"]),
    unit(Data, "megabyte", "megabytes", 1e6, &["mb"]),
    unit(Data, "gigabyte", "gigabytes", 1e9, &["gb"]),
    unit(Data, "terabyte", "terabytes", 1e12, &["tb"]),
];

/// The unit that `name` means, in any case; an underscore counts as a blank.
pub(crate) fn find(name: &str) -> Option<&'static Unit> {
    let name = name.trim().trim_end_matches('.').to_lowercase().replace('_', " ");
    let name = name.strip_prefix("degrees ").unwrap_or(&name);
    UNITS
        .iter()
        .find(|unit| unit.name == name || unit.plural == name || unit.aliases.contains(&name))
}

/// Two units that are said together: "foot and inch", the larger one first.
pub(crate) fn pair(name: &str) -> Option<(&'static Unit, &'static Unit)> {
    let (large, small) = name.split_once(" and ")?;
    let (large, small) = (find(large)?, find(small)?);
    let fits = large.dimension == small.dimension && large.factor > small.factor;
    fits.then_some((large, small))
}

impl Unit {
    /// `value` of this unit in `other`, which must have the same dimension.
    pub(crate) fn convert(&self, value: f64, other: &Self) -> f64 {
        if self.offset == 0.0 && other.offset == 0.0 {
            // The factors first: if they are exact multiples, so is the result.
            let ratio = self.factor / other.factor;
            return if ratio >= 1.0 { value * ratio } else { value / (other.factor / self.factor) };
        }
        // Directly between the two everyday scales: going through kelvin would cost digits.
        match (self.name, other.name) {
            ("celsius", "fahrenheit") => value * 9.0 / 5.0 + 32.0,
            ("fahrenheit", "celsius") => (value - 32.0) * 5.0 / 9.0,
            _ => (value * self.factor + self.offset - other.offset) / other.factor,
        }
    }

    /// Whether `value` of this unit is below absolute zero.
    pub(crate) fn is_impossible(&self, value: f64) -> bool {
        self.dimension == Temperature && value * self.factor + self.offset < -1e-9
    }

    /// The word for `value` of this unit.
    pub(crate) fn word(&self, value: f64) -> &'static str {
        match self.dimension {
            Temperature => self.plural,
            Length | Weight | Volume | Time | Speed | Area | Data => {
                if value == 1.0 {
                    self.name
                } else {
                    self.plural
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(value: f64, from: &str, to: &str) -> f64 {
        let (from, to) = (find(from).unwrap(), find(to).unwrap());
        assert_eq!(from.dimension, to.dimension);
        from.convert(value, to)
    }

    #[test]
    fn every_unit_of_the_documentation_is_known_under_its_name() {
        let names = "millimeter centimeter meter kilometer inch foot yard mile milligram gram kilogram ounce \
            pound stone ton tonne milliliter liter teaspoon tablespoon fluid_ounce cup pint quart gallon celsius \
            fahrenheit kelvin second minute hour day week month year mile_per_hour kilometer_per_hour \
            meter_per_second knot square_meter square_foot acre hectare byte kilobyte megabyte gigabyte terabyte";
        let names: Vec<String> = names.split_whitespace().map(|n| n.replace('_', " ")).collect();
        assert_eq!(names, UNITS.iter().map(|unit| unit.name).collect::<Vec<_>>());
    }

    #[test]
    fn no_way_to_write_a_unit_means_two() {
        let mut seen = std::collections::HashMap::new();
        for unit in UNITS {
            for alias in unit.aliases.iter().chain([&unit.name, &unit.plural]) {
                let other = seen.insert(*alias, unit.name);
                assert!(other.is_none_or(|other| other == unit.name), "{alias}");
            }
        }
    }

    #[test]
    fn conversions_agree_with_the_published_tables() {
        // NIST Handbook 44 and SP 811, to the digits printed there.
        let cases = [
            (1.0, "mile", "meter", 1_609.344),
            (1.0, "yard", "foot", 3.0),
            (12.0, "inch", "centimeter", 30.48),
            (26.2, "mile", "kilometer", 42.164_812_8),
            (1.0, "pound", "gram", 453.592_37),
            (1.0, "ounce", "gram", 28.349_523_125),
            (1.0, "stone", "pound", 14.0),
            (1.0, "ton", "kilogram", 907.184_74),
            (1.0, "tonne", "kilogram", 1_000.0),
            (2.0, "metric ton", "tonne", 2.0),
            (1.0, "gallon", "liter", 3.785_411_784),
            (1.0, "quart", "liter", 0.946_352_946),
            (1.0, "pint", "cup", 2.0),
            (2.5, "cup", "milliliter", 591.470_591_25),
            (1.0, "fluid ounce", "milliliter", 29.573_529_562_5),
            (1.0, "tablespoon", "teaspoon", 3.0),
            (1.0, "cup", "tablespoon", 16.0),
            (72.0, "fahrenheit", "celsius", 22.222_222_222_222),
            (25.0, "celsius", "fahrenheit", 77.0),
            (-40.0, "celsius", "fahrenheit", -40.0),
            (0.0, "celsius", "kelvin", 273.15),
            (0.0, "kelvin", "fahrenheit", -459.67),
            (3.0, "hour", "minute", 180.0),
            (1.0, "year", "day", 365.0),
            (1.0, "year", "month", 12.0),
            (1.0, "year", "hour", 8_760.0),
            (2.0, "week", "day", 14.0),
            (120.0, "kilometer per hour", "mile per hour", 74.564_543_068_5),
            (20.0, "knot", "mile per hour", 23.015_588_958),
            (1.0, "knot", "kilometer per hour", 1.852),
            (10.0, "meter per second", "kilometer per hour", 36.0),
            (2.0, "acre", "square meter", 8_093.712_844_8),
            (1.0, "acre", "square foot", 43_560.0),
            (1.0, "hectare", "square meter", 10_000.0),
            (1.5, "gigabyte", "megabyte", 1_500.0),
        ];
        for (value, from, to, want) in cases {
            let result = convert(value, from, to);
            assert!(
                (result - want).abs() < 1e-9 * want.abs().max(1.0),
                "{value} {from} in {to}: {result}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn there_and_back_is_where_one_was(value in -1e9f64..1e9) {
            for from in UNITS {
                for to in UNITS.iter().filter(|to| to.dimension == from.dimension) {
                    let back = to.convert(from.convert(value, to), from);
                    let slack = 1e-9 * value.abs().max(1e3);
                    proptest::prop_assert!((back - value).abs() <= slack, "{} {}", from.name, to.name);
                }
            }
        }
    }
}
