//! Tests, dry runs, differences of versions, and a version tried on earlier runs, from the command line.

use super::{Desk, json};
use serde_json::{Value, json as value};

/// The documents and tests of a page of the documentation, in order.
fn blocks(page: &str) -> Vec<(String, String)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let parts: Vec<&str> = text.split("```").collect();
    let blocks = parts.iter().skip(1).step_by(2);
    blocks
        .filter_map(|block| block.split_once('\n'))
        .map(|(language, text)| (language.to_owned(), text.to_owned()))
        .collect()
}

fn refund(desk: &Desk) {
    let blocks = blocks("testing.md");
    desk.write("refund.yaml", &blocks[0].1);
    desk.write("refund.tests.yaml", &blocks[1].1);
}

#[test]
fn tests_beside_a_document_pass_as_documented() {
    let desk = Desk::new();
    refund(&desk);
    let ran = desk.run(&["test", "refund.yaml"]).ok();
    assert!(
        ran.out.contains("  ok    a small refund is paid at once"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.ends_with("5 tests: 5 passed, 0 failed\n"),
        "{}",
        ran.out
    );
    // By the file of tests, by a name elsewhere, and with another document named in it.
    desk.run(&["test", "refund.tests.yaml"]).ok();
    std::fs::create_dir(desk.path("more")).unwrap();
    let tests = format!(
        "automation: ../refund.yaml\n{}",
        desk.read("refund.tests.yaml")
    );
    desk.write("more/other.tests.yaml", &tests);
    desk.run(&["test", "more/other.tests.yaml"]).ok();
    desk.run(&["test", "refund.yaml", "--tests", "more/other.tests.yaml"])
        .ok();
    let found = json(&desk, &["test", "refund.yaml"]);
    assert_eq!(
        (&found["passed"], &found["failed"]),
        (&value!(5), &value!(0))
    );
    assert_eq!(
        found["tests"][0]["run"]["calls"].as_array().unwrap().len(),
        4
    );
    assert_eq!(found["tests"][1]["run"]["took"], "3h");
    let found = json(&desk, &["test", "refund.yaml", "more/other.tests.yaml"]);
    assert_eq!(found.as_array().unwrap().len(), 2);
}

#[test]
fn tests_in_a_document_run_and_change_no_digest() {
    let desk = Desk::new();
    refund(&desk);
    let plain = desk.read("refund.yaml");
    desk.write(
        "both.yaml",
        format!("{plain}{}", desk.read("refund.tests.yaml")),
    );
    let ran = desk.run(&["test", "both.yaml"]).ok();
    assert!(
        ran.out.starts_with("both.yaml\n  ok    a small refund"),
        "{}",
        ran.out
    );
    assert_eq!(
        json(&desk, &["test", "both.yaml"])["tests_file"],
        "both.yaml"
    );
    // Those beside it run too, unless others are named.
    desk.write("both.tests.yaml", desk.read("refund.tests.yaml"));
    let found = json(&desk, &["test", "both.yaml"]);
    assert_eq!(found.as_array().unwrap().len(), 2);
    let named = ["test", "both.yaml", "--tests", "refund.tests.yaml"];
    assert_eq!(json(&desk, &named)["tests_file"], "refund.tests.yaml");
    // A difference is told where it stands in the document.
    let wrong = desk
        .read("both.yaml")
        .replace("attempts: 3 }\n", "attempts: 9 }\n");
    desk.write("wrong.yaml", &wrong);
    let found = desk
        .run(&["test", "wrong.yaml", "--output", "json"])
        .with(1)
        .json();
    let line = found["tests"][2]["differences"][0]["line"]
        .as_u64()
        .unwrap() as usize;
    assert_eq!(
        wrong.lines().nth(line - 1).unwrap().trim(),
        "look_up: { attempts: 9 }"
    );
    // The check says what is wrong with a test, where it stands.
    desk.write(
        "wrong.yaml",
        wrong.replace(
            "      pay: { output: { json: { id: r-1",
            "      pya: { output: { json: { id: r-1",
        ),
    );
    let ran = desk.run(&["check", "wrong.yaml"]).with(1);
    assert!(
        ran.err
            .contains("error[unknown_step]: there is no step `pya`"),
        "{}",
        ran.err
    );
    // A server keeps tests; they make a version, and no other digest.
    let apply = |file: &str| json(&desk, &["apply", file, "--data", "data"]);
    let first = apply("refund.yaml");
    let second = apply("both.yaml");
    assert_eq!(
        (&first[0]["latest_version"], &second[0]["latest_version"]),
        (&value!(1), &value!(2))
    );
    assert_eq!(first[0]["digest"], second[0]["digest"]);
    assert_eq!(second[0]["document"]["tests"].as_array().unwrap().len(), 5);
    assert_eq!(apply("both.yaml")[0]["latest_version"], 2);
    let ran = desk.run(&["diff", "refund.yaml", "both.yaml"]).with(1);
    assert!(
        ran.out
            .starts_with("+ test a small refund is paid at once\n"),
        "{}",
        ran.out
    );
    let ran = desk
        .run(&["apply", "refund.yaml", "--dry-run", "--data", "data"])
        .ok();
    assert_eq!(ran.out, "refund: changed in its tests alone\n");
}

#[test]
fn a_test_that_fails_says_what_and_where() {
    let desk = Desk::new();
    refund(&desk);
    let tests = desk
        .read("refund.tests.yaml")
        .replace(
            "status: rejected\n      never: [pay, \"tell[*].mail\"]",
            "status: succeeded",
        )
        .replace("pay: skipped", "pay: succeeded");
    let second = tests.split("  - name: ").nth(2).unwrap();
    desk.write(
        "refund.tests.yaml",
        tests.split("\n  - name: a shop").next().unwrap(),
    );
    let ran = desk.run(&["test", "refund.yaml"]).with(1);
    let said = &blocks("testing.md")[2];
    assert_eq!(said.0, "text");
    // The lines of the page are those of its own file.
    let without = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(|line| line.split("  (line").next().unwrap().to_owned());
        lines.collect()
    };
    let shown = without(&ran.out);
    assert_eq!(shown[..shown.len() - 1], without(&said.1)[..], "{second}");
    assert!(
        ran.out.ends_with("2 tests: 1 passed, 1 failed\n"),
        "{}",
        ran.out
    );
    let found = desk
        .run(&["test", "refund.yaml", "--output", "json"])
        .with(1)
        .json();
    let difference = &found["tests"][1]["differences"][0];
    assert_eq!(difference["what"], "status");
    assert_eq!(
        (&difference["expected"], &difference["found"]),
        (&value!("succeeded"), &value!("rejected"))
    );
    let line = difference["line"].as_u64().unwrap() as usize;
    let text = desk.read("refund.tests.yaml");
    assert_eq!(
        text.lines().nth(line - 1).unwrap().trim(),
        "status: succeeded"
    );
}

