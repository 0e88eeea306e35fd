//! Automations that need review because the world has changed, how answers of runs look beside the recorded ones, and
//! what runs show about the schemas. Nothing of it changes a document.

use super::automation::{Change, document_of, tag};
use super::{App, Principal, Problem, RunView, audit::Audited, page, words};
use druse_crystallizer::drift::{self, Rejected, ShapeChange};
use druse_engine::definition::Step;
use druse_engine::event::Status;
use druse_engine::{AutomationId, Digest, RunId, Timestamp};
use druse_storage::{
    Automation, Batch, Entity as _, Review, RunQuery, StoreExt as _, UnreadChange,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most runs that are learned from at once.
pub const MOST_RUNS: u32 = 200;

/// How many runs of all versions are looked through for those: so many pages of so many.
const MOST_PAGES: usize = 50;
const PAGE: usize = 500;

/// Why an automation needs review.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReviewView {
    /// The run that stopped.
    #[schemars(with = "String")]
    pub run_id: RunId,
    /// The path of its step.
    pub step: String,
    /// The version that ran.
    pub version: u32,
    /// What has changed, in one sentence.
    pub message: String,
    /// Each change: what was expected beside what came.
    pub changes: Value,
    /// What to do about it; null: nothing says what has changed.
    pub help: Option<&'static str>,
    /// Since when.
    pub at: Timestamp,
}

/// How the answers of a run look beside those that were recorded.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Drift {
    /// The steps of which an answer has another shape.
    pub items: Vec<DriftOfStep>,
    /// How many answers were compared.
    pub compared: usize,
    /// The steps that were compared.
    pub steps: Vec<String>,
    /// The steps that could not be compared, and why.
    pub not_compared: Vec<NotCompared>,
    /// Where the run stands.
    #[schemars(with = "String")]
    pub status: Option<Status>,
    /// Whether a recording of its version is here; without one nothing is compared.
    pub recorded: bool,
    /// The digest of the recording that its version was made of elsewhere, by what its document says.
    #[schemars(with = "Option<String>")]
    pub made_of: Option<Digest>,
}

/// A step of which no answer was compared.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NotCompared {
    /// Its path.
    pub step: String,
    /// Where it stands, where that is why; null: no recording says how its answer looked.
    #[schemars(with = "Option<String>")]
    pub status: Option<Status>,
}

/// A step of which the answer has another shape.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DriftOfStep {
    /// Its path.
    pub step: String,
    /// What has another shape. Nothing that later steps rely on: that fails the step.
    pub changes: Vec<ShapeChange>,
}

/// What runs show about what steps rely on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Learned {
    /// The version that was looked at.
    pub version: u32,
    /// How many good runs of it were looked at.
    pub runs: usize,
    /// The steps for which something is proposed.
    pub steps: Vec<LearnedOfStep>,
}

/// Proposals for the `output_schema` of a step. None is applied.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LearnedOfStep {
    /// Its id.
    pub step: String,
    /// The schema as it is.
    pub current: Value,
    /// What all good runs fit, where that is tighter.
    pub tighter: Option<Value>,
    /// What would let through what was stopped, where the automation needs review because of this step.
    pub wider: Option<Value>,
}

