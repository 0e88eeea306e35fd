//! The one text that stands for a document, and its digest.

use super::Document;
use crate::Digest;

/// The canonical text: JSON without blanks, keys sorted, parts that are left out not written. Its tests
/// are no part of it: the digest names what runs, and who writes a test changes nothing of that.
pub fn canonical(document: &Document) -> String {
    // A document is strings, numbers, lists and maps with string keys: it always serialises.
    if document.tests.is_empty() {
        return crate::canonical::canonical(document);
    }
    crate::canonical::canonical(&Document {
        tests: Vec::new(),
        ..document.clone()
    })
}

/// The digest of the canonical text. Versions are named by it, and runs are pinned to it.
pub fn digest(document: &Document) -> Digest {
    Digest::of(canonical(document).as_bytes())
}
