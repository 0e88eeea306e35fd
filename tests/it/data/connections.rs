//! Connections to databases and folders on the command line.

use crate::cli::{Desk, json};
use serde_json::json as value;

#[test]
fn each_kind_is_set_listed_and_tried_out() {
    let desk = Desk::new();
    let folder = desk.path("inbox");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a"), "x").unwrap();
    let file = value!({ "connections": {
        "inbox": { "kind": "folder", "path": folder, "read_only": true },
        "books": { "kind": "sqlite", "path": desk.path("books.db"), "create": true },
        "post": { "kind": "smtp", "host": "127.0.0.1", "port": 1, "from": "a@example.com" },
        "dw": { "kind": "postgres", "url": "postgres://app@127.0.0.1:1/dw", "password": "{{ secrets.PG }}" },
    } });
    desk.write("connections.yaml", file.to_string());
    desk.run(&[
        "connections",
        "set",
        "--file",
        "connections.yaml",
        "--data",
        "data",
    ])
    .ok();
    let listed = json(&desk, &["connections", "list", "--data", "data"]);
    let kinds: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("books", "sqlite"),
            ("dw", "postgres"),
            ("inbox", "folder"),
            ("post", "smtp")
        ]
    );
    let test = |name: &str| desk.run(&["connections", "test", name, "--data", "data"]);
    assert_eq!(
        test("inbox").ok().out,
        "inbox: The folder has 1 entries, and is read.\n"
    );
    assert!(test("books").ok().out.starts_with("books: SQLite 3."));
    test("post").refused(1, &["could not be reached"]);
    test("dw").refused(1, &["needs the secret \"PG\""]);
}

#[test]
fn wrong_ones_are_refused_with_every_place() {
    let desk = Desk::new();
    let wrong =
        r#"{"kind": "postgres", "url": "postgres://app:geheim@db/dw", "password": "plain"}"#;
    let refused = desk.run(&["connections", "set", "dw", wrong, "--data", "data"]);
    assert_ne!(refused.code, 0);
    for word in [
        "addresses appear in logs",
        "secret_needed",
        "druse secrets set",
    ] {
        assert!(refused.err.contains(word), "{word}: {}", refused.err);
    }
    assert!(!refused.err.contains("geheim"), "{}", refused.err);
}

#[test]
fn the_connections_file_has_a_schema() {
    let desk = Desk::new();
    let schema = desk.run(&["schema", "connections"]).ok().json();
    let text = schema.to_string();
    for kind in ["http", "mcp", "sqlite", "postgres", "folder", "smtp"] {
        assert!(
            text.contains(&format!("{{\"type\":\"string\",\"const\":\"{kind}\"}}")),
            "{kind}: {text}"
        );
    }
}
