//! The API as an outside client meets it.

mod agent_run;
mod process;
