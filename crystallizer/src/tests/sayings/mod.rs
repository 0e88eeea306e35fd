//! What people may say to narrow, order, cap or condition what they ask for, in many ways: each is followed where one
//! field can be meant, accepted where it says nothing of the kind, and asked about otherwise. Never accepted in silence.

mod aside;
mod deed;
mod extreme;
mod list;
mod needless;
mod pick;
mod policy;
mod turn;

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

fn crystallized(session: &Session) -> Crystallized {
    made(session, &bound())
}

/// Holds that the sayings of which this is said are asked about, and no others.
fn hold_asked(cases: &[(&str, bool)], play: impl Fn(&str) -> Session) {
    let mut wrong = Vec::new();
    for (task, expected) in cases {
        let made = crystallized(&play(task));
        let asked = unshown(&made);
        if asked.is_empty() == *expected {
            wrong.push(format!("{task}\n    {expected}, but {asked:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
