//! Answers whose shape has changed: what a draft relies on is missing, is of another type or is empty; and answers of the
//! right shape about another thing than was asked for. The run has to stop before its next change; in worlds where
//! nothing has changed it must not.

use super::program::Called;
use super::random::Random;
use super::run::{Ended, run};
use super::table::share;
use super::*;
use druse_engine::definition::Step;
use std::cell::RefCell;

/// How many changes are tried.
const CHANGES: u64 = 500;
/// What an alarm says.
const ALARMS: [&str; 2] = ["not what later steps rely on", "about another thing"];

/// What is done to the answer of the call with this number; whether it was.
type Inject<'i> = dyn Fn(usize, &mut Value) -> bool + 'i;

/// How an answer is changed: at one call, at one place.
#[derive(Clone)]
struct Injected {
    call: usize,
    pointer: String,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// Another value of the same type: shows whether anything depends on it.
    OtherValue,
    Removed,
    Renamed,
    Nothing,
    OtherType,
    Wrapped,
    Emptied,
}

const SHAPES: [How; 6] = [
    How::Removed,
    How::Renamed,
    How::Nothing,
    How::OtherType,
    How::Wrapped,
    How::Emptied,
];

impl Injected {
    /// What it does to the answers of a run.
    fn inject(&self) -> impl Fn(usize, &mut Value) -> bool + '_ {
        |call, answer| call == self.call && self.apply(answer).is_some()
    }

    /// Changes the answer; nothing where the place cannot be changed in this way.
    fn apply(&self, answer: &mut Value) -> Option<()> {
        let (parent, key) = self.pointer.rsplit_once('/')?;
        let key = key.replace("~1", "/").replace("~0", "~");
        if matches!(self.how, How::Removed | How::Renamed) {
            let map = answer.pointer_mut(parent)?.as_object_mut()?;
            let value = map.remove(&key)?;
            if self.how == How::Renamed {
                map.insert(format!("{key}_v2"), value);
            }
            return Some(());
        }
        let place = answer.pointer_mut(&self.pointer)?;
        *place = match (self.how, &*place) {
            (How::OtherValue, Value::String(text)) => Value::from(other_text(text)),
            (How::OtherValue, Value::Number(number)) => {
                Value::from(number.as_f64().unwrap_or_default() as i64 + 7_919)
            }
            (How::OtherValue, Value::Bool(known)) => Value::Bool(!known),
            (How::Nothing, known) if !known.is_null() => Value::Null,
            (How::OtherType, Value::String(_)) => json!(["moved"]),
            (How::OtherType, Value::Number(number)) => Value::from(format!("{number} units")),
            (How::OtherType, Value::Bool(known)) => Value::from(known.to_string()),
            (How::OtherType, Value::Array(_)) => json!({ "count": 1 }),
            (How::OtherType, Value::Object(_)) => json!([1]),
            (How::Wrapped, known) => json!({ "data": known.clone() }),
            (How::Emptied, Value::Array(items)) if !items.is_empty() => json!([]),
            _ => return None,
        };
        Some(())
    }
}

fn other_text(text: &str) -> String {
    let is_day = text.len() == 10 && text.bytes().filter(|b| *b == b'-').count() == 2;
    if is_day {
        "2031-01-17".to_owned()
    } else {
        format!("{text}zq7")
    }
}

/// The pointers of the scalars of a value.
fn places(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    crate::leaf::leaves(value, &mut |pointer, _, leaf| {
        if !leaf.is_null() && !pointer.is_empty() {
            all.push(pointer.to_owned());
        }
    });
    all
}

/// A document without all that looks at answers.
fn without_schemas(document: &Document) -> Document {
    fn strip(steps: &mut [Step]) {
        for step in steps {
            step.output_schema = None;
            step.answers_to = None;
            strip(&mut step.steps);
        }
    }
    let mut document = document.clone();
    strip(&mut document.steps);
    document
}

#[derive(Default, Debug)]
struct Tally {
    runs: u64,
    alarms: u64,
    injected: u64,
    stopped: u64,
    stopped_before: u64,
    unread: u64,
    unread_went_on: u64,
    others: u64,
    others_stopped: u64,
    others_stopped_before: u64,
}

/// A program, its draft and a fresh world.
struct Bench<'b> {
    document: &'b Document,
    inputs: Map<String, Value>,
    world: &'b World,
    notation: Notation,
}

