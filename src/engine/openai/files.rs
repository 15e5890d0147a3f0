//! Files that are sent to a provider.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use super::http::Http;
use crate::engine::EngineError;

/// A file is read and sent in pieces of this many bytes.
const PIECE: usize = 64 * 1024;

/// The time for an answer, besides that for sending.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that carries less, in bytes a second, is given up.
const SLOWEST: u64 = 50_000;

/// A file at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Uploaded {
    /// Its name in requests.
    pub id: String,
}

/// Sends the file at `path` for `purpose` (`fine-tune`, `vision`, `user_data`, …), in constant
/// memory.
///
/// # Errors
/// [`EngineError::Refused`] when it cannot be read; else as any request.
pub async fn upload(http: &Http, path: &Path, purpose: &str) -> Result<Uploaded, EngineError> {
    let unread = |error: std::io::Error| {
        let path = path.display();
        EngineError::Refused(format!("cannot read {path}: {error}; give another file"))
    };
    let bytes = tokio::fs::metadata(path).await.map_err(unread)?.len();
    let name = path.file_name().map_or_else(|| "file".into(), |name| name.to_string_lossy());
    // The silence before the answer begins with the request, so it holds the sending.
    let http = http.patient(PATIENCE + Duration::from_secs(bytes / SLOWEST))?;
    let form = || {
        // Read anew for each try.
        let body = Body::wrap_stream(pieces(path.to_owned()));
        let part = Part::stream_with_length(body, bytes).file_name(name.to_string());
        Form::new().text("purpose", purpose.to_owned()).part("file", part)
    };
    let response = http.post_form("files", None, form).await?;
    http.json(response).await
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
