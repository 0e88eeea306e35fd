//! What an answer is about: a place in a step's output has to show what the step was sent. A service that answers with
//! another record than the one that was asked for gives an output of the right shape, and all that follows would be
//! done to the wrong thing.

use super::output::ANSWER_CHANGED;
use crate::definition::FailureClass;
use crate::event::Failure;
use crate::expression::{json_in, yaml_in};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How many characters of what came are shown.
const SHOWN: usize = 200;
/// What is told in the place of what came and is not shown.
const HIDDEN: &str = "[sensitive]";
/// How a value begins in a configuration that is filled in only when it is sent.
const FILLED_IN_LATER: [&str; 2] = ["{{ sealed.", "{{ secrets."];

/// What a step's output has to show again of what the step was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswersTo(Vec<(Box<str>, Box<str>)>);

impl AnswersTo {
    /// Of JSON Pointers into the output, each with one into the configuration as it was sent.
    pub(crate) fn of(places: &BTreeMap<String, String>) -> Self {
        let places = places.iter();
        Self(
            places
                .map(|(came, sent)| (came.as_str().into(), sent.as_str().into()))
                .collect(),
        )
    }

    /// The failure of a step that was sent `sent` and gave `clear`, of which `kept` is what may be seen. Nothing where
    /// the answer shows the same, does not show it at all, or where nothing that can be compared was sent.
    pub(crate) fn failure(&self, sent: &Value, kept: &Value, clear: &Value) -> Option<Failure> {
        self.0.iter().find_map(|(place, asked)| {
            let asked_for = sent.pointer(asked)?;
            let came = found_at(clear, place)?;
            if shows(asked_for, &came)? {
                return None;
            }
            let may_be_seen = found_at(kept, place).as_deref() == Some(&*came);
            Some(failure(
                place,
                asked,
                asked_for,
                may_be_seen.then_some(&*came),
            ))
        })
    }
}

fn failure(place: &str, asked: &str, asked_for: &Value, came: Option<&Value>) -> Failure {
    let shown = |value: &Value| {
        let text = value.to_string();
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    };
    let told = came.map_or_else(|| HIDDEN.to_owned(), shown);
    let message = format!(
        "the answer is about another thing than was asked for: {} was sent, and `{place}` is {told}",
        shown(asked_for)
    );
    let mut failure = Failure::new(FailureClass::Permanent, ANSWER_CHANGED, message.clone());
    failure.details = Some(
        json!({
            "needs_review": true,
            "changes": [{
                "place": place, "message": message, "expected": { "const": asked_for }, "came": told,
                "sent_at": asked, "value": came,
            }],
            "help": "Look which thing the service gives for what it is sent. Where that is meant, take the place out of the step's `answers_to`.",
        })
        .into(),
    );
    failure
}

/// What stands at a place of an output. A text on the way is read as the JSON or YAML that it holds.
pub fn found_at<'v>(output: &'v Value, place: &str) -> Option<Cow<'v, Value>> {
    let mut found = Cow::Borrowed(output);
    let Some(keys) = place.strip_prefix('/') else {
        return place.is_empty().then_some(found);
    };
    for key in keys.split('/') {
        if let Value::String(text) = &*found {
            found = Cow::Owned(json_in(text).or_else(|| yaml_in(text))?);
        }
        let inner = format!("/{key}");
        found = match found {
            Cow::Borrowed(value) => Cow::Borrowed(value.pointer(&inner)?),
            Cow::Owned(mut value) => Cow::Owned(value.pointer_mut(&inner)?.take()),
        };
    }
    Some(found)
}

/// How many digits a number holds exactly.
const EXACT_DIGITS: usize = 15;

/// Whether what came is what was sent, or a part of it between `/`, `?`, `&`, `=`, commas and blanks. Small and capital
/// letters and blanks do not tell things apart, nor do signs but for those between digits and in addresses, nor does it
/// whether a number is one or a text. Nothing where there is nothing to compare.
pub fn shows(sent: &Value, came: &Value) -> Option<bool> {
    let (sent, came) = (text(sent)?, text(came)?);
    if FILLED_IN_LATER.iter().any(|mark| sent.contains(mark)) {
        return None;
    }
    let wanted = Letters::of(&came)?;
    let whole = Letters::of(&sent)?;
    let parts = || {
        sent.split(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '&' | '=' | ','))
            .filter_map(|part| Letters::of(&decoded(part)))
    };
    // `12.0` is `12`; what has more digits than a number holds exactly is compared by its digits.
    let equal = |one: &str, other: &str| {
        let is_plain = |text: &str| {
            text.len() <= EXACT_DIGITS && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        };
        is_plain(one)
            && is_plain(other)
            && match (one.parse::<f64>(), other.parse::<f64>()) {
                (Ok(one), Ok(other)) => one == other,
                _ => false,
            }
    };
    Some(
        whole.is_same(&wanted)
            || equal(sent.trim(), came.trim())
            || parts().any(|part| part.is_same(&wanted)),
    )
}

fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// What tells a text from others.
struct Letters {
    /// The letters and digits, in small letters; of a number without zeros in front of it.
    plain: String,
    /// The same with the signs that part digits (`INV-1-12`), and with all of an address.
    parted: String,
    is_parted: bool,
}

