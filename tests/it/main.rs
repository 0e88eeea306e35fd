//! The real binary, over HTTP and the command line.

mod api;
mod crash;
mod full_disk;
mod harness;
