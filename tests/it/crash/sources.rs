//! Files that come into a folder and rows that come into a table, through all lives and between them: each
//! has exactly one firing, and each firing exactly one run, however often the server is killed.

use super::random::Random;
use crate::harness::wait::until;
use crate::harness::{Client, text};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The automations whose runs are started by what comes there.
pub(super) const FILED: &str = "filed";
pub(super) const POLLED: &str = "polled";

/// How much comes at once, at most.
const MOST: u64 = 4;

/// The folder, the table, and what has come into them.
pub(super) struct Sources {
    inbox: PathBuf,
    beside: PathBuf,
    database: rusqlite::Connection,
    /// By automation: the trigger, and what came for it.
    came: BTreeMap<&'static str, (String, BTreeSet<String>)>,
}

/// A firing as the store has it in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    /// The path of a file, the key of an item.
    pub(super) what: String,
    pub(super) status: String,
    pub(super) run: Option<String>,
}

/// The runs that were started: what for, and how they ended.
pub(super) type Runs = BTreeMap<String, (String, String)>;

/// A broken promise of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BrokenSource {
    /// What came has no run.
    Missing(String),
    /// It has several.
    Twice(String),
    /// A firing did not start a run.
    NoRun(String),
    /// The run of a firing is not there, or for something else.
    RunLost(String),
    /// The run did not end as it had to.
    WrongEnd(String),
    /// A run that belongs to no firing.
    RunOfNobody(String),
    /// Something was taken that never came.
    NeverCame(String),
}

impl Sources {
    pub(super) async fn begin(admin: &Client, place: &Path) -> Self {
        let (inbox, beside) = (place.join("inbox"), place.join("beside"));
        fs::create_dir(&inbox).expect("a folder can be made");
        fs::create_dir(&beside).expect("a folder can be made");
        let path = place.join("shop.db");
        let database = rusqlite::Connection::open(&path).expect("a database can be made");
        database
            .execute_batch(
                "pragma journal_mode = wal; create table orders (id integer primary key)",
            )
            .expect("a table can be made");
        let folder = json!({ "kind": "folder", "path": inbox });
        let table = json!({ "kind": "sqlite", "path": path });
        for (name, connection) in [("inbox", folder), ("shop", table)] {
            let put = admin
                .put(&format!("/connections/{name}"), &connection)
                .await;
            assert!(put.status < 300, "{}", put.text);
        }
        let files =
            json!({ "connection": "inbox", "settle": "60ms", "every": "1s", "existing": true });
        let poll = json!({
            "action": "sql", "every": "1s", "key": "item.id", "cursor": "item.id", "limit": 7, "existing": true,
            "with": { "connection": "shop", "params": ["{{ cursor }}"],
                "statement": "select id from orders where id > coalesce(?1, 0) order by id limit 10" },
        });
        let mut came = BTreeMap::new();
        for (name, kind, source, what) in [
            (FILED, "files", files, "{{ trigger.path }}"),
            (POLLED, "poll", poll, "{{ trigger.key }}"),
        ] {
            let mut trigger = json!({ "id": "comes", "inputs": { "what": what } });
            trigger[kind] = source;
            let document = json!({
                "druse": 1, "name": name, "inputs": { "what": { "type": "string" } }, "triggers": [trigger],
                "steps": [{ "id": "note", "action": "transform", "with": { "value": "{{ inputs.what }}" } }],
            });
            let made = admin.post("/automations", &document).await.with(201);
            let path = format!("/automations/{}", text(&made["id"]));
            admin
                .post(&format!("{path}/activate"), &json!({}))
                .await
                .with(200);
            let triggers = admin.get(&format!("{path}/triggers")).await.with(200);
            let id = text(&triggers["items"][0]["id"]);
            came.insert(name, (id, BTreeSet::new()));
        }
        Self {
            inbox,
            beside,
            database,
            came,
        }
    }

    /// Some files and rows come, as many as are drawn: written in place, or renamed into it.
    pub(super) fn come(&mut self, random: &mut Random) {
        for _ in 0..random.below(MOST) {
            let files = self.came.get_mut(FILED).expect("it is known");
            let name = format!("{:05}.txt", files.1.len());
            let path = self.inbox.join(&name);
            match random.below(3) {
                0 => fs::write(&path, &name).expect("it can be written"),
                1 => {
                    let making = self.beside.join(&name);
                    fs::write(&making, &name).expect("it can be written");
                    fs::rename(making, &path).expect("it can be renamed");
                }
                _ => {
                    // Under the name of an unfinished file it is none yet, whatever time passes.
                    let part = self.inbox.join(format!("{name}.part"));
                    fs::write(&part, "half").expect("it can be written");
                    fs::rename(part, &path).expect("it can be renamed");
                }
            }
            files.1.insert(name);
        }
        for _ in 0..random.below(MOST) {
            let rows = self.came.get_mut(POLLED).expect("it is known");
            let id = rows.1.len() + 1;
            self.database
                .execute("insert into orders values (?1)", [id as i64])
                .expect("a row can be added");
            rows.1.insert(id.to_string());
        }
    }

    /// Waits until everything that came was taken.
    pub(super) async fn end(&self, admin: &Client) {
        for (name, (trigger, came)) in &self.came {
            let path = format!("/triggers/{trigger}/firings");
            until(&format!("the firings of {name}"), || async {
                let taken = admin.all(&path).await.len();
                (taken >= came.len()).then_some(())
            })
            .await;
        }
    }

