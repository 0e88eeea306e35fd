//! Fills a recorded call into a rule's configuration.

use super::request::Request;
use crate::secret::Names;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A rule's configuration with a call filled in, in the two forms that the replay compares.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Filled<'a> {
    /// As the document holds it: recorded text that looks like a template is written as a literal.
    /// It is moved into the document once that is written.
    pub(crate) document: Option<Box<Map<String, Value>>>,
    /// As the action has to get it: recorded values as they are.
    pub(crate) request: Request<'a>,
    /// JSON Pointers of strings with expressions of the rule's own, which only a run can fill in.
    pub(crate) open: BTreeSet<String>,
    /// Where a part of the call stands whole: pointer in the request, pointer in the arguments.
    pub(crate) places: Places,
    /// Texts of the rule that parts of the call stand in, with other text.
    pub(crate) mixed: Vec<Mixed>,
}

/// Pointers in a request, each with the pointer in the arguments of what stands there. Those of most calls are one that
/// all share.
pub(crate) type Places = Cow<'static, [(Cow<'static, str>, Cow<'static, str>)]>;

/// A text of a rule with parts of the call in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mixed {
    /// JSON Pointer in the request.
    pub(crate) place: String,
    pub(crate) parts: Vec<MixedPart>,
}

/// A part of such a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MixedPart {
    /// The rule's own text, or the name of the tool.
    Text(String),
    /// An expression of the rule's own, with its braces.
    Own(String),
    /// An argument: its pointer, and its value as text.
    Argument(String, String),
}

/// Why a rule's configuration cannot be filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CannotFill(pub(crate) String);

/// Fills in `call.name` and `call.arguments`.
pub(crate) fn fill(
    with: &Map<String, Value>,
    name: &str,
    arguments: &Value,
    names: &Names,
) -> Result<Filled<'static>, CannotFill> {
    let mut filled = Filled::default();
    let (mut written, mut whole) = (Map::new(), Map::new());
    for (key, value) in with {
        let pointer = format!("/{}", escape(key));
        let (document, request) =
            fill_value(value, (name, arguments, names), &pointer, &mut filled)?;
        written.insert(key.clone(), document);
        whole.insert(key.clone(), request);
    }
    filled.document = Some(Box::new(written));
    filled.request = whole.into();
    Ok(filled)
}

/// A call: the name of its tool, its arguments, and the names of secrets in them.
type Called<'c> = (&'c str, &'c Value, &'c Names);

/// A recorded value as it stands in a document: text that holds `{{` becomes one literal expression, but for the names
/// of secrets that were taken out of it.
pub(crate) fn freeze(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(text) => Value::String(names.template(text)),
        Value::Array(items) => Value::Array(items.iter().map(|item| freeze(item, names)).collect()),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, inner)| (key.clone(), freeze(inner, names)))
                .collect(),
        ),
        scalar => scalar.clone(),
    }
}

/// A key as a part of a JSON Pointer.
pub(crate) fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        key.replace('~', "~0").replace('/', "~1").into()
    } else {
        key.into()
    }
}

fn fill_value(
    value: &Value,
    call: Called<'_>,
    pointer: &str,
    filled: &mut Filled<'_>,
) -> Result<(Value, Value), CannotFill> {
    Ok(match value {
        Value::String(text) => fill_text(text, call, pointer, filled)?,
        Value::Array(items) => {
            let (mut document, mut request) = (Vec::new(), Vec::new());
            for (index, item) in items.iter().enumerate() {
                let inner = format!("{pointer}/{index}");
                let (left, right) = fill_value(item, call, &inner, filled)?;
                document.push(left);
                request.push(right);
            }
            (Value::Array(document), Value::Array(request))
        }
        Value::Object(map) => {
            let (mut document, mut request) = (Map::new(), Map::new());
            for (key, item) in map {
                let inner = format!("{pointer}/{}", escape(key));
                let (left, right) = fill_value(item, call, &inner, filled)?;
                document.insert(key.clone(), left);
                request.insert(key.clone(), right);
            }
            (Value::Object(document), Value::Object(request))
        }
        scalar => (scalar.clone(), scalar.clone()),
    })
}

/// A part of a rule's text.
enum Part<'a> {
    Text(&'a str),
    /// With its braces, and without.
    Expression(&'a str, &'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = end_of_expression(&rest[start + 2..]) else {
            break;
        };
        let end = start + 2 + length + 2;
        if start > 0 {
            parts.push(Part::Text(&rest[..start]));
        }
        parts.push(Part::Expression(
            &rest[start..end],
            rest[start + 2..end - 2].trim(),
        ));
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// Bytes up to the `}}` that ends an expression; those inside its quotes do not.
fn end_of_expression(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if text[index..].starts_with("}}") => return Some(index),
            None => {}
        }
    }
    None
}

