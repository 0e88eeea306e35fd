//! Keeps addresses that a document names out of this machine and its networks.
//!
//! A name is looked up once, and the connection is made to just those addresses that were checked:
//! a name that answers differently the second time gains nothing.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};
use url::{Host, Url};

/// An address that a document may not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is not public")
    }
}

impl Error for Refused {}

/// Whether an address is one of the public internet. Everything is refused that the IANA registries
/// of special-purpose addresses do not call globally reachable, everything that carries an IPv4
/// address inside (mapped, 6to4, Teredo, NAT64), multicast, and the metadata services of clouds.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    // Azure's metadata service has a public address.
    !special && address != Ipv4Addr::new(168, 63, 129, 16)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Only 2000::/3 is global unicast: this leaves out loopback, link-local, unique local,
    // site-local, multicast, IPv4-mapped and -compatible, and both NAT64 prefixes.
    let global = a & 0xe000 == 0x2000;
    let special = match (a, b) {
        // 2001::/23: Teredo, ORCHID, benchmarking. 2001:db8::/32: documentation.
        (0x2001, b) => b < 0x0200 || b == 0x0db8,
        // 6to4.
        (0x2002, _) => true,
        // 3fff::/20: documentation.
        (0x3fff, b) => b < 0x1000,
        _ => false,
    };
    global && !special
}

/// Refuses an address that is written as a number in any form; `url` has made one of all of them.
/// Names are left to the resolver.
pub(super) fn check_literal(url: &Url) -> Result<(), Refused> {
    let public = match url.host() {
        Some(Host::Ipv4(v4)) => is_public(v4.into()),
        Some(Host::Ipv6(v6)) => is_public(v6.into()),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if public { Ok(()) } else { Err(Refused) }
}

/// Looks names up and passes on public addresses alone. One that is not public spoils the name:
/// a service that is half inside is not one to be reached from a document.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if found.iter().any(|address| !is_public(address.ip())) {
                return Err(Refused.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an error goes back to a refused address.
pub(super) fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(current) = source {
        if current.is::<Refused>() {
            return true;
        }
        source = current.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for public in [
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "2606:4700::1",
            "2a00::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    #[test]
    fn every_spelling_of_a_number_is_seen() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://①②⑦.0.0.1/",
            "http://127.0.0.1./",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[0:0:0:0:0:ffff:7f00:1]/",
        ] {
            assert!(check_literal(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
        assert!(check_literal(&Url::parse("http://1.1.1.1/").unwrap()).is_ok());
    }
}
