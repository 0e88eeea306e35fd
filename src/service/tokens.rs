//! API tokens: `druse_`, 30 random characters and 6 of a checksum; only their SHA-256 is kept.

use super::{App, Principal, Problem, Role, audit::Audited, page::Page};
use crate::runtime::clock;
use druse_engine::hidden::is_hidden;
use druse_engine::{Digest, Span, Timestamp, TokenId};
use druse_storage::{Batch, ReadError, Revocation, StoreExt, Token, TokenDigest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

const PREFIX: &str = "druse_";
const RANDOM: usize = 30;
const CHECKSUM: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The most tokens that are remembered; more are read again when they come.
const REMEMBERED: usize = 4_096;

/// Tokens that were seen, by their digest.
#[derive(Debug, Default)]
pub struct KnownTokens(RwLock<HashMap<Digest, Known>>);

#[derive(Debug, Clone)]
struct Known {
    principal: Arc<Principal>,
    expires_at: Option<Timestamp>,
}

/// A token as it is asked for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// viewer, operator, approver, editor or admin.
    pub role: String,
    /// What a person calls it; also the user name in audits and approver lists.
    pub name: String,
    /// When it ends: an RFC 3339 time, or a duration from now.
    #[serde(default)]
    pub expires: Option<String>,
    /// When it ends, as an RFC 3339 time.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A token without what makes it one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TokenView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: TokenId,
    /// What a person calls it.
    pub name: String,
    /// viewer, operator, approver, editor or admin.
    pub role: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// By whom it was made.
    pub created_by: String,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role,
            created_at: token.created_at,
            expires_at: token.expires_at,
            created_by: token.created_by,
        }
    }
}

/// A new token's text. Uniform: bytes that would favour some characters are drawn again.
pub fn generate() -> String {
    let mut text = String::with_capacity(PREFIX.len() + RANDOM + CHECKSUM);
    text.push_str(PREFIX);
    while text.len() < PREFIX.len() + RANDOM {
        for byte in clock::random::<32>() {
            if byte < 248 && text.len() < PREFIX.len() + RANDOM {
                text.push(char::from(BASE62[usize::from(byte % 62)]));
            }
        }
    }
    let checksum = checksum(&text);
    text.push_str(&checksum);
    text
}

/// Whether a text can be a token at all; tells a typing mistake without asking the store.
pub fn is_well_formed(text: &str) -> bool {
    let Some(split) = text.len().checked_sub(CHECKSUM) else {
        return false;
    };
    text.is_ascii()
        && text.starts_with(PREFIX)
        && text.len() == PREFIX.len() + RANDOM + CHECKSUM
        && checksum(&text[..split]) == text[split..]
}

