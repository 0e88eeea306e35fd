//! Takes a loop that was found: notes what is bound in it, decides about the rest of its body, and remembers what it
//! gives for what comes after.

use super::binder::Binder;
use super::binding::Bound;
use super::cycle::{self, Cycle, Inner, Over, RoundsOver};
use super::decide::strong_values;
use super::fold::{Plan, loop_question};
use super::information::{STRONG, WEAK, bits};
use super::keyed::Given;
use super::selector::EACH;
use super::sent::Moment;
use super::turn::{Writer, closed, path};
use crate::kept::Kept;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A loop whose answers are not known yet.
pub(super) struct Pending {
    /// Forms of values that were sent before it.
    pub(super) sent: Moment,
    /// What it gives.
    pub(super) output: Value,
}

impl Binder<'_, '_> {
    /// Takes a loop: notes what is bound in it, decides about the rest, and remembers what it gives.
    pub(super) fn enter(&mut self, plan: Plan) {
        let kept = self.kept;
        if let Some(id) = kept.get(plan.first).map(loop_question)
            && self.answered.contains_key(&id)
        {
            self.used_answers.insert(id);
        }
        let before = self.sent.now();
        let count = plan.calls();
        let rounds = plan.inner.as_ref().map(|inner| &inner.rounds);
        let bodies: Vec<usize> = (0..plan.width)
            .map(|place| cycle::call(plan.first, plan.width, rounds, 0, place))
            .collect();
        let body: Vec<&Kept<'_>> = bodies.iter().filter_map(|at| kept.get(*at)).collect();
        for (at, bound) in bodies.iter().zip(&plan.bound) {
            self.in_body(*at, bound);
        }
        if let Some(inner) = &plan.inner {
            for (place, bound) in inner.bound.iter().enumerate() {
                let at = cycle::call_inside(plan.first, plan.width, &inner.rounds, 0, 0, place);
                self.in_body(at, bound);
            }
        }
        for kept in kept.iter().skip(plan.first).take(count) {
            self.note_sent(&kept.call.arguments);
        }
        let id = self.free_id(&format!("each_{}", plan.item), None);
        let mut compared = plan.compared;
        let until = plan.until.as_ref().and_then(|equals| {
            let base = self
                .router
                .base(kept, plan.first + plan.width - 1)
                .unwrap_or_default();
            let parts: Vec<String> = equals
                .iter()
                .map(|equal| {
                    let operand = equal.operand.write(&mut Writer {
                        inputs: &mut self.inputs,
                        said: &self.said,
                    });
                    if let Some(last) = equal.field.last() {
                        compared.fields.push((last.clone(), equal.value.clone()));
                    }
                    if equal.field.iter().any(|word| word == EACH) {
                        let field = path(&equal.field);
                        return format!("[{base}] | where({field}, {operand}) | length > 0");
                    }
                    let mut text = closed(&base);
                    for word in &equal.field {
                        text.push_str(&super::evaluate::member(word));
                    }
                    format!("{text} == {operand}")
                })
                .collect();
            self.learn_inputs();
            (!parts.is_empty()).then(|| parts.join(" and "))
        });
        let bases: Vec<String> = bodies
            .iter()
            .map(|at| self.router.base(kept, *at).unwrap_or_default())
            .collect();
        let (output, gives) = output(
            &plan.item,
            &body,
            &bases,
            &chosen_of(&plan.list.elements(&self.answers), &plan.chosen),
            &plan.answers,
            plan.inner.is_some(),
        );
        let is_named = matches!(plan.list, Over::Named { .. });
        let counts = match &plan.list {
            Over::Counted(count) => Some(count.because.clone()),
            Over::Answered(_) | Over::Named { .. } => None,
        };
        let mut because = vec![match (&plan.until, plan.filter.is_empty()) {
            _ if counts.is_some() => counts.clone().unwrap_or_default(),
            (None, true) if is_named => {
                "the person named what it is done with one by one, so that a run takes as many as its list has"
                    .to_owned()
            }
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
        if plan.shown > 0 {
            because.push(match (plan.shown, is_named) {
                (1, _) if counts.is_some() => {
                    "a further recording counts further or less far".to_owned()
                }
                (more, _) if counts.is_some() => {
                    format!("{more} further recordings count further or less far")
                }
                (1, true) => "a further recording has another list".to_owned(),
                (more, true) => format!("{more} further recordings have another list"),
                (1, false) => "a further recording shows that, though nobody said it".to_owned(),
                (more, false) => {
                    format!("{more} further recordings show that, though nobody said it")
                }
            });
        }
        because.push("every pass was predicted exactly".to_owned());
        let failed = kept.iter().skip(plan.first).take(count);
        if failed.into_iter().any(|one| crate::prune::failed(one.call)) {
            because.push("where a pass fails the others go on, as in the recording".to_owned());
        }
        let harmless = kept
            .iter()
            .skip(plan.first)
            .take(count)
            .all(Kept::is_harmless);
        let inner = plan.inner.map(|inner| Inner {
            id: self.free_id(&format!("each_{}", inner.item), Some(&id)),
            harmless,
            because: match (&inner.list, inner.filter.is_empty()) {
                (RoundsOver::Counted(count), _) => count.because.clone(),
                (RoundsOver::Held(_), true) => {
                    "each element of the list of the pass was taken, in its order".to_owned()
                }
                (RoundsOver::Held(_), false) => format!(
                    "those elements of the list of the pass were taken whose {}",
                    inner.filter.shown()
                ),
            },
            rounds: inner.rounds,
            list: inner.list,
            chosen: inner.chosen,
            items: inner.items,
            item: inner.item,
            filter: (!inner.filter.is_empty()).then_some(inner.filter),
        });
        let cycle = Cycle {
            id,
            inner,
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
        self.take_id(&cycle.id);
        if let Some(inner) = &cycle.inner {
            self.take_id(&inner.id);
        }
        self.cycles.push(cycle);
    }

    /// Notes what is bound in a call of a body, and decides about the rest of it.
    fn in_body(&mut self, at: usize, bound: &[Bound]) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let taken: BTreeSet<String> = bound.iter().map(|one| one.pointer.clone()).collect();
        if let Some(decided) = self.decided.get_mut(at) {
            decided.bound.extend(bound.iter().cloned());
        }
        self.strong = strong_values(&kept.call.arguments);
        self.others(at, &taken);
    }

    /// Decides about what is not bound to the pass.
    pub(super) fn others(&mut self, at: usize, taken: &BTreeSet<String>) {
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
        let (id, last) = (cycle.id.clone(), cycle.last());
        let (output, sent) = (pending.output.clone(), pending.sent);
        self.learn_as(last, &id, output, sent);
    }

    /// Takes in what a step gave that a call stands for; what was sent before it does not come from it.
    pub(super) fn learn_as(&mut self, last: usize, id: &str, output: Value, before: Moment) {
        let tool = self
            .kept
            .get(last)
            .map_or("", |kept| kept.call.name.as_str());
        let (said, sent) = (&self.said, &self.sent);
        let keys = Given {
            said,
            known: &self.known,
            asked: None,
        };
        let known = |form: &str, value: &Value| {
            sent.before(before, form)
                || bits(value, &[]) >= WEAK
                    && said.find(value, &[]).is_some_and(|mention| mention.person)
        };
        self.answers
            .learn_value(last, tool, output.clone().into(), &known, &|map| {
                keys.gives(map)
            });
        self.recorded.set_loop(id, last, output);
        self.router.set_base(last, format!("steps.{id}.output"));
    }
}

/// The elements at some places of a list.
fn chosen_of(all: &[Value], chosen: &[usize]) -> Vec<Value> {
    chosen
        .iter()
        .filter_map(|at| all.get(*at).cloned())
        .collect()
}

/// What a pass gives, as a template where it is not what the last step gives, and what that was in the recording.
fn output(
    item: &str,
    body: &[&Kept<'_>],
    bases: &[String],
    items: &[Value],
    answers: &[Vec<Value>],
    nested: bool,
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
    if let ([one], [base], true, false) = (body, bases, tells, nested) {
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
