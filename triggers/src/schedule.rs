//! Which times of a schedule are due, and which of the missed ones are made up for.

use crate::timetable::Timetable;
use druse_engine::{Span, Timestamp, definition::CatchUp};

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
    let window = i64::try_from(rule.window.as_millis()).unwrap_or(i64::MAX);
    let window_start = Timestamp(now.as_millis().saturating_sub(window)).max(last);

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
    }
}
