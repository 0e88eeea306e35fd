//! Files of a run: listed, and taken.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use crate::artifacts::extension;
use crate::client::encode;
use crate::service::{ArtifactView, Problem};
use axum::body::Body;
use bytes::Bytes;
use druse_engine::RunId;
use http::{HeaderValue, StatusCode, header};
use std::fs::File;
use std::io::{self, Read as _};

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

pub(in crate::api) async fn list(call: Call) -> Answer {
    let run: RunId = call.id("id", "run")?;
    let page = call.page()?;
    let view = call.app.run_view(run).await?;
    let after: usize = match &page.after {
        Some(after) => after.parse().map_err(|_| {
            Problem::bad_request(
                "bad_query",
                "`cursor` in the address is none of a list of artifacts.",
                "Take the `next_cursor` of the page before.",
            )
        })?,
        None => 0,
    };
    let numbered = view.artifacts.into_iter().enumerate().skip(after);
    let items = numbered.take(page.limit + 1);
    // The cursor is the number of items before the next page.
    let items: Vec<(String, ArtifactView)> = items
        .map(|(number, artifact)| ((number + 1).to_string(), artifact))
        .collect();
    ok(&page.answer(items))
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let run: RunId = call.id("id", "run")?;
    let view = call.app.run_view(run).await?;
    let artifact = view
        .artifact(call.param("name"), call.query.get("step"))?
        .clone();
    let app = call.app.clone();
    let digest = artifact.digest.clone();
    let file = call
        .app
        .off_thread(move || app.artifact_file(&digest))
        .await?;
    let media = HeaderValue::from_str(&artifact.media_type);
    let media = media.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let reply = Reply {
        status: StatusCode::OK,
        headers: vec![(header::CONTENT_TYPE, media)],
        body: Body::from_stream(pieces(file)),
    };
    Ok(reply
        .with(header::CONTENT_LENGTH, &artifact.bytes.to_string())
        .with(header::CONTENT_DISPOSITION, &disposition(&artifact))
        // What a step has left is shown by no browser as if it were a page of this server.
        .with(
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'",
        )
        .tagged(&format!("\"{}\"", artifact.digest.hex())))
}

/// The name of the file that people get, as RFC 6266 writes it.
fn disposition(artifact: &ArtifactView) -> String {
    let mut name = artifact.name.clone();
    if !name.contains('.')
        && let Some(ending) = extension(&artifact.media_type)
    {
        name = format!("{name}.{ending}");
    }
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            ' '..='~' if !matches!(letter, '"' | '\\' | '%') => letter,
            _ => '_',
        })
        .collect();
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        encode(&name)
    )
}

/// What is in a file, read by threads that may wait for the disk.
fn pieces(file: File) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    futures_util::stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; PIECE];
            let count = file.read(&mut piece)?;
            piece.truncate(count);
            Ok::<_, io::Error>((piece, file))
        });
        match read
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
        {
            Ok((piece, _)) if piece.is_empty() => None,
            Ok((piece, file)) => Some((Ok(Bytes::from(piece)), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::{Digest, Timestamp};

    #[test]
    fn names_become_names_of_files_and_nothing_else() {
        let of = |name: &str, media_type: &str| {
            disposition(&ArtifactView {
                name: name.into(),
                step: "a".into(),
                media_type: media_type.into(),
                bytes: 0,
                digest: Digest::of(b""),
                created_at: Timestamp(0),
                kept_from: None,
            })
        };
        assert_eq!(
            of("report", "application/pdf"),
            "attachment; filename=\"report.pdf\"; filename*=UTF-8''report.pdf"
        );
        assert_eq!(
            of("Größe 1.csv", "text/csv"),
            "attachment; filename=\"Gr__e 1.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.csv"
        );
    }
}
