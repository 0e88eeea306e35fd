//! Values that are worked out of what was answered, lists that are taken from others, and changes of elements of one list
//! that nothing explains: asked about in one question each with what may be meant, and followed where recordings show it.

use super::build::*;
use crate::report::{Level, Question, Verdict};
use crate::session::Session;
use crate::{Crystallized, Options, crystallize};
use serde_json::{Value, json};

/// A record is looked at, and something is sent that is made of it.
fn of_record(number: u32, task: &str, read: Value, tool: &str, sent: Value) -> Session {
    let first = read.as_object().unwrap().iter().next().unwrap();
    let mut session = session(
        task,
        vec![
            call(
                "g",
                0,
                "get_record",
                json!({ (first.0.as_str()): first.1 }),
                read.clone(),
            ),
            call("c", 1, tool, sent, json!({ "ok": true })),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

fn question<'m>(made: &'m Crystallized, id: &str) -> Option<&'m Question> {
    made.report.questions.iter().find(|one| one.id == id)
}

/// The arguments of a step.
fn arguments<'m>(made: &'m Crystallized, step: &str) -> &'m Value {
    let steps = &made.document.steps;
    let step = steps.iter().find(|one| one.id == step).unwrap();
    &step.with.as_ref().unwrap()["arguments"]
}

/// What a question offers beside `constant` and `input`.
fn offered(session: &Session, id: &str) -> Vec<String> {
    let made = made(session, &bound());
    let asked = question(&made, id).map(|one| one.choices.clone());
    let asked = asked.unwrap_or_else(|| panic!("no question {id}"));
    asked
        .into_iter()
        .filter(|one| !matches!(one.as_str(), "constant" | "input"))
        .collect()
}

#[test]
fn one_recording_offers_what_a_number_may_be_made_of() {
    let order = || json!({ "order_id": "ORD-78483", "shipping_fee": 11.78, "total": 816.83, "pieces": 3, "price": 54.25 });
    for (task, read, tool, sent, expected) in [
        (
            "Refund order ORD-78483 but for the shipping fee.",
            order(),
            "refund",
            json!({ "order_id": "ORD-78483", "amount": 805.05 }),
            "({r}.total - {r}.shipping_fee) | round(2)",
        ),
        (
            "Write a credit note for order ORD-78483.",
            order(),
            "create_credit_note",
            json!({ "order_id": "ORD-78483", "amount": -816.83 }),
            "-{r}.total",
        ),
        (
            "Charge all pieces of order ORD-78483.",
            order(),
            "charge",
            json!({ "order_id": "ORD-78483", "amount": 162.75 }),
            "({r}.pieces * {r}.price) | round(2)",
        ),
        (
            "Give 10% of order ORD-78483 back.",
            order(),
            "add_credit",
            json!({ "order_id": "ORD-78483", "amount": 81.68 }),
            "({r}.total * inputs.percent / 100) | round(2)",
        ),
        (
            "Make an invoice over the sum of cart ORD-39963.",
            json!({ "cart_id": "ORD-39963", "lines": [
                { "sku": "SKU-4094", "amount": 274.85 },
                { "sku": "SKU-7512", "amount": 65.8 },
                { "sku": "SKU-4002", "amount": 164.56 },
            ] }),
            "create_invoice",
            json!({ "cart_id": "ORD-39963", "amount": 505.21 }),
            "({r}.lines | column('amount') | sum) | round(2)",
        ),
        (
            "Increase the stock of SKU-1634 by 25.",
            json!({ "sku": "SKU-1634", "stock": 112 }),
            "update_item",
            json!({ "sku": "SKU-1634", "stock": 137 }),
            "{r}.stock + inputs.stock",
        ),
        (
            "Extend subscription sub_2724 by 14 days.",
            json!({ "subscription_id": "sub_2724", "period_end": "2027-09-10" }),
            "update_subscription",
            json!({ "subscription_id": "sub_2724", "period_end": "2027-09-24" }),
            "{r}.period_end | add_days(inputs.days)",
        ),
        (
            "Convert lead led_3395.",
            json!({ "lead_id": "led_3395", "tags": ["hot", "web", "fair"] }),
            "create_contact",
            json!({ "lead_id": "led_3395", "tags": "hot, web, fair" }),
            "{r}.tags | join(', ')",
        ),
    ] {
        let key = sent.as_object().unwrap().keys().nth(1).unwrap().clone();
        let session = of_record(1, task, read, tool, sent);
        let all = offered(&session, &format!("source:{tool}:/{key}"));
        let expected = expected.replace("{r}", "steps.get_record.output");
        assert!(all.contains(&expected), "{task}: {all:?}");
    }
}

