//! What waits for somebody, and what nobody is shown.

use super::{active, started};
use crate::api::uncertain::uncertain;
use crate::harness::{Browser, Server, wait};
use serde_json::{Value, json};

#[tokio::test]
async fn a_step_of_which_nobody_knows_whether_it_happened_waits_at_home_and_is_decided() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("payments");
    let (admin, run) = uncertain(&mut server, &file).await;
    let operator = Browser::role(&server, "operator").await;
    let home = operator.see("/").await;
    assert!(
        home.contains("Decide: did step pay of pay happen?"),
        "{home}"
    );
    let path = format!("/runs/{run}");
    assert!(home.contains(&format!("href=\"{path}\"")), "{home}");
    let page = operator.see(&path).await;
    for part in [
        "A person must find out whether step pay happened",
        "What did you find?",
        "It happened: go on",
        "It did not happen: start it again",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let resolve = format!("{path}/resolve");
    let wrong = [
        ("step", "pay"),
        ("found", "happened"),
        ("output", "{ paid"),
        ("reason", "the bank shows it"),
    ];
    let refused = operator.post(&resolve, &wrong).await;
    refused.says(422, "is not JSON");
    refused.says(422, "the bank shows it");
    let right = [
        ("step", "pay"),
        ("found", "happened"),
        ("output", r#"{ "stdout": "paid by hand" }"#),
        ("reason", "the bank shows it"),
    ];
    operator.act(&resolve, &right).await;
    wait::run(&admin, &run, "succeeded").await;
    assert!(!operator.see("/").await.contains("Decide:"));
}

#[tokio::test]
async fn a_step_in_question_stands_at_home_however_many_newer_runs_wait_for_something_else() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (admin, run) = uncertain(&mut server, &folder.path().join("payments")).await;
    let rests =
        "druse: 1\nname: rests\nsteps:\n  - { id: rest, action: wait, with: { for: 5h } }\n";
    let path = format!("/automations/{}", active(&server, rests).await);
    for _ in 0..25 {
        admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202);
    }
    let waiting = || async {
        let list = admin.get("/runs?status=waiting&limit=100").await.with(200);
        (list["items"].as_array().map(Vec::len) == Some(26)).then_some(())
    };
    wait::until("all to wait", waiting).await;
    // As it is found while it lives, so after a start, when it sleeps.
    for starts in 0..2 {
        if starts == 1 {
            server.crash().await;
        }
        let admin = server.admin();
        let found = admin
            .get("/runs?waits_for=uncertain&automation_id=pay")
            .await
            .with(200);
        assert_eq!(
            found["items"].as_array().map(Vec::len),
            Some(1),
            "{found:#}"
        );
        assert_eq!(found["items"][0]["id"], run.as_str());
        assert_eq!(
            found["items"][0]["waits_for"],
            "a person must find out whether step pay happened"
        );
        for none in [
            "automation_id=rests",
            "status=paused",
            "label.x=y",
            "cause=schedule",
        ] {
            let found = admin
                .get(&format!("/runs?waits_for=uncertain&{none}"))
                .await
                .with(200);
            assert_eq!(found["items"], json!([]), "{none}");
        }
        admin
            .get("/runs?waits_for=rain")
            .await
            .problem(400, "bad_query");
        let operator = Browser::role(&server, "operator").await;
        for page in ["/", "/runs?waits_for=uncertain"] {
            let shown = operator.see(page).await;
            assert!(shown.contains(&format!("href=\"/runs/{run}\"")), "{shown}");
        }
        let home = operator.see("/").await;
        assert!(
            home.contains("Decide: did step pay of pay happen?"),
            "{home}"
        );
    }
}

