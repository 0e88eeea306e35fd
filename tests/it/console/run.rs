//! Runs: found, understood, canceled, retried, followed.

use super::{activated, active, started};
use crate::api::retry::left_open;
use crate::harness::{Browser, Server, text, wait};
use serde_json::json;

const BREAKS: &str = "druse: 1
name: breaks
inputs:
  code: { type: integer, default: 3 }
steps:
  - id: first
    action: transform
    with: { value: 1 }
  - id: second
    action: shell
    needs: [first]
    with: { argv: [sh, -c, \"echo no route >&2; exit $CODE\"], env: { CODE: \"{{ inputs.code }}\" } }
";

const WAITS: &str = "druse: 1
name: waits
steps:
  - id: ask
    action: approval_gate
    with: { title: Go on? }
";

#[tokio::test]
async fn a_failed_run_is_found_understood_and_retried() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, BREAKS).await;
    let run = started(&admin, &id, json!({})).await;
    wait::run(&admin, &run, "failed").await;
    let operator = Browser::role(&server, "operator").await;
    assert!(operator.see("/").await.contains("breaks failed"));
    let list = operator.see("/runs?status=failed").await;
    assert!(list.contains(&format!("/runs/{run}")), "{list}");
    assert!(!operator.see("/runs?status=succeeded").await.contains(&run));

    let path = format!("/runs/{run}");
    let page = operator.see(&path).await;
    for part in [
        "second failed",
        "Retry from second",
        "class=\"timeline\"",
        "failed",
        "version 1",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    for (tab, part) in [
        ("graph", "<svg"),
        ("graph", "after <code>first</code>"),
        ("values", "Inputs"),
        ("journal", "attempt started"),
    ] {
        let page = operator.see(&format!("{path}?tab={tab}")).await;
        assert!(page.contains(part), "{part} is not in {page}");
    }
    // With other inputs it ends well; a value that is none is told, and kept.
    let wrong = operator
        .post(
            &format!("{path}/retry"),
            &[("otherwise", "yes"), ("field.code", "zero")],
        )
        .await;
    wrong.says(422, "is not a number");
    wrong.says(422, "value=\"zero\"");
    // What a retry would do is said before it is done.
    let page = operator.see(&path).await;
    for part in [
        "A retry keeps <code>first</code>",
        "<code>second</code> runs again",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let before = admin.all("/runs").await.len();
    let looked = operator
        .post(
            &format!("{path}/retry/preview"),
            &[("otherwise", "yes"), ("field.code", "0"), ("from", "first")],
        )
        .await;
    looked.says(200, "<code>first</code> runs again");
    looked.says(200, "A retry keeps nothing");
    assert_eq!(admin.all("/runs").await.len(), before);
    let next = operator
        .act(
            &format!("{path}/retry"),
            &[("otherwise", "yes"), ("field.code", "0")],
        )
        .await;
    let again = next.strip_prefix("/runs/").expect("a run");
    assert_ne!(again, run);
    wait::run(&admin, again, "succeeded").await;
    let compared = operator
        .see(&format!("{next}?tab=compare&with={run}"))
        .await;
    for part in [
        "Inputs",
        "<dt>code</dt>",
        "values differ",
        "first · the same",
    ] {
        assert!(compared.contains(part), "{part} is not in {compared}");
    }
    // Any run can be named, and one that is none leaves the form where it is.
    let by_id = operator.see(&format!("{next}?tab=compare&id={run}")).await;
    assert!(by_id.contains("values differ"), "{by_id}");
    let nothing = operator
        .see(&format!("{next}?tab=compare&id=run_none"))
        .await;
    for part in ["There is no such run", "value=\"run_none\""] {
        assert!(nothing.contains(part), "{part} is not in {nothing}");
    }
    let page = operator.see(&next).await;
    assert!(page.contains("It goes on from run"), "{page}");
    // The failed run says what came of it, and waits for nobody any more.
    let page = operator.see(&path).await;
    for part in [
        "Retried as",
        &format!("href=\"/runs/{again}\""),
        "A retry has done it since",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("It will fail again"), "{page}");
    assert!(!operator.see("/").await.contains("breaks failed: "));
}

#[tokio::test]
async fn what_was_put_right_since_is_what_a_retry_takes_first() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, BREAKS).await;
    let run = started(&admin, &id, json!({})).await;
    wait::run(&admin, &run, "failed").await;
    let path = format!("/runs/{run}");
    let operator = Browser::role(&server, "operator").await;
    let editor = Browser::role(&server, "editor").await;
    let page = operator.see(&path).await;
    assert!(!page.contains("Retry with version"), "{page}");
    let as_it_is = "It will fail again as it is: correct the step or the inputs";
    assert!(page.contains(as_it_is), "{page}");
    let form = format!("/automations/{id}?tab=steps&amp;step=second");
    assert!(!page.contains(&form), "{page}");
    let page = editor.see(&path).await;
    assert!(page.contains(&form), "{page}");
    admin
        .request("PUT", &format!("/automations/{id}"))
        .yaml(&BREAKS.replace("exit $CODE", "exit 0"))
        .send()
        .await
        .with(200);
    admin
        .post(&format!("/automations/{id}/activate"), &json!({}))
        .await
        .with(200);
    let page = operator.see(&path).await;
    for part in [
        "Retry with version 2",
        "Retry with version 1 again",
        "2, active",
        "1, which ran",
        "Version 2 is active by now: a retry with version 2 may help",
        &format!("/automations/{id}?tab=versions&amp;from=1&amp;to=2"),
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("correct the step or the inputs"), "{page}");
    let next = operator
        .act(&format!("{path}/retry"), &[("version", "2")])
        .await;
    let again = next.strip_prefix("/runs/").expect("a run");
    let made = wait::run(&admin, again, "succeeded").await;
    assert_eq!(made["version"], 2);
}

