//! HTTP clients, made in one way for providers, tools and downloads.
//!
//! ```text
//! builder (user agent, time to connect) ─▶ what the caller adds ─▶ client | direct ─▶ reqwest::Client
//!                                                             trusted ─▶ websockets
//! ```
//!
//! **Invariant:** every client trusts the certificates of this machine, or those of
//! `SSL_CERT_FILE`, and what is wrong with a certificate is told in the same words.
//! Deliberately absent: what is asked, and what an answer means.

mod tls;

use std::time::Duration;

use reqwest::{Client, ClientBuilder};

pub(crate) use tls::{TlsFault, secured, trusted};

/// How this program introduces itself.
const AGENT: &str = concat!("aloud/", env!("CARGO_PKG_VERSION"));

/// The beginning of a client that gives up a connection after `connect`.
pub(crate) fn builder(connect: Duration) -> ClientBuilder {
    install_crypto();
    Client::builder().user_agent(AGENT).connect_timeout(connect)
}

/// The client that `make` describes, for addresses that are `encrypted` or not.
///
/// # Errors
/// [`TlsFault::NoAuthorities`], the only reason why a client cannot be made. One that talks to
/// plain addresses does without.
pub(crate) fn client(
    encrypted: bool,
    make: impl Fn() -> ClientBuilder,
) -> Result<Client, TlsFault> {
    let made = make().build();
    let made = if made.is_err() && !encrypted { make().tls_certs_only([]).build() } else { made };
    made.map_err(|error| {
        tracing::debug!("no client: {error:?}");
        TlsFault::NoAuthorities
    })
}

/// A client for services of the user's own on plain HTTP, on this machine or near it: without
/// proxies, and without certificates, which take time and memory to read.
pub(crate) fn direct(builder: ClientBuilder) -> Client {
    // Without certificates this cannot fail; a default client would read them.
    builder.tls_certs_only([]).no_proxy().build().unwrap_or_default()
}

/// The program installs the process's only crypto provider at start; a user of the library may not
/// have.
fn install_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only if another thread was faster, and then one is installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
