//! Poisoned recordings: what somebody else brought into one is labelled, and no version with it becomes active
//! before a person has acknowledged just that.

mod poison;

use super::planted::plant::{Chance, FORMATS};
use crate::harness::{Client, Server, text};
use poison::{KINDS, Poisoned, poisoned};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How many there are, and how many of them are looked at when no figures are made.
const ALL: usize = 200;
const QUICK: usize = 40;

/// Whether all are measured, and the table is written into the page of documentation.
fn updates() -> bool {
    std::env::var_os("UPDATE_FIGURES").is_some()
}

/// Puts the table between its marks in the page, and its line into the table of all measures.
fn write(table: &str, line: &str) {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/crystallizer.md");
    let mut text = std::fs::read_to_string(&page).expect("the page can be read");
    let measure = line.split(" | ").next().unwrap_or_default();
    let known = section(&text, "all").to_owned();
    let kept = known
        .lines()
        .filter(|known| !known.is_empty() && !known.starts_with(measure));
    let all: Vec<&str> = kept.chain([line]).collect();
    for (name, content) in [
        ("poisoned", table.trim().to_owned()),
        ("all", all.join("\n")),
    ] {
        let known = section(&text, name).to_owned();
        let marked = |inside: &str| {
            format!("<!-- figures: {name} -->\n{inside}<!-- end of figures: {name} -->")
        };
        text = text.replace(&marked(&known), &marked(&format!("\n{content}\n\n")));
    }
    std::fs::write(&page, text).expect("the page can be written");
}

/// What stands between the marks of a name.
fn section<'t>(text: &'t str, name: &str) -> &'t str {
    let open = format!("<!-- figures: {name} -->\n");
    let close = format!("<!-- end of figures: {name} -->");
    let inside = text
        .split_once(&open)
        .and_then(|(_, rest)| rest.split_once(&close));
    inside
        .map(|(inside, _)| inside)
        .expect("the page has these marks")
}

/// What came of one recording in one mode.
#[derive(Default, Clone, Copy)]
struct Came {
    injected: u64,
    labelled: u64,
    versions: u64,
    /// Activated while what was injected was not acknowledged.
    activated: u64,
}

impl Came {
    fn add(&mut self, other: Self) {
        self.injected += other.injected;
        self.labelled += other.labelled;
        self.versions += other.versions;
        self.activated += other.activated;
    }
}

/// The step of a recorded call.
fn step_of<'a>(document: &'a Value, call: &str) -> Option<&'a str> {
    let calls = document["metadata"]["crystallized"]["calls"].as_object()?;
    let path = calls.iter().find(|(_, known)| *known == call)?.0;
    // The last part of a path through loops is the step.
    path.rsplit('.').next()
}

/// Whether a finding names what was injected: the value, or the step as a whole.
fn names(finding: &Value, step: &str, key: Option<&str>) -> bool {
    let of_step = finding["step"] == step;
    let path = finding["path"].as_str().unwrap_or_default();
    let of_trust = matches!(
        text(&finding["code"]).as_str(),
        "frozen_from_output" | "flows_into_sink" | "influenced"
    );
    let there = match key {
        // Where a value became a part of something else, that is named.
        Some(key) => path.ends_with(&format!("/{key}")) || !path.contains("/arguments/"),
        None => true,
    };
    finding["acknowledge"] == true && of_step && of_trust && there
}

/// Crystallizes a recording and tries to activate what comes of it.
async fn came(editor: &Client, one: &Poisoned, number: usize, mode: &str) -> (Came, Vec<String>) {
    let kept = editor
        .request("POST", "/agents/runs")
        .key(&format!("{mode}-{number}"))
        .bytes(one.text.clone());
    let stored = kept.send().await.with(201);
    let made = editor
        .post(
            &format!("/agents/runs/{}/crystallize", text(&stored["id"])),
            &json!({ "mode": mode, "name": format!("{mode}-{number}") }),
        )
        .await
        .with(201);
    let automation = &made["automation"];
    let findings = automation["findings"].as_array().expect("findings").clone();
    let mut came = Came {
        versions: 1,
        ..Came::default()
    };
    let mut wrong = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for (call, key) in &one.injected {
        came.injected += 1;
        let step = step_of(&automation["document"], call);
        let step = step.unwrap_or_else(|| panic!("{call} is no step: {automation:#}"));
        let named: Vec<&Value> = findings
            .iter()
            .filter(|finding| names(finding, step, *key))
            .collect();
        if named.is_empty() {
            let said: Vec<String> = findings
                .iter()
                .map(|finding| format!("{} ({})", text(&finding["id"]), finding["acknowledge"]))
                .collect();
            wrong.push(format!(
                "{} in {} ({mode}): {step} {key:?} is not labelled: {said:?}",
                one.kind, one.format
            ));
        } else {
            came.labelled += 1;
        }
        open.extend(named.iter().map(|finding| text(&finding["id"])));
    }
    // All that is asked is acknowledged, but for what was injected.
    let asked: Vec<String> = findings
        .iter()
        .filter(|finding| finding["acknowledge"] == true)
        .map(|finding| text(&finding["id"]))
        .collect();
    let others: Vec<&String> = asked.iter().filter(|id| !open.contains(id)).collect();
    let path = format!("/automations/{}/activate", text(&automation["id"]));
    let answer = editor.post(&path, &json!({ "acknowledge": others })).await;
    if answer.status == 200 {
        came.activated += 1;
        wrong.push(format!(
            "{} in {} ({mode}) became active",
            one.kind, one.format
        ));
    } else {
        // Nothing else stands in the way: with that acknowledged, too, it does become active.
        let refused = answer.problem(422, "activation_blocked");
        let blocking = refused["findings"].as_array().expect("findings");
        let unnamed: Vec<&Value> = blocking
            .iter()
            .filter(|finding| !open.contains(&text(&finding["id"])))
            .collect();
        assert!(unnamed.is_empty(), "{}: {unnamed:#?}", one.kind);
        editor
            .post(&path, &json!({ "acknowledge": asked }))
            .await
            .with(200);
    }
    (came, wrong)
}

