//! The events of a simulated world, and the law of waits for them: the first event that fits is taken,
//! once, and none that came in time is missed.

use super::{Broken, Law, Looked};
use crate::definition::FailureClass;
use crate::event::{Entry, RunEvent, StepPath};
use crate::plan::Plan;
use crate::run::{Heard, Input, Rejected};
use crate::testing::{EVENT_TYPES, Life};
use crate::{EventId, Pattern, Span, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A wait as its fact says it.
#[derive(Debug, Clone)]
struct Awaited {
    event_type: Pattern,
    since: Timestamp,
    until: Option<Timestamp>,
}

/// Reads along which events came and which were taken.
#[derive(Debug, Default, Clone)]
pub(in crate::testing) struct Heeded {
    /// Each with how many facts the journal had when it came.
    came: Vec<(u64, Heard)>,
    began: Timestamp,
    awaited: BTreeMap<StepPath, Awaited>,
    taken: BTreeSet<EventId>,
}

impl Heeded {
    pub(in crate::testing) fn came(&mut self, seq: u64, heard: Heard) {
        self.came.push((seq, heard));
    }

    /// What is left when all facts after this many are lost: the events, and what is read again.
    pub(in crate::testing) fn cut(self, seq: u64) -> Self {
        let came = self
            .came
            .into_iter()
            .map(|(at, heard)| (at.min(seq), heard));
        Self {
            came: came.collect(),
            ..Self::default()
        }
    }

    pub(super) fn see(
        &mut self,
        plan: &Plan,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let mut hold = |right: bool, what: &str| {
            looked.hold(Law::Heard, right, || format!("{what}: {entry:?}"))
        };
        match &entry.event {
            RunEvent::Created(_) => self.began = entry.at,
            RunEvent::EventAwaited {
                step,
                event_type,
                since,
                until,
                ..
            } => {
                let with = plan
                    .find(step)
                    .and_then(|planned| plan.written(planned).with.as_ref());
                let lookback: Option<Span> =
                    with.and_then(|with| with.get("lookback")?.as_str()?.parse().ok());
                hold(
                    lookback.unwrap_or_default() == self.began.since(*since),
                    "a wait looks back to the begin of its run, or as far as it says",
                )?;
                let awaited = Awaited {
                    event_type: Pattern::new(event_type),
                    since: *since,
                    until: *until,
                };
                self.awaited.insert(step.clone(), awaited);
            }
            RunEvent::EventTaken { step, event, .. } => {
                hold(
                    self.first(plan, step, entry.seq) == Some(*event),
                    "the first event that fits is taken",
                )?;
                hold(self.taken.insert(*event), "a run takes an event once")?;
            }
            RunEvent::WaitFinished { step } => {
                let missed = self.first(plan, step, entry.seq);
                hold(missed.is_none(), "an event that came in time is missed")?;
            }
            RunEvent::StepFailed { step, failure } if failure.class == FailureClass::Timeout => {
                let missed = self.first(plan, step, entry.seq);
                hold(missed.is_none(), "an event that came in time is missed")?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The event that a wait has to take.
    fn first(&self, plan: &Plan, step: &StepPath, seq: u64) -> Option<EventId> {
        let awaited = self.awaited.get(step)?;
        let with = plan.written(plan.find(step)?).with.as_ref()?;
        let when = with["event"].get("when").and_then(|when| when.as_str());
        let after = |heard: &Heard| heard.event.0.unix_ms() > self.began.0.unsigned_abs();
        let fits = |heard: &Heard| {
            let data = &heard.value.value()["data"];
            let right = match when {
                None => true,
                Some(when) if when.contains("text") => data["text"] == "t1",
                Some(_) => data["n"].as_u64().is_some_and(|n| n > 1),
            };
            right
                && awaited.event_type.matches(heard.event_type())
                && (heard.received_at >= awaited.since || after(heard))
                && awaited.until.is_none_or(|until| heard.received_at < until)
                && !self.taken.contains(&heard.event)
        };
        let before = self.came.iter().filter(|(at, _)| *at < seq);
        let mut fitting = before.map(|(_, heard)| heard).filter(|heard| fits(heard));
        fitting.next().map(|heard| heard.event)
    }
}

/// Who tells a run of events, and how far each wait was told.
#[derive(Debug, Default)]
pub(in crate::testing) struct Teller {
    events: Vec<Heard>,
    told: BTreeMap<StepPath, usize>,
}

impl Teller {
    /// A wait that begins again, sent back or in another pass, is told all anew.
    pub(in crate::testing) fn follow(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let RunEvent::EventAwaited { step, .. } = &entry.event {
                self.told.remove(step);
            }
        }
    }

    /// What was told is not known any more.
    pub(in crate::testing) fn forget(&mut self) {
        self.told.clear();
    }
}

impl Life {
    /// Something comes, whether or not anybody waits for it.
    pub(in crate::testing) fn come(&mut self) {
        let number = self.teller.events.len() as u64 + 1;
        // Some came before the run, and are told now.
        let (begin, before) = (self.run.created_at(), self.random.percent(20));
        let received_at = match before {
            true => Timestamp(begin.0 - self.random.below(60_000) as i64),
            false => self.now,
        };
        let after_run = begin.0.unsigned_abs() + 1;
        let event_type = *self.random.pick(&EVENT_TYPES).unwrap_or(&"world.a");
        let n = self.random.below(4);
        let data = match self.random.below(5) {
            0 => json!(null),
            1 => json!({ "text": n }),
            _ => json!({ "n": n, "text": format!("t{n}") }),
        };
        let heard = Heard {
            event: EventId::from_parts(number + if before { 0 } else { after_run }, [3; 10]),
            received_at,
            value: json!({ "type": event_type, "data": data }).into(),
        };
        self.teller.events.push(heard.clone());
        self.heeds(heard);
    }

    /// Each wait is told what it was not told yet, those included that begin with an event that is taken.
    pub(in crate::testing) fn tell(&mut self) -> Result<(), Broken> {
        loop {
            let waits: Vec<StepPath> = self.run.listening().map(|wait| wait.step).collect();
            let mut took = false;
            for step in waits {
                took |= self.tell_one(step)?;
            }
            if !took {
                return Ok(());
            }
        }
    }

    /// Tells one wait; whether it took something.
    fn tell_one(&mut self, step: StepPath) -> Result<bool, Broken> {
        loop {
            let next = self.teller.told.entry(step.clone()).or_default();
            let Some(heard) = self.teller.events.get(*next).cloned() else {
                return Ok(false);
            };
            *next += 1;
            let step = step.clone();
            match self.give(Input::Event { step, heard })? {
                Ok(()) => return Ok(true),
                Err(Rejected::NotAwaited) => {}
                Err(other) => return Law::Answered.broken(format!("an event gave {other:?}")),
            }
        }
    }

    /// The time of waits is over: all that came before was told.
    pub(in crate::testing) fn silence(&mut self) -> Result<(), Broken> {
        self.tell()?;
        if let Some(at) = self.run.next_silence()
            && self.random.percent(60)
        {
            self.now = at.max(self.now);
        }
        self.must(Input::Silence)
    }
}
