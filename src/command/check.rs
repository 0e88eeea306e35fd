//! `druse check`.

use super::{Done, document, print};
use crate::cli::{Check, Output};
use crate::client::EXIT_FAILED;
use crate::command::print::talk;
use druse_engine::Severity;
use serde_json::json;
use std::process::ExitCode;

pub(super) fn check(args: &Check) -> Done {
    let connections = args
        .connections
        .as_deref()
        .map(document::connections_file)
        .transpose()?;
    let mut all = Vec::new();
    let mut failed = false;
    for path in &args.files {
        let (text, findings) = match document::parse(path)? {
            Ok(loaded) => {
                let findings = document::check(&loaded, connections.as_ref());
                (loaded.text, findings)
            }
            Err((text, findings)) => (text, findings),
        };
        failed |= document::blocks(&findings);
        if args.output == Output::Text {
            for finding in &findings {
                talk!(
                    "{}",
                    finding
                        .render(&path.display().to_string(), &text)
                        .trim_end()
                );
                if finding.acknowledge {
                    talk!("  To accept it: --acknowledge {}", finding.id);
                }
            }
            let count = |severity| {
                findings
                    .iter()
                    .filter(|finding| finding.severity == severity)
                    .count()
            };
            let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
            let asked = findings.iter().filter(|finding| finding.acknowledge);
            let asked = match asked.count() {
                0 => String::new(),
                asked => format!(", {asked} to be acknowledged before it is run or activated"),
            };
            print::line(&match (errors, warnings) {
                (0, 0) => format!("{}: nothing wrong", path.display()),
                _ => format!(
                    "{}: {}, {}{asked}",
                    path.display(),
                    print::count(&json!(errors), "error"),
                    print::count(&json!(warnings), "warning")
                ),
            });
        }
        all.push(json!({ "file": path.display().to_string(), "findings": findings }));
    }
    if args.output == Output::Json {
        print::json(&if all.len() == 1 {
            all.swap_remove(0)
        } else {
            json!(all)
        });
    }
    Ok(if failed {
        ExitCode::from(EXIT_FAILED)
    } else {
        ExitCode::SUCCESS
    })
}
