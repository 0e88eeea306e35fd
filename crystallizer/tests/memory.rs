//! How much memory a long recording takes to become a draft: counted by the allocator, so that it is the same on every
//! machine. What is counted is all that is held at once from the session on: the draft, its report, and what was
//! needed to make them. The bytes of the recording and the session are not.

#[path = "../../benches/harness/counter.rs"]
mod counter;

use counter::counted;
use druse_crystallizer::{Mode, Options, Session, crystallize, import};
use serde_json::{Value, json};

const WORDS: [&str; 24] = [
    "the",
    "order",
    "was",
    "shipped",
    "from",
    "our",
    "warehouse",
    "on",
    "time",
    "and",
    "customer",
    "asked",
    "for",
    "refund",
    "because",
    "item",
    "arrived",
    "late",
    "please",
    "check",
    "invoice",
    "payment",
    "address",
    "again",
];

/// Numbers that look drawn by chance and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn prose(&mut self, count: u64) -> String {
        let words: Vec<&str> = (0..count)
            .map(|_| WORDS[usize::try_from(self.below(24)).unwrap()])
            .collect();
        words.join(" ")
    }
}

/// A clerk who works on one case after the other: no two alike, with answers of some hundred bytes to 2 KB.
fn recording(calls: usize) -> Vec<u8> {
    let mut draw = Draw(7);
    let mut messages =
        vec![json!({ "role": "user", "content": "Work through the inbox of today." })];
    let mut count = 0;
    let mut push = |name: &str, arguments: Value, content: Value| {
        let id = format!("c{count}");
        messages.push(json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] }));
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": content }));
        count += 1;
        count < calls
    };
    loop {
        let case = draw.below(1_000_000);
        let customer = format!("cust_{case:06}");
        let words = 20 + draw.below(40);
        let about = json!({ "customer_id": customer, "tier": "gold", "about": draw.prose(words) });
        if !push(
            "find_customer",
            json!({ "email": format!("person{case}@example.com") }),
            about,
        ) {
            break;
        }
        let orders: Vec<Value> = (0..1 + draw.below(4))
            .map(|_| {
                json!({
                    "order_id": format!("#W{:07}", draw.below(10_000_000)), "status": "delivered",
                    "total": draw.below(50_000) as f64 / 100.0, "note": draw.prose(12),
                })
            })
            .collect();
        let order =
            orders[usize::try_from(draw.below(orders.len() as u64)).unwrap()]["order_id"].clone();
        if !push(
            "list_orders",
            json!({ "customer_id": customer }),
            json!({ "orders": orders }),
        ) {
            break;
        }
        let card = format!("card_{:07}", draw.below(10_000_000));
        let words = 20 + draw.below(70);
        let items: Vec<Value> = (0..1 + draw.below(5))
            .map(|_| json!({ "sku": format!("SKU-{:05}", draw.below(100_000)), "quantity": 1 + draw.below(4) }))
            .collect();
        let content = json!({ "order_id": order, "items": items, "payment": { "method_id": card }, "history": draw.prose(words) });
        if !push("get_order", json!({ "order_id": order }), content) {
            break;
        }
        let words = 60 + draw.below(190);
        if draw.below(10) < 4
            && !push(
                "search_notes",
                json!({ "query": format!("late {customer}") }),
                draw.prose(words).into(),
            )
        {
            break;
        }
        let answer = json!({ "ok": true, "refund_id": format!("rf_{:08}", draw.below(100_000_000)), "text": draw.prose(40) });
        if !push(
            "refund",
            json!({ "order_id": order, "method_id": card, "note": "as asked" }),
            answer,
        ) {
            break;
        }
    }
    json!({ "status": "succeeded", "messages": messages })
        .to_string()
        .into_bytes()
}

