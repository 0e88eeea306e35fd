//! What a key says of what stands under it: all that is asked about it, found out once a key.

use super::header;
use super::key::{self, Sort};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// What a key says of what stands under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    /// A secret of this sort.
    pub(super) sort: Option<Sort>,
    /// Cookies.
    pub(super) is_cookie: bool,
    /// Credentials behind the name of a scheme.
    pub(super) is_authorization: bool,
    /// A line for a shell, or its words.
    pub(super) is_line: bool,
    /// Headers or cookies, each under a key of its own.
    pub(super) holds: Option<Around>,
}

/// What a value stands among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    Nothing,
    Headers,
    Cookies,
}

impl Meaning {
    /// What a key says that stands under none.
    const NOTHING: Self = Self {
        sort: None,
        is_cookie: false,
        is_authorization: false,
        is_line: false,
        holds: None,
    };

    fn of(key: &str) -> Self {
        let may_be_secret = key::may_be_secret(key.as_bytes());
        Self {
            sort: key::sort_of(key),
            is_cookie: may_be_secret && key::is_cookie(key),
            is_authorization: may_be_secret && header::is_authorization(key),
            is_line: is_line(key),
            holds: holds(key),
        }
    }
}

/// A key, and what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'k> {
    pub(super) name: &'k str,
    pub(super) says: Meaning,
}

impl Key<'_> {
    /// No key at all.
    pub(super) const NONE: Self = Self {
        name: "",
        says: Meaning::NOTHING,
    };
}

/// The keys that were met: a recording repeats few of them many times.
#[derive(Debug, Default)]
pub(super) struct Meanings(HashMap<String, Meaning, RandomState>);

/// A longer key is none that is repeated.
const LONGEST: usize = 64;
/// More keys than so many are names of things.
const MOST: usize = 1_000;

impl Meanings {
    /// What a key says.
    pub(super) fn of<'k>(&mut self, name: &'k str) -> Key<'k> {
        let says = match self.0.get(name) {
            Some(known) => *known,
            None => {
                let found = Meaning::of(name);
                if name.len() <= LONGEST && self.0.len() < MOST {
                    self.0.insert(name.to_owned(), found);
                }
                found
            }
        };
        Key { name, says }
    }
}

/// What stands under a key, each under a key of its own.
fn holds(key: &str) -> Option<Around> {
    const COOKIES: [&str; 3] = ["cookies", "cookie_jar", "cookiejar"];
    const HEADERS: [&str; 6] = [
        "headers",
        "header",
        "http_headers",
        "httpheaders",
        "extra_headers",
        "request_headers",
    ];
    let is_one_of = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
    if is_one_of(&COOKIES) {
        return Some(Around::Cookies);
    }
    is_one_of(&HEADERS).then_some(Around::Headers)
}

/// Whether what stands under a key is a line for a shell, or its words.
fn is_line(key: &str) -> bool {
    const LINES: [&str; 9] = [
        "command", "cmd", "commands", "script", "argv", "args", "line", "bash", "shell",
    ];
    LINES.iter().any(|line| key.eq_ignore_ascii_case(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_says_the_same_again() {
        let mut all = Meanings::default();
        for _ in 0..2 {
            for (name, sort, is_cookie, is_authorization, is_line, holds) in [
                ("password", Some(Sort::Password), false, false, false, None),
                ("accessToken", Some(Sort::Token), false, true, false, None),
                ("Set-Cookie", Some(Sort::Token), true, true, false, None),
                ("auth", None, false, true, false, None),
                ("author", None, false, false, false, None),
                ("page_token", None, false, false, false, None),
                ("Command", None, false, false, true, None),
                ("Headers", None, false, false, false, Some(Around::Headers)),
                ("order", None, false, false, false, None),
                ("", None, false, false, false, None),
            ] {
                let expected = Meaning {
                    sort,
                    is_cookie,
                    is_authorization,
                    is_line,
                    holds,
                };
                assert_eq!(all.of(name).says, expected, "{name}");
            }
        }
    }
}
