//! The proof of what further recordings gave: each of its steps holds in the changed worlds of its own recording, and
//! runs in none of those of a recording that does not have it.

use super::Grafts;
use crate::bound::branch::Branch;
use crate::bound::prove::{self, MOST, Part, Proof};
use crate::bound::witness::Witness;
use crate::kept::Kept;
use crate::report::{Perturbation, Verdict};
use druse_engine::definition::Document;
use std::collections::BTreeSet;

impl Grafts<'_> {
    /// The steps that a recording does not have, by its number: 0 is the one that is followed.
    pub(in crate::bound) fn silent(
        &self,
        number: usize,
        kept: &[Kept<'_>],
        branches: &[Branch],
    ) -> BTreeSet<String> {
        let followed = branches.iter().map(|branch| (branch, kept));
        let own = self.all.iter().flat_map(|graft| {
            let branches = graft.branches.iter();
            branches.map(|branch| (branch, graft.kept.as_slice()))
        });
        followed
            .chain(own)
            .filter(|(branch, _)| branch.taken.is_some() && !branch.recordings.contains(&number))
            .filter_map(|(branch, kept)| Some(kept.get(branch.call)?.step.clone()))
            .collect()
    }

    /// The proof with that of the steps that further recordings gave.
    pub(in crate::bound) fn prove(
        &self,
        proof: Proof,
        document: &mut Document,
        kept: &[Kept<'_>],
        branches: &[Branch],
        witnesses: &[Witness<'_>],
    ) -> Proof {
        self.all.iter().fold(proof, |all, graft| {
            let started_at = witnesses
                .get(graft.witness)
                .and_then(|witness| witness.session.started_at)
                .unwrap_or_default();
            let part = Part {
                own: Some(&graft.own),
                present: Some(&graft.present),
                silent: self.silent(graft.witness + 1, kept, branches),
            };
            let one = prove::prove(document, &graft.kept, &graft.decisions, started_at, &part);
            both(all, one)
        })
    }
}

fn both(mut one: Proof, two: Proof) -> Proof {
    let worlds = [
        (&mut one.perturbed.renamed, two.perturbed.renamed),
        (&mut one.perturbed.reordered, two.perturbed.reordered),
        (&mut one.perturbed.shuffled, two.perturbed.shuffled),
    ];
    for (world, other) in worlds {
        join(world, other);
    }
    one.level = one.level.min(two.level);
    one
}

fn join(world: &mut Perturbation, other: Perturbation) {
    world.moved += other.moved;
    world.unmoved += other.unmoved;
    for difference in other.differences {
        if world.differences.len() < MOST && !world.differences.contains(&difference) {
            world.differences.push(difference);
        }
    }
    world.verdict = match (world.verdict, other.verdict) {
        (Verdict::Failed, _) | (_, Verdict::Failed) => Verdict::Failed,
        (Verdict::NotRun, _) | (_, Verdict::NotRun) => Verdict::NotRun,
        (Verdict::Passed, Verdict::Passed) => Verdict::Passed,
    };
}
