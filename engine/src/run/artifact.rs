//! Files that attempts of a run have left.

use super::Run;
use super::scope::Place;
use super::state::{AttemptState, Phase, State};
use super::{Input, Rejected};
use crate::event::{RunEvent, StepPath};
use crate::plan::Plan;
use crate::{Artifact, RunId, Timestamp};

/// An artifact of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptArtifact {
    /// The file.
    pub artifact: Artifact,
    /// When it became a fact.
    pub at: Timestamp,
    /// The earlier run whose result it belongs to, where that was kept.
    pub from: Option<RunId>,
}

impl State {
    /// An attempt has left a file. It counts while the attempt runs.
    pub(super) fn leave(&self, plan: &Plan, input: &Input) -> Result<Vec<RunEvent>, Rejected> {
        let Input::Artifact {
            step,
            number,
            fence,
            artifact,
        } = input
        else {
            return Ok(Vec::new());
        };
        let is_it = |last: &&AttemptState| last.number == *number && last.fence == *fence;
        let state = self.place_of_step(plan, step).map(|place| self.step(place));
        let runs = state.filter(|step| step.phase == Phase::Running);
        let last = runs.and_then(|step| step.attempts.last()).filter(is_it);
        last.ok_or(Rejected::StaleAttempt)?;
        Ok(vec![RunEvent::ArtifactKept {
            step: step.clone(),
            artifact: artifact.clone(),
            from: None,
        }])
    }

    pub(super) fn keep_artifact(
        &mut self,
        step: StepPath,
        artifact: &Artifact,
        from: Option<RunId>,
        at: Timestamp,
    ) {
        let kept = KeptArtifact {
            artifact: artifact.clone(),
            at,
            from,
        };
        let (bytes, count) = &mut self.artifacts_ever;
        *bytes = bytes.saturating_add(artifact.bytes);
        *count += 1;
        self.artifacts.insert((step, artifact.name.clone()), kept);
    }

    /// A step begins anew, so what an earlier attempt of it left does not count any more.
    pub(super) fn drop_artifacts(&mut self, plan: &Plan, place: Place) {
        if self.artifacts.is_empty() {
            return;
        }
        let path = self.path(plan, place);
        self.artifacts.retain(|(step, _), _| *step != path);
    }
}

impl Run {
    /// The files that its steps have left, each with the step's path: of each step those of its last attempt.
    pub fn artifacts(&self) -> impl Iterator<Item = (&StepPath, &KeptArtifact)> {
        let all = self.state.artifacts.iter();
        all.map(|((step, _), kept)| (step, kept))
    }

    /// The bytes of all files that its steps have ever left, and how many those are. They stay on the disk until
    /// the run leaves the history, so those of attempts that failed are among them.
    pub fn artifacts_ever(&self) -> (u64, u64) {
        self.state.artifacts_ever
    }
}
