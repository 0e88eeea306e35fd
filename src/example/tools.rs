//! The tools of the example worlds: they read and write real files and a real database, below one folder.
//! `druse example-tools --root DIR` offers them over the Model Context Protocol as a process of its own.

use super::World;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params, types::ValueRef};
use serde_json::{Map, Value, json};
use std::path::{Component, Path, PathBuf};

/// A tool as it is offered.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Its description.
    pub description: &'static str,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// Whether it only looks.
    pub read_only: bool,
}

fn schema(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The tools of every example world.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool {
            name: "list_files",
            description: "Lists the files of a folder.",
            input_schema: schema(json!({ "folder": { "type": "string" } }), &["folder"]),
            read_only: true,
        },
        Tool {
            name: "read_file",
            description: "Reads a text file.",
            input_schema: schema(json!({ "path": { "type": "string" } }), &["path"]),
            read_only: true,
        },
        Tool {
            name: "get_account",
            description: "Gives the balance of the household's account.",
            input_schema: schema(json!({}), &[]),
            read_only: true,
        },
        Tool {
            name: "pay",
            description: "Pays an amount from the household's account to a recipient. The same idempotency key pays once.",
            input_schema: schema(
                json!({
                    "recipient": { "type": "string" }, "iban": { "type": "string" },
                    "amount": { "type": "number" }, "reference": { "type": "string" }
                }),
                &["recipient", "iban", "amount", "reference"],
            ),
            read_only: false,
        },
        Tool {
            name: "run_query",
            description: "Runs one SELECT on the sales database.",
            input_schema: schema(json!({ "sql": { "type": "string" } }), &["sql"]),
            read_only: true,
        },
        Tool {
            name: "create_dashboard",
            description: "Writes a dashboard page from panels of rows, and gives its path.",
            input_schema: schema(
                json!({
                    "title": { "type": "string" },
                    "panels": { "type": "array", "items": { "type": "object",
                        "properties": { "title": { "type": "string" }, "rows": { "type": "array" } }, "required": ["title", "rows"] } }
                }),
                &["title", "panels"],
            ),
            read_only: false,
        },
    ]
}

/// Calls a tool in a world. `key` is the caller's idempotency key, where there is one.
///
/// # Errors
/// A sentence for the caller: the tool is unknown, an argument is missing or wrong, or the world refused.
pub fn call(
    world: &World,
    name: &str,
    arguments: &Map<String, Value>,
    key: Option<&str>,
) -> Result<Value, String> {
    match name {
        "list_files" => list_files(world, text(arguments, "folder")?),
        "read_file" => read_file(world, text(arguments, "path")?),
        "get_account" => get_account(world),
        "pay" => pay(world, arguments, key),
        "run_query" => run_query(world, text(arguments, "sql")?),
        "create_dashboard" => create_dashboard(world, arguments),
        other => Err(format!("There is no tool named {other}.")),
    }
}

fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("The argument {name} must be a text."))
}

/// A path below the world's folder: nothing leads out of it.
fn inside(world: &World, path: &str) -> Result<PathBuf, String> {
    let relative = Path::new(path);
    if relative
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    {
        Ok(world.root.join(relative))
    } else {
        Err(format!("The path {path} leads out of the working folder."))
    }
}

fn list_files(world: &World, folder: &str) -> Result<Value, String> {
    let entries = std::fs::read_dir(inside(world, folder)?)
        .map_err(|_| format!("There is no folder {folder}."))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    Ok(json!({ "files": names }))
}

fn read_file(world: &World, path: &str) -> Result<Value, String> {
    let text = std::fs::read_to_string(inside(world, path)?)
        .map_err(|_| format!("There is no file {path}."))?;
    Ok(json!({ "path": path, "text": text }))
}

fn database(world: &World, flags: OpenFlags) -> Result<Connection, String> {
    Connection::open_with_flags(world.database(), flags)
        .map_err(|error| format!("The database cannot be opened: {error}."))
}

