//! Format 1 of the facts. Frozen: fields, their order and their codes never change here.
//!
//! JSON stands inside as text, because bincode cannot read a JSON tree back and because the tree's
//! own depth must not become ours. There are no recursive types, decoding is limited to the size
//! of a record, and every byte must be consumed.

use super::v1_event::V1Event;
use super::v1_parts::{V1Failure, class_code, status, status_code};
use super::{Begun, ForgottenFact, MAX_RECORD, Now, RowFact, RunFacts, Undecodable};
use crate::entity::RunHead;
use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use druse_engine::{
    ApprovalId, AutomationId, Digest, Json, RunId, Timestamp,
    event::{Entry, RunEvent},
    id::Id,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::borrow::Cow;

const LIMIT: usize = MAX_RECORD;
const CONFIG: Configuration<LittleEndian, Varint, Limit<LIMIT>> = bincode::config::standard()
    .with_little_endian()
    .with_variable_int_encoding()
    .with_limit::<LIMIT>();
// Encoding is bounded by the check of the whole record, which gives a proper error.
const WRITE: Configuration = bincode::config::standard();

pub(super) type Text<'a> = Cow<'a, str>;

#[derive(Serialize, Deserialize)]
struct V1Run<'a> {
    run: [u8; 16],
    begun: Option<V1Begun<'a>>,
    status: u8,
    outputs: V1Same<V1Text<'a>>,
    error: V1Same<V1Failure<'a>>,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    entries: Vec<V1Entry<'a>>,
}

#[derive(Serialize, Deserialize)]
struct V1Text<'a>(Text<'a>);

/// A value that often stands in one of the record's own entries already.
#[derive(Serialize, Deserialize)]
enum V1Same<T> {
    None,
    /// As the record's `Created` (or `Finished`) entry has it.
    AsEntry,
    Own(T),
}

#[derive(Serialize, Deserialize)]
struct V1Begun<'a> {
    automation: Option<[u8; 16]>,
    name: Text<'a>,
    version: u32,
    digest: Text<'a>,
    cause: V1Same<V1Text<'a>>,
    inputs: V1Same<V1Text<'a>>,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
struct V1Entry<'a> {
    seq: u64,
    at: i64,
    event: V1Event<'a>,
}

#[derive(Serialize, Deserialize)]
struct V1Row<'a> {
    table: u8,
    key: Text<'a>,
    value: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
struct V1Forgotten<'a> {
    run: [u8; 16],
    reason: Text<'a>,
    at: i64,
}

fn put<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    bincode::serde::encode_into_std_write(value, out, WRITE)
        .expect("plain data is encoded into memory");
}

fn take<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Undecodable> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, CONFIG)
        .map_err(|error| Undecodable(format!("the facts cannot be read: {error}")))?;
    if used != bytes.len() {
        return Err(Undecodable(format!(
            "{} bytes are left over after the facts",
            bytes.len() - used
        )));
    }
    Ok(value)
}

pub(super) fn text(json: &Json) -> Text<'_> {
    Cow::Borrowed(json.text())
}

pub(super) fn json(text: Text<'_>) -> Json {
    Json::from_trusted_text(text.into_owned())
}

pub(super) fn automation(bytes: [u8; 16]) -> AutomationId {
    AutomationId(Id::from_bytes(bytes))
}

pub(super) fn run_id(bytes: [u8; 16]) -> RunId {
    RunId(Id::from_bytes(bytes))
}

pub(super) fn approval(bytes: [u8; 16]) -> ApprovalId {
    ApprovalId(Id::from_bytes(bytes))
}

pub(super) fn digest(text: &str) -> Result<Digest, Undecodable> {
    serde_json::from_value(serde_json::Value::from(text))
        .map_err(|error| Undecodable(format!("a digest cannot be read: {error}")))
}

fn same<'a>(own: &'a Json, entry: Option<&Json>) -> V1Same<V1Text<'a>> {
    match entry {
        Some(entry) if entry.text() == own.text() => V1Same::AsEntry,
        _ => V1Same::Own(V1Text(text(own))),
    }
}

