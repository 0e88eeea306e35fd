//! The real binary, over HTTP and the command line.

mod harness;
mod smoke;
