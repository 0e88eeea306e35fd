//! Signing in to the console: one-time addresses, and the sessions of browsers.
//!
//! Both live in memory and end with the process. A session holds no right of its own: what its person may
//! is read from their token at each request, so that a revoked token ends it at once.

use super::{App, Principal, Problem, Role, audit::Audited};
use crate::runtime::clock;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use druse_engine::{Digest, Span, Timestamp};
use druse_storage::{Batch, StoreExt, Token};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a one-time address works.
pub const ADDRESS_VALID: Span = Span::from_secs(60);
/// How long a session lasts without a request.
pub const IDLE: Span = Span::from_secs(30 * 60);
/// How long a session lasts at most.
pub const LONGEST: Span = Span::from_secs(12 * 3600);

/// The most that are kept of each kind.
const MOST: usize = 1_000;

/// The most that one person has of each kind. Their own oldest makes room, never another's.
const MOST_EACH: usize = 20;

/// One-time addresses that were not used yet, and sessions, by the digest of what opens them.
#[derive(Debug, Default)]
pub struct SignIns(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    addresses: HashMap<Digest, Invited>,
    sessions: HashMap<Digest, BrowserSession>,
}

#[derive(Debug)]
struct Invited {
    who: Principal,
    until: Timestamp,
}

#[derive(Debug)]
struct BrowserSession {
    who: Principal,
    begun: Timestamp,
    used: Timestamp,
}

impl BrowserSession {
    fn over(&self, now: Timestamp) -> bool {
        self.used.after(IDLE) <= now || self.begun.after(LONGEST) <= now
    }
}

/// A one-time address.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SignInAddress {
    /// The whole address, where the server knows its own.
    pub address: Option<String>,
    /// The same without the server.
    pub path: String,
    /// When it stops working; it also does once it was used.
    pub expires_at: Timestamp,
}

fn secret() -> (String, Digest) {
    let text = URL_SAFE_NO_PAD.encode(clock::random::<32>());
    let digest = Digest::of(text.as_bytes());
    (text, digest)
}

/// What belongs to somebody.
trait Owned {
    fn owner(&self) -> &str;
    /// When it was of use last.
    fn age(&self) -> Timestamp;
}

impl Owned for Invited {
    fn owner(&self) -> &str {
        &self.who.id
    }
    fn age(&self) -> Timestamp {
        self.until
    }
}

impl Owned for BrowserSession {
    fn owner(&self) -> &str {
        &self.who.id
    }
    fn age(&self) -> Timestamp {
        self.used
    }
}

/// Makes room for one more of this person's. Where all are too many, whoever has the most gives one.
fn make_room<T: Owned>(all: &mut HashMap<Digest, T>, owner: &str) {
    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    for one in all.values() {
        *held.entry(one.owner()).or_default() += 1;
    }
    let own = held.get(owner).copied().unwrap_or_default();
    let giver = match own >= MOST_EACH {
        true => owner.to_owned(),
        false if all.len() < MOST => return,
        false => {
            let most = held.iter().max_by_key(|(_, count)| **count);
            most.map_or_else(String::new, |(owner, _)| (*owner).to_owned())
        }
    };
    let theirs = all.iter().filter(|(_, one)| one.owner() == giver);
    let oldest = theirs.min_by_key(|(digest, one)| (one.age(), *digest));
    if let Some(oldest) = oldest.map(|(digest, _)| digest.clone()) {
        all.remove(&oldest);
    }
}

impl SignIns {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// A one-time address that signs its caller in.
    pub fn invite(&self, who: &Principal) -> SignInAddress {
        let (text, digest) = secret();
        let now = clock::now();
        let until = now.after(ADDRESS_VALID);
        let mut kept = self.sign_ins.kept();
        kept.addresses.retain(|_, one| one.until > now);
        make_room(&mut kept.addresses, &who.id);
        let who = who.clone();
        kept.addresses.insert(digest, Invited { who, until });
        drop(kept);
        let path = format!("/signin?code={text}");
        let address = self.options.address.as_ref();
        SignInAddress {
            address: address.map(|server| format!("{server}{path}")),
            path,
            expires_at: until,
        }
    }

    /// Whom a one-time address was made for. It works no more then.
    pub fn redeem(&self, code: &str) -> Option<Principal> {
        let digest = Digest::of(code.as_bytes());
        let invited = self.sign_ins.kept().addresses.remove(&digest)?;
        (invited.until > clock::now()).then_some(invited.who)
    }

