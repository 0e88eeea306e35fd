//! An acknowledged value is known by all that it is made of.

use super::*;
use serde_json::json;

fn at(path: &str) -> Finding {
    Finding::warning("frozen", "`to` is x, of `look` (call c1).")
        .at_step("send")
        .at_path(path)
        .must_acknowledge()
}

fn sends(to: &str, tool: &str) -> Value {
    json!({
        "inputs": { "to": { "default": "a" } },
        "steps": [
            { "id": "look", "action": "http", "with": { "url": "https://one.example" } },
            { "id": "send", "action": "mcp", "with": { "connection": "mail", "tool": tool, "arguments": { "to": to, "text": "x" } } },
        ],
    })
}

#[test]
fn a_value_is_known_by_itself_its_step_and_its_source() {
    let path = "/steps/1/with/arguments/to";
    let of = |document: &Value| subject(&at(path), document);
    let was = sends("a", "send");
    assert_eq!(of(&was), of(&was));
    let moved = |edit: &dyn Fn(&mut Value)| {
        let mut now = was.clone();
        edit(&mut now);
        let (was, now) = (of(&was), of(&now));
        let names = differences(&was, &now);
        names
            .into_iter()
            .map(|(name, ..)| name.to_owned())
            .collect::<Vec<_>>()
    };
    let arguments = |now: &mut Value, key: &str| {
        now["steps"][1]["with"]["arguments"][key] = "b".into();
    };
    assert_eq!(moved(&|now| arguments(now, "to")), ["/with/arguments/to"]);
    // What stands beside it has its own finding where it needs one, and how often it is tried is another matter.
    assert_eq!(moved(&|now| arguments(now, "text")), [""; 0]);
    assert_eq!(
        moved(&|now| now["steps"][1]["timeout"] = "30s".into()),
        [""; 0]
    );
    assert_eq!(
        moved(&|now| now["steps"][1]["with"]["tool"] = "pay".into()),
        ["/with/tool"]
    );

    // Another recording of the same has other ids of calls; another source is another matter.
    let mut finding = at(path);
    finding.message = finding.message.replace("c1", "c2");
    assert_eq!(subject(&finding, &was), of(&was));
    finding.message = finding.message.replace("look", "read");
    assert_ne!(subject(&finding, &was), of(&was));
}

#[test]
fn an_expression_is_known_by_what_it_takes_its_value_from() {
    let path = "/steps/1/with/arguments/to";
    let of = |document: &Value| subject(&at(path), document);
    let was = sends("{{ inputs.to }}", "send");
    let mut now = was.clone();
    now["inputs"]["to"]["default"] = "b".into();
    assert_eq!(
        differences(&of(&was), &of(&now)),
        [("inputs.to", Some(&json!("a")), Some(&json!("b")))]
    );
    let was = sends("{{ steps.look.output.to }}", "send");
    let mut now = was.clone();
    now["steps"][0]["with"]["url"] = "https://two.example".into();
    assert_eq!(differences(&of(&was), &of(&now))[0].0, "steps.look");
}

#[test]
fn a_program_is_known_by_its_lines_and_a_secret_by_who_gets_it() {
    let shell = |line: &str| json!({ "id": line, "action": "shell", "with": { "script": line, "cwd": "/a" } });
    let document = |lines: &[&str]| json!({ "steps": lines.iter().map(|line| shell(line)).collect::<Vec<_>>() });
    let mut finding = Finding::warning("runs_program", "1 step uses it").at_step("x");
    finding.id = "runs_program:git".into();
    let of = |lines: &[&str]| subject(&finding, &document(lines));
    assert_eq!(
        of(&["git pull", "ls"]),
        of(&["ls -l", "git pull", "git pull"])
    );
    assert_ne!(of(&["git pull"]), of(&["git pull", "git push"]));

    let http = |url: &str, name: &str| json!({ "id": "a", "action": "http", "with": { "url": url, "headers": { "x": format!("{{{{ secrets.{name} }}}}") } } });
    let mut finding = Finding::warning("secret_lifted", "x").at_step("a");
    finding.id = "secret_lifted:KEY".into();
    let of = |steps: Value| subject(&finding, &json!({ "steps": steps }));
    let one = of(json!([http("https://one", "KEY")]));
    assert_eq!(
        one,
        of(json!([
            http("https://one", "KEY"),
            http("https://two", "KEY_2")
        ]))
    );
    assert_ne!(one, of(json!([http("https://two", "KEY")])));
}

