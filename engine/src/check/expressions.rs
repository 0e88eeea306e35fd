//! The names that expressions use.

use super::list::{find, inside, visible};
use super::{Context, suggest};
use crate::Finding;
use crate::action_config::{self, FileOperation};
use crate::definition::{Step, takes_secrets};
use crate::expression::{Expression, REVIEW, Reference, Segment, Template};
use crate::plan::{self, ATTEMPT, PROBE, PROBED, pointer};
use serde_json::Value;

/// What an expression may name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// A step's own expressions and the outputs: everything.
    Run,
    /// A trigger: only `trigger`.
    Trigger,
    /// The concurrency key: what is known before a run begins.
    Start,
    /// The pages of a service: `page`.
    Page,
    /// What tells people of a gate: everything, and `approval`.
    Notice,
    /// The event of a `wait`: everything and `event`.
    Event,
    /// What a poll asks: `cursor`.
    Asking,
    /// The answer to a poll: `output`.
    Answer,
    /// An item of it: `item`.
    Item,
    /// Where the next answer goes on: `item` and `output`.
    Cursor,
    /// What checks a step: everything, and the `attempt` that it is about.
    Probe,
    /// What is made of what a check saw: as that, and what it saw.
    Probed,
}

/// Where an expression stands.
pub(super) struct At<'a> {
    pub(super) step: Option<&'a str>,
    pub(super) sight: Sight,
    /// The list whose steps and names are seen.
    pub(super) list: usize,
    pub(super) secrets: bool,
}

pub(super) fn step(context: &mut Context<'_>, list: usize, path: &str, step: &Step) {
    step_seeing(context, list, path, step, Sight::Run);
}

pub(super) fn step_seeing(
    context: &mut Context<'_>,
    list: usize,
    path: &str,
    step: &Step,
    sight: Sight,
) {
    let at = At {
        step: Some(&step.id),
        sight,
        list,
        secrets: false,
    };
    if let Some(when) = &step.when {
        bare(context, when, &format!("{path}/when"), &at);
    }
    if let Some(key) = &step.idempotency_key {
        let path = format!("{path}/idempotency_key");
        template(context, &Value::from(key.as_str()), &path, &at);
    }
    let Some(with) = &step.with else { return };
    for (key, value) in with {
        let path = format!("{path}/with{}", pointer(&[key]));
        let secrets = takes_secrets(step.action.as_deref().unwrap_or_default(), key);
        if step.action.as_deref() == Some("switch") && key == "cases" {
            for (number, case) in value.as_array().into_iter().flatten().enumerate() {
                if let Some(when) = case.get("when").and_then(Value::as_str) {
                    bare(context, when, &format!("{path}/{number}/when"), &at);
                }
            }
            continue;
        }
        if step.action.as_deref() == Some("http") && key == "paginate" {
            pages(context, value, &path, &at);
            continue;
        }
        if step.action.as_deref() == Some("approval_gate") && key == "notify" {
            notices(context, step, &path, &at);
            continue;
        }
        if key == "event" && plan::when_of(step).is_some() {
            event(context, step, &path, &at);
            continue;
        }
        template(context, value, &path, &At { secrets, ..at });
    }
}

/// The actions that tell people of a gate.
fn notices(context: &mut Context<'_>, step: &Step, path: &str, at: &At<'_>) {
    for (inner, notify) in plan::notices(step) {
        let path = format!("{path}{inner}");
        let sight = Sight::Notice;
        if let Some(person) = &notify.person {
            let at = At { sight, ..*at };
            template(
                context,
                &person.as_str().into(),
                &format!("{path}/for"),
                &at,
            );
        }
        for (key, value) in &notify.with {
            let secrets = takes_secrets(&notify.action, key);
            let at = At {
                sight,
                secrets,
                ..*at
            };
            template(
                context,
                value,
                &format!("{path}/with{}", pointer(&[key])),
                &at,
            );
        }
    }
}

/// The event of a `wait`, whose `when` is a bare expression.
fn event(context: &mut Context<'_>, step: &Step, path: &str, at: &At<'_>) {
    if let Some(event) = plan::without_when(step).and_then(|with| with.get("event").cloned()) {
        template(context, &event, path, at);
    }
    if let Some(when) = plan::when_of(step) {
        let at = At {
            sight: Sight::Event,
            ..*at
        };
        bare(context, when, &format!("{path}/when"), &at);
    }
}

