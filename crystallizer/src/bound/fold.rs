//! Folds calls that repeat into a loop: when what differs from pass to pass comes from one recorded list, and all of
//! what was sent in each pass, the last included, is what the loop would send. Otherwise the calls stay one by one.

use super::answers::{Answers, Place, WholePlace};
use super::binder::Binder;
use super::binding::{Bound, Source};
use super::column::{Column, Field, columns, fields_of};
use super::cycle::{Cycle, elements, repeats};
use super::decide::strong_values;
use super::filter::{Filter, filters, literals};
use super::information::{STRONG, bits};
use super::key::{Key, noun, words};
use super::selector::{Origin, Scope, pick};
use super::turn::{Compared, Equal, Pick, Writer, closed};
use super::{canonical, slot, view};
use crate::kept::Kept;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How many numbers of passes are tried for one width of the body.
const MOST_TRIED: usize = 12;
/// The most lists that are tried.
const MOST_LISTS: usize = 12;

/// The answer that leaves calls that repeat as they are.
pub(super) const ONE_BY_ONE: &str = "one_by_one";

/// A question whether calls that repeat are a loop.
pub(super) struct Offer {
    /// The first of them.
    pub(super) call: usize,
    pub(super) id: String,
    /// What the elements that were taken have in common, as answers.
    pub(super) choices: Vec<String>,
}

/// What a loop over a list would be.
struct Plan {
    first: usize,
    width: usize,
    passes: usize,
    list: WholePlace,
    chosen: Vec<usize>,
    filter: Filter,
    until: Option<Vec<Equal>>,
    items: String,
    compared: Compared,
    item: String,
    /// What is bound in each call of the body.
    bound: Vec<Vec<Bound>>,
    /// What the calls of the body answered, by pass.
    answers: Vec<Vec<Value>>,
}

/// A list whose elements tell the passes apart.
struct Found {
    list: WholePlace,
    chosen: Vec<usize>,
    filter: Filter,
    until: Option<Vec<Equal>>,
}

/// What going over a list may come to.
enum Over {
    Found(Found),
    /// The person named the elements one by one.
    Named,
    Nothing,
}

/// A loop whose answers are not known yet.
pub(super) struct Pending {
    /// Forms of values that were sent before it.
    sent: BTreeSet<String>,
    /// What it gives.
    output: Value,
}

