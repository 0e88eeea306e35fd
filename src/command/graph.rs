//! `druse graph`.

use super::{Done, document, print};
use crate::cli::{Graph, Output};
use druse_engine::plan::{Block, Plan, PlannedStep};
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
    if args.dot {
        dot(&plan, plan.top(), "", 1);
    } else {
        list(&plan, plan.top(), 0);
    }
    if args.dot {
        print::line("}");
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(plan: &Plan) -> Value {
    json!({ "steps": steps(plan, plan.top(), "") })
}

/// The steps of a list, those of a loop's body inside of the loop; `path` is the way in.
fn steps(plan: &Plan, block: &Block, path: &str) -> Vec<Value> {
    let path_of = |step: &PlannedStep| format!("{path}{}", step.id);
    let steps = block.steps.iter();
    steps
        .map(|step| {
            let needs: Vec<Value> = step
                .needs
                .iter()
                .map(|need| json!({ "step": path_of(&block.steps[need.step]), "case": need.case }))
                .collect();
            let mut shown = json!({
                "path": path_of(step), "action": step.work.name(), "needs": needs,
                "conditional": step.when.is_some(),
            });
            if let Some(looped) = step.work.looped() {
                let inner = format!("{}[].", path_of(step));
                shown["steps"] = self::steps(plan, &plan.blocks[looped.body], &inner).into();
            }
            shown
        })
        .collect()
}

/// The steps of a list, those of a loop's body below the loop and further in.
fn list(plan: &Plan, block: &Block, depth: usize) {
    for step in &block.steps {
        let needs: Vec<String> = step
            .needs
            .iter()
            .map(|need| match &need.case {
                Some(case) => format!("{}.{case}", block.steps[need.step].id),
                None => block.steps[need.step].id.to_string(),
            })
            .collect();
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
        let kind = step.work.name();
        let indent = "  ".repeat(depth);
        print::line(&format!("{indent}{} [{kind}]{after}{when}", step.id));
        if let Some(looped) = step.work.looped() {
            list(plan, &plan.blocks[looped.body], depth + 1);
        }
    }
}

/// As [`list`], for Graphviz: a loop's body is a box beside the loop.
fn dot(plan: &Plan, block: &Block, path: &str, depth: usize) {
    let indent = "  ".repeat(depth);
    for step in &block.steps {
        let own = format!("{path}{}", step.id);
        let kind = step.work.name();
        print::line(&format!(
            "{indent}\"{own}\" [label=\"{}\\n{kind}\"];",
            step.id
        ));
        for need in &step.needs {
            let label = need
                .case
                .as_ref()
                .map(|case| format!(" [label=\"{case}\"]"))
                .unwrap_or_default();
            print::line(&format!(
                "{indent}\"{path}{}\" -> \"{own}\"{label};",
                block.steps[need.step].id
            ));
        }
        if let Some(looped) = step.work.looped() {
            let inner = format!("{own}[].");
            print::line(&format!("{indent}subgraph \"cluster_{own}\" {{"));
            print::line(&format!("{indent}  label=\"{}\";", step.id));
            dot(plan, &plan.blocks[looped.body], &inner, depth + 1);
            print::line(&format!("{indent}}}"));
        }
    }
}