/// The bare expressions of `paginate`.
pub(super) fn pages(context: &mut Context<'_>, value: &Value, path: &str, at: &At<'_>) {
    let at = At {
        step: at.step,
        sight: Sight::Page,
        list: at.list,
        secrets: false,
    };
    for key in ["next", "items"] {
        let Some(source) = value.get(key).and_then(Value::as_str) else {
            continue;
        };
        if key == "items" || source != "link" {
            bare(context, source, &format!("{path}/{key}"), &at);
        }
    }
}

pub(super) fn document(context: &mut Context<'_>) {
    let document = context.document;
    let at = At {
        step: None,
        sight: Sight::Run,
        list: 0,
        secrets: false,
    };
    for (name, value) in &document.outputs {
        template(context, value, &pointer(&["outputs", name.as_str()]), &at);
    }
    if let Some(concurrency) = &document.concurrency {
        let at = At {
            sight: Sight::Start,
            ..at
        };
        let key = Value::from(concurrency.key.as_str());
        template(context, &key, "/concurrency/key", &at);
    }
}

/// Checks a bare expression.
pub(super) fn bare(context: &mut Context<'_>, source: &str, path: &str, at: &At<'_>) {
    match Expression::compile(source) {
        Ok(expression) => names(context, &expression, path, at),
        Err(error) => {
            let mut finding = plan::finding(&error, path, at.step);
            if source.contains("{{") {
                let key = path.rsplit('/').next().unwrap_or_default();
                finding = finding.help(format!(
                    "`{key}` is an expression already: write it without `{{{{ }}}}`"
                ));
            }
            context.say(finding);
        }
    }
}

/// Checks every expression of a template.
pub(super) fn template(context: &mut Context<'_>, value: &Value, path: &str, at: &At<'_>) {
    if Template::is_plain(value) {
        return;
    }
    match Template::compile(value) {
        Ok(template) => {
            for (inner, expression) in template.expressions() {
                names(context, expression, &format!("{path}{inner}"), at);
            }
        }
        Err(errors) => {
            for placed in errors {
                let path = format!("{path}{}", placed.path);
                context.say(plan::finding(&placed.error, &path, at.step));
            }
        }
    }
}

fn names(context: &mut Context<'_>, expression: &Expression, path: &str, at: &At<'_>) {
    super::secrets::check(context, expression, path, at);
    let mut behind_dash = None;
    for reference in &expression.references().items {
        if behind_dash == Some(reference.range.start) {
            continue; // the rest of a name with a dash, which is reported as a whole
        }
        behind_dash = reference.dashed.as_ref().map(|_| reference.range.end + 1);
        if let Some(mut finding) = name(context, reference, at) {
            if let Some(step) = at.step {
                finding = finding.at_step(step);
            }
            if let Some(whole) = &reference.dashed {
                finding = finding.help(format!(
                    "`{whole}` is read as a subtraction: names have no dash, or write [\"{whole}\"]"
                ));
            }
            context.say(finding.at_path(path));
        }
    }
}