impl Binder<'_> {
    /// Folds the calls from this one on, when they repeat. Gives the last call of the loop.
    pub(super) fn fold(&mut self, at: usize) -> Option<usize> {
        if !self.folds {
            return None;
        }
        let mut offered: Vec<String> = Vec::new();
        for (width, most) in repeats(self.kept, at, &self.cuts, &self.alone) {
            for passes in (2..=most).rev().take(MOST_TRIED) {
                if let Some(plan) = self.plan(at, width, passes, &mut offered) {
                    let last = at + width * passes - 1;
                    self.enter(plan);
                    return Some(last);
                }
                // What is asked is about all of the calls that repeat.
                if !offered.is_empty() {
                    self.offer(at, offered);
                    return None;
                }
            }
        }
        None
    }

    /// Asks whether calls that repeat are a loop over the elements that have something in common.
    fn offer(&mut self, at: usize, choices: Vec<String>) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let id = loop_question(kept);
        if self.answered.get(&id).map(String::as_str) == Some(ONE_BY_ONE) {
            self.used_answers.insert(id);
            return;
        }
        self.offers.push(Offer {
            call: at,
            id,
            choices,
        });
    }

    fn plan(
        &mut self,
        first: usize,
        width: usize,
        passes: usize,
        offered: &mut Vec<String>,
    ) -> Option<Plan> {
        let kept = self.kept;
        let columns = columns(kept, first, width, passes);
        let varying = columns
            .iter()
            .filter(|column| column.inner == 0 && column.varies());
        let bodies = kept.get(first..first + width * passes)?;
        let harmless = bodies.iter().all(Kept::is_harmless);
        let answers: Vec<Vec<Value>> = bodies
            .chunks(width)
            .map(|pass| pass.iter().map(|kept| view::view(kept).data).collect())
            .collect();
        let mut lists: Vec<Found> = Vec::new();
        for column in varying {
            for found in self.lists(first, width, column, &answers, harmless, offered) {
                if lists.iter().all(|other| other.list != found.list) {
                    lists.push(found);
                }
            }
        }
        // What the person said about the elements is followed where it can be: all elements may be of that kind by
        // chance. Of equals the earliest list.
        lists.sort_by_key(|found| {
            (
                found.until.is_some(),
                found.filter.is_empty(),
                found.list.call,
            )
        });
        let mut plans = Vec::new();
        for found in lists {
            plans.extend(self.with_list(first, width, passes, found, &columns, &answers));
            if harmless && !plans.is_empty() {
                break;
            }
        }
        let plan = plans.drain(..1.min(plans.len())).next()?;
        // Where something is changed it has to be certain which list is meant.
        let rival = plans.iter().any(|other| {
            !self.derives(other.list, plan.list) && !self.derives(plan.list, other.list)
        });
        (!rival).then_some(plan)
    }

    /// Whether a list is what a loop over another one, all of it, gave.
    fn derives(&self, list: WholePlace, from: WholePlace) -> bool {
        self.cycles.iter().any(|cycle| {
            cycle.last() == list.call
                && cycle.list == from
                && cycle.until.is_none()
                && cycle.filter.is_none()
        })
    }

    /// The lists that a column goes over.
    fn lists(
        &self,
        first: usize,
        width: usize,
        column: &Column<'_>,
        answers: &[Vec<Value>],
        harmless: bool,
        offered: &mut Vec<String>,
    ) -> Vec<Found> {
        let Some(value) = column.values.first() else {
            return Vec::new();
        };
        let mut seen: Vec<(WholePlace, Vec<String>)> = Vec::new();
        let places: Vec<Place> = self.answers.find(&canonical::forms(value));
        for place in places.iter().filter(|place| place.call < first) {
            for found in self.answers.lists_over(place) {
                if !seen.contains(&found) && seen.len() < MOST_LISTS {
                    seen.push(found);
                }
            }
        }
        let mut all = Vec::new();
        for (list, path) in seen {
            let Some(elements) = self.answers.whole(list).map(elements) else {
                continue;
            };
            let Some(chosen) = chosen(&elements, &path, &column.values) else {
                continue;
            };
            let found = self.over(
                first,
                width,
                list,
                &elements,
                chosen.clone(),
                answers,
                harmless,
                column,
            );
            match found {
                Over::Found(found) => {
                    all.push(found);
                    continue;
                }
                Over::Named => continue,
                Over::Nothing => {}
            }
            let answer = self
                .kept
                .get(first)
                .and_then(|kept| self.answered.get(&loop_question(kept)));
            for (choice, filter) in literals(&elements, &chosen) {
                if answer == Some(&choice) {
                    all.push(Found {
                        list,
                        chosen: chosen.clone(),
                        filter,
                        until: None,
                    });
                } else if !offered.contains(&choice) {
                    offered.push(choice);
                }
            }
        }
        all
    }

    /// How a loop over a list comes to these elements: all of it, those that a filter takes, or until one is found.
    #[allow(clippy::too_many_arguments)]
    fn over(
        &self,
        first: usize,
        width: usize,
        list: WholePlace,
        elements: &[Value],
        chosen: Vec<usize>,
        answers: &[Vec<Value>],
        harmless: bool,
        column: &Column<'_>,
    ) -> Over {
        let Some(source) = self.kept.get(list.call).map(|kept| kept.call) else {
            return Over::Nothing;
        };
        let key = self.answers.last_key_of(list);
        let origin = Origin {
            about: if key.is_empty() {
                noun(&source.name)
            } else {
                words(&key)
            },
            asked: &source.arguments,
        };
        let scope = Scope {
            said: &self.said,
            known: &self.known,
        };
        // What the person named one by one is no list.
        let named = chosen
            .iter()
            .zip(&column.values)
            .filter(
                |(at, value)| match pick(elements, **at, value, &origin, &scope) {
                    Pick::Where(equals) => equals.iter().any(Equal::is_said),
                    Pick::Extreme { .. } => true,
                    Pick::Only | Pick::Under(_) | Pick::Position(_) => false,
                },
            )
            .count();
        if named == chosen.len() || named > 0 && !harmless {
            return Over::Named;
        }
        for filter in filters(elements, &chosen, &origin, &scope) {
            let taken = filter.of(elements);
            let until = if taken == chosen {
                None
            } else if harmless && taken.starts_with(&chosen) {
                match self.found_at(first, width, answers) {
                    Some(equals) => Some(equals),
                    None => continue,
                }
            } else {
                continue;
            };
            return Over::Found(Found {
                list,
                chosen,
                filter,
                until,
            });
        }
        Over::Nothing
    }

    /// What tells the last answer of a search from those before: the person said it, or it is known.
    fn found_at(&self, first: usize, width: usize, answers: &[Vec<Value>]) -> Option<Vec<Equal>> {
        let asked = self.kept.get(first + width * answers.len() - 1)?.call;
        let gathered: Vec<Value> = answers
            .iter()
            .filter_map(|pass| pass.last().cloned())
            .collect();
        let origin = Origin {
            about: noun(&asked.name),
            asked: &asked.arguments,
        };
        let scope = Scope {
            said: &self.said,
            known: &self.known,
        };
        match pick(
            &gathered,
            gathered.len().checked_sub(1)?,
            &Value::Null,
            &origin,
            &scope,
        ) {
            Pick::Where(equals) if equals.iter().any(Equal::is_said) => Some(equals),
            _ => None,
        }
    }

    /// The loop over a list, when it sends in each pass what was sent.
    fn with_list(
        &mut self,
        first: usize,
        width: usize,
        passes: usize,
        found: Found,
        columns: &[Column<'_>],
        answers: &[Vec<Value>],
    ) -> Option<Plan> {
        let kept = self.kept;
        let all = self.answers.whole(found.list).map(elements)?;
        let items: Vec<Value> = found
            .chosen
            .iter()
            .filter_map(|at| all.get(*at).cloned())
            .collect();
        let item = item_name(
            &self.answers,
            found.list,
            &kept.get(found.list.call)?.call.name,
        );
        let call = found.list.call;
        let of_item = fields_of(&items, &item, &|path| Source::Item(call, path), &|path| {
            self.answers.key_of_whole(found.list, path)
        });
        let mut bound: Vec<Vec<Bound>> = vec![Vec::new(); width];
        let mut fields = of_item;
        let mut sent_so_far: Vec<&Column<'_>> = Vec::new();
        for inner in 0..width {
            for column in columns.iter().filter(|column| column.inner == inner) {
                let pointer = &column.pointer;
                let path: Vec<String> = pointer
                    .split('/')
                    .skip(1)
                    .map(|word| word.replace("~1", "/").replace("~0", "~"))
                    .collect();
                let sent = self.sent(first + inner, column.values.first()?, &path);
                let one = if column.varies() {
                    Some(
                        self.given(&sent, column, &fields)
                            .or_else(|| self.worded(&sent, column, &fields))?,
                    )
                } else {
                    self.given_alike(&sent, column, &fields)
                };
                if let Some(one) = one {
                    slot::first(kept.get(first + inner)?, pointer)?;
                    bound[inner].push(one);
                }
            }
            sent_so_far.extend(columns.iter().filter(|column| column.inner == inner));
            // What it answered is known to what comes after in the same pass, but for what it only repeats.
            let body = kept.get(first + inner)?;
            if kept
                .get(first + inner + 1)
                .is_some_and(|next| next.call.batch == body.call.batch)
            {
                continue;
            }
            let values: Vec<Value> = answers
                .iter()
                .filter_map(|pass| pass.get(inner).cloned())
                .collect();
            let base = self.router.base(kept, first + inner)?;
            let tool = body.call.name.as_str();
            let own = fields_of(
                &values,
                &base,
                &|path| Source::Pass(first + inner, path),
                &|path| Key::new(path.iter().map(String::as_str), tool),
            );
            fields.extend(own.into_iter().filter(|field: &Field| {
                !sent_so_far.iter().any(|column| {
                    column.varies()
                        && column
                            .values
                            .iter()
                            .zip(&field.values)
                            .all(|(sent, value)| *sent == value)
                })
            }));
        }
        self.predicts(first, width, passes, &bound)?;
        let (items, compared) = self.items(&found, &all)?;
        Some(Plan {
            first,
            width,
            passes,
            list: found.list,
            chosen: found.chosen,
            filter: found.filter,
            until: found.until,
            items,
            compared,
            item,
            bound,
            answers: answers.to_vec(),
        })
    }

    /// Whether the body, with what is bound in it, asks in every pass for what was recorded.
    fn predicts(
        &self,
        first: usize,
        width: usize,
        passes: usize,
        bound: &[Vec<Bound>],
    ) -> Option<()> {
        for pass in 1..passes {
            for (inner, bound) in bound.iter().enumerate() {
                let body = self.kept.get(first + inner)?;
                let recorded = self.kept.get(first + pass * width + inner)?;
                let mut request = body.target.filled.request.clone();
                slot::expect(body, &mut request, bound, &|one| {
                    recorded.call.arguments.pointer(&one.pointer).cloned()
                });
                if request != recorded.target.filled.request {
                    return None;
                }
            }
        }
        Some(())
    }

    /// The expression of what the loop goes over, checked against the recording.
    fn items(&mut self, found: &Found, all: &[Value]) -> Option<(String, Compared)> {
        let scope = Scope {
            said: &self.said,
            known: &self.known,
        };
        let way = self
            .router
            .way_to_whole(&self.answers, self.kept, found.list, &scope)?;
        if way.route.is_positional() {
            return None;
        }
        let mut compared = way.route.compared();
        compared.join(found.filter.compared());
        let mut items = self.written(&way);
        if !found.filter.is_empty() {
            if self.answers.whole(found.list)?.is_object() {
                items.push_str(" | entries");
            }
            items = found.filter.write(
                &items,
                &mut Writer {
                    inputs: &mut self.inputs,
                    said: &self.said,
                },
            );
            self.learn_inputs();
        }
        let given = elements(&self.recorded.evaluate(&items)?);
        let taken: Vec<Value> = found
            .filter
            .of(all)
            .into_iter()
            .filter_map(|at| all.get(at).cloned())
            .collect();
        (given == taken).then_some((items, compared))
    }

    /// Takes a loop: notes what is bound in it, decides about the rest, and remembers what it gives.
    fn enter(&mut self, plan: Plan) {
        let kept = self.kept;
        if let Some(id) = kept.get(plan.first).map(loop_question)
            && self.answered.contains_key(&id)
        {
            self.used_answers.insert(id);
        }
        let before = self.sent.clone();
        let body: Vec<&Kept<'_>> = kept.iter().skip(plan.first).take(plan.width).collect();
        for (inner, (kept, bound)) in body.iter().zip(&plan.bound).enumerate() {
            let taken: BTreeSet<String> = bound.iter().map(|one| one.pointer.clone()).collect();
            if let Some(decided) = self.decided.get_mut(plan.first + inner) {
                decided.bound.extend(bound.iter().cloned());
            }
            self.strong = strong_values(&kept.call.arguments);
            self.others(plan.first + inner, &taken);
        }
        for kept in kept.iter().skip(plan.first).take(plan.width * plan.passes) {
            self.note_sent(&kept.call.arguments);
        }
        let id = self.loop_id(&plan.item);
        let mut compared = plan.compared;
        let until = plan.until.as_ref().and_then(|equals| {
            let base = self
                .router
                .base(kept, plan.first + plan.width - 1)
                .unwrap_or_default();
            let parts: Vec<String> = equals
                .iter()
                .map(|equal| {
                    let mut text = closed(&base);
                    for word in &equal.field {
                        text.push_str(&super::evaluate::member(word));
                    }
                    let operand = equal.operand.write(&mut Writer {
                        inputs: &mut self.inputs,
                        said: &self.said,
                    });
                    if let Some(last) = equal.field.last() {
                        compared.fields.push((last.clone(), equal.value.clone()));
                    }
                    format!("{text} == {operand}")
                })
                .collect();
            self.learn_inputs();
            (!parts.is_empty()).then(|| parts.join(" and "))
        });
        let bases: Vec<String> = (0..plan.width)
            .map(|inner| {
                self.router
                    .base(kept, plan.first + inner)
                    .unwrap_or_default()
            })
            .collect();
        let (output, gives) = output(
            &plan.item,
            &body,
            &bases,
            &self.items_of(&plan.list, &plan.chosen),
            &plan.answers,
        );
        let mut because = vec![match (&plan.until, plan.filter.is_empty()) {
            (None, true) => "each element of the list was taken, in its order".to_owned(),
            (None, false) => format!("those elements were taken whose {}", plan.filter.shown()),
            (Some(_), true) => {
                "the elements were looked at in their order, up to the one that was meant"
                    .to_owned()
            }
            (Some(_), false) => format!(
                "the elements whose {} were looked at in their order, up to the one that was meant",
                plan.filter.shown()
            ),
        }];
        because.push("every pass was predicted exactly".to_owned());
        let harmless = kept
            .iter()
            .skip(plan.first)
            .take(plan.width)
            .all(Kept::is_harmless);
        let cycle = Cycle {
            id,
            first: plan.first,
            width: plan.width,
            passes: plan.passes,
            list: plan.list,
            chosen: plan.chosen,
            items: plan.items,
            item: plan.item,
            filter: (!plan.filter.is_empty()).then_some(plan.filter),
            until,
            output,
            compared,
            harmless,
            because: because.join("; "),
        };
        self.pending.push(Pending {
            sent: before,
            output: gives,
        });
        self.cycles.push(cycle);
    }

    fn items_of(&self, list: &WholePlace, chosen: &[usize]) -> Vec<Value> {
        let all = self.answers.whole(*list).map(elements).unwrap_or_default();
        chosen
            .iter()
            .filter_map(|at| all.get(*at).cloned())
            .collect()
    }

    /// Decides about what is not bound to the pass.
    fn others(&mut self, at: usize, taken: &BTreeSet<String>) {
        let mut scalars = Vec::new();
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        self.apart(
            at,
            &kept.call.arguments,
            &mut Vec::new(),
            taken,
            &mut scalars,
        );
        let (strong, weak): (Vec<_>, Vec<_>) = scalars
            .into_iter()
            .partition(|sent| bits(sent.value, &sent.key.words) >= STRONG);
        for sent in strong.iter().chain(&weak) {
            self.scalar(sent);
        }
    }

    /// Takes in what a loop gave.
    pub(super) fn learn_loop(&mut self, index: usize) {
        let (Some(cycle), Some(pending)) = (self.cycles.get(index), self.pending.get(index)) else {
            return;
        };
        let last = cycle.last();
        let id = cycle.id.clone();
        let tool = self
            .kept
            .get(last)
            .map_or("", |kept| kept.call.name.as_str());
        let said = &self.said;
        self.answers
            .learn_value(last, tool, pending.output.clone(), &|form, value| {
                pending.sent.contains(form)
                    || bits(value, &[]) >= super::information::WEAK
                        && said.find(value, &[]).is_some_and(|mention| mention.person)
            });
        self.recorded.set_loop(&id, last, pending.output.clone());
        self.router.set_base(last, format!("steps.{id}.output"));
    }

    fn loop_id(&self, item: &str) -> String {
        let base = format!("each_{item}");
        let taken = |id: &str| {
            self.kept.iter().any(|kept| kept.step == id)
                || self.cycles.iter().any(|cycle| cycle.id == id)
        };
        let mut id = base.clone();
        let mut number = 2;
        while taken(&id) {
            id = format!("{base}_{number}");
            number += 1;
        }
        id
    }
}

