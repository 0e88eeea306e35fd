//! The configuration of each kind of action.

use super::address::is_internal;
use super::artifacts;
use super::{Context, data, gate, schemas, suggest};
use crate::Finding;
use crate::action_config::{Notify, schema_of};
use crate::capability::{is_settable, steers};
use crate::definition::{Mode, Step, Walk};
use crate::expression::Template;
use crate::plan::{ActionKind, OutputCheck, is_sensitive, notices, pointer, tells, validator};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a step's rules look at.
pub(super) struct Look<'a> {
    pub(super) step: &'a Step,
    pub(super) path: String,
    pub(super) with: &'a Map<String, Value>,
}

impl Look<'_> {
    pub(super) fn wrong(&self, code: &str, key: &str, message: impl Into<String>) -> Finding {
        let path = match key {
            "" => format!("{}/with", self.path),
            key => format!("{}/with/{key}", self.path),
        };
        Finding::error(code, message)
            .at_step(&self.step.id)
            .at_path(path)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.with.get(key).and_then(Value::as_str)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.with.contains_key(key)
    }
}

/// What a step says of its own output has to be a schema, of something that comes from outside.
fn output(context: &mut Context<'_>, path: &str, step: &Step) {
    let Some(schema) = &step.output_schema else {
        return;
    };
    let kind = step.action.as_deref().map(ActionKind::parse);
    let why = match kind {
        // An unknown action is said elsewhere.
        Some(None) => None,
        Some(Some(kind)) if kind.has_attempts() => OutputCheck::compile(schema).err(),
        _ => Some("only what an action outside of the engine gives is checked".into()),
    };
    if let Some(why) = why {
        context.say(
            Finding::error("bad_schema", why)
                .at_step(&step.id)
                .at_path(format!("{path}/output_schema"))
                .help("write a JSON Schema (2020-12), such as {required: [json]}"),
        );
    }
    schemas::check(context, schema, &format!("{path}/output_schema"), false);
}

/// What an answer has to show again of what the step was sent: two places that are there, and nothing secret.
fn answers_to(context: &mut Context<'_>, path: &str, step: &Step) {
    let Some(places) = step.answers_to.as_deref() else {
        return;
    };
    // That a loop has none is said elsewhere.
    if step.for_each.is_some() || step.repeat.is_some() {
        return;
    }
    let kind = step.action.as_deref().map(ActionKind::parse);
    let outside = match kind {
        // An unknown action is said elsewhere.
        Some(None) | None => true,
        Some(Some(kind)) => kind.has_attempts(),
    };
    let with = Value::Object(step.with.clone().unwrap_or_default());
    for (came, sent) in places {
        let help = "write two JSON Pointers: where it stands in the output, and where in `with`, such as `/json/id: /arguments/id`";
        let is_pointer = |text: &str| text.starts_with('/');
        let why = match () {
            () if !outside => {
                Some("only what an action outside of the engine gives is checked".to_owned())
            }
            () if !is_pointer(came) => Some(format!("`{came}` is no JSON Pointer into the output")),
            () if !is_pointer(sent) => Some(format!("`{sent}` is no JSON Pointer into `with`")),
            () => match sent_at(&with, sent) {
                None => Some(format!("the step is sent nothing at `{sent}`")),
                Some(text) if holds_secret(context, &text) => Some(format!(
                    "what is sent at `{sent}` is secret, and no answer is compared with it"
                )),
                Some(_) => None,
            },
        };
        if let Some(why) = why {
            context.say(
                Finding::error("bad_value", why)
                    .at_step(&step.id)
                    .at_path(format!("{path}/answers_to{}", pointer(&[came])))
                    .help(help),
            );
        }
    }
}

/// What a configuration has at a place, or the text that is computed to be what stands around it.
fn sent_at(with: &Value, place: &str) -> Option<Value> {
    let mut found = with;
    for key in place.split('/').skip(1) {
        match found.pointer(&format!("/{key}")) {
            Some(inner) => found = inner,
            None if found.as_str().is_some_and(|text| text.contains("{{")) => break,
            None => return None,
        }
    }
    Some(found.clone())
}

fn holds_secret(context: &Context<'_>, value: &Value) -> bool {
    let Ok(template) = Template::compile(value) else {
        return false;
    };
    let is_sensitive_input = |name: &str| {
        let schema = context.document.inputs.get(name);
        schema.is_some_and(is_sensitive)
    };
    template.expressions().iter().any(|(_, expression)| {
        let references = expression.references();
        references.secrets().next().is_some() || references.inputs().any(is_sensitive_input)
    })
}

