//! A copy of everything, streamed to whoever asks for it.

use super::super::{answer::Reply, call::Call, route::Answer};
use crate::backup::{Backup, MEDIA};
use axum::body::Body;
use bytes::Bytes;
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use std::io::{self, BufWriter, Write};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Pieces that may wait for the caller.
const WAITING: usize = 8;
/// The longest of them.
const PIECE: usize = 256 << 10;

/// How long a caller may take for one of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a backup is made.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct BackupBody {
    /// Whether the key of the secrets goes along. With it, whoever has the backup has every secret.
    #[serde(default)]
    with_key: bool,
}

pub(in crate::api) async fn create(call: Call) -> Answer {
    let body: BackupBody = call.json()?;
    let backup = Backup {
        with_key: body.with_key,
    };
    backup.announce(&call.app, &call.who).await?;
    let (pieces, taken) = mpsc::channel(WAITING);
    let app = call.app.clone();
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let out = BufWriter::with_capacity(
            PIECE,
            Pipe {
                pieces: pieces.clone(),
                runtime,
            },
        );
        if let Err(error) = backup.write(&app, out) {
            tracing::error!(%error, "a backup was not made");
            // Whoever reads sees that it is cut, and not just an end.
            let _ = pieces.try_send(Err(error));
        }
    });
    let stream = futures_util::stream::unfold(taken, |mut taken| async {
        let piece: io::Result<Bytes> = taken.recv().await?;
        Some((piece, taken))
    });
    Ok(
        Reply::of(StatusCode::OK, MEDIA, Body::from_stream(stream)).with(
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"druse-backup.tar\"",
        ),
    )
}

/// Hands on what is written, to a caller who takes it.
struct Pipe {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(PIECE)];
        let send = self.pieces.send(Ok(Bytes::copy_from_slice(piece)));
        // Meanwhile no space of the log comes back.
        let sent = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, send).await });
        match sent {
            Ok(Ok(())) => Ok(piece.len()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