/// The most that is held at once while a session becomes a draft, for each of its calls.
fn bytes_a_call(session: &Session, mode: Mode) -> i64 {
    let options = Options {
        mode,
        ..Options::default()
    };
    let (made, counts) = counted(|| crystallize(std::slice::from_ref(session), &options).unwrap());
    let steps = i64::try_from(made.report.counts.steps).unwrap();
    assert!(steps >= 1_000);
    println!(
        "{}: {} bytes a call, {:.1} MiB",
        mode.name(),
        counts.peak / steps,
        counts.peak as f64 / 1_048_576.0
    );
    counts.peak / steps
}

#[test]
fn files_that_are_written_over_are_told() {
    let session = import(files(30).to_string().as_bytes()).unwrap().remove(0);
    let made = crystallize(&[session], &Options::default()).unwrap();
    let told = made.report.findings.iter();
    let told = told.filter(|one| one.code == "overwrites_what_it_read");
    assert_eq!(told.count(), 10);
}

#[test]
fn a_long_recording_needs_no_more_memory_than_it_may() {
    let session = import(&recording(1_000)).unwrap().remove(0);
    assert!(bytes_a_call(&session, Mode::Exact) <= EXACT);
    assert!(bytes_a_call(&session, Mode::Bound) <= BOUND);
}

/// The most bytes a call: a little more than it takes, so that a pass that keeps one more copy of the answers is seen.
const EXACT: i64 = 3_500;
const BOUND: i64 = 10_400;

/// How often a session of so many calls makes the allocator give, and how much at once, to become a draft.
fn work(recording: &Value, mode: Mode) -> [u64; 2] {
    let session = import(recording.to_string().as_bytes()).unwrap().remove(0);
    let options = Options {
        mode,
        ..Options::default()
    };
    let (made, counts) = counted(|| crystallize(std::slice::from_ref(&session), &options).unwrap());
    assert!(made.report.counts.steps > 0);
    [counts.calls, u64::try_from(counts.peak).unwrap()]
}

fn turns(calls: impl Iterator<Item = (&'static str, Value, Value)>) -> Value {
    let mut messages = vec![json!({ "role": "user", "content": "Begin with tok_0000000." })];
    for (index, (name, arguments, content)) in calls.enumerate() {
        let id = format!("c{index}");
        messages.push(json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] }));
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": content }));
    }
    json!({ "status": "succeeded", "messages": messages })
}

/// Each call reads what the one before it answered. The key names a secret, or a page of a list.
fn chain(calls: usize, key: &'static str) -> Value {
    let token = |at: usize| match at {
        0 => String::new(),
        at => format!("tok_{:07}", at * 7919),
    };
    turns((0..calls).map(move |at| {
        let answer =
            json!({ "next": token(at + 1), "items": [{ "id": at * 31 + 7 }], "more": true });
        ("list_entries", json!({ key: token(at) }), answer)
    }))
}

/// One line for a shell after the other, none like another.
fn shell(calls: usize) -> Value {
    turns((0..calls).map(|at| {
        let line = format!("cd /repo && cargo test part_{at} 2>&1 | tail -20");
        let answer = format!("line {at}: ok, {} passed\n", at % 50).repeat(4);
        ("Bash", json!({ "command": line }), answer.into())
    }))
}

/// Files that are read and written over one after the other, each with a text of its own, and mended then.
fn files(calls: usize) -> Value {
    let mut recording = turns((0..calls).map(|at| {
        let file = format!("/repo/notes_{}.md", at / 3);
        let line = format!("finding {at} of the audit");
        match at % 3 {
            0 => (
                "Read",
                json!({ "file_path": file }),
                format!("     1\u{2192}{line}\n").into(),
            ),
            1 => (
                "Write",
                json!({ "file_path": file, "content": line }),
                "File created.".into(),
            ),
            _ => (
                "Edit",
                json!({ "file_path": file, "old_string": format!("finding {}", at - 1), "new_string": "done" }),
                "File updated.".into(),
            ),
        }
    }));
    recording["recorded_as"] = "claude-code".into();
    recording["working_folder"] = "/repo".into();
    recording
}

