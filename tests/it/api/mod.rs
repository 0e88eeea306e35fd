//! The API as an outside client meets it.

mod agent_run;
mod approvals;
mod audit;
mod bad_input;
mod bound;
mod chat_thread;
mod crowd;
mod description;
mod hints;
mod hostile;
mod late;
mod lists;
mod mail;
mod open_files;
mod paths;
mod planted;
mod poisoned;
mod process;
mod rehearsal;
mod retry;
mod roles;
mod runs;
mod sources;
mod subscribers;
mod told;
mod triggers;
pub(crate) mod uncertain;
