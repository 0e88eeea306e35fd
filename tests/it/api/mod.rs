//! The API as an outside client meets it.

mod agent_run;
mod chat_thread;
mod process;