#[test]
fn a_whole_step_is_known_by_what_it_does() {
    let finding = at("/steps/1");
    let was = sends("a", "send");
    let mut now = was.clone();
    now["steps"][1]["needs"] = json!(["look"]);
    assert_eq!(subject(&finding, &was), subject(&finding, &now));
    now["steps"][1]["with"]["arguments"]["text"] = "y".into();
    assert_ne!(subject(&finding, &was), subject(&finding, &now));
}

/// The finding about `path` of the step `pay`, or about the whole of it.
fn about(id: &str, code: &str, path: Option<&str>) -> Finding {
    let mut finding = Finding::warning(code, "x").at_step("pay");
    finding.id = id.into();
    finding.path = path.map(str::to_owned);
    finding
}

/// Each is a document in which `ONE` stands somewhere; with another text there it is another matter.
#[test]
fn whatever_an_acknowledged_value_comes_from_is_told() {
    let program = about("runs_program:sh", "runs_program", None);
    let secret = about("secret_lifted:KEY", "secret_lifted", None);
    let whole = about("influenced:pay", "influenced", None);
    let value = |index: usize| {
        let path = format!("/steps/{index}/with/data/to");
        about("flows_into_sink:pay", "flows_into_sink", Some(&path))
    };
    let inputs = json!({ "to": { "type": "string", "default": "ONE" } });
    let runs = |with: Value| json!({ "steps": [{ "id": "pay", "action": "shell", "with": with }] });
    let runs_input = |with: Value| {
        let mut document = runs(with);
        document["inputs"] = inputs.clone();
        document
    };
    let pay = |to: &str| json!({ "id": "pay", "action": "emit", "with": { "type": "x", "data": { "to": to } } });
    let makes = |id: &str, value: &str| json!({ "id": id, "action": "transform", "with": { "value": value } });
    let of = |steps: Value| json!({ "inputs": inputs, "steps": steps });
    let sends = |url: &str, key: &str| json!({ "id": "pay", "action": "http", "with": { "url": url, "headers": { "x": key } } });
    let cases = [
        (
            "stdin",
            &program,
            runs(json!({ "argv": ["sh"], "stdin": "ONE" })),
        ),
        (
            "cwd",
            &program,
            runs(json!({ "argv": ["sh", "x"], "cwd": "ONE" })),
        ),
        (
            "line",
            &program,
            runs_input(json!({ "argv": ["sh", "-c", "{{ inputs.to }}"] })),
        ),
        (
            "variable",
            &program,
            runs_input(json!({ "script": "sh $X", "env": { "X": "{{ inputs['to'] }}" } })),
        ),
        (
            "a line that is made",
            &program,
            of(json!([
                { "id": "pay", "action": "shell", "with": { "script": "sh x" } },
                { "id": "b", "action": "shell", "with": { "script": "{{ inputs.to }}" } },
            ])),
        ),
        (
            "quoted",
            &program,
            json!({ "steps": [
            { "id": "pay", "action": "shell", "with": { "script": "sh x" } },
            { "id": "b", "action": "shell", "with": { "script": "s'h' ONE" } },
        ] }),
        ),
        (
            "a line in a loop",
            &program,
            of(
                json!([{ "id": "l", "for_each": { "items": "{{ inputs.to }}" }, "steps": [
                { "id": "pay", "action": "shell", "with": { "argv": ["sh", "{{ item }}"] } },
            ] }]),
            ),
        ),
        (
            "undo",
            &program,
            json!({ "steps": [
            { "id": "pay", "action": "emit", "with": {}, "undo": { "action": "shell", "with": { "argv": ["sh"], "stdin": "ONE" } } },
        ] }),
        ),
        (
            "receiver",
            &secret,
            of(json!([sends("ONE", "{{ secrets.KEY }}")])),
        ),
        (
            "receiver's input",
            &secret,
            of(json!([sends("{{ inputs.to }}", "{{ secrets.KEY }}")])),
        ),
        (
            "bracket of a secret",
            &secret,
            of(json!([sends("ONE", "{{ secrets['KEY'] }}")])),
        ),
        (
            "computed secret",
            &secret,
            of(json!([sends("ONE", "{{ secrets[inputs.to] }}")])),
        ),
        ("no receiver", &secret, of(json!([sends("ONE", "x")]))),
        ("bracket", &value(0), of(json!([pay("{{ inputs['to'] }}")]))),
        (
            "computed",
            &value(0),
            of(json!([pay("{{ inputs['t' ~ 'o'] }}")])),
        ),
        (
            "all inputs",
            &value(0),
            of(json!([pay("{{ inputs | length }}")])),
        ),
        (
            "unreadable",
            &value(0),
            of(json!([pay("{{ inputs.to | nothing_such }}")])),
        ),
        (
            "default",
            &value(0),
            of(json!([pay("{{ steps.no.output | default(inputs.to) }}")])),
        ),
        (
            "on the way",
            &value(2),
            of(json!([
                makes("build", "{{ inputs.to }}"),
                makes("mid", "{{ steps.build.output }}"),
                pay("{{ steps['mid'].output }}"),
            ])),
        ),
        (
            "condition",
            &value(1),
            of(json!([
                makes("build", "{{ inputs.to }}"),
                { "id": "pay", "when": "steps.build.output", "action": "emit", "with": { "data": { "to": "a" } } },
            ])),
        ),
        (
            "case",
            &value(1),
            json!({ "steps": [
            { "id": "sw", "action": "switch", "with": { "cases": [{ "id": "a", "when": "ONE" }] } },
            { "id": "pay", "needs": ["sw.a"], "action": "emit", "with": { "data": { "to": "a" } } },
        ] }),
        ),
        (
            "a loop's output",
            &value(1),
            of(json!([
                { "id": "l", "for_each": { "items": [1] }, "steps": [makes("in", "{{ inputs.to }}")] },
                pay("{{ steps.l.output }}"),
            ])),
        ),
        (
            "a loop's items",
            &value(2),
            of(json!([
                makes("look", "{{ inputs.to }}"),
                { "id": "l", "for_each": { "items": "{{ steps.look.output }}" }, "steps": [] },
                pay("{{ steps.l.output }}"),
            ])),
        ),
        (
            "items around",
            &about("x", "x", Some("/steps/1/steps/0/with/data/to")),
            of(json!([
                makes("look", "{{ inputs.to }}"),
                { "id": "l", "for_each": { "items": "{{ steps.look.output }}", "as": "p" }, "steps": [pay("{{ p }}")] },
            ])),
        ),
        (
            "the pass before",
            &about("x", "x", Some("/steps/0/steps/0/with/data/to")),
            of(
                json!([{ "id": "l", "repeat": { "until": "false" }, "steps": [
                pay("{{ loop.previous }}"),
                makes("next", "ONE"),
            ] }]),
            ),
        ),
        (
            "one of two of a name",
            &value(2),
            json!({ "steps": [
                { "id": "l", "for_each": { "items": [1] }, "steps": [makes("a", "x")] },
                makes("a", "ONE"),
                pay("{{ steps.a.output }}"),
            ] }),
        ),
        (
            "trigger",
            &value(0),
            json!({
                "inputs": { "to": { "default": "a" } },
                "triggers": [{ "id": "w", "event": { "type": "x" }, "inputs": { "to": "ONE" } }],
                "steps": [pay("{{ inputs.to }}")],
            }),
        ),
        (
            "what started it",
            &value(0),
            json!({
                "triggers": [{ "id": "w", "event": { "type": "ONE" } }],
                "steps": [pay("{{ trigger.data.to }}")],
            }),
        ),
        ("a whole step", &whole, of(json!([pay("ONE")]))),
        (
            "a whole step's source",
            &whole,
            of(json!([pay("{{ inputs.to }}")])),
        ),
        (
            "a step of another place",
            &value(3),
            of(json!([pay("ONE")])),
        ),
        (
            "beside the place",
            &about("x", "x", Some("/steps/0/with/headers/x")),
            of(json!([
                { "id": "pay", "action": "http", "with": { "url": "ONE", "json": { "a": "b" }, "headers": { "x": "1" } } },
            ])),
        ),
    ];
    for (name, finding, was) in &cases {
        let text = was.to_string();
        assert!(text.contains("ONE"), "{name}");
        let now: Value = serde_json::from_str(&text.replace("ONE", "TWO")).unwrap();
        assert_eq!(subject(finding, was), subject(finding, was), "{name}");
        assert_ne!(subject(finding, was), subject(finding, &now), "{name}");
    }
    // What is called by the engine itself takes nothing from the document.
    let plain = of(json!([pay("{{ range(3) | list | join(run.id | upper) }}")]));
    assert!(!subject(&value(0), &plain).contains_key("document"));
}

