//! What starts runs: schedules, webhooks and events, each once for each occurrence, over restarts.

use crate::harness::{Answer, Client, Raw, Server, text, wait};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

const KEY: &[u8] = b"a key of 24 bytes or more";

/// An automation that gives back what started it.
fn document(name: &str, triggers: &Value) -> Value {
    json!({
        "druse": 1, "name": name,
        "inputs": { "total": { "type": "number", "default": 0 }, "who": { "type": "string", "default": "nobody" } },
        "triggers": triggers,
        "steps": [{ "id": "say", "action": "transform", "with": { "value": "{{ inputs.who }}: {{ inputs.total }}" } }],
        "outputs": { "said": "{{ steps.say.output }}" },
    })
}

/// Activates an automation; gives its address and its triggers by name.
async fn active(admin: &Client, document: &Value) -> (String, Value) {
    let made = admin.post("/automations", document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let before = admin.all(&format!("{path}/triggers")).await;
    assert!(
        before
            .iter()
            .all(|one| one["status"] == "inactive" && one["id"].is_null()),
        "{before:?}"
    );
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let triggers = admin.all(&format!("{path}/triggers")).await;
    let named = triggers
        .into_iter()
        .map(|one| (text(&one["name"]), one))
        .collect();
    (path, Value::Object(named))
}

/// Delivers a webhook as its sender does: without a token.
async fn deliver(server: &Server, address: &Value, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = server.anonymous().root("POST", &text(address));
    request = request.header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.bytes(body.to_owned()).send().await
}

/// The signature of Standard Webhooks.
fn signature(id: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

/// The statuses of a trigger's firings, oldest first.
async fn statuses(admin: &Client, trigger: &Value) -> Vec<String> {
    let firings = admin
        .all(&format!("/triggers/{}/firings", text(&trigger["id"])))
        .await;
    firings
        .iter()
        .rev()
        .map(|firing| text(&firing["status"]))
        .collect()
}

#[tokio::test]
async fn a_schedule_fires_by_itself_and_by_hand() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let triggers = json!([
        { "id": "ticks", "schedule": { "every": "1s", "overlap": "allow" }, "inputs": { "who": "clock" } },
        { "id": "yearly", "schedule": { "cron": "0 7 1 1 *", "timezone": "Europe/Berlin" }, "inputs": { "who": "{{ trigger.scheduled_at }}" } },
    ]);
    let (path, named) = active(&admin, &document("ticking", &triggers)).await;
    assert_eq!(
        (&named["yearly"]["kind"], &named["yearly"]["address"]),
        (&json!("schedule"), &Value::Null)
    );
    let next = text(&named["yearly"]["next"][0]);
    assert!(next.ends_with("-01-01T06:00:00.000Z"), "{next}");

    // By itself: each second is one firing and one run.
    let ticks = format!("/triggers/{}", text(&named["ticks"]["id"]));
    let fired = wait::until("two ticks", || async {
        let firings = admin.all(&format!("{ticks}/firings")).await;
        (firings.len() >= 2).then_some(firings)
    })
    .await;
    for firing in &fired {
        assert_eq!(firing["status"], "accepted", "{firing:#}");
        let run = wait::run(&admin, &text(&firing["run_id"]), "succeeded").await;
        assert_eq!(run["cause"]["kind"], "schedule");
        assert_eq!(run["outputs"]["said"], "clock: 0");
        assert!(firing["scheduled_at"].as_str() <= firing["received_at"].as_str());
    }
    assert_ne!(fired[0]["scheduled_at"], fired[1]["scheduled_at"]);
    assert_ne!(fired[0]["run_id"], fired[1]["run_id"]);
    let paused = admin
        .post(&format!("{ticks}/pause"), &json!({ "reason": "enough" }))
        .await
        .with(200);
    assert_eq!(
        (&paused["status"], &paused["reason"]),
        (&json!("paused"), &json!("enough"))
    );

    // By hand, with a key: once.
    let fire = format!("/triggers/{}/fire", text(&named["yearly"]["id"]));
    let by_hand = || {
        admin
            .request("POST", &fire)
            .key("now")
            .json(&json!({ "reason": "a test" }))
            .send()
    };
    let firing = by_hand().await.with(202);
    assert_eq!(
        (&firing["status"], &firing["trigger_id"]),
        (&json!("accepted"), &named["yearly"]["id"])
    );
    assert_eq!(by_hand().await.with(202), firing);
    let other = admin
        .request("POST", &fire)
        .key("now")
        .json(&json!({}))
        .send()
        .await;
    other.problem(409, "idempotency_conflict");
    let run = wait::run(&admin, &text(&firing["run_id"]), "succeeded").await;
    assert_eq!(run["cause"]["kind"], "manual");
    assert_eq!(
        run["outputs"]["said"],
        format!("{}: 0", text(&firing["scheduled_at"]))
    );
    assert_eq!(statuses(&admin, &named["yearly"]).await, ["accepted"]);

    // What was so before the server died is so after it, and the clock goes on.
    let before = admin.all(&format!("{path}/triggers")).await;
    server.crash().await;
    let admin = admin.at(server.address());
    assert_eq!(admin.all(&format!("{path}/triggers")).await, before);
    let again = admin
        .request("POST", &fire)
        .key("now")
        .json(&json!({ "reason": "a test" }))
        .send()
        .await;
    assert_eq!(again.with(202), firing);
    let count = admin.all(&format!("{ticks}/firings")).await.len();
    admin
        .post(&format!("{ticks}/resume"), &json!({}))
        .await
        .with(200);
    wait::until("another tick", || async {
        (admin.all(&format!("{ticks}/firings")).await.len() > count).then_some(())
    })
    .await;
    admin
        .post(&format!("{path}/deactivate"), &json!({}))
        .await
        .with(200);
    admin
        .post(&fire, &json!({}))
        .await
        .problem(409, "not_active");
    let firings = admin.all(&format!("{ticks}/firings")).await;
    let mut times: Vec<&Value> = firings
        .iter()
        .map(|firing| &firing["scheduled_at"])
        .collect();
    times.dedup();
    assert_eq!(times.len(), firings.len(), "no second was fired twice");
    server.stop().await;
    server.verify();
}

#[tokio::test]
async fn a_webhook_with_a_bearer_starts_a_run_for_who_knows_the_secret() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let verify = json!({ "scheme": "bearer", "secret": "token" });
    let triggers = json!([
        { "id": "orders", "webhook": { "verify": verify, "respond": "accepted" },
          "when": "trigger.body.total > 100",
          "inputs": { "total": "{{ trigger.body.total }}", "who": "{{ trigger.headers['x-who'] | default('a stranger') }}" } },
        { "id": "answered", "webhook": { "verify": verify, "respond": "result" },
          "inputs": { "total": "{{ trigger.query.total | parse_number }}" } },
    ]);
    admin
        .put("/secrets/token", &json!({ "value": "hunter2 and more" }))
        .await
        .with(200);
    let (path, named) = active(&admin, &document("orders", &triggers)).await;
    let address = &named["orders"]["address"];
    let proof = ("authorization", "Bearer hunter2 and more");

    let started = deliver(
        &server,
        address,
        &[proof, ("x-who", "ana")],
        "{\"total\": 250}",
    )
    .await;
    let run = text(&started.with(202)["run_id"]);
    let run = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(run["cause"]["kind"], "webhook");
    assert_eq!(run["outputs"]["said"], "ana: 250");
    let filtered = deliver(&server, address, &[proof], "{\"total\": 5}")
        .await
        .with(202);
    assert_eq!(filtered["run_id"], Value::Null);
    let result = format!("{}?total=7", text(&named["answered"]["address"]));
    let result = deliver(&server, &json!(result), &[proof], "").await;
    assert_eq!(result.with(200), json!({ "said": "nobody: 7" }));

    for wrong in ["Bearer hunter3", "hunter2 and more", "Bearer "] {
        let refused = deliver(
            &server,
            address,
            &[("authorization", wrong)],
            "{\"total\": 250}",
        )
        .await;
        refused.problem(401, "unauthorized");
    }
    deliver(&server, address, &[], "{\"total\": 250}")
        .await
        .problem(401, "unauthorized");
    deliver(&server, &json!("/hooks/nothing"), &[proof], "{}")
        .await
        .problem(404, "not_found");
    let unreadable = deliver(&server, address, &[proof], "{\"total\": ").await;
    unreadable.problem(422, "bad_body");
    let unfitting = deliver(&server, address, &[proof], "{\"total\": \"much\"}").await;
    assert_eq!(unfitting.status, 422, "{}", unfitting.text);
    let viewer = server.role("viewer").await;
    let shown = viewer.all(&format!("{path}/triggers")).await;
    assert!(
        shown.iter().all(|one| one["address"].is_null()),
        "{shown:?}"
    );
    let kinds = statuses(&admin, &named["orders"]).await;
    assert_eq!(kinds[..2], ["accepted", "filtered"]);
    assert!(
        kinds[2..].iter().all(|status| status == "rejected"),
        "{kinds:?}"
    );

    server.crash().await;
    let admin = admin.at(server.address());
    let started = deliver(&server, address, &[proof], "{\"total\": 300}")
        .await
        .with(202);
    let run = wait::run(&admin, &text(&started["run_id"]), "succeeded").await;
    assert_eq!(run["outputs"]["said"], "a stranger: 300");
    // A secret that is written anew counts at once.
    admin
        .put("/secrets/token", &json!({ "value": "another" }))
        .await
        .with(200);
    deliver(&server, address, &[proof], "{\"total\": 300}")
        .await
        .problem(401, "unauthorized");
    deliver(
        &server,
        address,
        &[("authorization", "Bearer another")],
        "{\"total\": 300}",
    )
    .await
    .with(202);
    admin
        .post(&format!("{path}/deactivate"), &json!({}))
        .await
        .with(200);
    deliver(
        &server,
        address,
        &[("authorization", "Bearer another")],
        "{}",
    )
    .await
    .problem(404, "not_found");
}

