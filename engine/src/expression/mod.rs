//! Expressions: what stands between `{{` and `}}`, and what a `when` says.
//!
//! One language with one static environment: no loops, no macros, no clock, no randomness. Only
//! `{{ }}` is syntax inside a text, keys are never templates, and an undefined value is an error.

mod compiled;
mod demand;
mod error;
mod extract;
mod functions;
mod handed;
mod language;
mod literal;
mod names;
mod node;
mod output;
mod resolve;
mod scan;
mod select;
mod template;
mod values;

pub use compiled::Expression;
pub use error::ExpressionError;
pub use extract::{
    enclosed, is_plain_path, is_plain_word, json as json_in, labelled, yaml as yaml_in,
};
pub use literal::literal;
pub use names::Names;
pub use scan::{Reference, References, Segment};
pub use template::{PlacedError, Template, path_part};
pub use values::{Frame, LoopNames, REVIEW, RunFacts, StepValue, Values};

pub use error::nearest;

/// The most steps that one evaluation may take.
pub const FUEL: u64 = 50_000;
/// The most bytes that one evaluation may make; reading a value as it stands is not making one.
pub const OUTPUT_LIMIT: usize = 1024 * 1024;
/// The longest source of one expression, in bytes. Frozen text (one string literal) may be longer.
pub const SOURCE_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests;
