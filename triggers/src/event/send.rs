//! Events on their way out: signed as Standard Webhooks, and tried again for as long as it makes sense.

use crate::webhook::webhook_signature;
use druse_engine::{Span, Timestamp};
use sha2::{Digest, Sha256};

/// The waits between one try and the next, as the Standard Webhooks specification has them.
const WAITS: [Span; 9] = [
    Span::from_secs(5),
    Span::from_secs(5 * 60),
    Span::from_secs(30 * 60),
    Span::from_secs(2 * 3_600),
    Span::from_secs(5 * 3_600),
    Span::from_secs(10 * 3_600),
    Span::from_secs(14 * 3_600),
    Span::from_secs(20 * 3_600),
    Span::from_secs(24 * 3_600),
];

/// The longest wait that the other side may ask for.
const LONGEST_ASKED: Span = Span::from_secs(24 * 3_600);

/// How long after a failed try the next one is due, if there is one. `attempts` counts the failed ones,
/// `asked` is what the other side asked for (`Retry-After`), `id` spreads the tries of many events.
pub fn wait_after(attempts: u32, asked: Option<Span>, id: &str) -> Option<Span> {
    let index = usize::try_from(attempts.max(1) - 1).ok()?;
    let wait = WAITS.get(index)?;
    // Up to a tenth more: what failed together does not come back together.
    let digest = Sha256::digest(format!("{id}/{attempts}"));
    let share = u64::from(digest[0]) * wait.as_millis() / 2_560;
    let own = Span::from_millis(wait.as_millis() + share);
    Some(asked.map_or(own, |asked| own.max(asked.min(LONGEST_ASKED))))
}

/// The headers that prove who sends a body: id, time in seconds, and a signature for each secret that can
/// sign. `None` when none can.
pub fn signed_headers(
    secrets: &[&[u8]],
    id: &str,
    now: Timestamp,
    body: &[u8],
) -> Option<[(&'static str, String); 3]> {
    let seconds = now.as_millis().div_euclid(1_000).to_string();
    let signatures: Vec<String> = secrets
        .iter()
        .filter_map(|secret| webhook_signature(secret, id, &seconds, body))
        .collect();
    (!signatures.is_empty()).then(|| {
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", seconds),
            ("webhook-signature", signatures.join(" ")),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{Headers, Verifier};
    use serde_json::json;

    #[test]
    fn the_published_vector_is_made_and_what_is_sent_is_let_in() {
        let secret = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".as_slice();
        let other = b"whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw".as_slice();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", b"{\"test\": 2432232314}");
        let now = Timestamp(1_614_265_330_999);
        let headers = signed_headers(&[secret], id, now, body).unwrap();
        assert_eq!(headers[1].1, "1614265330");
        assert_eq!(
            headers[2].1,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        let both = signed_headers(&[other, b"no key", secret], id, now, body).unwrap();
        assert_eq!(both[2].1.split(' ').count(), 2);
        let verify = json!({ "scheme": "standard_webhooks", "secret": "s" });
        let verifier = Verifier::parse(verify.as_object().unwrap()).unwrap();
        let given: Headers = both.into_iter().collect();
        for secret in [secret, other] {
            let let_in = verifier.verify(&given, body, &[secret], now).unwrap();
            assert_eq!(let_in.id.as_deref(), Some(id));
        }
        assert_eq!(signed_headers(&[], id, now, body), None);
        assert_eq!(signed_headers(&[b""], id, now, body), None);
    }

    #[test]
    fn tries_are_spread_and_come_to_an_end() {
        let waits: Vec<Span> = (1..=9)
            .map(|attempts| wait_after(attempts, None, "evt_1").unwrap())
            .collect();
        for (wait, least) in waits.iter().zip(WAITS) {
            assert!(*wait >= least && wait.as_millis() <= least.as_millis() * 11 / 10);
        }
        assert_eq!(wait_after(10, None, "evt_1"), None);
        let day = Span::from_secs(86_400);
        assert_eq!(
            wait_after(1, Some(Span::from_secs(60)), "e"),
            Some(Span::from_secs(60))
        );
        assert_eq!(
            wait_after(1, Some(Span::from_secs(999_999)), "e"),
            Some(day)
        );
        let spread: std::collections::BTreeSet<Span> = (0..50)
            .map(|event| wait_after(2, None, &format!("evt_{event}")).unwrap())
            .collect();
        assert!(spread.len() > 30);
    }
}
