//! Secrets in tables: what names them stands at the head of their column, and not before them.

use super::key::{self, Sort};
use super::next::walked;

/// A secret of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell<'t> {
    pub(super) value: &'t str,
    pub(super) sort: Sort,
    /// The head of its column.
    pub(super) head: &'t str,
    /// What stands before it in its row, by which a simple one is found again.
    pub(super) lead: &'t str,
}

/// The longest line of a text that is taken for a row, and the longest head, in bytes.
const LONGEST_LINE: usize = 4_096;
const LONGEST_HEAD: usize = 40;
/// The longest list of columns, and the longest row of a statement, in bytes.
const LONGEST_LIST: usize = 4_096;
/// The most columns.
const MOST: usize = 200;

/// The secrets in the tables of a text: lines with commas, semicolons, tabs or bars between, and rows of a statement
/// `INSERT`. `heads` is where words stand that may name a secret, with what ends a cell behind them.
pub(super) fn cells<'t>(text: &'t str, heads: &[usize]) -> Vec<Cell<'t>> {
    let mut found = Vec::new();
    // Where the lines end that were read, and the statements; where the last list of columns may have begun.
    let (mut read, mut inserts, mut looked) = (0, 0, 0);
    for head in heads.iter().copied() {
        if head >= read {
            let end = text[head..].find('\n').map_or(text.len(), |at| head + at);
            let start = text[read..head]
                .rfind('\n')
                .map_or(read, |at| read + at + 1);
            walked(end - start);
            read = match end - start <= LONGEST_LINE {
                true => lines(text, start, end, &mut found),
                false => end,
            };
        }
        if head >= inserts {
            let from = looked.max(head.saturating_sub(LONGEST_LIST));
            inserts = inserted(text, from, head, &mut found).unwrap_or(inserts);
            looked = head;
        }
    }
    found
}

/// The secrets in rows of values, beside the list of their heads.
pub(super) fn column<'t>(
    heads: &[&'t str],
    rows: impl Iterator<Item = Vec<Option<&'t str>>>,
    found: &mut Vec<Cell<'t>>,
) {
    let sorts: Vec<Option<Sort>> = heads.iter().map(|head| sort_of(head)).collect();
    if heads.len() > MOST || sorts.iter().all(Option::is_none) {
        return;
    }
    for row in rows.filter(|row| row.len() == heads.len()) {
        take(heads, &sorts, &row, found);
    }
}

/// What the head of a column says of what stands in it.
pub(super) fn sort_of(head: &str) -> Option<Sort> {
    let is_short = head.len() <= LONGEST_HEAD && !head.is_empty();
    is_short.then(|| key::sort_of(head)).flatten()
}

fn take<'t>(
    heads: &[&'t str],
    sorts: &[Option<Sort>],
    row: &[Option<&'t str>],
    found: &mut Vec<Cell<'t>>,
) {
    let has_user = heads.iter().any(|head| crate::words::has(head, &WHOSE));
    let signs_in = heads.iter().any(|head| crate::words::has(head, &SIGNS_IN));
    let counts = heads
        .iter()
        .any(|head| crate::words::has(head, &OF_RESULTS));
    for (at, sort) in sorts.iter().enumerate() {
        let (Some(sort), Some(Some(value))) = (sort, row.get(at)) else {
            continue;
        };
        let is_plain = value.bytes().all(|byte| byte.is_ascii_alphabetic());
        // A word in a table that says not whose it is may be what a password is like: `strong`.
        let is_told = *sort == Sort::Token || has_user || !is_plain;
        // `pass` is a result beside `fail`, and a PIN a postal code beside a city.
        let is_short = ["pass", "pin"].contains(&heads[at].trim().to_lowercase().as_str());
        if is_short && (counts || !signs_in || is_share(value)) {
            continue;
        }
        if is_told && key::stands_under_key(*sort, value) && !key::is_state(value) {
            let lead = at.checked_sub(1).and_then(|before| *row.get(before)?);
            found.push(Cell {
                value,
                sort: *sort,
                head: heads[at],
                lead: lead.unwrap_or_default(),
            });
        }
    }
}

/// Heads of columns that say whose a password is.
const WHOSE: [&str; 18] = [
    "user",
    "username",
    "login",
    "name",
    "email",
    "mail",
    "account",
    "host",
    "service",
    "site",
    "id",
    "benutzer",
    "nutzer",
    "konto",
    "url",
    "server",
    "usuario",
    "utilisateur",
];

/// Of those, the ones of who signs in.
const SIGNS_IN: [&str; 9] = [
    "user", "username", "login", "email", "mail", "account", "host", "benutzer", "konto",
];

/// Heads of columns beside which a pass is a result, and a PIN a place.
const OF_RESULTS: [&str; 12] = [
    "fail", "failed", "fails", "total", "skipped", "skip", "score", "city", "state", "zip",
    "country", "test",
];

/// Whether a value is a share or a measure: `87.5`, `100%`, `12/15`.
fn is_share(value: &str) -> bool {
    let is_of_numbers = value
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | '%' | '/' | ',' | ' '));
    is_of_numbers && value.contains(['.', '%', '/', ','])
}

