mod deadlock;
mod life;
mod model;
mod order;
mod rates;

use super::{Claim, KeyClaim};
use crate::definition::Overflow;
use crate::{AutomationId, RunId};

fn run(number: u64) -> RunId {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    RunId::from_parts(1_800_000_000_000, bytes)
}

fn automation(number: u8) -> Option<AutomationId> {
    Some(AutomationId::from_parts(1_800_000_000_000, [number; 10]))
}

fn claim(key: Option<&str>, limit: u32, priority: i32) -> Claim {
    Claim {
        priority,
        key: key.map(|key| KeyClaim {
            key: key.into(),
            limit,
            overflow: Overflow::Queue,
            hold: false,
        }),
    }
}
