//! What was named of the elements of a list.

use super::*;
use crate::report::Level;
use crate::session::Role;

#[test]
fn a_word_for_which_a_field_stands_is_followed() {
    for (task, field, value, expected) in [
        (
            "Close all unread tickets of ana_li_3668.",
            "read",
            false,
            "TICKETS | where('read', false)",
        ),
        (
            "Close all archived tickets of ana_li_3668.",
            "is_archived",
            true,
            "TICKETS | where('is_archived', true)",
        ),
        (
            "Close the tickets of ana_li_3668 that are not archived.",
            "archived",
            false,
            "TICKETS | where('archived', false)",
        ),
        (
            "Close all tickets of ana_li_3668 except the archived ones.",
            "archived",
            false,
            "TICKETS | where('archived', false)",
        ),
        (
            "Close the open tickets of ana_li_3668.",
            "closed",
            false,
            "TICKETS | where('closed', false)",
        ),
        (
            "Close the tickets of ana_li_3668 with free support.",
            "free_support",
            true,
            "TICKETS | where('free_support', true)",
        ),
    ] {
        let all = tickets(&[
            json!({ field: value }),
            json!({ field: value }),
            json!({ field: value }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), [format!("{{{{ {expected} }}}}")], "{task}");
        assert_eq!(asked(&made), Vec::<String>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
        assert!(
            made.report
                .findings
                .iter()
                .any(|finding| finding.code == "condition_held")
        );
    }
}

#[test]
fn words_for_which_nothing_stands_are_asked_about() {
    for (task, expected) in [
        ("Close all unread tickets of ana_li_3668.", "“unread”"),
        (
            "Close all tickets of ana_li_3668 except those of admins.",
            "“except those of admins”",
        ),
        (
            "Close all tickets of ana_li_3668 older than a month.",
            "“older than a month”",
        ),
        ("Close every other ticket of ana_li_3668.", "“other ticket”"),
        (
            "Close the tickets of ana_li_3668 which nobody answered.",
            "“which nobody answered”",
        ),
        (
            "Close the tickets of ana_li_3668 without an owner.",
            "“without an owner”",
        ),
        (
            "Do not close the urgent tickets of ana_li_3668, the others are done.",
            "“urgent”",
        ),
        (
            "Schließe alle offenen Tickets von ana_li_3668.",
            "“offenen”",
        ),
        (
            "Look at the tickets of ana_li_3668. Close the angry ones.",
            "“angry”",
        ),
        (
            "Close the ticket of ana_li_3668 if nobody has answered it.",
            "“if nobody has answered it”",
        ),
    ] {
        let all = tickets(&[
            json!({ "hours": 3 }),
            json!({ "hours": 7 }),
            json!({ "hours": 9 }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        let asked = asked(&made);
        assert_eq!(asked, [expected], "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
    }
}

#[test]
fn what_is_carried_or_narrows_nothing_is_not_asked_about() {
    for task in [
        "Close all tickets of ana_li_3668.",
        "Please close each of these three tickets of customer ana_li_3668.",
        "Close both tickets of ana_li_3668 and tell me when it is done.",
        "Look at the tickets of ana_li_3668 and close them, please. If you need anything else, ask me.",
        "I want you to close all the tickets of ana_li_3668 for me now.",
        "Close all waiting tickets of ana_li_3668.",
        "Close the tickets of ana_li_3668 that are waiting.",
        "Close the tickets of ana_li_3668 with more than 2 hours.",
    ] {
        let all = tickets(&[
            json!({ "hours": 3, "state": "waiting" }),
            json!({ "hours": 7, "state": "waiting" }),
            json!({ "hours": 9, "state": "waiting" }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(asked(&made), Vec::<String>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
}

#[test]
fn a_number_of_elements_is_a_limit() {
    let fields = vec![json!({ "hours": 31 }); 5];
    for (task, taken, all, expected) in [
        (
            "Close the first three tickets of ana_li_3668.",
            vec![0, 1, 2],
            5,
            "TICKETS[:inputs.count]",
        ),
        (
            "Close the first three tickets of ana_li_3668.",
            vec![0, 1, 2],
            3,
            "TICKETS[:inputs.count]",
        ),
        (
            "Close the first three tickets of ana_li_3668.",
            vec![0, 1],
            2,
            "TICKETS[:inputs.count]",
        ),
        (
            "Close the last 2 tickets of ana_li_3668.",
            vec![3, 4],
            5,
            "TICKETS[-inputs.count:]",
        ),
    ] {
        let made = crystallized(&closing(task, &tickets(&fields[..all]), &taken));
        assert_eq!(over(&made), [format!("{{{{ {expected} }}}}")], "{task}");
        assert_eq!(asked(&made), Vec::<String>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
    // The limit is of those that were named.
    let mixed = tickets(&[
        json!({ "state": "waiting" }),
        json!({ "state": "solved" }),
        json!({ "state": "waiting" }),
        json!({ "state": "solved" }),
        json!({ "state": "waiting" }),
    ]);
    let made = crystallized(&closing(
        "Close the first two waiting tickets of ana_li_3668.",
        &mixed,
        &[0, 2],
    ));
    assert_eq!(
        over(&made),
        ["{{ (TICKETS | where('state', inputs.state))[:inputs.count] }}"]
    );
}

#[test]
fn what_is_left_out_by_name_is_followed() {
    let all = tickets(&[
        json!({ "state": "waiting" }),
        json!({ "state": "solved" }),
        json!({ "state": "open" }),
        json!({ "state": "waiting" }),
    ]);
    let made = crystallized(&closing(
        "Close all tickets of ana_li_3668 except the solved ones.",
        &all,
        &[0, 2, 3],
    ));
    assert_eq!(
        over(&made),
        ["{{ TICKETS | rejectattr('state', 'eq', inputs.state) | list }}"]
    );
    assert_eq!(asked(&made), Vec::<String>::new());
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn what_the_agent_says_names_nothing() {
    let all = tickets(&[json!({ "hours": 3 }), json!({ "hours": 7 })]);
    let mut session = closing("Close all tickets of ana_li_3668.", &all, &[0, 1]);
    session.turns.insert(
        1,
        said(
            Role::Assistant,
            "I close all unread tickets except old ones.",
        ),
    );
    assert_eq!(asked(&crystallized(&session)), Vec::<String>::new());
}

#[test]
fn what_does_not_plainly_leave_out_is_asked_about_and_not_followed() {
    for task in [
        "Close all tickets of ana_li_3668, not excluding the pinned ones.",
        "Close not only pinned tickets of ana_li_3668 but all tickets.",
        "Close all tickets of ana_li_3668, not only the pinned ones.",
        "Nobody needs the not pinned tickets kept; close all tickets of ana_li_3668.",
        "I don't mind if pinned tickets are closed. Close all tickets of ana_li_3668.",
        "I would not want the pinned tickets kept. Close all tickets of ana_li_3668.",
        "Close all tickets of ana_li_3668 no matter whether they are pinned.",
        "Close the tickets of ana_li_3668 that are unpinned or urgent.",
        "Close the unpinned or urgent tickets of ana_li_3668.",
        "Close the tickets of ana_li_3668 that are no longer pinned.",
        "Close the half-pinned tickets of ana_li_3668.",
    ] {
        let all = tickets(&[
            json!({ "pinned": false }),
            json!({ "pinned": false }),
            json!({ "pinned": false }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), ["{{ TICKETS }}"], "{task}");
        // That it makes no difference narrows nothing.
        let plain = task.starts_with("I don't mind")
            || task.contains("would not want")
            || task.contains("no matter");
        assert!(plain || !asked(&made).is_empty(), "{task}");
    }
}

#[test]
fn a_word_of_another_field_turns_nothing_round() {
    for (task, field, value) in [
        (
            "Close the missed tickets of ana_li_3668.",
            "dismissed",
            false,
        ),
        (
            "Close the closed tickets of ana_li_3668.",
            "disclosed",
            false,
        ),
        (
            "Close the non-pinned tickets of ana_li_3668.",
            "pinned",
            true,
        ),
    ] {
        let all = tickets(&[
            json!({ field: value }),
            json!({ field: value }),
            json!({ field: value }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), ["{{ TICKETS }}"], "{task}");
        assert!(!asked(&made).is_empty(), "{task}");
    }
}

#[test]
fn a_number_that_is_only_a_bound_is_asked_about() {
    for task in [
        "Close at least three tickets of ana_li_3668.",
        "Close up to three tickets of ana_li_3668.",
        "Close more than three tickets of ana_li_3668.",
    ] {
        let all = tickets(&[json!({}), json!({}), json!({})]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), ["{{ TICKETS }}"], "{task}");
        assert!(!asked(&made).is_empty(), "{task}");
    }
}
