//! Watched folders and polls, at the real server: what comes while it is killed has one run each.

use crate::harness::wait::until;
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn watching(name: &str, files: &Value) -> Value {
    json!({
        "druse": 1, "name": name, "inputs": { "path": {} },
        "triggers": [{ "id": "inbox", "files": files, "inputs": { "path": "{{ trigger.path }}" } }],
        "steps": [{ "id": "read", "action": "file", "with": {
            "connection": "inbox", "op": "read", "path": "{{ inputs.path }}", "encoding": "text" } }],
        "outputs": { "text": "{{ steps.read.output.text }}" },
    })
}

fn asking(name: &str) -> Value {
    let with = json!({
        "connection": "shop", "params": ["{{ cursor }}"],
        "statement": "select id from orders where id >= coalesce(?1, 0) order by id limit 20",
    });
    json!({
        "druse": 1, "name": name, "inputs": { "id": {} },
        "triggers": [{
            "id": "orders", "inputs": { "id": "{{ trigger.item.id }}" },
            "poll": { "action": "sql", "with": with, "every": "1s", "key": "item.id", "cursor": "item.id" },
        }],
        "steps": [{ "id": "note", "action": "transform", "with": { "value": "{{ inputs.id }}" } }],
        "outputs": { "text": "{{ inputs.id }}" },
    })
}