fn fill_text(
    text: &str,
    (name, arguments, names): Called<'_>,
    pointer: &str,
    filled: &mut Filled<'_>,
) -> Result<(Value, Value), CannotFill> {
    let parts = parts(text);
    if let [Part::Expression(_, source)] = parts.as_slice() {
        return Ok(match of_call(source, name, arguments)? {
            Some((value, path)) => {
                if let Some(path) = path {
                    let place = (pointer.to_owned().into(), path.into());
                    filled.places.to_mut().push(place);
                }
                (freeze(&value, names), value)
            }
            None => {
                filled.open.insert(pointer.to_owned());
                (Value::from(text), Value::from(text))
            }
        });
    }
    let (mut document, mut request) = (String::new(), String::new());
    let mut open = false;
    let mut mixed = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => {
                mixed.push(MixedPart::Text(text.to_owned()));
                document.push_str(text);
                request.push_str(text);
            }
            Part::Expression(whole, source) => match of_call(source, name, arguments)? {
                Some((value, path)) => {
                    let text = match value {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    mixed.push(match path {
                        Some(path) => MixedPart::Argument(path, text.clone()),
                        None => MixedPart::Text(text.clone()),
                    });
                    document.push_str(&names.template(&text));
                    request.push_str(&text);
                }
                None => {
                    open = true;
                    mixed.push(MixedPart::Own(whole.to_owned()));
                    document.push_str(whole);
                    request.push_str(whole);
                }
            },
        }
    }
    // Without an expression of the rule's own the text is fixed, and written as one literal where it
    // has to be: two harmless texts can make a `{{` where they meet.
    if !open {
        document = names.template(&request);
    }
    if open {
        filled.open.insert(pointer.to_owned());
    }
    if mixed
        .iter()
        .any(|part| matches!(part, MixedPart::Argument(..)))
    {
        filled.mixed.push(Mixed {
            place: pointer.to_owned(),
            parts: mixed,
        });
    }
    Ok((Value::from(document), Value::from(request)))
}

/// The value that an expression names, and its pointer in the arguments; `None` when it is not about the call.
fn of_call(
    source: &str,
    name: &str,
    arguments: &Value,
) -> Result<Option<(Value, Option<String>)>, CannotFill> {
    let mut words = source.split('.');
    if words.next().map(str::trim) != Some("call") {
        // An expression that only mentions the call would be left for the run, which knows no call.
        let mentions = source
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word == "call");
        return if mentions {
            Err(CannotFill(format!(
                "`{}` is more than a path: write `call.name`, `call.arguments` or `call.arguments.<field>`",
                shorten(source)
            )))
        } else {
            Ok(None)
        };
    }
    match words.next().map(str::trim) {
        Some("name") if words.next().is_none() => Ok(Some((Value::from(name), None))),
        Some("arguments") => {
            let mut value = arguments;
            let mut pointer = String::new();
            for word in words {
                let word = word.trim();
                value = match value {
                    Value::Object(map) => map.get(word),
                    Value::Array(items) => word
                        .parse::<usize>()
                        .ok()
                        .and_then(|index| items.get(index)),
                    _ => None,
                }
                .ok_or_else(|| {
                    CannotFill(format!("the call has no argument `{}`", shorten(source)))
                })?;
                pointer.push('/');
                pointer.push_str(&escape(word));
            }
            Ok(Some((value.clone(), Some(pointer))))
        }
        _ => Err(CannotFill(format!(
            "`{}` is not known: a call has `call.name` and `call.arguments`",
            shorten(source)
        ))),
    }
}

fn shorten(text: &str) -> String {
    crate::show::text(text, 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filled(with: Value, arguments: Value) -> Result<Filled<'static>, CannotFill> {
        fill(
            with.as_object().unwrap(),
            "get_it",
            &arguments,
            &Names::default(),
        )
    }

    #[test]
    fn arguments_stand_whole_and_with_their_types() {
        let done = filled(
            json!({ "path": "/tools/{{ call.name }}/{{call.arguments.id}}", "json": "{{ call.arguments }}", "n": "{{ call.arguments.id }}" }),
            json!({ "id": 7, "text": "a {{ b }} 'c'" }),
        )
        .unwrap();
        assert_eq!(
            Value::from(done.request.whole().into_owned()),
            json!({ "path": "/tools/get_it/7", "json": { "id": 7, "text": "a {{ b }} 'c'" }, "n": 7 })
        );
        assert_eq!(
            done.document.as_ref().unwrap()["json"]["text"],
            json!("{{ 'a {{ b }} \\'c\\'' }}")
        );
        assert_eq!(
            *done.places,
            [("/json".into(), "".into()), ("/n".into(), "/id".into())]
        );
        assert!(done.open.is_empty());
    }

    #[test]
    fn expressions_of_the_rule_itself_stay() {
        let done = filled(
            json!({ "headers": { "x": "Bearer {{ secrets.KEY }}" } }),
            json!({}),
        )
        .unwrap();
        assert_eq!(
            done.document.as_ref().unwrap()["headers"]["x"],
            json!("Bearer {{ secrets.KEY }}")
        );
        assert!(done.open.contains("/headers/x"));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for wrong in [
            "{{ call }}",
            "{{ call.nothing }}",
            "{{ call.arguments.a }}",
            "{{ upper(call.name) }}",
        ] {
            assert!(filled(json!({ "x": wrong }), json!({})).is_err(), "{wrong}");
        }
    }

    #[test]
    fn braces_that_meet_are_no_template() {
        let done = filled(
            json!({ "x": "{{ call.arguments.a }}{{ call.arguments.b }} }}" }),
            json!({ "a": "{", "b": "{ 1" }),
        )
        .unwrap();
        assert_eq!(done.request.get("x"), Some(&json!("{{ 1 }}")));
        assert_eq!(done.document.unwrap()["x"], json!("{{ '{{ 1 }}' }}"));
    }
}
