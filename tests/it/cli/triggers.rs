//! `druse triggers next`: when a schedule fires, offline.

use super::{Desk, json};
use serde_json::json;

fn next(cron: &str, zone: &str, from: &str, count: &str) -> serde_json::Value {
    let desk = Desk::new();
    let words = [
        "triggers",
        "next",
        "--cron",
        cron,
        "--timezone",
        zone,
        "--from",
        from,
        "-n",
        count,
    ];
    json(&desk, &words)
}

#[test]
fn times_are_strictly_after_and_have_no_fraction() {
    let found = next("0 7 * * MON", "Europe/Berlin", "2027-03-22T06:00:00Z", "2");
    // The Monday after has summer time.
    assert_eq!(
        found,
        json!(["2027-03-29T05:00:00Z", "2027-04-05T05:00:00Z"])
    );
    let found = next(
        "0 7 * * MON",
        "Europe/Berlin",
        "2027-03-22T05:59:59.999Z",
        "1",
    );
    assert_eq!(found, json!(["2027-03-22T06:00:00Z"]));
}

#[test]
fn a_fixed_time_in_a_gap_fires_once_right_after_it() {
    let found = next("30 2 * * *", "Europe/Berlin", "2027-03-27T00:00:00Z", "3");
    let times = json!([
        "2027-03-27T01:30:00Z",
        "2027-03-28T01:00:00Z",
        "2027-03-29T00:30:00Z"
    ]);
    assert_eq!(found, times);
    // Several of one job in one gap fire once.
    let found = next(
        "0,15,45 2 * * *",
        "Europe/Berlin",
        "2027-03-27T12:00:00Z",
        "2",
    );
    assert_eq!(
        found,
        json!(["2027-03-28T01:00:00Z", "2027-03-29T00:00:00Z"])
    );
}

#[test]
fn a_fixed_time_in_an_overlap_fires_at_its_first_pass() {
    let found = next("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", "2");
    assert_eq!(
        found,
        json!(["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"])
    );
}

#[test]
fn a_job_that_begins_with_a_star_follows_real_time() {
    // At both passes of an overlap, and in a gap not at all.
    let found = next("*/30 2 * * *", "Europe/Berlin", "2027-10-31T00:00:00Z", "3");
    let times = json!([
        "2027-10-31T00:30:00Z",
        "2027-10-31T01:00:00Z",
        "2027-10-31T01:30:00Z"
    ]);
    assert_eq!(found, times);
    let found = next("*/30 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", "1");
    assert_eq!(found, json!(["2027-03-29T00:00:00Z"]));
}

#[test]
fn the_two_day_fields_are_joined_by_or_unless_one_begins_with_a_star() {
    let found = next("0 0 13 * FRI", "UTC", "2027-08-01T00:00:00Z", "3");
    let times = json!([
        "2027-08-06T00:00:00Z",
        "2027-08-13T00:00:00Z",
        "2027-08-20T00:00:00Z"
    ]);
    assert_eq!(found, times);
    let found = next("0 0 */13 * FRI", "UTC", "2027-08-01T00:00:00Z", "1");
    assert_eq!(found, json!(["2027-08-27T00:00:00Z"]));
}

#[test]
fn the_schedules_of_a_document_are_merged() {
    let desk = Desk::new();
    desk.write(
        "auto.yaml",
        "druse: 1\nname: two\ntriggers:\n  - id: noon\n    schedule: { cron: \"0 12 * * *\" }\n  \
         - id: midnight\n    schedule: { cron: \"@daily\" }\nsteps:\n  - id: a\n    action: transform\n    \
         with: { value: 1 }\n",
    );
    let words = [
        "triggers",
        "next",
        "auto.yaml",
        "--from",
        "2027-01-01T00:00:00Z",
        "-n",
        "3",
    ];
    let times = [
        "2027-01-01T12:00:00Z",
        "2027-01-02T00:00:00Z",
        "2027-01-02T12:00:00Z",
    ];
    assert_eq!(json(&desk, &words), json!(times));
    let said = desk.run(&words).ok().out;
    let lines: Vec<String> = times
        .iter()
        .zip(["noon", "midnight", "noon"])
        .map(|(at, id)| format!("{at}  {id}\n"))
        .collect();
    assert_eq!(said, lines.concat());
}

