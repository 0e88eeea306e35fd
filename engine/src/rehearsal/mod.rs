//! A run without a world: the same core as a real run, driven with answers that are given and a time that
//! jumps. Nothing is sent and nothing is stored. Tests of documents, dry runs and trials of a new version on
//! earlier runs are rehearsals that differ only in where their answers come from.

mod answers;
mod clear;
mod course;
mod drive;
mod expect;
mod held;
mod mock;
mod pattern;
mod reading;
mod recorded;
mod replay;
mod retain;
mod sealed;
mod spec;
mod trial;

pub use answers::{
    Answer, Answers, Ask, Comes, EventAnswer, GateAnswer, Hold, Layers, Limits, Resolved, Resume,
    Source, Vote,
};
pub use clear::Clear;
pub use course::{Call, Course, Stop};
pub use drive::rehearse;
pub use expect::{Difference, Seen, TestResult, run_test};
pub use mock::{Mock, Mocks, ResumeMock};
pub use pattern::PathPattern;
pub use recorded::Recorded;
pub use retain::{Again, Ended, Retained, retain};
pub(crate) use spec::Written;
pub use spec::{
    ErrorExpectation, Expectation, Expected, KEYS_OF_TESTS, StepExpectation, Test, own_tests,
    read_mocks, read_tests,
};
pub use trial::{CallChange, ChangeKind, Decided, DecisionChange, Trial, compare};

#[cfg(test)]
mod tests;
