//! The proof that a draft holds on other data: it is run in worlds that are the recording's under other names, in
//! another order, with shuffled lists. What is bound has to follow, and what stays must not have had to.

mod listed;
mod passes;
mod query;
mod told;
mod weak;

use super::answers::{Answers, Of, WholePlace};
use super::binding::{Binding, Bound, Piece, Source, Why};
use super::compose;
use super::cycle::{self, Over};
use super::decide::Decisions;
use super::evaluate;
use super::file_name;
use super::information::{bits, names_things};
use super::inputs::Found;
use super::key::words;
use super::passes::{Pass, gathered, passes};
use super::rename;
use super::selector;
use super::settled::is_told_again;
use super::slot;
use super::told::places_of;
use super::view;
use super::world::World;
use crate::compare::{Expected, Known, compare};
use crate::drive::{Drive, Driven, Order, outcome, unknown, unread};
use crate::kept::Kept;
use crate::lent::with_plan;
use crate::pointer;
use crate::reads::Reads;
use crate::report::{Difference, Level, Perturbation, Perturbed, Verdict};
use druse_engine::definition::{Document, EffectLevel};
use druse_engine::event::Outcome;
use druse_engine::plan::Plan;
use druse_engine::{Span, Timestamp};
use listed::Listed;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use told::Told;

/// The most differences that are listed for one world.
pub(super) const MOST: usize = 40;
/// In how many mixed orders the steps are answered.
const ORDERS: u64 = 4;
/// The information from which on a fixed value that an answer holds had to follow it.
const HAD_TO_FOLLOW: f64 = 4.0;

/// How long a text of several words is that tells where it comes from, at least and at most.
const TELLS_WHOLE: usize = 8;
const TELLS_AT_MOST: usize = 200;

/// What was proved.
pub(super) struct Proof {
    pub(super) perturbed: Perturbed,
    pub(super) level: Level,
}

/// A changed world and what follows from it.
struct Scene<'s> {
    world: &'s World,
    inputs: &'s Map<String, Value>,
    /// The passes of each loop.
    loops: &'s [Vec<Pass>],
}

/// Where in a loop a value is looked at.
#[derive(Clone, Copy)]
struct Here<'h> {
    pass: &'h Pass,
    number: usize,
    /// The round of the loop inside.
    round: Option<&'h Pass>,
}

/// Which part of a draft is proved.
#[derive(Default)]
pub(super) struct Part<'p> {
    /// The calls that are looked at, where these are not all.
    pub(super) own: Option<&'p BTreeSet<usize>>,
    /// The calls that are steps of the draft, where these are not all.
    pub(super) present: Option<&'p BTreeSet<usize>>,
    /// The steps that must not run.
    pub(super) silent: BTreeSet<String>,
}

impl Part<'_> {
    fn looks_at(&self, call: usize) -> bool {
        self.own.is_none_or(|own| own.contains(&call))
    }
}

struct Prover<'p> {
    kept: &'p [Kept<'p>],
    decisions: &'p Decisions<'p>,
    part: &'p Part<'p>,
    plan: Arc<Plan>,
    /// The calls whose outputs the document reads.
    read: Vec<bool>,
    started_at: Timestamp,
    /// How many changes were recorded before each call, once somebody has asked.
    changes_before: OnceCell<Vec<usize>>,
    /// What stays though it had to follow.
    stays: Listed,
    bound: u64,
    frozen: u64,
}

/// Runs the draft in the changed worlds.
pub(super) fn prove(
    document: &mut Document,
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    started_at: Timestamp,
    part: &Part<'_>,
) -> Proof {
    let reads = Reads::of(document);
    let prove = |plan: &Arc<Plan>| of_plan(plan, reads, (kept, decisions), started_at, part);
    with_plan(document, relax, prove).unwrap_or_else(|| Proof {
        perturbed: Perturbed::default(),
        level: Level::Same,
    })
}

