//! The nouns, each from its first word to its last: into a folder's own store where no server runs,
//! through the folder's socket where one does, and over HTTP with a token. All three say the same.

use super::super::harness::{Server, World};
use super::{Desk, Ran, finish};
use serde_json::{Value, json};

/// A way to a store.
struct Way {
    desk: Desk,
    target: Vec<String>,
    token: Option<String>,
}

impl Way {
    fn ask(&self, words: &str, input: &str) -> Ran {
        self.ask_words(&words.split(' ').collect::<Vec<_>>(), input)
    }

    fn ask_words(&self, words: &[&str], input: &str) -> Ran {
        let mut command = self.desk.command(words);
        command.args(&self.target);
        if let Some(token) = &self.token {
            command.env("DRUSE_TOKEN", token);
        }
        finish(command, input)
    }

    /// Asks, it has to go well, and gives what was said on standard output.
    #[track_caller]
    fn text(&self, words: &str) -> String {
        self.ask(words, "").ok().out
    }

    /// The same as JSON.
    #[track_caller]
    fn json(&self, words: &str) -> Value {
        self.ask(&format!("{words} --output json"), "").ok().json()
    }
}

#[test]
fn with_no_server_the_store_is_opened() {
    let desk = Desk::new();
    whole_life(&Way {
        desk,
        target: vec!["--data".into(), "data".into()],
        token: None,
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_spoken_to_through_its_socket() {
    let server = Server::with(&["--allow-program", "*"]).await;
    whole_life(&Way {
        desk: Desk::new(),
        target: vec!["--data".into(), server.data().to_str().unwrap().into()],
        token: None,
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_elsewhere_is_spoken_to_with_a_token() {
    let server = Server::with(&["--allow-program", "*"]).await;
    whole_life(&Way {
        desk: Desk::new(),
        target: vec!["--server".into(), server.address().into()],
        token: Some(server.admin_token().into()),
    });
}

/// Everything that the nouns do, in the order in which a person comes to it.
fn whole_life(way: &Way) {
    let world = World::of("pay-bill");
    for file in ["recording.json", "connections.yaml", "tools.yaml"] {
        way.desk.write(file, world.file(file));
    }
    connections_and_secrets(way);
    let draft = sessions(way);
    automations(way, &draft);
    runs_and_approvals(way, &world);
    triggers_and_events(way);
    tokens(way);
}

fn connections_and_secrets(way: &Way) {
    assert_eq!(
        way.text("connections set --file connections.yaml"),
        "household is set.\n"
    );
    let crm = "{\"kind\": \"http\", \"base_url\": \"https://crm.example.com\", \"headers\": {\"x-key\": \"{{ secrets.crm }}\"}}";
    way.ask_words(&["connections", "set", "crm", crm], "").ok();
    assert_eq!(
        way.text("connections set household connections.yaml"),
        "household is set.\n"
    );
    assert!(way.text("connections list").starts_with("NAME"));
    let names: Vec<Value> = column(&way.json("connections list"), "name");
    assert_eq!(names, [json!("crm"), json!("household")]);
    let tested = way.text("connections test household");
    assert!(
        tested.contains("household offers 6 tools: create_dashboard, get_account"),
        "{tested}"
    );
    way.ask("connections test crm", "").refused(1, &["crm"]);
    assert_eq!(
        way.ask("secrets set crm", "s3cret-value\n").ok().out,
        "crm is set.\n"
    );
    let listed = way.json("secrets list");
    assert_eq!(listed[0]["name"], "crm");
    assert!(!listed.to_string().contains("s3cret"), "{listed}");
    assert_eq!(way.text("secrets rm crm"), "crm is removed.\n");
    assert_eq!(way.text("connections rm crm"), "crm is removed.\n");
    assert_eq!(way.json("secrets list"), json!([]));
}

/// A recording is stored and crystallized; gives the name of the draft.
fn sessions(way: &Way) -> String {
    let stored = way.json("sessions import recording.json");
    let id = stored[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(stored[0]["counts"]["tool_calls"], 5);
    assert!(way.text("sessions list").contains(&id));
    let shown = way.json(&format!("sessions show {id}"));
    assert_eq!(shown["format"], "druse");
    let made = way
        .ask(
            &format!("sessions crystallize {id} --name pay --tools tools.yaml"),
            "",
        )
        .ok();
    assert_eq!(
        made.out,
        "pay: 4 steps from 5 calls, 1 gate, 1 left out; replay 4 matched, 0 differing, 0 missing.\n"
    );
    assert!(
        made.err
            .contains("A call of `read_file` failed and was repeated"),
        "{}",
        made.err
    );
    let again = way.json(&format!(
        "sessions crystallize {id} --name pay --tools tools.yaml"
    ));
    assert_eq!(again["automation"]["name"], "pay-2");
    assert_eq!(
        way.text("automations rm pay-2"),
        "pay-2 is removed; its runs stay in the history.\n"
    );
    assert_eq!(
        way.text(&format!("sessions rm {id}")),
        format!("{id} is removed.\n")
    );
    assert_eq!(way.json("sessions list"), json!([]));
    "pay".into()
}

fn automations(way: &Way, draft: &str) {
    let found = way.json(&format!("automations show {draft}"));
    assert_eq!(found["source_type"], "CRYSTALLIZED");
    assert_eq!(found["status"], "draft");
    let yaml = way.text(&format!("automations show {draft}"));
    assert!(
        yaml.contains("  - id: approve_pay\n    action: approval_gate\n"),
        "{yaml}"
    );
    assert_eq!(
        way.text(&format!("automations activate {draft}")),
        "pay is active with version 1.\n"
    );

    way.desk.write(
        "tick.yaml",
        "# Ticks when a month is closed.\ndruse: 1\nname: tick\ninputs: { n: { type: integer, default: 1 } }\ntriggers:\n  - id: closed\n    \
         event: { type: com.example.closed }\n    inputs: { n: \"{{ trigger.data.n }}\" }\nsteps:\n  - id: a\n    \
         action: transform\n    with: { value: \"{{ inputs.n }}\" }\noutputs: { n: \"{{ steps.a.output }}\" }\n",
    );
    assert_eq!(
        way.text("apply tick.yaml --dry-run"),
        "tick: would be created\n"
    );
    assert_eq!(
        way.text("apply tick.yaml --activate"),
        "tick: created, version 1\ntick: active\n"
    );
    // It is kept as it was written.
    assert_eq!(
        way.text("automations show tick"),
        way.desk.read("tick.yaml")
    );
    // What has not changed is not sent again.
    assert_eq!(
        way.text("apply tick.yaml --activate"),
        "tick: unchanged, version 1\ntick: active already\n"
    );
    let changed = way
        .desk
        .read("tick.yaml")
        .replace("default: 1", "default: 2");
    way.desk.write("tick.yaml", changed);
    assert_eq!(
        way.text("apply tick.yaml --dry-run"),
        "tick: changed outside its steps\n"
    );
    let applied = way.json("apply tick.yaml --activate");
    assert_eq!(applied[0]["active_version"], 2);
    let listed = way.json("automations list");
    assert_eq!(column(&listed, "name"), [json!("pay"), json!("tick")]);
    for (filters, names) in [
        ("--status active", &["pay", "tick"][..]),
        ("--status draft", &[]),
        ("--source manual --name IC", &["tick"]),
        ("--source crystallized", &["pay"]),
        ("--needs-review", &[]),
        ("--needs-review false --name a", &["pay"]),
    ] {
        let listed = way.json(&format!("automations list {filters}"));
        let names: Vec<_> = names.iter().map(|name| json!(name)).collect();
        assert_eq!(column(&listed, "name"), names, "{filters}");
    }
    way.ask("automations list --status on", "")
        .refused(65, &["draft, active or inactive"]);
    // A file stands for the automation that it names.
    assert_eq!(
        way.text("automations deactivate tick.yaml"),
        "tick is no longer active.\n"
    );
    way.ask("runs start tick", "")
        .refused(1, &["not active", "Activate it"]);
    let active = way.text("automations activate tick --version 2");
    assert!(
        active.starts_with("tick is active with version 2.\n  closed (event)"),
        "{active}"
    );
    way.ask("automations rm tick", "")
        .refused(1, &["Deactivate it first"]);
}

fn column(items: &Value, field: &str) -> Vec<Value> {
    let mut found: Vec<Value> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item[field].clone())
        .collect();
    found.sort_by_key(Value::to_string);
    found
}

fn runs_and_approvals(way: &Way, world: &World) {
    let run = way.json("runs start tick -i n=7 --wait 30s");
    assert_eq!(
        (&run["status"], &run["outputs"]["n"]),
        (&json!("succeeded"), &json!(7))
    );
    way.desk.write("n.json", "{\"n\": 8}");
    let shown = way.text("runs start tick.yaml --inputs n.json --wait 30s");
    assert!(
        shown.contains("tick [✓ succeeded]\n  ✓ succeeded  a (transform)\n  outputs: {\"n\":8}"),
        "{shown}"
    );
    way.ask("runs start tick -i n=x", "").refused(65, &["n"]);
    way.ask_words(&["runs", "start", "tick", "-i", "n=\"7\""], "")
        .refused(65, &["-i 'n=7'"]);

    let id = waiting(way);
    let why = way.text(&format!("runs why {id}"));
    assert_eq!(why, "‖ Waits for an approval of step approve_pay.\n");
    let listed = way.text("runs list");
    for shown in ["‖ waiting", "✓ succeeded"] {
        assert!(listed.contains(shown), "{shown}: {listed}");
    }
    let listed = way.text("approvals list");
    assert!(listed.contains("‖ pending"), "{listed}");
    let gate = way.json("approvals list")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = way.text(&format!("approvals show {gate}"));
    for said in [
        "Pay?",
        "[‖ pending]",
        "In the recording ana approved this",
        "then pay (mcp): {\"connection\":\"household\"",
        "digest sha256:",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let wrong = format!("approvals approve {gate} --digest sha256:00");
    way.ask(&wrong, "").refused(1, &["Read the approval again"]);
    assert_eq!(way.json(&format!("runs show {id}"))["status"], "waiting");
    assert_eq!(world.number("SELECT count(*) FROM payment"), 0);
    let words = [
        "approvals",
        "approve",
        &gate,
        "--comment",
        "the meter says so",
    ];
    assert!(
        way.ask_words(&words, "")
            .ok()
            .out
            .ends_with("?: approved.\n")
    );
    let story = way.text(&format!("runs watch {id}"));
    assert!(story.contains(": the meter says so\n"), "{story}");
    assert!(story.ends_with("succeeded\n"), "{story}");
    assert_eq!(world.number("SELECT count(*) FROM payment"), 1);
    way.ask(&format!("approvals approve {gate}"), "")
        .refused(1, &["already taken: approved"]);
    assert_eq!(
        way.text(&format!("runs why {id}")),
        "✓ It does not wait, it has succeeded.\n"
    );
    way.ask(&format!("runs cancel {id}"), "")
        .refused(1, &["has ended"]);

    let id = waiting(way);
    let gate = way.json("approvals list")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        way.text(&format!("approvals reject {gate} --comment no"))
            .ends_with("?: rejected.\n")
    );
    let lines = way
        .ask(&format!("runs watch {id} --output json"), "")
        .with(1)
        .out;
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["type"], &last["status"]),
        (&json!("finished"), &json!("rejected"))
    );
    let again = way.json(&format!("runs retry {id} --from approve_pay"));
    assert_eq!(again["cause"]["run_id"], id.as_str());
    let again = again["id"].as_str().unwrap();
    let words = ["runs", "cancel", again, "--reason", "enough"];
    assert_eq!(
        way.ask_words(&words, "").ok().out,
        format!("{again} is canceled.\n")
    );
    assert_eq!(world.number("SELECT count(*) FROM payment"), 1);

    let listed = way.json("runs list --automation pay");
    assert_eq!(
        column(&listed, "status"),
        [json!("canceled"), json!("rejected"), json!("succeeded")]
    );
    assert_eq!(
        way.json("runs list --status rejected")
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(
        way.json("runs list --limit 1").as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(way.json("approvals list"), json!([]));
    let all = way.json("approvals list --status all");
    assert_eq!(
        column(&all, "status"),
        [json!("approved"), json!("canceled"), json!("rejected")]
    );
}

/// Starts a payment, which comes to its gate; gives the run.
fn waiting(way: &Way) -> String {
    let run = way.json("runs start pay");
    let id = run["id"].as_str().unwrap().to_owned();
    let begun = std::time::Instant::now();
    while way.json(&format!("runs show {id}"))["status"] != "waiting" {
        assert!(
            begun.elapsed().as_secs() < 60,
            "{id} does not come to its gate"
        );
    }
    id
}

fn triggers_and_events(way: &Way) {
    let listed = way.json("triggers list");
    let trigger = listed[0]["id"].as_str().unwrap();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["kind"]),
        (&json!("closed"), &json!("event"))
    );
    let words = [
        "events",
        "send",
        "com.example.closed",
        "--event-data",
        "{\"n\": 5}",
        "--id",
        "e-1",
        "--output",
        "json",
    ];
    let sent = way.ask_words(&words, "").ok().json();
    let run = sent["runs"][0].as_str().unwrap().to_owned();
    assert_eq!(
        way.ask_words(&words, "").ok().json(),
        sent,
        "the same event starts nothing twice"
    );
    way.ask(&format!("runs watch {run}"), "").ok();
    assert_eq!(way.json(&format!("runs show {run}"))["outputs"]["n"], 5);
    let listed = way.json("events list --type com.example.*");
    assert_eq!(column(&listed, "id"), [sent["id"].clone()]);
    assert_eq!(listed[0]["runs"], json!([run]));
    let shown = way.json(&format!("events show {}", sent["id"].as_str().unwrap()));
    assert_eq!(shown["event"]["data"], json!({ "n": 5 }));
    let none = way.text("events send com.example.other");
    assert!(
        none.contains("no trigger and no run waited for it"),
        "{none}"
    );
    for name in ["closed", "tick/closed"] {
        assert_eq!(way.json(&format!("triggers show {name}"))["id"], trigger);
    }
    way.ask("triggers show nobody", "").refused(65, &["nobody"]);
    // By hand there are no data, and this trigger's inputs need them.
    way.ask(&format!("triggers fire {trigger}"), "")
        .refused(65, &["n"]);
    let firings = way.json(&format!("triggers firings {trigger}"));
    assert_eq!(
        column(&firings, "status"),
        [json!("accepted"), json!("rejected")]
    );
}

fn tokens(way: &Way) {
    let before = way.json("tokens list").as_array().unwrap().len();
    let made = way
        .ask("tokens create --role viewer --name ci --expires 90d", "")
        .ok();
    let token = made.out.trim_end();
    assert!(
        token.starts_with("druse_") && !token.contains(char::is_whitespace),
        "{token:?}"
    );
    let listed = way.json("tokens list");
    assert!(!listed.to_string().contains(token), "{listed}");
    let mine = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "ci")
        .unwrap();
    let id = mine["id"].as_str().unwrap();
    assert_eq!(
        way.text(&format!("tokens revoke {id}")),
        format!("{id} is revoked.\n")
    );
    assert_eq!(way.json("tokens list").as_array().unwrap().len(), before);
}
