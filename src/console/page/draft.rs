//! A step of a draft: what it is given and where each value came from.

use super::review::reads;
use crate::console::component::value;
use maud::{Markup, html};
use serde_json::Value;

/// Where a value came from: a sign, a class and a word, never a colour alone.
pub(super) struct Source {
    sign: &'static str,
    class: &'static str,
    word: &'static str,
    /// The step, where it is the output of one.
    step: Option<String>,
}

const SAID: Source = Source {
    sign: "“",
    class: "o-said",
    word: "what the person said",
    step: None,
};
const SECRET: Source = Source {
    sign: "⚷",
    class: "o-secret",
    word: "a secret",
    step: None,
};
const CLOCK: Source = Source {
    sign: "◷",
    class: "o-clock",
    word: "the time of the run",
    step: None,
};
const MADE: Source = Source {
    sign: "✎",
    class: "o-made",
    word: "frozen as the agent gave it",
    step: None,
};

const PASS: Source = Source {
    sign: "⇐",
    class: "o-step",
    word: "what the pass is about",
    step: None,
};

/// The source that an expression names; `items` are the names under which loops give what a pass is about.
fn source(written: &Value, items: &[String]) -> Source {
    let Some(text) = written.as_str().filter(|text| text.contains("{{")) else {
        return MADE;
    };
    let inside = text.split("{{").nth(1).unwrap_or_default();
    if reads(&format!("{{{{{inside}"), items) {
        return PASS;
    }
    if let Some(rest) = inside.split("steps.").nth(1) {
        let step: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        return Source {
            sign: "⇐",
            class: "o-step",
            word: "the output of an earlier step",
            step: Some(step),
        };
    }
    if inside.contains("secrets.") {
        SECRET
    } else if inside.contains("inputs.") {
        SAID
    } else if inside.contains("run.") {
        CLOCK
    } else {
        MADE
    }
}

/// All signs with their words.
pub(super) fn legend() -> Markup {
    let step = source(&Value::from("{{ steps.a.output }}"), &[]);
    html! {
        p .legend {
            @for one in [SAID, step, SECRET, CLOCK, MADE] {
                span .origin.(one.class) { span aria-hidden="true" { (one.sign) } " " (one.word) }
            }
        }
    }
}

/// A value of a step's configuration.
pub(super) struct Leaf<'a> {
    /// JSON Pointer into `with`.
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

/// The values of a step's configuration, those that say how left out.
pub(super) fn leaves(with: &Value) -> Vec<Leaf<'_>> {
    let mut all = Vec::new();
    collect(&mut all, String::new(), with);
    all.retain(|leaf| !["/connection", "/tool", "/method"].contains(&leaf.pointer.as_str()));
    all
}

fn collect<'a>(all: &mut Vec<Leaf<'a>>, pointer: String, value: &'a Value) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(all, format!("{pointer}/{name}"), value);
            }
        }
        _ if pointer.is_empty() => {}
        value => all.push(Leaf { pointer, value }),
    }
}

/// A pointer as people read it.
pub(super) fn name(pointer: &str) -> String {
    let short = pointer
        .strip_prefix("/arguments")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(pointer);
    short
        .trim_start_matches('/')
        .replace('/', ".")
        .replace("~1", "/")
        .replace("~0", "~")
}

/// The value with its sign; `why` is what the crystallizer says about it.
pub(super) fn show(written: &Value, items: &[String], why: Option<&str>) -> Markup {
    let source = source(written, items);
    html! {
        span .origin.(source.class) title=(why.unwrap_or(source.word)) {
            span aria-hidden="true" { (source.sign) }
            span .sr { (source.word) ": " }
            @if let Some(step) = &source.step { a href={ "#step-" (step) } { (step) } " " }
        }
        (value::show(written))
        @if let Some(why) = why { div .dim.why-bound { (value::said(why)) } }
    }
}

/// Whose word a value is, where it is neither the person's nor the agent's.
pub(super) fn word(labels: &Value, step: &str, pointer: &str) -> Markup {
    let path = format!("/with{pointer}");
    let mut labels = labels.as_array().into_iter().flatten();
    let label = labels.find(|one| one["step"] == step && one["path"] == path.as_str());
    let said = label.and_then(|label| {
        let source = label["source"].as_str().unwrap_or("a tool");
        match label["from"].as_str() {
            Some("open") => Some((
                "⚠",
                format!("stood in what `{source}` answered: whoever wrote that chose it"),
            )),
            Some("tool") => Some(("⇐", format!("`{source}` answered it"))),
            _ => None,
        }
    });
    html! {
        @if let Some((sign, text)) = said {
            div .dim.why-bound { span aria-hidden="true" { (sign) } " " (value::said(&text)) }
        }
    }
}
