//! The hidden verbs behind the examples: their tools as a server of their own, and their recordings.

use super::scratch::is_free;
use super::{Done, print};
use crate::client::Failure;
use crate::example::{self, Example, World};
use futures_util::FutureExt as _;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

pub(super) async fn tools(root: PathBuf) -> Done {
    let world = Arc::new(World { root });
    let offered = example::tools()
        .into_iter()
        .map(|tool| druse_mcp::Tool {
            name: tool.name.into(),
            description: tool.description.into(),
            input_schema: tool.input_schema,
            annotations: json!({ "readOnlyHint": tool.read_only }),
        })
        .collect();
    let info = druse_mcp::ServerInfo {
        name: "druse-example-tools".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        instructions: "The tools of an example's world.".into(),
    };
    druse_mcp::serve_stdio(info, offered, move |call| {
        let world = world.clone();
        async move {
            let key = call
                .meta
                .get("idempotencyKey")
                .and_then(|key| key.as_str().map(String::from));
            let (name, arguments) = (call.name, call.arguments);
            tokio::task::spawn_blocking(move || {
                example::call(&world, &name, &arguments, key.as_deref())
            })
            .await
            .unwrap_or_else(|_| Err("The tool broke.".into()))
        }
        .boxed()
    })
    .await
    .map_err(|error| Failure::internal(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// Lays an example out, to be tried by hand.
pub(super) fn create(name: &str, folder: &Path) -> Done {
    let found = find(name)?;
    if !is_free(folder) {
        return Err(Failure::usage(
            format!("{} is there already.", folder.display()),
            "Name a new folder.",
        ));
    }
    let exe = std::env::current_exe().map_err(|error| Failure::internal(&error))?;
    example::lay_out(found, folder, &exe).map_err(|error| Failure::io(folder, &error))?;
    print::line(&format!("{} is laid out in {}.", name, folder.display()));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn record(name: &str) -> Done {
    let found = find(name)?;
    let folder = tempfile::tempdir().map_err(|error| Failure::internal(&error))?;
    let recording =
        example::record(found, folder.path()).map_err(|error| Failure::internal(&error))?;
    print::document(recording.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// The example of a name.
///
/// # Errors
/// When there is none; the hint names those there are.
pub(super) fn find(name: &str) -> Result<&'static Example, Failure> {
    example::find(name).ok_or_else(|| {
        let names: Vec<&str> = example::EXAMPLES
            .iter()
            .map(|example| example.name)
            .collect();
        Failure::usage(
            format!("There is no example {name}."),
            format!("There are {}.", names.join(", ")),
        )
    })
}