#[tokio::test]
async fn a_retry_asks_what_was_undone_where_nobody_knows_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("effects");
    let made = admin.post("/automations", &left_open(&file)).await;
    let id = text(&made.with(201)["id"]);
    activated(&admin, &id).await;
    let run = started(&admin, &id, json!({})).await;
    wait::run(&admin, &run, "failed").await;
    let path = format!("/runs/{run}");
    let operator = Browser::role(&server, "operator").await;
    let page = operator.see(&path).await;
    for part in [
        "Was it undone?",
        "<code>pay</code> was not undone: keep its result",
        "its undo ended without saying whether it worked",
        "<code>pay</code> runs again: nobody knows whether it was undone",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    // There is no way around the question.
    assert!(!page.contains("Retry from pay"), "{page}");
    assert_eq!(page.matches("/retry\"").count(), 1, "{page}");
    let keeps = [("otherwise", "yes"), ("keep", "pay")];
    let looked = operator
        .post(&format!("{path}/retry/preview"), &keeps)
        .await;
    looked.says(200, "A retry keeps <code>pay</code>");
    looked.says(200, "name=\"keep\" value=\"pay\" checked");
    let paid = || std::fs::read_to_string(&file).expect("it has paid");
    for (fields, times) in [(&keeps[..], 1), (&keeps[..1], 2)] {
        let next = operator.act(&format!("{path}/retry"), fields).await;
        let again = next.strip_prefix("/runs/").expect("a run");
        wait::run(&admin, again, "failed").await;
        assert_eq!(paid().lines().count(), times, "{fields:?}");
    }
}

