//! Each example from its recording to a finished run, with its real tools: by the command line and
//! through a server. What counts is what then stands in the world.

use super::cli::Desk;
use super::harness::server::{druse, text};
use super::harness::{Client, Server, World, wait, world};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

struct Example {
    name: &'static str,
    recording: &'static str,
    format: &'static str,
    /// The address where a recording of its kind is stored.
    home: &'static str,
    gates: usize,
    /// Whether the world is as the recorded work left it.
    done: fn(&World),
    /// Whether nothing has happened yet that a person must agree to.
    untouched: fn(&World),
}

const EXAMPLES: [Example; 3] = [
    Example {
        name: "pay-bill",
        recording: "recording.json",
        format: "druse",
        home: "/agents/runs",
        gates: 1,
        done: |world| {
            assert_eq!(world.number("SELECT count(*) FROM payment"), 1);
            assert_eq!(world.number("SELECT amount_cents FROM payment"), 8420);
            let paid = "SELECT count(*) FROM payment WHERE iban = 'DE89370400440532013000' \
                        AND recipient = 'Stadtwerke Nord GmbH' AND reference = '4471-2027-03'";
            assert_eq!(world.number(paid), 1);
            assert_eq!(world.number("SELECT balance_cents FROM account"), 116_580);
        },
        untouched: |world| {
            assert_eq!(world.number("SELECT count(*) FROM payment"), 0);
            assert_eq!(world.number("SELECT balance_cents FROM account"), 125_000);
        },
    },
    Example {
        name: "revenue-dashboard",
        recording: "recording.json",
        format: "openai-chat",
        home: "/chat/threads",
        gates: 0,
        done: |world| {
            let page = world.text("dashboards/eu-revenue-2027.html");
            for row in [
                "<h1>EU revenue 2027</h1>",
                "<tr><td>2027-03</td><td>19500</td></tr>",
                "<tr><td>Basalt</td><td>3</td></tr>",
            ] {
                assert!(page.contains(row), "{row}: {page}");
            }
        },
        untouched: |world| assert!(!world.path().join("dashboards").exists()),
    },
    Example {
        name: "error-report",
        recording: "recording.jsonl",
        format: "claude-code",
        home: "/agents/runs",
        gates: 0,
        done: |world| {
            let report = "      3 payment timeout\n      1 mail bounced\n";
            assert_eq!(world.text("report.txt"), report);
        },
        untouched: |world| assert!(!world.path().join("report.txt").exists()),
    },
];

impl Example {
    fn file(&self, name: &str) -> PathBuf {
        world::example(self.name).join(name)
    }

