//! What random lives come by, counted: a kind of fact, of input, of state that none of them ever sees is
//! one that no law was held against.

use super::law::{Law, Looked};
use super::names;
use crate::definition::{Delivery, FailureClass, Join, OnError};
use crate::event::{Entry, HandlerList, Outcome, Probed, RunEvent, SkipReason};
use crate::plan::{ActionKind, Plan, Times, Work};
use crate::run::{
    ENDINGS, GateStatus, Input, OWNERS, PHASES, Rejected, Resolution, ResumeAnswer, Run, SLOTS,
    TIMERS, TROUBLES,
};
use std::collections::BTreeMap;
use std::fmt;

names! {
    fn fact, FACTS: RunEvent {
        RunEvent::Created(_) => "created",
        RunEvent::StepSkipped { reason: SkipReason::When, .. } => "step_skipped when",
        RunEvent::StepSkipped { reason: SkipReason::Need { .. }, .. } => "step_skipped need",
        RunEvent::StepSkipped { reason: SkipReason::Case { .. }, .. } => "step_skipped case",
        RunEvent::StepSkipped { reason: SkipReason::RunEnding, .. } => "step_skipped run_ending",
        RunEvent::StepEvaluated { .. } => "step_evaluated",
        RunEvent::StepKept { .. } => "step_kept",
        RunEvent::AttemptStarted { .. } => "attempt_started",
        RunEvent::AttemptFinished { outcome: Outcome::Succeeded { .. }, .. } => "attempt_finished succeeded",
        RunEvent::AttemptFinished { outcome: Outcome::Failed { .. }, .. } => "attempt_finished failed",
        RunEvent::AttemptInterrupted { .. } => "attempt_interrupted",
        RunEvent::RetryScheduled { .. } => "retry_scheduled",
        RunEvent::WaitStarted { .. } => "wait_started",
        RunEvent::WaitFinished { .. } => "wait_finished",
        RunEvent::ApprovalRequested { .. } => "approval_requested",
        RunEvent::ApprovalDecided { .. } => "approval_decided",
        RunEvent::ApprovalExpired { .. } => "approval_expired",
        RunEvent::StepFailed { .. } => "step_failed",
        RunEvent::StepUncertain { .. } => "step_uncertain",
        RunEvent::StepCanceled { .. } => "step_canceled",
        RunEvent::LoopStarted { .. } => "loop_started",
        RunEvent::PassStarted { .. } => "pass_started",
        RunEvent::PassFinished { .. } => "pass_finished",
        RunEvent::LoopFinished { .. } => "loop_finished",
        RunEvent::LoopTimedOut { .. } => "loop_timed_out",
        RunEvent::KeepingStarted { .. } => "keeping_started",
        RunEvent::PassKept { .. } => "pass_kept",
        RunEvent::StepResolved { .. } => "step_resolved",
        RunEvent::CancelRequested { .. } => "cancel_requested",
        RunEvent::RunTimedOut => "run_timed_out",
        RunEvent::Finished { .. } => "finished",
        RunEvent::WorkFinished { .. } => "work_finished",
        RunEvent::HandlersStarted { list: HandlerList::Undo } => "handlers_started undo",
        RunEvent::HandlersStarted { list: HandlerList::OnFailure } => "handlers_started on_failure",
        RunEvent::HandlersStarted { list: HandlerList::Finally } => "handlers_started finally",
        RunEvent::Paused { .. } => "paused",
        RunEvent::Resumed { .. } => "resumed",
        RunEvent::StepPaused { .. } => "step_paused",
        RunEvent::StepResumed { .. } => "step_resumed",
        RunEvent::DoneBefore { .. } => "done_before",
        RunEvent::ApprovalReminded { .. } => "approval_reminded",
        RunEvent::ApprovalEscalated { .. } => "approval_escalated",
        RunEvent::ApprovalReassigned { .. } => "approval_reassigned",
        RunEvent::ApprovalSentBack { .. } => "approval_sent_back",
        RunEvent::ApprovalVoided { .. } => "approval_voided",
        RunEvent::ApprovalNotified { .. } => "approval_notified",
        RunEvent::EventAwaited { .. } => "event_awaited",
        RunEvent::EventTaken { .. } => "event_taken",
        RunEvent::Queued { claim: Some(_) } => "queued",
        RunEvent::Queued { claim: None } => "queued again",
        RunEvent::Admitted => "admitted",
        RunEvent::RateAwaited { .. } => "rate_awaited",
        RunEvent::StepChecked { answer: Probed::Happened, .. } => "step_checked happened",
        RunEvent::StepChecked { answer: Probed::NotHappened, .. } => "step_checked not_happened",
        RunEvent::StepChecked { answer: Probed::Unknown, .. } => "step_checked unknown",
        RunEvent::AskedBefore { .. } => "asked_before",
        RunEvent::SentBackBefore { .. } => "sent_back_before",
        RunEvent::ArtifactKept { from: None, .. } => "artifact_kept",
        RunEvent::ArtifactKept { from: Some(_), .. } => "artifact_kept from before",
        RunEvent::Parked { holding: false } => "parked",
        RunEvent::Parked { holding: true } => "parked holding",
        RunEvent::PassedOver { .. } => "passed_over",
    }
}

