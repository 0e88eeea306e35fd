//! What nobody sends by mistake: bodies, events and headers that are made to break whoever reads them. Each is
//! taken or refused with a reason, and the server goes on.

use crate::harness::{Raw, Server, active, text, wait};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_deliveries_are_taken_or_refused_and_nothing_breaks() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "takes", "inputs": { "body": {} },
        "triggers": [{ "id": "hook", "webhook": { "verify": { "scheme": "none" }, "max_body": 300_000 },
            "inputs": { "body": "{{ trigger.body }}" } }],
        "steps": [{ "id": "see", "action": "transform", "with": { "value": "{{ inputs.body }}" } }],
    });
    let path = active(&admin, &document).await;
    let trigger = admin.all(&format!("{path}/triggers")).await.remove(0);
    assert_eq!(trigger["open"], true, "shown wherever the trigger is");
    assert_eq!(trigger["findings"][0]["code"], "open_webhook");
    let (address, id) = (text(&trigger["address"]), text(&trigger["id"]));
    let parts = |count: usize| -> Vec<u8> {
        let part = "--b\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        [part.repeat(count).as_bytes(), b"--b--\r\n"].concat()
    };
    let deep = |open: &str, shut: &str, depth: usize| {
        [open.repeat(depth), "1".to_owned(), shut.repeat(depth)]
            .concat()
            .into_bytes()
    };
    let json_type = "application/json";
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        (json_type, deep("[", "]", 100_000), 422),
        (json_type, deep("{\"a\":", "}", 40_000), 422),
        (json_type, b"{\"a\": \"\xff\xfe\"}".to_vec(), 422),
        (json_type, b"{\"a\": 1e999}".to_vec(), 422),
        (json_type, b"{\"a\": \"\\ud800\"}".to_vec(), 422),
        (json_type, b"\0".to_vec(), 422),
        (json_type, b"{\"a\": 1}{\"a\": 2}".to_vec(), 422),
        (
            json_type,
            format!("[{}1]", "1,".repeat(100_000)).into_bytes(),
            202,
        ),
        (
            json_type,
            b"{\"__proto__\": {\"a\": 1}, \"\": null}".to_vec(),
            202,
        ),
        (json_type, b"\"{{ secrets.key }} {% raw %}\"".to_vec(), 202),
        (
            "application/x-www-form-urlencoded",
            "a=1&".repeat(50_000).into_bytes(),
            202,
        ),
        (
            "application/x-www-form-urlencoded",
            b"%ff%00&=&&a=%".to_vec(),
            202,
        ),
        (
            "text/plain; charset=utf-16",
            b"\xff\xfeh\0i\0".to_vec(),
            202,
        ),
        ("application/octet-stream", vec![0; 250_000], 202),
        ("multipart/form-data", parts(2), 422),
        ("multipart/form-data; boundary=b", parts(5), 202),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nno head".to_vec(),
            422,
        ),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\n\r\n".repeat(20_000),
            422,
        ),
        (json_type, vec![b' '; 300_001], 413),
    ];
    let count = cases.len();
    for (number, (kind, body, expected)) in cases.into_iter().enumerate() {
        let sent = server
            .anonymous()
            .root("POST", &address)
            .header("content-type", kind);
        let answer = sent.bytes(body).send().await;
        assert!(
            answer.status == expected || (expected != 413 && [202, 422].contains(&answer.status)),
            "{number}, {kind}: {} {}",
            answer.status,
            answer.text
        );
        if answer.status == 202 {
            let run = text(&answer.body["run_id"]);
            wait::run(&admin, &run, "succeeded").await;
        } else {
            assert!(!text(&answer.body["help"]).is_empty(), "{}", answer.text);
        }
    }
    let firings = admin.all(&format!("/triggers/{id}/firings")).await;
    assert_eq!(firings.len(), count, "each is a firing");
    for firing in &firings {
        let is_told = firing["status"] == "accepted" || !text(&firing["reason"]).is_empty();
        assert!(is_told, "{firing}");
    }

    // A body without a length that does not end, and one that is said twice how long it is.
    let host = server.address().trim_start_matches("http://").to_owned();
    let mut raw = Raw::to(server.address()).await;
    let head =
        format!("POST {address} HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n");
    assert!(raw.send(head).await);
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..8 {
        if !raw.send(chunk.clone()).await {
            break;
        }
    }
    let (status, body) = raw.answer().await;
    assert_eq!(status, 413, "{body}");

    // Events.
    let event = |change: Value| {
        let mut event =
            json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "com.example.x" });
        for (key, value) in change.as_object().unwrap() {
            event[key] = value.clone();
        }
        event
    };
    for (change, expected) in [
        (json!({ "id": "x".repeat(10_000) }), 422),
        (json!({ "id": "a\nb" }), 422),
        (json!({ "type": "a\u{0}b" }), 422),
        (json!({ "id": "d1", "drusedepth": 2_147_483_647 }), 202),
        (json!({ "id": "d2", "drusedepth": -5 }), 202),
        (json!({ "id": "d3", "data": "{{ secrets.key }}" }), 202),
        (json!({ "id": "d4", "DATA": 1 }), 422),
        (json!({ "id": "d5", "data": 1, "data_base64": "AA==" }), 422),
    ] {
        let sent = admin
            .request("POST", "/events")
            .header("content-type", "application/cloudevents+json");
        let answer = sent.bytes(event(change.clone()).to_string()).send().await;
        assert_eq!(answer.status, expected, "{change}: {}", answer.text);
    }
    let many: Vec<Value> = (0..1_001)
        .map(|n| event(json!({ "id": n.to_string() })))
        .collect();
    let sent = admin
        .request("POST", "/events")
        .header("content-type", "application/cloudevents-batch+json");
    let answer = sent.bytes(json!(many).to_string()).send().await;
    answer.problem(413, "too_many_events");
    let ready = server.anonymous().root("GET", "/readyz").send().await;
    assert_eq!(ready.with(200)["status"], "ready");
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}