/// The id of the question whether calls that repeat are a loop.
fn loop_question(kept: &Kept<'_>) -> String {
    format!("loop:{}", kept.step)
}

/// The elements that have these values in a field, one each, in the order of the list.
fn chosen(elements: &[Value], path: &[String], values: &[&Value]) -> Option<Vec<usize>> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, element) in elements.iter().enumerate() {
        if let Some(value) = super::selector::field(element, path) {
            places.entry(value.to_string()).or_default().push(index);
        }
    }
    let mut chosen = Vec::with_capacity(values.len());
    for value in values {
        match places.get(&value.to_string()).map(Vec::as_slice) {
            Some([one]) if chosen.last().is_none_or(|last| last < one) => chosen.push(*one),
            _ => return None,
        }
    }
    Some(chosen)
}

/// The name of an element of a list in the body.
fn item_name(answers: &Answers, list: WholePlace, tool: &str) -> String {
    let key = answers.last_key_of(list);
    let words = if key.is_empty() {
        noun(tool)
    } else {
        words(&key)
    };
    let name: Vec<String> = words
        .iter()
        .map(|word| {
            word.chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty() && word != "id")
        .collect();
    let name = name.join("_");
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 40
        && !matches!(
            name.as_str(),
            "inputs"
                | "step"
                | "steps"
                | "trigger"
                | "run"
                | "secrets"
                | "loop"
                | "and"
                | "or"
                | "not"
                | "in"
                | "is"
                | "if"
                | "else"
                | "true"
                | "false"
                | "none"
        );
    if is_name { name } else { "item".to_owned() }
}

/// What a pass gives, as a template where it is not what the last step gives, and what that was in the recording.
fn output(
    item: &str,
    body: &[&Kept<'_>],
    bases: &[String],
    items: &[Value],
    answers: &[Vec<Value>],
) -> (Option<Value>, Value) {
    // Which element an answer is about has to be seen from it.
    let tells = answers.iter().zip(items).all(|(pass, item)| {
        let mut ids = Vec::new();
        crate::leaf::leaves(item, &mut |_, _, leaf| {
            if bits(leaf, &[]) >= STRONG {
                ids.push(leaf.clone());
            }
        });
        pass.last().is_some_and(|answer| {
            let mut found = ids.is_empty();
            crate::leaf::leaves(answer, &mut |_, _, leaf| found |= ids.contains(leaf));
            found
        })
    });
    if let ([one], [base], true) = (body, bases, tells) {
        let template = (*base != format!("steps.{}.output", one.step))
            .then(|| Value::from(format!("{{{{ {base} }}}}")));
        let gives = answers.iter().filter_map(|pass| pass.first().cloned());
        return (template, Value::Array(gives.collect()));
    }
    let mut template = Map::new();
    template.insert("item".to_owned(), format!("{{{{ {item} }}}}").into());
    for (kept, base) in body.iter().zip(bases) {
        template.insert(kept.step.clone(), format!("{{{{ {base} }}}}").into());
    }
    let gives = answers.iter().zip(items).map(|(pass, item)| {
        let mut map = Map::new();
        map.insert("item".to_owned(), item.clone());
        for (kept, answer) in body.iter().zip(pass) {
            map.insert(kept.step.clone(), answer.clone());
        }
        Value::Object(map)
    });
    (Some(Value::Object(template)), Value::Array(gives.collect()))
}
