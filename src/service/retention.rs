//! How long history is kept: by age, by count and by what it takes of the disk. Runs leave whole, oldest
//! first, and never one that has not ended; one that a repeated request is answered from only where space
//! is short. Then their part of the log is given back.

mod claims;
mod files;
mod policy;
mod told;
mod watch;

use super::problem::sentence;
use super::{App, Principal, Problem, audit::Audited, idempotency, page};
use crate::runtime::clock;
use crate::step_log::StepLogs;
use druse_engine::{ApprovalId, AutomationId, RunId, Span, Timestamp};
use druse_storage::{
    Approval, ApprovalLink, Automation, Batch, BlobUse, CompactError, EndedRun, Entity,
    IdempotencyKey, ReadError, Scan, SeenRun, Setting, Store, StoreExt as _, Table, Usage,
};
use files::Searched;
pub(crate) use policy::parse_bytes;
pub use policy::{Kept, Retention};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use watch::Watch;

const SETTING: &str = "retention";
/// How often is looked whether something is to leave.
const EVERY: Duration = Duration::from_secs(60);
/// Runs that leave together.
const TOGETHER: usize = 64;
/// Runs and rows that are looked at together.
const PAGE: usize = 1_000;
/// Log that is no longer needed and is still not worth giving back.
const LITTLE: u64 = 16 << 20;
/// The share of the quota, in percent, over which runs leave, and the one at which that stops.
const OVER: u64 = 90;
const UNDER: u64 = 80;
/// Claims of scheduled times are kept at least this long: they tell which times a backfill makes up for.
const CLAIMS: Span = Span::from_secs(30 * 24 * 3600);

/// What a look at the history came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Swept {
    /// Runs that left.
    pub forgotten: u64,
    /// Rows about them and about old requests that left.
    pub rows: u64,
    /// Bytes of the log that were given back.
    pub freed_bytes: u64,
    /// Bytes that were written again for that.
    pub moved_bytes: u64,
    /// Bytes of the log now.
    pub log_bytes: u64,
    /// Bytes of it that are needed.
    pub live_bytes: u64,
    /// Files of runs and recordings that were removed.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
}

/// What the keeper of the history needs between two looks.
#[derive(Debug, Default)]
pub struct Keeper {
    /// Wakes it.
    changed: Notify,
    /// One look at a time.
    looking: Mutex<()>,
    /// Why the log could not be given back at the last look.
    blocked: Mutex<Option<String>>,
    searched: Searched,
    watch: Watch,
}

impl Keeper {
    /// A file may be nobody's any more: it is looked for soon.
    pub fn file_let_go(&self) {
        self.searched.forget();
        self.changed.notify_one();
    }
}

