//! The ledger that no crash reaches: what was asked for, what was acknowledged, what was shown. And the
//! comparison with what the store says in the end, which is where a broken promise is named.

use super::work::{Kind, MARK, ONCE};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that a client asked for.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) kind: Kind,
    /// Under which it can be asked for again; without one it is asked for once, whatever comes back.
    pub(super) key: Option<String>,
    /// Whether a 2xx came back.
    pub(super) acknowledged: bool,
    /// The runs that the answer named.
    pub(super) runs: Vec<String>,
    /// The decision that was acknowledged: `approve` or `reject`.
    pub(super) decided: Option<&'static str>,
    /// The event that was to wake the run, as it was acknowledged.
    pub(super) told: Option<String>,
    /// Whether a cancel was sent, and acknowledged.
    pub(super) cancel_asked: bool,
    pub(super) canceled: bool,
}

impl Work {
    pub(super) fn new(kind: Kind, key: Option<String>) -> Self {
        Self {
            kind,
            key,
            acknowledged: false,
            runs: Vec::new(),
            decided: None,
            told: None,
            cancel_asked: false,
            canceled: false,
        }
    }
}

/// All that was promised to the outside.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    /// By number.
    pub(super) works: BTreeMap<u64, Work>,
    /// Facts of journals as they were read while the server lived, by run and number of the fact.
    pub(super) shown: BTreeMap<String, BTreeMap<u64, Value>>,
    /// Statuses of ended runs that an answer showed.
    pub(super) ended: BTreeMap<String, String>,
}

/// A run as the store has it in the end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) n: u64,
    pub(super) status: String,
    /// Its facts, oldest first.
    pub(super) journal: Vec<Value>,
}

/// A line that a step wrote outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) run: String,
    pub(super) step: String,
    pub(super) attempt: u64,
    pub(super) key: String,
}

impl Effect {
    /// From its line; a line that was not written whole is none.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let effect = Self {
            run: words.next()?.to_owned(),
            step: words.next()?.to_owned(),
            attempt: words.next()?.parse().ok()?,
            key: words.next()?.to_owned(),
        };
        words.next().is_none().then_some(effect)
    }
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Broken {
    /// An acknowledged run is not there.
    RunLost(String),
    /// Work was acknowledged, and a run that belongs to it is not there.
    RunMissing { n: u64, name: String },
    /// One piece of work made several runs of one automation.
    RunTwice { n: u64, name: String },
    /// A run that nobody asked for.
    RunOfNobody(String),
    /// A run is not where it should be in the end.
    WrongEnd {
        run: String,
        status: String,
        why: String,
    },
    /// An answer showed another end.
    EndChanged { run: String, shown: String },
    /// A fact that was shown is another one now, or none.
    FactLost { run: String, seq: u64 },
    /// A journal has a gap, or goes on after its end.
    Gap { run: String, seq: u64 },
    /// An acknowledged decision is not in the journal, once and as it was.
    DecisionLost(String),
    /// The run did not take the one event that was acknowledged, once.
    EventMissed(String),
    /// An acknowledged cancel is not in the journal.
    CancelLost(String),
    /// Something happened to a step after its end.
    RanAgain { run: String, step: String },
    /// A step that is to be tried at most once was tried again.
    TriedTwice { run: String, step: String },
    /// Two attempts of a step have different idempotency keys.
    KeyChanged { run: String, step: String },
    /// One attempt was performed twice.
    EffectTwice { run: String, step: String },
    /// An effect whose start is not in the journal, or not as it was.
    EffectUnannounced { run: String, step: String },
    /// A step ended well and its effect is not there.
    EffectMissing { run: String, step: String },
}

/// What was counted on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) runs: usize,
    pub(super) attempts: usize,
    /// Attempts that a crash ended, and that were therefore repeated or given to a person.
    pub(super) interrupted: usize,
    pub(super) effects: usize,
    /// Effects of steps that have more than one.
    pub(super) repeated_effects: usize,
}

