//! The queues as people see them: who has what, who waits for it, and why.

use super::queue::{Branch, Known, Lane};
use super::{Flow, Rank, Standing};
use crate::event::StepPath;
use crate::{AutomationId, RunId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueKind {
    /// The server.
    Server,
    /// An automation.
    Automation,
    /// A concurrency key of an automation.
    Key,
    /// The rate of a connection: attempts of steps wait for it, not runs.
    Rate,
}

/// What a queued run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What has no room.
    pub kind: QueueKind,
    /// The concurrency key, where it is one.
    pub key: Option<String>,
    /// How many may go at once.
    pub limit: u32,
    /// How many go.
    pub taken: usize,
    /// Who they are, a few of them.
    pub held_by: Vec<RunId>,
    /// Its place, from 1.
    pub position: usize,
}

/// A limit with those that have its slots and those that wait for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Queue {
    /// What is limited.
    pub kind: QueueKind,
    /// The automation, where it is about one.
    #[schemars(with = "Option<String>")]
    pub automation_id: Option<AutomationId>,
    /// The concurrency key, where it is about one.
    pub key: Option<String>,
    /// The connection, where it is about the rate of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Its rate (`30/m`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// How many may go at once: what the first one that waits asks for, or else those that go. Of a rate: how
    /// many may begin in its period.
    pub limit: u32,
    /// How many go. Of a rate: how many began in the period until now.
    pub taken: usize,
    /// Which ones; the first hundred. Of a rate: none, as nobody holds it.
    #[schemars(with = "Vec<String>")]
    pub held_by: Vec<RunId>,
    /// Until when the other side of the connection asked to wait, by `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
    /// How many wait.
    pub waiting: usize,
    /// Which ones, in the order in which they go; the first hundred.
    pub queue: Vec<Waiting>,
}

/// A run that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiting {
    /// The run.
    #[schemars(with = "String")]
    pub run_id: RunId,
    /// The step that waits, where it is about a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepPath>,
    /// Its place, from 1.
    pub position: usize,
    /// Its priority.
    pub priority: i32,
    /// Since when it waits.
    pub since: Timestamp,
    /// When it begins, as things stand, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<Timestamp>,
}

/// How many runs of each kind a queue names.
const NAMED: usize = 100;
/// How many runs a reason names.
const FEW: usize = 3;

impl Wait {
    /// The reason in one sentence, without a full stop.
    pub fn sentence(&self) -> String {
        let what = match (self.kind, &self.key) {
            (QueueKind::Key, Some(key)) => format!("waits for concurrency key {}", shown(key)),
            // Steps wait for rates, and say so by themselves.
            (QueueKind::Rate, _) => "waits for the rate of a connection".to_owned(),
            (QueueKind::Key | QueueKind::Automation, _) => {
                "waits for a slot of its automation".to_owned()
            }
            (QueueKind::Server, _) => "waits for a slot of the server".to_owned(),
        };
        let held = match (self.held_by.as_slice(), self.taken) {
            ([], _) => String::new(),
            ([one], 1) => format!(", held by {one}"),
            (named, all) => {
                let names: Vec<String> = named.iter().map(ToString::to_string).collect();
                let more = match all.saturating_sub(named.len()) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!(", held by {}{more}", names.join(", "))
            }
        };
        let place = match self.position {
            1 => "; it is next".to_owned(),
            place => format!("; it is number {place} in the queue"),
        };
        format!("{what}{held}{place}")
    }
}

/// A key as a sentence shows it: an empty or long one as what it is.
pub(super) fn shown(key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| !c.is_control() && !c.is_whitespace());
    if plain && key.len() <= 80 {
        return key.to_owned();
    }
    let short: String = key.chars().take(80).collect();
    format!("{short:?}")
}

