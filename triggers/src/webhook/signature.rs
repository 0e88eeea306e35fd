//! Keyed digests and comparisons that take the same time wherever the first difference is.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// The digest under an HMAC (RFC 2104).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Hex,
    Base64,
}

/// Base64 with the padding written or left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Encoding {
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => BASE64.decode(text).ok(),
            Self::Hex => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (pairs, rest) = text.as_bytes().as_chunks::<2>();
                if !rest.is_empty() {
                    return None;
                }
                pairs
                    .iter()
                    .map(|[high, low]| Some((digit(*high)? * 16 + digit(*low)?) as u8))
                    .collect()
            }
        }
    }
}

/// Whether `signature` is the HMAC of the parts, one after the other. An empty key signs nothing.
pub(super) fn is_signed(
    algorithm: Algorithm,
    key: &[u8],
    parts: &[&[u8]],
    signature: &[u8],
) -> bool {
    fn holds<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
        // HMAC takes keys of any length, so this does not fail.
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
            return false;
        };
        for part in parts {
            mac.update(part);
        }
        mac.verify_slice(signature).is_ok()
    }
    if key.is_empty() {
        return false;
    }
    match algorithm {
        Algorithm::Sha256 => holds::<Hmac<Sha256>>(key, parts, signature),
        Algorithm::Sha384 => holds::<Hmac<Sha384>>(key, parts, signature),
        Algorithm::Sha512 => holds::<Hmac<Sha512>>(key, parts, signature),
    }
}

/// Whether two texts are equal; not even the length of the secret one shows. An empty secret equals nothing.
pub(super) fn is_same(secret: &[u8], given: &[u8]) -> bool {
    let equal = Sha256::digest(secret)
        .as_slice()
        .ct_eq(Sha256::digest(given).as_slice());
    !secret.is_empty() && bool::from(equal)
}

/// The key inside a Standard Webhooks secret: base64, with `whsec_` before it or not.
pub(super) fn webhook_key(secret: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(secret).ok()?.trim();
    let key = BASE64
        .decode(text.strip_prefix("whsec_").unwrap_or(text))
        .ok()?;
    (!key.is_empty()).then_some(key)
}

/// The signature of a delivery that is sent: `v1,` and base64. `None` for a secret that cannot sign.
pub(super) fn sign_webhook(secret: &[u8], id: &str, seconds: &str, body: &[u8]) -> Option<String> {
    let key = webhook_key(secret)?;
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?;
    for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
        mac.update(part);
    }
    Some(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
}
