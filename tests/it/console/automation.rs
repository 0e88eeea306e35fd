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
async fn a_run_is_asked_for_the_inputs_of_the_version_that_runs() {
    let server = Server::new().await;
    let id = active(&server, GREETS).await;
    let path = format!("/automations/{id}");
    let draft = GREETS.replace("whom", "name");
    let admin = server.admin();
    admin.request("PUT", &path).yaml(&draft).send().await;
    let operator = Browser::role(&server, "operator").await;
    let page = operator.see(&path).await;
    assert!(
        page.contains("name=\"field.whom\"") && !page.contains("name=\"field.name\""),
        "{page}"
    );
    let run = operator
        .act(
            &format!("{path}/runs"),
            &[("start", "yes"), ("field.whom", "Ada")],
        )
        .await;
    let run = admin.get(&run).await.with(200);
    assert_eq!(
        (&run["version"], &run["inputs"]["whom"]),
        (&1.into(), &"Ada".into())
    );
}

#[tokio::test]
async fn the_oldest_of_many_versions_is_compared_and_gone_back_to() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, GREETS).await;
    let path = format!("/automations/{id}");
    for number in 2..=102 {
        let text = GREETS.replace("Says hello", &format!("Version {number}"));
        let written = admin.request("PUT", &path).yaml(&text).send().await;
        assert_eq!(written.with(200)["latest_version"], number);
    }
    let editor = Browser::role(&server, "editor").await;
    let page = editor
        .see(&format!("{path}?tab=versions&from=1&to=102"))
        .await;
    assert!(page.contains("+description: Version 102"), "{page}");
    assert!(
        page.contains("<option value=\"1\" selected>version 1<"),
        "{page}"
    );
    let (_, next) = page
        .split_once("rel=\"next\" href=\"")
        .expect("a next page");
    let next = next.split('"').next().expect("its address");
    let page = editor.see(&next.replace("&amp;", "&")).await;
    assert!(page.contains("Go back to version 1<"), "{page}");
}

