//! Drafts measured against programs that are known: a program runs in a world, its recording is crystallized, and
//! the draft runs in fresh worlds beside the program. What it sends must be what the program sends.
//!
//! `UPDATE_FIGURES=1 cargo test --release -p druse-crystallizer --lib known_` measures all of them, the simple rules beside,
//! and writes the tables into the page of the crystallizer; without it fewer are measured, so that the test is quick.

mod alternatives;
mod answered;
mod bindings;
mod conditions;
mod construct;
mod counted;
mod drift;
mod listed;
mod loops;
mod named;
mod nested;
mod paged;
pub(super) mod program;
mod random;
mod rule;
pub(super) mod run;
mod table;
mod world;

use super::build::{call, change, options, said, session};
use super::figures::{self, Line};
use crate::report::Level;
use crate::session::{Role, Session, SessionStatus};
use crate::{Mode, Options, crystallize};
use construct::Constructs;
use druse_engine::definition::Document;
use program::{Called, Played};
use random::Random;
use rule::Rule;
use run::run;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
pub(super) use table::share;
use world::{World, changes};

/// Recordings of known programs, of those that go one way and of those over lists.
pub(super) fn recorded_examples(count: u64) -> Vec<Session> {
    type Play = fn(u64, &World, u64) -> Option<Played>;
    let families: [(Play, bool); 2] = [(program::play, true), (loops::play, false)];
    let mut all = Vec::new();
    for shape in 0..count {
        for (play, one_way) in families {
            let family = Family {
                name: "examples",
                count,
                play,
                recordings: 1,
                one_way,
                both_sides: false,
            };
            if let Some((played, world)) = recorded(&family, shape) {
                all.push(recording(&played, &world, Notation::of(shape)));
            }
        }
    }
    all
}

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
    let mut batch = 0;
    for (index, one) in played.calls.iter().enumerate() {
        for (_, tool, arguments) in played
            .stumbles
            .iter()
            .filter(|(before, ..)| *before == index)
        {
            let failed = call(
                &format!("s{index}"),
                batch,
                tool,
                arguments.clone(),
                json!("Not found."),
            );
            turns.push(change(failed, |call| {
                if let Some(result) = &mut call.result {
                    result.is_error = true;
                }
            }));
            batch += 1;
        }
        for (_, text) in played.later.iter().filter(|(before, _)| *before == index) {
            turns.push(said(Role::User, text));
        }
        turns.push(call(
            &format!("c{index}"),
            batch,
            &one.tool,
            one.arguments.clone(),
            notation.write(&one.answer),
        ));
        batch += 1;
    }
    let mut session = session(played.task.trim(), turns);
    session.status = Some(SessionStatus::Succeeded);
    session.started_at = Some(world.now);
    session
}

