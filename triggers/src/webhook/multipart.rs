//! Bodies of `multipart/form-data` (RFC 7578): fields as texts, files as what they hold.

use super::request::BodyError;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// The most parts of one body.
const MOST_PARTS: usize = 1_000;

/// The most bytes of one part's headers.
const LONGEST_HEADERS: usize = 8 * 1024;

/// Reads a body. A field that comes several times is a list. A file is
/// `{filename, content_type, size}` with `text`, or with `base64` where it is no text: what it holds
/// comes along, and no name in it is ever a path.
pub(super) fn read(content_type: &str, body: &[u8]) -> Result<Value, BodyError> {
    let boundary = parameter(content_type, "boundary").ok_or(BodyError::BadMultipart)?;
    if boundary.is_empty() || boundary.len() > 70 {
        return Err(BodyError::BadMultipart);
    }
    let first = format!("--{boundary}").into_bytes();
    let between = [b"\r\n", first.as_slice()].concat();
    // What stands before the first boundary is for readers that know no parts.
    let start = if body.starts_with(&first) {
        first.len()
    } else {
        find(body, &between).ok_or(BodyError::BadMultipart)? + between.len()
    };
    let mut rest = &body[start..];
    let mut fields = Map::new();
    for _ in 0..=MOST_PARTS {
        if rest.starts_with(b"--") {
            return Ok(fields.into());
        }
        let part = rest.strip_prefix(b"\r\n").ok_or(BodyError::BadMultipart)?;
        let end = find(part, &between).ok_or(BodyError::BadMultipart)?;
        let (name, value) = one(&part[..end])?;
        match fields.get_mut(&name) {
            // A file is an object, so a list here is a list of values.
            Some(Value::Array(values)) => values.push(value),
            Some(known) => *known = Value::Array(vec![known.take(), value]),
            None => {
                fields.insert(name, value);
            }
        }
        rest = &part[end + between.len()..];
    }
    Err(BodyError::BadMultipart)
}

fn one(part: &[u8]) -> Result<(String, Value), BodyError> {
    let (head, content) = match part.strip_prefix(b"\r\n") {
        // No headers at all, so no name.
        Some(_) => return Err(BodyError::BadMultipart),
        None => {
            let end = find(part, b"\r\n\r\n").ok_or(BodyError::BadMultipart)?;
            (&part[..end], &part[end + 4..])
        }
    };
    if head.len() > LONGEST_HEADERS {
        return Err(BodyError::BadMultipart);
    }
    let head = std::str::from_utf8(head).map_err(|_| BodyError::BadMultipart)?;
    let header = |wanted: &str| {
        head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim())
        })
    };
    let disposition = header("content-disposition").ok_or(BodyError::BadMultipart)?;
    let name = parameter(disposition, "name").ok_or(BodyError::BadMultipart)?;
    let text = std::str::from_utf8(content).ok();
    let value = match (parameter(disposition, "filename"), text) {
        (None, Some(text)) => text.into(),
        (filename, text) => {
            let mut file = json!({
                "filename": filename, "content_type": header("content-type"), "size": content.len(),
            });
            match text {
                Some(text) => file["text"] = text.into(),
                None => file["base64"] = STANDARD.encode(content).into(),
            }
            file
        }
    };
    Ok((name, value))
}

/// A parameter of a header, such as the `boundary` of a content type; in quotes or not.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_matches([' ', '\t', ';']);
        let (value, next) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => {
                let mut value = String::new();
                let mut letters = quoted.char_indices();
                let end = loop {
                    match letters.next()? {
                        (at, '"') => break at,
                        // Browsers escape the quote alone; a path from Windows keeps its backslashes.
                        (at, '\\') if quoted[at + 1..].starts_with('"') => {
                            value.push('"');
                            letters.next();
                        }
                        (_, letter) => value.push(letter),
                    }
                };
                (value, &quoted[end + 1..])
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // The first byte is looked for alone: bodies are long and boundaries rare.
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| *byte == first) {
        let at = from + at;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"xYzZY\"";

    #[test]
    fn fields_and_files_are_read() {
        let body = b"preamble\r\n--xYzZY\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--xYzZY\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\ntwo\r\nlines\r\n--xYzZY\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../up \\\"x\\\".txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--xYzZY\r\nContent-Disposition: form-data; name=b; filename=x.bin\r\n\r\n\xff\x00\r\n--xYzZY--\r\nepilogue";
        assert_eq!(
            read(TYPE, body).unwrap(),
            json!({
                "a": ["one", "two\r\nlines"],
                "f": { "filename": "../up \"x\".txt", "content_type": "text/plain", "size": 5, "text": "hello" },
                "b": { "filename": "x.bin", "content_type": null, "size": 2, "base64": "/wA=" },
            })
        );
    }

    #[test]
    fn what_is_no_multipart_is_refused() {
        let part = "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1";
        for (content_type, body) in [
            ("multipart/form-data", format!("--b{part}\r\n--b--")),
            ("multipart/form-data; boundary=", "----".into()),
            ("multipart/form-data; boundary=b", String::new()),
            ("multipart/form-data; boundary=b", "no boundary".into()),
            ("multipart/form-data; boundary=b", format!("--b{part}")),
            (
                "multipart/form-data; boundary=b",
                format!("--b{part}\r\n--b"),
            ),
            (
                "multipart/form-data; boundary=b",
                "--b\r\n\r\nx\r\n--b--".into(),
            ),
            (
                "multipart/form-data; boundary=b",
                "--b\r\nA: b\r\n\r\nx\r\n--b--".into(),
            ),
            (
                "multipart/form-data; boundary=b",
                format!("{}--", format!("--b{part}\r\n").repeat(MOST_PARTS + 2)),
            ),
            (
                &format!("multipart/form-data; boundary={}", "b".repeat(71)),
                "x".into(),
            ),
        ] {
            assert_eq!(
                read(content_type, body.as_bytes()),
                Err(BodyError::BadMultipart),
                "{body:.60}"
            );
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(9), ..Default::default() })]

        #[test]
        fn no_body_makes_it_panic(parts in proptest::collection::vec(proptest::prelude::prop_oneof![
            proptest::prelude::Just("--b".to_owned()), proptest::prelude::Just("\r\n".to_owned()), proptest::prelude::Just("--".to_owned()),
            proptest::prelude::Just("Content-Disposition: form-data; name=\"a".to_owned()), proptest::prelude::Just("\"".to_owned()), ".{0,4}",
        ], 0..20), content_type in "multipart/form-data; ?(boundary=\"?b\"?)?.{0,6}") {
            let _ = read(&content_type, parts.concat().as_bytes());
        }
    }
}
