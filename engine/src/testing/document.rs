//! Random documents that compile, made of small parts so that a failing one shrinks well.

use crate::definition::Document;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The types of the events that come.
pub const EVENT_TYPES: [&str; 2] = ["world.a", "world.b"];

/// The actions with effects.
const EFFECTS: [&str; 9] = [
    "http",
    "shell",
    "mcp",
    "emit",
    "tool",
    "automation",
    "sql",
    "file",
    "mail",
];

/// A document to be.
#[derive(Debug, Clone)]
pub struct DocumentSpec {
    /// Its steps; each may need only those before it.
    pub steps: Vec<StepSpec>,
    /// Its `on_failure`.
    pub on_failure: Vec<StepSpec>,
    /// Its `finally`.
    pub finally: Vec<StepSpec>,
    /// `undo_on_failure: true`.
    pub undoes: bool,
    /// Seconds until the run times out.
    pub timeout: Option<u32>,
}

/// A step to be.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSpec {
    /// What it does.
    pub kind: KindSpec,
    /// What comes before it.
    pub needs: Vec<NeedSpec>,
    /// The name of its join.
    pub join: &'static str,
    /// Its condition.
    pub when: WhenSpec,
    /// Attempts and, in seconds, the time over all of them.
    pub retry: Option<(u32, Option<u32>)>,
    /// Seconds that each attempt may take.
    pub timeout: Option<u32>,
    /// `on_error: continue`.
    pub goes_on: bool,
    /// `on_error: pause`, where it may stand.
    pub pauses: bool,
    /// `delivery: at_most_once`.
    pub at_most_once: bool,
    /// Whether it has an `undo`, where it may stand.
    pub undo: bool,
    /// Which `check` it has, where it may stand.
    pub check: Option<u8>,
}

/// A need to be: `back` steps before this one, and a case of it when that is a switch.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedSpec {
    /// How many steps before.
    pub back: usize,
    /// Which case.
    pub case: Option<bool>,
}

/// A condition to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenSpec {
    /// None.
    None,
    /// One that holds.
    Holds,
    /// One that does not.
    Not,
    /// One without a value.
    Fails,
}

/// An action to be.
#[derive(Debug, Clone, PartialEq)]
pub enum KindSpec {
    /// A value.
    Transform,
    /// A value made of what comes before, where there is one.
    Reads,
    /// A value that cannot be made.
    Broken,
    /// Two cases, of which the first, the second or none is taken.
    Switch(u8),
    /// A wait of so many seconds.
    Wait(u32),
    /// A wait for an event of one of the world's types: whether its content matters, seconds until its
    /// time is over, whether it goes on then, how many seconds it looks back.
    Hear {
        /// The place among [`EVENT_TYPES`], or any of them.
        event_type: Option<usize>,
        /// Whether its content matters, and whether as a text that is compared.
        when: Option<bool>,
        /// Seconds until its time is over.
        timeout: Option<u32>,
        /// Whether the run goes on then.
        goes_on: bool,
        /// How many seconds it looks back.
        lookback: u32,
    },
    /// A gate: approvals needed, seconds until it expires, whether it is approved then.
    Gate(u32, Option<u32>, bool),
    /// A gate that sends back, reminds, escalates and tells.
    Review(Box<ReviewSpec>),
    /// An effect of this kind of action.
    Effect(&'static str),
    /// An effect that works with what the step so many before it gave.
    Works(usize),
    /// A loop over so many items.
    ForEach(Box<ForEachSpec>),
    /// A loop until something holds.
    Repeat(Box<RepeatSpec>),
}

/// A gate to be.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewSpec {
    /// Approvals needed.
    pub needed: u32,
    /// Seconds until it expires, and whether that rejects, approves or escalates.
    pub timeout: Option<(u32, u8)>,
    /// Seconds between reminders.
    pub remind: Option<u32>,
    /// How many actions tell of it.
    pub notify: usize,
    /// It is sent back to the step that stands so many before it, at most so often.
    pub back: usize,
    /// How often.
    pub rounds: u32,
}

