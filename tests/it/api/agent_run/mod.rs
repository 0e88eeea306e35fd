//! A recorded agent run, from the recording to the history of a finished run, with the server killed
//! while a person is asked.

mod draft;
mod edit;
mod history;

use crate::harness::{Client, Server, Stream, World, text, wait};
use serde_json::{Value, json};

/// The people of this story, each with what they may and no more.
struct People {
    admin: Client,
    editor: Client,
    operator: Client,
    approver: Client,
    viewer: Client,
}

impl People {
    async fn of(server: &Server) -> Self {
        Self {
            admin: server.admin(),
            editor: server.role("editor").await,
            operator: server.role("operator").await,
            approver: server.role("approver").await,
            viewer: server.role("viewer").await,
        }
    }

    /// The same people at a server that listens elsewhere by now.
    fn at(&self, server: &Server) -> Self {
        let moved = |client: &Client| client.at(server.address());
        Self {
            admin: moved(&self.admin),
            editor: moved(&self.editor),
            operator: moved(&self.operator),
            approver: moved(&self.approver),
            viewer: moved(&self.viewer),
        }
    }
}

#[tokio::test]
async fn a_recorded_agent_run_becomes_an_automation_that_outlives_the_server() {
    let world = World::of("pay-bill");
    let mut server = Server::new().await;
    let mut people = People::of(&server).await;

    let recorded = draft::store(&people, &world).await;
    draft::refused_while_unmapped(&people, &recorded).await;
    draft::connect(&people, &world).await;
    let made = draft::crystallize(&people, &recorded).await;
    let id = text(&made["id"]);
    edit::edit(&people, &id).await;
    edit::activate(&people, &id).await;

    // It runs up to the gate, and somebody watches.
    let start = people
        .operator
        .request("POST", &format!("/automations/{id}/runs"))
        .key("start")
        .json(&json!({ "inputs": { "reserve": 200 } }))
        .send()
        .await;
    let location = start.header("location").to_owned();
    let run = text(&start.with(202)["id"]);
    assert_eq!(location, format!("/api/v1/runs/{run}"));
    let mut stream = Stream::of(&people.viewer, &run, None).await;
    let mut seen = stream.up_to("approval_requested").await;
    let waiting = wait::run(&people.viewer, &run, "waiting").await;
    let gate = wait::approval(&people.viewer, &run).await;
    assert_eq!(payments(&world), 0);

    // Killed, with all of this open.
    server.kill();
    // What was on its way is read; then the stream is cut.
    seen.extend(stream.rest().await);
    assert!(!stream.ended_well());
    server.start().await;
    people = people.at(&server);
    let again = people.viewer.get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(again, waiting);
    let path = format!("/approvals/{}", text(&gate["id"]));
    assert_eq!(people.viewer.get(&path).await.with(200), gate);
    assert_eq!(payments(&world), 0);

    let last = seen.last().map(|event| event.id.clone());
    let mut stream = Stream::of(&people.viewer, &run, last.as_deref()).await;
    history::decide(&people, &gate).await;
    let rest = stream.rest().await;
    let run = wait::run(&people.viewer, &run, "succeeded").await;
    assert_eq!(payments(&world), 1);
    assert_eq!(
        world.number("SELECT balance_cents FROM account"),
        125_000 - 5_000
    );
    history::finished(&people, &run).await;
    let followed: Vec<Value> = seen
        .into_iter()
        .chain(rest)
        .map(|event| event.data)
        .collect();
    history::history(&people, &run, &followed).await;

    // The history outlives the server, too.
    let journal = format!("/runs/{}/events", text(&run["id"]));
    server.crash().await;
    let people = people.at(&server);
    let path = format!("/runs/{}", text(&run["id"]));
    assert_eq!(people.viewer.get(&path).await.with(200), run);
    assert_eq!(people.viewer.all(&journal).await, followed);
    assert_eq!(payments(&world), 1);
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}

fn payments(world: &World) -> i64 {
    world.number("SELECT COUNT(*) FROM payment")
}
