//! The first answer again: a caller's key and what was made under it.

use super::{App, IdempotencyClaim, Problem};
use crate::runtime::clock;
use druse_engine::Span;
use druse_storage::{Batch, IdempotencyKey, StoreExt};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// How long a key is kept.
pub const KEPT: Span = Span::from_secs(7 * 24 * 3600);

/// Keys whose requests are being answered: an equal request waits and then gets the same answer.
#[derive(Debug, Default)]
pub struct KeyLocks(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

/// A key that is held until its request is answered.
pub struct HeldKey<'a> {
    locks: &'a KeyLocks,
    key: String,
    guard: Option<OwnedMutexGuard<()>>,
}

impl KeyLocks {
    /// Waits until no other request with this key is being answered.
    pub async fn hold(&self, key: String) -> HeldKey<'_> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.entry(key.clone()).or_default().clone()
        };
        let guard = Some(lock.lock_owned().await);
        HeldKey {
            locks: self,
            key,
            guard,
        }
    }
}

impl Drop for HeldKey<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut locks = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the map itself holds it: nobody waits. New holders need the map's lock, which is held.
        if locks
            .get(&self.key)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            locks.remove(&self.key);
        }
    }
}

impl App {
    /// What was made under this key before; `None` when the key is free.
    ///
    /// # Errors
    /// 409 when it was used with another body.
    pub async fn made_before(&self, claim: &IdempotencyClaim) -> Result<Option<Value>, Problem> {
        let key = format!("{}\n{}", claim.scope, claim.key);
        let Some(row) = self.store.get::<IdempotencyKey>(&key)? else {
            return Ok(None);
        };
        if clock::now().since(row.at) > KEPT {
            self.commit(Batch::new().remove::<IdempotencyKey>(key))
                .await?;
            return Ok(None);
        }
        if row.body != claim.body {
            return Err(Problem::conflict(
                "idempotency_conflict",
                "This Idempotency-Key was used with another body.",
                "Take a new key for a new request.",
            ));
        }
        Ok(Some(row.made))
    }
}
