//! Drives a document through the engine with answers that are given: no tool is called, no person asked.

use crate::answer::{self, Answer};
use crate::kept::Kept;
use druse_engine::definition::FailureClass;
use druse_engine::event::{
    ApprovalRequest, Decision, Entry, Failure, Outcome, RunEvent, Start, StepPath, Verdict,
};
use druse_engine::plan::Plan;
use druse_engine::run::{Input, Run};
use druse_engine::{Digest, Json, RunId, Span, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::hash_map;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Which of the steps that run at the same time is answered first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The one that was recorded first.
    Recorded,
    /// The one that was recorded last.
    Reversed,
    /// Any, by this seed.
    Mixed(u64),
}

/// A run without a world.
pub(crate) struct Drive<'d> {
    pub(crate) kept: &'d [Kept<'d>],
    /// The inputs; those that are missing take their defaults.
    pub(crate) inputs: Value,
    /// When the run begins.
    pub(crate) now: Timestamp,
    pub(crate) order: Order,
    /// How what was asked for at this path of a step ends. The call is the one that was recorded there, if any was.
    pub(crate) respond: &'d dyn Fn(Option<usize>, &str, &Value) -> Outcome,
    /// Looks at the first request at each path of a step when it is made, where nobody asks for all of them in the end.
    pub(crate) watch: Option<Watch<'d>>,
}

/// What looks at a request and the path of its step. It may be told of one path several times.
pub(crate) type Watch<'d> = &'d dyn Fn(&str, &Json);

/// What a run asked for.
#[derive(Default)]
pub(crate) struct Driven {
    /// The request at each path of a step.
    pub(crate) requests: HashMap<Arc<str>, Json>,
    /// The kept calls in the order in which they were asked for.
    pub(crate) order: Vec<usize>,
    /// Why steps failed that asked for nothing.
    pub(crate) failures: BTreeMap<String, String>,
    /// Whether several steps were ever waiting for their answers at the same time. Where none were, all orders of
    /// answers are one.
    pub(crate) together: bool,
}

/// What was asked for and is not answered yet. Thousands may be.
#[derive(Default)]
struct Waiting {
    all: BTreeMap<u32, Open>,
    /// How many there were.
    count: u32,
    /// Those that are open, in the order in which they were asked for.
    in_order: Vec<u32>,
    /// The same by the calls that were recorded.
    by_call: BTreeSet<(usize, u32)>,
}

impl Waiting {
    fn add(&mut self, open: Open, order: Order) {
        let at = self.count;
        self.count += 1;
        match order {
            Order::Mixed(_) => self.in_order.push(at),
            Order::Recorded | Order::Reversed => {
                self.by_call.insert((open.call, at));
            }
        }
        self.all.insert(at, open);
    }

    /// How many there are.
    fn count(&self) -> usize {
        self.in_order.len() + self.by_call.len()
    }

    /// The next that is answered.
    fn next(&mut self, order: Order, turn: &mut u64) -> Option<Open> {
        let at = match order {
            Order::Recorded => self.by_call.pop_first()?.1,
            Order::Reversed => self.by_call.pop_last()?.1,
            Order::Mixed(seed) => {
                let open = u64::try_from(self.in_order.len()).unwrap_or(u64::MAX);
                if open == 0 {
                    return None;
                }
                *turn += 1;
                let mixed = seed.wrapping_add(*turn).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let place = usize::try_from((mixed >> 33) % open).unwrap_or(0);
                self.in_order.remove(place)
            }
        };
        self.all.remove(&at)
    }
}

struct Open {
    call: usize,
    input: Json,
    step: StepPath,
    number: u32,
    fence: u64,
}

