//! Paths of steps as people write them: `each[3].pay` is one step, `each[*].pay` is that step of all passes.

use crate::event::StepPath;
use crate::expression::nearest;
use crate::plan::{PROBE, Plan, UNDO};
use std::fmt;

/// A path, or all paths that differ only in the numbers of passes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    text: String,
    any: bool,
}

impl PathPattern {
    /// Reads one.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            any: text.contains("[*]"),
        }
    }

    /// Whether it names one path alone.
    pub fn is_exact(&self) -> bool {
        !self.any
    }

    /// Whether a path is meant.
    pub fn matches(&self, path: &StepPath) -> bool {
        if !self.any {
            return self.text == *path.0;
        }
        let mut rest: &str = &path.0;
        let mut parts = self.text.split("[*]");
        let Some(first) = parts.next() else {
            return false;
        };
        let Some(behind) = rest.strip_prefix(first) else {
            return false;
        };
        rest = behind;
        for part in parts {
            let Some(number) = rest.strip_prefix('[') else {
                return false;
            };
            let digits = number.bytes().take_while(u8::is_ascii_digit).count();
            let Some(behind) = number[digits..].strip_prefix(']') else {
                return false;
            };
            match behind.strip_prefix(part) {
                Some(behind) if digits > 0 => rest = behind,
                _ => return false,
            }
        }
        rest.is_empty()
    }

    /// The path of a step that it may mean, with the first pass where any is meant.
    pub fn example(&self) -> StepPath {
        StepPath(self.text.replace("[*]", "[0]").into())
    }

    /// Whether a plan has such a step; a pass alone is none.
    ///
    /// # Errors
    /// What could have been meant.
    pub fn check(&self, plan: &Plan) -> Result<(), String> {
        let example = self.example();
        if plan.find(&example).is_some() && !self.text.ends_with(']') {
            return Ok(());
        }
        let known = known(plan);
        let shape = shape(&self.text);
        // Who leaves out which pass is meant, means one that has this name without numbers.
        let same = known
            .iter()
            .find(|path| path.replace("[*]", "") == shape.replace("[*]", ""))
            // And who leaves out what it stands in, the one that ends like this.
            .or_else(|| {
                known
                    .iter()
                    .find(|path| path.ends_with(&format!(".{shape}")))
            });
        let near = same
            .map(String::as_str)
            .or_else(|| nearest(&shape, known.iter().map(String::as_str)));
        Err(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "the document has no steps".into(),
            None => format!("steps here: {}", known.join(", ")),
        })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A path with its numbers as `*`.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '[' => {
                inside = true;
                shape.push_str("[*]");
            }
            ']' => inside = false,
            _ if inside => {}
            other => shape.push(other),
        }
    }
    shape
}

/// All steps of a plan, those of loops for all passes, behind each what undoes and checks it, and then the handlers.
fn known(plan: &Plan) -> Vec<String> {
    fn walk(plan: &Plan, block: usize, head: &str, paths: &mut Vec<String>) {
        let Some(block) = plan.blocks.get(block) else {
            return;
        };
        for index in &block.written {
            let step = &block.steps[*index];
            let path = format!("{head}{}", step.id);
            let undo = step.undo.map(|_| format!("{path}.{UNDO}"));
            let probe = step.probe.as_ref().map(|_| format!("{path}.{PROBE}"));
            let inner = step
                .work
                .looped()
                .map(|looped| (looped, format!("{path}[*].")));
            paths.push(path);
            if let Some((looped, inner)) = inner {
                walk(plan, looped.body, &inner, paths);
            }
            paths.extend(undo);
            paths.extend(probe);
        }
    }
    let mut paths = Vec::new();
    walk(plan, 0, "", &mut paths);
    for (list, block) in &plan.handlers {
        walk(plan, *block, &format!("{}.", list.name()), &mut paths);
    }
    paths
}
