//! `druse graph`.

use super::{Done, document, print};
use crate::cli::Graph;
use crate::client::EXIT_DATA;
use druse_engine::plan::Plan;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn graph(args: &Graph) -> Done {
    let loaded = document::load(&args.file)?;
    let plan = Plan::compile(Arc::new(loaded.document.clone())).map_err(|mut findings| {
        loaded.source.locate(&mut findings);
        document::wrong(&args.file, &loaded.text, &findings)
    });
    let plan = match plan {
        Ok(plan) => plan,
        Err(failure) => {
            eprintln!("{failure}");
            return Ok(ExitCode::from(EXIT_DATA));
        }
    };
    if args.dot {
        print::line("digraph automation {\n  rankdir=LR;\n  node [shape=box, style=rounded];");
    }
    for step in &plan.steps {
        let kind = step.kind.name();
        let needs: Vec<String> = step
            .needs
            .iter()
            .map(|need| match &need.case {
                Some(case) => format!("{}.{case}", plan.steps[need.step].path),
                None => plan.steps[need.step].path.to_string(),
            })
            .collect();
        if args.dot {
            print::line(&format!(
                "  \"{}\" [label=\"{}\\n{kind}\"];",
                step.path, step.path
            ));
            for need in &step.needs {
                let label = need
                    .case
                    .as_ref()
                    .map(|case| format!(" [label=\"{case}\"]"))
                    .unwrap_or_default();
                print::line(&format!(
                    "  \"{}\" -> \"{}\"{label};",
                    plan.steps[need.step].path, step.path
                ));
            }
        } else {
            let after = if needs.is_empty() {
                String::new()
            } else {
                format!("  after {}", needs.join(", "))
            };
            let when = if step.when.is_some() {
                "  (conditional)"
            } else {
                ""
            };
            print::line(&format!("{} [{kind}]{after}{when}", step.path));
        }
    }
    if args.dot {
        print::line("}");
    }
    Ok(ExitCode::SUCCESS)
}