/// An automation is taken away while its triggers fire: whatever was acknowledged has its run, and nothing fires
/// afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_taken_away_while_it_fires_keeps_what_it_said() {
    let mut server = Server::new().await;
    let admin = server.admin();
    for round in 0..6 {
        let name = format!("taken_{round}");
        let document = json!({
            "druse": 1, "name": name,
            "triggers": [
                { "id": "hook", "webhook": { "verify": { "scheme": "none" } } },
                { "id": "told", "event": { "type": "com.example.taken" } },
                { "id": "ticks", "schedule": { "every": "1s", "overlap": "allow" } },
                { "id": "calm", "event": { "type": "com.example.taken" }, "debounce": { "delay": "1s" } },
            ],
            "steps": [{ "id": "see", "action": "transform", "with": { "value": 1 } }],
        });
        let path = active(&admin, &document).await;
        let triggers = admin.all(&format!("{path}/triggers")).await;
        let hook = triggers.iter().find(|one| one["name"] == "hook").unwrap();
        let address = text(&hook["address"]);
        let mut sending = tokio::task::JoinSet::new();
        for client in 0..4 {
            let (anonymous, admin, address) = (server.anonymous(), admin.clone(), address.clone());
            sending.spawn(async move {
                let mut runs = Vec::new();
                for n in 0..40 {
                    let sent = anonymous.root("POST", &address).json(&json!({ "n": n })).send();
                    let answer = sent.await;
                    match answer.status {
                        202 => runs.push(text(&answer.body["run_id"])),
                        404 => break,
                        // Accepted a moment before it was taken away.
                        409 => {}
                        status => panic!("{status} {}", answer.text),
                    }
                    let event = json!({
                        "specversion": "1.0", "id": format!("{round}/{client}/{n}"), "source": "/s", "type": "com.example.taken",
                    });
                    let sent = admin
                        .request("POST", "/events")
                        .header("content-type", "application/cloudevents+json");
                    let answer = sent.bytes(event.to_string()).send().await.with(202);
                    runs.extend(answer["runs"].as_array().unwrap().iter().map(text));
                }
                runs
            });
        }
        wait::until("some runs", || async {
            let runs = admin
                .get(&format!(
                    "/runs?automation_id={}",
                    path.trim_start_matches("/automations/")
                ))
                .await;
            (runs.with(200)["items"].as_array().unwrap().len() > 5).then_some(())
        })
        .await;
        admin
            .post(&format!("{path}/deactivate"), &json!({}))
            .await
            .with(200);
        let gone = admin.delete(&path).await;
        assert!(gone.status < 300, "{}", gone.text);
        while let Some(runs) = sending.join_next().await {
            for run in runs.unwrap() {
                wait::run(&admin, &run, "succeeded").await;
            }
        }
        let after = server
            .anonymous()
            .root("POST", &address)
            .json(&json!({}))
            .send()
            .await;
        after.problem(404, "not_found");
    }
    assert_eq!(admin.all("/triggers").await, Vec::<Value>::new());
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}
