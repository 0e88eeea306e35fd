//! Simpler documents than one that broke a law.

use crate::testing::{DocumentSpec, KindSpec, OutputSpec, StepSpec, WhenSpec};

/// All documents that are simpler in one thing, those first that have become much simpler.
pub(super) fn simpler(spec: &DocumentSpec) -> Vec<DocumentSpec> {
    let mut found = Vec::new();
    let mut with = |change: &dyn Fn(&mut DocumentSpec)| {
        let mut other = spec.clone();
        change(&mut other);
        found.push(other);
    };
    if !spec.on_failure.is_empty() {
        with(&|other| other.on_failure.clear());
    }
    if !spec.finally.is_empty() {
        with(&|other| other.finally.clear());
    }
    for steps in lists(&spec.steps) {
        with(&|other| other.steps.clone_from(&steps));
    }
    for steps in lists(&spec.on_failure) {
        with(&|other| other.on_failure.clone_from(&steps));
    }
    for steps in lists(&spec.finally) {
        with(&|other| other.finally.clone_from(&steps));
    }
    if spec.undoes {
        with(&|other| other.undoes = false);
    }
    if spec.timeout.is_some() {
        with(&|other| other.timeout = None);
    }
    if spec.listed.is_some() {
        with(&|other| other.listed = None);
    }
    found
}

/// A list of steps without one of them, or with one that is simpler.
fn lists(steps: &[StepSpec]) -> Vec<Vec<StepSpec>> {
    let without = (0..steps.len()).rev().map(|gone| without(steps, gone));
    let changed = steps.iter().enumerate().flat_map(|(index, step)| {
        step_simpler(step).into_iter().map(move |step| {
            let mut steps = steps.to_vec();
            steps[index] = step;
            steps
        })
    });
    without.chain(changed).collect()
}

/// The steps without one; what needed it needs it no more.
fn without(steps: &[StepSpec], gone: usize) -> Vec<StepSpec> {
    let mut left = steps.to_vec();
    for (index, step) in left.iter_mut().enumerate().skip(gone + 1) {
        step.needs
            .retain(|need| index.checked_sub(need.back + 1) != Some(gone));
        for need in &mut step.needs {
            if index
                .checked_sub(need.back + 1)
                .is_some_and(|needed| needed < gone)
            {
                need.back -= 1;
            }
        }
    }
    left.remove(gone);
    left
}

fn step_simpler(step: &StepSpec) -> Vec<StepSpec> {
    let mut found = Vec::new();
    let mut with = |change: &dyn Fn(&mut StepSpec)| {
        let mut other = step.clone();
        change(&mut other);
        if other != *step {
            found.push(other);
        }
    };
    with(&|other| other.kind = KindSpec::Transform);
    match &step.kind {
        KindSpec::ForEach(each) => {
            for body in lists(&each.body)
                .into_iter()
                .filter(|body| !body.is_empty())
            {
                let mut each = each.clone();
                each.body = body;
                with(&|other| other.kind = KindSpec::ForEach(each.clone()));
            }
            let mut plain = each.clone();
            (plain.items, plain.parallel, plain.map) = (1, 1, false);
            (plain.until, plain.output) = (None, OutputSpec::Last);
            with(&|other| other.kind = KindSpec::ForEach(plain.clone()));
        }
        KindSpec::Repeat(repeat) => {
            for body in lists(&repeat.body)
                .into_iter()
                .filter(|body| !body.is_empty())
            {
                let mut repeat = repeat.clone();
                repeat.body = body;
                with(&|other| other.kind = KindSpec::Repeat(repeat.clone()));
            }
            let mut plain = repeat.clone();
            plain.hands_on = false;
            with(&|other| other.kind = KindSpec::Repeat(plain.clone()));
        }
        KindSpec::Transform => {}
        _ => with(&|other| other.kind = KindSpec::Effect("http")),
    }
    for need in 0..step.needs.len() {
        with(&|other| {
            other.needs.remove(need);
        });
    }
    with(&|other| other.when = WhenSpec::None);
    with(&|other| other.join = "all_succeeded");
    with(&|other| other.retry = None);
    with(&|other| other.timeout = None);
    with(&|other| other.goes_on = false);
    with(&|other| other.pauses = false);
    with(&|other| other.at_most_once = false);
    with(&|other| other.undo = false);
    found
}
