//! A document that is run and not copied for it.

use druse_engine::definition::Document;
use druse_engine::plan::Plan;
use std::sync::Arc;

/// Works with the plan of a document, to which its steps are lent. What is said about it for people is of no
/// consequence there. None where it cannot be run: the findings of the check say what is wrong.
pub(crate) fn with_plan<T>(
    document: &mut Document,
    prepare: impl FnOnce(&mut Document),
    work: impl FnOnce(&Arc<Plan>) -> T,
) -> Option<T> {
    let steps = std::mem::take(&mut document.steps);
    let metadata = std::mem::take(&mut document.metadata);
    let mut lent = Document {
        steps,
        ..document.clone()
    };
    document.metadata = metadata;
    prepare(&mut lent);
    match Plan::lend(lent) {
        Ok(plan) => {
            let plan = Arc::new(plan);
            let made = work(&plan);
            document.steps = Plan::give_back(plan).steps;
            Some(made)
        }
        Err(refused) => {
            document.steps = refused.0.steps;
            None
        }
    }
}
