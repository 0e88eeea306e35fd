//! What a person said of a change once it was made: a late no. The agent can only be sorry then; a run can still ask.

use crate::about::About;
use crate::exchange::Exchange;
use crate::kept::Kept;
use crate::reply::{Objection, objects, stems};

/// A change that a person objected to.
pub(crate) struct Objected<'s> {
    /// Its index among the kept calls.
    pub(crate) at: usize,
    /// What the person said.
    pub(crate) said: &'s str,
    /// Whether the agent changed something then, which may have put it right.
    pub(crate) went_on: bool,
}

/// The changes that a person objected to. Each once, by what was said of it last.
pub(crate) fn objected<'s>(exchanges: &[Exchange<'s>], kept: &[Kept<'_>]) -> Vec<Objected<'s>> {
    let mut found: Vec<Objected<'_>> = Vec::new();
    // All changes so far, and those since the person spoke before.
    let mut done: Vec<usize> = Vec::new();
    let mut latest: Vec<usize> = Vec::new();
    for said in exchanges {
        let objection = objects(said.text).filter(|_| !done.is_empty());
        if let Some(objection) = objection
            && let Some(at) = meant(said.text, objection, &done, &latest, kept)
        {
            // What nobody wanted stays unwanted, whatever is said of it later.
            let stays = found.iter().any(|one| one.at == at && !one.went_on);
            let of_same = |other: &usize| {
                let calls = kept.get(at).zip(kept.get(*other));
                calls.is_some_and(|(one, two)| About::call(one).same_thing(&About::call(two)))
            };
            let went_on = !stays
                && objection != Objection::Unwanted
                && said.changes.iter().take(MOST_LOOKED_AT).any(of_same);
            found.retain(|one| one.at != at);
            found.push(Objected {
                at,
                said: said.text,
                went_on,
            });
        }
        if !said.changes.is_empty() {
            latest.clone_from(&said.changes);
            done.extend(&said.changes);
        } else if objection.is_none() && !said.goes_on {
            latest.clear();
        }
    }
    found.sort_by_key(|one| one.at);
    found
}

/// How many changes before an objection are looked at.
const MOST_LOOKED_AT: usize = 200;

/// The change that an objection is to: the last one of the thing that it names, else of its deed, else what was done
/// last, where nothing else was spoken of since.
fn meant(
    text: &str,
    objection: Objection,
    done: &[usize],
    latest: &[usize],
    kept: &[Kept<'_>],
) -> Option<usize> {
    let about = About::text(text);
    let words = stems(text);
    let last = |is: &dyn Fn(&Kept<'_>) -> bool| {
        let mut all = done.iter().rev().take(MOST_LOOKED_AT).copied();
        all.find(|at| kept.get(*at).is_some_and(is))
    };
    let of_thing = || last(&|kept| About::call(kept).same_thing(&about));
    let of_deed = || {
        last(&|kept| {
            let name = crate::words::split(&kept.call.name);
            let deed = name.first().map(|verb| stems(verb));
            deed.is_some_and(|deed| !deed.is_disjoint(&words))
        })
    };
    of_thing().or_else(of_deed).or_else(|| {
        latest
            .last()
            .copied()
            .filter(|_| objection != Objection::Order)
    })
}
