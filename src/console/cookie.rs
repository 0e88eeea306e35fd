//! The cookie of a session.

use http::{HeaderMap, header};

const PLAIN: &str = "druse_session";
const SECURE: &str = "__Host-druse_session";

/// What a browser sent of its session.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut plain = None;
    for (name, value) in pairs {
        match name {
            SECURE => return Some(value),
            PLAIN => plain = plain.or(Some(value)),
            _ => {}
        }
    }
    plain
}

/// The header that makes a browser keep it. `Lax`, so that a link in a mail opens its page signed in; what
/// changes something looks at where it comes from in any case.
pub(super) fn set(session: &str, encrypted: bool) -> String {
    match encrypted {
        true => format!("{SECURE}={session}; Path=/; HttpOnly; SameSite=Lax; Secure"),
        false => format!("{PLAIN}={session}; Path=/; HttpOnly; SameSite=Lax"),
    }
}

/// The header that makes a browser forget it.
pub(super) fn clear(encrypted: bool) -> String {
    format!("{}; Max-Age=0", set("", encrypted))
}
