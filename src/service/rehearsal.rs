//! Runs that do not happen: tests of a version, dry runs, and a version tried on earlier runs.

use super::{App, Problem, RunError, RunView, Submit};
use crate::runtime::Given;
use druse_engine::event::Outcome;
use druse_engine::rehearsal::{
    Call, Mocks, Stop, TestResult, Trial, read_mocks, read_tests, run_test,
};
use druse_engine::{AutomationId, Finding, RunId};
use druse_storage::{Automation, RunQuery, StoreExt as _, StoredSession};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The most runs that a version is tried on at once.
pub const MOST_RUNS: u32 = 200;
/// The most tests in one request.
const MOST_TESTS: usize = 1_000;

/// Where the answers of a dry run come from, besides mocks.
#[derive(Debug, Clone, Default)]
pub struct AnswersOf {
    /// Answers by the paths of steps.
    pub mocks: Map<String, Value>,
    /// An earlier run.
    pub run: Option<RunId>,
    /// The recording that the automation was made from.
    pub recording: bool,
    /// Whether gates that nothing answers are approved.
    pub approve: bool,
}

/// A dry run: the run as it came to be, and what it would have done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DryRun {
    /// The run; it is not stored, and its id leads nowhere.
    #[serde(flatten)]
    pub run: RunView,
    /// The effects that would happen, in order, with what they ask for.
    pub effects: Vec<Call>,
    /// Where it could not go on for lack of an answer.
    pub stops: Vec<Stop>,
}

/// The tests of a version.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tested {
    /// The version that was tested.
    pub version: u32,
    /// How many passed.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
    /// Each of them.
    pub tests: Vec<TestResult>,
}

/// A version tried on earlier runs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tried {
    /// The version that was tried.
    pub version: u32,
    /// How many runs it was tried on, and what came of them.
    pub counts: TriedCounts,
    /// Each of them, youngest first.
    pub runs: Vec<TriedRun>,
}

/// What came of trying a version on runs.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct TriedCounts {
    /// Runs that it was tried on.
    pub runs: usize,
    /// Nothing is different.
    pub same: usize,
    /// Something is different.
    pub changed: usize,
    /// An answer was missing; counted beside `changed`.
    pub stopped: usize,
    /// The version does not take the inputs of that run, or its history cannot be read.
    pub not_tried: usize,
}

/// A version tried on one run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TriedRun {
    /// The earlier run.
    #[schemars(with = "String")]
    pub run_id: RunId,
    /// Its version.
    pub version: u32,
    /// `same`, `changed` or `not_tried`.
    pub outcome: &'static str,
    /// Why it was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What its inputs lack.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What is different.
    #[serde(flatten)]
    pub trial: Option<Trial>,
}

impl App {
    /// Runs tests against a version, its own when none are given; the latest version when none is named.
    ///
    /// # Errors
    /// 422 with findings when the tests or the version are wrong, and when there are no tests.
    pub async fn tested(
        &self,
        row: &Automation,
        version: Option<u32>,
        tests: Option<Vec<Value>>,
    ) -> Result<Tested, Problem> {
        let (plan, version) = self
            .engine
            .plan(row.id, Some(version.unwrap_or(row.latest_version)))?;
        let tests = match tests {
            Some(tests) => tests,
            None if plan.document.tests.is_empty() => {
                return Err(Problem::unprocessable(
                    "no_tests",
                    format!("Version {version} of {} has no tests.", row.name),
                    "Send them as `tests`, or write them into the document.",
                ));
            }
            None => plan.document.tests.clone(),
        };
        if tests.len() > MOST_TESTS {
            return Err(Problem::unprocessable(
                "too_many_tests",
                format!("More than {MOST_TESTS} tests came in one request."),
                "Send them in several.",
            ));
        }
        self.off_thread(move || {
            let tests = read_tests(json!({ "tests": tests }), &plan).map_err(wrong)?;
            let tests: Vec<TestResult> = tests.iter().map(|test| run_test(&plan, test)).collect();
            let passed = tests.iter().filter(|test| test.passed).count();
            Ok(Tested {
                version,
                passed,
                failed: tests.len() - passed,
                tests,
            })
        })
        .await
    }

