//! The folder behind a digest of its path: Gemini CLI writes down only the digest. A path that the recording holds
//! proves it when one of the folders above it has that digest.

use druse_engine::Digest;
use serde_json::Value;
use std::collections::BTreeSet;

/// How many paths are looked at, and how deep.
const PATHS: usize = 2_000;
const DEEPEST: usize = 40;

/// The folder with this digest among the folders of all paths that the records hold.
pub(super) fn find<'v>(digest: &str, records: impl Iterator<Item = &'v Value>) -> Option<String> {
    let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_digest {
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut paths = 0;
    let mut found = None;
    for record in records {
        texts(record, &mut |text| {
            if found.is_none() && paths < PATHS {
                for path in text.split(|c: char| !is_of_path(c)) {
                    if path.len() > 1 && path.starts_with('/') && paths < PATHS {
                        paths += 1;
                        found = found.take().or_else(|| above(path, digest, &mut seen));
                    }
                }
            }
        });
    }
    found
}

fn is_of_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '@' | '+' | '~')
}

/// The path itself, or the nearest folder above it, that has the digest.
fn above(path: &str, digest: &str, seen: &mut BTreeSet<String>) -> Option<String> {
    let mut path = path.trim_end_matches(['/', '.']);
    for _ in 0..DEEPEST {
        if path.is_empty() || !seen.insert(path.to_owned()) {
            return None;
        }
        // macOS writes the same folder with and without this in front.
        for folder in [path.to_owned(), format!("/private{path}")] {
            if Digest::of(folder.as_bytes()).hex() == digest {
                return Some(folder);
            }
        }
        path = path.rsplit_once('/')?.0;
    }
    None
}

fn texts<'v>(value: &'v Value, visit: &mut dyn FnMut(&'v str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, visit)),
        Value::Object(map) => map.values().for_each(|item| texts(item, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_in_the_recording_proves_the_folder() {
        let digest = Digest::of(b"/home/ana/app").hex().to_owned();
        let record = json!({ "a": ["see `/home/ana/app/src/main.rs`, please"] });
        assert_eq!(
            find(&digest, [&record].into_iter()).as_deref(),
            Some("/home/ana/app")
        );
        let elsewhere = json!({ "a": "/home/ana/apple and home/ana/app" });
        assert_eq!(find(&digest, [&elsewhere].into_iter()), None);
        let mac = Digest::of(b"/private/tmp/x").hex().to_owned();
        let record = json!({ "file_path": "/tmp/x/a.txt" });
        assert_eq!(
            find(&mac, [&record].into_iter()).as_deref(),
            Some("/private/tmp/x")
        );
        assert_eq!(find("no digest", [&record].into_iter()), None);
    }
}
