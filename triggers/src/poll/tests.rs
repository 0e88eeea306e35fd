use super::*;

fn poll(change: Value) -> Poll {
    let mut all = json!({
        "action": "http", "every": "1m",
        "with": { "connection": "crm", "path": "/tickets", "query": { "after": "{{ cursor }}" } },
    });
    for (key, value) in change.as_object().unwrap() {
        all[key] = value.clone();
    }
    Poll::compile(&serde_json::from_value(all).unwrap()).unwrap()
}

fn keys(answer: &Answer) -> Vec<&str> {
    answer.items.iter().map(|item| item.key.as_str()).collect()
}

#[test]
fn what_is_asked_goes_on_at_the_cursor() {
    let poll = poll(json!({}));
    let request = |cursor: Value| poll.request(&cursor).unwrap().value()["query"]["after"].clone();
    assert_eq!(request(Value::Null), Value::Null);
    assert_eq!(request(json!(7)), json!(7));
    assert_eq!(
        poll.identity(),
        super::tests::poll(json!({ "every": "2m" })).identity()
    );
    assert_ne!(
        poll.identity(),
        super::tests::poll(json!({ "key": "item.id" })).identity()
    );
}

#[test]
fn items_are_found_named_and_put_in_order() {
    let named = poll(json!({ "items": "output.json.tickets", "key": "item.id" }));
    let output = || {
        Json::from(
            json!({ "json": { "tickets": [{ "id": 1 }, { "id": "b" }, { "no": 1 }, { "id": null }] } }),
        )
    };
    let answer = named.answer(output()).unwrap();
    assert_eq!(keys(&answer)[..2], ["1", "b"]);
    assert!(answer.items[0].fault.is_none());
    for without in &answer.items[2..] {
        assert!(without.key.starts_with("sha256:"), "{without:?}");
        assert!(
            without
                .fault
                .as_deref()
                .unwrap()
                .starts_with("it has no key"),
            "{without:?}"
        );
    }
    let newest_first = poll(json!({ "order": "newest_first", "key": "item" }));
    let answer = newest_first
        .answer(json!({ "json": [3, 2, 1] }).into())
        .unwrap();
    assert_eq!(keys(&answer), ["1", "2", "3"]);
    assert_eq!(
        newest_first
            .answer(json!({ "json": null }).into())
            .unwrap()
            .items,
        []
    );
    let error = newest_first
        .answer(json!({ "json": {} }).into())
        .unwrap_err();
    assert_eq!(error.to_string(), "the items are no list (/items)");
    let error = named.answer(json!({ "json": {} }).into()).unwrap_err();
    assert_eq!(error.path, "/items");
    let many = vec![1; MOST_ITEMS + 1];
    let error = newest_first
        .answer(json!({ "json": many }).into())
        .unwrap_err();
    assert!(error.message.contains("more than 10000"), "{error}");
}

#[test]
fn only_what_is_new_starts_a_run_and_the_rest_waits_for_the_next_answer() {
    let poll = poll(json!({ "key": "item" }));
    let answer = poll
        .answer(json!({ "json": [1, 2, 2, 3, 4, 5] }).into())
        .unwrap();
    let known = |key: &str| key == "1" || key == "4";
    let all = poll.plan(&answer, known, 10);
    assert_eq!(
        (all.fresh.as_slice(), all.walked, all.whole),
        ([1, 3, 5].as_slice(), 6, true)
    );
    let some = poll.plan(&answer, known, 2);
    assert_eq!(
        (some.fresh.as_slice(), some.walked, some.whole),
        ([1, 3].as_slice(), 5, false)
    );
}

#[test]
fn a_cursor_moves_with_the_items_or_with_the_whole_answer() {
    let of_item = poll(json!({ "cursor": "item.at" }));
    let answer = of_item
        .answer(json!({ "json": [{ "at": 1 }, { "at": 2 }] }).into())
        .unwrap();
    let first = Some(&answer.items[0]);
    assert_eq!(
        of_item.cursor_after(&answer, first, false),
        Ok(Some(json!(1)))
    );
    assert_eq!(
        of_item.cursor_after(&answer, None, true),
        Ok(Some(json!(2)))
    );
    let of_answer = poll(json!({ "cursor": "output.json.next", "items": "output.json.items" }));
    let answer = of_answer
        .answer(json!({ "json": { "items": [1, 2], "next": "p2" } }).into())
        .unwrap();
    let first = Some(&answer.items[0]);
    assert_eq!(of_answer.cursor_after(&answer, first, false), Ok(None));
    assert_eq!(
        of_answer.cursor_after(&answer, None, true),
        Ok(Some(json!("p2")))
    );
    let last = of_answer
        .answer(json!({ "json": { "items": [], "next": null } }).into())
        .unwrap();
    assert_eq!(
        of_answer.cursor_after(&last, None, true),
        Ok(None),
        "null is no place to go on"
    );
    let empty = of_item.answer(json!({ "json": [] }).into()).unwrap();
    assert_eq!(of_item.cursor_after(&empty, None, true), Ok(None));
    let bare = of_item.answer(json!({ "json": [{}] }).into()).unwrap();
    let error = of_item.cursor_after(&bare, None, true).unwrap_err();
    assert_eq!(error.path, "/cursor");
}

