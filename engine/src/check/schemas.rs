//! What a JSON Schema says that nothing hears: misspelt keywords, formats that nobody checks.

use super::Context;
use crate::Finding;
use crate::expression::nearest;
use crate::plan::pointer;
use serde_json::Value;

/// The keywords of JSON Schema 2020-12, and `sensitive`.
const KEYWORDS: [&str; 61] = [
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "dependentRequired",
    "dependentSchemas",
    "deprecated",
    "description",
    "else",
    "enum",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "readOnly",
    "required",
    "sensitive",
    "then",
    "title",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "writeOnly",
    "xml",
];

/// The formats that values are checked for.
const FORMATS: [&str; 19] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// Looks through the schema at `path`. Only that of an input itself may be `sensitive`.
pub(super) fn check(context: &mut Context<'_>, schema: &Value, path: &str, is_input: bool) {
    let Some(map) = schema.as_object() else {
        return;
    };
    for (key, value) in map {
        let at = format!("{path}{}", pointer(&[key]));
        if key == "sensitive" {
            sensitive(context, value, &at, is_input);
        } else if !KEYWORDS.contains(&key.as_str()) && !key.starts_with("x-") {
            let finding = Finding::warning(
                "unknown_keyword",
                format!("`{key}` is no keyword of JSON Schema, so it checks nothing"),
            )
            .at_path(&at);
            context.say(match nearest(key, KEYWORDS) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("what it says in words belongs into `description`"),
            });
        }
        if key == "format"
            && let Some(format) = value.as_str()
            && !FORMATS.contains(&format)
        {
            let finding = Finding::warning(
                "unknown_format",
                format!("the format `{format}` is not known, so it checks nothing"),
            )
            .at_path(&at);
            context.say(match nearest(format, FORMATS) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help(format!("known are: {}", FORMATS.join(", "))),
            });
        }
        for (inner, at) in below(key, value, &at) {
            check(context, inner, &at, false);
        }
    }
}

fn sensitive(context: &mut Context<'_>, value: &Value, at: &str, is_input: bool) {
    if !is_input {
        context.say(
            Finding::error(
                "sensitive_not_allowed",
                "only an input as a whole can be sensitive",
            )
            .at_path(at)
            .help("make an input of its own of it"),
        );
    } else if !value.is_boolean() {
        context.say(Finding::error("bad_schema", "`sensitive` is true or false").at_path(at));
    }
}

/// The schemas right below a keyword.
fn below<'a>(key: &str, value: &'a Value, at: &str) -> Vec<(&'a Value, String)> {
    match (key, value) {
        (
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
            Value::Object(named),
        ) => named
            .iter()
            .map(|(name, schema)| (schema, format!("{at}{}", pointer(&[name]))))
            .collect(),
        ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(listed)) => listed
            .iter()
            .enumerate()
            .map(|(index, schema)| (schema, format!("{at}/{index}")))
            .collect(),
        (
            "additionalProperties"
            | "items"
            | "contains"
            | "not"
            | "if"
            | "then"
            | "else"
            | "propertyNames"
            | "unevaluatedItems"
            | "unevaluatedProperties"
            | "contentSchema",
            schema @ Value::Object(_),
        ) => vec![(schema, at.to_owned())],
        _ => Vec::new(),
    }
}
