//! Secrets in recordings: how they are told, how they are taken out before anything is kept, and where a draft may
//! hold their names.

mod findings;
mod form;
mod gather;
mod key;
mod lift;
mod option;
mod overwrite;
mod place;
mod scan;
mod shell;
mod told;

pub(crate) use findings::findings;
pub(crate) use lift::{Lift, Taken};
pub(crate) use place::{Names, settle};
pub(crate) use told::{told, told_elsewhere};

/// What a value looks like, in words; `None` when it looks like none. The name of a secret counts as one.
pub(crate) fn kind(key: &str, value: &str) -> Option<&'static str> {
    if holds_name(value) {
        return Some("a secret");
    }
    if let Some(hit) = form::hits(value).into_iter().next() {
        return Some(hit.what);
    }
    let sort = key::sort_of(key)?;
    key::stands_under_key(sort, value.trim()).then(|| sort.what())
}

/// Whether a text holds the name of a secret in its place.
fn holds_name(text: &str) -> bool {
    text.contains("{{ secrets.")
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn known_forms_and_keys() {
        for (key, value, expected) in [
            ("password", "pw1", true),
            ("new_password", "hunter2", true),
            ("apiKey", "abcdef123456", true),
            ("token", "government", false),
            ("x", "sk-proj-abcdefghij0123456789", true),
            ("header", "Authorization: Bearer abcdef0123456789abcd", true),
            ("x", "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", true),
            ("dsn", "postgres://ana:pa55word@db/main", true),
            ("page_token", "CAoQAA123456", false),
            ("max_tokens", "4096000", false),
            ("token", "{{ secrets.X }}", true),
            ("x", "sk-learn is a library of many things", false),
            ("key", "PROJ-1234", false),
            ("recipient", "GB29NWBK60161331926819", false),
            ("text", "Bearer of good news", false),
        ] {
            assert_eq!(kind(key, value).is_some(), expected, "{key} {value}");
        }
    }
}
