//! Lengths of time, causes and people in words, as the pages and the links say them.

use serde_json::Value;

/// What to do where a tool takes other arguments than it did.
const OF_TOOL: &str = "Fit the step to the tool as it is now, and activate the version again: from then on the tool is taken as it is then.";

/// What to do where an answer is not as later steps rely on.
const OF_ANSWER: &str = "Where it is meant, record the task anew or change the step's `output_schema`, and activate that version.";

/// What to do where an answer was about another thing than was asked for.
const OF_THING: &str = "Look which thing the service gives for what it is sent. Where that is meant, take the place out of the step's `answers_to`, and activate that version.";

/// What has changed outside, by the details of a failure or by a review: each change in a sentence, and what to do.
pub(crate) fn changed(changes: &Value) -> Option<(Vec<&str>, &'static str)> {
    let all = changes.as_array().filter(|all| !all.is_empty())?;
    let told = all.iter().filter_map(|change| change["message"].as_str());
    let any = |key: &str| all.iter().any(|change| !change[key].is_null());
    let help = match () {
        () if any("sent_at") => OF_THING,
        () if any("keyword") => OF_ANSWER,
        () => OF_TOOL,
    };
    Some((told.collect(), help))
}

/// A length of time with about two significant digits.
pub(crate) fn length(millis: u64) -> String {
    let seconds = millis / 1_000;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{}.{} s", seconds, millis % 1_000 / 100),
        10_000..100_000 => format!("{seconds} s"),
        100_000..5_400_000 => format!("{} min", (seconds + 30) / 60),
        5_400_000..129_600_000 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} d", (seconds + 43_200) / 86_400),
    }
}

/// How a run began.
pub(crate) fn cause(cause: &Value) -> String {
    let text = |name: &str| cause[name].as_str().unwrap_or_default();
    let trigger = match text("trigger") {
        "" => String::new(),
        name => format!(" {name}"),
    };
    match text("kind") {
        "manual" => format!("started by {}", text("by").trim_start_matches("user:")),
        "schedule" => format!("by schedule{trigger}"),
        "webhook" => format!("by webhook{trigger}"),
        "event" => format!("by event{trigger}"),
        "files" => format!("by a file of{trigger}"),
        "poll" => format!("by an item of{trigger}"),
        "automation" => "by another automation".into(),
        "retry" => format!("retried by {}", text("by").trim_start_matches("user:")),
        other => other.to_owned(),
    }
}

/// What a step does, for whoever has not read the document: with what stands in its configuration.
pub(crate) fn doing(action: &str, with: &Value) -> String {
    let text = |name: &str| with[name].as_str().unwrap_or_default();
    let to = |word: &str| match text("connection") {
        "" => String::new(),
        name => format!(" {word} {name}"),
    };
    match action {
        "mcp" => format!("calls {}{}", text("tool"), to("of")),
        "http" => {
            let writes = ["json", "form", "multipart", "body", "artifact"];
            let method = match text("method") {
                "" if writes.iter().any(|one| !with[*one].is_null()) => "POST",
                "" => "GET",
                method => method,
            };
            let place = if text("url").is_empty() {
                text("path")
            } else {
                text("url")
            };
            format!("sends {method} {place}{}", to("to"))
        }
        "shell" => match with["argv"][0].as_str() {
            Some(program) => format!("runs the program {program}"),
            None => "runs a script".into(),
        },
        "sql" => format!("sends SQL{}", to("to")),
        "mail" => format!("sends a mail{}", to("by")),
        "file" => match text("op") {
            "read" => format!("reads a file{}", to("of")),
            "write" => format!("writes a file{}", to("in")),
            "append" => format!("adds to a file{}", to("in")),
            "edit" => format!("changes a file{}", to("in")),
            other => format!("does {other}{}", to("in")),
        },
        "emit" => format!("emits the event {}", text("type")),
        "automation" => format!("starts the automation {}", text("automation")),
        "transform" => "works out a value".into(),
        "wait" => "waits".into(),
        "switch" => "decides what comes next".into(),
        "approval_gate" => "asks again".into(),
        "for_each" => "does this for each item".into(),
        "repeat" => "does this again and again".into(),
        other => other.to_owned(),
    }
}

/// Whom a gate asks.
pub(crate) fn asked(who: &[&str]) -> String {
    let words = who.iter().map(|one| match one.split_once(':') {
        Some(("role", role)) => format!("whoever has the role {role}"),
        Some(("user", name)) => name.to_owned(),
        _ => (*one).to_owned(),
    });
    words.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_step_does_is_said_with_what_it_is_given() {
        let told = |action: &str, with: Value| doing(action, &with);
        let refund = json!({ "connection": "shop", "path": "/refunds", "json": {} });
        assert_eq!(told("http", refund), "sends POST /refunds to shop");
        let look = json!({ "url": "https://x.example/a" });
        assert_eq!(told("http", look), "sends GET https://x.example/a");
        let pay = json!({ "connection": "bank", "tool": "pay" });
        assert_eq!(told("mcp", pay), "calls pay of bank");
        assert_eq!(
            told("shell", json!({ "argv": ["git", "push"] })),
            "runs the program git"
        );
        assert_eq!(
            told("shell", json!({ "script": "git push" })),
            "runs a script"
        );
        assert_eq!(told("anew", json!({})), "anew");
    }

    #[test]
    fn lengths_have_two_digits_or_so() {
        let cases = [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_250, "1.2 s"),
            (61_000, "61 s"),
            (120_000, "2 min"),
            (7_200_000, "2 h"),
            (200_000_000, "2 d"),
        ];
        for (millis, text) in cases {
            assert_eq!(length(millis), text);
        }
    }
}