    /// What a run would do, as far as answers reach. Nothing is sent, nothing stored.
    ///
    /// # Errors
    /// As the start of a run, and 422 for wrong mocks or a recording that is not there.
    pub async fn dry_run(&self, submit: Submit, answers: AnswersOf) -> Result<DryRun, Problem> {
        let (plan, version) = self.engine.plan(submit.automation, submit.version)?;
        let mocks = match answers.mocks.is_empty() {
            true => Mocks::default(),
            false => read_mocks(answers.mocks, "/mocks", &plan).map_err(wrong)?,
        };
        let outcomes = match answers.recording {
            true => self.recorded_outcomes(submit.automation, version).await?,
            false => Vec::new(),
        };
        let given = Given {
            mocks,
            run: answers.run,
            outcomes,
            // What was recorded had been let through.
            approve: answers.approve || answers.recording,
        };
        let app = self.clone();
        self.off_thread(move || {
            let done = app.engine.rehearse(submit, given)?;
            Ok(DryRun {
                run: done.view,
                effects: done.effects,
                stops: done.stops,
            })
        })
        .await
    }

    /// The answers of the recording that an automation was made from.
    async fn recorded_outcomes(
        &self,
        automation: AutomationId,
        version: u32,
    ) -> Result<Vec<(String, Outcome)>, Problem> {
        let row = self.automation(&automation.to_string())?;
        let gone = || {
            Problem::unprocessable(
                "no_recording",
                "The automation was not made from a recording that is still there.",
                "Give `mocks`, or a run to take the answers from.",
            )
        };
        let source = row.source.clone().ok_or_else(gone)?;
        let document = super::automation::document_of(&self.version(row.id, version)?)?;
        // Of several recordings another one than the first may be followed.
        let followed = document
            .metadata
            .get("crystallized")
            .and_then(|made| made["source"]["id"].as_str())
            .map(str::to_owned);
        let followed = match followed {
            Some(id) => self.store.get::<StoredSession>(&id)?,
            None => None,
        };
        let stored = match followed {
            Some(stored) => Some(stored),
            None => self.store.get::<StoredSession>(&source.id.to_string())?,
        };
        let stored = stored.ok_or_else(gone)?;
        let options = self.mapping_options()?;
        let store = self.store.clone();
        self.off_thread(move || {
            let session = Self::session(&*store, &stored)?;
            druse_crystallizer::recorded_outcomes(&document, &session, &options)
                .map_err(|error| Problem::unprocessable(error.code, error.message, error.help))
        })
        .await
    }

    /// A version tried on the last runs of its automation that have ended, with the answers that those
    /// had. Nothing is sent, nothing stored.
    ///
    /// # Errors
    /// 404 for an unknown version, 422 for one that cannot run.
    pub async fn tried(&self, row: &Automation, version: u32, runs: u32) -> Result<Tried, Problem> {
        let (plan, version) = self.engine.plan(row.id, Some(version))?;
        let app = self.clone();
        let automation = row.id;
        self.off_thread(move || {
            let mut counts = TriedCounts::default();
            let mut tried = Vec::new();
            for (id, of) in app.ended_runs(automation, runs as usize)? {
                counts.runs += 1;
                let one = match app.engine.try_on(&plan, version, id) {
                    Ok(trial) => {
                        match trial.same {
                            true => counts.same += 1,
                            false => counts.changed += 1,
                        }
                        if !trial.stops.is_empty() {
                            counts.stopped += 1;
                        }
                        TriedRun {
                            run_id: id,
                            version: of,
                            outcome: if trial.same { "same" } else { "changed" },
                            reason: None,
                            findings: Vec::new(),
                            trial: Some(trial),
                        }
                    }
                    Err(error) => {
                        counts.not_tried += 1;
                        TriedRun {
                            run_id: id,
                            version: of,
                            outcome: "not_tried",
                            reason: Some(error.to_string()),
                            findings: match error {
                                RunError::BadInputs(findings) => findings,
                                _ => Vec::new(),
                            },
                            trial: None,
                        }
                    }
                };
                tried.push(one);
            }
            Ok(Tried {
                version,
                counts,
                runs: tried,
            })
        })
        .await
    }

    /// The last runs of an automation that have ended, youngest first, with their versions.
    fn ended_runs(
        &self,
        automation: AutomationId,
        most: usize,
    ) -> Result<Vec<(RunId, u32)>, Problem> {
        const PAGE: usize = 200;
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = self.store.runs(&RunQuery {
                automation: Some(automation),
                before,
                limit: PAGE,
                ..RunQuery::default()
            })?;
            for head in &page {
                // One that never came to its turn decided nothing.
                if head.status.is_final() && head.started_at.is_some() {
                    found.push((head.id, head.version));
                    if found.len() == most {
                        return Ok(found);
                    }
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => before = Some(last.id),
                _ => return Ok(found),
            }
        }
    }
}

fn wrong(findings: Vec<Finding>) -> Problem {
    let message = match findings.first() {
        Some(first) => format!("What is given is wrong: {}.", first.message),
        None => "What is given is wrong.".into(),
    };
    Problem::unprocessable(
        "bad_test",
        message,
        "`findings` has each place and what to do.",
    )
    .findings(findings)
}
