mod contract;
mod races;

use super::route::{Access, Peer};
use super::{openapi, router, table};
use crate::action::{Actions, Limits, ShellPolicy};
use crate::connection::Connections;
use crate::runtime::Engine;
use crate::secret::{SecretStore, Secrets};
use crate::service::tokens::NewToken;
use crate::service::{App, Options, Role};
use crate::trigger::Triggers;
use axum::body::Body;
use druse_storage::embedded::{self, Embedded};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tower::ServiceExt;

struct Server {
    app: App,
    router: axum::Router,
    admin: String,
    _folder: tempfile::TempDir,
}

struct Answered {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Value,
}

const DOCUMENT: &str = "druse: 1
name: greet
inputs:
  name: { type: string, default: world }
steps:
  - id: say
    action: transform
    with: { value: \"hello {{ inputs.name }}\" }
outputs:
  text: \"{{ steps.say.output }}\"
";

const GATED: &str = "druse: 1
name: gated
steps:
  - id: ask
    action: approval_gate
    with: { title: Go on? }
  - id: done
    needs: [ask]
    action: transform
    with: { value: 1 }
";

impl Server {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = embedded::Options {
            prepare: false,
            ..embedded::Options::default()
        };
        let store = Arc::new(Embedded::open(folder.path(), options).unwrap());
        let secrets = Arc::new(Secrets::new());
        let connections = Arc::new(Connections::new(secrets.clone()));
        let actions = Actions::new(
            connections.clone(),
            secrets.clone(),
            ShellPolicy::default(),
            Limits::default(),
        );
        let engine = Engine::new(store.clone(), Arc::new(actions));
        let seal = Arc::new(SecretStore::with_key([7; 32]));
        let options = Options {
            hosts: vec!["localhost".into()],
            ..Options::default()
        };
        let app = App::new(
            store.clone(),
            engine.clone(),
            seal,
            secrets.clone(),
            connections,
            options,
        );
        let triggers = Triggers::load(store, engine.clone(), secrets).unwrap();
        engine.recover().await.unwrap();
        tokio::spawn(engine.clone().keep_hearing(true));
        triggers.take_up().await.unwrap();
        app.set_triggers(triggers);
        let mut server = Self {
            router: router(app.clone()),
            app,
            admin: String::new(),
            _folder: folder,
        };
        server.admin = server.token(Role::Admin).await;
        server
    }

    async fn token(&self, role: Role) -> String {
        let new = NewToken {
            role: role.name().into(),
            name: format!("a {}", role.name()),
            expires: None,
            expires_at: None,
        };
        let (row, text) = self.app.make_token(&new, "test").unwrap();
        self.app.commit(App::token_batch(&row)).await.unwrap();
        text
    }

    async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answered {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.admin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    async fn post(&self, path: &str, body: &Value) -> Answered {
        self.call("POST", path, &[], &body.to_string()).await
    }

    async fn active(&self, document: &str) -> String {
        let made = self
            .call(
                "POST",
                "/automations",
                &[("content-type", "application/yaml")],
                document,
            )
            .await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["id"].as_str().unwrap().to_owned();
        let path = format!("/automations/{id}/activate");
        let active = self.post(&path, &json!({})).await;
        assert_eq!(active.status, 200, "{}", active.body);
        assert_eq!(active.body["status"], "active");
        id
    }
}

#[tokio::test]
async fn each_route_lets_in_its_role_and_those_above_it() {
    let server = Server::new().await;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        tokens.push((role, server.token(role).await));
    }
    for route in table::routes() {
        let path: String = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let request = |token: Option<&str>| {
            let mut request = Request::builder().method(route.method.clone()).uri(&path);
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            // Not JSON: what is let in goes no further than its body.
            request.body(Body::from("\u{1}")).unwrap()
        };
        let place = format!("{} {path}", route.method);
        let Access::Role(needed) = route.access else {
            let open = [
                "/healthz",
                "/readyz",
                "/schema/v1.json",
                "/hooks/{token}",
                // Whoever has the address decides as whom it was made for, once.
                "/approve/{token}",
                "/api/v1/setup",
            ];
            assert!(open.contains(&route.path), "{place} is open to anybody");
            continue;
        };
        let answer = server.send(request(None)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].as_str()),
            (401, Some("no_token")),
            "{place}"
        );
        for (role, token) in &tokens {
            let answer = server.send(request(Some(token))).await;
            let refused = answer.body["code"] == "role_too_low";
            assert_eq!(refused, *role < needed, "{place} as {}", role.name());
            assert_ne!(answer.status, 401, "{place} as {}", role.name());
            assert_ne!(answer.status, 500, "{place} as {}", role.name());
        }
    }
}