impl Flow {
    /// Why a run waits; none for one that does not.
    pub fn why(&self, run: RunId) -> Option<Wait> {
        let known = self.runs.get(&run)?;
        let rank = known.rank(run)?;
        let branch = self.branches.get(&known.owner)?;
        if let Some(key) = known.lane() {
            let lane = self.lane(known.owner, key)?;
            let full = lane.taken.len() >= usize::try_from(key.limit).unwrap_or(usize::MAX);
            let first = lane.waiting.first() == Some(&rank);
            if full || !first {
                return Some(Wait {
                    kind: QueueKind::Key,
                    key: Some(key.key.clone()),
                    limit: key.limit,
                    taken: lane.taken.len(),
                    held_by: lane.taken.iter().take(FEW).copied().collect(),
                    position: 1 + lane
                        .waiting
                        .iter()
                        .take_while(|other| **other < rank)
                        .count(),
                });
            }
        }
        let of_automation = self.limits.runs_per_automation;
        if of_automation.is_some_and(|limit| !room(limit, branch.working.len())) {
            return Some(Wait {
                kind: QueueKind::Automation,
                key: None,
                limit: of_automation.unwrap_or_default(),
                taken: branch.working.len(),
                held_by: branch.working.iter().take(FEW).copied().collect(),
                position: 1 + before(&self.behind(branch), rank),
            });
        }
        Some(Wait {
            kind: QueueKind::Server,
            key: None,
            limit: self.limits.runs.unwrap_or_default(),
            taken: self.working.len(),
            held_by: self.working.iter().take(FEW).copied().collect(),
            position: 1 + before(&self.behind_server(), rank),
        })
    }

    /// Those that wait for an automation and for no key of it.
    fn behind(&self, branch: &Branch) -> BTreeSet<Rank> {
        let free = branch.lanes.get(&None).into_iter();
        let free = free.flat_map(|lane| lane.waiting.iter().copied());
        branch.ready.iter().copied().chain(free).collect()
    }

    /// Those that wait for the server and for nothing else.
    fn behind_server(&self) -> BTreeSet<Rank> {
        let limit = self.limits.runs_per_automation;
        self.branches
            .values()
            .filter(|branch| limit.is_none_or(|limit| room(limit, branch.working.len())))
            .flat_map(|branch| self.behind(branch))
            .collect()
    }

    /// All queues that somebody is in, the server's first, then by automation and key.
    pub fn queues(&self) -> Vec<Queue> {
        let mut queues = Vec::new();
        if let Some(limit) = self.limits.runs {
            let behind = self.behind_server();
            queues.push(self.queue(QueueKind::Server, None, None, limit, &self.working, &behind));
        }
        for (owner, branch) in &self.branches {
            if let Some(limit) = self.limits.runs_per_automation {
                // Those that wait for the server are shown there.
                let behind = match room(limit, branch.working.len()) {
                    true => BTreeSet::new(),
                    false => self.behind(branch),
                };
                let kind = QueueKind::Automation;
                queues.push(self.queue(kind, *owner, None, limit, &branch.working, &behind));
            }
            for (key, lane) in &branch.lanes {
                let Some(key) = key else { continue };
                let limit = self.limit_of(lane);
                let kind = QueueKind::Key;
                let key = Some(key.clone());
                queues.push(self.queue(kind, *owner, key, limit, &lane.taken, &lane.waiting));
            }
        }
        queues
    }

    fn limit_of(&self, lane: &Lane) -> u32 {
        let first = lane.waiting.first().map(|rank| rank.run);
        let run = first.or_else(|| lane.taken.last().copied());
        run.and_then(|run| self.runs.get(&run))
            .and_then(|known| known.claim.key.as_ref())
            .map_or(0, |key| key.limit)
    }

    fn queue(
        &self,
        kind: QueueKind,
        automation_id: Option<AutomationId>,
        key: Option<String>,
        limit: u32,
        taken: &BTreeSet<RunId>,
        waiting: &BTreeSet<Rank>,
    ) -> Queue {
        let named = waiting.iter().take(NAMED).zip(1..);
        let named = named.filter_map(|(rank, position)| {
            let known = self.runs.get(&rank.run)?;
            Some(waiting_run(known, rank.run, position))
        });
        Queue {
            kind,
            automation_id,
            key,
            connection: None,
            rate: None,
            limit,
            taken: taken.len(),
            held_by: taken.iter().take(NAMED).copied().collect(),
            held_until: None,
            waiting: waiting.len(),
            queue: named.collect(),
        }
    }
}

fn waiting_run(known: &Known, run_id: RunId, position: usize) -> Waiting {
    let since = match known.standing {
        Standing::Queued { since, .. } => since,
        _ => Timestamp::default(),
    };
    Waiting {
        run_id,
        step: None,
        position,
        priority: known.claim.priority,
        since,
        about: None,
    }
}

fn before(ranks: &BTreeSet<Rank>, rank: Rank) -> usize {
    ranks.iter().take_while(|other| **other < rank).count()
}

fn room(limit: u32, taken: usize) -> bool {
    usize::try_from(limit).is_ok_and(|limit| taken < limit)
}
