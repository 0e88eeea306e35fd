//! What an answer comes to.

use super::send_failure;
use crate::action::{Failed, attempt::Performed};
use crate::artifacts::{Files, Intake, media_type};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use druse_engine::definition::FailureClass;
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, LOCATION, RETRY_AFTER},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Bytes of an unsuccessful answer's body that a failure shows.
const EXCERPT: usize = 2_000;
/// The longest wait that the other side may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// An answer in short.
pub(super) fn summary(answer: &reqwest::Response) -> String {
    let kind = answer.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok());
    let kind = kind.map(|kind| format!(", {kind}")).unwrap_or_default();
    let length = answer.content_length();
    let length = length
        .map(|bytes| format!(", {bytes} bytes"))
        .unwrap_or_default();
    format!("{}{kind}{length}", answer.status())
}

pub(super) async fn read(
    mut answer: reqwest::Response,
    largest: usize,
    limit: Duration,
) -> Performed {
    let (status, headers) = (answer.status(), answer.headers().clone());
    if !status.is_success() {
        let mut body = Vec::new();
        // What the failure shows is worth little: an error here changes nothing.
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= EXCERPT {
                body.truncate(EXCERPT);
                break;
            }
        }
        return Err(refused(status, &headers, &body));
    }
    let too_large = || {
        Failed::permanent(
            "output_too_large",
            format!("The body of the answer is larger than {largest} bytes."),
        )
        .details(json!({ "limit": largest, "status": status.as_u16() }))
    };
    let announced = answer.content_length().unwrap_or(0);
    if usize::try_from(announced).is_ok_and(|length| length > largest) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| Failed::from(send_failure(&error, limit)))?
    {
        if body.len() + chunk.len() > largest {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    let mut output = Map::new();
    output.insert("status".into(), status.as_u16().into());
    output.insert("headers".into(), shown(&headers));
    let (key, value) = content(&headers, body);
    output.insert(key.into(), value);
    Ok(Value::Object(output).into())
}

/// Keeps the body of a successful answer as an artifact.
pub(super) async fn save(
    mut answer: reqwest::Response,
    name: &str,
    files: &Files,
    limit: Duration,
) -> Performed {
    let (status, headers) = (answer.status(), answer.headers().clone());
    if !status.is_success() {
        return read(answer, EXCERPT, limit).await;
    }
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_else(|| media_type(name));
    let intake = Intake::new(files, name, kind);
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| Failed::from(send_failure(&error, limit)))?
    {
        if !intake.push(chunk).await {
            break;
        }
    }
    intake.finish().await?;
    let mut output = Map::new();
    output.insert("status".into(), status.as_u16().into());
    output.insert("headers".into(), shown(&headers));
    Ok(Value::Object(output).into())
}

fn content(headers: &HeaderMap, body: Vec<u8>) -> (&'static str, Value) {
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let is_json =
        essence == "application/json" || essence == "text/json" || essence.ends_with("+json");
    if is_json && let Ok(value) = serde_json::from_slice(&body) {
        return ("json", value);
    }
    if kind.contains("charset=iso-8859-1") {
        return (
            "text",
            body.iter()
                .map(|&byte| char::from(byte))
                .collect::<String>()
                .into(),
        );
    }
    match String::from_utf8(body) {
        Ok(text) => ("text", text.into()),
        Err(other) => ("base64", STANDARD.encode(other.as_bytes()).into()),
    }
}

/// Names in lower case; what came several times is a list.
fn shown(headers: &HeaderMap) -> Value {
    let mut shown = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let mut values: Vec<Value> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into())
            .collect();
        let value = match values.len() {
            1 => values.remove(0),
            _ => Value::Array(values),
        };
        shown.insert(name.as_str().into(), value);
    }
    Value::Object(shown)
}

fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failed {
    let class = match status.as_u16() {
        408 | 425 | 429 | 500..=599 => FailureClass::Retryable,
        _ => FailureClass::Permanent,
    };
    let mut details = json!({
        "status": status.as_u16(),
        "body": String::from_utf8_lossy(body),
    });
    let message = if status.is_redirection() {
        if let Some(to) = headers.get(LOCATION).and_then(|to| to.to_str().ok()) {
            details["location"] = to.into();
        }
        format!("The service answered {status}, and redirects are not followed.")
    } else {
        format!("The service answered {status}.")
    };
    let mut failed = Failed::new(class, "http_status", message).details(details);
    let asked = headers.get(RETRY_AFTER).and_then(|wait| wait.to_str().ok());
    failed.retry_after_ms = asked.and_then(|wait| wait_of(wait, Timestamp::now()));
    failed
}

/// A `Retry-After` in milliseconds: seconds, or a date (RFC 9110, 10.2.3).
pub(crate) fn wait_of(text: &str, now: Timestamp) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number that is too large for any clock is a long wait, too.
    let seconds = is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX));
    let wait = match seconds {
        Some(seconds) => Duration::from_secs(seconds),
        None => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new()
                .parse_timestamp(text)
                .ok()?;
            let wait = date.as_millisecond().saturating_sub(now.as_millisecond());
            Duration::from_millis(u64::try_from(wait).unwrap_or(0))
        }
    };
    u64::try_from(wait.min(LONGEST_WAIT).as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_seconds_or_dates() {
        let now = "2026-11-24T04:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("120", Some(120_000)),
            (" 0 ", Some(0)),
            ("Tue, 24 Nov 2026 04:00:05 GMT", Some(5_000)),
            ("Tue, 24 Nov 2026 03:00:00 GMT", Some(0)),
            ("99999999999", Some(86_400_000)),
            ("99999999999999999999999", Some(86_400_000)),
            ("", None),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(wait_of(text, now), expected, "{text}");
        }
    }
}
