//! What a change puts in the place of what a record had, where the recorded one had nothing: one more in a list, more of
//! a number, the other state, what was put together of parts, what a look alone explains.

use super::build::*;
use crate::session::{Session, Turn};
use crate::{Crystallized, crystallize};
use serde_json::{Value, json};

/// A thing is looked up, and something of it is changed.
fn changed(task: &str, read: Value, tool: &str, sent: Value) -> Session {
    let mut arguments = json!({ "item_id": "itm_4412" });
    if let (Some(all), Value::Object(sent)) = (arguments.as_object_mut(), sent) {
        all.extend(sent);
    }
    session(
        task,
        vec![
            call("g", 0, "get_item", json!({ "item_id": "itm_4412" }), {
                let mut all = json!({ "item_id": "itm_4412" });
                if let (Some(all), Value::Object(read)) = (all.as_object_mut(), read) {
                    all.extend(read);
                }
                all
            }),
            call("u", 1, tool, arguments, json!({ "ok": true })),
        ],
    )
}

/// The choices of the question about an argument, but for `constant` and `input`; none where nothing is asked.
fn asked(made: &Crystallized, id: &str) -> Option<Vec<String>> {
    let question = made.report.questions.iter().find(|one| one.id == id)?;
    let open: Vec<&str> = question.choices.iter().map(String::as_str).collect();
    assert!(open.contains(&"input"), "{open:?}");
    let all = question.choices.iter();
    let sources = all.filter(|choice| !matches!(choice.as_str(), "constant" | "input"));
    Some(sources.cloned().collect())
}

/// What a change of one argument asks about it.
fn of(task: &str, read: Value, key: &str, value: Value) -> Option<Vec<String>> {
    let made = made(
        &changed(task, read, "update_item", json!({ key: value })),
        &bound(),
    );
    let found = asked(&made, &format!("source:update_item:/{key}"));
    let waived = made.report.findings.iter();
    let waived = waived.filter(|one| one.code == "open_source" && one.acknowledge);
    assert_eq!(waived.count(), usize::from(found.is_some()), "{task}");
    found
}

fn some(source: &str) -> Option<Vec<String>> {
    Some(vec![source.to_owned()])
}

#[test]
fn a_list_that_had_none_or_has_none_any_more_is_asked_about_as_a_whole() {
    let tags = "steps.get_item.output.tags";
    for (task, had, sent, expected) in [
        (
            "Add the tag urgent to itm_4412.",
            json!([]),
            json!(["urgent"]),
            some(&format!("{tags} + [inputs.tag]")),
        ),
        (
            "Add the tag urgent to itm_4412.",
            json!(null),
            json!(["urgent"]),
            some(&format!("({tags} or []) + [inputs.tag]")),
        ),
        (
            "Add the tag urgent to itm_4412.",
            json!(["large", "blue"]),
            json!(["large", "blue", "urgent"]),
            some(&format!("{tags} + [inputs.tag]")),
        ),
        (
            "Remove the tag urgent from itm_4412.",
            json!(["urgent"]),
            json!([]),
            some(&format!("{tags} | reject('eq', inputs.tag)")),
        ),
        (
            "Remove the tag urgent from itm_4412.",
            json!(["large", "urgent", "blue"]),
            json!(["large", "blue"]),
            some(&format!("{tags} | reject('eq', inputs.tag)")),
        ),
        // All of them, or others in their place.
        (
            "Remove all tags from itm_4412.",
            json!(["urgent"]),
            json!([]),
            None,
        ),
        (
            "Set the tags of itm_4412 to urgent.",
            json!([]),
            json!(["urgent"]),
            None,
        ),
    ] {
        let found = of(task, json!({ "tags": had }), "tags", sent);
        assert_eq!(found, expected, "{task} {had}");
    }
}

#[test]
fn what_a_person_answers_about_a_list_is_done() {
    let session = changed(
        "Add the tag urgent to itm_4412.",
        json!({ "tags": [] }),
        "update_item",
        json!({ "tags": ["urgent"] }),
    );
    let answer = "steps.get_item.output.tags + [inputs.tag]";
    let mut options = bound();
    let id = "source:update_item:/tags".to_owned();
    options.answers.insert(id, answer.to_owned());
    let made = made(&session, &options);
    let sent = &made.document.steps[1].with.as_ref().unwrap()["arguments"];
    assert_eq!(sent["tags"], format!("{{{{ {answer} }}}}"));
    assert_eq!(made.document.inputs["tag"]["default"], "urgent");
    assert_eq!(made.report.questions, []);
    assert_eq!(made.report.replay.differences, []);
    assert_eq!(
        made.report.generalisable,
        Some(crate::report::Level::Shuffled)
    );
}

