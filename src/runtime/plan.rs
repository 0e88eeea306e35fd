//! Compiled versions, kept so that a run costs no parsing: immutable, so never stale. Which version is
//! active may change, and whoever changes it says so.

use super::Engine;
use crate::service::RunError;
use druse_engine::{
    AutomationId, Digest, capability::Capabilities, definition::Document, plan::Plan,
};
use druse_storage::{Automation, AutomationStatus, ReadError, Store, StoreExt, Version};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// A version, compiled.
pub(super) struct Compiled {
    pub(super) automation: AutomationId,
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) digest: Digest,
    pub(super) plan: Arc<Plan>,
}

/// Why a version cannot be had.
#[derive(Debug)]
pub(super) enum NoPlan {
    /// No such automation or version.
    Unknown,
    /// The automation is not active, and no version was named.
    NotActive,
    /// The version cannot run; the findings say why.
    Broken(Vec<druse_engine::Finding>),
    /// The store did not give it.
    Read(ReadError),
}

impl From<ReadError> for NoPlan {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// The most compiled versions that are kept; more are compiled again when needed.
const KEPT: usize = 512;

/// Compiled versions by automation and number.
#[derive(Default)]
pub(super) struct Plans {
    compiled: RwLock<HashMap<(AutomationId, u32), Arc<Compiled>>>,
    active: RwLock<Active>,
    judge: OnceLock<Judge>,
}

/// Says why a version may not run that is not in use.
pub(super) type Judge = Box<dyn Fn(AutomationId, u32) -> Result<(), RunError> + Send + Sync>;

#[derive(Default)]
struct Active {
    versions: HashMap<AutomationId, u32>,
    /// Versions by their numbers that may run though they are not in use.
    passed: HashSet<(AutomationId, u32)>,
    /// Goes up with each change, so that what was read before a change is not remembered after it.
    changes: u64,
}

impl Engine {
    /// A version of an automation, compiled.
    ///
    /// # Errors
    /// When there is no such version, or it cannot run.
    pub fn version_plan(
        &self,
        automation: AutomationId,
        version: u32,
    ) -> Result<Arc<Plan>, RunError> {
        let found = self
            .0
            .plans
            .get(&*self.0.store, automation, Some(version))?;
        Ok(found.plan.clone())
    }

    /// Whether there is such an automation, and it was not removed.
    ///
    /// # Errors
    /// When its row cannot be read.
    pub(super) fn has_automation(&self, automation: AutomationId) -> Result<bool, ReadError> {
        let row: Option<Automation> = self.0.store.get(&automation.to_string())?;
        Ok(row.is_some())
    }

    /// What the active version of an automation may touch; nothing where there is none.
    pub fn capabilities(&self, automation: AutomationId) -> Arc<Capabilities> {
        match self.0.plans.get(&*self.0.store, automation, None) {
            Ok(compiled) => compiled.plan.capabilities().clone(),
            Err(_) => Arc::default(),
        }
    }
}

impl Engine {
    /// Says who judges whether a version may run that is not in use and that nobody starts by hand.
    pub fn set_judge(&self, judge: Judge) {
        let _ = self.0.plans.judge.set(judge);
    }

    /// Looks whether a trigger or another automation may start this version. One that passed once is not judged again
    /// before something is changed about the automation.
    pub(super) fn may_run_alone(
        &self,
        automation: AutomationId,
        version: u32,
    ) -> Result<(), RunError> {
        let plans = &self.0.plans;
        let Some(judge) = plans.judge.get() else {
            return Ok(());
        };
        let changes = {
            let active = plans.active.read().unwrap_or_else(PoisonError::into_inner);
            if active.passed.contains(&(automation, version)) {
                return Ok(());
            }
            active.changes
        };
        judge(automation, version)?;
        let mut active = plans.active.write().unwrap_or_else(PoisonError::into_inner);
        if active.changes == changes {
            active.passed.insert((automation, version));
        }
        Ok(())
    }
}

impl Plans {
    /// Forgets which version is active, and which of them may run.
    pub(super) fn forget(&self, automation: AutomationId) {
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        active.versions.remove(&automation);
        active.passed.retain(|(passed, _)| *passed != automation);
        active.changes += 1;
    }

    /// The version with this number, or the active one.
    pub(super) fn get(
        &self,
        store: &dyn Store,
        automation: AutomationId,
        version: Option<u32>,
    ) -> Result<Arc<Compiled>, NoPlan> {
        let number = match version {
            Some(number) => number,
            None => self.active_version(store, automation)?,
        };
        let key = (automation, number);
        if let Some(found) = self
            .compiled
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Ok(found.clone());
        }
        let row: Version = store
            .get(&Version::key_of(automation, number))?
            .ok_or(NoPlan::Unknown)?;
        let document: Document = serde_json::from_value(row.document)
            .map_err(|error| ReadError::Damaged(error.to_string()))?;
        let name = document.name.clone();
        let plan = Plan::compile(Arc::new(document)).map_err(NoPlan::Broken)?;
        let compiled = Arc::new(Compiled {
            automation,
            name,
            version: number,
            digest: row.digest,
            plan: Arc::new(plan),
        });
        let mut kept = self
            .compiled
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, compiled.clone());
        Ok(compiled)
    }

    /// The version of an automation that is active.
    pub(super) fn active_version(
        &self,
        store: &dyn Store,
        automation: AutomationId,
    ) -> Result<u32, NoPlan> {
        let changes = {
            let active = self.active.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(number) = active.versions.get(&automation) {
                return Ok(*number);
            }
            active.changes
        };
        let row: Automation = store.get(&automation.to_string())?.ok_or(NoPlan::Unknown)?;
        let number = match (row.status, row.active_version) {
            (AutomationStatus::Active, Some(number)) => number,
            _ => return Err(NoPlan::NotActive),
        };
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        if active.changes == changes {
            active.versions.insert(automation, number);
        }
        Ok(number)
    }
}