#[tokio::test]
async fn a_failed_run_is_marked_as_seen_and_leaves_home() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, BREAKS).await;
    let mut runs = Vec::new();
    for _ in 0..3 {
        let run = started(&admin, &id, json!({})).await;
        wait::run(&admin, &run, "failed").await;
        runs.push(run);
    }
    let other = active(&server, &BREAKS.replace("name: breaks", "name: snaps")).await;
    let other = started(&admin, &other, json!({})).await;
    wait::run(&admin, &other, "failed").await;
    let viewer = Browser::role(&server, "viewer").await;
    let operator = Browser::role(&server, "operator").await;
    assert!(!viewer.see("/").await.contains("Seen<"));
    assert!(
        !viewer
            .see(&format!("/runs/{}", runs[0]))
            .await
            .contains("Mark as seen")
    );

    // On its page, with a note.
    let path = format!("/runs/{}", runs[0]);
    let page = operator.see(&path).await;
    assert!(page.contains("Mark as seen"), "{page}");
    let note = [("reason", "the shop was being moved")];
    operator.act(&format!("{path}/seen"), &note).await;
    let page = viewer.see(&path).await;
    for part in ["Seen by operator", "the shop was being moved"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!operator.see(&path).await.contains("Mark as seen"));

    // Taken back, and said again.
    assert!(!page.contains("Take back"), "{page}");
    let page = operator.see(&path).await;
    assert!(page.contains("Take back that it was seen"), "{page}");
    let back = format!("{path}/unseen");
    viewer
        .post(&back, &[])
        .await
        .says(403, "This needs the role operator");
    assert_eq!(operator.act(&back, &[]).await, path);
    let page = operator.see(&path).await;
    assert!(
        page.contains("Mark as seen") && !page.contains("Seen by"),
        "{page}"
    );
    assert!(operator.see("/").await.contains(&runs[0]));
    operator.act(&format!("{path}/seen"), &note).await;

    // At home those that the page showed, and none that failed since.
    let home = operator.see("/").await;
    for part in [
        "breaks failed 2 times",
        "snaps failed",
        "Mark all 3 failed runs as seen",
    ] {
        assert!(home.contains(part), "{part} is not in {home}");
    }
    let since = started(&admin, &id, json!({})).await;
    wait::run(&admin, &since, "failed").await;
    let shown = [
        ("run", runs[1].as_str()),
        ("run", &runs[2]),
        ("run", "run_none"),
    ];
    assert_eq!(operator.act("/", &shown).await, "/");
    let home = operator.see("/").await;
    assert!(
        home.contains("breaks failed: ") && home.contains(&since),
        "{home}"
    );
    let found = |query: &str| {
        let query = format!("/runs?{query}");
        let admin = server.admin();
        async move { admin.all(&query).await.len() }
    };
    assert_eq!(
        (found("seen=true").await, found("seen=false").await),
        (3, 2)
    );
    let list = viewer.see("/runs?seen=true").await;
    assert!(
        list.contains("seen by operator") && !list.contains(&since),
        "{list}"
    );
    let all = [("run", since.as_str()), ("run", &other)];
    operator.act("/", &all).await;
    let home = operator.see("/").await;
    assert!(
        !home.contains(" failed: ") && home.contains("Nothing. Approvals"),
        "{home}"
    );
    viewer
        .post("/", &all)
        .await
        .says(403, "This needs the role operator");
    let good = started(&admin, &id, json!({ "code": 0 })).await;
    wait::run(&admin, &good, "succeeded").await;
    operator
        .post("/", &[("run", &good)])
        .await
        .says(409, "has not");
}

#[tokio::test]
async fn filters_take_what_people_write_and_keep_what_they_cannot_read() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, WAITS).await;
    let run = started(&admin, &id, json!({})).await;
    let viewer = Browser::role(&server, "viewer").await;
    for query in [
        "since=2026-11-26",
        "since=2020-01-01T07:00",
        "since=2020-01-01+07:00:00&automation_id=wait",
        "automation_id=AIT",
        "automation_id=waits",
        &format!("automation_id={id}"),
    ] {
        let page = viewer.see(&format!("/runs?{query}")).await;
        if !query.contains("2026") {
            assert!(page.contains(&run), "{query}: {page}");
        }
        assert!(!page.contains("role=\"alert\""), "{query}: {page}");
    }
    for (query, said, kept) in [
        ("since=yesterday", "is no time", "value=\"yesterday\""),
        (
            "automation_id=inbox&status=failed",
            "No automation has “inbox” in its name",
            "value=\"inbox\"",
        ),
    ] {
        let page = viewer.see(&format!("/runs?{query}")).await;
        for part in [said, kept, "role=\"search\""] {
            assert!(page.contains(part), "{query}: {part} is not in {page}");
        }
    }
    // A piece of a name finds an automation among all, in the list and by the API.
    let list = viewer.see("/automations?q=AI").await;
    assert!(list.contains(&format!("/automations/{id}")), "{list}");
    assert_eq!(admin.all("/automations?q=ai+wa").await.len(), 1);
    assert!(admin.all("/automations?q=nothing").await.is_empty());
}

