//! Reading a request's body, bounded in size and in time.

use crate::service::{App, Problem};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use std::time::Duration;
use tokio::time::Instant;

/// The longest silence of a sender in the middle of a body, and what a slow one has beside its rate.
const SILENCE: Duration = Duration::from_secs(30);

/// The fewest bytes a second, over the whole body: a drop now and then holds a connection no longer
/// than silence does.
const SLOWEST: u64 = 1024;

/// How long, and how much of, a body that nobody wants is still read.
const LINGER: Duration = Duration::from_secs(10);
const LINGER_BYTES: usize = 128 << 20;

/// Lets a client send the rest of a body that was answered early. Most look for the answer only when all
/// is sent; on a connection that was closed in the middle they would find none.
pub(crate) fn linger(app: &App, mut body: Body) {
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
pub(crate) async fn read(body: &mut Body, limit: usize) -> Result<Bytes, Problem> {
    let expected = body.size_hint().lower();
    if expected > limit as u64 {
        return Err(too_large(limit));
    }
    let begun = Instant::now();
    let mut first: Option<Bytes> = None;
    let mut rest: Option<BytesMut> = None;
    let mut held = 0;
    loop {
        if body.is_end_stream() {
            break;
        }
        let due = begun + SILENCE + Duration::from_millis(held as u64 * 1000 / SLOWEST);
        let frame = tokio::time::timeout_at(due.min(Instant::now() + SILENCE), body.frame())
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
        held += data.len();
        if held > limit {
            return Err(too_large(limit));
        }
        // Small bodies come in one piece, which is kept as it is.
        match (&mut rest, first.take()) {
            (Some(rest), _) => rest.extend_from_slice(&data),
            (None, Some(start)) => {
                let hint = usize::try_from(expected).unwrap_or(0).min(limit);
                let mut all = BytesMut::with_capacity(hint.max(held));
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

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::convert::Infallible;

    fn dripping(pieces: usize, size: usize, pause: Duration) -> Body {
        Body::from_stream(stream::unfold(0, move |sent| async move {
            if sent == pieces {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, Infallible>(Bytes::from(vec![b'x'; size])), sent + 1))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_only_drips_is_cut_and_a_slow_one_is_not() {
        let second = Duration::from_secs(1);
        let slow = read(&mut dripping(100, 2048, second), 1 << 20)
            .await
            .unwrap();
        assert_eq!(slow.len(), 100 * 2048);
        for (size, pause) in [(1, second), (1 << 10, 31 * second)] {
            let cut = read(&mut dripping(100, size, pause), 1 << 20)
                .await
                .unwrap_err();
            assert_eq!(cut.code, "body_timeout");
        }
    }
}
