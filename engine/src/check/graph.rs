//! What comes before what.

use super::list::{find, inside};
use super::{Context, settings, suggest};
use crate::Finding;
use crate::plan::{cycle_finding, split_need};

pub(super) fn check(context: &mut Context<'_>) {
    for list in 0..context.lists.len() {
        needs(context, list);
        let here = &context.lists[list];
        for cycle in here.graph().cycles() {
            context.say(cycle_finding(here.steps, &here.path, &cycle));
        }
    }
}

fn needs(context: &mut Context<'_>, list: usize) {
    let here = &context.lists[list];
    for (index, step) in here.steps.iter().enumerate() {
        for (place, need) in step.needs.iter().enumerate() {
            let path = format!("{}/needs/{place}", here.at(index));
            let (id, case) = split_need(need);
            let Some(&target) = here.ids.get(id) else {
                let finding = not_here(context, list, id);
                context.say(finding.at_step(&step.id).at_path(path));
                continue;
            };
            let Some(case) = case else { continue };
            let switch = &here.steps[target];
            if switch.action.as_deref() != Some("switch") {
                context.say(
                    Finding::error(
                        "unknown_case",
                        format!("`{need}`: step `{id}` is not a switch and has no cases"),
                    )
                    .at_step(&step.id)
                    .at_path(path)
                    .help(format!("write `{id}`")),
                );
                continue;
            }
            let cases = settings::cases(switch);
            if !cases.contains(&case) {
                let finding = Finding::error(
                    "unknown_case",
                    format!("the switch `{id}` has no case `{case}`"),
                )
                .at_step(&step.id)
                .at_path(path);
                let listed = format!("its cases: {}", cases.join(", "));
                context.say(suggest(finding, case, cases, &listed));
            }
        }
    }
}

/// A need that no step of the same list has.
fn not_here(context: &Context<'_>, list: usize, id: &str) -> Finding {
    if let Some(looped) = inside(context.lists, list, id) {
        return Finding::error(
            "inside_loop",
            format!(
                "step `{id}` is inside of the loop `{looped}`, so nothing outside of it can need it"
            ),
        )
        .help(format!("write `needs: [{looped}]`: the loop as a whole"));
    }
    let here = &context.lists[list];
    if here.handles && context.lists[0].ids.contains_key(id) {
        return Finding::error(
            "over_already",
            format!("step `{id}` is over when handlers begin, so none of them needs it"),
        )
        .help(format!(
            "leave it out; what became of it is read as `steps.{id}.status`"
        ));
    }
    if find(context.lists, list, id).is_some()
        && let Some((around, position)) = here.around
    {
        let looped = &context.lists[around].steps[position].id;
        return Finding::error(
            "outside_loop",
            format!("step `{id}` is outside of the loop `{looped}`: only steps of its body can be needed here"),
        )
        .help(format!("put it into the `needs` of `{looped}`"));
    }
    let finding = Finding::error("unknown_step", format!("there is no step `{id}`"));
    let otherwise = match here.around {
        None => "`needs` names steps of this document",
        Some(_) => "`needs` names steps of the same loop's body",
    };
    suggest(finding, id, here.ids.keys().copied(), otherwise)
}
