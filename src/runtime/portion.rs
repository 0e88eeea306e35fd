//! Facts in portions that fit into records of the log: one input may make more of them than one record
//! takes.

use druse_engine::event::Entry;

/// Bytes of facts after which a new record is begun, far below what a record may hold: the last fact of a
/// portion may be as large as [`druse_engine::run::LARGEST_FACT`], and rows of gates repeat what theirs
/// say.
const PORTION: usize = 2 << 20;

/// The facts in their order, in as few portions as fit; at least one.
pub(super) fn portions(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut portions = Vec::with_capacity(1);
    let (mut portion, mut bytes) = (Vec::with_capacity(entries.len()), 0);
    for entry in entries {
        if bytes > PORTION {
            portions.push(std::mem::take(&mut portion));
            bytes = 0;
        }
        bytes += entry.event.weight();
        portion.push(entry);
    }
    portions.push(portion);
    portions
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::event::RunEvent;
    use druse_engine::{Json, Timestamp};
    use serde_json::json;

    fn entry(seq: u64, bytes: usize) -> Entry {
        Entry {
            seq,
            at: Timestamp(0),
            event: RunEvent::StepEvaluated {
                step: "a".into(),
                output: Json::from(json!("x".repeat(bytes))),
            },
        }
    }

    #[test]
    fn facts_keep_their_order_and_no_portion_is_much_larger_than_its_last_fact() {
        let sizes = [10, 1 << 20, 1 << 20, 10, 5 << 20, 10, 10, 3 << 20, 1];
        let entries: Vec<Entry> = (1..)
            .zip(sizes)
            .map(|(seq, size)| entry(seq, size))
            .collect();
        let portions = portions(entries);
        let seqs: Vec<Vec<u64>> = portions
            .iter()
            .map(|portion| portion.iter().map(|entry| entry.seq).collect())
            .collect();
        assert_eq!(seqs, [vec![1, 2, 3], vec![4, 5], vec![6, 7, 8], vec![9]]);
        assert_eq!(super::portions(Vec::new()), [Vec::new()]);
    }
}
