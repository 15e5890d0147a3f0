//! Certificate authorities for websockets, and explanations of TLS failures for the user.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::{CertificateError, ClientConfig, RootCertStore};

/// The advice for a machine without any certificate authorities.
pub(super) const NO_AUTHORITIES: &str = "cannot be verified, because no certificates can be read on \
    this machine; check SSL_CERT_FILE, or install the package ca-certificates";

/// The trusted authorities: those of this machine, or of `SSL_CERT_FILE`. Read once, off the async
/// threads, so that reopening a session neither waits for it nor needs a full handshake. `None` if
/// there are no authorities.
pub(super) async fn trusted() -> Option<Arc<ClientConfig>> {
    static TRUSTED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(trusted) = TRUSTED.get() {
        return Some(Arc::clone(trusted));
    }
    let read = tokio::task::spawn_blocking(read).await.ok()??;
    Some(Arc::clone(TRUSTED.get_or_init(|| read)))
}

fn read() -> Option<Arc<ClientConfig>> {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::debug!("skipped a certificate: {error}");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.ok()?.with_root_certificates(roots.clone()).with_no_client_auth();
    (!roots.is_empty()).then(|| Arc::new(config))
}

/// What is wrong with the encryption of a connection, as the end of a sentence about the other
/// side; `None` if `error` has another cause.
pub(super) fn trouble(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(words(tls));
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // Such an error reports its inner error's source as its own, and so hides the inner
            // error.
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

fn words(error: &rustls::Error) -> &'static str {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return if matches!(error, rustls::Error::InvalidMessage(_)) {
            "does not use TLS there; check whether its base_url starts with http or https"
        } else {
            "has no version of TLS in common with aloud; check its base_url"
        };
    };
    use CertificateError as Bad;
    if matches!(certificate, Bad::NotValidForName | Bad::NotValidForNameContext { .. }) {
        "presented a certificate for another host; fix its base_url"
    } else if matches!(
        certificate,
        Bad::Expired
            | Bad::ExpiredContext { .. }
            | Bad::NotValidYet
            | Bad::NotValidYetContext { .. }
    ) {
        "presented a certificate that is not valid today; check the clock, or have it renewed"
    } else {
        "presented a certificate from an unknown authority; check its base_url, or set \
         SSL_CERT_FILE to the file of your own authority"
    }
}
