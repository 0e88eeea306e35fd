use crate::Timestamp;
use crate::plan::Plan;
use crate::run::{Input, Run};
use crate::testing::{documents, live};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use std::sync::Arc;

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    /// Whatever a journal says, reading it and going on from it is an answer and never a crash.
    #[test]
    fn damaged_journals_do_no_harm(spec in documents(7), seed: u64, damages in prop::collection::vec((0u8..5, any::<u16>(), any::<u16>()), 1..4)) {
        let plan = Arc::new(Plan::compile(Arc::new(spec.document())).unwrap());
        let report = live(&plan, seed).map_err(|lost| TestCaseError::fail(lost.broken.to_string()))?;
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
