//! The real binary, over HTTP and the command line.

mod crash;
mod harness;
mod smoke;
