//! The tools that versions were activated with, kept as long as nothing is activated anew.

use super::Engine;
use druse_engine::AutomationId;
use druse_engine::definition::FailureClass;
use druse_engine::event::Failure;
use druse_engine::plan::ActionKind;
use druse_storage::{Review, StoreExt as _, ToolPin, ToolPins};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The most versions of which they are kept.
const KEPT: usize = 512;

/// An automation and the number of a version.
type OfVersion = (AutomationId, u32);

/// Pinned tools by version.
#[derive(Default)]
pub(super) struct Pins {
    known: RwLock<HashMap<OfVersion, Arc<[ToolPin]>>>,
    /// Goes up with each change, so that what was read before one is not remembered after it.
    changes: std::sync::atomic::AtomicU64,
}

impl Pins {
    /// Forgets those of an automation.
    pub(super) fn forget(&self, automation: AutomationId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(one, _), _| *one != automation);
        self.changes
            .fetch_add(1, std::sync::atomic::Ordering::AcqRel);
    }
}

impl Engine {
    /// Those that an attempt of this kind needs.
    ///
    /// # Errors
    /// A failure to try again after, when they cannot be read.
    pub(super) fn pins_for(
        &self,
        kind: ActionKind,
        (automation, version): (Option<AutomationId>, u32),
    ) -> Result<Arc<[ToolPin]>, Failure> {
        if kind != ActionKind::Mcp {
            return Ok(Arc::default());
        }
        self.pinned_tools(automation, version).map_err(|error| {
            let message = format!("What the version was activated with cannot be read: {error}");
            Failure::new(FailureClass::Retryable, "unreadable_store", message)
        })
    }

    /// The tools that a version was activated with; none for one that never was, or whose servers could not be asked.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub(super) fn pinned_tools(
        &self,
        automation: Option<AutomationId>,
        version: u32,
    ) -> Result<Arc<[ToolPin]>, druse_storage::ReadError> {
        let Some(automation) = automation else {
            return Ok(Arc::default());
        };
        let pins = &self.0.pins;
        let key = (automation, version);
        let changes = pins.changes.load(std::sync::atomic::Ordering::Acquire);
        if let Some(found) = pins
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Ok(found.clone());
        }
        let row: Option<ToolPins> = self.0.store.get(&Review::key_of(automation, version))?;
        let tools: Arc<[ToolPin]> = row.map(|row| row.tools).unwrap_or_default().into();
        let mut known = pins.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        if pins.changes.load(std::sync::atomic::Ordering::Acquire) == changes {
            known.insert(key, tools.clone());
        }
        Ok(tools)
    }
}
