//! Maps whose keys are data: what they hold comes and goes with its key, so that a run must not read it by the key that
//! the recording had.

use super::data::is_telephone;
use super::key::words;
use super::said::Said;
use super::selector::Known;
use crate::value_class::{self, ValueClass};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

/// The digits of an account number at least.
const ACCOUNT: usize = 10;

/// Whether keys are codes of one kind (`TK-1`, `TK-2`), or names that have each an address, a telephone or an account.
pub(super) fn has_data_keys(map: &Map<String, Value>) -> bool {
    map.len() >= 2 && is_even(map) && (are_codes(map) || are_names(map))
}

/// Whether all values are of one kind, and none is a list.
fn is_even(map: &Map<String, Value>) -> bool {
    let mut values = map.values();
    let Some(first) = values.next() else {
        return false;
    };
    !first.is_array()
        && !first.is_null()
        && values.all(|one| std::mem::discriminant(one) == std::mem::discriminant(first))
}

/// Capital letters and a number behind them, all with the same letters.
fn are_codes(map: &Map<String, Value>) -> bool {
    let stems: BTreeSet<Option<&str>> = map.keys().map(|key| stem(key)).collect();
    stems.len() == 1 && !stems.contains(&None)
}

fn stem(key: &str) -> Option<&str> {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let letters = stem.trim_end_matches(['-', '_', '#']);
    let is_code = stem.len() < key.len()
        && !letters.is_empty()
        && letters.bytes().all(|b| b.is_ascii_uppercase());
    is_code.then_some(stem)
}

/// Names with a capital, none of which names a property, over values of one kind that somebody has one of.
fn are_names(map: &Map<String, Value>) -> bool {
    let is_named = |key: &String| {
        key.chars().next().is_some_and(char::is_uppercase)
            && key.chars().any(char::is_lowercase)
            && !is_property(key)
    };
    map.keys().all(is_named) && have_one_each(map)
}

/// Whether all values are addresses, telephones or accounts.
fn have_one_each(map: &Map<String, Value>) -> bool {
    let kinds: BTreeSet<Option<u8>> = map.values().map(kind).collect();
    kinds.len() == 1 && !kinds.contains(&None)
}

fn kind(value: &Value) -> Option<u8> {
    let text = value.as_str()?.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match value_class::of(text) {
        Some(ValueClass::Email) => Some(0),
        Some(ValueClass::Id) if digits >= ACCOUNT => Some(1),
        _ if is_telephone(text) => Some(2),
        _ => None,
    }
}

/// Whether a key names what things have: it is of the shape, whatever was said.
fn is_property(key: &str) -> bool {
    const NAMES: [&str; 80] = [
        "name",
        "title",
        "status",
        "state",
        "type",
        "kind",
        "price",
        "amount",
        "total",
        "sum",
        "balance",
        "date",
        "time",
        "day",
        "month",
        "year",
        "email",
        "mail",
        "phone",
        "telephone",
        "mobile",
        "fax",
        "address",
        "iban",
        "bic",
        "swift",
        "id",
        "number",
        "code",
        "key",
        "owner",
        "author",
        "creator",
        "sender",
        "recipient",
        "receiver",
        "from",
        "to",
        "cc",
        "bcc",
        "assignee",
        "reporter",
        "contact",
        "home",
        "work",
        "office",
        "support",
        "subject",
        "text",
        "body",
        "description",
        "note",
        "comment",
        "reason",
        "priority",
        "quantity",
        "count",
        "size",
        "weight",
        "city",
        "country",
        "currency",
        "tax",
        "vat",
        "fee",
        "url",
        "link",
        "website",
        "web",
        "version",
        "order",
        "customer",
        "user",
        "account",
        "invoice",
        "arn",
        "first",
        "last",
        "main",
        "result",
    ];
    let all = words(key);
    // Of a key of several words the last names it.
    all.last().is_none_or(|word| NAMES.contains(&word.as_str()))
}

/// What is known of the keys that a call may answer with.
pub(super) struct Given<'b> {
    pub(super) said: &'b Said,
    pub(super) known: &'b HashMap<String, Vec<Known>>,
    /// What the call was sent.
    pub(super) asked: Option<&'b Value>,
}