/// The rows of a table whose heads stand on a line. Gives where it ends.
fn lines<'t>(text: &'t str, start: usize, end: usize, found: &mut Vec<Cell<'t>>) -> usize {
    let head = text[start..end].trim_end_matches('\r');
    let Some(mark) = ['|', '\t', ';', ',']
        .into_iter()
        .find(|mark| head.contains(*mark))
    else {
        return end;
    };
    let heads = split(head, mark);
    let is_name = |head: &&str| {
        !head.is_empty()
            && head.len() <= LONGEST_HEAD
            && head.chars().next().is_some_and(|c| c.is_alphabetic() || matches!(c, '#' | '_'))
            && head
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '#' | '/'))
            // Words of a sentence have blanks behind their commas.
            && (mark != ',' || !head.contains(' '))
    };
    let is_sentence = mark == ',' && head.contains(", ") && !head.contains('"');
    if heads.len() < 2 && mark != '|' || is_sentence || !heads.iter().all(is_name) {
        return end;
    }
    let mut at = end;
    let mut rows = Vec::new();
    while at < text.len() {
        let from = at + 1;
        let Some(rest) = text.get(from..) else { break };
        let to = rest.find('\n').map_or(text.len(), |length| from + length);
        let line = text[from..to].trim_end_matches('\r');
        walked(to - from);
        let is_rule = !line.is_empty()
            && line
                .bytes()
                .all(|byte| matches!(byte, b'-' | b'|' | b':' | b'+' | b' ' | b'='));
        if !is_rule {
            let row = split(line, mark);
            if row.len() != heads.len() || line.len() > LONGEST_LINE {
                break;
            }
            rows.push(row.into_iter().map(Some).collect());
        }
        at = to;
    }
    column(&heads, rows.into_iter(), found);
    at
}

/// The cells of a line. What stands in double quotes is one, whatever marks are in it.
fn split(line: &str, mark: char) -> Vec<&str> {
    let line = match mark {
        '|' => line.trim().trim_start_matches('|').trim_end_matches('|'),
        _ => line,
    };
    let mut cells = Vec::new();
    let (mut from, mut quoted) = (0, false);
    for (at, c) in line.char_indices() {
        if c == '"' && mark != '|' {
            quoted = !quoted;
        } else if c == mark && !quoted {
            cells.push(bare(&line[from..at]));
            from = at + c.len_utf8();
        }
    }
    cells.push(bare(&line[from..]));
    cells
}

/// A cell without blanks, quotes and signs of emphasis around it.
fn bare(cell: &str) -> &str {
    cell.trim().trim_matches(['"', '`', '*', '\'']).trim()
}

/// The rows of `INSERT INTO users (name, password) VALUES ('bob', '…')`, where the head stands in the list of columns,
/// which is looked for from a place on. Gives where they end.
fn inserted<'t>(
    text: &'t str,
    from: usize,
    head: usize,
    found: &mut Vec<Cell<'t>>,
) -> Option<usize> {
    let bytes = text.as_bytes();
    walked(head - from);
    let is_mark = |byte: &u8| matches!(byte, b'(' | b')' | b';');
    let open = from + bytes[from..head].iter().rposition(is_mark)?;
    if bytes[open] != b'(' {
        return None;
    }
    let list = bytes[open..].iter().take(LONGEST_LIST);
    let to = open + list.clone().position(|byte| *byte == b')')?;
    walked(to - open);
    let behind = text[to + 1..].trim_start();
    let is_values = behind
        .get(..6)
        .is_some_and(|word| word.eq_ignore_ascii_case("values"));
    if !is_values {
        return None;
    }
    let heads: Vec<&str> = text[open + 1..to]
        .split(',')
        .map(|head| bare(head).trim_matches(['[', ']']))
        .collect();
    let mut rest = behind.get(6..)?;
    let mut rows = Vec::new();
    while let Some((row, after)) = tuple(rest.trim_start_matches([',', ' ', '\n', '\r', '\t'])) {
        rows.push(row);
        rest = after;
    }
    let end = text.len() - rest.len();
    walked(end - open);
    column(&heads, rows.into_iter(), found);
    Some(end)
}

