//! What comes before what.

use super::{Context, settings, suggest};
use crate::Finding;
use crate::plan::{Graph, cycle_finding, split_need};

pub(super) fn check(context: &mut Context<'_>) {
    let document = context.document;
    for (index, step) in document.steps.iter().enumerate() {
        for (place, need) in step.needs.iter().enumerate() {
            let path = format!("/steps/{index}/needs/{place}");
            let (id, case) = split_need(need);
            let Some(&target) = context.ids.get(id) else {
                let known: Vec<&str> = context.ids.keys().copied().collect();
                let finding = Finding::error("unknown_step", format!("there is no step `{id}`"))
                    .at_step(&step.id)
                    .at_path(path);
                context.say(suggest(
                    finding,
                    id,
                    known,
                    "`needs` names steps of this document",
                ));
                continue;
            };
            let Some(case) = case else { continue };
            let switch = &document.steps[target];
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
    for cycle in Graph::new(document).cycles() {
        context.say(cycle_finding(document, &cycle));
    }
}
