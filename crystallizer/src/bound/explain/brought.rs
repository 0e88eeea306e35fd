//! What is asked about a value that the agent brought along and that became an input.

use super::{From, named, question_id, which};
use crate::bound::binding::{Decided, Frozen, Source};
use crate::bound::repeat::is_of_run;
use crate::kept::Kept;
use crate::report::Question;
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
