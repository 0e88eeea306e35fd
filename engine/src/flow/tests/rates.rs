//! Rates against what they promise, over random lives: never too many starts in any window, whatever is slow,
//! canceled, or killed in between; nobody passes the first; nobody waits while there is room, or for ever.

use super::super::{Began, LONGEST_HOLD, Rate, RateWait, Rates};
use super::run;
use crate::event::StepPath;
use crate::testing::Random;
use crate::{RunId, Timestamp};
use std::collections::BTreeMap;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// A step as the model knows it.
#[derive(Debug, Clone)]
struct Known {
    wait: RateWait,
    granted: bool,
}

struct World {
    rates: Rates,
    rated: BTreeMap<&'static str, Rate>,
    steps: BTreeMap<(RunId, StepPath), Known>,
    /// All starts of each connection, as a journal would have them.
    began: BTreeMap<&'static str, Vec<Began>>,
    held: BTreeMap<&'static str, i64>,
    random: Random,
    now: i64,
    turn: u64,
    number: u64,
    begun: usize,
    waited: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut rated = BTreeMap::new();
        for name in NAMES {
            let count = 1 + random.below(5) as u32;
            let per = ["s", "m", "h"][random.below(3)];
            let mut rate: Rate = format!("{count}/{per}").parse().unwrap();
            if random.percent(40) {
                rate = rate
                    .with_burst(1 + random.below(count as usize) as u32)
                    .unwrap();
            }
            rated.insert(name, rate);
        }
        let mut world = Self {
            rates: Rates::default(),
            rated,
            steps: BTreeMap::new(),
            began: BTreeMap::new(),
            held: BTreeMap::new(),
            random,
            now: 1_800_000_000_000,
            turn: 0,
            number: 0,
            begun: 0,
            waited: 0,
        };
        for (name, rate) in &world.rated {
            world.rates.set(name, Some(*rate));
        }
        world
    }

    fn begin(&mut self) {
        self.turn += 1;
        let step = StepPath::from(["x", "y", "z"][self.random.below(3)]);
        let who = (run(self.random.below(6) as u64), step);
        if self.steps.contains_key(&who) {
            return;
        }
        let wait = RateWait {
            connection: NAMES[self.random.below(3)].into(),
            since: Timestamp(self.now),
            turn: self.turn,
            priority: self.random.below(5) as i32 - 2,
        };
        self.rates.wait(who.0, &who.1, wait.clone());
        self.rates.wait(who.0, &who.1, wait.clone());
        let granted = false;
        self.steps.insert(who, Known { wait, granted });
    }

    /// Whether a further start over a connection is within its rate, counted anew from all starts.
    fn has_room(&self, name: &str) -> bool {
        let rate = self.rated[name];
        let granted = self.steps.values();
        let granted = granted.filter(|known| known.granted && known.wait.connection == name);
        let granted = granted.count();
        let began = self.began.get(name).into_iter().flatten();
        let held = self.held.get(name).is_some_and(|until| *until > self.now);
        !held
            && rate.windows().all(|window| {
                let recent = |began: &&Began| began.at.0 > self.now - window.millis;
                began.clone().filter(recent).count() + granted < window.count
            })
    }

    fn rank(known: &Known, id: RunId, step: &StepPath) -> (i64, RunId, u64, StepPath) {
        let at = known.wait.since.0 - i64::from(known.wait.priority) * 60_000;
        (at, id, known.wait.turn, step.clone())
    }

    fn grant(&mut self) {
        for (id, step) in self.rates.grant(Timestamp(self.now)) {
            let known = self.steps[&(id, step.clone())].clone();
            assert!(!known.granted, "{step} was let go twice");
            let name = known.wait.connection.clone();
            assert!(self.has_room(&name), "{step} went though there was no room");
            let mine = Self::rank(&known, id, &step);
            for ((other, path), rival) in &self.steps {
                let waits = !rival.granted && rival.wait.connection == name;
                assert!(
                    !waits || Self::rank(rival, *other, path) >= mine,
                    "{step} went before {path}"
                );
            }
            self.steps.get_mut(&(id, step)).unwrap().granted = true;
        }
        for known in self.steps.values().filter(|known| !known.granted) {
            let name = &known.wait.connection;
            assert!(!self.has_room(name), "{known:?} could go and does not");
        }
        // Whoever wakes up at the next time, and no earlier, misses nothing.
        let waits = self.steps.values().any(|known| !known.granted);
        let next = self.rates.next(Timestamp(self.now));
        assert!(next.is_none_or(|at| waits && at.0 > self.now));
        let now = self.now;
        if let Some(at) = next {
            self.now = at.0;
            let room = |known: &Known| !known.granted && self.has_room(&known.wait.connection);
            assert!(self.steps.values().any(room), "nobody can go at {at}");
        }
        self.now = now;
    }

    /// One that was let go begins, some time later, or will not.
    fn take_up(&mut self, who: &(RunId, StepPath)) {
        let known = self.steps.remove(who).unwrap();
        if known.granted && self.random.percent(85) {
            assert!(self.rates.is_granted(who.0, &who.1));
            let name = NAMES
                .into_iter()
                .find(|name| *name == known.wait.connection)
                .unwrap();
            self.number += 1;
            let began = Began {
                at: Timestamp(self.now),
                number: self.number,
            };
            self.rates.began(name, began);
            self.began.entry(name).or_default().push(began);
            self.begun += 1;
            self.waited += usize::from(known.wait.since.0 < self.now);
        }
        self.rates.leave(who.0, &who.1);
        self.rates.leave(who.0, &who.1);
        assert!(!self.rates.waits(who.0, &who.1));
    }

    /// The process dies: what is known is what was written down.
    fn restart(&mut self) {
        let now = Timestamp(self.now);
        // Those that were let go and had not begun wait again.
        for known in self.steps.values_mut() {
            known.granted = false;
        }
        let mut again = Rates::default();
        let mut live = Rates::default();
        for (rates, from_start) in [(&mut again, false), (&mut live, true)] {
            for (name, rate) in &self.rated {
                rates.set(name, Some(*rate));
                for began in self.began.get(name).into_iter().flatten() {
                    let counts = now.0 - began.at.0 < rate.millis();
                    if from_start || counts {
                        rates.began(name, *began);
                    }
                }
                if let Some(until) = self.held.get(name) {
                    rates.hold(name, Timestamp(*until));
                }
            }
            for ((id, step), known) in &self.steps {
                rates.wait(*id, step, known.wait.clone());
            }
        }
        for (id, step) in self.steps.keys() {
            assert_eq!(again.why(*id, step, now), live.why(*id, step, now));
        }
        assert_eq!(again.queues(now), live.queues(now));
        assert_eq!(again.next(now), live.next(now));
        let granted = |rates: &mut Rates| rates.grant(now);
        // What the process before had let go does not count any more: compared with that known anew.
        assert_eq!(granted(&mut live), granted(&mut again));
        for ((id, step), known) in &mut self.steps {
            known.granted = again.is_granted(*id, step);
        }
        self.rates = again;
    }

    fn disturb(&mut self) {
        let waiting: Vec<_> = self.steps.keys().cloned().collect();
        match (self.random.pick(&waiting).cloned(), self.random.below(20)) {
            (_, 0..=5) | (None, _) => self.begin(),
            (Some(who), 6..=12) => {
                let granted = self.steps[&who].granted;
                if granted || self.random.percent(5) {
                    self.take_up(&who);
                }
            }
            (_, 13) if self.random.percent(10) => {
                let name = NAMES[self.random.below(3)];
                let until = self.now + self.random.below(90_000) as i64;
                self.rates.hold(name, Timestamp(until));
                let held = self.held.entry(name).or_insert(until);
                *held = until.max(*held);
            }
            (_, 14) if self.random.percent(20) => self.restart(),
            (_, 15) => {
                if let Some(at) = self.rates.next(Timestamp(self.now)) {
                    self.now = at.0;
                }
            }
            _ => self.now += self.random.below(3_000) as i64,
        }
        self.grant();
    }

    /// All wait for nothing but time: then all begin, and no later than was said.
    fn finish(&mut self) {
        for _ in 0..100_000 {
            let granted = self.steps.iter().filter(|(_, known)| known.granted);
            let granted: Vec<_> = granted.map(|(who, _)| who.clone()).collect();
            for who in granted {
                self.take_up(&who);
            }
            self.grant();
            if self.steps.is_empty() {
                return;
            }
            if self.steps.values().any(|known| known.granted) {
                continue;
            }
            self.now = self.rates.next(Timestamp(self.now)).unwrap().0;
            self.grant();
        }
        panic!("they starve: {:?}", self.steps);
    }

    /// The promise, from the starts alone.
    fn holds(&self) {
        for (name, began) in &self.began {
            let mut times: Vec<i64> = began.iter().map(|began| began.at.0).collect();
            times.sort_unstable();
            for window in self.rated[name].windows() {
                for group in times.windows(window.count + 1) {
                    let span = group[window.count] - group[0];
                    assert!(span >= window.millis, "{name}: {group:?} in {window:?}");
                }
            }
        }
    }
}

