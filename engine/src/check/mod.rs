//! Whether a document makes sense: names, order, expressions, configurations. All findings at once.

mod actions;
mod address;
mod artifacts;
mod capability;
mod data;
mod despite;
mod expressions;
mod gate;
mod graph;
mod handlers;
mod list;
mod looping;
mod probe;
mod pulls;
mod refused;
mod rehearsal;
mod schemas;
mod secrets;
mod sensitive;
mod settings;
mod skips;
mod triggers;
mod written;

pub use actions::example_of;
pub use refused::reads_step;
pub(crate) use sensitive::misplaced;

use crate::definition::{Document, Schedule};
use crate::expression::nearest;
use crate::finding::hint;
use crate::{Finding, plan};
use std::collections::{BTreeMap, BTreeSet};

/// Says in one sentence what is wrong with a schedule.
pub type ScheduleRule = fn(&Schedule) -> Result<(), String>;

/// What exists around a document. `None` means not known, and then it is not checked.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Connections: name to kind (`http`, `mcp`, `sqlite`, …); an empty kind is one that is not known.
    pub connections: Option<BTreeMap<String, String>>,
    /// Names of secrets.
    pub secrets: Option<BTreeSet<String>>,
    /// Names of automations.
    pub automations: Option<BTreeSet<String>>,
    /// Whether a schedule is right; the rules are in the crate of triggers. The error is one sentence.
    pub schedule: Option<ScheduleRule>,
}

pub(crate) use despite::despite;

/// Everything that is to be said about a document, in document order; then what it carries from its recording.
pub fn check(document: &Document, catalog: &Catalog) -> Vec<Finding> {
    checked(document, catalog, true)
}

/// The same of a document that is just made of a recording, without `unmapped_tool`: whoever makes it says that once for
/// each tool, and it would be said of each step.
pub fn check_recorded(document: &Document, catalog: &Catalog) -> Vec<Finding> {
    checked(document, catalog, false)
}

fn checked(document: &Document, catalog: &Catalog, tools: bool) -> Vec<Finding> {
    let lists = list::lists(document);
    let mut context = Context {
        document,
        catalog,
        lists: &lists,
        tools,
        findings: Vec::new(),
    };
    settings::check(&mut context);
    graph::check(&mut context);
    triggers::check(&mut context);
    for (number, list) in lists.iter().enumerate() {
        for (position, step) in list.steps.iter().enumerate() {
            let path = list.at(position);
            actions::check(&mut context, &path, step);
            handlers::check(&mut context, number, position);
            probe::check(&mut context, number, position);
            looping::check(&mut context, number, position);
            refused::check(&mut context, number, position);
            expressions::step(&mut context, number, &path, step);
        }
    }
    expressions::document(&mut context);
    skips::check(&mut context);
    sensitive::check(&mut context);
    capability::check(&mut context);
    for (path, steps) in [
        ("/steps", &document.steps),
        ("/on_failure", &document.on_failure),
        ("/finally", &document.finally),
    ] {
        plan::send_back_findings(steps, path, &mut context.findings);
    }
    rehearsal::check(&mut context);
    let mut findings = finish(context.findings);
    findings.extend(crate::carried::findings(document));
    hint(&mut findings);
    findings
}

/// What the parts of the check share.
struct Context<'a> {
    document: &'a Document,
    catalog: &'a Catalog,
    lists: &'a [list::List<'a>],
    /// Whether recorded tools that nothing maps are said.
    tools: bool,
    findings: Vec<Finding>,
}

impl Context<'_> {
    fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// Adds "did you mean" or else something to go on with.
fn suggest<'a>(
    finding: Finding,
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> Finding {
    match nearest(wrong, known) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(otherwise),
    }
}

/// Puts findings into document order, once each, with ids of their own.
fn finish(mut findings: Vec<Finding>) -> Vec<Finding> {
    let order = |path: &str| -> Vec<(u8, usize, String)> {
        const PARTS: [&str; 16] = [
            "druse",
            "name",
            "description",
            "inputs",
            "triggers",
            "concurrency",
            "steps",
            "on_failure",
            "finally",
            "undo_on_failure",
            "timeout",
            "priority",
            "outputs",
            "capabilities",
            "metadata",
            "tests",
        ];
        path.split('/')
            .skip(1)
            .enumerate()
            .map(|(depth, part)| {
                let place = if depth == 0 {
                    PARTS.iter().position(|known| *known == part).unwrap_or(99)
                } else {
                    part.parse().unwrap_or(usize::MAX)
                };
                (0, place, part.to_owned())
            })
            .collect()
    };
    findings.sort_by_cached_key(|finding| order(finding.path.as_deref().unwrap_or("")));
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert((finding.id.clone(), finding.message.clone())));
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &mut findings {
        let count = ids.entry(finding.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            finding.id = format!("{}#{count}", finding.id);
        }
    }
    findings
}

#[cfg(test)]
mod tests;