/// A `for_each` to be.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEachSpec {
    /// How many items.
    pub items: u32,
    /// Whether they are entries of a map.
    pub map: bool,
    /// `max_parallel`.
    pub parallel: u32,
    /// `on_item_error: continue`.
    pub goes_on: bool,
    /// The pass that `until` holds after.
    pub until: Option<u32>,
    /// What `output` is.
    pub output: OutputSpec,
    /// The body.
    pub body: Vec<StepSpec>,
}

/// What a pass hands on: its number, and what it was handed itself.
pub const HANDED_ON: &str = "{{ [loop.index, loop.previous] }}";

/// A `repeat` to be.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatSpec {
    /// The pass that `until` holds after.
    pub until: u32,
    /// `max`.
    pub max: u32,
    /// Seconds between passes.
    pub every: Option<u32>,
    /// Whether the wait grows.
    pub grows: bool,
    /// Whether each pass hands on what it gave.
    pub hands_on: bool,
    /// The body.
    pub body: Vec<StepSpec>,
}

/// The `output` of a `for_each` to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputSpec {
    /// Left out.
    Last,
    /// What is known of the pass.
    Reads,
    /// One without a value for some items.
    Fails,
}

/// Documents of up to `most` steps in their own list, and loops in loops.
pub fn documents(most: usize) -> impl Strategy<Value = DocumentSpec> {
    let steps = prop_oneof![
        8 => prop::collection::vec(step(2), 0..=most),
        1 => (1u32..3, any::<bool>(), any::<bool>())
            .prop_map(|(rounds, late, pauses)| two_gates(rounds, late, pauses)),
    ];
    let handlers = || prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(step(1), 0..3)];
    (
        steps,
        handlers(),
        handlers(),
        any::<bool>(),
        prop::option::weighted(0.15, 1u32..600),
        any::<bool>(),
    )
        .prop_map(|(mut steps, on_failure, finally, undoes, timeout, calm)| {
            if calm {
                steps.iter_mut().for_each(StepSpec::calm);
            }
            DocumentSpec {
                steps,
                on_failure,
                finally,
                undoes,
                timeout,
            }
        })
}

impl StepSpec {
    /// It does not fail by itself, nor is it skipped by itself: runs get farther then.
    fn calm(&mut self) {
        if self.when != WhenSpec::Holds {
            self.when = WhenSpec::None;
        }
        match &mut self.kind {
            KindSpec::Broken => self.kind = KindSpec::Transform,
            KindSpec::ForEach(each) => {
                if each.output == OutputSpec::Fails {
                    each.output = OutputSpec::Reads;
                }
                each.body.iter_mut().for_each(Self::calm);
            }
            KindSpec::Repeat(repeat) => {
                repeat.max = repeat.max.max(repeat.until + 1);
                repeat.body.iter_mut().for_each(Self::calm);
            }
            _ => {}
        }
    }
}

/// A step behind two gates, of which one sends back what the step works with, and the other asks, if it
/// comes late, when that is known.
fn two_gates(rounds: u32, late: bool, pauses: bool) -> Vec<StepSpec> {
    let plain = |kind: KindSpec, back: &[usize]| StepSpec {
        kind,
        needs: back
            .iter()
            .map(|back| NeedSpec {
                back: *back,
                case: None,
            })
            .collect(),
        join: "all_succeeded",
        when: WhenSpec::None,
        retry: None,
        timeout: None,
        goes_on: false,
        at_most_once: false,
        pauses: false,
        undo: false,
        check: None,
    };
    let review = ReviewSpec {
        needed: 1,
        timeout: None,
        remind: None,
        notify: 0,
        back: 0,
        rounds,
    };
    let wait = KindSpec::Wait(if late { 60 } else { 0 });
    let works = StepSpec {
        pauses,
        ..plain(KindSpec::Works(4), &[0, 2])
    };
    vec![
        plain(KindSpec::Effect("http"), &[]),
        plain(KindSpec::Review(Box::new(review)), &[0]),
        plain(wait, &[]),
        plain(KindSpec::Gate(1, None, false), &[0]),
        works,
    ]
}