/// Activates an automation; gives the id of its trigger.
async fn active(admin: &Client, document: &Value) -> String {
    let made = admin.post("/automations", document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let answer = admin.post(&format!("{path}/activate"), &json!({})).await;
    answer.with(200);
    text(&admin.all(&format!("{path}/triggers")).await[0]["id"])
}

async fn connect(admin: &Client, name: &str, connection: &Value) {
    let answer = admin.put(&format!("/connections/{name}"), connection).await;
    assert!(answer.status < 300, "{}", answer.text);
}

async fn firings(admin: &Client, trigger: &str) -> Vec<Value> {
    admin.all(&format!("/triggers/{trigger}/firings")).await
}

/// Waits until there are so many firings, and gives them.
async fn so_many(admin: &Client, trigger: &str, many: usize) -> Vec<Value> {
    until(&format!("{many} firings"), || async {
        let found = firings(admin, trigger).await;
        (found.len() >= many).then_some(found)
    })
    .await
}

/// How often each output came.
async fn outputs(admin: &Client, firings: &[Value]) -> BTreeMap<String, usize> {
    let mut outputs = BTreeMap::new();
    for firing in firings {
        assert_eq!(firing["status"], "accepted", "{firing}");
        let run = wait::run(admin, &text(&firing["run_id"]), "succeeded").await;
        *outputs
            .entry(run["outputs"]["text"].to_string())
            .or_default() += 1;
    }
    outputs
}

/// Writes a file beside the folder and renames it into place, as careful writers do.
fn rename_into(folder: &Path, name: &str, text: &str) {
    let beside = folder.parent().unwrap().join(format!("{name}.making"));
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join(name)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_noticed_at_once_and_what_was_there_is_not() {
    let place = tempfile::tempdir().unwrap();
    let inbox = place.path().join("inbox");
    fs::create_dir_all(inbox.join("deep")).unwrap();
    rename_into(&inbox, "old.txt", "old");
    let server = Server::new().await;
    let admin = server.admin();
    connect(&admin, "inbox", &json!({ "kind": "folder", "path": inbox })).await;
    // Looked through once a day: what comes sooner was told by the system. Settled after an hour: what is
    // complete sooner was renamed into place.
    let watch = json!({ "connection": "inbox", "recursive": true, "every": "1d", "settle": "1h" });
    let trigger = active(&admin, &watching("moved", &watch)).await;
    has_looked(&admin, &trigger).await;
    rename_into(&inbox, "a.txt", "a");
    rename_into(&inbox.join("deep"), "b.txt", "b");
    fs::create_dir(inbox.join("later")).unwrap();
    fs::write(inbox.join("half.txt"), "half").unwrap();
    let found = so_many(&admin, &trigger, 2).await;
    let told = outputs(&admin, &found).await;
    assert_eq!(
        told,
        BTreeMap::from([("\"a\"".into(), 1), ("\"b\"".into(), 1)])
    );
    let shown = admin.get(&format!("/triggers/{trigger}")).await.with(200);
    assert_eq!(shown["lookout"]["notified"], true, "{shown}");
    assert_eq!(shown["kind"], "files");
}

/// Waits until a trigger knows what was there before it: what comes from now on is new to it.
async fn has_looked(admin: &Client, trigger: &str) {
    until("the first look", || async {
        let shown = admin.get(&format!("/triggers/{trigger}")).await.with(200);
        (shown["lookout"]["begun"] == true).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_rows_that_come_while_the_server_is_killed_have_one_run_each() {
    const KILLS: usize = 12;
    const EACH: usize = 15;
    let place = tempfile::tempdir().unwrap();
    let inbox = place.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let path = place.path().join("shop.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "create table orders (id integer primary key); insert into orders values (0)",
        )
        .unwrap();
    let mut server = Server::new().await;
    let admin = server.admin();
    connect(&admin, "inbox", &json!({ "kind": "folder", "path": inbox })).await;
    connect(&admin, "shop", &json!({ "kind": "sqlite", "path": path })).await;
    let watch = json!({ "connection": "inbox", "settle": "100ms", "every": "1s" });
    let files = active(&admin, &watching("files", &watch)).await;
    let rows = active(&admin, &asking("rows")).await;
    for trigger in [&files, &rows] {
        has_looked(&admin, trigger).await;
    }
    let (mut expected, mut last) = (BTreeMap::new(), 0i64);
    for kill in 0..KILLS {
        for n in 0..EACH {
            let name = format!("{kill:02}-{n:02}.txt");
            match n % 2 {
                0 => fs::write(inbox.join(&name), &name).unwrap(),
                _ => rename_into(&inbox, &name, &name),
            }
            expected.insert(format!("{name:?}"), 1);
            last += 1;
            database
                .execute("insert into orders values (?1)", [last])
                .unwrap();
            // Some come while it is down.
            if n == EACH / 2 {
                let seen = kill * EACH + n / 3;
                so_many(&server.admin(), &files, seen).await;
                server.kill();
            }
        }
        server.start().await;
    }
    let admin = server.admin();
    let found = so_many(&admin, &files, expected.len()).await;
    assert_eq!(outputs(&admin, &found).await, expected);
    let many = usize::try_from(last).unwrap();
    let found = so_many(&admin, &rows, many).await;
    let mut ids: Vec<String> = found.iter().map(|firing| text(&firing["key"])).collect();
    ids.reverse();
    let wanted: Vec<String> = (1..=last).map(|id| id.to_string()).collect();
    assert_eq!(ids, wanted, "in their order");
    let told = outputs(&admin, &found).await;
    assert!(
        told.values().all(|count| *count == 1) && told.len() == many,
        "{told:?}"
    );
    eprintln!(
        "{KILLS} kills: {} files and {last} rows, one run each",
        expected.len()
    );
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_files_at_once_are_as_many_runs() {
    const FILES: usize = 5_000;
    let place = tempfile::tempdir().unwrap();
    let inbox = place.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let server = Server::new().await;
    let admin = server.admin();
    connect(&admin, "inbox", &json!({ "kind": "folder", "path": inbox })).await;
    let watch = json!({ "connection": "inbox", "on": "new" });
    let mut document = watching("many", &watch);
    document["steps"] = json!([{ "id": "note", "action": "transform", "with": { "value": 1 } }]);
    document["outputs"] = json!({ "text": "{{ inputs.path }}" });
    let trigger = active(&admin, &document).await;
    let began = std::time::Instant::now();
    for n in 0..FILES {
        fs::write(inbox.join(format!("{n:04}")), "").unwrap();
    }
    let found = until("all of them", || async {
        let shown = admin.get(&format!("/triggers/{trigger}")).await.with(200);
        let all = shown["lookout"]["found"] == FILES;
        let found = if all {
            firings(&admin, &trigger).await
        } else {
            Vec::new()
        };
        (found.len() >= FILES).then_some(found)
    })
    .await;
    eprintln!(
        "{FILES} files, one run each, {} ms after the first",
        began.elapsed().as_millis()
    );
    let runs: std::collections::BTreeSet<String> =
        found.iter().map(|firing| text(&firing["run_id"])).collect();
    assert_eq!((found.len(), runs.len()), (FILES, FILES));
}
