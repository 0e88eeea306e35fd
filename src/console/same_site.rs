//! Whether a request that changes something was sent by a page of this console.

use super::twin::Refusal;
use http::{HeaderMap, StatusCode, header, request::Parts};

fn host(parts: &Parts) -> &str {
    let named = parts.uri.authority().map(http::uri::Authority::as_str);
    named
        .or_else(|| parts.headers.get(header::HOST)?.to_str().ok())
        .unwrap_or_default()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether the browser says that its way to this server is encrypted, or a proxy before it does.
pub(super) fn encrypted(headers: &HeaderMap) -> bool {
    let origin = text(headers, "origin").unwrap_or_default();
    origin.starts_with("https://")
        || text(headers, "x-forwarded-proto").is_some_and(|scheme| scheme == "https")
}

fn loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name == "[::1]" || name.starts_with("127.")
}

/// Refuses what another site made a browser send. `Origin` has to be this console's own; browsers say
/// `Sec-Fetch-Site` wherever the way is encrypted or on this machine, and there it has to be so too.
///
/// # Errors
/// 403 for everything else.
pub(super) fn check(parts: &Parts) -> Result<(), Refusal> {
    let host = host(parts);
    let origin = text(&parts.headers, "origin").unwrap_or_default();
    let own = ["http://", "https://"]
        .iter()
        .any(|scheme| origin.strip_prefix(scheme) == Some(host))
        && !host.is_empty();
    let site = text(&parts.headers, "sec-fetch-site");
    let told = origin.starts_with("https://") || loopback(host);
    let same = match site {
        Some(site) => site == "same-origin",
        None => !told,
    };
    if own && same {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "other_site",
        "This was not sent by a page of this console.",
        "Open the page here and send it again.",
    ))
}
