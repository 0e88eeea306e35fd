//! Byte by byte: nothing that was changed after a gate has asked is approved.

use super::*;
use crate::definition::Document;
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::sync::Arc;

fn document() -> Value {
    json!({
        "druse": 1,
        "name": "send",
        "description": "To a region",
        "inputs": {"to": {"type": "string"}, "most": {"type": "integer", "default": 3}},
        "steps": [
            value("rows", json!([{"id": 17, "text": "first"}, {"id": 18, "text": "second"}])),
            {"id": "gate", "action": "approval_gate", "needs": ["rows"], "with": {
                "title": "Send to {{ inputs.to }}?", "message": "All of it", "needed": 1,
                "show": {"count": "{{ steps.rows.output | length }}"},
                "fields": {"type": "object", "properties": {"note": {"type": "string"}}},
            }},
            call("send", json!({"needs": ["gate"], "timeout": "30s", "with": {
                "path": "/regions/{{ inputs.to }}", "most": "{{ inputs.most }}", "rows": "{{ steps.rows.output }}",
            }})),
            {"id": "each", "needs": ["gate"], "for_each": {"items": "{{ steps.rows.output }}", "as": "row"}, "steps": [
                call("tell", json!({"with": {"id": "{{ row.id }}"}})),
            ]},
        ],
    })
}

fn asked() -> Bench {
    Bench::with_inputs(document(), json!({"to": "eu", "most": 3}))
}

/// What became of the approval of something that is not what was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Became {
    /// It cannot be read, or is no document.
    Unread,
    /// The same in other bytes.
    Same,
    /// The journal is not one of it.
    Misfit,
    /// The approval was refused with the difference.
    Refused,
}

/// Approves under this plan and this journal, as the person who saw the request would.
fn approve(seen: &Bench, plan: Arc<Plan>, journal: Vec<Entry>) -> Result<Became, Vec<Entry>> {
    let Ok(mut run) = Run::replay(plan, journal) else {
        return Ok(Became::Misfit);
    };
    match run.handle(seen.now, seen.voting("ana", Verdict::Approve)) {
        Ok(facts) => Err(facts),
        Err(Rejected::ApprovalChanged { changes }) => {
            assert!(!changes.is_empty());
            for change in changes {
                assert!(!change.what.is_empty());
                assert!(change.before != change.after, "{change:?}");
            }
            Ok(Became::Refused)
        }
        // There is no such gate any more.
        Err(Rejected::UnknownApproval) => Ok(Became::Misfit),
        Err(other) => panic!("{other:?}"),
    }
}

/// Each text that differs in one byte: another letter, digit, sign, or one bit.
fn one_byte_off(text: &str) -> impl Iterator<Item = (usize, String)> {
    (0..text.len()).flat_map(move |place| {
        let bytes = text.as_bytes();
        let byte = bytes[place];
        let mut others = vec![byte ^ 1, byte ^ 2, b'x', b'7', b'"', b'}'];
        others.retain(|other| *other != byte);
        others.dedup();
        others.into_iter().filter_map(move |other| {
            let mut bytes = bytes.to_vec();
            bytes[place] = other;
            Some((place, String::from_utf8(bytes).ok()?))
        })
    })
}

/// Tries each change, and counts what became of it.
fn tries(what: &str, text: &str, mut tried: impl FnMut(&str) -> Result<Became, Vec<Entry>>) {
    let mut counted: BTreeMap<Became, u32> = BTreeMap::new();
    assert!(
        tried(text).is_err(),
        "{what}: what was asked about is approved"
    );
    for (place, changed) in one_byte_off(text) {
        match tried(&changed) {
            Ok(became) => *counted.entry(became).or_default() += 1,
            Err(facts) => panic!("{what}: byte {place} of {changed} is approved: {facts:?}"),
        }
    }
    println!("{what}: {} bytes, {counted:?}", text.len());
    assert!(counted[&Became::Refused] > 0, "{what}: {counted:?}");
}

/// A document that is parsed anew has its keys in the order of the text, and so another digest where that
/// differs: what is compared is what it says.
fn plan_of(text: &str) -> Option<Arc<Plan>> {
    let document: Document = serde_json::from_str(text).ok()?;
    Some(Arc::new(Plan::compile(Arc::new(document)).ok()?))
}

#[test]
fn a_version_with_one_byte_changed_is_not_approved() {
    let seen = asked();
    let known = seen.run.plan().digest().clone();
    let text = serde_json::to_string(&*seen.run.plan().document).unwrap();
    let original = text.clone();
    tries("version", &text, |changed| {
        let Some(plan) = plan_of(changed) else {
            return Ok(Became::Unread);
        };
        if *plan.digest() == known && changed != original {
            return Ok(Became::Same);
        }
        approve(&seen, plan, seen.journal.clone())
    });
}

#[test]
fn inputs_with_one_byte_changed_are_not_approved() {
    let seen = asked();
    let inputs = seen.run.start().inputs.clone();
    let text = inputs.text().to_owned();
    let original = text.clone();
    tries("inputs", &text, |changed| {
        let Ok(value) = serde_json::from_str::<Value>(changed) else {
            return Ok(Became::Unread);
        };
        if value == *inputs.value() && changed != original {
            return Ok(Became::Same);
        }
        let mut journal = seen.journal.clone();
        if let RunEvent::Created(start) = &mut journal[0].event {
            start.inputs = value.into();
        }
        approve(&seen, seen.run.plan().clone(), journal)
    });
}

/// What a step before the gate gave, and what the gate showed: one byte of it in the journal is another.
#[test]
fn facts_with_one_byte_changed_are_not_approved() {
    let seen = asked();
    for (place, entry) in seen.journal.iter().enumerate() {
        let text = match &entry.event {
            RunEvent::StepEvaluated { .. } | RunEvent::ApprovalRequested { .. } => {
                serde_json::to_string(entry).unwrap()
            }
            _ => continue,
        };
        let what = match entry.event {
            RunEvent::StepEvaluated { .. } => "result",
            _ => "request",
        };
        tries(what, &text, |changed| {
            let Ok(read) = serde_json::from_str::<Entry>(changed) else {
                return Ok(Became::Unread);
            };
            if says_the_same(entry, &read) && changed != text {
                return Ok(Became::Same);
            }
            let mut journal = seen.journal.clone();
            journal[place] = read;
            approve(&seen, seen.run.plan().clone(), journal)
        });
    }
}

/// Whether two facts say the same about what is approved: their times, and until when an answer counts, are
/// no part of that.
fn says_the_same(one: &Entry, other: &Entry) -> bool {
    let (mut one, mut other) = (one.clone(), other.clone());
    for entry in [&mut one, &mut other] {
        entry.at = BEGIN;
        if let RunEvent::ApprovalRequested { request, .. } = &mut entry.event {
            request.expires_at = None;
        }
    }
    one == other
}
