//! The documents that are examples: those of the pages of documentation, each with what the page says about
//! it, and those that stand in files of their own.

use crate::Finding;
use crate::definition::{Document, Parsed, Syntax, parse, parse_value};
use std::path::{Path, PathBuf};

/// A document of a page or of a file.
pub(super) struct Example {
    /// Where it stands, from the root of the project: `docs/joins.md`.
    pub(super) file: String,
    /// The name that the document gives itself.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
    /// The document, or why it is none.
    pub(super) document: Result<Document, Vec<Finding>>,
    /// The connections right before it, where the page gives some.
    pub(super) connections: Option<String>,
    /// The blocks behind it, up to the next document, each with its language.
    pub(super) said: Vec<(String, String)>,
}

/// The root of the project.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All examples, in the order of their files.
pub(super) fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    for file in files("docs", "md") {
        of_page(&file, &mut found);
    }
    for file in files("examples", "yaml") {
        let text = read(&file);
        if is_document(&text) {
            let mut example = Example::new(&file, &text);
            let beside = file.replace(".yaml", ".tests.yaml");
            if root().join(&beside).is_file() {
                example.said.push(("yaml".into(), read(&beside)));
            }
            found.push(example);
        }
    }
    found
}

/// The examples that are right, as values.
pub(crate) fn right_documents() -> Vec<serde_json::Value> {
    let right = examples().into_iter().filter(|example| !example.is_wrong());
    let values = right.map(|example| parse_value(&example.text, Syntax::Yaml));
    values
        .map(|value| value.expect("it was read before").0)
        .collect()
}

/// The pages of the documentation, from the root of the project.
pub(super) fn pages() -> Vec<String> {
    files("docs", "md")
}

pub(super) fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The blocks of a page, each with its language.
pub(super) fn blocks(page: &str) -> Vec<(&str, &str)> {
    let parts = page.split("```").skip(1).step_by(2);
    parts.filter_map(|block| block.split_once('\n')).collect()
}

impl Example {
    fn new(file: &str, text: &str) -> Self {
        let parsed = parse(text, Syntax::Yaml);
        let name = text.lines().find_map(|line| line.strip_prefix("name: "));
        Self {
            file: file.to_owned(),
            name: name.unwrap_or_default().to_owned(),
            text: text.to_owned(),
            document: parsed.map(|Parsed { document, .. }| document),
            connections: None,
            said: Vec::new(),
        }
    }

    /// Where it is, in a few words.
    pub(super) fn place(&self) -> String {
        format!("{}#{}", self.file, self.name)
    }
}

fn of_page(file: &str, found: &mut Vec<Example>) {
    let page = read(file);
    let first = found.len();
    let mut connections = None;
    for (language, text) in blocks(&page) {
        let before = connections.take();
        if language == "yaml" && is_document(text) {
            found.push(Example {
                connections: before,
                ..Example::new(file, text)
            });
        } else if language == "yaml" && text.starts_with("connections:") {
            connections = Some(text.to_owned());
        } else if let Some(last) = found[first..].last_mut() {
            last.said.push((language.to_owned(), text.to_owned()));
        }
    }
}

fn is_document(text: &str) -> bool {
    text.lines().any(|line| line == "druse: 1")
}

/// The files of a folder and those below it with this ending, in the order of their paths.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(root().join(&folder)).expect("the folder is there");
        for entry in entries {
            let entry = entry.expect("its entries can be read");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().expect("their kinds can be read");
            if kind.is_dir() {
                folders.push(path);
            } else if Path::new(&path)
                .extension()
                .is_some_and(|end| end == ending)
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