impl App {
    /// What is kept, and its entity tag.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn retention(&self) -> Result<(Retention, String), Problem> {
        let row = self.store.get::<Setting>(SETTING)?;
        let kept: Retention = match row {
            Some(row) => {
                serde_json::from_value(row.value).map_err(|error| Problem::internal(&error))?
            }
            None => Retention::default(),
        };
        let text = serde_json::to_string(&kept).map_err(|error| Problem::internal(&error))?;
        let digest = druse_engine::Digest::of(text.as_bytes());
        Ok((kept, format!("\"{}\"", &digest.hex()[..16])))
    }

    /// Says what is kept from now on. Hold [`super::app::Parts::edits`].
    ///
    /// # Errors
    /// 422 for what makes no sense.
    pub async fn write_retention(&self, who: &Principal, kept: Retention) -> Result<(), Problem> {
        let names = self.automation_names()?.into_values().collect();
        let wrong = kept.findings(&names);
        if !wrong.is_empty() {
            return Err(Problem::unprocessable(
                "bad_retention",
                format!(
                    "The history cannot be kept like this: {}.",
                    wrong[0].message
                ),
                match wrong[0].help.as_str() {
                    "" => "Each finding names its place.".to_owned(),
                    help => sentence(help),
                },
            )
            .findings(wrong));
        }
        let value = serde_json::to_value(&kept).map_err(|error| Problem::internal(&error))?;
        let row = Setting {
            name: SETTING.into(),
            value: value.clone(),
            updated_at: clock::now(),
        };
        let mut batch = Batch::new().put(&row);
        batch = batch.audited(who, "retention.write", &SETTING, value);
        // A full history is no reason to refuse what makes it shorter.
        batch.must_fit = true;
        self.commit(batch).await?;
        self.keeper.changed.notify_one();
        Ok(())
    }

    /// Keeps the history to what is wanted until the engine closes.
    pub async fn keep_history(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.keeper.changed.notified() => {}
                () = self.nearly_over() => {}
                () = self.engine.closing() => return,
            }
            let app = self.clone();
            match self.off_thread(move || app.sweep(false)).await {
                Ok(swept) if swept.forgotten + swept.freed_bytes + swept.files > 0 => {
                    tracing::info!(
                        runs = swept.forgotten,
                        freed = swept.freed_bytes + swept.file_bytes,
                        "history was let go"
                    )
                }
                Ok(_) => {}
                Err(problem) => {
                    tracing::warn!(error = problem.message, "old history could not be let go");
                }
            }
        }
    }

    /// Why the log could not be given back at the last look, if it was to be.
    pub fn history_blocked(&self) -> Option<String> {
        let blocked = self.keeper.blocked.lock();
        blocked.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go what is to leave, and gives back the log where that is worth it; with `all`, wherever
    /// something comes of it. Blocks on the disk.
    ///
    /// # Errors
    /// When rows cannot be read or written.
    pub fn sweep(&self, all: bool) -> Result<Swept, Problem> {
        self.sweep_at(all, clock::now())
    }

    /// As [`Self::sweep`], as if it were that time.
    pub(crate) fn sweep_at(&self, all: bool, now: Timestamp) -> Result<Swept, Problem> {
        let looking = self.keeper.looking.lock();
        let _looking = looking.unwrap_or_else(PoisonError::into_inner);
        let kept = self.retention()?.0.sound();
        let mut sweep = Sweep {
            app: self,
            names: self.automation_names()?,
            kept,
            now,
            claimed: None,
            tight: false,
            links: None,
            swept: Swept::default(),
        };
        sweep.requests()?;
        sweep.old_links()?;
        sweep.by_age()?;
        sweep.by_count()?;
        sweep.triggered()?;
        sweep.by_quota()?;
        sweep.files(all)?;
        sweep.give_back(all)?;
        self.keeper.watch.also_written(sweep.swept.moved_bytes);
        Ok(sweep.swept)
    }

    fn automation_names(&self) -> Result<BTreeMap<AutomationId, String>, Problem> {
        let rows: Vec<Automation> = page::all(&*self.store, "")?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }
}

/// One look at the history.
struct Sweep<'a> {
    app: &'a App,
    names: BTreeMap<AutomationId, String>,
    kept: Retention,
    now: Timestamp,
    /// Runs that a repeated request may still ask for, once they are needed.
    claimed: Option<BTreeSet<RunId>>,
    /// Whether these leave, too, because nothing else is left that may.
    tight: bool,
    /// The keys of the links to each approval, once they are needed.
    links: Option<BTreeMap<ApprovalId, Vec<String>>>,
    swept: Swept,
}

