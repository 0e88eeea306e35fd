//! What varied between recordings of one task: the values of each step, in a column for each recording.

use super::{Draft, place};
use crate::console::component::value;
use crate::console::page::draft::leaves;
use maud::{Markup, html};
use serde_json::Value;

/// The most rows.
const MOST: usize = 60;

/// A value that is not the same everywhere.
struct Row<'a> {
    step: &'a str,
    name: String,
    /// In the recording of the draft, and in the others; nothing where there is no such call.
    values: Vec<Option<&'a Value>>,
}

/// Calls that were answered well, in their order.
fn calls(session: &Value) -> impl Iterator<Item = &Value> {
    let turns = session["turns"].as_array().into_iter().flatten();
    turns.filter(|turn| turn["type"] == "call" && turn["result"]["is_error"] != true)
}

/// The call of a tool that comes as the n-th of its kind.
fn nth<'a>(session: &'a Value, tool: &Value, number: usize) -> Option<&'a Value> {
    calls(session)
        .filter(|one| one["name"] == *tool)
        .nth(number)
}

fn rows<'a>(draft: &'a Draft, own: &'a Value, others: &'a [Value]) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for (way, step) in place::all(&draft.automation["document"]) {
        let id = step["id"].as_str().unwrap_or_default();
        let Some(call) = draft.call_of(&way) else {
            continue;
        };
        let Some(mine) = calls(own).find(|one| one["id"] == *call) else {
            continue;
        };
        let before = calls(own).take_while(|one| one["id"] != *call);
        let number = before.filter(|one| one["name"] == mine["name"]).count();
        let theirs: Vec<Option<&Value>> = others
            .iter()
            .map(|session| nth(session, &mine["name"], number))
            .collect();
        for leaf in leaves(&mine["arguments"]) {
            let mut values = vec![Some(leaf.value)];
            values.extend(
                theirs
                    .iter()
                    .map(|call| call.and_then(|call| call["arguments"].pointer(&leaf.pointer))),
            );
            if values.iter().any(|one| *one != Some(leaf.value)) {
                rows.push(Row {
                    step: id,
                    name: crate::console::page::draft::name(&leaf.pointer),
                    values,
                });
            }
        }
    }
    rows
}

/// The table; `heads` name the recordings.
pub(super) fn table(draft: &Draft, own: &Value, others: &[Value], heads: &[Markup]) -> Markup {
    let rows = rows(draft, own, others);
    html! {
        h3 { "What varied" }
        @if rows.is_empty() { p .dim { "Nothing: their calls gave the same values." } } @else {
            div .scroll tabindex="0" role="region" aria-label="What varied" { table .list {
                thead { tr { th scope="col" { "Value" } th scope="col" { "The draft's recording" } @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for row in rows.iter().take(MOST) {
                        tr {
                            td { a href={ "#step-" (row.step) } { (row.step) } " " (row.name) }
                            @for one in &row.values { td { @match one { Some(one) => (value::show(one)), None => span .dim { "no such call" } } } }
                        }
                    }
                }
            } }
            @if rows.len() > MOST { p .dim { "These are " (MOST) " of " (rows.len()) " values." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_call_of_each_recording_stands_beside_the_others() {
        let call = |id: &str, name: &str, to: &str, failed: bool| json!({ "type": "call", "id": id, "name": name, "arguments": { "to": to, "subject": "Hi" }, "result": { "is_error": failed } });
        let own = json!({ "turns": [call("c1", "mail", "ana", false), call("c2", "mail", "bob", false)] });
        let other = json!({ "turns": [call("x", "mail", "never", true), call("y", "mail", "ana", false), call("z", "mail", "cleo", false)] });
        let draft = Draft {
            tag: String::new(),
            automation: json!({ "document": { "steps": [{ "id": "mail" }, { "id": "mail_2" }],
                "metadata": { "crystallized": { "calls": { "mail": "c1", "mail_2": "c2" } } } } }),
            report: Value::Null,
            reported: 1,
            made: Value::Null,
            session: None,
        };
        let others = [other];
        let rows = rows(&draft, &own, &others);
        let said: Vec<(&str, &str)> = rows
            .iter()
            .map(|row| (row.step, row.name.as_str()))
            .collect();
        assert_eq!(said, [("mail_2", "to")]);
        assert_eq!(rows[0].values, [Some(&json!("bob")), Some(&json!("cleo"))]);
    }
}
