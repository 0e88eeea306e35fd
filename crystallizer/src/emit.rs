//! Writes the document: the kept calls in their order, gates before the calls that they let through.

use crate::gate::{self, Gates};
use crate::kept::{Kept, Spot};
use crate::name::{self, Ids};
use crate::options::{Mode, Options, SourceRef};
use crate::prune::{self, LeftOut};
use crate::session::{Session, SessionKind, SessionStatus, ToolCall};
use crate::size::size;
use druse_engine::Span;
use druse_engine::definition::{Document, Join, OnError, Step};
use serde_json::{Map, Value, json};

/// The document, and where its parts stand.
pub(crate) struct Emitted {
    pub(crate) document: Document,
    /// Where the step of each kept call stands.
    pub(crate) places: Vec<Spot>,
    pub(crate) gates: u64,
}

/// Writes the document, which is yet to be described. The configurations go into it: nothing reads them besides.
pub(crate) fn emit(
    session: &Session,
    options: &Options,
    kept: &mut [Kept<'_>],
    left_out: &[LeftOut],
    gates: &Gates<'_>,
    ids: &mut Ids,
) -> Emitted {
    let mut steps: Vec<Step> = Vec::with_capacity(kept.len() + gates.before.len());
    let mut places = Vec::with_capacity(kept.len());
    let mut gate_count = 0;
    for (index, call) in kept.iter_mut().enumerate() {
        if let Some(approvals) = gates.before.get(&index) {
            let mut step = Step {
                id: ids.id(&format!("approve_{}", call.step)),
                action: Some("approval_gate".to_owned()),
                with: Some(gate::configuration(
                    call,
                    approvals,
                    gates.asked.get(&index).copied(),
                )),
                ..Step::default()
            };
            step.metadata
                .insert("recorded".to_owned(), gate::recorded(call, approvals));
            chain(&mut step, steps.last());
            steps.push(step);
            gate_count += 1;
        }
        let mut step = of_call(call);
        chain(&mut step, steps.last());
        places.push(Spot::of(steps.len()));
        steps.push(step);
    }
    let document = Document {
        druse: 1,
        name: options
            .name
            .clone()
            .unwrap_or_else(|| name::of_automation(session)),
        description: description(session),
        inputs: Map::new(),
        triggers: Vec::new(),
        concurrency: None,
        steps,
        on_failure: Vec::new(),
        finally: Vec::new(),
        undo_on_failure: None,
        timeout: None,
        priority: None,
        outputs: Map::new(),
        capabilities: None,
        metadata: metadata(session, options, kept, left_out),
        tests: Vec::new(),
    };
    Emitted {
        document,
        places,
        gates: gate_count,
    }
}

/// Puts a step behind the one before it. Behind one whose failure is tolerated it starts however that
/// one ended, unless that one did not run at all: then something before it stopped the chain.
fn chain(step: &mut Step, before: Option<&Step>) {
    let Some(before) = before else { return };
    step.needs = vec![before.id.clone()];
    if before.on_error == Some(OnError::Continue) {
        step.join = Some(Join::AllDone);
        step.when = Some(format!(
            "steps.{}.status in ['succeeded', 'failed']",
            before.id
        ));
    }
}

/// Writes down what is said of the steps and which calls they were. It is no part of what runs, and takes a fifth of a
/// long document: where nothing reads it before the draft is proved, it is written once that is over.
pub(crate) fn describe(document: &mut Document, kept: &[Kept<'_>], places: &[Spot], mode: Mode) {
    for (kept, spot) in kept.iter().zip(places) {
        if let Some(step) = spot.step_mut(document) {
            step.metadata = description_of(kept, mode);
        }
    }
    if let Some(Value::Object(made)) = document.metadata.get_mut("crystallized") {
        let calls = kept
            .iter()
            .map(|kept| (kept.step.clone(), kept.call.id.clone().into()));
        made.insert("calls".to_owned(), Value::Object(calls.collect()));
    }
}

/// How many bytes longer a document of these calls becomes when it is described.
pub(crate) fn length_of_description(kept: &[Kept<'_>], mode: Mode) -> u64 {
    let of_steps = kept.iter().map(|kept| {
        let said = size(&description_of(kept, mode)) + r#","metadata":"#.len() as u64;
        let call = size(&kept.step) + size(&kept.call.id) + ":,".len() as u64;
        said + call
    });
    // No comma stands behind the last call.
    of_steps.sum::<u64>().saturating_sub(1)
}

/// What is said of the step of a call.
fn description_of(kept: &Kept<'_>, mode: Mode) -> Map<String, Value> {
    // Behind these a draft with bound values says what a step waits for.
    let further = [
        !kept.reasons.is_empty(),
        kept.target.result.is_some(),
        mode == Mode::Bound,
    ];
    let further = further.into_iter().filter(|there| *there).count();
    let mut metadata = Map::with_capacity(2 + further);
    metadata.insert("tool".to_owned(), kept.call.name.clone().into());
    metadata.insert("deterministic".to_owned(), kept.reasons.is_empty().into());
    if !kept.reasons.is_empty() {
        let reasons = kept
            .reasons
            .iter()
            .map(|reason| json!({ "code": reason.code, "message": reason.message }));
        metadata.insert("reasons".to_owned(), Value::Array(reasons.collect()));
    }
    if let Some(path) = &kept.target.result {
        let mut text = "output".to_owned();
        for word in path {
            text.push('.');
            text.push_str(word);
        }
        metadata.insert("result".to_owned(), text.into());
    }
    metadata
}

fn of_call(kept: &mut Kept<'_>) -> Step {
    let document = kept.target.filled.document.take();
    let shell = kept.target.shell.as_deref();
    Step {
        id: kept.step.clone(),
        name: shell
            .and_then(|shell| shell.description.as_deref())
            .map(|text| crate::show::value("", &text.into(), 80))
            .filter(|text| !text.is_empty()),
        action: Some(kept.target.action.to_string()),
        with: Some(*document.unwrap_or_default()),
        timeout: shell
            .and_then(|shell| shell.timeout_ms)
            .filter(|ms| *ms > 0)
            .map(Span::from_millis),
        on_error: kept.tolerated.then_some(OnError::Continue),
        effects: kept.effects,
        ..Step::default()
    }
}

fn description(session: &Session) -> Option<String> {
    let task = name::task(session)?;
    let shown = crate::show::text(&crate::secret::masked(task), 300);
    Some(shown).filter(|text| !text.is_empty())
}

fn metadata(
    session: &Session,
    options: &Options,
    kept: &[Kept<'_>],
    left_out: &[LeftOut],
) -> Map<String, Value> {
    let source = options.source.clone().unwrap_or_else(|| SourceRef {
        kind: match session.kind {
            SessionKind::AgentRun => "agent_run".to_owned(),
            SessionKind::ChatThread => "chat_thread".to_owned(),
        },
        id: session.external_id.clone(),
        digest: session.digest.clone(),
    });
    let left_out: Vec<Value> = left_out
        .iter()
        .map(|out| json!({ "call": out.call, "code": out.code }))
        .collect();
    let non_deterministic: Vec<Value> = kept
        .iter()
        .filter(|kept| !kept.reasons.is_empty())
        .map(|kept| kept.step.clone().into())
        .collect();
    let mut metadata = Map::new();
    let mut made = json!({
            "source": { "kind": source.kind, "id": source.id, "digest": source.digest },
            "mode": options.mode.name(),
            "at": options.at,
            "druse_version": options.druse_version,
            "calls": {},
            "left_out": left_out,
    });
    if !options.keep.is_empty() {
        made["keep"] = json!(options.keep);
    }
    if let Some(folder) = &options.folder {
        made["folder"] = folder.as_str().into();
    }
    // What was answered stays with the draft, so that one more answer does not lose the others.
    if !options.answers.is_empty() {
        made["answers"] = json!(options.answers);
        if !options.answered_for.is_empty() {
            made["answered_for"] = json!(options.answered_for);
        }
    }
    metadata.insert("crystallized".to_owned(), made);
    metadata.insert(
        "non_deterministic_steps".to_owned(),
        non_deterministic.into(),
    );
    metadata
}

/// Whether the run has to go on when this call fails again: the session went on after it, or succeeded.
pub(crate) fn is_tolerated(session: &Session, call: &ToolCall, is_last: bool) -> bool {
    prune::failed(call) && (!is_last || session.status == Some(SessionStatus::Succeeded))
}
