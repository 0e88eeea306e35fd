//! One data folder over several lives of a process.

mod damage;
mod event;
