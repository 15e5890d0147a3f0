//! Files at a provider.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use tokio::io::AsyncReadExt;

use super::http::Http;
use crate::engine::EngineError;

/// Files are read and sent in pieces of this many bytes.
const PIECE: usize = 64 * 1024;

/// Time limit for an answer, besides the time for sending.
const PATIENCE: Duration = Duration::from_secs(120);

/// Slowest upload before giving up, in bytes per second.
const SLOWEST: u64 = 50_000;

/// The most files listed; no account has more.
const MOST: usize = 10_000;

/// A file at a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its name in requests.
    pub id: String,
    /// Its name on the machine it was uploaded from.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Its size in bytes, if reported.
    pub bytes: Option<u64>,
    /// When it was uploaded.
    pub created: Option<Timestamp>,
    /// Everything the provider reports about it.
    pub raw: Value,
}

impl Kept {
    fn of(raw: Value) -> Option<Self> {
        let text = |key: &str| raw[key].as_str().unwrap_or_default().to_owned();
        let id = Some(text("id")).filter(|id| !id.is_empty())?;
        let created = raw["created_at"].as_i64().and_then(|at| Timestamp::from_second(at).ok());
        let (name, purpose, bytes) = (text("filename"), text("purpose"), raw["bytes"].as_u64());
        Some(Self { id, name, purpose, bytes, created, raw })
    }

    /// Its size for display.
    pub fn size(&self) -> String {
        match self.bytes {
            None => String::new(),
            Some(bytes @ 0..1_000) => format!("{bytes} B"),
            Some(bytes @ 1_000..1_000_000) => format!("{} kB", bytes / 1_000),
            Some(bytes) => format!("{:.1} MB", bytes as f64 / 1e6),
        }
    }
}

/// The files at a provider, those for `purpose` or all, in the provider's order: newest first.
///
/// # Errors
/// As any request.
pub async fn list(http: &Http, purpose: Option<&str>) -> Result<Vec<Kept>, EngineError> {
    let mut all: Vec<Kept> = Vec::new();
    let mut path = "files?limit=1000".to_owned();
    if let Some(purpose) = purpose {
        path.push_str(&format!("&purpose={purpose}"));
    }
    let mut page = path.clone();
    while all.len() < MOST {
        let response = http.get(&page).await?;
        let value: Value = http.json(response).await?;
        let fresh = value["data"].as_array().or_else(|| value.as_array()).cloned();
        let fresh = fresh.ok_or_else(|| http.broken("its answer is not a list of files"))?;
        let known = all.len();
        all.extend(fresh.into_iter().filter_map(Kept::of));
        // A server without paging repeats the same answer.
        let last = all.last().filter(|_| value["has_more"] == true && all.len() > known);
        let Some(last) = last else { break };
        page = format!("{path}&after={}", last.id);
    }
    // Some ignore the requested purpose.
    all.retain(|file| purpose.is_none_or(|purpose| file.purpose == purpose));
    Ok(all)
}

/// Deletes the file `id`.
///
/// # Errors
/// As any request.
pub async fn remove(http: &Http, id: &str) -> Result<(), EngineError> {
    let response = http.delete(&format!("files/{id}")).await?;
    let told: Value = http.json(response).await?;
    if told["deleted"] == false {
        return Err(http.broken("it did not delete the file"));
    }
    Ok(())
}

/// Uploads the file at `path` for `purpose` (`fine-tune`, `vision`, `user_data`, …), in constant
/// memory.
///
/// # Errors
/// [`EngineError::Refused`] when it cannot be read; else as any request.
pub async fn upload(http: &Http, path: &Path, purpose: &str) -> Result<Kept, EngineError> {
    let unread = |error: std::io::Error| {
        let path = path.display();
        EngineError::Refused(format!("cannot read {path}: {error}; give another file"))
    };
    let bytes = tokio::fs::metadata(path).await.map_err(unread)?.len();
    let name = path.file_name().map_or_else(|| "file".into(), |name| name.to_string_lossy());
    // The timeout counts from the start of the request, so it includes the upload.
    let http = http.with_timeout(PATIENCE + Duration::from_secs(bytes / SLOWEST))?;
    let form = || {
        // Read again for each try.
        let body = Body::wrap_stream(pieces(path.to_owned()));
        let part = Part::stream_with_length(body, bytes).file_name(name.to_string());
        Form::new().text("purpose", purpose.to_owned()).part("file", part)
    };
    let response = http.post_form("files", None, form).await?;
    let value = http.json(response).await?;
    Kept::of(value).ok_or_else(|| http.broken("its answer has no file id"))
}

fn pieces(path: PathBuf) -> impl futures::Stream<Item = std::io::Result<Vec<u8>>> {
    async_stream::try_stream! {
        let mut file = tokio::fs::File::open(path).await?;
        loop {
            let mut piece = vec![0; PIECE];
            let read = file.read(&mut piece).await?;
            if read == 0 {
                break;
            }
            piece.truncate(read);
            yield piece;
        }
    }
}
