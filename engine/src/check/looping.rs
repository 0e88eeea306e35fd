//! Loops: their form, the names that they give, and their own expressions.

use super::expressions::{At, Sight, bare, template};
use super::list::List;
use super::{Context, settings};
use crate::Finding;
use crate::definition::{ForEach, Step};
use crate::expression::Template;
use crate::plan::{ITEM, shape};
use serde_json::Value;

/// Names that an item cannot have: they mean something else everywhere.
const RESERVED: [&str; 6] = ["inputs", "steps", "trigger", "run", "secrets", "loop"];

pub(super) fn check(context: &mut Context<'_>, list: usize, position: usize) {
    let here = &context.lists[list];
    let step = &here.steps[position];
    let path = here.at(position);
    for finding in shape(step, &path) {
        context.say(finding);
    }
    if here.around.is_some() {
        seen_before(context, list, step, &path);
        let here = &context.lists[list];
        same_key(context, here, step, &path);
    }
    let outside = At {
        step: Some(&step.id),
        sight: Sight::Run,
        list,
        secrets: false,
    };
    let inside = At {
        list: here.bodies.get(&position).copied().unwrap_or(list),
        ..outside
    };
    if let Some(each) = &step.for_each {
        name(context, here, step, each, &path);
        let path = format!("{path}/for_each");
        template(context, &each.items, &format!("{path}/items"), &outside);
        if let Some(until) = &each.until {
            bare(context, until, &format!("{path}/until"), &inside);
        }
        if let Some(output) = &each.output {
            template(context, output, &format!("{path}/output"), &inside);
        }
    }
    if let Some(repeat) = &step.repeat {
        let path = format!("{path}/repeat");
        bare(context, &repeat.until, &format!("{path}/until"), &inside);
        if let Some(output) = &repeat.output {
            template(context, output, &format!("{path}/output"), &inside);
        }
    }
}

/// The item's name.
fn name(context: &mut Context<'_>, here: &List<'_>, step: &Step, each: &ForEach, path: &str) {
    let name = each.name.as_deref().unwrap_or(ITEM);
    let path = match each.name {
        Some(_) => format!("{path}/for_each/as"),
        None => format!("{path}/for_each"),
    };
    let finding = if RESERVED.contains(&name) {
        Finding::error("bad_id", format!("`{name}` cannot be the name of an item"))
            .help("it means something else already: choose another name")
    } else if !settings::is_word(name) {
        Finding::error("bad_id", format!("`{name}` cannot be the name of an item"))
            .help("a name is small letters, digits and `_`, and begins with a letter")
    } else if here.names.contains(&name) {
        Finding::error(
            "duplicate_name",
            format!("a loop around `{}` calls its item `{name}` too", step.id),
        )
        .help("give this one another name with `as`")
    } else {
        return;
    };
    context.say(finding.at_step(&step.id).at_path(path));
}

/// An id that a list around the loop has: it would not be clear which step is meant.
fn seen_before(context: &mut Context<'_>, list: usize, step: &Step, path: &str) {
    let mut next = context.lists[list].around;
    while let Some((around, _)) = next {
        if context.lists[around].ids.contains_key(step.id.as_str()) {
            context.say(
                Finding::error(
                    "duplicate_id",
                    format!("a step outside of the loop has the id `{}` too", step.id),
                )
                .at_step(&step.id)
                .at_path(format!("{path}/id"))
                .help("give one of them another id"),
            );
            return;
        }
        next = context.lists[around].around;
    }
}

/// A key that is the same for every pass: all but the first would be taken for repetitions.
fn same_key(context: &mut Context<'_>, here: &List<'_>, step: &Step, path: &str) {
    let Some(key) = &step.idempotency_key else {
        return;
    };
    let Ok(template) = Template::compile(&Value::from(key.as_str())) else {
        return;
    };
    let Some((around, position)) = here.around else {
        return;
    };
    let looped = &context.lists[around].steps[position];
    let item = looped
        .for_each
        .as_ref()
        .map(|each| each.name.as_deref().unwrap_or(ITEM));
    let differs = template.expressions().iter().any(|(_, expression)| {
        expression.references().items.iter().any(|reference| {
            let root = reference.root.as_str();
            root == "loop"
                || Some(root) == item
                || (root == "steps" && reference.key(0).is_some_and(|id| here.ids.contains_key(id)))
        })
    });
    if differs {
        return;
    }
    let example = match item {
        Some(item) => format!("`{{{{ {item}.id }}}}` or `{{{{ loop.index }}}}`"),
        None => "`{{ loop.index }}`".to_owned(),
    };
    context.say(
        Finding::error(
            "same_key",
            format!("the key of step `{}` is the same in every pass of the loop `{}`, so all passes but the first would count as repetitions", step.id, looped.id),
        )
        .at_step(&step.id)
        .at_path(format!("{path}/idempotency_key"))
        .help(format!("add what tells the passes apart, such as {example}; or leave the key out: the engine makes one for each pass")),
    );
}
