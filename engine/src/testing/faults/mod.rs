//! Every example under every fault: each step fails in turn, each runs twice, each answer comes twice, and
//! the process dies, or a person cancels, after every fact. The laws hold all the while, and each run ends in
//! a state that the documentation names.

mod course;
mod world;

use super::example::examples;
use crate::definition::{Delivery, FailureClass};
use crate::event::{RunEvent, Status, StepPath};
use course::{Fault, Lived};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use world::{Scenario, scenarios};

/// What a run has come to, but for how often it tried, and for looks at what an interrupted call did.
fn came_to(lived: &Lived) -> Value {
    let run = &lived.life.run;
    let steps = run.steps();
    let steps = steps
        .iter()
        .filter(|step| run.plan().checked(&step.path).is_none())
        .map(|step| json!([step.path, step.status, step.output, step.input]));
    json!({
        "status": run.status(),
        "outputs": run.outputs(),
        "steps": steps.collect::<Vec<_>>(),
        "calls": lived.calls.keys().collect::<Vec<_>>(),
    })
}

/// The steps that a fault can hit.
fn steps_of(lived: &Lived) -> BTreeSet<StepPath> {
    let journal = lived.life.journal.iter();
    let steps = journal.filter_map(|entry| match &entry.event {
        RunEvent::AttemptStarted { step, .. }
        | RunEvent::ApprovalRequested { step, .. }
        | RunEvent::EventAwaited { step, .. } => Some(step.clone()),
        _ => None,
    });
    steps.collect()
}

/// What was counted.
#[derive(Debug, Default)]
struct Count {
    examples: usize,
    scenarios: usize,
    failed_in_turn: usize,
    run_twice: usize,
    answered_twice: usize,
    crashes: usize,
    cancels: usize,
    /// Ends, over all of these.
    ends: BTreeMap<&'static str, usize>,
    /// Runs that only a person could end, since nothing came that they waited for.
    canceled_by_hand: usize,
}

impl Count {
    fn end(&mut self, lived: &Lived) -> Result<(), String> {
        let status = lived.life.run.status();
        *self.ends.entry(status.name()).or_default() += 1;
        self.canceled_by_hand += usize::from(lived.stuck);
        match status {
            Status::Succeeded | Status::Failed | Status::Rejected | Status::Canceled => Ok(()),
            other => Err(format!("it ended as {}", other.name())),
        }
    }

    fn fails_in_turn(&mut self, scenario: &Scenario, base: &Lived) -> Result<(), String> {
        for step in steps_of(base) {
            for class in [
                FailureClass::Retryable,
                FailureClass::Permanent,
                FailureClass::Timeout,
                FailureClass::Uncertain,
            ] {
                let fails = Some((step.clone(), class));
                let told = |error| format!("{step} fails as {class:?}: {error}");
                let fault = Fault {
                    fails,
                    ..Fault::default()
                };
                let lived = scenario.lived(fault.clone()).map_err(told)?;
                self.end(&lived).map_err(told)?;
                self.failed_in_turn += 1;
                // What handles failures is hit by crashes too. A check that fails leaves its step to a person,
                // whom a crash may be what calls for.
                if class == FailureClass::Permanent && scenario.plan.checked(&step).is_none() {
                    self.dies(scenario, &lived, &fault).map_err(told)?;
                }
            }
        }
        Ok(())
    }

    fn answers_come_twice(&mut self, scenario: &Scenario, base: &Lived) -> Result<(), String> {
        let twice = Fault {
            twice: true,
            ..Fault::default()
        };
        let lived = scenario.lived(twice)?;
        if lived.life.journal != base.life.journal {
            return Err("answers that come twice change what happens".into());
        }
        self.answered_twice += 1;
        Ok(())
    }

    /// After every fact; where that is the start of an attempt, its step runs twice.
    fn dies(&mut self, scenario: &Scenario, base: &Lived, fault: &Fault) -> Result<(), String> {
        let expected = came_to(base);
        // Where the scenario itself interrupts a step that is looked after, its answers are for that one
        // interruption: another one finds the next answer, and may rightly come to something else.
        let interrupted = base.life.journal.iter().any(|entry| {
            matches!(&entry.event, RunEvent::StepUncertain { step }
                if scenario.plan.find(step).is_some_and(|planned| planned.probe.is_some()))
        });
        for written in base.written_at_once()..=base.life.journal.len() {
            let last = &base.life.journal[written - 1].event;
            // Who decided about a step is written together with what follows of it. Alone it never stands: a person
            // would be asked once more.
            if matches!(last, RunEvent::StepResolved { .. }) {
                continue;
            }
            let told = |error| format!("it dies after fact {written}, {last:?}: {error}");
            let fault = Fault {
                dies: Some(written),
                ..fault.clone()
            };
            let lived = scenario.lived(fault).map_err(told)?;
            self.end(&lived).map_err(told)?;
            let found = came_to(&lived);
            if found != expected && !interrupted {
                return Err(told(format!(
                    "it comes to\n{found}\nand not to\n{expected}"
                )));
            }
            self.crashes += 1;
            if let RunEvent::AttemptStarted { step, .. } = last {
                self.run_twice += usize::from(ran_twice(scenario, &lived, step)?);
            }
        }
        Ok(())
    }

    fn canceled(&mut self, scenario: &Scenario, base: &Lived) -> Result<(), String> {
        for written in base.written_at_once()..=base.life.journal.len() {
            let told = |error| format!("it is canceled after fact {written}: {error}");
            let fault = Fault {
                canceled: Some(written),
                ..Fault::default()
            };
            let lived = scenario.lived(fault).map_err(told)?;
            self.end(&lived).map_err(told)?;
            self.cancels += 1;
        }
        Ok(())
    }
}

/// Whether the step that was under way when the process died has been run again, as its `delivery` says.
fn ran_twice(scenario: &Scenario, lived: &Lived, step: &StepPath) -> Result<bool, String> {
    let journal = || lived.life.journal.iter();
    let starts = journal().filter(
        |entry| matches!(&entry.event, RunEvent::AttemptStarted { step: path, .. } if path == step),
    );
    let keys: BTreeSet<&str> = starts
        .clone()
        .filter_map(|entry| match &entry.event {
            RunEvent::AttemptStarted {
                idempotency_key, ..
            } => Some(idempotency_key.as_str()),
            _ => None,
        })
        .collect();
    let uncertain = journal().any(
        |entry| matches!(&entry.event, RunEvent::StepUncertain { step: path } if path == step),
    );
    let once = scenario
        .plan
        .find(step)
        .is_some_and(|planned| planned.delivery == Delivery::AtMostOnce);
    if once && !uncertain {
        return Err(format!("{step} ran again, and nobody was asked"));
    }
    Ok(starts.count() > keys.len())
}

#[test]
fn every_example_ends_as_documented_whatever_happens() {
    let mut count = Count::default();
    let mut wrong = Vec::new();
    for example in examples().iter().filter(|example| !example.is_wrong()) {
        count.examples += 1;
        for scenario in scenarios(example) {
            count.scenarios += 1;
            let outcome = scenario.lived(Fault::default()).and_then(|base| {
                count.end(&base)?;
                count.fails_in_turn(&scenario, &base)?;
                count.answers_come_twice(&scenario, &base)?;
                count.dies(&scenario, &base, &Fault::default())?;
                count.canceled(&scenario, &base)
            });
            if let Err(error) = outcome {
                wrong.push(format!("{}: {error}", scenario.place));
            }
        }
    }
    println!("{count:#?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count.run_twice > 100 && count.crashes > 1_000, "{count:?}");
}
