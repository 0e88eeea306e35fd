//! What a person is told of the proof: why a draft was not shown to hold in more worlds, and what came of predicting
//! further recordings.

use crate::report::{Difference, HeldOut, Level, Perturbation, Perturbed, Verdict};
use druse_engine::Finding;
use std::collections::BTreeSet;

/// How many differences of a world are listed at most.
use crate::bound::prove::MOST as MOST_LISTED;

/// What came of predicting the further recordings.
pub(in crate::bound) fn of_held_out(held_out: &[HeldOut]) -> Vec<Finding> {
    let mut found = Vec::new();
    for held in held_out {
        let recording = crate::show::name(held.called(), 60);
        let mut finding = match held.verdict {
            Verdict::Passed => Finding::info(
                "held_out_predicted",
                format!(
                    "The draft predicts the recording `{recording}`: it changes there what was changed there."
                ),
            ),
            Verdict::Failed => Finding::warning(
                "held_out_differs",
                format!(
                    "The draft does not do what the recording `{recording}` shows: {}",
                    crate::text::told(held)
                ),
            )
            .help("The differences are listed under `held_out`. Give it what the recordings differ by, or acknowledge that this draft does not do what that recording shows.")
            .must_acknowledge(),
            Verdict::NotRun => Finding::warning(
                "held_out_not_run",
                format!(
                    "The recording `{recording}` was not predicted. {}",
                    held.message.as_deref().unwrap_or("")
                ),
            )
            .help("Whether the draft does what that recording shows is not known. Give recordings that show it, or acknowledge it.")
            .must_acknowledge(),
        };
        finding.id = format!("{}:{}", finding.code, held.recording);
        found.push(finding);
    }
    found
}

/// Why the draft was not shown to hold in more worlds: to be acknowledged, unless all of it is asked about anyway.
pub(in crate::bound) fn of_proof(
    perturbed: &Perturbed,
    level: Level,
    asked: &BTreeSet<(String, String)>,
) -> Vec<Finding> {
    let told = |code: &str, world: &Perturbation, with: &str, next: Level| {
        let open: Vec<&Difference> = world
            .differences
            .iter()
            .filter(|difference| {
                let place = difference.path.clone().unwrap_or_default();
                !asked.contains(&(difference.step.clone(), place))
            })
            .collect();
        // Of more than are listed it is not known which are asked about.
        let is_open = !open.is_empty() || world.differences.len() >= MOST_LISTED;
        let first = open
            .first()
            .copied()
            .or(world.differences.first())
            .map_or("", |difference| difference.message.as_str());
        let more = world.differences.len().saturating_sub(1);
        let more = match more {
            0 => String::new(),
            more => format!(
                " And {}.",
                crate::show::count(more, "more difference", "more differences")
            ),
        };
        (world.verdict == Verdict::Failed && level < next).then(|| {
            let finding = Finding::warning(
                code,
                format!("With {with} the draft does not do the same: {first}{more}"),
            )
            .help("The report lists the differences. Let the value follow where it comes from, or acknowledge that the draft is shown to hold for the recorded data only.");
            match is_open {
                true => finding.must_acknowledge(),
                false => finding,
            }
        })
    };
    [
        told(
            "not_renamed",
            &perturbed.renamed,
            "other names in the answers and inputs",
            Level::Renamed,
        ),
        told(
            "not_reordered",
            &perturbed.reordered,
            "answers that come in another order",
            Level::Reordered,
        ),
        told(
            "not_shuffled",
            &perturbed.shuffled,
            "shuffled lists and an element more in each",
            Level::Shuffled,
        ),
    ]
    .into_iter()
    .flatten()
    .take(1)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first world in which the draft does otherwise gives the code, and is to be acknowledged.
    #[test]
    fn the_first_world_that_fails_is_told() {
        let failed = || Perturbation {
            verdict: Verdict::Failed,
            differences: vec![Difference {
                step: "pay".to_owned(),
                call: "a".to_owned(),
                kind: "differing".to_owned(),
                path: None,
                recorded: None,
                replayed: None,
                message: "`pay` asked for another amount.".to_owned(),
            }],
            ..Perturbation::default()
        };
        let worlds = |from: usize| {
            let world = |at: usize| {
                if at >= from {
                    failed()
                } else {
                    Perturbation::default()
                }
            };
            Perturbed {
                renamed: world(0),
                reordered: world(1),
                shuffled: world(2),
            }
        };
        for (from, level, code) in [
            (0, Level::Same, "not_renamed"),
            (1, Level::Renamed, "not_reordered"),
            (2, Level::Reordered, "not_shuffled"),
        ] {
            let found = of_proof(&worlds(from), level, &BTreeSet::new());
            let codes: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
            assert_eq!(codes, [code]);
            assert!(found[0].acknowledge && found[0].message.contains("another amount"));
            // What is asked about anyway is not acknowledged, too.
            let asked = BTreeSet::from([("pay".to_owned(), String::new())]);
            assert!(!of_proof(&worlds(from), level, &asked)[0].acknowledge);
        }
    }
}
