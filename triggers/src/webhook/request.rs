//! What expressions see of a delivery: `trigger.body`, `headers`, `query`, `method` and `id`.

use super::{Delivery, Headers};
use base64::{Engine, engine::general_purpose::STANDARD};
use druse_engine::json::{DEEPEST, is_deep};
use serde_json::{Map, Value, json};

/// A request to a webhook's address.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The query without its question mark.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a Headers,
    /// The raw bytes.
    pub body: &'a [u8],
}

/// Why a verified body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The content type says JSON.
    #[error("the body is not valid JSON")]
    InvalidJson,
    /// It is JSON that no run can hold.
    #[error("the body is nested more than {DEEPEST} deep")]
    TooDeep,
    /// The content type says `multipart/form-data`.
    #[error("the body is not multipart/form-data with a boundary and names")]
    BadMultipart,
}

/// How the reader of JSON says that it goes no deeper.
const TOO_DEEP: &str = "recursion limit exceeded";

/// What proves a sender is for the verifier alone and goes into no journal.
const WITHHELD: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-gitlab-token",
];

impl Request<'_> {
    /// The value of `trigger`. Header names are in lower case, doubled headers joined by `, `; a query or
    /// form field that comes several times is a list; credentials are left out.
    pub fn trigger(&self, delivery: &Delivery) -> Result<Value, BodyError> {
        let mut headers = Map::new();
        for (name, value) in self.headers.iter() {
            let name = name.to_ascii_lowercase();
            if WITHHELD.contains(&name.as_str()) {
                continue;
            }
            match headers.get_mut(&name) {
                Some(Value::String(known)) => {
                    known.push_str(", ");
                    known.push_str(value);
                }
                _ => {
                    headers.insert(name, value.into());
                }
            }
        }
        let mut trigger = Map::new();
        trigger.insert("body".into(), self.body()?);
        trigger.insert("headers".into(), headers.into());
        trigger.insert("query".into(), fields(self.query.as_bytes()));
        trigger.insert("method".into(), self.method.into());
        trigger.insert("id".into(), delivery.id.clone().into());
        Ok(trigger.into())
    }

    /// JSON as its value, a form as an object, text as text, anything else as `{base64, size}`; without a
    /// content type JSON if it is JSON.
    fn body(&self) -> Result<Value, BodyError> {
        let content_type = self
            .headers
            .one("content-type")
            .ok()
            .flatten()
            .unwrap_or_default();
        let media = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let json = || match serde_json::from_slice::<Value>(self.body) {
            Ok(value) if is_deep(&value) => Err(BodyError::TooDeep),
            Ok(value) => Ok(value),
            // What is wrong with the rest of it is not known then.
            Err(error) if error.to_string().starts_with(TOO_DEEP) => Err(BodyError::TooDeep),
            Err(_) => Err(BodyError::InvalidJson),
        };
        if self.body.is_empty() {
            Ok(Value::Null)
        } else if media == "application/json" || media.ends_with("+json") {
            json()
        } else if media == "application/x-www-form-urlencoded" {
            Ok(fields(self.body))
        } else if media == "multipart/form-data" {
            super::multipart::read(content_type, self.body)
        } else if media.is_empty() {
            Ok(json().unwrap_or_else(|_| self.text_or_bytes(content_type)))
        } else {
            Ok(self.text_or_bytes(content_type))
        }
    }

    fn text_or_bytes(&self, content_type: &str) -> Value {
        let lower = content_type.to_ascii_lowercase();
        if lower.starts_with("text/") && lower.contains("charset=iso-8859-1") {
            return self
                .body
                .iter()
                .copied()
                .map(char::from)
                .collect::<String>()
                .into();
        }
        match std::str::from_utf8(self.body) {
            Ok(text) => text.into(),
            Err(_) => json!({ "base64": STANDARD.encode(self.body), "size": self.body.len() }),
        }
    }
}

fn fields(encoded: &[u8]) -> Value {
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        let value = Value::from(value.as_ref());
        match fields.get_mut(name.as_ref()) {
            Some(Value::Array(values)) => values.push(value),
            Some(known) => *known = Value::Array(vec![known.take(), value]),
            None => {
                fields.insert(name.into_owned(), value);
            }
        }
    }
    fields.into()
}
