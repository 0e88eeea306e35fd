//! Who is first, and what is said about it.

use super::super::{Flow, QueueKind, RunLimits, Standing};
use super::{automation, claim, run};
use crate::{RunId, Timestamp};

fn queued(since: i64, turn: u64) -> Standing {
    Standing::Queued {
        since: Timestamp(since),
        turn,
        holding: false,
    }
}

/// Queues a run, and says whether it went at once.
fn queue(flow: &mut Flow, number: u64, key: &str, priority: i32, since: i64) -> Vec<RunId> {
    let claim = claim(Some(key), 1, priority);
    flow.stand(run(number), automation(1), &claim, queued(since, 1));
    flow.admit()
}

fn end(flow: &mut Flow, number: u64) -> Vec<RunId> {
    let claim = claim(None, 1, 0);
    flow.stand(run(number), automation(1), &claim, Standing::Ended);
    flow.admit()
}

#[test]
fn a_key_lets_one_after_the_other_go_and_keys_do_not_meet() {
    let mut flow = Flow::new(RunLimits::default());
    assert_eq!(queue(&mut flow, 1, "EU", 0, 10), [run(1)]);
    assert_eq!(queue(&mut flow, 2, "EU", 0, 11), []);
    assert_eq!(queue(&mut flow, 3, "US", 0, 12), [run(3)]);
    assert_eq!(queue(&mut flow, 4, "EU", 0, 13), []);
    let why = flow.why(run(4)).unwrap();
    assert_eq!((why.kind, why.position), (QueueKind::Key, 2));
    assert_eq!(
        why.sentence(),
        format!(
            "waits for concurrency key EU, held by {}; it is number 2 in the queue",
            run(1)
        )
    );
    assert_eq!(flow.why(run(1)), None);
    assert_eq!(end(&mut flow, 1), [run(2)]);
    assert_eq!(
        flow.why(run(4)).unwrap().sentence(),
        format!(
            "waits for concurrency key EU, held by {}; it is next",
            run(2)
        )
    );
    assert_eq!(end(&mut flow, 2), [run(4)]);
    assert_eq!(end(&mut flow, 3), []);
    assert_eq!(end(&mut flow, 4), []);
    assert!(flow.is_empty());
    assert_eq!(flow, Flow::new(RunLimits::default()));
}

#[test]
fn a_point_of_priority_is_a_minute_of_waiting() {
    let mut flow = Flow::new(RunLimits::default());
    queue(&mut flow, 1, "EU", 0, 0);
    queue(&mut flow, 2, "EU", 0, 1_000);
    queue(&mut flow, 3, "EU", 5, 300_999);
    queue(&mut flow, 4, "EU", 5, 301_001);
    queue(&mut flow, 5, "EU", -1, 0);
    let mut order = Vec::new();
    for number in [1, 3, 2, 4, 5] {
        order.extend(end(&mut flow, number));
    }
    assert_eq!(order, [run(3), run(2), run(4), run(5)]);
}

#[test]
fn the_limit_of_the_server_lets_those_pass_whose_key_is_free() {
    let limits = RunLimits {
        runs: Some(2),
        runs_per_automation: None,
    };
    let mut flow = Flow::new(limits);
    assert_eq!(queue(&mut flow, 1, "a", 0, 1), [run(1)]);
    assert_eq!(queue(&mut flow, 2, "a", 0, 2), []);
    assert_eq!(queue(&mut flow, 3, "b", 0, 3), [run(3)]);
    assert_eq!(queue(&mut flow, 4, "c", 0, 4), []);
    let why = flow.why(run(4)).unwrap();
    assert_eq!(
        (why.kind, why.taken, why.position),
        (QueueKind::Server, 2, 1)
    );
    let text = format!(
        "waits for a slot of the server, held by {}, {}; it is next",
        run(1),
        run(3)
    );
    assert_eq!(why.sentence(), text);
    // The slot of `a` and of the server come free together: who came first is first.
    assert_eq!(end(&mut flow, 1), [run(2)]);
    assert_eq!(end(&mut flow, 3), [run(4)]);
}

