//! The waits for events of all live runs, found by what an event is: its type, and a text in it where a
//! wait demands one. So an event costs as much as the waits that may take it, however many others there
//! are.

use druse_engine::event::{Entry, RunEvent, StepPath};
use druse_engine::run::{Heard, Listening, Run};
use druse_engine::{Pattern, RunId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A wait, in the order in which a run's waits began.
type Key = (RunId, u64, StepPath);

/// All waits for events.
#[derive(Default)]
pub(super) struct Waits {
    by_run: HashMap<RunId, BTreeMap<StepPath, Wait>>,
    /// By a type without `*`.
    exact: HashMap<String, OfType>,
    /// By a type with `*`.
    open: BTreeMap<String, (Pattern, OfType)>,
    count: usize,
    /// How many of them are not ready.
    behind: usize,
}

/// One wait.
#[derive(Debug, Clone)]
pub(super) struct Wait {
    pub(super) listening: Listening,
    seq: u64,
    /// Whether it was told all that came before it began: from then on it is told what comes.
    ready: bool,
    /// How often in a row it could not be told what came, because something could not be read.
    pub(super) failures: u32,
}

/// The waits for one type.
#[derive(Default)]
struct OfType {
    any: BTreeSet<Key>,
    /// By a path into the event, and the text that must stand there.
    keyed: BTreeMap<Vec<String>, HashMap<String, BTreeSet<Key>>>,
}

impl Waits {
    /// Follows new facts of a run; gives the waits that began with them.
    pub(super) fn follow(&mut self, run: &Run, entries: &[Entry]) -> Vec<StepPath> {
        let id = run.id();
        let mut begun = Vec::new();
        for entry in entries {
            match &entry.event {
                RunEvent::EventAwaited { step, .. } => begun.push((step.clone(), entry.seq)),
                event => {
                    if let Some(step) = event.step() {
                        self.remove(id, step);
                    }
                }
            }
        }
        if begun.is_empty() {
            return Vec::new();
        }
        let mut listening: BTreeMap<StepPath, Listening> = run
            .listening()
            .map(|wait| (wait.step.clone(), wait))
            .collect();
        let mut added = Vec::with_capacity(begun.len());
        for (step, seq) in begun {
            // One that is over already, in the same turn, is none.
            if let Some(listening) = listening.remove(&step) {
                self.add(id, seq, listening);
                added.push(step);
            }
        }
        added
    }

    /// Takes in the waits of a run that is taken up again; gives them.
    pub(super) fn take_up(&mut self, run: &Run) -> Vec<StepPath> {
        let listening: Vec<Listening> = run.listening().collect();
        let mut added = Vec::with_capacity(listening.len());
        for (seq, listening) in (0..).zip(listening) {
            let step = listening.step.clone();
            if !self
                .by_run
                .get(&run.id())
                .is_some_and(|waits| waits.contains_key(&step))
            {
                self.add(run.id(), seq, listening);
                added.push(step);
            }
        }
        added
    }

    fn add(&mut self, run: RunId, seq: u64, listening: Listening) {
        let key = (run, seq, listening.step.clone());
        of_type(&mut self.exact, &mut self.open, &listening.event_type).add(&listening, key);
        let wait = Wait {
            listening,
            seq,
            ready: false,
            failures: 0,
        };
        let step = wait.listening.step.clone();
        self.by_run.entry(run).or_default().insert(step, wait);
        self.count += 1;
        self.behind += 1;
    }

    pub(super) fn remove(&mut self, run: RunId, step: &StepPath) {
        let Some(waits) = self.by_run.get_mut(&run) else {
            return;
        };
        let Some(wait) = waits.remove(step) else {
            return;
        };
        if waits.is_empty() {
            self.by_run.remove(&run);
        }
        self.count -= 1;
        self.behind -= usize::from(!wait.ready);
        let event_type = &wait.listening.event_type;
        let key = (run, wait.seq, step.clone());
        let of_type = of_type(&mut self.exact, &mut self.open, event_type);
        of_type.remove(&wait.listening, &key);
        if of_type.is_empty() {
            self.exact.remove(event_type);
            self.open.remove(event_type);
        }
    }

    /// Whether a run has any.
    pub(super) fn has(&self, run: RunId) -> bool {
        self.by_run.contains_key(&run)
    }

    /// A wait, if it still waits.
    pub(super) fn get(&self, run: RunId, step: &StepPath) -> Option<&Wait> {
        self.by_run.get(&run)?.get(step)
    }

    /// Whether a wait of a run was not told yet what came before it began.
    pub(super) fn is_behind(&self, run: RunId) -> bool {
        let waits = self.by_run.get(&run);
        waits.is_some_and(|waits| waits.values().any(|wait| !wait.ready))
    }

    /// Whether any wait was not told yet what came.
    pub(super) fn any_is_behind(&self) -> bool {
        self.behind > 0
    }

    /// A wait was told all that came before.
    pub(super) fn make_ready(&mut self, run: RunId, step: &StepPath) {
        let wait = self
            .by_run
            .get_mut(&run)
            .and_then(|waits| waits.get_mut(step));
        if let Some(wait) = wait {
            self.behind -= usize::from(!wait.ready);
            wait.ready = true;
            wait.failures = 0;
        }
    }

    /// What came for a wait of a run could not be read. An event goes to the wait that began first, so that all waits
    /// of the run have to be told all of it again. Gives how often that was so in a row; nothing where it has none.
    pub(super) fn fall_behind(&mut self, run: RunId) -> Option<u32> {
        let waits = self.by_run.get_mut(&run)?;
        for wait in waits.values_mut() {
            self.behind += usize::from(wait.ready);
            wait.ready = false;
            wait.failures = wait.failures.saturating_add(1);
        }
        waits.values().map(|wait| wait.failures).max()
    }

    /// Whether what came could not be read for a run, and is told again.
    pub(super) fn is_told_again(&self, run: RunId) -> bool {
        let waits = self.by_run.get(&run);
        waits.is_some_and(|waits| waits.values().any(|wait| wait.failures > 0))
    }

    /// The waits of a run that were not told yet what came, in the order in which they began.
    pub(super) fn behind_of(&self, run: RunId) -> Vec<StepPath> {
        let waits = self.by_run.get(&run).into_iter().flatten();
        let behind = waits.filter(|(_, wait)| !wait.ready);
        let behind: BTreeSet<(u64, &StepPath)> =
            behind.map(|(step, wait)| (wait.seq, step)).collect();
        behind.into_iter().map(|(_, step)| step.clone()).collect()
    }

    /// Whether a wait was told all that came before.
    pub(super) fn is_ready(&self, run: RunId, step: &StepPath) -> bool {
        self.get(run, step).is_some_and(|wait| wait.ready)
    }

    /// The waits that may take an event, those of each run in the order in which they began.
    pub(super) fn of(&self, heard: &Heard) -> Vec<(RunId, StepPath)> {
        let event_type = heard.event_type();
        let mut found = BTreeSet::new();
        if let Some(of_type) = self.exact.get(event_type) {
            of_type.find(heard, &mut found);
        }
        for (pattern, of_type) in self.open.values() {
            if pattern.matches(event_type) {
                of_type.find(heard, &mut found);
            }
        }
        found
            .into_iter()
            .filter(|(run, _, step)| self.is_ready(*run, step))
            .map(|(run, _, step)| (*run, step.clone()))
            .collect()
    }

    /// Whether any wait is for this type.
    pub(super) fn hears(&self, event_type: &str) -> bool {
        self.exact.contains_key(event_type)
            || self
                .open
                .values()
                .any(|(pattern, _)| pattern.matches(event_type))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }
}

fn of_type<'a>(
    exact: &'a mut HashMap<String, OfType>,
    open: &'a mut BTreeMap<String, (Pattern, OfType)>,
    event_type: &str,
) -> &'a mut OfType {
    let pattern = Pattern::new(event_type);
    if pattern.whole().is_some() {
        return exact.entry(event_type.to_owned()).or_default();
    }
    let entry = open.entry(event_type.to_owned());
    &mut entry.or_insert_with(|| (pattern, OfType::default())).1
}

