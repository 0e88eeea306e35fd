//! Answers to the questions of a draft: they are taken where they fit, and refused where nothing is made of them; the
//! lines that say how to answer can be pasted; what recordings differ by becomes an input, and is shown where it does.

use super::{Desk, json};
use serde_json::{Value, json as value};
use std::process::Command;

/// A recording of some calls, each with its answer.
fn recording(task: &str, calls: &[(&str, Value, Value)]) -> String {
    let mut messages = vec![value!({ "role": "user", "content": task })];
    for (number, (tool, arguments, answer)) in calls.iter().enumerate() {
        let id = format!("c{number}");
        messages.push(value!({ "role": "assistant", "tool_calls": [{ "id": id, "name": tool, "arguments": arguments }] }));
        messages
            .push(value!({ "role": "tool", "tool_call_id": id, "content": answer.to_string() }));
    }
    value!({ "status": "succeeded", "messages": messages }).to_string()
}

const BILL: &str = "Stadtwerke Nord\nAmount due:  84.20 EUR\n\nPay to:      Stadtwerke Nord GmbH\nIBAN:        DE89 3704 0044 0532 0130 00\n";
const RECIPIENT: &str = "source:pay:/recipient";

/// A bill is read and paid; whom it is paid to is a question.
fn bill() -> String {
    recording(
        "The bill is in bill-april.txt. Please pay it.",
        &[
            (
                "read_file",
                value!({ "path": "bill-april.txt" }),
                value!({ "path": "bill-april.txt", "text": BILL }),
            ),
            (
                "pay",
                value!({ "recipient": "Stadtwerke Nord GmbH", "iban": "DE89370400440532013000", "amount": 84.2 }),
                value!({ "ok": true }),
            ),
        ],
    )
}

fn desk_with_bill() -> Desk {
    let desk = Desk::new();
    desk.write("bill.json", bill());
    desk
}

const BOUND: [&str; 4] = ["crystallize", "bill.json", "--mode", "bound"];

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [words, more].concat()
}

#[test]
fn every_line_that_says_how_to_answer_can_be_pasted() {
    let desk = desk_with_bill();
    let asked = desk.run(&with(&BOUND, &["--output", "json"])).ok();
    let questions = asked.json()["report"]["questions"].clone();
    let question = questions.as_array().unwrap().iter();
    let question = question.clone().find(|one| one["id"] == RECIPIENT).unwrap();
    let choices = question["choices"].as_array().unwrap().iter();
    let wanted: Vec<String> = choices
        .map(|choice| format!("{RECIPIENT}={}", choice.as_str().unwrap()))
        .collect();
    assert!(
        wanted
            .iter()
            .any(|one| one.contains("line_value('Pay to')")),
        "{wanted:?}"
    );
    let mut pasted = Vec::new();
    let lines = asked
        .err
        .lines()
        .map(str::trim)
        .filter(|line| line.contains(RECIPIENT));
    for line in lines.filter(|line| line.starts_with("--answer ")) {
        let line = line.split(" (or ").next().unwrap();
        let shell = Command::new("sh")
            .args(["-c", &format!("printf '%s\\n' {line}")])
            .output()
            .unwrap();
        assert!(shell.status.success(), "{line}: {shell:?}");
        let words = String::from_utf8(shell.stdout).unwrap();
        let words: Vec<&str> = words.lines().collect();
        assert_eq!((words.len(), words[0]), (2, "--answer"), "{line}");
        pasted.push(words[1].to_owned());
    }
    assert!(pasted.iter().all(|one| wanted.contains(one)), "{pasted:?}");
    let by_line = pasted
        .iter()
        .find(|one| one.contains("line_value('Pay to')"))
        .unwrap();
    let made = desk.run(&with(&BOUND, &["--answer", by_line])).ok();
    assert!(made.out.contains("line_value('Pay to')"), "{}", made.out);
    assert!(!made.err.contains(RECIPIENT), "{}", made.err);
}

#[test]
fn an_answer_that_is_not_used_is_refused_and_nothing_is_written() {
    let desk = desk_with_bill();
    let kept = with(&BOUND, &["--decisions", "dec.yaml"]);
    let first = desk
        .run(&with(&kept, &["--answer", "source:pay:/recipient=input"]))
        .ok();
    assert!(first.err.contains("dec.yaml is not there"), "{}", first.err);
    let good = desk.read("dec.yaml");
    assert!(
        good.contains("\"source:pay:/recipient\": \"input\""),
        "{good}"
    );
    assert!(good.contains("answered_for"), "{good}");
    // The input that it became says why it is asked for.
    assert!(
        first
            .out
            .contains("A person answered that it is given anew"),
        "{}",
        first.out
    );

    let wrong = with(
        &kept,
        &[
            "--answer",
            "source:pay:/recipient=steps.read_file.output.txt",
        ],
    );
    desk.run(&wrong).refused(
        65,
        &[
            "none of the choices of `source:pay:/recipient`",
            "`constant`",
            "line_value('Pay to')",
        ],
    );
    assert_eq!(desk.read("dec.yaml"), good);
    let misspelt = with(&BOUND, &["--answer", "source:pay:/recpient=input"]);
    desk.run(&misspelt).refused(
        65,
        &[
            "no question `source:pay:/recpient`",
            "Did you mean `source:pay:/recipient`?",
        ],
    );
    let twice = [
        "--answer",
        "source:pay:/recipient=input",
        "--answer",
        "source:pay:/recipient=constant",
    ];
    desk.run(&with(&BOUND, &twice))
        .refused(2, &["answered twice", "`input`", "`constant`"]);

    // What stands in a file is said and left there, and no draft has it.
    let stale = good.replace(
        "decisions:\n",
        "decisions:\n  \"source:gone:/x\": \"input\"\n",
    );
    desk.write("dec.yaml", &stale);
    let made = desk.run(&with(&kept, &["--output", "json"])).ok().json();
    let codes: Vec<&str> = made["report"]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert!(
        codes.contains(&"question_unknown:source:gone:/x"),
        "{codes:?}"
    );
    let answers = &made["automation"]["document"]["metadata"]["crystallized"]["answers"];
    assert_eq!(answers, &value!({ RECIPIENT: "input" }));
    assert_eq!(desk.read("dec.yaml"), stale);
}