impl Drive<'_> {
    /// Runs to the end.
    pub(crate) fn run(&self, plan: &Arc<Plan>) -> Driven {
        let by_step: HashMap<&str, usize> = self
            .kept
            .iter()
            .enumerate()
            .map(|(index, kept)| (kept.path(), index))
            .collect();
        let mut driven = match self.watch {
            Some(_) => Driven::default(),
            None => Driven {
                requests: HashMap::with_capacity(self.kept.len()),
                order: Vec::with_capacity(self.kept.len()),
                ..Driven::default()
            },
        };
        let id = RunId::from_parts(0, [0; 10]);
        // What does not fit is left to the expressions that read it.
        let inputs = plan
            .check_inputs(&self.inputs)
            .unwrap_or_else(|_| self.inputs.clone().into());
        let start = Start {
            run: id,
            automation: None,
            name: plan.document.name.clone(),
            version: 0,
            // Nobody asks a run without a world which document it is of.
            digest: Digest::of(b""),
            cause: Json::from(json!({ "kind": "manual", "replay": true })),
            started_by: "user:replay".to_owned(),
            inputs,
            trigger: Json::null(),
            scheduled_at: None,
            root: id,
            depth: 0,
        };
        let mut now = self.now;
        let (mut state, entries) = Run::begin(Arc::clone(plan), start, now);
        let mut facts: VecDeque<Entry> = entries.into();
        let mut open = Waiting::default();
        let mut turn = 0_u64;
        // Each fact is answered at most once, and a run has a bounded number of them: one attempt a step.
        loop {
            let Some(fact) = facts.pop_front() else {
                let Some(next) = open.next(self.order, &mut turn) else {
                    break;
                };
                let call = (next.call < self.kept.len()).then_some(next.call);
                let outcome = (self.respond)(call, &next.step.0, next.input.value());
                let answer = Input::Finished {
                    step: next.step,
                    number: next.number,
                    fence: next.fence,
                    outcome,
                };
                match state.handle(now, answer) {
                    Ok(more) => facts.extend(more),
                    // The run has ended meanwhile; what still runs is of no consequence.
                    Err(_) => continue,
                }
                continue;
            };
            match fact.event {
                RunEvent::AttemptStarted {
                    step,
                    number,
                    fence,
                    input,
                    ..
                } => {
                    let call = by_step.get(&*step.0).copied().unwrap_or(usize::MAX);
                    self.note(&mut driven, call, &step, input.clone());
                    let asked = Open {
                        call,
                        input,
                        step,
                        number,
                        fence,
                    };
                    open.add(asked, self.order);
                    driven.together |= open.count() > 1;
                }
                RunEvent::StepEvaluated { step, output } => {
                    let call = by_step.get(&*step.0).copied().unwrap_or(usize::MAX);
                    let value = json!({ "value": output.value() });
                    self.note(&mut driven, call, &step, Json::from(value));
                }
                RunEvent::ApprovalRequested { step, request } => {
                    if let Some(call) = by_step.get(&*step.0) {
                        let asked = json!({ "title": request.title, "message": request.message });
                        self.note(&mut driven, *call, &step, Json::from(asked));
                    }
                    votes(&mut state, &request, now, &mut facts);
                }
                RunEvent::WaitStarted { step, until } => {
                    if let Some(call) = by_step.get(&*step.0)
                        && let Some(kept) = self.kept.get(*call)
                    {
                        let waited = Json::from(waited(kept, now, until));
                        self.note(&mut driven, *call, &step, waited);
                    }
                    now = now.max(until);
                    if let Ok(more) = state.handle(now, Input::Tick) {
                        facts.extend(more);
                    }
                }
                RunEvent::StepFailed { step, failure } => {
                    driven.failures.insert(step.0.to_string(), failure.message);
                }
                _ => {}
            }
        }
        driven
    }

    fn note(&self, driven: &mut Driven, call: usize, step: &StepPath, request: Json) {
        match self.watch {
            Some(watch) => watch(&step.0, &request),
            None => driven.note(call, step, request),
        }
    }
}

impl Driven {
    /// What stands for all that was asked for, and for what failed.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        let mut add = |kind: &[u8], one: &str, two: &[u8]| {
            digest.update(kind);
            for text in [one.as_bytes(), two] {
                digest.update(text.len().to_le_bytes());
                digest.update(text);
            }
        };
        // Their texts are not kept beside them.
        let mut text = Vec::new();
        let mut requests: Vec<(&Arc<str>, &Json)> = self.requests.iter().collect();
        requests.sort_unstable_by_key(|(path, _)| *path);
        for (path, request) in requests {
            text.clear();
            let _ = serde_json::to_writer(&mut text, request.value());
            add(b"r", path, &text);
        }
        for (path, why) in &self.failures {
            add(b"f", path, why.as_bytes());
        }
        digest.finalize().into()
    }

    fn note(&mut self, call: usize, step: &StepPath, request: Json) {
        if let hash_map::Entry::Vacant(free) = self.requests.entry(Arc::clone(&step.0)) {
            free.insert(request);
            if call != usize::MAX {
                self.order.push(call);
            }
        }
    }
}

/// How a recorded tool ended, where nobody reads what it gave.
pub(crate) fn unread(kept: &Kept<'_>) -> Outcome {
    if crate::prune::failed(kept.call) {
        return outcome(kept, &kept.answer);
    }
    unknown()
}

/// The end of what nobody recorded.
pub(crate) fn unknown() -> Outcome {
    Outcome::Succeeded {
        output: Json::null(),
    }
}

/// How a recorded tool ended, with this answer where it succeeded.
pub(crate) fn outcome(kept: &Kept<'_>, answer: &Answer<'_>) -> Outcome {
    if crate::prune::failed(kept.call) {
        return Outcome::Failed {
            failure: Failure::new(
                FailureClass::Permanent,
                "recorded_failure",
                crate::show::text(kept.answer.text(), 200),
            ),
            retry_after_ms: None,
        };
    }
    Outcome::Succeeded {
        output: Json::from(answer::output(&kept.target, kept.call, answer)),
    }
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
        Value::Object(request.whole().into_owned())
    } else {
        json!({ "until": until })
    }
}
