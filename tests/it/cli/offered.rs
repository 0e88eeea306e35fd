//! An activation beside what the servers of its tools offer: what they lack is asked about, what has changed is told, and
//! what is accepted says by whom.

use super::{Desk, json};
use crate::harness::Shop;
use serde_json::{Value, json as value};

const TOOLS: &[(&str, &[&str])] = &[
    ("get_order", &["order_id"]),
    ("refund_order", &["order_id", "amount"]),
];

/// A desk whose connection `shop` leads to this one.
fn desk(shop: &Shop) -> Desk {
    let desk = Desk::new();
    let connections = value!({ "connections": { "shop": shop.connection() } });
    desk.write("connections.json", connections.to_string());
    desk.run(&["connections", "set", "--file", "connections.json"])
        .ok();
    desk
}

/// A document with one call, as a file of its name.
fn write(desk: &Desk, name: &str, tool: &str, arguments: Value) {
    let document = value!({ "druse": 1, "name": name, "steps": [{
        "id": "refund", "action": "mcp",
        "with": { "connection": "shop", "tool": tool, "arguments": arguments },
    }] });
    desk.write(&format!("{name}.json"), document.to_string());
}

const NOT_OFFERED: &str = "tool_not_offered:refund:/steps/0/with/tool";

#[test]
fn a_tool_that_its_server_does_not_offer_is_asked_about() {
    let shop = Shop::new(TOOLS);
    let desk = desk(&shop);
    write(&desk, "typo", "refund_ordr", value!({ "order_id": "W1" }));
    let refused = desk.run(&["apply", "typo.json", "--activate"]).with(1);
    for part in [
        "the server of `shop` offers no tool `refund_ordr`",
        NOT_OFFERED,
        "did you mean `refund_order`?",
    ] {
        assert!(refused.err.contains(part), "{part}: {refused:#?}");
    }
    // A wrong id accepts nothing, and is no silent one.
    let wrong = format!("{NOT_OFFERED}s");
    let refused = desk
        .run(&["automations", "activate", "typo", "--acknowledge", &wrong])
        .with(65);
    let said = format!("version 1 has no finding `{wrong}`");
    let near = format!("did you mean `{NOT_OFFERED}`?");
    for part in [said.as_str(), &near, "[unknown_finding]"] {
        assert!(refused.err.contains(part), "{part}: {refused:#?}");
    }
    assert_eq!(
        json(&desk, &["automations", "show", "typo"])["status"],
        "draft"
    );
    desk.run(&[
        "automations",
        "activate",
        "typo",
        "--acknowledge",
        NOT_OFFERED,
    ])
    .ok();
    let lines = json(&desk, &["audit"]);
    let line = lines.as_array().unwrap().iter();
    let line = line.filter(|line| line["action"] == "automation.activate");
    let acknowledged: Vec<&Value> = line.map(|line| &line["details"]["acknowledged"]).collect();
    assert_eq!(acknowledged, [&value!([NOT_OFFERED])]);

    // It holds for the next version that calls the same tool, and not for another tool.
    write(&desk, "typo", "refund_ordr", value!({ "order_id": "W2" }));
    desk.run(&["apply", "typo.json", "--activate"]).ok();
    write(&desk, "typo", "send_mesage", value!({}));
    let refused = desk.run(&["apply", "typo.json", "--activate"]).with(1);
    assert!(
        refused.err.contains("it offers get_order, refund_order"),
        "{refused:#?}"
    );

    // Nobody is held up by a server that does not answer.
    let gone = value!({ "kind": "mcp", "command": ["/nowhere/to/be/found"] });
    desk.run(&["connections", "set", "shop", &gone.to_string()])
        .ok();
    desk.run(&["apply", "typo.json", "--activate"]).ok();
}

