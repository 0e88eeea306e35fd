//! `druse run`: a document in this process, durably.

use super::local::{self, Came, Gates};
use super::{Done, apply, automations, document, inputs, print, runs};
use crate::cli::{Output, Run};
use crate::client::{Client, EXIT_FAILED, Failure};
use crate::serve::{Assembly, Setup};
use druse_engine::Severity;
use serde_json::{Map, json};
use std::process::ExitCode;

pub(super) async fn run(args: Run) -> Done {
    let connections = match &args.connections {
        None => Map::new(),
        Some(path) => document::connections_file(path)?,
    };
    let given = inputs::collect(args.inputs.as_deref(), &args.input)?;
    let loaded = document::load(&args.file)?;
    let known = args.connections.is_some().then_some(&connections);
    let findings = document::check(&loaded, known);
    let errors: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .cloned()
        .collect();
    if !errors.is_empty() {
        return Err(document::wrong(&args.file, &loaded.text, &errors));
    }
    let temporary = tempfile::tempdir().map_err(|error| Failure::internal(&error))?;
    let data = args
        .data
        .clone()
        .unwrap_or_else(|| temporary.path().join("data"));
    let assembly = Assembly::open(&data, Setup::own()).await?;
    let client = Client::inside(assembly);
    local::connect(&client, &connections).await?;
    let applied = apply::one(&client, &args.file).await?;
    let open: Vec<_> = applied["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finding| finding["acknowledge"] == true)
        .cloned()
        .collect();
    if !open.is_empty() {
        automations::findings(&json!(open));
        if !args.yes {
            client.close().await;
            return Err(Failure::new(
                EXIT_FAILED,
                "not_acknowledged",
                "These findings are to be acknowledged first.",
                "`--yes` goes on.",
            ));
        }
    }
    let body = json!({ "inputs": given, "version": applied["latest_version"] });
    let started = client
        .post(
            &format!("/automations/{}/runs", print::cell(&applied["id"])),
            &body,
        )
        .await?;
    let id = print::cell(&started["id"]);
    eprintln!("{id}");
    let gates = if args.yes { Gates::Approve } else { Gates::Ask };
    let came = local::follow(&client, &id, gates).await?;
    client.close().await;
    let (run, exit) = match came {
        Came::Over(run) if run["status"] == "succeeded" => (run, ExitCode::SUCCESS),
        Came::Over(run) => (run, ExitCode::from(EXIT_FAILED)),
        Came::Waits { run, approval } => {
            eprintln!(
                "It waits for an approval: {}",
                print::cell(&approval["title"])
            );
            match &args.data {
                Some(data) => eprintln!(
                    "  druse approvals approve {} --data {}",
                    print::cell(&approval["id"]),
                    data.display()
                ),
                None => eprintln!(
                    "  Give --yes to approve, or --data DIR to keep the run and decide later."
                ),
            }
            (run, ExitCode::from(EXIT_FAILED))
        }
    };
    match args.output {
        Output::Json => print::json(&run),
        Output::Text => runs::show(&run),
    }
    Ok(exit)
}