/// A step with loops in it down to this depth.
fn step(depth: u32) -> BoxedStrategy<StepSpec> {
    let plain = prop_oneof![
        3 => Just(KindSpec::Transform),
        2 => Just(KindSpec::Reads),
        1 => Just(KindSpec::Broken),
        2 => (0u8..3).prop_map(KindSpec::Switch),
        2 => (0u32..120).prop_map(KindSpec::Wait),
        2 => hear(),
        2 => (1u32..4, prop::option::of(0u32..300), any::<bool>())
            .prop_map(|(needed, timeout, approve)| KindSpec::Gate(needed, timeout, approve)),
        2 => review(),
        6 => prop::sample::select(EFFECTS.to_vec())
            .prop_map(KindSpec::Effect),
    ];
    if depth == 0 {
        return of_kind(plain.boxed());
    }
    of_kind(prop_oneof![8 => plain, 2 => for_each(depth - 1), 1 => repeat(depth - 1)].boxed())
}

fn hear() -> impl Strategy<Value = KindSpec> {
    (
        prop::option::weighted(0.7, 0..EVENT_TYPES.len()),
        prop::option::weighted(0.6, any::<bool>()),
        prop::option::weighted(0.6, 0u32..200),
        any::<bool>(),
        prop::sample::select(vec![0, 0, 30]),
    )
        .prop_map(
            |(event_type, when, timeout, goes_on, lookback)| KindSpec::Hear {
                event_type,
                when,
                timeout,
                goes_on,
                lookback,
            },
        )
}

fn review() -> impl Strategy<Value = KindSpec> {
    (
        1u32..4,
        prop::option::of((0u32..300, 0u8..3)),
        prop::option::of(1u32..90),
        0usize..3,
        0usize..3,
        1u32..3,
    )
        .prop_map(|(needed, timeout, remind, notify, back, rounds)| {
            KindSpec::Review(Box::new(ReviewSpec {
                needed,
                timeout,
                remind,
                notify,
                back,
                rounds,
            }))
        })
}

fn body(depth: u32) -> impl Strategy<Value = Vec<StepSpec>> {
    prop::collection::vec(step(depth), 1..4)
}

fn for_each(depth: u32) -> impl Strategy<Value = KindSpec> {
    let output = prop_oneof![
        3 => Just(OutputSpec::Last),
        2 => Just(OutputSpec::Reads),
        1 => Just(OutputSpec::Fails),
    ];
    (
        (0u32..4, any::<bool>()),
        1u32..4,
        any::<bool>(),
        prop::option::weighted(0.3, 0u32..3),
        output,
        body(depth),
    )
        .prop_map(|((items, map), parallel, goes_on, until, output, body)| {
            KindSpec::ForEach(Box::new(ForEachSpec {
                items,
                map,
                parallel,
                goes_on,
                until,
                output,
                body,
            }))
        })
}

fn repeat(depth: u32) -> impl Strategy<Value = KindSpec> {
    (
        0u32..4,
        1u32..4,
        prop::option::of(0u32..60),
        any::<bool>(),
        any::<bool>(),
        body(depth),
    )
        .prop_map(|(until, max, every, grows, hands_on, body)| {
            KindSpec::Repeat(Box::new(RepeatSpec {
                until,
                max,
                every,
                grows,
                hands_on,
                body,
            }))
        })
}

fn of_kind(kind: BoxedStrategy<KindSpec>) -> BoxedStrategy<StepSpec> {
    let need = (0usize..4, prop::option::of(any::<bool>()))
        .prop_map(|(back, case)| NeedSpec { back, case });
    let join = prop::sample::select(vec![
        "all_succeeded",
        "all_succeeded",
        "none_failed",
        "all_done",
        "any_succeeded",
        "any_failed",
    ]);
    let when = prop_oneof![
        6 => Just(WhenSpec::None),
        2 => Just(WhenSpec::Holds),
        1 => Just(WhenSpec::Not),
        1 => Just(WhenSpec::Fails),
    ];
    (
        kind,
        prop::collection::vec(need, 0..3),
        join,
        when,
        prop::option::weighted(0.4, (1u32..5, prop::option::weighted(0.3, 1u32..60))),
        prop::option::weighted(0.3, 0u32..30),
        (prop::bool::weighted(0.3), prop::bool::weighted(0.15)),
        (
            prop::bool::weighted(0.25),
            prop::bool::weighted(0.5),
            prop::option::weighted(0.5, 0u8..5),
        ),
    )
        .prop_map(
            |(
                kind,
                needs,
                join,
                when,
                retry,
                timeout,
                (goes_on, pauses),
                (at_most_once, undo, check),
            )| {
                StepSpec {
                    kind,
                    needs,
                    join,
                    when,
                    retry,
                    timeout,
                    goes_on,
                    pauses,
                    at_most_once,
                    undo,
                    check,
                }
            },
        )
        .boxed()
}

