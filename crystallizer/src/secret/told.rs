//! Where in a session the secrets stood that were taken out, in words.

use super::lift::Taken;
use super::place::Names;
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
    for (one, places) in taken.iter().zip(places(session, taken)) {
        if places.count == 0 {
            continue;
        }
        let Places { count, named } = places;
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

/// Where a secret stood: how often, and the first places.
#[derive(Default, Clone)]
struct Places {
    count: usize,
    named: Vec<String>,
}

impl Places {
    fn add(&mut self, place: impl FnOnce() -> String) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(place());
        }
    }
}

/// The places of each of the secrets: a session is gone through once for all of them.
fn places(session: &Session, taken: &[Taken]) -> Vec<Places> {
    let names = Names::new(taken.iter().map(|one| one.name.clone()).collect());
    let mut found = vec![Places::default(); taken.len()];
    let mut add = |text: &str, place: &dyn Fn() -> String| {
        for index in names.places_within(text) {
            if let Some(places) = found.get_mut(index) {
                places.add(place);
            }
        }
    };
    for turn in &session.turns {
        match turn {
            Turn::Message { role, text, .. } => add(text, &|| {
                match role {
                    Role::System => "the instructions",
                    Role::User => "what the person said",
                    Role::Assistant => "what the agent said",
                }
                .to_owned()
            }),
            Turn::Call(call) => {
                let tool = || crate::show::text(&call.name, 60);
                let id = || crate::show::text(&call.id, 40);
                each(&call.arguments, &mut String::new(), &mut |at, text| {
                    add(text, &|| {
                        let at = crate::show::text(at, 80);
                        format!("the call {} of `{}` at `{at}`", id(), tool())
                    });
                });
                if let Some(result) = &call.result {
                    for part in std::iter::once(&result.content).chain(result.structured.as_deref())
                    {
                        each(part, &mut String::new(), &mut |_, text| {
                            add(text, &|| {
                                format!("the answer to the call {} of `{}`", id(), tool())
                            });
                        });
                    }
                }
            }
            Turn::Approval(approval) => {
                if let Some(comment) = &approval.comment {
                    add(comment, &|| "the words of an approval".to_owned());
                }
            }
        }
    }
    if found.iter().all(|places| places.count > 0) {
        return found;
    }
    let mut about: Vec<String> = [&session.goal, &session.external_id, &session.agent]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    about.extend(serde_json::to_string(&session.tools));
    for index in about.iter().flat_map(|text| names.places_within(text)) {
        if let Some(places) = found.get_mut(index)
            && places.count == 0
        {
            places.add(|| "what is said about the session".to_owned());
        }
    }
    found
}

/// Calls back with each text and the JSON Pointer to it.
fn each(value: &Value, at: &mut String, then: &mut dyn FnMut(&str, &str)) {
    let length = at.len();
    match value {
        Value::String(text) => then(at, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                each(item, at, then);
                at.truncate(length);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                at.push('/');
                at.push_str(&escape(key));
                each(item, at, then);
                at.truncate(length);
            }
        }
        _ => {}
    }
}
