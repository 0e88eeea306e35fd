//! What a reviewer does with a draft: answers, changes of values, dropped steps, activation.

use super::{Draft, acknowledge, bind, parameter, place, question};
use crate::console::call::{Answer, Call, Done};
use crate::console::component::trigger_form::{self, Chosen};
use crate::console::component::{action, finding};
use crate::console::page::amended;
use crate::console::twin::Refusal;
use druse_engine::carried;
use druse_engine::definition::Document;
use druse_engine::{Finding, Severity};
use http::{Method, header};
use maud::{Markup, html};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn back(call: &Call) -> Answer {
    Answer::See(format!("/automations/{}/review", call.part("id")))
}

/// Takes an answer: to a question of the crystallizer, or about one value.
pub(in crate::console) async fn answer(call: &Call) -> Done {
    let draft = Draft::read(call).await?;
    let about = ["input", "secret", "bind", "freeze"];
    let about = about
        .into_iter()
        .find_map(|what| Some((what, call.form.get(what)?)));
    let Some((what, pointer)) = about else {
        crystallize_again(call, &draft).await?;
        return Ok(back(call));
    };
    seen(call, &draft.automation)?;
    let step = call.form.text("step");
    let document = match what {
        "bind" => bind::bound(&draft, step, pointer, call.form.text("expression"))?,
        "freeze" => frozen(&draft, step, pointer)?,
        kind => as_input(&draft, step, pointer, kind == "secret")?,
    };
    write(call, (&draft.automation, &draft.tag), &document).await?;
    Ok(back(call))
}

/// Refuses what was asked for on a page that showed another version than the latest.
pub(super) fn seen(call: &Call, automation: &Value) -> Result<(), Refusal> {
    let latest = automation["latest_version"].to_string();
    if call.form.text("version") == latest {
        return Ok(());
    }
    Err(Refusal::new(
        http::StatusCode::PRECONDITION_FAILED,
        "changed_meanwhile",
        "Somebody changed it since you saw it.",
        "Look at it again: this is what is stored now, and what you wrote is still in the form.",
    ))
}