fn name(context: &Context<'_>, reference: &Reference, at: &At<'_>) -> Option<Finding> {
    let root = reference.root.as_str();
    let mut known = match at.sight {
        Sight::Run | Sight::Notice | Sight::Probe | Sight::Probed => {
            vec!["inputs", "steps", "trigger", "run", "secrets"]
        }
        Sight::Event => vec!["event", "inputs", "steps", "trigger", "run", "secrets"],
        Sight::Trigger => vec!["trigger"],
        Sight::Start => vec!["inputs", "trigger", "run"],
        Sight::Page => vec![action_config::PAGE],
        Sight::Asking if at.secrets => vec!["cursor", "secrets"],
        Sight::Asking => vec!["cursor"],
        Sight::Answer => vec!["output"],
        Sight::Item => vec!["item"],
        Sight::Cursor => vec!["item", "output"],
    };
    let apart = [
        Sight::Trigger,
        Sight::Start,
        Sight::Page,
        Sight::Asking,
        Sight::Answer,
        Sight::Item,
        Sight::Cursor,
    ];
    if !apart.contains(&at.sight) {
        known.extend(&context.lists[at.list].names);
        known.push(REVIEW);
    }
    match at.sight {
        Sight::Notice => known.push("approval"),
        Sight::Probe => known.push(ATTEMPT),
        Sight::Probed => known.extend([PROBE, ATTEMPT]),
        _ => {}
    }
    if !known.contains(&root) {
        let finding = Finding::error("unknown_name", format!("there is no name `{root}` here"));
        let elsewhere = context.lists.iter().any(|list| list.names.contains(&root));
        let listed = if elsewhere {
            format!("`{root}` is a name inside of a loop only")
        } else {
            format!("names that can be used here: {}", known.join(", "))
        };
        return Some(suggest(finding, root, known, &listed));
    }
    match root {
        "inputs" => {
            let name = reference.key(0)?;
            let known = &context.document.inputs;
            (!known.contains_key(name)).then(|| {
                suggest(
                    Finding::error("unknown_input", format!("there is no input `{name}`")),
                    name,
                    known.keys().map(String::as_str),
                    "add it under `inputs`",
                )
            })
        }
        "run" => {
            let name = reference.key(0)?;
            let known = ["id", "started_at", "scheduled_at"];
            (!known.contains(&name)).then(|| {
                suggest(
                    Finding::error("unknown_name", format!("`run` has no `{name}`")),
                    name,
                    known,
                    "there are run.id, run.started_at and run.scheduled_at",
                )
            })
        }
        REVIEW => {
            let name = reference.key(0)?;
            let known = ["step", "by", "comment", "fields", "round"];
            (!known.contains(&name)).then(|| {
                suggest(
                    Finding::error("unknown_name", format!("`review` has no `{name}`")),
                    name,
                    known,
                    "it is what a person said who sent a gate back: review.comment, .by, .fields, .round, .step",
                )
            })
        }
        ATTEMPT if matches!(at.sight, Sight::Probe | Sight::Probed) => part(
            reference,
            &["number", "started_at", "idempotency_key"],
            "it is the attempt that nobody knows the end of: attempt.idempotency_key, .number, .started_at",
        ),
        PROBE if at.sight == Sight::Probed => part(
            reference,
            &PROBED,
            "it is what the check saw: check.output, or check.error where it failed",
        ),
        "secrets" => secret(context, reference, at),
        "steps" => step_name(context, reference, at),
        "loop" => {
            let name = reference.key(0)?;
            let hands_on = context.lists[at.list]
                .around
                .is_some_and(|(list, position)| {
                    let looped = &context.lists[list].steps[position];
                    looped
                        .repeat
                        .as_ref()
                        .is_some_and(|repeat| repeat.output.is_some())
                });
            let (known, listed): (&[&str], _) = if hands_on {
                (
                    &["index", "previous"],
                    "there are loop.index, the number of the pass, from 0, and loop.previous, what the pass before gave",
                )
            } else if name == "previous" {
                (
                    &["index"],
                    "loop.previous is there in a `repeat` with an `output`",
                )
            } else {
                (
                    &["index"],
                    "there is loop.index, the number of the pass, from 0",
                )
            };
            (!known.contains(&name)).then(|| {
                suggest(
                    Finding::error("unknown_name", format!("`loop` has no `{name}`")),
                    name,
                    known.iter().copied(),
                    listed,
                )
            })
        }
        _ => None,
    }
}

/// The first key of a name whose parts are known.
fn part(reference: &Reference, known: &[&str], listed: &str) -> Option<Finding> {
    let name = reference.key(0)?;
    (!known.contains(&name)).then(|| {
        let message = format!("`{}` has no `{name}`", reference.root);
        suggest(
            Finding::error("unknown_name", message),
            name,
            known.iter().copied(),
            listed,
        )
    })
}

fn secret(context: &Context<'_>, reference: &Reference, at: &At<'_>) -> Option<Finding> {
    let Some(name) = reference.key(0) else {
        return Some(Finding::error(
            "dynamic_reference",
            "a secret is named as it stands, as in `secrets.api_key`",
        ));
    };
    if !at.secrets {
        return Some(
            Finding::error(
                "secret_not_allowed",
                format!("the secret `{name}` cannot be used here"),
            )
            .help("secrets go into `headers`, `query`, `json` and `form` of http, `env` of shell, `arguments` of mcp and connections, nowhere else"),
        );
    }
    let known = context.catalog.secrets.as_ref()?;
    (!known.contains(name)).then(|| {
        suggest(
            Finding::error("missing_secret", format!("there is no secret `{name}`")),
            name,
            known.iter().map(String::as_str),
            &format!("set it with `druse secrets set {name}`"),
        )
    })
}

