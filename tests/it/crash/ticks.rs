//! A schedule that goes on through all lives: each of its times has exactly one firing, and each firing
//! exactly one run, however often the server is killed.

use crate::harness::wait::until;
use crate::harness::{Client, text};
use druse_engine::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The automation whose runs are started by the clock, once a second.
pub(super) const TICK: &str = "tick";

const DOCUMENT: &str = "\
druse: 1
name: tick
triggers:
  - id: seconds
    schedule: { cron: \"* * * * * *\", catch_up: all, overlap: allow }
steps:
  - { id: at, action: transform, with: { value: \"{{ run.scheduled_at }}\" } }
";

/// The schedule, and when it had been activated.
pub(super) struct Ticks {
    trigger: String,
    since: Timestamp,
}

/// A firing as the store has it in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) at: Timestamp,
    pub(super) status: String,
    pub(super) run: Option<String>,
}

/// A run that the schedule started: its time, and how it ended.
pub(super) type TickRuns = BTreeMap<String, (Timestamp, String)>;

/// A broken promise of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BrokenTick {
    /// A time has no firing.
    Missing(Timestamp),
    /// A time has several.
    Twice(Timestamp),
    /// A firing did not start a run.
    NoRun(Timestamp),
    /// The run of a firing is not there, or for another time.
    RunLost(Timestamp),
    /// The run did not end as it had to.
    WrongEnd(Timestamp),
    /// A run that belongs to no firing.
    RunOfNobody(String),
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("after 1970");
    Timestamp(i64::try_from(since.as_millis()).expect("it fits"))
}

impl Ticks {
    pub(super) async fn begin(admin: &Client) -> Self {
        let made = admin.request("POST", "/automations").yaml(DOCUMENT).send();
        let id = text(&made.await.with(201)["id"]);
        let path = format!("/automations/{id}/activate");
        admin.post(&path, &json!({})).await.with(200);
        let since = now();
        let path = format!("/automations/{id}/triggers");
        let triggers = admin.get(&path).await.with(200);
        let trigger = text(&triggers["items"][0]["id"]);
        Self { trigger, since }
    }

    /// Ends the schedule, once it has come to the present.
    pub(super) async fn end(&self, admin: &Client) {
        let begin = now();
        let path = format!("/triggers/{}/firings?limit=1", self.trigger);
        until("a firing of a time that is now", || {
            let path = &path;
            async move {
                let newest = admin.get(path).await.with(200)["items"][0].clone();
                (at(&newest["scheduled_at"]) >= begin).then_some(())
            }
        })
        .await;
        let path = format!("/triggers/{}/pause", self.trigger);
        let paused = admin.post(&path, &json!({})).await;
        assert!(paused.status < 300, "{}", paused.text);
    }

    /// What is broken, and how many times there were.
    pub(super) async fn compare(&self, admin: &Client) -> (Vec<BrokenTick>, usize) {
        let path = format!("/triggers/{}/firings", self.trigger);
        let firings = admin.all(&path).await;
        let ticks: Vec<Tick> = firings
            .iter()
            .map(|firing| Tick {
                at: at(&firing["scheduled_at"]),
                status: text(&firing["status"]),
                run: firing["run_id"].as_str().map(str::to_owned),
            })
            .collect();
        let runs = admin.all("/runs").await;
        let runs = runs
            .iter()
            .filter(|run| run["automation_name"] == TICK)
            .map(|run| {
                let time = at(&run["cause"]["scheduled_at"]);
                (text(&run["id"]), (time, text(&run["status"])))
            });
        (compare(&ticks, &runs.collect(), self.since), ticks.len())
    }
}

fn at(value: &Value) -> Timestamp {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// Compares the firings of a schedule of every second with the runs that they started.
pub(super) fn compare(ticks: &[Tick], runs: &TickRuns, since: Timestamp) -> Vec<BrokenTick> {
    let mut broken = Vec::new();
    let mut times: BTreeMap<Timestamp, usize> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for tick in ticks {
        *times.entry(tick.at).or_default() += 1;
        let Some(run) = tick.run.as_ref().filter(|_| tick.status == "accepted") else {
            broken.push(BrokenTick::NoRun(tick.at));
            continue;
        };
        known.insert(run);
        match runs.get(run) {
            Some((time, _)) if *time != tick.at => broken.push(BrokenTick::RunLost(tick.at)),
            None => broken.push(BrokenTick::RunLost(tick.at)),
            Some((_, status)) if status != "succeeded" => {
                broken.push(BrokenTick::WrongEnd(tick.at));
            }
            Some(_) => {}
        }
    }
    let strangers = runs.keys().filter(|run| !known.contains(run));
    broken.extend(strangers.cloned().map(BrokenTick::RunOfNobody));
    let last = times.last_key_value().map_or(since, |(last, _)| *last);
    // The first whole second that had not begun when the schedule had been activated.
    let mut next = Timestamp((since.0 / 1_000 + 1) * 1_000);
    while next <= last {
        match times.get(&next) {
            None => broken.push(BrokenTick::Missing(next)),
            Some(1) => {}
            Some(_) => broken.push(BrokenTick::Twice(next)),
        }
        next = Timestamp(next.0 + 1_000);
    }
    broken.sort_unstable();
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINCE: Timestamp = Timestamp(9_400);

    fn sound() -> (Vec<Tick>, TickRuns) {
        let times = [10_000, 11_000, 12_000, 13_000].map(Timestamp);
        let tick = |at: Timestamp| Tick {
            at,
            status: "accepted".into(),
            run: Some(format!("run {at}")),
        };
        let run = |at: Timestamp| (format!("run {at}"), (at, "succeeded".to_owned()));
        (
            times.map(tick).to_vec(),
            times.map(run).into_iter().collect(),
        )
    }

    fn after(change: impl FnOnce(&mut Vec<Tick>, &mut TickRuns)) -> Vec<BrokenTick> {
        let (mut ticks, mut runs) = sound();
        change(&mut ticks, &mut runs);
        compare(&ticks, &runs, SINCE)
    }

    #[test]
    fn a_sound_schedule_has_nothing_broken_and_each_broken_promise_is_named() {
        let time = Timestamp(11_000);
        assert_eq!(after(|_, _| {}), []);
        assert_eq!(
            after(|ticks, runs| {
                let gone = ticks.remove(1);
                runs.remove(&gone.run.unwrap());
            }),
            [BrokenTick::Missing(time)]
        );
        assert_eq!(
            after(|ticks, _| ticks.push(ticks[1].clone())),
            [BrokenTick::Twice(time)]
        );
        assert_eq!(
            after(|ticks, runs| {
                ticks[1].status = "skipped".into();
                runs.remove(&ticks[1].run.take().unwrap());
            }),
            [BrokenTick::NoRun(time)]
        );
        let name = format!("run {time}");
        assert_eq!(
            after(|_, runs| {
                runs.remove(&name);
            }),
            [BrokenTick::RunLost(time)]
        );
        assert_eq!(
            after(|_, runs| runs.get_mut(&name).unwrap().0 = SINCE),
            [BrokenTick::RunLost(time)]
        );
        assert_eq!(
            after(|_, runs| runs.get_mut(&name).unwrap().1 = "failed".into()),
            [BrokenTick::WrongEnd(time)]
        );
        assert_eq!(
            after(|_, runs| {
                runs.insert("other".into(), (time, "succeeded".into()));
            }),
            [BrokenTick::RunOfNobody("other".into())]
        );
        assert_eq!(
            after(|ticks, runs| {
                let gone = ticks.remove(0);
                runs.remove(&gone.run.unwrap());
            }),
            [BrokenTick::Missing(Timestamp(10_000))]
        );
    }
}
