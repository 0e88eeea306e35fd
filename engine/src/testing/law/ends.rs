//! How steps ended, and with it the laws of joins and of skips: the table of `docs/joins.md`, read anew.

use super::{Broken, Law, Looked, begins};
use crate::definition::Join;
use crate::event::{Entry, Outcome, RunEvent, SkipReason, Status, StepPath, Verdict};
use crate::plan::{Block, Need, Plan, PlannedStep};
use std::collections::{BTreeMap, BTreeSet};

/// Reads along which steps and passes have ended, and how.
#[derive(Debug, Default, Clone)]
pub(super) struct Ended {
    statuses: BTreeMap<StepPath, Status>,
    /// What switches took.
    cases: BTreeMap<StepPath, Option<String>>,
    /// Approvals of gates that ask, and how many it takes.
    approvals: BTreeMap<StepPath, (u32, u32)>,
    /// Steps that were decided and have not been forgotten since.
    decided: BTreeSet<StepPath>,
    /// Whether anything has failed, was refused, or is to end.
    trouble: bool,
}

/// How one need counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Succeeded,
    Failed,
    Skipped,
    Canceled,
}

impl Ended {
    /// How a step or a pass ended.
    pub(super) fn status(&self, step: &StepPath) -> Option<Status> {
        self.statuses.get(step).copied()
    }

    /// Whether anything has failed, was refused, or is to end.
    pub(super) fn trouble(&self) -> bool {
        self.trouble
    }

    /// A step, with all that stands inside of it, is as if it had never run.
    pub(super) fn forget(&mut self, gone: impl Fn(&StepPath) -> bool) {
        self.statuses.retain(|path, _| !gone(path));
        self.cases.retain(|path, _| !gone(path));
        self.approvals.retain(|path, _| !gone(path));
        self.decided.retain(|path| !gone(path));
    }

    /// Whether the fact decides about a step that has not begun.
    fn decides(&self, step: &StepPath, event: &RunEvent) -> bool {
        let ends = matches!(
            event,
            RunEvent::StepSkipped { .. }
                | RunEvent::StepFailed { .. }
                | RunEvent::StepPaused { .. }
                | RunEvent::RateAwaited { .. }
        );
        (ends || begins(event)) && !self.decided.contains(step)
    }

