//! What is wrong is said in one sentence with a place and a hint, with the exit code of who must act.

use super::super::harness::{Server, wait, world};
use super::{Desk, finish};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

const ONE: &str =
    "druse: 1\nname: one\nsteps:\n  - id: a\n    action: transform\n    with: { value: 1 }\n";

#[test]
fn a_recording_that_cannot_be_read() {
    let desk = Desk::new();
    desk.write(
        "cut.json",
        "{\"messages\": [\n{\"role\": \"user\", \"content\": \"hi\"},\n{\"role\": \"assist",
    );
    desk.write("weather.json", "{\"weather\": \"fine\"}");
    desk.write("binary", [b'{', 0x80, 0x81, 0xfe]);
    desk.write("empty.json", "");
    for (file, words) in [
        (
            "nothing.json",
            &["nothing.json: No such file or directory.", "Check the path"][..],
        ),
        (
            "cut.json",
            &["cut.json:3: The recording is no valid JSON", "cut"],
        ),
        (
            "weather.json",
            &[
                "weather.json: This is no recording in a known format",
                "claude-code",
            ],
        ),
        ("binary", &["binary: The recording is no text", "UTF-8"]),
        ("empty.json", &["empty.json: The recording is empty"]),
    ] {
        desk.run(&["crystallize", file]).refused(65, words);
        desk.run(&["sessions", "import", file, "--data", "data"])
            .refused(65, words);
        assert!(!desk.path("data").exists(), "nothing is made for it");
    }
    desk.run(&["crystallize", "."])
        .refused(65, &["Is a directory", "Name a file"]);
    let mut deep = "[".repeat(200_000);
    deep.push_str(&"]".repeat(200_000));
    desk.write("deep.json", deep);
    desk.run(&["crystallize", "deep.json"])
        .refused(65, &["deep.json"]);
}

#[test]
fn a_bad_recording_keeps_no_good_one_from_being_stored() {
    let desk = Desk::new();
    let good = world::example("pay-bill").join("recording.json");
    desk.write("bad.json", "{}");
    let words = [
        "sessions",
        "import",
        "bad.json",
        good.to_str().unwrap(),
        "gone.json",
        "--data",
        "data",
    ];
    let ran = desk.run(&words).with(65);
    assert!(ran.out.contains("sess_"), "{}", ran.out);
    for said in ["bad.json: This is no recording", "gone.json: No such file"] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let stored = super::json(&desk, &["sessions", "list", "--data", "data"]);
    assert_eq!(stored.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_session_that_gives_no_draft() {
    let desk = Desk::new();
    desk.write(
        "talk.json",
        "{\"status\": \"succeeded\", \"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}",
    );
    desk.run(&["crystallize", "talk.json"]).refused(65, &["no"]);
    let failed = "{\"status\": \"failed\", \"messages\": [{\"role\": \"assistant\", \"content\": \"\", \"tool_calls\": \
                  [{\"id\": \"c\", \"name\": \"t\", \"arguments\": {}}]}, {\"role\": \"tool\", \"tool_call_id\": \"c\", \"content\": 1}]}";
    desk.write("failed.json", failed);
    desk.run(&["crystallize", "failed.json"])
        .refused(65, &["failed", "force"]);
    desk.run(&["crystallize", "failed.json", "--force"]).ok();
    desk.run(&["crystallize", "failed.json", "failed.json", "--force"])
        .refused(65, &["2 sessions", "--summary"]);
}

#[test]
fn a_document_that_is_wrong() {
    let desk = Desk::new();
    let step = |rest: &str| {
        format!(
            "druse: 1\nname: w\nsteps:\n  - id: a\n    action: transform\n    with: {{ value: 1 }}\n{rest}"
        )
    };
    for (text, code, words) in [
        (
            step(
                "    needs: [b]\n  - id: b\n    action: transform\n    needs: [a]\n    with: { value: 1 }\n",
            ),
            "cycle",
            &["w.yaml:4:5"][..],
        ),
        (
            step("    needs: [nowhere]\n"),
            "unknown_step",
            &["w.yaml:7:13", "nowhere"],
        ),
        (
            step("    neds: [a]\n"),
            "unknown_key",
            &["w.yaml:7:5", "did you mean"],
        ),
        (
            step("    timeout: soon\n"),
            "bad_value",
            &["w.yaml:7:14", "300ms"],
        ),
        (step("    needs: 7\n"), "wrong_type", &["w.yaml:7:12"]),
        (
            step("    when: inputs.x > 1\n"),
            "unknown_input",
            &["w.yaml:7:"],
        ),
        ("druse: 1\nname: [\n".into(), "bad_yaml", &["w.yaml:"]),
        ("druse: 9\nname: w\nsteps: []\n".into(), "", &["w.yaml:1:8"]),
        (String::new(), "", &["w.yaml"]),
    ] {
        desk.write("w.yaml", &text);
        let checked = desk.run(&["check", "w.yaml"]).with(1);
        for word in words.iter().chain([&code]) {
            assert!(
                checked.err.contains(word),
                "{text}\nlacks {word:?}:\n{}",
                checked.err
            );
        }
        // The same is said where the document was to be used.
        for verb in [
            &["run", "w.yaml"][..],
            &["apply", "w.yaml", "--data", "data"],
        ] {
            desk.run(verb).refused(65, words);
        }
        assert!(
            !desk.path("data").exists(),
            "nothing is made for a wrong document"
        );
    }
    desk.run(&["check", "nothing.yaml"])
        .refused(65, &["nothing.yaml"]);
    desk.write("bytes.yaml", [0xff, 0xfe]);
    desk.run(&["check", "bytes.yaml"])
        .refused(65, &["no UTF-8 text"]);
}

#[test]
fn one_wrong_document_of_a_folder_stops_all_of_it() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("all")).unwrap();
    desk.write("all/a.yaml", ONE);
    desk.write("all/b.yaml", "druse: 1\nname: b\nsteps: 7\n");
    desk.run(&["apply", "all", "--data", "data"])
        .refused(65, &["all/b.yaml:3:8"]);
    assert!(!desk.path("data").exists());
    std::fs::create_dir(desk.path("none")).unwrap();
    desk.run(&["apply", "none", "--data", "data"])
        .refused(65, &["no document in none"]);
}

