//! Files that a step says it leaves.

use super::Context;
use super::actions::{Look, fixed};
use crate::action_config::path_fault;
use crate::artifact::name_fault;
use crate::definition::Step;
use crate::plan::ActionKind;
use serde_json::Value;

/// Whether an attempt of a step may leave files.
pub(super) fn leaves(step: &Step) -> bool {
    let with = step.with.as_ref();
    with.is_some_and(|with| with.contains_key("save_as") || with.contains_key("artifacts"))
}

/// The names and paths that are written as they are; those that are computed are seen when it runs.
pub(super) fn names(context: &mut Context<'_>, kind: ActionKind, look: &Look<'_>) {
    if !matches!(
        kind,
        ActionKind::Http | ActionKind::Shell | ActionKind::Mcp | ActionKind::File
    ) {
        return;
    }
    if let Some(name) = look.text("save_as") {
        named(context, look, "save_as", name);
        if look.has("paginate") {
            context.say(look.wrong(
                "exclusive_keys",
                "save_as",
                "the pages of a service are items, and no file",
            ));
        }
    }
    let artifacts = match look.with.get("artifacts") {
        Some(Value::Object(artifacts)) => artifacts,
        // A value could name any file below the folder that the program runs in.
        Some(Value::String(_)) if kind == ActionKind::Shell => {
            return context.say(fixed(look, "artifacts"));
        }
        _ => return,
    };
    for (name, path) in artifacts {
        named(context, look, "artifacts", name);
        let path = path.as_str();
        if kind == ActionKind::Shell && path.is_some_and(|path| path.contains("{{")) {
            context.say(
                look.wrong(
                    "template_not_allowed",
                    "artifacts",
                    format!("the path of the artifact {name:?} is written as it is, never computed"),
                )
                .help("let the program give the file a fixed name below \"$DRUSE_ARTIFACTS\", or take all with `*`"),
            );
            continue;
        }
        let path = path.filter(|path| !path.contains("{{"));
        if let Some(fault) = path.and_then(path_fault) {
            context.say(look.wrong("bad_path", "artifacts", fault));
        }
    }
}

fn named(context: &mut Context<'_>, look: &Look<'_>, key: &str, name: &str) {
    if let Some(fault) = name_fault(name).filter(|_| !name.contains("{{")) {
        context.say(look.wrong(
            "bad_value",
            key,
            format!("{name:?} names no artifact: {fault}"),
        ));
    }
}
