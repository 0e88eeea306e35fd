//! Whether schedules keep their time: what is late or missing is told, from the definition and the last
//! firing alone, so that a schedule cannot stop without anybody noticing.

use super::Triggers;
use super::registry::{Armed, Kind};
use druse_engine::{Finding, Span, Timestamp};
use druse_storage::{Firing, FiringStatus, Trigger};
use serde_json::json;
use std::time::Duration;

/// More than this is told.
pub(super) const LATE: Span = Span::from_secs(60);

/// How often the watch looks at all schedules.
const WATCH: Duration = Duration::from_secs(20);

impl Triggers {
    /// Looks after the schedules until [`Triggers::close`]: what should have fired and has not is put on
    /// the agenda again, and told as an event.
    pub(super) async fn keep_watch(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(WATCH) => {}
                () = self.0.closing.cancelled() => return,
            }
            self.look_for_missing().await;
        }
    }

    /// Tells of each due time that is missing, once.
    pub(super) async fn look_for_missing(&self) {
        let now = self.now();
        for armed in
            self.those(|armed| armed.is_active() && matches!(armed.kind, Kind::Schedule { .. }))
        {
            let Some(at) = overdue(&armed, now) else {
                continue;
            };
            self.0.schedules.add(armed.row.id, now);
            self.0.changed.notify_one();
            if !armed.progress.is_newly_missing(at) {
                continue;
            }
            tracing::error!(trigger = %armed.row.id, %at, "a scheduled time has not fired");
            let data = json!({ "scheduled_at": at, "late_ms": now.since(at).as_millis() });
            let announced = self.announce("schedule.overdue", &armed, data);
            if let Err(error) = self
                .append_announced(druse_storage::Batch::new(), announced)
                .await
            {
                tracing::warn!(trigger = %armed.row.id, %error, "an overdue schedule could not be told");
            }
        }
    }

    /// How many schedules have a due time that should have fired and has not.
    pub fn overdue(&self) -> usize {
        self.missing().len()
    }

    /// The schedules that have a due time that should have fired and has not, each with that time.
    pub fn missing(&self) -> Vec<(Trigger, Timestamp)> {
        let now = self.now();
        let those = self.those(|armed| overdue(armed, now).is_some());
        let due = |armed: &Armed| Some((armed.row.clone(), overdue(armed, now)?));
        those.iter().filter_map(|armed| due(armed)).collect()
    }
}

/// The due time of an active schedule that should have fired more than a minute ago and has not.
pub(super) fn overdue(armed: &Armed, now: Timestamp) -> Option<Timestamp> {
    let Kind::Schedule {
        timetable, delay, ..
    } = &armed.kind
    else {
        return None;
    };
    let next = timetable
        .next_after(armed.last())
        .filter(|_| armed.is_active())?;
    (now.since(next.after(*delay)) > LATE).then_some(next)
}

/// What is to be said about a schedule's punctuality.
pub(super) fn findings(armed: &Armed, last: Option<&Firing>, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Kind::Schedule { timetable, .. } = &armed.kind else {
        return findings;
    };
    if let Some(at) = overdue(armed, now) {
        findings.push(
            Finding::error(
                "schedule_overdue",
                format!("the time {at} is due and has not fired"),
            )
            .help("The server's log says why; the server tries again by itself."),
        );
    }
    if let Some(firing) = last
        && let (Some(at), Some(late)) = (firing.scheduled_at, firing.late_ms)
        && late > LATE.as_millis()
    {
        let late = spoken(late);
        findings.push(match firing.status {
            FiringStatus::Skipped => Finding::warning(
                "schedule_missed",
                format!("the last time {at} was missed: it was noticed {late} late"),
            )
            .help("A backfill makes up for it; `catch_up` decides about the next ones."),
            _ => Finding::warning(
                "schedule_late",
                format!("the last time {at} fired {late} late"),
            )
            .help("The server was not running, busy, or its clock was set."),
        });
    }
    if druse_triggers::schedule::rewound(armed.last(), now, Span::default()).is_some() {
        findings.push(Finding::warning(
            "clock_went_back",
            format!(
                "the clock shows a time before {}, which has fired",
                armed.last()
            ),
        ));
    }
    if armed.is_active() && timetable.next_after(armed.last().max(now)).is_none() {
        findings.push(
            Finding::info("schedule_over", "the schedule has no further time")
                .help("Give it a later `end` or `at`, or take the trigger out."),
        );
    }
    findings
}

/// A length of time as people say it: `1.5 s`, `3 min`, `2 h`, `4 d`.
fn spoken(millis: u64) -> String {
    match millis {
        0..60_000 => format!("{:.1} s", millis as f64 / 1_000.0),
        60_000..7_200_000 => format!("{} min", millis / 60_000),
        7_200_000..172_800_000 => format!("{} h", millis / 3_600_000),
        _ => format!("{} d", millis / 86_400_000),
    }
}