impl Letters {
    /// Nothing where there are none.
    fn of(text: &str) -> Option<Self> {
        let is_address = text.contains('@');
        let (mut plain, mut parted) = (String::new(), String::new());
        let mut is_parted = false;
        let mut chars = text.trim().chars().peekable();
        let mut before: Option<char> = None;
        while let Some(c) = chars.next() {
            if c.is_alphanumeric() {
                plain.extend(c.to_lowercase());
                parted.extend(c.to_lowercase());
            } else if !c.is_whitespace() {
                let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
                let parts = is_digit(before) && is_digit(chars.peek().copied());
                if is_address || parts {
                    parted.push(c);
                    is_parted = true;
                }
            }
            before = Some(c);
        }
        let is_number = plain.bytes().all(|byte| byte.is_ascii_digit());
        let kept = match plain.trim_start_matches('0') {
            "" => plain.as_str(),
            rest if is_number => rest,
            _ => plain.as_str(),
        };
        (!kept.is_empty()).then(|| Self {
            plain: kept.to_owned(),
            parted,
            is_parted,
        })
    }

    /// Whether both are the same. Where only one is parted, the other leaves the signs out.
    fn is_same(&self, other: &Self) -> bool {
        let both = self.is_parted && other.is_parted;
        self.plain == other.plain && (!both || self.parted == other.parted)
    }
}

/// A part of an address as it was before `%20` and the like were written.
fn decoded(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return part.into();
    }
    let bytes = part.as_bytes();
    let mut all = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = part.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(written) => {
                all.push(written);
                at += 3;
            }
            None => {
                all.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&all).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_in_another_notation_is_the_same() {
        for (sent, came, expected) in [
            (json!("W48121"), json!("W48121"), Some(true)),
            (json!("w48121"), json!(" W48121"), Some(true)),
            (json!("#W48121"), json!("W-48121"), Some(true)),
            (json!("W48121"), json!("W99999"), Some(false)),
            (json!("W48121"), json!("W481211"), Some(false)),
            (json!(48_121), json!("48121"), Some(true)),
            (json!("0048121"), json!(48_121), Some(true)),
            (json!(5.0), json!(5), Some(true)),
            (json!(5), json!(7), Some(false)),
            (json!("0"), json!(0), Some(true)),
            // A part of an address, and of nothing else.
            (
                json!("/orders/%23W48121?full=1"),
                json!("#W48121"),
                Some(true),
            ),
            (json!("/orders/W48121"), json!("W99999"), Some(false)),
            (json!("--order=W48121"), json!("W48121"), Some(true)),
            (json!("W48121-2"), json!("W48121"), Some(false)),
            // Nothing to compare.
            (json!("W48121"), json!(null), None),
            (json!("W48121"), json!({ "id": 1 }), None),
            (json!(["W48121"]), json!("W48121"), None),
            (json!(""), json!("W48121"), None),
            (json!("W48121"), json!("-"), None),
            (json!("{{ sealed.0.AAAA }}"), json!("W48121"), None),
            (json!("/x/{{ secrets.KEY }}"), json!("W48121"), None),
            (json!("100%"), json!("100"), Some(true)),
            // What differs in a digit, or in where digits are parted, is another thing.
            (
                json!(1_234_567_890_123_456_789_u64),
                json!(1_234_567_890_123_456_790_u64),
                Some(false),
            ),
            (json!("12e4"), json!(120_000), Some(false)),
            (json!("INV-1-12"), json!("INV-11-2"), Some(false)),
            (json!("2027-06-15"), json!("20270615"), Some(true)),
            (json!("ana.k@x.test"), json!("anak@x.test"), Some(false)),
            (json!("Ana.K@x.test"), json!("ana.k@x.test"), Some(true)),
        ] {
            assert_eq!(shows(&sent, &came), expected, "{sent} {came}");
        }
    }

    #[test]
    fn an_answer_about_another_thing_is_told_with_both() {
        let places = [
            ("/json/order_id", "/arguments/id"),
            ("/text/n", "/arguments/n"),
        ];
        let check = AnswersTo::of(
            &places
                .map(|(came, sent)| (came.to_owned(), sent.to_owned()))
                .into(),
        );
        let sent = json!({ "arguments": { "id": "W1", "n": 4 } });
        let of = |id: &str, text: &str| json!({ "json": { "order_id": id }, "text": text });
        let failure = |output: &Value| check.failure(&sent, output, output);
        for text in ["{\"n\": 4}", "n: 4", "no data", "[1]", "{\"n\": null}"] {
            assert_eq!(failure(&of("w1", text)), None, "{text}");
        }
        assert_eq!(failure(&json!("moved")), None);
        let told = failure(&of("W2", "")).unwrap();
        assert_eq!(
            (told.code.as_ref(), told.message.as_str()),
            (
                ANSWER_CHANGED,
                "the answer is about another thing than was asked for: \"W1\" was sent, and `/json/order_id` is \"W2\""
            )
        );
        let details = told.details.unwrap();
        let change = &details.value()["changes"][0];
        assert_eq!(
            (&change["expected"], &change["came"], &change["sent_at"]),
            (
                &json!({ "const": "W1" }),
                &json!("\"W2\""),
                &json!("/arguments/id")
            )
        );
        assert!(failure(&of("W1", "{\"n\": 5}")).is_some());
        assert!(failure(&of("W1", "n: 5")).is_some());
        // What may not be seen is judged and not told.
        let clear = json!({ "json": { "order_id": 8_314_275 } });
        let kept = json!({ "json": { "order_id": "<1>" } });
        let told = check.failure(&sent, &kept, &clear).unwrap();
        assert!(!format!("{told:?}").contains("8314275"), "{told:?}");
    }
}