#[tokio::test]
async fn a_signed_webhook_is_taken_once() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let triggers = json!([{
        "id": "paid", "webhook": { "verify": { "scheme": "standard_webhooks", "secret": "hook" } },
        "inputs": { "total": "{{ trigger.body.total }}", "who": "{{ trigger.id }}" },
    }]);
    let secret = format!("whsec_{}", STANDARD.encode(KEY));
    admin
        .put("/secrets/hook", &json!({ "value": secret }))
        .await
        .with(200);
    let (_, named) = active(&admin, &document("paid", &triggers)).await;
    let address = named["paid"]["address"].clone();
    let body = "{\"total\": 12.50}";
    let send = async |server: &Server, id: &str, at: i64, signature: &str, body: &str| {
        let at = at.to_string();
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", at.as_str()),
            ("webhook-signature", signature),
        ];
        deliver(server, &address, &headers, body).await
    };
    let at = now();
    let signed = signature("msg_1", at, body);
    let first = send(&server, "msg_1", at, &signed, body).await.with(202);
    let run = wait::run(&admin, &text(&first["run_id"]), "succeeded").await;
    assert_eq!(run["outputs"]["said"], "msg_1: 12.5");
    assert_eq!(run["cause"]["delivery_id"], "msg_1");
    assert_eq!(
        send(&server, "msg_1", at, &signed, body).await.with(202),
        first
    );
    // Sent again later it is signed anew, and is still the same delivery.
    let later = signature("msg_1", at + 1, body);
    assert_eq!(
        send(&server, "msg_1", at + 1, &later, body).await.with(202),
        first
    );

    let tampered = "{\"total\": 99.50}";
    send(&server, "msg_2", at, &signed, body)
        .await
        .problem(401, "unauthorized");
    send(&server, "msg_1", at, &signed, tampered)
        .await
        .problem(401, "unauthorized");
    let old = at - 3600;
    send(&server, "msg_3", old, &signature("msg_3", old, body), body)
        .await
        .problem(401, "unauthorized");
    // One of several signatures is enough: the sender is changing its key.
    let several = format!("v1,AAAA {}", signature("msg_4", at, body));
    let fourth = send(&server, "msg_4", at, &several, body).await.with(202);
    assert_ne!(fourth["run_id"], first["run_id"]);

    server.crash().await;
    let admin = admin.at(server.address());
    assert_eq!(
        send(&server, "msg_1", at, &signed, body).await.with(202),
        first
    );
    assert_eq!(admin.all("/runs").await.len(), 2);
    let kinds = statuses(&admin, &named["paid"]).await;
    let count = |status: &str| kinds.iter().filter(|kind| *kind == status).count();
    assert_eq!((count("accepted"), count("duplicate")), (2, 3), "{kinds:?}");
    server.stop().await;
    server.verify();
}

