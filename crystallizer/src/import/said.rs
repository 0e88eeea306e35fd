//! What was said already: recorders of requests to models repeat it with each request.

use crate::session::Role;
use druse_engine::Digest;
use std::collections::BTreeMap;

/// Counts how often each thing was said. A request that holds it more often than any before tells it anew: who says
/// yes twice said it twice.
#[derive(Default)]
pub(super) struct Said {
    known: BTreeMap<(u8, Digest), usize>,
    here: BTreeMap<(u8, Digest), usize>,
}

impl Said {
    /// Begins a request that may repeat all that was said so far.
    pub(super) fn begin(&mut self) {
        self.here.clear();
    }

    /// Whether this is said for the first time, or one time more than before.
    pub(super) fn is_new(&mut self, role: Role, words: &str) -> bool {
        let key = key(role, words);
        let here = self.here.entry(key.clone()).or_default();
        *here += 1;
        let known = self.known.entry(key).or_default();
        let is_new = *here > *known;
        *known = (*known).max(*here);
        is_new
    }

    /// Whether it was said before at all.
    pub(super) fn knows(&self, role: Role, words: &str) -> bool {
        self.known.contains_key(&key(role, words))
    }
}

fn key(role: Role, words: &str) -> (u8, Digest) {
    let role = match role {
        Role::User => 0,
        Role::Assistant => 1,
        Role::System => 2,
    };
    (role, Digest::of(words.as_bytes()))
}
