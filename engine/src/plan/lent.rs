//! A plan to which a document is lent: what stands as it is in the configuration of a step is moved into the plan and
//! back, and is never there twice. A long document is run in little memory that way.

use super::{ActionKind, Plan, Written, build};
use crate::definition::{Document, Step};
use crate::event::HandlerList;
use crate::expression::Template;
use crate::{Finding, Json};
use serde_json::{Map, Value};
use std::sync::Arc;

impl Plan {
    /// Compiles a document that is lent. Until it is given back, the configurations of some steps are missing in
    /// [`Plan::document`]: such a plan is for running alone.
    ///
    /// # Errors
    /// As [`Plan::compile`], with the document.
    pub fn lend(document: Document) -> Result<Self, Box<(Document, Vec<Finding>)>> {
        let lends = !has_gate(&document);
        let document = Arc::new(document);
        match build::build(Arc::clone(&document), lends) {
            Ok(mut plan) => {
                drop(document);
                plan.take();
                Ok(plan)
            }
            Err(findings) => Err(Box::new((Arc::unwrap_or_clone(document), findings))),
        }
    }

    /// The document of a plan, whole again.
    pub fn give_back(plan: Arc<Self>) -> Document {
        match Arc::try_unwrap(plan) {
            Ok(mut plan) => {
                let mut document = Arc::unwrap_or_clone(plan.document);
                for (block, step) in plan.lent {
                    let planned = &mut plan.blocks[block].steps[step];
                    let with = std::mem::replace(&mut planned.with, Template::nothing());
                    let with = with.into_constant().map(Json::into_value);
                    put(&mut document, &planned.written, with);
                }
                document
            }
            // Somebody still runs it.
            Err(plan) => {
                let mut document = Document::clone(&plan.document);
                for (block, step) in &plan.lent {
                    let planned = &plan.blocks[*block].steps[*step];
                    let with = planned.with.constant().map(Json::to_value);
                    put(&mut document, &planned.written, with);
                }
                document
            }
        }
    }

    /// Moves what was left out of the plan into it.
    fn take(&mut self) {
        let Some(document) = Arc::get_mut(&mut self.document) else {
            return;
        };
        for (at, block) in self.blocks.iter_mut().enumerate() {
            for (index, planned) in block.steps.iter_mut().enumerate() {
                if planned.with.is_nothing()
                    && let Some(step) = planned.written.of_mut(document)
                    && let Some(with) = step.with.take()
                {
                    planned.with = Template::plain(Value::Object(with));
                    self.lent.push((at, index));
                }
            }
        }
    }
}

fn put(document: &mut Document, written: &Written, with: Option<Value>) {
    if let Some(step) = written.of_mut(document)
        && let Some(Value::Object(with)) = with
    {
        step.with = Some(with);
    }
}

impl Written {
    fn of_mut<'d>(&self, document: &'d mut Document) -> Option<&'d mut Step> {
        let Self::There { list, at, inside } = self else {
            return None;
        };
        let steps = match list {
            None => &mut document.steps,
            Some(HandlerList::OnFailure) => &mut document.on_failure,
            Some(HandlerList::Finally) => &mut document.finally,
            Some(HandlerList::Undo) => return None,
        };
        let mut step = steps.get_mut(*at as usize)?;
        for at in inside {
            step = step.steps.get_mut(*at as usize)?;
        }
        Some(step)
    }
}

/// Whether a configuration is the same in a plan and in its document, and nobody looks for it there.
pub(super) fn may_be_lent(kind: Option<ActionKind>, with: &Map<String, Value>) -> bool {
    let as_written = match kind {
        Some(ActionKind::Shell) => !with.contains_key("artifacts"),
        Some(
            ActionKind::Http
            | ActionKind::Mcp
            | ActionKind::Sql
            | ActionKind::File
            | ActionKind::Mail
            | ActionKind::Tool,
        ) => true,
        _ => false,
    };
    as_written && with.values().all(Template::is_plain)
}

/// Whether a step asks people, who are shown the configurations of others.
fn has_gate(document: &Document) -> bool {
    fn among(steps: &[Step]) -> bool {
        steps.iter().any(|step| {
            step.action.as_deref() == Some(ActionKind::ApprovalGate.name()) || among(&step.steps)
        })
    }
    let lists = [&document.steps, &document.on_failure, &document.finally];
    lists.into_iter().any(|steps| among(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Syntax, parse};

    const TEXT: &str = "
druse: 1
name: lent
steps:
  - { id: a, action: tool, with: { tool: get, arguments: { id: 7 } } }
  - { id: b, action: tool, with: { tool: put, arguments: { id: '{{ steps.a.output.id }}' } } }
  - { id: c, for_each: { items: [1, 2] }, steps: [{ id: d, action: http, with: { url: 'http://x', method: GET } }] }
finally:
  - { id: e, action: tool, with: { tool: end } }
";

    fn document(text: &str) -> Document {
        parse(text, Syntax::Yaml).unwrap().document
    }

    #[test]
    fn a_lent_document_is_planned_like_a_copied_one_and_given_back_whole() {
        let whole = document(TEXT);
        let copied = Plan::compile(Arc::new(whole.clone())).unwrap();
        let lent = Plan::lend(whole.clone()).unwrap();
        let withs = |plan: &Plan| -> Vec<String> {
            let steps = plan.blocks.iter().flat_map(|block| &block.steps);
            steps.map(|step| step.with.outline().to_string()).collect()
        };
        assert_eq!(withs(&lent), withs(&copied));
        let missing: Vec<bool> = lent
            .document
            .steps
            .iter()
            .map(|step| step.with.is_none())
            .collect();
        assert_eq!(missing, [true, false, true]);
        let lent = Arc::new(lent);
        // Also while somebody holds it.
        assert_eq!(Plan::give_back(Arc::clone(&lent)), whole);
        assert_eq!(Plan::give_back(lent), whole);
    }

    #[test]
    fn what_a_gate_shows_is_not_lent_and_what_is_wrong_comes_back() {
        let gate = format!(
            "{TEXT}on_failure:\n  - {{ id: f, action: approval_gate, with: {{ title: Go on }} }}\n"
        );
        let whole = document(&gate);
        let lent = Plan::lend(whole.clone()).unwrap();
        assert_eq!(*lent.document, whole);
        let wrong = document(&TEXT.replace("steps.a.output.id", "1 +"));
        let refused = Plan::lend(wrong.clone()).unwrap_err();
        assert_eq!(refused.0, wrong);
        assert!(!refused.1.is_empty());
    }
}
