//! A pass of a loop that failed, while the others went on: the loop goes on as well.

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::{Session, Turn};
use druse_engine::definition::OnError;
use serde_json::json;

const MEMBERS: [&str; 5] = [
    "USR-48121",
    "USR-77340",
    "USR-10553",
    "USR-62087",
    "USR-90112",
];

/// The members of a team are reminded, but for those at these places, where it fails.
fn reminded(failing: &[usize]) -> Session {
    let members: Vec<_> = MEMBERS.iter().map(|id| json!({ "user_id": id })).collect();
    let mut turns = vec![call(
        "l",
        0,
        "list_members",
        json!({ "team": "TM-9912" }),
        json!({ "members": members }),
    )];
    for (number, id) in (0..).zip(MEMBERS) {
        let sent = json!({ "user_id": id });
        let at = u32::try_from(number + 1).unwrap();
        let name = format!("c{at}");
        turns.push(match failing.contains(&number) {
            true => failed(&name, at, "send_reminder", sent, "Error: the user is away"),
            false => call(&name, at, "send_reminder", sent, json!({ "ok": true })),
        });
    }
    session("Remind every member of team TM-9912.", turns)
}

fn loops(made: &Crystallized) -> Vec<(&str, Option<OnError>)> {
    made.document
        .steps
        .iter()
        .filter_map(|step| step.for_each.as_ref())
        .map(|each| (each.items.as_str().unwrap_or_default(), each.on_item_error))
        .collect()
}

const ITEMS: &str = "{{ steps.list_members.output.members }}";

#[test]
fn the_others_go_on() {
    for failing in [&[2][..], &[1], &[1, 3]] {
        let made = made(&reminded(failing), &bound());
        assert_eq!(
            loops(&made),
            [(ITEMS, Some(OnError::Continue))],
            "{failing:?}"
        );
        assert_eq!(
            made.report.generalisable,
            Some(Level::Shuffled),
            "{failing:?}"
        );
        assert_eq!(made.report.replay.differing + made.report.replay.missing, 0);
        let kept = made
            .report
            .findings
            .iter()
            .filter(|one| one.code == "failed_call_kept");
        let kept: Vec<_> = kept.collect();
        assert_eq!(kept.len(), failing.len(), "{failing:?}");
        assert!(
            kept.iter()
                .all(|one| one.acknowledge && one.step.as_deref() == Some("send_reminder"))
        );
        let folded = made
            .report
            .findings
            .iter()
            .find(|one| one.code == "folded_loop")
            .unwrap();
        assert!(
            folded
                .message
                .contains("where a pass fails the others go on"),
            "{}",
            folded.message
        );
    }
    let made = made(&reminded(&[]), &bound());
    assert_eq!(loops(&made), [(ITEMS, None)]);
}

/// Nobody saw that the session goes on behind a failure of the last, and where most fail, or the first, it is not known
/// what a pass does.
#[test]
fn what_shows_no_loop() {
    for failing in [&[0][..], &[1, 2, 3], &[0, 1, 2, 3]] {
        let made = made(&reminded(failing), &bound());
        let all = loops(&made);
        assert!(
            all.iter().all(|(_, on_error)| on_error.is_none()),
            "{failing:?}: {all:?}"
        );
    }
}

/// With several calls in a pass only the last of them may fail: what comes behind it was not done.
#[test]
fn a_failure_inside_of_a_pass_shows_no_loop() {
    let turns = |failing: usize| {
        let mut session = reminded(&[]);
        let all = std::mem::take(&mut session.turns);
        let mut batch = 10;
        for turn in all {
            let Turn::Call(one) = &turn else {
                session.turns.push(turn);
                continue;
            };
            if one.name != "send_reminder" {
                session.turns.push(turn);
                continue;
            }
            for (place, tool) in ["open_case", "send_reminder"].into_iter().enumerate() {
                batch += 1;
                let name = format!("{}-{place}", one.id);
                let sent = one.arguments.clone();
                session
                    .turns
                    .push(match place == failing && one.id == "c3" {
                        true => failed(&name, batch, tool, sent, "Error: not now"),
                        false => call(&name, batch, tool, sent, json!({ "ok": true })),
                    });
            }
        }
        session
    };
    assert_eq!(
        loops(&made(&turns(1), &bound())),
        [(ITEMS, Some(OnError::Continue))]
    );
    assert_eq!(loops(&made(&turns(0), &bound())), []);
}
