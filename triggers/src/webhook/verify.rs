//! The check of one delivery, on the bytes as they came.

use super::{
    Headers, Scheme, TOLERANCE, Verifier,
    headers::Doubled,
    signature::{Algorithm, Encoding, is_same, is_signed, webhook_key},
};
use druse_engine::Timestamp;
use serde_json::Value;

/// A delivery that was let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// The sender's name for it, which a repetition keeps; `None` when the sender gives none.
    pub id: Option<String>,
    /// The signed time of sending, when the scheme has one.
    pub timestamp: Option<Timestamp>,
}

/// A delivery that was not let in. It does not tell why: that would help to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delivery could not be verified")]
pub struct Refused;

impl From<Doubled> for Refused {
    fn from(_: Doubled) -> Self {
        Self
    }
}

/// More signatures than this in one header are not looked at.
const MOST_SIGNATURES: usize = 16;

/// The longest id of a delivery, in bytes. It becomes part of a key.
const LONGEST_ID: usize = 255;

impl Verifier {
    /// Lets a delivery in or not. `secrets` holds the values of [`Verifier::secret_names`] (a missing one
    /// may be left out), `body` the raw bytes, `now` the present time.
    pub fn verify(
        &self,
        headers: &Headers,
        body: &[u8],
        secrets: &[&[u8]],
        now: Timestamp,
    ) -> Result<Delivery, Refused> {
        let signed = |key: &[u8], parts: &[&[u8]], signature: &[u8]| {
            is_signed(Algorithm::Sha256, key, parts, signature)
        };
        match &self.scheme {
            Scheme::StandardWebhooks => {
                let id = required(headers, "webhook-id")?;
                // The signed text is `id.time.body`: a dot in the id would let its end pass for the time.
                if id.contains('.') {
                    return Err(Refused);
                }
                let (sent, timestamp) = in_time(required(headers, "webhook-timestamp")?, now)?;
                let parts = [id.as_bytes(), b".", sent.as_bytes(), b".", body];
                let signatures: Vec<_> = required(headers, "webhook-signature")?
                    .split_ascii_whitespace()
                    .take(MOST_SIGNATURES)
                    .filter_map(|one| Encoding::Base64.decode(one.strip_prefix("v1,")?))
                    .collect();
                let keys: Vec<_> = secrets
                    .iter()
                    .filter_map(|secret| webhook_key(secret))
                    .collect();
                let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
                allow(any(&keys, &signatures, |key, signature| {
                    signed(key, &parts, signature)
                }))?;
                Ok(Delivery {
                    id: Some(checked_id(id)?),
                    timestamp: Some(timestamp),
                })
            }
            Scheme::Stripe => {
                let header = required(headers, "stripe-signature")?;
                let values = |wanted: &'static str| {
                    header.split(',').filter_map(move |pair| {
                        let (name, value) = pair.trim().split_once('=')?;
                        (name == wanted).then_some(value)
                    })
                };
                let mut times = values("t");
                let (Some(sent), None) = (times.next(), times.next()) else {
                    return Err(Refused);
                };
                let (sent, timestamp) = in_time(sent, now)?;
                let signatures: Vec<_> = values("v1")
                    .take(MOST_SIGNATURES)
                    .filter_map(|one| Encoding::Hex.decode(one))
                    .collect();
                let parts = [sent.as_bytes(), b".", body];
                allow(any(secrets, &signatures, |key, signature| {
                    signed(key, &parts, signature)
                }))?;
                Ok(Delivery {
                    id: id_in_body(body, "id"),
                    timestamp: Some(timestamp),
                })
            }
            Scheme::Slack => {
                let (sent, timestamp) =
                    in_time(required(headers, "x-slack-request-timestamp")?, now)?;
                let signature = decoded(
                    required(headers, "x-slack-signature")?,
                    "v0=",
                    Encoding::Hex,
                )?;
                let parts = [b"v0:", sent.as_bytes(), b":", body];
                allow(any(secrets, &[signature], |key, signature| {
                    signed(key, &parts, signature)
                }))?;
                Ok(Delivery {
                    id: id_in_body(body, "event_id"),
                    timestamp: Some(timestamp),
                })
            }
            Scheme::Github => {
                let signature = decoded(
                    required(headers, "x-hub-signature-256")?,
                    "sha256=",
                    Encoding::Hex,
                )?;
                allow(any(secrets, &[signature], |key, signature| {
                    signed(key, &[body], signature)
                }))?;
                named(headers, &["x-github-delivery"])
            }
            Scheme::Shopify => {
                let signature = decoded(
                    required(headers, "x-shopify-hmac-sha256")?,
                    "",
                    Encoding::Base64,
                )?;
                allow(any(secrets, &[signature], |key, signature| {
                    signed(key, &[body], signature)
                }))?;
                named(headers, &["x-shopify-webhook-id"])
            }
            Scheme::Hmac {
                header,
                algorithm,
                encoding,
                prefix,
            } => {
                let signature = decoded(required(headers, header)?, prefix, *encoding)?;
                allow(any(secrets, &[signature], |key, signature| {
                    is_signed(*algorithm, key, &[body], signature)
                }))?;
                named(headers, COMMON_IDS)
            }
            Scheme::Gitlab => {
                let token = required(headers, "x-gitlab-token")?;
                allow(any(secrets, &[token.into()], is_same))?;
                named(headers, COMMON_IDS)
            }
            Scheme::Bearer => {
                let token = credentials(headers, "bearer")?;
                allow(any(secrets, &[token.into()], is_same))?;
                named(headers, COMMON_IDS)
            }
            Scheme::Basic { username } => {
                let mut given = Encoding::Base64
                    .decode(credentials(headers, "basic")?)
                    .ok_or(Refused)?;
                if let Some(username) = username {
                    let colon = given.iter().position(|byte| *byte == b':').ok_or(Refused)?;
                    let password = given.split_off(colon + 1);
                    let same_name = is_same(username.as_bytes(), &given[..colon]);
                    allow(any(secrets, &[password], is_same) & same_name)?;
                } else {
                    allow(any(secrets, &[given], is_same))?;
                }
                named(headers, COMMON_IDS)
            }
            Scheme::None => named(headers, COMMON_IDS),
        }
    }
}