/// The inputs of a run in another world: what the person said there, in the place of what was said in the recording.
fn inputs(document: &Document, recorded: &Played, fresh: &Played) -> Map<String, Value> {
    let mut inputs = Map::new();
    for (name, schema) in &document.inputs {
        let default = schema.get("default").unwrap_or(&schema["examples"][0]);
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

#[derive(Default, Debug, Clone)]
struct Figures {
    programs: u64,
    derivable: u64,
    accepted: u64,
    accepted_wrongly: u64,
    /// Derivable, and refused only for words that may be a condition.
    asked_in_passing: u64,
    /// Refused without a question and without a difference.
    silent: u64,
    runs: u64,
    same: u64,
    stopped: u64,
    wrong: u64,
    refused_wrong: u64,
    refused_runs: u64,
    constructs: Constructs,
    /// By what does not follow: how many programs, how many of them were refused, and how many of those were accepted
    /// once their author had answered.
    untold: BTreeMap<String, [u64; 3]>,
    /// What comes to those that were accepted once the author has answered the questions of the others.
    answered: answered::Tally,
}

impl Figures {
    /// Counts a run by what it changed and what was meant.
    fn count(&mut self, did: &[(&str, &Value)], meant: &[(&str, &Value)]) {
        self.runs += 1;
        if did.iter().any(|one| !meant.contains(one)) {
            self.wrong += 1;
        } else if did == meant {
            self.same += 1;
        } else {
            self.stopped += 1;
        }
    }
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
    /// Whether the recordings show both sides of a condition.
    both_sides: bool,
}

/// The world of the recording. Of loops three of four are recorded where more than one pass shows them; of several
/// recordings that show both sides of a condition the first has all steps, as the page asks for.
fn recorded(family: &Family, shape: u64) -> Option<(Played, World)> {
    let worlds = || {
        (0..40).filter_map(|seed| {
            let world = World::new(seed * 1_000 + shape);
            (family.play)(shape, &world, seed).map(|played| (played, world))
        })
    };
    if !family.one_way && (family.both_sides || !shape.is_multiple_of(4)) {
        return worlds()
            .find(|(played, _)| played.derivable)
            .or_else(|| worlds().find(|(played, _)| played.does));
    }
    worlds().next()
}

/// Nothing wrong is changed, and most of what can be derived is accepted.
fn holds(figures: &Figures) {
    assert!(figures.programs >= 15);
    assert_eq!(figures.wrong, 0);
    // What else there was may say which of a list are left out: this is asked about, and one answer settles it.
    assert!(
        (figures.accepted + figures.asked_in_passing) * 10 >= figures.derivable * 9,
        "{figures:?}"
    );
}

#[test]
fn known_programs_are_followed_in_fresh_worlds() {
    let figures = measure(&Family {
        name: "programs",
        count: 600,
        play: program::play,
        recordings: 1,
        one_way: true,
        both_sides: false,
    });
    holds(&figures);
}

#[test]
fn known_loops_are_followed_in_fresh_worlds() {
    let figures = measure(&Family {
        name: "loops",
        count: 400,
        play: loops::play,
        recordings: 1,
        one_way: false,
        both_sides: false,
    });
    holds(&figures);
}

#[test]
fn known_lists_named_one_by_one_are_followed_in_fresh_worlds() {
    for (name, recordings) in [("listed", 1), ("listed, three recordings", 3)] {
        let figures = measure(&Family {
            name,
            count: 150,
            play: listed::play,
            recordings,
            one_way: false,
            both_sides: true,
        });
        holds(&figures);
    }
}

#[test]
fn known_counting_is_followed_in_fresh_worlds() {
    for (name, recordings) in [("counted", 1), ("counted, three recordings", 3)] {
        let figures = measure(&Family {
            name,
            count: 200,
            play: counted::play,
            recordings,
            one_way: false,
            both_sides: false,
        });
        holds(&figures);
    }
}

#[test]
fn known_loops_inside_of_loops_are_followed_in_fresh_worlds() {
    let figures = measure(&Family {
        name: "nested",
        count: 200,
        play: nested::play,
        recordings: 1,
        one_way: false,
        both_sides: false,
    });
    holds(&figures);
}

#[test]
fn known_pages_are_turned_in_fresh_worlds() {
    let figures = measure(&Family {
        name: "pages",
        count: 200,
        play: paged::play,
        recordings: 1,
        one_way: false,
        both_sides: false,
    });
    holds(&figures);
}

#[test]
fn known_words_that_narrow_are_followed_or_asked_about() {
    let figures = measure(&Family {
        name: "named",
        count: 300,
        play: named::play,
        recordings: 1,
        one_way: false,
        both_sides: false,
    });
    assert_eq!((figures.wrong, figures.silent), (0, 0), "{figures:?}");
    assert!(
        figures.accepted * 10 >= figures.derivable * 9,
        "{figures:?}"
    );
}

#[test]
fn known_conditions_are_followed_in_fresh_worlds() {
    let figures = measure(&Family {
        name: "conditions",
        count: 100,
        play: conditions::play,
        recordings: 8,
        one_way: false,
        both_sides: true,
    });
    holds(&figures);
}

#[test]
fn known_alternatives_are_followed_in_fresh_worlds() {
    for (name, recordings) in [
        ("alternatives, four recordings", 4),
        ("alternatives, eight recordings", 8),
    ] {
        let figures = measure(&Family {
            name,
            count: 100,
            play: alternatives::play,
            recordings,
            one_way: false,
            both_sides: true,
        });
        assert!(figures.programs >= 15);
        assert_eq!(figures.wrong, 0, "{figures:?}");
    }
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
            both_sides: false,
        });
        holds(&figures);
    }
}

