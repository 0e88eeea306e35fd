//! From a document to its plan.

use super::child::starts_of;
use super::gate::{gate, send_back_findings};
use super::graph::{Graph, split_need};
use super::handlers::undo_step;
use super::hears::{hears, types_of, without_when};
use super::lent::may_be_lent;
use super::looping::shape;
use super::probe::{ProbePlan, probe_step};
use super::secrets::secret_places;
use super::written::{Way, Written};
use super::{
    ActionKind, AnswersTo, Block, ForEachPlan, InputCheck, LoopPlan, Need, OutputCheck, Plan,
    PlannedStep, RepeatPlan, TURN, Times, Work,
};
use crate::Finding;
use crate::definition::{Document, OnError, Retry, Step};
use crate::event::HandlerList;
use crate::expression::{Expression, ExpressionError, Names, PlacedError, Template, literal};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

/// A JSON Pointer (RFC 6901) from its segments.
pub(crate) fn pointer<S: AsRef<str>>(segments: &[S]) -> String {
    segments
        .iter()
        .map(|segment| {
            format!(
                "/{}",
                segment.as_ref().replace('~', "~0").replace('/', "~1")
            )
        })
        .collect()
}

/// An expression's error as a finding at a place of the document.
pub(crate) fn finding(error: &ExpressionError, path: &str, step: Option<&str>) -> Finding {
    let mut finding = Finding::error(error.code, error.message.clone()).help(error.help.clone());
    if let Some(step) = step {
        finding = finding.at_step(step);
    }
    finding.at_path(path)
}

/// Compiles a document. Where it `lends`, the configurations that may be lent are left out.
pub(super) fn build(document: Arc<Document>, lends: bool) -> Result<Plan, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut graphs = Graphs::new();
    structure(
        &document.steps,
        "/steps",
        &mut BTreeSet::new(),
        &mut graphs,
        &mut findings,
    );
    let own: BTreeSet<&str> = document.steps.iter().map(|step| step.id.as_str()).collect();
    let handlers = [
        (HandlerList::OnFailure, &document.on_failure),
        (HandlerList::Finally, &document.finally),
    ];
    for (list, steps) in handlers {
        let path = format!("/{}", list.name());
        structure(steps, &path, &mut own.clone(), &mut graphs, &mut findings);
    }
    if has_errors(&findings) {
        return Err(findings);
    }
    findings.clear();
    let undo_on_failure = document.undo_on_failure == Some(true);
    let mut build = Build {
        blocks: Vec::new(),
        graphs,
        checks: HashMap::new(),
        undo: undo_on_failure,
        lends,
        once: Arc::new(Retry {
            attempts: 1,
            ..Retry::default()
        }),
    };
    let mut way = Way::of(None);
    block(
        &document.steps,
        "/steps",
        &mut way,
        &mut build,
        &mut findings,
    );
    send_back_findings(&document.steps, "/steps", &mut findings);
    build.undo = false;
    let mut lists = Vec::new();
    for (list, steps) in handlers {
        if !steps.is_empty() {
            let path = format!("/{}", list.name());
            let mut way = Way::of(Some(list));
            let block = block(steps, &path, &mut way, &mut build, &mut findings);
            lists.push((list, block));
            send_back_findings(steps, &path, &mut findings);
        }
    }
    let blocks = build.blocks;
    let inputs = inputs(&document, &mut findings);
    let outputs = outputs(&document, &mut findings);
    let concurrency = document.concurrency.as_ref().and_then(|limit| {
        let key = template(
            &Value::from(limit.key.as_str()),
            "/concurrency/key",
            None,
            &mut findings,
        )?;
        Some((key, limit.clone()))
    });
    if !findings.is_empty() {
        return Err(findings);
    }
    Ok(Plan {
        digest: OnceLock::new(),
        capabilities: OnceLock::new(),
        lent: Vec::new(),
        timeout: document.timeout,
        hears: types_of(&document, &blocks),
        starts: starts_of(&document, &blocks),
        connects: blocks
            .iter()
            .flat_map(|block| &block.steps)
            .any(|step| step.connection.is_some()),
        blocks,
        handlers: lists,
        undo_on_failure,
        inputs,
        outputs,
        concurrency,
        turn: TURN,
        document,
    })
}

