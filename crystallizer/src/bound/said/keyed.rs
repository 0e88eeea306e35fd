//! Whether a person named what an answer has as a key.

use super::Said;
use crate::bound::canonical::runs;
use serde_json::Value;

/// The letters of a key in small letters at least.
const LONG: usize = 4;

impl Said {
    /// Whether a person named a key: with a capital, as a name of several words, or, where each of the keys has an address
    /// or an account of its own (`each`), as plain words. German has a capital for every noun.
    pub(in crate::bound) fn names_key(&self, key: &str, each: bool) -> bool {
        let value = Value::from(key);
        let count = runs(key).count();
        let mention = self.find(&value, &[]).filter(|mention| mention.person);
        if let Some(mention) = mention {
            let is_german = self.texts[mention.text].is_german;
            let is_name = self.is_name(&mention, &value) && key.chars().count() >= 2;
            if count >= 2 || is_name && (each || !is_german) {
                return true;
            }
        }
        each && key.chars().count() >= LONG
            && (mention.is_some() || self.joined(&key.to_lowercase()).next().is_some())
    }
}
