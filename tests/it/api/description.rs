//! The OpenAPI description: what is described is what is answered, and nothing else is.

use crate::harness::{Server, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The addresses that users rely on, with the names of their parameters.
const CONTRACT: &[(&str, &str)] = &[
    ("/api/v1/agents/runs", "get post"),
    ("/api/v1/agents/runs/{run_id}", "get delete"),
    ("/api/v1/agents/runs/{run_id}/crystallize", "post"),
    ("/api/v1/chat/threads", "get post"),
    ("/api/v1/chat/threads/{thread_id}", "get delete"),
    ("/api/v1/chat/threads/{thread_id}/crystallize", "post"),
    ("/api/v1/recordings/recurring", "get"),
    ("/api/v1/automations", "get post"),
    ("/api/v1/automations/{id}", "get put delete"),
    ("/api/v1/automations/{id}/versions", "get"),
    ("/api/v1/automations/{id}/versions/{n}", "get"),
    ("/api/v1/automations/{id}/versions/{n}/try", "post"),
    ("/api/v1/automations/{id}/test", "post"),
    ("/api/v1/automations/{id}/diff", "get"),
    ("/api/v1/automations/{id}/rollback", "post"),
    ("/api/v1/automations/{id}/steps", "post"),
    ("/api/v1/automations/{id}/steps/{step_id}", "patch delete"),
    ("/api/v1/automations/{id}/activate", "post"),
    ("/api/v1/automations/{id}/deactivate", "post"),
    ("/api/v1/automations/{id}/runs", "post"),
    ("/api/v1/automations/{id}/triggers", "get"),
    ("/api/v1/runs", "get"),
    ("/api/v1/runs/{id}", "get"),
    ("/api/v1/runs/{id}/events", "get"),
    ("/api/v1/runs/{id}/logs", "get"),
    ("/api/v1/runs/{id}/steps/{path}/logs", "get"),
    ("/api/v1/runs/{id}/cancel", "post"),
    ("/api/v1/runs/{id}/pause", "post"),
    ("/api/v1/runs/{id}/resume", "post"),
    ("/api/v1/runs/{id}/resolve", "post"),
    ("/api/v1/runs/{id}/seen", "post delete"),
    ("/api/v1/runs/{id}/retry", "post"),
    ("/api/v1/runs/{id}/retry/preview", "post"),
    ("/api/v1/queues", "get"),
    ("/api/v1/approvals", "get"),
    ("/api/v1/approvals/{id}", "get"),
    ("/api/v1/approvals/{id}/decision", "post"),
    ("/api/v1/triggers", "get"),
    ("/api/v1/triggers/{id}", "get"),
    ("/api/v1/triggers/{id}/firings", "get"),
    ("/api/v1/triggers/{id}/fire", "post"),
    ("/api/v1/triggers/{id}/pause", "post"),
    ("/api/v1/triggers/{id}/resume", "post"),
    ("/api/v1/triggers/{id}/backfill", "post"),
    ("/api/v1/events", "get post"),
    ("/api/v1/events/{id}", "get"),
    ("/hooks/{token}", "post"),
    ("/api/v1/secrets", "get"),
    ("/api/v1/secrets/{name}", "get put delete"),
    ("/api/v1/connections", "get"),
    ("/api/v1/connections/{name}", "get put delete"),
    ("/api/v1/audit", "get"),
    ("/api/v1/signins", "post"),
    ("/api/v1/tokens", "get post"),
    ("/api/v1/tokens/{id}", "delete"),
    ("/api/v1/tools", "get put"),
    ("/api/v1/examples", "get"),
    ("/api/v1/examples/{name}", "post"),
    ("/api/v1/store/backup", "post"),
    ("/api/v1/openapi.json", "get"),
    ("/healthz", "get"),
    ("/schema/v1.json", "get"),
    ("/readyz", "get"),
    ("/metrics", "get"),
];

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[tokio::test]
async fn what_is_described_is_what_is_answered() {
    let server = Server::new().await;
    let document = server.admin().get("/openapi.json").await.with(200);
    assert!(text(&document["openapi"]).starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in CONTRACT {
        let described = paths
            .get(*path)
            .unwrap_or_else(|| panic!("{path} is not described"));
        for method in methods.split(' ') {
            assert!(
                described[method].is_object(),
                "{method} {path} is not described"
            );
        }
    }
    let anonymous = server.anonymous();
    let mut ids = BTreeSet::new();
    for (path, described) in paths {
        let real: String = path.replace('{', "x_").replace('}', "");
        for method in METHODS {
            let operation = &described[method];
            let answer = anonymous.root(&method.to_uppercase(), &real).send().await;
            let place = format!("{method} {path}: {} {}", answer.status, answer.text);
            if operation.is_null() {
                assert_eq!(answer.body["code"], "method_not_allowed", "{place}");
                let allowed = answer.header("allow").to_lowercase();
                let allowed: BTreeSet<&str> = allowed
                    .split([',', ' '])
                    .filter(|word| !["", "head"].contains(word))
                    .collect();
                let listed: BTreeSet<&str> = described
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(String::as_str)
                    .collect();
                assert_eq!(allowed, listed, "{path}");
                continue;
            }
            assert!(ids.insert(text(&operation["operationId"])), "{place}");
            let open = operation["security"] == json!([]);
            assert_eq!(
                open,
                answer.status != 401 || path.as_str() == "/api/v1/setup",
                "{place}"
            );
            assert_ne!(answer.body["code"], "no_such_address", "{place}");
            assert_eq!(open, operation.get("x-druse-role").is_none(), "{place}");
            let in_path: BTreeSet<String> = operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| text(&parameter["name"]))
                .collect();
            let in_address: BTreeSet<String> = path
                .split('/')
                .filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.to_owned()))
                .collect();
            assert_eq!(in_path, in_address, "{place}");
            assert!(operation["responses"]["default"].is_object(), "{place}");
        }
    }
    let lists = paths.iter().filter_map(|(path, described)| {
        let schema = &described["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().unwrap_or_default();
        name.contains("List")
            .then_some((path, &described["get"]["parameters"]))
    });
    // These are as long as an automation, or as what ships with the server, and come whole.
    let whole = ["/api/v1/automations/{id}/triggers", "/api/v1/examples"];
    for (path, parameters) in lists.filter(|(path, _)| !whole.contains(&path.as_str())) {
        let named = |name: &str| {
            parameters
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["name"] == name)
        };
        assert!(named("limit") && named("cursor"), "{path}");
    }
    resolves(&document, &document);
}

/// Every reference leads somewhere.
fn resolves(part: &Value, document: &Value) {
    match part {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("references stay inside");
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            map.values().for_each(|value| resolves(value, document));
        }
        Value::Array(list) => list.iter().for_each(|value| resolves(value, document)),
        _ => {}
    }
}
