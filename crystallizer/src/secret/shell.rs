//! Puts variables of the environment in the place of secrets in a line for a shell.

use super::lift::marker;

/// The line with `${NAME}` where the name of a secret stands, quoted so that the value stays one word. `None` where
/// its quotes cannot be followed: what is substituted, and texts that stand in the line.
pub(super) fn with_variables(line: &str, names: &[&str]) -> Option<String> {
    if line.contains("$(") || line.contains('`') || line.contains("<<") || line.contains("$'") {
        return None;
    }
    let mut out = String::with_capacity(line.len() + 16);
    let mut quote: Option<char> = None;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let name = names
            .iter()
            .find_map(|name| Some((*name, rest.strip_prefix(marker(name).as_str())?)));
        if let Some((name, after)) = name {
            match quote {
                Some('"') => out.push_str(&format!("${{{name}}}")),
                Some(_) => out.push_str(&format!("'\"${{{name}}}\"'")),
                None => out.push_str(&format!("\"${{{name}}}\"")),
            }
            rest = after;
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                if let Some(next) = rest.chars().next() {
                    out.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
            (None, '\'' | '"') => quote = Some(c),
            _ => {}
        }
    }
    quote.is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::with_variables;

    #[test]
    fn quotes_are_kept() {
        for (line, expected) in [
            (
                "curl -H 'Authorization: Bearer {{ secrets.T }}' x",
                Some("curl -H 'Authorization: Bearer '\"${T}\"'' x"),
            ),
            (
                "curl -H \"X: {{ secrets.T }}\"",
                Some("curl -H \"X: ${T}\""),
            ),
            (
                "T={{ secrets.T }} run it\\'s",
                Some("T=\"${T}\" run it\\'s"),
            ),
            ("echo \"a\\\"{{ secrets.T }}\"", Some("echo \"a\\\"${T}\"")),
            ("x \"$(curl '{{ secrets.T }}')\"", None),
            ("cat <<'E'\n{{ secrets.T }}\nE", None),
            ("echo 'open {{ secrets.T }}", None),
        ] {
            assert_eq!(with_variables(line, &["T"]).as_deref(), expected, "{line}");
        }
    }
}
