//! How the answers of a version's steps looked where they were recorded: as the report of its draft says, or, of a draft
//! that was made elsewhere, as the recording shows that has the digest which the document names.

use super::{App, Problem, page};
use druse_crystallizer::{Decisions, Mode, Options, ToolRule, crystallize};
use druse_engine::{AutomationId, Digest};
use druse_storage::{Scan, Store, StoreExt as _, StoredSession, Version};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The shapes of answers, by the ids of steps.
pub(super) type Shapes = BTreeMap<String, Value>;

/// What is known of how the answers of a version looked.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) shapes: Shapes,
    /// The digest of the recording that the version was made of elsewhere.
    pub(super) made_of: Option<Digest>,
    /// Whether there is a report, or a recording here that says so.
    pub(super) is_here: bool,
}

/// The digest of the recording that a document says it was made of.
pub(super) fn source(document: &Value) -> Option<Digest> {
    let source = &document["metadata"]["crystallized"]["source"];
    serde_json::from_value(source["digest"].clone()).ok()
}

/// What is known of the versions that were asked about last, as long as no recording comes or goes and the versions stay
/// what they are.
#[derive(Debug, Default)]
pub struct RecordedShapes(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    last: Option<String>,
    known: HashMap<(AutomationId, u32), Arc<Recorded>>,
}

/// Of how many versions is kept how their answers looked.
const KEPT: usize = 64;

impl RecordedShapes {
    /// What is kept, if it was with the same last recording.
    fn known(&self, last: &Option<String>, key: (AutomationId, u32)) -> Option<Arc<Recorded>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.known.get(&key).filter(|_| kept.last == *last);
        known.cloned()
    }

    fn keep(&self, last: &Option<String>, key: (AutomationId, u32), recorded: Arc<Recorded>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.last != *last || kept.known.len() >= KEPT {
            *kept = Kept {
                last: last.clone(),
                known: HashMap::new(),
            };
        }
        kept.known.insert(key, recorded);
    }
}

impl App {
    /// How the answers of a version's steps looked where they were recorded; nothing is known of a version that is not
    /// there. May take as long as making a draft does.
    ///
    /// # Errors
    /// When rows or a recording cannot be read.
    pub(super) async fn recorded(
        &self,
        automation: AutomationId,
        number: u32,
    ) -> Result<Arc<Recorded>, Problem> {
        let last = self.last_recording()?;
        let key = (automation, number);
        if let Some(known) = self.recorded_shapes.known(&last, key) {
            return Ok(known);
        }
        let stored = Version::key_of(automation, number);
        let recorded = Arc::new(match self.store.get::<Version>(&stored)? {
            Some(version) => self.look_up(&version).await?,
            None => return Ok(Arc::default()),
        });
        self.recorded_shapes.keep(&last, key, recorded.clone());
        Ok(recorded)
    }

    async fn look_up(&self, version: &Version) -> Result<Recorded, Problem> {
        if let Some(report) = self.reported(version)?.and_then(|source| source.report) {
            let shapes = serde_json::from_value(report["shapes"].clone());
            return Ok(Recorded {
                shapes: shapes.unwrap_or_default(),
                made_of: None,
                is_here: true,
            });
        }
        let Some(digest) = source(&version.document) else {
            return Ok(Recorded::default());
        };
        let rows: Vec<StoredSession> = page::all(&*self.store, "")?;
        let rows: Vec<StoredSession> = rows
            .into_iter()
            .filter(|row| row.recording == digest)
            .collect();
        let is_here = !rows.is_empty();
        let mut options = self.mapping_options()?;
        options.tools.splice(0..0, rules(&version.document));
        let (store, document) = (self.store.clone(), version.document.clone());
        let shapes = self
            .off_thread(move || made_anew(&*store, &rows, options, &document))
            .await?;
        Ok(Recorded {
            shapes,
            made_of: Some(digest),
            is_here,
        })
    }

