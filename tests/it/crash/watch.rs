//! Reads the store back: after each crash what is under way, in the end everything.

use super::groups::GROUPED;
use super::ledger::{Figures, Found};
use super::load::{Crowd, Life, Task};
use super::random::Random;
use super::ruin::Ruin;
use super::sources::{FILED, POLLED};
use super::ticks::TICK;
use super::work::Kind;
use crate::harness::wait::DEADLINE;
use crate::harness::{Client, Server, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Runs under way above which the next life waits, so that work does not pile up without end.
const MOST: usize = 150;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// What is known of the store so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Runs that have ended: status and journal.
    settled: BTreeMap<String, (String, Vec<Value>)>,
    /// Works whose key was tried again.
    again: usize,
    /// Works that were not answered at first, and were asked for again.
    repeated: BTreeSet<u64>,
}

impl Watch {
    /// After a start: every acknowledged run is there and goes on; and what is asked again.
    pub(super) async fn after_crash(
        &mut self,
        crowd: &Crowd,
        server: &Server,
        cycle: u64,
        random: &mut Random,
    ) {
        let client = server.admin();
        let end = Instant::now() + DEADLINE;
        while self.look(crowd, &client, cycle).await > MOST {
            assert!(Instant::now() < end, "the runs do not go on");
            tokio::time::sleep(PAUSE).await;
        }
        let mut again = Vec::new();
        {
            let ledger = crowd.ledger();
            for (&n, work) in ledger.works.iter().filter(|(_, work)| work.key.is_some()) {
                if !work.acknowledged && self.repeated.insert(n) {
                    crowd.add(Task::Repeat(n));
                } else if work.acknowledged {
                    again.push(n);
                }
            }
        }
        for _ in 0..2 {
            if let Some(n) = again.get(random.below(again.len().max(1) as u64) as usize) {
                crowd.add(Task::Again(*n));
                self.again += 1;
            }
        }
        if cycle % 10 == 3 {
            self.still(&client).await;
        }
    }

    /// Looks at what was acknowledged and had not ended, and says how many runs are on the move.
    async fn look(&mut self, crowd: &Crowd, client: &Client, cycle: u64) -> usize {
        let page = client.get("/runs?limit=200").await.with(200);
        let items = page["items"].as_array().expect("a list");
        let young: BTreeMap<&str, &Value> = items
            .iter()
            .map(|run| (run["id"].as_str().expect("an id"), run))
            .collect();
        let mut open = Vec::new();
        for (&n, work) in &crowd.ledger().works {
            let runs = work
                .runs
                .iter()
                .filter(|run| !self.settled.contains_key(*run));
            open.extend(runs.map(|run| (n, work.clone(), run.clone())));
        }
        let mut moving = 0;
        for (n, work, run) in open {
            let status = match young.get(run.as_str()) {
                Some(shown) => shown["status"].clone(),
                None => {
                    let shown = client.get(&format!("/runs/{run}")).await;
                    assert_ne!(shown.status, 404, "the acknowledged run {run} is lost");
                    shown.with(200)["status"].clone()
                }
            };
            match status.as_str().expect("a status") {
                // A crash came in between: nobody knows, and a person gives it up.
                "waiting" if work.kind == Kind::Once && !work.cancel_asked => {
                    crowd.add(Task::Cancel {
                        n,
                        run,
                        from: cycle,
                    });
                }
                "succeeded" | "failed" | "canceled" | "rejected" => {
                    let journal = journal(client, &run).await;
                    self.settled.insert(
                        run,
                        (status.as_str().unwrap_or_default().to_owned(), journal),
                    );
                }
                _ => {
                    let waits = matches!(
                        work.kind,
                        Kind::Gate | Kind::Told | Kind::Long | Kind::Once | Kind::Hold
                    );
                    moving += usize::from(!waits);
                }
            }
        }
        moving
    }

    /// Every run that has ended is listed, as it ended.
    async fn still(&self, client: &Client) {
        let runs: BTreeMap<String, Value> = listed(client).await;
        for (run, (status, _)) in &self.settled {
            let shown = runs.get(run).map(|run| &run["status"]);
            assert_eq!(shown, Some(&Value::from(status.as_str())), "run {run}");
        }
    }