pub(super) fn check(context: &mut Context<'_>, path: &str, step: &Step) {
    output(context, path, step);
    answers_to(context, path, step);
    if step.for_each.is_some() || step.repeat.is_some() {
        return;
    }
    let Some(name) = step.action.as_deref() else {
        context.say(
            Finding::error("missing_key", format!("step `{}` has no `action`", step.id))
                .at_step(&step.id)
                .at_path(path)
                .help("say what it does, such as `action: http`"),
        );
        return;
    };
    let Some(kind) = ActionKind::parse(name) else {
        let known: Vec<&str> = ActionKind::ALL.iter().map(|kind| kind.name()).collect();
        let listed = format!("one of: {}", known.join(", "));
        let finding = Finding::error("unknown_action", format!("there is no action `{name}`"))
            .at_step(&step.id)
            .at_path(format!("{path}/action"));
        context.say(suggest(finding, name, known, &listed));
        return;
    };
    let empty = Map::new();
    let with = step.with.as_ref().unwrap_or(&empty);
    let mut value = Value::Object(with.clone());
    let mut walk = Walk::new(schema_of(kind), Mode::Templates);
    walk.value(&mut value, &format!("{path}/with"));
    for mut finding in walk.findings {
        let at = finding.path.take().unwrap_or_default();
        context.say(finding.at_step(&step.id).at_path(at));
    }
    let path = path.to_owned();
    let look = Look { step, path, with };
    rules(context, kind, &look);
}

/// The rules of a kind of action beyond its schema.
pub(super) fn rules(context: &mut Context<'_>, kind: ActionKind, look: &Look<'_>) {
    super::written::check(context, kind, look);
    match kind {
        ActionKind::Http => http(context, look),
        ActionKind::Shell => shell(context, look),
        ActionKind::Mcp => mcp(context, look),
        ActionKind::Wait => wait(context, look),
        ActionKind::ApprovalGate => approval_gate(context, look),
        ActionKind::Switch => switch(context, look),
        ActionKind::Automation => automation(context, look),
        ActionKind::Tool if context.tools => tool(context, look),
        ActionKind::Sql => data::sql(context, look),
        ActionKind::File => data::file(context, look),
        ActionKind::Mail => data::mail(context, look),
        ActionKind::Transform | ActionKind::Emit | ActionKind::Tool => {}
    }
    artifacts::names(context, kind, look);
}

fn http(context: &mut Context<'_>, look: &Look<'_>) {
    match (look.has("connection"), look.has("url")) {
        (false, false) => context.say(look.wrong(
            "missing_key",
            "",
            "an http step needs a `connection` with a `path`, or a `url`",
        )),
        (true, true) => context.say(
            look.wrong(
                "exclusive_keys",
                "url",
                "`connection` and `url` exclude each other",
            )
            .help("with a connection, write what comes after its address as `path`"),
        ),
        (false, true) if look.has("path") => context.say(
            look.wrong("exclusive_keys", "path", "`path` belongs to a `connection`")
                .help("write the whole address as `url`"),
        ),
        _ => {}
    }
    connection(context, look, &["http"]);
    data::pages(context, look);
    let bodies: Vec<&str> = ["json", "form", "multipart", "body", "artifact"]
        .into_iter()
        .filter(|key| look.has(key))
        .collect();
    if let [_, second, ..] = bodies.as_slice() {
        context.say(look.wrong(
            "exclusive_keys",
            second,
            format!("a request has one body, not {}", bodies.join(" and ")),
        ));
    }
    if let Some(url) = look.text("url") {
        let begins_right = ["http://", "https://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        if !begins_right && !url.starts_with("{{") {
            context.say(look.wrong("bad_value", "url", "`url` begins with https:// or http://"));
        } else if begins_right && is_internal(url) {
            context.say(
                look.wrong(
                    "internal_address",
                    "url",
                    "an address written in a document may not be on this machine or in a private network",
                )
                .help("an admin sets up a connection for it: then write `connection` and `path`"),
            );
        }
    }
    if let Some(method) = look.text("method")
        && !method.contains("{{")
        && (method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()))
    {
        context.say(
            look.wrong(
                "bad_value",
                "method",
                format!("`{method}` is not an HTTP method"),
            )
            .help("write it in capitals, such as POST"),
        );
    }
}

/// The connection is named as it stands, exists, and is of a kind that the action takes. Gives its kind,
/// where that is known.
pub(super) fn connection(
    context: &mut Context<'_>,
    look: &Look<'_>,
    wanted: &[&str],
) -> Option<String> {
    let name = look.text("connection")?;
    if name.contains("{{") {
        context.say(fixed(look, "connection"));
        return None;
    }
    let known = context.catalog.connections.as_ref()?;
    let Some(kind) = known.get(name) else {
        let finding = look.wrong(
            "missing_connection",
            "connection",
            format!("there is no connection `{name}`"),
        );
        let help = format!(
            "an admin sets it up: `druse connections set {name} '{}'`",
            example_of(wanted.first().copied().unwrap_or_default())
        );
        let names: Vec<String> = known.keys().cloned().collect();
        context.say(suggest(
            finding,
            name,
            names.iter().map(String::as_str),
            &help,
        ));
        return None;
    };
    let kind = kind.clone();
    if !kind.is_empty() && !wanted.contains(&kind.as_str()) {
        let wanted = wanted.join(" or ");
        let message = format!("the connection `{name}` is for {kind}, not for {wanted}");
        context.say(look.wrong("wrong_connection", "connection", message));
    }
    Some(kind)
}

/// A connection of this kind, as short as it can be written: what stands in a hint.
#[must_use]
pub fn example_of(kind: &str) -> &'static str {
    match kind {
        "http" => r#"{"kind": "http", "base_url": "https://…"}"#,
        "mcp" => r#"{"kind": "mcp", "url": "https://…"}"#,
        "sqlite" => r#"{"kind": "sqlite", "path": "/…"}"#,
        "postgres" => r#"{"kind": "postgres", "url": "postgres://…"}"#,
        "folder" => r#"{"kind": "folder", "path": "/…"}"#,
        "smtp" => r#"{"kind": "smtp", "host": "…", "from": "…"}"#,
        _ => r#"{"kind": …}"#,
    }
}

