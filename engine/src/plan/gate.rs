//! What an approval gate does besides asking: whom it tells, and where it sends back to.

use super::build::{finding, has_errors, pointer};
use super::secrets::secret_places;
use super::{ActionKind, Graph, SecretPlace};
use crate::action_config::{Notify, OneOrMore, SendBack};
use crate::definition::Step;
use crate::expression::{Names, Template};
use crate::{Finding, Span};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// How often a gate sends back when it does not say.
pub const ROUNDS: u32 = 5;

/// The part of a gate that is known before it is reached.
#[derive(Debug, Default)]
pub struct GatePlan {
    /// The steps that run again when it is sent back; none where it cannot be.
    pub send_back: Option<SendBackPlan>,
    /// The actions that tell people of it, in order.
    pub notify: Vec<NotifyPlan>,
}

/// Where a gate sends back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendBackPlan {
    /// The steps that run again, as indexes in [`super::Block::steps`], ascending. Without the gate.
    pub again: Vec<usize>,
    /// How often at most.
    pub rounds: u32,
}

/// An action that tells somebody of a gate.
#[derive(Debug)]
pub struct NotifyPlan {
    /// What it does.
    pub kind: ActionKind,
    /// Its configuration.
    pub with: Template,
    /// Whom the link in it is made for.
    pub person: Option<Template>,
    /// The secrets that its configuration holds places for.
    pub secrets: Vec<SecretPlace>,
    /// Time limit of each try.
    pub timeout: Option<Span>,
}

fn read<T: for<'de> Deserialize<'de>>(step: &Step, key: &str) -> Option<T> {
    if step.action.as_deref() != Some(ActionKind::ApprovalGate.name()) {
        return None;
    }
    T::deserialize(step.with.as_ref()?.get(key)?).ok()
}

/// The positions of steps that run again when the gate at this position is sent back; none when it
/// cannot be, or when what it names is wrong.
fn again(steps: &[Step], graph: &Graph, gate: usize) -> Option<(BTreeSet<usize>, u32)> {
    let back: SendBack = read(&steps[gate], "send_back")?;
    let before = before(graph, gate);
    let mut again: BTreeSet<usize> = BTreeSet::new();
    for id in back.to.all() {
        let to = steps.iter().position(|step| step.id == *id)?;
        if !before.contains(&to) {
            return None;
        }
        again.insert(to);
    }
    if again.is_empty() {
        return None;
    }
    // In topological order, so that one walk finds all that lies behind.
    for position in graph.order() {
        let behind = graph.before[position]
            .iter()
            .any(|edge| again.contains(&edge.from));
        if behind && before.contains(&position) {
            again.insert(position);
        }
    }
    Some((again, back.rounds.unwrap_or(ROUNDS)))
}

/// All that comes before a step, however far.
fn before(graph: &Graph, step: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut left = vec![step];
    while let Some(step) = left.pop() {
        for edge in &graph.before[step] {
            if found.insert(edge.from) {
                left.push(edge.from);
            }
        }
    }
    found
}

/// The plan of the gate at this position of a list.
pub(super) fn gate(
    steps: &[Step],
    graph: &Graph,
    names: &Names,
    position: usize,
    path: &str,
    findings: &mut Vec<Finding>,
) -> Option<Box<GatePlan>> {
    let step = &steps[position];
    let send_back = again(steps, graph, position).map(|(again, rounds)| {
        let indexes: BTreeSet<usize> = again
            .iter()
            .filter_map(|position| names.get(&steps[*position].id))
            .collect();
        SendBackPlan {
            again: indexes.into_iter().collect(),
            rounds,
        }
    });
    let notify: Vec<NotifyPlan> = notices(step)
        .iter()
        .filter_map(|(at, notify)| {
            notice(step, &format!("{path}/with/notify{at}"), notify, findings)
        })
        .collect();
    (send_back.is_some() || !notify.is_empty()).then(|| Box::new(GatePlan { send_back, notify }))
}

/// The actions of a gate's `notify`, each with its place below that key.
pub(crate) fn notices(step: &Step) -> Vec<(String, Notify)> {
    match read::<OneOrMore<Notify>>(step, "notify") {
        None => Vec::new(),
        Some(OneOrMore::One(notify)) => vec![(String::new(), notify)],
        Some(OneOrMore::More(list)) => list
            .into_iter()
            .enumerate()
            .map(|(index, notify)| (format!("/{index}"), notify))
            .collect(),
    }
}

/// Whether a kind of action can tell somebody of a gate.
pub(crate) fn tells(kind: ActionKind) -> bool {
    matches!(
        kind,
        ActionKind::Http
            | ActionKind::Mail
            | ActionKind::Shell
            | ActionKind::Mcp
            | ActionKind::Sql
            | ActionKind::File
    )
}

