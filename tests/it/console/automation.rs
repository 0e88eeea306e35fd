//! An automation: written, changed by two people, run, taken back.

use super::active;
use crate::harness::browser::hidden;
use crate::harness::{Browser, Server, wait};

const GREETS: &str = "druse: 1
name: greets
description: Says hello
inputs:
  whom: { type: string, description: Somebody }
  times: { type: integer, default: 1 }
steps:
  - { id: hello, action: transform, with: { value: \"Hello {{ inputs.whom }}\" } }
outputs: { said: \"{{ steps.hello.output }}\" }
";

#[tokio::test]
async fn it_is_written_activated_and_run() {
    let server = Server::new().await;
    let editor = Browser::role(&server, "editor").await;
    let wrong = editor
        .post(
            "/automations",
            &[(
                "document",
                "druse: 1\nname: x\nsteps:\n  - { id: a, acton: transform }\n",
            )],
        )
        .await;
    wrong.says(422, "line 4");
    wrong.says(422, "acton: transform");
    let path = editor.act("/automations", &[("document", GREETS)]).await;
    let page = editor.see(&path).await;
    for part in [
        "greets",
        "Says hello",
        "<svg",
        "Activate version 1",
        "written by hand",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    editor
        .act(&format!("{path}/activate"), &[("version", "1")])
        .await;
    // A needed input is asked for, a wrong one told.
    editor
        .post(
            &format!("{path}/runs"),
            &[
                ("start", "yes"),
                ("field.whom", "ana"),
                ("field.times", "often"),
            ],
        )
        .await
        .says(422, "is not a number");
    let run = editor
        .act(
            &format!("{path}/runs"),
            &[("start", "yes"), ("field.whom", "ana")],
        )
        .await;
    let id = run.strip_prefix("/runs/").expect("a run");
    wait::run(&server.admin(), id, "succeeded").await;
    assert!(
        editor
            .see(&format!("{run}?tab=values"))
            .await
            .contains("Hello ana")
    );
    assert!(editor.see(&format!("{path}?tab=runs")).await.contains(&run));
    editor.act(&format!("{path}/deactivate"), &[]).await;
    editor.act(&format!("{path}/remove"), &[]).await;
    editor
        .get(&path)
        .await
        .says(404, "There is no such automation");
}

#[tokio::test]
async fn of_two_people_the_second_is_told_and_nothing_is_lost() {
    let server = Server::new().await;
    let id = active(&server, GREETS).await;
    let path = format!("/automations/{id}");
    let (ana, ben) = (
        Browser::role(&server, "editor").await,
        Browser::owner(&server).await,
    );
    let seen = ana.see(&format!("{path}?tab=document")).await;
    let tag = hidden(&seen, "tag");
    let (hers, his) = (
        GREETS.replace("Says hello", "Hers"),
        GREETS.replace("Says hello", "His"),
    );
    ben.act(
        &format!("{path}/document"),
        &[("document", &his), ("tag", &tag)],
    )
    .await;
    let late = ana
        .post(
            &format!("{path}/document"),
            &[("document", &hers), ("tag", &tag)],
        )
        .await;
    late.says(412, "It has changed since you read it");
    late.says(412, "description: Hers");
    late.says(412, "description: His");
    // Having seen it, she may.
    let tag = hidden(&late.text, "tag");
    ana.act(
        &format!("{path}/document"),
        &[("document", &hers), ("tag", &tag)],
    )
    .await;

    let page = ana.see(&format!("{path}?tab=versions&from=2&to=3")).await;
    assert!(
        page.contains("-description: His") && page.contains("+description: Hers"),
        "{page}"
    );
    ana.act(&format!("{path}/rollback"), &[("version", "1")])
        .await;
    let now = server.admin().get(&path).await.with(200);
    assert_eq!(now["latest_version"], 4);
    assert_eq!(now["document"]["description"], "Says hello");
}

#[tokio::test]
async fn a_schedule_is_shown_with_its_times_and_fired_by_hand() {
    let server = Server::new().await;
    let text = GREETS.replace("inputs:", "triggers:\n  - { id: mondays, schedule: { cron: \"0 7 * * MON\", timezone: Europe/Berlin }, inputs: { whom: all } }\ninputs:");
    let id = active(&server, &text).await;
    let path = format!("/automations/{id}");
    let operator = Browser::role(&server, "operator").await;
    assert!(operator.see("/").await.contains("greets · mondays"));
    let page = operator.see(&format!("{path}?tab=triggers")).await;
    let trigger = page
        .split("/triggers/")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .expect("a trigger");
    operator
        .act(&format!("{path}/triggers/{trigger}/fire"), &[])
        .await;
    let fired = operator.see(&format!("{path}?tab=triggers")).await;
    assert!(fired.contains("accepted"), "{fired}");
    operator
        .act(&format!("{path}/triggers/{trigger}/pause"), &[])
        .await;
    let paused = operator.see(&format!("{path}?tab=triggers")).await;
    assert!(
        paused.contains("paused") && paused.contains("Resume"),
        "{paused}"
    );
    operator
        .act(&format!("{path}/triggers/{trigger}/resume"), &[])
        .await;
}

#[tokio::test]
async fn a_document_is_checked_before_it_is_stored() {
    let server = Server::new().await;
    let editor = Browser::role(&server, "editor").await;
    let wrong = GREETS.replace("action: transform", "acton: transform");
    let page = editor
        .post("/documents/check", &[("document", &wrong)])
        .await;
    page.says(200, "line 8");
    page.says(200, "acton: transform");
    page.says(200, "It would not be stored like this");
    let page = editor
        .post("/documents/check", &[("document", GREETS)])
        .await;
    page.says(200, "Nothing is wrong.");
    assert!(
        server.admin().all("/automations").await.is_empty(),
        "looking stores nothing"
    );

    let path = editor.act("/automations", &[("document", GREETS)]).await;
    let check = format!("{path}/document/check");
    editor
        .post(&check, &[("document", &wrong)])
        .await
        .says(200, "line 8");
    let stored = server.admin().get(&path).await.with(200);
    assert_eq!(stored["latest_version"], 1);
    let viewer = Browser::role(&server, "viewer").await;
    viewer
        .post(&check, &[("document", &wrong)])
        .await
        .says(403, "needs the role editor");
}
