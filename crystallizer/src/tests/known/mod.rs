//! Drafts measured against programs that are known: a program runs in a world, its recording is crystallized, and
//! the draft runs in fresh worlds beside the program. What it sends must be what the program sends.
//!
//! `cargo test -p druse-crystallizer known_programs -- --nocapture` prints the figures.

mod loops;
mod program;
mod random;
mod run;
mod world;

use super::build::{call, options, said, session};
use crate::report::Level;
use crate::session::{Role, Session, SessionStatus};
use crate::{Crystallized, Mode, Options, crystallize};
use program::{Called, Played};
use random::Random;
use run::{Ended, run};
use serde_json::{Map, Value};
use world::{World, changes};

/// How many programs are measured.
const PROGRAMS: u64 = 600;
/// How many programs over lists are measured.
const LOOPS: u64 = 400;
/// In how many fresh worlds each draft runs.
const FRESH: u64 = 20;

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Notation {
    Value,
    JsonText,
    Yaml,
}

impl Notation {
    fn of(shape: u64) -> Self {
        match Random::new(shape ^ 0xabcd).below(3) {
            0 => Self::Value,
            1 => Self::JsonText,
            _ => Self::Yaml,
        }
    }

    fn write(self, answer: &Value) -> Value {
        match (self, answer) {
            (_, Value::String(_)) | (Self::Value, _) => answer.clone(),
            (Self::JsonText, _) => Value::from(answer.to_string()),
            (Self::Yaml, _) => {
                let mut text = String::new();
                yaml(answer, 0, &mut text);
                Value::from(text)
            }
        }
    }
}

/// YAML as most tools write it.
fn yaml(value: &Value, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    let scalar = |value: &Value| match value {
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, inner) in map {
                let key = if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                    key.clone()
                } else {
                    format!("'{key}'")
                };
                match inner {
                    Value::Object(map) if !map.is_empty() => {
                        out.push_str(&format!("{pad}{key}:\n"));
                        yaml(inner, depth + 1, out);
                    }
                    Value::Array(items) if !items.is_empty() => {
                        out.push_str(&format!("{pad}{key}:\n"));
                        yaml(inner, depth, out);
                    }
                    _ => out.push_str(&format!("{pad}{key}: {}\n", scalar(inner))),
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut inner = String::new();
                yaml(item, depth + 1, &mut inner);
                let rest = inner.trim_start();
                out.push_str(&format!("{pad}- {rest}"));
                if !rest.ends_with('\n') {
                    out.push('\n');
                }
            }
        }
        other => out.push_str(&scalar(other)),
    }
}

fn recording(played: &Played, world: &World, notation: Notation) -> Session {
    let mut turns = Vec::new();
    for (index, one) in played.calls.iter().enumerate() {
        for (_, text) in played.later.iter().filter(|(before, _)| *before == index) {
            turns.push(said(Role::User, text));
        }
        turns.push(call(
            &format!("c{index}"),
            u32::try_from(index).unwrap(),
            &one.tool,
            one.arguments.clone(),
            notation.write(&one.answer),
        ));
    }
    let mut session = session(played.task.trim(), turns);
    session.status = Some(SessionStatus::Succeeded);
    session.started_at = Some(world.now);
    session
}

/// The inputs of a run in another world: what the person said there, in the place of what was said in the recording.
fn inputs(made: &Crystallized, recorded: &Played, fresh: &Played) -> Map<String, Value> {
    let mut inputs = Map::new();
    for (name, schema) in &made.document.inputs {
        let default = &schema["default"];
        let same = |one: &Value| {
            let plain = |value: &Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            plain(one) == plain(default)
        };
        if let Some(place) = recorded.said.iter().position(same)
            && let Some(value) = fresh.said.get(place)
        {
            // A person gives the value in the type that the input has.
            let value = match (default, value) {
                (Value::String(_), Value::Number(number)) => Value::from(number.to_string()),
                (Value::Number(_), Value::String(text)) => {
                    text.parse::<i64>().map_or(value.clone(), Value::from)
                }
                _ => value.clone(),
            };
            inputs.insert(name.clone(), value);
        }
    }
    inputs
}

#[derive(Default, Debug)]
struct Figures {
    programs: u64,
    derivable: u64,
    accepted: u64,
    accepted_wrongly: u64,
    runs: u64,
    same: u64,
    stopped: u64,
    wrong: u64,
    refused_wrong: u64,
    refused_runs: u64,
}

/// The calls that change something.
fn written(calls: &[Called]) -> Vec<(&str, &Value)> {
    calls
        .iter()
        .filter(|one| changes(&one.tool))
        .map(|one| (one.tool.as_str(), &one.arguments))
        .collect()
}

/// Programs of one kind.
struct Family {
    name: &'static str,
    count: u64,
    play: fn(u64, &World, u64) -> Option<Played>,
    /// In how many worlds each is recorded.
    recordings: usize,
    /// Whether only worlds count in which the program goes the way that it went in the recording.
    one_way: bool,
}

/// The world of the recording. Of loops three of four are recorded where more than one pass shows them.
fn recorded(family: &Family, shape: u64) -> Option<(Played, World)> {
    let worlds = || {
        (0..40).filter_map(|seed| {
            let world = World::new(seed * 1_000 + shape);
            (family.play)(shape, &world, seed).map(|played| (played, world))
        })
    };
    if !family.one_way && shape % 4 != 0 {
        return worlds()
            .find(|(played, _)| played.derivable)
            .or_else(|| worlds().next());
    }
    worlds().next()
}

