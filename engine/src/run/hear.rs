//! `wait` for an event: which event counts, and what comes of it.
//!
//! An event counts when it came since the run began (or since a stated time before that), and before the
//! wait's own time was over, whenever it is told. The first such event in the order in which they came is
//! taken. A run takes an event once: of two waits that it fits, the second takes the next one. Whoever
//! drives a run tells each wait all events of its type from [`Listening::since`] on, in their order
//! ([`super::Input::Event`]), and says that the time of a wait is over only after all that came before
//! were told ([`super::Input::Silence`]).

use super::Run;
use super::failure;
use super::scope::Place;
use super::state::{Phase, State};
use super::time::later;
use crate::action_config::{self, WaitConfig};
use crate::definition::FailureClass;
use crate::event::{Failure, RunEvent, StepPath};
use crate::expression::{Frame, Values};
use crate::plan::{EVENT, Plan};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{EventId, Json, Pattern, Span, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// An event that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Its id here.
    pub event: EventId,
    /// When it came.
    pub received_at: Timestamp,
    /// The CloudEvents attributes and `data`, as expressions see them.
    pub value: Json,
}

impl Heard {
    /// The CloudEvents type.
    pub fn event_type(&self) -> &str {
        self.value.value()["type"].as_str().unwrap_or_default()
    }
}

/// A `wait` that waits for an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Listening {
    /// The step.
    pub step: StepPath,
    /// The type of the event, `*` for any characters.
    pub event_type: String,
    /// A part of the event, as keys from the outside in, and the text that it must be equal to: an event
    /// of which this is not so is none that it takes.
    pub key: Option<(Vec<String>, String)>,
    /// From when on an event counts.
    pub since: Timestamp,
    /// From when on none counts any more.
    pub until: Option<Timestamp>,
    /// When the wait began.
    pub began_at: Timestamp,
}

/// What is known of a step that waits for an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hearing {
    pub(super) event_type: String,
    pub(super) key: Option<String>,
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
}

/// The start of a wait for an event, from its rendered configuration.
pub(super) fn start(
    state: &State,
    plan: &Plan,
    place: Place,
    with: &Value,
    now: Timestamp,
) -> RunEvent {
    let step = state.path(plan, place);
    let invalid = |message: String| RunEvent::StepFailed {
        step: step.clone(),
        failure: Failure::new(FailureClass::Permanent, "invalid_wait", message),
    };
    let config: WaitConfig = match action_config::read(with) {
        Ok(config) => config,
        Err(message) => return invalid(message),
    };
    let Some(event) = config.event else {
        return invalid("a wait for an event says which: `event`".into());
    };
    if let Err(message) = type_fault(&event.event_type) {
        return invalid(message);
    }
    let key = state.planned(plan, place).hears.as_ref();
    let key = match key.and_then(|hears| hears.key.as_ref()) {
        None => None,
        Some((_, other)) => match other.evaluate_json(&state.values(place.scope)) {
            // Only texts are equal to nothing but equal texts.
            Ok(value) => value.value().as_str().map(str::to_owned),
            Err(error) => {
                return RunEvent::StepFailed {
                    step,
                    failure: failure::of_expression(&error, "with.event.when"),
                };
            }
        },
    };
    let lookback = config.lookback.map_or(0, Span::as_millis);
    let lookback = i64::try_from(lookback).unwrap_or(i64::MAX);
    RunEvent::EventAwaited {
        step,
        event_type: event.event_type,
        key,
        since: Timestamp(state.created_at.0.saturating_sub(lookback).max(0)),
        until: config.timeout.map(|timeout| later(now, timeout)),
    }
}

/// What is wrong with the type of an awaited event.
pub(crate) fn type_fault(event_type: &str) -> Result<(), String> {
    if event_type.is_empty() || event_type.chars().any(char::is_control) {
        return Err("the `type` of an event is empty or holds control characters".into());
    }
    Ok(())
}