fn of_plan(
    plan: &Arc<Plan>,
    reads: Reads,
    (kept, decisions): (&[Kept<'_>], &Decisions<'_>),
    started_at: Timestamp,
    part: &Part<'_>,
) -> Proof {
    let mut perturbed = Perturbed::default();
    let mut prover = Prover {
        kept,
        decisions,
        part,
        plan: Arc::clone(plan),
        read: kept.iter().map(|kept| reads.reads(kept)).collect(),
        started_at,
        changes_before: OnceCell::new(),
        stays: Listed::default(),
        bound: 0,
        frozen: 0,
    };
    prover.count();
    let renamed = weak::weak_names(kept, decisions);
    let orders: Vec<Order> = [Order::Reversed]
        .into_iter()
        .chain((1..=ORDERS).map(Order::Mixed))
        .collect();
    [perturbed.renamed, perturbed.reordered] =
        prover.world(&renamed, [&[Order::Recorded], &orders]);
    let shuffled = World {
        shuffled: true,
        ..renamed
    };
    [perturbed.shuffled] = prover.world(&shuffled, [&[Order::Recorded, Order::Reversed]]);
    let mut level = Level::Same;
    for (next, world) in [
        (Level::Renamed, &perturbed.renamed),
        (Level::Reordered, &perturbed.reordered),
        (Level::Shuffled, &perturbed.shuffled),
    ] {
        if world.verdict != Verdict::Passed {
            break;
        }
        level = next;
    }
    Proof { perturbed, level }
}

/// Lets the inputs have any value: what flows is looked at, not what is allowed.
fn relax(document: &mut Document) {
    for schema in document.inputs.values_mut() {
        let mut open = Map::new();
        if let Some(default) = schema.get("default") {
            open.insert("default".to_owned(), default.clone());
        }
        *schema = Value::Object(open);
    }
}

impl Prover<'_> {
    /// Counts what is bound and what stays, and finds what had to follow and does not.
    fn count(&mut self) {
        let (kept, decisions) = (self.kept, self.decisions);
        let mut seen = Told::default();
        for text in decisions.said.by_people() {
            seen.add(text);
        }
        let mut answered = 0;
        for (index, kept) in kept.iter().enumerate() {
            // Answers of calls that were issued together are known only to those that come after.
            while let Some(before) = self
                .kept
                .get(answered)
                .filter(|before| before.call.batch != kept.call.batch)
                && answered < index
            {
                if crate::prune::succeeded(before.call) {
                    seen.add(before.answer.text());
                }
                answered += 1;
            }
            let Some(decided) = decisions.calls.get(index) else {
                continue;
            };
            // Nothing follows from what informs nobody.
            if self.decisions.idle.contains(&index) || !self.part.looks_at(index) {
                continue;
            }
            // What stands nowhere as a value is fixed text, as a line for a shell is.
            if !slot::any(kept) {
                crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, leaf| {
                    self.fixed(kept, pointer, leaf, &seen);
                });
            }
            // The rest of a line of which words are given beside it.
            if kept.target.line.is_some() {
                let words = kept
                    .target
                    .filled
                    .request
                    .get("argv")
                    .and_then(Value::as_array);
                for (at, word) in words.into_iter().flatten().enumerate() {
                    let place = format!("/argv/{at}");
                    if kept
                        .target
                        .filled
                        .places
                        .iter()
                        .all(|(known, _)| *known != place)
                    {
                        self.fixed(kept, "/command", word, &seen);
                    }
                }
            }
            for bound in &decided.bound {
                if slot::first(kept, &bound.pointer).is_none() {
                    // It may stand where nothing is ever bound.
                    if slot::stands(kept, &bound.pointer)
                        && let Some(value) = kept.call.arguments.pointer(&bound.pointer)
                    {
                        self.fixed(kept, &bound.pointer, value, &seen);
                    }
                    continue;
                }
                self.bound += 1;
                for piece in &bound.pieces {
                    if let Piece::Text(text) = piece {
                        self.segment(kept, &bound.pointer, text);
                        self.told_again(kept, &bound.pointer, text);
                        self.fixed(kept, &bound.pointer, &Value::from(text.as_str()), &seen);
                    }
                }
            }
            for frozen in &decided.frozen {
                if slot::first(kept, &frozen.pointer).is_none() {
                    if slot::stands(kept, &frozen.pointer) {
                        self.fixed(kept, &frozen.pointer, &frozen.value, &seen);
                    }
                    continue;
                }
                self.frozen += 1;
                if frozen.why == Why::Answered || frozen.why == Why::Secret {
                    continue;
                }
                if frozen.why.choices().is_some() {
                    self.stays.add(|| {
                        let message = format!(
                            "`{}` at `{}` stays {}, and where it comes from is an open question.",
                            kept.step,
                            frozen.pointer,
                            crate::show::value(&frozen.key, &frozen.value, 60)
                        );
                        stays(kept, &frozen.pointer, &frozen.value, message)
                    });
                } else {
                    if let Some(text) = frozen.value.as_str() {
                        self.segment(kept, &frozen.pointer, text);
                        self.told_again(kept, &frozen.pointer, text);
                    }
                    self.fixed(kept, &frozen.pointer, &frozen.value, &seen);
                }
            }
        }
    }

    /// A path that keeps a folder which an input gives in another place: with another one it leads to the old one.
    fn segment(&mut self, kept: &Kept<'_>, pointer: &str, text: &str) {
        let decisions = self.decisions;
        if let Some(segment) = compose::said_segment(&decisions.inputs, text) {
            self.stays.add(|| {
                let message = format!(
                    "`{}` at `{pointer}` keeps {}, which an input gives elsewhere.",
                    kept.step,
                    crate::show::value("", &segment.into(), 60)
                );
                stays(kept, pointer, &segment.into(), message)
            });
        }
    }

    /// A text that keeps a name which a person wants to give in each run: with another one it tells the old one.
    fn told_again(&mut self, kept: &Kept<'_>, pointer: &str, text: &str) {
        let decisions = self.decisions;
        let named = decisions.inputs.iter().find_map(|input| {
            let name = input.value.as_str()?;
            let is_kept = input.found == Found::Answered
                && is_told_again(&input.value)
                && !places_of(text, name).is_empty();
            is_kept.then_some(name)
        });
        if let Some(name) = named {
            self.stays.add(|| {
                let message = format!(
                    "`{}` at `{pointer}` keeps {}, which an input gives elsewhere.",
                    kept.step,
                    crate::show::value("", &name.into(), 60)
                );
                stays(kept, pointer, &name.into(), message)
            });
        }
    }

    /// A fixed value: where a part of it was said or answered before and tells enough, it had to follow.
    fn fixed(&mut self, kept: &Kept<'_>, pointer: &str, value: &Value, seen: &Told<'_>) {
        let text = match value {
            Value::String(text) => Cow::from(text),
            other => Cow::from(other.to_string()),
        };
        let key = words(pointer.rsplit('/').next().unwrap_or(""));
        let named = rename::names_in(&text);
        // Words around a small number tell as much as an id: a street with its number.
        let stands_whole = text.len() >= TELLS_WHOLE
            && text.len() <= TELLS_AT_MOST
            && text.contains(' ')
            && !named.is_empty()
            && seen.holds(&text);
        let name = named.into_iter().find(|name| {
            if stands_whole {
                return true;
            }
            let is_whole = *name == text;
            let tells = bits(&Value::from(*name), &[]) >= HAD_TO_FOLLOW
                || is_whole && (names_things(&key) || crate::value_class::is_date(name));
            tells && seen.has_name(name)
        });
        // A file is named after what it is about.
        let name = name.or_else(|| {
            let tokens = crate::leaf::tokens(&text);
            let mut names = tokens.flat_map(file_name::names_inside);
            names.find(|name| seen.has_name(name))
        });
        let name = name.or_else(|| query::said_in(self.decisions, &text));
        if let Some(name) = name {
            self.stays.add(|| {
                let message = format!(
                    "`{}` at `{pointer}` keeps {}, which was said or answered before.",
                    kept.step,
                    crate::show::value("", &name.into(), 60)
                );
                stays(kept, pointer, value, message)
            });
        }
    }

    /// Runs the draft in a world, once for each order, and says what came of each group of them.
    fn world<const N: usize>(&self, world: &World, groups: [&[Order]; N]) -> [Perturbation; N] {
        // What nobody reads is answered with nothing, and what is read is made once for all orders.
        let answers: RefCell<HashMap<usize, Outcome>> = RefCell::default();
        let answer = |call: usize, kept: &Kept<'_>| {
            if self.read.get(call) != Some(&true) {
                return unread(kept);
            }
            let mut answers = answers.borrow_mut();
            let made = answers.entry(call).or_insert_with(|| {
                if crate::prune::succeeded(kept.call) {
                    outcome(kept, &world.answer(kept))
                } else {
                    outcome(kept, &kept.answer)
                }
            });
            made.clone()
        };
        let mut inputs: Map<String, Value> = self
            .decisions
            .inputs
            .iter()
            .map(|input| {
                let other = match &input.value {
                    Value::Bool(flag) => Value::Bool(!flag),
                    value => rename::other(value),
                };
                (input.name.clone(), other)
            })
            .collect();
        // What is gone over is named in another order there, with one more.
        for cycle in &self.decisions.cycles {
            if let Over::Named { input, elements } = &cycle.list {
                let named = world.named(elements).into_iter();
                let all = named.map(|(element, _)| element).collect();
                inputs.insert(input.clone(), Value::Array(all));
            }
        }
        let loops = passes(
            (&self.decisions.cycles, &self.decisions.pages),
            self.kept,
            &self.decisions.answers,
            world,
        );
        let scene = Scene {
            world,
            inputs: &inputs,
            loops: &loops,
        };
        let days = u64::try_from(rename::DAYS).unwrap_or(0);
        let run = |order: Order| {
            Drive {
                kept: self.kept,
                inputs: Value::Object(inputs.clone()),
                now: self.started_at.after(Span::from_millis(days * 86_400_000)),
                order,
                respond: &|call, path, _| {
                    if let Some((cycle, stand)) = self.inside(path) {
                        return self.answer_in_pass(&scene, cycle, stand);
                    }
                    match call.and_then(|call| Some((call, self.kept.get(call)?))) {
                        Some((call, kept)) => answer(call, kept),
                        None => unknown(),
                    }
                },
                watch: None,
            }
            .run(&self.plan)
        };
        // Where nothing waits beside anything else all orders are one, and what is asked for in the same way is held
        // against what is expected once.
        let mut alone: Option<Listed> = None;
        let mut seen: Option<([u8; 32], Listed)> = None;
        groups.map(|orders| {
            let mut differences = self.stays.clone();
            let mut moved = self.bound;
            for order in orders {
                let found = match &alone {
                    Some(known) => known.clone(),
                    None => {
                        let driven = run(*order);
                        let digest = driven.together.then(|| driven.digest());
                        let mut found = match &seen {
                            Some((known, found)) if Some(*known) == digest => found.clone(),
                            _ => {
                                let found = self.unexpected(&scene, &driven);
                                seen = digest.map(|digest| (digest, found.clone()));
                                found
                            }
                        };
                        if self.as_recorded(&loops) {
                            self.out_of_order(&driven, &mut found);
                        }
                        if !driven.together {
                            alone = Some(found.clone());
                        }
                        found
                    }
                };
                let count = u64::try_from(found.count()).unwrap_or(u64::MAX);
                moved = moved.min(self.bound.saturating_sub(count));
                differences.join(&found);
            }
            Perturbation {
                verdict: match differences.count() {
                    0 => Verdict::Passed,
                    _ => Verdict::Failed,
                },
                moved,
                unmoved: self.frozen,
                differences: differences.into_first(),
            }
        })
    }

    /// Where a run did not ask for what it had to.
    fn unexpected(&self, scene: &Scene<'_>, driven: &Driven) -> Listed {
        let mut found = Listed::default();
        let (pages, cycles) = (&self.decisions.pages, &self.decisions.cycles);
        for step in &self.part.silent {
            if driven.requests.contains_key(step.as_str()) {
                found.add(|| strange(step));
            }
        }
        for (index, kept) in self.kept.iter().enumerate() {
            if !self.part.looks_at(index) {
                continue;
            }
            // They stand one behind the other.
            let paged = pages.partition_point(|pages| pages.first <= index);
            let paged = paged.checked_sub(1).and_then(|at| pages.get(at));
            if let Some(pages) = paged.filter(|pages| pages.holds(index)) {
                found.extend(self.page(index, kept, pages, scene, driven));
            } else if cycle::of(cycles, index).is_none() {
                found.extend(self.call(index, kept, kept.path(), scene, None, driven));
            }
        }
        found.extend(self.further_pages(driven));
        for (at, cycle) in cycles.iter().enumerate() {
            found.extend(self.cycle(at, cycle, scene, driven));
        }
        found
    }

    /// Whether each loop has as many passes and rounds as were recorded: one over more elements changes more.
    fn as_recorded(&self, loops: &[Vec<Pass>]) -> bool {
        self.decisions
            .cycles
            .iter()
            .zip(loops)
            .all(|(cycle, passes)| {
                let rounds = passes.iter().map(|pass| pass.rounds.len());
                cycle.passes == passes.len()
                    && cycle
                        .inner
                        .as_ref()
                        .is_none_or(|inner| inner.rounds.counts.iter().copied().eq(rounds))
            })
    }

    /// Where a call did not ask for what it had to in this world.
    fn call(
        &self,
        index: usize,
        kept: &Kept<'_>,
        path: &str,
        scene: &Scene<'_>,
        here: Option<Here<'_>>,
        driven: &Driven,
    ) -> Vec<Difference> {
        let Some(made) = driven.requests.get(path) else {
            return vec![missing(kept, path, driven)];
        };
        let nothing = Vec::new();
        let decided = self.decisions.calls.get(index);
        let bound = decided.map_or(&nothing, |decided| &decided.bound);
        // Most steps of a long recording are what they are in every world.
        if bound.is_empty() && kept.target.filled.mixed.is_empty() {
            return compare(kept, &Expected::recorded(kept), made.value());
        }
        let mut arguments = kept.call.arguments.clone();
        let mut request = kept.target.filled.request.whole().into_owned();
        for one in bound {
            if let Some(value) = self.expected(one, scene, here)
                && let Some(place) = pointer::at_mut(&mut arguments, &one.pointer)
            {
                *place = value;
            }
        }
        slot::expect(kept, &mut request, bound, &|one| {
            self.expected(one, scene, here)
        });
        compare(
            kept,
            &Expected {
                request: &request.into(),
                arguments: &arguments,
                known: Known::Changed,
            },
            made.value(),
        )
    }

    /// What a bound value has to be in a world.
    fn expected(&self, bound: &Bound, scene: &Scene<'_>, here: Option<Here<'_>>) -> Option<Value> {
        if let [Piece::Value(binding)] = bound.pieces.as_slice() {
            return self.value(binding, scene, here);
        }
        let mut text = String::new();
        for piece in &bound.pieces {
            match piece {
                Piece::Text(fixed) => text.push_str(fixed),
                Piece::Value(binding) => match self.value(binding, scene, here)? {
                    Value::String(inner) => text.push_str(&inner),
                    other => text.push_str(&other.to_string()),
                },
            }
        }
        Some(text.into())
    }

    fn value(&self, binding: &Binding, scene: &Scene<'_>, here: Option<Here<'_>>) -> Option<Value> {
        let answers = &self.decisions.answers;
        let world = scene.world;
        match &binding.source {
            Source::Input(name) => binding.transform.apply(scene.inputs.get(name)?),
            Source::Inputs(_) => {
                let given = Value::Object(scene.inputs.clone());
                crate::bound::evaluate::with(&given, &binding.expression.replace("inputs.", "v."))
            }
            Source::Clock(_) => Some(rename::scalar(&binding.value)),
            Source::Parts(parts, how) => {
                let values = parts.iter().map(|part| self.value(part, scene, here));
                let values: Option<Vec<Value>> = values.collect();
                let made = evaluate::with(&Value::Array(values?), how)?;
                binding.transform.apply(&made)
            }
            Source::Counted { step, from } => {
                let number = i64::try_from(here?.number).ok()?;
                Some(Value::from(number * step + from))
            }
            Source::Number { digits, inside } => {
                let pass = match inside {
                    true => here?.round?,
                    false => here?.pass,
                };
                let number = pass.element.as_i64()?;
                Some(match digits {
                    0 => Value::from(number),
                    digits => Value::from(format!("{number:0digits$}")),
                })
            }
            Source::Total(call, path, total) => {
                let kept = self.kept.get(*call)?;
                let data = view::data(kept, &world.answer(kept));
                binding.transform.apply(&total.of(&data, path)?)
            }
            Source::Item(_, path) => binding
                .transform
                .apply(selector::field(&here?.pass.element, path)?),
            Source::Named(_) => binding.transform.apply(&here?.pass.element),
            Source::Inside(_, path) => binding
                .transform
                .apply(selector::field(&here?.round?.element, path)?),
            Source::Pass(call, path) => {
                let cycles = &self.decisions.cycles;
                let stand = cycles.get(cycle::of(cycles, *call)?)?.stand(*call)?;
                let pass = match stand.round {
                    Some(_) => here?.round?,
                    None => here?.pass,
                };
                let data = pass.data.get(stand.place)?;
                binding.transform.apply(selector::field(data, path)?)
            }
            Source::Output(place) => {
                let source = match &place.of {
                    Of::Key => Value::from(world.key(&answers.entry_key(place)?)),
                    _ => world.scalar(&answers.last_key(place), answers.scalar(place)?),
                };
                binding.transform.apply(&source)
            }
            Source::Whole(place, names) => {
                let value = self.whole(*place, scene)?;
                Some(if names.is_empty() {
                    value
                } else {
                    picked(&value, names)
                })
            }
            Source::Column(place) => {
                let value = self.whole(place.list, scene)?;
                let column = value.as_array()?.iter().filter_map(|item| {
                    place
                        .field
                        .iter()
                        .try_fold(item, |value, key| value.get(key))
                        .cloned()
                });
                Some(Value::Array(column.collect()))
            }
        }
    }

    /// A list or map of an answer as it is in a world; what a loop gave is gathered from its passes there.
    fn whole(&self, place: WholePlace, scene: &Scene<'_>) -> Option<Value> {
        let answers = &self.decisions.answers;
        let of_loop =
            cycle::ending(&self.decisions.cycles, place.call).filter(|_| Answers::is_root(place));
        if let Some(at) = of_loop {
            let cycle = self.decisions.cycles.get(at)?;
            return Some(Value::Array(gathered(
                cycle,
                self.kept,
                scene.loops.get(at)?,
            )));
        }
        if let Some(pages) = self
            .decisions
            .pages
            .iter()
            .find(|pages| pages.gives(answers, place))
        {
            let all = pages.over(self.kept, scene.world).into_iter();
            return Some(Value::Array(all.map(|(item, _)| item).collect()));
        }
        let key = answers.last_key_of(place);
        Some(scene.world.value(&key, answers.whole(place)?, 0))
    }

    /// Steps that change something must do so in the recorded order, and what only looks must see the same changes.
    fn out_of_order(&self, driven: &Driven, found: &mut Listed) {
        let changes = |index: usize| {
            let is_step = self
                .part
                .present
                .is_none_or(|present| present.contains(&index));
            is_step && self.kept.get(index).is_some_and(Kept::changes)
        };
        let before = self.changes_before.get_or_init(|| {
            let all = (0..self.kept.len()).scan(0, |count, index| {
                let here = *count;
                *count += usize::from(changes(index));
                Some(here)
            });
            all.collect()
        });
        let mut done = 0;
        for index in &driven.order {
            let Some(kept) = self.kept.get(*index) else {
                continue;
            };
            if kept.effects != Some(EffectLevel::Pure) && before.get(*index) != Some(&done) {
                found.add(|| {
                    let message = format!(
                        "`{}` was asked for after {done} changes instead of {}.",
                        kept.step,
                        before.get(*index).unwrap_or(&0)
                    );
                    stays(kept, "", &Value::Null, message)
                });
            }
            done += usize::from(changes(*index));
        }
    }
}

