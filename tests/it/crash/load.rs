//! Clients that ask, repeat, decide and cancel while the server is killed under them, and write down what
//! they were told.

use super::ledger::{Ledger, Work};
use super::random::Random;
use super::work::{EVENT, GATE, Kind, TELLS};
use crate::harness::client::{Answer, Client, Request};
use crate::harness::{Stream, text};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long an answer may be on its way after the server was killed. It lies in the socket by then or
/// never comes, and the HTTP library does not always say so: a request that is handed to a connection in
/// the moment that it ends may be neither sent nor given back.
const LATE: Duration = Duration::from_secs(5);

/// The server did not answer, because it was killed.
pub(super) struct Gone;

/// Something that a client has to come back to.
#[derive(Debug, Clone)]
pub(super) enum Task {
    /// Nothing came back: ask again under the same key.
    Repeat(u64),
    /// It was acknowledged: the same key has to give the same.
    Again(u64),
    /// Decide on the gate of a run, not before this cycle.
    Decide { n: u64, run: String, from: u64 },
    /// Tell a run that waits for an event, not before this cycle.
    Tell { n: u64, from: u64 },
    /// Cancel a run, not before this cycle.
    Cancel { n: u64, run: String, from: u64 },
}

impl Task {
    fn is_due(&self, cycle: u64) -> bool {
        match self {
            Self::Repeat(_) | Self::Again(_) => true,
            Self::Decide { from, .. } | Self::Tell { from, .. } | Self::Cancel { from, .. } => {
                *from <= cycle
            }
        }
    }
}

/// What outlives the server.
pub(super) struct Crowd {
    ledger: Mutex<Ledger>,
    tasks: Mutex<VecDeque<Task>>,
    /// Runs that were acknowledged a moment ago, for those who follow them.
    recent: Mutex<VecDeque<String>>,
    came: Notify,
    next: AtomicU64,
    /// Ids of the automations by name, the webhook's address and its secret.
    automations: BTreeMap<&'static str, String>,
    hook: String,
    secret: String,
}

