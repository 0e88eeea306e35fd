//! Which times of a schedule are due, and which of the missed ones are made up for.

use crate::timetable::Timetable;
use druse_engine::{
    Finding, Span, Timestamp, TriggerId,
    definition::{CatchUp, Schedule},
};
use sha2::{Digest, Sha256};

/// How missed times are made up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUpRule {
    /// None, the latest or all.
    pub policy: CatchUp,
    /// Times longer ago than this are passed over, whatever the policy.
    pub window: Span,
    /// Under `none`, how late the present time may be taken up and still count as on time.
    pub on_time: Span,
    /// The most times that one call gives; the newest are kept.
    pub max: usize,
}

impl CatchUpRule {
    /// A window of a day, a minute for being on time, and room for a day of every minute.
    pub const fn new(policy: CatchUp) -> Self {
        Self {
            policy,
            window: Span::from_secs(86_400),
            on_time: Span::from_secs(60),
            max: 1_500,
        }
    }

    /// The rule of a schedule.
    pub fn of(schedule: &Schedule) -> Self {
        let rule = Self::new(schedule.catch_up.unwrap_or_default());
        Self {
            window: schedule.catch_up_window.unwrap_or(rule.window),
            max: schedule.catch_up_max.map_or(rule.max, |max| max as usize),
            ..rule
        }
    }
}

/// The longest jitter, and the longest window of made-up times: a year of minutes is no list for anybody.
const LONGEST: Span = Span::from_secs(86_400);
const LONGEST_WINDOW: Span = Span::from_secs(366 * 86_400);

/// The most times that may be made up for at once.
const MOST: u32 = 10_000;

/// What is wrong with how a schedule fires, its times aside. Paths begin at the schedule.
pub fn check_firing(schedule: &Schedule) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wrong = |key: &str, message: &str, help: &str| {
        findings.push(
            Finding::error("bad_schedule", message)
                .at_path(format!("/{key}"))
                .help(help),
        );
    };
    if schedule.jitter.is_some_and(|jitter| jitter > LONGEST) {
        wrong(
            "jitter",
            "the jitter is longer than a day",
            "Give at most 1d.",
        );
    }
    if schedule
        .catch_up_window
        .is_some_and(|window| window > LONGEST_WINDOW)
    {
        wrong(
            "catch_up_window",
            "the window of missed times is longer than a year",
            "Give at most 366d; a backfill makes up for more.",
        );
    }
    if schedule
        .catch_up_max
        .is_some_and(|max| max == 0 || max > MOST)
    {
        wrong(
            "catch_up_max",
            "missed times are made up for at most 10000 at once",
            "Give 1 to 10000; a backfill makes up for more.",
        );
    }
    let policy = schedule.catch_up.unwrap_or_default();
    if schedule.catch_up_max.is_some() && policy != CatchUp::All {
        findings.push(
            Finding::warning(
                "unused_setting",
                "`catch_up_max` changes nothing without `catch_up: all`",
            )
            .at_path("/catch_up_max")
            .help("Take it out."),
        );
    }
    findings
}

