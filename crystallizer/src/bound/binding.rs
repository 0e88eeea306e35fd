//! What was decided about the values of a call: where each comes from in a run, or why it stays.

use super::answers::{ColumnPlace, Of, Place, WholePlace};
use super::total::Total;
use super::transform::Transform;
use super::turn::Compared;
use serde_json::Value;

/// Where a bound value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// An input of the run.
    Input(String),
    /// What is made of several inputs, by the expression alone.
    Inputs(Vec<String>),
    /// A value in an earlier answer.
    Output(Place),
    /// A list or map of an earlier answer as a whole, with only these keys where some are named.
    Whole(WholePlace, Vec<String>),
    /// A field of every element of a list in an earlier answer.
    Column(ColumnPlace),
    /// What is made of a place in what this call answered: a figure of a text.
    Total(usize, Vec<String>, Total),
    /// The day on which the run begins, and so many days more; none where another day is counted from it.
    Clock(Option<i64>),
    /// What this expression makes of several, of which `v[0]` is the first.
    Parts(Vec<Binding>, String),
    /// A field of the element of the pass, in a loop over a list that this call answered.
    Item(usize, Vec<String>),
    /// The element of the pass, in a loop over the list of this input, which a person named one by one.
    Named(String),
    /// A field of the element of the round, in a loop inside of another; the list is held by what this call answered.
    Inside(usize, Vec<String>),
    /// A field of what this place of the body answered in the same pass; with the call of the first pass there.
    Pass(usize, Vec<String>),
    /// The number of the pass, from 0, times so many and so many more.
    Counted { step: i64, from: i64 },
    /// The number of the pass, in a loop that counts; as a text with at least so many digits, where that is not none.
    /// `inside`: that of the round, of a loop inside that counts.
    Number { digits: usize, inside: bool },
}

/// A value that a run works out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binding {
    /// What gives it.
    pub(super) expression: String,
    pub(super) source: Source,
    pub(super) transform: Transform,
    /// How much speaks for this source.
    pub(super) score: f64,
    /// Why, in words.
    pub(super) because: String,
    /// Other sources that have to agree with it in every run.
    pub(super) agreeing: Vec<String>,
    /// Whether the value is taken out of a text by what stands around it.
    pub(super) from_text: bool,
    /// What is compared on the way to it.
    pub(super) compared: Compared,
    /// The value that it has in the recording.
    pub(super) value: Value,
}

impl Binding {
    /// Whether the value is found by what stands around it in a text, not by a label.
    pub(super) fn is_by_wording(&self) -> bool {
        matches!(&self.source, Source::Output(place) if place.of == Of::Word)
    }
}

/// A part of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Value(Box<Binding>),
}

/// A value that is bound: as a whole, or with fixed text around what is bound.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    /// JSON Pointer in the call's arguments.
    pub(super) pointer: String,
    /// The nearest key.
    pub(super) key: String,
    pub(super) pieces: Vec<Piece>,
}

impl Bound {
    /// What stands for it in the document.
    pub(super) fn written(&self) -> String {
        written(&self.pieces)
    }

    pub(super) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(binding) => Some(binding.as_ref()),
            Piece::Text(_) => None,
        })
    }
}

/// Pieces as one expression, which gives the whole text.
pub(super) fn joined(pieces: &[Piece]) -> String {
    let all: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(fixed) => super::evaluate::quoted(fixed),
            Piece::Value(binding) => format!("({})", binding.expression),
        })
        .collect();
    all.join(" ~ ")
}

/// Pieces as a template.
pub(super) fn written(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            // A brace before an expression would be read as a part of it.
            Piece::Text(fixed) if fixed.contains("{{") || fixed.ends_with('{') => {
                text.push_str(&format!("{{{{ {} }}}}", super::evaluate::quoted(fixed)));
            }
            Piece::Text(fixed) => text.push_str(fixed),
            Piece::Value(binding) => text.push_str(&format!("{{{{ {} }}}}", binding.expression)),
        }
    }
    text
}

/// One answer to the question where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    /// What is written as the answer: `constant`, `input`, or the expression.
    pub(super) answer: String,
    /// What it would be, where it is an expression.
    pub(super) binding: Option<Box<Binding>>,
    /// Whether nothing but a person takes it: it goes by a place in a list that is neither the first nor the last, or
    /// it is a formula.
    pub(super) is_only_offered: bool,
    /// Whether it is what a call gave, not one of several things in its answer.
    pub(super) is_given: bool,
}

impl Choice {
    /// Whether it names what the value is taken from. What that would be is given up once all is decided.
    pub(super) fn is_source(&self) -> bool {
        !matches!(self.answer.as_str(), "constant" | "input")
    }
}

/// Why a value stays as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Why {
    /// It looks like a secret.
    Secret,
    /// The tool takes it when nothing is said.
    Default,
    /// The instructions name it, in these words.
    Instructions(String),
    /// It stands in answers, but so small or common a value does by chance.
    Chance,
    /// It looks made by the clock or by chance.
    Volatile(&'static str, Vec<Choice>),
    /// Nobody said it and nothing answered it: the agent made it.
    Agent,
    /// Several sources, or one that not enough speaks for.
    Unsure(Vec<Choice>),
    /// Its source is one of several alike, and only its place tells which.
    Unpicked(Vec<Choice>),
    /// A text that was answered before holds it, and no source is known.
    Held(Vec<Choice>),
    /// Data that nobody said and nothing answered, where it matters.
    Made(Vec<Choice>),
    /// A day that nobody named, while the person spoke of days by their distance.
    Day(Vec<Choice>),
    /// It differs between recordings of the task, and nothing explains how.
    Varied(Vec<Choice>),
    /// It is the same in all recordings of the task, while other values differ.
    Confirmed,
    /// A person said that it stays.
    Answered,
}

impl Why {
    /// The open choices, where there is a question.
    pub(super) fn choices(&self) -> Option<&[Choice]> {
        match self {
            Self::Unsure(choices)
            | Self::Unpicked(choices)
            | Self::Day(choices)
            | Self::Made(choices)
            | Self::Held(choices)
            | Self::Varied(choices)
            | Self::Volatile(_, choices) => Some(choices),
            _ => None,
        }
    }

    fn choices_mut(&mut self) -> Option<&mut Vec<Choice>> {
        match self {
            Self::Unsure(choices)
            | Self::Unpicked(choices)
            | Self::Day(choices)
            | Self::Made(choices)
            | Self::Held(choices)
            | Self::Varied(choices)
            | Self::Volatile(_, choices) => Some(choices),
            _ => None,
        }
    }
}

/// A value that stays.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frozen {
    pub(super) pointer: String,
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) why: Why,
    /// The id of the question that it leaves open.
    pub(super) question: Option<String>,
}

/// What was decided about one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Decided {
    pub(super) bound: Vec<Bound>,
    pub(super) frozen: Vec<Frozen>,
    /// Those of the bound that the agent brought along, and that a person is asked about.
    pub(super) brought: Vec<Frozen>,
}

impl Decided {
    /// Gives up what only served to decide: of the choices that are left open, people are told the answers alone.
    pub(super) fn settle(&mut self) {
        for frozen in self.frozen.iter_mut().chain(&mut self.brought) {
            if let Some(choices) = frozen.why.choices_mut() {
                for choice in choices.iter_mut() {
                    choice.binding = None;
                }
                choices.shrink_to_fit();
            }
        }
        self.bound.shrink_to_fit();
        self.frozen.shrink_to_fit();
    }
}
