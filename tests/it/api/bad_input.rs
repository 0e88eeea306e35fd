//! Whatever is wrong with what is sent: a problem document that says what, where and what to do; nothing
//! half-written; and a server that goes on.

use crate::harness::{Answer, Client, Raw, Server, text};
use serde_json::{Value, json};

/// Asserts that after all of this nothing was stored, the server answers, and the store is whole.
async fn unharmed(server: &mut Server) {
    let admin = server.admin();
    admin.get("/runs").await.with(200);
    for list in [
        "/automations",
        "/agents/runs",
        "/chat/threads",
        "/secrets",
        "/connections",
        "/runs",
    ] {
        assert_eq!(admin.all(list).await.len(), 0, "{list}");
    }
    let said = server.said();
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();
}

#[tokio::test]
async fn a_wrong_document_is_refused_with_its_places() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let steps = |steps: &str| {
        format!("druse: 1\nname: wrong\ninputs:\n  n: {{ type: integer }}\nsteps:\n{steps}")
    };
    let one = "  - id: a\n    action: transform\n    with: { value: 1 }\n";
    // What is written, the finding's code, its line, and a word that message or hint has to hold.
    let cases = [
        ("druse: 1\nname: [".into(), "bad_yaml", None, ""),
        (
            format!("{}colour: red\n", steps(one)),
            "unknown_key",
            Some(9),
            "colour",
        ),
        (
            steps(&one.replace("action:", "acton:")),
            "unknown_key",
            Some(7),
            "action",
        ),
        (
            steps(&one.replace("transform", "transfrom")),
            "unknown_action",
            Some(7),
            "transform",
        ),
        (
            steps(&format!(
                "{one}  - id: b\n    needs: [aa]\n    action: transform\n    with: {{ value: 1 }}\n"
            )),
            "unknown_step",
            Some(10),
            "`a`",
        ),
        (
            steps(
                "  - id: a\n    needs: [b]\n    action: transform\n    with: { value: 1 }\n  - id: b\n    needs: [a]\n    action: transform\n    with: { value: 1 }\n",
            ),
            "cycle",
            None,
            "b",
        ),
        (
            steps(&one.replace("value: 1", "value: \"{{ inputs.m }}\"")),
            "unknown_input",
            Some(8),
            "`m`",
        ),
        (
            steps(&one.replace("value: 1", "value: \"{{ inputs.n + }}\"")),
            "bad_expression",
            Some(8),
            "",
        ),
        (
            steps(&one.replace("id: a", "id: a-b")),
            "bad_id",
            Some(6),
            "",
        ),
        (steps(&format!("{one}{one}")), "duplicate_id", Some(9), "a"),
        (
            steps(one).replace("druse: 1", "druse: 2"),
            "unknown_format",
            Some(1),
            "druse: 1",
        ),
        (
            steps(one).replace("name: wrong", "name: \"not a name\""),
            "bad_name",
            Some(2),
            "",
        ),
        (
            steps(one).replace("name: wrong", "name: wrong\nname: again"),
            "duplicate_key",
            Some(3),
            "name",
        ),
        (
            steps(one).replace("name: wrong", "name: &n wrong\ndescription: *n"),
            "yaml_anchor",
            None,
            "",
        ),
        (
            steps(one).replace("integer", "integr"),
            "bad_schema",
            Some(4),
            "integr",
        ),
        (
            steps(&one.replace("{ value: 1 }", "5")),
            "wrong_type",
            Some(8),
            "",
        ),
        ("druse: 1\n".into(), "missing_key", Some(1), "`name`"),
    ];
    for (document, code, line, word) in cases {
        let answer = admin
            .request("POST", "/automations")
            .yaml(&document)
            .send()
            .await;
        let problem = answer.problem(422, "bad_document");
        let findings = problem["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["code"] == code);
        let finding = finding.unwrap_or_else(|| panic!("no {code}: {findings:#?} of\n{document}"));
        let ids: std::collections::BTreeSet<&str> = findings
            .iter()
            .filter_map(|finding| finding["id"].as_str())
            .collect();
        assert_eq!(ids.len(), findings.len(), "{findings:#?}");
        assert_eq!(finding["severity"], "error");
        assert!(
            finding["line"].is_u64() && finding["column"].is_u64(),
            "no place: {finding:#}"
        );
        if let Some(line) = line {
            assert_eq!(finding["line"], line, "{finding:#} of\n{document}");
        }
        let said = format!("{} {}", text(&finding["message"]), text(&finding["help"]));
        assert!(said.contains(word), "{word} is not in: {said}");
    }
    unharmed(&mut server).await;
}

