//! Where in a session the secrets stood that were taken out, in words.

use super::lift::{Taken, marker};
use crate::session::{LiftedSecret, Role, Session, Turn};
use crate::tool_map::escape;
use druse_engine::Finding;
use serde_json::Value;

/// How many places are named.
const NAMED: usize = 5;

/// The secrets of a session, and a finding about each.
pub(crate) fn told(taken: &[Taken], session: &Session) -> (Vec<LiftedSecret>, Vec<Finding>) {
    let mut secrets = Vec::new();
    let mut findings = Vec::new();
    for one in taken {
        let places = places(session, &marker(&one.name));
        if places.is_empty() {
            continue;
        }
        let count = places.len();
        let named: Vec<String> = places.into_iter().take(NAMED).collect();
        let more = if count > named.len() {
            format!(" and {} more", count - named.len())
        } else {
            String::new()
        };
        let rest = if one.weak {
            " It could be a word of everyday: where it stands without its key it is still there."
        } else {
            ""
        };
        let mut finding = Finding::info(
            "secret_overwritten",
            format!(
                "`{}` stands for {} in {}{more}. What is kept of the recording holds the name instead.{rest}",
                one.name,
                one.what,
                named.join(", "),
            ),
        )
        .help(format!(
            "If an automation needs it: `druse secrets set {}`.",
            one.name
        ));
        finding.id = format!("secret_overwritten:{}", one.name);
        findings.push(finding);
        secrets.push(LiftedSecret {
            name: one.name.clone(),
            what: one.what.to_owned(),
            count: u64::try_from(count).unwrap_or(u64::MAX),
            places: named,
        });
    }
    (secrets, findings)
}

/// Findings about secrets that stood where no session came of.
pub(crate) fn told_elsewhere(taken: &[Taken]) -> Vec<Finding> {
    taken
        .iter()
        .map(|one| {
            let mut finding = Finding::info(
                "secret_overwritten",
                format!(
                    "`{}` stands for {} in a part of the recording that holds no call and no message. What is kept of it holds the name instead.",
                    one.name, one.what
                ),
            );
            finding.id = format!("secret_overwritten:{}", one.name);
            finding
        })
        .collect()
}

fn places(session: &Session, marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for turn in &session.turns {
        match turn {
            Turn::Message { role, text, .. } => {
                if text.contains(marker) {
                    found.push(
                        match role {
                            Role::System => "the instructions",
                            Role::User => "what the person said",
                            Role::Assistant => "what the agent said",
                        }
                        .to_owned(),
                    );
                }
            }
            Turn::Call(call) => {
                let tool = crate::show::text(&call.name, 60);
                let id = crate::show::text(&call.id, 40);
                each(&call.arguments, marker, &mut String::new(), &mut |at| {
                    let at = crate::show::text(at, 80);
                    found.push(format!("the call {id} of `{tool}` at `{at}`"));
                });
                if let Some(result) = &call.result {
                    for part in std::iter::once(&result.content).chain(&result.structured) {
                        each(part, marker, &mut String::new(), &mut |_| {
                            found.push(format!("the answer to the call {id} of `{tool}`"));
                        });
                    }
                }
            }
            Turn::Approval(approval) => {
                if approval
                    .comment
                    .as_ref()
                    .is_some_and(|comment| comment.contains(marker))
                {
                    found.push("the words of an approval".to_owned());
                }
            }
        }
    }
    if found.is_empty() {
        let elsewhere = [&session.goal, &session.external_id, &session.agent]
            .into_iter()
            .flatten()
            .any(|text| text.contains(marker));
        let in_tools =
            || serde_json::to_string(&session.tools).is_ok_and(|tools| tools.contains(marker));
        if elsewhere || in_tools() {
            found.push("what is said about the session".to_owned());
        }
    }
    found
}

/// Calls back with the JSON Pointer of each text that holds the marker.
fn each(value: &Value, marker: &str, at: &mut String, then: &mut dyn FnMut(&str)) {
    let length = at.len();
    match value {
        Value::String(text) if text.contains(marker) => then(at),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                each(item, marker, at, then);
                at.truncate(length);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                at.push('/');
                at.push_str(&escape(key));
                each(item, marker, at, then);
                at.truncate(length);
            }
        }
        _ => {}
    }
}