/// The headers by which a sender without a scheme of its own names a delivery.
const COMMON_IDS: &[&str] = &["idempotency-key", "webhook-id"];

fn required<'a>(headers: &'a Headers, name: &str) -> Result<&'a str, Refused> {
    headers.one(name)?.ok_or(Refused)
}

fn allow(holds: bool) -> Result<(), Refused> {
    if holds { Ok(()) } else { Err(Refused) }
}

/// Whether one of the keys fits one of the proofs; all are tried, so that time does not tell which.
fn any(keys: &[&[u8]], proofs: &[Vec<u8>], fits: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    let mut found = false;
    for key in keys {
        for proof in proofs {
            found |= fits(key, proof);
        }
    }
    found
}

/// A time in whole seconds, digits only, near enough to the present: its text as signed, and the moment.
fn in_time(text: &str, now: Timestamp) -> Result<(&str, Timestamp), Refused> {
    if text.is_empty() || text.len() > 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused);
    }
    let seconds: i64 = text.parse().map_err(|_| Refused)?;
    let sent = Timestamp(seconds * 1000);
    allow(now.since(sent) <= TOLERANCE && sent.since(now) <= TOLERANCE)?;
    Ok((text, sent))
}

fn decoded(value: &str, prefix: &str, encoding: Encoding) -> Result<Vec<u8>, Refused> {
    value
        .strip_prefix(prefix)
        .and_then(|text| encoding.decode(text))
        .ok_or(Refused)
}

/// What follows the scheme in `Authorization` (RFC 9110 §11.4; the scheme in any case).
fn credentials<'a>(headers: &'a Headers, scheme: &str) -> Result<&'a str, Refused> {
    let (given, rest) = required(headers, "authorization")?
        .split_once(' ')
        .ok_or(Refused)?;
    allow(given.eq_ignore_ascii_case(scheme))?;
    Ok(rest.trim_start_matches(' '))
}

fn named(headers: &Headers, names: &[&str]) -> Result<Delivery, Refused> {
    for name in names {
        if let Some(id) = headers.one(name)? {
            return Ok(Delivery {
                id: Some(checked_id(id)?),
                timestamp: None,
            });
        }
    }
    Ok(Delivery::default())
}

/// An id that can be part of a key.
fn checked_id(id: &str) -> Result<String, Refused> {
    allow(
        !id.is_empty()
            && id.len() <= LONGEST_ID
            && id
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' '),
    )?;
    Ok(id.to_owned())
}

/// The id that a provider puts into the signed body.
fn id_in_body(body: &[u8], key: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    checked_id(value.get(key)?.as_str()?).ok()
}
