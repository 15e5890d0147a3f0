//! Which machines a page may be fetched from: those on the public internet. A model may be talked
//! into fetching `http://192.168.1.1/reboot` or a cloud's metadata by the words of another page.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Url, redirect};

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// Whether `url` may be fetched as far as it tells; a name is looked at when it is resolved.
pub(super) fn allowed(url: &Url, private: bool) -> bool {
    // An address is written in one way here, whatever it was written like.
    let ip = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let host = |host: &str| private || ip(host).is_none_or(public);
    matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(host)
}

/// Follows redirects to machines that are allowed.
pub(super) fn redirects(private: bool) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTS || !allowed(attempt.url(), private) {
            attempt.error("a redirect to a place that is not allowed")
        } else {
            attempt.follow()
        }
    })
}

/// Resolves names to public addresses only. The connection is made to what was looked at here, so a
/// name that changes its address in between gains nothing.
#[derive(Debug)]
pub(super) struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let all = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let all: Vec<SocketAddr> = all.filter(|address| public(address.ip())).collect();
            match all.is_empty() {
                true => Err("the name belongs to no public address".into()),
                false => Ok(Box::new(all.into_iter()) as Addrs),
            }
        })
    }
}

/// The resolver of a client that stays on the public internet.
pub(super) fn resolver() -> Arc<PublicNames> {
    Arc::new(PublicNames)
}

/// Whether `ip` is on the public internet, by IANA's registries of special addresses.
fn public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => match (ip.to_ipv4_mapped(), ip.segments()) {
            (Some(ip), _) => public_v4(ip),
            // Translated to IPv4, which is in the last two.
            (None, [0x64, 0xff9b, 0, 0, 0, 0, high, low]) => {
                public_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
            }
            (None, _) => public_v6(ip),
        },
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        // "This network", carriers' own, protocol assignments, benchmarks, and the reserved rest.
        [0, ..] | [192, 0, 0, _] | [198, 18 | 19, ..] | [240..=255, ..] => true,
        [100, second, ..] => (64..128).contains(&second),
        _ => false,
    };
    !(special
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || ip.is_broadcast())
}

fn public_v6(ip: Ipv6Addr) -> bool {
    // Everything that is assigned to the public is in 2000::/3.
    let [first, second, ..] = ip.segments();
    (0x2000..0x4000).contains(&first) && !(first == 0x2001 && matches!(second, 0..0x200 | 0xdb8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for ip in ["9.9.9.9", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(public(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2001:db8::1",
        ] {
            assert!(!public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn addresses_are_looked_at_however_they_are_written() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]:8080/",
            "file:///etc/passwd",
            "ftp://example.org/",
        ] {
            assert!(!allowed(&Url::parse(url).unwrap(), false), "{url}");
        }
        assert!(allowed(&Url::parse("https://example.org/a?b").unwrap(), false));
        assert!(allowed(&Url::parse("http://192.168.1.1/").unwrap(), true));
    }
}
