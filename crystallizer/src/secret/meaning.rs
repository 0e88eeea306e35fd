//! What a key says of what stands under it: all that is asked about it, found out once a key.

use super::header;
use super::key::{self, Sort};
use std::collections::HashMap;

/// What a key says of what stands under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Meaning {
    /// A secret of this sort.
    pub(super) sort: Option<Sort>,
    /// Cookies.
    pub(super) is_cookie: bool,
    /// Credentials behind the name of a scheme.
    pub(super) is_authorization: bool,
    /// A line for a shell, or its words.
    pub(super) is_line: bool,
}

impl Meaning {
    fn of_secret(key: &str) -> Self {
        Self {
            sort: key::sort_of(key),
            is_cookie: key::is_cookie(key),
            is_authorization: header::is_authorization(key),
            is_line: false,
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
        says: Meaning {
            sort: None,
            is_cookie: false,
            is_authorization: false,
            is_line: false,
        },
    };
}

/// The keys that were met, of those that may say something: a recording repeats few of them many times.
#[derive(Debug, Default)]
pub(super) struct Meanings(HashMap<String, Meaning>);

/// A longer key is none that is repeated.
const LONGEST: usize = 64;

impl Meanings {
    /// What a key says.
    pub(super) fn of<'k>(&mut self, name: &'k str) -> Key<'k> {
        let says = if !key::may_be_secret(name.as_bytes()) {
            Meaning::default()
        } else if let Some(known) = self.0.get(name) {
            *known
        } else {
            let found = Meaning::of_secret(name);
            if name.len() <= LONGEST {
                self.0.insert(name.to_owned(), found);
            }
            found
        };
        Key {
            name,
            says: Meaning {
                is_line: is_line(name),
                ..says
            },
        }
    }
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
            for (name, sort, is_cookie, is_authorization, is_line) in [
                ("password", Some(Sort::Password), false, false, false),
                ("accessToken", Some(Sort::Token), false, true, false),
                ("Set-Cookie", Some(Sort::Token), true, true, false),
                ("auth", None, false, true, false),
                ("author", None, false, false, false),
                ("page_token", None, false, false, false),
                ("Command", None, false, false, true),
                ("order", None, false, false, false),
                ("", None, false, false, false),
            ] {
                let expected = Meaning {
                    sort,
                    is_cookie,
                    is_authorization,
                    is_line,
                };
                assert_eq!(all.of(name).says, expected, "{name}");
            }
        }
    }
}
