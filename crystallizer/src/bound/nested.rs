//! Calls that repeat with a loop inside: each pass has a list of its own, held by its element or by what it was
//! answered, and goes over all of it or over those that a filter takes. As with other loops, every call of every pass
//! has to be what the loop would send.

use super::answers::is_collection;
use super::binder::Binder;
use super::binding::{Bound, Source};
use super::body::{Body, doubts};
use super::column::{Column, Field, columns_of, fields_of};
use super::cycle::{Layout, Over, RoundsOver, Within, call, call_inside, elements, layouts};
use super::evaluate::member;
use super::filter::{Filter, filters};
use super::fold::{Found, InnerPlan, Plan, Stretch, chosen, is_inside, item_name, item_of};
use super::key::{Key, noun, spoken_of};
use super::offer::Offered;
use super::selector::{Origin, Scope, fields};
use super::turn::{Writer, closed};
use super::view;
use serde_json::Value;
use std::borrow::Borrow;

/// How many layouts are tried, and of each how many numbers of passes.
const MOST_LAYOUTS: usize = 8;
const MOST_SHORTER: usize = 3;
/// How deep in a value a list is looked for.
const DEPTH: usize = 3;

/// What holds a list in each pass.
struct Holder {
    within: Within,
    /// The call that answered it.
    call: usize,
    /// The expression of it in a pass.
    base: String,
    /// The keys that the list stands under.
    keys: Vec<String>,
    tool: String,
    /// It, in each pass.
    values: Vec<Value>,
}

/// A list that each pass has, and the elements of it that were taken.
struct Lists {
    within: Within,
    /// The call that answered it.
    call: usize,
    /// The expression of it in a pass.
    base: String,
    /// The keys that it stands under.
    keys: Vec<String>,
    tool: String,
    elements: Vec<Vec<Value>>,
    chosen: Vec<Vec<usize>>,
    filter: Filter,
}

impl Lists {
    fn taken(&self) -> Vec<Value> {
        self.elements
            .iter()
            .zip(&self.chosen)
            .flat_map(|(elements, chosen)| {
                chosen.iter().filter_map(|at| elements.get(*at).cloned())
            })
            .collect()
    }
}

impl Binder<'_, '_> {
    /// The loop with a loop inside that the calls from this one on are.
    /// No list of those that hold something that the first call sends is longer than `longest`.
    pub(super) fn nested(&mut self, at: usize, longest: usize) -> Option<Plan> {
        if longest < 2 {
            return None;
        }
        for layout in layouts(&self.alike, at, longest + MOST_SHORTER)
            .into_iter()
            .take(MOST_LAYOUTS)
        {
            let mut layout = layout;
            for _ in 0..=MOST_SHORTER {
                if !layout.shows() {
                    break;
                }
                // No list is gone over more often than it is long.
                if layout.passes() > longest {
                    layout = layout.shorter();
                    continue;
                }
                if !self.may_look(layout.covers() + self.walked.take()) {
                    return None;
                }
                if let Some(plan) = self.with_layout(at, &layout) {
                    return Some(plan);
                }
                layout = layout.shorter();
            }
        }
        None
    }

    fn with_layout(&mut self, first: usize, layout: &Layout) -> Option<Plan> {
        let kept = self.kept;
        let passes = layout.passes();
        let body = |pass: usize, place: usize| {
            call(first, layout.width, Some(&layout.rounds), pass, place)
        };
        let in_passes = |place: usize| {
            (0..passes)
                .map(|pass| body(pass, place))
                .collect::<Vec<_>>()
        };
        let stretch = Stretch::new(first, layout.width, passes, false, Some(&layout.rounds));
        let heads = columns_of(kept, 0, &in_passes(0));
        let mut plans = Vec::new();
        for column in heads.iter().filter(|column| column.varies()) {
            // A part that nobody named is not asked about here: the calls of the passes differ in number.
            for found in self.lists(&stretch, column, &mut Offered::default()) {
                if found.until.is_none() {
                    plans.extend(self.with_lists(&stretch, layout, found));
                }
            }
        }
        // It has to be certain which list is meant.
        let mut lists: Vec<_> = plans.iter().map(|plan: &Plan| plan.list.place()).collect();
        lists.dedup();
        (lists.len() == 1).then(|| plans.swap_remove(0))
    }

