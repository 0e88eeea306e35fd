//! Where a step stands in a document. A step inside of a loop is named by the way to it: `each_order.refund`.

pub(super) use crate::service::way::{all, id, of_pass, step, step_mut};
use serde_json::Value;

/// What a step can read of others: the id that it reads them by, and where a run keeps the first of what they gave.
pub(super) fn before(document: &Value, way: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut steps, mut around) = (&document["steps"], String::new());
    for id in way.split('.') {
        for one in steps.as_array().into_iter().flatten() {
            let name = one["id"].as_str().unwrap_or_default();
            if name == id {
                around = format!("{around}{name}[0].");
                steps = &one["steps"];
                break;
            }
            found.push((name.to_owned(), format!("{around}{name}")));
        }
    }
    found
}

/// The names under which a step reads what its passes are about.
pub(super) fn items(document: &Value, way: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut upto = 0;
    while let Some(dot) = way[upto..].find('.') {
        let around = step(document, &way[..upto + dot]);
        if let Some(each) = around
            .map(|step| &step["for_each"])
            .filter(|each| each.is_object())
        {
            names.push(each["as"].as_str().unwrap_or("item").to_owned());
        }
        names.push("loop".to_owned());
        upto += dot + 1;
    }
    names
}

/// Whether an expression in a text begins with one of these names.
pub(in crate::console::page) fn reads(text: &str, names: &[String]) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let inside = text.split("{{").skip(1);
    inside
        .map(|rest| rest.split("}}").next().unwrap_or_default())
        .any(|inside| {
            names.iter().any(|name| {
                inside.match_indices(name.as_str()).any(|(at, _)| {
                    !inside[..at].ends_with(|c: char| word(c) || c == '.')
                        && !inside[at + name.len()..].starts_with(word)
                })
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn steps_inside_of_loops_are_found_by_the_way_to_them() {
        let mut document = json!({ "steps": [
            { "id": "list" },
            { "id": "each", "for_each": { "items": "{{ steps.list.output }}", "as": "order" }, "steps": [
                { "id": "get" }, { "id": "pay", "with": { "id": "{{ order.id }}" } },
            ] },
        ] });
        let ways: Vec<String> = all(&document).into_iter().map(|(way, _)| way).collect();
        assert_eq!(ways, ["list", "each", "each.get", "each.pay"]);
        assert_eq!(
            step(&document, "each.pay").map(|one| &one["id"]),
            Some(&json!("pay"))
        );
        assert_eq!(step(&document, "pay"), None);
        let before = before(&document, "each.pay");
        let before: Vec<(&str, &str)> = before.iter().map(|(id, at)| (&**id, &**at)).collect();
        assert_eq!(before, [("list", "list"), ("get", "each[0].get")]);
        assert_eq!(of_pass("each[0].row[12].pay"), "each.row.pay");
        assert_eq!(of_pass("list"), "list");
        let names = items(&document, "each.pay");
        assert_eq!(names, ["order", "loop"]);
        assert!(items(&document, "list").is_empty());
        for (text, is) in [
            ("{{ order.id }}", true),
            ("Dear {{ inputs.who }}: {{ loop.index }}", true),
            ("{{ steps.order.output }}", false),
            ("{{ reorder }} order", false),
        ] {
            assert_eq!(reads(text, &names), is, "{text}");
        }
        step_mut(&mut document, "each.pay").expect("it is there")["when"] = json!(true);
        assert_eq!(document["steps"][1]["steps"][1]["when"], true);
    }
}
