use super::*;

fn draft(steps: Value, calls: Value) -> Value {
    json!({ "druse": 1, "name": "a", "steps": steps, "metadata": { "crystallized": { "calls": calls } } })
}

fn made() -> Value {
    draft(
        json!([
            { "id": "list", "action": "mcp", "with": { "tool": "list" } },
            { "id": "close", "action": "mcp", "needs": ["list"], "with": { "tool": "close", "arguments": { "id": "T-1", "note": "done" } } },
            { "id": "delete", "action": "mcp", "needs": ["close"], "join": "all_done", "with": { "tool": "delete", "arguments": { "who": "ana", "keep": ["a", "b"] } } },
        ]),
        json!({ "list": "c1", "close": "c2", "delete": "c3" }),
    )
}

/// The same draft by another answer: `note` became an input, and `who` follows.
fn anew() -> Value {
    let mut anew = made();
    anew["inputs"] = json!({ "note": { "type": "string", "default": "done" } });
    anew["steps"][1]["with"]["arguments"]["note"] = "{{ inputs.note }}".into();
    anew["steps"][2]["with"]["arguments"]["who"] = "{{ steps.list.output.who }}".into();
    anew["steps"][2]["needs"] = json!(["close", "list"]);
    anew
}

fn said(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|one| one.message.as_str()).collect()
}

#[test]
fn what_is_told_apart_leads_to_the_document_again() {
    let before = made();
    let mut now = before.clone();
    gate::put_before(
        &mut now,
        "delete",
        Map::from_iter([("title".to_owned(), json!("Sure?"))]),
    )
    .unwrap();
    steps::remove(&mut now, "close").unwrap();
    now["steps"][2]["with"]["arguments"]["keep"][1] = "{{ inputs.keep_2 }}".into();
    now["inputs"] = json!({ "keep_2": { "type": "string", "default": "b" } });
    now["triggers"] = json!([{ "id": "nights", "schedule": { "cron": "0 3 * * *" } }]);
    now["steps"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "id": "tell", "action": "emit", "needs": ["delete"] }));
    let edits = between(&before, &now);
    let mut again = before.clone();
    let done = make(&mut again, edits.clone());
    assert!(done.lost.is_empty(), "{:?}", done.lost);
    assert_eq!(again, now);
    assert!(
        matches!(&edits[0], Edit::Dropped { step, calls } if step == "close" && calls == &["c2"])
    );
    assert!(
        edits
            .iter()
            .any(|edit| matches!(edit, Edit::Gated { step, .. } if step == "delete"))
    );
    // They are read as they are written.
    let written = serde_json::to_value(&edits).unwrap();
    assert_eq!(serde_json::from_value::<Vec<Edit>>(written).unwrap(), edits);
    assert!(between(&before, &before).is_empty());
}

#[test]
fn a_gate_and_a_drop_stand_when_the_draft_is_made_anew() {
    let before = made();
    let mut now = before.clone();
    gate::put_before(
        &mut now,
        "delete",
        Map::from_iter([("title".to_owned(), json!("Sure?"))]),
    )
    .unwrap();
    let first = between(&before, &now);
    let mut second = anew();
    let done = make(&mut second, first);
    assert!(done.lost.is_empty());
    assert!(gate::is_gated(&second, "delete"));
    // The gate asks once all is known that the step is given by now.
    assert_eq!(
        way::step(&second, "approve_delete").unwrap()["needs"],
        json!(["close", "list"])
    );
    assert_eq!(
        way::step(&second, "delete").unwrap()["needs"],
        json!(["approve_delete"])
    );
    // Then the gate is left out again, and a step is dropped.
    let mut third = second.clone();
    steps::remove(&mut third, "approve_delete").unwrap();
    steps::remove(&mut third, "close").unwrap();
    let kept = joined(done.kept, between(&second, &third));
    assert!(
        matches!(kept.as_slice(), [Edit::Dropped { step, .. }] if step == "close"),
        "{kept:?}"
    );
    let mut last = anew();
    assert!(make(&mut last, kept).lost.is_empty());
    assert_eq!(way::step(&last, "delete").unwrap()["join"], "all_done");
    assert!(way::step(&last, "close").is_none());
}

