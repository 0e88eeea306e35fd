//! The tests that stand in a document: whether they are tests of it.

use super::Context;
use crate::plan::Plan;
use crate::rehearsal::own_tests;
use std::sync::Arc;

pub(super) fn check(context: &mut Context<'_>) {
    if context.document.tests.is_empty() {
        return;
    }
    // What makes no plan has other things to be put right first.
    let Ok(plan) = Plan::compile(Arc::new(context.document.clone())) else {
        return;
    };
    for finding in own_tests(&plan).err().into_iter().flatten() {
        context.say(finding);
    }
}
