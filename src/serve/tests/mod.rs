//! One data folder over several lives of a process, and what is answered when its disk is full.

mod damage;
mod event;
mod full_disk;
mod help;
