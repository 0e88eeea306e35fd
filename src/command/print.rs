//! Data on standard output: one JSON document, or aligned columns for people.

use serde_json::Value;
use std::io::Write as _;

/// Prints a line; a reader that went away is no failure.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a value as indented JSON.
pub(super) fn json(value: &Value) {
    line(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Text in red, where standard output is a terminal and colour is not refused.
pub(super) fn red(text: &str) -> String {
    use std::io::IsTerminal as _;
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match std::io::stdout().is_terminal() && !refused {
        true => format!("\x1b[31m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}

/// Prints columns, each as wide as its widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        line(text.trim_end());
    };
    print(&mut head.iter().copied());
    for row in rows {
        print(&mut row.iter().map(String::as_str));
    }
}

/// A field of an answer as people read it.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Rows of the same fields of several answers.
pub(super) fn rows(items: &[Value], fields: &[&str]) -> Vec<Vec<String>> {
    items
        .iter()
        .map(|item| {
            fields
                .iter()
                .map(|field| cell(field.split('.').fold(item, |value, part| &value[part])))
                .collect()
        })
        .collect()
}

/// `1 step`, `2 steps`.
pub(super) fn count(number: &Value, one: &str) -> String {
    match number.as_u64().unwrap_or(0) {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    }
}