    /// Reads one fact about a step.
    pub(super) fn see(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        if self.decides(step, &entry.event) {
            self.join(plan, step, entry, looked)?;
            self.decided.insert(step.clone());
        }
        let status = match &entry.event {
            RunEvent::StepSkipped { .. } => Status::Skipped,
            RunEvent::StepEvaluated { output, .. } | RunEvent::StepKept { output, .. } => {
                let case = output.value().get("case").and_then(|case| case.as_str());
                self.cases.insert(step.clone(), case.map(str::to_owned));
                self.decided.insert(step.clone());
                Status::Succeeded
            }
            RunEvent::AttemptFinished {
                outcome: Outcome::Succeeded { .. },
                ..
            }
            | RunEvent::WaitFinished { .. }
            | RunEvent::EventTaken { .. } => Status::Succeeded,
            RunEvent::StepFailed { .. } => Status::Failed,
            RunEvent::StepCanceled { .. } => Status::Canceled,
            RunEvent::PassFinished { status, .. } | RunEvent::LoopFinished { status, .. } => {
                *status
            }
            RunEvent::ApprovalRequested { request, .. } => {
                self.approvals.insert(step.clone(), (0, request.needed));
                return Ok(());
            }
            RunEvent::ApprovalDecided { decision, .. } => {
                let asked = self.approvals.entry(step.clone()).or_default();
                match decision.decision {
                    Verdict::Approve => {
                        asked.0 += 1;
                        if asked.0 < asked.1 {
                            return Ok(());
                        }
                        Status::Succeeded
                    }
                    Verdict::Reject | Verdict::SendBack => Status::Rejected,
                }
            }
            RunEvent::ApprovalExpired { .. } => {
                let with = plan
                    .find(step)
                    .and_then(|step| plan.written(step).with.as_ref());
                let end = with.and_then(|with| with.get("on_timeout")?.as_str());
                match end {
                    Some("approve") => Status::Succeeded,
                    _ => Status::Rejected,
                }
            }
            RunEvent::LoopTimedOut { .. } => {
                self.trouble = true;
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.trouble |= matches!(status, Status::Failed | Status::Rejected | Status::Canceled);
        self.statuses.insert(step.clone(), status);
        Ok(())
    }

    /// Reads one fact about the run.
    pub(super) fn see_run(&mut self, event: &RunEvent) {
        self.trouble |= matches!(
            event,
            RunEvent::CancelRequested { .. } | RunEvent::RunTimedOut | RunEvent::PassedOver { .. }
        );
    }

    fn join(
        &self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let Some((list, planned)) = plan.locate(step) else {
            return Law::Joins.broken(format!("the plan has no step {step}"));
        };
        let reason = match &entry.event {
            RunEvent::StepSkipped { reason, .. } => Some(reason),
            _ => None,
        };
        if reason == Some(&SkipReason::RunEnding) {
            return looked.hold(Law::Skips, self.trouble, || {
                format!("nothing ends, and {entry:?}")
            });
        }
        let open = planned.needs.iter().map(|need| needed(step, list, need));
        let open: Vec<StepPath> = open.filter(|need| self.status(need).is_none()).collect();
        let law = Law::Joins;
        looked.hold(law, open.is_empty(), || {
            format!("{open:?} have not ended, and {entry:?}")
        })?;
        let runs = self.runs(step, list, planned);
        let skips = matches!(
            reason,
            Some(SkipReason::Need { .. } | SkipReason::Case { .. })
        );
        looked.hold(law, runs != skips, || {
            let needs = planned.needs.iter().map(|need| {
                let path = needed(step, list, need);
                let status = self.status(&path);
                (path, need.case.clone(), need.order_only, status)
            });
            let needs: Vec<_> = needs.collect();
            format!("{:?} of {needs:?}, and {entry:?}", planned.join)
        })?;
        let Some(reason) = reason else {
            return Ok(());
        };
        let so = match reason {
            SkipReason::When => planned.when.is_some(),
            SkipReason::Need {
                step: other,
                status,
            } => {
                let other = StepPath::from(other.as_str());
                let mut needs = planned.needs.iter();
                let needs = needs.any(|need| needed(step, list, need) == other);
                needs && self.status(&other) == Some(*status)
            }
            SkipReason::Case { step: other, taken } => {
                let other = StepPath::from(other.as_str());
                let mut needs = planned.needs.iter();
                let other_case = needs.any(|need| {
                    needed(step, list, need) == other && need.case.is_some() && need.case != *taken
                });
                other_case && self.cases.get(&other) == Some(taken)
            }
            SkipReason::RunEnding => true,
        };
        looked.hold(Law::Skips, so, || format!("it is not so: {entry:?}"))
    }

    /// Whether a step whose needs have all ended runs.
    fn runs(&self, step: &StepPath, list: &Block, planned: &PlannedStep) -> bool {
        let any = matches!(planned.join, Join::AnySucceeded | Join::AnyFailed);
        let strict: Vec<&Need> = planned.needs.iter().filter(|n| !n.order_only).collect();
        let counted = match strict.is_empty() && any {
            true => planned.needs.iter().collect(),
            false => strict,
        };
        if counted.is_empty() {
            return true;
        }
        let parts: Vec<Part> = counted
            .into_iter()
            .map(|need| self.part(&needed(step, list, need), need))
            .collect();
        let has = |part: Part| parts.contains(&part);
        match planned.join {
            Join::AllSucceeded => !has(Part::Failed) && !has(Part::Skipped) && !has(Part::Canceled),
            Join::NoneFailed => !has(Part::Failed) && !has(Part::Canceled) && has(Part::Succeeded),
            Join::AllDone => true,
            Join::AnySucceeded => has(Part::Succeeded),
            Join::AnyFailed => has(Part::Failed),
        }
    }

    fn part(&self, path: &StepPath, need: &Need) -> Part {
        match self.status(path) {
            Some(Status::Succeeded) => {
                let taken = self.cases.get(path).cloned().flatten();
                match need.case.is_some() && need.case != taken {
                    true => Part::Skipped,
                    false => Part::Succeeded,
                }
            }
            Some(Status::Skipped) => Part::Skipped,
            Some(Status::Canceled) => Part::Canceled,
            _ => Part::Failed,
        }
    }
}

/// The path of a need of a step.
fn needed(step: &StepPath, list: &Block, need: &Need) -> StepPath {
    super::watch::beside(step, &list.steps[need.step].id)
}
