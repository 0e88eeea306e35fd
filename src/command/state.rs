//! States as the console shows them: the same shape before the same word, and the same sort of colour where a terminal
//! takes one.

use super::print;
use crate::console;
use serde_json::Value;
use std::borrow::Cow;

/// The states of which the shape and the word together have a colour, with its number for terminals.
const COLOURS: [(&str, u8); 12] = [
    ("succeeded", 32),
    ("approved", 32),
    ("failed", 31),
    ("rejected", 33),
    ("waiting", 33),
    ("pending", 33),
    ("paused", 33),
    ("running", 34),
    ("queued", 90),
    ("skipped", 90),
    ("uncertain", 35),
    ("canceled", 90),
];

/// Shape and word: `✓ succeeded`.
pub(super) fn named(status: &Value) -> String {
    match status.as_str() {
        None => print::cell(status),
        Some(status) => {
            let word = status.replace('_', " ");
            format!("{} {}", console::sign(status), print::shown(&word))
        }
    }
}

/// The shape alone, before a sentence that has the word.
pub(super) fn mark(status: &Value) -> &'static str {
    console::sign(status.as_str().unwrap_or_default())
}

/// A line with the states in it in their colours, where standard output takes colour.
pub(super) fn coloured(line: &str) -> Cow<'_, str> {
    match print::takes_colour() {
        true => painted(line),
        false => Cow::Borrowed(line),
    }
}

fn painted(line: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(line);
    for (state, colour) in COLOURS {
        let named = format!("{} {state}", console::sign(state));
        if line.contains(&named) {
            line = Cow::Owned(line.replace(&named, &format!("\x1b[{colour}m{named}\x1b[0m")));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_state_has_its_shape_and_its_word() {
        // The nine of the console.
        let nine = [
            ("succeeded", "✓ succeeded"),
            ("failed", "✕ failed"),
            ("rejected", "⊘ rejected"),
            ("waiting", "‖ waiting"),
            ("running", "▶ running"),
            ("queued", "○ queued"),
            ("skipped", "– skipped"),
            ("uncertain", "? uncertain"),
            ("canceled", "■ canceled"),
        ];
        for (state, shown) in nine {
            assert_eq!(named(&json!(state)), shown);
            assert!(shown.starts_with(mark(&json!(state))));
            let line = format!("run_1  {shown}  manual");
            let coloured = painted(&line);
            assert!(coloured.contains(&format!("m{shown}\x1b[0m")), "{coloured}");
        }
        assert_eq!(named(&json!("needs_review")), "! needs review");
        assert_eq!(named(&json!("not_known\n")), "· not known⟨U+000A⟩");
        assert_eq!(named(&Value::Null), "-");
    }

    /// Every state that the engine has is one of the nine, or of those that the console shows as one of them.
    #[test]
    fn no_state_of_a_run_or_step_is_without_a_shape() {
        use druse_engine::event::Status;
        let unknown = serde_json::from_value::<Status>(json!("none such"));
        let told = unknown.unwrap_err().to_string();
        let (_, list) = told.split_once("expected one of ").unwrap();
        let states: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        assert!(states.contains(&"rejected"), "{states:?}");
        for state in states {
            assert_ne!(mark(&json!(state)), "·", "{state} has no shape");
        }
    }
}
