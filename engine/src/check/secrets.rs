//! Secrets in expressions. What an expression sees of a secret is a place that is filled in when the step is sent:
//! what changes or compares it changes and compares the place.

use super::Context;
use super::expressions::At;
use crate::Finding;
use crate::expression::Expression;

/// Says where an expression does something with a secret other than to hand it on or to join it with text.
pub(super) fn check(context: &mut Context<'_>, expression: &Expression, path: &str, at: &At<'_>) {
    if !at.secrets || expression.hands_on("secrets") {
        return;
    }
    let mut names: Vec<&str> = Vec::new();
    for name in expression.references().secrets() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let mut finding = Finding::error(
            "secret_changed",
            format!("the secret `{name}` is changed or compared here, and no expression sees its value"),
        )
        .help(format!(
            "write it alone, as `{{{{ secrets.{name} }}}}`, also within other text, or join it with `~`; store it as it has to be sent"
        ));
        if let Some(step) = at.step {
            finding = finding.at_step(step);
        }
        context.say(finding.at_path(path));
    }
}