#[test]
fn known_programs_are_followed_in_fresh_worlds() {
    let figures = measure(&Family {
        name: "programs",
        count: PROGRAMS,
        play: program::play,
        recordings: 1,
        one_way: true,
    });
    assert!(figures.programs > 200);
    assert_eq!(figures.wrong, 0);
}

#[test]
fn known_loops_are_followed_in_fresh_worlds() {
    let figures = measure(&Family {
        name: "loops",
        count: LOOPS,
        play: loops::play,
        recordings: 1,
        one_way: false,
    });
    assert!(figures.programs > 200);
    assert_eq!(figures.wrong, 0);
}

#[test]
fn known_programs_recorded_three_times_are_followed_in_fresh_worlds() {
    type Play = fn(u64, &World, u64) -> Option<Played>;
    for (name, count, play, one_way) in [
        (
            "programs, three recordings",
            200,
            program::play as Play,
            true,
        ),
        ("loops, three recordings", 150, loops::play as Play, false),
    ] {
        let figures = measure(&Family {
            name,
            count,
            play,
            recordings: 3,
            one_way,
        });
        assert!(figures.programs > 100);
        assert_eq!(figures.wrong, 0);
    }
}

fn measure(family: &Family) -> Figures {
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    let mut figures = Figures::default();
    let verbose = std::env::var_os("DRUSE_VERBOSE").is_some();
    for shape in 0..family.count {
        let Some((recorded, world)) = recorded(family, shape) else {
            continue;
        };
        let notation = Notation::of(shape);
        let mut sessions = vec![recording(&recorded, &world, notation)];
        // Further recordings of the same program, each in another world.
        let mut seed = 500_000 + shape * 1_000;
        while sessions.len() < family.recordings && seed < 500_000 + shape * 1_000 + 400 {
            seed += 1;
            let world = World::new(seed);
            if let Some(played) = (family.play)(shape, &world, seed) {
                let mut session = recording(&played, &world, notation);
                session.external_id = Some(format!("ext-{}", sessions.len() + 1));
                sessions.push(session);
            }
        }
        let made = crystallize(&sessions, &options).unwrap();
        assert_eq!(made.report.replay.differences, [], "program {shape}");
        figures.programs += 1;
        figures.derivable += u64::from(recorded.derivable);
        let accepted = made.report.generalisable >= Some(Level::Renamed);
        figures.accepted += u64::from(accepted);
        figures.accepted_wrongly += u64::from(accepted && !recorded.derivable);
        let mut worst = None;
        let mut fresh_seed = 1_000_000 + shape * 1_000;
        let mut runs = 0;
        while runs < FRESH {
            fresh_seed += 1;
            if fresh_seed > 1_000_000 + shape * 1_000 + 400 {
                break;
            }
            let world = World::new(fresh_seed);
            let Some(fresh) = (family.play)(shape, &world, fresh_seed) else {
                continue;
            };
            // The same program may take another way where the world is another.
            let same_way = fresh
                .calls
                .iter()
                .map(|one| &one.tool)
                .eq(recorded.calls.iter().map(|one| &one.tool));
            if family.one_way && !same_way {
                continue;
            }
            runs += 1;
            let (calls, ended) = run(
                &made.document,
                inputs(&made, &recorded, &fresh),
                world.now,
                &|tool, arguments| {
                    world
                        .call(tool, arguments)
                        .map(|answer| notation.write(&answer))
                },
            );
            let (did, meant) = (written(&calls), written(&fresh.calls));
            let wrong = did.iter().any(|one| !meant.contains(one));
            if accepted {
                figures.runs += 1;
                if wrong {
                    figures.wrong += 1;
                } else if did == meant {
                    figures.same += 1;
                } else {
                    figures.stopped += 1;
                }
                if did != meant && worst.is_none() {
                    worst = Some((
                        wrong,
                        did.iter()
                            .map(|(tool, value)| format!("{tool} {value}"))
                            .collect::<Vec<_>>(),
                        meant
                            .iter()
                            .map(|(tool, value)| format!("{tool} {value}"))
                            .collect::<Vec<_>>(),
                        ended,
                    ));
                }
            } else {
                figures.refused_runs += 1;
                figures.refused_wrong += u64::from(wrong);
            }
        }
        if verbose && (accepted != recorded.derivable || worst.is_some()) {
            println!(
                "{} {shape} {notation:?}: derivable {} accepted {accepted} {:?}",
                family.name, recorded.derivable, made.report.generalisable
            );
            println!("  {}", recorded.task);
            for question in &made.report.questions {
                println!(
                    "    ? {} {:?}",
                    question.text,
                    &question.choices[2.min(question.choices.len())..]
                );
            }
            for finding in made.report.findings.iter().filter(|finding| {
                finding.code.starts_with("bound_to_output") || finding.code == "folded_loop"
            }) {
                println!("    = {}", finding.message);
            }
            for held in &made.report.held_out {
                println!(
                    "    held out: {:?} {:?} {:?}",
                    held.verdict,
                    held.message,
                    held.differences
                        .first()
                        .map(|difference| &difference.message)
                );
            }
            if let Some(difference) = made.report.perturbed.renamed.differences.first() {
                println!("    ! {}", difference.message);
            }
            if let Some((wrong, did, meant, ended)) = worst {
                println!(
                    "    {} {ended:?}\n      did   {did:?}\n      meant {meant:?}",
                    if wrong { "WRONG" } else { "stopped" }
                );
            }
        }
    }
    println!("{}: {figures:#?}", family.name);
    let _ = Ended::Over;
    figures
}
