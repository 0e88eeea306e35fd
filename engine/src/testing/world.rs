//! What happens to a simulated run: answers, late answers, time, people.

use super::Life;
use crate::definition::FailureClass;
use crate::event::{Decision, Failure, Outcome, StepPath, Verdict};
use crate::run::{Effect, GateStatus, Input, Rejected, Resolution};
use crate::{ApprovalId, Timestamp};
use serde_json::json;

impl Life {
    /// Something happens in the world.
    pub(super) fn disturb(&mut self) -> Result<(), String> {
        match self.random.below(20) {
            0..=7 => self.answer(),
            8 => self.stale(),
            9..=12 => {
                self.pass_time();
                self.must(Input::Tick)
            }
            13..=16 => self.decide(),
            17 if self.random.percent(25) => {
                let over = self.run.is_over();
                let cancel = Input::Cancel {
                    by: "ana".into(),
                    reason: None,
                };
                let given = self.give(cancel)?;
                while self.run.goes_on() {
                    self.must(Input::Tick)?;
                }
                match (given, over) {
                    (Ok(()), false) if self.run.is_over() => Ok(()),
                    (Err(Rejected::AlreadyOver), true) => Ok(()),
                    (other, _) => Err(format!("cancel gave {other:?}")),
                }
            }
            18 => self.resolve(),
            _ => self.must(Input::Tick),
        }
    }

    pub(super) fn must(&mut self, input: Input) -> Result<(), String> {
        self.give(input)?
            .map_err(|rejected| format!("an input in place was refused: {rejected}"))
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
        let class = match self.random.below(12) {
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

    fn answer(&mut self) -> Result<(), String> {
        let pending = self.run.pending();
        let Some(Effect::Attempt {
            step,
            number,
            fence,
            ..
        }) = self.random.pick(&pending).cloned()
        else {
            return self.stale();
        };
        let finished = Input::Finished {
            step,
            number,
            fence,
            outcome: self.outcome(),
        };
        self.must(finished.clone())?;
        if self.random.percent(25) {
            return self.must_be_stale(finished);
        }
        Ok(())
    }

    /// An answer of an attempt that is not the one that runs.
    pub(super) fn stale(&mut self) -> Result<(), String> {
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

    fn must_be_stale(&mut self, input: Input) -> Result<(), String> {
        match self.give(input)? {
            Err(Rejected::StaleAttempt) => Ok(()),
            other => Err(format!("a stale attempt gave {other:?}")),
        }
    }

    fn decide(&mut self) -> Result<(), String> {
        let gates = self.run.approvals();
        let Some(gate) = self.random.pick(&gates).cloned() else {
            let approval = ApprovalId::from_parts(1, [9; 10]);
            let decision = self.decision();
            return match self.give(Input::Decide { approval, decision })? {
                Err(Rejected::UnknownApproval) => Ok(()),
                other => Err(format!("an unknown approval gave {other:?}")),
            };
        };
        let decision = self.decision();
        let voted = gate.decisions.iter().any(|known| known.by == decision.by);
        let late = gate
            .request
            .expires_at
            .is_some_and(|expires| expires <= self.now);
        let back = decision.decision == Verdict::SendBack;
        let approval = gate.request.approval;
        let given = self.give(Input::Decide { approval, decision })?;
        let right = match &given {
            Ok(()) => gate.status == GateStatus::Pending && !voted && !late && !back,
            Err(Rejected::AlreadyDecided { status }) => {
                late || (gate.status == *status && *status != GateStatus::Pending)
            }
            Err(Rejected::AlreadyVoted { .. }) => voted,
            Err(Rejected::NotSupportedYet { .. }) => back,
            Err(_) => false,
        };
        if right {
            Ok(())
        } else {
            Err(format!("a decision on {gate:?} gave {given:?}"))
        }
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
            comment: None,
            fields: None,
            at: self.now,
            own_run: false,
        }
    }

    pub(super) fn resolve(&mut self) -> Result<(), String> {
        let uncertain = self
            .run
            .steps()
            .into_iter()
            .find(|step| step.status == crate::event::Status::Uncertain);
        let Some(step) = uncertain else {
            let input = Input::ResolveUncertain {
                step: "nowhere".into(),
                resolution: Resolution::Again,
                by: "ana".into(),
                reason: None,
            };
            return match self.give(input)? {
                Err(Rejected::NotUncertain) => Ok(()),
                other => Err(format!("resolving nothing gave {other:?}")),
            };
        };
        let resolution = match self.random.below(3) {
            0 => Resolution::Happened {
                output: json!("it did").into(),
            },
            1 => Resolution::Again,
            _ => Resolution::Failed {
                message: "it did not".into(),
            },
        };
        let step = step.path;
        self.must(Input::ResolveUncertain {
            step,
            resolution,
            by: "ana".into(),
            reason: None,
        })
    }

    /// All that the run waits for comes: then it must end.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        // Each round ends at least one thing that a step waits for; retries, votes and interruptions are
        // bounded for each step, and so are the passes that a step is part of.
        let steps: usize = self.plan.blocks.iter().map(|block| block.steps.len()).sum();
        for _ in 0..(40 * (30 * steps + 1)) {
            if self.run.is_over() {
                return Ok(());
            }
            if let Some(Effect::Attempt {
                step,
                number,
                fence,
                ..
            }) = self.run.pending().into_iter().next()
            {
                let outcome = self.outcome();
                self.must(Input::Finished {
                    step,
                    number,
                    fence,
                    outcome,
                })?;
            } else if let Some((at, _)) = self.run.next_deadline() {
                self.now = at.max(self.now);
                self.must(Input::Tick)?;
            } else if self
                .run
                .approvals()
                .iter()
                .any(|gate| gate.status == GateStatus::Pending)
            {
                self.decide()?;
            } else {
                self.resolve()?;
            }
        }
        Err("the run does not end".into())
    }
}
