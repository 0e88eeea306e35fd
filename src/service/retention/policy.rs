//! What is said of how long history is kept, and what of that makes no sense.

use druse_engine::{Finding, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The least age at which runs may leave.
const SHORTEST: Span = Span::from_secs(60);

/// What is kept. Left out or null: for ever, and as much as there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// How long after their end runs are kept: `90d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub max_age: Option<Span>,
    /// How many ended runs of each automation are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_runs: Option<u64>,
    /// What the history may take of the disk, in bytes: a number, or a text such as `10GB`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "bytes")]
    #[schemars(with = "Option<u64>")]
    pub max_bytes: Option<u64>,
    /// What is kept of single automations, by name, instead of the above.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub automations: BTreeMap<String, Kept>,
}

/// What is kept of one automation. Left out or null: for ever, or as many as there are, while the quota
/// allows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Kept {
    /// How long after their end runs are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub max_age: Option<Span>,
    /// How many ended runs are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_runs: Option<u64>,
}

fn bytes<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    match Option::<Written>::deserialize(from)? {
        None => Ok(None),
        Some(Written::Number(number)) => Ok(Some(number)),
        Some(Written::Text(text)) => parse_bytes(&text).map(Some).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is no size such as 500MB or 10GiB"))
        }),
    }
}

/// A size as people write it.
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1u64 << 40,
        _ => return None,
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}

/// Limits under which no run would stay to be looked at: a slip that cannot be taken back.
fn keeps_nothing(max_age: Option<Span>, max_runs: Option<u64>, path: &str) -> Vec<Finding> {
    let mut wrong = Vec::new();
    if let Some(age) = max_age.filter(|age| *age < SHORTEST) {
        wrong.push(
            Finding::error(
                "keeps_nothing",
                format!("`max_age: {age}` would let runs go as soon as they end"),
            )
            .at_path(format!("{path}/max_age"))
            .help(format!(
                "the least is {SHORTEST}; leave it out to keep them for ever"
            )),
        );
    }
    if max_runs == Some(0) {
        wrong.push(
            Finding::error(
                "keeps_nothing",
                "`max_runs: 0` would let every ended run go",
            )
            .at_path(format!("{path}/max_runs"))
            .help("the least is 1; leave it out to keep all"),
        );
    }
    wrong
}

impl Retention {
    pub(super) fn of(&self, name: Option<&String>) -> Kept {
        match name.and_then(|name| self.automations.get(name)) {
            Some(own) => own.clone(),
            None => Kept {
                max_age: self.max_age,
                max_runs: self.max_runs,
            },
        }
    }

    /// What makes no sense, and what would let everything go.
    pub(super) fn findings(&self, names: &BTreeSet<String>) -> Vec<Finding> {
        let mut wrong = keeps_nothing(self.max_age, self.max_runs, "");
        if self.max_bytes.is_some_and(|bytes| bytes < 64 << 20) {
            wrong.push(
                Finding::error(
                    "quota_too_small",
                    "the history cannot be held to less than 64 MiB",
                )
                .at_path("/max_bytes")
                .help(
                    "write at least 67108864, or leave it out: then only age and count let runs go",
                ),
            );
        }
        for (name, own) in &self.automations {
            let path = format!(
                "/automations/{}",
                name.replace('~', "~0").replace('/', "~1")
            );
            wrong.extend(keeps_nothing(own.max_age, own.max_runs, &path));
            if !names.contains(name) {
                wrong.push(
                    Finding::error(
                        "unknown_automation",
                        format!("there is no automation {name:?}"),
                    )
                    .at_path(path)
                    .help("`druse automations list` has their names"),
                );
            }
        }
        wrong
    }

    /// Values that would let everything go, whoever stored them.
    pub(in crate::service) fn lets_all_go(&self) -> Vec<Finding> {
        let mut wrong = keeps_nothing(self.max_age, self.max_runs, "");
        for (name, own) in &self.automations {
            wrong.extend(keeps_nothing(own.max_age, own.max_runs, name));
        }
        wrong
    }

    /// Without those values: an older Druse took them, and nothing leaves by a slip.
    pub(super) fn sound(mut self) -> Self {
        let mend = |max_age: &mut Option<Span>, max_runs: &mut Option<u64>| {
            *max_age = max_age.filter(|age| *age >= SHORTEST);
            *max_runs = max_runs.filter(|runs| *runs > 0);
        };
        mend(&mut self.max_age, &mut self.max_runs);
        for own in self.automations.values_mut() {
            mend(&mut own.max_age, &mut own.max_runs);
        }
        self
    }

    pub(super) fn shortest(&self) -> Option<Span> {
        let own = self.automations.values().filter_map(|kept| kept.max_age);
        own.chain(self.max_age).min()
    }

    pub(super) fn counts(&self) -> bool {
        let mut own = self.automations.values();
        self.max_runs.is_some() || own.any(|kept| kept.max_runs.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_holds_nothing_is_refused() {
        let findings = |bytes: u64| {
            let retention = Retention {
                max_bytes: Some(bytes),
                ..Retention::default()
            };
            retention.findings(&BTreeSet::new())
        };
        assert_eq!(findings(64 << 20), []);
        let found = findings((64 << 20) - 1);
        assert_eq!(found[0].code, "quota_too_small");
        assert!(!found[0].help.is_empty());
    }
}
