//! The OpenAPI 3.1 description, made from the table of routes: what is served is what is described.

use super::route::{Access, Route, SchemaOf, Takes};
use super::table;
use druse_engine::Finding;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// A problem document (RFC 9457).
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Problem {
    /// `urn:druse:problem:<code>`.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The same as `message`.
    detail: String,
    /// Stable, snake_case.
    code: String,
    /// One sentence.
    message: String,
    /// What to do about it.
    help: String,
    /// Names the request in the server's log.
    request_id: String,
    /// Places in what was sent.
    findings: Option<Vec<Finding>>,
}

/// The description of every route.
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for route in table::routes() {
        let operation = operation(&route, &mut generator, problem.as_value());
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Druse",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Recorded agent sessions become automations, and run durably.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator, problem: &Value) -> Value {
    let mut parameters: Vec<Value> = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    for name in route.query {
        parameters.push(json!({ "name": name, "in": "query", "schema": { "type": "string" } }));
    }
    if route.creates {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "maxLength": 255 },
            "description": "The same key and body give the first answer again.",
        }));
    }
    let problem = json!({
        "description": "What was wrong",
        "content": { "application/problem+json": { "schema": problem } },
    });
    let mut schema = |of: Option<SchemaOf>| of.map(|of| of(generator));
    let mut answer = json!({ "description": route.summary });
    if let Some(schema) = schema(route.response) {
        answer["content"] = json!({ "application/json": { "schema": schema } });
    }
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters,
        "responses": { route.status.to_string(): answer, "default": problem },
    });
    if let Some(schema) = schema(route.request) {
        let mut content = json!({ "application/json": { "schema": schema } });
        if route.takes == Takes::Document {
            content["application/yaml"] = json!({ "schema": { "type": "string" } });
        }
        operation["requestBody"] = json!({ "content": content });
    }
    match route.access {
        Access::Public => operation["security"] = json!([]),
        Access::Role(role) => {
            operation["security"] = json!([{ "token": [] }]);
            operation["x-druse-role"] = role.name().into();
        }
    }
    operation
}

/// `post_agents_runs_run_id_crystallize`: unique, because method and path are.
fn operation_id(route: &Route) -> String {
    let (home, path) = match route.path.strip_prefix("/api/v1") {
        Some(path) => ("", path),
        None => ("_root", route.path),
    };
    let path: String = path
        .chars()
        .filter_map(|c| match c {
            '/' | '.' => Some('_'),
            '{' | '}' => None,
            other => Some(other),
        })
        .collect();
    let method = route.method.as_str().to_ascii_lowercase();
    format!("{method}{home}{path}")
}
