//! `druse fmt`.

use super::{Done, document, print};
use crate::cli::Fmt;
use crate::client::{EXIT_FAILED, Failure};
use crate::command::print::talk;
use druse_engine::definition::{self, Syntax, to_yaml};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn fmt(args: &Fmt) -> Done {
    let mut differs = false;
    for path in &args.files {
        let loaded = document::load(path)?;
        let syntax = document::syntax_of(path);
        if syntax == Syntax::Yaml && has_comments(&loaded.text) {
            let message = format!(
                "{} holds comments, which the usual form would lose.",
                path.display()
            );
            if args.check {
                talk!("{message}\n  It is passed over.");
                continue;
            }
            return Err(Failure::data(
                "comments",
                message,
                "Remove them, or keep the file as it is; it is not changed.",
            ));
        }
        let formatted = match syntax {
            Syntax::Json => {
                serde_json::to_string_pretty(&loaded.document)
                    .map_err(|error| Failure::internal(&error))?
                    + "\n"
            }
            Syntax::Yaml => to_yaml(&loaded.document),
        };
        if formatted == loaded.text {
            continue;
        }
        differs = true;
        if args.check {
            print::line(&format!("{} would change", path.display()));
        } else {
            replace(path, &formatted)?;
            print::line(&format!("{} is formatted", path.display()));
        }
    }
    Ok(if args.check && differs {
        ExitCode::from(EXIT_FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

/// A comment that a person wrote: any but the schema's.
fn has_comments(text: &str) -> bool {
    definition::comments(text)
        .iter()
        .any(|comment| !comment.contains("yaml-language-server"))
}

/// Writes beside and renames, so that a crash leaves the old file or the new one.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let written = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(|error| Failure::io(path, &error))
}