#[tokio::test]
async fn a_waiting_run_says_for_what_and_is_canceled() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, WAITS).await;
    let run = started(&admin, &id, json!({})).await;
    let gate = wait::approval(&admin, &run).await;
    let operator = Browser::role(&server, "operator").await;
    let path = format!("/runs/{run}");
    let page = operator.see(&path).await;
    assert!(
        page.contains(&format!("/approvals/{}", text(&gate["id"]))),
        "{page}"
    );
    assert!(
        page.contains(&format!("data-follow=\"{path}/events\"")),
        "{page}"
    );
    operator
        .act(&format!("{path}/cancel"), &[("reason", "not needed")])
        .await;
    wait::run(&admin, &run, "canceled").await;
    let page = operator.see(&path).await;
    assert!(
        page.contains("canceled") && !page.contains("data-follow"),
        "{page}"
    );
    // What is over is not canceled again, and the page says so.
    operator
        .post(&format!("{path}/cancel"), &[])
        .await
        .says(409, "The run has ended");
}

#[tokio::test]
async fn facts_are_followed_with_the_cookie_and_from_where_one_was() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, BREAKS).await;
    let run = started(&admin, &id, json!({})).await;
    wait::run(&admin, &run, "failed").await;
    let viewer = Browser::role(&server, "viewer").await;
    let stream = viewer.get(&format!("/runs/{run}/events")).await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert!(stream.text.starts_with("id: 1\n"), "{}", stream.text);
    let later = viewer.get(&format!("/runs/{run}/events?after=2")).await;
    assert!(later.text.starts_with("id: 3\n"), "{}", later.text);
    // Whoever was cut off goes on behind the last fact that they have.
    let again = viewer
        .get_with(&format!("/runs/{run}/events"), "last-event-id", "3")
        .await;
    assert!(again.text.starts_with("id: 4\n"), "{}", again.text);
    Browser::at(&server)
        .get(&format!("/runs/{run}/events"))
        .await
        .to(&format!("/signin?next=%2Fruns%2F{run}%2Fevents"));
}

#[tokio::test]
async fn the_list_goes_on_from_page_to_page() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(
        &server,
        "druse: 1\nname: many\nsteps:\n  - { id: a, action: transform, with: { value: 1 } }\n",
    )
    .await;
    for _ in 0..53 {
        started(&admin, &id, json!({})).await;
    }
    let viewer = Browser::role(&server, "viewer").await;
    let first = viewer.see("/runs?cause=manual").await;
    let older = first
        .split("rel=\"next\" href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a next page");
    assert!(older.starts_with("/runs?cause=manual"), "{older}");
    let second = viewer.see(&older.replace("&amp;", "&")).await;
    assert_eq!(second.matches("data-open").count(), 3, "{second}");
}

