//! A version tried on runs of its own: with what happened to them, it does what they did.

use super::random_plan;
use crate::event::{Entry, RunEvent};
use crate::rehearsal::{Recorded, compare, rehearse};
use crate::run::is_of_child;
use crate::testing::simulator::calm;

/// What a run comes by that a rehearsal has to meet as well.
#[derive(Debug, Default)]
struct Met {
    queues: u64,
    rates: u64,
    pauses: u64,
    cancels: u64,
    resolved: u64,
    limits: u64,
}

impl Met {
    fn see(&mut self, entry: &Entry) {
        match &entry.event {
            RunEvent::Queued { .. } => self.queues += 1,
            RunEvent::RateAwaited { .. } => self.rates += 1,
            RunEvent::Paused { .. } => self.pauses += 1,
            RunEvent::CancelRequested { .. } => self.cancels += 1,
            RunEvent::StepResolved { .. } => self.resolved += 1,
            RunEvent::LoopTimedOut { .. } | RunEvent::RunTimedOut => self.limits += 1,
            _ => {}
        }
    }
}

/// Whether a gate asked anew because another version of what it lets start became active. In a rehearsal that
/// does not happen.
fn asks_for_other_children(entry: &Entry) -> bool {
    match &entry.event {
        RunEvent::ApprovalVoided { changes, .. } => changes.iter().any(is_of_child),
        _ => false,
    }
}

/// `DRUSE_TRIALS` says how many lives, and `DRUSE_SEED` takes others.
#[test]
fn a_version_tried_on_a_run_of_its_own_does_the_same() {
    let setting = |name: &str, default: u64| {
        let text = std::env::var(name).ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (lives, seed) = (setting("DRUSE_TRIALS", 1_200), setting("DRUSE_SEED", 0));
    let (mut tried, mut met) = (0_u64, Met::default());
    // A third of the documents has turns that are cut short, as those of a server hardly ever are.
    let documents = (0..lives / 8).filter(|document| !document.is_multiple_of(3));
    for document in documents {
        let plan = random_plan(seed, document);
        for life in 0..12 {
            let draws = seed.rotate_left(32) ^ (document << 8) ^ life;
            // Where what comes is due already, the world of a simulation answers too late.
            let Ok((report, earlier)) = calm(&plan, draws) else {
                continue;
            };
            if report.journal.iter().any(asks_for_other_children) {
                continue;
            }
            tried += 1;
            report.journal.iter().for_each(|entry| met.see(entry));
            let recorded = Recorded::of(&plan, &report.journal);
            let (start, begun) = (earlier.start().clone(), earlier.created_at());
            let mut answers = recorded.answers();
            let course = rehearse(&plan, start, recorded.kept(), begun, &mut answers);
            let trial = compare(&earlier, &recorded, &course);
            assert!(
                trial.same,
                "document {document}, life {life}:\n{}\n{trial:#?}",
                report.text()
            );
        }
    }
    println!("{tried} runs, {met:?}");
    assert!(tried * 10 >= lives * 9, "{tried} of {lives}");
    let Met {
        queues,
        rates,
        pauses,
        cancels,
        resolved,
        limits,
    } = met;
    let all = [queues, rates, pauses, cancels, resolved, limits];
    assert!(all.iter().all(|times| *times * 100 >= tried), "{all:?}");
}