impl Bench<'_> {
    /// The calls with the answers that were given, before they were written down.
    fn run(
        &self,
        document: &Document,
        inject: &Inject<'_>,
    ) -> (Vec<Called>, Ended, Vec<Value>, bool) {
        let answers = RefCell::new(Vec::new());
        let hit = RefCell::new(false);
        let (calls, ended) = run(
            document,
            self.inputs.clone(),
            self.world.now,
            &|tool, arguments| {
                let mut answer = self.world.call(tool, arguments)?;
                let index = answers.borrow().len();
                answers.borrow_mut().push(answer.clone());
                if inject(index, &mut answer) {
                    *hit.borrow_mut() = true;
                }
                Some(self.notation.write(&answer))
            },
        );
        (calls, ended, answers.into_inner(), hit.into_inner())
    }
}

/// What a run asks for after a call.
fn after(calls: &[Called], call: usize) -> Vec<(String, Value)> {
    calls
        .iter()
        .skip(call + 1)
        .map(|one| (one.tool.clone(), one.arguments.clone()))
        .collect()
}

fn changes_after(calls: &[Called], call: usize) -> bool {
    calls.iter().skip(call + 1).any(|one| changes(&one.tool))
}

/// Another argument of the same kind, for a call whose answer shows what it was asked for, with what that answers.
fn asked_otherwise(world: &World, call: &Called, answer: &Value) -> Option<Value> {
    let arguments = call.arguments.as_object()?;
    let (key, asked) = arguments
        .iter()
        .find(|(key, asked)| key.ends_with("_id") && answer.get(key.as_str()) == Some(asked))?;
    let all = [&world.customers, &world.orders, &world.tickets];
    let ids = all
        .into_iter()
        .flatten()
        .filter_map(|one| one.get(key))
        .filter(|id| *id != asked);
    ids.filter_map(|id| {
        let mut arguments = arguments.clone();
        arguments.insert(key.clone(), id.clone());
        world.call(&call.tool, &Value::Object(arguments))
    })
    .find(|other| other != answer)
}

/// Each look that shows what it was asked for is answered with the record of another thing, where a change after it
/// would be another one.
fn another_thing(
    bench: &Bench<'_>,
    plain: &Document,
    (calls, answers): (&[Called], &[Value]),
    tally: &mut Tally,
    verbose: bool,
) {
    for (call, (one, answer)) in calls.iter().zip(answers).enumerate() {
        let Some(other) = asked_otherwise(bench.world, one, answer) else {
            continue;
        };
        let inject = |at: usize, answer: &mut Value| {
            if at == call {
                answer.clone_from(&other);
            }
            at == call
        };
        let changed = |calls: &[Called]| {
            let after = after(calls, call).into_iter();
            after.filter(|(tool, _)| changes(tool)).collect::<Vec<_>>()
        };
        let (moved, ended_before, _, hit) = bench.run(plain, &inject);
        if !hit || changes(&one.tool) || changed(&moved) == changed(calls) {
            continue;
        }
        let (did, ended, _, _) = bench.run(bench.document, &inject);
        let stops = |did: &[Called], ended: &Ended| {
            matches!(ended, Ended::Failed(_)) && !changes_after(did, call)
        };
        let stopped = stops(&did, &ended);
        tally.others += 1;
        tally.others_stopped += u64::from(stopped);
        tally.others_stopped_before += u64::from(stops(&moved, &ended_before));
        if verbose && !stopped {
            println!(
                "ANOTHER THING WENT ON {} {} {:?} {ended:?}\n   {answer}\n   {other}\n   {}",
                one.tool,
                one.arguments,
                bench.notation,
                serde_json::to_string(&bench.document.steps).unwrap(),
            );
        }
    }
}

