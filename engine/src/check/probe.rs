//! What finds out whether a step happened: its `check`.

use super::expressions::{self, At, Sight};
use super::{Context, actions};
use crate::definition::{Delivery, Step};
use crate::expression::{Expression, References, Template, Values};
use crate::plan::{ActionKind, PROBE, not_a_read, pointer, probe_step};
use crate::{Finding, Json};
use serde_json::Value;

pub(super) fn check(context: &mut Context<'_>, list: usize, position: usize) {
    let here = &context.lists[list];
    let step = &here.steps[position];
    let path = here.at(position);
    if here.handles && here.around.is_none() && step.id == PROBE {
        id(context, step, &path);
    }
    let (Some(written), Some(probe)) = (&step.check, probe_step(step)) else {
        return;
    };
    let at = format!("{path}/check");
    let kind = step.action.as_deref().and_then(ActionKind::parse);
    if step.delivery != Some(Delivery::AtMostOnce) || !kind.is_some_and(ActionKind::has_attempts) {
        context.say(
            Finding::error(
                "check_without_at_most_once",
                format!(
                    "step `{}` is never uncertain, so there is nothing to check",
                    step.id
                ),
            )
            .at_step(&step.id)
            .at_path(&at)
            .help("write `delivery: at_most_once` at a step with an effect, or leave `check` out"),
        );
    }
    if let Some(why) = not_a_read(step) {
        context.say(
            Finding::error(
                "check_not_read",
                format!("a check must only read, and {why}"),
            )
            .at_step(&step.id)
            .at_path(format!("{at}/action"))
            .help("look with an action that only reads; of one that cannot be seen through say `effects: read` in `check`"),
        );
    }
    // Findings name the step that is checked.
    let probe = Step {
        id: step.id.clone(),
        ..probe
    };
    actions::check(context, &at, &probe);
    expressions::step_seeing(context, list, &at, &probe, Sight::Probe);
    let seen = At {
        step: Some(&step.id),
        sight: Sight::Probed,
        list,
        secrets: false,
    };
    expressions::bare(context, &written.done, &format!("{at}/done"), &seen);
    says_nothing(context, &written.done, &step.id, &at);
    if let Some(output) = &written.output {
        expressions::template(context, output, &format!("{at}/output"), &seen);
    }
    own_output(context, step, &at);
}

/// A `done` that reads nothing gives the same for every answer; what is neither true, false nor null says
/// nothing of any.
fn says_nothing(context: &mut Context<'_>, done: &str, step: &str, at: &str) {
    let Ok(expression) = Expression::compile(done) else {
        return;
    };
    if !expression.references().items.is_empty() {
        return;
    }
    let given = expression.evaluate(&Values::for_trigger(Json::null()));
    if matches!(given, Ok(Value::Bool(_) | Value::Null)) {
        return;
    }
    context.say(
        Finding::error(
            "bad_value",
            "`done` is neither true, false nor null, whatever the check sees",
        )
        .at_step(step)
        .at_path(format!("{at}/done"))
        .help("write a condition on `check.output`, such as `check.output.json.paid`"),
    );
}

/// The step's own output is what the check is to find out about.
fn own_output(context: &mut Context<'_>, step: &Step, at: &str) {
    let Some(written) = &step.check else { return };
    let mut found = Vec::new();
    let mut look = |references: &References, path: String| {
        let reads = references.steps().any(|item| item.key(0) == Some(&step.id));
        if reads {
            found.push(path);
        }
    };
    if let Ok(done) = Expression::compile(&written.done) {
        look(done.references(), format!("{at}/done"));
    }
    let with = written.with.iter();
    let with = with.map(|(key, value)| (format!("{at}/with{}", pointer(&[key])), value));
    let output = written.output.iter();
    let output = output.map(|value: &Value| (format!("{at}/output"), value));
    for (path, value) in with.chain(output) {
        if let Ok(template) = Template::compile(value) {
            for (inner, expression) in template.expressions() {
                look(expression.references(), format!("{path}{inner}"));
            }
        }
    }
    for path in found {
        context.say(
            Finding::error(
                "self_need",
                format!(
                    "nothing is known of step `{}` while its check looks",
                    step.id
                ),
            )
            .at_step(&step.id)
            .at_path(path)
            .help("what the check saw is `check.output`, what it is about is `attempt`"),
        );
    }
}

