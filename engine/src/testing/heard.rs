//! The events of a simulated world, and the law of waits for them: the first event that fits is taken,
//! once, and none that came in time is missed.

use super::{EVENT_TYPES, Life};
use crate::definition::FailureClass;
use crate::event::{Entry, RunEvent, StepPath};
use crate::plan::Plan;
use crate::run::{Heard, Input, Rejected};
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
pub(super) struct Heeded {
    /// Each with how many facts the journal had when it came.
    came: Vec<(u64, Heard)>,
    began: Timestamp,
    awaited: BTreeMap<StepPath, Awaited>,
    taken: BTreeSet<EventId>,
}

impl Heeded {
    pub(super) fn came(&mut self, seq: u64, heard: Heard) {
        self.came.push((seq, heard));
    }

    /// What is left when all facts after this many are lost: the events, and what is read again.
    pub(super) fn cut(self, seq: u64) -> Self {
        let came = self
            .came
            .into_iter()
            .map(|(at, heard)| (at.min(seq), heard));
        Self {
            came: came.collect(),
            ..Self::default()
        }
    }

    pub(super) fn see(&mut self, plan: &Plan, entry: &Entry) -> Result<(), String> {
        let wrong = |law: &str| Err(format!("{law}: {entry:?}"));
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
                    .and_then(|planned| planned.written.with.as_ref());
                let lookback: Option<Span> =
                    with.and_then(|with| with.get("lookback")?.as_str()?.parse().ok());
                if lookback.unwrap_or_default() != self.began.since(*since) {
                    return wrong(
                        "a wait looks back to the begin of its run, or as far as it says",
                    );
                }
                let awaited = Awaited {
                    event_type: Pattern::new(event_type),
                    since: *since,
                    until: *until,
                };
                self.awaited.insert(step.clone(), awaited);
            }
            RunEvent::EventTaken { step, event, .. } => {
                if self.first(plan, step, entry.seq) != Some(*event) {
                    return wrong("the first event that fits is taken");
                }
                if !self.taken.insert(*event) {
                    return wrong("a run takes an event once");
                }
            }
            RunEvent::WaitFinished { step } => return self.missed(plan, step, entry),
            RunEvent::StepFailed { step, failure } if failure.class == FailureClass::Timeout => {
                return self.missed(plan, step, entry);
            }
            _ => {}
        }
        Ok(())
    }

    fn missed(&self, plan: &Plan, step: &StepPath, entry: &Entry) -> Result<(), String> {
        match self.first(plan, step, entry.seq) {
            None => Ok(()),
            Some(event) => Err(format!(
                "a wait missed {event}, which came in time: {entry:?}"
            )),
        }
    }

    /// The event that a wait has to take.
    fn first(&self, plan: &Plan, step: &StepPath, seq: u64) -> Option<EventId> {
        let awaited = self.awaited.get(step)?;
        let with = plan.find(step)?.written.with.as_ref()?;
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
pub(super) struct Teller {
    events: Vec<Heard>,
    told: BTreeMap<StepPath, usize>,
}

impl Teller {
    /// What was told is not known any more.
    pub(super) fn forget(&mut self) {
        self.told.clear();
    }
}

impl Life {
    /// Something comes, whether or not anybody waits for it.
    pub(super) fn come(&mut self) {
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

    /// Each wait is told what it was not told yet.
    pub(super) fn tell(&mut self) -> Result<(), String> {
        let waits: Vec<StepPath> = self.run.listening().map(|wait| wait.step).collect();
        for step in waits {
            loop {
                let next = self.teller.told.entry(step.clone()).or_default();
                let Some(heard) = self.teller.events.get(*next).cloned() else {
                    break;
                };
                *next += 1;
                let step = step.clone();
                match self.give(Input::Event { step, heard })? {
                    Ok(()) => break,
                    Err(Rejected::NotAwaited) => {}
                    Err(other) => return Err(format!("an event gave {other:?}")),
                }
            }
        }
        Ok(())
    }

    fn has_untold(&self) -> bool {
        let (told, all) = (&self.teller.told, self.teller.events.len());
        let mut waits = self.run.listening();
        waits.any(|wait| told.get(&wait.step).copied().unwrap_or(0) < all)
    }

    /// The time of waits is over: all that came before was told, to those too that began by being told.
    pub(super) fn silence(&mut self) -> Result<(), String> {
        while self.has_untold() {
            self.tell()?;
        }
        if let Some(at) = self.run.next_silence()
            && self.random.percent(60)
        {
            self.now = at.max(self.now);
        }
        self.must(Input::Silence)
    }
}