#[test]
fn the_mode_exact_takes_no_answers_and_loses_none() {
    let desk = desk_with_bill();
    let answer = ["--answer", "source:pay:/recipient=input"];
    desk.run(&with(&["crystallize", "bill.json"], &answer))
        .refused(2, &["--mode bound", "asks no questions"]);
    desk.run(&with(&["crystallize", "bill.json", "--summary"], &answer))
        .with(2);

    let stored = json(&desk, &["sessions", "import", "bill.json"]);
    let id = stored[0]["id"].as_str().unwrap().to_owned();
    let words = ["sessions", "crystallize", &id];
    json(
        &desk,
        &with(
            &words,
            &["--mode", "bound", "--name", "pay", "--answer", answer[1]],
        ),
    );
    let into = with(&words, &["--into", "pay"]);
    desk.run(&with(&into, &["--mode", "exact", "--answer", answer[1]]))
        .refused(2, &["--mode bound"]);
    // What was answered, and for what, is still there when it is bound again.
    let exact = json(&desk, &with(&into, &["--mode", "exact"]));
    let kept = |made: &Value| {
        let made = &made["automation"]["document"]["metadata"]["crystallized"];
        [made["answers"].clone(), made["answered_for"].clone()]
    };
    let answered = [
        value!({ RECIPIENT: "input" }),
        value!({ RECIPIENT: "Stadtwerke Nord GmbH" }),
    ];
    assert_eq!(kept(&exact), answered);
    let bound = json(&desk, &with(&into, &["--mode", "bound"]));
    assert_eq!(kept(&bound), answered);
    assert_eq!(
        bound["automation"]["document"]["inputs"]["recipient"]["default"],
        "Stadtwerke Nord GmbH"
    );

    // Nothing is stored for an answer that no question takes.
    let version = &bound["automation"]["latest_version"];
    let wrong = with(&into, &["--answer", "source:pay:/recipient=inputt"]);
    desk.run(&wrong)
        .refused(65, &["`inputt` is none of the choices", "`constant`"]);
    let now = json(&desk, &["automations", "show", "pay"]);
    assert_eq!(&now["latest_version"], version);
    // In exact nothing is asked, whatever the mode was given by.
    json(&desk, &with(&into, &["--mode", "exact"]));
    desk.run(&with(&into, &["--answer", "source:pay:/x=input"]))
        .refused(65, &["the mode `exact` asks no questions"]);
}

fn refund(order: &str, amount: Value) -> String {
    recording(
        &format!("Refund {amount} EUR of order {order}"),
        &[(
            "refund",
            value!({ "order": order, "amount": amount }),
            value!({ "ok": true }),
        )],
    )
}

#[test]
fn an_amount_that_was_whole_by_chance_takes_cents() {
    let desk = Desk::new();
    desk.write("whole.json", refund("W48121", value!(20)));
    desk.write("cents.json", refund("W77310", value!(35.5)));
    for files in [
        &["whole.json"][..],
        &["whole.json", "cents.json"],
        &["cents.json", "whole.json"],
    ] {
        let made = desk
            .run(&with(
                &["crystallize", "--mode", "bound", "--output", "json"],
                files,
            ))
            .ok()
            .json();
        let input = &made["automation"]["document"]["inputs"]["amount"];
        assert_eq!(input["type"], "number", "{files:?}: {input}");
        // Every recording can be run with what it had.
        for held in made["report"]["held_out"].as_array().into_iter().flatten() {
            assert_eq!(held["verdict"], "passed", "{held:#}");
        }
    }
}

fn lamp(device: &str, word: &str, on: bool) -> String {
    recording(
        &format!("Set the lamp {device} to {word}"),
        &[(
            "set_device",
            value!({ "device": device, "on": on }),
            value!({ "ok": true }),
        )],
    )
}