pub(super) fn fixed(look: &Look<'_>, key: &str) -> Finding {
    look.wrong(
        "template_not_allowed",
        key,
        format!("`{key}` is written as it is, never computed"),
    )
    .help("what a step may reach must be known before it runs")
}

/// What the document is read for before the step begins, and is computed.
pub(super) fn written(look: &Look<'_>, place: &str) -> Finding {
    let named: Vec<&str> = place
        .split('/')
        .filter(|key| key.bytes().any(|byte| !byte.is_ascii_digit()))
        .collect();
    look.wrong(
        "template_not_allowed",
        place,
        format!("`{}` is written as it is, never computed", named.join(".")),
    )
    .help("it is read from the document, before there is anything to compute it from: write the value itself")
}

fn shell(context: &mut Context<'_>, look: &Look<'_>) {
    match (look.has("argv"), look.has("script")) {
        (false, false) => {
            context.say(look.wrong("missing_key", "", "a shell step needs `argv` or `script`"));
        }
        (true, true) => context.say(look.wrong(
            "exclusive_keys",
            "script",
            "`argv` and `script` exclude each other",
        )),
        _ => {}
    }
    if look
        .text("script")
        .is_some_and(|script| script.contains("{{"))
    {
        context.say(
            look.wrong(
                "template_not_allowed",
                "script",
                "a script is never a template: a value could become a command",
            )
            .help("hand values in through `env`, and read them as \"$NAME\""),
        );
    }
    if look.text("success_exit_codes").is_some() {
        context.say(fixed(look, "success_exit_codes"));
    }
    if look.text("env").is_some() {
        context.say(fixed(look, "env"));
    }
    let env = look.with.get("env").and_then(Value::as_object);
    for (name, value) in env.into_iter().flatten() {
        if !is_settable(name) {
            context.say(
                look.wrong("bad_value", "env", format!("the variable {name:?} cannot be set"))
                    .help("a name is not empty, holds no `=` and no zero byte, and does not begin with `DRUSE_`"),
            );
            continue;
        }
        let computed = value.as_str().is_some_and(|text| text.contains("{{"));
        if !steers(name) {
            continue;
        }
        if !computed {
            let program = look.with.get("argv").and_then(|argv| argv.get(0)?.as_str());
            context.say(
                Finding::warning(
                    "program_steered",
                    format!(
                        "`{name}` is set, which decides what `{}` is or does: another program, or other code, may run under the name that is listed",
                        program.unwrap_or(crate::capability::INTERPRETER)
                    ),
                )
                .at_step(&look.step.id)
                .at_path(format!("{}/with/env/{name}", look.path))
                .help("leave it out and name the program by its whole path, or acknowledge it")
                .must_acknowledge(),
            );
        } else {
            context.say(
                look.wrong(
                    "template_not_allowed",
                    &format!("env/{name}"),
                    format!("`{name}` decides what a program runs: it is written as it is"),
                )
                .help("what a step may run must be known before it runs"),
            );
        }
    }
    let Some(argv) = look.with.get("argv") else {
        return;
    };
    match argv {
        Value::Array(items) => match items.first() {
            None => context.say(look.wrong(
                "bad_value",
                "argv",
                "`argv` is empty: its first element is the program",
            )),
            Some(program) if program.as_str().is_some_and(|text| text.contains("{{")) => context
                .say(
                    look.wrong(
                        "template_not_allowed",
                        "argv/0",
                        "the program is written as it is, never computed",
                    )
                    .help("what a step may run must be known before it runs"),
                ),
            Some(_) => {}
        },
        Value::String(_) => context.say(
            look.wrong(
                "template_not_allowed",
                "argv",
                "`argv` is a list: the program, then its arguments",
            )
            .help("what a step may run must be known before it runs"),
        ),
        _ => {}
    }
}