#[test]
fn a_number_or_a_text_that_was_put_to_nothing_is_asked_about() {
    let of_key = |key: &str| format!("steps.get_item.output.{key}");
    let behind = |had: &str| format!("(({} or '') ~ '\\n' ~ inputs.{had}) | trim", of_key("note"));
    for (task, key, had, sent, expected) in [
        (
            "Increase the stock of itm_4412 by 25.",
            "stock",
            json!(0),
            json!(25),
            some(&format!("{} + inputs.stock", of_key("stock"))),
        ),
        (
            "Add another seat to itm_4412.",
            "seats",
            json!(0),
            json!(1),
            some(&format!("{} + 1", of_key("seats"))),
        ),
        (
            "Take a seat off itm_4412.",
            "seats",
            json!(1),
            json!(0),
            some(&format!("{} - 1", of_key("seats"))),
        ),
        (
            "Append the note 'called back twice' to itm_4412.",
            "note",
            json!(""),
            json!("called back twice"),
            some(&behind("note")),
        ),
        // What there is to be in the end.
        (
            "Increase the stock of itm_4412 to 25.",
            "stock",
            json!(0),
            json!(25),
            None,
        ),
        (
            "Set the stock of itm_4412 to 25.",
            "stock",
            json!(0),
            json!(25),
            None,
        ),
        (
            "Reset all seats of itm_4412.",
            "seats",
            json!(1),
            json!(0),
            None,
        ),
        (
            "Set the note of itm_4412 to 'called back twice'.",
            "note",
            json!(""),
            json!("called back twice"),
            None,
        ),
    ] {
        let found = of(task, json!({ key: had }), key, sent);
        assert_eq!(found, expected, "{task}");
    }
}

#[test]
fn what_is_left_is_not_all_of_it() {
    let paid = |task: &str, read: Value| {
        let session = changed(task, read, "pay_item", json!({ "amount": 500.5 }));
        asked(&made(&session, &bound()), "source:pay_item:/amount")
    };
    let read = json!({ "amount": 500.5, "paid": 0 });
    assert_eq!(
        paid("Pay the rest of itm_4412.", read.clone()),
        Some(vec![
            "steps.get_item.output.amount".to_owned(),
            "steps.get_item.output.amount - steps.get_item.output.paid".to_owned(),
        ])
    );
    assert_eq!(paid("Pay itm_4412.", read), None);
}

#[test]
fn what_is_turned_round_is_asked_about() {
    let not = "not steps.get_item.output.enabled";
    for (task, key, had, sent, expected) in [
        (
            "Toggle itm_4412.",
            "enabled",
            json!(true),
            json!(false),
            some(not),
        ),
        (
            "Do the opposite for itm_4412.",
            "enabled",
            json!(false),
            json!(true),
            some(not),
        ),
        (
            "Disable itm_4412.",
            "enabled",
            json!(true),
            json!(false),
            None,
        ),
        (
            "Turn itm_4412 off.",
            "enabled",
            json!(true),
            json!(false),
            None,
        ),
        (
            "Switch itm_4412 to the other state.",
            "state",
            json!("closed"),
            json!("open"),
            Some(Vec::new()),
        ),
        (
            "Check the turnover and set the vip flag of itm_4412 accordingly.",
            "vip",
            json!(null),
            json!(true),
            Some(Vec::new()),
        ),
    ] {
        let found = of(task, json!({ key: had }), key, sent);
        assert_eq!(found, expected, "{task}");
    }
}

#[test]
fn none_and_one_of_what_was_counted_are_asked_about() {
    let noted = |task: &str, list: Value, key: &str, value: Value| {
        let session = session(
            task,
            vec![
                call(
                    "l",
                    0,
                    "list_tickets",
                    json!({ "account_id": "acc_5512" }),
                    json!({ "tickets": list }),
                ),
                call(
                    "u",
                    1,
                    "update_account",
                    json!({ "account_id": "acc_5512", key: value }),
                    json!({ "ok": true }),
                ),
            ],
        );
        asked(
            &made(&session, &bound()),
            &format!("source:update_account:/{key}"),
        )
    };
    let task = "Note the number of open tickets on account acc_5512.";
    let count = "steps.list_tickets.output.tickets | length";
    let one = json!([{ "ticket_id": "T-48121" }]);
    assert_eq!(
        noted(task, json!([]), "open_tickets", json!(0)),
        some(count)
    );
    assert_eq!(
        noted(task, one.clone(), "open_tickets", json!(1)),
        some(count)
    );
    // So many of something else are none of these.
    assert_eq!(noted(task, one, "priority", json!(1)), None);
    assert_eq!(
        noted(
            "Mark account acc_5512 as having tickets or not.",
            json!([]),
            "has_tickets",
            json!(false)
        ),
        some(&format!("({count}) > 0"))
    );
}

