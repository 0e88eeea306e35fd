//! Reads how often a connection may be used.

use super::parse::Reader;
use druse_engine::Finding;
use druse_engine::flow::{BadRate, MOST_STARTS, Rate};
use serde_json::{Map, Value};

/// The keys of it.
pub(super) const RATE: [&str; 2] = ["rate", "burst"];

const HELP: &str =
    "Write it as N/s, N/m, N/h or N/d: 30/m lets thirty attempts begin in any minute.";

/// The rate of a connection, as it stands in its definition.
///
/// # Errors
/// All findings, each with its place: a JSON Pointer below `at`.
pub fn rate_of(at: &str, definition: &Value) -> Result<Option<Rate>, Vec<Finding>> {
    let mut reader = Reader {
        at: at.into(),
        findings: Vec::new(),
    };
    let rate = reader.rate(definition);
    match reader.findings.is_empty() {
        true => Ok(rate),
        false => Err(reader.findings),
    }
}

impl Reader {
    pub(super) fn rate(&mut self, definition: &Value) -> Option<Rate> {
        let map = definition.as_object()?;
        let rate = match map.get("rate") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => match text.parse::<Rate>() {
                Ok(rate) => Some(rate),
                Err(reason) => {
                    self.bad_rate(text, reason);
                    return None;
                }
            },
            Some(_) => {
                self.wrong("wrong_type", "/rate", "A rate is a text.", HELP);
                return None;
            }
        };
        match self.burst(map)? {
            None => rate,
            Some(burst) => self.with_burst(rate, burst),
        }
    }

    fn bad_rate(&mut self, text: &str, reason: BadRate) {
        let shown: String = text.chars().take(40).collect();
        let message = match reason {
            BadRate::Zero => format!("{shown:?} is no rate: nothing could ever begin."),
            BadRate::TooMany => {
                format!("{shown:?} is no rate: at most {MOST_STARTS} are counted in a period.")
            }
            BadRate::Shape | BadRate::Burst => format!("{shown:?} is no rate."),
        };
        self.wrong("wrong_value", "/rate", message, HELP);
    }

    /// The burst that is given; none where that is wrong.
    fn burst(&mut self, map: &Map<String, Value>) -> Option<Option<u32>> {
        let given = match map.get("burst") {
            None | Some(Value::Null) => return Some(None),
            Some(given) => given,
        };
        let burst = given.as_u64().and_then(|burst| u32::try_from(burst).ok());
        if burst.is_none() {
            self.wrong(
                "wrong_type",
                "/burst",
                "A burst is a whole number.",
                "Write how many attempts may begin at once, such as burst: 5.",
            );
        }
        burst.map(Some)
    }

    fn with_burst(&mut self, rate: Option<Rate>, burst: u32) -> Option<Rate> {
        let Some(rate) = rate else {
            self.wrong(
                "missing_key",
                "/burst",
                "A burst belongs to a rate, and there is none.",
                "Write the rate beside it, such as rate: 30/m.",
            );
            return None;
        };
        let limited = rate.with_burst(burst).ok();
        if limited.is_none() {
            self.wrong(
                "wrong_value",
                "/burst",
                format!("A burst of {burst} does not fit the rate {rate}."),
                &format!("It is between 1 and {}.", rate.count()),
            );
        }
        limited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Connection;
    use serde_json::json;

    fn with(rate: &Value, burst: &Value) -> Value {
        json!({ "kind": "http", "base_url": "https://h", "rate": rate, "burst": burst })
    }

    #[test]
    fn each_kind_of_connection_can_have_a_rate() {
        for connection in [
            json!({ "kind": "http", "base_url": "https://h" }),
            json!({ "kind": "mcp", "url": "https://h" }),
            json!({ "kind": "mcp", "command": ["a"] }),
            json!({ "kind": "sqlite", "path": "a.db" }),
            json!({ "kind": "postgres", "host": "h", "user": "u" }),
            json!({ "kind": "folder", "path": "/a" }),
            json!({ "kind": "smtp", "host": "h", "from": "a@b.example" }),
        ] {
            assert_eq!(rate_of("", &connection), Ok(None));
            let mut rated = connection;
            rated["rate"] = "30/m".into();
            rated["burst"] = 5.into();
            assert!(Connection::parse("", &rated).is_ok(), "{rated}");
            let rate = rate_of("", &rated).unwrap().unwrap();
            assert_eq!((rate.to_string().as_str(), rate.burst()), ("30/m", Some(5)));
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_its_place_and_what_to_do() {
        let null = Value::Null;
        for (rate, burst, expected) in [
            (json!("0/m"), &null, "wrong_value /c/rate"),
            (json!("30/x"), &null, "wrong_value /c/rate"),
            (json!("-1/m"), &null, "wrong_value /c/rate"),
            (json!("1.5/s"), &null, "wrong_value /c/rate"),
            (json!("30"), &null, "wrong_value /c/rate"),
            (json!(""), &null, "wrong_value /c/rate"),
            (json!("2000000/d"), &null, "wrong_value /c/rate"),
            (json!(30), &null, "wrong_type /c/rate"),
            (json!(["30/m"]), &null, "wrong_type /c/rate"),
            (json!("30/m"), &json!(0), "wrong_value /c/burst"),
            (json!("30/m"), &json!(31), "wrong_value /c/burst"),
            (json!("30/m"), &json!(-1), "wrong_type /c/burst"),
            (json!("30/m"), &json!("5"), "wrong_type /c/burst"),
            (json!("30/m"), &json!(1e12), "wrong_type /c/burst"),
            (null.clone(), &json!(5), "missing_key /c/burst"),
        ] {
            let wrong = Connection::parse("/c", &with(&rate, burst)).unwrap_err();
            let [finding] = wrong.as_slice() else {
                panic!("{rate} {burst}: {wrong:?}");
            };
            let place = finding.path.as_deref().unwrap_or_default();
            assert_eq!(format!("{} {place}", finding.code), expected);
            assert!(!finding.help.is_empty(), "{finding:?}");
            assert_eq!(rate_of("/c", &with(&rate, burst)), Err(wrong));
        }
    }
}
