//! Keeps an attempt to what its version may touch. The configuration is looked at as it is rendered, secrets
//! and sensitive inputs aside, before anything is opened or sent.

use super::{Attempt, Failed, http, input, schema_changes};
use druse_engine::capability::{Capabilities, Grant, asked, schema_digest};
use druse_engine::plan::ActionKind;
use druse_mcp::Pool;
use serde_json::json;
use url::Url;

/// The code of a step that was stopped because its tool is another than when its version was activated.
pub const TOOL_CHANGED: &str = "tool_changed";

/// Refuses what is not on the list.
pub(super) fn check(attempt: &Attempt) -> Result<(), Failed> {
    let Some(capabilities) = &attempt.capabilities else {
        return Ok(());
    };
    let Some(kind) = ActionKind::parse(&attempt.kind) else {
        return Ok(());
    };
    let with = input::object(attempt.input.value())?;
    for grant in asked(kind, with, &host) {
        // Addresses are looked at as the message has them.
        if !matches!(grant, Grant::Recipient(_)) {
            permit(capabilities, &grant)?;
        }
    }
    for place in &attempt.secrets {
        permit(capabilities, &Grant::Secret(place.name.clone()))?;
    }
    Ok(())
}

/// Refuses addresses that are not on the list.
pub(super) fn recipients(attempt: &Attempt, addresses: &[String]) -> Result<(), Failed> {
    let Some(capabilities) = &attempt.capabilities else {
        return Ok(());
    };
    for address in addresses {
        permit(capabilities, &Grant::Recipient(address.to_lowercase()))?;
    }
    Ok(())
}

/// Refuses a tool whose arguments are not those that were seen when it was listed, or when its version was activated.
/// Of one that nobody has seen the server is not asked.
pub(super) async fn tool(
    attempt: &Attempt,
    connection: &str,
    tool: &str,
    pool: &Pool,
) -> Result<(), Failed> {
    let listed = attempt.capabilities.as_ref();
    let listed = listed.map_or(Vec::new(), |list| list.schemas(connection, tool));
    let pinned = attempt
        .pins
        .iter()
        .find(|pin| pin.connection == connection && pin.tool == tool);
    if listed.is_empty() && pinned.is_none() {
        return Ok(());
    }
    let tools = pool.current_tools().await.map_err(|error| Failed {
        failure: super::mcp::failure(&error),
        retry_after_ms: None,
    })?;
    let schema = tools
        .iter()
        .find(|known| known.name == tool)
        .map(|known| &known.input_schema);
    let found = schema.map(schema_digest);
    let fits_list = listed.is_empty() || found.as_ref().is_some_and(|one| listed.contains(&one));
    if !fits_list {
        let message = match &found {
            Some(_) => format!(
                "The tool {tool:?} of {connection:?} takes other arguments than when this version was made."
            ),
            None => format!("The server of {connection:?} has no tool {tool:?} any more."),
        };
        return Err(
            Failed::permanent("capability_denied", message).details(json!({
                "kind": "tool", "connection": connection, "value": tool, "expected": listed, "found": found,
                "changes": pinned.map(|pin| schema_changes(&pin.schema, schema)),
            })),
        );
    }
    let Some(pin) = pinned.filter(|pin| found.as_ref() != Some(&pin.digest)) else {
        return Ok(());
    };
    let message = match schema {
        Some(_) => format!(
            "The tool {tool:?} of {connection:?} takes other arguments than when this version was activated; it was not called."
        ),
        None => format!("The server of {connection:?} has no tool {tool:?} any more."),
    };
    Err(Failed::permanent(TOOL_CHANGED, message).details(json!({
        "connection": connection, "tool": tool, "expected": pin.digest, "found": found,
        "changes": schema_changes(&pin.schema, schema),
    })))
}

/// The host of an address as it is asked, with its port where that is not the scheme's own.
fn host(url: &str) -> Option<String> {
    let url = http::public_url(url).ok()?;
    let name = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    })
}

fn permit(capabilities: &Capabilities, grant: &Grant) -> Result<(), Failed> {
    if capabilities.permits(grant) {
        return Ok(());
    }
    if let Grant::Host(host) = grant {
        let listed = |one: &&String| !one.contains('*') && spelled(one) == *host;
        if capabilities.hosts.iter().any(|one| listed(&one)) {
            return Ok(());
        }
    }
    let (kind, value) = (grant.kind(), grant.value());
    let over = match grant.connection() {
        Some(connection) => format!(" of {connection:?}"),
        None => String::new(),
    };
    let message =
        format!("This version may not touch the {kind} {value:?}{over}; nothing was sent.");
    Err(
        Failed::permanent("capability_denied", message).details(json!({
            "kind": kind, "list": grant.list(), "value": value, "connection": grant.connection(),
        })),
    )
}

/// A listed host in the spelling that addresses come to: names of other scripts, numbers in other forms.
fn spelled(listed: &str) -> String {
    // Each scheme leaves out its own port: asked of both, none is lost.
    let plain = |scheme: &str| Url::parse(&format!("{scheme}://{listed}/")).ok();
    match (plain("https"), plain("http")) {
        (Some(url), Some(other)) => {
            let name = url.host_str().unwrap_or_default();
            match other.port().or(url.port()) {
                Some(port) => format!("{name}:{port}"),
                None => name.to_owned(),
            }
        }
        _ => listed.to_owned(),
    }
}