#[tokio::test]
async fn an_event_starts_a_run_of_each_automation_that_waits_for_it() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let waits = |kind: &str| json!([{ "id": "on", "event": { "type": kind }, "inputs": { "who": "{{ trigger.type }}", "total": "{{ trigger.data.total | default(0) }}" } }]);
    for (name, kind) in [
        ("exact", "com.example.paid"),
        ("all", "com.example.*"),
        ("other", "org.example.*"),
    ] {
        active(&admin, &document(name, &waits(kind))).await;
    }
    let event = |id: &str, kind: &str| json!({ "specversion": "1.0", "id": id, "source": "/shop", "type": kind, "data": { "total": 3 } });
    let send = async |admin: &Client, media: &str, body: String| {
        let request = admin
            .request("POST", "/events")
            .header("content-type", media);
        request.bytes(body).send().await
    };
    let structured = "application/cloudevents+json";
    let first = send(
        &admin,
        structured,
        event("1", "com.example.paid").to_string(),
    )
    .await
    .with(202);
    let runs = first["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2, "{first}");
    for run in runs {
        let run = wait::run(&admin, &text(run), "succeeded").await;
        assert_eq!(run["cause"]["kind"], "event");
        assert_eq!(run["outputs"]["said"], "com.example.paid: 3");
    }
    // The same source and id is the same event, whatever else it says.
    assert_eq!(
        send(
            &admin,
            structured,
            event("1", "com.example.paid").to_string()
        )
        .await
        .with(202),
        first
    );
    let none = send(
        &admin,
        structured,
        event("2", "net.example.paid").to_string(),
    )
    .await
    .with(202);
    assert_eq!(none["runs"], json!([]));

    // Binary: the attributes are headers, the body is the data.
    let binary = || {
        let request = admin
            .request("POST", "/events")
            .header("content-type", "application/json");
        let request = request.header("ce-specversion", "1.0").header("ce-id", "3");
        let request = request
            .header("ce-source", "/shop")
            .header("ce-type", "com.example.sold");
        request.bytes("{\"total\": 8}").send()
    };
    let sold = binary().await.with(202);
    assert_eq!(sold["runs"].as_array().map(Vec::len), Some(1));
    let run = wait::run(&admin, &text(&sold["runs"][0]), "succeeded").await;
    assert_eq!(run["outputs"]["said"], "com.example.sold: 8");
    assert_eq!(binary().await.with(202), sold);

    // A key is for who cannot name the event again.
    let keyed = |body: Value| {
        let request = admin
            .request("POST", "/events")
            .key("k")
            .header("content-type", structured);
        request.bytes(body.to_string()).send()
    };
    let once = keyed(event("6", "com.example.paid")).await.with(202);
    assert_eq!(keyed(event("6", "com.example.paid")).await.with(202), once);
    keyed(event("8", "com.example.paid"))
        .await
        .problem(409, "idempotency_conflict");

    // A batch, in which one has come before.
    let batch = json!([
        event("1", "com.example.paid"),
        event("4", "org.example.x"),
        event("5", "com.example.paid")
    ]);
    let batched = "application/cloudevents-batch+json";
    let answered = send(&admin, batched, batch.to_string()).await.with(202);
    let items = answered["items"].as_array().unwrap();
    let counts: Vec<Option<usize>> = items
        .iter()
        .map(|item| item["runs"].as_array().map(Vec::len))
        .collect();
    assert_eq!(counts, [Some(2), Some(1), Some(2)]);
    assert_eq!(items[0], first);

    for (media, body, status) in [
        (
            structured,
            json!({ "specversion": "1.0", "id": "6" }).to_string(),
            422,
        ),
        (structured, "{".into(), 422),
        (
            structured,
            event("7", "x").to_string().replace("1.0", "9.9"),
            422,
        ),
        ("text/plain", "hello".into(), 415),
    ] {
        let refused = send(&admin, media, body).await;
        let code = text(&refused.body["code"]);
        refused.problem(status, &code);
    }

    server.crash().await;
    let admin = admin.at(server.address());
    assert_eq!(
        send(&admin, batched, batch.to_string()).await.with(202),
        answered
    );
    assert_eq!(admin.all("/runs?cause=event").await.len(), 8);
    assert_eq!(admin.all("/runs").await.len(), 8);
    server.stop().await;
    server.verify();
}