#[test]
fn wrong_tests_are_refused_with_their_places() {
    let desk = Desk::new();
    refund(&desk);
    desk.write(
        "refund.tests.yaml",
        "tests:\n  - name: one\n    inputs: { order: 1 }\n    mocks: { lok_up: { output: 1 }, size: { output: 1 } }\n    expect: { stauts: failed }\n",
    );
    let ran = desk.run(&["test", "refund.yaml"]);
    ran.refused(
        65,
        &[
            "refund.tests.yaml:4:14: error[unknown_step]",
            "did you mean `look_up`?",
            "error[bad_mock]: a switch is done by the engine itself",
            "refund.tests.yaml:5:15: error[unknown_key]: there is no key `stauts` here",
            "did you mean `status`?",
            "error[missing_input]",
            "error[invalid_input]",
        ],
    );
    desk.write("alone.yaml", desk.read("refund.yaml"));
    desk.run(&["test", "alone.yaml"]).refused(
        65,
        &["no tests in or beside alone.yaml", "alone.tests.yaml"],
    );
    // A folder with tests in it is applied without them.
    let folder = desk.path("all");
    std::fs::create_dir(&folder).unwrap();
    desk.write("all/refund.yaml", desk.read("alone.yaml"));
    desk.write("all/refund.tests.yaml", "tests: []\n");
    let ran = desk
        .run(&["apply", "all", "--dry-run", "--data", "data"])
        .ok();
    assert_eq!(ran.out, "refund: would be created\n");
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let desk = Desk::new();
    let file = desk.path("made.txt");
    let text = format!(
        "druse: 1\nname: make\ninputs:\n  pin: {{ type: string, sensitive: true }}\nsteps:\n  - id: make\n    action: shell\n    with: {{ argv: [touch, {}], env: {{ PIN: \"{{{{ inputs.pin }}}}\" }} }}\n  - id: gate\n    action: approval_gate\n    needs: [make]\n    with: {{ title: Go? }}\n  - id: ask\n    action: http\n    needs: [gate]\n    with: {{ connection: crm, path: \"/{{{{ steps.make.output.exit_code }}}}\" }}\noutputs:\n  got: \"{{{{ steps.ask.output.json }}}}\"\n",
        file.display()
    );
    desk.write("make.yaml", text);
    let dry = ["run", "make.yaml", "--dry-run", "-i", "pin=geheim-4711"];
    let ran = desk.run(&dry).with(1);
    assert!(
        ran.out
            .contains("would run make (shell): {\"argv\":[\"touch\""),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("stops: there is no answer of step make (shell)"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("nothing was sent"), "{}", ran.out);
    assert!(
        !ran.out.contains("4711") && !ran.err.contains("4711"),
        "{ran:?}"
    );

    desk.write(
        "mocks.yaml",
        "make: { output: { exit_code: 0, stdout: \"\", stderr: \"\" } }\nask: { output: { json: 7 } }\n",
    );
    let mut more = dry.to_vec();
    more.extend(["--mocks", "mocks.yaml"]);
    let ran = desk.run(&more).with(1);
    assert!(
        ran.out.contains("stops: nobody decides at step gate"),
        "{}",
        ran.out
    );
    more.extend(["--yes", "--output", "json"]);
    let run = desk.run(&more).ok().json();
    assert_eq!(run["status"], "succeeded");
    assert_eq!(run["outputs"], value!({ "got": 7 }));
    let effects = run["effects"].as_array().unwrap();
    assert_eq!(effects.len(), 2);
    assert_eq!(
        effects[1]["input"],
        value!({ "connection": "crm", "path": "/0" })
    );
    assert_eq!(effects[1]["answer"], "mocked");
    assert!(!run.to_string().contains("4711"));
    assert!(!file.exists());
    desk.run(&["run", "make.yaml", "--dry-run", "--data", "d"])
        .with(2);
    desk.write("mocks.yaml", "mak: { output: 1 }\n");
    let wrong = desk.run(&more);
    assert_eq!(wrong.code, 65, "{wrong:?}");
    assert!(wrong.err.contains("did you mean `make`?"), "{}", wrong.err);
}

/// A document whose calls need no one but the shell.
fn tick(path: &str, limit: u32) -> String {
    format!(
        "druse: 1\nname: tick\ninputs:\n  n: {{ type: integer, default: 3 }}\nsteps:\n  - {{ id: say, action: shell, with: {{ argv: [echo, \"{path}{{{{ inputs.n }}}}\"] }} }}\n  - id: size\n    action: switch\n    with: {{ cases: [ {{ id: big, when: inputs.n > {limit} }}, {{ id: small }} ] }}\n  - {{ id: tell, action: shell, needs: [size.small], with: {{ argv: [echo, \"{{{{ steps.say.output.stdout }}}}\"] }} }}\noutputs:\n  said: \"{{{{ steps.say.output.stdout }}}}\"\n"
    )
}

#[test]
fn versions_are_listed_compared_tried_and_gone_back_to() {
    let desk = Desk::new();
    let data = ["--data", "data"];
    let run = |words: &[&str]| {
        let mut all = words.to_vec();
        all.extend(data);
        desk.run(&all)
    };
    let found = |words: &[&str]| -> Value {
        let mut all = words.to_vec();
        all.extend(data);
        all.extend(["--output", "json"]);
        desk.run(&all).json()
    };
    desk.write("tick.yaml", tick("n=", 5));
    run(&[
        "apply",
        "tick.yaml",
        "--activate",
        "--acknowledge",
        "runs_program:echo",
    ]);
    for n in ["n=3", "n=4"] {
        let done = found(&[
            "runs",
            "start",
            "tick",
            "--version",
            "1",
            "-i",
            n,
            "--wait",
            "60s",
        ]);
        assert_eq!(done["status"], "succeeded", "{done:#}");
    }

    // Nothing is different with what ran.
    let same = run(&["automations", "try", "tick", "--runs", "5"]).ok();
    assert!(same.out.ends_with("version 1 on 2 runs: 2 the same, 0 changed (0 without an answer), 0 not tried; nothing was sent\n"), "{}", same.out);

    // A draft beside it: another text, and another limit.
    desk.write("tick.yaml", tick("number ", 3));
    run(&["apply", "tick.yaml"]).ok();
    let shown = found(&["automations", "versions", "tick"]);
    let numbers: Vec<&Value> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["version"])
        .collect();
    assert_eq!(numbers, [&value!(2), &value!(1)]);
    let ran = run(&["diff", "tick@1", "tick"]).with(1);
    assert!(ran.out.starts_with("~ step say (shell)\n    with.argv[1]: \"n={{ inputs.n }}\" -> \"number {{ inputs.n }}\"\n~ step size (switch)\n"), "{}", ran.out);
    run(&["diff", "tick@2", "tick.yaml"]).ok();
    run(&["diff", "tick@7", "tick.yaml"]).with(65);
    run(&["diff", "nothing", "tick.yaml"]).refused(65, &["no automation named nothing"]);

    let tried = found(&["automations", "try", "tick", "--version", "2"]);
    assert_eq!(
        tried["counts"],
        value!({ "runs": 2, "same": 0, "changed": 2, "stopped": 0, "not_tried": 0 })
    );
    let youngest = &tried["runs"][0];
    assert_eq!(youngest["version"], 1);
    assert_eq!(
        youngest["calls"][0]["before"]["argv"],
        value!(["echo", "n=4"])
    );
    assert_eq!(
        youngest["calls"][0]["after"]["argv"],
        value!(["echo", "number 4"])
    );
    assert_eq!(youngest["calls"][0]["answer"], "assumed");
    let tell = youngest["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["path"] == "tell")
        .unwrap();
    assert_eq!(tell["before"]["status"], "succeeded");
    assert_eq!(tell["after"]["skipped"]["taken"], "big");
    assert_eq!(youngest["calls"][1]["kind"], "removed");
    // The other run is as small as before: only the call differs, and nothing was decided otherwise.
    assert_eq!(tried["runs"][1]["decisions"], value!([]));
    let ran = run(&["automations", "try", "tick", "--version", "2"]).with(1);
    assert!(
        ran.out
            .contains("size: succeeded (case small) -> succeeded (case big)"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("say (shell) asks for something else\n    before {\"argv\":[\"echo\",\"n=4\"]}\n    after  {\"argv\":[\"echo\",\"number 4\"]}"), "{}", ran.out);
    // Nothing happened: there are still two runs.
    assert_eq!(found(&["runs", "list"]).as_array().unwrap().len(), 2);

    // With the answers of a run, a dry run goes through.
    let id = youngest["run_id"].as_str().unwrap();
    let dry = found(&[
        "runs",
        "start",
        "tick",
        "--version",
        "1",
        "-i",
        "n=4",
        "--dry-run",
        "--from-run",
        id,
    ]);
    assert_eq!(dry["outputs"]["said"], "n=4\n", "{dry:#}");
    assert_eq!(dry["effects"][0]["answer"], "recorded");
    assert_eq!(dry["effects"][1]["answer"], "recorded");
    assert_eq!(found(&["runs", "list"]).as_array().unwrap().len(), 2);
    run(&["runs", "start", "tick.yaml", "--dry-run"]).with(2);

    // Back to what was.
    let back = found(&["automations", "rollback", "tick"]);
    assert_eq!(back["latest_version"], 3);
    run(&["diff", "tick@1", "tick@3"]).ok();
    let ran = run(&["automations", "rollback", "tick", "--version", "2"]).ok();
    assert!(
        ran.out
            .starts_with("tick: version 4 has the document of version 2"),
        "{}",
        ran.out
    );
    run(&["automations", "rollback", "tick", "--version", "9"]).with(65);
}
