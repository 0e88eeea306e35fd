mod acknowledged;
mod automations;
mod contract;
mod events;
mod listening;
mod pinned;
mod races;
mod retention;
mod runs;
mod unread;

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
        let media = parts.headers.get("content-type");
        let is_yaml = media.is_some_and(|media| media == "application/yaml");
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: match serde_json::from_slice(&bytes) {
                Ok(body) => body,
                Err(_) if is_yaml => String::from_utf8_lossy(&bytes).into_owned().into(),
                Err(_) => Value::Null,
            },
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