    fn with_lists(&mut self, stretch: &Stretch, layout: &Layout, found: Found) -> Option<Plan> {
        let kept = self.kept;
        let Stretch { first, passes, .. } = *stretch;
        let rounds = &layout.rounds;
        let all = self.answers.whole(found.list).map(elements)?;
        let items: Vec<Value> = found
            .chosen
            .iter()
            .filter_map(|at| all.get(*at).cloned())
            .collect();
        let source = kept.get(found.list.call)?;
        let item = item_name(&self.answers, found.list, &source.call.name);
        let list_call = found.list.call;
        let mut fields = fields_of(
            &items,
            &item,
            &|path| Source::Item(list_call, path),
            &|path| self.answers.key_of_whole(found.list, path),
        );
        let calls = |place: usize| -> Vec<usize> {
            (0..passes)
                .map(|pass| call(first, layout.width, Some(rounds), pass, place))
                .collect()
        };
        let mut bound: Vec<Vec<Bound>> = vec![Vec::new(); layout.width];
        let mut sent: Vec<Column<'_>> = Vec::new();
        let mut inner = None;
        for place in 0..=layout.width {
            if place == rounds.at {
                let base = (item.as_str(), items.as_slice(), list_call);
                inner = Some(self.rounds(stretch, layout, &found, base, &fields)?);
            }
            let Some(slot) = bound.get_mut(place) else {
                break;
            };
            let calls = calls(place);
            let body = *calls.first()?;
            let columns = columns_of(kept, place, &calls);
            for column in &columns {
                if !is_inside(slot, column) {
                    slot.extend(self.in_pass(body, column, &fields)?);
                }
            }
            for call in calls.iter().skip(1) {
                self.predicts_one(body, *call, slot)?;
            }
            sent.extend(columns);
            let values: Vec<Value> = stretch
                .answers(kept)
                .iter()
                .filter_map(|pass| pass.get(place).cloned())
                .collect();
            fields.extend(self.answered(body, &values, &sent)?);
        }
        let (expression, mut compared) = self.items(&found, &all)?;
        let inner = inner?;
        compared.join(inner.filter.compared());
        Some(Plan {
            first,
            width: layout.width,
            passes,
            list: Over::Answered(found.list),
            chosen: found.chosen,
            filter: found.filter,
            until: None,
            shown: 0,
            items: expression,
            compared,
            item,
            bound,
            answers: stretch.answers(kept).to_vec(),
            inner: Some(inner),
        })
    }

