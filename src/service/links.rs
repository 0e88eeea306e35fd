//! Links to approvals: an address by which one person decides about one approval, once. Whoever has it is
//! taken for that person, so it is made only for somebody whom the gate asks: by that person, or by an
//! administrator. Of the token only its SHA-256 is kept.

use super::{App, Principal, Problem, Role, RunError};
use crate::runtime::clock;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use druse_engine::{ApprovalId, Digest, Span, Timestamp};
use druse_storage::{ApprovalLink, Batch, ReadError, Revocation, Scan, Store, StoreExt, Token};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// How long a link can be used when nothing is said.
const LASTS: Span = Span::from_secs(7 * 24 * 3600);
/// How long a link can be used at most.
const LONGEST: Span = Span::from_secs(90 * 24 * 3600);
/// Where the pages of links stand.
pub const PATH: &str = "/approve";

/// A link that was just made. Its address is told once and not kept.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MadeLink {
    /// The address; whoever has it decides as that person.
    pub address: String,
    /// The approval.
    #[schemars(with = "String")]
    pub approval_id: ApprovalId,
    /// The person.
    #[serde(rename = "for")]
    pub person: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why nobody decides by a link for this person.
fn over(person: &str) -> RunError {
    RunError::NotAllowed(format!(
        "There is no access any more for {person}: no token of that name is valid, so no link for it is either."
    ))
}

/// A new link: its token, and what is kept of it.
pub fn mint(
    approval: ApprovalId,
    person: &str,
    role: Role,
    by: &str,
    lasts: Span,
) -> (String, ApprovalLink) {
    let token = URL_SAFE_NO_PAD.encode(clock::random::<32>());
    let now = clock::now();
    let link = ApprovalLink {
        digest: Digest::of(token.as_bytes()),
        approval,
        person: person.to_owned(),
        role: role.name().to_owned(),
        created_by: by.to_owned(),
        created_at: now,
        expires_at: now.after(lasts.min(LONGEST)),
        used_at: None,
    };
    (token, link)
}

/// The address of a token's page.
pub fn address(server: Option<&str>, token: &str) -> String {
    format!("{}{PATH}/{token}", server.unwrap_or_default())
}

/// Whoever decides by a link, as it was when it was made.
pub fn bearer(link: &ApprovalLink) -> Principal {
    Principal {
        id: format!("link:{}", link.digest),
        name: link.person.clone(),
        role: Role::parse(&link.role).unwrap_or(Role::Viewer),
    }
}

/// What a person may do by the tokens that they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// They never had one. Whom a gate names (`user:ana`) needs none.
    Never,
    /// They had some, and each was revoked or is over.
    Over,
    /// The highest role among those that are valid.
    As(Role),
}

/// What a person may do now.
///
/// # Errors
/// When the tokens cannot be read.
pub(crate) fn access_of(store: &(impl Store + ?Sized), person: &str) -> Result<Access, ReadError> {
    let now = clock::now();
    let tokens: Vec<Token> = store.scan(&Scan {
        limit: usize::MAX,
        ..Scan::default()
    })?;
    let theirs = tokens.iter().filter(|token| token.name == person);
    let (mut known, mut role) = (false, None);
    for token in theirs {
        known = true;
        if token.expires_at.is_none_or(|expires_at| expires_at > now) {
            role = role.max(Role::parse(&token.role));
        }
    }
    Ok(match role {
        Some(role) => Access::As(role),
        None if known || store.get::<Revocation>(person)?.is_some() => Access::Over,
        None => Access::Never,
    })
}

impl App {
    /// Whoever decides by a link, with what they may now: a role that they have lost since is none any more, and
    /// with the last of their tokens their links are over. Who opens the socket of the data folder has their
    /// role from no token.
    ///
    /// # Errors
    /// When their access is over, or the tokens cannot be read.
    pub fn link_bearer(&self, link: &ApprovalLink) -> Result<Principal, Problem> {
        let mut who = bearer(link);
        if who.name.starts_with("uid:") {
            return Ok(who);
        }
        match access_of(&*self.store, &who.name)? {
            Access::As(role) => who.role = who.role.min(role),
            // Only a token gives more than the lowest role.
            Access::Never if who.role == Role::Viewer => {}
            Access::Never | Access::Over => return Err(over(&who.name).into()),
        }
        Ok(who)
    }

    /// A link for a person whom the gate asks, and what makes it once it is committed.
    ///
    /// # Errors
    /// When the gate has ended, does not ask that person, or whoever makes it is another one and no
    /// administrator.
    pub fn make_link(
        &self,
        id: ApprovalId,
        who: &Principal,
        person: Option<&str>,
        lasts: Option<Span>,
    ) -> Result<(MadeLink, Batch), Problem> {
        let person = person.map_or(who.name.as_str(), |person| {
            person.strip_prefix("user:").unwrap_or(person)
        });
        let own = person == who.name;
        if !own && who.role < Role::Admin {
            return Err(RunError::NotAllowed(
                "A link for somebody else is made by an administrator: whoever has it decides as that person.".into(),
            )
            .into());
        }
        let role = match own {
            true => who.role,
            false => match access_of(&*self.store, person)? {
                Access::As(role) => role,
                Access::Never => Role::Viewer,
                Access::Over => return Err(over(person).into()),
            },
        };
        let lasts = lasts.unwrap_or(LASTS);
        if lasts > LONGEST || lasts.0.is_zero() {
            return Err(Problem::unprocessable(
                "bad_expiry",
                format!("A link cannot be used for {lasts}."),
                "Its time is more than nothing and at most 90d; left out, it is 7d.",
            ));
        }
        let (token, link) = mint(id, person, role, &who.name, lasts);
        self.engine.is_asked(id, &bearer(&link))?;
        let made = MadeLink {
            address: address(self.options.address.as_deref(), &token),
            approval_id: id,
            person: link.person.clone(),
            expires_at: link.expires_at,
        };
        let details = json!({ "for": link.person, "expires_at": link.expires_at });
        let batch = self.audit(who, "approval.link", &id, details)?;
        Ok((made, batch.claim(&link)))
    }

    /// The link of a token.
    ///
    /// # Errors
    /// When there is none, it is used up, or its time is over.
    pub fn link(&self, token: &str) -> Result<ApprovalLink, Problem> {
        // Looked up by its digest, so its timing tells nothing about any kept one.
        let digest = Digest::of(token.as_bytes());
        let link: Option<ApprovalLink> = self.store.get(&digest.to_string())?;
        let link = link.ok_or_else(|| Problem::not_found("link"))?;
        let gone = |code, message: &str| {
            Problem::new(StatusCode::GONE, code, message, "Ask for a new one.")
        };
        if link.used_at.is_some() {
            return Err(gone("link_used", "This link was used already."));
        }
        if link.expires_at <= clock::now() {
            return Err(gone("link_expired", "The time of this link is over."));
        }
        Ok(link)
    }
}
