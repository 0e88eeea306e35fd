//! Secrets that a connection holds in clear, where they would stand in the log, in backups and in what is shown.
//! Which names and forms are meant is what recordings are searched by.

use super::parse::pointer;
use druse_crystallizer::{looks_like_one, stands_in_clear, stands_in_query};
use druse_engine::Finding;
use serde_json::Value;
use url::Url;

/// The secrets that stand in clear in the definition of a connection. Places are JSON Pointers below `at`.
pub fn in_clear(at: &str, definition: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |place: String, what: &str, help: String| {
        let message = format!("{what} stands in the store of secrets, not in a connection.");
        let finding = Finding::error("secret_needed", message).at_path(format!("{at}{place}"));
        found.push(finding.help(help));
    };
    let texts = |key: &str| {
        let map = definition.get(key).and_then(Value::as_object);
        let pairs = map.into_iter().flatten();
        pairs.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    };
    for (name, value) in texts("headers") {
        if stands_in_clear(name, value) {
            let scheme = value.split_once(' ').map(|(scheme, _)| scheme);
            let known = ["Bearer", "Basic", "Token"];
            let scheme =
                scheme.filter(|scheme| known.iter().any(|one| one.eq_ignore_ascii_case(scheme)));
            let scheme = scheme
                .map(|scheme| format!("{scheme} "))
                .unwrap_or_default();
            say(
                format!("/headers/{}", pointer(name)),
                &format!("The value of the header {name:?}"),
                format!(
                    "Write {name}: \"{scheme}{{{{ secrets.NAME }}}}\", and set it with druse secrets set NAME."
                ),
            );
        }
    }
    for (name, value) in texts("env") {
        if stands_in_clear(name, value) {
            say(
                format!("/env/{}", pointer(name)),
                &format!("The value of {name:?}"),
                format!(
                    "Write {name}: \"{{{{ secrets.NAME }}}}\", and set it with druse secrets set NAME."
                ),
            );
        }
    }
    for key in ["url", "base_url"] {
        let text = definition.get(key).and_then(Value::as_str);
        let Some(url) = text.and_then(|text| Url::parse(text).ok()) else {
            continue;
        };
        let asked = url
            .query_pairs()
            .any(|(name, value)| stands_in_query(&name, &value));
        let way = url
            .path_segments()
            .into_iter()
            .flatten()
            .any(looks_like_one);
        if asked || way {
            say(
                format!("/{key}"),
                "A key or token in an address",
                "Take it out of the address, which appears in logs. Put it into a header as \"{{ secrets.NAME }}\", and set it with druse secrets set NAME.".into(),
            );
        }
    }
    let words = definition.get("command").and_then(Value::as_array);
    let words: Vec<&str> = words
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (index, word) in words.iter().enumerate() {
        let option = |word: &str| {
            word.starts_with('-')
                .then(|| word.trim_start_matches('-').to_owned())
        };
        let given = match word.split_once('=') {
            Some((name, value)) => option(name).is_some_and(|name| stands_in_clear(&name, value)),
            None => false,
        };
        let before = index
            .checked_sub(1)
            .and_then(|before| option(words[before]));
        let behind = before
            .filter(|name| !name.contains('=') && !word.starts_with('-'))
            .is_some_and(|name| stands_in_clear(&name, word));
        if given || behind || looks_like_one(word) {
            say(
                format!("/command/{index}"),
                "A key or token of a command",
                "Every user of the machine can read command lines. Write env: {NAME: \"{{ secrets.NAME }}\"}, and set it with druse secrets set NAME.".into(),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::in_clear;
    use serde_json::{Value, json};

    fn places(definition: &Value) -> Vec<String> {
        let found = in_clear("", definition);
        for finding in &found {
            assert_eq!(finding.code, "secret_needed");
            assert!(
                finding.help.contains("{{ secrets.NAME }}"),
                "{}",
                finding.help
            );
            assert!(!finding.help.contains("s3cr3t") && !finding.message.contains("s3cr3t"));
        }
        found
            .into_iter()
            .map(|finding| finding.path.unwrap())
            .collect()
    }

    #[test]
    fn tokens_in_clear_are_found_wherever_they_stand() {
        let http = json!({
            "kind": "http", "base_url": "https://h/api",
            "headers": {
                "authorization": "Bearer s3cr3t-abcdefg", "Cookie": "s3cr3t=1", "x-api-key": "s3cr3t",
                "proxy-authorization": "Basic {{ secrets.P }}", "accept": "text/html",
            },
        });
        assert_eq!(
            places(&http),
            [
                "/headers/authorization",
                "/headers/Cookie",
                "/headers/x-api-key"
            ]
        );
        let mcp = json!({
            "kind": "mcp", "command": ["srv", "--api-key", "s3cr3t", "--token=s3cr3t", "--port", "80"],
            "env": { "GITHUB_TOKEN": "s3cr3t", "REGION": "eu", "KEY": "{{ secrets.K }}" },
        });
        assert_eq!(
            places(&mcp),
            ["/env/GITHUB_TOKEN", "/command/2", "/command/3"]
        );
        let url = json!({ "kind": "mcp", "url": "https://h/mcp?api_key=s3cr3t" });
        assert_eq!(places(&url), ["/url"]);
        let plain = json!({ "kind": "mcp", "url": "https://h/mcp?tenant=7" });
        assert_eq!(places(&plain), Vec::<String>::new());
    }
}