#[test]
fn failures_are_waited_out_longer_and_longer() {
    let poll = poll(json!({}));
    let minutes = |failures| poll.wait(failures, None).as_millis() / 60_000;
    let waits: Vec<u64> = (0..9).map(minutes).collect();
    assert_eq!(waits, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(poll.wait(u32::MAX, None), Span::from_secs(3_600));
    assert_eq!(
        poll.wait(1, Some(Span::from_secs(600))),
        Span::from_secs(600)
    );
    assert_eq!(poll.wait(1, Some(Span::from_secs(5))), Span::from_secs(60));
    assert_eq!(
        poll.wait(1, Some(Span::from_secs(10 * 86_400))),
        Span::from_secs(86_400)
    );
}

#[test]
fn polls_that_cannot_be_are_told() {
    let wrong = json!({
        "action": "shell", "with": { "argv": ["{{ x"] }, "every": "10ms", "limit": 0,
        "items": "output.", "key": "items.id", "cursor": "trigger.x",
    });
    let told: Vec<String> = Poll::compile(&serde_json::from_value(wrong).unwrap())
        .unwrap_err()
        .into_iter()
        .map(|f| {
            format!(
                "{} {} {} | {}",
                f.code,
                f.path.unwrap_or_default(),
                f.message,
                f.help
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r###"
    unknown_action /action a poll asks by `http` or `sql` | What else is to be asked is asked by a step of a scheduled run.
    bad_value /every `every` is a time from 1s to 30d | Write it as 1m.
    bad_value /limit `limit` is a number from 1 to 1000 | More items are taken with the next answers.
    bad_expression /items the expression cannot be read: unexpected end of input, expected identifier or integer | 
    unknown_reference /key "items" cannot be used here | Known here: item.
    unknown_reference /cursor "trigger" cannot be used here | Known here: item, output.
    bad_expression /with/argv/0 `{{` is never closed by `}}` | text that holds `{{` as it is, is written {{ '{{' }}
    "###);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(6), ..Default::default() })]

    /// A table that grows is read through answers of a few rows, some of which come again, by a poll that
    /// dies now and then: every row starts one run, in order.
    #[test]
    fn every_item_comes_once_and_in_order(grows in proptest::collection::vec(0usize..6, 1..12), page in 1usize..6, limit in 1u32..4, dies in proptest::collection::vec(0usize..4, 12)) {
        let poll = poll(json!({ "key": "item.id", "cursor": "item.id", "limit": limit }));
        let (mut rows, mut fired) = (0usize, Vec::new());
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut cursor = Value::Null;
        let rounds = grows.iter().copied().chain(std::iter::repeat_n(0, 80));
        for (round, grow) in rounds.enumerate() {
            rows += grow;
            // An answer begins with the row of the cursor itself, as `>=` does.
            let from = cursor.as_u64().unwrap_or(0) as usize;
            let list: Vec<Value> = (from..rows).take(page + 1).map(|id| json!({ "id": id })).collect();
            let answer = poll.answer(json!({ "json": list }).into()).unwrap();
            let plan = poll.plan(&answer, |key| seen.contains(key), poll.limit);
            let lives = dies.get(round).copied().unwrap_or(usize::MAX);
            for index in plan.fresh.iter().take(lives) {
                let item = &answer.items[*index];
                fired.push(item.value.value()["id"].as_u64().unwrap() as usize);
                seen.insert(item.key.clone());
                if let Some(next) = poll.cursor_after(&answer, Some(item), false).unwrap() {
                    cursor = next;
                }
            }
        }
        proptest::prop_assert_eq!(fired, (0..rows).collect::<Vec<_>>());
    }
}