pub(super) fn has_errors(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == crate::Severity::Error)
}

/// What comes before what in each list of steps, by the JSON Pointers to the lists.
type Graphs = BTreeMap<String, Graph>;

/// What keeps lists of steps from being put in order. `seen` are the ids of the lists around this one.
fn structure<'a>(
    steps: &'a [Step],
    path: &str,
    seen: &mut BTreeSet<&'a str>,
    graphs: &mut Graphs,
    findings: &mut Vec<Finding>,
) {
    let around = seen.clone();
    let here: BTreeSet<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    for (index, step) in steps.iter().enumerate() {
        if !seen.insert(step.id.as_str()) {
            findings.push(
                Finding::error(
                    "duplicate_id",
                    format!("two steps have the id `{}`", step.id),
                )
                .at_step(&step.id)
                .at_path(format!("{path}/{index}/id")),
            );
        }
    }
    for (index, step) in steps.iter().enumerate() {
        for (place, need) in step.needs.iter().enumerate() {
            let (id, _) = split_need(need);
            if !here.contains(id) {
                findings.push(
                    Finding::error("unknown_step", format!("there is no step `{id}` here"))
                        .at_step(&step.id)
                        .at_path(format!("{path}/{index}/needs/{place}")),
                );
            }
        }
    }
    let graph = Graph::new(steps);
    for cycle in graph.cycles() {
        findings.push(cycle_finding(steps, path, &cycle));
    }
    graphs.insert(path.to_owned(), graph);
    for (index, step) in steps.iter().enumerate() {
        let path = format!("{path}/{index}");
        findings.extend(shape(step, &path));
        if !step.steps.is_empty() {
            let path = format!("{path}/steps");
            structure(&step.steps, &path, seen, graphs, findings);
        }
    }
    // The next loop's body may have the same ids as this one's.
    *seen = around;
}

/// The lists that are compiled so far.
struct Build {
    blocks: Vec<Block>,
    /// Those of the lists that are not compiled yet.
    graphs: Graphs,
    /// What outputs have to be, by the texts of their schemas.
    checks: HashMap<String, Arc<OutputCheck>>,
    /// Whether steps are undone.
    undo: bool,
    /// Whether configurations that may be lent are left out.
    lends: bool,
    /// How most steps are tried.
    once: Arc<Retry>,
}

/// Compiles a list of steps and the bodies of its loops; gives its index. `way` leads to the list.
fn block(
    list: &[Step],
    path: &str,
    way: &mut Way,
    build: &mut Build,
    findings: &mut Vec<Finding>,
) -> usize {
    let own = build.blocks.len();
    build.blocks.push(Block::default());
    let graph = build.graphs.remove(path);
    let graph = graph.unwrap_or_else(|| Graph::new(list));
    let order = graph.order();
    let names: Names = order
        .iter()
        .enumerate()
        .map(|(index, &position)| (list[position].id.clone(), index))
        .collect();
    let mut written = vec![0; list.len()];
    let mut steps = Vec::with_capacity(order.len());
    for (index, &position) in order.iter().enumerate() {
        written[position] = index;
        let step = &list[position];
        let before = &graph.before[position];
        // Most steps need one other: a list that grows would have room for four.
        let mut needs = Vec::with_capacity(before.len());
        needs.extend(before.iter().filter_map(|edge| {
            Some(Need {
                step: names.get(&list[edge.from].id)?,
                case: edge.case.clone(),
                order_only: edge.order_only,
            })
        }));
        let path = format!("{path}/{position}");
        let gate = gate(list, &graph, &names, position, &path, findings);
        way.enter(position);
        let work = work(step, &path, way, build, findings);
        let written = way.written();
        way.leave();
        if let Some(work) = work
            && let Some(planned) = planned(step, &path, work, written, needs, build, findings)
        {
            let mut planned = PlannedStep { gate, ..planned };
            if build.undo {
                planned.undo = undo(step, &path, build, findings);
            }
            planned.probe = probe(step, &path, build, findings);
            steps.push(planned);
        }
    }
    let edges: Vec<(usize, usize)> = steps
        .iter()
        .enumerate()
        .flat_map(|(to, step)| step.needs.iter().map(move |need| (need.step, to)))
        .collect();
    for (from, to) in edges {
        if let Some(step) = steps.get_mut(from)
            && step.dependants.last() != Some(&to)
        {
            step.dependants.push(to);
        }
    }
    let undoes = steps.iter().any(|step| {
        let body = step.work.looped().map(|looped| &build.blocks[looped.body]);
        step.undo.is_some() || body.is_some_and(|body| body.undoes)
    });
    build.blocks[own] = Block {
        steps,
        names: Arc::new(names),
        written,
        undoes,
    };
    own
}

