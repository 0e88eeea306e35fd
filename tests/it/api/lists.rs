//! Lists, page by page, and what people edit: versions, entity tags, secrets that are never read.

use crate::harness::{Answer, Client, Server, text, wait};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn document(name: &str) -> Value {
    json!({ "druse": 1, "name": name, "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }] })
}

/// Reads a list page by page and as a whole: the same items in the same order, each once.
async fn pages(client: &Client, path: &str, expected: usize) -> Vec<Value> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let whole = client.all(path).await;
    assert_eq!(whole.len(), expected, "{path}: {whole:#?}");
    for limit in [1, 2, expected] {
        let mut paged: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = client
                .get(&format!("{path}{sign}limit={limit}{cursor}"))
                .await
                .with(200);
            let items = page["items"].as_array().unwrap();
            assert!(
                !items.is_empty() && items.len() <= limit,
                "{path}: {page:#}"
            );
            paged.extend(items.iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            assert!(
                next.chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'),
                "{next}"
            );
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, whole, "{path} by {limit}");
    }
    whole
}

#[tokio::test]
async fn every_list_comes_in_pages() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let call = json!({ "messages": [{ "role": "user", "content": "Hello." }] });
    let hook = json!({ "webhook": { "verify": { "scheme": "none" } } });
    for number in 0..3 {
        admin.post("/agents/runs", &call).await.with(201);
        admin.post("/chat/threads", &call).await.with(201);
        admin
            .put(
                &format!("/secrets/s{number}"),
                &json!({ "value": "secret value" }),
            )
            .await
            .with(200);
        let connection = json!({ "kind": "http", "base_url": "http://127.0.0.1:9" });
        admin
            .put(&format!("/connections/c{number}"), &connection)
            .await
            .with(200);
        admin
            .post("/tokens", &json!({ "role": "viewer", "name": "v" }))
            .await
            .with(201);
        let mut wanted = document(&format!("n{number}"));
        let mut trigger = hook.clone();
        trigger["id"] = "hook".into();
        wanted["triggers"] = json!([trigger]);
        wanted["steps"] =
            json!([{ "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } }]);
        let made = admin.post("/automations", &wanted).await.with(201);
        let path = format!("/automations/{}", text(&made["id"]));
        admin
            .post(&format!("{path}/activate"), &json!({}))
            .await
            .with(200);
    }
    let first = format!(
        "/automations/{}",
        text(&admin.get("/automations/n0").await.with(200)["id"])
    );
    admin.put(&first, &document("n0")).await.with(200);
    admin.put(&first, &document("n0")).await.with(200);
    let trigger = format!("/triggers/{}", text(&admin.all("/triggers").await[0]["id"]));
    for _ in 0..3 {
        let firing = admin
            .post(&format!("{trigger}/fire"), &json!({}))
            .await
            .with(202);
        wait::approval(&admin, &text(&firing["run_id"])).await;
    }
    for (path, expected) in [
        ("/agents/runs", 3),
        ("/chat/threads", 3),
        ("/automations", 3),
        ("/automations?status=active", 3),
        ("/automations?source_type=MANUAL", 3),
        (&format!("{first}/versions"), 3),
        ("/runs", 3),
        ("/runs?status=waiting", 3),
        ("/approvals?status=pending", 3),
        ("/triggers", 3),
        (&format!("{trigger}/firings"), 3),
        ("/secrets", 3),
        ("/connections", 3),
        ("/tokens", 4),
        ("/audit?action=trigger.fire", 3),
    ] {
        pages(&admin, path, expected).await;
    }
    let runs = admin.all("/runs").await;
    let ids: Vec<String> = runs.iter().map(|run| text(&run["id"])).collect();
    let mut youngest_first = ids.clone();
    youngest_first.sort_by(|a, b| b.cmp(a));
    assert_eq!(ids, youngest_first);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3);
    // Times bound a list: from `since` on, and before `until`.
    let middle = text(&runs[1]["created_at"]);
    let since = admin.all(&format!("/runs?since={middle}")).await;
    let until = admin.all(&format!("/runs?until={middle}")).await;
    assert_eq!(since.len() + until.len(), 3);
    assert!(since.contains(&runs[1]) && !until.contains(&runs[1]));
    assert_eq!(admin.all("/runs?status=succeeded").await.len(), 0);
    assert_eq!(admin.all("/automations?status=draft").await.len(), 0);
    // The index is disposable: without it the lists are the same.
    let before = (
        admin.all("/runs").await,
        admin.all("/approvals").await,
        admin.all("/automations").await,
    );
    server.kill();
    std::fs::remove_dir_all(server.data().join("index")).unwrap();
    server.start().await;
    let admin = admin.at(server.address());
    let after = (
        admin.all("/runs").await,
        admin.all("/approvals").await,
        admin.all("/automations").await,
    );
    assert_eq!(after, before);
}

#[tokio::test]
async fn versions_stay_and_an_old_one_comes_back_as_the_newest() {
    let server = Server::new().await;
    let admin = server.admin();
    let with = |value: i64| {
        let mut document = document("kept");
        document["steps"][0]["with"]["value"] = value.into();
        document["outputs"] = json!({ "value": "{{ steps.a.output }}" });
        document
    };
    let made = admin.post("/automations", &with(1)).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let second = admin.put(&path, &with(2)).await.with(200);
    assert_eq!(
        (&second["latest_version"], &second["active_version"]),
        (&json!(2), &json!(1))
    );
    let run = async |body: Value| -> Value {
        admin
            .post(&format!("{path}/runs?wait=30s"), &body)
            .await
            .with(200)["outputs"]["value"]
            .clone()
    };
    assert_eq!(run(json!({})).await, 1);
    assert_eq!(run(json!({ "version": 2 })).await, 2);
    let back = admin
        .post(&format!("{path}/rollback"), &json!({ "version": 1 }))
        .await
        .with(200);
    assert_eq!(back["latest_version"], 3);
    assert_eq!(back["document"], made["document"]);
    assert_eq!(
        back["digest"], made["digest"],
        "the digest is of what it says"
    );
    let versions = admin.all(&format!("{path}/versions")).await;
    let digests: Vec<&Value> = versions.iter().map(|version| &version["digest"]).collect();
    assert_eq!(
        digests,
        [&made["digest"], &second["digest"], &made["digest"]]
    );
    let diff = admin
        .get(&format!("{path}/diff?from=1&to=2"))
        .await
        .with(200);
    assert_eq!(
        diff["steps"],
        json!({ "added": [], "removed": [], "changed": ["a"], "renamed": [], "moved": [] })
    );
    admin
        .get(&format!("{path}/versions/9"))
        .await
        .problem(404, "not_found");
    admin
        .get(&format!("{path}/diff?from=1&to=9"))
        .await
        .problem(404, "not_found");
    admin.delete(&path).await.problem(409, "still_active");
    admin
        .post(&format!("{path}/deactivate"), &json!({}))
        .await
        .with(200);
    admin
        .post(&format!("{path}/runs"), &json!({}))
        .await
        .problem(409, "not_active");
    assert_eq!(run(json!({ "version": 2 })).await, 2);
    let ran = admin.all("/runs").await;
    admin.delete(&path).await.with(204);
    admin.get(&path).await.problem(404, "not_found");
    // What it did stays to be read.
    let read = admin
        .get(&format!("/runs/{}", text(&ran[0]["id"])))
        .await
        .with(200);
    assert_eq!(read["steps"].as_array().map(Vec::len), Some(1));
    admin.post("/automations", &with(1)).await.with(201);
    admin
        .post("/automations", &with(1))
        .await
        .problem(409, "name_taken");
}

#[tokio::test]
async fn who_edits_what_has_moved_is_told() {
    let server = Server::new().await;
    let admin = server.admin();
    let made = admin
        .post("/automations", &document("edited"))
        .await
        .with(201);
    let automation = format!("/automations/{}", text(&made["id"]));
    let http =
        |port: u16| json!({ "kind": "http", "base_url": format!("http://127.0.0.1:{port}") });
    let rule = |name: &str| json!({ "tools": [{ "match": name, "action": "shell", "with": { "argv": ["true"] } }] });
    let cases = [
        (automation.clone(), document("edited"), document("renamed")),
        ("/connections/c".into(), http(1), http(2)),
        (
            "/secrets/s".into(),
            json!({ "value": "one and more" }),
            json!({ "value": "two and more" }),
        ),
        ("/tools".into(), rule("a"), rule("b")),
    ];
    for (path, one, two) in cases {
        let put = async |tag: Option<&str>, body: &Value| -> Answer {
            let request = admin.request("PUT", &path);
            let request = match tag {
                Some(tag) => request.header("if-match", tag),
                None => request,
            };
            request.json(body).send().await
        };
        let first = put(None, &one).await;
        let tag = first.header("etag").to_owned();
        first.with(200);
        assert_eq!(admin.get(&path).await.header("etag"), tag, "{path}");
        let second = put(Some(&tag), &two).await;
        let newer = second.header("etag").to_owned();
        second.with(200);
        assert_ne!(newer, tag, "{path}");
        put(Some(&tag), &one)
            .await
            .problem(412, "changed_meanwhile");
        put(Some("*"), &one).await.with(200);
        put(Some("nonsense"), &one)
            .await
            .problem(412, "changed_meanwhile");
        let several = format!("\"other\", {}", admin.get(&path).await.header("etag"));
        put(Some(&several), &two).await.with(200);
        if path != "/tools" {
            let gone = admin
                .request("DELETE", &path)
                .header("if-match", &tag)
                .send()
                .await;
            gone.problem(412, "changed_meanwhile");
            admin.delete(&path).await.with(204);
            admin.get(&path).await.problem(404, "not_found");
            put(Some(&newer), &one).await.problem(
                if path == automation { 404 } else { 412 },
                if path == automation {
                    "not_found"
                } else {
                    "changed_meanwhile"
                },
            );
        }
    }
}

#[tokio::test]
async fn a_secret_is_used_and_never_shown() {
    let mut server = Server::with(&["--allow-program", "/bin/sh"]).await;
    let admin = server.admin();
    let value = "correct horse battery";
    admin
        .put("/secrets/phrase", &json!({ "value": value }))
        .await
        .with(200);
    let shown = admin.get("/secrets/phrase").await;
    assert!(!shown.text.contains(value), "{}", shown.text);
    let document = json!({
        "druse": 1, "name": "leaks",
        "steps": [
            { "id": "say", "action": "shell",
              "with": { "script": "printf %s \"$PHRASE\"; printf %s \"$PHRASE\" | rev", "env": { "PHRASE": "{{ secrets.phrase }}" } } },
        ],
        "outputs": { "said": "{{ steps.say.output.stdout }}" },
    });
    let made = admin.post("/automations", &document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let finding = made["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["code"]))
        .collect::<Vec<_>>();
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let run = admin
        .post(&format!("{path}/runs?wait=30s"), &json!({}))
        .await;
    assert!(!run.text.contains(value), "{}", run.text);
    let run = run.with(200);
    assert_eq!(run["status"], "succeeded", "{run:#} {finding:?}");
    // It did reach the program: what that made of it came back.
    let reversed: String = value.chars().rev().collect();
    assert!(text(&run["outputs"]["said"]).contains(&reversed), "{run:#}");
    let events = admin
        .get(&format!("/runs/{}/events", text(&run["id"])))
        .await;
    assert!(!events.text.contains(value), "{}", events.text);
    admin.delete("/secrets/phrase").await.with(204);
    let failed = admin
        .post(&format!("{path}/runs?wait=30s"), &json!({}))
        .await
        .with(200);
    assert_eq!(failed["status"], "failed", "{failed:#}");
    server.stop().await;
    server.verify();
    // Nor does it lie in the folder in the clear.
    let needle = value.as_bytes();
    for file in files(server.data()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{} holds the secret", file.display());
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}
