//! One line for each session, for looking over many recordings at once.

use crate::options::Options;
use crate::report::Replay;
use crate::session::{Session, SessionStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of one recorded session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// The file as it was given.
    pub file: String,
    /// The session's place in the file, from 0.
    pub index: usize,
    /// The format that was found; `null` where none was.
    pub format: Option<String>,
    /// What the recording says of its end; `null` where it says nothing.
    pub status: Option<SessionStatus>,
    /// Messages.
    pub turns: u64,
    /// Calls.
    pub tool_calls: u64,
    /// Calls that failed.
    pub failed_calls: u64,
    /// Calls that became a step.
    pub steps: u64,
    /// Approval gates.
    pub gates: u64,
    /// Calls that did not become a step; with the steps all calls there are.
    pub left_out: u64,
    /// How the replay went, in figures.
    pub replay: ReplayFigures,
    /// How many findings there are, by code; where no draft can be made, with the code that says why.
    pub findings: BTreeMap<String, u64>,
    /// Why the file could not be read; `null` when it could.
    pub error: Option<SummaryError>,
    /// How long it took, in microseconds; whoever calls measures it.
    pub micros: u64,
}

/// The replay in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReplayFigures {
    /// Requests equal to the recorded ones.
    pub matched: u64,
    /// Requests that were made differently.
    pub differing: u64,
    /// Requests that were not made.
    pub missing: u64,
}

impl From<&Replay> for ReplayFigures {
    fn from(replay: &Replay) -> Self {
        Self {
            matched: replay.matched,
            differing: replay.differing,
            missing: replay.missing,
        }
    }
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SummaryError {
    /// Stable, snake_case.
    pub code: String,
    /// One sentence.
    pub message: String,
}

impl Summary {
    /// Crystallizes a session and sums it up. A session that failed is taken all the same. Where no draft can be made,
    /// all calls are left out, and the reason stands among the findings.
    pub fn of(file: &str, index: usize, session: &Session, options: &Options) -> Self {
        let counts = session.counts();
        let mut summary = Self {
            file: file.to_owned(),
            index,
            format: Some(session.format.clone()),
            status: session.status,
            turns: counts.turns,
            tool_calls: counts.tool_calls,
            failed_calls: counts.failed,
            ..Self::empty(file)
        };
        let options = Options {
            force: true,
            ..options.clone()
        };
        let findings = match crate::crystallize(std::slice::from_ref(session), &options) {
            Ok(made) => {
                summary.steps = made.report.counts.steps;
                summary.gates = made.report.counts.gates;
                summary.left_out = made.report.counts.left_out;
                summary.replay = ReplayFigures::from(&made.report.replay);
                made.report.findings
            }
            Err(error) => {
                summary.left_out = counts.tool_calls;
                *summary.findings.entry(error.code.to_owned()).or_default() += 1;
                session.findings.clone()
            }
        };
        for finding in findings {
            *summary.findings.entry(finding.code).or_default() += 1;
        }
        summary
    }

    /// The line of a file that could not be read.
    pub fn unreadable(file: &str, code: &str, message: &str) -> Self {
        Self {
            error: Some(SummaryError {
                code: code.to_owned(),
                message: message.to_owned(),
            }),
            ..Self::empty(file)
        }
    }

    fn empty(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            index: 0,
            format: None,
            status: None,
            turns: 0,
            tool_calls: 0,
            failed_calls: 0,
            steps: 0,
            gates: 0,
            left_out: 0,
            replay: ReplayFigures::default(),
            findings: BTreeMap::new(),
            error: None,
            micros: 0,
        }
    }
}
