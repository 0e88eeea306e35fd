//! Which loops and conditions of a program a draft has, and which it has that the program does not have.

use super::super::figures::{self, Line};
use super::table::share;
use druse_engine::definition::{Document, Step};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Those of each kind of programs that were measured so far.
static MEASURED: Mutex<BTreeMap<&'static str, Constructs>> = Mutex::new(BTreeMap::new());

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
    /// Counts those of a draft beside those that are meant. Gives what is on one side only, and how many of an accepted
    /// draft are among those that nobody said: whether they are right is seen when it has run.
    pub(super) fn count(
        &mut self,
        meant: &[String],
        unsaid: &[String],
        document: &Document,
        accepted: bool,
    ) -> (Vec<String>, u64) {
        let mut left = meant.to_vec();
        let mut unsaid = unsaid.to_vec();
        let mut open = 0;
        let mut found = Vec::new();
        of(&document.steps, &mut found);
        let mut odd = Vec::new();
        for one in &found {
            match left.iter().position(|meant| meant == one) {
                Some(at) => {
                    left.remove(at);
                    self.right += 1;
                }
                None if accepted && unsaid.contains(one) => {
                    unsaid.retain(|other| other != one);
                    open += 1;
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
        (odd, open)
    }

    /// Counts those of an accepted draft that nobody said: they are those of the program where the draft did in every
    /// run what the program does.
    pub(super) fn settle(&mut self, open: u64, did_the_same: bool) {
        match did_the_same {
            true => {
                self.meant += open;
                self.right += open;
            }
            false => self.accepted_wrong += open,
        }
    }

    /// Twice those in both, of those on either side.
    fn f1(&self) -> f64 {
        200.0 * self.right as f64 / (self.meant + self.found).max(1) as f64
    }

    /// Tells those of all kinds of programs that were measured so far.
    pub(super) fn tell(&self, family: &'static str) {
        let mut all = MEASURED
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        all.insert(family, self.clone());
        let sum = all.values().fold(Self::default(), |sum, one| Self {
            meant: sum.meant + one.meant,
            found: sum.found + one.found,
            right: sum.right + one.right,
            accepted_wrong: sum.accepted_wrong + one.accepted_wrong,
        });
        figures::line(&Line {
            measure: "loops and branches found",
            n: format!("{} meant, {} found", sum.meant, sum.found),
            coverage: format!("found of those meant {}", share(sum.right, sum.meant)),
            success: format!(
                "right of those found {}; F1 {:.1} %",
                share(sum.right, sum.found),
                sum.f1()
            ),
            wrong: format!("accepted {}", share(sum.accepted_wrong, sum.found)),
            reach: "F1 ≥ 90 %, 0 wrong",
        });
    }

    /// A table of its own, where there are any.
    pub(super) fn row(&self, name: &str) -> String {
        if self.meant + self.found == 0 {
            return String::new();
        }
        let f1 = self.f1();
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
