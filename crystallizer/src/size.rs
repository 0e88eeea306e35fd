//! How long something is as JSON, without writing it.

use serde::Serialize;
use std::io;

/// How many bytes something takes as compact JSON.
pub(crate) fn size(value: &(impl Serialize + ?Sized)) -> u64 {
    struct Count(u64);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail, and what is counted always serialises.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    use super::size;
    use druse_engine::definition::{Document, canonical};
    use serde_json::json;

    #[test]
    fn a_document_is_as_long_as_its_canonical_text() {
        let document: Document = serde_json::from_value(json!({
            "druse": 1, "name": "x", "inputs": { "b": { "type": "number", "default": 1e300 }, "a": {} },
            "steps": [{ "id": "a", "action": "shell", "with": { "script": "echo \"ü\" \\ \n\u{1}", "z": [-0.0, 1.5] }, "timeout": "5s" }],
            "metadata": { "crystallized": { "z": null, "a": { "d": 1, "c": [] } } },
        }))
        .unwrap();
        assert_eq!(size(&document), canonical(&document).len() as u64);
    }
}
