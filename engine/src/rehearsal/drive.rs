//! Drives a run with given answers: each comes at its moment, and where nothing is due, time jumps.

use super::answers::{Answer, Answers, Ask, EventAnswer, GateAnswer, Hold, Limits, Source};
use super::course::{Call, Course, Stop};
use crate::definition::Delivery;
use crate::event::{
    ApprovalRequest, Decision, Entry, Outcome, Probed, RunEvent, Start, Status, StepPath,
};
use crate::flow::Standing;
use crate::plan::{Plan, check_value};
use crate::run::{DeadlineReason, Effect, GateStatus, Heard, Input, Kept, Known, Rejected, Run};
use crate::{EventId, Json, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The most facts of one rehearsal. A real run of this length is possible; nobody reads a trial of it.
const MOST_FACTS: usize = 2_000_000;

/// What comes behind all else that comes at the same moment.
const LAST: u64 = 1 << 63;

/// Rehearses a run of a plan from its start to its end, or to where an answer is missing.
///
/// Attempts are answered in the order in which they begin. Answers and time limits come in the order of
/// their moments; at the same moment a time limit comes first, for the answer was not there before it.
pub fn rehearse(
    plan: &Arc<Plan>,
    start: Start,
    kept: Vec<Kept>,
    now: Timestamp,
    answers: &mut dyn Answers,
) -> Course {
    let Limits { claim, rates } = answers.limits();
    let known = Known {
        rates,
        ..Known::default()
    };
    let (run, entries) = Run::begin_knowing(Arc::clone(plan), start, kept, claim, known, now);
    let mut drive = Drive {
        run,
        now,
        due: BTreeMap::new(),
        order: 0,
        events: 0,
        calls: Vec::new(),
        stops: Vec::new(),
        unknown: BTreeSet::new(),
        uncertain: BTreeMap::new(),
        doubts: BTreeMap::new(),
        doubted: BTreeSet::new(),
        permits: BTreeMap::new(),
        turn: None,
        beyond: false,
        times_out: answers.times_out(),
        facts: 0,
    };
    for (at, input) in answers.outside() {
        drive.outside(at.max(now), input);
    }
    if let Some(end) = answers.ended() {
        let last = (end.max(now), u64::MAX);
        drive.due.insert(last, (StepPath::from(""), None));
    }
    drive.go(entries.into(), answers);
    drive.close()
}

/// When something comes, and among what comes then.
type Moment = (Timestamp, u64);

/// From when on it is not known what comes for a step.
struct Doubt {
    from: Moment,
    /// The attempt that runs, if one does, and that it has no answer.
    missing: Option<(u32, String)>,
}

/// How what is held up by a limit is let begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Permit {
    /// At this moment.
    Comes(Moment),
    /// It is let, and begins once nothing else holds it.
    Came,
    /// It never was.
    Never,
}

struct Drive {
    run: Run,
    now: Timestamp,
    /// What comes, by its moment and then in the order in which it was arranged.
    due: BTreeMap<Moment, (StepPath, Option<Input>)>,
    order: u64,
    /// How many events have got an id.
    events: u64,
    calls: Vec<Call>,
    stops: Vec<Stop>,
    /// Gates, waits for events, uncertain and paused steps that nothing answers. They are told at the end,
    /// when they still wait.
    unknown: BTreeSet<StepPath>,
    /// Since when steps are uncertain, or were.
    uncertain: BTreeMap<StepPath, Timestamp>,
    /// Steps for which nothing comes up to a moment, and nobody knows what comes from then on.
    doubts: BTreeMap<StepPath, Doubt>,
    /// Those of them that were not ended by then.
    doubted: BTreeSet<StepPath>,
    /// How the rates of connections let steps begin.
    permits: BTreeMap<StepPath, Permit>,
    /// How the run gets the turn that it was queued for last.
    turn: Option<Permit>,
    /// Whether the run has lasted for longer than the earlier one.
    beyond: bool,
    /// Whether the run's own time runs out, whatever else is not known.
    times_out: bool,
    facts: usize,
}

impl Drive {
    fn later(&mut self, at: Timestamp, step: StepPath, input: Input) -> Moment {
        self.order += 1;
        let moment = (at, self.order);
        self.due.insert(moment, (step, Some(input)));
        moment
    }

    /// What is held up so long is let begin by this input then.
    fn held(&mut self, hold: Hold, step: StepPath, input: Input) -> Permit {
        match hold {
            Hold::Ends(after) => Permit::Comes(self.later(self.now.after(after), step, input)),
            Hold::Lasts => Permit::Never,
        }
    }

