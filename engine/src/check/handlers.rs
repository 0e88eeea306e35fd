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
                "a step of kind {} cannot wait for a person after a failure",
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

#[cfg(test)]
mod tests {
    use super::super::tests::findings;

    #[test]
    fn handlers_undo_and_pauses() {
        let found = findings(
            r#"
undo_on_failure: true
steps:
  - { id: a, action: transform, with: { value: 1 }, undo: { action: http, with: { connection: crm, path: "/{{ steps.a.output }}/{{ steps.b.output }}" } } }
  - { id: b, action: transform, with: { value: "{{ steps.a.output }}" }, undo: { action: http, with: { connection: crm, path: "/{{ steps.a.output }}/{{ steps.b.output }}", headres: {} } } }
  - { id: c, action: transform, with: { value: 1 }, undo: { action: switch, with: { cases: [ { id: x } ] } } }
  - { id: d, action: transform, with: { value: 1 }, on_error: pause }
  - { id: e, on_error: pause, for_each: { items: [1], as: it }, steps: [ { id: f, action: http, with: { connection: crm, path: /x }, undo: { action: http, with: { connection: crm, path: "/{{ it }}/{{ loop.index }}/{{ steps.b.output }}" } } } ] }
  - { id: g, action: http, with: { connection: crm, path: /x }, on_error: pause, undo: { action: shel, with: {} } }
on_failure:
  - { id: a, action: transform, with: { value: 1 } }
  - { id: undo, action: transform, with: { value: 1 } }
  - { id: tell, action: transform, with: { value: "{{ steps.b.output }} {{ steps.b.error.class }} {{ steps.b.status }}" } }
  - { id: right, action: transform, with: { value: "{{ steps.b.output | default(0) }} {{ steps.e.output | default([]) }} {{ steps.tell.output }}" } }
  - { id: guarded, action: transform, when: steps.b.status == 'succeeded', with: { value: "{{ steps.b.output }}" } }
  - { id: inner, for_each: { items: "{{ steps.b.output }}" }, steps: [ { id: say, action: transform, with: { value: "{{ item }} {{ steps.b.output }}" } } ] }
finally:
  - { id: tell, action: transform, needs: [b], with: { value: "{{ steps.f.output | default(0) }}" } }
  - { id: x, action: transform, with: { value: 1 }, undo: { action: http, with: { connection: crm, path: /x } } }
  - { id: y, action: transform, with: { value: "{{ steps.right.output | default(0) }}" } }
"#,
        );
        insta::assert_snapshot!(found, @r"
9:106 may_be_skipped: step `b` may not have run, and then it has no output to read -- write `steps.b.output | default(…)`
10:173 unknown_key: there is no key `headres` here -- did you mean `headers`?
11:69 bad_value: a switch undoes nothing -- write a value of the kind that the message says
12:63 bad_value: a step of kind transform cannot wait for a person after a failure -- one of: fail, continue
13:24 bad_value: a loop cannot wait for a person after a failure -- write `on_error: pause` at the steps of its body
13:187 may_be_skipped: step `b` may not have run, and then it has no output to read -- write `steps.b.output | default(…)`
14:98 unknown_action: there is no action `shel` -- did you mean `shell`?
16:11 duplicate_id: a step of the document's `steps` has the id `a` too -- give one of them another id
17:11 bad_id: `undo` cannot be the id of a handler -- it ends the path of what undoes a step: choose another id
18:51 may_be_skipped: step `b` may not have run, and then it has no output to read -- write `steps.b.output | default(…)`
21:37 may_be_skipped: step `b` may not have run, and then it has no output to read -- write `steps.b.output | default(…)`
21:117 may_be_skipped: step `b` may not have run, and then it has no output to read -- write `steps.b.output | default(…)`
23:44 over_already: step `b` is over when handlers begin, so none of them needs it -- leave it out; what became of it is read as `steps.b.status`
23:63 inside_loop: step `f` is inside of the loop `e` and cannot be read from outside -- read what the loop gives: `steps.e.output`
24:59 no_undo_here: a step that handles the end of a run is not undone -- leave `undo` out
25:48 unknown_step: there is no step `right` -- expressions name steps of this document
");
    }

    #[test]
    fn an_undo_that_is_not_asked_for() {
        let found = findings(
            r#"
steps:
  - { id: a, action: transform, with: { value: 1 }, undo: { action: http, with: { connection: crm, path: / } } }
"#,
        );
        insta::assert_snapshot!(found, @r#"
8:59 no_effect: `undo` does nothing without `undo_on_failure` -- add `undo_on_failure: true` to the document
"#);
    }
}