pub(super) fn encode_run(head: &RunHead, entries: &[Entry], out: &mut Vec<u8>) {
    let created = entries.first().and_then(|entry| match &entry.event {
        RunEvent::Created(start) => Some(start),
        _ => None,
    });
    let finished = entries.last().and_then(|entry| match &entry.event {
        RunEvent::Finished {
            outputs, failure, ..
        } => Some((outputs, failure)),
        _ => None,
    });
    let first = entries.first().is_some_and(|entry| entry.seq == 1);
    let begun = first.then(|| V1Begun {
        automation: head.automation.map(|id| id.0.to_bytes()),
        name: Cow::Borrowed(&head.name),
        version: head.version,
        digest: Cow::Borrowed(head.digest.as_str()),
        cause: same(&head.cause, created.map(|start| &start.cause)),
        inputs: same(&head.inputs, created.map(|start| &start.inputs)),
        created_at: head.created_at.0,
    });
    let outputs = match &head.outputs {
        None => V1Same::None,
        Some(own) => same(own, finished.and_then(|(outputs, _)| outputs.as_ref())),
    };
    let error = match &head.error {
        None => V1Same::None,
        Some(own) if finished.is_some_and(|(_, failure)| failure.as_ref() == Some(own)) => {
            V1Same::AsEntry
        }
        Some(own) => V1Same::Own(V1Failure::from(own)),
    };
    put(
        &V1Run {
            run: head.id.0.to_bytes(),
            begun,
            status: status_code(head.status),
            outputs,
            error,
            started_at: head.started_at.map(|at| at.0),
            finished_at: head.finished_at.map(|at| at.0),
            entries: entries
                .iter()
                .map(|entry| V1Entry {
                    seq: entry.seq,
                    at: entry.at.0,
                    event: V1Event::from(&entry.event),
                })
                .collect(),
        },
        out,
    );
}

pub(super) fn decode_run(bytes: &[u8]) -> Result<RunFacts, Undecodable> {
    let stored: V1Run<'static> = take(bytes)?;
    let entries = stored
        .entries
        .into_iter()
        .map(|entry| {
            Ok(Entry {
                seq: entry.seq,
                at: Timestamp(entry.at),
                event: entry.event.into_event()?,
            })
        })
        .collect::<Result<Vec<_>, Undecodable>>()?;
    let missing = |what: &str| Undecodable(format!("the record's entries hold no {what}"));
    let finished = || {
        entries.last().and_then(|entry| match &entry.event {
            RunEvent::Finished {
                outputs, failure, ..
            } => Some((outputs.clone(), failure.clone())),
            _ => None,
        })
    };
    let begun = match stored.begun {
        None => None,
        Some(begun) => {
            let created = entries.first().and_then(|entry| match &entry.event {
                RunEvent::Created(start) => Some(start),
                _ => None,
            });
            let pick = |own: V1Same<V1Text<'static>>, entry: Option<&Json>| match own {
                V1Same::Own(V1Text(own)) => Ok(json(own)),
                V1Same::AsEntry => entry.cloned().ok_or_else(|| missing("creation")),
                V1Same::None => Ok(Json::null()),
            };
            Some(Begun {
                automation: begun.automation.map(automation),
                name: begun.name.into_owned(),
                version: begun.version,
                digest: digest(&begun.digest)?,
                cause: pick(begun.cause, created.map(|start| &start.cause))?,
                inputs: pick(begun.inputs, created.map(|start| &start.inputs))?,
                created_at: Timestamp(begun.created_at),
            })
        }
    };
    let outputs = match stored.outputs {
        V1Same::None => None,
        V1Same::Own(V1Text(own)) => Some(json(own)),
        V1Same::AsEntry => Some(
            finished()
                .and_then(|(outputs, _)| outputs)
                .ok_or_else(|| missing("outputs"))?,
        ),
    };
    let error = match stored.error {
        V1Same::None => None,
        V1Same::Own(own) => Some(own.into_failure()?),
        V1Same::AsEntry => Some(
            finished()
                .and_then(|(_, failure)| failure)
                .ok_or_else(|| missing("failure"))?,
        ),
    };
    Ok(RunFacts {
        run: run_id(stored.run),
        begun,
        now: Now {
            status: status(stored.status)?,
            outputs,
            error,
            started_at: stored.started_at.map(Timestamp),
            finished_at: stored.finished_at.map(Timestamp),
        },
        entries,
    })
}

pub(super) fn encode_row(table: u8, key: &str, value: Option<&Json>, out: &mut Vec<u8>) {
    put(
        &V1Row {
            table,
            key: Cow::Borrowed(key),
            value: value.map(text),
        },
        out,
    );
}

pub(super) fn decode_row(bytes: &[u8]) -> Result<RowFact, Undecodable> {
    let row: V1Row<'static> = take(bytes)?;
    Ok(RowFact {
        table: row.table,
        key: row.key.into_owned(),
        value: row.value.map(json),
    })
}

pub(super) fn encode_forgotten(run: RunId, reason: &str, at: Timestamp, out: &mut Vec<u8>) {
    put(
        &V1Forgotten {
            run: run.0.to_bytes(),
            reason: Cow::Borrowed(reason),
            at: at.0,
        },
        out,
    );
}

pub(super) fn decode_forgotten(bytes: &[u8]) -> Result<ForgottenFact, Undecodable> {
    let stored: V1Forgotten<'static> = take(bytes)?;
    Ok(ForgottenFact {
        run: run_id(stored.run),
    })
}

impl<'a> From<&'a druse_engine::event::Failure> for V1Failure<'a> {
    fn from(failure: &'a druse_engine::event::Failure) -> Self {
        Self {
            class: class_code(failure.class),
            code: Cow::Borrowed(&failure.code),
            message: Cow::Borrowed(&failure.message),
            details: failure.details.as_ref().map(text),
        }
    }
}
