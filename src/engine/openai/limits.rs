//! What is left of an account's rate limits, from the headers of every answer.

use reqwest::header::HeaderMap;

use crate::engine::Limit;

/// The limits in the headers of an answer.
pub(super) fn limits(headers: &HeaderMap) -> Vec<Limit> {
    let told = |what: &str, name: &str| {
        headers.get(format!("x-ratelimit-{what}-{name}")).and_then(|value| value.to_str().ok())
    };
    let limit = |name: &str| {
        let remaining = told("remaining", name)?.trim().parse().ok()?;
        Some(Limit {
            name: name.to_owned(),
            limit: told("limit", name).and_then(|text| text.trim().parse().ok()),
            remaining: Some(remaining),
            reset_seconds: told("reset", name).and_then(seconds),
        })
    };
    ["requests", "tokens"].into_iter().filter_map(limit).collect()
}

/// A duration such as `1s`, `6m0s`, `20ms` or a bare number of seconds.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds);
    }
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(digits);
        let end = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let worth = match &unit[..end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * worth;
        rest = &unit[end..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_the_headers_with_their_lengths() {
        assert_eq!(
            ["1s", "6m0s", "20ms", "1h2m3.5s", "7", "", "soon"].map(seconds),
            [Some(1.0), Some(360.0), Some(0.02), Some(3_723.5), Some(7.0), None, None]
        );
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-remaining-tokens", "many"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let requests = Limit {
            name: "requests".into(),
            limit: Some(60),
            remaining: Some(59),
            reset_seconds: Some(1.0),
        };
        assert_eq!(limits(&headers), [requests]);
    }
}