/// Unknown keys, wrong types, needs to nowhere and into a loop, a cycle, what may be skipped: one answer.
const EVERYTHING: &str = r#"druse: 1
name: wrong
colour: red
inputs:
  n: { type: integr }
steps:
  - { id: size, action: switch, needs: [late], with: { cases: [ { id: big, when: inputs.n > 10 }, { id: small } ] } }
  - { id: late, action: transform, needs: [size.big], with: { value: 1 } }
  - { id: far, action: transform, needs: [nowhere], with: { value: 1 } }
  - id: each
    for_each: { items: [1] }
    steps:
      - { id: inner, action: transform, with: { value: 1 } }
  - { id: into, action: transform, needs: [inner], with: { value: 1 } }
  - { id: maybe, action: transform, when: run.id == 'x', with: { value: 1 } }
  - { id: reads, action: transform, needs: [maybe], join: all_done, with: { value: "{{ steps.maybe.output }}" } }
  - { id: typed, action: transform, needs: 7, with: { value: 1 } }
"#;

#[tokio::test]
async fn all_that_is_wrong_with_a_document_is_said_at_once_and_nothing_runs() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let expected = [
        (3, "unknown_key"),
        (5, "bad_schema"),
        (7, "cycle"),
        (9, "unknown_step"),
        (14, "inside_loop"),
        (16, "may_be_skipped"),
        (17, "wrong_type"),
    ];
    for (method, path) in [("POST", "/automations"), ("POST", "/documents/check")] {
        let request = admin.request(method, path).yaml(EVERYTHING);
        let answer = request.send().await;
        let findings = answer.body["findings"].as_array().unwrap();
        let mut found: Vec<(u64, &str)> = findings
            .iter()
            .map(|one| (one["line"].as_u64().unwrap(), one["code"].as_str().unwrap()))
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{path}: {findings:#?}");
        for finding in findings {
            assert!(finding["column"].is_u64(), "{finding:#}");
            let clear = finding["code"] == "wrong_type";
            assert!(clear || !text(&finding["help"]).is_empty(), "{finding:#}");
        }
    }
    let desk = crate::cli::Desk::new();
    desk.write("wrong.yaml", EVERYTHING);
    for verb in [&["check", "wrong.yaml"][..], &["run", "wrong.yaml"]] {
        let said = desk.run(verb).err;
        for (line, code) in expected {
            let place = format!("wrong.yaml:{line}:");
            let has = |said: &str| said.contains(&place) && said.contains(code);
            assert!(
                said.lines().any(has),
                "{verb:?} lacks {line} {code}:\n{said}"
            );
        }
    }
    unharmed(&mut server).await;
}

#[tokio::test]
async fn a_wrong_recording_is_refused_with_its_place() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let cases: [(&[u8], &str); 6] = [
        (b"", "empty"),
        (b"hello", "unreadable"),
        (b"{\"messages\": [", "unreadable"),
        (b"{\"colour\": \"red\"}", "unknown_format"),
        (b"{\"messages\": 5}", "unknown_format"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not_text"),
    ];
    for (body, code) in cases {
        for path in ["/agents/runs", "/chat/threads"] {
            let problem = admin
                .request("POST", path)
                .bytes(body.to_vec())
                .send()
                .await
                .problem(422, code);
            let finding = &problem["findings"][0];
            assert_eq!(finding["code"], code);
            assert!(!text(&finding["help"]).is_empty());
            if code == "unreadable" {
                assert!(finding["line"].is_u64(), "{finding:#}");
            }
        }
    }
    unharmed(&mut server).await;
}

