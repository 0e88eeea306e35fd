//! Words of lines for a shell in the mode `bound`: given to the shell beside the line, never spliced into it.

use super::build::*;
use crate::Crystallized;
use crate::report::{Level, Verdict};
use crate::session::{Session, Turn};
use serde_json::{Value, json};

fn line(id: &str, batch: u32, command: &str, answer: Value) -> Turn {
    call(
        id,
        batch,
        "Bash",
        json!({ "command": command }),
        answer.to_string().into(),
    )
}

fn recorded() -> Session {
    let mut session = session(
        "Cancel the last order of cust_48213.",
        vec![
            line(
                "a",
                0,
                "curl -s https://shop.example/customers/cust_48213/last | jq .",
                json!({ "order": { "id": "ord_9931744", "state": "open" } }),
            ),
            line(
                "b",
                1,
                "curl -s -X POST https://shop.example/orders/ord_9931744/cancel --order=ord_9931744 --reason late",
                json!({ "ok": true }),
            ),
        ],
    );
    session.working_folder = Some("/home/ana/shop".to_owned());
    session
}

fn with(made: &Crystallized, step: usize) -> Value {
    Value::from(made.document.steps[step].with.clone().unwrap_or_default())
}

#[test]
fn a_word_comes_from_where_it_came_from_and_is_no_text_of_the_line() {
    let made = made(&recorded(), &bound());
    assert_eq!(
        with(&made, 0)["argv"],
        json!([
            "/bin/sh",
            "-c",
            "curl -s \"${1}\" | jq .",
            "/bin/sh",
            "https://shop.example/customers/{{ inputs.customer_id | url_segment }}/last"
        ])
    );
    let argv = &with(&made, 1)["argv"];
    assert_eq!(argv[2], "curl -s -X POST \"${1}\" \"${2}\" --reason late");
    let order = "steps.bash.output.json.order.id";
    let order = if argv[4].as_str().is_some_and(|word| word.contains(order)) {
        order.to_owned()
    } else {
        format!("steps.{}.output.json.order.id", made.document.steps[0].id)
    };
    assert_eq!(
        argv[4],
        format!("https://shop.example/orders/{{{{ {order} | url_segment }}}}/cancel")
    );
    assert_eq!(argv[5], format!("--order={{{{ {order} | plain_word }}}}"));
    assert_eq!(made.document.inputs["customer_id"]["default"], "cust_48213");
    // In other worlds the words are other ones, and the lines are not.
    assert_eq!(
        made.report.perturbed.renamed.verdict,
        Verdict::Passed,
        "{:?}",
        made.report.perturbed
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    assert_eq!(made.report.replay.differing + made.report.replay.missing, 0);
    // What is run is looked at by a person, wherever it comes from.
    let asked: Vec<&str> = made
        .report
        .findings
        .iter()
        .filter(|finding| finding.acknowledge && finding.code == "flows_into_sink")
        .filter_map(|finding| finding.step.as_deref())
        .collect();
    assert!(
        asked.contains(&made.document.steps[1].id.as_str()),
        "{:?}",
        made.report.findings
    );
}

#[test]
fn a_document_with_words_apart_repeats_the_recording() {
    let session = recorded();
    let made = made(&session, &bound());
    let replay = crate::replay_edited(&made.document, &session, &bound()).unwrap();
    assert_eq!(
        (replay.differing, replay.missing),
        (0, 0),
        "{:?}",
        replay.differences
    );
    // Another program in the line is another command.
    let mut other = made.document.clone();
    if let Some(with) = &mut other.steps[0].with {
        with["argv"][2] = "wget \"${1}\" | jq .".into();
    }
    let replay = crate::replay_edited(&other, &session, &bound()).unwrap();
    assert_eq!(replay.differing, 1);
}

#[test]
fn exact_leaves_lines_as_they_are() {
    let made = made(&recorded(), &options());
    assert!(
        with(&made, 0)["script"]
            .as_str()
            .is_some_and(|line| line.contains("cust_48213/last | jq"))
    );
}

#[test]
fn what_is_a_program_an_option_or_a_host_stays() {
    let session = session(
        "Look at host-77123.example, use tool_881234 with --level-99123 and ord_5512349.",
        vec![
            line(
                "a",
                0,
                "curl -s https://host-77123.example/x",
                json!({ "ok": 1 }),
            ),
            line("b", 1, "tool_881234 --level-99123", json!({ "ok": 1 })),
            line("c", 2, "ssh box deploy ord_5512349", json!({ "ok": 1 })),
            line(
                "d",
                3,
                "echo \"order ord_5512349\" | mail x",
                json!({ "ok": 1 }),
            ),
            line(
                "e",
                4,
                "sqlite3 shop.db \"update o set s=1 where id='ord_5512349'\"",
                json!({ "ok": 1 }),
            ),
        ],
    );
    let made = made(&session, &bound());
    for step in &made.document.steps {
        let text = Value::from(step.with.clone().unwrap_or_default()).to_string();
        assert!(!text.contains("{{"), "{text}");
    }
    // The proof says that they stay though they had to follow.
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

#[test]
fn no_word_is_bound_that_decides_what_runs() {
    let lines = [
        "nohup bash -lc proj_7Kq2Lm9x",
        "nice awk proj_7Kq2Lm9x a",
        "python3 -m timeit -n 1 proj_7Kq2Lm9x",
        "timeout 3 xargs proj_7Kq2Lm9x",
        "tar -xf a.tar --to-command=proj_7Kq2Lm9x",
        "find . -execdir proj_7Kq2Lm9x",
        "rsync --rsh=proj_7Kq2Lm9x a b",
        "psql --command=proj_7Kq2Lm9x",
        "git submodule foreach proj_7Kq2Lm9x",
        "docker exec c proj_7Kq2Lm9x",
        "curl -K proj_7Kq2Lm9x",
        "mytool --print-filter=proj_7Kq2Lm9x",
        "proj_7Kq2Lm9x --now",
    ];
    let calls = lines
        .iter()
        .zip(0..)
        .map(|(command, at)| line(&format!("c{at}"), at, command, json!({ "ok": at })));
    let session = session("Handle proj_7Kq2Lm9x.", calls.collect());
    let made = made(&session, &bound());
    for step in &made.document.steps {
        let text = Value::from(step.with.clone().unwrap_or_default()).to_string();
        assert!(!text.contains("{{"), "{text}");
    }
}

/// `-rf` is no name of what stands behind it, and `--force` takes nothing.
#[test]
fn an_input_is_named_by_what_it_is_and_not_by_a_switch() {
    for (command, expected) in [
        ("shopctl drop -rf box-48121", "box"),
        ("shopctl drop --force box-48121", "box"),
        ("shopctl drop --target box-48121", "target"),
    ] {
        let made = made(
            &session(
                "Take down box-48121.",
                vec![line("a", 0, command, json!({ "ok": true }))],
            ),
            &bound(),
        );
        let names: Vec<&str> = made.document.inputs.keys().map(String::as_str).collect();
        assert_eq!(names.len(), 1, "{command}");
        assert!(!["rf", "force"].contains(&names[0]), "{names:?}");
        assert_eq!(names[0] == "target", expected == "target", "{names:?}");
        // A word that follows is a value that is bound.
        let told = crate::report_text(&made.report, &made.document);
        assert!(told.contains("\nBound: 1 value\n"), "{told}");
    }
}