impl App {
    /// Why an automation needs review; `None` where it does not. A version that was made active since has taken the
    /// place of the one that was stopped.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn needs_review(&self, row: &Automation) -> Result<Option<ReviewView>, Problem> {
        let current = row.active_version.unwrap_or(row.latest_version);
        let own = self.store.get::<Review>(&Review::key_of(row.id, current))?;
        // Earlier there was one row for all versions.
        let found = match own {
            Some(review) => Some(review),
            None => self.store.get::<Review>(&row.id.to_string())?,
        };
        Ok(found
            .filter(|review| review.version == current)
            .map(|review| ReviewView {
                run_id: review.run,
                step: review.step,
                version: review.version,
                message: review.message,
                help: words::changed(&review.changes).map(|(_, help)| help),
                changes: review.changes,
                at: review.at,
            }))
    }

    /// Takes away all that stands about what has changed outside of an automation.
    pub(super) fn without_reviews(&self, row: &Automation) -> Result<Batch, Problem> {
        let mut batch = Batch::new().remove::<Review>(row.id.to_string());
        for review in page::all::<Review>(&*self.store, &format!("{}/", row.id))? {
            batch = batch.remove::<Review>(review.key());
        }
        for change in page::all::<UnreadChange>(&*self.store, &format!("{}/", row.id))? {
            batch = batch.remove::<UnreadChange>(change.key());
        }
        // The tools that its versions were activated with stay, as these do: a run that goes on is held to them.
        Ok(batch)
    }

    /// Takes it that somebody has looked at what has changed, not stored yet.
    /// Hold [`super::app::Parts::edits`] from reading the row to the commit.
    ///
    /// # Errors
    /// 409 when nothing waits for that.
    pub fn reviewed(&self, who: &Principal, row: Automation) -> Result<Change, Problem> {
        let Some(review) = self.needs_review(&row)? else {
            return Err(Problem::conflict(
                "no_review_needed",
                "The automation needs no review.",
                "Nothing needs to be done.",
            ));
        };
        let mut answer = json!(self.automation_view(&row, &self.catalog()?)?);
        answer["needs_review"] = Value::Null;
        let batch = Batch::new()
            .remove::<Review>(row.id.to_string())
            .remove::<Review>(Review::key_of(row.id, review.version))
            .audited(
                who,
                "automation.reviewed",
                &row.id,
                json!({ "version": review.version, "run": review.run_id, "step": review.step }),
            );
        Ok(Change {
            batch,
            answer,
            automation: row.id,
            tag: tag(&row),
        })
    }

    /// How the answers of a run look beside those that were recorded.
    ///
    /// # Errors
    /// 404 for an unknown run.
    pub async fn drift(&self, id: RunId) -> Result<Drift, Problem> {
        let run = self
            .engine
            .view(id)
            .await?
            .ok_or_else(|| Problem::not_found("run"))?;
        let recorded = match run.automation_id {
            Some(automation) => self.recorded(automation, run.version).await?,
            None => Arc::default(),
        };
        Ok(Drift {
            recorded: recorded.is_here,
            made_of: recorded.made_of.clone(),
            ..compare(&run, &recorded.shapes)
        })
    }

    /// The last good runs of a version, the youngest first. Those of other versions are passed over, however many.
    fn good_runs(
        &self,
        automation: AutomationId,
        version: u32,
        most: usize,
    ) -> Result<Vec<RunId>, Problem> {
        let mut found = Vec::new();
        let mut before = None;
        for _ in 0..MOST_PAGES {
            let heads = self.store.runs(&RunQuery {
                automation: Some(automation),
                status: Some(Status::Succeeded),
                limit: PAGE,
                before,
                ..RunQuery::default()
            })?;
            before = heads.last().map(|head| head.id);
            let last = heads.len() < PAGE;
            let own = heads.iter().filter(|head| head.version == version);
            found.extend(own.map(|head| head.id).take(most - found.len()));
            if last || found.len() >= most {
                break;
            }
        }
        Ok(found)
    }

    /// What the last good runs of the version in force show about what its steps rely on, and what would let through
    /// what it needs review for.
    ///
    /// # Errors
    /// When runs cannot be read.
    pub async fn learned(&self, row: &Automation, most: u32) -> Result<Learned, Problem> {
        let number = row.active_version.unwrap_or(row.latest_version);
        let version = self.version(row.id, number)?;
        let document = document_of(&version)?;
        let mut schemas = Vec::new();
        each_schema(&document.steps, &mut schemas);
        let mut answers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut runs = 0;
        for id in self.good_runs(row.id, number, most as usize)? {
            let Some(run) = self.engine.view(id).await? else {
                continue;
            };
            runs += 1;
            for step in run.steps.into_iter().flatten() {
                let known = schemas.iter().any(|(id, _)| *id == id_of(&step.path));
                if let Some(output) = step
                    .output
                    .filter(|_| known && step.status == Status::Succeeded)
                {
                    let id = id_of(&step.path).to_owned();
                    answers.entry(id).or_default().push(output.value().clone());
                }
            }
        }
        let review = self
            .needs_review(row)?
            .filter(|review| review.version == number);
        let steps = schemas.into_iter().filter_map(|(step, current)| {
            let seen: Vec<&Value> = answers.get(&step).into_iter().flatten().collect();
            let rejected = match &review {
                Some(review) if id_of(&review.step) == step => rejected(&review.changes),
                _ => Vec::new(),
            };
            let learned = LearnedOfStep {
                tighter: drift::tighter(&current, &seen),
                wider: drift::wider(&current, &rejected),
                current,
                step,
            };
            (learned.tighter.is_some() || learned.wider.is_some()).then_some(learned)
        });
        Ok(Learned {
            version: number,
            runs,
            steps: steps.collect(),
        })
    }
}