names! {
    fn input, INPUTS: Input {
        Input::Finished { outcome: Outcome::Succeeded { .. }, .. } => "finished succeeded",
        Input::Finished { outcome: Outcome::Failed { .. }, .. } => "finished failed",
        Input::Answered { .. } => "answered",
        Input::Artifact { .. } => "artifact",
        Input::Tick => "tick",
        Input::Decide { .. } => "decide",
        Input::Reassign { .. } => "reassign",
        Input::Notified { .. } => "notified",
        Input::Cancel { .. } => "cancel",
        Input::Pause { .. } => "pause",
        Input::Resume { answer: ResumeAnswer::Again { input: None }, .. } => "resume",
        Input::Resume { answer: ResumeAnswer::Again { input: Some(_) }, .. } => "resume corrected",
        Input::Resume { answer: ResumeAnswer::Version { .. }, .. } => "resume by version",
        Input::Resume { answer: ResumeAnswer::Fail, .. } => "resume as failed",
        Input::Recover { alone: true } => "recover alone",
        Input::Recover { alone: false } => "recover",
        Input::Died { .. } => "died",
        Input::Claim { .. } => "claim",
        Input::Admit => "admit",
        Input::Permit { .. } => "permit",
        Input::PassOver { .. } => "pass over",
        Input::ResolveUncertain { resolution: Resolution::Happened { .. }, .. } => "resolve happened",
        Input::ResolveUncertain { resolution: Resolution::Again, .. } => "resolve again",
        Input::ResolveUncertain { resolution: Resolution::Failed { .. }, .. } => "resolve failed",
        Input::Event { .. } => "event",
        Input::Silence => "silence",
    }
}

names! {
    fn refusal, REFUSALS: Rejected {
        Rejected::StaleAttempt => "stale_attempt",
        Rejected::AlreadyOver => "already_over",
        Rejected::UnknownApproval => "unknown_approval",
        Rejected::AlreadyDecided { .. } => "already_decided",
        Rejected::AlreadyVoted { .. } => "already_voted",
        Rejected::CommentNeeded => "comment_required",
        Rejected::ApprovalChanged { .. } => "approval_changed",
        Rejected::CannotSendBack { .. } => "cannot_send_back",
        Rejected::BadApprovers { .. } => "bad_approvers",
        Rejected::NotUncertain => "not_uncertain",
        Rejected::NotPaused => "not_paused",
        Rejected::WhichStep => "which_step",
        Rejected::Approved => "approved_input",
        Rejected::BadCorrection { .. } => "bad_correction",
        Rejected::BadOutput { .. } => "bad_output",
        Rejected::NotInVersion { .. } => "not_in_version",
        Rejected::NotAwaited => "not_awaited",
        Rejected::NotItsTurn => "not_its_turn",
        Rejected::TooLarge => "too_large",
        Rejected::FencedOff => "fenced_off",
    }
}

names! {
    fn class, CLASSES: FailureClass {
        FailureClass::Retryable => "retryable",
        FailureClass::Permanent => "permanent",
        FailureClass::Timeout => "timeout",
        FailureClass::Canceled => "canceled",
        FailureClass::Uncertain => "uncertain",
        FailureClass::Interrupted => "interrupted",
        FailureClass::Quarantined => "quarantined",
    }
}

names! {
    fn join, JOINS: Join {
        Join::AllSucceeded => "all_succeeded",
        Join::NoneFailed => "none_failed",
        Join::AllDone => "all_done",
        Join::AnySucceeded => "any_succeeded",
        Join::AnyFailed => "any_failed",
    }
}

names! {
    fn action, ACTIONS: ActionKind {
        ActionKind::Http => "http",
        ActionKind::Shell => "shell",
        ActionKind::Mcp => "mcp",
        ActionKind::Sql => "sql",
        ActionKind::File => "file",
        ActionKind::Mail => "mail",
        ActionKind::Emit => "emit",
        ActionKind::Automation => "automation",
        ActionKind::Tool => "tool",
        ActionKind::Transform => "transform",
        ActionKind::Switch => "switch",
        ActionKind::Wait => "wait",
        ActionKind::ApprovalGate => "approval_gate",
    }
}

