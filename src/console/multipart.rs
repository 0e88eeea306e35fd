//! The file of a form, where a browser sends one.

use bytes::Bytes;

/// The boundary that a `Content-Type` names.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (media, rest) = content_type.split_once(';')?;
    if !media.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = rest.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then_some(value)
    })?;
    let named = named.trim().trim_matches('"');
    (!named.is_empty()).then_some(named)
}

/// The names of the parts with what they hold.
pub(super) fn parts(body: &Bytes, boundary: &str) -> Vec<(String, Bytes)> {
    let limit = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut at = match find(body, limit.as_bytes(), 0) {
        Some(at) => at + limit.len(),
        None => return parts,
    };
    let end = format!("\r\n{limit}");
    while let Some(head_end) = find(body, b"\r\n\r\n", at) {
        let head = String::from_utf8_lossy(&body[at..head_end]).into_owned();
        let begin = head_end + 4;
        let Some(stop) = find(body, end.as_bytes(), begin) else {
            break;
        };
        if let Some(name) = name_of(&head) {
            parts.push((name, body.slice(begin..stop)));
        }
        at = stop + end.len();
        if body[at..].starts_with(b"--") {
            break;
        }
    }
    parts
}

/// The name of the file that a form brings; none where nobody has chosen one.
pub(super) fn file_name(body: &Bytes, boundary: &str) -> Option<String> {
    let mark = b"filename=\"";
    let begin = find(body, mark, 0)? + mark.len();
    let head = find(body, b"\r\n", begin)?;
    let rest = &body[begin..head];
    let end = rest.iter().position(|byte| *byte == b'"')?;
    let name = String::from_utf8_lossy(&rest[..end]).into_owned();
    let held = parts(body, boundary)
        .into_iter()
        .any(|(part, file)| part == "file" && !file.is_empty());
    match name.is_empty() {
        true => held.then(|| "without a name".to_owned()),
        false => Some(name),
    }
}

fn name_of(head: &str) -> Option<String> {
    let line = head.lines().find(|line| {
        line.to_ascii_lowercase()
            .starts_with("content-disposition:")
    })?;
    line.split(';').find_map(|part| {
        let value = part.trim().strip_prefix("name=")?;
        Some(value.trim_matches('"').to_owned())
    })
}

fn find(body: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = body.get(from..)?;
    let first = *wanted.first()?;
    let mut at = 0;
    while let Some(next) = rest[at..].iter().position(|byte| *byte == first) {
        at += next;
        if rest[at..].starts_with(wanted) {
            return Some(from + at);
        }
        at += 1;
    }
    None
}