/// Makes the draft anew from its recording, with this answer, call or recording and all that came before.
pub(super) async fn crystallize_again(call: &Call, draft: &Draft) -> Result<(), Refusal> {
    let (path, _) = draft.session.as_ref().ok_or_else(|| {
        Refusal::form(
            "The recording is not here any more.",
            "Change the document by hand.",
        )
    })?;
    // A draft that is made anew as it is has nothing that it could be too late for.
    let version = call.form.get("version");
    if version.is_some_and(|seen| seen != draft.reported.to_string()) {
        if is_in_force(call, draft) {
            return Ok(());
        }
        return Err(Refusal::new(
            http::StatusCode::PRECONDITION_FAILED,
            "changed_meanwhile",
            "The questions have changed since you saw them.",
            "Look at them again.",
        ));
    }
    let crystallized = draft.crystallized();
    let mut answers = crystallized["answers"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    if call.form.has("suggested") {
        answers.extend(question::suggested(draft));
    }
    if let Some(question) = call.form.get("question") {
        answers.insert(question.to_owned(), call.form.text("choice").into());
    }
    let mut keep = strings(&crystallized["keep"]);
    keep.extend(call.form.all("keep").map(str::to_owned));
    let mut also = strings(&crystallized["also"]);
    also.extend(call.form.all("also").map(str::to_owned));
    also.retain(|id| call.form.all("without").all(|gone| gone != id));
    let mut body = json!({
        "mode": crystallized["mode"], "answers": answers, "keep": keep, "also": also,
        "force": true, "into": draft.automation["id"],
    });
    let folder = call.form.get("folder").filter(|folder| !folder.is_empty());
    if let Some(folder) = folder.or(crystallized["folder"].as_str()) {
        body["folder"] = folder.into();
    }
    if call.form.has("discard_edits") {
        body["discard_edits"] = true.into();
    }
    if !also.is_empty() {
        // Only values that may follow something can be held against another recording.
        body["mode"] = "bound".into();
    }
    call.api
        .post(&format!("{path}/crystallize"), call.key(), &body)
        .await?;
    Ok(())
}

/// Whether a draft holds already what a form asks for: it was sent twice, or somebody else said the same.
fn is_in_force(call: &Call, draft: &Draft) -> bool {
    let crystallized = draft.crystallized();
    let answered = call
        .form
        .get("question")
        .map(|question| crystallized["answers"][question] == call.form.text("choice"));
    let (keep, also) = (
        strings(&crystallized["keep"]),
        strings(&crystallized["also"]),
    );
    let mut asked: Vec<bool> = answered.into_iter().collect();
    asked.extend(call.form.all("keep").map(|id| keep.contains(id)));
    asked.extend(call.form.all("also").map(|id| also.contains(id)));
    asked.extend(call.form.all("without").map(|id| !also.contains(id)));
    !asked.is_empty() && asked.iter().all(|holds| *holds)
}

fn strings(list: &Value) -> BTreeSet<String> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Stores a document that was changed as a new version, unless the automation is not any more as it was read, with
/// this tag; its text keeps its comments and its layout.
pub(super) async fn write(
    call: &Call,
    (automation, tag): (&Value, &str),
    document: &Value,
) -> Result<Value, Refusal> {
    let path = format!("/automations/{}", call.part("id"));
    let (media, body) = amended::body(call, &path, &automation["document"], document).await?;
    let headers = [(header::CONTENT_TYPE, media), (header::IF_MATCH, tag)];
    let said = call.api.send(Method::PUT, &path, &headers, body).await?;
    Ok(said.json())
}

pub(super) fn gone() -> Refusal {
    Refusal::form(
        "This value is not there any more.",
        "Look at the draft again.",
    )
}

/// Puts a value in the place of another. What was said of why that one, or anything in it, was bound goes with it.
pub(super) fn put(
    document: &mut Value,
    step: &str,
    pointer: &str,
    value: Value,
) -> Result<Value, Refusal> {
    let step = place::step_mut(document, step).ok_or_else(gone)?;
    let place = step["with"].pointer_mut(pointer).ok_or_else(gone)?;
    let was = std::mem::replace(place, value);
    let inner = pointer.strip_prefix("/arguments").unwrap_or(pointer);
    if let Some(bindings) = step["metadata"]["bindings"].as_object_mut() {
        bindings.retain(|at, _| {
            at.strip_prefix(inner)
                .is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/'))
        });
    }
    Ok(was)
}

/// What a parameter is called as an input: by its own name, or by its number in the list that has one.
fn input_name(pointer: &str) -> String {
    let mut words = Vec::new();
    for word in pointer.rsplit('/') {
        let index = word.parse::<usize>();
        words.insert(
            0,
            index
                .as_ref()
                .map_or(word.to_owned(), |index| (index + 1).to_string()),
        );
        if index.is_err() {
            break;
        }
    }
    let name: String = words
        .join("_")
        .replace("~1", "/")
        .replace("~0", "~")
        .chars()
        .map(|c| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_lowercase(),
            false => '_',
        })
        .collect();
    match name.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => name,
        false => format!("value_{name}"),
    }
}

/// The document with a value as an input, which what was recorded is the default of; a secret one is in the document
/// no more, and each run is given it anew.
fn as_input(draft: &Draft, step: &str, pointer: &str, secret: bool) -> Result<Value, Refusal> {
    let mut document = draft.automation["document"].clone();
    let written = place::step(&document, step)
        .and_then(|step| step["with"].pointer(pointer))
        .ok_or_else(gone)?;
    let ways = parameter::ways(draft, step, pointer, written);
    if !(if secret { ways.secret } else { ways.input }) {
        return Err(gone());
    }
    let value = bind::recorded(draft, step, pointer).ok_or_else(gone)?;
    let kind = match &value {
        Value::String(_) => "string",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null => return Err(gone()),
    };
    let name = input_name(pointer);
    let taken = document["inputs"].as_object().cloned().unwrap_or_default();
    let mut free = name.clone();
    let mut number = 2;
    while taken.contains_key(&free) {
        free = format!("{name}_{number}");
        number += 1;
    }
    put(
        &mut document,
        step,
        pointer,
        format!("{{{{ inputs.{free} }}}}").into(),
    )?;
    let id = place::id(step);
    let wanted = crate::console::page::draft::name(pointer);
    let said = format!("`{wanted}` of `{id}`, as the recording had it");
    if !document["inputs"].is_object() {
        document["inputs"] = json!({});
    }
    document["inputs"][&free] = if secret {
        json!({ "type": kind, "description": said, "sensitive": true })
    } else {
        json!({ "type": kind, "description": said, "default": value })
    };
    settle(&mut document, id, secret);
    Ok(document)
}

