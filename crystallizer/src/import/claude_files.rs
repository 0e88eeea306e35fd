//! The files of one session of Claude Code: today each sub-agent writes one of its own, beside that of the session.

use super::body::Record;
use super::value::{text, time};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Whose a file of Claude Code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentLog {
    /// The session.
    pub session: String,
    /// The sub-agent that wrote it; `None` for the file of the session itself.
    pub agent: Option<String>,
}

/// Whose a file is, told by its first line in which something was said; `None` where it is no log of Claude Code.
pub fn agent_log(bytes: &[u8]) -> Option<AgentLog> {
    let mut lines = bytes.split(|byte| *byte == b'\n').take(MOST_LINES);
    lines.find_map(|line| {
        let value: Value = serde_json::from_slice(line).ok()?;
        if !matches!(text(&value, "type"), Some("user" | "assistant")) {
            return None;
        }
        Some(AgentLog {
            session: text(&value, "sessionId")?.to_owned(),
            agent: sub_agent(&value).map(str::to_owned),
        })
    })
}

/// How many lines are looked at for the first in which something was said.
const MOST_LINES: usize = 200;

/// The sub-agent that wrote a record.
pub(super) fn sub_agent(value: &Value) -> Option<&str> {
    text(value, "agentId").filter(|_| value["isSidechain"] == true)
}

/// The sub-agent that a record says has answered a call.
pub(super) fn answered_by(value: &Value) -> Option<&str> {
    text(value.get("toolUseResult")?, "agentId")
}

/// The records of a session and its sub-agents in order of time: files that were put behind each other are not. What
/// one agent wrote stays in its order.
pub(super) fn in_time(records: Vec<Record>) -> Vec<Record> {
    if records
        .iter()
        .all(|record| sub_agent(&record.value).is_none())
    {
        return records;
    }
    let mut newest: BTreeMap<Option<&str>, Timestamp> = BTreeMap::new();
    let mut times = Vec::with_capacity(records.len());
    for record in &records {
        let at = newest
            .entry(sub_agent(&record.value))
            .or_insert(Timestamp(i64::MIN));
        *at = time(record.value.get("timestamp")).map_or(*at, |time| time.max(*at));
        times.push(*at);
    }
    if times.is_sorted() {
        return records;
    }
    let mut timed: Vec<(Timestamp, Record)> = times.into_iter().zip(records).collect();
    timed.sort_by_key(|(at, _)| *at);
    timed.into_iter().map(|(_, record)| record).collect()
}
