//! Two runs of one automation beside each other: what differs.

use super::home::items;
use crate::client::encode;
use crate::console::call::Call;
use crate::console::component::{state, time, value};
use crate::console::twin::Refusal;
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// The choice of another run, and what differs from it once one is chosen.
pub(super) async fn show(call: &Call, run: &Value) -> Result<Markup, Refusal> {
    let id = run["id"].as_str().unwrap_or_default();
    let with = call.query.text("with");
    let automation = run["automation_id"].as_str().unwrap_or_default();
    let list = match automation {
        // A document that was run from a file belongs to no automation.
        "" => Value::Null,
        id => {
            let path = format!("/runs?automation_id={id}&limit=50");
            call.api.get(&path).await?
        }
    };
    let by_id = call.query.text("id").trim();
    let with = if by_id.is_empty() { with } else { by_id };
    let other = match with {
        "" => None,
        other => Some(call.api.get(&format!("/runs/{}", encode(other))).await),
    };
    let listed = items(&list).iter().any(|one| one["id"] == with);
    Ok(html! {
        form .filters method="get" action={ "/runs/" (id) } {
            input type="hidden" name="tab" value="compare";
            label { span { "With" } select name="with" {
                @for one in items(&list).iter().filter(|one| one["id"] != run["id"]) {
                    @let other = one["id"].as_str().unwrap_or_default();
                    option value=(other) selected[other == with] {
                        (value::short(other)) " · " (one["status"].as_str().unwrap_or_default()) " · " (time::words(&one["created_at"], call.now))
                    }
                }
            } }
            label { span { "Or with the run of this id" } input name="id" size="30" autocomplete="off" placeholder="run_…" value=(if listed { "" } else { with }); }
            button { "Compare" }
        }
        @match &other {
            Some(Ok(other)) => (differences(call, run, other)),
            Some(Err(refusal)) => (crate::console::layout::refusal(refusal)),
            None if items(&list).len() < 2 => p .dim { "There is no other run of this automation." },
            None => {},
        }
    })
}

fn differences(call: &Call, run: &Value, other: &Value) -> Markup {
    let head = |one: &Value| {
        html! {
            a href={ "/runs/" (one["id"].as_str().unwrap_or_default()) } { "…" (value::short(one["id"].as_str().unwrap_or_default())) }
            " " (state::pill(one["status"].as_str().unwrap_or_default())) " " (super::why::length(one, call.now)) ", version " (one["version"]) ", " (time::ago(&one["created_at"], call.now))
        }
    };
    let (mine, theirs) = (by_path(run), by_path(other));
    let paths = in_order(run, other);
    let values = [("inputs", "Inputs"), ("outputs", "Outputs")];
    html! {
        p { "This run: " (head(run)) }
        p { "The other: " (head(other)) }
        @for (name, label) in values {
            @let moved = moved(&run[name], &other[name]);
            @if !moved.is_empty() { h2 { (label) } (pairs(&moved)) }
        }
        h2 { "Steps" }
        ol .steps {
            @for path in paths {
                @let (one, two) = (mine.get(path).copied().unwrap_or(&Value::Null), theirs.get(path).copied().unwrap_or(&Value::Null));
                @let moved = step_moved(one, two);
                @let same = one["status"] == two["status"];
                li {
                    @if moved.is_empty() && same { p .dim { (path) " · the same" (kept(one, two)) (lengths(one, two, call.now)) } }
                    @else {
                        details open[!same] {
                            summary { strong { (path) } " " (status(one)) " " span .dim { "was" } " " (status(two)) " " span .dim { (value::count(moved.len(), "value differs", "values differ")) (kept(one, two)) (lengths(one, two, call.now)) } }
                            (pairs(&moved))
                        }
                    }
                }
            }
        }
    }
}

/// The paths of the steps in the order of the run; those that only the other has behind what comes before them there.
fn in_order<'v>(run: &'v Value, other: &'v Value) -> Vec<&'v str> {
    let of = |run: &'v Value| {
        let steps = run["steps"].as_array().into_iter().flatten();
        steps.filter_map(|step| step["path"].as_str())
    };
    let mut paths: Vec<&str> = of(run).collect();
    let mut at = 0;
    for path in of(other) {
        match paths.iter().position(|known| *known == path) {
            Some(known) => at = known + 1,
            None => {
                paths.insert(at, path);
                at += 1;
            }
        }
    }
    paths
}

/// Whether a run took over what the step had given in an earlier one.
fn is_kept(step: &Value) -> bool {
    step["kept_from"].is_string()
}

