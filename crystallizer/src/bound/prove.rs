//! The proof that a draft holds on other data: it is run in worlds that are the recording's under other names, in
//! another order, with shuffled lists. What is bound has to follow, and what stays must not have had to.

use super::answers::{Answers, Of, WholePlace};
use super::binding::{Binding, Bound, Piece, Source, Why};
use super::cycle::{Cycle, Stand, elements};
use super::decide::Decisions;
use super::information::{bits, names_things};
use super::key::words;
use super::nested::list_at;
use super::pages::{Next, Pages};
use super::passes::{self, Pass};
use super::rename;
use super::selector;
use super::slot;
use super::world::World;
use crate::answer::Answer;
use crate::compare::{Expected, compare};
use crate::drive::{Drive, Driven, Order, outcome, unknown};
use crate::kept::Kept;
use crate::report::{Difference, Level, Perturbation, Perturbed, Verdict};
use druse_engine::definition::{Document, EffectLevel};
use druse_engine::event::Outcome;
use druse_engine::plan::Plan;
use druse_engine::{Span, Timestamp};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most differences that are listed for one world.
const MOST: usize = 40;
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
    /// The round of the loop inside.
    round: Option<&'h Pass>,
}

struct Prover<'p> {
    kept: &'p [Kept<'p>],
    decisions: &'p Decisions,
    plan: Arc<Plan>,
    started_at: Timestamp,
    /// What stays though it had to follow.
    stays: Vec<Difference>,
    bound: u64,
    frozen: u64,
}

