//! What the tests stand on: the server as a process, an outside client, and waiting for a state.

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod postgres;
pub(crate) mod processes;
pub(crate) mod raw;
pub(crate) mod server;
pub(crate) mod shop;
pub(crate) mod stream;
pub(crate) mod wait;
pub(crate) mod world;

pub(crate) use browser::Browser;
pub(crate) use client::{Answer, Client, active};
pub(crate) use postgres::Postgres;
pub(crate) use raw::Raw;
pub(crate) use server::{Server, druse, text};
pub(crate) use shop::Shop;
pub(crate) use stream::Stream;
pub(crate) use world::World;