    /// Nobody kills the server any more: everything is decided, and everything ends.
    pub(super) async fn until_all_ended(&mut self, crowd: &Crowd, life: &Life) {
        let end = Instant::now() + DEADLINE;
        loop {
            crowd.finish(life).await;
            self.look(crowd, &life.client, life.cycle).await;
            let mut open = Vec::new();
            for (id, run) in listed(&life.client).await {
                if !run["finished_at"].is_null() {
                    continue;
                }
                let waits = run["status"] == "waiting";
                let name = run["automation_name"].as_str().unwrap_or_default();
                let n = run["inputs"]["n"].as_u64().unwrap_or_default();
                let acknowledged = crowd
                    .ledger()
                    .works
                    .get(&n)
                    .is_some_and(|work| work.acknowledged);
                // Begun, and never acknowledged: nobody comes back to it.
                if waits && matches!(name, "gate" | "told" | "long" | "once") && !acknowledged {
                    let path = format!("/runs/{id}/cancel");
                    life.client
                        .post(&path, &serde_json::json!({}))
                        .await
                        .with(202);
                }
                open.push(run);
            }
            if open.is_empty() {
                return;
            }
            assert!(
                Instant::now() < end,
                "runs do not come to their end: {open:#?}"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Everything, as the store has it in the end.
    pub(super) async fn store(
        &mut self,
        crowd: &Crowd,
        client: &Client,
        random: &mut Random,
    ) -> BTreeMap<String, Found> {
        self.look(crowd, client, u64::MAX).await;
        let mut store = BTreeMap::new();
        for (id, run) in listed(client).await {
            let name = run["automation_name"].as_str().unwrap_or_default();
            if [TICK, FILED, POLLED, GROUPED].contains(&name) {
                // No client asked for it: its schedule, its source or its window tells.
                continue;
            }
            let known = self.settled.get(&id);
            let journal = match known {
                Some((_, known)) => {
                    if random.one_in(8) {
                        assert_eq!(
                            *known,
                            journal(client, &id).await,
                            "the journal of run {id}"
                        );
                    }
                    known.clone()
                }
                None => journal(client, &id).await,
            };
            let found = Found {
                name: text(&run["automation_name"]),
                n: run["inputs"]["n"]
                    .as_u64()
                    .expect("each run has its number"),
                status: text(&run["status"]),
                journal,
            };
            store.insert(id, found);
        }
        store
    }

    /// What was done and seen, in a few lines.
    pub(super) fn figures(
        &self,
        crowd: &Crowd,
        figures: &Figures,
        ruin: &Ruin,
        cycles: u64,
        took: Duration,
    ) -> String {
        let ledger = crowd.ledger();
        let works = ledger.works.values();
        let count = |fits: &dyn Fn(&super::ledger::Work) -> bool| {
            works.clone().filter(|work| fits(work)).count()
        };
        let acknowledged: usize = works.clone().map(|work| work.runs.len()).sum();
        let shown: usize = ledger.shown.values().map(BTreeMap::len).sum();
        format!(
            "{cycles} kills under load, {} more during a start; {} indexes dropped, {} tails torn, {} times verified, {} stops in order; {:.1} s\n\
             {acknowledged} runs acknowledged (of {} in the store), {} decisions, {} events for waits, {} cancels, {} keys tried again\n\
             {} requests not answered, {} of them asked again; {shown} facts followed as they were shown\n\
             {} attempts, {} of them ended by a crash; {} effects, {} of them repeated",
            ruin.starts,
            ruin.indexes,
            ruin.tails,
            ruin.verified,
            ruin.stops,
            took.as_secs_f64(),
            figures.runs,
            count(&|work| work.decided.is_some()),
            count(&|work| work.told.is_some()),
            count(&|work| work.canceled),
            self.again,
            count(&|work| !work.acknowledged) + self.repeated.len(),
            self.repeated.len(),
            figures.attempts,
            figures.interrupted,
            figures.effects,
            figures.repeated_effects,
        )
    }
}

/// All answers about runs, gates and triggers, at rest.
pub(super) async fn everything(client: &Client) -> Vec<Vec<Value>> {
    let mut answers = Vec::new();
    for path in ["/runs", "/approvals", "/triggers", "/automations"] {
        let mut all = client.all(path).await;
        // When a process has looked last, and looks next, is its own.
        for lookout in all
            .iter_mut()
            .filter_map(|one| one["lookout"].as_object_mut())
        {
            for own in ["looked_at", "next_at", "found", "notified"] {
                lookout.remove(own);
            }
        }
        answers.push(all);
    }
    answers
}

async fn listed(client: &Client) -> BTreeMap<String, Value> {
    let runs = client.all("/runs").await;
    let listed = runs.into_iter().map(|run| (text(&run["id"]), run));
    listed.collect()
}

async fn journal(client: &Client, run: &str) -> Vec<Value> {
    client.all(&format!("/runs/{run}/events")).await
}