fn refunded(number: u32, order: &str, total: f64, fee: f64, amount: f64) -> Session {
    of_record(
        number,
        &format!("Order {order} came back."),
        json!({ "order_id": order, "shipping_fee": fee, "total": total }),
        "refund",
        json!({ "order_id": order, "amount": amount }),
    )
}

#[test]
fn recordings_with_other_values_show_what_it_is_made_of() {
    let first = refunded(1, "ORD-78483", 816.83, 11.78, 805.05);
    let second = refunded(2, "ORD-11920", 233.1, 4.9, 228.2);
    let made = crystallize(&[first.clone(), second], &bound()).unwrap();
    assert_eq!(question(&made, "source:refund:/amount"), None);
    assert_eq!(
        arguments(&made, "refund")["amount"],
        "{{ (steps.get_record.output.total - steps.get_record.output.shipping_fee) | round(2) }}"
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    // One that does not hold in the other is no choice any more.
    let other = refunded(2, "ORD-11920", 233.1, 4.9, 230.0);
    let made = crystallize(&[first, other], &bound()).unwrap();
    let asked = question(&made, "source:refund:/amount").unwrap();
    assert_eq!(asked.choices, ["input"]);
}

#[test]
fn small_numbers_show_no_formula() {
    let one = |number, sku: &str, stock: u32, target: u32, quantity: u32| {
        of_record(
            number,
            &format!("Fill {sku} up again."),
            json!({ "sku": sku, "stock": stock, "target": target }),
            "create_purchase",
            json!({ "sku": sku, "quantity": quantity }),
        )
    };
    let recorded = [one(1, "SKU-1634", 3, 5, 2), one(2, "SKU-9071", 4, 7, 3)];
    let made = crystallize(&recorded, &bound()).unwrap();
    let asked = question(&made, "source:create_purchase:/quantity").unwrap();
    assert!(
        asked.choices.iter().any(|one| one.contains(".target - ")),
        "{:?}",
        asked.choices
    );
}

#[test]
fn a_list_of_another_record_is_asked_about_as_a_whole() {
    let steps = json!(["Account", "Training", "Laptop"]);
    let session = session(
        "Duplicate the template tpl_358 for Olga.",
        vec![
            call(
                "g",
                0,
                "get_template",
                json!({ "template_id": "tpl_358" }),
                json!({ "template_id": "tpl_358", "title": "Acme onboarding", "steps": steps }),
            ),
            call(
                "c",
                1,
                "create_template",
                json!({ "title": "Acme onboarding (Olga)", "steps": steps }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = made(&session, &bound());
    let about: Vec<&str> = made
        .report
        .questions
        .iter()
        .map(|one| one.id.as_str())
        .filter(|id| id.contains("/steps"))
        .collect();
    assert_eq!(about, ["source:create_template:/steps"]);
    let all = offered(&session, "source:create_template:/steps");
    assert_eq!(all, ["steps.get_template.output.steps"]);
}

#[test]
fn a_list_that_was_sorted_is_one_question() {
    let cards = json!([
        { "card_id": "crd_4165", "due": "2027-10-19" },
        { "card_id": "crd_7699", "due": "2027-08-23" },
        { "card_id": "crd_5383", "due": "2027-06-25" },
    ]);
    let session = of_record(
        1,
        "Sort the cards of board brd_814 by due date.",
        json!({ "board_id": "brd_814", "cards": cards }),
        "set_order",
        json!({ "board_id": "brd_814", "card_ids": ["crd_5383", "crd_7699", "crd_4165"] }),
    );
    let all = offered(&session, "source:set_order:/card_ids");
    assert_eq!(
        all,
        ["steps.get_record.output.cards | sort(attribute='due') | column('card_id')"]
    );
    let options = Options {
        answers: [("source:set_order:/card_ids".to_owned(), all[0].clone())].into(),
        ..bound()
    };
    let made = made(&session, &options);
    assert_eq!(made.report.questions, []);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// Expenses of which some were approved and the others rejected.
fn judged() -> Session {
    let expenses = json!([
        { "expense_id": "exp_2210", "receipt": true, "amount": 31 },
        { "expense_id": "exp_7284", "receipt": false, "amount": 20 },
        { "expense_id": "exp_5887", "receipt": true, "amount": 77 },
        { "expense_id": "exp_9903", "receipt": true, "amount": 12 },
    ]);
    let mut turns = vec![call(
        "l",
        0,
        "list_expenses",
        json!({}),
        json!({ "expenses": expenses }),
    )];
    for (at, (tool, id)) in [
        ("approve_expense", "exp_2210"),
        ("reject_expense", "exp_7284"),
        ("approve_expense", "exp_5887"),
    ]
    .into_iter()
    .enumerate()
    {
        let batch = u32::try_from(at).unwrap() + 1;
        turns.push(call(
            &format!("c{at}"),
            batch,
            tool,
            json!({ "expense_id": id }),
            json!({ "ok": true }),
        ));
    }
    session("Go through the expenses and see to them.", turns)
}

#[test]
fn changes_of_one_list_that_nothing_explains_are_one_question() {
    let id = "loop:approve_expense";
    let plain = made(&judged(), &bound());
    let about: Vec<&str> = plain
        .report
        .questions
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(about, [id]);
    let asked = question(&plain, id).unwrap();
    assert_eq!(asked.choices, ["one_by_one", "input", "gate"]);
    assert!(
        asked
            .text
            .contains("3 of the 4 elements of the list that `list_expenses` answered"),
        "{}",
        asked.text
    );
    assert_eq!(plain.report.generalisable, Some(Level::Same));
    let answered = |answer: &str| {
        let options = Options {
            answers: [(id.to_owned(), answer.to_owned())].into(),
            ..bound()
        };
        made(&judged(), &options)
    };
    let kept = answered("one_by_one");
    assert_eq!(kept.report.questions, []);
    assert_eq!(arguments(&kept, "reject_expense")["expense_id"], "exp_7284");
    let given = answered("input");
    assert_eq!(given.report.questions, []);
    let inputs: Vec<&String> = given.document.inputs.keys().collect();
    assert_eq!(inputs.len(), 3, "{inputs:?}");
    let gated = answered("gate");
    let gates = gated.document.steps.iter();
    let gates = gates.filter(|step| step.action.as_deref() == Some("approval_gate"));
    assert_eq!(gates.count(), 3);
}

fn low_stock() -> Vec<Value> {
    [
        ("SKU-8625", 3, 144),
        ("SKU-8537", 20, 89),
        ("SKU-2619", 2, 136),
    ]
    .into_iter()
    .map(|(sku, stock, target)| json!({ "sku": sku, "stock": stock, "target": target }))
    .collect()
}

#[test]
fn two_numbers_of_the_element_make_one_in_every_pass() {
    let items = low_stock();
    let mut turns = vec![call(
        "l",
        0,
        "list_stock",
        json!({ "warehouse": "Leeds" }),
        json!({ "items": items }),
    )];
    for (at, item) in items.iter().enumerate() {
        let quantity = item["target"].as_i64().unwrap() - item["stock"].as_i64().unwrap();
        let batch = u32::try_from(at).unwrap() + 1;
        turns.push(call(
            &format!("c{at}"),
            batch,
            "create_purchase",
            json!({ "sku": item["sku"], "quantity": quantity }),
            json!({ "ok": true }),
        ));
    }
    let made = made(&session("Reorder everything in Leeds.", turns), &bound());
    let body = &made.document.steps[1].steps[0];
    assert_eq!(
        body.with.as_ref().unwrap()["arguments"]["quantity"],
        "{{ item.target - item.stock }}"
    );
    assert_eq!(made.report.questions, []);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn another_list_has_the_rest_of_the_element() {
    let customers = json!([
        { "id": "cus_31118", "email": "ana@acme.example" },
        { "id": "cus_70423", "email": "ben@globex.example" },
        { "id": "cus_55500", "email": "cleo@initech.example" },
    ]);
    let orders = [
        ("ORD-74082", "cus_55500", "cleo@initech.example"),
        ("ORD-63387", "cus_31118", "ana@acme.example"),
    ];
    let listed: Vec<Value> = orders
        .iter()
        .map(|(order, customer, _)| json!({ "order_id": order, "customer": customer }))
        .collect();
    let mut turns = vec![
        call(
            "o",
            0,
            "list_orders",
            json!({}),
            json!({ "orders": listed }),
        ),
        call(
            "k",
            1,
            "list_customers",
            json!({}),
            json!({ "customers": customers }),
        ),
    ];
    for (at, (order, _, to)) in orders.iter().enumerate() {
        let batch = u32::try_from(at).unwrap() + 2;
        turns.push(call(
            &format!("c{at}"),
            batch,
            "send_mail",
            json!({ "to": to, "subject": format!("Your order {order}") }),
            json!({ "ok": true }),
        ));
    }
    let made = made(
        &session("Mail each customer of the orders.", turns),
        &bound(),
    );
    let body = &made.document.steps[2].steps[0];
    assert_eq!(
        body.with.as_ref().unwrap()["arguments"]["to"],
        "{{ (steps.list_customers.output.customers | where('id', order.customer) | only).email }}"
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// A share of an order that a person named, credited.
fn credited(number: u32, task: &str, order: &str, total: f64, amount: f64) -> Session {
    of_record(
        number,
        task,
        json!({ "order_id": order, "total": total }),
        "add_credit",
        json!({ "order_id": order, "amount": amount }),
    )
}

#[test]
fn a_formula_that_was_answered_is_predicted_by_what_was_said_there() {
    let formula = "(steps.get_record.output.total * inputs.percent / 100) | round(2)";
    let mut options = bound();
    options
        .answers
        .insert("source:add_credit:/amount".to_owned(), formula.to_owned());
    let first = credited(
        1,
        "Credit 10% of order ORD-78483.",
        "ORD-78483",
        816.8,
        81.68,
    );
    for (task, amount, is_predicted) in [
        // In other words than the first.
        (
            "The customer of ORD-11920 gets a credit of 15%.",
            34.98,
            true,
        ),
        // Another share than was credited.
        (
            "The customer of ORD-11920 gets a credit of 20%.",
            34.98,
            false,
        ),
        // One of two that were said, and none.
        (
            "The customer of ORD-11920 had 20% before and gets a credit of 15%.",
            34.98,
            false,
        ),
        (
            "The customer of ORD-11920 gets the usual credit.",
            34.98,
            false,
        ),
    ] {
        let second = credited(2, task, "ORD-11920", 233.2, amount);
        let made = crystallize(&[first.clone(), second], &options).unwrap();
        let sent = &arguments(&made, "add_credit")["amount"];
        assert_eq!(*sent, format!("{{{{ {formula} }}}}"), "{task}");
        let verdict = made.report.held_out[0].verdict;
        assert_eq!(
            verdict == Verdict::Passed,
            is_predicted,
            "{task}: {:#?}",
            made.report.held_out
        );
    }
}