fn kept(one: &Value, two: &Value) -> &'static str {
    match (is_kept(one), is_kept(two)) {
        (true, false) => ", kept here from an earlier run",
        (false, true) => ", kept there from an earlier run",
        _ => "",
    }
}

/// How long a step took, from its first attempt to the end of its last.
fn length(step: &Value, now: Timestamp) -> Option<u64> {
    let attempts = step["attempts"].as_array()?;
    let (first, last) = (attempts.first()?, attempts.last()?);
    time::between(&first["started_at"], &last["finished_at"], now)
}

fn lengths(one: &Value, two: &Value, now: Timestamp) -> String {
    match (length(one, now), length(two, now)) {
        (Some(one), Some(two)) => format!(" · {}, was {}", time::span(one), time::span(two)),
        (Some(one), None) => format!(" · {}", time::span(one)),
        (None, Some(two)) => format!(" · was {}", time::span(two)),
        (None, None) => String::new(),
    }
}

/// What differs in what a step was given, in what it gave, and in why it failed. What a run took over from an earlier
/// one was given nothing.
fn step_moved(one: &Value, two: &Value) -> Vec<Moved> {
    let mut all = Vec::new();
    let given = is_kept(one) == is_kept(two);
    for name in ["input", "output", "error"] {
        if name == "input" && !given {
            continue;
        }
        collect(&mut all, name.to_owned(), &one[name], &two[name]);
    }
    all
}

fn status(step: &Value) -> Markup {
    match step["status"].as_str() {
        Some(status) => state::pill(status),
        None => html! { span .dim { "not there" } },
    }
}

fn by_path(run: &Value) -> BTreeMap<&str, &Value> {
    let steps = run["steps"].as_array().into_iter().flatten();
    steps
        .filter_map(|step| Some((step["path"].as_str()?, step)))
        .collect()
}

/// A value that is not the same: where it stands, what it is here, and what there.
type Moved = (String, Value, Value);

/// The most that are shown of one value.
const MOST: usize = 100;

fn moved(one: &Value, two: &Value) -> Vec<Moved> {
    let mut all = Vec::new();
    collect(&mut all, String::new(), one, two);
    all
}

fn collect(all: &mut Vec<Moved>, path: String, one: &Value, two: &Value) {
    if one == two || all.len() == MOST {
        return;
    }
    let (Value::Object(mine), Value::Object(theirs)) = (one, two) else {
        all.push((path, one.clone(), two.clone()));
        return;
    };
    let further = theirs.keys().filter(|name| !mine.contains_key(*name));
    for name in mine.keys().chain(further) {
        let path = match path.as_str() {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        collect(all, path, &one[name], &two[name]);
    }
}

fn pairs(moved: &[Moved]) -> Markup {
    html! {
        dl .pairs {
            @for (path, one, two) in moved {
                dt { @if path.is_empty() { "value" } @else { (path) } }
                dd { (value::show(one)) " " span .dim { "was" } " " (value::show(two)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_named() {
        let one = json!({ "a": 1, "b": { "c": [1], "d": "x" }, "new": true });
        let two = json!({ "a": 1, "b": { "c": [2], "d": "x" }, "old": null });
        let paths: Vec<String> = moved(&one, &two).into_iter().map(|moved| moved.0).collect();
        assert_eq!(paths, ["b.c", "new"]);
        assert!(moved(&one, &one).is_empty());
    }

    #[test]
    fn a_step_that_a_retry_kept_is_the_same_and_steps_stand_in_their_order() {
        let ran = json!({ "status": "succeeded", "input": { "a": 1 }, "output": { "b": 2 }, "attempts": [{ "number": 1 }] });
        let kept = json!({ "status": "succeeded", "input": null, "output": { "b": 2 }, "attempts": [], "kept_from": "run_1" });
        assert!(step_moved(&kept, &ran).is_empty());
        let other = json!({ "status": "succeeded", "input": null, "output": { "b": 3 }, "attempts": [], "kept_from": "run_1" });
        assert_eq!(step_moved(&other, &ran).len(), 1);
        assert_eq!(super::kept(&kept, &ran), ", kept here from an earlier run");
        let run = |paths: &[&str]| json!({ "steps": paths.iter().map(|path| json!({ "path": path })).collect::<Vec<_>>() });
        let (mine, theirs) = (
            run(&["list", "pack", "copy"]),
            run(&["first", "list", "check", "copy", "tell"]),
        );
        assert_eq!(
            in_order(&mine, &theirs),
            ["first", "list", "check", "pack", "copy", "tell"]
        );
    }
}