/// More runs failed than one page of the API holds: the rest is where the line at their end leads, and nothing that
/// failed before.
#[tokio::test(flavor = "multi_thread")]
async fn more_runs_that_failed_lead_to_those_of_the_last_day() {
    const DAY: i64 = 24 * 3_600 * 1_000;
    let server = Server::new().await;
    let admin = server.admin();
    let breaks = "druse: 1
name: breaks
inputs: { n: { default: 0 } }
steps:
  - { id: a, action: transform, with: { value: \"{{ 1 / inputs.n }}\" } }
";
    let path = format!(
        "/automations/{}/runs?wait=30s",
        active(&server, breaks).await
    );
    let one = || async {
        let run = admin.post(&path, &json!({})).await.with(200);
        assert_eq!(run["status"], "failed");
        run
    };
    for _ in 0..20 {
        futures_util::future::join_all((0..10).map(|_| one())).await;
    }
    let operator = Browser::role(&server, "operator").await;
    let says = "More runs failed within a day, and nobody has seen it";
    assert!(!operator.see("/").await.contains(says));
    one().await;
    let before = clock();
    let home = operator.see("/").await;
    let after = clock();
    assert!(home.contains(says), "{home}");
    assert!(home.contains("breaks failed 200 times"), "{home}");
    let address = home.split("href=\"").find(|part| part.contains(says));
    let address = address.expect("a link").split('"').next().expect("its end");
    let address = address.replace("&amp;", "&");
    let since = address
        .strip_prefix("/runs?seen=false&since=")
        .expect(&address);
    let since = since.replace("%3A", ":");
    let since: jiff::Timestamp = since.parse().expect(&since);
    // The whole minute in which the last day began.
    let day = since.as_millisecond() + DAY;
    assert_eq!(day % 60_000, 0, "{address}");
    assert!(day <= after && day + 60_000 > before, "{address}");
    let all = admin.all(&address).await;
    assert_eq!(all.len(), 201);
    let list = operator.see(&address).await;
    let newest = format!("href=\"/runs/{}\"", all[0]["id"].as_str().expect("an id"));
    assert!(list.contains(&newest), "{list}");
    // What began before is on no page of it.
    let later = jiff::Timestamp::now().to_string();
    let none = address.replace(address.split("since=").nth(1).expect("a time"), &later);
    assert_eq!(admin.all(&none).await, Vec::<Value>::new());
    assert!(operator.see(&none).await.contains("No run is like that"));
}

fn clock() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[tokio::test]
async fn a_sensitive_input_is_on_no_page_of_its_run_and_a_large_value_is_folded() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(
        &server,
        "druse: 1
name: keeps
capabilities: { programs: [\"true\"] }
inputs:
  pin: { type: string, sensitive: true }
  text: { type: string }
steps:
  - { id: send, action: shell, with: { argv: [\"true\"], env: { PIN: \"{{ inputs.pin }}\" } } }
  - { id: say, action: transform, needs: [send], with: { value: \"{{ inputs.text }}\" } }
",
    )
    .await;
    let long = "a long text ".repeat(200);
    let run = started(
        &admin,
        &id,
        json!({ "pin": "7731-secret-4410", "text": long }),
    )
    .await;
    wait::run(&admin, &run, "succeeded").await;
    let viewer = Browser::role(&server, "viewer").await;
    for tab in ["steps", "graph", "values", "journal", "compare"] {
        let page = viewer.see(&format!("/runs/{run}?tab={tab}")).await;
        assert!(!page.contains("7731-secret-4410"), "{tab}: {page}");
    }
    let page = viewer.see(&format!("/runs/{run}?tab=values")).await;
    assert!(
        page.contains("<details class=\"value\">") && page.contains("2,400 characters"),
        "{page}"
    );
    let read: Value = admin.get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(read["inputs"]["text"], long);
}

#[tokio::test]
async fn home_looks_at_all_triggers_and_at_all_that_need_review() {
    let server = Server::new().await;
    let often = |name: &str, cron: &str, many: usize| {
        let triggers: Vec<Value> = (0..many)
            .map(|index| json!({ "id": format!("t{index}"), "schedule": { "cron": cron } }))
            .collect();
        json!({ "druse": 1, "name": name, "triggers": triggers,
            "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }] })
    };
    active(&server, &often("first", "*/2 * * * *", 1).to_string()).await;
    for name in ["b", "c", "d"] {
        active(&server, &often(name, "0 0 1 1 *", 70).to_string()).await;
    }
    let owner = Browser::owner(&server).await;
    let home = owner.see("/").await;
    assert!(home.contains("first · t0"), "{home}");
    // Nothing needs review, and a list of what does is empty.
    let admin = server.admin();
    let asked = |wanted: bool| format!("/automations?needs_review={wanted}");
    assert_eq!(admin.all(&asked(true)).await, Vec::<Value>::new());
    assert_eq!(admin.all(&asked(false)).await.len(), 4);
    let wrong = admin.get("/automations?needs_review=perhaps").await;
    wrong.problem(400, "bad_query");
}

#[tokio::test]
async fn settings_show_what_is_behind_the_first_page_too() {
    let server = Server::new().await;
    let admin = server.admin();
    let body = |name: String| json!({ "role": "viewer", "name": name });
    for index in 0..203 {
        admin
            .post("/tokens", &body(format!("robot {index}")))
            .await
            .with(201);
    }
    let owner = Browser::owner(&server).await;
    let page = owner.see("/settings").await;
    for name in ["Revoke robot 0<", "Revoke robot 202<"] {
        assert!(page.contains(name), "{name} is not in {page}");
    }
}