/// Whether a step takes this event.
pub(super) fn takes(state: &State, plan: &Plan, place: Place, heard: &Heard) -> bool {
    let step = state.step(place);
    let Some(hearing) = step
        .hearing
        .as_deref()
        .filter(|_| step.phase == Phase::Listening)
    else {
        return false;
    };
    // Ids tell before and after also when the clock is set back.
    let since = heard.received_at >= hearing.since || heard.event.0 > state.start.run.0;
    #[cfg(test)]
    let since =
        since && !(planted(Bug::EarlyEventLost) && Some(heard.received_at) < step.started_at);
    let in_time = since && hearing.until.is_none_or(|until| heard.received_at < until);
    if !in_time
        || state.taken.contains(&heard.event)
        || began_by(state, heard.event)
        || !Pattern::new(&hearing.event_type).matches(heard.event_type())
    {
        return false;
    }
    let Some(when) = state
        .planned(plan, place)
        .hears
        .as_ref()
        .and_then(|hears| hears.when.as_ref())
    else {
        return true;
    };
    let mut values = Values::clone(&state.values(place.scope));
    let mut frame = Frame::default();
    frame.locals.push((EVENT.into(), heard.value.clone()));
    values.frames.insert(0, Arc::new(frame));
    // An event of another shape, of which an expression makes nothing, is not the one that is meant.
    when.holds(&Arc::new(values)).unwrap_or(false)
}

/// Whether this event began the run: it is the run's trigger, and nothing that comes afterwards.
fn began_by(state: &State, event: EventId) -> bool {
    let id = state.start.cause.value()["event_id"].as_str();
    id.is_some_and(|id| id.parse() == Ok(event))
}

/// What comes of the silence until `now`: the waits whose time is over end.
pub(super) fn silence(state: &State, plan: &Plan, now: Timestamp) -> Vec<RunEvent> {
    #[cfg(test)]
    if planted(Bug::SilenceUnheard) {
        return Vec::new();
    }
    state
        .silences
        .iter()
        .take_while(|(until, _)| *until <= now)
        .map(|(until, place)| over(state, plan, *place, *until))
        .collect()
}

fn over(state: &State, plan: &Plan, place: Place, until: Timestamp) -> RunEvent {
    let step = state.path(plan, place);
    let goes_on = state.planned(plan, place).hears.as_ref();
    if goes_on.is_some_and(|hears| hears.goes_on) {
        return RunEvent::WaitFinished { step };
    }
    let wanted = state.step(place).hearing.as_ref();
    let wanted = wanted.map_or("", |hearing| hearing.event_type.as_str());
    let message = format!("no event of the type `{wanted}` that it waits for came until {until}");
    RunEvent::StepFailed {
        step,
        failure: Failure::new(FailureClass::Timeout, "event_timeout", message),
    }
}

/// What a wait gives that took an event at this time, or none until then.
pub(super) fn output(event: &Json, at: Timestamp) -> Json {
    json!({ "event": event.value(), "waited_until": at.to_string() }).into()
}

impl Run {
    /// The waits for events, those of the oldest lists first.
    pub fn listening(&self) -> impl Iterator<Item = Listening> {
        self.state
            .listening
            .iter()
            .filter_map(|place| self.listening_at(*place))
    }

    pub(super) fn listening_at(&self, place: Place) -> Option<Listening> {
        let step = self.state.step(place);
        let hearing = step.hearing.as_deref()?;
        let planned = self.state.planned(&self.plan, place);
        let path = planned.hears.as_ref()?.key.as_ref().map(|(path, _)| path);
        Some(Listening {
            step: self.state.path(&self.plan, place),
            event_type: hearing.event_type.clone(),
            key: path.cloned().zip(hearing.key.clone()),
            since: hearing.since,
            until: hearing.until,
            began_at: step.started_at.unwrap_or(self.state.created_at),
        })
    }

    /// The earliest moment from which on no event counts for one of its waits. It is to be told
    /// [`super::Input::Silence`] then.
    pub fn next_silence(&self) -> Option<Timestamp> {
        self.state.silences.first().map(|(until, _)| *until)
    }
}

impl Listening {
    /// What it waits for, in a few words.
    pub fn says(&self) -> String {
        let mut text = format!("an event of the type `{}`", self.event_type);
        if let Some((path, value)) = &self.key {
            let value: String = value.chars().take(80).collect();
            text.push_str(&format!(" with {} {value:?}", path.join(".")));
        }
        if let Some(until) = self.until {
            text.push_str(&format!(", until {until}"));
        }
        text
    }
}