/// The values of `('bob', 7, crypt('…', salt()))`, and what comes behind. Of a call the text that it is given first.
fn tuple(text: &str) -> Option<(Vec<Option<&str>>, &str)> {
    let inside = text.strip_prefix('(')?;
    let bytes = inside.as_bytes();
    let mut values = Vec::new();
    let (mut depth, mut quote, mut value) = (0_usize, None, None);
    for (at, byte) in bytes.iter().enumerate().take(LONGEST_LIST) {
        match (quote, byte) {
            (None, b'\'') => quote = Some(at),
            (Some(from), b'\'') => {
                let text = inside.get(from + 1..at)?;
                value = value.or(Some(text).filter(|text| !text.is_empty()));
                quote = None;
            }
            (Some(_), _) => {}
            (None, b'(') => depth += 1,
            (None, b')') if depth > 0 => depth -= 1,
            (None, b',') if depth == 0 => values.push(value.take()),
            (None, b')') => {
                values.push(value.take());
                return Some((values, &inside[at + 1..]));
            }
            _ => {}
        }
        if values.len() > MOST {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::cells;
    use crate::secret::next::work;
    use crate::secret::scan::scan;

    fn found(text: &str) -> Vec<(&str, &str)> {
        let all = cells(text, &scan(text).heads);
        all.into_iter().map(|one| (one.head, one.value)).collect()
    }

    #[test]
    fn what_stands_under_the_head_of_a_secret_is_one() {
        let key = "kT7mQ2vR9xZ4bN8cYw3L";
        for (text, expected) in [
            (
                "id,name,password\n1,anna,hunterbear\n2,bob,§\n",
                vec!["hunterbear", key],
            ),
            ("name;pw\nanna;Sommer-24\n", vec!["Sommer-24"]),
            ("\"name\",\"api_key\"\n\"anna, b\",\"§\"\n", vec![key]),
            ("name\tAPI key\nanna\t§", vec![key]),
            (
                "| id | api_key |\n|----|:---|\n| 1 | `§` |\n\nmore",
                vec![key],
            ),
            (
                " id | password \n----+----------\n 1  | tulip \n(1 row)",
                vec!["tulip"],
            ),
            (
                "INSERT INTO users (name, password) VALUES ('bob', '§'), ('eve', 'tulip')",
                vec![key, "tulip"],
            ),
            (
                "insert into u (\n  name,\n  `password`\n) values\n  ('bob', crypt('§', gen_salt('bf')));",
                vec![key],
            ),
        ] {
            let text = text.replace('§', key);
            let values: Vec<&str> = found(&text).into_iter().map(|(_, value)| value).collect();
            assert_eq!(values, expected, "{text}");
        }
    }

    #[test]
    fn sentences_programs_and_manuals_are_no_tables() {
        for text in [
            "It needs a user, password, and mail\nand a name, surname, and phone",
            "def login(user, password):\n    return a, b",
            "login(user,password)\nlogout(user,token)",
            "| Field | Type | Token |\n|---|---|---|\n| a | string | an id of it |",
            "| Password | Points |\n|---|---|\n| strong | 5 |",
            "SELECT id, password FROM users\nWHERE a, b",
            "import os,token,secret\nfrom a import b,c,d",
            "id,name\n1,anna",
            "name,password",
            "name,password\nanna,required",
            "name,pass,fail\nunit-a,87.5,12.5",
            "| Test name | Pass | Fail |\n|---|---|---|\n| a | 100% | 0% |",
            "| City | PIN | State |\n|---|---|---|\n| Delhi | 110001 | DL |",
            "site,pass\nAlp,week-end2",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn twice_as_many_heads_take_twice_the_work() {
        for part in [
            "token,a\n",
            "token,",
            "(token,",
            "(token) values ",
            "token|",
        ] {
            let [once, twice] = [500, 1_000].map(|count| {
                let text = part.repeat(count);
                work(|| drop(found(&text)))
            });
            assert!(
                twice * 10 <= once.max(1_000) * 23,
                "{part}: {once}, {twice}"
            );
        }
    }
}
