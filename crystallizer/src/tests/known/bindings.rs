//! Bindings against the generator's truth. A value of a recorded call is data when the program sends another one in
//! some fresh world; a binding is right when it gives what the program sends in every fresh world where its call is
//! made, and false when it does not.

use super::run::run;
use super::*;
use crate::tests::figures::{Line, are_written, line};
use druse_engine::definition::Step;
use std::collections::BTreeMap;

#[derive(Default, Debug)]
struct Tally {
    programs: u64,
    bound: u64,
    right: u64,
    /// Data of programs in which all follows.
    data: u64,
    data_right: u64,
}

/// The calls by their tools, each in its order.
fn by_tool(calls: &[Called]) -> BTreeMap<(&str, usize), &Value> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    calls
        .iter()
        .map(|call| {
            let number = count.entry(&call.tool).or_default();
            *number += 1;
            ((call.tool.as_str(), *number), &call.arguments)
        })
        .collect()
}

/// Whether something is written in the place of a value: at it, or at what it stands in.
fn is_bound(step: &Step, pointer: &str) -> bool {
    let Some(mut at) = step.with.as_ref().and_then(|with| with.get("arguments")) else {
        return false;
    };
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        let inner = match at {
            Value::Object(map) => map.get(&key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
            _ => None,
        };
        let Some(inner) = inner else { break };
        at = inner;
    }
    at.as_str().is_some_and(|text| text.contains("{{"))
}

#[test]
fn known_bindings_are_those_of_the_generator() {
    let family = Family {
        name: "bindings",
        count: 600,
        play: program::play,
        recordings: 1,
        one_way: true,
        both_sides: false,
    };
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    let verbose = std::env::var_os("DRUSE_VERBOSE").is_some();
    let (count, worlds) = if are_written() {
        (family.count, 20)
    } else {
        (family.count / 6, 8)
    };
    let mut tally = Tally::default();
    for shape in 0..count {
        let Some((recorded, world)) = recorded(&family, shape) else {
            continue;
        };
        let notation = Notation::of(shape);
        let session = recording(&recorded, &world, notation);
        let made = crystallize(std::slice::from_ref(&session), &options).unwrap();
        let ids = &made.document.metadata["crystallized"]["calls"];
        let runs: Vec<(Played, Vec<Called>)> = (1..400)
            .filter_map(|seed| {
                let seed = 3_000_000 + shape * 1_000 + seed;
                let world = World::new(seed);
                let fresh = (family.play)(shape, &world, seed)?;
                let same_way = fresh
                    .calls
                    .iter()
                    .map(|one| &one.tool)
                    .eq(recorded.calls.iter().map(|one| &one.tool));
                same_way.then_some((fresh, world))
            })
            .take(worlds)
            .map(|(fresh, world)| {
                let (calls, _) = run(
                    &made.document,
                    inputs(&made.document, &recorded, &fresh),
                    world.now,
                    &|tool, arguments| {
                        world
                            .call(tool, arguments)
                            .map(|answer| notation.write(&answer))
                    },
                );
                (fresh, calls)
            })
            .collect();
        tally.programs += 1;
        let mut number: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, call) in recorded.calls.iter().enumerate() {
            let nth = number.entry(&call.tool).or_default();
            *nth += 1;
            let key = (call.tool.as_str(), *nth);
            let Some(step) = made
                .document
                .steps
                .iter()
                .find(|step| ids[&step.id] == format!("c{index}"))
            else {
                continue;
            };
            let mut places = Vec::new();
            crate::leaf::leaves(&call.arguments, &mut |pointer, _, leaf| {
                places.push((pointer.to_owned(), leaf.clone()));
            });
            for (pointer, leaf) in places {
                let is_data = runs.iter().any(|(fresh, _)| {
                    fresh.calls[index].arguments.pointer(&pointer) != Some(&leaf)
                });
                // What was sent in each world where the call was made, beside what was meant.
                let sent: Vec<bool> = runs
                    .iter()
                    .filter_map(|(fresh, calls)| {
                        let arguments = by_tool(calls).get(&key).copied()?;
                        let meant = fresh.calls[index].arguments.pointer(&pointer);
                        Some(arguments.pointer(&pointer) == meant)
                    })
                    .collect();
                let bound = is_bound(step, &pointer);
                let right = bound && !sent.is_empty() && sent.iter().all(|right| *right);
                if bound && !sent.is_empty() {
                    tally.bound += 1;
                    tally.right += u64::from(right);
                    if verbose && !right {
                        println!(
                            "FALSE {shape} {notation:?} {}{pointer} {leaf}: {}",
                            call.tool, recorded.task
                        );
                    }
                }
                if is_data && recorded.derivable {
                    tally.data += 1;
                    tally.data_right += u64::from(right);
                    if verbose && !right {
                        println!(
                            "MISSED {shape} {notation:?} {}{pointer} {leaf}: {}",
                            call.tool, recorded.task
                        );
                    }
                }
            }
        }
    }
    println!("{tally:#?}");
    line(&Line {
        measure: "bindings against the generator's truth",
        n: format!("{} programs, {} bindings", tally.programs, tally.bound),
        coverage: format!("recall {}", table::share(tally.data_right, tally.data)),
        success: format!("precision {}", table::share(tally.right, tally.bound)),
        wrong: table::share(tally.bound - tally.right, tally.bound),
        reach: "precision ≥ 99 %, recall ≥ 90 %, false ≤ 1 %",
    });
    assert!(tally.bound > 100, "{tally:?}");
    assert!(tally.right * 100 >= tally.bound * 99, "{tally:?}");
    assert!(tally.data_right * 10 >= tally.data * 9, "{tally:?}");
}
