//! Secrets in recordings: how they are told, how they are taken out before anything is kept, and where a draft may
//! hold their names.

mod assigned;
mod beside;
mod dotted;
mod findings;
mod form;
mod gather;
mod header;
mod held;
mod key;
mod lift;
mod meaning;
mod next;
mod option;
mod overwrite;
mod piped;
mod place;
mod prefix;
mod provider;
mod scan;
mod shell;
mod table;
mod told;
mod trigrams;

pub(crate) use findings::findings;
pub(crate) use held::only_held;
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

/// Whether what stands under this name is a secret, whatever it is: a password, a key or a token, as the names of
/// headers, variables, options and parameters say it. The name of a secret in its place is none, and neither is
/// an empty text.
pub fn stands_in_clear(name: &str, value: &str) -> bool {
    if value.trim().is_empty() || holds_name(value) {
        return false;
    }
    key::sort_of(name).is_some() || key::is_cookie(name) || looks_like_one(value)
}

/// The same for a parameter of an address, where shorter names are usual.
pub fn stands_in_query(name: &str, value: &str) -> bool {
    let named = key::query_sort(name).is_some() && !value.trim().is_empty() && !holds_name(value);
    named || stands_in_clear(name, value)
}

/// Whether a value has the form of a secret, whatever it is called.
pub fn looks_like_one(value: &str) -> bool {
    !holds_name(value) && !form::hits(value).is_empty()
}

/// A text with dots in the place of each secret that it shows by its form, and of each name of one.
pub(crate) fn masked(text: &str) -> String {
    const DOTS: &str = "•••";
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for hit in form::hits(text) {
        let end = hit.start + hit.value.len();
        // What does not stand where it should is no place to cut at: then nothing of the text is shown.
        if text.get(hit.start..end) != Some(hit.value) {
            return DOTS.to_owned();
        }
        if hit.start < done {
            continue;
        }
        out.push_str(&text[done..hit.start]);
        out.push_str(DOTS);
        done = end;
    }
    out.push_str(&text[done..]);
    while let Some(start) = out.find("{{ secrets.") {
        let end = out[start..]
            .find("}}")
            .map_or(out.len(), |at| start + at + 2);
        out.replace_range(start..end, DOTS);
    }
    out
}

/// Whether a text holds the name of a secret in its place.
fn holds_name(text: &str) -> bool {
    text.contains("{{ secrets.")
}

#[cfg(test)]
mod tests {
    use super::{kind, masked};

    #[test]
    fn only_the_secret_is_masked() {
        let token = "ghp_Zk3vTq9LmXw2RbYs8HdNc5JfPg7AeUo4iVtW";
        for (text, shown) in [
            (
                format!("Log in with {token} and list my repos."),
                "Log in with ••• and list my repos.",
            ),
            (
                "Use {{ secrets.api_key }} for the post, please.".to_owned(),
                "Use ••• for the post, please.",
            ),
            ("Book the flight.".to_owned(), "Book the flight."),
            (format!("{token} {token}"), "••• •••"),
            ("{{ secrets.open".to_owned(), "•••"),
            (String::new(), ""),
        ] {
            assert_eq!(masked(&text), shown, "{text}");
        }
    }

    #[test]
    fn what_stands_in_clear_is_told_by_its_name_or_its_form() {
        for (name, value, expected) in [
            ("authorization", "Bearer abcdefg123456789", true),
            ("Proxy-Authorization", "Basic YTpi", true),
            ("x-api-key", "k", true),
            ("api-key", "k", true),
            ("Cookie", "session=1", true),
            ("PGPASSWORD", "x", true),
            ("GITHUB_TOKEN", "x", true),
            ("X-Auth", "x", true),
            ("x-any", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", true),
            ("authorization", "Bearer {{ secrets.CRM }}", false),
            ("authorization", "", false),
            ("accept", "application/json", false),
            ("x-request-id", "7", false),
            ("MAX_TOKENS", "4096", false),
            ("TOKEN_FILE", "/run/token", false),
            ("REGION", "eu-central-1", false),
        ] {
            assert_eq!(
                super::stands_in_clear(name, value),
                expected,
                "{name}: {value}"
            );
        }
        assert!(super::stands_in_query("key", "abc"));
        assert!(super::stands_in_query("access_token", "abc"));
        assert!(!super::stands_in_query("page", "7"));
    }

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
