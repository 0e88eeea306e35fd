use super::*;
use crate::Timestamp;
use crate::run::{Input, Run};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Lives of each random document.
const LIVES_EACH: u64 = 40;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// `DRUSE_LIVES` raises the number of lives, `DRUSE_SEED` takes other documents and other lives.
#[test]
fn laws_hold_over_many_lives() {
    let lives = setting("DRUSE_LIVES", 20_000);
    let seed = setting("DRUSE_SEED", 0);
    let documents_count = lives.div_ceil(LIVES_EACH);
    println!("{lives} lives, DRUSE_SEED={seed}");
    let mut bytes = [7u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: u32::try_from(documents_count).unwrap_or(u32::MAX),
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let result = runner.run(&(documents(9), proptest::num::u64::ANY), |(spec, first)| {
        let mut plan = Plan::compile(Arc::new(spec.document()))
            .map_err(|findings| TestCaseError::fail(format!("{findings:?}")))?;
        if first % 3 == 0 {
            // Turns that are cut.
            plan.turn = 1 + usize::from(first as u8 % 7);
        }
        let plan = Arc::new(plan);
        for number in 0..LIVES_EACH {
            let seed = first.wrapping_add(number);
            let report = live(&plan, seed).map_err(TestCaseError::fail)?;
            if number == 0 {
                let again = live(&plan, seed).map_err(TestCaseError::fail)?;
                if report.text() != again.text() {
                    return Err(TestCaseError::fail("same inputs gave other bytes"));
                }
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("DRUSE_SEED={seed}: {error}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    /// Whatever a journal says, reading it and going on from it is an answer and never a crash.
    #[test]
    fn damaged_journals_do_no_harm(spec in documents(7), seed: u64, damages in prop::collection::vec((0u8..5, any::<u16>(), any::<u16>()), 1..4)) {
        let plan = Arc::new(Plan::compile(Arc::new(spec.document())).unwrap());
        let report = live(&plan, seed).map_err(TestCaseError::fail)?;
        let mut journal = report.journal;
        for (damage, a, b) in damages {
            let (a, b) = (usize::from(a) % journal.len(), usize::from(b) % journal.len());
            match damage {
                0 => journal.swap(a, b),
                1 => journal.truncate(a.max(1)),
                2 => { journal.remove(a); }
                3 => { let entry = journal[a].clone(); journal.insert(b, entry); }
                _ => journal[a].at = Timestamp(i64::MAX - b as i64),
            }
            if journal.is_empty() {
                return Ok(());
            }
        }
        for (index, entry) in journal.iter_mut().enumerate() {
            entry.seq = index as u64 + 1;
        }
        if let Ok(mut run) = Run::replay(plan, journal) {
            let late = Timestamp(1_900_000_000_000);
            run.handle(late, Input::Recover { alone: true }).unwrap();
            run.check().map_err(TestCaseError::fail)?;
            let _ = (run.steps(), run.waits_for(), run.approvals(), run.pending());
        }
    }
}
