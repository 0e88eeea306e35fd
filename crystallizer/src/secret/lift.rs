//! Takes the secrets out of a recording before anything of it is kept: each gets a name, and the name stands from
//! then on where the secret stood.

use super::form::{self, Name};
use super::gather::{Found, Gathered};
use super::overwrite::{Overwriter, Replacement};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A secret that was taken out of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) name: String,
    pub(crate) what: &'static str,
    /// It could be a word of everyday, and was only overwritten behind its key.
    pub(crate) weak: bool,
}

/// What was taken out, and how to do it again.
#[derive(Debug, Default)]
pub(crate) struct Lift {
    gathered: Gathered,
    replacements: Vec<Replacement>,
    pub(crate) taken: Vec<Taken>,
    names: HashSet<String>,
    /// The last number behind each name that was tried.
    numbers: HashMap<String, u32>,
}

/// What stands in the place of a secret.
pub(crate) fn marker(name: &str) -> String {
    format!("{{{{ secrets.{name} }}}}")
}

impl Lift {
    /// Looks for secrets in a value; whether there are new ones.
    pub(crate) fn look<'v>(&mut self, values: impl IntoIterator<Item = &'v Value>) -> bool {
        for value in values {
            self.gathered.value(value);
        }
        self.name()
    }

    /// Looks for secrets with a form of their own in a text of any kind; whether there are new ones.
    pub(crate) fn look_at_text(&mut self, text: &str) -> bool {
        if self.gathered.has_seen(text) {
            return false;
        }
        for hit in form::hits(text) {
            if let Name::Kind(name) = hit.name {
                self.gathered.add_kind(hit.value, hit.what, name);
            }
        }
        self.name()
    }

    /// The text with names in the place of the secrets.
    pub(crate) fn overwrite(&self, text: &str) -> String {
        Overwriter::new(&self.replacements).text(text)
    }

    /// Gives names to those that have none.
    fn name(&mut self) -> bool {
        let begun = self.replacements.len();
        for found in self.gathered.found.iter().skip(begun) {
            // What is taken stays so: none is tried again.
            let number = self.numbers.entry(found.base.clone()).or_insert(0);
            let name = free(&found.base, number, |name| {
                self.names.contains(name) || self.gathered.named.contains(name)
            });
            self.names.insert(name.clone());
            let replacement = replacement(found, &name);
            self.taken.push(Taken {
                name,
                what: found.what,
                weak: replacement.is_weak(),
            });
            self.replacements.push(replacement);
        }
        self.replacements.len() > begun
    }
}

fn replacement(found: &Found, name: &str) -> Replacement {
    Replacement {
        value: found.value.clone(),
        marker: marker(name),
        key: found.key.clone(),
    }
}

/// The name, or the first free one with a number behind it.
fn free(base: &str, number: &mut u32, is_taken: impl Fn(&str) -> bool) -> String {
    loop {
        *number += 1;
        let name = match *number {
            1 => base.to_owned(),
            number => format!("{base}_{number}"),
        };
        if !is_taken(&name) {
            return name;
        }
    }
}
