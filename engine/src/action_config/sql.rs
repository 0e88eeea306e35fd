//! `sql`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Runs one statement, in a transaction of its own, on a database.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlConfig {
    /// The name of a `sqlite` or `postgres` connection; never a template.
    pub connection: String,
    /// One statement; never a template: values go in through `params`.
    pub statement: String,
    /// The parameters: a list, for SQLite also a map of names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub params: Option<Value>,
}

/// What is wrong with a statement as a step, in one sentence; nothing when it may be tried. Only its
/// outline is read: that it is one statement, and that it does not handle the transaction itself.
pub fn statement_fault(statement: &str) -> Option<String> {
    let outline = Outline::of(statement);
    match outline.first.as_str() {
        "" => Some("there is no statement".into()),
        _ if outline.several => Some(
            "a step runs one statement; write a step for each, or a function in the database"
                .into(),
        ),
        word @ ("begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint"
        | "release") => Some(format!(
            "`{word}` is not a step: each step is a transaction of its own"
        )),
        "copy" => Some(
            "`copy` moves data past the parameters and limits of a step; use SELECT or INSERT"
                .into(),
        ),
        _ => None,
    }
}

/// Whether a statement says of itself that it only reads. What it does all the same is kept from it by who
/// runs it.
pub fn reads(statement: &str) -> bool {
    let words = [
        "select", "with", "values", "table", "show", "explain", "pragma",
    ];
    words.contains(&Outline::of(statement).first.as_str())
}

/// The first word of a statement, in small letters; empty when there is none.
pub fn first_word(statement: &str) -> String {
    Outline::of(statement).first
}

/// The outline of an SQL text.
struct Outline {
    /// The first word, in small letters; empty when there is nothing but blanks and comments.
    first: String,
    /// Whether something follows the first statement.
    several: bool,
}

impl Outline {
    /// Reads over strings, quoted names, comments and dollar quotes, which hold semicolons of their own.
    /// What does not end is left to the database to complain about.
    fn of(text: &str) -> Self {
        let mut first = String::new();
        let mut ended = false;
        let mut several = false;
        // A trigger's body holds statements of its own.
        let mut body = false;
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            if let Some(behind) = skip(rest) {
                let blank =
                    letter.is_whitespace() || rest.starts_with("--") || rest.starts_with("/*");
                several |= ended && !blank;
                rest = behind;
                continue;
            }
            if letter == ';' {
                ended = !first.is_empty() && !body;
                rest = &rest[1..];
                continue;
            }
            let word = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
                .unwrap_or(rest.len())
                .max(letter.len_utf8());
            several |= ended;
            let (here, behind) = rest.split_at(word);
            if first.is_empty() && letter != '(' {
                first = here.to_lowercase();
            } else if first == "create" && here.eq_ignore_ascii_case("begin") {
                body = true;
            }
            rest = behind;
        }
        Self { first, several }
    }
}

/// What follows a blank, a comment, a string or a quoted name; nothing when the text begins with none.
fn skip(text: &str) -> Option<&str> {
    let blank = text.trim_start();
    if blank.len() < text.len() {
        return Some(blank);
    }
    if let Some(comment) = text.strip_prefix("--") {
        return Some(comment.split_once('\n').map_or("", |(_, rest)| rest));
    }
    if let Some(comment) = text.strip_prefix("/*") {
        return Some(comment.split_once("*/").map_or("", |(_, rest)| rest));
    }
    for quote in ['\'', '"', '`'] {
        if let Some(inside) = text.strip_prefix(quote) {
            // A doubled quote ends one string and begins the next: that comes to the same.
            return Some(inside.split_once(quote).map_or("", |(_, rest)| rest));
        }
    }
    let tag = text.strip_prefix('$')?;
    let (name, inside) = tag.split_once('$')?;
    let is_tag = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    let mark = &text[..name.len() + 2];
    is_tag.then(|| inside.split_once(mark).map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_is_let_through() {
        for good in [
            "select 1",
            "SELECT 1;",
            " -- a; b\n select ';' /* ; */ ; -- end; \n",
            "(select 1) union (select 2)",
            "select \"a;b\", `c;d`, 'it''s; fine'",
            "do $$ begin; end $$;",
            "do $x$ a; $$ b; $x$",
            "select $1, $2",
            "insert into a values (?1, :name)",
            "create trigger t after insert on a begin update b set x = 1; delete from c; end;",
            "with x as (select 1) select * from x",
            "beginning",
        ] {
            assert_eq!(statement_fault(good), None, "{good}");
        }
    }

    #[test]
    fn what_is_no_step_is_said() {
        for bad in ["", "  ", "-- only\n", ";", "/* a */"] {
            let fault = statement_fault(bad).unwrap();
            assert!(fault.contains("no statement"), "{bad}: {fault}");
        }
        for bad in [
            "select 1; select 2",
            "select 1; -- a\n drop table x",
            "select 'a'; 'b'",
            "select 1;/* */delete from a",
        ] {
            let fault = statement_fault(bad).unwrap();
            assert!(fault.contains("one statement"), "{bad}: {fault}");
        }
        for bad in [
            "BEGIN",
            "start transaction",
            " commit;",
            "/**/ROLLBACK",
            "Savepoint a",
        ] {
            let fault = statement_fault(bad).unwrap();
            assert!(fault.contains("transaction"), "{bad}: {fault}");
        }
        assert!(statement_fault("copy a to stdout").is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z;'\"`$/*\\- \nä$(]{0,40}") {
            let _ = statement_fault(&text);
        }
    }
}
