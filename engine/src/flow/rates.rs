//! Rates of connections: how many attempts may begin over each in a period, and who waits for that.
//!
//! What is used of a rate is never counted up and down: it is the times at which attempts began, which are
//! facts of their runs, and those that were let go and have not begun yet. So it is the same after a restart,
//! and nothing that ends, fails or is canceled can take a place with it.
//!
//! | what                                   | what it does to the rate                                       |
//! |----------------------------------------|----------------------------------------------------------------|
//! | an attempt began                       | counts until the rate's period is over                         |
//! | a step was let go and has not begun    | counts as if it began now                                      |
//! | a step that was let go waits no more   | counts no more                                                 |
//! | the other side asked to wait           | nobody goes before that time, whichever run was told           |
//! | the connection has a rate no more      | all that wait go                                               |
//!
//! Who is first: the smallest [`Rank`], as for slots: since when the step waits, less a minute for each point
//! of its run's priority. Those of the same rank go in the order in which they came. Nobody passes the first
//! one, and only finitely many can get before another, so none starves.

use super::rate::Rate;
use super::{Queue, QueueKind, Rank, Waiting};
use crate::event::StepPath;
use crate::{RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The longest that the other side can make a connection wait, in milliseconds.
pub const LONGEST_HOLD: i64 = 24 * 3_600_000;

/// How many starts that count no more are forgotten with a new one.
const FORGOTTEN: usize = 64;

/// How many that wait a queue names.
const NAMED: usize = 100;

/// A step that waits for the rate of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateWait {
    /// The connection.
    pub connection: String,
    /// Since when it waits.
    pub since: Timestamp,
    /// The number of the fact by which it began to wait: the order within its run.
    pub turn: u64,
    /// The priority of its run.
    pub priority: i32,
}

/// An attempt that began over a connection with a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began {
    /// When.
    pub at: Timestamp,
    /// Tells it from others of the same connection, and which of them is older.
    pub number: u64,
}

/// What a step waits for, and how long about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatePlace {
    /// The connection.
    pub connection: String,
    /// Its rate; none when it has lost it, and the step goes on at once.
    pub rate: Option<Rate>,
    /// Its place, from 1.
    pub position: usize,
    /// When it begins, as things stand.
    pub about: Timestamp,
    /// Until when the other side asked to wait.
    pub held_until: Option<Timestamp>,
}

type Place = (Rank, u64, StepPath);

/// A connection with a rate, or that somebody waits for.
#[derive(Debug, Default, Clone, PartialEq)]
struct Lane {
    rate: Option<Rate>,
    /// The oldest first.
    began: VecDeque<Began>,
    held_until: Option<Timestamp>,
    waiting: BTreeSet<Place>,
    /// Those that were let go and have not begun.
    granted: BTreeSet<(RunId, StepPath)>,
}

/// The rates of all connections.
///
/// Nothing is known here of connections without a rate.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Rates {
    lanes: BTreeMap<String, Lane>,
    waits: BTreeMap<RunId, BTreeMap<StepPath, RateWait>>,
}

impl Rates {
    /// Sets, changes or takes away the rate of a connection. What began counts on; without a rate nothing
    /// does.
    pub fn set(&mut self, connection: &str, rate: Option<Rate>) {
        let Some(rate) = rate else {
            if let Some(lane) = self.lanes.get_mut(connection) {
                lane.rate = None;
                lane.began.clear();
                lane.held_until = None;
            }
            self.tidy(connection);
            return;
        };
        let lane = self.lanes.entry(connection.to_owned()).or_default();
        lane.rate = Some(rate);
    }

    /// The rate of a connection.
    pub fn rate(&self, connection: &str) -> Option<Rate> {
        self.lanes.get(connection)?.rate
    }

    /// An attempt began. Gives the numbers of those that count no more, which may be forgotten.
    pub fn began(&mut self, connection: &str, began: Began) -> Vec<u64> {
        let Some(lane) = self.lanes.get_mut(connection) else {
            return Vec::new();
        };
        let Some(rate) = lane.rate else {
            return Vec::new();
        };
        let order = |other: &Began| (other.at, other.number) <= (began.at, began.number);
        // Nearly always the newest.
        let behind = lane.began.iter().rev().take_while(|other| !order(other));
        let place = lane.began.len() - behind.count();
        lane.began.insert(place, began);
        let end = rate.forgets(began.at);
        let old = lane.began.iter().take_while(|began| began.at <= end);
        let old = old.count().min(FORGOTTEN);
        lane.began.drain(..old).map(|began| began.number).collect()
    }

    /// The other side asked to wait: nobody goes before that time.
    pub fn hold(&mut self, connection: &str, until: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(connection)
            && lane.rate.is_some()
        {
            lane.held_until = lane.held_until.max(Some(until));
        }
    }

    /// Until when the other side asked to wait.
    pub fn held_until(&self, connection: &str) -> Option<Timestamp> {
        self.lanes.get(connection)?.held_until
    }

