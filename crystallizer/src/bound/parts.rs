//! Values that are made of several: what a record had and something more, texts with signs between them.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Source, Why};
use super::evaluate::member;
use super::total::Total;
use super::transform::Transform;
use super::turn::{Compared, closed};
use super::unsourced::open_choices;
use serde_json::Value;

/// The most choices of a question that are made of several.
const MOST_OFFERED: usize = 3;

/// What a binding is made of: itself, where it is no value of several.
pub(super) fn of(binding: &Binding) -> Vec<&Binding> {
    match &binding.source {
        Source::Parts(parts, _) => parts.iter().collect(),
        _ => vec![binding],
    }
}

/// The value that an expression makes of several. It is written with what stands for each of them.
pub(super) fn made(
    parts: Vec<Binding>,
    value: &Value,
    because: &str,
    write: impl Fn(&[String]) -> String,
) -> Binding {
    let places: Vec<String> = (0..parts.len()).map(|at| format!("v[{at}]")).collect();
    let own: Vec<String> = parts.iter().map(|part| closed(&part.expression)).collect();
    let mut compared = Compared::default();
    for part in &parts {
        compared.join(part.compared.clone());
    }
    Binding {
        expression: write(&own),
        source: Source::Parts(parts, write(&places)),
        transform: Transform::default(),
        score: 0.0,
        because: because.to_owned(),
        agreeing: Vec::new(),
        from_text: false,
        compared,
        value: value.clone(),
    }
}

/// What an input gives as it is.
pub(super) fn of_input(name: &str, value: &Value) -> Binding {
    Binding {
        expression: format!("inputs.{name}"),
        source: Source::Input(name.to_owned()),
        transform: Transform::default(),
        score: 0.0,
        because: "the person said it".to_owned(),
        agreeing: Vec::new(),
        from_text: false,
        compared: Compared::default(),
        value: value.clone(),
    }
}

impl Binder<'_, '_> {
    /// What gives the value at a place that keys lead to in what a call answered.
    pub(super) fn field_of(
        &mut self,
        call: usize,
        path: &[String],
        total: Total,
        value: &Value,
    ) -> Option<Binding> {
        let mut place = closed(&self.router.base(self.kept, call)?);
        for key in path {
            place.push_str(&member(key));
        }
        Some(Binding {
            expression: total.write(&place),
            source: Source::Total(call, path.to_vec(), total),
            transform: Transform::default(),
            score: 0.0,
            because: "the answer held it in the recording".to_owned(),
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: value.clone(),
        })
    }

    /// The question about a value, with those of some bindings that give it.
    pub(super) fn one_of(&self, sent: &Sent<'_>, all: Vec<Binding>) -> Why {
        let mut choices = open_choices();
        let gives = |binding: &Binding| {
            self.recorded.evaluate(&binding.expression).as_ref() == Some(sent.value)
        };
        for binding in all.into_iter().filter(gives) {
            let is_new = choices
                .iter()
                .all(|known| known.answer != binding.expression);
            if is_new && choices.len() < 2 + MOST_OFFERED {
                choices.push(Choice {
                    answer: binding.expression.clone(),
                    binding: Some(Box::new(binding)),
                    is_only_offered: false,
                    is_given: false,
                });
            }
        }
        Why::Unsure(choices)
    }
}
