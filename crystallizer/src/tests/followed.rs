//! What has to follow or be asked about wherever it stands: ids in the names of files, names in queries, figures and
//! short ids of answers, amounts, and what a person says behind the last change or of one of several deeds.

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::{Role, Turn};
use serde_json::{Value, json};

fn drafted(task: &str, turns: Vec<Turn>) -> Crystallized {
    made(&session(task, turns), &bound())
}

fn one(id: &str, batch: u32, tool: &str, arguments: Value, answer: Value) -> Turn {
    call(id, batch, tool, arguments, answer)
}

/// The arguments of a step of the draft, wherever it stands.
fn arguments<'d>(made: &'d Crystallized, id: &str) -> &'d Value {
    fn find<'s>(steps: &'s [druse_engine::definition::Step], id: &str) -> Option<&'s Value> {
        steps.iter().find_map(|step| {
            let own = step.with.as_ref().and_then(|with| with.get("arguments"));
            own.filter(|_| step.id == id)
                .or_else(|| find(&step.steps, id))
        })
    }
    find(&made.document.steps, id).unwrap()
}

fn questions(made: &Crystallized) -> Vec<&str> {
    let all = made.report.questions.iter();
    all.map(|question| question.id.as_str()).collect()
}

#[test]
fn an_id_in_the_name_of_a_file_follows_its_source() {
    let made = drafted(
        "Rename the invoice of order W48121.",
        vec![
            one(
                "g",
                0,
                "get_order",
                json!({ "id": "W48121" }),
                json!({ "id": "W48121", "invoice": "inv-88123" }),
            ),
            one(
                "m",
                1,
                "move_item",
                json!({ "from": "in/inv-88123.pdf", "to": "out/bill_W48121.pdf" }),
                json!("ok"),
            ),
        ],
    );
    let moved = arguments(&made, "move_item");
    assert_eq!(moved["from"], "in/{{ steps.get_order.output.invoice }}.pdf");
    assert_eq!(moved["to"], "out/bill_{{ inputs.order_id }}.pdf");
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    // What only the person said is an input, too.
    let made = drafted(
        "Delete the export of order W48121.",
        vec![one(
            "d",
            0,
            "delete_item",
            json!({ "path": "exports/W48121.csv" }),
            json!("ok"),
        )],
    );
    let path = arguments(&made, "delete_item")["path"].as_str().unwrap();
    assert!(path.starts_with("exports/{{ inputs."), "{path}");
}