#[test]
fn every_route_is_described_once_and_every_reference_resolves() {
    let document = openapi::document();
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for route in table::routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
        assert_eq!(
            operation["summary"], route.summary,
            "{} {}",
            route.method, route.path
        );
        assert!(
            ids.insert(operation["operationId"].to_string()),
            "{}",
            route.path
        );
        count += 1;
    }
    let described: usize = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|path| path.as_object().unwrap().len())
        .sum();
    assert_eq!(described, count);
    for path in [
        "/api/v1/agents/runs/{run_id}/crystallize",
        "/api/v1/chat/threads/{thread_id}/crystallize",
    ] {
        assert!(document["paths"][path]["post"].is_object());
    }
    let text = document.to_string();
    for part in text.split("\"$ref\":\"").skip(1) {
        let pointer = part.split('"').next().unwrap().trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[tokio::test]
async fn problems_have_one_form_everywhere() {
    let server = Server::new().await;
    let cases = [
        ("GET", "/nowhere", "", 404, "no_such_address"),
        ("DELETE", "/runs", "", 405, "method_not_allowed"),
        ("GET", "/runs/run_x", "", 404, "not_found"),
        ("GET", "/runs?limit=201", "", 400, "bad_limit"),
        ("GET", "/automations?cursor=%25", "", 400, "bad_cursor"),
        ("POST", "/tokens", "{", 400, "unreadable"),
        (
            "POST",
            "/tokens",
            "{\"role\": \"king\", \"name\": \"x\"}",
            422,
            "bad_role",
        ),
        (
            "POST",
            "/automations",
            "{\"druse\": 1, \"nam\": \"x\"}",
            422,
            "bad_document",
        ),
        ("POST", "/agents/runs", "neither this nor that", 422, ""),
    ];
    for (method, path, body, status, code) in cases {
        let answer = server.call(method, path, &[], body).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{method} {path}: {}",
            answer.body
        );
        if !code.is_empty() {
            assert_eq!(answer.body["code"], code);
        }
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        for field in ["type", "title", "detail", "message", "help", "request_id"] {
            assert!(answer.body[field].is_string(), "{path} {field}");
        }
        assert_eq!(answer.body["status"], status);
        assert_eq!(
            answer.headers["x-request-id"],
            answer.body["request_id"].as_str().unwrap()
        );
    }
    let large = "x".repeat((2 << 20) + 1);
    let answer = server.call("POST", "/automations", &[], &large).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body["code"].as_str()),
        (413, Some("too_large"))
    );
    let answer = server
        .call(
            "POST",
            "/automations",
            &[("content-type", "text/html")],
            "x",
        )
        .await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn of_equal_requests_at_once_one_makes_something_and_all_get_its_answer() {
    let server = Server::new().await;
    let headers = [
        ("idempotency-key", "k1"),
        ("content-type", "application/yaml"),
    ];
    let same = || server.call("POST", "/automations", &headers, DOCUMENT);
    let (a, b, c) = tokio::join!(same(), same(), same());
    assert_eq!(
        (a.status, b.status, c.status),
        (
            StatusCode::CREATED,
            StatusCode::CREATED,
            StatusCode::CREATED
        )
    );
    assert_eq!((&a.body, &a.body), (&b.body, &c.body));
    let list = server.call("GET", "/automations", &[], "").await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    let other = server.call("POST", "/automations", &headers, GATED).await;
    assert_eq!(
        (other.status.as_u16(), other.body["code"].as_str()),
        (409, Some("idempotency_conflict"))
    );
    let taken = server
        .call("POST", "/automations", &headers[1..], DOCUMENT)
        .await;
    assert_eq!(taken.body["code"], "name_taken");

    let id = a.body["id"].as_str().unwrap();
    server
        .post(&format!("/automations/{id}/activate"), &json!({}))
        .await;
    let runs = format!("/automations/{id}/runs");
    let start = || server.call("POST", &runs, &headers[..1], "{}");
    let (a, b) = (start().await, start().await);
    assert_eq!(a.status, 202, "{}", a.body);
    assert_eq!((&b.body["id"], b.status), (&a.body["id"], a.status));
    assert_eq!(
        server.call("GET", "/runs", &[], "").await.body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let token = || {
        server.call(
            "POST",
            "/tokens",
            &headers[..1],
            "{\"role\":\"viewer\",\"name\":\"v\"}",
        )
    };
    let (a, b) = (token().await, token().await);
    assert_eq!(a.status, 201);
    assert_eq!(a.body, b.body);
}

#[tokio::test]
async fn a_run_is_started_waited_for_read_and_followed() {
    let server = Server::new().await;
    let id = server.active(DOCUMENT).await;
    let path = format!("/automations/{id}/runs?wait=10s");
    let run = server
        .post(&path, &json!({ "inputs": { "name": "you" } }))
        .await;
    assert_eq!(run.status, 200, "{}", run.body);
    assert_eq!(run.body["status"], "succeeded");
    assert_eq!(run.body["outputs"], json!({ "text": "hello you" }));
    assert_eq!(run.body["steps"][0]["id"], "say");
    let wrong = server
        .post(&path, &json!({ "inputs": { "nam": "you" } }))
        .await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(!wrong.body["findings"].as_array().unwrap().is_empty());
    let run = run.body["id"].as_str().unwrap();
    let list = server
        .call(
            "GET",
            &format!("/runs?automation_id={id}&status=succeeded&cause=manual"),
            &[],
            "",
        )
        .await;
    assert_eq!(list.body["items"][0]["id"], run);
    assert!(list.body["items"][0].get("steps").is_none());
    let facts = server
        .call("GET", &format!("/runs/{run}/events"), &[], "")
        .await;
    assert_eq!(facts.body["items"][0]["type"], "created");
    let request = Request::builder()
        .uri(format!("/api/v1/runs/{run}/events"))
        .header("authorization", format!("Bearer {}", server.admin))
        .header("accept", "text/event-stream")
        .header("last-event-id", "1")
        .body(Body::empty())
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.starts_with("id: 2\n"), "{text}");
    assert!(text.contains("event: finished"), "{text}");

    server
        .post(&format!("/automations/{id}/deactivate"), &json!({}))
        .await;
    let refused = server.post(&path, &json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.body["code"].as_str()),
        (409, Some("not_active"))
    );
    let named = server.post(&path, &json!({ "version": 1 })).await;
    assert_eq!(named.status, 200, "{}", named.body);
}

