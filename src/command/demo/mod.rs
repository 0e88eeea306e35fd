//! `druse demo`: the whole way on an example, against real tools. The story is the output: all of it goes
//! to standard output, in the order in which it happens.

mod story;

use super::local::{self, Came, Gates};
use super::scratch::{Scratch, is_free};
use super::{Done, automations, document, example as examples, print, sessions};
use crate::cli::Demo;
use crate::client::{Client, EXIT_FAILED, Failure};
use crate::example::{self, Example};
use crate::serve::{Assembly, Setup};
use http::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use story::{say, title};

pub(super) async fn demo(args: Demo, scratch: &Scratch) -> Done {
    let example = examples::find(&args.example)?;
    let folder = match &args.data {
        Some(folder) => folder.clone(),
        None => scratch.path()?,
    };
    if !is_free(&folder) {
        return Err(Failure::usage(
            format!("{} is there already.", folder.display()),
            "Name a new folder with --data.",
        ));
    }
    let kept = args.keep || args.data.is_some();
    let done = show(example, &folder, args.yes, kept).await;
    if kept {
        scratch.keep();
    }
    done
}

async fn show(example: &Example, folder: &Path, yes: bool, kept: bool) -> Done {
    let exe = std::env::current_exe().map_err(|error| Failure::internal(&error))?;
    let failed = |error: std::io::Error| Failure::io(folder, &error);
    let world = example::lay_out(example, folder, &exe).map_err(failed)?;
    let before = world.snapshot().map_err(failed)?;
    say(&format!("Druse demo: {}\n{}", example.name, example.about));

    // A shell step may start what the recording started: this is the person's own machine and act.
    let setup = if kept { Setup::own() } else { Setup::brief() };
    let client = Client::inside(Assembly::open(&folder.join("data"), setup).await?);
    let way = Way {
        client: &client,
        example,
        folder,
    };
    let came = way.walk(yes).await;
    client.end().await;
    let came = came?;

    title("8. What changed in the world");
    let after = world.snapshot().map_err(failed)?;
    story::changes(&example::changes(&before, &after));
    let done = story::ending(&came);
    story::next(example, kept.then_some(folder), &came);
    Ok(if done {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}

/// What the way goes through.
struct Way<'a> {
    client: &'a Client,
    example: &'a Example,
    folder: &'a Path,
}

impl Way<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    async fn walk(&self, yes: bool) -> Result<Came, Failure> {
        title("1. Recorded: what an agent did");
        let (home, stored) = self.import().await?;
        story::recorded(self.example, &stored);

        title("2. Crystallized: the recording becomes an automation");
        let made = self.crystallize(home, &stored).await?;
        let (automation, report) = (&made["automation"], &made["report"]);
        story::crystallized(automation, report);
        let yaml = automations::document_text(&automation["document"]);
        story::draft(&yaml, &automation["document"]);
        let file = self.file("automation.yaml");
        std::fs::write(&file, &yaml).map_err(|error| Failure::io(&file, &error))?;

        title("3. Replayed: the proof that it asks for the same");
        story::replayed(&report["replay"]);

        title("4. Flagged: what a person should know before it runs");
        story::flagged(automation, report);

        title("5. Activated");
        let active = self.activate(automation).await?;
        story::activated(&active);

        title("6. Run, against real tools and without AI");
        let id = print::cell(&automation["id"]);
        let started = self
            .client
            .post(&format!("/automations/{id}/runs"), &json!({}))
            .await?;
        let gates = if yes { Gates::Approve } else { Gates::Input };
        let run = print::cell(&started["id"]);
        let came = local::follow(
            self.client,
            &run,
            gates,
            &mut print::Seen(std::io::stdout()),
        )
        .await?;

        title("7. Timeline");
        let gates = format!("/approvals?run_id={run}");
        story::timeline(came.run(), &self.client.list(&gates, 100).await?);
        Ok(came)
    }

    /// Stores the recording; gives the address of its kind, and its row.
    async fn import(&self) -> Result<(&'static str, Value), Failure> {
        let (home, recording) = sessions::read(&self.file(self.example.recording_name))?;
        let media = "application/octet-stream";
        let answer = self.client.send(Method::POST, home, media, recording);
        Ok((home, answer.await?.success()?))
    }

    async fn crystallize(&self, home: &str, stored: &Value) -> Result<Value, Failure> {
        let connections = document::connections_file(&self.file("connections.yaml"))?;
        local::connect(self.client, &connections).await?;
        let tools = document::tools_file(&self.file("tools.yaml"))?;
        let body = json!({ "name": self.example.name, "tools": tools });
        let address = format!("{home}/{}/crystallize", print::cell(&stored["id"]));
        self.client.post(&address, &body).await
    }

    /// Activates the draft. What would be acknowledged one by one is acknowledged here: all of it has just
    /// been shown.
    async fn activate(&self, automation: &Value) -> Result<Value, Failure> {
        let acknowledge: Vec<&Value> = story::to_acknowledge(automation)
            .map(|finding| &finding["id"])
            .collect();
        let address = format!("/automations/{}/activate", print::cell(&automation["id"]));
        let body = json!({ "acknowledge": acknowledge });
        self.client.post(&address, &body).await
    }
}