/// How long after its times a trigger fires: from nothing to less than `jitter`, always the same for one
/// trigger, so that many triggers with the same times are spread over it.
pub fn delay_of(trigger: TriggerId, jitter: Span) -> Span {
    let digest = Sha256::digest(trigger.0.to_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    Span::from_millis(u64::from_be_bytes(first) % jitter.as_millis().max(1))
}

/// A step of the clock that is larger than this is no correction any more.
pub const STEP: Span = Span::from_secs(60);

/// From where on times count after the clock went back: what was passed over while it was wrong comes
/// again, and what was fired is kept from coming twice by its claim. `delay` is the trigger's own.
/// `None` while the clock did not go back.
pub fn rewound(last: Timestamp, now: Timestamp, delay: Span) -> Option<Timestamp> {
    (last.since(now) > STEP).then(|| before(now, delay))
}

/// A moment before another one.
pub fn before(moment: Timestamp, span: Span) -> Timestamp {
    let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp(moment.0.saturating_sub(millis))
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// The times that start a run now, oldest first.
    pub fire: Vec<Timestamp>,
    /// The newest of those that are passed over, oldest first; at most [`LISTED`].
    pub skipped: Vec<Timestamp>,
    /// How many are passed over in all, counted up to [`COUNTED`].
    pub skipped_count: u64,
    /// What to hand in as `last` the next time: nothing up to here is due again.
    pub until: Timestamp,
    /// When to ask again; `None` when no time follows.
    pub next: Option<Timestamp>,
}

/// How many passed-over times are listed.
pub const LISTED: usize = 100;

/// Where counting passed-over times ends.
pub const COUNTED: u64 = 10_000;

/// What is due at `now` of the times after `last` (the last one that was fired or passed over, or the
/// activation). Nothing is due twice, and nothing when the clock went back behind `last`.
pub fn due(timetable: &Timetable, rule: CatchUpRule, last: Timestamp, now: Timestamp) -> Due {
    let mut due = Due {
        until: last,
        ..Due::default()
    };
    if now <= last {
        due.next = timetable.next_after(last);
        return due;
    }
    due.next = timetable.next_after(now);
    let window_start = before(now, rule.window).max(last);

    let mut passed = Passed::default();
    for time in timetable
        .after(last)
        .take_while(|time| *time <= window_start)
    {
        passed.add(time);
        due.until = time;
        if passed.count >= COUNTED {
            break;
        }
    }
    let recent = timetable
        .after(window_start)
        .take_while(|time| *time <= now);
    let keep = match rule.policy {
        CatchUp::None | CatchUp::Latest => 1,
        CatchUp::All => rule.max.max(1),
    };
    let mut kept = std::collections::VecDeque::new();
    for time in recent {
        due.until = time;
        kept.push_back(time);
        if kept.len() > keep
            && let Some(oldest) = kept.pop_front()
        {
            passed.add(oldest);
        }
    }
    if rule.policy == CatchUp::None {
        while let Some(time) = kept.pop_front_if(|time| now.since(*time) > rule.on_time) {
            passed.add(time);
        }
    }
    // Times between the end of the counting and the window are passed over as well.
    due.until = due
        .until
        .max(if window_start > last && passed.count >= COUNTED {
            window_start
        } else {
            last
        });
    due.fire = kept.into();
    due.skipped = passed.newest.into();
    due.skipped_count = passed.count;
    due
}

#[derive(Default)]
struct Passed {
    newest: std::collections::VecDeque<Timestamp>,
    count: u64,
}

impl Passed {
    fn add(&mut self, time: Timestamp) {
        self.count = (self.count + 1).min(COUNTED);
        self.newest.push_back(time);
        if self.newest.len() > LISTED {
            self.newest.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::*, test_runner::RngSeed};

    const MINUTE: i64 = 60_000;

    fn ask(policy: CatchUp, last: i64, now: i64) -> Due {
        let table = Timetable::cron("*/10 * * * *", None).unwrap();
        due(
            &table,
            CatchUpRule::new(policy),
            Timestamp(last * MINUTE),
            Timestamp(now * MINUTE),
        )
    }

    fn minutes(times: &[Timestamp]) -> Vec<i64> {
        times.iter().map(|time| time.0 / MINUTE).collect()
    }

    #[test]
    fn a_time_that_just_came_fires_under_every_policy() {
        for policy in [CatchUp::None, CatchUp::Latest, CatchUp::All] {
            let due = ask(policy, 0, 10);
            assert_eq!(minutes(&due.fire), [10]);
            assert_eq!(
                (due.skipped_count, due.until.0 / MINUTE, due.next),
                (0, 10, Some(Timestamp(20 * MINUTE)))
            );
            assert!(ask(policy, 10, 19).fire.is_empty());
        }
    }

    #[test]
    fn missed_times_are_made_up_for_as_the_policy_says() {
        let none = ask(CatchUp::None, 0, 35);
        assert_eq!(
            (minutes(&none.fire), minutes(&none.skipped)),
            (vec![], vec![10, 20, 30])
        );
        let on_time = ask(CatchUp::None, 0, 30);
        assert_eq!(
            (minutes(&on_time.fire), minutes(&on_time.skipped)),
            (vec![30], vec![10, 20])
        );
        let latest = ask(CatchUp::Latest, 0, 35);
        assert_eq!(
            (minutes(&latest.fire), minutes(&latest.skipped)),
            (vec![30], vec![10, 20])
        );
        let all = ask(CatchUp::All, 0, 35);
        assert_eq!(
            (minutes(&all.fire), all.skipped_count),
            (vec![10, 20, 30], 0)
        );
        for due in [none, latest, all] {
            assert_eq!(due.until.0 / MINUTE, 30);
        }
    }

    #[test]
    fn older_than_a_day_is_passed_over_and_counted() {
        let day = 24 * 60;
        let all = ask(CatchUp::All, 0, 3 * day);
        assert_eq!(all.fire.len(), 144);
        assert_eq!(minutes(&all.fire[..1]), [2 * day + 10]);
        assert_eq!((all.skipped_count, all.skipped.len()), (288, LISTED));
        assert_eq!(minutes(&all.skipped[LISTED - 1..]), [2 * day]);
        let long = ask(CatchUp::Latest, 0, 1000 * day);
        assert_eq!(
            (minutes(&long.fire), long.skipped_count),
            (vec![1000 * day], COUNTED)
        );
    }

    #[test]
    fn a_limit_keeps_the_newest_and_a_clock_set_back_fires_nothing() {
        let table = Timetable::cron("* * * * *", None).unwrap();
        let rule = CatchUpRule {
            max: 3,
            ..CatchUpRule::new(CatchUp::All)
        };
        let due_now = due(&table, rule, Timestamp(0), Timestamp(10 * MINUTE));
        assert_eq!(
            (minutes(&due_now.fire), due_now.skipped_count),
            (vec![8, 9, 10], 7)
        );
        let back = due(&table, rule, Timestamp(10 * MINUTE), Timestamp(5 * MINUTE));
        assert_eq!(
            back,
            Due {
                until: Timestamp(10 * MINUTE),
                next: Some(Timestamp(11 * MINUTE)),
                ..Due::default()
            }
        );
    }

    #[test]
    fn each_trigger_has_a_delay_of_its_own_that_stays() {
        let jitter = Span::from_secs(600);
        let trigger = |n: u8| TriggerId::from_parts(1_700_000_000_000, [n; 10]);
        let delays: Vec<u64> = (0..200)
            .map(|n| delay_of(trigger(n), jitter).as_millis())
            .collect();
        let again: Vec<u64> = (0..200)
            .map(|n| delay_of(trigger(n), jitter).as_millis())
            .collect();
        assert_eq!(delays, again);
        assert!(delays.iter().all(|delay| *delay < 600_000));
        // Spread: each tenth of the jitter has some of the 200.
        for tenth in 0..10 {
            let within = delays.iter().filter(|delay| **delay / 60_000 == tenth);
            assert!((8..=40).contains(&within.count()), "{tenth}: {delays:?}");
        }
        assert_eq!(delay_of(trigger(1), Span::from_secs(0)), Span::from_secs(0));
    }

    #[test]
    fn settings_that_cannot_be_are_told() {
        let schedule = Schedule {
            cron: Some("@daily".into()),
            jitter: Some(Span::from_secs(86_401)),
            catch_up_window: Some(Span::from_secs(367 * 86_400)),
            catch_up_max: Some(0),
            ..Schedule::default()
        };
        let told: Vec<String> = check_firing(&schedule)
            .iter()
            .map(|f| {
                format!(
                    "{:?} {} {}",
                    f.severity,
                    f.path.clone().unwrap_or_default(),
                    f.message
                )
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r###"
Error /jitter the jitter is longer than a day
Error /catch_up_window the window of missed times is longer than a year
Error /catch_up_max missed times are made up for at most 10000 at once
Warning /catch_up_max `catch_up_max` changes nothing without `catch_up: all`
"###);
        let schedule = Schedule {
            catch_up: Some(CatchUp::All),
            catch_up_window: Some(Span::from_secs(7_200)),
            catch_up_max: Some(5),
            ..schedule
        };
        let rule = CatchUpRule::of(&schedule);
        assert_eq!((rule.policy, rule.max), (CatchUp::All, 5));
        assert_eq!(rule.window, Span::from_secs(7_200));
    }

    /// What outlives the process: where the trigger stands, and the claims of what it fired.
    struct Kept {
        last: Timestamp,
        fired: std::collections::BTreeSet<Timestamp>,
        passed: std::collections::BTreeSet<Timestamp>,
    }

    impl Kept {
        /// One turn of a schedule as it is kept at work, ended by a crash after `steps` writes.
        fn turn(
            &mut self,
            table: &Timetable,
            rule: CatchUpRule,
            delay: Span,
            now: Timestamp,
            mut steps: usize,
        ) -> Result<(), String> {
            let mut survives = || {
                let alive = steps > 0;
                steps = steps.saturating_sub(1);
                alive
            };
            if let Some(to) = rewound(self.last, now, delay) {
                if !survives() {
                    return Ok(());
                }
                self.last = to;
            }
            let due = due(table, rule, self.last, before(now, delay));
            if !due.skipped.is_empty() {
                if !survives() {
                    return Ok(());
                }
                // The newest of them are listed; all of them are passed over.
                let newest = due.skipped[due.skipped.len() - 1];
                let passed = table.after(self.last).take_while(|at| *at <= newest);
                self.passed
                    .extend(passed.filter(|at| due.fire.binary_search(at).is_err()));
                self.last = self.last.max(newest);
            }
            for at in due.fire {
                if !survives() {
                    return Ok(());
                }
                if at.after(delay) > now {
                    return Err(format!("{at} fired at {now}, too early"));
                }
                // The claim: what was fired is not fired again, the trigger only moves on.
                self.fired.insert(at);
                self.last = self.last.max(at);
            }
            self.last = self.last.max(due.until);
            Ok(())
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, rng_seed: RngSeed::Fixed(11), ..ProptestConfig::default() })]

        #[test]
        fn each_time_is_fired_or_passed_over_exactly_once(
            policy in prop::sample::select(vec![CatchUp::None, CatchUp::Latest, CatchUp::All]),
            max in 1usize..5,
            waits in prop::collection::vec(0i64..200_000, 1..40),
        ) {
            let table = Timetable::cron("* * * * *", None).unwrap();
            let rule = CatchUpRule { max, ..CatchUpRule::new(policy) };
            let (mut last, mut now, mut seen) = (Timestamp(0), 0, Vec::new());
            for wait in waits {
                now += wait;
                let due = due(&table, rule, last, Timestamp(now));
                prop_assert_eq!(due.skipped_count as usize, due.skipped.len());
                prop_assert!(due.fire.iter().chain(&due.skipped).all(|time| time.0 <= now));
                prop_assert!(due.next > Some(Timestamp(now)) && due.until >= last);
                seen.extend(due.skipped);
                seen.extend(due.fire);
                last = due.until;
            }
            let all: Vec<_> = table.after(Timestamp(0)).take_while(|time| time.0 <= now).collect();
            prop_assert_eq!(seen, all);
        }

        /// The clock goes on, is set forward and back, and the process dies between any two writes.
        #[test]
        fn whatever_the_clock_does_no_time_is_lost_and_none_comes_twice(
            policy in prop::sample::select(vec![CatchUp::None, CatchUp::Latest, CatchUp::All]),
            jitter in 0u64..900_000,
            steps in prop::collection::vec((prop_oneof![
                6 => 0i64..400_000,
                1 => 3_600_000i64..20_000_000,
                1 => -20_000_000i64..-1,
                1 => -59_000i64..0,
            ], prop_oneof![3 => Just(usize::MAX), 1 => 0usize..4]), 1..60),
        ) {
            let table = Timetable::cron("*/2 * * * *", None).unwrap();
            let rule = CatchUpRule { max: usize::MAX, window: Span::from_secs(400 * 86_400), ..CatchUpRule::new(policy) };
            let delay = Span::from_millis(jitter);
            let since = Timestamp(1_000 * 86_400_000);
            let mut kept = Kept { last: since, fired: Default::default(), passed: Default::default() };
            let (mut now, mut furthest) = (since.0, since.0);
            for (step, survives) in steps {
                now += step;
                let before_turn = kept.fired.clone();
                kept.turn(&table, rule, delay, Timestamp(now), survives).map_err(TestCaseError::fail)?;
                prop_assert!(before_turn.is_subset(&kept.fired), "a firing was undone");
                if survives == usize::MAX {
                    furthest = furthest.max(now);
                }
            }
            // The clock stands still at its furthest and the process lives: everything due is dealt with.
            kept.turn(&table, rule, delay, Timestamp(furthest), usize::MAX).map_err(TestCaseError::fail)?;
            let due_by_then = table.after(since).take_while(|at| at.after(delay).0 <= furthest);
            for at in due_by_then {
                let known = kept.fired.contains(&at) || kept.passed.contains(&at);
                prop_assert!(known, "{} is neither fired nor passed over", at);
                prop_assert!(policy != CatchUp::All || kept.fired.contains(&at), "{} was lost", at);
            }
        }
    }
}
