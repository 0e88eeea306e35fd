//! The crash test: one data folder, hundreds of SIGKILLs under load, and a ledger outside that knows what
//! was acknowledged.
//!
//! `DRUSE_CRASH_SEED` repeats the draws of a run that failed (the moments stay a matter of the machine),
//! `DRUSE_CRASH_CYCLES` says how often the server is killed.

mod groups;
mod ledger;
mod ledger_tests;
mod load;
mod random;
pub(crate) mod ruin;
mod sources;
mod ticks;
mod watch;
mod work;

use crate::harness::Server;
use crate::harness::client::Client;
use crate::harness::wait::{DEADLINE, until};
use groups::Groups;
use ledger::compare;
use load::{Crowd, Life};
use random::Random;
use serde_json::json;
use sources::Sources;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use ticks::Ticks;
use tokio::task::JoinSet;
use watch::Watch;

/// How often the server is killed under load, if nobody says otherwise.
const CYCLES: u64 = 200;
/// Clients that ask, and clients that follow.
const ASKING: usize = 6;
const FOLLOWING: usize = 2;
/// Acknowledgements of one life, at most.
const MOST: u64 = 40;
/// Turns of the runtime between a request and a kill, at most.
const TURNS: u64 = 60;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_hundreds_of_kills_and_no_finished_step_runs_again() {
    let seed = setting("DRUSE_CRASH_SEED").unwrap_or_else(|| {
        let time = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .expect("after 1970");
        u64::try_from(time.as_nanos() % u128::from(u32::MAX)).expect("it fits")
    });
    let cycles = setting("DRUSE_CRASH_CYCLES").unwrap_or(CYCLES);
    eprintln!("DRUSE_CRASH_SEED={seed} DRUSE_CRASH_CYCLES={cycles}");
    let began = Instant::now();
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let effects = folder.path().join("effects");
    let mut server = Server::on(&folder.path().join("data"), &["--allow-program", "/bin/sh"]).await;
    let crowd = Arc::new(set_up(&server, &effects).await);
    let ticks = Ticks::begin(&server.admin()).await;
    let mut sources = Sources::begin(&server.admin(), folder.path()).await;
    let groups = Groups::begin(&server.admin()).await;
    let mut watch = Watch::default();
    let mut ruin = ruin::Ruin::default();
    let first = Life::new(server.admin(), server.pid(), 0, u64::MAX, None);
    crowd.hold(&first).await;
    for cycle in 0..cycles {
        let under_way = random.one_in(2).then(|| random.below(TURNS));
        let acknowledgements = 1 + random.below(MOST);
        let life = Life::new(
            server.admin(),
            server.pid(),
            cycle,
            acknowledgements,
            under_way,
        );
        sources.come(&mut random);
        live(&crowd, &server, life, &mut random).await;
        server.kill();
        // Some come while it is down.
        sources.come(&mut random);
        ruin.between(&server, &effects, cycle, &mut random);
        if cycle % 10 == 9 {
            server.start().await;
            assert_eq!(server.stop_at_once().await.code(), Some(0));
            ruin.stops += 1;
        }
        server.start().await;
        watch.after_crash(&crowd, &server, cycle, &mut random).await;
    }
    let life = Life::new(server.admin(), server.pid(), u64::MAX, u64::MAX, None);
    ticks.end(&server.admin()).await;
    sources.end(&server.admin()).await;
    watch.until_all_ended(&crowd, &life).await;
    groups.end(&server.admin()).await;
    watch.until_all_ended(&crowd, &life).await;
    let (late, times) = ticks.compare(&server.admin()).await;
    assert!(late.is_empty(), "DRUSE_CRASH_SEED={seed}: {late:#?}");
    eprintln!("{times} times of a schedule, each with one firing and one run");
    let (lost, came) = sources.compare(&server.admin()).await;
    assert!(lost.is_empty(), "DRUSE_CRASH_SEED={seed}: {lost:#?}");
    eprintln!("{came} files and rows, each with one firing and one run");
    let ledger = crowd.ledger().clone();
    let (split, taken, runs) = groups.compare(&server.admin(), &ledger).await;
    assert!(split.is_empty(), "DRUSE_CRASH_SEED={seed}: {split:#?}");
    eprintln!("{taken} events behind a window, each in one of {runs} runs");
    let store = watch.store(&crowd, &life.client, &mut random).await;
    let lines = std::fs::read_to_string(&effects).expect("there were effects");
    let done: Vec<_> = lines
        .lines()
        .map(|line| ledger::Effect::parse(line).unwrap_or_else(|| panic!("a broken line: {line}")))
        .collect();
    let (broken, figures) = compare(&crowd.ledger(), &store, &done);
    eprintln!(
        "{}",
        watch.figures(&crowd, &figures, &ruin, cycles, began.elapsed())
    );
    assert!(broken.is_empty(), "DRUSE_CRASH_SEED={seed}: {broken:#?}");
    let before = watch::everything(&server.admin()).await;
    server.kill();
    server.verify();
    ruin.drop_index(server.data());
    server.start().await;
    let after = watch::everything(&server.admin()).await;
    assert!(
        before == after,
        "without its index the store says something else"
    );
    assert_eq!(server.stop_at_once().await.code(), Some(0));
    server.verify();
    until("the end of all programs of steps", || {
        std::future::ready((!ruin::any_program(&effects)).then_some(()))
    })
    .await;
}