impl DocumentSpec {
    /// The document.
    pub fn document(&self) -> Document {
        let steps = list(&self.steps, "");
        let mut full = json!({ "druse": 1, "name": "random", "steps": steps });
        for (key, steps, prefix) in [
            ("on_failure", &self.on_failure, "f_"),
            ("finally", &self.finally, "e_"),
        ] {
            if !steps.is_empty() {
                full[key] = list(steps, prefix).into();
            }
        }
        if self.undoes {
            full["undo_on_failure"] = true.into();
        }
        if let Some(seconds) = self.timeout {
            full["timeout"] = format!("{seconds}s").into();
        }
        if let Some(last) = self.steps.len().checked_sub(1) {
            full["outputs"] = json!({ "last": format!("{{{{ steps.s{last}.output }}}}") });
        }
        loop {
            let document: Document = serde_json::from_value(full.clone())
                .unwrap_or_else(|error| panic!("the strategy is wrong: {error}"));
            // Other steps work with what would run again: that one is not sent back.
            let mut findings = Vec::new();
            for (steps, path) in [
                (&document.steps, "/steps"),
                (&document.on_failure, "/on_failure"),
                (&document.finally, "/finally"),
            ] {
                crate::plan::send_back_findings(steps, path, &mut findings);
            }
            let Some(path) = findings.pop().and_then(|finding| finding.path) else {
                return document;
            };
            let with = path.trim_end_matches("/send_back/to");
            if let Some(with) = full.pointer_mut(with).and_then(Value::as_object_mut) {
                with.remove("send_back");
            }
        }
    }
}

/// A list of steps; `prefix` makes ids of bodies differ from those around them.
fn list(steps: &[StepSpec], prefix: &str) -> Vec<Value> {
    (0..steps.len())
        .map(|index| written(steps, prefix, index))
        .collect()
}

fn written(steps: &[StepSpec], prefix: &str, index: usize) -> Value {
    let spec = &steps[index];
    let id = format!("{prefix}s{index}");
    let mut step = Map::new();
    step.insert("id".into(), id.as_str().into());
    let before = index
        .checked_sub(1)
        .map(|before| format!("{prefix}s{before}"));
    let inner = format!("{id}_");
    match &spec.kind {
        KindSpec::ForEach(each) => {
            step.insert("for_each".into(), each.written(&inner));
            step.insert("steps".into(), list(&each.body, &inner).into());
        }
        KindSpec::Repeat(repeat) => {
            step.insert("repeat".into(), repeat.written());
            step.insert("steps".into(), list(&repeat.body, &inner).into());
        }
        kind => {
            let (action, mut with) = action(kind, index, before, in_loop(prefix));
            if let KindSpec::Review(review) = kind
                && let Some(to) = review.to(prefix, index)
            {
                with["send_back"] = json!({ "to": [to], "rounds": review.rounds });
            }
            step.insert("action".into(), action.into());
            step.insert("with".into(), with);
        }
    }
    let needs: Vec<Value> = spec
        .needs
        .iter()
        .filter_map(|need| need_of(steps, prefix, index, need))
        .map(Value::from)
        .collect();
    let mut needs = needs;
    if let KindSpec::Review(review) = &spec.kind
        && let Some(to) = review.to(prefix, index)
    {
        let to = Value::from(to);
        if !needs.contains(&to) {
            needs.push(to);
        }
    }
    if !needs.is_empty() {
        step.insert("needs".into(), needs.into());
    }
    step.insert("join".into(), spec.join.into());
    let when = match spec.when {
        WhenSpec::None => None,
        WhenSpec::Holds => Some("1 == 1"),
        WhenSpec::Not => Some("1 == 2"),
        WhenSpec::Fails => Some("[1, 2] | only"),
    };
    if let Some(when) = when {
        step.insert("when".into(), when.into());
    }
    if let Some(seconds) = spec.timeout {
        step.insert("timeout".into(), format!("{seconds}s").into());
    }
    let effect = matches!(spec.kind, KindSpec::Effect(_) | KindSpec::Works(_));
    if spec.pauses && effect {
        step.insert("on_error".into(), "pause".into());
    } else if spec.goes_on {
        step.insert("on_error".into(), "continue".into());
    }
    let plain = !step.contains_key("steps");
    if spec.undo && plain && !prefix.starts_with(['f', 'e']) {
        let output = format!("{{{{ steps.{id}.output }}}}");
        let mut with = json!({ "of": output });
        if in_loop(prefix) {
            with["pass"] = "{{ loop.index }}".into();
        }
        step.insert("undo".into(), json!({ "action": "http", "with": with }));
    }
    if step.contains_key("steps") {
        return step.into();
    }
    if let Some((attempts, total)) = spec.retry {
        let mut retry = json!({ "attempts": attempts, "backoff": "2s", "max": "20s" });
        if let Some(total) = total {
            retry["total"] = format!("{total}s").into();
        }
        step.insert("retry".into(), retry);
    }
    if spec.at_most_once {
        step.insert("delivery".into(), "at_most_once".into());
        if let Some(check) = spec.check
            && matches!(spec.kind, KindSpec::Effect(_) | KindSpec::Works(_))
        {
            step.insert("check".into(), written_check(check));
        }
    }
    if spec.goes_on && effect {
        // Some of the answers that the simulated world gives are none for it.
        let schema = json!({ "properties": { "n": { "maximum": 5 } } });
        step.insert("output_schema".into(), schema);
    }
    step.into()
}

