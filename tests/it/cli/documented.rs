//! The examples of the pages on branches, loops, failures, waiting and gates, as somebody tries them who copies them
//! into a file: the command line checks, tests and runs them as the page says.

use super::Desk;
use serde_json::Value;
use std::path::Path;

/// A document of a page, with the blocks behind it.
struct Example {
    name: String,
    text: String,
    said: Vec<(String, String)>,
}

fn examples() -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    for page in ["joins", "loops", "failure", "waiting", "approvals"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{page}.md"));
        let page = std::fs::read_to_string(&file).unwrap();
        for block in page.split("```").skip(1).step_by(2) {
            let Some((language, text)) = block.split_once('\n') else {
                continue;
            };
            if language == "yaml" && text.starts_with("druse: 1\n") {
                let name = text.lines().find_map(|line| line.strip_prefix("name: "));
                found.push(Example {
                    name: name.unwrap().to_owned(),
                    text: text.to_owned(),
                    said: Vec::new(),
                });
            } else if let Some(last) = found.last_mut() {
                last.said.push((language.to_owned(), text.to_owned()));
            }
        }
    }
    found
}

impl Example {
    fn behind(&self, language: &str) -> Option<&str> {
        let (found, text) = self.said.first()?;
        (found == language).then_some(text)
    }

    /// Whether nothing of it waits for anybody or calls anything.
    fn is_pure(&self) -> bool {
        let actions = self.text.split("action: ").skip(1);
        let mut kinds = actions.filter_map(|rest| rest.split([',', ' ', '\n']).next());
        kinds.all(|kind| ["transform", "switch"].contains(&kind)) && !self.text.contains("every:")
    }
}

#[test]
fn what_the_pages_say_of_their_examples_is_so_on_the_command_line() {
    let desk = Desk::new();
    let (mut checked, mut tested, mut run) = (Vec::new(), Vec::new(), Vec::new());
    for example in examples() {
        let (name, file) = (&example.name, format!("{}.yaml", example.name));
        desk.write(&file, &example.text);
        if let Some(findings) = example.behind("findings") {
            let said = desk.run(&["check", &file]).with(1);
            let said = format!("{}{}", said.out, said.err);
            for finding in findings.lines() {
                let (place, rest) = finding.split_once(' ').unwrap();
                let code = rest.split([' ', ':']).next().unwrap();
                for part in [place, code] {
                    assert!(said.contains(part), "{name} lacks {part}: {said}");
                }
            }
            checked.push(name.clone());
            continue;
        }
        desk.run(&["check", &file]).ok();
        let beside = example
            .behind("yaml")
            .filter(|text| text.starts_with("tests:"));
        if let Some(tests) = beside {
            desk.write(&format!("{name}.tests.yaml"), tests);
        }
        if beside.is_some() || example.text.contains("\ntests:") {
            let said = desk.run(&["test", &file]).ok().out;
            assert!(said.ends_with(" 0 failed\n"), "{name}: {said}");
            tested.push(name.clone());
        }
        if let Some(outputs) = example.behind("json").filter(|_| example.is_pure()) {
            let expected: Value = serde_json::from_str(outputs).unwrap();
            if expected.get("steps").is_none() {
                let said = desk.run(&["run", &file, "--output", "json"]).ok().json();
                assert_eq!(said["outputs"], expected, "{name}");
                run.push(name.clone());
            }
        }
    }
    assert!(checked.contains(&"unguarded".to_owned()), "{checked:?}");
    assert!(tested.len() >= 9, "{tested:?}");
    for wanted in [
        "discount", "ways", "past", "told", "remind", "rates", "search",
    ] {
        assert!(run.contains(&wanted.to_owned()), "{wanted}: {run:?}");
    }
}