fn picked(value: &Value, names: &[String]) -> Value {
    let one = |value: &Value| {
        let map: Map<String, Value> = names
            .iter()
            .filter_map(|name| Some((name.clone(), value.get(name)?.clone())))
            .collect();
        Value::Object(map)
    };
    match value {
        Value::Array(items) => Value::Array(items.iter().map(one).collect()),
        other => one(other),
    }
}

fn missing(kept: &Kept<'_>, path: &str, driven: &Driven) -> Difference {
    let why = match driven.failures.get(path) {
        Some(why) => crate::show::text(why, 200),
        None => "a step before it did not end well".to_owned(),
    };
    Difference {
        step: kept.step.clone(),
        call: kept.call.id.clone(),
        kind: "missing".to_owned(),
        path: None,
        recorded: None,
        replayed: None,
        message: format!("`{path}` asks for nothing: {why}."),
    }
}

/// A step that runs in a world of a recording that does not have it.
fn strange(step: &str) -> Difference {
    Difference {
        step: step.to_owned(),
        call: String::new(),
        kind: "differing".to_owned(),
        path: None,
        recorded: None,
        replayed: None,
        message: format!("`{step}` is asked for, which the recording does not do."),
    }
}

fn stays(kept: &Kept<'_>, pointer: &str, value: &Value, message: String) -> Difference {
    let key = pointer.rsplit('/').next().unwrap_or("");
    Difference {
        step: kept.step.clone(),
        call: kept.call.id.clone(),
        kind: "differing".to_owned(),
        path: (!pointer.is_empty()).then(|| pointer.to_owned()),
        recorded: (!value.is_null()).then(|| crate::show::value(key, value, 120)),
        replayed: None,
        message,
    }
}

/// Whether a name stands alone in an answer, not as a part of a longer one.
fn stands_in(answer: &str, name: &str) -> bool {
    let joined = |mark: Option<char>, beyond: Option<char>| match mark {
        Some(c) if c.is_alphanumeric() || c == '_' => true,
        Some('-' | '.' | '/' | ':') => beyond.is_some_and(char::is_alphanumeric),
        _ => false,
    };
    answer.match_indices(name).any(|(at, _)| {
        let mut before = answer[..at].chars().rev();
        let mut after = answer[at + name.len()..].chars();
        !joined(before.next(), before.next()) && !joined(after.next(), after.next())
    })
}
