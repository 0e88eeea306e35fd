//! The proof: the engine runs the draft, every step is answered by the recording, and each request that
//! the engine makes is compared with the recorded call.

use crate::answer;
use crate::kept::Kept;
use crate::report::{Difference, Replay};
use crate::tool_map::escape;
use druse_engine::definition::{Document, FailureClass};
use druse_engine::event::{
    ApprovalRequest, Decision, Entry, Failure, Outcome, RunEvent, Start, Verdict,
};
use druse_engine::plan::Plan;
use druse_engine::run::{Input, Run};
use druse_engine::{Json, RunId, Span, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// The most differences that are listed for one call.
const MOST: usize = 10;

/// Runs the document with the recorded answers.
pub(crate) fn replay(document: &Arc<Document>, kept: &[Kept<'_>]) -> Replay {
    let requests = match Plan::compile(Arc::clone(document)) {
        Ok(plan) => requests(Arc::new(plan), kept),
        // The findings of the check say what is wrong; nothing could be run.
        Err(_) => BTreeMap::new(),
    };
    let mut replay = Replay::default();
    for kept in kept {
        let Some(made) = requests.get(kept.step.as_str()) else {
            replay.missing += 1;
            replay.differences.push(Difference {
                step: kept.step.clone(),
                call: kept.call.id.clone(),
                kind: "missing".to_owned(),
                path: None,
                recorded: Some(crate::show::value("", &kept.call.arguments, 120)),
                replayed: None,
                message: format!("`{}` was not asked for in the replay.", kept.step),
            });
            continue;
        };
        let found = compare(kept, made.value());
        if found.is_empty() {
            replay.matched += 1;
        } else {
            replay.differing += 1;
            replay.differences.extend(found.into_iter().take(MOST));
        }
    }
    replay
}

/// What the engine asked for, by step.
fn requests(plan: Arc<Plan>, kept: &[Kept<'_>]) -> BTreeMap<String, Json> {
    let by_step: HashMap<&str, &Kept<'_>> =
        kept.iter().map(|kept| (kept.step.as_str(), kept)).collect();
    let mut requests = BTreeMap::new();
    let run = RunId::from_parts(0, [0; 10]);
    let start = Start {
        run,
        automation: None,
        name: plan.document.name.clone(),
        version: 0,
        digest: plan.digest.clone(),
        cause: Json::from(json!({ "kind": "manual", "replay": true })),
        started_by: "user:replay".to_owned(),
        inputs: Json::from(json!({})),
        trigger: Json::null(),
        scheduled_at: None,
        root: run,
        depth: 0,
    };
    let mut now = Timestamp(0);
    let (mut state, entries) = Run::begin(Arc::clone(&plan), start, now);
    let mut facts: VecDeque<Entry> = entries.into();
    // Each fact is answered at most once, and a run has a bounded number of them: one attempt a step.
    while let Some(fact) = facts.pop_front() {
        let answer = match fact.event {
            RunEvent::AttemptStarted {
                step,
                number,
                fence,
                input,
                ..
            } => {
                let outcome = match by_step.get(&*step.0) {
                    Some(kept) => outcome(kept),
                    None => Outcome::Succeeded {
                        output: Json::null(),
                    },
                };
                requests.entry(step.0.to_string()).or_insert(input);
                Input::Finished {
                    step,
                    number,
                    fence,
                    outcome,
                }
            }
            RunEvent::StepEvaluated { step, output } => {
                let value = json!({ "value": output.value() });
                requests
                    .entry(step.0.to_string())
                    .or_insert(Json::from(value));
                continue;
            }
            RunEvent::ApprovalRequested { step, request } => {
                if by_step.contains_key(&*step.0) {
                    let asked = json!({ "title": request.title, "message": request.message });
                    requests
                        .entry(step.0.to_string())
                        .or_insert(Json::from(asked));
                }
                votes(&mut state, &request, now, &mut facts);
                continue;
            }
            RunEvent::WaitStarted { step, until } => {
                if let Some(kept) = by_step.get(&*step.0) {
                    requests
                        .entry(step.0.to_string())
                        .or_insert(Json::from(waited(kept, now, until)));
                }
                now = now.max(until);
                Input::Tick
            }
            _ => continue,
        };
        match state.handle(now, answer) {
            Ok(more) => facts.extend(more),
            Err(_) => break,
        }
    }
    requests
}

/// Approves a gate as often as it asks for, each time as another person.
fn votes(state: &mut Run, request: &ApprovalRequest, now: Timestamp, facts: &mut VecDeque<Entry>) {
    for number in 1..=request.needed.max(1) {
        let decision = Decision {
            decision: Verdict::Approve,
            by: format!("user:replay-{number}"),
            comment: None,
            fields: None,
            at: now,
            own_run: false,
        };
        match state.handle(
            now,
            Input::Decide {
                approval: request.approval,
                decision,
            },
        ) {
            Ok(more) => facts.extend(more),
            Err(_) => return,
        }
    }
}

/// A wait shows only its end: told as it was asked for, where that comes to the same.
fn waited(kept: &Kept<'_>, now: Timestamp, until: Timestamp) -> Value {
    let request = &kept.target.filled.request;
    let text = |key: &str| request.get(key).and_then(Value::as_str);
    let same = match (text("for"), text("until")) {
        (Some(span), None) => span
            .parse::<Span>()
            .is_ok_and(|span| now.after(span) == until),
        (None, Some(moment)) => moment
            .parse::<Timestamp>()
            .is_ok_and(|moment| moment == until),
        _ => false,
    };
    if same {
        Value::Object(request.clone())
    } else {
        json!({ "until": until })
    }
}

/// How the recorded tool answered.
fn outcome(kept: &Kept<'_>) -> Outcome {
    if crate::prune::failed(kept.call) {
        return Outcome::Failed {
            failure: Failure::new(
                FailureClass::Permanent,
                "recorded_failure",
                crate::show::text(&kept.answer.text, 200),
            ),
            retry_after_ms: None,
        };
    }
    Outcome::Succeeded {
        output: Json::from(answer::output(&kept.target, kept.call, &kept.answer)),
    }
}

/// Where the request that was made is not the recorded one.
fn compare(kept: &Kept<'_>, made: &Value) -> Vec<Difference> {
    let empty = Map::new();
    let made = made.as_object().unwrap_or(&empty);
    let recorded = &kept.target.filled.request;
    let mut walk = Walk {
        kept,
        found: Vec::new(),
    };
    // A gate that a tool became shows only its title and message.
    let shown_only = kept.target.action == "approval_gate";
    walk.maps(recorded, made, &mut String::new(), shown_only);
    // Mapped back: what stands at the places of the arguments is what was recorded.
    if walk.found.is_empty() && !shown_only {
        for (place, argument) in &kept.target.filled.places {
            let sent = pointer_in(made, place);
            let wanted = kept.call.arguments.pointer(argument);
            if sent != wanted {
                walk.differ(place, wanted, sent);
            }
        }
    }
    walk.found
}

fn pointer_in<'v>(map: &'v Map<String, Value>, pointer: &str) -> Option<&'v Value> {
    let rest = pointer.strip_prefix('/')?;
    let (first, inner) = match rest.split_once('/') {
        Some((first, inner)) => (first, Some(inner)),
        None => (rest, None),
    };
    let value = map.get(&first.replace("~1", "/").replace("~0", "~"))?;
    match inner {
        Some(inner) => value.pointer(&format!("/{inner}")),
        None => Some(value),
    }
}

struct Walk<'k, 'a> {
    kept: &'k Kept<'a>,
    found: Vec<Difference>,
}

impl Walk<'_, '_> {
    fn maps(
        &mut self,
        recorded: &Map<String, Value>,
        made: &Map<String, Value>,
        at: &mut String,
        made_only: bool,
    ) {
        let length = at.len();
        for (key, value) in recorded {
            at.push('/');
            at.push_str(&escape(key));
            match made.get(key) {
                Some(other) => self.values(value, other, at),
                None if made_only => {}
                None => self.differ(at, Some(value), None),
            }
            at.truncate(length);
        }
        for (key, other) in made {
            if !recorded.contains_key(key) && !made_only {
                at.push('/');
                at.push_str(&escape(key));
                self.differ(at, None, Some(other));
                at.truncate(length);
            }
        }
    }

    fn values(&mut self, recorded: &Value, made: &Value, at: &mut String) {
        match (recorded, made) {
            (Value::Object(recorded), Value::Object(made)) => self.maps(recorded, made, at, false),
            (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
                let length = at.len();
                for (index, (one, two)) in left.iter().zip(right).enumerate() {
                    at.push('/');
                    at.push_str(&index.to_string());
                    self.values(one, two, at);
                    at.truncate(length);
                }
            }
            // What a rule leaves to the run (a secret in a header) was never recorded.
            _ if self.kept.target.filled.open.contains(at.as_str()) => {}
            _ if recorded == made => {}
            _ => self.differ(at, Some(recorded), Some(made)),
        }
    }

    fn differ(&mut self, at: &str, recorded: Option<&Value>, made: Option<&Value>) {
        let key = at.rsplit('/').next().unwrap_or("");
        let show = |value: Option<&Value>| value.map(|value| crate::show::value(key, value, 120));
        let kinds = (recorded.map(kind), made.map(kind));
        let (mut recorded, mut replayed) = (show(recorded), show(made));
        if recorded == replayed
            && let (Some(one), Some(two)) = kinds
        {
            // They look alike: the type, or what was cut off, is what differs.
            recorded = recorded.map(|text| format!("{text} ({one})"));
            replayed = replayed.map(|text| format!("{text} ({two})"));
        }
        let path = self
            .kept
            .target
            .filled
            .places
            .iter()
            .find_map(|(place, argument)| {
                let rest = at
                    .strip_prefix(place.as_str())
                    .filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                Some(format!("{argument}{rest}"))
            })
            .unwrap_or_else(|| at.to_owned());
        let message = match (&recorded, &replayed) {
            (Some(one), Some(two)) => format!(
                "`{}` at `{path}`: recorded {one}, replayed {two}.",
                self.kept.step
            ),
            (Some(one), None) => format!(
                "`{}` at `{path}`: recorded {one}, missing in the replay.",
                self.kept.step
            ),
            (None, Some(two)) => format!(
                "`{}` at `{path}`: replayed {two}, not recorded.",
                self.kept.step
            ),
            (None, None) => format!("`{}` at `{path}` differs.", self.kept.step),
        };
        self.found.push(Difference {
            step: self.kept.step.clone(),
            call: self.kept.call.id.clone(),
            kind: "differing".to_owned(),
            path: Some(path),
            recorded,
            replayed,
            message,
        });
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
