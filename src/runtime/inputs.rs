//! The inputs of a run that are sensitive: sealed before the run begins, so that no fact of it holds them.

use super::Engine;
use crate::secret::{self, SENSITIVE, SealError};
use crate::service::RunError;
use druse_engine::plan::Plan;
use druse_engine::{Finding, Json, RunId};
use serde_json::{Map, Value};

impl Engine {
    /// Checks the given inputs of a new run, and seals the sensitive ones.
    pub(super) fn inputs(&self, plan: &Plan, root: RunId, given: &Value) -> Result<Json, RunError> {
        let clear = checked(plan, given)?;
        self.sealed(plan, root, &clear, None)
    }

    /// The inputs of a retry: those that are given, or those of the earlier run. A sensitive one that stays
    /// the same keeps its seal, so that results which were made from it are kept too.
    pub(super) fn retried_inputs(
        &self,
        plan: &Plan,
        root: RunId,
        before: &Json,
        given: Option<Value>,
    ) -> Result<Json, RunError> {
        if let Some(given) = &given {
            let written = secret::written_by_hand(given, false);
            if !written.is_empty() {
                let sealed = |path: String| {
                    let message = "this is the form in which a sensitive input is kept";
                    Finding::error("sensitive_not_allowed", message)
                        .at_path(path)
                        .help("give the value itself, or leave it out")
                };
                return Err(RunError::BadInputs(
                    written.into_iter().map(sealed).collect(),
                ));
            }
        }
        let secrets = self.0.actions.secrets();
        let earlier = match secrets.open_sealed(root, before, before) {
            Ok(Some(opened)) => opened.value,
            Ok(None) => before.clone(),
            Err(error) => return Err(unreadable(&error)),
        };
        let mut given = given.unwrap_or_else(|| earlier.value().clone());
        // Who sends back what was shown means the value that was hidden.
        if let Some(map) = given.as_object_mut() {
            for input in plan.inputs.iter().filter(|input| input.sensitive) {
                if let Some(value) = map.get_mut(&input.name)
                    && value == SENSITIVE
                    && let Some(known) = earlier.value().get(&input.name)
                {
                    *value = known.clone();
                }
            }
        }
        for (name, value) in before.value().as_object().into_iter().flatten() {
            let was_sealed = value.as_str().is_some_and(secret::is_seal);
            let is_clear = plan
                .inputs
                .iter()
                .any(|input| input.name == *name && !input.sensitive);
            if was_sealed && is_clear && given.get(name) == earlier.value().get(name) {
                let message =
                    format!("input `{name}` was sensitive, and this version would show it");
                return Err(RunError::BadInputs(vec![
                    Finding::error("sensitive_not_allowed", message)
                        .at_path(format!("/{name}"))
                        .help("give it anew, or retry with the version that keeps it sensitive"),
                ]));
            }
        }
        let clear = checked(plan, &given)?;
        self.sealed(plan, root, &clear, Some((before, &earlier)))
    }

    fn sealed(
        &self,
        plan: &Plan,
        root: RunId,
        clear: &Json,
        earlier: Option<(&Json, &Json)>,
    ) -> Result<Json, RunError> {
        if !plan.inputs.iter().any(|input| input.sensitive) {
            return Ok(clear.clone());
        }
        let mut sealed = Map::new();
        for (name, value) in clear.value().as_object().into_iter().flatten() {
            let sensitive = plan
                .inputs
                .iter()
                .any(|input| input.name == *name && input.sensitive);
            let kept = earlier.and_then(|(before, earlier)| {
                let same = earlier.value().get(name) == Some(value);
                let seal = before.value().get(name)?;
                (same && seal.as_str().is_some_and(secret::is_seal)).then(|| seal.clone())
            });
            let value = match (sensitive, kept) {
                (false, _) => value.clone(),
                (true, Some(seal)) => seal,
                (true, None) => {
                    let secrets = self.0.actions.secrets();
                    let seal = secrets.seal_input(root, name, value);
                    seal.map_err(|error| unreadable(&error))?.into()
                }
            };
            sealed.insert(name.clone(), value);
        }
        Ok(Value::Object(sealed).into())
    }
}

fn checked(plan: &Plan, given: &Value) -> Result<Json, RunError> {
    for input in plan.inputs.iter().filter(|input| input.sensitive) {
        if given
            .get(&input.name)
            .is_some_and(|value| value == SENSITIVE)
        {
            let message = format!(
                "input `{}` is what is shown in place of its value",
                input.name
            );
            return Err(RunError::BadInputs(vec![
                Finding::error("invalid_input", message)
                    .at_path(format!("/{}", input.name))
                    .help("give the value itself"),
            ]));
        }
    }
    plan.check_inputs(given).map_err(RunError::BadInputs)
}

fn unreadable(error: &SealError) -> RunError {
    RunError::BadInputs(vec![
        Finding::error("sensitive_unreadable", error.to_string())
            .help("give the sensitive inputs anew"),
    ])
}
