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
use std::path::PathBuf;

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
    /// 404 for an unknown name; when a file cannot be written.
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
        let _edits = self.edits.lock().await;
        let folder = data.join("examples").join(found.name);
        let made = folder.clone();
        let text = self.off_thread(move || world(found, &made)).await?;
        let definitions = file_definitions(&text).map_err(|_| {
            Problem::internal(&format!("the connections of {} cannot be read", found.name))
        })?;
        let mut connections = Vec::new();
        for (name, definition) in definitions {
            if self.connection(&name)?.is_none() {
                self.write_connection(who, &name, definition).await?;
            }
            connections.push(name);
        }
        self.add_rules(who, found).await?;
        Ok(LaidOut {
            name: found.name,
            folder: folder.display().to_string(),
            connections,
        })
    }
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

/// The world of an example in a folder, made where it is not there; gives the text of its connections.
fn world(found: &Example, folder: &PathBuf) -> Result<String, Problem> {
    let failed = |error: std::io::Error| Problem::internal(&error);
    // The tool map is written last, so that a world that was begun and not finished is made anew.
    if !folder.join("tools.yaml").exists() {
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(failed)?;
        }
        let exe = std::env::current_exe().map_err(failed)?;
        example::lay_out(found, folder, &exe).map_err(failed)?;
    }
    std::fs::read_to_string(folder.join("connections.yaml")).map_err(failed)
}
