//! Takes a loop that was found: notes what is bound in it, decides about the rest of its body, and remembers what it
//! gives for what comes after.

use super::answers::WholePlace;
use super::binder::Binder;
use super::cycle::{Cycle, elements};
use super::decide::strong_values;
use super::fold::{Plan, loop_question};
use super::information::{STRONG, WEAK, bits};
use super::turn::{Writer, closed};
use crate::kept::Kept;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A loop whose answers are not known yet.
pub(super) struct Pending {
    /// Forms of values that were sent before it.
    sent: BTreeSet<String>,
    /// What it gives.
    output: Value,
}

impl Binder<'_> {
    /// Takes a loop: notes what is bound in it, decides about the rest, and remembers what it gives.
    pub(super) fn enter(&mut self, plan: Plan) {
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
                    || bits(value, &[]) >= WEAK
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
