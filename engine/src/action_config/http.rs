//! `http`.

use super::{Text, present};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// An HTTP call: over a connection with `path`, or to a `url`. At most one of `json`, `form`,
/// `multipart`, `body` and `artifact`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// The connection's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Appended to the connection's `base_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A whole address; it may not reach loopback, private or link-local hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Left out: GET.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Query parameters; a list repeats its name, null leaves it out.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub query: Map<String, Value>,
    /// Headers; values may be `{{ secrets.NAME }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Text>,
    /// A JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "present")]
    #[schemars(with = "Value")]
    pub json: Option<Value>,
    /// A form body: a text by name; a list repeats its name, null leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<BTreeMap<String, FormField>>,
    /// A multipart body: a text or `{text | json | base64 | artifact, filename?, content_type?}` by name; a list
    /// repeats its name, null leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multipart: Option<BTreeMap<String, MultipartField>>,
    /// A body as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Text>,
    /// A body that is an artifact, as the output of an earlier step has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub artifact: Option<Value>,
    /// Keeps the body of the answer as an artifact of this name, in the place of having it in the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_as: Option<String>,
    /// Follows a service that answers page by page; only for GET.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paginate: Option<Paginate>,
}

/// The name under which the expressions of `paginate` see a page: its `status`, `headers`, `json`, `text`,
/// and its `number` from 1.
pub const PAGE: &str = "page";

/// How the pages of a service hang together. Both expressions are bare and see `page` alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paginate {
    /// Where the next page is: `link` for the header `Link` with `rel="next"`, or an expression. A text
    /// is an address or a path, a map is query parameters that replace those of the step; null and what
    /// else is empty end it.
    pub next: String,
    /// An expression that gives the list of items of a page.
    pub items: String,
    /// More pages than this are an error; left out: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max: Option<u32>,
}

/// The value of a field of a form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FormField(pub Value);

impl JsonSchema for FormField {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FormField".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "number", "boolean", "null", "array"],
            "items": { "type": ["string", "number", "boolean", "null"] },
        })
    }
}

/// The value of a field of a multipart body.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MultipartField(pub Value);

impl JsonSchema for MultipartField {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MultipartField".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let parts = serde_json::json!({
            "text": { "type": ["string", "number", "boolean"], "description": "The content as text." },
            "json": { "description": "The content as JSON." },
            "base64": { "type": "string", "description": "The content in base64." },
            "artifact": { "type": "object", "description": "The content is that of an artifact, as the output of an earlier step has it." },
            "filename": { "type": "string", "description": "The name of the file." },
            "content_type": { "type": "string", "description": "Its media type." },
        });
        schemars::json_schema!({
            "type": ["string", "number", "boolean", "null", "array", "object"],
            "properties": parts.clone(),
            "additionalProperties": false,
            "items": {
                "type": ["string", "number", "boolean", "object"],
                "properties": parts,
                "additionalProperties": false,
            },
        })
    }
}
