//! The address of a webhook: `/hooks/` and a token of 256 random bits, which the caller draws.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use druse_engine::Digest;

/// The token's text form: 43 characters that need no escaping in a URL.
pub fn token(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// The path that a sender calls.
pub fn path(token: &str) -> String {
    format!("/hooks/{token}")
}

/// What an address is looked up by. Finding it by digest makes the time of a lookup tell nothing
/// about the token. `None` for a text that cannot be a token.
pub fn digest(token: &str) -> Option<Digest> {
    let bytes = token.as_bytes();
    let plausible = bytes.len() == 43
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
    plausible.then(|| Digest::of(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_digest_and_nothing_else_is_looked_up() {
        let token = token([0xfb; 32]);
        assert_eq!(token.len(), 43);
        assert_eq!(digest(&token), Some(Digest::of(token.as_bytes())));
        assert_eq!(path(&token), format!("/hooks/{token}"));
        for wrong in ["", "abc", &format!("{token}="), &"/".repeat(43)] {
            assert_eq!(digest(wrong), None);
        }
    }
}