async fn set_up(server: &Server, effects: &Path) -> Crowd {
    let admin = server.admin();
    let secret = "a secret of the crash test";
    let path = format!("/secrets/{}", work::SECRET);
    let put = admin.put(&path, &json!({ "value": secret })).await;
    assert!(put.status < 300, "{}", put.text);
    let mut automations = BTreeMap::new();
    // `parent` names `child`: whoever is named comes first.
    let mut documents = work::documents(effects);
    documents.sort_by_key(|(name, _)| *name == "parent");
    for (name, document) in documents {
        let made = admin
            .request("POST", "/automations")
            .yaml(&document)
            .send()
            .await
            .with(201);
        let id = made["id"].as_str().expect("an id").to_owned();
        admin
            .post(&format!("/automations/{id}/activate"), &json!({}))
            .await
            .with(200);
        automations.insert(name, id);
    }
    let path = format!("/automations/{}/triggers", automations["hook"]);
    let triggers = admin.get(&path).await.with(200);
    let hook = triggers["items"][0]["address"]
        .as_str()
        .expect("an address");
    Crowd::new(automations, hook.to_owned(), secret.to_owned())
}

/// One life of the server under load, to its end.
async fn live(crowd: &Arc<Crowd>, server: &Server, life: Life, random: &mut Random) {
    let life = Arc::new(life);
    let mut tasks = JoinSet::new();
    for _ in 0..ASKING {
        let (crowd, life, random) = (crowd.clone(), life.clone(), random.split());
        tasks.spawn(async move { crowd.ask(&life, random).await });
    }
    for _ in 0..FOLLOWING {
        let (crowd, life) = (crowd.clone(), life.clone());
        tasks.spawn(async move { crowd.follow(&life).await });
    }
    let ended = tokio::time::timeout(DEADLINE, async {
        while let Some(task) = tasks.join_next().await {
            task.expect("a client goes to its end");
        }
    });
    if ended.await.is_err() {
        panic!(
            "the clients did not get enough answers in time (killed: {}): {}\n{}\n{}",
            life.over.is_cancelled(),
            standing(&life.client).await,
            server.process(),
            server.said()
        );
    }
}

/// What the server says of itself and of its runs, for whoever has to find out why it is slow.
async fn standing(client: &Client) -> String {
    let mut said = String::new();
    for path in [
        "/runs?status=running&limit=3",
        "/runs?status=waiting&limit=3",
        "/runs?status=queued&limit=3",
    ] {
        let ask = client.request("GET", path).try_send();
        let answer = match tokio::time::timeout(std::time::Duration::from_secs(5), ask).await {
            Ok(Ok(answer)) => format!("{} {}", answer.status, answer.text),
            Ok(Err(error)) => format!("no answer: {error:?}"),
            Err(_) => "no answer within 5 s".to_owned(),
        };
        said.push_str(&format!("\n{path}: {answer}"));
    }
    said
}