    /// Nobody has to wait any more because the other side asked for it.
    pub fn release(&mut self, connection: &str) {
        if let Some(lane) = self.lanes.get_mut(connection) {
            lane.held_until = None;
        }
    }

    /// A step waits. Saying it again changes nothing.
    pub fn wait(&mut self, run: RunId, step: &StepPath, wait: RateWait) {
        let known = self.waits.get(&run).and_then(|waits| waits.get(step));
        if known == Some(&wait) {
            return;
        }
        self.leave(run, step);
        let place = place_of(run, step, &wait);
        let lane = self.lanes.entry(wait.connection.clone()).or_default();
        lane.waiting.insert(place);
        let waits = self.waits.entry(run).or_default();
        waits.insert(step.clone(), wait);
    }

    /// A step waits no more: it has begun, or will not.
    pub fn leave(&mut self, run: RunId, step: &StepPath) {
        let Some(waits) = self.waits.get_mut(&run) else {
            return;
        };
        let Some(wait) = waits.remove(step) else {
            return;
        };
        if waits.is_empty() {
            self.waits.remove(&run);
        }
        if let Some(lane) = self.lanes.get_mut(&wait.connection) {
            lane.waiting.remove(&place_of(run, step, &wait));
            lane.granted.remove(&(run, step.clone()));
        }
        self.tidy(&wait.connection);
    }

    /// Takes these as all the steps of a run that wait.
    pub fn stand(&mut self, run: RunId, waits: Vec<(StepPath, RateWait)>) {
        let stay: BTreeSet<&StepPath> = waits.iter().map(|(step, _)| step).collect();
        let known = self.waits.get(&run).into_iter().flat_map(BTreeMap::keys);
        let gone: Vec<StepPath> = known.filter(|step| !stay.contains(step)).cloned().collect();
        for step in gone {
            self.leave(run, &step);
        }
        for (step, wait) in waits {
            self.wait(run, &step, wait);
        }
    }

    fn tidy(&mut self, connection: &str) {
        let useless =
            |lane: &Lane| lane.rate.is_none() && lane.waiting.is_empty() && lane.granted.is_empty();
        if self.lanes.get(connection).is_some_and(useless) {
            self.lanes.remove(connection);
        }
    }

    /// Lets those go whose turn it is, in their order.
    pub fn grant(&mut self, now: Timestamp) -> Vec<(RunId, StepPath)> {
        let mut granted = Vec::new();
        for lane in self.lanes.values_mut() {
            lane.set_clock(now);
            while !lane.waiting.is_empty() && lane.earliest(now).is_some_and(|at| at <= now) {
                if let Some((rank, _, step)) = lane.waiting.pop_first() {
                    let who = (rank.run, step);
                    lane.granted.insert(who.clone());
                    granted.push(who);
                }
            }
        }
        granted
    }

    /// Whether a step was let go and has not begun.
    pub fn is_granted(&self, run: RunId, step: &StepPath) -> bool {
        let wait = self.waits.get(&run).and_then(|waits| waits.get(step));
        let lane = wait.and_then(|wait| self.lanes.get(&wait.connection));
        lane.is_some_and(|lane| lane.granted.contains(&(run, step.clone())))
    }