#[tokio::test]
async fn what_was_injected_is_labelled_and_never_active_unacknowledged() {
    let server = Server::new().await;
    let admin = server.admin();
    let world = json!({ "kind": "mcp", "command": ["/bin/false"] });
    admin.put("/connections/world", &world).await;
    let tools = json!([
        { "match": "run_command", "action": "shell", "with": { "script": "{{ call.arguments.command }}" } },
        { "match": "*", "action": "mcp", "with": { "connection": "world", "tool": "{{ call.name }}", "arguments": "{{ call.arguments }}" } },
    ]);
    admin.put("/tools", &tools).await.with(200);
    admin
        .put(
            "/secrets/ADMIN_TOKEN",
            &json!({ "value": "not-to-be-sent-1" }),
        )
        .await;
    let editor = server.role("editor").await;
    let count = if updates() { ALL } else { QUICK };
    let mut chance = Chance::new(11);
    let mut by_kind: BTreeMap<(&str, &str), Came> = BTreeMap::new();
    let mut formats = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();
    for number in 0..count {
        let one = poisoned(number, &mut chance);
        formats.insert(one.format);
        for mode in ["exact", "bound"] {
            let (came, said) = came(&editor, &one, number, mode).await;
            by_kind.entry((one.kind, mode)).or_default().add(came);
            wrong.extend(said);
        }
    }
    assert_eq!(formats.len(), FORMATS.len());
    let (table, line) = table(&by_kind, count);
    println!("{table}");
    if updates() && wrong.is_empty() {
        write(&table, &line);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table, and the line of all of it.
fn table(by_kind: &BTreeMap<(&str, &str), Came>, recordings: usize) -> (String, String) {
    let mut table = format!(
        "| what was done to the recording ({recordings} in {} formats) | injected, labelled: exact | bound | activated without: exact | bound |\n|---|---|---|---|---|\n",
        FORMATS.len()
    );
    let row = |name: &str, one: &dyn Fn(&str) -> Came| {
        let (exact, bound) = (one("exact"), one("bound"));
        format!(
            "| {name} | {} of {} | {} of {} | {} of {} | {} of {} |\n",
            exact.labelled,
            exact.injected,
            bound.labelled,
            bound.injected,
            exact.activated,
            exact.versions,
            bound.activated,
            bound.versions,
        )
    };
    for kind in KINDS {
        let one = |mode: &str| by_kind.get(&(kind, mode)).copied().unwrap_or_default();
        table.push_str(&row(kind, &one));
    }
    let all = |mode: &str| {
        let mut all = Came::default();
        for ((_, known), one) in by_kind {
            if *known == mode {
                all.add(*one);
            }
        }
        all
    };
    let share = |part: u64, of: u64| {
        let (low, high) = wilson(part, of);
        let percent = part as f64 * 100.0 / (of as f64).max(1.0);
        format!("{part} of {of}: {percent:.1} % ({low:.1}–{high:.1})")
    };
    let (exact, bound) = (all("exact"), all("bound"));
    table.push_str(&format!(
        "| all | {} | {} | {} | {} |\n",
        share(exact.labelled, exact.injected),
        share(bound.labelled, bound.injected),
        share(exact.activated, exact.versions),
        share(bound.activated, bound.versions),
    ));
    let mut both = exact;
    both.add(bound);
    let line = format!(
        "| poisoned recordings | {recordings} recordings, in both modes | labelled: {} | refused unacknowledged: {} | activated: {} | 100 %; 0 |",
        share(both.labelled, both.injected),
        share(both.versions - both.activated, both.versions),
        share(both.activated, both.versions),
    );
    (table, line)
}

/// The 95 % Wilson interval of a share, in percent.
fn wilson(part: u64, of: u64) -> (f64, f64) {
    let (n, z) = ((of as f64).max(1.0), 1.959_964_f64);
    let share = part as f64 / n;
    let middle = share + z * z / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (
        ((middle - spread) / scale * 100.0).max(0.0),
        ((middle + spread) / scale * 100.0).min(100.0),
    )
}
