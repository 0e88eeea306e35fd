//! What happens to a simulated run: answers, late answers, time, people.

use super::law::{Broken, DENIED, Law};
use super::simulator::{Life, claim};
use crate::capability::{asked, authority};
use crate::definition::FailureClass;
use crate::event::{Decision, Failure, Outcome, Status, StepPath, Verdict};
use crate::flow::Standing;
use crate::plan::ActionKind;
use crate::run::{DeadlineReason, Effect, GateStatus, Input, Rejected, Resolution, ResumeAnswer};
use crate::{ApprovalId, Artifact, Digest, Json, Timestamp};
use serde_json::json;

impl Life {
    /// Something goes wrong, or is not wanted any more.
    #[cfg(test)]
    pub(crate) fn fault(&mut self) -> Result<&'static str, Broken> {
        match self.random.below(16) {
            0..=2 => self.crash(false).map(|()| "crash"),
            // What it did last is lost, before anybody could have seen it.
            3..=5 => {
                let seen = self.run.last_seq();
                self.disturb()?;
                let unseen = self.run.last_seq() > seen;
                self.crash(unseen).map(|()| "lost turn")
            }
            6 | 7 => self.stale().map(|()| "late answer"),
            8 => self.cancel().map(|()| "cancel"),
            9 if self.random.percent(50) => {
                self.cancel()?;
                self.cancel().map(|()| "forced cancel")
            }
            9 | 10 => self.pause().map(|()| "pause"),
            11 | 12 => self.resume().map(|()| "resume"),
            13 => {
                self.now.0 -= self.random.below(5_000) as i64;
                self.must(Input::Tick).map(|()| "clock set back")
            }
            14 if self.random.percent(20) => self.turn().map(|()| "passed over"),
            _ => {
                self.now.0 += self.random.below(600_000) as i64;
                self.must(Input::Tick).map(|()| "nothing for a while")
            }
        }
    }

    /// It is the run's turn, as the limits say.
    #[cfg(test)]
    pub(crate) fn admit(&mut self) -> Result<(), Broken> {
        self.must(Input::Admit)
    }

    /// Something happens in the world.
    pub(crate) fn disturb(&mut self) -> Result<(), Broken> {
        if !self.limited && self.random.percent(20) {
            return self.turn();
        }
        match self.random.below(27) {
            24..=26 => self.permit(),
            20 | 21 => {
                self.come();
                Ok(())
            }
            22 => self.tell(),
            23 => self.silence(),
            0..=7 => self.answer(),
            8 => self.stale(),
            9..=12 => {
                self.pass_time();
                self.must(Input::Tick)
            }
            13..=15 => self.decide(),
            16 if self.random.percent(50) => self.reassign(),
            16 => self.notified(),
            17 if self.random.percent(25) => {
                self.cancel()?;
                match self.random.percent(50) {
                    true => self.cancel(),
                    false => Ok(()),
                }
            }
            18 => match self.random.below(3) {
                0 => self.pause(),
                1 => self.resume(),
                _ => self.resolve(),
            },
            19 if !self.limited && self.random.percent(15) => self.claim(),
            _ => self.must(Input::Tick),
        }
    }

    /// Limits are set while it runs: from now on it has a claim, and its turn at once where nobody holds it.
    fn claim(&mut self) -> Result<(), Broken> {
        let asks = self.run.claim().is_some();
        let over = self.run.is_over();
        let claim = claim(&mut self.random);
        match self.give(Input::Claim { claim })? {
            Ok(()) if !asks && !over => {}
            Err(Rejected::AlreadyOver) if over => return Ok(()),
            Err(Rejected::NotItsTurn) if asks && !over => return Ok(()),
            other => return Law::Answered.broken(format!("a claim gave {other:?}")),
        }
        match self.run.standing() {
            Standing::Queued { .. } => self.must(Input::Admit),
            _ => Ok(()),
        }
    }

    /// It is the run's turn, whether it waits for that or not.
    fn turn(&mut self) -> Result<(), Broken> {
        let queued = matches!(self.run.standing(), Standing::Queued { .. });
        if queued && !self.run.has_begun() && (self.limited || self.random.percent(5)) {
            let reason = "another one runs".into();
            self.must(Input::PassOver { reason })?;
            while self.run.goes_on() {
                self.must(Input::Tick)?;
            }
            return match self.run.status() {
                Status::Skipped => Ok(()),
                other => Law::Outcome.broken(format!("what is passed over is {}", other.name())),
            };
        }
        if self.limited {
            return Ok(());
        }
        let over = self.run.is_over();
        match (self.give(Input::Admit)?, queued) {
            (Ok(()), true) => Ok(()),
            (Err(Rejected::AlreadyOver), false) if over => Ok(()),
            (Err(Rejected::NotItsTurn), false) if !over => Ok(()),
            (other, _) => Law::Answered.broken(format!("a turn gave {other:?}")),
        }
    }

    pub(super) fn must(&mut self, input: Input) -> Result<(), Broken> {
        match self.give(input)? {
            Ok(()) => Ok(()),
            Err(rejected) => {
                Law::Answered.broken(format!("an input in place was refused: {rejected}"))
            }
        }
    }

    /// The first cancel ends the run's own work, the second one everything.
    pub(super) fn cancel(&mut self) -> Result<(), Broken> {
        let over = self.run.is_over();
        let given = self.give(Input::Cancel {
            by: "ana".into(),
            reason: None,
        })?;
        self.cancels += u32::from(given.is_ok());
        while self.run.goes_on() {
            self.must(Input::Tick)?;
        }
        let ended = self.run.is_over() || (self.cancels < 2 && self.run.handles().is_some());
        self.looked(Law::Cancels, true, String::new)?;
        match (given, over) {
            (Ok(()), false) if ended => Ok(()),
            (Err(Rejected::AlreadyOver), true) => Ok(()),
            (other, _) => Law::Cancels.broken(format!("cancel {} gave {other:?}", self.cancels)),
        }
    }

    pub(super) fn pause(&mut self) -> Result<(), Broken> {
        let over = self.run.is_over();
        let reason = self.random.percent(50).then(|| "a look at it".into());
        let given = self.give(Input::Pause {
            by: "ana".into(),
            reason,
        })?;
        match given {
            Ok(()) if !over && (self.run.is_held() || self.run.is_over()) => Ok(()),
            Err(Rejected::AlreadyOver) if over => Ok(()),
            other => Law::Answered.broken(format!("pause gave {other:?}")),
        }
    }

    /// Somebody lets the run, or a step that failed, go on.
    pub(super) fn resume(&mut self) -> Result<(), Broken> {
        let over = self.run.is_over();
        let steps = self.run.steps();
        let held: Vec<StepPath> = steps
            .into_iter()
            .filter(|step| step.status == Status::Paused)
            .map(|step| step.path)
            .collect();
        let step = match self.random.below(3) {
            0 => None,
            1 => self.random.pick(&held).cloned(),
            _ => Some(StepPath::from("nowhere")),
        };
        let wrong = step.as_ref().is_some_and(|step| !held.contains(step));
        let answer = match self.random.below(6) {
            0 => ResumeAnswer::Fail,
            1 => ResumeAnswer::Again {
                input: Some(json!({ "path": "corrected" }).into()),
            },
            2 => ResumeAnswer::Version {
                plan: self.run.plan().clone(),
            },
            3 => ResumeAnswer::Version {
                plan: super::plan(&json!({ "steps": [
                    { "id": "elsewhere", "action": "transform", "with": { "value": 1 } } ] })),
            },
            _ => ResumeAnswer::Again { input: None },
        };
        let plain = answer == ResumeAnswer::Again { input: None };
        let given = self.give(Input::Resume {
            by: "ben".into(),
            reason: None,
            step,
            answer,
        })?;
        match given {
            Ok(()) if !over && !wrong && !self.run.is_held() => Ok(()),
            Err(Rejected::AlreadyOver) if over => Ok(()),
            Err(Rejected::NotPaused) if wrong || (held.is_empty() && !plain) => Ok(()),
            Err(Rejected::WhichStep) if held.len() > 1 && !plain => Ok(()),
            Err(Rejected::NotInVersion { .. }) if !held.is_empty() && !plain => Ok(()),
            Err(Rejected::BadCorrection { .. }) if !held.is_empty() && !plain => Ok(()),
            Err(Rejected::Approved) if !held.is_empty() && !plain => Ok(()),
            other => Law::Answered.broken(format!("resume gave {other:?}")),
        }
    }

    fn pass_time(&mut self) {
        let next = self.run.next_deadline().map(|(at, _)| at);
        match (next, self.random.below(4)) {
            (Some(at), 0 | 1) => self.now = at,
            (Some(at), 2) => self.now = Timestamp(at.0 - 1).max(self.now),
            // A clock may be set back; nothing that has fired fires again.
            (_, 3) if self.random.percent(20) => self.now.0 -= self.random.below(5_000) as i64,
            _ => self.now.0 += self.random.below(90_000) as i64,
        }
    }

    fn outcome(&mut self) -> Outcome {
        let class = match self.random.below(self.luck) {
            0 | 1 => FailureClass::Retryable,
            2 => FailureClass::Permanent,
            3 => FailureClass::Timeout,
            4 => FailureClass::Uncertain,
            5 => FailureClass::Interrupted,
            _ => {
                return Outcome::Succeeded {
                    output: json!({ "n": self.random.below(9) }).into(),
                };
            }
        };
        Outcome::Failed {
            failure: Failure::new(class, "simulated", "it failed in the simulation"),
            retry_after_ms: self.random.percent(20).then_some(7_000),
        }
    }

    /// How an attempt of an action with this configuration ends: what the version may not touch is refused
    /// before anything happens.
    fn performed(&mut self, kind: ActionKind, input: &Json) -> Outcome {
        let outcome = self.outcome();
        let Some(with) = input.value().as_object() else {
            return outcome;
        };
        let asked = asked(kind, with, &authority);
        let listed = self.plan.capabilities();
        if asked.iter().all(|grant| listed.permits(grant)) {
            return outcome;
        }
        let message = "this version may not touch that";
        Outcome::Failed {
            failure: Failure::new(FailureClass::Permanent, DENIED, message),
            retry_after_ms: None,
        }
    }

    fn answer(&mut self) -> Result<(), Broken> {
        let pending = self.run.pending();
        let Some(Effect::Attempt {
            step,
            number,
            fence,
            kind,
            input,
            ..
        }) = self.random.pick(&pending).cloned()
        else {
            return self.stale();
        };
        // Not drawn: other lives stay what they are.
        let left = (fence % 4 == 0).then(|| Input::Artifact {
            step: step.clone(),
            number,
            fence,
            artifact: Artifact {
                name: "report.txt".into(),
                media_type: "text/plain".into(),
                bytes: fence,
                digest: Digest::of(&fence.to_be_bytes()),
            },
        });
        if let Some(left) = &left {
            self.must(left.clone())?;
        }
        let finished = match self.performed(kind, &input) {
            // Not drawn either: of what is kept of this one, a part would be missing.
            Outcome::Succeeded { output } if fence % 5 == 0 => Input::Answered {
                step,
                number,
                fence,
                clear: output.clone(),
                output,
            },
            outcome => Input::Finished {
                step,
                number,
                fence,
                outcome,
            },
        };
        // Its time may have run out with what it left: then its end comes too late.
        let runs = self.run.pending().iter().any(|effect| {
            let Effect::Attempt { fence: own, .. } = effect;
            *own == fence
        });
        if !runs {
            return self.must_be_stale(finished);
        }
        self.must(finished.clone())?;
        if let Some(left) = left {
            self.must_be_stale(left)?;
        }
        if self.random.percent(25) {
            return self.must_be_stale(finished);
        }
        Ok(())
    }

    /// An answer of an attempt that is not the one that runs.
    pub(super) fn stale(&mut self) -> Result<(), Broken> {
        let running: Vec<u64> = self
            .run
            .pending()
            .into_iter()
            .map(|Effect::Attempt { fence, .. }| fence)
            .collect();
        let old: Vec<_> = self
            .given
            .iter()
            .filter(|(_, _, fence)| !running.contains(fence))
            .cloned()
            .collect();
        // Now and then one that only its fence tells from the one that runs.
        let forged = self
            .run
            .pending()
            .into_iter()
            .next()
            .filter(|_| self.random.percent(30))
            .map(
                |Effect::Attempt {
                     step,
                     number,
                     fence,
                     ..
                 }| (step, number, fence + 1),
            );
        let (step, number, fence) = match (forged, self.random.pick(&old)) {
            (Some(forged), _) => forged,
            (None, Some(old)) => old.clone(),
            (None, None) => (StepPath::from("nowhere"), 1, 1),
        };
        let outcome = self.outcome();
        self.must_be_stale(Input::Finished {
            step,
            number,
            fence,
            outcome,
        })
    }

    fn must_be_stale(&mut self, input: Input) -> Result<(), Broken> {
        self.looked(Law::Stale, true, String::new)?;
        match self.give(input)? {
            Err(Rejected::StaleAttempt) => Ok(()),
            other => Law::Stale.broken(format!("a stale attempt gave {other:?}")),
        }
    }

    fn decide(&mut self) -> Result<(), Broken> {
        let mut gates = self.run.approvals();
        if self.random.percent(80) && gates.iter().any(|gate| gate.status == GateStatus::Pending) {
            gates.retain(|gate| gate.status == GateStatus::Pending);
        }
        let Some(gate) = self.random.pick(&gates).cloned() else {
            let approval = ApprovalId::from_parts(1, [9; 10]);
            let decision = self.decision();
            return match self.give(Input::Decide { approval, decision })? {
                Err(Rejected::UnknownApproval) => Ok(()),
                other => Law::Answered.broken(format!("an unknown approval gave {other:?}")),
            };
        };
        let mut decision = self.decision();
        if gate.can_send_back && self.random.percent(25) {
            decision.decision = Verdict::SendBack;
        }
        let voted = gate.decisions.iter().any(|known| known.by == decision.by);
        let asks_others = !gate.escalated && self.escalates(&gate.step);
        let late = gate.expires_at.is_some_and(|end| end <= self.now) && !asks_others;
        let back = decision.decision == Verdict::SendBack;
        let approves = decision.decision == Verdict::Approve;
        let silent = decision.comment.is_none();
        let approval = gate.request.approval;
        let changed = !self.run.approval_changes(approval).is_empty();
        let given = self.give(Input::Decide { approval, decision })?;
        let pending = gate.status == GateStatus::Pending;
        let right = match &given {
            Ok(()) => {
                pending
                    && !voted
                    && !late
                    && (approves || !silent)
                    && (!back || gate.can_send_back)
                    && !(approves && changed)
            }
            Err(Rejected::AlreadyDecided { status }) => {
                late || (gate.status == *status && !pending)
            }
            Err(Rejected::AlreadyVoted { .. }) => voted,
            Err(Rejected::CommentNeeded) => silent && !approves,
            Err(Rejected::CannotSendBack { .. }) => back && !gate.can_send_back,
            Err(Rejected::ApprovalChanged { .. }) => approves && changed,
            Err(_) => false,
        };
        let law = match &given {
            Ok(()) if !pending || voted || late => Law::OneOutcome,
            Ok(()) if approves && changed => Law::Bound,
            _ => Law::Answered,
        };
        self.looked(law, right, || {
            format!("a decision on {gate:?} gave {given:?}")
        })
    }

    fn escalates(&self, step: &StepPath) -> bool {
        let planned = self.plan.find(step);
        let with = planned.and_then(|planned| self.plan.written(planned).with.as_ref());
        with.and_then(|with| with.get("on_timeout"))
            .is_some_and(|value| value == "escalate")
    }

    fn reassign(&mut self) -> Result<(), Broken> {
        let gates = self.run.approvals();
        let Some(gate) = self.random.pick(&gates).cloned() else {
            return Ok(());
        };
        let bad = self.random.percent(20);
        let approvers = match bad {
            true => vec!["ana".to_owned()],
            false => vec!["user:ana".to_owned()],
        };
        // She alone is asked: is that enough?
        let answered = gate.decisions.iter().any(|known| known.by == "ana");
        let excluded = gate.request.exclude_starter && self.run.start().started_by == "user:ana";
        let left =
            gate.request.needed as usize - gate.decisions.len().min(gate.request.needed as usize);
        let few = left > usize::from(!answered && !excluded);
        let given = self.give(Input::Reassign {
            approval: gate.request.approval,
            approvers,
            by: "ben".into(),
            reason: None,
        })?;
        match given {
            Ok(()) if gate.status == GateStatus::Pending && !bad && !few => Ok(()),
            Err(Rejected::BadApprovers { .. }) if bad || few => Ok(()),
            Err(Rejected::AlreadyDecided { .. }) if gate.status != GateStatus::Pending => Ok(()),
            other => Law::Answered.broken(format!("reassigning {gate:?} gave {other:?}")),
        }
    }

    /// Somebody is told of a gate, which works or does not.
    fn notified(&mut self) -> Result<(), Broken> {
        let notices = self.run.notices();
        let Some(notice) = self.random.pick(&notices).copied() else {
            return Ok(());
        };
        let approval = json!({ "title": "Right?" }).into();
        match self.run.notice(notice, &approval) {
            Some(Ok(message)) if message.input.value()["text"] == "Right?" => {}
            other => return Law::Answered.broken(format!("a notice is {other:?}")),
        }
        let failed = self.random.percent(40);
        let told = Input::Notified {
            approval: notice.approval,
            notice: notice.notice,
            index: notice.index,
            attempts: 1,
            failure: failed
                .then(|| Failure::new(FailureClass::Permanent, "simulated", "nobody was told")),
        };
        self.must(told.clone())?;
        self.must_be_stale(told)
    }

    fn decision(&mut self) -> Decision {
        let decision = match self.random.below(8) {
            0 => Verdict::Reject,
            1 => Verdict::SendBack,
            _ => Verdict::Approve,
        };
        let people = ["ana", "ben", "cem", "dua"];
        Decision {
            decision,
            by: (*self.random.pick(&people).unwrap_or(&"ana")).into(),
            comment: (!self.random.percent(15)).then(|| "because".to_owned()),
            fields: None,
            at: self.now,
            own_run: false,
        }
    }

    pub(super) fn resolve(&mut self) -> Result<(), Broken> {
        // What its check has just said is followed first.
        while self.run.goes_on() {
            self.must(Input::Tick)?;
        }
        let uncertain = self
            .run
            .steps()
            .into_iter()
            .find(|step| step.status == Status::Uncertain);
        let Some(step) = uncertain else {
            let input = Input::ResolveUncertain {
                step: "nowhere".into(),
                resolution: Resolution::Again,
                by: "ana".into(),
                reason: None,
            };
            return match self.give(input)? {
                Err(Rejected::NotUncertain) => Ok(()),
                other => Law::Answered.broken(format!("resolving nothing gave {other:?}")),
            };
        };
        let resolution = match self.random.below(3) {
            // Not drawn: some are no output of a step that says what it gives.
            0 => Resolution::Happened {
                output: json!({ "n": self.run.last_seq() % 10 }).into(),
            },
            1 => Resolution::Again,
            _ => Resolution::Failed {
                message: "it did not".into(),
            },
        };
        let step = step.path;
        let check = self
            .plan
            .find(&step)
            .and_then(|step| step.output_check.as_ref());
        let fits = match (&resolution, check) {
            (Resolution::Happened { output }, Some(check)) => {
                check.failure(output.value()).is_none()
            }
            _ => true,
        };
        let input = Input::ResolveUncertain {
            step,
            resolution,
            by: "ana".into(),
            reason: None,
        };
        match self.give(input)? {
            Err(Rejected::BadOutput { .. }) if !fits => Ok(()),
            Ok(()) if fits => Ok(()),
            Ok(()) => Law::Fits.broken("a person said what the step cannot have given"),
            other => Law::Answered.broken(format!("resolving a step gave {other:?}")),
        }
    }

    /// All that the run waits for comes: then it must end.
    pub(super) fn finish(&mut self) -> Result<(), Broken> {
        // Each round ends at least one thing that a step waits for; retries, votes and interruptions are
        // bounded for each step, and so are the passes that a step is part of.
        let steps: usize = self.plan.blocks.iter().map(|block| block.steps.len()).sum();
        let (mut known, mut idle) = (0, 0);
        for _ in 0..(200 * (30 * steps + 1)) {
            // An answer may be refused, or come to nothing, a few times.
            idle = match self.run.last_seq() == known {
                true => idle + 1,
                false => 0,
            };
            known = self.run.last_seq();
            if idle > 500 {
                break;
            }
            if self.run.is_over() {
                return self.looked(Law::Ends, true, String::new);
            }
            self.go_on()?;
        }
        Law::Ends.broken("all that it waits for has come, and it does not end")
    }

    /// One thing that the run waits for comes.
    pub(crate) fn go_on(&mut self) -> Result<(), Broken> {
        if self.run.status() == Status::Paused {
            return self.resume();
        }
        if self.run.status() == Status::Queued {
            return match self.limited {
                true => Ok(()),
                false => self.must(Input::Admit),
            };
        }
        if let Some(Effect::Attempt {
            step,
            number,
            fence,
            kind,
            input,
            ..
        }) = self.run.pending().into_iter().next()
        {
            let outcome = self.performed(kind, &input);
            self.must(Input::Finished {
                step,
                number,
                fence,
                outcome,
            })
        } else if !self.run.throttled().is_empty() {
            self.permit()
        } else if let Some((at, _)) = self.run.next_deadline().filter(|(at, reason)| {
            // One that is due stands before what is due behind it; others come again and again.
            *at <= self.now || !matches!(reason, DeadlineReason::ApprovalReminder { .. })
        }) {
            self.now = at.max(self.now);
            self.must(Input::Tick)
        } else if self.run.next_silence().is_some() {
            self.silence()
        } else if self.run.listening().next().is_some() {
            self.come();
            self.tell()
        } else if self
            .run
            .approvals()
            .iter()
            .any(|gate| gate.status == GateStatus::Pending)
        {
            self.decide()
        } else {
            self.resolve()
        }
    }
}
