//! Certificate authorities for websockets, and explanations of TLS failures for the user.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The trusted authorities: those of this machine, or of `SSL_CERT_FILE`. Read once, off the async
/// threads, so that reopening a session neither waits for it nor needs a full handshake. `None` if
/// there are no authorities.
pub(crate) async fn trusted() -> Option<Arc<ClientConfig>> {
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

/// `stream`, encrypted, to the server `host`, whose certificate is checked.
///
/// # Errors
/// What is wrong with the encryption, or with the connection.
pub(crate) async fn secured(
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Result<TlsFault, io::Error>> {
    let config = trusted().await.ok_or(Ok(TlsFault::NoAuthorities))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Ok(TlsFault::OtherHost))?;
    let made = TlsConnector::from(config).connect(name, stream).await;
    made.map_err(|error| TlsFault::of(&error).ok_or(error))
}

/// What is wrong with the encryption of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsFault {
    /// This machine knows no certificate authorities.
    NoAuthorities,
    /// The other side does not encrypt.
    Plain,
    /// The other side has no common version or method.
    NoCommonVersion,
    /// The certificate is for another host.
    OtherHost,
    /// The certificate has expired, or is not valid yet.
    NotToday,
    /// The certificate is from an unknown authority.
    UnknownAuthority,
}

impl TlsFault {
    /// What is wrong, if `error` is about encryption.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Some(Self::of_tls(tls));
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

    fn of_tls(error: &rustls::Error) -> Self {
        use CertificateError as Bad;
        let rustls::Error::InvalidCertificate(certificate) = error else {
            let plain = matches!(error, rustls::Error::InvalidMessage(_));
            return if plain { Self::Plain } else { Self::NoCommonVersion };
        };
        if matches!(certificate, Bad::NotValidForName | Bad::NotValidForNameContext { .. }) {
            Self::OtherHost
        } else if matches!(
            certificate,
            Bad::Expired
                | Bad::ExpiredContext { .. }
                | Bad::NotValidYet
                | Bad::NotValidYetContext { .. }
        ) {
            Self::NotToday
        } else {
            Self::UnknownAuthority
        }
    }

    /// The end of a sentence about the other side, whose address the user finds in `setting`, such
    /// as "its base_url".
    pub(crate) fn tell(self, setting: &str) -> String {
        match self {
            Self::NoAuthorities => "cannot be verified, because no certificates can be read on \
                this machine; check SSL_CERT_FILE, or install the package ca-certificates"
                .to_owned(),
            Self::Plain => {
                format!("does not use TLS there; check whether {setting} starts with http or https")
            }
            Self::NoCommonVersion => {
                format!("has no version of TLS in common with aloud; check {setting}")
            }
            Self::OtherHost => format!("presented a certificate for another host; fix {setting}"),
            Self::NotToday => "presented a certificate that is not valid today; check the clock, \
                or have it renewed"
                .to_owned(),
            Self::UnknownAuthority => format!(
                "presented a certificate from an unknown authority; check {setting}, or set \
                 SSL_CERT_FILE to the file of your own authority"
            ),
        }
    }
}
