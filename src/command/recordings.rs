//! Recordings that stand in several files.

use druse_crystallizer::agent_log;
use std::path::PathBuf;

/// Files with the logs of Claude Code's sub-agents put behind that of the session that asked them, where both are given.
pub(super) fn joined(files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    if files.len() < 2 {
        return files;
    }
    let logs: Vec<_> = files.iter().map(|(_, bytes)| agent_log(bytes)).collect();
    let of = |session: &str| {
        let own = |log: &Option<druse_crystallizer::AgentLog>| {
            log.as_ref()
                .is_some_and(|log| log.agent.is_none() && log.session == session)
        };
        logs.iter().position(own)
    };
    let homes: Vec<usize> = logs
        .iter()
        .enumerate()
        .map(|(at, log)| match log {
            Some(log) if log.agent.is_some() => of(&log.session).unwrap_or(at),
            _ => at,
        })
        .collect();
    let mut out: Vec<Option<(PathBuf, Vec<u8>)>> = Vec::new();
    let mut members: Vec<(usize, Vec<u8>)> = Vec::new();
    for (at, (path, bytes)) in files.into_iter().enumerate() {
        if homes[at] == at {
            out.push(Some((path, bytes)));
        } else {
            members.push((homes[at], bytes));
            out.push(None);
        }
    }
    for (home, bytes) in members {
        if let Some(Some((_, whole))) = out.get_mut(home) {
            append(whole, &bytes);
        }
    }
    out.into_iter().flatten().collect()
}

/// Puts the lines of a file behind those of another.
pub(super) fn append(whole: &mut Vec<u8>, bytes: &[u8]) {
    if !whole.is_empty() && !whole.ends_with(b"\n") {
        whole.push(b'\n');
    }
    whole.extend_from_slice(bytes);
}