/// Compares what was promised with what is there.
pub(super) fn compare(
    ledger: &Ledger,
    store: &BTreeMap<String, Found>,
    effects: &[Effect],
) -> (Vec<Broken>, Figures) {
    let mut broken = Vec::new();
    works(ledger, store, &mut broken);
    let mut figures = Figures {
        runs: store.len(),
        effects: effects.len(),
        ..Figures::default()
    };
    let mut by_run: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    for effect in effects {
        by_run.entry(&effect.run).or_default().push(effect);
    }
    let nothing = BTreeMap::new();
    for (id, found) in store {
        let shown = ledger.shown.get(id).unwrap_or(&nothing);
        history(id, found, shown, &mut broken);
        let steps = steps(id, found, &mut broken);
        let effects = by_run.remove(id.as_str()).unwrap_or_default();
        performed(id, found, &steps, &effects, &mut broken);
        for (name, step) in &steps {
            figures.attempts += step.keys.len();
            figures.interrupted += step.interrupted;
            let lines = effects.iter().filter(|effect| effect.step == *name).count();
            figures.repeated_effects += lines.saturating_sub(1);
        }
    }
    // What is left belongs to no run at all.
    broken.extend(by_run.into_values().flatten().map(unannounced));
    broken.sort_unstable();
    broken.dedup();
    (broken, figures)
}

fn works(ledger: &Ledger, store: &BTreeMap<String, Found>, broken: &mut Vec<Broken>) {
    let mut made: BTreeMap<(u64, &str), Vec<&str>> = BTreeMap::new();
    for (id, found) in store {
        let asked = ledger.works.get(&found.n);
        if asked.is_some_and(|work| work.kind.names().contains(&found.name.as_str())) {
            made.entry((found.n, &found.name)).or_default().push(id);
        } else {
            broken.push(Broken::RunOfNobody(id.clone()));
        }
    }
    for (&n, work) in &ledger.works {
        for run in &work.runs {
            if !store.contains_key(run) {
                broken.push(Broken::RunLost(run.clone()));
            }
        }
        for &name in work.kind.names() {
            let runs = made.get(&(n, name)).map_or(&[][..], Vec::as_slice);
            if runs.len() > 1 {
                let name = name.to_owned();
                broken.push(Broken::RunTwice { n, name });
            }
            if runs.is_empty() && work.acknowledged {
                let name = name.to_owned();
                broken.push(Broken::RunMissing { n, name });
            }
            for run in runs {
                ending(ledger, work, run, &store[*run], broken);
            }
        }
    }
}

/// How a run has to end, as far as it was promised.
fn ending(ledger: &Ledger, work: &Work, run: &str, found: &Found, broken: &mut Vec<Broken>) {
    if let Some(shown) = ledger
        .ended
        .get(run)
        .filter(|shown| **shown != found.status)
    {
        broken.push(Broken::EndChanged {
            run: run.to_owned(),
            shown: shown.clone(),
        });
    }
    let allowed: &[&str] = match (work.kind, work.decided) {
        // Nobody saw that it was begun: it was canceled to come to an end.
        (Kind::Told, _) if work.told.is_none() => &["canceled"],
        (Kind::Gate, None) | (Kind::Long | Kind::Hold, _) => &["canceled"],
        (Kind::Gate, Some("approve")) => &["succeeded"],
        (Kind::Gate, Some(_)) => &["rejected"],
        // Canceled when a crash left it in between.
        (Kind::Once, _) => &["succeeded", "canceled"],
        _ => &["succeeded"],
    };
    if !allowed.contains(&found.status.as_str()) {
        broken.push(Broken::WrongEnd {
            run: run.to_owned(),
            status: found.status.clone(),
            why: why(found),
        });
    }
    if let Some(decided) = work.decided {
        let answers: Vec<&str> = of_type(&found.journal, "approval_decided")
            .map(|fact| fact["decision"]["decision"].as_str().unwrap_or_default())
            .collect();
        if answers != [decided] {
            broken.push(Broken::DecisionLost(run.to_owned()));
        }
    }
    if let Some(told) = &work.told {
        let taken: Vec<&str> = of_type(&found.journal, "event_taken")
            .map(|fact| fact["event"].as_str().unwrap_or_default())
            .collect();
        if taken != [told] {
            broken.push(Broken::EventMissed(run.to_owned()));
        }
    }
    if work.canceled && of_type(&found.journal, "cancel_requested").next().is_none() {
        broken.push(Broken::CancelLost(run.to_owned()));
    }
}

/// The failures of its steps, for whoever looks for the cause.
fn why(found: &Found) -> String {
    let failures = of_type(&found.journal, "step_failed").map(|fact| fact["failure"].to_string());
    failures.collect::<Vec<_>>().join(", ")
}