impl Sweep<'_> {
    fn store(&self) -> &dyn Store {
        &*self.app.store
    }

    fn logs(&self) -> &StepLogs {
        self.app.engine.actions().logs()
    }

    fn policy(&self, automation: Option<AutomationId>) -> Kept {
        self.kept.of(automation.and_then(|id| self.names.get(&id)))
    }

    fn append(&self, mut batch: Batch) -> Result<(), Problem> {
        // What frees space is let in when there is none.
        batch.must_fit = true;
        let written = self.store().append(batch).and_then(|ticket| ticket.wait());
        written.map(|_| ()).map_err(Problem::from)
    }

    /// Runs that are older than their automation's are kept.
    fn by_age(&mut self) -> Result<(), Problem> {
        let Some(shortest) = self.kept.shortest() else {
            return Ok(());
        };
        let mut after = None;
        loop {
            let page = self.store().oldest_ended(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.run);
            // Ids grow with time, and no run ends before it begins.
            let young = (last.run.0.unix_ms() as i64) > self.now.0 - shortest.as_millis() as i64;
            let old: Vec<EndedRun> = page
                .into_iter()
                .filter(|run| {
                    let age = self.policy(run.automation).max_age;
                    age.is_some_and(|age| self.now.since(run.ended_at) > age)
                })
                .collect();
            self.forget(&old, "age")?;
            if young {
                return Ok(());
            }
        }
    }

    /// The oldest runs of automations of which there are more than are kept.
    fn by_count(&mut self) -> Result<(), Problem> {
        if !self.kept.counts() {
            return Ok(());
        }
        let mut counts: BTreeMap<Option<AutomationId>, u64> = BTreeMap::new();
        self.each_ended(&mut |run| {
            *counts.entry(run.automation).or_default() += 1;
            true
        })?;
        let mut over: BTreeMap<Option<AutomationId>, u64> = BTreeMap::new();
        for (automation, count) in counts {
            if let Some(most) = self.policy(automation).max_runs
                && count > most
            {
                over.insert(automation, count - most);
            }
        }
        let mut old = Vec::new();
        self.each_ended(&mut |run| {
            if let Some(left) = over.get_mut(&run.automation).filter(|left| **left > 0) {
                *left -= 1;
                old.push(*run);
            }
            over.values().any(|left| *left > 0)
        })?;
        self.forget(&old, "count")
    }

    /// The oldest runs, while the history takes more than it may: first those that nobody can ask for by
    /// repeating a request, then these, too. That they were started is told by rows of their own.
    fn by_quota(&mut self) -> Result<(), Problem> {
        let Some(most) = self.kept.max_bytes else {
            self.store().set_over_quota(false);
            self.app.keeper.watch.rests();
            return Ok(());
        };
        let written = self.app.written()?;
        let usage = self.store().usage()?;
        let logs = self.logs().all_bytes();
        let logs = logs.map_err(|error| Problem::internal(&error))?;
        let mut taken = usage.live_bytes + logs + self.file_bytes()?;
        if taken > most / 100 * OVER {
            let wanted = most / 100 * UNDER;
            taken = self.down_to(wanted, taken)?;
            if taken > most / 100 * OVER {
                self.tight = true;
                taken = self.down_to(wanted, taken)?;
                self.tight = false;
            }
        }
        self.store().set_over_quota(taken > most);
        self.app.keeper.watch.looked(most, taken, written);
        Ok(())
    }

    /// Lets the oldest runs leave, and with them the firings and messages of their time, until about so many bytes are
    /// taken, and gives how many then are.
    fn down_to(&mut self, wanted: u64, mut taken: u64) -> Result<u64, Problem> {
        let mut after = None;
        let mut told = self.told_by_time()?.into_iter().peekable();
        let mut before = None;
        // What is younger than all runs that may leave leaves only with those that leave last.
        let tight = self.tight;
        while taken > wanted {
            let page = self.store().oldest_ended(after, TOGETHER)?;
            let oldest = page.first().map(|run| run.run.0.unix_ms() as i64);
            let is_older = |time: &Timestamp| oldest.map_or(tight, |oldest| time.0 <= oldest);
            while taken > wanted
                && let Some((time, bytes)) = told.next_if(|(time, _)| is_older(time))
            {
                taken = taken.saturating_sub(bytes);
                before = Some(time);
            }
            let Some(last) = page.last().filter(|_| taken > wanted) else {
                break;
            };
            after = Some(last.run);
            let mut more = taken - wanted;
            let mut old = Vec::new();
            for run in page {
                if more == 0 {
                    break;
                }
                // What stays frees nothing.
                if self.is_wanted(&run)? {
                    continue;
                }
                let Some(left) = self.left_behind(run.run) else {
                    continue;
                };
                let files: u64 = left.files.values().sum();
                let own = run.bytes + self.logs().bytes(run.run) + files;
                more = more.saturating_sub(own);
                old.push(run);
            }
            taken = taken.saturating_sub(self.forget_some(&old, "quota")?);
        }
        if let Some(time) = before {
            self.told_before(time)?;
        }
        Ok(taken)
    }

    fn each_ended(&self, visit: &mut dyn FnMut(&EndedRun) -> bool) -> Result<(), Problem> {
        let mut after = None;
        loop {
            let page = self.store().oldest_ended(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.run);
            if !page.iter().all(&mut *visit) {
                return Ok(());
            }
        }
    }

    fn forget(&mut self, runs: &[EndedRun], reason: &str) -> Result<(), Problem> {
        for some in runs.chunks(TOGETHER) {
            self.forget_some(some, reason)?;
        }
        Ok(())
    }

    /// Lets runs leave, with the gates they had and the links to these; gives the bytes that nobody needs any more.
    fn forget_some(&mut self, runs: &[EndedRun], reason: &str) -> Result<u64, Problem> {
        let mut batch = Batch::new();
        let (mut bytes, mut count) = (0, 0);
        let mut leaving = BTreeSet::new();
        let mut files = BTreeMap::new();
        for run in runs {
            if self.is_wanted(run)? {
                continue;
            }
            let Some(left) = self.left_behind(run.run) else {
                continue;
            };
            bytes += run.bytes;
            count += 1;
            for digest in left.files.keys() {
                batch = batch.remove::<BlobUse>(BlobUse::key_of(digest, run.run));
            }
            files.extend(left.files);
            for approval in left.approvals {
                batch = batch.remove::<Approval>(approval.to_string());
                for link in self.links_to(approval)? {
                    batch = batch.remove::<ApprovalLink>(link);
                }
            }
            let key = run.run.to_string();
            if self.store().row(Table::SeenRun, &key)?.is_some() {
                batch = batch.remove::<SeenRun>(key);
            }
            batch = batch.forget(run.run, reason, self.now);
            leaving.insert(run.run);
        }
        if count == 0 {
            return Ok(0);
        }
        self.swept.rows += batch.facts.len() as u64 - count;
        bytes += self.freed_by(&files, &leaving)?;
        if !files.is_empty() {
            self.app.keeper.searched.forget();
        }
        // Before: whatever happens in between, nothing is left that belongs to nobody.
        for run in &leaving {
            bytes += self.logs().remove(*run);
        }
        self.append(batch)?;
        for run in leaving {
            // An attempt that was canceled may have said something more meanwhile.
            self.logs().remove(run);
        }
        self.swept.forgotten += count;
        Ok(bytes)
    }

    /// Whether a repeated request, or a run that has not ended, may still ask for a run. One of which that cannot be
    /// read just now stays until it can.
    fn is_wanted(&mut self, run: &EndedRun) -> Result<bool, Problem> {
        if !self.tight && self.now.since(run.ended_at) <= idempotency::KEPT {
            if self.claimed.is_none() {
                self.claimed = Some(self.claims()?);
            }
            let claimed = self.claimed.as_ref();
            if claimed.is_some_and(|claimed| claimed.contains(&run.run)) {
                return Ok(true);
            }
        }
        let head = match self.store().run_head(run.run) {
            Ok(Some(head)) => head,
            // One that is damaged is wanted by nobody.
            Ok(None) | Err(ReadError::Damaged(_)) => return Ok(false),
            Err(_) => return Ok(true),
        };
        let cause = head.cause.value();
        let parent = cause["run_id"].as_str().and_then(|id| id.parse().ok());
        let Some(parent) = parent.filter(|_| cause["kind"] == "automation") else {
            return Ok(false);
        };
        Ok(may_go_on(self.store(), parent))
    }

    /// The keys of the links to an approval; they are not asked for again.
    fn links_to(&mut self, approval: ApprovalId) -> Result<Vec<String>, Problem> {
        if self.links.is_none() {
            let mut links: BTreeMap<ApprovalId, Vec<String>> = BTreeMap::new();
            self.each(|link: &ApprovalLink| {
                links.entry(link.approval).or_default().push(link.key());
            })?;
            self.links = Some(links);
        }
        let links = self.links.as_mut();
        let links = links.and_then(|links| links.remove(&approval));
        Ok(links.unwrap_or_default())
    }

    fn each<E: Entity>(&self, visit: impl FnMut(&E)) -> Result<(), Problem> {
        self.each_below("", visit)
    }

    fn each_below<E: Entity>(
        &self,
        prefix: &str,
        mut visit: impl FnMut(&E),
    ) -> Result<(), Problem> {
        let mut scan = Scan {
            prefix: prefix.into(),
            limit: PAGE,
            ..Scan::default()
        };
        loop {
            let rows: Vec<E> = self.store().scan(&scan)?;
            rows.iter().for_each(&mut visit);
            match rows.last() {
                Some(last) if rows.len() == PAGE => scan.after = Some(last.key()),
                _ => return Ok(()),
            }
        }
    }

    /// Removes the rows below a prefix that are old.
    fn prune<E: Entity>(&mut self, prefix: &str, old: impl Fn(&E) -> bool) -> Result<(), Problem> {
        let mut scan = Scan {
            prefix: prefix.into(),
            limit: PAGE,
            ..Scan::default()
        };
        loop {
            let rows: Vec<E> = self.store().scan(&scan)?;
            let gone = rows.iter().filter(|row| old(row));
            let batch = gone.fold(Batch::new(), |batch, row| batch.remove::<E>(row.key()));
            self.remove(batch)?;
            match rows.last() {
                Some(last) if rows.len() == PAGE => scan.after = Some(last.key()),
                _ => return Ok(()),
            }
        }
    }

    fn remove(&mut self, rows: Batch) -> Result<(), Problem> {
        if rows.facts.is_empty() {
            return Ok(());
        }
        self.swept.rows += rows.facts.len() as u64;
        self.append(rows)
    }

    /// Idempotency keys whose time is over, except those by which a run that goes on finds what its
    /// steps have started.
    fn requests(&mut self) -> Result<(), Problem> {
        let now = self.now;
        let store = self.app.store.clone();
        self.prune("", move |key: &IdempotencyKey| {
            let goes_on = || {
                let run = key.scope.strip_prefix("run:")?.parse().ok()?;
                Some(may_go_on(&*store, run))
            };
            now.since(key.at) > idempotency::KEPT && goes_on() != Some(true)
        })
    }

    /// Links to approvals whose time is over: for a while longer they say so to whoever opens them. One
    /// that was used says that until then.
    fn old_links(&mut self) -> Result<(), Problem> {
        let now = self.now;
        self.prune("", move |link: &ApprovalLink| {
            now.since(link.expires_at) > idempotency::KEPT
        })
    }

    /// Gives back the oldest parts of the log while enough of it is no longer needed.
    fn give_back(&mut self, all: bool) -> Result<(), Problem> {
        let mut blocked = None;
        let mut usage = self.store().usage()?;
        // A part of which all is needed frees nothing, but what lies behind it may.
        let mut parts = usage.segments;
        while parts > 0 && self.is_worth(&usage, all) {
            parts -= 1;
            match self.store().compact() {
                Ok(done) if done.freed == 0 => break,
                Ok(done) => {
                    self.swept.freed_bytes += done.freed;
                    self.swept.moved_bytes += done.moved;
                }
                Err(error @ CompactError::Damaged(_)) => {
                    blocked = Some(error.to_string());
                    break;
                }
                Err(CompactError::Append(error)) => return Err(error.into()),
                Err(CompactError::Io(error)) => return Err(Problem::internal(&error)),
            }
            usage = self.store().usage()?;
        }
        let state = self.app.keeper.blocked.lock();
        *state.unwrap_or_else(PoisonError::into_inner) = blocked;
        self.swept.log_bytes = usage.log_bytes;
        self.swept.live_bytes = usage.live_bytes;
        Ok(())
    }

    fn is_worth(&self, usage: &Usage, all: bool) -> bool {
        let dead = usage.log_bytes.saturating_sub(usage.live_bytes);
        let tight = self
            .kept
            .max_bytes
            .is_some_and(|most| usage.log_bytes > most / 100 * OVER);
        // Half of it: then what is written again is never more than what comes back. Where space is
        // short, more may be written for less.
        let share = if all || tight { 8 } else { 2 };
        let least = if all { 0 } else { LITTLE };
        dead > least && dead > usage.log_bytes / share
    }
}

