//! What providers ask before they send anything: whether the address wants their deliveries.

use super::{Headers, Refused, Verifier, signature::is_same};
use serde_json::Value;

/// The longest challenge that is sent back, in bytes.
const LONGEST: usize = 512;

/// The answer to Slack's `url_verification`: the challenge of a verified body, to be sent back as text.
pub fn slack_challenge(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    if value.get("type")?.as_str()? != "url_verification" {
        return None;
    }
    harmless(value.get("challenge")?.as_str()?)
}

impl Verifier {
    /// The name of the secret that a subscribing sender has to know.
    pub fn challenge_secret(&self) -> Option<&str> {
        self.verify_token.as_deref()
    }

    /// Whether deliveries are Slack's.
    pub fn is_slack(&self) -> bool {
        self.scheme == super::Scheme::Slack
    }
}

/// The answer to Meta's subscription: the challenge of a query that knows the token.
pub fn hub_challenge(query: &str, token: &[u8]) -> Result<String, Refused> {
    let mut mode = None;
    let mut given = None;
    let mut challenge = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let slot = match name.as_ref() {
            "hub.mode" => &mut mode,
            "hub.verify_token" => &mut given,
            "hub.challenge" => &mut challenge,
            _ => continue,
        };
        if slot.replace(value.into_owned()).is_some() {
            return Err(Refused);
        }
    }
    let known = is_same(token, given.unwrap_or_default().as_bytes());
    if !known || mode.as_deref() != Some("subscribe") {
        return Err(Refused);
    }
    harmless(&challenge.unwrap_or_default()).ok_or(Refused)
}

/// The headers that grant CloudEvents' abuse protection (HTTP 1.1 Web Hooks for Event Delivery §4): to
/// which origin, and at which rate a minute. `None` when nothing is asked or nothing is granted.
pub fn allow_origin(
    headers: &Headers,
    origins: &[String],
    per_minute: Option<u64>,
) -> Option<Vec<(&'static str, String)>> {
    let origin = headers.one("webhook-request-origin").ok()??;
    let lawful = !origin.is_empty()
        && origin.len() <= 253
        && origin
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:*".contains(&byte));
    let granted = origins.is_empty()
        || origins
            .iter()
            .any(|known| known == "*" || known.eq_ignore_ascii_case(origin));
    if !lawful || !granted {
        return None;
    }
    let mut answer = vec![("webhook-allowed-origin", origin.to_owned())];
    // A sender that names no rate asks for none to be promised.
    if headers.one("webhook-request-rate").ok()?.is_some() {
        let rate = per_minute.map_or_else(|| "*".to_owned(), |rate| rate.to_string());
        answer.push(("webhook-allowed-rate", rate));
    }
    Some(answer)
}

/// A challenge that is only that: sent back as text, it must not become a page.
fn harmless(challenge: &str) -> Option<String> {
    let lawful = !challenge.is_empty()
        && challenge.len() <= LONGEST
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>&\"'".contains(&byte));
    lawful.then(|| challenge.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_is_given_its_challenge_and_nothing_else() {
        // As published in Slack's documentation of url_verification.
        let published = br#"{"token": "Jhj5dZrVaK7ZwHHjRyZWjbDl", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", "type": "url_verification"}"#;
        assert_eq!(
            slack_challenge(published).as_deref(),
            Some("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P")
        );
        for other in [
            r#"{"type":"event_callback","challenge":"x"}"#,
            r#"{"type":"url_verification"}"#,
            r#"{"type":"url_verification","challenge":"<script>"}"#,
            r#"{"type":"url_verification","challenge":""}"#,
            "challenge",
        ] {
            assert_eq!(slack_challenge(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn meta_is_given_its_challenge_when_it_knows_the_token() {
        let asked = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock";
        assert_eq!(
            hub_challenge(asked, b"meatyhamhock").as_deref(),
            Ok("1158201444")
        );
        for (query, token) in [
            (asked, "meatyhamhocks"),
            (asked, ""),
            ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", ""),
            (
                "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=t",
                "t",
            ),
            ("hub.mode=subscribe&hub.verify_token=t", "t"),
            (
                "hub.mode=subscribe&hub.challenge=1&hub.challenge=2&hub.verify_token=t",
                "t",
            ),
            (
                "hub.mode=subscribe&hub.challenge=%3Cb%3E&hub.verify_token=t",
                "t",
            ),
            ("", "t"),
        ] {
            assert_eq!(
                hub_challenge(query, token.as_bytes()),
                Err(Refused),
                "{query}"
            );
        }
    }

    #[test]
    fn origins_are_granted_as_the_trigger_says() {
        let asked: Headers = [
            ("WebHook-Request-Origin", "eventemitter.example.com"),
            ("WebHook-Request-Rate", "120"),
        ]
        .into_iter()
        .collect();
        let origin = (
            "webhook-allowed-origin",
            "eventemitter.example.com".to_owned(),
        );
        let granted = |origins: &[&str], rate| {
            let origins: Vec<String> = origins.iter().map(|text| (*text).to_owned()).collect();
            allow_origin(&asked, &origins, rate)
        };
        let any = ("webhook-allowed-rate", "*".to_owned());
        assert_eq!(granted(&[], None), Some(vec![origin.clone(), any]));
        let rate = ("webhook-allowed-rate", "100".to_owned());
        assert_eq!(
            granted(&["EventEmitter.example.com"], Some(100)),
            Some(vec![origin, rate])
        );
        assert_eq!(granted(&["other.example.com"], None), None);
        assert_eq!(allow_origin(&Headers::default(), &[], None), None);
        for wrong in ["a b", "", "a\u{e4}", "<x>"] {
            let headers: Headers = [("webhook-request-origin", wrong)].into_iter().collect();
            assert_eq!(allow_origin(&headers, &[], None), None, "{wrong}");
        }
    }
}