#[test]
fn files_that_go_with_a_document() {
    let desk = Desk::new();
    desk.write("one.yaml", ONE);
    desk.write(
        "c.yaml",
        "connections:\n  crm: { kind: htp, base_url: \"https://crm.example.com\" }\n",
    );
    desk.run(&["run", "one.yaml", "--connections", "c.yaml"])
        .refused(65, &["c.yaml:2:", "kind"]);
    desk.write("t.yaml", "tools:\n  - match: x\n    action: teleport\n");
    desk.write("r.json", "{\"messages\": []}");
    desk.run(&["crystallize", "r.json", "--tools", "t.yaml"])
        .refused(65, &["t.yaml", "teleport"]);
    desk.write("d.toml", "lissen = \"127.0.0.1:0\"\n");
    desk.run(&["serve", "--data", "data", "--config", "d.toml"])
        .refused(78, &["d.toml", "lissen"]);
    desk.run(&["serve", "--data", "data", "--listen", "here"])
        .refused(78, &["here", "127.0.0.1:7878"]);
    desk.run(&["serve", "--data", "data", "--listen", "0.0.0.0:0"])
        .refused(78, &["--insecure-http"]);
    assert!(!desk.path("data").exists());
}

#[test]
fn no_server_and_no_data_folder() {
    let desk = Desk::new();
    for words in [
        &["automations", "list"][..],
        &["runs", "list"],
        &["approvals", "list"],
        &["triggers", "list"],
        &["secrets", "list"],
        &["tokens", "list"],
        &["connections", "list"],
        &["sessions", "list"],
        &["runs", "start", "x"],
        &["events", "send", "com.example.x"],
    ] {
        desk.run(words)
            .refused(69, &["druse-data", "druse serve", "--data"]);
    }
    assert!(!desk.path("druse-data").exists(), "asking makes no folder");
    // A port that nobody listens on: it was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = format!("http://127.0.0.1:{port}");
    desk.run(&["runs", "list", "--server", &server])
        .refused(69, &[&server, "does not answer"]);
    desk.run(&["runs", "list", "--server", "here"])
        .refused(2, &["http://host:port"]);
    desk.run(&["verify", "--data", "nowhere"])
        .refused(78, &["nowhere is not a data folder"]);
}