    /// Something comes from outside. A resume comes last at its moment: what a person said of a step that waits
    /// is said with it.
    fn outside(&mut self, at: Timestamp, input: Input) {
        self.order += 1;
        let order = match input {
            Input::Resume { .. } => self.order | LAST,
            _ => self.order,
        };
        self.due
            .insert((at, order), (StepPath::from(""), Some(input)));
    }

    fn stop(&mut self, path: &StepPath, code: &str, message: String) {
        self.stops.push(Stop {
            path: path.clone(),
            code: code.to_owned(),
            message,
        });
    }

    fn go(&mut self, mut facts: VecDeque<Entry>, answers: &mut dyn Answers) {
        loop {
            self.facts += facts.len();
            for fact in facts.drain(..) {
                self.see(fact, answers);
            }
            if self.facts > MOST_FACTS {
                let message = format!("it has more than {MOST_FACTS} facts");
                self.stop(&StepPath::from(""), "too_long", message);
                return;
            }
            if self.run.is_over() {
                return;
            }
            let Some((step, input)) = self.next() else {
                return;
            };
            let Some(input) = input else {
                self.doubt(&step);
                continue;
            };
            let input = match input {
                Input::Permit { .. } if self.run.throttled_at(&step).is_none() => {
                    self.permits.insert(step, Permit::Came);
                    continue;
                }
                Input::Admit if !self.is_next() => {
                    self.turn = Some(Permit::Came);
                    continue;
                }
                Input::Resume {
                    by,
                    reason,
                    step: Some(of),
                    answer,
                } if step.0.is_empty() && !self.waits_for_people(&of) => {
                    // What was said of the step has let the run go on already.
                    if !self.run.is_held() {
                        continue;
                    }
                    Input::Resume {
                        by,
                        reason,
                        step: None,
                        answer,
                    }
                }
                input => input,
            };
            match self.run.handle(self.now, input) {
                Ok(entries) => facts.extend(entries),
                // The step or the run ended meanwhile: what comes too late is of no consequence. Nor is an
                // event that is not the one that is waited for.
                Err(
                    Rejected::StaleAttempt
                    | Rejected::AlreadyOver
                    | Rejected::AlreadyDecided { .. }
                    | Rejected::NotUncertain
                    | Rejected::NotPaused
                    | Rejected::NotAwaited,
                ) => {}
                Err(rejected) => {
                    let message = format!("what was given is refused: {rejected}");
                    self.stop(&step, "refused", message);
                }
            }
        }
    }

    /// The next thing that happens, time moved on to it.
    fn next(&mut self) -> Option<(StepPath, Option<Input>)> {
        let itself = |input| (StepPath::from(""), Some(input));
        if self.run.goes_on() {
            return Some(itself(Input::Tick));
        }
        if let Some((step, input)) = self.granted() {
            return Some((step, Some(input)));
        }
        let deadline = self.run.next_deadline();
        let deadline = deadline.filter(|(_, reason)| self.may_pass(reason));
        // What is known of the run as a whole comes, whatever stands before it.
        let whole = self.run.time_limit().filter(|_| self.times_out);
        let whole = whole.map(|at| (at, DeadlineReason::RunTimeout));
        let deadline = deadline.or(whole);
        let deadline = deadline.map(|(at, _)| (at, Input::Tick));
        let silence = self.run.next_silence().filter(|_| self.all_known());
        let silence = silence.map(|at| (at, Input::Silence));
        let limit = match (deadline, silence) {
            (Some(deadline), Some(silence)) if silence.0 < deadline.0 => Some(silence),
            (deadline, silence) => deadline.or(silence),
        };
        let first = self.due.keys().next().copied();
        if let Some((at, input)) = limit
            && first.is_none_or(|(due, _)| at <= due)
        {
            self.now = self.now.max(at);
            return Some(itself(input));
        }
        let key = first?;
        self.now = self.now.max(key.0);
        self.due.remove(&key)
    }

    /// What nothing holds up any more, where the run lets it begin by now.
    fn granted(&mut self) -> Option<(StepPath, Input)> {
        if self.turn == Some(Permit::Came) && self.is_next() {
            self.turn = None;
            return Some((StepPath::from(""), Input::Admit));
        }
        let mut granted = self.permits.iter();
        let (step, _) = granted.find(|(step, permit)| {
            **permit == Permit::Came && self.run.throttled_at(step).is_some()
        })?;
        let step = step.clone();
        self.permits.remove(&step);
        Some((step.clone(), Input::Permit { step }))
    }