fn flag(order: &str, flag: bool) -> String {
    let long = |word: &str| format!("{word}-of-which-nobody-said-a-word");
    recording(
        &format!("Do order {order}"),
        &[(
            "do_it",
            value!({ "order": order, "alpha": long("a"), "beta": long("b"), "gamma": long("c"), "delta": "d", "flag": flag }),
            value!({ "ok": true }),
        )],
    )
}

#[test]
fn what_is_on_or_off_is_an_input_a_question_or_said() {
    let desk = Desk::new();
    desk.write("on.json", lamp("DEV-4471", "on", true));
    desk.write("off.json", lamp("DEV-8812", "off", false));
    for files in [&["on.json"][..], &["on.json", "off.json"]] {
        let made = desk
            .run(&with(
                &["crystallize", "--mode", "bound", "--output", "json"],
                files,
            ))
            .ok()
            .json();
        let document = &made["automation"]["document"];
        assert_eq!(
            document["inputs"]["on"]["type"], "boolean",
            "{files:?}: {document:#}"
        );
        assert_eq!(
            document["steps"][0]["with"]["arguments"]["on"],
            "{{ inputs.on }}"
        );
        assert_eq!(made["report"]["generalisable"], "shuffled", "{files:?}");
    }

    desk.write("yes.json", flag("W48121", true));
    desk.write("no.json", flag("W77310", false));
    let made = |files: &[&str]| {
        desk.run(&with(
            &["crystallize", "--mode", "bound", "--output", "json"],
            files,
        ))
        .ok()
    };
    let alone = made(&["yes.json"]).json();
    assert_eq!(alone["report"]["questions"], value!([]));
    let said: Vec<String> = alone["report"]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["code"] == "chosen_by_agent")
        .map(|one| one["message"].to_string())
        .collect();
    assert!(
        said.iter().any(|one| one.contains("`flag` stays true")),
        "{said:?}"
    );

    let both = made(&["yes.json", "no.json"]);
    let shown = both.json();
    let question = &shown["report"]["questions"][0];
    assert_eq!(
        (&question["id"], &question["choices"]),
        (&value!("source:do_it:/flag"), &value!(["input"]))
    );
    // Where they differ is said, of the file that was given, and the report has all of it.
    let told = "the recording no.json is not predicted: `do_it` at `/flag`: that recording has false, the draft sends true.";
    assert!(both.err.contains(told), "{}", both.err);
    let held = &shown["report"]["held_out"][0];
    assert_eq!(
        (&held["name"], &held["differing"]),
        (&value!("no.json"), &value!(1))
    );
    let missing = held["differences"].as_array().unwrap().last().unwrap();
    assert_eq!(missing["kind"], "missing");
    assert!(
        missing["recorded"]
            .as_str()
            .unwrap()
            .contains("\"flag\":false"),
        "{missing}"
    );
    let differs = shown["report"]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "held_out_differs")
        .unwrap();
    assert!(
        differs["message"]
            .as_str()
            .unwrap()
            .contains("that recording has false"),
        "{differs}"
    );

    let answered = desk
        .run(&[
            "crystallize",
            "--mode",
            "bound",
            "yes.json",
            "no.json",
            "--answer",
            "source:do_it:/flag=input",
        ])
        .ok();
    assert!(
        answered.out.contains("flag: \"{{ inputs.flag }}\""),
        "{}",
        answered.out
    );
    assert!(
        answered.err.contains("the recording no.json is predicted"),
        "{}",
        answered.err
    );
}

#[test]
fn a_secret_that_each_run_gets_anew_is_not_asked_for() {
    let desk = Desk::new();
    let token = "tok_81hhs7766sgg2kq0";
    let task =
        "Log in to the shop with the password Quark-Dose-88 as anna and cancel order W48121.";
    let calls = [
        (
            "login",
            value!({ "user": "anna", "password": "Quark-Dose-88" }),
            value!({ "token": token }),
        ),
        (
            "cancel_order",
            value!({ "order_id": "W48121", "token": token }),
            value!({ "ok": true }),
        ),
    ];
    desk.write("login.json", recording(task, &calls));
    let made = desk
        .run(&[
            "crystallize",
            "login.json",
            "--mode",
            "bound",
            "--output",
            "json",
        ])
        .ok()
        .json();
    let lifted = |asked: bool| -> Vec<&Value> {
        let all = made["report"]["findings"].as_array().unwrap().iter();
        all.filter(|one| one["code"] == "secret_lifted" && (one["acknowledge"] == true) == asked)
            .collect()
    };
    let [password] = lifted(true)[..] else {
        panic!("{:#?}", lifted(true))
    };
    assert_eq!(password["id"], "secret_lifted:PASSWORD");
    let [token] = lifted(false)[..] else {
        panic!("{:#?}", lifted(false))
    };
    assert_eq!(
        (&token["severity"], &token["id"]),
        (&value!("info"), &value!("secret_lifted:TOKEN"))
    );
    let message = token["message"].as_str().unwrap();
    assert!(message.contains("`login` answers in each run"), "{message}");
    // In exact it stays, and is asked for.
    let exact = desk.run(&["crystallize", "login.json"]).ok();
    assert!(
        exact.err.contains("acknowledge as secret_lifted:TOKEN"),
        "{}",
        exact.err
    );
}