    /// Begins a session for somebody who has shown who they are; gives what the browser keeps of it.
    ///
    /// # Errors
    /// When the line in the audit log cannot be written.
    pub async fn begin_session(&self, who: &Principal) -> Result<String, Problem> {
        let audit = Batch::new().audited(who, "console.sign_in", &who.id, json!({}));
        self.commit(audit).await?;
        let (text, digest) = secret();
        let now = clock::now();
        let mut kept = self.sign_ins.kept();
        kept.sessions.retain(|_, one| !one.over(now));
        make_room(&mut kept.sessions, &who.id);
        let session = BrowserSession {
            who: who.clone(),
            begun: now,
            used: now,
        };
        kept.sessions.insert(digest, session);
        Ok(text)
    }

    /// Who is behind a session, with the role that they have now; `None` when it is over. A page that looks
    /// for news by itself does not keep it going: `by_hand` says whether a person did something.
    ///
    /// # Errors
    /// When the store does not give their token.
    pub fn session_of(&self, text: &str, by_hand: bool) -> Result<Option<Principal>, Problem> {
        let digest = Digest::of(text.as_bytes());
        let now = clock::now();
        let who = {
            let mut kept = self.sign_ins.kept();
            let Some(session) = kept.sessions.get_mut(&digest) else {
                return Ok(None);
            };
            if session.over(now) {
                kept.sessions.remove(&digest);
                return Ok(None);
            }
            if by_hand {
                session.used = now;
            }
            session.who.clone()
        };
        if who.is_local() {
            return Ok(Some(who));
        }
        let token = self.store.get::<Token>(&who.id)?;
        let role = token
            .filter(|token| token.expires_at.is_none_or(|end| end > now))
            .and_then(|token| Role::parse(&token.role));
        if role.is_none() {
            self.sign_ins.kept().sessions.remove(&digest);
        }
        Ok(role.map(|role| Principal { role, ..who }))
    }

    /// Ends a session.
    pub fn end_session(&self, text: &str) {
        let digest = Digest::of(text.as_bytes());
        self.sign_ins.kept().sessions.remove(&digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_not_used_and_after_half_a_day_in_any_case() {
        let at = |minutes: i64| Timestamp(minutes * 60_000);
        let session = |begun, used| BrowserSession {
            who: Principal::local(0),
            begun: at(begun),
            used: at(used),
        };
        assert!(!session(0, 0).over(at(29)));
        assert!(session(0, 0).over(at(30)));
        assert!(!session(0, 719).over(at(719)));
        assert!(session(0, 719).over(at(720)));
    }

    fn session(of: &str, used: i64) -> BrowserSession {
        BrowserSession {
            who: Principal {
                id: of.into(),
                name: of.into(),
                role: Role::Viewer,
            },
            begun: Timestamp(used),
            used: Timestamp(used),
        }
    }

    fn add(all: &mut HashMap<Digest, BrowserSession>, of: &str, used: i64) {
        make_room(all, of);
        all.insert(
            Digest::of(format!("{of} {used}").as_bytes()),
            session(of, used),
        );
    }

    #[test]
    fn nobody_ends_the_session_of_another() {
        let mut all = HashMap::new();
        add(&mut all, "admin", 0);
        for used in 1..=1_001 {
            add(&mut all, "viewer", used);
        }
        let used = |all: &HashMap<Digest, BrowserSession>, of: &str| {
            let theirs = all.values().filter(|one| one.who.id == of);
            let mut used: Vec<i64> = theirs.map(|one| one.used.0).collect();
            used.sort_unstable();
            used
        };
        assert_eq!(used(&all, "admin"), [0]);
        // Their own youngest stay.
        assert_eq!(used(&all, "viewer"), (982..=1_001).collect::<Vec<_>>());

        // Where all together are too many, whoever has the most gives.
        let mut all = HashMap::new();
        add(&mut all, "admin", 0);
        for person in 0..60 {
            for used in 1..=20 {
                add(&mut all, &format!("p{person}"), used);
            }
        }
        assert_eq!(all.len(), MOST);
        assert_eq!(used(&all, "admin"), [0]);
        assert!(used(&all, "p59").len() > MOST_EACH / 2);
    }
}