    /// The fields of what a call of a body answered in each pass, but for those that only say again what was sent.
    pub(super) fn answered(
        &mut self,
        body: usize,
        values: &[Value],
        sent: &[Column<'_>],
    ) -> Option<Vec<Field>> {
        let kept = self.kept;
        let one = kept.get(body)?;
        // What is issued together knows nothing of each other.
        if kept
            .get(body + 1)
            .is_some_and(|next| next.call.batch == one.call.batch)
        {
            return Some(Vec::new());
        }
        let base = self.router.base(kept, body)?;
        let tool = one.call.name.as_str();
        let own = fields_of(values, &base, &|path| Source::Pass(body, path), &|path| {
            Key::new(path.iter().map(String::as_str), tool)
        });
        let sent: Vec<&Column<'_>> = sent.iter().collect();
        Some(
            own.into_iter()
                .filter(|field| !field.repeats(&sent))
                .collect(),
        )
    }

    /// The loop inside: over which list of each pass it goes, and what is bound in it.
    fn rounds(
        &mut self,
        stretch: &Stretch,
        layout: &Layout,
        found: &Found,
        element: (&str, &[Value], usize),
        around: &[Field],
    ) -> Option<InnerPlan> {
        let kept = self.kept;
        let rounds = &layout.rounds;
        let calls = |place: usize| -> Vec<usize> {
            let mut all = Vec::new();
            for (pass, count) in rounds.counts.iter().enumerate() {
                all.extend((0..*count).map(|round| {
                    call_inside(stretch.first, layout.width, rounds, pass, round, place)
                }));
            }
            all
        };
        let firsts = columns_of(kept, 0, &calls(0));
        let mut plans: Vec<InnerPlan> = Vec::new();
        for lists in self.lists_inside(stretch, layout, found, element, &firsts) {
            let taken = lists.taken();
            let item = item_of(lists.keys.last().map_or("", String::as_str), &lists.tool);
            let item = if item == element.0 {
                "inner_item".to_owned()
            } else {
                item
            };
            let own = fields_of(
                &taken,
                &item,
                &|path| Source::Inside(lists.call, path),
                &|path| {
                    let all = lists.keys.iter().chain(path).map(String::as_str);
                    Key::new(all.collect::<Vec<_>>().into_iter(), &lists.tool)
                },
            );
            let mut fields: Vec<Field> = own;
            fields.extend(around.iter().map(|field| field.in_rounds(&rounds.counts)));
            let Some(bound) = self.bound_inside(rounds.width, &calls, fields) else {
                continue;
            };
            let mut items = lists.base.clone();
            if !lists.filter.is_empty() {
                let is_map = lists.elements.iter().flatten().all(|one| {
                    one.as_object()
                        .is_some_and(|map| map.len() == 2 && map.contains_key("key"))
                });
                if is_map {
                    continue;
                }
                items = lists.filter.write(
                    &items,
                    &mut Writer {
                        inputs: &mut self.inputs,
                        said: &self.said,
                    },
                );
                self.learn_inputs();
            }
            plans.push(InnerPlan {
                rounds: rounds.clone(),
                list: RoundsOver::Held(lists.within),
                chosen: lists.chosen,
                items,
                item,
                filter: lists.filter,
                bound,
            });
        }
        (plans.len() == 1).then(|| plans.remove(0))
    }

    /// What is bound in each call of the loop inside, when it sends in each round what was sent.
    fn bound_inside(
        &mut self,
        width: usize,
        calls: &dyn Fn(usize) -> Vec<usize>,
        mut fields: Vec<Field>,
    ) -> Option<Vec<Vec<Bound>>> {
        let kept = self.kept;
        let mut bound: Vec<Vec<Bound>> = vec![Vec::new(); width];
        let mut sent: Vec<Column<'_>> = Vec::new();
        for (place, slot) in bound.iter_mut().enumerate() {
            let calls = calls(place);
            let body = *calls.first()?;
            let columns = columns_of(kept, place, &calls);
            for column in &columns {
                if !is_inside(slot, column) {
                    slot.extend(self.in_pass(body, column, &fields)?);
                }
            }
            for call in calls.iter().skip(1) {
                self.predicts_one(body, *call, slot)?;
            }
            sent.extend(columns);
            let values: Vec<Value> = calls
                .iter()
                .filter_map(|call| Some(view::seen(kept.get(*call)?).into_value()))
                .collect();
            fields.extend(self.answered(body, &values, &sent)?);
        }
        Some(bound)
    }

    /// The lists of the passes whose elements tell the rounds apart.
    fn lists_inside(
        &mut self,
        stretch: &Stretch,
        layout: &Layout,
        found: &Found,
        (item, items, list_call): (&str, &[Value], usize),
        columns: &[Column<'_>],
    ) -> Vec<Lists> {
        let kept = self.kept;
        let mut holders: Vec<Holder> = Vec::new();
        let tool = |call: usize| kept.get(call).map_or("", |kept| kept.call.name.as_str());
        let outer_key = self.answers.last_key_of(found.list);
        for path in list_paths(items) {
            let mut keys = vec![outer_key.clone()];
            keys.extend(path.iter().cloned());
            keys.retain(|key| !key.is_empty());
            holders.push(Holder {
                within: Within { answer: None, path },
                call: list_call,
                base: item.to_owned(),
                keys,
                tool: tool(list_call).to_owned(),
                values: items.to_vec(),
            });
        }
        for place in 0..layout.rounds.at {
            let body = stretch.first + place;
            let answers: Vec<Value> = stretch
                .answers(kept)
                .iter()
                .filter_map(|pass| pass.get(place).cloned())
                .collect();
            let Some(base) = self.router.base(kept, body) else {
                continue;
            };
            for path in list_paths(&answers) {
                holders.push(Holder {
                    keys: path.clone(),
                    within: Within {
                        answer: Some(place),
                        path,
                    },
                    call: body,
                    base: base.clone(),
                    tool: tool(body).to_owned(),
                    values: answers.clone(),
                });
            }
        }
        let rounds = &layout.rounds;
        let inner = Body::of((0..layout.passes()).flat_map(|pass| {
            let count = rounds.counts.get(pass).copied().unwrap_or(0);
            (0..count).map(move |round| {
                (0..rounds.width)
                    .filter_map(|place| {
                        let at =
                            call_inside(stretch.first, layout.width, rounds, pass, round, place);
                        Some(kept.get(at)?.call)
                    })
                    .collect()
            })
        }));
        let mut all: Vec<Lists> = Vec::new();
        for Holder {
            within,
            call,
            base,
            keys,
            tool,
            values,
        } in holders
        {
            let elements: Option<Vec<Vec<Value>>> = values
                .iter()
                .map(|value| list_at(value, &within.path).map(elements))
                .collect();
            let Some(elements) = elements else { continue };
            let mut expression = if within.path.is_empty() {
                base
            } else {
                closed(&base)
            };
            for word in &within.path {
                expression.push_str(&member(word));
            }
            for column in columns.iter().filter(|column| column.varies()) {
                let Some(chosen) = self.chosen_inside(&elements, column, &layout.rounds.counts)
                else {
                    continue;
                };
                let Some(filter) = self.filter_inside(call, &keys, &elements, &chosen, &inner)
                else {
                    continue;
                };
                // The same list told by the element and by what was answered about it: the later is meant.
                all.retain(|other| other.elements != elements);
                all.push(Lists {
                    within: within.clone(),
                    call,
                    base: expression.clone(),
                    keys: keys.clone(),
                    tool: tool.clone(),
                    elements: elements.clone(),
                    chosen,
                    filter,
                });
                break;
            }
        }
        all
    }

    /// The elements that the rounds of each pass are about, where a field of them gives a column.
    fn chosen_inside(
        &self,
        elements: &[Vec<Value>],
        column: &Column<'_>,
        counts: &[usize],
    ) -> Option<Vec<Vec<usize>>> {
        // What the person named one by one is no list.
        let named = column.values.iter().any(|value| {
            self.said
                .find(value, &[])
                .is_some_and(|mention| mention.person)
        });
        if named {
            return None;
        }
        let first = elements.iter().flatten().next()?;
        let paths: Vec<Vec<String>> = match first {
            Value::String(_) | Value::Number(_) => vec![Vec::new()],
            map => fields(map).into_iter().map(|(path, _)| path).collect(),
        };
        paths.into_iter().find_map(|path| {
            let mut at = 0;
            elements
                .iter()
                .zip(counts)
                .map(|(elements, count)| {
                    let values = column.values.get(at..at + count)?;
                    at += count;
                    chosen(elements, &path, values)
                })
                .collect()
        })
    }

    /// What tells the elements that were taken from the others, over all passes; none where nothing does.
    fn filter_inside(
        &self,
        call: usize,
        keys: &[String],
        elements: &[Vec<Value>],
        chosen: &[Vec<usize>],
        body: &Body,
    ) -> Option<Filter> {
        let source = self.kept.get(call)?.call;
        let mut flat: Vec<Value> = Vec::new();
        let mut taken: Vec<usize> = Vec::new();
        for (elements, chosen) in elements.iter().zip(chosen) {
            taken.extend(chosen.iter().map(|at| at + flat.len()));
            flat.extend(elements.iter().cloned());
        }
        let origin = Origin {
            about: keys.iter().fold(noun(&source.name), |around, key| {
                spoken_of(around, key, &source.name)
            }),
            asked: &source.arguments,
            tool: &source.name,
        };
        let scope = Scope {
            said: &self.said,
            known: &self.known,
            loosely: None,
            at_hand: self.at_hand,
        };
        // What may be said of them or of what is done with them is left to a person.
        if !doubts(&flat, &taken, &origin, &scope, body).is_empty() {
            return None;
        }
        filters(&flat, &taken, &origin, &scope, body)
            .into_iter()
            .find(|filter| filter.of(&flat) == taken)
    }
}

/// The ways to lists, or to maps whose keys are data, that all of some values have; an empty one where they are lists
/// themselves.
pub(super) fn list_paths<V: Borrow<Value>>(values: &[V]) -> Vec<Vec<String>> {
    fn walk(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        match value {
            Value::Array(_) => found.push(path.clone()),
            Value::Object(map) if is_collection(map) => found.push(path.clone()),
            Value::Object(map) if path.len() < DEPTH => {
                for (key, inner) in map {
                    path.push(key.clone());
                    walk(inner, path, found);
                    path.pop();
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Some(first) = values.first() {
        walk(first.borrow(), &mut Vec::new(), &mut found);
    }
    found.retain(|path| {
        values
            .iter()
            .all(|value| list_at(value.borrow(), path).is_some())
    });
    found
}

/// The list, or map, at the end of a way.
pub(super) fn list_at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    let found = path.iter().try_fold(value, |value, key| value.get(key))?;
    (found.is_array() || found.is_object()).then_some(found)
}
