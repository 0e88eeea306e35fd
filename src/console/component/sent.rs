//! What a form sent, shown where it is not in the form any more.

use crate::console::call::Call;
use crate::console::visible::Kept;
use maud::{Markup, html};

/// What pages send along for themselves.
const OWN: [&str; 7] = [
    "tag", "over", "version", "digest", "prefix", "index", "change",
];

/// Whether what is written under a name may be secret: a secret, a token, a password, or a field of a run or of a
/// gate, of which the schema says whether it is sensitive and the form does not.
fn may_be_secret(name: &str) -> bool {
    ["value", "hook_value", "token"].contains(&name)
        || name.starts_with("field.")
        || name.contains("password")
}

/// What stands for a value that whoever looks at the screen may see; nothing for one that may be secret.
pub(in crate::console) fn seen<'v>(name: &str, value: &'v str) -> Option<&'v str> {
    (!may_be_secret(name)).then_some(value)
}

/// What a refused form held, to be copied from a page that cannot take it.
pub(in crate::console) fn lost(call: &Call) -> Markup {
    let all: Vec<(&str, &str)> = call
        .form
        .pairs()
        .filter(|(name, value)| {
            !name.starts_with('_') && !OWN.contains(name) && !value.trim().is_empty()
        })
        .collect();
    html! {
        @if !all.is_empty() {
            section .sent aria-label="What you wrote" {
                h2 { "What you wrote" }
                p .dim { "It was not saved. It is kept nowhere else." }
                @for (index, (name, value)) in all.iter().enumerate() {
                    div .field {
                        @let id = format!("sent-{index}");
                        label for=(id) { (name) }
                        @match seen(name, value) {
                            Some(value) => textarea .code #(id) rows=(value.lines().count().clamp(1, 28)) readonly spellcheck="false" { (Kept(value)) },
                            None => input #(id) value="not shown" disabled;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_seen() {
        for name in [
            "value",
            "hook_value",
            "token",
            "field.pin",
            "connection.password",
        ] {
            assert_eq!(seen(name, "SuperSecret123"), None, "{name}");
        }
        assert_eq!(seen("document", "druse: 1"), Some("druse: 1"));
    }
}