/// One life of the server, and when it ends.
pub(super) struct Life {
    pub(super) client: Client,
    pub(super) cycle: u64,
    pid: Pid,
    /// Acknowledgements until it is killed.
    left: AtomicU64,
    /// Whether it is killed with the next request under way, this many turns after it was sent.
    under_way: Option<u64>,
    armed: AtomicBool,
    pub(super) over: CancellationToken,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Life {
    pub(super) fn new(
        client: Client,
        pid: u32,
        cycle: u64,
        acknowledgements: u64,
        under_way: Option<u64>,
    ) -> Self {
        Self {
            client,
            cycle,
            pid: Pid::from_raw(i32::try_from(pid).expect("a process id fits")),
            left: AtomicU64::new(acknowledgements),
            under_way,
            armed: AtomicBool::new(false),
            over: CancellationToken::new(),
        }
    }

    fn kill(&self) {
        self.over.cancel();
        kill(self.pid, Signal::SIGKILL).expect("the process can be killed");
    }

    /// Counts an acknowledgement that stands in the ledger.
    fn acknowledged(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        match self.under_way {
            None => self.kill(),
            Some(_) => self.armed.store(true, Ordering::SeqCst),
        }
    }

    /// What comes of something that the server has to do, if it lives.
    async fn unless_gone<T>(&self, asked: impl Future<Output = T>) -> Result<T, Gone> {
        let gone = async {
            self.over.cancelled().await;
            tokio::time::sleep(LATE).await;
        };
        tokio::select! {
            answer = asked => Ok(answer),
            () = gone => Err(Gone),
        }
    }

    async fn send(&self, request: Request) -> Result<Answer, Gone> {
        let answer = if self.armed.swap(false, Ordering::SeqCst) {
            let sending = tokio::spawn(request.try_send());
            for _ in 0..self.under_way.unwrap_or_default() {
                tokio::task::yield_now().await;
            }
            self.kill();
            let sent = self.unless_gone(sending).await?;
            sent.expect("a request does not panic")
        } else {
            self.unless_gone(request.try_send()).await?
        };
        answer.map_err(|error| {
            assert!(
                self.over.is_cancelled(),
                "a server that nobody killed did not answer: {error:?}"
            );
            Gone
        })
    }
}

impl Crowd {
    pub(super) fn new(
        automations: BTreeMap<&'static str, String>,
        hook: String,
        secret: String,
    ) -> Self {
        Self {
            ledger: Mutex::default(),
            tasks: Mutex::default(),
            recent: Mutex::default(),
            came: Notify::new(),
            next: AtomicU64::new(1),
            automations,
            hook,
            secret,
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    pub(super) fn add(&self, task: Task) {
        lock(&self.tasks).push_back(task);
    }

    fn take(&self, cycle: u64) -> Option<Task> {
        let mut tasks = lock(&self.tasks);
        let task = tasks.pop_front()?;
        if task.is_due(cycle) {
            return Some(task);
        }
        tasks.push_back(task);
        None
    }

    /// A client: asks for new things and comes back to old ones, until the server is gone.
    pub(super) async fn ask(&self, life: &Life, mut random: Random) {
        while !life.over.is_cancelled() {
            let known = if random.one_in(2) {
                self.take(life.cycle)
            } else {
                None
            };
            let answered = match known {
                Some(task) => self.come_back(life, task).await,
                None => self.ask_new(life, &mut random).await,
            };
            if answered.is_err() {
                return;
            }
        }
    }

    /// Begins what goes on through all lives, and is canceled at the end.
    pub(super) async fn hold(&self, life: &Life) {
        for _ in 0..2 {
            let asked = self.ask_for(life, Kind::Hold, false, false).await;
            assert!(asked.is_ok(), "nobody kills the server yet");
        }
    }

    /// Comes back to everything that is left.
    pub(super) async fn finish(&self, life: &Life) {
        while let Some(task) = self.take(life.cycle) {
            let answered = self.come_back(life, task).await;
            assert!(answered.is_ok(), "nobody kills the server any more");
        }
    }

    async fn ask_new(&self, life: &Life, random: &mut Random) -> Result<(), Gone> {
        let kind = Kind::drawn(random.next());
        let keyed = matches!(kind, Kind::Hook | Kind::Event) || !random.one_in(3);
        let waits = kind.ends_soon() && random.one_in(2);
        self.ask_for(life, kind, keyed, waits).await
    }

    async fn ask_for(&self, life: &Life, kind: Kind, keyed: bool, waits: bool) -> Result<(), Gone> {
        let n = self.next.fetch_add(1, Ordering::SeqCst);
        let work = Work::new(kind, keyed.then(|| format!("work-{n}")));
        self.ledger().works.insert(n, work.clone());
        let answer = life.send(self.request(life, n, &work, waits)).await?;
        self.write_down(life, n, answer);
        Ok(())
    }

    fn request(&self, life: &Life, n: u64, work: &Work, waits: bool) -> Request {
        let key = work.key.clone().unwrap_or_default();
        match work.kind {
            Kind::Hook => {
                let sender = life.client.clone().token(&self.secret);
                let body = json!({ "n": n });
                sender.root("POST", &self.hook).key(&key).json(&body)
            }
            Kind::Event => life
                .client
                .request("POST", "/events")
                .header("content-type", "application/cloudevents+json")
                .bytes(
                    json!({ "specversion": "1.0", "id": key, "source": "/crash", "type": EVENT, "data": { "n": n } })
                        .to_string(),
                ),
            kind => {
                let id = &self.automations[kind.name()];
                let wait = if waits { "?wait=30s" } else { "" };
                let request = life
                    .client
                    .request("POST", &format!("/automations/{id}/runs{wait}"))
                    .json(&json!({ "inputs": { "n": n } }));
                match &work.key {
                    Some(key) => request.key(key),
                    None => request,
                }
            }
        }
    }

    /// Writes down what was acknowledged, and what it entails.
    fn write_down(&self, life: &Life, n: u64, answer: Answer) {
        let mut ledger = self.ledger();
        let work = ledger.works.get_mut(&n).expect("it was asked for");
        let kind = work.kind;
        let status = answer.status;
        let body = answer.with(if status == 200 { 200 } else { 202 });
        let runs: Vec<String> = match kind {
            Kind::Hook => vec![text(&body["run_id"])],
            Kind::Event => {
                let runs = body["runs"].as_array().expect("a list");
                runs.iter().map(text).collect()
            }
            _ => vec![text(&body["id"])],
        };
        let first = !work.acknowledged;
        if first {
            work.acknowledged = true;
            work.runs.clone_from(&runs);
        } else {
            assert_eq!(work.runs, runs, "the same key gave something else: {body}");
        }
        if status == 200 {
            ledger.ended.insert(runs[0].clone(), text(&body["status"]));
        }
        drop(ledger);
        if first {
            let run = runs[0].clone();
            let from = life.cycle.saturating_add(n % 3);
            match kind {
                Kind::Gate => self.add(Task::Decide { n, run, from }),
                Kind::Told => self.add(Task::Tell { n, from }),
                Kind::Long => self.add(Task::Cancel { n, run, from }),
                Kind::Hold => {
                    let from = u64::MAX;
                    self.add(Task::Cancel { n, run, from });
                }
                _ => {
                    let mut recent = lock(&self.recent);
                    recent.push_back(run);
                    if recent.len() > 8 {
                        recent.pop_front();
                    }
                    self.came.notify_one();
                }
            }
        }
        life.acknowledged();
    }

    async fn come_back(&self, life: &Life, task: Task) -> Result<(), Gone> {
        let answered = match &task {
            Task::Repeat(n) | Task::Again(n) => {
                let work = self.ledger().works[n].clone();
                match life.send(self.request(life, *n, &work, false)).await {
                    Ok(answer) => {
                        self.write_down(life, *n, answer);
                        Ok(())
                    }
                    Err(gone) => Err(gone),
                }
            }
            Task::Decide { n, run, .. } => self.decide(life, *n, run, &task).await,
            Task::Tell { n, .. } => self.tell(life, *n).await,
            Task::Cancel { n, run, .. } => self.cancel(life, *n, run).await,
        };
        if answered.is_err() && !matches!(task, Task::Again(_)) {
            self.add(task);
        }
        answered
    }

    async fn decide(&self, life: &Life, n: u64, run: &str, task: &Task) -> Result<(), Gone> {
        let read = life.client.request("GET", &format!("/runs/{run}"));
        let shown = life.send(read).await?.with(200);
        let steps = shown["steps"].as_array().expect("a list");
        let gate = steps.iter().find(|step| step["id"] == GATE);
        let Some(id) = gate.and_then(|gate| gate["approval_id"].as_str()) else {
            assert!(
                shown["finished_at"].is_null(),
                "it passed its gate: {shown}"
            );
            self.add(task.clone());
            return Ok(());
        };
        let path = format!("/approvals/{id}");
        let shown = life
            .send(life.client.request("GET", &path))
            .await?
            .with(200);
        let (decision, decided) = match n % 4 {
            1 => ("reject", "rejected"),
            _ => ("approve", "approved"),
        };
        let body = json!({ "decision": decision, "comment": "seen", "digest": shown["digest"] });
        let ask = || {
            life.client
                .request("POST", &format!("{path}/decision"))
                .json(&body)
        };
        // Where an earlier try became durable and was never answered, its key gives its answer.
        let taken = life
            .send(ask().key(&format!("decide-{n}")))
            .await?
            .with(200);
        assert_eq!(taken["status"], decided);
        self.ledger().works.get_mut(&n).expect("known").decided = Some(decision);
        life.acknowledged();
        if n.is_multiple_of(8) {
            let late = life.send(ask()).await?;
            late.problem(409, "already_decided");
        }
        Ok(())
    }

    /// Sends the event that a run waits for, or will wait for.
    async fn tell(&self, life: &Life, n: u64) -> Result<(), Gone> {
        let event = json!({
            "specversion": "1.0", "id": format!("tell-{n}"), "source": "/crash", "type": TELLS,
            "data": { "key": format!("key {n}") },
        });
        let ask = life.client.request("POST", "/events");
        let ask = ask.header("content-type", "application/cloudevents+json");
        let told = life.send(ask.bytes(event.to_string())).await?.with(202);
        let mut ledger = self.ledger();
        let work = ledger.works.get_mut(&n).expect("known");
        work.told = Some(text(&told["id"]));
        drop(ledger);
        life.acknowledged();
        Ok(())
    }

    async fn cancel(&self, life: &Life, n: u64, run: &str) -> Result<(), Gone> {
        let before = {
            let mut ledger = self.ledger();
            let work = ledger.works.get_mut(&n).expect("known");
            std::mem::replace(&mut work.cancel_asked, true)
        };
        let ask = life.client.request("POST", &format!("/runs/{run}/cancel"));
        let answer = life.send(ask.json(&json!({ "reason": "enough" }))).await?;
        if before && answer.status == 409 {
            // An earlier try was durable and never answered.
            answer.problem(409, "already_over");
        } else {
            answer.with(202);
        }
        self.ledger().works.get_mut(&n).expect("known").canceled = true;
        life.acknowledged();
        Ok(())
    }

    /// Follows journals of new runs, and writes down each fact that is shown.
    pub(super) async fn follow(&self, life: &Life) {
        loop {
            let run = lock(&self.recent).pop_back();
            let Some(run) = run else {
                tokio::select! {
                    () = self.came.notified() => continue,
                    () = life.over.cancelled() => return,
                }
            };
            let opened = life.unless_gone(Stream::try_of(&life.client, &run, None));
            let Ok(Ok(mut stream)) = opened.await else {
                return;
            };
            while let Ok(Some(event)) = life.unless_gone(stream.next()).await {
                let seq = event.id.parse().expect("facts are numbered");
                let mut ledger = self.ledger();
                let shown = ledger.shown.entry(run.clone()).or_default();
                shown.insert(seq, event.data);
            }
        }
    }
}
