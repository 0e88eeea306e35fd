//! The hidden verbs behind the examples: their tools as a server of their own, and their recordings.

use super::{Done, print};
use crate::client::Failure;
use crate::example::{self, World};
use futures_util::FutureExt as _;
use serde_json::json;
use std::path::PathBuf;
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

pub(super) fn record(name: &str) -> Done {
    let found = example::find(name).ok_or_else(|| {
        let names: Vec<&str> = example::EXAMPLES
            .iter()
            .map(|example| example.name)
            .collect();
        Failure::usage(
            format!("There is no example {name}."),
            format!("There are {}.", names.join(", ")),
        )
    })?;
    let folder = tempfile::tempdir().map_err(|error| Failure::internal(&error))?;
    let recording =
        example::record(found, folder.path()).map_err(|error| Failure::internal(&error))?;
    print::line(recording.trim_end());
    Ok(ExitCode::SUCCESS)
}