#[tokio::test]
async fn a_wrong_request_is_refused_and_says_what_to_do() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let send = async |method: &str, path: &str, body: &str| -> Answer {
        let request = admin
            .request(method, path)
            .header("content-type", "application/json");
        request.bytes(body.to_owned()).send().await
    };
    let tokens = "{\"role\": \"viewer\", \"name\": \"v\"";
    for (method, path, body, status, code) in [
        ("POST", "/tokens", tokens.to_owned(), 400, "unreadable"),
        (
            "POST",
            "/tokens",
            format!("{tokens}}} x"),
            400,
            "unreadable",
        ),
        (
            "POST",
            "/tokens",
            format!("{tokens}, \"nmae\": 1}}"),
            422,
            "bad_body",
        ),
        ("POST", "/tokens", "[]".into(), 422, "bad_body"),
        ("POST", "/tokens", "\u{0}".into(), 400, "unreadable"),
        ("POST", "/tokens", "[".repeat(100_000), 400, "unreadable"),
        (
            "PUT",
            "/secrets/x",
            "{\"value\": 5}".into(),
            422,
            "bad_body",
        ),
        (
            "PUT",
            "/secrets/a%20b",
            "{\"value\": \"5\"}".into(),
            422,
            "bad_name",
        ),
        (
            "PUT",
            "/connections/c",
            "{\"kind\": \"htpp\"}".into(),
            422,
            "bad_connection",
        ),
        ("PUT", "/tools", "{\"tools\": 5}".into(), 422, "bad_tools"),
        ("POST", "/events", "{}".into(), 422, ""),
        ("GET", "/nowhere", String::new(), 404, "no_such_address"),
        ("GET", "/runs/run_x", String::new(), 404, "not_found"),
        ("GET", "/runs/%FF", String::new(), 400, "bad_address"),
        ("GET", "/automations/%00", String::new(), 404, "not_found"),
        (
            "GET",
            "/automations/..%2f..%2fetc",
            String::new(),
            404,
            "not_found",
        ),
        ("DELETE", "/runs", String::new(), 405, "method_not_allowed"),
        (
            "PATCH",
            "/automations/x",
            String::new(),
            405,
            "method_not_allowed",
        ),
        ("GET", "/runs?limit=0", String::new(), 400, "bad_limit"),
        ("GET", "/runs?limit=201", String::new(), 400, "bad_limit"),
        ("GET", "/runs?limit=many", String::new(), 400, "bad_limit"),
        ("GET", "/runs?cursor=!", String::new(), 400, "bad_cursor"),
        ("GET", "/runs?cursor=AAAA", String::new(), 400, "bad_cursor"),
        ("GET", "/runs?status=done", String::new(), 400, "bad_query"),
        (
            "GET",
            "/runs?since=yesterday",
            String::new(),
            400,
            "bad_query",
        ),
        (
            "GET",
            "/approvals?status=open",
            String::new(),
            400,
            "bad_query",
        ),
        (
            "POST",
            "/automations/x/runs?wait=long",
            "{}".into(),
            400,
            "bad_query",
        ),
        (
            "POST",
            "/automations/x/runs?wait=11m",
            "{}".into(),
            400,
            "bad_query",
        ),
        (
            "GET",
            "/runs?stauts=failed",
            String::new(),
            400,
            "unknown_query",
        ),
        ("GET", "/runs?input.=1", String::new(), 400, "unknown_query"),
        (
            "GET",
            "/connections/x?limit=1",
            String::new(),
            400,
            "unknown_query",
        ),
    ] {
        let answer = send(method, path, &body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        let code = if code.is_empty() {
            text(&answer.body["code"])
        } else {
            code.to_owned()
        };
        let allow = answer.header("allow").to_owned();
        answer.problem(status, &code);
        assert_eq!(allow.is_empty(), status != 405, "{method} {path}");
    }
    let known = send("GET", "/runs?input.region=EU&label.a=b&limit=1", "").await;
    known.with(200);
    let unreadable = send("POST", "/tokens", "{\n  \"role\": ,")
        .await
        .problem(400, "unreadable");
    assert!(
        text(&unreadable["message"]).contains("line 2, column 11"),
        "{unreadable:#}"
    );
    let form = admin
        .request("POST", "/tokens")
        .header("content-type", "application/x-www-form-urlencoded");
    form.bytes("role=viewer")
        .send()
        .await
        .problem(415, "unsupported_media_type");
    for key in ["", " ", &"k".repeat(256)] {
        let request = admin.request("POST", "/tokens").key(key);
        let answer = request
            .json(&json!({ "role": "viewer", "name": "v" }))
            .send()
            .await;
        answer.problem(400, "bad_idempotency_key");
    }
    unharmed(&mut server).await;
}