    /// Whether the run is queued, and may be let go.
    fn is_next(&self) -> bool {
        matches!(self.run.standing(), Standing::Queued { .. })
    }

    /// Whether a step has failed and waits for a person.
    fn waits_for_people(&self, step: &StepPath) -> bool {
        let view = self.run.step(&step.0);
        view.is_some_and(|view| view.status == Status::Paused)
    }

    /// Where an answer is missing, it is not known how long it takes: then no time limit is taken to run
    /// out, but what only waits goes on, and so do gates of which all answers are known.
    fn may_pass(&self, reason: &DeadlineReason) -> bool {
        self.all_known()
            || self.times_out && *reason == DeadlineReason::RunTimeout
            || matches!(reason, DeadlineReason::ApprovalExpiry { step } | DeadlineReason::ApprovalReminder { step }
                if !self.unknown.contains(step))
            || matches!(
                reason,
                DeadlineReason::Retry { .. }
                    | DeadlineReason::Wait { .. }
                    | DeadlineReason::NextPass { .. }
                    | DeadlineReason::GoesOn
            )
    }

    fn all_known(&self) -> bool {
        self.stops.is_empty() && self.unknown.is_empty() && self.held_beyond().is_none()
    }

    /// What holds the run up for longer than the earlier run lasted: nobody knows for how long.
    fn held_beyond(&self) -> Option<(StepPath, String)> {
        if !self.beyond || self.run.is_over() {
            return None;
        }
        let run = || StepPath::from("");
        if self.run.is_held() {
            return Some((
                run(),
                "the run is paused, and nobody lets it go on".to_owned(),
            ));
        }
        if self.turn == Some(Permit::Never) && self.is_next() {
            return Some((
                run(),
                "the run waits for its turn, which never came".to_owned(),
            ));
        }
        let waits = |step: &&StepPath| {
            let view = self.run.step(&step.0);
            view.is_some_and(|view| !view.status.is_final())
        };
        let never = self
            .permits
            .iter()
            .filter(|(_, permit)| **permit == Permit::Never);
        let step = never.map(|(step, _)| step).find(waits)?;
        let message =
            format!("step {step} waits for the rate of its connection, which never let it begin");
        Some((step.clone(), message))
    }

    fn see(&mut self, fact: Entry, answers: &mut dyn Answers) {
        if let RunEvent::StepUncertain { step } = &fact.event {
            self.uncertain.insert(step.clone(), fact.at);
        }
        match fact.event {
            RunEvent::AttemptStarted { step, fence, .. } => self.asked(&step, fence, answers),
            RunEvent::Queued { .. } => {
                let hold = answers.turn().unwrap_or_default();
                self.turn = Some(self.held(hold, StepPath::from(""), Input::Admit));
            }
            RunEvent::RateAwaited { step, .. } => self.throttled(step, answers),
            RunEvent::ApprovalRequested { step, request } => self.gate(step, &request, answers),
            // Its check is asked first.
            RunEvent::StepUncertain { step } if self.has_check(&step) => {}
            RunEvent::StepUncertain { step }
            | RunEvent::StepChecked {
                step,
                answer: Probed::Unknown,
                ..
            } => self.left_open(step, answers),
            // What has ended misses no answer any more.
            RunEvent::StepCanceled { step } => {
                self.unknown.remove(&step);
                if let Some(doubt) = self.doubts.remove(&step) {
                    self.due.remove(&doubt.from);
                }
                if self.doubted.remove(&step) {
                    let missed = |stop: &Stop| stop.path == step && stop.code == "no_answer";
                    self.stops.retain(|stop| !missed(stop));
                }
            }
            RunEvent::StepPaused { step, failure } => match answers.paused(&step, &failure) {
                Some(resume) => {
                    let input = Input::Resume {
                        by: resume.by,
                        reason: resume.reason,
                        step: (!resume.all).then(|| step.clone()),
                        answer: resume.answer,
                    };
                    self.later(self.now.after(resume.after), step, input);
                }
                None => self.unknown(step, None, answers),
            },
            RunEvent::EventAwaited {
                step, event_type, ..
            } => self.awaited(step, &event_type, answers),
            _ => {}
        }
    }

    /// A step waits for a rate. A permit that came for nothing before says nothing of this one.
    fn throttled(&mut self, step: StepPath, answers: &mut dyn Answers) {
        if let Some(Permit::Comes(moment)) = self.permits.remove(&step) {
            self.due.remove(&moment);
        }
        let hold = answers.permit(&step).unwrap_or_default();
        let permit = self.held(hold, step.clone(), Input::Permit { step: step.clone() });
        self.permits.insert(step, permit);
    }

