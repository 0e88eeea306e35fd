//! What a retry keeps of an ended run, said before it begins: results, judged by what each step asks for.
//!
//! With the inputs and the version of before, whatever succeeded and comes after nothing that runs again is
//! kept ([`Run::kept`]). With others, the new run is rehearsed: a step's result is kept when the step
//! succeeded there and asks for exactly the same here, and everything before it is kept too. An approval
//! is for what it let through, so then every gate asks anew.

use super::answers::{Answer, Answers, Ask, EventAnswer, GateAnswer, Source};
use super::clear::Clear;
use super::drive::rehearse;
use super::recorded::Recorded;
use crate::event::{
    ApprovalRequest, Entry, Outcome, RunEvent, SkipReason, Start, Status, StepPath,
};
use crate::plan::{ActionKind, Plan};
use crate::run::{Kept, Run, Undone, asked};
use crate::{Digest, Json, RunId, Span};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The end of the path of what undoes a step.
const UNDO: &str = ".undo";

/// What a retry would keep, and what it would run again.
#[derive(Debug, Clone, PartialEq)]
pub struct Retained {
    /// The results, for [`Run::begin_with`].
    pub kept: Vec<Kept>,
    /// The steps of the document's list that run again.
    pub again: Vec<Again>,
}

/// A step that runs again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Again {
    /// Its id.
    pub step: String,
    /// Why, in a few words.
    pub why: String,
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct Ended<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its journal.
    pub journal: &'a [Entry],
    /// Its outputs as they came, of which not all is kept.
    pub clear: Clear,
}

impl<'a> Ended<'a> {
    /// One that keeps all of its outputs.
    pub fn new(run: &'a Run, journal: &'a [Entry]) -> Self {
        Self {
            run,
            journal,
            clear: Clear::default(),
        }
    }
}

/// What the new run `run` of this plan with these inputs keeps of an ended one.
///
/// Of the steps in `keep` nobody knows whether they were undone, and a person says that they were not.
///
/// None when the plan has no step `from`.
pub fn retain(
    ended: &Ended<'_>,
    plan: &Arc<Plan>,
    inputs: &Json,
    from: Option<&str>,
    keep: &BTreeSet<StepPath>,
    run: RunId,
) -> Option<Retained> {
    let (old, entries) = (ended.run, ended.journal);
    let same = *inputs == old.start().inputs && plan.digest() == old.plan().digest();
    let before = old.kept_with(plan, from, keep)?;
    let undone: BTreeSet<StepPath> = before
        .iter()
        .filter_map(|kept| match kept {
            Kept::Undone { step, .. } => Some(step.clone()),
            Kept::Step { .. }
            | Kept::Pass { .. }
            | Kept::Asked { .. }
            | Kept::SentBack { .. }
            | Kept::Artifact { .. } => None,
        })
        // Others only stand for work that another run began.
        .filter(|step| old.undone(step).is_some() && !keep.contains(step))
        .collect();
    let (kept, seen) = if same {
        (before, None)
    } else {
        let start = Start {
            inputs: inputs.clone(),
            digest: plan.digest().clone(),
            ..old.start().clone()
        };
        let recorded = Recorded::of(old.plan(), entries).knowing(ended.clear.clone());
        let mut answers = Earlier {
            recorded: &recorded,
            undone: &undone,
        };
        let course = rehearse(plan, start, Vec::new(), old.created_at(), &mut answers);
        let marks = before.into_iter().filter_map(|kept| match kept {
            Kept::Undone { .. } | Kept::Asked { .. } => Some(kept),
            // Of other work nobody has said anything, but its keys must be no earlier ones.
            Kept::SentBack { step, turn, .. } => plan.find(&step).is_some().then_some({
                Kept::SentBack {
                    step,
                    turn,
                    times: 0,
                    review: None,
                }
            }),
            Kept::Step { .. } | Kept::Pass { .. } | Kept::Artifact { .. } => None,
        });
        let kept = marks.chain(course.run.kept(plan, from)?).collect();
        (kept, Some(course.run))
    };
    let found = again(
        old,
        seen.as_ref().unwrap_or(old),
        plan,
        &kept,
        &undone,
        from,
    );
    let work = Work {
        old,
        seen: seen.as_ref(),
        plan,
        found: &found,
    };
    let marks = work.marks(entries, &kept, run);
    let anew: BTreeMap<&StepPath, bool> = marks
        .iter()
        .filter_map(|mark| match mark {
            Kept::Undone { step, .. } => Some((step, true)),
            Kept::Asked { step, .. } => Some((step, false)),
            Kept::Step { .. }
            | Kept::Pass { .. }
            | Kept::SentBack { .. }
            | Kept::Artifact { .. } => None,
        })
        .collect();
    let results = kept.into_iter().filter(|kept| match kept {
        Kept::Undone { step, .. } => anew.get(step) != Some(&true),
        Kept::Asked { step, .. } => !anew.contains_key(step),
        Kept::Step { .. } | Kept::Pass { .. } | Kept::SentBack { .. } | Kept::Artifact { .. } => {
            true
        }
    });
    let results: Vec<Kept> = results.collect();
    let files = files(old, &results);
    Some(Retained {
        kept: marks.into_iter().chain(results).chain(files).collect(),
        again: found.into_iter().map(|again| again.told).collect(),
    })
}