#[tokio::test]
async fn inputs_are_checked_before_anything_runs() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "typed",
        "inputs": {
            "count": { "type": "integer", "minimum": 1 },
            "region": { "type": "string", "enum": ["EU", "US"], "default": "EU" },
        },
        "steps": [{ "id": "a", "action": "transform", "with": { "value": "{{ inputs.count }}" } }],
        "outputs": { "count": "{{ steps.a.output }}", "region": "{{ inputs.region }}" },
    });
    let made = admin.post("/automations", &document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let runs = format!("{path}/runs?wait=30s");
    for (inputs, name) in [
        (json!({}), "count"),
        (json!({ "count": "5" }), "count"),
        (json!({ "count": 1.5 }), "count"),
        (json!({ "count": 0 }), "count"),
        (json!({ "count": null }), "count"),
        (json!({ "count": 1, "region": "eu" }), "region"),
        (json!({ "count": 1, "regoin": "EU" }), "regoin"),
    ] {
        let problem = admin
            .post(&runs, &json!({ "inputs": inputs }))
            .await
            .problem(422, "bad_inputs");
        let findings = problem["findings"].as_array().unwrap();
        assert!(
            findings
                .iter()
                .any(|one| text(&one["message"]).contains(name)),
            "{problem:#}"
        );
    }
    let misspelt = json!({ "inputs": { "count": 1, "regoin": "EU" } });
    let said = admin
        .post(&runs, &misspelt)
        .await
        .problem(422, "bad_inputs")["findings"]
        .to_string();
    assert!(
        said.contains("did you mean") && said.contains("region"),
        "{said}"
    );
    // All at once, each with its place in the body and with what to do.
    let body = "{\n  \"inputs\": {\n    \"count\": 0,\n    \"region\": \"eu\",\n    \"regoin\": \"EU\"\n  }\n}";
    for path in [runs.clone(), format!("{path}/runs")] {
        let request = admin
            .request("POST", &path)
            .header("content-type", "application/json");
        let problem = request.bytes(body).send().await.problem(422, "bad_inputs");
        let findings = problem["findings"].as_array().unwrap().iter();
        let found: Vec<Value> = findings
            .map(|one| {
                assert!(!text(&one["help"]).is_empty(), "{one:#}");
                json!([one["line"], one["column"], one["code"], one["path"]])
            })
            .collect();
        assert_eq!(
            json!(found),
            json!([
                [3, 14, "invalid_input", "/count"],
                [4, 15, "invalid_input", "/region"],
                [5, 5, "unknown_input", "/regoin"],
            ])
        );
    }
    admin
        .post(&runs, &json!({ "inputs": [] }))
        .await
        .problem(422, "bad_inputs");
    admin
        .post(&runs, &json!({ "input": {} }))
        .await
        .problem(422, "bad_body");
    admin
        .post(&runs, &json!({ "version": 7 }))
        .await
        .problem(404, "not_found");
    assert_eq!(admin.all("/runs").await.len(), 0);
    let run = admin
        .post(&runs, &json!({ "inputs": { "count": 2 } }))
        .await
        .with(200);
    assert_eq!(run["outputs"], json!({ "count": 2, "region": "EU" }));
}

