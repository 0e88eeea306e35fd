//! Puts secrets in the place of `{{ secrets.NAME }}`.

use super::{Secret, is_name};
use std::ops::Range;

/// A named secret that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSecret(pub String);

/// The text with each `{{ secrets.NAME }}` replaced for which `allowed` holds; others stay as they are.
/// What is filled in is not looked at again, so a secret cannot name another one.
///
/// # Errors
/// When an allowed name has no value.
pub fn fill(
    text: &str,
    allowed: impl Fn(&str) -> bool,
    value: impl Fn(&str) -> Option<Secret>,
) -> Result<String, MissingSecret> {
    let mut filled = String::with_capacity(text.len());
    let mut from = 0;
    for (range, name) in places(text) {
        if allowed(name) {
            let value = value(name).ok_or_else(|| MissingSecret(name.into()))?;
            filled.push_str(&text[from..range.start]);
            filled.push_str(value.expose());
            from = range.end;
        }
    }
    filled.push_str(&text[from..]);
    Ok(filled)
}

/// The names of the secrets that a text wants, in order, repeated as they are.
pub fn names_in(text: &str) -> Vec<&str> {
    places(text).into_iter().map(|(_, name)| name).collect()
}

fn places(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|at| from + at) {
        let Some(end) = text[start..].find("}}").map(|at| start + at) else {
            break;
        };
        let name = text[start + 2..end].trim().strip_prefix("secrets.");
        match name.filter(|name| is_name(name)) {
            Some(name) => {
                found.push((start..end + 2, name));
                from = end + 2;
            }
            // The next one may begin inside: `{{{ secrets.A }}`.
            None => from = start + 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<Secret> {
        match name {
            "A" => Some("aaa {{ secrets.B }}".into()),
            "B" => Some("bbb".into()),
            _ => None,
        }
    }

    #[test]
    fn fills_what_is_allowed_and_nothing_else() {
        let only = |allowed: &'static str| move |name: &str| name == allowed;
        let both = |_: &str| true;
        for (text, expected) in [
            ("Bearer {{ secrets.B }}", "Bearer bbb"),
            ("{{secrets.B}}/{{  secrets.B  }}", "bbb/bbb"),
            ("{{ secrets.A }}", "{{ secrets.A }}"),
            ("{{{ secrets.B }}", "{bbb"),
            ("{{ inputs.x }} {{ secrets.B", "{{ inputs.x }} {{ secrets.B"),
            ("{{ secrets.B.c }}", "{{ secrets.B.c }}"),
            ("ä{{ secrets.B }}ö", "äbbbö"),
        ] {
            assert_eq!(fill(text, only("B"), value).as_deref(), Ok(expected));
        }
        assert_eq!(
            fill("{{ secrets.A }}", both, value).as_deref(),
            Ok("aaa {{ secrets.B }}")
        );
        assert_eq!(
            fill("{{ secrets.C }}", both, value),
            Err(MissingSecret("C".into()))
        );
        assert_eq!(names_in("{{ secrets.A }}{{ secrets.B }}"), ["A", "B"]);
    }
}