/// Small loops one after the other, each over a list of its own.
fn loops(calls: usize) -> Value {
    turns((0..calls).map(|at| {
        let entry = |place: usize| format!("ent_{:06}", (at / 4) * 10 + place);
        match at % 4 {
            0 => (
                "list_entries",
                json!({ "day": format!("2026-{:02}-{:02}", 1 + at / 112 % 12, 1 + at / 4 % 28) }),
                json!({ "entries": [{ "id": entry(1) }, { "id": entry(2) }, { "id": entry(3) }] }),
            ),
            place => (
                "close_entry",
                json!({ "id": entry(place) }),
                json!({ "closed": true }),
            ),
        }
    }))
}

/// A question of so many words.
fn words(count: usize) -> Value {
    let text: Vec<String> = (0..count).map(|at| format!("word{at}")).collect();
    let text = text.join(" ");
    let mut recording = turns(
        [
            (
                "get_order",
                json!({ "order_id": "word77", "about": text }),
                json!({ "text": text }),
            ),
            (
                "refund",
                json!({ "order_id": "word78 word79" }),
                json!({ "ok": true }),
            ),
        ]
        .into_iter(),
    );
    recording["messages"][0]["content"] = text.into();
    recording
}

/// Tickets with many fields that are true or false.
fn tickets(count: usize) -> Value {
    let all = (0..count).map(|at| {
        let mut one = json!({ "ticket_id": format!("TCK-{}", 4_000 + at) });
        for flag in 0..20 {
            one[format!("flag{flag}")] = false.into();
        }
        one
    });
    Value::Array(all.collect())
}

/// What was said, and a list of tickets of which most are closed, one after the other.
fn closing(said: String, count: usize, closed: usize) -> Value {
    let list = std::iter::once((
        "list_tickets",
        json!({ "queue": "support" }),
        json!({ "tickets": tickets(count) }),
    ));
    let close = (0..closed).map(|at| {
        let arguments = json!({ "ticket_id": format!("TCK-{}", 4_000 + at) });
        ("close_ticket", arguments, json!({ "ok": true }))
    });
    let mut recording = turns(list.chain(close));
    recording["messages"][0]["content"] = said.into();
    recording
}

/// A part of a list that nothing that was said accounts for.
fn part_of_a_list(count: usize) -> Value {
    closing("Close some tickets.".to_owned(), count, count * 3 / 4)
}

/// The same of a list that is answered as a text.
fn part_of_a_text(count: usize) -> Value {
    let mut recording = part_of_a_list(count);
    let answer = &mut recording["messages"][2]["content"];
    *answer = answer.to_string().into();
    recording
}

/// Many sentences about the elements of a list.
fn sentences(count: usize) -> Value {
    let said: Vec<String> = (0..count)
        .map(|at| format!("Close the tickets that are not flag{at}."))
        .collect();
    closing(said.join(" "), count, count)
}

/// Many sentences about the least of something, and many calls that take it.
fn cheapest(count: usize) -> Value {
    let said: Vec<String> = (0..count)
        .map(|at| format!("Book the cheapest flight not with airline{at} except those to X{at}."))
        .collect();
    let flights: Vec<Value> = (0..20)
        .map(|at| json!({ "flight_id": format!("FL-{at}99"), "price": 100 + at, "airline": format!("airline{at}") }))
        .collect();
    let look = std::iter::once(("search_flights", json!({}), json!({ "flights": flights })));
    let book = (0..count).map(|at| {
        let arguments = json!({ "flight_id": "FL-099", "seat": 1_000 + at });
        ("book_flight", arguments, json!({ "ok": true }))
    });
    let mut recording = turns(look.chain(book));
    recording["messages"][0]["content"] = said.join(" ").into();
    recording
}

/// As many elements of a list as calls that send the number of each, and nothing else that tells them apart.
fn numbered(count: usize) -> Value {
    let flights: Vec<Value> = (0..count)
        .map(|at| json!({ "flight_id": format!("FL-{at}99"), "price": 10_000 + at }))
        .collect();
    let look = std::iter::once(("search_flights", json!({}), json!({ "flights": flights })));
    let book = (0..count).map(|at| {
        let arguments = json!({ "flight_id": "FL-099", "seat": 10_000 + at });
        ("book_flight", arguments, json!({ "ok": true }))
    });
    turns(look.chain(book))
}