/// What is too large is refused by its length alone, before any of it has come.
#[tokio::test]
async fn an_oversized_body_is_refused_before_it_is_read() {
    let mut server = Server::new().await;
    let token = server.admin_token().to_owned();
    let host = server.address().trim_start_matches("http://").to_owned();
    let head = |path: &str, length: &str| {
        format!(
            "POST /api/v1{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n{length}\r\n\r\n"
        )
    };
    for (path, limit) in [
        ("/agents/runs", 64 << 20),
        ("/automations", 2 << 20),
        ("/tokens", 1 << 20),
        ("/events", 1 << 20),
    ] {
        let mut raw = Raw::to(server.address()).await;
        let length = format!("content-length: {}", limit + 1);
        assert!(raw.send(head(path, &length)).await);
        let (status, body) = raw.answer().await;
        assert_eq!(status, 413, "{path}: {body}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["code"], "too_large");
        assert!(
            text(&problem["message"]).contains(&format!("{} MiB", limit >> 20)),
            "{problem}"
        );
    }
    // Without a length it is counted as it comes.
    let mut raw = Raw::to(server.address()).await;
    assert!(
        raw.send(head("/tokens", "transfer-encoding: chunked"))
            .await
    );
    let chunk = format!("{:x}\r\n{}\r\n", 64 << 10, " ".repeat(64 << 10));
    for _ in 0..17 {
        raw.send(&chunk).await;
    }
    let (status, body) = raw.answer().await;
    assert_eq!(status, 413, "{body}");
    // Who may not send it is told that first.
    let mut raw = Raw::to(server.address()).await;
    let anonymous = format!(
        "POST /api/v1/agents/runs HTTP/1.1\r\nhost: {host}\r\ncontent-length: 99999999\r\n\r\n"
    );
    assert!(raw.send(anonymous).await);
    assert_eq!(raw.answer().await.0, 401);
    // A client that sends all of it before it looks gets to see the answer, too.
    let sent = server
        .admin()
        .request("POST", "/agents/runs")
        .bytes(vec![b' '; (64 << 20) + 1])
        .send()
        .await;
    sent.problem(413, "too_large");
    unharmed(&mut server).await;
}

#[tokio::test]
async fn a_request_that_is_cut_stores_nothing() {
    let mut server = Server::new().await;
    let token = server.admin_token().to_owned();
    let host = server.address().trim_start_matches("http://").to_owned();
    for path in ["/agents/runs", "/automations", "/tokens"] {
        let mut raw = Raw::to(server.address()).await;
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
        );
        assert!(raw.send(head).await);
        assert!(raw.send("{\"messages\": []}").await);
        drop(raw);
    }
    let mut raw = Raw::to(server.address()).await;
    assert!(raw.send("NONSENSE\r\n\r\n").await);
    assert_eq!(raw.answer().await.0, 400);
    unharmed(&mut server).await;
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let mut server = Server::new().await;
    let (admin, editor) = (server.admin(), server.role("editor").await);
    let document = |name: &str| json!({ "druse": 1, "name": name, "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }] });
    let post = async |client: &Client, path: &str, body: &Value| -> Answer {
        client
            .request("POST", path)
            .key("k")
            .json(body)
            .send()
            .await
    };
    let first = post(&admin, "/automations", &document("one"))
        .await
        .with(201);
    assert_eq!(
        post(&admin, "/automations", &document("one"))
            .await
            .with(201),
        first
    );
    post(&admin, "/automations", &document("two"))
        .await
        .problem(409, "idempotency_conflict");
    // Another caller's key is another key, and so is another path's.
    post(&editor, "/automations", &document("one"))
        .await
        .problem(409, "name_taken");
    post(&editor, "/automations", &document("two"))
        .await
        .with(201);
    let id = text(&first["id"]);
    let activate = format!("/automations/{id}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let runs = format!("/automations/{id}/runs");
    let run = post(&admin, &runs, &json!({})).await.with(202);
    // The query is not part of it: the same run, waited for.
    let again = post(&admin, &format!("{runs}?wait=30s"), &json!({}))
        .await
        .with(200);
    assert_eq!(again["id"], run["id"]);
    post(&admin, &runs, &json!({ "inputs": {} }))
        .await
        .problem(409, "idempotency_conflict");
    assert_eq!(admin.all("/runs").await.len(), 1);

    // A refusal is not kept, and a key outlives the server.
    let wrong = admin
        .request("POST", "/automations")
        .key("later")
        .json(&json!({}))
        .send()
        .await;
    assert_eq!(wrong.status, 422);
    let right = admin
        .request("POST", "/automations")
        .key("later")
        .json(&document("three"))
        .send()
        .await;
    right.with(201);
    server.crash().await;
    let admin = admin.at(server.address());
    assert_eq!(
        post(&admin, "/automations", &document("one"))
            .await
            .with(201),
        first
    );
    let again = post(&admin, &runs, &json!({})).await.with(202);
    assert_eq!(again["id"], run["id"]);
    assert_eq!(admin.all("/runs").await.len(), 1);
    assert_eq!(admin.all("/automations").await.len(), 3);
}
