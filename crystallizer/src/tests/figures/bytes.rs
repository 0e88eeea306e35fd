//! The same input gives the same bytes, however often, in whichever thread, and in both modes.

use super::elsewhere::sessions;
use super::{Line, are_written, line};
use crate::session::Session;
use crate::tests::build::options;
use crate::tests::known::{recorded_examples, share};
use crate::{Mode, Options, crystallize};
use druse_engine::Digest;
use druse_engine::definition::to_yaml;

fn digest(session: &Session, options: &Options) -> Option<Digest> {
    let made = crystallize(std::slice::from_ref(session), options).ok()?;
    let report = serde_json::to_string(&made.report).unwrap();
    Some(Digest::of((to_yaml(&made.document) + &report).as_bytes()))
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let runs = if are_written() { 1_000 } else { 60 };
    let modes = [Mode::Exact, Mode::Bound].map(|mode| Options {
        mode,
        force: true,
        ..options()
    });
    let mut all = recorded_examples(60);
    // The smaller half: what differs differs there, too, and sooner.
    let mut real = sessions();
    real.sort_by_key(|session| session.turns.len());
    real.truncate(real.len() / 2);
    all.extend(real);
    let inputs: Vec<(&Session, &Options)> = all
        .iter()
        .flat_map(|session| modes.iter().map(move |options| (session, options)))
        .collect();
    // Each thread has seeds of its own for what is hashed.
    let digests = |from: usize| {
        let inputs = &inputs;
        move || -> Vec<Option<Digest>> {
            (from..runs / 2 + from)
                .map(|run| {
                    let (session, options) = inputs[(run - from) * 7 % inputs.len()];
                    digest(session, options)
                })
                .collect()
        }
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(digests(0));
        let two = scope.spawn(digests(0));
        (one.join().unwrap(), two.join().unwrap())
    });
    let same = one.iter().zip(&two).filter(|(one, two)| one == two).count();
    let (same, all) = (2 * same as u64, runs as u64);
    line(&Line {
        measure: "same input, same bytes",
        n: format!("{all} runs"),
        coverage: String::new(),
        success: share(same, all),
        wrong: share(all - same, all),
        reach: "100 %",
    });
    assert_eq!(same, all);
}
