//! Which keys of a configuration are written as they are, and which may be computed.
//!
//! Some are read from the document before a run comes to the step: the cases of a switch, where a gate sends back
//! to, what happens when time runs out, what a step may reach. A text with `{{` there would be taken for nothing,
//! so it is refused. The table names every key of every action; a test holds it to their schemas.

use super::Context;
use super::actions::{Look, written};
use crate::plan::ActionKind;
use serde_json::Value;

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A template is evaluated when the step begins, and what it gives is looked at then.
    Computed,
    /// As above, with all that stands below.
    AllComputed,
    /// As it is.
    AsWritten,
    /// As it is, which the rules of the action say in words of their own.
    Told,
    /// A bare expression, evaluated for itself.
    Expression,
}

use Way::{AllComputed, AsWritten, Computed, Expression, Told};

/// The keys of a kind of action. `#` is any place in a list, `*` any key of a map.
fn keys(kind: ActionKind) -> &'static [(&'static str, Way)] {
    match kind {
        ActionKind::Transform => &[("value", AllComputed)],
        ActionKind::Wait => &[
            ("for", Computed),
            ("until", Computed),
            ("event", AsWritten),
            ("event/type", Computed),
            ("event/when", Expression),
            ("timeout", Computed),
            ("on_timeout", AsWritten),
            ("lookback", Computed),
        ],
        ActionKind::ApprovalGate => &[
            ("title", Computed),
            ("message", Computed),
            ("show", AllComputed),
            ("approvers", AllComputed),
            ("needed", Computed),
            ("exclude_starter", Computed),
            ("fields", AllComputed),
            ("timeout", Computed),
            ("on_timeout", AsWritten),
            ("escalate_to", AllComputed),
            ("remind", Computed),
            ("notify", AsWritten),
            ("notify/#", AsWritten),
            ("notify/action", AsWritten),
            ("notify/#/action", AsWritten),
            // What stands inside follows the table of that action.
            ("notify/with", AsWritten),
            ("notify/#/with", AsWritten),
            ("notify/for", Computed),
            ("notify/#/for", Computed),
            ("notify/timeout", AsWritten),
            ("notify/#/timeout", AsWritten),
            ("send_back", AsWritten),
            ("send_back/to", AsWritten),
            ("send_back/to/#", AsWritten),
            ("send_back/rounds", AsWritten),
        ],
        ActionKind::Switch => &[
            ("cases", AsWritten),
            ("cases/#", AsWritten),
            ("cases/#/id", AsWritten),
            ("cases/#/when", Expression),
        ],
        ActionKind::Http => &[
            ("connection", Told),
            ("path", Computed),
            ("url", Computed),
            ("method", Computed),
            ("query", AllComputed),
            ("headers", AllComputed),
            ("json", AllComputed),
            ("form", AllComputed),
            ("multipart", AllComputed),
            ("body", Computed),
            ("artifact", AllComputed),
            ("save_as", Computed),
            ("paginate", AsWritten),
            ("paginate/next", Expression),
            ("paginate/items", Expression),
            ("paginate/max", Computed),
        ],
        ActionKind::Shell => &[
            ("argv", Told),
            ("argv/#", Computed),
            ("script", Told),
            ("stdin", AllComputed),
            ("env", Told),
            ("env/*", Computed),
            ("cwd", Computed),
            ("artifacts", Told),
            ("artifacts/*", Told),
            ("success_exit_codes", Told),
            ("success_exit_codes/#", AsWritten),
        ],
        ActionKind::Mcp => &[
            ("connection", Told),
            ("tool", Told),
            ("arguments", AllComputed),
            ("save_as", Computed),
        ],
        ActionKind::Automation => &[
            ("name", Told),
            ("id", AsWritten),
            ("version", Computed),
            ("inputs", AllComputed),
            ("wait", Computed),
        ],
        ActionKind::Emit => &[
            ("type", Computed),
            ("source", Computed),
            ("subject", Computed),
            ("data", AllComputed),
        ],
        ActionKind::Sql => &[
            ("connection", Told),
            ("statement", Told),
            ("params", AllComputed),
        ],
        ActionKind::File => &[
            ("connection", Told),
            ("op", Told),
            ("path", Computed),
            ("encoding", Computed),
            ("save_as", Computed),
            ("artifact", AllComputed),
            ("text", Computed),
            ("base64", Computed),
            ("json", AllComputed),
            ("if_exists", Computed),
            ("create_folders", Computed),
            ("find", Computed),
            ("replace", Computed),
            ("all", Computed),
            ("regex", Computed),
            ("ignore_case", Computed),
            ("pattern", Computed),
            ("recursive", Computed),
            ("if_missing", Computed),
            ("max", Computed),
        ],
        ActionKind::Mail => &[
            ("connection", Told),
            ("to", AllComputed),
            ("cc", AllComputed),
            ("bcc", AllComputed),
            ("reply_to", AllComputed),
            ("subject", Computed),
            ("text", Computed),
            ("html", Computed),
            ("attachments", AllComputed),
        ],
        ActionKind::Tool => &[("tool", Computed), ("arguments", AllComputed)],
    }
}

