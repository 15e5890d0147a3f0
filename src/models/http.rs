//! Downloads one file over HTTP into its `.part`, resuming an earlier attempt.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE};
use reqwest::{Client, Response, StatusCode};
use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::ModelError;
use crate::net::{self, TlsFault};

/// How long a hub may take to accept a connection; after that the package is faster.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a hub may send nothing before the connection counts as lost.
const STALL: Duration = Duration::from_secs(30);

/// What the user can check, for messages.
const ADDRESS: &str = "its address or [models] mirror";

/// How often a transfer is resumed, if each attempt brought at least a byte.
const ATTEMPTS: u32 = 8;

/// Why a source did not deliver.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody answers there, so no other file will come from there either.
    Unreachable(String),
    /// It answers, but not with this file.
    Refused(String),
    /// This machine's disk is the problem, so no other source will help.
    Disk(ModelError),
}

/// A client for the hubs.
pub(super) fn client() -> Result<Client, Failure> {
    net::client(true, || net::builder(CONNECT).read_timeout(STALL))
        .map_err(|fault| Failure::Unreachable(fault.tell(ADDRESS)))
}

/// Downloads `url`, which must have `bytes` bytes, into `part`. Returns whether some of `part` came
/// from an earlier run; `moved` receives the bytes so far.
pub(super) async fn get(
    client: &Client,
    url: &str,
    bytes: u64,
    part: &Path,
    moved: &mut (dyn FnMut(u64) + Send),
) -> Result<bool, Failure> {
    let mut resumed = false;
    let mut attempt = 0;
    loop {
        let have = usable(url, bytes, part).await;
        resumed |= have > 0 && attempt == 0;
        if have == bytes {
            return Ok(resumed);
        }
        match transfer(client, url, bytes, part, have, moved).await? {
            Outcome::Whole => return Ok(resumed),
            Outcome::Cut { done, why } => {
                attempt += 1;
                if done <= have || attempt == ATTEMPTS {
                    return Err(Failure::Refused(format!(
                        "the connection was cut after {done} of {bytes} bytes ({why})"
                    )));
                }
            }
        }
    }
}

/// Removes a part and its tag.
pub(super) async fn discard(part: &Path) {
    drop(fs::remove_file(part).await);
    drop(fs::remove_file(tag_path(part)).await);
}

enum Outcome {
    Whole,
    Cut { done: u64, why: String },
}

async fn transfer(
    client: &Client,
    url: &str,
    bytes: u64,
    part: &Path,
    have: u64,
    moved: &mut (dyn FnMut(u64) + Send),
) -> Result<Outcome, Failure> {
    let mut request = client.get(url).header(ACCEPT_ENCODING, "identity");
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-"));
        if let Some(validator) = read_tag(part).await.and_then(|tag| tag.validator) {
            request = request.header(IF_RANGE, validator);
        }
    }
    let mut response = request.send().await.map_err(|e| {
        let why = root(&e);
        if e.is_connect() || e.is_timeout() {
            Failure::Unreachable(why)
        } else {
            Failure::Refused(why)
        }
    })?;
    let start = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(have) => have,
        StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT => {
            discard(part).await;
            return Err(Failure::Refused("it cannot resume the last download".into()));
        }
        status => return Err(Failure::Refused(format!("it answered {status}"))),
    };
    if let Some(length) = response.content_length()
        && start + length != bytes
    {
        return Err(Failure::Refused(format!(
            "it offers {} bytes instead of {bytes}",
            start + length
        )));
    }
    if start == 0 {
        write_tag(part, url, &response).await?;
    }
    moved(start);
    append(&mut response, bytes, part, start, moved).await
}

/// Appends the body after the first `start` bytes of `part`. What arrived before an interruption is
/// kept.
async fn append(
    response: &mut Response,
    bytes: u64,
    part: &Path,
    start: u64,
    moved: &mut (dyn FnMut(u64) + Send),
) -> Result<Outcome, Failure> {
    let disk = |e: io::Error| Failure::Disk(ModelError::write(part, bytes, &e));
    let mut options = File::options();
    options.create(true).append(start > 0).write(true).truncate(start == 0);
    let mut out = BufWriter::with_capacity(1 << 18, options.open(part).await.map_err(disk)?);
    let mut done = start;
    let why = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                done += chunk.len() as u64;
                if done > bytes {
                    discard(part).await;
                    return Err(Failure::Refused(format!("it sends more than {bytes} bytes")));
                }
                out.write_all(&chunk).await.map_err(disk)?;
                moved(done);
            }
            Ok(None) if done == bytes => break None,
            Ok(None) => break Some("the download ended early".to_owned()),
            Err(e) => break Some(root(&e)),
        }
    };
    out.flush().await.map_err(disk)?;
    out.get_ref().sync_all().await.map_err(disk)?;
    Ok(why.map_or(Outcome::Whole, |why| Outcome::Cut { done, why }))
}

/// How many bytes of `part` can be resumed: all of them if they came from this URL and are not too
/// many.
async fn usable(url: &str, bytes: u64, part: &Path) -> u64 {
    let have = fs::metadata(part).await.map_or(0, |m| m.len());
    let ours = read_tag(part).await.is_some_and(|tag| tag.url == url);
    if ours && have <= bytes { have } else { 0 }
}

/// Where a part came from, and the validator by which the server knows that its file has not
/// changed.
struct Tag {
    url: String,
    validator: Option<String>,
}

fn tag_path(part: &Path) -> PathBuf {
    part.with_added_extension("from")
}

async fn read_tag(part: &Path) -> Option<Tag> {
    let text = fs::read_to_string(tag_path(part)).await.ok()?;
    let mut lines = text.lines().map(str::to_owned);
    Some(Tag { url: lines.next()?, validator: lines.next() })
}

async fn write_tag(part: &Path, url: &str, response: &Response) -> Result<(), Failure> {
    let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
    // RFC 9110, 13.1.5: a weak entity tag must not be used in If-Range.
    let strong = header(ETAG).filter(|tag| !tag.starts_with("W/"));
    let validator = strong.or_else(|| header(LAST_MODIFIED)).unwrap_or_default();
    let path = tag_path(part);
    let disk = |path: &Path, e: io::Error| Failure::Disk(ModelError::write(path, 0, &e));
    // The old bytes are removed before the new tag is written, so that the two never disagree.
    File::create(part).await.map_err(|e| disk(part, e))?;
    let text =
        if validator.is_empty() { format!("{url}\n") } else { format!("{url}\n{validator}\n") };
    fs::write(&path, text).await.map_err(|e| disk(&path, e))
}

fn range_start(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// What is wrong with the encryption, or else the innermost cause: a person can act on it.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(fault) = TlsFault::of(error) {
        return fault.tell(ADDRESS);
    }
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