#[test]
fn an_automation_has_its_own_limit() {
    let limits = RunLimits {
        runs: None,
        runs_per_automation: Some(1),
    };
    let mut flow = Flow::new(limits);
    let free = claim(None, 1, 0);
    let mut queue = |number, of, since| {
        flow.stand(run(number), automation(of), &free, queued(since, 1));
        flow.admit()
    };
    assert_eq!(queue(1, 1, 1), [run(1)]);
    assert_eq!(queue(2, 1, 2), []);
    assert_eq!(queue(3, 1, 3), []);
    assert_eq!(queue(4, 2, 4), [run(4)]);
    let why = flow.why(run(3)).unwrap();
    assert_eq!((why.kind, why.position), (QueueKind::Automation, 2));
    let queues = flow.queues();
    let all: Vec<_> = queues
        .iter()
        .map(|q| (q.kind, q.limit, q.taken, q.waiting))
        .collect();
    let kind = QueueKind::Automation;
    assert_eq!(all, [(kind, 1, 1, 2), (kind, 1, 1, 0)]);
    let places: Vec<_> = queues[0]
        .queue
        .iter()
        .map(|w| (w.run_id, w.position))
        .collect();
    assert_eq!(places, [(run(2), 1), (run(3), 2)]);
}

#[test]
fn a_run_that_waits_leaves_its_slots_and_one_that_holds_keeps_its_key() {
    let limits = RunLimits {
        runs: Some(1),
        runs_per_automation: None,
    };
    let mut flow = Flow::new(limits);
    let key = claim(Some("k"), 1, 0);
    let other = claim(None, 1, 0);
    let mut stand = |number, claim: &_, standing| {
        flow.stand(run(number), automation(1), claim, standing);
        flow.check().unwrap();
        flow.admit()
    };
    assert_eq!(stand(1, &key, queued(1, 1)), [run(1)]);
    assert_eq!(stand(1, &key, Standing::Working), []);
    assert_eq!(stand(2, &key, queued(2, 1)), []);
    assert_eq!(stand(3, &other, queued(3, 1)), []);
    assert_eq!(stand(1, &key, Standing::Holding), [run(3)]);
    assert_eq!(stand(3, &other, Standing::Ended), []);
    assert_eq!(stand(1, &key, Standing::Parked), [run(2)]);
    // Wants to go on, and waits for its key again.
    assert_eq!(stand(1, &key, queued(9, 7)), []);
    assert_eq!(stand(2, &key, Standing::Ended), [run(1)]);
}

#[test]
fn what_was_granted_stays_so_until_it_is_taken_up() {
    let mut flow = Flow::new(RunLimits::default());
    assert_eq!(queue(&mut flow, 1, "EU", 0, 1), [run(1)]);
    // The run has not heard of it yet and says again that it waits.
    assert_eq!(queue(&mut flow, 1, "EU", 0, 1), []);
    assert!(flow.is_granted(run(1)));
    assert_eq!(queue(&mut flow, 2, "EU", 0, 2), []);
    // It went, waited, and waits for another turn: the grant of the first is not one for that.
    flow.stand(
        run(1),
        automation(1),
        &claim(Some("EU"), 1, 0),
        queued(5, 9),
    );
    assert_eq!(flow.admit(), [run(2)]);
    flow.check().unwrap();
}

#[test]
fn a_run_replaces_those_before_it() {
    let mut flow = Flow::new(RunLimits::default());
    for number in 1..=4 {
        queue(&mut flow, number, "EU", 0, number as i64);
    }
    assert_eq!(flow.replaced_by(run(4)), [run(2), run(3), run(1)]);
    assert_eq!(flow.replaced_by(run(2)), [run(1)]);
    assert_eq!(flow.replaced_by(run(1)), []);
}