#[test]
fn never_more_begin_in_any_window_than_the_rate_says_and_none_starves() {
    let (mut begun, mut waited) = (0, 0);
    for seed in 0..120 {
        let mut world = World::new(seed);
        for _ in 0..400 {
            world.disturb();
        }
        world.finish();
        world.holds();
        assert_eq!(world.rates.waiting(), 0);
        begun += world.begun;
        waited += world.waited;
    }
    assert!(
        begun > 5_000 && waited > 2_500,
        "{begun} began, {waited} waited"
    );
}

fn wait(connection: &str, since: i64, turn: u64, priority: i32) -> RateWait {
    RateWait {
        connection: connection.into(),
        since: Timestamp(since),
        turn,
        priority,
    }
}

fn rates(rate: &str) -> Rates {
    let mut rates = Rates::default();
    rates.set("crm", Some(rate.parse().unwrap()));
    rates
}

fn began(rates: &mut Rates, number: u64, at: i64) -> Vec<u64> {
    let at = Timestamp(at);
    rates.began("crm", Began { at, number })
}

#[test]
fn a_reason_names_the_rate_the_place_and_the_time() {
    let mut rates = rates("2/m");
    for (number, at) in [(1, 0), (2, 48_000)] {
        began(&mut rates, number, at);
    }
    let step = StepPath::from("send");
    for number in 1..=5 {
        rates.wait(run(number), &step, wait("crm", 49_000, number, 0));
    }
    let now = Timestamp(50_000);
    assert_eq!(rates.grant(now), []);
    let says = |rates: &Rates, number| rates.why(run(number), &step, now).unwrap().sentence(now);
    let about = ["10 s", "58 s", "70 s", "118 s", "3 min"];
    for (number, about) in (1..).zip(about) {
        let place = format!("position {number}, about {about}");
        assert_eq!(
            says(&rates, number),
            format!("waits for the rate 2/m of connection crm, {place}")
        );
    }
    rates.hold("crm", Timestamp(100_000));
    assert_eq!(
        says(&rates, 1),
        "waits for the rate 2/m of connection crm, position 1, about 50 s; \
         the other side asked to wait until 1970-01-01T00:01:40.000Z"
    );
    let queue = rates.queues(now).pop().unwrap();
    assert_eq!((queue.limit, queue.taken, queue.waiting), (2, 2, 5));
    let first = &queue.queue[0];
    assert_eq!(
        (first.run_id, first.about),
        (run(1), Some(Timestamp(100_000)))
    );
    rates.set("crm", None);
    assert!(says(&rates, 1).contains("no rate any more"));
    assert_eq!(rates.grant(now).len(), 5, "without a rate all go");
}