/// The files that belong to the results which are kept of a run.
fn files(old: &Run, kept: &[Kept]) -> Vec<Kept> {
    let results: BTreeSet<&StepPath> = kept
        .iter()
        .filter_map(|kept| match kept {
            Kept::Step { step, .. } => Some(step),
            Kept::Pass { step, output, .. } => output.as_ref().map(|_| step),
            Kept::Undone { .. }
            | Kept::Asked { .. }
            | Kept::SentBack { .. }
            | Kept::Artifact { .. } => None,
        })
        .collect();
    // What undid or checked a step belongs to the run that ended.
    let beside = |step: &StepPath| step.0.ends_with(UNDO) || old.plan().checked(step).is_some();
    let left = old
        .artifacts()
        .filter(|(step, _)| is_within(step, &results) && !beside(step));
    left.map(|(step, left)| Kept::Artifact {
        step: step.clone(),
        artifact: left.artifact.clone(),
        from: old.id(),
    })
    .collect()
}

/// The answers of the earlier run to what asks for the same.
struct Earlier<'a> {
    recorded: &'a Recorded,
    undone: &'a BTreeSet<StepPath>,
}

impl Answers for Earlier<'_> {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        if self.undone.contains(ask.step) {
            return Answer::Unknown;
        }
        match self.recorded.success(ask.step, ask.kind, ask.input) {
            Some(output) => Answer::Ends {
                outcome: Outcome::Succeeded {
                    output: output.clone(),
                },
                after: Span::default(),
                source: Source::Recorded,
            },
            None => Answer::Unknown,
        }
    }

    fn gate(&mut self, _: &StepPath, _: &ApprovalRequest) -> GateAnswer {
        GateAnswer::Unknown
    }

    fn clear(&self, output: &Json) -> Option<Json> {
        self.recorded.clear.get(output).cloned()
    }

    fn event(&mut self, step: &StepPath, _: &str) -> EventAnswer {
        match self.recorded.came(step) {
            Some(events) => EventAnswer::Come(events),
            None => EventAnswer::Unknown,
        }
    }
}

/// What tells which of the steps that the earlier run has tried are other work in the new one.
struct Work<'a> {
    old: &'a Run,
    /// The run by which it was judged what asks for the same.
    seen: Option<&'a Run>,
    plan: &'a Plan,
    /// The steps of the document's list that run again.
    found: &'a [Found],
}

impl Work<'_> {
    /// Other work are the steps that had succeeded, those that are known to ask for something else, and
    /// handlers. What failed is tried once more, under the key of before; where it may ask for something
    /// else because what comes before it runs again, only if it asks for the same.
    fn marks(&self, entries: &[Entry], kept: &[Kept], run: RunId) -> Vec<Kept> {
        let mut tried: BTreeMap<&StepPath, bool> = BTreeMap::new();
        for entry in entries {
            match &entry.event {
                RunEvent::AttemptStarted { step, .. } => drop(tried.insert(step, false)),
                RunEvent::AttemptFinished {
                    step,
                    outcome: Outcome::Succeeded { .. },
                    ..
                } => drop(tried.insert(step, true)),
                _ => {}
            }
        }
        let kept: BTreeSet<&StepPath> = kept
            .iter()
            .filter_map(|kept| match kept {
                Kept::Step { step, .. } => Some(step),
                Kept::Pass { step, output, .. } => output.as_ref().map(|_| step),
                Kept::Undone { .. }
                | Kept::Asked { .. }
                | Kept::SentBack { .. }
                | Kept::Artifact { .. } => None,
            })
            .collect();
        let mut marks = Vec::new();
        for (path, succeeded) in tried {
            let kind = |path| self.plan.find(path).and_then(|step| step.work.kind());
            // What undoes a step has a key that follows from that of the step: of a step without a key, such as
            // a `wait`, it has to be said that it is done anew.
            if let Some(of) = path.0.strip_suffix(UNDO) {
                let step = StepPath::from(of);
                let keyless = kind(&step).is_some_and(|kind| !kind.has_attempts());
                if keyless && !is_within(&step, &kept) {
                    marks.push(Kept::Undone { step, from: run });
                }
                continue;
            }
            // What checks one only reads.
            let checks = self.plan.checked(path).is_some();
            let Some(kind) = kind(path).filter(|kind| kind.has_attempts() && !checks) else {
                continue;
            };
            if is_within(path, &kept) {
                continue;
            }
            let step = path.clone();
            match self.asks(path, succeeded, kind) {
                Asks::Same => {}
                Asks::Other => marks.push(Kept::Undone { step, from: run }),
                Asks::Perhaps(asked) => marks.push(Kept::Asked {
                    step,
                    from: run,
                    asked,
                }),
            }
        }
        marks
    }

    fn asks(&self, path: &StepPath, succeeded: bool, kind: ActionKind) -> Asks {
        let first = path.0.split(['.', '[']).next().unwrap_or_default();
        let Some(index) = self.plan.step(first).filter(|_| !succeeded) else {
            return Asks::Other;
        };
        let input = |run: &Run| run.step(&path.0).and_then(|step| step.input);
        let Some(before) = input(self.old) else {
            return Asks::Other;
        };
        match self.seen.map(input) {
            Some(Some(now)) if now == before => Asks::Same,
            Some(Some(_)) => Asks::Other,
            // It was not seen what it asks for.
            Some(None) => Asks::Perhaps(asked(kind, &before)),
            None => {
                let needs = &self.plan.steps()[index].needs;
                let behind = |found: &Found| needs.iter().any(|need| need.step == found.index);
                // What a reviewer says is read beside the gate, too, whenever it is said.
                let reviewed = self.plan.steps().iter().any(|step| {
                    let gate = step.gate.as_ref();
                    let back = gate.and_then(|gate| gate.send_back.as_ref());
                    back.is_some_and(|back| !back.again.contains(&index))
                });
                match first != &*path.0 || reviewed || self.found.iter().any(behind) {
                    true => Asks::Perhaps(asked(kind, &before)),
                    false => Asks::Same,
                }
            }
        }
    }
}

