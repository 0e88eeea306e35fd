//! Which loops and conditions of a program a draft has, and which it has that the program does not have.

use super::table::share;
use druse_engine::definition::{Document, Step};

/// Loops and conditions, counted.
#[derive(Default, Debug, Clone)]
pub(super) struct Constructs {
    /// Those of the programs that the recordings show.
    meant: u64,
    /// Those of the drafts.
    found: u64,
    /// Those that are in both.
    right: u64,
    /// Those of accepted drafts that their programs do not have.
    accepted_wrong: u64,
}

impl Constructs {
    /// Counts those of a draft beside those that are meant. Gives what is on one side only.
    pub(super) fn count(
        &mut self,
        meant: &[String],
        document: &Document,
        accepted: bool,
    ) -> Vec<String> {
        let mut left = meant.to_vec();
        let mut found = Vec::new();
        of(&document.steps, &mut found);
        let mut odd = Vec::new();
        for one in &found {
            match left.iter().position(|meant| meant == one) {
                Some(at) => {
                    left.remove(at);
                    self.right += 1;
                }
                None => {
                    self.accepted_wrong += u64::from(accepted);
                    odd.push(format!("wrong: {one}"));
                }
            }
        }
        self.meant += meant.len() as u64;
        self.found += found.len() as u64;
        odd.extend(left.into_iter().map(|one| format!("missing: {one}")));
        odd
    }

    /// A row of a table.
    pub(super) fn row(&self, name: &str) -> String {
        let f1 = 200.0 * self.right as f64 / (self.meant + self.found).max(1) as f64;
        format!(
            "\n| loops and conditions | found of those meant | right of those found | F1 | wrong ones accepted |\n|---|---|---|---|---|\n| {name} | {} | {} | {f1:.1} % | {} |\n",
            share(self.right, self.meant),
            share(self.right, self.found),
            share(self.accepted_wrong, self.found),
        )
    }
}

/// Those of a list of steps: the kind, and the tools that stand in the body itself.
fn of(steps: &[Step], found: &mut Vec<String>) {
    let tool = |step: &Step| {
        let with = step.with.as_ref()?;
        with.get("tool")?.as_str().map(str::to_owned)
    };
    for step in steps {
        let kind = match (&step.for_each, &step.repeat) {
            (Some(_), _) => Some("for_each"),
            (_, Some(_)) => Some("repeat"),
            _ => None,
        };
        if let Some(kind) = kind {
            let mut tools: Vec<String> = step.steps.iter().filter_map(tool).collect();
            tools.sort_unstable();
            found.push(format!("{kind} {}", tools.join(" ")));
        }
        let is_condition = step
            .when
            .as_deref()
            .is_some_and(|when| when.split(" and ").any(|part| !part.contains(".status ")));
        if is_condition && let Some(tool) = tool(step) {
            found.push(format!("if {tool}"));
        }
        of(&step.steps, found);
    }
}
