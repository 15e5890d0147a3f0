//! The word tables of the reading rules: those of hibari-tts (`normalize.json`), and what weather,
//! timers and prices need in addition.

/// Names of the months, January first. The first three letters are their abbreviations.
#[rustfmt::skip]
pub(crate) const MONTHS: &[&str] = &[
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
];

/// Expanded before a capitalized word: "St Paul".
#[rustfmt::skip]
pub(crate) const TITLES: &[(&str, &str)] = &[
    ("Mr", "Mr"), ("Mrs", "Mrs"), ("Ms", "Miz"), ("Dr", "Dr"), ("Prof", "Professor"),
    ("St", "Saint"), ("Mt", "Mount"), ("Ft", "Fort"), ("Gen", "General"), ("Gov", "Governor"),
    ("Sen", "Senator"), ("Rep", "Representative"), ("Capt", "Captain"), ("Lt", "Lieutenant"),
    ("Col", "Colonel"), ("Sgt", "Sergeant"), ("Cmdr", "Commander"), ("Rev", "Reverend"),
    ("Hon", "Honorable"), ("Pres", "President"), ("Supt", "Superintendent"), ("Cpl", "Corporal"),
    ("Maj", "Major"), ("Adm", "Admiral"), ("Fr", "Father"), ("Msgr", "Monsignor"),
];

/// Expanded anywhere.
#[rustfmt::skip]
pub(super) const ABBREVIATIONS: &[(&str, &str)] = &[
    ("Mr.", "Mr"), ("Mrs.", "Mrs"), ("Ms.", "Miz"), ("Dr.", "Dr"), ("Jr.", "Junior"),
    ("Sr.", "Senior"), ("St.", "Street"), ("Mt.", "Mount"), ("Ave.", "Avenue"),
    ("Blvd.", "Boulevard"), ("Rd.", "Road"), ("Ln.", "Lane"), ("Hwy.", "Highway"),
    ("Pkwy.", "Parkway"), ("Ste.", "Suite"), ("Apt.", "Apartment"), ("Bldg.", "Building"),
    ("Ltd.", "Limited"), ("Inc.", "Incorporated"), ("Corp.", "Corporation"), ("Co.", "Company"),
    ("Bros.", "Brothers"), ("Dept.", "Department"), ("Univ.", "University"),
    ("Assn.", "Association"), ("Govt.", "Government"), ("approx.", "approximately"),
    ("est.", "established"), ("vs.", "versus"), ("vs", "versus"), ("vol.", "volume"),
    ("Vol.", "Volume"), ("fig.", "figure"), ("Fig.", "Figure"), ("ch.", "chapter"),
    ("Ch.", "Chapter"), ("pp.", "pages"), ("ed.", "edition"), ("eds.", "editors"),
    ("no.", "number"), ("nos.", "numbers"), ("Prof.", "Professor"), ("Gen.", "General"),
    ("Gov.", "Governor"), ("Sen.", "Senator"), ("Rep.", "Representative"), ("Capt.", "Captain"),
    ("Lt.", "Lieutenant"), ("Col.", "Colonel"), ("Sgt.", "Sergeant"), ("Rev.", "Reverend"),
    ("Hon.", "Honorable"), ("Pres.", "President"), ("Atty.", "Attorney"),
    ("Supt.", "Superintendent"), ("cf.", "compare"), ("et al.", "et al"), ("Jan.", "January"),
    ("Feb.", "February"), ("Mar.", "March"), ("Apr.", "April"), ("Jun.", "June"),
    ("Jul.", "July"), ("Aug.", "August"), ("Sep.", "September"), ("Sept.", "September"),
    ("Oct.", "October"), ("Nov.", "November"), ("Dec.", "December"), ("Mon.", "Monday"),
    ("Tue.", "Tuesday"), ("Tues.", "Tuesday"), ("Wed.", "Wednesday"), ("Thu.", "Thursday"),
    ("Thurs.", "Thursday"), ("Fri.", "Friday"), ("Sat.", "Saturday"), ("Sun.", "Sunday"),
    ("w/", "with"), ("w/o", "without"), ("aka", "also known as"), ("AKA", "also known as"),
    ("BTW", "by the way"), ("IMO", "in my opinion"), ("TBD", "to be determined"),
];

