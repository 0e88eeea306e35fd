//! The one thread that moves what is durable from memory to the index, merged and in log order.

use super::Shared;
use super::core::{Dirty, RunState};
use super::index::{Changes, RowChange};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// How long changes are collected before they are applied together.
const COLLECT: Duration = Duration::from_millis(50);
/// Changes that are applied without waiting for more.
const MANY: usize = 2048;
/// Changes after which the index hands its buffers to the system.
const FLUSH: usize = 32_768;

pub(crate) fn run(shared: &Arc<Shared>) {
    let mut unflushed = 0;
    loop {
        let mut core = shared.lock();
        loop {
            if core.full && !core.failed {
                // The index would need space that the log needs more.
                if core.closing {
                    return;
                }
                core = shared.wait_for(&shared.applied, core, COLLECT);
                continue;
            }
            let ready = core
                .dirty
                .front()
                .is_some_and(|(number, _)| *number <= core.durable.number);
            if ready && (core.closing || core.dirty.len() >= MANY) {
                break;
            }
            if core.failed || (core.closing && core.dirty.is_empty()) {
                return;
            }
            if ready {
                // Not counted as waiting: the writer need not wake us for each record.
                core = shared.wait_for(&shared.applied, core, COLLECT);
                break;
            }
            core.applier_waits = true;
            core = if unflushed > 0 {
                let waited = shared.wait_for(&shared.applied, core, Duration::from_secs(1));
                if waited.dirty.is_empty() {
                    drop(waited);
                    shared.index.flush();
                    unflushed = 0;
                    shared.lock()
                } else {
                    waited
                }
            } else {
                shared.wait(&shared.applied, core)
            };
            core.applier_waits = false;
        }
        drop(core);
        // A write of the index that finds no space spoils it for reading too: it is not begun.
        if shared.space.found_short(shared) {
            continue;
        }
        unflushed += step(shared);
        if unflushed >= FLUSH {
            shared.index.flush();
            unflushed = 0;
        }
    }
}

/// Applies all that is durable. Gives the number of changes.
pub(crate) fn step(shared: &Shared) -> usize {
    let mut core = shared.lock();
    let mark = core.durable;
    let mut changes = Changes {
        mark,
        ..Changes::default()
    };
    let mut taken = Vec::new();
    while let Some((number, _)) = core.dirty.front()
        && *number <= mark.number
    {
        let Some((_, dirty)) = core.dirty.pop_front() else {
            break;
        };
        match &dirty {
            Dirty::Run(run) => {
                let slot = core.slots.get(run);
                match slot.and_then(|slot| slot.durable_state(mark.number)) {
                    Some(RunState::Here(entry, _)) => {
                        changes.runs.insert(*run, entry.clone());
                    }
                    Some(RunState::Left(automation)) => {
                        changes.left.insert(*run, *automation);
                    }
                    None => {}
                }
            }
            Dirty::Row(table, key) => {
                let version = core
                    .rows
                    .get(table)
                    .and_then(|rows| rows.get(key))
                    .and_then(|all| all.iter().rev().find(|one| one.number <= mark.number));
                if let Some(version) = version {
                    changes.rows.insert(
                        (*table, key.clone()),
                        RowChange {
                            place: version.place,
                            value: version.value.clone(),
                        },
                    );
                }
            }
        }
        taken.push(dirty);
    }
    drop(core);
    if taken.is_empty() {
        return 0;
    }
    let kept = shared.keep_segments();
    let applied = shared.index.apply(&changes);
    drop(kept);
    if let Err(error) = applied {
        // Memory keeps what the index does not take; the log has it all. Reads stay right.
        tracing::error!(%error, "the index cannot be written");
        let mut core = shared.lock();
        for dirty in taken.into_iter().rev() {
            core.dirty.push_front((mark.number, dirty));
        }
        if core.closing {
            core.dirty.clear();
        } else {
            drop(shared.wait_for(&shared.applied, core, Duration::from_secs(1)));
        }
        return 0;
    }
    let mut core = shared.lock();
    for run in changes.left.into_keys() {
        if let Some(slot) = core.slots.get_mut(&run) {
            slot.versions.retain(|version| version.number > mark.number);
            slot.base = None;
            if slot.versions.is_empty() {
                core.slots.remove(&run);
            }
        }
    }
    for run in changes.runs.into_values() {
        let Some(slot) = core.slots.get_mut(&run.id) else {
            continue;
        };
        slot.versions.retain(|version| version.number > mark.number);
        if slot.versions.is_empty() {
            // A run may wait for long: the room of versions is more than all else that is kept of it.
            slot.versions = VecDeque::new();
        }
        let id = run.id;
        if run.status.is_final() && slot.versions.is_empty() {
            core.slots.remove(&id);
        } else {
            slot.base = Some(run.clone());
        }
        if run.status.is_final() {
            core.youngest_indexed = core.youngest_indexed.max(Some(id));
        }
    }
    for (table, key) in changes.rows.into_keys() {
        if let Some(rows) = core.rows.get_mut(&table)
            && let Some(versions) = rows.get_mut(&key)
        {
            versions.retain(|version| version.number > mark.number);
            if versions.is_empty() {
                rows.remove(&key);
            }
        }
    }
    core.epoch += 1;
    taken.len()
}
