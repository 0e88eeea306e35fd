//! What is asked about a value that the agent brought along and that became an input.

use super::{From, named, question_id, which};
use crate::bound::binding::{Decided, Frozen, Source};
use crate::bound::repeat::is_of_run;
use crate::kept::Kept;
use crate::report::Question;
use crate::value_class;
use druse_engine::Finding;

/// The finding and the question about such a value of a change. It is an input unless a person says that it stays.
pub(super) fn of_brought(
    kept: &Kept<'_>,
    decided: &Decided,
    frozen: &Frozen,
    from: From<'_>,
) -> (Finding, Question) {
    let id = match &frozen.question {
        Some(id) => id.clone(),
        None => question_id(kept, &frozen.pointer),
    };
    let key = named(&frozen.key);
    let value = crate::show::value(&frozen.key, &frozen.value, 60);
    let bound = decided
        .bound
        .iter()
        .filter(|bound| bound.pointer == frozen.pointer)
        .flat_map(|bound| bound.bindings());
    let input = bound
        .filter_map(|binding| match &binding.source {
            Source::Input(name) => Some(name.as_str()),
            _ => None,
        })
        .next()
        .unwrap_or_default();
    let told = from.told(&frozen.value);
    if let Some(first) = of_day(frozen) {
        return of_time(kept, frozen, id, first);
    }
    let given = match is_of_run(&frozen.key, &frozen.value) {
        true => "Each run has to be given its own.",
        false => "A run that is given none takes the recorded one.",
    };
    let finding = Finding::warning(
        "made_by_agent",
        format!("{key} follows the new input `{input}`. In the recording it is {value}, which the agent made: {told}."),
    )
    .help(format!(
        "{given} Answer `{id}` with `constant` where it is the same in every run, with `input` where each is given it."
    ))
    .must_acknowledge();
    let choices = frozen.why.choices().unwrap_or_default();
    let mut answers: Vec<String> = choices.iter().map(|choice| choice.answer.clone()).collect();
    // What is taken where nobody answers comes first.
    answers.sort_by_key(|answer| answer != "input");
    let question = Question {
        id,
        step: kept.step.clone(),
        path: String::new(),
        text: format!(
            "{key} of `{}` is {value}; {told}. {}",
            kept.step,
            which(choices)
        ),
        default: "input".to_owned(),
        choices: answers,
        labels: Vec::new(),
    };
    (finding, question)
}

/// The choice that lets the day of a moment follow, where the time of day is what is asked about.
fn of_day(frozen: &Frozen) -> Option<&str> {
    let first = frozen.why.choices()?.first()?;
    (frozen.value.as_str().is_some_and(value_class::is_moment)
        && first.answer.starts_with("inputs."))
    .then_some(first.answer.as_str())
}

/// The finding and the question about a time of day that nobody said, of a moment whose day was said.
fn of_time(kept: &Kept<'_>, frozen: &Frozen, id: String, first: &str) -> (Finding, Question) {
    let key = named(&frozen.key);
    let value = crate::show::value(&frozen.key, &frozen.value, 60);
    let finding = Finding::warning(
        "made_by_agent",
        format!(
            "Of {key}, which is {value} in the recording, the day follows what the person said. The agent chose the time: nobody said it."
        ),
    )
    .help(format!(
        "Every run uses the recorded time. Answer `{id}` with `{first}` where that is right, with `input` where each run is given its own moment, with `constant` where the day stays, too."
    ))
    .must_acknowledge();
    let choices = frozen.why.choices().unwrap_or_default();
    let question = Question {
        id,
        step: kept.step.clone(),
        path: String::new(),
        text: format!(
            "{key} of `{}` is {value}. The person said the day, and nobody said the time. Is it this time in every run, on the day that the run is given (`{first}`), is the moment given anew in each (`input`), or is it the same in every run (`constant`)?",
            kept.step
        ),
        default: first.to_owned(),
        choices: choices.iter().map(|choice| choice.answer.clone()).collect(),
        labels: Vec::new(),
    };
    (finding, question)
}