#[tokio::test]
async fn a_gate_is_decided_once_on_what_was_seen() {
    let server = Server::new().await;
    let id = server.active(GATED).await;
    let run = server
        .post(&format!("/automations/{id}/runs"), &json!({}))
        .await;
    assert_eq!(run.status, 202, "{}", run.body);
    let inbox = server
        .call("GET", "/approvals?status=pending", &[], "")
        .await;
    let gate = &inbox.body["items"][0];
    assert_eq!(gate["title"], "Go on?");
    let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
    let wrong = server
        .post(
            &path,
            &json!({ "decision": "approve", "digest": "sha256:00" }),
        )
        .await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.body["code"].as_str()),
        (409, Some("approval_changed"))
    );
    let body = json!({ "decision": "approve", "digest": gate["digest"] }).to_string();
    let keyed = || server.call("POST", &path, &[("idempotency-key", "d1")], &body);
    let (first, again) = (keyed().await, keyed().await);
    assert_eq!(
        (first.status.as_u16(), &first.body["status"]),
        (200, &json!("approved"))
    );
    assert_eq!((again.status, again.body), (first.status, first.body));
    let late = server.call("POST", &path, &[], &body).await;
    assert_eq!(
        (late.status.as_u16(), late.body["code"].as_str()),
        (409, Some("already_decided"))
    );
    let run = run.body["id"].as_str().unwrap().parse().unwrap();
    let run = server
        .app
        .engine
        .wait(run, std::time::Duration::from_secs(10))
        .await
        .unwrap();
    assert_eq!(run.status.name(), "succeeded");
}

