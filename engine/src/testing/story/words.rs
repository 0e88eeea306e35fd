//! What can happen in a story, in its words.

use super::Story;
use crate::definition::FailureClass;
use crate::event::{Decision, Failure, Outcome, StepPath, Verdict};
use crate::flow::RunLimits;
use crate::plan::check_value;
use crate::run::{
    ApprovalView, Effect, GateStatus, Input, Rejected, Resolution, ResumeAnswer, Run,
};
use crate::{Json, Span};
use serde_json::{Value, json};

impl Story {
    pub(super) fn happens(&mut self, what: &str) -> Result<(), String> {
        // A value, or what a person says, stands last.
        let value = what.find(" {").or_else(|| what.find(" \""));
        let (what, value) = match value {
            Some(place) => (&what[..place], Some(&what[place + 1..])),
            None => (what, None),
        };
        let value: Option<Value> =
            value.map(|text| serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}")));
        let (what, said) = match what.split_once(": ") {
            Some((what, said)) => (what, Some(said)),
            None => (what, None),
        };
        let words: Vec<&str> = what.split(' ').collect();
        let code = |rejected: Rejected| rejected.code().to_owned();
        match words.as_slice() {
            ["time", "passes"] => Ok(()),
            ["the", "server", "takes", number, "run" | "runs"] => {
                let runs = Some(number.parse().expect(number));
                self.limit(RunLimits {
                    runs,
                    ..self.limits
                });
                Ok(())
            }
            ["each", "automation", "takes", number, "run" | "runs"] => {
                let runs_per_automation = Some(number.parse().expect(number));
                self.limit(RunLimits {
                    runs_per_automation,
                    ..self.limits
                });
                Ok(())
            }
            ["the", "server", "is", "killed"] => {
                self.killed();
                Ok(())
            }
            ["an", "event", event_type, "comes"] => {
                self.comes(event_type, value.unwrap_or_default());
                Ok(())
            }
            [name, "starts", more @ ..] => {
                self.starts(name, more);
                Ok(())
            }
            [name, "retries", old, "from", from, more @ ..] => {
                self.retries(name, old, Some(from), more);
                Ok(())
            }
            [name, "retries", old, more @ ..] => {
                self.retries(name, old, None, more);
                Ok(())
            }
            [name, "is", "approved"] => {
                let gates = self.one(name).run.approvals();
                let mut gates = gates.into_iter();
                let gate = gates.find(|gate| gate.status == GateStatus::Pending);
                let gate = gate.expect("a gate asks");
                self.decides("ana", name, &gate, Verdict::Approve, None, None)
            }
            [name, "is", verb @ ("canceled" | "paused" | "resumed")] => {
                let (by, reason) = ("ana".to_owned(), None);
                let input = match *verb {
                    "canceled" => Input::Cancel { by, reason },
                    "paused" => Input::Pause { by, reason },
                    _ => Input::Resume {
                        by,
                        reason,
                        step: None,
                        answer: ResumeAnswer::Again { input: None },
                    },
                };
                self.tell(name, input).map_err(code)
            }
            [whose, step, verb @ ..] if whose.ends_with("'s") => {
                let name = whose.trim_end_matches("'s");
                self.step(name, step, verb, value).map_err(code)
            }
            [who, "gives", whose, step, "to", approvers @ ..] => {
                let name = whose.trim_end_matches("'s");
                let approval = gate(&self.one(name).run, step).request.approval;
                let input = Input::Reassign {
                    approval,
                    approvers: approvers.iter().map(ToString::to_string).collect(),
                    by: (*who).into(),
                    reason: None,
                };
                self.tell(name, input).map_err(code)
            }
            [
                who,
                verb @ ("approves" | "rejects" | "sends"),
                whose,
                step,
                ..,
            ] => {
                let verdict = match *verb {
                    "approves" => Verdict::Approve,
                    "rejects" => Verdict::Reject,
                    _ => Verdict::SendBack,
                };
                let name = whose.trim_end_matches("'s");
                let gate = gate(&self.one(name).run, step);
                self.decides(who, name, &gate, verdict, said, value)
            }
            other => panic!("what is {other:?}?"),
        }
    }

