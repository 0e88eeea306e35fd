//! What goes to a terminal: data and answers on standard output, talk on standard error. All words for people come
//! through here, so that none of what others wrote is obeyed by the terminal or looks other than it is. JSON stays
//! as it is, and so does a document that goes into a file.

use super::state;
use crate::console;
use serde_json::Value;
use std::io::{IsTerminal as _, Write};

/// Prints a line for people, or several; a reader that went away is no failure.
pub(super) fn line(text: &str) {
    exact(&seen(text));
}

/// Prints a line as it is: JSON, and what was made visible already.
pub(super) fn exact(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a document: as it is, but for a terminal.
pub(super) fn document(text: &str) {
    match std::io::stdout().is_terminal() {
        true => line(text),
        false => exact(text),
    }
}

/// Prints a value as indented JSON.
pub(super) fn json(value: &Value) {
    exact(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Says a line on standard error, or several.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", seen(text));
}

/// As `eprintln!`, through [`say`].
macro_rules! talk {
    ($($words:tt)*) => { $crate::command::print::say(&format!($($words)*)) };
}
pub(crate) use talk;

/// Lines of people and others: what a terminal would obey and what turns or hides other characters is written
/// out.
pub(crate) fn seen(text: &str) -> String {
    let text = console::shown(text);
    // At the end of a line it changes nothing; within one it would write over what stands there.
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "⟨U+000D⟩"),
        false => text,
    }
}

/// Writes into a writer for people so that what others wrote is seen: the log of the server, questions and the
/// course of a run.
#[derive(Debug)]
pub struct Seen<W>(pub W);

impl<W: Write> Write for Seen<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .write_all(seen(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Whether standard output is a terminal and colour is not refused.
pub(super) fn takes_colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !refused
}

/// Text in red, where standard output takes colour.
pub(super) fn red(text: &str) -> String {
    match takes_colour() {
        true => format!("\x1b[31m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}

/// A text of others within a line: what a terminal would obey, what turns or hides other characters, and what
/// would begin another line is written out.
pub(super) fn shown(text: &str) -> String {
    let mut text = console::shown(text);
    for (letter, name) in [('\t', "⟨U+0009⟩"), ('\n', "⟨U+000A⟩"), ('\r', "⟨U+000D⟩")] {
        if text.contains(letter) {
            text = text.replace(letter, name);
        }
    }
    text
}

/// Prints columns, each as wide as its widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) {
    table_with(head, rows, None);
}

/// As [`table`], with these words in red wherever they stand.
pub(super) fn table_with(head: &[&str], rows: &[Vec<String>], loud: Option<&str>) {
    for row in aligned(head, rows) {
        match loud {
            Some(loud) => exact(&row.replace(loud, &red(loud))),
            None => exact(&row),
        }
    }
}

/// As [`table`], with states in the column of that number as the console shows them.
pub(super) fn table_of_states(head: &[&str], items: &[Value], fields: &[&str], column: usize) {
    let mut rows = rows(items, fields);
    for (row, item) in rows.iter_mut().zip(items) {
        row[column] = state::named(&item[fields[column]]);
    }
    for row in aligned(head, &rows) {
        exact(&state::coloured(&row));
    }
}

/// Prints a line for people with its states in their colours.
pub(super) fn state_line(text: &str) {
    exact(&state::coloured(&seen(text)));
}

/// The lines of a table.
fn aligned(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| shown(cell)).collect())
        .collect();
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let aligned = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![aligned(&mut head.iter().copied())];
    lines.extend(
        rows.iter()
            .map(|row| aligned(&mut row.iter().map(String::as_str))),
    );
    lines
}

/// A field of an answer as people read it, within a line.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}

/// A value as JSON within a line.
pub(super) fn value(value: &Value) -> String {
    shown(&value.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_of_others_are_seen() {
        assert_eq!(
            seen("a\u{1b}[2J\u{202e}b\rc\r\n\td\u{200b}"),
            "a⟨U+001B⟩[2J⟨U+202E⟩b⟨U+000D⟩c\n\td⟨U+200B⟩"
        );
        let mut out = Vec::new();
        writeln!(Seen(&mut out), "WARN \u{1b}[31mto\u{202e}ld").unwrap();
        let said = String::from_utf8(out).unwrap();
        assert_eq!(said, "WARN ⟨U+001B⟩[31mto⟨U+202E⟩ld\n");
    }

    #[test]
    fn no_cell_begins_a_line_or_is_obeyed() {
        let reason = "bye\n2026-11-27  admin  secret.delete \u{1b}[31mred\u{202e}gnp\r\u{9b}2J";
        let items = [
            json!({ "by": "ana", "reason": reason, "more": [reason] }),
            json!({ "by": "ben" }),
        ];
        let rows = rows(&items, &["by", "reason", "more"]);
        let lines = aligned(&["WHO", "WHY", "MORE"], &rows);
        assert_eq!(lines.len(), 3);
        for line in &lines {
            let obeyed = |letter: char| letter.is_control() || letter == '\u{202e}';
            assert!(!line.contains(obeyed), "{line:?}");
        }
        assert!(lines[1].starts_with("ana  bye⟨U+000A⟩2026-11-27  admin"));
        assert!(lines[1].contains("⟨U+001B⟩[31mred⟨U+202E⟩gnp⟨U+000D⟩⟨U+009B⟩2J"));
        // Rows that a command has made by itself, too.
        let lines = aligned(&["A", "B"], &[vec!["x\ny".into(), "z".into()]]);
        assert_eq!(lines, ["A           B", "x⟨U+000A⟩y  z"]);
    }
}