#[test]
fn what_the_new_draft_says_otherwise_is_named_and_not_written_over() {
    let before = made();
    let mut now = before.clone();
    now["steps"][1]["with"]["arguments"]["note"] = "by hand".into();
    now["steps"][2]["with"]["arguments"]["keep"] = json!(["a"]);
    let mut second = anew();
    let done = make(&mut second, between(&before, &now));
    assert_eq!(said(&done.lost), ["`note` of `close` was changed."]);
    assert_eq!(
        second["steps"][1]["with"]["arguments"]["note"],
        "{{ inputs.note }}"
    );
    assert_eq!(
        second["steps"][2]["with"]["arguments"]["keep"],
        json!(["a"])
    );
    assert_eq!(done.kept.len(), 1);
    // A step that is not there any more, and one that holds more than it did.
    let mut shorter = anew();
    steps::remove(&mut shorter, "close").unwrap();
    shorter["metadata"]["crystallized"]["calls"]
        .as_object_mut()
        .unwrap()
        .shift_remove("close");
    assert_eq!(make(&mut shorter, between(&before, &now)).lost.len(), 1);
    let mut dropped = before.clone();
    steps::remove(&mut dropped, "close").unwrap();
    let mut looped = draft(
        json!([{ "id": "each", "for_each": { "items": "x" }, "steps": [{ "id": "close", "action": "mcp" }] }]),
        json!({ "each[0].close": "c2", "each[1].close": "c4" }),
    );
    let done = make(&mut looped, between(&before, &dropped));
    assert_eq!(said(&done.lost), ["The step `close` was dropped."]);
    assert!(way::step(&looped, "each.close").is_some());
}

#[test]
fn a_value_that_became_secret_is_in_no_change() {
    let before = made();
    let mut now = before.clone();
    now["steps"][1]["with"]["arguments"]["note"] = "{{ inputs.note }}".into();
    now["inputs"] = json!({ "note": { "type": "string", "sensitive": true } });
    let edits = between(&before, &now);
    let text = serde_json::to_string(&edits).unwrap();
    assert!(!text.contains("done"), "{text}");
    let Some(Edit::Set { was: Some(was), .. }) = edits.first() else {
        panic!("{edits:?}");
    };
    assert_eq!(was.len(), SECRET_MARK);
    let mut again = before.clone();
    again["metadata"]["crystallized"]["findings"] =
        json!([{ "id": "frozen:close", "step": "close", "message": "It says done." }]);
    assert!(make(&mut again, edits.clone()).lost.is_empty());
    assert_eq!(
        again["metadata"]["crystallized"]["findings"],
        json!([{ "id": "frozen:close", "step": "close" }])
    );
    assert_eq!(hidden_steps(&again, &edits), ["close"]);
}

#[test]
fn changes_of_one_value_are_one_and_taking_it_back_is_none() {
    let before = made();
    let note = |text: &str| {
        let mut one = before.clone();
        one["steps"][1]["with"]["arguments"]["note"] = text.into();
        one
    };
    let first = between(&before, &note("x"));
    let both = joined(first.clone(), between(&note("x"), &note("y")));
    assert_eq!(both, between(&before, &note("y")));
    assert!(joined(both, between(&note("y"), &before)).is_empty());
    assert_eq!(joined(first.clone(), Vec::new()), first);
}

#[test]
fn what_is_gone_or_changed_is_not_asked_about() {
    let before = made();
    let asked = |step: &str, path: &str, now: &Value| {
        still_asked(
            &json!({ "step": step, "path": path }),
            &StepPlaces::of(&before),
            &StepPlaces::of(now),
        )
    };
    let path = "/steps/1/with/arguments/note";
    assert_eq!(asked("close", path, &before).as_deref(), Some(path));
    let mut gated = before.clone();
    gate::put_before(&mut gated, "close", Map::new()).unwrap();
    assert_eq!(
        asked("close", path, &gated).as_deref(),
        Some("/steps/2/with/arguments/note")
    );
    let mut changed = before.clone();
    changed["steps"][1]["with"]["arguments"]["note"] = "{{ inputs.note }}".into();
    assert_eq!(asked("close", path, &changed), None);
    let mut dropped = before.clone();
    steps::remove(&mut dropped, "close").unwrap();
    assert_eq!(asked("close", path, &dropped), None);
    // What is about no step of it stands.
    assert!(asked("", "/inputs/x", &dropped).is_some());
}
