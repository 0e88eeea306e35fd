//! The audit log: who changed what, kept in the same record as the change.

use super::Principal;
use crate::runtime::clock;
use druse_engine::RequestId;
use druse_storage::{Audit, Batch};
use serde_json::Value;

/// Adds a line about a change to the batch that makes it.
pub trait Audited {
    /// `action` is `<noun>.<verb>`, `subject` an id or a name.
    #[must_use]
    fn audited(self, who: &Principal, action: &str, subject: &dyn ToString, details: Value)
    -> Self;
}

impl Audited for Batch {
    fn audited(
        self,
        who: &Principal,
        action: &str,
        subject: &dyn ToString,
        details: Value,
    ) -> Self {
        self.put(&Audit {
            at: clock::now(),
            nonce: clock::new_id(RequestId::from_parts).to_string(),
            actor: who.name.clone(),
            action: action.into(),
            subject: subject.to_string(),
            details,
        })
    }
}