fn mcp(context: &mut Context<'_>, look: &Look<'_>) {
    connection(context, look, &["mcp"]);
    if look.text("tool").is_some_and(|tool| tool.contains("{{")) {
        context.say(fixed(look, "tool"));
    }
}

fn wait(context: &mut Context<'_>, look: &Look<'_>) {
    let given: Vec<&str> = ["for", "until", "event"]
        .into_iter()
        .filter(|key| look.has(key))
        .collect();
    match given.as_slice() {
        [] => context.say(look.wrong("missing_key", "", "a wait needs `for`, `until` or `event`")),
        [_, second, ..] => context.say(look.wrong(
            "exclusive_keys",
            second,
            format!("{} exclude each other", given.join(" and ")),
        )),
        _ => {}
    }
    if let Some(until) = look.text("until")
        && !until.contains("{{")
        && let Err(message) = until.parse::<crate::Timestamp>()
    {
        context.say(look.wrong("bad_value", "until", message));
    }
    waits_for(context, look);
}

/// The event of a wait, and what belongs to it.
fn waits_for(context: &mut Context<'_>, look: &Look<'_>) {
    let mut idle = |key: &str, without: &str| {
        let mut finding = look.wrong(
            "no_effect",
            key,
            format!("`{key}` does nothing without `{without}`"),
        );
        finding.severity = crate::Severity::Warning;
        context.say(finding);
    };
    if !look.has("event") {
        for key in ["timeout", "on_timeout", "lookback"] {
            if look.has(key) {
                idle(key, "event");
            }
        }
        return;
    }
    if look.has("on_timeout") && !look.has("timeout") {
        idle("on_timeout", "timeout");
    }
    let event_type = look.with["event"].get("type").and_then(Value::as_str);
    if let Some(Err(message)) = event_type.map(crate::run::type_fault) {
        context.say(
            look.wrong("bad_value", "event/type", message)
                .help("write a text; `*` matches any characters"),
        );
    }
}

fn approval_gate(context: &mut Context<'_>, look: &Look<'_>) {
    for key in ["approvers", "escalate_to"] {
        let list = look.with.get(key).and_then(Value::as_array);
        for (index, who) in list.into_iter().flatten().enumerate() {
            let right = who.as_str().is_none_or(|who| {
                who.contains("{{")
                    || ["user:", "role:"]
                        .iter()
                        .any(|kind| who.strip_prefix(kind).is_some_and(|name| !name.is_empty()))
            });
            if !right {
                context.say(
                    look.wrong(
                        "bad_value",
                        &format!("{key}/{index}"),
                        format!("{who} does not say who decides"),
                    )
                    .help("write user:<name> or role:<role>"),
                );
            }
        }
    }
    if let Some(fields) = look.with.get("fields")
        && !fields.is_null()
        && let Err(message) = validator(fields)
    {
        context.say(look.wrong(
            "bad_schema",
            "fields",
            format!("the schema of the form is not valid: {message}"),
        ));
    }
    if let Some(fields) = look.with.get("fields") {
        let path = format!("{}/with/fields", look.path);
        schemas::check(context, fields, &path, false);
    }
    for (at, notify) in notices(look.step) {
        notice(context, look, &at, &notify);
    }
    if look.has("send_back")
        && let Some(rounds) = look.with["send_back"].get("rounds").and_then(Value::as_u64)
        // Less than one is against the schema, which says so.
        && rounds > 50
    {
        context.say(look.wrong("bad_value", "send_back/rounds", "`rounds` is from 1 to 50"));
    }
    gate::check(context, look);
}