/// Compiles what undoes a step as a list of its own. Its name is one that no expression can say, so that
/// it hides none of the steps that are seen.
fn undo(step: &Step, path: &str, build: &mut Build, findings: &mut Vec<Finding>) -> Option<usize> {
    alone(undo_step(step)?, &format!("{path}/undo"), build, findings)
}

/// Compiles how it is found out whether a step happened.
fn probe(
    step: &Step,
    path: &str,
    build: &mut Build,
    findings: &mut Vec<Finding>,
) -> Option<Box<ProbePlan>> {
    let written = step.check.as_ref()?;
    let path = format!("{path}/check");
    let done = expression(&written.done, &format!("{path}/done"), &step.id, findings);
    let output = written.output.as_ref().map(|value| {
        let path = format!("{path}/output");
        template(value, &path, Some(&step.id), findings)
    });
    let block = alone(probe_step(step)?, &path, build, findings);
    Some(Box::new(ProbePlan::new(block?, done?, optional(output)?)))
}

/// Compiles a step that belongs to another one as a list of its own.
fn alone(step: Step, path: &str, build: &mut Build, findings: &mut Vec<Finding>) -> Option<usize> {
    let work = work(&step, path, &mut Way::of(None), build, findings)?;
    // It stands in the document in another form.
    let written = Written::Made(Box::default());
    let planned = planned(&step, path, work, written, Vec::new(), build, findings)?;
    let written = Written::Made(Box::new(step));
    let planned = PlannedStep { written, ..planned };
    build.blocks.push(Block {
        steps: vec![planned],
        names: Arc::new(Names::from_iter([(String::new(), 0)])),
        written: vec![0],
        undoes: false,
    });
    Some(build.blocks.len() - 1)
}

pub(crate) fn cycle_finding(steps: &[Step], path: &str, cycle: &[usize]) -> Finding {
    let id = |position: usize| steps[position].id.as_str();
    let first = cycle.first().copied().unwrap_or_default();
    let finding = if let [only] = cycle {
        let finding = Finding::error("self_need", format!("step `{}` needs itself", id(*only)));
        if steps[*only].steps.is_empty() {
            finding.help("a step cannot read its own output")
        } else {
            finding.help("what is inside of a loop cannot read the loop's own output")
        }
    } else {
        let mut text = String::new();
        for (index, &position) in cycle.iter().enumerate() {
            let next = cycle[(index + 1) % cycle.len()];
            if index > 0 {
                text.push_str(", ");
            }
            text.push_str(&format!("`{}` needs `{}`", id(position), id(next)));
        }
        Finding::error("cycle", format!("steps wait for each other: {text}"))
            .help("remove one of these needs or references")
    };
    finding
        .at_step(id(first))
        .at_path(format!("{path}/{first}"))
}

