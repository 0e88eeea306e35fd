//! Two runs of one automation beside each other: what differs.

use super::home::items;
use crate::client::encode;
use crate::console::call::Call;
use crate::console::component::{state, time, value};
use crate::console::twin::Refusal;
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
    let other = match with {
        "" => None,
        other => Some(call.api.get(&format!("/runs/{}", encode(other))).await?),
    };
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
            button { "Compare" }
        }
        @if let Some(other) = &other { (differences(call, run, other)) }
        @else if items(&list).len() < 2 { p .dim { "There is no other run of this automation." } }
    })
}

fn differences(call: &Call, run: &Value, other: &Value) -> Markup {
    let head = |one: &Value| {
        html! {
            a href={ "/runs/" (one["id"].as_str().unwrap_or_default()) } { "…" (value::short(one["id"].as_str().unwrap_or_default())) }
            " " (state::pill(one["status"].as_str().unwrap_or_default())) " version " (one["version"]) ", " (time::ago(&one["created_at"], call.now))
        }
    };
    let (mine, theirs) = (by_path(run), by_path(other));
    let mut paths: Vec<&str> = mine.keys().copied().collect();
    paths.extend(theirs.keys().filter(|path| !mine.contains_key(*path)));
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
                    @if moved.is_empty() && same { p .dim { (path) " · the same" } }
                    @else {
                        details open[!same] {
                            summary { strong { (path) } " " (status(one)) " " span .dim { "was" } " " (status(two)) " " span .dim { (value::count(moved.len(), "value differs", "values differ")) } }
                            (pairs(&moved))
                        }
                    }
                }
            }
        }
    }
}

/// What differs in what a step was given, in what it gave, and in why it failed.
fn step_moved(one: &Value, two: &Value) -> Vec<Moved> {
    let mut all = Vec::new();
    for name in ["input", "output", "error"] {
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
}
