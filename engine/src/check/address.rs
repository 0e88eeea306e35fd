//! Addresses that a document may not name: only a connection, which an admin sets up, may reach them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the host that a URL names by itself is loopback, private or link-local. Names that resolve to
/// such addresses are caught when the call is made.
pub(super) fn is_internal(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host_port = authority.rsplit('@').next().unwrap_or_default();
    let host = match host_port.strip_prefix('[') {
        Some(inside) => inside.split(']').next().unwrap_or_default(),
        None => host_port.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host == "localhost"
        || [".localhost", ".local", ".internal", ".home.arpa"]
            .iter()
            .any(|suffix| host.ends_with(suffix))
    {
        return true;
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        return match ip {
            IpAddr::V4(ip) => internal_v4(ip),
            IpAddr::V6(ip) => internal_v6(ip),
        };
    }
    number(&host).is_some_and(internal_v4)
}

/// The short, octal and hexadecimal forms of IPv4 that clients take (127.1, 0x7f000001, 2130706433).
fn number(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = host
        .split('.')
        .map(|part| {
            if let Some(hex) = part.strip_prefix("0x") {
                u32::from_str_radix(if hex.is_empty() { "0" } else { hex }, 16).ok()
            } else if part.len() > 1 && part.starts_with('0') {
                u32::from_str_radix(part, 8).ok()
            } else {
                part.parse().ok()
            }
        })
        .collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    let mut value: u32 = 0;
    for (index, part) in first.iter().enumerate() {
        value |= part << (24 - 8 * index);
    }
    let room = 32 - 8 * first.len();
    if room < 32 && *last >= (1 << room) {
        return None;
    }
    Some(Ipv4Addr::from(value | last))
}

fn internal_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_broadcast()
        || ip.is_multicast()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
}

fn internal_v6(ip: Ipv6Addr) -> bool {
    if let Some(inner) = ip.to_ipv4_mapped() {
        return internal_v4(inner);
    }
    let first = ip.segments()[0];
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
        || ip.to_ipv4().is_some_and(internal_v4)
}