fn template(
    value: &Value,
    path: &str,
    step: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Option<Template> {
    or_findings(Template::compile(value), path, step, findings)
}

/// A template; what keeps it from being one becomes findings.
fn or_findings(
    compiled: Result<Template, Vec<PlacedError>>,
    path: &str,
    step: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Option<Template> {
    match compiled {
        Ok(template) => Some(template),
        Err(errors) => {
            for placed in errors {
                findings.push(finding(
                    &placed.error,
                    &format!("{path}{}", placed.path),
                    step,
                ));
            }
            None
        }
    }
}

pub(super) fn expression(
    source: &str,
    path: &str,
    step: &str,
    findings: &mut Vec<Finding>,
) -> Option<Expression> {
    Expression::compile(source)
        .map_err(|error| findings.push(finding(&error, path, Some(step))))
        .ok()
}

fn work(
    step: &Step,
    path: &str,
    way: &mut Way,
    build: &mut Build,
    findings: &mut Vec<Finding>,
) -> Option<Work> {
    let times = if let Some(each) = &step.for_each {
        let items = template(
            &each.items,
            &format!("{path}/for_each/items"),
            Some(&step.id),
            findings,
        );
        let until = each.until.as_deref().map(|source| {
            let path = format!("{path}/for_each/until");
            expression(source, &path, &step.id, findings)
        });
        let output = each.output.as_ref().map(|value| {
            let path = format!("{path}/for_each/output");
            template(value, &path, Some(&step.id), findings)
        });
        let defaults = ForEachPlan::defaults(items?, each.name.as_deref());
        Times::ForEach(ForEachPlan {
            max_parallel: each.max_parallel.unwrap_or(defaults.max_parallel),
            max_items: each.max_items.unwrap_or(defaults.max_items),
            goes_on: each.on_item_error == Some(OnError::Continue),
            until: optional(until)?,
            output: optional(output)?,
            ..defaults
        })
    } else if let Some(repeat) = &step.repeat {
        let output = repeat.output.as_ref().map(|value| {
            let path = format!("{path}/repeat/output");
            template(value, &path, Some(&step.id), findings)
        });
        let path = format!("{path}/repeat/until");
        let defaults = RepeatPlan::defaults(expression(&repeat.until, &path, &step.id, findings)?);
        Times::Repeat(RepeatPlan {
            output: optional(output)?,
            every: repeat.every.unwrap_or(defaults.every),
            factor: repeat.factor.unwrap_or(defaults.factor),
            max: repeat.max.unwrap_or(defaults.max),
            until: defaults.until,
        })
    } else {
        let kind = step.action.as_deref().and_then(ActionKind::parse);
        if kind.is_none() {
            findings.push(
                Finding::error(
                    "unknown_action",
                    format!("step `{}` has no action that is known", step.id),
                )
                .at_step(&step.id)
                .at_path(format!("{path}/action")),
            );
        }
        return kind.map(Work::Action);
    };
    let body = block(&step.steps, &format!("{path}/steps"), way, build, findings);
    Some(Work::Loop(Box::new(LoopPlan { body, times })))
}

/// Something that may be left out: none at all when it is there and wrong.
fn optional<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        Some(None) => None,
        Some(Some(there)) => Some(Some(there)),
        None => Some(None),
    }
}

/// What an output has to be. Many steps of a long document have one and the same schema, which is compiled once.
fn output_check(
    schema: &Value,
    known: &mut HashMap<String, Arc<OutputCheck>>,
) -> Result<Arc<OutputCheck>, String> {
    let text = schema.to_string();
    if let Some(check) = known.get(&text) {
        return Ok(Arc::clone(check));
    }
    let check = Arc::new(OutputCheck::compile(schema)?);
    known.insert(text, Arc::clone(&check));
    Ok(check)
}

/// Paths of files that a program leaves are as they are written. The check refuses others; a version that was
/// stored before it did must not name files by values either.
fn written_paths(with: &mut Map<String, Value>) {
    let paths = match with.get_mut("artifacts") {
        Some(Value::Object(paths)) => paths.values_mut().collect(),
        Some(other) => vec![other],
        None => Vec::new(),
    };
    for path in paths {
        if let Value::String(text) = path {
            *text = literal(text);
        }
    }
}