/// CRC-32 (IEEE 802.3) in base 62, six characters.
fn checksum(text: &str) -> String {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    let mut rest = !crc;
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

impl App {
    /// Who holds this token; `None` for one that is wrong, revoked or over.
    ///
    /// The token is looked up by its SHA-256, so no comparison runs over the token itself and its timing
    /// tells nothing about any kept one.
    ///
    /// # Errors
    /// When the store does not give it.
    pub fn authenticate(&self, token: &str) -> Result<Option<Arc<Principal>>, ReadError> {
        if !is_well_formed(token) {
            return Ok(None);
        }
        let digest = Digest::of(token.as_bytes());
        let known = {
            let known = self.tokens.0.read().unwrap_or_else(PoisonError::into_inner);
            known.get(&digest).cloned()
        };
        let known = match known {
            Some(known) => known,
            None => match self.read_token(&digest)? {
                Some(known) => known,
                None => return Ok(None),
            },
        };
        let over = known.expires_at.is_some_and(|end| end <= clock::now());
        Ok((!over).then_some(known.principal))
    }

    /// Whether somebody who was let in still is: their token is neither revoked nor over. Asked by what goes on
    /// for long after it began. What cannot be read lets nobody go on.
    pub fn is_still_in(&self, who: &Principal) -> bool {
        if who.is_local() {
            return true;
        }
        let token = self.store.get::<Token>(&who.id).ok().flatten();
        token.is_some_and(|token| token.expires_at.is_none_or(|end| end > clock::now()))
    }

    fn read_token(&self, digest: &Digest) -> Result<Option<Known>, ReadError> {
        let Some(found) = self.store.get::<TokenDigest>(digest.as_str())? else {
            return Ok(None);
        };
        let Some(token) = self.store.get::<Token>(&found.token.to_string())? else {
            return Ok(None);
        };
        let role = Role::parse(&token.role)
            .ok_or_else(|| ReadError::Damaged("a token has no known role".into()))?;
        let known = Known {
            principal: Arc::new(Principal {
                id: token.id.to_string(),
                name: token.name,
                role,
            }),
            expires_at: token.expires_at,
        };
        let mut all = self
            .tokens
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        // A token that was revoked between the read and here must not stay known.
        if self.store.get::<TokenDigest>(digest.as_str())?.is_some() {
            all.insert(digest.clone(), known.clone());
        }
        Ok(Some(known))
    }

    fn forget_token(&self, digest: &Digest) {
        let mut all = self
            .tokens
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.remove(digest);
    }

    /// A new token's row and text, for a batch to store.
    ///
    /// # Errors
    /// 422 for an unknown role, a bad name or a bad end.
    pub fn make_token(&self, new: &NewToken, by: &str) -> Result<(Token, String), Problem> {
        let role = Role::parse(&new.role).ok_or_else(|| {
            Problem::unprocessable(
                "bad_role",
                format!("{:?} is not a role.", clip(&new.role)),
                "Roles are viewer, operator, approver, editor and admin.",
            )
        })?;
        let name = new.name.trim();
        if name.is_empty()
            || name.len() > 128
            || name.chars().any(|c| c.is_control() || is_hidden(c))
        {
            return Err(Problem::unprocessable(
                "bad_name",
                "A token's name has 1 to 128 characters, all of which can be seen.",
                "Name the person or the program that will use it.",
            ));
        }
        // Approvers are written `user:<name>` and `role:<role>`: the name is what stands behind.
        let kinds = ["user:", "role:"];
        if let Some(bare) = kinds.iter().find_map(|kind| name.strip_prefix(kind)) {
            return Err(Problem::unprocessable(
                "bad_name",
                format!(
                    "A token's name does not begin with `user:` or `role:`: {:?}.",
                    clip(name)
                ),
                match bare.trim() {
                    "" => "Name the person or the program that will use it.".to_owned(),
                    bare => format!("Write the name alone: {bare:?}."),
                },
            ));
        }
        if let Some(actor) = actor(name) {
            return Err(Problem::unprocessable(
                "bad_name",
                format!("`{}` stands for {}, not for a token.", clip(name), actor),
                "Take another name.",
            ));
        }
        let now = clock::now();
        let bad_end = |message: String| {
            Problem::unprocessable(
                "bad_expiry",
                message,
                "Give a time in the future, or a duration such as 30d.",
            )
        };
        let expires_at = match (&new.expires, new.expires_at) {
            (Some(text), _) => Some(match text.parse::<Span>() {
                Ok(span) if span > Timestamp::LAST.since(now) => {
                    return Err(bad_end(format!(
                        "The duration {span} is longer than time is written."
                    )));
                }
                Ok(span) => now.after(span),
                Err(_) => text.parse::<Timestamp>().map_err(bad_end)?,
            }),
            (None, at) => at,
        };
        if expires_at.is_some_and(|end| end > Timestamp::LAST) {
            return Err(bad_end("The end of the token is no date.".into()));
        }
        if expires_at.is_some_and(|end| end <= now) {
            return Err(bad_end("The token would be over at once.".into()));
        }
        let text = generate();
        let token = Token {
            id: clock::new_id(TokenId::from_parts),
            name: name.into(),
            role: role.name().into(),
            digest: Digest::of(text.as_bytes()),
            created_at: now,
            expires_at,
            created_by: by.into(),
        };
        Ok((token, text))
    }

    /// The batch that stores a token.
    pub fn token_batch(token: &Token) -> Batch {
        Batch::new().claim(token).claim(&TokenDigest {
            digest: token.digest.clone(),
            token: token.id,
        })
    }

    /// Tokens, youngest first.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn tokens(&self, page: &Page) -> Result<Value, Problem> {
        page.list(&*self.store, "", true, |token: Token| {
            Ok(Some(TokenView::from(token)))
        })
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// 404 for an unknown one.
    pub async fn revoke_token(&self, who: &Principal, id: &str) -> Result<(), Problem> {
        let token = self
            .store
            .get::<Token>(id)?
            .ok_or_else(|| Problem::not_found("token"))?;
        let batch = Batch::new()
            .remove::<Token>(id)
            .remove::<TokenDigest>(token.digest.to_string())
            .put(&Revocation {
                name: token.name.clone(),
                at: clock::now(),
            })
            .audited(who, "token.revoke", &id, json!({ "name": token.name }));
        self.commit(batch).await?;
        self.forget_token(&token.digest);
        Ok(())
    }
}

/// Who else stands under such a name in runs, approvals and audits; a token that took it could pass for them.
fn actor(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let (kind, _) = name.split_once(':').unwrap_or((&name, ""));
    // A word alone is only taken where it is written alone somewhere.
    let alone = !name.contains(':');
    Some(match kind.trim() {
        "user" | "role" if !alone => "how approvers are written",
        "uid" if !alone => "a user of this machine",
        "trigger" if !alone => "a trigger",
        "run" if !alone => "a run",
        "setup" if alone => "whoever sets the server up",
        "public" if alone => "whoever asks without a token",
        "nobody" if alone => "whoever is not signed in",
        "link" => "whoever holds a link",
        "system" | "druse" => "the server itself",
        _ => return None,
    })
}

/// The beginning of a text, for a message.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_carry_a_checksum_that_tells_typing_mistakes() {
        let token = generate();
        assert_eq!(token.len(), 42);
        assert!(is_well_formed(&token));
        let mut wrong = token.clone();
        let last = wrong.pop().unwrap();
        wrong.push(if last == 'a' { 'b' } else { 'a' });
        assert!(!is_well_formed(&wrong));
        assert!(!is_well_formed("druse_"));
        assert!(!is_well_formed("druse_äöü"));
        assert_ne!(generate(), token);
        // The check value of CRC-32: "123456789" gives cbf43926.
        let value = checksum("123456789").bytes().fold(0u64, |sum, c| {
            sum * 62 + BASE62.iter().position(|b| *b == c).unwrap() as u64
        });
        assert_eq!(value, 0xcbf4_3926);
    }
}
