//! What the tests stand on: the server as a process, an outside client, and waiting for a state.
#![allow(dead_code, unused_imports)] // Each module takes what it needs.

pub(crate) mod client;
pub(crate) mod raw;
pub(crate) mod server;
pub(crate) mod stream;
pub(crate) mod wait;
pub(crate) mod world;

pub(crate) use client::{Answer, Client};
pub(crate) use raw::Raw;
pub(crate) use server::{DRUSE, Server, druse, text};
pub(crate) use stream::Stream;
pub(crate) use world::World;