/// A check: one that takes a failure for an answer, one that often does not know, one without a value, and
/// others, some tried once.
fn written_check(which: u8) -> Value {
    let done = match which {
        0 => "(check.error.code | default('')) != 'simulated' and check.output.n > 4",
        1 => "none if check.output.n == 0 else check.output.n > 4",
        2 => "[1, 2] | only",
        _ => "check.output.n > 4",
    };
    let mut check = json!({
        "action": "http", "with": { "key": "{{ attempt.idempotency_key }}" }, "done": done,
    });
    if which == 3 {
        check["output"] = "{{ check.output.n }} of {{ attempt.number }}".into();
        check["retry"] = json!({ "attempts": 1 });
        check["timeout"] = "7s".into();
    }
    check
}

/// Whether the steps with this prefix stand in a loop: then the id of one is part of it.
fn in_loop(prefix: &str) -> bool {
    prefix.contains('s')
}

fn action(
    kind: &KindSpec,
    index: usize,
    before: Option<String>,
    in_loop: bool,
) -> (&'static str, Value) {
    match kind {
        KindSpec::Transform => ("transform", json!({ "value": index })),
        KindSpec::Reads => match before {
            Some(before) => (
                "transform",
                json!({ "value": {
                    "status": format!("{{{{ steps.{before}.status }}}}"),
                    "output": format!("{{{{ steps.{before}.output | default(0) }}}}"),
                } }),
            ),
            None if in_loop => ("transform", json!({ "value": "{{ loop.index }}" })),
            None => ("transform", json!({ "value": "{{ inputs }}" })),
        },
        KindSpec::Broken => ("transform", json!({ "value": "{{ [1, 2] | only }}" })),
        KindSpec::Switch(taken) => (
            "switch",
            json!({ "cases": [
                { "id": "a", "when": if *taken == 0 { "1 == 1" } else { "1 == 2" } },
                { "id": "b", "when": if *taken == 1 { "1 == 1" } else { "1 == 2" } },
            ] }),
        ),
        KindSpec::Wait(seconds) => ("wait", json!({ "for": format!("{seconds}s") })),
        KindSpec::Hear {
            event_type,
            when,
            timeout,
            goes_on,
            lookback,
        } => {
            let event_type = event_type.map_or("world.*", |place| EVENT_TYPES[place]);
            let mut with = json!({ "event": { "type": event_type } });
            if let Some(text) = when {
                with["event"]["when"] = match text {
                    true => "event.data.text == 't' ~ 1",
                    false => "event.data.n > 1",
                }
                .into();
            }
            if let Some(seconds) = timeout {
                with["timeout"] = format!("{seconds}s").into();
                if *goes_on {
                    with["on_timeout"] = "continue".into();
                }
            }
            if *lookback > 0 {
                with["lookback"] = format!("{lookback}s").into();
            }
            ("wait", with)
        }
        KindSpec::Gate(needed, timeout, approve) => {
            let mut with = json!({ "title": "Go on?", "needed": needed });
            if let Some(seconds) = timeout {
                with["timeout"] = format!("{seconds}s").into();
                with["on_timeout"] = if *approve { "approve" } else { "reject" }.into();
            }
            ("approval_gate", with)
        }
        KindSpec::Review(review) => ("approval_gate", review.written()),
        KindSpec::Effect(action) => match before {
            Some(before) if index.is_multiple_of(2) => (
                *action,
                json!({
                    "connection": connection(index),
                    "n": format!("{{{{ steps.{before}.output | default(0) }}}}"),
                    "said": "{{ review.comment }}",
                }),
            ),
            _ => (
                *action,
                json!({
                    "connection": connection(index),
                    "n": index,
                    "said": "{{ review.comment }}",
                }),
            ),
        },
        KindSpec::Works(back) => {
            let read = format!("{{{{ steps.s{}.output }}}}", index.saturating_sub(*back));
            (
                "http",
                json!({ "connection": connection(index), "n": read }),
            )
        }
        KindSpec::ForEach(_) | KindSpec::Repeat(_) => unreachable!("loops have no action"),
    }
}

