//! The rows of an answer, as JSON, within the limits.

use super::{Failed, Limits};
use druse_engine::Json;
use serde_json::{Map, Value, json};
use std::io;

/// Collects rows.
pub(super) struct Rows {
    columns: Vec<String>,
    rows: Vec<Value>,
    bytes: usize,
    most_rows: usize,
    most_bytes: usize,
}

impl Rows {
    /// For an answer with these columns.
    pub(super) fn new(columns: Vec<String>, limits: Limits) -> Result<Self, Failed> {
        let twice = columns
            .iter()
            .enumerate()
            .find(|(index, name)| columns[..*index].contains(name));
        if let Some((_, name)) = twice {
            let message = format!(
                "Two columns are called {name:?}, so one would hide the other. Name them apart with AS."
            );
            return Err(Failed::permanent("duplicate_column", message));
        }
        Ok(Self {
            columns,
            rows: Vec::new(),
            bytes: 0,
            most_rows: limits.sql_rows,
            most_bytes: limits.sql_bytes,
        })
    }

    /// Adds a row: a value for each column.
    pub(super) fn push(&mut self, values: Vec<Value>) -> Result<(), Failed> {
        if self.rows.len() == self.most_rows {
            let most = self.most_rows;
            let message =
                format!("The answer has more than {most} rows. Ask for fewer with LIMIT.");
            return Err(
                Failed::permanent("output_too_large", message).details(json!({ "limit": most }))
            );
        }
        let row: Map<String, Value> = self.columns.iter().cloned().zip(values).collect();
        let row = Value::Object(row);
        self.bytes += size(&row);
        if self.bytes > self.most_bytes {
            let most = self.most_bytes;
            let message =
                format!("The answer is larger than {most} bytes. Ask for fewer rows or columns.");
            return Err(
                Failed::permanent("output_too_large", message).details(json!({ "limit": most }))
            );
        }
        self.rows.push(row);
        Ok(())
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// What the step gives.
    pub(super) fn output(self, affected: Option<u64>) -> Json {
        json!({ "rows": self.rows, "columns": self.columns, "affected": affected }).into()
    }
}

/// The bytes of a value as JSON.
fn size(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX / 2,
    }
}
