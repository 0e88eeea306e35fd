//! Webhooks: whether a delivery comes from who it should, and what a run sees of it.

pub mod handshake;
mod headers;
mod multipart;
mod parse;
mod request;
mod respond;
mod signature;
mod verify;

#[cfg(test)]
mod tests;

pub use headers::{Doubled, Headers};
pub use request::{BodyError, Request};
pub use respond::{Respond, RespondKind};
pub use verify::{Delivery, Refused};

use druse_engine::Span;
use signature::{Algorithm, Encoding};

/// The longest body that is taken when a webhook says nothing, and the longest that it may say.
pub const MAX_BODY: u64 = 1 << 20;
/// The longest body that a webhook may take.
pub const MOST_MAX_BODY: u64 = 8 << 20;

/// How long a delivery is known again by its id.
pub const REMEMBERED: Span = Span::from_secs(7 * 86_400);

/// How far a signed time may lie from the present one, in either direction.
pub const TOLERANCE: Span = Span::from_secs(300);

/// How the senders of one webhook prove themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    scheme: Scheme,
    /// The secret, then the one that `also` holds.
    secrets: Vec<String>,
    /// The secret that a subscribing sender has to know.
    verify_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Scheme {
    StandardWebhooks,
    Github,
    Gitlab,
    Stripe,
    Slack,
    Shopify,
    Hmac {
        header: String,
        algorithm: Algorithm,
        encoding: Encoding,
        prefix: String,
    },
    Bearer,
    Basic {
        username: Option<String>,
    },
    None,
}

/// The Standard Webhooks signature of a body that is sent; `None` for a secret that cannot sign.
pub fn webhook_signature(secret: &[u8], id: &str, seconds: &str, body: &[u8]) -> Option<String> {
    signature::sign_webhook(secret, id, seconds, body)
}

impl Verifier {
    /// The names of the secrets whose values `verify` wants, in this order.
    pub fn secret_names(&self) -> &[String] {
        &self.secrets
    }

    /// Whether anybody who knows the address is let in.
    pub fn is_open(&self) -> bool {
        self.scheme == Scheme::None
    }

    /// Whether a value can serve as this webhook's secret; a sentence when it cannot, without the value.
    pub fn check_secret(&self, value: &[u8]) -> Result<(), &'static str> {
        match &self.scheme {
            _ if value.is_empty() => Err("the secret is empty"),
            Scheme::StandardWebhooks if signature::webhook_key(value).is_none() => {
                Err("the secret is not whsec_ and base64")
            }
            Scheme::Basic { username: None } if !value.contains(&b':') => {
                Err("the secret is not user:password")
            }
            _ => Ok(()),
        }
    }
}
