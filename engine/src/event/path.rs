//! Where a step stands in a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// Where a step stands in a run: its id, behind those of the loops around it and the numbers of their
/// passes (`each_invoice[3].pay`). Without a step at its end it is a pass of a loop (`each_invoice[3]`).
/// Steps of `on_failure` and `finally` stand behind that word (`finally.unlock`), what undoes a step and
/// what checks it behind the step (`each_invoice[3].pay.undo`, `pay.check`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepPath(pub Arc<str>);

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StepPath {
    /// Its parts from the outside in: an id, and the number of the pass where it is a loop that the path
    /// leads into. None where it is no path: each place has exactly one.
    pub fn parts(&self) -> impl Iterator<Item = Option<(&str, Option<u32>)>> {
        self.0.split('.').map(|part| {
            let Some((id, number)) = part.split_once('[') else {
                return Some((part, None));
            };
            let number = number.strip_suffix(']')?;
            let plain = number.bytes().all(|byte| byte.is_ascii_digit())
                && (number == "0" || !number.starts_with('0'));
            Some((id, Some(number.parse().ok().filter(|_| plain)?)))
        })
    }

    /// The pass of this loop with a number.
    pub fn pass(&self, number: u32) -> Self {
        Self(format!("{}[{number}]", self.0).into())
    }

    /// The step of this id in a pass.
    pub fn inner(&self, id: &str) -> Self {
        Self(format!("{}.{id}", self.0).into())
    }
}

impl From<&str> for StepPath {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}