#[test]
fn a_step_of_the_document_is_in_no_loop() {
    let document =
        json!({ "steps": [{ "id": "pay", "action": "emit", "with": { "data": { "to": "a" } } }] });
    let of = subject(&about("x", "x", Some("/steps/0/with/data/to")), &document);
    let names: Vec<&str> = of.keys().map(String::as_str).collect();
    assert_eq!(names, ["/with/data/to", SAID, "step"]);
}

/// How a step of a random document takes the value of another.
fn taken(style: u8, id: usize) -> Value {
    let id = format!("s{id}");
    match style {
        0 => json!({ "with": { "value": format!("{{{{ steps.{id}.output }}}}") } }),
        1 => {
            json!({ "with": { "value": { "a": [format!("x {{{{ steps['{id}']['output'] | string }}}}")] } } })
        }
        2 => json!({ "when": format!("steps.{id}.output == 'a'"), "with": { "value": 1 } }),
        3 => {
            json!({ "with": { "value": format!("{{{{ 1 if steps[\"{id}\"].output else 2 }}}}") } })
        }
        _ => json!({ "needs": [format!("{id}.a")], "with": { "value": 1 } }),
    }
}

proptest::proptest! {
    /// A change counts if, and only if, the acknowledged value is made of it.
    #[test]
    fn a_change_counts_where_the_value_comes_from_it(
        edges in proptest::collection::vec((0..7_usize, 0..7_usize, 0..5_u8), 1..8),
        loops in proptest::collection::vec(proptest::bool::ANY, 8),
    ) {
        // A later step reads one earlier step, as the last edge says.
        let reads: BTreeMap<usize, (usize, u8)> = edges
            .into_iter()
            .map(|(a, b, style)| (a.max(b) + 1, (a.min(b), style)))
            .collect();
        let document = |changed: Option<usize>| {
            let steps: Vec<Value> = (0..8_usize)
                .map(|at| {
                    let mut step = reads.get(&at).map_or(json!({ "with": {} }), |(from, style)| taken(*style, *from));
                    step["action"] = "transform".into();
                    step["with"]["mark"] = json!(changed == Some(at));
                    let id = format!("s{at}");
                    // Who makes it may stand in the body of a loop, whose output is read.
                    if loops[at] && at != 7 {
                        step["id"] = format!("in{at}").into();
                        return json!({ "id": id, "for_each": { "items": [1] }, "steps": [step] });
                    }
                    step["id"] = id.into();
                    step
                })
                .collect();
            json!({ "steps": steps })
        };
        // What stands beside the value in its own step is no part of it.
        let mut made_of = std::collections::BTreeSet::new();
        let mut last = 7;
        while let Some((from, _)) = reads.get(&last) {
            made_of.insert(*from);
            last = *from;
        }
        let finding = Finding::warning("x", "x").at_step("s7").at_path("/steps/7/with/value");
        let was = subject(&finding, &document(None));
        for at in 0..8 {
            let same = was == subject(&finding, &document(Some(at)));
            proptest::prop_assert_eq!(same, !made_of.contains(&at), "{} of {:?}", at, reads);
        }
    }
}