    /// Whether a recording of this digest is here.
    pub(super) fn is_stored(&self, digest: Option<&Digest>) -> Result<bool, Problem> {
        let Some(digest) = digest else {
            return Ok(false);
        };
        let rows: Vec<StoredSession> = page::all(&*self.store, "")?;
        Ok(rows.iter().any(|row| row.recording == *digest))
    }

    /// The recording that was stored last: where it is another one, a version may have one by now.
    fn last_recording(&self) -> Result<Option<String>, Problem> {
        let rows: Vec<StoredSession> = self.store.scan(&Scan {
            descending: true,
            limit: 1,
            ..Scan::default()
        })?;
        Ok(rows.first().map(|row| row.id.to_string()))
    }
}

/// The rules that made the steps of a document, as far as it shows them: those that it was stored with, and what its
/// calls of MCP servers say themselves.
fn rules(document: &Value) -> Vec<ToolRule> {
    let made = &document["metadata"]["crystallized"];
    let mut rules: Vec<ToolRule> = Vec::new();
    for key in ["tools", "server_tools"] {
        let kept: Option<Vec<ToolRule>> = serde_json::from_value(made[key].clone()).ok();
        rules.extend(kept.unwrap_or_default());
    }
    let mut seen = BTreeSet::new();
    for (_, step) in super::way::all(document) {
        let tool = step["metadata"]["tool"].as_str();
        let Some(tool) = tool.filter(|tool| step["action"] == "mcp" && seen.insert(*tool)) else {
            continue;
        };
        let rule = json!({
            "match": tool, "action": "mcp",
            "with": {
                "connection": step["with"]["connection"], "tool": "{{ call.name }}",
                "arguments": "{{ call.arguments }}",
            },
        });
        rules.extend(serde_json::from_value::<ToolRule>(rule));
    }
    rules
}

/// The shapes that a draft has which is made of the recording again, of the steps that are of the same calls and do the
/// same in the document.
fn made_anew(
    store: &dyn Store,
    rows: &[StoredSession],
    mut options: Options,
    document: &Value,
) -> Result<Shapes, Problem> {
    let made = &document["metadata"]["crystallized"];
    options.mode = serde_json::from_value(made["mode"].clone()).unwrap_or(Mode::Exact);
    Decisions::of_metadata(&document["metadata"]).apply(&mut options);
    let steps = |document: &Value| -> BTreeMap<String, (Value, Value)> {
        let calls = &document["metadata"]["crystallized"]["calls"];
        let all = super::way::all(document).into_iter();
        all.map(|(way, step)| {
            let id = super::way::id(&way).to_owned();
            let call = calls.get(&id).cloned().unwrap_or_default();
            (id, (call, step["action"].clone()))
        })
        .collect()
    };
    let here = steps(document);
    let mut shapes = Shapes::new();
    // A file may hold several sessions, and the document says by its calls which one it is of.
    for row in rows {
        let session = App::session(store, row)?;
        let Ok(draft) = crystallize(std::slice::from_ref(&session), &options) else {
            continue;
        };
        let document =
            serde_json::to_value(&draft.document).map_err(|error| Problem::internal(&error))?;
        let there = steps(&document);
        for (id, shape) in &draft.report.shapes {
            if here.get(id).is_some_and(|own| there.get(id) == Some(own)) {
                shapes
                    .entry(id.clone())
                    .or_insert_with(|| shape.value().clone());
            }
        }
    }
    Ok(shapes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_servers_are_rules_of_their_own() {
        let step = |tool: &str, action: &str| {
            json!({ "id": tool, "action": action, "metadata": { "tool": tool },
                "with": { "connection": "shop", "tool": tool } })
        };
        let document = json!({ "steps": [step("a", "mcp"), step("b", "http"), step("a", "mcp")] });
        let rules = rules(&document);
        assert_eq!(rules.len(), 1, "{rules:?}");
        assert_eq!(
            (rules[0].pattern.as_str(), &rules[0].with["connection"]),
            ("a", &json!("shop"))
        );
        assert_eq!(source(&document), None);
    }
}
