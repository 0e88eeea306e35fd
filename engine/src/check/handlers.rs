//! Handlers of failure: `on_failure`, `finally`, `undo` and `on_error: pause`.

use super::{Context, actions, expressions};
use crate::Finding;
use crate::definition::{OnError, Step};
use crate::plan::{ActionKind, UNDO, undo_step};

pub(super) fn check(context: &mut Context<'_>, list: usize, position: usize) {
    let here = &context.lists[list];
    let step = &here.steps[position];
    let path = here.at(position);
    let (handles, own_list) = (here.handles, here.around.is_none());
    if handles && own_list {
        ids(context, step, &path);
    }
    pauses(context, step, &path);
    let Some(undo) = undo_step(step) else { return };
    let at = format!("{path}/undo");
    if handles {
        context.say(
            Finding::error(
                "no_undo_here",
                "a step that handles the end of a run is not undone",
            )
            .at_step(&step.id)
            .at_path(&at)
            .help("leave `undo` out"),
        );
    }
    if context.document.undo_on_failure != Some(true) {
        context.say(
            Finding::warning("no_effect", "`undo` does nothing without `undo_on_failure`")
                .at_step(&step.id)
                .at_path(&at)
                .help("add `undo_on_failure: true` to the document"),
        );
    }
    if undo.action.as_deref() == Some(ActionKind::Switch.name()) {
        context.say(
            Finding::error("bad_value", "a switch undoes nothing")
                .at_step(&step.id)
                .at_path(format!("{at}/action")),
        );
        return;
    }
    // Findings name the step that is undone.
    let undo = Step {
        id: step.id.clone(),
        ..undo
    };
    actions::check(context, &at, &undo);
    expressions::step(context, list, &at, &undo);
}

/// Ids of handlers: they see the document's own steps, so that an id must not mean two of them.
fn ids(context: &mut Context<'_>, step: &Step, path: &str) {
    let own = context.lists.first();
    let finding = if step.id == UNDO {
        Finding::error("bad_id", format!("`{UNDO}` cannot be the id of a handler"))
            .help("it ends the path of what undoes a step: choose another id")
    } else if own.is_some_and(|own| own.ids.contains_key(step.id.as_str())) {
        let message = format!(
            "a step of the document's `steps` has the id `{}` too",
            step.id
        );
        Finding::error("duplicate_id", message).help("give one of them another id")
    } else {
        return;
    };
    context.say(finding.at_step(&step.id).at_path(format!("{path}/id")));
}

/// Only what is tried can be tried again by a person.
fn pauses(context: &mut Context<'_>, step: &Step, path: &str) {
    if step.on_error != Some(OnError::Pause) {
        return;
    }
    let kind = step.action.as_deref().and_then(ActionKind::parse);
    let (what, help) = match kind {
        Some(kind) if kind.has_attempts() => return,
        Some(kind) => (
            format!(
                "a {} step cannot wait for a person after a failure",
                kind.name()
            ),
            "one of: fail, continue",
        ),
        None if step.for_each.is_some() || step.repeat.is_some() => (
            "a loop cannot wait for a person after a failure".to_owned(),
            "write `on_error: pause` at the steps of its body",
        ),
        None => return,
    };
    context.say(
        Finding::error("bad_value", what)
            .at_step(&step.id)
            .at_path(format!("{path}/on_error"))
            .help(help),
    );
}
