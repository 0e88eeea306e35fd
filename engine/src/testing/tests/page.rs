//! The tables of laws and of planted bugs in `docs/testing.md`.

use crate::testing::{Bug, Law};

fn table(head: [&str; 2], rows: impl Iterator<Item = (String, String)>) -> String {
    let mut table = format!("| {} | {} |\n|---|---|\n", head[0], head[1]);
    for (one, other) in rows {
        table.push_str(&format!("| {one} | {other} |\n"));
    }
    table
}

/// Puts a table in the place of the one with this head.
fn with(page: &str, table: &str) -> String {
    let head = table.lines().next().expect("a table has a head");
    let (before, rest) = page.split_once(head).expect("the page has the table");
    let end = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
    format!("{before}{table}{}", &rest[end..])
}

/// Made anew with `UPDATE_DOCS=1 cargo test -p druse-engine docs`.
#[test]
fn the_tables_in_the_docs_are_those_of_the_code() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/testing.md");
    let page = std::fs::read_to_string(file).expect("the page is there");
    let laws = Law::ALL.iter().map(|law| {
        let name = format!("`{}`", law.name());
        (name, law.says().to_owned())
    });
    let bugs = Bug::ALL.iter().map(|bug| {
        let law = format!("`{}`", bug.law().name());
        (bug.breaks().to_owned(), law)
    });
    let made = with(&page, &table(["Law", "What holds"], laws));
    let made = with(&made, &table(["Planted bug", "Caught by"], bugs));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, &made).expect("the page can be written");
    } else {
        assert_eq!(
            page, made,
            "docs/testing.md is stale: UPDATE_DOCS=1 makes it anew"
        );
    }
}
