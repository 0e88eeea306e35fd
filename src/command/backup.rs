//! `druse backup`.

use super::progress::Busy;
use super::{Done, print};
use crate::backup::{self, Restore};
use crate::cli::{Backups, Output, Target};
use crate::client::{Client, EXIT_CONFIG, EXIT_DATA, Failure};
use crate::command::print::talk;
use crate::runtime::clock;
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) async fn backup(what: Backups, target: &Target) -> Done {
    match what {
        Backups::Create { place, with_key } => create(&place, with_key, target).await,
        Backups::Restore { file, key } => restore(&file, key.as_deref(), target),
    }
}

async fn create(place: &Path, with_key: bool, target: &Target) -> Done {
    let file = named(place);
    if file.exists() {
        return Err(Failure::usage(
            format!("{} is there already.", file.display()),
            "Name another file, or a folder.",
        ));
    }
    placed(&file, target)?;
    let mut part = file.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let client = Client::connect(target).await?;
    let busy = Busy::new("copying");
    let made = copied(&client, &part, with_key).await;
    drop(busy);
    client.end().await;
    let put = made.and_then(|manifest| {
        // Only what is whole has the name.
        fs::rename(&part, &file).map_err(|error| Failure::io(&file, &error))?;
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| Failure::io(folder, &error))?;
        Ok(manifest)
    });
    if put.is_err() {
        let _ = fs::remove_file(&part);
    }
    let manifest = put?;
    let bytes = fs::metadata(&file).map_or(0, |found| found.len());
    match target.output {
        Output::Json => print::json(&told(&manifest, &file, json!({ "bytes": bytes }))),
        Output::Text => print::line(&format!(
            "{}: {}, {}, up to record {}",
            file.display(),
            print::count(&json!(manifest.files.len()), "file"),
            print::count(&json!(bytes), "byte"),
            manifest.head.number
        )),
    }
    if with_key {
        talk!("The key of the secrets is in it: whoever has this file has every secret.");
    } else {
        talk!(
            "The key of the secrets (secret.key in the data folder) is not in it. Keep a copy elsewhere: without it, secrets and sensitive inputs cannot be read again."
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The file that is meant; in a folder, one named by the time.
fn named(place: &Path) -> PathBuf {
    let folder = place.is_dir() || place.as_os_str().to_string_lossy().ends_with('/');
    if !folder {
        return place.to_owned();
    }
    let time: String = clock::now()
        .to_string()
        .chars()
        .filter(|letter| !matches!(letter, '-' | ':' | '.'))
        .collect();
    place.join(format!("druse-{time}.tar"))
}

/// Whether a backup may go there: into a folder that is there, and not into the one that is copied.
fn placed(file: &Path, target: &Target) -> Result<(), Failure> {
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(Failure::usage(
            format!("There is no folder {}.", folder.display()),
            "Make it first, or check the path: a backup in a mistyped place is found by nobody.",
        ));
    }
    let within = |data: &Path| {
        let (Ok(folder), Ok(data)) = (folder.canonicalize(), data.canonicalize()) else {
            return false;
        };
        folder.starts_with(data)
    };
    // With a server elsewhere there is no such folder here, or it is another one.
    if target.server.is_none() && within(&target.data) {
        return Err(Failure::usage(
            format!("{} is within the data folder.", file.display()),
            "Name a place outside of it: what goes wrong with the folder must not take the backup along.",
        ));
    }
    Ok(())
}

/// Takes a backup into a file, and reads it back to its end.
async fn copied(client: &Client, part: &Path, with_key: bool) -> Result<backup::Manifest, Failure> {
    let io = |error: std::io::Error| Failure::io(part, &error);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(part)
        .map_err(io)?;
    let body = json!({ "with_key": with_key });
    client
        .download("/store/backup", &body, &mut file, part)
        .await?;
    file.sync_all().map_err(io)?;
    backup::check(part, |_, _| Ok(())).map_err(|error| failure(&error))
}

fn told(manifest: &backup::Manifest, file: &Path, more: Value) -> Value {
    let mut told = json!({
        "file": file,
        "format": manifest.format,
        "druse_version": manifest.druse_version,
        "created_at": manifest.created_at,
        "head": manifest.head,
        "with_key": manifest.with_key,
        "files": manifest.files.len(),
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        told[name] = value.clone();
    }
    told
}

fn failure(error: &Restore) -> Failure {
    match error {
        Restore::NotEmpty(_) => Failure::new(
            EXIT_CONFIG,
            "not_empty",
            format!("{error}."),
            "Restore into a new folder, and move it afterwards.",
        ),
        Restore::NewerFormat(_) => Failure::new(
            EXIT_CONFIG,
            "newer_format",
            format!("{error}."),
            "Use a newer version.",
        ),
        Restore::Damaged(_) => Failure::new(
            EXIT_DATA,
            "damaged_backup",
            format!("{error}."),
            "Nothing was changed. Take another backup.",
        ),
        Restore::WrongKey(_) => Failure::new(
            EXIT_CONFIG,
            "wrong_key",
            format!("{error}."),
            "Give the secret.key of the folder that the backup was made of. Nothing was restored.",
        ),
        Restore::Io(error) => Failure::new(
            crate::client::EXIT_IO,
            "io",
            format!("{error}."),
            "Check the paths, their permissions and the disk.",
        ),
    }
}

fn restore(file: &Path, key: Option<&Path>, target: &Target) -> Done {
    let busy = Busy::new("restoring");
    let restored = backup::restore(file, &target.data, key);
    drop(busy);
    let restored = restored.map_err(|error| failure(&error))?;
    let report = &restored.report;
    match target.output {
        Output::Json => print::json(&told(
            &restored.manifest,
            file,
            json!({ "data": target.data, "runs": report.runs, "has_key": restored.has_key }),
        )),
        Output::Text => print::line(&format!(
            "{}: {}, up to record {}, as of {}; everything is whole",
            target.data.display(),
            print::count(&json!(report.runs), "run"),
            report.head,
            restored.manifest.created_at
        )),
    }
    if !restored.has_key {
        talk!(
            "The key of the secrets was not in the backup. Put the secret.key of the old folder into {} before a server starts there; where secrets are stored, it does not start without it.",
            target.data.display()
        );
    }
    talk!(
        "What went on when the backup was made goes on from there, with the same idempotency keys. What was done since is not known to it and may be done again: do not run both."
    );
    Ok(ExitCode::SUCCESS)
}