#[test]
fn arguments_are_held_beside_what_the_tool_takes() {
    let shop = Shop::new(TOOLS);
    let desk = desk(&shop);
    write(
        &desk,
        "refund",
        "refund_order",
        value!({ "order_id": "W1", "amuont": "9" }),
    );
    let refused = desk.run(&["apply", "refund.json", "--activate"]).with(1);
    let missing = "argument_missing:refund:/steps/0/with/arguments/amount";
    let unknown = "argument_unknown:refund:/steps/0/with/arguments/amuont";
    for part in [
        missing,
        unknown,
        "`refund_order` requires `amount`, and the step does not give it",
        "`refund_order` knows no argument `amuont`",
        "did you mean `amount`?",
    ] {
        assert!(refused.err.contains(part), "{part}: {refused:#?}");
    }

    // Of several documents each may have findings of its own; an id that none has is said.
    std::fs::create_dir(desk.path("all")).unwrap();
    write(&desk, "all/one", "refund_ordr", value!({}));
    write(
        &desk,
        "all/two",
        "refund_order",
        value!({ "order_id": "W1", "amuont": "9" }),
    );
    for name in ["one", "two"] {
        let path = format!("all/{name}.json");
        let text = desk.read(&path).replace(&format!("all/{name}"), name);
        desk.write(&path, text);
    }
    let both = [
        "--acknowledge",
        NOT_OFFERED,
        "--acknowledge",
        missing,
        "--acknowledge",
        unknown,
    ];
    let mut words = vec!["apply", "all", "--activate"];
    words.extend(both);
    let mut more = words.clone();
    more.extend(["--acknowledge", "what:is:this"]);
    let ran = desk.run(&more).with(1);
    assert_eq!(
        ran.err,
        "None of the documents has a finding what:is:this.\n"
    );
    for name in ["one", "two"] {
        assert_eq!(
            json(&desk, &["automations", "show", name])["status"],
            "active"
        );
    }
}

#[test]
fn a_tool_that_changed_is_told_with_what_to_do_and_again_when_it_is_taken() {
    let shop = Shop::new(TOOLS);
    let desk = desk(&shop);
    write(
        &desk,
        "refund",
        "refund_order",
        value!({ "order_id": "W1", "amount": "9" }),
    );
    desk.run(&["apply", "refund.json", "--activate"]).ok();
    desk.run(&["runs", "start", "refund"]).ok();

    shop.offers(&[("refund_order", &["order_id", "amount", "currency"])]);
    let stopped = desk.run(&["runs", "start", "refund"]).with(1);
    let help = "Fit the step to the tool as it is now, and activate the version again";
    for part in [
        "/required has currency added.",
        "/properties/currency is new: ",
        help,
    ] {
        assert!(stopped.out.contains(part), "{part}: {stopped:#?}");
    }
    let listed = desk.run(&["automations", "list"]).ok();
    for part in ["refund needs review", "/required has currency added.", help] {
        assert!(listed.err.contains(part), "{part}: {listed:#?}");
    }
    let review = &json(&desk, &["automations", "show", "refund"])["needs_review"];
    assert!(
        review["help"].as_str().unwrap().starts_with("Fit the step"),
        "{review:#}"
    );
    let mut changes = review["changes"].as_array().unwrap().iter();
    let required = changes.find(|one| one["place"] == "/required").unwrap();
    assert_eq!(
        (&required["added"], &required["removed"]),
        (&value!(["currency"]), &value!([]))
    );

    // Activated as it is, it would fail at each call.
    let missing = "argument_missing:refund:/steps/0/with/arguments/currency";
    let refused = desk.run(&["automations", "activate", "refund"]).with(1);
    assert!(refused.err.contains(missing), "{refused:#?}");
    write(
        &desk,
        "refund",
        "refund_order",
        value!({ "order_id": "W1", "amount": "9", "currency": "EUR" }),
    );
    let active = desk.run(&["apply", "refund.json", "--activate"]).ok();
    for part in [
        "warning[tool_renewed] refund:",
        "/required has currency added.",
    ] {
        assert!(active.err.contains(part), "{part}: {active:#?}");
    }
    let lines = json(&desk, &["audit"]);
    let mut lines = lines.as_array().unwrap().iter();
    let taken = lines.any(|line| {
        line["details"]["tools"][0]
            .as_str()
            .is_some_and(|told| told.contains("currency"))
    });
    assert!(taken, "the audit log tells which tools were taken anew");
    desk.run(&["runs", "start", "refund"]).ok();
    // Taken once, nothing is to be told.
    let again = desk.run(&["automations", "activate", "refund"]).ok();
    assert_eq!(again.err, "");
    // Who goes back is told what the tool lacks, and not held up.
    let back = desk
        .run(&["automations", "rollback", "refund", "--version", "1"])
        .ok();
    assert!(
        back.err.contains("warning[argument_missing] refund:"),
        "{back:#?}"
    );
    assert!(!back.err.contains("To accept it"), "{back:#?}");
}