    /// When somebody can be let go, if nothing else happens before.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let lanes = self.lanes.values().filter(|lane| !lane.waiting.is_empty());
        lanes.filter_map(|lane| lane.earliest(now)).min()
    }

    /// Whether any step of a run waits.
    pub fn has(&self, run: RunId) -> bool {
        self.waits.contains_key(&run)
    }

    /// Whether a step of a run waits.
    pub fn waits(&self, run: RunId, step: &StepPath) -> bool {
        let waits = self.waits.get(&run);
        waits.is_some_and(|waits| waits.contains_key(step))
    }

    /// How many steps wait.
    pub fn waiting(&self) -> usize {
        self.waits.values().map(BTreeMap::len).sum()
    }

    /// What a step waits for; none for one that does not.
    pub fn why(&self, run: RunId, step: &StepPath, now: Timestamp) -> Option<RatePlace> {
        let wait = self.waits.get(&run)?.get(step)?;
        let lane = self.lanes.get(&wait.connection)?;
        let place = place_of(run, step, wait);
        let granted = lane.granted.contains(&(run, step.clone()));
        let before = match granted {
            true => 0,
            false => lane.waiting.range(..&place).count(),
        };
        let about = match granted {
            true => now,
            false => lane.forecast(now, before + 1).pop().unwrap_or(now),
        };
        Some(RatePlace {
            connection: wait.connection.clone(),
            rate: lane.rate,
            position: before + 1,
            about,
            held_until: lane.held_until.filter(|until| *until > now),
        })
    }

    /// Those of a run that wait, the first ones first.
    pub fn of(&self, run: RunId) -> Vec<StepPath> {
        let waits = self.waits.get(&run).into_iter().flatten();
        let mut places: Vec<Place> = waits
            .map(|(step, wait)| place_of(run, step, wait))
            .collect();
        places.sort_unstable();
        places.into_iter().map(|(_, _, step)| step).collect()
    }

    /// The connections that somebody waits for or whose rate is used, by name.
    pub fn queues(&self, now: Timestamp) -> Vec<Queue> {
        let used = |lane: &Lane| !lane.waiting.is_empty() || lane.used(now) > 0;
        let lanes = self.lanes.iter().filter(|(_, lane)| used(lane));
        lanes
            .map(|(name, lane)| self.queue(name, lane, now))
            .collect()
    }

    fn queue(&self, connection: &str, lane: &Lane, now: Timestamp) -> Queue {
        let named = lane.waiting.iter().take(NAMED);
        let about = lane.forecast(now, lane.waiting.len().min(NAMED));
        let named = named.zip(about).zip(1..);
        let named = named.filter_map(|(((rank, _, step), about), position)| {
            let wait = self.waits.get(&rank.run)?.get(step)?;
            Some(Waiting {
                run_id: rank.run,
                step: Some(step.clone()),
                position,
                priority: wait.priority,
                since: wait.since,
                about: Some(about),
            })
        });
        Queue {
            kind: QueueKind::Rate,
            automation_id: None,
            key: None,
            connection: Some(connection.to_owned()),
            rate: lane.rate.map(|rate| rate.to_string()),
            limit: lane.rate.map_or(0, |rate| rate.count()),
            taken: lane.used(now),
            held_by: Vec::new(),
            held_until: lane.held_until.filter(|until| *until > now),
            waiting: lane.waiting.len(),
            queue: named.collect(),
        }
    }
}

impl Lane {
    /// A clock that was set back makes nobody wait longer than the period, or than the other side can ask.
    fn set_clock(&mut self, now: Timestamp) {
        for began in self.began.iter_mut().rev() {
            if began.at <= now {
                break;
            }
            began.at = now;
        }
        let most = Timestamp(now.0.saturating_add(LONGEST_HOLD));
        self.held_until = self.held_until.filter(|until| *until > now);
        self.held_until = self.held_until.map(|until| until.min(most));
    }

    /// From when on a further one may begin. None as long as those that were let go have not begun.
    fn earliest(&self, now: Timestamp) -> Option<Timestamp> {
        let mut at = self.held_until.unwrap_or(now).max(now);
        for window in self.rate.iter().flat_map(Rate::windows) {
            let others = window.count.checked_sub(1 + self.granted.len())?;
            if let Some(place) = self.began.len().checked_sub(1 + others) {
                at = at.max(Timestamp(self.began[place].at.min(now).0 + window.millis));
            }
        }
        Some(at)
    }

    /// When the first of those that wait begin, if nobody comes before them and each begins as soon as it
    /// may.
    fn forecast(&self, now: Timestamp, most: usize) -> Vec<Timestamp> {
        let granted = self.granted.len();
        let mut ahead = vec![now; granted];
        let mut at = self.held_until.unwrap_or(now).max(now);
        for _ in 0..most {
            for window in self.rate.iter().flat_map(Rate::windows) {
                let all = self.began.len() + ahead.len();
                let Some(place) = all.checked_sub(window.count) else {
                    continue;
                };
                let other = match place.checked_sub(self.began.len()) {
                    None => self.began[place].at.min(now),
                    Some(place) => ahead[place],
                };
                at = at.max(Timestamp(other.0 + window.millis));
            }
            ahead.push(at);
        }
        ahead.split_off(granted)
    }

    /// How many began in the period until now, or were let go.
    fn used(&self, now: Timestamp) -> usize {
        let Some(rate) = self.rate else { return 0 };
        let since = rate.forgets(now);
        let recent = self.began.iter().rev().take_while(|began| began.at > since);
        recent.count() + self.granted.len()
    }
}

fn place_of(run: RunId, step: &StepPath, wait: &RateWait) -> Place {
    let rank = Rank::new(run, wait.since, wait.priority);
    (rank, wait.turn, step.clone())
}

impl RatePlace {
    /// The reason in one sentence, without a full stop.
    pub fn sentence(&self, now: Timestamp) -> String {
        let Self {
            connection,
            position,
            ..
        } = self;
        let Some(rate) = self.rate else {
            return format!("goes on at once: connection {connection} has no rate any more");
        };
        let about = about(self.about.0.saturating_sub(now.0));
        let asked = match self.held_until {
            None => String::new(),
            Some(until) => format!("; the other side asked to wait until {until}"),
        };
        format!(
            "waits for the rate {rate} of connection {connection}, position {position}, about {about}{asked}"
        )
    }
}

/// A time to come in whole seconds, minutes or hours, rounded up.
fn about(millis: i64) -> String {
    let seconds = millis.max(1).unsigned_abs().div_ceil(1_000);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}