#[tokio::test]
async fn a_trigger_that_reads_what_came_is_fired_with_it() {
    let server = Server::new().await;
    let text = GREETS.replace("inputs:", "triggers:\n  - { id: orders, event: { type: com.example.order }, inputs: { whom: \"{{ trigger.data.buyer }}\" } }\ninputs:");
    let id = active(&server, &text).await;
    let path = format!("/automations/{id}");
    let operator = Browser::role(&server, "operator").await;
    let page = operator.see(&format!("{path}?tab=triggers")).await;
    assert!(page.contains("name=\"trigger\""), "{page}");
    let trigger = page
        .split("/triggers/")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .expect("a trigger");
    let fire = format!("{path}/triggers/{trigger}/fire");
    let wrong = operator.post(&fire, &[("trigger", "[1, 2]")]).await;
    wrong.says(422, "is not a JSON object");
    wrong.says(422, "[1, 2]</textarea>");
    operator
        .act(&fire, &[("trigger", r#"{ "data": { "buyer": "Ada" } }"#)])
        .await;
    let runs = server.admin().get("/runs").await.with(200);
    let run = runs["items"][0]["id"].as_str().expect("a run");
    let run = server.admin().get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(run["inputs"]["whom"], "Ada", "{run}");
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

const REPORTS: &str = "druse: 1
name: reports
inputs:
  whom: { type: string, default: ana }
steps:
  # The text of the day.
  - id: text
    action: transform
    with:
      value: \"Hello {{ inputs.whom }}\" # polite
  # Then it goes out.
  - id: send
    action: shell
    needs: [text]
    with:
      argv: [echo, \"{{ steps.text.output }}\"]
  - id: last
    # Only a number.
    action: transform
    with: { value: 1 }
tests:
  - { name: greets, mocks: { send: { output: { stdout: x } } }, expect: { status: succeeded } }
";

#[tokio::test]
async fn a_step_is_changed_in_a_form_and_comments_stay() {
    let server = Server::new().await;
    let id = active(&server, REPORTS).await;
    let path = format!("/automations/{id}");
    let editor = Browser::role(&server, "editor").await;
    let page = editor.see(&format!("{path}?tab=steps&step=send")).await;
    for part in ["argv", "Time limit of each attempt", "comments and layout"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let tag = hidden(&page, "tag");
    let step = format!("{path}/steps/send");
    let filled = |argv: &'static str, timeout: &'static str| {
        vec![
            ("with.argv", argv),
            ("step.needs", "text"),
            ("step.timeout", timeout),
        ]
    };
    // Looking stores nothing, and says what is wrong beside its field.
    let looked = editor
        .post(
            &format!("{step}/check"),
            &filled("[echo, '{{ steps.nobody.output }}']", ""),
        )
        .await;
    looked.says(200, "nobody");
    looked.says(200, "It would not be stored like this.");
    looked.says(200, "steps.nobody.output");
    editor
        .post(&step, &filled("[echo", ""))
        .await
        .says(422, "is not YAML");

    let mut fields = filled("[echo, Again, '{{ steps.text.output }}']", "10s");
    fields.push(("tag", &tag));
    editor.act(&step, &fields).await;
    let yaml = server
        .admin()
        .request("GET", &path)
        .header("accept", "application/yaml")
        .open()
        .await
        .expect("an answer")
        .text()
        .await
        .expect("a text");
    for part in [
        "# The text of the day.",
        "# polite",
        "  # Then it goes out.\n  - id: send\n",
        "argv: [echo, Again, \"{{ steps.text.output }}\"]",
        "timeout: 10s",
    ] {
        assert!(yaml.contains(part), "{part} is not in {yaml}");
    }
    // Somebody else was quicker, and nothing is lost.
    let mut late = filled("[echo, Late]", "20s");
    late.push(("tag", &tag));
    let late = editor.post(&step, &late).await;
    late.says(412, "changed since you read it");
    late.says(412, "[echo, Late]");

    // One is added behind another, and dropped with what is said inside of it.
    let page = editor
        .see(&format!("{path}?tab=steps&action=transform&after=text"))
        .await;
    let tag = hidden(&page, "tag");
    let fields = [
        ("id", "again"),
        ("action", "transform"),
        ("after", "text"),
        ("with.value", "{{ steps.text.output }}"),
        ("step.needs", ""),
        ("tag", &tag),
    ];
    editor.act(&format!("{path}/steps"), &fields).await;
    let now = server.admin().get(&path).await.with(200);
    let again = &now["document"]["steps"][1];
    assert_eq!(
        (&again["id"], &again["needs"]),
        (&"again".into(), &serde_json::json!(["text"]))
    );
    editor.act(&format!("{path}/steps/again/remove"), &[]).await;
    let dropped = server
        .admin()
        .delete(&format!("{path}/steps/last"))
        .await
        .with(200);
    let said = dropped["findings"].to_string();
    assert!(
        said.contains("comments_lost") && said.contains("# Only a number."),
        "{said}"
    );
}

#[tokio::test]
async fn what_would_happen_is_said_and_does_not_happen() {
    let server = Server::new().await;
    let id = active(&server, REPORTS).await;
    let path = format!("/automations/{id}");
    let operator = Browser::role(&server, "operator").await;
    let rehearse = format!("{path}/rehearse");
    let page = operator
        .post(
            &rehearse,
            &[
                ("rehearse", "dry_run"),
                ("version", "1"),
                ("field.whom", "bob"),
            ],
        )
        .await;
    page.says(200, "What would happen");
    page.says(200, "Hello bob");
    page.says(200, "It stops here");
    let page = operator
        .post(&rehearse, &[("rehearse", "tests"), ("version", "1")])
        .await;
    page.says(200, "1 passed, 0 failed");
    assert!(server.admin().all("/runs").await.is_empty());

    let run = operator
        .act(&format!("{path}/runs"), &[("start", "yes")])
        .await;
    let run = run.strip_prefix("/runs/").expect("a run");
    wait::run(&server.admin(), run, "succeeded").await;
    let page = operator
        .post(&rehearse, &[("rehearse", "last_runs"), ("version", "1")])
        .await;
    page.says(200, "1 the same");
    let fields = [
        ("rehearse", "dry_run"),
        ("version", "1"),
        ("field.whom", "ana"),
        ("from", run),
    ];
    operator
        .post(&rehearse, &fields)
        .await
        .says(200, "answered as it was recorded");
    assert_eq!(server.admin().all("/runs").await.len(), 1);
    // A version that is not active is run once, for real.
    let newer = REPORTS.replace("Hello {{", "Bye {{");
    let written = server.admin().request("PUT", &path).yaml(&newer);
    written.send().await.with(200);
    let fields_of_two = [
        ("rehearse", "dry_run"),
        ("version", "2"),
        ("field.whom", "bob"),
    ];
    let run = operator.act(&format!("{path}/runs"), &fields_of_two).await;
    wait::run(
        &server.admin(),
        run.strip_prefix("/runs/").expect("a run"),
        "succeeded",
    )
    .await;
    let page = operator.see(&run).await;
    assert!(
        page.contains("version 2") && page.contains("Bye bob"),
        "{page}"
    );
    Browser::role(&server, "viewer")
        .await
        .post(&rehearse, &fields)
        .await
        .says(403, "needs the role operator");
}

const LOOPED: &str = "druse: 1
name: remind
inputs:
  invoices: { type: array, default: [1, 2] }
steps:
  # One after another.
  - id: each
    for_each: { items: \"{{ inputs.invoices }}\", as: invoice }
    steps:
      # What is said.
      - id: text
        action: transform
        # Short and kind.
        with: { value: \"Invoice {{ invoice }}\" }
";

#[tokio::test]
async fn steps_inside_of_loops_and_loops_themselves_have_forms() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, LOOPED).await;
    let path = format!("/automations/{id}");
    let editor = Browser::role(&server, "editor").await;
    let list = editor.see(&format!("{path}?tab=steps")).await;
    assert!(list.contains("tab=steps&amp;step=each.text"), "{list}");
    assert!(editor.see(&path).await.contains("step=each.text"));

    // A step of the body: checked where it stands, then written, and the comments stay.
    let page = editor
        .see(&format!("{path}?tab=steps&step=each.text"))
        .await;
    assert!(page.contains("in each pass of"), "{page}");
    let tag = hidden(&page, "tag");
    let step = format!("{path}/steps/each.text");
    let fields = [("with.value", "{{ nothing }}"), ("step.needs", "")];
    let looked = editor.post(&format!("{step}/check"), &fields).await;
    looked.says(200, "It would not be stored like this.");
    let fields = [
        ("with.value", "Pay {{ invoice }}"),
        ("step.needs", ""),
        ("tag", &tag),
    ];
    editor.act(&step, &fields).await;

    // The loop itself: what it goes over, and nothing that no loop has.
    let page = editor.see(&format!("{path}?tab=steps&step=each")).await;
    assert!(
        page.contains("with.max_parallel") && page.contains("step.timeout"),
        "{page}"
    );
    assert!(!page.contains("step.retry"), "{page}");
    let tag = hidden(&page, "tag");
    let fields = [
        ("with.max_parallel", "4"),
        ("step.needs", ""),
        ("step.timeout", "1h"),
        ("tag", &tag),
    ];
    editor.act(&format!("{path}/steps/each"), &fields).await;

    // One more in the body, behind another; and a loop, with its first step.
    let page = editor
        .see(&format!(
            "{path}?tab=steps&action=transform&after=each.text"
        ))
        .await;
    let tag = hidden(&page, "tag");
    let fields = [
        ("id", "loud"),
        ("action", "transform"),
        ("after", "each.text"),
        ("with.value", "{{ steps.text.output | upper }}"),
        ("step.needs", ""),
        ("tag", &tag),
    ];
    let led = editor.act(&format!("{path}/steps"), &fields).await;
    assert!(led.ends_with("step=each.loud"), "{led}");
    let page = editor
        .see(&format!("{path}?tab=steps&action=repeat&after=each"))
        .await;
    assert!(
        page.contains("with.until") && page.contains("Add this loop"),
        "{page}"
    );
    let tag = hidden(&page, "tag");
    let fields = [
        ("id", "again"),
        ("action", "repeat"),
        ("after", "each"),
        ("first", "count"),
        ("with.until", "steps.count.output >= 2"),
        ("step.needs", ""),
        ("tag", &tag),
    ];
    editor.act(&format!("{path}/steps"), &fields).await;

    let now = admin.get(&path).await.with(200);
    let steps = &now["document"]["steps"];
    assert_eq!(steps[0]["for_each"]["max_parallel"], 4);
    assert_eq!(steps[0]["timeout"], "1h");
    assert_eq!(steps[0]["steps"][0]["with"]["value"], "Pay {{ invoice }}");
    assert_eq!(steps[0]["steps"][1]["id"], "loud");
    assert_eq!(steps[0]["steps"][1]["needs"], serde_json::json!(["text"]));
    assert_eq!(steps[1]["id"], "again");
    assert_eq!(steps[1]["steps"][0]["with"]["value"], "{{ loop.index }}");
    let yaml = server
        .admin()
        .request("GET", &path)
        .header("accept", "application/yaml")
        .open()
        .await
        .expect("an answer")
        .text()
        .await
        .expect("a text");
    for part in [
        "# One after another.",
        "# What is said.",
        "# Short and kind.",
    ] {
        assert!(yaml.contains(part), "{part} is not in {yaml}");
    }
    // What was made by forms runs.
    admin
        .post(&format!("{path}/activate"), &serde_json::json!({}))
        .await
        .with(200);
    let run = admin
        .post(&format!("{path}/runs?wait=60s"), &serde_json::json!({}))
        .await
        .with(200);
    assert_eq!(run["status"], "succeeded", "{run}");
    editor
        .act(&format!("{path}/steps/each.loud/remove"), &[])
        .await;
    let now = admin.get(&path).await.with(200);
    assert_eq!(
        now["document"]["steps"][0]["steps"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_trigger_is_added_by_a_form_and_comments_stay() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&server, LOOPED).await;
    let path = format!("/automations/{id}");
    let owner = Browser::owner(&server).await;
    let page = owner.see(&format!("{path}?tab=triggers")).await;
    assert!(page.contains("Add a trigger"), "{page}");
    let tag = hidden(&page, "tag");
    let fields = [
        ("starts", "webhook"),
        ("scheme", "github"),
        ("hook_secret", "invoices_hook"),
        ("hook_value", "a secret of some length"),
        ("given.invoices", "{{ trigger.body.invoices }}"),
        ("tag", &tag),
    ];
    owner.act(&format!("{path}/triggers"), &fields).await;
    let now = admin.get(&path).await.with(200);
    assert_eq!(
        now["document"]["triggers"],
        serde_json::json!([{
            "id": "webhook",
            "webhook": { "verify": { "scheme": "github", "secret": "invoices_hook" } },
            "inputs": { "invoices": "{{ trigger.body.invoices }}" },
        }])
    );
    assert_eq!(
        admin.get("/secrets").await.with(200)["items"][0]["name"],
        "invoices_hook"
    );
    // A second way beside it; one that lacks something is told what.
    let page = owner.see(&format!("{path}?tab=triggers")).await;
    let tag = hidden(&page, "tag");
    let lacking = [("starts", "event"), ("tag", tag.as_str())];
    let told = owner.post(&format!("{path}/triggers"), &lacking).await;
    told.says(422, "The type of the event is missing");
    let fields = [
        ("starts", "event"),
        ("event_type", "com.example.invoice.due"),
        ("event_source", "/shop"),
        ("tag", &tag),
    ];
    owner.act(&format!("{path}/triggers"), &fields).await;
    let now = admin.get(&path).await.with(200);
    let event = &now["document"]["triggers"][1]["event"];
    assert_eq!(event["source"], "/shop");
    let yaml = admin
        .request("GET", &path)
        .header("accept", "application/yaml")
        .open()
        .await
        .expect("an answer")
        .text()
        .await
        .expect("a text");
    assert!(
        yaml.contains("# Short and kind.") && yaml.contains("com.example.invoice.due"),
        "{yaml}"
    );
}