#[test]
fn what_was_accepted_says_by_whom_and_what_is_not_there_is_refused() {
    let desk = Desk::new();
    desk.write(
        "look.yaml",
        "druse: 1\nname: look\nsteps:\n  - { id: look, action: shell, with: { argv: [ls], env: { PATH: /bin } } }\n",
    );
    let id = "program_steered:look:/steps/0/with/env/PATH";
    let refused = desk
        .run(&["run", "look.yaml", "--acknowledge", "program_steered:look"])
        .with(65);
    assert!(
        refused
            .err
            .contains("The document has no finding program_steered:look."),
        "{refused:#?}"
    );
    desk.run(&["run", "look.yaml", "--acknowledge", id]).ok();
    let open = desk.run(&["apply", "look.yaml"]).ok();
    assert!(
        open.err
            .contains(&format!("To accept it: --acknowledge {id}")),
        "{open:#?}"
    );
    desk.run(&["apply", "look.yaml", "--activate", "--acknowledge", id])
        .ok();
    let by = format!("Accepted by uid:{}, version 1.", nix::unistd::getuid());
    for words in [
        &["automations", "show", "look"][..],
        &["apply", "look.yaml"],
    ] {
        let shown = desk.run(words).ok();
        assert!(shown.err.contains(&by), "{shown:#?}");
        assert!(!shown.err.contains("To accept it"), "{shown:#?}");
    }
    let shown = json(&desk, &["automations", "show", "look"]);
    assert_eq!(
        (
            &shown["acknowledgements"][0]["finding"],
            &shown["acknowledgements"][0]["version"]
        ),
        (&value!(id), &value!(1))
    );
    // What was accepted once and is gone by now is no mistake.
    desk.write(
        "look.yaml",
        "druse: 1\nname: look\nsteps:\n  - { id: look, action: shell, with: { argv: [ls] } }\n",
    );
    desk.run(&["apply", "look.yaml", "--activate", "--acknowledge", id])
        .ok();
}

#[test]
fn a_connection_whose_secret_is_not_set_says_so_before_a_run_does() {
    let shop = Shop::new(TOOLS);
    let desk = desk(&shop);
    let mut connection = shop.connection();
    connection["env"]["API_KEY"] = "{{ secrets.SHOP_KEY }}".into();
    let set = desk
        .run(&["connections", "set", "shop", &connection.to_string()])
        .ok();
    assert_eq!(
        set.out,
        "shop is set.\nshop names the secret SHOP_KEY, which is not set: druse secrets set SHOP_KEY\n"
    );
    write(&desk, "look", "get_order", value!({ "order_id": "W1" }));
    let refused = desk.run(&["apply", "look.json", "--activate"]).with(1);
    assert!(
        refused.err.contains(
            "the connection `shop` needs the secret `SHOP_KEY`, which is not set [missing_secret]"
        ),
        "{refused:#?}"
    );
    desk.run_with(&["secrets", "set", "SHOP_KEY"], "x1y2z3\n")
        .ok();
    desk.run(&["apply", "look.json", "--activate"]).ok();
}