/// Takes out of a changed document what was said about the value that is gone. Nothing that is said about its step
/// may name it where it is secret from now on.
pub(super) fn settle(document: &mut Value, step: &str, secret: bool) {
    if let Ok(mut settled) = serde_json::from_value::<Document>(document.clone()) {
        carried::settle(&mut settled);
        document["metadata"] = settled.metadata.into();
    }
    let carried = &mut document["metadata"]["crystallized"]["findings"];
    for entry in carried.as_array_mut().into_iter().flatten() {
        if let Some(entry) = entry.as_object_mut()
            && secret
            && entry.get("step").is_some_and(|of| of == step)
        {
            entry.shift_remove("message");
        }
    }
}

/// The document with a bound value as it was recorded.
fn frozen(draft: &Draft, step: &str, pointer: &str) -> Result<Value, Refusal> {
    let mut document = draft.automation["document"].clone();
    let written = place::step(&document, step)
        .and_then(|step| step["with"].pointer(pointer))
        .ok_or_else(gone)?;
    if !parameter::ways(draft, step, pointer, written).freeze {
        return Err(gone());
    }
    let value = bind::recorded(draft, step, pointer).ok_or_else(gone)?;
    put(&mut document, step, pointer, literal(value))?;
    settle(&mut document, place::id(step), false);
    Ok(document)
}

