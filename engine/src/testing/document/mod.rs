//! Random documents that compile, made of small parts so that a failing one shrinks well.

mod strategy;
mod written;

pub use strategy::documents;

/// The types of the events that come.
pub const EVENT_TYPES: [&str; 2] = ["world.a", "world.b"];

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
    /// What of [`GRANTS`] it lists that it may touch; without a list that is all that its steps say.
    pub listed: Option<Vec<&'static str>>,
}

/// What a list of what may be touched holds or not: two connections, and what steps name beside them.
pub const GRANTS: [&str; 7] = [
    "crm",
    "bank",
    "tools",
    "programs",
    "files",
    "automations",
    "events",
];

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