/// After a number: written form, singular, plural. Longer ones first if one begins another.
#[rustfmt::skip]
pub(super) const UNITS: &[(&str, &str, &str)] = &[
    ("km/h", "kilometers per hour", "kilometers per hour"),
    ("km²", "square kilometer", "square kilometers"),
    ("sq ft", "square foot", "square feet"),
    ("sq mi", "square mile", "square miles"),
    ("Mbit/s", "megabit per second", "megabits per second"),
    ("Gbit/s", "gigabit per second", "gigabits per second"),
    ("MB/s", "megabyte per second", "megabytes per second"),
    ("GB/s", "gigabyte per second", "gigabytes per second"),
    ("Mbps", "megabits per second", "megabits per second"),
    ("Gbps", "gigabits per second", "gigabits per second"),
    ("kbps", "kilobits per second", "kilobits per second"),
    ("kg/m³", "kilogram per cubic meter", "kilograms per cubic meter"),
    ("kg/m3", "kilogram per cubic meter", "kilograms per cubic meter"),
    ("µg/m³", "microgram per cubic meter", "micrograms per cubic meter"),
    ("μg/m³", "microgram per cubic meter", "micrograms per cubic meter"),
    ("m/s", "meter per second", "meters per second"),
    ("mi/h", "miles per hour", "miles per hour"),
    ("ft/s", "foot per second", "feet per second"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("mAh", "milliamp hours", "milliamp hours"),
    ("kcal", "kilocalorie", "kilocalories"),
    ("kHz", "kilohertz", "kilohertz"),
    ("MHz", "megahertz", "megahertz"),
    ("GHz", "gigahertz", "gigahertz"),
    ("hPa", "hectopascal", "hectopascals"),
    ("kPa", "kilopascal", "kilopascals"),
    ("mbar", "millibar", "millibars"),
    ("mins", "minutes", "minutes"),
    ("secs", "seconds", "seconds"),
    ("lbs", "pounds", "pounds"),
    ("kph", "kilometers per hour", "kilometers per hour"),
    ("mph", "miles per hour", "miles per hour"),
    ("rpm", "revolutions per minute", "revolutions per minute"),
    ("hrs", "hours", "hours"),
    ("min", "minute", "minutes"),
    ("sec", "second", "seconds"),
    ("fps", "frames per second", "frames per second"),
    ("mcg", "microgram", "micrograms"),
    ("pct", "percent", "percent"),
    ("inHg", "inch of mercury", "inches of mercury"),
    ("tbsp", "tablespoon", "tablespoons"),
    ("tsp", "teaspoon", "teaspoons"),
    ("gal", "gallon", "gallons"),
    ("m²", "square meter", "square meters"),
    ("km2", "square kilometer", "square kilometers"),
    ("cm2", "square centimeter", "square centimeters"),
    ("cm3", "cubic centimeter", "cubic centimeters"),
    ("m2", "square meter", "square meters"),
    ("m3", "cubic meter", "cubic meters"),
    ("m³", "cubic meter", "cubic meters"),
    ("cm²", "square centimeter", "square centimeters"),
    ("cm³", "cubic centimeter", "cubic centimeters"),
    ("ft²", "square foot", "square feet"),
    ("km", "kilometer", "kilometers"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("kg", "kilogram", "kilograms"),
    ("mg", "milligram", "milligrams"),
    ("lb", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("ft", "foot", "feet"),
    ("mi", "mile", "miles"),
    ("ml", "milliliter", "milliliters"),
    ("mL", "milliliter", "milliliters"),
    ("cl", "centiliter", "centiliters"),
    ("dl", "deciliter", "deciliters"),
    ("Hz", "hertz", "hertz"),
    ("KB", "kilobyte", "kilobytes"),
    ("kB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("kb", "kilobyte", "kilobytes"),
    ("mb", "megabyte", "megabytes"),
    ("gb", "gigabyte", "gigabytes"),
    ("MiB", "mebibyte", "mebibytes"),
    ("GiB", "gibibyte", "gibibytes"),
    ("hr", "hour", "hours"),
    ("ms", "millisecond", "milliseconds"),
    ("yd", "yard", "yards"),
    ("kW", "kilowatt", "kilowatts"),
    ("MW", "megawatt", "megawatts"),
    ("GW", "gigawatt", "gigawatts"),
    ("Wh", "watt hour", "watt hours"),
    ("kJ", "kilojoule", "kilojoules"),
    ("kn", "knot", "knots"),
    ("dB", "decibel", "decibels"),
    ("ha", "hectare", "hectares"),
    ("cc", "cubic centimeter", "cubic centimeters"),
    ("µg", "microgram", "micrograms"),
    ("nm", "nanometer", "nanometers"),
    ("µm", "micrometer", "micrometers"),
];

/// One-letter units, which have so many other meanings that they only count after a number of up to
/// three digits and a space.
#[rustfmt::skip]
pub(super) const SHORT_UNITS: &[(&str, &str, &str)] = &[
    ("m", "meter", "meters"), ("g", "gram", "grams"), ("s", "second", "seconds"),
    ("l", "liter", "liters"), ("L", "liter", "liters"), ("W", "watt", "watts"),
    ("h", "hour", "hours"), ("V", "volt", "volts"),
];

/// Currencies: written form, singular, plural. The lexicon reads the first three in front of an
/// amount.
#[rustfmt::skip]
pub(super) const CURRENCIES: &[(&str, &str, &str)] = &[
    ("$", "dollar", "dollars"),
    ("£", "pound", "pounds"),
    ("€", "euro", "euros"),
    ("¥", "yen", "yen"),
    ("₹", "rupee", "rupees"),
    ("₩", "won", "won"),
    ("Rs", "rupee", "rupees"),
    ("USD", "dollar", "dollars"),
    ("EUR", "euro", "euros"),
    ("GBP", "pound", "pounds"),
    ("CHF", "franc", "francs"),
    ("JPY", "yen", "yen"),
];

/// Symbols read as a word; those with an empty word vanish.
#[rustfmt::skip]
pub(super) const SIGNS: &[(char, &str)] = &[
    ('=', "equals"),
    ('<', "less than"),
    ('>', "greater than"),
    ('~', "about"),
    ('°', "degrees"),
    ('¢', "cents"),
    ('§', "section"),
    ('¶', "paragraph"),
    ('±', "plus or minus"),
    ('×', "times"),
    ('÷', "divided by"),
    ('™', ""),
    ('®', ""),
    ('©', "copyright"),
    ('•', ""),
    ('→', "to"),
    ('←', ""),
    ('½', "one half"),
    ('¼', "one quarter"),
    ('¾', "three quarters"),
    ('²', "squared"),
    ('³', "cubed"),
    ('µ', "micro"),
    ('#', "hashtag"),
    ('|', ","),
    ('*', ""),
    ('^', "to the power of"),
    ('_', ""),
    ('\\', ""),
];

/// Words whose Roman numeral is a number: "Chapter IV" is chapter 4.
#[rustfmt::skip]
pub(super) const COUNTED: &[&str] = &[
    "Chapter", "chapter", "Part", "part", "Act", "Scene", "Section", "section", "Volume", "volume",
    "Book", "book", "Phase", "phase", "Article", "article", "World War", "Mark", "Type", "type",
    "Level", "level", "Stage", "stage", "Class", "class", "Grade", "grade", "Super Bowl", "Apollo",
    "Gemini", "Final Fantasy", "Episode", "Round", "round", "Rocky", "War", "Title", "Schedule",
    "Appendix", "Figure", "Table", "Tier", "Model", "Version", "Generation", "Category", "Division",
    "Group", "Station", "Saturn", "Voyager", "Mach", "Factor", "Canto", "Exhibit", "Annex", "Option",
    "Day", "Week", "Year", "Step", "Unit", "Team", "Game", "Series", "Season", "Trek", "Wars", "Apple",
    "iPhone", "Diablo", "Civilization", "Symphony", "Sonata", "Olympiad", "Vatican", "Street Fighter",
    "Star", "Basel", "Diabetes", "SALT", "START", "Rambo", "Godfather", "Toy Story", "Windows",
];

/// Names whose Roman numeral is a rank: "Henry VIII" is Henry the eighth.
#[rustfmt::skip]
pub(super) const RANKED: &[&str] = &[
    "Pope", "King", "Queen", "Henry", "Louis", "Edward", "George", "William", "Charles", "James",
    "Richard", "Elizabeth", "Napoleon", "Pius", "Benedict", "Leo", "John Paul", "Ramses",
    "Frederick", "Philip", "Alexander", "Nicholas", "Peter", "Catherine", "Ivan", "Umberto",
    "Victor Emmanuel", "Gustav", "Christian", "Ferdinand", "Francis", "Joseph", "Leopold", "Paul",
    "John", "Gregory", "Clement", "Innocent", "Urban", "Julius", "Robert", "Mary", "Emperor",
];

/// Denominators from two to ten.
#[rustfmt::skip]
pub(super) const PARTS: &[&str] = &["half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/// Words for large numbers after an amount; a letter stands for the word in the second place.
#[rustfmt::skip]
pub(super) const BIG: &[(&str, &str)] = &[
    ("hundred", "hundred"),
    ("thousand", "thousand"),
    ("million", "million"),
    ("billion", "billion"),
    ("trillion", "trillion"),
    ("bn", "billion"),
    ("tn", "trillion"),
    ("trn", "trillion"),
    ("mn", "million"),
    ("mil", "million"),
    ("k", "thousand"),
    ("K", "thousand"),
    ("m", "million"),
    ("M", "million"),
    ("b", "billion"),
    ("B", "billion"),
    ("T", "trillion"),
];

/// Greek letters that stand alone, as symbols do.
#[rustfmt::skip]
pub(crate) const GREEK: &[(char, &str)] = &[
    ('α', "alpha"), ('β', "beta"), ('γ', "gamma"), ('δ', "delta"), ('ε', "epsilon"),
    ('ζ', "zeta"), ('η', "eta"), ('θ', "theta"), ('ι', "iota"), ('κ', "kappa"), ('λ', "lambda"),
    ('ν', "nu"), ('ξ', "xi"), ('ο', "omicron"), ('π', "pi"), ('ρ', "rho"), ('σ', "sigma"),
    ('τ', "tau"), ('υ', "upsilon"), ('φ', "phi"), ('χ', "chi"), ('ψ', "psi"), ('ω', "omega"),
    ('Γ', "gamma"), ('Δ', "delta"), ('Θ', "theta"), ('Λ', "lambda"), ('Ξ', "xi"), ('Π', "pi"),
    ('Σ', "sigma"), ('Φ', "phi"), ('Ψ', "psi"), ('Ω', "ohms"), ('\u{2126}', "ohms"),
];