/// Many conditions, and many calls that they may be about.
fn conditions(count: usize) -> Value {
    let said: Vec<String> = (0..count)
        .map(|at| {
            format!("If batch {at} is paid, cancel it. Never cancel shipped orders of area{at}.")
        })
        .collect();
    let mut recording = turns((0..count).map(|at| {
        let arguments = json!({ "order_id": format!("ord_{:06}", at * 31) });
        ("cancel_order", arguments, json!({ "ok": true }))
    }));
    recording["messages"][0]["content"] = said.join(" ").into();
    recording
}

/// Payments, each of its own amount, to its own recipient, under a number that counts.
fn payments(count: usize) -> Value {
    turns((0..count).map(|at| {
        let arguments = json!({ "to": person(at), "amount": amount(at), "number": at * 13 + 5 });
        ("pay", arguments, paid(at))
    }))
}

/// The same where a person asked for each of them, with a text beside it.
fn payments_that_were_asked_for(count: usize) -> Value {
    let mut recording = turns((0..count).map(|at| {
        let reason = format!("invoice {}", at * 13 + 5);
        let arguments = json!({ "to": person(at), "amount": amount(at), "reason": reason });
        ("pay", arguments, paid(at))
    }));
    let said = (0..count).map(|at| format!("Pay {} to {}.", amount(at), person(at)));
    recording["messages"][0]["content"] = said.collect::<Vec<_>>().join(" ").into();
    recording
}

fn amount(at: usize) -> f64 {
    100.25 + (at * 3) as f64
}

fn person(at: usize) -> String {
    format!("person{}@example.com", at * 7)
}

fn paid(at: usize) -> Value {
    json!({ "ok": true, "id": format!("pay_{:07}", at * 17) })
}

/// One call that is sent very many values, and the same once more.
fn settings(count: usize) -> Value {
    let all: serde_json::Map<String, Value> = (0..count)
        .map(|at| (format!("key{at}"), (at * 7 + 1_000).into()))
        .collect();
    turns((0..2).map(move |_| ("set_all", all.clone().into(), json!({ "ok": true }))))
}

/// A kind of recording, how long it is at first, and how it is made.
type Shape<'a> = (&'a str, usize, &'a dyn Fn(usize) -> Value);

/// Twice as many calls, or words, take little more than twice the work and the room: no pass goes through the whole
/// recording for each of its calls.
#[test]
fn twice_as_long_a_recording_takes_twice_the_work() {
    let shapes: [Shape<'_>; 16] = [
        ("a clerk", 150, &|calls| {
            serde_json::from_slice(&recording(calls)).unwrap()
        }),
        ("a chain of secrets", 100, &|calls| chain(calls, "token")),
        ("a chain of pages", 100, &|calls| chain(calls, "page")),
        ("lines for a shell", 100, &shell),
        ("files that are written over", 120, &files),
        ("small loops", 120, &loops),
        ("words", 3_000, &words),
        ("a part of a list", 60, &part_of_a_list),
        ("a part of a list in a text", 60, &part_of_a_text),
        ("sentences about a list", 60, &sentences),
        ("the cheapest", 100, &cheapest),
        ("numbers of a list", 60, &numbered),
        ("conditions", 100, &conditions),
        ("payments", 150, &payments),
        (
            "payments that were asked for",
            60,
            &payments_that_were_asked_for,
        ),
        ("many settings", 200, &settings),
    ];
    for (name, count, shape) in shapes {
        for mode in [Mode::Exact, Mode::Bound] {
            let [once, twice] = [count, count * 2].map(|count| work(&shape(count), mode));
            println!("{name}, {}: {once:?}, {twice:?}", mode.name());
            for (one, two) in once.into_iter().zip(twice) {
                assert!(
                    two * 10 <= one * 23,
                    "{name}, {}: {once:?}, then {twice:?}",
                    mode.name()
                );
            }
        }
    }
}
