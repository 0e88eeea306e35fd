//! `druse inspect`.

use super::{Done, print, runs};
use crate::cli::Output;
use crate::client::{EXIT_DATA, EXIT_FAILED, Failure};
use crate::service::export::Export;
use druse_engine::definition::{Document, digest};
use druse_engine::event::{Entry, RunEvent};
use druse_engine::plan::Plan;
use druse_engine::run::Run;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Facts up to which every step is looked at after each.
const LONG: usize = 5_000;

/// An exported run that is gone through.
struct Walk {
    plan: Arc<Plan>,
    entries: Vec<Entry>,
}

pub(super) fn inspect(file: &Path, at: Option<u64>, output: Output) -> Done {
    let export = read(file)?;
    let mut problems = export.problems();
    let walk = walk(&export, &mut problems)?;
    match at {
        Some(at) => {
            let run = walk.after(at)?;
            let state = state(&run);
            match output {
                Output::Json => {
                    print::json(&json!({ "at": at, "run": state, "problems": problems }))
                }
                Output::Text => {
                    print::line(&walk.line(at)?);
                    show(&run);
                }
            }
        }
        None => walk.list(output, &problems)?,
    }
    if output == Output::Text {
        for problem in &problems {
            print::line(&format!("wrong: {problem}"));
        }
        let links = export.chain.len();
        if problems.is_empty() {
            print::line(&format!("The chain of its {links} links is unbroken."));
        }
    }
    let talks = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if talks && at.is_none() && output == Output::Text && problems.is_empty() {
        walk.talk()?;
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}

fn read(file: &Path) -> Result<Export, Failure> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|error| Failure::io(file, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            EXIT_DATA,
            "no_export",
            format!("{} is no exported run: {error}.", file.display()),
            "`druse runs export` prints one.",
        )
    })
}

fn wrong(message: String) -> Failure {
    Failure::new(EXIT_DATA, "broken_export", message, "Export the run again.")
}

fn walk(export: &Export, problems: &mut Vec<String>) -> Result<Walk, Failure> {
    let document = export.document.clone().ok_or_else(|| {
        wrong("The file lacks the document that the run ran: it had left the store.".into())
    })?;
    let document: Document = serde_json::from_value(document)
        .map_err(|error| wrong(format!("The document cannot be read: {error}.")))?;
    let Some(RunEvent::Created(start)) = export.entries.first().map(|entry| &entry.event) else {
        return Err(wrong(
            "The journal does not begin with the run's creation.".into(),
        ));
    };
    if digest(&document) != start.digest {
        problems.push("the document is not the one that the run ran".into());
    }
    let plan = Plan::compile(Arc::new(document))
        .map_err(|_| wrong("The document cannot be compiled by this version of Druse.".into()))?;
    Ok(Walk {
        plan: Arc::new(plan),
        entries: export.entries.clone(),
    })
}

impl Walk {
    fn last(&self) -> u64 {
        self.entries.len() as u64
    }

    fn entry(&self, at: u64) -> Result<&Entry, Failure> {
        let index = usize::try_from(at).ok().and_then(|at| at.checked_sub(1));
        index
            .and_then(|index| self.entries.get(index))
            .ok_or_else(|| {
                let message = format!("There is no fact {at}.");
                Failure::usage(message, format!("They go from 1 to {}.", self.last()))
            })
    }

    fn line(&self, at: u64) -> Result<String, Failure> {
        let entry = self.entry(at)?;
        let value = serde_json::to_value(entry).map_err(|error| Failure::internal(&error))?;
        Ok(format!("{at:>5}  {}  {}", entry.at, runs::words(&value)))
    }

    /// The run as it was after a fact.
    fn after(&self, at: u64) -> Result<Run, Failure> {
        self.entry(at)?;
        let entries = self.entries.iter().take(at as usize).cloned();
        Run::replay(self.plan.clone(), entries)
            .map_err(|error| wrong(format!("The journal does not hold together: {error}.")))
    }

    /// Every fact, with what it changed.
    fn list(&self, output: Output, problems: &[String]) -> Result<(), Failure> {
        let mut run = self.after(1)?;
        // In a very long journal what a fact says of its own step has to do.
        let whole = self.entries.len() <= LONG;
        let mut before = if whole {
            statuses(&run)
        } else {
            BTreeMap::new()
        };
        let mut facts = Vec::new();
        for at in 1..=self.last() {
            let entry = self.entry(at)?;
            if at > 1 {
                run.apply(entry).map_err(|error| {
                    wrong(format!("The journal does not hold together: {error}."))
                })?;
            }
            let now = if whole {
                statuses(&run)
            } else {
                BTreeMap::new()
            };
            let changed: BTreeMap<&String, &String> = now
                .iter()
                .filter(|(step, status)| at == 1 || before.get(*step) != Some(*status))
                .collect();
            match output {
                Output::Text => {
                    print::line(&self.line(at)?);
                    let changed: Vec<String> = changed
                        .iter()
                        .map(|(step, status)| format!("{step} {status}"))
                        .collect();
                    let shown = match changed.len() {
                        0 => String::new(),
                        1..=6 => format!("; {}", changed.join(", ")),
                        many => format!("; {} and {} more", changed[..6].join(", "), many - 6),
                    };
                    print::line(&format!("       {}{shown}", run.status().name()));
                }
                Output::Json => facts.push(json!({
                    "fact": entry, "status": run.status(), "changed": changed, "waits_for": run.waits_for(),
                })),
            }
            before = now;
        }
        if output == Output::Json {
            print::json(&json!({ "facts": facts, "problems": problems }));
        }
        Ok(())
    }

    /// Step by step, as a person asks.
    fn talk(&self) -> Result<(), Failure> {
        let mut at = self.last();
        let mut stdout = std::io::stdout();
        loop {
            let _ = write!(
                stdout,
                "fact {at} of {} [n]ext [p]revious [number] [q]uit: ",
                self.last()
            );
            let _ = stdout.flush();
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line).unwrap_or(0) == 0 {
                return Ok(());
            }
            at = match line.trim() {
                "q" => return Ok(()),
                "p" => at.saturating_sub(1).max(1),
                "" | "n" => (at + 1).min(self.last()),
                number => match number.parse() {
                    Ok(number) if self.entry(number).is_ok() => number,
                    _ => at,
                },
            };
            print::line(&self.line(at)?);
            show(&self.after(at)?);
        }
    }
}

fn statuses(run: &Run) -> BTreeMap<String, String> {
    let steps = run.steps().into_iter();
    steps
        .map(|step| (step.path.to_string(), step.status.name().to_owned()))
        .collect()
}

fn state(run: &Run) -> Value {
    json!({
        "status": run.status(), "waits_for": run.waits_for(), "outputs": run.outputs(),
        "error": run.failure(), "steps": run.steps(),
    })
}

fn show(run: &Run) {
    print::line(&format!(
        "       {}: {}",
        run.status().name(),
        run.waits_for()
    ));
    for step in run.steps() {
        let mut text = format!(
            "       {:<10} {} ({})",
            step.status.name(),
            step.path,
            step.action
        );
        if let Some(output) = &step.output {
            let output: String = output.text().chars().take(200).collect();
            text.push_str(&format!("  {}", print::shown(&output)));
        }
        if let Some(error) = &step.error {
            text.push_str(&format!("  {}", print::shown(&error.message)));
        }
        print::line(&text);
    }
}