names! {
    fn gate, GATES: GateStatus {
        GateStatus::Pending => "pending",
        GateStatus::Approved => "approved",
        GateStatus::Rejected => "rejected",
        GateStatus::Expired => "expired",
        GateStatus::Canceled => "canceled",
        GateStatus::SentBack => "sent_back",
        GateStatus::Void => "void",
    }
}

/// How a run can end, and a step.
const ENDS: [&str; 5] = ["succeeded", "failed", "rejected", "canceled", "skipped"];
const RUN_STATUSES: [&str; 9] = [
    "queued",
    "running",
    "waiting",
    "paused",
    "succeeded",
    "failed",
    "rejected",
    "canceled",
    "skipped",
];
const FEATURES: [&str; 20] = [
    "check",
    "when",
    "switch",
    "case needed",
    "for_each",
    "repeat",
    "loop in a loop",
    "retry",
    "retry total",
    "timeout",
    "run timeout",
    "capabilities",
    "at_most_once",
    "on_error fail",
    "on_error continue",
    "on_error pause",
    "undo",
    "on_failure",
    "finally",
    "gate that sends back",
];
const LIVES: [&str; 3] = ["crashed", "retried", "cut turn"];

/// Everything that is counted: groups of names.
fn all() -> Vec<(&'static str, Vec<&'static str>)> {
    let without = |names: &[&'static str], left_out: &[&str]| -> Vec<&'static str> {
        let names = names.iter().copied();
        names.filter(|name| !left_out.contains(name)).collect()
    };
    vec![
        // What an earlier run asked for, and left, is told by whoever starts a retry with other inputs.
        (
            "fact",
            without(FACTS, &["asked_before", "artifact_kept from before"]),
        ),
        ("input", INPUTS.to_vec()),
        // What is too large takes megabytes, and has a test of its own.
        ("refusal", without(REFUSALS, &["too_large", "fenced_off"])),
        ("failure", without(CLASSES, &["canceled"])),
        ("document", FEATURES.to_vec()),
        ("join", JOINS.to_vec()),
        ("action", ACTIONS.to_vec()),
        ("step was", PHASES.to_vec()),
        ("step of", OWNERS.to_vec()),
        ("trouble", TROUBLES.to_vec()),
        ("slot", SLOTS.to_vec()),
        ("ending", ENDINGS.to_vec()),
        ("next due", TIMERS.to_vec()),
        // What is over by then cannot be canceled, and some phases last only within a turn.
        (
            "canceled while",
            without(PHASES, &["broken", "interrupted", "told"]),
        ),
        ("canceled in", OWNERS.to_vec()),
        ("run was", RUN_STATUSES.to_vec()),
        ("run ended", ENDS.to_vec()),
        ("step ended", ENDS.to_vec()),
        ("gate ended", without(GATES, &["pending"])),
        ("life", LIVES.to_vec()),
    ]
}

/// How often each was seen.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    seen: BTreeMap<(&'static str, &'static str), u64>,
    pub(super) looked: Looked,
}

impl PartialEq for Coverage {
    fn eq(&self, other: &Self) -> bool {
        self.seen == other.seen
    }
}

impl Coverage {
    /// One more.
    pub(super) fn count(&mut self, group: &'static str, name: &'static str) {
        *self.seen.entry((group, name)).or_default() += 1;
    }

    /// So many more.
    pub(super) fn many(&mut self, group: &'static str, name: &'static str, times: u64) {
        *self.seen.entry((group, name)).or_default() += times;
    }

    /// How often anything of a group was.
    pub fn total(&self, group: &str) -> u64 {
        let of = self.seen.iter().filter(|((of, _), _)| *of == group);
        of.map(|(_, times)| times).sum()
    }

    /// How often it was.
    pub fn times(&self, group: &'static str, name: &'static str) -> u64 {
        self.seen.get(&(group, name)).copied().unwrap_or(0)
    }