    fn has_check(&self, step: &StepPath) -> bool {
        let planned = self.run.plan().find(step);
        planned.is_some_and(|planned| planned.probe.is_some())
    }

    /// Whether a step happened is left to a person.
    fn left_open(&mut self, step: StepPath, answers: &mut dyn Answers) {
        if !self.resolved(&step, answers) {
            self.unknown(step, None, answers);
        }
    }

    /// Whether somebody says what became of an uncertain step.
    fn resolved(&mut self, step: &StepPath, answers: &mut dyn Answers) -> bool {
        let Some(resolved) = answers.uncertain(step) else {
            return false;
        };
        let since = self.uncertain.get(step).copied().unwrap_or(self.now);
        let input = Input::ResolveUncertain {
            step: step.clone(),
            resolution: resolved.resolution,
            by: "user:rehearsal".into(),
            reason: None,
        };
        let at = self.now.max(since.after(resolved.after));
        self.later(at, step.clone(), input);
        true
    }

    fn asked(&mut self, step: &StepPath, begun: u64, answers: &mut dyn Answers) {
        // What began and was ended again in one turn never reaches the world.
        let Some(Effect::Attempt {
            step,
            number,
            fence,
            kind,
            input,
            ..
        }) = self.run.effect(&step.0)
        else {
            return;
        };
        if fence != begun {
            return;
        }
        let planned = self.run.plan().find(&step);
        let effects = planned.and_then(|planned| planned.effects);
        let answer = answers.attempt(&Ask {
            step: &step,
            number,
            kind,
            input: &input,
            delivery: planned.map_or_else(Delivery::default, |planned| planned.delivery),
        });
        let source = match &answer {
            Answer::Ends { source, .. } => *source,
            Answer::Hangs => Source::Mocked,
            Answer::Unknown => Source::None,
        };
        self.calls.push(Call {
            path: step.clone(),
            action: kind,
            attempt: number,
            effects,
            input,
            at: self.now,
            answer: source,
        });
        match answer {
            Answer::Ends { outcome, after, .. } => {
                let ends = ended(&step, (number, fence), outcome, answers);
                self.later(self.now.after(after), step, ends);
            }
            Answer::Hangs => {}
            Answer::Unknown => {
                // Where a person knew, nobody waited for the check.
                let checked = self.run.plan().checked(&step);
                if checked.is_some_and(|checked| self.resolved(&checked, answers)) {
                    return;
                }
                let which = match number {
                    1 => String::new(),
                    number => format!(" to attempt {number}"),
                };
                let message = format!("there is no answer{which} of step {step} ({})", kind.name());
                self.unknown(step, Some((number, message)), answers);
            }
        }
    }

    /// Nobody knows what comes for a step; or nothing does up to some moment, and from then on nobody knows.
    fn unknown(&mut self, step: StepPath, missing: Option<(u32, String)>, answers: &dyn Answers) {
        let Some(quiet) = answers.quiet(&step) else {
            return self.misses(step, missing.map(|(_, message)| message));
        };
        self.order += 1;
        let from = (self.now.after(quiet), self.order | LAST);
        self.due.insert(from, (step.clone(), None));
        if let Some(before) = self.doubts.insert(step, Doubt { from, missing }) {
            self.due.remove(&before.from);
        }
    }

    /// It was not ended by now, as it was in the earlier run.
    fn doubt(&mut self, step: &StepPath) {
        if step.0.is_empty() {
            self.beyond = true;
            return;
        }
        let Some(Doubt { missing, .. }) = self.doubts.remove(step) else {
            return;
        };
        let waits = match &missing {
            Some((attempt, _)) => {
                let effect = self.run.effect(&step.0);
                effect.is_some_and(|Effect::Attempt { number, .. }| number == *attempt)
            }
            None => {
                let view = self.run.step(&step.0);
                view.is_some_and(|view| !view.status.is_final())
            }
        };
        if waits {
            self.doubted.insert(step.clone());
            self.misses(step.clone(), missing.map(|(_, message)| message));
        }
    }

    fn misses(&mut self, step: StepPath, answer: Option<String>) {
        match answer {
            Some(message) => self.stop(&step, "no_answer", message),
            None => drop(self.unknown.insert(step)),
        }
    }

