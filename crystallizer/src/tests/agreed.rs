//! What the agent proposed and the person agreed to; parts of names, moments and texts that people said.

use super::build::*;
use crate::report::Level;
use crate::session::{Role, Session};
use crate::{Crystallized, Mode, Options};
use druse_engine::definition::OnError;
use serde_json::{Value, json};

fn bound(session: &Session) -> Crystallized {
    made(
        session,
        &Options {
            mode: Mode::Bound,
            ..options()
        },
    )
}

fn arguments<'m>(made: &'m Crystallized, step: &str) -> &'m Value {
    let step = made.document.steps.iter().find(|one| one.id == step);
    &step.unwrap().with.as_ref().unwrap()["arguments"]
}

/// Looks at flights of a day, then at the way to pay, and books one of them after a yes.
fn booked(proposal: &str, answer: &str) -> Session {
    session(
        "Book me a flight, I am mia_li_3668.",
        vec![
            call(
                "s",
                0,
                "search_flights",
                json!({ "origin": "JFK", "limit": 24 }),
                json!([
                    { "flight_number": "HAT069", "price": 121 },
                    { "flight_number": "HAT083", "price": 100 },
                    { "flight_number": "HAT112", "price": 140 },
                ]),
            ),
            call(
                "u",
                1,
                "get_user",
                json!({ "user_id": "mia_li_3668" }),
                json!({ "user_id": "mia_li_3668", "tier": "gold" }),
            ),
            said(Role::Assistant, proposal),
            said(Role::User, answer),
            call(
                "b",
                2,
                "book_flight",
                json!({ "user_id": "mia_li_3668", "flight_number": "HAT083", "bags": 3 }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn what_the_person_agreed_to_becomes_an_input() {
    let made = bound(&booked(
        "I would book flight HAT083 with 3 bags. Shall I?",
        "Yes, please.",
    ));
    assert_eq!(made.report.questions, []);
    assert_eq!(
        arguments(&made, "book_flight"),
        &json!({
            "user_id": "{{ inputs.user_id }}",
            "flight_number": "{{ inputs.flight_number }}",
            "bags": "{{ inputs.bags }}",
        })
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    let told = made.report.findings.iter().any(|finding| {
        finding.code == "bound_to_input"
            && finding
                .message
                .contains("the agent proposed it and the person agreed")
    });
    assert!(told, "{:#?}", made.report.findings);
}

#[test]
fn without_a_yes_it_is_asked() {
    for (proposal, answer) in [
        (
            "I would book flight HAT083 with 3 bags. Shall I?",
            "What does it cost?",
        ),
        ("Flight HAT083 takes 3 bags.", "Yes, I know."),
        ("Shall I book one?", "Yes"),
    ] {
        let made = bound(&booked(proposal, answer));
        let asked = made
            .report
            .questions
            .iter()
            .any(|question| question.id == "source:book_flight:/flight_number");
        assert!(asked, "{proposal} {answer}");
        assert_eq!(made.report.generalisable, Some(Level::Same));
    }
}

/// Refunds what a call gave, after a yes that names it.
fn refunded(worked_out: Option<Value>, proposal: &str, amount: Value) -> Session {
    let mut turns = vec![call(
        "g",
        0,
        "get_order",
        json!({ "order_id": "W-481210" }),
        json!({ "order_id": "W-481210", "lines": [{ "sku": "A1", "price": 12.5 }, { "sku": "B2", "price": 29.6 }] }),
    )];
    turns.extend(
        worked_out.map(|answer| call("q", 1, "quote", json!({ "order_id": "W-481210" }), answer)),
    );
    turns.extend([
        said(Role::Assistant, proposal),
        said(Role::User, "Yes, please."),
        call(
            "r",
            2,
            "refund_order",
            json!({ "order_id": "W-481210", "amount": amount }),
            json!({ "ok": true }),
        ),
        call(
            "m",
            3,
            "send_note",
            json!({ "text": "refunded", "order_id": "W-481210" }),
            json!({ "ok": true }),
        ),
    ]);
    session("I want my money back for order W-481210.", turns)
}

#[test]
fn a_sum_that_a_call_gave_follows_its_answer_after_a_yes() {
    let proposal = "Shall I refund 42.10 to order W-481210?";
    for (answer, expected) in [
        (
            json!({ "payable": 42.10 }),
            "{{ steps.quote.output.payable }}",
        ),
        (
            json!("Payable: 42.10"),
            "{{ (steps.quote.output | parse_yaml).Payable }}",
        ),
    ] {
        let made = bound(&refunded(Some(answer), proposal, json!(42.10)));
        let amount = arguments(&made, "refund_order")["amount"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            amount.starts_with(expected),
            "{amount} {:#?}",
            made.report.questions
        );
        assert!(made.document.inputs.keys().all(|name| name == "order_id"));
    }
}

/// The agent added two prices up: the sum follows nothing, and is no choice of the person's.
#[test]
fn a_sum_that_the_agent_worked_out_is_asked_about() {
    let made = bound(&refunded(
        None,
        "Shall I refund 42.10 to order W-481210?",
        json!(42.10),
    ));
    assert_eq!(arguments(&made, "refund_order")["amount"], json!(42.1));
    let asked: Vec<&str> = made
        .report
        .questions
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(asked, ["source:refund_order:/amount"]);
    assert!(!made.document.inputs.contains_key("amount"));
}

/// The sum of one of several lines: which of them, nobody said.
#[test]
fn a_sum_of_one_of_several_is_asked_about() {
    let made = bound(&refunded(
        None,
        "Shall I refund 29.60 to order W-481210?",
        json!(29.6),
    ));
    assert!(!made.document.inputs.contains_key("amount"));
    let asked = made
        .report
        .questions
        .iter()
        .any(|one| one.id == "source:refund_order:/amount");
    assert!(asked);
}

#[test]
fn each_change_that_a_yes_covers_has_a_gate_that_names_what_changes() {
    let made = bound(&refunded(
        Some(json!({ "payable": 42.10 })),
        "Shall I refund 42.10 to order W-481210 and leave a note?",
        json!(42.10),
    ));
    let gates: Vec<(&str, &str)> = made
        .document
        .steps
        .iter()
        .filter(|step| step.action.as_deref() == Some("approval_gate"))
        .map(|step| {
            let title = step.with.as_ref().unwrap()["title"].as_str().unwrap();
            (step.id.as_str(), title)
        })
        .collect();
    assert_eq!(
        gates,
        [
            (
                "approve_refund_order",
                "Refund order: amount {{ steps.quote.output.payable }}, order id {{ inputs.order_id }}?"
            ),
            (
                "approve_send_note",
                "Send note: order id {{ inputs.order_id }}, text refunded?"
            ),
        ]
    );
    for step in ["refund_order", "send_note"] {
        let step = made
            .document
            .steps
            .iter()
            .find(|one| one.id == step)
            .unwrap();
        assert!(
            step.needs.contains(&format!("approve_{}", step.id)),
            "{:?}",
            step.needs
        );
    }
    assert_eq!(made.report.counts.gates, 2);
}

/// A yes to a long piece of work is one to its begin and to what the question named.
#[test]
fn a_yes_to_much_work_is_no_yes_to_each_part_of_it() {
    let mut turns = vec![
        said(
            Role::Assistant,
            "I would go on and close INV-20271 at the end. Shall I?",
        ),
        said(Role::User, "Yes"),
    ];
    for number in 0..9 {
        turns.push(call(
            &format!("e{number}"),
            number,
            "edit_page",
            json!({ "page": format!("p{number}"), "text": "x" }),
            json!({ "ok": true }),
        ));
    }
    turns.push(call(
        "c",
        9,
        "close_invoice",
        json!({ "invoice_id": "INV-20271" }),
        json!({ "ok": true }),
    ));
    let made = bound(&session("Tidy up.", turns));
    let gates: Vec<&str> = made
        .document
        .steps
        .iter()
        .filter(|step| step.action.as_deref() == Some("approval_gate"))
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(gates, ["approve_edit_page", "approve_close_invoice"]);
}

#[test]
fn a_gate_before_a_command_names_the_words_that_follow() {
    let session = session(
        "Take down box-48121.",
        vec![
            said(Role::Assistant, "I will run `shopctl`. Shall I?"),
            said(Role::User, "Yes"),
            call(
                "c",
                0,
                "Bash",
                json!({ "command": "shopctl drop --box box-48121" }),
                json!("gone"),
            ),
        ],
    );
    let made = bound(&session);
    let gate = &made.document.steps[0];
    assert_eq!(
        gate.with.as_ref().unwrap()["title"],
        "Run shopctl with {{ inputs.box | plain_word }}?"
    );
}

/// However long a text is, one that is equal to an answer's is that.
#[test]
fn a_long_text_follows_the_answer_that_held_it() {
    let text = "Dear all, the shop is closed on the third and open again after that. ".repeat(40);
    let turns = |sent: &str| {
        vec![
            call(
                "g",
                0,
                "get_notice",
                json!({}),
                json!({ "notice": { "body": text, "lang": "en" } }),
            ),
            call(
                "p",
                1,
                "post_page",
                json!({ "content": sent }),
                json!({ "ok": true }),
            ),
        ]
    };
    let made = bound(&session("Publish the notice.", turns(&text)));
    assert_eq!(
        arguments(&made, "post_page")["content"],
        "{{ steps.get_notice.output.notice.body }}"
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));

    // Another text is the agent's, and only then it is said to be.
    let other = bound(&session(
        "Publish the notice.",
        turns(&format!("{text} Or so.")),
    ));
    let chosen = |made: &Crystallized| {
        made.report
            .findings
            .iter()
            .any(|one| one.code == "chosen_by_agent")
    };
    assert!(chosen(&other) && !chosen(&made));
}

/// Looks at one of several orders, and pays something else after a yes.
fn paid(answer: &str) -> Session {
    session(
        "Pay what I owe, I am mia_li_3668.",
        vec![
            call(
                "l",
                0,
                "list_orders",
                json!({ "user_id": "mia_li_3668" }),
                json!([{ "order_id": "W-481210" }, { "order_id": "W-773402" }]),
            ),
            call(
                "g",
                1,
                "get_order",
                json!({ "order_id": "W-773402" }),
                json!({ "state": "open" }),
            ),
            said(
                Role::Assistant,
                "I will pay invoice INV-20271. Is that right?",
            ),
            said(Role::User, answer),
            call(
                "p",
                2,
                "pay_invoice",
                json!({ "invoice_id": "INV-20271" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn a_look_that_informed_an_agreed_change_may_find_nothing() {
    let made = bound(&paid("Yes"));
    let look = made
        .document
        .steps
        .iter()
        .find(|step| step.id == "get_order");
    assert_eq!(look.unwrap().on_error, Some(OnError::Continue));
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    let told = |code: &str| made.report.findings.iter().any(|one| one.code == code);
    assert!(told("informs_nobody") && told("open_choice"));

    // Nobody agreed: what was looked at may be why it was paid.
    let made = bound(&paid("Hm."));
    let look = made
        .document
        .steps
        .iter()
        .find(|step| step.id == "get_order");
    assert_eq!(look.unwrap().on_error, None);
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

#[test]
fn an_element_is_told_by_how_its_name_begins() {
    let session = session(
        "Write “Hello” to the channel starting with External.",
        vec![
            call(
                "l",
                0,
                "get_channels",
                json!({}),
                json!(["general", "External_0", "random"]),
            ),
            call(
                "s",
                1,
                "send_message",
                json!({ "channel": "External_0" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = bound(&session);
    assert_eq!(
        arguments(&made, "send_message"),
        &json!({ "channel": "{{ steps.get_channels.output | select('startingwith', inputs.channel) | only }}" })
    );
    assert_eq!(made.document.inputs["channel"]["default"], "External");
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn moments_and_texts_follow_what_they_are_made_of() {
    let session = session(
        "On 2027-05-19 at 10:00 I meet Ana for two hours; a reminder for her on the 3rd of June, please.",
        vec![
            call(
                "a",
                0,
                "get_address",
                json!({}),
                json!({ "address": "1 Rue de la Paix, 75002 Paris" }),
            ),
            call(
                "c",
                1,
                "create_event",
                json!({
                    "start": "2027-05-19 10:00",
                    "end": "2027-05-19 12:00",
                    "description": "We meet at 1 Rue de la Paix, 75002 Paris at last.",
                }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = bound(&session);
    assert_eq!(
        arguments(&made, "create_event"),
        &json!({
            "start": "{{ inputs.start }}",
            "end": "{{ inputs.start | add_minutes(inputs.duration_minutes) }}",
            "description": "We meet at {{ steps.get_address.output.address }} at last.",
        })
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn four_digits_that_look_like_a_year_tell_an_element() {
    let session = session(
        "Pay order W-481210, I am mia_li_3668. Use the one ending in 1996.",
        vec![
            call(
                "m",
                0,
                "get_payment_methods",
                json!({ "user_id": "mia_li_3668" }),
                json!({ "methods": { "credit_card_7731920": { "last_four": "1996", "id": "credit_card_7731920" } } }),
            ),
            call(
                "o",
                1,
                "get_order",
                json!({ "order_id": "W-481210" }),
                json!({ "payment": { "method_id": "credit_card_7731920" } }),
            ),
            call(
                "p",
                2,
                "pay_order",
                json!({ "order_id": "W-481210", "payment_method_id": "credit_card_7731920" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = bound(&session);
    let bound = arguments(&made, "pay_order")["payment_method_id"]
        .as_str()
        .unwrap();
    assert!(bound.contains("'last_four'], inputs.last_four)"), "{bound}");
}

/// Pays an order with one of two cards, after an answer to the question whether to.
fn paid_with(answer: &str) -> Crystallized {
    bound(&session(
        "Pay order W-481210, I am mia_li_3668.",
        vec![
            call(
                "u",
                0,
                "get_user",
                json!({ "user_id": "mia_li_3668" }),
                json!({ "user_id": "mia_li_3668", "payment_methods": {
                    "credit_card_7731920": { "id": "credit_card_7731920", "last_four": "9725", "brand": "visa" },
                    "credit_card_2048811": { "id": "credit_card_2048811", "last_four": "1144", "brand": "visa" },
                } }),
            ),
            said(Role::Assistant, "I would pay order W-481210 now. Shall I?"),
            said(Role::User, answer),
            call(
                "p",
                1,
                "pay_order",
                json!({ "order_id": "W-481210", "payment_method_id": "credit_card_7731920" }),
                json!({ "ok": true }),
            ),
        ],
    ))
}

#[test]
fn a_yes_that_names_what_is_sent_anyway_has_no_reserve() {
    for (answer, expected) in [
        ("Yes, please use the card ending in 9725.", false),
        (
            "Yes, please. The visa card with the number ending in 9725, thank you!",
            false,
        ),
        ("Yes, but use the other card.", true),
        ("Yes, please use the card ending in 1144.", true),
        ("Yes, if the card ending in 9725 works.", true),
        ("Yes, only the card ending in 9725.", true),
    ] {
        let made = paid_with(answer);
        let asked = made
            .report
            .findings
            .iter()
            .any(|one| one.code == "condition_not_shown" && one.acknowledge);
        assert_eq!(asked, expected, "{answer}");
    }
    let made = paid_with("Yes, please use the card ending in 9725.");
    assert!(
        arguments(&made, "pay_order")["payment_method_id"]
            .as_str()
            .unwrap()
            .contains("'last_four'], inputs.last_four)")
    );
}

/// A word that the person used in passing is no reason to ask in each run what a tool is to do.
#[test]
fn what_a_tool_is_told_to_do_stays() {
    let session = session(
        "Please create a page about box-48121.",
        vec![call(
            "e",
            0,
            "page_editor",
            json!({ "command": "create", "about": "box-48121" }),
            json!({ "ok": true }),
        )],
    );
    let made = bound(&session);
    assert_eq!(
        arguments(&made, "page_editor"),
        &json!({ "command": "create", "about": "{{ inputs.about }}" })
    );
}

/// What was agreed to is used again after the person spoke of something else: a gate is suggested there.
#[test]
fn a_later_change_by_what_was_agreed_to_should_be_asked_about() {
    let mut session = booked(
        "I would book flight HAT083 with 3 bags. Shall I?",
        "Yes, please.",
    );
    session.turns.push(said(Role::User, "And note it, too."));
    session.turns.push(call(
        "n",
        3,
        "add_note",
        json!({ "user_id": "mia_li_3668", "flight_number": "HAT083" }),
        json!({ "ok": true }),
    ));
    let made = bound(&session);
    let suggested: Vec<&str> = made
        .report
        .findings
        .iter()
        .filter(|finding| finding.code == "gate_suggested")
        .filter_map(|finding| finding.step.as_deref())
        .collect();
    assert_eq!(suggested, ["add_note"]);
    assert_eq!(made.report.counts.gates, 1);
}

/// Who agrees with a reserve is asked about it: nothing is chosen by such an answer, and the gates stand.
#[test]
fn a_yes_with_a_reserve_is_asked_about() {
    for (answer, reserve) in [
        (
            "Sure, provided it is still free.",
            "*provided it is still free*",
        ),
        ("Yes, when it is below 150", "*when it is below 150*"),
        (
            "Ok, after you checked with Bob.",
            "*after you checked with Bob*",
        ),
        ("Ja, aber nur die Hälfte.", "*aber nur die Hälfte*"),
    ] {
        let made = bound(&booked(
            "I would book flight HAT083 with 3 bags. Shall I?",
            answer,
        ));
        assert_eq!(made.report.counts.gates, 1, "{answer}");
        assert_eq!(
            arguments(&made, "book_flight")["flight_number"],
            "HAT083",
            "{answer}"
        );
        let asked = made.report.findings.iter().any(|finding| {
            finding.code == "condition_not_shown"
                && finding.acknowledge
                && finding.message.contains(reserve)
        });
        assert!(asked, "{answer}: {:#?}", made.report.findings);
    }
}

#[test]
fn an_answer_that_takes_back_is_no_yes() {
    for (answer, declines) in [
        ("Okay never mind, leave it.", true),
        ("Sure, forget about it.", true),
        ("Yeah, right, I hate that idea.", true),
        ("ok what does it cost", false),
    ] {
        let made = bound(&booked(
            "I would book flight HAT083 with 3 bags. Shall I?",
            answer,
        ));
        let found = |code: &str| made.report.findings.iter().any(|one| one.code == code);
        assert!(!found("approved_in_words"), "{answer}");
        // Who declines is asked at each run, where it is done at all.
        assert_eq!(found("after_refusal"), declines, "{answer}");
        assert_eq!(made.report.counts.gates, u64::from(declines), "{answer}");
        assert_eq!(
            arguments(&made, "book_flight")["flight_number"],
            "HAT083",
            "{answer}"
        );
    }
}