#[tokio::test]
async fn edits_make_versions_and_moved_tags_are_refused() {
    let server = Server::new().await;
    let id = server.active(DOCUMENT).await;
    let read = server
        .call("GET", &format!("/automations/{id}"), &[], "")
        .await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let step = json!({ "step": { "id": "more", "action": "transform", "with": { "value": 2 } }, "after": "say" });
    let path = format!("/automations/{id}/steps");
    let changed = server
        .call("POST", &path, &[("if-match", &tag)], &step.to_string())
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["latest_version"], 2);
    assert_eq!(changed.body["active_version"], 1);
    assert_eq!(
        changed.body["document"]["steps"][1]["needs"],
        json!(["say"])
    );
    let moved = server
        .call(
            "PATCH",
            &format!("{path}/more"),
            &[("if-match", &tag)],
            "{\"name\":\"x\"}",
        )
        .await;
    assert_eq!(moved.status, 412, "{}", moved.body);
    let bad = server
        .call("PATCH", &format!("{path}/more"), &[], "{\"whne\":\"x\"}")
        .await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    let removed = server.call("DELETE", &format!("{path}/say"), &[], "").await;
    assert_eq!(
        removed.status, 422,
        "an output still reads it: {}",
        removed.body
    );
    let diff = server
        .call(
            "GET",
            &format!("/automations/{id}/diff?from=1&to=2"),
            &[],
            "",
        )
        .await;
    assert_eq!(diff.body["steps"]["added"], json!(["more"]));
    let back = server
        .post(
            &format!("/automations/{id}/rollback"),
            &json!({ "version": 1 }),
        )
        .await;
    assert_eq!(
        (&back.body["latest_version"], &back.body["active_version"]),
        (&json!(3), &json!(3)),
        "{}",
        back.body
    );
    assert_eq!(
        server
            .call("GET", &format!("/automations/{id}/versions"), &[], "")
            .await
            .body["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn webhooks_and_events_start_runs_once() {
    let server = Server::new().await;
    let put = server
        .call("PUT", "/secrets/hook", &[], "{\"value\":\"open sesame\"}")
        .await;
    assert_eq!(put.status, 200, "{}", put.body);
    assert!(!put.body.to_string().contains("sesame"));
    let id = server
        .active(
            "druse: 1
name: hooked
inputs: { n: { type: integer } }
triggers:
  - id: hook
    webhook: { verify: { scheme: bearer, secret: hook }, respond: result }
    inputs: { n: \"{{ trigger.body.n }}\" }
  - id: closed
    event: { type: com.example.* }
    inputs: { n: \"{{ trigger.data.n }}\" }
steps:
  - id: double
    action: transform
    with: { value: \"{{ inputs.n * 2 }}\" }
outputs: { twice: \"{{ steps.double.output }}\" }
",
        )
        .await;
    let triggers = server
        .call("GET", &format!("/automations/{id}/triggers"), &[], "")
        .await;
    let items = triggers.body["items"].as_array().unwrap();
    let hook = items.iter().find(|item| item["name"] == "hook").unwrap();
    let address = hook["address"].as_str().unwrap();
    let deliver = |secret: &'static str| {
        Request::builder()
            .method(Method::POST)
            .uri(address)
            .header("authorization", format!("Bearer {secret}"))
            .header("content-type", "application/json")
            .header("idempotency-key", "delivery-1")
            .body(Body::from("{\"n\": 21}"))
            .unwrap()
    };
    assert_eq!(server.send(deliver("guess")).await.status, 401);
    let first = server.send(deliver("open sesame")).await;
    assert_eq!(
        (first.status.as_u16(), &first.body),
        (200, &json!({ "twice": 42 }))
    );
    let again = server.send(deliver("open sesame")).await;
    assert_eq!(again.body, first.body);

    let event = json!({ "specversion": "1.0", "id": "1", "source": "/books", "type": "com.example.closed", "data": { "n": 1 } });
    let (one, two) = (
        server.post("/events", &event).await,
        server.post("/events", &event).await,
    );
    assert_eq!(one.status, 202, "{}", one.body);
    assert_eq!(one.body["runs"].as_array().unwrap().len(), 1);
    assert_eq!(one.body, two.body);
    let runs = server.call("GET", "/runs", &[], "").await;
    assert_eq!(runs.body["items"].as_array().unwrap().len(), 2);
    let firings = server
        .call(
            "GET",
            &format!("/triggers/{}/firings", hook["id"].as_str().unwrap()),
            &[],
            "",
        )
        .await;
    let statuses: Vec<_> = firings.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|firing| firing["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        ["duplicate", "accepted", "rejected"],
        "newest first"
    );
}

#[tokio::test]
async fn a_recording_is_stored_crystallized_and_named() {
    let server = Server::new().await;
    let recording = json!({
        "status": "succeeded", "agent": "builder", "goal": "make a list",
        "messages": [
            { "role": "user", "content": "make a list" },
            { "role": "assistant", "content": "", "tool_calls": [{ "id": "c1", "name": "list", "arguments": { "n": 3 } }] },
            { "role": "tool", "tool_call_id": "c1", "content": [1, 2, 3] },
        ],
    });
    let stored = server.post("/agents/runs", &recording).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    assert_eq!(stored.body["kind"], "agent_run");
    assert_eq!(stored.body["counts"]["tool_calls"], 1);
    let id = stored.body["id"].as_str().unwrap();
    assert_eq!(
        server
            .call("GET", &format!("/agents/runs/{id}"), &[], "")
            .await
            .body["turns"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        server
            .call("GET", &format!("/chat/threads/{id}"), &[], "")
            .await
            .status,
        404
    );
    let path = format!("/agents/runs/{id}/crystallize");
    let made = server.post(&path, &json!({ "name": "lister" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["automation"]["source_type"], "CRYSTALLIZED");
    assert_eq!(made.body["automation"]["source"]["id"], id);
    assert_eq!(
        made.body["report"]["replay"]["matched"], 1,
        "{}",
        made.body["report"]
    );
    let second = server.post(&path, &json!({ "name": "lister" })).await;
    assert_eq!(second.body["automation"]["name"], "lister-2");
    let auto = made.body["automation"]["id"].as_str().unwrap();
    let refused = server
        .post(&format!("/automations/{auto}/activate"), &json!({}))
        .await;
    assert_eq!(
        refused.body["code"], "activation_blocked",
        "{}",
        refused.body
    );
    assert_eq!(
        server
            .call("DELETE", &format!("/agents/runs/{id}"), &[], "")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn the_setup_token_works_once_and_only_on_an_empty_server() {
    let server = Server::new().await;
    assert!(server.app.begin_setup().await.unwrap().is_none());
    let tokens = server.call("GET", "/tokens", &[], "").await;
    let id = tokens.body["items"][0]["id"].as_str().unwrap();
    assert_eq!(
        server
            .call("DELETE", &format!("/tokens/{id}"), &[], "")
            .await
            .status,
        204
    );
    assert_eq!(
        server.call("GET", "/tokens", &[], "").await.status,
        401,
        "revoked"
    );
    let setup = server.app.begin_setup().await.unwrap().unwrap();
    let wrong = server
        .post("/setup", &json!({ "token": "x", "name": "ana" }))
        .await;
    assert_eq!(wrong.status, 401);
    let body = json!({ "token": setup, "name": "ana" });
    let made = server.post("/setup", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(crate::service::tokens::is_well_formed(
        made.body["token"].as_str().unwrap()
    ));
    assert_eq!(server.post("/setup", &body).await.status, 401);
}

#[tokio::test]
async fn a_foreign_host_name_is_refused_on_the_network_only() {
    let server = Server::new().await;
    let request = |host: &str, peer: Option<Peer>| {
        let mut request = Request::builder()
            .uri("/healthz")
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().extend({
            let mut extensions = http::Extensions::new();
            if let Some(peer) = peer {
                extensions.insert(peer);
            }
            extensions
        });
        request
    };
    let network = || Some(Peer::Network);
    assert_eq!(
        server
            .send(request("evil.example:80", network()))
            .await
            .status,
        421
    );
    assert_eq!(
        server
            .send(request("LOCALHOST:7878", network()))
            .await
            .status,
        200
    );
    assert_eq!(
        server
            .send(request("evil.example", Some(Peer::Socket { uid: 1 })))
            .await
            .status,
        200
    );
    let mut local = Request::builder()
        .uri("/api/v1/tokens")
        .body(Body::empty())
        .unwrap();
    local.extensions_mut().insert(Peer::Socket { uid: 1 });
    assert_eq!(
        server.send(local).await.status,
        200,
        "whoever opened the socket is admin"
    );
}

#[tokio::test]
async fn both_listeners_answer_and_end_when_told() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("druse.sock");
    let socket = tokio::net::UnixListener::bind(&path).unwrap();
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let end = tokio_util::sync::CancellationToken::new();
    let listeners = vec![super::Listener::Tcp(tcp), super::Listener::Socket(socket)];
    let serving = tokio::spawn(super::serve(listeners, server.router.clone(), end.clone()));

    let request = b"GET /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut local = tokio::net::UnixStream::connect(&path).await.unwrap();
    local.write_all(request).await.unwrap();
    let mut answer = String::new();
    local.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let mut remote = tokio::net::TcpStream::connect(address).await.unwrap();
    remote.write_all(request).await.unwrap();
    answer.clear();
    remote.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    // A kept connection that is idle does not hold up the end.
    let idle = tokio::net::TcpStream::connect(address).await.unwrap();
    end.cancel();
    serving.await.unwrap();
    drop(idle);
}
