//! What triggers and subscriptions have done: it leaves with the runs of its time.

use super::{CLAIMS, PAGE, Sweep};
use crate::service::{Problem, page};
use druse_engine::{Span, Timestamp};
use druse_storage::{
    Batch, Entity, Firing, FiringKey, FiringStatus, Scan, Sent, StoreExt as _, Trigger,
};
use std::collections::BTreeMap;

/// Firings of so many milliseconds leave together where space is short.
const TOGETHER: i64 = 60_000;

/// What may leave, and about how many bytes it takes, by the time before which it came.
pub(super) type ByTime = BTreeMap<Timestamp, u64>;

impl Sweep<'_> {
    /// Firings and messages that are older than runs are kept, and firings beyond the number of runs that are kept.
    pub(super) fn triggered(&mut self) -> Result<(), Problem> {
        let now = self.now;
        if self.kept.shortest().is_none() && !self.kept.counts() {
            return Ok(());
        }
        let triggers: Vec<Trigger> = page::all(self.store(), "")?;
        for trigger in triggers {
            let policy = self.policy(Some(trigger.automation));
            let prefix = format!("{}/", trigger.id);
            if let Some(age) = policy.max_age {
                self.prune(&prefix, |firing: &Firing| {
                    may_leave(firing) && now.since(firing.received_at) > age
                })?;
            }
            if let Some(most) = policy.max_runs {
                self.newest(&prefix, most)?;
            }
            if policy.max_age.is_some() || policy.max_runs.is_some() {
                let age = policy.max_age.map_or(CLAIMS, |age| age.max(CLAIMS));
                self.old_claims(&prefix, &|key| now.since(key.at) > age)?;
            }
        }
        match self.kept.max_age {
            Some(age) => self.prune("", |sent: &Sent| now.since(sent.at) > age),
            None => Ok(()),
        }
    }

    /// Keeps so many firings that a run came of, and so many of which none did: the newest.
    fn newest(&mut self, prefix: &str, most: u64) -> Result<(), Problem> {
        let (mut started, mut others) = (0, 0);
        let mut last_run = None;
        let mut scan = Scan {
            prefix: prefix.into(),
            descending: true,
            limit: PAGE,
            ..Scan::default()
        };
        loop {
            let rows: Vec<Firing> = self.store().scan(&scan)?;
            let mut gone = Batch::new();
            for firing in rows.iter().filter(|firing| may_leave(firing)) {
                let kept = match firing.status {
                    FiringStatus::Accepted => &mut started,
                    _ => &mut others,
                };
                // All that one run was started for count as one.
                if firing.status != FiringStatus::Accepted || firing.run != last_run {
                    *kept += 1;
                }
                if firing.status == FiringStatus::Accepted {
                    last_run = firing.run;
                }
                if *kept > most {
                    gone = gone.remove::<Firing>(firing.key());
                }
            }
            self.remove(gone)?;
            match rows.last() {
                Some(last) if rows.len() == PAGE => scan.after = Some(last.key()),
                _ => return Ok(()),
            }
        }
    }

    /// What firings and messages that may leave take.
    pub(super) fn told_by_time(&self) -> Result<ByTime, Problem> {
        let mut found = ByTime::new();
        self.each(|firing: &Firing| {
            if may_leave(firing) {
                *found.entry(upto(firing.received_at)).or_default() += size(firing);
            }
        })?;
        self.each(|sent: &Sent| *found.entry(upto(sent.at)).or_default() += size(sent))?;
        Ok(found)
    }

    /// Lets firings and messages leave that came before a time. What they claim stays claimed for as long as ever.
    pub(super) fn told_before(&mut self, time: Timestamp) -> Result<(), Problem> {
        self.prune("", |firing: &Firing| {
            may_leave(firing) && firing.received_at < time
        })?;
        self.prune("", |sent: &Sent| sent.at < time)?;
        let now = self.now;
        self.old_claims("", &|key| key.at < time && now.since(key.at) > CLAIMS)
    }

    /// Lets old claims leave, but for those of runs that are there: a backfill would start these once more.
    fn old_claims(
        &mut self,
        prefix: &str,
        old: &dyn Fn(&FiringKey) -> bool,
    ) -> Result<(), Problem> {
        let store = self.app.store.clone();
        let has_left = |run| matches!(store.run_head(run), Ok(None));
        self.prune(prefix, |key: &FiringKey| {
            old(key) && key.run.is_none_or(has_left)
        })
    }
}

/// What waits in a window stays.
fn may_leave(firing: &Firing) -> bool {
    firing.status != FiringStatus::Queued
}

/// The end of the stretch of time that something came in.
fn upto(at: Timestamp) -> Timestamp {
    let begin = at.0.div_euclid(TOGETHER).saturating_mul(TOGETHER);
    Timestamp(begin).after(Span::from_millis(TOGETHER.unsigned_abs()))
}

fn size<E: serde::Serialize>(row: &E) -> u64 {
    serde_json::to_vec(row).map_or(0, |text| text.len() as u64)
}