/// An action that tells people of a gate.
fn notice(context: &mut Context<'_>, look: &Look<'_>, at: &str, notify: &Notify) {
    let at = format!("notify{at}");
    let Some(kind) = ActionKind::parse(&notify.action).filter(|kind| tells(*kind)) else {
        context.say(
            look.wrong(
                "unknown_action",
                &format!("{at}/action"),
                format!("`{}` cannot tell anybody of a gate", notify.action),
            )
            .help("`notify` takes http, mail, shell, mcp, sql and file"),
        );
        return;
    };
    let mut with = Value::Object(notify.with.clone());
    let mut walk = Walk::new(schema_of(kind), Mode::Templates);
    walk.value(&mut with, &format!("{}/with/{at}/with", look.path));
    for mut finding in walk.findings {
        let at = finding.path.take().unwrap_or_default();
        context.say(finding.at_step(&look.step.id).at_path(at));
    }
    let step = Step {
        id: look.step.id.clone(),
        action: Some(notify.action.clone()),
        with: Some(notify.with.clone()),
        ..Step::default()
    };
    let inner = Look {
        step: &step,
        path: format!("{}/with/{at}", look.path),
        with: &notify.with,
    };
    rules(context, kind, &inner);
    if let Some(person) = &notify.person
        && !person.contains("{{")
        && person
            .strip_prefix("user:")
            .is_none_or(|name| name.is_empty())
    {
        context.say(
            look.wrong(
                "bad_value",
                &format!("{at}/for"),
                format!("`{person}` is no person"),
            )
            .help("a link is made for one person: write user:<name>"),
        );
    }
}

fn switch(context: &mut Context<'_>, look: &Look<'_>) {
    let Some(cases) = look.with.get("cases").and_then(Value::as_array) else {
        return;
    };
    let mut seen = BTreeSet::new();
    let mut default = None;
    for (index, case) in cases.iter().enumerate() {
        if let Some(id) = case.get("id").and_then(Value::as_str) {
            let at = format!("cases/{index}/id");
            if !super::settings::is_word(id) {
                context.say(
                    look.wrong("bad_id", &at, format!("`{id}` cannot be the id of a case"))
                        .help("an id is small letters, digits and `_`, and begins with a letter"),
                );
            }
            if !seen.insert(id) {
                context.say(look.wrong(
                    "duplicate_id",
                    &at,
                    format!("two cases have the id `{id}`"),
                ));
            }
            if let Some(default) = default {
                context.say(
                    look.wrong(
                        "unreachable_case",
                        &at,
                        format!(
                            "the case `{id}` is never taken: `{default}` before it always holds"
                        ),
                    )
                    .help("the case without `when` stands last"),
                );
            }
            if case.get("when").is_none_or(Value::is_null) {
                default = default.or(Some(id));
            }
        }
    }
    if cases.is_empty() {
        context.say(look.wrong("bad_value", "cases", "a switch has at least one case"));
    }
}

fn automation(context: &mut Context<'_>, look: &Look<'_>) {
    match (look.text("name"), look.has("id")) {
        (None, false) => {
            context.say(look.wrong("missing_key", "", "say which automation: `name` or `id`"))
        }
        (Some(_), true) => {
            context.say(look.wrong("exclusive_keys", "id", "`name` and `id` exclude each other"))
        }
        (Some(name), false) if name.contains("{{") => context.say(fixed(look, "name")),
        (Some(name), false) => {
            if let Some(known) = &context.catalog.automations
                && !known.contains(name)
            {
                let finding = look.wrong(
                    "missing_automation",
                    "name",
                    format!("there is no automation `{name}`"),
                );
                let known: Vec<String> = known.iter().cloned().collect();
                context.say(suggest(
                    finding,
                    name,
                    known.iter().map(String::as_str),
                    "create it first",
                ));
            }
        }
        (None, true) => {}
    }
}

fn tool(context: &mut Context<'_>, look: &Look<'_>) {
    let name = look.text("tool").unwrap_or_default();
    let rule = format!("add a rule to the tool map (`tools: [{{match: {name:?}, action: …}}]`)");
    // Only where the name says which server is meant is a connection found by it.
    let server = name
        .strip_prefix("mcp__")
        .and_then(|rest| rest.split_once("__"));
    let help = match server {
        Some((server, _)) if !server.is_empty() => {
            format!("set up an MCP connection named `{server}`, or {rule}")
        }
        _ => rule,
    };
    context.say(
        Finding::error(
            "unmapped_tool",
            format!(
                "nothing says what the recorded tool `{name}` is, so step `{}` cannot run",
                look.step.id
            ),
        )
        .at_step(&look.step.id)
        .at_path(format!("{}{}", look.path, pointer(&["with", "tool"])))
        .help(help),
    );
}