/// How the answers of a run look beside these shapes.
pub(super) fn compare(run: &RunView, shapes: &BTreeMap<String, Value>) -> Drift {
    let mut drift = Drift {
        status: Some(run.status),
        ..Drift::default()
    };
    for step in run.steps.iter().flatten() {
        let shape = shapes.get(id_of(&step.path));
        let (Some(output), Some(shape), Status::Succeeded) = (&step.output, shape, step.status)
        else {
            let not_over = step.status != Status::Succeeded && shape.is_some();
            drift.not_compared.push(NotCompared {
                step: step.path.clone(),
                status: not_over.then_some(step.status),
            });
            continue;
        };
        drift.compared += 1;
        drift.steps.push(step.path.clone());
        let changes = once(drift::changes(shape, output.value()));
        if !changes.is_empty() {
            drift.items.push(DriftOfStep {
                step: step.path.clone(),
                changes,
            });
        }
    }
    drift
}

/// The places where actions give a text, and what it holds as JSON beside it under `/json`.
const TEXTS: [&str; 5] = [
    "/content/*/text",
    "/text",
    "/stdout",
    "/body",
    "/structured",
];

/// The changes without those that say the same of an answer's text which is said of its data already.
fn once(changes: Vec<ShapeChange>) -> Vec<ShapeChange> {
    let of_data = |change: &ShapeChange| {
        let text = TEXTS
            .iter()
            .find_map(|text| change.place.strip_prefix(text));
        let Some(rest) = text else {
            return false;
        };
        changes.iter().any(|one| {
            one.place.strip_prefix("/json") == Some(rest)
                && (&one.kind, &one.expected, &one.came)
                    == (&change.kind, &change.expected, &change.came)
        })
    };
    let kept = changes.iter().filter(|change| !of_data(change));
    kept.cloned().collect()
}

/// The id of the step at a path: without the loop and the pass before it.
pub(super) fn id_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn each_schema(steps: &[Step], found: &mut Vec<(String, Value)>) {
    for step in steps {
        if let Some(schema) = &step.output_schema {
            found.push((step.id.clone(), Value::clone(schema)));
        }
        each_schema(&step.steps, found);
    }
}

/// The places where a schema stopped a run, as its failure tells them.
fn rejected(changes: &Value) -> Vec<Rejected> {
    let all = changes.as_array().into_iter().flatten();
    all.filter_map(|change| {
        Some(Rejected {
            keyword: change["keyword"].as_str()?.to_owned(),
            came: change["came_type"].as_str().unwrap_or_default().to_owned(),
            value: change["value"].clone(),
            missing: serde_json::from_value(change["missing"].clone()).unwrap_or_default(),
        })
    })
    .collect()
}
