//! The configuration of the kinds that move data: pages of a service, databases, files, mail.

use super::Context;
use super::actions::{Look, connection, fixed};
use crate::Finding;
use crate::action_config::{FileOperation, path_fault, statement_fault};
use crate::expression::Template;
use serde_json::Value;

/// `paginate` of an `http` step.
pub(super) fn pages(context: &mut Context<'_>, look: &Look<'_>) {
    if !look.has("paginate") {
        return;
    }
    let other = look.text("method").filter(|method| *method != "GET");
    let body = ["json", "form", "multipart", "body", "artifact"]
        .into_iter()
        .find(|key| look.has(key));
    if other.is_some() || body.is_some() {
        context.say(
            look.wrong(
                "bad_value",
                "paginate",
                "pages are read by GET, without a body",
            )
            .help("asking for a page must change nothing, for it may be asked for again"),
        );
    }
}

/// `sql`.
pub(super) fn sql(context: &mut Context<'_>, look: &Look<'_>) {
    let kind = connection(context, look, &["sqlite", "postgres"]);
    if let Some(statement) = look.text("statement") {
        if statement.contains("{{") {
            context.say(
                look.wrong(
                    "template_not_allowed",
                    "statement",
                    "a statement is never a template: a value could become SQL",
                )
                .help(
                    "hand values in through `params`, as `?1` for SQLite and `$1` for PostgreSQL",
                ),
            );
        } else if let Some(fault) = statement_fault(statement) {
            context.say(look.wrong("bad_statement", "statement", fault));
        }
    }
    let params = look.with.get("params");
    let templates = params
        .and_then(Value::as_str)
        .is_some_and(|text| text.contains("{{"));
    match params {
        None | Some(Value::Null | Value::Array(_)) => {}
        Some(Value::Object(_)) if kind.as_deref() != Some("postgres") => {}
        Some(Value::Object(_)) => context.say(
            look.wrong(
                "wrong_type",
                "params",
                "PostgreSQL knows parameters by number, not by name",
            )
            .help("write a list: its first value is `$1`"),
        ),
        Some(_) if templates => {}
        Some(_) => context.say(
            look.wrong("wrong_type", "params", "`params` is a list or a map")
                .help("write [value, …] for `?1` or `$1`, or {name: value} for `:name`"),
        ),
    }
}

/// `file`.
pub(super) fn file(context: &mut Context<'_>, look: &Look<'_>) {
    connection(context, look, &["folder"]);
    if let Some(path) = look.text("path")
        && !path.contains("{{")
        && let Some(fault) = path_fault(path)
    {
        context.say(look.wrong("bad_path", "path", fault));
    }
    let Some(name) = look.text("op") else { return };
    if name.contains("{{") {
        context.say(fixed(look, "op"));
        return;
    }
    let Some(operation) = FileOperation::parse(name) else {
        return;
    };
    let known = operation.keys();
    let common = ["connection", "op", "path"];
    for key in look.with.keys() {
        let belongs = known.contains(&key.as_str()) || common.contains(&key.as_str());
        let elsewhere = OPERATIONS
            .iter()
            .find(|other| other.keys().contains(&key.as_str()));
        if let (false, Some(other)) = (belongs, elsewhere) {
            let message = format!("`{key}` belongs to `op: {}`, not to `{name}`", other.name());
            let finding = look.wrong("exclusive_keys", key, message);
            let listed = format!("`{name}` takes: {}", known.join(", "));
            context.say(finding.help(listed));
        }
    }
    match operation {
        FileOperation::Write | FileOperation::Append => {
            one_content(context, look, name);
        }
        FileOperation::Edit => {
            for key in ["find", "replace"] {
                if !look.has(key) {
                    context.say(look.wrong("missing_key", "", format!("an edit needs `{key}`")));
                }
            }
            if look.text("find") == Some("") {
                context.say(look.wrong(
                    "bad_value",
                    "find",
                    "the text to be replaced is not empty",
                ));
            }
        }
        FileOperation::Search => {
            if !look.has("regex") {
                context.say(look.wrong("missing_key", "", "a search needs `regex`"));
            }
        }
        FileOperation::Read | FileOperation::List => {}
    }
}

const OPERATIONS: [FileOperation; 6] = [
    FileOperation::Read,
    FileOperation::Write,
    FileOperation::Append,
    FileOperation::Edit,
    FileOperation::List,
    FileOperation::Search,
];

fn one_content(context: &mut Context<'_>, look: &Look<'_>, name: &str) {
    let keys: &[&str] = match name {
        "write" => &["text", "base64", "json", "artifact"],
        _ => &["text", "base64", "json"],
    };
    let given: Vec<&str> = keys.iter().copied().filter(|key| look.has(key)).collect();
    match given.as_slice() {
        [] => context.say(
            look.wrong("missing_key", "", format!("`{name}` needs the content"))
                .help("write `text`, `json` or `base64`"),
        ),
        [_] => {}
        [_, second, ..] => context.say(look.wrong(
            "exclusive_keys",
            second,
            format!("a file has one content, not {}", given.join(" and ")),
        )),
    }
}

/// `mail`.
pub(super) fn mail(context: &mut Context<'_>, look: &Look<'_>) {
    connection(context, look, &["smtp"]);
    if !look.has("text") && !look.has("html") {
        context.say(look.wrong("missing_key", "", "a message needs `text` or `html`"));
    }
    for key in ["to", "cc", "bcc", "reply_to"] {
        let all = match look.with.get(key) {
            Some(Value::Array(several)) => several.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        for (index, one) in all.iter().enumerate() {
            let right = one
                .as_str()
                .is_none_or(|text| text.contains("{{") || text.contains('@'));
            if !right {
                let at = match look.with.get(key) {
                    Some(Value::Array(_)) => format!("{key}/{index}"),
                    _ => key.to_owned(),
                };
                context.say(
                    look.wrong("bad_value", &at, format!("{one} is not an address of mail"))
                        .help("write ana@example.com, or Ana <ana@example.com>"),
                );
            }
        }
    }
    if look
        .with
        .get("to")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        context.say(look.wrong("bad_value", "to", "a message goes to at least one address"));
    }
    attachments(context, look);
    html(context, look);
}

fn attachments(context: &mut Context<'_>, look: &Look<'_>) {
    let list = look.with.get("attachments").and_then(Value::as_array);
    for (index, one) in list.into_iter().flatten().enumerate() {
        let Some(map) = one.as_object() else { continue };
        let given = ["text", "json", "base64"]
            .iter()
            .filter(|key| map.contains_key(**key))
            .count();
        if given != 1 {
            context.say(look.wrong(
                if given == 0 {
                    "missing_key"
                } else {
                    "exclusive_keys"
                },
                &format!("attachments/{index}"),
                "an attachment has one content: `text`, `json` or `base64`",
            ));
        }
    }
}

/// A value that stands in HTML as it is may bring markup of its own.
fn html(context: &mut Context<'_>, look: &Look<'_>) {
    let Some(template) = look
        .with
        .get("html")
        .and_then(|html| Template::compile(html).ok())
    else {
        return;
    };
    for (_, expression) in template.expressions() {
        if !expression.source().ends_with("escape_html") {
            context.say(
                Finding::warning(
                    "unescaped_html",
                    format!(
                        "`{}` stands in the HTML as it is: what it holds becomes part of the page",
                        expression.source()
                    ),
                )
                .at_step(&look.step.id)
                .at_path(format!("{}/with/html", look.path))
                .help("write `| escape_html` behind it, unless it is HTML on purpose"),
            );
        }
    }
}
