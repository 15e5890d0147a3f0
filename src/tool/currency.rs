use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;

use super::web::{Web, WebError};
use super::{CurrencySettings, Settings, Tool, ToolError, ToolOutput, arguments, function, say};
use crate::base::WallClock;
use crate::dialog::Effect;

/// The European Central Bank's reference rates of the day, published about 16:00 CET on working
/// days: <https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates>.
const FEED: &str = "/stats/eurofxref/eurofxref-daily.xml";

/// The name of the service in an answer.
const SERVICE: &str = "the European Central Bank";

/// How long rates are used before they are fetched again, in seconds: six hours. They change once a
/// day.
const FRESH: i64 = 6 * 3_600;

/// From this age on an answer names the day of its rates, in days. They rest over a long weekend.
const OLD: i32 = 5;

/// One euro in other currencies, on a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rates {
    day: Date,
    fetched: Timestamp,
    /// By ISO code.
    per_euro: BTreeMap<String, f64>,
}

impl Rates {
    /// Reads the feed, lines such as `<Cube currency='USD' rate='1.0557'/>` below one with the day.
    fn read(feed: &str, fetched: Timestamp) -> Option<Self> {
        let value = |text: &str, name: &str| {
            let rest = &text[text.find(&format!("{name}="))? + name.len() + 1..];
            let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
            Some(rest[1..].split(quote).next()?.to_owned())
        };
        let mut day = None;
        let mut per_euro = BTreeMap::from([("EUR".to_owned(), 1.0)]);
        for tag in feed.split('<').filter(|tag| tag.starts_with("Cube")) {
            day = day.or_else(|| value(tag, "time")?.parse().ok());
            if let (Some(code), Some(rate)) = (value(tag, "currency"), value(tag, "rate"))
                && let Some(rate) = rate.parse().ok().filter(|rate: &f64| *rate > 0.0)
            {
                per_euro.insert(code, rate);
            }
        }
        (per_euro.len() > 1).then_some(Self { day: day?, fetched, per_euro })
    }

    fn rate(&self, code: &str) -> Option<f64> {
        self.per_euro.get(code).copied()
    }
}

/// Fetches rates and keeps them.
struct Bank {
    settings: CurrencySettings,
    wall: WallClock,
    web: Web,
    kept: Mutex<Option<Rates>>,
}

impl Bank {
    /// Today's rates, or the last ones if the bank cannot be reached.
    async fn rates(&self) -> Result<Rates, WebError> {
        let mut kept = self.kept.lock().await;
        if kept.is_none()
            && let Some(file) = self.settings.file.clone()
        {
            *kept = tokio::task::spawn_blocking(move || {
                serde_json::from_slice(&std::fs::read(file).ok()?).ok()
            })
            .await
            .ok()
            .flatten();
        }
        let now = self.wall.now();
        let age = |rates: &Rates| now.as_second() - rates.fetched.as_second();
        if let Some(rates) = kept.as_ref().filter(|rates| (0..FRESH).contains(&age(rates))) {
            return Ok(rates.clone());
        }
        let fetched = self.web.text(&self.settings.base_url, FEED).await;
        let fetched = fetched.and_then(|feed| Rates::read(&feed, now).ok_or(WebError::Nonsense));
        match (fetched, kept.as_ref()) {
            (Ok(rates), _) => {
                if let Some(file) = self.settings.file.clone() {
                    keep(&file, &rates).await;
                }
                *kept = Some(rates.clone());
                Ok(rates)
            }
            (Err(error), Some(old)) => {
                tracing::info!(?error, "no new exchange rates");
                Ok(old.clone())
            }
            (Err(error), None) => Err(error),
        }
    }
}

async fn keep(file: &Path, rates: &Rates) {
    let (file, text) = (file.to_owned(), serde_json::to_vec(rates).unwrap_or_default());
    let write = move || {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&file, text)
    };
    if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
        tracing::warn!("exchange rates are kept only until the end: {error}");
    }
}

#[derive(Deserialize)]
struct Arguments {
    amount: f64,
    from: String,
    to: String,
}

/// `convert_currency`.
pub(crate) fn tool(settings: &Settings) -> Arc<dyn Tool> {
    let bank = Arc::new(Bank {
        settings: settings.currency.clone(),
        wall: settings.wall.clone(),
        web: Web::default(),
        kept: Mutex::new(None),
    });
    let code =
        |text: &str| json!({"type": "string", "pattern": "^[A-Za-z]{3}$", "description": text});
    function(
        "convert_currency",
        "Converts an amount of money at the European Central Bank's rate of the day.",
        Effect::Reads,
        arguments(
            &["amount", "from", "to"],
            json!({
                "amount": {"type": "number", "description": "How much; 1 when no number is said."},
                "from": code("ISO code of the amount's currency, such as EUR."),
                "to": code("ISO code of the wanted currency."),
            }),
        ),
        move |wish: Arguments, _| {
            let bank = Arc::clone(&bank);
            async move { convert(&bank, &wish).await }
        },
    )
}