#[test]
fn what_is_no_schedule_is_said_with_its_place() {
    let desk = Desk::new();
    desk.run(&["triggers", "next", "--cron", "61 * * * *"])
        .refused(65, &["61"]);
    desk.run(&["triggers", "next", "--cron", "0 0 * *"])
        .refused(65, &["five"]);
    desk.run(&[
        "triggers",
        "next",
        "--cron",
        "0 0 * * *",
        "--timezone",
        "Europe/Berln",
    ])
    .refused(65, &["Europe/Berln", "Europe/Berlin"]);
    desk.run(&[
        "triggers",
        "next",
        "--cron",
        "0 0 * * *",
        "--from",
        "tomorrow",
    ])
    .refused(2, &["tomorrow", "--from 2027-03-28T00:00:00Z"]);
    desk.run(&["triggers", "next"]).refused(2, &["--cron"]);
    desk.run(&["triggers", "next", "--cron", "@daily", "-n", "0"])
        .with(2);
}

#[test]
fn what_comes_is_tried_out_offline() {
    let desk = Desk::new();
    desk.write(
        "orders.yaml",
        "druse: 1
name: orders
inputs: { total: { type: number } }
triggers:
  - id: paid
    event: { type: com.example.* }
    when: trigger.data.total > 10
    inputs: { total: \"{{ trigger.data.total }}\" }
  - id: hook
    webhook: { verify: { scheme: bearer, secret: key } }
    debounce: { delay: 10s, key: \"{{ trigger.query.shop }}\" }
    inputs: { total: \"{{ trigger.body.total }}\" }
  - id: daily
    schedule: { cron: '0 7 * * *' }
    inputs: { total: 1 }
steps: [ { id: a, action: transform, with: { value: 1 } } ]
",
    );
    let event = |total: i64| json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "com.example.x", "data": { "total": total } });
    desk.write("event.json", event(11).to_string());
    desk.write("small.json", event(1).to_string());
    desk.write("key.txt", "open sesame\n");
    let delivery = json!({ "body": { "total": 5 }, "query": "shop=7", "headers": { "authorization": "Bearer open sesame" } });
    desk.write("delivery.json", delivery.to_string());
    desk.write("wrong.json", "{\"total\": \"many\"}");
    let tried = |words: &[&str]| {
        let words: Vec<&str> = ["triggers", "test", "orders.yaml"]
            .iter()
            .chain(words)
            .copied()
            .collect();
        let done = desk.run(&[words.as_slice(), &["--output", "json"]].concat());
        let trials: Vec<serde_json::Value> = serde_json::from_str(&done.out).unwrap();
        let outcomes: Vec<String> = trials
            .iter()
            .map(|trial| {
                format!(
                    "{} {}",
                    trial["trigger"].as_str().unwrap(),
                    trial["outcome"].as_str().unwrap()
                )
            })
            .collect();
        (done.code, outcomes, trials)
    };
    let (code, outcomes, trials) = tried(&["--event", "event.json"]);
    assert_eq!(
        (code, outcomes),
        (
            0,
            vec![
                "paid starts".into(),
                "hook not_meant".into(),
                "daily not_meant".into()
            ]
        )
    );
    assert_eq!(trials[0]["inputs"], json!({ "total": 11 }));
    let (code, outcomes, _) = tried(&["--event", "small.json", "--trigger", "paid"]);
    assert_eq!((code, outcomes), (1, vec!["paid filtered".into()]));
    let (code, outcomes, trials) = tried(&[
        "--event",
        "delivery.json",
        "--trigger",
        "hook",
        "--secret",
        "key.txt",
    ]);
    assert_eq!((code, outcomes), (0, vec!["hook waits".into()]));
    assert_eq!(
        (&trials[0]["window_key"], &trials[0]["inputs"]),
        (&json!("7"), &json!({ "total": 5 }))
    );
    let (code, outcomes, trials) = tried(&["--event", "wrong.json", "--trigger", "hook"]);
    assert_eq!((code, outcomes), (1, vec!["hook rejected".into()]));
    assert!(trials[0]["reason"].as_str().unwrap().contains("shop"));
    let (code, outcomes, _) = tried(&["--at", "2027-03-01T07:00:00Z", "--trigger", "daily"]);
    assert_eq!((code, outcomes), (0, vec!["daily starts".into()]));
    let (code, outcomes, _) = tried(&["--at", "2027-03-01T07:30:00Z"]);
    assert_eq!((code, outcomes.len()), (1, 3));
}

#[test]
fn files_and_answers_are_tried_out_offline() {
    let desk = Desk::new();
    desk.write(
        "intake.yaml",
        "druse: 1
name: intake
inputs: { what: {} }
triggers:
  - id: inbox
    files: { connection: inbox, path: new, pattern: '*.pdf' }
    when: trigger.size > 0
    inputs: { what: \"{{ trigger.path }}\" }
  - id: tickets
    poll: { action: http, with: { connection: crm, path: /tickets }, every: 1m, key: item.id, limit: 2 }
    inputs: { what: \"{{ trigger.item.title }}\" }
steps: [ { id: a, action: transform, with: { value: 1 } } ]
",
    );
    desk.write(
        "file.json",
        json!({ "path": "new/a.pdf", "size": 7 }).to_string(),
    );
    desk.write(
        "part.json",
        json!({ "path": "new/a.pdf.part", "size": 7 }).to_string(),
    );
    let tickets = json!([
        { "id": 1, "title": "a" }, { "id": 1, "title": "b" }, { "id": 2 }, { "id": 3, "title": "d" },
    ]);
    desk.write("tickets.json", tickets.to_string());
    let tried = |file: &str, trigger: &str| {
        let words = [
            "triggers",
            "test",
            "intake.yaml",
            "--event",
            file,
            "--trigger",
            trigger,
        ];
        let ran = desk.run(&words);
        (ran.code, ran.out)
    };
    assert_eq!(
        tried("file.json", "inbox"),
        (
            0,
            "inbox: starts: it starts a run\n  inputs {\"what\":\"new/a.pdf\"}\n".into()
        )
    );
    assert_eq!(
        tried("part.json", "inbox"),
        (
            1,
            "inbox: not meant: names like \"a.pdf.part\" are ignored\n".into()
        )
    );
    let (code, out) = tried("tickets.json", "tickets");
    assert_eq!(code, 0);
    insta::assert_snapshot!(out, @r#"
    tickets "1": starts: it starts a run
      inputs {"what":"a"}
    tickets "1": filtered: an item with the same key came before
    tickets "2": rejected: `trigger.item` has no `title` (/inputs/what)
    tickets "3": waits: it is left to the next answer: at most 2 of one start runs
    "#);
}

/// Each kind of a wrong trigger is refused where it is checked, with its place and a hint.
#[test]
fn wrong_triggers_are_refused_with_their_place_and_a_hint() {
    let desk = Desk::new();
    let document = |trigger: &str| {
        format!(
            "druse: 1\nname: wrong\ninputs: {{ region: {{ default: EU }} }}\ntriggers:\n  - id: t\n{trigger}steps: [ {{ id: a, action: transform, with: {{ value: 1 }} }} ]\n"
        )
    };
    for (trigger, code, line, words) in [
        (
            "    schedule: { cron: '0 0 31 2 *' }\n",
            "schedule_never_fires",
            6,
            &["no year has", "Give the month a day"][..],
        ),
        (
            "    schedule: { cron: '0 7 * * *', timezone: Europe/Berln }\n",
            "unknown_timezone",
            6,
            &["Europe/Berln", "Europe/Berlin"],
        ),
        ("    webhook: {}\n", "missing_key", 6, &["verify"]),
        (
            "    webhook: { verify: { scheme: githb, secret: s } }\n",
            "bad_value",
            6,
            &["githb", "github"],
        ),
        (
            "    event: { type: x }\n    inputs: { regoin: EU }\n",
            "unknown_input",
            7,
            &["regoin", "region"],
        ),
        (
            "    event: { type: run.suceeded }\n",
            "unknown_event_type",
            6,
            &["run.suceeded", "run.succeeded"],
        ),
    ] {
        desk.write("wrong.yaml", document(trigger));
        let checked = desk.run(&["check", "wrong.yaml", "--output", "json"]);
        let findings: serde_json::Value = serde_json::from_str(&checked.out).unwrap();
        let all = findings["findings"].as_array().or(findings.as_array());
        let all = all.unwrap_or_else(|| panic!("{findings}"));
        let found = all.iter().find(|finding| finding["code"] == code);
        let found = found.unwrap_or_else(|| panic!("no {code}: {findings:#}"));
        assert_eq!(found["line"], line, "{found}");
        let is_warning = found["severity"] == "warning";
        assert_eq!(checked.code, i32::from(!is_warning), "{code}");
        let said = found.to_string();
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn the_next_times_are_shown_with_their_offset_and_what_the_clock_does() {
    let desk = Desk::new();
    let words = "triggers next --timezone Europe/Berlin --from 2027-03-27T00:00:00Z -n 3 --cron";
    let words: Vec<&str> = words.split(' ').collect();
    let said = desk.run(&[words.as_slice(), &["30 2 * * *"]].concat());
    insta::assert_snapshot!(said.ok().out, @"
    2027-03-27T01:30:00Z  2027-03-27T02:30:00+01:00
    2027-03-28T01:00:00Z  2027-03-28T03:00:00+02:00    (the clock skips the named time: this is the first moment after the gap)
    2027-03-29T00:30:00Z  2027-03-29T02:30:00+02:00
    ");
}