    fn read(&self, name: &str) -> String {
        let file = self.file(name);
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

/// What a command prints, run at the root of the project.
fn printed(arguments: &[&str]) -> String {
    let output = druse(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the binary can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// A recording without the times at which things happened.
fn timeless(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_time = name == "timestamp" || name.ends_with("_at");
                if is_time && value.is_string() {
                    *value = "(time)".into();
                } else {
                    timeless(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(timeless),
        _ => {}
    }
}

fn recorded(text: &str) -> Vec<Value> {
    let stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    stream
        .map(|value| {
            let mut value = value.expect("a recording is JSON");
            timeless(&mut value);
            value
        })
        .collect()
}

#[test]
fn each_recording_is_what_its_tools_answer_to_its_script() {
    for example in &EXAMPLES {
        let again = recorded(&printed(&["example-record", example.name]));
        let kept = recorded(&example.read(example.recording));
        assert_eq!(
            again, kept,
            "`druse example-record {}` gives another",
            example.name
        );
    }
}

#[test]
fn each_automation_is_what_its_recording_becomes() {
    // When and by which version it was made is not what it is.
    let masked = |text: &str| -> String {
        text.lines()
            .map(|line| match line.trim_start().split_once(": ") {
                Some((key @ ("at" | "druse_version"), _)) => format!("    {key}: …\n"),
                _ => format!("{line}\n"),
            })
            .collect()
    };
    for example in &EXAMPLES {
        let file = |name: &str| format!("examples/{}/{name}", example.name);
        let (recording, tools, connections) = (
            file(example.recording),
            file("tools.yaml"),
            file("connections.yaml"),
        );
        let made = printed(&[
            "crystallize",
            &recording,
            "--tools",
            &tools,
            "--connections",
            &connections,
            "--name",
            example.name,
        ]);
        let kept = example.read("automation.yaml");
        assert_eq!(
            masked(&made),
            masked(&kept),
            "examples/{}/automation.yaml is to be made anew with `druse crystallize`",
            example.name
        );
    }
}

#[test]
fn each_has_a_readme_whose_commands_are_understood() {
    use clap::Parser as _;
    for example in &EXAMPLES {
        let readme = example.read("README.md");
        let commands: Vec<&str> = readme
            .lines()
            .filter(|line| line.starts_with("druse "))
            .collect();
        assert!(commands.len() >= 3, "{}", example.name);
        for command in commands {
            let end = command.find(['>', '#', '&']).unwrap_or(command.len());
            let words = command[..end].split_whitespace();
            if let Err(error) = druse::cli::Cli::try_parse_from(words) {
                panic!("{}: {command}: {error}", example.name);
            }
        }
    }
}

/// Lays an example out as its README says; gives its world.
fn laid_out(desk: &Desk, example: &Example) -> World {
    desk.run(&["example-create", example.name, "try"]).ok();
    World::at(example.name, &desk.path("try/world"))
}

#[test]
fn each_runs_by_the_command_line() {
    for example in &EXAMPLES {
        let desk = Desk::new();
        let world = laid_out(&desk, example);
        (example.untouched)(&world);
        let recording = format!("try/{}", example.recording);
        let made = desk
            .run(&[
                "crystallize",
                &recording,
                "--tools",
                "try/tools.yaml",
                "--connections",
                "try/connections.yaml",
                "--name",
                example.name,
                "--output",
                "json",
            ])
            .ok()
            .json();
        let document = &made["automation"]["document"];
        let steps = document["steps"].as_array().expect("steps");
        let gates = steps
            .iter()
            .filter(|step| step["action"] == "approval_gate")
            .count();
        assert_eq!(gates, example.gates, "{}", example.name);
        let replay = &made["report"]["replay"];
        assert_eq!(replay["matched"], steps.len() - gates, "{}", example.name);
        assert_eq!(
            (&replay["differing"], &replay["missing"]),
            (&json!(0), &json!(0))
        );
        (example.untouched)(&world);

        desk.write("auto.json", document.to_string());
        desk.run(&[
            "check",
            "auto.json",
            "--connections",
            "try/connections.yaml",
        ])
        .ok();
        let mut words = vec![
            "run",
            "auto.json",
            "--connections",
            "try/connections.yaml",
            "--data",
            "data",
        ];
        let asked: Vec<&str> = made["report"]["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter(|finding| finding["acknowledge"] == true)
            .filter_map(|finding| finding["id"].as_str())
            .collect();
        if !asked.is_empty() {
            let refused = desk.run(&words).with(1);
            assert!(
                refused.err.contains("acknowledged first"),
                "{}",
                refused.err
            );
            (example.untouched)(&world);
        }
        for id in asked {
            words.extend(["--acknowledge", id]);
        }
        if example.gates > 0 {
            // Without a person it stops before the gate, and a decision lets it go on.
            desk.run(&words).with(1);
            (example.untouched)(&world);
            let waiting = super::cli::json(&desk, &["approvals", "list", "--data", "data"]);
            let gate = text(&waiting[0]["id"]);
            desk.run(&["approvals", "approve", &gate, "--data", "data"])
                .ok();
        } else {
            desk.run(&words).ok();
        }
        let runs = super::cli::json(&desk, &["runs", "list", "--data", "data"]);
        assert_eq!(runs[0]["status"], "succeeded", "{}", example.name);
        (example.done)(&world);
        desk.run(&["verify", "--data", "data"]).ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_runs_through_a_server() {
    let mut server = Server::with(&["--allow-program", "*"]).await;
    for example in &EXAMPLES {
        let world = World::of(example.name);
        let client = server.admin();
        through_the_server(&client, example, &world).await;
        (example.done)(&world);
    }
    assert!(server.stop().await.success());
    server.verify();
}

async fn through_the_server(client: &Client, example: &Example, world: &World) {
    let yaml = |name: &str| -> Value {
        let text = world.file(name);
        serde_saphyr::from_str(&text).expect("YAML")
    };
    for (name, connection) in yaml("connections.yaml")["connections"]
        .as_object()
        .expect("a map")
    {
        client
            .put(&format!("/connections/{name}"), connection)
            .await
            .with(200);
    }
    let recording = world.file(example.recording);
    let stored = client
        .request("POST", example.home)
        .bytes(recording)
        .send()
        .await
        .with(201);
    assert_eq!(stored["format"], example.format);
    let address = format!("{}/{}/crystallize", example.home, text(&stored["id"]));
    let body = json!({ "name": example.name, "tools": yaml("tools.yaml")["tools"] });
    let made = client.post(&address, &body).await.with(201);
    let automation = &made["automation"];
    assert_eq!(automation["source_type"], "CRYSTALLIZED");
    assert_eq!(automation["source"]["digest"], stored["digest"]);

    let address = format!("/automations/{}", text(&automation["id"]));
    let acknowledge: Vec<&Value> = automation["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["acknowledge"] == true)
        .map(|finding| &finding["id"])
        .collect();
    let activate = format!("{address}/activate");
    if !acknowledge.is_empty() {
        let refused = client.post(&activate, &json!({})).await;
        refused.problem(422, "activation_blocked");
    }
    let body = json!({ "acknowledge": acknowledge });
    client.post(&activate, &body).await.with(200);
    let started = client
        .post(&format!("{address}/runs"), &json!({}))
        .await
        .with(202);
    let run = text(&started["id"]);
    for _ in 0..example.gates {
        let gate = wait::approval(client, &run).await;
        (example.untouched)(world);
        let body = json!({ "decision": "approve", "digest": gate["digest"] });
        let address = format!("/approvals/{}/decision", text(&gate["id"]));
        client.post(&address, &body).await.with(200);
    }
    wait::run(client, &run, "succeeded").await;
}

/// The demo tells the story of every example.
#[test]
fn each_is_a_demo() {
    for example in &EXAMPLES {
        let desk = Desk::new();
        desk.run(&["demo", "--yes", "--example", example.name, "--data", "kept"])
            .ok();
        (example.done)(&World::at(example.name, &desk.path("kept/world")));
        let draft = desk.read("kept/automation.yaml");
        assert!(
            draft.contains(&format!("name: {}\n", example.name)),
            "{draft}"
        );
        assert!(Path::new(&desk.path("kept/data/log")).is_dir());
    }
}

#[tokio::test]
async fn an_example_is_laid_out_beside_what_is_there_and_never_in_its_place() {
    let server = Server::new().await;
    let admin = server.admin();
    let data = server.data().to_path_buf();
    let folder = data.join("examples/pay-bill");
    let lay_out = "/examples/pay-bill";

    // A connection of that name is somebody's: nothing is added that would send the example's calls there.
    let bank = json!({ "kind": "mcp", "command": ["/usr/bin/my-real-bank"] });
    admin.put("/connections/household", &bank).await.with(200);
    let before = admin.get("/tools").await.with(200);
    let problem = admin
        .post(lay_out, &json!({}))
        .await
        .problem(409, "connection_taken");
    assert!(!text(&problem["help"]).is_empty());
    assert_eq!(admin.get("/tools").await.with(200), before);
    assert!(!folder.exists());
    admin.delete("/connections/household").await.with(204);

    // What stands in the folder stays, whatever it is.
    std::fs::create_dir_all(folder.join("mine")).expect("a folder can be made");
    std::fs::write(folder.join("mine/keep.txt"), "mine").expect("a file can be written");
    let laid = admin.post(lay_out, &json!({})).await.with(201);
    let kept = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file");
    assert_eq!(kept("mine/keep.txt"), "mine");
    assert!(Path::new(&text(&laid["folder"])).is_absolute());
    assert_eq!(laid["connections"], json!(["household"]));
    let household = admin.get("/connections/household").await.with(200);
    assert_eq!(household["command"][1], "example-tools");
    assert!(folder.join("world/world.db").is_file());

    // The connections are those of the binary, whatever becomes of the file.
    std::fs::remove_file(folder.join("connections.yaml")).expect("it is there");
    admin.post(lay_out, &json!({})).await.with(201);
    let evil = "connections:\n  evil: { kind: mcp, command: [/bin/sh, -c, id] }\n";
    std::fs::write(folder.join("connections.yaml"), evil).expect("a file can be written");
    std::fs::write(folder.join("world/inbox/bill-2027-03.txt"), "changed").expect("a file");
    let laid = admin.post(lay_out, &json!({})).await.with(201);
    assert_eq!(laid["connections"], json!(["household"]));
    admin
        .get("/connections/evil")
        .await
        .problem(404, "not_found");
    assert_eq!(kept("connections.yaml"), evil);
    assert_eq!(kept("world/inbox/bill-2027-03.txt"), "changed");
    assert_eq!(
        admin.get("/connections/household").await.with(200),
        household
    );

    // Something else where a folder belongs.
    std::fs::write(data.join("examples/revenue-dashboard"), "a file").expect("a file");
    admin
        .post("/examples/revenue-dashboard", &json!({}))
        .await
        .problem(409, "in_the_way");
    let file = std::fs::read_to_string(data.join("examples/revenue-dashboard"));
    assert_eq!(file.expect("a file"), "a file");
}