    /// What is broken, and how much came in all.
    pub(super) async fn compare(&self, admin: &Client) -> (Vec<BrokenSource>, usize) {
        let all = admin.all("/runs").await;
        let (mut broken, mut count) = (Vec::new(), 0);
        for (name, (trigger, came)) in &self.came {
            let firings = admin.all(&format!("/triggers/{trigger}/firings")).await;
            let runs: Runs = all
                .iter()
                .filter(|run| run["automation_name"] == *name)
                .map(|run| {
                    (
                        text(&run["id"]),
                        (text(&run["inputs"]["what"]), text(&run["status"])),
                    )
                })
                .collect();
            let taken: Vec<Taken> = firings
                .iter()
                .map(|firing| {
                    let run = firing["run_id"].as_str().map(str::to_owned);
                    let what = match run.as_ref().and_then(|run| runs.get(run)) {
                        Some((what, _)) => what.clone(),
                        None => text(&firing["key"]),
                    };
                    Taken {
                        what,
                        status: text(&firing["status"]),
                        run,
                    }
                })
                .collect();
            count += came.len();
            broken.extend(compare(came, &taken, &runs));
        }
        (broken, count)
    }
}

/// Compares what came with the firings and the runs that it started.
fn compare(came: &BTreeSet<String>, taken: &[Taken], runs: &Runs) -> Vec<BrokenSource> {
    let mut broken = Vec::new();
    let (mut times, mut known) = (BTreeMap::<&str, usize>::new(), BTreeSet::new());
    for one in taken {
        let what = one.what.clone();
        let Some(run) = one.run.as_ref().filter(|_| one.status == "accepted") else {
            broken.push(BrokenSource::NoRun(what));
            continue;
        };
        *times.entry(&one.what).or_default() += 1;
        known.insert(run);
        match runs.get(run) {
            Some((for_what, _)) if *for_what != one.what => {
                broken.push(BrokenSource::RunLost(what));
            }
            None => broken.push(BrokenSource::RunLost(what)),
            Some((_, status)) if status != "succeeded" => broken.push(BrokenSource::WrongEnd(what)),
            Some(_) => {}
        }
    }
    let strangers = runs.keys().filter(|run| !known.contains(run));
    broken.extend(strangers.cloned().map(BrokenSource::RunOfNobody));
    for what in came {
        match times.remove(what.as_str()) {
            None => broken.push(BrokenSource::Missing(what.clone())),
            Some(1) => {}
            Some(_) => broken.push(BrokenSource::Twice(what.clone())),
        }
    }
    let never = times.into_keys().map(str::to_owned);
    broken.extend(never.map(BrokenSource::NeverCame));
    broken.sort_unstable();
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> (BTreeSet<String>, Vec<Taken>, Runs) {
        let came: BTreeSet<String> = ["a", "b", "c"].map(str::to_owned).into();
        let take = |what: &String| Taken {
            what: what.clone(),
            status: "accepted".into(),
            run: Some(format!("run {what}")),
        };
        let taken = came.iter().map(take).collect();
        let run = |what: &String| (format!("run {what}"), (what.clone(), "succeeded".into()));
        let runs = came.iter().map(run).collect();
        (came, taken, runs)
    }

    fn after(change: impl FnOnce(&mut Vec<Taken>, &mut Runs)) -> Vec<BrokenSource> {
        let (came, mut taken, mut runs) = sound();
        change(&mut taken, &mut runs);
        compare(&came, &taken, &runs)
    }

    #[test]
    fn a_sound_source_has_nothing_broken_and_each_broken_promise_is_named() {
        let b = || "b".to_owned();
        assert_eq!(after(|_, _| {}), []);
        assert_eq!(
            after(|taken, runs| {
                taken.remove(1);
                runs.remove("run b");
            }),
            [BrokenSource::Missing(b())]
        );
        assert_eq!(
            after(|taken, runs| {
                let mut again = taken[1].clone();
                again.run = Some("other".into());
                taken.push(again);
                runs.insert("other".into(), (b(), "succeeded".into()));
            }),
            [BrokenSource::Twice(b())]
        );
        assert_eq!(
            after(|taken, runs| {
                taken[1].status = "rejected".into();
                runs.remove("run b");
            }),
            [BrokenSource::Missing(b()), BrokenSource::NoRun(b())]
        );
        assert_eq!(
            after(|_, runs| {
                runs.remove("run b");
            }),
            [BrokenSource::RunLost(b())]
        );
        assert_eq!(
            after(|_, runs| runs.get_mut("run b").unwrap().0 = "a".into()),
            [BrokenSource::RunLost(b())]
        );
        assert_eq!(
            after(|_, runs| runs.get_mut("run b").unwrap().1 = "failed".into()),
            [BrokenSource::WrongEnd(b())]
        );
        assert_eq!(
            after(|_, runs| {
                runs.insert("other".into(), (b(), "succeeded".into()));
            }),
            [BrokenSource::RunOfNobody("other".into())]
        );
        assert_eq!(
            after(|taken, runs| {
                taken.push(Taken {
                    what: "d".into(),
                    status: "accepted".into(),
                    run: Some("run d".into()),
                });
                runs.insert("run d".into(), ("d".into(), "succeeded".into()));
            }),
            [BrokenSource::NeverCame("d".into())]
        );
    }
}