fn of_type<'a>(journal: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    journal.iter().filter(move |fact| fact["type"] == kind)
}

/// Whether a journal is whole, and still says what it said before.
fn history(id: &str, found: &Found, shown: &BTreeMap<u64, Value>, broken: &mut Vec<Broken>) {
    for (index, fact) in found.journal.iter().enumerate() {
        let last = index + 1 == found.journal.len();
        let right = fact["seq"] == index as u64 + 1 && (fact["type"] == "finished") == last;
        if !right {
            let (run, seq) = (id.to_owned(), index as u64 + 1);
            broken.push(Broken::Gap { run, seq });
        }
    }
    for (&seq, before) in shown {
        let now = usize::try_from(seq)
            .ok()
            .and_then(|seq| found.journal.get(seq.checked_sub(1)?));
        if now != Some(before) {
            let run = id.to_owned();
            broken.push(Broken::FactLost { run, seq });
        }
    }
}

#[derive(Default)]
struct Step {
    /// The idempotency key of each attempt, by its number.
    keys: BTreeMap<u64, String>,
    /// The attempt that ended well.
    succeeded: Option<u64>,
    interrupted: usize,
    over: bool,
}

/// What the journal says of each step.
fn steps(id: &str, found: &Found, broken: &mut Vec<Broken>) -> BTreeMap<String, Step> {
    let mut steps: BTreeMap<String, Step> = BTreeMap::new();
    for fact in &found.journal {
        let Some(name) = fact["step"].as_str() else {
            continue;
        };
        let place = || (id.to_owned(), name.to_owned());
        let step = steps.entry(name.to_owned()).or_default();
        if step.over {
            let (run, step) = place();
            broken.push(Broken::RanAgain { run, step });
        }
        let number = fact["number"].as_u64().unwrap_or_default();
        match fact["type"].as_str().unwrap_or_default() {
            "attempt_started" => {
                let key = fact["idempotency_key"].as_str().unwrap_or_default();
                if step.keys.values().any(|known| known != key) {
                    let (run, step) = place();
                    broken.push(Broken::KeyChanged { run, step });
                }
                if found.name == ONCE && !step.keys.is_empty() {
                    let (run, step) = place();
                    broken.push(Broken::TriedTwice { run, step });
                }
                if step.keys.insert(number, key.to_owned()).is_some() {
                    let (run, step) = place();
                    broken.push(Broken::RanAgain { run, step });
                }
            }
            "attempt_finished" if fact["outcome"]["kind"] == "succeeded" => {
                step.succeeded = Some(number);
                step.over = true;
            }
            "attempt_interrupted" => step.interrupted += 1,
            "step_evaluated" | "step_skipped" | "step_failed" | "step_canceled"
            | "wait_finished" | "event_taken" => step.over = true,
            _ => {}
        }
    }
    steps
}

/// Whether what was done is what the journal tells.
fn performed(
    id: &str,
    found: &Found,
    steps: &BTreeMap<String, Step>,
    effects: &[&Effect],
    broken: &mut Vec<Broken>,
) {
    let mut seen = BTreeSet::new();
    for effect in effects {
        let announced = steps
            .get(&effect.step)
            .and_then(|step| step.keys.get(&effect.attempt));
        match announced {
            None => broken.push(unannounced(effect)),
            Some(key) if *key != effect.key => broken.push(unannounced(effect)),
            Some(_) => {}
        }
        if !seen.insert((&effect.step, effect.attempt)) {
            let (run, step) = (id.to_owned(), effect.step.clone());
            broken.push(Broken::EffectTwice { run, step });
        }
        if found.name == ONCE
            && seen
                .iter()
                .filter(|(step, _)| **step == effect.step)
                .count()
                > 1
        {
            let (run, step) = (id.to_owned(), effect.step.clone());
            broken.push(Broken::TriedTwice { run, step });
        }
    }
    for (name, step) in steps.iter().filter(|(name, _)| name.starts_with(MARK)) {
        if let Some(number) = step.succeeded
            && !seen.contains(&(name, number))
        {
            let (run, step) = (id.to_owned(), name.clone());
            broken.push(Broken::EffectMissing { run, step });
        }
    }
}

fn unannounced(effect: &Effect) -> Broken {
    Broken::EffectUnannounced {
        run: effect.run.clone(),
        step: effect.step.clone(),
    }
}
