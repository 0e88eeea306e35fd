//! Things of a kind that the person named, where the record at hand gives one of it by chance: who has something refunded
//! to *a gift card* may get it back on the credit card of the next order, where the way to pay is read from that.

use super::binder::{Binder, Sent};
use super::binding::Binding;
use super::key::{noun, words};
use super::put_together::mentions;
use serde_json::Value;

/// The fewest letters of a word for a kind.
const SHORTEST: usize = 3;

impl Binder<'_, '_> {
    /// Whether a value of a change is called by a kind that the person named, and nothing that it is found by says so.
    pub(super) fn is_of_named_kind(&self, sent: &Sent<'_>, binding: &Binding) -> bool {
        let Some(kind) = sent.value.as_str().and_then(kind) else {
            return false;
        };
        let Some(own) = self.kept.get(sent.call).filter(|kept| kept.changes()) else {
            return false;
        };
        // `order_4410` is an order whatever was said.
        let mut named = sent.key.full();
        named.extend(noun(&own.call.name));
        if words(&kind).iter().all(|word| named.contains(word)) {
            return false;
        }
        let mention = self.said.find(&Value::from(kind.as_str()), &[]);
        let is_compared = || {
            self.inputs.iter().any(|input| {
                let value = input.value.as_str().map(plain);
                value.is_some_and(|value| value.contains(&kind))
                    && mentions(&binding.expression, &format!("inputs.{}", input.name))
            })
        };
        mention.is_some_and(|mention| mention.person) && !is_compared()
    }
}

/// A text in small letters, with a blank in the place of other signs.
fn plain(text: &str) -> String {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(" ").to_lowercase()
}

/// The kind that an id begins with: `gift card` of `gift_card_8190333`.
fn kind(id: &str) -> Option<String> {
    if id.contains(char::is_whitespace) {
        return None;
    }
    let plain = plain(id);
    let parts: Vec<&str> = plain.split(' ').collect();
    let is_word =
        |part: &&&str| part.chars().count() >= SHORTEST && part.chars().all(char::is_alphabetic);
    let count = parts.iter().take_while(is_word).count();
    let is_numbered = parts
        .get(count)
        .is_some_and(|rest| rest.bytes().any(|b| b.is_ascii_digit()));
    (count > 0 && is_numbered).then(|| parts[..count].join(" "))
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn an_id_may_begin_with_its_kind() {
        for (id, expected) in [
            ("gift_card_8190333", Some("gift card")),
            ("paypal-77", Some("paypal")),
            ("STORE_CREDIT_8812", Some("store credit")),
            ("W48121", None),
            ("gift_card", None),
            ("T-9912", None),
            ("gift card 8190333", None),
        ] {
            assert_eq!(kind(id).as_deref(), expected, "{id}");
        }
    }
}