#[test]
fn priority_is_worth_a_minute_of_waiting() {
    let mut rates = rates("1/h");
    began(&mut rates, 1, 0);
    let step = StepPath::from("send");
    for (number, since, priority) in [(1, 60_000, 0), (2, 110_000, 1), (3, 130_000, 1)] {
        rates.wait(run(number), &step, wait("crm", since, number, priority));
    }
    let mut order = Vec::new();
    for hour in 1..=3 {
        let now = hour * 3_600_000;
        let granted = rates.grant(Timestamp(now));
        let [(id, _)] = granted.as_slice() else {
            panic!("{granted:?}");
        };
        order.push(*id);
        began(&mut rates, 1 + hour as u64, now);
        rates.leave(*id, &step);
    }
    assert_eq!(order, [run(2), run(1), run(3)]);
}

#[test]
fn what_counts_no_more_is_forgotten_a_few_at_a_time() {
    let mut rates = rates("1000/s");
    for number in 0..500 {
        assert!(began(&mut rates, number, 0).is_empty());
    }
    let first = began(&mut rates, 500, 1_000);
    assert_eq!(first, (0..64).collect::<Vec<u64>>());
    assert_eq!(began(&mut rates, 501, 1_000).first(), Some(&64));
    // One that comes late stands where it belongs.
    assert!(began(&mut rates, 502, 0).is_empty());
    assert_eq!(rates.queues(Timestamp(1_000))[0].taken, 2);
    let third = began(&mut rates, 503, 1_000);
    assert_eq!(third, (128..192).collect::<Vec<u64>>());
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait_longer_than_a_period() {
    let mut rates = rates("1/m");
    let day = 86_400_000;
    began(&mut rates, 1, 10 * day);
    rates.hold("crm", Timestamp(10 * day));
    let step = StepPath::from("send");
    rates.wait(run(1), &step, wait("crm", 0, 1, 0));
    assert_eq!(rates.grant(Timestamp(day)), []);
    let next = rates.next(Timestamp(day)).unwrap();
    assert_eq!(next, Timestamp(day + LONGEST_HOLD));
    rates.release("crm");
    let next = rates.next(Timestamp(day)).unwrap();
    assert_eq!(next, Timestamp(day + 60_000));
    assert_eq!(rates.grant(next).len(), 1);
}

#[test]
fn a_run_that_stands_aside_gives_back_what_it_was_let_do() {
    let mut rates = rates("1/m");
    let step = StepPath::from("send");
    let now = Timestamp(0);
    rates.wait(run(1), &step, wait("crm", 0, 1, 0));
    rates.wait(run(2), &step, wait("crm", 1, 1, 0));
    assert_eq!(rates.grant(now), [(run(1), step.clone())]);
    // Said again, it stays let go; what it waits for anew is another thing.
    rates.stand(run(1), vec![(step.clone(), wait("crm", 0, 1, 0))]);
    assert!(rates.is_granted(run(1), &step));
    rates.stand(run(1), Vec::new());
    assert_eq!(rates.grant(now), [(run(2), step.clone())]);
    rates.wait(run(1), &step, wait("crm", 0, 1, 0));
    assert!(!rates.is_granted(run(1), &step));
    assert_eq!(rates.grant(now), []);
    assert_eq!((rates.waiting(), rates.of(run(1))), (2, vec![step.clone()]));
    rates.leave(run(2), &step);
    assert_eq!(rates.grant(now), [(run(1), step)]);
}
