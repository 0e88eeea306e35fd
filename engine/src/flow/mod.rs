//! Who may work when: limits on runs that go at once.
//!
//! A limit counts *slots*, and who has one is a function of how runs stand ([`Standing`]). Nothing is
//! counted up and down: [`Flow`] keeps sets of runs, so that saying the same thing twice changes nothing,
//! and a run that has ended is in none of them. So a slot cannot leak.
//!
//! There are three limits, each inside the one before: of the server, of an automation, and of a
//! concurrency key of an automation. A run works when all three have room:
//!
//! | a run that …                                          | server, automation | its key |
//! |-------------------------------------------------------|--------------------|---------|
//! | is queued and has not begun                            | –                  | –       |
//! | works                                                  | a slot each        | a slot  |
//! | only waits for runs that its steps have started        | –                  | a slot  |
//! | only waits for people, events or a time                | –                  | – (a slot with `hold_while_waiting`) |
//! | wants to go on after that, and is queued again         | –                  | as while it waited |
//! | has ended                                              | –                  | –       |
//!
//! Who is first: the smallest *rank*, which is the time at which a run was queued, less a minute for each
//! point of its priority. A run of priority 5 goes before those of priority 0 that came up to five minutes
//! earlier, and after those that have waited longer. Time itself is no part of the order, so it never
//! changes while a run waits; and only finitely many runs can ever get before another, so none starves as
//! long as those that work come to an end.
//!
//! In one key the order is strict: nobody passes the first one. A run whose key or automation has no room
//! lets runs of others pass.
//!
//! How many attempts begin over a connection in a period is another limit: [`Rates`].

mod claim;
mod deadlock;
mod order;
mod queue;
mod rate;
mod rates;
mod view;

pub use claim::{Claim, KeyClaim};
pub use order::{MOST_PRIORITY, PRIORITY_STEP, Rank};
pub use queue::{Flow, RunLimits, Standing};
pub use rate::{BadRate, MOST_STARTS, Per, Rate};
pub use rates::{Began, LONGEST_HOLD, RatePlace, RateWait, Rates};
pub use view::{Queue, QueueKind, Wait, Waiting};

#[cfg(test)]
mod tests;
