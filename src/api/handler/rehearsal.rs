//! Tests of a version, and a version tried on earlier runs: nothing of it happens.

use super::super::{
    call::{Call, ok},
    route::Answer,
};
use crate::service::Problem;
use crate::service::rehearsal::MOST_RUNS;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Tests to be run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Tests {
    /// The tests, as in a file of tests. Left out: those that stand in the document.
    #[serde(default)]
    pub(in crate::api) tests: Option<Vec<Value>>,
    /// Left out: the latest version.
    #[serde(default)]
    pub(in crate::api) version: Option<u32>,
}

pub(in crate::api) async fn test(call: Call) -> Answer {
    let wanted: Tests = call.json()?;
    let row = call.app.automation(call.param("id"))?;
    let tested = call.app.tested(&row, wanted.version, wanted.tests);
    ok(&tested.await?)
}

/// What a version is tried on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Try {
    /// How many of the last runs that have ended; left out: 20.
    #[serde(default)]
    pub(in crate::api) runs: Option<u32>,
}

pub(in crate::api) async fn try_version(call: Call) -> Answer {
    let wanted: Try = call.json()?;
    let runs = wanted.runs.unwrap_or(20);
    if !(1..=MOST_RUNS).contains(&runs) {
        return Err(Problem::unprocessable(
            "bad_body",
            format!("`runs` is a number from 1 to {MOST_RUNS}."),
            "Leave it out for the last 20.",
        ));
    }
    let row = call.app.automation(call.param("id"))?;
    let version = call.id("n", "version")?;
    let tried = call.app.tried(&row, version, runs);
    ok(&tried.await?)
}
