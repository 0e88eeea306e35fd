//! `druse graph`.

use super::{Done, document, print};
use crate::cli::{Graph, Output};
use druse_engine::plan::Plan;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn graph(args: &Graph) -> Done {
    let loaded = document::load(&args.file)?;
    let plan = Plan::compile(Arc::new(loaded.document.clone())).map_err(|mut findings| {
        loaded.source.locate(&mut findings);
        document::wrong(&args.file, &loaded.text, &findings)
    })?;
    if args.output == Output::Json {
        print::json(&as_json(&plan));
        return Ok(ExitCode::SUCCESS);
    }
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

fn as_json(plan: &Plan) -> Value {
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            let needs: Vec<Value> = step
                .needs
                .iter()
                .map(|need| json!({ "step": plan.steps[need.step].path, "case": need.case }))
                .collect();
            json!({
                "path": step.path, "action": step.kind.name(), "needs": needs,
                "conditional": step.when.is_some(),
            })
        })
        .collect();
    json!({ "steps": steps })
}