/// Whether a run has not ended, or that cannot be read just now. One that is damaged does not go on.
fn may_go_on(store: &dyn Store, run: RunId) -> bool {
    match store.run_head(run) {
        Ok(head) => head.is_some_and(|head| !head.status.is_final()),
        Err(error) => error.is_transient(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_lets_everything_go_is_refused_by_name() {
        let names = BTreeSet::from(["ping".to_owned()]);
        let told = |written: serde_json::Value| -> Vec<String> {
            let kept: Retention = serde_json::from_value(written).unwrap();
            let findings = kept.findings(&names);
            let told = findings
                .iter()
                .map(|f| format!("{} {}", f.path.as_deref().unwrap_or_default(), f.code));
            told.collect()
        };
        let none = json!({ "max_runs": 0, "max_age": "0s", "automations": { "ping": { "max_runs": 0 }, "pong": { "max_age": "59s" } } });
        assert_eq!(
            told(none),
            [
                "/max_age keeps_nothing",
                "/max_runs keeps_nothing",
                "/automations/ping/max_runs keeps_nothing",
                "/automations/pong/max_age keeps_nothing",
                "/automations/pong unknown_automation",
            ]
        );
        let least = json!({ "max_runs": 1, "max_age": "1m", "automations": { "ping": {} } });
        assert_eq!(told(least), Vec::<String>::new());
    }

    /// What the documentation writes is taken, where its automations are there.
    #[test]
    fn the_documented_settings_are_taken() {
        let page = include_str!("../../docs/history.md");
        let block = page.split("```json\n").nth(1).unwrap();
        let kept: Retention = serde_json::from_str(block.split("```").next().unwrap()).unwrap();
        let names = kept.automations.keys().cloned().collect();
        assert_eq!(kept.findings(&names), []);
        assert_eq!(kept.max_bytes, Some(20_000_000_000));
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let read = |text: &str| parse_bytes(text);
        assert_eq!(read("500MB"), Some(500_000_000));
        assert_eq!(read("10 GiB"), Some(10 << 30));
        assert_eq!(read("77"), Some(77));
        for wrong in ["", "GB", "1.5GB", "-1", "10 gb", "99999999999TB"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
