//! What an automation may touch.

use druse_engine::capability::Capabilities;
use maud::{Markup, html};
use serde_json::Value;

/// Programs that start what the line says which they are given.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "zsh", "ksh", "fish", "pwsh", "cmd"];

/// Those of the listed programs.
fn shells(capabilities: &Capabilities) -> Vec<&str> {
    let all = capabilities.programs.iter().map(String::as_str);
    all.filter(|program| {
        let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
        SHELLS.contains(&name.trim_end_matches(".exe"))
    })
    .collect()
}

/// The list, as people read it.
pub(super) fn list(automation: &Value) -> Markup {
    let capabilities: Capabilities =
        serde_json::from_value(automation["capabilities"].clone()).unwrap_or_default();
    let all = capabilities.said();
    html! {
        @if all.is_empty() { p .dim { "Nothing outside of itself." } } @else {
            dl .pairs {
                @for (list, items) in &all {
                    dt { (list) }
                    dd { @for (index, item) in items.iter().enumerate() { @if index > 0 { ", " } code .value { (item) } } }
                }
            }
            @let shells = shells(&capabilities);
            p .dim { "What is not listed is refused in each run, before anything is sent."
                @if !shells.is_empty() { " Not so for what a line of "
                    @for (index, one) in shells.iter().enumerate() { @if index > 0 { ", " } code { (one) } }
                    " starts: its programs are not in this list, and each is named where it is to be acknowledged." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nobody_is_told_that_a_shell_is_held_to_the_list() {
        let said = |programs: &[&str]| {
            let capabilities = json!({ "programs": programs });
            list(&json!({ "capabilities": capabilities })).into_string()
        };
        assert!(
            said(&["/bin/bash", "git"]).contains("what a line of <code>/bin/bash</code> starts")
        );
        assert!(!said(&["git", "dashboard"]).contains("a line of"));
    }
}