#[test]
fn what_answers_is_no_druse_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    for answer in ["404 Not Found", "200 OK"] {
        let listener = listener.try_clone().unwrap();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let head =
                format!("HTTP/1.1 {answer}\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
            stream.write_all(head.as_bytes()).unwrap();
        });
        Desk::new()
            .run(&["runs", "list", "--server", &server])
            .refused(69, &["no Druse server", "--server"]);
        serving.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_do_not_do() {
    let server = Server::new().await;
    let desk = Desk::new();
    let ask = |token: Option<&str>, words: &[&str]| {
        let mut command = desk.command(words);
        command.args(["--server", server.address()]);
        if let Some(token) = token {
            command.env("DRUSE_TOKEN", token);
        }
        finish(command, "v")
    };
    ask(None, &["automations", "list"]).refused(77, &["token", "DRUSE_TOKEN"]);
    ask(Some("druse_wrong"), &["automations", "list"]).refused(77, &["DRUSE_TOKEN"]);
    let body = json!({ "role": "viewer", "name": "v" });
    let made = server.admin().post("/tokens", &body).await.with(201);
    let viewer = made["token"].as_str().unwrap();
    ask(Some(viewer), &["automations", "list"]).ok();
    ask(Some(viewer), &["secrets", "set", "k"]).refused(77, &["admin", "viewer"]);
    ask(Some(server.admin_token()), &["secrets", "set", "k"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_a_server_holds() {
    let server = Server::new().await;
    let desk = Desk::new();
    let data = server.data().to_str().unwrap();
    let pid = server.pid().to_string();
    desk.write("one.yaml", ONE);
    for words in [
        &["run", "one.yaml", "--data", data][..],
        &["serve", "--data", data, "--listen", "127.0.0.1:0"],
        &["verify", "--data", data],
    ] {
        desk.run(words).refused(75, &["is in use by process", &pid]);
    }
}

#[test]
fn a_folder_of_another_format_is_left_as_it_is() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("data")).unwrap();
    desk.write("data/format", "format = 99\nmin_reader = 99\n");
    let use_it = |desk: &Desk, words: &[&str]| {
        for verb in [
            &["serve", "--listen", "127.0.0.1:0", "--data", "data"][..],
            &["sessions", "import", "r.json", "--data", "data"],
            &["verify", "--data", "data"],
        ] {
            desk.run(verb).refused(78, words);
        }
        std::fs::read_dir(desk.path("data")).unwrap().count()
    };
    desk.write(
        "r.json",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}",
    );
    assert_eq!(use_it(&desk, &["format 99", "newer version"]), 1);
    desk.write("data/format", "something else");
    assert_eq!(use_it(&desk, &["data is not a data folder of Druse"]), 1);
    // Somebody's own files: a wrong path does no harm.
    std::fs::remove_file(desk.path("data/format")).unwrap();
    desk.write("data/thesis.txt", "all of it");
    assert_eq!(use_it(&desk, &["data is not a data folder of Druse"]), 1);
    desk.write("file", "");
    desk.run(&["serve", "--listen", "127.0.0.1:0", "--data", "file"])
        .refused(78, &["file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said() {
    let server = Server::new().await;
    let desk = Desk::new();
    let data = server.data().to_str().unwrap();
    let ask = |words: &[&str]| {
        let mut words = words.to_vec();
        words.extend(["--data", data]);
        desk.run(&words)
    };
    for words in [
        &["automations", "show", "x"][..],
        &["automations", "activate", "x"],
        &["automations", "deactivate", "x"],
        &["automations", "rm", "x"],
        &["runs", "start", "x"],
        &["runs", "show", "run_x"],
        &["runs", "watch", "run_x"],
        &["runs", "cancel", "run_x"],
        &["runs", "retry", "run_x"],
        &["runs", "pause", "run_x"],
        &["runs", "resume", "run_x"],
        &["runs", "resolve", "run_x", "a", "--again"],
        &["runs", "why", "run_x"],
        &["approvals", "show", "appr_x"],
        &["approvals", "approve", "appr_x"],
        &["triggers", "fire", "trig_x"],
        &["triggers", "firings", "trig_x"],
        &["sessions", "show", "sess_x"],
        &["sessions", "rm", "sess_x"],
        &["sessions", "crystallize", "sess_x"],
        &["connections", "test", "x"],
        &["connections", "rm", "x"],
        &["secrets", "rm", "x"],
        &["tokens", "revoke", "tok_x"],
    ] {
        ask(words).refused(65, &["no "]);
    }
    ask(&["connections", "set", "x", "{\"kind\": \"http\"}"]).refused(65, &["base_url"]);
    ask(&["connections", "set", "x", "{"]).refused(65, &["JSON"]);
    ask(&["connections", "set", "x", "x.yaml"]).refused(65, &["x.yaml: No such file"]);
    desk.write("c.yaml", "connections: {}\n");
    ask(&["connections", "set", "x", "c.yaml"]).refused(65, &["no connection x in c.yaml"]);
    ask(&["connections", "set", "x"]).refused(2, &["--file"]);
    ask(&["events", "send", "com.example.x", "--event-data", "{"]).refused(65, &["JSON"]);
    ask(&["tokens", "create", "--role", "king", "--name", "k"]).refused(65, &["king", "viewer"]);
    ask(&["secrets", "set", "k"]).refused(65, &["no value", "printf"]);
    ask(&["runs", "list", "--status", "sleepy"]).refused(65, &["sleepy"]);
    ask(&["approvals", "list", "--status", "sleepy"]).refused(65, &["sleepy"]);
}

/// A reader that goes away, as `head` does, is no failure and no panic.
#[test]
fn a_reader_that_goes_away() {
    let desk = Desk::new();
    let mut child = desk
        .command(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// A command holds the folder that it works in; killed, it leaves it to the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_command_leaves_its_folder_usable() {
    let desk = Desk::new();
    desk.write("one.yaml", ONE);
    desk.run(&["run", "one.yaml", "--data", "data"]).ok();
    let slow = "druse: 1\nname: slow\nsteps:\n  - id: a\n    action: shell\n    with: { cwd: CWD, argv: [sh, -c, 'echo > begun; while [ ! -f go ]; do sleep 0.05; done'] }\n";
    desk.write(
        "slow.yaml",
        slow.replace("CWD", desk.path("").to_str().unwrap()),
    );
    let mut child = desk
        .command(&["run", "slow.yaml", "--data", "data"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait::until("the step", || async {
        desk.path("begun").exists().then_some(())
    })
    .await;
    desk.run(&["runs", "list", "--data", "data"])
        .refused(75, &["is in use by process", &child.id().to_string()]);
    child.kill().unwrap();
    child.wait().unwrap();
    let runs = super::json(&desk, &["runs", "list", "--data", "data"]);
    assert_eq!(
        (&runs[0]["status"], &runs[1]["status"]),
        (&json!("running"), &json!("succeeded"))
    );
    desk.run(&["verify", "--data", "data"]).ok();
    desk.write("go", "");
}

#[test]
fn inputs_that_are_wrong_are_shown_where_they_stand() {
    let desk = Desk::new();
    let inputs = "inputs:\n  count: { type: integer, minimum: 3 }\n  who: { type: string }\nsteps:";
    desk.write("one.yaml", ONE.replace("steps:", inputs));
    desk.write("given.json", "{\n  \"count\": 1,\n  \"whoo\": \"ana\"\n}\n");
    let run = ["run", "one.yaml", "--inputs", "given.json"];
    let words = [
        "given.json:2:12: input `count`: 1 is less than the minimum of 3 [invalid_input]",
        "`count` has to fit {\"type\":\"integer\",\"minimum\":3}",
        "given.json:3:3: there is no input `whoo` [unknown_input]",
        "did you mean `who`?",
        "input `who` is required [missing_input]",
    ];
    desk.run(&run).refused(65, &words);
    let start = [
        "runs",
        "start",
        "one.yaml",
        "--inputs",
        "given.json",
        "--data",
        "data",
    ];
    desk.run(&["automations", "list", "--data", "data"])
        .with(69);
    desk.run(&["apply", "one.yaml", "--activate", "--data", "data"])
        .ok();
    desk.run(&start).refused(65, &words);
    // What was given on the command line stands in no file.
    let ran = desk.run(&[&run[..], &["-i", "count=2"]].concat());
    let said = ran.refused(65, &["input `count`: 2 is less"]).err;
    assert!(!said.contains("given.json:2"), "{said}");
    desk.write("cut.json", "{\n  \"count\": 1,,\n}\n");
    desk.run(&["run", "one.yaml", "--inputs", "cut.json"])
        .refused(65, &["cut.json:2:"]);
}

/// What a shell takes away, and what reads as JSON and was meant as text.
#[test]
fn a_value_that_was_read_as_something_else_is_shown_as_it_is_written() {
    let desk = Desk::new();
    let inputs = "inputs:\n  order: { type: string }\n  lines: { type: array, default: [] }\n  \
                  pin: { type: string, sensitive: true }\nsteps:";
    desk.write("one.yaml", ONE.replace("steps:", inputs));
    let ran = desk.run(&[
        "run",
        "one.yaml",
        "-i",
        "order=123",
        "-i",
        "lines=[a]",
        "-i",
        "pin=4711",
    ]);
    let ran = ran.refused(
        65,
        &[
            "input `order`: 123 is not of type \"string\" [invalid_input]",
            "It was read as a number. Write a text that reads as JSON in quotes that the shell leaves: -i 'order=\"123\"'",
            "Write a list as -i 'lines=[\"text\", 1]'",
            "-i 'pin=\"VALUE\"'",
        ],
    );
    assert!(!ran.err.contains("4711"), "{}", ran.err);
    desk.run(&[
        "run",
        "one.yaml",
        "-i",
        "order=\"123\"",
        "-i",
        "lines=[\"a\"]",
        "-i",
        "pin=\"4711\"",
    ])
    .ok();
}