/// A hook tells by its length alone that a body is too long, before any of it has come, and notes it.
#[tokio::test]
async fn a_body_that_is_too_long_for_a_hook_is_refused_before_it_comes() {
    let server = Server::new().await;
    let admin = server.admin();
    let webhook = json!({ "verify": { "scheme": "none" }, "max_body": 1000 });
    let (_, triggers) = active(
        &admin,
        &document("small", &json!([{ "id": "hook", "webhook": webhook }])),
    )
    .await;
    let host = server.address().trim_start_matches("http://");
    let address = text(&triggers["hook"]["address"]);
    for length in [1001, 64 << 20] {
        let mut raw = Raw::to(server.address()).await;
        let head =
            format!("POST {address} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n");
        assert!(raw.send(head).await);
        let (status, body) = raw.answer().await;
        assert_eq!(status, 413, "{body}");
    }
    assert_eq!(
        statuses(&admin, &triggers["hook"]).await,
        ["rejected", "rejected"]
    );
}

/// What was refused, held back or kept out can be looked at and, where something of it was kept, come again.
#[tokio::test]
async fn what_was_refused_is_looked_at_and_replayed() {
    let server = Server::new().await;
    let admin = server.admin();
    let data = server.data().to_str().unwrap().to_owned();
    let desk = crate::cli::Desk::new();
    let verify = json!({ "scheme": "bearer", "secret": "token" });
    let hook = json!([{ "id": "orders", "webhook": { "verify": verify },
        "inputs": { "total": "{{ trigger.body.total }}" } }]);
    let mut wanted = document("orders", &hook);

    // A secret that is not there keeps it from being activated, with its place and a hint.
    let made = admin.post("/automations", &wanted).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let blocked = admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .problem(422, "activation_blocked");
    let finding = &blocked["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["path"]),
        (
            &json!("missing_secret"),
            &json!("/triggers/0/webhook/verify/secret")
        )
    );
    assert!(text(&finding["help"]).contains("druse secrets set token"));
    admin
        .put("/secrets/token", &json!({ "value": "hunter2 and more" }))
        .await
        .with(200);
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let trigger = admin.all(&format!("{path}/triggers")).await.remove(0);
    let (id, address) = (text(&trigger["id"]), trigger["address"].clone());
    let good = ("authorization", "Bearer hunter2 and more");
    let forged = ("authorization", "Bearer of bad news");
    deliver(&server, &address, &[forged], "{\"total\": 1}")
        .await
        .problem(401, "unauthorized");
    let unfitting = deliver(&server, &address, &[good], "{\"totl\": 5}").await;
    assert_eq!(unfitting.status, 422);
    desk.run(&[
        "triggers",
        "pause",
        "orders/orders",
        "--reason",
        "moving",
        "--data",
        &data,
    ])
    .ok();
    let late = deliver(&server, &address, &[good], "{\"total\": 7}").await;
    assert_eq!(late.header("retry-after"), "60");
    late.problem(503, "paused");
    let shown = desk
        .run(&["triggers", "show", "orders/orders", "--data", &data])
        .ok()
        .out;
    for word in [
        "paused",
        "moving",
        "rejected    2",
        "skipped     1",
        "the trigger is paused",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    desk.run(&["triggers", "resume", "orders/orders", "--data", &data])
        .ok();

    let firings = admin.all(&format!("/triggers/{id}/firings")).await;
    let [skipped, unfit, unverified] = firings.as_slice() else {
        panic!("{firings:#?}");
    };
    let whole = async |firing: &Value| {
        let path = format!("/triggers/{id}/firings/{}", text(&firing["id"]));
        admin.get(&path).await.with(200)
    };
    assert_eq!(whole(skipped).await["payload"]["body"]["total"], 7);
    assert_eq!(whole(unfit).await["payload"]["body"], json!({ "totl": 5 }));
    assert!(text(&unfit["reason"]).contains("total"), "{unfit}");
    assert_eq!(whole(unverified).await.get("payload"), None);
    let replay = |firing: &Value| {
        let firing = text(&firing["id"]);
        desk.run(&[
            "triggers", "replay", &id, &firing, "--output", "json", "--data", &data,
        ])
    };
    let again = replay(skipped).ok().json();
    assert_eq!(again["replay_of"], skipped["id"]);
    let run = wait::run(&admin, &text(&again["run_id"]), "succeeded").await;
    assert_eq!(run["outputs"]["said"], "nobody: 7");
    replay(unverified).refused(1, &["kept"]);
    // What did not fit does so once the trigger is mended.
    replay(unfit).refused(65, &["total"]);
    wanted["triggers"][0]["inputs"] = json!({ "total": "{{ trigger.body.totl }}" });
    admin.put(&path, &wanted).await.with(200);
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let run = text(&replay(unfit).ok().json()["run_id"]);
    let run = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(run["outputs"]["said"], "nobody: 5");
}

/// `events send` says what came of an event, also where it waits for others.
#[tokio::test]
async fn who_sends_an_event_is_told_what_came_of_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let data = server.data().to_str().unwrap().to_owned();
    let desk = crate::cli::Desk::new();
    let triggers = json!([{ "id": "calm", "event": { "type": "com.example.calm" },
        "debounce": { "delay": "1s" } }]);
    active(&admin, &document("calms", &triggers)).await;
    let send = |kind: &str| {
        desk.run(&["events", "send", kind, "--data", &data])
            .ok()
            .out
    };
    let said = send("com.example.calm");
    assert!(
        said.contains("At calms/calm it is queued: it waits for more to come"),
        "{said}"
    );
    let event = said.split(' ').nth(1).unwrap().to_owned();
    let run = wait::until("its run", || async {
        let shown = admin.get(&format!("/events/{event}")).await.with(200);
        shown["runs"][0].as_str().map(str::to_owned)
    })
    .await;
    wait::run(&admin, &run, "succeeded").await;
    let shown = desk
        .run(&["events", "show", &event, "--data", &data])
        .ok()
        .out;
    assert!(shown.contains(&format!("It started {run}.")), "{shown}");

    // A step that waits for it is what came of it, too.
    let waits = json!({
        "druse": 1, "name": "waits",
        "steps": [{ "id": "hear", "action": "wait", "with": { "event": { "type": "com.example.woken" } } }],
    });
    let (path, _) = active(&admin, &waits).await;
    let started = admin.post(&format!("{path}/runs"), &json!({})).await;
    let run = text(&started.with(202)["id"]);
    wait::run(&admin, &run, "waiting").await;
    let said = send("com.example.woken");
    assert!(
        said.contains(&format!("Step hear of {run} waited for it and took it.")),
        "{said}"
    );
    let said = send("com.example.nobody");
    assert!(
        said.contains("no trigger and no run waited for it"),
        "{said}"
    );
}
