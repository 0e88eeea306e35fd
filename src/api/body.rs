//! Reading a request's body, bounded in size and in time.

use crate::service::{App, Problem};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use std::time::Duration;

/// The longest silence of a sender in the middle of a body.
const SILENCE: Duration = Duration::from_secs(30);

/// How long, and how much of, a body that nobody wants is still read.
const LINGER: Duration = Duration::from_secs(10);
const LINGER_BYTES: usize = 128 << 20;

/// Lets a client send the rest of a body that was answered early. Most look for the answer only when all
/// is sent; on a connection that was closed in the middle they would find none.
pub(super) fn linger(app: &App, mut body: Body) {
    if body.is_end_stream() {
        return;
    }
    let engine = app.engine.clone();
    tokio::spawn(async move {
        let mut left = LINGER_BYTES;
        let rest = async {
            while let Some(Ok(frame)) = body.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(length) {
                    Some(less) => left = less,
                    None => return,
                }
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(LINGER, rest) => {}
            () = engine.closing() => {}
        }
    });
}

/// Reads a whole body of at most `limit` bytes. When it is refused, the rest of it is still there.
pub(super) async fn read(body: &mut Body, limit: usize) -> Result<Bytes, Problem> {
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
