//! What Druse does for whoever asks, over HTTP or in the process itself: one place for each noun.
//! Nothing here knows HTTP beyond the status that goes with a problem.

pub mod acknowledged;
pub mod activation;
pub mod app;
pub mod artifacts;
pub mod audit;
pub mod automation;
pub(crate) mod behind;
pub mod checked;
mod children;
pub mod connections;
pub mod difference;
pub mod doctor;
pub mod document;
pub mod edits;
pub mod examples;
pub mod export;
pub(crate) mod gate;
pub mod idempotency;
pub mod kept_text;
pub mod label;
pub mod links;
pub(crate) mod merge;
pub(crate) mod offered;
pub mod page;
pub mod pins;
pub mod principal;
pub mod problem;
mod recorded;
pub mod recurring;
pub mod rehearsal;
pub mod retention;
pub mod review;
pub mod run;
pub mod secrets;
pub mod seen;
pub mod sessions;
pub mod setup;
pub mod signin;
pub mod steps;
pub mod tokens;
pub mod tools;
pub mod unread;
pub(crate) mod way;
pub(crate) mod words;

pub use app::{App, Options};
pub use artifacts::ArtifactView;
pub use principal::{Principal, Role};
pub use problem::Problem;
pub use run::{
    ApprovalView, AttemptView, CAUSES, DecisionRequest, FailureView, Filled, IdempotencyClaim,
    QueuePlace, ResolveRequest, Resume, Retry, RetryPreview, RunError, RunView, SinceAsked,
    StepView, Submit, UndoUnknown, Wish,
};