fn step_name(context: &Context<'_>, reference: &Reference, at: &At<'_>) -> Option<Finding> {
    let Some(id) = reference.key(0) else {
        let message = match reference.path.first() {
            None => "`steps` alone is no value: name a step",
            Some(Segment::Dynamic | Segment::Index(_)) | Some(Segment::Key(_)) => {
                "a step is named as it stands, not computed"
            }
        };
        return Some(
            Finding::error("dynamic_reference", message)
                .help("write steps.<id>.output: what a step reads must be known before it runs"),
        );
    };
    let Some((list, position)) = find(context.lists, at.list, id) else {
        if let Some(looped) = inside(context.lists, at.list, id) {
            return Some(
                Finding::error(
                    "inside_loop",
                    format!("step `{id}` is inside of the loop `{looped}` and cannot be read from outside"),
                )
                .help(format!(
                    "read what the loop gives: `steps.{looped}.output`"
                )),
            );
        }
        return Some(suggest(
            Finding::error("unknown_step", format!("there is no step `{id}`")),
            id,
            visible(context.lists, at.list),
            "expressions name steps of this document",
        ));
    };
    let known = ["output", "status", "error"];
    match reference.path.get(1) {
        None => Some(
            Finding::error("unknown_name", format!("say what of step `{id}` is meant"))
                .help(format!("`steps.{id}.output`, `.status` or `.error`")),
        ),
        Some(Segment::Key(facet)) if !known.contains(&facet.as_str()) => Some(suggest(
            Finding::error("unknown_name", format!("step `{id}` has no `{facet}`")),
            facet,
            known,
            &format!("what it gave is under `steps.{id}.output`"),
        )),
        Some(Segment::Key(facet)) if facet == "output" => {
            output_key(context.lists.get(list)?.steps.get(position)?, reference)
        }
        Some(Segment::Key(_)) => None,
        Some(_) => Some(Finding::error(
            "dynamic_reference",
            format!("say what of step `{id}` is meant: output, status or error"),
        )),
    }
}

/// What an operation on a file gives.
fn file_output(step: &Step) -> Option<&'static [&'static str]> {
    let operation = step.with.as_ref()?.get("op")?.as_str()?;
    Some(match FileOperation::parse(operation)? {
        FileOperation::Read => &["path", "bytes", "digest", "text", "base64", "json"],
        FileOperation::Write => &["path", "bytes", "digest", "created"],
        FileOperation::Append => &["path", "bytes", "created"],
        FileOperation::Edit => &["path", "bytes", "digest", "replaced"],
        FileOperation::List => &["path", "entries", "truncated"],
        FileOperation::Search => &["path", "matches", "files", "truncated"],
    })
}

/// The first key of an output whose shape is known by the kind of action.
fn output_key(step: &Step, reference: &Reference) -> Option<Finding> {
    let key = reference.key(2)?;
    let with = step.with.as_ref();
    let saves = with.is_some_and(|with| with.contains_key("save_as"));
    let mut known: Vec<&str> = match step.action.as_deref()? {
        "http" if step.with.as_ref()?.contains_key("paginate") => {
            &["status", "headers", "json", "pages"][..]
        }
        "http" if saves => &["status", "headers"],
        "http" => &["status", "headers", "json", "text", "base64"],
        "shell" => &["exit_code", "stdout", "stderr", "json"],
        "mcp" => &["structured", "content", "text", "json"],
        "approval_gate" => &["decision", "by", "comment", "fields"],
        "automation" => &["run_id", "outputs"],
        "emit" => &["event_id"],
        "wait" if step.with.as_ref()?.contains_key("event") => &["event", "waited_until"],
        "wait" => &["waited_until"],
        "sql" => &["rows", "columns", "affected"],
        "mail" => &["message_id", "accepted"],
        "file" if saves => &["path", "bytes", "digest"],
        "file" => file_output(step)?,
        _ => return None,
    }
    .to_vec();
    if super::artifacts::leaves(step) {
        known.push("artifacts");
    }
    (!known.contains(&key) && !reference.guarded).then(|| {
        suggest(
            Finding::warning(
                "unknown_output",
                format!("the output of step `{}` has no `{key}`", step.id),
            ),
            key,
            known.iter().copied(),
            &format!("it has: {}", known.join(", ")),
        )
    })
}