fn notice(
    step: &Step,
    path: &str,
    notify: &Notify,
    findings: &mut Vec<Finding>,
) -> Option<NotifyPlan> {
    let kind = ActionKind::parse(&notify.action).filter(|kind| tells(*kind));
    let Some(kind) = kind else {
        findings.push(
            Finding::error(
                "unknown_action",
                format!("`{}` cannot tell anybody of a gate", notify.action),
            )
            .at_step(&step.id)
            .at_path(format!("{path}/action"))
            .help("`notify` takes http, mail, shell, mcp, sql and file"),
        );
        return None;
    };
    let mut compile = |value: &Value, path: String| match Template::compile(value) {
        Ok(template) => Some(template),
        Err(errors) => {
            for placed in errors {
                let path = format!("{path}{}", placed.path);
                findings.push(finding(&placed.error, &path, Some(&step.id)));
            }
            None
        }
    };
    let with = compile(&Value::Object(notify.with.clone()), format!("{path}/with"))?;
    let person = match &notify.person {
        Some(person) => Some(compile(&person.as_str().into(), format!("{path}/for"))?),
        None => None,
    };
    Some(NotifyPlan {
        kind,
        secrets: secret_places(&with),
        with,
        person,
        timeout: notify.timeout,
    })
}

/// What is wrong with where the gates of a list, and of the lists inside, send back to.
pub(crate) fn send_back_findings(steps: &[Step], path: &str, findings: &mut Vec<Finding>) {
    // Most lists have no such gate, and then nobody need know what comes before what.
    let mut graph = None;
    for (position, step) in steps.iter().enumerate() {
        if let Some(back) = read::<SendBack>(step, "send_back") {
            let graph = graph.get_or_insert_with(|| Graph::new(steps));
            let at = format!("{path}/{position}");
            send_back_finding(steps, graph, (position, &back), &at, findings);
        }
        if !step.steps.is_empty() {
            let path = format!("{path}/{position}/steps");
            send_back_findings(&step.steps, &path, findings);
        }
    }
}

/// The step, or one inside of it, that has an `undo`.
fn undone(step: &Step) -> Option<&Step> {
    match step.undo {
        Some(_) => Some(step),
        None => step.steps.iter().find_map(undone),
    }
}

fn send_back_finding(
    steps: &[Step],
    graph: &Graph,
    (position, back): (usize, &SendBack),
    path: &str,
    findings: &mut Vec<Finding>,
) {
    let gate = &steps[position];
    let path = format!("{path}/with{}", pointer(&["send_back", "to"]));
    let mut wrong = Vec::new();
    if back.to.all().is_empty() {
        wrong.push(Finding::error("bad_value", "`send_back` names no step"));
    }
    for id in back.to.all() {
        match steps.iter().position(|step| step.id == *id) {
            None => wrong.push(Finding::error(
                "unknown_step",
                format!("there is no step `{id}` here"),
            )),
            Some(to) if !before(graph, position).contains(&to) => wrong.push(
                Finding::error(
                    "send_back_not_before",
                    format!("step `{id}` does not come before the gate `{}`", gate.id),
                )
                .help("a gate sends back to steps that it needs, directly or through others"),
            ),
            Some(_) => {}
        }
    }
    if !has_errors(&wrong)
        && let Some((again, _)) = again(steps, graph, position)
    {
        for step in again.iter().filter_map(|again| undone(&steps[*again])) {
            wrong.push(
                Finding::error(
                    "send_back_undo",
                    format!(
                        "step `{}` has an `undo`, and runs again when the gate `{}` is sent back: what it did before would not be undone",
                        step.id, gate.id
                    ),
                )
                .help("leave its `undo` out, or send back to a step behind it"),
            );
        }
        for (other, step) in steps.iter().enumerate() {
            let reads = graph.before[other]
                .iter()
                .find(|edge| again.contains(&edge.from));
            let Some(edge) = reads.filter(|_| other != position && !again.contains(&other)) else {
                continue;
            };
            if before(graph, other).contains(&position) {
                continue;
            }
            wrong.push(
                Finding::error(
                    "send_back_leaks",
                    format!(
                        "step `{}` works with `{}`, which runs again when the gate `{}` is sent back",
                        step.id, steps[edge.from].id, gate.id
                    ),
                )
                .help(format!(
                    "put it behind the gate (`needs: [{}]`), or before it",
                    gate.id
                )),
            );
        }
    }
    findings.extend(
        wrong
            .into_iter()
            .map(|finding| finding.at_step(&gate.id).at_path(path.clone())),
    );
}