/// The id of a handler that could be taken for what checks a step of the document.
fn id(context: &mut Context<'_>, step: &Step, path: &str) {
    let own = &context.document.steps;
    let same = own
        .iter()
        .any(|own| own.check.is_some() && matches!(own.id.as_str(), "on_failure" | "finally"));
    if same {
        let message = format!("`{PROBE}` cannot be the id of a handler here");
        context.say(
            Finding::error("bad_id", message)
                .help("it is the path of what checks the step of that name: choose another id")
                .at_step(&step.id)
                .at_path(format!("{path}/id")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;

    #[test]
    fn a_done_that_is_no_condition_is_found() {
        let found = findings(
            r#"
steps:
  - { id: a, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, path: / }, done: "'yes'" } }
  - { id: b, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, path: / }, done: "1 + 1" } }
  - { id: c, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, path: / }, done: "none" } }
  - { id: d, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, path: / }, done: "1 == 2" } }
"#,
        );
        insta::assert_snapshot!(found, @r"
8:167 bad_value: `done` is neither true, false nor null, whatever the check sees -- write a condition on `check.output`, such as `check.output.json.paid`
9:167 bad_value: `done` is neither true, false nor null, whatever the check sees -- write a condition on `check.output`, such as `check.output.json.paid`
");
    }

    #[test]
    fn a_check_only_reads_and_sees_the_attempt_and_its_answer() {
        let found = findings(
            r#"
steps:
  - { id: a, action: transform, with: { value: 1 } }
  - id: right
    action: http
    delivery: at_most_once
    with: { connection: crm, method: POST, path: /pay }
    check:
      action: http
      with: { connection: crm, path: "/pay/{{ attempt.idempotency_key }}/{{ attempt.number }}", query: { since: "{{ attempt.started_at }}" } }
      done: "check.error is none and check.output.json.paid"
      output: { id: "{{ check.output.json.id }}", by: "{{ attempt.idempotency_key }}" }
      retry: { attempts: 2 }
      timeout: 3s
  - { id: b, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, method: POST, path: / }, done: "true" } }
  - { id: c, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, method: POST, path: / }, effects: read, done: "true" } }
  - { id: d, action: http, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, path: / }, done: "true" } }
  - { id: e, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: shell, with: { argv: [look] }, done: "check.outptu.json" } }
  - { id: f, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: "/{{ attempt.number }}" }, check: { action: transform, with: { value: 1 }, done: "true" } }
  - { id: g, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, path: "/{{ check.output }}/{{ steps.g.output }}/{{ attempt.key }}/{{ steps.after.output }}" }, done: "{{ true }}" } }
  - { id: h, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, path: / }, effects: write, done: "steps.h.status == 'succeeded'" } }
  - { id: i, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: automation, with: { name: other }, done: "true" } }
  - { id: after, action: transform, with: { value: 1 } }
  - { id: finally, action: http, delivery: at_most_once, with: { connection: crm, method: POST, path: / }, check: { action: http, with: { connection: crm, path: / }, done: "true" } }
finally:
  - { id: check, action: transform, with: { value: 1 } }
"#,
        );
        insta::assert_snapshot!(found, @r#"
20:119 check_not_read: a check must only read, and POST may change something -- look with an action that only reads; of one that cannot be seen through say `effects: read` in `check`
22:85 check_without_at_most_once: step `d` is never uncertain, so there is nothing to check -- write `delivery: at_most_once` at a step with an effect, or leave `check` out
23:119 check_not_read: a check must only read, and nothing says that it only reads -- look with an action that only reads; of one that cannot be seen through say `effects: read` in `check`
23:156 unknown_name: `check` has no `outptu` -- did you mean `output`?
24:141 check_not_read: a check must only read, and it looks at nothing outside -- look with an action that only reads; of one that cannot be seen through say `effects: read` in `check`
24:97 unknown_name: there is no name `attempt` here -- names that can be used here: inputs, steps, trigger, run, secrets, review
25:251 bad_expression: the expression cannot be read: unexpected `}`, expected `:` -- `done` is an expression already: write it without `{{ }}`
25:156 unknown_name: there is no name `check` here -- names that can be used here: inputs, steps, trigger, run, secrets, review, attempt
25:156 unknown_name: `attempt` has no `key` -- it is the attempt that nobody knows the end of: attempt.idempotency_key, .number, .started_at
25:156 self_need: nothing is known of step `g` while its check looks -- what the check saw is `check.output`, what it is about is `attempt`
25:156 may_be_skipped: step `after` may not have run, and then it has no output to read -- write `steps.after.output | default(…)`
26:119 check_not_read: a check must only read, and its `effects` is write -- look with an action that only reads; of one that cannot be seen through say `effects: read` in `check`
26:183 self_need: nothing is known of step `h` while its check looks -- what the check saw is `check.output`, what it is about is `attempt`
27:119 check_not_read: a check must only read, and it starts another run -- look with an action that only reads; of one that cannot be seen through say `effects: read` in `check`
27:145 missing_automation: there is no automation `other` -- create it first
31:11 bad_id: `check` cannot be the id of a handler here -- it is the path of what checks the step of that name: choose another id
"#);
    }
}
