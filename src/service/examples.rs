//! The examples that ship with Druse: their worlds below the data folder, the connections to them, and the rules for
//! their tools.

use super::{App, Principal, Problem};
use crate::connection::file_definitions;
use crate::example::{self, EXAMPLES, Example};
use druse_crystallizer::parse_tools;
use druse_engine::Digest;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::path::Path;

/// An example.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExampleView {
    /// Its name.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub about: &'static str,
    /// The digest of its recording, by which a recording is known to be it.
    pub recording: String,
}

/// An example whose world is there.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LaidOut {
    /// Its name.
    pub name: &'static str,
    /// The folder of the server's machine that holds its world.
    pub folder: String,
    /// The connections to its tools.
    pub connections: Vec<String>,
}

/// All of them.
pub fn list() -> Vec<ExampleView> {
    let view = |one: &Example| ExampleView {
        name: one.name,
        about: one.about,
        recording: Digest::of(one.recording.as_bytes()).to_string(),
    };
    EXAMPLES.iter().map(view).collect()
}

impl App {
    /// Lays an example's world out below the data folder, sets its connections up and adds the rules for its tools to
    /// the tool map; what is there stays as it is.
    ///
    /// # Errors
    /// 404 for an unknown name; 409 where something else has the name of one of its connections or stands where its
    /// files belong; when a file cannot be written.
    pub async fn lay_out(&self, who: &Principal, name: &str) -> Result<LaidOut, Problem> {
        let found = example::find(name).ok_or_else(|| Problem::not_found("example"))?;
        let data = self.options.data.clone().ok_or_else(|| {
            Problem::new(
                StatusCode::CONFLICT,
                "no_data_folder",
                "This server has no folder for an example.",
                "Lay it out by `druse demo`.",
            )
        })?;
        let failed = |error: std::io::Error| Problem::internal(&error);
        let folder = std::path::absolute(data)
            .map_err(failed)?
            .join("examples")
            .join(found.name);
        let exe = std::env::current_exe().map_err(failed)?;
        let _edits = self.edits.lock().await;
        // What is carried in the binary counts: a file of the world could be anybody's.
        let text = found.filled(found.connections, &exe, &example::world_of(&folder));
        let definitions = file_definitions(&text).map_err(|_| {
            Problem::internal(&format!("the connections of {} cannot be read", found.name))
        })?;
        let mut missing = Vec::new();
        let mut connections = Vec::new();
        for (name, definition) in definitions {
            match self.connection(&name)? {
                None => missing.push((name.clone(), definition)),
                Some(row) if row.definition == definition => {}
                // The rules that are added would send the example's calls there.
                Some(_) => return Err(taken(&name)),
            }
            connections.push(name);
        }
        let made = folder.clone();
        self.off_thread(move || {
            example::complete(found, &made, &exe).map_err(|error| in_the_way(&made, &error))
        })
        .await?;
        for (name, definition) in missing {
            self.write_connection(who, &name, definition).await?;
        }
        self.add_rules(who, found).await?;
        Ok(LaidOut {
            name: found.name,
            folder: folder.display().to_string(),
            connections,
        })
    }
}

fn taken(name: &str) -> Problem {
    Problem::conflict(
        "connection_taken",
        format!("There is already another connection with the name {name}."),
        "The example's tools need that name: set it up on a server of its own, or try it with `druse demo`.",
    )
}

/// Why the files of a world could not be laid out.
fn in_the_way(folder: &Path, error: &std::io::Error) -> Problem {
    use std::io::ErrorKind::{AlreadyExists, IsADirectory, NotADirectory};
    if matches!(error.kind(), AlreadyExists | IsADirectory | NotADirectory) {
        return Problem::conflict(
            "in_the_way",
            format!("Something else stands where the example belongs: {error}."),
            format!("Move it out of {}.", folder.display()),
        );
    }
    Problem::internal(error)
}

impl App {
    /// Adds the rules of an example to the tool map, behind those that are there. Hold [`super::app::Parts::edits`].
    async fn add_rules(&self, who: &Principal, found: &Example) -> Result<(), Problem> {
        let unreadable =
            || Problem::internal(&format!("the tools of {} cannot be read", found.name));
        let new = parse_tools(found.tools).map_err(|_| unreadable())?;
        let (mut map, _) = self.tools()?;
        let rules = map["tools"].as_array_mut().ok_or_else(unreadable)?;
        let before = rules.len();
        for rule in new {
            if !rules
                .iter()
                .any(|one| one["match"] == rule.pattern.as_str())
            {
                rules.push(json!(rule));
            }
        }
        if rules.len() > before {
            self.write_tools(who, map).await?;
        }
        Ok(())
    }
}
