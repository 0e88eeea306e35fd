//! Bugs that are planted, and the laws that catch them: a law that catches nothing is none.

use super::hunt::{again, hunt_for};
use crate::testing::planted::Planting;
use crate::testing::{Bug, Law};
use std::time::Instant;

/// The lives of the default suite.
const LIVES: u64 = 20_000;

#[test]
fn every_planted_bug_is_caught_by_its_law() {
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let started = Instant::now();
        let planting = Planting::of(*bug);
        let caught = hunt_for(&[bug.law()], 0, LIVES);
        drop(planting);
        match caught {
            Ok(_) => missed.push(bug.name()),
            Err(caught) => println!(
                "{:22} caught by {:18} at life {:6} ({:?}) {}",
                bug.name(),
                bug.law().name(),
                caught.lives,
                started.elapsed(),
                caught.name,
            ),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

#[test]
fn every_law_catches_a_planted_bug() {
    let idle: Vec<&str> = Law::ALL
        .iter()
        .filter(|law| Bug::ALL.iter().all(|bug| bug.law() != **law))
        .map(|law| law.name())
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}

/// What is told of a life that broke a law is enough to live it again, and is made as simple as can be.
#[test]
fn a_life_that_breaks_a_law_is_lived_again_and_made_simple() {
    let planting = Planting::of(Bug::SkipIsSuccess);
    let caught = hunt_for(&[Law::Joins], 0, LIVES).expect_err("it is planted");
    let told = caught.to_string();
    let name = told
        .split("DRUSE_LIFE=")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let name = name
        .expect("it has a name")
        .parse()
        .expect("it can be read");
    assert_eq!(name, caught.name);
    let second = again(name).expect_err("it is the same life");
    assert_eq!(second.lost.broken, caught.lost.broken);
    let caught = caught.shrink();
    let (spec, lost) = caught.minimal.as_ref().expect("it is made simple");
    assert_eq!(lost.broken.law, Law::Joins);
    // What makes a step be skipped, that one, and one that needs it.
    let steps = spec.steps.len() + spec.on_failure.len() + spec.finally.len();
    assert!(steps <= 3, "{caught}");
    assert!(
        caught.to_string().contains("the simplest document found"),
        "{caught}"
    );
    drop(planting);
    assert!(again(name).is_ok());
}
