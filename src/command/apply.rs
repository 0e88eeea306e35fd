//! `druse apply`.

use super::{Done, automations, document, print, review};
use crate::cli::{Apply, Output};
use crate::client::{Client, EXIT_FAILED, Failure};
use crate::command::print::talk;
use crate::service::difference;
use druse_engine::definition;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A document that was sent, and what came of it.
pub(super) struct Applied {
    pub(super) automation: Value,
    /// `created`, `a new version`, `other tests` or `unchanged`.
    verb: &'static str,
}

pub(super) async fn apply(args: Apply) -> Done {
    // All of them are read first: one that is wrong stops the rest before anything is sent.
    let mut documents = Vec::new();
    for path in files_of(&args.path)? {
        let loaded = document::load_storable(&path)?;
        documents.push((path, loaded));
    }
    let client = Client::connect_or_create(&args.target).await?;
    let done = apply_all(&client, &args, &documents).await;
    client.close().await;
    done
}

async fn apply_all(
    client: &Client,
    args: &Apply,
    documents: &[(PathBuf, document::Loaded)],
) -> Done {
    let text = args.target.output == Output::Text;
    let mut done = Vec::new();
    let mut blocked = false;
    let mut acknowledged = Acknowledged::new(&args.acknowledge, documents.len());
    for (path, loaded) in documents {
        let name = &loaded.document.name;
        if args.dry_run {
            let changes = match known(client, name).await? {
                None => "would be created".to_owned(),
                Some(before) => {
                    let old = serde_json::from_value(before["document"].clone())
                        .map_err(|error| Failure::internal(&error))?;
                    difference::between(&old, &loaded.document, ("stored", "file")).words()
                }
            };
            if text {
                print::line(&format!("{name}: {changes}"));
            }
            done.push(json!({ "name": name, "changes": changes }));
            continue;
        }
        let Applied {
            mut automation,
            verb,
        } = one(client, path, loaded)
            .await
            .map_err(|failure| failure.of(name))?;
        let latest = automation["latest_version"].clone();
        if text {
            print::line(&format!("{name}: {verb}, version {latest}"));
        }
        let activate = args.activate && automation["active_version"] != latest;
        if text {
            automations::findings(&said(&automation["findings"], activate), &automation);
        }
        if args.activate && !activate {
            if text {
                print::line(&format!("{name}: active already"));
            }
        } else if activate {
            match acknowledged.activate(client, &automation, &latest).await {
                Ok(active) => {
                    if text {
                        print::line(&format!("{name}: active"));
                        review::of_tools(&active);
                    }
                    automation = active;
                }
                Err(failure) => {
                    blocked = true;
                    talk!("{}", failure.of(name));
                }
            }
        }
        done.push(automation);
    }
    if !text {
        print::json(&json!(done));
    }
    for id in acknowledged.of_none() {
        blocked = true;
        talk!("None of the documents has a finding {id}.");
    }
    Ok(if blocked {
        ExitCode::from(EXIT_FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

/// The ids that are acknowledged. One that a single document has not is a mistake; of several each may have its own.
struct Acknowledged<'a> {
    ids: &'a [String],
    several: bool,
    /// Those that a document had.
    known: BTreeSet<&'a str>,
    /// Whether a document was asked.
    asked: bool,
}

impl<'a> Acknowledged<'a> {
    fn new(ids: &'a [String], documents: usize) -> Self {
        Self {
            ids,
            several: documents > 1,
            known: BTreeSet::new(),
            asked: false,
        }
    }

    /// Activates what was sent, whatever somebody else has sent meanwhile.
    async fn activate(
        &mut self,
        client: &Client,
        automation: &Value,
        version: &Value,
    ) -> Result<Value, Failure> {
        let address = format!("/automations/{}/activate", print::cell(&automation["id"]));
        let post = async |ids: &[&String]| {
            let body = json!({ "version": version, "acknowledge": ids });
            client.post(&address, &body).await
        };
        let mut ids: Vec<&'a String> = self.ids.iter().collect();
        self.asked = true;
        let mut done = post(&ids).await;
        if let Err(failure) = &done
            && self.several
            && failure.code == "unknown_finding"
        {
            let of = |at: &usize| {
                let path = format!("/acknowledge/{at}");
                let mut all = failure.inputs.iter();
                all.any(|one| one["code"] == "unknown_finding" && one["path"] == path.as_str())
            };
            let known = ids.iter().enumerate().filter(|(at, _)| !of(at));
            ids = known.map(|(_, id)| *id).collect();
            done = post(&ids).await;
        }
        let unknown = done
            .as_ref()
            .is_err_and(|failure| failure.code == "unknown_finding");
        if !unknown {
            self.known.extend(ids.into_iter().map(String::as_str));
        }
        done
    }

    /// The ids that none of several documents had.
    fn of_none(&self) -> Vec<&'a str> {
        let all = self.ids.iter().map(String::as_str);
        all.filter(|id| self.several && self.asked && !self.known.contains(id))
            .collect()
    }
}

/// What is to be said of a document: before it is activated without that which the activation itself answers for,
/// by refusing it or because it was acknowledged.
fn said(findings: &Value, activate: bool) -> Value {
    let answered = |finding: &&Value| {
        activate && (finding["severity"] == "error" || finding["acknowledge"] == true)
    };
    let all = findings.as_array().into_iter().flatten();
    all.filter(|finding| !answered(finding)).cloned().collect()
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let inside = std::fs::read_dir(path).map_err(|error| Failure::io(path, &error))?;
    let mut files: Vec<PathBuf> = inside
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known))
                // Tests stand beside their documents.
                && !super::test::is_tests(path)
        })
        .collect();
    if files.is_empty() {
        return Err(Failure::data(
            "empty",
            format!("There is no document in {}.", path.display()),
            "Documents are files that end in .yaml, .yml or .json.",
        ));
    }
    files.sort();
    Ok(files)
}

async fn known(client: &Client, name: &str) -> Result<Option<Value>, Failure> {
    match automations::find(client, name).await {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.code == "not_found" => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Sends one document: a new name is created, a known one gets a new version where something changed.
///
/// # Errors
/// When the server refuses it.
pub(super) async fn one(
    client: &Client,
    path: &Path,
    loaded: &document::Loaded,
) -> Result<Applied, Failure> {
    let before = known(client, &loaded.document.name).await?;
    let digest = definition::digest(&loaded.document).to_string();
    let (method, address, verb) = match before {
        Some(before) if before["digest"] == digest.as_str() => {
            // The digest names what runs; tests that stand in a document are no part of it.
            let tests = before["document"]["tests"].as_array();
            if tests.map_or(&[][..], Vec::as_slice) == loaded.document.tests {
                return Ok(Applied {
                    automation: before,
                    verb: "unchanged",
                });
            }
            (
                Method::PUT,
                format!("/automations/{}", print::cell(&before["id"])),
                "other tests",
            )
        }
        Some(before) => (
            Method::PUT,
            format!("/automations/{}", print::cell(&before["id"])),
            "a new version",
        ),
        None => (Method::POST, "/automations".to_owned(), "created"),
    };
    let content_type = match document::syntax_of(path) {
        definition::Syntax::Json => "application/json",
        definition::Syntax::Yaml => "application/yaml",
    };
    let text = loaded.text.clone().into_bytes();
    let answer = client.send(method, &address, content_type, text).await?;
    Ok(Applied {
        automation: answer.success()?,
        verb,
    })
}