impl OfType {
    fn add(&mut self, listening: &Listening, key: Key) {
        match &listening.key {
            None => self.any.insert(key),
            Some((path, text)) => {
                let texts = self.keyed.entry(path.clone()).or_default();
                texts.entry(text.clone()).or_default().insert(key)
            }
        };
    }

    fn remove(&mut self, listening: &Listening, key: &Key) {
        let Some((path, text)) = &listening.key else {
            self.any.remove(key);
            return;
        };
        let Some(texts) = self.keyed.get_mut(path) else {
            return;
        };
        if let Some(waits) = texts.get_mut(text) {
            waits.remove(key);
            if waits.is_empty() {
                texts.remove(text);
            }
        }
        if texts.is_empty() {
            self.keyed.remove(path);
        }
    }

    fn find<'a>(&'a self, heard: &Heard, found: &mut BTreeSet<&'a Key>) {
        found.extend(&self.any);
        for (path, texts) in &self.keyed {
            if let Some(text) = text_at(heard.value.value(), path) {
                found.extend(texts.get(text).into_iter().flatten());
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.keyed.is_empty()
    }
}

fn text_at<'a>(value: &'a Value, path: &[String]) -> Option<&'a str> {
    path.iter()
        .try_fold(value, |value, key| value.get(key))?
        .as_str()
}