/// The connection that an effect goes over.
fn connection(index: usize) -> &'static str {
    ["crm", "bank"][index % 2]
}

fn need_of(steps: &[StepSpec], prefix: &str, index: usize, need: &NeedSpec) -> Option<String> {
    let before = index.checked_sub(need.back + 1)?;
    Some(match (need.case, &steps[before].kind) {
        (Some(first), KindSpec::Switch(_)) => {
            format!("{prefix}s{before}.{}", if first { "a" } else { "b" })
        }
        _ => format!("{prefix}s{before}"),
    })
}

impl ReviewSpec {
    fn to(&self, prefix: &str, index: usize) -> Option<String> {
        let before = index.checked_sub(self.back + 1)?;
        Some(format!("{prefix}s{before}"))
    }

    fn written(&self) -> Value {
        let mut with = json!({ "title": "Right?", "needed": self.needed });
        if let Some((seconds, end)) = self.timeout {
            with["timeout"] = format!("{seconds}s").into();
            with["on_timeout"] = ["reject", "approve", "escalate"][usize::from(end)].into();
            with["escalate_to"] = json!(["user:eva", "role:admin"]);
        }
        if let Some(seconds) = self.remind {
            with["remind"] = format!("{seconds}s").into();
        }
        let tell = json!({ "action": "http", "with": { "text": "{{ approval.title }}" } });
        match self.notify {
            0 => {}
            1 => with["notify"] = tell,
            _ => with["notify"] = json!([tell, tell]),
        }
        with
    }
}

impl ForEachSpec {
    fn written(&self, inner: &str) -> Value {
        let name = format!("{inner}item");
        let numbers = 0..self.items;
        let items = if self.map {
            let entries = numbers.map(|n| (format!("k{n}"), n.into()));
            Value::Object(entries.collect())
        } else {
            Value::Array(numbers.map(Value::from).collect())
        };
        let mut each = json!({ "items": items, "as": name, "max_parallel": self.parallel });
        if self.goes_on {
            each["on_item_error"] = "continue".into();
        }
        if let Some(last) = self.until {
            each["until"] = format!("loop.index >= {last}").into();
        }
        match self.output {
            OutputSpec::Last => {}
            OutputSpec::Reads => {
                each["output"] = json!({
                    "item": format!("{{{{ {name} }}}}"),
                    "first": format!("{{{{ steps.{inner}s0.output }}}}"),
                });
            }
            OutputSpec::Fails => {
                each["output"] = "{{ [1, 2, 3][loop.index:2] | only }}".into();
            }
        }
        each
    }
}

impl RepeatSpec {
    fn written(&self) -> Value {
        let until = format!("loop.index >= {}", self.until);
        let mut repeat = json!({ "until": until, "max": self.max });
        if let Some(seconds) = self.every {
            repeat["every"] = format!("{seconds}s").into();
        }
        if self.grows {
            repeat["factor"] = json!(1.5);
        }
        if self.hands_on {
            repeat["output"] = HANDED_ON.into();
        }
        repeat
    }
}