const HOLDS: &str = "druse: 1
name: holds
capabilities: { programs: [\"false\", \"true\"] }
steps:
  - id: broken
    action: shell
    on_error: pause
    with: { argv: [\"false\"] }
  - id: after
    action: transform
    needs: [broken]
    with: { value: 1 }
";

#[tokio::test]
async fn a_run_is_held_and_a_step_that_waits_is_corrected() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let id = active(&server, HOLDS).await;
    let run = started(&admin, &id, json!({})).await;
    wait::run(&admin, &run, "paused").await;
    assert!(editor.see("/").await.contains("holds is paused"));
    let path = format!("/runs/{run}");
    let page = editor.see(&path).await;
    for part in ["Try it again", "Let it fail", "other input"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let resume = format!("{path}/resume");
    let wrong = [
        ("step", "broken"),
        ("decision", "retry"),
        ("input", "{ argv"),
    ];
    let refused = editor.post(&resume, &wrong).await;
    refused.says(422, "is not JSON");
    refused.says(422, "{ argv");
    let right = [
        ("step", "broken"),
        ("decision", "retry"),
        ("input", r#"{ "argv": ["true"] }"#),
    ];
    editor.act(&resume, &right).await;
    wait::run(&admin, &run, "succeeded").await;

    let id = active(&server, WAITS).await;
    let run = started(&admin, &id, json!({})).await;
    wait::approval(&admin, &run).await;
    let path = format!("/runs/{run}");
    editor
        .act(&format!("{path}/pause"), &[("reason", "lunch")])
        .await;
    let page = editor.see(&path).await;
    assert!(
        page.contains("Paused by user:editor: lunch") && page.contains("Resume"),
        "{page}"
    );
    editor.act(&format!("{path}/resume"), &[]).await;
    wait::run(&admin, &run, "waiting").await;
}

#[tokio::test]
async fn a_step_that_waits_is_tried_again_as_another_version_has_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let editor = Browser::role(&server, "editor").await;
    let id = active(&server, HOLDS).await;
    let run = started(&admin, &id, json!({})).await;
    wait::run(&admin, &run, "paused").await;
    let path = format!("/runs/{run}");
    // There is no other version yet.
    assert!(
        !editor
            .see(&path)
            .await
            .contains("as another version has it")
    );
    let automation = format!("/automations/{id}");
    let mut document = admin.get(&automation).await.with(200)["document"].clone();
    let steps = document["steps"].as_array_mut().expect("steps");
    let broken = steps
        .iter_mut()
        .find(|step| step["id"] == "broken")
        .expect("the step");
    broken["with"] = json!({ "argv": ["true"] });
    admin.put(&automation, &document).await.with(200);
    let page = editor.see(&path).await;
    assert!(
        page.contains("Try it again as another version has it")
            && page.contains("<option value=\"2\">2"),
        "{page}"
    );
    // A version that nobody has taken into use is offered to editors only.
    let operator = Browser::role(&server, "operator").await;
    assert!(
        !operator
            .see(&path)
            .await
            .contains("as another version has it")
    );
    let resume = format!("{path}/resume");
    editor
        .post(&resume, &[("step", "broken"), ("version", "two")])
        .await
        .says(422, "The version is not a number");
    let gone = editor
        .post(&resume, &[("step", "broken"), ("version", "9")])
        .await;
    assert_eq!(gone.status, 404, "{}", gone.text);
    editor
        .act(&resume, &[("step", "broken"), ("version", "2")])
        .await;
    let over = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(over["version"], 1, "the run stays that of its version");
    let steps = over["steps"].as_array().expect("steps");
    let broken = steps
        .iter()
        .find(|step| step["path"] == "broken")
        .expect("the step");
    assert_eq!(broken["input"]["argv"], json!(["true"]));
}

#[tokio::test]
async fn who_waits_for_whom_and_what_came_as_an_event_is_shown() {
    let server = Server::new().await;
    let admin = server.admin();
    let one = WAITS.replace(
        "steps:",
        "concurrency: { key: \"all\", limit: 1, hold_while_waiting: true }\nsteps:",
    );
    let id = active(&server, &one).await;
    let first = started(&admin, &id, json!({})).await;
    wait::approval(&admin, &first).await;
    let second = started(&admin, &id, json!({})).await;
    let viewer = Browser::role(&server, "viewer").await;
    let page = viewer.see("/queues").await;
    for part in ["waits", "key", "1 of 1 go", "1 run waits", &first, &second] {
        assert!(page.contains(part), "{part} is not in {page}");
    }

    let hears = "druse: 1
name: hears
triggers:
  - { id: told, event: { type: com.example.told } }
steps:
  - { id: say, action: transform, with: { value: 1 } }
";
    active(&server, hears).await;
    let event = json!({ "specversion": "1.0", "id": "e1", "source": "/test", "type": "com.example.told", "data": { "a": "<b>" } });
    admin.post("/events", &event).await.with(202);
    let run = wait::until("the event started a run", || async {
        let runs = admin.all("/runs?cause=event").await;
        runs.first().map(|run| text(&run["id"]))
    })
    .await;
    let page = viewer.see("/events?type=com.example.*").await;
    assert!(
        page.contains("com.example.told") && page.contains(&run),
        "{page}"
    );
    let events = admin.all("/events?type=com.example.told").await;
    let page = viewer
        .see(&format!("/events/{}", text(&events[0]["id"])))
        .await;
    assert!(
        page.contains("&lt;b&gt;") && page.contains("started"),
        "{page}"
    );
    assert!(
        viewer
            .see("/events?type=nothing")
            .await
            .contains("No event is like that")
    );
}