    /// Something about one step of a run.
    fn step(
        &mut self,
        name: &str,
        step: &str,
        verb: &[&str],
        value: Option<Value>,
    ) -> Result<(), Rejected> {
        let (by, reason) = ("ana".to_owned(), None);
        let path = StepPath::from(step);
        let input = match verb {
            ["succeeds"] => {
                let output = value.unwrap_or(json!(1)).into();
                self.ends(name, step, Outcome::Succeeded { output })
            }
            ["fails", more @ ..] => {
                let (class, after) = match more {
                    [] => ("permanent", None),
                    [class] => (*class, None),
                    [class, "after", span] => (*class, Some(*span)),
                    other => panic!("how does it fail: {other:?}?"),
                };
                let class: FailureClass = serde_json::from_value(class.into()).expect(class);
                let after = after.map(|span| span.parse::<Span>().expect(span).as_millis());
                let outcome = Outcome::Failed {
                    failure: Failure::new(class, "told", "it fails in this story"),
                    retry_after_ms: after,
                };
                self.ends(name, step, outcome)
            }
            ["is", "told", "to", "wait", span] => {
                let failure = Failure::new(FailureClass::Retryable, "http_status", "not now");
                let outcome = Outcome::Failed {
                    failure,
                    retry_after_ms: Some(span.parse::<Span>().expect(span).as_millis()),
                };
                self.ends(name, step, outcome)
            }
            ["is", "tried", "again"] => Input::Resume {
                by,
                reason,
                step: Some(path),
                answer: ResumeAnswer::Again {
                    input: value.map(Json::from),
                },
            },
            ["is", "let", "fail"] => Input::Resume {
                by,
                reason,
                step: Some(path),
                answer: ResumeAnswer::Fail,
            },
            ["had", "happened"] => Input::ResolveUncertain {
                by,
                reason,
                step: path,
                resolution: Resolution::Happened {
                    output: value.unwrap_or(json!(1)).into(),
                },
            },
            ["had", "not", "happened"] => Input::ResolveUncertain {
                by,
                reason,
                step: path,
                resolution: Resolution::Again,
            },
            ["is", "given", "up"] => Input::ResolveUncertain {
                by,
                reason,
                step: path,
                resolution: Resolution::Failed {
                    message: "nobody knows".into(),
                },
            },
            ["tells", told @ ..] => {
                let run = &self.one(name).run;
                let notice = *run.notices().first().expect("somebody is to be told");
                let failed = told == ["nobody"];
                Input::Notified {
                    approval: notice.approval,
                    notice: notice.notice,
                    index: notice.index,
                    attempts: 1,
                    failure: failed
                        .then(|| Failure::new(FailureClass::Permanent, "told", "nobody was told")),
                }
            }
            other => panic!("what is {other:?} of a step?"),
        };
        self.tell(name, input)
    }

    /// The attempt of a step ends; `step` means the only one that works.
    fn ends(&self, name: &str, step: &str, outcome: Outcome) -> Input {
        let pending = self.one(name).run.pending();
        let mut found = pending.iter().filter(|Effect::Attempt { step: path, .. }| {
            &*path.0 == step || (step == "step" && pending.len() == 1)
        });
        let Some(Effect::Attempt {
            step,
            number,
            fence,
            ..
        }) = found.next()
        else {
            panic!("{name} has no step {step} that works: {pending:?}");
        };
        Input::Finished {
            step: step.clone(),
            number: *number,
            fence: *fence,
            outcome,
        }
    }

    fn decides(
        &mut self,
        by: &str,
        name: &str,
        gate: &ApprovalView,
        verdict: Verdict,
        comment: Option<&str>,
        fields: Option<Value>,
    ) -> Result<(), String> {
        let form = gate.request.fields.value();
        let given = fields.clone().unwrap_or_default();
        if verdict == Verdict::Approve && !form.is_null() && !check_value(form, &given).is_empty() {
            return Err("bad_fields".into());
        }
        let decision = Decision {
            decision: verdict,
            by: by.into(),
            comment: comment.map(str::to_owned),
            fields: fields.map(Json::from),
            at: self.now,
            own_run: false,
        };
        let approval = gate.request.approval;
        self.tell(name, Input::Decide { approval, decision })
            .map_err(|rejected| rejected.code().to_owned())
    }
}

/// The gate of a step: the one that asks, else the last one.
fn gate(run: &Run, step: &str) -> ApprovalView {
    let mut gates = run.approvals();
    gates.retain(|gate| &*gate.step.0 == step);
    let pending = gates
        .iter()
        .position(|gate| gate.status == GateStatus::Pending);
    let place = pending.or(gates.len().checked_sub(1));
    gates.swap_remove(place.unwrap_or_else(|| panic!("{step} never asked")))
}