fn try_one(bench: &Bench<'_>, random: &mut Random, tally: &mut Tally, verbose: bool) {
    let plain = without_schemas(bench.document);
    let (calls, ended, answers, _) = bench.run(bench.document, &|_, _| false);
    tally.runs += 1;
    if let Ended::Failed(why) = &ended {
        if ALARMS.iter().any(|alarm| why.contains(alarm)) {
            tally.alarms += 1;
            if verbose {
                println!("ALARM {why}");
            }
        }
        return;
    }
    another_thing(bench, &plain, (&calls, &answers), tally, verbose);
    for _ in 0..12 {
        let call = random.below(answers.len());
        let all = answers.get(call).map(places).unwrap_or_default();
        if all.is_empty() || !changes_after(&calls, call) {
            continue;
        }
        let leaf = random.pick(&all).clone();
        let value = Injected {
            call,
            pointer: leaf.clone(),
            how: How::OtherValue,
        };
        let (moved, _, _, hit) = bench.run(&plain, &value.inject());
        if !hit {
            continue;
        }
        let is_read = after(&moved, call) != after(&calls, call);
        // The scalar itself, or what it stands in.
        let mut pointer = leaf;
        while is_read && random.chance(30) {
            match pointer.rsplit_once('/') {
                Some((parent, _)) if !parent.is_empty() => pointer = parent.to_owned(),
                _ => break,
            }
        }
        let injected = Injected {
            call,
            pointer,
            how: *random.pick(&SHAPES),
        };
        let (did, ended, _, hit) = bench.run(bench.document, &injected.inject());
        if !hit {
            continue;
        }
        if !is_read {
            tally.unread += 1;
            tally.unread_went_on += u64::from(after(&did, call) == after(&calls, call));
            continue;
        }
        tally.injected += 1;
        let stops = |did: &[Called], ended: &Ended| {
            matches!(ended, Ended::Failed(_)) && !changes_after(did, call)
        };
        let stopped = stops(&did, &ended);
        tally.stopped += u64::from(stopped);
        let (before, ended_before, _, _) = bench.run(&plain, &injected.inject());
        tally.stopped_before += u64::from(stops(&before, &ended_before));
        if verbose && !stopped {
            println!(
                "NOT STOPPED {:?} {:?} at {} of {} ({:?}) {ended:?}\n   answer {}\n   {}",
                injected.how,
                bench.notation,
                injected.pointer,
                calls[call].tool,
                bench
                    .document
                    .steps
                    .iter()
                    .map(|step| step.id.as_str())
                    .collect::<Vec<_>>(),
                answers[call],
                bench
                    .document
                    .steps
                    .iter()
                    .flat_map(|step| step.with.iter())
                    .map(|with| Value::from(with.clone()).to_string())
                    .collect::<Vec<_>>()
                    .join("\n   "),
            );
        }
        return;
    }
}

#[test]
fn known_drafts_stop_where_an_answer_has_changed() {
    let verbose = std::env::var_os("DRUSE_VERBOSE").is_some();
    let wanted = if figures::are_written() {
        CHANGES
    } else {
        CHANGES / 5
    };
    let mut random = Random::new(11);
    let mut tally = Tally::default();
    type Play = fn(u64, &World, u64) -> Option<Played>;
    let families: [(Play, bool); 2] = [(program::play, true), (loops::play, false)];
    let mut shape = 0;
    while tally.injected < wanted && shape < 900 {
        let (play, one_way) = families[usize::try_from(shape % 2).unwrap()];
        let family = Family {
            name: "drift",
            count: 0,
            play,
            recordings: 1,
            one_way,
            both_sides: false,
        };
        shape += 1;
        let Some((recorded, world)) = recorded(&family, shape) else {
            continue;
        };
        let notation = Notation::of(shape);
        let options = Options {
            mode: Mode::Bound,
            ..options()
        };
        let made = crystallize(&[recording(&recorded, &world, notation)], &options).unwrap();
        if made.report.generalisable < Some(Level::Renamed) {
            continue;
        }
        for fresh_seed in 2_000_000 + shape * 1_000..2_000_000 + shape * 1_000 + 3 {
            let world = World::new(fresh_seed);
            let Some(fresh) = play(shape, &world, fresh_seed) else {
                continue;
            };
            let same_way = fresh
                .calls
                .iter()
                .map(|one| &one.tool)
                .eq(recorded.calls.iter().map(|one| &one.tool));
            if one_way && !same_way {
                continue;
            }
            let bench = Bench {
                document: &made.document,
                inputs: inputs(&made.document, &recorded, &fresh),
                world: &world,
                notation,
            };
            try_one(&bench, &mut random, &mut tally, verbose);
        }
    }
    let table = format!(
        "| | |\n|---|---|\n| changed where the draft reads: stopped before the next change | {} |\n| the same without the schemas | {} |\n| false alarms in worlds where nothing changed | {} |\n| changed where nothing is read: went on | {} |\n| answered with another thing's record, which shows its own id: stopped before the next change | {} |\n| the same without `answers_to` and the schemas | {} |\n",
        share(tally.stopped, tally.injected),
        share(tally.stopped_before, tally.injected),
        share(tally.alarms, tally.runs),
        share(tally.unread_went_on, tally.unread),
        share(tally.others_stopped, tally.others),
        share(tally.others_stopped_before, tally.others),
    );
    figures::section("drift", &table);
    figures::line(&Line {
        measure: "answers of another shape",
        n: format!("{} changes", tally.injected),
        coverage: String::new(),
        success: format!("stopped {}", share(tally.stopped, tally.injected)),
        wrong: format!("false alarms {}", share(tally.alarms, tally.runs)),
        reach: "≥ 99 % stopped, ≤ 1 % false alarms",
    });
    assert!(tally.injected >= wanted, "{tally:?}");
    assert!(tally.stopped * 100 >= tally.injected * 99, "{tally:?}");
    assert!(tally.alarms * 100 <= tally.runs, "{tally:?}");
    assert!(tally.others * 20 >= wanted, "{tally:?}");
    assert!(tally.others_stopped * 100 >= tally.others * 99, "{tally:?}");
}
