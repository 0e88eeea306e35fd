//! `druse test`: the tests of documents, in the pure core: no store, no server, no waiting.

use super::{Done, document, print};
use crate::cli::{Output, Test};
use crate::client::{EXIT_FAILED, Failure};
use druse_engine::definition::{self, SourceMap, blocks_storing};
use druse_engine::plan::Plan;
use druse_engine::rehearsal::{KEYS_OF_TESTS, TestResult, read_tests, run_test};
use druse_engine::{Finding, Severity};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The ends of the names of files of tests.
const ENDS: [&str; 3] = [".tests.yaml", ".tests.yml", ".tests.json"];
/// The ends of the names of documents.
const DOCUMENTS: [&str; 3] = [".yaml", ".yml", ".json"];

/// Whether a file is one of tests by its name.
pub(super) fn is_tests(path: &Path) -> bool {
    stem(path, &ENDS).is_some()
}

pub(super) fn test(args: &Test) -> Done {
    let mut all = Vec::new();
    let (mut passed, mut failed) = (0, 0);
    for path in &args.files {
        for suite in Suite::all_of(path, args.tests.as_deref())? {
            let results = suite.run()?;
            let right = results.iter().filter(|result| result.passed).count();
            passed += right;
            failed += results.len() - right;
            if args.output == Output::Text {
                suite.show(&results);
            }
            all.push(json!({
                "file": suite.document.display().to_string(),
                "tests_file": suite.tests.display().to_string(),
                "passed": right,
                "failed": results.len() - right,
                "tests": results,
            }));
        }
    }
    match args.output {
        Output::Json if all.len() == 1 => print::json(&all.swap_remove(0)),
        Output::Json => print::json(&json!(all)),
        Output::Text => print::line(&format!(
            "{}: {passed} passed, {failed} failed",
            print::count(&json!(passed + failed), "test")
        )),
    }
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_FAILED),
    })
}

/// Tests of a document that stand in one file: the document's own, or one of tests.
struct Suite {
    document: PathBuf,
    tests: PathBuf,
}

impl Suite {
    fn all_of(path: &Path, tests: Option<&Path>) -> Result<Vec<Self>, Failure> {
        let there = std::fs::metadata(path).map_err(|error| Failure::io(path, &error))?;
        if there.is_dir() {
            return Err(Failure::data(
                "no_file",
                format!("{} is a folder.", path.display()),
                format!("Name files: {}/*.tests.yaml", path.display()),
            ));
        }
        let one = |document: &Path, tests: &Path| Self {
            document: document.to_path_buf(),
            tests: tests.to_path_buf(),
        };
        if let Some(tests) = tests {
            return Ok(vec![one(path, tests)]);
        }
        if let Some(stem) = stem(path, &ENDS) {
            let document = match named_document(path)? {
                Some(named) => named,
                None => beside(path, &stem, &DOCUMENTS).ok_or_else(|| {
                    Failure::data(
                        "no_document",
                        format!("There is no document beside {}.", path.display()),
                        "Name it in the file of tests: `automation: auto.yaml`.",
                    )
                })?,
            };
            return Ok(vec![one(&document, path)]);
        }
        let own = !document::load(path)?.document.tests.is_empty();
        let name = stem(path, &DOCUMENTS).unwrap_or_default();
        let files = own.then(|| path.to_path_buf());
        let files: Vec<PathBuf> = files
            .into_iter()
            .chain(beside(path, &name, &ENDS))
            .collect();
        if files.is_empty() {
            return Err(Failure::data(
                "no_tests",
                format!("There are no tests in or beside {}.", path.display()),
                format!(
                    "Write them under `tests` or into {name}.tests.yaml, or name the file with --tests."
                ),
            ));
        }
        Ok(files.iter().map(|tests| one(path, tests)).collect())
    }

    fn run(&self) -> Result<Vec<TestResult>, Failure> {
        let loaded = document::load(&self.document)?;
        let mut wrong = document::check(&loaded, None);
        // What is missing around a document is not needed where nothing is called.
        wrong
            .retain(|finding| finding.severity == Severity::Error && blocks_storing(&finding.code));
        if !wrong.is_empty() {
            return Err(document::wrong(&self.document, &loaded.text, &wrong));
        }
        let plan = Plan::compile(Arc::new(loaded.document.clone()))
            .map(Arc::new)
            .map_err(|findings| document::wrong(&self.document, &loaded.text, &findings))?;
        let (text, value, source) = match self.tests == self.document {
            true => {
                let tests = json!({ "tests": loaded.document.tests });
                (loaded.text, tests, loaded.source)
            }
            false => read(&self.tests)?,
        };
        let tests = read_tests(value, &plan).map_err(|mut findings| {
            source.locate_keys(&mut findings, &KEYS_OF_TESTS);
            findings.sort_by_key(|finding| (finding.line, finding.column));
            document::wrong(&self.tests, &text, &findings)
        })?;
        let results = tests.iter().map(|test| {
            let mut result = run_test(&plan, test);
            for difference in &mut result.differences {
                if let Some((line, column)) = source.place(&difference.path) {
                    (difference.line, difference.column) = (Some(line), Some(column));
                }
            }
            result
        });
        Ok(results.collect())
    }

    fn show(&self, results: &[TestResult]) {
        print::line(&self.tests.display().to_string());
        for result in results {
            if result.passed {
                print::line(&format!("  ok    {}", result.name));
                continue;
            }
            let name = print::shown(&result.name);
            print::exact(&format!("  {}  {name}", print::red("FAIL")));
            for difference in &result.differences {
                let place = difference
                    .line
                    .map(|line| format!("  (line {line})"))
                    .unwrap_or_default();
                print::line(&format!(
                    "        {}: {}{place}",
                    difference.what, difference.message
                ));
            }
        }
    }
}

/// A file of tests: its text, what it holds, and where that stands.
fn read(path: &Path) -> Result<(String, Value, SourceMap), Failure> {
    let text = document::read_text(path)?;
    let read = definition::parse_value(&text, document::syntax_of(path));
    let (value, source) =
        read.map_err(|findings: Vec<Finding>| document::wrong(path, &text, &findings))?;
    Ok((text, value, source))
}

/// The document that a file of tests names.
fn named_document(tests: &Path) -> Result<Option<PathBuf>, Failure> {
    let (_, value, _) = read(tests)?;
    let folder = tests.parent().unwrap_or(Path::new(""));
    Ok(value["automation"].as_str().map(|name| folder.join(name)))
}

/// The name of a file without one of these ends.
fn stem(path: &Path, ends: &[&str]) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    ends.iter()
        .find_map(|end| name.strip_suffix(end))
        .map(str::to_owned)
}

/// The first file beside this one whose name is the stem with one of these ends.
fn beside(path: &Path, stem: &str, ends: &[&str]) -> Option<PathBuf> {
    ends.iter()
        .map(|end| path.with_file_name(format!("{stem}{end}")))
        .find(|file| file.is_file())
}
