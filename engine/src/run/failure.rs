//! Failures that the engine itself makes.

use crate::definition::FailureClass;
use crate::event::Failure;
use crate::expression::ExpressionError;
use serde_json::json;

/// The failure of a step or run whose expression has no value. `place` says where: `when`, `with`, …
pub(super) fn of_expression(error: &ExpressionError, place: &str) -> Failure {
    let path = error.path.as_deref().unwrap_or_default();
    let mut failure = Failure::new(
        FailureClass::Permanent,
        error.code,
        format!("{}{path}: {}", place, error.message),
    );
    if !error.help.is_empty() {
        failure.details = Some(json!({ "help": error.help }).into());
    }
    failure
}
