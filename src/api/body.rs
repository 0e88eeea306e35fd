//! Reading a request's body, bounded in size and in time.

use crate::service::Problem;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use std::time::Duration;

/// The longest silence of a sender in the middle of a body.
const SILENCE: Duration = Duration::from_secs(30);

/// Reads a whole body of at most `limit` bytes.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let expected = body.size_hint().lower();
    if expected > limit as u64 {
        return Err(too_large(limit));
    }
    let mut first: Option<Bytes> = None;
    let mut rest: Option<BytesMut> = None;
    loop {
        if body.is_end_stream() {
            break;
        }
        let frame = tokio::time::timeout(SILENCE, body.frame())
            .await
            .map_err(|_| {
                Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "body_timeout",
                    "The body did not come in time.",
                    "Send it without long pauses.",
                )
            })?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| {
            Problem::bad_request(
                "body_cut",
                "The body ended too early.",
                "Send it again, whole.",
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let held = rest
            .as_ref()
            .map(BytesMut::len)
            .or(first.as_ref().map(Bytes::len))
            .unwrap_or(0);
        if held + data.len() > limit {
            return Err(too_large(limit));
        }
        // Small bodies come in one piece, which is kept as it is.
        match (&mut rest, first.take()) {
            (Some(rest), _) => rest.extend_from_slice(&data),
            (None, Some(start)) => {
                let hint = usize::try_from(expected).unwrap_or(0).min(limit);
                let mut all = BytesMut::with_capacity(hint.max(held + data.len()));
                all.extend_from_slice(&start);
                all.extend_from_slice(&data);
                rest = Some(all);
            }
            (None, None) => first = Some(data),
        }
    }
    Ok(rest.map(BytesMut::freeze).or(first).unwrap_or_default())
}

fn too_large(limit: usize) -> Problem {
    let shown = match limit {
        limit if limit >= 1 << 20 => format!("{} MiB", limit >> 20),
        limit => format!("{} KiB", limit >> 10),
    };
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("The body is longer than {shown}."),
        "Send less, or in parts.",
    )
}
