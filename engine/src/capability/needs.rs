//! What is written in a document, step by step.

use super::{Grant, asked, authority};
use crate::definition::{Document, Step};
use crate::expression::Template;
use crate::plan::{ActionKind, notices, probe_step, secret_places, undo_step};
use serde_json::{Map, Value};

/// Something that a document touches, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The step; none for a trigger.
    pub step: Option<String>,
    /// JSON Pointer to the configuration.
    pub path: String,
    /// What is touched, with `*` in the place of what is computed.
    pub grant: Grant,
    /// Whether a part of it is computed.
    pub computed: bool,
}

/// All that a document touches, in document order.
pub fn needs(document: &Document) -> Vec<Need> {
    let mut all = Vec::new();
    for (path, list) in [
        ("/steps", &document.steps),
        ("/on_failure", &document.on_failure),
        ("/finally", &document.finally),
    ] {
        of_list(list, path, &mut all);
    }
    for (index, trigger) in document.triggers.iter().enumerate() {
        let path = format!("/triggers/{index}");
        if let Some(poll) = &trigger.poll {
            let path = format!("{path}/poll/with");
            of_action(None, &poll.action, &poll.with, &path, &mut all);
        }
        if let Some(files) = &trigger.files {
            all.push(Need {
                step: None,
                path: format!("{path}/files/connection"),
                grant: Grant::Connection(files.connection.clone()),
                computed: false,
            });
        }
    }
    all
}

fn of_list(list: &[Step], path: &str, all: &mut Vec<Need>) {
    for (index, step) in list.iter().enumerate() {
        let path = format!("{path}/{index}");
        of_step(step, &path, all);
        of_list(&step.steps, &format!("{path}/steps"), all);
    }
}

fn of_step(step: &Step, path: &str, all: &mut Vec<Need>) {
    let mut own = |of: &Step, path: String| {
        if let (Some(action), Some(with)) = (&of.action, &of.with) {
            of_action(Some(&step.id), action, with, &path, all);
        }
    };
    own(step, format!("{path}/with"));
    if let Some(undo) = undo_step(step) {
        own(&undo, format!("{path}/undo/with"));
    }
    if let Some(probe) = probe_step(step) {
        own(&probe, format!("{path}/check/with"));
    }
    if step.action.as_deref() == Some(ActionKind::ApprovalGate.name()) {
        for (at, notify) in notices(step) {
            let path = format!("{path}/with/notify{at}/with");
            of_action(Some(&step.id), &notify.action, &notify.with, &path, all);
        }
    }
}

fn of_action(
    step: Option<&str>,
    action: &str,
    with: &Map<String, Value>,
    path: &str,
    all: &mut Vec<Need>,
) {
    let Some(kind) = ActionKind::parse(action) else {
        return;
    };
    // One that cannot be read is said elsewhere, and never runs.
    let Ok(template) = Template::compile_owned(Value::Object(with.clone())) else {
        return;
    };
    let Value::Object(outline) = template.outline() else {
        return;
    };
    let mut add = |grant: Grant| {
        all.push(Need {
            step: step.map(str::to_owned),
            path: path.to_owned(),
            computed: grant.value().contains('*'),
            grant,
        });
    };
    asked(kind, &outline, &authority)
        .into_iter()
        .for_each(&mut add);
    let mut names: Vec<String> = secret_places(&template)
        .into_iter()
        .map(|place| place.name)
        .collect();
    names.sort();
    names.dedup();
    names.into_iter().map(Grant::Secret).for_each(add);
}