fn planned(
    step: &Step,
    path: &str,
    work: Work,
    written: Written,
    needs: Vec<Need>,
    build: &mut Build,
    findings: &mut Vec<Finding>,
) -> Option<PlannedStep> {
    let before = findings.len();
    let when = step
        .when
        .as_deref()
        .and_then(|source| expression(source, &format!("{path}/when"), &step.id, findings));
    let empty = Map::new();
    let with = step.with.as_ref().unwrap_or(&empty);
    let mut cases = Vec::new();
    let with = if work.kind() == Some(ActionKind::Switch) {
        let listed = with.get("cases").and_then(Value::as_array);
        for (index, case) in listed.into_iter().flatten().enumerate() {
            let Some(id) = case.get("id").and_then(Value::as_str) else {
                continue;
            };
            let when = case.get("when").and_then(Value::as_str).and_then(|source| {
                let path = format!("{path}/with/cases/{index}/when");
                expression(source, &path, &step.id, findings)
            });
            cases.push((id.to_owned(), when));
        }
        template(&Value::Object(Map::new()), "", None, findings)
    } else if build.lends
        && matches!(written, Written::There { .. })
        && step.with.is_some()
        && may_be_lent(work.kind(), with)
    {
        Some(Template::nothing())
    } else {
        let whole = without_when(step).unwrap_or_else(|| {
            let mut with = with.clone();
            if work.kind() == Some(ActionKind::ApprovalGate) {
                // Rendered when somebody is told, with what is known only then.
                with.remove("notify");
            }
            if work.kind() == Some(ActionKind::Shell) {
                written_paths(&mut with);
            }
            with
        });
        let compiled = Template::compile_owned(Value::Object(whole));
        or_findings(compiled, &format!("{path}/with"), Some(&step.id), findings)
    };
    let with = match work.kind() {
        Some(ActionKind::Http) => with.map(|with| with.with_path("path")),
        _ => with,
    };
    let idempotency_key = step.idempotency_key.as_deref().and_then(|key| {
        let path = format!("{path}/idempotency_key");
        template(&Value::from(key), &path, Some(&step.id), findings)
    });
    let hears = hears(step, path, findings);
    let output_check = step.output_schema.as_ref().and_then(|schema| {
        let place = format!("{path}/output_schema");
        let checked = match work.kind() {
            Some(kind) if kind.has_attempts() => output_check(schema, &mut build.checks),
            _ => Err("only what an action outside of the engine gives is checked".into()),
        };
        checked
            .map_err(|message| {
                findings.push(
                    Finding::error("bad_schema", message)
                        .at_path(place)
                        .at_step(&step.id),
                );
            })
            .ok()
    });
    let answers_to = step.answers_to.as_deref().map(AnswersTo::of).map(Box::new);
    if findings.len() > before {
        return None;
    }
    let with = with?;
    let secrets = secret_places(&with);
    let effect = work.kind().is_some_and(ActionKind::has_attempts);
    let connection = step.with.as_ref().filter(|_| effect);
    let connection = connection.and_then(|with| with.get("connection")?.as_str());
    let connection = connection.map(Into::into);
    Some(PlannedStep {
        id: step.id.as_str().into(),
        written,
        work,
        needs,
        dependants: Vec::new(),
        when,
        with,
        cases,
        hears,
        gate: None,
        join: step.join.unwrap_or_default(),
        timeout: step.timeout,
        retry: match &step.retry {
            Some(retry) => Arc::new(Retry::clone(retry)),
            None => Arc::clone(&build.once),
        },
        on_error: step.on_error.unwrap_or_default(),
        delivery: step.delivery.unwrap_or_default(),
        idempotency_key,
        secrets,
        connection,
        effects: step.effects,
        output_check,
        answers_to,
        undo: None,
        probe: None,
    })
}

fn inputs(document: &Document, findings: &mut Vec<Finding>) -> Vec<InputCheck> {
    let mut inputs = Vec::new();
    for (name, schema) in &document.inputs {
        match InputCheck::compile(name, schema) {
            Ok(input) => inputs.push(input),
            Err(message) => findings.push(
                Finding::error(
                    "bad_schema",
                    format!("the schema of input `{name}` is not valid: {message}"),
                )
                .at_path(pointer(&["inputs", name.as_str()])),
            ),
        }
    }
    inputs
}

fn outputs(document: &Document, findings: &mut Vec<Finding>) -> Vec<(String, Template)> {
    let mut outputs = Vec::new();
    for (name, value) in &document.outputs {
        let path = pointer(&["outputs", name.as_str()]);
        if let Some(template) = template(value, &path, None, findings) {
            outputs.push((name.clone(), template));
        }
    }
    outputs
}
