//! Triggers that look by themselves: at a folder, at what a service or a database answers.

use super::Context;
use super::actions::{Look, connection, rules};
use super::expressions::{At, Sight, bare, pages, template};
use super::suggest;
use crate::Finding;
use crate::action_config::{path_fault, reads, schema_of};
use crate::definition::{Mode, Step, Trigger, Walk};
use crate::plan::{ActionKind, pointer};
use serde_json::{Map, Value, json};

/// What a poll may ask by.
const ASKING: [ActionKind; 2] = [ActionKind::Http, ActionKind::Sql];

/// A trigger seen as a step, so that the rules of actions hold for it.
fn as_step(trigger: &Trigger, action: &str, with: &Map<String, Value>) -> Step {
    Step {
        id: trigger.id.clone(),
        action: Some(action.to_owned()),
        with: Some(with.clone()),
        ..Step::default()
    }
}

/// Says what the rules of actions say about a trigger, which is no step: each at its place in the trigger.
fn said_of_step(
    context: &mut Context<'_>,
    place: impl Fn(String) -> String,
    look: impl FnOnce(&mut Context<'_>),
) {
    let before = context.findings.len();
    look(context);
    for finding in &mut context.findings[before..] {
        finding.step = None;
        let path = finding.path.take().unwrap_or_default();
        let placed = finding.clone().at_path(place(path));
        *finding = placed;
    }
}

/// `files`.
pub(super) fn files(context: &mut Context<'_>, trigger: &Trigger, path: &str) {
    let Some(files) = &trigger.files else { return };
    let with = Map::from_iter([("connection".to_owned(), json!(files.connection))]);
    let step = as_step(trigger, "file", &with);
    let place = |at: String| at.replacen("/files/with/", "/files/", 1);
    said_of_step(context, place, |context| {
        let look = Look {
            step: &step,
            path: path.to_owned(),
            with: &with,
        };
        connection(context, &look, &["folder"]);
    });
    if let Some(folder) = &files.path {
        let at = format!("{path}/path");
        if folder.contains("{{") {
            context.say(
                Finding::error(
                    "template_not_allowed",
                    "`path` is written as it is, never computed",
                )
                .at_path(&at),
            );
        } else if let Some(fault) = path_fault(folder) {
            context.say(Finding::error("bad_path", fault).at_path(&at));
        }
    }
    if files.on.as_ref().is_some_and(|on| on.all().is_empty()) {
        context.say(
            Finding::error("bad_value", "`on` names nothing that starts a run")
                .at_path(format!("{path}/on"))
                .help("leave it out for complete files"),
        );
    }
}

/// `poll`.
pub(super) fn poll(context: &mut Context<'_>, trigger: &Trigger, path: &str) {
    let Some(poll) = &trigger.poll else { return };
    let names: Vec<&str> = ASKING.iter().map(|kind| kind.name()).collect();
    let Some(kind) = ActionKind::parse(&poll.action).filter(|kind| ASKING.contains(kind)) else {
        let message = format!("a poll does not ask by `{}`", poll.action);
        let finding = Finding::error("unknown_action", message).at_path(format!("{path}/action"));
        let listed = format!("one of: {}", names.join(", "));
        context.say(suggest(finding, &poll.action, names, &listed));
        return;
    };
    let mut with = Value::Object(poll.with.clone());
    let mut walk = Walk::new(schema_of(kind), Mode::Templates);
    walk.value(&mut with, &format!("{path}/with"));
    context.findings.extend(walk.findings);
    let step = as_step(trigger, kind.name(), &poll.with);
    said_of_step(
        context,
        |at| at,
        |context| {
            let look = Look {
                step: &step,
                path: path.to_owned(),
                with: &poll.with,
            };
            rules(context, kind, &look);
        },
    );
    if let Some(statement) = poll.with.get("statement").and_then(Value::as_str)
        && !reads(statement)
    {
        context.say(
            Finding::error("bad_statement", "a poll reads and changes nothing")
                .at_path(format!("{path}/with/statement"))
                .help("write a SELECT; what a run has done with an item is for the run to note"),
        );
    }
    let at = At {
        step: None,
        sight: Sight::Asking,
        list: 0,
        secrets: false,
    };
    for (key, value) in &poll.with {
        let secrets = kind == ActionKind::Http && key == "headers";
        let inner = format!("{path}/with{}", pointer(&[key]));
        if kind == ActionKind::Http && key == "paginate" {
            pages(context, value, &inner, &at);
            continue;
        }
        template(context, value, &inner, &At { secrets, ..at });
    }
    for (key, source, sight) in [
        ("items", &poll.items, Sight::Answer),
        ("key", &poll.key, Sight::Item),
        ("cursor", &poll.cursor, Sight::Cursor),
    ] {
        if let Some(source) = source {
            bare(
                context,
                source,
                &format!("{path}/{key}"),
                &At { sight, ..at },
            );
        }
    }
}
