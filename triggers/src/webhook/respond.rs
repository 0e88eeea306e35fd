//! What the sender of a webhook is answered.

use crate::{
    mapping::{Names, compile_template},
    suggest::{did_you_mean, shown},
};
use druse_engine::{Finding, Span, definition::Webhook, expression::Template};
use serde_json::Value;

/// A compiled `respond` and its time limit.
#[derive(Debug, Clone)]
pub struct Respond {
    /// What is answered.
    pub kind: RespondKind,
    /// How long an answer may wait for the run; after it the answer is 202.
    pub timeout: Span,
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum RespondKind {
    /// 202 with the run's id, at once.
    Accepted,
    /// 200 with the run's outputs, 422 with a problem when it failed.
    Result,
    /// Made of expressions when the run is over.
    Custom {
        /// The status, a number; 200 when left out.
        status: Option<Template>,
        /// Headers, an object of texts.
        headers: Option<Template>,
        /// The body.
        body: Template,
    },
}

/// The limit when `respond_timeout` is left out.
const TIMEOUT: Span = Span::from_secs(30);

impl Respond {
    /// Compiles it. Paths of findings begin at the webhook.
    pub fn compile(webhook: &Webhook) -> Result<Self, Vec<Finding>> {
        let timeout = webhook.respond_timeout.unwrap_or(TIMEOUT);
        let mut findings = Vec::new();
        let kind = match &webhook.respond {
            None => Some(RespondKind::Accepted),
            Some(Value::String(word)) => match word.as_str() {
                "accepted" => Some(RespondKind::Accepted),
                "result" => Some(RespondKind::Result),
                other => {
                    findings.push(wrong(
                        "/respond",
                        format!("{} is not an answer", shown(other)),
                        did_you_mean(other, &["accepted", "result"]),
                    ));
                    None
                }
            },
            Some(Value::Object(custom)) => {
                for key in custom
                    .keys()
                    .filter(|key| !["status", "headers", "body"].contains(&key.as_str()))
                {
                    let message = format!("an answer has no {}", shown(key));
                    findings.push(
                        Finding::error("unknown_key", message)
                            .at_path("/respond")
                            .help(did_you_mean(key, &["status", "headers", "body"])),
                    );
                }
                let status = custom.get("status");
                let lawful = status.is_none_or(|status| match status {
                    Value::Number(number) => number
                        .as_u64()
                        .is_some_and(|number| (200..600).contains(&number)),
                    Value::String(text) => text.contains("{{"),
                    _ => false,
                });
                if !lawful {
                    findings.push(wrong(
                        "/respond/status",
                        "the status is not a number from 200 to 599",
                        "Write a number or one expression.",
                    ));
                }
                let headers = custom.get("headers");
                let texts = |value: &Value| {
                    value
                        .as_object()
                        .is_some_and(|map| map.values().all(Value::is_string))
                };
                if headers.is_some_and(|headers| !texts(headers)) {
                    findings.push(wrong(
                        "/respond/headers",
                        "the headers are not an object of texts",
                        "Write `X-Name: value`.",
                    ));
                }
                let names = Names::of_answer();
                let mut template = |key: &str| {
                    let value = custom.get(key)?;
                    compile_template(value, &format!("/respond/{key}"), &names, &mut findings)
                };
                let (status, headers, body) =
                    (template("status"), template("headers"), template("body"));
                if !custom.contains_key("body") {
                    findings.push(wrong(
                        "/respond",
                        "an answer of one's own needs a `body`",
                        "Add `body: …`.",
                    ));
                }
                body.map(|body| RespondKind::Custom {
                    status,
                    headers,
                    body,
                })
            }
            Some(_) => {
                findings.push(wrong(
                    "/respond",
                    "`respond` is neither a word nor an answer",
                    "Write `accepted`, `result` or `{status, headers, body}`.",
                ));
                None
            }
        };
        match kind {
            Some(kind) if findings.is_empty() => Ok(Self { kind, timeout }),
            _ => Err(findings),
        }
    }

    /// Whether the sender waits for the run.
    pub fn waits(&self) -> bool {
        !matches!(self.kind, RespondKind::Accepted)
    }
}

fn wrong(path: &str, message: impl Into<String>, help: impl Into<String>) -> Finding {
    Finding::error("invalid_respond", message)
        .at_path(path)
        .help(help)
}
