//! The secrets that this process knows, and what finds them again in outputs.

use super::{
    MissingSecret, Opened, REDACTED, Redactor, SealError, Secret, SecretStore, fill,
    sealed::{self, open},
};
use druse_engine::{Json, RunId};
use serde_json::{Number, Value};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

/// Values that were replaced or removed are still looked for: a running attempt may hold them. That many at most.
const RETIRED: usize = 256;

/// The opened secrets by name. Changes are seen by the next attempt.
#[derive(Debug, Default)]
pub struct Secrets {
    state: RwLock<Arc<State>>,
    seal: OnceLock<Arc<SecretStore>>,
}

#[derive(Debug, Default, Clone)]
struct State {
    values: BTreeMap<String, Secret>,
    retired: Vec<Secret>,
    redactor: Arc<Redactor>,
    generation: u64,
}

impl Secrets {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<Secret> {
        self.state().values.get(name).cloned()
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.state().values.keys().cloned().collect()
    }

    /// Adds or replaces one.
    pub fn set(&self, name: impl Into<String>, value: impl Into<Secret>) {
        let (name, value) = (name.into(), value.into());
        self.change(|values| {
            values.insert(name, value);
        });
    }

    /// Removes one; whether it was there.
    pub fn remove(&self, name: &str) -> bool {
        let mut was_there = false;
        self.change(|values| was_there = values.remove(name).is_some());
        was_there
    }

    /// Puts these in the place of all.
    pub fn replace(&self, all: BTreeMap<String, Secret>) {
        self.change(|values| *values = all);
    }

    /// What finds all of them, and those that were replaced lately.
    pub fn redactor(&self) -> Arc<Redactor> {
        self.state().redactor.clone()
    }

    /// Says with which key sensitive inputs are sealed. Once, before the first run.
    pub fn set_seal(&self, seal: Arc<SecretStore>) {
        let _ = self.seal.set(seal);
    }

    /// Seals an input of a run.
    ///
    /// # Errors
    /// When there is no key, or the system gives no random numbers.
    pub fn seal_input(&self, root: RunId, name: &str, value: &Value) -> Result<String, SealError> {
        let store = self.seal.get().ok_or(SealError::NoKey)?;
        sealed::seal(store, root, name, value)
    }

    /// What a run keeps of a number that a step was answered and that is the value of a secret: its steps get it
    /// back, and nobody else.
    pub fn hold_number(&self, root: RunId, number: &Number) -> Value {
        let sealed = self
            .seal
            .get()
            .and_then(|store| sealed::seal_number(store, root, number).ok());
        sealed.unwrap_or_else(|| REDACTED.to_owned()).into()
    }

    /// What one run gives to another, with the numbers in it that only the steps of the one would get sealed for the
    /// other.
    pub fn moved(&self, from: RunId, to: RunId, json: &Json) -> Json {
        match self.seal.get() {
            Some(store) => sealed::moved(store, from, to, json),
            None => json.clone(),
        }
    }

    /// Opens in a value what is sealed among the inputs of its run; nothing when there is none.
    ///
    /// # Errors
    /// When there is no key, or a seal does not hold.
    pub fn open_sealed(
        &self,
        root: RunId,
        json: &Json,
        inputs: &Json,
    ) -> Result<Option<Opened>, SealError> {
        match self.seal.get() {
            Some(store) => open(store, root, json, inputs),
            // Without a key nothing was ever sealed here.
            None => Ok(None),
        }
    }

    /// Goes up with every change.
    pub fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Fills in all `{{ secrets.NAME }}` of a trusted text.
    ///
    /// # Errors
    /// When a name has no value.
    pub fn fill(&self, text: &str) -> Result<String, MissingSecret> {
        self.fill_only(text, |_| true)
    }

    /// Fills in those `{{ secrets.NAME }}` that are allowed.
    ///
    /// # Errors
    /// When an allowed name has no value.
    pub fn fill_only(
        &self,
        text: &str,
        allowed: impl Fn(&str) -> bool,
    ) -> Result<String, MissingSecret> {
        let state = self.state();
        fill(text, allowed, |name| state.values.get(name).cloned())
    }

    fn state(&self) -> Arc<State> {
        // A poisoned lock holds a whole state all the same: it is only ever replaced as a whole.
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Secret>)) {
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut state = State::clone(&current);
        let before = state.values.clone();
        change(&mut state.values);
        for (name, value) in before {
            if state.values.get(&name) != Some(&value) && !state.retired.contains(&value) {
                state.retired.push(value);
            }
        }
        let over = state.retired.len().saturating_sub(RETIRED);
        state.retired.drain(..over);
        state.redactor = Arc::new(Redactor::new(state.values.values().chain(&state.retired)));
        state.generation += 1;
        *current = Arc::new(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_values_are_still_redacted() {
        let secrets = Secrets::new();
        secrets.set("KEY", "first-value");
        let before = secrets.generation();
        secrets.set("KEY", "second-value");
        assert!(secrets.generation() > before);
        assert_eq!(secrets.fill("{{ secrets.KEY }}").unwrap(), "second-value");
        let text = "first-value second-value";
        let redactor = secrets.redactor();
        assert_eq!(redactor.redact_text(text), "[redacted] [redacted]");
        assert!(secrets.remove("KEY") && !secrets.remove("KEY"));
        assert_eq!(
            secrets.redactor().redact_text(text),
            "[redacted] [redacted]"
        );
        assert_eq!(
            secrets.fill("{{ secrets.KEY }}"),
            Err(MissingSecret("KEY".into()))
        );
    }
}
