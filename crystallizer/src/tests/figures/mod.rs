//! The figures of `docs/crystallizer.md`. One command measures all of them and writes them into the page, between the
//! marks that stand there:
//!
//! `UPDATE_FIGURES=1 cargo test --release -p druse-crystallizer --lib -- --test-threads=1`
//!
//! Without the variable the same tests measure a part, so that they are quick, and hold what must be so.

mod apart;
mod bytes;
mod elsewhere;
mod names;
mod parallel;
mod refusal;
mod speed;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The measures in the order in which the page has them.
const ORDER: &[&str] = &[
    "every call a step, or left out with a reason; `exact` replays byte for byte",
    "known programs that go one way",
    "known programs that go one way, questions answered",
    "known programs over lists",
    "known programs that go one way, three recordings",
    "known programs over lists, three recordings",
    "known programs over what is named one by one",
    "known programs over what is named one by one, three recordings",
    "known programs that count",
    "known programs that count, three recordings",
    "known programs with loops inside of loops",
    "known programs that turn pages",
    "known programs with words that one recording does not show",
    "known programs with conditions, eight recordings",
    "known programs that go one of two ways, four recordings",
    "known programs that go one of two ways, eight recordings",
    "bindings against the generator's truth",
    "real recordings, renamed",
    "real recordings, renamed, shuffled, with strangers",
    "honest refusal, known programs",
    "honest refusal, real recordings",
    "loops and branches found",
    "parallel, tools of 100 ms",
    "planted secrets",
    "answers of another shape",
    "poisoned recordings",
    "same input, same bytes",
    "speed and memory",
];

/// Two tests do not write the page at the same time.
static PAGE: Mutex<()> = Mutex::new(());

/// Whether all is measured and written.
pub(super) fn are_written() -> bool {
    std::env::var_os("UPDATE_FIGURES").is_some()
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/crystallizer.md")
}

fn edit(change: impl FnOnce(&str) -> String) {
    let _held = PAGE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = page();
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    if changed != text {
        std::fs::write(&path, changed).unwrap();
    }
}

/// Writes the table of one measure between its marks.
pub(super) fn section(name: &str, content: &str) {
    println!("{content}");
    if are_written() {
        edit(|text| replaced(text, name, content));
    }
}

fn replaced(text: &str, name: &str, content: &str) -> String {
    let (open, close) = (
        format!("<!-- figures: {name} -->\n"),
        format!("<!-- end of figures: {name} -->"),
    );
    let (before, rest) = text
        .split_once(&open)
        .unwrap_or_else(|| panic!("the page has no mark for `{name}`"));
    let (_, after) = rest
        .split_once(&close)
        .unwrap_or_else(|| panic!("the page has no mark behind `{name}`"));
    format!("{before}{open}\n{}\n\n{close}{after}", content.trim())
}

/// A line of the table of all measures.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) measure: &'static str,
    /// Of how many, and of what.
    pub(super) n: String,
    /// How much of it is taken at all.
    pub(super) coverage: String,
    /// How much of what is taken is right.
    pub(super) success: String,
    /// How much of it is wrong.
    pub(super) wrong: String,
    /// What has to be reached.
    pub(super) reach: &'static str,
}

/// Writes a line into the table of all measures.
pub(super) fn line(line: &Line) {
    assert!(
        ORDER.contains(&line.measure),
        "{} has no place",
        line.measure
    );
    let written = format!(
        "| {} | {} | {} | {} | {} | {} |",
        line.measure,
        line.n,
        dash(&line.coverage),
        dash(&line.success),
        dash(&line.wrong),
        line.reach
    );
    println!("{written}");
    if are_written() {
        edit(|text| {
            let table = between(text, "all").unwrap_or_default();
            replaced(text, "all", &with_line(table, line.measure, &written))
        });
    }
}

fn dash(cell: &str) -> &str {
    if cell.is_empty() { "–" } else { cell }
}

fn between<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<!-- figures: {name} -->\n"))?;
    Some(
        rest.split_once(&format!("<!-- end of figures: {name} -->"))?
            .0,
    )
}

fn measure_of(line: &str) -> Option<&str> {
    line.strip_prefix("| ")?.split(" | ").next()
}

/// The table with this line in the place of the one for the same measure, in the order of the measures.
fn with_line(table: &str, measure: &str, line: &str) -> String {
    let mut lines: Vec<&str> = table
        .lines()
        .filter(|known| {
            measure_of(known).is_some_and(|known| known != measure && ORDER.contains(&known))
        })
        .collect();
    lines.push(line);
    lines.sort_by_key(|line| {
        let measure = measure_of(line).unwrap_or_default();
        ORDER.iter().position(|known| *known == measure)
    });
    format!(
        "| measure | n | coverage | success | wrong | reach |\n|---|---|---|---|---|---|\n{}",
        lines.join("\n")
    )
}

/// The page has a mark for each table, and nothing stands in the table of all that is no measure.
#[test]
fn the_page_has_a_place_for_each_figure() {
    let text = std::fs::read_to_string(page()).unwrap();
    for name in [
        "all",
        "programs",
        "loops",
        "programs, three recordings",
        "loops, three recordings",
        "listed",
        "listed, three recordings",
        "nested",
        "pages",
        "named",
        "conditions",
        "drift",
        "planted",
        "elsewhere",
        "parallel",
        "speed",
        "recordings",
    ] {
        assert!(between(&text, name).is_some(), "no mark for `{name}`");
    }
    let table = between(&text, "all").unwrap();
    for line in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let measure = measure_of(line).unwrap();
        assert!(ORDER.contains(&measure), "{measure}");
    }
}

#[test]
fn a_line_takes_the_place_of_the_one_before() {
    let once = with_line("", ORDER[1], "| known programs that go one way | 5 |");
    let twice = with_line(&once, ORDER[0], &format!("| {} | 7 |", ORDER[0]));
    let again = with_line(&twice, ORDER[1], "| known programs that go one way | 6 |");
    let ends: Vec<&str> = again
        .lines()
        .skip(2)
        .map(|line| &line[line.len() - 5..])
        .collect();
    assert_eq!(ends, ["| 7 |", "| 6 |"]);
    let page = "a\n<!-- figures: x -->\nold\n<!-- end of figures: x -->\nb";
    assert_eq!(
        replaced(page, "x", "new\n"),
        "a\n<!-- figures: x -->\n\nnew\n\n<!-- end of figures: x -->\nb"
    );
}
