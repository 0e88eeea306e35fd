//! What the key of an argument says of its value: that it steers, that it is run, that people read it.

use crate::kept::Kept;

/// Keys that say what a change is about, beside where it goes.
pub(super) fn is_target(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "channel",
            "repo",
            "repository",
            "branch",
            "bucket",
            "table",
            "amount",
            "role",
            "permission",
            "scope",
            "access",
        ],
    )
}

/// Keys of what is run: nobody but the agent looked at it.
pub(crate) fn runs(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "command",
            "cmd",
            "code",
            "script",
            "program",
            "sql",
            "query",
            "statement",
            "expression",
        ],
    ) && !crate::words::has(
        key,
        &["type", "id", "name", "zip", "postal", "country", "language"],
    )
}

/// Keys that say what somebody may do.
pub(super) fn is_right(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "role",
            "roles",
            "permission",
            "permissions",
            "privilege",
            "privileges",
            "scope",
            "scopes",
            "access",
        ],
    )
}

/// Keys that say where something goes.
pub(crate) fn is_recipient(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "recipient",
            "recipients",
            "to",
            "cc",
            "bcc",
            "iban",
            "email",
            "emails",
            "url",
            "uri",
            "link",
            "href",
            "host",
            "hostname",
            "endpoint",
            "webhook",
            "domain",
            "remote",
            "server",
            "destination",
            "participants",
            "attendees",
            "invitee",
            "invitees",
            "wallet",
            "payee",
            "beneficiary",
            "phone",
            "callback",
            "redirect",
        ],
    )
}

/// Keys of lists in which each name is one of somebody.
pub(super) fn is_people(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "recipient",
            "recipients",
            "cc",
            "bcc",
            "participants",
            "attendees",
            "invitee",
            "invitees",
            "payee",
            "beneficiary",
        ],
    )
}

/// Whether what stands under a key of an answer is what somebody had to say, however short it is.
pub(super) fn is_said(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "body",
            "content",
            "contents",
            "text",
            "message",
            "messages",
            "subject",
            "description",
            "comment",
            "comments",
            "summary",
            "snippet",
            "note",
            "notes",
            "reply",
            "answer",
            "reason",
            "instruction",
            "instructions",
        ],
    ) && !crate::words::has(key, &["type", "id", "status", "state", "format", "count"])
}

/// Whether what stands under a key of a call is what people read: it steers nothing.
pub(super) fn is_content(key: &str, kept: &Kept<'_>) -> bool {
    let mut words = crate::words::split(key);
    // How a text is written is no more than that: `body_html`.
    while words.len() > 1
        && words.last().is_some_and(|word| {
            matches!(word.as_str(), "html" | "markdown" | "md" | "plain" | "line")
        })
    {
        words.pop();
    }
    // The last word says what it is: a `message_group` is a group.
    let Some(last) = words.last() else {
        return false;
    };
    let is_text = matches!(
        last.as_str(),
        "body"
            | "content"
            | "contents"
            | "text"
            | "message"
            | "subject"
            | "title"
            | "description"
            | "comment"
            | "summary"
            | "note"
            | "notes"
            | "patch"
            | "diff"
            | "question"
            | "answer"
            | "reason"
            | "thought"
    );
    is_text
        || words.len() == 1 && last == "name" && makes_what_has_a_title(kept)
        || is_text_of_file(&words) && writes_a_file(kept)
}

/// What edits of files call the text that they put there or look for: `old_string`, `newText`.
fn is_text_of_file(words: &[String]) -> bool {
    const PIECES: [&str; 8] = [
        "string", "str", "source", "code", "lines", "data", "old", "new",
    ];
    words
        .last()
        .is_some_and(|last| PIECES.contains(&last.as_str()))
}

/// Whether a call writes into a file: the path of one stands among its arguments.
pub(super) fn writes_a_file(kept: &Kept<'_>) -> bool {
    let arguments = kept.call.arguments.as_object();
    kept.changes() && arguments.is_some_and(|all| all.keys().any(|key| is_path(key)))
}

/// Whether a call gives what a file holds.
pub(super) fn reads_a_file(kept: &Kept<'_>) -> bool {
    let arguments = kept.call.arguments.as_object();
    kept.is_harmless() && arguments.is_some_and(|all| all.keys().any(|key| is_path(key)))
        || crate::words::has(
            &crate::name::of_call(&kept.call.name, None),
            &["file", "files"],
        )
}

/// Whether a call makes something that has a title or a subject beside its name.
fn makes_what_has_a_title(kept: &Kept<'_>) -> bool {
    let has_title = |key: &String| crate::words::has(key, &["title", "subject"]);
    let arguments = kept.call.arguments.as_object();
    arguments.is_some_and(|all| all.keys().any(has_title))
        && crate::words::has(
            &crate::name::of_call(&kept.call.name, None),
            &[
                "create", "add", "make", "new", "write", "draft", "open", "insert",
            ],
        )
}

pub(crate) fn is_path(key: &str) -> bool {
    crate::words::has(
        key,
        &[
            "path",
            "paths",
            "file",
            "files",
            "filename",
            "folder",
            "directory",
            "dir",
            "cwd",
        ],
    )
}