/// Runs the draft in the changed worlds.
pub(super) fn prove(
    document: &Document,
    kept: &[Kept<'_>],
    decisions: &Decisions,
    started_at: Timestamp,
) -> Proof {
    let mut perturbed = Perturbed::default();
    let Ok(plan) = Plan::compile(Arc::new(relaxed(document))) else {
        return Proof {
            perturbed,
            level: Level::Same,
        };
    };
    let mut prover = Prover {
        kept,
        decisions,
        plan: Arc::new(plan),
        started_at,
        stays: Vec::new(),
        bound: 0,
        frozen: 0,
    };
    prover.count();
    let renamed = weak_names(kept, decisions);
    perturbed.renamed = prover.world(&renamed, &[Order::Recorded]);
    let orders: Vec<Order> = [Order::Reversed]
        .into_iter()
        .chain((1..=ORDERS).map(Order::Mixed))
        .collect();
    perturbed.reordered = prover.world(&renamed, &orders);
    let shuffled = World {
        shuffled: true,
        ..renamed
    };
    perturbed.shuffled = prover.world(&shuffled, &[Order::Recorded, Order::Reversed]);
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

/// The document with inputs of any value: what flows is looked at, not what is allowed.
fn relaxed(document: &Document) -> Document {
    let mut document = document.clone();
    for schema in document.inputs.values_mut() {
        let mut open = Map::new();
        if let Some(default) = schema.get("default") {
            open.insert("default".to_owned(), default.clone());
        }
        *schema = Value::Object(open);
    }
    document
}

/// The words and small numbers that the draft follows: they get other names, too.
fn weak_names(kept: &[Kept<'_>], decisions: &Decisions) -> World {
    let mut world = World::default();
    let mut field = |key: &str, value: &Value| {
        if rename::scalar(value) == *value {
            world.weak.insert((key.to_owned(), value.to_string()));
        }
    };
    let mut keys = BTreeSet::new();
    let mut texts = BTreeSet::new();
    let mut extremes = BTreeMap::new();
    for cycle in &decisions.cycles {
        for (key, value) in &cycle.compared.fields {
            field(key, value);
        }
        keys.extend(cycle.compared.keys.iter().cloned());
        extremes.extend(cycle.compared.extremes.iter().cloned());
        for (key, value) in followed(cycle, kept, decisions) {
            field(&key, &value);
        }
    }
    for pages in &decisions.pages {
        if let Next::Handed { path, .. } = &pages.next {
            for kept in kept.iter().skip(pages.first).take(pages.passes) {
                let answer = super::view::data(kept, &kept.answer);
                if let (Some(key), Some(value)) = (path.last(), selector::field(&answer, path)) {
                    field(key, value);
                }
            }
        }
    }
    for binding in decisions
        .calls
        .iter()
        .flat_map(|decided| &decided.bound)
        .flat_map(Bound::bindings)
    {
        for (key, value) in &binding.compared.fields {
            field(key, value);
        }
        keys.extend(binding.compared.keys.iter().cloned());
        extremes.extend(binding.compared.extremes.iter().cloned());
        let Source::Output(place) = &binding.source else {
            continue;
        };
        let Some(scalar) = decisions.answers.scalar(place) else {
            continue;
        };
        match &place.of {
            Of::Value | Of::Part(_) => field(&decisions.answers.last_key(place), scalar),
            Of::Key => keys.extend(decisions.answers.entry_key(place)),
            Of::Label(_) | Of::Word => {
                if let Some(Value::String(word)) = binding.transform.inside(scalar)
                    && rename::text(&word) == word
                {
                    texts.insert(word);
                }
            }
        }
    }
    world.weak_keys = keys;
    world.weak_words = texts;
    world.extremes = extremes;
    world
}

/// The values that the passes of a loop follow, with the keys that they stand under.
fn followed(cycle: &Cycle, kept: &[Kept<'_>], decisions: &Decisions) -> Vec<(String, Value)> {
    let items = decisions
        .answers
        .whole(cycle.list)
        .map(elements)
        .unwrap_or_default();
    let mut found = Vec::new();
    let bindings = cycle
        .bodies()
        .into_iter()
        .filter_map(|call| decisions.calls.get(call))
        .flat_map(|decided| &decided.bound)
        .flat_map(Bound::bindings);
    let answered = |call: usize| {
        kept.get(call)
            .map(|kept| super::view::data(kept, &kept.answer))
    };
    for binding in bindings {
        for (pass, chosen) in cycle.chosen.iter().enumerate() {
            let item = items.get(*chosen).cloned();
            let (from, path) = match &binding.source {
                Source::Item(_, path) => (vec![item], path),
                Source::Pass(call, path) => (
                    match cycle.stand(*call) {
                        Some(Stand {
                            round: None, place, ..
                        }) => vec![answered(cycle.call(pass, place))],
                        Some(Stand { place, .. }) => {
                            let counts = cycle.inner.as_ref().map(|inner| &inner.rounds.counts);
                            let count = counts.and_then(|counts| counts.get(pass)).copied();
                            (0..count.unwrap_or(0))
                                .map(|round| answered(cycle.call_inside(pass, round, place)))
                                .collect()
                        }
                        None => continue,
                    },
                    path,
                ),
                Source::Inside(_, path) => {
                    let Some(inner) = &cycle.inner else { continue };
                    let held = match inner.list.answer {
                        Some(place) => answered(cycle.call(pass, place)),
                        None => item,
                    };
                    let list = held
                        .as_ref()
                        .and_then(|held| list_at(held, &inner.list.path))
                        .map(elements)
                        .unwrap_or_default();
                    (list.into_iter().map(Some).collect(), path)
                }
                _ => continue,
            };
            let key = path.last().cloned().unwrap_or_else(|| {
                let inside = cycle
                    .inner
                    .as_ref()
                    .and_then(|inner| inner.list.path.last());
                match (&binding.source, inside) {
                    (Source::Inside(..), Some(key)) => key.clone(),
                    _ => decisions.answers.last_key_of(cycle.list),
                }
            });
            for from in from.iter().flatten() {
                if let Some(value) = selector::field(from, path) {
                    found.push((key.clone(), value.clone()));
                }
            }
        }
    }
    found
}

impl Prover<'_> {
    /// Counts what is bound and what stays, and finds what had to follow and does not.
    fn count(&mut self) {
        let mut seen: Vec<&str> = self.decisions.said.by_people().collect();
        let mut answered = 0;
        for (index, kept) in self.kept.iter().enumerate() {
            // Answers of calls that were issued together are known only to those that come after.
            while let Some(before) = self
                .kept
                .get(answered)
                .filter(|before| before.call.batch != kept.call.batch)
                && answered < index
            {
                if crate::prune::succeeded(before.call) {
                    seen.push(&before.answer.text);
                }
                answered += 1;
            }
            let Some(decided) = self.decisions.calls.get(index) else {
                continue;
            };
            // What stands nowhere as a value is fixed text, as a line for a shell is.
            if !slot::any(kept) {
                crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, leaf| {
                    self.fixed(kept, pointer, leaf, &seen);
                });
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
                    let message = format!(
                        "`{}` at `{}` stays {}, and where it comes from is an open question.",
                        kept.step,
                        frozen.pointer,
                        crate::show::value(&frozen.key, &frozen.value, 60)
                    );
                    self.stays
                        .push(stays(kept, &frozen.pointer, &frozen.value, message));
                } else {
                    self.fixed(kept, &frozen.pointer, &frozen.value, &seen);
                }
            }
        }
    }

    /// A fixed value: where a part of it was said or answered before and tells enough, it had to follow.
    fn fixed(&mut self, kept: &Kept<'_>, pointer: &str, value: &Value, seen: &[&str]) {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let key = words(pointer.rsplit('/').next().unwrap_or(""));
        let named = rename::names_in(&text);
        // Words around a small number tell as much as an id: a street with its number.
        let stands_whole = text.len() >= TELLS_WHOLE
            && text.len() <= TELLS_AT_MOST
            && text.contains(' ')
            && !named.is_empty()
            && seen.iter().any(|answer| answer.contains(text.as_str()));
        let name = named.into_iter().find(|name| {
            if stands_whole {
                return true;
            }
            let is_whole = *name == text;
            let tells = bits(&Value::from(*name), &[]) >= HAD_TO_FOLLOW
                || is_whole && (names_things(&key) || crate::value_class::is_date(name));
            tells && seen.iter().any(|answer| stands_in(answer, name))
        });
        if let Some(name) = name {
            let message = format!(
                "`{}` at `{pointer}` keeps {}, which was said or answered before.",
                kept.step,
                crate::show::value("", &name.into(), 60)
            );
            self.stays.push(stays(kept, pointer, value, message));
        }
    }

    /// Runs the draft in a world, once for each order.
    fn world(&self, world: &World, orders: &[Order]) -> Perturbation {
        let answers: BTreeMap<usize, Answer> = self
            .kept
            .iter()
            .enumerate()
            .filter(|(_, kept)| crate::prune::succeeded(kept.call))
            .map(|(index, kept)| (index, world.answer(kept)))
            .collect();
        let inputs: Map<String, Value> = self
            .decisions
            .inputs
            .iter()
            .map(|input| (input.name.clone(), rename::other(&input.value)))
            .collect();
        let loops = passes::passes(
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
        let mut differences = self.stays.clone();
        let mut moved = self.bound;
        for order in orders {
            let driven = Drive {
                kept: self.kept,
                inputs: Value::Object(inputs.clone()),
                now: self.started_at.after(Span::from_millis(days * 86_400_000)),
                order: *order,
                respond: &|call, path, _| {
                    if let Some((cycle, stand)) = self.inside(path) {
                        return self.answer_in_pass(&scene, cycle, stand);
                    }
                    match call.and_then(|call| Some((call, self.kept.get(call)?))) {
                        Some((call, kept)) => {
                            outcome(kept, answers.get(&call).unwrap_or(&kept.answer))
                        }
                        None => unknown(),
                    }
                },
            }
            .run(&self.plan);
            let before = differences.len();
            for (index, kept) in self.kept.iter().enumerate() {
                let in_pages = self.decisions.pages.iter().find(|pages| pages.holds(index));
                if let Some(pages) = in_pages {
                    differences.extend(self.page(index, kept, pages, &scene, &driven));
                } else if self
                    .decisions
                    .cycles
                    .iter()
                    .all(|cycle| !cycle.holds(index))
                {
                    differences.extend(self.call(index, kept, &kept.path, &scene, None, &driven));
                }
            }
            differences.extend(self.further_pages(&driven));
            for (at, cycle) in self.decisions.cycles.iter().enumerate() {
                differences.extend(self.cycle(at, cycle, &scene, &driven));
            }
            let as_recorded = self
                .decisions
                .cycles
                .iter()
                .zip(&loops)
                .all(|(cycle, passes)| {
                    let rounds = passes.iter().map(|pass| pass.rounds.len());
                    cycle.passes == passes.len()
                        && cycle
                            .inner
                            .as_ref()
                            .is_none_or(|inner| inner.rounds.counts.iter().copied().eq(rounds))
                });
            // A loop over more elements changes more.
            if as_recorded {
                differences.extend(self.out_of_order(&driven));
            }
            moved = moved.min(
                self.bound
                    .saturating_sub(u64::try_from(differences.len() - before).unwrap_or(u64::MAX)),
            );
        }
        let failed = !differences.is_empty();
        let mut said = BTreeSet::new();
        differences.retain(|difference| said.insert(difference.message.clone()));
        differences.truncate(MOST);
        Perturbation {
            verdict: if failed {
                Verdict::Failed
            } else {
                Verdict::Passed
            },
            moved,
            unmoved: self.frozen,
            differences,
        }
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
        let mut arguments = kept.call.arguments.clone();
        let mut request = kept.target.filled.request.clone();
        if let Some(decided) = self.decisions.calls.get(index) {
            for bound in &decided.bound {
                if let Some(value) = self.expected(bound, scene, here)
                    && let Some(place) = arguments.pointer_mut(&bound.pointer)
                {
                    *place = value;
                }
            }
            slot::expect(kept, &mut request, &decided.bound, &|bound| {
                self.expected(bound, scene, here)
            });
        }
        compare(
            kept,
            &Expected {
                request: &request,
                arguments: &arguments,
            },
            made.value(),
        )
    }

    /// The same for a call that turned a page.
    fn page(
        &self,
        index: usize,
        kept: &Kept<'_>,
        pages: &Pages,
        scene: &Scene<'_>,
        driven: &Driven,
    ) -> Vec<Difference> {
        let Some(made) = driven.requests.get(&kept.path) else {
            return vec![missing(kept, &kept.path, driven)];
        };
        let mut arguments = kept.call.arguments.clone();
        let mut request = kept.target.filled.request.clone();
        let mut bounds: Vec<Bound> = self
            .decisions
            .calls
            .get(pages.body)
            .map(|decided| decided.bound.clone())
            .unwrap_or_default();
        let handed = match &pages.next {
            Next::Handed { path, .. } if index > pages.first => {
                let key = path.last().map_or("", String::as_str);
                arguments
                    .pointer(&pages.pointer)
                    .map(|value| scene.world.scalar(key, value))
            }
            _ => None,
        };
        if handed.is_some() {
            bounds.push(Bound {
                pointer: pages.pointer.clone(),
                key: String::new(),
                pieces: Vec::new(),
            });
        }
        let value = |bound: &Bound| {
            if bound.pointer == pages.pointer {
                handed.clone()
            } else {
                self.expected(bound, scene, None)
            }
        };
        for bound in &bounds {
            if let Some(value) = value(bound)
                && let Some(place) = arguments.pointer_mut(&bound.pointer)
            {
                *place = value;
            }
        }
        slot::expect(kept, &mut request, &bounds, &value);
        compare(
            kept,
            &Expected {
                request: &request,
                arguments: &arguments,
            },
            made.value(),
        )
    }

    /// Where more pages were turned than there are.
    fn further_pages(&self, driven: &Driven) -> Vec<Difference> {
        let further = self.decisions.pages.iter().filter_map(|pages| {
            let kept = self.kept.get(pages.first)?;
            driven
                .requests
                .contains_key(&pages.path(pages.passes, &kept.step))
                .then(|| {
                    let message = format!(
                        "`{}` asks for more than the {} that there are.",
                        pages.id,
                        crate::show::count(pages.passes, "page", "pages")
                    );
                    stays(kept, "", &Value::Null, message)
                })
        });
        further.collect()
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
            Source::Clock(_) => Some(rename::scalar(&binding.value)),
            Source::Item(_, path) => binding
                .transform
                .apply(selector::field(&here?.pass.element, path)?),
            Source::Inside(_, path) => binding
                .transform
                .apply(selector::field(&here?.round?.element, path)?),
            Source::Pass(call, path) => {
                let stand = self
                    .decisions
                    .cycles
                    .iter()
                    .find(|cycle| cycle.holds(*call))?
                    .stand(*call)?;
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
        let of_loop = self
            .decisions
            .cycles
            .iter()
            .position(|cycle| cycle.last() == place.call)
            .filter(|_| Answers::is_root(place));
        if let Some(at) = of_loop {
            let cycle = self.decisions.cycles.get(at)?;
            return Some(Value::Array(passes::gathered(
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

    /// The loop of a path, and where in it it stands.
    fn inside(&self, path: &str) -> Option<(usize, Stand)> {
        let (id, rest) = path.split_once('[')?;
        let (pass, step) = rest.split_once("].")?;
        let at = self
            .decisions
            .cycles
            .iter()
            .position(|cycle| cycle.id == id)?;
        let cycle = self.decisions.cycles.get(at)?;
        let is_it =
            |call: usize, step: &str| self.kept.get(call).is_some_and(|kept| kept.step == step);
        let pass = pass.parse().ok()?;
        let Some((inside, rest)) = step.split_once('[') else {
            let place = (0..cycle.width).find(|place| is_it(cycle.call(0, *place), step))?;
            return Some((
                at,
                Stand {
                    pass,
                    round: None,
                    place,
                },
            ));
        };
        let inner = cycle.inner.as_ref().filter(|inner| inner.id == inside)?;
        let (round, step) = rest.split_once("].")?;
        let place =
            (0..inner.rounds.width).find(|place| is_it(cycle.call_inside(0, 0, *place), step))?;
        Some((
            at,
            Stand {
                pass,
                round: Some(round.parse().ok()?),
                place,
            },
        ))
    }

    fn answer_in_pass(&self, scene: &Scene<'_>, at: usize, stand: Stand) -> Outcome {
        let found = self.decisions.cycles.get(at).and_then(|cycle| {
            let pass = scene.loops.get(at)?.get(stand.pass)?;
            let (call, pass) = match stand.round {
                Some(round) => (
                    cycle.call_inside(0, 0, stand.place),
                    pass.rounds.get(round)?,
                ),
                None => (cycle.call(0, stand.place), pass),
            };
            Some((self.kept.get(call)?, pass.answers.get(stand.place)?))
        });
        match found {
            Some((kept, answer)) => outcome(kept, answer),
            None => unknown(),
        }
    }

    /// Where a loop did not ask in each pass for what it had to, or made more or fewer passes.
    fn cycle(
        &self,
        at: usize,
        cycle: &Cycle,
        scene: &Scene<'_>,
        driven: &Driven,
    ) -> Vec<Difference> {
        let mut found = Vec::new();
        let Some(passes) = scene.loops.get(at) else {
            return found;
        };
        let mut check = |call: usize, path: &dyn Fn(&str) -> String, here: Here<'_>| {
            if let Some(kept) = self.kept.get(call) {
                let path = path(&kept.step);
                found.extend(self.call(call, kept, &path, scene, Some(here), driven));
            }
        };
        for (number, pass) in passes.iter().enumerate() {
            let here = Here { pass, round: None };
            for place in 0..cycle.width {
                let path = |step: &str| cycle.path(number, step);
                check(cycle.call(0, place), &path, here);
            }
            let Some(inner) = &cycle.inner else { continue };
            for (count, round) in pass.rounds.iter().enumerate() {
                let here = Here {
                    pass,
                    round: Some(round),
                };
                for place in 0..inner.rounds.width {
                    let path = |step: &str| cycle.path(number, &inner.path(count, step));
                    check(cycle.call_inside(0, 0, place), &path, here);
                }
            }
        }
        let asks = |call: usize, path: &dyn Fn(&str) -> String| {
            self.kept
                .get(call)
                .is_some_and(|kept| driven.requests.contains_key(&path(&kept.step)))
        };
        let mut more = |call: usize, id: &str, count: usize| {
            if let Some(kept) = self.kept.get(call) {
                let message = format!(
                    "`{id}` makes more than the {} that it should.",
                    crate::show::count(count, "pass", "passes")
                );
                found.push(stays(kept, "", &Value::Null, message));
            }
        };
        if asks(cycle.first, &|step| cycle.path(passes.len(), step)) {
            more(cycle.first, &cycle.id, passes.len());
        }
        if let Some(inner) = &cycle.inner {
            let first = cycle.call_inside(0, 0, 0);
            for (number, pass) in passes.iter().enumerate() {
                let count = pass.rounds.len();
                if asks(first, &|step| cycle.path(number, &inner.path(count, step))) {
                    more(first, &inner.id, count);
                }
            }
        }
        found
    }

    /// Steps that change something must do so in the recorded order, and what only looks must see the same changes.
    fn out_of_order(&self, driven: &Driven) -> Vec<Difference> {
        let changes = |index: usize| self.kept.get(index).is_some_and(Kept::changes);
        let before: Vec<usize> = (0..self.kept.len())
            .scan(0, |count, index| {
                let here = *count;
                *count += usize::from(changes(index));
                Some(here)
            })
            .collect();
        let mut done = 0;
        let mut found = Vec::new();
        for index in &driven.order {
            let Some(kept) = self.kept.get(*index) else {
                continue;
            };
            if kept.effects != Some(EffectLevel::Pure) && before.get(*index) != Some(&done) {
                found.push(stays(
                    kept,
                    "",
                    &Value::Null,
                    format!(
                        "`{}` was asked for after {done} changes instead of {}.",
                        kept.step,
                        before.get(*index).unwrap_or(&0)
                    ),
                ));
            }
            done += usize::from(changes(*index));
        }
        found
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