async fn convert(bank: &Bank, wish: &Arguments) -> Result<ToolOutput, ToolError> {
    let (from, to) = (wish.from.to_uppercase(), wish.to.to_uppercase());
    let rates = bank.rates().await.map_err(|error| {
        let because = error.tell(SERVICE, "convert_currency");
        ToolError::Tell(format!("I have no exchange rates, because {because}"))
    })?;
    let rate = |code: &str| {
        rates.rate(code).ok_or_else(|| {
            let text = format!("{SERVICE} has no rate for {}.", named(code, 2.0));
            ToolError::Tell(say::sentence(&text))
        })
    };
    let result = wish.amount / rate(&from)? * rate(&to)?;
    let digits = if result.abs() >= 1.0 { 100.0 } else { 10_000.0 };
    let rounded = (result * digits).round() / digits;
    let (value, _) = say::number(rounded);
    let (amount, _) = say::number(wish.amount);
    let mut say = format!(
        "{} {} {} about {} {}.",
        amount,
        named(&from, wish.amount),
        if wish.amount == 1.0 { "is" } else { "are" },
        value,
        named(&to, rounded)
    );
    let today = bank.wall.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    if (today - rates.day).get_days() >= OLD {
        say += &format!(" That is the rate of {}.", say::date(rates.day));
    }
    let data = json!({
        "amount": wish.amount, "from": from, "to": to, "result": rounded,
        "rate": rate(&to)? / rate(&from)?, "day": rates.day.to_string(),
        "source": "European Central Bank, reference rates",
    });
    Ok(ToolOutput::new(data, say))
}

/// The currency's name after a number.
fn named(code: &str, amount: f64) -> String {
    let known = NAMES.iter().find(|(known, ..)| *known == code);
    match known {
        Some((_, one, _)) if amount == 1.0 => (*one).to_owned(),
        Some((_, _, many)) => (*many).to_owned(),
        None => code.chars().map(String::from).collect::<Vec<_>>().join(" "),
    }
}

/// Names of the currencies that the bank has rates for.
const NAMES: &[(&str, &str, &str)] = &[
    ("EUR", "euro", "euros"),
    ("USD", "US dollar", "US dollars"),
    ("JPY", "yen", "yen"),
    ("BGN", "Bulgarian lev", "Bulgarian leva"),
    ("CZK", "Czech crown", "Czech crowns"),
    ("DKK", "Danish krone", "Danish kroner"),
    ("GBP", "pound", "pounds"),
    ("HUF", "forint", "forints"),
    ("PLN", "zloty", "zlotys"),
    ("RON", "Romanian leu", "Romanian lei"),
    ("SEK", "Swedish krona", "Swedish kronor"),
    ("CHF", "Swiss franc", "Swiss francs"),
    ("ISK", "Icelandic krona", "Icelandic kronur"),
    ("NOK", "Norwegian krone", "Norwegian kroner"),
    ("TRY", "Turkish lira", "Turkish liras"),
    ("AUD", "Australian dollar", "Australian dollars"),
    ("BRL", "real", "reals"),
    ("CAD", "Canadian dollar", "Canadian dollars"),
    ("CNY", "yuan", "yuan"),
    ("HKD", "Hong Kong dollar", "Hong Kong dollars"),
    ("IDR", "rupiah", "rupiahs"),
    ("ILS", "shekel", "shekels"),
    ("INR", "rupee", "rupees"),
    ("KRW", "won", "won"),
    ("MXN", "Mexican peso", "Mexican pesos"),
    ("MYR", "ringgit", "ringgits"),
    ("NZD", "New Zealand dollar", "New Zealand dollars"),
    ("PHP", "Philippine peso", "Philippine pesos"),
    ("SGD", "Singapore dollar", "Singapore dollars"),
    ("THB", "baht", "baht"),
    ("ZAR", "rand", "rand"),
    ("RUB", "ruble", "rubles"),
    ("UAH", "hryvnia", "hryvnias"),
    ("AED", "dirham", "dirhams"),
    ("KWD", "Kuwaiti dinar", "Kuwaiti dinars"),
    ("SAR", "Saudi riyal", "Saudi riyals"),
    ("TWD", "Taiwan dollar", "Taiwan dollars"),
    ("VND", "Vietnamese dong", "Vietnamese dong"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banks_feed_is_read_and_other_text_is_not() {
        let feed = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gesmes:Envelope xmlns:gesmes=\"x\">\
            <Cube>\n<Cube time='2026-11-25'>\n<Cube currency='USD' rate='1.0557'/>\n\
            <Cube currency=\"JPY\" rate=\"164.2\"/><Cube currency='XXX' rate='0'/></Cube></Cube></gesmes:Envelope>";
        let rates = Rates::read(feed, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(rates.day.to_string(), "2026-11-25");
        assert_eq!((rates.rate("USD"), rates.rate("JPY")), (Some(1.0557), Some(164.2)));
        assert_eq!((rates.rate("EUR"), rates.rate("XXX")), (Some(1.0), None));
        assert_eq!(Rates::read("<html>Sorry</html>", Timestamp::UNIX_EPOCH), None);
    }
}