#[test]
fn a_name_in_a_query_follows_or_the_proof_fails() {
    let mails = |field: &str, query: &str| {
        let send = |id: &str, batch: u32, to: &str| {
            let body = "The office in Berlin is closed.";
            one(
                id,
                batch,
                "send_mail",
                json!({ "to": to, "body": body }),
                json!("ok"),
            )
        };
        drafted(
            "Email everyone in Berlin that the office is closed.",
            vec![
                one(
                    "q",
                    0,
                    "query_crm",
                    json!({ field: query }),
                    json!([{ "email": "a@x.example" }, { "email": "b@x.example" }]),
                ),
                send("a", 1, "a@x.example"),
                send("b", 2, "b@x.example"),
            ],
        )
    };
    for query in ["city:Berlin", "city:Berlin AND active:true"] {
        let made = mails("q", query);
        let sent = arguments(&made, "query_crm")["q"].as_str().unwrap();
        assert!(sent.starts_with("city:{{ inputs."), "{sent}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{query}");
    }
    // A name of two words is one, in quotes and without.
    let owned = |query: &str| {
        drafted(
            "List the files of Tom Meier.",
            vec![one(
                "q",
                0,
                "query_files",
                json!({ "q": query }),
                json!([{ "path": "a.txt" }]),
            )],
        )
    };
    for (query, expected) in [
        ("owner:'Tom Meier'", "owner:'{{ inputs.q_name }}'"),
        (
            "owner:\"Tom Meier\" AND state:open",
            "owner:\"{{ inputs.q_name }}\" AND state:open",
        ),
        ("owner:Tom Meier", "owner:{{ inputs.q_name }}"),
    ] {
        let made = owned(query);
        assert_eq!(arguments(&made, "query_files")["q"], expected, "{query}");
        let names: Vec<&str> = made
            .document
            .inputs
            .keys()
            .map(|name| name.as_str())
            .collect();
        assert_eq!(names, ["q_name"], "{query}");
    }
    let query = "select email from people where city = 'Berlin'";
    let made = mails("sql", query);
    assert_eq!(arguments(&made, "query_crm")["sql"], query);
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

#[test]
fn a_small_figure_that_an_answer_tells_by_its_place_is_asked_about() {
    let posted = |answer: Value, text: &str| {
        let made = drafted(
            "Look at the tickets and post about them to #ops.",
            vec![
                one("l", 0, "look_up", json!({ "state": "open" }), answer),
                one(
                    "p",
                    1,
                    "post_message",
                    json!({ "channel": "#ops", "text": text }),
                    json!("ok"),
                ),
            ],
        );
        questions(&made).contains(&"figure:post_message:/text")
    };
    for (answer, text) in [
        (
            json!({ "count": 17, "tickets": [] }),
            "There are 17 of them.",
        ),
        (json!(17), "There are 17 of them."),
        (json!([{ "n": 17 }]), "There were 17 in October."),
        (json!({ "temp_c": 4, "sky": "rain" }), "Berlin: 4 °C, rain."),
        (json!({ "key": "T-77" }), "Created T-77"),
        (json!({ "key": "99" }), "Created 99"),
    ] {
        assert!(posted(answer, text), "{text}");
    }
    for (answer, text) in [
        (
            json!({ "count": 17, "tickets": [] }),
            "There are some of them.",
        ),
        (
            json!({ "count": 3, "tickets": [] }),
            "I will be back in 3 days.",
        ),
        (
            json!({ "lines": 3, "sky": "rain" }),
            "Call us on 3 of our phones.",
        ),
        (json!({ "key": "T-77" }), "Created it, see UTF-8"),
    ] {
        assert!(!posted(answer, text), "{text}");
    }
}

#[test]
fn an_amount_that_is_sent_picks_no_account() {
    let paid = |task: &str| {
        drafted(
            task,
            vec![
                one(
                    "l",
                    0,
                    "list_accounts",
                    json!({}),
                    json!([
                        { "id": "AC-1001", "type": "savings", "balance": 55.1 },
                        { "id": "AC-1002", "type": "checking", "balance": 20 }
                    ]),
                ),
                one(
                    "p",
                    1,
                    "pay",
                    json!({ "account": "AC-1001", "payee": "Beta", "amount": 55.1 }),
                    json!("ok"),
                ),
            ],
        )
    };
    let made = paid("Pay 55.10 to Beta.");
    assert_eq!(arguments(&made, "pay")["account"], "AC-1001");
    assert!(questions(&made).contains(&"source:pay:/account"));
    let made = paid("Pay 55.10 to Beta from the savings account.");
    let account = arguments(&made, "pay")["account"].as_str().unwrap();
    assert!(account.contains("where('type', inputs.type)"), "{account}");
}

#[test]
fn what_is_said_behind_the_last_change_is_held_against_it() {
    let asked = |afterwards: &str| {
        let delete = |id: &str, batch: u32, name: &str| {
            one(
                id,
                batch,
                "delete_branch",
                json!({ "name": name }),
                json!("ok"),
            )
        };
        let made = drafted(
            "Delete all branches that are merged.",
            vec![
                one(
                    "l",
                    0,
                    "list_branches",
                    json!({}),
                    json!([
                        { "name": "feature/a1", "merged": true },
                        { "name": "fix/b2", "merged": true },
                        { "name": "fix/b3", "merged": false }
                    ]),
                ),
                delete("a", 1, "feature/a1"),
                delete("b", 2, "fix/b2"),
                said(Role::Assistant, "Deleted 2 branches."),
                said(Role::User, afterwards),
            ],
        );
        questions(&made).contains(&"condition:delete_branch")
    };
    for text in [
        "Wait, release branches must never be deleted.",
        "That was wrong. Only delete those without open PRs.",
        "You should not have deleted fix/b2.",
        "Next time, ask me before deleting anything.",
        "Also never touch branches younger than a week.",
    ] {
        assert!(asked(text), "{text}");
    }
    for text in [
        "Perfect, thanks!",
        "All good.",
        "Which branches are left?",
        "No, thanks, that's all.",
        "Only one more question: who made them?",
    ] {
        assert!(!asked(text), "{text}");
    }
}

#[test]
fn the_question_about_a_condition_is_asked_at_the_deed_that_it_is_said_of() {
    let deployed = |task: &str| {
        let deploy = |id: &str, batch: u32, to: &str| {
            let sent = json!({ "service": "shop-api", "env": to });
            one(id, batch, "deploy", sent, json!({ "state": "live" }))
        };
        let made = drafted(
            task,
            vec![
                deploy("s", 0, "staging"),
                one(
                    "h",
                    1,
                    "get_health",
                    json!({ "env": "staging" }),
                    json!({ "ok": true }),
                ),
                deploy("p", 2, "production"),
            ],
        );
        let all = questions(&made).into_iter();
        all.filter(|id| id.starts_with("condition:"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for task in [
        "Deploy shop-api to staging, and if the health check passes promote it to production.",
        "Deploy shop-api to staging. If the health check is green, deploy it to production as well.",
        "Deploy shop-api to staging and, if that is healthy, to production.",
    ] {
        assert_eq!(deployed(task), ["condition:deploy_2"], "{task}");
    }
    // Behind the deed it holds for all that is done.
    assert_eq!(
        deployed("Deploy shop-api to staging and production if nobody objects."),
        ["condition:deploy"]
    );
}

#[test]
fn conditions_of_one_deed_are_read_in_many_forms() {
    let asked = |task: &str| {
        let order = json!({ "order_id": "o-77712", "status": "late", "customer": "c-12" });
        let made = made(&with_order(task, order, "refund_order"), &bound());
        questions(&made).contains(&"condition:refund_order")
    };
    for task in [
        "Our policy: late orders are refunded, others are not. Handle o-77712.",
        "Refund o-77712. We only do that for late orders.",
        "Refund o-77712 should it be late.",
        "When late, refund it: o-77712.",
        "Refund o-77712 in the event of a delay.",
        "Refund o-77712 since late orders get refunded.",
        "Refund o-77712 or send a replacement, whatever is cheaper.",
        "Refund o-77712, else cancel it.",
        "Ask Kim before you refund o-77712.",
        "Let Kim confirm, then refund o-77712.",
        "Refund o-77712 and let me know before you do it.",
        "Refund order o-77712, but first make sure nobody refunded it before.",
        "Refund o-77712, though not more often than once a month per customer.",
        "Bei Verspätung o-77712 erstatten.",
        "Ist o-77712 verspätet? Dann erstatten.",
        "Wäre o-77712 verspätet, dann bitte erstatten.",
        "If it is late refund o-77712.",
    ] {
        assert!(asked(task), "{task}");
    }
    for task in [
        "Refund o-77712 please.",
        "Refund o-77712. What should it be called?",
        "When done, tell me. Refund o-77712.",
        "Let me know when you have refunded o-77712.",
        "Let Kim know, then refund o-77712.",
        "Refund o-77712. Is it late? I hope not.",
        "If you have any questions ask me. Refund o-77712.",
        "We don't mind. Refund o-77712.",
        "Do whatever is needed. Refund o-77712.",
        "Bei meiner Bestellung o-77712 bitte das Geld erstatten.",
    ] {
        assert!(!asked(task), "{task}");
    }
}
