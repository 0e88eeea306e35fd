//! `druse run`: a document in this process, durably.

use super::local::{self, Came, Gates};
use super::scratch::Scratch;
use super::{Done, apply, automations, document, inputs, print, rehearsal, runs};
use crate::cli::{Output, Run};
use crate::client::{Client, EXIT_DATA, EXIT_FAILED, Failure};
use crate::command::print::{Seen, talk};
use crate::serve::{Assembly, Setup};
use druse_engine::Severity;
use druse_engine::expression::nearest;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

pub(super) async fn run(args: Run, scratch: &Scratch) -> Done {
    let connections = match &args.connections {
        None => Map::new(),
        Some(path) => document::connections_file(path)?,
    };
    let given = inputs::collect(args.inputs.as_deref(), &args.input)?;
    let loaded = document::load(&args.file)?;
    let known = args.connections.is_some().then_some(&connections);
    let errors: Vec<_> = document::check(&loaded, known)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    if !errors.is_empty() {
        return Err(document::wrong(&args.file, &loaded.text, &errors));
    }
    let data = match &args.data {
        Some(data) => data.clone(),
        None => scratch.path()?.join("data"),
    };
    let setup = match &args.data {
        Some(_) => Setup::own(),
        None => Setup::brief(),
    };
    let client = Client::inside(Assembly::open(&data, setup).await?);
    if args.dry_run {
        let run = rehearse(&client, &args, &loaded, &connections, &given).await;
        client.end().await;
        let placed = |failure| inputs::placed(failure, args.inputs.as_deref(), &args.input);
        let run = run.map_err(placed)?;
        match args.output {
            Output::Json => print::json(&run),
            Output::Text => rehearsal::show(&run),
        }
        return Ok(rehearsal::exit_of(&run));
    }
    let done = start_and_follow(&client, &args, &loaded, &connections, &given).await;
    client.end().await;
    let placed = |failure| inputs::placed(failure, args.inputs.as_deref(), &args.input);
    let (run, exit) = match done.map_err(placed)? {
        Came::Over(run) if run["status"] == "succeeded" => (run, ExitCode::SUCCESS),
        Came::Over(run) => (run, ExitCode::from(EXIT_FAILED)),
        Came::Waits { run, approval } => {
            talk!(
                "It waits for an approval: {}",
                print::cell(&approval["title"])
            );
            match &args.data {
                Some(data) => talk!(
                    "  druse approvals approve {} --data {}",
                    print::cell(&approval["id"]),
                    data.display()
                ),
                None => talk!(
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

/// What the run would do. Nothing is called, so what a call would need may be missing.
async fn rehearse(
    client: &Client,
    args: &Run,
    loaded: &document::Loaded,
    connections: &Map<String, Value>,
    given: &Map<String, Value>,
) -> Result<Value, Failure> {
    local::connect(client, connections).await?;
    let applied = apply::one(client, &args.file, loaded).await?.automation;
    // What is missing around the document is not needed where nothing is called.
    let mut found = applied["findings"].clone();
    if let Some(found) = found.as_array_mut() {
        found.retain(|finding| finding["severity"] != "error");
    }
    automations::findings(&found, &applied);
    let mut body = json!({ "inputs": given, "version": applied["latest_version"] });
    let wanted = rehearsal::Wanted {
        mocks: args.mocks.as_deref(),
        approve: args.yes,
        ..rehearsal::Wanted::default()
    };
    wanted.add_to(&mut body)?;
    let path = format!("/automations/{}/runs", print::cell(&applied["id"]));
    client.post(&path, &body).await
}

async fn start_and_follow(
    client: &Client,
    args: &Run,
    loaded: &document::Loaded,
    connections: &Map<String, Value>,
    given: &Map<String, Value>,
) -> Result<Came, Failure> {
    local::connect(client, connections).await?;
    let applied = apply::one(client, &args.file, loaded).await?.automation;
    let found = applied["findings"].as_array().cloned().unwrap_or_default();
    let (ask, rest): (Vec<Value>, Vec<Value>) = found
        .into_iter()
        .partition(|finding| finding["acknowledge"] == true);
    let errors: Vec<Value> = rest
        .into_iter()
        .filter(|finding| finding["severity"] == "error")
        .collect();
    if !errors.is_empty() {
        let lacks = |code: &str| errors.iter().any(|finding| finding["code"] == code);
        // Without a data folder no secret can be there, whatever is set in another one.
        let lacks_data = args.data.is_none() && lacks("missing_secret");
        automations::findings(&json!(errors), &applied);
        return Err(Failure::new(
            EXIT_DATA,
            "not_runnable",
            "The automation cannot be run like this.",
            if lacks_data {
                "A run without --data knows no secrets: set them with `druse secrets set NAME --data DIR`, and give --data DIR here, too."
            } else if lacks("missing_connection") {
                "Give what it reaches its tools with: --connections FILE."
            } else {
                "Correct what the findings above name; `druse check` shows them without running anything."
            },
        ));
    }
    acknowledge(args, &applied, &ask)?;
    let body = json!({ "inputs": given, "version": applied["latest_version"] });
    let started = client
        .post(
            &format!("/automations/{}/runs", print::cell(&applied["id"])),
            &body,
        )
        .await?;
    let id = print::cell(&started["id"]);
    talk!("{id}");
    let gates = if args.yes {
        Gates::Approve
    } else {
        Gates::Terminal
    };
    local::follow(client, &id, gates, &mut Seen(std::io::stderr())).await
}

/// Sees to it that everything that is to be acknowledged is: by name, by `--yes`, or by whoever sits at the terminal.
fn acknowledge(args: &Run, applied: &Value, ask: &[Value]) -> Result<(), Failure> {
    let before = applied["acknowledged"].as_array();
    let all = applied["findings"].as_array().into_iter().flatten();
    let names: Vec<&str> = all.filter_map(|one| one["id"].as_str()).collect();
    let unknown = args.acknowledge.iter().find(|id| {
        let known = before.is_some_and(|known| known.iter().any(|one| one == id.as_str()));
        !known && !names.contains(&id.as_str())
    });
    if let Some(id) = unknown {
        automations::findings(&json!(ask), applied);
        return Err(Failure::data(
            "unknown_finding",
            format!("The document has no finding {id}."),
            match nearest(id, names) {
                Some(near) => format!("Did you mean {near}?"),
                None => "Acknowledge findings by the ids that they have.".into(),
            },
        ));
    }
    let open: Vec<&Value> = ask
        .iter()
        .filter(|finding| {
            let id = &finding["id"];
            !args.acknowledge.iter().any(|named| id == named.as_str())
                && !before.is_some_and(|known| known.contains(id))
        })
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    automations::findings(&json!(open), applied);
    let all = args.yes
        || open
            .iter()
            .all(|finding| local::acknowledges(finding, &mut Seen(std::io::stderr())));
    if all {
        return Ok(());
    }
    Err(Failure::new(
        EXIT_FAILED,
        "not_acknowledged",
        "These findings are to be acknowledged first.",
        "Name each with --acknowledge, or give --yes for all of them and for the gates.",
    ))
}