    fn gate(&mut self, step: StepPath, request: &ApprovalRequest, answers: &mut dyn Answers) {
        let votes = match answers.gate(&step, request) {
            GateAnswer::Votes(votes, _) => votes,
            GateAnswer::Unknown => return self.unknown(step, None, answers),
        };
        for vote in votes {
            // The server looks at the form before the run sees the answer.
            if !request.fields.value().is_null() {
                let given = vote.fields.clone().unwrap_or_default();
                let wrong = check_value(request.fields.value(), given.value());
                if let Some(first) = wrong.first()
                    && vote.decision == crate::event::Verdict::Approve
                {
                    let message = format!("the fields do not fit the form: {}", first.message);
                    self.stop(&step, "refused", message);
                    continue;
                }
            }
            let at = self.now.after(vote.after);
            let decision = Decision {
                decision: vote.decision,
                by: vote.by,
                comment: vote.comment,
                fields: vote.fields,
                at,
                own_run: false,
            };
            let input = Input::Decide {
                approval: request.approval,
                decision,
            };
            self.later(at, step.clone(), input);
        }
    }

    fn awaited(&mut self, step: StepPath, event_type: &str, answers: &mut dyn Answers) {
        let EventAnswer::Come(events) = answers.event(&step, event_type) else {
            return self.unknown(step, None, answers);
        };
        for comes in events {
            let at = self.now.after(comes.after);
            let (event, value) = match comes.event {
                Some(event) => (event, comes.value),
                None => {
                    let event = self.event_id(at);
                    (event, whole(event, event_type, at, &comes.value))
                }
            };
            let heard = Heard {
                event,
                received_at: at,
                value,
            };
            let input = Input::Event {
                step: step.clone(),
                heard,
            };
            self.later(at, step.clone(), input);
        }
    }

    /// An id for an event that has none: the same in every rehearsal of the same.
    fn event_id(&mut self, at: Timestamp) -> EventId {
        self.events += 1;
        let mut number = [0; 10];
        number[2..].copy_from_slice(&self.events.to_be_bytes());
        EventId::from_parts(u64::try_from(at.0).unwrap_or(0), number)
    }

    fn close(mut self) -> Course {
        if !self.run.is_over() {
            let listening: Vec<_> = self.run.listening().collect();
            for wait in &listening {
                let message = format!("step {} waits for {}", wait.step, wait.says());
                self.stop(&wait.step, "no_event", message);
            }
            let pending = self.run.approvals();
            let pending = pending
                .iter()
                .filter(|gate| gate.status == GateStatus::Pending)
                .map(|gate| gate.step.clone())
                .collect::<BTreeSet<_>>();
            for step in &pending {
                let message = format!("nobody decides at step {step}");
                self.stop(step, "no_decision", message);
            }
            for step in std::mem::take(&mut self.unknown) {
                let Some(view) = self.run.step(&step.0) else {
                    continue;
                };
                match (view.status, &view.error) {
                    (Status::Uncertain, _) => {
                        let message = format!("nobody says what became of step {step}");
                        self.stop(&step, "not_resolved", message);
                    }
                    (Status::Paused, Some(error)) => {
                        let message = format!(
                            "step {step} has failed and waits for a person: {} ({})",
                            error.message, error.code
                        );
                        self.stop(&step, "paused", message);
                    }
                    _ => {}
                }
            }
            if let Some((step, message)) = self.held_beyond() {
                self.stop(&step, "held_up", message);
            }
        }
        Course {
            run: self.run,
            calls: self.calls,
            stops: self.stops,
            ended_at: self.now,
        }
    }
}

/// The end of an attempt, told by its number and fence.
fn ended(
    step: &StepPath,
    (number, fence): (u32, u64),
    outcome: Outcome,
    answers: &dyn Answers,
) -> Input {
    let step = step.clone();
    if let Outcome::Succeeded { output } = &outcome
        && let Some(clear) = answers.clear(output)
    {
        return Input::Answered {
            step,
            number,
            fence,
            output: output.clone(),
            clear,
        };
    }
    Input::Finished {
        step,
        number,
        fence,
        outcome,
    }
}

/// An event with the attributes that nobody gave, as it is seen by expressions.
fn whole(event: EventId, event_type: &str, at: Timestamp, given: &Json) -> Json {
    let mut value = Map::new();
    for (key, left_out) in [
        ("specversion", json!("1.0")),
        ("id", json!(event.to_string())),
        ("source", json!("rehearsal")),
        ("type", json!(event_type)),
        ("subject", Value::Null),
        ("time", json!(at.to_string())),
        ("datacontenttype", Value::Null),
        ("dataschema", Value::Null),
        ("data", Value::Null),
    ] {
        value.insert(key.to_owned(), left_out);
    }
    if let Value::Object(given) = given.value() {
        value.extend(given.clone());
    }
    Value::Object(value).into()
}