impl Given<'_> {
    /// Whether a key of a map was asked for by a value that follows, or a person named it: then the keys are data.
    pub(super) fn gives(&self, map: &Map<String, Value>) -> bool {
        is_even(map)
            && map
                .keys()
                .any(|key| self.is_asked(key) || self.is_said(key, map))
    }

    fn is_asked(&self, key: &str) -> bool {
        let value = Value::from(key);
        let Some(asked) = self.asked else {
            return false;
        };
        let mut is_sent = false;
        crate::leaf::leaves(asked, &mut |_, _, leaf| is_sent |= *leaf == value);
        is_sent && expression(&value, self.known).is_some()
    }

    fn is_said(&self, key: &str, map: &Map<String, Value>) -> bool {
        if is_property(key) {
            return false;
        }
        let each = map.len() >= 2 && have_one_each(map);
        self.said.names_key(key, each)
    }
}

/// What gives a key: a value that is known, or the only one of a list that is.
pub(super) fn expression(key: &Value, known: &HashMap<String, Vec<Known>>) -> Option<String> {
    let first = |text: String| known.get(&text).and_then(|all| all.first());
    match first(key.to_string()) {
        Some(known) => Some(known.expression.clone()),
        None => first(Value::from(vec![key.clone()]).to_string())
            .map(|known| format!("({} | only)", known.expression)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_that_are_data_and_keys_of_the_shape() {
        for (map, expected) in [
            (json!({ "TK-1": "Printer", "TK-2": "Acme" }), true),
            (
                json!({ "U1": "DE89370400440532013000", "U2": "DE02120300000000202051" }),
                true,
            ),
            (
                json!({ "Bolt": "DE89370400440532013000", "Acme": "DE02120300000000202051" }),
                true,
            ),
            (
                json!({ "Alice": "+49 171 2223344", "Bob": "+49 171 5556677" }),
                true,
            ),
            (json!({ "Ann": "ann@x.test", "Bob": "bob@x.test" }), true),
            (json!({ "TK-1": "Printer", "TK-2": 3 }), false),
            (json!({ "address1": "Main street", "address2": "" }), false),
            (
                json!({ "Email": "ann@x.test", "Sender": "bob@x.test" }),
                false,
            ),
            (
                json!({ "OrderId": "1234567890", "UserId": "2234567890" }),
                false,
            ),
            (json!({ "from": "ann@x.test", "to": "bob@x.test" }), false),
            (json!({ "Order": "W48121", "Ticket": "T-1100" }), false),
            (json!({ "NAME": "Ann", "CITY": "Rome" }), false),
            (json!({ "Total": 30.5, "Tax": 2.0 }), false),
            (json!({ "A1": [1], "A2": [2] }), false),
        ] {
            let Value::Object(fields) = &map else {
                unreachable!("a map")
            };
            assert_eq!(has_data_keys(fields), expected, "{map}");
        }
    }

    #[test]
    fn keys_that_a_person_named_or_that_were_asked_for() {
        let mut said = Said::default();
        said.hear(
            "Mail the owner of the web shop, pay Acme and tell Bob the Total.",
            true,
        );
        let mut known = HashMap::new();
        for (value, name) in [
            (json!("AAPL"), "symbol"),
            (json!(["Miznon"]), "restaurants"),
        ] {
            let one = Known {
                expression: format!("inputs.{name}"),
                key: super::super::key::Key::default(),
            };
            known.insert(value.to_string(), vec![one]);
        }
        let asked = json!({ "symbols": ["AAPL"], "restaurants": ["Miznon"], "field": "status" });
        let given = Given {
            said: &said,
            known: &known,
            asked: Some(&asked),
        };
        for (map, expected) in [
            (
                json!({ "billing": "a@x.test", "webshop": "b@x.test" }),
                true,
            ),
            (json!({ "billing": "open", "webshop": "closed" }), false),
            (json!({ "Acme": 12.5, "Bolt": 30 }), true),
            (json!({ "Bob": { "age": 4 } }), true),
            (json!({ "Bob": [1], "Eve": [2] }), false),
            (json!({ "Total": 12.5 }), false),
            (json!({ "AAPL": { "price": 227.16 } }), true),
            (json!({ "Miznon": "30 EUR" }), true),
            (json!({ "status": "open" }), false),
            (json!({ "Miznon": "30 EUR", "count": 1 }), false),
        ] {
            let Value::Object(fields) = &map else {
                unreachable!("a map")
            };
            assert_eq!(given.gives(fields), expected, "{map}");
        }
        let only = expression(&json!("Miznon"), &known);
        assert_eq!(only.as_deref(), Some("(inputs.restaurants | only)"));
    }
}