#[test]
fn what_is_put_together_of_parts_is_asked_about() {
    let alert = json!({
        "service": "mailer", "env": "prod", "locale": "de", "day": "2027-05-26",
        "title": "When Umbra Grows", "vendor": "Acme"
    });
    let place = |key: &str| format!("steps.get_item.output.{key}");
    for (value, expected) in [
        (
            "mailer-prod",
            some(&format!("{} ~ '-' ~ {}", place("service"), place("env"))),
        ),
        (
            "welcome_de",
            some(&format!("'welcome_' ~ {}", place("locale"))),
        ),
        (
            "archive/2027-05-26_acme.pdf",
            some(&format!(
                "'archive/' ~ {}[:10] ~ '_' ~ ({} | lower) ~ '.pdf'",
                place("day"),
                place("vendor")
            )),
        ),
        (
            "blog/when-umbra-grows",
            some(&format!(
                "'blog/' ~ ({} | lower | replace(' ', '-'))",
                place("title")
            )),
        ),
    ] {
        let sent = json!({ "label": value });
        let session = changed("Handle itm_4412.", alert.clone(), "tag_item", sent);
        let found = asked(&made(&session, &bound()), "source:tag_item:/label");
        // A day that is written as it is needs no part of it.
        let expected = expected.map(|all| {
            all.into_iter()
                .map(|one| one.replace("[:10]", ""))
                .collect()
        });
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn parts_follow_in_the_draft() {
    let read = json!({ "service": "mailer", "env": "prod" });
    let sent = json!({ "label": "mailer-prod" });
    let session = changed("Restart the service of itm_4412.", read, "tag_item", sent);
    let answer = "steps.get_item.output.service ~ '-' ~ steps.get_item.output.env";
    let mut options = bound();
    let id = "source:tag_item:/label".to_owned();
    options.answers.insert(id, answer.to_owned());
    let made = made(&session, &options);
    assert_eq!(made.report.replay.differences, []);
    assert_eq!(
        made.report.generalisable,
        Some(crate::report::Level::Shuffled)
    );
    let sent = &made.document.steps[1].with.as_ref().unwrap()["arguments"];
    assert_eq!(sent["label"], format!("{{{{ {answer} }}}}"));
}

#[test]
fn a_name_in_a_term_of_a_query_follows_what_was_looked_up() {
    let session = session(
        "Note at project prj_551 how many tickets its owner has.",
        vec![
            call(
                "g",
                0,
                "get_project",
                json!({ "project_id": "prj_551" }),
                json!({ "project_id": "prj_551", "owner": "karl.b" }),
            ),
            call(
                "s",
                1,
                "search_tickets",
                json!({ "query": "assignee:karl.b status:open" }),
                json!({ "total": 7 }),
            ),
            call(
                "u",
                2,
                "update_project",
                json!({ "project_id": "prj_551", "tickets": 7 }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = made(&session, &bound());
    let sent = &made.document.steps[1].with.as_ref().unwrap()["arguments"];
    assert_eq!(
        sent["query"],
        "assignee:{{ steps.get_project.output.owner }} status:open"
    );
}

#[test]
fn a_choice_that_only_a_look_explains_is_asked_about() {
    let chosen = |task: &str, tool: &str, key: &str, value: Value| {
        let read = json!({ "employees": 1840, "text": "It does not start." });
        let session = changed(task, read, tool, json!({ key: value }));
        asked(&made(&session, &bound()), &format!("source:{tool}:/{key}"))
    };
    let open = Some(Vec::new());
    for (task, tool, key, value, expected) in [
        ("Rate itm_4412.", "update_item", "rating", json!("A"), &open),
        (
            "Handle itm_4412.",
            "update_item",
            "priority",
            json!("urgent"),
            &open,
        ),
        (
            "Handle itm_4412.",
            "update_item",
            "visible",
            json!(false),
            &open,
        ),
        // What is done tells it.
        (
            "Close itm_4412.",
            "update_item",
            "status",
            json!("closed"),
            &None,
        ),
        (
            "Archive itm_4412.",
            "update_item",
            "archived",
            json!(true),
            &None,
        ),
        (
            "Handle itm_4412.",
            "close_item",
            "status",
            json!("closed"),
            &None,
        ),
    ] {
        let found = chosen(task, tool, key, value);
        assert_eq!(found, *expected, "{task} {tool} {key}");
    }
    // A look with nothing of the agent's own behind it only looks.
    let order = json!({ "order_id": "#W4817", "status": "pending" });
    let cancelled = with_order("Cancel order #W4817.", order, "cancel_order");
    assert_eq!(made(&cancelled, &bound()).report.questions, []);
}

#[test]
fn a_look_that_something_reads_explains_nothing_else() {
    let task = "Set the owner of itm_4412 as its contact.";
    let read = json!({ "owner": "usr_48121" });
    let sent = json!({ "contact": "usr_48121", "channel": "mail" });
    let session = changed(task, read, "update_item", sent);
    let made = made(&session, &bound());
    assert_eq!(asked(&made, "source:update_item:/channel"), None);
}

#[test]
fn an_answer_about_a_choice_settles_it() {
    let read = json!({ "employees": 1840 });
    let session = changed(
        "Rate itm_4412.",
        read,
        "update_item",
        json!({ "rating": "A" }),
    );
    for (answer, expected) in [("constant", "A"), ("input", "{{ inputs.rating }}")] {
        let mut options = bound();
        let id = "source:update_item:/rating".to_owned();
        options.answers.insert(id, answer.to_owned());
        let made = made(&session, &options);
        assert_eq!(made.report.questions, [], "{answer}");
        let sent = &made.document.steps[1].with.as_ref().unwrap()["arguments"];
        assert_eq!(sent["rating"], expected);
        let unused = made.report.findings.iter();
        assert!(unused.clone().all(|one| one.code != "answer_not_used"));
    }
}

#[test]
fn further_recordings_answer_for_a_choice() {
    let recorded = |id: &str, rating: &str| {
        let turns: Vec<Turn> = vec![
            call(
                "g",
                0,
                "get_item",
                json!({ "item_id": id }),
                json!({ "item_id": id, "employees": 1840 }),
            ),
            call(
                "u",
                1,
                "update_item",
                json!({ "item_id": id, "rating": rating }),
                json!({ "ok": true }),
            ),
        ];
        session(&format!("Rate {id}."), turns)
    };
    let both = [recorded("itm_4412", "A"), recorded("itm_9917", "A")];
    let made = crate::crystallize(&both, &bound()).unwrap();
    assert_eq!(asked(&made, "source:update_item:/rating"), None);
}

/// A flag that is looked up by its name, and set.
fn flagged(number: u32, task: &str, name: &str, key: &str, had: Value, sent: Value) -> Session {
    let mut session = session(
        task,
        vec![
            call(
                "g",
                0,
                "get_flag",
                json!({ "name": name }),
                json!({ "name": name, key: had }),
            ),
            call(
                "s",
                1,
                "set_flag",
                json!({ "name": name, key: sent }),
                json!({ "ok": true }),
            ),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn a_record_that_was_looked_up_by_its_name_is_turned_round() {
    let task = "Toggle the feature flag new-cart.";
    let one = flagged(1, task, "new-cart", "enabled", json!(true), json!(false));
    let found = asked(&made(&one, &bound()), "source:set_flag:/enabled");
    assert_eq!(found, some("not steps.get_flag.output.enabled"));
}

#[test]
fn recordings_that_were_turned_the_same_way_confirm_nothing() {
    let several = |verb: &str, end: &str, key: &str, had: Value, sent: Value| {
        let names = ["new-cart", "fast-search", "dark-mode"];
        let all = (1..).zip(names).map(|(number, name)| {
            let task = format!("{verb} the feature flag {name}{end}.");
            flagged(number, &task, name, key, had.clone(), sent.clone())
        });
        let made = crystallize(&all.collect::<Vec<_>>(), &bound()).unwrap();
        asked(&made, &format!("source:set_flag:/{key}"))
    };
    assert_eq!(
        several("Toggle", "", "enabled", json!(true), json!(false)),
        some("not steps.get_flag.output.enabled")
    );
    assert_eq!(
        several(
            "Switch",
            " to the other state",
            "state",
            json!("closed"),
            json!("open")
        ),
        Some(Vec::new())
    );
    assert_eq!(
        several("Disable", "", "enabled", json!(true), json!(false)),
        None
    );
}