fn measure(family: &Family) -> Figures {
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    let mut figures = Figures::default();
    let verbose = std::env::var_os("DRUSE_VERBOSE").is_some();
    let full = figures::are_written();
    // Without figures to write a part of the programs shows what would break; `DRUSE_PROGRAMS=all` shows it for all.
    let (count, fresh_worlds) = match full || std::env::var_os("DRUSE_PROGRAMS").is_some() {
        true => (family.count, 20),
        false => (family.count / 5, 8),
    };
    let mut simple: Vec<Figures> = vec![Figures::default(); Rule::ALL.len()];
    // `DRUSE_PROGRAM=7` looks at one.
    let only: Option<u64> = std::env::var("DRUSE_PROGRAM")
        .ok()
        .and_then(|shape| shape.parse().ok());
    for shape in (0..count).filter(|shape| only.is_none_or(|only| only == *shape)) {
        let Some((first, world)) = recorded(family, shape) else {
            continue;
        };
        let notation = Notation::of(shape);
        let mut sessions = vec![recording(&first, &world, notation)];
        // Further recordings of the same program, each in another world.
        let mut sides = [0, 0];
        sides[usize::from(first.does)] += 1;
        let mut plays = vec![first];
        let mut seed = 500_000 + shape * 1_000;
        while sessions.len() < family.recordings && seed < 500_000 + shape * 1_000 + 400 {
            seed += 1;
            let world = World::new(seed);
            if let Some(played) = (family.play)(shape, &world, seed) {
                let side = &mut sides[usize::from(played.does)];
                if family.both_sides && *side * 2 >= family.recordings {
                    continue;
                }
                *side += 1;
                let mut session = recording(&played, &world, notation);
                session.external_id = Some(format!("ext-{}", sessions.len() + 1));
                sessions.push(session);
                plays.push(played);
            }
        }
        let made = crystallize(&sessions, &options).unwrap();
        // Another than the first is followed where it shows more.
        let followed = &made.document.metadata["crystallized"]["source"]["id"];
        let followed = sessions
            .iter()
            .position(|one| one.external_id.as_deref() == followed.as_str())
            .unwrap_or_default();
        let (first, recorded) = (&plays[0], &plays[followed]);
        assert_eq!(made.report.replay.differences, [], "program {shape}");
        figures.programs += 1;
        figures.derivable += u64::from(recorded.derivable);
        let accepted = made.report.generalisable >= Some(Level::Renamed);
        let drafts: Vec<Document> = match full {
            true => Rule::ALL
                .iter()
                .map(|rule| rule.draft(&sessions[0], notation))
                .collect(),
            false => Vec::new(),
        };
        for figures in simple.iter_mut().take(drafts.len()) {
            figures.programs += 1;
            figures.accepted += 1;
        }
        figures.accepted += u64::from(accepted);
        figures.accepted_wrongly += u64::from(accepted && !recorded.derivable);
        let (missed, unsaid) = figures.constructs.count(
            &recorded.constructs,
            &recorded.unsaid,
            &made.document,
            accepted,
        );
        let before = (figures.runs, figures.same);
        if verbose && !missed.is_empty() {
            println!("{} {shape}: {missed:?}: {}", family.name, recorded.task);
        }
        let told = !made.report.questions.is_empty()
            || !made.report.perturbed.renamed.differences.is_empty();
        figures.silent += u64::from(!accepted && !told);
        let after = (!accepted && family.one_way && family.recordings == 1).then(|| {
            let looks = answered::looks(family, shape, recorded);
            answered::answered(&sessions, &options, &made, recorded, notation, &looks)
        });
        if let Some(after) = &after {
            figures.answered.take(after);
        }
        if !accepted || !recorded.derivable {
            let mut questions = made.report.questions.iter();
            // What else there was may say which are left out: it is right to ask about that, and about nothing else.
            let in_passing = recorded.derivable
                && questions.len() > 0
                && questions.all(|one| {
                    let quotes = one.text.split('“').skip(1);
                    one.id.starts_with("condition:")
                        && quotes
                            .into_iter()
                            .all(|quote| quote.starts_with(program::EVERYTHING_ELSE))
                });
            figures.asked_in_passing += u64::from(in_passing);
            let answered = after.as_ref().is_some_and(answered::Answered::is_accepted);
            let untold = recorded
                .untold
                .iter()
                .copied()
                .collect::<Vec<_>>()
                .join(", and ");
            let untold = match in_passing {
                true => "nothing: words said in passing are asked about".to_owned(),
                false => untold,
            };
            let [programs, refused, then] = figures.untold.entry(untold).or_default();
            *programs += 1;
            *refused += u64::from(!accepted);
            *then += u64::from(answered);
        }
        let mut worst: Option<(bool, Vec<String>, Vec<String>, run::Ended)> = None;
        let mut fresh_seed = 1_000_000 + shape * 1_000;
        let mut runs = 0;
        while runs < fresh_worlds {
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
                inputs(&made.document, recorded, &fresh),
                world.now,
                &|tool, arguments| {
                    world
                        .call(tool, arguments)
                        .map(|answer| notation.write(&answer))
                },
            );
            for (figures, draft) in simple.iter_mut().zip(&drafts) {
                let (calls, _) = run(
                    draft,
                    inputs(draft, first, &fresh),
                    world.now,
                    &|tool, arguments| {
                        world
                            .call(tool, arguments)
                            .map(|answer| notation.write(&answer))
                    },
                );
                figures.count(&written(&calls), &written(&fresh.calls));
            }
            let (did, meant) = (written(&calls), written(&fresh.calls));
            let wrong = did.iter().any(|one| !meant.contains(one));
            if accepted {
                figures.count(&did, &meant);
                if did != meant && worst.as_ref().is_none_or(|(known, ..)| wrong && !known) {
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
            if let Some(after) = after.as_ref().filter(|after| after.is_accepted()) {
                let (calls, ended) = run(
                    &after.made.document,
                    after.inputs(recorded, &fresh),
                    world.now,
                    &|tool, arguments| {
                        world
                            .call(tool, arguments)
                            .map(|answer| notation.write(&answer))
                    },
                );
                let did = written(&calls);
                if !figures.answered.count(&did, &meant) && verbose {
                    println!("ANSWERED {shape} {ended:?}\n  did   {did:?}\n  meant {meant:?}");
                }
            }
        }
        let (ran, same) = (figures.runs - before.0, figures.same - before.1);
        figures.constructs.settle(unsaid, ran > 0 && ran == same);
        if verbose && only.is_some() {
            for one in &sessions {
                println!("{}", one.goal.as_deref().unwrap_or_default());
                for call in one.calls() {
                    let answer = call.result.as_ref().map(|result| &result.content);
                    println!("  > {} {}", call.name, call.arguments);
                    println!("  < {}", answer.unwrap_or(&Value::Null));
                }
            }
            println!("{}", druse_engine::definition::to_yaml(&made.document));
        }
        if verbose && (!accepted || !recorded.derivable || worst.is_some()) {
            println!(
                "{} {shape} {notation:?}: derivable {} accepted {accepted} {:?}",
                family.name, recorded.derivable, made.report.generalisable
            );
            println!("  {}", recorded.task);
            for question in &made.report.questions {
                println!(
                    "    ? {} {} {:?}",
                    question.id,
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
    let mut all = vec![("Druse".to_owned(), figures.clone())];
    all.extend(
        Rule::ALL
            .iter()
            .zip(simple)
            .filter(|(_, figures)| figures.programs > 0)
            .map(|(rule, figures)| (rule.name().to_owned(), figures)),
    );
    let text = table::rows(&all)
        + &figures.constructs.row(family.name)
        + &table::untold(&figures, family.one_way && family.recordings == 1);
    figures::section(family.name, &text);
    figures.constructs.tell(family.name);
    if let Some(measure) = measure_of(family) {
        figures::line(&Line {
            measure,
            n: format!(
                "{} programs, {} derivable",
                figures.programs, figures.derivable
            ),
            coverage: format!("accepted {}", share(figures.accepted, figures.programs)),
            success: share(figures.same, figures.runs),
            wrong: share(figures.wrong, figures.runs),
            reach: "≥ 95 % the same, ≤ 0.5 % wrong",
        });
    }
    if family.name == "programs" {
        figures.answered.tell(&figures);
        let refused = figures.programs - figures.accepted;
        figures::line(&Line {
            measure: "honest refusal, known programs",
            n: format!("{refused} refused"),
            coverage: format!(
                "refused though derivable: {}",
                (figures.derivable + figures.accepted_wrongly).saturating_sub(figures.accepted)
            ),
            success: format!(
                "the reason told {}",
                share(refused - figures.silent, refused)
            ),
            wrong: format!(
                "accepted though not derivable: {}",
                share(figures.accepted_wrongly, figures.programs)
            ),
            reach: "100 %",
        });
        assert_eq!(figures.silent, 0);
    }
    figures
}

/// The line of the table of all measures.
fn measure_of(family: &Family) -> Option<&'static str> {
    Some(match family.name {
        "programs" => "known programs that go one way",
        "loops" => "known programs over lists",
        "programs, three recordings" => "known programs that go one way, three recordings",
        "loops, three recordings" => "known programs over lists, three recordings",
        "listed" => "known programs over what is named one by one",
        "listed, three recordings" => {
            "known programs over what is named one by one, three recordings"
        }
        "counted" => "known programs that count",
        "counted, three recordings" => "known programs that count, three recordings",
        "nested" => "known programs with loops inside of loops",
        "pages" => "known programs that turn pages",
        "named" => "known programs with words that one recording does not show",
        "conditions" => "known programs with conditions, eight recordings",
        "alternatives, four recordings" => {
            "known programs that go one of two ways, four recordings"
        }
        "alternatives, eight recordings" => {
            "known programs that go one of two ways, eight recordings"
        }
        _ => return None,
    })
}
