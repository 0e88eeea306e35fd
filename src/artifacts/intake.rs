//! What comes in pieces, written by a thread that may wait for the disk.

use super::Files;
use crate::action::Failed;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Pieces that may wait.
const WAITING: usize = 8;

enum Piece {
    Bytes(Bytes),
    /// Nothing more comes. Without it nothing is kept.
    End,
}

/// An artifact on its way from the network to the disk.
pub struct Intake {
    pieces: mpsc::Sender<Piece>,
    writer: JoinHandle<Result<Option<Value>, Failed>>,
}

impl Intake {
    /// Begins an artifact.
    pub fn new(files: &Files, name: &str, media_type: &str) -> Self {
        let (pieces, mut taken) = mpsc::channel(WAITING);
        let (files, name) = (files.clone(), name.to_owned());
        let media_type = media_type.to_owned();
        let writer = tokio::task::spawn_blocking(move || {
            let mut new = files.begin(&name, &name, &media_type, false)?;
            while let Some(piece) = taken.blocking_recv() {
                match piece {
                    Piece::Bytes(bytes) => new.write(&bytes)?,
                    Piece::End => return new.finish().map(Some),
                }
            }
            Ok(None)
        });
        Self { pieces, writer }
    }

    /// Takes the next piece; false when it is refused, and [`Intake::finish`] says why.
    pub async fn push(&self, bytes: Bytes) -> bool {
        self.pieces.send(Piece::Bytes(bytes)).await.is_ok()
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn finish(self) -> Result<(), Failed> {
        let _ = self.pieces.send(Piece::End).await;
        drop(self.pieces);
        match self.writer.await {
            Ok(done) => done.map(|_| ()),
            Err(_) => Err(Failed::permanent(
                "internal_error",
                "Keeping the artifact ended by a defect of Druse. The log says more.",
            )),
        }
    }
}
