use reqwest::Url;

/// Where requests to a provider go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Under one base that ends in `/v1` or similar, with the model in the body. OpenAI, compatible
    /// servers, and Azure's v1 API.
    V1(Url),
    /// Azure's dated API: calls go under the model's deployment, and each names the API version.
    Dated {
        /// `https://RESOURCE.openai.azure.com`
        endpoint: Url,
        /// The version, such as `2025-04-01-preview`.
        version: String,
    },
}

/// Calls that Azure's dated API puts under a deployment.
const OF_A_DEPLOYMENT: [&str; 5] =
    ["chat/completions", "completions", "embeddings", "audio/", "images/"];

impl Address {
    /// The address of OpenAI or of a compatible server.
    ///
    /// # Errors
    /// What is wrong with `base`, as the end of a sentence.
    pub fn v1(base: &str) -> Result<Self, String> {
        folder(base).map(Self::V1)
    }

    /// The address of Azure: dated with a `version`, else v1. `base` is the endpoint, or the whole
    /// v1 base.
    ///
    /// # Errors
    /// As [`Address::v1`].
    pub fn azure(base: &str, version: Option<&str>) -> Result<Self, String> {
        let bare = base.trim_end_matches('/');
        let endpoint = bare.strip_suffix("/openai/v1").or_else(|| bare.strip_suffix("/openai"));
        let endpoint = endpoint.unwrap_or(bare);
        match version {
            Some(version) => {
                Ok(Self::Dated { endpoint: folder(endpoint)?, version: version.to_owned() })
            }
            None => folder(&format!("{endpoint}/openai/v1")).map(Self::V1),
        }
    }

    /// The URL of the call `path`, which begins without a slash. `model` is the model it concerns,
    /// if any.
    pub fn of(&self, path: &str, model: Option<&str>) -> Url {
        match self {
            Self::V1(base) => join(base, path.split('/')),
            Self::Dated { endpoint, version } => {
                let deployed = OF_A_DEPLOYMENT.iter().any(|start| path.starts_with(start));
                let mut url = match model {
                    Some(model) if deployed => join(
                        endpoint,
                        ["openai", "deployments", model].into_iter().chain(path.split('/')),
                    ),
                    Some(_) | None => {
                        join(endpoint, std::iter::once("openai").chain(path.split('/')))
                    }
                };
                url.query_pairs_mut().append_pair("api-version", version);
                url
            }
        }
    }

    /// Whether the connection is encrypted.
    pub(super) fn encrypted(&self) -> bool {
        match self {
            Self::V1(url) | Self::Dated { endpoint: url, .. } => url.scheme() == "https",
        }
    }

    /// The host name.
    pub fn host(&self) -> &str {
        match self {
            Self::V1(url) | Self::Dated { endpoint: url, .. } => url.host_str().unwrap_or_default(),
        }
    }
}

fn folder(base: &str) -> Result<Url, String> {
    Url::parse(base.trim_end_matches('/'))
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| format!("base_url \"{base}\" is not an http or https URL; fix it"))
}

/// `base` with `segments` appended to its path, each escaped; a query in `path` is kept.
fn join<'a>(base: &Url, segments: impl Iterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    let mut query = None;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty();
        for segment in segments {
            let (segment, asks) =
                segment.split_once('?').map_or((segment, None), |(s, q)| (s, Some(q)));
            query = asks.or(query);
            path.push(segment);
        }
    }
    if let Some(query) = query {
        url.set_query(Some(query));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(address: &Address, path: &str) -> String {
        address.of(path, Some("my deployment")).to_string()
    }

    #[test]
    fn calls_of_openai_and_compatible_servers_go_below_the_base() {
        for base in ["http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/"] {
            let address = Address::v1(base).unwrap();
            assert_eq!(
                url(&address, "chat/completions"),
                "http://127.0.0.1:8080/v1/chat/completions"
            );
            assert_eq!(url(&address, "files?limit=2"), "http://127.0.0.1:8080/v1/files?limit=2");
        }
        for bad in ["localhost", "ftp://a.example", ""] {
            assert!(Address::v1(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn azure_has_two_forms() {
        let dated = Address::azure("https://r.openai.azure.com/", Some("2025-04-01")).unwrap();
        assert_eq!(
            url(&dated, "audio/speech"),
            "https://r.openai.azure.com/openai/deployments/my%20deployment/audio/speech?api-version=2025-04-01"
        );
        assert_eq!(
            url(&dated, "models"),
            "https://r.openai.azure.com/openai/models?api-version=2025-04-01"
        );
        assert_eq!(
            url(&dated, "fine_tuning/jobs"),
            "https://r.openai.azure.com/openai/fine_tuning/jobs?api-version=2025-04-01"
        );
        for base in ["https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1/"] {
            let v1 = Address::azure(base, None).unwrap();
            assert_eq!(
                url(&v1, "audio/speech"),
                "https://r.openai.azure.com/openai/v1/audio/speech"
            );
        }
    }
}