/// Refuses what is computed where the document is read as it is written.
pub(super) fn check(context: &mut Context<'_>, kind: ActionKind, look: &Look<'_>) {
    for (key, value) in look.with {
        visit(context, kind, look, key, key, value);
    }
}

/// Walks a value; `shape` is its place with `#` for what stands in a list.
fn visit(
    context: &mut Context<'_>,
    kind: ActionKind,
    look: &Look<'_>,
    place: &str,
    shape: &str,
    value: &Value,
) {
    match way(kind, shape) {
        Some(AsWritten) => {}
        // What has keys of its own in the table is walked through, and nothing else.
        Some(Told | Computed) if !value.is_string() => {}
        _ => return,
    }
    match value {
        Value::String(text) if text.contains("{{") && way(kind, shape) == Some(AsWritten) => {
            context.say(written(look, place));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let place = format!("{place}/{index}");
                visit(context, kind, look, &place, &format!("{shape}/#"), item);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                let place = format!("{place}/{key}");
                visit(context, kind, look, &place, &format!("{shape}/{key}"), item);
            }
        }
        _ => {}
    }
}

fn way(kind: ActionKind, shape: &str) -> Option<Way> {
    let mut keys = keys(kind).iter();
    keys.find(|(known, _)| *known == shape).map(|(_, way)| *way)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;
    use crate::action_config::schema_of;
    use crate::check::{Catalog, check};
    use std::collections::BTreeSet;

    /// The places of a schema: `#` for what stands in a list, `*` for the values of a map.
    fn places(root: &Value, schema: &Value, at: &str, found: &mut BTreeSet<String>) {
        let mut schema = schema;
        while let Some(name) = schema["$ref"].as_str() {
            schema = &root["$defs"][name.trim_start_matches("#/$defs/")];
        }
        for one in schema["anyOf"].as_array().into_iter().flatten() {
            places(root, one, at, found);
        }
        let mut inner = |key: &str, schema: &Value| {
            let at = match at {
                "" => key.to_owned(),
                at => format!("{at}/{key}"),
            };
            places(root, schema, &at, found);
            found.insert(at);
        };
        for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
            inner(key, schema);
        }
        if schema["items"].is_object() {
            inner("#", &schema["items"]);
        }
        if schema["additionalProperties"].is_object() {
            inner("*", &schema["additionalProperties"]);
        }
    }

    fn places_of(kind: ActionKind) -> BTreeSet<String> {
        let schema = schema_of(kind);
        let mut found = BTreeSet::new();
        places(schema, schema, "", &mut found);
        found
    }

    #[test]
    fn every_key_of_every_action_stands_in_the_table() {
        for kind in ActionKind::ALL {
            let places = places_of(kind);
            for place in &places {
                let ends = place.match_indices('/').map(|(at, _)| at);
                let below = ends
                    .map(|end| &place[..end])
                    .any(|around| way(kind, around) == Some(AllComputed));
                assert!(
                    below || way(kind, place).is_some(),
                    "{}: nothing says whether `{place}` may be computed",
                    kind.name()
                );
            }
            for (key, _) in keys(kind) {
                assert!(places.contains(*key), "{} has no `{key}`", kind.name());
            }
        }
    }

    fn check_codes(document: &Value) -> Vec<Finding> {
        let mut full = serde_json::json!({ "druse": 1, "name": "test" });
        let given = document.as_object().unwrap().clone();
        full.as_object_mut().unwrap().extend(given);
        check(&serde_json::from_value(full).unwrap(), &Catalog::default())
    }

    /// A value of one place alone: the shape around it, and a template there.
    fn computed_at(place: &str) -> Value {
        let mut value = Value::from("{{ inputs.v }}");
        for key in place.rsplit('/') {
            value = match key {
                // The first of `argv` is the program, which has a rule of its own.
                "#" => serde_json::json!(["first", value]),
                "*" => serde_json::json!({ "NAME": value }),
                key => serde_json::json!({ key: value }),
            };
        }
        value
    }

    /// Whatever is read as it is written refuses a template, at its own place.
    #[test]
    fn what_is_read_as_it_is_written_is_never_computed() {
        for kind in ActionKind::ALL {
            for (key, way) in keys(kind) {
                let with = computed_at(key);
                let said = check_codes(&serde_json::json!({
                    "inputs": { "v": {} },
                    "steps": [{ "id": "a", "action": kind.name(), "with": with }],
                }));
                let path = format!(
                    "/steps/0/with/{}",
                    key.replace('#', "1").replace('*', "NAME")
                );
                let refused = said.iter().any(|finding| {
                    let at = finding.path.as_deref().unwrap_or_default();
                    finding.code == "template_not_allowed" && path.starts_with(at) && !at.is_empty()
                });
                let wanted = matches!(way, AsWritten | Told);
                assert_eq!(refused, wanted, "{} `{key}`: {said:#?}", kind.name());
                if *way == Expression {
                    let mut said = said.iter();
                    assert!(
                        said.any(|finding| finding.path.as_deref() == Some(&*path)
                            && finding.severity == crate::Severity::Error),
                        "{} `{key}` is an expression already",
                        kind.name()
                    );
                }
                let finding = said
                    .iter()
                    .find(|finding| finding.code == "template_not_allowed");
                assert!(finding.is_none_or(|finding| !finding.help.is_empty()));
            }
        }
    }
}