/// What a step that is tried once more asks for, compared with before.
enum Asks {
    Same,
    Other,
    /// It is not known yet: the digest of what it asked for tells.
    Perhaps(Digest),
}

/// Whether a result is kept of a step, or of something that it stands in.
pub(super) fn is_within(path: &StepPath, kept: &BTreeSet<&StepPath>) -> bool {
    let ends = path.0.match_indices(['.', '[']).map(|(at, _)| at);
    let mut around = ends.map(|at| StepPath::from(&path.0[..at]));
    kept.contains(path) || around.any(|around| kept.contains(&around))
}

/// Whether a path is that of a step of the document's list, or of one inside of it.
fn is_in(path: &StepPath, id: &str) -> bool {
    let rest = path.0.strip_prefix(id);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

/// In what way a step, or some of its passes, was undone.
fn was_undone(old: &Run, undone: &BTreeSet<StepPath>, id: &str) -> String {
    let inside = undone.iter().filter(|path| is_in(path, id));
    let (known, open): (Vec<&StepPath>, Vec<&StepPath>) =
        inside.partition(|path| old.undone(path) == Some(Undone::Yes));
    let passes = known.iter().chain(&open).any(|path| &*path.0 != id);
    match (open.as_slice(), passes) {
        ([], false) => "it was undone".to_owned(),
        ([], true) => "passes of it were undone".to_owned(),
        (_, false) => "nobody knows whether it was undone".to_owned(),
        ([one], true) => format!("nobody knows whether {one} was undone"),
        ([first, rest @ ..], true) => format!(
            "nobody knows whether {first} and {} more were undone",
            rest.len()
        ),
    }
}

/// A step that runs again, with its place in the document's list.
struct Found {
    index: usize,
    told: Again,
}

/// The steps of the document's list that run again, with why. `seen` is the run by which that was judged.
fn again(
    old: &Run,
    seen: &Run,
    plan: &Plan,
    kept: &[Kept],
    undone: &BTreeSet<StepPath>,
    from: Option<&str>,
) -> Vec<Found> {
    let kept: BTreeSet<&str> = kept
        .iter()
        .filter_map(|kept| match kept {
            Kept::Step { step, .. } => Some(&*step.0),
            Kept::Pass { .. }
            | Kept::Undone { .. }
            | Kept::Asked { .. }
            | Kept::SentBack { .. }
            | Kept::Artifact { .. } => None,
        })
        .collect();
    let mut found: Vec<Found> = Vec::new();
    for (index, step) in plan.steps().iter().enumerate() {
        let id = &*step.id;
        if kept.contains(id) {
            continue;
        }
        let behind = step
            .needs
            .iter()
            .find(|need| found.iter().any(|again| again.index == need.step));
        let status = old.step(id).map(|step| step.status);
        let skipped = seen
            .step(id)
            .and_then(|step| step.skipped)
            .is_some_and(|reason| reason != SkipReason::RunEnding);
        let why = if from == Some(id) {
            "it was chosen".to_owned()
        } else if let Some(need) = behind {
            format!("it comes after {}", plan.steps()[need.step].id)
        } else if skipped {
            continue;
        } else {
            match status {
                None => "it is new".to_owned(),
                Some(Status::Succeeded) if undone.iter().any(|path| is_in(path, id)) => {
                    was_undone(old, undone, id)
                }
                Some(Status::Succeeded) if step.work.kind() == Some(ActionKind::ApprovalGate) => {
                    "it asks anew".to_owned()
                }
                Some(Status::Succeeded) => "it asks for something else".to_owned(),
                Some(Status::Failed) => "it failed before".to_owned(),
                Some(status) if status.is_final() => format!("it was {} before", status.name()),
                Some(_) => "it had not ended before".to_owned(),
            }
        };
        found.push(Found {
            index,
            told: Again {
                step: id.to_owned(),
                why,
            },
        });
    }
    found
}
