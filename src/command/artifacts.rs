//! `druse runs artifacts` and `druse runs artifact`.

use super::print::{self, talk};
use crate::cli::{Artifact, Output};
use crate::client::{Client, EXIT_DATA, Failure, encode};
use crate::console::shown;
use druse_engine::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The files of a run, all of them.
pub(super) async fn list(client: &Client, run: &str, output: Output) -> Result<Value, Failure> {
    let items = client
        .list(&format!("/runs/{}/artifacts", encode(run)), usize::MAX)
        .await?;
    if output == Output::Text {
        let fields = ["name", "step", "bytes", "media_type", "digest"];
        print::table(
            &["NAME", "STEP", "BYTES", "MEDIA TYPE", "DIGEST"],
            &print::rows(&items, &fields),
        );
    }
    Ok(json!(items))
}

/// Takes a file of a run, and compares it with its digest.
pub(super) async fn take(client: &Client, what: &Artifact, output: Output) -> Result<(), Failure> {
    let run = encode(&what.run);
    let items = client
        .list(&format!("/runs/{run}/artifacts"), usize::MAX)
        .await?;
    let wanted = |item: &&Value| {
        item["name"] == what.name.as_str()
            && what
                .step
                .as_ref()
                .is_none_or(|step| item["step"] == step.as_str())
    };
    let found: Vec<&Value> = items.iter().filter(wanted).collect();
    let mut path = format!("/runs/{run}/artifacts/{}", encode(&what.name));
    // Where it is not clear which one is meant, the server says so.
    if let [one] = found.as_slice() {
        path.push_str(&format!(
            "?step={}",
            encode(one["step"].as_str().unwrap_or_default())
        ));
    } else if let Some(step) = &what.step {
        path.push_str(&format!("?step={}", encode(step)));
    }
    let digest = found.first().and_then(|one| one["digest"].as_str());
    let digest = digest.and_then(Digest::parse);
    if what.file.as_deref() == Some(Path::new("-")) {
        let mut out = Checked::new(io::stdout().lock());
        client.fetch(&path, &mut out, Path::new("stdout")).await?;
        out.flush()
            .map_err(|error| Failure::io(Path::new("stdout"), &error))?;
        return out.compare(digest.as_ref()).map(drop);
    }
    let file = what
        .file
        .clone()
        .unwrap_or_else(|| PathBuf::from(&what.name));
    if what.file.is_none() && file.exists() {
        return Err(Failure::usage(
            format!("{} is there already.", file.display()),
            "Say `-o FILE`.",
        ));
    }
    // Beside it, under a name that nobody has: what is there already is not touched.
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut part = tempfile::Builder::new()
        .prefix(".druse-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(|error| Failure::io(&file, &error))?;
    let bytes = write(client, &path, &mut part, digest.as_ref()).await?;
    // Only what is whole has the name.
    let put = match what.file {
        Some(_) => part.persist(&file),
        None => part.persist_noclobber(&file),
    };
    put.map_err(|error| Failure::io(&file, &error.error))?;
    match output {
        Output::Json => print::json(&json!({ "file": file, "bytes": bytes, "digest": digest })),
        Output::Text => talk!(
            "{}: {}",
            shown(&file.display().to_string()),
            print::count(&json!(bytes), "byte")
        ),
    }
    Ok(())
}

async fn write(
    client: &Client,
    path: &str,
    part: &mut NamedTempFile,
    digest: Option<&Digest>,
) -> Result<u64, Failure> {
    let name = part.path().to_owned();
    let mut out = Checked::new(part.as_file_mut());
    client.fetch(path, &mut out, &name).await?;
    out.out
        .sync_all()
        .map_err(|error| Failure::io(&name, &error))?;
    out.compare(digest)
}

/// Writes, and knows the digest of what was written.
struct Checked<W> {
    out: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Checked<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    fn compare(self, digest: Option<&Digest>) -> Result<u64, Failure> {
        let came = Digest::from_bytes(self.hash.finalize().into());
        match digest {
            Some(digest) if *digest != came => Err(Failure::new(
                EXIT_DATA,
                "artifact_damaged",
                "What came is not the artifact.",
                "Try again; `druse verify` says whether it is damaged in the store.",
            )),
            _ => Ok(self.bytes),
        }
    }
}

impl<W: Write> Write for Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