/// Whether a wait may take an event, as far as can be told without evaluating anything.
pub(super) fn may_take(listening: &Listening, heard: &Heard) -> bool {
    listening
        .key
        .as_ref()
        .is_none_or(|(path, text)| text_at(heard.value.value(), path) == Some(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::{EventId, Timestamp};
    use proptest::prelude::*;
    use serde_json::json;

    fn listening(event_type: &str, key: Option<(&str, &str)>, step: usize) -> Listening {
        Listening {
            step: format!("s{step}").as_str().into(),
            event_type: event_type.into(),
            key: key.map(|(path, text)| {
                let path = path.split('.').map(str::to_owned);
                (path.collect(), text.to_owned())
            }),
            since: Timestamp(0),
            until: None,
            began_at: Timestamp(0),
        }
    }

    fn heard(event_type: &str, order: &Value) -> Heard {
        Heard {
            event: EventId::from_parts(1, [1; 10]),
            received_at: Timestamp(1),
            value: json!({ "type": event_type, "subject": order, "data": { "order": order } })
                .into(),
        }
    }

    const TYPES: [&str; 5] = ["a.b", "a.c", "a.*", "*", "*.b"];
    const KEYS: [Option<(&str, &str)>; 5] = [
        None,
        Some(("data.order", "x")),
        Some(("data.order", "y")),
        Some(("subject", "x")),
        Some(("data.other", "x")),
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// What is found by the index is what is found by looking at each wait; what has ended is not found.
        #[test]
        fn waits_are_found_by_type_and_text(
            all in prop::collection::vec((0u8..4, 0usize..5, 0usize..5, any::<bool>(), any::<bool>()), 0..40),
            fallen in prop::collection::btree_map(0u8..4, any::<bool>(), 0..3),
        ) {
            let mut waits = Waits::default();
            let run = |number: u8| RunId::from_parts(u64::from(number), [0; 10]);
            for (step, (number, event_type, key, ready, _)) in all.iter().enumerate() {
                let listening = listening(TYPES[*event_type], KEYS[*key], step);
                let path = listening.step.clone();
                waits.add(run(*number), step as u64, listening);
                if *ready {
                    waits.make_ready(run(*number), &path);
                }
            }
            for (number, told_again) in &fallen {
                let mut of_run = all.iter().enumerate().filter(|(_, wait)| wait.0 == *number);
                let some = of_run.next().is_some();
                prop_assert_eq!(waits.fall_behind(run(*number)), some.then_some(1));
                prop_assert_eq!(waits.fall_behind(run(*number)), some.then_some(2));
                prop_assert_eq!(waits.is_told_again(run(*number)), some);
                let behind = waits.behind_of(run(*number));
                let steps = all.iter().enumerate().filter(|(_, wait)| wait.0 == *number);
                let steps: Vec<StepPath> =
                    steps.map(|(step, _)| format!("s{step}").as_str().into()).collect();
                prop_assert_eq!(&behind, &steps);
                for step in behind.iter().filter(|_| *told_again) {
                    waits.make_ready(run(*number), step);
                }
            }
            for (step, (number, .., gone)) in all.iter().enumerate() {
                if *gone {
                    waits.remove(run(*number), &format!("s{step}").as_str().into());
                }
            }
            let left = all.iter().filter(|(.., gone)| !gone).count();
            prop_assert_eq!(waits.len(), left);
            let is_ready = |number: &u8, ready: &bool| *fallen.get(number).unwrap_or(ready);
            let behind = all.iter().filter(|(number, .., ready, gone)| !gone && !is_ready(number, ready));
            prop_assert_eq!(waits.any_is_behind(), behind.count() > 0);
            for event_type in ["a.b", "a.c", "a.d", "x.b", "x"] {
                for order in [json!("x"), json!("y"), json!(1), json!(null)] {
                    let heard = heard(event_type, &order);
                    let mut expected: Vec<(RunId, usize)> = Vec::new();
                    let mut heard_of = false;
                    for (step, (number, pattern, key, ready, gone)) in all.iter().enumerate() {
                        let fits = !gone && Pattern::new(TYPES[*pattern]).matches(event_type);
                        heard_of |= fits;
                        if fits && is_ready(number, ready) && may_take(&listening("", KEYS[*key], 0), &heard) {
                            expected.push((run(*number), step));
                        }
                    }
                    expected.sort_unstable();
                    let expected: Vec<(RunId, StepPath)> = expected
                        .into_iter()
                        .map(|(run, step)| (run, format!("s{step}").as_str().into()))
                        .collect();
                    prop_assert_eq!(waits.of(&heard), expected);
                    prop_assert_eq!(waits.hears(event_type), heard_of);
                }
            }
            for (step, (number, ..)) in all.iter().enumerate() {
                waits.remove(run(*number), &format!("s{step}").as_str().into());
            }
            let nothing = waits.by_run.is_empty() && waits.exact.is_empty() && waits.open.is_empty();
            prop_assert!(nothing && waits.len() == 0 && !waits.any_is_behind());
        }
    }
}
