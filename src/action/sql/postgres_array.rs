//! Arrays of PostgreSQL: read from their binary form, written as the literal that its own reader takes.

use super::postgres_value::{Cursor, shown};
use serde_json::Value;
use tokio_postgres::types::Type;

/// The most dimensions of an array.
const DIMENSIONS: usize = 6;

/// An array as a JSON list, of lists where it has several dimensions.
pub(super) fn read(inner: &Type, bytes: &[u8]) -> Result<Value, String> {
    let mut cursor = Cursor(bytes);
    let dimensions = usize::try_from(cursor.i32()?).unwrap_or(usize::MAX);
    if dimensions > DIMENSIONS {
        return Err("the array is damaged".into());
    }
    cursor.i32()?; // whether it holds nulls
    cursor.i32()?; // the type of its elements, which is known
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(cursor.i32()?).unwrap_or(0));
        cursor.i32()?; // the first index, which JSON does not know
    }
    if lengths.is_empty() {
        return Ok(Value::Array(Vec::new()));
    }
    level(inner, &lengths, &mut cursor)
}

fn level(inner: &Type, lengths: &[usize], cursor: &mut Cursor<'_>) -> Result<Value, String> {
    let Some((length, deeper)) = lengths.split_first() else {
        let size = cursor.i32()?;
        return match usize::try_from(size) {
            Ok(size) => shown(inner, cursor.take(size)?),
            Err(_) => Ok(Value::Null),
        };
    };
    (0..*length)
        .map(|_| level(inner, deeper, cursor))
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

/// A JSON list as an array literal; `text` says how an element is written.
pub(super) fn write(
    items: &[Value],
    text: &impl Fn(&Value) -> Result<Option<String>, String>,
) -> Result<String, String> {
    let mut literal = String::from("{");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            literal.push(',');
        }
        match item {
            Value::Array(inner) => literal.push_str(&write(inner, text)?),
            item => match text(item)? {
                None => literal.push_str("NULL"),
                Some(text) => {
                    literal.push('"');
                    for letter in text.chars() {
                        if matches!(letter, '"' | '\\') {
                            literal.push('\\');
                        }
                        literal.push(letter);
                    }
                    literal.push('"');
                }
            },
        }
    }
    literal.push('}');
    Ok(literal)
}