fn get_account(world: &World) -> Result<Value, String> {
    let (owner, balance): (String, i64) = database(world, OpenFlags::SQLITE_OPEN_READ_ONLY)?
        .query_row("SELECT owner, balance_cents FROM account", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(|error| format!("The account cannot be read: {error}."))?;
    Ok(json!({ "owner": owner, "balance": cents(balance), "currency": "EUR" }))
}

/// An amount of cents as the number that people write.
fn cents(amount: i64) -> f64 {
    amount as f64 / 100.0
}

fn pay(world: &World, arguments: &Map<String, Value>, key: Option<&str>) -> Result<Value, String> {
    let (recipient, iban, reference) = (
        text(arguments, "recipient")?,
        text(arguments, "iban")?,
        text(arguments, "reference")?,
    );
    let amount = arguments
        .get("amount")
        .and_then(Value::as_f64)
        .ok_or("The argument amount must be a number.")?;
    let amount = (amount * 100.0).round() as i64;
    if amount <= 0 {
        return Err("The amount must be more than zero.".into());
    }
    let wrong = |error: rusqlite::Error| format!("The payment was not made: {error}.");
    let mut connection = database(world, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let transaction = connection.transaction().map_err(wrong)?;
    let before: Option<i64> = transaction
        .query_row(
            "SELECT id FROM payment WHERE idempotency_key = ?1",
            [key],
            |row| row.get(0),
        )
        .optional()
        .map_err(wrong)?;
    let id = match before {
        Some(id) => id,
        None => {
            let paid = transaction
                .execute("UPDATE account SET balance_cents = balance_cents - ?1 WHERE balance_cents >= ?1", [amount])
                .map_err(wrong)?;
            if paid == 0 {
                return Err("The account does not hold that much.".into());
            }
            transaction
                .execute(
                    "INSERT INTO payment (recipient, iban, amount_cents, reference, idempotency_key) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![recipient, iban, amount, reference, key],
                )
                .map_err(wrong)?;
            transaction.last_insert_rowid()
        }
    };
    let balance: i64 = transaction
        .query_row("SELECT balance_cents FROM account", [], |row| row.get(0))
        .map_err(wrong)?;
    transaction.commit().map_err(wrong)?;
    Ok(
        json!({ "payment_id": format!("PAY-{id:04}"), "status": "booked", "balance": cents(balance) }),
    )
}

fn run_query(world: &World, sql: &str) -> Result<Value, String> {
    let connection = database(world, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let wrong = |error: rusqlite::Error| format!("The query failed: {error}.");
    let mut statement = connection.prepare(sql).map_err(wrong)?;
    let columns: Vec<String> = statement.column_names().map(String::from).collect();
    let mut found = statement.query([]).map_err(wrong)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(wrong)? {
        let mut cells = Map::new();
        for (index, column) in columns.iter().enumerate() {
            let cell = match row.get_ref(index).map_err(wrong)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
                ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()).into(),
            };
            cells.insert(column.clone(), cell);
        }
        rows.push(Value::Object(cells));
    }
    Ok(json!({ "rows": rows }))
}

fn create_dashboard(world: &World, arguments: &Map<String, Value>) -> Result<Value, String> {
    let title = text(arguments, "title")?;
    let panels = arguments
        .get("panels")
        .and_then(Value::as_array)
        .ok_or("The argument panels must be a list.")?;
    let mut page = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>{0}</title>\n<h1>{0}</h1>\n",
        escape(title)
    );
    for panel in panels {
        let rows = panel
            .get("rows")
            .and_then(Value::as_array)
            .ok_or("Each panel needs rows.")?;
        let heading = panel
            .get("title")
            .and_then(Value::as_str)
            .ok_or("Each panel needs a title.")?;
        page.push_str(&format!("<h2>{}</h2>\n<table>\n", escape(heading)));
        for row in rows {
            let cells: Vec<&Value> = match row {
                Value::Object(cells) => cells.values().collect(),
                Value::Array(cells) => cells.iter().collect(),
                other => vec![other],
            };
            page.push_str("<tr>");
            for cell in cells {
                let shown = cell.as_str().map_or_else(|| cell.to_string(), String::from);
                page.push_str(&format!("<td>{}</td>", escape(&shown)));
            }
            page.push_str("</tr>\n");
        }
        page.push_str("</table>\n");
    }
    let slug: String = title
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let path = format!("dashboards/{slug}.html");
    let target = inside(world, &path)?;
    std::fs::create_dir_all(world.root.join("dashboards"))
        .and_then(|()| std::fs::write(target, page))
        .map_err(|error| format!("The dashboard cannot be written: {error}."))?;
    Ok(json!({ "path": path, "panels": panels.len() }))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