    /// Counts what others have seen, too.
    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.seen {
            *self.seen.entry(*what).or_default() += times;
        }
        self.looked.add(&other.looked);
    }

    /// What a document has.
    pub(super) fn plan(&mut self, plan: &Plan) {
        for list in HandlerList::ALL {
            if plan.handler_block(list).is_some() {
                self.count("document", list.name());
            }
        }
        if plan.timeout.is_some() {
            self.count("document", "run timeout");
        }
        if plan.document.capabilities.is_some() {
            self.count("document", "capabilities");
        }
        for step in plan.blocks.iter().flat_map(|block| &block.steps) {
            self.count("join", join(&step.join));
            let loops = |of: &usize| {
                let steps = &plan.blocks[*of].steps;
                steps.iter().any(|step| step.work.looped().is_some())
            };
            let named = match &step.work {
                Work::Action(kind) => {
                    self.count("action", action(kind));
                    (*kind == ActionKind::Switch).then_some("switch")
                }
                Work::Loop(looped) => {
                    if loops(&looped.body) {
                        self.count("document", "loop in a loop");
                    }
                    Some(match looped.times {
                        Times::ForEach(_) => "for_each",
                        Times::Repeat(_) => "repeat",
                    })
                }
            };
            let sends_back = step
                .gate
                .as_ref()
                .is_some_and(|gate| gate.send_back.is_some());
            let has = [
                named,
                step.when.is_some().then_some("when"),
                step.needs
                    .iter()
                    .any(|n| n.case.is_some())
                    .then_some("case needed"),
                (step.retry.attempts > 1).then_some("retry"),
                step.retry.total.is_some().then_some("retry total"),
                step.timeout.is_some().then_some("timeout"),
                (step.delivery == Delivery::AtMostOnce).then_some("at_most_once"),
                step.undo.is_some().then_some("undo"),
                step.probe.is_some().then_some("check"),
                sends_back.then_some("gate that sends back"),
                Some(match step.on_error {
                    OnError::Fail => "on_error fail",
                    OnError::Continue => "on_error continue",
                    OnError::Pause => "on_error pause",
                }),
            ];
            for name in has.into_iter().flatten() {
                self.count("document", name);
            }
        }
    }

    /// A fact.
    pub(super) fn fact(&mut self, entry: &Entry) {
        self.count("fact", fact(&entry.event));
        match &entry.event {
            RunEvent::AttemptFinished {
                outcome: Outcome::Failed { failure, .. },
                ..
            }
            | RunEvent::StepFailed { failure, .. }
            | RunEvent::StepPaused { failure, .. } => {
                self.count("failure", class(&failure.class));
            }
            _ => {}
        }
    }

    /// Something that a run is told.
    pub(super) fn input(&mut self, run: &Run, input: &Input) {
        self.count("input", self::input(input));
        if matches!(input, Input::Cancel { .. }) && !run.is_over() {
            for (phase, owner, _) in run.phases() {
                self.count("canceled while", phase);
                if phase != "over" {
                    self.count("canceled in", owner);
                }
            }
        }
    }

    /// Something that was refused.
    pub(super) fn refusal(&mut self, rejected: &Rejected) {
        self.count("refusal", refusal(rejected));
    }

    /// How a run stands after a turn.
    pub(super) fn states(&mut self, run: &Run) {
        // Neighbours are mostly alike, and counting costs more than looking.
        let mut phases = run.phases().peekable();
        while let Some(state) = phases.next() {
            let mut times = 1;
            while phases.next_if_eq(&state).is_some() {
                times += 1;
            }
            let (phase, owner, trouble) = state;
            self.many("step was", phase, times);
            self.many("step of", owner, times);
            self.many("trouble", trouble, times);
        }
        let (slot, ending, timer) = run.stands();
        self.count("slot", slot);
        self.count("ending", ending);
        if let Some(timer) = timer {
            self.count("next due", timer);
        }
        self.count("run was", run.status().name());
        if run.was_cut() {
            self.count("life", "cut turn");
        }
    }

    /// How a run ended.
    pub(super) fn end(&mut self, run: &Run) {
        self.count("run ended", run.status().name());
        for step in run.steps() {
            self.count("step ended", step.status.name());
        }
        for view in run.approvals() {
            self.count("gate ended", gate(&view.status));
        }
    }

    /// What was never seen, and laws that were never looked at.
    pub fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        for (group, names) in all() {
            let names = names
                .into_iter()
                .filter(|name| self.times(group, name) == 0);
            unseen.extend(names.map(|name| format!("{group}: {name}")));
        }
        let laws = Law::ALL.iter().filter(|law| self.looked.times(**law) == 0);
        unseen.extend(laws.map(|law| format!("law: {}", law.name())));
        unseen
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, group: &str, counted: Vec<(&str, u64)>| {
            let parts = counted
                .iter()
                .map(|(name, times)| format!("{name} {times}"));
            writeln!(f, "{group}: {}", parts.collect::<Vec<_>>().join(", "))
        };
        for (group, names) in all() {
            let counted = names
                .into_iter()
                .map(|name| (name, self.times(group, name)));
            line(f, group, counted.collect())?;
        }
        let laws = Law::ALL
            .iter()
            .map(|law| (law.name(), self.looked.times(*law)));
        line(f, "law looked at", laws.collect())
    }
}