/// A value as a document holds it: what looks like an expression is one only where it is written as one.
fn literal(value: Value) -> Value {
    match value {
        Value::String(text) => druse_engine::expression::literal(&text).into(),
        Value::Array(items) => items.into_iter().map(literal).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| (name, literal(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

/// Drops a step.
pub(in crate::console) async fn remove(call: &Call) -> Done {
    let draft = Draft::read(call).await?;
    let step = call.form.text("step");
    // Sent twice, or dropped by somebody else meanwhile: what was asked for is so.
    if place::step(&draft.automation["document"], step).is_none() {
        return Ok(back(call));
    }
    seen(call, &draft.automation)?;
    let step = crate::client::encode(step);
    let path = format!("/automations/{}/steps/{step}", call.part("id"));
    let headers = [(header::IF_MATCH, draft.tag.as_str())];
    call.api
        .send(Method::DELETE, &path, &headers, String::new())
        .await?;
    Ok(back(call))
}

/// Where the automation works, where the recording leaves that open or it was answered before.
pub(super) fn folder(id: &str, draft: &Draft, findings: &[Finding]) -> Markup {
    let given = draft.crystallized()["folder"].as_str().unwrap_or_default();
    let open = findings
        .iter()
        .any(|one| matches!(one.code.as_str(), "folder_unknown" | "folders_differ"));
    html! {
        @if (open || !given.is_empty()) && draft.session.is_some() {
            section .folder {
                h2 { "Folder" }
                form method="post" action={ "/automations/" (id) "/review/answer" } {
                    (action::key())
                    input type="hidden" name="version" value=(draft.reported);
                    div .row {
                        label { span { "Works in this folder of the server's machine" } input name="folder" autocomplete="off" required placeholder="/home/ana/shop" value=(given); }
                        button { "Use it" }
                    }
                }
            }
        }
    }
}

/// Name, what starts it, what must be acknowledged by name, and the button.
pub(super) fn activation(call: &Call, draft: &Draft, findings: &[Finding]) -> Markup {
    let automation = &draft.automation;
    let id = automation["id"].as_str().unwrap_or_default();
    let latest = &automation["latest_version"];
    let beside = acknowledge::beside(call, findings);
    let open = findings.iter().filter(|one| draft.is_open(one));
    let open: Vec<&Finding> = open.chain(&beside).collect();
    let errors: Vec<&Finding> = findings
        .iter()
        .filter(|one| one.severity == Severity::Error && !one.acknowledge)
        .collect();
    html! {
        section .bring #activate {
            h2 { "Activate" }
            @if !errors.is_empty() {
                p { "These have to be put right first:" }
                (finding::by_kind(&errors))
                @if draft.session.is_some() && draft.reported > 0 {
                    (action::button(&format!("/automations/{id}/review/answer"), "Make the draft anew", ""))
                    p .dim { "Once tools or connections are set up. What was changed by hand is kept." }
                }
            }
            form #(acknowledge::FORM) method="post" action={ "/automations/" (id) "/review/activate" } {
                (action::key())
                input type="hidden" name="version" value=(latest);
                div .row {
                    label { span { "Name" } input name="name" size="32" autocomplete="off" required value=(call.kept("name", automation["name"].as_str().unwrap_or_default())); }
                }
                (trigger_form::show(call, &automation["document"]["inputs"], true))
                (acknowledge::boxes(call, &open, draft))
                div .buttons { button .primary { "Activate version " (latest) } }
            }
        }
    }
}

/// The document that the page showed: of the latest version, or of the one before where the form was sent already.
async fn shown(call: &Call, path: &str, automation: &Value) -> Result<Option<Value>, Refusal> {
    let version = call.form.text("version");
    let latest = automation["latest_version"].to_string();
    if version == latest {
        return Ok(Some(automation["document"].clone()));
    }
    let Ok(number) = version.parse::<u32>() else {
        return Ok(None);
    };
    let version = call.api.find(&format!("{path}/versions/{number}")).await?;
    Ok(version.map(|mut version| version["document"].take()))
}

/// Writes name and trigger where they are new, then activates the version that the page showed, or that which was
/// just made of it: nobody activates what they have not seen.
pub(in crate::console) async fn activate(call: &Call) -> Done {
    let late = || {
        Refusal::new(
            http::StatusCode::PRECONDITION_FAILED,
            "changed_meanwhile",
            "Somebody changed it since you saw it.",
            "Look at it again: this is what is stored now.",
        )
    };
    let path = format!("/automations/{}", call.part("id"));
    let read = call.api.send(Method::GET, &path, &[], Vec::new()).await?;
    let (automation, tag) = (read.json(), read.tag());
    let mut version = automation["latest_version"].clone();
    let mut document = shown(call, &path, &automation).await?.ok_or_else(late)?;
    let name = call.form.text("name");
    if !name.is_empty() && document["name"] != name {
        document["name"] = name.into();
    }
    let chosen = trigger_form::read(call, &document["inputs"], &[])?;
    if let Some(Chosen { trigger, .. }) = &chosen {
        let mut triggers = document["triggers"].as_array().cloned().unwrap_or_default();
        // One that was refused is corrected, and makes no second one.
        if !triggers.contains(trigger) {
            triggers.retain(|one| one["id"] != trigger["id"]);
            triggers.push(trigger.clone());
            document["triggers"] = triggers.into();
        }
    }
    let changed = document != automation["document"];
    // What this form has made already is what it asks for.
    let number = version.to_string();
    if changed && call.form.text("version") != number {
        return Err(late());
    }
    if let Some(chosen) = &chosen {
        chosen.check_secret(call).await?;
        chosen.write_secret(call).await?;
    }
    if changed {
        let (media, body) = amended::body(call, &path, &automation["document"], &document).await?;
        let headers = [
            (header::CONTENT_TYPE, media),
            (header::IF_MATCH, tag.as_str()),
        ];
        let said = call.api.send(Method::PUT, &path, &headers, body).await?;
        version = said.json()["latest_version"].clone();
    }
    let acknowledge: BTreeSet<&str> = acknowledge::ids(call).collect();
    let body = json!({ "version": version, "acknowledge": acknowledge });
    call.api
        .post(&format!("{path}/activate"), call.key(), &body)
        .await?;
    // Who is to call it looks for its address.
    Ok(Answer::See(match chosen {
        Some(Chosen { trigger, .. }) if !trigger["webhook"].is_null() => {
            format!("{path}?tab=triggers")
        }
        _ => path,
    }))
}
